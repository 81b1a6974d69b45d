/* SPDX-License-Identifier: MIT */
/*
 * test_history_orphan.c - SYNs that were impaired before there was a connection
 */

#include <check.h>
#include <stdlib.h>

#include "daemon/history_orphan.h"
#include "expect.h"

#define SYN 0x02u
#define ACK 0x10u

static struct history *h;
static struct history_view v;

static void setup(void)
{
	h = history_new(4);
	ck_assert_ptr_nonnull(h);
}

static void teardown(void)
{
	history_free(h);
}

static struct ustack_event event(uint64_t t_us, uint64_t id,
				 enum ustack_event_kind kind)
{
	return (struct ustack_event){
		.time_us = t_us,
		.kind = (uint8_t)kind,
		.id = id,
		.local = ustack_addr4((const uint8_t[4]){ 10, 7, 0, 2 }),
		.remote = ustack_addr4((const uint8_t[4]){ 10, 7, 0, 1 }),
		.lport = 7,
		.rport = 40000,
		.flags = SYN,
		.seq = 2000,
	};
}

/* A SYN on its way in is lost. */
static struct ustack_event lost(uint64_t t_us)
{
	struct ustack_event ev = event(t_us, 0, USTACK_EV_IMPAIRED);

	ev.in = true;
	ev.rule = 2;
	ev.faults = 1u << USTACK_FAULT_LOST;
	return ev;
}

/* It comes again, and is connection @id. */
static const struct history_view *arrive(uint64_t t_us, uint64_t id)
{
	struct ustack_event ev = event(t_us, id, USTACK_EV_RECEIVED);

	history_put(h, &ev);
	ck_assert_int_eq(history_copy(h, id, &v), 0);
	return &v;
}

START_TEST(lost_syns_come_first)
{
	struct ustack_event ev = lost(1000);
	const struct history_view *got;

	ck_assert(!history_put(h, &ev));
	ev = lost(2000);
	history_put(h, &ev);
	got = arrive(4000, 5);
	ck_assert_uint_eq(got->info.events, 3);
	ck_assert_uint_eq(got->info.first_us, 1000);
	history_event(got, 0, &ev);
	EXPECT_EQ(ev.kind, USTACK_EV_IMPAIRED);
	EXPECT_EQ(ev.time_us, 1000);
	EXPECT_EQ(ev.id, 5);
	EXPECT_EQ(ev.rule, 2);
	history_event(got, 2, &ev);
	EXPECT_EQ(ev.kind, USTACK_EV_RECEIVED);
	EXPECT_EQ(got->rec[2].n, 3);
}
END_TEST

/* They are told once. */
START_TEST(adopted_ones_are_gone)
{
	struct ustack_event ev = lost(1000);

	history_put(h, &ev);
	(void)arrive(2000, 5);
	ck_assert_uint_eq(arrive(3000, 6)->info.events, 1);
}
END_TEST

/* One field each that makes it another connection's, or nobody's. */
START_TEST(others_are_left_alone)
{
	struct ustack_event ev = lost(1000);

	ev.rport++;
	history_put(h, &ev);
	ev = lost(1000);
	ev.lport++;
	history_put(h, &ev);
	ev = lost(1000);
	ev.seq++;
	history_put(h, &ev);
	ev = lost(1000);
	ev.remote.b[15]++;
	history_put(h, &ev);
	ev = lost(1000);
	ev.flags = ACK;
	history_put(h, &ev);
	ev = lost(1000);
	ev.in = false;
	history_put(h, &ev);
	ck_assert_uint_eq(arrive(2000, 5)->info.events, 1);
}
END_TEST

START_TEST(old_ones_are_left_alone)
{
	struct ustack_event ev = lost(1000);

	history_put(h, &ev);
	ck_assert_uint_eq(arrive(1001 + HISTORY_ORPHAN_AGE_US, 5)->info.events,
			  1);
}
END_TEST

/* However many: the last ones are kept. */
START_TEST(they_are_bounded)
{
	for (uint32_t i = 0; i < 10 * HISTORY_ORPHANS; i++) {
		struct ustack_event ev = lost(1000 + i);

		history_put(h, &ev);
	}
	ck_assert_uint_eq(arrive(5000, 5)->info.events, HISTORY_ORPHANS + 1);
	ck_assert_uint_eq(v.info.first_us, 1000 + 9 * HISTORY_ORPHANS);
}
END_TEST

Suite *suite_daemon_history_orphan(void)
{
	Suite *s = suite_create("daemon/history_orphan");
	TCase *tc = tcase_create("orphans");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, lost_syns_come_first);
	tcase_add_test(tc, adopted_ones_are_gone);
	tcase_add_test(tc, others_are_left_alone);
	tcase_add_test(tc, old_ones_are_left_alone);
	tcase_add_test(tc, they_are_bounded);
	suite_add_tcase(s, tc);
	return s;
}

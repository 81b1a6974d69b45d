/* SPDX-License-Identifier: MIT */
/*
 * test_tap.c - what of the events goes to the log, and what to subscribers
 *
 * Method: put events into a tap as a worker would, hand them out, and count what
 * the sink got.  The log shows errors only: it writes nothing.
 */

#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/tap.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define LOGGED	   (1u << USTACK_EV_CLOSED)
#define SUBSCRIBED (1u << USTACK_EV_SENT)

static struct tap *tap;
static struct ustack *stack;

/* What the sink got. */
static struct {
	uint32_t kind[USTACK_EVENTS];
	uint64_t lost;
	uint32_t flushes;
} got;

static void on_event(void *arg, const struct ustack_event *ev)
{
	(void)arg;
	got.kind[ev->kind]++;
}

static void on_lost(void *arg, uint64_t n)
{
	(void)arg;
	got.lost += n;
}

static void on_flush(void *arg)
{
	(void)arg;
	got.flushes++;
}

static int no_output(void *ctx, struct ustack_pkt *p)
{
	(void)ctx;
	(void)p;
	return 0;
}

static void no_random(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	memset(buf, 7, len);
}

static void *chunk_alloc(void *ctx, size_t len)
{
	(void)ctx;
	return aligned_alloc(64, (len + 63) & ~(size_t)63);
}

static void chunk_free(void *ctx, void *p, size_t len)
{
	(void)ctx;
	(void)len;
	free(p);
}

static void setup(void)
{
	const struct ustack_host host = { .output = no_output,
					  .random = no_random,
					  .alloc = chunk_alloc,
					  .free = chunk_free };
	const uint8_t addr[4] = { 10, 7, 0, 2 };
	struct ustack_config cfg;

	ustack_config_init(&cfg);
	cfg.addr[0] = (struct ustack_prefix){ ustack_addr4(addr), 128 };
	cfg.naddrs = 1;
	stack = ustack_new(&cfg, &host, 1);
	tap = aligned_alloc(_Alignof(struct tap), sizeof(*tap));
	ck_assert(stack && tap);
	memset(tap, 0, sizeof(*tap));
	memset(&got, 0, sizeof(got));
	log_set_level(LOG_LVL_ERROR);
	ck_assert(tap_init(tap, stack, LOGGED));
	tap->sink = (struct tap_sink){ .event = on_event,
				       .lost = on_lost,
				       .flush = on_flush };
}

static void teardown(void)
{
	tap_fini(tap);
	free(tap);
	ustack_free(stack);
}

static void put(uint64_t id, enum ustack_event_kind kind, uint32_t n)
{
	struct ustack_event ev = { .kind = (uint8_t)kind,
				   .id = id,
				   .lport = 7,
				   .rport = 40000 };

	for (uint32_t i = 0; i < n; i++)
		tap_put(tap, &ev);
}

static void subscribe(uint32_t mask)
{
	tap_subscribe(tap, mask);
	tap_sync(tap, stack);
}

/* What nobody wants stays on the worker's thread, and wakes nobody. */
START_TEST(what_nobody_wants_is_only_remembered)
{
	struct history_info info;

	put(1, USTACK_EV_OPENED, 1);
	put(1, USTACK_EV_SENT, 10);
	ck_assert(!tap_settle(tap, stack));
	ck_assert_uint_eq(tap_waiting(tap), 0);
	ck_assert_uint_eq(history_list(tap->history, &info, 1), 1);
	ck_assert_uint_eq(info.events, 11);
}
END_TEST

/* Kinds of the log and kinds of subscribers come, each until it is not wanted. */
START_TEST(what_is_wanted_comes)
{
	subscribe(SUBSCRIBED);
	put(1, USTACK_EV_SENT, 3);
	put(1, USTACK_EV_CLOSED, 1);
	put(1, USTACK_EV_METRICS, 1);
	ck_assert(tap_settle(tap, stack));
	ck_assert(!tap_settle(tap, stack));
	tap_deliver(tap, tap_waiting(tap));
	ck_assert_uint_eq(got.kind[USTACK_EV_SENT], 3);
	ck_assert_uint_eq(got.kind[USTACK_EV_CLOSED], 1);
	ck_assert_uint_eq(got.kind[USTACK_EV_METRICS], 0);
	ck_assert_uint_eq(got.flushes, 1);
	subscribe(0);
	put(1, USTACK_EV_SENT, 3);
	ck_assert_uint_eq(tap_waiting(tap), 0);
}
END_TEST

/* A connection that is followed comes without a mask, others do not. */
START_TEST(followed_connection_needs_no_mask)
{
	const struct history_follow f = { .id = 1, .mask = SUBSCRIBED };

	put(1, USTACK_EV_OPENED, 1);
	put(2, USTACK_EV_OPENED, 1);
	history_follow(tap->history, &f, 1);
	put(1, USTACK_EV_SENT, 2);
	put(2, USTACK_EV_SENT, 5);
	tap_deliver(tap, tap_waiting(tap));
	ck_assert_uint_eq(got.kind[USTACK_EV_SENT], 2);
}
END_TEST

/* A flood for subscribers leaves the log's part of the ring alone. */
START_TEST(flood_for_subscribers_costs_the_log_nothing)
{
	subscribe(SUBSCRIBED);
	put(1, USTACK_EV_SENT, 2 * EVRING_SIZE);
	ck_assert_uint_eq(tap_waiting(tap), EVRING_SIZE - TAP_LOG_ROOM);
	put(1, USTACK_EV_CLOSED, TAP_LOG_ROOM);
	ck_assert_uint_eq(tap_lost(tap), 0);
	tap_deliver(tap, tap_waiting(tap));
	ck_assert_uint_eq(got.kind[USTACK_EV_CLOSED], TAP_LOG_ROOM);
	ck_assert_uint_eq(got.kind[USTACK_EV_SENT], EVRING_SIZE - TAP_LOG_ROOM);
	ck_assert_uint_eq(got.kind[USTACK_EV_SENT] + got.lost, 2 * EVRING_SIZE);
	put(1, USTACK_EV_SENT, 1); /* and is told once */
	tap_deliver(tap, tap_waiting(tap));
	ck_assert_uint_eq(got.kind[USTACK_EV_SENT] + got.lost,
			  2 * EVRING_SIZE + 1);
}
END_TEST

/* What the log itself cannot take is lost for all, and counted as the log's. */
START_TEST(full_ring_is_told)
{
	put(1, USTACK_EV_CLOSED, EVRING_SIZE + 9);
	ck_assert_uint_eq(tap_lost(tap), 9);
	tap_deliver(tap, EVRING_SIZE);
	ck_assert_uint_eq(got.kind[USTACK_EV_CLOSED], EVRING_SIZE);
	ck_assert_uint_eq(got.lost, 9);
}
END_TEST

Suite *suite_daemon_tap(void)
{
	Suite *s = suite_create("daemon/tap");
	TCase *tc = tcase_create("tap");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_nobody_wants_is_only_remembered);
	tcase_add_test(tc, what_is_wanted_comes);
	tcase_add_test(tc, followed_connection_needs_no_mask);
	tcase_add_test(tc, flood_for_subscribers_costs_the_log_nothing);
	tcase_add_test(tc, full_ring_is_told);
	suite_add_tcase(s, tc);
	return s;
}

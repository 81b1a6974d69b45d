/* SPDX-License-Identifier: MIT */
/*
 * test_ledger.c - what counts as a retransmission, and as a needless one
 *
 * The random case holds the ranges against a plain map of bytes.
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "ledger.h"
#include "stack/base/bytes.h"
#include "stack/wire/ip4.h"
#include "stack/wire/tcp_hdr.h"
#include "suites.h"

#define ISS   0xffffff00u /* so that the stream crosses the wrap */
#define BYTES 4096u

static struct ledger led;

static void note(uint8_t flags, uint32_t offset, uint32_t len,
		 enum path_fate fate)
{
	struct vpkt *p = vpkt_new(IP4_HDR_MIN + TCP_HDR_MIN + len);
	struct ip4_hdr ip = { .total_len = p->len, .proto = 6 };
	struct tcp_hdr h = { .hdr_len = TCP_HDR_MIN, .flags = flags };

	h.seq = ISS + offset;
	p->l4_off = IP4_HDR_MIN;
	ip4_build(p->data, &ip);
	tcp_hdr_build(p->data + IP4_HDR_MIN, &h);
	ledger_note(&led, p, fate, 77);
	free(p);
}

/* Stream offset 0 is the byte behind the SYN. */
static void data(uint32_t offset, uint32_t len, enum path_fate fate)
{
	note(TCP_ACK, offset + 1, len, fate);
}

START_TEST(copy_of_what_was_lost_is_not_spurious)
{
	data(0, 100, PATH_PASS);
	data(100, 100, PATH_LOST);
	data(200, 100, PATH_PASS);
	data(100, 100, PATH_PASS);
	ck_assert_uint_eq(led.segs, 4);
	ck_assert_uint_eq(led.rtx, 1);
	ck_assert_uint_eq(led.spurious, 0);
	ck_assert_uint_eq(led.got.floor, 300);
	ck_assert_uint_eq(led.got.n, 0);
}
END_TEST

START_TEST(copy_of_what_arrives_is_spurious)
{
	data(0, 100, PATH_LOST);
	data(100, 100, PATH_PASS);
	data(100, 100, PATH_PASS);
	ck_assert_uint_eq(led.spurious, 1);
	/* One byte of the hole is enough to be of use. */
	data(99, 101, PATH_PASS);
	ck_assert_uint_eq(led.rtx, 2);
	ck_assert_uint_eq(led.spurious, 1);
}
END_TEST

START_TEST(repair_of_the_scripted_loss_is_timed)
{
	data(0, 100, PATH_SCRIPTED);
	ck_assert_uint_eq(led.dropped_us, 77);
	data(0, 100, PATH_LOST);
	ck_assert_uint_eq(led.repaired_us, 0);
	data(0, 100, PATH_PASS);
	ck_assert_uint_eq(led.repaired_us, 77);
}
END_TEST

START_TEST(ranges_are_those_of_a_map_of_bytes)
{
	uint8_t map[BYTES] = { 0 };
	uint64_t spurious = 0;
	struct rng rng;

	rng_init(&rng, test_seed());
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t from = rng_below(&rng, BYTES - 64);
		uint32_t len = 1 + rng_below(&rng, 63);
		bool passes = rng_below(&rng, 3) > 0;

		spurious += !memchr(map + from, 0, len);
		data(from, len, passes ? PATH_PASS : PATH_LOST);
		if (passes)
			memset(map + from, 1, len);
		ck_assert_uint_eq(led.spurious, spurious);
	}
}
END_TEST

static void setup(void)
{
	note(TCP_SYN, 0, 0, PATH_PASS);
}

static void teardown(void)
{
	ledger_fini(&led);
}

Suite *suite_lib_ledger(void)
{
	Suite *s = suite_create("lib/ledger");
	TCase *tc = tcase_create("ledger");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, copy_of_what_was_lost_is_not_spurious);
	tcase_add_test(tc, copy_of_what_arrives_is_spurious);
	tcase_add_test(tc, repair_of_the_scripted_loss_is_timed);
	tcase_add_test(tc, ranges_are_those_of_a_map_of_bytes);
	suite_add_tcase(s, tc);
	return s;
}

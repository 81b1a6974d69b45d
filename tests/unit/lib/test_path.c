/* SPDX-License-Identifier: MIT */
/*
 * test_path.c - the simulator's link does what it says
 *
 * All else that the simulator tells rests on this: rates, queues and drops are
 * held to the microsecond here.
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "path.h"
#include "stack/base/bytes.h"
#include "stack/wire/csum.h"
#include "stack/wire/icmp.h"
#include "stack/wire/ip4.h"
#include "stack/wire/tcp_hdr.h"
#include "suites.h"

#define ISS    5000u
#define NOW    1000000u
#define WIRE   1500u
#define RATE   12000000u /* a packet of 1500 bytes a millisecond */
#define MS_US  1000u
#define ECT0   2u
#define CE     3u
#define TCP_AT IP4_HDR_MIN

static struct rng fate;

static struct vpkt *packet(uint32_t len, uint8_t flags, uint32_t seq)
{
	struct vpkt *p = vpkt_new(len);
	struct ip4_hdr ip = { .src = { 10, 7, 0, 1 },
			      .dst = { 10, 7, 0, 2 },
			      .total_len = len,
			      .df = true,
			      .tos = ECT0,
			      .proto = 6 };
	struct tcp_hdr h = { .sport = 9, .dport = 7, .seq = seq };

	h.hdr_len = TCP_HDR_MIN;
	h.flags = flags;
	p->l4_off = TCP_AT;
	ip4_build(p->data, &ip);
	tcp_hdr_build(p->data + TCP_AT, &h);
	return p;
}

static enum path_fate send_at(struct path *path, uint64_t now_us, uint32_t seq)
{
	struct vpkt *p = packet(WIRE, TCP_ACK, seq);
	enum path_fate f = path_admit(path, &fate, now_us, p);

	free(p);
	return f;
}

static void open_flow(struct path *path)
{
	struct vpkt *syn = packet(40, TCP_SYN, ISS);

	ck_assert_int_eq(path_admit(path, &fate, NOW, syn), PATH_PASS);
	free(syn);
}

START_TEST(packets_leave_the_bottleneck_at_its_rate)
{
	struct path path = { .rate_bps = RATE, .delay_us = 500 };

	for (uint32_t i = 1; i <= 100; i++) {
		ck_assert_int_eq(send_at(&path, NOW, 1), PATH_PASS);
		ck_assert_uint_eq(path_arrival(&path, &fate, NOW),
				  NOW + i * MS_US + 500);
	}
	/* And once it was idle, at once. */
	ck_assert_int_eq(send_at(&path, NOW + 200 * MS_US, 1), PATH_PASS);
	ck_assert_uint_eq(path_arrival(&path, &fate, NOW + 200 * MS_US),
			  NOW + 201 * MS_US + 500);
}
END_TEST

START_TEST(full_queue_drops_at_the_tail)
{
	struct path path = { .rate_bps = RATE, .limit_bytes = 10 * WIRE };

	for (uint32_t i = 0; i < 10; i++)
		ck_assert_int_eq(send_at(&path, NOW, 1), PATH_PASS);
	ck_assert_int_eq(send_at(&path, NOW, 1), PATH_QUEUE_FULL);
	ck_assert_uint_eq(path.st.overflows, 1);
	/* One has left after a millisecond: room for one. */
	ck_assert_int_eq(send_at(&path, NOW + MS_US, 1), PATH_PASS);
	ck_assert_int_eq(send_at(&path, NOW + MS_US, 1), PATH_QUEUE_FULL);
	ck_assert_uint_eq(path.st.queue_max, 10 * WIRE);
}
END_TEST

/* RFC 3168 section 5: CE for packets that say they are capable. */
START_TEST(long_queue_marks_capable_packets)
{
	struct path path = { .rate_bps = RATE, .mark_bytes = 2 * WIRE };
	struct vpkt *p;

	for (uint32_t i = 0; i < 3; i++)
		send_at(&path, NOW, 1);
	ck_assert_uint_eq(path.st.marked, 0);
	p = packet(WIRE, TCP_ACK, 1);
	path_admit(&path, &fate, NOW, p);
	ck_assert_uint_eq(p->data[1], CE);
	ck_assert_uint_eq(csum_finish(csum_add(0, p->data, IP4_HDR_MIN)), 0);
	free(p);
	p = packet(WIRE, TCP_ACK, 1);
	p->data[1] = 0;
	path_admit(&path, &fate, NOW, p);
	ck_assert_uint_eq(p->data[1], 0);
	free(p);
	ck_assert_uint_eq(path.st.marked, 1);
}
END_TEST

START_TEST(script_drops_the_nth_data_packet)
{
	struct path path = { .drop = { { .nth = 2, .times = 1 } } };

	open_flow(&path);
	ck_assert_int_eq(send_at(&path, NOW, ISS + 1), PATH_PASS);
	ck_assert_int_eq(send_at(&path, NOW, ISS + 1461), PATH_SCRIPTED);
	ck_assert_int_eq(send_at(&path, NOW, ISS + 1461), PATH_PASS);
}
END_TEST

START_TEST(script_drops_a_byte_as_often_as_it_says)
{
	struct path path = { .drop = { { .offset = 1500, .times = 2 } } };

	open_flow(&path);
	for (uint32_t i = 0; i < 2; i++) {
		ck_assert_int_eq(send_at(&path, NOW, ISS + 1), PATH_PASS);
		ck_assert_int_eq(send_at(&path, NOW, ISS + 1461),
				 PATH_SCRIPTED);
		ck_assert_int_eq(send_at(&path, NOW, ISS + 2921), PATH_PASS);
	}
	ck_assert_int_eq(send_at(&path, NOW, ISS + 1461), PATH_PASS);
}
END_TEST

/* RFC 1191 section 4: the next hop's MTU in the message, the header quoted. */
START_TEST(router_tells_its_mtu)
{
	struct path path = { .nturns = 1,
			     .icmp = true,
			     .turn = { { .at_us = NOW + 1, .mtu = 1400 } } };
	struct vpkt *p = packet(WIRE, TCP_ACK, 1);
	struct vpkt *answer;

	ck_assert_int_eq(path_admit(&path, &fate, NOW, p), PATH_PASS);
	ck_assert_int_eq(path_admit(&path, &fate, NOW + 1, p), PATH_TOO_BIG);
	answer = path_too_big(&path, p);
	ck_assert_ptr_nonnull(answer);
	ck_assert_uint_eq(answer->data[20], ICMP4_UNREACH);
	ck_assert_uint_eq(answer->data[21], ICMP4_UNREACH_NEEDFRAG);
	ck_assert_uint_eq(be16_load(answer->data + 26), 1400);
	ck_assert_mem_eq(answer->data + 28, p->data, 28);
	ck_assert_uint_eq(
		csum_finish(csum_add(0, answer->data + 20, answer->len - 20)),
		0);
	free(answer);
	free(p);
}
END_TEST

static uint32_t fragments;

static void count_fragment(void *ctx, struct vpkt *p)
{
	const uint32_t *mtu = ctx;
	bool more = be16_load(p->data + 6) & 0x2000;

	ck_assert_uint_le(p->len, *mtu);
	ck_assert_uint_eq(be16_load(p->data + 6) & 0x1fff, fragments * 976 / 8);
	ck_assert_uint_eq(csum_finish(csum_add(0, p->data, IP4_HDR_MIN)), 0);
	ck_assert_int_eq(more, fragments == 0);
	fragments++;
	free(p);
}

/* RFC 791 section 3.2: cut at multiples of eight, but not where DF forbids it. */
START_TEST(router_cuts_what_may_be_cut)
{
	uint32_t mtu = 1000;
	struct path path = { .mtu = mtu };
	struct vpkt *p = packet(WIRE, TCP_ACK, 1);

	ck_assert(!path_fragment(&path, NOW, p, count_fragment, &mtu));
	p->data[6] = 0;
	fragments = 0;
	ck_assert(path_fragment(&path, NOW, p, count_fragment, &mtu));
	ck_assert_uint_eq(fragments, 2);
}
END_TEST

START_TEST(reordering_is_exact_and_loses_nothing)
{
	struct path path = { .delay_us = 100,
			     .reorder = 0.25,
			     .reorder_us = 70 };
	uint32_t late = 0;

	for (uint32_t i = 0; i < 10000; i++) {
		uint64_t at;

		ck_assert_int_eq(send_at(&path, NOW, 1), PATH_PASS);
		at = path_arrival(&path, &fate, NOW);
		ck_assert(at == NOW + 100 || at == NOW + 170);
		late += at == NOW + 170;
	}
	ck_assert_uint_gt(late, 2200);
	ck_assert_uint_lt(late, 2800);
}
END_TEST

static void setup(void)
{
	rng_init(&fate, 1);
}

Suite *suite_lib_path(void)
{
	Suite *s = suite_create("lib/path");
	TCase *tc = tcase_create("link");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, packets_leave_the_bottleneck_at_its_rate);
	tcase_add_test(tc, full_queue_drops_at_the_tail);
	tcase_add_test(tc, long_queue_marks_capable_packets);
	tcase_add_test(tc, script_drops_the_nth_data_packet);
	tcase_add_test(tc, script_drops_a_byte_as_often_as_it_says);
	tcase_add_test(tc, router_tells_its_mtu);
	tcase_add_test(tc, router_cuts_what_may_be_cut);
	tcase_add_test(tc, reordering_is_exact_and_loses_nothing);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_cubic.c - CUBIC and HyStart++ as the peer sees them (RFC 9438, 9406)
 *
 * Method: rounds.  The peer acknowledges, segment by segment, what left before
 * the last round-trip time; the sender always has more.
 */

#include "suites.h"
#include "wire.h"

#define MSS  1460u
#define LOTS 3000000u

static void begin(struct peer *p)
{
	wire_init(p, 0, NULL);
	peer_open_with(p, (struct pseg){ .mss = MSS,
					 .has = TCP_OPT_HAS_WSCALE,
					 .wscale = 7 });
	peer_send(p, LOTS);
}

static uint32_t cwnd_segs(struct peer *p)
{
	return (peer_info(p).cwnd + MSS / 2) / MSS;
}

/* What is in flight is acknowledged after @rtt_us; returns the new edge. */
static uint32_t ack_flight(struct peer *p, uint64_t rtt_us)
{
	struct ustack_info i = peer_info(p);
	uint32_t ack = 1 + (uint32_t)i.bytes_acked;
	uint32_t end = ack + i.unacked;

	peer_advance(p, rtt_us);
	while (ack != end) {
		ack += min_u32(MSS, end - ack);
		peer_tx(p, seg_ack(1, ack));
		peer_drain(p);
	}
	return end;
}

static uint32_t round_of(struct peer *p, uint64_t rtt_us)
{
	uint32_t end = ack_flight(p, rtt_us);

	if (peer_info(p).unsent < LOTS / 4)
		peer_send(p, LOTS / 2);
	return end;
}

/* The first segment in flight is lost, and mended. */
static void lose_one(struct peer *p, uint32_t una)
{
	for (uint32_t i = 0; i < 4; i++)
		peer_tx(p, seg_ack(1, una));
	peer_drain(p);
	ck_assert_str_eq(peer_info(p).cc_state, "recovery");
	peer_tx(p, seg_ack(1, una + peer_info(p).unacked));
	peer_drain(p);
	ck_assert_str_eq(peer_info(p).cc_state, "open");
}

/*
 * 9438-1, 9438-3: cut from 40 segments to 28, the window is back after
 * K = cbrt(12 / 0.4) = 3.1 s, most of the way in half of that.
 */
START_TEST(window_returns_to_its_plateau_and_passes_it)
{
	uint32_t una;
	struct peer p;

	begin(&p);
	round_of(&p, MS(100));
	una = round_of(&p, MS(100));
	ck_assert_uint_eq(cwnd_segs(&p), 40);
	lose_one(&p, una);
	ck_assert_uint_eq(peer_info(&p).ssthresh, 28 * MSS);
	for (uint32_t i = 0; i < 3; i++)
		round_of(&p, MS(100)); /* to a full window again */
	for (uint32_t i = 0; i < 15; i++)
		round_of(&p, MS(100));
	ck_assert_uint_ge(cwnd_segs(&p), 37);
	ck_assert_uint_le(cwnd_segs(&p), 39);
	for (uint32_t i = 0; i < 16; i++)
		round_of(&p, MS(100));
	ck_assert_uint_ge(cwnd_segs(&p), 39);
	ck_assert_uint_le(cwnd_segs(&p), 47); /* Reno's part: 9/17 a round */
	for (uint32_t i = 0; i < 60; i++)
		round_of(&p, MS(100));
	ck_assert_uint_ge(cwnd_segs(&p), 120); /* 0.4 * 6^3 = 86 more */
	peer_fini(&p);
}
END_TEST

/* 9438-7: an idle minute moves nothing. */
START_TEST(idle_time_does_not_count)
{
	uint32_t una, before;
	struct peer p;

	begin(&p);
	round_of(&p, MS(100));
	una = round_of(&p, MS(100));
	lose_one(&p, una);
	for (uint32_t i = 0; i < 40; i++)
		round_of(&p, MS(100));
	while (peer_info(&p).unacked > 0)
		ack_flight(&p, MS(100));
	before = peer_info(&p).cwnd;
	peer_advance(&p, SEC(60));
	peer_send(&p, LOTS);
	peer_drain(&p);
	ck_assert_uint_eq(cwnd_segs(&p), 10); /* the restart window */
	for (uint32_t i = 0; i < 4; i++)
		round_of(&p, MS(100));
	ck_assert_uint_le(peer_info(&p).cwnd, before);
	peer_fini(&p);
}
END_TEST

/* 9438-8: RFC 9406: the queue grows, slow start ends without a loss. */
START_TEST(growing_delay_ends_slow_start)
{
	struct ustack_info info;
	struct peer p;

	begin(&p);
	round_of(&p, MS(20));
	round_of(&p, MS(20));
	ck_assert_uint_eq(cwnd_segs(&p), 40);
	for (uint32_t i = 0; i < 6; i++)
		round_of(&p, MS(26));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_HYSTART_EXITS), 1);
	info = peer_info(&p);
	ck_assert_uint_ge(info.cwnd, info.ssthresh);
	ck_assert_uint_le(info.ssthresh, 260 * MSS); /* not 40 * 2^6 */
	ck_assert_uint_eq(info.retrans, 0);
	peer_fini(&p);
}
END_TEST

/* 9438-8: a path of microseconds: nothing stops it short of the send buffer. */
START_TEST(jitter_of_a_short_path_does_not_end_slow_start)
{
	struct peer p;

	begin(&p);
	for (uint32_t i = 0; i < 7; i++)
		round_of(&p, i % 2 ? 50 : 3000);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_HYSTART_EXITS), 0);
	ck_assert_uint_ge(cwnd_segs(&p), 10 << 6);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_cubic(void)
{
	Suite *s = suite_create("CUBIC");
	TCase *tc = wire_case(s, "window");

	tcase_add_test(tc, window_returns_to_its_plateau_and_passes_it);
	tcase_add_test(tc, idle_time_does_not_count);
	tcase_add_test(tc, growing_delay_ends_slow_start);
	tcase_add_test(tc, jitter_of_a_short_path_does_not_end_slow_start);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_doubt.c - recovery where the numbers could mean two things, or where
 *		  this stack takes one of several ways that the RFCs allow
 */

#include "lossy.h"
#include "suites.h"

/*
 * RFC 8985 section 6.2 step 2 (8985-8): segment 1 was late, not lost.  What
 * acknowledges it so soon cannot be the copy's; were it taken for that, all
 * that left before the copy would be lost.
 */
START_TEST(too_fast_an_answer_is_not_the_copys)
{
	struct peer p;

	lossy_open(&p, false);
	ck_assert_uint_eq(lossy_send(&p, 10), 10);
	peer_tx(&p, lossy_sack(1, 2, 5));
	lossy_expect(&p, 1);
	peer_advance(&p, MS(1));
	peer_tx(&p, lossy_ack(5));
	peer_advance(&p, MS(4));
	peer_expect_none(&p);
	peer_tx(&p, lossy_ack(11));
	ck_assert_str_eq(peer_info(&p).cc_state, "open");
	peer_fini(&p);
}
END_TEST

/*
 * RFC 7323 section 4.3: a SACK of data out of order echoes the timestamp of what
 * came last in order, so that says nothing of the copy that is SACKed (8985-8).
 * The tail is lost; the probe's copy arrives, and what left before it is lost.
 */
START_TEST(sacked_probe_finds_the_hole_in_front_of_it)
{
	struct pseg s;
	struct peer p;
	uint32_t old;

	lossy_open(&p, true);
	ck_assert_int_gt(peer_send(&p, 5 * LOSSY_MSS), 0);
	ck_assert(peer_rx(&p, &s));
	old = s.tsval;
	ck_assert_uint_eq(peer_drain(&p), 4);
	peer_advance(&p, LOSSY_RTT);
	s = lossy_ack(4);
	s.has = TCP_OPT_HAS_TS;
	s.tsval = 3;
	s.tsecr = old;
	peer_tx(&p, s);
	peer_expect_none(&p);
	peer_advance(&p, 2 * LOSSY_RTT + MS(10));
	lossy_expect(&p, 5);
	peer_advance(&p, LOSSY_RTT - 500); /* by chance a little faster */
	s = lossy_sack(4, 5, 6);
	s.has |= TCP_OPT_HAS_TS;
	s.tsval = 4;
	s.tsecr = old;
	peer_tx(&p, s);
	lossy_expect(&p, 4);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_TIMEOUTS), 0);
	peer_fini(&p);
}
END_TEST

/* One of two segments is SACKed: milliseconds until the other is sent again. */
static uint32_t patience(struct peer *p, uint32_t n)
{
	uint32_t ms = 0;
	struct pseg s;

	ck_assert_uint_eq(lossy_send(p, 2), 2);
	peer_tx(p, lossy_sack(n, n + 1, n + 2));
	while (!peer_rx(p, &s)) {
		ck_assert_uint_lt(ms, 100);
		peer_advance(p, MS(1));
		ms++;
	}
	ck_assert_uint_eq(s.seq, SEG(n));
	peer_tx(p, lossy_ack(n + 2));
	peer_expect_none(p);
	return ms;
}

/* @times reports, in rounds of their own, that segment 1 came twice. */
static uint32_t report_copies(struct peer *p, uint32_t n, uint32_t times)
{
	while (times-- > 0) {
		struct pseg d = lossy_ack(++n);

		ck_assert_uint_eq(lossy_send(p, 1), 1);
		d.nsack = 1;
		d.sack[0] = (struct tcp_sack){ SEG(1), SEG(2) };
		peer_tx(p, d);
	}
	return n;
}

/* RFC 8985 section 6.2 step 4 (8985-6): what a DSACK widened lasts for 16
 * recoveries, then it is a quarter of the least round trip again. */
START_TEST(widened_window_lasts_sixteen_recoveries)
{
	uint32_t n = 1;
	struct peer p;

	lossy_open(&p, false);
	ck_assert_uint_le(patience(&p, n), 6);
	n = report_copies(&p, n + 2, 1);
	for (uint32_t i = 0; i < 16; i++, n += 2)
		ck_assert_uint_ge(patience(&p, n), 10);
	ck_assert_uint_le(patience(&p, n), 6);
	peer_fini(&p);
}
END_TEST

/* The same (8985-6): and however many there are, it stays within a round trip. */
START_TEST(widened_window_stays_within_a_round_trip)
{
	uint32_t n;
	struct peer p;

	lossy_open(&p, false);
	n = report_copies(&p, 1, 20);
	ck_assert_uint_ge(patience(&p, n), 18);
	ck_assert_uint_le(patience(&p, n + 2), 22);
	peer_fini(&p);
}
END_TEST

/*
 * A deviation from 6675-5, as Linux: no rescue of the last segment by a copy on
 * suspicion.  When the copy of the hole has arrived, time tells (RFC 8985) that
 * the tail, which left before it, has not; that takes no timeout either.
 */
START_TEST(tail_lost_with_a_hole_needs_no_timeout)
{
	struct peer p;

	lossy_open(&p, false);
	ck_assert_uint_eq(lossy_send(&p, 10), 10);
	peer_tx(&p, lossy_ack(3));
	peer_tx(&p, lossy_sack(3, 4, 10));
	lossy_expect(&p, 3);
	peer_expect_none(&p);
	peer_advance(&p, LOSSY_RTT);
	peer_tx(&p, lossy_ack(10));
	lossy_expect(&p, 10);
	peer_tx(&p, lossy_ack(11));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_TIMEOUTS), 0);
	peer_fini(&p);
}
END_TEST

/*
 * RFC 6582 section 4 (6582-5): slow but steady.  Without SACK each partial ACK
 * restarts the timer, so that a hole a round trip is mended without a timeout
 * however many there are.
 */
START_TEST(each_partial_ack_restarts_the_timer)
{
	struct peer p;

	peer_init(&p, lossy_tweak);
	peer_open_with(&p, (struct pseg){ .mss = LOSSY_MSS });
	peer_send(&p, 10 * LOSSY_MSS);
	ck_assert_uint_eq(peer_drain(&p), 10);
	peer_advance(&p, MS(20));
	for (uint32_t i = 0; i < 3; i++)
		peer_tx(&p, lossy_ack(1));
	lossy_expect(&p, 1);
	for (uint32_t n = 2; n < 6; n++) {
		peer_advance(&p, MS(150));
		peer_tx(&p, lossy_ack(n));
		lossy_expect(&p, n);
	}
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_TIMEOUTS), 0);
	peer_advance(&p, MS(300));
	ck_assert_uint_ge(peer_counter(&p, USTACK_C_TCP_TIMEOUTS), 1);
	peer_fini(&p);
}
END_TEST

/*
 * A deviation from 7323-16, as Linux: each ACK of new data gives a sample of
 * full weight, however many there are in a round trip.  The smallest RTO makes
 * up for the short memory.
 */
START_TEST(each_sample_has_full_weight)
{
	struct peer p;
	struct pseg s;
	uint32_t want, tsval;

	lossy_open(&p, true);
	want = peer_info(&p).srtt_us;
	peer_send(&p, 10 * LOSSY_MSS);
	tsval = lossy_expect(&p, 1).tsval;
	peer_advance(&p, MS(100));
	for (uint32_t n = 2; n <= 11; n++) {
		s = lossy_ack(n);
		s.has = TCP_OPT_HAS_TS;
		s.tsval = 3;
		s.tsecr = tsval;
		peer_tx(&p, s);
		want = (7 * want + 100000 + 4) / 8;
	}
	ck_assert_uint_ge(peer_info(&p).srtt_us, want - 1000);
	ck_assert_uint_le(peer_info(&p).srtt_us, want + 1000);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_doubt(void)
{
	Suite *s = suite_create("doubt");
	TCase *tc = wire_case(s, "copies");

	tcase_add_test(tc, too_fast_an_answer_is_not_the_copys);
	tcase_add_test(tc, sacked_probe_finds_the_hole_in_front_of_it);
	tcase_add_test(tc, tail_lost_with_a_hole_needs_no_timeout);
	tc = wire_case(s, "reordering window");
	tcase_add_test(tc, widened_window_lasts_sixteen_recoveries);
	tcase_add_test(tc, widened_window_stays_within_a_round_trip);
	tc = wire_case(s, "timer");
	tcase_add_test(tc, each_partial_ack_restarts_the_timer);
	tcase_add_test(tc, each_sample_has_full_weight);
	return s;
}

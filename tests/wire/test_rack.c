/* SPDX-License-Identifier: MIT */
/*
 * test_rack.c - the scoreboard and RACK: what is held for lost, and when
 *
 * Method: ten segments in flight; the peer SACKs, and what comes back is a
 * retransmission or is not.
 */

#include "lossy.h"

static void begin(struct peer *p)
{
	lossy_open(p, false);
	ck_assert_uint_eq(lossy_send(p, 10), 10);
}

/* RFC 8985 section 6.2 step 4: three SACKed, no reordering seen (8985-5, 5681-8,
 * 6675-1, 8985-3).
 */
START_TEST(three_sacked_segments_bring_the_hole_at_once)
{
	struct peer p;

	begin(&p);
	peer_tx(&p, lossy_sack(1, 2, 3));
	peer_tx(&p, lossy_sack(1, 2, 4));
	peer_expect_none(&p);
	peer_tx(&p, lossy_sack(1, 2, 5));
	lossy_expect(&p, 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_RETRANS_RACK), 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_TIMEOUTS), 0);
	peer_fini(&p);
}
END_TEST

/* RFC 8985 section 6.2 step 5: fewer wait a quarter of the least RTT (8985-4). */
START_TEST(one_sacked_segment_brings_it_after_the_window)
{
	struct peer p;

	begin(&p);
	peer_tx(&p, lossy_sack(1, 2, 3));
	peer_advance(&p, LOSSY_RTT / 4 - MS(1));
	peer_expect_none(&p);
	peer_advance(&p, MS(1) + 200);
	lossy_expect(&p, 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_TIMEOUTS), 0);
	peer_fini(&p);
}
END_TEST

/* What was SACKed is not sent again, what was not is: losses 1, 4, 6 of 10, in
 * order, before anything new (2018-9, 6675-3).
 */
START_TEST(only_holes_are_sent_again)
{
	struct peer p;
	struct pseg s;

	begin(&p);
	s = lossy_sack(1, 7, 11);
	s.nsack = 3;
	s.sack[1] = (struct tcp_sack){ SEG(5), SEG(6) };
	s.sack[2] = (struct tcp_sack){ SEG(2), SEG(4) };
	peer_tx(&p, s);
	lossy_expect(&p, 1);
	lossy_expect(&p, 4);
	lossy_expect(&p, 6);
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_info(&p).unacked, 10 * LOSSY_MSS);
	peer_tx(&p, lossy_ack(11));
	ck_assert_uint_eq(peer_info(&p).unacked, 0);
	ck_assert_str_eq(peer_info(&p).cc_state, "open");
	peer_fini(&p);
}
END_TEST

/* clang-format off */
static const struct {
	const char *name;
	struct tcp_sack b;
} bad_blocks[] = {
	{ "empty",		{ SEG(3), SEG(3) } },
	{ "backwards",		{ SEG(6), SEG(3) } },
	{ "beyond snd.nxt",	{ SEG(9), SEG(12) } },
	{ "far beyond",		{ SEG(10000), SEG(10003) } },
	{ "behind us by half",	{ 0x80000000u, 0x80001000u } },
	{ "wraps",		{ SEG(3), 0x7fffffffu } },
	{ "odd bytes",		{ SEG(3) + 1, SEG(4) - 1 } },
	{ "short of a segment",	{ SEG(3), SEG(4) - 1 } },
};
/* clang-format on */

/* RFC 2018 section 3, 5: blocks that cannot be are ignored (2018-10). */
START_TEST(impossible_blocks_change_nothing)
{
	struct peer p;
	struct pseg s = lossy_ack(1);

	begin(&p);
	s.nsack = 2; /* the first one could be a DSACK */
	s.sack[0] = bad_blocks[_i].b;
	s.sack[1] = bad_blocks[_i].b;
	for (uint32_t i = 0; i < 5; i++)
		peer_tx(&p, s);
	peer_expect_none(&p);
	ck_assert_msg(peer_info(&p).inflight == 10 * LOSSY_MSS,
		      "%s: something counts as arrived", bad_blocks[_i].name);
	peer_fini(&p);
}
END_TEST

/* RFC 8985 section 6.2: a copy that is lost is found by what left after it
 * (8985-1, 8985-7).
 */
START_TEST(lost_retransmission_is_sent_again_without_timeout)
{
	struct peer p;

	begin(&p);
	peer_send(&p, 10 * LOSSY_MSS);
	peer_tx(&p, lossy_sack(1, 2, 5));
	lossy_expect(&p, 1); /* and this is lost */
	peer_tx(&p, lossy_sack(1, 2, 9));
	lossy_expect(&p, 11);
	peer_drain(&p);
	peer_advance(&p, LOSSY_RTT);
	peer_tx(&p, lossy_sack(1, 2, 12));
	lossy_expect(&p, 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_LOST_RETRANS), 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_TIMEOUTS), 0);
	peer_fini(&p);
}
END_TEST

/* RFC 8985 section 6.3: the timer proves the head lost, and what is as old; the
 * copy respects the congestion window (8985-9, 5681-6).
 */
START_TEST(timeout_sends_the_head)
{
	struct peer p;

	begin(&p);
	peer_advance(&p, MS(150) + 500); /* the loss probe */
	peer_drain(&p);
	wire_expect_after(&p, 70);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_TIMEOUTS), 1);
	ck_assert_uint_eq(peer_info(&p).cwnd, LOSSY_MSS);
	peer_expect_none(&p);
	peer_fini(&p);
}
END_TEST

/* RFC 6298 (5.4), 8985-9: the earliest segment leaves, even if data that was sent
 * a moment ago fills the window of one segment.
 */
START_TEST(timeout_sends_the_head_past_younger_data)
{
	struct peer p;

	lossy_open(&p, false);
	ck_assert_uint_eq(lossy_send(&p, 2), 2);
	peer_tx(&p, lossy_ack(2)); /* 2 and what follows is lost */
	for (uint32_t i = 0; i < 5; i++) {
		peer_advance(&p, MS(38));
		peer_send(&p, LOSSY_MSS);
	}
	peer_drain(&p);
	peer_advance(&p, MS(20)); /* in place of the timeout: the probe */
	lossy_expect(&p, 7);
	peer_advance(&p, MS(180));
	peer_send(&p, LOSSY_MSS);
	peer_drain(&p);
	peer_advance(&p, MS(20));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_TIMEOUTS), 1);
	lossy_expect(&p, 2);
	peer_expect_none(&p);
	peer_fini(&p);
}
END_TEST

/* 6691-2, 2018-5: SACK blocks of our own make a super-packet's segments shorter;
 * a block of the peer's that names one of them counts all the same, for the copy
 * as for the original.
 */
START_TEST(shorter_segments_are_sacked_one_by_one)
{
	const uint32_t mss = LOSSY_MSS - 12;
	struct pseg s = lossy_ack(1);
	struct peer p;

	lossy_open(&p, false);
	peer_tx(&p, seg_data(101, 1, 100)); /* a hole of the peer's */
	peer_drain(&p);
	ck_assert_int_eq(peer_send(&p, 10 * mss), 10 * mss);
	peer_expect(&p, TCP_ACK, 1, 1, mss);
	peer_drain(&p);
	peer_advance(&p, LOSSY_RTT);
	s.nsack = 1;
	s.seq = 201;
	s.sack[0] = (struct tcp_sack){ 1 + 5 * mss, 1 + 6 * mss };
	peer_tx(&p, s);
	ck_assert_uint_eq(peer_info(&p).sacked, mss);
	while (peer_counter(&p, USTACK_C_TCP_TIMEOUTS) == 0)
		peer_advance(&p, MS(10));
	s.ack = 1 + mss;
	peer_tx(&p, s);
	s.ack = 1 + 2 * mss;
	peer_tx(&p, s);
	peer_drain(&p);
	s.sack[0] = (struct tcp_sack){ 1 + 3 * mss, 1 + 4 * mss };
	peer_tx(&p, s);
	ck_assert_uint_eq(peer_info(&p).sacked, 2 * mss);
	peer_fini(&p);
}
END_TEST

/* RFC 2018 section 8: SACKed data is kept until acknowledged; a peer that drops
 * it gets it again (2018-7, 2018-8).
 */
START_TEST(reneging_peer_gets_everything_again)
{
	struct peer p;
	uint32_t bytes = 0;

	begin(&p);
	peer_tx(&p, lossy_sack(1, 2, 11));
	lossy_expect(&p, 1);
	peer_advance(&p, LOSSY_RTT);
	peer_tx(&p, lossy_ack(2)); /* and nothing more: it has reneged */
	peer_expect_none(&p);
	peer_advance(&p, SEC(1));
	lossy_expect(&p, 2);
	peer_drain(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_SACK_RENEGING), 1);
	for (uint32_t n = 3; n <= 11; n++) {
		peer_tx(&p, lossy_ack(n));
		wire_take(&p, &bytes);
	}
	ck_assert_uint_eq(peer_info(&p).unacked, 0);
	peer_fini(&p);
}
END_TEST

/* RFC 8985 section 6.2 step 4: each round with a DSACK widens the window by a
 * quarter (8985-6, 2883-1 seen by the sender).
 */
START_TEST(dsack_widens_the_reordering_window)
{
	struct peer p;
	struct pseg d;

	begin(&p);
	peer_tx(&p, lossy_sack(1, 2, 5)); /* 1 is late, not lost */
	lossy_expect(&p, 1);
	peer_tx(&p, lossy_ack(11));
	d = lossy_ack(11);
	d.nsack = 1;
	d.sack[0] = (struct tcp_sack){ SEG(1), SEG(2) };
	peer_tx(&p, d);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_DSACK_RECV), 1);
	ck_assert_uint_eq(lossy_send(&p, 5), 5);
	peer_tx(&p, lossy_sack(11, 13, 14)); /* 12 comes late: reordering */
	peer_tx(&p, lossy_sack(11, 12, 14));
	ck_assert_uint_ge(peer_counter(&p, USTACK_C_TCP_REORDERED), 1);
	peer_advance(&p, LOSSY_RTT / 4 + MS(1));
	peer_expect_none(&p);
	peer_advance(&p, LOSSY_RTT / 4);
	lossy_expect(&p, 11);
	peer_fini(&p);
}
END_TEST

/* RFC 8985 section 3: without SACK duplicate ACKs decide (8985-2). */
START_TEST(without_sack_duplicates_decide)
{
	struct peer p;

	peer_init(&p, lossy_tweak);
	peer_open_with(&p, (struct pseg){ .mss = LOSSY_MSS });
	ck_assert_uint_eq(lossy_send(&p, 10), 10);
	for (uint32_t i = 0; i < 2; i++)
		peer_tx(&p, lossy_ack(1));
	peer_expect_none(&p);
	peer_tx(&p, lossy_ack(1));
	lossy_expect(&p, 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_RETRANS_FAST), 1);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_rack(void)
{
	Suite *s = suite_create("RACK");
	TCase *tc = wire_case(s, "detection");

	tcase_add_test(tc, three_sacked_segments_bring_the_hole_at_once);
	tcase_add_test(tc, one_sacked_segment_brings_it_after_the_window);
	tcase_add_test(tc, only_holes_are_sent_again);
	tcase_add_loop_test(tc, impossible_blocks_change_nothing, 0,
			    WIRE_ROWS(bad_blocks));
	tcase_add_test(tc, lost_retransmission_is_sent_again_without_timeout);
	tcase_add_test(tc, timeout_sends_the_head);
	tcase_add_test(tc, timeout_sends_the_head_past_younger_data);
	tcase_add_test(tc, shorter_segments_are_sacked_one_by_one);
	tcase_add_test(tc, reneging_peer_gets_everything_again);
	tcase_add_test(tc, dsack_widens_the_reordering_window);
	tcase_add_test(tc, without_sack_duplicates_decide);
	return s;
}

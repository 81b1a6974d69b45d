/* SPDX-License-Identifier: MIT */
/*
 * test_syn_sent.c - an active open (RFC 9293 section 3.10.7.3)
 */

#include "suites.h"
#include "wire.h"

static void opening(struct peer *p, int v6)
{
	wire_init(p, v6, NULL);
	peer_connect(p);
	peer_expect(p, TCP_SYN, 0, 0, 0);
	wire_check_state(p, USTACK_SYN_SENT);
}

/* The attempt is still alive: a good SYN-ACK connects. */
static void connects(struct peer *p)
{
	wire_check_state(p, USTACK_SYN_SENT);
	peer_expect_none(p);
	peer_tx(p, seg(TCP_SYN | TCP_ACK, 0, 1, 0));
	peer_expect(p, TCP_ACK, 1, 1, 0);
	wire_check_state(p, USTACK_ESTABLISHED);
	ck_assert_uint_eq(p->c.connected, 1);
	ck_assert_uint_eq(p->c.closed, 0);
	peer_fini(p);
}

/* MUST-14, 2018-2, 7323-2, 7323-8: what a SYN carries. */
START_TEST(syn_offers_mss_timestamps_and_scaling)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	peer_connect(&p);
	s = peer_expect(&p, TCP_SYN, 0, 0, 0);
	ck_assert_uint_eq(s.has, TCP_OPT_HAS_MSS | TCP_OPT_HAS_TS |
					 TCP_OPT_HAS_WSCALE |
					 TCP_OPT_HAS_SACK_OK);
	ck_assert_uint_eq(s.mss, _i ? 1440 : 1460);
	ck_assert_uint_eq(s.tsecr, 0);
	ck_assert_uint_eq(s.wnd, 65535);
	ck_assert_uint_eq(s.tos, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ACTIVE_OPENS), 1);
	connects(&p);
}
END_TEST

static const uint32_t bad_acks[] = { 0, 2, 1000, 0xffffffffu };

/* 9293-a8: not in (ISS, SND.NXT]: <SEQ=SEG.ACK><CTL=RST>, and nothing changes. */
START_TEST(unacceptable_ack_draws_a_reset)
{
	uint32_t ack = bad_acks[_i / 2];
	struct peer p;

	opening(&p, _i % 2);
	peer_tx(&p, seg(TCP_SYN | TCP_ACK, 0, ack, 0));
	peer_expect(&p, TCP_RST, ack, 0, 0);
	peer_tx(&p, seg_ack(0, ack));
	peer_expect(&p, TCP_RST, ack, 0, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_SYN_SENT), 2);
	connects(&p);
}
END_TEST

/* 9293-a9: a reset that acknowledges our SYN. */
START_TEST(reset_with_a_good_ack_refuses)
{
	struct peer p;

	opening(&p, _i);
	peer_tx(&p, seg(TCP_RST | TCP_ACK, 0, 1, 0));
	peer_expect_none(&p);
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_uint_eq(p.c.connected, 0);
	ck_assert_int_eq(p.reason, USTACK_END_REFUSED);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ATTEMPT_FAILS), 1);
	wire_check_state(&p, USTACK_CLOSED);
	peer_fini(&p);
}
END_TEST

/* 9293-a9: a blind one is dropped, and not answered. */
START_TEST(reset_without_a_good_ack_is_dropped)
{
	struct peer p;

	opening(&p, _i);
	peer_tx(&p, seg_rst(0));
	peer_tx(&p, seg(TCP_RST | TCP_ACK, 0, 0, 0));
	peer_tx(&p, seg(TCP_RST | TCP_ACK, 0, 2, 0));
	peer_tx(&p, seg(TCP_RST | TCP_SYN, 0, 0, 0));
	connects(&p);
}
END_TEST

/* 9293-a12: no SYN in it: no change of state. */
START_TEST(segment_without_syn_changes_nothing)
{
	struct peer p;

	opening(&p, _i);
	peer_tx(&p, seg(TCP_FIN, 0, 0, 0));
	peer_tx(&p, seg_ack(0, 1));
	peer_tx(&p, seg_fin(0, 1));
	peer_tx(&p, seg(0, 0, 0, 10));
	connects(&p);
}
END_TEST

/* 9293-a10: text in the SYN-ACK is taken and acknowledged. */
START_TEST(data_in_the_syn_ack_is_taken)
{
	struct peer p;

	opening(&p, _i);
	peer_tx(&p, seg(TCP_SYN | TCP_ACK, 0, 1, 100));
	peer_expect(&p, TCP_ACK, 1, 101, 0);
	peer_expect_none(&p);
	ck_assert_uint_eq(p.received, 100);
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_fini(&p);
}
END_TEST

/* 9293-a10: and so is a FIN. */
START_TEST(fin_in_the_syn_ack_is_taken)
{
	struct peer p;

	opening(&p, _i);
	peer_tx(&p, seg(TCP_SYN | TCP_FIN | TCP_ACK, 0, 1, 0));
	peer_expect(&p, TCP_ACK, 1, 2, 0);
	wire_check_state(&p, USTACK_CLOSE_WAIT);
	ck_assert_uint_eq(p.c.connected, 1);
	ck_assert_uint_eq(p.c.peer_closed, 1);
	peer_fini(&p);
}
END_TEST

/* MUST-22, MUST-23, 6298-1, 6298-5: 1, 2, 4 ... s, at least three minutes. */
START_TEST(syn_is_repeated_for_three_minutes)
{
	static const uint32_t gap_s[] = { 1, 2, 4, 8, 16, 32, 60 };
	struct peer p;
	struct pseg s;

	opening(&p, _i);
	for (uint32_t i = 0; i < WIRE_ROWS(gap_s); i++) {
		s = wire_expect_after(&p, 1000 * gap_s[i]);
		ck_assert_uint_eq(s.flags, TCP_SYN);
		ck_assert_uint_eq(s.seq, 0);
		ck_assert_uint_eq(s.mss, _i ? 1440 : 1460);
	}
	peer_advance(&p, SEC(59));
	ck_assert_uint_eq(p.c.closed, 0);
	peer_advance(&p, SEC(2));
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_TIMEOUT);
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_RETRANS_SYN), 7);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.10.2: what is queued before leaves with the handshake. */
START_TEST(data_queued_early_leaves_after_the_handshake)
{
	struct peer p;

	opening(&p, _i);
	ck_assert_int_eq((int)peer_send(&p, 100), 100);
	peer_expect_none(&p);
	peer_tx(&p, seg(TCP_SYN | TCP_ACK, 0, 1, 0));
	peer_expect(&p, TCP_ACK, 1, 1, 100);
	peer_expect_none(&p);
	peer_fini(&p);
}
END_TEST

/* 9293-a32: nothing more is sent, and a late SYN-ACK draws a reset. */
START_TEST(close_forgets_the_attempt)
{
	struct peer p;

	opening(&p, _i);
	wire_close(&p);
	ck_assert_uint_eq(p.c.closed, 1);
	peer_advance(&p, SEC(10));
	peer_expect_none(&p);
	peer_tx(&p, seg(TCP_SYN | TCP_ACK, 0, 1, 0));
	peer_expect(&p, TCP_RST, 1, 0, 0);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.10.5: ABORT in SYN-SENT sends nothing. */
START_TEST(abort_sends_nothing)
{
	struct peer p;

	opening(&p, _i);
	wire_abort(&p);
	peer_expect_none(&p);
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_ABORTED);
	peer_fini(&p);
}
END_TEST

/* 5681-2, 6298-6, 6298-10: the SYN was repeated. */
START_TEST(after_a_lost_syn_sending_starts_carefully)
{
	struct ustack_info info;
	struct peer p;

	opening(&p, _i);
	wire_expect_after(&p, 1000);
	peer_tx(&p, seg(TCP_SYN | TCP_ACK, 0, 1, 0));
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	info = peer_info(&p);
	ck_assert_uint_eq(info.cwnd, info.mss);
	ck_assert_uint_eq(info.srtt_us, 0);
	ck_assert_uint_eq(info.rto_us, 3000000);
	peer_fini(&p);
}
END_TEST

/* 6298-2: the handshake gives the first sample. */
START_TEST(handshake_gives_the_first_sample)
{
	struct ustack_info info;
	struct peer p;

	opening(&p, _i);
	peer_advance(&p, MS(400));
	peer_tx(&p, seg(TCP_SYN | TCP_ACK, 0, 1, 0));
	info = peer_info(&p);
	ck_assert_uint_eq(info.srtt_us, 400000);
	ck_assert_uint_eq(info.rttvar_us, 200000);
	ck_assert_uint_eq(info.rto_us, 1200000);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_syn_sent(void)
{
	Suite *s = suite_create("syn-sent");
	TCase *tc = wire_case(s, "segments");

	tcase_add_loop_test(tc, syn_offers_mss_timestamps_and_scaling, 0, 2);
	tcase_add_loop_test(tc, unacceptable_ack_draws_a_reset, 0,
			    2 * (int)WIRE_ROWS(bad_acks));
	tcase_add_loop_test(tc, reset_with_a_good_ack_refuses, 0, 2);
	tcase_add_loop_test(tc, reset_without_a_good_ack_is_dropped, 0, 2);
	tcase_add_loop_test(tc, segment_without_syn_changes_nothing, 0, 2);
	tcase_add_loop_test(tc, data_in_the_syn_ack_is_taken, 0, 2);
	tcase_add_loop_test(tc, fin_in_the_syn_ack_is_taken, 0, 2);
	tcase_add_loop_test(tc, syn_is_repeated_for_three_minutes, 0, 2);
	tcase_add_loop_test(tc, data_queued_early_leaves_after_the_handshake, 0,
			    2);
	tcase_add_loop_test(tc, close_forgets_the_attempt, 0, 2);
	tcase_add_loop_test(tc, abort_sends_nothing, 0, 2);
	tcase_add_loop_test(tc, after_a_lost_syn_sending_starts_carefully, 0,
			    2);
	tcase_add_loop_test(tc, handshake_gives_the_first_sample, 0, 2);
	return s;
}

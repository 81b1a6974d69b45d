/* SPDX-License-Identifier: MIT */
/*
 * test_simultaneous.c - both sides open at once (RFC 9293 section 3.5, figure 7)
 */

#include "suites.h"
#include "wire.h"

/* MUST-10, 9293-a11: the SYN-ACK keeps the ISS, an ACK completes. */
START_TEST(crossing_syns_connect)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_SYN_RCVD);
	peer_tx(&p, seg_ack(1, 1));
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_expect_none(&p);
	ck_assert_uint_eq(p.c.connected, 1);
	ck_assert_uint_eq(p.c.accepted, 0);
	peer_tx(&p, seg_data(1, 1, 100));
	ck_assert_uint_eq(p.received, 100);
	peer_advance(&p, MS(500));
	peer_expect(&p, TCP_ACK, 1, 101, 0);
	peer_send(&p, 50);
	peer_expect(&p, TCP_ACK, 1, 101, 50);
	peer_fini(&p);
}
END_TEST

/* The same before the SYN-ACK could leave: then there is no need of one. */
START_TEST(crossing_syn_and_its_ack_come_together)
{
	const struct pseg both[] = { seg(TCP_SYN, 0, 0, 0), seg_ack(1, 1) };
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_connect(&p);
	peer_expect(&p, TCP_SYN, 0, 0, 0);
	peer_tx_batch(&p, both, WIRE_ROWS(both));
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	peer_expect_none(&p);
	peer_tx(&p, seg_data(1, 1, 100));
	ck_assert_uint_eq(p.received, 100);
	peer_fini(&p);
}
END_TEST

/* MUST-10, RFC 9293 figure 8: crossing SYN-ACKs complete, and need no answer. */
START_TEST(crossing_syn_acks_connect)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_SYN_RCVD);
	peer_tx(&p, seg(TCP_SYN | TCP_ACK, 0, 1, 0));
	peer_expect_none(&p);
	wire_check_state(&p, USTACK_ESTABLISHED);
	ck_assert_uint_eq(p.c.connected, 1);
	peer_tx(&p, seg_data(1, 1, 100));
	ck_assert_uint_eq(p.received, 100);
	peer_fini(&p);
}
END_TEST

/* MUST-10: ours was lost: the peer's comes again and draws an ACK. */
START_TEST(repeated_syn_ack_draws_an_ack)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_SYN_RCVD);
	peer_tx(&p, seg(TCP_SYN | TCP_ACK, 0, 1, 0));
	peer_tx(&p, seg(TCP_SYN | TCP_ACK, 0, 1, 0));
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	peer_expect_none(&p);
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_fini(&p);
}
END_TEST

/* MUST-11: after an active open a reset in SYN-RECEIVED is a refusal. */
START_TEST(reset_in_syn_received_refuses)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_SYN_RCVD);
	peer_tx(&p, seg_rst(1));
	peer_expect_none(&p);
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_REFUSED);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ATTEMPT_FAILS), 1);
	peer_fini(&p);
}
END_TEST

/* 5961-2, 5961-3 and 5961-7 in this SYN-RECEIVED. */
START_TEST(inexact_reset_does_not_refuse)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_SYN_RCVD);
	peer_tx(&p, seg_rst(0));
	peer_expect_none(&p);
	peer_tx(&p, seg_rst(2));
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	wire_check_state(&p, USTACK_SYN_RCVD);
	peer_fini(&p);
}
END_TEST

/* 9293-a17. */
START_TEST(unacceptable_ack_draws_a_reset)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_SYN_RCVD);
	peer_tx(&p, seg_ack(1, 0));
	peer_expect(&p, TCP_RST, 0, 0, 0);
	peer_tx(&p, seg_ack(1, 2));
	peer_expect(&p, TCP_RST, 2, 0, 0);
	wire_check_state(&p, USTACK_SYN_RCVD);
	peer_tx(&p, seg_ack(1, 1));
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_fini(&p);
}
END_TEST

/* MUST-22: the SYN-ACK is repeated with backoff, then the attempt times out. */
START_TEST(syn_ack_is_repeated_and_given_up)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_SYN_RCVD);
	for (uint32_t i = 0; i < 5; i++) {
		s = wire_expect_after(&p, 1000u << i);
		ck_assert_uint_eq(s.flags, TCP_SYN | TCP_ACK);
		ck_assert_uint_eq(s.seq, 0);
		ck_assert_uint_eq(s.ack, 1);
	}
	peer_advance(&p, SEC(200));
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_TIMEOUT);
	peer_fini(&p);
}
END_TEST

/* 9293-a33: CLOSE in SYN-RECEIVED: data first, then FIN. */
START_TEST(close_sends_fin_behind_the_data)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_SYN_RCVD);
	peer_send(&p, 100);
	wire_shutdown(&p);
	peer_expect_none(&p);
	peer_tx(&p, seg_ack(1, 1));
	s = peer_expect(&p, TCP_FIN | TCP_ACK, 1, 1, 100);
	ck_assert(s.flags & TCP_PSH);
	wire_check_state(&p, USTACK_FIN_WAIT_1);
	peer_tx(&p, seg_ack(1, 102));
	wire_check_state(&p, USTACK_FIN_WAIT_2);
	peer_fini(&p);
}
END_TEST

/* 9293-a31: ABORT in SYN-RECEIVED resets. */
START_TEST(abort_in_syn_received_resets)
{
	struct peer p;
	struct pseg s = { 0 };

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_SYN_RCVD);
	wire_abort(&p);
	ck_assert(peer_rx(&p, &s));
	ck_assert(s.flags & TCP_RST);
	ck_assert_uint_eq(s.seq, 1);
	peer_fini(&p);
}
END_TEST

/* 7323-1, 7323-7: the SYN-ACK agrees to what the crossing SYN offered. */
START_TEST(options_are_agreed)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	peer_connect(&p);
	peer_expect(&p, TCP_SYN, 0, 0, 0);
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN,
				   .mss = 1000,
				   .has = TCP_OPT_HAS_TS | TCP_OPT_HAS_WSCALE,
				   .sack_ok = true,
				   .wscale = 3,
				   .tsval = 77 });
	s = peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	ck_assert_uint_eq(s.has, TCP_OPT_HAS_MSS | TCP_OPT_HAS_TS |
					 TCP_OPT_HAS_WSCALE |
					 TCP_OPT_HAS_SACK_OK);
	ck_assert_uint_eq(s.tsecr, 77);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 1,
				   .ack = 1,
				   .wnd = 1000,
				   .has = TCP_OPT_HAS_TS,
				   .tsval = 78,
				   .tsecr = s.tsval });
	ck_assert_uint_eq(peer_info(&p).snd_wnd, 8000);
	ck_assert_uint_eq(peer_info(&p).mss, 988);
	ck_assert(peer_info(&p).sack);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_simultaneous(void)
{
	Suite *s = suite_create("simultaneous");
	TCase *tc = wire_case(s, "open");

	tcase_add_loop_test(tc, crossing_syns_connect, 0, 2);
	tcase_add_loop_test(tc, crossing_syn_and_its_ack_come_together, 0, 2);
	tcase_add_loop_test(tc, crossing_syn_acks_connect, 0, 2);
	tcase_add_loop_test(tc, repeated_syn_ack_draws_an_ack, 0, 2);
	tcase_add_loop_test(tc, reset_in_syn_received_refuses, 0, 2);
	tcase_add_loop_test(tc, inexact_reset_does_not_refuse, 0, 2);
	tcase_add_loop_test(tc, unacceptable_ack_draws_a_reset, 0, 2);
	tcase_add_loop_test(tc, syn_ack_is_repeated_and_given_up, 0, 2);
	tcase_add_loop_test(tc, close_sends_fin_behind_the_data, 0, 2);
	tcase_add_loop_test(tc, abort_in_syn_received_resets, 0, 2);
	tcase_add_loop_test(tc, options_are_agreed, 0, 2);
	return s;
}

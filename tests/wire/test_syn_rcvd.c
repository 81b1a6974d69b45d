/* SPDX-License-Identifier: MIT */
/*
 * test_syn_rcvd.c - SYN-RECEIVED after a passive open: the SYN cache (RFC 9293
 *		     section 3.10.7.4, RFC 4987)
 */

#include "suites.h"
#include "wire.h"

static void half_open(struct peer *p, int v6)
{
	wire_init(p, v6, NULL);
	peer_tx(p, (struct pseg){ .flags = TCP_SYN, .mss = 1460 });
	peer_expect(p, TCP_SYN | TCP_ACK, 0, 1, 0);
	wire_check_state(p, USTACK_SYN_RCVD);
}

/* The entry is still there and a good ACK completes it. */
static void completes(struct peer *p)
{
	wire_check_state(p, USTACK_SYN_RCVD);
	peer_tx(p, seg_ack(1, 1));
	wire_check_state(p, USTACK_ESTABLISHED);
	ck_assert_uint_eq(p->c.accepted, 1);
	peer_fini(p);
}

/* 6298-1, 6298-9, 4987-5, MUST-22: again after 1, 2, 4, 8, 16 s, then forgotten. */
START_TEST(syn_ack_is_repeated_with_backoff_and_a_limit)
{
	struct peer p;
	struct pseg s;

	half_open(&p, _i);
	for (uint32_t i = 0; i < 5; i++) {
		s = wire_expect_after(&p, 1000u << i);
		ck_assert_uint_eq(s.flags, TCP_SYN | TCP_ACK);
		ck_assert_uint_eq(s.seq, 0);
		ck_assert_uint_eq(s.ack, 1);
	}
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_RETRANS_SYNACK), 5);
	peer_advance(&p, SEC(31));
	wire_check_state(&p, USTACK_SYN_RCVD);
	peer_advance(&p, SEC(1) + MS(1));
	wire_check_state(&p, USTACK_CLOSED);
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ATTEMPT_FAILS), 1);
	ck_assert_uint_eq(p.c.accepted + p.c.closed, 0);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.8.1: a repeated SYN draws the same SYN-ACK again. */
START_TEST(repeated_syn_draws_the_same_syn_ack)
{
	struct peer p;

	half_open(&p, _i);
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .mss = 1460 });
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_expect_none(&p);
	completes(&p);
}
END_TEST

static const uint32_t bad_acks[] = { 0, 2, 1000, 0x80000000u, 0xffffffffu };

/* 9293-a17, 4987-4: <SEQ=SEG.ACK><CTL=RST>, and the half-open connection stays. */
START_TEST(unacceptable_ack_draws_a_reset_and_the_entry_stays)
{
	uint32_t ack = bad_acks[_i / 2];
	struct peer p;

	half_open(&p, _i % 2);
	peer_tx(&p, seg_ack(1, ack));
	peer_expect(&p, TCP_RST, ack, 0, 0);
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_ACK), 1);
	completes(&p);
}
END_TEST

/* 9293-a18, 5961-7, MUST-11: back to LISTEN in silence. */
START_TEST(reset_at_rcv_nxt_returns_to_listen_in_silence)
{
	struct peer p;

	half_open(&p, _i);
	peer_tx(&p, seg_rst(1));
	peer_expect_none(&p);
	wire_check_state(&p, USTACK_CLOSED);
	ck_assert_uint_eq(p.c.accepted + p.c.closed, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ATTEMPT_FAILS), 1);
	peer_tx(&p, seg_ack(1, 1));
	peer_expect(&p, TCP_RST, 1, 0, 0);
	wire_check_listener(&p);
	peer_fini(&p);
}
END_TEST

/* 5961-2 and 5961-7: in the window, but not at its edge: challenge ACK. */
START_TEST(reset_inside_the_window_is_challenged)
{
	static const uint32_t at[] = { 2, 1000, 65535 };
	struct peer p;

	half_open(&p, _i % 2);
	peer_tx(&p, seg_rst(at[_i / 2]));
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_CHALLENGE_ACKS), 1);
	completes(&p);
}
END_TEST

/* 5961-6, res-3: half-open connections have a limit each, too. */
START_TEST(answers_of_a_half_open_connection_are_limited)
{
	struct peer p;

	half_open(&p, _i);
	for (uint32_t i = 0; i < 50; i++) {
		peer_tx(&p, seg_rst(2));
		peer_tx(&p, seg_ack(70000, 1));
	}
	ck_assert_uint_eq(peer_drain(&p), 10);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_CHALLENGE_ACKS_HELD),
			  90);
	p.isn_known = false; /* another one is not silenced */
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .sport = 50000 });
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_tx(&p,
		(struct pseg){ .flags = TCP_RST, .seq = 2, .sport = 50000 });
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	peer_fini(&p);
}
END_TEST

/* The same for a SYN that comes again and again: its sender may be forged. */
START_TEST(repeated_syns_draw_a_limited_number_of_answers)
{
	struct peer p;

	half_open(&p, _i);
	for (uint32_t i = 0; i < 100; i++)
		peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .mss = 1460 });
	ck_assert_uint_eq(peer_drain(&p), 10);
	completes(&p);
}
END_TEST

/* 5961-3 and 5961-7. */
START_TEST(reset_outside_the_window_is_dropped_in_silence)
{
	static const uint32_t at[] = { 0, 65536, 0x80000000u };
	struct peer p;

	half_open(&p, _i % 2);
	peer_tx(&p, seg_rst(at[_i / 2]));
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_RST), 1);
	completes(&p);
}
END_TEST

/* 9293-a14: what is not acceptable draws an ACK and is dropped. */
START_TEST(segment_outside_the_window_draws_an_ack)
{
	static const uint32_t at[] = { 0, 70000, 0x80000000u };
	struct peer p;

	half_open(&p, _i % 2);
	peer_tx(&p, seg_ack(at[_i / 2], 1));
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_SEQ), 1);
	completes(&p);
}
END_TEST

/* RFC 9293 section 3.10.7.4: a SYN of another incarnation, outside the window. */
START_TEST(other_syn_outside_the_window_draws_an_ack)
{
	struct peer p;

	half_open(&p, _i);
	peer_tx(&p, seg(TCP_SYN, 0x10000000u, 0, 0));
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	peer_expect_none(&p);
	completes(&p);
}
END_TEST

/* 9293-a16. */
START_TEST(segment_without_ack_is_dropped)
{
	struct peer p;

	half_open(&p, _i);
	peer_tx(&p, seg(0, 1, 0, 10));
	peer_tx(&p, seg(TCP_FIN, 1, 0, 0));
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_NO_ACK), 2);
	completes(&p);
}
END_TEST

/* RFC 9293 section 3.10.7.4: the rest of the completing segment is processed. */
START_TEST(data_in_the_final_ack_is_taken)
{
	struct peer p;

	half_open(&p, _i);
	peer_tx(&p, seg_data(1, 1, 100));
	wire_check_state(&p, USTACK_ESTABLISHED);
	ck_assert_uint_eq(p.received, 100);
	peer_fini(&p);
}
END_TEST

/* The same: a FIN in it leads on to CLOSE-WAIT. */
START_TEST(fin_in_the_final_ack_is_taken)
{
	struct peer p;

	half_open(&p, _i);
	peer_tx(&p, seg(TCP_FIN | TCP_ACK, 1, 1, 10));
	peer_expect(&p, TCP_ACK, 1, 12, 0);
	wire_check_state(&p, USTACK_CLOSE_WAIT);
	ck_assert_uint_eq(p.received, 10);
	ck_assert_uint_eq(p.c.peer_closed, 1);
	peer_fini(&p);
}
END_TEST

/* The final ACK was lost, and so was the first segment: the second completes. */
START_TEST(segment_out_of_order_completes_the_handshake)
{
	struct peer p;

	half_open(&p, _i);
	peer_tx(&p, seg_data(101, 1, 100));
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_data(1, 1, 100));
	peer_expect(&p, TCP_ACK, 1, 201, 0);
	ck_assert_uint_eq(p.received, 200);
	peer_fini(&p);
}
END_TEST

/* 5681-2, 6298-6, 6298-10: the SYN-ACK was repeated. */
START_TEST(after_a_lost_syn_ack_sending_starts_carefully)
{
	struct ustack_info info;
	struct peer p;

	half_open(&p, _i);
	wire_expect_after(&p, 1000);
	peer_tx(&p, seg_ack(1, 1));
	info = peer_info(&p);
	ck_assert_uint_eq(info.cwnd, info.mss);
	ck_assert_uint_eq(info.srtt_us, 0);
	ck_assert_uint_eq(info.rto_us, 3000000);
	ck_assert_uint_eq(info.retrans, 1);
	peer_send(&p, 4000);
	peer_expect(&p, TCP_ACK, 1, 1, info.mss);
	peer_expect_none(&p);
	wire_expect_after(&p, 3000);
	peer_fini(&p);
}
END_TEST

/* 6298-2: the handshake gives the first sample. */
START_TEST(handshake_gives_the_first_sample)
{
	struct ustack_info info;
	struct peer p;

	half_open(&p, _i);
	peer_advance(&p, MS(100));
	peer_tx(&p, seg_ack(1, 1));
	info = peer_info(&p);
	ck_assert_uint_eq(info.srtt_us, 100000);
	ck_assert_uint_eq(info.rttvar_us, 50000);
	ck_assert_uint_eq(info.rto_us, 300000);
	peer_fini(&p);
}
END_TEST

/* 6298-6: the SYN-ACK was sent twice, so its answer measures nothing. */
START_TEST(no_sample_after_a_repeated_syn)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_tx(&p, seg(TCP_SYN, 0, 0, 0));
	peer_advance(&p, MS(500));
	peer_tx(&p, seg(TCP_SYN, 0, 0, 0));
	peer_advance(&p, MS(100));
	peer_tx(&p, seg_ack(1, 1));
	ck_assert_uint_eq(peer_info(&p).srtt_us, 0);
	peer_fini(&p);
}
END_TEST

/* 7323-9: the handshake's last ACK must carry a timestamp too. */
START_TEST(final_ack_without_timestamp_is_dropped)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .has = TCP_OPT_HAS_TS });
	peer_drain(&p);
	peer_tx(&p, seg_ack(1, 1));
	peer_expect_none(&p);
	wire_check_state(&p, USTACK_SYN_RCVD);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_NO_TS), 1);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.10.7.4, fourth: passive SYN-RECEIVED: back to LISTEN. */
START_TEST(new_syn_in_the_window_returns_to_listen)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_tx(&p, seg(TCP_SYN, 0, 0, 0));
	peer_drain(&p);
	peer_tx(&p, seg(TCP_SYN, 500, 0, 0));
	peer_expect_none(&p);
	wire_check_state(&p, USTACK_CLOSED);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_SYN), 1);
	p.isn_known = false;
	peer_tx(&p, seg(TCP_SYN, 500, 0, 0)); /* it comes again */
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 501, 0);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_syn_rcvd(void)
{
	Suite *s = suite_create("syn-received");
	TCase *tc = wire_case(s, "segments");

	tcase_add_loop_test(tc, syn_ack_is_repeated_with_backoff_and_a_limit, 0,
			    2);
	tcase_add_loop_test(tc, repeated_syn_draws_the_same_syn_ack, 0, 2);
	tcase_add_loop_test(tc,
			    unacceptable_ack_draws_a_reset_and_the_entry_stays,
			    0, 2 * (int)WIRE_ROWS(bad_acks));
	tcase_add_loop_test(tc, reset_at_rcv_nxt_returns_to_listen_in_silence,
			    0, 2);
	tcase_add_loop_test(tc, reset_inside_the_window_is_challenged, 0, 6);
	tcase_add_loop_test(tc, answers_of_a_half_open_connection_are_limited,
			    0, 2);
	tcase_add_loop_test(tc, repeated_syns_draw_a_limited_number_of_answers,
			    0, 2);
	tcase_add_loop_test(tc, reset_outside_the_window_is_dropped_in_silence,
			    0, 6);
	tcase_add_loop_test(tc, segment_outside_the_window_draws_an_ack, 0, 6);
	tcase_add_loop_test(tc, other_syn_outside_the_window_draws_an_ack, 0,
			    2);
	tcase_add_loop_test(tc, segment_without_ack_is_dropped, 0, 2);
	tcase_add_loop_test(tc, data_in_the_final_ack_is_taken, 0, 2);
	tcase_add_loop_test(tc, fin_in_the_final_ack_is_taken, 0, 2);
	tcase_add_loop_test(tc, segment_out_of_order_completes_the_handshake, 0,
			    2);
	tcase_add_loop_test(tc, after_a_lost_syn_ack_sending_starts_carefully,
			    0, 2);
	tcase_add_loop_test(tc, handshake_gives_the_first_sample, 0, 2);
	tcase_add_loop_test(tc, no_sample_after_a_repeated_syn, 0, 2);
	tcase_add_loop_test(tc, final_ack_without_timestamp_is_dropped, 0, 2);
	tcase_add_loop_test(tc, new_syn_in_the_window_returns_to_listen, 0, 2);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_fin_wait.c - we close first: FIN-WAIT-1, FIN-WAIT-2, CLOSING, LAST-ACK
 *		     (RFC 9293 sections 3.6 and 3.10.7.4)
 */

#include "suites.h"
#include "wire.h"

/* 9293-a22: the FIN is acknowledged, then the peer closes. */
START_TEST(ack_of_fin_then_fin_leads_to_time_wait)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_FIN_WAIT_1);
	peer_tx(&p, seg_ack(1, 2));
	wire_check_state(&p, USTACK_FIN_WAIT_2);
	peer_expect_none(&p);
	peer_tx(&p, seg_fin(1, 2));
	peer_expect(&p, TCP_ACK, 2, 2, 0);
	wire_check_state(&p, USTACK_TIME_WAIT);
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_NORMAL);
	peer_fini(&p);
}
END_TEST

/* 9293-a22: FIN and the acknowledgement of ours in one segment. */
START_TEST(fin_that_acknowledges_ours_leads_to_time_wait)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_FIN_WAIT_1);
	peer_tx(&p, seg(TCP_FIN | TCP_ACK, 1, 2, 10));
	peer_expect(&p, TCP_ACK, 2, 12, 0);
	wire_check_state(&p, USTACK_TIME_WAIT);
	ck_assert_uint_eq(p.received, 10);
	peer_fini(&p);
}
END_TEST

/* 9293-a22, 9293-a25, 9293-a29: simultaneous close. */
START_TEST(crossing_fins_lead_through_closing)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_FIN_WAIT_1);
	peer_tx(&p, seg_fin(1, 1));
	peer_expect(&p, TCP_ACK, 2, 2, 0);
	wire_check_state(&p, USTACK_CLOSING);
	peer_tx(&p, seg_ack(2, 1)); /* does not cover our FIN */
	wire_check_state(&p, USTACK_CLOSING);
	peer_tx(&p, seg_ack(2, 2));
	wire_check_state(&p, USTACK_TIME_WAIT);
	ck_assert_int_eq(p.reason, USTACK_END_NORMAL);
	peer_fini(&p);
}
END_TEST

/* 9293-a22: data is acknowledged, the FIN behind it is not: no change. */
START_TEST(ack_of_data_alone_stays_in_fin_wait_1)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 100);
	wire_shutdown(&p);
	peer_drain(&p);
	peer_tx(&p, seg_ack(1, 101));
	wire_check_state(&p, USTACK_FIN_WAIT_1);
	peer_tx(&p, seg_ack(1, 102));
	wire_check_state(&p, USTACK_FIN_WAIT_2);
	peer_fini(&p);
}
END_TEST

static const enum ustack_state waits[] = { USTACK_FIN_WAIT_1,
					   USTACK_FIN_WAIT_2 };

/* 9293-a23: we have closed, the peer has not: its data goes on coming. */
START_TEST(data_still_comes_after_our_fin)
{
	enum ustack_state st = waits[_i / 2];
	struct wire_pos at;
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	at = wire_goto(&p, st);
	for (uint32_t i = 0; i < 10; i++)
		peer_tx(&p, seg_data(1 + 1000 * i,
				     at.snd - (st == USTACK_FIN_WAIT_1), 1000));
	ck_assert_uint_eq(p.received, 10000);
	ck_assert_uint_ge(peer_drain(&p), 5);
	wire_check_state(&p, st);
	peer_fini(&p);
}
END_TEST

/* 9293-a30: a FIN without answer is repeated with backoff. */
START_TEST(lost_fin_is_repeated_with_backoff)
{
	static const enum ustack_state st[] = { USTACK_FIN_WAIT_1,
						USTACK_CLOSING,
						USTACK_LAST_ACK };
	struct wire_pos at;
	struct peer p;
	struct pseg s;

	wire_init(&p, _i % 2, NULL);
	at = wire_goto(&p, st[_i / 2]);
	for (uint32_t i = 0; i < 6; i++) {
		s = wire_expect_after(&p, 200u << i);
		ck_assert_uint_eq(s.flags & TCP_FIN, TCP_FIN);
		ck_assert_uint_eq(s.seq, 1);
		ck_assert_uint_eq(s.ack, at.rcv);
	}
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_RETRANS_FIN), 6);
	wire_check_state(&p, st[_i / 2]);
	peer_tx(&p, seg_ack(at.rcv, 2));
	peer_advance(&p, SEC(20));
	peer_expect_none(&p);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.10.7.4: the peer repeats its FIN: it wants its ACK. */
START_TEST(repeated_fin_is_acknowledged)
{
	static const enum ustack_state st[] = { USTACK_CLOSE_WAIT,
						USTACK_CLOSING,
						USTACK_LAST_ACK };
	struct wire_pos at;
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	at = wire_goto(&p, st[_i / 2]);
	peer_tx(&p, seg_fin(1, 1));
	peer_expect(&p, TCP_ACK, at.snd, 2, 0);
	peer_expect_none(&p);
	wire_check_state(&p, st[_i / 2]);
	ck_assert_uint_eq(p.c.peer_closed, 1);
	peer_fini(&p);
}
END_TEST

/* 9293-a24, 9293-a25: CLOSE-WAIT sends on, closes, and is gone. */
START_TEST(close_wait_sends_then_ends_through_last_ack)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_CLOSE_WAIT);
	ck_assert_uint_eq(p.c.peer_closed, 1);
	peer_send(&p, 1000);
	peer_expect(&p, TCP_ACK, 1, 2, 1000);
	peer_tx(&p, seg_ack(2, 1001));
	wire_check_state(&p, USTACK_CLOSE_WAIT);
	wire_shutdown(&p);
	peer_expect(&p, TCP_FIN | TCP_ACK, 1001, 2, 0);
	wire_check_state(&p, USTACK_LAST_ACK);
	peer_tx(&p, seg_ack(2, 1002));
	wire_check_state(&p, USTACK_CLOSED);
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_NORMAL);
	peer_expect_none(&p);
	peer_fini(&p);
}
END_TEST

/* 9293-a33: the FIN leaves behind all queued data, with the last of it. */
START_TEST(fin_leaves_behind_the_data)
{
	struct peer p;
	uint32_t mss;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	mss = peer_info(&p).mss;
	peer_tx(&p, seg_wnd(1, 1, (uint16_t)mss));
	peer_send(&p, mss + 100);
	wire_shutdown(&p);
	wire_check_state(&p, USTACK_FIN_WAIT_1);
	peer_expect(&p, TCP_ACK, 1, 1, mss);
	peer_expect_none(&p);
	peer_tx(&p, seg_ack(1, 1 + mss));
	peer_expect(&p, TCP_FIN | TCP_ACK, 1 + mss, 1, 100);
	peer_fini(&p);
}
END_TEST

/* res-2: nobody reads any more: FIN-WAIT-2 ends by itself after 60 s. */
START_TEST(fin_wait_2_of_a_closed_connection_has_a_limit)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	wire_close(&p);
	peer_tx(&p, seg_ack(1, 2));
	peer_advance(&p, SEC(59));
	wire_check_state(&p, USTACK_FIN_WAIT_2);
	peer_advance(&p, SEC(2));
	wire_check_state(&p, USTACK_CLOSED);
	ck_assert_uint_eq(p.c.closed, 1);
	peer_fini(&p);
}
END_TEST

/* 9293-a23, MAY-1: who only shut down may wait as long as it likes. */
START_TEST(fin_wait_2_of_a_reader_has_no_limit)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_FIN_WAIT_2);
	peer_advance(&p, SEC(86400));
	wire_check_state(&p, USTACK_FIN_WAIT_2);
	peer_tx(&p, seg_data(1, 2, 10));
	ck_assert_uint_eq(p.received, 10);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_fin_wait(void)
{
	Suite *s = suite_create("closing");
	TCase *tc = wire_case(s, "FIN");

	tcase_add_loop_test(tc, ack_of_fin_then_fin_leads_to_time_wait, 0, 2);
	tcase_add_loop_test(tc, fin_that_acknowledges_ours_leads_to_time_wait,
			    0, 2);
	tcase_add_loop_test(tc, crossing_fins_lead_through_closing, 0, 2);
	tcase_add_loop_test(tc, ack_of_data_alone_stays_in_fin_wait_1, 0, 2);
	tcase_add_loop_test(tc, data_still_comes_after_our_fin, 0, 4);
	tcase_add_loop_test(tc, lost_fin_is_repeated_with_backoff, 0, 6);
	tcase_add_loop_test(tc, repeated_fin_is_acknowledged, 0, 6);
	tcase_add_loop_test(tc, close_wait_sends_then_ends_through_last_ack, 0,
			    2);
	tcase_add_loop_test(tc, fin_leaves_behind_the_data, 0, 2);
	tcase_add_loop_test(tc, fin_wait_2_of_a_closed_connection_has_a_limit,
			    0, 2);
	tcase_add_loop_test(tc, fin_wait_2_of_a_reader_has_no_limit, 0, 2);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_half_close.c - one direction is closed, the other goes on (RFC 9293
 *		       section 3.6, 9293-a23, 9293-a24)
 */

#include "suites.h"
#include "wire.h"

/* 9293-a23: a long transfer into FIN-WAIT-2, acknowledged as ever, to its end. */
START_TEST(fin_wait_2_receives_a_stream)
{
	uint32_t seq = 1, acks = 0;
	struct peer p;
	struct pseg s = { 0 };

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_FIN_WAIT_2);
	for (uint32_t i = 0; i < 200; i++, seq += 1400)
		peer_tx(&p, seg_data(seq, 2, 1400));
	while (peer_rx(&p, &s))
		acks++;
	ck_assert_uint_eq(s.ack, seq);
	ck_assert_uint_eq(s.seq, 2);
	ck_assert_uint_ge(acks, 100);
	ck_assert_uint_eq(p.received, 200 * 1400);
	peer_tx(&p, seg_fin(seq, 2));
	peer_expect(&p, TCP_ACK, 2, seq + 1, 0);
	wire_check_state(&p, USTACK_TIME_WAIT);
	ck_assert_uint_eq(p.c.peer_closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_NORMAL);
	peer_fini(&p);
}
END_TEST

/* 9293-a24: a long transfer out of CLOSE-WAIT, then the FIN. */
START_TEST(close_wait_sends_a_stream)
{
	uint32_t seq = 1, n;
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_CLOSE_WAIT);
	ck_assert_int_eq(peer_send(&p, 300000), 300000);
	wire_shutdown(&p);
	wire_check_state(&p, USTACK_LAST_ACK);
	while (wire_take(&p, &n) > 0) {
		seq += n;
		peer_tx(&p, seg_ack(2, seq));
	}
	ck_assert_uint_eq(seq, 300001);
	peer_tx(&p, seg_ack(2, seq + 1)); /* its FIN */
	wire_check_state(&p, USTACK_CLOSED);
	ck_assert_int_eq(p.reason, USTACK_END_NORMAL);
	peer_fini(&p);
}
END_TEST

/* 9293-a24: lost data is repeated in CLOSE-WAIT too. */
START_TEST(close_wait_repeats_lost_data)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_CLOSE_WAIT);
	peer_send(&p, 100);
	peer_expect(&p, TCP_ACK, 1, 2, 100);
	s = wire_expect_after(&p, 200);
	ck_assert_uint_eq(s.seq, 1);
	ck_assert_uint_eq(s.ack, 2);
	ck_assert_uint_eq(s.len, 100);
	peer_fini(&p);
}
END_TEST

/* 9293-a24, MUST-36: so is a closed window probed. */
START_TEST(close_wait_probes_a_closed_window)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_CLOSE_WAIT);
	peer_tx(&p, seg_wnd(2, 1, 0));
	peer_send(&p, 100);
	peer_expect_none(&p);
	s = wire_expect_after(&p, 200);
	ck_assert_uint_eq(s.len, 1);
	peer_tx(&p, seg_wnd(2, 2, 1000));
	peer_expect(&p, TCP_ACK, 2, 2, 99);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.10.2: no SEND after CLOSE; RECEIVE goes on. */
START_TEST(shutdown_ends_sending_only)
{
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	p.no_auto_read = true;
	wire_goto(&p, _i / 2 ? USTACK_FIN_WAIT_2 : USTACK_FIN_WAIT_1);
	ck_assert_int_eq(peer_send(&p, 10), -ERR_PIPE);
	ck_assert_int_eq(ustack_shutdown(p.h.s, p.conn), 0); /* once more */
	vhost_run(&p.h);
	peer_expect_none(&p);
	peer_tx(&p, seg_data(1, 1 + (uint32_t)_i / 2, 500));
	ck_assert_uint_eq(peer_read(&p, 1000), 500);
	peer_fini(&p);
}
END_TEST

/* MUST-39 in FIN-WAIT-2: the window shuts when nobody reads, and opens again. */
START_TEST(window_of_fin_wait_2_shuts_and_opens)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, wire_small_window);
	p.no_auto_read = true;
	wire_goto(&p, USTACK_FIN_WAIT_2);
	peer_tx(&p, seg_data(1, 2, 4096));
	s = peer_expect(&p, TCP_ACK, 2, 4097, 0);
	ck_assert_uint_eq(s.wnd, 0);
	ck_assert_uint_eq(peer_read(&p, 4096), 4096);
	vhost_run(&p.h);
	s = peer_expect(&p, TCP_ACK, 2, 4097, 0);
	ck_assert_uint_eq(s.wnd, 4096);
	peer_fini(&p);
}
END_TEST

/* MUST-12: a reset in the open direction is told from its end. */
START_TEST(reset_of_the_other_half_is_reported)
{
	struct wire_pos at;
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	at = wire_goto(&p, _i / 2 ? USTACK_FIN_WAIT_2 : USTACK_CLOSE_WAIT);
	peer_tx(&p, seg_rst(at.rcv));
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_RESET);
	ck_assert_uint_eq(p.c.peer_closed, _i / 2 == 0);
	peer_fini(&p);
}
END_TEST

/* 9293-a22: FIN-WAIT-1 with data in flight takes the peer's data and FIN. */
START_TEST(both_directions_end_with_data_in_flight)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 1000);
	wire_shutdown(&p);
	peer_expect(&p, TCP_ACK, 1, 1, 1000);
	peer_expect(&p, TCP_FIN | TCP_ACK, 1001, 1, 0);
	peer_tx(&p, seg(TCP_FIN | TCP_ACK, 1, 1, 700));
	peer_expect(&p, TCP_ACK, 1002, 702, 0);
	wire_check_state(&p, USTACK_CLOSING);
	ck_assert_uint_eq(p.received, 700);
	peer_tx(&p, seg_ack(702, 1001)); /* the data, not the FIN */
	wire_check_state(&p, USTACK_CLOSING);
	peer_tx(&p, seg_ack(702, 1002));
	wire_check_state(&p, USTACK_TIME_WAIT);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_half_close(void)
{
	Suite *s = suite_create("half-close");
	TCase *tc = wire_case(s, "directions");

	tcase_add_loop_test(tc, fin_wait_2_receives_a_stream, 0, 2);
	tcase_add_loop_test(tc, close_wait_sends_a_stream, 0, 2);
	tcase_add_loop_test(tc, close_wait_repeats_lost_data, 0, 2);
	tcase_add_loop_test(tc, close_wait_probes_a_closed_window, 0, 2);
	tcase_add_loop_test(tc, shutdown_ends_sending_only, 0, 4);
	tcase_add_loop_test(tc, window_of_fin_wait_2_shuts_and_opens, 0, 2);
	tcase_add_loop_test(tc, reset_of_the_other_half_is_reported, 0, 4);
	tcase_add_loop_test(tc, both_directions_end_with_data_in_flight, 0, 2);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_close_api.c - the service closes or aborts (RFC 9293 sections 3.10.4 and
 *		      3.10.5, SHLD-3)
 */

#include "suites.h"
#include "wire.h"

static void expect_reset(struct peer *p, uint32_t seq)
{
	struct pseg s = { 0 };

	ck_assert(peer_rx(p, &s));
	ck_assert_uint_eq(s.flags & (TCP_RST | TCP_SYN | TCP_FIN), TCP_RST);
	ck_assert_uint_eq(s.seq, seq);
	ck_assert_uint_eq(s.len, 0);
	peer_expect_none(p);
	ck_assert_uint_eq(p->c.closed, 1);
	ck_assert_int_eq(p->reason, USTACK_END_ABORTED);
	wire_check_state(p, USTACK_CLOSED);
}

static const enum ustack_state synchronized[] = { USTACK_ESTABLISHED,
						  USTACK_FIN_WAIT_1,
						  USTACK_FIN_WAIT_2,
						  USTACK_CLOSE_WAIT };

/* 9293-a31: <SEQ=SND.NXT><CTL=RST>. */
START_TEST(abort_resets_at_snd_nxt)
{
	struct wire_pos at;
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	at = wire_goto(&p, synchronized[_i / 2]);
	wire_abort(&p);
	expect_reset(&p, at.snd);
	peer_fini(&p);
}
END_TEST

/* 9293-a31: what is queued is dropped, sent or not. */
START_TEST(abort_drops_the_queues)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	p.no_auto_read = true;
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 100000);
	peer_tx(&p, seg_data(1, 1, 100));
	peer_drain(&p);
	wire_abort(&p);
	expect_reset(&p, 1 + 10 * (_i ? 1440 : 1460));
	peer_advance(&p, SEC(10));
	peer_expect_none(&p);
	peer_fini(&p);
}
END_TEST

/* SHLD-3: what came was never read: the peer must learn that. */
START_TEST(close_with_unread_data_resets)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	p.no_auto_read = true;
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_data(1, 1, 100));
	wire_close(&p);
	expect_reset(&p, 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ABORT_ON_DATA), 1);
	peer_fini(&p);
}
END_TEST

/* SHLD-3: in CLOSE-WAIT too. */
START_TEST(close_with_unread_data_and_fin_resets)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	p.no_auto_read = true;
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg(TCP_FIN | TCP_ACK, 1, 1, 100));
	peer_expect(&p, TCP_ACK, 1, 102, 0);
	wire_close(&p);
	expect_reset(&p, 1);
	peer_fini(&p);
}
END_TEST

/* SHLD-3: data that comes after close, in FIN-WAIT-1 and FIN-WAIT-2. */
START_TEST(data_after_close_resets)
{
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	wire_close(&p);
	peer_expect(&p, TCP_FIN | TCP_ACK, 1, 1, 0);
	if (_i / 2)
		peer_tx(&p, seg_ack(1, 2));
	peer_tx(&p, seg_data(1, 1 + (uint32_t)_i / 2, 10));
	expect_reset(&p, 2);
	ck_assert_uint_eq(p.received, 0);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.6: a full close, and the peer's FIN behind it. */
START_TEST(close_without_unread_data_is_orderly)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 100);
	wire_close(&p);
	peer_expect(&p, TCP_ACK, 1, 1, 100);
	peer_expect(&p, TCP_FIN | TCP_ACK, 101, 1, 0);
	peer_tx(&p, seg_ack(1, 102));
	peer_tx(&p, seg_fin(1, 102));
	peer_expect(&p, TCP_ACK, 102, 2, 0);
	wire_check_state(&p, USTACK_TIME_WAIT);
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_NORMAL);
	peer_fini(&p);
}
END_TEST

/* MUST-12: end of stream and reset are different things to the service. */
START_TEST(normal_close_is_told_from_a_reset)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_fin(1, 1));
	ck_assert_uint_eq(p.c.peer_closed, 1);
	ck_assert_uint_eq(p.c.closed, 0);
	peer_tx(&p, seg_rst(2));
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_RESET);
	peer_fini(&p);
}
END_TEST

/* MUST-12: the end is told only when all before it was read. */
START_TEST(end_of_stream_comes_after_the_data)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	p.no_auto_read = true;
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg(TCP_FIN | TCP_ACK, 1, 1, 100));
	ck_assert_uint_eq(p.c.peer_closed, 0);
	ck_assert_uint_eq(peer_read(&p, 60), 60);
	vhost_run(&p.h);
	ck_assert_uint_eq(p.c.peer_closed, 0);
	ck_assert_uint_eq(peer_read(&p, 60), 40);
	vhost_run(&p.h);
	ck_assert_uint_eq(p.c.peer_closed, 1);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.10.2, 3.10.4: calls after the end say so. */
START_TEST(calls_after_close_report_errors)
{
	struct ustack_info info;
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_FIN_WAIT_2);
	ck_assert_int_eq((int)peer_send(&p, 1), -ERR_PIPE);
	ck_assert_int_eq(ustack_shutdown(p.h.s, p.conn), 0);
	peer_tx(&p, seg_fin(1, 2));
	ck_assert_int_eq((int)peer_send(&p, 1), -ERR_NOENT);
	ck_assert_int_eq(ustack_info(p.h.s, p.conn, &info), -ERR_NOENT);
	ck_assert_int_eq(ustack_close(p.h.s, p.conn), -ERR_NOENT);
	ck_assert_int_eq(ustack_abort(p.h.s, p.conn), -ERR_NOENT);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_close_api(void)
{
	Suite *s = suite_create("close and abort");
	TCase *tc = wire_case(s, "calls");

	tcase_add_loop_test(tc, abort_resets_at_snd_nxt, 0,
			    2 * (int)WIRE_ROWS(synchronized));
	tcase_add_loop_test(tc, abort_drops_the_queues, 0, 2);
	tcase_add_loop_test(tc, close_with_unread_data_resets, 0, 2);
	tcase_add_loop_test(tc, close_with_unread_data_and_fin_resets, 0, 2);
	tcase_add_loop_test(tc, data_after_close_resets, 0, 4);
	tcase_add_loop_test(tc, close_without_unread_data_is_orderly, 0, 2);
	tcase_add_loop_test(tc, normal_close_is_told_from_a_reset, 0, 2);
	tcase_add_loop_test(tc, end_of_stream_comes_after_the_data, 0, 2);
	tcase_add_loop_test(tc, calls_after_close_report_errors, 0, 2);
	return s;
}

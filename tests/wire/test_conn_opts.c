/* SPDX-License-Identifier: MIT */
/*
 * test_conn_opts.c - options of a connection, seen on the wire: cork, segment
 *		      size, SYN count, linger, half-closing for reading, R1
 */

#include "suites.h"
#include "wire.h"

static void set(struct peer *p, enum ustack_opt opt, uint64_t value)
{
	ck_assert_int_eq(ustack_setopt(p->h.s, p->conn, opt, value), 0);
}

/* ------------------------------------------------------------------- cork */

/* MAY-16: what is short waits until the cork is drawn. */
START_TEST(cork_holds_what_is_short)
{
	uint32_t mss = _i ? 1440 : 1460;
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	set(&p, USTACK_OPT_NODELAY, 1);
	set(&p, USTACK_OPT_CORK, 1);
	for (int i = 0; i < 3; i++)
		peer_send(&p, 100);
	peer_expect_none(&p);
	peer_send(&p, mss);
	peer_expect(&p, TCP_ACK, 1, 1, mss);
	peer_expect_none(&p);
	set(&p, USTACK_OPT_CORK, 0);
	vhost_run(&p.h);
	peer_expect(&p, TCP_ACK, 1 + mss, 1, 300);
	peer_fini(&p);
}
END_TEST

/* MUST-60: but not for ever: 200 ms, as Linux, after a long idle time too. */
START_TEST(cork_gives_way_after_200_ms)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	set(&p, USTACK_OPT_CORK, 1);
	peer_advance(&p, SEC(5000));
	peer_send(&p, 100);
	ck_assert_uint_eq(wire_expect_after(&p, 200).len, 100);
	ck_assert_uint_eq(peer_info(&p).backoff, 0);
	peer_tx(&p, seg_ack(1, 101));
	peer_send(&p, 50);
	ck_assert_uint_eq(wire_expect_after(&p, 200).len, 50);
	peer_fini(&p);
}
END_TEST

/* MUST-60: FIN takes what is held along. */
START_TEST(fin_draws_the_cork)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	set(&p, USTACK_OPT_CORK, 1);
	peer_send(&p, 100);
	wire_shutdown(&p);
	peer_expect(&p, TCP_FIN | TCP_ACK, 1, 1, 100);
	peer_fini(&p);
}
END_TEST

/* ---------------------------------------------------------- segment size */

/* MUST-14, MUST-16: what is announced, and what is sent. */
START_TEST(maxseg_bounds_both_directions)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_connect(&p);
	set(&p, USTACK_OPT_MAXSEG, 600);
	ck_assert_uint_eq(peer_drain(&p), 1); /* the first SYN had left */
	peer_fini(&p);

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	set(&p, USTACK_OPT_MAXSEG, 600);
	peer_send(&p, 1500);
	peer_expect(&p, TCP_ACK, 1, 1, 600);
	peer_expect(&p, TCP_ACK, 601, 1, 600);
	peer_tx(&p, seg_ack(1, 1201));
	peer_expect(&p, TCP_ACK, 1201, 1, 300);
	set(&p, USTACK_OPT_MAXSEG, 0);
	peer_tx(&p, seg_ack(1, 1501));
	peer_send(&p, 1440);
	peer_expect(&p, TCP_ACK, 1501, 1, 1440);
	peer_fini(&p);
}
END_TEST

/* MUST-14: set before the SYN leaves, it is what the SYN says. */
START_TEST(maxseg_before_the_syn_is_announced)
{
	struct ustack_connect_args a = { .rport = PEER_PORT };
	struct peer p;

	wire_init(&p, _i, NULL);
	a.remote = vhost_addr(_i ? "fd07::1" : "10.7.0.1");
	a.ops_id = p.ops_id;
	a.ctx = (uint64_t)(uintptr_t)&p;
	ck_assert_int_eq(ustack_connect(p.h.s, &a, &p.conn), 0);
	set(&p, USTACK_OPT_MAXSEG, 600);
	vhost_run(&p.h);
	ck_assert_uint_eq(peer_expect(&p, TCP_SYN, 0, 0, 0).mss, 600);
	peer_fini(&p);
}
END_TEST

/* ------------------------------------------------------------- listeners */

/* MUST-14, MUST-48, MUST-49: from the SYN-ACK on. */
START_TEST(listener_tells_what_its_connections_begin_with)
{
	struct ustack_listen_args l = { .port = 99,
					.backlog = 1,
					.ttl = 9,
					.tos = 0x28,
					.maxseg = 500 };
	struct peer p;
	struct pseg s = seg(TCP_SYN, 0, 0, 0);

	wire_init(&p, _i, NULL);
	l.ops_id = p.ops_id;
	l.ctx = (uint64_t)(uintptr_t)&p;
	ck_assert_int_ge(ustack_listen(p.h.s, &l), 0);
	s.mss = 1400;
	s.dport = 99;
	peer_tx(&p, s);
	s = peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	ck_assert_uint_eq(s.mss, 500);
	ck_assert_uint_eq(s.ttl, 9);
	ck_assert_uint_eq(s.tos, 0x28);
	s = seg_ack(1, 1);
	s.dport = 99;
	peer_tx(&p, s);
	peer_send(&p, 600);
	s = peer_expect(&p, TCP_ACK, 1, 1, 500);
	ck_assert_uint_eq(s.ttl, 9);
	ck_assert_uint_eq(s.tos, 0x28);
	ck_assert_uint_eq(peer_info(&p).adv_mss, 500);
	l.port = 98;
	l.maxseg = 87;
	ck_assert_int_eq(ustack_listen(p.h.s, &l), -ERR_INVAL);
	peer_fini(&p);
}
END_TEST

/* ------------------------------------------------------------------- SYN */

/* MUST-22: as often as the application allows. */
START_TEST(syncnt_bounds_the_syn)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_connect(&p);
	set(&p, USTACK_OPT_SYNCNT, 2);
	peer_drain(&p);
	wire_expect_after(&p, 1000);
	wire_expect_after(&p, 2000);
	peer_advance(&p, MS(4100));
	peer_expect_none(&p);
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_TIMEOUT);
	peer_fini(&p);
}
END_TEST

/* ---------------------------------------------------------------- linger */

/* RFC 9293 section 3.10.5: linger of nothing is an abort. */
START_TEST(linger_of_nothing_resets_at_close)
{
	struct peer p;
	struct pseg s = { 0 };

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	set(&p, USTACK_OPT_LINGER, 0);
	peer_send(&p, 100);
	peer_drain(&p);
	wire_close(&p);
	ck_assert(peer_rx(&p, &s));
	ck_assert_uint_eq(s.flags & TCP_RST, TCP_RST);
	ck_assert_uint_eq(s.seq, 101);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ABORT_ON_LINGER), 1);
	wire_check_state(&p, USTACK_CLOSED);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.6: FIN first, a reset when the time has run out. */
START_TEST(linger_resets_when_its_time_has_run_out)
{
	struct peer p;
	struct pseg s = { 0 };

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	set(&p, USTACK_OPT_LINGER, SEC(5));
	peer_advance(&p, SEC(3600));
	wire_close(&p);
	peer_expect(&p, TCP_FIN | TCP_ACK, 1, 1, 0);
	peer_advance(&p, MS(4900));
	ck_assert_uint_eq(p.c.closed, 0);
	peer_drain(&p);
	peer_advance(&p, MS(200));
	while (peer_rx(&p, &s))
		;
	ck_assert_uint_eq(s.flags & TCP_RST, TCP_RST);
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_TIMEOUT);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.6: all was delivered in time: an orderly end. */
START_TEST(linger_does_nothing_once_all_is_delivered)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	set(&p, USTACK_OPT_LINGER, SEC(5));
	wire_close(&p);
	peer_expect(&p, TCP_FIN | TCP_ACK, 1, 1, 0);
	peer_tx(&p, seg_ack(1, 2));
	peer_advance(&p, SEC(10));
	wire_check_state(&p, USTACK_FIN_WAIT_2);
	peer_tx(&p, seg_fin(1, 2));
	ck_assert_int_eq(p.reason, USTACK_END_NORMAL);
	peer_fini(&p);
}
END_TEST

/* res-2: the limit of FIN-WAIT-2, of one connection. */
START_TEST(linger2_bounds_fin_wait_2)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	set(&p, USTACK_OPT_LINGER2, SEC(5));
	wire_close(&p);
	peer_tx(&p, seg_ack(1, 2));
	peer_advance(&p, MS(4900));
	wire_check_state(&p, USTACK_FIN_WAIT_2);
	peer_advance(&p, MS(200));
	wire_check_state(&p, USTACK_CLOSED);
	peer_fini(&p);
}
END_TEST

/* ---------------------------------------------------------- reading ends */

/* MAY-1: what comes is acknowledged, dropped, and leaves the window open. */
START_TEST(shutdown_read_discards_and_acknowledges)
{
	uint32_t seq = 1;
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, wire_small_window);
	p.no_auto_read = true;
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_data(seq, 1, 1000));
	seq += 1000;
	ck_assert_int_eq(ustack_shutdown_read(p.h.s, p.conn), 0);
	ck_assert_uint_eq(peer_info(&p).rcvq, 0);
	for (int i = 0; i < 10; i++, seq += 1000)
		peer_tx(&p, seg_data(seq, 1, 1000));
	peer_advance(&p, MS(100));
	while (peer_rx(&p, &s))
		;
	ck_assert_uint_eq(s.ack, seq);
	ck_assert_uint_ge(s.wnd, 2000);
	ck_assert_uint_eq(p.received, 0);
	peer_send(&p, 10); /* the other direction lives */
	peer_expect(&p, TCP_ACK, 1, seq, 10);
	peer_tx(&p, seg_fin(seq, 11));
	wire_check_state(&p, USTACK_CLOSE_WAIT);
	wire_close(&p); /* nothing is unread: no reset (SHLD-3) */
	wire_check_state(&p, USTACK_LAST_ACK);
	peer_fini(&p);
}
END_TEST

/* ------------------------------------------------------------- R1 and R2 */

/* SHLD-9, SHLD-10, MUST-20: told at the third repetition, closed at R2. */
START_TEST(service_is_told_at_r1)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 100);
	peer_advance(&p, MS(1300)); /* 200, 600 ms */
	ck_assert_uint_eq(p.c.soft_error, 0);
	peer_advance(&p, MS(200)); /* 1400 ms */
	ck_assert_uint_eq(p.c.soft_error, 1);
	ck_assert_int_eq(p.soft_error, ERR_TIMEDOUT);
	ck_assert_uint_eq(p.c.closed, 0);
	peer_advance(&p, SEC(1000));
	ck_assert_uint_eq(p.c.soft_error, 1);
	ck_assert_uint_eq(p.c.closed, 1);
	peer_fini(&p);
}
END_TEST

/* SHLD-9, SHLD-20: it has said no. */
START_TEST(service_can_decline_to_be_told)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	set(&p, USTACK_OPT_SOFT_ERRORS, 0);
	peer_send(&p, 100);
	peer_advance(&p, SEC(100));
	ck_assert_uint_eq(p.c.soft_error, 0);
	ck_assert_int_eq(peer_info(&p).soft_err, ERR_TIMEDOUT);
	peer_drain(&p);
	peer_tx(&p, seg_ack(1, 101)); /* progress: all is well again */
	ck_assert_int_eq(peer_info(&p).soft_err, ERR_NONE);
	peer_fini(&p);
}
END_TEST

/* MUST-22, SHLD-9: the SYN is no exception. */
START_TEST(service_is_told_of_an_unanswered_syn)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_connect(&p);
	peer_advance(&p, MS(6900));
	ck_assert_uint_eq(p.c.soft_error, 0);
	peer_advance(&p, MS(200));
	ck_assert_uint_eq(p.c.soft_error, 1);
	peer_fini(&p);
}
END_TEST

/* MUST-37, MUST-20: silence before the window shut says nothing. */
START_TEST(idle_time_does_not_count_against_a_probe)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_wnd(1, 1, 0));
	peer_advance(&p, SEC(5000));
	peer_send(&p, 100);
	wire_expect_after(&p, 200);
	wire_expect_after(&p, 400);
	wire_expect_after(&p, 800);
	ck_assert_uint_eq(p.c.closed, 0);
	peer_advance(&p, SEC(1000));
	ck_assert_uint_eq(p.c.closed, 1);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_conn_opts(void)
{
	Suite *s = suite_create("connection options");
	TCase *tc = wire_case(s, "options");

	tcase_add_loop_test(tc, cork_holds_what_is_short, 0, 2);
	tcase_add_loop_test(tc, cork_gives_way_after_200_ms, 0, 2);
	tcase_add_loop_test(tc, fin_draws_the_cork, 0, 2);
	tcase_add_loop_test(tc, maxseg_bounds_both_directions, 0, 2);
	tcase_add_loop_test(tc, maxseg_before_the_syn_is_announced, 0, 2);
	tcase_add_loop_test(tc, listener_tells_what_its_connections_begin_with,
			    0, 2);
	tcase_add_loop_test(tc, syncnt_bounds_the_syn, 0, 2);
	tcase_add_loop_test(tc, linger_of_nothing_resets_at_close, 0, 2);
	tcase_add_loop_test(tc, linger_resets_when_its_time_has_run_out, 0, 2);
	tcase_add_loop_test(tc, linger_does_nothing_once_all_is_delivered, 0,
			    2);
	tcase_add_loop_test(tc, linger2_bounds_fin_wait_2, 0, 2);
	tcase_add_loop_test(tc, shutdown_read_discards_and_acknowledges, 0, 2);
	tcase_add_loop_test(tc, service_is_told_at_r1, 0, 2);
	tcase_add_loop_test(tc, service_can_decline_to_be_told, 0, 2);
	tcase_add_loop_test(tc, service_is_told_of_an_unanswered_syn, 0, 2);
	tcase_add_loop_test(tc, idle_time_does_not_count_against_a_probe, 0, 2);
	return s;
}

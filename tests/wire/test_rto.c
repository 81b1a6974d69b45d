/* SPDX-License-Identifier: MIT */
/*
 * test_rto.c - the retransmission timer (RFC 6298; RFC 9293 section 3.8.3)
 *
 * peer_open() takes no time, so that RTO is at its minimum of 200 ms: a
 * deviation from 6298-4 that rtt.h records.
 */

#include "suites.h"
#include "wire.h"

/* A connection whose handshake took @rtt_ms. */
static void open_slowly(struct peer *p, int v6, uint32_t rtt_ms)
{
	wire_init(p, v6, NULL);
	peer_tx(p, (struct pseg){ .flags = TCP_SYN, .mss = 1460 });
	peer_expect(p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_advance(p, MS(rtt_ms));
	peer_tx(p, seg_ack(1, 1));
}

/* 6298-2, 6298-5, 6298-9: RTT 400 ms: RTO 1.2 s, 2.4, 4.8, ... up to the cap. */
START_TEST(first_sample_sets_the_timeout_and_it_doubles)
{
	static const uint32_t gap_ms[] = { 1200,  2400,	 4800,	9600,
					   19200, 38400, 60000, 60000 };
	struct peer p;
	struct pseg s;

	open_slowly(&p, _i, 400);
	peer_send(&p, 100);
	peer_expect(&p, TCP_ACK, 1, 1, 100);
	for (uint32_t i = 0; i < WIRE_ROWS(gap_ms); i++) {
		s = wire_expect_after(&p, gap_ms[i]);
		ck_assert_uint_eq(s.seq, 1);
		ck_assert_uint_eq(s.len, 100);
	}
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_TIMEOUTS), 8);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_RETRANS_RTO), 8);
	peer_fini(&p);
}
END_TEST

/* A deviation from 6298-4: the least timeout is 200 ms, not 1 s, as Linux. */
START_TEST(least_timeout_is_200_ms)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED); /* in no time */
	peer_send(&p, 100);
	peer_expect(&p, TCP_ACK, 1, 1, 100);
	wire_expect_after(&p, 200);
	peer_fini(&p);
}
END_TEST

/* 6298-3, MUST-18: 400, 200, 300, 1000 ms; rounded to nearest at each step. */
START_TEST(later_samples_are_folded_in)
{
	static const struct {
		uint32_t r_ms, srtt_us, var_us;
	} step[] = { { 200, 375000, 200000 },
		     { 300, 365625, 168750 },
		     { 1000, 444922, 285156 } };
	struct ustack_info info;
	uint32_t seq = 1;
	struct peer p;

	open_slowly(&p, _i, 400);
	for (uint32_t i = 0; i < WIRE_ROWS(step); i++) {
		peer_send(&p, 100);
		peer_advance(&p, MS(step[i].r_ms));
		seq += 100;
		peer_tx(&p, seg_ack(1, seq));
		info = peer_info(&p);
		ck_assert_uint_eq(info.srtt_us, step[i].srtt_us);
		ck_assert_uint_eq(info.rttvar_us, step[i].var_us);
		ck_assert_uint_eq(info.rto_us,
				  step[i].srtt_us + 4 * step[i].var_us);
	}
	ck_assert_uint_eq(info.rtt_min_us, 200000);
	peer_fini(&p);
}
END_TEST

/* 6298-6 (Karn): no sample from what was sent twice, and the backoff stays. */
START_TEST(no_sample_from_a_retransmission)
{
	struct ustack_info before, after;
	struct peer p;

	open_slowly(&p, _i, 400);
	peer_send(&p, 100);
	before = peer_info(&p);
	wire_take(&p, &(uint32_t){ 0 });
	wire_expect_after(&p, 1200);
	peer_advance(&p, MS(50));
	peer_tx(&p, seg_ack(1, 101));
	after = peer_info(&p);
	ck_assert_uint_eq(after.srtt_us, before.srtt_us);
	ck_assert_uint_eq(after.rttvar_us, before.rttvar_us);
	ck_assert_uint_eq(after.rto_us, 2400000);

	peer_send(&p, 100); /* a good sample ends it */
	peer_advance(&p, MS(400));
	peer_tx(&p, seg_ack(1, 201));
	ck_assert_uint_lt(peer_info(&p).rto_us, 1200000);
	ck_assert_uint_eq(peer_info(&p).backoff, 0);
	peer_fini(&p);
}
END_TEST

/* 6298-6: nor from an ACK that covers one among others. */
START_TEST(no_sample_when_a_copy_is_among_what_is_acknowledged)
{
	uint32_t mss, srtt_us;
	struct peer p;

	open_slowly(&p, _i, 400);
	mss = peer_info(&p).mss;
	srtt_us = peer_info(&p).srtt_us;
	ck_assert_int_eq(ustack_setopt(p.h.s, p.conn, USTACK_OPT_NODELAY, 1),
			 0);
	for (uint32_t i = 0; i < 5; i++)
		peer_send(&p, mss);
	for (uint32_t i = 0; i < 3; i++)
		peer_tx(&p, seg_ack(1, 1));
	peer_advance(&p, MS(50));
	peer_tx(&p, seg_ack(1, 1 + 5 * mss));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_RETRANS_FAST), 1);
	ck_assert_uint_eq(peer_info(&p).unacked, 0);
	ck_assert_uint_eq(peer_info(&p).srtt_us, srtt_us);
	peer_fini(&p);
}
END_TEST

/* 6298-8: an ACK of new data starts the timer anew. */
START_TEST(partial_ack_restarts_the_timer)
{
	struct peer p;
	struct pseg s;

	open_slowly(&p, _i, 400);
	ck_assert_int_eq(ustack_setopt(p.h.s, p.conn, USTACK_OPT_NODELAY, 1),
			 0);
	peer_send(&p, 100);
	peer_send(&p, 100);
	ck_assert_uint_eq(peer_drain(&p), 2);
	peer_advance(&p, MS(1080));
	peer_tx(&p, seg_ack(1, 101));
	ck_assert_uint_eq(peer_info(&p).rto_us, 1765000);
	s = wire_expect_after(&p, 1765);
	ck_assert_uint_eq(s.seq, 101);
	peer_fini(&p);
}
END_TEST

/* 6298-8: all is acknowledged: no timer. */
START_TEST(timer_stops_when_all_is_acknowledged)
{
	struct ustack_gauges g;
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 5000);
	peer_drain(&p);
	peer_tx(&p, seg_ack(1, 5001));
	peer_advance(&p, SEC(100));
	peer_expect_none(&p);
	ustack_gauges(p.h.s, &g);
	ck_assert_uint_eq(g.timers, 0);
	peer_fini(&p);
}
END_TEST

/* MUST-20, SHLD-11: the peer is silent: at least 100 s, and not for ever. */
START_TEST(silence_ends_the_connection_after_r2)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 100);
	peer_advance(&p, SEC(100));
	ck_assert_uint_eq(p.c.closed, 0);
	peer_advance(&p, SEC(900));
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_TIMEOUT);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ABORT_ON_TIMEOUT), 1);
	peer_fini(&p);
}
END_TEST

/* MUST-21, 5482-3: the application chooses R2. */
START_TEST(user_timeout_moves_r2)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	ck_assert_int_eq(ustack_setopt(p.h.s, p.conn, USTACK_OPT_USER_TIMEOUT,
				       SEC(5)),
			 0);
	peer_send(&p, 100);
	peer_advance(&p, SEC(5) - MS(1));
	ck_assert_uint_eq(p.c.closed, 0);
	peer_advance(&p, SEC(5)); /* at the expiry that follows */
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_TIMEOUT);
	peer_fini(&p);
}
END_TEST

/* MUST-21: it can be longer than the default, too. */
START_TEST(user_timeout_can_be_longer)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	ck_assert_int_eq(ustack_setopt(p.h.s, p.conn, USTACK_OPT_USER_TIMEOUT,
				       SEC(7200)),
			 0);
	peer_send(&p, 100);
	peer_advance(&p, SEC(7100));
	ck_assert_uint_eq(p.c.closed, 0);
	peer_advance(&p, SEC(200));
	ck_assert_int_eq(p.reason, USTACK_END_TIMEOUT);
	peer_fini(&p);
}
END_TEST

/* MUST-21: it bounds the FIN's wait, and that against a closed window. */
START_TEST(user_timeout_bounds_every_wait)
{
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	ck_assert_int_eq(ustack_setopt(p.h.s, p.conn, USTACK_OPT_USER_TIMEOUT,
				       SEC(5)),
			 0);
	if (_i / 2) {
		peer_tx(&p, seg_wnd(1, 1, 0));
		peer_send(&p, 100);
	} else {
		wire_close(&p);
	}
	peer_advance(&p, SEC(5) - MS(1));
	ck_assert_uint_eq(p.c.closed, 0);
	peer_advance(&p, SEC(5));
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_TIMEOUT);
	peer_fini(&p);
}
END_TEST

/* MUST-21: it says nothing about a connection that waits for nothing. */
START_TEST(user_timeout_spares_an_idle_connection)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	ck_assert_int_eq(ustack_setopt(p.h.s, p.conn, USTACK_OPT_USER_TIMEOUT,
				       SEC(5)),
			 0);
	peer_advance(&p, SEC(86400));
	peer_expect_none(&p);
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_fini(&p);
}
END_TEST

/* MUST-20: progress sets the clock of R2 back. */
START_TEST(progress_keeps_the_connection)
{
	uint32_t seq = 1;
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	ck_assert_int_eq(ustack_setopt(p.h.s, p.conn, USTACK_OPT_USER_TIMEOUT,
				       SEC(30)),
			 0);
	for (uint32_t i = 0; i < 20; i++) {
		peer_send(&p, 100);
		peer_advance(&p, SEC(20));
		seq += 100;
		peer_tx(&p, seg_ack(1, seq));
		peer_drain(&p);
	}
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_rto(void)
{
	Suite *s = suite_create("rto");
	TCase *tc = wire_case(s, "timer");

	tcase_add_loop_test(tc, first_sample_sets_the_timeout_and_it_doubles, 0,
			    2);
	tcase_add_loop_test(tc, least_timeout_is_200_ms, 0, 2);
	tcase_add_loop_test(tc, later_samples_are_folded_in, 0, 2);
	tcase_add_loop_test(tc, no_sample_from_a_retransmission, 0, 2);
	tcase_add_loop_test(
		tc, no_sample_when_a_copy_is_among_what_is_acknowledged, 0, 2);
	tcase_add_loop_test(tc, partial_ack_restarts_the_timer, 0, 2);
	tcase_add_loop_test(tc, timer_stops_when_all_is_acknowledged, 0, 2);
	tcase_add_loop_test(tc, silence_ends_the_connection_after_r2, 0, 2);
	tcase_add_loop_test(tc, user_timeout_moves_r2, 0, 2);
	tcase_add_loop_test(tc, user_timeout_can_be_longer, 0, 2);
	tcase_add_loop_test(tc, user_timeout_bounds_every_wait, 0, 4);
	tcase_add_loop_test(tc, user_timeout_spares_an_idle_connection, 0, 2);
	tcase_add_loop_test(tc, progress_keeps_the_connection, 0, 2);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_keepalive.c - probes of an idle peer (RFC 9293 section 3.8.4)
 */

#include "suites.h"
#include "wire.h"

static void set(struct peer *p, enum ustack_opt opt, uint64_t value)
{
	ck_assert_int_eq(ustack_setopt(p->h.s, p->conn, opt, value), 0);
	vhost_run(&p->h);
}

/* Idle 10 s, every 2 s, three times. */
static void begin(struct peer *p, int v6)
{
	wire_init(p, v6, NULL);
	wire_goto(p, USTACK_ESTABLISHED);
	set(p, USTACK_OPT_KEEPALIVE, 1);
	set(p, USTACK_OPT_KEEPIDLE, SEC(10));
	set(p, USTACK_OPT_KEEPINTVL, SEC(2));
	set(p, USTACK_OPT_KEEPCNT, 3);
}

static void expect_probe(struct peer *p, uint64_t after_ms)
{
	struct pseg s = wire_expect_after(p, after_ms);

	ck_assert_uint_eq(s.flags, TCP_ACK);
	ck_assert_uint_eq(s.seq, 0); /* SND.NXT - 1 (SHLD-12) */
	ck_assert_uint_eq(s.ack, 1);
	ck_assert_uint_eq(s.len, 0);
}

/* MUST-25: nobody asked: a day in silence. */
START_TEST(idle_connection_sends_nothing_by_default)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_advance(&p, SEC(86400));
	peer_expect_none(&p);
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_fini(&p);
}
END_TEST

/* MAY-5, MUST-24, MUST-28: two hours, then every 75 s, nine times. */
START_TEST(defaults_are_two_hours_75_s_and_nine_probes)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	set(&p, USTACK_OPT_KEEPALIVE, 1);
	expect_probe(&p, 7200000);
	for (int i = 1; i < 9; i++)
		expect_probe(&p, 75000);
	ck_assert_uint_eq(p.c.closed, 0);
	peer_advance(&p, SEC(76));
	peer_expect_none(&p);
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_TIMEOUT);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_KEEPALIVES), 9);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ABORT_ON_KEEPALIVE), 1);
	peer_fini(&p);
}
END_TEST

/* MUST-27, SHLD-12: times are the application's, probes empty (MAY-6). */
START_TEST(times_and_count_can_be_set)
{
	struct peer p;

	begin(&p, _i);
	expect_probe(&p, 10000);
	expect_probe(&p, 2000);
	expect_probe(&p, 2000);
	peer_advance(&p, SEC(3));
	ck_assert_uint_eq(p.c.closed, 1);
	peer_fini(&p);
}
END_TEST

/* MUST-29: the third probe is the one that is answered. */
START_TEST(unanswered_probe_is_not_death)
{
	struct peer p;

	begin(&p, _i);
	for (int round = 0; round < 3; round++) {
		expect_probe(&p, 10000);
		expect_probe(&p, 2000);
		expect_probe(&p, 2000);
		peer_tx(&p, seg_ack(1, 1));
		ck_assert_uint_eq(peer_info(&p).probes, 0);
	}
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_fini(&p);
}
END_TEST

/* MUST-26: whatever comes starts the wait anew. */
START_TEST(segment_from_the_peer_puts_the_probe_off)
{
	struct peer p;

	begin(&p, _i);
	for (uint32_t i = 0; i < 5; i++) {
		peer_advance(&p, SEC(9));
		peer_tx(&p, seg_data(1 + i, 1, 1));
		peer_advance(&p, MS(100));
		peer_drain(&p);
	}
	peer_advance(&p, MS(9800));
	peer_expect_none(&p);
	peer_advance(&p, MS(200));
	ck_assert_uint_eq(peer_drain(&p), 1);
	peer_fini(&p);
}
END_TEST

/* MUST-26: data in flight is its own probe. */
START_TEST(no_probe_while_data_is_outstanding)
{
	struct peer p;

	begin(&p, _i);
	peer_send(&p, 100);
	peer_advance(&p, SEC(60));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_KEEPALIVES), 0);
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_drain(&p);
	peer_tx(&p, seg_ack(1, 101));
	ck_assert_uint_eq(wire_expect_after(&p, 10000).seq, 100);
	peer_fini(&p);
}
END_TEST

/* 5482-3: a user timeout bounds the wait instead of the count, as in Linux. */
START_TEST(user_timeout_ends_an_idle_connection)
{
	struct peer p;

	begin(&p, _i);
	set(&p, USTACK_OPT_USER_TIMEOUT, SEC(11));
	expect_probe(&p, 10000);
	peer_advance(&p, MS(2100));
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_TIMEOUT);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.8.4: a peer that forgot us answers with a reset. */
START_TEST(reset_in_answer_ends_the_connection)
{
	struct peer p;

	begin(&p, _i);
	expect_probe(&p, 10000);
	peer_tx(&p, seg_rst(1));
	ck_assert_int_eq(p.reason, USTACK_END_RESET);
	peer_fini(&p);
}
END_TEST

/* MUST-24: and it can be switched off again. */
START_TEST(switching_off_stops_the_probes)
{
	struct peer p;

	begin(&p, _i);
	expect_probe(&p, 10000);
	set(&p, USTACK_OPT_KEEPALIVE, 0);
	peer_advance(&p, SEC(3600));
	peer_expect_none(&p);
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_fini(&p);
}
END_TEST

static void all_on(struct ustack_config *cfg)
{
	cfg->keepalive = true;
	cfg->keepalive_idle_us = SEC(20);
}

/* MUST-25: off unless the configuration says otherwise. */
START_TEST(configuration_can_turn_it_on_for_all)
{
	struct peer p;

	wire_init(&p, _i, all_on);
	wire_goto(&p, USTACK_CLOSE_WAIT);
	ck_assert_uint_eq(wire_expect_after(&p, 20000).seq, 0);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.8.4: a probe of the peer's is answered. */
START_TEST(probe_of_the_peer_is_answered)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_ack(0, 1));
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	peer_tx(&p, seg_data(0, 1, 1)); /* (MAY-6) */
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	ck_assert_uint_eq(p.received, 0);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_keepalive(void)
{
	Suite *s = suite_create("keepalive");
	TCase *tc = wire_case(s, "idle");

	tcase_add_loop_test(tc, idle_connection_sends_nothing_by_default, 0, 2);
	tcase_add_loop_test(tc, defaults_are_two_hours_75_s_and_nine_probes, 0,
			    2);
	tcase_add_loop_test(tc, times_and_count_can_be_set, 0, 2);
	tcase_add_loop_test(tc, unanswered_probe_is_not_death, 0, 2);
	tcase_add_loop_test(tc, segment_from_the_peer_puts_the_probe_off, 0, 2);
	tcase_add_loop_test(tc, no_probe_while_data_is_outstanding, 0, 2);
	tcase_add_loop_test(tc, user_timeout_ends_an_idle_connection, 0, 2);
	tcase_add_loop_test(tc, reset_in_answer_ends_the_connection, 0, 2);
	tcase_add_loop_test(tc, switching_off_stops_the_probes, 0, 2);
	tcase_add_loop_test(tc, configuration_can_turn_it_on_for_all, 0, 2);
	tcase_add_loop_test(tc, probe_of_the_peer_is_answered, 0, 2);
	return s;
}

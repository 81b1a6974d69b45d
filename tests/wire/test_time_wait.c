/* SPDX-License-Identifier: MIT */
/*
 * test_time_wait.c - TIME-WAIT and what may end it (RFC 9293 section 3.6.1, RFC
 *		      6191, RFC 1337)
 */

#include "suites.h"
#include "wire.h"

#define MSL2_S 60u

/* MUST-13: 2 MSL, no more and no less. */
START_TEST(lasts_two_msl)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_TIME_WAIT);
	peer_advance(&p, SEC(MSL2_S) - MS(1));
	wire_check_state(&p, USTACK_TIME_WAIT);
	peer_advance(&p, MS(2));
	wire_check_state(&p, USTACK_CLOSED);
	peer_tx(&p, seg_fin(1, 2));
	peer_expect(&p, TCP_RST, 2, 0, 0);
	peer_fini(&p);
}
END_TEST

/* 9293-a26: the peer's FIN again: ACK, and 2 MSL from the start. */
START_TEST(repeated_fin_is_acknowledged_and_restarts_the_wait)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_TIME_WAIT);
	peer_advance(&p, SEC(MSL2_S / 2));
	peer_tx(&p, seg_fin(1, 2));
	peer_expect(&p, TCP_ACK, 2, 2, 0);
	peer_advance(&p, SEC(MSL2_S) - MS(1));
	wire_check_state(&p, USTACK_TIME_WAIT);
	peer_advance(&p, MS(2));
	wire_check_state(&p, USTACK_CLOSED);
	peer_fini(&p);
}
END_TEST

/* 1337-1: a reset does not end it early. */
START_TEST(reset_does_not_end_it)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_TIME_WAIT);
	peer_tx(&p, seg_rst(2));
	peer_tx(&p, seg_rst(3));
	peer_expect_none(&p);
	wire_check_state(&p, USTACK_TIME_WAIT);
	peer_fini(&p);
}
END_TEST

/* 9293-a14 in TIME-WAIT: old data draws an ACK; an ACK in order none. */
START_TEST(old_data_is_acknowledged)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_TIME_WAIT);
	peer_tx(&p, seg_ack(2, 2));
	peer_expect_none(&p);
	peer_tx(&p, seg_data(0, 2, 1));
	peer_expect(&p, TCP_ACK, 2, 2, 0);
	wire_check_state(&p, USTACK_TIME_WAIT);
	peer_fini(&p);
}
END_TEST

/* clang-format off */
static const struct {
	const char *name;
	bool old_ts, new_ts;	/* timestamps in the old and the new connection */
	int32_t ts;		/* of the new SYN, from the last one seen */
	uint32_t seq;		/* of the new SYN; RCV.NXT was 2 */
	bool reused;
} reuse[] = {
	{ "larger seq",			   false, false, 0,   3,	    true },
	{ "seq at RCV.NXT",		   false, false, 0,   2,	    false },
	{ "smaller seq",		   false, false, 0,   1,	    false },
	{ "much smaller seq",		   false, false, 0,   0x90000000u,  false },
	{ "newer ts, smaller seq",	   true,  true,	 1,   0x90000000u,  true },
	{ "newer ts, larger seq",	   true,  true,	 500, 1000,	    true },
	{ "equal ts, larger seq",	   true,  true,	 0,   3,	    true },
	{ "equal ts, smaller seq",	   true,  true,	 0,   1,	    false },
	{ "older ts, larger seq",	   true,  true,	 -1,  1000,	    false },
	{ "ts gone, larger seq",	   true,  false, 0,   3,	    true },
	{ "ts gone, smaller seq",	   true,  false, 0,   1,	    false },
	{ "ts new, larger seq",		   false, true,	 0,   3,	    true },
	{ "ts new, smaller seq",	   false, true,	 0,   1,	    false },
};
/* clang-format on */

#define TS_START 1000u

static void go_with_ts(struct peer *p)
{
	struct pseg s;

	s = peer_open_with(p, (struct pseg){ .mss = 1460,
					     .has = TCP_OPT_HAS_TS,
					     .tsval = TS_START });
	wire_shutdown(p);
	peer_expect(p, TCP_FIN | TCP_ACK, 1, 1, 0);
	peer_tx(p, (struct pseg){ .flags = TCP_FIN | TCP_ACK,
				  .seq = 1,
				  .ack = 2,
				  .has = TCP_OPT_HAS_TS,
				  .tsval = TS_START,
				  .tsecr = s.tsval });
	peer_expect(p, TCP_ACK, 2, 2, 0);
}

/* 6191-1 to 6191-4, MAY-2, SHLD-4: which SYN cannot be an old duplicate. */
START_TEST(syn_reopens_by_the_rules_of_6191)
{
	int i = _i / 2;
	struct pseg syn = seg(TCP_SYN, reuse[i].seq, 0, 0);
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	if (reuse[i].old_ts)
		go_with_ts(&p);
	else
		wire_goto(&p, USTACK_TIME_WAIT);
	peer_advance(&p, SEC(1));
	if (reuse[i].new_ts) {
		syn.has = TCP_OPT_HAS_TS;
		syn.tsval = TS_START + (uint32_t)reuse[i].ts;
	}
	if (reuse[i].reused)
		p.isn_known = false;
	peer_tx(&p, syn);
	if (reuse[i].reused)
		peer_expect(&p, TCP_SYN | TCP_ACK, 0, reuse[i].seq + 1, 0);
	else
		peer_expect(&p, TCP_ACK, 2, 2, 0);
	wire_check_state(&p,
			 reuse[i].reused ? USTACK_SYN_RCVD : USTACK_TIME_WAIT);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_TIME_WAIT_REUSED),
			  reuse[i].reused);
	peer_fini(&p);
}
END_TEST

/* MAY-2 condition (1), 6191-5: the new ISN lies above all that was sent. */
START_TEST(isn_after_time_wait_is_above_the_old_numbers)
{
	uint32_t end, seq = 1, mss, n;
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	mss = peer_info(&p).mss;
	for (uint32_t i = 0; i < 20; i++) {
		peer_send(&p, 10 * mss);
		wire_take(&p, &n);
		seq += n;
		peer_tx(&p, seg_ack(1, seq));
	}
	wire_shutdown(&p);
	peer_drain(&p);
	end = p.stack_isn + seq + 1;
	peer_tx(&p, seg_fin(1, seq + 1));
	wire_check_state(&p, USTACK_TIME_WAIT);
	peer_drain(&p);
	p.isn_known = false;
	peer_tx(&p, seg(TCP_SYN, 1000, 0, 0));
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1001, 0);
	ck_assert_int_gt((int32_t)(p.stack_isn - end), 0);
	peer_fini(&p);
}
END_TEST

/* 5961-6, res-3: what TIME-WAIT says is limited for each connection. */
START_TEST(answers_are_limited)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_TIME_WAIT);
	for (uint32_t i = 0; i < 100; i++)
		peer_tx(&p, seg_data(1, 2, 100));
	ck_assert_uint_le(peer_drain(&p), 10);
	ck_assert_uint_ge(peer_counter(&p, USTACK_C_TCP_CHALLENGE_ACKS_HELD),
			  90);
	peer_advance(&p, SEC(1));
	peer_tx(&p, seg_data(1, 2, 100));
	peer_expect(&p, TCP_ACK, 2, 2, 0);
	peer_fini(&p);
}
END_TEST

/* 7323-12: an old copy of the FIN, by its timestamp: no restart. */
START_TEST(old_fin_does_not_restart_the_wait)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	go_with_ts(&p);
	peer_advance(&p, SEC(MSL2_S / 2));
	peer_tx(&p, (struct pseg){ .flags = TCP_FIN | TCP_ACK,
				   .seq = 1,
				   .ack = 2,
				   .has = TCP_OPT_HAS_TS,
				   .tsval = TS_START - 1 });
	peer_expect(&p, TCP_ACK, 2, 2, 0);
	peer_advance(&p, SEC(MSL2_S / 2) + MS(1));
	wire_check_state(&p, USTACK_CLOSED);
	peer_fini(&p);
}
END_TEST

/* 1337-1: nothing but a good SYN that is listened for ends it early. */
START_TEST(nobody_can_assassinate_it)
{
	static const uint8_t flags[] = { TCP_RST,
					 TCP_RST | TCP_ACK,
					 TCP_ACK,
					 TCP_FIN | TCP_ACK,
					 TCP_SYN | TCP_ACK,
					 TCP_SYN | TCP_RST,
					 0 };
	static const uint32_t at[] = { 0, 1, 2, 3, 100000, 0x80000000u };
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_TIME_WAIT);
	for (uint32_t i = 0; i < sizeof(flags); i++)
		for (uint32_t k = 0; k < WIRE_ROWS(at); k++)
			for (uint32_t len = 0; len < 2; len++)
				peer_tx(&p, seg(flags[i], at[k], at[k], len));
	wire_check_state(&p, USTACK_TIME_WAIT);
	ustack_unlisten(p.h.s, p.listener);
	peer_drain(&p);
	peer_advance(&p, SEC(1));
	peer_tx(&p, seg(TCP_SYN, 1000, 0, 0));
	peer_expect(&p, TCP_ACK, 2, 2, 0);
	wire_check_state(&p, USTACK_TIME_WAIT);
	peer_fini(&p);
}
END_TEST

/* 7323-7: the ACK of TIME-WAIT carries timestamps too. */
START_TEST(ack_carries_timestamps)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	go_with_ts(&p);
	peer_tx(&p, (struct pseg){ .flags = TCP_FIN | TCP_ACK,
				   .seq = 1,
				   .ack = 2,
				   .has = TCP_OPT_HAS_TS,
				   .tsval = TS_START });
	s = peer_expect(&p, TCP_ACK, 2, 2, 0);
	ck_assert_uint_eq(s.has, TCP_OPT_HAS_TS);
	ck_assert_uint_eq(s.tsecr, TS_START);
	peer_fini(&p);
}
END_TEST

/* MUST-13: an active open does not take the place of one in TIME-WAIT. */
START_TEST(connect_to_the_same_pair_is_refused)
{
	struct ustack_connect_args a = { .rport = PEER_PORT,
					 .lport = STACK_PORT };
	struct ustack_conn c;
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_TIME_WAIT);
	a.remote = vhost_addr(_i ? "fd07::1" : "10.7.0.1");
	a.ops_id = p.ops_id;
	ck_assert_int_eq(ustack_connect(p.h.s, &a, &c), -ERR_ADDRINUSE);
	peer_fini(&p);
}
END_TEST

static void two_only(struct ustack_config *cfg)
{
	cfg->max_time_wait = 2;
}

static void close_from(struct peer *p, uint16_t port)
{
	p->isn_known = false;
	peer_tx(p, (struct pseg){ .flags = TCP_SYN, .sport = port });
	peer_tx(p, (struct pseg){ .flags = TCP_ACK,
				  .seq = 1,
				  .ack = 1,
				  .sport = port });
	wire_shutdown(p);
	peer_tx(p, (struct pseg){ .flags = TCP_FIN | TCP_ACK,
				  .seq = 1,
				  .ack = 2,
				  .sport = port });
	peer_drain(p);
}

/* Limit of max_time_wait: the oldest makes room. */
START_TEST(oldest_makes_room)
{
	struct peer p;

	wire_init(&p, _i, two_only);
	for (uint16_t i = 0; i < 5; i++)
		close_from(&p, (uint16_t)(1000 + i));
	ck_assert_uint_eq(peer_states(&p, USTACK_TIME_WAIT), 2);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_TIME_WAIT_EVICTED), 3);
	ck_assert_uint_eq(p.c.closed, 5);
	peer_tx(&p, (struct pseg){ .flags = TCP_FIN | TCP_ACK,
				   .seq = 1,
				   .ack = 2,
				   .sport = 1004 });
	peer_expect(&p, TCP_ACK, 2, 2, 0);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_time_wait(void)
{
	Suite *s = suite_create("time-wait");
	TCase *tc = wire_case(s, "segments");

	tcase_add_loop_test(tc, lasts_two_msl, 0, 2);
	tcase_add_loop_test(
		tc, repeated_fin_is_acknowledged_and_restarts_the_wait, 0, 2);
	tcase_add_loop_test(tc, reset_does_not_end_it, 0, 2);
	tcase_add_loop_test(tc, old_data_is_acknowledged, 0, 2);
	tcase_add_loop_test(tc, syn_reopens_by_the_rules_of_6191, 0,
			    2 * (int)WIRE_ROWS(reuse));
	tcase_add_loop_test(tc, answers_are_limited, 0, 2);
	tcase_add_loop_test(tc, old_fin_does_not_restart_the_wait, 0, 2);
	tcase_add_loop_test(tc, nobody_can_assassinate_it, 0, 2);
	tcase_add_loop_test(tc, ack_carries_timestamps, 0, 2);
	tcase_add_loop_test(tc, connect_to_the_same_pair_is_refused, 0, 2);
	tcase_add_loop_test(tc, oldest_makes_room, 0, 2);
	tcase_add_loop_test(tc, isn_after_time_wait_is_above_the_old_numbers, 0,
			    2);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_rst.c - resets and SYNs against synchronized connections (RFC 9293
 *		section 3.10.7.4, second and fourth; RFC 5961)
 */

#include "suites.h"
#include "wire.h"

#define WND 65535u

static const enum ustack_state synchronized[] = {
	USTACK_ESTABLISHED, USTACK_FIN_WAIT_1, USTACK_FIN_WAIT_2,
	USTACK_CLOSE_WAIT,  USTACK_CLOSING,    USTACK_LAST_ACK,
};
#define STATES ((int)WIRE_ROWS(synchronized))

/* 5961-1, MUST-12: exactly at RCV.NXT ends every state, and is told apart. */
START_TEST(reset_at_rcv_nxt_ends_the_connection)
{
	struct wire_pos at;
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	at = wire_goto(&p, synchronized[_i / 2]);
	peer_tx(&p, seg_rst(at.rcv));
	peer_expect_none(&p);
	wire_check_state(&p, USTACK_CLOSED);
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_RESET);
	peer_fini(&p);
}
END_TEST

/* SHLD-2: data in a reset is no reason to ignore it. */
START_TEST(reset_with_data_is_a_reset)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg(TCP_RST | TCP_ACK, 1, 1, 10));
	peer_expect_none(&p);
	ck_assert_uint_eq(p.received, 0);
	ck_assert_int_eq(p.reason, USTACK_END_RESET);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.10.7.4: the ACK field of a reset is not looked at. */
START_TEST(reset_with_any_ack_is_a_reset)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg(TCP_RST | TCP_ACK, 1, 0x70000000u, 0));
	peer_expect_none(&p);
	ck_assert_int_eq(p.reason, USTACK_END_RESET);
	peer_fini(&p);
}
END_TEST

/* 5961-2: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, in every state. */
START_TEST(reset_inside_the_window_is_challenged)
{
	enum ustack_state st = synchronized[_i / 2 % STATES];
	bool last = _i / 2 / STATES;
	struct wire_pos at;
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	at = wire_goto(&p, st);
	peer_tx(&p, seg_rst(at.rcv + (last ? WND - 2 : 1)));
	peer_expect(&p, TCP_ACK, at.snd, at.rcv, 0);
	peer_expect_none(&p);
	wire_check_state(&p, st);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_CHALLENGE_ACKS), 1);
	peer_fini(&p);
}
END_TEST

/* 5961-3: in every state, on both sides. */
START_TEST(reset_outside_the_window_is_dropped_in_silence)
{
	enum ustack_state st = synchronized[_i / 2 % STATES];
	bool above = _i / 2 / STATES;
	struct wire_pos at;
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	at = wire_goto(&p, st);
	peer_tx(&p, seg_rst(at.rcv + (above ? WND : 0u - 1u)));
	peer_expect_none(&p);
	wire_check_state(&p, st);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_RST), 1);
	peer_fini(&p);
}
END_TEST

/* 5961-3: a reset that starts below RCV.NXT is outside, however long it is. */
START_TEST(reset_from_below_the_window_is_dropped)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg(TCP_RST, 1u - 1000u, 0, 1400));
	peer_expect_none(&p);
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_fini(&p);
}
END_TEST

/* MUST-66: the window is shut, the reset counts all the same. */
START_TEST(reset_counts_with_a_closed_window)
{
	struct peer p;

	wire_init(&p, _i, wire_small_window);
	p.no_auto_read = true;
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_data(1, 1, 4096));
	peer_advance(&p, MS(100));
	ck_assert_uint_eq(peer_info(&p).rcv_wnd, 0);
	peer_drain(&p);
	peer_tx(&p, seg_rst(4096));
	peer_tx(&p, seg_rst(4098));
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_rst(4097));
	wire_check_state(&p, USTACK_CLOSED);
	ck_assert_int_eq(p.reason, USTACK_END_RESET);
	peer_fini(&p);
}
END_TEST

static const uint32_t syn_at[] = {
	0, 0u - 100000, 1, 1000, 100000, 0x80000001u
};

/* 5961-4: a SYN at any number, in every state, with ACK or without. */
START_TEST(syn_is_challenged)
{
	enum ustack_state st = synchronized[_i / 2 % STATES];
	struct wire_pos at;
	struct peer p;

	wire_init(&p, _i / 2 / STATES, NULL);
	at = wire_goto(&p, st);
	for (uint32_t i = 0; i < WIRE_ROWS(syn_at); i++) {
		peer_tx(&p, seg(_i % 2 ? TCP_SYN | TCP_ACK : TCP_SYN,
				at.rcv - 1 + syn_at[i], at.snd, 0));
		peer_expect(&p, TCP_ACK, at.snd, at.rcv, 0);
		peer_expect_none(&p);
	}
	wire_check_state(&p, st);
	peer_fini(&p);
}
END_TEST

/* 5961-4: the peer restarted: the challenge makes it reset, then it gets in. */
START_TEST(restarted_peer_gets_in_after_its_reset)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg(TCP_SYN, 500000, 0, 0));
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	peer_tx(&p, seg_rst(1)); /* <SEQ=SEG.ACK> */
	ck_assert_int_eq(p.reason, USTACK_END_RESET);
	p.isn_known = false;
	peer_tx(&p, seg(TCP_SYN, 500000, 0, 0));
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 500001, 0);
	peer_fini(&p);
}
END_TEST

/* 5961-6: the limit is a connection's own, so that it tells nobody anything. */
START_TEST(challenges_are_limited_per_connection)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	for (uint32_t i = 0; i < 100; i++)
		peer_tx(&p, seg_rst(2));
	ck_assert_uint_eq(peer_drain(&p), 10);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_CHALLENGE_ACKS_HELD),
			  90);

	p.isn_known = false; /* a second one is not silenced */
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .sport = 50000 });
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 1,
				   .ack = 1,
				   .sport = 50000 });
	peer_tx(&p,
		(struct pseg){ .flags = TCP_RST, .seq = 2, .sport = 50000 });
	peer_expect(&p, TCP_ACK, 1, 1, 0);

	peer_advance(&p, SEC(1)); /* and the first one gets more in time */
	peer_tx(&p, seg_rst(2));
	ck_assert_uint_eq(peer_drain(&p), 1);
	peer_fini(&p);
}
END_TEST

static void no_challenge_limit(struct ustack_config *cfg)
{
	cfg->challenge_rate = 0;
}

/* Design section 4: the limit can be switched off. */
START_TEST(challenge_limit_can_be_switched_off)
{
	struct peer p;

	wire_init(&p, _i, no_challenge_limit);
	wire_goto(&p, USTACK_ESTABLISHED);
	for (uint32_t i = 0; i < 100; i++)
		peer_tx(&p, seg_rst(2));
	ck_assert_uint_eq(peer_drain(&p), 100);
	peer_fini(&p);
}
END_TEST

/* MUST-12: data that came before the reset is not what the service gets. */
START_TEST(reset_drops_the_queues)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	p.no_auto_read = true;
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_data(1, 1, 1000));
	peer_send(&p, 1000);
	peer_drain(&p);
	peer_tx(&p, seg_rst(1001));
	ck_assert_int_eq(p.reason, USTACK_END_RESET);
	peer_advance(&p, SEC(10));
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ESTAB_RESETS), 1);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_rst(void)
{
	Suite *s = suite_create("reset");
	TCase *tc = wire_case(s, "synchronized");

	tcase_add_loop_test(tc, reset_at_rcv_nxt_ends_the_connection, 0,
			    2 * STATES);
	tcase_add_loop_test(tc, reset_with_data_is_a_reset, 0, 2);
	tcase_add_loop_test(tc, reset_with_any_ack_is_a_reset, 0, 2);
	tcase_add_loop_test(tc, reset_inside_the_window_is_challenged, 0,
			    4 * STATES);
	tcase_add_loop_test(tc, reset_outside_the_window_is_dropped_in_silence,
			    0, 4 * STATES);
	tcase_add_loop_test(tc, reset_from_below_the_window_is_dropped, 0, 2);
	tcase_add_loop_test(tc, reset_counts_with_a_closed_window, 0, 2);
	tcase_add_loop_test(tc, syn_is_challenged, 0, 4 * STATES);
	tcase_add_loop_test(tc, restarted_peer_gets_in_after_its_reset, 0, 2);
	tcase_add_loop_test(tc, challenges_are_limited_per_connection, 0, 2);
	tcase_add_loop_test(tc, challenge_limit_can_be_switched_off, 0, 2);
	tcase_add_loop_test(tc, reset_drops_the_queues, 0, 2);
	return s;
}

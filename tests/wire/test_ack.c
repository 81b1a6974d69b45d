/* SPDX-License-Identifier: MIT */
/*
 * test_ack.c - the acknowledgement and the send window (RFC 9293 section
 *		3.10.7.4, fifth; RFC 5961 section 5)
 */

#include "suites.h"
#include "wire.h"

/* 9293-a19: something never sent is acknowledged: ACK, drop. */
START_TEST(ack_above_snd_nxt_is_answered_and_dropped)
{
	static const uint32_t above[] = { 1, 1000, 0x7fffffffu };
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_data(1, 1 + above[_i / 2], 10));
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	peer_expect_none(&p);
	ck_assert_uint_eq(p.received, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_ACK), 1);
	peer_fini(&p);
}
END_TEST

/* 9293-a20: an old ACK does not keep its data from being used. */
START_TEST(data_of_an_old_ack_is_used)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 1000);
	peer_expect(&p, TCP_ACK, 1, 1, 1000);
	peer_tx(&p, seg_ack(1, 1001));
	peer_tx(&p, seg_data(1, 1, 10));
	peer_tx(&p, seg_data(11, 500, 10));
	ck_assert_uint_eq(p.received, 20);
	ck_assert_uint_eq(peer_info(&p).unacked, 0);
	peer_fini(&p);
}
END_TEST

/* 100000 bytes, sent and acknowledged; returns SND.UNA. */
static uint32_t send_much(struct peer *p)
{
	uint32_t una = 1, n;

	ck_assert_int_eq(peer_send(p, 100000), 100000);
	while (una < 100001) {
		wire_take(p, &n);
		ck_assert_uint_gt(n, 0);
		una += n;
		peer_tx(p, seg_ack(1, una));
	}
	peer_drain(p);
	return una;
}

/* 5961-5, MAY-12: [SND.UNA - MAX.SND.WND, SND.NXT]; else challenge and drop. */
START_TEST(ack_too_old_is_challenged)
{
	struct peer p;
	uint32_t una;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	una = send_much(&p);
	peer_tx(&p, seg_data(1, una - 65536u, 10));
	peer_expect(&p, TCP_ACK, una, 1, 0);
	peer_tx(&p, seg_data(1, una - 200000u, 10));
	peer_expect(&p, TCP_ACK, una, 1, 0);
	ck_assert_uint_eq(p.received, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_CHALLENGE_ACKS), 2);

	peer_tx(&p, seg_data(1, una - 65535u, 10));
	ck_assert_uint_eq(p.received, 10);
	peer_fini(&p);
}
END_TEST

static const enum ustack_state taking[] = {
	USTACK_ESTABLISHED, USTACK_FIN_WAIT_1, USTACK_FIN_WAIT_2,
	USTACK_CLOSE_WAIT,  USTACK_CLOSING,    USTACK_LAST_ACK,
};
#define TAKING ((int)WIRE_ROWS(taking))

/* 5961-5, MAY-12: in every state; what was never sent cannot be acknowledged,
 * be it below the first number or above the last.
 */
START_TEST(ack_of_what_was_never_sent_is_challenged)
{
	static const uint32_t off[] = { 1, 1000, 0x7fffffffu };
	enum ustack_state st = taking[_i / 2 % TAKING];
	struct wire_pos at;
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	at = wire_goto(&p, st);
	for (uint32_t i = 0; i < WIRE_ROWS(off); i++) {
		peer_tx(&p, seg_data(at.rcv, 1 - off[i], 10));
		peer_expect(&p, TCP_ACK, at.snd, at.rcv, 0);
		peer_tx(&p, seg_data(at.rcv, at.snd + off[i], 10));
		peer_expect(&p, TCP_ACK, at.snd, at.rcv, 0);
	}
	peer_expect_none(&p);
	wire_check_state(&p, st);
	ck_assert_uint_eq(p.received, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_ACK), 6);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_CHALLENGE_ACKS), 6);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.10.7.4: SND.UNA < SEG.ACK =< SND.NXT frees the queue. */
START_TEST(ack_inside_a_segment_frees_its_part)
{
	struct ustack_info info;
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 3000);
	peer_drain(&p);
	peer_tx(&p, seg_ack(1, 501));
	info = peer_info(&p);
	ck_assert_uint_eq(info.unacked, 2500);
	ck_assert_uint_eq(info.bytes_acked, 500);
	peer_tx(&p, seg_ack(1, 3001));
	info = peer_info(&p);
	ck_assert_uint_eq(info.unacked, 0);
	ck_assert_uint_eq(info.bytes_acked, 3000);
	peer_fini(&p);
}
END_TEST

/* 9293-a21: WL1: a segment from before the last update is not believed. */
START_TEST(window_of_an_older_segment_is_not_used)
{
	struct pseg s;
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	s = seg_data(11, 1, 10);
	s.wnd = 2000;
	peer_tx(&p, s);
	ck_assert_uint_eq(peer_info(&p).snd_wnd, 2000);
	s = seg_data(1, 1, 10);
	s.wnd = 9000;
	peer_tx(&p, s);
	ck_assert_uint_eq(p.received, 20);
	ck_assert_uint_eq(peer_info(&p).snd_wnd, 2000);
	peer_fini(&p);
}
END_TEST

/* 9293-a21: WL2: the same sequence number, but an older acknowledgement. */
START_TEST(window_of_an_older_ack_is_not_used)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 1000);
	peer_drain(&p);
	peer_tx(&p, seg_wnd(1, 1001, 5000));
	ck_assert_uint_eq(peer_info(&p).snd_wnd, 5000);
	peer_tx(&p, seg_wnd(1, 501, 9000));
	ck_assert_uint_eq(peer_info(&p).snd_wnd, 5000);
	peer_tx(&p, seg_wnd(1, 1001, 6000));
	ck_assert_uint_eq(peer_info(&p).snd_wnd, 6000);
	peer_fini(&p);
}
END_TEST

/* res-3: an ACK in order is never answered. */
START_TEST(ack_is_not_answered)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	for (uint32_t i = 0; i < 100; i++)
		peer_tx(&p, seg_ack(1, 1));
	peer_advance(&p, SEC(1));
	peer_expect_none(&p);
	peer_fini(&p);
}
END_TEST

/* res-3: two ends with wrong ideas of each other do not go on for ever. */
START_TEST(unacceptable_acks_are_answered_with_a_limit)
{
	static const struct {
		uint32_t seq, ack;
	} bad[] = { { 0, 1 }, { 0x80000000u, 1 }, { 1, 2 }, { 1, 0x80000001u } };
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	for (uint32_t i = 0; i < 100; i++)
		peer_tx(&p, seg_ack(bad[_i / 2].seq, bad[_i / 2].ack));
	ck_assert_uint_eq(peer_drain(&p), 10);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_ack(void)
{
	Suite *s = suite_create("ack");
	TCase *tc = wire_case(s, "established");

	tcase_add_loop_test(tc, ack_above_snd_nxt_is_answered_and_dropped, 0,
			    6);
	tcase_add_loop_test(tc, data_of_an_old_ack_is_used, 0, 2);
	tcase_add_loop_test(tc, ack_too_old_is_challenged, 0, 2);
	tcase_add_loop_test(tc, ack_of_what_was_never_sent_is_challenged, 0,
			    2 * TAKING);
	tcase_add_loop_test(tc, ack_inside_a_segment_frees_its_part, 0, 2);
	tcase_add_loop_test(tc, window_of_an_older_segment_is_not_used, 0, 2);
	tcase_add_loop_test(tc, window_of_an_older_ack_is_not_used, 0, 2);
	tcase_add_loop_test(tc, ack_is_not_answered, 0, 2);
	tcase_add_loop_test(tc, unacceptable_acks_are_answered_with_a_limit, 0,
			    8);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_established.c - is a segment acceptable? (RFC 9293 sections 3.4 and
 *			3.10.7.4, first)
 *
 *	  0   1                    WND   WND + 1
 *	  |   |<----- window ----->|     |
 *	      RCV.NXT
 */

#include "suites.h"
#include "wire.h"

#define WND 4096u

enum fate {
	SILENT,	 /* acceptable, nothing to say		*/
	LATER,	 /* acceptable data: acknowledged later	*/
	HELD,	 /* acceptable, out of order: ACK at once */
	REFUSED, /* not acceptable: ACK, dropped		*/
};

/* clang-format off */
static const struct {
	const char *name;
	uint32_t seq, len;
	enum fate fate;
} cases[] = {
	{ "empty, far below",		0u - 100000, 0, REFUSED },
	{ "empty, one below",		0,	  0, REFUSED },
	{ "empty, at RCV.NXT",		1,	  0, SILENT },
	{ "empty, inside",		1000,	  0, SILENT },
	{ "empty, last in the window",	WND,	  0, SILENT },
	{ "empty, two above",		WND + 2,  0, REFUSED },
	{ "empty, far above",		100000,	  0, REFUSED },
	{ "byte, far below",		0u - 100000, 1, REFUSED },
	{ "byte, one below",		0,	  1, REFUSED },
	{ "byte, at RCV.NXT",		1,	  1, LATER },
	{ "byte, one above",		2,	  1, HELD },
	{ "byte, last in the window",	WND,	  1, HELD },
	{ "byte, first above",		WND + 1,  1, REFUSED },
	{ "byte, far above",		100000,	  1, REFUSED },
	{ "old and a new byte",		0,	  2, LATER },
	{ "all old",			0u - 9,	  10, REFUSED },
	{ "wider than the window",	0,	  WND + 2, REFUSED },
	{ "last byte and one beyond",	WND,	  2, HELD },
};
/* clang-format on */

/* 9293-a13, 9293-a14: the table's edges at a window of 4096. */
START_TEST(acceptance_follows_the_table)
{
	int i = _i / 2;
	bool refused = cases[i].fate == REFUSED;
	struct ustack_info info;
	struct peer p;

	wire_init(&p, _i % 2, wire_small_window);
	p.no_auto_read = true;
	wire_goto(&p, USTACK_ESTABLISHED);
	ck_assert_uint_eq(peer_info(&p).rcv_wnd, WND);
	peer_tx(&p, seg_data(cases[i].seq, 1, cases[i].len));
	info = peer_info(&p);

	if (refused || cases[i].fate == HELD)
		peer_expect(&p, TCP_ACK, 1, 1, 0);
	if (cases[i].len <= 2)
		peer_expect_none(&p);
	ck_assert_msg((info.rcvq > 0) == (cases[i].fate == LATER),
		      "%s: %u bytes in order", cases[i].name, info.rcvq);
	ck_assert_msg((info.ooo > 0) == (cases[i].fate == HELD),
		      "%s: %u bytes out of order", cases[i].name, info.ooo);
	ck_assert_msg(peer_counter(&p, USTACK_C_DROP_TCP_SEQ) +
				      peer_counter(&p,
						   USTACK_C_TCP_IN_DUP_DATA) ==
			      refused,
		      "%s: not counted once", cases[i].name);
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_fini(&p);
}
END_TEST

/*
 * A deviation: 9293-a13 says no, Linux and BSD yes: without this a lost segment would stop
 * both ways, when the peer has filled our window.
 */
START_TEST(bare_ack_at_the_right_edge_is_taken)
{
	struct peer p;

	wire_init(&p, _i, wire_small_window);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 100);
	peer_expect(&p, TCP_ACK, 1, 1, 100);
	peer_tx(&p, seg_ack(1 + WND, 101));
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_info(&p).unacked, 0);
	peer_fini(&p);
}
END_TEST

static void fill_window(struct peer *p, int v6)
{
	wire_init(p, v6, wire_small_window);
	p->no_auto_read = true;
	wire_goto(p, USTACK_ESTABLISHED);
	peer_tx(p, seg_data(1, 1, WND));
	peer_advance(p, MS(100));
	ck_assert_uint_eq(peer_info(p).rcv_wnd, 0);
	peer_drain(p);
}

/* clang-format off */
static const struct {
	const char *name;
	uint32_t seq, len;
	bool answered;
} shut_cases[] = {
	{ "empty, one below",  WND,	0, true },
	{ "empty, at RCV.NXT", WND + 1, 0, false },
	{ "empty, one above",  WND + 2, 0, true },
	{ "byte, one below",   WND,	1, true },
	{ "byte, at RCV.NXT",  WND + 1, 1, true },
	{ "byte, one above",   WND + 2, 1, true },
};
/* clang-format on */

/* 9293-a13: the two cases of a window of 0; MAY-8: it stays shut. */
START_TEST(acceptance_with_a_closed_window_follows_the_table)
{
	int i = _i / 2;
	struct pseg s;
	struct peer p;

	fill_window(&p, _i % 2);
	peer_tx(&p, seg_data(shut_cases[i].seq, 1, shut_cases[i].len));
	if (shut_cases[i].answered) {
		s = peer_expect(&p, TCP_ACK, 1, WND + 1, 0);
		ck_assert_uint_eq(s.wnd, 0);
	}
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_info(&p).rcvq, WND);
	ck_assert_uint_eq(peer_info(&p).ooo, 0);
	peer_fini(&p);
}
END_TEST

/*
 * A deviation from 9293-a13: a FIN takes a sequence number, which a full window
 * has not; but it takes no room, so why make the peer send it again?  As Linux.
 */
START_TEST(fin_at_a_full_window_is_taken)
{
	struct peer p;

	fill_window(&p, _i);
	peer_tx(&p, seg_fin(WND + 1, 1));
	wire_check_state(&p, USTACK_CLOSE_WAIT);
	ck_assert_uint_eq(p.c.peer_closed, 0); /* there is data to read */
	ck_assert_uint_eq(peer_read(&p, WND), WND);
	vhost_run(&p.h);
	ck_assert_uint_eq(p.c.peer_closed, 1);
	peer_fini(&p);
}
END_TEST

/* The same deviation, from 9293-a15: behind data that fills the window. */
START_TEST(fin_one_beyond_the_window_is_taken)
{
	struct peer p;

	wire_init(&p, _i, wire_small_window);
	p.no_auto_read = true;
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg(TCP_FIN | TCP_ACK, 1, 1, WND));
	peer_expect(&p, TCP_ACK, 1, WND + 2, 0);
	wire_check_state(&p, USTACK_CLOSE_WAIT);
	ck_assert_uint_eq(peer_info(&p).rcvq, WND);
	peer_fini(&p);
}
END_TEST

/* 9293-a15: with data beyond the window, the FIN is cut off with it. */
START_TEST(fin_behind_trimmed_data_is_trimmed)
{
	struct peer p;

	wire_init(&p, _i, wire_small_window);
	p.no_auto_read = true;
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg(TCP_FIN | TCP_ACK, 1, 1, WND + 1));
	peer_expect(&p, TCP_ACK, 1, WND + 1, 0);
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.10.7.4: valid ACKs are processed with the window shut. */
START_TEST(ack_is_processed_with_a_closed_window)
{
	struct peer p;

	fill_window(&p, _i);
	peer_send(&p, 100);
	peer_expect(&p, TCP_ACK, 1, WND + 1, 100);
	peer_tx(&p, seg_data(WND + 1, 101, 10));
	ck_assert_uint_eq(peer_info(&p).unacked, 0);
	ck_assert_uint_eq(peer_info(&p).rcvq, WND);
	peer_fini(&p);
}
END_TEST

/* 9293-a15: bytes that we have are cut off on the left. */
START_TEST(old_part_is_trimmed)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_data(1, 1, 10));
	peer_tx(&p, seg_data(6, 1, 10));
	peer_tx(&p, seg_data(1, 1, 20));
	ck_assert_uint_eq(p.received, 20);
	peer_fini(&p);
}
END_TEST

/* 9293-a15: bytes beyond the window are cut off on the right, FIN included. */
START_TEST(part_beyond_the_window_is_trimmed)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, wire_small_window);
	p.no_auto_read = true;
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg(TCP_FIN | TCP_ACK, 1, 1, WND + 900));
	s = peer_expect(&p, TCP_ACK, 1, WND + 1, 0);
	ck_assert_uint_eq(s.wnd, 0);
	ck_assert_uint_eq(peer_info(&p).rcvq, WND);
	wire_check_state(&p, USTACK_ESTABLISHED);

	ck_assert_uint_eq(peer_read(&p, WND), WND);
	vhost_run(&p.h);
	peer_drain(&p);
	peer_tx(&p, seg(TCP_FIN | TCP_ACK, 1, 1, WND + 900));
	ck_assert_uint_eq(peer_read(&p, WND), 900);
	wire_check_state(&p, USTACK_CLOSE_WAIT);
	peer_fini(&p);
}
END_TEST

static const enum ustack_state synchronized[] = {
	USTACK_ESTABLISHED, USTACK_FIN_WAIT_1, USTACK_FIN_WAIT_2,
	USTACK_CLOSE_WAIT,  USTACK_CLOSING,    USTACK_LAST_ACK,
};

/* 9293-a16: in every synchronized state. */
START_TEST(segment_without_ack_is_dropped)
{
	enum ustack_state st = synchronized[_i / 2];
	struct wire_pos at;
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	at = wire_goto(&p, st);
	peer_tx(&p, seg(0, at.rcv, 0, 10));
	peer_tx(&p, seg(TCP_FIN, at.rcv, 0, 0));
	peer_expect_none(&p);
	ck_assert_uint_eq(p.received, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_NO_ACK), 2);
	wire_check_state(&p, st);
	peer_fini(&p);
}
END_TEST

/* 9293-a14: in every synchronized state. */
START_TEST(old_segment_is_acknowledged_and_dropped)
{
	enum ustack_state st = synchronized[_i / 2];
	struct wire_pos at;
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	at = wire_goto(&p, st);
	peer_tx(&p, seg_data(at.rcv - 10, 1, 5));
	peer_expect(&p, TCP_ACK, at.snd, at.rcv, 0);
	peer_expect_none(&p);
	wire_check_state(&p, st);
	peer_fini(&p);
}
END_TEST

/* 9293-a34: the peer's numbers cross 2^32 (PEER_ISN is 4096 below). */
START_TEST(peers_sequence_numbers_wrap)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	for (uint32_t i = 0; i < 12; i++) {
		peer_tx(&p, seg_data(1 + i * 1000, 1, 1000));
		ck_assert_uint_eq(p.received, (i + 1) * 1000);
	}
	peer_tx(&p, seg_fin(12001, 1));
	wire_check_state(&p, USTACK_CLOSE_WAIT);
	peer_fini(&p);
}
END_TEST

/* 9293-a34: our own do, too: the clock part of the ISN leads there. */
START_TEST(our_sequence_numbers_wrap)
{
	uint32_t isn, mss;
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_tx(&p, seg(TCP_SYN, 0, 0, 0));
	isn = p.stack_isn;
	peer_tx(&p, seg_rst(1));
	peer_advance(&p, (0u - isn - 5000u) * 4ull);
	p.isn_known = false;
	peer_drain(&p);
	peer_open(&p);
	ck_assert_uint_gt(p.stack_isn, 0u - 6000u);

	peer_send(&p, 20000);
	mss = peer_info(&p).mss;
	for (uint32_t seq = 1; seq < 14000; seq += mss) {
		peer_expect(&p, TCP_ACK, seq, 1, mss);
		peer_tx(&p, seg_ack(1, seq + mss));
	}
	ck_assert_uint_ge(peer_info(&p).bytes_acked, 14000);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_established(void)
{
	Suite *s = suite_create("established");
	TCase *tc = wire_case(s, "acceptance");

	tcase_add_loop_test(tc, acceptance_follows_the_table, 0,
			    2 * (int)WIRE_ROWS(cases));
	tcase_add_loop_test(tc, bare_ack_at_the_right_edge_is_taken, 0, 2);
	tcase_add_loop_test(tc,
			    acceptance_with_a_closed_window_follows_the_table,
			    0, 2 * (int)WIRE_ROWS(shut_cases));
	tcase_add_loop_test(tc, fin_at_a_full_window_is_taken, 0, 2);
	tcase_add_loop_test(tc, fin_one_beyond_the_window_is_taken, 0, 2);
	tcase_add_loop_test(tc, fin_behind_trimmed_data_is_trimmed, 0, 2);
	tcase_add_loop_test(tc, ack_is_processed_with_a_closed_window, 0, 2);
	tcase_add_loop_test(tc, old_part_is_trimmed, 0, 2);
	tcase_add_loop_test(tc, part_beyond_the_window_is_trimmed, 0, 2);
	tcase_add_loop_test(tc, segment_without_ack_is_dropped, 0,
			    2 * (int)WIRE_ROWS(synchronized));
	tcase_add_loop_test(tc, old_segment_is_acknowledged_and_dropped, 0,
			    2 * (int)WIRE_ROWS(synchronized));
	tcase_add_loop_test(tc, peers_sequence_numbers_wrap, 0, 2);
	tcase_add_loop_test(tc, our_sequence_numbers_wrap, 0, 2);
	return s;
}

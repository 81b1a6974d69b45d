/* SPDX-License-Identifier: MIT */
/*
 * test_window.c - windows: silly ones, shut ones, shrunk ones (RFC 9293 section
 *		   3.8.6) and Nagle's algorithm (section 3.7.4)
 */

#include "suites.h"
#include "wire.h"

/* Open, with 5000 bytes to send and the peer's window shut. */
static void shut_window(struct peer *p, int v6)
{
	wire_init(p, v6, NULL);
	wire_goto(p, USTACK_ESTABLISHED);
	peer_tx(p, seg_wnd(1, 1, 0));
	peer_send(p, 5000);
}

/* The peer answers probes: still shut. */
static void keep_shut(struct peer *p, uint32_t minutes)
{
	struct pseg s;

	for (uint32_t i = 0; i < minutes; i++) {
		peer_advance(p, SEC(60));
		if (peer_rx(p, &s))
			peer_tx(p, seg_wnd(1, 1, 0));
		peer_drain(p);
	}
}

/* MUST-36, SHLD-29, SHLD-30: first after one RTO, then at doubling gaps. */
START_TEST(closed_window_is_probed_with_backoff)
{
	struct peer p;
	struct pseg s;

	shut_window(&p, _i);
	peer_expect_none(&p);
	for (uint32_t i = 0; i < 8; i++) {
		s = wire_expect_after(&p, 200u << i);
		ck_assert_uint_eq(s.seq, 1);
		ck_assert_uint_eq(s.len, 1);
		peer_expect_none(&p);
	}
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_WND_PROBES), 8);
	peer_fini(&p);
}
END_TEST

/*
 * RFC 9293 section 3.10.7.4: a segment beyond the window is dropped, and the ACK in
 * it.  With both windows shut by turns, acknowledgements beside a probe must lie
 * where the peer takes them, at the right edge.
 */
START_TEST(acknowledgement_beside_a_probe_lies_inside_the_window)
{
	struct peer p;
	struct pseg s;

	shut_window(&p, _i);
	s = wire_expect_after(&p, 200);
	ck_assert_uint_eq(s.len, 1);
	s = seg_data(1, 1, 100);
	s.wnd0 = true;
	peer_tx(&p, s);
	peer_advance(&p, MS(100));
	ck_assert(peer_rx(&p, &s));
	ck_assert_uint_eq(s.len, 0);
	ck_assert_uint_eq(s.ack, 101);
	ck_assert_uint_eq(s.seq, 1);
	s = seg_ack(101, 2); /* the probe's byte is taken: all is as ever */
	s.wnd = 60000;
	peer_tx(&p, s);
	ck_assert(peer_rx(&p, &s));
	ck_assert_uint_eq(s.seq, 2);
	peer_fini(&p);
}
END_TEST

/* A reset, too: beyond the window it would not be taken (RFC 5961 section 3). */
START_TEST(reset_beside_a_probe_lies_inside_the_window)
{
	struct peer p;
	struct pseg s;

	shut_window(&p, _i);
	s = wire_expect_after(&p, 200);
	ck_assert_uint_eq(s.len, 1);
	ck_assert_int_eq(ustack_abort(p.h.s, p.conn), 0);
	vhost_run(&p.h);
	ck_assert(peer_rx(&p, &s));
	ck_assert(s.flags & TCP_RST);
	ck_assert_uint_eq(s.seq, 1);
	peer_fini(&p);
}
END_TEST

/* MUST-37, 6429-2: as long as probes are answered, for a day. */
START_TEST(closed_window_does_not_end_the_connection)
{
	struct peer p;

	shut_window(&p, _i);
	keep_shut(&p, 24 * 60);
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_wnd(1, 1, 60000));
	ck_assert_uint_ge(peer_drain(&p), 2);
	ck_assert_uint_eq(p.c.soft_error, 0); /* nothing is wrong on the way */
	peer_fini(&p);
}
END_TEST

/* MUST-20, MUST-37: time before a shut window is not time without progress. */
START_TEST(opened_window_gives_the_full_time_again)
{
	struct peer p;

	shut_window(&p, _i);
	keep_shut(&p, 60);
	peer_tx(&p, seg_wnd(1, 1, 60000)); /* what leaves now is lost */
	ck_assert_uint_ge(peer_drain(&p), 2);
	peer_advance(&p, SEC(2));
	wire_check_state(&p, USTACK_ESTABLISHED);
	ck_assert_uint_ge(peer_drain(&p), 1);
	peer_fini(&p);
}
END_TEST

/* MUST-20 in persist: a peer that answers nothing is gone. */
START_TEST(silence_of_a_closed_window_ends_the_connection)
{
	struct peer p;

	shut_window(&p, _i);
	peer_advance(&p, SEC(100));
	ck_assert_uint_eq(p.c.closed, 0);
	peer_advance(&p, SEC(1000));
	ck_assert_int_eq(p.reason, USTACK_END_TIMEOUT);
	ck_assert_uint_eq(p.c.closed, 1);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.8.6.1: the peer takes the probe's byte and opens. */
START_TEST(opened_window_lets_data_flow_at_once)
{
	uint32_t bytes;
	struct peer p;

	shut_window(&p, _i);
	wire_expect_after(&p, 200);
	peer_tx(&p, seg_wnd(1, 2, 60000));
	wire_take(&p, &bytes);
	ck_assert_uint_eq(bytes, 4999);
	peer_fini(&p);
}
END_TEST

/* MUST-36: a FIN waits for the window as data does, and is probed with. */
START_TEST(fin_against_a_closed_window_is_a_probe)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_wnd(1, 1, 0));
	wire_shutdown(&p);
	peer_expect_none(&p);
	s = wire_expect_after(&p, 200);
	ck_assert_uint_eq(s.flags & TCP_FIN, TCP_FIN);
	peer_tx(&p, seg_ack(1, 2));
	wire_check_state(&p, USTACK_FIN_WAIT_2);
	peer_fini(&p);
}
END_TEST

/* SHLD-30, 5681-9: answers to window probes are no sign of loss. */
START_TEST(probe_answers_are_no_duplicate_acks)
{
	struct peer p;

	shut_window(&p, _i);
	for (uint32_t i = 0; i < 8; i++) {
		wire_expect_after(&p, 200u << i);
		peer_tx(&p, seg_wnd(1, 1, 0));
		peer_expect_none(&p);
	}
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_FAST_RECOVERIES), 0);
	ck_assert_uint_ge(peer_info(&p).cwnd, 10 * peer_info(&p).mss);
	peer_fini(&p);
}
END_TEST

/* MUST-34, SHLD-15, SHLD-16: shrunk to 100 with a full segment in flight. */
START_TEST(shrunk_window_is_survived)
{
	struct peer p;
	struct pseg s;
	uint32_t mss;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	mss = peer_info(&p).mss;
	peer_tx(&p, seg_wnd(1, 1, (uint16_t)mss));
	peer_send(&p, 3000);
	peer_expect(&p, TCP_ACK, 1, 1, mss);
	peer_tx(&p, seg_wnd(1, 1, 100));
	peer_expect_none(&p); /* nothing new beyond the edge */
	s = wire_expect_after(&p, 200);
	ck_assert_uint_eq(s.seq, 1);
	peer_tx(&p, seg_wnd(1, 1 + mss, 100));
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_advance(&p, SEC(2));
	ck_assert_uint_le(peer_info(&p).unacked, 100);
	peer_fini(&p);
}
END_TEST

/* MUST-35, SHLD-17: shrunk to nothing: probed, and not given up. */
START_TEST(window_shrunk_to_nothing_is_probed)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 1000);
	peer_drain(&p);
	for (uint32_t i = 0; i < 60; i++) {
		peer_tx(&p, seg_wnd(1, 1, 0));
		peer_advance(&p, SEC(61));
		ck_assert_uint_ge(peer_drain(&p), 1);
	}
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_fini(&p);
}
END_TEST

/* MUST-38: ten bytes of window at a time do not make ten-byte segments. */
START_TEST(sender_avoids_silly_windows)
{
	uint32_t bytes, mss;
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	mss = peer_info(&p).mss;
	peer_tx(&p, seg_wnd(1, 1, (uint16_t)(4 * mss)));
	peer_send(&p, 20 * mss);
	ck_assert_uint_eq(wire_take(&p, &bytes), 4);
	ck_assert_uint_eq(bytes, 4 * mss);
	for (uint32_t w = 10; w < mss; w += 10)
		peer_tx(&p, seg_wnd(1, 1 + 4 * mss, (uint16_t)w));
	peer_expect_none(&p);
	peer_tx(&p, seg_wnd(1, 1 + 4 * mss, (uint16_t)mss));
	peer_expect(&p, TCP_ACK, 1 + 4 * mss, 1, mss);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.8.6.2.1: the override timeout ends a deadlock. */
START_TEST(small_window_is_used_after_the_override_timeout)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_wnd(1, 1, 100));
	peer_send(&p, 5000);
	peer_expect_none(&p);
	s = wire_expect_after(&p, 200);
	ck_assert_uint_eq(s.len, 100);
	peer_fini(&p);
}
END_TEST

/* MUST-39: read byte by byte, the window opens by a segment, or half the buffer. */
START_TEST(receiver_avoids_silly_windows)
{
	uint32_t updates = 0, least = UINT32_MAX, edge = 4097;
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, wire_small_window);
	p.no_auto_read = true;
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_data(1, 1, 4096));
	peer_advance(&p, MS(100));
	peer_drain(&p);
	for (uint32_t i = 0; i < 4096; i++) {
		ck_assert_uint_eq(peer_read(&p, 1), 1);
		vhost_run(&p.h);
		while (peer_rx(&p, &s)) {
			updates++;
			least = min_u32(least, s.ack + s.wnd - edge);
			edge = s.ack + s.wnd;
		}
	}
	ck_assert_uint_ge(updates, 1);
	ck_assert_uint_le(updates, 3);
	ck_assert_uint_ge(least, _i ? 1440 : 1460);
	peer_fini(&p);
}
END_TEST

/* SHLD-14: the right edge never moves left, whatever is read when. */
START_TEST(right_edge_never_moves_left)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	p.no_auto_read = true;
	wire_goto(&p, USTACK_ESTABLISHED);
	ck_assert_uint_eq(wire_worst_shrink(&p), 0);
	peer_fini(&p);
}
END_TEST

/*
 * A deviation from SHLD-14 and 7323-6, as FreeBSD: rounding to the scale's unit
 * takes back less than a unit.  What was announced is taken all the same.
 */
START_TEST(scaled_right_edge_moves_left_by_less_than_a_unit)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	p.no_auto_read = true;
	peer_open_with(&p, (struct pseg){ .mss = 1460,
					  .has = TCP_OPT_HAS_WSCALE,
					  .wscale = 7 });
	ck_assert_uint_lt(wire_worst_shrink(&p),
			  1u << peer_info(&p).rcv_wscale);
	peer_fini(&p);
}
END_TEST

/* SHLD-7: the second small write waits for the ACK of the first. */
START_TEST(nagle_holds_a_second_small_segment)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 10);
	peer_expect(&p, TCP_ACK, 1, 1, 10);
	peer_send(&p, 20);
	peer_send(&p, 30);
	peer_expect_none(&p);
	peer_tx(&p, seg_ack(1, 11));
	peer_expect(&p, TCP_ACK, 11, 1, 50);
	peer_expect_none(&p);
	peer_fini(&p);
}
END_TEST

/* SHLD-7: what fills a segment leaves. */
START_TEST(nagle_lets_a_full_segment_go)
{
	uint32_t mss;
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	mss = peer_info(&p).mss;
	peer_send(&p, 10);
	peer_drain(&p);
	peer_send(&p, mss - 1);
	peer_expect_none(&p);
	peer_send(&p, 1);
	peer_expect(&p, TCP_ACK, 11, 1, mss);
	peer_fini(&p);
}
END_TEST

/*
 * A deviation from SHLD-7, as Linux: Nagle's rule in Minshall's form.  Only a
 * short segment in flight holds the next short one, a full one does not.
 */
START_TEST(nagle_lets_the_rest_follow_full_segments)
{
	uint32_t mss;
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	mss = peer_info(&p).mss;
	peer_send(&p, mss + 10);
	peer_expect(&p, TCP_ACK, 1, 1, mss);
	peer_expect(&p, TCP_ACK, 1 + mss, 1, 10);
	peer_send(&p, 10);
	peer_expect_none(&p);
	peer_fini(&p);
}
END_TEST

/* MUST-17. */
START_TEST(nagle_can_be_turned_off)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	ck_assert_int_eq(ustack_setopt(p.h.s, p.conn, USTACK_OPT_NODELAY, 1),
			 0);
	peer_send(&p, 10);
	peer_expect(&p, TCP_ACK, 1, 1, 10);
	peer_send(&p, 20);
	peer_expect(&p, TCP_ACK, 11, 1, 20);
	ck_assert_int_eq(ustack_setopt(p.h.s, p.conn, USTACK_OPT_NODELAY, 0),
			 0);
	peer_send(&p, 30);
	peer_expect_none(&p);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_window(void)
{
	Suite *s = suite_create("window");
	TCase *tc = wire_case(s, "closed");

	tcase_add_loop_test(tc, closed_window_is_probed_with_backoff, 0, 2);
	tcase_add_loop_test(
		tc, acknowledgement_beside_a_probe_lies_inside_the_window, 0,
		2);
	tcase_add_loop_test(tc, reset_beside_a_probe_lies_inside_the_window, 0,
			    2);
	tcase_add_loop_test(tc, closed_window_does_not_end_the_connection, 0,
			    2);
	tcase_add_loop_test(tc, opened_window_gives_the_full_time_again, 0, 2);
	tcase_add_loop_test(tc, silence_of_a_closed_window_ends_the_connection,
			    0, 2);
	tcase_add_loop_test(tc, opened_window_lets_data_flow_at_once, 0, 2);
	tcase_add_loop_test(tc, fin_against_a_closed_window_is_a_probe, 0, 2);
	tcase_add_loop_test(tc, probe_answers_are_no_duplicate_acks, 0, 2);
	tc = wire_case(s, "shrunk");
	tcase_add_loop_test(tc, shrunk_window_is_survived, 0, 2);
	tcase_add_loop_test(tc, window_shrunk_to_nothing_is_probed, 0, 2);
	tcase_add_loop_test(tc, right_edge_never_moves_left, 0, 2);
	tcase_add_loop_test(
		tc, scaled_right_edge_moves_left_by_less_than_a_unit, 0, 2);
	tc = wire_case(s, "silly");
	tcase_add_loop_test(tc, sender_avoids_silly_windows, 0, 2);
	tcase_add_loop_test(tc, small_window_is_used_after_the_override_timeout,
			    0, 2);
	tcase_add_loop_test(tc, receiver_avoids_silly_windows, 0, 2);
	tc = wire_case(s, "Nagle");
	tcase_add_loop_test(tc, nagle_holds_a_second_small_segment, 0, 2);
	tcase_add_loop_test(tc, nagle_lets_a_full_segment_go, 0, 2);
	tcase_add_loop_test(tc, nagle_lets_the_rest_follow_full_segments, 0, 2);
	tcase_add_loop_test(tc, nagle_can_be_turned_off, 0, 2);
	return s;
}

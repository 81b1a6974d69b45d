/* SPDX-License-Identifier: MIT */
/*
 * test_urgent.c - the urgent mechanism (RFC 9293 section 3.8.5, RFC 6093)
 */

#include "suites.h"
#include "wire.h"

#define URGENT (TCP_ACK | TCP_URG)

static ptrdiff_t send_urgent(struct peer *p, uint32_t len)
{
	static uint8_t zero[200000];
	struct ustack_iov iov = { zero, len };
	ptrdiff_t r = ustack_send_urgent(p->h.s, p->conn, &iov, 1);

	vhost_run(&p->h);
	return r;
}

static struct pseg seg_urgent(uint32_t seq, uint32_t len, uint16_t urg)
{
	struct pseg s = seg(URGENT, seq, 1, len);

	s.urg = urg;
	return s;
}

/* ---------------------------------------------------------------- sending */

/* MUST-30, MUST-62: the byte behind the last urgent one. */
START_TEST(pointer_names_the_byte_behind_urgent_data)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 10);
	peer_expect(&p, TCP_ACK, 1, 1, 10);
	ck_assert_int_eq((int)send_urgent(&p, 5), 5);
	ck_assert_uint_eq(peer_expect(&p, URGENT, 11, 1, 5).urg, 5);
	peer_tx(&p, seg_ack(1, 16));
	peer_send(&p, 10);
	peer_expect(&p, TCP_ACK, 16, 1, 10);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_OUT_URGENT), 1);
	peer_fini(&p);
}
END_TEST

/* MUST-31: any length; relative to each segment, 65535 where it is farther. */
START_TEST(urgent_data_of_any_length_leaves_in_wire_segments)
{
	uint32_t mss = _i ? 1440 : 1460;
	uint32_t seq = 1;
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	p.whole = true;
	wire_goto(&p, USTACK_ESTABLISHED);
	ck_assert_int_eq((int)send_urgent(&p, 100000), 100000);
	while (seq < 100001) {
		ck_assert(peer_rx(&p, &s));
		ck_assert_uint_eq(s.seq, seq);
		ck_assert_uint_le(s.len, mss);
		ck_assert_uint_eq(s.flags & TCP_URG, TCP_URG);
		ck_assert_uint_eq(s.urg, min_u32(100001 - seq, 65535));
		seq += s.len;
		peer_tx(&p, seg_ack(1, seq));
	}
	peer_fini(&p);
}
END_TEST

/* MUST-62: a repetition carries it too, a later pointer if there is one. */
START_TEST(repetition_carries_the_pointer)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	send_urgent(&p, 5);
	peer_expect(&p, URGENT, 1, 1, 5);
	send_urgent(&p, 7);
	ck_assert_uint_eq(peer_expect(&p, URGENT, 6, 1, 7).urg, 7);
	peer_advance(&p, MS(500));
	do {
		ck_assert(peer_rx(&p, &s));
	} while (s.seq != 1);
	ck_assert_uint_eq(s.flags & TCP_URG, TCP_URG);
	ck_assert_uint_eq(s.urg, 12);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.8.5: a shut window does not hold the news back. */
START_TEST(pointer_goes_ahead_of_a_shut_window)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_wnd(1, 1, 0));
	send_urgent(&p, 5);
	ck_assert_uint_eq(peer_expect(&p, URGENT, 1, 1, 0).urg, 5);
	peer_fini(&p);
}
END_TEST

/* SHLD-7: Nagle does not hold urgent data. */
START_TEST(nagle_does_not_hold_urgent_data)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 10);
	peer_send(&p, 10);
	peer_expect(&p, TCP_ACK, 1, 1, 10);
	peer_expect_none(&p);
	send_urgent(&p, 5);
	ck_assert_uint_eq(peer_expect(&p, URGENT, 11, 1, 15).urg, 15);
	peer_fini(&p);
}
END_TEST

/* -------------------------------------------------------------- receiving */

/* MUST-30, MUST-32, MUST-33: told, how much, and delivered in line. */
START_TEST(urgent_data_is_told_and_comes_in_line)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	p.no_auto_read = true;
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_data(1, 1, 10));
	peer_tx(&p, seg_urgent(11, 20, 5));
	ck_assert_uint_eq(p.c.urgent, 1);
	ck_assert_uint_eq(p.urgent_left, 15);
	ck_assert_uint_eq(peer_info(&p).urgent, 15);
	ck_assert_uint_eq(peer_read(&p, 12), 12);
	ck_assert_uint_eq(peer_info(&p).urgent, 3);
	ck_assert_uint_eq(peer_read(&p, 100), 18);
	ck_assert_uint_eq(peer_info(&p).urgent, 0);
	ck_assert_uint_eq(p.received, 30);
	peer_fini(&p);
}
END_TEST

/* MUST-32: known before its data is here, and again when its end moves. */
START_TEST(service_is_told_when_the_end_moves)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_urgent(1, 0, 30000));
	ck_assert_uint_eq(p.c.urgent, 1);
	ck_assert_uint_eq(p.urgent_left, 30000);
	peer_tx(&p, seg_urgent(1, 1000, 30000));    /* nothing new */
	peer_tx(&p, seg_urgent(1001, 1000, 29000)); /* the same place */
	peer_tx(&p, seg_urgent(2001, 1000, 100));   /* an older one */
	ck_assert_uint_eq(p.c.urgent, 1);
	peer_tx(&p, seg_urgent(3001, 1000, 50000));
	ck_assert_uint_eq(p.c.urgent, 2);
	ck_assert_uint_eq(p.received, 4000);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.8.5: what was read is not urgent any more. */
START_TEST(pointer_at_what_was_read_is_ignored)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_data(1, 1, 100));
	peer_tx(&p, seg_urgent(101, 0, 0));
	peer_tx(&p, seg_urgent(1, 100, 50)); /* it comes again */
	ck_assert_uint_eq(p.c.urgent, 0);
	peer_fini(&p);
}
END_TEST

/* MUST-66: a window of nothing takes the news all the same. */
START_TEST(urgent_pointer_counts_in_a_shut_window)
{
	struct peer p;

	wire_init(&p, _i, wire_small_window);
	p.no_auto_read = true;
	wire_goto(&p, USTACK_ESTABLISHED);
	for (uint32_t i = 0; i < 4; i++)
		peer_tx(&p, seg_data(1 + i * 1024, 1, 1024));
	ck_assert_uint_eq(peer_info(&p).rcv_wnd, 0);
	peer_tx(&p, seg_urgent(4097, 0, 9));
	ck_assert_uint_eq(p.c.urgent, 1);
	ck_assert_uint_eq(peer_info(&p).urgent, 4105);
	peer_fini(&p);
}
END_TEST

/* 9293-a13: outside the window it says nothing. */
START_TEST(pointer_outside_the_window_is_ignored)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_urgent(1u << 20, 10, 9));
	ck_assert_uint_eq(p.c.urgent, 0);
	ck_assert_uint_eq(peer_info(&p).urgent, 0);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_urgent(void)
{
	Suite *s = suite_create("urgent");
	TCase *tc = wire_case(s, "sent");

	tcase_add_loop_test(tc, pointer_names_the_byte_behind_urgent_data, 0,
			    2);
	tcase_add_loop_test(
		tc, urgent_data_of_any_length_leaves_in_wire_segments, 0, 2);
	tcase_add_loop_test(tc, repetition_carries_the_pointer, 0, 2);
	tcase_add_loop_test(tc, pointer_goes_ahead_of_a_shut_window, 0, 2);
	tcase_add_loop_test(tc, nagle_does_not_hold_urgent_data, 0, 2);

	tc = wire_case(s, "received");
	tcase_add_loop_test(tc, urgent_data_is_told_and_comes_in_line, 0, 2);
	tcase_add_loop_test(tc, service_is_told_when_the_end_moves, 0, 2);
	tcase_add_loop_test(tc, pointer_at_what_was_read_is_ignored, 0, 2);
	tcase_add_loop_test(tc, urgent_pointer_counts_in_a_shut_window, 0, 2);
	tcase_add_loop_test(tc, pointer_outside_the_window_is_ignored, 0, 2);
	return s;
}

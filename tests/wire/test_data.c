/* SPDX-License-Identifier: MIT */
/*
 * test_data.c - text: reassembly and when it is acknowledged (RFC 9293 section
 *		 3.10.7.4, seventh; section 3.8.6.3; RFC 5681 section 4.2)
 *
 * The buffer is one that the plain window field can announce whole, so that no
 * window update mixes with the acknowledgements looked at here.
 */

#include "stack/base/rng.h"
#include "suites.h"
#include "wire.h"

#define MSS 1460u

static void buffer_32k(struct ustack_config *cfg)
{
	cfg->rcvbuf_init = 32768;
	cfg->rcvbuf_max = 32768;
}

static void begin(struct peer *p, int v6)
{
	wire_init(p, v6, buffer_32k);
	wire_goto(p, USTACK_ESTABLISHED);
}

/* SHLD-18, MUST-40, 5681-15: a small segment's ACK is late, but below 0.5 s. */
START_TEST(single_segment_is_acknowledged_late)
{
	struct peer p;
	struct pseg s;

	begin(&p, _i);
	peer_tx(&p, seg_data(1, 1, 100));
	s = wire_expect_after(&p, 40);
	ck_assert_uint_eq(s.flags, TCP_ACK);
	ck_assert_uint_eq(s.ack, 101);
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_DELAYED_ACKS), 1);
	peer_fini(&p);
}
END_TEST

/* SHLD-18: no window update is due when the field cannot say more (65535). */
START_TEST(ack_without_window_scaling_is_late_too)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_data(1, 1, 100));
	peer_expect_none(&p);
	peer_fini(&p);
}
END_TEST

/* SHLD-18: data that goes the other way takes the acknowledgement along. */
START_TEST(acknowledgement_rides_on_data)
{
	struct peer p;

	begin(&p, _i);
	peer_tx(&p, seg_data(1, 1, 100));
	peer_expect_none(&p);
	peer_send(&p, 50);
	peer_expect(&p, TCP_ACK, 1, 101, 50);
	peer_advance(&p, MS(100));
	peer_expect_none(&p);
	peer_fini(&p);
}
END_TEST

/* SHLD-19, 5681-14: every second full segment, and never more than one each. */
START_TEST(every_second_full_segment_is_acknowledged)
{
	struct peer p;

	begin(&p, _i);
	for (uint32_t i = 0; i < 10; i++) {
		peer_tx(&p, seg_data(1 + i * MSS, 1, MSS));
		if (i % 2)
			peer_expect(&p, TCP_ACK, 1, 1 + (i + 1) * MSS, 0);
		peer_expect_none(&p);
	}
	peer_fini(&p);
}
END_TEST

/* MUST-58, MUST-59: what comes in one batch is acknowledged once. */
START_TEST(batch_is_acknowledged_once)
{
	struct pseg batch[8];
	struct peer p;

	begin(&p, _i);
	for (uint32_t i = 0; i < 8; i++)
		batch[i] = seg_data(1 + i * 1000, 1, 1000);
	peer_tx_batch(&p, batch, 8);
	peer_expect(&p, TCP_ACK, 1, 8001, 0);
	peer_expect_none(&p);
	ck_assert_uint_eq(p.received, 8000);
	peer_fini(&p);
}
END_TEST

/* SHLD-31, MAY-13, 5681-13: 2, 3, 1: kept, and acknowledged at once. */
START_TEST(data_out_of_order_is_kept)
{
	struct peer p;

	begin(&p, _i);
	peer_tx(&p, seg_data(101, 1, 100));
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	peer_tx(&p, seg_data(201, 1, 100));
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	ck_assert_uint_eq(p.received, 0);
	ck_assert_uint_eq(peer_info(&p).ooo, 200);
	peer_tx(&p, seg_data(1, 1, 100));
	peer_expect(&p, TCP_ACK, 1, 301, 0);
	peer_expect_none(&p);
	ck_assert_uint_eq(p.received, 300);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_IN_OOO), 2);
	peer_fini(&p);
}
END_TEST

/* 5681-13: each part of a hole that is filled is acknowledged at once. */
START_TEST(filling_one_of_two_holes_is_acknowledged_at_once)
{
	struct peer p;

	begin(&p, _i);
	peer_tx(&p, seg_data(101, 1, 100));
	peer_tx(&p, seg_data(301, 1, 100));
	ck_assert_uint_eq(peer_drain(&p), 2);
	peer_tx(&p, seg_data(1, 1, 100));
	peer_expect(&p, TCP_ACK, 1, 201, 0);
	peer_tx(&p, seg_data(201, 1, 50));
	peer_expect(&p, TCP_ACK, 1, 251, 0);
	peer_tx(&p, seg_data(251, 1, 50));
	peer_expect(&p, TCP_ACK, 1, 401, 0);
	ck_assert_uint_eq(p.received, 400);
	peer_fini(&p);
}
END_TEST

/* 5681-13, 9293-a14: a duplicate is acknowledged at once. */
START_TEST(duplicate_is_acknowledged_at_once)
{
	struct peer p;

	begin(&p, _i);
	peer_tx(&p, seg_data(1, 1, 100));
	peer_tx(&p, seg_data(1, 1, 100));
	peer_expect(&p, TCP_ACK, 1, 101, 0);
	peer_expect_none(&p);
	ck_assert_uint_eq(p.received, 100);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_IN_DUP_DATA), 1);
	peer_fini(&p);
}
END_TEST

/* 9293-a15, SHLD-31: overlapping pieces in any order give the same stream. */
START_TEST(any_order_and_overlap_gives_the_stream)
{
	struct rng rng;
	struct peer p;
	uint32_t total = 6000;

	rng_init(&rng, PEER_SEED + (uint64_t)_i);
	begin(&p, _i % 2);
	for (uint32_t i = 0; i < 200; i++) {
		uint32_t seq = 1 + (uint32_t)(rng_u64(&rng) % total);
		uint32_t len = 1 + (uint32_t)(rng_u64(&rng) % 700);

		peer_tx(&p, seg_data(seq, 1, min_u32(len, total + 1 - seq)));
		ck_assert_uint_le(peer_drain(&p), 1);
	}
	for (uint32_t seq = 1; seq < total; seq += 1000)
		peer_tx(&p, seg_data(seq, 1, 1000));
	ck_assert_uint_eq(p.received, total);
	ck_assert_uint_eq(peer_info(&p).ooo, 0);
	ck_assert_uint_eq(peer_info(&p).bytes_in, total);
	peer_fini(&p);
}
END_TEST

/* res-1: single bytes with gaps take bounded memory, and nothing breaks. */
START_TEST(tiny_fragments_are_bounded)
{
	struct peer p;
	uint64_t before, held;

	begin(&p, _i);
	before = peer_info(&p).mem;
	for (uint32_t i = 0; i < 15000; i++) {
		peer_tx(&p, seg_data(3 + 2 * i, 1, 1));
		peer_drain(&p);
	}
	held = peer_info(&p).ooo;
	ck_assert_uint_lt(held, 5000);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_REASM),
			  15000 - held);
	ck_assert_uint_lt(peer_info(&p).mem - before, 4u << 20);
	for (uint32_t i = 0; i < 30; i++)
		peer_tx(&p, seg_data(1 + i * 1000, 1, 1000));
	ck_assert_uint_eq(p.received, 30000);
	peer_fini(&p);
}
END_TEST

/* res-1, MAY-8: nothing beyond the announced window is kept. */
START_TEST(unread_data_fills_the_buffer_and_no_more)
{
	struct peer p;

	wire_init(&p, _i, buffer_32k);
	p.no_auto_read = true;
	wire_goto(&p, USTACK_ESTABLISHED);
	for (uint32_t i = 0; i < 50; i++)
		peer_tx(&p, seg_data(1 + i * MSS, 1, MSS));
	ck_assert_uint_eq(peer_info(&p).rcvq, 32768);
	peer_fini(&p);
}
END_TEST

/* 9293-a28: a FIN ahead of a hole waits for it. */
START_TEST(early_fin_waits_for_the_hole)
{
	struct peer p;

	begin(&p, _i);
	peer_tx(&p, seg(TCP_FIN | TCP_ACK, 101, 1, 100));
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	wire_check_state(&p, USTACK_ESTABLISHED);
	ck_assert_uint_eq(p.c.peer_closed, 0);
	peer_tx(&p, seg_data(1, 1, 100));
	peer_expect(&p, TCP_ACK, 1, 202, 0);
	wire_check_state(&p, USTACK_CLOSE_WAIT);
	ck_assert_uint_eq(p.received, 200);
	ck_assert_uint_eq(p.c.peer_closed, 1);
	peer_fini(&p);
}
END_TEST

/* 9293-a28: and so does one without data. */
START_TEST(early_bare_fin_waits_for_the_hole)
{
	struct peer p;

	begin(&p, _i);
	peer_tx(&p, seg_fin(101, 1));
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_data(1, 1, 100));
	peer_expect(&p, TCP_ACK, 1, 102, 0);
	wire_check_state(&p, USTACK_CLOSE_WAIT);
	peer_fini(&p);
}
END_TEST

/* 9293-a27: nothing counts behind the FIN. */
START_TEST(data_behind_the_fin_is_ignored)
{
	struct peer p;

	begin(&p, _i);
	peer_tx(&p, seg(TCP_FIN | TCP_ACK, 1, 1, 10));
	peer_expect(&p, TCP_ACK, 1, 12, 0);
	peer_tx(&p, seg_data(12, 1, 100));
	peer_tx(&p, seg(TCP_FIN | TCP_ACK, 50, 1, 10));
	ck_assert_uint_eq(p.received, 10);
	ck_assert_uint_eq(p.c.peer_closed, 1);
	wire_check_state(&p, USTACK_CLOSE_WAIT);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_AFTER_FIN), 2);
	peer_fini(&p);
}
END_TEST

/* 9293-a27: also when the FIN itself still waits for a hole. */
START_TEST(data_behind_an_early_fin_is_ignored)
{
	struct peer p;

	begin(&p, _i);
	peer_tx(&p, seg_fin(101, 1));
	peer_tx(&p, seg_data(51, 1, 200));
	peer_tx(&p, seg_data(1, 1, 50));
	ck_assert_uint_eq(p.received, 100);
	wire_check_state(&p, USTACK_CLOSE_WAIT);
	peer_fini(&p);
}
END_TEST

/* MUST-60, MUST-61: data leaves without a push call, the last segment says PSH. */
START_TEST(last_buffered_segment_carries_psh)
{
	struct pseg s;
	struct peer p;

	begin(&p, _i);
	peer_send(&p, 3000);
	s = peer_expect(&p, TCP_ACK, 1, 1, MSS);
	ck_assert(!(s.flags & TCP_PSH));
	s = peer_expect(&p, TCP_ACK, 1461, 1, MSS);
	ck_assert(!(s.flags & TCP_PSH));
	s = peer_expect(&p, TCP_ACK, 2921, 1, 80);
	ck_assert(s.flags & TCP_PSH);
	peer_fini(&p);
}
END_TEST

/* SHLD-28: queued writes leave as full segments (SHLD-27). */
START_TEST(queued_writes_leave_as_full_segments)
{
	uint8_t bytes[100] = { 0 };
	struct ustack_iov iov = { bytes, sizeof(bytes) };
	struct peer p;

	begin(&p, _i);
	for (uint32_t i = 0; i < 30; i++)
		ck_assert_int_eq((int)ustack_send(p.h.s, p.conn, &iov, 1), 100);
	vhost_run(&p.h);
	peer_expect(&p, TCP_ACK, 1, 1, MSS);
	peer_expect(&p, TCP_ACK, 1 + MSS, 1, MSS);
	peer_expect(&p, TCP_ACK, 1 + 2 * MSS, 1, 80);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_data(void)
{
	Suite *s = suite_create("data");
	TCase *tc = wire_case(s, "acknowledging");

	tcase_add_loop_test(tc, single_segment_is_acknowledged_late, 0, 2);
	tcase_add_loop_test(tc, ack_without_window_scaling_is_late_too, 0, 2);
	tcase_add_loop_test(tc, acknowledgement_rides_on_data, 0, 2);
	tcase_add_loop_test(tc, every_second_full_segment_is_acknowledged, 0,
			    1);
	tcase_add_loop_test(tc, batch_is_acknowledged_once, 0, 2);
	tcase_add_loop_test(tc, duplicate_is_acknowledged_at_once, 0, 2);
	tc = wire_case(s, "reassembly");
	tcase_add_loop_test(tc, data_out_of_order_is_kept, 0, 2);
	tcase_add_loop_test(
		tc, filling_one_of_two_holes_is_acknowledged_at_once, 0, 2);
	tcase_add_loop_test(tc, any_order_and_overlap_gives_the_stream, 0, 8);
	tcase_add_loop_test(tc, tiny_fragments_are_bounded, 0, 2);
	tcase_add_loop_test(tc, unread_data_fills_the_buffer_and_no_more, 0, 2);
	tc = wire_case(s, "FIN");
	tcase_add_loop_test(tc, early_fin_waits_for_the_hole, 0, 2);
	tcase_add_loop_test(tc, early_bare_fin_waits_for_the_hole, 0, 2);
	tcase_add_loop_test(tc, data_behind_the_fin_is_ignored, 0, 2);
	tcase_add_loop_test(tc, data_behind_an_early_fin_is_ignored, 0, 2);
	tc = wire_case(s, "sending");
	tcase_add_test(tc, last_buffered_segment_carries_psh);
	tcase_add_test(tc, queued_writes_leave_as_full_segments);
	return s;
}

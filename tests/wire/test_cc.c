/* SPDX-License-Identifier: MIT */
/*
 * test_cc.c - congestion control and loss recovery (RFC 5681, 6928, 6582, 3042)
 */

#include "suites.h"
#include "wire.h"

#define MSS  1460u
#define IW   (10 * MSS)
#define LOTS 400000u

static void reno(struct ustack_config *cfg)
{
	memcpy(cfg->cc, "reno", sizeof("reno"));
}

/* A sender with much to say, whose initial window is in flight. */
static void begin(struct peer *p)
{
	wire_init(p, 0, reno);
	wire_goto(p, USTACK_ESTABLISHED);
	peer_send(p, LOTS);
	ck_assert_uint_eq(peer_drain(p), 10);
}

static void duplicates(struct peer *p, uint32_t ack, uint32_t n)
{
	while (n-- > 0)
		peer_tx(p, seg_ack(1, ack));
}

static void jumbo(struct ustack_config *cfg)
{
	cfg->mtu = 9000;
}

/* clang-format off */
static const struct {
	uint16_t mss;
	uint32_t segs;
} iw_cases[] = { { 500, 10 }, { 1460, 10 }, { 4000, 3 }, { 8000, 2 } };
/* clang-format on */

/* 5681-1: min(10 * MSS, max(2 * MSS, 14600)). */
START_TEST(initial_window_is_limited)
{
	uint32_t bytes;
	struct peer p;

	wire_init(&p, _i % 2, jumbo);
	peer_open_with(&p, (struct pseg){ .mss = iw_cases[_i / 2].mss });
	peer_send(&p, LOTS);
	ck_assert_uint_eq(wire_take(&p, &bytes), iw_cases[_i / 2].segs);
	ck_assert_uint_eq(bytes, iw_cases[_i / 2].segs * iw_cases[_i / 2].mss);
	peer_fini(&p);
}
END_TEST

/* 5681-3, MUST-19: slow start: one segment more for each acknowledged. */
START_TEST(slow_start_grows_by_a_segment_an_ack)
{
	uint32_t bytes;
	struct peer p;

	begin(&p);
	for (uint32_t i = 1; i <= 10; i++) {
		peer_tx(&p, seg_ack(1, 1 + i * MSS));
		ck_assert_uint_eq(peer_info(&p).cwnd, IW + i * MSS);
		ck_assert_uint_eq(wire_take(&p, &bytes), 2);
	}
	peer_fini(&p);
}
END_TEST

/* 5681-4: an ACK split in ten gains no more than a whole one. */
START_TEST(ack_splitting_gains_nothing)
{
	struct peer p;

	begin(&p);
	for (uint32_t i = 1; i <= 10; i++)
		peer_tx(&p, seg_ack(1, 1 + i * MSS / 10));
	ck_assert_uint_eq(peer_info(&p).cwnd, IW + MSS);
	peer_fini(&p);
}
END_TEST

/* 5681-11: never more in flight than cwnd, never more than the window. */
START_TEST(flight_stays_below_both_windows)
{
	struct ustack_info info;
	uint32_t ack = 1;
	struct peer p;

	begin(&p);
	for (uint32_t i = 0; i < 40; i++) {
		ack += MSS;
		peer_tx(&p, seg_wnd(1, ack, 30000));
		info = peer_info(&p);
		ck_assert_uint_le(info.inflight, info.cwnd);
		ck_assert_uint_le(info.unacked, 30000);
		peer_drain(&p);
	}
	ck_assert_uint_ge(info.unacked, 30000 - MSS);
	peer_fini(&p);
}
END_TEST

/* 5681-16: who does not use the window does not grow it. */
START_TEST(unused_window_does_not_grow)
{
	uint32_t ack = 1;
	struct peer p;

	wire_init(&p, 0, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	for (uint32_t i = 0; i < 100; i++) {
		peer_send(&p, 1000);
		ack += 1000;
		peer_tx(&p, seg_ack(1, ack));
	}
	ck_assert_uint_eq(peer_info(&p).cwnd, IW);
	peer_fini(&p);
}
END_TEST

/* 5681-8, 5681-10: two new segments, then the lost one; cause: dupack. */
START_TEST(third_duplicate_repeats_the_lost_segment)
{
	struct peer p;

	begin(&p);
	duplicates(&p, 1, 1);
	peer_expect(&p, TCP_ACK, 1 + IW, 1, MSS);
	duplicates(&p, 1, 1);
	peer_expect(&p, TCP_ACK, 1 + IW + MSS, 1, MSS);
	peer_expect_none(&p);
	duplicates(&p, 1, 1);
	peer_expect(&p, TCP_ACK, 1, 1, MSS);
	peer_expect_none(&p);
	ck_assert_str_eq(peer_info(&p).cc_state, "recovery");
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_RETRANS_FAST), 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_FAST_RECOVERIES), 1);
	peer_fini(&p);
}
END_TEST

/* 5681-9: not duplicates: data, another window, FIN. */
START_TEST(what_is_no_duplicate_does_not_count)
{
	struct pseg s;
	struct peer p;

	begin(&p);
	for (uint16_t i = 0; i < 5; i++)
		peer_tx(&p, seg_wnd(1, 1, (uint16_t)(60000 - i)));
	for (uint32_t i = 0; i < 5; i++) {
		s = seg_data(1 + i, 1, 1);
		s.wnd = 59996;
		peer_tx(&p, s);
	}
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_IN_DUP_ACKS), 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_RETRANS_SEGS), 0);
	peer_fini(&p);
}
END_TEST

/* 6582-1: more duplicates in the same window cut nothing again. */
START_TEST(recovery_starts_once_a_window)
{
	uint32_t ssthresh;
	struct peer p;

	begin(&p);
	duplicates(&p, 1, 3);
	ssthresh = peer_info(&p).ssthresh;
	ck_assert_uint_lt(ssthresh, IW);
	duplicates(&p, 1, 6);
	ck_assert_uint_eq(peer_info(&p).ssthresh, ssthresh);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_FAST_RECOVERIES), 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_RETRANS_SEGS), 1);
	peer_fini(&p);
}
END_TEST

/* 6582-2, 6582-4: the next hole at once, without a timeout. */
START_TEST(partial_ack_repeats_the_next_hole)
{
	struct ustack_info info;
	struct peer p;

	begin(&p);
	duplicates(&p, 1, 8);
	peer_drain(&p);
	info = peer_info(&p);
	peer_tx(&p, seg_ack(1, 1 + 2 * MSS));
	peer_expect(&p, TCP_ACK, 1 + 2 * MSS, 1, MSS);
	ck_assert_uint_eq(peer_info(&p).cwnd, info.cwnd - MSS);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_RETRANS_PARTIAL), 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_TIMEOUTS), 0);
	ck_assert_str_eq(peer_info(&p).cc_state, "recovery");
	peer_fini(&p);
}
END_TEST

/* 6582-3: everything is there: out of recovery, no more than ssthresh. */
START_TEST(full_ack_ends_recovery)
{
	struct ustack_info info;
	struct peer p;

	begin(&p);
	duplicates(&p, 1, 3);
	peer_drain(&p);
	peer_tx(&p, seg_ack(1, 1 + IW + 2 * MSS));
	info = peer_info(&p);
	ck_assert_str_eq(info.cc_state, "open");
	ck_assert_uint_le(info.cwnd, info.ssthresh);
	peer_fini(&p);
}
END_TEST

/* 5681-6, 5681-7, MUST-19: one segment; only the first expiry sets ssthresh. */
START_TEST(timeout_starts_again_from_one_segment)
{
	struct ustack_info info;
	struct peer p;
	struct pseg s;

	begin(&p);
	s = wire_expect_after(&p, 200);
	ck_assert_uint_eq(s.seq, 1);
	peer_expect_none(&p);
	info = peer_info(&p);
	ck_assert_uint_eq(info.cwnd, MSS);
	ck_assert_uint_eq(info.ssthresh, IW / 2);
	ck_assert_str_eq(info.cc_state, "loss");
	wire_expect_after(&p, 400);
	ck_assert_uint_eq(peer_info(&p).ssthresh, IW / 2);
	ck_assert_uint_eq(peer_info(&p).cwnd, MSS);
	peer_fini(&p);
}
END_TEST

/* 6582-6: after it, duplicates of what was sent before are no new loss. */
START_TEST(duplicates_after_a_timeout_start_no_recovery)
{
	struct peer p;

	begin(&p);
	wire_expect_after(&p, 200);
	peer_tx(&p, seg_ack(1, 1 + MSS));
	peer_drain(&p);
	duplicates(&p, 1 + MSS, 8);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_FAST_RECOVERIES), 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_RETRANS_FAST), 0);
	peer_fini(&p);
}
END_TEST

/* RFC 6582 section 3.2 step 2 (6582-6): "covers more than recover". */
START_TEST(duplicates_at_recover_start_no_fast_retransmit)
{
	struct peer p;

	wire_init(&p, 0, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 5 * 1460);
	peer_drain(&p);
	wire_expect_after(&p, 200);
	peer_tx(&p, seg_ack(1, 1 + 5 * 1460)); /* they were only late */
	peer_send(&p, 100000);
	peer_drain(&p);
	for (uint32_t i = 0; i < 3; i++) /* for the copies */
		peer_tx(&p, seg_ack(1, 1 + 5 * 1460));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_FAST_RECOVERIES), 0);
	peer_fini(&p);
}
END_TEST

/* 5681-5, MUST-19: above ssthresh one segment for each window acknowledged. */
START_TEST(congestion_avoidance_grows_by_a_segment_a_round)
{
	uint32_t ack = 1, cwnd, bytes = 0;
	struct peer p;

	begin(&p);
	wire_expect_after(&p, 200);
	peer_tx(&p, seg_ack(1, 1)); /* a duplicate: F-RTO sees a real loss */
	peer_drain(&p);
	while (peer_info(&p).cwnd < IW / 2) {
		ack += MSS;
		peer_tx(&p, seg_ack(1, ack));
		peer_drain(&p);
	}
	for (uint32_t round = 0; round < 5; round++) {
		cwnd = peer_info(&p).cwnd;
		for (bytes = 0; bytes < cwnd; bytes += MSS) {
			ack += MSS;
			peer_tx(&p, seg_ack(1, ack));
			peer_drain(&p);
		}
		ck_assert_uint_le(peer_info(&p).cwnd, cwnd + MSS);
		ck_assert_uint_ge(peer_info(&p).cwnd, cwnd);
	}
	ck_assert_uint_ge(peer_info(&p).cwnd, IW / 2 + 3 * MSS);
	peer_fini(&p);
}
END_TEST

/* 5681-5: ACKs of one batch all count, though nothing leaves between them. */
START_TEST(acks_of_a_batch_count_like_single_ones)
{
	struct pseg acks[32];
	uint32_t ack = 1, n;
	struct peer p;

	begin(&p);
	wire_expect_after(&p, 200);
	peer_tx(&p, seg_ack(1, 1)); /* a duplicate: F-RTO sees a real loss */
	peer_drain(&p);
	while (peer_info(&p).cwnd < IW / 2) {
		ack += MSS;
		peer_tx(&p, seg_ack(1, ack));
		peer_drain(&p);
	}
	for (uint32_t round = 0; round < 5; round++) {
		uint32_t cwnd = peer_info(&p).cwnd;

		for (n = 0; n * MSS < cwnd; n++)
			acks[n] = seg_ack(1, ack += MSS);
		peer_tx_batch(&p, acks, n);
		peer_drain(&p);
		ck_assert_uint_eq(peer_info(&p).cwnd / MSS, cwnd / MSS + 1);
	}
	peer_fini(&p);
}
END_TEST

/* 5681-12: idle for more than an RTO: back to the restart window. */
START_TEST(idle_connection_restarts_carefully)
{
	uint32_t bytes, ack = 1;
	struct peer p;

	begin(&p);
	while (peer_info(&p).unsent > 0 || peer_info(&p).unacked > 0) {
		ack += min_u32(MSS, peer_info(&p).unacked);
		peer_tx(&p, seg_ack(1, ack));
		peer_drain(&p);
	}
	ck_assert_uint_gt(peer_info(&p).cwnd, 2 * IW);
	peer_advance(&p, SEC(1));
	peer_send(&p, LOTS);
	ck_assert_uint_eq(wire_take(&p, &bytes), 10);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_cc(void)
{
	Suite *s = suite_create("congestion");
	TCase *tc = wire_case(s, "window");

	tcase_add_loop_test(tc, initial_window_is_limited, 0,
			    2 * (int)WIRE_ROWS(iw_cases));
	tcase_add_test(tc, slow_start_grows_by_a_segment_an_ack);
	tcase_add_test(tc, ack_splitting_gains_nothing);
	tcase_add_test(tc, flight_stays_below_both_windows);
	tcase_add_test(tc, unused_window_does_not_grow);
	tcase_add_test(tc, congestion_avoidance_grows_by_a_segment_a_round);
	tcase_add_test(tc, acks_of_a_batch_count_like_single_ones);
	tcase_add_test(tc, idle_connection_restarts_carefully);
	tc = wire_case(s, "recovery");
	tcase_add_test(tc, third_duplicate_repeats_the_lost_segment);
	tcase_add_test(tc, what_is_no_duplicate_does_not_count);
	tcase_add_test(tc, recovery_starts_once_a_window);
	tcase_add_test(tc, partial_ack_repeats_the_next_hole);
	tcase_add_test(tc, full_ack_ends_recovery);
	tcase_add_test(tc, timeout_starts_again_from_one_segment);
	tcase_add_test(tc, duplicates_after_a_timeout_start_no_recovery);
	tcase_add_test(tc, duplicates_at_recover_start_no_fast_retransmit);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_prr.c - how much is sent in recovery (RFC 9937, RFC 6675)
 *
 * Ten segments in flight and plenty behind them; the first is lost.
 */

#include "lossy.h"

static void begin(struct peer *p)
{
	lossy_open(p, false);
	ck_assert_uint_eq(lossy_send(p, 100), 10);
}

/* Segments sent in answer to the SACK of all before @to. */
static uint32_t answer(struct peer *p, uint32_t to)
{
	peer_tx(p, lossy_sack(1, 2, to));
	return wire_take(p, &(uint32_t){ 0 });
}

/*
 * Each SACKed segment lets half a segment leave, the retransmission first: no
 * silence, no burst, and the flight ends at ssthresh (9937-1, 9937-3, 6675-2,
 * 5681-10: the first two SACKs release one new segment each).
 */
START_TEST(half_of_what_arrives_is_sent)
{
	struct peer p;
	uint32_t sent = 0;

	begin(&p);
	ck_assert_uint_eq(answer(&p, 3), 1);
	ck_assert_uint_eq(answer(&p, 4), 1);
	peer_tx(&p, lossy_sack(1, 2, 5));
	lossy_expect(&p, 1);
	peer_expect_none(&p);
	for (uint32_t to = 6; to <= 13; to++) {
		uint32_t n = answer(&p, to);

		ck_assert_uint_le(n, 2);
		sent += n;
	}
	ck_assert_uint_ge(sent, 3);
	ck_assert_uint_le(sent, 6);
	ck_assert_uint_eq(peer_info(&p).ssthresh, 5 * LOSSY_MSS);
	ck_assert_uint_le(peer_info(&p).inflight, 5 * LOSSY_MSS);
	peer_fini(&p);
}
END_TEST

/* It ends when what was in flight is acknowledged, at ssthresh (9937-4, 6675-4),
 * with one cut (6675-6, 6582-1).
 */
START_TEST(recovery_ends_at_the_threshold)
{
	struct peer p;
	uint32_t ssthresh;

	begin(&p);
	answer(&p, 5);
	ssthresh = peer_info(&p).ssthresh;
	for (uint32_t to = 6; to <= 11; to++)
		answer(&p, to);
	ck_assert_uint_eq(peer_info(&p).ssthresh, ssthresh);
	ck_assert_str_eq(peer_info(&p).cc_state, "recovery");
	peer_tx(&p, lossy_ack(11));
	ck_assert_str_eq(peer_info(&p).cc_state, "open");
	ck_assert_uint_eq(peer_info(&p).cwnd, ssthresh);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_FAST_RECOVERIES), 1);
	peer_fini(&p);
}
END_TEST

/* When more is lost than the cut asks for, what arrives is replaced one for one,
 * and one more with progress (9937-2).
 */
START_TEST(below_the_threshold_arrivals_are_replaced)
{
	struct peer p;

	begin(&p);
	ck_assert_uint_eq(answer(&p, 3), 1); /* 11; 1 and 3 to 9 are lost */
	peer_tx(&p, lossy_sack(1, 10, 11));
	ck_assert_uint_eq(wire_take(&p, &(uint32_t){ 0 }), 1);
	peer_advance(&p, LOSSY_RTT);
	peer_tx(&p, lossy_sack(1, 10, 12));
	/* 1 and 3 to 9 are due: three have arrived, so many leave at most. */
	ck_assert_uint_le(wire_take(&p, &(uint32_t){ 0 }), 3);
	ck_assert_str_eq(peer_info(&p).cc_state, "recovery");
	ck_assert_uint_le(peer_info(&p).inflight, 5 * LOSSY_MSS);
	peer_fini(&p);
}
END_TEST

/* What the ACKs of one batch deliver before the loss shows is replaced like
 * what the last of them delivers: not a retransmission alone (9937-2).
 */
START_TEST(a_batch_is_replaced_whole)
{
	struct pseg acks[3];
	struct peer p;

	begin(&p);
	acks[0] = lossy_ack(5);
	acks[1] = lossy_ack(7);
	acks[2] = lossy_sack(7, 8, 11);
	peer_tx_batch(&p, acks, 3);
	ck_assert_uint_eq(peer_info(&p).ssthresh, 5 * LOSSY_MSS);
	lossy_expect(&p, 7);
	ck_assert_uint_eq(wire_take(&p, &(uint32_t){ 0 }), 4);
	ck_assert_uint_eq(peer_info(&p).inflight, 5 * LOSSY_MSS);
	peer_fini(&p);
}
END_TEST

/* With progress and no further loss one segment more leaves than arrived (9937-2). */
START_TEST(progress_below_the_threshold_gains_a_segment)
{
	struct peer p;

	begin(&p);
	peer_tx(&p, lossy_sack(1, 8, 11)); /* 1 to 7 are lost, three arrived */
	ck_assert_uint_eq(wire_take(&p, &(uint32_t){ 0 }), 3);
	peer_advance(&p, LOSSY_RTT);
	peer_tx(&p, lossy_sack(2, 8, 11));
	ck_assert_uint_eq(wire_take(&p, &(uint32_t){ 0 }), 2);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_prr(void)
{
	Suite *s = suite_create("PRR");
	TCase *tc = wire_case(s, "recovery");

	tcase_add_test(tc, half_of_what_arrives_is_sent);
	tcase_add_test(tc, recovery_ends_at_the_threshold);
	tcase_add_test(tc, below_the_threshold_arrivals_are_replaced);
	tcase_add_test(tc, a_batch_is_replaced_whole);
	tcase_add_test(tc, progress_below_the_threshold_gains_a_segment);
	return s;
}

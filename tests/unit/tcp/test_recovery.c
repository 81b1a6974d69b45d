/* SPDX-License-Identifier: MIT */
/*
 * test_recovery.c - the numbers of NewReno and of a timeout
 *
 * Method: ten segments in flight, then the events of recovery.h directly.
 */

#include "inner.h"
#include "stack/tcp/rack.h"
#include "stack/tcp/recovery.h"
#include "stack/tcp/sendq.h"
#include "stack/tcp/undo.h"

#define MSS 1460u

static void reno(struct ustack_config *cfg)
{
	memcpy(cfg->cc, "reno", sizeof("reno"));
}

static struct tcp_conn *begin(struct peer *p)
{
	struct tcp_conn *c;

	peer_init(p, reno);
	peer_open(p);
	ck_assert_int_eq(peer_send(p, 10 * MSS), 10 * MSS);
	c = inner_conn(p);
	EXPECT_EQ(tcp_unacked(c), 10 * MSS);
	return c;
}

/* What input_ack.c does before it tells recovery. */
static void ack(struct tcp_conn *c, uint32_t bytes, bool limited)
{
	struct tcp_acked a = { .ack = c->snd.una + bytes,
			       .acked = bytes,
			       .first_us = TIME_NEVER,
			       .last_us = TIME_NEVER,
			       .limited = limited };

	rec_ack(c, &a);
	sliceq_consume(&c->sndq, &c->t->s->mem, bytes);
	c->snd.una += bytes;
	tcp_recovery_on_ack(c, &a);
}

static void dupacks(struct tcp_conn *c, uint32_t n)
{
	const struct tcp_acked a = { .ack = c->snd.una, .dup = true };

	while (n-- > 0)
		tcp_recovery_on_ack(c, &a);
}

/* RFC 6582 section 3.2 step 2, RFC 5681 section 3.2 */
START_TEST(third_duplicate_enters_recovery)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	dupacks(c, 2);
	EXPECT_EQ(c->rec.state, CA_OPEN);
	EXPECT_EQ(c->cc.cwnd, 10 * MSS);
	EXPECT_EQ(c->fl->lost, 0);
	dupacks(c, 1);
	EXPECT_EQ(c->rec.state, CA_RECOVERY);
	ck_assert_str_eq(tcp_recovery_name(c), "recovery");
	EXPECT_EQ(c->cc.ssthresh, 5 * MSS);
	EXPECT_EQ(c->cc.cwnd, 8 * MSS);
	EXPECT_EQ(c->rec.recover, c->snd.nxt);
	EXPECT_EQ(c->fl->lost, MSS);
	EXPECT_EQ(rec_first_lost(c)->seq, c->snd.una);
	EXPECT_EQ(peer_counter(&p, USTACK_C_TCP_FAST_RECOVERIES), 1);
	dupacks(c, 3); /* each has left the network */
	EXPECT_EQ(c->cc.cwnd, 11 * MSS);
	EXPECT_EQ(c->cc.ssthresh, 5 * MSS);
	EXPECT_EQ(peer_counter(&p, USTACK_C_TCP_FAST_RECOVERIES), 1);
	peer_fini(&p);
}
END_TEST

/* RFC 3042: one segment for each of the first two. */
START_TEST(limited_transmit_allows_two_segments)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	EXPECT_EQ(tcp_recovery_allowance(c), 0);
	dupacks(c, 1);
	EXPECT_EQ(tcp_recovery_allowance(c), MSS);
	dupacks(c, 1);
	EXPECT_EQ(tcp_recovery_allowance(c), 2 * MSS);
	dupacks(c, 1);
	EXPECT_EQ(tcp_recovery_allowance(c), 0);
	peer_fini(&p);
}
END_TEST

/* RFC 6582 section 3.2 step 3, partial: deflate, add back one, resend. */
START_TEST(partial_ack_deflates_and_marks_the_next_segment)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	dupacks(c, 3);
	rec_resent(c, rec_first_lost(c));
	EXPECT_EQ(c->fl->lost, 0);
	ack(c, 2 * MSS, true);
	EXPECT_EQ(c->rec.state, CA_RECOVERY);
	EXPECT_EQ(c->cc.cwnd, 7 * MSS);
	EXPECT_EQ(c->cc.ssthresh, 5 * MSS);
	EXPECT_EQ(c->fl->lost, MSS);
	EXPECT_EQ(rec_first_lost(c)->seq, c->snd.una);
	EXPECT_EQ(rec_first_lost(c)->cause, USTACK_CAUSE_PARTIAL_ACK);
	rec_resent(c, rec_first_lost(c));
	ack(c, MSS / 2, true); /* less than one: none added */
	EXPECT_EQ(c->cc.cwnd, 7 * MSS - MSS / 2);
	ack(c, 7 * MSS, true); /* never below one */
	EXPECT_EQ(c->cc.cwnd, 2 * MSS);
	peer_fini(&p);
}
END_TEST

/* RFC 6582 section 3.2 step 3, full: min(ssthresh, max(flight, MSS) + MSS). */
START_TEST(full_ack_leaves_with_no_burst)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	dupacks(c, 3);
	rec_resent(c, rec_first_lost(c));
	ack(c, 10 * MSS, true);
	EXPECT_EQ(c->rec.state, CA_OPEN);
	ck_assert_str_eq(tcp_recovery_name(c), "open");
	EXPECT_EQ(c->fl->dupacks, 0);
	EXPECT_EQ(c->cc.cwnd, 2 * MSS);
	EXPECT_EQ(c->cc.ssthresh, 5 * MSS);
	peer_fini(&p);
}
END_TEST

/* RFC 5681 section 3.1, (7): everything is lost, one segment, slow start. */
START_TEST(timeout_starts_over_with_one_segment)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	tcp_recovery_on_timeout(c);
	rtt_backoff(&c->rtt);
	EXPECT_EQ(c->rec.state, CA_LOSS);
	ck_assert_str_eq(tcp_recovery_name(c), "loss");
	EXPECT_EQ(c->cc.cwnd, MSS);
	EXPECT_EQ(c->cc.ssthresh, 5 * MSS);
	EXPECT_EQ(c->fl->lost, 10 * MSS);
	EXPECT_EQ(tcp_inflight(c), 0);
	dupacks(c, 5); /* RFC 6582 section 5 */
	EXPECT_EQ(c->rec.state, CA_LOSS);
	EXPECT_EQ(c->cc.cwnd, MSS);
	tcp_recovery_on_timeout(c); /* keeps the threshold */
	EXPECT_EQ(c->cc.ssthresh, 5 * MSS);
	ack(c, MSS, false); /* slow start, limited or not */
	EXPECT_EQ(c->rec.state, CA_LOSS);
	EXPECT_EQ(c->cc.cwnd, 2 * MSS);
	ack(c, 9 * MSS, false);
	EXPECT_EQ(c->rec.state, CA_OPEN);
	EXPECT_EQ(c->cc.cwnd, 2 * MSS); /* that one was not limited */
	EXPECT_EQ(c->fl->lost, 0);
	peer_fini(&p);
}
END_TEST

START_TEST(window_that_was_not_used_does_not_grow)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	dupacks(c, 2);
	ack(c, MSS, false);
	EXPECT_EQ(c->cc.cwnd, 10 * MSS);
	EXPECT_EQ(c->fl->dupacks, 0);
	ack(c, MSS, true);
	EXPECT_EQ(c->cc.cwnd, 11 * MSS);
	peer_fini(&p);
}
END_TEST

/*
 * An old echo proves a copy needless, but only one that this recovery has sent:
 * one of an earlier recovery may be acknowledged in the middle of the next.
 */
START_TEST(echo_counts_for_copies_of_this_recovery)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);
	struct tcp_acked a = { .ack = c->snd.una,
			       .retx = true,
			       .retx_us = tcp_now(c),
			       .has_ts = true };

	peer_advance(&p, MS(20));
	undo_save(c);
	c->rec.state = CA_RECOVERY;
	undo_on_resent(c, 1);
	a.tsecr = c->fl->undo.tsval - 20;
	EXPECT(!undo_on_ack(c, &a));
	EXPECT_EQ(c->rec.state, CA_RECOVERY);
	a.retx_us = tcp_now(c);
	EXPECT(undo_on_ack(c, &a));
	EXPECT_EQ(c->rec.state, CA_OPEN);
	peer_fini(&p);
}
END_TEST

/* RFC 6582 section 3.2 step 1, over 2 GB without a loss: numbers wrap. */
START_TEST(recover_is_not_left_behind)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	c->rec.recover = c->snd.una - 0x7fffff00;
	ack(c, MSS, true);
	dupacks(c, 3);
	EXPECT_EQ(c->rec.state, CA_RECOVERY);
	peer_fini(&p);
}
END_TEST

/* RFC 8985 section 6.2 step 4: a recovery after a timeout counts, too (8985-6). */
START_TEST(recovery_from_a_timeout_narrows_the_reordering_window)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	c->flags |= CF_SACK;
	c->rec.reo_mult = 4;
	c->rec.reo_persist = 1;
	tcp_recovery_on_timeout(c);
	ack(c, 10 * MSS, false);
	EXPECT_EQ(c->rec.state, CA_OPEN);
	EXPECT_EQ(c->rec.reo_mult, 1);
	peer_fini(&p);
}
END_TEST

/*
 * Where RACK has nothing to compare with, since each thing that was SACKed had
 * been sent twice, three segments above decide (RFC 6675 section 4, 6675-1).
 */
START_TEST(three_segments_decide_where_rack_cannot)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);
	struct tcp_acked a = { .ack = c->snd.una, .last_us = TIME_NEVER };

	c->flags |= CF_SACK;
	c->rtt.min_us = 1000;
	for (uint32_t n = 10; n > 7; n--) {
		struct tcp_rec *r;

		EXPECT(rec_split(c, rec_first(c), (n - 1) * MSS) == 0);
		r = rec_next(rec_first(c));
		rec_resent(c, r); /* and answered sooner than can be */
		rec_sack(c, r, &a);
		if (n > 8)
			EXPECT_EQ(rack_detect(c), 0);
	}
	EXPECT_EQ(c->fl->rack.sent_us, 0);
	EXPECT_EQ(c->fl->sacked_segs, 3);
	EXPECT_EQ(rack_detect(c), 7 * MSS);
	EXPECT_EQ(rec_first_lost(c)->cause, USTACK_CAUSE_SACK);
	peer_fini(&p);
}
END_TEST

Suite *suite_tcp_recovery(void)
{
	Suite *s = suite_create("tcp/recovery");
	TCase *tc = tcase_create("NewReno");

	tcase_add_test(tc, third_duplicate_enters_recovery);
	tcase_add_test(tc, limited_transmit_allows_two_segments);
	tcase_add_test(tc, partial_ack_deflates_and_marks_the_next_segment);
	tcase_add_test(tc, full_ack_leaves_with_no_burst);
	tcase_add_test(tc, timeout_starts_over_with_one_segment);
	tcase_add_test(tc, window_that_was_not_used_does_not_grow);
	tcase_add_test(tc, three_segments_decide_where_rack_cannot);
	tcase_add_test(tc, echo_counts_for_copies_of_this_recovery);
	tcase_add_test(tc, recover_is_not_left_behind);
	tcase_add_test(tc,
		       recovery_from_a_timeout_narrows_the_reordering_window);
	suite_add_tcase(s, tc);
	return s;
}

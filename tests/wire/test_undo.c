/* SPDX-License-Identifier: MIT */
/*
 * test_undo.c - recoveries that should not have been: F-RTO (RFC 5682), Eifel
 *		 (RFC 3522, 4015), DSACK (RFC 2883, 3708)
 *
 * Ten segments in flight, of which none is lost: they or their ACKs are late.
 */

#include "lossy.h"

/* What the connection was like before. */
struct before {
	uint32_t cwnd;
	uint32_t ssthresh;
};

static struct before begin(struct peer *p, bool ts)
{
	struct ustack_info i;

	lossy_open(p, ts);
	ck_assert_uint_eq(lossy_send(p, 30), 10);
	i = peer_info(p);
	return (struct before){ .cwnd = i.cwnd, .ssthresh = i.ssthresh };
}

static void check_undone(struct peer *p, const struct before *b)
{
	ck_assert_uint_ge(peer_info(p).cwnd, b->cwnd);
	ck_assert_uint_eq(peer_info(p).ssthresh, b->ssthresh);
	ck_assert_str_eq(peer_info(p).cc_state, "open");
}

/* Let the timer run out; the head leaves again.  Returns its TSval. */
static uint32_t time_out(struct peer *p)
{
	struct pseg s;

	peer_advance(p, MS(100)); /* the probe */
	peer_drain(p);
	while (peer_counter(p, USTACK_C_TCP_TIMEOUTS) == 0)
		peer_advance(p, MS(1));
	s = lossy_expect(p, 1);
	peer_expect_none(p);
	return s.tsval;
}

/* RFC 5682 section 3.1: new data after the first ACK, and the second covers what
 * was sent once: the timeout was spurious.
 */
START_TEST(frto_takes_a_spurious_timeout_back)
{
	struct peer p;
	struct before b = begin(&p, false);
	struct pseg s;

	time_out(&p);
	ck_assert_uint_eq(peer_info(&p).cwnd, LOSSY_MSS);
	peer_tx(&p, lossy_ack(3));
	s = lossy_expect(&p, 12); /* 11 was the probe; new, not 3 again */
	peer_drain(&p);
	ck_assert_uint_eq(s.len, LOSSY_MSS);
	peer_tx(&p, lossy_ack(5));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_SPURIOUS_RTOS), 1);
	check_undone(&p, &b);
	peer_fini(&p);
}
END_TEST

/* Steps 2a and 3a: a duplicate says that the loss was real. */
START_TEST(frto_believes_a_duplicate)
{
	struct peer p;

	begin(&p, false);
	time_out(&p);
	peer_tx(&p, lossy_ack(3));
	lossy_expect(&p, 12);
	peer_drain(&p);
	peer_advance(&p, LOSSY_RTT);
	peer_tx(&p, lossy_sack(3, 12, 13));
	lossy_expect(&p, 3);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_SPURIOUS_RTOS), 0);
	ck_assert_str_eq(peer_info(&p).cc_state, "loss");
	peer_fini(&p);
}
END_TEST

/* What was saved is the other algorithm's: F-RTO has nothing to take back. */
START_TEST(frto_forgets_what_another_algorithm_saved)
{
	struct peer p;

	begin(&p, false);
	time_out(&p);
	peer_tx(&p, lossy_ack(3));
	peer_drain(&p);
	ck_assert_int_eq(ustack_setopt_cc(p.h.s, p.conn, "cubic"), 0);
	peer_tx(&p, lossy_ack(5));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_SPURIOUS_RTOS), 0);
	ck_assert_str_eq(peer_info(&p).cc_state, "loss");
	lossy_expect(&p, 5);
	peer_fini(&p);
}
END_TEST

/* Step 2b: new data that Nagle holds back tells nothing: the loss is taken for
 * real at once.
 */
START_TEST(frto_needs_new_data_that_can_leave)
{
	struct peer p;

	lossy_open(&p, false);
	peer_send(&p, 8 * LOSSY_MSS + 100);
	peer_drain(&p);
	peer_send(&p, 100); /* waits, until the probe takes it */
	peer_expect_none(&p);
	time_out(&p);
	peer_send(&p, 100); /* waits */
	peer_expect_none(&p);
	peer_tx(&p, lossy_ack(3));
	lossy_expect(&p, 3);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_TIMEOUTS), 1);
	peer_fini(&p);
}
END_TEST

/* RFC 3522 section 3: the echo is older than the copy; RFC 4015 for what follows. */
START_TEST(old_echo_takes_a_timeout_back)
{
	struct peer p;
	struct before b = begin(&p, true);
	struct pseg s = lossy_ack(3);
	uint32_t tsval = time_out(&p);

	s.has = TCP_OPT_HAS_TS;
	s.tsval = 3;
	s.tsecr = tsval - 50;
	peer_tx(&p, s);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_UNDO_TIMESTAMP), 1);
	check_undone(&p, &b);
	ck_assert_uint_ge(peer_info(&p).srtt_us, MS(40));
	peer_fini(&p);
}
END_TEST

/* An echo of the copy itself proves nothing. */
START_TEST(new_echo_leaves_the_timeout_standing)
{
	struct peer p;
	struct pseg s = lossy_ack(2);
	uint32_t tsval;

	begin(&p, true);
	tsval = time_out(&p);
	s.has = TCP_OPT_HAS_TS;
	s.tsval = 3;
	s.tsecr = tsval;
	peer_tx(&p, s);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_UNDO_TIMESTAMP), 0);
	ck_assert_str_eq(peer_info(&p).cc_state, "loss");
	peer_fini(&p);
}
END_TEST

/* Fast recovery by reordering: the timestamp takes it back (9438-9). */
START_TEST(old_echo_takes_a_recovery_back)
{
	struct peer p;
	struct before b = begin(&p, true);
	struct pseg s = lossy_sack(1, 2, 5);
	uint32_t old;

	s.has = TCP_OPT_HAS_TS;
	s.tsval = 3;
	s.tsecr = 0;
	peer_advance(&p, MS(5)); /* so that clocks tell the copies apart */
	peer_tx(&p, s);
	old = lossy_expect(&p, 1).tsval - 25;
	ck_assert_str_eq(peer_info(&p).cc_state, "recovery");
	s = lossy_ack(5);
	s.has = TCP_OPT_HAS_TS;
	s.tsval = 3;
	s.tsecr = old;
	peer_tx(&p, s);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_UNDO_TIMESTAMP), 1);
	check_undone(&p, &b);
	peer_fini(&p);
}
END_TEST

/* Each copy was reported as a duplicate: none was needed. */
START_TEST(dsack_of_every_copy_takes_a_recovery_back)
{
	struct peer p;
	struct before b = begin(&p, false);
	struct pseg d = lossy_ack(11);

	peer_tx(&p, lossy_sack(1, 2, 5));
	lossy_expect(&p, 1);
	peer_drain(&p);
	peer_tx(&p, lossy_ack(11));
	ck_assert_uint_lt(peer_info(&p).cwnd, b.cwnd);
	peer_drain(&p);
	d.nsack = 1;
	d.sack[0] = (struct tcp_sack){ SEG(1), SEG(2) };
	peer_tx(&p, d);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_UNDO_DSACK), 1);
	check_undone(&p, &b);
	peer_fini(&p);
}
END_TEST

/* A DSACK of something else proves nothing. */
START_TEST(dsack_of_something_else_takes_nothing_back)
{
	struct peer p;
	struct before b = begin(&p, false);
	struct pseg d = lossy_ack(11);

	peer_tx(&p, lossy_sack(1, 3, 6));
	lossy_expect(&p, 1);
	peer_tx(&p, lossy_sack(1, 3, 11));
	lossy_expect(&p, 2);
	peer_drain(&p);
	peer_tx(&p, lossy_ack(11));
	d.nsack = 1;
	d.sack[0] = (struct tcp_sack){ SEG(1), SEG(2) };
	peer_tx(&p, d); /* one of two */
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_UNDO_DSACK), 0);
	ck_assert_uint_lt(peer_info(&p).cwnd, b.cwnd);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_undo(void)
{
	Suite *s = suite_create("undo");
	TCase *tc = wire_case(s, "spurious");

	tcase_add_test(tc, frto_takes_a_spurious_timeout_back);
	tcase_add_test(tc, frto_believes_a_duplicate);
	tcase_add_test(tc, frto_forgets_what_another_algorithm_saved);
	tcase_add_test(tc, frto_needs_new_data_that_can_leave);
	tcase_add_test(tc, old_echo_takes_a_timeout_back);
	tcase_add_test(tc, new_echo_leaves_the_timeout_standing);
	tcase_add_test(tc, old_echo_takes_a_recovery_back);
	tcase_add_test(tc, dsack_of_every_copy_takes_a_recovery_back);
	tcase_add_test(tc, dsack_of_something_else_takes_nothing_back);
	return s;
}

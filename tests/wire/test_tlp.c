/* SPDX-License-Identifier: MIT */
/*
 * test_tlp.c - tail loss probes (RFC 8985 section 7)
 */

#include "lossy.h"

#define PTO (2 * LOSSY_RTT + 500)

static void begin(struct peer *p, uint32_t segs)
{
	lossy_open(p, false);
	ck_assert_int_eq(peer_send(p, segs * LOSSY_MSS), segs * LOSSY_MSS);
	ck_assert_uint_eq(peer_drain(p), segs);
}

/* Section 7.2: two round trips of silence, and not a timeout; section 7.3: with
 * nothing new the last segment goes again (8985-10, 8985-11).
 */
START_TEST(silence_of_two_round_trips_is_probed_by_the_last_segment)
{
	struct peer p;

	begin(&p, 5);
	peer_advance(&p, PTO - 200);
	peer_expect_none(&p);
	peer_advance(&p, MS(2));
	lossy_expect(&p, 5);
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_LOSS_PROBES), 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_TIMEOUTS), 0);
	peer_fini(&p);
}
END_TEST

/* Section 7.2: a lone segment may meet a delayed ACK (8985-10). */
START_TEST(probe_of_a_lone_segment_allows_for_a_delayed_ack)
{
	struct peer p;
	struct pseg s;

	begin(&p, 1);
	peer_advance(&p, PTO + MS(100));
	peer_expect_none(&p);
	peer_advance(&p, MS(120));
	s = lossy_expect(&p, 1);
	ck_assert_uint_eq(s.len, LOSSY_MSS);
	peer_fini(&p);
}
END_TEST

/* Section 7.3: new data that waits for the window is the better probe (8985-11). */
START_TEST(probe_is_new_data_if_there_is_any)
{
	struct peer p;

	lossy_open(&p, false);
	peer_send(&p, 12 * LOSSY_MSS);
	ck_assert_uint_eq(peer_drain(&p), 10);
	peer_advance(&p, PTO + MS(1));
	lossy_expect(&p, 11);
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_RETRANS_SEGS), 0);
	peer_fini(&p);
}
END_TEST

/* Section 7.2: one probe a flight, then the timer (8985-12). */
START_TEST(one_probe_then_the_timer)
{
	struct peer p;

	begin(&p, 5);
	peer_advance(&p, PTO + MS(1));
	lossy_expect(&p, 5);
	peer_advance(&p, MS(190));
	peer_expect_none(&p);
	peer_advance(&p, MS(20));
	lossy_expect(&p, 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_LOSS_PROBES), 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_TIMEOUTS), 1);
	peer_fini(&p);
}
END_TEST

/* Section 7.4: the probe's SACK shows RACK the rest of the tail, no timeout. */
START_TEST(lost_tail_is_mended_without_timeout)
{
	struct peer p;

	begin(&p, 5);
	peer_advance(&p, LOSSY_RTT);
	peer_tx(&p, lossy_ack(3)); /* 3, 4 and 5 are lost */
	peer_advance(&p, PTO + MS(1));
	lossy_expect(&p, 5);
	peer_advance(&p, LOSSY_RTT);
	peer_tx(&p, lossy_sack(3, 5, 6));
	peer_advance(&p, LOSSY_RTT / 4 + MS(1));
	lossy_expect(&p, 3);
	peer_expect_none(&p); /* one has arrived, one may leave */
	peer_tx(&p, lossy_sack(4, 5, 6));
	lossy_expect(&p, 4);
	peer_tx(&p, lossy_ack(6));
	ck_assert_uint_eq(peer_info(&p).unacked, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_TIMEOUTS), 0);
	peer_fini(&p);
}
END_TEST

/* Section 7.4.2: a loss that the probe mended cuts the window (8985-13)... */
START_TEST(loss_mended_by_the_probe_cuts_the_window)
{
	struct peer p;

	begin(&p, 10);
	peer_advance(&p, LOSSY_RTT);
	peer_tx(&p, lossy_ack(10)); /* the tenth is lost */
	peer_drain(&p);
	ck_assert_uint_gt(peer_info(&p).cwnd, 10 * LOSSY_MSS);
	peer_advance(&p, MS(300));
	lossy_expect(&p, 10);
	peer_send(&p, LOSSY_MSS); /* something new, so that it is exceeded */
	peer_drain(&p);
	peer_tx(&p, lossy_ack(12));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_LOSS_PROBE_RECOVERIES),
			  1);
	ck_assert_uint_lt(peer_info(&p).cwnd, 10 * LOSSY_MSS);
	peer_fini(&p);
}
END_TEST

/* ... and one that was none, as a DSACK tells, does not. */
START_TEST(probe_in_vain_costs_nothing)
{
	struct peer p;
	struct pseg s;
	uint32_t cwnd;

	begin(&p, 5);
	cwnd = peer_info(&p).cwnd;
	peer_advance(&p, PTO + MS(1));
	lossy_expect(&p, 5);
	peer_tx(&p, lossy_ack(6));
	s = lossy_ack(6);
	s.nsack = 1;
	s.sack[0] = (struct tcp_sack){ SEG(5), SEG(6) };
	peer_tx(&p, s);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_LOSS_PROBE_RECOVERIES),
			  0);
	ck_assert_uint_ge(peer_info(&p).cwnd, cwnd);
	peer_fini(&p);
}
END_TEST

/* Section 7.2: not while recovering, nor after a timeout (8985-14). */
START_TEST(no_probe_in_recovery)
{
	struct peer p;

	begin(&p, 10);
	peer_advance(&p, LOSSY_RTT);
	peer_tx(&p, lossy_sack(1, 2, 5));
	lossy_expect(&p, 1);
	peer_drain(&p);
	peer_advance(&p, PTO + MS(20));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_LOSS_PROBES), 0);
	peer_advance(&p, SEC(5));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_LOSS_PROBES), 0);
	peer_fini(&p);
}
END_TEST

/* The probe is due, but the run has no packet left for it. */
static void begin_starved(struct peer *p)
{
	begin(p, 5);
	p->h.now_us += PTO + MS(1);
	ustack_run(p->h.s, p->h.now_us, 0);
	peer_expect_none(p);
}

/* Section 7.2: what is acknowledged before the probe leaves needs none... */
START_TEST(acknowledgement_comes_before_a_late_probe)
{
	struct peer p;

	begin_starved(&p);
	peer_tx(&p, lossy_ack(6));
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_LOSS_PROBES), 0);
	peer_fini(&p);
}
END_TEST

/* ... and what was SACKed is not sent again (2018-8). */
START_TEST(sack_comes_before_a_late_probe)
{
	struct peer p;

	begin_starved(&p);
	peer_tx(&p, lossy_sack(1, 5, 6));
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_LOSS_PROBES), 0);
	peer_tx(&p, lossy_ack(6));
	ck_assert_uint_eq(peer_info(&p).unacked, 0);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_tlp(void)
{
	Suite *s = suite_create("TLP");
	TCase *tc = wire_case(s, "probe");

	tcase_add_test(
		tc, silence_of_two_round_trips_is_probed_by_the_last_segment);
	tcase_add_test(tc, probe_of_a_lone_segment_allows_for_a_delayed_ack);
	tcase_add_test(tc, probe_is_new_data_if_there_is_any);
	tcase_add_test(tc, one_probe_then_the_timer);
	tcase_add_test(tc, lost_tail_is_mended_without_timeout);
	tcase_add_test(tc, loss_mended_by_the_probe_cuts_the_window);
	tcase_add_test(tc, probe_in_vain_costs_nothing);
	tcase_add_test(tc, no_probe_in_recovery);
	tcase_add_test(tc, acknowledgement_comes_before_a_late_probe);
	tcase_add_test(tc, sack_comes_before_a_late_probe);
	return s;
}

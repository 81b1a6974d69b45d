/* SPDX-License-Identifier: MIT */
/*
 * test_cc_reno.c - congestion window, number by number (RFC 5681, 6928, 3465)
 */

#include "inner.h"
#include "stack/tcp/cc.h"

#define MSS 1460u

static void reno(struct ustack_config *cfg)
{
	memcpy(cfg->cc, "reno", sizeof("reno"));
}

static struct tcp_conn *begin(struct peer *p)
{
	peer_init(p, reno);
	peer_open(p);
	return inner_conn(p);
}

static const struct {
	uint16_t mss;
	uint32_t flags;
	uint32_t want;
} initial[] = {
	{ 1460, 0, 14600 }, /* ten segments			     */
	{ 536, 0, 5360 },
	{ 1448, 0, 14480 },
	{ 2920, 0, 14600 },	       /* five: bounded by bytes	     */
	{ 8960, 0, 17920 },	       /* two			     */
	{ 1460, CF_SYN_REXMIT, 1460 }, /* RFC 5681: one after a lost SYN    */
};

/* RFC 6928 section 2: min(10 MSS, max(2 MSS, 14600)). */
START_TEST(initial_window_is_that_of_rfc_6928)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	c->snd.mss = initial[_i].mss;
	c->flags |= initial[_i].flags;
	tcp_cc_start(c);
	EXPECT_EQ(c->cc.cwnd, initial[_i].want);
	EXPECT_EQ(c->cc.ssthresh, CC_SSTHRESH_NONE);
	peer_fini(&p);
}
END_TEST

/* RFC 5681 section 3.1, by bytes; an ACK for many segments counts for eight. */
START_TEST(slow_start_grows_by_what_was_acknowledged)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	EXPECT_EQ(c->cc.cwnd, 10 * MSS);
	tcp_cc_reno.on_ack(c, MSS);
	EXPECT_EQ(c->cc.cwnd, 11 * MSS);
	tcp_cc_reno.on_ack(c, 1); /* split ACKs gain nothing */
	EXPECT_EQ(c->cc.cwnd, 11 * MSS + 1);
	tcp_cc_reno.on_ack(c, 20 * MSS);
	EXPECT_EQ(c->cc.cwnd, 11 * MSS + 1 + CC_ABC_LIMIT * MSS);
	peer_fini(&p);
}
END_TEST

/* RFC 5681 (3): one segment for each window acknowledged. */
START_TEST(avoidance_grows_by_a_segment_a_window)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	c->cc.cwnd = 10 * MSS;
	c->cc.ssthresh = 10 * MSS;
	for (int i = 0; i < 9; i++)
		tcp_cc_reno.on_ack(c, MSS);
	EXPECT_EQ(c->cc.cwnd, 10 * MSS);
	tcp_cc_reno.on_ack(c, MSS);
	EXPECT_EQ(c->cc.cwnd, 11 * MSS);
	for (int i = 0; i < 10; i++)
		tcp_cc_reno.on_ack(c, MSS);
	EXPECT_EQ(c->cc.cwnd, 11 * MSS);
	tcp_cc_reno.on_ack(c, MSS);
	EXPECT_EQ(c->cc.cwnd, 12 * MSS);
	peer_fini(&p);
}
END_TEST

START_TEST(window_never_overflows)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	c->cc.cwnd = UINT32_MAX / 2 - 10;
	tcp_cc_reno.on_ack(c, MSS);
	EXPECT_EQ(c->cc.cwnd, UINT32_MAX / 2);
	c->cc.ssthresh = MSS;
	c->cc.cwnd = UINT32_MAX / 2 - 10;
	tcp_cc_reno.on_ack(c, UINT32_MAX / 2);
	EXPECT_EQ(c->cc.cwnd, UINT32_MAX / 2);
	peer_fini(&p);
}
END_TEST

/* RFC 5681 (4): max(FlightSize / 2, 2 * SMSS), whatever the window is. */
START_TEST(threshold_is_half_the_flight_but_two_segments)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	c->cc.cwnd = 100 * MSS;
	c->snd.nxt = c->snd.una + 20 * MSS;
	EXPECT_EQ(tcp_cc_reno.ssthresh(c), 10 * MSS);
	c->snd.nxt = c->snd.una + 3 * MSS;
	c->cc.acked = 99 * MSS;
	EXPECT_EQ(tcp_cc_reno.ssthresh(c), 2 * MSS);
	EXPECT_EQ(c->cc.acked, 0);
	c->snd.nxt = c->snd.una;
	EXPECT_EQ(tcp_cc_reno.ssthresh(c), 2 * MSS);
	peer_fini(&p);
}
END_TEST

/* RFC 5681 section 4.1: the restart window, after more than an RTO. */
START_TEST(idle_connection_restarts_with_the_initial_window)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	c->cc.cwnd = 100 * MSS;
	c->spoke_us = p.h.s->now_us;
	c->rtt.srtt_us = 100000;
	c->rtt.var_us = 50000;
	p.h.s->now_us += 300000; /* exactly the RTO */
	tcp_cc_after_idle(c);
	EXPECT_EQ(c->cc.cwnd, 100 * MSS);
	p.h.s->now_us++;
	c->cc.ssthresh = 50 * MSS;
	tcp_cc_after_idle(c);
	EXPECT_EQ(c->cc.cwnd, 10 * MSS);
	EXPECT_EQ(c->cc.ssthresh, 75 * MSS); /* slow start leads back */
	c->cc.cwnd = 2 * MSS;		     /* never a raise */
	tcp_cc_after_idle(c);
	EXPECT_EQ(c->cc.cwnd, 2 * MSS);
	peer_fini(&p);
}
END_TEST

/* RFC 7661 section 4.4.3 (5681-16): five minutes, then half, not below IW. */
START_TEST(window_that_is_never_filled_decays)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	c->cc.cwnd = 30 * MSS;
	peer_send(&p, MSS);
	tcp_cc_sent(c);
	p.h.s->now_us += SEC(299);
	tcp_cc_sent(c);
	EXPECT_EQ(c->cc.cwnd, 30 * MSS);
	p.h.s->now_us += SEC(1);
	tcp_cc_sent(c);
	EXPECT_EQ(c->cc.cwnd, 15 * MSS);
	p.h.s->now_us += SEC(300);
	tcp_cc_sent(c);
	EXPECT_EQ(c->cc.cwnd, 10 * MSS);
	p.h.now_us = p.h.s->now_us;
	peer_fini(&p);
}
END_TEST

START_TEST(algorithm_is_known_by_its_whole_name_only)
{
	EXPECT(tcp_cc_find("reno") == TCP_CC_RENO);
	EXPECT(tcp_cc_find("ren") < 0);
	EXPECT(tcp_cc_find("renoo") < 0);
	EXPECT(tcp_cc_find("") < 0);
}
END_TEST

Suite *suite_tcp_cc_reno(void)
{
	Suite *s = suite_create("tcp/cc_reno");
	TCase *tc = tcase_create("window");

	tcase_add_loop_test(tc, initial_window_is_that_of_rfc_6928, 0,
			    ARRAY_LEN(initial));
	tcase_add_test(tc, slow_start_grows_by_what_was_acknowledged);
	tcase_add_test(tc, avoidance_grows_by_a_segment_a_window);
	tcase_add_test(tc, window_never_overflows);
	tcase_add_test(tc, threshold_is_half_the_flight_but_two_segments);
	tcase_add_test(tc, idle_connection_restarts_with_the_initial_window);
	tcase_add_test(tc, window_that_is_never_filled_decays);
	tcase_add_test(tc, algorithm_is_known_by_its_whole_name_only);
	suite_add_tcase(s, tc);
	return s;
}

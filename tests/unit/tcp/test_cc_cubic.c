/* SPDX-License-Identifier: MIT */
/*
 * test_cc_cubic.c - CUBIC, window by window (RFC 9438)
 *
 * Method: a connection with data in flight; the test plays recovery and the
 * clock, and reckons in floating point what the RFC's formulas say.
 */

#include <math.h>

#include "inner.h"
#include "stack/tcp/cc.h"
#include "stack/tcp/sendq.h"

#define MSS 1460u

/* Words of cc.priv, as cc_cubic.c names them. */
enum { CWND_PRIOR, W_MAX, K, T_US, W_EST };

static struct tcp_conn *begin(struct peer *p)
{
	struct tcp_conn *c;

	peer_init(p, NULL);
	peer_open(p);
	peer_send(p, 100 * MSS);
	peer_drain(p);
	c = inner_conn(p);
	ck_assert_str_eq(tcp_cc(c)->name, "cubic");
	return c;
}

/* A full window is in flight. */
static void fill(struct tcp_conn *c, uint32_t cwnd)
{
	c->cc.cwnd = cwnd;
	c->snd.nxt = c->snd.una + cwnd;
}

/* What recovery does, and its end. */
static void cut(struct tcp_conn *c)
{
	c->cc.ssthresh = tcp_cc(c)->ssthresh(c);
	c->cc.cwnd = c->cc.ssthresh;
}

static void ack(struct tcp_conn *c, uint32_t bytes, uint32_t us)
{
	c->fl->cc.busy_us += us;
	tcp_cc(c)->on_ack(c, bytes);
}

/* The test's tampering with numbers ends with it. */
static void end(struct peer *p, struct tcp_conn *c)
{
	c->snd.nxt = c->fl->last->seq + c->fl->last->len;
	peer_fini(p);
}

/**
 * struct model - the same in floating point, windows in segments
 */
struct model {
	double cwnd, w_max, prior, k, t, w_est;
};

static double w_cubic(const struct model *m, double t)
{
	return 0.4 * pow(t - m->k, 3) + m->w_max;
}

static void model_ack(struct model *m, double segs, double dt, double rtt)
{
	double target;

	m->t += dt;
	m->w_est += (m->w_est < m->prior ? 0.9 / 1.7 : 1) * segs / m->cwnd;
	if (w_cubic(m, m->t) < m->w_est) {
		m->cwnd = fmax(m->cwnd, m->w_est);
		return;
	}
	target = fmin(fmax(w_cubic(m, m->t + rtt), m->cwnd), 1.5 * m->cwnd);
	m->cwnd += (target - m->cwnd) / m->cwnd * segs;
}

/* clang-format off */
static const struct {
	uint16_t mss;
	uint32_t rtt_us;
	uint32_t w_max;
	uint32_t rounds;
} traces[] = {
	{ 1460,	   40000,    500000,  500 },
	{ 1460,	  100000,  20000000,  400 },
	{ 1460,	    1000,    100000, 2000 },	/* Reno is the faster one */
	{ 1460,	     100,   4000000, 9000 },
	{ 1460,	      10,    200000, 9000 },
	{   88,	  200000,   1000000,  200 },
	{   88,	 1000000, 1u << 30,   300 },
	{ 8960,	10000000, 1u << 30,    12 },
	{ 65483,   10000, 100000000, 3000 },
	{ 65483,      10,   1000000, 9000 },
};
/* clang-format on */

/* RFC 9438 sections 4.2 to 4.5 (9438-1, 9438-2, 9438-6, MAY-18). */
START_TEST(window_follows_the_rfc)
{
	uint32_t rtt_us = traces[_i].rtt_us;
	double mss = traces[_i].mss;
	struct model m;
	struct peer p;
	struct tcp_conn *c = begin(&p);

	c->snd.mss = traces[_i].mss;
	c->rtt.srtt_us = rtt_us;
	fill(c, traces[_i].w_max);
	cut(c);
	m = (struct model){ .cwnd = c->cc.cwnd / mss,
			    .w_max = traces[_i].w_max / mss,
			    .prior = traces[_i].w_max / mss,
			    .w_est = c->cc.cwnd / mss };
	m.k = cbrt((m.w_max - m.cwnd) / 0.4);
	for (uint32_t i = 0; i < 10 * traces[_i].rounds; i++) {
		uint32_t acked = c->cc.cwnd / 10;
		uint32_t us = i == 0 ? 0 : rtt_us / 10;

		model_ack(&m, acked / mss, us * 1e-6, rtt_us * 1e-6);
		ack(c, acked, us);
		if (m.cwnd * mss >= CC_CWND_MAX)
			break;
		if (i % 10 == 9)
			ck_assert_double_eq_tol(c->cc.cwnd, m.cwnd * mss,
						0.01 * m.cwnd * mss);
	}
	ck_assert_uint_gt(c->cc.cwnd, traces[_i].w_max / 10 * 7);
	end(&p, c);
}
END_TEST

/* RFC 9438 section 4.6 (9438-3): 0.7 of the flight, two segments at least. */
START_TEST(cut_leaves_seven_tenths_of_the_flight)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	fill(c, 100 * MSS);
	cut(c);
	EXPECT_EQ(c->cc.cwnd, 70 * MSS);
	EXPECT_EQ(c->cc.priv[W_MAX], 100 * MSS);
	fill(c, 100 * MSS);
	c->snd.nxt = c->snd.una + 50 * MSS; /* half of it was used */
	cut(c);
	EXPECT_EQ(c->cc.cwnd, 35 * MSS);
	fill(c, 2 * MSS);
	cut(c);
	EXPECT_EQ(c->cc.cwnd, 2 * MSS);
	end(&p, c);
}
END_TEST

/* RFC 9438 section 4.7 (9438-4): times (1 + 0.7) / 2 if it is on the way down. */
START_TEST(plateau_is_lowered_when_windows_shrink)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	fill(c, 100 * MSS);
	cut(c);
	fill(c, 80 * MSS);
	cut(c);
	EXPECT_EQ(c->cc.priv[W_MAX], 68 * MSS);
	EXPECT_EQ(c->cc.priv[CWND_PRIOR], 80 * MSS);
	fill(c, 90 * MSS);
	cut(c);
	EXPECT_EQ(c->cc.priv[W_MAX], 90 * MSS);
	end(&p, c);
}
END_TEST

/* RFC 9438 section 4.8 (9438-5): then K = 0 and W_max = cwnd. */
START_TEST(timeout_starts_an_epoch_where_slow_start_ends)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	fill(c, 100 * MSS);
	c->cc.ssthresh = tcp_cc(c)->ssthresh(c);
	tcp_cc(c)->on_timeout(c);
	EXPECT_EQ(c->cc.ssthresh, 70 * MSS);
	c->cc.cwnd = MSS;
	for (uint32_t i = 0; i < 69; i++)
		ack(c, MSS, 1000);
	EXPECT_EQ(c->cc.cwnd, 70 * MSS); /* slow start, up to ssthresh */
	ack(c, MSS, 1000);
	EXPECT_EQ(c->cc.priv[K], 0);
	EXPECT_EQ(c->cc.priv[W_MAX], 70 * MSS);
	EXPECT(c->cc.priv[W_EST] >= 70 * MSS);
	EXPECT(c->cc.priv[W_EST] <= 71 * MSS);
	EXPECT_EQ(c->cc.priv[CWND_PRIOR], 100 * MSS); /* of the cut */
	end(&p, c);
}
END_TEST

/* RFC 9438 section 4.4 (9438-6): half a window more in a round, no faster. */
START_TEST(window_grows_by_half_a_round_at_most)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);
	uint32_t before;

	c->rtt.srtt_us = 100000;
	fill(c, 100000 * MSS);
	cut(c);
	c->cc.cwnd = 10 * MSS; /* far below the plateau */
	c->cc.ssthresh = 10 * MSS;
	for (uint32_t round = 0; round < 5; round++) {
		before = c->cc.cwnd;
		for (uint32_t i = 0; i < before / MSS; i++)
			ack(c, MSS, 100000 * MSS / before);
		EXPECT(c->cc.cwnd > before + before / 3);
		EXPECT(c->cc.cwnd <= before + before / 2 + before / 4);
	}
	end(&p, c);
}
END_TEST

/* RFC 9438 section 4.2 (9438-7): the clock stands while the window is not used. */
START_TEST(unused_time_does_not_count)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);
	uint32_t t;

	fill(c, 100 * MSS);
	cut(c);
	ack(c, MSS, 0);
	ack(c, MSS, 5000);
	t = c->cc.priv[T_US];
	EXPECT_EQ(t, 5000);
	c->fl->cc.full = false;
	c->fl->cc.last_us = tcp_now(c) - SEC(9);
	EXPECT(!tcp_cc_clock(c));
	ack(c, MSS, 0);
	EXPECT_EQ(c->cc.priv[T_US], t);
	c->fl->cc.full = true;
	c->fl->cc.last_us = tcp_now(c) - 3000;
	EXPECT(tcp_cc_clock(c));
	ack(c, MSS, 0);
	EXPECT_EQ(c->cc.priv[T_US], t + 3000);
	end(&p, c);
}
END_TEST

/* RFC 9438 section 4.9 (9438-9): all that counts is in cc.priv. */
START_TEST(undo_of_a_cut_goes_on_as_before)
{
	uint32_t priv[5], cwnd, ssthresh;
	struct peer p;
	struct tcp_conn *c = begin(&p);

	c->rtt.srtt_us = 10000;
	fill(c, 100 * MSS);
	cut(c);
	for (uint32_t i = 0; i < 100; i++)
		ack(c, MSS, 1000);
	memcpy(priv, c->cc.priv, sizeof(priv));
	cwnd = c->cc.cwnd;
	ssthresh = c->cc.ssthresh;
	cut(c);
	memcpy(c->cc.priv, priv, sizeof(priv));
	c->cc.cwnd = cwnd;
	c->cc.ssthresh = ssthresh;
	ack(c, MSS, 1000);
	EXPECT_EQ(c->cc.priv[T_US], priv[T_US] + 1000);
	EXPECT_EQ(c->cc.priv[K], priv[K]);
	EXPECT(c->cc.cwnd >= cwnd);
	EXPECT(c->cc.cwnd <= cwnd + MSS);
	end(&p, c);
}
END_TEST

/* An idle connection's next epoch begins where slow start leads it. */
START_TEST(idleness_ends_the_epoch)
{
	struct peer p;
	struct tcp_conn *c = begin(&p);

	fill(c, 100 * MSS);
	cut(c);
	ack(c, MSS, 1000);
	EXPECT(c->cc.priv[K] != UINT32_MAX);
	tcp_cc(c)->on_idle(c);
	EXPECT(c->cc.priv[K] == UINT32_MAX);
	EXPECT_EQ(c->cc.priv[W_MAX], 100 * MSS);
	end(&p, c);
}
END_TEST

Suite *suite_tcp_cc_cubic(void)
{
	Suite *s = suite_create("tcp/cc_cubic");
	TCase *tc = tcase_create("window");

	tcase_add_loop_test(tc, window_follows_the_rfc, 0, ARRAY_LEN(traces));
	tcase_add_test(tc, cut_leaves_seven_tenths_of_the_flight);
	tcase_add_test(tc, plateau_is_lowered_when_windows_shrink);
	tcase_add_test(tc, timeout_starts_an_epoch_where_slow_start_ends);
	tcase_add_test(tc, window_grows_by_half_a_round_at_most);
	tcase_add_test(tc, unused_time_does_not_count);
	tcase_add_test(tc, undo_of_a_cut_goes_on_as_before);
	tcase_add_test(tc, idleness_ends_the_epoch);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * cc_cubic.c - CUBIC (RFC 9438)
 *
 *	W_max - - - - - - - - - - - - -.- - - - - - - - -
 *	                        . '    |          . '
 *	                     '         |       '
 *	 cwnd_epoch  |  .              |  K  .
 *	             t = 0             t = K      probing: convex
 *
 * t is what tcp_cc_clock() has counted: time in which the window was used.
 * A second window, W_est, grows as Reno's would; where it is the larger one
 * (short paths, small windows) it is taken.
 *
 * All in bytes and integers, see cubic_math.h.  What an undo must restore is in
 * cc.priv.  The first slow start is watched by HyStart++.
 */

#include "cc.h"
#include "cubic_math.h"
#include "hystart.h"
#include "sendq.h"

/* What the words of cc.priv are. */
enum {
	CWND_PRIOR, /* cwnd before the last cut, 0 = there was none */
	W_MAX,	    /* plateau in bytes, 0 = cwnd at the start of the epoch */
	K,	    /* time to the plateau in ticks, or NO_EPOCH */
	T_US,	    /* time of the epoch so far */
	W_EST,	    /* window that Reno would have */
};

#define NO_EPOCH UINT32_MAX

static void cubic_init(struct tcp_conn *c)
{
	memset(c->cc.priv, 0, sizeof(c->cc.priv));
	c->cc.priv[K] = NO_EPOCH;
	c->cc.acked = 0;
}

/*
 * Congestion avoidance begins.  Without a plateau above it (first slow start,
 * after a timeout) the window probes upwards at once: K = 0 (RFC 9438 sections
 * 4.8 and 4.10).
 */
static void begin_epoch(struct tcp_conn *c)
{
	uint32_t *p = c->cc.priv;
	uint32_t cwnd = c->cc.cwnd;

	if (p[CWND_PRIOR] == 0)
		p[CWND_PRIOR] = cwnd;
	p[W_MAX] = max_u32(p[W_MAX], cwnd);
	p[K] = cubic_k(p[W_MAX] - cwnd, c->snd.mss);
	p[T_US] = 0;
	p[W_EST] = cwnd;
	c->cc.acked = 0;
	c->fl->cc.est_acked = 0;
	c->fl->cc.busy_us = 0;
}

/* W_cubic, @ahead_us from now. */
static uint32_t w_cubic(const struct tcp_conn *c, uint32_t ahead_us)
{
	const uint32_t *p = c->cc.priv;

	return cubic_window(cubic_ticks((uint64_t)p[T_US] + ahead_us), p[K],
			    p[W_MAX], c->snd.mss);
}

/*
 * Reno with beta 0.7 is as fast as with 0.5 if it adds 3 * 0.3 / 1.7 = 9/17 of
 * a segment a round; from where it was before the cut it adds one (9438-2).
 */
static void grow_w_est(struct tcp_conn *c, uint32_t acked)
{
	uint32_t *p = c->cc.priv;
	uint32_t *rest = &c->fl->cc.est_acked;
	uint32_t mss = c->snd.mss;
	uint64_t cwnd = c->cc.cwnd;
	uint32_t gain;

	if (p[W_EST] < p[CWND_PRIOR])
		gain = cubic_credit(rest, acked, 9 * mss, 17 * cwnd);
	else
		gain = cubic_credit(rest, acked, mss, cwnd);
	p[W_EST] += min_u32(gain, CC_CWND_MAX - p[W_EST]);
}

static void avoid(struct tcp_conn *c, uint32_t acked)
{
	uint32_t *p = c->cc.priv;
	uint32_t cwnd = c->cc.cwnd;
	uint32_t target;

	if (p[K] == NO_EPOCH)
		begin_epoch(c);
	p[T_US] = (uint32_t)min_u64(p[T_US] + c->fl->cc.busy_us, UINT32_MAX);
	c->fl->cc.busy_us = 0;
	grow_w_est(c, acked);
	if (w_cubic(c, 0) < p[W_EST]) {
		c->cc.cwnd = max_u32(cwnd, p[W_EST]);
		c->cc.acked = 0;
		return;
	}
	target = w_cubic(c, c->rtt.srtt_us); /* a round ahead */
	target = max_u32(target, cwnd);
	target = min_u32(target, cwnd + cwnd / 2); /* (9438-6) */
	tcp_cc_grow(c, cubic_credit(&c->cc.acked, acked, target - cwnd, cwnd));
}

static void cubic_on_ack(struct tcp_conn *c, uint32_t acked)
{
	if (c->cc.cwnd < c->cc.ssthresh)
		tcp_cc_slow_start(c, acked);
	else
		avoid(c, acked);
}

/* A window that shrinks from cut to cut leaves room to others (9438-4). */
static uint32_t cubic_ssthresh(struct tcp_conn *c)
{
	uint32_t *p = c->cc.priv;
	uint32_t cwnd = c->cc.cwnd;

	p[W_MAX] = cwnd < p[W_MAX] ? (uint32_t)((uint64_t)cwnd * 17 / 20)
				   : cwnd;
	p[CWND_PRIOR] = cwnd;
	p[K] = NO_EPOCH;
	return max_u32((uint32_t)((uint64_t)tcp_cc_flight(c) * 7 / 10),
		       2u * c->snd.mss);
}

/* The next epoch begins where slow start ends, with K = 0 (9438-5). */
static void cubic_on_timeout(struct tcp_conn *c)
{
	c->cc.priv[W_MAX] = 0;
	c->cc.priv[K] = NO_EPOCH;
}

static void cubic_on_idle(struct tcp_conn *c)
{
	c->cc.priv[K] = NO_EPOCH;
}

const struct tcp_cc_ops tcp_cc_cubic = {
	.name = "cubic",
	.init = cubic_init,
	.on_ack = cubic_on_ack,
	.on_rtt = hystart_on_rtt,
	.ssthresh = cubic_ssthresh,
	.on_timeout = cubic_on_timeout,
	.on_idle = cubic_on_idle,
	.pacing_rate = tcp_cc_window_rate,
};

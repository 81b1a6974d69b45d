/* SPDX-License-Identifier: MIT */
/*
 * cc_reno.c - slow start and congestion avoidance (RFC 5681 section 3.1)
 *
 * The textbook's algorithm, without HyStart++: what others are measured against.
 * Bytes are counted, not acknowledgements (RFC 3465).
 */

#include "cc.h"

static void reno_on_ack(struct tcp_conn *c, uint32_t acked)
{
	uint32_t mss = c->snd.mss;

	if (c->cc.cwnd < c->cc.ssthresh) {
		tcp_cc_slow_start(c, acked);
		return;
	}
	/* One segment for each window's worth acknowledged (5681-5). */
	c->cc.acked += acked;
	if (c->cc.acked >= c->cc.cwnd) {
		c->cc.acked -= c->cc.cwnd;
		tcp_cc_grow(c, mss);
	}
}

/* Half of what is in flight, at least two segments (5681-6). */
static uint32_t reno_ssthresh(struct tcp_conn *c)
{
	c->cc.acked = 0; /* towards a segment of the old window */
	return max_u32(tcp_cc_flight(c) / 2, 2u * c->snd.mss);
}

/* What was counted towards the next segment belongs to the old window. */
static void reno_forget(struct tcp_conn *c)
{
	c->cc.acked = 0;
}

static void reno_on_rtt(struct tcp_conn *c, uint32_t rtt_us)
{
	(void)c;
	(void)rtt_us;
}

const struct tcp_cc_ops tcp_cc_reno = {
	.name = "reno",
	.init = reno_forget,
	.on_ack = reno_on_ack,
	.on_rtt = reno_on_rtt,
	.ssthresh = reno_ssthresh,
	.on_timeout = reno_forget,
	.on_idle = reno_forget,
	.pacing_rate = tcp_cc_window_rate,
};

/* SPDX-License-Identifier: MIT */
/*
 * cc_reno.c - slow start and congestion avoidance (RFC 5681 section 3.1)
 *
 * Bytes are counted, not acknowledgements (RFC 3465): a peer that splits an
 * ACK gains nothing, and one ACK for a whole super-packet counts for the
 * segments in it, up to CC_ABC_LIMIT of them.
 */

#include "cc.h"

static void reno_on_ack(struct tcp_conn *c, uint32_t acked)
{
	uint32_t mss = c->snd.mss;

	if (c->cc.cwnd < c->cc.ssthresh) {
		uint32_t limit = c->rec.state == CA_LOSS ? 1 : CC_ABC_LIMIT;
		uint32_t gain = min_u32(acked, limit * mss);

		tcp_cc_grow(c, gain);
		return;
	}
	/* One segment for each window's worth acknowledged (5681-5). */
	c->cc.acked += acked;
	if (c->cc.acked >= c->cc.cwnd) {
		c->cc.acked -= c->cc.cwnd;
		tcp_cc_grow(c, mss);
	}
}

/*
 * Half of what is in flight, at least two segments (5681-6).  What limited
 * transmit sent beyond the window does not count (RFC 5681 section 3.2).
 */
static uint32_t reno_ssthresh(struct tcp_conn *c)
{
	uint32_t flight = tcp_unacked(c);

	if (c->rec.state == CA_OPEN)
		flight = min_u32(flight, c->cc.cwnd);
	return max_u32(flight / 2, 2u * c->snd.mss);
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
};

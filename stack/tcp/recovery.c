/* SPDX-License-Identifier: MIT */
/*
 * recovery.c - NewReno (RFC 6582), timeout (RFC 5681 section 3.1)
 */

#include "recovery.h"

#include "cc.h"
#include "sendq.h"
#include "state.h"

/* RFC 6582 section 3.2 step 2. */
static void enter_recovery(struct tcp_conn *c)
{
	c->cc.ssthresh = tcp_cc(c)->ssthresh(c); /* while still open */
	c->rec.state = CA_RECOVERY;
	c->rec.recover = c->snd.nxt;
	c->cc.cwnd = c->cc.ssthresh;
	tcp_count(c, USTACK_C_TCP_FAST_RECOVERIES);
	rec_mark_head_lost(c, USTACK_CAUSE_FAST);
	tcp_event_metrics(c);
}

static void leave_recovery(struct tcp_conn *c)
{
	uint32_t flight = max_u32(tcp_inflight(c), c->snd.mss);

	/* The burst-avoiding choice of RFC 6582 section 3.2 step 3. */
	if (c->rec.state == CA_RECOVERY)
		c->cc.cwnd = min_u32(c->cc.ssthresh, flight + c->snd.mss);
	c->rec.state = CA_OPEN;
	c->fl->dupacks = 0;
	tcp_event_metrics(c);
}

/* Bytes of what was in flight when recovery began, and still is. */
static uint32_t recovery_flight(const struct tcp_conn *c)
{
	return seq_gt(c->rec.recover, c->snd.una) ? c->rec.recover - c->snd.una
						  : 0;
}

void tcp_recovery_on_dupack(struct tcp_conn *c)
{
	if (c->fl->dupacks < UINT8_MAX)
		c->fl->dupacks++;
	if (c->rec.state == CA_RECOVERY) {
		/* Each one says that a segment has left the network; more of
		 * them than there were segments is somebody's trick.
		 */
		if (c->cc.cwnd < c->cc.ssthresh + recovery_flight(c))
			c->cc.cwnd += c->snd.mss;
		return;
	}
	/* After a timeout, duplicates of old data say nothing (6582-6). */
	if (c->rec.state == CA_OPEN && c->fl->dupacks >= TCP_DUPACK_THRESH &&
	    seq_gt(c->snd.una, c->rec.recover)) {
		enter_recovery(c);
		c->cc.cwnd += TCP_DUPACK_THRESH * c->snd.mss;
	}
}

static void on_partial_ack(struct tcp_conn *c, uint32_t acked)
{
	uint32_t mss = c->snd.mss;

	/* Deflate by what left, add back one segment (6582-4). */
	c->cc.cwnd -= min_u32(acked, c->cc.cwnd - min_u32(c->cc.cwnd, mss));
	if (acked >= mss)
		c->cc.cwnd += mss;
	rec_mark_head_lost(c, USTACK_CAUSE_PARTIAL_ACK);
}

void tcp_recovery_on_ack(struct tcp_conn *c, uint32_t acked, bool limited)
{
	bool whole = seq_geq(c->snd.una, c->rec.recover);

	if (c->rec.state == CA_RECOVERY && !whole) {
		on_partial_ack(c, acked);
		return;
	}
	if (c->rec.state == CA_RECOVERY) {
		leave_recovery(c);
		return;
	}
	c->fl->dupacks = 0;
	if (c->rec.state == CA_LOSS && whole)
		leave_recovery(c);
	if (limited || c->rec.state == CA_LOSS)
		tcp_cc(c)->on_ack(c, acked);
}

void tcp_recovery_on_timeout(struct tcp_conn *c)
{
	/* A second expiry for the same data keeps the threshold (5681-7). */
	if (c->rtt.backoff == 0 || c->rec.state != CA_LOSS)
		c->cc.ssthresh = tcp_cc(c)->ssthresh(c);
	c->cc.cwnd = c->snd.mss;
	c->cc.acked = 0;
	c->rec.state = CA_LOSS;
	c->rec.recover = c->snd.nxt;
	c->fl->dupacks = 0;
	rec_mark_all_lost(c, USTACK_CAUSE_RTO);
	tcp_event_metrics(c);
}

uint32_t tcp_recovery_allowance(const struct tcp_conn *c)
{
	if (c->rec.state != CA_OPEN || !c->fl)
		return 0;
	return min_u32(c->fl->dupacks, TCP_DUPACK_THRESH - 1) * c->snd.mss;
}

const char *tcp_recovery_name(const struct tcp_conn *c)
{
	static const char *const name[] = { [CA_OPEN] = "open",
					    [CA_RECOVERY] = "recovery",
					    [CA_LOSS] = "loss" };

	return name[c->rec.state];
}

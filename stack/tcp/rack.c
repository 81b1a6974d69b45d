/* SPDX-License-Identifier: MIT */
/*
 * rack.c - loss found by time (RFC 8985 sections 5 and 6)
 */

#include "rack.h"

#include "isn.h"
#include "sack.h"

#define REO_MULT_MAX   64u
#define MIN_RTT_CHANCE 16u /* a copy may be faster by that part */
#define REO_PERSIST    16u /* recoveries that a widened window lasts */

/* RACK_sent_after(): of what left at one moment the higher number left later. */
static bool sent_after(uint64_t us1, uint32_t seq1, uint64_t us2, uint32_t seq2)
{
	return us1 > us2 || (us1 == us2 && seq_gt(seq1, seq2));
}

/*
 * Could the acknowledgement be for an earlier copy (8985-8)?  Its timestamp
 * says so, or it came back clearly faster than anything before: a little faster
 * is chance while samples are few, where the path's delay is its length.  A timestamp speaks of
 * what came in order alone: beside a SACK it is that of older data (RFC 7323
 * section 4.3), and no copy of what is behind a hole would ever count.
 */
static bool ambiguous(const struct tcp_conn *c, const struct tcp_rec *r,
		      uint32_t end, const struct tcp_acked *a)
{
	uint64_t rtt_us = tcp_now(c) - r->sent_us;

	if (!(r->flags & REC_RETX))
		return false;
	if (a->has_ts && seq_leq(end, a->ack) &&
	    seq_lt(a->tsecr, tcp_ts_at(r->sent_us) + c->ts.offset))
		return true;
	return rtt_us < c->rtt.min_us - c->rtt.min_us / MIN_RTT_CHANCE;
}

/* It arrived after something above it, though it was sent but once. */
static void note_order(struct tcp_conn *c, const struct tcp_rec *r,
		       uint32_t end)
{
	struct tcp_flight *fl = c->fl;

	if (seq_gt(end, fl->rack.fack)) {
		fl->rack.fack = end;
	} else if (seq_lt(end, fl->rack.fack) && !(r->flags & REC_RETX)) {
		c->rec.reordered = true;
		tcp_count(c, USTACK_C_TCP_REORDERED);
	}
}

void rack_delivered(struct tcp_conn *c, const struct tcp_rec *r, uint32_t end,
		    const struct tcp_acked *a)
{
	struct tcp_flight *fl = c->fl;

	note_order(c, r, end);
	if (ambiguous(c, r, end, a))
		return;
	fl->rack.rtt_us = (uint32_t)min_u64(tcp_now(c) - r->sent_us,
					    UINT32_MAX);
	if (!sent_after(r->sent_us, end, fl->rack.sent_us, fl->rack.end_seq))
		return;
	fl->rack.sent_us = r->sent_us;
	fl->rack.end_seq = end;
}

void rack_on_dsack(struct tcp_conn *c)
{
	struct tcp_flight *fl = c->fl;

	if (fl) { /* once a round trip */
		if (fl->dsack_round && seq_lt(c->snd.una, fl->rack.round))
			return;
		fl->dsack_round = true;
		fl->rack.round = c->snd.nxt;
	}
	c->rec.reo_mult = (uint8_t)min_u32(max_u32(c->rec.reo_mult, 1) + 1,
					   REO_MULT_MAX);
	c->rec.reo_persist = REO_PERSIST;
}

void rack_on_recovered(struct tcp_conn *c)
{
	if (c->rec.reo_persist > 0 && --c->rec.reo_persist == 0)
		c->rec.reo_mult = 1;
}

uint32_t rack_reo_wnd_us(const struct tcp_conn *c)
{
	uint64_t wnd;

	if (!c->rec.reordered && (c->rec.state != CA_OPEN ||
				  c->fl->sacked_segs >= TCP_DUPACK_THRESH))
		return 0;
	if (c->rtt.min_us == UINT32_MAX)
		return 0;
	wnd = (uint64_t)max_u32(c->rec.reo_mult, 1) * c->rtt.min_us / 4;
	return (uint32_t)min_u64(wnd, c->rtt.srtt_us);
}

/*
 * The list is in order of time: the first one that may still come decides when
 * to look again.  What is due within a tick of the timer wheel is due now: on a
 * path of some microseconds the timer would cost more than the round trip.
 */
uint32_t rack_detect(struct tcp_conn *c)
{
	struct tcp_flight *fl = c->fl;
	uint32_t before = fl->lost;
	uint64_t wait_us = (uint64_t)fl->rack.rtt_us + rack_reo_wnd_us(c);
	struct tcp_rec *r;

	fl->reo_at = TIME_NEVER;
	if (!fl->first) /* all has arrived */
		return 0;
	if (fl->rack.sent_us == 0) {
		sack_lost_6675(c);
		return fl->lost - before;
	}
	while ((r = list_first(&fl->sent, struct tcp_rec, link)) != NULL &&
	       sent_after(fl->rack.sent_us, fl->rack.end_seq, r->sent_us,
			  rec_end(r))) {
		if (r->sent_us + wait_us > tcp_now(c) + RTT_GRANULARITY_US) {
			fl->reo_at = r->sent_us + wait_us;
			break;
		}
		if (r->flags & REC_RETX)
			tcp_count(c, USTACK_C_TCP_LOST_RETRANS);
		rec_mark_lost(c, r, USTACK_CAUSE_RACK);
	}
	return fl->lost - before;
}

void rack_mark_on_timeout(struct tcp_conn *c)
{
	struct tcp_flight *fl = c->fl;
	uint64_t wait_us = (uint64_t)fl->rack.rtt_us + rack_reo_wnd_us(c);
	struct tcp_rec *r;

	rec_mark_head_lost(c, USTACK_CAUSE_RTO);
	while ((r = list_first(&fl->sent, struct tcp_rec, link)) != NULL &&
	       r->sent_us + wait_us <= tcp_now(c))
		rec_mark_lost(c, r, USTACK_CAUSE_RTO);
	fl->reo_at = TIME_NEVER;
}

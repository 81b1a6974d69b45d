/* SPDX-License-Identifier: MIT */
/*
 * input_ack.c - the acknowledgement of a segment (RFC 9293 section 3.10.7.4,
 *		 fifth), the send window, and the states that an ACK ends
 *
 *	una - max_wnd          una            nxt
 *	     |-- old, ignored --|-- new data --|-- never sent: challenge
 */

#include "cc.h"
#include "conn.h"
#include "ecn.h"
#include "input.h"
#include "isn.h"
#include "recovery.h"
#include "reply.h"
#include "sack.h"
#include "state.h"
#include "timers.h"
#include "tlp.h"
#include "window.h"

static void take_window(struct tcp_conn *c, const struct tcp_seg *seg)
{
	c->snd.wnd = (uint32_t)seg->wnd << c->snd.wscale; /* (7323-5) */
	c->snd.max_wnd = max_u32(c->snd.max_wnd, c->snd.wnd);
	c->snd.wl1 = seg->seq;
	c->snd.wl2 = seg->ack;
}

/* SYN-RECEIVED of a simultaneous open: is our SYN acknowledged? */
static bool ack_in_syn_rcvd(struct tcp_conn *c, const struct tcp_seg *seg)
{
	const struct tcp_flow_args a = tcp_flow_tuple(&c->flow);

	if (seg->ack != c->snd.iss + 1) { /* (9293-a17) */
		stack_drop(c->t->s, USTACK_C_DROP_TCP_ACK);
		tcp_reply_rst(c->t, &a, seg);
		return false;
	}
	c->snd.una = seg->ack;
	take_window(c, seg);
	tcp_established(c);
	tcp_event_opened(c);
	return true;
}

/* Only from newer segments (9293-a21). */
static void update_window(struct tcp_conn *c, const struct tcp_seg *seg)
{
	bool shut = c->snd.wnd == 0;

	if (seq_lt(seg->ack, c->snd.una))
		return;
	if (!seq_lt(c->snd.wl1, seg->seq) &&
	    !(c->snd.wl1 == seg->seq && seq_leq(c->snd.wl2, seg->ack)))
		return;
	take_window(c, seg);
	if (!shut || c->snd.wnd == 0)
		return;
	/* It opened: what was sent against it was dropped; begin anew. */
	c->rtt.backoff = 0;
	rec_moved_on(c); /* R2 counts from here */
	tcp_rtx_restart(c);
	rec_mark_head_lost(c, USTACK_CAUSE_WND_PROBE);
}

/* RFC 5681 section 2: what makes an acknowledgement a duplicate (5681-9).
 * Answers to probes of a closed window look like it and say nothing.
 */
static bool is_dupack(const struct tcp_conn *c, const struct tcp_seg *seg)
{
	return rec_first(c) && seg->len == 0 && c->snd.wnd > 0 &&
	       !(seg->flags & (TCP_SYN | TCP_FIN)) && seg->ack == c->snd.una &&
	       (uint32_t)seg->wnd << c->snd.wscale == c->snd.wnd;
}

/* Does the segment echo one of our timestamps? */
static void note_echo(const struct tcp_conn *c, const struct tcp_seg *seg,
		      struct tcp_acked *a)
{
	uint32_t now_ms = tcp_ts_now(c->t) + c->ts.offset;

	a->tsecr = seg->opt.tsecr;
	a->has_ts = c->flags & CF_TS && seg->opt.has & TCP_OPT_HAS_TS &&
		    seg->opt.tsecr != 0 &&
		    now_ms - seg->opt.tsecr < INT32_MAX / 1000;
}

/* A difference of timestamps; a tick is the least that it can tell, as Linux. */
static uint64_t ticks_us(uint32_t ticks)
{
	return max_u32(ticks, 1) * 1000ull;
}

/*
 * One sample an ACK: by a record that was sent once, the oldest of those
 * acknowledged in order; else by timestamp (6298-6).
 */
static void take_sample(struct tcp_conn *c, struct tcp_acked *a)
{
	uint64_t sent_us = a->acked ? a->first_us : a->last_us;
	uint64_t rtt_us;

	if (a->delivered == 0)
		return;
	if (sent_us != TIME_NEVER && !a->retx)
		rtt_us = tcp_now(c) - sent_us;
	else if (a->has_ts && a->acked)
		rtt_us = ticks_us(tcp_ts_now(c->t) + c->ts.offset - a->tsecr);
	else
		return;
	a->rtt_us = (uint32_t)max_u64(min_u64(rtt_us, UINT32_MAX), 1);
	rtt_sample(&c->rtt, a->rtt_us);
	tcp_cc(c)->on_rtt(c, a->rtt_us);
}

/* Free what was acknowledged, and tell the service if it waits for room. */
static void release(struct tcp_conn *c, uint32_t acked)
{
	uint32_t bytes = min_u32(acked, c->sndq.bytes);

	sliceq_consume(&c->sndq, &c->t->s->mem, bytes);
	c->st.bytes_acked += bytes;
	tcp_snd_grow(c);
	if (c->flags & CF_WANT_WRITE && tcp_worth_writing(c))
		c->flags |= CF_EV_WRITABLE;
}

static void take_new_ack(struct tcp_conn *c, struct tcp_acked *a)
{
	a->acked = a->ack - c->snd.una;
	rec_ack(c, a);
	release(c, a->acked);
	c->snd.una = a->ack;
	c->soft_err = ERR_NONE;
	if (seq_lt(c->snd.sml, c->snd.una))
		c->snd.sml = c->snd.una;
}

/* What the acknowledgement says of data in flight. */
static void take_ack(struct tcp_conn *c, const struct tcp_seg *seg)
{
	struct tcp_acked a = { .ack = seg->ack,
			       .first_us = TIME_NEVER,
			       .last_us = TIME_NEVER,
			       .limited = tcp_cc_clock(c),
			       .dup = is_dupack(c, seg) };

	c->fl->blocked = false;
	note_echo(c, seg, &a);
	if (seq_gt(seg->ack, c->snd.una))
		take_new_ack(c, &a);
	else if (a.dup)
		tcp_count(c, USTACK_C_TCP_IN_DUP_ACKS);
	if (c->flags & CF_SACK && seg->opt.has & TCP_OPT_HAS_SACK &&
	    seq_geq(seg->ack, c->snd.una))
		sack_input(c, seg, &a);
	take_sample(c, &a);
	tcp_recovery_on_ack(c, &a);
	if (a.acked > 0) {
		tcp_rtx_restart(c);
		tlp_schedule(c);
	}
}

/* Our FIN is acknowledged: the states that waited for it. */
static bool on_fin_acked(struct tcp_conn *c)
{
	switch (c->state) {
	case USTACK_FIN_WAIT_1:
		tcp_set_state(c, USTACK_FIN_WAIT_2);
		c->life_at = TIME_NEVER; /* no more waiting to send */
		return true;
	case USTACK_CLOSING:
	case USTACK_LAST_ACK:
		tcp_finish(c);
		return false;
	default:
		return true;
	}
}

static bool fin_acked(const struct tcp_conn *c)
{
	return c->flags & CF_FIN_SENT && c->snd.una == c->snd.nxt;
}

/*
 * Blind injection: an ACK no sane peer would send (5961-5), nor one of what we
 * have never sent, which a young connection would let pass (as Linux).
 */
static bool ack_in_range(struct tcp_conn *c, const struct tcp_seg *seg)
{
	uint64_t acked = c->st.bytes_acked + fin_acked(c);
	uint32_t old = (uint32_t)min_u64(c->snd.max_wnd, acked);

	if (seq_leq(seg->ack, c->snd.nxt) &&
	    seq_geq(seg->ack, c->snd.una - old))
		return true;
	stack_drop(c->t->s, USTACK_C_DROP_TCP_ACK); /* (9293-a19) */
	tcp_challenge_ack(c);
	return false;
}

bool tcp_in_ack(struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (!(seg->flags & TCP_ACK)) { /* (9293-a16) */
		stack_drop(c->t->s, USTACK_C_DROP_TCP_NO_ACK);
		return false;
	}
	if (c->state == USTACK_SYN_RCVD)
		return ack_in_syn_rcvd(c, seg);
	if (!ack_in_range(c, seg))
		return false;
	c->heard_us = tcp_now(c); /* no forgery keeps a dead peer alive */
	c->keep_sent = 0;

	if (c->fl) {
		ecn_in_ack(c, seg);
		take_ack(c, seg);
	} else if (c->flags & CF_SACK && seg->opt.has & TCP_OPT_HAS_SACK) {
		sack_input_idle(c, seg);
	}
	update_window(c, seg);
	return !fin_acked(c) || on_fin_acked(c);
}

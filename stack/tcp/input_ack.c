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
#include "input.h"
#include "isn.h"
#include "recovery.h"
#include "reply.h"
#include "sendq.h"
#include "state.h"
#include "timers.h"

void tcp_take_window(struct tcp_conn *c, const struct tcp_seg *seg)
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
	tcp_take_window(c, seg);
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
	tcp_take_window(c, seg);
	if (!shut || c->snd.wnd == 0)
		return;
	/* It opened: what was sent against it was dropped; begin anew. */
	c->rtt.backoff = 0;
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

/* One sample an ACK: by the record that was sent once, else by timestamp. */
static void take_sample(struct tcp_conn *c, const struct tcp_seg *seg,
			const struct tcp_acked *got)
{
	if (got->sent_us != TIME_NEVER && !got->retx) {
		rtt_sample(&c->rtt, (uint32_t)min_u64(tcp_now(c) - got->sent_us,
						      UINT32_MAX));
	} else if (c->flags & CF_TS && seg->opt.has & TCP_OPT_HAS_TS &&
		   seg->opt.tsecr != 0) {
		uint32_t ms = tcp_ts_now(c->t) + c->ts.offset - seg->opt.tsecr;

		if (ms < INT32_MAX / 1000) /* an echo of ours (6298-6) */
			rtt_sample(&c->rtt, ms * 1000u);
	}
}

/* Free what was acknowledged, and tell the service if it waits for room. */
static void release(struct tcp_conn *c, uint32_t acked)
{
	uint32_t bytes = min_u32(acked, c->sndq.bytes);

	sliceq_consume(&c->sndq, &c->t->s->mem, bytes);
	c->st.bytes_acked += bytes;
	if (c->flags & CF_WANT_WRITE && tcp_send_space(c) >= c->snd.buf / 3)
		c->flags |= CF_EV_WRITABLE;
}

static void on_new_ack(struct tcp_conn *c, const struct tcp_seg *seg)
{
	uint32_t acked = seg->ack - c->snd.una;
	uint32_t flight = tcp_inflight(c);
	uint32_t cwnd = c->cc.cwnd;
	/* Growing a window that was not used would make it meaningless. */
	bool limited = cwnd < c->cc.ssthresh ? flight >= cwnd / 2
					     : flight + c->snd.mss >= cwnd;
	struct tcp_acked got = rec_ack(c, seg->ack);

	release(c, acked);
	c->snd.una = seg->ack;
	if (seq_lt(c->snd.sml, c->snd.una))
		c->snd.sml = c->snd.una;
	take_sample(c, seg, &got);
	tcp_recovery_on_ack(c, acked, limited);
	tcp_rtx_restart(c);
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

/* Blind injection: an ACK no sane peer would send (5961-5). */
static bool ack_in_range(struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (seq_leq(seg->ack, c->snd.nxt) &&
	    seq_geq(seg->ack, c->snd.una - c->snd.max_wnd))
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

	if (seq_gt(seg->ack, c->snd.una)) {
		on_new_ack(c, seg);
	} else if (is_dupack(c, seg)) {
		tcp_count(c, USTACK_C_TCP_IN_DUP_ACKS);
		tcp_recovery_on_dupack(c);
	}
	update_window(c, seg);
	return !fin_acked(c) || on_fin_acked(c);
}

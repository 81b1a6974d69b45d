/* SPDX-License-Identifier: MIT */
/*
 * input_seq.c - the first four checks of a segment on a synchronized
 *		 connection: PAWS, window, RST, SYN
 *
 *	rcv.nxt                 rcv.edge
 *	   |------- window --------|
 *	 [-----)                            trimmed on the left
 *	                        [-----)     trimmed on the right
 *
 * RFC 9293 section 3.10.7.4, RFC 7323 section 5, RFC 5961 sections 3 and 4.
 */

#include "conn.h"
#include "input.h"
#include "isn.h"
#include "reasm.h"
#include "reply.h"
#include "window.h"

#define PAWS_IDLE_S (24u * 86400u) /* (7323-13) */

void tcp_challenge_ack(struct tcp_conn *c)
{
	if (!tcp_chal_ok(c->t, &c->chal))
		return;
	c->flags |= CF_ACK_NOW;
	tcp_count(c, USTACK_C_TCP_CHALLENGE_ACKS);
}

/* All of it was received before: a duplicate (2883-1). */
static void report_old(struct tcp_conn *c, const struct tcp_seg *seg)
{
	uint32_t end = seg->seq + seg->len;

	if (!(seg->flags & TCP_SYN) && seq_leq(end, c->rcv.nxt))
		reasm_dup(c, seg->seq, end);
}

/* An old duplicate, or one that lost its timestamp on the way. */
static bool paws_ok(struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (!(c->flags & CF_TS) || seg->flags & TCP_RST) /* (7323-14) */
		return true;
	if (seg->flags & TCP_SYN) /* challenged whatever it says (5961-4) */
		return true;
	if (!(seg->opt.has & TCP_OPT_HAS_TS)) { /* (7323-9) */
		stack_drop(c->t->s, USTACK_C_DROP_TCP_NO_TS);
		return false;
	}
	if (seq_geq(seg->opt.tsval, c->ts.recent) ||
	    tcp_now_s(c) - c->ts.recent_s > PAWS_IDLE_S)
		return true;
	stack_drop(c->t->s, USTACK_C_DROP_TCP_PAWS); /* (7323-12) */
	report_old(c, seg);
	if (seg->len > 0)
		c->flags |= CF_ACK_NOW;
	else
		tcp_challenge_ack(c);
	return false;
}

/*
 * The four cases of the table in RFC 9293 section 3.4 (9293-a13), and one more:
 * a bare ACK at the right edge itself, from a peer that has filled our window,
 * is taken (as Linux and BSD do), else a lost segment would stop both ways.
 */
static bool acceptable(const struct tcp_conn *c, const struct tcp_seg *seg)
{
	uint32_t len = tcp_seg_space(seg);
	uint32_t wnd = tcp_wnd_accept(c);

	if (wnd == 0)
		return seg->seq ==
		       c->rcv.nxt; /* ACK, RST and URG count (MUST-66) */
	if (seq_in(seg->seq, c->rcv.nxt, wnd))
		return true;
	if (len == 0)
		return seg->seq == c->rcv.edge && !(seg->flags & TCP_RST);
	return seq_in(seg->seq + len - 1, c->rcv.nxt, wnd);
}

/* Not acceptable: say where we are, but never answer empty segments without
 * limit, lest two confused ends go on for ever (res-3).
 */
static void refuse(struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (seg->flags & TCP_RST) { /* (5961-3) */
		stack_drop(c->t->s, USTACK_C_DROP_TCP_RST);
		return;
	}
	if (tcp_seg_space(seg) > 0 &&
	    seq_leq(seg->seq + tcp_seg_space(seg), c->rcv.nxt))
		tcp_count(c, USTACK_C_TCP_IN_DUP_DATA);
	else
		stack_drop(c->t->s, USTACK_C_DROP_TCP_SEQ);
	report_old(c, seg);
	if (tcp_seg_space(seg) > 0)
		c->flags |= CF_ACK_NOW; /* (9293-a14) */
	else
		tcp_challenge_ack(c);
}

/* Keep what lies inside the window (9293-a15). */
static void trim(struct tcp_conn *c, struct tcp_seg *seg)
{
	uint32_t wnd = tcp_wnd_accept(c);
	uint32_t cut;

	if (seq_lt(seg->seq, c->rcv.nxt)) {
		cut = min_u32(c->rcv.nxt - seg->seq, seg->len);
		reasm_dup(c, seg->seq, seg->seq + cut);
		seg->seq += cut;
		seg->off += cut;
		seg->len -= cut;
	}
	cut = seg->seq - c->rcv.nxt;
	cut = cut < wnd ? wnd - cut : 0; /* room from seg->seq on */
	if (seg->len > cut) {
		seg->len = cut;
		seg->flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
		c->flags |= CF_ACK_NOW; /* a probe of our window, or nearly */
	}
}

void tcp_note_timestamp(struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (!(c->flags & CF_TS) || !(seg->opt.has & TCP_OPT_HAS_TS))
		return;
	if (seq_leq(seg->first, c->rcv.acked) &&
	    (seq_geq(seg->opt.tsval, c->ts.recent) ||
	     tcp_now_s(c) - c->ts.recent_s > PAWS_IDLE_S)) {
		c->ts.recent = seg->opt.tsval;
		c->ts.recent_s = tcp_now_s(c);
	}
}

bool tcp_in_seq(struct tcp_conn *c, struct tcp_seg *seg)
{
	seg->first = seg->seq;
	if (!paws_ok(c, seg))
		return false;
	if (!acceptable(c, seg)) {
		refuse(c, seg);
		return false;
	}
	if (!(seg->flags & (TCP_SYN | TCP_RST)))
		trim(c, seg);
	return true;
}

/*
 * Only a reset that lands exactly on RCV.NXT ends the connection.  Any other
 * one is answered with a challenge ACK: a blind attacker then has to hit one
 * sequence number instead of anything in the window, and a peer that really
 * did forget us answers the challenge with a reset that fits.
 */
bool tcp_in_rst(struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (!(seg->flags & TCP_RST))
		return true;
	if (seg->seq != c->rcv.nxt) {
		stack_drop(c->t->s, USTACK_C_DROP_TCP_RST);
		if (seq_gt(seg->seq, c->rcv.nxt)) /* (5961-2) */
			tcp_challenge_ack(c);
		return false;
	}
	tcp_kill(c, c->state == USTACK_SYN_RCVD ? USTACK_END_REFUSED
						: USTACK_END_RESET);
	return false;
}

/* A peer that restarted answers the challenge with a reset that fits. */
bool tcp_in_syn(struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (!(seg->flags & TCP_SYN))
		return true;
	stack_drop(c->t->s, USTACK_C_DROP_TCP_SYN);
	tcp_challenge_ack(c); /* (5961-4) */
	return false;
}

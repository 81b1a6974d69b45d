/* SPDX-License-Identifier: MIT */
/*
 * input_syn_sent.c - a segment arrives in SYN-SENT (RFC 9293 section 3.10.7.3)
 */

#include "conn.h"
#include "ecn.h"
#include "input.h"
#include "reply.h"
#include "state.h"
#include "timers.h"
#include "urgent.h"
#include "uto.h"

static void refuse(struct tcp_conn *c, const struct tcp_seg *seg)
{
	const struct tcp_flow_args a = tcp_flow_tuple(&c->flow);

	stack_drop(c->t->s, USTACK_C_DROP_TCP_SYN_SENT);
	tcp_reply_rst(c->t, &a, seg);
}

/* The peer's SYN: what it says about its side. */
static void take_syn(struct tcp_conn *c, const struct tcp_seg *seg)
{
	uint32_t wnd = tcp_rcv_wnd(c);

	c->rcv.nxt = seg->seq + 1;
	c->rcv.acked = c->rcv.nxt;
	c->rcv.adv = c->rcv.nxt + wnd;
	c->rcv.edge = c->rcv.adv;
	sliceq_init(&c->rcvq, c->rcv.nxt);
	c->snd.wnd = seg->wnd; /* not scaled (7323-2) */
	c->snd.max_wnd = seg->wnd;
	c->snd.wl1 = seg->seq;
	c->snd.wl2 = seg->ack;
	tcp_set_peer_opts(c, &seg->opt);
	ecn_in_syn(c, seg);
}

static void on_syn_ack(struct tcp_conn *c, struct tcp_seg *seg)
{
	take_syn(c, seg);
	c->snd.una = seg->ack;
	if (!(c->flags & CF_SYN_REXMIT))
		rtt_sample(&c->rtt, (uint32_t)(tcp_now(c) - c->opened_us));
	tcp_established(c);
	tcp_event_opened(c);
	c->flags |= CF_ACK_NOW;
	/* Text and FIN in it are processed as from now on (9293-a10). */
	seg->seq++;
	seg->flags &= (uint8_t)~TCP_SYN;
	if (tcp_in_seq(c, seg)) {
		tcp_in_uto(c, seg);
		tcp_in_urg(c, seg);
		tcp_in_data(c, seg);
		tcp_in_fin(c, seg);
	}
}

/* Simultaneous open (MUST-10, 9293-a11): text in the SYN comes again. */
static void on_syn(struct tcp_conn *c, const struct tcp_seg *seg)
{
	take_syn(c, seg);
	tcp_set_state(c, USTACK_SYN_RCVD);
	c->flags |= CF_SYN_NOW;
	c->rtx_at = TIME_NEVER;
}

void tcp_in_syn_sent(struct tcp_conn *c, struct tcp_seg *seg)
{
	bool ack = (seg->flags & TCP_ACK) != 0;

	/* First: ACK (9293-a8). */
	if (ack &&
	    (seq_leq(seg->ack, c->snd.iss) || seq_gt(seg->ack, c->snd.nxt))) {
		refuse(c, seg);
		return;
	}
	/* Second: RST (9293-a9). */
	if (seg->flags & TCP_RST) {
		if (ack && !ecn_on_refused(c))
			tcp_kill(c, USTACK_END_REFUSED);
		else if (!ack)
			stack_drop(c->t->s, USTACK_C_DROP_TCP_RST);
		return;
	}
	/* Fourth: SYN; fifth: neither (9293-a12). */
	if (!(seg->flags & TCP_SYN))
		stack_drop(c->t->s, USTACK_C_DROP_TCP_SYN_SENT);
	else if (ack)
		on_syn_ack(c, seg);
	else
		on_syn(c, seg);
}

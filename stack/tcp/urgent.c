/* SPDX-License-Identifier: MIT */
/*
 * urgent.c - urgent data, in both directions
 */

#include "urgent.h"

#include "conn.h"
#include "extra.h"
#include "segment.h"

#define POINTER_MAX 65535u

static bool may_receive(const struct tcp_conn *c)
{
	return c->state == USTACK_ESTABLISHED ||
	       c->state == USTACK_FIN_WAIT_1 || c->state == USTACK_FIN_WAIT_2;
}

/* RCV.UP <- max(RCV.UP, SEG.UP); told each time it moves (MUST-32). */
void tcp_in_urg(struct tcp_conn *c, const struct tcp_seg *seg)
{
	uint32_t up = seg->first + seg->urg;

	if (!(seg->flags & TCP_URG) || !may_receive(c))
		return;
	tcp_count(c, USTACK_C_TCP_IN_URGENT);
	if (seq_leq(up, c->rcvq.start) || c->opts & OF_SHUT_RD)
		return;
	if (c->opts & OF_URG_RCVD && seq_leq(up, c->x->rcv_up))
		return;
	if (!tcp_extra_get(c)) {
		stack_count(c->t->s, USTACK_C_DROP_NO_MEMORY);
		return;
	}
	c->x->rcv_up = up;
	c->opts |= OF_URG_RCVD;
	c->flags |= CF_EV_URGENT;
}

uint32_t tcp_urgent_left(const struct tcp_conn *c)
{
	return c->opts & OF_URG_RCVD ? c->x->rcv_up - c->rcvq.start : 0;
}

void tcp_urgent_read(struct tcp_conn *c)
{
	if (c->opts & OF_URG_RCVD && seq_leq(c->x->rcv_up, c->rcvq.start))
		c->opts &= (uint16_t)~OF_URG_RCVD;
}

bool tcp_urgent_due(const struct tcp_conn *c)
{
	return (c->opts & OF_URG_SEND) != 0;
}

void tcp_urgent_mark(struct tcp_conn *c, struct tcp_out *o)
{
	if (!tcp_urgent_due(c) || o->flags & (TCP_SYN | TCP_RST))
		return;
	if (seq_leq(c->x->snd_up, c->snd.una)) {
		c->opts &= (uint16_t)~OF_URG_SEND;
		return;
	}
	if (seq_leq(c->x->snd_up, o->seq))
		return;
	o->flags |= TCP_URG;
	o->urg = (uint16_t)min_u32(c->x->snd_up - o->seq, POINTER_MAX);
	tcp_count(c, USTACK_C_TCP_OUT_URGENT);
}

ptrdiff_t ustack_send_urgent(struct ustack *s, struct ustack_conn h,
			     const struct ustack_iov *iov, uint32_t n)
{
	struct tcp_conn *c = tcp_conn_get(s->tcp, h);
	ptrdiff_t sent;

	if (c && !tcp_extra_get(c))
		return -ERR_NOMEM;
	sent = ustack_send(s, h, iov, n);
	if (sent <= 0)
		return sent;
	c->x->snd_up = tcp_sndq_end(c);
	c->opts |= OF_URG_SEND;
	/* Against a shut window the pointer goes ahead by itself. */
	if (c->snd.wnd == 0 && c->state >= USTACK_ESTABLISHED)
		c->flags |= CF_ACK_NOW;
	return sent;
}

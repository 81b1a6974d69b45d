/* SPDX-License-Identifier: MIT */
/*
 * reply.c - answers that belong to no connection
 */

#include "reply.h"

#include "segment.h"

uint32_t tcp_seg_space(const struct tcp_seg *seg)
{
	return seg->len + !!(seg->flags & TCP_SYN) + !!(seg->flags & TCP_FIN);
}

void tcp_reply_rst(struct tcp *t, const struct tcp_flow_args *a,
		   const struct tcp_seg *seg)
{
	struct tcp_flow f;
	struct tcp_out o = { .flow = &f,
			     .ttl = t->s->cfg.ttl,
			     .mss = UINT16_MAX };

	if (seg->flags & TCP_RST || !stack_limit_ok(t->s))
		return;
	tcp_flow_init(&f, FLOW_CONN, a);
	if (seg->flags & TCP_ACK) {
		o.seq = seg->ack;
		o.flags = TCP_RST;
	} else {
		o.ack = seg->seq + tcp_seg_space(seg);
		o.flags = TCP_RST | TCP_ACK;
	}
	/* A reset that finds no room is lost, as any packet may be. */
	tcp_emit(t->s, &o);
}

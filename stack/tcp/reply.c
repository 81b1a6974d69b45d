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

bool tcp_chal_ok(const struct tcp *t, struct tcp_chal *ch)
{
	uint32_t rate = t->s->cfg.challenge_rate;
	uint16_t now_s = (uint16_t)(t->s->now_us / 1000000u);

	if (ch->s != now_s)
		*ch = (struct tcp_chal){ .s = now_s };
	if (rate != 0 && ch->n >= min_u32(rate, UINT16_MAX)) {
		stack_count(t->s, USTACK_C_TCP_CHALLENGE_ACKS_HELD);
		return false;
	}
	if (ch->n < UINT16_MAX)
		ch->n++;
	return true;
}

void tcp_reply_rst(struct tcp *t, const struct tcp_flow_args *a,
		   const struct tcp_seg *seg)
{
	struct tcp_flow f;
	struct tcp_out o = { .flow = &f,
			     .ttl = t->s->cfg.ttl,
			     .mss = UINT16_MAX };

	if (seg->flags & TCP_RST || !stack_limit_ok(t->s, LIMIT_RST))
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

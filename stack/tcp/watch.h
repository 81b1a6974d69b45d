/* SPDX-License-Identifier: MIT */
/*
 * watch.h - whose events are told whatever the event mask, and whose a segment is
 *
 * A mask is for all connections, and to tell every segment of all costs more
 * than a log of them is worth.  So an embedder that wants to keep the last lives
 * asks for some new connections a second (watch_rate), takes one back to its
 * rare events when it has seen enough, and looks closer when somebody asks.
 */

#ifndef STACK_TCP_WATCH_H
#define STACK_TCP_WATCH_H

#include "tcb.h"

/** tcp_watch_new() - How a new connection is watched, enum ustack_watch */
uint8_t tcp_watch_new(struct tcp *t);

/** tcp_flow_id() - Number of the connection that a flow stands for */
uint64_t tcp_flow_id(const struct tcp_flow *f);

static inline bool tcp_tells(const struct tcp_conn *c, enum ustack_event_kind k)
{
	return stack_tells(c->t->s, c->flow.watch, k);
}

/* The same of a segment: of what is ordinary, those that begin and end are told
 * of whoever is watched.
 */
static inline bool tcp_tells_seg(const struct ustack *s, uint8_t watch,
				 enum ustack_event_kind k, uint8_t flags)
{
	return stack_tells(s, watch, k) ||
	       __builtin_expect(watch && flags & (TCP_SYN | TCP_FIN | TCP_RST),
				0);
}

/* The peer's initial sequence number, 0 = it is not known yet. */
static inline uint32_t tcp_irs(const struct tcp_conn *c)
{
	if (c->state == USTACK_CLOSED || c->state == USTACK_SYN_SENT)
		return 0;
	return c->rcv.nxt - (uint32_t)c->st.bytes_in - 1 -
	       !!(c->flags & CF_FIN_RCVD);
}

#endif /* STACK_TCP_WATCH_H */

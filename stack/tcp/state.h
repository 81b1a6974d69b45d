/* SPDX-License-Identifier: MIT */
/*
 * state.h - the connection state machine as a table (RFC 9293 section 3.3.2)
 *
 *	CLOSED -- active open --> SYN-SENT -- SYN,ACK ----------> ESTABLISHED
 *				     +-- SYN --> SYN-RECEIVED -- ACK --^
 *	LISTEN -- SYN --> SYN-RECEIVED -- ACK ------------------> ESTABLISHED
 *
 *	ESTABLISHED -- close --> FIN-WAIT-1 -- ACK --> FIN-WAIT-2 -- FIN --> TIME-WAIT
 *	     |                       +-- FIN --> CLOSING -- ACK -----------> TIME-WAIT
 *	     +-- FIN --> CLOSE-WAIT -- close --> LAST-ACK -- ACK --> CLOSED
 *
 * A passive connection lives in the SYN cache while it is half-open; it gets a
 * TCB, in SYN-RECEIVED, by the ACK that establishes it.
 */

#ifndef STACK_TCP_STATE_H
#define STACK_TCP_STATE_H

#include "tcb.h"

/**
 * tcp_set_state() - Change a connection's state
 * @c:		connection
 * @to:		new state; the transition must be in the table
 *
 * Counts, and emits connection_state_updated.
 */
void tcp_set_state(struct tcp_conn *c, enum ustack_state to);

/** tcp_state_legal() - Is a transition in the table? */
bool tcp_state_legal(enum ustack_state from, enum ustack_state to);

/** tcp_event_init() - Fill in what every event of a connection carries */
void tcp_event_init(const struct tcp_conn *c, struct ustack_event *ev,
		    enum ustack_event_kind kind);

/** tcp_event_emit() - Hand an event to the host */
void tcp_event_emit(const struct tcp_conn *c, const struct ustack_event *ev);

/**
 * tcp_event_received() - Emit packet_received, if wanted
 * @t:		TCP
 * @f:		flow that the segment belongs to
 * @seg:	segment
 */
void tcp_event_received(const struct tcp *t, const struct tcp_flow *f,
			const struct tcp_seg *seg);

/** tcp_event_flow() - Fill in what a flow knows about its segments */
void tcp_event_flow(const struct tcp_flow *f, struct ustack_event *ev);

/** tcp_event_sack() - Fill in the SACK blocks among a segment's options */
void tcp_event_sack(struct ustack_event *ev, const struct tcp_opts *opt);

/** tcp_event_closed() - Emit connection_closed with its totals, if wanted */
void tcp_event_closed(const struct tcp_conn *c);

/** tcp_event_opened() - Emit connection_started, if wanted */
void tcp_event_opened(const struct tcp_conn *c);

/** tcp_event_metrics() - Emit metrics_updated, if wanted */
void tcp_event_metrics(const struct tcp_conn *c);

#endif /* STACK_TCP_STATE_H */

/* SPDX-License-Identifier: MIT */
/*
 * backlog.h - connections that @accept left for later
 *
 *	@accept says -ERR_AGAIN --> parked, behind the others
 *	ustack_accept_ready()   --> the first is offered again; taken: the next;
 *				    -ERR_AGAIN: back to the front, and wait
 *
 * A TCB has no room for a link that few need: a ring of handles grows with the
 * number that waits.  One that ended meanwhile is recognised by its generation,
 * and swept out when the ring is full, so that all of this is O(1) a connection.
 */

#ifndef STACK_TCP_BACKLOG_H
#define STACK_TCP_BACKLOG_H

#include "tcb.h"

/** backlog_fini() - Give back the ring; the connections are not touched */
void backlog_fini(struct tcp *t, struct tcp_listener *l);

/**
 * backlog_park() - Leave a connection for later
 * @l:		its listener
 * @c:		connection, counted in @l->waiting no more; is again
 * @front:	it was the first: it stays so
 *
 * Return: false if there is no memory: nothing has changed
 */
bool backlog_park(struct tcp_listener *l, struct tcp_conn *c, bool front);

/** backlog_take() - Was it being offered again?  If so, it is no more */
bool backlog_take(struct tcp_listener *l, const struct tcp_conn *c);

/** backlog_offer() - Offer the first again, unless one is being offered */
void backlog_offer(struct tcp *t, struct tcp_listener *l);

/** backlog_pop() - Take the first out for good, NULL when none is parked */
struct tcp_conn *backlog_pop(struct tcp *t, struct tcp_listener *l);

/** backlog_waits() - Is one parked? */
bool backlog_waits(struct tcp *t, struct tcp_listener *l);

/** backlog_reset() - Reset all that are parked, and give back the ring */
void backlog_reset(struct tcp *t, struct tcp_listener *l);

#endif /* STACK_TCP_BACKLOG_H */

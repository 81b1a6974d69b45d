/* SPDX-License-Identifier: MIT */
/*
 * demux.h - from a 4-tuple to what it belongs to; listeners; ephemeral ports
 */

#ifndef STACK_TCP_DEMUX_H
#define STACK_TCP_DEMUX_H

#include "tcb.h"

/**
 * struct tcp_flow_args - a 4-tuple
 * @local:	our address; borrowed
 * @remote:	the peer's; borrowed
 * @lport:	our port
 * @rport:	the peer's port
 * @hash:	hash in the flow table, 0 = not known yet
 */
struct tcp_flow_args {
	const struct ustack_addr *local;
	const struct ustack_addr *remote;
	uint16_t lport;
	uint16_t rport;
	uint64_t hash;
};

/** tcp_flow_tuple() - 4-tuple of a flow; borrows its addresses */
static inline struct tcp_flow_args tcp_flow_tuple(const struct tcp_flow *f)
{
	return (struct tcp_flow_args){ .local = &f->local,
				       .remote = &f->remote,
				       .lport = f->lport,
				       .rport = f->rport,
				       .hash = f->node.hash };
}

/** tcp_flow_init() - Fill in a flow that is in no table yet */
void tcp_flow_init(struct tcp_flow *f, enum tcp_flow_kind kind,
		   const struct tcp_flow_args *a);

/** tcp_flow_insert() - Make a flow findable; its 4-tuple must be free */
void tcp_flow_insert(struct tcp *t, struct tcp_flow *f);

/** tcp_flow_remove() - Take a flow out of the table */
void tcp_flow_remove(struct tcp *t, struct tcp_flow *f);

/** tcp_flow_find() - Flow of a 4-tuple, or NULL */
struct tcp_flow *tcp_flow_find(const struct tcp *t,
			       const struct tcp_flow_args *a);

/** tcp_flow_hash() - Keyed 64-bit hash of a 4-tuple */
uint64_t tcp_flow_hash(const struct siphash_key *key,
		       const struct tcp_flow_args *a);

/** tcp_listener_add() - Make a listener findable */
void tcp_listener_add(struct tcp *t, struct tcp_listener *l);

/** tcp_listener_remove() - Take it out again */
void tcp_listener_remove(struct tcp *t, struct tcp_listener *l);

/** tcp_listener_find() - Listener for an address and port, a bound one before
 * one for any IPv4 address before one for any address; -1 = none
 */
int tcp_listener_find(const struct tcp *t, const struct ustack_addr *addr,
		      uint16_t port);

/**
 * tcp_port_pick() - Choose an ephemeral port (RFC 6056, algorithm 4)
 * @t:		TCP
 * @a:		4-tuple without @lport
 *
 * First in a row from where the last one to such a peer was, then by lot; the
 * number of tries is bounded, and as long as one port in a hundred is free it
 * fails once in 30000 times.
 *
 * Return: a port that no flow to that peer uses, 0 = none was found
 */
uint16_t tcp_port_pick(struct tcp *t, const struct tcp_flow_args *a);

#endif /* STACK_TCP_DEMUX_H */

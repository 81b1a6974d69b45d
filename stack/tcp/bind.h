/* SPDX-License-Identifier: MIT */
/*
 * bind.h - local ports that somebody has reserved (ustack_bind())
 */

#ifndef STACK_TCP_BIND_H
#define STACK_TCP_BIND_H

#include "tcb.h"

/**
 * struct tcp_bound - a reserved port
 * @node:	link in the table of reservations; its hash is the port
 * @addr:	local address, or any
 * @holders:	ustack_bind() calls that share it
 * @reuse:	all of them agreed to share
 */
struct tcp_bound {
	struct hnode node;
	struct ustack_addr addr;
	uint32_t holders;
	bool reuse;
};

/** tcp_port_bound() - Is a port reserved at that address? */
bool tcp_port_bound(const struct tcp *t, const struct ustack_addr *addr,
		    uint16_t port);

/** tcp_port_listens() - Does a listener have a port at an address that overlaps? */
bool tcp_port_listens(const struct tcp *t, const struct ustack_addr *addr,
		      uint16_t port);

/** tcp_bind_free() - Forget all reservations */
void tcp_bind_free(struct tcp *t);

#endif /* STACK_TCP_BIND_H */

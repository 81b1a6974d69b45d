/* SPDX-License-Identifier: MIT */
/*
 * vsock_int.h - what the two halves of vsock share
 */

#ifndef TESTS_LIB_VSOCK_INT_H
#define TESTS_LIB_VSOCK_INT_H

#include "vsock.h"

enum kind { FRESH, LISTENING, CONNECTED };

/**
 * struct vsock - one socket
 * @kind:	enum kind
 * @bound:	@bind is a reservation of ours
 * @reuse:	SO_REUSEADDR
 * @told:	connect() has reported the outcome
 * @bind:	local name wanted
 * @listener:	with LISTENING
 * @conn:	with CONNECTED
 * @opt:	options set, for the connection to come or to be accepted
 * @val:	their values
 * @nopts:	their number
 */
struct vsock {
	enum kind kind;
	bool bound;
	bool reuse;
	bool told;
	struct ustack_bind bind;
	int listener;
	struct ustack_conn conn;
	enum ustack_opt opt[VSOCK_OPTS];
	uint64_t val[VSOCK_OPTS];
	uint32_t nopts;
};

/** vsock_errno() - One to one: -ERR_* to -errno; what is no error stays */
ptrdiff_t vsock_errno(ptrdiff_t r);

/** vsock_get() - Socket of a descriptor, or NULL */
struct vsock *vsock_get(const struct vsock_net *n, int fd);

/** vsock_info() - What the stack knows of its connection; CLOSED if it has none */
struct ustack_info vsock_info(struct vsock_net *n, const struct vsock *v);

#endif /* TESTS_LIB_VSOCK_INT_H */

/* SPDX-License-Identifier: MIT */
/*
 * target.h - where on the host a forward service connects to
 *
 *	tcp:HOST:PORT	tcp:[2001:db8::1]:PORT	unix:PATH
 */

#ifndef DAEMON_SVC_TARGET_H
#define DAEMON_SVC_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "stack/base/err.h"

#define TARGET_ADDRS_MAX 8u   /* addresses of a name that are tried */
#define TARGET_HOST_MAX	 254u /* RFC 1035 section 2.3.4, and an end */
#define TARGET_PORT_MAX	 6u

/**
 * struct target_addr - an address to connect to
 */
struct target_addr {
	socklen_t len;
	struct sockaddr_storage sa;
};

/**
 * struct target - what a name stands for
 * @n:		addresses
 * @addr:	in the order in which they are tried
 */
struct target {
	uint32_t n;
	struct target_addr addr[TARGET_ADDRS_MAX];
};

/**
 * target_check() - Is that a target?  Asks nobody about names.
 *
 * Return: NULL = it is, or what is wrong with it
 */
const char *target_check(const char *text);

/** target_has_name() - Must somebody be asked where that is? */
bool target_has_name(const char *text);

/**
 * target_resolve() - Find a target's addresses; may wait for a name server
 * @t:		filled in
 * @text:	target
 * @why:	on failure: what is wrong
 * @size:	room in @why
 *
 * Return: 0, or -ERR_INVAL, or -ERR_ADDRNOTAVAIL for a name that is not known
 */
int target_resolve(struct target *t, const char *text, char *why,
		   size_t size) MUST_USE;

/**
 * target_connect() - Begin to connect
 * @a:		address
 * @fd:		set to a new non-blocking socket, the caller's; not on failure
 *
 * Return: 0 = connected; -EINPROGRESS, it becomes writable: see
 * target_result(); -EAGAIN, a Unix socket's backlog is full, no socket; other
 * -errno
 */
int target_connect(const struct target_addr *a, int *fd) MUST_USE;

/** target_result() - What has become of it: 0 = connected, or -errno */
int target_result(int fd) MUST_USE;

#endif /* DAEMON_SVC_TARGET_H */

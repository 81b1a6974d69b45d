/* SPDX-License-Identifier: MIT */
/*
 * vsock.h - non-blocking POSIX-like sockets over the public interface alone
 *
 * What an embedder would write who builds a socket layer: descriptors, errno
 * values, the options and flags of <sys/socket.h> and <netinet/tcp.h>.  Each
 * call returns what the system call of its name returns, or -errno.  It
 * includes nothing of the stack but stack/ustack.h, which is what it is there
 * to prove sufficient (lint holds it to that).
 *
 * Received urgent data is in line, as with SO_OOBINLINE.
 */

#ifndef TESTS_LIB_VSOCK_H
#define TESTS_LIB_VSOCK_H

#include <sys/socket.h>
#include <sys/types.h>

#include "stack/ustack.h"

#define VSOCK_MAX  64u
#define VSOCK_OPTS 32u

struct vsock;

/**
 * struct vsock_net - the sockets of one instance
 * @s:		instance; borrowed
 * @ops_id:	our service table
 * @sock:	descriptors
 */
struct vsock_net {
	struct ustack *s;
	int ops_id;
	struct vsock *sock[VSOCK_MAX];
};

/**
 * struct vsock_name - what a struct sockaddr says
 * @addr:	address; all zero is any
 * @port:	port, host order
 */
struct vsock_name {
	struct ustack_addr addr;
	uint16_t port;
};

/** vsock_init() - Make sockets possible on an instance */
void vsock_init(struct vsock_net *n, struct ustack *s);

/** vsock_fini() - Close all that is open, with resets */
void vsock_fini(struct vsock_net *n);

int vsock_socket(struct vsock_net *n);
int vsock_bind(struct vsock_net *n, int fd, const struct vsock_name *name);
int vsock_listen(struct vsock_net *n, int fd, int backlog);
int vsock_accept(struct vsock_net *n, int fd, struct vsock_name *peer);
int vsock_connect(struct vsock_net *n, int fd, const struct vsock_name *name);
int vsock_getsockname(struct vsock_net *n, int fd, struct vsock_name *name);
int vsock_getpeername(struct vsock_net *n, int fd, struct vsock_name *name);

/** vsock_sendmsg() - MSG_OOB is understood */
ssize_t vsock_sendmsg(struct vsock_net *n, int fd, const struct ustack_iov *iov,
		      uint32_t niov, int flags);

/** vsock_recvmsg() - MSG_PEEK is understood; MSG_OOB is EINVAL, as in line */
ssize_t vsock_recvmsg(struct vsock_net *n, int fd, const struct ustack_iov *iov,
		      uint32_t niov, int flags);

/** vsock_shutdown() - SHUT_RD, SHUT_WR or SHUT_RDWR */
int vsock_shutdown(struct vsock_net *n, int fd, int how);
int vsock_close(struct vsock_net *n, int fd);

/** vsock_poll() - revents of one descriptor for @events; ERR, HUP and NVAL always */
int vsock_poll(struct vsock_net *n, int fd, int events);

/** struct vsock_opt - an option, as (level, name) */
struct vsock_opt {
	int level;
	int name;
};

/** vsock_setsockopt() - All options are int or struct linger, as in tcp(7) */
int vsock_setsockopt(struct vsock_net *n, int fd, struct vsock_opt opt,
		     const void *value, socklen_t len);
int vsock_getsockopt(struct vsock_net *n, int fd, struct vsock_opt opt,
		     void *value, socklen_t *len);

/** vsock_ioctl() - SIOCINQ, SIOCOUTQ, SIOCATMARK */
int vsock_ioctl(struct vsock_net *n, int fd, unsigned long request, int *value);

#endif /* TESTS_LIB_VSOCK_H */

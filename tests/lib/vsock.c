/* SPDX-License-Identifier: MIT */
/*
 * vsock.c - POSIX-like sockets over ustack.h
 *
 *	FRESH -- bind --> (holds a reservation) -- listen --> LISTENING
 *	  +-- connect ---------------------------> CONNECTING --> CONNECTED
 *
 * The service table holds what is over until it is asked about, and leaves
 * every new connection in the backlog, so that accept() can take it.
 */

#include "vsock_int.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

static const int errnos[ERR_MAX] = {
	[ERR_AGAIN] = EAGAIN,
	[ERR_INVAL] = EINVAL,
	[ERR_NOMEM] = ENOMEM,
	[ERR_NOENT] = EBADF,
	[ERR_NOTCONN] = ENOTCONN,
	[ERR_INPROGRESS] = EINPROGRESS,
	[ERR_PIPE] = EPIPE,
	[ERR_CONNREFUSED] = ECONNREFUSED,
	[ERR_CONNRESET] = ECONNRESET,
	[ERR_CONNABORTED] = ECONNABORTED,
	[ERR_TIMEDOUT] = ETIMEDOUT,
	[ERR_ADDRINUSE] = EADDRINUSE,
	[ERR_ADDRNOTAVAIL] = EADDRNOTAVAIL,
	[ERR_HOSTUNREACH] = EHOSTUNREACH,
	[ERR_NETUNREACH] = ENETUNREACH,
	[ERR_MSGSIZE] = EMSGSIZE,
	[ERR_LIMIT] = EMFILE,
	[ERR_PERM] = EPERM,
	[ERR_ISCONN] = EISCONN,
	[ERR_ALREADY] = EALREADY,
	[ERR_NOBUFS] = ENOBUFS,
	[ERR_NOPROTOOPT] = ENOPROTOOPT,
	[ERR_HOSTDOWN] = EHOSTDOWN,
	[ERR_ACCES] = EACCES,
	[ERR_PROTO] = EPROTO,
};

ptrdiff_t vsock_errno(ptrdiff_t r)
{
	return r < 0 ? -errnos[-r] : r;
}

static int park(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)s;
	(void)c;
	(void)ctx;
	return -ERR_AGAIN;
}

static const struct ustack_ops ops = { .accept = park, .hold = true };

void vsock_init(struct vsock_net *n, struct ustack *s)
{
	memset(n, 0, sizeof(*n));
	n->s = s;
	n->ops_id = ustack_ops_register(s, &ops);
}

struct vsock *vsock_get(const struct vsock_net *n, int fd)
{
	return fd >= 0 && fd < (int)VSOCK_MAX ? n->sock[fd] : NULL;
}

int vsock_socket(struct vsock_net *n)
{
	for (uint32_t i = 0; i < VSOCK_MAX; i++) {
		if (n->sock[i])
			continue;
		n->sock[i] = calloc(1, sizeof(struct vsock));
		return n->sock[i] ? (int)i : -ENOMEM;
	}
	return -EMFILE;
}

int vsock_bind(struct vsock_net *n, int fd, const struct vsock_name *name)
{
	struct vsock *v = vsock_get(n, fd);
	int r;

	if (!v)
		return -EBADF;
	if (v->kind != FRESH || v->bound)
		return -EINVAL;
	v->bind = (struct ustack_bind){ .addr = name->addr,
					.port = name->port,
					.reuse = v->reuse };
	r = ustack_bind(n->s, &v->bind);
	v->bound = r == 0;
	return (int)vsock_errno(r);
}

/* What a SYN-ACK says already. */
static void begin_with(const struct vsock *v, struct ustack_listen_args *a)
{
	for (uint32_t i = 0; i < v->nopts; i++) {
		if (v->opt[i] == USTACK_OPT_TTL)
			a->ttl = (uint8_t)v->val[i];
		else if (v->opt[i] == USTACK_OPT_TOS)
			a->tos = (uint8_t)v->val[i];
		else if (v->opt[i] == USTACK_OPT_MAXSEG)
			a->maxseg = (uint16_t)v->val[i];
	}
}

int vsock_listen(struct vsock_net *n, int fd, int backlog)
{
	struct vsock *v = vsock_get(n, fd);
	struct vsock_name any = { .port = 0 };
	struct ustack_listen_args a = { .ops_id = n->ops_id, .bound = true };
	int r;

	if (!v)
		return -EBADF;
	if (v->kind == LISTENING)
		return 0;
	if (v->kind != FRESH)
		return -EINVAL;
	r = v->bound ? 0 : vsock_bind(n, fd, &any);
	if (r < 0)
		return r;
	a.addr = v->bind.addr;
	a.port = v->bind.port;
	a.backlog = backlog > 0 ? (uint32_t)backlog : 1;
	begin_with(v, &a);
	r = ustack_listen(n->s, &a);
	if (r < 0)
		return (int)vsock_errno(r);
	v->listener = r;
	v->kind = LISTENING;
	return 0;
}

static void apply_opts(struct vsock_net *n, const struct vsock *v,
		       struct ustack_conn c)
{
	for (uint32_t i = 0; i < v->nopts; i++)
		ustack_setopt(n->s, c, v->opt[i], v->val[i]);
}

int vsock_accept(struct vsock_net *n, int fd, struct vsock_name *peer)
{
	struct vsock *v = vsock_get(n, fd);
	struct ustack_conn c;
	int r;

	if (!v)
		return -EBADF;
	if (v->kind != LISTENING)
		return -EINVAL;
	r = ustack_accept(n->s, v->listener, &c);
	if (r < 0)
		return (int)vsock_errno(r);
	fd = vsock_socket(n);
	if (fd < 0) {
		ustack_abort(n->s, c);
		return fd;
	}
	*n->sock[fd] = (struct vsock){ .kind = CONNECTED,
				       .told = true,
				       .conn = c };
	apply_opts(n, v, c);
	if (peer)
		vsock_getpeername(n, fd, peer);
	return fd;
}

struct ustack_info vsock_info(struct vsock_net *n, const struct vsock *v)
{
	struct ustack_info info = { .state = USTACK_CLOSED };

	if (v->kind != CONNECTED || ustack_info(n->s, v->conn, &info) < 0)
		info.state = USTACK_CLOSED;
	return info;
}

static bool opening(uint8_t state)
{
	return state == USTACK_SYN_SENT || state == USTACK_SYN_RCVD;
}

/* connect() once more tells how the first one went. */
static int connect_again(struct vsock_net *n, struct vsock *v)
{
	uint8_t state = vsock_info(n, v).state;
	int err;

	if (opening(state))
		return -EALREADY;
	err = ustack_error(n->s, v->conn);
	if (state == USTACK_CLOSED) { /* it may be tried again */
		ustack_close(n->s, v->conn);
		v->kind = FRESH;
		return err < 0 ? (int)vsock_errno(err) : -ECONNABORTED;
	}
	if (v->told)
		return -EISCONN;
	v->told = true;
	return 0;
}

int vsock_connect(struct vsock_net *n, int fd, const struct vsock_name *name)
{
	struct vsock *v = vsock_get(n, fd);
	struct ustack_connect_args a = { .remote = name->addr,
					 .rport = name->port,
					 .ops_id = n->ops_id };
	int r;

	if (!v)
		return -EBADF;
	if (v->kind == LISTENING)
		return -EISCONN;
	if (v->kind == CONNECTED)
		return connect_again(n, v);
	if (v->bound) {
		a.local = v->bind.addr;
		a.lport = v->bind.port;
		a.bound = true;
	}
	r = ustack_connect(n->s, &a, &v->conn);
	if (r < 0)
		return (int)vsock_errno(r);
	v->kind = CONNECTED;
	apply_opts(n, v, v->conn);
	return -EINPROGRESS;
}

int vsock_getsockname(struct vsock_net *n, int fd, struct vsock_name *name)
{
	struct vsock *v = vsock_get(n, fd);
	struct ustack_info info;

	if (!v)
		return -EBADF;
	*name = (struct vsock_name){ .addr = v->bind.addr,
				     .port = v->bind.port };
	if (v->kind == CONNECTED) {
		info = vsock_info(n, v);
		*name = (struct vsock_name){ .addr = info.local,
					     .port = info.lport };
	}
	return 0;
}

int vsock_getpeername(struct vsock_net *n, int fd, struct vsock_name *name)
{
	struct vsock *v = vsock_get(n, fd);
	struct ustack_info info;

	if (!v)
		return -EBADF;
	info = vsock_info(n, v);
	if (info.state == USTACK_CLOSED || opening(info.state))
		return -ENOTCONN;
	*name = (struct vsock_name){ .addr = info.remote, .port = info.rport };
	return 0;
}

ssize_t vsock_sendmsg(struct vsock_net *n, int fd, const struct ustack_iov *iov,
		      uint32_t niov, int flags)
{
	struct vsock *v = vsock_get(n, fd);
	ptrdiff_t r;

	if (!v)
		return -EBADF;
	if (v->kind != CONNECTED)
		return -EPIPE;
	if (opening(vsock_info(n, v).state))
		return -EAGAIN;
	r = flags & MSG_OOB ? ustack_send_urgent(n->s, v->conn, iov, niov)
			    : ustack_send(n->s, v->conn, iov, niov);
	if (r == -ERR_NOTCONN) { /* over: say why, once */
		r = ustack_error(n->s, v->conn);
		r = r < 0 ? r : -ERR_PIPE;
	}
	return vsock_errno(r);
}

ssize_t vsock_recvmsg(struct vsock_net *n, int fd, const struct ustack_iov *iov,
		      uint32_t niov, int flags)
{
	struct vsock *v = vsock_get(n, fd);

	if (!v)
		return -EBADF;
	if (v->kind != CONNECTED)
		return -ENOTCONN;
	if (flags & MSG_OOB)
		return -EINVAL;
	return vsock_errno(ustack_recv(n->s, v->conn, iov, niov,
				       flags & MSG_PEEK ? USTACK_PEEK : 0));
}

int vsock_shutdown(struct vsock_net *n, int fd, int how)
{
	struct vsock *v = vsock_get(n, fd);
	int r = 0;

	if (!v)
		return -EBADF;
	if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
		return -EINVAL;
	if (v->kind != CONNECTED)
		return -ENOTCONN;
	if (how != SHUT_WR)
		r = ustack_shutdown_read(n->s, v->conn);
	if (r == 0 && how != SHUT_RD)
		r = ustack_shutdown(n->s, v->conn);
	return (int)vsock_errno(r);
}

int vsock_close(struct vsock_net *n, int fd)
{
	struct vsock *v = vsock_get(n, fd);

	if (!v)
		return -EBADF;
	if (v->kind == LISTENING)
		ustack_unlisten(n->s, v->listener);
	else if (v->kind == CONNECTED)
		ustack_close(n->s, v->conn);
	if (v->bound)
		ustack_unbind(n->s, &v->bind);
	free(v);
	n->sock[fd] = NULL;
	return 0;
}

void vsock_fini(struct vsock_net *n)
{
	for (uint32_t i = 0; i < VSOCK_MAX; i++) {
		struct vsock *v = n->sock[i];

		if (!v)
			continue;
		if (v->kind == CONNECTED)
			ustack_abort(n->s, v->conn);
		vsock_close(n, (int)i);
	}
}

int vsock_poll(struct vsock_net *n, int fd, int events)
{
	static const struct {
		uint32_t bit;
		int event;
	} map[] = {
		{ USTACK_POLL_READABLE, POLLIN },
		{ USTACK_POLL_WRITABLE, POLLOUT },
		{ USTACK_POLL_PRIORITY, POLLPRI },
		{ USTACK_POLL_PEER_CLOSED, POLLRDHUP },
		{ USTACK_POLL_HUP, POLLHUP },
		{ USTACK_POLL_ERROR, POLLERR },
		{ USTACK_POLL_INVALID, POLLNVAL },
	};
	struct vsock *v = vsock_get(n, fd);
	uint32_t bits;
	int out = 0;

	if (!v)
		return POLLNVAL;
	if (v->kind == FRESH) /* as Linux has it */
		return (POLLOUT | POLLHUP) & (events | POLLHUP);
	bits = v->kind == LISTENING ? ustack_poll_listener(n->s, v->listener)
				    : ustack_poll(n->s, v->conn);
	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (bits & map[i].bit)
			out |= map[i].event;
	return out & (events | POLLERR | POLLHUP | POLLNVAL);
}

int vsock_ioctl(struct vsock_net *n, int fd, unsigned long request, int *value)
{
	struct vsock *v = vsock_get(n, fd);
	struct ustack_info info;

	if (!v)
		return -EBADF;
	info = vsock_info(n, v);
	if (request == SIOCINQ)
		*value = (int)info.rcvq;
	else if (request == SIOCOUTQ)
		*value = (int)info.sndq;
	else if (request == SIOCATMARK)
		*value = info.urgent == 1;
	else
		return -ENOTTY;
	return 0;
}

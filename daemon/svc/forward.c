/* SPDX-License-Identifier: MIT */
/*
 * forward.c - joins each connection with one that it makes on the host
 *
 *	opened --> connecting --connected--> joined (join.c) --> over
 *		     |   ^  \
 *		  refused |   timed out, no address left: reset
 *		     `----' the next address
 *
 * While the host is being connected to, the peer's bytes are left unread: TCP's
 * window bounds them.  What the host refuses, the peer sees reset.
 *
 * A target's name is resolved once, at the start: a name server that does not
 * answer would stop the stack.  A service that leads to the same target later has
 * its addresses, which share the time there is.
 *
 * Descriptors are finite and not for this service alone.  The kernel gives the
 * lowest number that is free, so one that is near the limit says that few are
 * left; then the connection is refused.
 *
 * System calls: those of target.c and join.c, close, getrlimit.
 */

#include "svc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "connmap.h"
#include "join.h"
#include "note.h"
#include "svc_loop.h"
#include "svc_mib.h"
#include "target.h"

#define CONNECT_US 10000000u /* for all addresses of a target		   */
#define BACKLOG_US 20000u    /* then a Unix socket with a full backlog again */
#define KEPT_FDS   64u	     /* descriptors left to others		   */

/**
 * struct forward - what the connections of a service share
 * @target:	where to
 * @fd_end:	first descriptor that is not used
 * @conns:	struct fwd of each connection
 */
struct forward {
	struct target target;
	int fd_end;
	struct connmap conns;
};

/**
 * struct fwd - a connection
 * @st:		its stream
 * @fd:		the socket being connected, -1 = none
 * @watch:	on @fd
 * @timer:	until the connection is made
 * @at:		address that is tried
 * @until_us:	it may take until then
 * @error:	-errno of the last attempt
 * @peer_closed: the peer's end was read in the meantime
 * @join:	once connected
 */
struct fwd {
	struct stream st;
	int fd;
	struct svc_watch *watch;
	struct svc_timer *timer;
	uint32_t at;
	uint64_t until_us;
	int error;
	bool peer_closed;
	struct join *join;
};

static void try_now(struct fwd *c);

static struct forward *forward_of(const struct fwd *c)
{
	return c->st.service->shared;
}

static struct fwd *fwd_of(const struct stream *st)
{
	const struct forward *f = st->service->shared;

	return connmap_get(&f->conns, st->conn);
}

static void count(const struct service *sv, enum svc_counter counter)
{
	service_count(&sv->counters[counter], 1);
}

/* ------------------------------------------------------------------ the end */

/* Away with the socket that is being connected. */
static void drop_attempt(struct fwd *c)
{
	svc_unwatch(c->st.service->loop, c->watch);
	c->watch = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static void fwd_free(struct fwd *c)
{
	drop_attempt(c);
	svc_timer_free(c->st.service->loop, c->timer);
	connmap_del(&forward_of(c)->conns, c->st.conn);
	free(c);
}

/* The host cannot be had: the peer is told as if it had been its peer. */
static void give_up(struct fwd *c, int error)
{
	struct service *sv = c->st.service;

	if (error == -ECONNREFUSED)
		count(sv, SVC_C_FORWARD_REFUSED);
	else if (error == -ETIMEDOUT)
		count(sv, SVC_C_FORWARD_TIMEOUTS);
	else
		count(sv, SVC_C_FORWARD_FAILED);
	svc_note(sv, 0, "%s: %s; connection reset", sv->target,
		 strerror(-error));
	stream_abort(&c->st);
	fwd_free(c);
}

static void on_over(void *arg, int why)
{
	struct fwd *c = arg;

	(void)why;
	c->join = NULL;
	fwd_free(c);
}

/* --------------------------------------------------------------- connecting */

static void next_address(struct fwd *c, int error)
{
	drop_attempt(c);
	c->error = error;
	c->at++;
	try_now(c);
}

static void connected(struct fwd *c)
{
	const struct svc_loop *loop = c->st.service->loop;
	int fd = c->fd;

	svc_unwatch(loop, c->watch);
	c->watch = NULL;
	svc_timer_free(loop, c->timer);
	c->timer = NULL;
	c->join = join_new(loop, &c->st, fd, on_over, c);
	if (!c->join) {
		give_up(c, -ENOMEM);
		return;
	}
	c->fd = -1;
	count(c->st.service, SVC_C_FORWARD_CONNECTS);
	if (c->peer_closed)
		join_peer_closed(c->join);
}

static void on_connect(void *arg, uint32_t events)
{
	struct fwd *c = arg;
	int rc = target_result(c->fd);

	(void)events;
	if (rc)
		next_address(c, rc);
	else
		connected(c);
}

static void on_due(void *arg)
{
	struct fwd *c = arg;

	if (c->fd < 0 && svc_now_us(c->st.service->loop) < c->until_us)
		try_now(c); /* the backlog was full */
	else
		next_address(c, -ETIMEDOUT);
}

/* How long the address at hand may take. */
static uint64_t share_us(const struct fwd *c)
{
	uint64_t now_us = svc_now_us(c->st.service->loop);
	uint32_t left = forward_of(c)->target.n - c->at;

	return now_us < c->until_us ? (c->until_us - now_us) / left : 0;
}

static void await(struct fwd *c)
{
	const struct svc_loop *loop = c->st.service->loop;

	c->watch = svc_watch(loop, c->fd, on_connect, c);
	if (!c->watch) {
		give_up(c, -ENOMEM);
		return;
	}
	svc_want(loop, c->watch, SVC_WRITE);
	svc_timer_set(loop, c->timer, share_us(c));
}

/*
 * try_one() - Begin to connect to the address at hand
 *
 * Return: false to go on with the next one: the reason is in @c->error
 */
static bool try_one(struct fwd *c)
{
	const struct forward *f = forward_of(c);
	int rc = target_connect(&f->target.addr[c->at], &c->fd);

	if (c->fd >= f->fd_end || rc == -EMFILE || rc == -ENFILE)
		give_up(c, -EMFILE);
	else if (rc == 0)
		connected(c);
	else if (rc == -EINPROGRESS)
		await(c);
	else if (rc == -EAGAIN && share_us(c) > 0)
		svc_timer_set(c->st.service->loop, c->timer, BACKLOG_US);
	else {
		c->error = rc == -EAGAIN ? -ETIMEDOUT : rc;
		return false;
	}
	return true;
}

/* @c may be dead after it. */
static void try_now(struct fwd *c)
{
	for (; c->at < forward_of(c)->target.n; c->at++)
		if (try_one(c))
			return;
	give_up(c, c->error);
}

/* ------------------------------------------------------------------ streams */

static struct fwd *fwd_new(struct stream *st)
{
	struct forward *f = st->service->shared;
	const struct svc_loop *loop = st->service->loop;
	struct fwd *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->st = *st;
	c->fd = -1;
	c->until_us = svc_now_us(loop) + CONNECT_US;
	c->timer = svc_timer(loop, on_due, c);
	if (c->timer && connmap_put(&f->conns, st->conn, c) == 0)
		return c;
	svc_timer_free(loop, c->timer);
	free(c);
	return NULL;
}

static void forward_opened(struct stream *st)
{
	struct fwd *c = fwd_new(st);

	if (c) {
		try_now(c);
		return;
	}
	count(st->service, SVC_C_FORWARD_FAILED);
	stream_abort(st);
}

static void forward_readable(struct stream *st)
{
	struct fwd *c = fwd_of(st);

	if (c && c->join)
		join_readable(c->join);
}

static void forward_writable(struct stream *st)
{
	struct fwd *c = fwd_of(st);

	if (c && c->join)
		join_writable(c->join);
}

static void forward_peer_closed(struct stream *st)
{
	struct fwd *c = fwd_of(st);

	if (!c)
		return;
	c->peer_closed = true;
	if (c->join)
		join_peer_closed(c->join);
}

static void forward_closed(struct stream *st)
{
	struct fwd *c = fwd_of(st);

	if (!c)
		return;
	if (c->join)
		join_closed(c->join, st->end);
	else
		fwd_free(c);
}

/* -------------------------------------------------------------- the service */

static int fd_end(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0 || lim.rlim_cur > INT32_MAX)
		return INT32_MAX;
	return lim.rlim_cur > 2 * KEPT_FDS ? (int)(lim.rlim_cur - KEPT_FDS)
					   : (int)(lim.rlim_cur / 2);
}

static int forward_start(struct service *sv)
{
	struct forward *f;

	if (!sv->loop)
		return -ERR_INVAL;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ERR_NOMEM;
	sv->shared = f;
	f->fd_end = fd_end();
	if (sv->like) {
		f->target = ((const struct forward *)sv->like->shared)->target;
		return 0;
	}
	return target_resolve(&f->target, sv->target, sv->why, sizeof(sv->why));
}

static void forward_stop(struct service *sv)
{
	struct forward *f = sv->shared;
	struct fwd *c;

	while (f && (c = connmap_any(&f->conns))) {
		join_free(c->join);
		fwd_free(c);
	}
	if (f)
		connmap_fini(&f->conns);
	free(f);
}

const struct svc svc_forward = {
	.name = "forward",
	.start = forward_start,
	.stop = forward_stop,
	.opened = forward_opened,
	.readable = forward_readable,
	.writable = forward_writable,
	.peer_closed = forward_peer_closed,
	.closed = forward_closed,
};

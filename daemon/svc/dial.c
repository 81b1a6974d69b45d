/* SPDX-License-Identifier: MIT */
/*
 * dial.c - opens connections for somebody, and joins each with a socket
 *
 * A service without a port: its streams are those that we open.
 *
 * System calls: poll.
 */

#include "dial.h"

#include <poll.h>
#include <string.h>

#include "connmap.h"
#include "dial_int.h"
#include "join.h"
#include "stream_tls.h"
#include "svc.h"
#include "svc_loop.h"

static struct dial *dial_of(const struct stream *st)
{
	const struct diallers *all = st->service->shared;

	return connmap_get(&all->conns, st->conn);
}

static const struct svc_loop *loop_of(const struct dial *d)
{
	return d->st.service->loop;
}

/* Away with what was for the time until it was established. */
static void stop_waiting(struct dial *d)
{
	svc_unwatch(loop_of(d), d->watch);
	d->watch = NULL;
	svc_timer_free(loop_of(d), d->timer);
	d->timer = NULL;
}

/* The last word; the stream's end is @end. */
static void finish(struct dial *d, int end)
{
	struct diallers *all = d->st.service->shared;

	stop_waiting(d);
	if (d->fd >= 0)
		join_close_host(d->fd, false);
	d->fd = -1;
	connmap_del(&all->conns, d->st.conn);
	d->end = d->why ? d->why : end;
	d->is_over = true;
	d->over(d);
}

/* ------------------------------------------------------------ until it is open */

static void give_up(struct dial *d, int why)
{
	if (!d->why)
		d->why = why;
	stream_abort(&d->st); /* the closed callback follows */
}

/* Nobody writes yet: it is whoever waits behind the socket that has gone. */
static void on_host(void *arg, uint32_t events)
{
	struct dial *d = arg;
	struct pollfd p = { .fd = d->fd };

	(void)events;
	svc_want(loop_of(d), d->watch, 0);
	if (poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR))
		give_up(d, -ERR_PIPE);
}

static void on_due(void *arg)
{
	give_up(arg, -ERR_TIMEDOUT);
}

/* What the time until then needs; false = memory is spent. */
static bool wait_for_it(struct dial *d)
{
	const struct svc_loop *loop = loop_of(d);

	d->began_us = svc_now_us(loop);
	d->watch = svc_watch(loop, d->fd, on_host, d);
	if (d->timeout_us)
		d->timer = svc_timer(loop, on_due, d);
	if (!d->watch || (d->timeout_us && !d->timer)) {
		stop_waiting(d);
		return false;
	}
	return true;
}

static void forget(struct dial *d)
{
	struct diallers *all = d->st.service->shared;

	stop_waiting(d);
	connmap_del(&all->conns, d->st.conn);
}

int dial(struct svc_set *set, struct dial *d,
	 const struct stream_connect_args *a)
{
	struct service *sv = svc_set_dialler(set, a->tls != NULL);
	struct diallers *all = sv->shared;
	int rc;

	d->st.service = sv;
	d->secure = a->tls != NULL;
	if (!sv->loop)
		return -ERR_INVAL;
	if (!wait_for_it(d))
		return -ERR_NOMEM;
	rc = svc_connect(set, sv, a, &d->st);
	if (rc) {
		stop_waiting(d);
		return rc;
	}
	rc = connmap_put(&all->conns, d->st.conn, d);
	if (rc) {
		forget(d);
		stream_abort(&d->st);
		return rc;
	}
	svc_want(sv->loop, d->watch, SVC_READ);
	if (d->timer)
		svc_timer_set(sv->loop, d->timer, d->timeout_us);
	return 0;
}

/* ------------------------------------------------------------------ streams */

static void on_join_over(void *arg, int why)
{
	struct dial *d = arg;

	d->join = NULL;
	if (!d->why)
		d->why = why;
}

static void read_tls(struct dial *d)
{
	struct stream_tls_info info;

	if (stream_tls_info(d->st.host, d->st.conn, &info) && info.agreed)
		d->tls = info.tls;
}

static void dial_opened(struct stream *st)
{
	struct dial *d = dial_of(st);

	if (!d)
		return;
	stop_waiting(d);
	d->took_us = svc_now_us(loop_of(d)) - d->began_us;
	if (d->secure)
		read_tls(d);
	d->join = join_new(loop_of(d), st, d->fd, on_join_over, d);
	if (!d->join) {
		give_up(d, -ERR_NOMEM);
		return;
	}
	d->fd = -1; /* the join's */
	d->is_open = true;
	d->opened(d);
}

static void dial_readable(struct stream *st)
{
	struct dial *d = dial_of(st);

	if (d && d->join)
		join_readable(d->join);
}

static void dial_writable(struct stream *st)
{
	struct dial *d = dial_of(st);

	if (d && d->join)
		join_writable(d->join);
}

static void dial_peer_closed(struct stream *st)
{
	struct dial *d = dial_of(st);

	if (d && d->join)
		join_peer_closed(d->join);
}

static void dial_closed(struct stream *st)
{
	struct dial *d = dial_of(st);
	const struct tls_problem *problem;

	if (!d)
		return;
	problem = d->secure ? stream_tls_problem(st) : NULL;
	if (problem)
		d->problem = *problem;
	if (d->join)
		join_closed(d->join, st->end);
	finish(d, st->end);
}

void dial_cut(struct dial *d)
{
	if (d->is_over)
		return;
	if (!d->is_open) {
		give_up(d, -ERR_CONNABORTED);
		return;
	}
	join_free(d->join);
	d->join = NULL;
	d->why = d->why ? d->why : -ERR_CONNABORTED;
	stream_close(&d->st);
}

/* -------------------------------------------------------------- the service */

static void dial_stop(struct service *sv)
{
	struct diallers *all = sv->shared;
	struct dial *d;

	while ((d = connmap_any(&all->conns))) {
		join_free(d->join);
		d->join = NULL;
		finish(d, -ERR_CONNABORTED);
	}
	connmap_fini(&all->conns);
}

const struct svc svc_dial = {
	.name = "connect",
	.stop = dial_stop,
	.opened = dial_opened,
	.readable = dial_readable,
	.writable = dial_writable,
	.peer_closed = dial_peer_closed,
	.closed = dial_closed,
};

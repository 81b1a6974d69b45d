/* SPDX-License-Identifier: MIT */
/*
 * stream_tcp.c - streams that are plain TCP connections
 *
 * A connection's 64-bit context at the stack is the address of its service,
 * which is aligned, with the service's small state in the low bits:
 *
 *	63                              10 9         0
 *	+---------------------------------+-----------+
 *	| struct service *                |   state   |
 *	+---------------------------------+-----------+
 *
 * So an idle connection needs no memory here.  A struct stream is made for
 * each callback; a changed state is stored when the callback returns.
 */

#include "stream_tcp.h"

#include <string.h>

#include "svc.h"

#define STATE_MASK ((uint64_t)SERVICE_STATE_MAX)
#define GEN_SHIFT  32u

_Static_assert((SERVICE_STATE_MAX & (SERVICE_STATE_MAX + 1u)) == 0,
	       "states are the low bits of an address");
_Static_assert(_Alignof(struct service) > SERVICE_STATE_MAX,
	       "no address has bits where the state is");

struct ustack_conn stream_tcp_conn(uint64_t key)
{
	return (struct ustack_conn){ .index = (uint32_t)key,
				     .gen = (uint32_t)(key >> GEN_SHIFT) };
}

static struct ustack_conn stream_conn(const struct stream *st)
{
	return stream_tcp_conn(st->conn);
}

uint64_t stream_tcp_key(struct ustack_conn c)
{
	return c.index | (uint64_t)c.gen << GEN_SHIFT;
}

static struct stream stream_from(struct ustack *s, struct ustack_conn c,
				 uint64_t ctx)
{
	uintptr_t service = (uintptr_t)(ctx & ~STATE_MASK);

	return (struct stream){
		.ops = &stream_tcp_ops,
		.host = s,
		.conn = stream_tcp_key(c),
		.service = (struct service *)service,
		.state = (uint32_t)(ctx & STATE_MASK),
	};
}

static uint64_t stream_ctx(const struct stream *st)
{
	return (uint64_t)(uintptr_t)st->service | (st->state & STATE_MASK);
}

/* ---------------------------------------------------- callbacks of the stack */

static int on_accept(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct stream st = stream_from(s, c, ctx);

	service_opened(&st);
	if (stream_ctx(&st) != ctx)
		ustack_set_ctx(s, c, stream_ctx(&st));
	return 0;
}

static void on_connected(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct stream st = stream_from(s, c, ctx);

	service_connected(&st);
	if (stream_ctx(&st) != ctx)
		ustack_set_ctx(s, c, stream_ctx(&st));
}

static void deliver(struct ustack *s, struct ustack_conn c, uint64_t ctx,
		    void (*callback)(struct stream *))
{
	struct stream st = stream_from(s, c, ctx);

	callback(&st);
	if (stream_ctx(&st) != ctx)
		ustack_set_ctx(s, c, stream_ctx(&st));
}

static const struct svc *svc_of(uint64_t ctx)
{
	uintptr_t service = (uintptr_t)(ctx & ~STATE_MASK);

	return ((const struct service *)service)->svc;
}

static void on_readable(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	if (svc_of(ctx)->readable)
		deliver(s, c, ctx, svc_of(ctx)->readable);
}

static void on_writable(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	if (svc_of(ctx)->writable)
		deliver(s, c, ctx, svc_of(ctx)->writable);
}

static void on_peer_closed(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	if (svc_of(ctx)->peer_closed)
		deliver(s, c, ctx, svc_of(ctx)->peer_closed);
}

static void on_closed(struct ustack *s, struct ustack_conn c, uint64_t ctx,
		      enum ustack_reason why)
{
	struct stream st = stream_from(s, c, ctx);

	st.end = -(int)ustack_reason_err(why);
	service_closed(&st);
}

static const struct ustack_ops tcp_callbacks = {
	.accept = on_accept,
	.connected = on_connected,
	.readable = on_readable,
	.writable = on_writable,
	.peer_closed = on_peer_closed,
	.closed = on_closed,
};

/* ------------------------------------------------------- calls of the service */

static int tcp_peek(struct stream *st, struct stream_iov *iov, uint32_t n)
{
	struct ustack_iov part[STREAM_IOV_MAX];
	int rc;

	if (n > STREAM_IOV_MAX)
		n = STREAM_IOV_MAX;
	rc = ustack_peek(st->host, stream_conn(st), part, n);
	for (int i = 0; i < rc; i++)
		iov[i] = (struct stream_iov){ part[i].base, part[i].len };
	return rc;
}

static void tcp_consume(struct stream *st, size_t len)
{
	ustack_consume(st->host, stream_conn(st), len);
}

static ptrdiff_t tcp_splice(struct stream *from, struct stream *to, size_t max)
{
	return ustack_splice(from->host, stream_conn(from), stream_conn(to),
			     max);
}

static ptrdiff_t tcp_write(struct stream *st, const struct stream_iov *iov,
			   uint32_t n)
{
	struct ustack_iov part[STREAM_IOV_MAX];

	if (n > STREAM_IOV_MAX)
		return -ERR_INVAL;
	for (uint32_t i = 0; i < n; i++)
		part[i] = (struct ustack_iov){ iov[i].base, iov[i].len };
	return ustack_send(st->host, stream_conn(st), part, n);
}

static ptrdiff_t tcp_write_buf(struct stream *st, struct stream_buf *b,
			       uint32_t off, uint32_t len)
{
	struct slice sl = { .buf = (struct ubuf *)b, .off = off, .len = len };

	return ustack_send_buf(st->host, stream_conn(st), sl);
}

static size_t tcp_room(struct stream *st)
{
	return ustack_send_room(st->host, stream_conn(st));
}

static int tcp_shutdown(struct stream *st)
{
	return ustack_shutdown(st->host, stream_conn(st));
}

static int tcp_close(struct stream *st)
{
	return ustack_close(st->host, stream_conn(st));
}

static int tcp_abort(struct stream *st)
{
	return ustack_abort(st->host, stream_conn(st));
}

static int tcp_wake(struct stream *st)
{
	return ustack_wake(st->host, stream_conn(st));
}

static int tcp_info(struct stream *st, struct stream_info *info)
{
	struct ustack_info ti;
	int rc = ustack_info(st->host, stream_conn(st), &ti);

	if (rc)
		return rc;
	info->unread = ti.rcvq;
	info->queued = (size_t)ti.unacked + ti.unsent;
	info->peer_closed = ti.peer_closed;
	return 0;
}

static int tcp_poke(void *host, uint64_t conn)
{
	struct stream st = { .conn = conn };
	uint64_t ctx;
	int rc = ustack_ctx(host, stream_conn(&st), &ctx);

	if (rc == 0)
		on_readable(host, stream_conn(&st), ctx);
	return rc;
}

static struct stream_buf *tcp_buf_new(void *host, const void *bytes,
				      uint32_t len)
{
	struct ubuf *b = ustack_buf_new(host, len);

	if (b)
		memcpy(b->data, bytes, len);
	return (struct stream_buf *)b;
}

static void tcp_buf_free(struct stream_buf *b)
{
	ubuf_put((struct ubuf *)b);
}

const struct stream_ops stream_tcp_ops = {
	.peek = tcp_peek,
	.consume = tcp_consume,
	.splice = tcp_splice,
	.write = tcp_write,
	.write_buf = tcp_write_buf,
	.room = tcp_room,
	.shutdown = tcp_shutdown,
	.close = tcp_close,
	.abort = tcp_abort,
	.wake = tcp_wake,
	.info = tcp_info,
	.poke = tcp_poke,
	.buf_new = tcp_buf_new,
	.buf_free = tcp_buf_free,
};

/* -------------------------------------------------------------------- set-up */

int stream_tcp_register(struct ustack *s)
{
	return ustack_ops_register(s, &tcp_callbacks);
}

int stream_tcp_listen(struct ustack *s, int ops_id, struct service *sv)
{
	const struct ustack_listen_args a = {
		.port = sv->port,
		.backlog = sv->backlog,
		.cc = sv->cc[0] ? sv->cc : NULL,
		.ops_id = ops_id,
		.ctx = (uint64_t)(uintptr_t)sv,
	};
	int listener = ustack_listen(s, &a);

	if (listener < 0)
		return listener;
	sv->listener = listener;
	return 0;
}

int stream_tcp_open(struct ustack *s, int ops_id,
		    const struct stream_connect_args *a, uint64_t ctx,
		    struct ustack_conn *c)
{
	struct ustack_connect_args args = {
		.rport = a->rport,
		.lport = a->lport,
		.ops_id = ops_id,
		.ctx = ctx,
		.cc = a->cc,
	};

	memcpy(args.remote.b, a->remote, sizeof(args.remote.b));
	memcpy(args.local.b, a->local, sizeof(args.local.b));
	return ustack_connect(s, &args, c);
}

int stream_tcp_connect(struct ustack *s, int ops_id, struct service *sv,
		       const struct stream_connect_args *a, uint64_t *conn)
{
	struct ustack_conn c;
	int rc = stream_tcp_open(s, ops_id, a, (uint64_t)(uintptr_t)sv, &c);

	if (rc)
		return rc;
	service_connecting(sv);
	*conn = stream_tcp_key(c);
	return 0;
}

void stream_tcp_unlisten(struct ustack *s, int listener)
{
	ustack_unlisten(s, listener);
}

/* SPDX-License-Identifier: MIT */
/*
 * stream_tls.c - streams that are secure channels on TCP connections
 *
 *	service   stream_tls_ops   channel (crypto/)   ustack_recv, ustack_send
 *	   |  peek, consume  |  tls_read  |  io.recv  |
 *	   |  write, splice  |  tls_write |  io.send  |
 *
 * A connection's 64-bit context at the stack is, until it is accepted, its
 * service; then the address of its record, with the lowest bit set; and 0 once
 * nobody here wants to know of it any more.
 */

#include "stream_tls.h"

#include <stdlib.h>
#include <string.h>

#include "stream_tcp.h"
#include "tls_int.h"

#define OVERHEAD                                                               \
	96u /* bytes that a record has more than its plaintext, at most */

struct stream tls_stream(const struct tls_conn *tc)
{
	return (struct stream){
		.ops = &stream_tls_ops,
		.host = tc->set,
		.conn = stream_tcp_key(tc->conn),
		.service = tc->service,
		.state = tc->state,
	};
}

static struct tls_set *set_of(const struct service *sv)
{
	return sv->host;
}

/* The record of a context that is no service; NULL = nobody wants to know. */
static struct tls_conn *record(uint64_t ctx)
{
	return (struct tls_conn *)(uintptr_t)(ctx & ~(uint64_t)1);
}

static bool is_record(uint64_t ctx)
{
	return ctx & 1;
}

/* ---------------------------------------------------- callbacks of the stack */

/* One more handshake than there may be: who stands still makes room. */
static void make_room(struct tls_set *set)
{
	struct tls_conn *tc = TAILQ_FIRST(&set->idle);

	if (!tc || set->nhandshakes < set->limits.handshakes)
		return;
	tls_log_evicted(tc);
	ustack_set_ctx(set->stack, tc->conn, 0);
	(void)ustack_abort(set->stack, tc->conn);
	tls_record_put(tc);
}

static int on_accept(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct service *sv = (struct service *)(uintptr_t)ctx;
	struct tls_set *set = set_of(sv);
	struct tls_conn *tc;

	make_room(set);
	tc = tls_record_get(set, sv);
	if (!tc) {
		tls_log_over_limit(set, sv);
		return -ERR_LIMIT;
	}
	tc->conn = c;
	tc->told = true; /* it will hear of a connection that is secure */
	if (tls_conn_channel(tc, set->ctx, NULL)) {
		tls_count(set, SVC_C_TLS_FAIL_MEMORY, 1);
		tls_record_put(tc);
		return -ERR_NOMEM;
	}
	ustack_set_ctx(s, c, tls_record_ctx(tc));
	tls_handshake_begin(tc);
	return 0;
}

static void on_connected(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct tls_conn *tc = record(ctx);

	(void)s;
	(void)c;
	tls_handshake_begin(tc);
	tls_step_later(tc);
}

static void on_event(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)s;
	(void)c;
	if (is_record(ctx))
		tls_conn_serve(record(ctx));
}

static void on_closed(struct ustack *s, struct ustack_conn c, uint64_t ctx,
		      enum ustack_reason why)
{
	(void)s;
	(void)c;
	if (is_record(ctx))
		tls_conn_over(record(ctx), why);
}

const struct ustack_ops tls_callbacks = {
	.accept = on_accept,
	.connected = on_connected,
	.readable = on_event,
	.writable = on_event,
	.peer_closed = on_event,
	.closed = on_closed,
};

/* ------------------------------------------------------- calls of the service */

static struct tls_conn *find(const struct stream *st)
{
	return tls_record_of(st->host, st->conn);
}

/* The connection, if its service may write; else why not. */
static struct tls_conn *writer(const struct stream *st, int *refusal)
{
	struct tls_conn *tc = find(st);

	if (!tc)
		*refusal = -ERR_NOENT;
	else if (tc->phase == STREAM_TLS_HANDSHAKE)
		*refusal = -ERR_NOTCONN;
	else if (tc->phase == STREAM_TLS_CLOSING || tc->shut)
		*refusal = -ERR_PIPE;
	else
		return tc;
	return NULL;
}

static int tls_peek(struct stream *st, struct stream_iov *iov, uint32_t n)
{
	struct tls_conn *tc = find(st);

	if (!tc)
		return -ERR_NOENT;
	tls_conn_fill(tc);
	if (tc->off == tc->len || !n)
		return 0;
	*iov = (struct stream_iov){ tc->plain + tc->off, tc->len - tc->off };
	return 1;
}

static void tls_consume(struct stream *st, size_t len)
{
	struct tls_conn *tc = find(st);

	if (!tc)
		return;
	if (len > tc->len - tc->off)
		len = tc->len - tc->off;
	tc->off += (uint32_t)len;
}

static ptrdiff_t tls_stream_write(struct stream *st,
				  const struct stream_iov *iov, uint32_t n)
{
	int refusal;
	struct tls_conn *tc = writer(st, &refusal);
	ptrdiff_t total = 0;

	if (!tc)
		return refusal;
	for (uint32_t i = 0; i < n; i++) {
		ptrdiff_t done = tls_conn_write(tc, iov[i].base, iov[i].len);

		if (done < 0)
			return total ? total : done;
		total += done;
		if ((size_t)done < iov[i].len)
			break;
	}
	return total;
}

static ptrdiff_t tls_splice(struct stream *from, struct stream *to, size_t max)
{
	struct stream_iov iov;
	int n = tls_peek(from, &iov, 1);
	ptrdiff_t len;

	if (n <= 0)
		return n;
	if (iov.len > max)
		iov.len = max;
	len = tls_stream_write(to, &iov, 1);
	if (len > 0)
		tls_consume(from, (size_t)len);
	return len;
}

/* What cannot be encrypted yet is encrypted later, from the same buffer. */
static ptrdiff_t tls_write_buf(struct stream *st, struct stream_buf *b,
			       uint32_t off, uint32_t len)
{
	int refusal;
	struct tls_conn *tc = writer(st, &refusal);
	ptrdiff_t n;

	if (!tc)
		return refusal;
	n = tls_conn_write(tc, b->bytes + off, len);
	if (n < 0)
		return n;
	if ((uint32_t)n < len) {
		tc->rest = b;
		tc->rest_off = off + (uint32_t)n;
		tc->rest_len = len - (uint32_t)n;
		b->refs++;
	}
	return len;
}

static size_t tls_room(struct stream *st)
{
	int refusal;
	struct tls_conn *tc = writer(st, &refusal);
	size_t room;
	size_t overhead;

	if (!tc || tc->rest || tls_unsent(tc->ch))
		return 0;
	room = ustack_send_room(tc->set->stack, tc->conn);
	overhead = (room / TLS_PLAIN_MAX + 1) * OVERHEAD;
	return room > overhead ? room - overhead : 0;
}

static int tls_stream_shutdown(struct stream *st)
{
	struct tls_conn *tc = find(st);

	if (!tc)
		return -ERR_NOENT;
	if (tc->phase == STREAM_TLS_HANDSHAKE)
		return -ERR_NOTCONN;
	tc->shut = true;
	if (tc->ch)
		(void)tls_conn_push(tc);
	return 0;
}

static int tls_close(struct stream *st)
{
	struct tls_conn *tc = find(st);

	if (!tc)
		return -ERR_NOENT;
	tls_conn_close(tc);
	return 0;
}

static int tls_abort(struct stream *st)
{
	struct tls_conn *tc = find(st);

	return tc ? tls_conn_abort(tc) : -ERR_NOENT;
}

static int tls_wake(struct stream *st)
{
	int refusal;
	struct tls_conn *tc = writer(st, &refusal);

	if (!tc)
		return refusal;
	tc->want_write = true;
	return ustack_wake(tc->set->stack, tc->conn);
}

static int tls_stream_info(struct stream *st, struct stream_info *info)
{
	struct tls_conn *tc = find(st);
	struct ustack_info ti;
	int rc = tc ? ustack_info(tc->set->stack, tc->conn, &ti) : -ERR_NOENT;

	if (rc)
		return rc;
	tls_conn_fill(tc);
	info->unread = tc->len - tc->off;
	info->queued = (size_t)ti.unacked + ti.unsent + tc->rest_len;
	info->peer_closed = tc->rx != TLS_RX_MORE;
	return 0;
}

static int tls_poke(void *host, uint64_t conn)
{
	struct tls_conn *tc = tls_record_of(host, conn);

	if (!tc)
		return -ERR_NOENT;
	tls_kick(tc);
	return 0;
}

static struct stream_buf *tls_buf_new(void *host, const void *bytes,
				      uint32_t len)
{
	struct stream_buf *b = malloc(sizeof(*b) + len);

	(void)host;
	if (!b)
		return NULL;
	b->refs = 1;
	b->len = len;
	memcpy(b->bytes, bytes, len);
	return b;
}

static void tls_buf_free(struct stream_buf *b)
{
	if (--b->refs == 0)
		free(b);
}

const struct stream_ops stream_tls_ops = {
	.peek = tls_peek,
	.consume = tls_consume,
	.splice = tls_splice,
	.write = tls_stream_write,
	.write_buf = tls_write_buf,
	.room = tls_room,
	.shutdown = tls_stream_shutdown,
	.close = tls_close,
	.abort = tls_abort,
	.wake = tls_wake,
	.info = tls_stream_info,
	.poke = tls_poke,
	.buf_new = tls_buf_new,
	.buf_free = tls_buf_free,
};

/* -------------------------------------------------------------------- set-up */

int stream_tls_listen(struct tls_set *set, struct service *sv)
{
	return stream_tcp_listen(set->stack, set->ops_id, sv);
}

int stream_tls_connect(struct tls_set *set, struct service *sv,
		       const struct stream_connect_args *a, uint64_t *conn)
{
	struct tls_conn *tc = tls_record_get(set, sv);
	int rc;

	if (!tc) {
		tls_log_over_limit(set, sv);
		return -ERR_LIMIT;
	}
	tc->active = true;
	rc = tls_conn_channel(tc, a->tls, a);
	if (!rc)
		rc = stream_tcp_open(set->stack, set->ops_id, a,
				     tls_record_ctx(tc), &tc->conn);
	if (rc) {
		tls_record_put(tc);
		return rc;
	}
	service_connecting(sv);
	*conn = stream_tcp_key(tc->conn);
	return 0;
}

const struct tls_problem *stream_tls_problem(const struct stream *st)
{
	const struct tls_conn *tc = NULL;
	const struct tls_problem *p = NULL;

	if (st->ops == &stream_tls_ops)
		tc = find(st);
	if (tc && tc->ch)
		p = tls_problem(tc->ch);
	return p && p->kind != TLS_OK ? p : NULL;
}

bool stream_tls_info(const struct tls_set *set, uint64_t conn,
		     struct stream_tls_info *info)
{
	const struct tls_conn *tc = tls_record_of(set, conn);

	if (!tc)
		return false;
	info->phase = tc->phase;
	info->agreed = tc->ch && tls_info(tc->ch, &info->tls);
	return true;
}

int stream_tls_close(struct tls_set *set, uint64_t conn)
{
	struct tls_conn *tc = tls_record_of(set, conn);

	if (!tc)
		return -ERR_NOENT;
	tls_conn_close(tc);
	return 0;
}

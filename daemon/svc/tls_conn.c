/* SPDX-License-Identifier: MIT */
/*
 * tls_conn.c - one secure channel: handshake, reading, writing, ending
 *
 *	            established             the service closes, or the
 *	handshake --------------> open ------------------------------> closing
 *	    |                       channel fails: closed told           |
 *	    |  failed: alert, FIN                 close_notify, FIN go out,
 *	    `------------------------------------ the peer's end comes --> over
 *
 * Ciphertext goes from the stack's receive queue into mbedTLS's buffer and from
 * there into the stack's send queue.  A record is decrypted when the service has
 * read the one before it; while it does not read, ciphertext stays in the stack,
 * and TCP's window closes.  What is written is encrypted as the send queue has
 * room; the rest of one record waits in the channel.
 *
 * Services are called by the stack's callbacks and by turns (tls_set.c), never
 * from inside a call of theirs: what such a call finds out, that the peer has
 * ended or a record is wrong, is told in the channel's next turn.
 *
 * The end.  A peer's close_notify ends its direction; ours goes on until the
 * service ends it.  (RFC 5246 section 7.2.1 asks to drop what is not written yet
 * and to close at once, RFC 8446 section 6.1 takes that back; those who have
 * ended their direction do read on.)  FIN without close_notify is a cut: what
 * the service has written still goes out.  After we have ended, the peer has
 * some time to do so; data that comes then makes a reset, as on plain TCP.
 */

#include <stdlib.h>

#include "tls_int.h"

#define TURN_BYTES (8u * TLS_PLAIN_MAX) /* decrypted, then it is others' turn */

/* ----------------------------------------------------------------- ciphertext */

static ptrdiff_t on_recv(void *arg, void *buf, size_t len)
{
	const struct tls_conn *tc = arg;
	const struct ustack_iov iov = { buf, len };

	return ustack_recv(tc->set->stack, tc->conn, &iov, 1, 0);
}

static ptrdiff_t on_send(void *arg, const void *buf, size_t len)
{
	const struct tls_conn *tc = arg;
	const struct ustack_iov iov = { (void *)(uintptr_t)buf, len };

	return ustack_send(tc->set->stack, tc->conn, &iov, 1);
}

int tls_conn_channel(struct tls_conn *tc, struct tls_context *ctx,
		     const struct stream_connect_args *a)
{
	const struct tls_channel_args args = {
		.io = { .arg = tc, .recv = on_recv, .send = on_send },
		.servername = a ? a->servername : NULL,
		.address = a ? a->address : NULL,
	};

	tc->ch = tls_channel_new(ctx, &args);
	return tc->ch ? 0 : -ERR_NOMEM;
}

/* ---------------------------------------------------------------- the service */

static void deliver(struct tls_conn *tc, void (*callback)(struct stream *))
{
	struct stream st = tls_stream(tc);

	if (!callback || tc->told)
		return;
	callback(&st);
	tc->state = st.state;
}

static void tell_closed(struct tls_conn *tc, int end)
{
	struct stream st = tls_stream(tc);

	if (tc->told)
		return;
	tc->told = true;
	st.end = end;
	service_closed(&st);
}

/* -------------------------------------------------------------------- reading */

static void failed(struct tls_conn *tc, int err)
{
	if (tc->rx == TLS_RX_FAILED)
		return;
	tc->rx = TLS_RX_FAILED;
	tc->err = err;
	tls_kick(tc);
}

void tls_conn_fill(struct tls_conn *tc)
{
	struct tls_set *set = tc->set;
	ptrdiff_t n;

	if (tc->phase != STREAM_TLS_OPEN || tc->aborted || tc->off < tc->len ||
	    tc->rx != TLS_RX_MORE)
		return;
	if (tc->spent >= TURN_BYTES) {
		tls_kick(tc);
		return;
	}
	if (!tc->plain)
		tc->plain = tls_plain_get(set);
	if (!tc->plain) {
		failed(tc, -ERR_NOMEM);
		return;
	}
	n = tls_read(tc->ch, tc->plain, TLS_PLAIN_MAX);
	tc->off = 0;
	tc->len = n > 0 ? (uint32_t)n : 0;
	tc->spent += tc->len;
	tls_count(set, SVC_C_TLS_BYTES_IN, tc->len);
	if (n == 0) {
		tc->rx = TLS_RX_ENDED;
		tls_count(set, SVC_C_TLS_CLOSE_NOTIFY_IN, 1);
		tls_kick(tc);
	} else if (n < 0 && n != -ERR_AGAIN) {
		failed(tc, (int)n);
	}
}

/* -------------------------------------------------------------------- writing */

static void drop_rest(struct tls_conn *tc)
{
	if (tc->rest)
		stream_tls_ops.buf_free(tc->rest);
	tc->rest = NULL;
	tc->rest_len = 0;
}

/* Encrypt from the buffer that is written from; 0 once there is none. */
static int push_rest(struct tls_conn *tc)
{
	while (tc->rest) {
		ptrdiff_t n = tls_write(tc->ch, tc->rest->bytes + tc->rest_off,
					tc->rest_len);

		if (n < 0)
			return (int)n;
		tls_count(tc->set, SVC_C_TLS_BYTES_OUT, (uint64_t)n);
		tc->rest_off += (uint32_t)n;
		tc->rest_len -= (uint32_t)n;
		if (!tc->rest_len)
			drop_rest(tc);
	}
	return tls_flush(tc->ch);
}

/* End our direction; a channel that has failed has no close_notify any more. */
static int push_end(struct tls_conn *tc)
{
	bool able = tc->rx != TLS_RX_FAILED || tc->err == -ERR_CONNABORTED;

	if (able && !tc->notified && tls_established(tc->ch)) {
		int rc = tls_shutdown(tc->ch);

		if (rc)
			return rc;
		tc->notified = true;
		tls_count(tc->set, SVC_C_TLS_CLOSE_NOTIFY_OUT, 1);
	}
	tc->fin = true;
	(void)ustack_shutdown(tc->set->stack, tc->conn);
	return 0;
}

int tls_conn_push(struct tls_conn *tc)
{
	int rc = push_rest(tc);

	if (!rc && tc->shut && !tc->fin)
		rc = push_end(tc);
	if (rc && rc != -ERR_AGAIN)
		failed(tc, rc);
	return rc;
}

ptrdiff_t tls_conn_write(struct tls_conn *tc, const void *bytes, size_t len)
{
	ptrdiff_t n = tc->rest ? tls_conn_push(tc) : 0;

	if (!n && len)
		n = tls_write(tc->ch, bytes, len);
	if (n < 0 && n != -ERR_AGAIN)
		failed(tc, (int)n);
	if (n < 0 || (size_t)n < len)
		tc->want_write = true;
	if (n > 0)
		tls_count(tc->set, SVC_C_TLS_BYTES_OUT, (uint64_t)n);
	return n;
}

/* --------------------------------------------------------------------- ending */

/* What the stack then says of the connection is no doing of the peer's. */
int tls_conn_abort(struct tls_conn *tc)
{
	tc->aborted = true;
	return ustack_abort(tc->set->stack, tc->conn);
}

/* What the peer has sent and nobody will read must not make a reset. */
static void discard(struct tls_conn *tc)
{
	struct ustack_info info;

	if (!ustack_info(tc->set->stack, tc->conn, &info) && info.rcvq)
		ustack_consume(tc->set->stack, tc->conn, info.rcvq);
}

/* Nothing more is expected: the stack does the rest. */
static void retire(struct tls_conn *tc)
{
	struct tls_set *set = tc->set;
	struct ustack_conn conn = tc->conn;

	discard(tc);
	if (tc->told) {
		ustack_set_ctx(set->stack, conn, 0);
		tls_record_put(tc);
	} else {
		tls_record_strip(tc);
	}
	ustack_close(set->stack, conn);
}

/* Data after our end: nobody will read it, and the peer has to know. */
static void await_end(struct tls_conn *tc)
{
	uint8_t byte;
	ptrdiff_t n = tls_read(tc->ch, &byte, 1);

	if (n == -ERR_AGAIN) {
		tls_linger(tc);
		return;
	}
	if (n == 0)
		tls_count(tc->set, SVC_C_TLS_CLOSE_NOTIFY_IN, 1);
	if (n > 0)
		(void)tls_conn_abort(tc);
	else
		retire(tc);
}

static void finish(struct tls_conn *tc)
{
	int rc;

	if (!tc->ch)
		return; /* retired */
	rc = tls_conn_push(tc);
	if (rc == -ERR_AGAIN)
		return;
	if (rc || tc->rx != TLS_RX_MORE)
		retire(tc);
	else
		await_end(tc);
}

/* The channel has failed. */
static void give_up(struct tls_conn *tc)
{
	tls_log_failed(tc);
	tell_closed(tc, tc->err);
	tc->phase = STREAM_TLS_CLOSING;
	tc->shut = true;
	if (tc->err != -ERR_CONNABORTED)
		drop_rest(tc);
}

static bool read_all(const struct tls_conn *tc)
{
	return tc->off == tc->len;
}

/* After the service was called: what has come of it. */
static void settle(struct tls_conn *tc)
{
	if (read_all(tc)) {
		tls_plain_put(tc->set, tc->plain, tc->len);
		tc->plain = NULL;
		tc->off = 0;
		tc->len = 0;
	}
	if (tc->aborted)
		return;
	if (tc->phase == STREAM_TLS_OPEN && tc->rx == TLS_RX_ENDED &&
	    read_all(tc) && !tc->end_told) {
		tc->end_told = true;
		deliver(tc, tc->service->svc->peer_closed);
	}
	if (tc->phase == STREAM_TLS_OPEN && tc->rx == TLS_RX_FAILED)
		give_up(tc);
	if (tc->phase == STREAM_TLS_CLOSING)
		finish(tc);
}

void tls_conn_serve(struct tls_conn *tc)
{
	if (tc->aborted)
		return;
	if (tc->phase == STREAM_TLS_HANDSHAKE) {
		tls_step_later(tc);
		return;
	}
	tc->spent = 0;
	tls_conn_fill(tc);
	if (tc->phase == STREAM_TLS_OPEN && !read_all(tc))
		deliver(tc, tc->service->svc->readable);
	if (tc->phase == STREAM_TLS_OPEN && !tc->aborted &&
	    !tls_conn_push(tc) && tc->want_write) {
		tc->want_write = false;
		deliver(tc, tc->service->svc->writable);
	}
	settle(tc);
}

void tls_conn_close(struct tls_conn *tc)
{
	if (tc->phase == STREAM_TLS_CLOSING)
		return;
	if (tc->phase == STREAM_TLS_HANDSHAKE || !read_all(tc)) {
		(void)tls_conn_abort(tc);
		return;
	}
	tc->phase = STREAM_TLS_CLOSING;
	tc->shut = true;
	(void)tls_conn_push(tc);
	tls_kick(tc);
}

/* ------------------------------------------------------------------ handshake */

static void opened(struct tls_conn *tc)
{
	struct stream st = tls_stream(tc);

	tc->phase = STREAM_TLS_OPEN;
	tc->told = false;
	tls_log_opened(tc);
	if (tc->active)
		service_connected(&st);
	else
		service_opened(&st);
	tc->state = st.state;
	tls_conn_serve(tc);
}

void tls_conn_step(struct tls_conn *tc)
{
	int rc = tc->aborted ? -ERR_AGAIN : tls_handshake(tc->ch);

	if (rc == -ERR_AGAIN)
		return;
	if (rc == -ERR_INPROGRESS) {
		tls_handshake_moved(tc);
		tls_step_later(tc);
		return;
	}
	tls_handshake_over(tc);
	if (!rc) {
		opened(tc);
		return;
	}
	tc->rx = TLS_RX_FAILED;
	tc->err = rc;
	give_up(tc);
	finish(tc);
}

void tls_conn_expired(struct tls_conn *tc)
{
	if (tc->phase != STREAM_TLS_HANDSHAKE) {
		retire(tc);
		return;
	}
	(void)tls_expired(tc->ch, svc_now_us(tc->set->loop));
	tc->rx = TLS_RX_FAILED;
	tc->err = -ERR_PROTO;
	tls_log_failed(tc);
	tell_closed(tc, -ERR_TIMEDOUT);
	ustack_set_ctx(tc->set->stack, tc->conn, 0);
	(void)ustack_abort(tc->set->stack, tc->conn);
	tls_record_put(tc);
}

void tls_conn_over(struct tls_conn *tc, enum ustack_reason why)
{
	bool cut = why == USTACK_END_RESET && tc->rx == TLS_RX_MORE &&
		   tc->phase != STREAM_TLS_CLOSING;

	if (cut)
		tls_log_failed(tc);
	tell_closed(tc, tc->err ? tc->err : -(int)ustack_reason_err(why));
	tls_record_put(tc);
}

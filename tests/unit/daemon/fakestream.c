/* SPDX-License-Identifier: MIT */
/*
 * fakestream.c - a stream in memory, to put a service to the test
 */

#include "fakestream.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/expect.h"

#define PIECE 1000u /* peek shows bytes in pieces of this size */

struct stream_buf {
	struct fake *fake;
	uint32_t len;
	uint8_t bytes[];
};

static size_t room(const struct fake *f)
{
	size_t queued = f->out_len - f->acked;

	return queued < f->limit ? f->limit - queued : 0;
}

static int fake_peek(struct stream *st, struct stream_iov *iov, uint32_t n)
{
	struct fake *f = st->host;
	size_t off = f->in_off;
	uint32_t i;

	for (i = 0; i < n && off < f->in_len; i++) {
		size_t len = f->in_len - off < PIECE ? f->in_len - off : PIECE;

		iov[i] = (struct stream_iov){ f->in + off, len };
		off += len;
	}
	return (int)i;
}

static void fake_consume(struct stream *st, size_t len)
{
	struct fake *f = st->host;

	EXPECT_LE(len, fake_waiting(f));
	f->in_off += len;
}

static ptrdiff_t put(struct fake *f, const uint8_t *bytes, size_t len)
{
	if (f->broken)
		return -ERR_PIPE;
	if (f->closed || f->shut)
		return -ERR_PIPE;
	if (len == 0)
		f->want_write = true;
	if (len == 0)
		return -ERR_AGAIN;
	EXPECT_LE(f->out_len + len, FAKE_BYTES);
	memcpy(f->out + f->out_len, bytes, len);
	f->out_len += len;
	f->writes++;
	return (ptrdiff_t)len;
}

static ptrdiff_t fake_splice(struct stream *from, struct stream *to, size_t max)
{
	struct fake *f = from->host;
	size_t len = fake_waiting(f);
	ptrdiff_t n;

	ck_assert_ptr_eq(from->host, to->host);
	if (len == 0)
		return 0;
	if (len > max)
		len = max;
	if (len > room(f))
		len = room(f);
	n = put(f, f->in + f->in_off, len);
	if (n > 0)
		f->in_off += (size_t)n;
	return n;
}

static ptrdiff_t fake_write(struct stream *st, const struct stream_iov *iov,
			    uint32_t n)
{
	struct fake *f = st->host;
	size_t most = room(f);
	size_t len;

	EXPECT_EQ(n, 1);
	if (f->refuse_above && most > f->refuse_above)
		most = f->refuse_above;
	len = iov[0].len < most ? iov[0].len : most;
	f->want_write |= len < iov[0].len;
	return put(f, iov[0].base, len);
}

static ptrdiff_t fake_write_buf(struct stream *st, struct stream_buf *b,
				uint32_t off, uint32_t len)
{
	struct fake *f = st->host;

	EXPECT_GT(len, 0);
	EXPECT_LE(off + len, b->len);
	return put(f, b->bytes + off, len <= room(f) ? len : 0);
}

static size_t fake_room(struct stream *st)
{
	return room(st->host);
}

static int fake_finish(struct stream *st)
{
	struct fake *f = st->host;

	f->closed = true;
	return 0;
}

static int fake_abort(struct stream *st)
{
	struct fake *f = st->host;

	f->aborted = true;
	return fake_finish(st);
}

static int fake_shutdown(struct stream *st)
{
	struct fake *f = st->host;

	f->shut = true;
	return 0;
}

static int fake_wake(struct stream *st)
{
	struct fake *f = st->host;

	f->woken = true;
	return 0;
}

static int fake_info(struct stream *st, struct stream_info *info)
{
	struct fake *f = st->host;

	info->unread = fake_waiting(f);
	info->queued = f->out_len - f->acked;
	info->peer_closed = false;
	return 0;
}

static int fake_poke(void *host, uint64_t conn)
{
	struct fake *f = host;

	if (conn != f->st.conn || !f->service.open)
		return -ERR_NOENT;
	if (f->service.svc->readable)
		f->service.svc->readable(&f->st);
	return 0;
}

static struct stream_buf *fake_buf_new(void *host, const void *bytes,
				       uint32_t len)
{
	struct fake *f = host;
	struct stream_buf *b;

	if (f->no_memory)
		return NULL;
	b = malloc(sizeof(*b) + len);
	b->fake = f;
	b->len = len;
	memcpy(b->bytes, bytes, len);
	f->bufs++;
	return b;
}

static void fake_buf_free(struct stream_buf *b)
{
	b->fake->bufs--;
	free(b);
}

static const struct stream_ops fake_ops = {
	.peek = fake_peek,
	.consume = fake_consume,
	.splice = fake_splice,
	.write = fake_write,
	.write_buf = fake_write_buf,
	.room = fake_room,
	.shutdown = fake_shutdown,
	.close = fake_finish,
	.abort = fake_abort,
	.wake = fake_wake,
	.info = fake_info,
	.poke = fake_poke,
	.buf_new = fake_buf_new,
	.buf_free = fake_buf_free,
};

struct fake *fake_service(const struct svc *svc)
{
	struct fake *f = aligned_alloc(_Alignof(struct fake), sizeof(*f));

	memset(f, 0, sizeof(*f));
	f->in = malloc(FAKE_BYTES);
	f->out = malloc(FAKE_BYTES);
	f->service.svc = svc;
	f->service.ops = &fake_ops;
	f->service.host = f;
	f->service.counters = f->counters;
	f->st = (struct stream){ .ops = &fake_ops,
				 .host = f,
				 .service = &f->service };
	return f;
}

struct fake *fake_new(const struct svc *svc, size_t limit)
{
	struct fake *f = fake_service(svc);

	f->limit = limit;
	if (svc->start)
		ck_assert_int_eq(svc->start(&f->service), 0);
	service_opened(&f->st);
	return f;
}

void fake_free(struct fake *f)
{
	fake_close(f);
	if (f->service.svc->stop)
		f->service.svc->stop(&f->service);
	ck_assert_int_eq(f->bufs, 0);
	ck_assert_uint_eq(f->service.open, 0);
	ck_assert_uint_le(f->st.state, SERVICE_STATE_MAX);
	free(f->in);
	free(f->out);
	free(f);
}

void fake_close(struct fake *f)
{
	if (f->service.open)
		service_closed(&f->st);
}

void fake_send(struct fake *f, const void *bytes, size_t len)
{
	EXPECT_LE(f->in_len + len, FAKE_BYTES);
	memcpy(f->in + f->in_len, bytes, len);
	f->in_len += len;
	if (f->service.svc->readable)
		f->service.svc->readable(&f->st);
}

void fake_run(struct fake *f)
{
	for (uint32_t i = 0; f->woken && i < FAKE_RUNS; i++) {
		f->woken = false;
		f->service.svc->writable(&f->st);
	}
	EXPECT_EQ(f->woken, 0);
}

void fake_ack(struct fake *f, size_t len)
{
	EXPECT_LE(f->acked + len, f->out_len);
	f->acked += len;
	if (!f->want_write || room(f) == 0)
		return;
	f->want_write = false;
	if (f->service.svc->writable)
		f->service.svc->writable(&f->st);
}

void fake_fin(struct fake *f)
{
	ck_assert_uint_eq(fake_waiting(f), 0);
	if (f->service.svc->peer_closed)
		f->service.svc->peer_closed(&f->st);
}

size_t fake_waiting(const struct fake *f)
{
	return f->in_len - f->in_off;
}

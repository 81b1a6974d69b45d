/* SPDX-License-Identifier: MIT */
/*
 * stream.c - the byte pipe that a service sees: what is common to all kinds
 *
 * Each call goes to the kind; what moved is counted for the service.
 */

#include "stream.h"

#include "fault.h"
#include "svc.h"

/* Bytes that the service may read; less than all by a fault alone. */
static size_t allowed(const struct stream *st)
{
	struct faults *f = st->service->faults;

	return f ? faults_allow(f, st) : SIZE_MAX;
}

static void count_read(struct stream *st, size_t len)
{
	service_count(&st->service->bytes_in, len);
	if (st->service->faults)
		faults_spend(st->service->faults, st, len);
}

int stream_peek(struct stream *st, struct stream_iov *iov, uint32_t n)
{
	size_t most = allowed(st);
	int found = most ? st->ops->peek(st, iov, n) : 0;
	int i;

	for (i = 0; i < found && most; i++) {
		if (iov[i].len > most)
			iov[i].len = most;
		most -= iov[i].len;
	}
	return found < 0 ? found : i;
}

void stream_consume(struct stream *st, size_t len)
{
	st->ops->consume(st, len);
	count_read(st, len);
}

size_t stream_discard(struct stream *st)
{
	struct stream_iov iov[STREAM_IOV_MAX];
	size_t total = 0;
	int n;

	while ((n = stream_peek(st, iov, STREAM_IOV_MAX)) > 0) {
		size_t len = 0;

		for (int i = 0; i < n; i++)
			len += iov[i].len;
		stream_consume(st, len);
		total += len;
	}
	return total;
}

ptrdiff_t stream_splice(struct stream *from, struct stream *to, size_t max)
{
	size_t most = allowed(from);
	ptrdiff_t n;

	if (!most)
		return 0;
	n = from->ops->splice(from, to, max < most ? max : most);
	if (n > 0) {
		count_read(from, (size_t)n);
		service_count(&to->service->bytes_out, (uint64_t)n);
	}
	return n;
}

ptrdiff_t stream_write(struct stream *st, const struct stream_iov *iov,
		       uint32_t n)
{
	ptrdiff_t len = st->ops->write(st, iov, n);

	if (len > 0)
		service_count(&st->service->bytes_out, (uint64_t)len);
	return len;
}

ptrdiff_t stream_write_buf(struct stream *st, struct stream_buf *b,
			   uint32_t off, uint32_t len)
{
	ptrdiff_t n = st->ops->write_buf(st, b, off, len);

	if (n > 0)
		service_count(&st->service->bytes_out, (uint64_t)n);
	return n;
}

size_t stream_room(struct stream *st)
{
	return st->ops->room(st);
}

int stream_shutdown(struct stream *st)
{
	return st->ops->shutdown(st);
}

int stream_close(struct stream *st)
{
	return st->ops->close(st);
}

int stream_abort(struct stream *st)
{
	return st->ops->abort(st);
}

int stream_wake(struct stream *st)
{
	return st->ops->wake(st);
}

int stream_info(struct stream *st, struct stream_info *info)
{
	int rc = st->ops->info(st, info);
	size_t most = rc ? 0 : allowed(st);

	if (!rc && info->unread > most)
		info->unread = most;
	return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * stream.h - the byte pipe that a service sees
 *
 * Plain TCP or a secure channel on top of it: a service cannot tell.  A stream
 * is plain data that may be copied; it names its connection by a handle, so
 * that a call on one that is gone answers -ERR_NOENT and does no harm.
 *
 * Nothing is sent, and no callback made, while one of these calls runs.
 */

#ifndef DAEMON_SVC_STREAM_H
#define DAEMON_SVC_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/base/err.h"

struct service;
struct stream;
struct stream_buf;
struct tls_context;

#define STREAM_IOV_MAX 16u /* most entries in one call */

/**
 * struct stream_iov - bytes
 */
struct stream_iov {
	void *base;
	size_t len;
};

/**
 * struct stream_info - a stream's queues
 * @unread:	bytes received and not consumed, that may be read
 * @queued:	bytes written that the peer has not acknowledged
 * @peer_closed: the peer will send no more than @unread
 */
struct stream_info {
	size_t unread;
	size_t queued;
	bool peer_closed;
};

/**
 * struct stream_ops - a kind of stream; see the functions below for each
 *
 * @poke: have the service of connection @conn called for reading, or -ERR_NOENT
 */
struct stream_ops {
	int (*peek)(struct stream *st, struct stream_iov *iov, uint32_t n);
	void (*consume)(struct stream *st, size_t len);
	ptrdiff_t (*splice)(struct stream *from, struct stream *to, size_t max);
	ptrdiff_t (*write)(struct stream *st, const struct stream_iov *iov,
			   uint32_t n);
	ptrdiff_t (*write_buf)(struct stream *st, struct stream_buf *b,
			       uint32_t off, uint32_t len);
	size_t (*room)(struct stream *st);
	int (*shutdown)(struct stream *st);
	int (*close)(struct stream *st);
	int (*abort)(struct stream *st);
	int (*wake)(struct stream *st);
	int (*info)(struct stream *st, struct stream_info *info);
	int (*poke)(void *host, uint64_t conn);
	struct stream_buf *(*buf_new)(void *host, const void *bytes,
				      uint32_t len);
	void (*buf_free)(struct stream_buf *b);
};

/**
 * struct stream - one connection, as its service sees it
 * @ops:	its kind
 * @host:	the kind's own
 * @conn:	the kind's own
 * @service:	the service that it belongs to; borrowed
 * @state:	the service's own note, at most SERVICE_STATE_MAX; 0 at first,
 *		kept from one callback to the next
 * @end:	in the closed callback: why it is over, 0 or -ERR_*; a secure
 *		channel that failed says -ERR_PERM or -ERR_PROTO
 */
struct stream {
	const struct stream_ops *ops;
	void *host;
	uint64_t conn;
	struct service *service;
	uint32_t state;
	int end;
};

/**
 * struct stream_connect_args - a stream to be opened by us
 * @remote:	address of the peer, as on the wire; IPv4 as ::ffff:a.b.c.d
 * @local:	address to use, all zero = any
 * @rport:	port of the peer
 * @lport:	port to use, 0 = a free one
 * @cc:		congestion control, NULL = the stack's
 * @tls:	make it a secure channel by this client's context; referenced;
 *		NULL = plain
 * @servername:	secure: whom we want to talk to, NULL = an address
 * @address:	secure: @remote as text, for certificates that name it
 *
 * All of it is borrowed for the call.
 */
struct stream_connect_args {
	uint8_t remote[16];
	uint8_t local[16];
	uint16_t rport;
	uint16_t lport;
	const char *cc;
	struct tls_context *tls;
	const char *servername;
	const char *address;
};

/**
 * stream_peek() - Look at bytes that have come
 * @st:		stream
 * @iov:	filled in; valid until they are consumed or the callback ends
 * @n:		room in @iov; STREAM_IOV_MAX of it are used
 *
 * Return: entries filled, 0 when nothing waits, -ERR_NOENT
 */
int stream_peek(struct stream *st, struct stream_iov *iov, uint32_t n) MUST_USE;

/** stream_consume() - Drop @len bytes that stream_peek() has shown */
void stream_consume(struct stream *st, size_t len);

/**
 * stream_discard() - Drop all bytes that wait
 *
 * Return: how many
 */
size_t stream_discard(struct stream *st);

/**
 * stream_splice() - Move bytes from one stream to another, or the same one
 * @from:	giver
 * @to:		taker, of the same kind
 * @max:	most bytes
 *
 * Without copying, where the kind can.
 *
 * Return: bytes moved, 0 when nothing waits, -ERR_AGAIN when @to has no room
 * (its writable callback follows), other errors when it takes no more at all
 */
ptrdiff_t stream_splice(struct stream *from, struct stream *to,
			size_t max) MUST_USE;

/**
 * stream_write() - Write bytes, by copying them
 * @st:		stream
 * @iov:	bytes
 * @n:		entries, at most STREAM_IOV_MAX
 *
 * Return: bytes taken; fewer than given, or -ERR_AGAIN for none: the writable
 * callback follows; other errors: the stream takes no more at all
 */
ptrdiff_t stream_write(struct stream *st, const struct stream_iov *iov,
		       uint32_t n) MUST_USE;

/**
 * stream_write_buf() - Write a part of a constant buffer, without copying it
 * @st:		stream
 * @b:		buffer of stream_buf_new() with this stream's service
 * @off:	first byte
 * @len:	bytes
 *
 * Return: @len, or as stream_write(): all or nothing is taken
 */
ptrdiff_t stream_write_buf(struct stream *st, struct stream_buf *b,
			   uint32_t off, uint32_t len) MUST_USE;

/** stream_room() - Bytes that a write would take now */
size_t stream_room(struct stream *st);

/** stream_shutdown() - End our direction behind what is queued; reading goes on */
int stream_shutdown(struct stream *st);

/** stream_close() - Finish: end behind what is queued, no interest in more */
int stream_close(struct stream *st);

/** stream_abort() - Cut the connection at once */
int stream_abort(struct stream *st);

/**
 * stream_wake() - Ask for the writable callback, though there is room
 *
 * It comes in the stack's next run, behind other connections that are due: for
 * a service that has more work and lets others have their turn.
 *
 * Return: 0, or -ERR_* when no callback will come
 */
int stream_wake(struct stream *st);

/** stream_info() - Read the queues; 0 or -ERR_NOENT */
int stream_info(struct stream *st, struct stream_info *info) MUST_USE;

#endif /* DAEMON_SVC_STREAM_H */

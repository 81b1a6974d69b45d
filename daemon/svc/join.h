/* SPDX-License-Identifier: MIT */
/*
 * join.h - joins a stream with a socket of the host
 *
 * What comes on one side goes out on the other, in order and once; an end of
 * one direction becomes an end of that direction, a reset a reset.  The stream
 * may be plain or a secure channel, accepted or opened by the stack; the socket
 * any stream socket, one end of a pair as well.
 *
 * The service that owns the stream passes its callbacks on, and is told when
 * the join is over.
 */

#ifndef DAEMON_SVC_JOIN_H
#define DAEMON_SVC_JOIN_H

#include "stream.h"

struct join;
struct svc_loop;

/**
 * join_new() - Join a stream with a socket
 * @l:		loop; borrowed
 * @st:		stream, copied; its service must not read, write or end it while
 *		they are joined
 * @fd:		connected stream socket, non-blocking; the join's from now on,
 *		unless this fails
 * @over:	the join is over, and dead once this returns: @fd is closed, the
 *		stream ended or cut, though its closed callback may be to come.
 *		Made once, from a callback of the loop or one of the calls below.
 *		@why: 0 = both directions ended, -ERR_PIPE = the host's side
 *		failed, other -ERR_*: the stream did
 * @arg:	passed to @over
 *
 * Bytes that wait already go out in the loop's next turn.
 *
 * Return: the join, or NULL when memory is spent
 */
struct join *join_new(const struct svc_loop *l, const struct stream *st, int fd,
		      void (*over)(void *arg, int why), void *arg);

/** join_readable() - For struct svc: there is data; @j may be dead after it */
void join_readable(struct join *j);

/** join_writable() - For struct svc: there is room; @j may be dead after it */
void join_writable(struct join *j);

/** join_peer_closed() - For struct svc: its end was read; the same */
void join_peer_closed(struct join *j);

/**
 * join_closed() - For struct svc: the stream is over
 * @j:		join; dead after it
 * @end:	stream.end
 */
void join_closed(struct join *j, int end);

/**
 * join_free() - Give up a join without a word; NULL is fine
 *
 * The host's side is reset; the stream is left alone.
 */
void join_free(struct join *j);

/**
 * join_close_host() - Close a socket that somebody has handed to us, and never wait
 * @fd:		socket; one of TCP may have been told to linger
 * @reset:	by a reset, where the socket has one
 */
void join_close_host(int fd, bool reset);

#endif /* DAEMON_SVC_JOIN_H */

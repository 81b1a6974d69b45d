/* SPDX-License-Identifier: MIT */
/*
 * join.c - joins a stream with a socket of the host
 *
 *	stream (unread) --peek--> sendmsg --> socket
 *	stream (queued) <--write-- recv <---- socket
 *
 * Nothing waits in between.  A socket that is full leaves the bytes unread in
 * the stream, whose window closes; a stream that is full leaves them in the
 * socket, which is not watched until there is room.  One thing is kept: a
 * stream says that it has room again only to who wrote too much, so one byte
 * more is read than there is room for (and more is left over where memory for
 * the stream is spent).  It waits in @held, and goes first.
 *
 * Each callback moves a bounded number of bytes.  For what is left then, the
 * socket is watched: it is readable, or writable, and the loop comes back after
 * others had their turn.
 *
 *	peer's FIN, all read	--> shutdown(SHUT_WR)	\ both: stream_close(),
 *	recv() = 0		--> stream_shutdown()	/ close()
 *	socket fails		--> stream_abort(), close()
 *	stream is cut		--> close() with a reset, where the socket has one
 *
 * System calls: sendmsg, recv, shutdown, setsockopt, close.
 */

#include "join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "svc_loop.h"

#define CHUNK 65536u /* bytes of one recv()				*/
#define BUDGET                                                                 \
	(4 * CHUNK) /* bytes of one callback in each direction, about	*/

/**
 * struct join - a stream and a socket
 * @loop:	loop; borrowed
 * @st:		the stream
 * @fd:		the socket
 * @watch:	on @fd
 * @want:	what it watches for, SVC_*
 * @peer_done:	the peer's end was carried to the socket
 * @host_done:	the socket's end was carried to the stream
 * @held:	bytes read that the stream had no room for, NULL = none
 * @held_off:	first of them that is left
 * @held_len:	end of them
 * @why:	once it has failed: why, see join_new()
 * @over:	owner's callback
 * @arg:	its argument
 */
struct join {
	const struct svc_loop *loop;
	struct stream st;
	int fd;
	struct svc_watch *watch;
	uint32_t want;
	bool peer_done;
	bool host_done;
	uint8_t *held;
	size_t held_off;
	size_t held_len;
	int why;
	void (*over)(void *arg, int why);
	void *arg;
};

/**
 * enum moved - how far a direction has come
 * @MOVED_ALL:	nothing more waits
 * @MOVED_SOME: the budget is spent
 * @MOVED_FULL: the taker is full
 * @MOVED_END:	it has ended
 * @MOVED_FAILED: nothing can be moved any more, join.why
 */
enum moved {
	MOVED_ALL,
	MOVED_SOME,
	MOVED_FULL,
	MOVED_END,
	MOVED_FAILED,
};

/* ------------------------------------------------------------------ the end */

void join_close_host(int fd, bool reset)
{
	const struct linger how = { .l_onoff = reset, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &how, sizeof(how));
	close(fd);
}

static void dispose(struct join *j, bool reset)
{
	svc_unwatch(j->loop, j->watch);
	join_close_host(j->fd, reset);
	free(j->held);
	free(j);
}

/* The stream has been seen to; @j is dead after it. */
static void end(struct join *j, int why)
{
	void (*over)(void *arg, int why) = j->over;
	void *arg = j->arg;

	dispose(j, why);
	over(arg, why);
}

/* Somebody else who has closed the stream wants its queue to go out. */
static void end_failed(struct join *j)
{
	if (j->why == -ERR_CONNABORTED)
		stream_close(&j->st);
	else
		stream_abort(&j->st);
	end(j, j->why);
}

/*
 * settle() - Watch for what is wanted, or end what is over
 * @j:		join
 * @event:	the direction that was served: SVC_READ or SVC_WRITE
 * @m:		what came of it
 *
 * Return: false if @j is dead
 */
static bool settle(struct join *j, uint32_t event, enum moved m)
{
	bool again = m == MOVED_SOME ||
		     m == (event == SVC_READ ? MOVED_ALL : MOVED_FULL);

	if (m == MOVED_FAILED) {
		end_failed(j);
		return false;
	}
	if (j->peer_done && j->host_done) {
		stream_close(&j->st);
		end(j, 0);
		return false;
	}
	j->want = again ? j->want | event : j->want & ~event;
	svc_want(j->loop, j->watch, j->want);
	return true;
}

static enum moved failed(struct join *j, int why)
{
	j->why = why;
	return MOVED_FAILED;
}

/* ------------------------------------------------------- stream to the host */

static bool would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/*
 * send_once() - Give the socket what waits
 * @sent:	set to the bytes it has taken
 */
static enum moved send_once(struct join *j, size_t *sent)
{
	struct stream_iov from[STREAM_IOV_MAX];
	struct iovec iov[STREAM_IOV_MAX];
	struct msghdr msg = { .msg_iov = iov };
	int n = stream_peek(&j->st, from, STREAM_IOV_MAX);
	size_t all = 0;
	ssize_t len;

	*sent = 0;
	if (n <= 0)
		return MOVED_ALL;
	for (int i = 0; i < n; i++) {
		iov[i] = (struct iovec){ from[i].base, from[i].len };
		all += from[i].len;
	}
	msg.msg_iovlen = (size_t)n;
	len = sendmsg(j->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (len < 0)
		return would_block() ? MOVED_FULL : failed(j, -ERR_PIPE);
	stream_consume(&j->st, (size_t)len);
	*sent = (size_t)len;
	return *sent < all ? MOVED_FULL : MOVED_SOME;
}

static bool pump_out(struct join *j)
{
	enum moved m = MOVED_SOME;
	size_t total = 0;

	while (m == MOVED_SOME && total < BUDGET) {
		size_t sent;

		m = send_once(j, &sent);
		total += sent;
	}
	return settle(j, SVC_WRITE, m);
}

/* ------------------------------------------------------- host to the stream */

static bool hold(struct join *j, const uint8_t *bytes, size_t len)
{
	j->held = malloc(len);
	if (!j->held)
		return false;
	memcpy(j->held, bytes, len);
	j->held_off = 0;
	j->held_len = len;
	return true;
}

/* Write what is held; MOVED_SOME once nothing is. */
static enum moved release_held(struct join *j)
{
	struct stream_iov iov;
	ptrdiff_t n;

	if (!j->held)
		return MOVED_SOME;
	iov.base = j->held + j->held_off;
	iov.len = j->held_len - j->held_off;
	n = stream_write(&j->st, &iov, 1);
	if (n < 0)
		return n == -ERR_AGAIN ? MOVED_FULL
				       : failed(j, -ERR_CONNABORTED);
	j->held_off += (size_t)n;
	if (j->held_off < j->held_len)
		return MOVED_FULL;
	free(j->held);
	j->held = NULL;
	return MOVED_SOME;
}

static enum moved write_or_hold(struct join *j, uint8_t *bytes, size_t len)
{
	struct stream_iov iov = { bytes, len };
	ptrdiff_t n = stream_write(&j->st, &iov, 1);

	if (n < 0 && n != -ERR_AGAIN)
		return failed(j, -ERR_CONNABORTED);
	if (n < 0)
		n = 0;
	if ((size_t)n == len)
		return MOVED_SOME;
	return hold(j, bytes + n, len - (size_t)n) ? MOVED_FULL
						   : failed(j, -ERR_NOMEM);
}

/*
 * recv_once() - Give the stream what the socket has
 * @got:	set to the bytes it had
 */
static enum moved recv_once(struct join *j, size_t *got)
{
	uint8_t bytes[CHUNK];
	size_t room = stream_room(&j->st);
	size_t most = room < CHUNK ? room + 1 : CHUNK;
	ssize_t len = recv(j->fd, bytes, most, MSG_DONTWAIT);
	enum moved m;

	*got = 0;
	if (len < 0)
		return would_block() ? MOVED_ALL : failed(j, -ERR_PIPE);
	if (len == 0)
		return MOVED_END;
	*got = (size_t)len;
	m = write_or_hold(j, bytes, *got);
	return m == MOVED_SOME && *got < most ? MOVED_ALL : m;
}

static bool pump_in(struct join *j)
{
	enum moved m = release_held(j);
	size_t total = 0;

	while (m == MOVED_SOME && total < BUDGET) {
		size_t got;

		m = recv_once(j, &got);
		total += got;
	}
	if (m == MOVED_END) {
		stream_shutdown(&j->st);
		j->host_done = true;
	}
	return settle(j, SVC_READ, m);
}

static void on_ready(void *arg, uint32_t events)
{
	struct join *j = arg;

	if (events & SVC_WRITE && !pump_out(j))
		return;
	if (events & SVC_READ && !j->host_done)
		pump_in(j);
}

/* ------------------------------------------------------------ for its service */

struct join *join_new(const struct svc_loop *l, const struct stream *st, int fd,
		      void (*over)(void *arg, int why), void *arg)
{
	struct join *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->watch = svc_watch(l, fd, on_ready, j);
	if (!j->watch) {
		free(j);
		return NULL;
	}
	j->loop = l;
	j->st = *st;
	j->fd = fd;
	j->over = over;
	j->arg = arg;
	j->want = SVC_READ | SVC_WRITE;
	svc_want(l, j->watch, j->want);
	return j;
}

void join_readable(struct join *j)
{
	if (!(j->want & SVC_WRITE))
		pump_out(j);
}

void join_writable(struct join *j)
{
	if (!j->host_done)
		pump_in(j);
}

void join_peer_closed(struct join *j)
{
	j->peer_done = true;
	(void)shutdown(j->fd, SHUT_WR); /* one that has failed tells it later */
	settle(j, SVC_WRITE, MOVED_ALL);
}

void join_closed(struct join *j, int why)
{
	end(j, why);
}

void join_free(struct join *j)
{
	if (!j)
		return;
	dispose(j, true);
}

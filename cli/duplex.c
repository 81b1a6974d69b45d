/* SPDX-License-Identifier: MIT */
/*
 * duplex.c - standard input to a socket, and the socket to standard output
 */

#include "duplex.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

void duplex_init(struct duplex *d, int sock)
{
	d->up = (struct flow){ .from = STDIN_FILENO, .to = sock };
	d->down = (struct flow){ .from = sock, .to = STDOUT_FILENO };
	d->failed = 0;
	d->unread = 0;
}

static bool is_full(const struct flow *f)
{
	return f->off < f->len;
}

static struct pollfd watch(const struct flow *f)
{
	if (f->ended)
		return (struct pollfd){ .fd = -1 };
	if (is_full(f))
		return (struct pollfd){ .fd = f->to, .events = POLLOUT };
	return (struct pollfd){ .fd = f->from, .events = POLLIN };
}

void duplex_watch(const struct duplex *d, struct pollfd p[DUPLEX_FDS])
{
	p[0] = watch(&d->up);
	p[1] = watch(&d->down);
}

/* Read once; false at the end, or when there is none to be had. */
static bool fill(struct flow *f)
{
	ssize_t n = read(f->from, f->buf, sizeof(f->buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	f->off = 0;
	f->len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static bool took(struct flow *f, ssize_t n)
{
	if (n > 0)
		f->off += (size_t)n;
	return n > 0 || errno == EINTR || errno == EAGAIN;
}

static void move_up(struct duplex *d)
{
	struct flow *f = &d->up;

	errno = 0;
	if (!is_full(f) && !fill(f)) {
		d->unread = errno == EBADF ? 0 : errno; /* closed: empty */
		(void)shutdown(f->to, SHUT_WR);
		f->ended = true;
		return;
	}
	if (is_full(f) && !took(f, send(f->to, f->buf + f->off, f->len - f->off,
					MSG_NOSIGNAL | MSG_DONTWAIT)))
		f->ended = true; /* nobody reads: the daemon says why */
}

/* Writes what a pipe has room for in any case, so that it never waits. */
static void move_down(struct duplex *d)
{
	struct flow *f = &d->down;
	size_t left;

	if (!is_full(f)) {
		f->ended = !fill(f);
		return;
	}
	left = f->len - f->off;
	if (took(f, write(f->to, f->buf + f->off,
			  left < PIPE_BUF ? left : PIPE_BUF)))
		return;
	d->failed = errno;
	f->ended = true;
}

void duplex_move(struct duplex *d, const struct pollfd p[DUPLEX_FDS])
{
	if (p[0].fd >= 0 && p[0].revents)
		move_up(d);
	if (p[1].fd >= 0 && p[1].revents)
		move_down(d);
}

void duplex_stop_up(struct duplex *d)
{
	d->up.ended = true;
}

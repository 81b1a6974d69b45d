/* SPDX-License-Identifier: MIT */
/*
 * ctl_client.c - one client of the control socket: bytes to lines and back
 *
 *	readable --> in[] --> a line at a time --> ctl_rpc_line()
 *	writable <-- out  <-- ctl_client_send()
 *
 * One request is under way at a time, and none is begun while more than
 * CTL_OUT_MARK bytes wait to be sent.  Meanwhile nothing is read: a client that
 * asks faster than it listens is stopped by its own socket, and what it can
 * make us hold is one line and one reply beyond the mark.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/ctl_int.h"

#define FDS_MAX 253 /* the kernel's SCM_MAX_FD */

static size_t unsent(const struct ctl_client *c)
{
	return c->out.len - c->out_off;
}

static bool may_begin(const struct ctl_client *c)
{
	return c->ctl && c->ctl->worker && !c->busy && unsent(c) < CTL_OUT_MARK;
}

/* Watch for what can be made use of. */
static void watch(struct ctl_client *c)
{
	int events = 0;

	if (!c->eof && may_begin(c))
		events |= EV_READ;
	if (unsent(c))
		events |= EV_WRITE;
	if (ev_is_active(&c->io) && c->io.events == (events | EV__IOFDSET))
		return;
	ev_io_stop(c->ctl->loop, &c->io);
	ev_io_set(&c->io, c->fd, events);
	if (events)
		ev_io_start(c->ctl->loop, &c->io);
}

void ctl_client_put(struct ctl_client *c)
{
	if (--c->refs)
		return;
	json_fini(&c->out);
	free(c);
}

void ctl_client_close(struct ctl_client *c)
{
	struct ctl *ctl = c->ctl;

	if (!ctl)
		return;
	ev_io_stop(ctl->loop, &c->io);
	ctl_events_end(c);
	if (c->nconnects)
		ctl_connects_leave(c);
	(void)close(c->fd);
	ctl_client_drop_fds(c);
	c->fd = -1;
	c->ctl = NULL;
	if (c->prev)
		c->prev->next = c->next;
	else
		ctl->clients = c->next;
	if (c->next)
		c->next->prev = c->prev;
	ctl->nclients--;
	ctl_client_put(c);
}

/* ---------------------------------------------------------------- sending */

/* Send what waits, as far as it goes. */
static void flush(struct ctl_client *c)
{
	ssize_t n = 1;

	while (unsent(c) && n > 0) {
		n = send(c->fd, c->out.buf + c->out_off, unsent(c),
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			c->out_off += (size_t)n;
	}
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		ctl_client_close(c);
		return;
	}
	if (unsent(c))
		return;
	json_fini(&c->out); /* an idle client holds no buffer */
	c->out_off = 0;
}

/* Move the unsent rest to the front, so that the buffer stays bounded. */
static void compact(struct ctl_client *c)
{
	if (!c->out_off)
		return;
	memmove(c->out.buf, c->out.buf + c->out_off, unsent(c));
	c->out.len -= c->out_off;
	c->out_off = 0;
}

void ctl_client_send(struct ctl_client *c, const char *buf, size_t len)
{
	if (!c->ctl)
		return;
	compact(c);
	json_bytes(&c->out, buf, len);
	if (json_failed(&c->out))
		ctl_client_close(c); /* out of memory: no half a line */
	else
		flush(c);
}

bool ctl_client_queue(struct ctl_client *c, const char *buf, size_t len,
		      size_t mark)
{
	if (unsent(c) + len > mark)
		return false;
	compact(c);
	json_bytes(&c->out, buf, len);
	return !json_failed(&c->out);
}

void ctl_client_push(struct ctl_client *c)
{
	c->refs++;
	if (json_failed(&c->out))
		ctl_client_close(c); /* as above */
	else
		flush(c);
	if (c->ctl)
		ctl_client_pump(c);
	ctl_client_put(c);
}

/* ---------------------------------------------------------------- reading */

void ctl_client_drop_fds(struct ctl_client *c)
{
	while (c->nfds)
		(void)close(c->fds[--c->nfds]);
}

/* Keep descriptors for the request they came with; surplus ones are closed. */
static void take_fds(struct ctl_client *c, const struct cmsghdr *cm)
{
	size_t n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(cm) + i * sizeof(fd), sizeof(fd));
		if (c->nfds < CTL_FDS_MAX)
			c->fds[c->nfds++] = fd;
		else
			(void)close(fd);
	}
}

static void take_control(struct ctl_client *c, struct msghdr *msg)
{
	struct cmsghdr *cm;

	for (cm = CMSG_FIRSTHDR(msg); cm; cm = CMSG_NXTHDR(msg, cm))
		if (cm->cmsg_level == SOL_SOCKET && cm->cmsg_type == SCM_RIGHTS)
			take_fds(c, cm);
}

/* Read once into the free part of c->in. */
static void read_some(struct ctl_client *c)
{
	_Alignas(
		struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))];
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	memmove(c->in, c->in + c->in_off, c->in_len - c->in_off);
	c->in_scan -= c->in_off;
	c->in_len -= c->in_off;
	c->in_off = 0;
	iov.iov_base = c->in + c->in_len;
	iov.iov_len = CTL_LINE_MAX - c->in_len;
	msg.msg_control = control;
	msg.msg_controllen = sizeof(control);
	n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		ctl_client_close(c);
		return;
	}
	take_control(c, &msg);
	c->heard_us = ctl_now_us();
	if (n == 0)
		c->eof = true;
	c->in_len += (size_t)n;
}

/*
 * next_line() - The first line not handled
 * @c:		client
 * @len:	set to its length, without the newline
 *
 * What stands unfinished before the end of the input is a line too.
 *
 * Return: the line, ended by a NUL; NULL = none is complete
 */
static char *next_line(struct ctl_client *c, size_t *len)
{
	char *line = c->in + c->in_off;
	char *nl = memchr(c->in + c->in_scan, '\n', c->in_len - c->in_scan);

	if (!nl) {
		c->in_scan = c->in_len;
		if (!c->eof || c->in_off == c->in_len)
			return NULL;
		nl = c->in + c->in_len++; /* one byte is spare */
	}
	*nl = '\0';
	*len = (size_t)(nl - line);
	c->in_off = (size_t)(nl - c->in) + 1;
	c->in_scan = c->in_off;
	return line;
}

/* A line that does not fit into c->in: refuse it, and read no more. */
static void check_overlong(struct ctl_client *c)
{
	if (c->eof || c->in_off > 0 || c->in_len < CTL_LINE_MAX)
		return;
	c->eof = true;
	c->in_len = 0;
	c->in_scan = 0;
	ctl_rpc_refuse(c, CTL_E_PARSE, "request longer than 65536 bytes");
}

void ctl_client_pump(struct ctl_client *c)
{
	size_t len;
	char *line;

	c->refs++;
	c->pumping = true;
	while (may_begin(c)) {
		line = next_line(c, &len);
		if (!line)
			break;
		ctl_rpc_line(c, line, len);
		ctl_client_drop_fds(c); /* it had no use for them */
	}
	if (may_begin(c))
		check_overlong(c);
	c->pumping = false;
	if (c->ctl && c->eof && !c->busy && !unsent(c) &&
	    c->in_off == c->in_len)
		ctl_client_close(c);
	if (c->ctl)
		watch(c);
	ctl_client_put(c);
}

static void on_io(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct ctl_client *c = w->data;

	(void)loop;
	c->refs++;
	if (revents & EV_WRITE)
		flush(c);
	if (c->ctl && revents & EV_WRITE)
		ctl_events_tell_lost(c);
	if (c->ctl && revents & EV_READ && !c->eof && !c->busy)
		read_some(c);
	if (c->ctl)
		ctl_client_pump(c);
	ctl_client_put(c);
}

/* -------------------------------------------------------------- beginning */

static void insert(struct ctl *ctl, struct ctl_client *c)
{
	c->ctl = ctl;
	c->refs = 1;
	c->next = ctl->clients;
	if (c->next)
		c->next->prev = c;
	ctl->clients = c;
	ctl->nclients++;
}

/*
 * Make room for another client: the one longest idle goes.  Who has asked and
 * waits, has not taken its answers yet, listens to events, or has connections is
 * not idle.
 */
static void close_idlest(struct ctl *ctl, const struct ctl_client *newcomer)
{
	struct ctl_client *idlest = NULL;

	for (struct ctl_client *c = ctl->clients; c; c = c->next)
		if (c != newcomer && !c->busy && !c->sub && !c->nconnects &&
		    !unsent(c) && (!idlest || c->heard_us <= idlest->heard_us))
			idlest = c;
	if (idlest)
		ctl_client_close(idlest);
}

void ctl_client_new(struct ctl *ctl, int fd)
{
	struct ctl_client *c = calloc(1, sizeof(*c));
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(peer);

	if (!c) {
		(void)close(fd);
		return;
	}
	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	c->fd = fd;
	c->uid = peer.uid;
	c->pid = peer.pid;
	c->heard_us = ctl_now_us();
	json_init(&c->out, CTL_OUT_MARK + 2 * CTL_REPLY_MAX);
	ev_io_init(&c->io, on_io, fd, EV_READ);
	c->io.data = c;
	insert(ctl, c);
	if (ctl->nclients > CTL_CLIENTS_MAX)
		close_idlest(ctl, c);
	if (ctl->nclients > CTL_CLIENTS_MAX) {
		ctl_rpc_refuse(c, CTL_E_REFUSED,
			       "too many clients, try again later");
		ctl_client_close(c);
		return;
	}
	watch(c);
}

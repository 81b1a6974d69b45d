/* SPDX-License-Identifier: MIT */
/*
 * kserver.c - the rival: the kernel's TCP behind an epoll server
 *
 * Ports 7 (echo), 9 (discard) and 19 (chargen) on all IPv4 addresses, one
 * thread, 256 KB a call.  A chargen connection is written eight chunks a turn,
 * the text of RFC 864; an echo whose client does not read is held back at one
 * chunk.
 *
 *	kserver [-C CONGESTION-CONTROL]		default: cubic
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chargen.h"

#define CHUNK	     (256u * 1024u)
#define FDS_MAX	     65536
#define CHARGEN_TURN 8

enum { ECHO, DISCARD, CHARGEN, PORTS };

static const uint16_t ports[PORTS] = { 7, 9, 19 };

/**
 * struct conn - one connection, found by its descriptor
 * @hold:	echo bytes that the client did not take, NULL = never any
 * @off:	first of them not yet written; chargen: place in the text's period
 * @len:	their number
 * @kind:	ECHO, DISCARD or CHARGEN
 * @wants_out:	watched for writing, not for reading
 */
struct conn {
	char *hold;
	uint32_t off;
	uint32_t len;
	uint8_t kind;
	bool wants_out;
};

static struct conn conns[FDS_MAX];

static int listen_on(uint16_t port, const char *cc)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port) };
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;

	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, cc,
		       (socklen_t)strlen(cc)))
		perror("kserver: TCP_CONGESTION");
	if (bind(s, (struct sockaddr *)&a, sizeof(a)) || listen(s, 4096)) {
		perror("kserver: listen");
		exit(1);
	}
	return s;
}

static void drop(int fd)
{
	free(conns[fd].hold);
	conns[fd].hold = NULL;
	close(fd);
}

static void serve_chargen(int fd)
{
	static char text[CHARGEN_PERIOD + CHUNK];
	struct conn *c = &conns[fd];

	if (!text[0])
		chargen_text(text, sizeof(text));
	for (int i = 0; i < CHARGEN_TURN; i++) {
		ssize_t r = send(fd, text + c->off, CHUNK, MSG_NOSIGNAL);

		if (r < 0 && errno != EAGAIN)
			drop(fd);
		if (r < 0)
			return;
		c->off = (c->off + (uint32_t)r) % CHARGEN_PERIOD;
	}
}

/* Write what is held.  True = nothing is left, false = wait, or gone. */
static bool flush_held(int fd)
{
	struct conn *c = &conns[fd];
	ssize_t r;

	if (c->len == 0)
		return true;
	r = send(fd, c->hold + c->off, c->len, MSG_NOSIGNAL);
	if (r < 0) {
		if (errno != EAGAIN)
			drop(fd);
		return false;
	}
	c->off += (uint32_t)r;
	c->len -= (uint32_t)r;
	return c->len == 0;
}

/* Echo @len bytes and hold what the socket does not take.  False = gone. */
static bool echo(int fd, const char *buf, ssize_t len)
{
	struct conn *c = &conns[fd];
	ssize_t w = send(fd, buf, (size_t)len, MSG_NOSIGNAL);

	if (w < 0 && errno != EAGAIN) {
		drop(fd);
		return false;
	}
	if (w < 0)
		w = 0;
	if (w == len)
		return true;
	if (!c->hold)
		c->hold = malloc(CHUNK);
	if (!c->hold)
		abort();
	c->off = 0;
	c->len = (uint32_t)(len - w);
	memcpy(c->hold, buf + w, c->len);
	return true;
}

static void serve(int ep, int fd, char *buf)
{
	struct conn *c = &conns[fd];
	ssize_t r;

	if (c->kind == CHARGEN) {
		serve_chargen(fd);
		return;
	}
	if (!flush_held(fd))
		return;
	r = recv(fd, buf, CHUNK, 0);
	if (r == 0 || (r < 0 && errno != EAGAIN)) {
		drop(fd);
		return;
	}
	if (r > 0 && c->kind == ECHO && !echo(fd, buf, r))
		return;
	if (c->wants_out != (c->len != 0)) {
		struct epoll_event e = { .data.fd = fd };

		c->wants_out = c->len != 0;
		e.events = c->wants_out ? EPOLLOUT : EPOLLIN;
		epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
	}
}

static void accept_all(int ep, int listener, uint8_t kind)
{
	int s, one = 1;

	while ((s = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct epoll_event e = { .data.fd = s };

		if (s >= FDS_MAX) {
			close(s);
			continue;
		}
		e.events = kind == CHARGEN ? EPOLLOUT : EPOLLIN;
		setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		conns[s] = (struct conn){ .kind = kind };
		epoll_ctl(ep, EPOLL_CTL_ADD, s, &e);
	}
}

static _Noreturn void loop(int ep, const int *listener, char *buf)
{
	struct epoll_event ev[256];

	for (;;) {
		int n = epoll_wait(ep, ev, 256, -1);

		for (int i = 0; i < n; i++) {
			int fd = ev[i].data.fd;
			uint8_t k = 0;

			while (k < PORTS && listener[k] != fd)
				k++;
			if (k < PORTS)
				accept_all(ep, fd, k);
			else
				serve(ep, fd, buf);
		}
	}
}

int main(int argc, char **argv)
{
	char *buf = aligned_alloc(4096, CHUNK);
	int ep = epoll_create1(0), listener[PORTS], c;
	const char *cc = "cubic";

	while ((c = getopt(argc, argv, "C:")) != -1) {
		if (c != 'C')
			return 2;
		cc = optarg;
	}
	if (ep < 0 || !buf)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	memset(buf, 'x', CHUNK);
	for (int i = 0; i < PORTS; i++) {
		struct epoll_event e = { .events = EPOLLIN };

		listener[i] = listen_on(ports[i], cc);
		e.data.fd = listener[i];
		epoll_ctl(ep, EPOLL_CTL_ADD, listener[i], &e);
	}
	loop(ep, listener, buf);
}

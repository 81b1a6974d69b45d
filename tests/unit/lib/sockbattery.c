/* SPDX-License-Identifier: MIT */
/*
 * sockbattery.c - scenarios that hold for any TCP socket
 */

#include "sockbattery.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define ALL_EVENTS (POLLIN | POLLOUT | POLLPRI | POLLRDHUP)

__attribute__((format(printf, 2, 3))) static void say(struct talk *t,
						      const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	t->len += (size_t)vsnprintf(t->text + t->len, TALK_MAX - t->len, fmt,
				    ap);
	va_end(ap);
	if (t->len >= TALK_MAX)
		t->len = TALK_MAX - 1;
}

/* A call's answer, errors by their names. */
static void answer(struct talk *t, const char *what, ssize_t r)
{
	if (r < 0)
		say(t, "%s: %s\n", what, strerrorname_np((int)-r));
	else
		say(t, "%s: %zd\n", what, r);
}

/* The same where only success counts. */
static void outcome(struct talk *t, const char *what, ssize_t r)
{
	answer(t, what, r < 0 ? r : 0);
}

static void ready(struct talk *t, const char *who, int fd)
{
	int r = t->a->poll(fd, ALL_EVENTS);

	say(t, "poll %s:%s%s%s%s%s%s\n", who, r & POLLIN ? " in" : "",
	    r & POLLOUT ? " out" : "", r & POLLPRI ? " pri" : "",
	    r & POLLRDHUP ? " rdhup" : "", r & POLLHUP ? " hup" : "",
	    r & POLLERR ? " err" : "");
}

static void give(struct talk *t, const char *who, int fd, const char *text)
{
	say(t, "%s ", who);
	answer(t, "send", t->a->send(fd, text, strlen(text), MSG_NOSIGNAL));
	t->a->settle();
}

static void take(struct talk *t, const char *who, int fd, size_t len, int flags)
{
	char buf[256];
	ssize_t r = t->a->recv(fd, buf, len, flags);

	say(t, "%s ", who);
	answer(t, "recv", r);
	if (r > 0)
		say(t, "  \"%.*s\"\n", (int)r, buf);
}

static int error_of(struct talk *t, int fd)
{
	return -t->a->getopt(fd, SOL_SOCKET, SO_ERROR);
}

static int listener(struct talk *t, int backlog)
{
	int l = t->a->socket(1);

	outcome(t, "socket", l);
	outcome(t, "listen", t->a->listen(l, backlog));
	return l;
}

/* A client and the server's end of its connection. */
static void pair(struct talk *t, int *c, int *s)
{
	int l = listener(t, 4);

	*c = t->a->socket(0);
	answer(t, "connect", t->a->connect(*c, (uint16_t)t->a->port_of(l, 0)));
	t->a->settle();
	*s = t->a->accept(l);
	outcome(t, "accept", *s);
	outcome(t, "close", t->a->close(l));
	t->a->settle();
}

static void both_closed(struct talk *t, int c, int s)
{
	outcome(t, "close", t->a->close(c));
	outcome(t, "close", t->a->close(s));
	t->a->settle();
}

/* -------------------------------------------------------------- scenarios */

static void opening(struct talk *t)
{
	int l = listener(t, 4);
	uint16_t port = (uint16_t)t->a->port_of(l, 0);
	int c = t->a->socket(0);
	int s;

	say(t, "port %d\n", port > 0);
	answer(t, "acceptconn", t->a->getopt(l, SOL_SOCKET, SO_ACCEPTCONN));
	answer(t, "acceptconn", t->a->getopt(c, SOL_SOCKET, SO_ACCEPTCONN));
	ready(t, "listener", l);
	answer(t, "accept", t->a->accept(l));
	answer(t, "connect", t->a->connect(c, port));
	t->a->settle();
	ready(t, "client", c);
	ready(t, "listener", l);
	answer(t, "error", error_of(t, c));
	answer(t, "connect", t->a->connect(c, port));
	answer(t, "connect", t->a->connect(c, port));
	s = t->a->accept(l);
	outcome(t, "accept", s);
	answer(t, "accept", t->a->accept(l));
	ready(t, "listener", l);
	ready(t, "server", s);
	say(t, "names %d %d\n", t->a->port_of(c, 0) == t->a->port_of(s, 1),
	    t->a->port_of(s, 0) == t->a->port_of(c, 1));
	both_closed(t, c, s);
	outcome(t, "close", t->a->close(l));
}

static void talking(struct talk *t)
{
	int c, s;

	pair(t, &c, &s);
	take(t, "server", s, 10, 0);
	give(t, "client", c, "hello");
	ready(t, "server", s);
	answer(t, "inq", t->a->ioctl(s, SIOCINQ));
	answer(t, "outq", t->a->ioctl(c, SIOCOUTQ));
	take(t, "server", s, 3, MSG_PEEK);
	take(t, "server", s, 10, MSG_PEEK);
	take(t, "server", s, 2, 0);
	answer(t, "inq", t->a->ioctl(s, SIOCINQ));
	take(t, "server", s, 10, 0);
	take(t, "server", s, 10, 0);
	ready(t, "server", s);
	give(t, "server", s, "and back");
	take(t, "client", c, 100, 0);
	both_closed(t, c, s);
}

static void refused(struct talk *t)
{
	int l = listener(t, 1);
	uint16_t port = (uint16_t)t->a->port_of(l, 0);
	int c = t->a->socket(0);
	int d = t->a->socket(0);

	t->a->close(l);
	answer(t, "connect", t->a->connect(c, port));
	answer(t, "connect", t->a->connect(d, port));
	t->a->settle();
	ready(t, "client", c);
	answer(t, "peer", t->a->port_of(c, 1));
	answer(t, "error", error_of(t, c));
	answer(t, "error", error_of(t, c));
	ready(t, "client", c);
	give(t, "client", c, "x");
	take(t, "client", c, 1, 0);
	take(t, "other", d, 1, 0);
	take(t, "other", d, 1, 0);
	both_closed(t, c, d);
}

static void half_closing(struct talk *t)
{
	int c, s;

	pair(t, &c, &s);
	give(t, "client", c, "bye");
	answer(t, "shutdown", t->a->shutdown(c, SHUT_WR));
	t->a->settle();
	ready(t, "client", c);
	ready(t, "server", s);
	give(t, "client", c, "x");
	take(t, "server", s, 10, 0);
	take(t, "server", s, 10, 0);
	take(t, "server", s, 10, 0);
	give(t, "server", s, "so long");
	take(t, "client", c, 10, 0);
	answer(t, "shutdown", t->a->shutdown(s, SHUT_WR));
	t->a->settle();
	ready(t, "client", c);
	ready(t, "server", s);
	take(t, "client", c, 10, 0);
	answer(t, "error", error_of(t, c));
	both_closed(t, c, s);
}

static void reading_ends(struct talk *t)
{
	int c, s;

	pair(t, &c, &s);
	answer(t, "shutdown", t->a->shutdown(c, SHUT_RD));
	t->a->settle();
	ready(t, "client", c);
	take(t, "client", c, 10, 0);
	give(t, "client", c, "still here");
	take(t, "server", s, 20, 0);
	answer(t, "shutdown", t->a->shutdown(c, SHUT_RDWR));
	t->a->settle();
	ready(t, "client", c);
	ready(t, "server", s);
	give(t, "client", c, "x");
	take(t, "server", s, 20, 0);
	both_closed(t, c, s);
}

static void reset(struct talk *t)
{
	int c, s;

	pair(t, &c, &s);
	answer(t, "linger", t->a->linger(s, 1, 0));
	outcome(t, "close", t->a->close(s));
	t->a->settle();
	ready(t, "client", c);
	take(t, "client", c, 10, 0);
	take(t, "client", c, 10, 0);
	give(t, "client", c, "x");
	ready(t, "client", c);
	outcome(t, "close", t->a->close(c));

	pair(t, &c, &s);
	answer(t, "linger", t->a->linger(s, 1, 0));
	outcome(t, "close", t->a->close(s));
	t->a->settle();
	give(t, "client", c, "x"); /* tells the error as well */
	give(t, "client", c, "x");
	answer(t, "shutdown", t->a->shutdown(c, SHUT_WR));
	outcome(t, "close", t->a->close(c));
}

static void unread_at_close(struct talk *t)
{
	int c, s;

	pair(t, &c, &s);
	give(t, "client", c, "nobody reads this");
	outcome(t, "close", t->a->close(s));
	t->a->settle();
	answer(t, "error", error_of(t, c));
	answer(t, "error", error_of(t, c));
	take(t, "client", c, 10, 0);
	outcome(t, "close", t->a->close(c));
}

static void full_pipe(struct talk *t)
{
	static char block[65536];
	size_t sent = 0, got = 0;
	int c, s;
	ssize_t r;

	pair(t, &c, &s);
	do {
		r = t->a->send(c, block, sizeof(block), MSG_NOSIGNAL);
		sent += r > 0 ? (size_t)r : 0;
		t->a->settle();
	} while (r > 0 && sent < (size_t)256 << 20);
	answer(t, "send", r);
	say(t, "sent %d outq %d\n", sent > 0, t->a->ioctl(c, SIOCOUTQ) > 0);
	ready(t, "client", c);
	for (int idle = 0; got < sent && idle < 200; idle++) {
		while ((r = t->a->recv(s, block, sizeof(block), 0)) > 0) {
			got += (size_t)r;
			idle = 0;
		}
		t->a->settle();
	}
	say(t, "all %d\n", got == sent);
	ready(t, "client", c);
	answer(t, "outq", t->a->ioctl(c, SIOCOUTQ));
	both_closed(t, c, s);
}

static void names(struct talk *t)
{
	int a = t->a->socket(1);
	int b = t->a->socket(1);
	uint16_t port;

	answer(t, "bind foreign", t->a->bind(a, 0, 0));
	answer(t, "bind", t->a->bind(a, 1, 0));
	answer(t, "bind again", t->a->bind(a, 1, 0));
	port = (uint16_t)t->a->port_of(a, 0);
	say(t, "port %d\n", port > 0);
	answer(t, "bind other", t->a->bind(b, 1, port));
	answer(t, "reuse", t->a->setopt(b, SOL_SOCKET, SO_REUSEADDR, 1));
	answer(t, "bind other", t->a->bind(b, 1, port));
	t->a->close(a);
	a = t->a->socket(1);
	answer(t, "reuse", t->a->setopt(a, SOL_SOCKET, SO_REUSEADDR, 1));
	answer(t, "bind", t->a->bind(a, 1, port));
	answer(t, "bind other", t->a->bind(b, 1, port));
	answer(t, "listen", t->a->listen(a, 1));
	answer(t, "listen other", t->a->listen(b, 1));
	answer(t, "listen again", t->a->listen(a, 2));
	t->a->close(a);
	answer(t, "listen other", t->a->listen(b, 1));
	t->a->close(b);
}

/* A port that a connection still has. */
static void port_in_use(struct talk *t)
{
	int a = t->a->socket(1);
	uint16_t port;
	int c, s;

	pair(t, &c, &s);
	port = (uint16_t)t->a->port_of(s, 0);
	answer(t, "bind", t->a->bind(a, 1, port));
	answer(t, "reuse", t->a->setopt(a, SOL_SOCKET, SO_REUSEADDR, 1));
	t->a->setopt(s, SOL_SOCKET, SO_REUSEADDR, 1);
	answer(t, "bind", t->a->bind(a, 1, port));
	answer(t, "listen", t->a->listen(a, 1));
	both_closed(t, c, s);
	t->a->close(a);
}

/* A client's port of its own choice. */
static void bound_client(struct talk *t)
{
	int l = listener(t, 4);
	int c = t->a->socket(0);
	int d = t->a->socket(0);
	int port, s;

	answer(t, "bind", t->a->bind(c, 1, 0));
	port = t->a->port_of(c, 0);
	answer(t, "connect", t->a->connect(c, (uint16_t)t->a->port_of(l, 0)));
	t->a->settle();
	s = t->a->accept(l);
	say(t, "port %d\n", t->a->port_of(s, 1) == port);
	answer(t, "bind", t->a->bind(d, 1, (uint16_t)port));
	t->a->close(d);
	t->a->close(l);
	both_closed(t, c, s);
}

static void fresh_socket(struct talk *t)
{
	int a = t->a->socket(0);

	ready(t, "fresh", a);
	give(t, "fresh", a, "x");
	take(t, "fresh", a, 1, 0);
	answer(t, "accept", t->a->accept(a));
	answer(t, "peer", t->a->port_of(a, 1));
	answer(t, "port", t->a->port_of(a, 0));
	answer(t, "shutdown", t->a->shutdown(a, SHUT_WR));
	answer(t, "error", error_of(t, a));
	outcome(t, "close", t->a->close(a));
	answer(t, "close", t->a->close(a));
}

static void listening_socket(struct talk *t)
{
	int l = listener(t, 1);

	give(t, "listener", l, "x");
	take(t, "listener", l, 1, 0);
	answer(t, "peer", t->a->port_of(l, 1));
	answer(t, "connect", t->a->connect(l, 9));
	answer(t, "bind", t->a->bind(l, 1, 0));
	outcome(t, "close", t->a->close(l));
}

static void in_order_of_arrival(struct talk *t)
{
	int l = listener(t, 8);
	int c[3], s[3];

	for (int i = 0; i < 3; i++) {
		c[i] = t->a->socket(0);
		t->a->connect(c[i], (uint16_t)t->a->port_of(l, 0));
		t->a->settle();
	}
	for (int i = 0; i < 3; i++) {
		s[i] = t->a->accept(l);
		say(t, "accepted %d\n",
		    t->a->port_of(s[i], 1) == t->a->port_of(c[i], 0));
	}
	for (int i = 0; i < 3; i++)
		both_closed(t, c[i], s[i]);
	t->a->close(l);
}

static void listener_goes(struct talk *t)
{
	int l = listener(t, 8);
	int c = t->a->socket(0);

	t->a->connect(c, (uint16_t)t->a->port_of(l, 0));
	t->a->settle();
	ready(t, "client", c);
	outcome(t, "close", t->a->close(l));
	t->a->settle();
	ready(t, "client", c);
	take(t, "client", c, 1, 0);
	outcome(t, "close", t->a->close(c));
}

static void urgent(struct talk *t)
{
	int c, s;

	pair(t, &c, &s);
	answer(t, "inline", t->a->setopt(s, SOL_SOCKET, SO_OOBINLINE, 1));
	give(t, "client", c, "ab");
	answer(t, "urgent", t->a->send(c, "!", 1, MSG_OOB | MSG_NOSIGNAL));
	t->a->settle();
	give(t, "client", c, "cd");
	ready(t, "server", s);
	answer(t, "mark", t->a->ioctl(s, SIOCATMARK));
	take(t, "server", s, 10, MSG_OOB);
	take(t, "server", s, 10, 0); /* stops in front of the mark */
	answer(t, "mark", t->a->ioctl(s, SIOCATMARK));
	ready(t, "server", s);
	take(t, "server", s, 1, 0);
	answer(t, "mark", t->a->ioctl(s, SIOCATMARK));
	ready(t, "server", s);
	take(t, "server", s, 10, 0);
	both_closed(t, c, s);
}

static const struct {
	const char *what;
	int level;
	int name;
	int value;
} opts[] = {
	{ "nodelay", IPPROTO_TCP, TCP_NODELAY, 1 },
	{ "cork", IPPROTO_TCP, TCP_CORK, 1 },
	{ "keepalive", SOL_SOCKET, SO_KEEPALIVE, 1 },
	{ "keepidle", IPPROTO_TCP, TCP_KEEPIDLE, 60 },
	{ "keepintvl", IPPROTO_TCP, TCP_KEEPINTVL, 10 },
	{ "keepcnt", IPPROTO_TCP, TCP_KEEPCNT, 4 },
	{ "ttl", IPPROTO_IP, IP_TTL, 33 },
	{ "tos", IPPROTO_IP, IP_TOS, 0x10 },
};

/* As they are at first, set, read, and what is refused. */
static void options(struct talk *t)
{
	int c, s;

	pair(t, &c, &s);
	for (size_t i = 0; i < sizeof(opts) / sizeof(opts[0]); i++) {
		answer(t, opts[i].what,
		       t->a->getopt(c, opts[i].level, opts[i].name));
		answer(t, "set",
		       t->a->setopt(c, opts[i].level, opts[i].name,
				    opts[i].value));
		answer(t, "get", t->a->getopt(c, opts[i].level, opts[i].name));
	}
	answer(t, "timeout",
	       t->a->setopt(c, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000));
	answer(t, "timeout", t->a->getopt(c, IPPROTO_TCP, TCP_USER_TIMEOUT));
	answer(t, "syncnt", t->a->setopt(c, IPPROTO_TCP, TCP_SYNCNT, 3));
	answer(t, "syncnt", t->a->getopt(c, IPPROTO_TCP, TCP_SYNCNT));
	answer(t, "discover",
	       t->a->setopt(c, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
	answer(t, "discover", t->a->getopt(c, IPPROTO_IP, IP_MTU_DISCOVER));
	answer(t, "ttl", t->a->setopt(c, IPPROTO_IP, IP_TTL, 256));
	answer(t, "keepcnt", t->a->setopt(c, IPPROTO_TCP, TCP_KEEPCNT, 128));
	answer(t, "unknown", t->a->setopt(c, IPPROTO_TCP, 12345, 1));
	answer(t, "unknown", t->a->getopt(c, IPPROTO_TCP, 12345));
	both_closed(t, c, s);
}

/* Set before there is a connection, and inherited from the listener. */
static void early_options(struct talk *t)
{
	int l = listener(t, 4);
	int c = t->a->socket(0);
	int s;

	answer(t, "set", t->a->setopt(l, IPPROTO_TCP, TCP_NODELAY, 1));
	answer(t, "set", t->a->setopt(l, SOL_SOCKET, SO_KEEPALIVE, 1));
	answer(t, "set", t->a->setopt(c, IPPROTO_TCP, TCP_KEEPIDLE, 99));
	answer(t, "get", t->a->getopt(c, IPPROTO_TCP, TCP_KEEPIDLE));
	t->a->connect(c, (uint16_t)t->a->port_of(l, 0));
	t->a->settle();
	s = t->a->accept(l);
	answer(t, "get", t->a->getopt(c, IPPROTO_TCP, TCP_KEEPIDLE));
	answer(t, "get", t->a->getopt(s, IPPROTO_TCP, TCP_NODELAY));
	answer(t, "get", t->a->getopt(s, SOL_SOCKET, SO_KEEPALIVE));
	answer(t, "get", t->a->getopt(c, IPPROTO_TCP, TCP_NODELAY));
	t->a->close(l);
	both_closed(t, c, s);
}

static const struct sockscene scenes[] = {
	{ "opening", opening },
	{ "talking", talking },
	{ "refused", refused },
	{ "half-closing", half_closing },
	{ "reading ends", reading_ends },
	{ "reset", reset },
	{ "unread at close", unread_at_close },
	{ "full pipe", full_pipe },
	{ "names", names },
	{ "port in use", port_in_use },
	{ "bound client", bound_client },
	{ "fresh socket", fresh_socket },
	{ "listening socket", listening_socket },
	{ "in order of arrival", in_order_of_arrival },
	{ "listener goes", listener_goes },
	{ "urgent", urgent },
	{ "options", options },
	{ "early options", early_options },
};

const struct sockscene *sockbattery(size_t *n)
{
	*n = sizeof(scenes) / sizeof(scenes[0]);
	return scenes;
}

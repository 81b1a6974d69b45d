/* SPDX-License-Identifier: MIT */
/*
 * target.c - where on the host a forward service connects to
 *
 * System calls: socket, connect, getsockopt, setsockopt, close; and for names
 * what getaddrinfo() needs, before any thread runs.
 */

#include "target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define TCP_PREFIX  "tcp:"
#define UNIX_PREFIX "unix:"

/**
 * struct parts - a target of TCP, taken apart
 */
struct parts {
	char host[TARGET_HOST_MAX];
	char port[TARGET_PORT_MAX];
};

static bool is_tcp(const char *text)
{
	return strncmp(text, TCP_PREFIX, strlen(TCP_PREFIX)) == 0;
}

static bool is_unix(const char *text)
{
	return strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0;
}

/* ------------------------------------------------------------------ parsing */

static bool is_port(const char *text)
{
	size_t len = strlen(text);
	long port = strtol(text, NULL, 10);

	return len > 0 && len < TARGET_PORT_MAX &&
	       strspn(text, "0123456789") == len && port >= 1 && port <= 65535;
}

/* NULL, or what is wrong. */
static const char *take_apart(const char *text, struct parts *p)
{
	const char *host = text + strlen(TCP_PREFIX);
	const char *colon = strrchr(host, ':');
	size_t len = colon ? (size_t)(colon - host) : 0;

	if (!colon || !is_port(colon + 1))
		return "tcp:HOST:PORT ends with a port, 1 to 65535";
	if (host[0] == '[' && len > 2 && host[len - 1] == ']') {
		host++;
		len -= 2;
	} else if (strcspn(host, "[]:") < len) {
		return "an IPv6 address stands in brackets: tcp:[ADDRESS]:PORT";
	}
	if (len == 0)
		return "tcp:HOST:PORT needs a host";
	if (len >= sizeof(p->host))
		return "a host's name has at most 253 characters";
	memcpy(p->host, host, len);
	p->host[len] = '\0';
	memcpy(p->port, colon + 1, strlen(colon + 1) + 1);
	return NULL;
}

static const char *check_path(const char *path)
{
	if (path[0] != '/')
		return "unix:PATH needs a path that begins with /";
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return "the path of a Unix socket has at most 107 characters";
	return NULL;
}

const char *target_check(const char *text)
{
	struct parts p;

	if (is_unix(text))
		return check_path(text + strlen(UNIX_PREFIX));
	if (is_tcp(text))
		return take_apart(text, &p);
	return "a target is tcp:HOST:PORT or unix:PATH";
}

/* ---------------------------------------------------------------- addresses */

/* False if it is a name. */
static bool read_address(struct target_addr *a, const struct parts *p)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)&a->sa;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&a->sa;
	uint16_t port = htons((uint16_t)strtoul(p->port, NULL, 10));

	if (inet_pton(AF_INET, p->host, &sin->sin_addr) == 1) {
		sin->sin_family = AF_INET;
		sin->sin_port = port;
		a->len = sizeof(*sin);
		return true;
	}
	if (inet_pton(AF_INET6, p->host, &sin6->sin6_addr) != 1)
		return false;
	sin6->sin6_family = AF_INET6;
	sin6->sin6_port = port;
	a->len = sizeof(*sin6);
	return true;
}

bool target_has_name(const char *text)
{
	struct target_addr a;
	struct parts p;

	return is_tcp(text) && !take_apart(text, &p) && !read_address(&a, &p);
}

static void resolve_path(struct target *t, const char *path)
{
	struct sockaddr_un *sun = (struct sockaddr_un *)&t->addr[0].sa;

	sun->sun_family = AF_UNIX;
	memcpy(sun->sun_path, path, strlen(path) + 1);
	t->addr[0].len = sizeof(*sun);
	t->n = 1;
}

/* getaddrinfo()'s error, or 0. */
static int resolve_name(struct target *t, const struct parts *p)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICSERV,
					.ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	int rc = getaddrinfo(p->host, p->port, &hints, &list);

	if (rc)
		return rc;
	for (struct addrinfo *ai = list; ai && t->n < TARGET_ADDRS_MAX;
	     ai = ai->ai_next) {
		struct target_addr *a = &t->addr[t->n];

		if (ai->ai_addrlen > sizeof(a->sa))
			continue;
		memcpy(&a->sa, ai->ai_addr, ai->ai_addrlen);
		a->len = ai->ai_addrlen;
		t->n++;
	}
	freeaddrinfo(list);
	return t->n ? 0 : EAI_NONAME;
}

int target_resolve(struct target *t, const char *text, char *why, size_t size)
{
	const char *wrong = target_check(text);
	struct parts p;
	int rc;

	memset(t, 0, sizeof(*t));
	if (wrong) {
		snprintf(why, size, "%s: %s", text, wrong);
		return -ERR_INVAL;
	}
	if (is_unix(text)) {
		resolve_path(t, text + strlen(UNIX_PREFIX));
		return 0;
	}
	take_apart(text, &p);
	t->n = read_address(&t->addr[0], &p);
	if (t->n)
		return 0;
	rc = resolve_name(t, &p);
	if (!rc)
		return 0;
	snprintf(why, size, "%s: %s", text, gai_strerror(rc));
	return -ERR_ADDRNOTAVAIL;
}

/* --------------------------------------------------------------- connecting */

int target_connect(const struct target_addr *a, int *fd)
{
	const struct sockaddr *sa = (const struct sockaddr *)&a->sa;
	int family = a->sa.ss_family;
	int on = 1;
	int s = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc;

	if (s < 0)
		return -errno;
	if (family != AF_UNIX) /* bytes go on as they come */
		(void)setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	rc = connect(s, sa, a->len) == 0 ? 0 : -errno;
	if (rc && rc != -EINPROGRESS)
		close(s);
	else
		*fd = s;
	return rc;
}

int target_result(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	return -error;
}

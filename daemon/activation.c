/* SPDX-License-Identifier: MIT */
/*
 * activation.c - a control socket that somebody else listens on
 * (sd_listen_fds(3)'s protocol)
 *
 * LISTEN_FDS descriptors from 3 on are for the process LISTEN_PID: an environment
 * that was inherited further than it was meant is none of ours.
 *
 * System calls: getsockopt, getsockname, fcntl.
 */

#include "daemon/activation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_FD 3

/* What an environment variable says; -1 if that is no number, or nothing. */
static long number(const char *name)
{
	const char *text = getenv(name);
	char *end;
	long n;

	if (!text || !*text)
		return -1;
	errno = 0;
	n = strtol(text, &end, 10);
	return errno || *end || n < 0 ? -1 : n;
}

static bool is(int option, int want)
{
	socklen_t len = sizeof(int);
	int have = 0;

	return !getsockopt(FIRST_FD, SOL_SOCKET, option, &have, &len) &&
	       have == want;
}

/* Where the socket is; false if it has no name in the file system. */
static bool place(struct sockaddr_un *sa)
{
	socklen_t len = sizeof(*sa);

	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (getsockname(FIRST_FD, (struct sockaddr *)sa, &len) ||
	    len > sizeof(*sa))
		return false;
	return sa->sun_path[0] == '/' &&
	       memchr(sa->sun_path, '\0', sizeof(sa->sun_path));
}

static int set_flags(void)
{
	int flags = fcntl(FIRST_FD, F_GETFL);

	if (flags < 0 || fcntl(FIRST_FD, F_SETFL, flags | O_NONBLOCK) ||
	    fcntl(FIRST_FD, F_SETFD, FD_CLOEXEC))
		return -errno;
	return 0;
}

static int check(long n, const char *path, char *err, size_t errlen)
{
	struct sockaddr_un sa;
	int rc;

	if (n != 1) {
		(void)snprintf(err, errlen,
			       "LISTEN_FDS: %ld sockets were handed over; "
			       "expected one, the control socket",
			       n);
		return -1;
	}
	if (!is(SO_DOMAIN, AF_UNIX) || !is(SO_TYPE, SOCK_STREAM) ||
	    !is(SO_ACCEPTCONN, 1) || !place(&sa)) {
		(void)snprintf(err, errlen,
			       "LISTEN_FDS: descriptor %d is not a Unix stream "
			       "socket that listens at a path",
			       FIRST_FD);
		return -1;
	}
	if (strcmp(sa.sun_path, path) != 0) {
		(void)snprintf(err, errlen,
			       "LISTEN_FDS: the socket handed over is at %s, "
			       "[control] socket at %s; make them the same",
			       sa.sun_path, path);
		return -1;
	}
	rc = set_flags();
	if (rc) {
		(void)snprintf(err, errlen, "%s: %s", path, strerror(-rc));
		return -1;
	}
	return FIRST_FD;
}

int activation_take(const char *path, char *err, size_t errlen)
{
	long pid = number("LISTEN_PID");
	long n = number("LISTEN_FDS");

	if (pid != (long)getpid() || n <= 0)
		return 0;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return check(n, path, err, errlen);
}

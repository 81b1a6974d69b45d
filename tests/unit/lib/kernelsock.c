/* SPDX-License-Identifier: MIT */
/*
 * kernelsock.c - kernel sockets as a struct sockapi, on a loopback of our own
 *		  where a namespace can be made
 */

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sockbattery.h"

#define SETTLE_US 2000u

static ssize_t result(ssize_t r)
{
	return r < 0 ? -errno : r;
}

static int result_int(int r)
{
	return r < 0 ? -errno : r;
}

static int k_socket(int side)
{
	(void)side;
	return result_int(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
}

static struct sockaddr_in name_of(uint32_t addr, uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(addr) };
}

/* 192.0.2.1 is nobody's (RFC 5737). */
static int k_bind(int fd, int any, uint16_t port)
{
	struct sockaddr_in a = name_of(any ? INADDR_ANY : 0xc0000201u, port);

	return result_int(bind(fd, (struct sockaddr *)&a, sizeof(a)));
}

static int k_listen(int fd, int backlog)
{
	return result_int(listen(fd, backlog));
}

static int k_accept(int fd)
{
	return result_int(accept4(fd, NULL, NULL, SOCK_NONBLOCK));
}

static int k_connect(int fd, uint16_t port)
{
	struct sockaddr_in a = name_of(INADDR_LOOPBACK, port);

	return result_int(connect(fd, (struct sockaddr *)&a, sizeof(a)));
}

static int k_port_of(int fd, int peer)
{
	struct sockaddr_in a = { .sin_port = 0 };
	socklen_t len = sizeof(a);
	int r = peer ? getpeername(fd, (struct sockaddr *)&a, &len)
		     : getsockname(fd, (struct sockaddr *)&a, &len);

	return r < 0 ? -errno : ntohs(a.sin_port);
}

static ssize_t k_send(int fd, const void *buf, size_t len, int flags)
{
	return result(send(fd, buf, len, flags));
}

static ssize_t k_recv(int fd, void *buf, size_t len, int flags)
{
	return result(recv(fd, buf, len, flags));
}

static int k_shutdown(int fd, int how)
{
	return result_int(shutdown(fd, how));
}

static int k_close(int fd)
{
	return result_int(close(fd));
}

static int k_poll(int fd, int events)
{
	struct pollfd p = { .fd = fd, .events = (short)events };

	poll(&p, 1, 0);
	return p.revents;
}

static int k_setopt(int fd, int level, int name, int value)
{
	return result_int(setsockopt(fd, level, name, &value, sizeof(value)));
}

static int k_getopt(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) < 0 ? -errno : value;
}

static int k_linger(int fd, int on, int seconds)
{
	struct linger l = { .l_onoff = on, .l_linger = seconds };

	return result_int(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
}

static int k_ioctl(int fd, unsigned long request)
{
	int value = 0;

	return ioctl(fd, request, &value) < 0 ? -errno : value;
}

static void k_settle(void)
{
	usleep(SETTLE_US);
}

static const struct sockapi api = {
	.socket = k_socket,
	.bind = k_bind,
	.listen = k_listen,
	.accept = k_accept,
	.connect = k_connect,
	.port_of = k_port_of,
	.send = k_send,
	.recv = k_recv,
	.shutdown = k_shutdown,
	.close = k_close,
	.poll = k_poll,
	.setopt = k_setopt,
	.getopt = k_getopt,
	.linger = k_linger,
	.ioctl = k_ioctl,
	.settle = k_settle,
};

/* Our own network, if we may; a namespace's loopback begins down. */
static void enter_namespace(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET) < 0 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
}

const struct sockapi *kernel_sockets(void)
{
	enter_namespace();
	return &api;
}

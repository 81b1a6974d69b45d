/* SPDX-License-Identifier: MIT */
/*
 * test_vsock.c - sockets over ustack.h beside the kernel's
 *
 * Two instances joined by a perfect link; the client's sockets are the first
 * one's.  A descriptor is that of the instance, plus SIDE for the second.
 */

#include "sockbattery.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/vhost.h"
#include "tests/lib/vsock.h"
#include "tests/unit/suites.h"

#define SIDE	  1000
#define WIRE_MAX  4096u
#define SETTLE_US 60000u /* longer than a delayed acknowledgement */
#define SEC(n)	  ((uint64_t)(n)*1000000u)

/* One world a test process. */
static struct {
	struct vhost host[2];
	struct vsock_net net[2];
	struct vpkt *wire[2][WIRE_MAX]; /* on their way to that side */
	uint32_t n[2];
	bool cut;
} world;

static int on_out(void *ctx, struct vpkt *p)
{
	int to = ctx == &world.host[0];

	if (world.cut || world.n[to] == WIRE_MAX)
		free(p);
	else
		world.wire[to][world.n[to]++] = p;
	return 0;
}

static bool deliver(int side)
{
	struct vpkt *batch[WIRE_MAX];
	uint32_t n = world.n[side];

	memcpy(batch, world.wire[side], n * sizeof(batch[0]));
	world.n[side] = 0;
	for (uint32_t i = 0; i < n; i++)
		vhost_input(&world.host[side], batch[i]);
	vhost_run(&world.host[side]);
	return n > 0;
}

static void settle_for(uint64_t us)
{
	uint64_t end = world.host[0].now_us + us;

	while (world.host[0].now_us < end) {
		uint64_t next = world.host[0].now_us + 1000;

		for (int i = 0; i < 2; i++)
			vhost_advance(&world.host[i], next);
		while (deliver(0) | deliver(1))
			;
	}
}

static void v_settle(void)
{
	settle_for(SETTLE_US);
}

static void begin(void)
{
	static const char *const addr[2] = { "10.7.0.1", "10.7.0.2" };

	memset(&world, 0, sizeof(world));
	for (int i = 0; i < 2; i++) {
		struct ustack_config cfg;

		vhost_config(&cfg);
		cfg.addr[0].addr = vhost_addr(addr[i]);
		cfg.naddrs = 1;
		world.host[i].out = on_out;
		world.host[i].ctx = &world.host[i];
		vhost_init(&world.host[i], &cfg, 7u + (uint64_t)i);
		vsock_init(&world.net[i], world.host[i].s);
	}
}

/* Nothing may be left: no connection, no timer, no memory. */
static void finish(void)
{
	world.cut = false;
	for (int i = 0; i < 2; i++)
		vsock_fini(&world.net[i]);
	settle_for(SEC(1));
	for (int i = 0; i < 2; i++) {
		struct ustack_gauges g;

		vhost_advance(&world.host[i], world.host[i].now_us + SEC(400));
		ustack_gauges(world.host[i].s, &g);
		ck_assert_uint_eq(g.timers, 0);
		ck_assert_ptr_null(vhost_fini(&world.host[i]));
	}
}

static struct vsock_net *net(int fd)
{
	return &world.net[fd >= SIDE];
}

static int side_fd(int side, int fd)
{
	return fd < 0 ? fd : fd + side * SIDE;
}

static int v_socket(int side)
{
	return side_fd(side, vsock_socket(&world.net[side]));
}

static int v_bind(int fd, int any, uint16_t port)
{
	struct vsock_name name = { .port = port };

	if (!any)
		name.addr = vhost_addr("192.0.2.1");
	return vsock_bind(net(fd), fd % SIDE, &name);
}

static int v_listen(int fd, int backlog)
{
	return vsock_listen(net(fd), fd % SIDE, backlog);
}

static int v_accept(int fd)
{
	return side_fd(fd >= SIDE, vsock_accept(net(fd), fd % SIDE, NULL));
}

static int v_connect(int fd, uint16_t port)
{
	struct vsock_name name = { .addr = vhost_addr("10.7.0.2"),
				   .port = port };

	return vsock_connect(net(fd), fd % SIDE, &name);
}

static int v_port_of(int fd, int peer)
{
	struct vsock_name name = { .port = 0 };
	int r = peer ? vsock_getpeername(net(fd), fd % SIDE, &name)
		     : vsock_getsockname(net(fd), fd % SIDE, &name);

	return r < 0 ? r : name.port;
}

static ssize_t v_send(int fd, const void *buf, size_t len, int flags)
{
	struct ustack_iov iov = { (void *)(uintptr_t)buf, len };

	return vsock_sendmsg(net(fd), fd % SIDE, &iov, 1, flags);
}

/* Scattered over two pieces, as a test of that. */
static ssize_t v_recv(int fd, void *buf, size_t len, int flags)
{
	struct ustack_iov iov[2] = { { buf, len / 2 },
				     { (uint8_t *)buf + len / 2,
				       len - len / 2 } };

	return vsock_recvmsg(net(fd), fd % SIDE, iov, 2, flags);
}

static int v_shutdown(int fd, int how)
{
	return vsock_shutdown(net(fd), fd % SIDE, how);
}

static int v_close(int fd)
{
	return vsock_close(net(fd), fd % SIDE);
}

static int v_poll(int fd, int events)
{
	return vsock_poll(net(fd), fd % SIDE, events);
}

static int v_setopt(int fd, int level, int name, int value)
{
	struct vsock_opt o = { level, name };

	return vsock_setsockopt(net(fd), fd % SIDE, o, &value, sizeof(value));
}

static int v_getopt(int fd, int level, int name)
{
	struct vsock_opt o = { level, name };
	int value = 0;
	socklen_t len = sizeof(value);
	int r = vsock_getsockopt(net(fd), fd % SIDE, o, &value, &len);

	return r < 0 ? r : value;
}

static int v_linger(int fd, int on, int seconds)
{
	struct linger l = { .l_onoff = on, .l_linger = seconds };
	struct vsock_opt o = { SOL_SOCKET, SO_LINGER };

	return vsock_setsockopt(net(fd), fd % SIDE, o, &l, sizeof(l));
}

static int v_ioctl(int fd, unsigned long request)
{
	int value = 0;
	int r = vsock_ioctl(net(fd), fd % SIDE, request, &value);

	return r < 0 ? r : value;
}

static const struct sockapi virtual_sockets = {
	.socket = v_socket,
	.bind = v_bind,
	.listen = v_listen,
	.accept = v_accept,
	.connect = v_connect,
	.port_of = v_port_of,
	.send = v_send,
	.recv = v_recv,
	.shutdown = v_shutdown,
	.close = v_close,
	.poll = v_poll,
	.setopt = v_setopt,
	.getopt = v_getopt,
	.linger = v_linger,
	.ioctl = v_ioctl,
	.settle = v_settle,
};

static struct talk *transcript(const struct sockapi *api, int scene)
{
	struct talk *t = calloc(1, sizeof(*t));
	size_t n;

	t->a = api;
	sockbattery(&n)[scene].play(t);
	return t;
}

/* Design section 4: what a POSIX socket layer answers, the kernel the judge. */
START_TEST(sockets_answer_as_the_kernels_do)
{
	struct talk *ours, *kernels;
	size_t n;

	begin();
	ours = transcript(&virtual_sockets, _i);
	finish();
	kernels = transcript(kernel_sockets(), _i);
	ck_assert_msg(!strcmp(ours->text, kernels->text),
		      "%s\n--- ours\n%s--- kernel's\n%s",
		      sockbattery(&n)[_i].name, ours->text, kernels->text);
	ck_assert_uint_gt(ours->len, 0);
	free(ours);
	free(kernels);
}
END_TEST

/* RFC 9293 section 3.9.1: what loopback is too quick to show. */
START_TEST(connect_that_waits_says_so)
{
	int c;

	begin();
	world.cut = true;
	c = v_socket(0);
	ck_assert_int_eq(v_connect(c, 7), -EINPROGRESS);
	settle_for(1000);
	ck_assert_int_eq(v_connect(c, 7), -EALREADY);
	ck_assert_int_eq(v_poll(c, POLLIN | POLLOUT), 0);
	ck_assert_int_eq((int)v_send(c, "x", 1, 0), -EAGAIN);
	ck_assert_int_eq(v_setopt(c, IPPROTO_TCP, TCP_SYNCNT, 2), 0);
	settle_for(SEC(8));
	ck_assert_int_eq(v_getopt(c, SOL_SOCKET, SO_ERROR), ETIMEDOUT);
	ck_assert_int_eq(v_getopt(c, SOL_SOCKET, SO_ERROR), 0);
	finish();
}
END_TEST

/* 5482-3, MUST-12: silence is told as what it is. */
START_TEST(silent_peer_is_a_timeout)
{
	int l, c, s;
	char b[4];

	begin();
	l = v_socket(1);
	ck_assert_int_eq(v_listen(l, 1), 0);
	c = v_socket(0);
	v_connect(c, (uint16_t)v_port_of(l, 0));
	v_settle();
	s = v_accept(l);
	ck_assert_int_ge(s, SIDE);
	ck_assert_int_eq(v_setopt(c, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000), 0);
	world.cut = true;
	ck_assert_int_eq((int)v_send(c, "x", 1, 0), 1);
	settle_for(SEC(20));
	ck_assert_int_eq(v_poll(c, POLLIN) & POLLERR, POLLERR);
	ck_assert_int_eq((int)v_recv(c, b, 4, 0), -ETIMEDOUT);
	ck_assert_int_eq((int)v_recv(c, b, 4, 0), 0);
	finish();
}
END_TEST

/* Design section 4: TCP_INFO from ustack_info() alone. */
START_TEST(tcp_info_can_be_filled)
{
	struct vsock_opt o = { IPPROTO_TCP, TCP_INFO };
	struct tcp_info t;
	socklen_t len = sizeof(t);
	int l, c;

	begin();
	l = v_socket(1);
	v_listen(l, 1);
	c = v_socket(0);
	v_connect(c, (uint16_t)v_port_of(l, 0));
	v_settle();
	ck_assert_int_eq(vsock_getsockopt(net(c), c, o, &t, &len), 0);
	ck_assert_uint_eq(t.tcpi_state, TCP_ESTABLISHED);
	ck_assert_uint_eq(t.tcpi_snd_mss, 1448);
	ck_assert_uint_eq(t.tcpi_snd_cwnd, 10);
	ck_assert_uint_eq(t.tcpi_pmtu, 1500);
	finish();
}
END_TEST

Suite *suite_lib_vsock(void)
{
	Suite *s = suite_create("lib/vsock");
	TCase *tc = tcase_create("battery");
	size_t n;

	sockbattery(&n);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, sockets_answer_as_the_kernels_do, 0, (int)n);
	tcase_add_test(tc, connect_that_waits_says_so);
	tcase_add_test(tc, silent_peer_is_a_timeout);
	tcase_add_test(tc, tcp_info_can_be_filled);
	suite_add_tcase(s, tc);
	return s;
}

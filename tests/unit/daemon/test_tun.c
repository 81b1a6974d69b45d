/* SPDX-License-Identifier: MIT */
/*
 * test_tun.c - a descriptor handed over by --tun-fd
 *
 * One end of a socket pair is the device, the test holds the other.  A real
 * TUN is the system tests' matter.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/tun.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define PACKET "\x45 not really a packet"

struct pair {
	struct tun *tun;
	int peer;
	struct ustack_pkt in;
	char err[256];
};

static void pair_open(struct pair *p, int type)
{
	struct config cfg = { .manage = true, .mtu = 1500 };
	int fd[2];

	signal(SIGPIPE, SIG_IGN); /* as main() does */
	*p = (struct pair){ 0 };
	ck_assert_int_eq(socketpair(AF_UNIX, type, 0, fd), 0);
	p->peer = fd[0];
	cfg.tun_fd = fd[1];
	p->tun = tun_open(&cfg, p->err, sizeof(p->err));
	if (!p->tun)
		return;
	p->in.slice[0].buf = calloc(
		1, sizeof(struct ubuf) + USTACK_PKT_HEADROOM + USTACK_PKT_ROOM);
}

static void pair_close(struct pair *p)
{
	if (p->peer >= 0)
		close(p->peer);
	free(p->in.slice[0].buf);
	tun_close(p->tun);
}

static int pair_read(struct pair *p)
{
	p->in.slice[0].off = USTACK_PKT_HEADROOM;
	p->in.slice[0].len = USTACK_PKT_ROOM;
	p->in.nslices = 1;
	p->in.flags = 0xff;
	p->in.gso_size = 99;
	return tun_read(p->tun, &p->in);
}

static const int kinds[] = { SOCK_SEQPACKET, SOCK_DGRAM };

START_TEST(socket_carries_one_packet_per_read)
{
	struct tun_info info;
	struct pair p;

	pair_open(&p, kinds[_i]);
	ck_assert_int_eq(pair_read(&p), 0);
	ck_assert_int_eq(send(p.peer, PACKET, sizeof(PACKET), 0),
			 sizeof(PACKET));
	ck_assert_int_eq(send(p.peer, PACKET, 4, 0), 4);
	ck_assert_int_eq(pair_read(&p), 1);
	ck_assert_uint_eq(p.in.len, sizeof(PACKET));
	ck_assert_uint_eq(p.in.slice[0].len, sizeof(PACKET));
	ck_assert_mem_eq(slice_data(&p.in.slice[0]), PACKET, sizeof(PACKET));
	ck_assert_uint_eq(p.in.flags, 0);
	ck_assert_uint_eq(p.in.gso_size, 0);
	ck_assert_int_eq(pair_read(&p), 1);
	ck_assert_uint_eq(p.in.len, 4);
	tun_info(p.tun, &info);
	ck_assert_str_eq(info.mode, "raw");
	ck_assert_str_eq(info.ifname, "-");
	ck_assert_uint_eq(info.rx_packets, 2);
	ck_assert_uint_eq(info.rx_bytes, sizeof(PACKET) + 4);
	pair_close(&p);
}
END_TEST

static struct ubuf *text_buf(const char *text)
{
	struct ubuf *b = calloc(1, sizeof(*b) + strlen(text));

	memcpy(b->data, text, strlen(text));
	return b;
}

/* Headers and slices leave as one packet, in order, without a virtio header. */
START_TEST(packet_is_written_in_one_piece)
{
	struct ubuf *b = text_buf("..one, two");
	struct ustack_pkt out = { .head = "head:", .head_len = 5, .nslices = 2 };
	char got[64] = "";
	struct pair p;

	pair_open(&p, kinds[_i]);
	out.slice[0] = (struct slice){ .buf = b, .off = 2, .len = 4 };
	out.slice[1] = (struct slice){ .buf = b, .off = 6, .len = 4 };
	out.len = 13;
	ck_assert_int_eq(tun_write(p.tun, &out), 0);
	ck_assert_int_eq(recv(p.peer, got, sizeof(got), 0), 13);
	ck_assert_str_eq(got, "head:one, two");
	free(b);
	pair_close(&p);
}
END_TEST

START_TEST(full_socket_is_no_error)
{
	struct ustack_pkt out = { .head_len = 40, .len = 40 };
	struct tun_info info;
	struct pair p;
	int rc = 0;

	pair_open(&p, kinds[_i]);
	for (int i = 0; i < 100000 && rc == 0; i++)
		rc = tun_write(p.tun, &out);
	ck_assert_int_eq(rc, -ERR_AGAIN);
	tun_info(p.tun, &info);
	ck_assert_uint_eq(info.tx_errors, 0);
	pair_close(&p);
}
END_TEST

START_TEST(other_end_closed_is_the_end)
{
	struct ustack_pkt out = { .head_len = 40, .len = 40 };
	struct tun_info info;
	struct pair p;

	pair_open(&p, SOCK_SEQPACKET);
	close(p.peer);
	p.peer = -1;
	ck_assert_int_lt(pair_read(&p), 0);
	ck_assert_int_eq(tun_write(p.tun, &out), -ERR_INVAL);
	tun_info(p.tun, &info);
	ck_assert_uint_eq(info.tx_errors, 1);
	ck_assert_uint_eq(info.rx_errors, 1);
	pair_close(&p);
}
END_TEST

START_TEST(empty_datagram_is_not_the_end)
{
	struct pair p;

	pair_open(&p, kinds[_i]);
	ck_assert_int_eq(send(p.peer, "", 0, 0), 0);
	ck_assert_int_eq(pair_read(&p), 1);
	ck_assert_uint_eq(p.in.len, 0);
	ck_assert_int_eq(send(p.peer, PACKET, 4, 0), 4);
	ck_assert_int_eq(pair_read(&p), 1);
	ck_assert_uint_eq(p.in.len, 4);
	pair_close(&p);
}
END_TEST

START_TEST(stream_socket_is_refused)
{
	struct pair p;

	pair_open(&p, SOCK_STREAM);
	ck_assert_ptr_null(p.tun);
	ck_assert_ptr_nonnull(strstr(p.err, "SOCK_SEQPACKET"));
	pair_close(&p);
}
END_TEST

START_TEST(other_descriptors_are_refused)
{
	struct config cfg = { .tun_fd = open("/dev/null", O_RDWR) };
	char err[256] = "";

	ck_assert_ptr_null(tun_open(&cfg, err, sizeof(err)));
	ck_assert_ptr_nonnull(strstr(err, "neither a TUN nor a socket"));
	cfg.tun_fd = 999;
	ck_assert_ptr_null(tun_open(&cfg, err, sizeof(err)));
	ck_assert_ptr_nonnull(strstr(err, "--tun-fd 999"));
}
END_TEST

START_TEST(raw_packets_have_no_offload)
{
	struct ustack_config sc = { .tx_csum = true,
				    .tx_tso4 = true,
				    .tx_tso6 = true };
	struct pair p;

	pair_open(&p, SOCK_SEQPACKET);
	tun_caps(p.tun, &sc);
	ck_assert(!sc.tx_csum);
	ck_assert(!sc.tx_tso4);
	ck_assert(!sc.tx_tso6);
	pair_close(&p);
}
END_TEST

Suite *suite_daemon_tun(void)
{
	Suite *s = suite_create("daemon/tun");
	TCase *tc = tcase_create("handed over");

	tcase_add_loop_test(tc, socket_carries_one_packet_per_read, 0, 2);
	tcase_add_loop_test(tc, packet_is_written_in_one_piece, 0, 2);
	tcase_add_loop_test(tc, full_socket_is_no_error, 0, 2);
	tcase_add_loop_test(tc, empty_datagram_is_not_the_end, 0, 2);
	tcase_add_test(tc, other_end_closed_is_the_end);
	tcase_add_test(tc, stream_socket_is_refused);
	tcase_add_test(tc, other_descriptors_are_refused);
	tcase_add_test(tc, raw_packets_have_no_offload);
	suite_add_tcase(s, tc);
	return s;
}

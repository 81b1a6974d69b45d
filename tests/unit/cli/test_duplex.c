/* SPDX-License-Identifier: MIT */
/*
 * test_duplex.c - bytes between pipes, for standard input and output, and a socket
 */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/duplex.h"
#include "tests/unit/suites.h"

#define TURNS_MAX 10000

/**
 * struct rig - what is moved, and the other ends
 * @d:		under test
 * @in:		written to, -1 = closed
 * @out:	read from, -1 = closed
 * @sock:	its end of the socket pair
 * @peer:	the other one, -1 = closed
 */
struct rig {
	struct duplex d;
	int in;
	int out;
	int sock;
	int peer;
};

static struct rig *rig_new(void)
{
	struct rig *r = malloc(sizeof(*r));
	int in[2];
	int out[2];
	int pair[2];

	ck_assert_int_eq(pipe(in), 0);
	ck_assert_int_eq(pipe2(out, O_NONBLOCK), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(fcntl(out[1], F_SETFL, 0), 0); /* may wait */
	ck_assert_int_eq(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
	duplex_init(&r->d, pair[0]);
	ck_assert_int_eq(r->d.up.from, STDIN_FILENO);
	ck_assert_int_eq(r->d.down.to, STDOUT_FILENO);
	r->d.up.from = in[0];
	r->d.down.to = out[1];
	r->in = in[1];
	r->out = out[0];
	r->sock = pair[0];
	r->peer = pair[1];
	return r;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void rig_free(struct rig *r)
{
	shut(&r->d.up.from);
	shut(&r->d.down.to);
	shut(&r->in);
	shut(&r->out);
	shut(&r->sock);
	shut(&r->peer);
	free(r);
}

/* Until nothing is ready. */
static void turn(struct rig *r)
{
	struct pollfd p[DUPLEX_FDS];
	int n = 0;

	for (;;) {
		duplex_watch(&r->d, p);
		if (poll(p, DUPLEX_FDS, 0) <= 0)
			return;
		duplex_move(&r->d, p);
		ck_assert_int_lt(n++, TURNS_MAX);
	}
}

static void comes(int fd, const char *text)
{
	char got[64] = "";

	ck_assert_int_eq(read(fd, got, sizeof(got) - 1), (ssize_t)strlen(text));
	ck_assert_str_eq(got, text);
}

static void put(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* As much as goes in without waiting. */
static size_t flood(int fd)
{
	static const char bytes[4096];
	size_t all = 0;
	ssize_t n;

	while ((n = write(fd, bytes, sizeof(bytes))) > 0)
		all += (size_t)n;
	return all;
}

START_TEST(each_end_is_passed_on_by_itself)
{
	struct rig *r = rig_new();
	char c;

	put(r->in, "question");
	shut(&r->in);
	turn(r);
	comes(r->peer, "question");
	ck_assert_int_eq(read(r->peer, &c, 1), 0);
	ck_assert(r->d.up.ended && !r->d.down.ended);
	put(r->peer, "answer");
	turn(r);
	comes(r->out, "answer");
	ck_assert(!r->d.down.ended);
	shut(&r->peer);
	turn(r);
	ck_assert(r->d.down.ended);
	ck_assert_int_eq(r->d.failed, 0);
	ck_assert_int_eq(r->d.unread, 0);
	rig_free(r);
}
END_TEST

/* The test would hang if a full pipe were waited for. */
START_TEST(full_output_holds_up_nothing_else)
{
	struct rig *r = rig_new();
	char buf[4096];
	size_t sent = 0;
	size_t got = 0;
	ssize_t n;

	for (int i = 0; i < 100; i++) {
		sent += flood(r->peer);
		turn(r);
	}
	put(r->in, "still");
	turn(r);
	comes(r->peer, "still");
	shut(&r->peer);
	do {
		turn(r);
		n = read(r->out, buf, sizeof(buf));
		got += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	ck_assert_uint_eq(got, sent);
	ck_assert(r->d.down.ended);
	rig_free(r);
}
END_TEST

START_TEST(full_peer_holds_up_nothing_else)
{
	struct rig *r = rig_new();

	ck_assert_int_eq(fcntl(r->in, F_SETFL, O_NONBLOCK), 0);
	for (int i = 0; i < 100; i++) {
		flood(r->in);
		turn(r);
	}
	ck_assert_uint_lt(r->d.up.off, r->d.up.len);
	put(r->peer, "still");
	turn(r);
	comes(r->out, "still");
	ck_assert(!r->d.up.ended);
	rig_free(r);
}
END_TEST

START_TEST(peer_that_has_gone_is_no_signal)
{
	struct rig *r = rig_new();

	shut(&r->peer);
	put(r->in, "nobody reads this");
	turn(r);
	ck_assert(r->d.up.ended && r->d.down.ended);
	ck_assert_int_eq(r->d.failed, 0);
	ck_assert_int_eq(r->d.unread, 0);
	rig_free(r);
}
END_TEST

/* Input that was closed all along is empty. */
START_TEST(input_that_cannot_be_read_is_told)
{
	struct rig *r = rig_new();
	char c;

	shut(&r->d.up.from);
	r->d.up.from = open(_i ? "/" : "/dev/null", _i ? O_RDONLY : O_WRONLY);
	turn(r);
	ck_assert_int_eq(r->d.unread, _i ? EISDIR : 0);
	ck_assert(r->d.up.ended);
	ck_assert_int_eq(read(r->peer, &c, 1), 0);
	rig_free(r);
}
END_TEST

START_TEST(output_that_takes_nothing_is_told)
{
	struct rig *r = rig_new();

	shut(&r->d.down.to);
	r->d.down.to = open(_i ? "/dev/full" : "/dev/null",
			    _i ? O_WRONLY : O_RDONLY);
	put(r->peer, "lost");
	turn(r);
	ck_assert_int_eq(r->d.failed, _i ? ENOSPC : EBADF);
	ck_assert(r->d.down.ended && !r->d.up.ended);
	rig_free(r);
}
END_TEST

START_TEST(stopped_input_is_not_watched)
{
	struct rig *r = rig_new();
	struct pollfd p[DUPLEX_FDS];

	duplex_stop_up(&r->d);
	put(r->in, "too late");
	duplex_watch(&r->d, p);
	ck_assert_int_eq(p[0].fd, -1);
	ck_assert_int_eq(p[1].fd, r->sock);
	turn(r);
	ck_assert_uint_eq(r->d.up.len, 0);
	rig_free(r);
}
END_TEST

Suite *suite_cli_duplex(void)
{
	Suite *s = suite_create("cli/duplex");
	TCase *tc = tcase_create("duplex");

	tcase_add_test(tc, each_end_is_passed_on_by_itself);
	tcase_add_test(tc, full_output_holds_up_nothing_else);
	tcase_add_test(tc, full_peer_holds_up_nothing_else);
	tcase_add_test(tc, peer_that_has_gone_is_no_signal);
	tcase_add_loop_test(tc, input_that_cannot_be_read_is_told, 0, 2);
	tcase_add_loop_test(tc, output_that_takes_nothing_is_told, 0, 2);
	tcase_add_test(tc, stopped_input_is_not_watched);
	suite_add_tcase(s, tc);
	return s;
}

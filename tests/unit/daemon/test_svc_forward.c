/* SPDX-License-Identifier: MIT */
/*
 * test_svc_forward.c - a stream in memory, forwarded to real servers
 *
 * What happens once both are joined, test_svc_join.c holds.
 */

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/svc/note.h"
#include "fakeloop.h"
#include "fakestream.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define TEXT "as if there were nothing in between"
#define LEN  (sizeof(TEXT) - 1)
#define ROOM 100000u

/**
 * struct rig - a forward service and its server
 * @l:		loop
 * @notes:	what it says
 * @said:	the last of that
 * @f:		the stream
 * @dir:	where a Unix socket is
 * @path:	its path
 * @listener:	the server
 * @host:	the connection it has accepted, -1 = none
 */
struct rig {
	struct fakeloop l;
	struct svc_notes notes;
	char said[SVC_NOTE_MAX];
	struct fake *f;
	char dir[40];
	char path[60];
	int listener;
	int host;
};

static void note(void *arg, uint64_t conn, const char *text)
{
	struct rig *r = arg;

	(void)conn;
	snprintf(r->said, sizeof(r->said), "%s", text);
}

static void rig_init(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	fakeloop_init(&r->l);
	r->host = -1;
	r->f = fake_service(&svc_forward);
	r->f->limit = ROOM;
	r->f->service.loop = &r->l.loop;
	r->notes = (struct svc_notes){ .tell = note,
				       .arg = r,
				       .loop = &r->l.loop };
	r->f->service.notes = &r->notes;
	snprintf(r->dir, sizeof(r->dir), "%s", "/tmp/ustack-forward-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(r->dir));
	snprintf(r->path, sizeof(r->path), "%s/s", r->dir);
}

static void rig_listen(struct rig *r, const void *sa, socklen_t len,
		       int backlog)
{
	int family = ((const struct sockaddr *)sa)->sa_family;

	r->listener = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(r->listener, sa, len), 0);
	ck_assert_int_eq(listen(r->listener, backlog), 0);
}

static void rig_start(struct rig *r, const char *target)
{
	snprintf(r->f->service.target, sizeof(r->f->service.target), "%s",
		 target);
	ck_assert_int_eq(svc_forward.start(&r->f->service), 0);
}

static void rig_unix(struct rig *r, int backlog)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char target[80];

	rig_init(r);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", r->path);
	rig_listen(r, &sun, sizeof(sun), backlog);
	snprintf(target, sizeof(target), "unix:%s", r->path);
	rig_start(r, target);
}

/* @open: it listens; else its port is known to be closed. */
static void rig_tcp(struct rig *r, bool open)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	char target[80];

	rig_init(r);
	rig_listen(r, &sin, sizeof(sin), 1);
	getsockname(r->listener, (struct sockaddr *)&sin, &len);
	snprintf(target, sizeof(target), "tcp:127.0.0.1:%u",
		 ntohs(sin.sin_port));
	if (!open) {
		close(r->listener);
		r->listener = -1;
	}
	rig_start(r, target);
}

static void rig_fini(struct rig *r)
{
	fake_free(r->f);
	fakeloop_fini(&r->l);
	if (r->host >= 0)
		close(r->host);
	if (r->listener >= 0)
		close(r->listener);
	unlink(r->path);
	rmdir(r->dir);
}

static void rig_accept(struct rig *r)
{
	r->host = accept4(r->listener, NULL, NULL, SOCK_NONBLOCK);
	ck_assert_int_ge(r->host, 0);
}

static uint64_t counted(const struct rig *r, enum svc_counter c)
{
	return r->f->counters[c];
}

/* Nothing is left of the connection but the stream, which is cut. */
static void expect_refused(const struct rig *r, enum svc_counter c)
{
	ck_assert(r->f->aborted);
	ck_assert_uint_eq(fakeloop_watches(&r->l), 0);
	ck_assert_uint_eq(fakeloop_timers(&r->l), 0);
	for (int i = SVC_C_FORWARD_CONNECTS; i <= SVC_C_FORWARD_FAILED; i++)
		ck_assert_uint_eq(r->f->counters[i], i == (int)c);
}

START_TEST(connection_is_joined_with_its_target)
{
	uint8_t got[LEN + 1];
	struct rig r;

	if (_i)
		rig_tcp(&r, true);
	else
		rig_unix(&r, 1);
	service_opened(&r.f->st);
	fake_send(r.f, TEXT, LEN);
	fakeloop_run(&r.l);
	rig_accept(&r);
	ck_assert_int_eq(read(r.host, got, sizeof(got)), LEN);
	ck_assert_mem_eq(got, TEXT, LEN);
	ck_assert_int_eq(write(r.host, TEXT, LEN), LEN);
	fakeloop_run(&r.l);
	ck_assert_uint_eq(r.f->out_len, LEN);
	ck_assert_uint_eq(counted(&r, SVC_C_FORWARD_CONNECTS), 1);
	ck_assert_uint_eq(fakeloop_timers(&r.l), 0);
	ck_assert_str_eq(r.said, "");
	rig_fini(&r);
}
END_TEST

/* Bytes and end that come before the host has answered go there in order. */
START_TEST(what_comes_early_waits)
{
	uint8_t got[LEN];
	struct rig r;

	rig_tcp(&r, true);
	service_opened(&r.f->st);
	fake_send(r.f, TEXT, LEN);
	ck_assert_uint_eq(fake_waiting(r.f), LEN);
	fakeloop_run(&r.l);
	fake_fin(r.f);
	rig_accept(&r);
	ck_assert_int_eq(read(r.host, got, LEN), LEN);
	ck_assert_int_eq(read(r.host, got, 1), 0);
	rig_fini(&r);

	rig_tcp(&r, true);
	service_opened(&r.f->st);
	fake_fin(r.f);
	fakeloop_run(&r.l);
	rig_accept(&r);
	ck_assert_int_eq(read(r.host, got, 1), 0);
	ck_assert(!r.f->closed);
	close(r.host);
	r.host = -1;
	fakeloop_run(&r.l);
	ck_assert(r.f->closed && !r.f->aborted);
	rig_fini(&r);
}
END_TEST

START_TEST(refusal_becomes_a_reset)
{
	struct rig r;

	rig_tcp(&r, false);
	service_opened(&r.f->st);
	fakeloop_run(&r.l);
	expect_refused(&r, SVC_C_FORWARD_REFUSED);
	ck_assert_ptr_nonnull(strstr(r.said, "service : tcp:127.0.0.1:"));
	ck_assert_ptr_nonnull(strstr(r.said, ": Connection refused; "));
	rig_fini(&r);
}
END_TEST

START_TEST(missing_socket_becomes_a_reset)
{
	struct rig r;

	rig_init(&r);
	r.listener = -1;
	rig_start(&r, "unix:/nonexistent/socket");
	service_opened(&r.f->st);
	expect_refused(&r, SVC_C_FORWARD_FAILED);
	ck_assert_ptr_nonnull(strstr(r.said, "No such file"));
	rig_fini(&r);
}
END_TEST

static int fill_backlog(const struct rig *r, int *fds, int most)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int n = 0;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", r->path);
	for (; n < most; n++) {
		fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(fds[n], (struct sockaddr *)&sun, sizeof(sun)) < 0)
			break;
	}
	ck_assert_int_lt(n, most);
	close(fds[n]);
	return n;
}

/* A server that does not accept for some time; its backlog is full. */
START_TEST(full_backlog_is_waited_for)
{
	struct rig r;
	int fds[8];
	int n;

	rig_unix(&r, 0);
	n = fill_backlog(&r, fds, 8);
	service_opened(&r.f->st);
	for (int i = 0; i < 100; i++) {
		ck_assert_uint_eq(fakeloop_timers(&r.l), 1);
		fakeloop_advance(&r.l, 20000);
	}
	ck_assert_uint_eq(counted(&r, SVC_C_FORWARD_CONNECTS), 0);
	for (int i = 0; i < n; i++) {
		rig_accept(&r);
		close(r.host);
		close(fds[i]);
	}
	fakeloop_advance(&r.l, 20000);
	ck_assert_uint_eq(counted(&r, SVC_C_FORWARD_CONNECTS), 1);
	rig_accept(&r);
	rig_fini(&r);
}
END_TEST

START_TEST(server_that_never_accepts_is_given_up)
{
	struct rig r;
	int fds[8];
	int n;

	rig_unix(&r, 0);
	n = fill_backlog(&r, fds, 8);
	service_opened(&r.f->st);
	for (int i = 0; i < 499; i++)
		fakeloop_advance(&r.l, 20000);
	ck_assert(!r.f->aborted);
	fakeloop_advance(&r.l, 20000);
	expect_refused(&r, SVC_C_FORWARD_TIMEOUTS);
	ck_assert_ptr_nonnull(strstr(r.said, "timed out"));
	while (n--)
		close(fds[n]);
	rig_fini(&r);
}
END_TEST

/* 10 s without an answer; the loop is not run, so none is seen. */
START_TEST(host_that_does_not_answer_is_given_up)
{
	struct rig r;

	rig_tcp(&r, true);
	service_opened(&r.f->st);
	fakeloop_advance(&r.l, 9999999);
	ck_assert(!r.f->aborted);
	fakeloop_advance(&r.l, 1);
	expect_refused(&r, SVC_C_FORWARD_TIMEOUTS);
	rig_fini(&r);
}
END_TEST

START_TEST(peer_that_leaves_early_leaves_nothing)
{
	struct rig r;

	rig_tcp(&r, true);
	service_opened(&r.f->st);
	r.f->st.end = -ERR_CONNRESET;
	fake_close(r.f);
	ck_assert_uint_eq(fakeloop_watches(&r.l), 0);
	ck_assert_uint_eq(fakeloop_timers(&r.l), 0);
	rig_fini(&r);
}
END_TEST

/* Some descriptors are left to others. */
START_TEST(descriptors_run_out_before_there_are_none)
{
	struct rlimit lim;
	struct rlimit less;
	struct rig r;

	getrlimit(RLIMIT_NOFILE, &lim);
	less = lim;
	less.rlim_cur = 8;
	setrlimit(RLIMIT_NOFILE, &less);
	rig_tcp(&r, true);
	service_opened(&r.f->st);
	fakeloop_run(&r.l);
	setrlimit(RLIMIT_NOFILE, &lim);
	expect_refused(&r, SVC_C_FORWARD_FAILED);
	ck_assert_ptr_nonnull(strstr(r.said, "Too many open files"));
	rig_fini(&r);
}
END_TEST

START_TEST(connection_without_memory_is_cut)
{
	struct rig r;

	rig_tcp(&r, true);
	r.l.no_memory = true;
	service_opened(&r.f->st);
	expect_refused(&r, SVC_C_FORWARD_FAILED);
	rig_fini(&r);
}
END_TEST

START_TEST(service_stops_with_connections_open)
{
	uint8_t byte;
	struct rig r;

	rig_tcp(&r, true);
	service_opened(&r.f->st);
	if (_i) {
		fakeloop_run(&r.l);
		rig_accept(&r);
	}
	svc_forward.stop(&r.f->service);
	fakeloop_fini(&r.l);
	if (_i) {
		ck_assert_int_eq(read(r.host, &byte, 1), -1);
		ck_assert_int_eq(errno, ECONNRESET);
	}
	ck_assert_int_eq(svc_forward.start(&r.f->service), 0);
	rig_fini(&r);
}
END_TEST

START_TEST(start_fails_with_a_reason)
{
	struct rig r;

	rig_init(&r);
	r.listener = -1;
	snprintf(r.f->service.target, sizeof(r.f->service.target), "%s",
		 "tcp:nowhere");
	ck_assert_int_eq(svc_forward.start(&r.f->service), -ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(r.f->service.why, "tcp:nowhere: "));
	rig_fini(&r);
}
END_TEST

Suite *suite_daemon_svc_forward(void)
{
	Suite *s = suite_create("daemon/svc/forward");
	TCase *tc = tcase_create("forward");

	tcase_add_loop_test(tc, connection_is_joined_with_its_target, 0, 2);
	tcase_add_test(tc, what_comes_early_waits);
	tcase_add_test(tc, refusal_becomes_a_reset);
	tcase_add_test(tc, missing_socket_becomes_a_reset);
	tcase_add_test(tc, full_backlog_is_waited_for);
	tcase_add_test(tc, server_that_never_accepts_is_given_up);
	tcase_add_test(tc, host_that_does_not_answer_is_given_up);
	tcase_add_test(tc, peer_that_leaves_early_leaves_nothing);
	tcase_add_test(tc, descriptors_run_out_before_there_are_none);
	tcase_add_test(tc, connection_without_memory_is_cut);
	tcase_add_loop_test(tc, service_stops_with_connections_open, 0, 2);
	tcase_add_test(tc, start_fails_with_a_reason);
	suite_add_tcase(s, tc);
	return s;
}

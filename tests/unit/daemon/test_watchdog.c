/* SPDX-License-Identifier: MIT */
/*
 * test_watchdog.c - signs of life: who gives them, and when nobody does
 *
 * The test is systemd: it holds the socket that NOTIFY_SOCKET names.
 */

#include <check.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/watchdog.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"
#include "worker_rig.h"

#define PERIOD_US 20000u

/* What systemd and the main thread have. */
struct rig {
	struct worker_rig w;
	struct watchdog wd;
	struct ev_io heard;
	struct ev_timer pause;
	int fd;
	int signs;
	int enough;
};

/* ------------------------------------------------------------ the environment */

static const struct {
	const char *usec;
	const char *pid; /* "self" = ours */
	uint64_t want_us;
} environments[] = {
	{ NULL, NULL, 0 },
	{ NULL, "self", 0 },
	{ "30000000", NULL, 30000000 },
	{ "30000000", "self", 30000000 },
	{ "30000000", "1", 0 },
	{ "30000000", "", 0 },
	{ "0", NULL, 0 },
	{ "", NULL, 0 },
	{ "-1", NULL, 0 },
	{ " 1", NULL, 0 },
	{ "30s", NULL, 0 },
	{ "99999999999999999999", NULL, 0 },
};

static void set_or_unset(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

START_TEST(period_is_what_systemd_says)
{
	const char *pid = environments[_i].pid;
	char self[16];

	(void)snprintf(self, sizeof(self), "%d", (int)getpid());
	set_or_unset("WATCHDOG_USEC", environments[_i].usec);
	set_or_unset("WATCHDOG_PID", pid && !strcmp(pid, "self") ? self : pid);
	EXPECT_EQ(watchdog_period_us(), environments[_i].want_us);
}
END_TEST

/* --------------------------------------------------------------- signs of life */

static void on_heard(struct ev_loop *loop, struct ev_io *io, int revents)
{
	struct rig *r = io->data;
	char text[64] = "";

	(void)revents;
	ck_assert_int_gt(recv(r->fd, text, sizeof(text) - 1, 0), 0);
	ck_assert_str_eq(text, "WATCHDOG=1");
	if (++r->signs == r->enough)
		ev_break(loop, EVBREAK_ALL);
}

static void on_pause(struct ev_loop *loop, struct ev_timer *t, int revents)
{
	(void)t;
	(void)revents;
	ev_break(loop, EVBREAK_ALL);
}

/* The main thread runs until @n signs have come. */
static void hear(struct rig *r, int n)
{
	r->enough = r->signs + n;
	ev_run(r->w.loop, 0);
}

/* The main thread runs for so many periods; the signs that came. */
static int listen_for(struct rig *r, int periods)
{
	int before = r->signs;

	r->enough = -1;
	ev_timer_set(&r->pause, periods * (PERIOD_US / 1e6), 0.);
	ev_timer_start(r->w.loop, &r->pause);
	ev_run(r->w.loop, 0);
	return r->signs - before;
}

static void rig_init(struct rig *r, const char *period)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	socklen_t len;
	char name[64];

	memset(r, 0, sizeof(*r));
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			  (size_t)snprintf(name, sizeof(name),
					   "@ustack-test-%d", (int)getpid()));
	memcpy(sa.sun_path + 1, name + 1, strlen(name + 1));
	r->fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(r->fd, (struct sockaddr *)&sa, len), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	set_or_unset("WATCHDOG_USEC", period);
	unsetenv("WATCHDOG_PID");
	worker_rig_init(&r->w);
	ck_assert_int_eq(worker_start(r->w.worker), 0);
	ev_io_init(&r->heard, on_heard, r->fd, EV_READ);
	r->heard.data = r;
	ev_io_start(r->w.loop, &r->heard);
	ev_timer_init(&r->pause, on_pause, 0., 0.);
	watchdog_start(&r->wd, r->w.loop, r->w.worker);
}

static void rig_fini(struct rig *r)
{
	watchdog_stop(&r->wd);
	worker_rig_fini(&r->w);
	close(r->fd);
}

START_TEST(sign_comes_each_half_period)
{
	struct rig r;
	ev_tstamp began;

	rig_init(&r, "20000");
	hear(&r, 1);
	began = ev_time();
	hear(&r, 10);
	ck_assert(ev_time() - began > 9 * (PERIOD_US / 2e6));
	rig_fini(&r);
}
END_TEST

/* A job that keeps the worker until something comes by a pipe. */
struct blocker {
	struct job job;
	int fd[2];
};

static void block(struct job *j, struct worker *w)
{
	const struct blocker *b = (struct blocker *)j;
	char c;

	(void)w;
	EXPECT(read(b->fd[0], &c, 1) == 1);
}

static void unblocked(struct job *j)
{
	(void)j;
}

START_TEST(stuck_worker_gives_none)
{
	struct blocker b = { .job = { .run = block, .done = unblocked } };
	struct rig r;

	rig_init(&r, "20000");
	ck_assert_int_eq(pipe(b.fd), 0);
	hear(&r, 2);
	worker_post(r.w.worker, &b.job);
	(void)listen_for(&r, 1); /* one may be on its way */
	ck_assert_int_eq(listen_for(&r, 10), 0);
	ck_assert_int_eq(write(b.fd[1], "", 1), 1);
	hear(&r, 3);
	rig_fini(&r);
	close(b.fd[0]);
	close(b.fd[1]);
}
END_TEST

/* Before its first sign, while the job is on its way; and between two. */
START_TEST(stopped_watchdog_gives_none)
{
	struct rig r;

	rig_init(&r, "20000");
	if (_i > 0)
		hear(&r, _i);
	watchdog_stop(&r.wd);
	ck_assert_int_eq(listen_for(&r, 5), 0);
	rig_fini(&r);
}
END_TEST

START_TEST(nobody_asked_none_given)
{
	struct rig r;

	rig_init(&r, NULL);
	ck_assert_int_eq(listen_for(&r, 5), 0);
	rig_fini(&r);
}
END_TEST

Suite *suite_daemon_watchdog(void)
{
	Suite *s = suite_create("daemon/watchdog");
	TCase *tc = tcase_create("signs of life");

	tcase_set_timeout(tc, 2 * WORKER_RIG_PATIENCE_S);
	tcase_add_loop_test(tc, period_is_what_systemd_says, 0,
			    sizeof(environments) / sizeof(environments[0]));
	tcase_add_test(tc, sign_comes_each_half_period);
	tcase_add_test(tc, stuck_worker_gives_none);
	tcase_add_loop_test(tc, stopped_watchdog_gives_none, 0, 2);
	tcase_add_test(tc, nobody_asked_none_given);
	suite_add_tcase(s, tc);
	return s;
}

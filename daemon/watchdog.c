/* SPDX-License-Identifier: MIT */
/*
 * watchdog.c - telling systemd that packets are still being handled
 *
 * System calls: those of notify.c and mailbox.c.
 */

#include "watchdog.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "notify.h"

/* A whole decimal number, 0 if it is none or too large. */
static uint64_t number(const char *text)
{
	char *end;
	uint64_t n;

	if (*text < '0' || *text > '9')
		return 0;
	errno = 0;
	n = strtoull(text, &end, 10);
	return errno || *end ? 0 : n;
}

uint64_t watchdog_period_us(void)
{
	const char *period = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	uint64_t us;

	if (!period || (pid && number(pid) != (uint64_t)getpid()))
		return 0;
	us = number(period);
	if (!us)
		log_msg(LOG_LVL_WARNING,
			"WATCHDOG_USEC=%s: expected microseconds; there will "
			"be no signs of life",
			period);
	return us;
}

/* On the worker's thread: that it gets here is all. */
static void pass_through(struct job *j, struct worker *w)
{
	(void)j;
	(void)w;
}

static void on_back(struct job *j)
{
	struct watchdog *wd = (struct watchdog *)j;

	if (!wd->loop)
		return;
	notify("WATCHDOG=1");
	ev_timer_again(wd->loop, &wd->timer);
}

static void on_due(struct ev_loop *loop, struct ev_timer *t, int revents)
{
	struct watchdog *wd = t->data;

	(void)revents;
	ev_timer_stop(loop, t);
	worker_post(wd->worker, &wd->job);
}

void watchdog_start(struct watchdog *wd, struct ev_loop *loop,
		    struct worker *worker)
{
	uint64_t period_us = watchdog_period_us();

	*wd = (struct watchdog){ .worker = worker };
	if (!period_us)
		return;
	wd->loop = loop;
	wd->job.run = pass_through;
	wd->job.done = on_back;
	ev_timer_init(&wd->timer, on_due, 0., (double)period_us / 2e6);
	wd->timer.data = wd;
	worker_post(worker, &wd->job);
}

void watchdog_stop(struct watchdog *wd)
{
	if (wd->loop)
		ev_timer_stop(wd->loop, &wd->timer);
	wd->loop = NULL;
}

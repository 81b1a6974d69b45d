/* SPDX-License-Identifier: MIT */
/*
 * worker_reload.c - services, impairment and limits of a worker that runs
 *
 * The main thread posts one job and waits for it, so that it never reads of
 * services that are just being replaced.
 *
 * System calls: futex.
 */

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "lab_conf.h"
#include "log.h"
#include "loop.h"
#include "svc/svc.h"
#include "worker_int.h"

#define ERR_MAX	 512u
#define LOOK_NS	 20000000 /* how often to see whether the thread has ended */
#define NS_PER_S 1000000000

/**
 * struct change_job - the change on its way
 * @job:	the mailbox's; first
 * @c:		the change
 * @over:	posted when it is made, or refused
 * @ok:		it is made
 * @err:	why it is not
 */
struct change_job {
	struct job job;
	struct worker_change c;
	sem_t over;
	bool ok;
	char err[ERR_MAX];
};

/* The stack names its own fields; users know them as keys. */
static void put_why(const char *why, char *err, size_t errlen)
{
	static const char *const keys[][2] = {
		{ "mem_limit_bytes:", "[stack] memory-limit:" },
		{ "max_conns:", "[stack] max-connections:" },
		{ "syn_backlog:", "[tcp] syn-backlog:" },
		{ "rcvbuf_max:", "[tcp] window-max:" },
	};
	const char *key = "";

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t len = strlen(keys[i][0]);

		if (strncmp(why, keys[i][0], len) != 0)
			continue;
		key = keys[i][1];
		why += len;
		break;
	}
	(void)snprintf(err, errlen, "%s%s; restart", key, why);
}

static bool change_stack(struct worker *w, const struct config *cfg, char *err,
			 size_t errlen)
{
	struct ustack_config sc = cfg->stack;
	const char *why;

	sc.watch_rate = ustack_settings(w->stack)->watch_rate;
	why = ustack_reconfigure(w->stack, &sc);
	if (why)
		put_why(why, err, errlen);
	return !why;
}

/* Settings that held a moment ago are not refused. */
static void restore_stack(struct worker *w, const struct worker_change *c)
{
	char err[ERR_MAX];

	if (c->stack && !change_stack(w, c->was, err, sizeof(err)))
		log_msg(LOG_LVL_ERROR, "reload: %s", err);
}

static bool change_services(struct worker *w, struct change_job *t)
{
	struct svc_wanted wanted[CONFIG_SERVICES_MAX];

	if (!t->c.services)
		return true;
	worker_wanted(w, t->c.cfg, wanted);
	return !svc_set_apply(w->services, wanted, t->c.cfg->nservice, t->err,
			      sizeof(t->err));
}

/* Services come last: they alone cannot be taken back. */
static bool change(struct worker *w, struct change_job *t)
{
	const struct worker_change *c = &t->c;
	const struct lab_change lc = { .was = c->was,
				       .cfg = c->cfg,
				       .now_us = loop_clock_us(),
				       .rules = c->rules };
	struct svc_tls_limits limits = worker_tls_limits(c->cfg);

	if (worker_stops(w)) {
		(void)snprintf(t->err, sizeof(t->err), "ustackd is stopping");
		return false;
	}
	if (c->stack && !change_stack(w, c->cfg, t->err, sizeof(t->err)))
		return false;
	if (c->impair && !lab_reload(w->lab.im, &lc, t->err, sizeof(t->err))) {
		restore_stack(w, c);
		return false;
	}
	if (c->tls != c->tls_was)
		svc_set_tls(w->services, c->tls);
	if (!change_services(w, t)) {
		if (c->tls != c->tls_was)
			svc_set_tls(w->services, c->tls_was);
		if (c->impair)
			lab_undo(w->lab.im, &lc);
		restore_stack(w, c);
		return false;
	}
	if (c->impair)
		lab_keep(w->lab.im);
	if (c->limits)
		svc_set_limits(w->services, &limits);
	return true;
}

static void run_change(struct job *j, struct worker *w)
{
	struct change_job *t = (struct change_job *)j;

	t->ok = change(w, t);
	(void)sem_post(&t->over);
}

static void done_change(struct job *j)
{
	struct change_job *t = (struct change_job *)j;

	(void)sem_destroy(&t->over);
	free(t);
}

static void wait_for(struct worker *w, struct change_job *t)
{
	struct timespec at;

	for (;;) {
		(void)clock_gettime(CLOCK_REALTIME, &at);
		at.tv_nsec += LOOK_NS;
		at.tv_sec += at.tv_nsec / NS_PER_S;
		at.tv_nsec %= NS_PER_S;
		if (!sem_timedwait(&t->over, &at))
			return;
		if (__atomic_load_n(&w->ended, __ATOMIC_ACQUIRE))
			worker_run_jobs(w);
	}
}

bool worker_reload(struct worker *w, const struct worker_change *c, char *err,
		   size_t errlen)
{
	struct change_job *t = calloc(1, sizeof(*t));
	bool ok;

	if (!t || sem_init(&t->over, 0, 0)) {
		(void)snprintf(err, errlen, "out of memory");
		free(t);
		return false;
	}
	t->job = (struct job){ .run = run_change, .done = done_change };
	t->c = *c;
	worker_post(w, &t->job);
	wait_for(w, t);
	ok = t->ok;
	if (!ok)
		(void)snprintf(err, errlen, "%s", t->err);
	return ok; /* done_change() frees it, from the loop */
}

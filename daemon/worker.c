/* SPDX-License-Identifier: MIT */
/*
 * worker.c - a thread with its own libev loop, TUN queue and stack
 *
 * Who touches what: the stack, the services, the device and the worker's loop
 * are the worker's thread's from worker_start() until @ended is set, and the
 * main thread's before and after.  Between the two go jobs, events, and three
 * words: the event masks wanted, when to stop, and @ended.
 *
 * System calls: pthread_create and join.
 */

#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "lab_conf.h"
#include "log.h"
#include "pages.h"
#include "svc/svc.h"
#include "svcloop.h"
#include "tun.h"
#include "worker_int.h"

#define WATCH_RATE 1000u /* new connections a second with a history */

/* --------------------------------------------------------- the main thread */

static bool has_ended(const struct worker *w)
{
	return __atomic_load_n(&w->ended, __ATOMIC_ACQUIRE);
}

/* Jobs that are done, and after the end those that nobody runs; true if any. */
static bool deliver_jobs(struct worker *w)
{
	bool any = has_ended(w) && worker_run_jobs(w);
	struct job *j = mailbox_take(&w->out);

	while (j) {
		struct job *next = j->next;

		j->done(j);
		j = next;
		any = true;
	}
	return any;
}

static void tell_failure(const struct worker *w)
{
	struct tun_info info;

	tun_info(w->tun, &info);
	if (w->error == EPIPE)
		log_msg(LOG_LVL_ERROR,
			"--tun-fd %d: the other side has closed it; stopping",
			tun_fd(w->tun));
	else
		log_msg(LOG_LVL_ERROR, "%s: reading failed: %s; stopping",
			info.ifname, strerror(w->error));
}

static void deliver_end(struct worker *w)
{
	void (*failed)(struct worker *) = w->failed;
	void (*stopped)(struct worker *) = w->stopped;

	if (w->error && failed) {
		w->failed = NULL;
		tell_failure(w);
		failed(w);
	}
	w->stopped = NULL;
	if (stopped)
		stopped(w);
}

static void on_main_wake(struct ev_loop *loop, struct ev_async *a, int revents)
{
	struct worker *w = a->data;
	bool ended = has_ended(w);
	uint32_t waiting;

	(void)loop;
	(void)revents;
	waiting = tap_waiting(&w->tap);
	deliver_jobs(w);
	tap_deliver(&w->tap, waiting);
	if (ended)
		deliver_end(w);
}

/* -------------------------------------------------------------- life of it */

static bool make_stack(struct worker *w, const struct config *cfg)
{
	const struct ustack_host host = worker_host(w);
	struct ustack_config sc = cfg->stack;
	const char *wrong;

	tun_caps(w->tun, &sc);
	sc.watch_rate = WATCH_RATE;
	wrong = ustack_config_check(&sc);
	if (wrong) {
		log_msg(LOG_LVL_ERROR, "stack: %s", wrong);
		return false;
	}
	w->stack = ustack_new(&sc, &host, loop_clock_us());
	if (!w->stack)
		log_msg(LOG_LVL_ERROR, "stack: out of memory");
	return w->stack;
}

static bool make_tap(struct worker *w, const struct config *cfg)
{
	uint32_t mask = log_event_mask((enum log_level)cfg->log_level);

	if (tap_init(&w->tap, w->stack, mask))
		return true;
	log_msg(LOG_LVL_ERROR, "history: out of memory");
	return false;
}

/* Name for the stack, which does what [tcp] says without one. */
static const char *service_cc(const struct config_service *svc)
{
	return svc->cc[0] && strcmp(svc->cc, CONFIG_CC_DEF) ? svc->cc : NULL;
}

struct svc_tls_limits worker_tls_limits(const struct config *cfg)
{
	return (struct svc_tls_limits){
		.conns = cfg->tls.max_conns,
		.handshakes = cfg->tls.max_handshakes,
		.handshake_us = cfg->tls.handshake_timeout_us,
	};
}

void worker_wanted(struct worker *w, const struct config *cfg,
		   struct svc_wanted *wanted)
{
	for (uint32_t i = 0; i < cfg->nservice; i++)
		wanted[i] = (struct svc_wanted){
			.name = cfg->service[i].name,
			.type = cfg->service[i].type,
			.port = cfg->service[i].port,
			.backlog = cfg->service[i].backlog,
			.cc = service_cc(&cfg->service[i]),
			.pages = pages_table(w->pages),
			.tls = cfg->service[i].tls,
			.target = cfg->service[i].target,
		};
}

static bool make_services(struct worker *w, const struct config *cfg,
			  struct tls_context *tls)
{
	struct svc_wanted wanted[CONFIG_SERVICES_MAX];
	struct svc_args args;
	char err[256];

	w->pages = pages_new(w, cfg);
	if (!w->pages) {
		log_msg(LOG_LVL_ERROR, "services: out of memory");
		return false;
	}
	worker_wanted(w, cfg, wanted);
	w->svc_loop = (struct svcloop){ .ev = w->loop,
					.woken = worker_woken,
					.arg = w };
	svcloop_init(&w->svc_loop);
	args = (struct svc_args){ .stack = w->stack,
				  .loop = &w->svc_loop.loop,
				  .tls = tls,
				  .limits = worker_tls_limits(cfg),
				  .tell = worker_note,
				  .arg = w };
	w->services = svc_set_new(&args, wanted, cfg->nservice, err,
				  sizeof(err));
	if (!w->services)
		log_msg(LOG_LVL_ERROR, "%s", err);
	return w->services;
}

static struct worker *worker_alloc(struct tun *tun)
{
	struct worker *w = aligned_alloc(_Alignof(struct worker),
					 sizeof(struct worker));
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);

	if (!w || !loop) {
		log_msg(LOG_LVL_ERROR, "worker: %s",
			w ? "no event loop" : "out of memory");
		free(w);
		if (loop)
			ev_loop_destroy(loop);
		tun_close(tun);
		return NULL;
	}
	memset(w, 0, sizeof(*w));
	w->loop = loop;
	w->tun = tun;
	w->stop_at_us = USTACK_NEVER;
	return w;
}

struct worker *worker_new(const struct config *cfg, struct tun *tun,
			  struct ev_loop *main_loop, struct tls_context *tls)
{
	struct worker *w = worker_alloc(tun);

	if (!w)
		return NULL;
	mailbox_init(&w->in, w->loop, worker_on_wake, w);
	mailbox_init(&w->out, main_loop, on_main_wake, w);
	ev_unref(main_loop); /* a worker alone keeps no loop alive */
	if (!make_stack(w, cfg) || !make_tap(w, cfg) || !worker_make_lab(w) ||
	    !lab_start(w->lab.im, cfg, loop_clock_us()) ||
	    !make_services(w, cfg, tls) || !worker_make_loop(w)) {
		worker_free(w);
		return NULL;
	}
	return w;
}

int worker_start(struct worker *w)
{
	sigset_t all;
	sigset_t before;
	int rc;

	sigfillset(&all);	 /* signals are the main thread's */
	sigdelset(&all, SIGSYS); /* but whose call was forbidden says which */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&w->thread, NULL, worker_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc)
		return -rc;
	w->started = true;
	return 0;
}

void worker_on_failure(struct worker *w, void (*failed)(struct worker *w))
{
	w->failed = failed;
}

void worker_post(struct worker *w, struct job *j)
{
	mailbox_put(&w->in, j);
	if (has_ended(w))
		mailbox_wake(&w->out);
}

static void request_stop(struct worker *w, uint64_t at_us)
{
	__atomic_store_n(&w->stop_at_us, at_us, __ATOMIC_RELAXED);
	mailbox_wake(&w->in);
}

bool worker_stops(const struct worker *w)
{
	return __atomic_load_n(&w->stop_at_us, __ATOMIC_RELAXED) !=
	       USTACK_NEVER;
}

void worker_tell(struct worker *w, struct job *j)
{
	mailbox_put(&w->out, j);
}

void worker_drain(struct worker *w, uint64_t timeout_us,
		  void (*stopped)(struct worker *w))
{
	w->stopped = stopped;
	request_stop(w, loop_clock_us() + timeout_us);
	if (has_ended(w))
		mailbox_wake(&w->out);
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	if (w->started) {
		request_stop(w, 0);
		pthread_join(w->thread, NULL);
	}
	w->ended = true;
	if (w->started) {
		ustack_ping_abort(w->stack);
		ustack_run(w->stack, loop_clock_us(), 0);
		svc_set_hang_up(w->services);
	}
	while (deliver_jobs(w))
		;
	tap_deliver(&w->tap, EVRING_SIZE);
	while (deliver_jobs(w)) /* asked by who had to take events first */
		;
	if (w->io.ev)
		loop_fini(&w->io);
	ev_prepare_stop(w->loop, &w->flush);
	ev_timer_stop(w->loop, &w->drain_poll);
	ev_timer_stop(w->loop, &w->fault_tick);
	ev_ref(w->out.loop);
	mailbox_fini(&w->out);
	mailbox_fini(&w->in);
	svc_set_free(w->services);
	pages_free(w->pages);
	lab_fini(&w->lab);
	if (w->stack)
		ustack_free(w->stack);
	arena_fini(&w->arena);
	tap_fini(&w->tap);
	tun_close(w->tun);
	ev_loop_destroy(w->loop);
	free(w);
}

/* ---------------------------------------------------------------- looking in */

struct ustack *worker_stack(struct worker *w)
{
	return w->stack;
}

struct svc_set *worker_svc(struct worker *w)
{
	return w->services;
}

struct impair *worker_impair(struct worker *w)
{
	return w->lab.im;
}

struct capture *worker_capture(struct worker *w)
{
	return &w->lab.capture;
}

const uint64_t *worker_counters(const struct worker *w)
{
	return ustack_counters(w->stack);
}

const uint64_t *worker_svc_counters(const struct worker *w)
{
	return svc_set_counters(w->services);
}

struct tun *worker_tun(const struct worker *w)
{
	return w->tun;
}

void worker_set_level(struct worker *w, int level)
{
	tap_log(&w->tap, log_event_mask((enum log_level)level));
	mailbox_wake(&w->in);
}

void worker_subscribe(struct worker *w, uint32_t mask)
{
	tap_subscribe(&w->tap, mask);
	mailbox_wake(&w->in);
}

void worker_set_sink(struct worker *w, const struct tap_sink *sink)
{
	w->tap.sink = *sink;
}

void worker_follow(struct worker *w, const struct history_follow *f, uint32_t n)
{
	history_follow(w->tap.history, f, n);
	history_settle(w->tap.history, ustack_watch, w->stack);
}

struct history *worker_history(struct worker *w)
{
	return w->tap.history;
}

uint64_t worker_events_lost(const struct worker *w)
{
	return tap_lost(&w->tap);
}

uint32_t worker_services(const struct worker *w, struct worker_service *out,
			 uint32_t max)
{
	uint32_t n = svc_set_count(w->services);
	struct svc_stats st;

	if (n > max)
		n = max;
	for (uint32_t i = 0; i < n; i++) {
		svc_set_stats(w->services, i, &st);
		out[i] = (struct worker_service){
			.port = st.port,
			.tls = st.tls,
			.open = (uint32_t)st.open,
			.accepted = st.accepted,
			.bytes_in = st.bytes_in,
			.bytes_out = st.bytes_out,
		};
		snprintf(out[i].name, sizeof(out[i].name), "%s", st.name);
		snprintf(out[i].type, sizeof(out[i].type), "%s", st.type);
		snprintf(out[i].target, sizeof(out[i].target), "%s", st.target);
	}
	return n;
}

uint64_t worker_replaced(const struct worker *w)
{
	uint64_t open;

	(void)svc_set_retired(w->services, &open);
	return open;
}

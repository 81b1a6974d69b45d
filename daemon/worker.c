/* SPDX-License-Identifier: MIT */
/*
 * worker.c - a thread with its own libev loop, TUN queue and stack
 *
 * Who touches what: the stack, the services, the device and the worker's loop
 * are the worker's thread's from worker_start() until @ended is set, and the
 * main thread's before and after.  Between the two go jobs, events, and three
 * words: the event mask wanted, when to stop, and @ended.
 *
 *	running --worker_drain()--> draining --no connection, or time is up-->
 *		  (unlisten, FIN)		aborting what is left --> ended
 *	   \\------------------- the device failed ------------------------/
 *
 * System calls: pthread_create and join, getrandom, and those of arena.c.
 */

#include "worker.h"

#include <errno.h>
#include <ev.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "arena.h"
#include "config.h"
#include "log.h"
#include "loop.h"
#include "mailbox.h"
#include "svc/svc.h"
#include "tun.h"

#define DRAIN_POLL_S  0.01
#define WALK_ENTRIES  16u
#define LAST_RUNS     1000u /* turns to get the last resets out	*/
#define LAST_RUN_PKTS 256u
#define THREAD_NAME   "ustack-worker"

/**
 * struct worker - see the top of the file for who touches what
 * @loop:	the worker's loop
 * @tun:	the device
 * @stack:	the stack
 * @services:	its services
 * @io:		drives the stack from the device
 * @flush:	wakes the main thread when a batch has made events
 * @drain_poll:	looks whether all connections are gone
 * @draining:	connections were told to end
 * @events_made: the batch has made events
 * @mask:	event mask in force
 * @in:		jobs to the worker
 * @out:	done jobs to the main thread; also the wake-up for the rest
 * @mask_wanted: event mask, written by the main thread
 * @stop_at_us:	when to stop at the latest, USTACK_NEVER = not asked to;
 *		written by the main thread
 * @ended:	the loop has ended; written by the worker's thread
 * @error:	errno of the device, 0 = none; valid once @ended
 * @thread:	the thread, if @started
 * @started:	there is a thread; the main thread's
 * @failed:	main's callback for a broken device, NULL = none, or made
 * @stopped:	main's callback for the end, NULL = none, or made
 * @lost_told:	lost events that the log has been told of; the main thread's
 * @arena:	where the stack's chunks come from
 * @events:	the stack's events on their way to the log
 */
struct worker {
	struct ev_loop *loop;
	struct tun *tun;
	struct ustack *stack;
	struct svc_set *services;
	struct loop io;
	struct ev_prepare flush;
	struct ev_timer drain_poll;
	bool draining;
	bool events_made;
	uint32_t mask;
	struct mailbox in;
	struct mailbox out;
	uint32_t mask_wanted;
	uint64_t stop_at_us;
	bool ended;
	int error;
	pthread_t thread;
	bool started;
	void (*failed)(struct worker *w);
	void (*stopped)(struct worker *w);
	uint64_t lost_told;
	struct arena arena;
	struct evring events;
};

/* ------------------------------------------------- what the stack asks for */

static int host_output(void *ctx, struct ustack_pkt *p)
{
	struct worker *w = ctx;

	return loop_output(&w->io, p);
}

static void host_random(void *ctx, void *buf, size_t len)
{
	uint8_t *at = buf;

	(void)ctx;
	while (len) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno != EINTR)
			abort(); /* guessable secrets are no way out */
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
}

static void *host_alloc(void *ctx, size_t len)
{
	struct worker *w = ctx;

	return arena_alloc(&w->arena, len);
}

static void host_free(void *ctx, void *p, size_t len)
{
	(void)ctx;
	arena_free(p, len);
}

static void host_event(void *ctx, const struct ustack_event *ev)
{
	struct worker *w = ctx;

	evring_put(&w->events, ev);
	w->events_made = true;
}

/* ----------------------------------------------------- the worker's thread */

static void on_flush(struct ev_loop *loop, struct ev_prepare *p, int revents)
{
	struct worker *w = p->data;

	(void)loop;
	(void)revents;
	if (!w->events_made)
		return;
	w->events_made = false;
	mailbox_wake(&w->out);
}

static void on_broken(void *arg, int error)
{
	struct worker *w = arg;

	w->error = error;
	ev_break(w->loop, EVBREAK_ALL);
}

static void end_connections(struct worker *w,
			    int (*end)(struct ustack *, struct ustack_conn))
{
	struct ustack_info info[WALK_ENTRIES];
	uint64_t cursor = 0;
	uint32_t n;

	while ((n = ustack_walk(w->stack, &cursor, info, WALK_ENTRIES)) > 0)
		for (uint32_t i = 0; i < n; i++)
			if (info[i].conn.gen)
				end(w->stack, info[i].conn);
}

/* Is there a connection that still has something to say? */
static bool has_connections(struct worker *w)
{
	static const enum ustack_state open[] = {
		USTACK_SYN_SENT,   USTACK_ESTABLISHED, USTACK_FIN_WAIT_1,
		USTACK_FIN_WAIT_2, USTACK_CLOSE_WAIT,  USTACK_CLOSING,
		USTACK_LAST_ACK,
	};
	struct ustack_gauges g;
	uint32_t n = 0;

	ustack_gauges(w->stack, &g);
	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
		n += g.states[open[i]];
	return n > 0;
}

/* Reset what is left, let the resets out, and leave the loop. */
static void drain_end(struct worker *w)
{
	end_connections(w, ustack_abort);
	for (uint32_t i = 0; i < LAST_RUNS; i++) {
		uint64_t now_us = loop_clock_us();

		if (ustack_run(w->stack, now_us, LAST_RUN_PKTS) > now_us)
			break;
	}
	ev_break(w->loop, EVBREAK_ALL);
}

static void drain_check(struct worker *w)
{
	uint64_t stop_at_us = __atomic_load_n(&w->stop_at_us, __ATOMIC_RELAXED);

	if (stop_at_us == USTACK_NEVER)
		return;
	ustack_run(w->stack, loop_clock_us(), 0); /* as for jobs */
	if (loop_clock_us() >= stop_at_us) {
		svc_set_unlisten(w->services);
		drain_end(w);
	} else if (!w->draining) {
		w->draining = true;
		svc_set_unlisten(w->services);
		end_connections(w, ustack_close);
		ev_timer_start(w->loop, &w->drain_poll);
	} else if (!has_connections(w)) {
		drain_end(w);
	}
}

static void on_drain_poll(struct ev_loop *loop, struct ev_timer *t, int revents)
{
	(void)loop;
	(void)revents;
	drain_check(t->data);
}

/* Run all jobs that wait; true if there were any. */
static bool run_jobs(struct worker *w)
{
	struct job *list = mailbox_take(&w->in);

	if (list) /* jobs see the present time; nothing is sent for them yet */
		ustack_run(w->stack, loop_clock_us(), 0);
	for (struct job *j = list; j; j = j->next)
		j->run(j, w);
	mailbox_put_list(&w->out, list);
	return list;
}

static void on_wake(struct ev_loop *loop, struct ev_async *a, int revents)
{
	struct worker *w = a->data;
	uint32_t mask = __atomic_load_n(&w->mask_wanted, __ATOMIC_RELAXED);

	(void)loop;
	(void)revents;
	if (mask != w->mask) {
		w->mask = mask;
		ustack_set_event_mask(w->stack, mask);
	}
	run_jobs(w);
	drain_check(w);
}

static void *thread_main(void *arg)
{
	struct worker *w = arg;

	ev_run(w->loop, 0);
	__atomic_store_n(&w->ended, true, __ATOMIC_RELEASE);
	mailbox_wake(&w->out);
	return NULL;
}

/* --------------------------------------------------------- the main thread */

static bool has_ended(const struct worker *w)
{
	return __atomic_load_n(&w->ended, __ATOMIC_ACQUIRE);
}

static void deliver_events(struct worker *w)
{
	struct ustack_event ev;
	uint64_t lost;

	for (uint32_t i = 0; i < EVRING_SIZE; i++) {
		if (!evring_get(&w->events, &ev))
			break;
		log_event(&ev);
	}
	lost = evring_lost(&w->events);
	if (lost != w->lost_told)
		log_msg(LOG_LVL_WARNING,
			"%llu events were not logged: they come faster than "
			"they can be written",
			(unsigned long long)(lost - w->lost_told));
	w->lost_told = lost;
}

/* Jobs that are done, and after the end those that nobody runs; true if any. */
static bool deliver_jobs(struct worker *w)
{
	bool any = has_ended(w) && run_jobs(w);
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

	(void)loop;
	(void)revents;
	deliver_events(w);
	deliver_jobs(w);
	if (ended)
		deliver_end(w);
}

/* -------------------------------------------------------------- life of it */

static bool make_stack(struct worker *w, const struct config *cfg)
{
	const struct ustack_host host = {
		.ctx = w,
		.output = host_output,
		.random = host_random,
		.alloc = host_alloc,
		.free = host_free,
		.event = host_event,
	};
	struct ustack_config sc = cfg->stack;
	const char *wrong;

	tun_caps(w->tun, &sc);
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

/* Name for the stack, which does what [tcp] says without one. */
static const char *service_cc(const struct config_service *svc)
{
	return svc->cc[0] && strcmp(svc->cc, CONFIG_CC_DEF) ? svc->cc : NULL;
}

static bool make_services(struct worker *w, const struct config *cfg)
{
	struct svc_wanted wanted[CONFIG_SERVICES_MAX];
	char err[256];

	for (uint32_t i = 0; i < cfg->nservice; i++)
		wanted[i] = (struct svc_wanted){
			.name = cfg->service[i].name,
			.type = cfg->service[i].type,
			.port = cfg->service[i].port,
			.backlog = cfg->service[i].backlog,
			.cc = service_cc(&cfg->service[i]),
		};
	w->services = svc_set_new(w->stack, wanted, cfg->nservice, err,
				  sizeof(err));
	if (!w->services)
		log_msg(LOG_LVL_ERROR, "%s", err);
	return w->services;
}

static bool make_loop(struct worker *w)
{
	int rc;

	w->io = (struct loop){ .ev = w->loop,
			       .stack = w->stack,
			       .tun = w->tun,
			       .on_broken = on_broken,
			       .arg = w };
	rc = loop_init(&w->io);
	if (rc) {
		w->io.ev = NULL;
		log_msg(LOG_LVL_ERROR, "timerfd: %s", strerror(-rc));
		return false;
	}
	ev_prepare_init(&w->flush, on_flush);
	ev_set_priority(&w->flush, EV_MINPRI); /* after the stack has run */
	w->flush.data = w;
	ev_prepare_start(w->loop, &w->flush);
	ev_timer_init(&w->drain_poll, on_drain_poll, 0., DRAIN_POLL_S);
	w->drain_poll.data = w;
	return true;
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
			  struct ev_loop *main_loop)
{
	struct worker *w = worker_alloc(tun);

	if (!w)
		return NULL;
	mailbox_init(&w->in, w->loop, on_wake, w);
	mailbox_init(&w->out, main_loop, on_main_wake, w);
	ev_unref(main_loop); /* a worker alone keeps no loop alive */
	if (!make_stack(w, cfg) || !make_services(w, cfg) || !make_loop(w)) {
		worker_free(w);
		return NULL;
	}
	w->mask_wanted = log_event_mask((enum log_level)cfg->log_level);
	w->mask = w->mask_wanted;
	ustack_set_event_mask(w->stack, w->mask);
	return w;
}

int worker_start(struct worker *w)
{
	sigset_t all;
	sigset_t before;
	int rc;

	sigfillset(&all); /* signals are the main thread's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&w->thread, NULL, thread_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc)
		return -rc;
	pthread_setname_np(w->thread, THREAD_NAME);
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
	while (deliver_jobs(w))
		;
	deliver_events(w);
	if (w->io.ev)
		loop_fini(&w->io);
	ev_prepare_stop(w->loop, &w->flush);
	ev_timer_stop(w->loop, &w->drain_poll);
	ev_ref(w->out.loop);
	mailbox_fini(&w->out);
	mailbox_fini(&w->in);
	svc_set_free(w->services);
	if (w->stack)
		ustack_free(w->stack);
	tun_close(w->tun);
	ev_loop_destroy(w->loop);
	free(w);
}

/* ---------------------------------------------------------------- looking in */

struct ustack *worker_stack(struct worker *w)
{
	return w->stack;
}

const uint64_t *worker_counters(const struct worker *w)
{
	return ustack_counters(w->stack);
}

struct tun *worker_tun(const struct worker *w)
{
	return w->tun;
}

void worker_set_level(struct worker *w, int level)
{
	__atomic_store_n(&w->mask_wanted, log_event_mask((enum log_level)level),
			 __ATOMIC_RELAXED);
	mailbox_wake(&w->in);
}

uint64_t worker_events_lost(const struct worker *w)
{
	return evring_lost(&w->events);
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
			.open = (uint32_t)st.open,
			.accepted = st.accepted,
			.bytes_in = st.bytes_in,
			.bytes_out = st.bytes_out,
		};
		snprintf(out[i].name, sizeof(out[i].name), "%s", st.name);
		snprintf(out[i].type, sizeof(out[i].type), "%s", st.type);
	}
	return n;
}

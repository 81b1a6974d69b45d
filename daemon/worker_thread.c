/* SPDX-License-Identifier: MIT */
/*
 * worker_thread.c - what happens on a worker's thread
 *
 *	running --worker_drain()--> draining --no connection, or time is up-->
 *		  (unlisten, FIN)		aborting what is left --> ended
 *	   \\------------------- the device failed ------------------------/
 *
 * System calls: those of arena.c, loop.c and random.c.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "log.h"
#include "random.h"
#include "svc/dial.h"
#include "svc/fault.h"
#include "svc/note.h"
#include "svc/stream_tcp.h"
#include "svc/svc.h"
#include "worker_int.h"

#define THREAD_NAME   "ustack-worker"
#define DRAIN_POLL_S  0.01
#define FAULT_TICK_S  ((double)SVC_FAULT_TICK_US / 1e6)
#define WALK_ENTRIES  16u
#define LAST_RUNS     1000u /* turns to get the last resets out	*/
#define LAST_RUN_PKTS 256u

/* ------------------------------------------------- what the stack asks for */

static int host_output(void *ctx, struct ustack_pkt *p)
{
	struct worker *w = ctx;

	return loop_output(&w->io, p);
}

static void host_random(void *ctx, void *buf, size_t len)
{
	if (random_fill(ctx, buf, len))
		abort(); /* guessable secrets are no way out */
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

	if (ev->kind == USTACK_EV_RECEIVED)
		lab_adopt(&w->lab, ev);
	tap_put(&w->tap, ev);
	if (ev->kind == USTACK_EV_SENT && w->lab.nlate)
		lab_tell(&w->lab);
}

static void host_pong(void *ctx, const struct ustack_pong *pong)
{
	struct worker *w = ctx;
	struct worker_ping *p = (struct worker_ping *)(uintptr_t)pong->ctx;

	p->pong = *pong;
	mailbox_put(&w->out, &p->over);
}

static void lab_event(void *ctx, const struct ustack_event *ev)
{
	struct worker *w = ctx;

	tap_put(&w->tap, ev);
}

struct ustack_host worker_host(struct worker *w)
{
	return (struct ustack_host){
		.ctx = w,
		.output = host_output,
		.random = host_random,
		.alloc = host_alloc,
		.free = host_free,
		.event = host_event,
		.pong = host_pong,
	};
}

/* ----------------------------------------------------- the worker's thread */

static void on_flush(struct ev_loop *loop, struct ev_prepare *p, int revents)
{
	struct worker *w = p->data;

	(void)loop;
	(void)revents;
	if (capture_on(&w->lab.capture))
		capture_flush(&w->lab.capture);
	if (tap_settle(&w->tap, w->stack))
		mailbox_wake(&w->out);
}

static void on_broken(void *arg, int error)
{
	struct worker *w = arg;

	w->error = error;
	ev_break(w->loop, EVBREAK_ALL);
}

int worker_close_conn(struct worker *w, struct ustack_conn c)
{
	int rc = svc_close(w->services, stream_tcp_key(c));

	return rc == -ERR_NOENT ? ustack_close(w->stack, c) : rc;
}

static int abort_conn(struct worker *w, struct ustack_conn c)
{
	return ustack_abort(w->stack, c);
}

static void end_connections(struct worker *w,
			    int (*end)(struct worker *, struct ustack_conn))
{
	struct ustack_info info[WALK_ENTRIES];
	uint64_t cursor = 0;
	uint32_t n;

	while ((n = ustack_walk(w->stack, &cursor, info, WALK_ENTRIES)) > 0)
		for (uint32_t i = 0; i < n; i++)
			if (info[i].conn.gen)
				end(w, info[i].conn);
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
	end_connections(w, abort_conn);
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
	worker_woken(w);
	if (loop_clock_us() >= stop_at_us) {
		svc_set_unlisten(w->services);
		drain_end(w);
	} else if (!w->draining) {
		w->draining = true;
		svc_set_unlisten(w->services);
		end_connections(w, worker_close_conn);
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

/* Nothing is sent yet. */
void worker_woken(void *arg)
{
	struct worker *w = arg;

	ustack_run(w->stack, loop_clock_us(), 0);
}

/* Run all jobs that wait; true if there were any. */
bool worker_run_jobs(struct worker *w)
{
	struct job *list = mailbox_take(&w->in);

	if (list)
		worker_woken(w);
	for (struct job *j = list; j; j = j->next)
		j->run(j, w);
	mailbox_put_list(&w->out, list);
	return list;
}

/**
 * struct note - a line of a service on its way to the log
 */
struct note {
	struct job job;
	uint64_t conn;
	char text[SVC_NOTE_MAX];
};

static void on_note(struct job *j)
{
	struct note *n = (struct note *)j;

	log_conn(LOG_LVL_WARNING, n->conn, "%s", n->text);
	free(n);
}

void worker_note(void *arg, uint64_t conn, const char *text)
{
	struct worker *w = arg;
	struct note *n = malloc(sizeof(*n));

	if (!n)
		return;
	n->job = (struct job){ .done = on_note };
	n->conn = conn;
	(void)snprintf(n->text, sizeof(n->text), "%s", text);
	mailbox_put(&w->out, &n->job);
}

void worker_on_wake(struct ev_loop *loop, struct ev_async *a, int revents)
{
	struct worker *w = a->data;

	(void)loop;
	(void)revents;
	worker_run_jobs(w);
	tap_sync(&w->tap, w->stack); /* what was wanted before the jobs */
	drain_check(w);
}

void *worker_main(void *arg)
{
	struct worker *w = arg;

	(void)prctl(PR_SET_NAME, THREAD_NAME, 0, 0, 0);
	ev_run(w->loop, 0);
	__atomic_store_n(&w->ended, true, __ATOMIC_RELEASE);
	mailbox_wake(&w->out);
	return NULL;
}

bool worker_make_lab(struct worker *w)
{
	uint64_t seed;

	host_random(w, &seed, sizeof(seed));
	w->lab = (struct lab){ .stack = w->stack,
			       .tun = w->tun,
			       .arena = &w->arena,
			       .event = lab_event,
			       .arg = w };
	if (lab_init(&w->lab, seed) == 0)
		return true;
	log_msg(LOG_LVL_ERROR, "impairment: out of memory");
	return false;
}

int worker_ping(struct worker *w, const struct ustack_ping_args *a,
		struct worker_ping *p)
{
	struct ustack_ping_args args = *a;

	if (__atomic_load_n(&w->ended, __ATOMIC_RELAXED))
		return -ERR_CONNABORTED;
	args.ctx = (uintptr_t)p;
	return ustack_ping(w->stack, &args);
}

int worker_dial(struct worker *w, struct dial *d,
		const struct stream_connect_args *a)
{
	if (__atomic_load_n(&w->ended, __ATOMIC_RELAXED))
		return -ERR_CONNABORTED;
	return dial(w->services, d, a);
}

static void on_fault_tick(struct ev_loop *loop, struct ev_timer *t, int revents)
{
	struct worker *w = t->data;

	(void)loop;
	(void)revents;
	svc_set_tick(w->services, loop_clock_us());
	worker_arm_ticks(w);
}

void worker_arm_ticks(struct worker *w)
{
	bool wanted = svc_set_ticks(w->services);

	if (wanted && !ev_is_active(&w->fault_tick))
		ev_timer_again(w->loop, &w->fault_tick);
	else if (!wanted)
		ev_timer_stop(w->loop, &w->fault_tick);
}

bool worker_make_loop(struct worker *w)
{
	int rc;

	w->io = (struct loop){ .ev = w->loop,
			       .stack = w->stack,
			       .tun = w->tun,
			       .lab = &w->lab,
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
	ev_timer_init(&w->fault_tick, on_fault_tick, 0., FAULT_TICK_S);
	w->fault_tick.data = w;
	return true;
}

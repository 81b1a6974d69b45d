/* SPDX-License-Identifier: MIT */
/*
 * worker_int.h - between worker.c (the main thread's side) and worker_thread.c
 *		  (what happens on the worker's thread), and worker_reload.c
 */

#ifndef DAEMON_WORKER_INT_H
#define DAEMON_WORKER_INT_H

#include <ev.h>
#include <pthread.h>

#include "daemon/arena.h"
#include "daemon/lab.h"
#include "daemon/loop.h"
#include "daemon/mailbox.h"
#include "daemon/svc/svc.h"
#include "daemon/svcloop.h"
#include "daemon/tap.h"
#include "daemon/worker.h"

struct config;
struct pages;

/**
 * struct worker - see the top of the file for who touches what
 * @loop:	the worker's loop
 * @tun:	the device
 * @stack:	the stack
 * @svc_loop:	what these may ask of @loop
 * @services:	its services
 * @pages:	what they show by HTTP
 * @lab:	deliberate faults, between the device and the stack
 * @io:		drives the stack from the device
 * @flush:	wakes the main thread when a batch has made events
 * @drain_poll:	looks whether all connections are gone
 * @fault_tick:	lets services read that do so slowly by intent
 * @draining:	connections were told to end
 * @in:		jobs to the worker
 * @out:	done jobs to the main thread; also the wake-up for the rest
 * @stop_at_us:	when to stop at the latest, USTACK_NEVER = not asked to;
 *		written by the main thread
 * @ended:	the loop has ended; written by the worker's thread
 * @error:	errno of the device, 0 = none; valid once @ended
 * @thread:	the thread, if @started
 * @started:	there is a thread; the main thread's
 * @failed:	main's callback for a broken device, NULL = none, or made
 * @stopped:	main's callback for the end, NULL = none, or made
 * @arena:	where the stack's chunks come from
 * @tap:	where the stack's events go
 */
struct worker {
	struct ev_loop *loop;
	struct tun *tun;
	struct ustack *stack;
	struct svcloop svc_loop;
	struct svc_set *services;
	struct pages *pages;
	struct lab lab;
	struct loop io;
	struct ev_prepare flush;
	struct ev_timer drain_poll;
	struct ev_timer fault_tick;
	bool draining;
	struct mailbox in;
	struct mailbox out;
	uint64_t stop_at_us;
	bool ended;
	int error;
	pthread_t thread;
	bool started;
	void (*failed)(struct worker *w);
	void (*stopped)(struct worker *w);
	struct arena arena;
	struct tap tap;
};

/** worker_host() - What the stack asks of this worker */
struct ustack_host worker_host(struct worker *w);

/** worker_woken() - The loop may have slept: have the stack know the time */
void worker_woken(void *arg);

/** worker_on_wake() - The worker was woken: jobs, another mask, or the end */
void worker_on_wake(struct ev_loop *loop, struct ev_async *a, int revents);

/** worker_make_lab() - Make the laboratory; false, the reason is logged */
bool worker_make_lab(struct worker *w);

/** worker_make_loop() - Set up the watchers of its loop; false, the reason is logged */
bool worker_make_loop(struct worker *w);

/** worker_note() - Have a line of a service logged; @arg is the worker */
void worker_note(void *arg, uint64_t conn, const char *text);

/** worker_run_jobs() - Run all jobs that wait; true if there were any */
bool worker_run_jobs(struct worker *w);

/** worker_wanted() - The services of a configuration, which is borrowed */
void worker_wanted(struct worker *w, const struct config *cfg,
		   struct svc_wanted *wanted);

/** worker_tls_limits() - What it says of secure channels */
struct svc_tls_limits worker_tls_limits(const struct config *cfg);

/** worker_main() - The thread; its argument is the worker */
void *worker_main(void *arg);

#endif /* DAEMON_WORKER_INT_H */

/* SPDX-License-Identifier: MIT */
/*
 * worker.h - a thread with its own libev loop, TUN queue and stack
 *
 *	main thread   -- jobs -->   mailbox, ev_async   -->  worker
 *	              <-- done --   mailbox, ev_async   <--
 *	              <-- events -- bounded ring        <--
 *
 * Nothing of a worker is touched from outside but by jobs; its counters are
 * read with relaxed loads.
 */

#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/ustack.h"

struct capture;
struct dial;
struct config;
struct ev_loop;
struct history;
struct history_follow;
struct tap_sink;
struct impair;
struct stream_connect_args;
struct svc_set;
struct tls_context;
struct tun;
struct worker;

/**
 * struct job - work to be done on the worker's thread
 * @next:	the mailbox's
 * @run:	called on the worker's thread
 * @done:	then called on the main thread; frees the job
 */
struct job {
	struct job *next;
	void (*run)(struct job *j, struct worker *w);
	void (*done)(struct job *j);
};

/**
 * worker_new() - Make a worker: its stack, its services, its loop
 * @cfg:	configuration, borrowed for the call
 * @tun:	open device; taken, also on failure
 * @main_loop:	the main thread's loop: jobs' ends and log events come there
 * @tls:	credentials of services with tls=yes, referenced; NULL = none
 *
 * Return: a worker whose thread does not run yet, or NULL (the reason is
 * logged)
 */
struct worker *worker_new(const struct config *cfg, struct tun *tun,
			  struct ev_loop *main_loop, struct tls_context *tls);

/** worker_start() - Start its thread; 0 or -errno */
int worker_start(struct worker *w);

/**
 * worker_on_failure() - Ask to be told when a worker ends by itself
 * @w:		worker
 * @failed:	called on the main thread when the device has failed and the
 *		worker's loop has ended; the reason is logged.  It must not
 *		call worker_free().
 */
void worker_on_failure(struct worker *w, void (*failed)(struct worker *w));

/**
 * worker_post() - Send a job, main thread; it is never lost nor run twice
 * @w:		worker
 * @j:		job; taken
 *
 * Once the worker's loop has ended, its jobs run on the main thread, from that
 * thread's loop or from worker_free().
 */
void worker_post(struct worker *w, struct job *j);

/**
 * worker_tell() - Have @j.done called on the main thread, worker's thread
 * @w:		worker
 * @j:		job; taken; its @run is not called
 */
void worker_tell(struct worker *w, struct job *j);

/** worker_stops() - Was it asked to stop?  Any thread */
bool worker_stops(const struct worker *w);

/**
 * struct worker_change - what is to be other than it was
 * @was:	configuration in force
 * @cfg:	the one that is to be; known to be good
 * @tls_was:	credentials in force, NULL = none
 * @tls:	those of new connections
 * @services:	services differ
 * @impair:	[impair] differs, or services that rules may name
 * @rules:	[impair] does
 * @limits:	[tls] differs in what channels may cost
 * @stack:	[stack] or [tcp] differs
 */
struct worker_change {
	const struct config *was;
	const struct config *cfg;
	struct tls_context *tls_was;
	struct tls_context *tls;
	bool services;
	bool impair;
	bool rules;
	bool limits;
	bool stack;
};

/**
 * worker_reload() - Make a running worker another one, main thread
 * @w:		worker
 * @c:		what is different; borrowed for the call
 * @err:	on failure: what cannot be, and why
 * @errlen:	room in @err
 *
 * Waits until the worker has done it: nobody looks at the services meanwhile.
 *
 * Return: false: all is as it was
 */
bool worker_reload(struct worker *w, const struct worker_change *c, char *err,
		   size_t errlen);

/**
 * worker_drain() - Finish gracefully, main thread: no new connections, FIN on
 *		    the open ones, stop when all are gone or time is up
 * @w:		worker
 * @timeout_us:	bound; 0 = at once
 * @stopped:	called on the main thread when the worker's loop has ended; it
 *		must not call worker_free()
 *
 * A second call shortens or lengthens the time that is left.  Connections that
 * remain in the end are reset.
 */
void worker_drain(struct worker *w, uint64_t timeout_us,
		  void (*stopped)(struct worker *w));

/**
 * worker_free() - Join the thread, free everything, close the device
 * @w:		worker; one that still runs is stopped at once
 *
 * Jobs on their way are run and done before it returns.
 */
void worker_free(struct worker *w);

/**
 * worker_dial() - Open a connection, for jobs (worker's thread); see svc/dial.h
 *
 * Return: as dial(); -ERR_CONNABORTED when the worker is ending
 */
int worker_dial(struct worker *w, struct dial *d,
		const struct stream_connect_args *a) MUST_USE;

/** worker_history() - What is remembered of connections, for jobs */
struct history *worker_history(struct worker *w);

/** worker_follow() - Follow these connections and no others, for jobs; see history.h */
void worker_follow(struct worker *w, const struct history_follow *f,
		   uint32_t n);

/** worker_stack() - The stack, for jobs (worker's thread) */
struct ustack *worker_stack(struct worker *w);

/** worker_svc() - The services and their faults, for jobs (worker's thread) */
struct svc_set *worker_svc(struct worker *w);

/** worker_close_conn() - End a connection gracefully: FIN behind what is queued, and
 * close_notify before it on a secure channel; for jobs; 0 or -ERR_NOENT
 */
int worker_close_conn(struct worker *w, struct ustack_conn c);

/** worker_arm_ticks() - Faults of services have changed (worker's thread) */
void worker_arm_ticks(struct worker *w);

/** worker_impair() - Rules and scripts of impairment, for jobs (worker's thread) */
struct impair *worker_impair(struct worker *w);

/** worker_capture() - What is captured, for jobs (worker's thread) */
struct capture *worker_capture(struct worker *w);

/**
 * struct worker_ping - an echo request, and its end
 * @over:	its @done is called on the main thread when @pong is set; @run is not
 *		used
 * @pong:	how it ended
 */
struct worker_ping {
	struct job over;
	struct ustack_pong pong;
};

/**
 * worker_ping() - Send an echo request, for jobs (worker's thread)
 * @w:		worker
 * @a:		arguments; @ctx is not used
 * @p:		lives until its @over is done, which is after the job is
 *
 * Return: as ustack_ping(), then @p comes back once; -ERR_CONNABORTED when the
 * worker has ended
 */
int worker_ping(struct worker *w, const struct ustack_ping_args *a,
		struct worker_ping *p) MUST_USE;

/** worker_counters() - The stack's counters, any thread, relaxed loads */
const uint64_t *worker_counters(const struct worker *w);

/** worker_svc_counters() - The services', the same */
const uint64_t *worker_svc_counters(const struct worker *w);

/** worker_tun() - The device, for its description and drop counters */
struct tun *worker_tun(const struct worker *w);

/** worker_set_level() - Have events delivered that a log level needs, main thread */
void worker_set_level(struct worker *w, int level);

/** worker_subscribe() - Have these kinds of event of all connections delivered to
 * the sink, main thread
 */
void worker_subscribe(struct worker *w, uint32_t mask);

/** worker_set_sink() - Who gets events besides the log, main thread; copied */
void worker_set_sink(struct worker *w, const struct tap_sink *sink);

/** worker_events_lost() - Log events dropped because the ring was full */
uint64_t worker_events_lost(const struct worker *w);

/**
 * struct worker_service - a configured service, as it runs
 */
struct worker_service {
	char name[32];
	char type[32];
	char target[256]; /* of a forward service, "" = none */
	uint16_t port;
	bool tls;	    /* its connections are secure channels */
	uint32_t open;	    /* connections open now, relaxed read */
	uint64_t accepted;  /* connections so far */
	uint64_t bytes_in;  /* payload read by the service */
	uint64_t bytes_out; /* payload it wrote */
};

/** worker_services() - Copy the services' state, main or worker's thread; returns
 * their number
 */
uint32_t worker_services(const struct worker *w, struct worker_service *out,
			 uint32_t max);

/** worker_replaced() - Connections of services that are none any more; the same */
uint64_t worker_replaced(const struct worker *w);

#endif /* DAEMON_WORKER_H */

/* SPDX-License-Identifier: MIT */
/*
 * tap.h - where a worker's events go: history, log, subscribers
 *
 *	worker's thread: tap_put() --> history
 *				   \-> ring --> main thread: tap_deliver()
 *						  --> log, and who has tapped it
 *
 * The ring takes what the log's level shows, what a mask of the subscribers
 * names, and what they follow connection by connection.  The last quarter of it
 * is kept for the log: a subscriber that wants too much costs it nothing.
 */

#ifndef DAEMON_TAP_H
#define DAEMON_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/history.h"
#include "daemon/mailbox.h"

#define TAP_LOG_ROOM (EVRING_SIZE / 4)

/**
 * struct tap_sink - who gets events besides the log, on the main thread
 * @event:	one has happened
 * @lost:	so many more did not get through
 * @flush:	no more events follow at the moment
 * @arg:	their argument
 */
struct tap_sink {
	void (*event)(void *arg, const struct ustack_event *ev);
	void (*lost)(void *arg, uint64_t n);
	void (*flush)(void *arg);
	void *arg;
};

/**
 * struct tap - one worker's
 * @history:	the worker's thread's
 * @mask:	kinds in force, the log's and the subscribers'
 * @log_mask:	of them, the log's
 * @made:	the batch has put something into the ring
 * @log_wanted:	kinds that the log wants, written by the main thread
 * @mask_wanted: kinds that subscribers want of all connections, the same
 * @unlogged:	events for subscribers that found no room; written by the
 *		worker's thread
 * @lost_told:	lost events that the log has been told of; the main thread's
 * @unlogged_told: the same of @unlogged, and the sink
 * @sink:	@event NULL = nobody; the main thread's
 * @ring:	events on their way
 */
struct tap {
	struct history *history;
	uint32_t mask;
	uint32_t log_mask;
	bool made;
	uint32_t log_wanted;
	uint32_t mask_wanted;
	uint64_t unlogged;
	uint64_t lost_told;
	uint64_t unlogged_told;
	struct tap_sink sink;
	struct evring ring;
};

/**
 * tap_init() - Get ready, before the worker's thread runs
 * @t:		storage of the caller, zeroed
 * @s:		stack, whose event mask is set
 * @log_mask:	kinds that the log wants
 *
 * Return: false, out of memory
 */
bool tap_init(struct tap *t, struct ustack *s, uint32_t log_mask);

/** tap_fini() - Free what it holds */
void tap_fini(struct tap *t);

/** tap_put() - An event has happened; for host.event() */
void tap_put(struct tap *t, const struct ustack_event *ev);

/** tap_sync() - Put the masks wanted in force, worker's thread */
void tap_sync(struct tap *t, struct ustack *s);

/**
 * tap_settle() - A batch is over, worker's thread: the stack may be called
 *
 * Return: the main thread has something to deliver
 */
bool tap_settle(struct tap *t, struct ustack *s);

/** tap_log() - Choose the kinds that the log wants, main thread; wake the worker */
void tap_log(struct tap *t, uint32_t mask);

/** tap_subscribe() - The same that subscribers want of all connections */
void tap_subscribe(struct tap *t, uint32_t mask);

/** tap_waiting() - Events in the ring, main thread */
uint32_t tap_waiting(struct tap *t);

/** tap_deliver() - Hand @n events out, main thread, and tell of those lost */
void tap_deliver(struct tap *t, uint32_t n);

/** tap_lost() - Events for the log that found no room, any thread */
uint64_t tap_lost(const struct tap *t);

#endif /* DAEMON_TAP_H */

/* SPDX-License-Identifier: MIT */
/*
 * mailbox.h - ways from one thread to another: jobs, and events
 *
 *	mailbox		any number of senders, one receiver; a list under a
 *			mutex, and an ev_async that wakes the receiver's loop
 *	evring		one sender, one receiver; a ring without locks that
 *			drops, and counts, what does not fit
 */

#ifndef DAEMON_MAILBOX_H
#define DAEMON_MAILBOX_H

#include <ev.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/ustack.h"

struct job;

/**
 * struct mailbox - jobs on their way to the thread of a loop
 * @lock:	guards @head and @tail
 * @head:	oldest job
 * @tail:	where the next one is hung
 * @loop:	the receiver's loop; borrowed
 * @wake:	runs on the receiver's thread after a mailbox_wake()
 */
struct mailbox {
	pthread_mutex_t lock;
	struct job *head;
	struct job **tail;
	struct ev_loop *loop;
	struct ev_async wake;
};

/**
 * mailbox_init() - Make an empty mailbox
 * @mb:		storage of the caller, who must not move it
 * @loop:	loop of the receiver, not running yet or running on this thread
 * @on_wake:	called on the receiver's thread when there may be something
 * @arg:	@on_wake finds it in its watcher's data
 */
void mailbox_init(struct mailbox *mb, struct ev_loop *loop,
		  void (*on_wake)(struct ev_loop *, struct ev_async *, int),
		  void *arg);

/** mailbox_fini() - Stop the watcher, receiver's thread; the box must be empty */
void mailbox_fini(struct mailbox *mb);

/** mailbox_put() - Hand a job over and wake the receiver; takes @j, any thread */
void mailbox_put(struct mailbox *mb, struct job *j);

/**
 * mailbox_put_list() - The same for a list in order; NULL is none
 */
void mailbox_put_list(struct mailbox *mb, struct job *list);

/** mailbox_take() - All jobs, oldest first, linked by next; NULL = none */
struct job *mailbox_take(struct mailbox *mb);

/** mailbox_wake() - Have the receiver look; any thread, wake-ups may merge */
void mailbox_wake(struct mailbox *mb);

#define EVRING_SIZE 4096u /* a power of two */

/**
 * struct evring - events of the stack on their way to the log
 * @head:	events written so far; the writer's
 * @lost:	events that found no room; the writer's
 * @tail:	events read so far; the reader's
 * @ev:		the ring
 */
struct evring {
	_Alignas(64) uint64_t head;
	uint64_t lost;
	_Alignas(64) uint64_t tail;
	_Alignas(64) struct ustack_event ev[EVRING_SIZE];
};

/** evring_put() - Add an event, writer's thread; false: no room, counted */
bool evring_put(struct evring *r, const struct ustack_event *ev);

/** evring_get() - Take the oldest event, reader's thread; false: empty */
bool evring_get(struct evring *r, struct ustack_event *ev);

/** evring_room() - Events that it takes at least, either thread */
uint32_t evring_room(const struct evring *r);

/** evring_lost() - Events that found no room so far, any thread */
uint64_t evring_lost(const struct evring *r);

#endif /* DAEMON_MAILBOX_H */

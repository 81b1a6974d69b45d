/* SPDX-License-Identifier: MIT */
/*
 * mailbox.c - ways from one thread to another: jobs, and events
 *
 * The ring's counts only grow; head - tail events are in it.  Each side owns
 * one of them and publishes it with release order, so that the other, reading
 * it with acquire order, sees the slots as they were left.
 */

#include "mailbox.h"

#include "worker.h"

void mailbox_init(struct mailbox *mb, struct ev_loop *loop,
		  void (*on_wake)(struct ev_loop *, struct ev_async *, int),
		  void *arg)
{
	pthread_mutex_init(&mb->lock, NULL);
	mb->head = NULL;
	mb->tail = &mb->head;
	mb->loop = loop;
	ev_async_init(&mb->wake, on_wake);
	mb->wake.data = arg;
	ev_async_start(loop, &mb->wake);
}

void mailbox_fini(struct mailbox *mb)
{
	ev_async_stop(mb->loop, &mb->wake);
	pthread_mutex_destroy(&mb->lock);
}

void mailbox_put_list(struct mailbox *mb, struct job *list)
{
	if (!list)
		return;
	pthread_mutex_lock(&mb->lock);
	*mb->tail = list;
	while (*mb->tail)
		mb->tail = &(*mb->tail)->next;
	pthread_mutex_unlock(&mb->lock);
	mailbox_wake(mb);
}

void mailbox_put(struct mailbox *mb, struct job *j)
{
	j->next = NULL;
	mailbox_put_list(mb, j);
}

struct job *mailbox_take(struct mailbox *mb)
{
	struct job *list;

	pthread_mutex_lock(&mb->lock);
	list = mb->head;
	mb->head = NULL;
	mb->tail = &mb->head;
	pthread_mutex_unlock(&mb->lock);
	return list;
}

void mailbox_wake(struct mailbox *mb)
{
	ev_async_send(mb->loop, &mb->wake);
}

bool evring_put(struct evring *r, const struct ustack_event *ev)
{
	uint64_t head = __atomic_load_n(&r->head, __ATOMIC_RELAXED);
	uint64_t tail = __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);

	if (head - tail == EVRING_SIZE) {
		__atomic_store_n(&r->lost, r->lost + 1, __ATOMIC_RELAXED);
		return false;
	}
	r->ev[head % EVRING_SIZE] = *ev;
	__atomic_store_n(&r->head, head + 1, __ATOMIC_RELEASE);
	return true;
}

bool evring_get(struct evring *r, struct ustack_event *ev)
{
	uint64_t tail = __atomic_load_n(&r->tail, __ATOMIC_RELAXED);
	uint64_t head = __atomic_load_n(&r->head, __ATOMIC_ACQUIRE);

	if (head == tail)
		return false;
	*ev = r->ev[tail % EVRING_SIZE];
	__atomic_store_n(&r->tail, tail + 1, __ATOMIC_RELEASE);
	return true;
}

uint32_t evring_room(const struct evring *r)
{
	uint64_t head = __atomic_load_n(&r->head, __ATOMIC_ACQUIRE);
	uint64_t tail = __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);

	return EVRING_SIZE - (uint32_t)(head - tail);
}

uint64_t evring_lost(const struct evring *r)
{
	return __atomic_load_n(&r->lost, __ATOMIC_RELAXED);
}

/* SPDX-License-Identifier: MIT */
/*
 * tap.c - where a worker's events go: history, log, subscribers
 */

#include "daemon/tap.h"

#include "daemon/log.h"

bool tap_init(struct tap *t, struct ustack *s, uint32_t log_mask)
{
	t->history = history_new(HISTORY_CONNS);
	if (!t->history)
		return false;
	tap_log(t, log_mask);
	tap_sync(t, s);
	return true;
}

void tap_fini(struct tap *t)
{
	history_free(t->history);
	t->history = NULL;
}

/* ----------------------------------------------------- the worker's thread */

void tap_put(struct tap *t, const struct ustack_event *ev)
{
	uint32_t bit = 1u << ev->kind;
	bool followed = history_put(t->history, ev);

	if (!followed && !(t->mask & bit))
		return;
	t->made = true;
	if (t->log_mask & bit || evring_room(&t->ring) > TAP_LOG_ROOM)
		(void)evring_put(&t->ring, ev);
	else
		__atomic_store_n(&t->unlogged, t->unlogged + 1,
				 __ATOMIC_RELAXED);
}

void tap_sync(struct tap *t, struct ustack *s)
{
	uint32_t log = __atomic_load_n(&t->log_wanted, __ATOMIC_RELAXED);
	uint32_t mask = __atomic_load_n(&t->mask_wanted, __ATOMIC_RELAXED);

	t->log_mask = log;
	if (t->mask == (log | mask))
		return;
	t->mask = log | mask;
	ustack_set_event_mask(s, t->mask);
}

bool tap_settle(struct tap *t, struct ustack *s)
{
	bool made = t->made;

	t->made = false;
	history_settle(t->history, ustack_watch, s);
	return made;
}

/* --------------------------------------------------------- the main thread */

void tap_log(struct tap *t, uint32_t mask)
{
	__atomic_store_n(&t->log_wanted, mask, __ATOMIC_RELAXED);
}

void tap_subscribe(struct tap *t, uint32_t mask)
{
	__atomic_store_n(&t->mask_wanted, mask, __ATOMIC_RELAXED);
}

uint32_t tap_waiting(struct tap *t)
{
	return EVRING_SIZE - evring_room(&t->ring);
}

static void tell_lost(struct tap *t)
{
	uint64_t lost = evring_lost(&t->ring);
	uint64_t unlogged = __atomic_load_n(&t->unlogged, __ATOMIC_RELAXED);
	uint64_t n = lost - t->lost_told;
	uint64_t m = unlogged - t->unlogged_told;

	if (n)
		log_msg(LOG_LVL_WARNING,
			"%llu events were not logged: they come faster than "
			"they can be written",
			(unsigned long long)n);
	t->lost_told = lost;
	t->unlogged_told = unlogged;
	if (n + m && t->sink.event)
		t->sink.lost(t->sink.arg, n + m);
}

void tap_deliver(struct tap *t, uint32_t n)
{
	struct ustack_event ev;

	for (uint32_t i = 0; i < n; i++) {
		if (!evring_get(&t->ring, &ev))
			break;
		log_event(&ev);
		if (t->sink.event)
			t->sink.event(t->sink.arg, &ev);
	}
	tell_lost(t);
	if (t->sink.event)
		t->sink.flush(t->sink.arg);
}

uint64_t tap_lost(const struct tap *t)
{
	return evring_lost(&t->ring);
}

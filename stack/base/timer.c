/* SPDX-License-Identifier: MIT */
/*
 * timer.c - hierarchical timer wheel
 *
 *	tick:      | top ...... |  6 bits  |  6 bits  |  6 bits  |
 *	level:           6           2          1          0
 *
 * A timer stands on the level of the highest bit in which its tick differs
 * from now, in the slot that its own six bits of that level name.  So on each
 * level only slots ahead of now are in use, everything on a level comes
 * before anything on the levels above, and the next thing to happen is the
 * next busy slot of the lowest busy level.  Time jumps straight there: on
 * level 0 the slot's timers are due, above they are sorted down.
 *
 * The top level alone goes round: what differs in a higher bit stands there
 * too, and when time gets to its slot a round or more too early, the timer is
 * placed again.
 */

#include "timer.h"

#define SLOT_BITS 6u
#define SLOT_MASK (TIMER_SLOTS - 1)
#define TOP_LEVEL (TIMER_LEVELS - 1)
#define SLOT_DUE  (TIMER_LEVELS * TIMER_SLOTS) /* on the due list */

/* First tick that is not before a deadline. */
static inline uint64_t tick_of(uint64_t us)
{
	uint64_t part = us & ((1u << TIMER_TICK_SHIFT) - 1);

	return (us >> TIMER_TICK_SHIFT) + (part != 0);
}

static inline uint32_t level_of(uint64_t now_tick, uint64_t tick)
{
	uint32_t top_bit = 63u - (uint32_t)__builtin_clzll(now_tick ^ tick);

	return min_u32(top_bit / SLOT_BITS, TOP_LEVEL);
}

/* Link a timer where its deadline belongs, seen from now. */
static void place(struct timer_wheel *w, struct timer *t)
{
	uint64_t tick = tick_of(t->expires_us);
	uint32_t level, slot;

	if (tick <= w->now_tick) {
		t->slot = SLOT_DUE;
		list_insert(&w->due, &t->link);
		return;
	}
	level = level_of(w->now_tick, tick);
	slot = (uint32_t)(tick >> level * SLOT_BITS) & SLOT_MASK;
	t->slot = level * TIMER_SLOTS + slot;
	list_insert(&w->slot[t->slot], &t->link);
	w->busy[level] |= 1ull << slot;
}

/* Lowest level in use, TIMER_LEVELS when there is none. */
static uint32_t lowest_busy(const struct timer_wheel *w)
{
	uint32_t level = 0;

	while (level < TIMER_LEVELS && !w->busy[level])
		level++;
	return level;
}

/* First tick of the next busy slot of a level that is in use. */
static uint64_t next_tick(const struct timer_wheel *w, uint32_t level)
{
	uint32_t shift = level * SLOT_BITS;
	uint64_t now = w->now_tick >> shift;
	uint32_t turn = (uint32_t)(now + 1) & SLOT_MASK;
	uint64_t busy = w->busy[level];

	/* Turn the slot after now's into bit 0. */
	busy = (busy >> turn) | (busy << ((TIMER_SLOTS - turn) & SLOT_MASK));
	return (now + 1 + (uint64_t)__builtin_ctzll(busy)) << shift;
}

/* Sort down or fire the slot that time has just reached. */
static void open_slot(struct timer_wheel *w, uint32_t level)
{
	uint32_t shift = level * SLOT_BITS;
	uint32_t slot = (uint32_t)(w->now_tick >> shift) & SLOT_MASK;
	struct list head;

	list_take(&head, &w->slot[level * TIMER_SLOTS + slot]);
	w->busy[level] &= ~(1ull << slot);
	while (!list_empty(&head)) {
		struct timer *t = list_entry(head.next, struct timer, link);

		list_del(&t->link);
		place(w, t);
	}
}

/* Take an armed timer from its list. */
static void unlink_timer(struct timer_wheel *w, struct timer *t)
{
	list_del(&t->link);
	t->expires_us = TIME_NEVER;
	w->armed--;
	if (t->slot != SLOT_DUE && list_empty(&w->slot[t->slot]))
		w->busy[t->slot / TIMER_SLOTS] &= ~(1ull
						    << (t->slot & SLOT_MASK));
}

void timer_wheel_init(struct timer_wheel *w, uint64_t now_us)
{
	w->now_tick = now_us >> TIMER_TICK_SHIFT;
	w->armed = 0;
	memset(w->busy, 0, sizeof(w->busy));
	for (uint32_t i = 0; i < ARRAY_LEN(w->slot); i++)
		list_init(&w->slot[i]);
	list_init(&w->due);
}

void timer_init(struct timer *t)
{
	list_init(&t->link);
	t->expires_us = TIME_NEVER;
	t->slot = 0;
}

void timer_arm(struct timer_wheel *w, struct timer *t, uint64_t expires_us)
{
	timer_cancel(w, t);
	if (expires_us == TIME_NEVER)
		return;
	t->expires_us = expires_us;
	place(w, t);
	w->armed++;
}

void timer_cancel(struct timer_wheel *w, struct timer *t)
{
	if (timer_armed(t))
		unlink_timer(w, t);
}

void timer_advance(struct timer_wheel *w, uint64_t now_us)
{
	uint64_t target = now_us >> TIMER_TICK_SHIFT;

	while (w->now_tick < target) {
		uint32_t level = lowest_busy(w);
		uint64_t tick = target;

		if (level < TIMER_LEVELS)
			tick = next_tick(w, level);
		if (tick > target || level == TIMER_LEVELS) {
			w->now_tick = target;
			return;
		}
		w->now_tick = tick;
		open_slot(w, level);
	}
}

struct timer *timer_next_due(struct timer_wheel *w)
{
	struct timer *t = list_first(&w->due, struct timer, link);

	if (t)
		unlink_timer(w, t);
	return t;
}

uint64_t timer_deadline_us(const struct timer_wheel *w)
{
	uint32_t level;

	if (!list_empty(&w->due))
		return w->now_tick << TIMER_TICK_SHIFT;
	level = lowest_busy(w);
	if (level == TIMER_LEVELS)
		return TIME_NEVER;
	return next_tick(w, level) << TIMER_TICK_SHIFT;
}

/* SPDX-License-Identifier: MIT */
/*
 * timer.h - hierarchical timer wheel
 *
 *	level 0: 64 slots of 1 tick, level 1: 64 slots of 64 ticks, ...
 *
 * A timer is put on the level at which its deadline differs from now; when
 * time reaches its slot it moves down or, on level 0, fires.  Arming and
 * cancelling are O(1); finding the next deadline looks at one bitmap a level.
 * One tick is 64 us.  A timer never fires early; it may fire up to a tick
 * late.  (Varghese and Lauck, "Hashed and hierarchical timing wheels", 1987.)
 */

#ifndef STACK_BASE_TIMER_H
#define STACK_BASE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"

#define TIMER_TICK_SHIFT 6u /* 64 us a tick */
#define TIMER_LEVELS	 7u /* 2^(6+42) us = 8.9 years ahead */
#define TIMER_SLOTS	 64u
#define TIME_NEVER	 UINT64_MAX

/**
 * struct timer - one deadline
 * @link:	slot list; linked to itself while not armed
 * @expires_us:	deadline, TIME_NEVER while not armed
 * @slot:	level * TIMER_SLOTS + slot, valid while armed
 */
struct timer {
	struct list link;
	uint64_t expires_us;
	uint32_t slot;
};

/**
 * struct timer_wheel - the wheel
 * @now_tick:	tick up to which timers have fired
 * @armed:	number of armed timers
 * @busy:	per level, a bit for each slot that is not empty
 * @slot:	the lists
 * @due:	timers taken from the wheel and not yet returned
 */
struct timer_wheel {
	uint64_t now_tick;
	uint32_t armed;
	uint64_t busy[TIMER_LEVELS];
	struct list slot[TIMER_LEVELS * TIMER_SLOTS];
	struct list due;
};

/** timer_wheel_init() - Start an empty wheel at @now_us */
void timer_wheel_init(struct timer_wheel *w, uint64_t now_us);

/** timer_init() - Make a timer that is not armed */
void timer_init(struct timer *t);

static inline bool timer_armed(const struct timer *t)
{
	return t->expires_us != TIME_NEVER;
}

/**
 * timer_arm() - Set or move a deadline
 * @w:		wheel
 * @t:		timer, armed or not
 * @expires_us:	deadline; one in the past fires at the next timer_next_due().
 *		TIME_NEVER cancels.
 */
void timer_arm(struct timer_wheel *w, struct timer *t, uint64_t expires_us);

/** timer_cancel() - Take back a deadline; harmless when not armed */
void timer_cancel(struct timer_wheel *w, struct timer *t);

/**
 * timer_advance() - Move time on, collecting what is due
 * @w:		wheel
 * @now_us:	now; going back is ignored
 */
void timer_advance(struct timer_wheel *w, uint64_t now_us);

/**
 * timer_next_due() - Take one expired timer
 * @w:		wheel, after timer_advance()
 *
 * Return: a timer that is not armed any more, or NULL when none is left.
 * The handler may arm and cancel any timer, itself included.
 */
struct timer *timer_next_due(struct timer_wheel *w);

/**
 * timer_deadline_us() - When to call timer_advance() next
 * @w:		wheel
 *
 * Return: a time no later than the earliest tick at which a timer fires (it
 * may be earlier, when a higher level must be sorted down), or TIME_NEVER
 */
uint64_t timer_deadline_us(const struct timer_wheel *w);

#endif /* STACK_BASE_TIMER_H */

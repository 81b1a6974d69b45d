/* SPDX-License-Identifier: MIT */
/*
 * capfate.c - what befell packets that will be seen once more
 *
 * Keys are hashes that nobody keeps a secret: who makes two collide gets a
 * wrong comment, no more.
 */

#include "daemon/capfate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "stack/link/impair.h"

#define LATE_US	  50000u /* later than due, or earlier: another packet */
#define US_PER_MS 1000u

/* The finalizer of MurmurHash3: each bit of @x moves about half of the result. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccdu;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53u;
	return x ^ x >> 33;
}

static uint64_t mix_addr(uint64_t h, const struct ustack_addr *a)
{
	uint64_t half[2];

	memcpy(half, a->b, sizeof(half));
	return mix(mix(h ^ half[0]) ^ half[1]);
}

uint64_t capfate_flow(const struct ustack_tuple *t, bool in)
{
	uint64_t h = (uint64_t)t->lport << 32 | (uint64_t)t->rport << 8 | in;

	return mix_addr(mix_addr(mix(h), &t->local), &t->remote) | 1;
}

uint64_t capfate_key(uint64_t flow, uint32_t seq, uint32_t len)
{
	return mix(flow ^ ((uint64_t)seq << 32 | len)) | 1;
}

struct capfate capfate_of(const struct ustack_event *ev)
{
	return (struct capfate){ .delay_us = ev->delay_us,
				 .rule = ev->rule,
				 .tx = ev->tx,
				 .faults = ev->faults,
				 .step = ev->step,
				 .knob = ev->knob };
}

static bool has(uint32_t faults, enum ustack_fault f)
{
	return faults >> f & 1u;
}

void capfate_keep(struct capfates *f, uint64_t key,
		  const struct ustack_event *ev)
{
	struct capfate_kept *set = f->set[key / 2 % CAPFATE_SETS];
	struct capfate_kept *k = set;

	if (has(ev->faults, USTACK_FAULT_LOST))
		return;
	for (uint32_t i = 1; i < CAPFATE_WAYS; i++)
		if (k->key && (!set[i].key || set[i].due_us < k->due_us))
			k = &set[i];
	*k = (struct capfate_kept){
		.key = key,
		.due_us = ev->time_us + ev->delay_us,
		.copies = has(ev->faults, USTACK_FAULT_DUPLICATED) ? 2 : 1,
		.fate = capfate_of(ev),
	};
}

static bool is_due(const struct capfate_kept *k, uint64_t now_us)
{
	uint64_t late_us = LATE_US;

	if (has(k->fate.faults, USTACK_FAULT_HELD))
		late_us += IMPAIR_HOLD_US;
	return now_us + LATE_US >= k->due_us && now_us <= k->due_us + late_us;
}

bool capfate_take(struct capfates *f, uint64_t key, uint64_t now_us,
		  struct capfate *fate)
{
	struct capfate_kept *set = f->set[key / 2 % CAPFATE_SETS];

	for (uint32_t i = 0; i < CAPFATE_WAYS; i++) {
		struct capfate_kept *k = &set[i];

		if (k->key != key || !is_due(k, now_us))
			continue;
		*fate = k->fate;
		if (--k->copies == 0)
			k->key = 0;
		return true;
	}
	return false;
}

/* --------------------------------------------------------------- in words */

/**
 * struct words - a text being written
 * @buf:	where to
 * @len:	bytes there, at most CAPFATE_TEXT_MAX - 1
 */
struct words {
	char *buf;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void say(struct words *w,
						      const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(w->buf + w->len, CAPFATE_TEXT_MAX - w->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		w->len += (size_t)n;
	if (w->len >= CAPFATE_TEXT_MAX)
		w->len = CAPFATE_TEXT_MAX - 1;
}

static void say_faults(struct words *w, const struct capfate *fate)
{
	const char *between = "";

	for (int f = 0; f < USTACK_FAULTS; f++) {
		if (!has(fate->faults, (enum ustack_fault)f))
			continue;
		say(w, "%s%s", between,
		    ustack_fault_name((enum ustack_fault)f));
		if (f == USTACK_FAULT_DELAYED)
			say(w, " %" PRIu64 ".%03" PRIu64 " ms",
			    fate->delay_us / US_PER_MS,
			    fate->delay_us % US_PER_MS);
		between = ", ";
	}
}

const char *capfate_text(const struct capfate *fate, char buf[CAPFATE_TEXT_MAX])
{
	struct words w = { .buf = buf };

	say(&w, "ustack: ");
	say_faults(&w, fate);
	if (fate->step)
		say(&w, " by step %u of script %u", fate->step, fate->rule);
	else
		say(&w, " by %s",
		    ustack_knob_name((enum ustack_knob)fate->knob));
	if (fate->rule && !fate->step)
		say(&w, " of rule %u", fate->rule);
	if (fate->tx)
		say(&w, " (transmission %u)", fate->tx);
	return buf;
}

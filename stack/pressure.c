/* SPDX-License-Identifier: MIT */
/*
 * pressure.c - tells when memory gets short, and when it is enough again
 */

#include "pressure.h"

#include "stack_int.h"

#define ASK_AGAIN_US 100000u

static void tell(struct ustack *s, bool on)
{
	const struct pressure *p = &s->pressure;
	struct ustack_event ev = { .kind = USTACK_EV_MEMORY,
				   .time_us = s->now_us,
				   .active = on,
				   .mem_used = s->mem.used,
				   .mem_limit = s->mem.budget,
				   .conns = s->mem.promises };

	if (!stack_wants(s, USTACK_EV_MEMORY))
		return;
	if (!on) {
		ev.age_us = s->now_us - p->since_us;
		ev.drops = p->drops - p->told;
	}
	s->host.event(s->host.ctx, &ev);
}

static bool is_short(struct ustack *s)
{
	uint64_t drops = s->mib[USTACK_C_DROP_NO_MEMORY] +
			 s->mib[USTACK_C_DROP_TCP_MEM_LIMIT];
	bool more = drops != s->pressure.drops;

	if (!s->pressure.on)
		s->pressure.told = s->pressure.drops;
	s->pressure.drops = drops;
	return more || s->mem.denied || stack_mem_low(s);
}

/* The embedder has refused: not each time that somebody wants something. */
static void ask_again(struct ustack *s)
{
	if (!s->mem.denied || s->now_us - s->pressure.asked_us < ASK_AGAIN_US)
		return;
	s->pressure.asked_us = s->now_us;
	mem_retry(&s->mem);
}

uint64_t pressure_run(struct ustack *s)
{
	struct pressure *p = &s->pressure;

	if (is_short(s)) {
		p->seen_us = s->now_us;
		ask_again(s);
		if (p->on)
			return s->now_us + PRESSURE_QUIET_US;
		p->on = true;
		p->since_us = s->now_us;
		stack_count(s, USTACK_C_MEM_PRESSURES);
		tell(s, true);
	}
	if (p->on && s->now_us - p->seen_us >= PRESSURE_QUIET_US) {
		p->on = false;
		tell(s, false);
	}
	return p->on ? p->seen_us + PRESSURE_QUIET_US : USTACK_NEVER;
}

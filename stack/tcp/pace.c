/* SPDX-License-Identifier: MIT */
/*
 * pace.c - pacing
 */

#include "pace.h"

#include "cc.h"
#include "extra.h"

#define QUANTUM_US 1000u

uint64_t pace_rate(const struct tcp_conn *c)
{
	if (!c->x)
		return 0;
	return c->x->pace_rate == USTACK_PACING_AUTO ? tcp_cc(c)->pacing_rate(c)
						     : c->x->pace_rate;
}

uint32_t pace_quantum(const struct tcp_conn *c)
{
	uint64_t rate = pace_rate(c);
	uint64_t bytes = rate / (1000000u / QUANTUM_US);

	if (rate == 0)
		return UINT32_MAX;
	bytes -= bytes % c->snd.mss;
	return (uint32_t)min_u64(max_u64(bytes, 2u * c->snd.mss), UINT32_MAX);
}

bool pace_holds(struct tcp_conn *c)
{
	if (!c->x)
		return false;
	c->x->pace_held = c->x->pace_at > tcp_now(c) && tcp_unsent(c) > 0 &&
			  pace_rate(c) != 0;
	return c->x->pace_held;
}

void pace_sent(struct tcp_conn *c, uint32_t len)
{
	uint64_t rate = pace_rate(c);
	struct tcp_extra *x = c->x;

	if (rate == 0 || len == 0)
		return;
	x->pace_at = max_u64(x->pace_at, tcp_now(c) - QUANTUM_US) +
		     max_u64(len * (uint64_t)1000000u / rate, 1);
}

uint64_t pace_deadline(const struct tcp_conn *c)
{
	return c->x && c->x->pace_held ? c->x->pace_at : TIME_NEVER;
}

/* SPDX-License-Identifier: MIT */
/*
 * limit.c - how much we say to strangers
 */

#include "limit.h"

#include "stack/base/bytes.h"

/* At a token a second, and no product of it overflows. */
#define FULL_AFTER_US (LIMIT_BURST * 1000000u)

void limit_init(struct limit *l, uint64_t now_us)
{
	*l = (struct limit){ .filled_us = now_us, .tokens = LIMIT_BURST };
}

static void fill(struct limit *l, const struct limit_price *p)
{
	uint64_t us = min_u64(p->now_us - l->filled_us, FULL_AFTER_US);
	uint64_t gained = us * p->rate / 1000000u;

	if (gained == 0)
		return;
	l->tokens = (uint32_t)min_u64(l->tokens + gained,
				      max_u32(p->rate, LIMIT_BURST));
	l->filled_us = p->now_us;
}

bool limit_take(struct limit *l, const struct limit_price *p)
{
	fill(l, p);
	if (l->tokens == 0)
		return false;
	l->tokens -= min_u32(l->tokens, p->cost);
	return true;
}

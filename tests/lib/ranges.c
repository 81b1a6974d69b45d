/* SPDX-License-Identifier: MIT */
/*
 * ranges.c - which bytes of a stream somebody has
 */

#include "ranges.h"

#include <stdlib.h>
#include <string.h>

#include "stack/base/bytes.h"

uint32_t ranges_find(const struct ranges *s, uint64_t at)
{
	uint32_t lo = 0, hi = s->n;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (s->range[mid].to < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool ranges_have(const struct ranges *s, uint64_t from, uint64_t to)
{
	uint32_t i;

	if (to <= s->floor)
		return true;
	i = ranges_find(s, to);
	return i < s->n && s->range[i].from <= max_u64(from, s->floor) &&
	       s->range[i].to >= to;
}

static void cut_out(struct ranges *s, uint32_t i, uint32_t n)
{
	if (n == 0)
		return;
	memmove(&s->range[i], &s->range[i + n],
		(s->n - i - n) * sizeof(*s->range));
	s->n -= n;
}

static void put_in(struct ranges *s, uint32_t i, struct range r)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 16;
		s->range = realloc(s->range, s->cap * sizeof(*s->range));
		if (!s->range)
			abort();
	}
	memmove(&s->range[i + 1], &s->range[i], (s->n - i) * sizeof(*s->range));
	s->range[i] = r;
	s->n++;
}

/*
 *	   [a]  [b]    [c]
 *	      [ new ]            touches a and b: all three become one
 */
void ranges_add(struct ranges *s, uint64_t from, uint64_t to)
{
	struct range r = { max_u64(from, s->floor), to };
	uint32_t first, n = 0;

	if (to <= s->floor)
		return;
	first = ranges_find(s, r.from);
	for (; first + n < s->n && s->range[first + n].from <= r.to; n++) {
		r.from = min_u64(r.from, s->range[first + n].from);
		r.to = max_u64(r.to, s->range[first + n].to);
	}
	cut_out(s, first, n);
	if (r.from <= s->floor)
		s->floor = r.to;
	else
		put_in(s, first, r);
}

void ranges_fini(struct ranges *s)
{
	free(s->range);
	*s = (struct ranges){ 0 };
}

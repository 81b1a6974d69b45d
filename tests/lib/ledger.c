/* SPDX-License-Identifier: MIT */
/*
 * ledger.c - what a sender put on the wire, and what of it was needless
 */

#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "stack/base/bytes.h"
#include "stack/wire/tcp_hdr.h"

/* First range that ends at or behind @at: the one to look at or grow. */
static uint32_t find(const struct ledger *l, uint64_t at)
{
	uint32_t lo = 0, hi = l->n;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (l->range[mid].to < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool delivered(const struct ledger *l, uint64_t from, uint64_t to)
{
	uint32_t i;

	if (to <= l->floor)
		return true;
	i = find(l, to);
	return i < l->n && l->range[i].from <= max_u64(from, l->floor) &&
	       l->range[i].to >= to;
}

static void cut_out(struct ledger *l, uint32_t i, uint32_t n)
{
	if (n == 0)
		return;
	memmove(&l->range[i], &l->range[i + n],
		(l->n - i - n) * sizeof(*l->range));
	l->n -= n;
}

static void put_in(struct ledger *l, uint32_t i, struct ledger_range r)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->range = realloc(l->range, l->cap * sizeof(*l->range));
		if (!l->range)
			abort();
	}
	memmove(&l->range[i + 1], &l->range[i], (l->n - i) * sizeof(*l->range));
	l->range[i] = r;
	l->n++;
}

/*
 *	   [a]  [b]    [c]
 *	      [ new ]            touches a and b: all three become one
 */
static void deliver(struct ledger *l, uint64_t from, uint64_t to)
{
	struct ledger_range r = { max_u64(from, l->floor), to };
	uint32_t first, n = 0;

	if (to <= l->floor)
		return;
	first = find(l, r.from);
	for (; first + n < l->n && l->range[first + n].from <= r.to; n++) {
		r.from = min_u64(r.from, l->range[first + n].from);
		r.to = max_u64(r.to, l->range[first + n].to);
	}
	cut_out(l, first, n);
	if (r.from <= l->floor)
		l->floor = r.to;
	else
		put_in(l, first, r);
}

static void note_hole(struct ledger *l, struct ledger_range r,
		      enum path_fate fate, uint64_t now_us)
{
	if (fate == PATH_SCRIPTED && !l->dropped_us) {
		l->dropped_us = now_us;
		l->hole = r.from;
	} else if (fate == PATH_PASS && l->dropped_us && !l->repaired_us &&
		   r.from <= l->hole && l->hole < r.to) {
		l->repaired_us = now_us;
	}
}

void ledger_note(struct ledger *l, const struct vpkt *p, enum path_fate fate,
		 uint64_t now_us)
{
	uint32_t len = 0;
	const uint8_t *tcp = vpkt_tcp(p, &len);
	struct ledger_range r;

	if (!tcp)
		return;
	if (tcp[13] & TCP_SYN) {
		l->iss = be32_load(tcp + 4);
		l->open = true;
	}
	if (!l->open || len == 0)
		return;
	/* The stream's position, near the floor: it may be longer than 4 GB. */
	r.from = l->floor +
		 (uint64_t)(int64_t)(int32_t)(be32_load(tcp + 4) - l->iss - 1 -
					      (uint32_t)l->floor);
	r.to = r.from + len;
	l->segs++;
	if (r.from < l->high) {
		l->rtx++;
		l->spurious += delivered(l, r.from, r.to);
	}
	l->high = max_u64(l->high, r.to);
	note_hole(l, r, fate, now_us);
	if (fate == PATH_PASS)
		deliver(l, r.from, r.to);
}

void ledger_fini(struct ledger *l)
{
	free(l->range);
	memset(l, 0, sizeof(*l));
}

/* SPDX-License-Identifier: MIT */
/*
 * ledger.c - what a sender put on the wire, and what of it was needless
 */

#include "ledger.h"

#include <string.h>

#include "stack/base/bytes.h"
#include "stack/wire/tcp_hdr.h"

static void note_hole(struct ledger *l, struct range r, enum path_fate fate,
		      uint64_t now_us)
{
	if (fate == PATH_SCRIPTED && !l->dropped_us) {
		l->dropped_us = now_us;
		l->hole = r.from;
		return;
	}
	if (l->dropped_us && !l->behind_us && r.from > l->hole)
		l->behind_us = now_us;
	if (fate == PATH_PASS && l->dropped_us && !l->repaired_us &&
	    r.from <= l->hole && l->hole < r.to)
		l->repaired_us = now_us;
}

void ledger_note(struct ledger *l, const struct vpkt *p, enum path_fate fate,
		 uint64_t now_us)
{
	uint32_t len = 0;
	const uint8_t *tcp = vpkt_tcp(p, &len);
	struct range r;

	if (!tcp)
		return;
	if (tcp[13] & TCP_SYN) {
		l->iss = be32_load(tcp + 4);
		l->open = true;
	}
	if (!l->open || len == 0)
		return;
	/* The stream's position, near the floor: it may be longer than 4 GB. */
	r.from = l->got.floor +
		 (uint64_t)(int64_t)(int32_t)(be32_load(tcp + 4) - l->iss - 1 -
					      (uint32_t)l->got.floor);
	r.to = r.from + len;
	l->segs++;
	if (r.from < l->high) {
		l->rtx++;
		l->spurious += ranges_have(&l->got, r.from, r.to);
	}
	l->high = max_u64(l->high, r.to);
	note_hole(l, r, fate, now_us);
	if (fate == PATH_PASS)
		ranges_add(&l->got, r.from, r.to);
}

void ledger_fini(struct ledger *l)
{
	ranges_fini(&l->got);
	memset(l, 0, sizeof(*l));
}

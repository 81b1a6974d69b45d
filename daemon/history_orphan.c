/* SPDX-License-Identifier: MIT */
/*
 * history_orphan.c - what befell SYNs that no connection has come of yet
 */

#include "daemon/history_orphan.h"

#define FLAG_SYN 0x02u

void history_orphan_put(struct history_orphans *o,
			const struct ustack_event *ev)
{
	if (ev->kind != USTACK_EV_IMPAIRED || !ev->in ||
	    !(ev->flags & FLAG_SYN) || !ev->lport)
		return;
	o->ev[o->next] = *ev;
	o->next = (o->next + 1) % HISTORY_ORPHANS;
}

/* Is it of the connection that @ev begins? */
static bool belongs(const struct ustack_event *orphan,
		    const struct ustack_event *ev)
{
	if (!orphan->lport || orphan->lport != ev->lport ||
	    orphan->rport != ev->rport ||
	    !ustack_addr_eq(&orphan->local, &ev->local) ||
	    !ustack_addr_eq(&orphan->remote, &ev->remote) ||
	    ev->time_us - orphan->time_us > HISTORY_ORPHAN_AGE_US)
		return false;
	return ev->kind != USTACK_EV_RECEIVED || orphan->seq == ev->seq;
}

uint64_t history_orphan_adopt(struct history_orphans *o,
			      const struct ustack_event *ev,
			      struct history_store *st)
{
	uint64_t first_us = ev->time_us;

	for (uint32_t i = 0; i < HISTORY_ORPHANS; i++) {
		struct ustack_event *e = &o->ev[(o->next + i) % HISTORY_ORPHANS];

		if (!belongs(e, ev))
			continue;
		e->id = ev->id;
		history_store_put(st, e, false);
		if (e->time_us < first_us)
			first_us = e->time_us;
		e->lport = 0;
	}
	return first_us;
}

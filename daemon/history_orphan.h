/* SPDX-License-Identifier: MIT */
/*
 * history_orphan.h - what befell SYNs that no connection has come of yet
 *
 * A SYN that is lost or delayed on its way to the stack has no connection whose
 * history could tell of it.  It waits here; the connection that another SYN of
 * the same numbers opens gets it as its first event.
 */

#ifndef DAEMON_HISTORY_ORPHAN_H
#define DAEMON_HISTORY_ORPHAN_H

#include "daemon/history_int.h"

#define HISTORY_ORPHANS 32u /* events that wait; the oldest makes room */
#define HISTORY_ORPHAN_AGE_US                                                  \
	130000000u /* a SYN is sent again for about two minutes (tcp(7)) */

/**
 * struct history_orphans - a ring of events
 * @ev:		events; one with @lport 0 is no more
 * @next:	the oldest, and the next to be overwritten
 */
struct history_orphans {
	struct ustack_event ev[HISTORY_ORPHANS];
	uint32_t next;
};

/** history_orphan_put() - Keep an event without a connection, if it is such a one */
void history_orphan_put(struct history_orphans *o,
			const struct ustack_event *ev);

/**
 * history_orphan_adopt() - A connection begins: its orphans come first
 * @o:		orphans
 * @ev:		its first event
 * @st:		its store, empty
 *
 * Return: time of what is its first event now
 */
uint64_t history_orphan_adopt(struct history_orphans *o,
			      const struct ustack_event *ev,
			      struct history_store *st);

#endif /* DAEMON_HISTORY_ORPHAN_H */

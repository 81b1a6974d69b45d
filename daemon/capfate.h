/* SPDX-License-Identifier: MIT */
/*
 * capfate.h - what befell packets that will be seen once more
 *
 *	stack --> seen --> impaired: event --> [queue] --> seen --> wire
 *
 * Impairment says what it does to a packet right after it was seen on the side
 * that it comes from.  What comes out on the other side, perhaps much later,
 * tells nothing of it; so its fate is kept here, found by what the packet is
 * (flow, sequence number, length) and by the time that it is due.  Bounded:
 * when there are too many the one due first is forgotten, and its packet goes
 * without a comment on that side.
 */

#ifndef DAEMON_CAPFATE_H
#define DAEMON_CAPFATE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/capring.h"
#include "stack/ustack.h"

#define CAPFATE_SETS 4096u /* a power of two */
#define CAPFATE_WAYS 4u	   /* fates in a set */

/**
 * struct capfate_kept - a fate on its way
 * @key:	which packet, 0 = the place is free
 * @due_us:	when it will be seen
 * @copies:	how often it will be seen
 * @fate:	the fate
 */
struct capfate_kept {
	uint64_t key;
	uint64_t due_us;
	uint32_t copies;
	struct capfate fate;
};

/**
 * struct capfates - fates on their way
 * @set:	places, by key
 */
struct capfates {
	struct capfate_kept set[CAPFATE_SETS][CAPFATE_WAYS];
};

/** capfate_flow() - Number for a flow and a direction; never 0 */
uint64_t capfate_flow(const struct ustack_tuple *t, bool in);

/** capfate_key() - Number for a segment of a flow; never 0 */
uint64_t capfate_key(uint64_t flow, uint32_t seq, uint32_t len);

/** capfate_of() - The fate that an event tells, USTACK_EV_IMPAIRED */
struct capfate capfate_of(const struct ustack_event *ev);

/** capfate_keep() - Keep the fate of an event's packet, unless it was lost */
void capfate_keep(struct capfates *f, uint64_t key,
		  const struct ustack_event *ev);

/**
 * capfate_take() - A packet comes out: what befell it?
 * @f:		fates
 * @key:	which packet
 * @now_us:	the time
 * @fate:	set to it
 *
 * Return: false if nothing is known
 */
bool capfate_take(struct capfates *f, uint64_t key, uint64_t now_us,
		  struct capfate *fate);

#define CAPFATE_TEXT_MAX 200u

/**
 * capfate_text() - Say it: "ustack: lost by loss of rule 2 (transmission 1)"
 * @fate:	fate, with a fault at least
 * @buf:	where to
 *
 * Return: @buf
 */
const char *capfate_text(const struct capfate *fate,
			 char buf[CAPFATE_TEXT_MAX]);

#endif /* DAEMON_CAPFATE_H */

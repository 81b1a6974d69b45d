/* SPDX-License-Identifier: MIT */
/*
 * capfate.h - what befell packets that will be seen once more
 *
 *	stack --> seen --> impaired: event --> [queue] --> seen --> wire
 *
 * Impairment says what it does to a packet right after it was seen on the side
 * that it comes from.  What comes out on the other side, perhaps much later,
 * tells nothing of it; so its fate is kept here, found by what the packet is
 * (flow, sequence and acknowledgement number, length) and by the time that it is
 * due.
 *
 * A damaged packet may differ from what it was by a bit of just these, or not be
 * readable at all.  So the damaged ones are kept apart, few, and what is found
 * nowhere else is compared with them bit by bit.
 *
 * Bounded: when there are too many the one due first is forgotten, and its packet
 * goes without a comment on that side.
 */

#ifndef DAEMON_CAPFATE_H
#define DAEMON_CAPFATE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/capring.h"
#include "stack/link/view.h"
#include "stack/ustack.h"

#define CAPFATE_PLACES	16384u /* a power of two */
#define CAPFATE_WINDOW	128u   /* places where a key is looked for */
#define CAPFATE_DAMAGED 128u   /* damaged packets on their way */

/**
 * struct capfate_kept - a fate on its way
 * @due_us:	when it will be seen
 * @nr:		number of the fate: what is due at the same time comes in order
 * @copies:	how often it will be seen
 * @fate:	the fate
 */
struct capfate_kept {
	uint64_t due_us;
	uint64_t nr;
	uint32_t copies;
	struct capfate fate;
};

/**
 * struct capfate_damaged - a damaged packet on its way
 * @kept:	its fate; @kept.copies 0 = the place is free
 * @tuple:	its flow
 * @seq:	its sequence number, before it was damaged
 * @ack:	its acknowledgement number
 * @in:		it is on its way to the stack
 */
struct capfate_damaged {
	struct capfate_kept kept;
	struct ustack_tuple tuple;
	uint32_t seq;
	uint32_t ack;
	bool in;
};

/**
 * struct capfates - fates on their way; zero-initialized
 * @nr:		fates so far
 * @key:	which packet, 0 = the place is free
 * @kept:	its fate
 * @ndamaged:	places in use in @damaged
 * @damaged:	damaged packets
 */
struct capfates {
	uint64_t nr;
	uint64_t key[CAPFATE_PLACES + CAPFATE_WINDOW];
	struct capfate_kept kept[CAPFATE_PLACES + CAPFATE_WINDOW];
	uint32_t ndamaged;
	struct capfate_damaged damaged[CAPFATE_DAMAGED];
};

/** capfate_flow() - Number for a flow and a direction; never 0 */
uint64_t capfate_flow(const struct ustack_tuple *t, bool in);

/** capfate_of() - The fate that an event tells, USTACK_EV_IMPAIRED */
struct capfate capfate_of(const struct ustack_event *ev);

/** capfate_keep() - Keep the fate of an event's packet, unless it was lost */
void capfate_keep(struct capfates *f, const struct ustack_event *ev);

/**
 * capfate_take() - A packet comes out: what befell it?
 * @f:		fates
 * @v:		the packet
 * @now_us:	the time
 * @fate:	set to it
 *
 * Return: false if nothing is known
 */
bool capfate_take(struct capfates *f, const struct link_view *v,
		  uint64_t now_us, struct capfate *fate);

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

/* SPDX-License-Identifier: MIT */
/*
 * ledger.h - what a sender put on the wire, and what of it was needless
 *
 * The simulator knows a packet's fate when it is sent.  A retransmission is
 * spurious when all of its bytes had a copy that arrived or was going to: the
 * strictest view there is, under which patience would have been enough.
 */

#ifndef TESTS_LIB_LEDGER_H
#define TESTS_LIB_LEDGER_H

#include "ranges.h"
#include "world.h"

/**
 * struct ledger - one direction of one connection
 * @iss:	initial sequence number
 * @open:	@iss is known
 * @high:	end of what was sent at least once, bytes of the stream
 * @got:	what was delivered
 * @segs:	data packets sent
 * @rtx:	those with bytes sent before
 * @spurious:	those of them that were needless
 * @dropped_us:	when the first packet was lost by script, 0 = none was
 * @hole:	its first byte
 * @behind_us:	when the first packet of new data behind it set out, 0 = not yet:
 *		before that one arrives the loss cannot be noticed
 * @repaired_us: when a copy of it set out that arrived, 0 = not yet
 */
struct ledger {
	uint32_t iss;
	bool open;
	uint64_t high;
	struct ranges got;
	uint64_t segs;
	uint64_t rtx;
	uint64_t spurious;
	uint64_t dropped_us;
	uint64_t hole;
	uint64_t behind_us;
	uint64_t repaired_us;
};

/** ledger_note() - A packet of this direction was sent and met its fate */
void ledger_note(struct ledger *l, const struct vpkt *p, enum path_fate fate,
		 uint64_t now_us);

/** ledger_fini() - Free what it holds */
void ledger_fini(struct ledger *l);

#endif /* TESTS_LIB_LEDGER_H */

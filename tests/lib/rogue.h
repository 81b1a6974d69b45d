/* SPDX-License-Identifier: MIT */
/*
 * rogue.h - a receiver with bad habits, and a stack that must serve it
 *
 *	host[0]: listens, writes @bytes, closes     host[1]: the rogue
 *
 * The rogue opens, reads, acknowledges in its own way, and judges every byte.
 * However it behaves, the stack must stay within its bounds, and a rogue that
 * takes each byte in the end must get each byte.
 */

#ifndef TESTS_LIB_ROGUE_H
#define TESTS_LIB_ROGUE_H

#include "path.h"

#define ROGUE_MSS 1460u

/**
 * struct rogue_habits - what is wrong with it; all zero: nothing
 * @no_sack:	it does not permit SACK
 * @no_ts:	it offers no timestamps
 * @renege_every: with each nth segment it forgets what it holds out of order
 * @phantom:	it reports data that was never sent
 * @junk:	it reports blocks that are inverted, empty, old, or huge
 * @skip_every:	each nth new segment it claims not to have got
 * @skip_from:	from this byte of the stream on
 * @skip_to:	up to this one
 * @piece:	it acknowledges in pieces of so many bytes
 * @ahead:	it acknowledges so many bytes that were sent but have not come
 * @unsent:	before each honest one, an acknowledgement so far beyond all
 *		that was sent
 * @ack_every:	one acknowledgement for so many segments
 * @window:	it announces this, 0 = 15 MB
 * @shrink_to:	every other time it announces this and takes no more
 * @shrinks:	it does
 */
struct rogue_habits {
	bool no_sack;
	bool no_ts;
	uint32_t renege_every;
	bool phantom;
	bool junk;
	uint32_t skip_every;
	uint32_t skip_from;
	uint32_t skip_to;
	uint32_t piece;
	uint32_t ahead;
	uint32_t unsent;
	uint32_t ack_every;
	uint32_t window;
	uint32_t shrink_to;
	bool shrinks;
};

/**
 * struct rogue_args - a transfer
 * @habits:	of the receiver
 * @path:	path[0] carries data, path[1] acknowledgements
 * @bytes:	of the stream
 * @limit_us:	it must be over then
 * @seed:	of everything
 * @tweak:	changes the stack's configuration, or NULL
 * @trace:	FILE for a line a packet, or NULL
 */
struct rogue_args {
	struct rogue_habits habits;
	struct path path[2];
	uint32_t bytes;
	uint64_t limit_us;
	uint64_t seed;
	void (*tweak)(struct ustack_config *cfg);
	void *trace;
};

/**
 * struct rogue_result - what came of it
 * @failure:	what was wrong, empty = nothing
 * @us:		it took, handshake included
 * @segs:	data segments that came
 * @timeouts:	expiries of the retransmission timer
 * @flight_max:	most bytes that the stack had unacknowledged
 */
struct rogue_result {
	char failure[120];
	uint64_t us;
	uint64_t segs;
	uint64_t timeouts;
	uint64_t flight_max;
};

/** rogue_run() - Do it */
struct rogue_result rogue_run(const struct rogue_args *a);

#endif /* TESTS_LIB_ROGUE_H */

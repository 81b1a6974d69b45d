/* SPDX-License-Identifier: MIT */
/*
 * bulk.h - bulk transfers over a known path, measured in virtual time
 *
 *	host[0] sends on every flow, host[1] reads at once and compares bytes.
 *
 * The plan is the caller's; nothing is drawn but the fate of packets.  Faults
 * begin once a connection stands, so that a lost SYN does not hide what is
 * looked for.
 */

#ifndef TESTS_SIM_BULK_H
#define TESTS_SIM_BULK_H

#include "ledger.h"

#define BULK_FLOWS_MAX 4u

/**
 * struct bulk_args - what to do
 * @cc:		congestion control
 * @path:	as for the world
 * @flows:	connections, 0 = 1
 * @gap_us:	between their starts
 * @bytes:	each flow sends, 0 = without end
 * @warm_us:	measuring begins then
 * @end_us:	and ends then, or when all bytes were read
 * @seed:	of everything
 * @tweak:	changes the configuration of both hosts, or NULL
 * @trace:	FILE for a line a packet, or NULL
 */
struct bulk_args {
	const char *cc;
	struct path path[2];
	uint32_t flows;
	uint64_t gap_us;
	uint64_t bytes;
	uint64_t warm_us;
	uint64_t end_us;
	uint64_t seed;
	void (*tweak)(struct ustack_config *cfg);
	void *trace;
};

/**
 * struct bulk_result - what came of it, from @warm_us on unless it says else
 * @failure:	what went wrong, empty = nothing
 * @us:		time measured
 * @bytes:	read by the receiver, per flow
 * @segs:	data packets sent
 * @rtx:	retransmissions
 * @spurious:	needless ones
 * @timeouts:	expiries of the retransmission timer
 * @marked:	packets that the router marked, from the start
 * @dropped_us: when a packet was first lost by script, 0 = none was
 * @behind_us:	when new data behind it first set out, 0 = none did
 * @repaired_us: when the copy that arrived set out
 * @digest:	of the world
 */
struct bulk_result {
	char failure[120];
	uint64_t us;
	uint64_t bytes[BULK_FLOWS_MAX];
	uint64_t segs;
	uint64_t rtx;
	uint64_t spurious;
	uint64_t timeouts;
	uint64_t marked;
	uint64_t dropped_us;
	uint64_t behind_us;
	uint64_t repaired_us;
	uint64_t digest;
};

/** bulk_run() - Do it */
struct bulk_result bulk_run(const struct bulk_args *a);

/** bulk_bps() - Goodput of all flows together, bits a second */
double bulk_bps(const struct bulk_result *r);

/** bulk_path() - A path with a queue of one bandwidth-delay product
 * @path:	both directions, filled in
 * @rate_bps:	of the data's direction; acknowledgements have none
 * @rtt_us:	round-trip time without queues
 */
void bulk_path(struct path path[2], uint64_t rate_bps, uint64_t rtt_us);

#endif /* TESTS_SIM_BULK_H */

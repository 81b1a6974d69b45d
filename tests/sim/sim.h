/* SPDX-License-Identifier: MIT */
/*
 * sim.h - one simulated transfer: a plan from a seed, its run, its judges
 */

#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "world.h"

#define SIM_CONNS_MAX 3

/**
 * struct sim_app - one end of a connection: writes its bytes, reads the other's
 * @sim:	the transfer
 * @host:	which stack it lives on
 * @conn:	handle, gen 0 until connected
 * @stream:	distinguishes its bytes from those of other streams
 * @to_send:	bytes to write in all
 * @sent:	bytes written
 * @received:	bytes read and found right
 * @expect:	bytes that the other end writes
 * @chunk:	most bytes a write or read
 * @read_gap_us: time between reads, 0 = as soon as there is something
 * @read_at_us:	next read
 * @eof:	the other end's FIN was seen
 * @shut:	our FIN was asked for
 * @early_shut:	shut at once after the last write; else only after @eof
 * @closed:	closed() was called
 * @reason:	with this reason
 */
struct sim_app {
	struct sim *sim;
	int host;
	struct ustack_conn conn;
	uint32_t stream;
	uint32_t to_send;
	uint32_t sent;
	uint32_t received;
	uint32_t expect;
	uint32_t chunk;
	uint64_t read_gap_us;
	uint64_t read_at_us;
	bool eof;
	bool shut;
	bool early_shut;
	bool closed;
	enum ustack_reason reason;
};

/**
 * struct sim_edge - what the wire has shown of one direction of a connection
 * @lport:	sender's port
 * @rport:	receiver's
 * @known:	the fields below are set
 * @edge:	furthest window edge that the sender announced
 * @shift:	window shift that it announced in its SYN, if the other did too
 * @offered:	the SYN had one
 */
struct sim_edge {
	uint16_t lport;
	uint16_t rport;
	bool known;
	bool offered;
	uint8_t shift;
	uint32_t edge;
	bool edge_known;
};

/**
 * struct sim - a transfer
 * @w:		the world
 * @seed:	its seed
 * @plan:	draws the plan, apart from fate
 * @app:	two for each connection
 * @nconns:	connections
 * @v6:		over IPv6
 * @failure:	first thing found wrong, empty = none
 * @edges:	per host and connection
 */
struct sim {
	struct world w;
	uint64_t seed;
	struct rng plan;
	struct sim_app app[SIM_CONNS_MAX][2];
	uint32_t nconns;
	bool v6;
	char failure[200];
	struct sim_edge edges[2][SIM_CONNS_MAX];
};

/** sim_fail() - Note what is wrong; the first counts */
__attribute__((format(printf, 2, 3))) void sim_fail(struct sim *sim,
						    const char *fmt, ...);

/**
 * sim_run() - Plan and run the transfer of a seed
 * @sim:	storage
 * @seed:	seed
 * @trace:	FILE for a line a packet, or NULL
 *
 * Return: true if nothing was wrong; @sim->failure says what was
 */
bool sim_run(struct sim *sim, uint64_t seed, void *trace);

/** sim_plan() - Draw settings, faults and sizes */
void sim_plan(struct sim *sim, struct ustack_config cfg[2],
	      struct path path[2]);

/** sim_check() - Invariants of every connection, after a step */
void sim_check(struct sim *sim);

/** sim_watch() - Invariants of a packet on the wire */
void sim_watch(void *ctx, int from, const struct vpkt *p, enum path_fate fate);

/** sim_byte() - The stream's byte at a position */
static inline uint8_t sim_byte(uint32_t stream, uint32_t pos)
{
	return (uint8_t)((pos + stream) * 2654435761u >> 24 ^ stream);
}

#endif /* TESTS_SIM_SIM_H */

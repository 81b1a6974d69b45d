/* SPDX-License-Identifier: MIT */
/*
 * world.h - two stacks and the link between them, in virtual time
 *
 *	host[0] --- path[0] ---> host[1]
 *	        <-- path[1] ----
 *
 * A path (path.h) loses, delays, reorders, duplicates and corrupts packets, and
 * has a bottleneck and an MTU, all from one generator: the same seed gives the
 * same history, byte for byte, and the digest over all packets proves it.
 *
 * host[1] may be somebody else, who gets packets and sends them by world_send():
 * a peer that misbehaves.
 */

#ifndef TESTS_LIB_WORLD_H
#define TESTS_LIB_WORLD_H

#include "path.h"

struct flying;

/**
 * struct world_foreign - what stands in for host[1]
 * @input:	a packet for it; taken
 * @run:	it may act; returns when it wants to run again
 * @ctx:	passed to both
 */
struct world_foreign {
	void (*input)(void *ctx, struct vpkt *p);
	uint64_t (*run)(void *ctx, uint64_t now_us);
	void *ctx;
};

/**
 * struct world - everything there is
 * @host:	the two stacks
 * @side:	what their callbacks get: which host of which world
 * @path:	@path[i] leads away from @host[i]
 * @foreign:	stands in for @host[1], NULL = nobody does
 * @foreign_us:	when it wants to run
 * @rng:	fate
 * @now_us:	virtual time
 * @heap:	packets in flight, by time of arrival
 * @nflying:	their number
 * @cap:	room in @heap
 * @serial:	packets sent so far; decides between equal times
 * @digest:	over all packets and times
 * @trace:	write a line for each packet there; NULL = no
 * @seen:	called for each wire packet that leaves host @from, with its
 *		fate; one that will be corrupted still is as it was; NULL = no
 * @ctx:	passed to it
 */
struct world {
	struct vhost host[2];
	struct world_side {
		struct world *w;
		int index;
	} side[2];
	struct path path[2];
	const struct world_foreign *foreign;
	uint64_t foreign_us;
	struct rng rng;
	uint64_t now_us;
	struct flying *heap;
	uint32_t nflying;
	uint32_t cap;
	uint64_t serial;
	uint64_t digest;
	void *trace;
	void (*seen)(void *ctx, int from, const struct vpkt *p,
		     enum path_fate fate);
	void *ctx;
};

/**
 * world_init() - Make two stacks with a perfect link; @path may then be changed
 * @w:		storage
 * @cfg:	settings of the two; addresses are set here: 10.7.0.1/fd07::1 and
 *		10.7.0.2/fd07::2
 * @seed:	for everything
 */
void world_init(struct world *w, const struct ustack_config cfg[2],
		uint64_t seed);

/** world_send() - A packet from host @from sets out; taken */
void world_send(struct world *w, int from, struct vpkt *p);

/** world_fini() - Drop packets and stacks; returns NULL or what was left behind */
const char *world_fini(struct world *w);

/**
 * world_step() - Go to the next thing that happens: an arrival or a deadline
 * @w:		world
 * @until_us:	but no further than this
 *
 * Return: false when nothing is left to happen before @until_us; time is then
 * @until_us
 */
bool world_step(struct world *w, uint64_t until_us);

#endif /* TESTS_LIB_WORLD_H */

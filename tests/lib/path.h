/* SPDX-License-Identifier: MIT */
/*
 * path.h - one direction of a link: faults, a bottleneck, a router's MTU
 *
 *	sender -> [script, loss] -> [router: MTU] -> [queue | rate] -> delay
 *
 * A path knows packets and time, no hosts: world.c carries what it lets pass.
 * The queue is kept as the time at which its last byte will have left, which
 * is exact for a first-in first-out queue and costs nothing a packet.
 */

#ifndef TESTS_LIB_PATH_H
#define TESTS_LIB_PATH_H

#include "stack/wire/tcp_hdr.h"
#include "vhost.h"

#define PATH_DROPS_MAX 8u
#define PATH_TURNS_MAX 4u
#define PATH_FLOWS_MAX 8u

/** enum path_fate - what becomes of a packet */
enum path_fate {
	PATH_PASS,
	PATH_CORRUPT,	 /* passes, but path_corrupt() it */
	PATH_LOST,	 /* by chance */
	PATH_SCRIPTED,	 /* by path.drop */
	PATH_QUEUE_FULL, /* at the bottleneck */
	PATH_TOO_BIG,	 /* for the MTU */
};

/**
 * struct path_drop - a packet to lose, by its place in a flow
 * @sport:	sender's port, 0 = any flow
 * @nth:	the nth data packet from 1 on, retransmissions counted; 0 = by
 *		@offset
 * @offset:	the packet that carries this byte of the stream, 0 = first
 * @times:	so many of its transmissions, 0 = entry not in use
 */
struct path_drop {
	uint16_t sport;
	uint32_t nth;
	uint32_t offset;
	uint32_t times;
};

/**
 * struct path_turn - a change of the MTU
 * @at_us:	from then on, virtual time
 * @mtu:	it is this
 */
struct path_turn {
	uint64_t at_us;
	uint32_t mtu;
};

/**
 * struct path - one direction of the link; all zero is a perfect one
 * @delay_us:	how long a packet takes
 * @jitter_us:	up to so much more, each packet for itself: reordering
 * @loss:	probability that a packet vanishes
 * @duplicate:	that it comes twice
 * @corrupt:	that one of its bits flips
 * @hold:	that it is held back for ten times the delay
 * @reorder:	that it is late by
 * @reorder_us: this
 * @split:	super-packets are cut into wire segments first; so they are
 *		when there is a rate or an MTU
 * @rate_bps:	of the bottleneck, bits a second, 0 = none
 * @limit_bytes: of its queue, which drops at the tail, 0 = endless
 * @mark_bytes: ECN-capable packets that find more in the queue are marked,
 *		0 = never
 * @mtu:	longer packets do not fit, 0 = no limit
 * @icmp:	the router says so to the sender; else it is a black hole
 * @turn:	changes of @mtu, in order of time
 * @nturns:	their number
 * @drop:	packets to lose
 * @st:		what the path keeps while it runs; all zero at the start
 */
struct path {
	uint64_t delay_us;
	uint64_t jitter_us;
	double loss;
	double duplicate;
	double corrupt;
	double hold;
	double reorder;
	uint64_t reorder_us;
	bool split;
	uint64_t rate_bps;
	uint32_t limit_bytes;
	uint32_t mark_bytes;
	uint32_t mtu;
	bool icmp;
	struct path_turn turn[PATH_TURNS_MAX];
	uint32_t nturns;
	struct path_drop drop[PATH_DROPS_MAX];
	struct path_state {
		uint64_t free_ns;
		uint32_t turned;
		uint32_t nflows;
		struct path_flow {
			uint16_t sport;
			uint32_t iss;
			uint32_t ndata;
		} flow[PATH_FLOWS_MAX];
		uint64_t passed;
		uint64_t lost;
		uint64_t overflows;
		uint64_t too_big;
		uint64_t marked;
		uint64_t bytes;
		uint32_t queue_max;
	} st;
};

/** path_cuts() - Super-packets do not pass whole */
bool path_cuts(const struct path *path);

/**
 * path_admit() - Decide on a packet, and queue it if it passes
 * @path:	path
 * @rng:	fate
 * @now_us:	time
 * @p:		packet of wire size where path_cuts(); may be marked
 *
 * Return: its fate; for PATH_PASS and PATH_CORRUPT path_arrival() may follow
 */
enum path_fate path_admit(struct path *path, struct rng *rng, uint64_t now_us,
			  struct vpkt *p);

/** path_corrupt() - Flip one bit */
void path_corrupt(struct rng *rng, struct vpkt *p);

/** path_arrival() - When the packet admitted last arrives; each call is a copy */
uint64_t path_arrival(const struct path *path, struct rng *rng,
		      uint64_t now_us);

/**
 * path_too_big() - The router's answer to a packet that did not fit
 * @path:	path
 * @p:		the packet
 *
 * From 10.7.0.254 or fd07::fe, as RFC 1191 section 4 and RFC 4443 section 3.2
 * have it; an IPv4 packet that may be fragmented draws none.
 *
 * Return: packet for the sender, or NULL
 */
struct vpkt *path_too_big(const struct path *path, const struct vpkt *p);

/**
 * path_fragment() - Cut an IPv4 packet that is too long and may be cut
 * @path:	path
 * @now_us:	time, for its MTU
 * @p:		packet; taken if the answer is true
 * @sink:	gets each fragment and takes it
 * @ctx:	passed to it
 *
 * Return: false if it fits, or must not be cut (RFC 791 section 3.2)
 */
bool path_fragment(struct path *path, uint64_t now_us, struct vpkt *p,
		   void (*sink)(void *ctx, struct vpkt *p), void *ctx);

/** path_fate_name() - For a trace, "" for PATH_PASS */
const char *path_fate_name(enum path_fate fate);

/**
 * vpkt_tcp() - The TCP header in a packet, or NULL
 * @p:		packet
 * @payload:	set to its bytes of payload, may be NULL
 */
const uint8_t *vpkt_tcp(const struct vpkt *p, uint32_t *payload);

/**
 * vpkt_segment() - A TCP segment without payload, over IPv4
 * @from:	host it comes from: 10.7.0.1 is 0, 10.7.0.2 is 1, to the other
 * @h:		header; its length is set here
 * @opt:	options
 * @opt_len:	their bytes, a multiple of 4
 */
struct vpkt *vpkt_segment(int from, struct tcp_hdr h, const uint8_t *opt,
			  uint32_t opt_len);

#endif /* TESTS_LIB_PATH_H */

/* SPDX-License-Identifier: MIT */
/*
 * capture.h - what passes by is copied for captures, on the worker's thread
 *
 *	tun --> capture_packet(WIRE, IN)  --> impair --> capture_packet(STACK, IN)  --> stack
 *	tun <-- capture_packet(WIRE, OUT) <-- impair <-- capture_packet(STACK, OUT) <-- stack
 *
 * Side `stack` is what the stack meant to send or got, `wire` what the host sent
 * or saw.  Both show wire segments with complete checksums, whatever super-packets
 * pass.  What impairment does is told by capture_event() right after a packet was
 * seen on the side that it comes from, and becomes a comment there and, if it
 * comes out, on the other side.
 *
 * Each capture is a tap with a ring of its own; the main thread empties it
 * (capfile.h).  A ring without room loses packets, counted; the path never waits.
 */

#ifndef DAEMON_CAPTURE_H
#define DAEMON_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/capring.h"
#include "stack/link/impair.h"
#include "stack/ustack.h"

struct capfates;
struct ev_async;
struct ev_loop;

#define CAPTURE_MAX	    4u /* captures at once */
#define CAPTURE_SNAPLEN_DEF 262144u
#define CAPTURE_SNAPLEN_MIN 40u

enum capture_side {
	CAPTURE_WIRE,
	CAPTURE_STACK,
	CAPTURE_SIDES,
};

/**
 * struct capture_filter - which packets
 * @sides:	bits (1 << enum capture_side)
 * @port:	TCP segments with that port at either end only, 0 = all packets
 * @conn:	number of the only connection, 0 = any
 * @tuple:	its addresses and ports
 */
struct capture_filter {
	uint8_t sides;
	uint16_t port;
	uint64_t conn;
	struct ustack_tuple tuple;
};

/**
 * struct capture_count - packets of one side
 * @seen:	passed the filter
 * @dropped:	of them, found no room in the ring; read by other threads, relaxed
 * @lost:	dropped since the last one that found room
 */
struct capture_count {
	uint64_t seen;
	uint64_t dropped;
	uint64_t lost;
};

/**
 * struct captap - a capture, as the worker sees it
 * @filter:	which packets
 * @snaplen:	most bytes of a packet that are kept
 * @loop:	the main thread's loop; borrowed
 * @wake:	wakes it; borrowed
 * @ring:	packets on their way there
 * @count:	per side
 * @before:	the count of the side that was seen last, before that packet
 * @wanted:	the packet being seen passes the filter
 * @news:	bytes told of, but not woken for
 */
struct captap {
	struct capture_filter filter;
	uint32_t snaplen;
	struct ev_loop *loop;
	struct ev_async *wake;
	struct capring ring;
	struct capture_count count[CAPTURE_SIDES];
	struct capture_count before;
	bool wanted;
	uint64_t news;
};

/**
 * struct capture - what a worker captures; zero-initialized
 * @ntaps:	taps, 0 = nothing is captured
 * @tap:	they; borrowed
 * @fates:	fates of packets on their way, NULL = no memory for it
 * @flow:	flow of the packet seen last, 0 = nobody wanted it
 * @side:	where it was seen
 */
struct capture {
	uint32_t ntaps;
	struct captap *tap[CAPTURE_MAX];
	struct capfates *fates;
	uint64_t flow;
	uint8_t side;
};

/** capture_on() - Is anything captured? Else no other call is needed */
static inline bool capture_on(const struct capture *c)
{
	return __builtin_expect(c->ntaps != 0, 0);
}

/**
 * capture_packet() - A packet passes
 * @c:		captures
 * @side:	where
 * @dir:	where it goes
 * @p:		packet, lent
 */
void capture_packet(struct capture *c, enum capture_side side,
		    enum impair_dir dir, const struct ustack_pkt *p);

/** capture_undo() - The packet seen last did not pass after all: it will be tried again */
void capture_undo(struct capture *c);

/** capture_event() - Something befell a segment of the packet seen last (others: ignored) */
void capture_event(struct capture *c, const struct ustack_event *ev);

/** capture_flush() - The batch is over: let the main thread have what was captured */
void capture_flush(struct capture *c);

/** capture_add() - Begin a capture; false: there are CAPTURE_MAX */
bool capture_add(struct capture *c, struct captap *tap);

/** capture_remove() - End it: all is told, @tap is not touched any more */
void capture_remove(struct capture *c, struct captap *tap);

/** capture_fini() - The worker has ended: end all captures */
void capture_fini(struct capture *c);

#endif /* DAEMON_CAPTURE_H */

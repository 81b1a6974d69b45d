/* SPDX-License-Identifier: MIT */
/*
 * history.h - what a worker remembers of its connections, open or closed
 *
 *	connection's events -> | first HISTORY_HEAD | dropped | last HISTORY_TAIL |
 *
 * Of each connection the first and the last events are kept, so that the whole
 * life of a short one can be told, and beginning and end of a long one.  In
 * between, ordinary segments go before what is rare: state changes, SYN, FIN
 * and RST, retransmissions, losses, impairments, drops.
 *
 * The connections are HISTORY_CONNS at most.  A new one takes the place of the
 * one that closed first, else of the one that was opened first; half-open ones
 * cannot take more than a quarter from the others.
 *
 * It also says how closely the stack shall watch: what has filled its history
 * with ordinary segments is asked for its rare events only, so that bulk costs
 * nothing, until something happens to it.  The stack must not be called while it
 * tells an event: such wishes are kept for history_settle().
 *
 * All of it belongs to the worker's thread, but for the views made of it.
 */

#ifndef DAEMON_HISTORY_H
#define DAEMON_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/ustack.h"

#define HISTORY_CONNS	   128u /* connections remembered		    */
#define HISTORY_HEAD	   160u /* first events of each, always kept	    */
#define HISTORY_TAIL	   352u /* last ones				    */
#define HISTORY_ORDINARY   96u	/* of the last: ordinary ones that stay	    */
#define HISTORY_EVENTS	   (HISTORY_HEAD + HISTORY_TAIL)
#define HISTORY_FOLLOW_MAX 32u /* connections followed by somebody	    */

struct history;

/**
 * struct history_rec - an event without what it shares with the connection's
 *			others
 * @time_us:	when
 * @n:		number among the connection's events, from 1
 * @next:	neighbour in its list
 * @kind:	enum ustack_event_kind: says which part of @u counts
 * @flags:	TCP flags
 * @u:		fields as in struct ustack_event; @since_us is at most
 *		UINT32_MAX here
 */
struct history_rec {
	uint64_t time_us;
	uint32_t n;
	uint16_t next;
	uint8_t kind;
	uint8_t flags;
	union {
		struct {
			uint32_t seq, ack, len, wnd;
			uint32_t cwnd, ssthresh, rto_us, since_us;
			uint16_t gso;
			uint8_t cause;
			uint8_t ecn : 2;
			uint8_t nsack : 3;
			uint32_t sack[USTACK_SACK_BLOCKS][2];
		} seg;
		struct {
			uint64_t delay_us;
			uint32_t seq, ack, len, rule, tx, offset;
			uint16_t faults, step;
			uint8_t knob;
			bool in;
		} impaired;
		struct {
			uint64_t bytes_in, bytes_out, retrans, age_us;
			uint32_t srtt_us, minrtt_us, segs_in, segs_out;
			uint8_t reason;
		} closed;
		struct {
			uint32_t cwnd, ssthresh, srtt_us, rto_us;
		} metrics;
		struct {
			uint32_t seq, len, rto_us;
			uint8_t cause;
		} lost;
		struct {
			uint8_t from, to;
		} state;
		struct {
			const char *cc;
			uint16_t mss;
			uint8_t agreed, scale_in, scale_out;
			bool active;
		} opened;
		uint16_t drop;
		uint8_t err;
	} u;
};

/**
 * struct history_info - a connection that is remembered
 * @id:		its number; the one opened last has the greatest
 * @open:	it is not over yet
 * @active:	we opened it, as far as is known
 * @local:	our address
 * @remote:	the peer's
 * @lport:	our port
 * @rport:	the peer's
 * @iss:	our initial sequence number, 0 = not known
 * @irs:	the peer's, 0 = not known
 * @events:	events kept
 * @skipped:	events dropped to make room
 * @first_us:	time of the first event
 * @last_us:	of the last one
 * @unwatched_from_us: since then ordinary segments may be missing, USTACK_NEVER =
 *		none is
 * @unwatched_to_us: and until then, USTACK_NEVER = now
 */
struct history_info {
	uint64_t id;
	bool open;
	bool active;
	struct ustack_addr local;
	struct ustack_addr remote;
	uint16_t lport;
	uint16_t rport;
	uint32_t iss;
	uint32_t irs;
	uint32_t events;
	uint32_t skipped;
	uint64_t first_us;
	uint64_t last_us;
	uint64_t unwatched_from_us;
	uint64_t unwatched_to_us;
};

/**
 * struct history_view - a copy of one connection's history, for any thread
 * @info:	whose it is; @info.events entries of @rec are in use
 * @rec:	its events in order
 */
struct history_view {
	struct history_info info;
	struct history_rec rec[HISTORY_EVENTS];
};

/**
 * history_new() - Make an empty history
 * @conns:	connections remembered, 4 to 1024
 *
 * A connection's memory is taken when its first event comes, and again when it
 * has more than HISTORY_HEAD; it stays for the next one in its place.
 *
 * Return: the history, to be freed by history_free(); NULL = out of memory
 */
struct history *history_new(uint32_t conns);

/** history_free() - Forget all; NULL is fine */
void history_free(struct history *h);

/**
 * history_put() - An event has happened
 * @h:		history
 * @ev:		event; one without a connection (@id 0) is left out
 *
 * May be called in the middle of things, as host.event().
 *
 * Return: somebody follows the connection and wants this kind of event
 */
bool history_put(struct history *h, const struct ustack_event *ev);

/** history_is_beginning() - Does a connection begin with this event? */
bool history_is_beginning(const struct ustack_event *ev);

/** history_is_open() - Is it remembered, and not over yet? */
bool history_is_open(const struct history *h, uint64_t id);

/** history_newest() - The greatest number of a connection so far, 0 = none */
uint64_t history_newest(const struct history *h);

/**
 * history_settle() - Have the stack watch as is wished since the last call
 * @h:		history
 * @watch:	ustack_watch() or a test's
 * @s:		its argument
 */
void history_settle(struct history *h,
		    int (*watch)(struct ustack *s, uint64_t id,
				 enum ustack_watch how),
		    struct ustack *s);

/**
 * struct history_follow - a connection that is followed
 * @id:		its number, 0 = those that begin from now on
 * @port:	if @id is 0: only those with this port at either end, 0 = any
 * @mask:	kinds of event wanted, bits (1 << kind)
 */
struct history_follow {
	uint64_t id;
	uint16_t port;
	uint32_t mask;
};

/**
 * history_follow() - Follow these connections and no others
 * @h:		history
 * @f:		whom
 * @n:		entries, at most HISTORY_FOLLOW_MAX
 *
 * Connections followed are watched closely and are the last to be forgotten.
 * What has begun under an entry without @id is followed until there is no such
 * entry any more, or until it is named.
 */
void history_follow(struct history *h, const struct history_follow *f,
		    uint32_t n);

/**
 * history_copy() - Copy a connection's history
 * @h:		history
 * @id:		its number, 0 = the one that was opened last
 * @v:		filled in
 *
 * Return: 0 or -ERR_NOENT
 */
int history_copy(const struct history *h, uint64_t id, struct history_view *v);

/** history_list() - Describe at most @max connections, in no order; their number */
uint32_t history_list(const struct history *h, struct history_info *info,
		      uint32_t max);

/** history_event() - Event @i of a view, complete; its number is in @v->rec[i].n */
void history_event(const struct history_view *v, uint32_t i,
		   struct ustack_event *ev);

#endif /* DAEMON_HISTORY_H */

/* SPDX-License-Identifier: MIT */
/*
 * syncache.h - half-open connections, in compact entries
 *
 *	SYN --> entry, SYN-ACK --(repeat: 1, 2, 4 ... s)--> forgotten
 *	            ACK of SYN-ACK --> tcp_conn in ESTABLISHED
 *
 * An entry stands for RFC 9293's SYN-RECEIVED after a passive open, and goes
 * back to LISTEN in silence (MUST-11).  Entries that have sent their SYN-ACK n
 * times wait equally long, so that one FIFO for each n is in order of deadline.
 *
 * There are at most cfg.syn_backlog entries.  A listener may hold three times
 * as many as are free: one flooded port gets three quarters of the cache, two
 * get 3/7 each, and there is always room for the others.  When a listener's
 * room is used up, SYN cookies take over (syncookie.h) and the entries stay.
 * Without cookies, and for what a cookie cannot do, one of the listener's own
 * entries makes room: one of those near a place drawn by lot, if possible one
 * whose SYN-ACK had to be repeated.  If the oldest went, a flood that fills the
 * cache within a round trip would push out every legitimate entry before its
 * ACK can come; by lot, each has its chance however fast the flood, and who
 * tries again gets in.
 */

#ifndef STACK_TCP_SYNCACHE_H
#define STACK_TCP_SYNCACHE_H

#include "demux.h"

#define SYN_RESENT 0x01u /* a SYN-ACK was sent in answer to a repeated SYN */
#define SYN_ECN	   0x02u /* the SYN offered ECN, the SYN-ACK agrees */

struct tcp_out;

/**
 * struct syn_entry - a half-open connection
 * @flow:	4-tuple; first, kind FLOW_SYN
 * @link:	in the list of its number of transmissions
 * @sent_us:	when the last SYN-ACK left by the clock
 * @born_us:	when the SYN came
 * @id:		number that the connection will have
 * @iss:	our initial sequence number
 * @irs:	the peer's
 * @ts_recent:	its timestamp
 * @place:	index in the table of entries
 * @wnd:	its window, as in the SYN
 * @adv:	window that our SYN-ACK announced
 * @mss:	its MSS option, 0 = none
 * @listener:	for whom
 * @chal:	ACKs and repeated SYN-ACKs that its segments drew lately
 * @wscale:	its shift
 * @has:	TCP_OPT_HAS_* of its SYN that we agreed to
 * @sent:	SYN-ACKs sent by the clock
 * @flags:	SYN_*
 */
struct syn_entry {
	struct tcp_flow flow;
	struct list link;
	uint64_t sent_us;
	uint64_t born_us;
	uint64_t id;
	uint32_t iss;
	uint32_t irs;
	uint32_t ts_recent;
	uint32_t place;
	uint16_t wnd;
	uint16_t adv;
	uint16_t mss;
	int16_t listener;
	struct tcp_chal chal;
	uint8_t wscale;
	uint8_t has;
	uint8_t sent;
	uint8_t flags;
};

_Static_assert(sizeof(struct syn_entry) <= 128, "what a SYN costs");

/** syncache_init() - Start an empty cache, with room for none */
void syncache_init(struct tcp *t);

/** syncache_grow() - Make room for so many entries: 0 or -ERR_NOMEM */
int syncache_grow(struct tcp *t, uint32_t entries);

/** syncache_shrink() - Forget those that are too many */
void syncache_shrink(struct tcp *t, uint32_t entries);

/** syncache_fini() - Forget all entries, and the table */
void syncache_fini(struct tcp *t);

/**
 * syncache_add() - A SYN came for a listener (9293-a6): remember it, or send a
 *		    cookie, and answer
 * @t:		TCP
 * @a:		its 4-tuple, unknown so far
 * @seg:	the SYN
 * @listener:	for whom
 */
void syncache_add(struct tcp *t, const struct tcp_flow_args *a,
		  const struct tcp_seg *seg, int listener);

/**
 * syncache_fill() - What a SYN says, as an entry that is in no table
 * @t:		TCP
 * @e:		filled in, but for the numbers that make it a connection
 * @a:		4-tuple
 * @seg:	the SYN
 * @listener:	for whom
 */
void syncache_fill(const struct tcp *t, struct syn_entry *e,
		   const struct tcp_flow_args *a, const struct tcp_seg *seg,
		   int listener);

/** syncache_segment() - Fill in an entry's ACK or, with @flags SYN, SYN-ACK */
void syncache_segment(const struct tcp *t, const struct syn_entry *e,
		      uint8_t flags, struct tcp_out *o);

/** syncache_agreed() - Those of the options offered that we agree to */
uint8_t syncache_agreed(const struct tcp *t, uint8_t offered);

/** syncache_opened() - LISTEN to SYN-RECEIVED: counted, and told to who asked */
void syncache_opened(const struct tcp *t, const struct syn_entry *e);

/**
 * syncache_promote() - The handshake is complete: make the connection
 * @t:		TCP
 * @e:		entry that is in no table any more
 *
 * Return: the connection in ESTABLISHED, or NULL: no room (counted)
 */
struct tcp_conn *syncache_promote(struct tcp *t, const struct syn_entry *e);

/** syncache_backlog_full() - Must a listener's handshakes wait (4987-6)?  Counted */
bool syncache_backlog_full(const struct tcp *t, int listener);

/**
 * syncache_input() - A segment came for a half-open connection
 * @t:		TCP
 * @e:		entry
 * @seg:	segment
 *
 * RFC 9293 section 3.10.7.4 in SYN-RECEIVED.
 *
 * Return: the connection that it completed, which must still process the
 * segment; NULL if the segment is done with
 */
struct tcp_conn *syncache_input(struct tcp *t, struct syn_entry *e,
				const struct tcp_seg *seg);

/**
 * syncache_on_timer() - Repeat what is due, forget what had its chances
 * @t:		TCP
 *
 * Takes at most half of the packets that the run may still send; what is then
 * left goes on in the next one.
 */
void syncache_on_timer(struct tcp *t);

/** syncache_drop() - Forget an entry */
void syncache_drop(struct tcp *t, struct syn_entry *e);

/** syncache_drop_listener() - Forget all entries of a listener */
void syncache_drop_listener(struct tcp *t, int listener);

#endif /* STACK_TCP_SYNCACHE_H */

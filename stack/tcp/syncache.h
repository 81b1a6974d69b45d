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
 * When the cache is full the oldest entry makes room.
 */

#ifndef STACK_TCP_SYNCACHE_H
#define STACK_TCP_SYNCACHE_H

#include "demux.h"

/**
 * struct syn_entry - a half-open connection
 * @flow:	4-tuple; first, kind FLOW_SYN
 * @link:	in the list of its number of transmissions
 * @due_us:	when to send the SYN-ACK again, or forget
 * @sent_us:	when the last one left
 * @born_us:	when the SYN came
 * @id:		number that the connection will have
 * @iss:	our initial sequence number
 * @irs:	the peer's
 * @ts_recent:	its timestamp
 * @wnd:	its window, as in the SYN
 * @adv:	window that our SYN-ACK announced
 * @chal:	ACKs and repeated SYN-ACKs that its segments drew lately
 * @mss:	its MSS option, 0 = none
 * @listener:	for whom
 * @wscale:	its shift
 * @has:	TCP_OPT_HAS_* of its SYN that we agreed to
 * @sent:	SYN-ACKs sent by the clock
 * @resent:	one more was sent in answer to a repeated SYN
 */
struct syn_entry {
	struct tcp_flow flow;
	struct list link;
	uint64_t due_us;
	uint64_t sent_us;
	uint64_t born_us;
	uint64_t id;
	uint32_t iss;
	uint32_t irs;
	uint32_t ts_recent;
	uint32_t wnd;
	uint32_t adv;
	struct tcp_chal chal;
	uint16_t mss;
	int16_t listener;
	uint8_t wscale;
	uint8_t has;
	uint8_t sent;
	bool resent;
};

/** syncache_init() - Start empty */
void syncache_init(struct tcp *t);

/** syncache_add() - A SYN came for a listener (9293-a6): remember it and answer */
void syncache_add(struct tcp *t, const struct tcp_flow_args *a,
		  const struct tcp_seg *seg, int listener);

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

/** syncache_on_timer() - Repeat what is due, forget what had its chances */
void syncache_on_timer(struct tcp *t);

/** syncache_drop() - Forget an entry */
void syncache_drop(struct tcp *t, struct syn_entry *e);

/** syncache_drop_listener() - Forget all entries of a listener */
void syncache_drop_listener(struct tcp *t, int listener);

#endif /* STACK_TCP_SYNCACHE_H */

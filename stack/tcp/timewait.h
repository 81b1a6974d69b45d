/* SPDX-License-Identifier: MIT */
/*
 * timewait.h - connections in TIME-WAIT, in compact entries
 *
 * All stay equally long (2 MSL), so that a FIFO is in order of deadline.  When
 * the table is full the oldest makes room.  RFC 9293 section 3.10.7.4 for
 * what arrives, RFC 6191 for a new SYN, RFC 1337 for resets.
 */

#ifndef STACK_TCP_TIMEWAIT_H
#define STACK_TCP_TIMEWAIT_H

#include "demux.h"

/**
 * struct tw_entry - a connection that is remembered
 * @flow:	4-tuple; first, kind FLOW_TIME_WAIT
 * @link:	in the FIFO
 * @due_us:	when it is forgotten
 * @id:		the connection's number
 * @snd_nxt:	our next sequence number
 * @rcv_nxt:	the peer's next
 * @wnd:	window field of our last segment
 * @ts_recent:	its last timestamp
 * @ts_offset:	ours
 * @chal:	ACKs sent lately
 * @ttl:	TTL or hop limit of what we send
 * @tos:	its traffic class
 * @ts_on:	timestamps are in use
 */
struct tw_entry {
	struct tcp_flow flow;
	struct list link;
	uint64_t due_us;
	uint64_t id;
	uint32_t snd_nxt;
	uint32_t rcv_nxt;
	uint16_t wnd;
	uint32_t ts_recent;
	uint32_t ts_offset;
	struct tcp_chal chal;
	uint8_t ttl;
	uint8_t tos;
	bool ts_on;
};

/** timewait_init() - Start empty */
void timewait_init(struct tcp *t);

/** timewait_enter() - Remember a connection that is off the flow table already */
void timewait_enter(struct tcp_conn *c);

/**
 * timewait_input() - A segment came for a remembered connection
 * @t:		TCP
 * @e:		entry
 * @seg:	segment
 *
 * Return: true if it is a SYN that opens a new connection: the entry is gone
 * and the segment goes to the listener; false if it is done with
 */
bool timewait_input(struct tcp *t, struct tw_entry *e, struct tcp_seg *seg);

/** timewait_on_timer() - Forget what is due */
void timewait_on_timer(struct tcp *t);

/** timewait_drop() - Forget an entry */
void timewait_drop(struct tcp *t, struct tw_entry *e);

#endif /* STACK_TCP_TIMEWAIT_H */

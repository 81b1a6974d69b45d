/* SPDX-License-Identifier: MIT */
/*
 * segment.h - building segments: everything TCP sends goes through here
 */

#ifndef STACK_TCP_SEGMENT_H
#define STACK_TCP_SEGMENT_H

#include "tcb.h"

/**
 * struct tcp_out - a segment to send
 * @flow:	addresses and ports; borrowed
 * @id:		connection's number for events, 0 = none
 * @seq:	sequence number
 * @ack:	acknowledgement number, 0 without TCP_ACK
 * @flags:	TCP_*
 * @urg:	urgent pointer, with TCP_URG
 * @wnd:	window field, scaled already
 * @wnd_bytes:	the window in bytes, for events
 * @opt:	options
 * @ttl:	TTL or hop limit
 * @tos:	traffic class
 * @q:		where the payload stands; NULL = none
 * @len:	payload bytes from stream position @seq on; tcp_emit() lowers it when
 *		it does not fit in one packet
 * @mss:	payload of a wire segment; a longer payload is a super-packet
 * @cause:	enum ustack_cause, for events
 * @since_us:	since it was sent before, for events; 0 = it was not
 * @may_frag:	routers may fragment it (OF_MAY_FRAG)
 */
struct tcp_out {
	const struct tcp_flow *flow;
	uint64_t id;
	uint32_t seq;
	uint32_t ack;
	uint8_t flags;
	uint8_t ttl;
	uint8_t tos;
	uint8_t cause;
	bool may_frag;
	uint16_t urg;
	uint16_t wnd;
	uint16_t mss;
	uint32_t wnd_bytes;
	uint64_t since_us;
	struct tcp_opts opt;
	const struct sliceq *q;
	uint32_t len;
};

/**
 * tcp_emit() - Build a segment and hand it to the host
 * @s:		instance
 * @o:		segment; @len and the flags FIN and PSH may be taken back
 *
 * Return: 0: it left.  -ERR_AGAIN: nothing happened, try at the next run.
 * Other errors: it is lost, as if on the way.
 */
int tcp_emit(struct ustack *s, struct tcp_out *o);

/** tcp_out_init() - A segment of a connection at snd.nxt: flags, ACK, window,
 * options, and the bookkeeping that announcing a window brings
 */
void tcp_out_init(struct tcp_conn *c, struct tcp_out *o, uint8_t flags);

/**
 * tcp_emit_conn() - Send a segment of a connection that carries an ACK
 * @c:		connection
 * @o:		segment of tcp_out_init(), completed
 *
 * What was due to be acknowledged is then acknowledged.
 *
 * Return: as tcp_emit()
 */
int tcp_emit_conn(struct tcp_conn *c, struct tcp_out *o);

/**
 * tcp_cur_mss() - Payload of a full segment that left now
 *
 * Less than snd.mss while SACK blocks are due, which every segment carries.
 */
uint16_t tcp_cur_mss(const struct tcp_conn *c);

/** tcp_gso_max() - Most payload that one packet to this peer may carry */
uint32_t tcp_gso_max(const struct tcp_conn *c);

/** tcp_link_mss() - MSS that our link's MTU allows (MUST-67, 6691-1) */
uint16_t tcp_link_mss(const struct ustack *s, const struct ustack_addr *remote);

#endif /* STACK_TCP_SEGMENT_H */

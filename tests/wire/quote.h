/* SPDX-License-Identifier: MIT */
/*
 * quote.h - ICMP errors that quote a segment of the stack's
 */

#ifndef TESTS_WIRE_QUOTE_H
#define TESTS_WIRE_QUOTE_H

#include "wire.h"

/**
 * struct quote - an ICMP or ICMPv6 error
 * @type:	its type
 * @code:	its code
 * @seq:	sequence number quoted, relative to the stack's ISN
 * @mtu:	next-hop MTU
 * @total:	total length that the quoted header claims, 0 = 1500
 * @l4_len:	bytes quoted from the TCP header on, 0 = 20
 * @lport:	port of the stack's, 0 = STACK_PORT
 * @rport:	port of the peer's, 0 = PEER_PORT
 */
struct quote {
	uint8_t type;
	uint8_t code;
	uint32_t seq;
	uint32_t mtu;
	uint32_t total;
	uint32_t l4_len;
	uint16_t lport;
	uint16_t rport;
};

/** quote_build() - The packet, from the peer's address, for a test to damage */
struct vpkt *quote_build(const struct peer *p, struct quote q);

/** quote_give() - Hand it in */
void quote_give(struct peer *p, struct quote q);

/** quote_too_big() - "Too big" about the segment at @seq: the next link takes @mtu */
void quote_too_big(struct peer *p, uint32_t seq, uint32_t mtu);

#endif /* TESTS_WIRE_QUOTE_H */

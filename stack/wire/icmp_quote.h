/* SPDX-License-Identifier: MIT */
/*
 * icmp_quote.h - the datagram that an ICMP error shows the beginning of
 *
 *	[ IP | ICMP, 8 bytes | IP | options or extension headers | 8 bytes or more ]
 *	                       ^ the quote
 *
 * A quote is a claim: whoever wants to act on it compares it with what was
 * really sent.  Here it is only taken apart, within its bounds.
 *
 * RFC 792, RFC 1122 section 3.2.2, RFC 4443 section 3.
 */

#ifndef STACK_WIRE_ICMP_QUOTE_H
#define STACK_WIRE_ICMP_QUOTE_H

#include <stdbool.h>
#include <stdint.h>

#define ICMP_QUOTE_L4_MIN                                                      \
	8u /* bytes of the transport header that are always quoted */

/**
 * struct icmp_quote - a quoted datagram
 * @src:	its source; the first 4 bytes for IPv4
 * @dst:	its destination
 * @label:	its flow label, 0 for IPv4
 * @len:	bytes the datagram had, by its own header
 * @l4_off:	offset of the transport header in the quote
 * @l4_len:	bytes quoted of it and behind, at least ICMP_QUOTE_L4_MIN
 * @proto:	protocol
 */
struct icmp_quote {
	uint8_t src[16];
	uint8_t dst[16];
	uint32_t label;
	uint32_t len;
	uint32_t l4_off;
	uint32_t l4_len;
	uint8_t proto;
};

/**
 * icmp_quote4() - Take an IPv4 quote apart
 * @q:		result
 * @p:		the quote
 * @len:	its bytes
 *
 * The header's checksum is not looked at: routers have changed the TTL.
 *
 * Return: false if it is too short, malformed, or not of a first fragment
 */
bool icmp_quote4(struct icmp_quote *q, const uint8_t *p, uint32_t len);

/** icmp_quote6() - The same for IPv6; at most IP6_EXT_MAX extension headers */
bool icmp_quote6(struct icmp_quote *q, const uint8_t *p, uint32_t len);

#endif /* STACK_WIRE_ICMP_QUOTE_H */

/* SPDX-License-Identifier: MIT */
/*
 * ip6.h - IPv6 header and extension headers: bytes <-> struct (RFC 8200)
 */

#ifndef STACK_WIRE_IP6_H
#define STACK_WIRE_IP6_H

#include <stdbool.h>
#include <stdint.h>

#define IP6_HDR_LEN 40u
#define IP6_EXT_MAX 8u /* extension headers walked before giving up */

enum ip6_verdict {
	IP6_OK,
	IP6_TRUNCATED,
	IP6_BAD_VERSION,
	IP6_BAD_LEN,		   /* payload length beyond what was received */
	IP6_BAD_EXT,		   /* extension header leads out of bounds */
	IP6_TOO_MANY_EXT,	   /* more than IP6_EXT_MAX */
	IP6_HOPOPT_NOT_FIRST,	   /* (8200-4) */
	IP6_BAD_OPTION,		   /* option to be dropped silently (8200-5) */
	IP6_OPTION_REPORT,	   /* drop, parameter problem code 2 */
	IP6_OPTION_REPORT_UNICAST, /* the same unless sent to multicast */
	IP6_ROUTING, /* routing header with segments left: code 0 */
};

/**
 * struct ip6_hdr - header fields in host order, extension headers walked
 * @src:	source address
 * @dst:	destination address
 * @payload_len: bytes behind the fixed header
 * @l4_off:	offset of the upper-layer header, or of the fragment header
 * @proto:	next header value found there
 * @frag:	a fragment header is at @l4_off (then @proto is 44); an atomic
 *		fragment's is walked over like any other header (6946-1)
 * @frag_seen:	a fragment header was met, atomic or not; then:
 * @frag_next:	next header field of that fragment header
 * @frag_more:	its M flag
 * @frag_off:	its fragment offset in bytes
 * @frag_id:	its identification
 * @tclass:	traffic class
 * @hop_limit:	hop limit
 * @flow_label:	20 bits
 * @bad_off:	for a verdict that is reported: offset of the offending byte;
 *		for IP6_OK: offset of the next header field that named @proto
 */
struct ip6_hdr {
	uint8_t src[16];
	uint8_t dst[16];
	uint32_t payload_len;
	uint32_t l4_off;
	uint8_t proto;
	bool frag;
	bool frag_seen;
	uint8_t frag_next;
	bool frag_more;
	uint16_t frag_off;
	uint32_t frag_id;
	uint8_t tclass;
	uint8_t hop_limit;
	uint32_t flow_label;
	uint32_t bad_off;
};

/**
 * ip6_parse() - Check and read the fixed header and the extension headers
 * @h:		result; addresses and @bad_off are also defined for the verdicts
 *		from IP6_BAD_EXT on
 * @p:		start of the packet
 * @len:	bytes received; surplus behind the payload is legal (8504-3)
 *
 * A payload length of 0 stands for @len - 40 when @len > 65575.
 * The walk ends at a fragment header that is not atomic, at "no next header"
 * (59), or at the first value that is no extension header.
 */
enum ip6_verdict ip6_parse(struct ip6_hdr *h, const uint8_t *p, uint32_t len);

/**
 * ip6_is_icmp_error() - Does a packet carry an ICMPv6 error message?
 * @p:		start of the packet
 * @len:	bytes received
 *
 * Looks behind headers that ip6_parse() refused, since an error must never
 * answer an error (RFC 4443 section 2.4 (e.1)).  What cannot be followed to
 * its end counts as one.
 */
bool ip6_is_icmp_error(const uint8_t *p, uint32_t len);

/**
 * ip6_chain_whole() - Is the whole header chain in a first fragment (7112)?
 * @p:		start of the packet, which ip6_parse() found good
 * @h:		what it found; @frag_off is 0
 *
 * Return: true if all extension headers and the upper-layer header are there
 */
bool ip6_chain_whole(const uint8_t *p, const struct ip6_hdr *h);

/**
 * ip6_upper() - Find the upper-layer header behind extension headers
 * @p:		start of the packet
 * @len:	bytes there are of it
 * @proto:	set to its kind
 *
 * Judges nothing: for packets that are quoted.
 *
 * Return: its offset, at most @len; 0 if it cannot be found
 */
uint32_t ip6_upper(const uint8_t *p, uint32_t len, uint8_t *proto);

/**
 * ip6_build() - Write a fixed header
 * @p:		room for IP6_HDR_LEN bytes
 * @h:		fields; @l4_off, @frag and @bad_off are ignored
 */
void ip6_build(uint8_t *p, const struct ip6_hdr *h);

#endif /* STACK_WIRE_IP6_H */

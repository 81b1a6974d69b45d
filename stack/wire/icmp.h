/* SPDX-License-Identifier: MIT */
/*
 * icmp.h - ICMP and ICMPv6 messages: bytes <-> struct (RFC 792, 1122, 4443)
 *
 * The two share one layout: type, code, checksum, four bytes that depend on
 * the type, then a body.  Checksums are the caller's, since only v6 has a
 * pseudo-header.
 */

#ifndef STACK_WIRE_ICMP_H
#define STACK_WIRE_ICMP_H

#include <stdint.h>

#define ICMP_HDR_LEN		8u

#define ICMP4_ECHO_REPLY	0u
#define ICMP4_UNREACH		3u
#define ICMP4_SOURCE_QUENCH	4u
#define ICMP4_ECHO		8u
#define ICMP4_TIME_EXCEEDED	11u
#define ICMP4_PARAM_PROBLEM	12u

#define ICMP4_UNREACH_PROTO	2u
#define ICMP4_UNREACH_PORT	3u
#define ICMP4_UNREACH_NEEDFRAG	4u

#define ICMP6_UNREACH		1u
#define ICMP6_TOO_BIG		2u
#define ICMP6_TIME_EXCEEDED	3u
#define ICMP6_PARAM_PROBLEM	4u
#define ICMP6_ECHO		128u
#define ICMP6_ECHO_REPLY	129u
#define ICMP6_ERROR_MAX		127u /* types up to here are errors */

#define ICMP6_UNREACH_PORT	4u
#define ICMP6_PARAM_FIELD	0u
#define ICMP6_PARAM_NEXT_HEADER 1u
#define ICMP6_PARAM_OPTION	2u
#define ICMP6_PARAM_CHAIN	3u /* RFC 7112 */

#define ICMP_TIME_REASSEMBLY	1u /* the code, in both families */

/**
 * struct icmp_hdr - the first eight bytes
 * @type:	message type
 * @code:	its code
 * @rest:	bytes 4 to 7 in host order: id and sequence, pointer, or MTU
 */
struct icmp_hdr {
	uint8_t type;
	uint8_t code;
	uint32_t rest;
};

/**
 * icmp_parse() - Read the header
 * @h:		result
 * @p:		start of the ICMP message
 * @len:	its bytes
 *
 * Return: 0, or -1 when shorter than ICMP_HDR_LEN
 */
int icmp_parse(struct icmp_hdr *h, const uint8_t *p, uint32_t len);

/** icmp_build() - Write the header with a zero checksum field */
void icmp_build(uint8_t *p, const struct icmp_hdr *h);

/** icmp_set_csum() - Store a finished checksum (wire order) at its place */
void icmp_set_csum(uint8_t *p, uint16_t csum);

#endif /* STACK_WIRE_ICMP_H */

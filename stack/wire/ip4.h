/* SPDX-License-Identifier: MIT */
/*
 * ip4.h - IPv4 header: bytes <-> struct (RFC 791)
 */

#ifndef STACK_WIRE_IP4_H
#define STACK_WIRE_IP4_H

#include <stdbool.h>
#include <stdint.h>

#define IP4_HDR_MIN 20u
#define IP4_HDR_MAX 60u

enum ip4_verdict {
	IP4_OK,
	IP4_TRUNCATED, /* fewer bytes than the header needs */
	IP4_BAD_VERSION,
	IP4_BAD_HDR_LEN,   /* below 20, or beyond total length */
	IP4_BAD_TOTAL_LEN, /* more than was received (1122-3) */
	IP4_BAD_CSUM,	   /* (1122-2) */
	IP4_BAD_OPTION,	   /* an option's length leads out of bounds */
	IP4_SOURCE_ROUTE,  /* loose or strict, at its end or not */
};

/**
 * struct ip4_hdr - header fields in host order
 * @src:	source address as on the wire
 * @dst:	destination address as on the wire
 * @hdr_len:	header bytes, options included
 * @total_len:	bytes of the datagram, header included
 * @id:		identification
 * @frag_off:	fragment offset in bytes
 * @df:		don't fragment
 * @mf:		more fragments
 * @tos:	DSCP and ECN
 * @ttl:	time to live
 * @proto:	protocol number
 */
struct ip4_hdr {
	uint8_t src[4];
	uint8_t dst[4];
	uint32_t hdr_len;
	uint32_t total_len;
	uint16_t id;
	uint16_t frag_off;
	bool df;
	bool mf;
	uint8_t tos;
	uint8_t ttl;
	uint8_t proto;
};

/**
 * ip4_parse() - Check and read a header
 * @h:		result, defined only for IP4_OK
 * @p:		start of the packet
 * @len:	bytes received; more than total length is legal (1122-3)
 *
 * A total length of 0 stands for @len when @len > 65535 (a super-packet).
 * Options are checked for legal lengths and otherwise skipped (1122-8), but
 * for source routes (RFC 6274 section 3.13.2.3 and .4).
 *
 * Return: IP4_OK or the first thing found wrong
 */
enum ip4_verdict ip4_parse(struct ip4_hdr *h, const uint8_t *p, uint32_t len);

/**
 * ip4_build() - Write a 20-byte header with its checksum
 * @p:		room for IP4_HDR_MIN bytes
 * @h:		fields; @hdr_len is ignored
 */
void ip4_build(uint8_t *p, const struct ip4_hdr *h);

#endif /* STACK_WIRE_IP4_H */

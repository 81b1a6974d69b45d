/* SPDX-License-Identifier: MIT */
/*
 * tcp_opt.h - TCP options: bytes <-> struct (RFC 9293 section 3.2, 7323, 2018)
 */

#ifndef STACK_WIRE_TCP_OPT_H
#define STACK_WIRE_TCP_OPT_H

#include <stdbool.h>
#include <stdint.h>

#define TCP_OPT_MAX	    40u
#define TCP_OPT_TS_LEN	    12u /* timestamps with their two NOPs */
#define TCP_WSCALE_MAX	    14u /* (7323-4) */
#define TCP_SACK_MAX	    4u	/* blocks that fit; 3 beside timestamps */

#define TCP_OPT_HAS_MSS	    0x01u
#define TCP_OPT_HAS_WSCALE  0x02u
#define TCP_OPT_HAS_TS	    0x04u
#define TCP_OPT_HAS_SACK_OK 0x08u
#define TCP_OPT_HAS_SACK    0x10u
#define TCP_OPT_HAS_UTO	    0x20u

/**
 * struct tcp_sack - a block of a SACK option
 * @start:	first sequence number of the block
 * @end:	the one behind its last
 */
struct tcp_sack {
	uint32_t start;
	uint32_t end;
};

/**
 * struct tcp_opts - options that we understand
 * @has:	TCP_OPT_HAS_* bits; a field without its bit is undefined
 * @wscale:	window shift; the parser has cut it to TCP_WSCALE_MAX
 * @mss:	maximum segment size
 * @tsval:	timestamp value
 * @tsecr:	timestamp echo reply
 * @uto:	user timeout as it stands: granularity bit and 15 bits (RFC 5482)
 * @nsack:	blocks in @sack
 * @sack:	SACK blocks in the order of the wire, unchecked; the first may be a
 *		D-SACK
 */
struct tcp_opts {
	uint8_t has;
	uint8_t wscale;
	uint16_t mss;
	uint32_t tsval;
	uint32_t tsecr;
	uint16_t uto;
	uint8_t nsack;
	struct tcp_sack sack[TCP_SACK_MAX];
};

/** tcp_opt_sack_len() - Bytes that @n blocks take */
static inline uint32_t tcp_opt_sack_len(uint32_t n)
{
	return 4u + 8u * n;
}

/**
 * tcp_opt_parse() - Read options
 * @o:		result
 * @p:		first option byte
 * @len:	option bytes, 0 to TCP_OPT_MAX
 *
 * Unknown kinds are skipped (MUST-6).  Reading stops at an illegal length;
 * what stood before it counts (MUST-7).  An option of a known kind with a
 * wrong length is skipped as unknown.  The usual layout, NOP NOP timestamps
 * alone, is recognised at once.
 *
 * Return: true if all was well formed, false if reading stopped early
 */
bool tcp_opt_parse(struct tcp_opts *o, const uint8_t *p, uint32_t len);

/**
 * tcp_opt_build() - Write options, padded with NOPs to whole words
 * @p:		room for TCP_OPT_MAX bytes
 * @o:		options to write, those with their bit in @has
 *
 * Of SACK blocks as many are written as there is room for.
 *
 * Return: bytes written, a multiple of 4
 */
uint32_t tcp_opt_build(uint8_t *p, const struct tcp_opts *o);

#endif /* STACK_WIRE_TCP_OPT_H */

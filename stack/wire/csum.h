/* SPDX-License-Identifier: MIT */
/*
 * csum.h - the Internet checksum (RFC 1071, 1624)
 *
 * A running sum is kept in 64 bits over native-endian words, so that adding is
 * cheap, and folded to 16 bits once.  Parts are added at even offsets of the
 * whole; csum_add_odd() is for the part that starts at an odd one.
 * All 16-bit results are in wire order: store them with memcpy().
 */

#ifndef STACK_WIRE_CSUM_H
#define STACK_WIRE_CSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/base/slice.h"

/**
 * csum_add() - Add bytes to a running sum
 * @sum:	sum so far, 0 at the start
 * @p:		bytes, any alignment, at an even offset of the whole
 * @len:	their number; an odd last byte is padded with zero
 */
uint64_t csum_add(uint64_t sum, const void *p, size_t len);

/** csum_add_odd() - The same for bytes that start at an odd offset */
uint64_t csum_add_odd(uint64_t sum, const void *p, size_t len);

/**
 * csum_add_slices() - The same for bytes in several places
 * @sum:	sum so far
 * @sl:		slices, in order
 * @n:		their number
 * @odd:	the first byte stands at an odd offset of the whole
 */
uint64_t csum_add_slices(uint64_t sum, const struct slice *sl, uint32_t n,
			 bool odd);

/** csum_fold() - Fold to 16 bits, not complemented */
uint16_t csum_fold(uint64_t sum);

/** csum_finish() - Fold and complement: what goes into a header */
static inline uint16_t csum_finish(uint64_t sum)
{
	return (uint16_t)~csum_fold(sum);
}

/**
 * csum_pseudo4() - Sum over the IPv4 pseudo-header (RFC 9293 section 3.1)
 * @src:	4 bytes as on the wire
 * @dst:	4 bytes as on the wire
 * @proto:	protocol number
 * @len:	bytes of transport header and payload
 */
uint64_t csum_pseudo4(const uint8_t *src, const uint8_t *dst, uint8_t proto,
		      uint32_t len);

/** csum_pseudo6() - The same for IPv6, 16-byte addresses (RFC 8200 s. 8.1) */
uint64_t csum_pseudo6(const uint8_t *src, const uint8_t *dst, uint8_t proto,
		      uint32_t len);

#endif /* STACK_WIRE_CSUM_H */

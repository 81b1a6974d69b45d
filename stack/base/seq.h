/* SPDX-License-Identifier: MIT */
/*
 * seq.h - sequence number arithmetic, modulo 2^32 (RFC 9293 section 3.4)
 *
 * Sequence numbers are compared through these functions only.  The answers
 * hold while the two numbers are less than 2^31 apart.
 */

#ifndef STACK_BASE_SEQ_H
#define STACK_BASE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

static inline int32_t seq_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static inline bool seq_lt(uint32_t a, uint32_t b)
{
	return seq_diff(a, b) < 0;
}

static inline bool seq_leq(uint32_t a, uint32_t b)
{
	return seq_diff(a, b) <= 0;
}

static inline bool seq_gt(uint32_t a, uint32_t b)
{
	return seq_diff(a, b) > 0;
}

static inline bool seq_geq(uint32_t a, uint32_t b)
{
	return seq_diff(a, b) >= 0;
}

static inline uint32_t seq_max(uint32_t a, uint32_t b)
{
	return seq_gt(a, b) ? a : b;
}

static inline uint32_t seq_min(uint32_t a, uint32_t b)
{
	return seq_lt(a, b) ? a : b;
}

/* Is @x in [@lo, @lo + @len)?  An empty range holds nothing. */
static inline bool seq_in(uint32_t x, uint32_t lo, uint32_t len)
{
	return x - lo < len;
}

#endif /* STACK_BASE_SEQ_H */

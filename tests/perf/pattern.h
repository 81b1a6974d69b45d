/* SPDX-License-Identifier: MIT */
/*
 * pattern.h - bytes to send and to compare, without keeping them
 */

#ifndef PERF_PATTERN_H
#define PERF_PATTERN_H

#include <stdint.h>

/** byte_at() - Byte at a position of the stream: a cheap mix, no period worth naming */
static inline uint8_t byte_at(uint64_t pos)
{
	uint64_t x = (pos >> 3) * 0x9e3779b97f4a7c15u;

	x ^= x >> 29;
	return (uint8_t)(x * 0xbf58476d1ce4e5b9u >> (pos & 7) * 8);
}

#endif /* PERF_PATTERN_H */

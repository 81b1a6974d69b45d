/* SPDX-License-Identifier: MIT */
/*
 * exact.h - input for parsers in an allocation of exactly its length
 *
 * The address sanitizer then sees any read beyond what was received.
 */

#ifndef TESTS_UNIT_WIRE_EXACT_H
#define TESTS_UNIT_WIRE_EXACT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/rng.h"

/** exact_copy() - Gives a copy of @len bytes; free() it */
static inline uint8_t *exact_copy(const void *p, size_t len)
{
	uint8_t *copy = malloc(len);

	if (len)
		memcpy(copy, p, len);
	return copy;
}

/** exact_random() - Gives @len random bytes; free() them */
static inline uint8_t *exact_random(struct rng *r, size_t len)
{
	uint8_t *p = malloc(len);

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)rng_u64(r);
	return p;
}

#endif /* TESTS_UNIT_WIRE_EXACT_H */

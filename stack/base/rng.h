/* SPDX-License-Identifier: MIT */
/*
 * rng.h - small seeded generator (xoshiro256**), for tests and impairment
 *
 * Not for secrets: whoever sees its output can continue it.
 */

#ifndef STACK_BASE_RNG_H
#define STACK_BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t s[4];
};

/**
 * rng_init() - Start a generator; equal seeds give equal sequences
 * @r:		generator, storage owned by the caller
 * @seed:	any value, spread over the state by splitmix64
 */
void rng_init(struct rng *r, uint64_t seed);

/** rng_u64() - Next 64 uniformly distributed bits */
uint64_t rng_u64(struct rng *r);

/**
 * rng_below() - Uniform number in [0, @n), without modulo bias
 * @r:		generator
 * @n:		bound, > 0
 */
uint32_t rng_below(struct rng *r, uint32_t n);

/** rng_unit() - Uniform number in [0, 1) */
double rng_unit(struct rng *r);

#endif /* STACK_BASE_RNG_H */

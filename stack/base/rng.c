/* SPDX-License-Identifier: MIT */
/*
 * rng.c - xoshiro256** (Blackman and Vigna, 2018), seeded by splitmix64
 */

#include "rng.h"

#include "assert.h"

static inline uint64_t rotl(uint64_t x, unsigned int n)
{
	return (x << n) | (x >> (64 - n));
}

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

void rng_init(struct rng *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		r->s[i] = splitmix64(&seed);
}

uint64_t rng_u64(struct rng *r)
{
	uint64_t *s = r->s;
	uint64_t result = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

/*
 * Lemire's method: the high half of a 32 x 32 bit product is the answer.  The
 * 2^32 mod @n smallest low halves would favour some answers; they are redrawn.
 */
uint32_t rng_below(struct rng *r, uint32_t n)
{
	uint64_t product = (rng_u64(r) >> 32) * n;
	uint32_t reject;

	ASSERT(n > 0);
	if ((uint32_t)product >= n)
		return (uint32_t)(product >> 32);
	reject = (0u - n) % n;
	while ((uint32_t)product < reject)
		product = (rng_u64(r) >> 32) * n;
	return (uint32_t)(product >> 32);
}

double rng_unit(struct rng *r)
{
	return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

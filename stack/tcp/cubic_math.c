/* SPDX-License-Identifier: MIT */
/*
 * cubic_math.c - the arithmetic of CUBIC, in integers
 */

#include "cubic_math.h"

#include "stack/base/bytes.h"

#define ROOT_BITS  21 /* of the cube root of 64 bits, less one */
#define CUBE_SHIFT 39 /* a tick cubed is 2^-39 s^3 */

uint32_t cubic_ticks(uint64_t us)
{
	/* 8192 / 1000000 = 128 / 15625 */
	return (uint32_t)min_u64(min_u64(us, UINT32_MAX) * 128 / 15625,
				 UINT32_MAX);
}

/* A bit at a time from the top: r grows to r + b while (r + b)^3 fits. */
uint32_t cubic_root(uint64_t x)
{
	uint64_t r = 0;

	for (int shift = 3 * ROOT_BITS; shift >= 0; shift -= 3) {
		uint64_t step;

		r *= 2;
		step = 3 * r * (r + 1) + 1; /* (r + 1)^3 - r^3 */
		if (x >> shift >= step) {
			x -= step << shift;
			r++;
		}
	}
	return (uint32_t)r;
}

/* C = 0.4: K^3 = 5/2 * segments, in ticks 2^39 times that. */
uint32_t cubic_k(uint32_t bytes, uint32_t mss)
{
	uint64_t cube = ((uint64_t)bytes * 5 << 28) / (2 * (uint64_t)mss);

	if (cube >> (3 * 21 - (CUBE_SHIFT - 28)))
		return CUBIC_TICKS_MAX;
	return cubic_root(cube << (CUBE_SHIFT - 28));
}

/* C * d^3 in bytes, d in ticks. */
static uint64_t cube_bytes(uint32_t d, uint32_t mss)
{
	uint64_t cube;

	d = min_u32(d, CUBIC_TICKS_MAX);
	cube = (uint64_t)d * d * d; /* <= 2^63 */
	return ((cube >> 19) * (2 * mss) / 5) >> (CUBE_SHIFT - 19);
}

uint32_t cubic_window(uint32_t t, uint32_t k, uint32_t w_max, uint32_t mss)
{
	uint64_t bytes;

	if (t >= k) {
		bytes = cube_bytes(t - k, mss) + w_max;
		return (uint32_t)min_u64(bytes, UINT32_MAX);
	}
	bytes = cube_bytes(k - t, mss);
	return bytes < w_max ? w_max - (uint32_t)bytes : 0;
}

uint32_t cubic_credit(uint32_t *rest, uint32_t acked, uint32_t num,
		      uint64_t den)
{
	uint64_t sum = min_u64((uint64_t)*rest + acked, UINT32_MAX);
	uint64_t gain = sum * num / den;

	if (num == 0) {
		*rest = 0;
		return 0;
	}
	/* What made the gain is used up, the rest of a byte is not. */
	*rest = (uint32_t)(sum - (gain * den + num - 1) / num);
	return (uint32_t)min_u64(gain, UINT32_MAX);
}

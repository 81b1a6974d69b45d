/* SPDX-License-Identifier: MIT */
/*
 * dist.c - distributions of jitter, from one uniform number, in integers
 *
 * The normal quantile is tabled over the tail's probability, in octaves of
 * STEPS points each, so that both the middle and the far tail are straight
 * lines of small error; the other half is its mirror image.
 *
 *	tail  2^-32 ... 2^-3 |   2^-2   | 2^-1
 *	      . . . . . . . .|. . . . . . . .|
 *	z     6.2 ...        1.15  0.67      0
 */

#include "dist.h"

#define OCTAVES	   31u
#define STEP_BITS  3u
#define STEPS	   (1u << STEP_BITS)
#define HALF	   0x80000000u
#define PARETO_MAX (4 * DIST_ONE)

/* clang-format off */
static const uint16_t normal_tail[OCTAVES * STEPS + 1] = {
	51038, 50887, 50751, 50628, 50515, 50412, 50315, 50225, 50141, 49987,
	49849, 49724, 49609, 49504, 49406, 49314, 49229, 49072, 48931, 48804,
	48687, 48580, 48480, 48387, 48300, 48140, 47997, 47867, 47748, 47639,
	47537, 47442, 47353, 47191, 47045, 46913, 46791, 46680, 46576, 46479,
	46389, 46223, 46074, 45939, 45816, 45702, 45596, 45497, 45405, 45236,
	45084, 44946, 44820, 44704, 44596, 44495, 44401, 44228, 44073, 43932,
	43803, 43684, 43574, 43471, 43374, 43198, 43039, 42895, 42763, 42642,
	42529, 42423, 42325, 42144, 41981, 41834, 41699, 41575, 41459, 41351,
	41250, 41065, 40899, 40747, 40609, 40482, 40363, 40252, 40149, 39959,
	39788, 39633, 39491, 39360, 39239, 39125, 39019, 38823, 38648, 38489,
	38343, 38208, 38083, 37967, 37857, 37656, 37476, 37312, 37162, 37024,
	36895, 36775, 36662, 36455, 36269, 36101, 35946, 35803, 35670, 35546,
	35430, 35216, 35025, 34850, 34690, 34543, 34406, 34277, 34157, 33937,
	33738, 33558, 33392, 33239, 33097, 32965, 32840, 32611, 32406, 32218,
	32047, 31888, 31741, 31603, 31473, 31236, 31022, 30827, 30648, 30483,
	30330, 30186, 30051, 29803, 29580, 29377, 29191, 29018, 28858, 28707,
	28566, 28307, 28074, 27861, 27666, 27485, 27316, 27159, 27011, 26738,
	26493, 26269, 26063, 25873, 25695, 25529, 25373, 25085, 24826, 24589,
	24371, 24170, 23981, 23805, 23639, 23334, 23058, 22806, 22573, 22358,
	22157, 21969, 21791, 21464, 21168, 20898, 20648, 20416, 20200, 19996,
	19805, 19451, 19130, 18836, 18565, 18312, 18076, 17854, 17645, 17257,
	16904, 16581, 16281, 16002, 15740, 15493, 15259, 14827, 14432, 14068,
	13729, 13413, 13115, 12834, 12568, 12071, 11615, 11192, 10797, 10426,
	10075, 9742, 9424, 8827, 8274, 7756, 7268, 6804, 6360, 5935,
	5525, 4744, 4004, 3295, 2610, 1943, 1289, 642, 0,
};
/* clang-format on */

/* Deviation above which the tail holds @tail / 2^32, 0 < @tail < 2^31. */
static int32_t normal_above(uint32_t tail)
{
	uint32_t octave = 31 - (uint32_t)__builtin_clz(tail);
	uint32_t mantissa = tail << (31 - octave);
	uint32_t step = (mantissa >> (31 - STEP_BITS)) & (STEPS - 1);
	uint32_t frac = mantissa << (1 + STEP_BITS);
	const uint16_t *z = normal_tail + octave * STEPS + step;
	uint32_t down = (uint32_t)(z[0] - z[1]);

	return z[0] - (int32_t)(((uint64_t)down * frac) >> 32);
}

static int32_t normal(uint32_t u)
{
	uint32_t tail = u < HALF ? u : ~u;
	int32_t z = normal_above(tail ? tail : 1);

	return u < HALF ? -z : z;
}

/* Integer cube root, rounded down; digit by digit, three bits each. */
static uint32_t cube_root(uint64_t x)
{
	uint64_t root = 0;

	for (int shift = 63; shift >= 0; shift -= 3) {
		uint64_t b;

		root *= 2;
		b = 3 * root * (root + 1) + 1;
		if ((x >> shift) >= b) {
			x -= b << shift;
			root++;
		}
	}
	return (uint32_t)root;
}

/* 1 / cbrt(1 - u), less its mean of 1.5, stretched. */
static int32_t pareto(uint32_t u)
{
	uint64_t left = (uint64_t)UINT32_MAX - u + 1; /* of 2^32 */
	uint32_t root = cube_root(left << 31);	      /* of 2^21 */
	int64_t x = ((int64_t)DIST_ONE << 21) / root - DIST_ONE * 3 / 2;

	x = x * 4 / 3;
	return x < PARETO_MAX ? (int32_t)x : PARETO_MAX;
}

int32_t dist_value(enum impair_dist dist, uint32_t u)
{
	switch (dist) {
	case IMPAIR_DIST_PARETO:
		return pareto(u);
	case IMPAIR_DIST_PARETONORMAL:
		return (normal(u) + 3 * pareto(u)) / 4;
	default:
		return normal(u);
	}
}

/* A number from -@reach to @reach. */
static int64_t uniform(uint64_t reach, uint32_t u)
{
	unsigned __int128 span = (unsigned __int128)u * (2 * reach + 1);

	return (int64_t)(uint64_t)(span >> 32) - (int64_t)reach;
}

uint64_t dist_delay_us(const struct impair_knobs *k, uint32_t u)
{
	int64_t off, delay;

	if (k->jitter_us == 0)
		return k->delay_us;
	if (k->dist == IMPAIR_DIST_UNIFORM)
		off = uniform(k->jitter_us, u);
	else
		off = (int64_t)k->jitter_us *
		      dist_value((enum impair_dist)k->dist, u) / DIST_ONE;
	delay = (int64_t)k->delay_us + off;
	return delay > 0 ? (uint64_t)delay : 0;
}

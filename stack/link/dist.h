/* SPDX-License-Identifier: MIT */
/*
 * dist.h - distributions of jitter, from one uniform number, in integers
 *
 * The shapes are those of netem's tables: normal; pareto with exponent 3, moved
 * to a mean of 0, stretched by 4/3 and cut at 4; paretonormal, a quarter of the
 * one and three quarters of the other.  All grow with the number drawn.
 */

#ifndef STACK_LINK_DIST_H
#define STACK_LINK_DIST_H

#include <stdint.h>

#include "stack/link/impair.h"

#define DIST_ONE 8192 /* a result of one standard deviation, as netem's scale */

/**
 * dist_value() - Quantile of a distribution
 * @dist:	IMPAIR_DIST_NORMAL, _PARETO or _PARETONORMAL
 * @u:		uniform number, 0 to 2^32 - 1 for 0 to 1
 *
 * Return: deviation from the mean, in units of 1 / DIST_ONE
 */
int32_t dist_value(enum impair_dist dist, uint32_t u);

/**
 * dist_delay_us() - Delay with jitter
 * @k:		knobs: @delay_us, @jitter_us, @dist
 * @u:		uniform number
 *
 * Return: microseconds, 0 where the jitter would lead before now
 */
uint64_t dist_delay_us(const struct impair_knobs *k, uint32_t u);

#endif /* STACK_LINK_DIST_H */

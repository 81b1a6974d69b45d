/* SPDX-License-Identifier: MIT */
/*
 * cubic_math.h - the arithmetic of CUBIC, in integers (RFC 9438 section 4.2)
 *
 *	W(t) = C * (t - K)^3 + W_max		K = cbrt((W_max - cwnd) / C)
 *
 * Windows are bytes, times are ticks of 1/8192 s: fine enough for any path,
 * since W hardly moves in one, and 256 s of them can be cubed in 64 bits.  256 s
 * is more than K gets from the cut of a window of 1 GiB in 88-byte segments.
 */

#ifndef STACK_TCP_CUBIC_MATH_H
#define STACK_TCP_CUBIC_MATH_H

#include <stdint.h>

#define CUBIC_TICK_HZ	8192u
#define CUBIC_TICKS_MAX (1u << 21) /* 256 s */

/** cubic_ticks() - Microseconds as ticks, at most UINT32_MAX */
uint32_t cubic_ticks(uint64_t us);

/** cubic_root() - Integer cube root: the largest r with r^3 <= @x */
uint32_t cubic_root(uint64_t x);

/**
 * cubic_k() - Time in which the window grows by so much, up to the plateau
 * @bytes:	W_max - cwnd_epoch
 * @mss:	segment size
 *
 * Return: K in ticks, at most CUBIC_TICKS_MAX
 */
uint32_t cubic_k(uint32_t bytes, uint32_t mss);

/**
 * cubic_window() - W_cubic(t)
 * @t:		ticks since the epoch began
 * @k:		K in ticks
 * @w_max:	plateau, bytes
 * @mss:	segment size
 *
 * Return: bytes, 0 to UINT32_MAX
 */
uint32_t cubic_window(uint32_t t, uint32_t k, uint32_t w_max, uint32_t mss);

/**
 * cubic_credit() - Count acknowledged bytes towards growth
 * @rest:	bytes acknowledged and not turned into growth yet
 * @acked:	bytes acknowledged now
 * @num:	growth is @acked * @num / @den bytes
 * @den:	not 0
 *
 * What does not make a whole byte of growth stays in @rest; rounding is against
 * the peer, so that splitting an ACK gains nothing.
 *
 * Return: growth in bytes
 */
uint32_t cubic_credit(uint32_t *rest, uint32_t acked, uint32_t num,
		      uint64_t den);

#endif /* STACK_TCP_CUBIC_MATH_H */

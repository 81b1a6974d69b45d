/* SPDX-License-Identifier: MIT */
/*
 * isn.c - numbers that an attacker off the path must not guess
 *
 * The secrets are drawn when the instance starts, so that they differ after a
 * restart (6528-3).
 */

#include "isn.h"

#define ISN_TICK_US 4u

uint32_t tcp_isn(const struct tcp *t, const struct tcp_flow_args *a)
{
	uint32_t m = (uint32_t)(t->s->now_us / ISN_TICK_US);

	return m + (uint32_t)tcp_flow_hash(&t->key.isn, a);
}

/*
 * By the whole 4-tuple: two connections tell nothing about each other, while
 * those that follow each other on one 4-tuple keep growing, which is all that
 * the peer's TIME-WAIT looks at (RFC 6191).
 */
uint32_t tcp_ts_offset(const struct tcp *t, const struct tcp_flow_args *a)
{
	return (uint32_t)tcp_flow_hash(&t->key.ts, a);
}

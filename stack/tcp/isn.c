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
 * By addresses alone: timestamps of successive connections between two hosts
 * keep growing, so that 6191 can tell a new SYN from an old one.
 */
uint32_t tcp_ts_offset(const struct tcp *t, const struct tcp_flow_args *a)
{
	struct tcp_flow_args hosts = *a;

	hosts.lport = 0;
	hosts.rport = 0;
	return (uint32_t)tcp_flow_hash(&t->key.ts, &hosts);
}

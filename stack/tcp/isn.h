/* SPDX-License-Identifier: MIT */
/*
 * isn.h - initial sequence numbers and timestamp offsets (RFC 6528, 7323)
 */

#ifndef STACK_TCP_ISN_H
#define STACK_TCP_ISN_H

#include "demux.h"

/** tcp_isn() - ISN = M + F(4-tuple, secret), M ticking every 4 us (MUST-8) */
uint32_t tcp_isn(const struct tcp *t, const struct tcp_flow_args *a);

/** tcp_ts_offset() - Random offset of a connection's timestamps (7323-17) */
uint32_t tcp_ts_offset(const struct tcp *t, const struct tcp_flow_args *a);

/** tcp_ts_at() - Timestamp clock without offset at a moment */
static inline uint32_t tcp_ts_at(uint64_t at_us)
{
	return (uint32_t)(at_us / 1000u);
}

/** tcp_ts_now() - Timestamp clock without offset, 1 ms a tick (7323-10) */
static inline uint32_t tcp_ts_now(const struct tcp *t)
{
	return tcp_ts_at(t->s->now_us);
}

#endif /* STACK_TCP_ISN_H */

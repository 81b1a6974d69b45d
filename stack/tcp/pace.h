/* SPDX-License-Identifier: MIT */
/*
 * pace.h - data leaves evenly, instead of as fast as the window allows
 *
 *	window:   ||||||||                ||||||||
 *	paced:    ||    ||    ||    ||    ||    ||    (quantum: a millisecond)
 *
 * Off unless an application asks for it (USTACK_OPT_PACING): a rate of its own,
 * or that of the congestion control.  New data waits for its turn; what is sent
 * again does not wait, since recovery sees to that, but takes its share.  A
 * quantum is what the rate sends in a millisecond, at least two segments, so
 * that super-packets stay large where the rate is high.
 *
 * A wake-up that comes late is made good by no more than one quantum.
 */

#ifndef STACK_TCP_PACE_H
#define STACK_TCP_PACE_H

#include "tcb.h"

/** pace_rate() - Bytes a second at which data may leave, 0 = unbounded */
uint64_t pace_rate(const struct tcp_conn *c);

/** pace_quantum() - Most that one packet of new data may carry, UINT32_MAX = any */
uint32_t pace_quantum(const struct tcp_conn *c);

/**
 * pace_holds() - Must new data wait?
 * @c:		connection
 *
 * Return: true if so; pace_deadline() then tells until when
 */
bool pace_holds(struct tcp_conn *c);

/** pace_sent() - @len bytes of data have left */
void pace_sent(struct tcp_conn *c, uint32_t len);

/** pace_deadline() - When held data may leave, TIME_NEVER = none is held */
uint64_t pace_deadline(const struct tcp_conn *c);

#endif /* STACK_TCP_PACE_H */

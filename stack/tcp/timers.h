/* SPDX-License-Identifier: MIT */
/*
 * timers.h - a connection's timers
 *
 *	rtx_at     data in flight: retransmission; window shut: persist
 *	fl->reo_at RACK's reordering timer
 *	fl->tlp.at tail loss probe
 *	delack_at  delayed acknowledgement
 *	extra.h    keepalive, cork, linger
 *	life_at    orphan in FIN-WAIT-2, or whose peer takes hardly any data; else:
 *		   is there memory again?
 *
 * The wheel has one node a connection, at the earliest of these or before it.
 */

#ifndef STACK_TCP_TIMERS_H
#define STACK_TCP_TIMERS_H

#include "tcb.h"

/** tcp_rto_us() - Present retransmission timeout, back-off included */
uint32_t tcp_rto_us(const struct tcp_conn *c);

/** tcp_timers_arm() - Bring the wheel's node in line with the deadlines */
void tcp_timers_arm(struct tcp_conn *c);

/** tcp_timers_stop() - Clear all deadlines and take the node off the wheel */
void tcp_timers_stop(struct tcp_conn *c);

/** tcp_rtx_start() - Start the retransmission timer unless it runs (6298-8) */
void tcp_rtx_start(struct tcp_conn *c);

/** tcp_rtx_restart() - New data was acknowledged: start anew, or stop (6298-8) */
void tcp_rtx_restart(struct tcp_conn *c);

/**
 * tcp_starves() - Is there data for a peer that hardly takes any?
 *
 * Its window is less than a segment, or than the default where that is less.
 * Once the application has closed, nobody but us can end such a connection,
 * whose peer may open its window by a byte a minute for months: it has then
 * the time of FIN-WAIT-2 to offer one that is worth the name (6429-1).
 */
bool tcp_starves(const struct tcp_conn *c);

/** tcp_memory_wait() - Look soon whether a refused send would be taken now */
void tcp_memory_wait(struct tcp_conn *c);

/** tcp_conn_on_timer() - The node fired: see to each deadline that has passed */
void tcp_conn_on_timer(struct tcp_conn *c);

#endif /* STACK_TCP_TIMERS_H */

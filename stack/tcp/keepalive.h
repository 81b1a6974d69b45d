/* SPDX-License-Identifier: MIT */
/*
 * keepalive.h - is the peer of an idle connection still there?  (RFC 9293
 *		 section 3.8.4)
 *
 *	last segment heard    idle            intvl   intvl
 *	  |--------------------|---------------|-------|--- ...
 *	                     probe 1         probe 2  probe 3       given up
 *
 * Off unless asked for (MUST-24, MUST-25).  There is no timer of its own: when
 * the next probe is due follows from when the last segment came and from how
 * many probes it has not answered.
 */

#ifndef STACK_TCP_KEEPALIVE_H
#define STACK_TCP_KEEPALIVE_H

#include "tcb.h"

/** tcp_keepalive_idle_us() - Silence before the first probe (MUST-27, MUST-28) */
uint64_t tcp_keepalive_idle_us(const struct tcp_conn *c);

/** tcp_keepalive_intvl_us() - Time between probes */
uint64_t tcp_keepalive_intvl_us(const struct tcp_conn *c);

/** tcp_keepalive_cnt() - Probes without answer that end the connection (MUST-29) */
uint32_t tcp_keepalive_cnt(const struct tcp_conn *c);

/**
 * tcp_keepalive_at() - When the next step is due
 * @c:		connection with OF_KEEPALIVE
 *
 * Return: the time, TIME_NEVER while data is outstanding (MUST-26)
 */
uint64_t tcp_keepalive_at(const struct tcp_conn *c);

/** tcp_keepalive_on_timer() - It is due: probe, or give up */
void tcp_keepalive_on_timer(struct tcp_conn *c);

/** tcp_keepalive_send() - Send the probe that is due; as tcp_emit() */
int tcp_keepalive_send(struct tcp_conn *c);

#endif /* STACK_TCP_KEEPALIVE_H */

/* SPDX-License-Identifier: MIT */
/*
 * tlp.h - tail loss probe: what nothing follows cannot be missed by RACK, so
 *	   something is sent after it
 *
 *	last segment ... silence for two round trips ... probe: new data if there
 *	is any, else the last segment again --> its SACK shows RACK what is gone
 *
 * RFC 8985 section 7.
 */

#ifndef STACK_TCP_TLP_H
#define STACK_TCP_TLP_H

#include "sendq.h"

/** tlp_schedule() - Data left, or some was acknowledged: set the probe timer
 * (section 7.2)
 */
void tlp_schedule(struct tcp_conn *c);

/** tlp_on_timer() - The probe timer ran out (section 7.3): the next run probes */
void tlp_on_timer(struct tcp_conn *c);

/** tlp_due() - Is a probe to leave, with all that was heard since the timer ran out? */
bool tlp_due(struct tcp_conn *c);

/**
 * tlp_sent() - A probe left
 * @c:		connection
 * @retx:	it repeated what was sent before
 */
void tlp_sent(struct tcp_conn *c, bool retx);

/**
 * tlp_on_ack() - Was it the probe that mended a loss (section 7.4)?
 * @c:		connection
 * @a:		acknowledgement; snd.una has moved
 *
 * Return: true if so, and congestion control must hear of it (8985-13)
 */
bool tlp_on_ack(struct tcp_conn *c, const struct tcp_acked *a);

#endif /* STACK_TCP_TLP_H */

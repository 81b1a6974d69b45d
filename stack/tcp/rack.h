/* SPDX-License-Identifier: MIT */
/*
 * rack.h - loss found by time: a segment is lost when one that was sent later
 *	    has arrived, and it has had a reordering window's time to do so too
 *
 *	sent:	   a    b    c    d
 *	delivered:	     ^ RACK	   a and b are lost at
 *					   their sent_us + RACK.rtt + reo_wnd
 *
 * The window is 0 while no reordering was seen and the case is clear (three
 * segments SACKed, or recovery under way), else a quarter of the least RTT,
 * wider by a quarter with each round that a DSACK proves us hasty, narrow again
 * after 16 recoveries without.
 *
 * RFC 8985 sections 5 and 6.
 */

#ifndef STACK_TCP_RACK_H
#define STACK_TCP_RACK_H

#include "sendq.h"

/**
 * rack_delivered() - [@r->seq, @end) has arrived (section 6.2 steps 1 to 3)
 * @c:		connection
 * @r:		record that held it, as it was sent
 * @end:	end of what arrived, at most that of @r
 * @a:		the acknowledgement's timestamp
 */
void rack_delivered(struct tcp_conn *c, const struct tcp_rec *r, uint32_t end,
		    const struct tcp_acked *a);

/** rack_on_dsack() - Something was sent again in vain (step 4) */
void rack_on_dsack(struct tcp_conn *c);

/** rack_on_recovered() - A recovery is over: the window may shrink one day (step 4) */
void rack_on_recovered(struct tcp_conn *c);

/**
 * rack_detect() - Hold for lost what is due, set the timer for the rest (step 5)
 * @c:		connection with data in flight
 *
 * Return: bytes newly held for lost
 */
uint32_t rack_detect(struct tcp_conn *c);

/** rack_mark_on_timeout() - What the retransmission timer proves lost (section 6.3) */
void rack_mark_on_timeout(struct tcp_conn *c);

/** rack_reo_wnd_us() - The reordering window now */
uint32_t rack_reo_wnd_us(const struct tcp_conn *c);

#endif /* STACK_TCP_RACK_H */

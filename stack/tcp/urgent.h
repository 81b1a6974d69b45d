/* SPDX-License-Identifier: MIT */
/*
 * urgent.h - the urgent mechanism (RFC 9293 section 3.8.5, RFC 6093)
 *
 *	snd.una       snd.nxt            snd_up
 *	   |-------------|------ URG -------|----------
 *
 * Urgent data is part of the stream and delivered in line; the pointer names
 * the byte behind its last one (MUST-62).  The pointer is relative to each
 * segment's sequence number, so that while urgent data is on its way segments
 * leave wire-sized: who cuts a super-packet would copy it.  Where it lies more
 * than 65535 bytes ahead the field says 65535, and a later segment moves it on.
 */

#ifndef STACK_TCP_URGENT_H
#define STACK_TCP_URGENT_H

#include "tcb.h"

struct tcp_out;

/** tcp_in_urg() - Sixth step of a segment that arrives: the URG bit (MUST-30) */
void tcp_in_urg(struct tcp_conn *c, const struct tcp_seg *seg);

/** tcp_urgent_left() - Bytes to read until the end of urgent data, 0 = none (MUST-33) */
uint32_t tcp_urgent_left(const struct tcp_conn *c);

/** tcp_urgent_read() - Bytes were read: was that the last urgent one? */
void tcp_urgent_read(struct tcp_conn *c);

/** tcp_urgent_mark() - Set the URG bit and the pointer of a segment that leaves */
void tcp_urgent_mark(struct tcp_conn *c, struct tcp_out *o);

/** tcp_urgent_due() - Is urgent data queued or on its way? */
bool tcp_urgent_due(const struct tcp_conn *c);

#endif /* STACK_TCP_URGENT_H */

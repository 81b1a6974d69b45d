/* SPDX-License-Identifier: MIT */
/*
 * input.h - the steps of "a segment arrives" (RFC 9293 section 3.10.7)
 *
 * A step returns true to go on with the next one, false if the segment is
 * done with.  Steps mark; output.c sends.
 */

#ifndef STACK_TCP_INPUT_H
#define STACK_TCP_INPUT_H

#include "tcb.h"

/** tcp_in_syn_sent() - All of section 3.10.7.3 */
void tcp_in_syn_sent(struct tcp_conn *c, struct tcp_seg *seg);

/** tcp_in_seq() - First: PAWS and the window; trims the text */
bool tcp_in_seq(struct tcp_conn *c, struct tcp_seg *seg);

/** tcp_in_rst() - Second: reset (RFC 5961 section 3.2) */
bool tcp_in_rst(struct tcp_conn *c, const struct tcp_seg *seg);

/** tcp_in_syn() - Fourth: SYN on a synchronized connection (RFC 5961 section 4.2) */
bool tcp_in_syn(struct tcp_conn *c, const struct tcp_seg *seg);

/** tcp_in_ack() - Fifth: acknowledgement, window, the states that an ACK ends */
bool tcp_in_ack(struct tcp_conn *c, const struct tcp_seg *seg);

/** tcp_note_timestamp() - TS.Recent from a segment that passed all checks: the
 * earliest that the next ACK will answer (7323-11)
 */
void tcp_note_timestamp(struct tcp_conn *c, const struct tcp_seg *seg);

/** tcp_in_data() - Seventh: text */
void tcp_in_data(struct tcp_conn *c, struct tcp_seg *seg);

/** tcp_in_fin() - Eighth: FIN */
void tcp_in_fin(struct tcp_conn *c, const struct tcp_seg *seg);

/** tcp_challenge_ack() - Ask the peer to show that it means it, within limits (5961-6) */
void tcp_challenge_ack(struct tcp_conn *c);

#endif /* STACK_TCP_INPUT_H */

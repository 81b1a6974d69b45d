/* SPDX-License-Identifier: MIT */
/*
 * recovery.h - finding out that something was lost, and getting over it
 *
 *	OPEN -- third duplicate ACK --> RECOVERY -- recover acked --> OPEN
 *	  +---- timeout --------------> LOSS ------ recover acked --> OPEN
 *
 * NewReno, RFC 6582 (the slow-but-steady variant: every partial ACK restarts
 * the timer, 6582-5), limited transmit, RFC 3042.  What is held for lost is
 * marked in the send records; output.c sends it again.
 */

#ifndef STACK_TCP_RECOVERY_H
#define STACK_TCP_RECOVERY_H

#include "tcb.h"

/** tcp_recovery_on_dupack() - A duplicate acknowledgement came (5681-9) */
void tcp_recovery_on_dupack(struct tcp_conn *c);

/**
 * tcp_recovery_on_ack() - New data was acknowledged; snd.una has moved
 * @c:		connection
 * @acked:	bytes
 * @limited:	the congestion window was what limited sending
 */
void tcp_recovery_on_ack(struct tcp_conn *c, uint32_t acked, bool limited);

/** tcp_recovery_on_timeout() - The retransmission timer ran out */
void tcp_recovery_on_timeout(struct tcp_conn *c);

/** tcp_recovery_allowance() - Bytes beyond cwnd that limited transmit allows */
uint32_t tcp_recovery_allowance(const struct tcp_conn *c);

/** tcp_recovery_name() - "open", "recovery", "loss" */
const char *tcp_recovery_name(const struct tcp_conn *c);

#endif /* STACK_TCP_RECOVERY_H */

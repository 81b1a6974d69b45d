/* SPDX-License-Identifier: MIT */
/*
 * recovery.h - finding out that something was lost, and getting over it
 *
 *	OPEN -- something is held for lost --> RECOVERY -- recover acked --> OPEN
 *	  +---- timeout ---------------------> LOSS ------ recover acked --> OPEN
 *	RECOVERY, LOSS -- spurious (undo.h) --------------------------------> OPEN
 *
 * With SACK the detector is RACK-TLP (rack.h, tlp.h) and PRR (RFC 9937) doles
 * out what may be sent in RECOVERY.  Without it NewReno does both: RFC 6582,
 * the slow-but-steady variant: every partial ACK restarts the timer (6582-5),
 * with limited transmit, RFC 3042.  What is held for lost is marked in the send
 * records; output.c sends it again.
 */

#ifndef STACK_TCP_RECOVERY_H
#define STACK_TCP_RECOVERY_H

#include "sendq.h"

/**
 * tcp_recovery_on_ack() - An acknowledgement came, or what may be a duplicate
 * @c:		connection with something in flight until now; snd.una has moved,
 *		SACK blocks are taken
 * @a:		what it told
 */
void tcp_recovery_on_ack(struct tcp_conn *c, const struct tcp_acked *a);

/**
 * tcp_recovery_on_persist() - The window is shut with data in flight: the first
 *			       of it is the probe, even if it was SACKed before
 * @c:		connection
 */
void tcp_recovery_on_persist(struct tcp_conn *c);

/** tcp_recovery_on_timeout() - The retransmission timer ran out */
void tcp_recovery_on_timeout(struct tcp_conn *c);

/** tcp_recovery_on_reorder_timer() - RACK's timer ran out (8985-4) */
void tcp_recovery_on_reorder_timer(struct tcp_conn *c);

/**
 * tcp_recovery_on_sent() - Data left
 * @c:		connection
 * @len:	bytes
 */
void tcp_recovery_on_sent(struct tcp_conn *c, uint32_t len);

/** tcp_recovery_holds() - Must what is held for lost wait (F-RTO step 2b)? */
bool tcp_recovery_holds(const struct tcp_conn *c);

/**
 * tcp_recovery_untried() - F-RTO waits for new data to tell, and none could leave:
 *			    the loss is taken for real
 * @c:		connection
 *
 * Return: true if what is held for lost need no longer wait
 */
bool tcp_recovery_untried(struct tcp_conn *c);

/** tcp_recovery_allowance() - Bytes beyond cwnd that limited transmit allows */
uint32_t tcp_recovery_allowance(const struct tcp_conn *c);

/** tcp_recovery_name() - "open", "recovery", "loss" */
const char *tcp_recovery_name(const struct tcp_conn *c);

#endif /* STACK_TCP_RECOVERY_H */

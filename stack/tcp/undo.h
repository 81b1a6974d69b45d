/* SPDX-License-Identifier: MIT */
/*
 * undo.h - a recovery that should not have been: notice, and take it back
 *
 *	by timestamps	the first ACK of what was sent again echoes an earlier
 *			timestamp than the copy carried (Eifel, RFC 3522)
 *	by DSACK	each copy was reported as a duplicate (RFC 3708)
 *	by F-RTO	after a timeout, data that was sent once is acknowledged
 *			(RFC 5682)
 *
 * Window and threshold are then what they were (RFC 4015 section 3.2).
 */

#ifndef STACK_TCP_UNDO_H
#define STACK_TCP_UNDO_H

#include "sendq.h"

/** undo_save() - A recovery begins, nothing is changed yet: remember what is */
void undo_save(struct tcp_conn *c);

/**
 * undo_on_resent() - Something was sent again
 * @c:		connection
 * @segs:	wire segments
 */
void undo_on_resent(struct tcp_conn *c, uint32_t segs);

/**
 * undo_on_ack() - Does this acknowledgement prove the recovery spurious?
 * @c:		connection; snd.una has moved
 * @a:		acknowledgement
 *
 * Return: true if it was taken back
 */
bool undo_on_ack(struct tcp_conn *c, const struct tcp_acked *a);

/**
 * undo_frto() - F-RTO's steps 2 and 3, after a timeout
 * @c:		connection in state CA_LOSS; snd.una has moved
 * @a:		acknowledgement
 *
 * Return: true if the timeout was spurious and has been taken back
 */
bool undo_frto(struct tcp_conn *c, const struct tcp_acked *a);

#endif /* STACK_TCP_UNDO_H */

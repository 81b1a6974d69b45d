/* SPDX-License-Identifier: MIT */
/*
 * reasm.h - data that came out of order (RFC 9293 section 3.10.7.4, seventh)
 *
 *	rcv.nxt     hole      [ range ]  hole  [ range ]
 *
 * A sorted list of ranges, each a queue of slices.  Where ranges would overlap,
 * what came first stays; what comes in order is taken as it comes.  The number
 * of ranges is bounded, so that tiny segments cost no more than they are worth
 * (res-1).
 */

#ifndef STACK_TCP_REASM_H
#define STACK_TCP_REASM_H

#include "tcb.h"

#define REASM_RANGES_MAX 256u

/**
 * reasm_add() - Keep a segment's text that lies beyond rcv.nxt
 * @c:		connection
 * @seg:	trimmed segment with text
 *
 * Return: 0, -ERR_NOMEM or -ERR_LIMIT (dropped in part or whole)
 */
int reasm_add(struct tcp_conn *c, const struct tcp_seg *seg) MUST_USE;

/**
 * reasm_deliver() - Move what is in order now to the receive queue
 * @c:		connection; rcv.nxt moves
 *
 * Return: bytes moved
 */
uint32_t reasm_deliver(struct tcp_conn *c);

/** reasm_footprint() - Memory held, in bytes */
uint32_t reasm_footprint(const struct tcp_conn *c);

/** reasm_beyond() - Is there data held beyond @seq? */
bool reasm_beyond(const struct tcp_conn *c, uint32_t seq);

/** reasm_bytes() - Bytes held */
uint32_t reasm_bytes(const struct tcp_conn *c);

/** reasm_clear() - Drop everything */
void reasm_clear(struct tcp_conn *c);

/**
 * tcp_rcv_append() - Append a segment's text to a queue, copying what is small
 * @c:		connection
 * @q:		receive queue or range
 * @s:		text, borrowed
 *
 * A small packet in a big buffer is copied, so that a byte does not pin 64 KB;
 * out of order, and where a queue has become mostly air, so is all that fills
 * less than half of its buffer.
 *
 * Return: 0 or -ERR_NOMEM
 */
int tcp_rcv_append(struct tcp_conn *c, struct sliceq *q,
		   struct slice s) MUST_USE;

#endif /* STACK_TCP_REASM_H */

/* SPDX-License-Identifier: MIT */
/*
 * reasm.h - data that came out of order (RFC 9293 section 3.10.7.4, seventh)
 *	     and what SACK options say of it (RFC 2018, RFC 2883)
 *
 *	rcv.nxt     hole      [ range ]  hole  [ range ]
 *
 * Ranges, each a queue of slices, in a tree by sequence number: whatever a peer
 * sends, a segment costs O(log n), and bytes that join two ranges move the
 * shorter queue.  Where ranges would overlap, what came first stays; what comes
 * in order is taken as it comes.  The memory that ranges and the receive queue
 * occupy, not only their bytes, is bounded by twice the receive buffer, so that
 * tiny segments cost no more than they are worth (res-1).
 *
 * A second list has the ranges by the time of their last segment: the order
 * that SACK blocks have.  What came twice waits in a short queue until an
 * acknowledgement has told of it, each in one of its own.
 *
 * The state hangs off the connection only while there is something in it.
 */

#ifndef STACK_TCP_REASM_H
#define STACK_TCP_REASM_H

#include "stack/base/treap.h"

#include "tcb.h"

#define REASM_RANGES_MAX 16384u
#define REASM_DUPS_MAX	 4u

/**
 * struct tcp_reasm - what came out of order or twice on one connection
 * @ranges:	the ranges, each a struct reasm_range
 * @recent:	ranges, the one that grew last in front
 * @nranges:	ranges
 * @bytes:	bytes in them
 * @footprint:	memory behind them
 * @end:	the sequence number behind the last range
 * @dup:	duplicates to report
 * @ndup:	their number
 */
struct tcp_reasm {
	struct treap ranges;
	struct list recent;
	uint32_t nranges;
	uint32_t bytes;
	uint32_t footprint;
	uint32_t end;
	struct tcp_sack dup[REASM_DUPS_MAX];
	uint32_t ndup;
};

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

/** reasm_holes() - Is anything held that waits for a hole to be filled? */
static inline bool reasm_holes(const struct tcp_conn *c)
{
	return c->reasm && c->reasm->nranges > 0;
}

/** reasm_footprint() - Memory held, in bytes */
uint32_t reasm_footprint(const struct tcp_conn *c);

/** reasm_beyond() - Is there data held beyond @seq? */
bool reasm_beyond(const struct tcp_conn *c, uint32_t seq);

/** reasm_bytes() - Bytes held */
uint32_t reasm_bytes(const struct tcp_conn *c);

/** reasm_clear() - Drop everything, duplicates to report included */
void reasm_clear(struct tcp_conn *c);

/**
 * reasm_dup() - These bytes came a second time: report them at once (2883-1)
 * @c:		connection
 * @start:	first of them
 * @end:	behind the last
 *
 * Nothing happens where D-SACK is not in use, or if the bytes lie before the
 * first one of the stream.
 */
void reasm_dup(struct tcp_conn *c, uint32_t start, uint32_t end);

/** reasm_sack_blocks() - SACK blocks that the next segment should carry */
uint32_t reasm_sack_blocks(const struct tcp_conn *c);

/** reasm_sack_fill() - Add them to a segment's options */
void reasm_sack_fill(const struct tcp_conn *c, struct tcp_opts *o);

/**
 * reasm_sack_sent() - A segment with SACK blocks has left
 * @c:		connection
 *
 * Its duplicate is told of; the next one asks for another acknowledgement.
 */
void reasm_sack_sent(struct tcp_conn *c);

/**
 * tcp_rcv_append() - Append a segment's text to a queue, copying what is small
 * @c:		connection
 * @q:		receive queue or range
 * @s:		text, borrowed
 *
 * A small packet in a big buffer is copied, so that a byte does not pin 64 KB;
 * out of order, and where a queue has become mostly air or very many slices,
 * so is all that fills less than half of its buffer.
 *
 * Return: 0 or -ERR_NOMEM
 */
int tcp_rcv_append(struct tcp_conn *c, struct sliceq *q,
		   struct slice s) MUST_USE;

#endif /* STACK_TCP_REASM_H */

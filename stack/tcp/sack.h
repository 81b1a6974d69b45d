/* SPDX-License-Identifier: MIT */
/*
 * sack.h - what the peer's SACK blocks say about the send records
 *
 *	una        [ block )    [ block )        nxt
 *	 [ rec ][ rec ][ rec ][ rec ][ rec ][ rec ]
 *	          --   sacked   --   sacked
 *
 * A block counts for the wire segments that lie in it whole: a peer that names
 * odd bytes cannot make us keep a record for each of them.  What was SACKed
 * side by side is one record, so a block that repeats costs one look.
 *
 * RFC 2018, RFC 2883 (DSACK), RFC 6675 section 4 (IsLost).
 */

#ifndef STACK_TCP_SACK_H
#define STACK_TCP_SACK_H

#include "sendq.h"

/**
 * sack_input() - Take a segment's SACK blocks
 * @c:		connection that agreed to SACK; what the segment's
 *		acknowledgement number covers is dropped already
 * @seg:	segment
 * @a:		gets what was learnt
 */
void sack_input(struct tcp_conn *c, const struct tcp_seg *seg,
		struct tcp_acked *a);

/** sack_input_idle() - The same with nothing in flight: a DSACK may come late */
void sack_input_idle(struct tcp_conn *c, const struct tcp_seg *seg);

/**
 * sack_lost_6675() - Hold for lost what lies below DupThresh SACKed segments
 * @c:		connection
 *
 * For when RACK has no delivery to compare with (8985-2).
 */
void sack_lost_6675(struct tcp_conn *c);

#endif /* STACK_TCP_SACK_H */

/* SPDX-License-Identifier: MIT */
/*
 * syncookie.h - handshakes without state (RFC 4987 section 3.6)
 *
 * While a listener's half-open connections have no more room, its SYN-ACKs
 * carry what must be known later, and nothing is kept:
 *
 *	ISN:	[ 1: time | 3: MSS | 28: keyed hash ]
 *	TSval:	[ 26: our clock | 1: ECN | 1: SACK | 4: window scale ]
 *
 * The hash is SipHash over the 4-tuple, the peer's ISN, whether it offered
 * timestamps, and a clock that ticks every 67 s; a secret keys it.  It has 28
 * of the 32 bits because time needs only one (a cookie of this period or the
 * last is good), so that a forged ACK is taken for good once in 2^28, not in
 * 2^24 (4987-4).  The MSS is rounded down to one of eight.  What else a SYN
 * offers is kept if it offered timestamps, whose echo brings it back; as Linux
 * does.  TSval is then at most 64 ms late and never runs ahead of the offset
 * clock that the connection goes on with, so that the peer's PAWS is content.
 *
 * The ACK that completes the handshake is the only one that counts: later
 * segments have another SEG.SEQ.  If it is lost, the peer's first data, which
 * comes again until it is answered, does the same.
 *
 * An ISN made so does not follow the ISN clock (MUST-8), which is the price of
 * every SYN cookie; a SYN that takes over from TIME-WAIT never gets one
 * (6191-5).  A listener that has sent none for two periods takes none.
 */

#ifndef STACK_TCP_SYNCOOKIE_H
#define STACK_TCP_SYNCOOKIE_H

#include "syncache.h"

#define SYNCOOKIE_PERIOD_SHIFT 26u /* 2^26 us = 67 s */

/** syncookie_make() - ISN of a SYN-ACK to @e, which @flow, @irs, @mss, @has say */
uint32_t syncookie_make(const struct tcp *t, const struct syn_entry *e);

/**
 * syncookie_read() - Is an acknowledged ISN one that we made, and lately?
 * @t:		TCP
 * @e:		@flow, @irs, @iss and, in @has, TCP_OPT_HAS_TS are what the ACK
 *		says; @mss is set
 *
 * Return: true if it is
 */
bool syncookie_read(const struct tcp *t, struct syn_entry *e);

/** syncookie_send() - Answer a SYN and forget it */
void syncookie_send(struct tcp *t, const struct tcp_flow_args *a,
		    const struct tcp_seg *seg, int listener);

/**
 * syncookie_input() - An ACK came for a listener: does it answer a cookie?
 * @t:		TCP
 * @seg:	segment with ACK and neither SYN nor RST
 * @e:		filled in with what the handshake agreed; @flow and @listener are
 *		set already
 *
 * Return: true if so; false if it must be answered by a reset (9293-a5)
 */
bool syncookie_input(struct tcp *t, const struct tcp_seg *seg,
		     struct syn_entry *e);

#endif /* STACK_TCP_SYNCOOKIE_H */

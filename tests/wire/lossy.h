/* SPDX-License-Identifier: MIT */
/*
 * lossy.h - a connection over a path of 20 ms whose peer SACKs by hand
 *
 * The stack sends; ten segments of 1448 bytes leave at once.  Segment n, from 1
 * on, starts at SEG(n).
 */

#ifndef TESTS_WIRE_LOSSY_H
#define TESTS_WIRE_LOSSY_H

#include "wire.h"

#define LOSSY_MSS 1448u /* with timestamps or without */
#define LOSSY_RTT MS(20)
#define SEG(n)	  (1u + ((n)-1u) * LOSSY_MSS)

/** lossy_tweak() - NewReno, whose numbers are simple; no delayed ACKs */
void lossy_tweak(struct ustack_config *cfg);

/**
 * lossy_open() - Bring a connection up, RTT sampled; nothing is sent yet
 * @p:		storage
 * @ts:		with timestamps
 */
void lossy_open(struct peer *p, bool ts);

/** lossy_send() - Let the service send @segs segments, and a round trip pass; the
 * segments that left are drained, their number returned
 */
uint32_t lossy_send(struct peer *p, uint32_t segs);

/** lossy_ack() - Acknowledge all before segment @n */
struct pseg lossy_ack(uint32_t n);

/** lossy_sack() - The same, and SACK segments [@from, @to) */
struct pseg lossy_sack(uint32_t n, uint32_t from, uint32_t to);

/** lossy_expect() - The next segment sent is number @n, whole */
#define lossy_expect(p, n) peer_expect(p, TCP_ACK, SEG(n), 1, LOSSY_MSS)

#endif /* TESTS_WIRE_LOSSY_H */

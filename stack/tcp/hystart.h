/* SPDX-License-Identifier: MIT */
/*
 * hystart.h - HyStart++: leave slow start before the queue overflows (RFC 9406)
 *
 *	slow start -- least RTT of a round rose --> conservative slow start
 *	    ^                                        |            |
 *	    +------ it fell again: false alarm ------+      five rounds:
 *	                                             ssthresh = cwnd
 *
 * Only the first slow start of a connection is watched: later ones know a
 * threshold.  A round lasts from one ACK to that of all that was sent before
 * it.  The rise must be 4 ms at least, which no path of microseconds reaches
 * before its socket buffers are full.
 */

#ifndef STACK_TCP_HYSTART_H
#define STACK_TCP_HYSTART_H

#include "tcb.h"

/** hystart_on_rtt() - A round-trip time was measured; sets ssthresh at the end */
void hystart_on_rtt(struct tcp_conn *c, uint32_t rtt_us);

/** hystart_gain() - What slow start may grow by, where it would by @bytes */
uint32_t hystart_gain(const struct tcp_conn *c, uint32_t bytes);

#endif /* STACK_TCP_HYSTART_H */

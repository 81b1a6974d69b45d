/* SPDX-License-Identifier: MIT */
/*
 * reply.h - answers that belong to no connection
 */

#ifndef STACK_TCP_REPLY_H
#define STACK_TCP_REPLY_H

#include "demux.h"

/**
 * tcp_reply_rst() - Reset in answer to a segment (RFC 9293 section 3.5.2)
 * @t:		TCP
 * @a:		the segment's 4-tuple, ours as local
 * @seg:	the segment; one with RST gets no answer
 *
 * With ACK: <SEQ=SEG.ACK><CTL=RST>; without:
 * <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>.  Rate limited.
 */
void tcp_reply_rst(struct tcp *t, const struct tcp_flow_args *a,
		   const struct tcp_seg *seg);

/**
 * tcp_chal_ok() - May a connection answer a doubtful segment now (5961-6)?
 * @t:		TCP
 * @ch:		the connection's, half-open entry's or TIME-WAIT entry's count
 *
 * The count is the connection's own.  One for all would tell an attacker, by
 * what is left of it for him, whether his forged segments hit a connection of
 * somebody else's (CVE-2016-5696).
 *
 * Return: true and the answer is counted for it, or false (counted as held)
 */
bool tcp_chal_ok(const struct tcp *t, struct tcp_chal *ch);

/** tcp_seg_space() - Sequence numbers a segment covers, SYN and FIN included */
uint32_t tcp_seg_space(const struct tcp_seg *seg);

#endif /* STACK_TCP_REPLY_H */

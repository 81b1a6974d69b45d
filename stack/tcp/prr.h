/* SPDX-License-Identifier: MIT */
/*
 * prr.h - proportional rate reduction: how much may be sent in recovery
 *
 *	flight
 *	 |\
 *	 |  \   each byte delivered lets ssthresh / RecoverFS bytes leave
 *	 |    \
 *	 |      \______ ssthresh
 *	 +------------- one round trip
 *
 * No silence at the start, no burst at the end.  cc.cwnd is set with each
 * acknowledgement to what is in flight and what may follow.
 *
 * RFC 9937 section 6, with the conservative and the slow start reduction bound.
 */

#ifndef STACK_TCP_PRR_H
#define STACK_TCP_PRR_H

#include "sendq.h"

/**
 * prr_begin() - A recovery begins; cc.ssthresh is set
 * @c:		connection
 * @a:		acknowledgement that showed the loss
 */
void prr_begin(struct tcp_conn *c, const struct tcp_acked *a);

/**
 * prr_on_ack() - Set cc.cwnd to what may be in flight now
 * @c:		connection in recovery
 * @a:		acknowledgement
 * @safe:	snd.una moved and no further loss was seen (safeACK)
 */
void prr_on_ack(struct tcp_conn *c, const struct tcp_acked *a, bool safe);

#endif /* STACK_TCP_PRR_H */

/* SPDX-License-Identifier: MIT */
/*
 * uto.h - user timeout option (RFC 5482)
 *
 *	kind 28, length 4:  | G | 15 bits |	G = 0: seconds, 1: minutes
 *
 * Neither sent nor heeded unless asked for.  It goes out in the SYN, and in an
 * acknowledgement of its own behind the handshake and behind each change, so
 * that it never takes room from data.  A passive end ignores it in the SYN: it
 * comes again.
 */

#ifndef STACK_TCP_UTO_H
#define STACK_TCP_UTO_H

#include "tcb.h"

#define UTO_MOST_US (32767u * (uint64_t)60000000)
#define UTO_LEAST_S 120u /* L_LIMIT: no peer makes us give up sooner (5482-2) */
#define UTO_LIMIT_S 86400u /* U_LIMIT: nor hold on for longer than a day */

/** tcp_uto_set() - USTACK_OPT_UTO_SEND: timeout to announce in microseconds, 0 = none */
int tcp_uto_set(struct tcp_conn *c, uint64_t us);

/** tcp_uto_get() - What is announced, 0 = nothing */
uint64_t tcp_uto_get(const struct tcp_conn *c);

/** tcp_uto_add() - Put the option into a SYN, if it is to be sent */
void tcp_uto_add(const struct tcp_conn *c, struct tcp_opts *o);

/** tcp_uto_send() - Send the acknowledgement that carries it; as tcp_emit() */
int tcp_uto_send(struct tcp_conn *c);

/** tcp_in_uto() - The option in an acceptable segment (5482-2) */
void tcp_in_uto(struct tcp_conn *c, const struct tcp_seg *seg);

#endif /* STACK_TCP_UTO_H */

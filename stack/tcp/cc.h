/* SPDX-License-Identifier: MIT */
/*
 * cc.h - congestion control: how much may be in flight
 *
 * Loss detection and recovery (recovery.c) decide *that* something was lost;
 * an algorithm decides what that means for the window.  It owns cc.cwnd and
 * cc.ssthresh outside of recovery.  Algorithms are named, so that a
 * connection's state stays plain data.
 */

#ifndef STACK_TCP_CC_H
#define STACK_TCP_CC_H

#include "tcb.h"

#define CC_SSTHRESH_NONE UINT32_MAX
#define CC_ABC_LIMIT                                                           \
	8u /* segments counted per ACK in slow start (RFC 9406 section 4.2) */

/* What c->cc.id says. */
enum tcp_cc_id { TCP_CC_RENO, TCP_CC_IDS };

/**
 * struct tcp_cc_ops - one algorithm
 * @name:	what users call it
 * @init:	a connection starts; cwnd and ssthresh are set already
 * @on_ack:	@acked bytes were newly acknowledged while the window was the
 *		limit and no recovery was under way
 * @ssthresh:	something was lost: the new threshold in bytes
 */
struct tcp_cc_ops {
	const char *name;
	void (*init)(struct tcp_conn *c);
	void (*on_ack)(struct tcp_conn *c, uint32_t acked);
	uint32_t (*ssthresh)(const struct tcp_conn *c);
};

extern const struct tcp_cc_ops tcp_cc_reno;

/** tcp_cc_ops() - The functions of an algorithm */
const struct tcp_cc_ops *tcp_cc_ops(enum tcp_cc_id id);

/** tcp_cc() - The functions of a connection's algorithm */
static inline const struct tcp_cc_ops *tcp_cc(const struct tcp_conn *c)
{
	return tcp_cc_ops(c->cc.id);
}

/** tcp_cc_find() - Algorithm by name: enum tcp_cc_id, or -ERR_NOENT */
int tcp_cc_find(const char *name);

/** tcp_cc_start() - Set the initial window (RFC 6928) and start the algorithm */
void tcp_cc_start(struct tcp_conn *c);

/** tcp_cc_initial_window() - Initial window in bytes (5681-1, 5681-2) */
uint32_t tcp_cc_initial_window(const struct tcp_conn *c);

/** tcp_cc_after_idle() - Back to the restart window after an idle RTO (5681-12) */
void tcp_cc_after_idle(struct tcp_conn *c);

#endif /* STACK_TCP_CC_H */

/* SPDX-License-Identifier: MIT */
/*
 * window.h - the receive window: what we announce, and how the buffer grows
 *
 *	rcv.nxt          rcv.adv  rcv.edge
 *	   |----------------|........|
 *	   |<-- rcv.buf less what waits to be read -->|
 *
 * A window field counts units of 2^shift bytes.  Rounding down would take back
 * part of a promise (7323-6), and counting what rounding up gave away as
 * promised would let the promise creep.  So the promise, rcv.adv, is kept
 * exact and never moves left; the field is rounded up; and what a field once
 * said is accepted: up to rcv.edge, less than a unit beyond the promise.
 *
 * Silly windows are avoided: the edge moves only by a segment or half the
 * buffer at a time (MUST-39).  A buffer starts small and doubles while the
 * application keeps reading what a whole window brought, as long as the sum of
 * all buffers stays within half of the memory budget.
 */

#ifndef STACK_TCP_WINDOW_H
#define STACK_TCP_WINDOW_H

#include "tcb.h"

/** tcp_wnd_open() - Give a new connection its receive buffer and first window */
void tcp_wnd_open(struct tcp_conn *c);

/** tcp_wnd_close() - Take the buffer's promise back from the budget */
void tcp_wnd_close(struct tcp_conn *c);

/** tcp_wnd_initial() - Receive buffer that a connection opened now would get */
uint32_t tcp_wnd_initial(const struct tcp *t);

/** tcp_wnd_shift() - Window scale to announce: enough for the largest buffer */
uint8_t tcp_wnd_shift(const struct ustack *s);

/**
 * tcp_wnd_announce() - Window field of a segment that leaves now; moves rcv.adv
 * @c:		connection, not for a segment with SYN
 *
 * RFC 9293 section 3.8.6.2.2, RFC 7323 section 2.3.
 */
uint16_t tcp_wnd_announce(struct tcp_conn *c);

/** tcp_wnd_accept() - Bytes beyond rcv.nxt that a segment may cover */
uint32_t tcp_wnd_accept(const struct tcp_conn *c);

/** tcp_wnd_consumed() - The application took @len bytes: grow, and say so if it matters */
void tcp_wnd_consumed(struct tcp_conn *c, uint32_t len);

/** tcp_wnd_set_buf() - Fix the receive buffer (USTACK_OPT_RCVBUF) */
void tcp_wnd_set_buf(struct tcp_conn *c, uint32_t bytes);

#endif /* STACK_TCP_WINDOW_H */

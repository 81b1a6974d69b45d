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
 * buffer at a time (MUST-39).
 *
 * The buffer follows the path's bandwidth-delay product: twice what the
 * application read in the last round trip.  A round ends when a timestamp that
 * left after its beginning is echoed, or without timestamps after the round
 * trip that the handshake or our own data took.  It shrinks after a pause, and
 * where others need the room; what is announced is not taken back but used up.
 *
 * All buffers together promise at most half of the memory budget, the other
 * half pays for what packets occupy beyond their bytes.  A connection gets at
 * most half of what the others leave, so that n of them that want everything
 * end up with an n + 1st of it each.
 *
 * The send buffer is twice the congestion window.  Where memory gets short all
 * of them give up room alike; receiving keeps a quarter to itself.
 */

#ifndef STACK_TCP_WINDOW_H
#define STACK_TCP_WINDOW_H

#include "tcb.h"

/** tcp_wnd_open() - Give a new connection its receive buffer and first window */
void tcp_wnd_open(struct tcp_conn *c);

/** tcp_wnd_close() - Take the buffer's promise back from the budget */
void tcp_wnd_close(struct tcp_conn *c);

/** tcp_wnd_begin() - The handshake is complete: count its window, start a round */
void tcp_wnd_begin(struct tcp_conn *c);

/** tcp_wnd_initial() - Receive buffer that a connection opened now would get */
uint32_t tcp_wnd_initial(const struct tcp *t);

/** tcp_wnd_shift() - Window scale to announce */
uint8_t tcp_wnd_shift(const struct ustack *s);

/** tcp_wnd_scale() - The least that is enough for these settings' largest buffer */
uint8_t tcp_wnd_scale(const struct ustack_config *cfg);

/**
 * tcp_wnd_announce() - Window field of a segment that leaves now; moves rcv.adv
 * @c:		connection, not for a segment with SYN
 *
 * RFC 9293 section 3.8.6.2.2, RFC 7323 section 2.3.
 */
uint16_t tcp_wnd_announce(struct tcp_conn *c);

/** tcp_wnd_accept() - Bytes beyond rcv.nxt that a segment may cover */
uint32_t tcp_wnd_accept(const struct tcp_conn *c);

/** tcp_wnd_round() - Text came in order: if a round is over, fit the buffer */
void tcp_wnd_round(struct tcp_conn *c, const struct tcp_opts *o);

/** tcp_wnd_consumed() - The application took @len bytes: say so if it matters */
void tcp_wnd_consumed(struct tcp_conn *c, uint32_t len);

/** tcp_wnd_set_buf() - Fix the receive buffer (USTACK_OPT_RCVBUF) */
void tcp_wnd_set_buf(struct tcp_conn *c, uint32_t bytes);

/** tcp_snd_open() - Give a new connection its send buffer */
void tcp_snd_open(struct tcp_conn *c);

/** tcp_snd_most() - What the send buffer may grow to */
uint32_t tcp_snd_most(const struct tcp_conn *c);

/** tcp_snd_grow() - The congestion window may have grown: follow it */
void tcp_snd_grow(struct tcp_conn *c);

/** tcp_snd_limit() - Bytes that may be queued now: the buffer, or less */
uint32_t tcp_snd_limit(const struct tcp_conn *c);

#endif /* STACK_TCP_WINDOW_H */

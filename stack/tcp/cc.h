/* SPDX-License-Identifier: MIT */
/*
 * cc.h - congestion control: how much may be in flight
 *
 * Loss detection and recovery decide *that* something was lost; an algorithm
 * decides what that means for the window.  It owns cc.cwnd and cc.ssthresh
 * outside of recovery.  Algorithms are named, so that a connection's state
 * stays plain data.
 *
 *	output    --> tcp_cc_sent     was the window what stopped us?
 *	new ACK   --> tcp_cc_clock    it was: on_ack may follow
 *	          --> on_rtt, on_ack  the window grows
 *	loss      --> ssthresh        once an event, before cwnd is changed
 *	timeout   --> on_timeout      after ssthresh
 *	idleness  --> on_idle         the window is the restart window again
 *
 * What an undo must restore stands in cc.priv, what only a flight needs in
 * @fl->cc.
 */

#ifndef STACK_TCP_CC_H
#define STACK_TCP_CC_H

#include "stack/base/bytes.h"

#include "tcb.h"

#define CC_SSTHRESH_NONE UINT32_MAX
#define CC_CWND_MAX	 (UINT32_MAX / 2) /* sequence numbers compare */
#define CC_ABC_LIMIT                                                           \
	8u /* segments counted per ACK in slow start (RFC 9406 section 4.2) */

/* What c->cc.id says. */
enum tcp_cc_id { TCP_CC_CUBIC, TCP_CC_RENO, TCP_CC_IDS };

#define TCP_CC_ANY 255u /* of a listener: what new connections have */

/**
 * struct tcp_cc_ops - one algorithm
 * @name:	what users call it
 * @init:	a connection starts, or changes to this algorithm; cwnd and
 *		ssthresh are set already
 * @on_ack:	@acked bytes were newly acknowledged while the window was the
 *		limit and no recovery was under way; @fl stands
 * @on_rtt:	a round-trip time was measured; @fl stands
 * @ssthresh:	congestion, by loss or mark: the new threshold in bytes.  Called
 *		once an event, with cwnd and rec.state still those before it.
 * @on_timeout:	the retransmission timer ran out; @ssthresh was asked
 * @on_idle:	nothing was sent for more than an RTO, cwnd was lowered
 * @pacing_rate: bytes a second at which a paced connection sends, 0 = unbounded
 */
struct tcp_cc_ops {
	const char *name;
	void (*init)(struct tcp_conn *c);
	void (*on_ack)(struct tcp_conn *c, uint32_t acked);
	void (*on_rtt)(struct tcp_conn *c, uint32_t rtt_us);
	uint32_t (*ssthresh)(struct tcp_conn *c);
	void (*on_timeout)(struct tcp_conn *c);
	void (*on_idle)(struct tcp_conn *c);
	uint64_t (*pacing_rate)(const struct tcp_conn *c);
};

extern const struct tcp_cc_ops tcp_cc_cubic;
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

/**
 * tcp_cc_choose() - Algorithm that an application asks for
 * @t:		TCP
 * @name:	its name, NULL = as configured
 *
 * Return: enum tcp_cc_id, or -ERR_INVAL
 */
int tcp_cc_choose(const struct tcp *t, const char *name);

/** tcp_cc_start() - Set the initial window (RFC 6928) and start the algorithm */
void tcp_cc_start(struct tcp_conn *c);

/** tcp_cc_initial_window() - Initial window in bytes (5681-1, 5681-2) */
uint32_t tcp_cc_initial_window(const struct tcp_conn *c);

/** tcp_cc_after_idle() - Back to the restart window after an idle RTO (5681-12) */
void tcp_cc_after_idle(struct tcp_conn *c);

/** tcp_cc_sent() - Output is done: note whether the window was what stopped it */
void tcp_cc_sent(struct tcp_conn *c);

/**
 * tcp_cc_clock() - New data was acknowledged: count the time since the last ACK
 * @c:		connection, before what was acknowledged leaves its records
 *
 * Only time with a full window counts (9438-7).
 *
 * Return: true if the congestion window was the limit meanwhile (5681-16)
 */
bool tcp_cc_clock(struct tcp_conn *c);

/**
 * tcp_cc_slow_start() - Grow as slow start does
 * @c:		connection with cwnd below ssthresh
 * @acked:	bytes acknowledged
 *
 * By what was acknowledged (5681-3, 5681-4): an ACK that is split gains
 * nothing, one for a super-packet counts for up to CC_ABC_LIMIT segments, or
 * for one after a timeout (RFC 3465 section 2.3).
 */
void tcp_cc_slow_start(struct tcp_conn *c, uint32_t acked);

/**
 * tcp_cc_flight() - Bytes in flight that a cut goes by
 *
 * What limited transmit sent beyond the window does not count (RFC 5681
 * section 3.2).
 */
uint32_t tcp_cc_flight(const struct tcp_conn *c);

/**
 * tcp_cc_congested() - Something was lost or marked: the new threshold
 * @c:		connection, its cwnd and rec.state still those before the event
 *
 * Marks and losses in one window of data are one event (RFC 3168 section
 * 6.1.2): the second asks no algorithm.
 *
 * Return: ssthresh in bytes
 */
uint32_t tcp_cc_congested(struct tcp_conn *c);

/**
 * tcp_cc_window_rate() - Pacing for an algorithm that thinks in windows
 *
 * A fifth faster than cwnd in a round-trip time, so that pacing is never what
 * stops growth; twice that while slow start doubles the window (as Linux).
 */
uint64_t tcp_cc_window_rate(const struct tcp_conn *c);

/** tcp_cc_grow() - Raise cwnd, which never comes near the end of 32 bits */
static inline void tcp_cc_grow(struct tcp_conn *c, uint32_t bytes)
{
	c->cc.cwnd += min_u32(bytes, CC_CWND_MAX - c->cc.cwnd);
}

#endif /* STACK_TCP_CC_H */

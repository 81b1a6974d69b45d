/* SPDX-License-Identifier: MIT */
/*
 * extra.h - what only few connections ask for: kept apart, so that the others
 *	     do not pay for it
 *
 * It is made by the first option or segment that needs it and lives as long
 * as the connection.  Its timers share the connection's one node:
 *
 *	keep   keepalive: when nothing is in flight and nothing came
 *	cork   how long short data may be held
 *	linger how long a closed connection may take to deliver the rest
 *
 * RFC 9293 sections 3.8.3, 3.8.4 and 3.8.5, RFC 5482.
 */

#ifndef STACK_TCP_EXTRA_H
#define STACK_TCP_EXTRA_H

#include "tcb.h"

#define CORK_MAX_US 200000u /* as Linux */

/**
 * struct tcp_extra - options and state of the rarer kind
 * @cork_at:	when corked data leaves all the same, TIME_NEVER = none waits
 * @linger_at:	when a closed connection is given up, TIME_NEVER = not closed
 * @probe_us:	when the window was first probed, 0 = it is open
 * @pace_rate:	bytes a second, USTACK_PACING_AUTO, 0 = not paced
 * @pace_at:	when the next packet may leave
 * @linger_ms:	OF_LINGER: time from close to reset, 0 = at once
 * @keep_idle_ms: silence before the first keepalive probe, 0 = as configured
 * @keep_intvl_ms: time between probes, 0 = as configured
 * @fin_wait2_ms: longest stay in FIN-WAIT-2, 0 = as configured
 * @snd_up:	SND.UP: behind the last urgent byte queued, with OF_URG_SEND
 * @rcv_up:	RCV.UP: behind the last urgent byte known of, with OF_URG_RCVD
 * @maxseg:	largest MSS to announce and to use, 0 = none set
 * @adv_uto:	ADV_UTO of RFC 5482 as its option says it, 0 = not sent
 * @keep_cnt:	probes without answer that end the connection, 0 = as configured
 * @syn_cnt:	repetitions of the SYN, 0 = by time alone
 * @pmtu_mode:	enum ustack_pmtu
 * @pace_held:	data waits for @pace_at
 */
struct tcp_extra {
	uint64_t cork_at;
	uint64_t linger_at;
	uint64_t probe_us;
	uint64_t pace_rate;
	uint64_t pace_at;
	uint32_t linger_ms;
	uint32_t keep_idle_ms;
	uint32_t keep_intvl_ms;
	uint32_t fin_wait2_ms;
	uint32_t snd_up;
	uint32_t rcv_up;
	uint16_t maxseg;
	uint16_t adv_uto;
	uint8_t keep_cnt;
	uint8_t syn_cnt;
	uint8_t pmtu_mode;
	bool pace_held;
};

/** tcp_extra_get() - The connection's, made if there is none; NULL = no memory */
struct tcp_extra *tcp_extra_get(struct tcp_conn *c);

/** tcp_inherit_listener() - A new connection takes what its listener was told */
void tcp_inherit_listener(struct tcp_conn *c, const struct tcp_listener *l);

/** tcp_extra_free() - Give it back */
void tcp_extra_free(struct tcp_conn *c);

/** tcp_extra_footprint() - Memory it holds, in bytes */
uint32_t tcp_extra_footprint(const struct tcp_conn *c);

/** tcp_extra_deadline() - Earliest of its timers, TIME_NEVER = none runs */
uint64_t tcp_extra_deadline(const struct tcp_conn *c);

/** tcp_extra_on_timer() - See to those that are due */
void tcp_extra_on_timer(struct tcp_conn *c);

/** tcp_extra_stop() - The connection is over on the wire */
void tcp_extra_stop(struct tcp_conn *c);

/** tcp_corked() - Does what is short of a full segment have to wait? */
bool tcp_corked(const struct tcp_conn *c);

/** tcp_extra_after_output() - What was not sent: start what waits for it */
void tcp_extra_after_output(struct tcp_conn *c);

/** tcp_fin_wait2_us() - Longest stay in FIN-WAIT-2 of an orphan (res-2) */
uint64_t tcp_fin_wait2_us(const struct tcp_conn *c);

/** tcp_syn_spent() - Was the SYN repeated as often as the application allows? */
bool tcp_syn_spent(const struct tcp_conn *c);

/**
 * tcp_soft_error() - Something is amiss that does not end the connection
 * @c:		connection
 * @why:	what ICMP said, or ERR_TIMEDOUT when R1 is reached
 *
 * The service is told unless it said no (MUST-47, SHLD-9, SHLD-20), and a
 * timeout that follows is reported as this (SHLD-25).
 */
void tcp_soft_error(struct tcp_conn *c, enum err why);

/** tcp_soft_error_r1() - A segment was sent R1 times without answer (MUST-20) */
void tcp_soft_error_r1(struct tcp_conn *c);

#endif /* STACK_TCP_EXTRA_H */

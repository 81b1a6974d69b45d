/* SPDX-License-Identifier: MIT */
/*
 * pmtu.h - segments that fit the path
 *
 *	link MTU --- too big, says a router ---> smaller segments, DF set;
 *		 `-- three timeouts in a row --^ what was too big is sent again
 *	                 ten minutes later, the link's MTU again
 *
 * The estimate is the path's (stack/ip/pmtu.c), shared by the connections to
 * one host and known to new ones.  A connection whose segments are smaller
 * for it has OF_PMTU set and asks again whenever it sends.
 *
 * RFC 1191, RFC 8201, RFC 4821 section 7.7, RFC 5927 section 7.
 */

#ifndef STACK_TCP_PMTU_H
#define STACK_TCP_PMTU_H

#include "tcb.h"

/**
 * tcp_pmtu_mss() - Payload and options that the path allows in a segment
 * @c:		connection; its OF_PMTU and OF_MAY_FRAG are brought up to date
 * @most:	what all else allows
 *
 * Return: at most @most
 */
uint32_t tcp_pmtu_mss(struct tcp_conn *c, uint32_t most);

/**
 * tcp_pmtu_too_big() - A segment was too big for a router
 * @c:		connection
 * @e:		what the router said, about something in flight
 *
 * Nothing is held against the network: the congestion window stays (1191-6).
 */
void tcp_pmtu_too_big(struct tcp_conn *c, const struct ip_error *e);

/** tcp_pmtu_on_timeout() - The timer ran out: is the path a black hole (4821-3)? */
void tcp_pmtu_on_timeout(struct tcp_conn *c);

/** tcp_pmtu_refresh() - Segments may have become larger again (1191-5) */
void tcp_pmtu_refresh(struct tcp_conn *c);

#endif /* STACK_TCP_PMTU_H */

/* SPDX-License-Identifier: MIT */
/*
 * ecn.h - explicit congestion notification (RFC 3168)
 *
 *	SYN      ECE CWR -->                        I would
 *	         <-- ECE            SYN-ACK         so would I
 *	data     ECT(0)  -->  router: CE  -->       this is too much
 *	         <-- ECE            ACK, each one, until
 *	data     CWR     -->                        the window is smaller now
 *
 * New data alone carries ECT(0): no SYN, no bare ACK, no probe of a closed
 * window, nothing that is sent again (3168-3).  CWR leaves on a segment by
 * itself: of a super-packet each wire segment would carry it.
 */

#ifndef STACK_TCP_ECN_H
#define STACK_TCP_ECN_H

#include "segment.h"

/* What c->cc.ecn says. */
#define ECN_TRIED   0x01u /* our SYN offers it */
#define ECN_REFUSED 0x02u /* that SYN drew a reset */
#define ECN_OK	    0x04u /* agreed */
#define ECN_ECHO    0x08u /* CE came: ECE on every ACK until CWR comes */
#define ECN_CWR	    0x10u /* the window was cut: CWR is due */

#define ECN_MASK    0x03u /* the ECN bits of the traffic class */
#define ECN_ECT0    0x02u
#define ECN_CE	    0x03u

/** ecn_offered() - Is it an ECN-setup SYN that we may agree to? (3168-1) */
bool ecn_offered(const struct tcp *t, const struct tcp_seg *seg);

/** ecn_agreed() - Both sides have said so: use it from now on */
void ecn_agreed(struct tcp_conn *c);

/**
 * ecn_syn_flags() - What to add to a SYN, or to the SYN-ACK of a simultaneous open
 * @c:		connection
 *
 * A SYN that had to be repeated does not offer it again (3168-8).
 *
 * Return: TCP_ECE and TCP_CWR, or one, or none
 */
uint8_t ecn_syn_flags(struct tcp_conn *c);

/** ecn_in_syn() - A SYN or SYN-ACK came for our SYN: is it agreed? */
void ecn_in_syn(struct tcp_conn *c, const struct tcp_seg *seg);

/**
 * ecn_on_refused() - Our SYN drew a reset
 * @c:		connection in SYN-SENT
 *
 * Return: true if ECN may be why: a SYN without it is due (3168-8)
 */
bool ecn_on_refused(struct tcp_conn *c);

/** ecn_in_ack() - An ACK came, nothing of it is done yet: ECE? (3168-6) */
void ecn_in_ack(struct tcp_conn *c, const struct tcp_seg *seg);

/** ecn_in_data() - New text came: CE, CWR? (3168-5, 3168-7) */
void ecn_in_data(struct tcp_conn *c, const struct tcp_seg *seg);

/** ecn_mark() - Mark a segment of new data before it leaves (3168-4) */
void ecn_mark(const struct tcp_conn *c, struct tcp_out *o);

/** ecn_on_sent() - It has left */
void ecn_on_sent(struct tcp_conn *c, const struct tcp_out *o);

/** ecn_ack_flags() - TCP_ECE if every ACK must say it */
static inline uint8_t ecn_ack_flags(const struct tcp_conn *c)
{
	return c->cc.ecn & ECN_ECHO ? TCP_ECE : 0;
}

#endif /* STACK_TCP_ECN_H */

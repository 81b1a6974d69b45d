/* SPDX-License-Identifier: MIT */
/*
 * output.h - what do I send now?  The only place that decides
 */

#ifndef STACK_TCP_OUTPUT_H
#define STACK_TCP_OUTPUT_H

#include "tcb.h"

/**
 * tcp_output() - Send what is due on a connection, within the run's budget
 * @c:		connection
 *
 * In this order: SYN; what was lost; new data and FIN; a bare ACK.
 *
 * Return: true if something is left because the budget or the link's room
 * ran out
 */
bool tcp_output(struct tcp_conn *c);

/** tcp_output_last() - The last word of a connection that is over: RST, or the
 * ACK of the peer's FIN.  Return: as tcp_output()
 */
bool tcp_output_last(struct tcp_conn *c);

#endif /* STACK_TCP_OUTPUT_H */

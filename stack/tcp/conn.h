/* SPDX-License-Identifier: MIT */
/*
 * conn.h - the life of a TCB: made, looked up, ended, freed
 *
 *	tcp_conn_new --> in use --> tcp_kill / tcp_finish: off the wire, told to
 *	the service at the next run --> tcp_conn_free
 */

#ifndef STACK_TCP_CONN_H
#define STACK_TCP_CONN_H

#include "demux.h"

/**
 * tcp_conn_new() - Make a TCB in CLOSED and put its 4-tuple into the flow table
 * @t:		TCP
 * @a:		4-tuple, not in use
 * @id:		its number, of tcp_next_id()
 *
 * Return: the TCB, or NULL: the limit on connections or memory is reached
 */
struct tcp_conn *tcp_conn_new(struct tcp *t, const struct tcp_flow_args *a,
			      uint64_t id);

/** tcp_next_id() - Number of a new connection, as people see it */
uint64_t tcp_next_id(struct tcp *t);

/** tcp_conn_free() - Give back a TCB; its handle dies */
void tcp_conn_free(struct tcp_conn *c);

/** tcp_conn_get() - Connection of a handle, NULL = gone */
struct tcp_conn *tcp_conn_get(const struct tcp *t, struct ustack_conn h);

/** tcp_conn_handle() - Handle of a connection */
struct ustack_conn tcp_conn_handle(const struct tcp_conn *c);

/**
 * tcp_kill() - End a connection that did not close in order
 * @c:		connection; one that is already over is left alone
 * @why:	what the service is told
 *
 * Queues are dropped, timers stopped, the 4-tuple is free again.  The TCB
 * lives until the service has been told.
 */
void tcp_kill(struct tcp_conn *c, enum ustack_reason why);

/**
 * tcp_finish() - Both sides have closed and all is acknowledged
 * @c:		connection in LAST-ACK, or in FIN-WAIT-1/2 or CLOSING, which
 *		then stay behind as a compact TIME-WAIT entry
 *
 * What was received and not read can still be read.
 */
void tcp_finish(struct tcp_conn *c);

/** tcp_reset() - Abort: RST to the peer, then tcp_kill() (9293-a31) */
void tcp_reset(struct tcp_conn *c, enum ustack_reason why);

/** tcp_established() - The handshake is complete: the service may be told */
void tcp_established(struct tcp_conn *c);

/** tcp_set_peer_opts() - Take over what the peer's SYN offered and ours did, too
 * (RFC 7323, MUST-16)
 */
void tcp_set_peer_opts(struct tcp_conn *c, const struct tcp_opts *o);

/**
 * tcp_mss_update() - What a full segment carries, anew
 * @c:		connection
 *
 * Least of what the peer announced, what link and path take and what the
 * application allows, less the options of each segment (MUST-16, 6691-2).
 */
void tcp_mss_update(struct tcp_conn *c);

/** tcp_discard_received() - Drop what waits to be read; the window opens again */
void tcp_discard_received(struct tcp_conn *c);

/** tcp_send_space() - Room in the send buffer, bytes */
uint32_t tcp_send_space(const struct tcp_conn *c);

/** tcp_worth_writing() - Is there room enough to wake up who waits for it? */
bool tcp_worth_writing(const struct tcp_conn *c);

#endif /* STACK_TCP_CONN_H */

/* SPDX-License-Identifier: MIT */
/*
 * stream_tcp.h - streams that are plain TCP connections
 */

#ifndef DAEMON_SVC_STREAM_TCP_H
#define DAEMON_SVC_STREAM_TCP_H

#include "stack/ustack.h"
#include "stream.h"

struct service;

extern const struct stream_ops stream_tcp_ops;

/** stream_tcp_register() - Make a stack know this kind; its ops_id, or -ERR_LIMIT */
int stream_tcp_register(struct ustack *s) MUST_USE;

/**
 * stream_tcp_listen() - Accept connections for a service
 * @s:		stack
 * @ops_id:	of stream_tcp_register()
 * @sv:		service; @port and @backlog are set, @listener is filled in;
 *		borrowed until it listens no more and its connections are over
 *
 * Return: 0, or -ERR_* as ustack_listen()
 */
int stream_tcp_listen(struct ustack *s, int ops_id,
		      struct service *sv) MUST_USE;

/**
 * stream_tcp_connect() - Open a connection
 * @s:		stack
 * @ops_id:	of stream_tcp_register()
 * @sv:		service that it will belong to; borrowed until the connection is over
 * @a:		where to; nothing of it that is for secure channels is used
 * @conn:	set to the connection, as streams name it
 *
 * The service's opened callback follows, or its closed callback alone when it
 * comes to nothing.
 *
 * Return: 0, or -ERR_* as ustack_connect()
 */
int stream_tcp_connect(struct ustack *s, int ops_id, struct service *sv,
		       const struct stream_connect_args *a,
		       uint64_t *conn) MUST_USE;

/**
 * stream_tcp_open() - Open a connection for another kind of stream
 * @s:		stack
 * @ops_id:	of that kind
 * @a:		where to
 * @ctx:	context of the connection
 * @c:		set to its handle
 *
 * Return: 0, or -ERR_* as ustack_connect()
 */
int stream_tcp_open(struct ustack *s, int ops_id,
		    const struct stream_connect_args *a, uint64_t ctx,
		    struct ustack_conn *c) MUST_USE;

/** stream_tcp_key() - How streams name a connection */
uint64_t stream_tcp_key(struct ustack_conn c);

/** stream_tcp_conn() - The reverse */
struct ustack_conn stream_tcp_conn(uint64_t key);

/** stream_tcp_unlisten() - Stop accepting */
void stream_tcp_unlisten(struct ustack *s, int listener);

#endif /* DAEMON_SVC_STREAM_TCP_H */

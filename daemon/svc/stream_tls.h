/* SPDX-License-Identifier: MIT */
/*
 * stream_tls.h - streams that are secure channels on TCP connections
 */

#ifndef DAEMON_SVC_STREAM_TLS_H
#define DAEMON_SVC_STREAM_TLS_H

#include "crypto/channel.h"
#include "stack/ustack.h"
#include "stream.h"

struct service;
struct svc_args;
struct svc_tls_gauges;
struct svc_tls_limits;
struct tls_set;

extern const struct stream_ops stream_tls_ops;

/**
 * tls_set_new() - Make a stack know this kind; no channels yet
 * @a:		stack and loop, borrowed, neither NULL; the context for connections
 *		that come, referenced, NULL = none can come; limits
 * @counters:	those of svc_mib.h; borrowed
 *
 * Return: the set, or NULL: memory is spent, or too many kinds
 */
struct tls_set *tls_set_new(const struct svc_args *a, uint64_t *counters);

/** tls_set_free() - Free it, once the stack makes no more callbacks; NULL is fine */
void tls_set_free(struct tls_set *set);

/** tls_set_context() - New connections use @ctx from now on; referenced */
void tls_set_context(struct tls_set *set, struct tls_context *ctx);

/** tls_set_has_context() - Can connections come? */
bool tls_set_has_context(const struct tls_set *set);

/**
 * tls_set_limits() - Other limits from now on
 * @set:	set
 * @l:		they; @conns is not looked at, the rest as in struct svc_args
 *
 * The time for handshakes is that of those under way, too.
 */
void tls_set_limits(struct tls_set *set, const struct svc_tls_limits *l);

/** tls_set_serves() - Is there a channel of that service, in whatever state? */
bool tls_set_serves(const struct tls_set *set, const struct service *sv);

/** tls_set_gauges() - As svc_tls_gauges() */
void tls_set_gauges(const struct tls_set *set, struct svc_tls_gauges *g);

/** tls_set_close() - End all channels as their services would */
void tls_set_close(struct tls_set *set);

/**
 * stream_tls_listen() - Accept connections for a service
 * @set:	set
 * @sv:		as for stream_tcp_listen(); its @host is @set
 *
 * Return: 0, or -ERR_* as ustack_listen()
 */
int stream_tls_listen(struct tls_set *set, struct service *sv) MUST_USE;

/**
 * stream_tls_connect() - Open a connection and make it secure
 * @set:	set
 * @sv:		service that it will belong to; borrowed until the connection is over
 * @a:		where to; borrowed for the call
 * @conn:	set to the connection, as streams name it
 *
 * The service's opened callback follows once the channel is established, or its
 * closed callback alone: with stream.end -ERR_PERM or -ERR_PROTO if that failed,
 * and stream_tls_problem() saying why.
 *
 * Return: 0, -ERR_LIMIT, -ERR_NOMEM, or as ustack_connect()
 */
int stream_tls_connect(struct tls_set *set, struct service *sv,
		       const struct stream_connect_args *a,
		       uint64_t *conn) MUST_USE;

/**
 * stream_tls_problem() - What went wrong with a stream
 * @st:		stream of this kind; in its closed callback at the latest
 *
 * Return: the problem, valid until the callback ends; NULL = nothing has
 */
const struct tls_problem *stream_tls_problem(const struct stream *st);

/* What a secure channel is doing. */
enum stream_tls_phase {
	STREAM_TLS_HANDSHAKE,
	STREAM_TLS_OPEN,
	STREAM_TLS_CLOSING,
};

/**
 * struct stream_tls_info - a secure channel
 * @phase:	what it is doing
 * @agreed:	@tls is filled in
 * @tls:	what the two ends have agreed on
 */
struct stream_tls_info {
	enum stream_tls_phase phase;
	bool agreed;
	struct tls_info tls;
};

/**
 * stream_tls_info() - Describe a connection's channel
 * @set:	set
 * @conn:	connection, as streams of any kind name it
 * @info:	filled in
 *
 * Return: false if it is no secure channel
 */
bool stream_tls_info(const struct tls_set *set, uint64_t conn,
		     struct stream_tls_info *info);

/**
 * stream_tls_close() - End a connection as its service would: close_notify
 *			behind what is queued, then FIN
 *
 * Return: 0, or -ERR_NOENT if it is no secure channel
 */
int stream_tls_close(struct tls_set *set, uint64_t conn);

#endif /* DAEMON_SVC_STREAM_TLS_H */

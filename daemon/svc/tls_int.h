/* SPDX-License-Identifier: MIT */
/*
 * tls_int.h - the inside of secure streams
 *
 *	stream_tls.c  what the stack and services see: callbacks, the table of
 *		      calls, opening
 *	tls_conn.c    one channel: handshake, reading, writing, ending
 *	tls_set.c     all of them: records, limits, deadlines, whose turn it is
 *	tls_log.c     what is counted and said when something goes wrong
 */

#ifndef DAEMON_SVC_TLS_INT_H
#define DAEMON_SVC_TLS_INT_H

#include <sys/queue.h>

#include "stream_tls.h"
#include "svc.h"
#include "svc_loop.h"
#include "svc_mib.h"

/**
 * struct stream_buf - bytes to be written from by reference
 * @refs:	who holds it
 * @len:	bytes
 * @bytes:	they
 */
struct stream_buf {
	uint32_t refs;
	uint32_t len;
	uint8_t bytes[];
};

/* What can still be read from a channel. */
enum tls_rx {
	TLS_RX_MORE,   /* whatever comes */
	TLS_RX_ENDED,  /* close_notify was read */
	TLS_RX_FAILED, /* nothing: tls_conn.err says why */
};

TAILQ_HEAD(tls_queue, tls_conn);

/**
 * struct tls_conn - a connection that is, or will be, a secure channel
 * @set:	whose it is; NULL = a free record
 * @service:	the service; borrowed
 * @conn:	the TCP connection
 * @ch:		the channel, NULL = given up
 * @phase:	what it is doing
 * @active:	opened by us
 * @told:	the service knows that it is over, or never knew of it
 * @end_told:	the service was told that the peer has ended its direction
 * @want_write:	the service waits for room
 * @aborted:	we have cut it: nothing more is read, written or made of it
 * @shut:	our direction is to be ended behind what is queued
 * @notified:	by close_notify that is on its way
 * @fin:	and by FIN
 * @in_kicked:	in tls_set.kicked
 * @in_steps:	in tls_set.steps
 * @in_handshake: in tls_set.handshaking, and in idle unless @active
 * @lingers:	in tls_set.lingering
 * @rx:		what can be read
 * @err:	why the channel has failed, -ERR_*
 * @state:	the service's own note, see stream.state
 * @plain:	decrypted bytes, NULL = none
 * @off:	first of them that the service has not consumed
 * @len:	end of them
 * @rest:	buffer that is being written from, NULL = none
 * @rest_off:	first byte of it that is to be written
 * @rest_len:	bytes from there
 * @spent:	bytes decrypted in this turn
 * @until_us:	when the handshake, or the peer's end, must be over
 * @by_time:	link by @until_us, or in the set's free records
 * @by_idle:	link in tls_set.idle
 * @by_turn:	link in tls_set.steps or tls_set.kicked
 */
struct tls_conn {
	struct tls_set *set;
	struct service *service;
	struct ustack_conn conn;
	struct tls_channel *ch;
	enum stream_tls_phase phase;
	bool active;
	bool told;
	bool end_told;
	bool want_write;
	bool aborted;
	bool shut;
	bool notified;
	bool fin;
	bool in_kicked;
	bool in_steps;
	bool in_handshake;
	bool lingers;
	enum tls_rx rx;
	int err;
	uint32_t state;
	uint8_t *plain;
	uint32_t off;
	uint32_t len;
	struct stream_buf *rest;
	uint32_t rest_off;
	uint32_t rest_len;
	uint64_t spent;
	uint64_t until_us;
	TAILQ_ENTRY(tls_conn) by_time;
	TAILQ_ENTRY(tls_conn) by_idle;
	TAILQ_ENTRY(tls_conn) by_turn;
};

/**
 * struct tls_set - all secure channels of a stack
 * @stack:	stack; borrowed
 * @ops_id:	of the callbacks
 * @loop:	loop; borrowed
 * @ctx:	for new connections that come; a reference, NULL = none can
 * @limits:	what channels may cost
 * @counters:	those of svc_mib.h; borrowed
 * @deadline:	fires when the first of @handshaking or @lingering is due
 * @turn:	fires when somebody is in @steps or @kicked
 * @record:	limits.conns records
 * @unused:	free records
 * @handshaking: handshakes, the oldest first
 * @idle:	those of clients of ours, the one that stood still longest first
 * @lingering:	channels that have ended and wait for the peer's end, the oldest first
 * @steps:	handshakes that can go on
 * @kicked:	channels that are to be served
 * @nopen:	records in use
 * @nhandshakes: in @idle
 * @nkicked:	in @kicked
 * @spare:	a buffer for plaintext, NULL = none
 */
struct tls_set {
	struct ustack *stack;
	int ops_id;
	const struct svc_loop *loop;
	struct tls_context *ctx;
	struct svc_tls_limits limits;
	uint64_t *counters;
	struct svc_timer *deadline;
	struct svc_timer *turn;
	struct tls_conn *record;
	struct tls_queue unused;
	struct tls_queue handshaking;
	struct tls_queue idle;
	struct tls_queue lingering;
	struct tls_queue steps;
	struct tls_queue kicked;
	uint32_t nopen;
	uint32_t nhandshakes;
	uint32_t nkicked;
	uint8_t *spare;
};

/** tls_count() - Count something */
static inline void tls_count(struct tls_set *set, enum svc_counter c,
			     uint64_t n)
{
	service_count(&set->counters[c], n);
}

/* ------------------------------------------------------------- stream_tls.c */

extern const struct ustack_ops tls_callbacks;

/** tls_stream() - A connection, as its service sees it */
struct stream tls_stream(const struct tls_conn *tc);

/* --------------------------------------------------------------- tls_set.c */

/**
 * tls_record_get() - A record for a connection, on its way into a handshake
 *
 * Return: the record, or NULL when all are in use
 */
struct tls_conn *tls_record_get(struct tls_set *set, struct service *sv);

/** tls_record_put() - Give it up with all that hangs off it */
void tls_record_put(struct tls_conn *tc);

/** tls_record_strip() - Give up what hangs off it, and its places in queues */
void tls_record_strip(struct tls_conn *tc);

/** tls_record_of() - The record of a connection, NULL = it is no secure channel */
struct tls_conn *tls_record_of(const struct tls_set *set, uint64_t conn);

/** tls_record_ctx() - The context at the stack that leads to a record */
uint64_t tls_record_ctx(const struct tls_conn *tc);

/** tls_record_at() - The record of a context, NULL = it leads to none */
struct tls_conn *tls_record_at(const struct tls_set *set, uint64_t ctx);

/** tls_plain_get() - A buffer of TLS_PLAIN_MAX bytes, NULL = memory is spent */
uint8_t *tls_plain_get(struct tls_set *set);

/** tls_plain_put() - Give it back, wiped of @len bytes; NULL is fine */
void tls_plain_put(struct tls_set *set, uint8_t *plain, size_t len);

/** tls_handshake_begin() - Count it, and its time from now on */
void tls_handshake_begin(struct tls_conn *tc);

/** tls_handshake_moved() - It has come further */
void tls_handshake_moved(struct tls_conn *tc);

/** tls_handshake_over() - For good or bad */
void tls_handshake_over(struct tls_conn *tc);

/** tls_linger() - Wait for the peer's end, for a bounded time */
void tls_linger(struct tls_conn *tc);

/** tls_step_later() - The handshake can go on, in its turn */
void tls_step_later(struct tls_conn *tc);

/** tls_kick() - Have the channel served, in its turn, though the stack may not */
void tls_kick(struct tls_conn *tc);

/* -------------------------------------------------------------- tls_conn.c */

/** tls_conn_channel() - Give a record its channel; 0 or -ERR_NOMEM */
int tls_conn_channel(struct tls_conn *tc, struct tls_context *ctx,
		     const struct stream_connect_args *a) MUST_USE;

/** tls_conn_step() - Go on with the handshake; @tc may be dead after it */
void tls_conn_step(struct tls_conn *tc);

/** tls_conn_serve() - Something may have come, or have room; the same */
void tls_conn_serve(struct tls_conn *tc);

/** tls_conn_expired() - The handshake or the peer's end took too long; the same */
void tls_conn_expired(struct tls_conn *tc);

/** tls_conn_over() - TCP's connection is over; @tc is dead after it */
void tls_conn_over(struct tls_conn *tc, enum ustack_reason why);

/** tls_conn_fill() - Decrypt more, if there is nothing unread */
void tls_conn_fill(struct tls_conn *tc);

/** tls_conn_push() - Encrypt and hand on what waits; 0 = all of it, or -ERR_* */
int tls_conn_push(struct tls_conn *tc);

/** tls_conn_write() - Encrypt bytes; how many, or -ERR_* as stream_write() */
ptrdiff_t tls_conn_write(struct tls_conn *tc, const void *bytes,
			 size_t len) MUST_USE;

/** tls_conn_abort() - Cut it; tls_conn_over() follows; 0 or -ERR_NOENT */
int tls_conn_abort(struct tls_conn *tc);

/** tls_conn_close() - End it behind what is queued, as stream_close() */
void tls_conn_close(struct tls_conn *tc);

/* --------------------------------------------------------------- tls_log.c */

/** tls_log_failed() - Count and tell what has gone wrong */
void tls_log_failed(const struct tls_conn *tc);

/** tls_log_opened() - Count a channel that is established */
void tls_log_opened(const struct tls_conn *tc);

/** tls_log_evicted() - Count and tell that a handshake had to make room */
void tls_log_evicted(const struct tls_conn *tc);

/** tls_log_over_limit() - Count and tell that there are too many */
void tls_log_over_limit(struct tls_set *set, struct service *sv);

#endif /* DAEMON_SVC_TLS_INT_H */

/* SPDX-License-Identifier: MIT */
/*
 * tls_set.c - all secure channels of a stack: records, limits, deadlines, turns
 *
 * A connection has a small record from an array that is made once; what costs
 * memory, the channel and the bytes decrypted, comes from malloc() when it is
 * needed and goes back as soon as it is not, so that a flood leaves nothing.
 *
 * Cryptography takes milliseconds, so nobody does it when he likes.  Handshakes
 * that can go on wait in a queue; a turn of the loop takes steps from its head
 * until some time is spent, which one costly step does.  Packets, and the data
 * of other channels, have their turn in between.
 *
 *	accept --> handshaking, idle --bytes come--> steps --> ... --> open
 *		         |  |                                           |
 *		  too old|  |stood still for longest when             ended by us:
 *		         v  v there are too many                      lingering
 *			 reset
 *
 * Each handshake has the same time, and so has each that lingers: the queues are
 * in order of their deadlines, one timer does.
 */

#include <stdlib.h>
#include <string.h>

#include "crypto/creds.h"
#include "tls_int.h"

#define CONNS_DEF	 1024u
#define HANDSHAKES_DEF	 256u
#define HANDSHAKE_US_DEF 10000000u
#define LINGER_US	 5000000u
#define STEPS_US	 300u /* of a turn, before others have theirs	     */
#define CTX_RECORD	 1u /* in the context of a connection: not a service */

/* ------------------------------------------------------------------ records */

struct tls_conn *tls_record_get(struct tls_set *set, struct service *sv)
{
	struct tls_conn *tc = TAILQ_FIRST(&set->unused);

	if (!tc)
		return NULL;
	TAILQ_REMOVE(&set->unused, tc, by_time);
	memset(tc, 0, sizeof(*tc));
	tc->set = set;
	tc->service = sv;
	set->nopen++;
	return tc;
}

static void leave_queues(struct tls_conn *tc)
{
	struct tls_set *set = tc->set;

	if (tc->in_steps)
		TAILQ_REMOVE(&set->steps, tc, by_turn);
	if (tc->in_kicked) {
		TAILQ_REMOVE(&set->kicked, tc, by_turn);
		set->nkicked--;
	}
	if (tc->lingers)
		TAILQ_REMOVE(&set->lingering, tc, by_time);
	tc->in_steps = false;
	tc->in_kicked = false;
	tc->lingers = false;
}

void tls_record_strip(struct tls_conn *tc)
{
	tls_handshake_over(tc);
	leave_queues(tc);
	tls_channel_free(tc->ch);
	tls_plain_put(tc->set, tc->plain, tc->len);
	if (tc->rest)
		stream_tls_ops.buf_free(tc->rest);
	tc->ch = NULL;
	tc->plain = NULL;
	tc->off = 0;
	tc->len = 0;
	tc->rest = NULL;
	tc->rest_len = 0;
}

void tls_record_put(struct tls_conn *tc)
{
	struct tls_set *set = tc->set;

	tls_record_strip(tc);
	tc->set = NULL;
	set->nopen--;
	TAILQ_INSERT_HEAD(&set->unused, tc, by_time);
}

uint64_t tls_record_ctx(const struct tls_conn *tc)
{
	return (uintptr_t)tc | CTX_RECORD;
}

struct tls_conn *tls_record_at(const struct tls_set *set, uint64_t ctx)
{
	uintptr_t first = (uintptr_t)set->record;
	uintptr_t off = (uintptr_t)ctx - CTX_RECORD - first;
	struct tls_conn *tc;

	if (off >= set->limits.conns * sizeof(*tc) || off % sizeof(*tc))
		return NULL;
	tc = &set->record[off / sizeof(*tc)];
	return tc->set ? tc : NULL;
}

struct tls_conn *tls_record_of(const struct tls_set *set, uint64_t conn)
{
	const struct ustack_conn c = { .index = (uint32_t)conn,
				       .gen = (uint32_t)(conn >> 32) };
	uint64_t ctx;

	if (ustack_ctx(set->stack, c, &ctx))
		return NULL;
	return tls_record_at(set, ctx);
}

/* An idle channel has no buffer: those that are busy hand on a single one. */
uint8_t *tls_plain_get(struct tls_set *set)
{
	uint8_t *plain = set->spare ? set->spare : malloc(TLS_PLAIN_MAX);

	set->spare = NULL;
	return plain;
}

void tls_plain_put(struct tls_set *set, uint8_t *plain, size_t len)
{
	if (!plain)
		return;
	explicit_bzero(plain, len);
	if (set->spare)
		free(plain);
	else
		set->spare = plain;
}

/* ---------------------------------------------------------------- deadlines */

/* Have the timer fire at the first deadline. */
static void arm_deadline(struct tls_set *set)
{
	const struct tls_conn *hs = TAILQ_FIRST(&set->handshaking);
	const struct tls_conn *end = TAILQ_FIRST(&set->lingering);
	uint64_t at_us = hs ? hs->until_us : UINT64_MAX;
	uint64_t now_us = svc_now_us(set->loop);

	if (end && end->until_us < at_us)
		at_us = end->until_us;
	if (at_us != UINT64_MAX)
		at_us = at_us > now_us ? at_us - now_us : 0;
	svc_timer_set(set->loop, set->deadline, at_us);
}

static void expire(struct tls_queue *q, uint64_t now_us)
{
	struct tls_conn *tc;

	while ((tc = TAILQ_FIRST(q)) && tc->until_us <= now_us)
		tls_conn_expired(tc);
}

static void on_deadline(void *arg)
{
	struct tls_set *set = arg;
	uint64_t now_us = svc_now_us(set->loop);

	expire(&set->handshaking, now_us);
	expire(&set->lingering, now_us);
	arm_deadline(set);
}

void tls_handshake_begin(struct tls_conn *tc)
{
	struct tls_set *set = tc->set;
	bool first = TAILQ_EMPTY(&set->handshaking);

	tc->until_us = svc_now_us(set->loop) + set->limits.handshake_us;
	tc->in_handshake = true;
	TAILQ_INSERT_TAIL(&set->handshaking, tc, by_time);
	if (!tc->active) {
		TAILQ_INSERT_TAIL(&set->idle, tc, by_idle);
		set->nhandshakes++;
	}
	if (first)
		arm_deadline(set);
}

void tls_handshake_moved(struct tls_conn *tc)
{
	if (tc->active)
		return;
	TAILQ_REMOVE(&tc->set->idle, tc, by_idle);
	TAILQ_INSERT_TAIL(&tc->set->idle, tc, by_idle);
}

void tls_handshake_over(struct tls_conn *tc)
{
	struct tls_set *set = tc->set;

	if (!tc->in_handshake)
		return;
	tc->in_handshake = false;
	TAILQ_REMOVE(&set->handshaking, tc, by_time);
	if (!tc->active) {
		TAILQ_REMOVE(&set->idle, tc, by_idle);
		set->nhandshakes--;
	}
}

void tls_linger(struct tls_conn *tc)
{
	struct tls_set *set = tc->set;
	bool first = TAILQ_EMPTY(&set->lingering);

	if (tc->lingers)
		return;
	tc->lingers = true;
	tc->until_us = svc_now_us(set->loop) + LINGER_US;
	TAILQ_INSERT_TAIL(&set->lingering, tc, by_time);
	if (first)
		arm_deadline(set);
}

/* -------------------------------------------------------------------- turns */

static void arm_turn(struct tls_set *set)
{
	if (!TAILQ_EMPTY(&set->steps) || !TAILQ_EMPTY(&set->kicked))
		svc_timer_set(set->loop, set->turn, 0);
}

static void serve_kicked(struct tls_set *set)
{
	uint32_t n = set->nkicked;
	struct tls_conn *tc;

	while (n-- && (tc = TAILQ_FIRST(&set->kicked))) {
		TAILQ_REMOVE(&set->kicked, tc, by_turn);
		set->nkicked--;
		tc->in_kicked = false;
		tls_conn_serve(tc);
	}
}

static void take_steps(struct tls_set *set)
{
	uint64_t until_us = svc_now_us(set->loop) + STEPS_US;
	struct tls_conn *tc;

	while ((tc = TAILQ_FIRST(&set->steps))) {
		TAILQ_REMOVE(&set->steps, tc, by_turn);
		tc->in_steps = false;
		tls_conn_step(tc);
		if (svc_now_us(set->loop) >= until_us)
			break;
	}
}

static void on_turn(void *arg)
{
	struct tls_set *set = arg;

	serve_kicked(set);
	take_steps(set);
	arm_turn(set);
}

void tls_step_later(struct tls_conn *tc)
{
	if (tc->in_steps)
		return;
	tc->in_steps = true;
	TAILQ_INSERT_TAIL(&tc->set->steps, tc, by_turn);
	arm_turn(tc->set);
}

void tls_kick(struct tls_conn *tc)
{
	if (tc->in_kicked)
		return;
	tc->in_kicked = true;
	TAILQ_INSERT_TAIL(&tc->set->kicked, tc, by_turn);
	tc->set->nkicked++;
	arm_turn(tc->set);
}

/* ------------------------------------------------------------------- the set */

static struct svc_tls_limits limits_of(struct svc_tls_limits l)
{
	if (!l.conns)
		l.conns = CONNS_DEF;
	if (!l.handshakes)
		l.handshakes = HANDSHAKES_DEF;
	if (!l.handshake_us)
		l.handshake_us = HANDSHAKE_US_DEF;
	return l;
}

static bool set_fill(struct tls_set *set)
{
	set->ops_id = ustack_ops_register(set->stack, &tls_callbacks);
	set->record = calloc(set->limits.conns, sizeof(*set->record));
	set->deadline = svc_timer(set->loop, on_deadline, set);
	set->turn = svc_timer(set->loop, on_turn, set);
	return set->ops_id >= 0 && set->record && set->deadline && set->turn;
}

struct tls_set *tls_set_new(const struct svc_args *a, uint64_t *counters)
{
	struct tls_set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->stack = a->stack;
	set->loop = a->loop;
	set->limits = limits_of(a->limits);
	set->counters = counters;
	TAILQ_INIT(&set->unused);
	TAILQ_INIT(&set->handshaking);
	TAILQ_INIT(&set->idle);
	TAILQ_INIT(&set->lingering);
	TAILQ_INIT(&set->steps);
	TAILQ_INIT(&set->kicked);
	if (!set_fill(set)) {
		tls_set_free(set);
		return NULL;
	}
	for (uint32_t i = 0; i < set->limits.conns; i++)
		TAILQ_INSERT_TAIL(&set->unused, &set->record[i], by_time);
	tls_set_context(set, a->tls);
	return set;
}

void tls_set_free(struct tls_set *set)
{
	if (!set)
		return;
	for (uint32_t i = 0; set->record && i < set->limits.conns; i++)
		if (set->record[i].set)
			tls_record_put(&set->record[i]);
	svc_timer_free(set->loop, set->deadline);
	svc_timer_free(set->loop, set->turn);
	if (set->ctx)
		tls_context_put(set->ctx);
	free(set->spare);
	free(set->record);
	free(set);
}

void tls_set_context(struct tls_set *set, struct tls_context *ctx)
{
	struct tls_context *old = set->ctx;

	set->ctx = ctx ? tls_context_ref(ctx) : NULL;
	if (old)
		tls_context_put(old);
}

bool tls_set_has_context(const struct tls_set *set)
{
	return set->ctx != NULL;
}

void tls_set_limits(struct tls_set *set, const struct svc_tls_limits *l)
{
	struct svc_tls_limits limits = limits_of(*l);
	struct tls_conn *tc;

	TAILQ_FOREACH(tc, &set->handshaking, by_time)
	tc->until_us += limits.handshake_us - set->limits.handshake_us;
	set->limits.handshakes = limits.handshakes;
	set->limits.handshake_us = limits.handshake_us;
	arm_deadline(set);
}

bool tls_set_serves(const struct tls_set *set, const struct service *sv)
{
	for (uint32_t i = 0; i < set->limits.conns; i++)
		if (set->record[i].set && set->record[i].service == sv)
			return true;
	return false;
}

void tls_set_gauges(const struct tls_set *set, struct svc_tls_gauges *g)
{
	g->channels = set->nopen;
	g->handshakes = set->nhandshakes;
}

void tls_set_close(struct tls_set *set)
{
	for (uint32_t i = 0; i < set->limits.conns; i++)
		if (set->record[i].set)
			tls_conn_close(&set->record[i]);
}

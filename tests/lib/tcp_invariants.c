/* SPDX-License-Identifier: MIT */
/*
 * tcp_invariants.c - what must hold after every step, whatever happened
 *
 *	snd.una [ rec ][ rec ][ rec ] snd.nxt     no gap, no overlap
 *	rcv.nxt   [ range ]   [ range ]           beyond rcv.nxt, in order, apart
 */

#include "tcp_invariants.h"

#include <stdarg.h>
#include <stdio.h>

#include "stack/base/bytes.h"
#include "stack/tcp/extra.h"
#include "stack/tcp/sendq.h"
#include "stack/tcp/tcb.h"

/* Where the first thing found wrong is noted. */
struct verdict {
	char *why;
};

__attribute__((format(printf, 2, 3))) static void fail(struct verdict *v,
						       const char *fmt, ...)
{
	va_list ap;

	if (v->why[0])
		return;
	va_start(ap, fmt);
	vsnprintf(v->why, INVARIANT_TEXT, fmt, ap);
	va_end(ap);
}

static void check_records(struct verdict *v, const struct tcp_conn *c)
{
	uint32_t at = c->snd.una;
	uint32_t lost = 0;
	const struct tcp_rec *prev = NULL;

	for (const struct tcp_rec *r = rec_first(c); r; r = rec_next(r)) {
		if (r->seq != at || r->len == 0)
			fail(v, "send records leave a gap");
		at += r->len;
		if (r->flags & REC_LOST)
			lost += r->len;
		prev = r;
	}
	if (at != c->snd.nxt || (c->fl && prev != c->fl->last))
		fail(v, "send records do not end at snd.nxt");
	if (c->fl && lost != c->fl->lost)
		fail(v, "snd.lost is %u, records say %u", c->fl->lost, lost);
}

/* Corked, or paced: there is a time for it. */
static bool is_held(const struct tcp_conn *c)
{
	return c->x && (c->x->cork_at != TIME_NEVER || c->x->pace_held);
}

static void check_sending(struct verdict *v, const struct tcp_conn *c)
{
	if (seq_gt(c->snd.una, c->snd.nxt))
		fail(v, "snd.una is beyond snd.nxt");
	if (c->state <= USTACK_SYN_RCVD)
		return;
	check_records(v, c);
	if (rec_first(c) && c->rtx_at == TIME_NEVER)
		fail(v, "data in flight and no timer");
	if (c->sndq.bytes > 0 && c->rtx_at == TIME_NEVER &&
	    list_empty(&c->ready) && !is_held(c))
		fail(v, "data waits and no timer");
	if (!seq_leq(c->sndq.start, c->snd.una))
		fail(v, "acknowledged bytes are still queued");
}

static void check_receiving(struct verdict *v, const struct tcp_conn *c)
{
	/* Rounding announces up to a unit more, a FIN may lie beyond. */
	if (seq_gt(c->rcv.nxt, c->rcv.adv + (1u << c->rcv.wscale)))
		fail(v, "rcv.nxt is beyond the announced edge");
	/* A buffer may have shrunk below what was announced of it before. */
	if (c->rcvq.bytes > c->rcv.charge + (1u << c->rcv.wscale))
		fail(v, "%u bytes wait, %u are counted", c->rcvq.bytes,
		     c->rcv.charge);
}

/* What one may still send and what waits to be read is counted, but a FIN. */
static void check_promise(struct verdict *v, const struct tcp_conn *c)
{
	uint32_t fin = (c->flags & CF_FIN_RCVD) != 0;

	if (c->rcv.charge < c->rcv.buf)
		fail(v, "a buffer of %u counts for %u", c->rcv.buf,
		     c->rcv.charge);
	if (c->state >= USTACK_ESTABLISHED &&
	    seq_gt(c->rcv.adv, c->rcvq.start + c->rcv.charge + fin))
		fail(v, "%u announced or unread, %u counted",
		     c->rcv.adv - c->rcvq.start, c->rcv.charge);
}

static void check_timer(struct verdict *v, const struct tcp_conn *c)
{
	uint64_t at = min_u64(c->rtx_at, min_u64(c->delack_at, c->life_at));

	if (at != TIME_NEVER && c->timer.expires_us > at &&
	    list_empty(&c->ready))
		fail(v, "the wheel wakes after a deadline");
}

static void check_conn(struct verdict *v, const struct tcp_conn *c)
{
	check_sending(v, c);
	if (c->state > USTACK_SYN_SENT)
		check_receiving(v, c);
	check_promise(v, c);
	check_timer(v, c);
}

bool invariants_hold(const struct ustack *s, char why[INVARIANT_TEXT])
{
	struct verdict v = { .why = why };
	const struct tcp *t = s->tcp;
	uint64_t promised = 0;

	why[0] = '\0';
	for (uint32_t k = 0; k < t->nslots; k++) {
		const struct tcp_conn *c = t->slots[0][k].c;

		promised += c ? c->rcv.charge : 0;
		if (c && !(c->flags & CF_DETACHED))
			check_conn(&v, c);
	}
	if (promised != t->promised)
		fail(&v, "promises do not add up");
	return !why[0];
}

/* SPDX-License-Identifier: MIT */
/*
 * history_rec.c - the events of one connection, packed
 *
 *	head[]	the first ones, in order
 *	tail[]	the last ones; each is in one of two chains, by age
 *
 * When @tail is full, an event takes the place of the oldest ordinary one, as
 * long as HISTORY_ORDINARY of them are left, else of the oldest rare one: both
 * kinds have their share, whatever comes.
 */

#include <stdlib.h>
#include <string.h>

#include "daemon/history_int.h"

_Static_assert(sizeof(struct history_rec) <= 88, "a record is compact");
#define TCP_SYN 0x02u

_Static_assert(HISTORY_TAIL < HISTORY_NONE, "records are numbered");

/* ------------------------------------------------------- packing, unpacking */

static uint32_t clip_u32(uint64_t v)
{
	return v < UINT32_MAX ? (uint32_t)v : UINT32_MAX;
}

static void pack_segment(struct history_rec *r, const struct ustack_event *ev)
{
	r->u.seg.seq = ev->seq;
	r->u.seg.ack = ev->ack;
	r->u.seg.len = ev->len;
	r->u.seg.wnd = ev->wnd;
	r->u.seg.cwnd = ev->cwnd;
	r->u.seg.ssthresh = ev->ssthresh;
	r->u.seg.rto_us = ev->rto_us;
	r->u.seg.since_us = clip_u32(ev->since_us);
	r->u.seg.gso = ev->gso;
	r->u.seg.cause = ev->cause;
	r->u.seg.ecn = ev->ecn & 3u;
	r->u.seg.nsack = ev->nsack & 7u;
	if (ev->nsack)
		memcpy(r->u.seg.sack, ev->sack, sizeof(ev->sack));
}

static void unpack_segment(const struct history_rec *r, struct ustack_event *ev)
{
	ev->seq = r->u.seg.seq;
	ev->ack = r->u.seg.ack;
	ev->len = r->u.seg.len;
	ev->wnd = r->u.seg.wnd;
	ev->cwnd = r->u.seg.cwnd;
	ev->ssthresh = r->u.seg.ssthresh;
	ev->rto_us = r->u.seg.rto_us;
	ev->since_us = r->u.seg.since_us;
	ev->gso = r->u.seg.gso;
	ev->cause = r->u.seg.cause;
	ev->ecn = r->u.seg.ecn;
	ev->nsack = r->u.seg.nsack;
	if (ev->nsack)
		memcpy(ev->sack, r->u.seg.sack, sizeof(ev->sack));
}

static void pack_impaired(struct history_rec *r, const struct ustack_event *ev)
{
	r->u.impaired.delay_us = ev->delay_us;
	r->u.impaired.seq = ev->seq;
	r->u.impaired.ack = ev->ack;
	r->u.impaired.len = ev->len;
	r->u.impaired.rule = ev->rule;
	r->u.impaired.tx = ev->tx;
	r->u.impaired.offset = ev->offset;
	r->u.impaired.faults = ev->faults;
	r->u.impaired.step = ev->step;
	r->u.impaired.knob = ev->knob;
	r->u.impaired.in = ev->in;
}

static void unpack_impaired(const struct history_rec *r,
			    struct ustack_event *ev)
{
	ev->delay_us = r->u.impaired.delay_us;
	ev->seq = r->u.impaired.seq;
	ev->ack = r->u.impaired.ack;
	ev->len = r->u.impaired.len;
	ev->rule = r->u.impaired.rule;
	ev->tx = r->u.impaired.tx;
	ev->offset = r->u.impaired.offset;
	ev->faults = r->u.impaired.faults;
	ev->step = r->u.impaired.step;
	ev->knob = r->u.impaired.knob;
	ev->in = r->u.impaired.in;
}

static void pack_closed(struct history_rec *r, const struct ustack_event *ev)
{
	r->u.closed.bytes_in = ev->bytes_in;
	r->u.closed.bytes_out = ev->bytes_out;
	r->u.closed.retrans = ev->retrans;
	r->u.closed.age_us = ev->age_us;
	r->u.closed.segs_in = ev->segs_in;
	r->u.closed.segs_out = ev->segs_out;
	r->u.closed.minrtt_us = ev->minrtt_us;
	r->u.closed.srtt_us = ev->srtt_us;
	r->u.closed.reason = ev->reason;
}

static void unpack_closed(const struct history_rec *r, struct ustack_event *ev)
{
	ev->bytes_in = r->u.closed.bytes_in;
	ev->bytes_out = r->u.closed.bytes_out;
	ev->retrans = r->u.closed.retrans;
	ev->age_us = r->u.closed.age_us;
	ev->segs_in = r->u.closed.segs_in;
	ev->segs_out = r->u.closed.segs_out;
	ev->minrtt_us = r->u.closed.minrtt_us;
	ev->srtt_us = r->u.closed.srtt_us;
	ev->reason = r->u.closed.reason;
}

static void pack_metrics(struct history_rec *r, const struct ustack_event *ev)
{
	r->u.metrics.cwnd = ev->cwnd;
	r->u.metrics.ssthresh = ev->ssthresh;
	r->u.metrics.srtt_us = ev->srtt_us;
	r->u.metrics.rto_us = ev->rto_us;
}

static void unpack_metrics(const struct history_rec *r, struct ustack_event *ev)
{
	ev->cwnd = r->u.metrics.cwnd;
	ev->ssthresh = r->u.metrics.ssthresh;
	ev->srtt_us = r->u.metrics.srtt_us;
	ev->rto_us = r->u.metrics.rto_us;
}

static void pack_lost(struct history_rec *r, const struct ustack_event *ev)
{
	r->u.lost.seq = ev->seq;
	r->u.lost.len = ev->len;
	r->u.lost.rto_us = ev->rto_us;
	r->u.lost.cause = ev->cause;
}

static void unpack_lost(const struct history_rec *r, struct ustack_event *ev)
{
	ev->seq = r->u.lost.seq;
	ev->len = r->u.lost.len;
	ev->rto_us = r->u.lost.rto_us;
	ev->cause = r->u.lost.cause;
}

static void pack_state(struct history_rec *r, const struct ustack_event *ev)
{
	r->u.state.from = ev->from;
	r->u.state.to = ev->to;
}

static void unpack_state(const struct history_rec *r, struct ustack_event *ev)
{
	ev->from = r->u.state.from;
	ev->to = r->u.state.to;
}

static void pack_opened(struct history_rec *r, const struct ustack_event *ev)
{
	r->u.opened.cc = ev->cc;
	r->u.opened.mss = ev->mss;
	r->u.opened.agreed = ev->agreed;
	r->u.opened.scale_in = ev->scale_in;
	r->u.opened.scale_out = ev->scale_out;
	r->u.opened.active = ev->active;
}

static void unpack_opened(const struct history_rec *r, struct ustack_event *ev)
{
	ev->cc = r->u.opened.cc;
	ev->mss = r->u.opened.mss;
	ev->agreed = r->u.opened.agreed;
	ev->scale_in = r->u.opened.scale_in;
	ev->scale_out = r->u.opened.scale_out;
	ev->active = r->u.opened.active;
}

static void pack_dropped(struct history_rec *r, const struct ustack_event *ev)
{
	r->u.drop = ev->drop;
}

static void unpack_dropped(const struct history_rec *r, struct ustack_event *ev)
{
	ev->drop = r->u.drop;
}

static void pack_error(struct history_rec *r, const struct ustack_event *ev)
{
	r->u.err = ev->err;
}

static void unpack_error(const struct history_rec *r, struct ustack_event *ev)
{
	ev->err = r->u.err;
}

static const struct {
	void (*pack)(struct history_rec *r, const struct ustack_event *ev);
	void (*unpack)(const struct history_rec *r, struct ustack_event *ev);
} kinds[USTACK_EVENTS] = {
	[USTACK_EV_OPENED] = { pack_opened, unpack_opened },
	[USTACK_EV_STATE] = { pack_state, unpack_state },
	[USTACK_EV_CLOSED] = { pack_closed, unpack_closed },
	[USTACK_EV_SENT] = { pack_segment, unpack_segment },
	[USTACK_EV_RECEIVED] = { pack_segment, unpack_segment },
	[USTACK_EV_DROPPED] = { pack_dropped, unpack_dropped },
	[USTACK_EV_LOST] = { pack_lost, unpack_lost },
	[USTACK_EV_METRICS] = { pack_metrics, unpack_metrics },
	[USTACK_EV_SOFT_ERROR] = { pack_error, unpack_error },
	[USTACK_EV_IMPAIRED] = { pack_impaired, unpack_impaired },
};

void history_event(const struct history_view *v, uint32_t i,
		   struct ustack_event *ev)
{
	const struct history_rec *r = &v->rec[i];

	*ev = (struct ustack_event){ .time_us = r->time_us,
				     .id = v->info.id,
				     .local = v->info.local,
				     .remote = v->info.remote,
				     .lport = v->info.lport,
				     .rport = v->info.rport,
				     .kind = r->kind,
				     .flags = r->flags,
				     .iss = v->info.iss,
				     .irs = v->info.irs };
	kinds[r->kind].unpack(r, ev);
}

bool history_is_beginning(const struct ustack_event *ev)
{
	if (ev->kind == USTACK_EV_STATE)
		return ev->from == USTACK_CLOSED || ev->from == USTACK_LISTEN;
	return (ev->kind == USTACK_EV_SENT || ev->kind == USTACK_EV_RECEIVED ||
		ev->kind == USTACK_EV_IMPAIRED) &&
	       ev->flags & TCP_SYN;
}

/* -------------------------------------------------------------- the records */

static void chain_init(struct history_chain *c)
{
	*c = (struct history_chain){ .first = HISTORY_NONE,
				     .last = HISTORY_NONE };
}

static void chain_add(struct history_chain *c, struct history_rec *all,
		      uint16_t i)
{
	all[i].next = HISTORY_NONE;
	if (c->n++)
		all[c->last].next = i;
	else
		c->first = i;
	c->last = i;
}

static uint16_t chain_shift(struct history_chain *c,
			    const struct history_rec *all)
{
	uint16_t i = c->first;

	c->first = all[i].next;
	c->n--;
	return i;
}

void history_store_init(struct history_store *st)
{
	st->nhead = 0;
	st->ntail = 0;
	st->count = 0;
	st->skipped = 0;
	chain_init(&st->ordinary);
	chain_init(&st->rare);
}

/* Room in the tail, which another event may have to leave. */
static uint16_t make_room(struct history_store *st, bool ordinary)
{
	bool spare = ordinary ? st->ordinary.n >= HISTORY_ORDINARY
			      : st->ordinary.n > HISTORY_ORDINARY;

	if (st->ntail < HISTORY_TAIL)
		return st->ntail++;
	st->skipped++;
	return chain_shift(spare ? &st->ordinary : &st->rare, st->tail);
}

/* Where the next event goes; NULL = memory is spent. */
static struct history_rec *next_rec(struct history_store *st, bool ordinary)
{
	uint16_t i;

	if (!st->head)
		st->head = calloc(HISTORY_HEAD, sizeof(*st->head));
	if (!st->head)
		return NULL;
	if (st->nhead < HISTORY_HEAD)
		return &st->head[st->nhead++];
	if (!st->tail)
		st->tail = calloc(HISTORY_TAIL, sizeof(*st->tail));
	if (!st->tail)
		return NULL;
	i = make_room(st, ordinary);
	chain_add(ordinary ? &st->ordinary : &st->rare, st->tail, i);
	return &st->tail[i];
}

void history_store_put(struct history_store *st, const struct ustack_event *ev,
		       bool ordinary)
{
	struct history_rec *r = next_rec(st, ordinary);

	st->count++;
	if (!r) {
		st->skipped++;
		return;
	}
	r->time_us = ev->time_us;
	r->n = st->count;
	r->kind = ev->kind;
	r->flags = ev->flags;
	kinds[ev->kind].pack(r, ev);
}

uint32_t history_store_copy(const struct history_store *st,
			    struct history_rec rec[HISTORY_EVENTS])
{
	uint16_t a = st->ordinary.first;
	uint16_t b = st->rare.first;
	uint32_t n = st->nhead;

	if (n)
		memcpy(rec, st->head, n * sizeof(*rec));
	while (a != HISTORY_NONE || b != HISTORY_NONE) {
		uint16_t *i = &a;

		if (a == HISTORY_NONE ||
		    (b != HISTORY_NONE && st->tail[b].n < st->tail[a].n))
			i = &b;
		rec[n++] = st->tail[*i];
		*i = st->tail[*i].next;
	}
	return n;
}

/* SPDX-License-Identifier: MIT */
/*
 * capture.c - what passes by is copied for captures, on the worker's thread
 *
 * A packet's records are held back until the next packet or the end of the
 * batch: till then its fate may be told, segment by segment, and it can be
 * taken back when the device did not take it.
 *
 *	seen STACK, OUT --> records held --> events: comments --> seen WIRE, OUT
 *
 * System calls: clock_gettime (vDSO), and what ev_async needs.
 */

#include "daemon/capture.h"

#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/capfate.h"
#include "stack/link/gso.h"
#include "stack/link/pcapng.h"

#define NS_PER_S   1000000000u
#define NS_PER_US  1000u
#define WAKE_BYTES (CAPRING_BYTES / 16) /* told of within one batch */

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* Other threads read it, relaxed. */
static void count_set(uint64_t *n, uint64_t v)
{
	__atomic_store_n(n, v, __ATOMIC_RELAXED);
}

/* ------------------------------------------------------------------- filter */

static struct ustack_tuple tuple_of(const struct link_view *v)
{
	return (struct ustack_tuple){ .local = v->local,
				      .remote = v->remote,
				      .lport = v->lport,
				      .rport = v->rport };
}

static bool is_of_tuple(const struct link_view *v, const struct ustack_tuple *t)
{
	return v->kind == LINK_TCP && v->lport == t->lport &&
	       v->rport == t->rport && ustack_addr_eq(&v->local, &t->local) &&
	       ustack_addr_eq(&v->remote, &t->remote);
}

static bool passes(const struct capture_filter *f, enum capture_side side,
		   const struct link_view *v)
{
	if (!(f->sides & 1u << side))
		return false;
	if (f->conn && !is_of_tuple(v, &f->tuple))
		return false;
	return !f->port || (v->kind == LINK_TCP &&
			    (v->lport == f->port || v->rport == f->port));
}

/* --------------------------------------------------------------------- taps */

/* Let the reader have what was held back; wake it at once if that is much. */
static void tell(struct captap *t)
{
	uint64_t held = t->ring.head - t->ring.told;

	if (!capring_tell(&t->ring))
		return;
	t->news += held;
	if (t->news < WAKE_BYTES)
		return;
	t->news = 0;
	ev_async_send(t->loop, t->wake);
}

static void fill(struct caprec *rec, const struct gso *g,
		 const struct ustack_pkt *piece)
{
	rec->orig_len = piece->len;
	rec->dir = g->view.dir;
	rec->seq = g->view.seq;
	rec->len = g->view.data_len;
	(void)pcapng_snap(rec->data, rec->cap_len, piece, &g->view);
}

/**
 * struct seen - the segment being seen
 * @g:		the packet that it is cut from
 * @piece:	it
 * @side:	where
 * @time_ns:	when
 * @fate:	what befell it on its way there
 */
struct seen {
	struct gso g;
	struct ustack_pkt piece;
	enum capture_side side;
	uint64_t time_ns;
	struct capfate fate;
};

static void tap_segment(struct captap *t, const struct seen *s)
{
	struct capture_count *n = &t->count[s->side];
	uint32_t len = s->piece.len < t->snaplen ? s->piece.len : t->snaplen;
	struct caprec *rec = capring_put(&t->ring, len);

	n->seen++;
	if (!rec) {
		count_set(&n->dropped, n->dropped + 1);
		n->lost++;
		return;
	}
	fill(rec, &s->g, &s->piece);
	rec->side = (uint8_t)s->side;
	rec->time_ns = s->time_ns;
	rec->fate = s->fate;
	rec->lost = n->lost;
	n->lost = 0;
}

/* Which taps want it?  All that was held back before is told. */
static bool ask_taps(struct capture *c, enum capture_side side,
		     const struct link_view *v)
{
	bool any = false;

	for (uint32_t i = 0; i < c->ntaps; i++) {
		struct captap *t = c->tap[i];

		tell(t);
		t->before = t->count[side];
		t->wanted = passes(&t->filter, side, v);
		any |= t->wanted;
	}
	return any;
}

/* Has it been through impairment when it is seen there? */
static bool is_behind(enum capture_side side, enum impair_dir dir)
{
	return side == (dir == IMPAIR_IN ? CAPTURE_STACK : CAPTURE_WIRE);
}

static void look_up_fate(struct capture *c, struct seen *s)
{
	memset(&s->fate, 0, sizeof(s->fate));
	(void)capfate_take(c->fates, &s->g.view, s->time_ns / NS_PER_US,
			   &s->fate);
}

void capture_packet(struct capture *c, enum capture_side side,
		    enum impair_dir dir, const struct ustack_pkt *p)
{
	struct ustack_tuple tuple;
	struct seen s;
	bool fated = c->fates && is_behind(side, dir);
	bool wanted;

	s.side = side;
	s.time_ns = clock_ns();
	memset(&s.fate, 0, sizeof(s.fate));
	gso_begin(&s.g, dir, p);
	c->side = (uint8_t)side;
	c->flow = 0;
	wanted = ask_taps(c, side, &s.g.view);
	/* One that is so damaged that it passes no filter has come out, too. */
	if (!wanted && !(fated && c->fates->ndamaged))
		return;
	tuple = tuple_of(&s.g.view);
	c->flow = capfate_flow(&tuple, dir == IMPAIR_IN);
	while (gso_next(&s.g, &s.piece)) {
		if (fated)
			look_up_fate(c, &s);
		for (uint32_t i = 0; i < c->ntaps; i++)
			if (c->tap[i]->wanted)
				tap_segment(c->tap[i], &s);
	}
}

void capture_undo(struct capture *c)
{
	for (uint32_t i = 0; i < c->ntaps; i++) {
		struct captap *t = c->tap[i];
		struct capture_count *n = &t->count[c->side];

		if (!t->wanted)
			continue;
		capring_take_back(&t->ring);
		n->seen = t->before.seen;
		count_set(&n->dropped, t->before.dropped);
		n->lost = t->before.lost;
	}
	c->flow = 0;
}

/* ------------------------------------------------------------------- events */

/* The first segment that fits and of which nothing is known yet. */
static void comment(struct captap *t, const struct ustack_event *ev)
{
	struct caprec *rec = capring_held(&t->ring);

	while (rec &&
	       (rec->fate.faults || rec->seq != ev->seq || rec->len != ev->len))
		rec = capring_next(&t->ring, rec);
	if (rec)
		rec->fate = capfate_of(ev);
}

void capture_event(struct capture *c, const struct ustack_event *ev)
{
	const struct ustack_tuple tuple = { .local = ev->local,
					    .remote = ev->remote,
					    .lport = ev->lport,
					    .rport = ev->rport };

	if (ev->kind != USTACK_EV_IMPAIRED)
		return;
	if (c->fates)
		capfate_keep(c->fates, ev);
	if (capfate_flow(&tuple, ev->in) != c->flow)
		return;
	for (uint32_t i = 0; i < c->ntaps; i++)
		if (c->tap[i]->wanted)
			comment(c->tap[i], ev);
}

/* --------------------------------------------------------------------- life */

static void flush_tap(struct captap *t)
{
	tell(t);
	if (t->news)
		ev_async_send(t->loop, t->wake);
	t->news = 0;
}

void capture_flush(struct capture *c)
{
	for (uint32_t i = 0; i < c->ntaps; i++)
		flush_tap(c->tap[i]);
	c->flow = 0;
}

bool capture_add(struct capture *c, struct captap *tap)
{
	if (c->ntaps == CAPTURE_MAX)
		return false;
	if (!c->ntaps)
		c->fates = calloc(1, sizeof(*c->fates));
	tap->wanted = false;
	c->tap[c->ntaps++] = tap;
	return true;
}

void capture_remove(struct capture *c, struct captap *tap)
{
	for (uint32_t i = 0; i < c->ntaps; i++) {
		if (c->tap[i] != tap)
			continue;
		flush_tap(tap);
		c->tap[i] = c->tap[--c->ntaps];
		break;
	}
	if (c->ntaps)
		return;
	free(c->fates);
	c->fates = NULL;
}

void capture_fini(struct capture *c)
{
	while (c->ntaps)
		capture_remove(c, c->tap[0]);
}

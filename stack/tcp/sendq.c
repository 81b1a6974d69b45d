/* SPDX-License-Identifier: MIT */
/*
 * sendq.c - send records
 *
 * A record stands in the tree, and in one list at most: "sent" while it is held
 * to be in the network, "lost_list" while it waits to be sent again, none once
 * it was SACKed.  Each counter in struct tcp_flight is the sum over one kind.
 */

#include "sendq.h"

#include "floor.h"
#include "rack.h"
#include "state.h"
#include "timers.h"
#include "watch.h"

#define FLIGHT_BLOCK 256u

/* Sizes of blocks, so that what they occupy is known without asking. */
_Static_assert(sizeof(struct tcp_flight) <= FLIGHT_BLOCK,
	       "one for each flight");
_Static_assert(sizeof(struct tcp_rec) == 64, "records come by the thousand");

static struct tcp_flight *flight_get(struct tcp_conn *c)
{
	struct tcp_flight *fl = c->fl;

	if (fl)
		return fl;
	fl = mem_alloc(&c->t->s->mem, sizeof(*fl));
	if (!fl)
		return NULL;
	*fl = (struct tcp_flight){ .since_us = tcp_now(c),
				   .reo_at = TIME_NEVER,
				   .rack.fack = c->snd.una,
				   .tlp.at = TIME_NEVER,
				   .cc.last_us = tcp_now(c) };
	list_init(&fl->sent);
	list_init(&fl->lost_list);
	c->fl = fl;
	return fl;
}

/* As rec_new(); with @claim it may be one of those that are promised. */
static struct tcp_rec *rec_get(struct tcp_conn *c, bool claim)
{
	struct mem *m = &c->t->s->mem;
	struct tcp_rec *r;

	mem_claim(m, claim);
	r = flight_get(c) ? mem_alloc(m, sizeof(*r)) : NULL;
	mem_claim(m, false);
	return r;
}

struct tcp_rec *rec_new(struct tcp_conn *c)
{
	return rec_get(c, !c->fl || c->fl->nrecs < TCP_FLOOR_RECS);
}

void rec_rest(struct tcp_conn *c)
{
	if (!c->fl || c->fl->first || c->rec.state != CA_OPEN)
		return;
	mem_free(&c->t->s->mem, c->fl, sizeof(*c->fl));
	c->fl = NULL;
}

void rec_drop(struct tcp_conn *c, struct tcp_rec *r)
{
	mem_free(&c->t->s->mem, r, sizeof(*r));
}

static void link_after(struct tcp_conn *c, struct tcp_rec *at,
		       struct tcp_rec *r)
{
	struct tcp_flight *fl = c->fl;

	treap_insert_after(&fl->tree, at ? &at->node : NULL, &r->node);
	if (at == fl->last)
		fl->last = r;
	if (!fl->first)
		fl->first = r;
	fl->nrecs++;
}

void rec_moved_on(struct tcp_conn *c)
{
	if (!c->fl)
		return;
	c->fl->since_us = tcp_now(c);
	c->fl->tries = 0;
}

void rec_append(struct tcp_conn *c, struct tcp_rec *r, uint32_t len, bool fin)
{
	struct tcp_flight *fl = c->fl;

	if (!fl->first)
		rec_moved_on(c);
	*r = (struct tcp_rec){ .seq = c->snd.nxt,
			       .len = len,
			       .mss = c->snd.mss,
			       .flags = fin ? REC_FIN : 0,
			       .sent_us = tcp_now(c) };
	link_after(c, fl->last, r);
	list_insert(&fl->sent, &r->link);
	c->snd.nxt += len;
}

static bool within_floor(const struct tcp_conn *c)
{
	return c->fl->nrecs < TCP_FLOOR_RECS;
}

static int split(struct tcp_conn *c, struct tcp_rec *r, uint32_t len,
		 bool claim)
{
	struct tcp_rec *tail = rec_get(c, claim);

	ASSERT(len > 0);
	ASSERT(len < r->len);
	ASSERT(!(r->flags & REC_SACKED));
	if (!tail)
		return -ERR_NOMEM;
	*tail = *r;
	tail->seq += len;
	tail->len -= len;
	r->len = len;
	r->flags &= (uint8_t)~REC_FIN;
	link_after(c, r, tail);
	list_insert(r->link.next, &tail->link);
	return 0;
}

int rec_split(struct tcp_conn *c, struct tcp_rec *r, uint32_t len)
{
	return split(c, r, len, within_floor(c));
}

int rec_split_to_send(struct tcp_conn *c, struct tcp_rec *r, uint32_t len)
{
	bool spare = r == c->fl->first && !within_floor(c) && !c->fl->cut;
	int err = split(c, r, len, spare || within_floor(c));

	c->fl->cut |= spare && !err;
	return err;
}

struct tcp_rec *rec_find(const struct tcp_conn *c, uint32_t seq)
{
	struct treap_node *n = c->fl ? c->fl->tree.root : NULL;
	struct tcp_rec *found = NULL;

	while (n) {
		struct tcp_rec *r = (struct tcp_rec *)n;

		if (seq_leq(r->seq, seq)) {
			found = r;
			n = n->right;
		} else {
			n = n->left;
		}
	}
	return found && seq_lt(seq, rec_end(found)) ? found : NULL;
}

/* Wire segments that @len bytes of a record stand for. */
static uint32_t segs_of(const struct tcp_rec *r, uint32_t len)
{
	return len > r->mss ? (len + r->mss - 1u) / r->mss : 1;
}

static void unlink_rec(struct tcp_conn *c, struct tcp_rec *r)
{
	struct tcp_flight *fl = c->fl;

	if (r == fl->first)
		fl->first = rec_next(r);
	if (r == fl->last)
		fl->last = (struct tcp_rec *)treap_prev(&r->node);
	treap_remove(&fl->tree, &r->node);
	list_del(&r->link);
	fl->nrecs--;
	c->fl->cut = false;
	rec_drop(c, r);
}

/* The counters no longer hold the first @len bytes of @r. */
static void uncount(struct tcp_flight *fl, struct tcp_rec *r, uint32_t len)
{
	uint32_t segs;

	if (r->flags & REC_LOST)
		fl->lost -= len;
	if (!(r->flags & REC_SACKED))
		return;
	segs = len < r->len ? min_u32(segs_of(r, len), r->segs) : r->segs;
	fl->sacked -= len;
	fl->sacked_segs -= segs;
	r->segs = (uint16_t)(r->segs - segs);
}

/* [@r->seq, @end) has arrived, and nothing had said so before. */
static void delivered(struct tcp_conn *c, const struct tcp_rec *r, uint32_t end,
		      struct tcp_acked *a)
{
	a->delivered += end - r->seq;
	if (!(r->flags & REC_RETX)) {
		if (a->last_us == TIME_NEVER || r->sent_us > a->last_us)
			a->last_us = r->sent_us;
		if (seq_leq(end, c->rec.recover))
			a->orig = true;
	}
	rack_delivered(c, r, end, a);
}

static void ack_rec(struct tcp_conn *c, struct tcp_rec *r, uint32_t covered,
		    struct tcp_acked *a)
{
	uncount(c->fl, r, covered);
	if (r->flags & REC_SACKED)
		return;
	delivered(c, r, r->seq + covered, a);
	if (r->flags & REC_RETX) {
		if (!a->retx)
			a->retx_us = r->sent_us;
		a->retx = true;
	} else if (covered == r->len && a->first_us == TIME_NEVER) {
		a->first_us = r->sent_us;
	}
}

void rec_ack(struct tcp_conn *c, struct tcp_acked *a)
{
	struct tcp_rec *r;

	while ((r = rec_first(c)) != NULL && seq_lt(r->seq, a->ack)) {
		uint32_t covered = min_u32(a->ack - r->seq, r->len);

		ack_rec(c, r, covered, a);
		if (covered < r->len) {
			r->seq += covered;
			r->len -= covered;
			break;
		}
		unlink_rec(c, r);
	}
	rec_moved_on(c);
}

/* Two SACKed neighbours become one record: the first of them. */
static bool merge(struct tcp_conn *c, struct tcp_rec *r, struct tcp_rec *next)
{
	if (!r || !next || !(r->flags & next->flags & REC_SACKED) ||
	    r->segs + next->segs > UINT16_MAX)
		return false;
	r->len += next->len;
	r->segs = (uint16_t)(r->segs + next->segs);
	r->flags |= next->flags & (REC_FIN | REC_RETX);
	r->sent_us = max_u64(r->sent_us, next->sent_us);
	unlink_rec(c, next);
	return true;
}

struct tcp_rec *rec_sack(struct tcp_conn *c, struct tcp_rec *r,
			 struct tcp_acked *a)
{
	struct tcp_flight *fl = c->fl;
	struct tcp_rec *prev = (struct tcp_rec *)treap_prev(&r->node);

	if (r->flags & REC_LOST)
		fl->lost -= r->len;
	delivered(c, r, rec_end(r), a);
	a->sacked += r->len;
	r->flags = (uint8_t)((r->flags & ~REC_LOST) | REC_SACKED);
	r->segs = (uint16_t)min_u32(segs_of(r, r->len), UINT16_MAX);
	fl->sacked += r->len;
	fl->sacked_segs += r->segs;
	list_del(&r->link);
	if (merge(c, prev, r))
		r = prev;
	merge(c, r, rec_next(r));
	return r;
}

void rec_forget_sacks(struct tcp_conn *c)
{
	struct tcp_flight *fl = c->fl;

	for (struct tcp_rec *r = fl->first; r; r = rec_next(r)) {
		if (!(r->flags & REC_SACKED))
			continue;
		/* Sent again or not can no longer be told of each part. */
		r->flags = (uint8_t)((r->flags & ~REC_SACKED) | REC_RETX);
		list_insert(&fl->sent, &r->link);
	}
	fl->sacked = 0;
	fl->sacked_segs = 0;
}

static void report_lost(const struct tcp_conn *c, const struct tcp_rec *r)
{
	struct ustack_event ev;

	if (!tcp_tells(c, USTACK_EV_LOST))
		return;
	tcp_event_init(c, &ev, USTACK_EV_LOST);
	ev.cause = r->cause;
	ev.seq = r->seq;
	ev.len = r->len;
	ev.rto_us = tcp_rto_us(c);
	tcp_event_emit(c, &ev);
}

/* To the lost: behind its lost neighbour, so that what is marked by a sweep
 * stays in order of sequence; else to the end.
 */
static void queue_lost(struct tcp_flight *fl, struct tcp_rec *r)
{
	struct tcp_rec *prev = (struct tcp_rec *)treap_prev(&r->node);

	list_del(&r->link);
	if (prev && prev->flags & REC_LOST)
		list_insert(prev->link.next, &r->link);
	else
		list_insert(&fl->lost_list, &r->link);
}

void rec_mark_lost(struct tcp_conn *c, struct tcp_rec *r, enum ustack_cause why)
{
	if (r->flags & (REC_LOST | REC_SACKED))
		return;
	r->flags |= REC_LOST;
	r->cause = (uint8_t)why;
	c->fl->lost += r->len;
	queue_lost(c->fl, r);
	report_lost(c, r);
}

void rec_mark_head_lost(struct tcp_conn *c, enum ustack_cause why)
{
	struct tcp_rec *r = rec_first(c);

	if (!r || r->flags & REC_SACKED)
		return;
	if (r->len > rec_mss(c, r) && rec_split(c, r, rec_mss(c, r)) < 0)
		return; /* no memory: the timer will try again */
	rec_mark_lost(c, r, why);
}

void rec_mark_all_lost(struct tcp_conn *c, enum ustack_cause why)
{
	for (struct tcp_rec *r = rec_first(c); r; r = rec_next(r))
		rec_mark_lost(c, r, why);
}

void rec_unmark_lost(struct tcp_conn *c)
{
	struct tcp_flight *fl = c->fl;

	/* They left before anything that is in the network now. */
	while (!list_empty(&fl->lost_list)) {
		struct tcp_rec *r = list_entry(fl->lost_list.prev,
					       struct tcp_rec, link);

		r->flags &= (uint8_t)~REC_LOST;
		list_del(&r->link);
		list_insert(fl->sent.next, &r->link);
	}
	fl->lost = 0;
}

struct tcp_rec *rec_first_lost(const struct tcp_conn *c)
{
	struct tcp_rec *first = rec_first(c);

	if (!first)
		return NULL;
	if (first->flags & REC_LOST) /* it holds everything up */
		return first;
	return list_first(&c->fl->lost_list, struct tcp_rec, link);
}

void rec_resent(struct tcp_conn *c, struct tcp_rec *r)
{
	if (r->flags & REC_LOST)
		c->fl->lost -= r->len;
	r->flags = (uint8_t)((r->flags & ~REC_LOST) | REC_RETX);
	r->sent_us = tcp_now(c);
	r->mss = c->snd.mss;
	list_del(&r->link);
	list_insert(&c->fl->sent, &r->link);
}

uint32_t rec_footprint(const struct tcp_conn *c)
{
	if (!c->fl)
		return 0;
	return FLIGHT_BLOCK + c->fl->nrecs * (uint32_t)sizeof(struct tcp_rec);
}

void rec_clear(struct tcp_conn *c)
{
	struct tcp_rec *r;

	while ((r = rec_first(c)) != NULL)
		unlink_rec(c, r);
	c->rec.state = CA_OPEN;
	rec_rest(c);
}

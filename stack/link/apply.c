/* SPDX-License-Identifier: MIT */
/*
 * apply.c - what is done to one wire segment
 *
 *	silent rule?   lost
 *	script         drop: lost; else chance leaves it alone
 *	chance         lost, or marked instead; duplicated, corrupted, reordered
 *	time           delay and jitter, then the bottleneck, as netem:
 *	               due = max(now + delay, bottleneck free) + length / rate
 *	limit          lost if so many wait already
 *	keep           a packet of its own, edited, queued
 *
 * A packet that a script acts on still takes the way that its rule describes,
 * with that way's delay and rate: it keeps its place among the others.
 */

#include "impair_int.h"

#include "stack/base/bytes.h"
#include "stack/link/edit.h"

#define ECN_CAPABLE(ecn) ((ecn) != 0)

#define FAULT(f)	 ((uint16_t)(1u << USTACK_FAULT_##f))
#define KNOB(k)		 (1u << USTACK_KNOB_##k)

/**
 * struct touch - one wire segment
 * @piece:	it, lent
 * @v:		what it is
 * @pl:		where it stands in its flow
 * @s:		script that acts, NULL = none
 * @step:	its step, from 0
 * @f:		what chance has decided
 * @mark:	CE is set instead of losing it
 * @idle:	the script could not do to it what it says
 * @due_us:	when it goes
 * @free_ns:	the bottleneck's time when it has passed
 * @acted:	bits (1 << enum ustack_knob)
 * @faults:	bits (1 << enum ustack_fault)
 */
struct touch {
	const struct ustack_pkt *piece;
	struct link_view *v;
	struct flow_place pl;
	struct script *s;
	uint32_t step;
	struct fate f;
	bool mark;
	bool idle;
	uint64_t due_us;
	uint64_t free_ns;
	uint32_t acted;
	uint16_t faults;
};

static const struct impair_step *step_of(const struct touch *x)
{
	return x->s ? &x->s->sc.step[x->step] : NULL;
}

static bool does(const struct touch *x, enum impair_action action)
{
	const struct impair_step *st = step_of(x);

	return st && st->action == action;
}

/* ----------------------------------------------------------------- telling */

/* What the event names where several knobs acted. */
static uint8_t main_knob(const struct take *t, const struct touch *x)
{
	static const uint8_t first[] = {
		USTACK_KNOB_HALF_OPEN, USTACK_KNOB_MEMORY,
		USTACK_KNOB_SCRIPT,    USTACK_KNOB_LIMIT,
		USTACK_KNOB_LOSS,      USTACK_KNOB_GEMODEL,
		USTACK_KNOB_ECN,       USTACK_KNOB_CORRUPT,
		USTACK_KNOB_DUPLICATE, USTACK_KNOB_REORDER,
	};

	for (uint32_t i = 0; i < ARRAY_LEN(first); i++)
		if (x->acted & 1u << first[i])
			return first[i];
	if ((x->acted & KNOB(RATE)) &&
	    (!(x->acted & KNOB(DELAY)) ||
	     x->due_us - t->now_us > 2 * x->f.delay_us))
		return USTACK_KNOB_RATE;
	return USTACK_KNOB_DELAY;
}

static void fill_event(struct take *t, const struct touch *x,
		       struct ustack_event *ev)
{
	const struct link_view *v = x->v;

	*ev = (struct ustack_event){
		.kind = USTACK_EV_IMPAIRED,
		.time_us = t->now_us,
		.id = take_conn(t),
		.local = v->local,
		.remote = v->remote,
		.lport = v->lport,
		.rport = v->rport,
		.in = t->dir == IMPAIR_IN,
		.knob = main_knob(t, x),
		.faults = x->faults,
		.tx = x->pl.tx,
		.offset = (uint32_t)x->pl.offset,
		.flags = v->flags,
		.seq = v->seq,
		.ack = v->ack,
		.len = v->data_len,
		.ecn = v->ecn,
	};
	if (x->faults & FAULT(DELAYED))
		ev->delay_us = x->due_us - t->now_us;
	if (x->s && (x->acted & KNOB(SCRIPT))) {
		ev->rule = x->s->id;
		ev->step = (uint16_t)(x->step + 1);
	} else if (t->rule) {
		ev->rule = t->rule->id;
	}
}

static void count(struct impair_counts *c, uint32_t acted)
{
	for (uint32_t k = 0; k < USTACK_KNOBS; k++)
		c->by[k] += acted >> k & 1u;
}

/* Counters, the last hit, and the event. */
static void tell(struct take *t, const struct touch *x)
{
	struct impair *im = t->im;
	struct ustack_event ev;

	if (x->acted == 0)
		return;
	count(&im->totals, x->acted);
	if (t->rule)
		count(&t->rule->counts, x->acted & ~KNOB(SCRIPT));
	fill_event(t, x, &ev);
	if (ev.step) {
		x->s->fired[x->step]++;
		x->s->hit_us = t->now_us;
		x->s->hit = ev;
	} else if (t->rule) {
		t->rule->hit_us = t->now_us;
		t->rule->hit = ev;
	}
	im->host.event(im->host.ctx, &ev);
}

static void lose(struct take *t, struct touch *x, uint8_t knob)
{
	x->acted = 1u << knob;
	x->faults = FAULT(LOST);
	tell(t, x);
}

/* ------------------------------------------------------------------ chance */

static void count_matched(struct take *t, const struct touch *x)
{
	t->im->totals.matched++;
	t->im->totals.bytes += x->piece->len;
	if (t->rule) {
		t->rule->counts.matched++;
		t->rule->counts.bytes += x->piece->len;
	}
}

static void find_place(struct take *t, struct touch *x)
{
	if (t->flow)
		flow_note(&t->im->flows, t->flow, x->v, &x->pl);
	else if (t->rule)
		x->pl.offset = t->rule->d[t->dir].others++;
}

/* Every script that matches counts; the first that acts decides. */
static void ask_scripts(struct take *t, struct touch *x)
{
	uint32_t kinds = script_kinds(x->v, x->pl.again);

	for (uint32_t i = 0; i < t->nscripts; i++) {
		struct script *s = t->script[i];
		struct script_flow *sf = &s->one;
		uint32_t step;

		if (x->v->kind == LINK_ICMP)
			sf = &s->none;
		else if (!s->sc.match.next && !s->sc.match.conn)
			sf = t->flow ? flow_watched(&t->im->flows, t->flow,
						    s->gen)
				     : NULL;
		if (!sf)
			continue;
		step = script_ask(&s->sc, sf, t->dir, kinds, t->now_us);
		if (step == SCRIPT_NO_STEP || x->s)
			continue;
		x->s = s;
		x->step = step;
	}
}

static struct fate_chain *chain_of(struct take *t, struct fate_key *key)
{
	struct rule *r = t->rule;
	struct flow_under *u = NULL;

	key->ordinal = 0;
	if (t->flow)
		u = flow_under(&t->im->flows, t->flow, r->gen);
	if (!u)
		return &r->d[t->dir].chain;
	if (u->ordinal == 0)
		u->ordinal = ++r->conns;
	key->ordinal = u->ordinal;
	return &u->chain[t->dir];
}

/* False when the packet is lost. */
static bool ask_rule(struct take *t, struct touch *x)
{
	struct rule *r = t->rule;
	const struct impair_knobs *k = &r->r.knobs;
	struct fate_key key = { .seed = k->seed,
				.rule = r->fate_id,
				.offset = x->pl.offset,
				.tx = x->pl.tx,
				.dir = t->dir,
				.ack = x->pl.ack };
	struct fate_chain *c = chain_of(t, &key);

	if (x->s) {
		fate_delay(k, &key, c, &x->f);
		return true;
	}
	fate_loss(k, &key, c, &x->f);
	x->mark = x->f.lost && k->ecn && ECN_CAPABLE(x->v->ecn);
	if (x->f.lost && !x->mark)
		return false;
	fate_rest(k, &key, c, &x->f);
	if (k->delay_us == 0 && k->jitter_us == 0 && k->rate_bps == 0)
		x->f.reorder = false; /* there is nothing to overtake */
	return true;
}

/* -------------------------------------------------------------------- time */

static uint64_t transmit_ns(const struct impair_knobs *k, uint32_t len)
{
	int64_t bytes = (int64_t)len + k->overhead;

	if (bytes < 0)
		bytes = 0;
	if (k->cell_size) {
		int64_t cells = (bytes + k->cell_size - 1) / k->cell_size;

		bytes = cells * ((int64_t)k->cell_size + k->cell_overhead);
	}
	return min_u64((uint64_t)bytes, INT32_MAX) * 8000000000u / k->rate_bps;
}

/* When does a packet of @len bytes go, and is there room for it to wait? */
static bool schedule(struct take *t, struct touch *x)
{
	const struct rule_dir *d = t->rule ? &t->rule->d[t->dir] : NULL;
	const struct impair_knobs *k = t->rule ? &t->rule->r.knobs : NULL;
	uint64_t limit = k && k->limit_pkts ? k->limit_pkts : IMPAIR_LIMIT_DEF;

	x->due_us = t->now_us + x->f.delay_us;
	if (k && k->rate_bps && !x->f.reorder) {
		x->free_ns = max_u64(x->due_us * 1000, d->free_ns) +
			     transmit_ns(k, x->piece->len);
		x->due_us = (x->free_ns + 999) / 1000;
	}
	if (does(x, IMPAIR_ACT_DELAY))
		x->due_us += step_of(x)->arg_us;
	return !d || x->due_us == t->now_us || d->waiting < limit;
}

/* ------------------------------------------------------------------- queue */

/* Bits behind the IP header, each as likely as any other. */
static int flip_any(const struct take *t, struct ustack_pkt *p,
		    const struct touch *x)
{
	const struct link_view *v = x->v;
	uint64_t header = (uint64_t)v->hdr_len * 8;
	uint64_t bits = header + (uint64_t)v->data_len * 8;
	struct edit_flip f = { .part = IMPAIR_PART_HEADER };

	f.draw = bits ? x->f.bit % bits : 0;
	if (f.draw >= header) {
		f.part = IMPAIR_PART_PAYLOAD;
		f.draw -= header;
	}
	return edit_flip(&t->im->host, p, v, &f);
}

/* What cannot be done (a mark on a packet that takes none) is not done. */
static int edit_by_script(const struct take *t, struct ustack_pkt *p,
			  const struct touch *x)
{
	const struct impair_step *st = step_of(x);
	const struct impair_host *h = &t->im->host;
	struct edit_flip f;

	switch (st->action) {
	case IMPAIR_ACT_CORRUPT:
		f = (struct edit_flip){ .part = st->part,
					.draw = x->pl.offset + x->pl.tx };
		return edit_flip(h, p, x->v, &f);
	case IMPAIR_ACT_MARK:
		return edit_mark_ce(h, p, x->v);
	case IMPAIR_ACT_TRUNCATE:
		return edit_truncate(h, p, x->v, st->arg);
	case IMPAIR_ACT_TAMPER:
		return edit_tamper(h, p, x->v, x->pl.offset + x->pl.tx);
	default:
		return 0;
	}
}

static uint16_t fault_of(enum impair_action action)
{
	switch (action) {
	case IMPAIR_ACT_DUPLICATE:
		return FAULT(DUPLICATED);
	case IMPAIR_ACT_CORRUPT:
		return FAULT(CORRUPTED);
	case IMPAIR_ACT_MARK:
		return FAULT(MARKED);
	case IMPAIR_ACT_TRUNCATE:
		return FAULT(TRUNCATED);
	case IMPAIR_ACT_TAMPER:
		return FAULT(TAMPERED);
	case IMPAIR_ACT_HOLD:
		return FAULT(HELD);
	default:
		return 0; /* delay: seen by its time */
	}
}

static bool edit(const struct take *t, struct ustack_pkt *p, struct touch *x)
{
	struct link_view v = *x->v;
	int r = 0;

	if (x->mark)
		r = edit_mark_ce(&t->im->host, p, &v);
	if (r != -ERR_NOMEM && x->s)
		r = edit_by_script(t, p, x);
	x->idle = x->s && r == -ERR_NOENT;
	if (r != -ERR_NOMEM && x->f.corrupt)
		r = flip_any(t, p, x);
	return r != -ERR_NOMEM;
}

/* Does it leave as it is, and now? */
static bool is_untouched(const struct take *t, const struct touch *x)
{
	return !x->s && !x->mark && !x->f.corrupt && x->due_us == t->now_us;
}

/*
 * The packet that will wait.  What came in whole, and goes on at once, need not
 * be copied; all else that came in must not pin the buffer it was read into.
 */
static struct ustack_pkt *own(struct take *t, struct touch *x)
{
	struct ustack_pkt *p = t->p;

	if (t->dir == IMPAIR_IN && t->gso.count == 1 && !x->f.duplicate &&
	    is_untouched(t, x)) {
		t->p = NULL;
		return p;
	}
	p = gso_keep(&t->im->host, t->dir, x->piece);
	if (p && !edit(t, p, x)) {
		t->im->host.pkt_free(t->im->host.ctx, p);
		p = NULL;
	}
	return p;
}

static bool enqueue(struct take *t, const struct touch *x, struct ustack_pkt *p)
{
	struct impair *im = t->im;
	struct queue_item it = { .due_us = x->due_us,
				 .p = p,
				 .rule = t->rule,
				 .waits = x->due_us > t->now_us };
	uint64_t flow = t->flow ? t->flow->serial : 0;
	bool held = does(x, IMPAIR_ACT_HOLD);
	bool ok;

	if (held) {
		it.due_us += IMPAIR_HOLD_US;
		ok = queue_hold(&im->queue, t->dir, &it, flow);
	} else {
		ok = queue_push(&im->queue, t->dir, &it);
	}
	if (!ok) {
		im->host.pkt_free(im->host.ctx, p);
		return false;
	}
	if (it.rule) {
		it.rule->refs++;
		it.rule->d[t->dir].waiting += it.waits;
		if (x->free_ns)
			it.rule->d[t->dir].free_ns = x->free_ns;
	}
	if (!held && im->queue.nheld > 0)
		queue_follow(&im->queue, t->dir, flow, x->due_us);
	return true;
}

/* The copy is as it was sent, and follows at once, or behind the bottleneck. */
static bool enqueue_copy(struct take *t, const struct touch *x)
{
	struct touch copy = *x;
	struct ustack_pkt *p;

	copy.f.corrupt = false;
	if (!schedule(t, &copy))
		return false;
	p = own(t, &copy);
	return p && enqueue(t, &copy, p);
}

static void note_pass(const struct take *t, struct touch *x)
{
	const struct impair_knobs *k = t->rule ? &t->rule->r.knobs : NULL;

	if (x->s && !x->idle) {
		x->acted |= KNOB(SCRIPT);
		x->faults |= fault_of(step_of(x)->action);
	}
	if (x->mark) {
		x->acted |= KNOB(ECN);
		x->faults |= FAULT(MARKED);
	}
	if (x->f.corrupt) {
		x->acted |= KNOB(CORRUPT);
		x->faults |= FAULT(CORRUPTED);
	}
	if (x->f.reorder) {
		x->acted |= KNOB(REORDER);
		x->faults |= FAULT(REORDERED);
	}
	if (x->f.delay_us > 0)
		x->acted |= KNOB(DELAY);
	if (k && k->rate_bps && !x->f.reorder)
		x->acted |= KNOB(RATE);
	if (x->due_us > t->now_us)
		x->faults |= FAULT(DELAYED);
}

/* False when there is no memory for it. */
static bool pass(struct take *t, struct touch *x)
{
	bool twice = x->f.duplicate || does(x, IMPAIR_ACT_DUPLICATE);
	struct ustack_pkt *p = own(t, x);

	if (!p || !enqueue(t, x, p))
		return false;
	note_pass(t, x);
	if (twice && !enqueue_copy(t, x)) {
		x->faults &= (uint16_t)~FAULT(DUPLICATED);
	} else if (x->f.duplicate) {
		x->acted |= KNOB(DUPLICATE);
		x->faults |= FAULT(DUPLICATED);
	}
	tell(t, x);
	return true;
}

void apply_piece(struct take *t, const struct ustack_pkt *piece)
{
	struct touch x = { .piece = piece, .v = &t->gso.view, .pl.tx = 1 };

	find_place(t, &x);
	count_matched(t, &x);
	ask_scripts(t, &x);
	if (t->rule && t->rule->r.silent)
		lose(t, &x, USTACK_KNOB_HALF_OPEN);
	else if (does(&x, IMPAIR_ACT_DROP))
		lose(t, &x, USTACK_KNOB_SCRIPT);
	else if (t->rule && !ask_rule(t, &x))
		lose(t, &x, x.f.by);
	else if (!schedule(t, &x))
		lose(t, &x, USTACK_KNOB_LIMIT);
	else if (!pass(t, &x))
		lose(t, &x, USTACK_KNOB_MEMORY);
}

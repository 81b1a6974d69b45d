/* SPDX-License-Identifier: MIT */
/*
 * explain_odd.c - what befalls a connection besides losses
 *
 * Closed windows, questions to an idle peer, copies, marks, delay, lost
 * acknowledgements.  What one rule does to many packets is one episode.
 */

#include <stdio.h>
#include <string.h>

#include "explain_int.h"

static bool same_hit(const struct life_hit *a, const struct life_hit *b)
{
	return a->rule == b->rule && a->step == b->step &&
	       !strcmp(a->knob, b->knob);
}

/* ------------------------------------------------------------- many of one rule */

/* Who delays may do more, by other knobs, to some of the packets. */
static bool same_many(const struct explain_ep *e, uint8_t kind,
		      const struct life_seg *seg)
{
	const struct life_hit *hit = &e->many.hit;

	if (e->kind != kind || e->in != !seg->out)
		return false;
	if (kind == EXPLAIN_DELAY)
		return hit->rule == seg->hit.rule && hit->step == seg->hit.step;
	return same_hit(hit, &seg->hit);
}

static struct explain_many *find_many(struct explain_scan *s, uint8_t kind,
				      const struct life_seg *seg)
{
	struct explain_ep *e;

	for (size_t i = 0; i < s->x->n; i++) {
		e = &s->x->ep[i];
		if (same_many(e, kind, seg)) {
			e->end_us = s->t_us;
			return &e->many;
		}
	}
	e = explain_ep_new(s, kind, !seg->out);
	if (!e)
		return NULL;
	e->end_us = s->t_us;
	e->many = (struct explain_many){ .hit = seg->hit,
					 .min_us = EXPLAIN_NONE,
					 .seq = seg->seq,
					 .ack = seg->ack,
					 .len = seg->len,
					 .healed_us = EXPLAIN_NONE };
	return &e->many;
}

static void note_delay(struct explain_scan *s, const struct life_seg *seg)
{
	struct explain_many *m;

	if (!(seg->hit.faults & (LIFE_F_DELAYED | LIFE_F_HELD)) ||
	    seg->hit.faults & LIFE_F_LOST)
		return;
	m = find_many(s, EXPLAIN_DELAY, seg);
	if (!m)
		return;
	if (!m->hit.step)
		(void)snprintf(m->hit.knob, sizeof(m->hit.knob), "delay");
	m->n += seg->segs;
	m->sum_us += seg->hit.delay_us * seg->segs;
	if (seg->hit.delay_us < m->min_us)
		m->min_us = seg->hit.delay_us;
	if (seg->hit.delay_max_us > m->max_us)
		m->max_us = seg->hit.delay_max_us;
	if (seg->hit.delay_us > m->max_us)
		m->max_us = seg->hit.delay_us;
}

/* A pure acknowledgement that does not arrive. */
static void note_ack_loss(struct explain_scan *s, const struct life_seg *seg)
{
	struct explain_many *m;

	if (!(seg->hit.faults & EXPLAIN_F_GONE) || seg->end > seg->seq ||
	    seg->flags & LIFE_RST || seg->ack == LIFE_NONE)
		return;
	m = find_many(s, EXPLAIN_ACK_LOSS, seg);
	if (m)
		m->n += seg->segs;
}

/* A later one that does stands for those that were lost. */
static void note_healed(struct explain_scan *s, const struct life_seg *seg)
{
	if (seg->ack == LIFE_NONE || seg->hit.faults & EXPLAIN_F_GONE ||
	    s->missed)
		return;
	for (size_t i = 0; i < s->x->n; i++) {
		struct explain_ep *e = &s->x->ep[i];

		if (e->kind == EXPLAIN_ACK_LOSS && e->in == !seg->out &&
		    e->many.healed_us == EXPLAIN_NONE &&
		    seg->ack >= e->many.ack && s->t_us > e->at_us)
			e->many.healed_us = s->t_us;
	}
}

/* ------------------------------------------------------------------------- marks */

struct explain_ep *explain_odd_mark(struct explain_scan *s, bool in,
				    const struct life_hit *hit)
{
	static const struct life_hit none;
	struct explain_ep *e;

	for (size_t i = s->x->n; i > 0; i--) {
		e = &s->x->ep[i - 1];
		if (e->kind == EXPLAIN_MARK && e->in == in &&
		    (!hit || same_hit(&e->mark.hit, hit)))
			return e;
	}
	e = explain_ep_new(s, EXPLAIN_MARK, in);
	if (!e)
		return NULL;
	e->mark = (struct explain_mark){ .hit = hit ? *hit : none,
					 .told_us = EXPLAIN_NONE };
	return e;
}

static void note_mark(struct explain_scan *s, const struct life_seg *seg)
{
	bool ours = (seg->hit.faults & LIFE_F_MARKED) != 0;
	struct life_hit hit = { .faults = 0 };
	struct explain_ep *e;

	if (!ours && (seg->out || seg->ecn != 3))
		return;
	if (ours)
		hit = seg->hit;
	e = explain_odd_mark(s, !seg->out, &hit);
	if (!e)
		return;
	e->mark.n += seg->segs;
	e->end_us = s->t_us;
}

/* The receiver of marks in the other direction has told of them. */
static void note_told(struct explain_scan *s, const struct life_seg *seg)
{
	struct explain_ep *e;

	if ((seg->flags & (LIFE_ECE | LIFE_SYN | LIFE_RST)) != LIFE_ECE)
		return;
	e = explain_odd_mark(s, seg->out, NULL);
	if (e && e->mark.told_us == EXPLAIN_NONE)
		e->mark.told_us = s->t_us;
}

/* ------------------------------------------------------------------------ copies */

static void twice(struct explain_scan *s, const struct life_seg *seg)
{
	struct explain_ep *e = explain_ep_new(s, EXPLAIN_TWICE, !seg->out);
	static const struct life_hit none;
	bool ours = (seg->hit.faults & LIFE_F_DUPLICATED) != 0;

	if (!e)
		return;
	e->end_us = s->t_us;
	e->twice = (struct explain_twice){ .hit = ours ? seg->hit : none,
					   .seq = seg->seq,
					   .end = seg->end,
					   .told_us = EXPLAIN_NONE };
}

/* A DSACK of what a rule has sent twice. */
static void note_told_twice(struct explain_scan *s, const struct life_seg *seg)
{
	for (size_t i = s->x->n; seg->dsack && i > 0; i--) {
		struct explain_ep *e = &s->x->ep[i - 1];

		if (e->kind != EXPLAIN_TWICE || e->in ||
		    e->twice.told_us != EXPLAIN_NONE ||
		    e->twice.seq >= seg->sack[0][1] ||
		    e->twice.end <= seg->sack[0][0])
			continue;
		e->twice.told_us = s->t_us;
		return;
	}
}

/* What is new in it?  A probe of a closed window or of an idle peer, which we
 * keep, is no copy.
 */
static bool is_copy(const struct explain_scan *s, const struct life_seg *seg)
{
	if (seg->copy)
		return seg->end > seg->seq;
	return seg->again && !seg->late && seg->len > 1 &&
	       s->in_max != EXPLAIN_NONE && seg->end <= s->in_max &&
	       seg->end <= s->acked_in && !(seg->hit.faults & EXPLAIN_F_GONE);
}

/* ----------------------------------------------------------------------- windows */

/* A window that the other side of @in announces. */
static void note_window(struct explain_scan *s, const struct life_seg *seg)
{
	bool in = !seg->out;
	struct explain_ep *e;

	if (!seg->seen || seg->ack == LIFE_NONE ||
	    seg->hit.faults & EXPLAIN_F_GONE ||
	    seg->flags & (LIFE_SYN | LIFE_RST))
		return;
	if (seg->wnd == 0 && s->window[in] == EXPLAIN_NO_EP) {
		e = explain_ep_new(s, EXPLAIN_WINDOW, in);
		if (!e)
			return;
		e->window.probes = 0;
		s->window[in] = s->x->n - 1;
	} else if (seg->wnd > 0 && s->window[in] != EXPLAIN_NO_EP) {
		s->x->ep[s->window[in]].end_us = s->t_us;
		s->window[in] = EXPLAIN_NO_EP;
	}
}

/* ---------------------------------------------------------------------- keepalive */

static void note_question(struct explain_scan *s)
{
	struct explain_ep *e;

	if (s->alive == EXPLAIN_NO_EP) {
		e = explain_ep_new(s, EXPLAIN_KEEPALIVE, false);
		if (!e)
			return;
		e->alive = (struct explain_alive){ .idle_us = s->t_us -
							      s->heard_us,
						   .answer_us = EXPLAIN_NONE };
		s->alive = s->x->n - 1;
	}
	s->x->ep[s->alive].alive.probes++;
}

static void note_answer(struct explain_scan *s)
{
	if (s->alive == EXPLAIN_NO_EP)
		return;
	s->x->ep[s->alive].alive.answer_us = s->t_us;
	s->x->ep[s->alive].end_us = s->t_us;
	s->alive = EXPLAIN_NO_EP;
}

/* --------------------------------------------------------------------- all of them */

void explain_odd_sent(struct explain_scan *s, const struct life_seg *seg)
{
	if (seg->cause == LIFE_CAUSE_WND_PROBE && s->window[1] != EXPLAIN_NO_EP)
		s->x->ep[s->window[1]].window.probes++;
	if (seg->cause == LIFE_CAUSE_KEEPALIVE)
		note_question(s);
	if (seg->hit.faults & LIFE_F_DUPLICATED && seg->end > seg->seq)
		twice(s, seg);
	note_window(s, seg);
	note_delay(s, seg);
	note_ack_loss(s, seg);
	note_healed(s, seg);
	note_mark(s, seg);
	note_told(s, seg);
	if (seg->seen && seg->ack != LIFE_NONE && seg->ack > s->acked_in)
		s->acked_in = seg->ack;
}

void explain_odd_received(struct explain_scan *s, const struct life_seg *seg)
{
	bool gone = (seg->hit.faults & EXPLAIN_F_GONE) != 0;

	note_ack_loss(s, seg);
	if (gone)
		return;
	note_answer(s);
	if (is_copy(s, seg))
		twice(s, seg);
	/* Into our closed window: a byte that is not taken, or none at all. */
	if (s->window[0] != EXPLAIN_NO_EP && seg->len <= 1 &&
	    (seg->len || seg->seq < s->acked_in))
		s->x->ep[s->window[0]].window.probes++;
	note_told_twice(s, seg);
	note_window(s, seg);
	note_delay(s, seg);
	note_healed(s, seg);
	note_mark(s, seg);
	note_told(s, seg);
}

void explain_odd_word(struct explain_scan *s, uint8_t kind, const char *what)
{
	struct explain_ep *e;

	for (size_t i = 0; i < s->x->n; i++) {
		e = &s->x->ep[i];
		if (e->kind != kind || strcmp(e->error.what, what) != 0)
			continue;
		e->error.n++;
		e->end_us = s->t_us;
		return;
	}
	e = explain_ep_new(s, kind, true);
	if (!e)
		return;
	(void)snprintf(e->error.what, sizeof(e->error.what), "%s", what);
	e->error.n = 1;
	e->end_us = s->t_us;
}

void explain_odd_gap(struct explain_scan *s, uint64_t skipped)
{
	struct explain_ep *e;

	if (s->gap == EXPLAIN_NO_EP) {
		e = explain_ep_new(s, EXPLAIN_GAP, false);
		if (!e)
			return;
		e->gap = (struct explain_gap){ .skipped = 0 };
		s->gap = s->x->n - 1;
	}
	e = &s->x->ep[s->gap];
	e->gap.skipped += skipped;
	e->gap.places++;
	e->end_us = s->t_us;
}

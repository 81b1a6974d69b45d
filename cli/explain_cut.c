/* SPDX-License-Identifier: MIT */
/*
 * explain_cut.c - what a loss cost, and what it turned out to be
 *
 * A cut of the congestion window belongs to the loss that was found just
 * before; until what was sent by then is acknowledged, others share it.  The
 * threshold only rises again when a cut is taken back.
 */

#include <string.h>

#include "explain_int.h"

static struct explain_cut cut_of(const struct explain_scan *s,
				 const struct life_metrics *now)
{
	return (struct explain_cut){ .cut = true,
				     .cwnd_before = s->metrics.cwnd,
				     .cwnd_after = now->cwnd,
				     .ssthresh = now->ssthresh,
				     .undone_us = EXPLAIN_NONE };
}

/* The loss that was found last, or mended by a probe. */
static size_t last_found(const struct explain_scan *s, uint64_t at_us)
{
	size_t best = EXPLAIN_NO_EP;

	for (size_t i = s->x->n; i > 0; i--) {
		const struct explain_ep *e = &s->x->ep[i - 1];

		if (e->kind != EXPLAIN_LOSS || e->in ||
		    (e->loss.found_us != at_us && e->loss.done_us != at_us))
			continue;
		best = i - 1; /* the first of them stands for all */
	}
	return best;
}

/* What a probe has mended: it is told of when more is acknowledged. */
static size_t last_probed(const struct explain_scan *s)
{
	for (size_t i = s->x->n; i > 0; i--) {
		const struct explain_ep *e = &s->x->ep[i - 1];

		if (e->kind == EXPLAIN_LOSS && !e->in &&
		    e->loss.cause == LIFE_CAUSE_TLP &&
		    e->loss.done_us != EXPLAIN_NONE)
			return e->loss.cut.cut ? EXPLAIN_NO_EP : i - 1;
	}
	return EXPLAIN_NO_EP;
}

/* Something was held for lost in this very moment. */
static bool lost_now(const struct explain_scan *s)
{
	return s->lost_us == s->t_us;
}

/* Did what has come in this moment say that? */
static bool heard_now(const struct explain_scan *s, bool what)
{
	return what && s->heard_us == s->t_us;
}

static bool by_sack(const struct explain_loss *h)
{
	return h->cause == LIFE_CAUSE_RACK || h->cause == LIFE_CAUSE_SACK;
}

static void on_cut(struct explain_scan *s, const struct life_metrics *now)
{
	struct explain_cut cut = cut_of(s, now);
	struct explain_ep *mark;
	size_t i;

	if (heard_now(s, s->ece_now) && !lost_now(s)) {
		mark = explain_odd_mark(s, false, NULL);
		if (mark && mark->mark.cuts++ == 0)
			mark->mark.cut = cut;
		return;
	}
	i = last_found(s, s->t_us);
	if (i == EXPLAIN_NO_EP && !lost_now(s))
		i = last_probed(s);
	if (i == EXPLAIN_NO_EP)
		return;
	s->cut_ep = i;
	/* With SACK it is PRR that cuts, after this was told. */
	if (by_sack(&s->x->ep[i].loss))
		cut.cwnd_before = now->cwnd;
	s->x->ep[i].loss.cut = cut;
	s->x->ep[i].loss.shared = false;
	s->timeout = s->x->ep[i].loss.cause == LIFE_CAUSE_RTO;
	if (!lost_now(s))
		return; /* a probe has mended it: there is no recovery */
	s->recover = s->nxt;
	for (i++; i < s->x->n; i++)
		if (s->x->ep[i].kind == EXPLAIN_LOSS && !s->x->ep[i].in &&
		    s->x->ep[i].loss.found_us == s->t_us)
			s->x->ep[i].loss.shared = true;
}

static void on_undo(struct explain_scan *s, const struct life_metrics *now)
{
	struct explain_loss *h;

	if (s->cut_ep == EXPLAIN_NO_EP)
		return;
	h = &s->x->ep[s->cut_ep].loss;
	h->undo = heard_now(s, s->dsack_now) ? EXPLAIN_UNDO_DSACK
		  : s->timeout		     ? EXPLAIN_UNDO_TIMEOUT
					     : EXPLAIN_UNDO_TIMESTAMP;
	h->cut.undone_us = s->t_us;
	h->cut.cwnd_undone = now->cwnd;
	for (size_t i = s->cut_ep + 1; i < s->x->n; i++)
		if (s->x->ep[i].kind == EXPLAIN_LOSS && !s->x->ep[i].in &&
		    s->x->ep[i].loss.shared)
			s->x->ep[i].loss.undo = h->undo;
	s->cut_ep = EXPLAIN_NO_EP;
	s->recover = 0;
}

void explain_loss_first(struct explain_scan *s, uint64_t cwnd)
{
	for (size_t i = 0; i < s->x->n; i++) {
		struct explain_ep *e = &s->x->ep[i];

		if (e->kind != EXPLAIN_LOSS || e->in ||
		    !(e->loss.flags & LIFE_SYN) || !e->loss.tries)
			continue;
		e->loss.cut.cut = true;
		e->loss.cut.cwnd_after = cwnd;
		e->loss.cut.ssthresh = LIFE_NONE;
	}
}

void explain_loss_metrics(struct explain_scan *s,
			  const struct life_metrics *now)
{
	bool changed;
	bool raised;

	if (!s->known) {
		/* The first news of the window is that it was cut. */
		if (now->ssthresh != LIFE_NONE && lost_now(s)) {
			s->metrics = *now;
			s->metrics.cwnd = 0;
			on_cut(s, now);
		}
		return;
	}
	changed = now->ssthresh != s->metrics.ssthresh;
	raised = changed && s->metrics.ssthresh != LIFE_NONE &&
		 now->ssthresh > s->metrics.ssthresh;
	if (lost_now(s) && (changed || !s->recover))
		on_cut(s, now);
	else if (raised && !lost_now(s) && !heard_now(s, s->ece_now))
		on_undo(s, now);
	else if (changed)
		on_cut(s, now);
	else if (!lost_now(s))
		s->recover = 0; /* that was the end of a recovery */
}

/* -------------------------------------------------------------------- afterwards */

/* What an episode that looked like a loss turned out to be. */
static bool judge(struct explain_ep *e)
{
	struct explain_loss *h = &e->loss;
	bool fate = (h->hit.faults & ~(uint32_t)LIFE_F_MARKED) != 0;

	if (h->gone || h->tries || (h->undo && !e->in))
		return true;
	if (!e->in && h->vague && h->found_us != EXPLAIN_NONE)
		return true; /* whether it was sent again was not kept */
	e->kind = EXPLAIN_LATE;
	if (e->in)
		return h->done_us != EXPLAIN_NONE && (h->segs || fate);
	/* Held for lost with others, and neither lost nor late. */
	if (h->found_us != EXPLAIN_NONE && !fate && !h->cut.cut)
		return false;
	return h->done_us != EXPLAIN_NONE;
}

/* What is told of a loss begins with its first transmission. */
static void date(struct explain_ep *e)
{
	struct explain_loss *h = &e->loss;

	if (h->vague) {
		h->done_us = EXPLAIN_NONE;
		h->stall_us = 0;
	}
	if (!e->in && h->dated)
		e->at_us = h->sent_us;
}

void explain_loss_sort(struct explain *x)
{
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++) {
		if (x->ep[i].kind == EXPLAIN_LOSS && !judge(&x->ep[i]))
			continue;
		if (x->ep[i].kind == EXPLAIN_LOSS ||
		    x->ep[i].kind == EXPLAIN_LATE)
			date(&x->ep[i]);
		x->ep[n++] = x->ep[i];
	}
	x->n = n;
}

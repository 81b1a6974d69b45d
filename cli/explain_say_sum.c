/* SPDX-License-Identifier: MIT */
/*
 * explain_say_sum.c - many of a sort in one paragraph
 *
 * Losses are of one sort if the same rule did the same to them, in the same
 * direction, and the same mechanism found them.
 */

#include <inttypes.h>
#include <string.h>

#include "explain_say.h"

static bool same_hit(const struct life_hit *a, const struct life_hit *b)
{
	return a->faults == b->faults && a->rule == b->rule &&
	       a->step == b->step && !strcmp(a->knob, b->knob);
}

bool say_same_sort(const struct explain_ep *a, const struct explain_ep *b)
{
	if (a->kind != b->kind || a->in != b->in)
		return false;
	switch (a->kind) {
	case EXPLAIN_LOSS:
		return a->loss.cause == b->loss.cause &&
		       a->loss.gone == b->loss.gone &&
		       !a->loss.undo == !b->loss.undo &&
		       same_hit(&a->loss.hit, &b->loss.hit);
	case EXPLAIN_LATE:
		return same_hit(&a->loss.hit, &b->loss.hit);
	case EXPLAIN_TWICE:
		return same_hit(&a->twice.hit, &b->twice.hit);
	case EXPLAIN_WINDOW:
	case EXPLAIN_KEEPALIVE:
		return true;
	default:
		return a == b;
	}
}

/**
 * struct tally - what many losses come to
 * @n:		episodes
 * @segs:	segments in them
 * @tries:	times that they were sent again
 * @mended:	of @n, those that were
 * @sum_us:	from first transmission to the end, of those
 * @max_us:	the longest
 * @stall_us:	time that the stream stood still, in all
 * @cuts:	of the congestion window
 * @undone:	of them, those that were taken back
 * @needless:	of @n, what the peer had got already
 * @vague:	of @n, those of which it is not known
 * @probes:	of closed windows and idle peers
 */
struct tally {
	uint64_t n;
	uint64_t segs;
	uint64_t tries;
	uint64_t mended;
	uint64_t sum_us;
	uint64_t max_us;
	uint64_t stall_us;
	uint64_t cuts;
	uint64_t undone;
	uint64_t needless;
	uint64_t vague;
	uint64_t probes;
};

static void count_loss(struct tally *t, const struct explain_loss *h)
{
	uint64_t us;

	t->segs += h->segs;
	t->tries += h->tries;
	t->stall_us += h->stall_us;
	t->cuts += h->cut.cut;
	t->undone += h->undo && h->cut.cut;
	t->needless += h->needless;
	t->vague += h->vague;
	if (h->done_us == EXPLAIN_NONE)
		return;
	us = h->done_us - h->sent_us;
	t->mended++;
	t->sum_us += us;
	if (us > t->max_us)
		t->max_us = us;
}

static struct tally count(const struct explain *x, size_t from)
{
	struct tally t = { .n = 0 };

	for (size_t i = from; i < x->n; i++) {
		const struct explain_ep *e = &x->ep[i];

		if (!say_same_sort(&x->ep[from], e))
			continue;
		t.n++;
		if (e->kind == EXPLAIN_LOSS || e->kind == EXPLAIN_LATE)
			count_loss(&t, &e->loss);
		if (e->kind == EXPLAIN_WINDOW)
			t.probes += e->window.probes;
		if (e->kind == EXPLAIN_KEEPALIVE)
			t.probes += e->alive.probes;
		if (e->kind == EXPLAIN_WINDOW && e->end_us != EXPLAIN_NONE)
			t.sum_us += e->end_us - e->at_us;
	}
	return t;
}

/* ------------------------------------------------------------------------ in words */

static void say_by(struct say *s, const struct life_hit *hit, const char *done)
{
	say(s, "%s by", done);
	say_rule(s, hit);
}

static void say_sum_cause(struct say *s, const struct explain_ep *e)
{
	const struct explain_loss *h = &e->loss;
	const char *word = e->in ? NULL : say_mechanism(h->cause);

	if (h->hit.faults & LIFE_F_LOST)
		say_by(s, &h->hit, "lost");
	else if (h->gone)
		say_by(s, &h->hit, "damaged");
	else if (h->undo)
		say(s, "held for lost, and had come");
	else
		say(s, "missing, by no rule of ours");
	if (word)
		say(s, ", and found out by %s", word);
	say(s, ".");
}

static void say_sum_loss(struct say *s, const struct explain_ep *e,
			 const struct tally *t)
{
	char a[FMT_TEXT];
	char b[FMT_TEXT];

	say(s, "From here on %s more times segments of %s's (%s in all) were",
	    say_count(t->n, a), say_who(e->in), say_count(t->segs, b));
	say_sum_cause(s, e);
	if (t->mended)
		say(s,
		    "Until they were %s it took %s on average, %s at most%s.",
		    e->in ? "there" : "acknowledged",
		    say_time(t->sum_us / t->mended, a), say_time(t->max_us, b),
		    t->vague ? ", where that was kept" : "");
	if (t->mended + t->vague < t->n)
		say(s, "%s were never mended.",
		    say_count(t->n - t->mended - t->vague, a));
	if (t->stall_us)
		say(s, "The stream stood still for %s in all.",
		    say_time(t->stall_us, a));
	if (e->in)
		return;
	if (t->cuts)
		say(s, "The congestion window was cut %s times for them.",
		    say_count(t->cuts, a));
	else
		say(s, "The congestion window was not cut for them alone.");
	if (t->undone)
		say(s, "%s of these cuts were taken back.",
		    say_count(t->undone, a));
	if (t->needless)
		say(s, "%s were sent again for nothing.",
		    say_count(t->needless, a));
}

static void say_sum_late(struct say *s, const struct explain_ep *e,
			 const struct tally *t)
{
	char a[FMT_TEXT];

	say(s,
	    "From here on %s more times segments of %s's came behind what "
	    "was sent after them",
	    say_count(t->n, a), say_who(e->in));
	if (e->loss.hit.faults) {
		say(s, ",");
		say_by(s, &e->loss.hit, "kept");
	}
	say(s, ". None of that led to a retransmission.");
}

static void say_sum_twice(struct say *s, const struct explain_ep *e,
			  const struct tally *t)
{
	char a[FMT_TEXT];

	say(s, "From here on %s more of %s's segments came twice",
	    say_count(t->n, a), say_who(e->in));
	if (e->twice.hit.faults) {
		say(s, ",");
		say_by(s, &e->twice.hit, "duplicated");
	}
	say(s, ".");
}

void say_sum(struct say *s, size_t from)
{
	const struct explain_ep *e = &s->x->ep[from];
	struct tally t = count(s->x, from);
	char a[FMT_TEXT];
	char b[FMT_TEXT];

	say_at(s, e->at_us);
	switch (e->kind) {
	case EXPLAIN_LOSS:
		say_sum_loss(s, e, &t);
		break;
	case EXPLAIN_LATE:
		say_sum_late(s, e, &t);
		break;
	case EXPLAIN_TWICE:
		say_sum_twice(s, e, &t);
		break;
	case EXPLAIN_WINDOW:
		say(s,
		    "From here on %s's window was closed %s more times, for %s "
		    "in all.",
		    say_who(e->in), say_count(t.n, a), say_time(t.sum_us, b));
		break;
	default:
		say(s,
		    "From here on the stack asked the peer %s more times "
		    "whether it lives.",
		    say_count(t.probes, a));
		break;
	}
	say_end(s);
}

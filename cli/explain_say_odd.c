/* SPDX-License-Identifier: MIT */
/*
 * explain_say_odd.c - what befalls a connection besides losses, in words
 */

#include <inttypes.h>
#include <string.h>

#include "explain_say.h"

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* "once", "3 times" */
static const char *times(uint64_t n, char buf[FMT_TEXT])
{
	if (n == 1)
		return "once";
	(void)snprintf(buf, FMT_TEXT, "%" PRIu64 " times", n);
	return buf;
}

void say_ack_loss(struct say *s, const struct explain_ep *e)
{
	const struct explain_many *m = &e->many;
	char n[FMT_TEXT];
	char t[FMT_TEXT];

	say_at(s, e->at_us);
	if (m->n == 1)
		say(s, "An acknowledgement of %s's (number %s) was",
		    say_who(e->in), say_count(m->ack, n));
	else
		say(s, "From here on %s of %s's acknowledgements were",
		    say_count(m->n, n), say_who(e->in));
	say(s, m->hit.faults & LIFE_F_LOST ? "lost by" : "damaged by");
	say_rule(s, &m->hit);
	say(s, ".");
	if (m->healed_us != EXPLAIN_NONE)
		say(s,
		    "Nothing has to be sent again for that: acknowledgements "
		    "are cumulative, and %s later the next one stood for %s, "
		    "too.",
		    say_time(m->healed_us - e->at_us, t),
		    m->n == 1 ? "this one" : "the first");
	else if (!s->x->skipped && s->x->sums.exact)
		say(s, "No later one came to stand for %s.",
		    m->n == 1 ? "it" : "the first");
	else
		say(s, "Acknowledgements are cumulative: a later one stands "
		       "for them, too.");
	say_end(s);
}

void say_twice(struct say *s, const struct explain_ep *e)
{
	const struct explain_twice *w = &e->twice;
	char a[FMT_TEXT];
	char b[FMT_TEXT];

	say_at(s, e->at_us);
	say(s, "%s's bytes %s to %s", say_who_begins(e->in),
	    say_count(w->seq, a), say_count(w->end - 1, b));
	if (w->hit.faults) {
		say(s, "were duplicated by");
		say_rule(s, &w->hit);
		say(s, ".");
	} else {
		say(s, "came a second time, sent again without need or copied "
		       "on the way.");
	}
	if (e->in)
		say(s,
		    "The stack threw the second copy away: its numbers were "
		    "below what it expected. It said so at once, by a "
		    "duplicate SACK%s where SACK is in use.",
		    say_rfc(s, 2883));
	else if (w->told_us != EXPLAIN_NONE)
		say(s,
		    "The peer threw the second copy away and said so by a "
		    "duplicate SACK%s %s later.",
		    say_rfc(s, 2883), say_time(w->told_us - e->at_us, a));
	else
		say(s, "The peer throws the second copy away: sequence numbers "
		       "tell.");
	say_end(s);
}

void say_delay(struct say *s, const struct explain_ep *e)
{
	const struct explain_many *m = &e->many;
	const struct explain_sums *sums = &s->x->sums;
	char a[FMT_TEXT];
	char b[FMT_TEXT];
	char n[FMT_TEXT];

	say_at(s, e->at_us);
	if (m->n == 1)
		say(s, "A segment of %s's (%s bytes) was", say_who(e->in),
		    say_count(m->len, n));
	else
		say(s, "From here on %s of %s's segments were",
		    say_count(m->n, n), say_who(e->in));
	say(s, m->hit.faults & LIFE_F_HELD ? "held back by" : "delayed by");
	say_rule(s, &m->hit);
	if (m->sum_us && m->max_us > m->min_us)
		say(s, ", for %s to %s, %s on average", say_time(m->min_us, a),
		    say_time(m->max_us, b), say_time(m->sum_us / m->n, n));
	else if (m->sum_us)
		say(s, ", for %s", say_time(m->max_us, a));
	say(s, ".");
	if (m->n > 1 && sums->rtt_min_us != EXPLAIN_NONE && !m->hit.step)
		say(s,
		    "That is part of the round-trip time, which was never "
		    "below %s, and so of the retransmission timeout%s.",
		    say_time(sums->rtt_min_us, a), say_rfc(s, 6298));
	say_end(s);
}

static void say_mark_cut(struct say *s, const struct explain_mark *m)
{
	char a[SAY_TEXT];
	char b[SAY_TEXT];

	if (!m->cuts)
		return;
	say(s, "The congestion window went from %s to %s",
	    say_window(s, m->cut.cwnd_before, a),
	    say_window(s, m->cut.ssthresh, b));
	if (m->cuts > 1)
		say(s, "(and was cut %" PRIu64 " times more)", m->cuts - 1);
	say(s, ", as after a loss, but nothing had to be sent again.");
}

void say_mark(struct say *s, const struct explain_ep *e)
{
	const struct explain_mark *m = &e->mark;
	char n[FMT_TEXT];

	say_at(s, e->at_us);
	if (m->n)
		say(s, "%s of %s's segments %s marked CE by",
		    say_count(m->n, n), say_who(e->in),
		    m->n == 1 ? "was" : "were");
	else
		say(s, "%s told of segments marked CE by",
		    say_who_begins(!e->in));
	if (m->hit.faults)
		say_rule(s, &m->hit);
	else
		say(s, "a router");
	say(s, ": congestion, told without a loss%s.", say_rfc(s, 3168));
	if (m->told_us == EXPLAIN_NONE)
		say(s, "%s did not answer by ECE.", say_who_begins(!e->in));
	else if (m->n && m->told_us > e->at_us)
		say(s, "%s told by ECE %s after the first.",
		    say_who_begins(!e->in), say_time(m->told_us - e->at_us, n));
	else if (m->n)
		say(s, "%s told by ECE at once.", say_who_begins(!e->in));
	say_mark_cut(s, m);
	say_end(s);
}

void say_window_closed(struct say *s, const struct explain_ep *e)
{
	uint64_t n = e->window.probes;
	char t[FMT_TEXT];

	say_at(s, e->at_us);
	if (e->in)
		say(s,
		    "The peer's window was closed: its buffer was full, since "
		    "its application did not read, and it took nothing.");
	else
		say(s,
		    "The stack closed its window: its buffer was full, since "
		    "the service did not read, and it took nothing.");
	if (n)
		say(s,
		    "%s asked %s by a window probe%s, so that news of an "
		    "opening that is lost does not stop both for good.",
		    say_who_begins(!e->in), times(n, t), say_rfc(s, 9293));
	if (e->end_us != EXPLAIN_NONE)
		say(s, "It opened again after %s.",
		    say_time(e->end_us - e->at_us, t));
	else
		say(s, "It did not open again.");
	say_end(s);
}

void say_keepalive(struct say *s, const struct explain_ep *e)
{
	const struct explain_alive *a = &e->alive;
	char t[FMT_TEXT];

	say_at(s, e->at_us);
	say(s,
	    "Nothing had come from the peer for %s, so the stack asked whether "
	    "it still lives: %" PRIu64 " keepalive probe%s%s.",
	    say_time(a->idle_us, t), a->probes, plural(a->probes),
	    say_rfc(s, 9293));
	if (a->answer_us != EXPLAIN_NONE)
		say(s, "It answered %s after the first.",
		    say_time(a->answer_us - e->at_us, t));
	else
		say(s, "It did not answer.");
	say_end(s);
}

void say_error(struct say *s, const struct explain_ep *e)
{
	char n[FMT_TEXT];

	say_at(s, e->at_us);
	say(s, "Bad news that did not end it: %s", e->error.what);
	if (e->error.n > 1)
		say(s, ", %s times", say_count(e->error.n, n));
	say(s, ". The stack goes on trying%s.", say_rfc(s, 5461));
	say_end(s);
}

void say_refused(struct say *s, const struct explain_ep *e)
{
	char n[FMT_TEXT];

	say_at(s, e->at_us);
	if (e->error.n == 1)
		say(s,
		    "The stack dropped a segment that came in, and counted "
		    "it as %s.",
		    e->error.what);
	else
		say(s,
		    "From here on the stack dropped %s segments that came in, "
		    "and counted them as %s.",
		    say_count(e->error.n, n), e->error.what);
	say_end(s);
}

void say_gap(struct say *s, const struct explain_ep *e)
{
	char n[FMT_TEXT];

	say_at(s, e->at_us);
	say(s,
	    "Here %s events are missing%s: the history of a connection is "
	    "bounded.",
	    say_count(e->gap.skipped, n),
	    e->gap.places > 1 ? ", and at other places behind, in all" : "");
	say(s, "What is told is right, but not all; totals are exact unless "
	       "they say otherwise.");
	say_end(s);
}

/* SPDX-License-Identifier: MIT */
/*
 * explain_say_end.c - how it began, what was sent, how it ended, the sums
 */

#include <inttypes.h>
#include <string.h>

#include "explain_say.h"

#define GOODPUT_MIN_US 1000u /* over less it says nothing */

/* ---------------------------------------------------------------------- the begin */

static void say_handshake(struct say *s, const struct explain_open *o)
{
	bool in = !o->active;
	char t[FMT_TEXT];

	if (o->syn_us == EXPLAIN_NONE) {
		say(s,
		    "It was opened by %s. The handshake itself was not "
		    "kept.",
		    say_who(in));
		return;
	}
	if (o->crossed)
		say(s,
		    "Both sides sent a SYN at the same time: a simultaneous "
		    "open%s.",
		    say_rfc(s, 9293));
	else
		say(s,
		    "%s opened it by a SYN%s; for the stack that is %s open.",
		    say_who_begins(in), say_rfc(s, 9293),
		    in ? "a passive" : "an active");
	if (o->done_us == EXPLAIN_NONE) {
		say(s, o->synack_us == EXPLAIN_NONE
			       ? "It was never answered by a SYN-ACK."
			       : "There was a SYN-ACK, but it was never "
				 "established.");
		return;
	}
	say(s,
	    "%s answered by a SYN-ACK, %s acknowledged that: the three-way "
	    "handshake, after which both know that the other one hears them.",
	    say_who_begins(!in), say_who(in));
	if (o->done_us > o->syn_us)
		say(s, "It took %s.", say_time(o->done_us - o->syn_us, t));
}

static void say_agreed(struct say *s, const struct explain_open *o)
{
	char n[FMT_TEXT];

	if (!o->known)
		return;
	say_end(s);
	say_label(s, "");
	say(s, "Agreed:");
	if (o->mss)
		say(s,
		    "at most %s bytes of data in a segment (MSS and options);",
		    say_count(o->mss, n));
	if (o->scaled)
		say(s,
		    "windows in units of 2^%" PRIu64 " bytes (the peer's) and "
		    "2^%" PRIu64 " (the stack's)%s;",
		    o->scale_in, o->scale_out, say_rfc(s, 7323));
	else
		say(s, "no window scaling, so no window above 65,535 bytes;");
	say(s, o->timestamps ? "timestamps%s;" : "no timestamps%s;",
	    o->timestamps ? say_rfc(s, 7323) : "");
	say(s, o->sack ? "selective acknowledgements, SACK%s;" : "no SACK%s;",
	    o->sack ? say_rfc(s, 2018) : "");
	say(s, o->ecn ? "congestion marks, ECN%s." : "no ECN%s.",
	    o->ecn ? say_rfc(s, 3168) : "");
	if (*o->cc)
		say(s, "The stack's congestion control is %s%s.", o->cc,
		    !strcmp(o->cc, "cubic") ? say_rfc(s, 9438)
					    : say_rfc(s, 5681));
}

void say_open(struct say *s, const struct explain_ep *e)
{
	say_at(s, e->at_us);
	say_handshake(s, &s->x->open);
	say_agreed(s, &s->x->open);
	say_end(s);
}

/* ------------------------------------------------------------------------- the data */

static void say_amount(struct say *s, const struct explain_flow *f, bool in)
{
	char n[FMT_TEXT];
	char k[FMT_TEXT];

	say(s, "%s%s byte%s in %s segment%s", f->vague ? "at least " : "",
	    say_count(f->bytes[in], n), f->bytes[in] == 1 ? "" : "s",
	    say_count(f->segs[in], k), f->segs[in] == 1 ? "" : "s");
}

void say_flow(struct say *s, const struct explain_ep *e)
{
	const struct explain_flow *f = &e->flow;
	char t[FMT_TEXT];

	say_at(s, e->at_us);
	if (f->both && f->bytes[0] && f->bytes[1]) {
		say(s, "From here on data went both ways:");
		say_amount(s, f, false);
		say(s, "from the stack,");
		say_amount(s, f, true);
		say(s, "from the peer");
	} else {
		say(s, "%s sent", say_who_begins(e->in));
		say_amount(s, f, e->in);
	}
	if (e->end_us > e->at_us)
		say(s, ", over %s", say_time(e->end_us - e->at_us, t));
	say(s, ".");
	say_end(s);
}

/* -------------------------------------------------------------------------- the end */

static void say_half(struct say *s, const struct explain_close *c)
{
	char n[FMT_TEXT];

	if (c->half_out)
		say(s,
		    "Half-closed meanwhile: the stack went on to send %s "
		    "bytes, since a FIN ends one direction only.",
		    say_count(c->half_out, n));
	if (c->half_in)
		say(s,
		    "Half-closed meanwhile: the peer went on to send %s "
		    "bytes, since a FIN ends one direction only.",
		    say_count(c->half_in, n));
}

static void say_time_wait(struct say *s, bool both)
{
	say(s,
	    "%s waits in TIME-WAIT%s, for twice the longest life of a segment: "
	    "to acknowledge the other FIN again should that ACK be lost, and so "
	    "that no old segment is taken for one of a later connection between "
	    "the same ports.",
	    both ? "Each side" : "The stack", say_rfc(s, 9293));
}

static void say_fins(struct say *s, const struct explain_close *c, bool in)
{
	uint64_t first = in ? c->fin_in_us : c->fin_out_us;
	uint64_t other = in ? c->fin_out_us : c->fin_in_us;
	char t[FMT_TEXT];

	if (first != EXPLAIN_NONE && other != EXPLAIN_NONE && other > first)
		say(s, "%s's FIN came %s later.", say_who_begins(!in),
		    say_time(other - first, t));
	else if (first != EXPLAIN_NONE && other == first)
		say(s, "%s's FIN came at once.", say_who_begins(!in));
}

static void say_reset(struct say *s, const struct explain_close *c)
{
	bool in = c->way == EXPLAIN_WAY_RESET;

	say(s,
	    "%s reset the connection (RST)%s: it ended at once, without a FIN, "
	    "and what was under way or not read yet is lost.",
	    say_who_begins(in), say_rfc(s, 9293));
	if (!in && c->fin_in_us == EXPLAIN_NONE && c->rst_us == EXPLAIN_NONE)
		say(s, "No RST of it was seen.");
}

static void say_timeout(struct say *s)
{
	const struct explain_sums *sums = &s->x->sums;
	char n[FMT_TEXT];

	say(s, "The stack gave up: the peer did not answer any more%s.",
	    say_rfc(s, 9293));
	if (sums->by[LIFE_CAUSE_RTO] + sums->by[LIFE_CAUSE_SYN])
		say(s, "The timer had sent again %s times by then.",
		    say_count(sums->by[LIFE_CAUSE_RTO] +
				      sums->by[LIFE_CAUSE_SYN],
			      n));
}

static void say_normal(struct say *s, const struct explain_close *c)
{
	char t[FMT_TEXT];

	switch (c->way) {
	case EXPLAIN_WAY_ACTIVE:
		say(s, "The stack closed first (active close) by a FIN");
		if (c->acked_us != EXPLAIN_NONE)
			say(s, ", acknowledged %s later",
			    say_time(c->acked_us - c->fin_out_us, t));
		say(s, ".");
		say_half(s, c);
		say_fins(s, c, false);
		say_time_wait(s, false);
		return;
	case EXPLAIN_WAY_PASSIVE:
		say(s,
		    "The peer closed first by a FIN; for the stack that is a "
		    "passive close.");
		say_half(s, c);
		say_fins(s, c, true);
		if (c->acked_us != EXPLAIN_NONE)
			say(s,
			    "It was acknowledged %s later, and that was "
			    "all:",
			    say_time(c->acked_us - c->fin_out_us, t));
		say(s, "TIME-WAIT is the business of who closes first%s.",
		    say_rfc(s, 9293));
		return;
	default:
		say(s, "Both sides closed at the same time, their FINs crossed "
		       "(simultaneous close).");
		say_half(s, c);
		say_time_wait(s, true);
		return;
	}
}

void say_close(struct say *s, const struct explain_ep *e)
{
	const struct explain_close *c = &s->x->close;

	say_at(s, e->at_us);
	switch (c->way) {
	case EXPLAIN_WAY_RESET:
	case EXPLAIN_WAY_ABORT:
		say_reset(s, c);
		break;
	case EXPLAIN_WAY_REFUSED:
		say(s,
		    "The peer refused it: a RST in answer to the SYN%s. "
		    "Nobody listens there.",
		    say_rfc(s, 9293));
		break;
	case EXPLAIN_WAY_TIMEOUT:
		say_timeout(s);
		break;
	case EXPLAIN_WAY_OTHER:
		say(s, "It ended: %s.", c->reason);
		break;
	default:
		say_normal(s, c);
		break;
	}
	say_end(s);
}

/* ------------------------------------------------------------------------- the sums */

static void say_data(struct say *s, bool in)
{
	const struct explain_sums *sums = &s->x->sums;
	uint64_t us = sums->last_us[in] - sums->first_us[in];
	char n[FMT_TEXT];
	char r[FMT_TEXT];
	char t[FMT_TEXT];

	say_label(s, in ? "data in" : "data out");
	say(s, "%s bytes%s", say_count(sums->bytes[in], n),
	    in ? " received" : " acknowledged");
	if (sums->bytes[in] && sums->first_us[in] != EXPLAIN_NONE &&
	    sums->last_us[in] != EXPLAIN_NONE &&
	    sums->last_us[in] > sums->first_us[in] + GOODPUT_MIN_US)
		say(s, ", goodput %s/s over %s",
		    fmt_bytes((double)sums->bytes[in] * 1e6 / (double)us, r),
		    say_time(us, t));
	say_end(s);
}

static void say_segments(struct say *s)
{
	const struct explain_sums *sums = &s->x->sums;
	const char *least = sums->exact ? "" : "at least ";
	const char *gone = sums->all_seen ? "" : "at least ";
	char n[FMT_TEXT];

	say_label(s, "segments");
	say(s, "%s%s out", least, say_count(sums->segs[0], n));
	if (sums->gone[0])
		say(s, "(of them %s%s lost by rules)", gone,
		    say_count(sums->gone[0], n));
	say(s, ", %s%s in", least, say_count(sums->segs[1], n));
	if (sums->gone[1])
		say(s, "(and %s%s lost by rules)", gone,
		    say_count(sums->gone[1], n));
	say_end(s);
}

static void say_again(struct say *s)
{
	const struct explain_sums *sums = &s->x->sums;
	const char *mark = ":";
	uint64_t known = 0;
	char n[FMT_TEXT];

	say_label(s, "sent again");
	say(s, "%s segment%s", say_count(sums->retrans, n),
	    sums->retrans == 1 ? "" : "s");
	for (uint32_t c = 0; c < LIFE_CAUSES; c++) {
		const char *word = say_mechanism((uint8_t)c);

		if (!sums->by[c] || !word)
			continue;
		say(s, "%s %s by %s", mark, say_count(sums->by[c], n), word);
		mark = ",";
		known += sums->by[c];
	}
	if (known && known < sums->retrans)
		say(s, "; of the others the cause was not kept");
	say_end(s);
}

static void say_times(struct say *s)
{
	const struct explain_sums *sums = &s->x->sums;
	char t[FMT_TEXT];

	say_label(s, "round trip");
	if (sums->rtt_min_us == EXPLAIN_NONE && !sums->srtt_us)
		say(s, "not measured");
	if (sums->rtt_min_us != EXPLAIN_NONE)
		say(s, "%s at least", say_time(sums->rtt_min_us, t));
	if (sums->rtt_min_us != EXPLAIN_NONE &&
	    sums->rtt_max_us > sums->rtt_min_us)
		say(s, ", %s at most", say_time(sums->rtt_max_us, t));
	if (sums->srtt_us)
		say(s, "%s %s smoothed at the end",
		    sums->rtt_min_us != EXPLAIN_NONE ? "," : "",
		    say_time(sums->srtt_us, t));
	if (sums->rto_us)
		say(s, "; the retransmission timeout was %s",
		    say_time(sums->rto_us, t));
	say_end(s);
}

static void say_windows(struct say *s)
{
	const struct explain_sums *sums = &s->x->sums;
	char b[SAY_TEXT];

	if (!sums->cwnd)
		return;
	say_label(s, "cwnd");
	say(s, "%s at the end", say_window(s, sums->cwnd, b));
	if (sums->cwnd_max > sums->cwnd)
		say(s, ", %s at most", say_window(s, sums->cwnd_max, b));
	if (sums->ssthresh != LIFE_NONE)
		say(s, "; ssthresh %s", say_window(s, sums->ssthresh, b));
	else
		say(s, "; no ssthresh: it never left slow start by a loss");
	say_end(s);
}

void say_totals(struct say *s)
{
	const struct explain_close *c = &s->x->close;
	char t[FMT_TEXT];

	say_label(s, "lasted");
	say(s, "%s", say_time(s->x->sums.age_us, t));
	if (c->way == EXPLAIN_WAY_NONE)
		say(s, ", and is still there%s%s%s", *c->state ? " (" : "",
		    c->state, *c->state ? ")" : "");
	say_end(s);
	say_data(s, false);
	say_data(s, true);
	say_segments(s);
	say_again(s);
	say_times(s);
	say_windows(s);
}

/* SPDX-License-Identifier: MIT */
/*
 * explain_say_loss.c - losses in words: cause, discovery, repair, cost
 */

#include <inttypes.h>
#include <string.h>

#include "explain_say.h"

/* ---------------------------------------------------------------- mechanisms */

/* How a loss is found: "Found 20ms later" @by, an RFC, @why. */
static const struct {
	uint32_t rfc;
	const char *word;
	const char *by;
	const char *why;
} mechanisms[LIFE_CAUSES] = {
	[LIFE_CAUSE_RTO] = { 6298, "the retransmission timer",
			     "by the retransmission timer",
			     ", the last resort: nothing that was sent later "
			     "had told sooner." },
	[LIFE_CAUSE_DUPACK] = { 5681, "duplicate acknowledgements",
				"by the third duplicate acknowledgement",
				": three segments had come behind it. That is "
				"fast retransmit." },
	[LIFE_CAUSE_PARTIAL_ACK] = { 6582, "partial acknowledgements",
				     "by a partial acknowledgement",
				     ": it took in what had been sent again "
				     "before, and stopped short of this." },
	[LIFE_CAUSE_SYN] = { 6298, "the timer of the handshake",
			     "by the timer of the handshake",
			     ", for want of an answer." },
	[LIFE_CAUSE_RACK] = { 8985, "RACK", "by RACK",
			      ": something sent after it was acknowledged, so "
			      "this should have been." },
	[LIFE_CAUSE_SACK] = { 6675, "SACK", "by SACK",
			      ": three segments behind it were acknowledged "
			      "selectively." },
	[LIFE_CAUSE_TLP] = { 8985, "the tail loss probe",
			     "by a tail loss probe",
			     ": nothing came behind it that could tell, so "
			     "after about two round trips of silence the last "
			     "segment was sent again to see." },
	[LIFE_CAUSE_MTU] = { 1191, "path MTU discovery",
			     "by path MTU discovery",
			     ": it was too big for a link on the way, and "
			     "goes again in smaller pieces." },
	[LIFE_CAUSE_WND_PROBE] = { 9293, "the window probe",
				   "by the probe of a closed window", "." },
};

const char *say_mechanism(uint8_t cause)
{
	return cause < LIFE_CAUSES ? mechanisms[cause].word : NULL;
}

/* ------------------------------------------------------------------- what it was */

static const char *ordinal(uint64_t n, char buf[FMT_TEXT])
{
	static const char *const words[] = { "first",	"second", "third",
					     "fourth",	"fifth",  "sixth",
					     "seventh", "eighth", "ninth",
					     "tenth" };
	static const char *const ends[] = { "th", "st", "nd", "rd" };
	uint64_t last = n % 10;

	if (n >= 1 && n <= sizeof(words) / sizeof(words[0]))
		return words[n - 1];
	if (last > 3 || (n % 100 >= 11 && n % 100 <= 13))
		last = 0;
	(void)snprintf(buf, FMT_TEXT, "%" PRIu64 "%s", n, ends[last]);
	return buf;
}

/* Does it carry no data, only a SYN or a FIN? */
static const char *bare_name(const struct explain_loss *h)
{
	if (h->flags & LIFE_SYN)
		return h->flags & LIFE_ACK ? "SYN-ACK" : "SYN";
	return h->flags & LIFE_FIN && h->end - h->seq == 1 ? "FIN" : NULL;
}

/* "the stack's third data segment (bytes 2,897 to 4,344)" */
static void say_what(struct say *s, const struct explain_ep *e, bool begins)
{
	const struct explain_loss *h = &e->loss;
	uint64_t last = h->end - 1 - (h->flags & LIFE_FIN ? 1 : 0);
	const char *who = begins ? say_who_begins(e->in) : say_who(e->in);
	char a[FMT_TEXT];
	char b[FMT_TEXT];

	if (bare_name(h)) {
		say(s, "%s's %s", who, bare_name(h));
		return;
	}
	if (h->nth && h->segs > 1)
		say(s, "%s's data segments %" PRIu64 " to %" PRIu64, who,
		    h->nth, h->nth + h->segs - 1);
	else if (h->nth)
		say(s, "%s's %s data segment", who, ordinal(h->nth, a));
	else if (h->segs > 1)
		say(s, "%" PRIu64 " of %s's segments in a row", h->segs,
		    say_who(e->in));
	else
		say(s, "%s's data segment", who);
	say(s, "(byte%s %s to %s%s)", last > h->seq ? "s" : "",
	    say_count(h->seq, a), say_count(last, b),
	    h->flags & LIFE_FIN ? ", FIN" : "");
}

static const char *were(const struct explain_loss *h)
{
	return h->segs > 1 && !bare_name(h) ? "were" : "was";
}

static void say_damage(struct say *s, const struct explain_ep *e)
{
	const struct explain_loss *h = &e->loss;

	if (h->hit.faults & LIFE_F_LOST) {
		say_what(s, e, true);
		say(s, "%s lost by", were(h));
		say_rule(s, &h->hit);
		say(s, ".");
		return;
	}
	if (h->hit.faults & LIFE_F_CORRUPTED) {
		say(s, h->segs > 1 ? "A bit of each of" : "A bit of");
		say_what(s, e, false);
		say(s, "was flipped by");
		say_rule(s, &h->hit);
		say(s,
		    "; %s saw that the checksum did not fit, and dropped "
		    "it. To TCP that is a loss.",
		    say_who(!e->in));
		return;
	}
	say_what(s, e, true);
	say(s, "%s cut short by", were(h));
	say_rule(s, &h->hit);
	say(s,
	    "; %s dropped the rest, since length and checksum did not fit. "
	    "To TCP that is a loss.",
	    say_who(!e->in));
}

/* "was kept for 5.0ms by ..." */
static void say_kept(struct say *s, const struct explain_loss *h)
{
	char t[FMT_TEXT];

	if (h->hit.delay_us && !(h->hit.faults & LIFE_F_HELD))
		say(s, "%s kept for %s by", were(h),
		    say_time(h->hit.delay_us, t));
	else
		say(s, "%s held back, until the next one had passed, by",
		    were(h));
	say_rule(s, &h->hit);
}

/* Held for lost, and nothing of ours has lost it. */
static void say_doubt(struct say *s, const struct explain_ep *e)
{
	const struct explain_loss *h = &e->loss;
	bool kept = (h->hit.faults & (LIFE_F_DELAYED | LIFE_F_HELD)) != 0;

	say_what(s, e, true);
	if (kept) {
		say_kept(s, h);
		say(s, "and came late.");
	} else if (h->undo || h->needless) {
		say(s, "%s held for lost, and had come.", were(h));
	} else if (h->cause == LIFE_CAUSE_TLP) {
		say(s, "%s not acknowledged in time.", were(h));
	} else {
		say(s,
		    "%s missing. No rule here did that: it was lost, or "
		    "late, on its way.",
		    were(h));
	}
}

/* ---------------------------------------------------------------- how it was found */

static void say_found(struct say *s, const struct explain_loss *h)
{
	uint8_t cause = h->cause < LIFE_CAUSES ? h->cause : LIFE_CAUSE_NONE;
	char t[FMT_TEXT];

	if (h->found_us == EXPLAIN_NONE) {
		say(s, "It was not found out.");
		return;
	}
	if (h->dated)
		say(s, "Found %s later", say_time(h->found_us - h->sent_us, t));
	else
		say(s, "Found");
	if (h->prompted)
		say(s, "because the peer, without an answer, sent its SYN "
		       "again.");
	else if (!mechanisms[cause].by)
		say(s, "(%s).", life_cause_name(h->cause));
	else
		say(s, "%s%s%s", mechanisms[cause].by,
		    say_rfc(s, mechanisms[cause].rfc), mechanisms[cause].why);
}

/* A probe that did not spare the timer. */
static void say_probe(struct say *s, const struct explain_loss *h)
{
	bool answer = h->sign_us != EXPLAIN_NONE && h->sign_us >= h->probe_us;
	uint64_t rtt = s->x->sums.rtt_min_us;
	char t[FMT_TEXT];

	if (!answer) {
		say(s, "A tail loss probe%s before had no answer.",
		    say_rfc(s, 8985));
		return;
	}
	say(s, "A tail loss probe%s before was answered after %s",
	    say_rfc(s, 8985), say_time(h->sign_us - h->probe_us, t));
	if (rtt != EXPLAIN_NONE && h->sign_us - h->probe_us < rtt)
		say(s, ", sooner than any round trip: RACK takes no lesson "
		       "from a copy that may not be what was acknowledged");
	else
		say(s, ", which did not show this loss");
	say(s, ".");
}

/* What would have been without the mechanism. */
static void say_instead(struct say *s, const struct explain_loss *h)
{
	char t[FMT_TEXT];
	char u[FMT_TEXT];

	if (h->found_us == EXPLAIN_NONE || h->prompted)
		return;
	if (h->cause == LIFE_CAUSE_RTO || h->cause == LIFE_CAUSE_SYN) {
		if (h->rto_us)
			say(s, "Its timeout was %s.", say_time(h->rto_us, t));
		if (h->probe_us != EXPLAIN_NONE)
			say_probe(s, h);
		return;
	}
	if (h->probe_us != EXPLAIN_NONE && h->probe_us < h->found_us)
		say(s, "What told of it was the answer to a tail loss probe%s.",
		    say_rfc(s, 8985));
	if (h->left_us == EXPLAIN_NONE && h->cause == LIFE_CAUSE_TLP)
		say(s,
		    "The retransmission timer%s was due at the same time; the "
		    "probe took its turn, which spares the congestion window "
		    "the fall to one segment.",
		    say_rfc(s, 6298));
	if (h->left_us != EXPLAIN_NONE && h->cause != LIFE_CAUSE_MTU)
		say(s,
		    "Without that the retransmission timer%s would have "
		    "fired %s later (its timeout was %s).",
		    say_rfc(s, 6298), say_time(h->left_us, t),
		    say_time(h->rto_us, u));
}

/* The peer's losses: what the stack saw, and could tell. */
static void say_hole(struct say *s, const struct explain_loss *h)
{
	bool sack = s->x->open.sack || !s->x->open.known;
	char t[FMT_TEXT];
	char n[FMT_TEXT];

	if (h->flags & LIFE_SYN) {
		say(s,
		    "The stack could not know of it. The peer's timer, "
		    "one second at first%s, had to.",
		    say_rfc(s, 6298));
		return;
	}
	if (h->sign_us == EXPLAIN_NONE && h->vague)
		return; /* what came then was not kept */
	if (h->sign_us == EXPLAIN_NONE) {
		say(s, "Nothing came behind it, so the stack could not tell: "
		       "the peer's own timer or probe had to.");
		return;
	}
	say(s,
	    "The stack saw the hole %s later, when something behind it came; "
	    "it kept %s segment%s and said so, each time at once%s%s.",
	    say_time(h->sign_us - h->sent_us, t), say_count(h->signs, n),
	    h->signs == 1 ? "" : "s",
	    sack ? ", by SACK blocks" : ", by duplicate acknowledgements",
	    say_rfc(s, sack ? 2018 : 5681));
}

/* --------------------------------------------------------------------------- repair */

static void say_copies(struct say *s, const struct explain_loss *h)
{
	char t[FMT_TEXT];

	if (h->tries == 0)
		say(s, h->vague ? "" : "It was not sent again.");
	else if (h->tries == 1 && !h->dated)
		say(s, "Sent again at once");
	else if (h->tries == 1)
		say(s, "Sent again %s after the first time",
		    say_time(h->again_us - h->sent_us, t));
	else
		say(s,
		    "Sent again %" PRIu64 " times, the last %s after the "
		    "first transmission",
		    h->tries, say_time(h->last_us - h->sent_us, t));
	if (h->tries && h->gone_again)
		say(s, "(%s lost as well)",
		    h->gone_again == 1		? "one copy was"
		    : h->gone_again == h->tries ? "all copies were"
						: "some copies were");
}

static void say_repair(struct say *s, const struct explain_ep *e)
{
	const struct explain_loss *h = &e->loss;
	char t[FMT_TEXT];

	say_copies(s, h);
	if (h->vague) {
		say(s,
		    h->tries ? "; when it was acknowledged was not kept." : "");
		return;
	}
	if (h->done_us == EXPLAIN_NONE) {
		say(s, h->tries ? "and never %s." : "It never %s.",
		    e->in      ? "came"
		    : h->tries ? "acknowledged"
			       : "was acknowledged");
		return;
	}
	if (h->tries)
		say(s, "%s %s.", h->tries > 1 ? ", and then" : "and",
		    e->in ? "came" : "acknowledged");
	say(s, "From first transmission to %s it took %s",
	    e->in ? "arrival" : "acknowledgement",
	    say_time(h->done_us - h->sent_us, t));
	if (h->stall_us && !bare_name(h))
		say(s, "; the stream stood still for %s",
		    say_time(h->stall_us, t));
	say(s, ".");
}

/* ----------------------------------------------------------------------------- window */

static void say_cut(struct say *s, const struct explain_loss *h)
{
	const struct explain_cut *c = &h->cut;
	bool prr = h->cause == LIFE_CAUSE_RACK || h->cause == LIFE_CAUSE_SACK;
	char a[SAY_TEXT];
	char b[SAY_TEXT];

	if (h->flags & LIFE_SYN) {
		if (c->cut)
			say(s,
			    "After a lost SYN or SYN-ACK the congestion window "
			    "begins with %s%s.",
			    say_window(s, c->cwnd_after, a), say_rfc(s, 5681));
		return;
	}
	if (h->shared && h->found_us != EXPLAIN_NONE && !h->undo) {
		say(s, "The window was not cut for it: it is part of a "
		       "recovery that was under way.");
		return;
	}
	if (!c->cut)
		return;
	say(s, "The congestion window went");
	if (c->cwnd_before)
		say(s, "from %s", say_window(s, c->cwnd_before, a));
	if (h->cause == LIFE_CAUSE_RTO) {
		say(s, "to %s; slow start%s takes it up to ssthresh, %s.",
		    say_window(s, c->cwnd_after, a), say_rfc(s, 5681),
		    say_window(s, c->ssthresh, b));
		return;
	}
	say(s, "to %s, and so did ssthresh", say_window(s, c->ssthresh, b));
	if (prr)
		say(s, "; PRR%s spreads that over a round trip",
		    say_rfc(s, 9937));
	if (h->cause == LIFE_CAUSE_TLP)
		say(s, "although the probe has mended it: a loss is a sign of "
		       "congestion");
	say(s, ".");
}

static void say_undo(struct say *s, const struct explain_loss *h)
{
	static const struct {
		uint32_t rfc;
		const char *text;
	} how[] = {
		[EXPLAIN_UNDO_DSACK] = { 2883, "a duplicate SACK says that the "
					       "peer got both copies" },
		[EXPLAIN_UNDO_TIMEOUT] = { 5682, "what was sent before the "
						 "timeout was acknowledged "
						 "(F-RTO)" },
		[EXPLAIN_UNDO_TIMESTAMP] = { 3522, "the timestamp that came "
						   "back was the first "
						   "copy's" },
	};
	char a[SAY_TEXT];
	char t[FMT_TEXT];

	if (!h->undo) {
		if (h->needless)
			say(s,
			    "It was sent again for nothing: the peer had "
			    "got it, as its duplicate SACK says%s.",
			    say_rfc(s, 2883));
		return;
	}
	/* Of several in one recovery that was another one. */
	say(s,
	    h->gone ? "The recovery was taken for spurious: %s%s."
		    : "It was spurious: %s%s.",
	    how[h->undo].text, say_rfc(s, how[h->undo].rfc));
	if (h->cut.undone_us != EXPLAIN_NONE)
		say(s,
		    "So %s after it was held for lost the cut was taken "
		    "back: the congestion window is %s again.",
		    say_time(h->cut.undone_us - h->found_us, t),
		    say_window(s, h->cut.cwnd_undone, a));
}

/* ------------------------------------------------------------------------------- all */

void say_loss(struct say *s, const struct explain_ep *e)
{
	say_at(s, e->at_us);
	if (e->loss.gone)
		say_damage(s, e);
	else
		say_doubt(s, e);
	say_break(s);
	if (e->in) {
		say_hole(s, &e->loss);
		say_break(s);
		say_repair(s, e);
	} else {
		say_found(s, &e->loss);
		say_instead(s, &e->loss);
		say_break(s);
		say_repair(s, e);
		say_break(s);
		say_cut(s, &e->loss);
		say_break(s);
		say_undo(s, &e->loss);
	}
	say_end(s);
}

/* The peer's data that came behind what was sent after it. */
static void say_late_in(struct say *s, const struct explain_loss *h)
{
	char t[FMT_TEXT];
	char n[FMT_TEXT];

	say(s,
	    "came %s after what the peer sent behind it. The stack kept the "
	    "%s segment%s that had come, said which by SACK blocks%s, and "
	    "handed all on in order.",
	    say_time(h->stall_us, t), say_count(h->signs, n),
	    h->signs == 1 ? "" : "s", say_rfc(s, 2018));
	if (!h->hit.faults)
		say(s, "Whether it was late or sent again cannot be told from "
		       "here.");
}

/* It was held for lost, and came before it could be sent again. */
static void say_late_held(struct say *s, const struct explain_loss *h)
{
	const char *word = say_mechanism(h->cause);
	char t[FMT_TEXT];

	say(s,
	    "came late to the peer. %s%s%s held it for lost %s after it was "
	    "sent, but its acknowledgement came before it could be sent again.",
	    word ? "By " : "", word ? word : "The stack",
	    word ? " the stack" : "", say_time(h->found_us - h->sent_us, t));
	say_break(s);
	say_cut(s, h);
}

static void say_late_out(struct say *s, const struct explain_loss *h)
{
	char t[FMT_TEXT];
	char n[FMT_TEXT];

	say(s, "came late to the peer");
	if (h->sign_us != EXPLAIN_NONE)
		say(s,
		    ": %s acknowledgement%s said that what was sent behind it "
		    "was there",
		    say_count(h->signs, n), h->signs == 1 ? "" : "s");
	if (h->sign_us != EXPLAIN_NONE && h->done_us != EXPLAIN_NONE)
		say(s, ", for %s", say_time(h->done_us - h->sign_us, t));
	say(s, ".");
	say(s,
	    "It was not sent again, and the congestion window was not cut: "
	    "RACK%s waits for a part of the round trip, in case of reordering, "
	    "before it holds anything for lost.",
	    say_rfc(s, 8985));
	if (h->signs >= 3)
		say(s,
		    "The older rule of three duplicate acknowledgements%s "
		    "would have done both, for nothing.",
		    say_rfc(s, 5681));
}

void say_late(struct say *s, const struct explain_ep *e)
{
	const struct explain_loss *h = &e->loss;
	uint32_t kept = LIFE_F_DELAYED | LIFE_F_HELD;
	say_at(s, e->at_us);
	say_what(s, e, true);
	if (h->hit.faults & kept) {
		say_kept(s, h);
		say(s, "and");
	}
	if (e->in)
		say_late_in(s, h);
	else if (h->found_us != EXPLAIN_NONE)
		say_late_held(s, h);
	else
		say_late_out(s, h);
	say_end(s);
}

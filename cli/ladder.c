/* SPDX-License-Identifier: MIT */
/*
 * ladder.c - the life of a connection as a ladder diagram: what becomes of its
 *	      records
 *
 * A segment is an arrow with its words on it.  What we think (losses, windows) is
 * a note beside our line.  States, and a window that grew, are in the margin of
 * the segment that did it.
 */

#include "ladder.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fmt.h"
#include "ladder_text.h"
#include "page.h"

#define FOLD_SHOWN 3u /* of a run of ordinary segments */
#define ECN_CE	   3u

#define USED_AGAIN (1u << LIFE_FAULTS)
#define USED_SUPER (2u << LIFE_FAULTS)

/**
 * struct fold - a run of ordinary segments; the last one is drawn after all, for
 *		 something may go into its margin
 * @n:		records so far
 * @last:	the last one of them, if there are more than FOLD_SHOWN
 * @segs:	of what is folded: wire segments with data, of the peer's and ours
 * @end:	behind the last byte
 * @acks:	bare ACKs
 */
struct fold {
	uint64_t n;
	struct life_rec last;
	uint64_t segs[2];
	uint64_t end[2];
	uint64_t acks[2];
};

/**
 * struct ladder - a drawing
 * @p:		its lines
 * @fold_runs:	runs are to be folded
 * @carry:	state that the next segment will have brought about; or empty
 * @carry_us:	when
 * @time_wait_us: when it came into TIME-WAIT, LIFE_NONE = not yet
 * @cwnd:	what was shown last
 * @ssthresh:	the same
 * @rto_us:	the same
 * @used:	signs used: enum life_fault, USED_AGAIN, USED_SUPER
 * @fold:	the run at the moment
 * @closed:	how it ended; or empty
 */
struct ladder {
	struct page p;
	bool fold_runs;
	char carry[LIFE_WORD];
	uint64_t carry_us;
	uint64_t time_wait_us;
	uint64_t cwnd;
	uint64_t ssthresh;
	uint64_t rto_us;
	uint32_t used;
	struct fold fold;
	char closed[LADDER_NOTE];
};

struct ladder *ladder_new(const struct ladder_args *a)
{
	struct ladder *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->p.out = a->out;
	d->p.colour = a->colour;
	d->p.bare = a->bare;
	d->p.written_us = LIFE_NONE;
	d->fold_runs = a->fold;
	d->ssthresh = LIFE_NONE;
	d->time_wait_us = LIFE_NONE;
	return d;
}

void ladder_free(struct ladder *d)
{
	free(d);
}

__attribute__((format(printf, 4, 5))) static void note(struct ladder *d,
						       uint64_t t_us,
						       enum page_tint tint,
						       const char *fmt, ...)
{
	char text[LADDER_NOTE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	page_begin(&d->p, t_us);
	page_note(&d->p, tint, *text == '.', text);
}

/* ------------------------------------------------------------------- windows */

/* Is the timeout another one, beyond the noise of measuring? */
static bool rto_changed(const struct ladder *d, uint64_t rto_us)
{
	uint64_t diff = rto_us > d->rto_us ? rto_us - d->rto_us
					   : d->rto_us - rto_us;

	return !d->p.bare && rto_us && diff > d->rto_us / 8;
}

/* What changed, in the margin; what finds no room comes with a later one. */
static void windows_in_margin(struct ladder *d, const struct life_seg *s)
{
	char text[FMT_TEXT];
	char num[FMT_TEXT];

	if (!s->cwnd)
		return;
	if (s->ssthresh != d->ssthresh && s->ssthresh != LIFE_NONE) {
		(void)snprintf(text, sizeof(text), "ssth %" PRIu64,
			       s->ssthresh);
		if (page_margin(&d->p, text))
			d->ssthresh = s->ssthresh;
	}
	if (s->cwnd != d->cwnd) {
		(void)snprintf(text, sizeof(text), "cwnd %" PRIu64, s->cwnd);
		if (page_margin(&d->p, text))
			d->cwnd = s->cwnd;
	}
	if (rto_changed(d, s->rto_us)) {
		(void)snprintf(text, sizeof(text), "rto %s",
			       ladder_time(s->rto_us, num));
		if (page_margin(&d->p, text))
			d->rto_us = s->rto_us;
	}
}

static void on_metrics(struct ladder *d, const struct life_rec *r)
{
	const struct life_metrics *m = &r->metrics;
	char text[LADDER_NOTE] = "";
	char num[FMT_TEXT];
	int n = 0;

	if (m->cwnd != d->cwnd)
		n += snprintf(text, sizeof(text), ", cwnd %" PRIu64, m->cwnd);
	if (m->ssthresh != d->ssthresh && m->ssthresh != LIFE_NONE)
		n += snprintf(text + n, sizeof(text) - (size_t)n,
			      ", ssthresh %" PRIu64, m->ssthresh);
	if (rto_changed(d, m->rto_us)) {
		(void)snprintf(text + n, sizeof(text) - (size_t)n, ", rto %s",
			       ladder_time(m->rto_us, num));
		d->rto_us = m->rto_us;
	}
	d->cwnd = m->cwnd;
	d->ssthresh = m->ssthresh;
	if (*text)
		note(d, r->t_us, TINT_BLUE, "%s", text + 2);
}

/* -------------------------------------------------------------------- states */

/* Does our own SYN or FIN bring this state about? */
static bool is_by_sending(const char *state)
{
	return !strcmp(state, "SYN-SENT") || !strcmp(state, "FIN-WAIT-1") ||
	       !strcmp(state, "LAST-ACK");
}

static void state_alone(struct ladder *d, const char *state, uint64_t t_us)
{
	page_begin(&d->p, t_us);
	page_blank(&d->p, state);
}

static bool is_opening(const struct ladder *d)
{
	return !strcmp(d->carry, "SYN-SENT");
}

/* It is not brought about by the segment that follows. */
static void drop_carry(struct ladder *d)
{
	if (!*d->carry)
		return;
	page_begin(&d->p, d->carry_us);
	page_note(&d->p, TINT_BLUE, false,
		  is_opening(d) ? "opening: SYN is to be sent"
				: "closing: FIN goes behind the data");
	(void)page_margin(&d->p, d->carry);
	d->carry[0] = '\0';
}

/* Does it?  A FIN behind data goes later. */
static bool brings_carry(const struct ladder *d, const struct life_rec *r)
{
	const struct life_seg *s = &r->seg;

	return s->out && s->flags & (LIFE_SYN | LIFE_FIN) &&
	       (r->t_us == d->carry_us || !s->len);
}

/* What is left of a connection in TIME-WAIT is an entry without a state of its
 * own: that it is CLOSED at once would be misleading.
 */
static bool is_reduced(const struct ladder *d, const struct life_rec *r)
{
	return !strcmp(r->state.from, "TIME-WAIT") &&
	       r->t_us == d->time_wait_us;
}

/* Beside the segment that brought it about, in front of other things there. */
static void on_state(struct ladder *d, const struct life_rec *r)
{
	const char *to = r->state.to;
	struct page_line *l = &d->p.line[0];

	drop_carry(d);
	if (is_reduced(d, r))
		return;
	if (!strcmp(to, "TIME-WAIT"))
		d->time_wait_us = r->t_us;
	if (is_by_sending(to)) {
		(void)snprintf(d->carry, sizeof(d->carry), "%s", to);
		d->carry_us = r->t_us;
		return;
	}
	if (!d->p.n || d->p.t_us != r->t_us) {
		state_alone(d, to, r->t_us);
		return;
	}
	if (!strncmp(l->margin, "cwnd", 4) || !strncmp(l->margin, "rto", 3) ||
	    !strncmp(l->margin, "ssth", 4)) {
		d->cwnd = 0; /* shown beside the next one */
		l->margin[0] = '\0';
	}
	if (*l->margin)
		state_alone(d, to, r->t_us);
	else
		(void)page_margin(&d->p, to);
}

/* ---------------------------------------------------------------- the records */

static void on_segment(struct ladder *d, const struct life_rec *r)
{
	const struct life_seg *s = &r->seg;
	struct ladder_words words;

	if (!brings_carry(d, r))
		drop_carry(d);
	page_begin(&d->p, r->t_us);
	ladder_segment(s, d->p.bare, &words);
	page_arrow(&d->p, s, &words);
	if (*d->carry)
		(void)page_margin(&d->p, d->carry);
	d->carry[0] = '\0';
	windows_in_margin(d, s);
	d->used |= s->hit.faults | (s->again ? USED_AGAIN : 0) |
		   (s->segs > 1 ? USED_SUPER : 0);
}

/* Nothing about it needs to be seen one by one. */
static bool is_ordinary(const struct life_rec *r)
{
	const struct life_seg *s = &r->seg;

	return r->kind == LIFE_SEGMENT && s->seen && !s->hit.faults &&
	       !s->again && !s->late && !s->copy && !s->dup && !s->nsack &&
	       s->cause == LIFE_CAUSE_NONE && s->ecn != ECN_CE &&
	       !(s->flags & ~(LIFE_ACK | LIFE_PSH)) && s->wnd;
}

static void end_fold(struct ladder *d)
{
	static const char *const way[] = { "in", "out" };
	const struct fold *f = &d->fold;
	char text[LADDER_NOTE] = "";
	size_t n = 0;

	for (int i = 1; i >= 0; i--) {
		if (f->segs[i])
			n += (size_t)snprintf(text + n, sizeof(text) - n,
					      "%" PRIu64
					      " segment%s %s to %" PRIu64 ", ",
					      f->segs[i],
					      f->segs[i] == 1 ? "" : "s",
					      way[i], f->end[i]);
		if (f->acks[i])
			n += (size_t)snprintf(text + n, sizeof(text) - n,
					      "%" PRIu64 " ack%s %s, ",
					      f->acks[i],
					      f->acks[i] == 1 ? "" : "s",
					      way[i]);
	}
	if (n)
		note(d, f->last.t_us, TINT_DIM, "... %.*s ...", (int)n - 2,
		     text);
	if (f->n > FOLD_SHOWN)
		on_segment(d, &f->last);
	d->fold.n = 0;
	memset(d->fold.segs, 0, sizeof(d->fold.segs));
	memset(d->fold.acks, 0, sizeof(d->fold.acks));
}

/* What was held for the last one of a run is not: count it. */
static void fold_last(struct ladder *d)
{
	const struct life_seg *s = &d->fold.last.seg;

	if (s->len) {
		d->fold.segs[s->out] += s->segs;
		d->fold.end[s->out] = s->end;
	} else {
		d->fold.acks[s->out]++;
	}
}

/* Is it one more of a run?  Then it waits for what comes behind it. */
static bool fold_it(struct ladder *d, const struct life_rec *r)
{
	if (!d->fold_runs)
		return false;
	if (!is_ordinary(r)) {
		end_fold(d);
		return false;
	}
	if (++d->fold.n <= FOLD_SHOWN)
		return false;
	if (d->fold.n > FOLD_SHOWN + 1)
		fold_last(d);
	d->fold.last = *r;
	return true;
}

void ladder_add(struct ladder *d, const struct life_rec *r)
{
	char text[LADDER_NOTE];

	if (fold_it(d, r))
		return;
	if (r->kind != LIFE_SEGMENT && r->kind != LIFE_STATE)
		drop_carry(d);
	switch (r->kind) {
	case LIFE_OPENED:
		(void)ladder_opened(&r->opened, text);
		note(d, r->t_us, TINT_DIM, "%s", text);
		break;
	case LIFE_STATE:
		on_state(d, r);
		break;
	case LIFE_SEGMENT:
		on_segment(d, r);
		break;
	case LIFE_LOST:
		note(d, r->t_us, TINT_BLUE, "%s",
		     ladder_lost(&r->lost, d->p.bare, text));
		break;
	case LIFE_METRICS:
		on_metrics(d, r);
		break;
	case LIFE_DROPPED:
		note(d, r->t_us, TINT_RED, "the stack dropped a packet: %s",
		     r->word);
		break;
	case LIFE_ERROR:
		note(d, r->t_us, TINT_RED, "soft error: %s", r->word);
		break;
	case LIFE_SKIPPED:
		note(d, r->t_us, TINT_DIM,
		     "... %" PRIu64 " events not kept ...", r->skipped);
		break;
	case LIFE_UNWATCHED:
		note(d, r->t_us, TINT_DIM,
		     "... ordinary segments not watched from here on ...");
		break;
	case LIFE_CLOSED:
		(void)ladder_closed(&r->closed, d->p.bare, d->closed);
		break;
	}
}

void ladder_flush(struct ladder *d)
{
	end_fold(d);
	drop_carry(d);
	page_flush(&d->p);
}

/* ------------------------------------------------------------- head and foot */

/* An endpoint as it is shown. */
static const char *shown(const struct ladder *d, const char *endpoint,
			 bool peer, char text[LIFE_TEXT])
{
	char *port;

	(void)snprintf(text, LIFE_TEXT, "%s", *endpoint ? endpoint : "?");
	port = strrchr(text, ':');
	if (d->p.bare && peer && port)
		*port = '\0';
	return text;
}

/* Left and right above the two lines, on a line each where they are long. */
static void write_ends(struct ladder *d, const char *left, const char *right)
{
	int pad = d->p.bare ? 0 : (int)PAGE_TIME + 1;
	int width = (int)PAGE_INNER + 2;

	if (strlen(left) + strlen(right) + 2 > (size_t)width) {
		fprintf(d->p.out, "%*s%s\n", pad, "", left);
		left = "";
	}
	fprintf(d->p.out, "%*s%s%*s\n", pad, "", left,
		width - (int)strlen(left), right);
}

/* When it began, as the clock on the wall showed it. */
static void write_began(struct ladder *d, const struct life *l)
{
	time_t began = (time_t)((l->begin_us + l->wall_us) / 1000000);
	char text[FMT_TEXT];
	struct tm tm;

	if (!l->wall_us || !localtime_r(&began, &tm))
		return;
	(void)strftime(text, sizeof(text), "%H:%M:%S", &tm);
	fprintf(d->p.out, ", began at %s.%03u", text,
		(unsigned int)((l->begin_us + l->wall_us) / 1000 % 1000));
}

void ladder_head(struct ladder *d, const struct life *l)
{
	char id[FMT_TEXT] = "";
	char peer[LIFE_TEXT];
	char us[LIFE_TEXT];
	char text[LADDER_NOTE];

	if (!d->p.bare)
		(void)snprintf(id, sizeof(id), " %" PRIu64, l->id);
	(void)snprintf(text, sizeof(text), "connection%s%s%s", id,
		       *l->service ? ", " : "", l->service);
	page_tinted(&d->p, TINT_BOLD, text);
	if (!d->p.bare) {
		write_began(d, l);
		fprintf(d->p.out, "; times in milliseconds");
	}
	fprintf(d->p.out, "\n\n");
	write_ends(d, shown(d, l->remote, true, peer),
		   shown(d, l->local, false, us));
	write_ends(d, "peer", "ustack");
}

/* What the signs mean that were used. */
static void write_legend(struct ladder *d)
{
	static const struct {
		uint32_t used;
		const char *text;
	} list[] = {
		{ USED_SUPER, "7x1448 segments in one packet" },
		{ LIFE_F_LOST, "X lost on the way" },
		{ USED_AGAIN, "= sent again" },
		{ LIFE_F_DELAYED, "~ delayed" },
		{ LIFE_F_DUPLICATED, "2 duplicated" },
		{ LIFE_F_CORRUPTED, "! corrupted" },
		{ LIFE_F_REORDERED, "^ overtakes others" },
		{ LIFE_F_HELD, "h held until the next has passed" },
		{ LIFE_F_MARKED, "c marked CE" },
		{ LIFE_F_TRUNCATED, "t truncated" },
		{ LIFE_F_TAMPERED, "* tampered with" },
	};
	struct fmt_wrap w = { .out = d->p.out };
	const char *before = "";

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (!(d->used & list[i].used))
			continue;
		if (*before)
			fmt_wrap_add(&w, "%s,", before);
		before = list[i].text;
	}
	if (*before)
		fmt_wrap_add(&w, "%s", before);
	fmt_wrap_end(&w);
}

/* A sentence, on as many lines as it needs. */
static void write_wrapped(struct ladder *d, const char *text)
{
	struct fmt_wrap w = { .out = d->p.out };

	while (*text) {
		size_t len = strcspn(text, " ");

		fmt_wrap_add(&w, "%.*s", (int)len, text);
		text += len + strspn(text + len, " ");
	}
	fmt_wrap_end(&w);
}

void ladder_foot(struct ladder *d, const struct life *l)
{
	ladder_flush(d);
	fprintf(d->p.out, "\n");
	if (*d->closed)
		write_wrapped(d, d->closed);
	else if (l->open)
		fprintf(d->p.out, "still open\n");
	if (l->dropped)
		fprintf(d->p.out, "%" PRIu64 " events could not be used\n",
			l->dropped);
	write_legend(d);
}

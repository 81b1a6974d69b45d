/* SPDX-License-Identifier: MIT */
/*
 * explain_say.c - episodes in words: paragraphs, and what is told in full
 */

#include "explain_say.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define TEXT_MAX  512u
#define SORTS_MAX 64u
#define MS_MAX_US 1000000000u /* written in milliseconds below that */

/* ---------------------------------------------------------------- paragraphs */

static void begin(struct say *s, const char *label)
{
	fprintf(s->w.out, "%s%10s%s ", s->colour ? "\033[1m" : "", label,
		s->colour ? "\033[0m" : "");
	s->w.col = SAY_INDENT - 1;
}

void say_at(struct say *s, uint64_t t_us)
{
	char buf[FMT_TEXT];

	if (t_us == EXPLAIN_NONE)
		buf[0] = '\0';
	else if (t_us < MS_MAX_US)
		(void)snprintf(buf, sizeof(buf), "%" PRIu64 ".%03u",
			       t_us / 1000, (unsigned int)(t_us % 1000));
	else
		(void)fmt_time((double)t_us, buf);
	begin(s, buf);
}

void say_label(struct say *s, const char *label)
{
	begin(s, label);
}

static void flush_word(struct say *s)
{
	if (*s->word)
		fmt_wrap_add(&s->w, "%s", s->word);
	s->word[0] = '\0';
}

/* A word waits for the stop or comma that may follow. */
static void add_word(struct say *s, const char *word)
{
	size_t len = strlen(s->word);

	if (!strchr(".,;:", word[0])) {
		flush_word(s);
		len = 0;
	}
	(void)snprintf(s->word + len, sizeof(s->word) - len, "%s", word);
}

void say(struct say *s, const char *fmt, ...)
{
	char text[TEXT_MAX];
	char *save = NULL;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *w = strtok_r(text, " ", &save); w;
	     w = strtok_r(NULL, " ", &save))
		add_word(s, w);
}

void say_break(struct say *s)
{
	say_end(s);
}

void say_end(struct say *s)
{
	flush_word(s);
	fmt_wrap_end(&s->w);
}

/* -------------------------------------------------------------------- phrases */

const char *say_rfc(struct say *s, uint32_t rfc)
{
	for (uint32_t i = 0; i < s->nrfc; i++)
		if (s->rfc[i] == rfc)
			return "";
	if (s->nrfc == SAY_RFCS_MAX)
		return "";
	s->rfc[s->nrfc++] = rfc;
	(void)snprintf(s->rfc_text, sizeof(s->rfc_text), " (RFC %" PRIu32 ")",
		       rfc);
	return s->rfc_text;
}

const char *say_count(uint64_t n, char buf[FMT_TEXT])
{
	return fmt_count((double)n, buf);
}

const char *say_time(uint64_t us, char buf[FMT_TEXT])
{
	return fmt_time((double)us, buf);
}

const char *say_who(bool in)
{
	return in ? "the peer" : "the stack";
}

const char *say_who_begins(bool in)
{
	return in ? "The peer" : "The stack";
}

const char *say_window(const struct say *s, uint64_t bytes, char buf[SAY_TEXT])
{
	uint64_t mss = s->x->open.mss;
	char n[FMT_TEXT];

	(void)say_count(bytes, n);
	if (!mss)
		(void)snprintf(buf, SAY_TEXT, "%s bytes", n);
	else
		(void)snprintf(buf, SAY_TEXT, "%s bytes (%.*f segment%s)", n,
			       bytes % mss ? 1 : 0, (double)bytes / (double)mss,
			       bytes == mss ? "" : "s");
	return buf;
}

/* What a knob does when there is more to say than its name. */
static const struct {
	const char *knob;
	const char *text;
} knobs[] = {
	{ "gemodel", "its burst losses" },
	{ "limit", "its queue was full" },
	{ "rate", "its rate" },
	{ "half_open", "the endpoint had gone silent" },
	{ "memory", "no memory was left to hold it" },
};

static const char *knob_text(const char *knob)
{
	for (size_t i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++)
		if (!strcmp(knobs[i].knob, knob))
			return knobs[i].text;
	return knob;
}

void say_rule(struct say *s, const struct life_hit *hit)
{
	size_t i = explain_rules_find(s->rules, hit->rule, hit->step);

	if (hit->step)
		say(s, "script %" PRIu32 ", step %" PRIu32, hit->rule,
		    hit->step);
	else
		say(s, "rule %" PRIu32 " (%s)", hit->rule,
		    knob_text(hit->knob));
	if (i == s->rules->n || s->quoted[i])
		return;
	s->quoted[i] = true;
	say(s, ": \"%s\"", s->rules->rule[i].text);
}

/* ------------------------------------------------------------------ the telling */

static void (*const tell[EXPLAIN_KINDS])(struct say *s,
					 const struct explain_ep *e) = {
	[EXPLAIN_OPEN] = say_open,
	[EXPLAIN_FLOW] = say_flow,
	[EXPLAIN_LOSS] = say_loss,
	[EXPLAIN_ACK_LOSS] = say_ack_loss,
	[EXPLAIN_LATE] = say_late,
	[EXPLAIN_TWICE] = say_twice,
	[EXPLAIN_DELAY] = say_delay,
	[EXPLAIN_MARK] = say_mark,
	[EXPLAIN_WINDOW] = say_window_closed,
	[EXPLAIN_KEEPALIVE] = say_keepalive,
	[EXPLAIN_ERROR] = say_error,
	[EXPLAIN_REFUSED] = say_refused,
	[EXPLAIN_GAP] = say_gap,
	[EXPLAIN_CLOSE] = say_close,
};

/* Sorts that there are, with their numbers; beyond the table all is told. */
static size_t find_sort(struct say_sort *sort, size_t n,
			const struct explain_ep *e)
{
	for (size_t i = 0; i < n; i++)
		if (say_same_sort(sort[i].first, e))
			return i;
	return n;
}

static size_t count_sorts(const struct explain *x, struct say_sort *sort)
{
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++) {
		size_t k = find_sort(sort, n, &x->ep[i]);

		if (k == n && n == SORTS_MAX)
			continue;
		if (k == n)
			sort[n++] = (struct say_sort){ .first = &x->ep[i] };
		sort[k].n++;
	}
	return n;
}

/* A delay that is told of as the reason of something else. */
static bool told_elsewhere(const struct explain *x, const struct explain_ep *e)
{
	if (e->kind != EXPLAIN_DELAY || e->many.n != 1)
		return false;
	for (size_t i = 0; i < x->n; i++) {
		const struct explain_ep *o = &x->ep[i];

		if ((o->kind == EXPLAIN_LATE || o->kind == EXPLAIN_LOSS) &&
		    o->in == e->in && o->loss.seq == e->many.seq &&
		    o->loss.hit.rule == e->many.hit.rule)
			return true;
	}
	return false;
}

static void tell_all(struct say *s)
{
	struct say_sort sort[SORTS_MAX];
	size_t n = count_sorts(s->x, sort);

	for (size_t i = 0; i < s->x->n; i++) {
		const struct explain_ep *e = &s->x->ep[i];
		size_t k = find_sort(sort, n, e);
		uint64_t nth = k < n ? sort[k].told++ : 0;
		/* One more is told as well, instead of being summed up. */
		bool few = k == n || sort[k].n <= EXPLAIN_FULL + 1;

		if (told_elsewhere(s->x, e))
			continue;
		if (nth < EXPLAIN_FULL || few)
			tell[e->kind](s, e);
		else if (nth == EXPLAIN_FULL)
			say_sum(s, i);
	}
}

static void head(struct say *s)
{
	const struct life *l = s->x->life;

	fprintf(s->w.out, "%sConnection %" PRIu64 "%s: %s, %speer %s\n",
		s->colour ? "\033[1m" : "", l->id, s->colour ? "\033[0m" : "",
		l->local, *l->service ? "" : "its ", l->remote);
	s->w.indent = 0;
	if (*l->service)
		say(s, "The service is %s.", l->service);
	say(s, "\"The stack\" is this side, ustack. Times are milliseconds "
	       "since the first segment; byte 1 is the first of data.");
	if (s->x->skipped || !s->x->sums.exact)
		say(s, "Not every segment of it was kept.");
	say_end(s);
	fputc('\n', s->w.out);
	s->w.indent = SAY_INDENT;
}

void explain_say(const struct explain *x, const struct explain_rules *r,
		 FILE *out, bool colour)
{
	struct say s = { .x = x,
			 .rules = r,
			 .w = { .out = out },
			 .colour = colour };

	head(&s);
	tell_all(&s);
	fputc('\n', out);
	say_totals(&s);
}

/* SPDX-License-Identifier: MIT */
/*
 * impair_script_lang.c - scripts: exact packets, named one by one
 *
 *	text	statement ; statement \n statement # comment
 *	first	[target words] [step]		others	step
 *
 * A step is an action, then a kind of packet; direction, argument and the range
 * of packets stand where they like.
 */

#include "stack/base/bytes.h"
#include "stack/link/lang_int.h"

static const char *const action_names[] = {
	[IMPAIR_ACT_DROP] = "drop",
	[IMPAIR_ACT_DELAY] = "delay",
	[IMPAIR_ACT_DUPLICATE] = "duplicate",
	[IMPAIR_ACT_CORRUPT] = "corrupt",
	[IMPAIR_ACT_MARK] = "mark",
	[IMPAIR_ACT_TRUNCATE] = "truncate",
	[IMPAIR_ACT_TAMPER] = "tamper",
	[IMPAIR_ACT_HOLD] = "hold",
	NULL,
};

static const char *const kind_names[] = {
	[IMPAIR_KIND_ANY] = "any",
	[IMPAIR_KIND_SYN] = "syn",
	[IMPAIR_KIND_SYNACK] = "synack",
	[IMPAIR_KIND_ACK] = "ack",
	[IMPAIR_KIND_DATA] = "data",
	[IMPAIR_KIND_RETRANSMIT] = "retransmit",
	[IMPAIR_KIND_FIN] = "fin",
	[IMPAIR_KIND_RST] = "rst",
	[IMPAIR_KIND_ICMP] = "icmp",
	NULL,
};

static const char *const part_names[] = {
	[IMPAIR_PART_PAYLOAD] = "payload",
	[IMPAIR_PART_HEADER] = "header",
	[IMPAIR_PART_CHECKSUM] = "checksum",
	NULL,
};

static const char want_action[] =
	"a step begins with drop, delay, duplicate, corrupt, mark, truncate, "
	"tamper or hold, as in drop out data nth 3";
static const char want_kind[] =
	"a kind of packet is any, syn, synack, ack, data, retransmit, fin, rst "
	"or icmp";
static const char want_range[] =
	"packets are counted from 1, as in nth 3, nth 5-10 or nth 5-";
static const char want_more[] =
	"expected in, out, both, a kind of packet, nth A-B, count N, until "
	"TIME, or what the action needs";

/**
 * struct reading - a step being read
 * @w:		text
 * @sc:		its script
 * @st:		filled in
 * @kind:	a kind was given
 * @arg:	so was what the action needs
 * @nth:	so was nth
 * @count:	0, or of count
 */
struct reading {
	struct words *w;
	struct impair_script *sc;
	struct impair_step *st;
	bool kind;
	bool arg;
	bool nth;
	uint32_t count;
};

static bool is_range(const struct word *a, struct impair_step *st)
{
	uint64_t first;
	uint64_t last;
	uint32_t n = words_uint_of(a->p, a->len, UINT32_MAX - 1, &first);

	st->first = (uint32_t)first;
	st->last = (uint32_t)first;
	if (!n || !first)
		return false;
	if (n == a->len)
		return true;
	if (a->p[n++] != '-')
		return false;
	st->last = UINT32_MAX;
	if (n == a->len)
		return true;
	if (words_uint_of(a->p + n, a->len - n, UINT32_MAX - 1, &last) !=
		    a->len - n ||
	    last < first)
		return false;
	st->last = (uint32_t)last;
	return true;
}

static bool take_nth(struct reading *rd)
{
	struct word a;

	if (!words_take(rd->w, &a) || !is_range(&a, rd->st))
		return words_fail(rd->w, &a, want_range);
	rd->nth = true;
	return true;
}

static bool take_count(struct reading *rd)
{
	static const struct words_range range = {
		1, UINT32_MAX - 1, "a count is a number of packets from 1 on"
	};
	uint64_t n = 0;

	if (!words_uint(rd->w, &range, &n))
		return false;
	rd->count = (uint32_t)n;
	return true;
}

static bool take_until(struct reading *rd)
{
	return words_span(rd->w,
			  "a time from the first packet on, with its unit, as "
			  "in 3s",
			  &rd->st->until_us);
}

/* nth, count or until. */
static enum lang_taken take_range(struct reading *rd)
{
	static const char *const names[] = { "nth", "count", "until", NULL };
	static bool (*const take[])(struct reading *) = { take_nth, take_count,
							  take_until };
	const bool given[] = { rd->nth, rd->count, rd->st->until_us };
	struct word a;
	int i;

	(void)words_peek(rd->w, &a);
	i = words_find(&a, names);
	if (i < 0)
		return LANG_OTHER;
	words_from(rd->w, &a);
	(void)words_take(rd->w, &a);
	if (given[i]) {
		(void)words_fail(rd->w, &a, "it is given once");
		return LANG_FAILED;
	}
	return take[i](rd) ? LANG_TAKEN : LANG_FAILED;
}

static enum lang_taken take_part(struct reading *rd, const struct word *a)
{
	int i = words_find(a, part_names);
	struct word taken;

	if (i < 0)
		return LANG_OTHER;
	rd->st->part = (uint8_t)i;
	(void)words_take(rd->w, &taken);
	return LANG_TAKEN;
}

/* What the action needs, once. */
static enum lang_taken take_arg(struct reading *rd)
{
	static const struct words_range bytes = {
		0, 65535, "truncate leaves 0 to 65535 bytes of payload"
	};
	struct impair_step *st = rd->st;
	uint64_t v = 0;
	struct word a;
	bool ok;

	(void)words_peek(rd->w, &a);
	if (rd->arg)
		return LANG_OTHER;
	if (st->action == IMPAIR_ACT_CORRUPT) {
		enum lang_taken t = take_part(rd, &a);

		rd->arg = t == LANG_TAKEN;
		return t;
	}
	if (!words_number_next(rd->w) || (st->action != IMPAIR_ACT_DELAY &&
					  st->action != IMPAIR_ACT_TRUNCATE))
		return LANG_OTHER;
	words_from(rd->w, &a);
	rd->arg = true;
	if (st->action == IMPAIR_ACT_DELAY)
		ok = words_time(rd->w, WORDS_TIME_US,
				"a delay is 1us to 10min, as in 200ms",
				&st->arg_us);
	else
		ok = words_uint(rd->w, &bytes, &v);
	st->arg = (uint32_t)v;
	return ok ? LANG_TAKEN : LANG_FAILED;
}

static bool take_kind(struct reading *rd)
{
	struct word a;
	int i;

	(void)words_take(rd->w, &a);
	words_from(rd->w, &a);
	i = words_find(&a, kind_names);
	if (i < 0 && !rd->kind)
		return words_unknown(rd->w, &a, kind_names, want_kind);
	if (i < 0 || rd->kind)
		return words_fail(rd->w, &a,
				  i < 0 ? want_more
					: "a step has one kind of packet");
	rd->kind = true;
	rd->st->kind = (uint8_t)i;
	return true;
}

/* ------------------------------------------------------------------- steps */

static bool check_icmp(struct reading *rd)
{
	const struct impair_step *st = rd->st;

	if (st->kind == IMPAIR_KIND_ICMP && st->action == IMPAIR_ACT_HOLD)
		return words_fail(
			rd->w, NULL,
			"what is held waits for the next packet of "
			"its connection, and icmp has none: delay it, "
			"as in delay out icmp 200ms");
	if (st->kind == IMPAIR_KIND_ICMP && st->action == IMPAIR_ACT_TAMPER)
		return words_fail(rd->w, NULL,
				  "what is tampered with is the payload of "
				  "TCP: corrupt icmp");
	if (st->kind != IMPAIR_KIND_ICMP || st->action != IMPAIR_ACT_CORRUPT ||
	    st->part == IMPAIR_PART_PAYLOAD)
		return true;
	return words_fail(rd->w, NULL,
			  "header and checksum are those of TCP: icmp has a "
			  "payload only");
}

static bool check_step(struct reading *rd)
{
	struct impair_step *st = rd->st;

	if (!rd->kind)
		return words_fail(rd->w, NULL, want_kind);
	if (st->action == IMPAIR_ACT_DELAY && !st->arg_us)
		return words_fail(rd->w, NULL,
				  "delay needs a time, as in delay out ack "
				  "200ms");
	if (st->action == IMPAIR_ACT_TRUNCATE && !rd->arg)
		return words_fail(rd->w, NULL,
				  "truncate needs the bytes of payload that "
				  "stay, as in truncate out data 100");
	if (rd->count && st->last != UINT32_MAX && st->first != st->last)
		return words_fail(rd->w, NULL,
				  "nth A-B says already how many: leave count "
				  "out");
	if (rd->count)
		st->last = st->first > UINT32_MAX - rd->count
				   ? UINT32_MAX
				   : st->first + rd->count - 1;
	return check_icmp(rd);
}

static bool take_words(struct reading *rd)
{
	enum lang_taken t;
	struct word a;

	while (words_peek(rd->w, &a)) {
		t = lang_take_dir(rd->w, &rd->st->dirs);
		if (t == LANG_OTHER)
			t = take_range(rd);
		if (t == LANG_OTHER)
			t = take_arg(rd);
		if (t == LANG_OTHER)
			t = take_kind(rd) ? LANG_TAKEN : LANG_FAILED;
		if (t == LANG_FAILED)
			return false;
	}
	return true;
}

static bool take_step(struct words *w, struct impair_script *sc)
{
	struct reading rd = { .w = w, .sc = sc };
	struct word a;
	int i;

	(void)words_take(w, &a);
	words_from(w, &a);
	i = words_find(&a, action_names);
	if (i < 0)
		return words_unknown(w, &a, action_names, want_action);
	if (sc->nsteps == IMPAIR_STEPS_MAX)
		return words_fail(w, &a, "a script has at most 32 steps");
	rd.st = &sc->step[sc->nsteps++];
	*rd.st = (struct impair_step){ .action = (uint8_t)i,
				       .first = 1,
				       .last = UINT32_MAX };
	if (!take_words(&rd))
		return false;
	words_from(w, &a);
	if (!rd.st->dirs)
		rd.st->dirs = LANG_BOTH;
	return check_step(&rd);
}

/* ----------------------------------------------------------------- scripts */

/* Target words in front of the first step; true if all is well. */
static bool take_targets(struct words *w, struct impair_script *sc, bool *all)
{
	enum lang_taken t;
	struct word a;

	while (words_peek(w, &a)) {
		if (words_is(&a, "all")) {
			(void)words_take(w, &a);
			*all = true;
			continue;
		}
		t = lang_take_target(w, &sc->match);
		if (t != LANG_TAKEN)
			return t == LANG_OTHER;
	}
	return true;
}

/* In later steps a target would be a surprise: it holds for all of them. */
static bool refuse_target(struct words *w)
{
	struct impair_match m = { 0 };
	struct words ahead = *w;
	struct word a;

	(void)words_peek(w, &a);
	if (!words_is(&a, "all") &&
	    lang_take_target(&ahead, &m) == LANG_OTHER && !ahead.failed)
		return true;
	words_from(w, &a);
	return words_fail(w, &a,
			  "the target stands in front of the first step and "
			  "holds for all");
}

/* Offset of the end of the statement that begins at @at. */
static uint32_t statement_end(const char *text, uint32_t at)
{
	while (text[at] && text[at] != ';' && text[at] != '\n' &&
	       text[at] != '#')
		at++;
	return at;
}

static uint32_t skip_comment(const char *text, uint32_t at)
{
	if (text[at] == '#')
		while (text[at] && text[at] != '\n')
			at++;
	return at;
}

static bool take_statement(struct words *w, struct impair_script *sc, bool *all)
{
	struct word a;

	if (!words_peek(w, &a))
		return true;
	words_from(w, &a);
	if (sc->nsteps ? !refuse_target(w) : !take_targets(w, sc, all))
		return false;
	return !words_peek(w, &a) || take_step(w, sc);
}

static bool take_script(struct words *w, struct impair_script *sc)
{
	bool all = false;

	for (uint32_t at = 0;; at++) {
		w->pos = at;
		w->from = at;
		w->end = statement_end(w->text, at);
		if (!take_statement(w, sc, &all))
			return false;
		at = skip_comment(w->text, w->end);
		if (!w->text[at])
			break;
		w->line += w->text[at] == '\n';
	}
	w->from = 0;
	if (!sc->nsteps) {
		w->pos = 0;
		return words_fail(w, NULL,
				  "a script has steps, as in drop out data nth "
				  "3");
	}
	if (all && lang_has_target(&sc->match))
		return words_fail(w, NULL,
				  "all means every connection: leave the rest "
				  "of the target out");
	sc->match.next |= !all && !lang_has_target(&sc->match);
	return lang_check_target(w, &sc->match);
}

int impair_script_parse(const char *text, struct impair_script *sc,
			struct impair_lang_err *err)
{
	struct words w;

	words_init(&w, text, err);
	memset(sc, 0, sizeof(*sc));
	if (text[w.end]) {
		(void)words_fail(&w, NULL, "a script has at most 16384 bytes");
		return -ERR_INVAL;
	}
	return take_script(&w, sc) ? 0 : -ERR_INVAL;
}

/* ----------------------------------------------------------------- writing */

static void put_arg(struct text_out *t, const struct impair_step *st)
{
	if (st->action == IMPAIR_ACT_DELAY) {
		text_time(t, st->arg_us);
	} else if (st->action == IMPAIR_ACT_TRUNCATE) {
		text_word(t, "");
		text_uint(t, st->arg);
	} else if (st->action == IMPAIR_ACT_CORRUPT && st->part) {
		text_word(t, part_names[st->part % 3]);
	}
}

static void put_step(struct text_out *t, const struct impair_step *st)
{
	text_word(t, action_names[st->action % 8]);
	if (st->dirs != LANG_BOTH)
		text_word(t, lang_dir_name(st->dirs));
	text_word(t, kind_names[st->kind % 9]);
	put_arg(t, st);
	if (st->first > 1 || st->last != UINT32_MAX) {
		text_named(t, "nth", st->first);
		if (st->last != st->first)
			text_add(t, "-");
		if (st->last != st->first && st->last != UINT32_MAX)
			text_uint(t, st->last);
	}
	if (st->until_us) {
		text_word(t, "until");
		text_time(t, st->until_us);
	}
}

const char *impair_step_text(const struct impair_step *st,
			     char buf[IMPAIR_STEP_TEXT_MAX])
{
	struct text_out t;

	text_init(&t, buf, IMPAIR_STEP_TEXT_MAX);
	put_step(&t, st);
	return buf;
}

const char *impair_target_text(const struct impair_match *m,
			       char buf[IMPAIR_TEXT_MAX])
{
	struct text_out t;

	text_init(&t, buf, IMPAIR_TEXT_MAX);
	if (lang_has_target(m))
		lang_put_target(&t, m);
	else
		text_word(&t, "all");
	return buf;
}

const char *impair_script_text(const struct impair_script *sc,
			       char buf[IMPAIR_SCRIPT_TEXT_MAX])
{
	struct text_out t;

	text_init(&t, buf, IMPAIR_SCRIPT_TEXT_MAX);
	if (lang_has_target(&sc->match))
		lang_put_target(&t, &sc->match);
	else
		text_word(&t, "all");
	for (uint32_t i = 0; i < sc->nsteps && i < IMPAIR_STEPS_MAX; i++) {
		text_add(&t, ";");
		put_step(&t, &sc->step[i]);
	}
	return buf;
}

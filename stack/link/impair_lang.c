/* SPDX-License-Identifier: MIT */
/*
 * impair_lang.c - rules in the words of tc-netem(8)
 *
 * Each word has a function that takes its arguments; what only shows when all
 * words are known is checked at the end.  Missing arguments have the defaults of
 * tc's own q_netem.c.
 */

#include "stack/base/bytes.h"
#include "stack/link/lang_int.h"

enum {
	W_DELAY,
	W_LOSS,
	W_DUPLICATE,
	W_CORRUPT,
	W_REORDER,
	W_RATE,
	W_SILENT,
	W_DISTRIBUTION,
	W_GAP,
	W_LIMIT,
	W_ECN,
	W_SEED,
	W_FOR,
	W_WORDS,
};

/* The first ones do something by themselves. */
#define ACTS_MASK ((1u << (W_SILENT + 1)) - 1)

static const char *const known_words[] = {
	"in",	   "out",  "both",	   "conn", "port",	"service",
	"peer",	   "next", "delay",	   "loss", "duplicate", "corrupt",
	"reorder", "rate", "distribution", "gap",  "limit",	"ecn",
	"seed",	   "for",  "silent",	   NULL
};
static const char *const extra_words[] = { "conn", "port", "service", "peer",
					   "next", "seed", "for",     NULL };
static const char want_word[] =
	"expected in, out, both, conn ID, port N, service NAME, peer PREFIX, "
	"next, delay, loss, duplicate, corrupt, reorder, rate, limit, ecn, "
	"silent, seed or for";
static const char want_extra[] =
	"expected conn ID, port N, service NAME, peer PREFIX, next, seed N or "
	"for TIME; what happens in and out the preset says";

#define AN_EXAMPLE "as in delay 20ms 5ms loss 1%"

const char *const lang_dist_names[] = {
	[IMPAIR_DIST_UNIFORM] = "uniform",
	[IMPAIR_DIST_NORMAL] = "normal",
	[IMPAIR_DIST_PARETO] = "pareto",
	[IMPAIR_DIST_PARETONORMAL] = "paretonormal",
	NULL,
};

/**
 * struct reader - a rule being read
 * @w:		text
 * @r:		filled in
 * @seen:	bits (1 << W_*)
 * @at:		where each of them stands
 */
struct reader {
	struct words *w;
	struct impair_rule *r;
	uint32_t seen;
	struct word at[W_WORDS];
};

/* --------------------------------------------------------------- arguments */

static const char want_prob[] = "a probability is 0% to 100%";
static const char want_corr[] = "a correlation is 0% to 100%";

/* P [CORR] */
static bool take_prob(struct words *w, impair_prob *p, impair_prob *corr)
{
	if (!words_prob(w, want_prob, p))
		return false;
	return !words_number_next(w) || words_prob(w, want_corr, corr);
}

static bool take_delay(struct reader *rd)
{
	struct impair_knobs *k = &rd->r->knobs;
	struct words *w = rd->w;

	if (!words_time(w, WORDS_TIME_US,
			"a delay is 0ms to 10min, with us, ms, s or min",
			&k->delay_us))
		return false;
	if (!words_number_next(w))
		return true;
	if (!words_time(w, WORDS_TIME_US,
			"a jitter is 0ms to 10min, with us, ms, s or min",
			&k->jitter_us))
		return false;
	return !words_number_next(w) ||
	       words_prob(w, want_corr, &k->delay_corr);
}

static bool take_distribution(struct reader *rd)
{
	static const char want[] =
		"there are the distributions uniform, normal, pareto and "
		"paretonormal";
	struct word a;
	int i;

	if (!words_take(rd->w, &a))
		return words_fail(rd->w, NULL, want);
	i = words_find(&a, lang_dist_names);
	if (i < 0)
		return words_unknown(rd->w, &a, lang_dist_names, want);
	rd->r->knobs.dist = (uint8_t)i;
	return true;
}

/* As many probabilities as there are, up to @n. */
static bool take_more(struct words *w, impair_prob *const *p, uint32_t n)
{
	for (uint32_t i = 0; i < n && words_number_next(w); i++)
		if (!words_prob(w, want_prob, p[i]))
			return false;
	return true;
}

static bool take_gemodel(struct words *w, struct impair_knobs *k)
{
	impair_prob *const more[] = { &k->ge.r, &k->ge.h1, &k->ge.k1 };

	k->loss_model = IMPAIR_LOSS_GEMODEL;
	if (!words_prob(w, want_prob, &k->ge.p))
		return false;
	k->ge.r = IMPAIR_PROB_ONE - k->ge.p;
	k->ge.h1 = IMPAIR_PROB_ONE;
	return take_more(w, more, ARRAY_LEN(more));
}

static bool take_state(struct words *w, struct impair_knobs *k)
{
	impair_prob *const more[] = { &k->state.p31, &k->state.p32,
				      &k->state.p23, &k->state.p14 };

	k->loss_model = IMPAIR_LOSS_STATE;
	if (!words_prob(w, want_prob, &k->state.p13))
		return false;
	k->state.p31 = IMPAIR_PROB_ONE - k->state.p13;
	k->state.p23 = IMPAIR_PROB_ONE;
	return take_more(w, more, ARRAY_LEN(more));
}

static bool take_loss(struct reader *rd)
{
	struct impair_knobs *k = &rd->r->knobs;
	struct words *w = rd->w;
	struct word a;

	(void)words_peek(w, &a);
	if (words_is(&a, "gemodel"))
		return words_take(w, &a) && take_gemodel(w, k);
	if (words_is(&a, "state"))
		return words_take(w, &a) && take_state(w, k);
	if (words_is(&a, "random"))
		(void)words_take(w, &a);
	return take_prob(w, &k->loss, &k->loss_corr);
}

static bool take_duplicate(struct reader *rd)
{
	return take_prob(rd->w, &rd->r->knobs.duplicate,
			 &rd->r->knobs.dup_corr);
}

static bool take_corrupt(struct reader *rd)
{
	return take_prob(rd->w, &rd->r->knobs.corrupt,
			 &rd->r->knobs.corrupt_corr);
}

static bool take_reorder(struct reader *rd)
{
	return take_prob(rd->w, &rd->r->knobs.reorder,
			 &rd->r->knobs.reorder_corr);
}

static bool take_u32(struct reader *rd, const struct words_range *range,
		     uint32_t *v)
{
	uint64_t n = 0;

	if (!words_uint(rd->w, range, &n))
		return false;
	*v = (uint32_t)n;
	return true;
}

static bool take_gap(struct reader *rd)
{
	static const struct words_range range = {
		1, 1000000, "a gap is a number of packets from 1 to 1000000"
	};

	return take_u32(rd, &range, &rd->r->knobs.gap);
}

static bool take_i32(struct reader *rd, const struct words_range *range,
		     int32_t *v)
{
	int64_t n = 0;

	if (!words_int(rd->w, range, &n))
		return false;
	*v = (int32_t)n;
	return true;
}

static bool take_rate(struct reader *rd)
{
	static const struct words_range over = {
		-1500, 65535, "an overhead is -1500 to 65535 bytes a packet"
	};
	static const struct words_range cell = {
		0, 65535, "a cell has 0 to 65535 bytes, 0 = no cells"
	};
	static const struct words_range cell_over = {
		-1500, 65535, "a cell's overhead is -1500 to 65535 bytes"
	};
	struct impair_knobs *k = &rd->r->knobs;
	struct words *w = rd->w;

	if (!words_rate(w, &k->rate_bps))
		return false;
	if (words_number_next(w) && !take_i32(rd, &over, &k->overhead))
		return false;
	if (words_number_next(w) && !take_u32(rd, &cell, &k->cell_size))
		return false;
	return !words_number_next(w) ||
	       take_i32(rd, &cell_over, &k->cell_overhead);
}

static bool take_limit(struct reader *rd)
{
	static const struct words_range range = {
		1, 1000000, "a limit is 1 to 1000000 packets"
	};

	return take_u32(rd, &range, &rd->r->knobs.limit_pkts);
}

static bool take_ecn(struct reader *rd)
{
	rd->r->knobs.ecn = true;
	return true;
}

static bool take_silent(struct reader *rd)
{
	rd->r->silent = true;
	return true;
}

static bool take_seed(struct reader *rd)
{
	static const struct words_range range = {
		0, UINT64_MAX, "a seed is a whole number below 2^64"
	};

	rd->r->knobs.seed_set = true;
	return words_uint(rd->w, &range, &rd->r->knobs.seed);
}

static bool take_for(struct reader *rd)
{
	return words_span(rd->w,
			  "a time with its unit, as in 30s or 5min, at most a "
			  "year",
			  &rd->r->for_us);
}

static const struct {
	const char *name;
	bool (*take)(struct reader *rd);
	uint32_t which;
} words_of_rule[W_WORDS] = {
	[W_DELAY] = { "delay", take_delay, LANG_RULE },
	[W_LOSS] = { "loss", take_loss, LANG_RULE },
	[W_DUPLICATE] = { "duplicate", take_duplicate, LANG_RULE },
	[W_CORRUPT] = { "corrupt", take_corrupt, LANG_RULE },
	[W_REORDER] = { "reorder", take_reorder, LANG_RULE },
	[W_RATE] = { "rate", take_rate, LANG_RULE },
	[W_SILENT] = { "silent", take_silent, LANG_RULE },
	[W_DISTRIBUTION] = { "distribution", take_distribution, LANG_RULE },
	[W_GAP] = { "gap", take_gap, LANG_RULE },
	[W_LIMIT] = { "limit", take_limit, LANG_RULE },
	[W_ECN] = { "ecn", take_ecn, LANG_RULE },
	[W_SEED] = { "seed", take_seed, LANG_RULE | LANG_EXTRA },
	[W_FOR] = { "for", take_for, LANG_RULE | LANG_EXTRA },
};

/* ------------------------------------------------------------------- words */

/* tc's other names, for those whose fingers know them. */
static const char *const aliases[] = { "latency", "drop", NULL };
static const uint8_t alias_of[] = { W_DELAY, W_LOSS };

static uint32_t find_word(const struct word *a, uint32_t which)
{
	int alias = words_find(a, aliases);

	for (uint32_t i = 0; i < W_WORDS; i++)
		if (words_of_rule[i].which & which &&
		    (words_is(a, words_of_rule[i].name) ||
		     (alias >= 0 && alias_of[alias] == i)))
			return i;
	return W_WORDS;
}

static bool refuse_word(struct reader *rd, const struct word *a, uint32_t which)
{
	static const char *const models[] = { "random", "gemodel", "state",
					      NULL };

	words_from(rd->w, a);
	if (which == LANG_EXTRA)
		return words_unknown(rd->w, a, extra_words, want_extra);
	if (words_find(a, models) >= 0)
		return words_fail(rd->w, a,
				  "it follows the word loss, and there is one "
				  "model of loss at a time");
	if (words_number_next(rd->w))
		return words_fail(rd->w, a,
				  "one number more than the words in front of "
				  "it take");
	return words_unknown(rd->w, a, known_words, want_word);
}

static bool take_word(struct reader *rd, uint32_t which)
{
	uint32_t i;
	struct word a;

	(void)words_peek(rd->w, &a);
	i = find_word(&a, which);
	if (i == W_WORDS)
		return refuse_word(rd, &a, which);
	words_from(rd->w, &a);
	(void)words_take(rd->w, &a);
	if (rd->seen & 1u << i)
		return words_fail(rd->w, &a, "it is given once");
	rd->seen |= 1u << i;
	rd->at[i] = a;
	return words_of_rule[i].take(rd);
}

/* ------------------------------------------------------------------ checks */

static bool refuse(struct reader *rd, uint32_t word, const char *want)
{
	words_from(rd->w, &rd->at[word]);
	return words_fail(rd->w, &rd->at[word], want);
}

static bool has(const struct reader *rd, uint32_t word)
{
	return rd->seen & 1u << word;
}

static bool check_rule(struct reader *rd)
{
	const struct impair_knobs *k = &rd->r->knobs;
	bool waits = has(rd, W_DELAY) || has(rd, W_RATE);

	if (has(rd, W_DISTRIBUTION) && !k->jitter_us)
		return refuse(rd, W_DISTRIBUTION,
			      "it is that of a jitter, as in delay 20ms 5ms "
			      "distribution normal");
	if (has(rd, W_GAP) && !k->reorder)
		return refuse(rd, W_GAP,
			      "it belongs to reorder, as in delay 10ms reorder "
			      "25% gap 5");
	if (has(rd, W_REORDER) && !k->delay_us)
		return refuse(rd, W_REORDER,
			      "packets overtake those that are delayed, as in "
			      "delay 10ms reorder 25%");
	if (has(rd, W_ECN) && !has(rd, W_LOSS))
		return refuse(rd, W_ECN,
			      "it marks what loss would drop, as in loss 1% "
			      "ecn");
	if (k->cell_size && (int32_t)k->cell_size + k->cell_overhead <= 0)
		return refuse(rd, W_RATE,
			      "a cell takes time: its overhead cannot take "
			      "away all of its size, as in rate 10mbit 0 48 5");
	if (has(rd, W_LIMIT) && !waits)
		return refuse(rd, W_LIMIT,
			      "packets wait because of delay or rate, as in "
			      "rate 10mbit limit 100");
	if (rd->r->silent && (rd->seen & ACTS_MASK) != 1u << W_SILENT)
		return refuse(rd, W_SILENT,
			      "nothing passes then, so that no other knob "
			      "counts");
	rd->w->from = 0;
	if (!(rd->seen & ACTS_MASK))
		return words_fail(
			rd->w, NULL,
			"a rule says what happens to packets, " AN_EXAMPLE);
	return true;
}

bool lang_rule_words(struct words *w, struct impair_rule *r, uint32_t which)
{
	struct reader rd = { .w = w, .r = r };
	enum lang_taken taken;
	struct word a;

	while (words_peek(w, &a)) {
		taken = which == LANG_RULE ? lang_take_dir(w, &r->match.dirs)
					   : LANG_OTHER;
		if (taken == LANG_OTHER)
			taken = lang_take_target(w, &r->match);
		if (taken == LANG_FAILED)
			return false;
		if (taken == LANG_OTHER && !take_word(&rd, which))
			return false;
	}
	return lang_check_target(w, &r->match) &&
	       (which != LANG_RULE || check_rule(&rd));
}

int impair_rule_parse(const char *text, struct impair_rule *r,
		      struct impair_lang_err *err)
{
	struct words w;

	words_init(&w, text, err);
	memset(r, 0, sizeof(*r));
	if (!lang_rule_words(&w, r, LANG_RULE))
		return -ERR_INVAL;
	if (!r->match.dirs)
		r->match.dirs = LANG_BOTH;
	return 0;
}

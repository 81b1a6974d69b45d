/* SPDX-License-Identifier: MIT */
/*
 * words.c - reading a text word by word
 *
 * Numbers are decimal fractions: a whole part and nine digits behind the point.
 * They are multiplied by their unit in 128 bits and rounded once.
 */

#include "stack/link/words.h"

#include "stack/base/bytes.h"

#define NANO	    1000000000u
#define WHOLE_MAX   1000000000000000u /* of a number with a unit */
#define PERCENT_ALL (100u * (uint64_t)NANO)
#define NEAR_LEN    16u /* longer words are like none */
#define NEAR_MAX    2u	/* edits between words that are alike */

/**
 * struct decimal - a number with a fraction, and what follows it
 * @whole:	in front of the point
 * @nano:	behind it, in billionths
 * @used:	bytes read
 */
struct decimal {
	uint64_t whole;
	uint32_t nano;
	uint32_t used;
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* ------------------------------------------------------------------- words */

void words_init(struct words *w, const char *text, struct impair_lang_err *err)
{
	uint32_t len = 0;

	while (len < IMPAIR_SOURCE_MAX && text[len])
		len++;
	*w = (struct words){ .text = text, .end = len, .line = 1, .err = err };
	*err = (struct impair_lang_err){ 0 };
}

/* Offset of the next word's first byte, or the end. */
static uint32_t skip_blanks(const struct words *w)
{
	uint32_t at = w->pos;

	while (at < w->end && is_blank(w->text[at]))
		at++;
	return at;
}

bool words_peek(const struct words *w, struct word *out)
{
	uint32_t at = skip_blanks(w);
	uint32_t end = at;

	while (end < w->end && !is_blank(w->text[end]))
		end++;
	*out = (struct word){ w->text + at, end - at };
	return out->len;
}

bool words_take(struct words *w, struct word *out)
{
	if (!words_peek(w, out))
		return false;
	w->pos = (uint32_t)(out->p - w->text) + out->len;
	return true;
}

void words_from(struct words *w, const struct word *at)
{
	w->from = (uint32_t)(at->p - w->text);
}

bool words_is(const struct word *a, const char *b)
{
	for (uint32_t i = 0; i < a->len; i++)
		if (!b[i] || a->p[i] != b[i])
			return false;
	return !b[a->len];
}

int words_find(const struct word *a, const char *const *list)
{
	for (int i = 0; list[i]; i++)
		if (words_is(a, list[i]))
			return i;
	return -1;
}

/* Edits that make @b out of @a (Levenshtein), NEAR_LEN if they are long. */
static uint32_t distance(const struct word *a, const char *b)
{
	uint8_t row[NEAR_LEN + 1];
	uint32_t n = 0;

	while (b[n])
		n++;
	if (n > NEAR_LEN || a->len > NEAR_LEN)
		return NEAR_LEN;
	for (uint32_t j = 0; j <= n; j++)
		row[j] = (uint8_t)j;
	for (uint32_t i = 0; i < a->len; i++) {
		uint32_t corner = row[0];

		row[0] = (uint8_t)(i + 1);
		for (uint32_t j = 0; j < n; j++) {
			uint32_t swap = corner + (lower(a->p[i]) != b[j]);

			corner = row[j + 1];
			row[j + 1] = (uint8_t)min_u32(
				swap, 1 + min_u32(row[j], corner));
		}
	}
	return row[n];
}

const char *words_near(const struct word *a, const char *const *list)
{
	const char *near = NULL;
	uint32_t best = NEAR_MAX + 1;

	for (; *list; list++) {
		uint32_t d = distance(a, *list);

		if (d < best && 2 * d <= a->len) {
			best = d;
			near = *list;
		}
	}
	return near;
}

/* --------------------------------------------------------------- complaints */

bool words_fail(struct words *w, const struct word *at, const char *want)
{
	uint32_t end = w->pos;

	if (w->failed)
		return false;
	w->failed = true;
	if (at && at->len)
		end = (uint32_t)(at->p - w->text) + at->len;
	*w->err = (struct impair_lang_err){
		.at = w->from,
		.len = end > w->from ? end - w->from : 0,
		.line = w->line,
		.want = want,
	};
	return false;
}

bool words_unknown(struct words *w, const struct word *at,
		   const char *const *list, const char *want)
{
	(void)words_fail(w, at, want);
	w->err->near = words_near(at, list);
	return false;
}

const char *impair_err_text(const char *text, const struct impair_lang_err *err,
			    char buf[IMPAIR_ERR_TEXT_MAX])
{
	struct text_out t;

	text_init(&t, buf, IMPAIR_ERR_TEXT_MAX);
	text_bytes(&t, text + err->at, min_u32(err->len, 100));
	if (err->len > 100)
		text_add(&t, "...");
	if (err->len)
		text_add(&t, ": ");
	if (err->near) {
		text_add(&t, "did you mean ");
		text_add(&t, err->near);
		text_add(&t, "? ");
	}
	text_add(&t, err->want ? err->want : "expected something else");
	return buf;
}

/* ------------------------------------------------------------------ numbers */

uint32_t words_uint_of(const char *p, uint32_t len, uint64_t max, uint64_t *v)
{
	uint32_t i = 0;

	for (*v = 0; i < len && is_digit(p[i]); i++) {
		uint32_t digit = (uint32_t)(p[i] - '0');

		if (*v > (max - digit) / 10 || digit > max)
			return 0;
		*v = *v * 10 + digit;
	}
	return i;
}

/* The number that a word begins with; @used 0 = none. */
static struct decimal decimal_of(const struct word *a)
{
	struct decimal d = { 0 };
	uint32_t unit = NANO;
	uint32_t i = words_uint_of(a->p, a->len, WHOLE_MAX, &d.whole);
	bool any = i;

	if (!i && a->len && a->p[0] != '.')
		return d;
	if (i < a->len && a->p[i] == '.')
		for (i++; i < a->len && is_digit(a->p[i]); i++) {
			unit /= 10;
			d.nano += unit * (uint32_t)(a->p[i] - '0');
			any = true;
		}
	d.used = any ? i : 0;
	return d;
}

static unsigned __int128 decimal_nanos(const struct decimal *d)
{
	return (unsigned __int128)d->whole * NANO + d->nano;
}

/* @d times @unit, rounded; what is more than nothing stays so. */
static uint64_t decimal_times(const struct decimal *d, uint64_t unit,
			      uint64_t max)
{
	unsigned __int128 n = decimal_nanos(d) * unit;

	n = n && n < NANO ? 1 : (n + NANO / 2) / NANO;
	return n > max ? UINT64_MAX : (uint64_t)n;
}

bool words_number_next(const struct words *w)
{
	struct word a;

	return words_peek(w, &a) && (is_digit(a.p[0]) || a.p[0] == '-' ||
				     a.p[0] == '+' || a.p[0] == '.');
}

bool words_uint(struct words *w, const struct words_range *r, uint64_t *v)
{
	struct word a;

	if (!words_take(w, &a) ||
	    words_uint_of(a.p, a.len, r->max, v) != a.len ||
	    (r->min > 0 && *v < (uint64_t)r->min))
		return words_fail(w, &a, r->want);
	return true;
}

bool words_int(struct words *w, const struct words_range *r, int64_t *v)
{
	struct word a;
	bool minus;
	uint64_t n;

	if (!words_take(w, &a))
		return words_fail(w, NULL, r->want);
	minus = a.p[0] == '-';
	if (a.len == 1 && minus)
		return words_fail(w, &a, r->want);
	if (words_uint_of(a.p + minus, a.len - minus, INT64_MAX / 2, &n) !=
	    a.len - minus)
		return words_fail(w, &a, r->want);
	*v = minus ? -(int64_t)n : (int64_t)n;
	if (*v < r->min || *v > (int64_t)r->max)
		return words_fail(w, &a, r->want);
	return true;
}

bool words_prob(struct words *w, const char *want, impair_prob *v)
{
	unsigned __int128 n;
	struct decimal d;
	struct word a;

	if (!words_take(w, &a))
		return words_fail(w, NULL, want);
	d = decimal_of(&a);
	if (!d.used ||
	    (a.len != d.used && (a.len != d.used + 1 || a.p[d.used] != '%')))
		return words_fail(w, &a, want);
	n = decimal_nanos(&d);
	if (n > PERCENT_ALL)
		return words_fail(w, &a, want);
	n = (n * IMPAIR_PROB_ONE + PERCENT_ALL / 2) / PERCENT_ALL;
	*v = n || (!d.whole && !d.nano) ? (impair_prob)n : 1;
	return true;
}

/* The value of the unit at the end of @a, 0 = there is no such unit. */
static uint64_t unit_of(const struct word *a, uint32_t off,
			const char *const *names, const uint64_t *values)
{
	char unit[8];
	struct word u = { unit, a->len - off };
	int i;

	if (u.len >= sizeof(unit))
		return 0;
	for (uint32_t k = 0; k < u.len; k++)
		unit[k] = lower(a->p[off + k]);
	i = words_find(&u, names);
	return i < 0 ? 0 : values[i];
}

bool words_rate(struct words *w, uint64_t *bps)
{
	static const char want[] =
		"a rate is 1bit to 1tbit a second, as in 10mbit; kbps, mbps "
		"and gbps count bytes";
	static const char *const names[] = { "",      "bit",   "kbit",	"mbit",
					     "gbit",  "tbit",  "kibit", "mibit",
					     "gibit", "tibit", "bps",	"kbps",
					     "mbps",  "gbps",  "kibps", "mibps",
					     "gibps", NULL };
	static const uint64_t values[] = {
		1,	    1,		1000,
		1000000,    1000000000, 1000000000000,
		1u << 10,   1u << 20,	1u << 30,
		1ull << 40, 8,		8000,
		8000000,    8000000000, 8u << 10,
		8u << 20,   8ull << 30
	};
	struct decimal d;
	struct word a;
	uint64_t unit;

	if (!words_take(w, &a))
		return words_fail(w, NULL, want);
	d = decimal_of(&a);
	unit = d.used ? unit_of(&a, d.used, names, values) : 0;
	*bps = unit ? decimal_times(&d, unit, values[5]) : 0;
	if (!*bps || *bps == UINT64_MAX)
		return words_fail(w, &a, want);
	return true;
}

/* A time; @bare: it may be without a unit, in microseconds. */
static bool take_time(struct words *w, uint64_t max_us, bool bare, uint64_t *us)
{
	static const char *const names[] = { "us",   "usec",  "usecs", "ms",
					     "msec", "msecs", "s",     "sec",
					     "secs", "min",   "mins",  "h",
					     NULL };
	static const uint64_t values[] = { 1,	      1,	 1,
					   WORDS_MS,  WORDS_MS,	 WORDS_MS,
					   WORDS_SEC, WORDS_SEC, WORDS_SEC,
					   60000000u, 60000000u, 3600000000u };
	struct decimal d;
	struct word a;
	uint64_t unit;

	if (!words_take(w, &a))
		return false;
	d = decimal_of(&a);
	if (!d.used)
		return false;
	if (a.len == d.used)
		unit = bare || (!d.whole && !d.nano);
	else
		unit = unit_of(&a, d.used, names, values);
	if (!unit)
		return false;
	*us = decimal_times(&d, unit, max_us);
	return *us != UINT64_MAX;
}

bool words_time(struct words *w, uint64_t max_us, const char *want,
		uint64_t *us)
{
	return take_time(w, max_us, true, us) || words_fail(w, NULL, want);
}

bool words_span(struct words *w, const char *want, uint64_t *us)
{
	return (take_time(w, WORDS_FOR_US, false, us) && *us) ||
	       words_fail(w, NULL, want);
}

int impair_rate_parse(const char *text, uint64_t *bps,
		      struct impair_lang_err *err)
{
	struct words w;
	struct word a;

	words_init(&w, text, err);
	if (words_rate(&w, bps) && words_peek(&w, &a))
		(void)words_fail(&w, &a, "a rate is one word, as in 10mbit");
	return w.failed ? -ERR_INVAL : 0;
}

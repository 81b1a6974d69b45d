/* SPDX-License-Identifier: MIT */
/*
 * words_out.c - writing numbers as words_*() read them
 *
 * Of all texts that read as the same number the shortest one is written.
 */

#include "stack/base/bytes.h"
#include "stack/link/words.h"

#define DIGITS_MAX 20u /* of a uint64_t */
#define FRACTION   9u  /* most digits behind the point that are read */

void text_init(struct text_out *t, char *buf, uint32_t size)
{
	*t = (struct text_out){ .buf = buf, .size = size };
	buf[0] = '\0';
}

void text_bytes(struct text_out *t, const char *p, uint32_t len)
{
	for (uint32_t i = 0; i < len && t->len + 1 < t->size; i++) {
		unsigned char c = (unsigned char)p[i];

		t->buf[t->len++] = c < ' ' || c == 0x7f ? '?' : p[i];
	}
	t->buf[t->len] = '\0';
}

void text_add(struct text_out *t, const char *s)
{
	uint32_t len = 0;

	while (s[len])
		len++;
	text_bytes(t, s, len);
}

void text_word(struct text_out *t, const char *s)
{
	if (t->len)
		text_bytes(t, " ", 1);
	text_add(t, s);
}

/* At least @width digits. */
static void digits(struct text_out *t, uint64_t v, uint32_t width)
{
	char d[DIGITS_MAX];
	uint32_t n = 0;

	do {
		d[DIGITS_MAX - ++n] = (char)('0' + v % 10);
		v /= 10;
	} while (v || n < width);
	text_bytes(t, d + DIGITS_MAX - n, n);
}

void text_uint(struct text_out *t, uint64_t v)
{
	digits(t, v, 1);
}

void text_int(struct text_out *t, int64_t v)
{
	text_word(t, v < 0 ? "-" : "");
	text_uint(t, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void text_named(struct text_out *t, const char *name, uint64_t v)
{
	text_word(t, name);
	text_word(t, "");
	text_uint(t, v);
}

/* @v over 10^@places, without zeros at its end. */
static void decimal(struct text_out *t, uint64_t v, uint32_t places)
{
	uint64_t one = 1;

	for (; places && v % 10 == 0; places--)
		v /= 10;
	for (uint32_t i = 0; i < places; i++)
		one *= 10;
	text_uint(t, v / one);
	if (places) {
		text_add(t, ".");
		digits(t, v % one, places);
	}
}

void text_time(struct text_out *t, uint64_t us)
{
	text_word(t, "");
	if (us >= 60000000u && us % 60000000u == 0) {
		text_uint(t, us / 60000000u);
		text_add(t, "min");
	} else if (us >= WORDS_SEC && us % WORDS_MS == 0) {
		decimal(t, us / WORDS_MS, 3);
		text_add(t, "s");
	} else if (us >= WORDS_MS || !us) {
		decimal(t, us, 3);
		text_add(t, "ms");
	} else {
		text_uint(t, us);
		text_add(t, "us");
	}
}

/* What a percentage with @places digits, scaled by them, reads as. */
static impair_prob prob_of(uint64_t percent, uint64_t one)
{
	unsigned __int128 all = (unsigned __int128)one * 100;

	return (impair_prob)((percent * (unsigned __int128)IMPAIR_PROB_ONE +
			      all / 2) /
			     all);
}

void text_prob(struct text_out *t, impair_prob p)
{
	uint64_t one = 1;
	uint64_t percent = 0;
	uint32_t places = 0;

	for (; places <= FRACTION; places++, one *= 10) {
		unsigned __int128 n = (unsigned __int128)p * one * 100;

		percent = (uint64_t)((n + IMPAIR_PROB_ONE / 2) /
				     IMPAIR_PROB_ONE);
		if (prob_of(percent, one) == p)
			break;
	}
	text_word(t, "");
	decimal(t, percent, places);
	text_add(t, "%");
}

void text_rate(struct text_out *t, uint64_t bps)
{
	static const struct {
		const char *name;
		uint64_t bps;
	} units[] = { { "tbit", 1000000000000 },
		      { "gbit", 1000000000 },
		      { "mbit", 1000000 },
		      { "kbit", 1000 } };

	text_word(t, "");
	for (uint32_t i = 0; i < ARRAY_LEN(units); i++) {
		if (bps < units[i].bps || bps % (units[i].bps / 1000))
			continue;
		decimal(t, bps / (units[i].bps / 1000), 3);
		text_add(t, units[i].name);
		return;
	}
	text_uint(t, bps);
	text_add(t, "bit");
}

const char *impair_rate_text(uint64_t bps, char buf[IMPAIR_STEP_TEXT_MAX])
{
	struct text_out t;

	text_init(&t, buf, IMPAIR_STEP_TEXT_MAX);
	text_rate(&t, bps);
	return buf;
}

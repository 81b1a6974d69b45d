/* SPDX-License-Identifier: MIT */
/*
 * words.h - reading a text word by word, and writing one
 *
 *	delay 20ms 2ms		words_take()	a word, if there is one
 *	      ^			words_time()	a value, or words_fail()
 *
 * A value that is wrong is reported together with the words in front of it, from
 * words.from on: "loss 120%" says more than "120%".  The first error stays.
 */

#ifndef STACK_LINK_WORDS_H
#define STACK_LINK_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/link/impair_lang.h"

#define WORDS_MS      1000u
#define WORDS_SEC     1000000u
#define WORDS_TIME_US 600000000u      /* longest time that a packet is kept */
#define WORDS_FOR_US  31536000000000u /* longest life of a rule: a year */

/**
 * struct word - a word of the text
 * @p:		its first byte, in the text
 * @len:	bytes, 0 = none
 */
struct word {
	const char *p;
	uint32_t len;
};

/**
 * struct words - a text being read
 * @text:	its beginning
 * @pos:	offset of what comes next
 * @end:	offset of the end of the statement
 * @line:	line of the statement, from 1
 * @from:	where a complaint begins
 * @err:	gets it
 * @failed:	it has
 */
struct words {
	const char *text;
	uint32_t pos;
	uint32_t end;
	uint32_t line;
	uint32_t from;
	struct impair_lang_err *err;
	bool failed;
};

/** words_init() - Read @text, all of it as one statement */
void words_init(struct words *w, const char *text, struct impair_lang_err *err);

/** words_peek() - The next word; false = the statement has ended */
bool words_peek(const struct words *w, struct word *out);

/** words_take() - Take the next word; false = the statement has ended */
bool words_take(struct words *w, struct word *out);

/** words_from() - Complaints begin at the word @at from now on */
void words_from(struct words *w, const struct word *at);

/** words_is() - Is it this word? */
bool words_is(const struct word *a, const char *b);

/**
 * words_find() - Look a word up
 * @a:		word
 * @list:	known words, NULL at the end
 *
 * Return: its index, or -1
 */
int words_find(const struct word *a, const char *const *list);

/** words_near() - The known word most like @a, NULL = none is */
const char *words_near(const struct word *a, const char *const *list);

/**
 * words_fail() - Complain about the words from @w->from to the end of @at
 * @w:		text; what was reported first stays
 * @at:		last wrong word; NULL or empty: something is missing
 * @want:	what was expected
 *
 * Return: false
 */
bool words_fail(struct words *w, const struct word *at, const char *want);

/** words_unknown() - The same for a word that is none of @list */
bool words_unknown(struct words *w, const struct word *at,
		   const char *const *list, const char *want);

/* Values.  Each takes one word, or complains and answers false. */

/** words_number_next() - Does the next word begin as a number does? */
bool words_number_next(const struct words *w);

/**
 * struct words_range - what a whole number may be
 * @min:	least value
 * @max:	largest
 * @want:	what to say of others
 */
struct words_range {
	int64_t min;
	uint64_t max;
	const char *want;
};

/** words_uint() - A whole number */
bool words_uint(struct words *w, const struct words_range *r, uint64_t *v);

/** words_int() - A whole number that may have a sign */
bool words_int(struct words *w, const struct words_range *r, int64_t *v);

/** words_prob() - A percentage; @want is what to say of others */
bool words_prob(struct words *w, const char *want, impair_prob *v);

/** words_rate() - Bits per second; with bps in the unit bytes per second */
bool words_rate(struct words *w, uint64_t *bps);

/**
 * words_time() - A time; without unit it is in microseconds, as in tc
 * @w:		text
 * @max_us:	largest
 * @want:	what to say of others
 * @us:		set to it
 */
bool words_time(struct words *w, uint64_t max_us, const char *want,
		uint64_t *us);

/** words_span() - A time that needs a unit and is more than nothing */
bool words_span(struct words *w, const char *want, uint64_t *us);

/** words_uint_of() - @len digits at @p as a number of at most @max; bytes used */
uint32_t words_uint_of(const char *p, uint32_t len, uint64_t max, uint64_t *v);

/* ---------------------------------------------------------------- writing */

/**
 * struct text_out - a text being written; what does not fit is left out
 * @buf:	the text, always ended by a NUL
 * @size:	bytes there
 * @len:	bytes written
 */
struct text_out {
	char *buf;
	uint32_t size;
	uint32_t len;
};

/** text_init() - Write into @buf */
void text_init(struct text_out *t, char *buf, uint32_t size);

/** text_add() - Add @s as it is */
void text_add(struct text_out *t, const char *s);

/** text_bytes() - Add @len bytes; control characters become '?' */
void text_bytes(struct text_out *t, const char *p, uint32_t len);

/** text_word() - Add a word, with a blank in front of all but the first */
void text_word(struct text_out *t, const char *s);

/** text_uint() - Add a number, without a blank */
void text_uint(struct text_out *t, uint64_t v);

/** text_int() - Add a word: a number with sign */
void text_int(struct text_out *t, int64_t v);

/** text_time() - Add a word: "20ms" */
void text_time(struct text_out *t, uint64_t us);

/** text_prob() - Add a word: "1.5%" */
void text_prob(struct text_out *t, impair_prob p);

/** text_rate() - Add a word: "10mbit" */
void text_rate(struct text_out *t, uint64_t bps);

/** text_named() - Add two words: a name and a number */
void text_named(struct text_out *t, const char *name, uint64_t v);

#endif /* STACK_LINK_WORDS_H */

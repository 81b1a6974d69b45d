/* SPDX-License-Identifier: MIT */
/*
 * explain_say.h - paragraphs with the time in front, between their files
 *
 *	    12.301  The stack's third data segment (bytes 2,897 to 4,344) was
 *	            lost by ...
 */

#ifndef CLI_EXPLAIN_SAY_H
#define CLI_EXPLAIN_SAY_H

#include "explain.h"
#include "fmt.h"

#define SAY_INDENT   12u  /* columns in front of the words */
#define SAY_TEXT     96u  /* room for any phrase below	   */
#define SAY_WORD     128u /* a word's bytes, with NUL	   */
#define SAY_RFCS_MAX 32u

/**
 * struct say - one telling
 * @x:		what is told
 * @rules:	how rules were asked for
 * @w:		lines
 * @colour:	times stand out
 * @word:	last word, not written yet
 * @rfc:	those named so far
 * @nrfc:	their number
 * @rfc_text:	answer of say_rfc()
 * @quoted:	of @rules, those whose text was told
 */
struct say {
	const struct explain *x;
	const struct explain_rules *rules;
	struct fmt_wrap w;
	bool colour;
	char word[SAY_WORD];
	uint32_t rfc[SAY_RFCS_MAX];
	uint32_t nrfc;
	char rfc_text[FMT_TEXT];
	bool quoted[EXPLAIN_RULES_MAX];
};

/** say_at() - Begin a paragraph about a moment */
void say_at(struct say *s, uint64_t t_us);

/** say_label() - Begin a paragraph under a word instead, of 10 letters at most */
void say_label(struct say *s, const char *label);

/** say() - Add words */
__attribute__((format(printf, 2, 3))) void say(struct say *s, const char *fmt,
					       ...);

/** say_break() - Go on in a new line */
void say_break(struct say *s);

/** say_end() - End the paragraph */
void say_end(struct say *s);

/** say_rfc() - " (RFC 8985)" the first time that it is asked for, then "" */
const char *say_rfc(struct say *s, uint32_t rfc);

/** say_count() - "1,448"; returns @buf */
const char *say_count(uint64_t n, char buf[FMT_TEXT]);

/** say_time() - "20.4ms"; returns @buf */
const char *say_time(uint64_t us, char buf[FMT_TEXT]);

/** say_who() - "the peer" or "the stack" */
const char *say_who(bool in);

/** say_who_begins() - The same at the begin of a sentence */
const char *say_who_begins(bool in);

/** say_rule() - "rule 2 (loss)"; the first time with its text */
void say_rule(struct say *s, const struct life_hit *hit);

/** say_window() - "14,480 bytes (10 segments)"; returns @buf */
const char *say_window(const struct say *s, uint64_t bytes, char buf[SAY_TEXT]);

/* --------------------------------------------------------- explain_say_loss.c */

/** say_loss() - A loss, from its cause to its cost */
void say_loss(struct say *s, const struct explain_ep *e);

/** say_late() - Something that came out of order */
void say_late(struct say *s, const struct explain_ep *e);

/** say_mechanism() - What finds losses, in a word: "RACK", "timer"; or NULL */
const char *say_mechanism(uint8_t cause);

/* ---------------------------------------------------------- explain_say_odd.c */

/** say_ack_loss() and the others - An episode of that kind */
void say_ack_loss(struct say *s, const struct explain_ep *e);
void say_twice(struct say *s, const struct explain_ep *e);
void say_delay(struct say *s, const struct explain_ep *e);
void say_mark(struct say *s, const struct explain_ep *e);
void say_window_closed(struct say *s, const struct explain_ep *e);
void say_keepalive(struct say *s, const struct explain_ep *e);
void say_error(struct say *s, const struct explain_ep *e);
void say_refused(struct say *s, const struct explain_ep *e);
void say_gap(struct say *s, const struct explain_ep *e);

/* ---------------------------------------------------------- explain_say_end.c */

/** say_open() and the others - Begin, data, end */
void say_open(struct say *s, const struct explain_ep *e);
void say_flow(struct say *s, const struct explain_ep *e);
void say_close(struct say *s, const struct explain_ep *e);

/** say_totals() - The sums */
void say_totals(struct say *s);

/* ---------------------------------------------------------- explain_say_sum.c */

/** struct say_sort - episodes of one sort, of which only the first are told */
struct say_sort {
	const struct explain_ep *first;
	uint64_t n;
	uint64_t told;
};

/** say_same_sort() - Would they be summed up together? */
bool say_same_sort(const struct explain_ep *a, const struct explain_ep *b);

/** say_sum() - Sum up those of the sort of episode @from that come from it on */
void say_sum(struct say *s, size_t from);

#endif /* CLI_EXPLAIN_SAY_H */

/* SPDX-License-Identifier: MIT */
/*
 * impair_lang.h - impairment in words: text <-> rules and scripts
 *
 *	"out port 7 delay 20ms 2ms loss 1%"	struct impair_rule
 *	"port 7; drop out data nth 3"		struct impair_script
 *
 * Words, order of arguments and units are those of tc-netem(8), by exact words.
 * A rule is one line: which packets, what happens to them, for how long, in any
 * order.  A script is steps, one a line or separated by ';', '#' begins a
 * comment; what its first step says of the target holds for all.
 *
 *	rule	[in|out|both] [conn ID] [port N|service NAME] [peer PREFIX] [next]
 *		delay TIME [JITTER [CORR]] [distribution DIST]
 *		loss [random] P [CORR] | loss gemodel P [R [1-H [1-K]]] |
 *			loss state P13 [P31 [P32 [P23 [P14]]]]
 *		duplicate P [CORR], corrupt P [CORR], reorder P [CORR] [gap N],
 *		rate RATE [OVERHEAD [CELLSIZE [CELLOVERHEAD]]], limit N, ecn,
 *		silent, seed N, for TIME
 *	script	[TARGET;] STEP [; STEP]...
 *	TARGET	next (the default) | all | the same words as a rule's
 *	STEP	ACTION [in|out|both] KIND [ARG] [nth A[-[B]]] [count N]
 *		[until TIME]
 *
 * What was parsed prints as canonical text, which parses as the same again.
 * All is pure: no memory, no state, no clock.
 */

#ifndef STACK_LINK_IMPAIR_LANG_H
#define STACK_LINK_IMPAIR_LANG_H

#include <stddef.h>
#include <stdint.h>

#include "stack/link/impair.h"

#define IMPAIR_TEXT_MAX	       512u  /* a rule's canonical text, NUL included */
#define IMPAIR_STEP_TEXT_MAX   96u   /* the same of a step */
#define IMPAIR_SCRIPT_TEXT_MAX 4096u /* the same of a script */
#define IMPAIR_ERR_TEXT_MAX    512u  /* a complaint */
#define IMPAIR_SOURCE_MAX      16384u /* longest text that is looked at */

/**
 * struct impair_lang_err - what is wrong with a text, and what would be right
 * @at:		offset of the words that are wrong
 * @len:	their bytes, 0 = there are none
 * @line:	line they are on, from 1
 * @want:	what was expected, a sentence without a full stop; constant
 * @near:	the known word most like the wrong one; NULL = none is
 */
struct impair_lang_err {
	uint32_t at;
	uint32_t len;
	uint32_t line;
	const char *want;
	const char *near;
};

/**
 * impair_rule_parse() - Read a rule
 * @text:	text, one line
 * @r:		set to the rule; a service is named, its port is left 0
 * @err:	what is wrong with it
 *
 * Return: 0, or -ERR_INVAL with @err set
 */
int impair_rule_parse(const char *text, struct impair_rule *r,
		      struct impair_lang_err *err) MUST_USE;

/** impair_rule_text() - Write a rule as canonical text; returns @buf */
const char *impair_rule_text(const struct impair_rule *r,
			     char buf[IMPAIR_TEXT_MAX]);

/** impair_match_text() - Only its match; empty where all packets are meant */
const char *impair_match_text(const struct impair_match *m,
			      char buf[IMPAIR_TEXT_MAX]);

/**
 * impair_script_parse() - Read a script
 * @text:	text
 * @sc:		set to the script
 * @err:	what is wrong with it
 *
 * Return: 0, or -ERR_INVAL with @err set
 */
int impair_script_parse(const char *text, struct impair_script *sc,
			struct impair_lang_err *err) MUST_USE;

/** impair_script_text() - Write a script as canonical text, on one line */
const char *impair_script_text(const struct impair_script *sc,
			       char buf[IMPAIR_SCRIPT_TEXT_MAX]);

/** impair_step_text() - Write one step */
const char *impair_step_text(const struct impair_step *st,
			     char buf[IMPAIR_STEP_TEXT_MAX]);

/** impair_target_text() - Write a script's target: "next", "all", "port 7" */
const char *impair_target_text(const struct impair_match *m,
			       char buf[IMPAIR_TEXT_MAX]);

/**
 * impair_err_text() - Write a complaint: "loss 120%: a probability is ..."
 * @text:	what was parsed
 * @err:	what is wrong with it
 * @buf:	gets it
 */
const char *impair_err_text(const char *text, const struct impair_lang_err *err,
			    char buf[IMPAIR_ERR_TEXT_MAX]);

/**
 * impair_rate_parse() - Read a rate: "10mbit", "80kbps"
 * @text:	text
 * @bps:	set to bits per second
 * @err:	what is wrong with it
 *
 * Return: 0, or -ERR_INVAL
 */
int impair_rate_parse(const char *text, uint64_t *bps,
		      struct impair_lang_err *err) MUST_USE;

/** impair_rate_text() - Write a rate; returns @buf */
const char *impair_rate_text(uint64_t bps, char buf[IMPAIR_STEP_TEXT_MAX]);

/* ---------------------------------------------------------------- presets */

#define IMPAIR_PRESET_RULES 2u /* most rules in a preset */

/**
 * struct impair_preset - a known network
 * @name:	its name
 * @help:	one line: what it is like
 * @source:	where its numbers come from
 * @rule:	its rules, in their canonical text; NULL = only one
 */
struct impair_preset {
	const char *name;
	const char *help;
	const char *source;
	const char *rule[IMPAIR_PRESET_RULES];
};

/** impair_presets() - The table; @n is set to its length */
const struct impair_preset *impair_presets(uint32_t *n);

/**
 * impair_preset_parse() - Read "NAME [which packets] [seed N] [for TIME]"
 * @text:	text
 * @r:		set to the rules
 * @n:		set to their number
 * @err:	what is wrong with it
 *
 * Return: 0, or -ERR_INVAL with @err set
 */
int impair_preset_parse(const char *text,
			struct impair_rule r[IMPAIR_PRESET_RULES], uint32_t *n,
			struct impair_lang_err *err) MUST_USE;

#endif /* STACK_LINK_IMPAIR_LANG_H */

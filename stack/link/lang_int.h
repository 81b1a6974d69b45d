/* SPDX-License-Identifier: MIT */
/*
 * lang_int.h - between the files of the language
 *
 *	words.c		words and numbers
 *	impair_match_lang.c	which packets: shared by rules and scripts
 *	impair_lang.c	rules
 *	impair_rule_text.c	rules back to text
 *	impair_script_lang.c	scripts
 *	impair_presets.c	presets
 */

#ifndef STACK_LINK_LANG_INT_H
#define STACK_LINK_LANG_INT_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/link/impair_lang.h"
#include "stack/link/words.h"

#define LANG_BOTH     (1u << IMPAIR_IN | 1u << IMPAIR_OUT)
#define LANG_CONN_MAX ((1ull << 53) - 1) /* exact in JSON */

enum lang_taken {
	LANG_FAILED, /* and reported */
	LANG_OTHER,  /* no word of that kind; not taken */
	LANG_TAKEN,
};

/**
 * lang_take_dir() - Take in, out or both if that comes next
 * @w:		text
 * @dirs:	0 as long as none was given; set to bits (1 << enum impair_dir)
 */
enum lang_taken lang_take_dir(struct words *w, uint8_t *dirs);

/** lang_take_target() - Take conn, port, service, peer or next, and its value */
enum lang_taken lang_take_target(struct words *w, struct impair_match *m);

/** lang_check_target() - Can what was taken hold together? */
bool lang_check_target(struct words *w, const struct impair_match *m);

/** lang_has_target() - Does it say anything of the connections? */
bool lang_has_target(const struct impair_match *m);

/** lang_put_target() - Write it, nothing where it says nothing */
void lang_put_target(struct text_out *t, const struct impair_match *m);

/** lang_dir_name() - "in", "out" or "both" */
const char *lang_dir_name(uint8_t dirs);

/* Parts of a rule, for those who have only some of them. */

#define LANG_RULE  1u /* all words of a rule */
#define LANG_EXTRA 2u /* target, seed and for: what may follow a preset */

/**
 * lang_rule_words() - Read the rest of the text as words of a rule
 * @w:		text
 * @r:		filled in
 * @which:	LANG_RULE or LANG_EXTRA
 */
bool lang_rule_words(struct words *w, struct impair_rule *r, uint32_t which);

/** lang_dist_names() - Names of enum impair_dist, NULL at the end */
extern const char *const lang_dist_names[];

#endif /* STACK_LINK_LANG_INT_H */

/* SPDX-License-Identifier: MIT */
/*
 * ladder_text.h - what is written on an arrow, and the notes of a ladder
 */

#ifndef CLI_LADDER_TEXT_H
#define CLI_LADDER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fmt.h"
#include "life.h"

#define LADDER_WORDS 16u
#define LADDER_WORD  80u  /* a word, with NUL */
#define LADDER_NOTE  160u /* a note, with NUL */

/**
 * struct ladder_words - pieces of text that are not broken
 * @n:		their number
 * @w:		the pieces
 */
struct ladder_words {
	size_t n;
	char w[LADDER_WORDS][LADDER_WORD];
};

/** ladder_time() - fmt_time() without a fraction that is 0; returns @buf */
const char *ladder_time(uint64_t us, char buf[FMT_TEXT]);

/** ladder_segment() - What is written on a segment's arrow; @bare: no times */
void ladder_segment(const struct life_seg *s, bool bare,
		    struct ladder_words *words);

/** ladder_opened() - What was agreed on; returns @note, empty = not told */
const char *ladder_opened(const struct life_opened *o, char note[LADDER_NOTE]);

/** ladder_lost() - The note that something is held for lost; returns @note */
const char *ladder_lost(const struct life_lost *lost, bool bare,
			char note[LADDER_NOTE]);

/** ladder_closed() - How the connection ended; returns @note */
const char *ladder_closed(const struct life_closed *c, bool bare,
			  char note[LADDER_NOTE]);

#endif /* CLI_LADDER_TEXT_H */

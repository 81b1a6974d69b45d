/* SPDX-License-Identifier: MIT */
/*
 * match.h - what a word typed by somebody was meant to be
 */

#ifndef CLI_MATCH_H
#define CLI_MATCH_H

#include <stddef.h>

#define MATCH_NONE (-1)
#define MATCH_MANY (-2)

/**
 * match_word() - Find a word by itself or by an unambiguous prefix
 * @word:	what was typed
 * @list:	words
 * @n:		their number
 *
 * Return: index of the word meant, MATCH_NONE or MATCH_MANY
 */
int match_word(const char *word, const char *const *list, size_t n);

/** match_nearest() - The word most like @word; NULL if none is like it */
const char *match_nearest(const char *word, const char *const *list, size_t n);

#endif /* CLI_MATCH_H */

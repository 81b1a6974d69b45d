/* SPDX-License-Identifier: MIT */
/*
 * match.c - what a word typed by somebody was meant to be
 */

#include "match.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define WORD_MAX  32u
#define SHORT_MAX 4u

int match_word(const char *word, const char *const *list, size_t n)
{
	int found = MATCH_NONE;

	for (size_t i = 0; i < n; i++) {
		if (!strcmp(list[i], word))
			return (int)i;
		if (strncmp(list[i], word, strlen(word)) != 0)
			continue;
		found = found == MATCH_NONE ? (int)i : MATCH_MANY;
	}
	return *word ? found : MATCH_NONE;
}

/* One row of the table of edit distances (Levenshtein), for one letter. */
static void next_row(uint32_t *row, char letter, const char *b, size_t blen)
{
	uint32_t diag = row[0]++;

	for (size_t j = 1; j <= blen; j++) {
		uint32_t cost = diag + (letter != b[j - 1]);

		if (row[j] + 1 < cost)
			cost = row[j] + 1;
		if (row[j - 1] + 1 < cost)
			cost = row[j - 1] + 1;
		diag = row[j];
		row[j] = cost;
	}
}

/* Is one the other with two neighbouring letters swapped? */
static bool is_swap(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a && *b && a[0] == b[1] && a[1] == b[0] &&
	       !strcmp(a + 2, b + 2);
}

/* Letters to change, add, drop or swap to make one word of the other. */
static uint32_t distance(const char *a, const char *b)
{
	uint32_t row[WORD_MAX + 1];
	size_t blen = strlen(b);

	if (strlen(a) > WORD_MAX || blen > WORD_MAX)
		return UINT32_MAX;
	if (is_swap(a, b))
		return 1;
	for (uint32_t j = 0; j <= blen; j++)
		row[j] = j;
	for (; *a; a++)
		next_row(row, *a, b, blen);
	return row[blen];
}

/* How many letters may be wrong: in a short word, two make another word. */
static uint32_t tolerance(const char *a, const char *b)
{
	size_t len = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	return len <= SHORT_MAX ? 1 : 1 + (uint32_t)len / 3;
}

const char *match_nearest(const char *word, const char *const *list, size_t n)
{
	const char *near = NULL;
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < n; i++) {
		uint32_t d = distance(word, list[i]);

		if (d >= least || d > tolerance(word, list[i]))
			continue;
		least = d;
		near = list[i];
	}
	return near;
}

/* SPDX-License-Identifier: MIT */
/*
 * page.h - lines of a ladder diagram, written one after the other
 *
 *	 time	   peer's line		       our line	 margin
 *	|---------|-|---------------------------|-|-------------|
 *	 PAGE_TIME     PAGE_INNER		   PAGE_MARGIN	= 80 columns
 *
 * The lines of the last thing drawn wait, since something may still have to go
 * into their margin.
 */

#ifndef CLI_PAGE_H
#define CLI_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ladder_text.h"
#include "life.h"

#define PAGE_TIME   9u
#define PAGE_INNER  55u
#define PAGE_MARGIN 12u
#define PAGE_LINES  10u /* most lines of one thing */

enum page_tint {
	TINT_PLAIN,
	TINT_DIM,
	TINT_BOLD,
	TINT_RED,
	TINT_YELLOW,
	TINT_BLUE,
};

/**
 * struct page_line - a line that waits
 * @inner:	what is between the two sides
 * @tint:	its colour, enum page_tint
 * @margin:	right of them
 */
struct page_line {
	char inner[PAGE_INNER + 1];
	uint8_t tint;
	char margin[PAGE_MARGIN + 1];
};

/**
 * struct page - where lines go
 * @out:	file
 * @colour:	with colours
 * @bare:	without times
 * @n:		lines that wait in @line
 * @line:	what was drawn last
 * @t_us:	its time
 * @written_us:	time on the line written last, LIFE_NONE = none
 */
struct page {
	FILE *out;
	bool colour;
	bool bare;
	size_t n;
	struct page_line line[PAGE_LINES];
	uint64_t t_us;
	uint64_t written_us;
};

/** page_tinted() - Write a text in a colour */
void page_tinted(const struct page *p, enum page_tint tint, const char *text);

/** page_begin() - Write what waits; what follows is of that time */
void page_begin(struct page *p, uint64_t t_us);

/** page_flush() - Write what waits */
void page_flush(struct page *p);

/** page_blank() - A line with nothing but a margin */
void page_blank(struct page *p, const char *margin);

/** page_note() - A note beside our line, or in the middle */
void page_note(struct page *p, enum page_tint tint, bool middle,
	       const char *text);

/** page_arrow() - A segment, with words on its arrow and below it */
void page_arrow(struct page *p, const struct life_seg *s,
		const struct ladder_words *words);

/**
 * page_margin() - Put something into the margin of what waits, far up
 * @p:		page
 * @text:	at most PAGE_MARGIN columns, the rest is cut off
 *
 * Return: false if there is no room
 */
bool page_margin(struct page *p, const char *text);

#endif /* CLI_PAGE_H */

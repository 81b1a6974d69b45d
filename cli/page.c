/* SPDX-License-Identifier: MIT */
/*
 * page.c - lines of a ladder diagram, written one after the other
 */

#include "page.h"

#include <string.h>

#include "fmt.h"

#define TEXT_AT	 4u  /* where words begin on an arrow that goes right */
#define LOST_GAP 12u /* what an arrow that is lost does not reach */
#define SIGNS	 7u  /* most signs in front of an arrow's head */
#define MS_MAX	 1e9 /* microseconds; above that, seconds are enough */

_Static_assert(PAGE_TIME + 1 + 1 + PAGE_INNER + 1 + 1 + PAGE_MARGIN ==
		       FMT_WIDTH,
	       "a line fits the terminal");

static const char *const tints[] = {
	[TINT_PLAIN] = "",	    [TINT_DIM] = "\033[2m",
	[TINT_BOLD] = "\033[1m",    [TINT_RED] = "\033[31m",
	[TINT_YELLOW] = "\033[33m", [TINT_BLUE] = "\033[36m",
};

/* ------------------------------------------------------------------- writing */

void page_tinted(const struct page *p, enum page_tint tint, const char *text)
{
	bool on = p->colour && tint != TINT_PLAIN && *text;

	fprintf(p->out, "%s%s%s", on ? tints[tint] : "", text,
		on ? "\033[0m" : "");
}

/* The column of times; a time that stands above already is left out. */
static void write_time(struct page *p)
{
	char text[FMT_TEXT] = "";
	double us = (double)p->t_us;

	if (p->bare)
		return;
	if (p->t_us != p->written_us && us < MS_MAX)
		(void)snprintf(text, sizeof(text), "%.3f", us / 1e3);
	else if (p->t_us != p->written_us)
		(void)snprintf(text, sizeof(text), "%.1fs", us / 1e6);
	p->written_us = p->t_us;
	fprintf(p->out, "%*s", (int)PAGE_TIME - (int)strlen(text), "");
	page_tinted(p, TINT_DIM, text);
	fputc(' ', p->out);
}

static void write_line(struct page *p, const struct page_line *l)
{
	write_time(p);
	fputc('|', p->out);
	page_tinted(p, l->tint, l->inner);
	fputc('|', p->out);
	if (*l->margin) {
		fputc(' ', p->out);
		page_tinted(p, TINT_BOLD, l->margin);
	}
	fputc('\n', p->out);
}

void page_flush(struct page *p)
{
	for (size_t i = 0; i < p->n; i++)
		write_line(p, &p->line[i]);
	p->n = 0;
}

/* A new line that waits, blank; NULL = a record has no more. */
static struct page_line *new_line(struct page *p, enum page_tint tint)
{
	struct page_line *l;

	if (p->n == PAGE_LINES)
		return NULL;
	l = &p->line[p->n++];
	memset(l->inner, ' ', PAGE_INNER);
	l->inner[PAGE_INNER] = '\0';
	l->tint = tint;
	l->margin[0] = '\0';
	return l;
}

/* Write what waits; what follows is of that time. */
void page_begin(struct page *p, uint64_t t_us)
{
	page_flush(p);
	p->t_us = t_us;
}

/* Put something into the margin, as far up as there is room. */
bool page_margin(struct page *p, const char *text)
{
	for (size_t i = 0; i < p->n; i++) {
		if (*p->line[i].margin)
			continue;
		(void)snprintf(p->line[i].margin, sizeof(p->line[i].margin),
			       "%s", text);
		return true;
	}
	return false;
}

void page_blank(struct page *p, const char *margin)
{
	if (new_line(p, TINT_PLAIN))
		(void)page_margin(p, margin);
}

/* --------------------------------------------------------------------- notes */

/* How much of @text fits into @room, up to a blank. */
static size_t fitting(const char *text, size_t room)
{
	size_t len = strlen(text);

	if (len <= room)
		return len;
	for (len = room; len > 0 && text[len] != ' '; len--)
		;
	return len ? len : room;
}

/* A note beside our line, or in the middle. */
void page_note(struct page *p, enum page_tint tint, bool middle,
	       const char *text)
{
	while (*text) {
		size_t len = fitting(text, PAGE_INNER - 2);
		struct page_line *l = new_line(p, tint);
		size_t at = middle ? (PAGE_INNER - len) / 2
				   : PAGE_INNER - 1 - len;

		if (!l)
			return;
		memcpy(l->inner + at, text, len);
		text += len;
		text += strspn(text, " ");
	}
}

/* -------------------------------------------------------------------- arrows */

/* Signs of what befell a segment, but for its loss. */
static size_t signs_of(uint32_t faults, char signs[SIGNS + 1])
{
	static const struct {
		uint32_t fault;
		char sign;
	} list[SIGNS] = {
		{ LIFE_F_DUPLICATED, '2' }, { LIFE_F_CORRUPTED, '!' },
		{ LIFE_F_REORDERED, '^' },  { LIFE_F_HELD, 'h' },
		{ LIFE_F_MARKED, 'c' },	    { LIFE_F_TRUNCATED, 't' },
		{ LIFE_F_TAMPERED, '*' },
	};
	size_t n = 0;

	for (size_t i = 0; i < SIGNS; i++)
		if (faults & list[i].fault)
			signs[n++] = list[i].sign;
	signs[n] = '\0';
	return n;
}

/*
 *	right	  |--- words ------2>|	  |--- words ---X      |
 *	left	  |<2- words --------|	  |	 X-- words ----|
 *	columns	   0   TEXT_AT
 *
 * Gives where the words go, and how much room they have.
 */
static size_t draw_shaft(const struct life_seg *s, char *inner, size_t *room)
{
	bool lost = s->hit.faults & LIFE_F_LOST;
	bool slow = s->hit.faults & (LIFE_F_DELAYED | LIFE_F_HELD);
	size_t gap = lost ? LOST_GAP : 0;
	char signs[SIGNS + 1];
	size_t n = signs_of(s->hit.faults, signs);
	size_t at = n + 2 > TEXT_AT ? n + 2 : TEXT_AT;

	*room = PAGE_INNER - gap - at - n - 3;
	if (!s->out) {
		memset(inner,
		       slow	  ? '~'
		       : s->again ? '='
				  : '-',
		       PAGE_INNER - gap);
		inner[PAGE_INNER - 1 - gap] = lost ? 'X' : '>';
		memcpy(inner + PAGE_INNER - 1 - gap - n, signs, n);
		return TEXT_AT;
	}
	memset(inner + gap,
	       slow	  ? '~'
	       : s->again ? '='
			  : '-',
	       PAGE_INNER - gap);
	inner[gap] = lost ? 'X' : '<';
	memcpy(inner + gap + 1, signs, n);
	return gap + at;
}

/* The first words that fit, from @from on; how many. */
static size_t join_words(const struct ladder_words *words, size_t from,
			 size_t room, char text[PAGE_INNER + 1])
{
	size_t used = 0;
	size_t i = from;

	for (; i < words->n; i++) {
		size_t len = strlen(words->w[i]);
		size_t need = len + (used ? 1 : 0);

		if (used + need > room && i > from)
			break;
		if (need > room)
			len = room; /* no word is that long */
		if (used)
			text[used++] = ' ';
		memcpy(text + used, words->w[i], len);
		used += len;
	}
	text[used] = '\0';
	return i - from;
}

static enum page_tint tint_of(const struct life_seg *s)
{
	if (s->hit.faults & (LIFE_F_LOST | LIFE_F_CORRUPTED | LIFE_F_TRUNCATED))
		return TINT_RED;
	if (s->hit.faults)
		return TINT_YELLOW;
	return s->again ? TINT_BOLD : TINT_PLAIN;
}

void page_arrow(struct page *p, const struct life_seg *s,
		const struct ladder_words *words)
{
	struct page_line *l = new_line(p, tint_of(s));
	char text[PAGE_INNER + 1];
	size_t room;
	size_t at;
	size_t i;

	if (!l)
		return;
	at = draw_shaft(s, l->inner, &room);
	i = join_words(words, 0, room, text);
	l->inner[at - 1] = ' ';
	memcpy(l->inner + at, text, strlen(text));
	l->inner[at + strlen(text)] = ' ';
	while (i < words->n) {
		l = new_line(p, tint_of(s));
		if (!l)
			return;
		i += join_words(words, i, PAGE_INNER - at - 1, text);
		memcpy(l->inner + at, text, strlen(text));
	}
}

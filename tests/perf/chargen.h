/* SPDX-License-Identifier: MIT */
/*
 * chargen.h - the text that a character generator sends (RFC 864)
 *
 * Lines of 72 of the 95 printable characters, each one further than the line
 * before; the text repeats after 95 lines.  ustackd sends it on port 19, and so
 * does the rival, so that a client can tell byte by byte whether it is intact.
 */

#ifndef PERF_CHARGEN_H
#define PERF_CHARGEN_H

#include <stddef.h>

#define CHARGEN_CHARS  95u
#define CHARGEN_LINE   74u
#define CHARGEN_PERIOD (CHARGEN_CHARS * CHARGEN_LINE)

/**
 * chargen_text() - Write the text from its beginning
 * @text:	where to
 * @len:	bytes
 */
static inline void chargen_text(char *text, size_t len)
{
	for (size_t at = 0; at < len; at++) {
		size_t column = at % CHARGEN_LINE;
		size_t line = at / CHARGEN_LINE % CHARGEN_CHARS;

		if (column < CHARGEN_LINE - 2)
			text[at] = (char)(' ' +
					  (line + column) % CHARGEN_CHARS);
		else
			text[at] = column == CHARGEN_LINE - 2 ? '\r' : '\n';
	}
}

#endif /* PERF_CHARGEN_H */

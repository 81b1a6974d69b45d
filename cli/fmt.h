/* SPDX-License-Identifier: MIT */
/*
 * fmt.h - numbers, times and lines for people
 */

#ifndef CLI_FMT_H
#define CLI_FMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define FMT_WIDTH 80u /* columns that output fits into		*/
#define FMT_TEXT  32u /* room for any number or time written	*/

/**
 * struct fmt_wrap - words on lines of at most FMT_WIDTH columns
 * @out:	where they go
 * @indent:	columns in front of each line
 * @col:	columns used, 0 = at the start of a line
 */
struct fmt_wrap {
	FILE *out;
	uint32_t indent;
	uint32_t col;
};

/** fmt_bytes() - "512 B", "1.4 MiB"; returns @buf */
const char *fmt_bytes(double bytes, char buf[FMT_TEXT]);

/** fmt_count() - "1234567" as "1,234,567"; returns @buf */
const char *fmt_count(double n, char buf[FMT_TEXT]);

/** fmt_si() - "0", "999", "1.23k", "45.6M", "789G": at most 5 columns; returns @buf */
const char *fmt_si(double n, char buf[FMT_TEXT]);

/** fmt_time() - "850us", "12.3ms", "4.2s", "3m05s", "2h14m", "5d02h" */
const char *fmt_time(double us, char buf[FMT_TEXT]);

/** fmt_ms() - Milliseconds as ss writes them: "0.042", "12.5", "204" */
const char *fmt_ms(double us, char buf[FMT_TEXT]);

/** fmt_endpoint() - "10.7.0.2:7", "[fd07::2]:7"; returns @buf */
const char *fmt_endpoint(const char *addr, double port, char *buf, size_t size);

/** fmt_colour_wanted() - Is @out a terminal, and nobody against colours? */
bool fmt_colour_wanted(FILE *out);

/** fmt_head() - A line of headings, bold if @colour */
void fmt_head(FILE *out, bool colour, const char *text);

/** fmt_wrap_add() - Add a word, on a new line where it does not fit */
__attribute__((format(printf, 2, 3))) void fmt_wrap_add(struct fmt_wrap *w,
							const char *fmt, ...);

/** fmt_wrap_end() - End the last line */
void fmt_wrap_end(struct fmt_wrap *w);

#endif /* CLI_FMT_H */

/* SPDX-License-Identifier: MIT */
/*
 * fmt.c - numbers, times and lines for people
 */

#include "fmt.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORD_MAX 160u

const char *fmt_bytes(double bytes, char buf[FMT_TEXT])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	size_t i = 0;

	if (bytes < 1024) {
		(void)snprintf(buf, FMT_TEXT, "%.0f B", bytes);
		return buf;
	}
	for (bytes /= 1024; bytes >= 1023.95 && i < 3; i++)
		bytes /= 1024;
	(void)snprintf(buf, FMT_TEXT, "%.1f %s", bytes, units[i]);
	return buf;
}

const char *fmt_count(double n, char buf[FMT_TEXT])
{
	char digits[FMT_TEXT];
	int len = snprintf(digits, sizeof(digits), "%.0f", n);
	size_t at = 0;

	if (len < 0 || len > 20)
		len = snprintf(digits, sizeof(digits), "?");
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return buf;
}

const char *fmt_si(double n, char buf[FMT_TEXT])
{
	static const char units[] = "kMGTPE";
	size_t i = 0;
	int places;

	if (n < 999.5) {
		(void)snprintf(buf, FMT_TEXT, "%.0f", n);
		return buf;
	}
	for (n /= 1000; n >= 999.5 && i < sizeof(units) - 2; i++)
		n /= 1000;
	places = n < 9.995 ? 2 : n < 99.95 ? 1 : 0;
	(void)snprintf(buf, FMT_TEXT, "%.*f%c", places, n, units[i]);
	return buf;
}

/* Two units of time, the smaller one with two digits. */
static void format_pair(double seconds, unsigned int big, const char *units,
			char *buf)
{
	unsigned long long s = (unsigned long long)seconds;
	unsigned int small = big == 86400 ? 3600 : big == 3600 ? 60 : 1;

	(void)snprintf(buf, FMT_TEXT, "%llu%c%02llu%c", s / big, units[0],
		       s % big / small, units[1]);
}

const char *fmt_time(double us, char buf[FMT_TEXT])
{
	if (us < 1e3)
		(void)snprintf(buf, FMT_TEXT, "%.0fus", us);
	else if (us < 1e6)
		(void)snprintf(buf, FMT_TEXT, "%.1fms", us / 1e3);
	else if (us < 60e6)
		(void)snprintf(buf, FMT_TEXT, "%.1fs", us / 1e6);
	else if (us < 3600e6)
		format_pair(us / 1e6, 60, "ms", buf);
	else if (us < 86400e6)
		format_pair(us / 1e6, 3600, "hm", buf);
	else
		format_pair(us / 1e6, 86400, "dh", buf);
	return buf;
}

const char *fmt_ms(double us, char buf[FMT_TEXT])
{
	(void)snprintf(buf, FMT_TEXT, "%.7g", us / 1e3);
	return buf;
}

const char *fmt_endpoint(const char *addr, double port, char *buf, size_t size)
{
	bool v6 = strchr(addr, ':') != NULL;

	(void)snprintf(buf, size, v6 ? "[%s]:%.0f" : "%s:%.0f", addr, port);
	return buf;
}

bool fmt_colour_wanted(FILE *out)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (no && *no)
		return false;
	return isatty(fileno(out)) && term && strcmp(term, "dumb") != 0;
}

void fmt_head(FILE *out, bool colour, const char *text)
{
	fprintf(out, "%s%s%s\n", colour ? "\033[1m" : "", text,
		colour ? "\033[0m" : "");
}

void fmt_wrap_add(struct fmt_wrap *w, const char *fmt, ...)
{
	char word[WORD_MAX];
	uint32_t len;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(word, sizeof(word), fmt, ap);
	va_end(ap);
	len = (uint32_t)strlen(word);
	if (w->col && w->col + 1 + len > FMT_WIDTH)
		fmt_wrap_end(w);
	if (!w->col)
		w->col = (uint32_t)fprintf(w->out, "%*s%s", (int)w->indent, "",
					   word);
	else
		w->col += (uint32_t)fprintf(w->out, " %s", word);
}

void fmt_wrap_end(struct fmt_wrap *w)
{
	if (w->col)
		(void)fputc('\n', w->out);
	w->col = 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * config_ini.c - the file's lines and the strings of -o, as assignments
 *
 * inih takes a line apart (blanks, quotes of comments, "=" and ":"), but its
 * handler is told no line number, it names only the first bad line, and it
 * cuts long lines in two.  So the reader below counts, refuses long lines,
 * takes section headings itself, and notices a line that inih made nothing of.
 * It also strips the indentation, in which inih would see a continued value.
 */

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_int.h"

#define BLANKS " \t\r\n\v\f"

/**
 * struct ini_source - a file being read
 * @p:		pass
 * @in:		file
 * @text:	the line, allocated by getline()
 * @cap:	bytes there
 * @line:	its number
 * @waiting:	inih has been given an assignment and has not called back
 * @section:	name of the section, empty before the first
 * @taken:	the section's keys can be taken
 */
struct ini_source {
	struct config_pass *p;
	FILE *in;
	char *text;
	size_t cap;
	int line;
	bool waiting;
	char section[CONFIG_LINE_MAX + 1];
	bool taken;
};

/* What a line without key or value was meant to be is anybody's guess. */
static void refuse_line(struct ini_source *src, const char *expected)
{
	struct config_item it = { .from.line = src->line };

	config_complain(src->p, &it, "expected %s", expected);
}

static void begin_section(struct ini_source *src, char *line)
{
	struct config_item it = { .from.line = src->line };
	char *end = strchr(line, ']');
	size_t len;

	src->taken = false;
	(void)snprintf(src->section, sizeof(src->section), "?");
	if (!end) {
		refuse_line(src, "a ']' at the end of the section's name");
		return;
	}
	*end = '\0';
	line += strspn(line, BLANKS);
	for (len = strlen(line); len && strchr(BLANKS, line[len - 1]); len--)
		line[len - 1] = '\0';
	(void)snprintf(src->section, sizeof(src->section), "%s", line);
	it.section = src->section;
	src->taken = config_section(src->p, &it);
}

static void check_waiting(struct ini_source *src)
{
	if (src->waiting)
		refuse_line(src, "key = value, a [section] or a comment");
	src->waiting = false;
}

/* Look at a line; true if inih is to take it apart. */
static bool look_at_line(struct ini_source *src, char *line)
{
	line[strcspn(line, "\r\n")] = '\0';
	if (!*line || *line == '#' || *line == ';')
		return false;
	if (strlen(line) > CONFIG_LINE_MAX) {
		refuse_line(src, "a line of at most 190 bytes");
		return false;
	}
	if (*line == '[') {
		begin_section(src, line + 1);
		return false;
	}
	return true;
}

/* inih's reader: one line into @buf, fgets() in its way. */
static char *on_read(char *buf, int size, void *stream)
{
	struct ini_source *src = stream;
	char *line;
	ssize_t len;

	check_waiting(src);
	len = getline(&src->text, &src->cap, src->in);
	if (len < 0)
		return NULL;
	src->line++;
	line = src->text;
	if (src->line == 1 && !strncmp(line, "\xef\xbb\xbf", 3))
		line += 3; /* byte order mark */
	if (strlen(line) != (size_t)(src->text + len - line)) {
		refuse_line(src, "text, found a NUL byte");
		line[0] = '\0';
	}
	line += strspn(line, BLANKS);
	src->waiting = look_at_line(src, line);
	(void)snprintf(buf, (size_t)size, "%s\n", src->waiting ? line : "");
	return buf;
}

/* inih's handler; it keeps no section, the reader does. */
static int on_assignment(void *user, const char *section, const char *name,
			 const char *value)
{
	struct ini_source *src = user;
	struct config_item it = {
		.from.line = src->line,
		.section = *src->section ? src->section : NULL,
		.key = name,
		.value = value,
	};

	(void)section;
	src->waiting = false;
	if (!it.section)
		config_complain(src->p, &it, "expected a [section] first");
	else if (src->taken)
		config_assign(src->p, &it);
	return 1;
}

int config_ini_read(struct config_pass *p, FILE *in)
{
	struct ini_source src = { .p = p, .in = in };
	int rc;

	rc = ini_parse_stream(on_read, &src, on_assignment, &src);
	check_waiting(&src);
	free(src.text);
	if (ferror(in))
		return -EIO;
	return rc == -2 ? -ENOMEM : 0;
}

void config_override(struct config_pass *p, const char *text)
{
	struct config_item it = { .from.override = text };
	char copy[CONFIG_TEXT_MAX];
	char *value;
	char *dot;

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy)) {
		config_complain(p, &it, "expected at most %u bytes",
				CONFIG_TEXT_MAX - 1);
		return;
	}
	value = strchr(copy, '=');
	if (value)
		*value++ = '\0';
	dot = value ? strrchr(copy, '.') : NULL;
	if (!dot || dot == copy || !dot[1]) {
		config_complain(p, &it, "expected SECTION.KEY=VALUE");
		return;
	}
	*dot = '\0';
	it.section = copy;
	if (!config_section(p, &it))
		return;
	it.key = dot + 1;
	it.value = value;
	config_assign(p, &it);
}

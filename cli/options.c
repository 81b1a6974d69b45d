/* SPDX-License-Identifier: MIT */
/*
 * options.c - what a command takes, as a table
 */

#include "options.h"

#include <getopt.h>
#include <string.h>

#include "cli.h"
#include "fmt.h"
#include "match.h"

#define OPTIONS_MAX 16u
#define WORDS_MAX   16u
#define NAME_MAX    32u
#define LIST_MAX    512u
#define LIST_SHORT  100u /* options that a complaint lists itself */
#define HELP_COLUMN 26	 /* where the help of an option begins */

/* A table in getopt_long()'s own form. */
struct getopt_table {
	char letters[2 * OPTIONS_MAX + 3];
	struct option names[OPTIONS_MAX + 1];
};

static void fill(struct getopt_table *g, const struct option_reader *r)
{
	char *letter = g->letters;
	size_t n = 0;

	memset(g, 0, sizeof(*g));
	if (r->front)
		*letter++ = '+';
	*letter++ = ':';
	for (const struct option_def *o = r->table; o->value; o++) {
		if (o->value < OPTION_LONG) {
			*letter++ = (char)o->value;
			if (o->arg)
				*letter++ = ':';
		}
		if (o->name)
			g->names[n++] = (struct option){
				.name = o->name,
				.has_arg = o->arg ? required_argument
						  : no_argument,
				.val = o->value,
			};
	}
}

static const struct option_def *find(const struct option_def *o, int value)
{
	while (o->value && o->value != value)
		o++;
	return o->value ? o : NULL;
}

/* The shorter way to write it: "-p", else "--port". */
static const char *spelled(const struct option_def *o, char *buf, size_t size)
{
	if (o->value < OPTION_LONG)
		(void)snprintf(buf, size, "-%c", (char)o->value);
	else
		(void)snprintf(buf, size, "--%s", o->name);
	return buf;
}

/* "-s STATE, -p PORT, -i" */
static const char *list_options(const struct option_def *o, char *buf)
{
	char name[NAME_MAX];
	size_t len = 0;

	(void)snprintf(buf, LIST_MAX, "no options");
	for (const char *comma = ""; o->value && len < LIST_MAX; o++) {
		len += (size_t)snprintf(buf + len, LIST_MAX - len, "%s%s%s%s",
					comma, spelled(o, name, sizeof(name)),
					o->arg ? " " : "",
					o->arg ? o->arg : "");
		comma = ", ";
	}
	return buf;
}

static int complain_unknown(const struct option_reader *r, const char *typed)
{
	const char *names[OPTIONS_MAX];
	const char *near = NULL;
	char list[LIST_MAX];
	size_t n = 0;

	for (const struct option_def *o = r->table; o->value; o++)
		if (o->name)
			names[n++] = o->name;
	if (!strncmp(typed, "--", 2))
		near = match_nearest(typed + 2, names, n);
	if (near)
		return cli_usage("unknown option %s, did you mean --%s?", typed,
				 near);
	if (strlen(list_options(r->table, list)) > LIST_SHORT)
		return cli_usage("unknown option %s, %s --help lists those "
				 "there are",
				 typed, r->command);
	return cli_usage("unknown option %s: %s takes %s", typed, r->command,
			 list);
}

/* Say what getopt_long() did not like, which it left in optopt and @typed. */
static int complain(const struct option_reader *r, int c, const char *typed)
{
	const struct option_def *o = find(r->table, optopt);
	char name[NAME_MAX];

	if (o && c == ':')
		return cli_usage("%s needs a value: %s %s",
				 spelled(o, name, sizeof(name)),
				 spelled(o, name, sizeof(name)), o->arg);
	if (o)
		return cli_usage("--%s takes no value", o->name);
	if (optopt) {
		(void)snprintf(name, sizeof(name), "-%c", optopt);
		typed = name;
	}
	return complain_unknown(r, typed);
}

int options_read(const struct option_reader *r, int argc, char **argv,
		 int *first)
{
	struct getopt_table g;
	int rc = CLI_DONE;
	int c;

	fill(&g, r);
	optind = 0; /* start over, glibc's way */
	opterr = 0;
	while (!rc &&
	       (c = getopt_long(argc, argv, g.letters, g.names, NULL)) != -1) {
		if (c == ':' || c == '?')
			rc = complain(r, c, argv[optind - 1]);
		else
			rc = r->take(r->ctx, c, optarg);
	}
	*first = optind;
	return rc;
}

/* ------------------------------------------------------------------- words */

int options_word(const struct word_def *table, const char *command,
		 const char *word)
{
	const char *names[WORDS_MAX];
	const char *near = NULL;
	char list[LIST_MAX] = "";
	size_t len = 0;
	size_t n = 0;
	int i;

	for (; table[n].name; n++)
		names[n] = table[n].name;
	i = word ? match_word(word, names, n) : MATCH_NONE;
	if (i >= 0)
		return i;
	if (word && i == MATCH_NONE)
		near = match_nearest(word, names, n);
	for (size_t k = 0; k < n && len < sizeof(list); k++)
		len += (size_t)snprintf(list + len, sizeof(list) - len,
					"%s%s%s%s", k ? ", " : "", names[k],
					*table[k].arg ? " " : "", table[k].arg);
	if (near)
		(void)cli_usage("%s has no %s, did you mean %s?", command, word,
				near);
	else
		(void)cli_usage("%s takes one of %s%s%s", command, list,
				word ? "; not " : "", word ? word : "");
	return -1;
}

/* -------------------------------------------------------------------- help */

static void help_line(FILE *out, const char *left, const char *help)
{
	if (strlen(left) + 2 > HELP_COLUMN)
		fprintf(out, "%s\n%*s", left, HELP_COLUMN, "");
	else
		fprintf(out, "%-*s", HELP_COLUMN, left);
	fprintf(out, "%s\n", help);
}

void options_help(FILE *out, const struct option_def *table)
{
	char left[FMT_WIDTH];

	for (const struct option_def *o = table; o->value; o++) {
		bool letter = o->value < OPTION_LONG;

		(void)snprintf(left, sizeof(left), "  %c%c%s%s%s%s",
			       letter ? '-' : ' ', letter ? o->value : ' ',
			       o->name ? (letter ? ", --" : "  --") : "",
			       o->name ? o->name : "", o->arg ? " " : "",
			       o->arg ? o->arg : "");
		help_line(out, left, o->help);
	}
}

void options_words_help(FILE *out, const struct word_def *table)
{
	char left[FMT_WIDTH];

	for (const struct word_def *w = table; w->name; w++) {
		(void)snprintf(left, sizeof(left), "  %s%s%s", w->name,
			       *w->arg ? " " : "", w->arg);
		help_line(out, left, w->help);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * test_ladder.c - ladder diagrams, line by line
 *
 * Method: tests/unit/cli/ladder/NAME.json is an answer of trace.get, NAME.txt
 * the drawing wanted (golden.h).
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/fmt.h"
#include "cli/ladder.h"
#include "cli/life.h"
#include "golden.h"

#define FOLDER "tests/unit/cli/ladder"

static const struct {
	const char *json;
	const char *want;
	struct ladder_args args;
} drawings[] = {
	{ "lost_third", "lost_third", { 0 } },
	{ "lost_third", "lost_third_bare", { .bare = true } },
	{ "faults", "faults", { 0 } },
	{ "faults", "faults_colour", { .colour = true } },
	{ "timers", "timers", { 0 } },
	{ "opened", "opened", { 0 } },
	{ "skipped", "skipped", { 0 } },
	{ "skipped", "skipped_fold", { .fold = true } },
};

#define NDRAWINGS ((int)(sizeof(drawings) / sizeof(drawings[0])))

/* The drawing of a fixture, to be freed. */
static char *draw(const char *json, const struct ladder_args *args)
{
	struct ladder_args a = *args;
	struct life *l = life_new();
	struct ladder *d;
	cJSON *trace = golden_json(FOLDER, json);
	char *text;
	size_t len;

	life_load(l, trace);
	life_end(l);
	cJSON_Delete(trace);

	a.out = open_memstream(&text, &len);
	d = ladder_new(&a);
	ladder_head(d, l);
	for (size_t i = 0; i < l->n; i++)
		ladder_add(d, &l->rec[i]);
	ladder_foot(d, l);
	ladder_free(d);
	(void)fclose(a.out);
	life_free(l);
	return text;
}

START_TEST(drawing_is_as_stored)
{
	char *have = draw(drawings[_i].json, &drawings[_i].args);

	golden_expect(FOLDER, drawings[_i].want, have);
	free(have);
}
END_TEST

/* Columns of a line, colours not counted. */
static size_t columns(const char *line, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '\033')
			i += strcspn(line + i, "m");
		else
			n++;
	}
	return n;
}

START_TEST(no_line_is_wider_than_the_terminal)
{
	char *text = draw(drawings[_i].json, &drawings[_i].args);

	for (const char *p = text; *p;) {
		size_t len = strcspn(p, "\n");

		ck_assert_msg(columns(p, len) <= FMT_WIDTH, "%.*s", (int)len,
			      p);
		p += len + (p[len] == '\n');
	}
	free(text);
}
END_TEST

START_TEST(only_colour_brings_escapes)
{
	char *text = draw(drawings[_i].json, &drawings[_i].args);

	ck_assert_int_eq(strchr(text, '\033') != NULL,
			 drawings[_i].args.colour);
	free(text);
}
END_TEST

Suite *suite_cli_ladder(void)
{
	Suite *s = suite_create("cli/ladder");
	TCase *tc = tcase_create("ladder");

	tcase_add_loop_test(tc, drawing_is_as_stored, 0, NDRAWINGS);
	tcase_add_loop_test(tc, no_line_is_wider_than_the_terminal, 0,
			    NDRAWINGS);
	tcase_add_loop_test(tc, only_colour_brings_escapes, 0, NDRAWINGS);
	suite_add_tcase(s, tc);
	return s;
}

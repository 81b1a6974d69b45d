/* SPDX-License-Identifier: MIT */
/*
 * test_options.c - a command's options and words, from a table
 *
 * Method: arguments are read with a table that has every kind of option; what
 * was taken is noted in a text, what is said on standard error is read back.
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define WORDS	      6
#define TEXT	      512

enum { OPT_ONCE = OPTION_LONG, OPT_LIMIT };

static const struct option_def options[] = {
	{ 'f', "follow", NULL, "go on" },
	{ 'p', "port", "PORT", "only there" },
	{ '4', NULL, NULL, "IPv4" },
	{ OPT_ONCE, "once", NULL, "one time" },
	{ OPT_LIMIT, "limit", "SIZE", "so much" },
	{ 0, NULL, NULL, NULL },
};

static const struct word_def words[] = {
	{ "show", "", "what there is" },
	{ "stall", "", "no more reading" },
	{ "slow-read", "RATE", "a little" },
	{ NULL, NULL, NULL },
};

static int take(void *ctx, int value, const char *text)
{
	char *took = ctx;
	size_t len = strlen(took);

	if (value < OPTION_LONG)
		(void)snprintf(took + len, TEXT - len, "%c", (char)value);
	else
		(void)snprintf(took + len, TEXT - len, "<%d>",
			       value - OPTION_LONG);
	len = strlen(took);
	(void)snprintf(took + len, TEXT - len, "%s%s", text ? text : "", ";");
	return text && !strcmp(text, "bad") ? CLI_REFUSED : CLI_DONE;
}

/* Read @argv; the number of those left over, or -status. */
static int read_words(const char *const *argv, bool front, char *took)
{
	char *copy[WORDS + 2] = { (char *)"tool" };
	const struct option_reader r = { .command = "tool",
					 .table = options,
					 .front = front,
					 .take = take,
					 .ctx = took };
	int first = -1;
	int n = 1;
	int rc;

	took[0] = '\0';
	for (; argv[n - 1]; n++)
		copy[n] = (char *)argv[n - 1];
	rc = options_read(&r, n, copy, &first);
	return rc ? -rc : n - first;
}

static const struct {
	const char *argv[WORDS];
	bool front;
	const char *took;
	int left;
} good_cases[] = {
	{ { NULL }, false, "", 0 },
	{ { "-f", "-p", "7", "x" }, false, "f;p7;", 1 },
	{ { "x", "-fp7", "y" }, false, "f;p7;", 2 },
	{ { "x", "-f" }, true, "", 2 },
	{ { "--follow", "--port=7", "--port", "8" }, false, "f;p7;p8;", 0 },
	{ { "-4", "--once", "--limit", "9" }, false, "4;<0>;<1>9;", 0 },
	{ { "--", "-f" }, false, "", 1 },
	{ { "-p", "-f" }, false, "p-f;", 0 },
};

START_TEST(options_are_read_wherever_they_stand)
{
	char took[TEXT];

	ck_assert_int_eq(read_words(good_cases[_i].argv, good_cases[_i].front,
				    took),
			 good_cases[_i].left);
	ck_assert_str_eq(took, good_cases[_i].took);
}
END_TEST

/* What is said on standard error from now on, until said_end(). */
static char said_path[TEXT];

static void said_begin(void)
{
	int fd;

	(void)snprintf(said_path, sizeof(said_path), "/tmp/ustack-said-XXXXXX");
	fd = mkstemp(said_path);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	ck_assert_ptr_nonnull(freopen(said_path, "w+", stderr));
}

static const char *said_end(char buf[TEXT])
{
	size_t n;

	rewind(stderr);
	n = fread(buf, 1, TEXT - 1, stderr);
	buf[n] = '\0';
	(void)remove(said_path);
	return buf;
}

static const struct {
	const char *argv[WORDS];
	const char *said;
} bad_cases[] = {
	{ { "-x" },
	  "unknown option -x: tool takes -f, -p PORT, -4, --once, --limit SIZE" },
	{ { "-fx" }, "unknown option -x: " },
	{ { "--folow" }, "unknown option --folow, did you mean --follow?" },
	{ { "--zzzzzzzz" }, "unknown option --zzzzzzzz: tool takes -f" },
	{ { "-p" }, "-p needs a value: -p PORT" },
	{ { "--limit" }, "--limit needs a value: --limit SIZE" },
	{ { "--once=3" }, "--once takes no value" },
};

START_TEST(complaint_says_what_would_be_right)
{
	char took[TEXT];
	char said[TEXT];

	said_begin();
	ck_assert_int_eq(read_words(bad_cases[_i].argv, false, took),
			 -CLI_USAGE);
	ck_assert_msg(strstr(said_end(said), bad_cases[_i].said), "\"%s\"",
		      said);
}
END_TEST

START_TEST(first_refusal_ends_the_reading)
{
	static const char *const argv[WORDS] = { "-p", "bad", "-f" };
	char took[TEXT];

	ck_assert_int_eq(read_words(argv, false, took), -CLI_REFUSED);
	ck_assert_str_eq(took, "pbad;");
}
END_TEST

START_TEST(long_lists_are_left_to_the_help)
{
	const struct option_reader r = { .command = "connect",
					 .table = connect_options,
					 .take = take };
	char *argv[] = { (char *)"connect", (char *)"-z", NULL };
	char said[TEXT];
	int first;

	said_begin();
	ck_assert_int_eq(options_read(&r, 2, argv, &first), CLI_USAGE);
	ck_assert_str_eq(said_end(said),
			 "ustackctl: unknown option -z, connect --help lists "
			 "those there are\n");
}
END_TEST

static const struct {
	const char *word;
	int want;
	const char *said;
} word_cases[] = {
	{ "show", 0, "" },
	{ "sl", 2, "" },
	{ "slow-read", 2, "" },
	{ "stal", 1, "" },
	{ "s", -1, "fault takes one of show, stall, slow-read RATE; not s" },
	{ "stalled", -1, "fault has no stalled, did you mean stall?" },
	{ "xyzzy", -1, "fault takes one of show, stall, slow-read RATE; not" },
	{ NULL, -1, "fault takes one of show, stall, slow-read RATE\n" },
};

START_TEST(word_is_found_or_the_right_ones_are_named)
{
	char said[TEXT];

	said_begin();
	ck_assert_int_eq(options_word(words, "fault", word_cases[_i].word),
			 word_cases[_i].want);
	ck_assert_msg(strstr(said_end(said), word_cases[_i].said), "\"%s\"",
		      said);
	ck_assert_int_eq(!said[0], word_cases[_i].want >= 0);
}
END_TEST

START_TEST(help_has_a_line_for_each)
{
	char text[TEXT] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	options_help(out, options);
	options_words_help(out, words);
	(void)fclose(out);
	ck_assert_str_eq(text, "  -f, --follow            go on\n"
			       "  -p, --port PORT         only there\n"
			       "  -4                      IPv4\n"
			       "      --once              one time\n"
			       "      --limit SIZE        so much\n"
			       "  show                    what there is\n"
			       "  stall                   no more reading\n"
			       "  slow-read RATE          a little\n");
}
END_TEST

Suite *suite_cli_options(void)
{
	Suite *s = suite_create("cli/options");
	TCase *tc = tcase_create("options");

	tcase_add_loop_test(tc, options_are_read_wherever_they_stand, 0,
			    LENGTH(good_cases));
	tcase_add_loop_test(tc, complaint_says_what_would_be_right, 0,
			    LENGTH(bad_cases));
	tcase_add_test(tc, first_refusal_ends_the_reading);
	tcase_add_test(tc, long_lists_are_left_to_the_help);
	tcase_add_loop_test(tc, word_is_found_or_the_right_ones_are_named, 0,
			    LENGTH(word_cases));
	tcase_add_test(tc, help_has_a_line_for_each);
	suite_add_tcase(s, tc);
	return s;
}

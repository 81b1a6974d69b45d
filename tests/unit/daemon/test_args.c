/* SPDX-License-Identifier: MIT */
/*
 * test_args.c - the daemon's command line
 *
 * What is wrong must be named, and what would be right as well.
 */

#include <stdlib.h>

#include "daemon/args.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define WORDS 8

static int parse(struct args *a, const char *const *words, char *text,
		 size_t room)
{
	char *argv[WORDS + 2] = { (char *)"ustackd" };
	FILE *err = fmemopen(text, room, "w");
	int argc = 1;
	int rc;

	for (; argc <= WORDS && words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	rc = args_parse(a, argc, argv, err);
	fclose(err);
	return rc;
}

static const struct {
	const char *name;
	const char *words[WORDS];
	const char *says[2];
} wrong_cases[] = {
	{ "unknown letter", { "-x" }, { "-x", "ustackd -h" } },
	{ "unknown word", { "--nonsense" }, { "--nonsense", "ustackd -h" } },
	{ "value missing", { "-c" }, { "-c needs a value", "ustackd -h" } },
	{ "long value missing",
	  { "--tun-fd" },
	  { "--tun-fd needs a value", "ustackd -h" } },
	{ "argument", { "-t", "file.conf" }, { "\"file.conf\"", "no option" } },
	{ "override without a value",
	  { "-o", "interface.mtu" },
	  { "interface.mtu", "SECTION.KEY=VALUE" } },
	{ "override without a section",
	  { "-o", "mtu=1.5" },
	  { "mtu=1.5", "SECTION.KEY=VALUE" } },
	{ "override without a key",
	  { "-o", "interface.=9000" },
	  { "interface.=9000", "SECTION.KEY=VALUE" } },
	{ "override with an empty section",
	  { "-o", ".mtu=9000" },
	  { ".mtu=9000", "SECTION.KEY=VALUE" } },
	{ "descriptor is no number",
	  { "--tun-fd", "tun0" },
	  { "tun0", "number" } },
	{ "descriptor is negative", { "--tun-fd=-1" }, { "-1", "number" } },
	{ "descriptor is too large",
	  { "--tun-fd", "99999999999" },
	  { "99999999999", "number" } },
	{ "descriptor is empty", { "--tun-fd=" }, { "--tun-fd", "number" } },
};

START_TEST(error_names_what_is_wrong_and_what_is_right)
{
	char text[512] = "";
	struct args a;

	ck_assert_int_eq(parse(&a, wrong_cases[_i].words, text, sizeof(text)),
			 -1);
	for (int i = 0; i < 2; i++)
		ck_assert_msg(strstr(text, wrong_cases[_i].says[i]),
			      "%s: \"%s\" lacks \"%s\"", wrong_cases[_i].name,
			      text, wrong_cases[_i].says[i]);
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
}
END_TEST

static const struct {
	const char *words[WORDS];
	enum args_action want;
} action_cases[] = {
	{ { NULL }, ARGS_RUN },
	{ { "-t" }, ARGS_CHECK },
	{ { "--test" }, ARGS_CHECK },
	{ { "-h" }, ARGS_HELP },
	{ { "-h", "-x", "stray" }, ARGS_HELP },
	{ { "-V" }, ARGS_VERSION },
	{ { "-t", "--version" }, ARGS_VERSION },
};

START_TEST(action_is_chosen)
{
	char text[512];
	struct args a;

	ck_assert_int_eq(parse(&a, action_cases[_i].words, text, sizeof(text)),
			 0);
	ck_assert_int_eq(a.action, action_cases[_i].want);
}
END_TEST

START_TEST(values_are_kept_in_order)
{
	static const char *const words[WORDS + 1] = {
		"-c",	      "my.conf", "-ointerface.mtu=9000",
		"--tun-fd=5", "-o",	 "service my echo.port=7",
	};
	char text[512];
	struct args a;

	ck_assert_int_eq(parse(&a, words, text, sizeof(text)), 0);
	ck_assert_str_eq(a.path, "my.conf");
	ck_assert_int_eq(a.tun_fd, 5);
	ck_assert_uint_eq(a.noverride, 2);
	ck_assert_str_eq(a.override[0], "interface.mtu=9000");
	ck_assert_str_eq(a.override[1], "service my echo.port=7");
}
END_TEST

START_TEST(nothing_said_means_defaults)
{
	static const char *const words[WORDS + 1] = { NULL };
	char text[512];
	struct args a;

	ck_assert_int_eq(parse(&a, words, text, sizeof(text)), 0);
	ck_assert_ptr_null(a.path);
	ck_assert_int_eq(a.tun_fd, -1);
	ck_assert_uint_eq(a.noverride, 0);
}
END_TEST

START_TEST(overrides_are_bounded)
{
	char *argv[2 + ARGS_OVERRIDES_MAX] = { (char *)"ustackd" };
	char text[512] = "";
	FILE *err = fmemopen(text, sizeof(text), "w");
	struct args a;

	for (uint32_t i = 0; i <= ARGS_OVERRIDES_MAX; i++)
		argv[1 + i] = (char *)"-oa.b=c";
	ck_assert_int_eq(args_parse(&a, 1 + ARGS_OVERRIDES_MAX, argv, err), 0);
	ck_assert_int_eq(args_parse(&a, 2 + ARGS_OVERRIDES_MAX, argv, err), -1);
	fclose(err);
	ck_assert_ptr_nonnull(strstr(text, "-c"));
}
END_TEST

Suite *suite_daemon_args(void)
{
	Suite *s = suite_create("daemon/args");
	TCase *tc = tcase_create("command line");

	tcase_add_loop_test(tc, error_names_what_is_wrong_and_what_is_right, 0,
			    sizeof(wrong_cases) / sizeof(wrong_cases[0]));
	tcase_add_loop_test(tc, action_is_chosen, 0,
			    sizeof(action_cases) / sizeof(action_cases[0]));
	tcase_add_test(tc, values_are_kept_in_order);
	tcase_add_test(tc, nothing_said_means_defaults);
	tcase_add_test(tc, overrides_are_bounded);
	suite_add_tcase(s, tc);
	return s;
}

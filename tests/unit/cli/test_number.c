/* SPDX-License-Identifier: MIT */
/*
 * test_number.c - numbers that people type
 */

#include <check.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/number.h"
#include "tests/unit/suites.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *text;
	unsigned long long v;
} good[] = {
	{ "1", 1 },
	{ "0042", 42 },
	{ "9007199254740991", NUMBER_ID_MAX },
};

START_TEST(decimal_digits_are_a_number)
{
	unsigned long long v = 0;

	ck_assert(number_parse(good[_i].text, 1, NUMBER_ID_MAX, &v));
	ck_assert_uint_eq(v, good[_i].v);
}
END_TEST

static const char *const bad[] = {
	"",
	"x",
	"-1",
	"+1",
	" 1",
	"1 ",
	"1x",
	"0x1",
	"1.5",
	"1e3",
	"0",
	"-0",
	"/1",
	"9007199254740992",
	"99999999999999999999999",
};

START_TEST(anything_else_is_none)
{
	unsigned long long v;

	ck_assert_msg(!number_parse(bad[_i], 1, NUMBER_ID_MAX, &v), "%s",
		      bad[_i]);
}
END_TEST

START_TEST(options_have_bounds)
{
	unsigned long long v;

	ck_assert_int_eq(number_option("-s", "0", 0, 10, &v), CLI_DONE);
	ck_assert_int_eq(number_option("-s", "10", 0, 10, &v), CLI_DONE);
	ck_assert_int_eq(number_option("-s", "11", 0, 10, &v), CLI_USAGE);
	ck_assert_int_eq(number_port("-p", "65535", &v), CLI_DONE);
	ck_assert_int_eq(number_port("-p", "0", &v), CLI_USAGE);
	ck_assert_int_eq(number_port("-p", "65536", &v), CLI_USAGE);
}
END_TEST

static const struct {
	const char *text;
	int rc;
	uint32_t ms;
} seconds[] = {
	{ "1", CLI_DONE, 1000 },    { "0.0015", CLI_DONE, 2 },
	{ "0.001", CLI_DONE, 1 },   { "3600", CLI_DONE, 3600000 },
	{ "0.0009", CLI_USAGE, 7 }, { "3600.1", CLI_USAGE, 7 },
	{ "", CLI_USAGE, 7 },	    { "1s", CLI_USAGE, 7 },
	{ "nan", CLI_USAGE, 7 },    { "inf", CLI_USAGE, 7 },
	{ "-1", CLI_USAGE, 7 },
};

START_TEST(seconds_may_have_a_fraction)
{
	uint32_t ms = 7;

	ck_assert_int_eq(number_seconds("-i", seconds[_i].text, 1e-3, 3600,
					&ms),
			 seconds[_i].rc);
	ck_assert_uint_eq(ms, seconds[_i].ms);
}
END_TEST

Suite *suite_cli_number(void)
{
	Suite *s = suite_create("cli/number");
	TCase *tc = tcase_create("numbers");

	tcase_add_loop_test(tc, decimal_digits_are_a_number, 0, LENGTH(good));
	tcase_add_loop_test(tc, anything_else_is_none, 0, LENGTH(bad));
	tcase_add_test(tc, options_have_bounds);
	tcase_add_loop_test(tc, seconds_may_have_a_fraction, 0,
			    LENGTH(seconds));
	suite_add_tcase(s, tc);
	return s;
}

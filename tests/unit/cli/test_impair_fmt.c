/* SPDX-License-Identifier: MIT */
/*
 * test_impair_fmt.c - what impair tells people
 *
 * Method: answers of the daemon, as JSON, and what has to be on the screen.
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cli/impair_fmt.h"
#include "suites.h"

static char *screen;

/* Everything that @show prints for @json. */
static const char *shown(void (*show)(struct cli *cli, const cJSON *result),
			 const char *json)
{
	struct cli cli = { 0 };
	cJSON *result = cJSON_Parse(json);
	size_t len;

	free(screen);
	cli.out = open_memstream(&screen, &len);
	show(&cli, result);
	(void)fclose(cli.out);
	cJSON_Delete(result);
	return screen;
}

static void teardown(void)
{
	free(screen);
	screen = NULL;
}

static void check_width(const char *text)
{
	size_t col = 0;

	for (; *text; text++) {
		col = *text == '\n' ? 0 : col + 1;
		ck_assert_uint_le(col, 80);
	}
}

START_TEST(rule_shows_what_it_has_done_and_to_whom)
{
	ck_assert_str_eq(
		shown(impair_show,
		      "{\"rules\":[{\"id\":2,\"text\":\"out port 7 next delay "
		      "20ms loss 1% seed 42\",\"preset\":\"lte\","
		      "\"left_us\":1500000,\"queued\":3,\"bound\":6,"
		      "\"conns\":1,\"matched\":1234,\"by\":{\"loss\":12,"
		      "\"delay\":1222},\"hit\":{\"ago_us\":300000,\"event\":"
		      "{\"dir\":\"out\",\"conn\":6,\"flags\":\".\","
		      "\"offset\":2897,\"len\":1448,\"tx\":2,\"knob\":"
		      "\"loss\",\"faults\":[\"lost\"]}}}],\"scripts\":[],"
		      "\"totals\":{\"matched\":1234,\"by\":{\"loss\":12}},"
		      "\"exempt\":[\"quiet\"],\"undo\":2}"),
		"rule 2    out port 7 next delay 20ms loss 1% seed 42\n"
		"          preset lte expires in 1.5s holds for connection 6\n"
		"          1,234 packets of 1 connection: loss 12, delay 1,222 "
		"(3 waiting)\n"
		"          last 300.0ms ago: out, connection 6, [.] offset 2897, "
		"1448 bytes\n"
		"          (sent 2 times) -> lost by loss\n"
		"in all    1,234 packets: loss 12\n"
		"exempt    quiet\n"
		"undo      2 changes can be taken back\n");
	check_width(screen);
}
END_TEST

START_TEST(script_shows_which_steps_have_fired)
{
	ck_assert_str_eq(
		shown(impair_show,
		      "{\"rules\":[],\"scripts\":[{\"id\":3,\"target\":"
		      "\"next\",\"bound\":6,\"steps\":[{\"text\":\"drop out "
		      "data nth 3\",\"fired\":1,\"done\":true},{\"text\":"
		      "\"drop fin\",\"fired\":0,\"done\":false}]}],"
		      "\"totals\":{\"matched\":0},\"undo\":1}"),
		"script 3  next: connection 6\n"
		"          fired 1, done    drop out data nth 3\n"
		"          fired 0          drop fin\n"
		"undo      1 change can be taken back\n");
}
END_TEST

START_TEST(nothing_is_said_to_be_nothing)
{
	ck_assert_str_eq(shown(impair_show,
			       "{\"rules\":[],\"scripts\":[],\"undo\":0}"),
			 "nothing is impaired\n");
	ck_assert_str_eq(shown(impair_show, "{}"), "nothing is impaired\n");
}
END_TEST

START_TEST(long_rules_fit_the_screen)
{
	check_width(shown(
		impair_show_made,
		"{\"rules\":[{\"id\":4000000000,\"text\":\"out service "
		"a-service-with-a-long-name-here peer "
		"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff next delay 599.999s "
		"599.999s 33.3333333% distribution paretonormal loss gemodel "
		"33.3333333% 33.3333333% 33.3333333% 33.3333333% duplicate "
		"33.3333333% 33.3333333%\"}]}"));
	ck_assert_ptr_nonnull(strstr(screen, "\n          "));
}
END_TEST

Suite *suite_cli_impair_fmt(void)
{
	Suite *s = suite_create("cli/impair_fmt");
	TCase *tc = tcase_create("screen");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, rule_shows_what_it_has_done_and_to_whom);
	tcase_add_test(tc, script_shows_which_steps_have_fired);
	tcase_add_test(tc, nothing_is_said_to_be_nothing);
	tcase_add_test(tc, long_rules_fit_the_screen);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_impair_script_lang.c - scripts in words
 *
 * Method: as for rules, tables of texts and what they become.
 */

#include <stdio.h>
#include <string.h>

#include "stack/link/impair_lang.h"
#include "tests/unit/suites.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* clang-format off */
static const struct {
	const char *text;
	const char *canonical;
} good[] = {
	{ "drop out data nth 3", "next; drop out data nth 3" },
	{ "drop in syn count 2", "next; drop in syn nth 1-2" },
	{ "delay out ack 200ms nth 5-10", "next; delay out ack 200ms nth 5-10" },
	{ "delay out ack nth 5-10 200ms", "next; delay out ack 200ms nth 5-10" },
	{ "duplicate in fin", "next; duplicate in fin" },
	{ "corrupt out data nth 1 header", "next; corrupt out data header nth 1" },
	{ "corrupt out data nth 1 checksum", "next; corrupt out data checksum nth 1" },
	{ "corrupt out data payload nth 1", "next; corrupt out data nth 1" },
	{ "drop out data until 3s", "next; drop out data until 3s" },
	{ "mark out data nth 2", "next; mark out data nth 2" },
	{ "truncate out data nth 1 100", "next; truncate out data 100 nth 1" },
	{ "truncate out data 0", "next; truncate out data 0" },
	{ "tamper in data nth 2", "next; tamper in data nth 2" },
	{ "hold out data nth 3", "next; hold out data nth 3" },
	{ "drop any", "next; drop any" },
	{ "drop both any nth 2-", "next; drop any nth 2-" },
	{ "drop data out nth 3 count 2", "next; drop out data nth 3-4" },
	{ "drop retransmit nth 2- count 3", "next; drop retransmit nth 2-4" },
	{ "port 7; drop out data nth 3", "port 7; drop out data nth 3" },
	{ "port 7 drop out data nth 3", "port 7; drop out data nth 3" },
	{ "port 7 next\ndrop synack", "port 7 next; drop synack" },
	{ "service echo; drop rst", "service echo; drop rst" },
	{ "conn 12; hold in data", "conn 12; hold in data" },
	{ "all; drop in icmp nth 1", "all; drop in icmp nth 1" },
	{ "peer 10.7.0.0/24; drop syn", "peer 10.7.0.0/24; drop syn" },
	{ "next; drop syn", "next; drop syn" },
	{ "# the third one\n\n  drop out data nth 3 # lost\n;;\r\n", "next; drop out data nth 3" },
	{ "drop out data nth 3; drop out retransmit nth 1\nhold in ack nth 4;",
	  "next; drop out data nth 3; drop out retransmit nth 1; hold in ack nth 4" },
};

static const struct {
	const char *text;
	uint32_t line;
	const char *complaint;
} bad[] = {
	{ "", 1, "a script has steps, as in" },
	{ "# nothing\n", 2, "a script has steps" },
	{ "port 7", 1, "a script has steps" },
	{ "dorp out data", 1, "dorp: did you mean drop? a step begins with" },
	{ "out drop data", 1, "out: a step begins with" },
	{ "drop", 1, "drop: a kind of packet is any, syn" },
	{ "drop out", 1, "drop out: a kind of packet is" },
	{ "drop out dada", 1, "dada: did you mean data? a kind of packet is" },
	{ "drop out data fin", 1, "fin: a step has one kind" },
	{ "drop out data nth 0", 1, "nth 0: packets are counted from 1" },
	{ "drop out data nth 5-3", 1, "nth 5-3: packets are counted" },
	{ "drop out data nth", 1, "nth: packets are counted" },
	{ "drop out data nth 3x", 1, "nth 3x: packets are counted" },
	{ "drop out data nth 3 nth 4", 1, "nth: it is given once" },
	{ "drop out data count 0", 1, "count 0: a count is" },
	{ "drop out data nth 3-4 count 2", 1, "drop out data nth 3-4 count 2: nth A-B says" },
	{ "drop out data until 3", 1, "until 3: a time from the first packet on" },
	{ "drop in out data", 1, "out: one direction is given" },
	{ "drop out data please", 1, "please: expected in, out, both, a kind" },
	{ "drop out data 3", 1, "3: expected in, out, both" },
	{ "delay out data", 1, "delay out data: delay needs a time" },
	{ "delay out data 0ms", 1, "delay out data 0ms: delay needs a time" },
	{ "delay out data -3ms", 1, "-3ms: a delay is" },
	{ "delay out data 3ms 4ms", 1, "4ms: expected" },
	{ "truncate out data", 1, "truncate out data: truncate needs the bytes" },
	{ "truncate out data 70000", 1, "70000: truncate leaves" },
	{ "corrupt out data tail", 1, "tail: expected" },
	{ "tamper out icmp", 1, "tamper out icmp: what is tampered with is the payload" },
	{ "tamper out data header", 1, "header: expected" },
	{ "corrupt in icmp header", 1,
	  "corrupt in icmp header: header and checksum are those of TCP" },
	{ "drop syn\nport 7; drop fin", 2, "port: the target stands in front" },
	{ "drop syn; all drop fin", 1, "all: the target stands in front" },
	{ "drop syn port 7", 1, "port: expected in, out" },
	{ "all port 7; drop syn", 1, "all port 7; drop syn: all means every" },
	{ "port 0; drop syn", 1, "port 0: a port is" },
	{ "drop syn\n# ok\ndrop fin\n drop nonsense", 4, "nonsense: a kind of packet is" },
};
/* clang-format on */

START_TEST(scripts_are_read_and_written_canonically)
{
	struct impair_lang_err err;
	struct impair_script again;
	struct impair_script sc;
	char text[IMPAIR_SCRIPT_TEXT_MAX];

	ck_assert_msg(!impair_script_parse(good[_i].text, &sc, &err), "%s: %s",
		      good[_i].text, err.want);
	ck_assert_str_eq(impair_script_text(&sc, text), good[_i].canonical);
	ck_assert_int_eq(impair_script_parse(text, &again, &err), 0);
	ck_assert_mem_eq(&again, &sc, sizeof(sc));
}
END_TEST

START_TEST(bad_scripts_are_refused_with_their_line)
{
	struct impair_lang_err err;
	struct impair_script sc;
	char text[IMPAIR_ERR_TEXT_MAX];

	ck_assert_int_eq(impair_script_parse(bad[_i].text, &sc, &err),
			 -ERR_INVAL);
	impair_err_text(bad[_i].text, &err, text);
	ck_assert_msg(!strncmp(text, bad[_i].complaint,
			       strlen(bad[_i].complaint)),
		      "\"%s\" is answered: %s", bad[_i].text, text);
	ck_assert_uint_eq(err.line, bad[_i].line);
}
END_TEST

START_TEST(a_step_has_the_values_of_its_words)
{
	struct impair_lang_err err;
	struct impair_script sc;

	ck_assert_int_eq(impair_script_parse("delay out ack 200ms nth 5-10 "
					     "until 3s; truncate in data 100",
					     &sc, &err),
			 0);
	ck_assert_uint_eq(sc.nsteps, 2);
	ck_assert(sc.match.next);
	ck_assert_uint_eq(sc.step[0].action, IMPAIR_ACT_DELAY);
	ck_assert_uint_eq(sc.step[0].kind, IMPAIR_KIND_ACK);
	ck_assert_uint_eq(sc.step[0].dirs, 1u << IMPAIR_OUT);
	ck_assert_uint_eq(sc.step[0].arg_us, 200000);
	ck_assert_uint_eq(sc.step[0].first, 5);
	ck_assert_uint_eq(sc.step[0].last, 10);
	ck_assert_uint_eq(sc.step[0].until_us, 3000000);
	ck_assert_uint_eq(sc.step[1].action, IMPAIR_ACT_TRUNCATE);
	ck_assert_uint_eq(sc.step[1].arg, 100);
	ck_assert_uint_eq(sc.step[1].first, 1);
	ck_assert_uint_eq(sc.step[1].last, UINT32_MAX);
}
END_TEST

START_TEST(a_script_has_as_many_steps_as_fit)
{
	static char longest[IMPAIR_SOURCE_MAX + 2];
	struct impair_lang_err err;
	struct impair_script sc;
	char text[2 * IMPAIR_SCRIPT_TEXT_MAX];
	char written[IMPAIR_SCRIPT_TEXT_MAX];
	size_t len = 0;

	for (uint32_t i = 0; i < IMPAIR_STEPS_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"delay in retransmit 599999.999ms nth "
					"4294967293-4294967294 until "
					"31535999.999s;");
	ck_assert_int_eq(impair_script_parse(text, &sc, &err), 0);
	impair_script_text(&sc, written);
	ck_assert_int_eq(impair_script_parse(written, &sc, &err), 0);
	ck_assert_uint_eq(sc.nsteps, IMPAIR_STEPS_MAX);

	(void)snprintf(text + len, sizeof(text) - len, "drop syn");
	ck_assert_int_eq(impair_script_parse(text, &sc, &err), -ERR_INVAL);
	ck_assert_str_eq(err.want, "a script has at most 32 steps");

	memset(longest, '\n', sizeof(longest) - 1);
	ck_assert_int_eq(impair_script_parse(longest, &sc, &err), -ERR_INVAL);
	ck_assert_str_eq(err.want, "a script has at most 16384 bytes");
}
END_TEST

Suite *suite_link_impair_script_lang(void)
{
	Suite *s = suite_create("link/impair_script_lang");
	TCase *tc = tcase_create("scripts");

	tcase_add_loop_test(tc, scripts_are_read_and_written_canonically, 0,
			    N(good));
	tcase_add_loop_test(tc, bad_scripts_are_refused_with_their_line, 0,
			    N(bad));
	tcase_add_test(tc, a_step_has_the_values_of_its_words);
	tcase_add_test(tc, a_script_has_as_many_steps_as_fit);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_fmt.c - how ustackctl writes numbers, times, lines and connections
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/conn_fmt.h"
#include "cli/fmt.h"
#include "cli/match.h"

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct {
	const char *(*fmt)(double v, char buf[FMT_TEXT]);
	double v;
	const char *want;
} numbers[] = {
	{ fmt_bytes, 0, "0 B" },
	{ fmt_bytes, 1023, "1023 B" },
	{ fmt_bytes, 1024, "1.0 KiB" },
	{ fmt_bytes, 1048575, "1.0 MiB" },
	{ fmt_bytes, 1.5 * 1073741824, "1.5 GiB" },
	{ fmt_bytes, 1.8446744073709552e19, "16777216.0 TiB" },
	{ fmt_count, 0, "0" },
	{ fmt_count, 999, "999" },
	{ fmt_count, 1000, "1,000" },
	{ fmt_count, 1234567, "1,234,567" },
	{ fmt_count, 1.8446744073709552e19, "18,446,744,073,709,551,616" },
	{ fmt_count, 1e300, "?" },
	{ fmt_si, 0, "0" },
	{ fmt_si, 999.4, "999" },
	{ fmt_si, 999.6, "1.00k" },
	{ fmt_si, 9994, "9.99k" },
	{ fmt_si, 9996, "10.0k" },
	{ fmt_si, 99960, "100k" },
	{ fmt_si, 999600, "1.00M" },
	{ fmt_si, 1.234e9, "1.23G" },
	{ fmt_time, 0, "0us" },
	{ fmt_time, 850, "850us" },
	{ fmt_time, 12345, "12.3ms" },
	{ fmt_time, 4.2e6, "4.2s" },
	{ fmt_time, 185e6, "3m05s" },
	{ fmt_time, 8040e6, "2h14m" },
	{ fmt_time, 440000e6, "5d02h" },
	{ fmt_ms, 42, "0.042" },
	{ fmt_ms, 204000, "204" },
};

START_TEST(number_is_short_and_exact_enough)
{
	char buf[FMT_TEXT];

	ck_assert_str_eq(numbers[_i].fmt(numbers[_i].v, buf), numbers[_i].want);
}
END_TEST

START_TEST(endpoint_brackets_ipv6)
{
	char buf[64];

	ck_assert_str_eq(fmt_endpoint("10.7.0.2", 7, buf, sizeof(buf)),
			 "10.7.0.2:7");
	ck_assert_str_eq(fmt_endpoint("fd07::2", 7, buf, sizeof(buf)),
			 "[fd07::2]:7");
}
END_TEST

/* The longest line of a text. */
static size_t widest(const char *text)
{
	size_t most = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len > most)
			most = len;
		text += len + (text[len] == '\n');
	}
	return most;
}

START_TEST(words_wrap_inside_80_columns)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct fmt_wrap w = { .out = out, .indent = 8 };

	for (int i = 0; i < 100; i++)
		fmt_wrap_add(&w, "word:%d", i * i * i);
	fmt_wrap_end(&w);
	fmt_wrap_end(&w);
	(void)fclose(out);
	ck_assert_uint_le(widest(text), FMT_WIDTH);
	ck_assert_uint_gt(widest(text), FMT_WIDTH - 12);
	ck_assert_int_eq(strncmp(text, "        word:0 word:1 ", 22), 0);
	ck_assert_int_eq(text[len - 1], '\n');
	free(text);
}
END_TEST

/* ------------------------------------------------------------- connections */

static const char conn_json[] =
	"{\"id\":3,\"state\":\"ESTABLISHED\",\"local\":\"10.7.0.2\",\"lport\":7,"
	"\"remote\":\"10.7.0.1\",\"rport\":40000,\"cc\":\"reno\",\"cc_state\":"
	"\"recovery\",\"wscale\":{\"snd\":7,\"rcv\":8},\"timestamps\":true,"
	"\"sack\":true,\"ecn\":true,"
	"\"rto_us\":204000,\"srtt_us\":120,\"rttvar_us\":60,\"minrtt_us\":42,"
	"\"mss\":1448,\"advmss\":1460,\"pmtu\":1500,\"cwnd\":14480,\"ssthresh\":"
	"2897,\"rcvq\":5,\"unacked\":1449,\"unsent\":10,\"bytes_sent\":99}";

static char *shown(void (*show)(struct cli *cli, const cJSON *c))
{
	cJSON *c = cJSON_Parse(conn_json);
	struct cli cli = { 0 };
	char *text;
	size_t len;

	cli.out = open_memstream(&text, &len);
	show(&cli, c);
	(void)fclose(cli.out);
	cJSON_Delete(c);
	return text;
}

START_TEST(line_is_like_ss)
{
	char *text = shown(conn_show_line);

	ck_assert_str_eq(text, "     3 ESTAB           5   1459 10.7.0.2:7"
			       "             10.7.0.1:40000\n");
	ck_assert_uint_le(widest(text), FMT_WIDTH);
	free(text);
}
END_TEST

static const char *const in_info[] = {
	" ts ",		  " reno ",	     " wscale:7,8 ",
	" rto:204 ",	  " rtt:0.12/0.06 ", " mss:1448 ",
	" cwnd:10 ",	  " ssthresh:3 ",    " (recovery)",
	"bytes_sent:99 ", "unacked:2 ",	     "notsent:10 ",
	"minrtt:0.042 ",  " sack ",	     " ecn ",
};

START_TEST(info_has_the_names_of_ss)
{
	char *text = shown(conn_show_info);

	for (char *p = text; *p; p++)
		if (*p == '\n')
			*p = ' ';
	ck_assert_msg(strstr(text, in_info[_i]), "no %s in %s", in_info[_i],
		      text);
	free(text);
}
END_TEST

static const struct {
	const char *json;
	const char *want;
} channels[] = {
	{ "{}", "" },
	{ "{\"tls\":{\"state\":\"handshake\"}}", "  TLS (handshake)\n" },
	{ "{\"tls\":{\"state\":\"open\",\"version\":\"TLSv1.2\",\"group\":"
	  "\"x25519\",\"kx\":\"ECDHE-ECDSA\",\"cipher\":\"AES-256-CBC\","
	  "\"mac\":\"HMAC-SHA384\",\"etm\":true,\"resumed\":true}}",
	  "  TLSv1.2 ECDHE-ECDSA x25519 AES-256-CBC HMAC-SHA384 etm resumed\n" },
	{ "{\"tls\":{\"state\":\"closing\",\"version\":\"TLSv1.3\",\"peer\":"
	  "\"CN=a b\",\"servername\":\"c.test\"}}",
	  "  TLSv1.3 peer:\"CN=a b\" name:\"c.test\" (closing)\n" },
};

START_TEST(secure_channel_has_a_line)
{
	cJSON *c = cJSON_Parse(channels[_i].json);
	struct cli cli = { 0 };
	char *text;
	size_t len;

	cli.out = open_memstream(&text, &len);
	conn_show_tls(&cli, c, 2);
	(void)fclose(cli.out);
	ck_assert_str_eq(text, channels[_i].want);
	cJSON_Delete(c);
	free(text);
}
END_TEST

static const struct {
	const char *word;
	const char *want;
} state_words[] = {
	{ "ESTABLISHED", "ESTABLISHED" }, { "estab", "ESTABLISHED" },
	{ "e", "ESTABLISHED" },		  { "syn-recv", "SYN-RECEIVED" },
	{ "time-wait", "TIME-WAIT" },	  { "fin-wait-1", "FIN-WAIT-1" },
};

START_TEST(state_goes_by_either_name)
{
	const char *state = NULL;

	ck_assert_int_eq(conn_state_find(state_words[_i].word, &state),
			 CLI_DONE);
	ck_assert_str_eq(state, state_words[_i].want);
}
END_TEST

START_TEST(state_must_be_one)
{
	const char *state;

	ck_assert_int_eq(conn_state_find("", &state), CLI_USAGE);
	ck_assert_int_eq(conn_state_find("fin", &state), CLI_USAGE);
	ck_assert_int_eq(conn_state_find("open", &state), CLI_USAGE);
}
END_TEST

/* ------------------------------------------------------------------- words */

static const char *const commands[] = { "status", "stats", "conns", "conn",
					"services" };

static const struct {
	const char *word;
	int want;
} words[] = {
	{ "status", 0 },
	{ "statu", 0 },
	{ "stat", MATCH_MANY },
	{ "conn", 3 },
	{ "con", MATCH_MANY },
	{ "conns", 2 },
	{ "se", 4 },
	{ "", MATCH_NONE },
	{ "xyz", MATCH_NONE },
	{ "statuses", MATCH_NONE },
};

START_TEST(prefix_will_do_if_it_is_unambiguous)
{
	ck_assert_int_eq(match_word(words[_i].word, commands, 5),
			 words[_i].want);
}
END_TEST

START_TEST(nearest_word_is_suggested)
{
	static const char *const short_words[] = { "log", "conn" };

	ck_assert_str_eq(match_nearest("sevrices", commands, 5), "services");
	ck_assert_str_eq(match_nearest("satus", commands, 5), "status");
	ck_assert_ptr_null(match_nearest("impair", commands, 5));
	ck_assert_ptr_null(match_nearest("foo", short_words, 2));
	ck_assert_str_eq(match_nearest("lgo", short_words, 2), "log");
	ck_assert_str_eq(match_nearest("con", short_words, 2), "conn");
	ck_assert_ptr_null(match_nearest(
		"averyveryverylongwordthatnobodywouldtype", commands, 5));
}
END_TEST

Suite *suite_cli_fmt(void)
{
	Suite *s = suite_create("cli/fmt");
	TCase *tc = tcase_create("fmt");

	tcase_add_loop_test(tc, number_is_short_and_exact_enough, 0,
			    LENGTH(numbers));
	tcase_add_test(tc, endpoint_brackets_ipv6);
	tcase_add_test(tc, words_wrap_inside_80_columns);
	tcase_add_test(tc, line_is_like_ss);
	tcase_add_loop_test(tc, info_has_the_names_of_ss, 0, LENGTH(in_info));
	tcase_add_loop_test(tc, secure_channel_has_a_line, 0, LENGTH(channels));
	tcase_add_loop_test(tc, state_goes_by_either_name, 0,
			    LENGTH(state_words));
	tcase_add_test(tc, state_must_be_one);
	tcase_add_loop_test(tc, prefix_will_do_if_it_is_unambiguous, 0,
			    LENGTH(words));
	tcase_add_test(tc, nearest_word_is_suggested);
	suite_add_tcase(s, tc);
	return s;
}

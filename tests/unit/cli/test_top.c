/* SPDX-License-Identifier: MIT */
/*
 * test_top.c - readings, rates, order and lines of top
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/top.h"
#include "tests/unit/suites.h"

#define LINES_MAX 400u
#define LENGTH(a) ((int)(sizeof(a) / sizeof((a)[0])))

/**
 * struct lines - what was shown
 * @n:		lines
 * @cols:	the longest one may have
 * @look:	of each line
 * @text:	the lines
 */
struct lines {
	uint32_t n;
	uint32_t cols;
	enum top_look look[LINES_MAX];
	char text[LINES_MAX][256];
};

static struct lines shown;
static struct top_rates rates;
static struct top_sample was;
static struct top_sample now;

static void put(void *ctx, enum top_look look, const char *line)
{
	ck_assert_ptr_eq(ctx, &shown);
	ck_assert_uint_lt(shown.n, LINES_MAX);
	ck_assert_uint_le(strlen(line), shown.cols);
	shown.look[shown.n] = look;
	(void)snprintf(shown.text[shown.n++], sizeof(shown.text[0]), "%s",
		       line);
}

static struct top_view show(uint32_t rows, uint32_t cols, struct top_view v)
{
	v.rows = rows;
	v.cols = cols;
	v.put = put;
	v.ctx = &shown;
	v.interval_s = 1;
	memset(&shown, 0, sizeof(shown));
	shown.cols = cols;
	top_show(&v, &now, &rates);
	return v;
}

/* The first line that has a text, or NULL. */
static const char *line_with(const char *text)
{
	for (uint32_t i = 0; i < shown.n; i++)
		if (strstr(shown.text[i], text))
			return shown.text[i];
	return NULL;
}

static void take(void (*into)(struct top_sample *, const cJSON *),
		 struct top_sample *s, const char *text)
{
	cJSON *j = cJSON_Parse(text);

	ck_assert_ptr_nonnull(j);
	into(s, j);
	cJSON_Delete(j);
}

static bool take_conns(struct top_sample *s, const char *text)
{
	cJSON *j = cJSON_Parse(text);
	bool more;

	ck_assert_ptr_nonnull(j);
	more = top_take_conns(s, j);
	cJSON_Delete(j);
	return more;
}

static void setup(void)
{
	memset(&rates, 0, sizeof(rates));
	memset(&was, 0, sizeof(was));
	memset(&now, 0, sizeof(now));
	was.at_us = 5e6;
	now.at_us = 7e6;
}

static void teardown(void)
{
	top_sample_fini(&was);
	top_sample_fini(&now);
}

static struct top_conn *add(struct top_sample *s, uint64_t id)
{
	struct top_conn *c;

	if (!s->conn)
		s->conn = calloc(TOP_CONNS_MAX, sizeof(*s->conn));
	ck_assert_uint_lt(s->nconns, TOP_CONNS_MAX);
	c = &s->conn[s->nconns++];
	*c = (struct top_conn){ .id = id,
				.service = "echo",
				.state = "ESTAB",
				.peer = "10.7.0.1:40000",
				.age_us = 1e9,
				.in_bps = TOP_NEVER_KNOWN,
				.out_bps = TOP_NEVER_KNOWN };
	return c;
}

/* ----------------------------------------------------------------- reading */

START_TEST(status_is_taken)
{
	take(top_take_status, &now,
	     "{\"version\":\"1.0\",\"uptime_us\":7,\"interface\":{\"name\":"
	     "\"u0\",\"mode\":\"csum\",\"rx_packets\":1,\"rx_bytes\":2,"
	     "\"tx_packets\":3,\"tx_bytes\":4},\"connections\":{"
	     "\"ESTABLISHED\":5,\"LISTEN\":0,\"TIME-WAIT\":6},"
	     "\"memory\":{\"used\":8}}");
	ck_assert_str_eq(now.version, "1.0");
	ck_assert_str_eq(now.ifname, "u0");
	ck_assert(now.in_packets == 1 && now.in_bytes == 2);
	ck_assert(now.out_packets == 3 && now.out_bytes == 4);
	ck_assert_uint_eq(now.nstates, 2);
	ck_assert_str_eq(now.state[1].name, "TIME-WAIT");
	ck_assert(now.state[1].value == 6 && now.mem_used == 8);
}
END_TEST

START_TEST(counters_of_drops_are_found_by_name)
{
	take(top_take_stats, &now,
	     "{\"counters\":[{\"name\":\"TcpActiveOpens\",\"value\":2},"
	     "{\"name\":\"TcpPassiveOpens\",\"value\":3},"
	     "{\"name\":\"TcpRetransSegs\",\"value\":4},"
	     "{\"name\":\"DropTcpPaws\",\"value\":5},"
	     "{\"name\":\"TunDeviceDrops\",\"value\":6},"
	     "{\"name\":\"IpInReceives\",\"value\":7}]}");
	ck_assert(now.opens == 5 && now.retrans == 4);
	ck_assert_uint_eq(now.ndrops, 2);
	ck_assert_str_eq(now.drop[1].name, "TunDeviceDrops");
}
END_TEST

START_TEST(answers_that_make_no_sense_do_no_harm)
{
	static const char *const odd[] = { "{}",
					   "[]",
					   "7",
					   "null",
					   "{\"conns\":7,\"counters\":{},"
					   "\"interface\":[]}",
					   "{\"conns\":[7,null,{}],"
					   "\"counters\":[7,null,{}],"
					   "\"connections\":[7],"
					   "\"rules\":[7,{\"by\":[7]}],"
					   "\"scripts\":[7,{\"steps\":[7]"
					   "}]}" };

	for (int i = 0; i < LENGTH(odd); i++) {
		take(top_take_status, &now, odd[i]);
		take(top_take_stats, &now, odd[i]);
		take(top_take_rules, &now, odd[i]);
		(void)take_conns(&now, odd[i]);
		top_compare(&was, &now, &rates);
		(void)show(24, 80, (struct top_view){ 0 });
	}
}
END_TEST

START_TEST(connection_is_taken_in_the_units_of_ss)
{
	ck_assert(!take_conns(
		&now, "{\"conns\":[{\"id\":3,\"service\":\"echo\",\"state\":"
		      "\"ESTABLISHED\",\"remote\":\"fd07::1\",\"rport\":9,"
		      "\"bytes_received\":1,\"bytes_acked\":2,\"srtt_us\":42,"
		      "\"cwnd\":14481,\"mss\":1448,\"retrans\":5},"
		      "{\"id\":4,\"state\":\"TIME-WAIT\"}],\"cursor\":null}"));
	ck_assert_uint_eq(now.nconns, 1);
	ck_assert_str_eq(now.conn[0].state, "ESTAB");
	ck_assert_str_eq(now.conn[0].peer, "[fd07::1]:9");
	ck_assert(now.conn[0].cwnd_segs == 11 && now.conn[0].retrans == 5);
	ck_assert(take_conns(&now, "{\"conns\":[],\"cursor\":\"7\"}"));
}
END_TEST

START_TEST(reading_stops_at_its_bound)
{
	while (now.nconns < TOP_CONNS_MAX)
		add(&now, now.nconns + 1);
	ck_assert(take_conns(&now, "{\"conns\":[],\"cursor\":\"7\"}"));
	ck_assert(!now.cut);
	ck_assert(!take_conns(&now, "{\"conns\":[{\"id\":1}],"
				    "\"cursor\":\"7\"}"));
	ck_assert(now.cut);
	(void)show(24, 80, (struct top_view){ 0 });
	ck_assert_ptr_nonnull(line_with("of the first 10000"));
}
END_TEST

/* ------------------------------------------------------------------- rates */

START_TEST(rates_are_by_the_second)
{
	was.in_packets = 100;
	now.in_packets = 300;
	was.out_bytes = 1000;
	now.out_bytes = 2000;
	now.retrans = 10;
	now.out_segs = 90;
	top_compare(&was, &now, &rates);
	ck_assert(rates.dt_s == 2 && rates.in_pps == 100);
	ck_assert(rates.out_bps == 4000 && rates.retrans == 5);
	ck_assert(rates.retrans_share == 0.1);
}
END_TEST

START_TEST(counter_that_was_reset_began_at_zero)
{
	was.in_packets = 100;
	now.in_packets = 20;
	top_compare(&was, &now, &rates);
	ck_assert(rates.in_pps == 10);
}
END_TEST

START_TEST(one_reading_has_no_rates)
{
	add(&now, 1);
	top_compare(NULL, &now, &rates);
	ck_assert(rates.dt_s == 0 && now.conn[0].in_bps < 0);
	now.at_us = was.at_us; /* nor have two of the same time */
	top_compare(&was, &now, &rates);
	ck_assert(rates.dt_s == 0);
	(void)show(24, 80, (struct top_view){ 0 });
	ck_assert_ptr_nonnull(line_with("measuring"));
}
END_TEST

START_TEST(connections_are_compared_by_number)
{
	add(&was, 9)->in_bytes = 100;
	add(&was, 3)->in_bytes = 50;
	add(&now, 3)->in_bytes = 150;
	add(&now, 9)->in_bytes = 1100;
	top_compare(&was, &now, &rates);
	ck_assert(now.conn[0].in_bps == 400 && now.conn[1].in_bps == 4000);
}
END_TEST

/* It has moved all its bytes meanwhile; an older one was not looked at. */
START_TEST(new_connection_counts_from_its_beginning)
{
	add(&was, 1);
	*add(&now,
	     2) = (struct top_conn){ .id = 2, .age_us = 1e6, .out_bytes = 500 };
	add(&now, 3)->in_bps = TOP_NEVER_KNOWN;
	top_compare(&was, &now, &rates);
	ck_assert(now.conn[0].out_bps == 2000);
	ck_assert(now.conn[1].out_bps < 0);
}
END_TEST

static void add_drop(struct top_sample *s, const char *name, double value)
{
	(void)snprintf(s->drop[s->ndrops].name, TOP_NAME_MAX, "%s", name);
	s->drop[s->ndrops++].value = value;
}

START_TEST(drops_that_moved_are_told_most_first)
{
	add_drop(&was, "DropA", 5);
	add_drop(&was, "DropB", 5);
	add_drop(&now, "DropA", 5);
	add_drop(&now, "DropB", 6);
	add_drop(&now, "DropC", 8);
	top_compare(&was, &now, &rates);
	ck_assert_uint_eq(rates.ndrops, 2);
	ck_assert_str_eq(rates.drop[0].name, "DropC");
	(void)show(24, 80, (struct top_view){ 0 });
	ck_assert_ptr_nonnull(line_with("drops DropC 4.0/s DropB 0.5/s"));
}
END_TEST

static void add_rule(struct top_sample *s, uint64_t id, double hits,
		     double lost)
{
	s->rule[s->nrules++] = (struct top_rule){ .id = id,
						  .text = "out loss 5%",
						  .hits = hits,
						  .by = { { "loss", lost } },
						  .nby = 1 };
}

START_TEST(rules_have_the_rate_of_their_hits)
{
	add_rule(&was, 1, 100, 10);
	add_rule(&now, 2, 0, 0);
	add_rule(&now, 1, 300, 20);
	top_compare(&was, &now, &rates);
	ck_assert(rates.rule_pps[0] == 0 && rates.rule_share[0][0] == 0);
	ck_assert(rates.rule_pps[1] == 100 && rates.rule_share[1][0] == 0.05);
	(void)show(24, 80, (struct top_view){ 0 });
	ck_assert_ptr_nonnull(line_with("impair 0/s  out loss 5%"));
	ck_assert_ptr_nonnull(
		line_with("impair 100/s loss 5.0 %  out loss 5%"));
}
END_TEST

START_TEST(rules_and_scripts_are_taken)
{
	take(top_take_rules, &now,
	     "{\"rules\":[{\"id\":2,\"text\":\"out delay 10ms\","
	     "\"matched\":7,\"by\":{\"delay\":6,\"loss\":1}}],"
	     "\"scripts\":[{\"id\":3,\"text\":\"drop in syn\",\"steps\":["
	     "{\"fired\":1},{\"fired\":2}]}]}");
	ck_assert_uint_eq(now.nrules, 2);
	ck_assert_str_eq(now.rule[0].text, "script drop in syn");
	ck_assert(now.rule[0].hits == 3 && now.rule[0].nby == 0);
	ck_assert(now.rule[1].id == 2 && now.rule[1].hits == 7);
	ck_assert_str_eq(now.rule[1].by[1].name, "loss");
	ck_assert(now.rule[1].by[1].value == 1);
	take(top_take_rules, &now, "{}");
	ck_assert_uint_eq(now.nrules, 0);
}
END_TEST

/* ------------------------------------------------------------------- order */

static const struct {
	char key;
	uint64_t want[3]; /* ids */
} orders[] = {
	{ 't', { 3, 1, 2 } }, { 'r', { 2, 1, 3 } },
	{ 'c', { 1, 2, 3 } }, /* equal ones by number */
	{ 'x', { 3, 2, 1 } }, { 'i', { 1, 2, 3 } },
};

START_TEST(connections_are_ordered_by_key)
{
	struct top_conn *c;

	c = add(&now, 3);
	c->in_bps = 5;
	c->out_bps = 5;
	c->retrans = 3;
	c = add(&now, 2);
	c->rtt_us = 9;
	c->retrans = 2;
	c = add(&now, 1);
	c->in_bps = 9;
	c->out_bps = 0;
	c->rtt_us = 1;
	top_order(&now, top_sort_of(orders[_i].key));
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(now.conn[i].id, orders[_i].want[i]);
}
END_TEST

START_TEST(other_keys_are_no_order)
{
	for (int key = -1; key < 512; key++)
		ck_assert_int_eq(top_sort_of(key) != TOP_SORTS,
				 key > 0 && key < 256 &&
					 strchr("trcxi", key) != NULL);
}
END_TEST

/* -------------------------------------------------------------------- view */

static void fill(uint32_t n)
{
	for (uint32_t i = 1; i <= n; i++) {
		struct top_conn *c = add(&now, i);

		(void)snprintf(c->peer, sizeof(c->peer),
			       "[fd07:1111:2222:3333:4444:5555:6666:7777]:%u",
			       40000 + i);
		c->in_bps = 1e300;
		c->out_bps = 999.6e9;
		c->rtt_us = 1e12;
		c->cwnd_segs = 1e18;
		c->retrans = 1e9;
	}
	for (int i = 0; i < 100; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "DropForReason%d", i);
		add_drop(&now, name, 1e9);
		add_rule(&now, (uint64_t)i, 1e9, 1e9);
	}
	top_compare(&was, &now, &rates);
}

static const uint32_t sizes[] = { 1, 2, 3, 4, 5, 10, 13, 14, 24, 80, 254, 300 };

/* As many lines as there are, none too long, and always a connection. */
START_TEST(every_size_is_filled_and_not_exceeded)
{
	fill(500);
	for (int c = 0; c < LENGTH(sizes); c++) {
		struct top_view v = { .first = 100 };

		v = show(sizes[_i], sizes[c], v);
		ck_assert_uint_eq(shown.n, sizes[_i]);
		ck_assert_uint_eq(v.first, 100);
		ck_assert_uint_ge(top_page(&v, &now, &rates), 1);
		v.help = true;
		(void)show(sizes[_i], sizes[c], v);
		ck_assert_uint_le(shown.n, sizes[_i]);
	}
}
END_TEST

START_TEST(list_keeps_half_of_80_by_24)
{
	struct top_view v = { 0 };

	fill(500);
	v = show(24, 80, v);
	ck_assert_uint_ge(top_page(&v, &now, &rates), 12);
	ck_assert_ptr_nonnull(line_with("1-12 of 500 by throughput"));
	ck_assert_ptr_nonnull(line_with("more: ustackctl impair show"));
	ck_assert_int_eq(shown.look[23], TOP_FOOT);
}
END_TEST

START_TEST(line_of_usual_numbers_is_80_columns)
{
	struct top_conn *c = add(&now, 12345);

	c->in_bps = 1.234e9;
	c->out_bps = 0;
	c->rtt_us = 1234567;
	c->cwnd_segs = 12345;
	c->retrans = 99999;
	(void)show(24, 80, (struct top_view){ 0 });
	ck_assert_str_eq(line_with("12345"),
			 "12345 echo     ESTAB      10.7.0.1:40000       "
			 "1.23G       0   1235  12.3k  100k");
	ck_assert_uint_eq(strlen(line_with("Service")), 80);
}
END_TEST

START_TEST(wide_screen_has_room_for_the_longest_peer)
{
	struct top_conn *c = add(&now, 1);

	(void)snprintf(c->peer, sizeof(c->peer), "%s",
		       "[fd07:1111:2222:3333:4444:5555:6666:7777]:65535");
	(void)show(24, 110, (struct top_view){ 0 });
	ck_assert_ptr_nonnull(line_with("7777]:65535 "));
}
END_TEST

START_TEST(scrolling_ends_at_the_last_connection)
{
	struct top_view v = { .first = 499 };

	fill(500);
	v = show(24, 80, v);
	ck_assert_uint_eq(v.first, 488);
	ck_assert_ptr_nonnull(line_with("489-500 of 500"));
	now.nconns = 3;
	v = show(24, 80, v);
	ck_assert_uint_eq(v.first, 0);
	now.nconns = 0;
	(void)show(24, 80, v);
	ck_assert_ptr_nonnull(line_with("no connections"));
}
END_TEST

/* Once: all of it, and nothing about keys. */
START_TEST(without_rows_there_is_no_end_and_no_foot)
{
	fill(300);
	(void)show(0, 80, (struct top_view){ 0 });
	ck_assert_uint_gt(shown.n, 300);
	ck_assert_ptr_null(line_with("q quit"));
	now.cut = true;
	(void)show(0, 80, (struct top_view){ 0 });
	ck_assert_ptr_nonnull(line_with("more connections than"));
}
END_TEST

START_TEST(json_has_it_all)
{
	cJSON *j;

	fill(20);
	j = top_json(&now, &rates);
	ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(j, "conns")),
			 20);
	ck_assert_int_eq(
		cJSON_GetArraySize(cJSON_GetObjectItem(j, "drops_per_s")), 100);
	ck_assert_int_eq(
		cJSON_GetArraySize(cJSON_GetObjectItem(j, "impairments")), 100);
	cJSON_Delete(j);
}
END_TEST

static void add_view(TCase *tc)
{
	tcase_add_loop_test(tc, every_size_is_filled_and_not_exceeded, 0,
			    LENGTH(sizes));
	tcase_add_test(tc, list_keeps_half_of_80_by_24);
	tcase_add_test(tc, line_of_usual_numbers_is_80_columns);
	tcase_add_test(tc, wide_screen_has_room_for_the_longest_peer);
	tcase_add_test(tc, scrolling_ends_at_the_last_connection);
	tcase_add_test(tc, without_rows_there_is_no_end_and_no_foot);
	tcase_add_test(tc, json_has_it_all);
}

Suite *suite_cli_top(void)
{
	Suite *s = suite_create("cli/top");
	TCase *tc = tcase_create("top");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, status_is_taken);
	tcase_add_test(tc, counters_of_drops_are_found_by_name);
	tcase_add_test(tc, answers_that_make_no_sense_do_no_harm);
	tcase_add_test(tc, connection_is_taken_in_the_units_of_ss);
	tcase_add_test(tc, reading_stops_at_its_bound);
	tcase_add_test(tc, rates_are_by_the_second);
	tcase_add_test(tc, counter_that_was_reset_began_at_zero);
	tcase_add_test(tc, one_reading_has_no_rates);
	tcase_add_test(tc, connections_are_compared_by_number);
	tcase_add_test(tc, new_connection_counts_from_its_beginning);
	tcase_add_test(tc, drops_that_moved_are_told_most_first);
	tcase_add_test(tc, rules_have_the_rate_of_their_hits);
	tcase_add_test(tc, rules_and_scripts_are_taken);
	tcase_add_loop_test(tc, connections_are_ordered_by_key, 0,
			    LENGTH(orders));
	tcase_add_test(tc, other_keys_are_no_order);
	add_view(tc);
	suite_add_tcase(s, tc);
	return s;
}

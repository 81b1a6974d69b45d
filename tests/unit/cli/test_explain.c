/* SPDX-License-Identifier: MIT */
/*
 * test_explain.c - lives in words, paragraph by paragraph
 *
 * Method: tests/unit/cli/explain/NAME.json is an answer of trace.get, with that
 * of impair.get inside as "impair"; NAME.txt is what has to be told (golden.h).
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/explain.h"
#include "cli/fmt.h"
#include "golden.h"

#define FOLDER "tests/unit/cli/explain"

static const char *const lives[] = {
	"lost_third",	"lost_last",  "lost_all", "lost_synack",
	"lost_synack2", "refused",    "newreno",  "late",
	"peer",		"window",     "spurious", "marks",
	"close_half",	"close_both", "reset",	  "aborted",
	"close_active", "open",	      "many",	  "bulk",
	"overtaken",
};

#define NLIVES ((int)(sizeof(lives) / sizeof(lives[0])))

/**
 * struct told - one life, and what there is to tell of it
 * @trace:	the fixture
 * @life:	read from it
 * @x:		found in it
 * @rules:	texts of rules
 */
struct told {
	cJSON *trace;
	struct life *life;
	struct explain *x;
	struct explain_rules rules;
};

static void load(struct told *t, const char *name)
{
	t->trace = golden_json(FOLDER, name);
	t->life = life_new();
	life_load(t->life, t->trace);
	life_end(t->life);
	explain_rules_load(&t->rules, cJSON_GetObjectItem(t->trace, "impair"));
	t->x = explain_new(t->life, t->trace);
	ck_assert_ptr_nonnull(t->x);
}

static void unload(struct told *t)
{
	explain_free(t->x);
	life_free(t->life);
	cJSON_Delete(t->trace);
}

static char *say_all(const struct told *t, bool colour)
{
	char *text = calloc(1, GOLDEN_MAX);
	FILE *f = fmemopen(text, GOLDEN_MAX, "w");

	explain_say(t->x, &t->rules, f, colour);
	(void)fclose(f);
	return text;
}

START_TEST(life_is_told_as_wanted)
{
	struct told t;
	char *text;

	load(&t, lives[_i]);
	text = say_all(&t, false);
	golden_expect(FOLDER, lives[_i], text);
	free(text);
	unload(&t);
}
END_TEST

START_TEST(lines_fit_80_columns)
{
	struct told t;
	char *text;

	load(&t, lives[_i]);
	text = say_all(&t, false);
	for (char *s = text; *s;) {
		size_t len = strcspn(s, "\n");

		ck_assert_msg(len <= FMT_WIDTH, "%s: %.*s", lives[_i], (int)len,
			      s);
		s += len + (s[len] == '\n');
	}
	free(text);
	unload(&t);
}
END_TEST

/* A text is broken into lines anywhere: look at it without the breaks. */
static void join_lines(char *text)
{
	char *to = text;

	for (char *s = text; *s; s++) {
		bool blank = *s == ' ' || *s == '\n';

		if (blank && to > text && to[-1] == ' ')
			continue;
		*to++ = blank ? ' ' : *s;
	}
	*to = '\0';
}

START_TEST(rfc_is_named_once)
{
	struct told t;
	char *text;

	load(&t, lives[_i]);
	text = say_all(&t, false);
	join_lines(text);
	for (char *s = strstr(text, "(RFC "); s; s = strstr(s + 1, "(RFC ")) {
		char name[sizeof("(RFC 9293)")] = "";

		memcpy(name, s, sizeof(name) - 1);
		ck_assert_msg(!strstr(s + 1, name), "%s: %s", lives[_i], name);
	}
	free(text);
	unload(&t);
}
END_TEST

START_TEST(colour_changes_no_word)
{
	struct told t;
	char *plain;
	char *text;
	char *to;

	load(&t, "lost_third");
	plain = say_all(&t, false);
	text = say_all(&t, true);
	to = text;
	for (const char *s = text; *s; s++) {
		if (*s == '\033')
			s = strchr(s, 'm');
		else
			*to++ = *s;
	}
	*to = '\0';
	ck_assert_str_eq(text, plain);
	free(plain);
	free(text);
	unload(&t);
}
END_TEST

/* --------------------------------------------------------------------- JSON */

static double num(const cJSON *o, const char *key)
{
	const cJSON *v = cJSON_GetObjectItem(o, key);

	ck_assert_msg(cJSON_IsNumber(v), "no %s", key);
	return v->valuedouble;
}

static const char *str(const cJSON *o, const char *key)
{
	const cJSON *v = cJSON_GetObjectItem(o, key);

	ck_assert_msg(cJSON_IsString(v), "no %s", key);
	return v->valuestring;
}

/* The first finding of a kind. */
static const cJSON *finding(const cJSON *json, const char *kind)
{
	const cJSON *f;

	cJSON_ArrayForEach(
		f, cJSON_GetObjectItem(json,
				       "findings")) if (!strcmp(str(f, "kind"),
								kind)) return f;
	ck_abort_msg("no %s", kind);
	return NULL;
}

START_TEST(json_has_the_same_findings)
{
	const cJSON *loss;
	const cJSON *o;
	struct told t;
	cJSON *json;

	load(&t, "lost_third");
	json = explain_json(t.x, &t.rules);
	loss = finding(json, "loss");
	ck_assert_str_eq(str(loss, "dir"), "out");
	ck_assert_str_eq(str(loss, "cause"), "rack");
	ck_assert_double_eq(num(loss, "nth"), 3);
	ck_assert_double_eq(num(loss, "found_us") - num(loss, "sent_us"),
			    20010);
	ck_assert_double_eq(num(loss, "stall_us"), 20020);
	ck_assert_double_eq(num(loss, "timer_left_us"), 199990);
	o = cJSON_GetObjectItem(loss, "impairment");
	ck_assert_str_eq(str(o, "text"), "drop out data nth 3");
	o = cJSON_GetObjectItem(loss, "window");
	ck_assert_double_eq(num(o, "cwnd_before"), 14480);
	ck_assert_double_eq(num(o, "ssthresh"), 10136);
	o = cJSON_GetObjectItem(json, "totals");
	ck_assert_double_eq(num(o, "retrans"), 1);
	ck_assert_str_eq(str(cJSON_GetObjectItem(json, "closed"), "way"),
			 "passive");
	cJSON_Delete(json);
	unload(&t);
}
END_TEST

static const struct {
	const char *life;
	const char *kind;
	uint32_t n;
} kinds[] = {
	{ "late", "reordering", 2 },
	{ "peer", "loss", 3 },
	{ "peer", "ack_loss", 1 },
	{ "peer", "duplicate", 2 },
	{ "marks", "ecn", 2 },
	{ "window", "zero_window", 2 },
	{ "overtaken", "reordering", 0 },
	{ "window", "keepalive", 2 },
	{ "window", "error", 1 },
	{ "window", "dropped", 1 },
	{ "many", "loss", 12 },
	{ "many", "gap", 1 },
	{ "many", "delay", 1 },
};

#define NKINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

START_TEST(json_counts_each_kind)
{
	const cJSON *f;
	struct told t;
	uint32_t n = 0;
	cJSON *json;

	load(&t, kinds[_i].life);
	json = explain_json(t.x, &t.rules);
	cJSON_ArrayForEach(f, cJSON_GetObjectItem(json, "findings"))
		n += !strcmp(str(f, "kind"), kinds[_i].kind);
	ck_assert_msg(n == kinds[_i].n, "%s: %u of %s", kinds[_i].life, n,
		      kinds[_i].kind);
	cJSON_Delete(json);
	unload(&t);
}
END_TEST

/* Whatever the daemon says, there is something to tell, and no crash. */
START_TEST(nonsense_is_survived)
{
	static const char *const texts[] = {
		"{}",
		"{\"events\":[]}",
		"{\"events\":7,\"conn\":7,\"impair\":[]}",
		"{\"id\":1,\"events\":[{\"event\":\"recovery:packet_lost\"}]}",
		"{\"id\":1,\"events\":[{\"event\":\"transport:packet_sent\","
		"\"time_us\":5,\"flags\":\"R\",\"seq\":4294967295,\"len\":"
		"4294967295}]}",
	};
	char *text;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct told t = { .trace = cJSON_Parse(texts[i]) };

		t.life = life_new();
		life_load(t.life, t.trace);
		life_end(t.life);
		explain_rules_load(&t.rules, t.trace);
		t.x = explain_new(t.life, t.trace);
		text = say_all(&t, false);
		ck_assert_ptr_nonnull(strstr(text, "Connection "));
		free(text);
		cJSON_Delete(explain_json(t.x, &t.rules));
		unload(&t);
	}
}
END_TEST

/* A clock that has stepped back makes no stall of centuries. */
START_TEST(gap_that_ends_before_it_shows_is_no_stall)
{
	static const char text[] =
		"{\"id\":1,\"iss\":1000,\"irs\":5000,\"events\":["
		"{\"event\":\"transport:packet_received\",\"time_us\":100,"
		"\"flags\":\".\",\"seq\":5001,\"ack\":1001,\"len\":10,"
		"\"iss\":1000,\"irs\":5000},"
		"{\"event\":\"transport:packet_received\",\"time_us\":300,"
		"\"flags\":\".\",\"seq\":5021,\"ack\":1001,\"len\":10,"
		"\"iss\":1000,\"irs\":5000},"
		"{\"event\":\"transport:packet_received\",\"time_us\":200,"
		"\"flags\":\".\",\"seq\":5011,\"ack\":1001,\"len\":10,"
		"\"iss\":1000,\"irs\":5000}]}";
	struct told t = { .trace = cJSON_Parse(text) };
	uint32_t holes = 0;

	ck_assert_ptr_nonnull(t.trace);
	t.life = life_new();
	life_load(t.life, t.trace);
	life_end(t.life);
	explain_rules_load(&t.rules, t.trace);
	t.x = explain_new(t.life, t.trace);
	for (size_t i = 0; i < t.x->n; i++) {
		ck_assert_uint_eq(t.x->ep[i].loss.stall_us, 0);
		holes += t.x->ep[i].loss.seq == 11;
	}
	ck_assert_uint_eq(holes, 1);
	unload(&t);
}
END_TEST

Suite *suite_cli_explain(void)
{
	Suite *s = suite_create("cli/explain");
	TCase *tc = tcase_create("explain");

	tcase_add_loop_test(tc, life_is_told_as_wanted, 0, NLIVES);
	tcase_add_loop_test(tc, lines_fit_80_columns, 0, NLIVES);
	tcase_add_loop_test(tc, rfc_is_named_once, 0, NLIVES);
	tcase_add_test(tc, colour_changes_no_word);
	tcase_add_test(tc, json_has_the_same_findings);
	tcase_add_loop_test(tc, json_counts_each_kind, 0, NKINDS);
	tcase_add_test(tc, nonsense_is_survived);
	tcase_add_test(tc, gap_that_ends_before_it_shows_is_no_stall);
	suite_add_tcase(s, tc);
	return s;
}

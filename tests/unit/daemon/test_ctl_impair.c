/* SPDX-License-Identifier: MIT */
/*
 * test_ctl_impair.c - impair.* of the control protocol
 *
 * Method: a real engine behind the pretended worker; what was asked for is read
 * back by impair.get.
 */

#include <check.h>
#include <string.h>
#include <unistd.h>

#include "ctl_rig.h"
#include "suites.h"

/* The text of rule @i by impair.get, "" behind the last; borrowed until the next. */
static const char *rule_text(int fd, int i)
{
	static char text[512];
	cJSON *reply = rig_ask(fd, RPC("impair.get", "{}"));
	const cJSON *rules = rig_at(rig_at(reply, "result"), "rules");
	const cJSON *t = rig_at(cJSON_GetArrayItem(rules, i), "text");

	(void)snprintf(text, sizeof(text), "%s", t ? t->valuestring : "");
	cJSON_Delete(reply);
	return text;
}

/* A setting of services, for those that are named. */
static void set_services(void)
{
	rig.cfg.nservice = 2;
	memcpy(rig.cfg.service[0].name, "echo", 5);
	rig.cfg.service[0].port = 7;
	memcpy(rig.cfg.service[1].name, "quiet", 6);
	rig.cfg.service[1].port = 8;
	rig.cfg.service[1].exempt = true;
}

/* clang-format off */
static const struct {
	const char *ask;
	const char *want; /* in the answer */
} answers[] = {
	{ RPC("impair.set", "{\"rule\":\"service echo loss 1% seed 3\"}"),
	  "\"result\":{\"rules\":[{\"id\":1,\"text\":\"both service echo loss 1% seed 3\"}]}" },
	{ RPC("impair.preset", "{\"preset\":\"lte next seed 3\"}"),
	  "[{\"id\":1,\"text\":\"out next delay 50ms rate 50mbit seed 3\"},"
	  "{\"id\":2,\"text\":\"in" },
	{ RPC("impair.preset", "{}"), "{\"name\":\"wifi\",\"help\":" },
	{ RPC("impair.script", "{\"script\":\"drop out data nth 3\\ndrop fin\"}"),
	  "\"result\":{\"id\":1,\"text\":\"next; drop out data nth 3; drop fin\"}" },
	{ RPC("impair.clear", "{}"), "\"result\":{\"cleared\":0}" },
	{ RPC("impair.set", "{\"rule\":\"loss 120%\"}"),
	  "-32602,\"message\":\"loss 120%: a probability is 0% to 100%\"" },
	{ RPC("impair.set", "{}"), "-32602,\"message\":\"rule: expected a text\"" },
	{ RPC("impair.set", "{\"rule\":7}"), "-32602,\"message\":\"rule: expected a text\"" },
	{ RPC("impair.set", "{\"rule\":\"service web loss 1%\"}"),
	  "\"code\":4,\"message\":\"expected a service there is: no web among echo, quiet\"" },
	{ RPC("impair.set", "{\"rule\":\"service quiet loss 1%\"}"),
	  "\"code\":1,\"message\":\"expected" },
	{ RPC("impair.set", "{\"rule\":\"port 8 loss 1%\"}"), "\"code\":1,\"message\":\"expected" },
	{ RPC("impair.set", "{\"rule\":\"conn 9 loss 1%\"}"),
	  "\"code\":4,\"message\":\"no connection 9" },
	{ RPC("impair.preset", "{\"preset\":\"wifi conn 9\"}"), "\"code\":4," },
	{ RPC("impair.preset", "{\"preset\":\"wfi\"}"),
	  "-32602,\"message\":\"wfi: did you mean wifi?" },
	{ RPC("impair.script", "{\"script\":\"drop syn\\n\\ndorp\"}"),
	  "-32602,\"message\":\"line 3: dorp: did you mean drop?" },
	{ RPC("impair.script", "{\"script\":\"conn 9; drop fin\"}"), "\"code\":4," },
	{ RPC("impair.clear", "{\"id\":5}"), "\"code\":4,\"message\":\"no rule or script 5" },
	{ RPC("impair.clear", "{\"id\":0}"), "-32602" },
	{ RPC("impair.undo", "{}"), "\"code\":1,\"message\":\"there is no change" },
	{ RPC("impair.get", "{}"), "\"rules\":[],\"scripts\":[],\"totals\":{\"matched\":0," },
	{ RPC("impair.get", "{}"), "\"exempt\":[\"quiet\"]" },
};
/* clang-format on */

START_TEST(request_is_answered_or_refused_with_what_is_right)
{
	set_services();
	rig_expect(answers[_i].ask, answers[_i].want);
}
END_TEST

START_TEST(what_is_refused_leaves_the_rules_alone)
{
	int fd = rig_dial();

	cJSON_Delete(rig_ask(fd, RPC("impair.set", "{\"rule\":\"loss 1% seed "
						   "3\"}")));
	cJSON_Delete(
		rig_ask(fd, RPC("impair.set", "{\"rule\":\"loss 101%\"}")));
	cJSON_Delete(rig_ask(fd, RPC("impair.set",
				     "{\"rule\":\"conn 3 loss 2%\"}")));
	ck_assert_str_eq(rule_text(fd, 0), "both loss 1% seed 3");
	ck_assert_str_eq(rule_text(fd, 1), "");
	(void)close(fd);
}
END_TEST

/* A rule without a seed gets one, and shows it. */
START_TEST(seed_is_drawn_and_shown)
{
	int fd = rig_dial();

	cJSON_Delete(rig_ask(fd, RPC("impair.set", "{\"rule\":\"loss 1%\"}")));
	ck_assert_ptr_nonnull(strstr(rig.line, "both loss 1% seed "));
	ck_assert_ptr_nonnull(strstr(rule_text(fd, 0), " seed "));
	(void)close(fd);
}
END_TEST

START_TEST(preset_is_taken_back_as_one)
{
	int fd = rig_dial();

	cJSON_Delete(rig_ask(fd, RPC("impair.set",
				     "{\"rule\":\"port 9 loss 1% seed 1\"}")));
	cJSON_Delete(rig_ask(fd, RPC("impair.preset", "{\"preset\":\"lte\"}")));
	ck_assert_ptr_nonnull(strstr(rule_text(fd, 1), "rate 50mbit"));
	cJSON_Delete(rig_ask(fd, RPC("impair.undo", "{}")));
	ck_assert_ptr_nonnull(strstr(rig.line, "{\"undo\":1}"));
	ck_assert_str_eq(rule_text(fd, 0), "both port 9 loss 1% seed 1");
	ck_assert_str_eq(rule_text(fd, 1), "");
	(void)close(fd);
}
END_TEST

/* A preset that does not fit leaves neither of its rules behind. */
START_TEST(preset_is_made_whole_or_not_at_all)
{
	struct impair_rule r = { .knobs.loss = 1 };
	int fd = rig_dial();
	uint32_t id;

	for (uint16_t i = 1; i < IMPAIR_RULES_MAX; i++) {
		r.match.port = i;
		ck_assert_int_eq(impair_set(rig.worker.impair, &r, 1, &id), 0);
	}
	cJSON_Delete(rig_ask(fd, RPC("impair.preset", "{\"preset\":\"lte\"}")));
	ck_assert_ptr_nonnull(strstr(rig.line, "clear some first"));
	ck_assert_str_ne(rule_text(fd, IMPAIR_RULES_MAX - 2), "");
	ck_assert_str_eq(rule_text(fd, IMPAIR_RULES_MAX - 1), "");
	(void)close(fd);
}
END_TEST

START_TEST(everything_at_once_fits_into_a_reply)
{
	struct impair_script sc = { .nsteps = IMPAIR_STEPS_MAX };
	struct impair_rule r = { .knobs.loss = 1 };
	int fd = rig_dial();
	cJSON *reply;
	uint32_t id;

	for (uint32_t i = 0; i < IMPAIR_STEPS_MAX; i++)
		sc.step[i] = (struct impair_step){ .action = IMPAIR_ACT_DELAY,
						   .kind = IMPAIR_KIND_ANY,
						   .dirs = 3,
						   .first = 4000000000u,
						   .last = 4000000001u,
						   .arg_us = 123456789 };
	for (uint16_t i = 0; i < IMPAIR_RULES_MAX; i++) {
		r.match.port = i;
		ck_assert_int_eq(impair_set(rig.worker.impair, &r, 1, &id), 0);
		ck_assert_int_eq(
			impair_run_script(rig.worker.impair, &sc, 1, &id), 0);
	}
	reply = rig_ask(fd, RPC("impair.get", "{}"));
	ck_assert_int_eq(
		cJSON_GetArraySize(rig_at(rig_at(reply, "result"), "scripts")),
		IMPAIR_SCRIPTS_MAX);
	cJSON_Delete(reply);
	(void)close(fd);
}
END_TEST

Suite *suite_daemon_ctl_impair(void)
{
	Suite *s = suite_create("daemon/ctl_impair");
	TCase *tc = rig_case(s, "impair");

	tcase_add_loop_test(tc,
			    request_is_answered_or_refused_with_what_is_right,
			    0, LENGTH(answers));
	tcase_add_test(tc, what_is_refused_leaves_the_rules_alone);
	tcase_add_test(tc, seed_is_drawn_and_shown);
	tcase_add_test(tc, preset_is_taken_back_as_one);
	tcase_add_test(tc, preset_is_made_whole_or_not_at_all);
	tcase_add_test(tc, everything_at_once_fits_into_a_reply);
	return s;
}

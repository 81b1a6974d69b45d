/* SPDX-License-Identifier: MIT */
/*
 * test_ctl_fault.c - fault.set of the control protocol
 */

#include <check.h>
#include <string.h>
#include <unistd.h>

#include "ctl_rig.h"
#include "suites.h"

static void set_services(void)
{
	rig.cfg.nservice = 2;
	memcpy(rig.cfg.service[0].name, "echo", 5);
	rig.cfg.service[0].port = 7;
	memcpy(rig.cfg.service[1].name, "quiet", 6);
	rig.cfg.service[1].port = 8;
	rig.cfg.service[1].exempt = true;
	rig.worker.conns = 2;
}

/* clang-format off */
static const struct {
	const char *ask;
	const char *want; /* in the answer */
} answers[] = {
	{ RPC("fault.set", "{\"port\":7,\"fault\":\"stall\"}"), "\"result\":{}" },
	{ RPC("fault.set", "{\"service\":\"echo\",\"fault\":\"half-open\"}"), "\"result\":{}" },
	{ RPC("fault.set", "{\"id\":1,\"fault\":\"slow-read\",\"rate\":\"80kbit\"}"),
	  "\"result\":{}" },
	{ RPC("fault.set", "{\"id\":1,\"fault\":\"reset\"}"), "\"result\":{\"reset\":1}" },
	{ RPC("fault.set", "{\"port\":7,\"fault\":\"reset\"}"), "\"result\":{\"reset\":1}" },
	{ RPC("fault.set", "{\"port\":7,\"fault\":\"off\"}"),
	  "\"code\":4,\"message\":\"port 7 has no fault" },
	{ RPC("fault.set", "{\"id\":9,\"fault\":\"stall\"}"),
	  "\"code\":4,\"message\":\"no connection 9" },
	{ RPC("fault.set", "{\"id\":9,\"fault\":\"half-open\"}"), "\"code\":4" },
	{ RPC("fault.set", "{\"port\":99,\"fault\":\"stall\"}"),
	  "\"code\":4,\"message\":\"no service listens" },
	{ RPC("fault.set", "{\"service\":\"web\",\"fault\":\"stall\"}"),
	  "\"code\":4,\"message\":\"expected a" },
	{ RPC("fault.set", "{\"port\":8,\"fault\":\"half-open\"}"),
	  "\"code\":1,\"message\":\"expected a" },
	{ RPC("fault.set", "{\"fault\":\"stall\"}"),
	  "-32602,\"message\":\"expected one of id, port" },
	{ RPC("fault.set", "{\"id\":1,\"port\":7,\"fault\":\"stall\"}"),
	  "-32602,\"message\":\"expected one" },
	{ RPC("fault.set", "{\"port\":7,\"fault\":\"stahl\"}"),
	  "-32602,\"message\":\"fault: expected" },
	{ RPC("fault.set", "{\"port\":7}"), "-32602,\"message\":\"fault: expected" },
	{ RPC("fault.set", "{\"port\":7,\"fault\":\"stall\",\"rate\":\"1mbit\"}"),
	  "-32602,\"message\":\"rate:" },
	{ RPC("fault.set", "{\"port\":7,\"fault\":\"slow-read\"}"),
	  "-32602,\"message\":\"slow-read takes" },
	{ RPC("fault.set", "{\"port\":7,\"fault\":\"slow-read\",\"rate\":\"fast\"}"),
	  "-32602,\"message\":\"fast: a rate is" },
	{ RPC("fault.set", "{\"port\":7,\"fault\":\"slow-read\",\"rate\":\"1bit\"}"),
	  "-32602,\"message\":\"rate: expected at least a byte" },
};
/* clang-format on */

START_TEST(request_is_answered_or_refused_with_what_is_right)
{
	set_services();
	rig_expect(answers[_i].ask, answers[_i].want);
}
END_TEST

START_TEST(faults_are_listed_and_ended)
{
	int fd = rig_dial();

	set_services();
	cJSON_Delete(
		rig_ask(fd, RPC("fault.set", "{\"id\":1,\"fault\":\"slow-"
					     "read\",\"rate\":\"10kbps\"}")));
	ck_assert(rig.worker.ticks);
	cJSON_Delete(rig_ask(fd, RPC("fault.set",
				     "{\"port\":7,\"fault\":\"stall\"}")));
	cJSON_Delete(rig_ask(fd, RPC("fault.set",
				     "{\"port\":7,\"fault\":\"half-open\"}")));
	cJSON_Delete(rig_ask(fd, RPC("impair.get", "{}")));
	ck_assert_ptr_nonnull(strstr(
		rig.line,
		"\"faults\":[{\"id\":1,\"fault\":\"slow-read\",\"rate\":"
		"\"80kbit\",\"held\":0},{\"port\":7,\"fault\":\"stall\","
		"\"held\":0},{\"port\":7,\"fault\":\"half-open\",\"rule\":1}]"));
	cJSON_Delete(
		rig_ask(fd, RPC("fault.set", "{\"id\":1,\"fault\":\"off\"}")));
	ck_assert(!rig.worker.ticks);
	cJSON_Delete(rig_ask(fd, RPC("fault.set",
				     "{\"port\":7,\"fault\":\"off\"}")));
	ck_assert_ptr_nonnull(strstr(rig.line, "{\"ended\":2}"));
	cJSON_Delete(rig_ask(fd, RPC("impair.get", "{}")));
	ck_assert_ptr_nonnull(strstr(rig.line, "\"faults\":[]"));
	(void)close(fd);
}
END_TEST

/* Many connections are looked at in pieces, so that packets come in between. */
START_TEST(reset_of_a_port_comes_in_pieces)
{
	int fd = rig_dial();

	set_services();
	rig.worker.conns = 1000;
	cJSON_Delete(rig_ask(fd, RPC("fault.set",
				     "{\"port\":7,\"fault\":\"reset\"}")));
	ck_assert_ptr_nonnull(strstr(rig.line, "{\"reset\":500}"));
	ck_assert_uint_eq(rig.worker.ended, 500);
	(void)close(fd);
}
END_TEST

Suite *suite_daemon_ctl_fault(void)
{
	Suite *s = suite_create("daemon/ctl_fault");
	TCase *tc = rig_case(s, "fault");

	tcase_add_loop_test(tc,
			    request_is_answered_or_refused_with_what_is_right,
			    0, LENGTH(answers));
	tcase_add_test(tc, faults_are_listed_and_ended);
	tcase_add_test(tc, reset_of_a_port_comes_in_pieces);
	return s;
}

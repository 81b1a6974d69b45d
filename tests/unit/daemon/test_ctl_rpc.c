/* SPDX-License-Identifier: MIT */
/*
 * test_ctl_rpc.c - the control protocol: requests, errors, methods, noise
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl_rig.h"
#include "daemon/log.h"
#include "suites.h"

/* -------------------------------------------------------------- requests */

static const struct {
	const char *line;
	int want;
} errors[] = {
	{ "garbage", CTL_E_PARSE },
	{ "{\"jsonrpc\":\"2.0\"", CTL_E_PARSE },
	{ RPC("status", "{}") "x", CTL_E_PARSE },
	{ "[[[[[[[[[[[[1]]]]]]]]]]]]", CTL_E_PARSE },
	{ "[]", CTL_E_REQUEST },
	{ "[" RPC("status", "{}") "]", CTL_E_REQUEST },
	{ "7", CTL_E_REQUEST },
	{ "{}", CTL_E_REQUEST },
	{ "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"status\"}",
	  CTL_E_REQUEST },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", CTL_E_REQUEST },
	{ "{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"status\"}",
	  CTL_E_REQUEST },
	{ RPC("reload", "{}"), CTL_E_METHOD },
	{ RPC("impair.got", "{}"), CTL_E_METHOD },
	{ RPC("status", "[]"), CTL_E_PARAMS },
	{ RPC("status", "{\"x\":1}"), CTL_E_PARAMS },
	{ RPC("stats.get", "{\"pattern\":1}"), CTL_E_PARAMS },
	{ RPC("log.set", "{}"), CTL_E_PARAMS },
	{ RPC("log.set", "{\"level\":\"loud\"}"), CTL_E_PARAMS },
	{ RPC("conns.get", "{}"), CTL_E_PARAMS },
	{ RPC("conns.get", "{\"id\":-1}"), CTL_E_PARAMS },
	{ RPC("conns.get", "{\"id\":1.5}"), CTL_E_PARAMS },
	{ RPC("conns.get", "{\"id\":1e300}"), CTL_E_PARAMS },
	{ RPC("conns.get", "{\"id\":99}"), CTL_E_NO_OBJECT },
	{ RPC("conns.abort", "{\"id\":99}"), CTL_E_NO_OBJECT },
	{ RPC("trace.get", "{}"), CTL_E_NO_OBJECT },
	{ RPC("trace.get", "{\"id\":99}"), CTL_E_NO_OBJECT },
	{ RPC("trace.get", "{\"id\":0}"), CTL_E_PARAMS },
	{ RPC("trace.get", "{\"id\":1,\"last\":true}"), CTL_E_PARAMS },
	{ RPC("trace.get", "{\"last\":1}"), CTL_E_PARAMS },
	{ RPC("capture.start", "{}"), CTL_E_PARAMS },
	{ RPC("capture.start", "{\"side\":\"none\"}"), CTL_E_PARAMS },
	{ RPC("capture.start", "{\"side\":\"both\"}"), CTL_E_PARAMS },
	{ RPC("capture.start", "{\"snaplen\":0}"), CTL_E_PARAMS },
	{ RPC("capture.start", "{\"files\":2}"), CTL_E_PARAMS },
	{ RPC("capture.stop", "{}"), CTL_E_NO_OBJECT },
	{ RPC("capture.stop", "{\"id\":1}"), CTL_E_NO_OBJECT },
	{ RPC("capture.stop", "{\"all\":1}"), CTL_E_PARAMS },
	{ RPC("conns.list", "{\"filter\":[]}"), CTL_E_PARAMS },
	{ RPC("conns.list", "{\"filter\":{\"x\":1}}"), CTL_E_PARAMS },
	{ RPC("conns.list", "{\"filter\":{\"state\":\"OPEN\"}}"),
	  CTL_E_PARAMS },
	{ RPC("conns.list", "{\"filter\":{\"port\":65536}}"), CTL_E_PARAMS },
	{ RPC("conns.list", "{\"cursor\":\"-1\"}"), CTL_E_PARAMS },
	{ RPC("conns.list", "{\"limit\":257}"), CTL_E_PARAMS },
};

/* JSON-RPC 2.0 section 5.1; the client is served on after each. */
START_TEST(faulty_request_is_answered_by_its_code)
{
	int fd = rig_dial();
	cJSON *reply = rig_ask(fd, errors[_i].line);

	ck_assert_msg(
		rig_at(rig_at(reply, "error"), "code") &&
			rig_at(rig_at(reply, "error"), "code")->valueint ==
				errors[_i].want,
		"%s: %s", errors[_i].line, rig.line);
	ck_assert_uint_gt(
		strlen(rig_at(rig_at(reply, "error"), "message")->valuestring),
		0);
	cJSON_Delete(reply);
	reply = rig_ask(fd, RPC("status", "{}"));
	ck_assert_ptr_nonnull(rig_at(reply, "result"));
	cJSON_Delete(reply);
	(void)close(fd);
}
END_TEST

START_TEST(services_that_were_replaced_are_remembered)
{
	rig_expect(RPC("services.list", "{}"), "}],\"replaced\":3}");
}
END_TEST

static const char *const good[] = {
	RPC("status", "{}"),
	RPC("stats.get", "{\"pattern\":\"Tcp*\"}"),
	RPC("stats.reset", "{}"),
	RPC("conns.list", "{}"),
	RPC("conns.list", "{\"filter\":{},\"cursor\":null,\"limit\":0}"),
	RPC("conns.get", "{\"id\":1}"),
	RPC("conns.abort", "{\"id\":1}"),
	RPC("conns.close", "{\"id\":2}"),
	RPC("services.list", "{}"),
	RPC("trace.get", "{}"),
	RPC("trace.get", "{\"last\":true}"),
	RPC("trace.get", "{\"id\":5}"),
	RPC("trace.list", "{}"),
	RPC("log.set", "{\"level\":\"error\"}"),
	RPC("config.get", "{}"),
	RPC("config.reload", "{}"),
	RPC("shutdown", "{}"),
};

START_TEST(each_method_answers_with_a_result)
{
	const struct ustack_event opened = { .kind = USTACK_EV_OPENED,
					     .id = 5,
					     .lport = 7,
					     .rport = 40000 };
	int fd = rig_dial();
	cJSON *reply;

	rig.worker.conns = 2;
	history_put(rig.worker.history, &opened);
	reply = rig_ask(fd, good[_i]);
	ck_assert_msg(rig_at(reply, "result"), "%s", rig.line);
	ck_assert_int_eq(rig_at(reply, "id")->valueint, 1);
	cJSON_Delete(reply);
	(void)close(fd);
}
END_TEST

START_TEST(reload_tells_what_changed_or_was_refused)
{
	rig.reload = (struct reload_result){ .n = 1,
					     .changed = { "log", "tls" } };
	rig_expect(RPC("config.reload", "{}"), "\"changed\":[\"log\"]}");
	rig.reload.n = 2;
	rig_expect(RPC("config.reload", "{}"), "\"changed\":[\"log\",\"tls\"]");
	(void)snprintf(rig.reload.error, sizeof(rig.reload.error),
		       "/k: no key");
	rig_expect(RPC("config.reload", "{}"),
		   "{\"code\":1,\"message\":\"/k: no key\"}");
}
END_TEST

START_TEST(nul_byte_is_no_way_to_hide_text)
{
	static const char line[] = RPC("status", "{}") "\0{}\n";
	int fd = rig_dial();

	rig_say(fd, line, sizeof(line) - 1);
	ck_assert(rig_hear(fd));
	ck_assert_ptr_nonnull(strstr(rig.line, "-32700"));
	(void)close(fd);
}
END_TEST

START_TEST(notification_is_carried_out_in_silence)
{
	static const char line[] =
		"{\"jsonrpc\":\"2.0\",\"method\":\"log.set\",\"params\":"
		"{\"level\":\"error\"}}\n";
	int fd = rig_dial();

	rig.worker.level = -1;
	rig_say(fd, line, strlen(line));
	ck_assert(!rig_hear(fd));
	ck_assert_int_eq(rig.worker.level, LOG_LVL_ERROR);
	(void)close(fd);
}
END_TEST

START_TEST(requests_are_answered_in_order)
{
	char line[256];
	int fd = rig_dial();

	for (int i = 0; i < 50; i++) {
		int len = snprintf(line, sizeof(line),
				   "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":"
				   "\"%s\"}\n",
				   i, i % 2 ? "status" : "services.list");

		rig_say(fd, line, (size_t)len);
	}
	for (int i = 0; i < 50; i++) {
		cJSON *reply;

		ck_assert(rig_hear(fd));
		reply = cJSON_Parse(rig.line);
		ck_assert_int_eq(rig_at(reply, "id")->valueint, i);
		cJSON_Delete(reply);
	}
	(void)close(fd);
}
END_TEST

START_TEST(request_may_come_byte_by_byte)
{
	static const char line[] = RPC("status", "{}") "\n";
	int fd = rig_dial();

	for (size_t i = 0; i < strlen(line); i++)
		rig_say(fd, line + i, 1);
	ck_assert(rig_hear(fd));
	ck_assert_ptr_nonnull(strstr(rig.line, "result"));
	(void)close(fd);
}
END_TEST

START_TEST(last_line_needs_no_newline)
{
	static const char line[] = RPC("status", "{}");
	int fd = rig_dial();

	rig_say(fd, line, strlen(line));
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	ck_assert(rig_hear(fd));
	ck_assert_ptr_nonnull(strstr(rig.line, "result"));
	ck_assert(rig_hung_up(fd));
	(void)close(fd);
}
END_TEST

/* ---------------------------------------------------------------- methods */

/* Walk the list by its cursor; how many connections, each but once. */
static uint32_t count_list(int fd, const char *filter)
{
	static bool seen[4096];
	char line[512];
	char cursor[64] = "null";
	uint32_t n = 0;
	bool more = true;

	memset(seen, 0, sizeof(seen));
	while (more) {
		const cJSON *c;
		cJSON *reply;

		(void)snprintf(line, sizeof(line),
			       RPC("conns.list",
				   "{\"filter\":%s,\"cursor\":%s}"),
			       filter, cursor);
		reply = rig_ask(fd, line);
		cJSON_ArrayForEach(c, rig_at(rig_at(reply, "result"), "conns"))
		{
			int id = rig_at(c, "id")->valueint;

			ck_assert(!seen[id]);
			seen[id] = true;
			n++;
		}
		c = rig_at(rig_at(reply, "result"), "cursor");
		more = cJSON_IsString(c);
		if (more)
			(void)snprintf(cursor, sizeof(cursor), "\"%s\"",
				       c->valuestring);
		cJSON_Delete(reply);
	}
	return n;
}

START_TEST(list_comes_in_pieces)
{
	int fd = rig_dial();

	rig.worker.conns = 1000;
	ck_assert_uint_eq(count_list(fd, "{}"), 1000);
	ck_assert_uint_eq(count_list(fd, "{\"state\":\"TIME-WAIT\"}"), 500);
	ck_assert_uint_eq(count_list(fd, "{\"port\":7}"), 500);
	ck_assert_uint_eq(count_list(fd, "{\"port\":8}"), 0);
	rig.worker.conns = 0;
	ck_assert_uint_eq(count_list(fd, "{}"), 0);
	(void)close(fd);
}
END_TEST

static double counter_value(int fd, const char *name)
{
	char line[256];
	cJSON *reply;
	double v;

	(void)snprintf(line, sizeof(line),
		       RPC("stats.get", "{\"pattern\":\"%s\"}"), name);
	reply = rig_ask(fd, line);
	v = rig_at(cJSON_GetArrayItem(
			   rig_at(rig_at(reply, "result"), "counters"), 0),
		   "value")
		    ->valuedouble;
	cJSON_Delete(reply);
	return v;
}

START_TEST(counters_start_again_after_reset)
{
	int fd = rig_dial();

	rig.worker.counters[USTACK_C_TCP_IN_SEGS] = 7;
	ck_assert_double_eq(counter_value(fd, "tcpinsegs"), 7);
	cJSON_Delete(rig_ask(fd, RPC("stats.reset", "{}")));
	ck_assert_double_eq(counter_value(fd, "TcpInSegs"), 0);
	rig.worker.counters[USTACK_C_TCP_IN_SEGS] = 9;
	ck_assert_double_eq(counter_value(fd, "TcpInS*"), 2);
	ck_assert_uint_eq(rig.worker.counters[USTACK_C_TCP_IN_SEGS], 9);
	(void)close(fd);
}
END_TEST

static const struct {
	const char *pattern;
	bool want; /* does it match TcpInSegs? */
} globs[] = {
	{ "*", true },
	{ "", false },
	{ "tcp*", true },
	{ "*Segs", true },
	{ "*n*S*", true },
	{ "?cpInSegs", true },
	{ "?TcpInSegs", false },
	{ "Tcp", false },
	{ "*x*", false },
	{ "TcpInSegs*", true },
	{ "*s*s*s*s*s*s*s*s*s*s*s*s*s*s*s*s*b", false },
};

START_TEST(glob_is_a_glob)
{
	char line[256];
	int fd = rig_dial();

	(void)snprintf(line, sizeof(line),
		       RPC("stats.get", "{\"pattern\":\"%s\"}"),
		       globs[_i].pattern);
	cJSON_Delete(rig_ask(fd, line));
	ck_assert_msg((strstr(rig.line, "\"TcpInSegs\"") != NULL) ==
			      globs[_i].want,
		      "%s", globs[_i].pattern);
	(void)close(fd);
}
END_TEST

/* ----------------------------------------------------------------- hostile */

/* Random damage to good requests, and plain noise: no crash, served on. */
START_TEST(noise_harms_nobody)
{
	unsigned int seed = (unsigned int)test_seed();
	char line[512];
	int fd;

	rig.worker.conns = 3;
	for (int i = 0; i < 2000; i++) {
		const char *base = good[(unsigned int)rand_r(&seed) % 10];
		size_t len = strlen(base);

		fd = rig_dial();
		memcpy(line, base, len);
		for (int k = 0; k < 1 + i % 8; k++)
			line[(unsigned int)rand_r(&seed) % len] = (char)rand_r(
				&seed);
		line[len] = '\n';
		rig_say(fd, line, len + 1);
		(void)close(fd);
		rig_turn();
	}
	ck_assert_uint_eq(rig.ctl->nclients, 0);
	fd = rig_dial();
	cJSON_Delete(rig_ask(fd, RPC("status", "{}")));
	(void)close(fd);
}
END_TEST

Suite *suite_daemon_ctl_rpc(void)
{
	Suite *s = suite_create("daemon/ctl_rpc");
	TCase *tc = rig_case(s, "requests");

	tcase_add_loop_test(tc, faulty_request_is_answered_by_its_code, 0,
			    LENGTH(errors));
	tcase_add_loop_test(tc, each_method_answers_with_a_result, 0,
			    LENGTH(good));
	tcase_add_test(tc, services_that_were_replaced_are_remembered);
	tcase_add_test(tc, reload_tells_what_changed_or_was_refused);
	tcase_add_test(tc, nul_byte_is_no_way_to_hide_text);
	tcase_add_test(tc, notification_is_carried_out_in_silence);
	tcase_add_test(tc, requests_are_answered_in_order);
	tcase_add_test(tc, request_may_come_byte_by_byte);
	tcase_add_test(tc, last_line_needs_no_newline);
	tc = rig_case(s, "methods");
	tcase_add_test(tc, list_comes_in_pieces);
	tcase_add_test(tc, counters_start_again_after_reset);
	tcase_add_loop_test(tc, glob_is_a_glob, 0, LENGTH(globs));
	tc = rig_case(s, "hostile");
	tcase_add_test(tc, noise_harms_nobody);
	return s;
}

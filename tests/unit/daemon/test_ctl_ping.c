/* SPDX-License-Identifier: MIT */
/*
 * test_ctl_ping.c - ping of the control protocol
 */

#include <check.h>
#include <string.h>
#include <unistd.h>

#include "ctl_rig.h"
#include "suites.h"

/* clang-format off */
static const struct {
	const char *ask;
	int rc; /* of the stack */
	const char *want; /* in the answer */
} refused[] = {
	{ RPC("ping", "{}"), 0, "-32602,\"message\":\"address: expected, as" },
	{ RPC("ping", "{\"address\":7}"), 0,
	  "-32602,\"message\":\"address: expected a text" },
	{ RPC("ping", "{\"address\":\"localhost\"}"), 0,
	  "-32602,\"message\":\"address: expected an IPv4 or IPv6 address" },
	{ RPC("ping", "{\"address\":\"::ffff:10.7.0.1\"}"), 0, "-32602,\"message\":\"address:" },
	{ RPC("ping", "{\"address\":\"10.7.0.1\",\"local\":\"me\"}"), 0,
	  "-32602,\"message\":\"local: expected an IPv4" },
	{ RPC("ping", "{\"address\":\"10.7.0.1\",\"local\":\"fd07::2\"}"), 0,
	  "-32602,\"message\":\"local: expected an address of the same family" },
	{ RPC("ping", "{\"address\":\"10.7.0.1\",\"size\":65508}"), 0,
	  "-32602,\"message\":\"size:" },
	{ RPC("ping", "{\"address\":\"10.7.0.1\",\"seq\":65536}"), 0,
	  "-32602,\"message\":\"seq:" },
	{ RPC("ping", "{\"address\":\"10.7.0.1\",\"ttl\":256}"), 0, "-32602,\"message\":\"ttl:" },
	{ RPC("ping", "{\"address\":\"10.7.0.1\",\"timeout_ms\":10001}"), 0,
	  "-32602,\"message\":\"timeout_ms:" },
	{ RPC("ping", "{\"address\":\"10.7.0.1\",\"timeout_ms\":0}"), 0,
	  "-32602,\"message\":\"timeout_ms: expected 1 to" },
	{ RPC("ping", "{\"address\":\"10.7.0.1\",\"df\":1}"), 0, "-32602,\"message\":\"df:" },
	{ RPC("ping", "{\"address\":\"224.0.0.1\"}"), -ERR_INVAL,
	  "-32602,\"message\":\"address: expected that of one other host, not 224.0.0.1" },
	{ RPC("ping", "{\"address\":\"fd07::1\"}"), -ERR_ADDRNOTAVAIL,
	  "\"code\":1,\"message\":\"the stack has no IPv6 address to ask fd07::1" },
	{ RPC("ping", "{\"address\":\"10.7.0.1\",\"local\":\"10.7.0.9\"}"), -ERR_ADDRNOTAVAIL,
	  "\"code\":1,\"message\":\"10.7.0.9 is no address of the stack" },
	{ RPC("ping", "{\"address\":\"10.7.0.1\"}"), -ERR_LIMIT,
	  "\"code\":1,\"message\":\"64 echo requests are under way already" },
	{ RPC("ping", "{\"address\":\"10.7.0.1\"}"), -ERR_CONNABORTED,
	  "\"code\":1,\"message\":\"the daemon is ending" },
	{ RPC("ping", "{\"address\":\"10.7.0.1\"}"), -ERR_NOMEM,
	  "\"code\":1,\"message\":\"10.7.0.1: out of memory" },
};
/* clang-format on */

START_TEST(request_is_refused_with_what_is_right)
{
	rig.worker.ping_rc = refused[_i].rc;
	rig_expect(refused[_i].ask, refused[_i].want);
	ck_assert_ptr_null(rig.worker.ping);
}
END_TEST

static void say(int fd, const char *line)
{
	rig_say(fd, line, strlen(line));
	rig_say(fd, "\n", 1);
	rig_turn();
}

static struct ustack_pong pong_of(enum ustack_pong_kind kind, enum err err)
{
	return (struct ustack_pong){
		.from = ustack_addr4((const uint8_t[]){ 10, 7, 0, 1 }),
		.rtt_us = 1234,
		.len = 56,
		.mtu = kind == USTACK_PONG_TOO_BIG ? 1400 : 0,
		.seq = 7,
		.ttl = 64,
		.kind = (uint8_t)kind,
		.err = (uint8_t)err,
	};
}

static const struct {
	enum ustack_pong_kind kind;
	enum err err;
	const char *want;
} ends[] = {
	{ USTACK_PONG_REPLY, ERR_NONE,
	  "\"result\":{\"outcome\":\"reply\",\"seq\":7,\"from\":\"10.7.0.1\","
	  "\"bytes\":64,\"ttl\":64,\"rtt_us\":1234}" },
	{ USTACK_PONG_TIMEOUT, ERR_TIMEDOUT,
	  "\"result\":{\"outcome\":\"timeout\",\"seq\":7}" },
	{ USTACK_PONG_UNREACHABLE, ERR_NETUNREACH,
	  "\"result\":{\"outcome\":\"unreachable\",\"seq\":7,\"from\":"
	  "\"10.7.0.1\",\"reason\":\"network unreachable\"}" },
	{ USTACK_PONG_TIME_EXCEEDED, ERR_HOSTUNREACH,
	  "\"result\":{\"outcome\":\"time_exceeded\",\"seq\":7,\"from\":"
	  "\"10.7.0.1\"}" },
	{ USTACK_PONG_TOO_BIG, ERR_MSGSIZE,
	  "\"result\":{\"outcome\":\"too_big\",\"seq\":7,\"from\":"
	  "\"10.7.0.1\",\"mtu\":1400}" },
	{ USTACK_PONG_FAILED, ERR_CONNABORTED,
	  "\"code\":1,\"message\":\"the daemon is ending" },
};

START_TEST(answer_tells_what_became_of_it)
{
	const struct ustack_pong pong = pong_of(ends[_i].kind, ends[_i].err);
	int fd = rig_dial();

	say(fd, RPC("ping", "{\"address\":\"10.7.0.1\",\"seq\":7}"));
	ck_assert_ptr_nonnull(rig.worker.ping);
	rig_pong(&pong);
	ck_assert(rig_hear(fd));
	ck_assert_msg(strstr(rig.line, ends[_i].want), "%s", rig.line);
	(void)close(fd);
}
END_TEST

START_TEST(arguments_are_handed_on)
{
	const struct ustack_pong pong = pong_of(USTACK_PONG_TIMEOUT,
						ERR_TIMEDOUT);
	const struct ustack_ping_args *a = &rig.worker.ping_args;
	int fd = rig_dial();

	say(fd, RPC("ping", "{\"address\":\"10.7.0.1\"}"));
	ck_assert_uint_eq(a->len, 56);
	ck_assert_uint_eq(a->seq, 1);
	ck_assert_uint_eq(a->ttl, 0);
	ck_assert_uint_eq(a->timeout_us, 2000000);
	ck_assert(!a->dont_frag);
	rig_pong(&pong);
	ck_assert(rig_hear(fd));
	say(fd, RPC("ping", "{\"address\":\"10.7.0.1\",\"local\":\"10.7.0.2\","
			    "\"size\":1,\"seq\":2,\"ttl\":3,\"timeout_ms\":4,"
			    "\"df\":true}"));
	ck_assert_uint_eq(a->remote.b[15], 1);
	ck_assert_uint_eq(a->local.b[15], 2);
	ck_assert_uint_eq(a->len, 1);
	ck_assert_uint_eq(a->seq, 2);
	ck_assert_uint_eq(a->ttl, 3);
	ck_assert_uint_eq(a->timeout_us, 4000);
	ck_assert(a->dont_frag);
	rig_pong(&pong);
	ck_assert(rig_hear(fd));
	(void)close(fd);
}
END_TEST

/* Who has asked and is gone gets no answer, and nothing is left of it. */
START_TEST(client_may_vanish_meanwhile)
{
	const struct ustack_pong pong = pong_of(USTACK_PONG_REPLY, ERR_NONE);
	int fd = rig_dial();

	say(fd, RPC("ping", "{\"address\":\"10.7.0.1\"}"));
	(void)close(fd);
	rig_turn();
	if (_i)
		rig_free_ctl();
	rig_pong(&pong);
	rig_turn();
	if (!_i)
		rig_expect(RPC("log.set", "{\"level\":\"error\"}"), "result");
}
END_TEST

/* Requests behind it wait, and are answered behind it. */
START_TEST(requests_behind_it_wait)
{
	const struct ustack_pong pong = pong_of(USTACK_PONG_REPLY, ERR_NONE);
	int fd = rig_dial();

	say(fd, RPC("ping", "{\"address\":\"10.7.0.1\"}"));
	say(fd, RPC("log.set", "{\"level\":\"error\"}"));
	ck_assert(!rig_hear(fd));
	rig_pong(&pong);
	ck_assert(rig_hear(fd));
	ck_assert_ptr_nonnull(strstr(rig.line, "outcome"));
	ck_assert(rig_hear(fd));
	ck_assert_ptr_nonnull(strstr(rig.line, "level"));
	(void)close(fd);
}
END_TEST

Suite *suite_daemon_ctl_ping(void)
{
	Suite *s = suite_create("daemon/ctl_ping");
	TCase *tc = rig_case(s, "ping");

	tcase_add_loop_test(tc, request_is_refused_with_what_is_right, 0,
			    LENGTH(refused));
	tcase_add_loop_test(tc, answer_tells_what_became_of_it, 0,
			    LENGTH(ends));
	tcase_add_test(tc, arguments_are_handed_on);
	tcase_add_loop_test(tc, client_may_vanish_meanwhile, 0, 2);
	tcase_add_test(tc, requests_behind_it_wait);
	return s;
}

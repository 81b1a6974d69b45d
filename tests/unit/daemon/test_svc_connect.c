/* SPDX-License-Identifier: MIT */
/*
 * test_svc_connect.c - connections that services open themselves
 */

#include "svcworld.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define ECHO_PORT 7
#define NO_PORT	  8
#define SECOND_US 1000000u
#define TEXT	  "there and back"
#define LEN	  (sizeof(TEXT) - 1)

static const struct svc_wanted echo = { .name = "echo",
					.type = "echo",
					.port = ECHO_PORT,
					.backlog = 8 };

static void world_with_echo(struct svcworld *sw)
{
	svcworld_init(sw, &(struct svc_args){ 0 }, &echo, 1);
}

START_TEST(opened_connection_carries_bytes_and_ends)
{
	struct svcworld sw;
	struct probe *p;

	world_with_echo(&sw);
	p = probe_open(&sw, ECHO_PORT, NULL);
	ck_assert(!p->opened);
	ck_assert_uint_eq(p->service.open, 1);
	svcworld_run(&sw, SECOND_US);
	ck_assert(p->opened);
	probe_send(p, TEXT, LEN);
	svcworld_run(&sw, SECOND_US);
	ck_assert_uint_eq(p->in_len, LEN);
	ck_assert_mem_eq(p->in, TEXT, LEN);

	ck_assert_int_eq(stream_shutdown(&p->st), 0);
	svcworld_run(&sw, SECOND_US);
	ck_assert(p->peer_closed);
	ck_assert(p->closed);
	ck_assert_int_eq(p->end, 0);
	ck_assert_uint_eq(p->service.open, 0);
	probe_free(&sw, p);
	svcworld_fini(&sw);
}
END_TEST

START_TEST(refused_connection_is_closed_without_being_opened)
{
	struct svcworld sw;
	struct probe *p;

	world_with_echo(&sw);
	p = probe_open(&sw, NO_PORT, NULL);
	svcworld_run(&sw, SECOND_US);
	ck_assert(!p->opened);
	ck_assert(p->closed);
	ck_assert_int_eq(p->end, -ERR_CONNREFUSED);
	ck_assert_uint_eq(p->service.open, 0);
	probe_free(&sw, p);
	svcworld_fini(&sw);
}
END_TEST

/* An address of our own is no peer; nothing follows. */
START_TEST(connection_that_cannot_be_tried_is_not_counted)
{
	struct stream_connect_args a = { .rport = ECHO_PORT };
	_Alignas(struct service) struct service sv = { .svc = &svc_discard };
	const struct ustack_addr own = vhost_addr("10.7.0.1");
	struct svcworld sw;
	struct stream st;

	world_with_echo(&sw);
	memcpy(a.remote, own.b, sizeof(a.remote));
	ck_assert_int_eq(svc_connect(sw.set[0], &sv, &a, &st), -ERR_INVAL);
	ck_assert_uint_eq(sv.open, 0);
	svcworld_fini(&sw);
}
END_TEST

Suite *suite_daemon_svc_connect(void)
{
	Suite *s = suite_create("daemon/svc connect");
	TCase *tc = tcase_create("active open");

	tcase_add_test(tc, opened_connection_carries_bytes_and_ends);
	tcase_add_test(tc, refused_connection_is_closed_without_being_opened);
	tcase_add_test(tc, connection_that_cannot_be_tried_is_not_counted);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_svc_apply.c - other services while connections are open
 *
 * Method: virtual time; what an old service has said and done shows at a probe,
 * and that it has gone, in the number of those that listen no more.
 */

#include "daemon/svc/fault.h"
#include "tests/unit/suites.h"
#include "tlsworld.h"

#define TEXT	   "what comes in goes out"
#define LEN	   (sizeof(TEXT) - 1)
#define A_WHILE_US 100000u
#define LONG_US	   20000000u /* a handshake is given up */

static struct svcworld sw;

static const struct svc_wanted plain = { .name = "echo",
					 .type = "echo",
					 .port = 7,
					 .backlog = 8 };
static const struct svc_wanted moved = { .name = "echo",
					 .type = "echo",
					 .port = 70,
					 .backlog = 8 };

static int apply(const struct svc_wanted *w, uint32_t n)
{
	char err[256] = "";

	return svc_set_apply(sw.set[1], w, n, err, sizeof(err));
}

/* Services that have gone, @open connections of theirs have not. */
static void check_retired(const struct svc_set *set, uint32_t n, uint64_t open)
{
	uint64_t got;

	ck_assert_uint_eq(svc_set_retired(set, &got), n);
	ck_assert_uint_eq(got, open);
}

static void start(void)
{
	const struct svc_args a = { 0 };

	svcworld_init(&sw, &a, &plain, 1);
}

static void check_echo(struct probe *p)
{
	size_t had = p->in_len;

	probe_send(p, TEXT, LEN);
	svcworld_run(&sw, A_WHILE_US);
	ck_assert_uint_eq(p->in_len, had + LEN);
}

START_TEST(service_that_has_gone_serves_who_it_has)
{
	struct probe *p;

	start();
	p = probe_open(&sw, 7, NULL);
	svcworld_run(&sw, A_WHILE_US);
	ck_assert_int_eq(apply(&moved, 1), 0);
	check_retired(sw.set[1], 1, 1);
	ck_assert_int_eq(apply(&moved, 1), 0);
	check_retired(sw.set[1], 1, 1);
	check_echo(p);
	probe_free(&sw, p);
	ck_assert_int_eq(apply(&moved, 1), 0);
	check_retired(sw.set[1], 0, 0);
	svcworld_fini(&sw);
}
END_TEST

/* Nobody is left who knows of it, not even one that nobody had accepted. */
START_TEST(service_without_connections_goes_at_once)
{
	struct probe *p;

	start();
	p = probe_open(&sw, 7, NULL);
	world_step(&sw.w, sw.w.now_us + 1500); /* its SYN is there */
	ck_assert_int_eq(apply(&moved, 1), 0);
	ck_assert_int_eq(apply(NULL, 0), 0);
	check_retired(sw.set[1], 1, 0);
	ck_assert_int_eq(apply(NULL, 0), 0);
	check_retired(sw.set[1], 0, 0);
	svcworld_run(&sw, A_WHILE_US);
	ck_assert(p->closed);
	probe_free(&sw, p);
	svcworld_fini(&sw);
}
END_TEST

/* A handshake under way is a connection, until it is over or given up. */
START_TEST(secure_service_waits_for_its_handshakes)
{
	struct tlsworld r;
	struct svc_set *set;
	struct probe *p;
	char err[256];

	tlsworld_init(&r);
	set = r.sw.set[1];
	p = probe_open(&r.sw, ECHO_PORT, NULL);
	svcworld_run(&r.sw, A_WHILE_US);
	for (uint32_t i = 0; i < 2; i++)
		ck_assert_int_eq(
			svc_set_apply(set, &plain, 1, err, sizeof(err)), 0);
	check_retired(set, 1, 0);
	svcworld_run(&r.sw, LONG_US);
	ck_assert(p->closed);
	ck_assert_int_eq(svc_set_apply(set, &plain, 1, err, sizeof(err)), 0);
	check_retired(set, 0, 0);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

/* What cannot start leaves those that are there, and their listeners. */
START_TEST(refusal_leaves_the_old_ones)
{
	const struct svc_wanted bad[] = {
		{ .name = "one", .type = "discard", .port = 7, .backlog = 8 },
		{ .name = "two", .type = "discard", .port = 0, .backlog = 8 },
	};
	struct probe *p;

	start();
	ck_assert_int_lt(apply(bad, 2), 0);
	check_retired(sw.set[1], 0, 0);
	p = probe_open(&sw, 7, NULL);
	svcworld_run(&sw, A_WHILE_US);
	check_echo(p);
	probe_free(&sw, p);
	svcworld_fini(&sw);
}
END_TEST

/* Two that change places keep their faults; who is left behind reads again. */
START_TEST(faults_go_with_their_services)
{
	const struct svc_wanted both[] = {
		{ .name = "echo", .type = "echo", .port = 70, .backlog = 8 },
		{ .name = "waste", .type = "discard", .port = 7, .backlog = 8 },
	};
	const struct svc_fault stall = { .port = 7 };
	struct svc_fault f[SVC_FAULTS_MAX];
	struct probe *p;

	start();
	ck_assert_int_eq(svc_fault_set(sw.set[1], &stall), 0);
	p = probe_open(&sw, 7, NULL);
	svcworld_run(&sw, A_WHILE_US);
	probe_send(p, TEXT, LEN);
	svcworld_run(&sw, A_WHILE_US);
	ck_assert_uint_eq(p->in_len, 0);
	ck_assert_int_eq(apply(both, 2), 0);
	ck_assert_uint_eq(svc_faults(sw.set[1], f), 1);
	ck_assert_uint_eq(f[0].port, 70);
	svcworld_run(&sw, A_WHILE_US);
	ck_assert_uint_eq(p->in_len, LEN);
	ck_assert_int_eq(apply(&plain, 0), 0);
	ck_assert_uint_eq(svc_faults(sw.set[1], f), 0);
	probe_free(&sw, p);
	svcworld_fini(&sw);
}
END_TEST

Suite *suite_daemon_svc_apply(void)
{
	Suite *s = suite_create("daemon/svc/apply");
	TCase *tc = tcase_create("apply");

	tcase_add_test(tc, service_that_has_gone_serves_who_it_has);
	tcase_add_test(tc, service_without_connections_goes_at_once);
	tcase_add_test(tc, secure_service_waits_for_its_handshakes);
	tcase_add_test(tc, refusal_leaves_the_old_ones);
	tcase_add_test(tc, faults_go_with_their_services);
	suite_add_tcase(s, tc);
	return s;
}

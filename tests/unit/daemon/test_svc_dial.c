/* SPDX-License-Identifier: MIT */
/*
 * test_svc_dial.c - connections that we open, plain and secure, joined with one
 * end of a socket pair; the test has the other
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/svc/dial.h"
#include "svcworld.h"
#include "tests/unit/crypto/tlsrig.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define PLAIN_PORT  7
#define SECURE_PORT 7007
#define SECURE	    1 /* of the loop tests */
#define ROUND_US    2000u
#define SECOND_US   1000000u
#define TEXT	    "there and back again"
#define LEN	    (sizeof(TEXT) - 1)

static const struct svc_wanted wanted[] = {
	{ .name = "echo", .type = "echo", .port = PLAIN_PORT, .backlog = 8 },
	{ .name = "echo-tls",
	  .type = "echo",
	  .port = SECURE_PORT,
	  .backlog = 8,
	  .tls = true },
};

/**
 * struct rig - the world, and a connection into it
 * @d:		the connection; first
 * @sw:		stacks and services
 * @keys:	where randomness comes from
 * @server:	context of the services
 * @client:	one that trusts it
 * @sock:	our end of the pair, -1 = closed
 * @opened:	calls of it
 * @over:	calls of it
 */
struct rig {
	struct dial d;
	struct svcworld sw;
	struct tls_rig keys;
	struct tls_context *server;
	struct tls_context *client;
	int sock;
	uint32_t opened;
	uint32_t over;
};

static void on_opened(struct dial *d)
{
	((struct rig *)d)->opened++;
}

static void on_over(struct dial *d)
{
	((struct rig *)d)->over++;
}

static void on_note(void *arg, uint64_t conn, const char *text)
{
	(void)arg;
	(void)conn;
	(void)text;
}

static void rig_init(struct rig *r)
{
	struct svc_args a = { .tell = on_note };
	struct tls_context_args server;
	struct tls_context_args client;
	int pair[2];

	memset(r, 0, sizeof(*r));
	tr_init(&r->keys, 0);
	server = tr_server(&r->keys);
	client = tr_client(&r->keys);
	r->server = tr_raw_context(&server);
	r->client = tr_raw_context(&client);
	a.tls = r->server;
	svcworld_init(&r->sw, &a, wanted, sizeof(wanted) / sizeof(wanted[0]));
	ck_assert_int_eq(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	r->sock = pair[0];
	r->d = (struct dial){ .fd = pair[1],
			      .opened = on_opened,
			      .over = on_over };
}

static void rig_fini(struct rig *r)
{
	svcworld_fini(&r->sw);
	tls_context_put(r->server);
	tls_context_put(r->client);
	tr_fini(&r->keys);
	if (r->sock >= 0)
		close(r->sock);
}

static int call_to(struct rig *r, const char *to, uint16_t port, bool secure)
{
	struct stream_connect_args a = { .rport = port,
					 .tls = secure ? r->client : NULL,
					 .servername = "server.test" };
	const struct ustack_addr addr = vhost_addr(to);
	int rc;

	memcpy(a.remote, addr.b, sizeof(a.remote));
	rc = dial(r->sw.set[0], &r->d, &a);
	if (!rc)
		vhost_run(&r->sw.w.host[0]);
	return rc;
}

static void rounds(struct rig *r, uint32_t n)
{
	while (n--) {
		svcworld_run(&r->sw, ROUND_US);
		fakeloop_turn(&r->sw.loop);
	}
}

static void call_echo(struct rig *r, bool secure)
{
	ck_assert_int_eq(call_to(r, "10.7.0.2",
				 secure ? SECURE_PORT : PLAIN_PORT, secure),
			 0);
}

static void call_and_open(struct rig *r, bool secure)
{
	call_echo(r, secure);
	rounds(r, 50);
	ck_assert_uint_eq(r->opened, 1);
	ck_assert_uint_eq(r->over, 0);
}

/* It is over, told once, and of what it had nothing is left. */
static void is_over(struct rig *r, bool opened, int end)
{
	char c;

	ck_assert_uint_eq(r->opened, opened);
	ck_assert_uint_eq(r->over, 1);
	ck_assert_int_eq(r->d.end, end);
	ck_assert_int_eq(r->d.fd, -1);
	ck_assert_uint_eq(fakeloop_watches(&r->sw.loop), 0);
	if (r->sock >= 0)
		ck_assert_int_le(read(r->sock, &c, 1), 0);
	dial_cut(&r->d); /* too late: nothing happens */
	rounds(r, 10);
	ck_assert_uint_eq(r->over, 1);
}

START_TEST(bytes_and_ends_go_both_ways)
{
	char got[LEN + 1];
	struct rig r;

	rig_init(&r);
	call_and_open(&r, _i == SECURE);
	ck_assert_uint_gt(r.d.took_us, 0);
	ck_assert(r.d.secure == (_i == SECURE));
	if (_i == SECURE)
		ck_assert_ptr_nonnull(strstr(r.d.tls.version, "TLSv1."));
	ck_assert_int_eq(write(r.sock, TEXT, LEN), (ssize_t)LEN);
	rounds(&r, 20);
	ck_assert_int_eq(read(r.sock, got, sizeof(got)), (ssize_t)LEN);
	EXPECT_MEM_EQ(got, TEXT, LEN);
	ck_assert_int_eq(read(r.sock, got, 1), -1);
	ck_assert_int_eq(errno, EAGAIN);
	shutdown(r.sock, SHUT_WR);
	rounds(&r, 20);
	ck_assert_int_eq(read(r.sock, got, 1), 0);
	svcworld_run(&r.sw, 120 * SECOND_US); /* TIME-WAIT */
	is_over(&r, true, 0);
	rig_fini(&r);
}
END_TEST

START_TEST(refusal_is_told)
{
	struct rig r;

	rig_init(&r);
	ck_assert_int_eq(call_to(&r, "10.7.0.2", 1, _i == SECURE), 0);
	rounds(&r, 10);
	is_over(&r, false, -ERR_CONNREFUSED);
	rig_fini(&r);
}
END_TEST

/* A secure channel wants an answer that is one; nobody is told too early. */
START_TEST(peer_that_is_not_trusted_is_told)
{
	struct tls_context_args a;
	struct rig r;

	rig_init(&r);
	a = tr_client(&r.keys);
	a.ca = (struct tls_bytes){ 0 };
	a.pinned = true; /* to zeros */
	tls_context_put(r.client);
	r.client = tr_raw_context(&a);
	call_echo(&r, true);
	rounds(&r, 50);
	is_over(&r, false, -ERR_PERM);
	ck_assert_int_eq(r.d.problem.kind, TLS_NOT_PINNED);
	rig_fini(&r);
}
END_TEST

START_TEST(silence_ends_in_time)
{
	struct rig r;

	rig_init(&r);
	r.d.timeout_us = SECOND_US;
	ck_assert_int_eq(call_to(&r, "10.7.0.99", 7, _i == SECURE), 0);
	svcworld_run(&r.sw, SECOND_US - ROUND_US);
	ck_assert_uint_eq(r.over, 0);
	svcworld_run(&r.sw, 2 * ROUND_US);
	is_over(&r, false, -ERR_TIMEDOUT);
	rig_fini(&r);
}
END_TEST

/* Once it is established, its time is not limited any more. */
START_TEST(timeout_is_for_the_opening)
{
	struct rig r;

	rig_init(&r);
	r.d.timeout_us = SECOND_US;
	call_and_open(&r, _i == SECURE);
	svcworld_run(&r.sw, 10 * SECOND_US);
	ck_assert_uint_eq(r.over, 0);
	ck_assert_uint_eq(fakeloop_timers(&r.sw.loop), 0);
	rig_fini(&r);
	ck_assert_uint_eq(r.over, 1);
}
END_TEST

START_TEST(nobody_behind_the_socket_ends_it)
{
	struct rig r;

	rig_init(&r);
	ck_assert_int_eq(call_to(&r, "10.7.0.99", 7, _i == SECURE), 0);
	rounds(&r, 1);
	ck_assert_uint_eq(r.over, 0);
	close(r.sock);
	r.sock = -1;
	rounds(&r, 2);
	is_over(&r, false, -ERR_PIPE);
	rig_fini(&r);
}
END_TEST

START_TEST(cut_before_it_is_open)
{
	struct rig r;

	rig_init(&r);
	call_echo(&r, _i == SECURE);
	dial_cut(&r.d);
	rounds(&r, 1);
	is_over(&r, false, -ERR_CONNABORTED);
	rig_fini(&r);
}
END_TEST

START_TEST(cut_while_it_is_open)
{
	struct rig r;

	rig_init(&r);
	call_and_open(&r, _i == SECURE);
	dial_cut(&r.d);
	dial_cut(&r.d); /* its end may be to come */
	svcworld_run(&r.sw, 120 * SECOND_US);
	is_over(&r, true, -ERR_CONNABORTED);
	rig_fini(&r);
}
END_TEST

/* All are told when the services end, before the stack does. */
START_TEST(services_that_end_tell_it)
{
	struct rig r;

	rig_init(&r);
	call_echo(&r, true);
	if (_i) /* else in the middle of the handshake */
		rounds(&r, 50);
	svc_set_hang_up(r.sw.set[0]);
	is_over(&r, _i, -ERR_CONNABORTED);
	rig_fini(&r);
}
END_TEST

/* The socket stays the caller's. */
START_TEST(refused_at_once_leaves_all_alone)
{
	struct rig r;

	rig_init(&r);
	ck_assert_int_lt(call_to(&r, "0.0.0.0", 7, _i == SECURE), 0);
	r.sw.loop.no_memory = true;
	ck_assert_int_eq(call_to(&r, "10.7.0.2", 7, _i == SECURE), -ERR_NOMEM);
	ck_assert_uint_eq(fakeloop_watches(&r.sw.loop), 0);
	ck_assert_int_ge(fcntl(r.d.fd, F_GETFD), 0);
	rounds(&r, 10);
	ck_assert_uint_eq(r.opened + r.over, 0);
	close(r.d.fd);
	rig_fini(&r);
}
END_TEST

Suite *suite_daemon_svc_dial(void)
{
	Suite *s = suite_create("daemon/svc/dial");
	TCase *tc = tcase_create("plain and secure");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, bytes_and_ends_go_both_ways, 0, 2);
	tcase_add_loop_test(tc, refusal_is_told, 0, 2);
	tcase_add_test(tc, peer_that_is_not_trusted_is_told);
	tcase_add_loop_test(tc, silence_ends_in_time, 0, 2);
	tcase_add_loop_test(tc, timeout_is_for_the_opening, 0, 2);
	tcase_add_loop_test(tc, nobody_behind_the_socket_ends_it, 0, 2);
	tcase_add_loop_test(tc, cut_before_it_is_open, 0, 2);
	tcase_add_loop_test(tc, cut_while_it_is_open, 0, 2);
	tcase_add_loop_test(tc, services_that_end_tell_it, 0, 2);
	tcase_add_loop_test(tc, refused_at_once_leaves_all_alone, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}

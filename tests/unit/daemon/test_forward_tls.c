/* SPDX-License-Identifier: MIT */
/*
 * test_forward_tls.c - forwarded connections, plain and secure, from a probe on
 * one stack by a service on another to a real server on a Unix socket
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/svc/note.h"
#include "daemon/svc/svc_mib.h"
#include "svcworld.h"
#include "tests/unit/crypto/tlsrig.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define PORT	 80
#define ROUND_US 2000u
#define ROUNDS	 20000u
#define BIG	 1000000u
#define SECURE	 1 /* of the loop tests */

/**
 * struct rig - the world, the server, and what was said
 * @sw:		stacks and services
 * @keys:	where randomness comes from
 * @server:	context of the service
 * @client:	context of the probe, NULL = plain
 * @dir:	where the server's socket is
 * @path:	its path
 * @listener:	the server, -1 = there is none
 * @host:	the connection it has accepted, -1 = none
 * @probe:	its client
 * @said:	last note of the service
 * @notes:	their number
 * @bytes:	BIG random ones
 * @got:	what the server has read
 * @got_len:	bytes of it
 * @ended:	it has read the end
 * @sent:	bytes that it has written
 */
struct rig {
	struct svcworld sw;
	struct tls_rig keys;
	struct tls_context *server;
	struct tls_context *client;
	char dir[40];
	char path[60];
	int listener;
	int host;
	struct probe *probe;
	char said[SVC_NOTE_MAX];
	uint32_t notes;
	uint8_t *bytes;
	uint8_t *got;
	size_t got_len;
	bool ended;
	size_t sent;
};

static void on_note(void *arg, uint64_t conn, const char *text)
{
	struct rig *r = arg;

	(void)conn;
	if (strncmp(text, "service web: ", strlen("service web: ")) != 0)
		return; /* the probe's own */
	snprintf(r->said, sizeof(r->said), "%s", text);
	r->notes++;
}

static void make_contexts(struct rig *r)
{
	struct tls_context_args server;
	struct tls_context_args client;

	tr_init(&r->keys, 0);
	server = tr_server(&r->keys);
	client = tr_client(&r->keys);
	r->server = tr_raw_context(&server);
	r->client = tr_raw_context(&client);
	r->bytes = malloc(BIG);
	r->got = malloc(BIG + 1);
	for (uint32_t i = 0; i < BIG; i++)
		r->bytes[i] = (uint8_t)tr_random(&r->keys, 256);
}

static void listen_there(struct rig *r)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	snprintf(r->dir, sizeof(r->dir), "/tmp/ustack-fwdtls-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(r->dir));
	snprintf(r->path, sizeof(r->path), "%s/s", r->dir);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", r->path);
	r->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(
		bind(r->listener, (struct sockaddr *)&sun, sizeof(sun)), 0);
	ck_assert_int_eq(listen(r->listener, 1), 0);
}

static void rig_init(struct rig *r, bool secure)
{
	struct svc_args a = { .tell = on_note, .arg = r };
	char target[80];
	const struct svc_wanted wanted = { .name = "web",
					   .type = "forward",
					   .port = PORT,
					   .backlog = 8,
					   .tls = secure,
					   .target = target };

	memset(r, 0, sizeof(*r));
	r->host = -1;
	make_contexts(r);
	listen_there(r);
	snprintf(target, sizeof(target), "unix:%s", r->path);
	a.tls = r->server;
	svcworld_init(&r->sw, &a, &wanted, 1);
	r->probe = probe_open(&r->sw, PORT, secure ? r->client : NULL);
}

static void rig_fini(struct rig *r)
{
	probe_free(&r->sw, r->probe);
	svcworld_fini(&r->sw);
	tls_context_put(r->server);
	tls_context_put(r->client);
	tr_fini(&r->keys);
	if (r->host >= 0)
		close(r->host);
	if (r->listener >= 0)
		close(r->listener);
	unlink(r->path);
	rmdir(r->dir);
	free(r->bytes);
	free(r->got);
}

/* Let some time pass for stacks, service and descriptors. */
static void rounds(struct rig *r, uint32_t n)
{
	while (n--) {
		svcworld_run(&r->sw, ROUND_US);
		fakeloop_turn(&r->sw.loop);
	}
}

/* The server takes what has come, once. */
static void host_reads(struct rig *r)
{
	ssize_t n = read(r->host, r->got + r->got_len, BIG + 1 - r->got_len);

	if (n > 0)
		r->got_len += (size_t)n;
	r->ended |= n == 0;
}

static void host_writes(struct rig *r)
{
	ssize_t n = send(r->host, r->bytes + r->sent, BIG - r->sent,
			 MSG_NOSIGNAL);

	if (n > 0)
		r->sent += (size_t)n;
}

static void connect_all(struct rig *r)
{
	for (uint32_t i = 0; r->host < 0; i++) {
		EXPECT_LT(i, ROUNDS);
		rounds(r, 1);
		r->host = accept4(r->listener, NULL, NULL, SOCK_NONBLOCK);
	}
	rounds(r, 5);
	ck_assert(r->probe->opened);
}

static uint64_t counter(const struct rig *r, enum svc_counter c)
{
	return svc_set_counters(r->sw.set[1])[c];
}

/* Both directions at once, then each end by itself. */
START_TEST(bytes_and_ends_go_both_ways)
{
	struct rig r;

	rig_init(&r, _i == SECURE);
	connect_all(&r);
	probe_send(r.probe, r.bytes, BIG);
	for (uint32_t i = 0; r.got_len < BIG || r.probe->in_len < BIG; i++) {
		EXPECT_LT(i, ROUNDS);
		rounds(&r, 1);
		host_reads(&r);
		host_writes(&r);
	}
	EXPECT_MEM_EQ(r.got, r.bytes, BIG);
	EXPECT_MEM_EQ(r.probe->in, r.bytes, BIG);

	ck_assert_int_eq(stream_shutdown(&r.probe->st), 0);
	rounds(&r, 10);
	host_reads(&r);
	ck_assert(r.ended && !r.probe->peer_closed);
	shutdown(r.host, SHUT_WR);
	rounds(&r, 10);
	ck_assert(r.probe->peer_closed);
	if (!r.probe->closed)
		stream_close(&r.probe->st);
	rounds(&r, 10);
	ck_assert(r.probe->closed);
	ck_assert_int_eq(r.probe->end, 0);
	ck_assert_uint_eq(counter(&r, SVC_C_TLS_CUT), 0);
	ck_assert_uint_eq(r.notes, 0);
	rig_fini(&r);
}
END_TEST

/* The server ends first; what comes to it then still arrives. */
START_TEST(end_of_the_server_alone)
{
	struct rig r;

	rig_init(&r, _i == SECURE);
	connect_all(&r);
	shutdown(r.host, SHUT_WR);
	rounds(&r, 10);
	ck_assert(r.probe->peer_closed && !r.probe->closed);
	probe_send(r.probe, r.bytes, BIG);
	for (uint32_t i = 0; r.got_len < BIG; i++) {
		EXPECT_LT(i, ROUNDS);
		rounds(&r, 1);
		host_reads(&r);
	}
	EXPECT_MEM_EQ(r.got, r.bytes, BIG);
	stream_close(&r.probe->st);
	rounds(&r, 10);
	host_reads(&r);
	ck_assert(r.ended && r.probe->closed);
	ck_assert_int_eq(r.probe->end, 0);
	rig_fini(&r);
}
END_TEST

/* Neither is read for a while: all waits, and nothing is lost. */
START_TEST(deaf_ends_make_the_other_wait)
{
	struct rig r;
	size_t sent;

	rig_init(&r, _i == SECURE);
	connect_all(&r);
	r.probe->deaf = true;
	for (uint32_t i = 0; i < 1000; i++) {
		rounds(&r, 1);
		host_writes(&r);
	}
	sent = r.sent;
	rounds(&r, 100);
	host_writes(&r);
	ck_assert_uint_eq(r.sent, sent);
	ck_assert_uint_lt(sent, BIG);
	r.probe->deaf = false;
	ck_assert_int_eq(stream_wake(&r.probe->st), 0);
	r.probe->service.svc->readable(&r.probe->st);
	for (uint32_t i = 0; r.probe->in_len < BIG; i++) {
		EXPECT_LT(i, ROUNDS);
		rounds(&r, 1);
		host_writes(&r);
	}
	EXPECT_MEM_EQ(r.probe->in, r.bytes, BIG);
	rig_fini(&r);
}
END_TEST

/* A reset of ours is none of the peer's cuts. */
START_TEST(refusal_is_not_the_peers_doing)
{
	struct rig r;

	rig_init(&r, _i == SECURE);
	close(r.listener);
	r.listener = -1;
	rounds(&r, 50);
	ck_assert(r.probe->closed);
	ck_assert_int_ne(r.probe->end, 0);
	ck_assert_uint_eq(counter(&r, SVC_C_FORWARD_REFUSED), 1);
	ck_assert_uint_eq(counter(&r, SVC_C_TLS_CUT), 0);
	ck_assert_uint_eq(r.notes, 1);
	ck_assert_ptr_nonnull(strstr(r.said, "Connection refused"));
	rig_fini(&r);
}
END_TEST

/* The server goes away in the middle: the client is cut, and that is all. */
START_TEST(server_that_goes_away_cuts_its_client)
{
	struct rig r;

	rig_init(&r, _i == SECURE);
	connect_all(&r);
	close(r.host);
	r.host = -1;
	rounds(&r, 10);
	ck_assert(r.probe->peer_closed);
	probe_send(r.probe, r.bytes, 1000);
	rounds(&r, 10);
	ck_assert(r.probe->closed);
	ck_assert_int_ne(r.probe->end, 0);
	ck_assert_uint_eq(counter(&r, SVC_C_TLS_CUT), 0);
	ck_assert_uint_eq(r.notes, 0);
	rig_fini(&r);
}
END_TEST

Suite *suite_daemon_svc_forward_tls(void)
{
	Suite *s = suite_create("daemon/svc/forward_tls");
	TCase *tc = tcase_create("plain and secure");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, bytes_and_ends_go_both_ways, 0, 2);
	tcase_add_loop_test(tc, end_of_the_server_alone, 0, 2);
	tcase_add_loop_test(tc, deaf_ends_make_the_other_wait, 0, 2);
	tcase_add_loop_test(tc, refusal_is_not_the_peers_doing, 0, 2);
	tcase_add_loop_test(tc, server_that_goes_away_cuts_its_client, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}

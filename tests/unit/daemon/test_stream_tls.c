/* SPDX-License-Identifier: MIT */
/*
 * test_stream_tls.c - secure channels between two stacks, in virtual time
 *
 * Method: services with tls=yes on one stack, connections opened by the other,
 * with TLS by our own client, or plain ones that say whatever the test wants.
 */

#include <stdio.h>

#include "daemon/svc/fault.h"
#include "daemon/svc/note.h"
#include "daemon/svc/stream_tls.h"
#include "daemon/svc/svc_mib.h"
#include "svcworld.h"
#include "tests/unit/crypto/tlsrig.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define ECHO_PORT    7007
#define DISCARD_PORT 9009
#define CHARGEN_PORT 1919
#define SECOND_US    1000000u
#define TEXT	     "nobody else can read this"
#define LEN	     (sizeof(TEXT) - 1)
#define BIG	     1000000u
#define CONNS	     8u
#define HANDSHAKES   4u

static const struct svc_wanted wanted[] = {
	{ .name = "echo-tls",
	  .type = "echo",
	  .port = ECHO_PORT,
	  .backlog = 64,
	  .tls = true },
	{ .name = "discard-tls",
	  .type = "discard",
	  .port = DISCARD_PORT,
	  .backlog = 64,
	  .tls = true },
	{ .name = "chargen-tls",
	  .type = "chargen",
	  .port = CHARGEN_PORT,
	  .backlog = 64,
	  .tls = true },
};

/**
 * struct rig - the world, contexts for both ends, and what was said
 */
struct rig {
	struct svcworld sw;
	struct tls_rig keys;
	struct tls_context *server;
	struct tls_context *client;
	char said[SVC_NOTE_MAX];
	uint32_t notes;
};

static uint8_t bytes[BIG];

static void on_note(void *arg, const char *text)
{
	struct rig *r = arg;

	snprintf(r->said, sizeof(r->said), "%s", text);
	r->notes++;
}

static void rig_init(struct rig *r)
{
	struct svc_args a = { .limits = { .conns = CONNS,
					  .handshakes = HANDSHAKES,
					  .handshake_us = 10 * SECOND_US },
			      .tell = on_note,
			      .arg = r };
	struct tls_context_args server;
	struct tls_context_args client;

	memset(r, 0, sizeof(*r));
	tr_init(&r->keys, 0);
	server = tr_server(&r->keys);
	client = tr_client(&r->keys);
	r->server = tr_raw_context(&server);
	r->client = tr_raw_context(&client);
	a.tls = r->server;
	svcworld_init(&r->sw, &a, wanted, sizeof(wanted) / sizeof(wanted[0]));
	for (uint32_t i = 0; i < BIG; i++)
		bytes[i] = (uint8_t)tr_random(&r->keys, 256);
}

static void rig_fini(struct rig *r)
{
	svcworld_fini(&r->sw);
	tls_context_put(r->server);
	tls_context_put(r->client);
	tr_fini(&r->keys);
}

static uint64_t counter(const struct rig *r, enum svc_counter c)
{
	return svc_set_counters(r->sw.set[1])[c];
}

static struct svc_stats stats(const struct rig *r, uint32_t i)
{
	struct svc_stats st;

	svc_set_stats(r->sw.set[1], i, &st);
	return st;
}

static struct probe *up(struct rig *r, uint16_t port)
{
	struct probe *p = probe_open(&r->sw, port, r->client);

	svcworld_run(&r->sw, SECOND_US / 10);
	ck_assert_msg(p->opened, "no channel: %s", r->said);
	return p;
}

/* -------------------------------------------------------------------- data */

START_TEST(echo_comes_back_through_the_channel)
{
	struct rig r;
	struct probe *p;

	rig_init(&r);
	p = up(&r, ECHO_PORT);
	ck_assert_uint_eq(stats(&r, 0).open, 1);
	probe_send(p, TEXT, LEN);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert_uint_eq(p->in_len, LEN);
	ck_assert_mem_eq(p->in, TEXT, LEN);
	ck_assert_uint_eq(counter(&r, SVC_C_TLS_HANDSHAKES), 1);
	ck_assert_uint_eq(counter(&r, SVC_C_TLS_BYTES_IN), LEN);
	ck_assert_uint_eq(counter(&r, SVC_C_TLS_BYTES_OUT), LEN);
	probe_free(&r.sw, p);
	rig_fini(&r);
}
END_TEST

START_TEST(long_streams_arrive_whole_and_in_order)
{
	struct rig r;
	struct probe *p;

	rig_init(&r);
	p = up(&r, ECHO_PORT);
	probe_send(p, bytes, BIG);
	svcworld_run(&r.sw, 10 * SECOND_US);
	ck_assert_uint_eq(p->in_len, BIG);
	EXPECT_MEM_EQ(p->in, bytes, BIG);
	ck_assert_uint_eq(stats(&r, 0).bytes_in, BIG);
	ck_assert_uint_eq(stats(&r, 0).bytes_out, BIG);
	probe_free(&r.sw, p);
	rig_fini(&r);
}
END_TEST

/* chargen writes a buffer of 63 KB as a whole, whatever room there is. */
START_TEST(buffers_are_written_as_a_whole)
{
	struct rig r;
	struct probe *p;

	rig_init(&r);
	p = up(&r, CHARGEN_PORT);
	while (p->in_len < BIG)
		svcworld_run(&r.sw, SECOND_US / 100);
	for (uint32_t i = 0; i < BIG; i++) {
		uint32_t line = i / 74;
		uint32_t column = i % 74;
		uint32_t want = column == 72   ? '\r'
				: column == 73 ? '\n'
					       : ' ' + (line + column) % 95;

		EXPECT_EQ(p->in[i], want);
	}
	probe_free(&r.sw, p);
	rig_fini(&r);
}
END_TEST

/* ----------------------------------------------------------------- the end */

START_TEST(end_goes_both_ways_by_close_notify)
{
	struct rig r;
	struct probe *p;

	rig_init(&r);
	p = up(&r, ECHO_PORT);
	probe_send(p, bytes, 100000);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert_int_eq(stream_shutdown(&p->st), 0);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert(p->peer_closed);
	ck_assert_uint_eq(p->in_len, 100000);
	ck_assert_uint_eq(stats(&r, 0).open, 0);
	ck_assert_uint_eq(counter(&r, SVC_C_TLS_CLOSE_NOTIFY_IN), 1);
	ck_assert_uint_eq(counter(&r, SVC_C_TLS_CLOSE_NOTIFY_OUT), 1);
	ck_assert_uint_eq(counter(&r, SVC_C_TLS_CUT), 0);
	ck_assert_uint_eq(r.notes, 0);
	stream_close(&p->st);
	svcworld_run(&r.sw, 10 * SECOND_US);
	ck_assert(p->closed);
	ck_assert_int_eq(p->end, 0);
	probe_free(&r.sw, p);
	rig_fini(&r);
}
END_TEST

Suite *suite_daemon_stream_tls(void)
{
	Suite *s = suite_create("daemon/svc/stream_tls");
	TCase *tc = tcase_create("data");

	tcase_add_test(tc, echo_comes_back_through_the_channel);
	tcase_add_test(tc, long_streams_arrive_whole_and_in_order);
	tcase_add_test(tc, buffers_are_written_as_a_whole);
	suite_add_tcase(s, tc);
	tc = tcase_create("end");
	tcase_add_test(tc, end_goes_both_ways_by_close_notify);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_tls_handshake.c - handshakes that fail, stall or are too many; credentials
 *
 * Method: as test_stream_tls.c; some clients are plain ones that say whatever
 * the test wants.
 */

#include "tests/unit/expect.h"
#include "tests/unit/suites.h"
#include "tlsworld.h"

#define TEXT "nobody else can read this"
#define LEN  (sizeof(TEXT) - 1)

/* ------------------------------------------------------------ bad handshakes */

static const struct {
	const char *name;
	const char *text;
	size_t len;
	enum svc_counter counter;
	const char *said;
} noises[] = {
	{ "http", "GET / HTTP/1.0\r\n\r\n", 18, SVC_C_TLS_FAIL_NOT_TLS,
	  "not-tls" },
	{ "zeros", "\0\0\0\0\0\0\0\0\0\0", 10, SVC_C_TLS_FAIL_GARBAGE,
	  "garbage" },
	{ "record of nonsense", "\x16\x03\x01\x00\x04\xff\x00\x00\x00", 9,
	  SVC_C_TLS_FAIL_BAD_HANDSHAKE, "handshake failed" },
};

/* Its counter, its line, an alert for who understands it, and an end. */
START_TEST(noise_is_counted_told_and_ended)
{
	struct probe *p;
	struct tlsworld r;

	tlsworld_init(&r);
	p = probe_open(&r.sw, ECHO_PORT, NULL);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert(p->opened);
	probe_send(p, noises[_i].text, noises[_i].len);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert_msg(tlsworld_counter(&r, noises[_i].counter) == 1, "%s: %s",
		      noises[_i].name, r.said);
	ck_assert_msg(strstr(r.said, noises[_i].said) != NULL, "%s: %s",
		      noises[_i].name, r.said);
	ck_assert_uint_eq(r.notes, 1);
	ck_assert(p->peer_closed);
	ck_assert_uint_ge(p->in_len, 7);
	ck_assert_uint_eq(p->in[0], 21);
	ck_assert_uint_eq(tlsworld_stats(&r, 0).accepted, 0);
	stream_close(&p->st);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert_int_eq(p->end, 0);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

/* Who looks whether the port is open, and goes, by FIN or RST, has cut nothing. */
START_TEST(port_scan_is_no_cut)
{
	struct probe *p;
	struct tlsworld r;

	tlsworld_init(&r);
	p = probe_open(&r.sw, ECHO_PORT, NULL);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert(p->opened);
	if (_i)
		stream_abort(&p->st);
	else
		stream_close(&p->st);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert(p->closed);
	ck_assert_uint_eq(tlsworld_counter(&r, SVC_C_TLS_CUT), 0);
	ck_assert_msg(r.notes == 0, "%s", r.said);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

/* Who has begun, and goes, has. */
START_TEST(handshake_that_ends_early_is_a_cut)
{
	struct probe *p;
	struct tlsworld r;

	tlsworld_init(&r);
	p = probe_open(&r.sw, ECHO_PORT, NULL);
	svcworld_run(&r.sw, SECOND_US);
	probe_send(p, "\x16\x03\x01", 3);
	svcworld_run(&r.sw, SECOND_US);
	if (_i)
		stream_abort(&p->st);
	else
		stream_close(&p->st);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert_uint_eq(tlsworld_counter(&r, SVC_C_TLS_CUT), 1);
	ck_assert_uint_eq(r.notes, 1);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

START_TEST(handshake_that_stalls_ends_in_time)
{
	struct probe *p;
	struct tlsworld r;

	tlsworld_init(&r);
	p = probe_open(&r.sw, ECHO_PORT, NULL);
	svcworld_run(&r.sw, 9 * SECOND_US);
	ck_assert(!p->closed);
	svcworld_run(&r.sw, 2 * SECOND_US);
	ck_assert(p->closed);
	ck_assert_int_eq(p->end, -ERR_CONNRESET);
	ck_assert_uint_eq(tlsworld_counter(&r, SVC_C_TLS_TIMEOUTS), 1);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

/* The one that stood still for longest goes, whoever comes gets his turn. */
START_TEST(handshakes_make_room_for_others)
{
	struct probe *idle[HANDSHAKES];
	struct svc_tls_gauges g;
	struct probe *p;
	struct tlsworld r;

	tlsworld_init(&r);
	for (uint32_t i = 0; i < HANDSHAKES; i++) {
		idle[i] = probe_open(&r.sw, ECHO_PORT, NULL);
		svcworld_run(&r.sw, SECOND_US / 10);
	}
	p = tlsworld_up(&r, ECHO_PORT);
	ck_assert_uint_eq(tlsworld_counter(&r, SVC_C_TLS_EVICTED), 1);
	svc_tls_gauges(r.sw.set[1], &g);
	ck_assert_uint_eq(g.channels, HANDSHAKES);
	ck_assert_uint_eq(g.handshakes, HANDSHAKES - 1);
	ck_assert(idle[0]->closed);
	for (uint32_t i = 1; i < HANDSHAKES; i++)
		ck_assert(!idle[i]->closed);
	for (uint32_t i = 0; i < HANDSHAKES; i++)
		probe_free(&r.sw, idle[i]);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

/* Who has come further has not stood still, though he came first. */
START_TEST(handshake_that_moves_stays)
{
	struct probe *idle[HANDSHAKES];
	const struct tr_queue *hello;
	struct tlsworld r;
	struct probe *p;

	tlsworld_init(&r);
	for (uint32_t i = 0; i < HANDSHAKES; i++) {
		idle[i] = probe_open(&r.sw, ECHO_PORT, NULL);
		svcworld_run(&r.sw, SECOND_US / 10);
	}
	r.keys.side[CLIENT].ctx = tls_context_ref(r.client);
	tr_open_side(&r.keys, CLIENT, NULL, NULL);
	ck_assert_int_eq(tr_step(&r.keys, CLIENT), -ERR_INPROGRESS);
	while (tr_step(&r.keys, CLIENT) == -ERR_INPROGRESS)
		;
	hello = &r.keys.side[CLIENT].out;
	probe_send(idle[0], hello->buf, hello->len);
	svcworld_run(&r.sw, SECOND_US / 10);
	p = tlsworld_up(&r, ECHO_PORT);
	ck_assert(!idle[0]->closed);
	ck_assert(idle[1]->closed);
	for (uint32_t i = 0; i < HANDSHAKES; i++)
		probe_free(&r.sw, idle[i]);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

START_TEST(channels_have_a_limit)
{
	struct probe *p[CONNS];
	struct probe *more;
	struct tlsworld r;

	tlsworld_init(&r);
	for (uint32_t i = 0; i < CONNS; i++)
		p[i] = tlsworld_up(&r, ECHO_PORT);
	more = probe_open(&r.sw, ECHO_PORT, NULL);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert(more->closed);
	ck_assert_uint_eq(tlsworld_counter(&r, SVC_C_TLS_OVER_LIMIT), 1);
	probe_free(&r.sw, more);
	probe_free(&r.sw, p[0]);
	p[0] = tlsworld_up(&r, ECHO_PORT);
	for (uint32_t i = 0; i < CONNS; i++)
		probe_free(&r.sw, p[i]);
	tlsworld_fini(&r);
}
END_TEST

/* -------------------------------------------------------------------- client */

START_TEST(client_tells_whom_it_does_not_trust)
{
	struct tls_context_args a;
	struct tls_context *ctx;
	struct probe *p;
	struct tlsworld r;

	tlsworld_init(&r);
	a = tr_client(&r.keys);
	a.ca = (struct tls_bytes){ 0 };
	a.pinned = true;
	ctx = tr_raw_context(&a);
	p = probe_open(&r.sw, ECHO_PORT, ctx);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert(!p->opened);
	ck_assert(p->closed);
	ck_assert_int_eq(p->end, -ERR_PERM);
	ck_assert_int_eq(p->problem, TLS_NOT_PINNED);
	ck_assert_uint_eq(tlsworld_counter(&r, SVC_C_TLS_ALERTS), 1);
	ck_assert_uint_eq(p->service.open, 0);
	probe_free(&r.sw, p);
	tls_context_put(ctx);
	tlsworld_fini(&r);
}
END_TEST

START_TEST(client_hears_that_nobody_listens)
{
	struct probe *p;
	struct tlsworld r;

	tlsworld_init(&r);
	p = probe_open(&r.sw, 1, r.client);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert(!p->opened);
	ck_assert(p->closed);
	ck_assert_int_eq(p->end, -ERR_CONNREFUSED);
	ck_assert_int_eq(p->problem, TLS_OK);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

/* ---------------------------------------------------------------------- info */

START_TEST(agreement_can_be_read)
{
	struct stream_tls_info info;
	struct probe *plain;
	struct probe *p;
	struct tlsworld r;

	tlsworld_init(&r);
	p = tlsworld_up(&r, ECHO_PORT);
	plain = probe_open(&r.sw, ECHO_PORT, NULL);
	ck_assert(stream_tls_info(svc_secure(r.sw.set[0]), p->st.conn, &info));
	ck_assert_int_eq(info.phase, STREAM_TLS_OPEN);
	ck_assert(info.agreed);
	ck_assert_ptr_nonnull(strstr(info.tls.version, "TLSv1."));
	ck_assert(!stream_tls_info(svc_secure(r.sw.set[0]), plain->st.conn,
				   &info));
	probe_free(&r.sw, plain);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

/* Open channels keep the credentials that they have. */
START_TEST(new_credentials_are_for_new_channels)
{
	struct tls_context_args a;
	struct probe *old;
	struct probe *p;
	struct tlsworld r;

	tlsworld_init(&r);
	old = tlsworld_up(&r, ECHO_PORT);
	a = tr_server(&r.keys);
	tls_context_put(r.server);
	r.server = tr_raw_context(&a);
	svc_set_tls(r.sw.set[1], r.server);
	p = tlsworld_up(&r, ECHO_PORT);
	probe_send(old, TEXT, LEN);
	probe_send(p, TEXT, LEN);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert_uint_eq(old->in_len, LEN);
	ck_assert_uint_eq(p->in_len, LEN);
	probe_free(&r.sw, old);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

START_TEST(services_want_credentials)
{
	struct fakeloop loop;
	uint32_t n;
	struct vhost h = { 0 };
	struct ustack_config cfg;
	char err[256] = "";

	vhost_config(&cfg);
	vhost_init(&h, &cfg, 1);
	fakeloop_init(&loop);
	ck_assert_ptr_null(svc_set_new(
		&(struct svc_args){ .stack = h.s, .loop = &loop.loop },
		tlsworld_wanted(&n), 1, err, sizeof(err)));
	ck_assert_str_eq(err, "service echo-tls: echo on port 7007: tls=yes, "
			      "but there are no credentials");
	fakeloop_fini(&loop);
	ck_assert_ptr_null(vhost_fini(&h));
}
END_TEST

Suite *suite_daemon_tls_handshake(void)
{
	Suite *s = suite_create("daemon/svc/tls handshake");
	TCase *tc = tcase_create("bad handshakes");

	tcase_add_loop_test(tc, noise_is_counted_told_and_ended, 0,
			    sizeof(noises) / sizeof(noises[0]));
	tcase_add_loop_test(tc, port_scan_is_no_cut, 0, 2);
	tcase_add_loop_test(tc, handshake_that_ends_early_is_a_cut, 0, 2);
	tcase_add_test(tc, handshake_that_stalls_ends_in_time);
	tcase_add_test(tc, handshakes_make_room_for_others);
	tcase_add_test(tc, handshake_that_moves_stays);
	tcase_add_test(tc, channels_have_a_limit);
	suite_add_tcase(s, tc);
	tc = tcase_create("client and credentials");
	tcase_add_test(tc, client_tells_whom_it_does_not_trust);
	tcase_add_test(tc, client_hears_that_nobody_listens);
	tcase_add_test(tc, agreement_can_be_read);
	tcase_add_test(tc, new_credentials_are_for_new_channels);
	tcase_add_test(tc, services_want_credentials);
	suite_add_tcase(s, tc);
	return s;
}

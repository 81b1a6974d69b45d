/* SPDX-License-Identifier: MIT */
/*
 * test_hostile.c - strangers, liars, and links that change bytes
 *
 * Method: hand-made first bytes and ClientHellos; handshakes whose bytes are cut
 * off or changed at every place; ends that do what they may not.  Nothing may
 * crash, leak or hang, and each is told by its own kind.
 */

#include <stdlib.h>
#include <string.h>

#include "crypto/channel_int.h"
#include "crypto/compat.h"
#include "tests/unit/suites.h"
#include "tlsrig.h"

#define STRIDE 5u /* every so many bytes; where it begins comes from the seed */

/* A server and somebody who is no channel. */
static void server_alone(struct tls_rig *rig)
{
	struct tls_context_args server;

	tr_init(rig, 0);
	server = tr_server(rig);
	rig->side[SERVER].ctx = tr_raw_context(&server);
	tr_open_side(rig, SERVER, NULL, NULL);
}

static int shake_alone(struct tls_rig *rig)
{
	int err;

	do {
		err = tr_step(rig, SERVER);
	} while (err == -ERR_INPROGRESS);
	return err;
}

/* Does the last record that the server sent say this? */
static bool sent_alert(const struct tls_rig *rig, uint8_t alert)
{
	const struct tr_queue *q = &rig->side[SERVER].out;
	const uint8_t *rec = q->buf + q->len - 7;

	return q->len >= 7 && rec[0] == 21 && rec[3] == 0 && rec[4] == 2 &&
	       rec[5] == 2 && rec[6] == alert;
}

static const struct {
	const char *what;
	const char *bytes;
	size_t len;
	enum tls_kind want;
	uint8_t alert;
	const char *advice;
} firsts[] = {
	{ "HTTP", "GET / HTTP/1.1\r\nHost: x\r\n", 25, TLS_NOT_TLS, 10,
	  "\"GET / HTTP/1.1\"" },
	{ "one letter", "h", 1, TLS_NOT_TLS, 10, "\"h\"" },
	{ "line end", "\r\n", 2, TLS_NOT_TLS, 10, "\"\"" },
	{ "text, then noise", "hi\\\x80\xff", 5, TLS_NOT_TLS, 10,
	  "\"hi\\x5c\"" },
	{ "noise", "\x80\x9d\x91\xff\x04", 5, TLS_GARBAGE, 10, NULL },
	{ "zeros", "\0\0\0\0\0", 5, TLS_GARBAGE, 10, NULL },
	{ "type of no record", "\x18\3\1\0\x10", 5, TLS_GARBAGE, 10, NULL },
	{ "version 4", "\x16\4\1\0\x10", 5, TLS_GARBAGE, 10, NULL },
	{ "too long", "\x16\3\1\xff\xff", 5, TLS_GARBAGE, 10, NULL },
	{ "SSL 2", "\x80\x2e\1\0\2", 5, TLS_OLD_VERSION, 70, NULL },
	{ "empty hello", "\x16\3\1\0\0", 5, TLS_BAD_HANDSHAKE, 0, NULL },
	{ "data first", "\x17\3\3\0\4abcd", 9, TLS_BAD_HANDSHAKE, 0, NULL },
	{ "no hello", "\x16\3\3\0\4\2\0\0\0", 9, TLS_BAD_HANDSHAKE, 0, NULL },
};

#define N_FIRSTS (int)(sizeof(firsts) / sizeof(firsts[0]))

/* Issue: plain text on the TLS port, garbage: told apart, and never for long. */
START_TEST(first_bytes_tell_who_is_no_client)
{
	struct tls_rig rig;
	const struct tls_problem *p;
	int err;

	server_alone(&rig);
	rig.pace = _i < N_FIRSTS ? PACE_ALL : PACE_ONE;
	tr_put(&rig, SERVER, firsts[_i % N_FIRSTS].bytes,
	       firsts[_i % N_FIRSTS].len);
	err = shake_alone(&rig);
	p = tls_problem(rig.side[SERVER].ch);
	ck_assert_msg(p->kind == firsts[_i % N_FIRSTS].want, "%s: %s",
		      firsts[_i % N_FIRSTS].what, p->text);
	ck_assert_int_eq(err,
			 p->kind == TLS_OLD_VERSION ? -ERR_PERM : -ERR_PROTO);
	ck_assert_int_eq(tls_handshake(rig.side[SERVER].ch), err);
	if (firsts[_i % N_FIRSTS].alert && rig.pace == PACE_ALL)
		ck_assert(sent_alert(&rig, firsts[_i % N_FIRSTS].alert));
	if (firsts[_i % N_FIRSTS].advice)
		ck_assert_msg(strstr(p->advice, firsts[_i % N_FIRSTS].advice) !=
				      NULL,
			      "%s", p->advice);
	tr_fini(&rig);
}
END_TEST

/* Any bytes at all: a verdict or a wait, and no more is kept than a record. */
START_TEST(random_bytes_are_survived)
{
	uint8_t bytes[600];
	struct tls_rig rig;
	size_t n;
	int err;

	for (int round = 0; round < 200; round++) {
		server_alone(&rig);
		rig.random += (uint64_t)round << 32 | 1;
		n = tr_random(&rig, sizeof(bytes));
		tr_bytes(&rig, bytes, n);
		if (round & 1 && n > 5) {
			bytes[0] = 22;
			bytes[1] = 3;
			bytes[3] = (uint8_t)(bytes[3] & 1);
		}
		tr_put(&rig, SERVER, bytes, n);
		tr_cut(&rig, CLIENT);
		err = shake_alone(&rig);
		ck_assert_int_ne(err, 0);
		ck_assert_int_ne(err, -ERR_AGAIN);
		tr_fini(&rig);
	}
}
END_TEST

/*
 * A ClientHello by hand: version, suites, and if there is one, a single group.
 * It has what a server of TLS 1.2 needs, and no supported_versions.
 */
static size_t hello(uint8_t *p, uint16_t version, const uint16_t *suites,
		    uint16_t group)
{
	uint8_t *start = p;
	size_t len;

	p += 9; /* headers of record and message */
	*p++ = (uint8_t)(version >> 8);
	*p++ = (uint8_t)version;
	memset(p, 0x42, 32);
	p += 32;
	*p++ = 0; /* no session */
	for (len = 0; suites[len]; len++)
		;
	*p++ = 0;
	*p++ = (uint8_t)(2 * len);
	for (size_t i = 0; i < len; i++) {
		*p++ = (uint8_t)(suites[i] >> 8);
		*p++ = (uint8_t)suites[i];
	}
	*p++ = 1;
	*p++ = 0; /* no compression */
	memcpy(p,
	       "\0\x18"			 /* extensions */
	       "\0\x0a\0\4\0\2gG"	 /* supported_groups */
	       "\0\x0b\0\2\1\0"		 /* ec_point_formats */
	       "\0\x0d\0\6\0\4\4\3\4\1", /* signature_algorithms: SHA-256 */
	       26);
	p[8] = (uint8_t)(group >> 8);
	p[9] = (uint8_t)group;
	p += 26;
	len = (size_t)(p - start);
	memcpy(start, "\x16\3\1\0\0\1\0\0\0", 9);
	start[4] = (uint8_t)(len - 5);
	start[8] = (uint8_t)(len - 9);
	return len;
}

#define GOOD 0xc02b
#define P256 23
#define P521 25

static const struct {
	const char *what;
	uint16_t version;
	uint16_t suite[4];
	uint16_t group;
	enum tls_kind want; /* TLS_OK: the server goes on */
	uint8_t alert;
} hellos[] = {
	{ "TLS 1.2", 0x303, { GOOD }, P256, TLS_OK, 0 },
	{ "TLS 1.1", 0x302, { GOOD }, P256, TLS_OLD_VERSION, 70 },
	{ "TLS 1.0", 0x301, { GOOD }, P256, TLS_OLD_VERSION, 70 },
	{ "SSL 3", 0x300, { GOOD }, P256, TLS_OLD_VERSION, 70 },
	{ "RSA key exchange",
	  0x303,
	  { 0x9c, 0x3c, 0x2f },
	  P256,
	  TLS_NO_SUITE,
	  40 },
	{ "DHE", 0x303, { 0x9e, 0x67, 0x33 }, P256, TLS_NO_SUITE, 40 },
	{ "HMAC-SHA1",
	  0x303,
	  { 0xc009, 0xc00a, 0xc013 },
	  P256,
	  TLS_NO_SUITE,
	  40 },
	{ "3DES and RC4", 0x303, { 0xc008, 0x0a, 0x05 }, P256, TLS_NO_SUITE, 40 },
	{ "NULL", 0x303, { 0xc006, 0x3b, 0x01 }, P256, TLS_NO_SUITE, 40 },
	{ "static ECDH", 0x303, { 0xc02d, 0xc025 }, P256, TLS_NO_SUITE, 40 },
	{ "PSK without ECDHE",
	  0x303,
	  { 0xa8, 0xae, 0xb2 },
	  P256,
	  TLS_NO_SUITE,
	  40 },
	{ "ChaCha20", 0x303, { 0xcca9 }, P256, TLS_NO_SUITE, 40 },
	{ "for an RSA certificate", 0x303, { 0xc02f }, P256, TLS_NO_SUITE, 40 },
	{ "only secp521r1", 0x303, { GOOD }, P521, TLS_NO_SUITE, 40 },
};

/* Issue: wrong versions and weak suites are refused, and the client is told. */
START_TEST(weak_offers_are_refused)
{
	uint8_t bytes[128];
	struct tls_rig rig;
	int err;

	server_alone(&rig);
	tr_put(&rig, SERVER, bytes,
	       hello(bytes, hellos[_i].version, hellos[_i].suite,
		     hellos[_i].group));
	err = shake_alone(&rig);
	ck_assert_msg(tr_kind(&rig, SERVER) == hellos[_i].want, "%s: %s",
		      hellos[_i].what, tls_problem(rig.side[SERVER].ch)->text);
	if (!hellos[_i].want) {
		ck_assert_int_eq(err, -ERR_AGAIN);
		ck_assert_uint_gt(rig.side[SERVER].out.len, 300);
	} else if (hellos[_i].alert) {
		ck_assert_int_eq(err, -ERR_PERM);
		ck_assert_msg(sent_alert(&rig, hellos[_i].alert), "%s",
			      hellos[_i].what);
	}
	tr_fini(&rig);
}
END_TEST

static void two(struct tls_rig *rig, uint64_t salt, int suite)
{
	struct tls_context_args client;
	struct tls_context_args server;

	tr_init(rig, salt);
	client = tr_client(rig);
	server = tr_server(rig);
	tr_contexts(rig, &client, &server);
	if (suite)
		tr_suite(rig, suite);
}

/* How many bytes an end sends in a handshake; in TLS 1.2, or as 1.3 has it. */
static size_t handshake_len(struct tls_rig *rig, enum tr_end end)
{
	size_t n;

	tr_open(rig, NULL, NULL);
	tr_shake(rig);
	ck_assert_int_eq(rig->side[SERVER].result, 0);
	n = rig->side[end].out.total;
	tr_close(rig);
	return n;
}

/* Issue: a handshake that is cut at any byte leaks nothing and is no success. */
START_TEST(handshake_may_be_cut_anywhere)
{
	enum tr_end from = (enum tr_end)(_i & 1);
	struct tls_rig rig;
	size_t len;

	two(&rig, (uint64_t)_i, _i < 2 ? 0xc023 : 0);
	len = handshake_len(&rig, from);
	for (size_t at = tr_random(&rig, STRIDE); at < len; at += STRIDE) {
		tr_open(&rig, NULL, NULL);
		rig.side[from].out.cut = at;
		rig.side[from].out.ended = !at;
		tr_shake(&rig);
		/*
		 * Signatures differ in length by a few bytes: it may have been
		 * over before the cut.  In 1.3 the server's tickets come when
		 * all is agreed.
		 */
		if (!rig.side[!from].result &&
		    (_i >= 2 || rig.side[from].out.total <= at))
			break;
		ck_assert_int_eq(rig.side[!from].result, -ERR_PROTO);
		ck_assert_int_eq(tr_kind(&rig, !from), TLS_CUT);
		ck_assert(!tls_established(rig.side[!from].ch));
		tr_close(&rig);
	}
	tr_fini(&rig);
}
END_TEST

/* A bit changed anywhere in the handshake: it fails, or it did not matter. */
START_TEST(handshake_may_be_changed_anywhere)
{
	enum tr_end from = (enum tr_end)(_i & 1);
	struct tls_rig rig;
	char buf[2];
	size_t len;

	two(&rig, (uint64_t)_i, _i < 2 ? 0xc02b : 0);
	len = handshake_len(&rig, from);
	for (size_t at = tr_random(&rig, STRIDE); at < len; at += STRIDE) {
		tr_open(&rig, NULL, NULL);
		rig.side[from].out.flip = at;
		tr_shake(&rig);
		if (!rig.side[0].result && !rig.side[1].result) {
			tr_write(&rig, from, "ok", 2);
			if (tr_read(&rig, !from, buf, 2) == 2)
				ck_assert_mem_eq(buf, "ok", 2);
		}
		tr_close(&rig);
	}
	tr_fini(&rig);
}
END_TEST

/* Issue: a flipped bit in a record is TLS_BAD_MAC, and the peer is told. */
START_TEST(changed_record_is_noticed)
{
	const struct tls_suite *s = tls_suite_at((size_t)_i);
	struct tls_rig rig;
	struct tr_queue *q;
	char buf[100];

	if (s->auth == TLS_AUTH_RSA || s->auth == TLS_AUTH_PSK ||
	    (s->v13 && !compat_has_v13()))
		return;
	two(&rig, (uint64_t)_i, s->id);
	tr_up(&rig);
	q = &rig.side[CLIENT].out;
	q->flip = q->total + 5 + tr_random(&rig, 100);
	tr_bytes(&rig, buf, sizeof(buf));
	tr_write(&rig, CLIENT, buf, sizeof(buf));
	ck_assert_int_eq(tr_read(&rig, SERVER, buf, sizeof(buf)), -ERR_PROTO);
	ck_assert_int_eq(tr_kind(&rig, SERVER), TLS_BAD_MAC);
	ck_assert_int_eq(tls_write(rig.side[SERVER].ch, "x", 1), -ERR_PROTO);
	ck_assert_int_eq(tls_shutdown(rig.side[SERVER].ch), -ERR_PROTO);
	ck_assert_int_eq(tr_read(&rig, CLIENT, buf, 1), -ERR_PROTO);
	ck_assert_int_eq(tr_kind(&rig, CLIENT), TLS_ALERT);
	ck_assert_ptr_nonnull(strstr(tls_problem(rig.side[CLIENT].ch)->text,
				     "bad_record_mac (20)"));
	tr_fini(&rig);
}
END_TEST

/* A record that was taken away or came twice is noticed as well. */
START_TEST(records_have_their_order)
{
	struct tls_rig rig;
	struct tr_queue *q;
	uint8_t copy[200];
	size_t len;
	char buf[4];

	two(&rig, 0, 0);
	tr_up(&rig);
	q = &rig.side[CLIENT].out;
	tr_write(&rig, CLIENT, "once", 4);
	len = q->len - q->off;
	memcpy(copy, q->buf + q->off, len);
	ck_assert_int_eq(tr_read(&rig, SERVER, buf, 4), 4);
	tr_put(&rig, SERVER, copy, len);
	ck_assert_int_eq(tr_read(&rig, SERVER, buf, 4), -ERR_PROTO);
	ck_assert_int_eq(tr_kind(&rig, SERVER), TLS_BAD_MAC);
	tr_fini(&rig);
}
END_TEST

/* Issue: a cut is told from an end, between records and within one. */
START_TEST(cut_is_no_end)
{
	struct tls_rig rig;
	char buf[10];

	two(&rig, 0, 0);
	tr_up(&rig);
	if (_i)
		rig.side[CLIENT].out.cut = rig.side[CLIENT].out.total + 12;
	tr_write(&rig, CLIENT, "0123456789", 10);
	tr_cut(&rig, CLIENT);
	if (!_i)
		ck_assert_int_eq(tr_read(&rig, SERVER, buf, 10), 10);
	ck_assert_int_eq(tr_read(&rig, SERVER, buf, 10), -ERR_CONNABORTED);
	ck_assert_int_eq(tr_read(&rig, SERVER, buf, 10), -ERR_CONNABORTED);
	ck_assert_int_eq(tr_kind(&rig, SERVER), TLS_CUT);
	/* the other direction is whole */
	tr_write(&rig, SERVER, "still", 5);
	ck_assert_int_eq(tr_read(&rig, CLIENT, buf, 5), 5);
	ck_assert_int_eq(tls_shutdown(rig.side[SERVER].ch), 0);
	tr_fini(&rig);
}
END_TEST

/* What comes behind close_notify is not looked at. */
START_TEST(nothing_comes_after_close_notify)
{
	struct tls_rig rig;
	char buf[10];

	two(&rig, 0, 0);
	tr_up(&rig);
	ck_assert_int_eq(tls_shutdown(rig.side[CLIENT].ch), 0);
	tr_put(&rig, SERVER, "garbage", 7);
	tr_cut(&rig, CLIENT);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(tls_read(rig.side[SERVER].ch, buf, 10), 0);
	ck_assert_int_eq(tr_kind(&rig, SERVER), TLS_OK);
	tr_fini(&rig);
}
END_TEST

/* Issue: no renegotiation, whoever asks; data go on. */
START_TEST(renegotiation_is_refused)
{
	enum tr_end who = (enum tr_end)_i;
	mbedtls_ssl_context *ssl;
	struct tls_rig rig;
	char buf[4];

	two(&rig, 0, 0xc02b);
	tr_up(&rig);
	ssl = &rig.side[who].ch->core->ssl;
	mbedtls_ssl_conf_renegotiation(&rig.side[who].ctx->conf,
				       MBEDTLS_SSL_RENEGOTIATION_ENABLED);
	(void)!mbedtls_ssl_renegotiate(ssl);
	ck_assert_uint_gt(rig.side[who].out.len, 0);
	ck_assert_int_eq(tr_read(&rig, !who, buf, 4), -ERR_AGAIN);
	ck_assert(compat_handshake_over(&rig.side[!who].ch->core->ssl));
	ck_assert_int_eq(tr_kind(&rig, !who), TLS_OK);
	/* a warning, and no ServerHello or ClientHello */
	ck_assert_uint_gt(rig.side[!who].out.len, 0);
	ck_assert_uint_lt(rig.side[!who].out.len, 60);
	tr_fini(&rig);
}
END_TEST

/* Warnings without end, all there at once: a call ends, and the channel too. */
START_TEST(warnings_without_end_are_too_many)
{
	struct tls_rig rig;
	char buf[4];

	two(&rig, 0, 0xc02b);
	tr_up(&rig);
	for (int i = 0; i < 4000; i++)
		(void)!mbedtls_ssl_send_alert_message(
			&rig.side[CLIENT].ch->core->ssl,
			MBEDTLS_SSL_ALERT_LEVEL_WARNING,
			MBEDTLS_SSL_ALERT_MSG_USER_CANCELED);
	ck_assert_int_eq(tls_read(rig.side[SERVER].ch, buf, 4), -ERR_PROTO);
	ck_assert_int_eq(tr_kind(&rig, SERVER), TLS_BAD_HANDSHAKE);
	ck_assert_uint_gt(rig.side[CLIENT].out.len, 0);
	tr_fini(&rig);
}
END_TEST

/* Alerts to somebody who reads nothing fill no memory. */
START_TEST(unread_alerts_are_bounded)
{
	struct tls_rig rig;
	struct tls_core *core;
	char buf[4];

	two(&rig, 0, 0xc02b);
	tr_up(&rig);
	core = rig.side[SERVER].ch->core;
	rig.side[SERVER].out.room = 0;
	for (int i = 0; i < 3000; i++) {
		(void)!mbedtls_ssl_send_alert_message(
			&core->ssl, MBEDTLS_SSL_ALERT_LEVEL_WARNING,
			MBEDTLS_SSL_ALERT_MSG_NO_RENEGOTIATION);
		ck_assert_uint_le(core->pending_len, TLS_PENDING_MAX);
	}
	ck_assert_int_eq(tls_read(rig.side[SERVER].ch, buf, 4), -ERR_AGAIN);
	tr_fini(&rig);
}
END_TEST

/* Issue: a handshake that stalls ends at its deadline. */
START_TEST(deadline_ends_a_handshake)
{
	struct tls_rig rig;
	struct tls_channel *ch;

	two(&rig, 0, 0);
	tr_open(&rig, NULL, NULL);
	ch = rig.side[SERVER].ch;
	ck_assert_int_eq(tr_step(&rig, SERVER), -ERR_AGAIN);
	ck_assert(!tls_expired(ch, 999999));
	ck_assert_int_eq(tr_kind(&rig, SERVER), TLS_OK);
	ck_assert(tls_expired(ch, 1000000));
	ck_assert_int_eq(tr_kind(&rig, SERVER), TLS_TIMEOUT);
	ck_assert_int_eq(tls_handshake(ch), -ERR_PROTO);
	ck_assert(!tls_expired(ch, 2000000));
	tr_close(&rig);
	tr_up(&rig);
	ck_assert(!tls_expired(rig.side[SERVER].ch, UINT64_MAX));
	tr_fini(&rig);
}
END_TEST

/* The connection below breaks: told with its own words. */
START_TEST(broken_io_is_a_cut)
{
	struct tls_rig rig;
	struct tls_channel *ch;
	char buf[4];

	two(&rig, 0, 0);
	tr_up(&rig);
	ch = rig.side[SERVER].ch;
	rig.side[SERVER].io_err = -ERR_CONNRESET;
	if (_i)
		ck_assert_int_eq(tls_write(ch, "x", 1), -ERR_PROTO);
	else
		ck_assert_int_eq(tls_read(ch, buf, 4), -ERR_CONNABORTED);
	ck_assert_int_eq(tr_kind(&rig, SERVER), TLS_CUT);
	ck_assert_ptr_nonnull(
		strstr(tls_problem(ch)->text, err_str(ERR_CONNRESET)));
	tr_close(&rig);
	tr_open(&rig, NULL, NULL);
	rig.side[SERVER].io_err = -ERR_CONNRESET;
	ck_assert_int_eq(tr_step(&rig, SERVER), -ERR_PROTO);
	ck_assert_int_eq(tr_kind(&rig, SERVER), TLS_CUT);
	tr_fini(&rig);
}
END_TEST

static int no_bytes(void *arg, unsigned char *buf, size_t len)
{
	(void)arg;
	(void)buf;
	(void)len;
	return MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
}

/* Without random bytes there is no handshake. */
START_TEST(no_random_bytes_no_handshake)
{
	struct tls_rig rig;

	two(&rig, 0, 0xc02b);
	mbedtls_ssl_conf_rng(&rig.side[SERVER].ctx->conf, no_bytes, NULL);
	tr_open(&rig, NULL, NULL);
	tr_shake(&rig);
	ck_assert_int_eq(tr_kind(&rig, SERVER), TLS_INTERNAL);
	ck_assert_int_ne(tls_problem(rig.side[SERVER].ch)->code, 0);
	tr_fini(&rig);
}
END_TEST

static void add_changes(Suite *s)
{
	TCase *tc = tcase_create("changed");
	int n = 0;

	while (tls_suite_at((size_t)n))
		n++;
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, handshake_may_be_cut_anywhere, 0,
			    compat_has_v13() ? 4 : 2);
	tcase_add_loop_test(tc, handshake_may_be_changed_anywhere, 0,
			    compat_has_v13() ? 4 : 2);
	tcase_add_loop_test(tc, changed_record_is_noticed, 0, n);
	tcase_add_test(tc, records_have_their_order);
	tcase_add_loop_test(tc, cut_is_no_end, 0, 2);
	tcase_add_test(tc, nothing_comes_after_close_notify);
	tcase_add_loop_test(tc, broken_io_is_a_cut, 0, 2);
	suite_add_tcase(s, tc);
}

Suite *suite_crypto_hostile(void)
{
	Suite *s = suite_create("crypto/hostile");
	TCase *tc = tcase_create("strangers");

	tcase_add_loop_test(tc, first_bytes_tell_who_is_no_client, 0,
			    2 * N_FIRSTS);
	tcase_add_test(tc, random_bytes_are_survived);
	tcase_add_loop_test(tc, weak_offers_are_refused, 0,
			    (int)(sizeof(hellos) / sizeof(hellos[0])));
	tcase_add_loop_test(tc, renegotiation_is_refused, 0, 2);
	tcase_add_test(tc, warnings_without_end_are_too_many);
	tcase_add_test(tc, unread_alerts_are_bounded);
	tcase_add_test(tc, deadline_ends_a_handshake);
	tcase_add_test(tc, no_random_bytes_no_handshake);
	suite_add_tcase(s, tc);
	add_changes(s);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_trust.c - who is let in, and who is not
 *
 * Method: handshakes from a table of certificates, names, pins and keys; then
 * what each end says about it.  In TLS 1.3 a client is done before the server
 * has judged its certificate, and learns of it when it reads.
 */

#include <string.h>

#include "crypto/compat.h"
#include "pki.h"
#include "tests/unit/suites.h"
#include "tlsrig.h"

#define KEY1 "000102030405060708090a0b0c0d0e0f"
#define KEY2 "000102030405060708090a0b0c0d0e10"

enum pin { NO_PIN, PIN_RIGHT, PIN_WRONG };

static const struct {
	const char *what;
	const char *cert; /* server's, NULL = pki_ec_cert */
	const char *key;
	const char *ca; /* client's, NULL = pki_ca_cert */
	const char *name;
	const char *address;
	enum pin pin;
	bool insecure;
	enum tls_kind want;
} cases[] = {
	{ .what = "name", .name = "server.test" },
	{ .what = "name, other case", .name = "SERVER.test" },
	{ .what = "wildcard", .name = "a.wild.test" },
	{ .what = "wildcard is one label",
	  .name = "a.b.wild.test",
	  .want = TLS_WRONG_NAME },
	{ .what = "other name", .name = "other.test", .want = TLS_WRONG_NAME },
	{ .what = "subject is no name here",
	  .name = "ustack",
	  .want = TLS_WRONG_NAME },
	{ .what = "IPv4", .address = "10.7.0.2" },
	{ .what = "IPv6", .address = "fd07::2" },
	{ .what = "IPv6, other spelling", .address = "FD07:0:0::0:2" },
	{ .what = "other IPv4", .address = "10.7.0.3", .want = TLS_WRONG_NAME },
	{ .what = "other IPv6", .address = "fd07::3", .want = TLS_WRONG_NAME },
	{ .what = "no address", .address = "10.7.0", .want = TLS_WRONG_NAME },
	{ .what = "name that is an address", .name = "10.7.0.2" },
	{ .what = "name that is another address",
	  .name = "10.7.0.9",
	  .want = TLS_WRONG_NAME },
	{ .what = "address counts only without a name",
	  .name = "other.test",
	  .address = "10.7.0.2",
	  .want = TLS_WRONG_NAME },
	{ .what = "empty name", .name = "", .want = TLS_WRONG_NAME },
	{ .what = "unknown authority",
	  .ca = pki_other_cert,
	  .name = "server.test",
	  .want = TLS_UNTRUSTED },
	{ .what = "expired",
	  .cert = pki_expired_cert,
	  .key = pki_ec_key,
	  .name = "server.test",
	  .want = TLS_EXPIRED },
	{ .what = "unknown authority is worse than expired",
	  .cert = pki_expired_cert,
	  .key = pki_ec_key,
	  .ca = pki_other_cert,
	  .name = "other.test",
	  .want = TLS_UNTRUSTED },
	{ .what = "expired is worse than the name",
	  .cert = pki_expired_cert,
	  .key = pki_ec_key,
	  .name = "other.test",
	  .want = TLS_EXPIRED },
	{ .what = "signed with SHA-1",
	  .cert = pki_sha1_cert,
	  .key = pki_ec_key,
	  .name = "server.test",
	  .want = TLS_UNTRUSTED },
	{ .what = "RSA 1024",
	  .cert = pki_weak_cert,
	  .key = pki_weak_key,
	  .name = "server.test",
	  .want = TLS_UNTRUSTED },
	{ .what = "pinned", .pin = PIN_RIGHT, .name = "server.test" },
	{ .what = "pinned, all else is wrong",
	  .cert = pki_expired_cert,
	  .key = pki_ec_key,
	  .ca = pki_other_cert,
	  .pin = PIN_RIGHT,
	  .name = "other.test" },
	{ .what = "pinned is another",
	  .pin = PIN_WRONG,
	  .name = "server.test",
	  .want = TLS_NOT_PINNED },
	{ .what = "pin is not softened by insecure",
	  .pin = PIN_WRONG,
	  .insecure = true,
	  .name = "server.test",
	  .want = TLS_NOT_PINNED },
	{ .what = "insecure",
	  .cert = pki_expired_cert,
	  .key = pki_ec_key,
	  .ca = pki_other_cert,
	  .insecure = true,
	  .name = "other.test" },
};

#define N_CASES (int)(sizeof(cases) / sizeof(cases[0]))

static void pin(struct tls_context_args *a, const char *pem, bool right)
{
	mbedtls_x509_crt crt;

	mbedtls_x509_crt_init(&crt);
	ck_assert_int_eq(mbedtls_x509_crt_parse(&crt, (const uint8_t *)pem,
						strlen(pem) + 1),
			 0);
	compat_sha256(crt.raw.p, crt.raw.len, a->fingerprint);
	a->fingerprint[31] ^= !right;
	a->pinned = true;
	mbedtls_x509_crt_free(&crt);
}

/* Have ends that believe they are done hear what the other has to say. */
static void listen_on(struct tls_rig *rig)
{
	char buf[1];

	for (int e = 0; e < 2; e++) {
		if (!rig->side[e].result)
			(void)!tr_read(rig, (enum tr_end)e, buf, 1);
	}
}

static void contexts_of(struct tls_rig *rig, int i)
{
	struct tls_context_args client = tr_client(rig);
	struct tls_context_args server = tr_server(rig);

	if (cases[i].cert) {
		server.cert = tr_pem(cases[i].cert);
		server.key = tr_pem(cases[i].key);
	}
	if (cases[i].ca)
		client.ca = tr_pem(cases[i].ca);
	client.insecure = cases[i].insecure;
	if (cases[i].pin != NO_PIN)
		pin(&client, server.cert.p, cases[i].pin == PIN_RIGHT);
	rig->side[CLIENT].ctx = tr_raw_context(&client);
	rig->side[SERVER].ctx = tr_raw_context(&server);
}

/* Issue: trust by authority and name, by pinned fingerprint, or by nothing. */
START_TEST(client_trusts_whom_it_should)
{
	enum tls_kind want = cases[_i].want;
	struct tls_rig rig;

	tr_init(&rig, (uint64_t)_i);
	contexts_of(&rig, _i);
	tr_open_side(&rig, CLIENT, cases[_i].name, cases[_i].address);
	tr_open_side(&rig, SERVER, NULL, NULL);
	tr_shake(&rig);
	listen_on(&rig);
	ck_assert_msg(tr_kind(&rig, CLIENT) == want, "%s: %s", cases[_i].what,
		      tls_problem(rig.side[CLIENT].ch)->text);
	ck_assert_int_eq(rig.side[CLIENT].result, want ? -ERR_PERM : 0);
	/* the server is told by an alert, and has seen no data */
	ck_assert_int_eq(tr_kind(&rig, SERVER), want ? TLS_ALERT : TLS_OK);
	tr_fini(&rig);
}
END_TEST

/* Nobody was named, so nobody can be the right one. */
START_TEST(client_without_name_or_address_trusts_nobody)
{
	struct tls_context_args client;
	struct tls_context_args server;
	struct tls_rig rig;
	char name[400];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	tr_init(&rig, 0);
	client = tr_client(&rig);
	server = tr_server(&rig);
	tr_contexts(&rig, &client, &server);
	tr_open_side(&rig, CLIENT, _i ? name : NULL, NULL);
	tr_open_side(&rig, SERVER, NULL, NULL);
	tr_shake(&rig);
	ck_assert_int_eq(tr_kind(&rig, CLIENT), TLS_WRONG_NAME);
	tr_fini(&rig);
}
END_TEST

/* SNI has names alone (RFC 6066 section 3); strangers' bytes become text. */
START_TEST(server_sees_the_name_asked_for)
{
	static const struct {
		const char *name;
		const char *want;
	} names[] = {
		{ "server.test", "server.test" },
		{ "10.7.0.2", "" },
		{ "a\x1b[31m\\.wild.test", "a\\x1b[31m\\x5c.wild.test" },
	};
	struct tls_rig rig;
	struct tls_info info;

	tr_init(&rig, 0);
	contexts_of(&rig, 0);
	tr_open_side(&rig, CLIENT, names[_i].name, NULL);
	tr_open_side(&rig, SERVER, NULL, NULL);
	tr_shake(&rig);
	ck_assert(tls_info(rig.side[SERVER].ch, &info));
	ck_assert_str_eq(info.servername, names[_i].want);
	ck_assert(tls_info(rig.side[CLIENT].ch, &info));
	ck_assert_str_eq(info.peer, "O=ustack, CN=server.test");
	tr_fini(&rig);
}
END_TEST

static const struct {
	const char *what;
	const char *cert; /* client's, NULL = none */
	const char *key;
	const char *ca; /* server's */
	enum tls_kind want;
} clients[] = {
	{ "alice", pki_client_cert, pki_client_key, pki_ca_cert, TLS_OK },
	{ "none", NULL, NULL, pki_ca_cert, TLS_NO_CERT },
	{ "stranger", pki_client_cert, pki_client_key, pki_other_cert,
	  TLS_UNTRUSTED },
	{ "expired", pki_expired_cert, pki_ec_key, pki_ca_cert, TLS_EXPIRED },
};

/* Issue: client certificates; the server names who it is. */
START_TEST(server_asks_for_certificates)
{
	struct tls_context_args client;
	struct tls_context_args server;
	struct tls_rig rig;
	struct tls_info info;

	tr_init(&rig, (uint64_t)_i);
	client = tr_client(&rig);
	server = tr_server(&rig);
	server.ca = tr_pem(clients[_i].ca);
	if (clients[_i].cert) {
		client.cert = tr_pem(clients[_i].cert);
		client.key = tr_pem(clients[_i].key);
	}
	rig.side[CLIENT].ctx = tr_raw_context(&client);
	rig.side[SERVER].ctx = tr_raw_context(&server);
	tr_open(&rig, NULL, NULL);
	tr_shake(&rig);
	listen_on(&rig);
	ck_assert_msg(tr_kind(&rig, SERVER) == clients[_i].want, "%s: %s",
		      clients[_i].what, tls_problem(rig.side[SERVER].ch)->text);
	/* the server of 3.6 seals that alert with a key the client has left */
	ck_assert_int_eq(tr_kind(&rig, CLIENT), !clients[_i].want  ? TLS_OK
						: compat_has_v13() ? TLS_BAD_MAC
								   : TLS_ALERT);
	if (!clients[_i].want) {
		ck_assert(tls_info(rig.side[SERVER].ch, &info));
		ck_assert_str_eq(info.peer, "O=ustack, CN=alice");
		pin(&client, pki_client_cert, true);
		ck_assert_mem_eq(info.fingerprint, client.fingerprint, 32);
	}
	tr_fini(&rig);
}
END_TEST

/* Of an unknown identity mbedTLS says no more than handshake_failure in 1.3. */
static const struct {
	const char *what;
	const char *client;
	const char *server;
	enum tls_kind want_client;
	enum tls_kind want_client13;
	enum tls_kind want_server;
} psks[] = {
	{ "same", "alice:" KEY1, "alice:" KEY1, TLS_OK, TLS_OK, TLS_OK },
	{ "strange identity", "a:\xc3\xa9\\:" KEY1,
	  "b:" KEY2 "\na:\xc3\xa9\\:" KEY1, TLS_OK, TLS_OK, TLS_OK },
	{ "other key", "alice:" KEY1, "alice:" KEY2, TLS_BAD_PSK, TLS_BAD_PSK,
	  TLS_BAD_PSK },
	{ "unknown identity", "alice:" KEY1, "bob:" KEY1, TLS_BAD_PSK,
	  TLS_ALERT, TLS_BAD_PSK },
	{ "longer identity", "alice2:" KEY1, "alice:" KEY1, TLS_BAD_PSK,
	  TLS_ALERT, TLS_BAD_PSK },
};

static void psk_contexts(struct tls_rig *rig, int i, bool v13)
{
	struct tls_context_args client = tr_client(rig);
	struct tls_context_args server = tr_server(rig);

	client.ca.p = server.cert.p = server.key.p = NULL;
	client.psk = tr_pem(psks[i].client);
	server.psk = tr_pem(psks[i].server);
	tr_contexts(rig, &client, &server);
	compat_conf_only(&rig->side[CLIENT].ctx->conf, v13);
}

static void check_psk(struct tls_rig *rig, int i, bool v13)
{
	enum tls_kind want = v13 ? psks[i].want_client13 : psks[i].want_client;
	struct tls_info info;

	ck_assert_msg(tr_kind(rig, SERVER) == psks[i].want_server, "%s: %s",
		      psks[i].what, tls_problem(rig->side[SERVER].ch)->text);
	ck_assert_msg(tr_kind(rig, CLIENT) == want, "%s: %s", psks[i].what,
		      tls_problem(rig->side[CLIENT].ch)->text);
	if (psks[i].want_server) {
		ck_assert_int_eq(rig->side[SERVER].result, -ERR_PERM);
		return;
	}
	for (int e = 0; e < 2; e++) {
		ck_assert(tls_info(rig->side[e].ch, &info));
		ck_assert_str_eq(info.peer, i ? "a:\\xc3\\xa9\\x5c" : "alice");
		ck_assert_str_eq(info.kx, "ECDHE-PSK");
		ck_assert(!info.resumed);
	}
}

/* Issue: PSK file with identities as alternatives to certificates. */
START_TEST(psk_needs_identity_and_key)
{
	int n = (int)(sizeof(psks) / sizeof(psks[0]));
	struct tls_rig rig;

	tr_init(&rig, (uint64_t)_i);
	psk_contexts(&rig, _i % n, _i >= n);
	tr_open(&rig, NULL, NULL);
	tr_shake(&rig);
	listen_on(&rig);
	check_psk(&rig, _i % n, _i >= n);
	tr_fini(&rig);
}
END_TEST

/* Issue: encrypt-then-MAC, or no CBC; mbedTLS itself would go on without. */
START_TEST(cbc_without_encrypt_then_mac_is_refused)
{
	enum tr_end without = (enum tr_end)_i;
	struct tls_context_args client;
	struct tls_context_args server;
	struct tls_rig rig;

	tr_init(&rig, 0);
	client = tr_client(&rig);
	server = tr_server(&rig);
	tr_contexts(&rig, &client, &server);
	tr_suite(&rig, 0xc023);
	mbedtls_ssl_conf_encrypt_then_mac(&rig.side[without].ctx->conf,
					  MBEDTLS_SSL_ETM_DISABLED);
	tr_open(&rig, NULL, NULL);
	tr_shake(&rig);
	for (int e = 0; e < 2; e++) {
		ck_assert_int_ne(rig.side[e].result, 0);
		ck_assert(!tls_established(rig.side[e].ch));
	}
	ck_assert_int_eq(tr_kind(&rig, !without), TLS_NO_SUITE);
	tr_fini(&rig);
}
END_TEST

/* Issue: alerts named in words. */
START_TEST(what_the_peer_objects_to_is_told_in_words)
{
	const struct tls_problem *p;
	struct tls_rig rig;
	int wrong = 0;

	while (cases[wrong].want != TLS_NOT_PINNED)
		wrong++;
	tr_init(&rig, 0);
	contexts_of(&rig, wrong);
	tr_open(&rig, NULL, NULL);
	tr_shake(&rig);
	listen_on(&rig);
	p = tls_problem(rig.side[SERVER].ch);
	ck_assert_ptr_nonnull(strstr(p->text, "bad_certificate (42)"));
	ck_assert_str_ne(p->advice, "");
	ck_assert_int_eq(rig.side[SERVER].result, -ERR_PROTO);
	tr_fini(&rig);
}
END_TEST

Suite *suite_crypto_trust(void)
{
	Suite *s = suite_create("crypto/trust");
	TCase *tc = tcase_create("peers");
	int n_psks = (int)(sizeof(psks) / sizeof(psks[0]));

	tcase_add_loop_test(tc, client_trusts_whom_it_should, 0, N_CASES);
	tcase_add_loop_test(tc, client_without_name_or_address_trusts_nobody, 0,
			    2);
	tcase_add_loop_test(tc, server_sees_the_name_asked_for, 0, 3);
	tcase_add_loop_test(tc, server_asks_for_certificates, 0, 4);
	tcase_add_loop_test(tc, psk_needs_identity_and_key, 0,
			    compat_has_v13() ? 2 * n_psks : n_psks);
	tcase_add_loop_test(tc, cbc_without_encrypt_then_mac_is_refused, 0, 2);
	tcase_add_test(tc, what_the_peer_objects_to_is_told_in_words);
	suite_add_tcase(s, tc);
	return s;
}

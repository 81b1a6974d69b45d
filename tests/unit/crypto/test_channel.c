/* SPDX-License-Identifier: MIT */
/*
 * test_channel.c - two channels that talk, well
 *
 * Method: a client and a server in memory; what passes between them is cut at
 * random places, or into single bytes.  The certificates are those of pki.h.
 */

#include <stdlib.h>
#include <string.h>

#include "crypto/compat.h"
#include "pki.h"
#include "tests/unit/suites.h"
#include "tlsrig.h"

#define PSK "alice:0123456789abcdef"

/* Number of suites in the table. */
static int n_suites(void)
{
	int n = 0;

	while (tls_suite_at((size_t)n))
		n++;
	return n;
}

static void contexts_for(struct tls_rig *rig, const struct tls_suite *s)
{
	struct tls_context_args client = tr_client(rig);
	struct tls_context_args server = tr_server(rig);

	if (s->auth == TLS_AUTH_RSA) {
		server.cert = tr_pem(pki_rsa_cert);
		server.key = tr_pem(pki_rsa_key);
	}
	if (s->auth == TLS_AUTH_PSK) {
		client.psk = tr_pem(PSK);
		server.psk = tr_pem(PSK);
	}
	tr_contexts(rig, &client, &server);
	tr_suite(rig, s->id);
}

/* Issue: each suite in the policy makes a connection, and both ends name it. */
START_TEST(each_suite_of_the_policy_works)
{
	const struct tls_suite *s = tls_suite_at((size_t)_i);
	struct tls_rig rig;
	struct tls_info info;
	char buf[5];

	if (s->v13 && !compat_has_v13())
		return;
	tr_init(&rig, (uint64_t)_i);
	contexts_for(&rig, s);
	tr_up(&rig);
	for (int e = 0; e < 2; e++) {
		ck_assert(tls_info(rig.side[e].ch, &info));
		ck_assert_str_eq(info.suite, s->name);
		ck_assert_str_eq(info.version, s->v13 ? "TLSv1.3" : "TLSv1.2");
		ck_assert_str_eq(info.group, "x25519");
		ck_assert_str_eq(info.kx, s->v13 ? "ECDHE-ECDSA" : s->kx);
		ck_assert_str_eq(info.cipher, s->cipher);
		ck_assert_str_eq(info.mac, s->mac);
		ck_assert(info.etm == s->cbc);
		ck_assert(!info.resumed);
	}
	tr_write(&rig, CLIENT, "hello", 5);
	ck_assert_int_eq(tr_read(&rig, SERVER, buf, 5), 5);
	ck_assert_mem_eq(buf, "hello", 5);
	tr_fini(&rig);
}
END_TEST

Suite *suite_crypto_channel(void)
{
	Suite *s = suite_create("crypto/channel");
	TCase *tc = tcase_create("handshake");

	tcase_add_loop_test(tc, each_suite_of_the_policy_works, 0, n_suites());
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_policy.c - what mbedTLS was told is what the table says
 *
 * Method: make contexts of each kind, read their configuration back, compare it
 * with the table, and the table with the words of its own names.
 */

#include <string.h>

#include "crypto/compat.h"
#include "crypto/policy.h"
#include "tests/unit/suites.h"
#include "tlsrig.h"

#define PSK "alice:000102030405060708090a0b0c0d0e0f"

static const struct {
	const char *name;
	bool client;
	bool cert;
	bool psk;
} ends[] = {
	{ "server, certificate", false, true, false },
	{ "server, PSK", false, false, true },
	{ "server, both", false, true, true },
	{ "client, CA", true, true, false },
	{ "client, PSK", true, false, true },
	{ "client, both", true, true, true },
};

#define N_ENDS (int)(sizeof(ends) / sizeof(ends[0]))

static struct tls_context_args args_of(int i)
{
	struct tls_context_args a = { .client = ends[i].client };

	if (ends[i].cert) {
		a.ca = a.client ? tr_pem("x") : a.ca;
		a.cert = a.client ? a.cert : tr_pem("x");
	}
	if (ends[i].psk)
		a.psk = tr_pem(PSK);
	return a;
}

static bool wanted(const struct tls_suite *s, int i)
{
	if (s->v13)
		return compat_has_v13();
	return s->auth == TLS_AUTH_PSK ? ends[i].psk : ends[i].cert;
}

/* Issue: one policy table, and what mbedTLS offers is made from it alone. */
START_TEST(suites_are_the_tables_in_its_order)
{
	struct tls_context_args a = args_of(_i);
	struct tls_policy p;
	mbedtls_ssl_config conf;
	struct compat_lists l;
	const struct tls_suite *s;
	size_t n = 0;

	mbedtls_ssl_config_init(&conf);
	ck_assert_int_eq(tls_policy_apply(&p, &conf, &a), 0);
	compat_conf_lists(&conf, &l);
	for (size_t i = 0; (s = tls_suite_at(i)); i++) {
		if (!wanted(s, _i))
			continue;
		ck_assert_msg(l.suites[n++] == s->id, "%s: %s", ends[_i].name,
			      s->name);
	}
	ck_assert_int_eq(l.suites[n], 0);
	mbedtls_ssl_config_free(&conf);
}
END_TEST

/* Issue: least version 1.2, curves set explicitly, no renegotiation, no SHA-1. */
START_TEST(everything_weak_is_off)
{
	struct tls_context_args a = args_of(_i);
	struct tls_policy p;
	mbedtls_ssl_config conf;
	struct compat_lists l;

	mbedtls_ssl_config_init(&conf);
	ck_assert_int_eq(tls_policy_apply(&p, &conf, &a), 0);
	compat_conf_lists(&conf, &l);
	ck_assert_uint_eq(l.min_version, 0x0303);
	ck_assert_uint_eq(l.max_version, compat_has_v13() ? 0x0304 : 0x0303);
	ck_assert_uint_eq(l.ngroups, 3);
	for (size_t i = 0; i < l.ngroups; i++)
		ck_assert_uint_eq(l.groups[i], tls_group_at(i)->id);
	ck_assert(!l.sha1);
	ck_assert(l.etm);
	ck_assert(l.ems);
	ck_assert(!l.renegotiation);
	ck_assert(l.server_order);
	ck_assert_ptr_eq(l.profile, tls_cert_profile());
	mbedtls_ssl_config_free(&conf);
}
END_TEST

/* A name tells all the columns; IANA's number is mbedTLS's. */
START_TEST(columns_say_what_the_name_says)
{
	const struct tls_suite *s;
	const char *dash;

	for (size_t i = 0; (s = tls_suite_at(i)); i++) {
		ck_assert_ptr_eq(tls_suite_by_id(s->id), s);
		ck_assert(strstr(s->name, s->cipher));
		ck_assert(!strcmp(s->mac, "AEAD") == !s->cbc);
		ck_assert(!strstr(s->name, "CBC") == !s->cbc);
		dash = strrchr(s->mac, '-');
		ck_assert(!dash || strstr(s->name, dash));
		if (s->v13)
			continue;
		ck_assert(strstr(s->name, s->kx));
		ck_assert_int_eq(mbedtls_ssl_get_ciphersuite_id(s->name),
				 s->id);
	}
}
END_TEST

START_TEST(profile_wants_no_sha1_and_2048_bits)
{
	const mbedtls_x509_crt_profile *p = tls_cert_profile();

	ck_assert_uint_eq(p->rsa_min_bitlen, 2048);
	ck_assert(!(p->allowed_mds & MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA1)));
	ck_assert(!(p->allowed_mds & MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_MD5)));
}
END_TEST

/* A peer must be verified, unless somebody chose otherwise. */
START_TEST(client_verifies_unless_told_otherwise)
{
	struct tls_context_args a = { .client = true, .ca = tr_pem("x") };
	struct tls_policy p;
	mbedtls_ssl_config conf;
	struct compat_lists l;

	for (int i = 0; i < 3; i++) {
		a.pinned = i == 1;
		a.insecure = i == 2;
		mbedtls_ssl_config_init(&conf);
		ck_assert_int_eq(tls_policy_apply(&p, &conf, &a), 0);
		compat_conf_lists(&conf, &l);
		ck_assert_int_eq(l.authmode, i ? MBEDTLS_SSL_VERIFY_OPTIONAL
					       : MBEDTLS_SSL_VERIFY_REQUIRED);
		mbedtls_ssl_config_free(&conf);
	}
}
END_TEST

/* 2.28 has no TLS 1.3: asking for it is an error, not TLS 1.2. */
START_TEST(least_version_1_3_is_kept_or_refused)
{
	struct tls_context_args a = args_of(0);
	struct tls_policy p;
	mbedtls_ssl_config conf;
	struct compat_lists l;
	int err;

	a.min_version = TLS_V1_3;
	mbedtls_ssl_config_init(&conf);
	err = tls_policy_apply(&p, &conf, &a);
	if (compat_has_v13()) {
		ck_assert_int_eq(err, 0);
		compat_conf_lists(&conf, &l);
		ck_assert_uint_eq(l.min_version, 0x0304);
		ck_assert(tls_suite_by_id(l.suites[0])->v13);
	} else {
		ck_assert_int_ne(err, 0);
	}
	mbedtls_ssl_config_free(&conf);
}
END_TEST

/* Who asks for an identity gives no tickets. */
START_TEST(tickets_only_for_the_anonymous)
{
	struct tls_context_args a = { .tickets = true };

	ck_assert(tls_policy_tickets(&a));
	a.ca = tr_pem("x");
	ck_assert(!tls_policy_tickets(&a));
	a.ca.p = NULL;
	a.psk = tr_pem(PSK);
	ck_assert(!tls_policy_tickets(&a));
	a.psk.p = NULL;
	a.client = true;
	ck_assert(!tls_policy_tickets(&a));
}
END_TEST

Suite *suite_crypto_policy(void)
{
	Suite *s = suite_create("crypto/policy");
	TCase *tc = tcase_create("table");

	tcase_add_loop_test(tc, suites_are_the_tables_in_its_order, 0, N_ENDS);
	tcase_add_loop_test(tc, everything_weak_is_off, 0, N_ENDS);
	tcase_add_test(tc, columns_say_what_the_name_says);
	tcase_add_test(tc, profile_wants_no_sha1_and_2048_bits);
	tcase_add_test(tc, client_verifies_unless_told_otherwise);
	tcase_add_test(tc, least_version_1_3_is_kept_or_refused);
	tcase_add_test(tc, tickets_only_for_the_anonymous);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_creds.c - contexts: what is taken, what is refused and in which words
 *
 * Method: parts made by openssl (pki.h, pems.h) or by tls_identity_new() go in;
 * the context, the problem and the description come out.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/compat.h"
#include "crypto/creds_int.h"
#include "pems.h"
#include "pki.h"
#include "tests/unit/suites.h"
#include "tlsrig.h"

#define NOW   1700000000 /* 2023 */
#define DAY_S 86400

static struct tls_rig rig;

/* A context of these arguments; NULL with @p. */
static struct tls_context *make(struct tls_context_args a,
				struct tls_problem *p)
{
	a.random = tr_bytes;
	a.random_arg = &rig;
	return tls_context_new(&a, p);
}

static struct tls_context *server(const char *cert, const char *key,
				  struct tls_problem *p)
{
	return make((struct tls_context_args){ .cert = tr_pem(cert),
					       .key = tr_pem(key),
					       .tickets = true },
		    p);
}

static void setup(void)
{
	tr_init(&rig, 0);
}

/* ---------------------------------------------------------------- refusals */

static const struct {
	const char *name;
	const char *cert[3];
	const char *key;
	enum tls_part part;
	const char *text;
	const char *advice;
} bad_pairs[] = {
	{ "not PEM",
	  { "hello" },
	  pki_ec_key,
	  TLS_PART_CERT,
	  "no certificate in the certificate file",
	  "must be PEM" },
	{ "empty",
	  { "" },
	  pki_ec_key,
	  TLS_PART_CERT,
	  "no certificate in the certificate file",
	  "must be PEM" },
	{ "DER",
	  { "\x30\x82\x01" },
	  pki_ec_key,
	  TLS_PART_CERT,
	  "no certificate",
	  "-inform DER" },
	{ "swapped",
	  { pki_ec_key },
	  pki_ec_cert,
	  TLS_PART_CERT,
	  "no certificate",
	  "swapped?" },
	{ "key is a certificate",
	  { pki_ec_cert },
	  pki_ec_cert,
	  TLS_PART_KEY,
	  "the key cannot be read: ",
	  "swapped?" },
	{ "key is nothing",
	  { pki_ec_cert },
	  "",
	  TLS_PART_KEY,
	  "the key cannot be read: ",
	  "must be PEM" },
	{ "rubbish in it",
	  { "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" },
	  pki_ec_key,
	  TLS_PART_CERT,
	  "certificate 1 of the certificate file cannot be read: ",
	  "openssl x509" },
	{ "rubbish behind",
	  { pem_leaf,
	    "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n" },
	  pem_leaf_key,
	  TLS_PART_CERT,
	  "certificate 2 of the certificate file cannot be read: ",
	  "openssl x509" },
	{ "cut",
	  { pem_leaf, "-----BEGIN CERTIFICATE-----\nMIIB" },
	  pem_leaf_key,
	  TLS_PART_CERT,
	  "certificate 2 of the certificate file has no end",
	  "is cut" },
	{ "another's key",
	  { pki_ec_cert },
	  pki_client_key,
	  TLS_PART_KEY,
	  "the key does not match the certificate",
	  "made together" },
	{ "another kind of key",
	  { pki_ec_cert },
	  pki_rsa_key,
	  TLS_PART_KEY,
	  "the key does not match the certificate",
	  "made together" },
	{ "encrypted",
	  { pem_leaf },
	  pem_locked_key,
	  TLS_PART_KEY,
	  "the key is encrypted",
	  "openssl pkey -in" },
	{ "encrypted, PKCS 8",
	  { pem_leaf },
	  pem_locked8_key,
	  TLS_PART_KEY,
	  "the key is encrypted",
	  "openssl pkey -in" },
	{ "upside down",
	  { pem_mid, pem_leaf },
	  pem_leaf_key,
	  TLS_PART_CERT,
	  "the key is that of certificate 2, not of the first",
	  "certificate of the key first" },
	{ "gap in the chain",
	  { pem_leaf, pem_root },
	  pem_leaf_key,
	  TLS_PART_CERT,
	  "certificate 1 (O=ustack, CN=leaf.test) is not signed by the next "
	  "(CN=old root)",
	  "leaf first" },
	{ "chain out of order",
	  { pem_leaf, pem_root, pem_mid },
	  pem_leaf_key,
	  TLS_PART_CERT,
	  "certificate 1 ",
	  "leaf first" },
	{ "leaf twice",
	  { pem_leaf, pem_leaf },
	  pem_leaf_key,
	  TLS_PART_CERT,
	  "certificate 1 ",
	  "leaf first" },
	{ "RSA 1024",
	  { pki_weak_cert },
	  pki_weak_key,
	  TLS_PART_CERT,
	  "certificate 1 (O=ustack, CN=server.test) has a key that is too "
	  "weak: RSA 1024",
	  "2048 bits" },
	{ "P-521",
	  { pem_p521 },
	  pem_p521_key,
	  TLS_PART_CERT,
	  "has a key that is too weak: ECDSA P-521",
	  "P-256 or P-384" },
	{ "SHA-1",
	  { pki_sha1_cert },
	  pki_ec_key,
	  TLS_PART_CERT,
	  "is signed with a hash that is too weak",
	  "SHA-256" },
};

/* Issue: key matches certificate, chain order, exact errors. */
START_TEST(bad_pair_is_refused_in_words)
{
	char cert[8192];
	struct tls_problem p;
	size_t len = 0;

	for (int i = 0; i < 3 && bad_pairs[_i].cert[i]; i++)
		len += (size_t)snprintf(cert + len, sizeof(cert) - len, "%s",
					bad_pairs[_i].cert[i]);
	ck_assert_msg(!server(cert, bad_pairs[_i].key, &p), "%s taken",
		      bad_pairs[_i].name);
	ck_assert_msg(strstr(p.text, bad_pairs[_i].text), "%s: %s",
		      bad_pairs[_i].name, p.text);
	ck_assert_msg(strstr(p.advice, bad_pairs[_i].advice), "%s: %s",
		      bad_pairs[_i].name, p.advice);
	ck_assert_int_eq(p.kind, TLS_CREDENTIALS);
	ck_assert_int_eq(p.part, bad_pairs[_i].part);
}
END_TEST

static const struct {
	const char *name;
	bool client;
	const char *cert;
	const char *key;
	const char *ca;
	const char *psk;
	enum tls_part part;
	const char *text;
} bad_ends[] = {
	{ "server with nothing", false, NULL, NULL, NULL, NULL, TLS_PART_NONE,
	  "nothing to prove ourselves by" },
	{ "client with nothing", true, NULL, NULL, NULL, NULL, TLS_PART_NONE,
	  "nothing to know the server by" },
	{ "client with a certificate alone", true, pki_client_cert,
	  pki_client_key, NULL, NULL, TLS_PART_NONE,
	  "nothing to know the server by" },
	{ "certificate alone", false, pki_ec_cert, NULL, NULL, NULL,
	  TLS_PART_CERT, "a certificate without its key" },
	{ "key alone", false, NULL, pki_ec_key, NULL, NULL, TLS_PART_KEY,
	  "a key without its certificate" },
	{ "empty CA", false, pki_ec_cert, pki_ec_key, "", NULL, TLS_PART_CA,
	  "no certificate in the CA file" },
	{ "no authority", false, pki_ec_cert, pki_ec_key, pki_client_cert, NULL,
	  TLS_PART_CA, "the CA file has no certificate of an authority" },
	{ "no authority for a client", true, NULL, NULL, pki_ec_cert, NULL,
	  TLS_PART_CA, "the CA file has no certificate of an authority" },
	{ "no PSK", false, NULL, NULL, NULL, "# none\n\n", TLS_PART_PSK,
	  "no identity in the PSK file" },
};

START_TEST(end_without_what_it_needs_is_refused)
{
	struct tls_context_args a = { .client = bad_ends[_i].client };
	struct tls_problem p;

	if (bad_ends[_i].cert)
		a.cert = tr_pem(bad_ends[_i].cert);
	if (bad_ends[_i].key)
		a.key = tr_pem(bad_ends[_i].key);
	if (bad_ends[_i].ca)
		a.ca = tr_pem(bad_ends[_i].ca);
	if (bad_ends[_i].psk)
		a.psk = tr_pem(bad_ends[_i].psk);
	ck_assert_msg(!make(a, &p), "%s taken", bad_ends[_i].name);
	ck_assert_msg(!strncmp(p.text, bad_ends[_i].text,
			       strlen(bad_ends[_i].text)),
		      "%s: %s", bad_ends[_i].name, p.text);
	ck_assert_int_eq(p.part, bad_ends[_i].part);
	ck_assert_int_ne(p.advice[0], '\0');
}
END_TEST

/* A client is told all that it might give. */
START_TEST(client_learns_its_options)
{
	struct tls_problem p;

	ck_assert(!make((struct tls_context_args){ .client = true }, &p));
	ck_assert(strstr(p.advice, "--ca") && strstr(p.advice, "--psk-file") &&
		  strstr(p.advice, "--fingerprint") &&
		  strstr(p.advice, "--insecure"));
}
END_TEST

START_TEST(version_that_the_library_lacks_is_refused)
{
	struct tls_context_args a = { .cert = tr_pem(pki_ec_cert),
				      .key = tr_pem(pki_ec_key),
				      .min_version = TLS_V1_3 };
	struct tls_problem p;
	struct tls_context *ctx = make(a, &p);

	ck_assert_int_eq(ctx != NULL, compat_has_v13());
	if (!ctx)
		ck_assert_msg(strstr(p.text, "speaks at most TLSv1.2"), "%s",
			      p.text);
	tls_context_put(ctx);
}
END_TEST

static int no_random(void *arg, void *buf, size_t len)
{
	(void)arg;
	(void)buf;
	(void)len;
	return -1;
}

START_TEST(without_random_bytes_nothing_is_made)
{
	struct tls_context_args a = { .cert = tr_pem(pki_ec_cert),
				      .key = tr_pem(pki_ec_key),
				      .random = no_random };
	struct tls_identity_args i = { .name = "x",
				       .days = 1,
				       .now = NOW,
				       .random = no_random };
	struct tls_identity id;
	struct tls_problem p;

	ck_assert(!tls_context_new(&a, &p));
	ck_assert_int_eq(p.kind, TLS_INTERNAL);
	ck_assert_int_lt(tls_identity_new(&id, &i, &p), 0);
}
END_TEST

/* Bytes that are no PEM, of any length: refused, nothing read behind them. */
START_TEST(noise_is_refused)
{
	size_t len = tr_random(&rig, 600);
	char *noise = malloc(len + 1);
	struct tls_context_args a = { .cert = { noise, len },
				      .key = { noise, len } };
	struct tls_problem p;

	ck_assert_ptr_nonnull(noise);
	for (int i = 0; i < 20; i++) {
		(void)tr_bytes(&rig, noise, len);
		if (i & 1 && len > 60)
			memcpy(noise, pki_ec_cert, 60);
		ck_assert(!make(a, &p));
		ck_assert(!make(
			(struct tls_context_args){ .psk = { noise, len } },
			&p));
	}
	free(noise);
}
END_TEST

START_TEST(part_beyond_its_bound_is_refused)
{
	char *big = malloc(TLS_PEM_MAX + 1);
	struct tls_context_args a = { .cert = { big, TLS_PEM_MAX + 1 },
				      .key = tr_pem(pki_ec_key) };
	struct tls_problem p;

	ck_assert_ptr_nonnull(big);
	memset(big, '\n', TLS_PEM_MAX + 1);
	ck_assert(!make(a, &p));
	ck_assert_ptr_nonnull(strstr(p.text, "larger than 64 KB"));
	a = (struct tls_context_args){ .psk = { big, TLS_PEM_MAX + 1 } };
	ck_assert(!make(a, &p));
	ck_assert_ptr_nonnull(strstr(p.text, "larger than 64 KB"));
	free(big);
}
END_TEST

/* -------------------------------------------------------------------- taken */

/* A chain with its root, whose own old signature is nobody's business. */
START_TEST(chain_in_order_is_taken)
{
	struct tls_cert_info info;
	struct tls_context *ctx;
	struct tls_problem p;
	char cert[8192];

	(void)snprintf(cert, sizeof(cert), "leaf:\n%s\n%s# root\n%s", pem_leaf,
		       pem_mid, pem_root);
	ctx = server(cert, pem_leaf_key, &p);
	ck_assert_msg(ctx, "%s", p.text);
	tls_context_info(ctx, time(NULL), &info);
	ck_assert_uint_eq(info.chain, 3);
	ck_assert_str_eq(info.subject, "O=ustack, CN=leaf.test");
	ck_assert_str_eq(info.issuer, "CN=issuer");
	ck_assert_str_eq(info.key, "ECDSA P-256");
	ck_assert_uint_eq(info.nwarnings, 0);
	ck_assert(!info.client_ca);
	tls_context_put(ctx);
}
END_TEST

START_TEST(rsa_is_taken_and_named)
{
	struct tls_cert_info info;
	struct tls_problem p;
	struct tls_context *ctx = server(pki_rsa_cert, pki_rsa_key, &p);

	ck_assert_msg(ctx, "%s", p.text);
	tls_context_info(ctx, NOW, &info);
	ck_assert_str_eq(info.key, "RSA 2048");
	ck_assert_uint_eq(info.nwarnings, 0);
	tls_context_put(ctx);
}
END_TEST

/* Times are told, not refused: a server with an old certificate is of use. */
START_TEST(expired_certificate_is_a_warning)
{
	struct tls_cert_info info;
	struct tls_problem p;
	struct tls_context *ctx = server(pki_expired_cert, pki_ec_key, &p);

	ck_assert_msg(ctx, "%s", p.text);
	tls_context_info(ctx, NOW, &info);
	ck_assert_int_eq(info.not_after, 978307200); /* 2001-01-01 */
	ck_assert_int_eq(info.not_before, 946684800);
	ck_assert_uint_eq(info.nwarnings, 1);
	ck_assert_str_eq(info.warning[0],
			 "the certificate expired 8352 days ago");
	tls_context_info(ctx, 978307200 - 29 * DAY_S - 1, &info);
	ck_assert_str_eq(info.warning[0], "the certificate expires in 29 days");
	tls_context_info(ctx, 978307200 - 30 * DAY_S, &info);
	ck_assert_uint_eq(info.nwarnings, 0);
	tls_context_info(ctx, 946684800 - DAY_S, &info);
	ck_assert_str_eq(info.warning[0],
			 "the certificate is not valid yet, for another 1 day");
	tls_context_put(ctx);
}
END_TEST

START_TEST(certificate_for_clients_is_a_warning_for_a_server)
{
	struct tls_cert_info info;
	struct tls_problem p;
	struct tls_context *ctx = server(pem_user, pem_user_key, &p);

	ck_assert_msg(ctx, "%s", p.text);
	tls_context_info(ctx, time(NULL), &info);
	ck_assert_uint_eq(info.nwarnings, 1);
	ck_assert_ptr_nonnull(strstr(info.warning[0], "not for servers"));
	tls_context_put(ctx);
}
END_TEST

START_TEST(expired_authority_is_a_warning)
{
	struct tls_context_args a = { .cert = tr_pem(pki_ec_cert),
				      .key = tr_pem(pki_ec_key),
				      .ca = tr_pem(pki_ca_cert) };
	struct tls_cert_info info;
	struct tls_problem p;
	struct tls_context *ctx = make(a, &p);

	ck_assert_msg(ctx, "%s", p.text);
	tls_context_info(ctx, NOW, &info);
	ck_assert(info.client_ca);
	ck_assert_uint_eq(info.nwarnings, 0);
	tls_context_info(ctx, 5000000000, &info); /* 2128 */
	ck_assert_str_eq(info.warning[info.nwarnings - 1],
			 "1 of 1 certificates of authorities has expired");
	tls_context_put(ctx);
}
END_TEST

/* A client's list is the system's: one that mbedTLS cannot read is no reason. */
START_TEST(client_leaves_out_what_it_cannot_read)
{
	char ca[4096];
	struct tls_context_args a = { .client = true };
	struct tls_problem p;
	struct tls_context *ctx;

	(void)snprintf(ca, sizeof(ca), "%s%s%s",
		       "-----BEGIN CERTIFICATE-----\nAAAA\n"
		       "-----END CERTIFICATE-----\n",
		       pki_ca_cert, pki_other_cert);
	a.ca = tr_pem(ca);
	ctx = make(a, &p);
	ck_assert_msg(ctx, "%s", p.text);
	tls_context_put(ctx);
	a.client = false;
	a.cert = tr_pem(pki_ec_cert);
	a.key = tr_pem(pki_ec_key);
	ck_assert(!make(a, &p));
	ck_assert_ptr_nonnull(strstr(p.text, "certificate 1 of the CA file"));
}
END_TEST

START_TEST(tickets_only_where_nobody_must_say_who_he_is)
{
	struct tls_context_args a = { .cert = tr_pem(pki_ec_cert),
				      .key = tr_pem(pki_ec_key),
				      .tickets = true };
	struct tls_problem p;
	struct tls_context *ctx = make(a, &p);

	ck_assert(ctx && ctx->tickets);
	tls_context_put(ctx);
	a.ca = tr_pem(pki_ca_cert);
	ctx = make(a, &p);
	ck_assert(ctx && !ctx->tickets);
	tls_context_put(ctx);
}
END_TEST

START_TEST(reference_keeps_a_context_alive)
{
	struct tls_cert_info info;
	struct tls_problem p;
	struct tls_context *ctx = server(pki_ec_cert, pki_ec_key, &p);

	ck_assert_ptr_eq(tls_context_ref(ctx), ctx);
	tls_context_put(ctx);
	tls_context_info(ctx, NOW, &info);
	ck_assert_str_eq(info.subject, "O=ustack, CN=server.test");
	tls_context_put(ctx);
	tls_context_put(NULL);
}
END_TEST

START_TEST(library_names_itself)
{
	char name[TLS_LIBRARY_MAX];
	const char *version = tls_library(name);

	ck_assert_ptr_nonnull(strcasestr(name, "mbed TLS "));
	ck_assert_str_eq(version, compat_has_v13() ? "TLSv1.3" : "TLSv1.2");
}
END_TEST

Suite *suite_crypto_creds(void)
{
	Suite *s = suite_create("crypto/creds");
	TCase *tc = tcase_create("creds");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, bad_pair_is_refused_in_words, 0,
			    sizeof(bad_pairs) / sizeof(bad_pairs[0]));
	tcase_add_loop_test(tc, end_without_what_it_needs_is_refused, 0,
			    sizeof(bad_ends) / sizeof(bad_ends[0]));
	tcase_add_test(tc, client_learns_its_options);
	tcase_add_test(tc, version_that_the_library_lacks_is_refused);
	tcase_add_test(tc, without_random_bytes_nothing_is_made);
	tcase_add_loop_test(tc, noise_is_refused, 0, 10);
	tcase_add_test(tc, part_beyond_its_bound_is_refused);
	tcase_add_test(tc, chain_in_order_is_taken);
	tcase_add_test(tc, rsa_is_taken_and_named);
	tcase_add_test(tc, expired_certificate_is_a_warning);
	tcase_add_test(tc, certificate_for_clients_is_a_warning_for_a_server);
	tcase_add_test(tc, expired_authority_is_a_warning);
	tcase_add_test(tc, client_leaves_out_what_it_cannot_read);
	tcase_add_test(tc, tickets_only_where_nobody_must_say_who_he_is);
	tcase_add_test(tc, reference_keeps_a_context_alive);
	tcase_add_test(tc, library_names_itself);
	suite_add_tcase(s, tc);
	return s;
}

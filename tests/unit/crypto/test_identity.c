/* SPDX-License-Identifier: MIT */
/*
 * test_identity.c - keys and certificates of our own making
 *
 * Method: make one, read it back as any peer would, and let two channels talk
 * by it.
 */

#include <stdio.h>
#include <string.h>

#include "crypto/compat.h"
#include "crypto/creds_int.h"
#include "tests/unit/suites.h"
#include "tlsrig.h"

#define NOW   1700000000
#define DAY_S 86400

static struct tls_rig rig;
static struct tls_identity id;

static const char *const addresses[] = { "10.7.0.2", "fd07::2" };

static struct tls_identity_args args(void)
{
	return (struct tls_identity_args){ .name = "ustack",
					   .addresses = addresses,
					   .naddresses = 2,
					   .now = NOW,
					   .days = 3650,
					   .random = tr_bytes,
					   .random_arg = &rig };
}

static void setup(void)
{
	struct tls_identity_args a = args();
	struct tls_problem p;

	tr_init(&rig, 0);
	ck_assert_msg(!tls_identity_new(&id, &a, &p), "%s", p.text);
}

static void read_back(mbedtls_x509_crt *crt)
{
	mbedtls_x509_crt_init(crt);
	ck_assert_int_eq(mbedtls_x509_crt_parse(crt, (unsigned char *)id.cert,
						id.cert_len + 1),
			 0);
}

/* RFC 5280 section 4.1.2.2: positive, at most 20 bytes; and random. */
START_TEST(serial_is_positive_and_random)
{
	struct tls_identity_args a = args();
	struct tls_problem p;
	mbedtls_x509_crt first;
	mbedtls_x509_crt second;

	read_back(&first);
	ck_assert_int_eq(tls_identity_new(&id, &a, &p), 0);
	read_back(&second);
	ck_assert_uint_eq(first.serial.len, 16);
	ck_assert_uint_lt(first.serial.p[0], 0x80);
	ck_assert(memcmp(first.serial.p, second.serial.p, 16) != 0);
	mbedtls_x509_crt_free(&first);
	mbedtls_x509_crt_free(&second);
}
END_TEST

START_TEST(certificate_says_what_it_should)
{
	mbedtls_x509_crt crt;
	char text[2048];

	read_back(&crt);
	ck_assert_int_eq(crt.version, 3);
	ck_assert(!compat_crt_is_ca(&crt));
	ck_assert_int_gt(mbedtls_x509_crt_info(text, sizeof(text), "", &crt),
			 0);
	ck_assert_ptr_nonnull(strstr(text, "subject name      : CN=ustack"));
	ck_assert_ptr_nonnull(strstr(text, "issuer name       : CN=ustack"));
	ck_assert_ptr_nonnull(strstr(text, "ECDSA with SHA256"));
	ck_assert_ptr_nonnull(strstr(text, "EC key size       : 256 bits"));
	ck_assert_ptr_nonnull(strstr(text, "Digital Signature"));
	ck_assert_ptr_nonnull(strstr(text, "TLS Web Server Authentication"));
	ck_assert_ptr_nonnull(strstr(text, "2023-11-13 22:13:20"));
	ck_assert_ptr_nonnull(strstr(text, "2033-11-11 22:13:20"));
	mbedtls_x509_crt_free(&crt);
}
END_TEST

/* What is beyond 2049 is written in another form, RFC 5280 section 4.1.2.5. */
START_TEST(far_end_is_read_back)
{
	struct tls_identity_args a = args();
	struct tls_problem p;
	struct tls_context_args c = { .random = tr_bytes, .random_arg = &rig };
	struct tls_cert_info info;
	struct tls_context *ctx;

	a.days = 36500;
	ck_assert_int_eq(tls_identity_new(&id, &a, &p), 0);
	c.cert = (struct tls_bytes){ id.cert, id.cert_len };
	c.key = (struct tls_bytes){ id.key, id.key_len };
	ctx = tls_context_new(&c, &p);
	ck_assert_msg(ctx, "%s", p.text);
	tls_context_info(ctx, NOW, &info);
	ck_assert_int_eq(info.not_before, NOW - DAY_S);
	ck_assert_int_eq(info.not_after, NOW + 36500ll * DAY_S);
	ck_assert_str_eq(info.key, "ECDSA P-256");
	ck_assert_uint_eq(info.nwarnings, 0);
	tls_context_put(ctx);
}
END_TEST

static const struct {
	const char *servername;
	const char *address;
	bool good;
} peers[] = {
	{ "ustack", NULL, true },      { NULL, "10.7.0.2", true },
	{ NULL, "fd07::2", true },     { NULL, "10.7.0.3", false },
	{ "else", "10.7.0.2", false }, { "ustack.test", NULL, false },
};

/* A client that trusts it by adding it to its list checks names as ever. */
START_TEST(client_may_trust_it_by_name_and_address)
{
	struct tls_context_args s = { .random = tr_bytes, .random_arg = &rig };
	struct tls_context_args c = { .client = true,
				      .random = tr_bytes,
				      .random_arg = &rig };
	struct tls_identity_args a = args();
	struct tls_problem p;

	a.now = 1000000000; /* long enough to hold whatever the clock says */
	a.days = 36500;
	ck_assert_int_eq(tls_identity_new(&id, &a, &p), 0);
	s.cert = (struct tls_bytes){ id.cert, id.cert_len };
	s.key = (struct tls_bytes){ id.key, id.key_len };
	c.ca = s.cert;
	rig.side[SERVER].ctx = tls_context_new(&s, &p);
	ck_assert_msg(rig.side[SERVER].ctx, "%s", p.text);
	rig.side[CLIENT].ctx = tls_context_new(&c, &p);
	ck_assert_msg(rig.side[CLIENT].ctx, "%s", p.text);
	tr_open_side(&rig, SERVER, NULL, NULL);
	tr_open_side(&rig, CLIENT, peers[_i].servername, peers[_i].address);
	tr_shake(&rig);
	ck_assert_int_eq(tls_established(rig.side[CLIENT].ch), peers[_i].good);
	tr_fini(&rig);
}
END_TEST

static const char *const bad_names[] = { "", "a,CN=b", "a b", "\xc3\xa4" };

START_TEST(name_must_be_one_of_dns)
{
	struct tls_identity_args a = args();
	struct tls_problem p;

	a.name = bad_names[_i];
	ck_assert_int_eq(tls_identity_new(&id, &a, &p), -ERR_INVAL);
	ck_assert_int_eq(p.kind, TLS_CREDENTIALS);
}
END_TEST

START_TEST(bad_address_is_refused_and_no_key_is_left)
{
	static const char *const bad[] = { "10.7.0.256" };
	struct tls_identity_args a = args();
	struct tls_problem p;

	a.addresses = bad;
	a.naddresses = 1;
	ck_assert_int_lt(tls_identity_new(&id, &a, &p), 0);
	ck_assert_ptr_nonnull(strstr(p.text, "cannot be made"));
	ck_assert_uint_eq(id.key_len, 0);
}
END_TEST

START_TEST(key_is_forgotten)
{
	ck_assert_uint_gt(id.key_len, 100);
	tls_identity_wipe(&id);
	for (size_t i = 0; i < sizeof(id.key); i++)
		ck_assert_int_eq(id.key[i], 0);
	ck_assert_uint_eq(id.key_len, 0);
}
END_TEST

Suite *suite_crypto_identity(void)
{
	Suite *s = suite_create("crypto/identity");
	TCase *tc = tcase_create("identity");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, serial_is_positive_and_random);
	tcase_add_test(tc, certificate_says_what_it_should);
	tcase_add_test(tc, far_end_is_read_back);
	tcase_add_loop_test(tc, client_may_trust_it_by_name_and_address, 0,
			    sizeof(peers) / sizeof(peers[0]));
	tcase_add_loop_test(tc, name_must_be_one_of_dns, 0,
			    sizeof(bad_names) / sizeof(bad_names[0]));
	tcase_add_test(tc, bad_address_is_refused_and_no_key_is_left);
	tcase_add_test(tc, key_is_forgotten);
	suite_add_tcase(s, tc);
	return s;
}

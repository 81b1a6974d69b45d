/* SPDX-License-Identifier: MIT */
/*
 * test_problem.c - every problem has a kind, words, and something to do
 */

#include <string.h>

#include <mbedtls/bignum.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509.h>

#include "crypto/channel_int.h"
#include "tests/unit/suites.h"

/* Issue: mbedTLS's code, its text, and in plain words what to do. */
START_TEST(each_kind_has_a_name_and_advice)
{
	enum tls_kind k = (enum tls_kind)_i;
	struct tls_problem p = { .kind = TLS_OK };

	tls_problem_set(&p, k, MBEDTLS_ERR_SSL_INVALID_RECORD, "record %d", 7);
	ck_assert_int_eq(p.kind, k);
	ck_assert_int_eq(p.code, MBEDTLS_ERR_SSL_INVALID_RECORD);
	ck_assert_ptr_nonnull(strstr(p.text, "record 7: SSL - "));
	ck_assert_ptr_nonnull(strstr(p.text, "(-0x7200)"));
	ck_assert_str_ne(p.advice, "");
	for (int other = 0; other < TLS_KINDS; other++)
		ck_assert(other == _i ||
			  strcmp(tls_kind_name(k),
				 tls_kind_name((enum tls_kind)other)));
}
END_TEST

/* What comes later is a consequence. */
START_TEST(first_problem_stays)
{
	struct tls_problem p = { .kind = TLS_OK };

	tls_problem_set(&p, TLS_CUT, 0, "first");
	tls_problem_set(&p, TLS_TIMEOUT, 0, "second");
	ck_assert_int_eq(p.kind, TLS_CUT);
	ck_assert_str_eq(p.text, "first");
	tls_problem_advise(&p, "do %s", "this");
	ck_assert_str_eq(p.advice, "do this");
	tls_problem_set(NULL, TLS_CUT, 0, "nobody listens");
	tls_problem_advise(NULL, "nobody listens");
}
END_TEST

START_TEST(long_texts_are_cut_not_overrun)
{
	struct tls_problem p = { .kind = TLS_OK };
	char text[2 * TLS_TEXT_MAX];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	tls_problem_set(&p, TLS_CUT, MBEDTLS_ERR_SSL_INVALID_MAC, "%s", text);
	tls_problem_advise(&p, "%s", text);
	ck_assert_uint_eq(strlen(p.text), TLS_TEXT_MAX - 1);
	ck_assert_uint_eq(strlen(p.advice), TLS_TEXT_MAX - 1);
}
END_TEST

static const struct {
	int code;
	bool established;
	enum tls_kind want;
} codes[] = {
	{ MBEDTLS_ERR_SSL_INVALID_MAC, true, TLS_BAD_MAC },
	{ MBEDTLS_ERR_SSL_INVALID_MAC, false, TLS_BAD_MAC },
	{ MBEDTLS_ERR_SSL_INVALID_RECORD, true, TLS_GARBAGE },
	{ MBEDTLS_ERR_SSL_INVALID_RECORD, false, TLS_BAD_HANDSHAKE },
	{ MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE, true, TLS_BAD_HANDSHAKE },
	{ MBEDTLS_ERR_SSL_CONN_EOF, true, TLS_CUT },
	{ MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE, true, TLS_ALERT },
	{ MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY, false, TLS_ALERT },
	{ MBEDTLS_ERR_X509_CERT_VERIFY_FAILED, false, TLS_UNTRUSTED },
	{ MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY, false, TLS_BAD_PSK },
	{ MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE, false, TLS_NO_CERT },
	{ -0x6e80, false, TLS_OLD_VERSION },
	/* what fails for want of memory, wherever it was wanted */
	{ MBEDTLS_ERR_SSL_ALLOC_FAILED, false, TLS_MEMORY },
	{ MBEDTLS_ERR_X509_ALLOC_FAILED, false, TLS_MEMORY },
	{ MBEDTLS_ERR_PK_ALLOC_FAILED, true, TLS_MEMORY },
	{ MBEDTLS_ERR_PK_KEY_INVALID_FORMAT + MBEDTLS_ERR_MPI_ALLOC_FAILED,
	  false, TLS_MEMORY },
	{ MBEDTLS_ERR_X509_INVALID_EXTENSIONS + MBEDTLS_ERR_ASN1_ALLOC_FAILED,
	  false, TLS_MEMORY },
	/* what a peer sent and cannot be read is its fault, the rest is ours */
	{ MBEDTLS_ERR_X509_INVALID_FORMAT + MBEDTLS_ERR_ASN1_OUT_OF_DATA, false,
	  TLS_BAD_HANDSHAKE },
	{ MBEDTLS_ERR_SSL_INTERNAL_ERROR, false, TLS_INTERNAL },
	{ MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED, false, TLS_INTERNAL },
	{ MBEDTLS_ERR_MPI_BAD_INPUT_DATA, true, TLS_INTERNAL },
};

START_TEST(codes_have_their_kinds)
{
	ck_assert_msg(tls_kind_of(codes[_i].code, codes[_i].established) ==
			      codes[_i].want,
		      "-0x%04x: %s", (unsigned int)-codes[_i].code,
		      tls_kind_name(tls_kind_of(codes[_i].code,
						codes[_i].established)));
}
END_TEST

/* The worst of what is wrong with a certificate is what is told. */
START_TEST(flags_have_their_kinds)
{
	const uint32_t name = MBEDTLS_X509_BADCERT_CN_MISMATCH;
	const uint32_t old = MBEDTLS_X509_BADCERT_EXPIRED;

	ck_assert_int_eq(tls_verify_kind(name), TLS_WRONG_NAME);
	ck_assert_int_eq(tls_verify_kind(name | old), TLS_EXPIRED);
	ck_assert_int_eq(tls_verify_kind(MBEDTLS_X509_BADCERT_FUTURE),
			 TLS_EXPIRED);
	ck_assert_int_eq(tls_verify_kind(name | old |
					 MBEDTLS_X509_BADCERT_NOT_TRUSTED),
			 TLS_UNTRUSTED);
	ck_assert_int_eq(tls_verify_kind(MBEDTLS_X509_BADCERT_BAD_MD),
			 TLS_UNTRUSTED);
	ck_assert_int_eq(tls_verify_kind(MBEDTLS_X509_BADCERT_MISSING),
			 TLS_NO_CERT);
	ck_assert_int_eq(tls_verify_kind(0), TLS_UNTRUSTED);
	ck_assert_int_eq(tls_verify_kind(UINT32_MAX), TLS_UNTRUSTED);
}
END_TEST

/* Issue: alerts named in words (RFC 8446 section 6). */
START_TEST(alerts_have_names)
{
	ck_assert_str_eq(tls_alert_name(0), "close_notify");
	ck_assert_str_eq(tls_alert_name(48), "unknown_ca");
	ck_assert_str_eq(tls_alert_name(116), "certificate_required");
	ck_assert_str_eq(tls_alert_name(255), "unknown");
	ck_assert_ptr_nonnull(tls_alert_advice(48));
	ck_assert_ptr_null(tls_alert_advice(255));
	for (int k = TLS_NOT_TLS; k < TLS_KINDS; k++) {
		int alert = tls_kind_alert((enum tls_kind)k);

		ck_assert_str_ne(tls_alert_name(alert), "unknown");
	}
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
	size_t room;
	const char *want;
} texts[] = {
	{ "plain text", 10, 64, "plain text" },
	{ "", 0, 1, "" },
	{ "\x1b[31m", 5, 64, "\\x1b[31m" },
	{ "a\0b", 3, 64, "a\\x00b" },
	{ "\\x1b", 4, 64, "\\x5cx1b" },
	{ "\xc3\xa9", 2, 64, "\\xc3\\xa9" },
	{ "abcdef", 6, 4, "abc" },
	{ "ab\n", 3, 6, "ab" },
	{ "ab\n", 3, 7, "ab\\x0a" },
};

/* Strangers' bytes reach no terminal, and no two look the same. */
START_TEST(strangers_bytes_become_printable)
{
	char out[64];

	memset(out, '!', sizeof(out));
	tls_printable(out, texts[_i].room, texts[_i].bytes, texts[_i].len);
	ck_assert_str_eq(out, texts[_i].want);
	ck_assert(texts[_i].room == sizeof(out) || out[texts[_i].room] == '!');
}
END_TEST

Suite *suite_crypto_problem(void)
{
	Suite *s = suite_create("crypto/problem");
	TCase *tc = tcase_create("words");

	tcase_add_loop_test(tc, each_kind_has_a_name_and_advice, 1, TLS_KINDS);
	tcase_add_test(tc, first_problem_stays);
	tcase_add_test(tc, long_texts_are_cut_not_overrun);
	tcase_add_loop_test(tc, codes_have_their_kinds, 0,
			    (int)(sizeof(codes) / sizeof(codes[0])));
	tcase_add_test(tc, flags_have_their_kinds);
	tcase_add_test(tc, alerts_have_names);
	tcase_add_loop_test(tc, strangers_bytes_become_printable, 0,
			    (int)(sizeof(texts) / sizeof(texts[0])));
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_fingerprint.c - fingerprints of certificates in words, and back
 */

#include <check.h>
#include <string.h>

#include "crypto/creds.h"
#include "tests/unit/suites.h"

#define BYTES30 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d"

START_TEST(fingerprint_looks_as_openssls)
{
	uint8_t fp[TLS_FINGERPRINT] = { 0x0a, 0xff };
	char text[TLS_FINGERPRINT_TEXT];

	ck_assert_uint_eq(strlen(tls_fingerprint_text(fp, text)), 95);
	ck_assert(!strncmp(text, "0A:FF:00:", 9));
}
END_TEST

START_TEST(what_is_written_can_be_read)
{
	uint8_t fp[TLS_FINGERPRINT] = { 0x0a, 0xff, [31] = 0x9e };
	uint8_t got[TLS_FINGERPRINT];
	char text[TLS_FINGERPRINT_TEXT];

	ck_assert(tls_fingerprint_parse(tls_fingerprint_text(fp, text), got));
	ck_assert_mem_eq(got, fp, sizeof(fp));
}
END_TEST

static const char *const good[] = { BYTES30 "1e1f", BYTES30 "1E1F",
				    BYTES30 "1e:1f", BYTES30 ":1e1F" };

START_TEST(digits_of_either_case_with_colons_or_without)
{
	uint8_t got[TLS_FINGERPRINT];

	ck_assert(tls_fingerprint_parse(good[_i], got));
	for (uint32_t i = 0; i < TLS_FINGERPRINT; i++)
		ck_assert_uint_eq(got[i], i);
}
END_TEST

static const char *const bad[] = {
	"",
	":",
	BYTES30,
	BYTES30 "1e",
	BYTES30 "1e1",
	BYTES30 "1e1f20",
	BYTES30 "1e1f:",
	BYTES30 "1e:",
	BYTES30 "1:e1f",
	BYTES30 "::1e1f",
	":" BYTES30 "1e1f",
	BYTES30 "1e1g",
	BYTES30 "1e 1f",
	BYTES30 "1e1\xff",
};

START_TEST(anything_else_is_none)
{
	uint8_t got[TLS_FINGERPRINT];

	ck_assert_msg(!tls_fingerprint_parse(bad[_i], got), "%s", bad[_i]);
}
END_TEST

Suite *suite_crypto_fingerprint(void)
{
	Suite *s = suite_create("crypto/fingerprint");
	TCase *tc = tcase_create("text");

	tcase_add_test(tc, fingerprint_looks_as_openssls);
	tcase_add_test(tc, what_is_written_can_be_read);
	tcase_add_loop_test(tc, digits_of_either_case_with_colons_or_without, 0,
			    sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc, anything_else_is_none, 0,
			    sizeof(bad) / sizeof(bad[0]));
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_err.c - texts of the error codes
 */

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/err.h"
#include "tests/unit/suites.h"

/* A code added to enum err without a text would show here. */
START_TEST(each_code_has_a_text_of_its_own)
{
	for (int a = 0; a < ERR_MAX; a++) {
		ck_assert_str_ne(err_str(a), "unknown error");
		for (int b = 0; b < a; b++)
			ck_assert_str_ne(err_str(a), err_str(b));
	}
}
END_TEST

START_TEST(sign_does_not_matter)
{
	for (int e = 0; e < ERR_MAX; e++)
		ck_assert_ptr_eq(err_str(e), err_str(-e));
	ck_assert_str_eq(err_str(-ERR_CONNREFUSED), "connection refused");
}
END_TEST

START_TEST(codes_out_of_range_are_unknown)
{
	const int codes[] = { ERR_MAX, -ERR_MAX, INT_MAX, INT_MIN };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		ck_assert_str_eq(err_str(codes[i]), "unknown error");
}
END_TEST

Suite *suite_base_err(void)
{
	Suite *s = suite_create("base/err");
	TCase *tc = tcase_create("text");

	tcase_add_test(tc, each_code_has_a_text_of_its_own);
	tcase_add_test(tc, sign_does_not_matter);
	tcase_add_test(tc, codes_out_of_range_are_unknown);
	suite_add_tcase(s, tc);
	return s;
}

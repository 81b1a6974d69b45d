/* SPDX-License-Identifier: MIT */
/*
 * test_seq.c - sequence number arithmetic
 */

#include <stdlib.h>

#include "stack/base/seq.h"
#include "tests/unit/suites.h"

/* clang-format off */
static const struct {
	const char *name;
	uint32_t a;
	uint32_t b;
	int32_t diff;
} seq_cases[] = {
	{ "equal",		5,		5,		0 },
	{ "after",		6,		5,		1 },
	{ "before",		5,		6,		-1 },
	{ "after the wrap",	3,		0xfffffffe,	5 },
	{ "before the wrap",	0xfffffffe,	3,		-5 },
	{ "farthest after",	0x80000004,	5,		INT32_MAX },
	{ "farthest before",	5,		0x80000004,	-INT32_MAX },
};
/* clang-format on */

/* RFC 9293 section 3.4: comparisons are modulo 2^32. */
START_TEST(order_survives_the_wrap)
{
	uint32_t a = seq_cases[_i].a;
	uint32_t b = seq_cases[_i].b;
	int32_t diff = seq_cases[_i].diff;

	ck_assert_msg(seq_diff(a, b) == diff, "%s", seq_cases[_i].name);
	ck_assert_int_eq(seq_lt(a, b), diff < 0);
	ck_assert_int_eq(seq_leq(a, b), diff <= 0);
	ck_assert_int_eq(seq_gt(a, b), diff > 0);
	ck_assert_int_eq(seq_geq(a, b), diff >= 0);
	ck_assert_uint_eq(seq_max(a, b), diff > 0 ? a : b);
	ck_assert_uint_eq(seq_min(a, b), diff < 0 ? a : b);
}
END_TEST

START_TEST(range_is_half_open_and_may_wrap)
{
	ck_assert(seq_in(0xfffffff0, 0xfffffff0, 0x20));
	ck_assert(seq_in(0x0000000f, 0xfffffff0, 0x20));
	ck_assert(!seq_in(0x00000010, 0xfffffff0, 0x20));
	ck_assert(!seq_in(0xffffffef, 0xfffffff0, 0x20));
	ck_assert(!seq_in(7, 7, 0));
}
END_TEST

Suite *suite_base_seq(void)
{
	Suite *s = suite_create("base/seq");
	TCase *tc = tcase_create("order");

	tcase_add_loop_test(tc, order_survives_the_wrap, 0,
			    sizeof(seq_cases) / sizeof(seq_cases[0]));
	tcase_add_test(tc, range_is_half_open_and_may_wrap);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_rng.c - xoshiro256** and what is derived from it
 */

#include <stdlib.h>

#include "stack/base/rng.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

/* Reference output for the state 1, 2, 3, 4 (as in rand_xoshiro's tests). */
START_TEST(reference_sequence_holds)
{
	static const uint64_t want[] = {
		11520,
		0,
		1509978240,
		1215971899390074240,
		1216172134540287360,
		607988272756665600,
		16172922978634559625u,
		8476171486693032832,
		10595114339597558777u,
		2904607092377533576,
	};
	struct rng r = { { 1, 2, 3, 4 } };

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		EXPECT_EQ(rng_u64(&r), want[i]);
}
END_TEST

/* Reference output of splitmix64 for the seed 0. */
START_TEST(seed_is_spread_by_splitmix64)
{
	struct rng r;

	rng_init(&r, 0);
	EXPECT_EQ(r.s[0], 0xe220a8397b1dcdaf);
	EXPECT_EQ(r.s[1], 0x6e789e6aa1b965f4);
	EXPECT_EQ(r.s[2], 0x06c45d188009454f);
	EXPECT_EQ(r.s[3], 0xf88bb8a8724c81ec);
}
END_TEST

static const uint32_t bounds[] = {
	1,    2,	  3,	      7,	  10,	      64,
	1000, 0x80000000, 0x80000001, 0xc0000000, UINT32_MAX,
};

/*
 * With a bound of 3/4 * 2^32, plain scaling without rejection would give each
 * third number twice; halves and thirds of the range must come out even.
 */
START_TEST(below_is_in_range_and_even)
{
	uint32_t n = bounds[_i];
	uint32_t residue[3] = { 0 };
	uint32_t low = 0;
	struct rng r;

	rng_init(&r, test_seed());
	for (int i = 0; i < 60000; i++) {
		uint32_t x = rng_below(&r, n);

		EXPECT_LT(x, n);
		residue[x % 3]++;
		low += x < n / 2;
	}
	if (n < 1000)
		return;
	EXPECT_GT(low, 29000);
	EXPECT_LT(low, 31000);
	for (int i = 0; i < 3; i++)
		ck_assert_msg(residue[i] > 19000 && residue[i] < 21000,
			      "bound %u: residue %d came %u times", n, i,
			      residue[i]);
}
END_TEST

START_TEST(unit_is_below_one_and_even)
{
	double sum = 0;
	struct rng r;

	rng_init(&r, test_seed());
	for (int i = 0; i < 100000; i++) {
		double x = rng_unit(&r);

		EXPECT(x >= 0.0);
		EXPECT(x < 1.0);
		sum += x;
	}
	ck_assert_double_gt(sum / 100000, 0.49);
	ck_assert_double_lt(sum / 100000, 0.51);
}
END_TEST

Suite *suite_base_rng(void)
{
	Suite *s = suite_create("base/rng");
	TCase *tc = tcase_create("numbers");

	tcase_add_test(tc, reference_sequence_holds);
	tcase_add_test(tc, seed_is_spread_by_splitmix64);
	tcase_add_loop_test(tc, below_is_in_range_and_even, 0,
			    sizeof(bounds) / sizeof(bounds[0]));
	tcase_add_test(tc, unit_is_below_one_and_even);
	suite_add_tcase(s, tc);
	return s;
}

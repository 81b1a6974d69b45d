/* SPDX-License-Identifier: MIT */
/*
 * test_cubic_math.c - CUBIC's arithmetic against the formulas in floating point
 */

#include <math.h>

#include "stack/tcp/cubic_math.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

/* By brute force: each number up to 300,000, each cube and its neighbour. */
START_TEST(cube_root_is_exact)
{
	uint64_t r = 0, wrong = 0;

	for (uint64_t x = 0; x < 300000; x++) {
		if ((r + 1) * (r + 1) * (r + 1) <= x)
			r++;
		wrong += cubic_root(x) != r;
	}
	for (r = 1; r < 2642245; r += 1 + r / 5000) {
		wrong += cubic_root(r * r * r) != r;
		wrong += cubic_root(r * r * r - 1) != r - 1;
	}
	EXPECT_EQ(wrong, 0);
	ck_assert_uint_eq(cubic_root(UINT64_MAX), 2642245);
}
END_TEST

static const uint32_t mss_cases[] = { 88, 536, 1460, 8960, 65483 };

/* RFC 9438 section 4.2 (9438-1): W(t) = 0.4 (t - K)^3 + W_max, in segments. */
START_TEST(window_follows_the_formula)
{
	uint32_t mss = mss_cases[_i];

	for (uint32_t w_max = 4 * mss; w_max < 1u << 30; w_max += w_max / 2) {
		uint32_t cut = (uint32_t)(w_max * 0.3);
		double k_s = cbrt(cut / (0.4 * mss));
		uint32_t k = cubic_k(cut, mss);

		ck_assert_double_eq_tol(k / 8192.0, k_s, 1e-3 * k_s + 1e-3);
		for (double t = 0; t < 2 * k_s; t += k_s / 9) {
			double want = 0.4 * mss * pow(t - k_s, 3) + w_max;
			uint32_t got = cubic_window(
				cubic_ticks((uint64_t)(t * 1e6)), k, w_max,
				mss);

			ck_assert_double_eq_tol(got, want,
						1e-3 * want + 0.01 * mss);
		}
	}
}
END_TEST

/* What has no sensible answer has one that harms nobody. */
START_TEST(extremes_are_bounded)
{
	EXPECT_EQ(cubic_k(UINT32_MAX, 1), CUBIC_TICKS_MAX);
	EXPECT_EQ(cubic_k(0, 65483), 0);
	EXPECT_EQ(cubic_ticks(UINT64_MAX), 35184372);
	EXPECT_EQ(cubic_window(UINT32_MAX, 0, UINT32_MAX, 65483), UINT32_MAX);
	EXPECT_EQ(cubic_window(0, CUBIC_TICKS_MAX, 1000, 65483), 0);
}
END_TEST

/* A byte of growth for 700 acknowledged: small ACKs gain as much as large ones,
 * and never more.
 */
START_TEST(growth_adds_up_over_small_acks)
{
	uint32_t rest = 0, gain = 0;

	for (uint32_t i = 0; i < 7000; i++)
		gain += cubic_credit(&rest, 100, 2, 1401);
	EXPECT(gain >= 998);
	EXPECT(gain <= 999);
	gain = 0;
	for (uint32_t i = 0; i < 7000; i++)
		gain += cubic_credit(&rest, 1, 3, 7);
	EXPECT(gain <= 3000);
	EXPECT_EQ(cubic_credit(&rest, 1000, 0, 7), 0);
	EXPECT_EQ(rest, 0);
}
END_TEST

Suite *suite_tcp_cubic_math(void)
{
	Suite *s = suite_create("tcp/cubic_math");
	TCase *tc = tcase_create("formulas");

	tcase_add_test(tc, cube_root_is_exact);
	tcase_add_loop_test(tc, window_follows_the_formula, 0,
			    sizeof(mss_cases) / sizeof(mss_cases[0]));
	tcase_add_test(tc, extremes_are_bounded);
	tcase_add_test(tc, growth_adds_up_over_small_acks);
	suite_add_tcase(s, tc);
	return s;
}

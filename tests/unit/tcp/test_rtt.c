/* SPDX-License-Identifier: MIT */
/*
 * test_rtt.c - round-trip estimator against RFC 6298's formulas in floating
 *		point
 */

#include <math.h>

#include "stack/base/rng.h"
#include "stack/tcp/rtt.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

static const struct rtt_limits usual = { .init_us = 1000000,
					 .min_us = 200000,
					 .max_us = 60000000 };

/* RFC 6298 (2.1) */
START_TEST(timeout_is_the_initial_one_before_any_sample)
{
	struct rtt r;

	rtt_init(&r);
	ck_assert_uint_eq(r.srtt_us, 0);
	ck_assert_uint_eq(r.min_us, UINT32_MAX);
	ck_assert_uint_eq(rtt_rto_us(&r, &usual), 1000000);
}
END_TEST

/* RFC 6298 (2.2) and (2.3) */
START_TEST(samples_of_400_ms_give_1200_then_1000_ms)
{
	struct rtt r;

	rtt_init(&r);
	rtt_sample(&r, 400000);
	ck_assert_uint_eq(r.srtt_us, 400000);
	ck_assert_uint_eq(r.var_us, 200000);
	ck_assert_uint_eq(rtt_rto_us(&r, &usual), 1200000);
	rtt_sample(&r, 400000);
	ck_assert_uint_eq(r.var_us, 150000);
	ck_assert_uint_eq(rtt_rto_us(&r, &usual), 1000000);
	rtt_sample(&r, 800000);
	ck_assert_uint_eq(r.var_us, 212500);
	ck_assert_uint_eq(r.srtt_us, 450000);
	ck_assert_uint_eq(rtt_rto_us(&r, &usual), 1300000);
}
END_TEST

/* RFC 6298 (2.3): RTTVAR is updated before SRTT. */
START_TEST(estimate_follows_the_formulas_within_rounding)
{
	struct rtt r;
	struct rng rng;
	double srtt = 0, var = 0;

	rng_init(&rng, test_seed());
	rtt_init(&r);
	for (int i = 0; i < 100000; i++) {
		uint32_t max = 1u << (1 + rng_below(&rng, 30));
		uint32_t s = 1 + rng_below(&rng, max);

		rtt_sample(&r, s);
		if (i == 0) {
			srtt = s;
			var = s / 2.0;
		} else {
			var = 0.75 * var + 0.25 * fabs(srtt - s);
			srtt = 0.875 * srtt + 0.125 * s;
		}
		EXPECT(fabs(srtt - r.srtt_us) <= 5);
		EXPECT(fabs(var - r.var_us) <= 8);
	}
}
END_TEST

/* RFC 6298 (2.4), (2.5); G is in it */
START_TEST(timeout_stays_within_its_bounds)
{
	struct rtt r;
	struct rng rng;

	rng_init(&rng, test_seed());
	for (int i = 0; i < 20000; i++) {
		struct rtt_limits l = { .init_us = 1 + rng_below(&rng, 5000000),
					.min_us = 1 +
						  rng_below(&rng, 1000000) };

		l.max_us = l.min_us +
			   rng_below(&rng, 1u << rng_below(&rng, 30));
		rtt_init(&r);
		for (uint32_t n = rng_below(&rng, 4); n > 0; n--)
			rtt_sample(&r, (uint32_t)rng_u64(&rng));
		for (uint32_t n = rng_below(&rng, 300); n > 0; n--)
			rtt_backoff(&r);
		EXPECT_GE(rtt_rto_us(&r, &l), l.min_us);
		EXPECT_LE(rtt_rto_us(&r, &l), l.max_us);
	}
}
END_TEST

START_TEST(variance_counts_at_least_one_tick)
{
	const struct rtt_limits wide = { .init_us = 1,
					 .min_us = 1,
					 .max_us = 60000000 };
	struct rtt r;

	rtt_init(&r);
	for (int i = 0; i < 200; i++)
		rtt_sample(&r, 500000);
	ck_assert_uint_le(r.var_us, 4);
	ck_assert_uint_eq(rtt_rto_us(&r, &wide), 500000 + RTT_GRANULARITY_US);
}
END_TEST

/* RFC 6298 (5.5), (5.7 note): doubled at each expiry, cut at the maximum. */
START_TEST(backoff_doubles_up_to_the_maximum)
{
	struct rtt r;
	uint64_t want = 1200000;

	rtt_init(&r);
	rtt_sample(&r, 400000);
	for (int i = 0; i < 300; i++) {
		ck_assert_uint_eq(rtt_rto_us(&r, &usual),
				  want < 60000000 ? want : 60000000);
		want = want < 60000000 ? want * 2 : want;
		rtt_backoff(&r);
	}
	ck_assert_uint_eq(r.backoff, RTT_BACKOFF_MAX);
	rtt_sample(&r, 400000);
	ck_assert_uint_eq(r.backoff, 0);
	ck_assert_uint_eq(rtt_rto_us(&r, &usual), 1000000);
}
END_TEST

/* RFC 6298 (5.7): 3 s after a repeated SYN, until data was measured. */
START_TEST(floor_holds_until_the_first_sample)
{
	struct rtt r;

	rtt_init(&r);
	r.floor_ms = 3000;
	ck_assert_uint_eq(rtt_rto_us(&r, &usual), 3000000);
	rtt_backoff(&r);
	ck_assert_uint_eq(rtt_rto_us(&r, &usual), 6000000);
	rtt_sample(&r, 100000);
	ck_assert_uint_eq(rtt_rto_us(&r, &usual), 300000);
}
END_TEST

START_TEST(smallest_sample_is_kept_and_zero_counts_as_one)
{
	struct rtt r;

	rtt_init(&r);
	rtt_sample(&r, 5000);
	rtt_sample(&r, 9000);
	ck_assert_uint_eq(r.min_us, 5000);
	rtt_sample(&r, 0);
	ck_assert_uint_eq(r.min_us, 1);
	ck_assert_uint_gt(r.srtt_us, 0);
}
END_TEST

Suite *suite_tcp_rtt(void)
{
	Suite *s = suite_create("tcp/rtt");
	TCase *tc = tcase_create("estimator");

	tcase_add_test(tc, timeout_is_the_initial_one_before_any_sample);
	tcase_add_test(tc, samples_of_400_ms_give_1200_then_1000_ms);
	tcase_add_test(tc, estimate_follows_the_formulas_within_rounding);
	tcase_add_test(tc, timeout_stays_within_its_bounds);
	tcase_add_test(tc, variance_counts_at_least_one_tick);
	tcase_add_test(tc, backoff_doubles_up_to_the_maximum);
	tcase_add_test(tc, floor_holds_until_the_first_sample);
	tcase_add_test(tc, smallest_sample_is_kept_and_zero_counts_as_one);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_limit.c - token buckets for what is said to strangers
 */

#include "stack/limit.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

static uint32_t take(struct limit *l, struct limit_price p, uint32_t n)
{
	uint32_t got = 0;

	while (n-- > 0)
		got += limit_take(l, &p);
	return got;
}

START_TEST(burst_then_rate)
{
	struct limit_price p = { .now_us = 1000, .rate = 10, .cost = 1 };
	struct limit l;

	limit_init(&l, 1000);
	EXPECT_EQ(take(&l, p, 200), LIMIT_BURST);
	p.now_us += 99999;
	EXPECT_EQ(take(&l, p, 5), 0);
	p.now_us += 1;
	EXPECT_EQ(take(&l, p, 5), 1);
	p.now_us += 1000000;
	EXPECT_EQ(take(&l, p, 50), 10);
	p.now_us += UINT64_MAX / 2;
	EXPECT_EQ(take(&l, p, 200), LIMIT_BURST);
}
END_TEST

START_TEST(a_second_of_a_high_rate_is_kept)
{
	struct limit_price p = { .rate = 1000000, .cost = 1 };
	struct limit l;

	limit_init(&l, 0);
	p.now_us = UINT64_MAX - 1;
	EXPECT_EQ(take(&l, p, 1100000), 1000000);
}
END_TEST

START_TEST(cost_beyond_what_is_left_empties_it)
{
	struct limit_price p = { .rate = 1, .cost = 2 };
	struct limit l;

	limit_init(&l, 0);
	p.cost = 1;
	EXPECT_EQ(take(&l, p, LIMIT_BURST - 1), LIMIT_BURST - 1);
	p.cost = 2;
	EXPECT_EQ(take(&l, p, 2), 1);
}
END_TEST

Suite *suite_stack_limit(void)
{
	Suite *s = suite_create("stack/limit");
	TCase *tc = tcase_create("bucket");

	tcase_add_test(tc, burst_then_rate);
	tcase_add_test(tc, a_second_of_a_high_rate_is_kept);
	tcase_add_test(tc, cost_beyond_what_is_left_empties_it);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_fate.c - draws, chains and distributions
 *
 * Method: many packets with the seed of the run, and the counts within five
 * standard deviations of what the model says: one run in a million fails by
 * chance.
 */

#include <math.h>

#include "stack/link/dist.h"
#include "stack/link/fate.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define PACKETS 100000u

static impair_prob prob(double p)
{
	return (impair_prob)(p * IMPAIR_PROB_ONE);
}

static struct fate_key key_at(uint64_t i)
{
	return (struct fate_key){ .seed = test_seed(),
				  .ordinal = 1,
				  .offset = 1 + i * 1448,
				  .tx = 1 };
}

/* Is @n of @of near @p?  @stretch widens the bound where draws are not free. */
static void near(uint32_t n, uint32_t of, double p, double stretch)
{
	double sigma = sqrt(of * p * (1 - p)) * stretch;

	ck_assert_msg(fabs(n - of * p) <= 5 * sigma + 1e-9,
		      "%u of %u, expected %.1f with sigma %.1f", n, of, of * p,
		      sigma);
}

/* How far correlation @c widens the count of a chain's ones. */
static double widened(double c)
{
	return sqrt((1 + c) / (1 - c));
}

static struct fate fate_of(const struct impair_knobs *k, uint64_t i,
			   struct fate_chain *c)
{
	struct fate_key key = key_at(i);
	struct fate f = { 0 };

	fate_loss(k, &key, c, &f);
	if (!f.lost)
		fate_rest(k, &key, c, &f);
	return f;
}

static const double rates[] = { 0.0001, 0.01, 0.05, 0.25, 0.5, 0.99 };

/* Each knob hits as often as it is asked to. */
START_TEST(memoryless_knobs_hit_as_often_as_asked)
{
	double p = rates[_i];
	const struct impair_knobs k = { .duplicate = prob(p),
					.corrupt = prob(p),
					.reorder = prob(p),
					.delay_us = 1 };
	const struct impair_knobs l = { .loss = prob(p) };
	uint32_t lost = 0, dup = 0, corrupt = 0, reorder = 0;
	struct fate_chain c = { 0 };

	for (uint32_t i = 0; i < PACKETS; i++) {
		struct fate f = fate_of(&k, i, &c);

		dup += f.duplicate;
		corrupt += f.corrupt;
		reorder += f.reorder;
		lost += fate_of(&l, i, &c).lost;
	}
	near(lost, PACKETS, p, 1);
	near(dup, PACKETS, p, 1);
	near(corrupt, PACKETS, p, 1);
	near(reorder, PACKETS, p, 1);
}
END_TEST

/* 0 is never, 1 is always. */
START_TEST(never_and_always_are_exact)
{
	const struct impair_knobs all = { .loss = IMPAIR_PROB_ONE };
	const struct impair_knobs none = { 0 };
	struct fate_chain c = { 0 };

	for (uint32_t i = 0; i < PACKETS; i++) {
		struct fate f = fate_of(&none, i, &c);

		EXPECT(fate_of(&all, i, &c).lost);
		EXPECT(!f.lost && !f.duplicate && !f.corrupt && !f.reorder);
		EXPECT_EQ(f.delay_us, 0);
	}
}
END_TEST

/* Every part of the key counts, and no knob's draws tell another's. */
START_TEST(draws_differ_by_every_part_of_the_key)
{
	const struct fate_key a = key_at(0);
	struct fate_key b[7] = { a, a, a, a, a, a, a };

	b[0].seed++;
	b[1].rule++;
	b[2].ordinal++;
	b[3].offset++;
	b[4].tx++;
	b[5].dir++;
	b[6].ack = true;
	for (uint32_t what = 0; what < FATE_DRAWS; what++) {
		for (uint32_t i = 0; i < 7; i++)
			EXPECT_NE(fate_number(&a, what),
				  fate_number(&b[i], what));
		for (uint32_t w = 0; w < what; w++)
			EXPECT_NE(fate_number(&a, what), fate_number(&a, w));
		EXPECT_EQ(fate_number(&a, what), fate_number(&a, what));
	}
}
END_TEST

static const struct {
	double p, corr;
} correlations[] = { { 0.01, 0.25 }, { 0.1, 0.5 }, { 0.3, 0.9 } };

/* Both hold: the rate, and how likely a hit follows a hit. */
START_TEST(correlation_keeps_the_rate)
{
	double p = correlations[_i].p, corr = correlations[_i].corr;
	const struct impair_knobs k = { .loss = prob(p),
					.loss_corr = prob(corr) };
	uint32_t lost = 0, again = 0;
	struct fate_chain c = { 0 };
	bool last = false;

	for (uint32_t i = 0; i < PACKETS; i++) {
		bool now = fate_of(&k, i, &c).lost;

		lost += now;
		again += now && last;
		last = now;
	}
	near(lost, PACKETS, p, widened(corr));
	near(again, lost, corr + (1 - corr) * p, widened(corr));
}
END_TEST

/* Gilbert: bursts are 1/r long in the mean, and p/(p+r) of all is lost. */
START_TEST(gemodel_has_its_rate_and_burst_length)
{
	const double p = 0.01, r = 0.2;
	const struct impair_knobs k = { .loss_model = IMPAIR_LOSS_GEMODEL,
					.ge = { prob(p), prob(r),
						IMPAIR_PROB_ONE, 0 } };
	uint32_t lost = 0, bursts = 0;
	struct fate_chain c = { 0 };
	bool last = false;

	for (uint32_t i = 0; i < PACKETS; i++) {
		struct fate f = fate_of(&k, i, &c);

		lost += f.lost;
		bursts += f.lost && !last;
		last = f.lost;
		if (f.lost)
			EXPECT_EQ(f.by, USTACK_KNOB_GEMODEL);
	}
	near(lost, PACKETS, p / (p + r), widened(1 - p - r));
	near(bursts, lost, r, 1);
}
END_TEST

/* Elliott: losses in both states, each at its own rate. */
START_TEST(gemodel_loses_in_both_states)
{
	const double p = 0.05, r = 0.1, h1 = 0.6, k1 = 0.02;
	const struct impair_knobs k = { .loss_model = IMPAIR_LOSS_GEMODEL,
					.ge = { prob(p), prob(r), prob(h1),
						prob(k1) } };
	const double bad = p / (p + r);
	struct fate_chain c = { 0 };
	uint32_t lost = 0;

	for (uint32_t i = 0; i < PACKETS; i++)
		lost += fate_of(&k, i, &c).lost;
	near(lost, PACKETS, bad * h1 + (1 - bad) * k1, widened(1 - p - r));
}
END_TEST

/* Four states: the stationary shares that follow from the transitions. */
START_TEST(four_states_have_their_shares)
{
	const double p13 = 0.02, p31 = 0.2, p32 = 0.3, p23 = 0.4, p14 = 0.01;
	const struct impair_knobs k = { .loss_model = IMPAIR_LOSS_STATE,
					.state = { prob(p13), prob(p31),
						   prob(p32), prob(p23),
						   prob(p14) } };
	const double s3 = p13 / p31, s2 = s3 * p32 / p23, s4 = p14;
	const double all = 1 + s2 + s3 + s4;
	struct fate_chain c = { 0 };
	uint32_t lost = 0;

	for (uint32_t i = 0; i < PACKETS; i++)
		lost += fate_of(&k, i, &c).lost;
	near(lost, PACKETS, (s3 + s4) / all, 4);
}
END_TEST

/* With certainty and a gap of n, it is every n-th packet. */
START_TEST(gap_lets_every_nth_go_at_once)
{
	const uint32_t gap = 1 + (uint32_t)_i;
	const struct impair_knobs k = { .delay_us = 10000,
					.reorder = IMPAIR_PROB_ONE,
					.gap = gap };
	struct fate_chain c = { 0 };

	for (uint32_t i = 0; i < 1000; i++) {
		struct fate f = fate_of(&k, i, &c);

		EXPECT_EQ(f.reorder, (i + 1) % gap == 0);
		EXPECT_EQ(f.delay_us, f.reorder ? 0 : 10000);
	}
}
END_TEST

/* Half of the candidates behind a gap: never closer than the gap. */
START_TEST(gap_is_the_least_distance)
{
	const struct impair_knobs k = { .delay_us = 10000,
					.reorder = prob(0.5),
					.gap = 5 };
	uint32_t since = 0, n = 0;
	struct fate_chain c = { 0 };

	for (uint32_t i = 0; i < PACKETS; i++) {
		since++;
		if (!fate_of(&k, i, &c).reorder)
			continue;
		EXPECT_GE(since, 5);
		since = 0;
		n++;
	}
	near(n, PACKETS, 1.0 / 6, 1); /* 5 plus one failure in the mean */
}
END_TEST

static const struct {
	const char *name;
	uint8_t dist;
	double mean, sigma, least, most; /* in jitters */
} dists[] = {
	{ "uniform", IMPAIR_DIST_UNIFORM, 0, 0.57735, -1, 1 },
	{ "normal", IMPAIR_DIST_NORMAL, 0, 1, -6.3, 6.3 },
	/* exponent 3, 4/3 of (x - 1.5), cut at 4: by integration */
	{ "pareto", IMPAIR_DIST_PARETO, -0.0329, 0.8209, -0.6668, 4 },
	{ "paretonormal", IMPAIR_DIST_PARETONORMAL, -0.0247, 0.8350, -2.1,
	  4.6 },
};

/* Mean, spread and range of each distribution of jitter. */
START_TEST(jitter_has_its_distribution)
{
	const double jitter = 1000, delay = 100000;
	const struct impair_knobs k = { .delay_us = (uint64_t)delay,
					.jitter_us = (uint64_t)jitter,
					.dist = dists[_i].dist };
	double sum = 0, squares = 0, mean, sigma;
	struct fate_chain c = { 0 };

	for (uint32_t i = 0; i < PACKETS; i++) {
		double x = ((double)fate_of(&k, i, &c).delay_us - delay) /
			   jitter;

		EXPECT(x >= dists[_i].least && x <= dists[_i].most);
		sum += x;
		squares += x * x;
	}
	mean = sum / PACKETS;
	sigma = sqrt(squares / PACKETS - mean * mean);
	ck_assert_msg(fabs(mean - dists[_i].mean) < 0.02, "%s: mean %f",
		      dists[_i].name, mean);
	ck_assert_msg(fabs(sigma - dists[_i].sigma) < 0.02, "%s: sigma %f",
		      dists[_i].name, sigma);
}
END_TEST

/* The normal quantile against the complementary error function. */
START_TEST(normal_quantile_is_right_in_the_tails)
{
	for (double p = 1e-8; p < 0.5; p *= 1.07) {
		uint32_t u = (uint32_t)(p * 4294967296.0);
		double z = -dist_value(IMPAIR_DIST_NORMAL, u) /
			   (double)DIST_ONE;
		double tail = 0.5 * erfc(z / sqrt(2));

		EXPECT(fabs(tail / (u / 4294967296.0) - 1) < 0.01);
		EXPECT(dist_value(IMPAIR_DIST_NORMAL, u) ==
		       -dist_value(IMPAIR_DIST_NORMAL, ~u));
	}
}
END_TEST

/* A larger number never gives a smaller value; the ends are no trap. */
START_TEST(quantiles_grow_with_the_number)
{
	for (uint32_t d = IMPAIR_DIST_NORMAL; d <= IMPAIR_DIST_PARETONORMAL;
	     d++) {
		int32_t last = dist_value(d, 0);

		for (uint64_t u = 0; u <= UINT32_MAX; u += 65521) {
			int32_t x = dist_value(d, (uint32_t)u);

			EXPECT(x >= last);
			last = x;
		}
		EXPECT(dist_value(d, UINT32_MAX) >= last);
	}
}
END_TEST

/* Jitter above the delay does not lead before now; an hour of both is safe. */
START_TEST(delay_is_never_negative)
{
	struct impair_knobs k = { .delay_us = 100, .jitter_us = 1000 };

	ck_assert_uint_eq(dist_delay_us(&k, 0), 0);
	ck_assert_uint_eq(dist_delay_us(&k, UINT32_MAX), 1100);
	k = (struct impair_knobs){ .delay_us = IMPAIR_DELAY_MAX,
				   .jitter_us = IMPAIR_DELAY_MAX };
	ck_assert_uint_eq(dist_delay_us(&k, 0), 0);
	ck_assert_uint_ge(dist_delay_us(&k, UINT32_MAX),
			  2ull * IMPAIR_DELAY_MAX - 2);
	k.dist = IMPAIR_DIST_NORMAL;
	ck_assert_uint_gt(dist_delay_us(&k, UINT32_MAX),
			  7ull * IMPAIR_DELAY_MAX);
}
END_TEST

/* Correlated jitter repeats the last value that often. */
START_TEST(delay_correlation_repeats_the_last_delay)
{
	const struct impair_knobs k = { .delay_us = 1u << 30,
					.jitter_us = 1u << 29,
					.delay_corr = prob(0.7) };
	struct fate_chain c = { 0 };
	uint64_t last = 0;
	uint32_t same = 0;

	for (uint32_t i = 0; i < PACKETS; i++) {
		uint64_t d = fate_of(&k, i, &c).delay_us;

		same += d == last;
		last = d;
	}
	near(same, PACKETS, 0.7, 1);
}
END_TEST

Suite *suite_link_fate(void)
{
	Suite *s = suite_create("link/fate");
	TCase *tc = tcase_create("draws");

	tcase_add_loop_test(tc, memoryless_knobs_hit_as_often_as_asked, 0, 6);
	tcase_add_test(tc, never_and_always_are_exact);
	tcase_add_test(tc, draws_differ_by_every_part_of_the_key);
	suite_add_tcase(s, tc);

	tc = tcase_create("chains");
	tcase_add_loop_test(tc, correlation_keeps_the_rate, 0, 3);
	tcase_add_test(tc, gemodel_has_its_rate_and_burst_length);
	tcase_add_test(tc, gemodel_loses_in_both_states);
	tcase_add_test(tc, four_states_have_their_shares);
	tcase_add_loop_test(tc, gap_lets_every_nth_go_at_once, 0, 7);
	tcase_add_test(tc, gap_is_the_least_distance);
	suite_add_tcase(s, tc);

	tc = tcase_create("distributions");
	tcase_add_loop_test(tc, jitter_has_its_distribution, 0, 4);
	tcase_add_test(tc, normal_quantile_is_right_in_the_tails);
	tcase_add_test(tc, quantiles_grow_with_the_number);
	tcase_add_test(tc, delay_is_never_negative);
	tcase_add_test(tc, delay_correlation_repeats_the_last_delay);
	suite_add_tcase(s, tc);
	return s;
}

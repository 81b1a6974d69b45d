/* SPDX-License-Identifier: MIT */
/*
 * test_timer.c - timer wheel against a list that is searched in full
 *
 * The model keeps each timer's deadline.  After time has moved, exactly those
 * must come out whose deadline, rounded up to a tick, has been reached.
 */

#include <stdlib.h>

#include "stack/base/rng.h"
#include "stack/base/timer.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define TICK_US ((uint64_t)1 << TIMER_TICK_SHIFT)
#define TIMERS	48u

struct model {
	struct timer_wheel wheel;
	struct timer timer[TIMERS];
	uint64_t expires_us[TIMERS]; /* TIME_NEVER: not armed */
	uint64_t now_us;
	struct rng rng;
};

static void model_init(struct model *m, uint64_t now_us, uint64_t seed)
{
	rng_init(&m->rng, seed);
	m->now_us = now_us;
	timer_wheel_init(&m->wheel, now_us);
	for (uint32_t i = 0; i < TIMERS; i++) {
		timer_init(&m->timer[i]);
		m->expires_us[i] = TIME_NEVER;
	}
}

static uint64_t fire_tick(uint64_t expires_us)
{
	return expires_us / TICK_US + (expires_us % TICK_US != 0);
}

/* Tick at which the first timer of the model fires, TIME_NEVER for none. */
static uint64_t model_next_tick(const struct model *m)
{
	uint64_t next = TIME_NEVER;

	for (uint32_t i = 0; i < TIMERS; i++) {
		uint64_t tick = m->expires_us[i] == TIME_NEVER
					? TIME_NEVER
					: fire_tick(m->expires_us[i]);

		next = min_u64(next, tick);
	}
	return next;
}

static void model_arm(struct model *m, uint32_t i, uint64_t expires_us)
{
	m->expires_us[i] = expires_us;
	timer_arm(&m->wheel, &m->timer[i], expires_us);
	EXPECT(timer_armed(&m->timer[i]) == (expires_us != TIME_NEVER));
}

static void model_cancel(struct model *m, uint32_t i)
{
	m->expires_us[i] = TIME_NEVER;
	timer_cancel(&m->wheel, &m->timer[i]);
	EXPECT(!timer_armed(&m->timer[i]));
}

static void model_check_deadline(const struct model *m)
{
	uint64_t next = model_next_tick(m);
	uint64_t deadline_us = timer_deadline_us(&m->wheel);
	uint32_t armed = 0;

	for (uint32_t i = 0; i < TIMERS; i++)
		armed += m->expires_us[i] != TIME_NEVER;
	EXPECT_EQ(m->wheel.armed, armed);
	if (next == TIME_NEVER) {
		EXPECT_EQ(deadline_us, TIME_NEVER);
		return;
	}
	EXPECT_LE(deadline_us, max_u64(next * TICK_US, m->now_us));
	if (next * TICK_US > m->now_us)
		EXPECT_GT(deadline_us, m->now_us);
}

/* Move time on and take what is due, then see that nothing due is left. */
static uint32_t model_advance(struct model *m, uint64_t now_us)
{
	uint32_t fired = 0;
	struct timer *t;

	timer_advance(&m->wheel, now_us);
	m->now_us = max_u64(m->now_us, now_us);
	while ((t = timer_next_due(&m->wheel))) {
		uint32_t i = (uint32_t)(t - m->timer);

		EXPECT(!timer_armed(t));
		EXPECT_NE(m->expires_us[i], TIME_NEVER);
		EXPECT_LE(m->expires_us[i], m->now_us);
		m->expires_us[i] = TIME_NEVER;
		fired++;
		if (rng_below(&m->rng, 8) == 0)
			model_arm(m, rng_below(&m->rng, TIMERS),
				  m->now_us + rng_below(&m->rng, 5000));
		if (rng_below(&m->rng, 8) == 0)
			model_cancel(m, rng_below(&m->rng, TIMERS));
	}
	EXPECT_GT(model_next_tick(m), m->now_us / TICK_US);
	return fired;
}

/* A span of any order of magnitude up to 2^@max_bits us. */
static uint64_t random_span(struct rng *r, uint32_t max_bits)
{
	return rng_u64(r) >> (63 - rng_below(r, max_bits));
}

static void random_step(struct model *m, uint32_t max_bits)
{
	uint32_t i = rng_below(&m->rng, TIMERS);

	switch (rng_below(&m->rng, 8)) {
	case 0:
		model_cancel(m, i);
		break;
	case 1:
		model_advance(m, m->now_us + random_span(&m->rng, max_bits));
		break;
	case 2:
		if (timer_deadline_us(&m->wheel) != TIME_NEVER)
			model_advance(m, timer_deadline_us(&m->wheel));
		break;
	case 3: /* in the past, or going back */
		model_arm(m, i, m->now_us - min_u64(m->now_us, 1000));
		model_advance(m, m->now_us - min_u64(m->now_us, 500));
		break;
	default:
		model_arm(m, i, m->now_us + random_span(&m->rng, max_bits));
	}
}

/* clang-format off */
static const struct {
	const char *name;
	uint64_t start_us;
	uint32_t max_bits;
	uint32_t steps;
} random_cases[] = {
	{ "from zero, all spans",	    0,			 44, 200000 },
	{ "from zero, within two levels",   0,			 18, 200000 },
	{ "over the top level's end",	    (1ull << 48) - 5000, 20, 100000 },
	{ "beyond the top level's reach",   12345,		 52, 200000 },
};
/* clang-format on */

START_TEST(random_operations_agree_with_the_model)
{
	struct model *m = malloc(sizeof(*m));

	model_init(m, random_cases[_i].start_us, test_seed());
	for (uint32_t step = 0; step < random_cases[_i].steps; step++) {
		random_step(m, random_cases[_i].max_bits);
		model_check_deadline(m);
	}
	for (uint32_t i = 0; i < TIMERS; i++)
		model_cancel(m, i);
	EXPECT_EQ(timer_deadline_us(&m->wheel), TIME_NEVER);
	for (uint32_t level = 0; level < TIMER_LEVELS; level++)
		EXPECT_EQ(m->wheel.busy[level], 0);
	free(m);
}
END_TEST

/* Following timer_deadline_us() leads to each timer in a few steps. */
START_TEST(deadline_makes_progress)
{
	struct model *m = malloc(sizeof(*m));

	for (uint32_t bits = 1; bits < 48; bits++) {
		uint64_t expires_us = 777 + ((1ull << bits) | 33);
		uint32_t steps = 0;

		model_init(m, 777, test_seed());
		model_arm(m, 0, expires_us);
		while (timer_armed(&m->timer[0])) {
			EXPECT_LT(steps++, TIMER_LEVELS);
			timer_advance(&m->wheel, timer_deadline_us(&m->wheel));
			m->now_us = m->wheel.now_tick * TICK_US;
			if (timer_next_due(&m->wheel))
				break;
		}
		EXPECT_EQ(m->wheel.now_tick, fire_tick(expires_us));
	}
	free(m);
}
END_TEST

/* A wheel that went tick by tick would take years here. */
START_TEST(long_jump_is_cheap)
{
	struct timer_wheel w;
	struct timer t;
	uint64_t now_us = 0;

	timer_wheel_init(&w, 0);
	timer_init(&t);
	for (int i = 0; i < 10000; i++) {
		now_us += 1ull << 47;
		timer_arm(&w, &t, now_us);
		timer_advance(&w, now_us - 1);
		ck_assert_ptr_null(timer_next_due(&w));
		timer_advance(&w, now_us);
		ck_assert_ptr_eq(timer_next_due(&w), &t);
	}
}
END_TEST

START_TEST(due_timers_come_in_order_of_time)
{
	struct model *m = malloc(sizeof(*m));
	uint64_t last_tick = 0;
	struct timer *t;
	uint32_t n = 0;

	model_init(m, 0, test_seed());
	for (uint32_t i = 0; i < TIMERS; i++) {
		model_arm(m, i, 1 + random_span(&m->rng, 40));
		ck_assert_ptr_null(timer_next_due(&m->wheel));
	}
	timer_advance(&m->wheel, 1ull << 41);
	while ((t = timer_next_due(&m->wheel))) {
		uint64_t tick = fire_tick(m->expires_us[t - m->timer]);

		EXPECT_LE(last_tick, tick);
		last_tick = tick;
		n++;
	}
	EXPECT_EQ(n, TIMERS);
	free(m);
}
END_TEST

/* Deadlines around one tick, seen from the middle of another. */
START_TEST(timer_fires_within_a_tick_and_never_early)
{
	uint64_t expires_us = 1000 + (uint64_t)_i;
	struct timer_wheel w;
	uint64_t now_us = 990;
	struct timer t;

	timer_wheel_init(&w, now_us);
	timer_init(&t);
	timer_arm(&w, &t, expires_us);
	while (timer_armed(&t)) {
		timer_advance(&w, ++now_us);
		if (timer_next_due(&w))
			break;
	}
	EXPECT_GE(now_us, expires_us);
	EXPECT_LT(now_us, expires_us + TICK_US);
}
END_TEST

START_TEST(timer_taken_from_the_due_list_can_be_cancelled)
{
	struct timer_wheel w;
	struct timer a, b;

	timer_wheel_init(&w, 0);
	timer_init(&a);
	timer_init(&b);
	timer_arm(&w, &a, 100);
	timer_arm(&w, &b, 100);
	timer_advance(&w, 1000);
	ck_assert_ptr_eq(timer_next_due(&w), &a);
	EXPECT(timer_armed(&b));
	EXPECT_LE(timer_deadline_us(&w), 1000);
	timer_cancel(&w, &b);
	ck_assert_ptr_null(timer_next_due(&w));
	EXPECT_EQ(w.armed, 0);
	EXPECT_EQ(timer_deadline_us(&w), TIME_NEVER);
}
END_TEST

START_TEST(arming_for_never_cancels)
{
	struct timer_wheel w;
	struct timer t;

	timer_wheel_init(&w, 0);
	timer_init(&t);
	timer_arm(&w, &t, TIME_NEVER);
	EXPECT(!timer_armed(&t));
	timer_arm(&w, &t, 5000);
	timer_arm(&w, &t, TIME_NEVER);
	EXPECT(!timer_armed(&t));
	EXPECT_EQ(w.armed, 0);
	EXPECT_EQ(timer_deadline_us(&w), TIME_NEVER);
	timer_cancel(&w, &t);
	EXPECT_EQ(w.armed, 0);
}
END_TEST

Suite *suite_base_timer(void)
{
	Suite *s = suite_create("base/timer");
	TCase *tc = tcase_create("wheel");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, random_operations_agree_with_the_model, 0,
			    sizeof(random_cases) / sizeof(random_cases[0]));
	tcase_add_test(tc, deadline_makes_progress);
	tcase_add_test(tc, long_jump_is_cheap);
	tcase_add_test(tc, due_timers_come_in_order_of_time);
	tcase_add_loop_test(tc, timer_fires_within_a_tick_and_never_early, 0,
			    130);
	tcase_add_test(tc, timer_taken_from_the_due_list_can_be_cancelled);
	tcase_add_test(tc, arming_for_never_cancels);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_rogue.c - receivers with bad habits, over a path of 10 ms
 *
 * Each must get all of its bytes, right and in time; none may make the stack
 * send faster than an honest one, hold more than it may, or lose its way.
 */

#include <check.h>
#include <string.h>

#include "peer.h"
#include "rogue.h"
#include "suites.h"

#define RTT   MS(10)
#define BYTES 400000u

static struct rogue_args plan(uint32_t bytes)
{
	struct rogue_args a = { .bytes = bytes,
				.limit_us = SEC(120),
				.seed = PEER_SEED };

	a.path[0].delay_us = a.path[1].delay_us = RTT / 2;
	return a;
}

static struct rogue_result run(const struct rogue_args *a)
{
	struct rogue_result r = rogue_run(a);

	ck_assert_msg(!r.failure[0], "%s", r.failure);
	return r;
}

static struct rogue_result honest(uint32_t bytes)
{
	struct rogue_args a = plan(bytes);

	return run(&a);
}

/* RFC 2018 section 8: what was reported may be dropped before it is acknowledged. */
START_TEST(reneging_receiver_gets_every_byte)
{
	struct rogue_args a = plan(BYTES);

	a.path[0].loss = 0.03;
	a.habits.renege_every = 2 + (uint32_t)_i * 5;
	run(&a);
}
END_TEST

START_TEST(reports_of_data_never_sent_change_nothing)
{
	struct rogue_args a = plan(BYTES);

	a.habits.phantom = true;
	ck_assert_uint_le(run(&a).segs, honest(BYTES).segs);
	a.path[0].loss = 0.03;
	run(&a);
}
END_TEST

START_TEST(blocks_that_make_no_sense_do_no_harm)
{
	struct rogue_args a = plan(BYTES);

	a.habits.junk = true;
	run(&a);
	a.path[0].loss = 0.03;
	run(&a);
}
END_TEST

/* Every other segment of a window of thousands is missing. */
START_TEST(thousands_of_holes_are_filled)
{
	struct rogue_args a = plan(20u << 20);

	a.habits.skip_every = 2;
	a.habits.skip_from = 12u << 20;
	a.habits.skip_to = 16u << 20;
	a.habits.no_sack = _i;
	a.limit_us = SEC(3600);
	ck_assert_uint_gt(run(&a).flight_max, 2000u * ROGUE_MSS);
}
END_TEST

/* RFC 3465 section 2: pieces of a segment count for what they acknowledge. */
START_TEST(ack_division_gains_nothing)
{
	struct rogue_args a = plan(BYTES);
	struct rogue_result fair = honest(BYTES);
	struct rogue_result r;

	a.habits.piece = 100;
	r = run(&a);
	ck_assert_uint_ge(r.us, fair.us - MS(1));
	ck_assert_uint_le(r.flight_max, fair.flight_max + 2 * ROGUE_MSS);
}
END_TEST

/* RFC 9293 section 3.10.7.4: an ACK of something not yet sent is dropped. */
START_TEST(acks_of_data_never_sent_gain_nothing)
{
	struct rogue_args a = plan(BYTES);

	a.habits.unsent = 1 + (uint32_t)_i * 100000u;
	ck_assert_uint_ge(run(&a).us, honest(BYTES).us);
}
END_TEST

START_TEST(optimistic_acks_break_nothing)
{
	struct rogue_args a = plan(BYTES);

	a.habits.ahead = 3 * ROGUE_MSS;
	run(&a);
}
END_TEST

/* RFC 9293 section 3.8.6: robust against a window whose edge moves left. */
START_TEST(shrinking_window_is_survived)
{
	static const uint32_t to[] = { 0, 1, 256, 5000 };
	struct rogue_args a = plan(50000);

	a.habits.shrinks = true;
	a.habits.shrink_to = to[_i];
	a.habits.window = 20000;
	a.limit_us = SEC(1200);
	run(&a);
}
END_TEST

START_TEST(window_of_a_byte_is_served_byte_by_byte)
{
	struct rogue_args a = plan(30);

	a.habits.window = 1;
	a.limit_us = SEC(1200);
	run(&a);
}
END_TEST

START_TEST(stretched_acks_are_enough)
{
	struct rogue_args a = plan(BYTES);

	a.habits.ack_every = 8 << _i;
	ck_assert_uint_eq(run(&a).timeouts, 0);
}
END_TEST

static void mix(struct rng *rng, struct rogue_args *a)
{
	struct rogue_habits *h = &a->habits;

	a->path[0].loss = rng_below(rng, 2) ? rng_unit(rng) * 0.05 : 0;
	a->path[1].loss = rng_below(rng, 2) ? rng_unit(rng) * 0.05 : 0;
	a->path[0].jitter_us = rng_below(rng, 2) * RTT;
	h->no_ts = rng_below(rng, 4) == 0;
	h->no_sack = rng_below(rng, 4) == 0;
	h->phantom = rng_below(rng, 3) == 0;
	h->junk = rng_below(rng, 3) == 0;
	h->renege_every = rng_below(rng, 3) ? 0 : 1 + rng_below(rng, 40);
	h->skip_every = rng_below(rng, 3) ? 0 : 2 + rng_below(rng, 10);
	h->skip_to = 60000;
	h->piece = rng_below(rng, 4) ? 0 : 1 + rng_below(rng, 1000);
	h->unsent = rng_below(rng, 4) ? 0 : a->bytes + rng_below(rng, 1u << 30);
	h->ack_every = rng_below(rng, 3) ? 0 : rng_below(rng, 10);
	h->window = rng_below(rng, 3) ? 0 : 1000u << rng_below(rng, 10);
	h->shrinks = rng_below(rng, 4) == 0;
	h->shrink_to = h->window / 2;
}

/* Habits come together. */
START_TEST(any_mix_of_habits_is_served)
{
	for (uint32_t i = 0; i < 20; i++) {
		struct rogue_args a = plan(60000);
		struct rng rng;
		struct rogue_result r;

		a.seed = (uint64_t)_i * 20 + i;
		a.limit_us = SEC(7200);
		rng_init(&rng, a.seed);
		mix(&rng, &a);
		r = rogue_run(&a);
		ck_assert_msg(!r.failure[0], "seed %u: %s", (uint32_t)a.seed,
			      r.failure);
	}
}
END_TEST

Suite *suite_wire_rogue(void)
{
	Suite *s = suite_create("rogue");
	TCase *tc = tcase_create("habits");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, reneging_receiver_gets_every_byte, 0, 3);
	tcase_add_test(tc, reports_of_data_never_sent_change_nothing);
	tcase_add_test(tc, blocks_that_make_no_sense_do_no_harm);
	tcase_add_loop_test(tc, thousands_of_holes_are_filled, 0, 2);
	tcase_add_test(tc, ack_division_gains_nothing);
	tcase_add_loop_test(tc, acks_of_data_never_sent_gain_nothing, 0, 3);
	tcase_add_test(tc, optimistic_acks_break_nothing);
	tcase_add_loop_test(tc, shrinking_window_is_survived, 0, 4);
	tcase_add_test(tc, window_of_a_byte_is_served_byte_by_byte);
	tcase_add_loop_test(tc, stretched_acks_are_enough, 0, 3);
	tcase_add_loop_test(tc, any_mix_of_habits_is_served, 0, 10);
	suite_add_tcase(s, tc);
	return s;
}

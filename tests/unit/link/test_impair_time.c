/* SPDX-License-Identifier: MIT */
/*
 * test_impair_time.c - the engine: when packets go
 */

#include "imprig.h"
#include "tests/unit/suites.h"

/* A rule that does nothing: forwarded at the next run, in order, no event. */
START_TEST(no_delay_keeps_order_and_tells_nothing)
{
	const struct impair_rule rule = { 0 };
	struct impair_rule_info info;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	for (uint32_t i = 0; i < 200; i++)
		ck_assert(imp_send(&r, i % 3 ? OUT_DATA(i) : IN_DATA(i)));
	ck_assert_uint_eq(r.nout, 0);
	ck_assert_uint_eq(impair_run(r.im, r.now_us), r.now_us);
	ck_assert_uint_eq(r.nout, 2 * IMPAIR_RUN_PKTS); /* a piece each way */
	imp_until(&r, r.now_us);
	ck_assert_uint_eq(r.nout, 200);
	for (uint32_t i = 1; i < 200; i++)
		EXPECT(r.out[i].v.dir != r.out[i - 1].v.dir ||
		       r.out[i].v.seq > r.out[i - 1].v.seq);
	ck_assert_uint_eq(r.nev, 0);
	impair_rule_at(r.im, 0, r.now_us, &info);
	ck_assert_uint_eq(info.queued, 0);
	ck_assert_uint_eq(info.counts.matched, 200);
	imp_fini(&r);
}
END_TEST

/* Constant delay: due to the microsecond, in order, both ways. */
START_TEST(delay_is_exact_and_keeps_order)
{
	const struct impair_rule rule = { .knobs.delay_us = 10000 };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	for (uint32_t i = 0; i < 100; i++) {
		ck_assert(imp_send(&r, OUT_DATA(i)));
		imp_until(&r, r.now_us + i % 3);
	}
	imp_until(&r, r.now_us + 20000);
	ck_assert_uint_eq(r.nout, 100);
	for (uint32_t i = 0, t = IMP_START + 10000; i < 100; i++) {
		EXPECT_EQ(r.out[i].us, t);
		EXPECT_EQ(r.out[i].v.seq, 1 + i * 100);
		t += i % 3;
	}
	ck_assert_uint_eq(r.nev, 100);
	ck_assert_uint_eq(r.ev[0].delay_us, 10000);
	ck_assert_uint_eq(r.ev[0].knob, USTACK_KNOB_DELAY);
	ck_assert_uint_eq(r.ev[0].faults, 1u << USTACK_FAULT_DELAYED);
	imp_fini(&r);
}
END_TEST

static const struct {
	const char *name;
	struct impair_knobs k;
	uint32_t each_ns; /* of a packet of 140 bytes */
	uint32_t first_us;
} links[] = {
	{ "1 Mbit/s", { .rate_bps = 1000000 }, 1120000, 1120 },
	{ "1 Gbit/s", { .rate_bps = 1000000000 }, 1120, 2 },
	{ "3 Mbit/s", { .rate_bps = 3000000 }, 373333, 374 },
	{ "Ethernet", { .rate_bps = 1000000, .overhead = 24 }, 1312000, 1312 },
	{ "ATM",
	  { .rate_bps = 1000000, .cell_size = 48, .cell_overhead = 5 },
	  1272000,
	  1272 },
	{ "less than nothing", { .rate_bps = 1000000, .overhead = -200 }, 0, 0 },
	{ "behind a delay",
	  { .rate_bps = 1000000, .delay_us = 500 },
	  1120000,
	  1620 },
};

/* A burst leaves one by one at the rate, from the first to the last bit. */
START_TEST(rate_is_exact_to_the_microsecond)
{
	const struct impair_rule rule = { .knobs = links[_i].k };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	for (uint32_t i = 0; i < 500; i++) {
		imp_send(&r, OUT_DATA(i));
		imp_send(&r, IN_DATA(i)); /* has a bottleneck of its own */
	}
	imp_until(&r, r.now_us + 700000);
	ck_assert_uint_eq(r.nout, 1000);
	for (uint32_t i = 0, o = 0; i < 1000; i++) {
		uint64_t ns = (uint64_t)links[_i].each_ns * ++o +
			      links[_i].k.delay_us * 1000;

		if (r.out[i].v.dir != IMPAIR_OUT) {
			o--;
			continue;
		}
		EXPECT_EQ(r.out[i].v.seq, 1 + (o - 1) * 100);
		EXPECT_EQ(r.out[i].us - IMP_START, (ns + 999) / 1000);
		if (o == 1)
			EXPECT_EQ(r.out[i].us - IMP_START, links[_i].first_us);
	}
	imp_fini(&r);
}
END_TEST

/* Slower than the rate: nothing queues up, each pays for itself alone. */
START_TEST(rate_does_not_save_up)
{
	const struct impair_rule rule = { .knobs.rate_bps = 1000000 };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	for (uint32_t i = 0; i < 50; i++) {
		uint64_t sent = r.now_us;

		imp_send(&r, OUT_DATA(i));
		imp_until(&r, sent + 5000);
		ck_assert_uint_eq(r.out[i].us, sent + 1120);
		ck_assert_uint_eq(r.ev[i].knob, USTACK_KNOB_RATE);
		ck_assert_uint_eq(r.ev[i].delay_us, 1120);
	}
	imp_fini(&r);
}
END_TEST

/* So many wait in a direction, the next is lost; room comes with each that goes. */
START_TEST(limit_drops_at_the_tail)
{
	const struct impair_rule rule = { .knobs = { .rate_bps = 1000000,
						     .limit_pkts = 10 } };
	struct impair_rule_info info;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	for (uint32_t i = 0; i < 30; i++)
		imp_send(&r, OUT_DATA(i));
	ck_assert_uint_eq(imp_by(&r, USTACK_KNOB_LIMIT), 20);
	ck_assert_uint_eq(r.ev[29].knob, USTACK_KNOB_LIMIT);
	ck_assert_uint_eq(r.ev[29].faults, 1u << USTACK_FAULT_LOST);
	impair_rule_at(r.im, 0, r.now_us, &info);
	ck_assert_uint_eq(info.queued, 10);
	imp_send(&r, IN_DATA(0));
	ck_assert_uint_eq(imp_by(&r, USTACK_KNOB_LIMIT), 20);
	imp_until(&r, r.now_us + 1120);
	imp_send(&r, OUT_DATA(30));
	imp_send(&r, OUT_DATA(31));
	ck_assert_uint_eq(imp_by(&r, USTACK_KNOB_LIMIT), 21);
	/* what was lost took no time of the bottleneck */
	imp_until(&r, r.now_us + 100000);
	ck_assert_uint_eq(r.out[r.nout - 1].us, IMP_START + 11 * 1120);
	ck_assert_uint_eq(r.out[r.nout - 1].v.seq, 3001);
	imp_fini(&r);
}
END_TEST

/* Jitter: each at its own time, some overtake; none does without. */
START_TEST(jitter_reorders)
{
	const struct impair_rule rule = { .knobs = { .delay_us = 10000,
						     .jitter_us = 5000 } };
	uint32_t overtaken = 0;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	for (uint32_t i = 0; i < 1000; i++) {
		imp_send(&r, OUT_DATA(i));
		imp_until(&r, r.now_us + 100);
	}
	imp_until(&r, r.now_us + 20000);
	ck_assert_uint_eq(r.nout, 1000);
	for (uint32_t i = 0; i < 1000; i++) {
		uint64_t sent = IMP_START + r.out[i].v.seq / 100 * 100;

		EXPECT_GE(r.out[i].us, sent + 5000);
		EXPECT_LE(r.out[i].us, sent + 15000);
		overtaken += i && r.out[i].v.seq < r.out[i - 1].v.seq;
	}
	ck_assert_uint_gt(overtaken, 100);
	imp_fini(&r);
}
END_TEST

/* Reordered: at once, past those that wait; only if there is a wait. */
START_TEST(reordered_packet_goes_at_once)
{
	struct impair_rule rule = { .knobs = { .delay_us = 10000,
					       .reorder = IMPAIR_PROB_ONE,
					       .gap = 5 } };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	for (uint32_t i = 0; i < 10; i++)
		imp_send(&r, OUT_DATA(i));
	imp_until(&r, r.now_us + 10000);
	ck_assert_uint_eq(r.out[0].v.seq, 401);
	ck_assert_uint_eq(r.out[1].v.seq, 901);
	ck_assert_uint_eq(r.out[2].v.seq, 1);
	ck_assert_uint_eq(r.out[9].v.seq, 801);
	ck_assert_uint_eq(r.out[0].us, IMP_START);
	ck_assert_uint_eq(r.ev[4].knob, USTACK_KNOB_REORDER);
	ck_assert_uint_eq(r.ev[4].faults, 1u << USTACK_FAULT_REORDERED);
	ck_assert_uint_eq(imp_by(&r, USTACK_KNOB_REORDER), 2);
	rule.knobs.delay_us = 0;
	imp_set(&r, &rule);
	imp_send(&r, OUT_DATA(10));
	ck_assert_uint_eq(r.nev, 10);
	imp_fini(&r);
}
END_TEST

Suite *suite_link_impair_time(void)
{
	Suite *s = suite_create("link/impair: time");
	TCase *tc = tcase_create("time");

	tcase_add_test(tc, no_delay_keeps_order_and_tells_nothing);
	tcase_add_test(tc, delay_is_exact_and_keeps_order);
	tcase_add_loop_test(tc, rate_is_exact_to_the_microsecond, 0,
			    sizeof(links) / sizeof(links[0]));
	tcase_add_test(tc, rate_does_not_save_up);
	tcase_add_test(tc, limit_drops_at_the_tail);
	tcase_add_test(tc, jitter_reorders);
	tcase_add_test(tc, reordered_packet_goes_at_once);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_impair.c - the engine: packets come, wait, and go
 */

#include "imprig.h"
#include "tests/unit/suites.h"

#define OUT_DATA(n)                                                            \
	&(struct imp_pkt)                                                      \
	{                                                                      \
		.dir = IMPAIR_OUT, .seq = 1 + (n)*100, .ack = 1, .len = 100    \
	}

/* Without a rule nothing is taken, and nothing waited for. */
START_TEST(idle_engine_lets_all_pass)
{
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	ck_assert(!impair_active(r.im));
	ck_assert(!imp_send(&r, OUT_DATA(0)));
	ck_assert(impair_run(r.im, r.now_us) == IMPAIR_NEVER);
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

/* Loss of everything, of nothing; what is lost leaves no memory behind. */
START_TEST(loss_is_told_and_counted)
{
	struct impair_rule rule = { .knobs.loss = IMPAIR_PROB_ONE };
	struct impair_rule_info info;
	struct impair_counts all;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	r.conn = 100;
	imp_set(&r, &rule);
	for (uint32_t i = 0; i < 10; i++)
		ck_assert(imp_send(&r, OUT_DATA(i)));
	imp_until(&r, r.now_us + 1000);
	ck_assert_uint_eq(r.nout, 0);
	ck_assert_uint_eq(r.nev, 10);
	ck_assert_uint_eq(r.ev[3].knob, USTACK_KNOB_LOSS);
	ck_assert_uint_eq(r.ev[3].faults, 1u << USTACK_FAULT_LOST);
	ck_assert_uint_eq(r.ev[3].id, 100 + RIG_RPORT);
	ck_assert_uint_eq(r.ev[3].offset, 301);
	ck_assert_uint_eq(r.ev[3].len, 100);
	ck_assert_uint_eq(r.ev[3].seq, IMP_ISN_OUT + 301);
	ck_assert_uint_eq(r.ev[3].rule, 1);
	impair_totals(r.im, &all);
	ck_assert_uint_eq(all.matched, 10);
	ck_assert_uint_eq(all.by[USTACK_KNOB_LOSS], 10);
	ck_assert_int_eq(impair_rule_at(r.im, 0, r.now_us, &info), 0);
	ck_assert_uint_eq(info.counts.by[USTACK_KNOB_LOSS], 10);
	ck_assert_uint_eq(info.counts.bytes, 1400);
	ck_assert_uint_eq(info.hit_us, r.ev[9].time_us);
	ck_assert_uint_eq(info.hit.offset, 901);
	ck_assert_uint_eq(info.conns, 1);
	imp_fini(&r);
}
END_TEST

Suite *suite_link_impair(void)
{
	Suite *s = suite_create("link/impair");
	TCase *tc = tcase_create("engine");

	tcase_add_test(tc, idle_engine_lets_all_pass);
	tcase_add_test(tc, delay_is_exact_and_keeps_order);
	tcase_add_test(tc, loss_is_told_and_counted);
	suite_add_tcase(s, tc);
	return s;
}

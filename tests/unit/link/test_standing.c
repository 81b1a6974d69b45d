/* SPDX-License-Identifier: MIT */
/*
 * test_standing.c - rules of a configuration, and what changes them as one
 */

#include "imprig.h"
#include "tests/unit/suites.h"

#define TO(port)                                                               \
	(struct imp_pkt)                                                       \
	{                                                                      \
		.dir = IMPAIR_IN, .len = 1, .lport = (port)                    \
	}

/* The rules are these, in order. */
static void ids(struct imprig *r, const char *want)
{
	struct impair_rule_info info;
	char got[IMPAIR_RULES_MAX + 1] = "";

	for (uint32_t i = 0; !impair_rule_at(r->im, i, r->now_us, &info); i++)
		got[i] = (char)('0' + info.id);
	ck_assert_str_eq(got, want);
}

/* Rules of a configuration go behind those that somebody makes. */
START_TEST(standing_rules_stand_behind)
{
	struct impair_rule r = { .match.port = 1, .standing = true };
	struct imprig rig;

	imp_init(&rig, test_seed(), 0);
	for (uint16_t port = 1; port <= 4; port++) {
		r.match.port = port;
		r.standing = port % 3 == 1;
		ck_assert_uint_eq(imp_set(&rig, &r), port);
	}
	ck_assert_int_eq(impair_clear(rig.im, 2), 0);
	r.match.port = 5;
	r.standing = true;
	imp_set(&rig, &r);
	ids(&rig, "3541");
	imp_fini(&rig);
}
END_TEST

/* One that stands takes the match of one in front, but not its place. */
START_TEST(standing_rule_leaves_the_front)
{
	struct impair_rule r = { .match.port = 1, .standing = true };
	struct imprig rig;

	imp_init(&rig, test_seed(), 0);
	imp_set(&rig, &r);
	for (uint16_t port = 2; port <= 3; port++)
		imp_set(&rig, &(struct impair_rule){ .match.port = port });
	ids(&rig, "321");
	r.match.port = 3;
	imp_set(&rig, &r);
	ids(&rig, "231");
	r.match.port = 4;
	imp_set(&rig, &r);
	ids(&rig, "2431");
	imp_fini(&rig);
}
END_TEST

/* Changes between impair_begin() and impair_end() are no steps of undo. */
START_TEST(changes_as_one_are_kept_or_taken_back)
{
	const struct impair_rule a = { .match.port = 1 };
	const struct impair_rule b = { .match.port = 2 };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &a);
	impair_begin(r.im);
	ck_assert_int_eq(impair_clear(r.im, 1), 0);
	imp_set(&r, &b);
	impair_end(r.im, false);
	ids(&r, "1");
	impair_begin(r.im);
	impair_end(r.im, true);
	ck_assert_int_eq(impair_undo(r.im), 0);
	ids(&r, "");
	imp_set(&r, &a);
	impair_begin(r.im);
	imp_set(&r, &b);
	impair_end(r.im, true);
	ck_assert_int_eq(impair_undo(r.im), -ERR_NOENT);
	ids(&r, "43");
	imp_fini(&r);
}
END_TEST

/* What a rule has counted goes with it; what waits because of it does not. */
START_TEST(rule_moves_with_its_counts)
{
	const struct impair_rule rule = { .match.port = 80,
					  .knobs.delay_us = 1000,
					  .knobs.limit_pkts = 1 };
	struct impair_rule_info info;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	ck_assert(imp_send(&r, &TO(80)));
	impair_begin(r.im);
	ck_assert_int_eq(impair_move(r.im, 1, 81), 0);
	ck_assert_int_eq(impair_move(r.im, 2, 81), -ERR_NOENT);
	impair_end(r.im, true);
	ck_assert(imp_send(&r, &TO(81)));
	ck_assert(!imp_send(&r, &TO(80)));
	imp_until(&r, r.now_us + 2000);
	ck_assert_int_eq(impair_rule_at(r.im, 0, r.now_us, &info), 0);
	ck_assert_uint_eq(info.rule.match.port, 81);
	ck_assert_uint_eq(info.counts.matched, 2);
	ck_assert_uint_eq(info.queued, 0);
	imp_fini(&r);
}
END_TEST

START_TEST(script_moves_with_its_steps)
{
	struct impair_script sc = { .match.port = 80, .nsteps = 1 };
	struct impair_script_info info;
	struct imprig r;

	sc.step[0].first = 1;
	sc.step[0].last = 1;
	imp_init(&r, test_seed(), 0);
	imp_script(&r, &sc);
	impair_begin(r.im);
	ck_assert_int_eq(impair_move(r.im, 1, 81), 0);
	impair_end(r.im, true);
	ck_assert_int_eq(impair_script_at(r.im, 0, &info), 0);
	ck_assert_uint_eq(info.script.match.port, 81);
	imp_fini(&r);
}
END_TEST

Suite *suite_link_standing(void)
{
	Suite *s = suite_create("link/standing");
	TCase *tc = tcase_create("rules");

	tcase_add_test(tc, standing_rules_stand_behind);
	tcase_add_test(tc, standing_rule_leaves_the_front);
	tcase_add_test(tc, changes_as_one_are_kept_or_taken_back);
	tcase_add_test(tc, rule_moves_with_its_counts);
	tcase_add_test(tc, script_moves_with_its_steps);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_rules.c - the table of rules: which packet meets which rule
 *
 * Method: rules lose all that they match, so that what was lost tells.
 */

#include "imprig.h"
#include "tests/unit/suites.h"

#define ALL .knobs.loss = IMPAIR_PROB_ONE

/* Number of the rule that lost the packet; 0 = it passed untouched. */
static uint32_t hit(struct imprig *r, struct imp_pkt a)
{
	uint32_t nev = r->nev;

	if (!imp_send(r, &a))
		return 0;
	ck_assert_uint_eq(r->nev, nev + 1);
	ck_assert_uint_eq(r->ev[nev].faults, 1u << USTACK_FAULT_LOST);
	return r->ev[nev].rule;
}

#define IN(...)                                                                \
	(struct imp_pkt)                                                       \
	{                                                                      \
		.dir = IMPAIR_IN, .len = 1, __VA_ARGS__                        \
	}
#define OUT(...)                                                               \
	(struct imp_pkt)                                                       \
	{                                                                      \
		.dir = IMPAIR_OUT, .len = 1, __VA_ARGS__                       \
	}
#define SYN(...)                                                               \
	(struct imp_pkt)                                                       \
	{                                                                      \
		.dir = IMPAIR_IN, .flags = TCP_SYN, __VA_ARGS__                \
	}

static struct ustack_prefix prefix(const char *b, uint8_t len)
{
	struct ustack_prefix p = { .len = len };

	memcpy(p.addr.b, b, 16);
	return p;
}

#define NET4(last) "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x07\0" last /* 10.7.0.x */
#define NET6	   "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"

/* Direction. */
START_TEST(rule_may_be_for_one_direction)
{
	const struct impair_rule in = { ALL, .match.dirs = 1 << IMPAIR_IN };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &in);
	ck_assert_uint_eq(hit(&r, IN()), 1);
	ck_assert_uint_eq(hit(&r, OUT()), 0);
	imp_fini(&r);
}
END_TEST

/* At either end, whichever side sends; a service is at the stack's. */
START_TEST(port_is_at_either_end)
{
	const struct impair_rule port = { ALL, .match.port = 80 };
	struct impair_rule service = port;
	struct imprig r;

	memcpy(service.match.service, "web", sizeof("web"));
	imp_init(&r, test_seed(), 0);
	imp_set(&r, &port);
	imp_set(&r, &service); /* asked first */
	ck_assert_uint_eq(hit(&r, IN(.lport = 80)), 2);
	ck_assert_uint_eq(hit(&r, OUT(.lport = 80)), 2);
	ck_assert_uint_eq(hit(&r, IN(.lport = 81)), 0);
	ck_assert_uint_eq(hit(&r, IN(.lport = 81, .rport = 80)), 1);
	ck_assert_uint_eq(hit(&r, OUT(.lport = 81, .rport = 80)), 1);
	ck_assert_uint_eq(hit(&r, IN(.proto = 1)), 0);
	imp_fini(&r);
}
END_TEST

static const struct {
	const char *name;
	const char *addr;
	uint8_t len;
	bool want4, want6;
} peers[] = {
	{ "the host", NET4("\1"), 128, true, false },
	{ "another host", NET4("\2"), 128, false, false },
	{ "its /30", NET4("\2"), 126, true, false },
	{ "another /31", NET4("\2"), 127, false, false },
	{ "all IPv4", NET4("\1"), 96, true, false },
	{ "fd00::/8", NET6, 8, false, true },
	{ "the IPv6 host", NET6, 128, false, true },
	{ "any", NET6, 0, true, true },
};

/* Peer prefixes of any length, of either family. */
START_TEST(peer_is_the_remote_prefix)
{
	const struct impair_rule rule = {
		ALL, .match.peer = prefix(peers[_i].addr, peers[_i].len)
	};
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	EXPECT_EQ(hit(&r, IN()), peers[_i].want4);
	EXPECT_EQ(hit(&r, OUT()), peers[_i].want4);
	EXPECT_EQ(hit(&r, IN(.v6 = true)), peers[_i].want6);
	EXPECT_EQ(hit(&r, OUT(.v6 = true)), peers[_i].want6);
	EXPECT_EQ(hit(&r, IN(.proto = 1)), peers[_i].want4);
	imp_fini(&r);
}
END_TEST

/* Connection number: asked once, then remembered. */
START_TEST(connection_is_found_by_its_number)
{
	const struct impair_rule rule = { ALL, .match.conn = 105 };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	r.conn = 100;
	imp_set(&r, &rule);
	ck_assert_uint_eq(hit(&r, IN(.rport = 4)), 0);
	ck_assert_uint_eq(hit(&r, IN(.rport = 5)), 1);
	ck_assert_uint_eq(hit(&r, OUT(.rport = 5)), 1);
	ck_assert_uint_eq(r.asked, 2);
	ck_assert_uint_eq(hit(&r, IN(.proto = 17)), 0);
	/* a SYN on its way in is nobody's yet, whoever had its ports before */
	ck_assert_uint_eq(hit(&r, SYN(.rport = 5)), 0);
	imp_fini(&r);
}
END_TEST

/* A flow of before a time without rules may be another connection's now. */
START_TEST(number_is_asked_again_after_a_time_without_rules)
{
	const struct impair_rule rule = { ALL, .match.conn = 105 };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	r.conn = 100;
	imp_set(&r, &rule);
	ck_assert_uint_eq(hit(&r, IN(.rport = 5)), 1);
	ck_assert_int_eq(impair_clear(r.im, 0), 0);
	r.conn = 200;
	imp_set(&r, &rule);
	ck_assert_uint_eq(hit(&r, IN(.rport = 5)), 0);
	imp_fini(&r);
}
END_TEST

/* The first SYN that fits binds; its connection alone is meant from then on. */
START_TEST(next_binds_at_the_first_syn_that_fits)
{
	const struct impair_rule rule = {
		ALL, .match = { .next = true, .port = 80, .dirs = 2 }
	};
	struct impair_rule_info info;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	r.conn = 100;
	ck_assert_uint_eq(hit(&r, OUT(.lport = 80, .rport = 3)), 0);
	ck_assert_uint_eq(hit(&r, SYN(.lport = 81, .rport = 4)), 0);
	ck_assert_uint_eq(hit(&r, SYN(.lport = 80, .rport = 5)), 0);
	ck_assert_uint_eq(hit(&r, SYN(.lport = 80, .rport = 6)), 0);
	ck_assert_uint_eq(hit(&r, OUT(.lport = 80, .rport = 6)), 0);
	ck_assert_uint_eq(hit(&r, OUT(.lport = 80, .rport = 5)), 1);
	ck_assert_uint_eq(hit(&r, IN(.lport = 80, .rport = 5)), 0);
	impair_rule_at(r.im, 0, r.now_us, &info);
	ck_assert_uint_eq(info.bound, 105);
	/* the same ports again are another connection */
	ck_assert_uint_eq(hit(&r, SYN(.lport = 80, .rport = 5, .isn = 99)), 0);
	ck_assert_uint_eq(hit(&r, OUT(.lport = 80, .rport = 5, .isn = 98,
				      .flags = TCP_SYN | TCP_ACK)),
			  0);
	ck_assert_uint_eq(hit(&r, OUT(.lport = 80, .rport = 5)), 0);
	imp_fini(&r);
}
END_TEST

/* Thousands of connections later the bound one is still known. */
START_TEST(bound_connection_outlives_a_full_table)
{
	const struct impair_rule next = { ALL, .match.next = true };
	const struct impair_rule other = { .match.port = 81 };
	struct impair_gauges g;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &next);
	imp_set(&r, &other);
	ck_assert_uint_eq(hit(&r, SYN(.rport = 5)), 1);
	for (uint32_t i = 0; i < 2 * IMPAIR_FLOWS_MAX; i++) {
		imp_send(&r, &SYN(.lport = 81, .rport = (uint16_t)(10 + i)));
		imp_until(&r, r.now_us + 1);
	}
	impair_gauges(r.im, &g);
	ck_assert_uint_eq(g.flows, IMPAIR_FLOWS_MAX);
	imp_forget(&r);
	ck_assert_uint_eq(hit(&r, OUT(.rport = 5)), 1);
	imp_fini(&r);
}
END_TEST

/* New rules go in front; the first that matches is the only one. */
START_TEST(first_match_wins)
{
	const struct impair_rule any = { ALL };
	const struct impair_rule port = { ALL, .match.port = 80 };
	const struct impair_rule spare = { .match = { .port = 80, .dirs = 1 } };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	ck_assert_uint_eq(imp_set(&r, &any), 1);
	ck_assert_uint_eq(imp_set(&r, &port), 2);
	ck_assert_uint_eq(imp_set(&r, &spare), 3);
	ck_assert_uint_eq(hit(&r, IN(.lport = 81)), 1);
	ck_assert_uint_eq(hit(&r, OUT(.lport = 80)), 2);
	ck_assert(imp_send(&r, &IN(.lport = 80)));
	ck_assert_uint_eq(r.nev, 2);
	imp_fini(&r);
}
END_TEST

/* The same match: replaced in its place, by its number, counts anew. */
START_TEST(same_match_is_replaced_in_place)
{
	struct impair_rule a = { ALL, .match.port = 80 };
	struct impair_rule b = { ALL };
	struct impair_rule_info info;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &a);
	imp_set(&r, &b);
	b.knobs.loss = 0;
	b.match.dirs = 3; /* the same as none */
	ck_assert_uint_eq(hit(&r, IN()), 2);
	ck_assert_uint_eq(imp_set(&r, &b), 2);
	ck_assert_int_eq(impair_rule_at(r.im, 0, r.now_us, &info), 0);
	ck_assert_uint_eq(info.id, 2);
	ck_assert_uint_eq(info.counts.matched, 0);
	ck_assert_uint_eq(info.conns, 0);
	ck_assert_int_eq(impair_rule_at(r.im, 1, r.now_us, &info), 0);
	ck_assert_uint_eq(info.id, 1);
	ck_assert_int_eq(impair_rule_at(r.im, 2, r.now_us, &info), -ERR_NOENT);
	imp_fini(&r);
}
END_TEST

/* Bits behind a prefix's length are no difference. */
START_TEST(prefixes_are_compared_by_their_bits)
{
	struct impair_rule a = { ALL, .match.peer = prefix(NET4("\1"), 120) };
	struct impair_rule b = { ALL, .match.peer = prefix(NET4("\7"), 120) };
	struct impair_rule c = { ALL, .match.peer = prefix(NET4("\7"), 121) };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	ck_assert_uint_eq(imp_set(&r, &a), 1);
	ck_assert_uint_eq(imp_set(&r, &b), 1);
	ck_assert_uint_eq(imp_set(&r, &c), 2);
	imp_fini(&r);
}
END_TEST

/* `for`: exact, waited for, and gone from the list. */
START_TEST(rule_expires_when_its_time_is_over)
{
	struct impair_rule rule = { ALL, .for_us = 30000 };
	struct impair_rule_info info;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	ck_assert_uint_eq(impair_run(r.im, r.now_us), IMP_START + 30000);
	r.now_us += 29999;
	impair_rule_at(r.im, 0, r.now_us, &info);
	ck_assert_uint_eq(info.left_us, 1);
	ck_assert_uint_eq(hit(&r, IN()), 1);
	r.now_us++;
	ck_assert_uint_eq(hit(&r, IN()), 0);
	ck_assert(!impair_active(r.im));
	ck_assert(impair_run(r.im, r.now_us) == IMPAIR_NEVER);
	/* what is taken back is not what ended by itself */
	rule.for_us = 0;
	rule.match.port = 9;
	imp_set(&r, &rule);
	ck_assert_int_eq(impair_undo(r.im), 0);
	ck_assert_int_eq(impair_undo(r.im), 0);
	ck_assert_int_eq(impair_undo(r.im), -ERR_NOENT);
	imp_fini(&r);
}
END_TEST

/* An expired rule that comes back by undo is over at once. */
START_TEST(undo_does_not_wake_the_expired)
{
	const struct impair_rule brief = { ALL, .for_us = 1000 };
	const struct impair_rule other = { ALL, .match.port = 9 };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &brief);
	imp_set(&r, &other);
	imp_until(&r, r.now_us + 2000);
	ck_assert_int_eq(impair_undo(r.im), 0);
	ck_assert_uint_eq(hit(&r, IN()), 0);
	ck_assert(!impair_active(r.im));
	imp_fini(&r);
}
END_TEST

static void ids(struct imprig *r, const char *want)
{
	struct impair_rule_info info;
	struct impair_script_info script;
	char got[64] = "";

	for (uint32_t i = 0; !impair_rule_at(r->im, i, r->now_us, &info); i++)
		got[strlen(got)] = (char)('0' + info.id);
	for (uint32_t i = 0; !impair_script_at(r->im, i, &script); i++)
		got[strlen(got)] = (char)('a' + script.id);
	ck_assert_str_eq(got, want);
}

static const struct impair_script drop_first = {
	.nsteps = 1,
	.step[0] = { .action = IMPAIR_ACT_DROP,
		     .kind = IMPAIR_KIND_DATA,
		     .dirs = 3,
		     .first = 1,
		     .last = 1 },
};

/* Each change is one undo; what comes back is what it was, counts too. */
START_TEST(undo_takes_changes_back_one_by_one)
{
	struct impair_rule a = { ALL }, b = { ALL, .match.port = 80 };
	struct impair_rule_info info;
	struct impair_gauges g;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &a);
	ck_assert_uint_eq(hit(&r, IN()), 1);
	imp_set(&r, &b);
	imp_script(&r, &drop_first);
	ids(&r, "21d");
	a.knobs.loss = 0;
	imp_set(&r, &a);
	ck_assert_int_eq(impair_clear(r.im, 2), 0);
	ids(&r, "1d");
	ck_assert_int_eq(impair_clear(r.im, 3), 0);
	ids(&r, "1");
	ck_assert_int_eq(impair_clear(r.im, 0), 0);
	ids(&r, "");
	impair_gauges(r.im, &g);
	ck_assert_uint_eq(g.undo, 7);
	ck_assert_int_eq(impair_clear(r.im, 0), 0); /* changes nothing */
	ck_assert_int_eq(impair_undo(r.im), 0);
	ids(&r, "1");
	ck_assert_int_eq(impair_undo(r.im), 0);
	ids(&r, "1d");
	ck_assert_int_eq(impair_undo(r.im), 0);
	ids(&r, "21d");
	ck_assert_int_eq(impair_undo(r.im), 0);
	impair_rule_at(r.im, 1, r.now_us, &info);
	ck_assert_uint_eq(info.counts.by[USTACK_KNOB_LOSS], 1);
	ck_assert_int_eq(impair_undo(r.im), 0);
	ids(&r, "21");
	ck_assert_int_eq(impair_undo(r.im), 0);
	ids(&r, "1");
	ck_assert_uint_eq(hit(&r, IN()), 1);
	ck_assert_int_eq(impair_undo(r.im), 0);
	ids(&r, "");
	ck_assert_int_eq(impair_undo(r.im), -ERR_NOENT);
	ck_assert_int_eq(impair_clear(r.im, 1), -ERR_NOENT);
	ck_assert_uint_eq(imp_set(&r, &b), 4); /* numbers do not come back */
	imp_fini(&r);
}
END_TEST

/* More changes than are kept: the last ones are. */
START_TEST(undo_is_bounded)
{
	struct impair_rule rule = { ALL };
	struct impair_gauges g;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	for (uint16_t i = 1; i <= 50; i++) {
		rule.match.port = i;
		imp_set(&r, &rule);
	}
	impair_gauges(r.im, &g);
	ck_assert_uint_eq(g.undo, IMPAIR_UNDO_MAX);
	for (uint32_t i = 0; i < IMPAIR_UNDO_MAX; i++)
		ck_assert_int_eq(impair_undo(r.im), 0);
	ck_assert_int_eq(impair_undo(r.im), -ERR_NOENT);
	impair_gauges(r.im, &g);
	ck_assert_uint_eq(g.rules, 50 - IMPAIR_UNDO_MAX);
	imp_fini(&r);
}
END_TEST

/* Exempt ports are let alone by rules, scripts and `next`. */
START_TEST(exempt_port_is_never_touched)
{
	const struct impair_rule rule = { ALL, .match.next = true };
	const struct impair_rule all = { ALL };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	ck_assert_int_eq(impair_exempt(r.im, 80, true), 0);
	ck_assert_int_eq(impair_exempt(r.im, 0, true), -ERR_INVAL);
	imp_set(&r, &all);
	imp_set(&r, &rule);
	imp_script(&r, &drop_first);
	ck_assert(!imp_send(&r, &SYN(.lport = 80)));
	ck_assert(!imp_send(&r, &OUT(.lport = 80)));
	ck_assert_uint_eq(hit(&r, SYN(.lport = 81)), 2);
	ck_assert_uint_eq(hit(&r, IN(.lport = 88)), 3);
	ck_assert_int_eq(impair_exempt(r.im, 80, false), 0);
	ck_assert_uint_eq(hit(&r, SYN(.lport = 80)), 1);
	imp_fini(&r);
}
END_TEST

static const struct {
	const char *name;
	struct impair_rule rule;
} bad[] = {
	{ "directions", { .match.dirs = 4 } },
	{ "prefix", { .match.peer.len = 129 } },
	{ "next and a number", { .match = { .next = true, .conn = 1 } } },
	{ "delay", { .knobs.delay_us = IMPAIR_DELAY_MAX + 1ull } },
	{ "jitter", { .knobs.jitter_us = IMPAIR_DELAY_MAX + 1ull } },
	{ "distribution", { .knobs.dist = 4 } },
	{ "loss model", { .knobs.loss_model = 3 } },
	{ "gap alone", { .knobs.gap = 5 } },
	{ "cells of nothing",
	  { .knobs = { .cell_size = 48, .cell_overhead = -48 } } },
	{ "overhead", { .knobs.overhead = 65536 } },
};

/* What makes no sense changes nothing. */
START_TEST(bad_rule_is_refused_and_changes_nothing)
{
	const struct impair_rule good = { ALL };
	struct impair_gauges g;
	struct imprig r;
	uint32_t id = 77;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &good);
	ck_assert_int_eq(impair_set(r.im, &bad[_i].rule, r.now_us, &id),
			 -ERR_INVAL);
	ck_assert_int_eq(impair_run_script(r.im, &(struct impair_script){ 0 },
					   r.now_us, &id),
			 -ERR_INVAL);
	ck_assert_uint_eq(id, 77);
	impair_gauges(r.im, &g);
	ck_assert_uint_eq(g.rules, 1);
	ck_assert_uint_eq(g.undo, 1);
	ck_assert_uint_eq(hit(&r, IN()), 1);
	imp_fini(&r);
}
END_TEST

/* So many and no more; replacing still works; so does undo. */
START_TEST(tables_are_bounded)
{
	struct impair_rule rule = { ALL };
	struct imprig r;
	uint32_t id;

	imp_init(&r, test_seed(), 0);
	for (uint16_t i = 0; i < IMPAIR_RULES_MAX; i++) {
		rule.match.port = (uint16_t)(i + 1);
		imp_set(&r, &rule);
	}
	for (uint32_t i = 0; i < IMPAIR_SCRIPTS_MAX; i++)
		imp_script(&r, &drop_first);
	rule.match.port = 999;
	ck_assert_int_eq(impair_set(r.im, &rule, r.now_us, &id), -ERR_LIMIT);
	ck_assert_int_eq(impair_run_script(r.im, &drop_first, r.now_us, &id),
			 -ERR_LIMIT);
	rule.match.port = 1;
	ck_assert_uint_eq(imp_set(&r, &rule), 1);
	imp_fini(&r);
}
END_TEST

/* A silent rule stands beside an ordinary one of the same match. */
START_TEST(silence_is_apart_from_impairment)
{
	struct impair_rule rule = { .match.port = 80, .knobs.delay_us = 5 };
	struct impair_rule dead = { .match.port = 80, .silent = true };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	ck_assert_uint_eq(imp_set(&r, &dead), 2);
	ck_assert_uint_eq(hit(&r, IN(.lport = 80)), 2);
	ck_assert_uint_eq(hit(&r, OUT(.lport = 80)), 2);
	ck_assert_uint_eq(r.ev[0].knob, USTACK_KNOB_HALF_OPEN);
	ck_assert_uint_eq(imp_set(&r, &rule), 1);
	ck_assert_uint_eq(hit(&r, OUT(.lport = 80)), 2);
	ck_assert_int_eq(impair_clear(r.im, 2), 0);
	ck_assert(imp_send(&r, &IN(.lport = 80)));
	ck_assert_uint_eq(r.ev[r.nev - 1].knob, USTACK_KNOB_DELAY);
	imp_fini(&r);
}
END_TEST

/* Seeds: given ones are kept, others drawn from the engine's own. */
START_TEST(seed_is_shown)
{
	struct impair_rule rule = { .knobs.seed = 42, .knobs.seed_set = true };
	struct impair_rule_info info;
	uint64_t drawn[2];

	for (uint32_t i = 0; i < 2; i++) {
		struct impair_rule none = { .match.port = 1 };
		struct imprig r;

		imp_init(&r, 1234, 0);
		imp_set(&r, &rule);
		imp_set(&r, &none);
		impair_rule_at(r.im, 0, r.now_us, &info);
		ck_assert(info.rule.knobs.seed_set);
		drawn[i] = info.rule.knobs.seed;
		ck_assert_uint_le(drawn[i], UINT32_MAX);
		impair_rule_at(r.im, 1, r.now_us, &info);
		ck_assert_uint_eq(info.rule.knobs.seed, 42);
		imp_fini(&r);
	}
	ck_assert_uint_eq(drawn[0], drawn[1]);
}
END_TEST

static void add_tables(Suite *s)
{
	TCase *tc = tcase_create("table");

	tcase_add_test(tc, first_match_wins);
	tcase_add_test(tc, same_match_is_replaced_in_place);
	tcase_add_test(tc, prefixes_are_compared_by_their_bits);
	tcase_add_test(tc, rule_expires_when_its_time_is_over);
	tcase_add_test(tc, undo_does_not_wake_the_expired);
	tcase_add_test(tc, undo_takes_changes_back_one_by_one);
	tcase_add_test(tc, undo_is_bounded);
	tcase_add_test(tc, exempt_port_is_never_touched);
	tcase_add_loop_test(tc, bad_rule_is_refused_and_changes_nothing, 0,
			    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, tables_are_bounded);
	tcase_add_test(tc, silence_is_apart_from_impairment);
	tcase_add_test(tc, seed_is_shown);
	suite_add_tcase(s, tc);
}

Suite *suite_link_rules(void)
{
	Suite *s = suite_create("link/rules");
	TCase *tc = tcase_create("match");

	tcase_add_test(tc, rule_may_be_for_one_direction);
	tcase_add_test(tc, port_is_at_either_end);
	tcase_add_loop_test(tc, peer_is_the_remote_prefix, 0,
			    sizeof(peers) / sizeof(peers[0]));
	tcase_add_test(tc, connection_is_found_by_its_number);
	tcase_add_test(tc, number_is_asked_again_after_a_time_without_rules);
	tcase_add_test(tc, next_binds_at_the_first_syn_that_fits);
	tcase_add_test(tc, bound_connection_outlives_a_full_table);
	suite_add_tcase(s, tc);
	add_tables(s);
	return s;
}

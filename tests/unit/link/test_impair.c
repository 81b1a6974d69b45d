/* SPDX-License-Identifier: MIT */
/*
 * test_impair.c - the engine: packets come, wait, and go
 */

#include "imprig.h"
#include "stack/base/rng.h"
#include "tests/unit/suites.h"

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

static const struct {
	const char *name;
	enum impair_dir dir;
	bool v6;
} cut[] = {
	{ "out", IMPAIR_OUT, false },
	{ "in", IMPAIR_IN, false },
	{ "out, 6", IMPAIR_OUT, true },
	{ "in, 6", IMPAIR_IN, true },
};

/* What matches is cut; fates and events are those of wire segments. */
START_TEST(super_packet_is_cut_where_a_rule_matches)
{
	const struct impair_rule rule = { .knobs = { .delay_us = 1000,
						     .loss = imp_p(300) } };
	const struct imp_pkt big = { .dir = cut[_i].dir,
				     .v6 = cut[_i].v6,
				     .seq = 1,
				     .ack = 1,
				     .len = 60000,
				     .gso = 1000 };
	const struct imp_pkt other = { .dir = cut[_i].dir,
				       .lport = 9,
				       .len = 60000,
				       .gso = 1000 };
	struct impair_counts all;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	impair_exempt(r.im, 9, true);
	ck_assert(!imp_send(&r, &other));
	ck_assert(imp_send(&r, &big));
	imp_until(&r, r.now_us + 1000);
	impair_totals(r.im, &all);
	ck_assert_uint_eq(all.matched, 60);
	ck_assert_uint_eq(all.by[USTACK_KNOB_LOSS] + r.nout, 60);
	ck_assert_uint_eq(r.nev, 60);
	for (uint32_t i = 0; i < 60; i++) {
		EXPECT_EQ(r.ev[i].offset, 1 + i * 1000);
		EXPECT_EQ(r.ev[i].len, 1000);
		EXPECT_EQ(r.ev[i].tx, 1);
	}
	for (uint32_t i = 0; i < r.nout; i++)
		EXPECT_EQ(r.out[i].v.data_len, 1000);
	imp_fini(&r);
}
END_TEST

/* Twice at the same time, and twice through a bottleneck. */
START_TEST(duplicate_comes_twice)
{
	struct impair_rule rule = { .knobs = { .delay_us = 1000,
					       .duplicate = IMPAIR_PROB_ONE } };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	imp_send(&r, OUT_DATA(0));
	imp_send(&r, IN_DATA(0));
	imp_until(&r, r.now_us + 1000);
	ck_assert_uint_eq(r.nout, 4);
	for (uint32_t i = 0; i < 4; i++) {
		ck_assert_uint_eq(r.out[i].us, IMP_START + 1000);
		ck_assert_uint_eq(r.out[i].v.data_len, 100);
	}
	ck_assert_uint_eq(r.nev, 2);
	ck_assert_uint_eq(r.ev[0].faults, 1u << USTACK_FAULT_DUPLICATED |
						  1u << USTACK_FAULT_DELAYED);
	ck_assert_uint_eq(r.ev[0].knob, USTACK_KNOB_DUPLICATE);
	imp_forget(&r);
	rule.knobs.delay_us = 0;
	rule.knobs.rate_bps = 1000000;
	imp_set(&r, &rule);
	imp_send(&r, OUT_DATA(1));
	imp_until(&r, r.now_us + 5000);
	ck_assert_uint_eq(r.out[1].us, r.out[0].us + 1120);
	imp_fini(&r);
}
END_TEST

/* A bit flips, and the receiver's checksum finds it; the copy is whole. */
START_TEST(corrupted_packet_is_noticed)
{
	struct impair_rule rule = { .knobs = { .corrupt = IMPAIR_PROB_ONE } };
	struct imp_pkt p = { .dir = _i & 1, .v6 = _i & 2, .ack = 1 };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	for (uint32_t i = 0; i < 300; i++) {
		p.seq = 1 + i * 200;
		p.len = i % 3 * 100;
		p.gso = 90;
		imp_send(&r, &p);
	}
	imp_until(&r, r.now_us);
	ck_assert_uint_eq(imp_by(&r, USTACK_KNOB_CORRUPT), r.nout);
	for (uint32_t i = 0; i < r.nout; i++)
		EXPECT(r.out[i].wrong != NULL);
	ck_assert_uint_eq(r.ev[0].faults, 1u << USTACK_FAULT_CORRUPTED);
	imp_forget(&r);
	rule.knobs.duplicate = IMPAIR_PROB_ONE;
	imp_set(&r, &rule);
	imp_send(&r, &p);
	imp_until(&r, r.now_us);
	ck_assert(r.out[0].wrong != NULL);
	ck_assert(r.out[1].flags & USTACK_PKT_CSUM_PARTIAL ||
		  r.out[1].wrong == NULL);
	imp_fini(&r);
}
END_TEST

/* ECN: marked instead of lost, if it is capable. */
START_TEST(ecn_marks_instead_of_losing)
{
	const struct impair_rule rule = { .knobs = { .loss = IMPAIR_PROB_ONE,
						     .ecn = true } };
	struct imp_pkt p = { .dir = _i & 1,
			     .v6 = _i & 2,
			     .len = 3000,
			     .gso = 1000,
			     .ack = 1,
			     .seq = 1 };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	for (p.tos = 0; p.tos < 4; p.tos++)
		imp_send(&r, &p);
	imp_until(&r, r.now_us);
	ck_assert_uint_eq(r.nout, 9);
	for (uint32_t i = 0; i < 9; i++)
		EXPECT_EQ(r.out[i].v.ecn, 3);
	ck_assert_uint_eq(imp_by(&r, USTACK_KNOB_ECN), 9);
	ck_assert_uint_eq(imp_by(&r, USTACK_KNOB_LOSS), 3);
	ck_assert_uint_eq(r.ev[3].knob, USTACK_KNOB_ECN);
	ck_assert_uint_eq(r.ev[3].faults, 1u << USTACK_FAULT_MARKED);
	imp_fini(&r);
}
END_TEST

/* The bound on memory holds, and what does not fit is told. */
START_TEST(queue_memory_is_bounded)
{
	const struct impair_rule rule = { .knobs.delay_us = 1000000 };
	struct impair_gauges g;
	struct imprig r;

	imp_init(&r, test_seed(), 100000);
	imp_set(&r, &rule);
	for (uint32_t i = 0; i < 400; i++) {
		imp_send(&r, i & 1 ? OUT_DATA(i) : IN_DATA(i));
		impair_gauges(r.im, &g);
		EXPECT_LE(g.queued_bytes, 100000);
	}
	ck_assert_uint_gt(imp_by(&r, USTACK_KNOB_MEMORY), 50);
	ck_assert_uint_eq(imp_by(&r, USTACK_KNOB_MEMORY) + g.queued_pkts, 400);
	ck_assert_uint_eq(r.ev[399].knob, USTACK_KNOB_MEMORY);
	imp_fini(&r); /* with a full queue */
}
END_TEST

/* No memory to keep it: lost, told, no crash. */
START_TEST(memory_shortage_loses_packets)
{
	const struct impair_rule rule = {
		.knobs = { .delay_us = 1000, .duplicate = IMPAIR_PROB_ONE }
	};
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	r.rig.refuse = true;
	for (uint32_t i = 0; i < 1000; i++) {
		r.rig.refuse = i % 2;
		imp_send(&r, i & 2 ? OUT_DATA(i) : IN_DATA(i));
	}
	r.rig.refuse = false;
	imp_until(&r, r.now_us + 1000);
	ck_assert_uint_eq(imp_by(&r, USTACK_KNOB_MEMORY), 500);
	ck_assert_uint_eq(r.nout, 1000);
	imp_fini(&r);
}
END_TEST

/* The device is full: the packet stays first, and the way in is free. */
START_TEST(full_device_is_tried_again)
{
	const struct impair_rule rule = { .knobs.delay_us = 1000 };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	r.full = true;
	for (uint32_t i = 0; i < 5; i++) {
		imp_send(&r, OUT_DATA(i));
		imp_send(&r, IN_DATA(i));
	}
	imp_until(&r, r.now_us + 1000);
	ck_assert_uint_eq(r.nout, 5);
	ck_assert_uint_le(impair_run(r.im, r.now_us), r.now_us);
	r.full = false;
	ck_assert_uint_eq(impair_run(r.im, r.now_us), IMPAIR_NEVER);
	ck_assert_uint_eq(r.nout, 10);
	for (uint32_t i = 0; i < 5; i++)
		ck_assert_uint_eq(r.out[5 + i].v.seq, 1 + i * 100);
	imp_fini(&r);
}
END_TEST

static void answer(struct imprig *r)
{
	if (r->nout < 50)
		imp_send(r, OUT_DATA(r->nout));
}

/* A packet on its way in may draw an answer before forward() returns. */
START_TEST(answer_may_come_while_forwarding)
{
	const struct impair_rule rule = { 0 };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	r.reply = answer;
	for (uint32_t i = 0; i < 20; i++)
		imp_send(&r, IN_DATA(i));
	imp_until(&r, r.now_us);
	ck_assert_uint_eq(r.nout, 40);
	imp_fini(&r);
}
END_TEST

/* What waits keeps its fate when the rule is replaced, cleared, or expires. */
START_TEST(waiting_packets_keep_their_fate)
{
	struct impair_rule rule = { .knobs.delay_us = 5000, .for_us = 3000 };
	struct impair_rule_info info;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	imp_send(&r, OUT_DATA(0));
	rule.knobs.delay_us = 7000;
	imp_set(&r, &rule);
	impair_rule_at(r.im, 0, r.now_us, &info);
	ck_assert_uint_eq(info.queued, 0);
	imp_send(&r, OUT_DATA(1));
	imp_until(&r, r.now_us + 3000);
	ck_assert(impair_active(r.im));
	ck_assert(!imp_send(&r, OUT_DATA(2)));
	imp_until(&r, r.now_us + 10000);
	ck_assert_uint_eq(r.nout, 2);
	ck_assert_uint_eq(r.out[0].us, IMP_START + 5000);
	ck_assert_uint_eq(r.out[1].us, IMP_START + 7000);
	ck_assert(!impair_active(r.im));
	imp_fini(&r);
}
END_TEST

/* A frame that is no packet, as a device reads it: kept like any other. */
START_TEST(malformed_packets_wait_too)
{
	static const uint8_t junk[] = { 0x45, 0, 0xff, 0xff, 1, 2, 3 };
	const struct impair_rule rule = {
		.knobs = { .delay_us = 100,
			   .corrupt = IMPAIR_PROB_ONE,
			   .duplicate = IMPAIR_PROB_ONE }
	};
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	for (uint32_t len = 0; len <= sizeof(junk); len++) {
		struct ustack_pkt *p = rig_wrap(&r.rig, junk, len);

		p->gso_size = len & 1 ? 100 : 0;
		ck_assert(impair_take(r.im, IMPAIR_IN, p, r.now_us));
	}
	imp_until(&r, r.now_us + 100);
	ck_assert_uint_eq(r.nout, 2 * (1 + sizeof(junk)));
	imp_fini(&r);
}
END_TEST

/* Anything, with everything on: bounded, and all comes back. */
START_TEST(random_traffic_is_safe)
{
	const struct impair_rule rule = { .knobs = { .delay_us = 3000,
						     .jitter_us = 2000,
						     .delay_corr = imp_p(200),
						     .dist = IMPAIR_DIST_NORMAL,
						     .loss = imp_p(100),
						     .loss_corr = imp_p(250),
						     .duplicate = imp_p(100),
						     .corrupt = imp_p(50),
						     .reorder = imp_p(200),
						     .gap = 3,
						     .rate_bps = 50000000,
						     .limit_pkts = 50,
						     .ecn = true } };
	const struct impair_script sc = {
		.match.port = 1,
		.nsteps = 3,
		.step = { { .action = IMPAIR_ACT_HOLD,
			    .kind = IMPAIR_KIND_ANY,
			    .first = 3,
			    .last = 5 },
			  { .action = IMPAIR_ACT_TRUNCATE,
			    .kind = IMPAIR_KIND_DATA,
			    .first = 1,
			    .last = UINT32_MAX },
			  { .action = IMPAIR_ACT_DUPLICATE,
			    .kind = IMPAIR_KIND_ICMP,
			    .first = 1,
			    .last = UINT32_MAX } }
	};
	struct imprig r;
	struct rng g;

	imp_init(&r, test_seed(), 300000);
	rng_init(&g, test_seed());
	imp_set(&r, &rule);
	imp_script(&r, &sc);
	for (uint32_t i = 0; i < 4000; i++) {
		struct imp_pkt p = { .dir = rng_below(&g, 2),
				     .lport = (uint16_t)(1 + rng_below(&g, 3)),
				     .rport = (uint16_t)(1 + rng_below(&g, 9)),
				     .flags = (uint8_t)rng_below(&g, 64),
				     .seq = rng_below(&g, 90000),
				     .ack = rng_below(&g, 90000),
				     .len = rng_below(&g, 3000),
				     .gso = (uint16_t)(rng_below(&g, 3) * 500),
				     .tos = (uint8_t)rng_below(&g, 4),
				     .v6 = rng_below(&g, 2),
				     .proto = rng_below(&g, 9) ? 0 : 1 };

		imp_send(&r, &p);
		imp_until(&r, r.now_us + rng_below(&g, 200));
		if (r.nout > 10000)
			imp_forget(&r);
	}
	imp_fini(&r);
}
END_TEST

static void add_bounds(Suite *s)
{
	TCase *tc = tcase_create("bounds");

	tcase_add_test(tc, queue_memory_is_bounded);
	tcase_add_test(tc, memory_shortage_loses_packets);
	tcase_add_test(tc, full_device_is_tried_again);
	tcase_add_test(tc, answer_may_come_while_forwarding);
	tcase_add_test(tc, waiting_packets_keep_their_fate);
	tcase_add_test(tc, malformed_packets_wait_too);
	tcase_add_test(tc, random_traffic_is_safe);
	suite_add_tcase(s, tc);
}

Suite *suite_link_impair(void)
{
	Suite *s = suite_create("link/impair");
	TCase *tc = tcase_create("engine");

	tcase_add_test(tc, idle_engine_lets_all_pass);
	tcase_add_test(tc, loss_is_told_and_counted);
	tcase_add_loop_test(tc, super_packet_is_cut_where_a_rule_matches, 0,
			    sizeof(cut) / sizeof(cut[0]));
	tcase_add_test(tc, duplicate_comes_twice);
	tcase_add_loop_test(tc, corrupted_packet_is_noticed, 0, 4);
	tcase_add_loop_test(tc, ecn_marks_instead_of_losing, 0, 4);
	suite_add_tcase(s, tc);
	add_bounds(s);
	return s;
}

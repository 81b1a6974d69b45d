/* SPDX-License-Identifier: MIT */
/*
 * test_apply.c - honest fates, and scripts beside rules
 */

#include "imprig.h"
#include "stack/base/rng.h"
#include "tests/unit/suites.h"

#define SEGMENTS 400u

static const struct impair_rule half = { .knobs = { .loss = 0x7fffffff,
						    .duplicate = 0x1fffffff,
						    .corrupt = 0x1fffffff,
						    .seed = 42,
						    .seed_set = true } };

/* ------------------------------------------------------------------ fates */

/* What befell each segment, by the knob named; 0 = nothing. */
struct fates {
	uint8_t of[2][SEGMENTS];
};

/* How a transfer may differ from another one that must fare the same. */
struct how {
	uint16_t rport;	  /* of the connection */
	uint32_t pause;	  /* us between segments */
	uint32_t others;  /* segments of other connections between */
	uint32_t earlier; /* connections before it */
	uint32_t isn;
};

/* A segment, and what happened to it. */
static uint8_t fate_of(struct imprig *r, const struct imp_pkt *p)
{
	uint32_t nev = r->nev;

	ck_assert(imp_send(r, p));
	return r->nev > nev ? (uint8_t)(r->ev[nev].faults) : 0;
}

static void send_other(struct imprig *r, uint32_t i)
{
	imp_send(r, &(struct imp_pkt){ .dir = i & 1,
				       .rport = (uint16_t)(20000 + i % 7),
				       .seq = i * 77,
				       .ack = i,
				       .len = i % 5 * 10 });
}

static void transfer(struct imprig *r, const struct how *h, struct fates *f)
{
	struct imp_pkt p = { .rport = h->rport, .len = 100, .isn = h->isn };

	memset(f, 0, sizeof(*f));
	for (uint32_t i = 0; i < SEGMENTS; i++) {
		p.dir = IMPAIR_OUT;
		p.seq = 1 + i * 100;
		p.len = 100;
		f->of[0][i] = fate_of(r, &p);
		p.dir = IMPAIR_IN; /* acknowledges it */
		p.seq = 1;
		p.ack = h->isn + 1 + i * 100;
		p.len = 0;
		f->of[1][i] = fate_of(r, &p);
		p.ack = 0;
		for (uint32_t o = 0; o < h->others; o++)
			send_other(r, i * h->others + o);
		imp_until(r, r->now_us + h->pause);
	}
}

static void open_at(struct imprig *r, uint16_t rport, uint32_t isn)
{
	imp_send(r, &(struct imp_pkt){ .dir = IMPAIR_IN,
				       .rport = rport,
				       .isn = isn,
				       .flags = TCP_SYN });
	imp_send(r, &(struct imp_pkt){ .dir = IMPAIR_OUT,
				       .rport = rport,
				       .isn = isn,
				       .ack = isn + 1,
				       .flags = TCP_SYN | TCP_ACK });
}

static void run(const struct how *h, const struct impair_rule *rule,
		struct fates *f)
{
	struct imprig r;

	imp_init(&r, test_seed() + h->pause, 0);
	for (uint32_t i = 0; i < h->pause; i++) /* other numbers, other rules */
		imp_set(&r, &(struct impair_rule){ .match.port = 9 });
	imp_set(&r, rule);
	for (uint32_t i = 0; i < h->earlier; i++)
		open_at(&r, (uint16_t)(30000 + i), i);
	open_at(&r, h->rport, h->isn);
	transfer(&r, h, f);
	imp_fini(&r);
}

static uint32_t differences(const struct fates *a, const struct fates *b)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < SEGMENTS; i++) {
		n += a->of[0][i] != b->of[0][i];
		n += a->of[1][i] != b->of[1][i];
	}
	return n;
}

/* Neither time, numbers, ports, nor other traffic behind it change a fate. */
START_TEST(fates_depend_on_bytes_alone)
{
	const struct how a = { .rport = 5 };
	const struct how b = { .rport = 77,
			       .pause = 300,
			       .others = 3,
			       .isn = 123456789 };
	struct fates fa, fb;

	run(&a, &half, &fa);
	run(&b, &half, &fb);
	ck_assert_uint_eq(differences(&fa, &fb), 0);
}
END_TEST

/* Another seed, the second connection, another port's rule: other fates. */
START_TEST(fates_differ_by_seed_and_ordinal)
{
	const struct how a = { .rport = 5 };
	const struct how second = { .rport = 5, .earlier = 1 };
	struct impair_rule rule = half;
	struct fates fa, fb;

	run(&a, &half, &fa);
	run(&second, &half, &fb);
	ck_assert_uint_gt(differences(&fa, &fb), SEGMENTS / 4);
	rule.knobs.seed++;
	run(&a, &rule, &fb);
	ck_assert_uint_gt(differences(&fa, &fb), SEGMENTS / 4);
	rule = half;
	rule.match.port = RIG_LPORT;
	run(&a, &rule, &fb);
	ck_assert_uint_gt(differences(&fa, &fb), SEGMENTS / 4);
}
END_TEST

/* Setting the rule again begins again: the next connection is its first. */
START_TEST(rule_that_is_set_again_repeats_its_fates)
{
	const struct how a = { .rport = 5 }, b = { .rport = 6, .isn = 99 };
	struct fates fa, fb;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &half);
	open_at(&r, 5, 0);
	transfer(&r, &a, &fa);
	imp_set(&r, &half);
	open_at(&r, 6, 99);
	transfer(&r, &b, &fb);
	ck_assert_uint_eq(differences(&fa, &fb), 0);
	imp_fini(&r);
}
END_TEST

/* Each transmission is a new draw: what is lost once gets through some time. */
START_TEST(retransmission_is_a_new_draw)
{
	struct imp_pkt p = { .dir = IMPAIR_OUT, .len = 100 };
	uint32_t lost[5] = { 0 };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &half);
	open_at(&r, 0, 0);
	for (uint32_t tx = 0; tx < 5; tx++) {
		for (uint32_t i = 0; i < 200; i++) {
			uint32_t nev = r.nev;

			p.seq = 1 + i * 100;
			imp_send(&r, &p);
			if (r.nev > nev && (r.ev[nev].faults & 1)) {
				EXPECT_EQ(r.ev[nev].tx, tx + 1);
				lost[tx]++;
			}
		}
	}
	for (uint32_t tx = 0; tx < 5; tx++) {
		ck_assert_uint_gt(lost[tx], 65);
		ck_assert_uint_lt(lost[tx], 135);
	}
	imp_fini(&r);
}
END_TEST

/* However often the SYN is sent, it is the rule's first connection. */
START_TEST(syn_sent_again_keeps_its_ordinal)
{
	const struct impair_rule rule = { .knobs.loss = IMPAIR_PROB_ONE };
	struct impair_rule_info info;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	for (uint32_t tx = 1; tx <= 5; tx++) {
		imp_send(&r, &(struct imp_pkt){ .dir = IMPAIR_IN,
						.flags = TCP_SYN });
		ck_assert_uint_eq(r.ev[tx - 1].tx, tx);
		ck_assert_uint_eq(r.ev[tx - 1].offset, 0);
	}
	impair_rule_at(r.im, 0, r.now_us, &info);
	ck_assert_uint_eq(info.conns, 1);
	open_at(&r, 9, 0);
	impair_rule_at(r.im, 0, r.now_us, &info);
	ck_assert_uint_eq(info.conns, 2);
	imp_fini(&r);
}
END_TEST

/* ICMP, fragments and the like: each packet a draw, at the rule's rate. */
START_TEST(packets_without_a_connection_are_drawn_one_by_one)
{
	const struct impair_rule rule = { .knobs.loss = 0x7fffffff };
	struct imp_pkt p = { .dir = IMPAIR_IN, .proto = 1, .len = 20 };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	for (uint32_t i = 0; i < 1000; i++)
		ck_assert(imp_send(&r, &p));
	imp_until(&r, r.now_us);
	ck_assert_uint_gt(r.nout, 400);
	ck_assert_uint_lt(r.nout, 600);
	ck_assert_uint_eq(r.nout + r.nev, 1000);
	ck_assert_uint_eq(r.ev[0].id, 0);
	imp_fini(&r);
}
END_TEST

/* Chains are a connection's own: what others do does not move them. */
START_TEST(chains_advance_per_connection)
{
	const struct how a = { .rport = 5 }, b = { .rport = 5, .others = 2 };
	const struct impair_rule rule = {
		.knobs = { .loss_model = IMPAIR_LOSS_GEMODEL,
			   .ge = { 0x1fffffff, 0x3fffffff, IMPAIR_PROB_ONE, 0 },
			   .reorder = 0x7fffffff,
			   .gap = 3,
			   .delay_us = 10,
			   .seed = 7,
			   .seed_set = true }
	};
	struct fates fa, fb;

	run(&a, &rule, &fa);
	run(&b, &rule, &fb);
	ck_assert_uint_eq(differences(&fa, &fb), 0);
}
END_TEST

/* ---------------------------------------------------------------- scripts */

#define EVERY	  .first = 1, .last = UINT32_MAX
#define NTH(a, b) .first = (a), .last = (b)
#define STEP(act, knd, ...)                                                    \
	{                                                                      \
		.action = IMPAIR_ACT_##act, .kind = IMPAIR_KIND_##knd,         \
		__VA_ARGS__                                                    \
	}

static struct impair_script script_of(struct impair_step st)
{
	return (struct impair_script){ .nsteps = 1, .step[0] = st };
}

/* The third data segment of each connection, and nothing else. */
START_TEST(script_drops_the_nth_packet)
{
	const struct impair_script sc = script_of((struct impair_step)STEP(
		DROP, DATA, .dirs = 1 << IMPAIR_OUT, NTH(3, 3)));
	struct impair_script_info info;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_script(&r, &sc);
	for (uint16_t port = 1; port <= 3; port++) {
		imp_open(&r, port);
		for (uint32_t i = 0; i < 10; i++)
			imp_send(&r, &(struct imp_pkt){ .dir = IMPAIR_OUT,
							.rport = port,
							.seq = 1 + i * 10,
							.ack = 1,
							.len = 10 });
	}
	imp_until(&r, r.now_us);
	ck_assert_uint_eq(r.nev, 3);
	for (uint32_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(r.ev[i].offset, 21);
		ck_assert_uint_eq(r.ev[i].rule, 1);
		ck_assert_uint_eq(r.ev[i].step, 1);
		ck_assert_uint_eq(r.ev[i].knob, USTACK_KNOB_SCRIPT);
	}
	ck_assert_uint_eq(r.nout, 3 * (3 + 9));
	impair_script_at(r.im, 0, &info);
	ck_assert_uint_eq(info.fired[0], 3);
	ck_assert(!info.done[0]);
	ck_assert_uint_eq(info.hit.offset, 21);
	imp_fini(&r);
}
END_TEST

/* For the next connection: bound at its SYN, done when it has acted. */
START_TEST(script_for_the_next_connection_is_done_once)
{
	struct impair_script sc = script_of(
		(struct impair_step)STEP(DROP, SYN, NTH(1, 2)));
	struct impair_script_info info;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	sc.match.next = true;
	imp_script(&r, &sc);
	for (uint32_t i = 0; i < 4; i++) {
		imp_send(&r, &(struct imp_pkt){ .dir = IMPAIR_IN,
						.flags = TCP_SYN });
		impair_script_at(r.im, 0, &info);
		ck_assert_uint_eq(info.done[0], i >= 1);
	}
	ck_assert_uint_eq(r.nev, 2);
	ck_assert_uint_eq(r.ev[1].tx, 2);
	ck_assert(!imp_send(&r, &(struct imp_pkt){ .dir = IMPAIR_IN,
						   .rport = 9,
						   .flags = TCP_SYN }));
	imp_fini(&r);
}
END_TEST

static const struct {
	const char *name;
	struct impair_step st;
	uint16_t faults;
	uint32_t nout;
	uint64_t last_us;
	const char *wrong; /* "" = anything */
} actions[] = {
	{ "drop", STEP(DROP, DATA, EVERY), 1 << USTACK_FAULT_LOST, 0, 0, NULL },
	{ "delay", STEP(DELAY, DATA, EVERY, .arg_us = 700),
	  1 << USTACK_FAULT_DELAYED, 1, 1700, NULL },
	{ "duplicate", STEP(DUPLICATE, DATA, EVERY),
	  1 << USTACK_FAULT_DELAYED | 1 << USTACK_FAULT_DUPLICATED, 2, 1000,
	  NULL },
	{ "corrupt", STEP(CORRUPT, DATA, EVERY),
	  1 << USTACK_FAULT_DELAYED | 1 << USTACK_FAULT_CORRUPTED, 1, 1000,
	  "" },
	{ "mark", STEP(MARK, DATA, EVERY),
	  1 << USTACK_FAULT_DELAYED | 1 << USTACK_FAULT_MARKED, 1, 1000, NULL },
	{ "truncate", STEP(TRUNCATE, DATA, EVERY, .arg = 5),
	  1 << USTACK_FAULT_DELAYED | 1 << USTACK_FAULT_TRUNCATED, 1, 1000,
	  "" },
	{ "tamper", STEP(TAMPER, DATA, EVERY),
	  1 << USTACK_FAULT_DELAYED | 1 << USTACK_FAULT_TAMPERED, 1, 1000,
	  NULL },
	{ "nothing to truncate", STEP(TRUNCATE, DATA, EVERY, .arg = 500),
	  1 << USTACK_FAULT_DELAYED, 1, 1000, NULL },
};

/* Each action, on the way that a rule describes, in both directions. */
START_TEST(script_acts_and_the_rule_delays)
{
	const struct impair_rule rule = {
		.knobs = { .delay_us = 1000, .loss = IMPAIR_PROB_ONE }
	};
	const enum impair_dir dir = _i & 1;
	const struct impair_script sc = script_of(actions[_i / 2].st);
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_set(&r, &rule);
	imp_script(&r, &sc);
	imp_send(&r, &(struct imp_pkt){ .dir = dir, .len = 100, .tos = 2 });
	imp_until(&r, r.now_us + 5000);
	ck_assert_uint_eq(r.nev, 1);
	ck_assert_uint_eq(r.ev[0].faults, actions[_i / 2].faults);
	ck_assert_uint_eq(r.nout, actions[_i / 2].nout);
	if (r.nout) {
		const struct imp_out *o = &r.out[r.nout - 1];

		ck_assert_uint_eq(o->us - IMP_START, actions[_i / 2].last_us);
		ck_assert_int_eq(o->wrong != NULL,
				 actions[_i / 2].wrong != NULL);
		if (r.ev[0].faults & 1 << USTACK_FAULT_MARKED)
			ck_assert_uint_eq(o->v.ecn, 3);
	}
	imp_fini(&r);
}
END_TEST

/* Held: behind the next one that passes; a lost one does not count. */
START_TEST(held_packet_follows_the_next_that_passes)
{
	struct impair_script sc = { .nsteps = 2,
				    .step = { STEP(HOLD, DATA, NTH(2, 2)),
					      STEP(DROP, DATA, NTH(3, 3)) } };
	static const uint32_t want[] = { 1, 301, 101, 401 };
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_script(&r, &sc);
	for (uint32_t i = 0; i < 5; i++) {
		imp_send(&r, OUT_DATA(i));
		imp_send(&r, &(struct imp_pkt){ .dir = IMPAIR_OUT,
						.rport = 9,
						.seq = 1,
						.ack = i });
		imp_until(&r, r.now_us + 10);
	}
	for (uint32_t i = 0, n = 0; i < r.nout; i++) {
		if (r.out[i].v.rport == 9)
			continue;
		ck_assert_uint_eq(r.out[i].v.seq, want[n++]);
	}
	ck_assert_uint_eq(r.ev[0].faults, 1 << USTACK_FAULT_HELD);
	ck_assert(impair_run(r.im, r.now_us) == IMPAIR_NEVER);
	imp_fini(&r);
}
END_TEST

/* Nothing follows: it goes after IMPAIR_HOLD_US all the same. */
START_TEST(held_packet_does_not_wait_for_ever)
{
	const struct impair_script sc = script_of(
		(struct impair_step)STEP(HOLD, DATA, EVERY));
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_script(&r, &sc);
	imp_send(&r, OUT_DATA(0));
	imp_send(&r, IN_DATA(0));
	imp_until(&r, r.now_us + 2 * IMPAIR_HOLD_US);
	ck_assert_uint_eq(r.nout, 2);
	ck_assert_uint_eq(r.out[0].us, IMP_START + IMPAIR_HOLD_US);
	imp_send(&r, OUT_DATA(1)); /* dropped with the engine */
	imp_fini(&r);
}
END_TEST

/* ICMP is counted by the script, whatever connection it is for. */
START_TEST(script_counts_icmp_by_itself)
{
	struct impair_script sc = script_of((struct impair_step)STEP(
		DROP, ICMP, .dirs = 1 << IMPAIR_IN, NTH(2, 2)));
	struct impair_script_info info;
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	sc.match.port = 80;
	imp_script(&r, &sc);
	for (uint32_t i = 0; i < 4; i++)
		imp_send(&r, &(struct imp_pkt){ .dir = IMPAIR_IN, .proto = 1 });
	ck_assert_uint_eq(r.nev, 1);
	impair_script_at(r.im, 0, &info);
	ck_assert_uint_eq(info.fired[0], 1);
	ck_assert(info.done[0]);
	imp_fini(&r);
}
END_TEST

/* Two scripts: both count every packet, the first that acts decides. */
START_TEST(scripts_count_side_by_side)
{
	const struct impair_script a = script_of(
		(struct impair_step)STEP(DROP, DATA, NTH(2, 2)));
	const struct impair_script b = script_of(
		(struct impair_step)STEP(DUPLICATE, DATA, NTH(2, 3)));
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_script(&r, &a);
	imp_script(&r, &b);
	for (uint32_t i = 0; i < 4; i++)
		imp_send(&r, OUT_DATA(i));
	ck_assert_uint_eq(r.nev, 2);
	ck_assert_uint_eq(r.ev[0].rule, 1);
	ck_assert_uint_eq(r.ev[0].offset, 101);
	ck_assert_uint_eq(r.ev[1].rule, 2);
	ck_assert_uint_eq(r.ev[1].offset, 201);
	imp_fini(&r);
}
END_TEST

/* A silent endpoint hears no script either. */
START_TEST(silence_comes_before_scripts)
{
	const struct impair_rule dead = { .silent = true };
	const struct impair_script sc = script_of(
		(struct impair_step)STEP(DUPLICATE, DATA, EVERY));
	struct imprig r;

	imp_init(&r, test_seed(), 0);
	imp_script(&r, &sc);
	imp_set(&r, &dead);
	imp_send(&r, OUT_DATA(0));
	imp_until(&r, r.now_us);
	ck_assert_uint_eq(r.nout, 0);
	ck_assert_uint_eq(r.ev[0].knob, USTACK_KNOB_HALF_OPEN);
	ck_assert_uint_eq(r.ev[0].rule, 2);
	ck_assert_uint_eq(r.ev[0].step, 0);
	imp_fini(&r);
}
END_TEST

static void add_scripts(Suite *s)
{
	TCase *tc = tcase_create("scripts");

	tcase_add_test(tc, script_drops_the_nth_packet);
	tcase_add_test(tc, script_for_the_next_connection_is_done_once);
	tcase_add_loop_test(tc, script_acts_and_the_rule_delays, 0,
			    2 * (int)(sizeof(actions) / sizeof(actions[0])));
	tcase_add_test(tc, held_packet_follows_the_next_that_passes);
	tcase_add_test(tc, held_packet_does_not_wait_for_ever);
	tcase_add_test(tc, script_counts_icmp_by_itself);
	tcase_add_test(tc, scripts_count_side_by_side);
	tcase_add_test(tc, silence_comes_before_scripts);
	suite_add_tcase(s, tc);
}

Suite *suite_link_apply(void)
{
	Suite *s = suite_create("link/apply");
	TCase *tc = tcase_create("fates");

	tcase_add_test(tc, fates_depend_on_bytes_alone);
	tcase_add_test(tc, fates_differ_by_seed_and_ordinal);
	tcase_add_test(tc, rule_that_is_set_again_repeats_its_fates);
	tcase_add_test(tc, retransmission_is_a_new_draw);
	tcase_add_test(tc, syn_sent_again_keeps_its_ordinal);
	tcase_add_test(tc, packets_without_a_connection_are_drawn_one_by_one);
	tcase_add_test(tc, chains_advance_per_connection);
	suite_add_tcase(s, tc);
	add_scripts(s);
	return s;
}

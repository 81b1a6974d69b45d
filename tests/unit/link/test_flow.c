/* SPDX-License-Identifier: MIT */
/*
 * test_flow.c - connections as impairment remembers them
 */

#include "stack/base/bytes.h"
#include "stack/base/rng.h"
#include "stack/link/flow.h"
#include "stack/wire/tcp_hdr.h"
#include "tests/unit/base/testmem.h"
#include "tests/unit/suites.h"

#define ISN_IN	0xfffffff0u /* the first bytes cross the wrap */
#define ISN_OUT 0x12345678u
#define MSS	1000u

struct flowrig {
	struct testmem mem;
	struct flows flows;
	uint64_t stays; /* serial of a flow that must stay */
};

static bool stays(void *ctx, uint64_t serial)
{
	return ((struct flowrig *)ctx)->stays == serial;
}

static void rig_up(struct flowrig *r)
{
	*r = (struct flowrig){ 0 };
	testmem_init(&r->mem, (uint64_t)64 << 20);
	r->flows.pinned = stays;
	r->flows.ctx = r;
	ck_assert_int_eq(flows_init(&r->flows, &r->mem.mem, test_seed()), 0);
}

static void rig_down(struct flowrig *r)
{
	flows_fini(&r->flows);
	testmem_fini(&r->mem);
}

struct seg {
	enum impair_dir dir;
	uint8_t flags;
	uint32_t seq, ack, len; /* relative to the ISNs */
	uint16_t rport;
};

static struct link_view view_of(const struct seg *s)
{
	bool in = s->dir == IMPAIR_IN;

	return (struct link_view){
		.local = { { 1 } },
		.remote = { { 2 } },
		.lport = 7,
		.rport = s->rport,
		.dir = (uint8_t)s->dir,
		.kind = LINK_TCP,
		.flags = s->flags ? s->flags : TCP_ACK,
		.seq = s->seq + (in ? ISN_IN : ISN_OUT),
		.ack = s->ack + (in ? ISN_OUT : ISN_IN),
		.data_len = s->len,
	};
}

static struct flow_place note(struct flowrig *r, struct seg s)
{
	struct link_view v = view_of(&s);
	struct flow *fl = flow_get(&r->flows, &v);
	struct flow_place pl;

	ck_assert_ptr_nonnull(fl);
	flow_note(&r->flows, fl, &v, &pl);
	return pl;
}

static struct flow *flow_of(struct flowrig *r, struct seg s)
{
	struct link_view v = view_of(&s);

	return flow_get(&r->flows, &v);
}

static void at(struct flow_place pl, uint64_t offset, uint32_t tx)
{
	EXPECT_EQ(pl.offset, offset);
	EXPECT_EQ(pl.tx, tx);
}

#define SYN_IN                                                                 \
	(struct seg)                                                           \
	{                                                                      \
		.dir = IMPAIR_IN, .flags = TCP_SYN                             \
	}
#define SYN_ACK                                                                \
	(struct seg)                                                           \
	{                                                                      \
		.dir = IMPAIR_OUT, .flags = TCP_SYN | TCP_ACK, .ack = 1        \
	}
#define IN(...)                                                                \
	(struct seg)                                                           \
	{                                                                      \
		.dir = IMPAIR_IN, __VA_ARGS__                                  \
	}
#define OUT(...)                                                               \
	(struct seg)                                                           \
	{                                                                      \
		.dir = IMPAIR_OUT, __VA_ARGS__                                 \
	}

/* SYN is 0, the first byte 1; both across the wrap. */
START_TEST(offsets_count_from_the_syn)
{
	struct flowrig r;

	rig_up(&r);
	at(note(&r, SYN_IN), 0, 1);
	at(note(&r, SYN_ACK), 0, 1);
	at(note(&r, IN(.seq = 1, .ack = 1)), 1, 1);
	for (uint32_t i = 0; i < 100; i++)
		at(note(&r, IN(.seq = 1 + i * MSS, .ack = 1, .len = MSS)),
		   1 + i * MSS, 1);
	at(note(&r, IN(.flags = TCP_FIN | TCP_ACK, .seq = 1 + 100 * MSS)),
	   1 + 100 * MSS, 1);
	at(note(&r, OUT(.seq = 1, .ack = 1, .len = 10)), 1, 1);
	ck_assert_uint_eq(r.flows.count, 1);
	rig_down(&r);
}
END_TEST

/* The same ISN again is the same flow's second transmission. */
START_TEST(syn_sent_again_stays_in_its_flow)
{
	struct flowrig r;
	struct flow *fl;

	rig_up(&r);
	at(note(&r, SYN_IN), 0, 1);
	fl = flow_of(&r, SYN_IN);
	at(note(&r, SYN_IN), 0, 2);
	at(note(&r, SYN_IN), 0, 3);
	at(note(&r, SYN_ACK), 0, 1);
	at(note(&r, SYN_ACK), 0, 2);
	ck_assert_ptr_eq(flow_of(&r, SYN_ACK), fl);
	rig_down(&r);
}
END_TEST

/* Another ISN with the same ports is another connection. */
START_TEST(syn_with_another_number_begins_a_new_flow)
{
	struct flowrig r;
	uint64_t serial;

	rig_up(&r);
	note(&r, SYN_IN);
	note(&r, SYN_ACK);
	note(&r, IN(.seq = 1, .ack = 1, .len = MSS));
	serial = flow_of(&r, SYN_IN)->serial;
	at(note(&r, IN(.flags = TCP_SYN, .seq = 77777)), 0, 1);
	ck_assert_uint_ne(flow_of(&r, IN(.seq = 77778))->serial, serial);
	ck_assert_uint_eq(r.flows.count, 1);
	/* an answer to the old one is not the new one's */
	serial = flow_of(&r, IN(.seq = 77778))->serial;
	ck_assert_uint_ne(flow_of(&r, SYN_ACK)->serial, serial);
	rig_down(&r);
}
END_TEST

/* Simultaneous open: two SYNs, one connection. */
START_TEST(crossing_syns_are_one_flow)
{
	struct flowrig r;

	rig_up(&r);
	at(note(&r, OUT(.flags = TCP_SYN)), 0, 1);
	at(note(&r, SYN_IN), 0, 1);
	at(note(&r, SYN_ACK), 0, 2);
	at(note(&r, IN(.flags = TCP_SYN | TCP_ACK, .ack = 1)), 0, 2);
	ck_assert_uint_eq(r.flows.serial, 1);
	rig_down(&r);
}
END_TEST

/* One direction is enough to know where the other one began. */
START_TEST(acks_tell_where_the_unseen_direction_began)
{
	struct flowrig r;

	rig_up(&r);
	at(note(&r, SYN_ACK), 0, 1);
	at(note(&r, OUT(.seq = 1, .ack = 1 + MSS)), 1 + MSS, 1);
	at(note(&r, OUT(.seq = 1, .ack = 1 + 2 * MSS)), 1 + 2 * MSS, 1);
	rig_down(&r);

	rig_up(&r);
	note(&r, SYN_IN);
	at(note(&r, IN(.seq = 1, .ack = 1)), 1, 1);
	at(note(&r, IN(.seq = 1, .ack = 1 + MSS)), 1 + MSS, 1);
	rig_down(&r);
}
END_TEST

/* A retransmission counts by its offset; new data is never one. */
START_TEST(transmissions_are_counted_by_offset)
{
	struct flowrig r;
	struct flow_place pl;

	rig_up(&r);
	note(&r, SYN_IN);
	for (uint32_t i = 0; i < 50; i++)
		note(&r, IN(.seq = 1 + i * MSS, .len = MSS));
	for (uint32_t tx = 2; tx < 20; tx++) {
		for (uint32_t i = 0; i < 50; i += 7) {
			pl = note(&r, IN(.seq = 1 + i * MSS, .len = MSS));
			at(pl, 1 + i * MSS, tx);
			EXPECT(pl.again);
		}
	}
	pl = note(&r, IN(.seq = 1 + 50 * MSS, .len = MSS));
	at(pl, 1 + 50 * MSS, 1);
	EXPECT(!pl.again);
	/* begins in the old, ends in the new */
	at(note(&r, IN(.seq = 1 + 50 * MSS + 1, .len = 2 * MSS)), 2 + 50 * MSS,
	   2);
	at(note(&r, IN(.seq = 2 + 52 * MSS, .len = MSS)), 2 + 52 * MSS, 1);
	rig_down(&r);
}
END_TEST

/* However many are out, the number never falls back while one repeats. */
START_TEST(table_of_retransmissions_keeps_the_newest)
{
	struct flowrig r;
	const uint32_t n = 5000;

	rig_up(&r);
	note(&r, SYN_IN);
	for (uint32_t i = 0; i < n; i++)
		note(&r, IN(.seq = 1 + i * MSS, .len = MSS));
	for (uint32_t i = 0; i < n; i++)
		at(note(&r, IN(.seq = 1 + i * MSS, .len = MSS)), 1 + i * MSS,
		   2);
	for (uint32_t i = n - 64; i < n; i++)
		at(note(&r, IN(.seq = 1 + i * MSS, .len = MSS)), 1 + i * MSS,
		   3);
	for (uint32_t tx = 2; tx < 8; tx++)
		note(&r, IN(.seq = 1 + 5 * MSS, .len = MSS));
	at(note(&r, IN(.seq = 1 + 5 * MSS, .len = MSS)), 1 + 5 * MSS, 8);
	rig_down(&r);
}
END_TEST

/* Offsets go on where sequence numbers come round. */
START_TEST(offsets_outlive_the_sequence_space)
{
	struct flowrig r;
	uint64_t pos = 1;

	rig_up(&r);
	note(&r, SYN_IN);
	for (uint32_t i = 0; i < 100; i++) {
		at(note(&r, IN(.seq = (uint32_t)pos, .len = 60000u * 1000u)),
		   pos, 1);
		pos += 60000u * 1000u;
	}
	EXPECT_GT(pos, (uint64_t)UINT32_MAX);
	pos -= MSS;
	at(note(&r, IN(.seq = (uint32_t)pos, .len = MSS)), pos, 2);
	rig_down(&r);
}
END_TEST

/* Pure ACKs by what they acknowledge; resets one by one. */
START_TEST(acks_count_repetitions_and_resets_themselves)
{
	struct flowrig r;

	rig_up(&r);
	note(&r, SYN_IN);
	note(&r, SYN_ACK);
	for (uint32_t rep = 1; rep < 5; rep++) {
		struct flow_place pl = note(&r, IN(.seq = 1, .ack = 1 + MSS));

		at(pl, 1 + MSS, rep);
		EXPECT(pl.ack && !pl.again);
	}
	at(note(&r, IN(.seq = 1, .ack = 1 + 2 * MSS)), 1 + 2 * MSS, 1);
	at(note(&r, IN(.flags = TCP_RST, .seq = 1)), 1, 1);
	at(note(&r, IN(.flags = TCP_RST, .seq = 1)), 1, 2);
	rig_down(&r);
}
END_TEST

/* First seen in the middle: counted from there, both ways. */
START_TEST(flow_may_begin_in_the_middle)
{
	struct flowrig r;

	rig_up(&r);
	at(note(&r, OUT(.seq = 500000, .ack = 900000, .len = MSS)), 1, 1);
	at(note(&r, OUT(.seq = 500000 + MSS, .ack = 900000, .len = MSS)),
	   1 + MSS, 1);
	at(note(&r, OUT(.seq = 500000, .ack = 900000, .len = MSS)), 1, 2);
	at(note(&r, IN(.seq = 900000, .ack = 500000 + MSS)), 1 + MSS, 1);
	/* below what was first seen */
	EXPECT(note(&r, OUT(.seq = 400000, .len = MSS)).again);
	rig_down(&r);
}
END_TEST

/* The one not seen for longest goes, unless it is bound. */
START_TEST(table_is_bounded_and_forgets_the_oldest)
{
	struct flowrig r;
	struct link_view v;

	rig_up(&r);
	note(&r, IN(.flags = TCP_SYN, .rport = 1));
	r.stays = flow_of(&r, IN(.flags = TCP_SYN, .rport = 1))->serial;
	note(&r, IN(.flags = TCP_SYN, .rport = 2));
	note(&r, IN(.flags = TCP_SYN, .rport = 3));
	for (uint32_t i = 10; i < IMPAIR_FLOWS_MAX + 10; i++) {
		note(&r, IN(.flags = TCP_SYN, .rport = (uint16_t)i));
		note(&r, IN(.seq = 1, .rport = 3)); /* seen again and again */
		EXPECT_LE(r.flows.count, IMPAIR_FLOWS_MAX);
	}
	v = view_of(&IN(.flags = TCP_SYN, .rport = 1));
	ck_assert_ptr_nonnull(flow_find(&r.flows, &v));
	v = view_of(&IN(.flags = TCP_SYN, .rport = 2));
	ck_assert_ptr_null(flow_find(&r.flows, &v));
	v = view_of(&IN(.flags = TCP_SYN, .rport = 3));
	ck_assert_ptr_nonnull(flow_find(&r.flows, &v));
	rig_down(&r);
}
END_TEST

/* Records by generation; the oldest of too many makes way. */
START_TEST(records_under_rules_are_bounded)
{
	struct flowrig r;
	struct flow *fl;

	rig_up(&r);
	note(&r, SYN_IN);
	fl = flow_of(&r, SYN_IN);
	for (uint64_t gen = 1; gen <= 3 * FLOW_UNDER_MAX; gen++) {
		struct flow_under *u = flow_under(&r.flows, fl, gen);
		struct script_flow *w = flow_watched(&r.flows, fl, gen);

		EXPECT_EQ(u->ordinal, 0);
		EXPECT(!w->started);
		u->ordinal = gen;
		w->started = true;
		EXPECT(flow_under(&r.flows, fl, gen) == u);
		EXPECT(flow_watched(&r.flows, fl, gen) == w);
	}
	for (uint64_t gen = 3 * FLOW_UNDER_MAX; gen > 2 * FLOW_UNDER_MAX; gen--)
		EXPECT_EQ(flow_under(&r.flows, fl, gen)->ordinal, gen);
	EXPECT_EQ(flow_under(&r.flows, fl, 1)->ordinal, 0);
	rig_down(&r);
}
END_TEST

/* A rule that is asked for stays, however often its neighbour is replaced. */
START_TEST(rule_in_use_keeps_its_record)
{
	struct flowrig r;
	struct flow *fl;

	rig_up(&r);
	note(&r, SYN_IN);
	fl = flow_of(&r, SYN_IN);
	flow_under(&r.flows, fl, 1)->ordinal = 7;
	for (uint64_t gen = 2; gen <= 3 * FLOW_UNDER_MAX; gen++) {
		flow_under(&r.flows, fl, gen)->ordinal = gen;
		EXPECT_EQ(flow_under(&r.flows, fl, 1)->ordinal, 7);
	}
	rig_down(&r);
}
END_TEST

/* Each of all the scripts that there can be goes on counting. */
START_TEST(scripts_do_not_drive_each_other_out)
{
	struct flowrig r;
	struct flow *fl;

	rig_up(&r);
	note(&r, SYN_IN);
	fl = flow_of(&r, SYN_IN);
	for (uint32_t pkt = 0; pkt < 3; pkt++)
		for (uint64_t gen = 1; gen <= IMPAIR_SCRIPTS_MAX; gen++)
			EXPECT_EQ(flow_watched(&r.flows, fl, gen)->seen[0]++,
				  pkt);
	rig_down(&r);
}
END_TEST

/* Out of memory: no flow, no table of retransmissions; no number repeats. */
START_TEST(memory_shortage_is_survived)
{
	struct flowrig r;
	struct link_view v = view_of(&SYN_IN);
	uint64_t budget;

	rig_up(&r);
	note(&r, SYN_IN);
	note(&r, IN(.seq = 1, .len = MSS));
	budget = r.mem.mem.budget;
	r.mem.mem.budget = r.mem.mem.taken;
	for (uint32_t tx = 2; tx < 6; tx++)
		at(note(&r, IN(.seq = 1, .len = MSS)), 1, tx);
	for (uint16_t port = 1; port < 2000; port++) {
		v.rport = port;
		if (!flow_get(&r.flows, &v))
			break;
	}
	ck_assert_uint_lt(v.rport, 1999);
	r.mem.mem.budget = budget;
	ck_assert_ptr_nonnull(flow_get(&r.flows, &v));
	rig_down(&r);
}
END_TEST

/* Anything at all: bounded, and every flow can be found again. */
START_TEST(random_segments_are_safe)
{
	struct flowrig r;
	struct rng rng;

	rig_up(&r);
	rng_init(&rng, test_seed());
	for (uint32_t i = 0; i < 200000; i++) {
		struct seg s = { .dir = rng_below(&rng, 2),
				 .flags = (uint8_t)rng_below(&rng, 64),
				 .seq = (uint32_t)rng_u64(&rng),
				 .ack = (uint32_t)rng_u64(&rng),
				 .len = rng_below(&rng, 65536),
				 .rport = (uint16_t)rng_below(&rng, 50) };
		struct flow_place pl = note(&r, s);

		EXPECT_GE(pl.tx, 1);
		EXPECT_LE(r.flows.count, 50);
	}
	rig_down(&r);
}
END_TEST

Suite *suite_link_flow(void)
{
	Suite *s = suite_create("link/flow");
	TCase *tc = tcase_create("places");

	tcase_add_test(tc, offsets_count_from_the_syn);
	tcase_add_test(tc, syn_sent_again_stays_in_its_flow);
	tcase_add_test(tc, syn_with_another_number_begins_a_new_flow);
	tcase_add_test(tc, crossing_syns_are_one_flow);
	tcase_add_test(tc, acks_tell_where_the_unseen_direction_began);
	tcase_add_test(tc, transmissions_are_counted_by_offset);
	tcase_add_test(tc, table_of_retransmissions_keeps_the_newest);
	tcase_add_test(tc, offsets_outlive_the_sequence_space);
	tcase_add_test(tc, acks_count_repetitions_and_resets_themselves);
	tcase_add_test(tc, flow_may_begin_in_the_middle);
	suite_add_tcase(s, tc);

	tc = tcase_create("table");
	tcase_add_test(tc, table_is_bounded_and_forgets_the_oldest);
	tcase_add_test(tc, records_under_rules_are_bounded);
	tcase_add_test(tc, rule_in_use_keeps_its_record);
	tcase_add_test(tc, scripts_do_not_drive_each_other_out);
	tcase_add_test(tc, memory_shortage_is_survived);
	tcase_add_test(tc, random_segments_are_safe);
	suite_add_tcase(s, tc);
	return s;
}

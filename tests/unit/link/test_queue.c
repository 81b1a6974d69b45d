/* SPDX-License-Identifier: MIT */
/*
 * test_queue.c - packets that wait, by time
 */

#include "linkrig.h"
#include "stack/base/bytes.h"
#include "stack/base/rng.h"
#include "stack/link/queue.h"
#include "tests/unit/suites.h"

#define BYTES ((uint64_t)1 << 20)

struct queuerig {
	struct rig rig;
	struct testmem tables;
	struct queue q;
};

static void rig_up(struct queuerig *r, uint64_t bytes)
{
	rig_init(&r->rig);
	testmem_init(&r->tables, (uint64_t)8 << 20);
	ck_assert_int_eq(queue_init(&r->q, &r->tables.mem, bytes), 0);
}

static void rig_down(struct queuerig *r)
{
	EXPECT_EQ(r->q.bytes, 0);
	EXPECT_EQ(r->q.bufs.count, 0);
	queue_fini(&r->q);
	testmem_fini(&r->tables);
	rig_fini(&r->rig);
}

static struct ustack_pkt *pkt(struct queuerig *r, uint32_t len)
{
	return rig_make(&r->rig, &(struct rig_pkt){ .dir = IMPAIR_OUT,
						    .data_len = len,
						    .nslices = 1 });
}

static bool push(struct queuerig *r, struct ustack_pkt *p, uint64_t due_us)
{
	struct queue_item it = { .due_us = due_us, .p = p };
	bool ok = queue_push(&r->q, IMPAIR_OUT, &it);

	if (!ok)
		rig_free(&r->rig, p);
	return ok;
}

/* Take the first that is due by @now_us; 0 when none is, else its time. */
static uint64_t pop(struct queuerig *r, uint64_t now_us)
{
	struct queue_item it;

	if (!queue_pop(&r->q, IMPAIR_OUT, now_us, &it))
		return 0;
	queue_gone(&r->q, it.p);
	rig_free(&r->rig, it.p);
	return it.due_us;
}

/* Any order in: by time out, and those of one time as they came. */
START_TEST(order_is_by_time_and_stable)
{
	struct queuerig r;
	struct rng rng;
	uint64_t last = 0, order = 0;
	struct queue_item it;

	rig_up(&r, 64 * BYTES);
	rng_init(&rng, test_seed());
	for (uint32_t i = 0; i < 5000; i++)
		EXPECT(push(&r, pkt(&r, 0), 1 + rng_below(&rng, 300)));
	ck_assert_uint_eq(queue_pkts(&r.q), 5000);
	ck_assert_uint_eq(pop(&r, 0), 0);
	while (queue_pop(&r.q, IMPAIR_OUT, 300, &it)) {
		EXPECT_GE(it.due_us, last);
		EXPECT(it.due_us > last || it.order > order);
		last = it.due_us;
		order = it.order;
		queue_gone(&r.q, it.p);
		rig_free(&r.rig, it.p);
	}
	ck_assert(queue_next_us(&r.q) == IMPAIR_NEVER);
	rig_down(&r);
}
END_TEST

/* What is put back keeps its place in front of those of the same time. */
START_TEST(packet_put_back_is_first_again)
{
	struct queuerig r;
	struct queue_item it, again;

	rig_up(&r, BYTES);
	for (uint32_t i = 0; i < 10; i++)
		EXPECT(push(&r, pkt(&r, 100), 5));
	ck_assert(queue_pop(&r.q, IMPAIR_OUT, 5, &it));
	queue_gone(&r.q, it.p);
	queue_again(&r.q, IMPAIR_OUT, &it);
	ck_assert(queue_pop(&r.q, IMPAIR_OUT, 5, &again));
	ck_assert_ptr_eq(again.p, it.p);
	queue_gone(&r.q, again.p);
	queue_again(&r.q, IMPAIR_OUT, &again);
	EXPECT_EQ(r.q.bufs.count, 10);
	while (pop(&r, 5))
		;
	rig_down(&r);
}
END_TEST

/* A buffer is counted once, whole, while any slice of it waits. */
START_TEST(shared_buffer_is_counted_once)
{
	struct queuerig r;
	struct ustack_pkt *p;
	uint64_t one, block;

	rig_up(&r, BYTES);
	p = pkt(&r, 30000);
	EXPECT(push(&r, r.rig.host.pkt_keep(&r.rig, p), 1));
	one = r.q.bytes;
	EXPECT_GE(one, ubuf_footprint(p->slice[0].buf));
	EXPECT(push(&r, r.rig.host.pkt_keep(&r.rig, p), 2));
	block = r.q.bytes - one;
	EXPECT_LT(block, 512);
	EXPECT_GE(one, ubuf_footprint(p->slice[0].buf) + block);
	pop(&r, 1);
	EXPECT_EQ(r.q.bytes, one);
	pop(&r, 2);
	rig_free(&r.rig, p);
	rig_down(&r);
}
END_TEST

/* Never above the bound; a refused packet leaves no trace. */
START_TEST(memory_is_bounded)
{
	struct queuerig r;
	struct rng rng;
	uint32_t refused = 0;

	rig_up(&r, 200000);
	rng_init(&rng, test_seed());
	for (uint32_t i = 0; i < 20000; i++) {
		refused += !push(&r, pkt(&r, rng_below(&rng, 3000)), i + 50);
		EXPECT_LE(r.q.bytes, 200000);
		if (rng_below(&rng, 10) == 0)
			pop(&r, i);
	}
	ck_assert_uint_gt(refused, 0);
	while (pop(&r, 100000))
		;
	rig_down(&r);
}
END_TEST

/* No memory for tables: refused too. */
START_TEST(queue_without_tables_refuses)
{
	struct queuerig r;
	bool ok = true;

	rig_up(&r, 64 * BYTES);
	r.tables.mem.budget = r.tables.mem.taken;
	for (uint32_t i = 0; i < 100000 && ok; i++)
		ok = push(&r, pkt(&r, 10), 1);
	ck_assert(!ok);
	r.tables.mem.budget = 8 * BYTES;
	ck_assert(push(&r, pkt(&r, 10), 1));
	while (pop(&r, 1))
		;
	rig_down(&r);
}
END_TEST

static void hold(struct queuerig *r, uint64_t until_us, uint64_t flow,
		 uint32_t len)
{
	struct queue_item it = { .due_us = until_us, .p = pkt(r, len) };

	EXPECT(queue_hold(&r->q, IMPAIR_OUT, &it, flow));
}

/* Held: behind the next of its own flow and direction, and in order. */
START_TEST(held_packets_follow_the_next_of_their_flow)
{
	struct queuerig r;
	struct queue_item it;
	uint32_t lens[4], n = 0;

	rig_up(&r, BYTES);
	hold(&r, 1000, 1, 11);
	hold(&r, 1000, 1, 12);
	hold(&r, 1000, 2, 21);
	ck_assert_uint_eq(queue_pkts(&r.q), 3);
	ck_assert_uint_eq(queue_next_us(&r.q), 1000);
	EXPECT(push(&r, pkt(&r, 13), 7));
	queue_follow(&r.q, IMPAIR_IN, 1, 7);
	queue_follow(&r.q, IMPAIR_OUT, 3, 7);
	ck_assert_uint_eq(r.q.nheld, 3);
	queue_follow(&r.q, IMPAIR_OUT, 1, 7);
	ck_assert_uint_eq(r.q.nheld, 1);
	while (queue_pop(&r.q, IMPAIR_OUT, 7, &it)) {
		lens[n++] = it.p->len - 40;
		queue_gone(&r.q, it.p);
		rig_free(&r.rig, it.p);
	}
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(lens[0], 13);
	ck_assert_uint_eq(lens[1], 11);
	ck_assert_uint_eq(lens[2], 12);
	queue_unhold(&r.q, 999);
	ck_assert_uint_eq(pop(&r, 999), 0);
	queue_unhold(&r.q, 1000);
	ck_assert_uint_eq(pop(&r, 1000), 1000);
	rig_down(&r);
}
END_TEST

/* One that may be held for long keeps no other one behind it. */
START_TEST(held_packets_go_at_their_own_latest_time)
{
	struct queuerig r;

	rig_up(&r, BYTES);
	hold(&r, 9000, 1, 11);
	hold(&r, 1000, 2, 21);
	hold(&r, 5000, 3, 31);
	ck_assert_uint_eq(queue_next_us(&r.q), 1000);
	queue_unhold(&r.q, 1000);
	ck_assert_uint_eq(r.q.nheld, 2);
	ck_assert_uint_eq(pop(&r, 1000), 1000);
	queue_unhold(&r.q, 9000);
	ck_assert_uint_eq(pop(&r, 9000), 5000);
	ck_assert_uint_eq(pop(&r, 9000), 9000);
	rig_down(&r);
}
END_TEST

/* However many are held, letting them go needs no memory. */
START_TEST(room_for_held_packets_is_there)
{
	struct queuerig r;

	rig_up(&r, 64 * BYTES);
	for (uint32_t i = 0; i < 3000; i++)
		hold(&r, 1000 + i, i, 10);
	r.rig.refuse = true;
	r.tables.refuse = true;
	queue_unhold(&r.q, 5000);
	ck_assert_uint_eq(r.q.nheld, 0);
	for (uint32_t i = 0; i < 3000; i++)
		EXPECT_EQ(pop(&r, 5000), 1000 + i);
	rig_down(&r);
}
END_TEST

Suite *suite_link_queue(void)
{
	Suite *s = suite_create("link/queue");
	TCase *tc = tcase_create("queue");

	tcase_add_test(tc, order_is_by_time_and_stable);
	tcase_add_test(tc, packet_put_back_is_first_again);
	tcase_add_test(tc, shared_buffer_is_counted_once);
	tcase_add_test(tc, memory_is_bounded);
	tcase_add_test(tc, queue_without_tables_refuses);
	tcase_add_test(tc, held_packets_follow_the_next_of_their_flow);
	tcase_add_test(tc, held_packets_go_at_their_own_latest_time);
	tcase_add_test(tc, room_for_held_packets_is_there);
	suite_add_tcase(s, tc);
	return s;
}

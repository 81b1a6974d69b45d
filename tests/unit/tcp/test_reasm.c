/* SPDX-License-Identifier: MIT */
/*
 * test_reasm.c - reassembly against a flat array of bytes
 *
 * Every segment has bytes of its own, so that it shows whose byte was kept:
 * the first one's.
 */

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "inner.h"
#include "stack/tcp/reasm.h"

#define BASE 0xffffc000u /* the wrap lies in the middle */
#define SPAN 32768u

struct oracle {
	struct peer p;
	struct tcp_conn *c;
	struct rng rng;
	uint8_t *byte;
	bool *have;
};

static void oracle_init(struct oracle *o, uint64_t seed)
{
	rng_init(&o->rng, seed);
	peer_init(&o->p, NULL);
	peer_open(&o->p);
	o->c = inner_conn(&o->p);
	o->c->rcv.nxt = BASE;
	sliceq_init(&o->c->rcvq, BASE);
	o->byte = calloc(1, SPAN);
	o->have = calloc(SPAN, sizeof(*o->have));
}

static void oracle_fini(struct oracle *o)
{
	o->c->rcv.charge = o->c->rcv.buf; /* tests have said otherwise */
	peer_fini(&o->p);
	free(o->byte);
	free(o->have);
}

/* A segment of random bytes; the buffer is the caller's. */
static struct tcp_seg segment(struct oracle *o, uint32_t at, uint32_t len)
{
	uint32_t off = rng_below(&o->rng, 100);
	struct tcp_seg seg = { .seq = BASE + at, .len = len, .off = off };

	seg.buf = ustack_buf_new(o->p.h.s, len + off);
	EXPECT(seg.buf != NULL);
	for (uint32_t i = 0; i < len; i++)
		seg.buf->data[off + i] = (uint8_t)rng_u64(&o->rng);
	return seg;
}

static void add(struct oracle *o, uint32_t at, uint32_t len)
{
	struct tcp_seg seg = segment(o, at, len);

	EXPECT(reasm_add(o->c, &seg) == 0);
	for (uint32_t i = 0; i < len; i++) {
		if (!o->have[at + i])
			o->byte[at + i] = seg.buf->data[seg.off + i];
		o->have[at + i] = true;
	}
	ubuf_put(seg.buf);
}

static uint32_t held(const struct oracle *o)
{
	uint32_t n = 0;

	for (uint32_t i = o->c->rcv.nxt - BASE; i < SPAN; i++)
		n += o->have[i];
	return n;
}

/* The bytes of the first hole arrive in order, as input_data.c takes them. */
static void fill_hole(struct oracle *o)
{
	uint32_t at = o->c->rcv.nxt - BASE;
	uint32_t len = 0, want;

	while (at + len < SPAN && !o->have[at + len]) {
		o->byte[at + len] = (uint8_t)rng_u64(&o->rng);
		o->have[at + len++] = true;
	}
	EXPECT_EQ(sliceq_write(&o->c->rcvq, &o->p.h.s->mem, o->byte + at, len),
		  len);
	o->c->rcv.nxt += len;
	for (want = 0; at + len + want < SPAN && o->have[at + len + want];)
		want++;
	EXPECT_EQ(reasm_deliver(o->c), want);
	EXPECT_EQ(o->c->rcv.nxt, BASE + at + len + want);
}

/* Stretches held; tiny segments would reach the bound. */
static uint32_t ranges(const struct oracle *o)
{
	uint32_t n = 0;

	for (uint32_t i = o->c->rcv.nxt - BASE + 1; i < SPAN; i++)
		n += o->have[i] && !o->have[i - 1];
	return n;
}

static void check_queue(struct oracle *o)
{
	uint32_t pos = 0;
	struct slice sl;

	EXPECT_EQ(o->c->rcvq.bytes, o->c->rcv.nxt - BASE);
	while (pos < o->c->rcvq.bytes) {
		EXPECT_EQ(sliceq_peek(&o->c->rcvq, BASE + pos, SPAN, &sl, 1),
			  1);
		EXPECT_MEM_EQ(slice_data(&sl), o->byte + pos, sl.len);
		pos += sl.len;
	}
}

START_TEST(overlapping_segments_in_any_order_make_the_first_comers_bytes)
{
	static const uint32_t longest[] = { 60, 1460, 9000 };
	struct oracle o;

	oracle_init(&o, test_seed() + (uint64_t)_i);
	while (o.c->rcv.nxt != BASE + SPAN) {
		for (uint32_t n = rng_below(&o.rng, 60); n > 0; n--) {
			uint32_t done = o.c->rcv.nxt - BASE;
			uint32_t at = done + 1 + rng_below(&o.rng, SPAN - done);
			uint32_t len = 1 + rng_below(&o.rng, longest[_i % 3]);

			if (at < SPAN && ranges(&o) < 256)
				add(&o, at, min_u32(len, SPAN - at));
			EXPECT_EQ(reasm_bytes(o.c), held(&o));
		}
		fill_hole(&o);
		check_queue(&o);
	}
	EXPECT(o.c->reasm == NULL);
	oracle_fini(&o);
}
END_TEST

/* Data in order that reaches into a range: what is left of it is delivered. */
START_TEST(delivery_skips_what_came_in_order_meanwhile)
{
	struct oracle o;

	oracle_init(&o, 1);
	add(&o, 100, 200);
	add(&o, 400, 10);
	EXPECT_EQ(sliceq_write(&o.c->rcvq, &o.p.h.s->mem, o.byte, 150), 150);
	o.c->rcv.nxt += 150;
	EXPECT_EQ(reasm_deliver(o.c), 150);
	EXPECT_EQ(reasm_bytes(o.c), 10);
	EXPECT_EQ(sliceq_write(&o.c->rcvq, &o.p.h.s->mem, o.byte, 200), 200);
	o.c->rcv.nxt += 200;
	EXPECT_EQ(reasm_deliver(o.c), 0);
	EXPECT(o.c->reasm == NULL);
	oracle_fini(&o);
}
END_TEST

/* res-1: what tiny segments with holes between them occupy is bounded. */
START_TEST(ranges_are_bounded_by_what_they_occupy)
{
	struct oracle o;
	struct tcp_seg seg;
	uint32_t n = 0;
	int err = 0;

	oracle_init(&o, 1);
	o.c->rcv.charge = 65536;
	while (err == 0) {
		seg = segment(&o, 10 + 2 * n, 1);
		err = reasm_add(o.c, &seg);
		ubuf_put(seg.buf);
		n += err == 0;
	}
	ck_assert_int_eq(err, -ERR_LIMIT);
	EXPECT_EQ(reasm_bytes(o.c), n);
	EXPECT_GE(n, 64);
	EXPECT_LE(reasm_footprint(o.c), 2 * 65536 + 2048);
	add(&o, 11, 1); /* joins two: room for one more */
	add(&o, 20000, 1);
	EXPECT_EQ(reasm_bytes(o.c), n + 2);
	add(&o, 10, 20000); /* fills all holes at once */
	EXPECT_EQ(reasm_bytes(o.c), 20000);
	EXPECT_EQ(o.c->reasm->nranges, 1);
	oracle_fini(&o);
}
END_TEST

/* res-1: and so is their number, in the largest buffer. */
START_TEST(ranges_are_bounded_by_number)
{
	struct oracle o;
	uint32_t i;

	oracle_init(&o, 1);
	o.c->rcv.charge = 1u << 30;
	for (i = 0; i <= REASM_RANGES_MAX; i++) {
		struct tcp_seg seg = segment(&o, 10 + 2 * i, 1);
		int err = reasm_add(o.c, &seg);

		ubuf_put(seg.buf);
		EXPECT(err == (i < REASM_RANGES_MAX ? 0 : -ERR_LIMIT));
	}
	oracle_fini(&o);
}
END_TEST

enum order { ASCENDING, DESCENDING, SHUFFLED, ORDERS };

/* Processor time of @n one-byte segments, then of those that fill the holes. */
static double cost_of(uint32_t n, enum order order)
{
	uint32_t *at = calloc(n, sizeof(*at));
	struct timespec t0, t1;
	struct oracle o;

	oracle_init(&o, 1);
	o.c->rcv.charge = 1u << 30;
	for (uint32_t i = 0; i < n; i++)
		at[i] = order == DESCENDING ? n - 1 - i : i;
	for (uint32_t i = n - 1; order == SHUFFLED && i > 0; i--) {
		uint32_t k = rng_below(&o.rng, i + 1);
		uint32_t t = at[i];

		at[i] = at[k];
		at[k] = t;
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
	for (uint32_t pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < n; i++) {
			struct tcp_seg seg = segment(&o, 10 + 2 * at[i] + pass,
						     1);

			EXPECT(reasm_add(o.c, &seg) == 0);
			ubuf_put(seg.buf);
		}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
	EXPECT_EQ(o.c->reasm->nranges, 1);
	EXPECT_EQ(reasm_bytes(o.c), 2 * n);
	oracle_fini(&o);
	free(at);
	return (double)(t1.tv_sec - t0.tv_sec) * 1e9 +
	       (double)(t1.tv_nsec - t0.tv_nsec);
}

/* res-1: ten times the holes may cost ten times as much and a little, not a hundred. */
START_TEST(cost_of_a_segment_hardly_grows_with_the_number_of_holes)
{
	double few = 1e18;
	double many = 1e18;

	for (int i = 0; i < 3; i++) {
		few = fmin(few, cost_of(1000, (enum order)_i));
		many = fmin(many, cost_of(10000, (enum order)_i));
	}
	ck_assert_msg(many < 40 * few, "1000: %.0f us, 10000: %.0f us",
		      few / 1e3, many / 1e3);
}
END_TEST

/* 2018-4, 2018-5: the blocks, most recent first, as many as fit. */
START_TEST(blocks_are_in_order_of_arrival)
{
	struct tcp_opts opt = { .has = 0 };
	struct oracle o;

	oracle_init(&o, 1);
	o.c->flags |= CF_SACK;
	for (uint32_t i = 1; i <= 6; i++)
		add(&o, 1000 * i, 100);
	add(&o, 2100, 50);
	reasm_sack_fill(o.c, &opt);
	EXPECT_EQ(opt.nsack, TCP_SACK_MAX);
	EXPECT_EQ(opt.sack[0].start, BASE + 2000);
	EXPECT_EQ(opt.sack[0].end, BASE + 2150);
	EXPECT_EQ(opt.sack[1].start, BASE + 6000);
	EXPECT_EQ(opt.sack[2].start, BASE + 5000);
	EXPECT_EQ(opt.sack[3].start, BASE + 4000);
	oracle_fini(&o);
}
END_TEST

/* A byte must not pin the 64 KB buffer that it came in. */
START_TEST(small_segment_in_a_big_buffer_is_copied)
{
	struct oracle o;
	struct tcp_seg seg = { .seq = BASE + 1, .len = 10 };

	oracle_init(&o, 1);
	seg.buf = ustack_buf_new(o.p.h.s, 65000);
	EXPECT(reasm_add(o.c, &seg) == 0);
	EXPECT_EQ(seg.buf->refs, 1);
	seg.seq += 100;
	seg.len = 60000;
	EXPECT(reasm_add(o.c, &seg) == 0);
	EXPECT_EQ(seg.buf->refs, 2);
	reasm_clear(o.c);
	EXPECT_EQ(seg.buf->refs, 1);
	ubuf_put(seg.buf);
	oracle_fini(&o);
}
END_TEST

START_TEST(memory_is_returned_when_everything_is_dropped)
{
	struct oracle o;
	uint64_t used;

	oracle_init(&o, test_seed());
	used = o.p.h.s->mem.used;
	for (uint32_t i = 0; i < 500; i++)
		add(&o, 1 + rng_below(&o.rng, 20000),
		    1 + rng_below(&o.rng, 5000));
	EXPECT_GT(o.p.h.s->mem.used, used);
	reasm_clear(o.c);
	EXPECT_EQ(reasm_bytes(o.c), 0);
	EXPECT_EQ(o.p.h.s->mem.used, used);
	oracle_fini(&o);
}
END_TEST

Suite *suite_tcp_reasm(void)
{
	Suite *s = suite_create("tcp/reasm");
	TCase *tc = tcase_create("ranges");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(
		tc,
		overlapping_segments_in_any_order_make_the_first_comers_bytes,
		0, 12);
	tcase_add_test(tc, delivery_skips_what_came_in_order_meanwhile);
	tcase_add_test(tc, ranges_are_bounded_by_what_they_occupy);
	tcase_add_test(tc, ranges_are_bounded_by_number);
	tcase_add_loop_test(
		tc, cost_of_a_segment_hardly_grows_with_the_number_of_holes, 0,
		ORDERS);
	tcase_add_test(tc, blocks_are_in_order_of_arrival);
	tcase_add_test(tc, small_segment_in_a_big_buffer_is_copied);
	tcase_add_test(tc, memory_is_returned_when_everything_is_dropped);
	suite_add_tcase(s, tc);
	return s;
}

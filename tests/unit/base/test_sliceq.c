/* SPDX-License-Identifier: MIT */
/*
 * test_sliceq.c - slice queue against a flat array of bytes
 *
 * The model of a queue is the bytes that should be in it.  The test also holds
 * on to some slices that it appended: their bytes must never change, whatever
 * the queue copies where.
 */

#include "stack/base/bytes.h"
#include "stack/base/rng.h"
#include "stack/base/sliceq.h"
#include "testmem.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define MODEL_MAX  (1u << 20)
#define SLICES_MAX 4096u
#define HELD	   16u

struct model {
	struct sliceq q;
	uint8_t *bytes;
	uint32_t len;
	uint32_t start;
};

struct held {
	struct slice s;
	uint8_t *copy;
};

struct world {
	struct testmem t;
	struct rng rng;
	struct model m[2];
	struct held held[HELD];
	struct slice *peeked;
	uint32_t refusals;
};

static void world_init(struct world *w, uint64_t budget, uint64_t seed)
{
	*w = (struct world){ 0 };
	testmem_init(&w->t, budget);
	rng_init(&w->rng, seed);
	w->peeked = malloc(SLICES_MAX * sizeof(*w->peeked));
	for (int i = 0; i < 2; i++) {
		w->m[i].start = 0xffff0000u + rng_below(&w->rng, 1000);
		w->m[i].bytes = malloc(MODEL_MAX);
		sliceq_init(&w->m[i].q, w->m[i].start);
	}
}

static void model_add(struct model *m, const void *data, uint32_t len)
{
	EXPECT_LE(m->len + len, MODEL_MAX);
	memcpy(m->bytes + m->len, data, len);
	m->len += len;
}

static void model_drop(struct model *m, uint32_t len)
{
	memmove(m->bytes, m->bytes + len, m->len - len);
	m->len -= len;
	m->start += len;
}

/* What @footprint must be, from the slices that can be seen. */
static uint32_t true_footprint(struct world *w, const struct sliceq *q)
{
	uint32_t sum = 0;
	uint32_t n;

	n = sliceq_peek(q, q->start, q->bytes, w->peeked, SLICES_MAX);
	EXPECT_EQ(n, q->count);
	for (uint32_t i = 0; i < n; i++)
		if (i == 0 || w->peeked[i].buf != w->peeked[i - 1].buf)
			sum += ubuf_footprint(w->peeked[i].buf);
	return sum;
}

static void check_books(struct world *w, const struct model *m)
{
	const struct sliceq *q = &m->q;

	EXPECT_EQ(q->bytes, m->len);
	EXPECT_EQ(q->start, m->start);
	EXPECT_EQ(q->footprint, true_footprint(w, q));
	EXPECT((q->ring == NULL) == (q->count == 0));
	EXPECT((q->count == 0) == (q->bytes == 0));
}

/* Compare a range of the queue with the model. */
static void check_range(struct world *w, const struct model *m, uint32_t at,
			uint32_t len, uint32_t max)
{
	uint32_t n, sum = 0;

	n = sliceq_peek(&m->q, m->start + at, len, w->peeked, max);
	EXPECT_LE(n, max);
	for (uint32_t i = 0; i < n; i++) {
		const struct slice *s = &w->peeked[i];

		EXPECT_GT(s->len, 0);
		EXPECT_LE(sum + s->len, m->len - at);
		EXPECT_MEM_EQ(slice_data(s), m->bytes + at + sum, s->len);
		sum += s->len;
	}
	if (n < max)
		EXPECT_EQ(sum, min_u32(len, m->len - at));
	EXPECT_LE(sum, len);
}

static void check_held(const struct held *h)
{
	if (h->copy)
		EXPECT_MEM_EQ(slice_data(&h->s), h->copy, h->s.len);
}

static void held_drop(struct held *h)
{
	if (!h->copy)
		return;
	check_held(h);
	ubuf_put(h->s.buf);
	free(h->copy);
	h->copy = NULL;
}

/* Keep one more reference to a slice, and a copy of what it says. */
static void held_keep(struct world *w, struct slice s)
{
	struct held *h = &w->held[rng_below(&w->rng, HELD)];

	held_drop(h);
	h->s = s;
	h->copy = malloc(s.len);
	memcpy(h->copy, slice_data(&s), s.len);
	ubuf_get(s.buf);
}

static uint32_t random_len(struct world *w, const struct model *m)
{
	uint32_t len = 1 + rng_below(&w->rng, 1u << rng_below(&w->rng, 17));

	return min_u32(len, MODEL_MAX - m->len);
}

/* Append a slice that ends or does not end where its buffer does. */
static void do_append(struct world *w, struct model *m, struct slice s)
{
	uint32_t footprint = m->q.footprint;
	uint32_t refs = s.buf->refs;

	if (sliceq_append(&m->q, &w->t.mem, s) == 0) {
		model_add(m, slice_data(&s), s.len);
		return;
	}
	w->refusals++;
	EXPECT_EQ(m->q.footprint, footprint);
	EXPECT_EQ(s.buf->refs, refs);
}

static void step_append(struct world *w, struct model *m)
{
	uint32_t len = random_len(w, m);
	struct slice s = { .len = len };

	if (!len)
		return;
	s.off = rng_below(&w->rng, 3) * 20;
	s.buf = ubuf_new(&w->t.mem, s.off + len + rng_below(&w->rng, 100));
	if (!s.buf) {
		w->refusals++;
		return;
	}
	for (uint32_t i = 0; i < s.buf->size; i += 4)
		be32_store(s.buf->data + i, (uint32_t)rng_u64(&w->rng));
	if (rng_below(&w->rng, 3) == 0)
		held_keep(w, s);
	if (len > 2 && rng_below(&w->rng, 2) == 0) {
		struct slice rest = s;

		s.len = 1 + rng_below(&w->rng, len - 1);
		rest.off += s.len;
		rest.len -= s.len;
		do_append(w, m, s);
		s = rest;
	}
	do_append(w, m, s);
	ubuf_put(s.buf);
}

static void step_write(struct world *w, struct model *m)
{
	uint32_t len = random_len(w, m);
	uint8_t *data = malloc(len + 1);
	uint32_t got;

	for (uint32_t i = 0; i < len; i++)
		data[i] = (uint8_t)rng_u64(&w->rng);
	got = sliceq_write(&m->q, &w->t.mem, data, len);
	EXPECT_LE(got, len);
	w->refusals += got < len;
	model_add(m, data, got);
	free(data);
}

static void step_move(struct world *w, struct model *to, struct model *from)
{
	uint32_t max = min_u32(rng_below(&w->rng, from->len + 2),
			       MODEL_MAX - to->len);
	uint32_t got = sliceq_move(&to->q, &from->q, &w->t.mem, max);

	EXPECT_LE(got, min_u32(max, from->len));
	w->refusals += got < min_u32(max, from->len);
	model_add(to, from->bytes, got);
	model_drop(from, got);
}

/* Bytes in front of the model. */
static void model_add_front(struct model *m, const uint8_t *b, uint32_t len)
{
	memmove(m->bytes + len, m->bytes, m->len);
	memcpy(m->bytes, b, len);
	m->len += len;
	m->start -= len;
}

static void step_write_front(struct world *w, struct model *m)
{
	uint32_t len = min_u32(random_len(w, m), 65000);
	uint8_t *data = malloc(len + 1);

	for (uint32_t i = 0; i < len; i++)
		data[i] = (uint8_t)rng_u64(&w->rng);
	if (len && sliceq_write_front(&m->q, &w->t.mem, data, len) == 0)
		model_add_front(m, data, len);
	else
		w->refusals += len > 0;
	free(data);
}

static void step_prepend(struct world *w, struct model *m)
{
	uint32_t len = random_len(w, m);
	struct slice s = { .len = len, .off = rng_below(&w->rng, 20) };

	if (!len)
		return;
	s.buf = ubuf_new(&w->t.mem, s.off + len);
	if (!s.buf) {
		w->refusals++;
		return;
	}
	for (uint32_t i = 0; i < len; i++)
		s.buf->data[s.off + i] = (uint8_t)rng_u64(&w->rng);
	if (rng_below(&w->rng, 3) == 0)
		held_keep(w, s);
	if (sliceq_prepend(&m->q, &w->t.mem, s) == 0)
		model_add_front(m, slice_data(&s), len);
	else
		w->refusals++;
	ubuf_put(s.buf);
}

/* All of one queue, or its end where memory lacks, goes to the other's front. */
static void step_move_front(struct world *w, struct model *to,
			    struct model *from)
{
	uint32_t want = from->len;
	uint32_t got;

	if (to->len + from->len > MODEL_MAX)
		return;
	got = sliceq_move_front(&to->q, &from->q, &w->t.mem);
	EXPECT_LE(got, want);
	w->refusals += got < want;
	model_add_front(to, from->bytes + want - got, got);
	from->len -= got;
}

static void step_consume(struct world *w, struct model *m)
{
	uint32_t len = rng_below(&w->rng, m->len + 1);

	if (rng_below(&w->rng, 16) == 0)
		len = m->len;
	sliceq_consume(&m->q, &w->t.mem, len);
	model_drop(m, len);
}

static void random_step(struct world *w)
{
	uint32_t i = rng_below(&w->rng, 2);
	struct model *m = &w->m[i];

	switch (rng_below(&w->rng, 13)) {
	case 0:
	case 1:
	case 2:
	case 3:
		step_append(w, m);
		break;
	case 4:
	case 5:
		step_write(w, m);
		break;
	case 6:
		step_move(w, m, &w->m[1 - i]);
		break;
	case 7:
	case 8:
		step_consume(w, m);
		break;
	case 9:
		step_prepend(w, m);
		break;
	case 10:
		step_write_front(w, m);
		break;
	case 11:
		step_move_front(w, m, &w->m[1 - i]);
		break;
	default:
		held_drop(&w->held[rng_below(&w->rng, HELD)]);
	}
	check_books(w, m);
	check_range(w, m, rng_below(&w->rng, m->len + 1),
		    rng_below(&w->rng, 70000), 1 + rng_below(&w->rng, 20));
	check_held(&w->held[rng_below(&w->rng, HELD)]);
}

static void world_fini(struct world *w)
{
	for (int i = 0; i < 2; i++) {
		struct model *m = &w->m[i];

		check_range(w, m, 0, m->len, SLICES_MAX);
		sliceq_clear(&m->q, &w->t.mem);
		model_drop(m, m->len);
		check_books(w, m);
		EXPECT_EQ(m->q.footprint, 0);
		free(m->bytes);
	}
	for (uint32_t i = 0; i < HELD; i++)
		held_drop(&w->held[i]);
	free(w->peeked);
	testmem_fini(&w->t);
}

/* The last budgets are too small on purpose. */
static const uint64_t budgets[] = { 64 << 20, 1 << 20, 150000, 5000 };

START_TEST(random_operations_agree_with_the_model)
{
	struct world w;

	world_init(&w, budgets[_i], test_seed());
	for (uint32_t step = 0; step < 30000; step++)
		random_step(&w);
	if (_i > 0)
		EXPECT_GT(w.refusals, 0);
	else
		EXPECT_EQ(w.refusals, 0);
	world_fini(&w);
}
END_TEST

/* A slice of its own buffer, which the queue alone holds afterwards. */
static void append_new(struct world *w, struct model *m, uint32_t len)
{
	struct slice s = { .buf = ubuf_new(&w->t.mem, len), .len = len };

	memset(s.buf->data, (int)(m->len & 0xff), len);
	do_append(w, m, s);
	ubuf_put(s.buf);
}

START_TEST(neighbours_in_one_buffer_are_joined)
{
	struct world w;
	struct model *m = &w.m[0];
	struct slice s;

	world_init(&w, 1 << 20, 1);
	s = (struct slice){ .buf = ubuf_new(&w.t.mem, 60000), .len = 3000 };
	memset(s.buf->data, 7, s.buf->size);
	for (; s.off < 60000; s.off += s.len)
		do_append(&w, m, s);
	EXPECT_EQ(m->q.count, 1);
	EXPECT_EQ(s.buf->refs, 2);
	ubuf_put(s.buf);
	world_fini(&w);
}
END_TEST

/* One byte must not pin a block of its own for long. */
START_TEST(small_slices_are_merged)
{
	struct world w;
	struct model *m = &w.m[0];

	world_init(&w, 8 << 20, 1);
	for (uint32_t i = 0; i < 100000; i++)
		append_new(&w, m, 1 + i % 3);
	EXPECT_LE(m->q.count, 8 + 2 * (200000 / 32752 + 1));
	EXPECT_LE(m->q.footprint, m->q.bytes + 100000);
	world_fini(&w);
}
END_TEST

/* Each fills its block, so that nothing can be copied behind it. */
/* clang-format off */
static const struct {
	const char *name;
	uint32_t sizes[3];
	uint32_t max_percent;	/* footprint of bytes */
} mixes[] = {
	{ "big and small by turns",	{ 4080, 48, 4080 }, 120 },
	{ "big, small, small",		{ 4080, 48, 48 },   500 },
};
/* clang-format on */

/* The peer picks the sizes: memory stays in proportion to the bytes. */
START_TEST(mixed_sizes_do_not_pin_merge_buffers)
{
	struct world w;
	struct model *m = &w.m[0];

	world_init(&w, 64 << 20, 1);
	for (uint32_t i = 0; m->len < MODEL_MAX - 4080; i++)
		append_new(&w, m, mixes[_i].sizes[i % 3]);
	ck_assert_msg(m->q.footprint <=
			      m->q.bytes / 100 * mixes[_i].max_percent,
		      "%s: %u bytes pin %u", mixes[_i].name, m->q.bytes,
		      m->q.footprint);
	world_fini(&w);
}
END_TEST

/* Someone else holds the last buffer: nothing is written behind its slice. */
START_TEST(shared_tail_is_not_extended)
{
	struct world w;
	struct model *m = &w.m[0];
	struct slice s;

	world_init(&w, 1 << 20, 1);
	s = (struct slice){ .buf = ubuf_new(&w.t.mem, 1000), .len = 10 };
	memset(s.buf->data, 7, s.buf->size);
	do_append(&w, m, s);
	EXPECT_EQ(sliceq_write(&m->q, &w.t.mem, "abc", 3), 3);
	model_add(m, "abc", 3);
	EXPECT_EQ(m->q.count, 2);
	EXPECT_EQ(s.buf->data[10], 7);
	ubuf_put(s.buf);
	world_fini(&w);
}
END_TEST

START_TEST(short_writes_fill_few_buffers)
{
	struct world w;
	struct model *m = &w.m[0];

	world_init(&w, 8 << 20, 1);
	for (uint32_t i = 0; i < 10000; i++) {
		EXPECT_EQ(sliceq_write(&m->q, &w.t.mem, "0123456", 7), 7);
		model_add(m, "0123456", 7);
	}
	EXPECT_LE(m->q.count, 10);
	EXPECT_LE(m->q.footprint, 2 * m->q.bytes + 1024);
	check_books(&w, m);
	world_fini(&w);
}
END_TEST

/* Payload that is moved whole is not copied. */
START_TEST(move_hands_over_the_buffers)
{
	struct world w;
	struct slice before, after;
	uint64_t used;

	world_init(&w, 8 << 20, 1);
	append_new(&w, &w.m[0], 60000);
	used = w.t.mem.used;
	EXPECT_EQ(sliceq_peek(&w.m[0].q, w.m[0].start, 1, &before, 1), 1);
	step_move(&w, &w.m[1], &w.m[0]);
	EXPECT_GT(w.m[1].len, 0);
	EXPECT_EQ(sliceq_move(&w.m[1].q, &w.m[0].q, &w.t.mem, UINT32_MAX),
		  w.m[0].len);
	model_add(&w.m[1], w.m[0].bytes, w.m[0].len);
	model_drop(&w.m[0], w.m[0].len);
	EXPECT_EQ(sliceq_peek(&w.m[1].q, w.m[1].start, 1, &after, 1), 1);
	ck_assert_ptr_eq(before.buf, after.buf);
	EXPECT_EQ(after.buf->refs, 1);
	EXPECT_EQ(w.m[1].q.count, 1);
	EXPECT_EQ(w.t.mem.used, used);
	world_fini(&w);
}
END_TEST

/* The ring ends at the largest block, whatever the budget. */
START_TEST(number_of_slices_is_bounded)
{
	struct sliceq q;
	struct testmem t;
	uint32_t n = 0;
	int err = 0;

	testmem_init(&t, 256 << 20);
	sliceq_init(&q, 0);
	while (!err) {
		struct slice s = { .buf = ubuf_new(&t.mem, 3000), .len = 3000 };

		memset(s.buf->data, 0, 3000);
		err = sliceq_append(&q, &t.mem, s);
		n += !err;
		ubuf_put(s.buf);
		EXPECT_LT(n, 10000);
	}
	ck_assert_int_eq(err, -ERR_NOMEM);
	EXPECT_GE(n, 4096);
	EXPECT_EQ(q.bytes, n * 3000);
	sliceq_clear(&q, &t.mem);
	EXPECT_EQ(q.footprint, 0);
	testmem_fini(&t);
}
END_TEST

START_TEST(peek_outside_finds_nothing)
{
	struct world w;
	struct slice s;

	world_init(&w, 1 << 20, 1);
	EXPECT_EQ(sliceq_peek(&w.m[0].q, w.m[0].start, 9, &s, 1), 0);
	append_new(&w, &w.m[0], 100);
	EXPECT_EQ(sliceq_peek(&w.m[0].q, w.m[0].start + 100, 9, &s, 1), 0);
	EXPECT_EQ(sliceq_peek(&w.m[0].q, w.m[0].start - 1, 9, &s, 1), 0);
	world_fini(&w);
}
END_TEST

Suite *suite_base_sliceq(void)
{
	Suite *s = suite_create("base/sliceq");
	TCase *tc = tcase_create("queue");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, random_operations_agree_with_the_model, 0,
			    sizeof(budgets) / sizeof(budgets[0]));
	tcase_add_test(tc, neighbours_in_one_buffer_are_joined);
	tcase_add_test(tc, small_slices_are_merged);
	tcase_add_loop_test(tc, mixed_sizes_do_not_pin_merge_buffers, 0,
			    sizeof(mixes) / sizeof(mixes[0]));
	tcase_add_test(tc, shared_tail_is_not_extended);
	tcase_add_test(tc, short_writes_fill_few_buffers);
	tcase_add_test(tc, move_hands_over_the_buffers);
	tcase_add_test(tc, number_of_slices_is_bounded);
	tcase_add_test(tc, peek_outside_finds_nothing);
	suite_add_tcase(s, tc);
	return s;
}

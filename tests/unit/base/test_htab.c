/* SPDX-License-Identifier: MIT */
/*
 * test_htab.c - hash table against a flat array of what should be in it
 */

#include "stack/base/bytes.h"
#include "stack/base/htab.h"
#include "stack/base/rng.h"
#include "testmem.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define OBJECTS 20000u

struct object {
	struct hnode node;
	uint64_t hash;
	bool in;
};

/* Is the very object in its chain?  Also checks that all there belong. */
static bool found(const struct htab *t, const struct object *o)
{
	const struct hnode *n = htab_first(t, o->hash);
	bool seen = false;

	for (; n; n = htab_next(n)) {
		const struct object *other = container_of(
			n, const struct object, node);

		EXPECT(other->in);
		EXPECT_EQ(other->hash, o->hash);
		seen = seen || other == o;
	}
	return seen;
}

static struct object *objects_new(uint64_t seed, uint64_t mask)
{
	struct object *o = calloc(OBJECTS, sizeof(*o));
	struct rng r;

	rng_init(&r, seed);
	for (uint32_t i = 0; i < OBJECTS; i++)
		o[i].hash = rng_u64(&r) & mask;
	return o;
}

static void insert(struct htab *t, struct object *o)
{
	htab_insert(t, &o->node, o->hash);
	o->in = true;
}

static void check_all(const struct htab *t, const struct object *o)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < OBJECTS; i++) {
		EXPECT(found(t, &o[i]) == o[i].in);
		count += o[i].in;
	}
	EXPECT_EQ(t->count, count);
}

/* Low bits only, high bits only, all bits, and few values with many nodes. */
static const uint64_t hash_masks[] = {
	UINT64_MAX,
	0xfff,
	0xffffffff00000000,
	0x1000000000000fff,
};

START_TEST(random_operations_agree_with_the_model)
{
	struct object *o = objects_new(test_seed(), hash_masks[_i]);
	struct testmem t;
	struct htab h;
	struct rng r;

	if (hash_masks[_i] == 0xffffffff00000000)
		for (uint32_t i = 0; i < OBJECTS; i++)
			o[i].hash |= i & 0x3fff;
	rng_init(&r, test_seed() + 1);
	testmem_init(&t, 16 << 20);
	ck_assert_int_eq(htab_init(&h, &t.mem), 0);
	for (uint32_t step = 0; step < 100000; step++) {
		struct object *x = &o[rng_below(&r, OBJECTS)];

		EXPECT(found(&h, x) == x->in);
		if (!x->in) {
			insert(&h, x);
		} else if (rng_below(&r, 4) == 0) {
			htab_remove(&h, &x->node);
			x->in = false;
		}
		if (step % 10000 == 0)
			check_all(&h, o);
	}
	check_all(&h, o);
	EXPECT_GT(h.mask, 255);
	htab_fini(&h);
	testmem_fini(&t);
	free(o);
}
END_TEST

/* Every node stays visible at each step of each doubling. */
START_TEST(nothing_is_lost_while_growing)
{
	struct object *o = objects_new(test_seed(), UINT64_MAX);
	struct testmem t;
	struct htab h;
	uint32_t steps_growing = 0;

	testmem_init(&t, 16 << 20);
	ck_assert_int_eq(htab_init(&h, &t.mem), 0);
	for (uint32_t i = 0; i < 1100; i++) {
		insert(&h, &o[i]);
		steps_growing += h.old != NULL;
		for (uint32_t k = 0; k <= i; k++)
			EXPECT(found(&h, &o[k]));
	}
	EXPECT_EQ(h.mask, 2047);
	EXPECT_GT(steps_growing, 256 / 4 + 512 / 4);
	htab_fini(&h);
	testmem_fini(&t);
	free(o);
}
END_TEST

/* One node a bucket: 20000 nodes end in 32768 buckets, from a big area. */
START_TEST(table_doubles_with_the_load)
{
	struct object *o = objects_new(test_seed(), UINT64_MAX);
	struct testmem t;
	struct htab h;

	testmem_init(&t, 16 << 20);
	ck_assert_int_eq(htab_init(&h, &t.mem), 0);
	for (uint32_t i = 0; i < OBJECTS; i++) {
		insert(&h, &o[i]);
		EXPECT_LE(h.count, h.mask + 1 + 1);
	}
	EXPECT_EQ(h.mask, 32767);
	check_all(&h, o);
	htab_fini(&h);
	testmem_fini(&t);
	free(o);
}
END_TEST

START_TEST(without_memory_chains_get_longer)
{
	struct object *o = objects_new(test_seed(), UINT64_MAX);
	struct testmem t;
	struct htab h;

	testmem_init(&t, 2048 + 64);
	ck_assert_int_eq(htab_init(&h, &t.mem), 0);
	for (uint32_t i = 0; i < 5000; i++)
		insert(&h, &o[i]);
	EXPECT_EQ(h.mask, 255);
	check_all(&h, o);
	htab_fini(&h);
	testmem_fini(&t);
	free(o);
}
END_TEST

START_TEST(init_without_memory_is_refused)
{
	struct testmem t;
	struct htab h;

	testmem_init(&t, 100);
	ck_assert_int_eq(htab_init(&h, &t.mem), -ERR_NOMEM);
	testmem_fini(&t);
}
END_TEST

Suite *suite_base_htab(void)
{
	Suite *s = suite_create("base/htab");
	TCase *tc = tcase_create("table");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, random_operations_agree_with_the_model, 0,
			    sizeof(hash_masks) / sizeof(hash_masks[0]));
	tcase_add_test(tc, nothing_is_lost_while_growing);
	tcase_add_test(tc, table_doubles_with_the_load);
	tcase_add_test(tc, without_memory_chains_get_longer);
	tcase_add_test(tc, init_without_memory_is_refused);
	suite_add_tcase(s, tc);
	return s;
}

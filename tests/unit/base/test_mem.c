/* SPDX-License-Identifier: MIT */
/*
 * test_mem.c - the pool: classes, budget, recycling, accounting
 */

#include <signal.h>

#include "stack/base/poison.h"
#include "stack/base/rng.h"
#include "testmem.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define MIB ((uint64_t)1 << 20)

/* clang-format off */
static const struct {
	size_t len;
	size_t block;
} size_cases[] = {
	{ 1, 64 },	   { 63, 64 },	    { 64, 64 },
	{ 65, 128 },	   { 128, 128 },    { 129, 256 },
	{ 2048, 2048 },	   { 2049, 4096 },  { 65536, 65536 },
	{ 65537, 69632 },  { 69632, 69632 }, { 69633, 131072 },
	{ 131072, 131072 },
};
/* clang-format on */

START_TEST(block_is_of_the_least_class_that_holds_it)
{
	size_t block = size_cases[_i].block;
	struct testmem t;
	void *p;

	testmem_init(&t, 4 * MIB);
	EXPECT_EQ(mem_block_size(size_cases[_i].len), block);
	p = mem_alloc(&t.mem, size_cases[_i].len);
	ck_assert_ptr_nonnull(p);
	EXPECT_EQ((uintptr_t)p % 64, 0);
	EXPECT_EQ(t.mem.used, block);
	memset(p, 1, size_cases[_i].len);
	mem_free(&t.mem, p, size_cases[_i].len);
	testmem_fini(&t);
}
END_TEST

/* The budget counts all that the host gave, the chunk's header included. */
START_TEST(budget_for_one_block_gives_one)
{
	size_t block = size_cases[_i].block;
	struct testmem t;
	void *p;

	testmem_init(&t, block + 64);
	p = mem_alloc(&t.mem, block);
	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_null(mem_alloc(&t.mem, block));
	EXPECT_EQ(t.mem.taken, t.live);
	EXPECT_LE(t.live, block + 64);
	mem_free(&t.mem, p, block);
	ck_assert_ptr_eq(mem_alloc(&t.mem, block), p);
	mem_free(&t.mem, p, block);
	testmem_fini(&t);

	testmem_init(&t, block + 63);
	ck_assert_ptr_null(mem_alloc(&t.mem, block));
	EXPECT_EQ(t.calls, 0);
	testmem_fini(&t);
}
END_TEST

/* A rest smaller than the usual chunk is not lost. */
START_TEST(budget_is_used_to_the_end)
{
	const size_t block = 65536;
	uint64_t budget = 1 * MIB + 5 * block;
	void *blocks[100];
	struct testmem t;
	int n = 0;

	testmem_init(&t, budget);
	while ((blocks[n] = mem_alloc(&t.mem, block)))
		n++;
	ck_assert_int_eq(n, 16 + 4);
	EXPECT_LE(t.live, budget);
	EXPECT_GT(t.live + block + 64, budget);
	while (n-- > 0)
		mem_free(&t.mem, blocks[n], block);
	testmem_fini(&t);
}
END_TEST

START_TEST(last_freed_block_comes_first)
{
	struct testmem t;
	void *a, *b;

	testmem_init(&t, MIB);
	a = mem_alloc(&t.mem, 100);
	b = mem_alloc(&t.mem, 100);
	mem_free(&t.mem, b, 100);
	mem_free(&t.mem, a, 100);
	ck_assert_ptr_eq(mem_alloc(&t.mem, 128), a);
	ck_assert_ptr_eq(mem_alloc(&t.mem, 65), b);
	mem_free(&t.mem, a, 128);
	mem_free(&t.mem, b, 65);
	testmem_fini(&t);
}
END_TEST

START_TEST(warm_pool_does_not_call_the_host)
{
	void *blocks[300];
	struct testmem t;
	uint64_t calls;

	testmem_init(&t, 4 * MIB);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 300; i++)
			blocks[i] = mem_alloc(&t.mem, 1000);
		if (round == 0)
			calls = t.calls;
		EXPECT_EQ(t.calls, calls);
		EXPECT_EQ(t.mem.peak, 300 * 1024);
		for (int i = 0; i < 300; i++)
			mem_free(&t.mem, blocks[i], 1000);
	}
	testmem_fini(&t);
}
END_TEST

START_TEST(refusal_of_the_host_is_survived)
{
	struct testmem t;
	void *p;

	testmem_init(&t, MIB);
	t.refuse = true;
	ck_assert_ptr_null(mem_alloc(&t.mem, 64));
	ck_assert_ptr_null(mem_alloc_big(&t.mem, 300000));
	EXPECT_EQ(t.mem.taken, 0);
	EXPECT_EQ(t.mem.used, 0);
	t.refuse = false;
	EXPECT(!mem_ensure(&t.mem, 64));
	mem_retry(&t.mem);
	p = mem_alloc(&t.mem, 64);
	ck_assert_ptr_nonnull(p);
	mem_free(&t.mem, p, 64);
	testmem_fini(&t);
}
END_TEST

START_TEST(big_areas_share_the_budget)
{
	struct testmem t;
	void *big, *small;

	testmem_init(&t, MIB);
	ck_assert_ptr_null(mem_alloc_big(&t.mem, MIB + 1));
	big = mem_alloc_big(&t.mem, MIB);
	ck_assert_ptr_nonnull(big);
	EXPECT_EQ(t.mem.used, MIB);
	EXPECT_EQ(t.mem.taken, MIB);
	ck_assert_ptr_null(mem_alloc(&t.mem, 64));
	mem_free_big(&t.mem, big, MIB);
	EXPECT_EQ(t.live, 0);
	small = mem_alloc(&t.mem, 64);
	ck_assert_ptr_nonnull(small);
	ck_assert_ptr_null(mem_alloc_big(&t.mem, MIB));
	mem_free(&t.mem, small, 64);
	mem_free(&t.mem, NULL, 64);
	mem_free_big(&t.mem, NULL, 64);
	EXPECT_EQ(t.mem.peak, MIB);
	testmem_fini(&t);
}
END_TEST

/* Blocks of all sizes hold their bytes while others come and go. */
START_TEST(blocks_do_not_overlap)
{
	struct {
		uint8_t *p;
		size_t len;
		uint8_t fill;
	} slot[64] = { 0 };
	struct testmem t;
	uint64_t used = 0;
	struct rng r;

	rng_init(&r, test_seed());
	testmem_init(&t, 2 * MIB);
	for (int step = 0; step < 40000; step++) {
		uint32_t i = rng_below(&r, 64);
		size_t len = slot[i].len;

		for (size_t k = 0; slot[i].p && k < len; k += len / 16 + 1)
			EXPECT_EQ(slot[i].p[k], slot[i].fill);
		if (slot[i].p)
			used -= mem_block_size(len);
		mem_free(&t.mem, slot[i].p, len ? len : 1);
		len = 1 + rng_below(&r, 1u << rng_below(&r, 18));
		slot[i].p = mem_alloc(&t.mem, len);
		slot[i].len = len;
		slot[i].fill = (uint8_t)step;
		if (slot[i].p) {
			memset(slot[i].p, (uint8_t)step, len);
			used += mem_block_size(len);
		}
		EXPECT_EQ(t.mem.used, used);
		EXPECT_EQ(t.mem.taken, t.live);
		EXPECT_LE(t.live, 2 * MIB);
	}
	for (int i = 0; i < 64; i++)
		mem_free(&t.mem, slot[i].p, slot[i].len ? slot[i].len : 1);
	testmem_fini(&t);
}
END_TEST

/* Our own bug, so an assertion: nobody asks for nothing or for too much. */
START_TEST(lengths_out_of_range_are_asserted_on)
{
	struct testmem t;

	testmem_init(&t, MIB);
	mem_alloc(&t.mem, _i ? MEM_BLOCK_MAX + 1 : 0);
}
END_TEST

#if defined(POISON_ENABLED)
static bool out_of_bounds(const void *p)
{
	return __asan_address_is_poisoned(p);
}
#else
static bool out_of_bounds(const void *p)
{
	(void)p;
	return true;
}
#endif

/* Says nothing in a build without AddressSanitizer. */
START_TEST(sanitizer_knows_free_blocks)
{
	struct testmem t;
	uint8_t *p;

	testmem_init(&t, MIB);
	p = mem_alloc(&t.mem, 96);
	memset(p, 0, 96);
	EXPECT(out_of_bounds(p + 96));
	mem_free(&t.mem, p, 96);
	EXPECT(out_of_bounds(p));
	EXPECT(out_of_bounds(p + 95));
	testmem_fini(&t);
}
END_TEST

Suite *suite_base_mem(void)
{
	Suite *s = suite_create("base/mem");
	TCase *tc = tcase_create("pool");
	int sizes = sizeof(size_cases) / sizeof(size_cases[0]);

	tcase_add_loop_test(tc, block_is_of_the_least_class_that_holds_it, 0,
			    sizes);
	tcase_add_loop_test(tc, budget_for_one_block_gives_one, 0, sizes);
	tcase_add_test(tc, budget_is_used_to_the_end);
	tcase_add_test(tc, last_freed_block_comes_first);
	tcase_add_test(tc, warm_pool_does_not_call_the_host);
	tcase_add_test(tc, refusal_of_the_host_is_survived);
	tcase_add_test(tc, big_areas_share_the_budget);
	tcase_add_test(tc, blocks_do_not_overlap);
	tcase_add_loop_test_raise_signal(
		tc, lengths_out_of_range_are_asserted_on, SIGABRT, 0, 2);
	tcase_add_test(tc, sanitizer_knows_free_blocks);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_promise.c - the pool: what is promised, and chunks that go back
 */

#include "stack/base/rng.h"
#include "testmem.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define MIB    ((uint64_t)1 << 20)
#define BUDGET (4 * MIB)
#define HOLD   8192u /* more blocks than there can be */

static const struct mem_share share[] = { { 2048, 2 }, { 64, 3 } };

/**
 * struct hog - who takes what can be had
 * @p:		blocks
 * @len:	of each
 * @n:		their number
 */
struct hog {
	void *p[HOLD];
	uint32_t len;
	uint32_t n;
};

static void promising(struct testmem *t)
{
	testmem_init(t, BUDGET);
	mem_promises(&t->mem, share, 2);
}

static void take_all(struct testmem *t, struct hog *h, uint32_t len)
{
	h->len = len;
	h->n = 0;
	while (h->n < HOLD && (h->p[h->n] = mem_alloc(&t->mem, len)) != NULL)
		h->n++;
	EXPECT_LT(h->n, HOLD);
}

static void give_all(struct testmem *t, struct hog *h)
{
	while (h->n > 0)
		mem_free(&t->mem, h->p[--h->n], h->len);
}

static void *claim(struct testmem *t, uint32_t len)
{
	void *p;

	mem_claim(&t->mem, true);
	p = mem_alloc(&t->mem, len);
	mem_claim(&t->mem, false);
	if (p)
		memset(p, 0x5a, len);
	return p;
}

/* Take what @n promises hold, all of it. */
static void claim_all(struct testmem *t, uint32_t n, void *(*p)[5])
{
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < 5; k++) {
			p[i][k] = claim(t, k < 2 ? 2048 : 64);
			ck_assert_ptr_nonnull(p[i][k]);
		}
}

static void give_back(struct testmem *t, uint32_t n, void *(*p)[5])
{
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < 5; k++)
			mem_free(&t->mem, p[i][k], k < 2 ? 2048 : 64);
}

/* Whatever class the others have taken it in, and before or after. */
START_TEST(promise_holds_when_all_else_is_spent)
{
	static const uint32_t sizes[] = { 512, 2048, 65536, 69632 };
	static struct hog hog;
	static void *p[60][5];
	struct testmem t;

	promising(&t);
	for (uint32_t i = 0; i < 30; i++)
		EXPECT(mem_promise(&t.mem));
	take_all(&t, &hog, sizes[_i]);
	for (uint32_t i = 0; i < 30; i++)
		EXPECT(mem_promise(&t.mem));
	for (int round = 0; round < 3; round++) {
		claim_all(&t, 60, p);
		EXPECT(mem_low(&t.mem));
		EXPECT_LE(t.live, BUDGET);
		give_back(&t, 60, p);
		EXPECT_EQ(t.mem.nowed, 0);
	}
	give_all(&t, &hog);
	EXPECT(!mem_low(&t.mem));
	testmem_fini(&t);
}
END_TEST

/* What cannot be kept is not promised, and no more is claimed than was. */
START_TEST(promises_end_where_the_budget_does)
{
	static struct hog hog;
	static void *p[2000][5];
	struct testmem t;
	uint32_t n = 0;

	promising(&t);
	take_all(&t, &hog, 4096);
	while (mem_promise(&t.mem))
		n++;
	EXPECT_GE(n, BUDGET / 8 / 4500);
	EXPECT_LT(n, 2000);
	claim_all(&t, n, p);
	EXPECT_LE(t.live, BUDGET);
	ck_assert_ptr_null(claim(&t, 2048));
	give_back(&t, n, p);
	while (n-- > 0)
		mem_unpromise(&t.mem);
	give_all(&t, &hog);
	testmem_fini(&t);
}
END_TEST

/* Those who come one by one share chunks: a chunk of one promise would waste the
 * embedder's pages, and be one of very many.
 */
START_TEST(promises_made_singly_share_chunks)
{
	static struct hog hog;
	struct testmem t;
	uint64_t calls;

	promising(&t);
	take_all(&t, &hog, 4096);
	calls = t.calls;
	for (uint32_t i = 0; i < 100; i++) {
		EXPECT(mem_promise(&t.mem));
		hog.p[hog.n] = mem_alloc(&t.mem, 4096);
		hog.n += hog.p[hog.n] != NULL; /* of headers that were saved */
	}
	EXPECT_GE(t.mem.kept[0].made, 100);
	EXPECT_LE(t.calls - calls, 20);
	give_all(&t, &hog);
	testmem_fini(&t);
}
END_TEST

/* A claim that outlives the shortage is made up for by what is there again. */
START_TEST(claims_are_repaid_when_there_is_memory)
{
	static struct hog hog;
	static void *p[10][5];
	struct testmem t;

	promising(&t);
	for (uint32_t i = 0; i < 10; i++)
		EXPECT(mem_promise(&t.mem));
	take_all(&t, &hog, 1024);
	claim_all(&t, 10, p);
	mem_repay(&t.mem);
	EXPECT_GE(t.mem.nowed, 20);
	give_all(&t, &hog);
	EXPECT(mem_low(&t.mem));
	mem_repay(&t.mem);
	EXPECT_EQ(t.mem.nowed, 0);
	EXPECT(!mem_low(&t.mem));
	take_all(&t, &hog, 2048);
	give_all(&t, &hog);
	give_back(&t, 10, p);
	testmem_fini(&t);
}
END_TEST

/* What one class has taken and given back is not lost to the others. */
START_TEST(unused_chunks_serve_another_class)
{
	static struct hog hog;
	struct testmem t;
	uint32_t most = 0;

	testmem_init(&t, BUDGET);
	for (uint32_t len = 1024; len <= MEM_BLOCK_MAX; len *= 2) {
		take_all(&t, &hog, len);
		EXPECT_GE(hog.n * (uint64_t)len, BUDGET / 16 * 13);
		EXPECT_LE(t.live, BUDGET);
		if (len == 1024)
			most = hog.n;
		give_all(&t, &hog);
	}
	take_all(&t, &hog, 1024);
	EXPECT_GE(hog.n, most / 16 * 13);
	give_all(&t, &hog);
	testmem_fini(&t);
}
END_TEST

/* One chunk of packets stays: there is always something to read into. */
START_TEST(packets_keep_a_chunk)
{
	static struct hog hog;
	struct testmem t;
	void *p;

	testmem_init(&t, BUDGET);
	take_all(&t, &hog, MEM_PACKET);
	give_all(&t, &hog);
	take_all(&t, &hog, 1024);
	EXPECT_GT(hog.n * (uint64_t)1024, BUDGET / 2);
	p = mem_alloc(&t.mem, MEM_PACKET);
	ck_assert_ptr_nonnull(p);
	mem_free(&t.mem, p, MEM_PACKET);
	give_all(&t, &hog);
	testmem_fini(&t);
}
END_TEST

/* Nor is what a great many small blocks had, freed in whatever order. */
START_TEST(a_long_list_serves_another_class)
{
	static void *p[200000];
	struct testmem t;
	struct rng r;

	rng_init(&r, test_seed());
	testmem_init(&t, 4 * BUDGET);
	for (uint32_t i = 0; i < 200000; i++)
		ck_assert_ptr_nonnull(p[i] = mem_alloc(&t.mem, 64));
	for (uint32_t i = 0; i < 200000; i++) {
		uint32_t k = i + rng_below(&r, 200000 - i);

		mem_free(&t.mem, p[k], 64);
		p[k] = p[i];
	}
	for (uint32_t i = 0; i < 100; i++)
		p[i] = mem_alloc(&t.mem, 131072);
	ck_assert_ptr_nonnull(p[99]);
	for (uint32_t i = 0; i < 100; i++)
		mem_free(&t.mem, p[i], 131072);
	testmem_fini(&t);
}
END_TEST

/* Looking is no good for who allocates and frees at the edge of the budget. */
START_TEST(chunks_in_use_are_looked_for_once)
{
	static struct hog hog;
	struct testmem t;
	uint64_t calls;

	testmem_init(&t, BUDGET);
	take_all(&t, &hog, 2048);
	calls = t.calls;
	for (uint32_t i = 0; i < 1000; i++) {
		mem_free(&t.mem, hog.p[hog.n - 1], 2048);
		ck_assert_ptr_null(mem_alloc(&t.mem, 65536));
		hog.p[hog.n - 1] = mem_alloc(&t.mem, 2048);
		ck_assert_ptr_nonnull(hog.p[hog.n - 1]);
	}
	EXPECT_EQ(t.calls, calls);
	give_all(&t, &hog);
	testmem_fini(&t);
}
END_TEST

/* One of the promises: it, and the blocks it holds. */
struct holder {
	bool held;
	void *p[5];
};

static void holder_step(struct testmem *t, struct holder *h, uint32_t k)
{
	if (!h->held) {
		h->held = mem_promise(&t->mem);
		return;
	}
	if (!h->p[k]) {
		h->p[k] = claim(t, k < 2 ? 2048 : 64);
		ck_assert_ptr_nonnull(h->p[k]);
		return;
	}
	mem_free(&t->mem, h->p[k], k < 2 ? 2048 : 64);
	h->p[k] = NULL;
}

static void holder_end(struct testmem *t, struct holder *h)
{
	for (uint32_t k = 0; k < 5; k++)
		mem_free(&t->mem, h->p[k], k < 2 ? 2048 : 64);
	if (h->held)
		mem_unpromise(&t->mem);
	*h = (struct holder){ .held = false };
}

/* Holders and others come, go, and take at random: no promise is broken. */
START_TEST(no_history_breaks_a_promise)
{
	static struct holder holder[300];
	static struct hog hog[MEM_CLASSES];
	struct testmem t;
	struct rng r;

	rng_init(&r, test_seed() + (uint32_t)_i);
	promising(&t);
	for (uint32_t step = 0; step < 60000; step++) {
		struct holder *h = &holder[rng_below(&r, 300)];
		struct hog *g = &hog[rng_below(&r, MEM_CLASSES)];

		g->len = 64u << (g - hog);
		if (g->len > MEM_BLOCK_MAX)
			g->len = MEM_PACKET;
		if (rng_below(&r, 3000) == 0)
			give_all(&t, g);
		if (g->n < HOLD && rng_below(&r, 3) > 0 &&
		    (g->p[g->n] = mem_alloc(&t.mem, g->len)) != NULL)
			g->n++;
		holder_step(&t, h, rng_below(&r, 5));
		if (rng_below(&r, 50) == 0)
			holder_end(&t, h);
		if (rng_below(&r, 20) == 0)
			mem_repay(&t.mem);
		EXPECT_LE(t.live, BUDGET);
		EXPECT_EQ(t.mem.taken, t.live);
	}
	for (uint32_t i = 0; i < 300; i++)
		holder_end(&t, &holder[i]);
	for (uint32_t i = 0; i < MEM_CLASSES; i++)
		give_all(&t, &hog[i]);
	mem_repay(&t.mem);
	EXPECT_EQ(t.mem.nowed, 0);
	testmem_fini(&t);
}
END_TEST

/* More to take, and more of it withheld; less, and memory is low. */
START_TEST(budget_may_change)
{
	static struct hog hog;
	struct testmem t;
	uint64_t withheld;

	promising(&t);
	withheld = t.mem.withheld;
	EXPECT_GT(withheld, 0);
	mem_set_budget(&t.mem, 2 * BUDGET);
	EXPECT_GT(t.mem.withheld, withheld);
	take_all(&t, &hog, 4096);
	EXPECT_GT(hog.n * (uint64_t)4096, BUDGET);
	EXPECT(!mem_low(&t.mem));
	mem_set_budget(&t.mem, BUDGET);
	EXPECT_EQ(t.mem.withheld, withheld);
	EXPECT(mem_low(&t.mem));
	give_all(&t, &hog);
	testmem_fini(&t);
}
END_TEST

/* With the least budget all that is promised can still be had. */
START_TEST(least_budget_keeps_the_promises)
{
	static void *p[100][5];
	struct testmem t;

	promising(&t);
	for (uint32_t i = 0; i < 100; i++)
		EXPECT(mem_promise(&t.mem));
	EXPECT_GT(mem_least_budget(&t.mem), t.mem.taken);
	mem_set_budget(&t.mem, mem_least_budget(&t.mem));
	EXPECT(!mem_may_promise(&t.mem));
	claim_all(&t, 100, p);
	EXPECT_LE(t.live, t.mem.budget);
	give_back(&t, 100, p);
	testmem_fini(&t);
}
END_TEST

Suite *suite_base_promise(void)
{
	Suite *s = suite_create("base/promise");
	TCase *tc = tcase_create("pool");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, promise_holds_when_all_else_is_spent, 0, 4);
	tcase_add_test(tc, promises_end_where_the_budget_does);
	tcase_add_test(tc, promises_made_singly_share_chunks);
	tcase_add_test(tc, claims_are_repaid_when_there_is_memory);
	tcase_add_test(tc, unused_chunks_serve_another_class);
	tcase_add_test(tc, packets_keep_a_chunk);
	tcase_add_test(tc, a_long_list_serves_another_class);
	tcase_add_test(tc, chunks_in_use_are_looked_for_once);
	tcase_add_test(tc, budget_may_change);
	tcase_add_test(tc, least_budget_keeps_the_promises);
	tcase_add_loop_test(tc, no_history_breaks_a_promise, 0, 8);
	suite_add_tcase(s, tc);
	return s;
}

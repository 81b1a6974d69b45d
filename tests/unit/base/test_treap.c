/* SPDX-License-Identifier: MIT */
/*
 * test_treap.c - an ordered tree against an array
 */

#include <stdlib.h>

#include "stack/base/rng.h"
#include "stack/base/treap.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define NODES 2000u
#define STEPS 20000u

/**
 * struct model - tree and array, the same nodes in the same order
 */
struct model {
	struct treap t;
	struct treap_node *order[NODES];
	uint32_t n;
	struct rng rng;
};

static void insert(struct model *m)
{
	uint32_t i = rng_below(&m->rng, m->n + 1);
	struct treap_node *n;

	if (m->n == NODES)
		return;
	n = malloc(sizeof(*n));
	treap_insert_after(&m->t, i ? m->order[i - 1] : NULL, n);
	for (uint32_t k = m->n++; k > i; k--)
		m->order[k] = m->order[k - 1];
	m->order[i] = n;
}

static void take_out(struct model *m)
{
	uint32_t i;

	if (m->n == 0)
		return;
	i = rng_below(&m->rng, m->n);
	treap_remove(&m->t, m->order[i]);
	free(m->order[i]);
	m->n--;
	for (uint32_t k = i; k < m->n; k++)
		m->order[k] = m->order[k + 1];
}

static void check(const struct model *m)
{
	struct treap_node *n = treap_first(&m->t);
	struct treap_node *prev = NULL;

	for (uint32_t i = 0; i < m->n; i++) {
		EXPECT(n == m->order[i]);
		EXPECT(treap_prev(n) == prev);
		prev = n;
		n = treap_next(n);
	}
	EXPECT(n == NULL);
	EXPECT((m->t.root == NULL) == (m->n == 0));
}

START_TEST(order_is_that_of_an_array)
{
	struct model m = { .n = 0 };

	rng_init(&m.rng, test_seed());
	for (uint32_t i = 0; i < STEPS; i++) {
		if (rng_below(&m.rng, 100) < (i < STEPS / 2 ? 60u : 40u))
			insert(&m);
		else
			take_out(&m);
		if (i % 100 == 0)
			check(&m);
	}
	while (m.n > 0)
		take_out(&m);
	check(&m);
}
END_TEST

static uint32_t depth_of(const struct treap_node *n)
{
	uint32_t d = 0;

	for (; n; n = n->up)
		d++;
	return d;
}

/* Appending is the worst order for a tree that is not balanced. */
START_TEST(depth_is_logarithmic_when_all_is_appended)
{
	struct treap_node *n = calloc(NODES, sizeof(*n));
	struct treap t = { NULL };
	uint32_t deepest = 0;

	for (uint32_t i = 0; i < NODES; i++)
		treap_insert_after(&t, i ? &n[i - 1] : NULL, &n[i]);
	for (uint32_t i = 0; i < NODES; i++) {
		uint32_t d = depth_of(&n[i]);

		deepest = d > deepest ? d : deepest;
	}
	EXPECT_LT(deepest, 60); /* 11 at best, 25 on average */
	free(n);
}
END_TEST

Suite *suite_base_treap(void)
{
	Suite *s = suite_create("base/treap");
	TCase *tc = tcase_create("treap");

	tcase_add_test(tc, order_is_that_of_an_array);
	tcase_add_test(tc, depth_is_logarithmic_when_all_is_appended);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * htab.c - intrusive chained hash table that grows without a pause
 *
 * While the table doubles, a hash belongs to exactly one of the two arrays:
 *
 *	old:  [ moved, dead ........ | still in use .......... ]  N buckets
 *	                             ^ moved
 *	new:  buckets i and i + N are valid from the moment that old bucket i
 *	      has been moved, and hold garbage before
 *
 * so that a search walks one chain, and the new array is never cleared as a
 * whole.  Moving MOVE_STEP buckets an insertion is done long before N more
 * nodes ask for the next doubling.
 */

#include "htab.h"

#include <stdbool.h>
#include <string.h>

#include "assert.h"

#define BUCKETS_INITIAL 256u
#define BUCKETS_MAX	(1u << 30)
#define MOVE_STEP	4u

static struct hnode **array_new(struct mem *m, uint32_t buckets)
{
	size_t len = buckets * sizeof(struct hnode *);

	return len <= MEM_BLOCK_MAX ? mem_alloc(m, len) : mem_alloc_big(m, len);
}

static void array_free(struct mem *m, struct hnode **array, uint32_t buckets)
{
	size_t len = buckets * sizeof(struct hnode *);

	if (len <= MEM_BLOCK_MAX)
		mem_free(m, array, len);
	else
		mem_free_big(m, array, len);
}

/* The one chain that a hash belongs to. */
static inline struct hnode **chain_of(const struct htab *t, uint64_t hash)
{
	if (t->old && (hash & t->old_mask) >= t->moved)
		return &t->old[hash & t->old_mask];
	return &t->bucket[hash & t->mask];
}

/* Split one old bucket over the two new ones that take its place. */
static void move_bucket(struct htab *t)
{
	uint32_t i = t->moved++;
	struct hnode *n = t->old[i];

	t->bucket[i] = NULL;
	t->bucket[i + t->old_mask + 1] = NULL;
	while (n) {
		struct hnode *next = n->next;
		struct hnode **chain = &t->bucket[n->hash & t->mask];

		n->next = *chain;
		*chain = n;
		n = next;
	}
}

static void move_some(struct htab *t)
{
	for (uint32_t k = 0; k < MOVE_STEP && t->moved <= t->old_mask; k++)
		move_bucket(t);
	if (t->moved <= t->old_mask)
		return;
	array_free(t->mem, t->old, t->old_mask + 1);
	t->old = NULL;
}

/* Start to double; without memory the chains just get longer. */
static void start_growing(struct htab *t)
{
	uint32_t size = t->mask + 1;
	struct hnode **bigger;

	if (size >= BUCKETS_MAX)
		return;
	bigger = array_new(t->mem, size * 2);
	if (!bigger)
		return;
	t->old = t->bucket;
	t->old_mask = t->mask;
	t->moved = 0;
	t->bucket = bigger;
	t->mask = size * 2 - 1;
}

int htab_init(struct htab *t, struct mem *mem)
{
	*t = (struct htab){ .mem = mem, .mask = BUCKETS_INITIAL - 1 };
	t->bucket = array_new(mem, BUCKETS_INITIAL);
	if (!t->bucket)
		return -ERR_NOMEM;
	memset(t->bucket, 0, BUCKETS_INITIAL * sizeof(struct hnode *));
	return 0;
}

void htab_fini(struct htab *t)
{
	array_free(t->mem, t->bucket, t->mask + 1);
	if (t->old)
		array_free(t->mem, t->old, t->old_mask + 1);
	*t = (struct htab){ .mem = t->mem };
}

void htab_insert(struct htab *t, struct hnode *n, uint64_t hash)
{
	struct hnode **chain;

	if (t->old)
		move_some(t);
	else if (t->count > t->mask)
		start_growing(t);

	chain = chain_of(t, hash);
	n->hash = hash;
	n->next = *chain;
	*chain = n;
	t->count++;
}

void htab_remove(struct htab *t, struct hnode *n)
{
	struct hnode **link = chain_of(t, n->hash);

	while (*link && *link != n)
		link = &(*link)->next;
	ASSERT(*link == n);
	*link = n->next;
	n->next = NULL;
	t->count--;
}

/* First of a chain's nodes from @n on that has the hash. */
static inline struct hnode *chain_find(struct hnode *n, uint64_t hash)
{
	while (n && n->hash != hash)
		n = n->next;
	return n;
}

struct hnode *htab_first(const struct htab *t, uint64_t hash)
{
	return chain_find(*chain_of(t, hash), hash);
}

struct hnode *htab_next(const struct hnode *n)
{
	return chain_find(n->next, n->hash);
}

/* SPDX-License-Identifier: MIT */
/*
 * mem_chunk.c - chunks that are wholly unused go back to the embedder
 *
 *	chunks by address:	[ A ......... ][ B ......... ][ C ......... ]
 *	a free list, sorted:	  a a   a	 b b b b b b b	 c
 *
 * A block does not know its chunk.  So the free list is sorted by address and
 * walked beside the chunks: B, all of whose blocks stand there, goes.
 */

#include "mem_int.h"

#define SORT_MAX (1u << 17) /* blocks: sorting more of them would be felt */

static uint32_t count_up_to(struct mem_block *b, uint32_t most)
{
	uint32_t n = 0;

	for (; b && n < most; b = next_of(b))
		n++;
	return n;
}

/* The first @n of a list in front, the rest of it returned. */
static struct mem_block *cut(struct mem_block *b, uint32_t n)
{
	struct mem_block *rest;

	while (b && --n > 0)
		b = next_of(b);
	if (!b)
		return NULL;
	rest = next_of(b);
	link_to(b, NULL);
	return rest;
}

/**
 * struct chain - list under construction
 * @first:	first block, NULL = empty
 * @last:	last block
 */
struct chain {
	struct mem_block *first;
	struct mem_block *last;
};

static void chain_add(struct chain *c, struct mem_block *b)
{
	if (c->last)
		link_to(c->last, b);
	else
		c->first = b;
	c->last = b;
}

/* Two sorted lists behind what is in @out, in order. */
static void merge(struct chain *out, struct mem_block *a, struct mem_block *b)
{
	while (a || b) {
		struct mem_block **from = !b || (a && a < b) ? &a : &b;
		struct mem_block *least = *from;

		*from = next_of(least);
		chain_add(out, least);
	}
}

/* Merge sort by address, from runs of one block upwards. */
static struct mem_block *sort(struct mem_block *list, uint32_t n)
{
	for (uint32_t run = 1; run < n; run *= 2) {
		struct chain out = { NULL, NULL };

		while (list) {
			struct mem_block *a = list;
			struct mem_block *b = cut(a, run);

			list = cut(b, run);
			merge(&out, a, b);
		}
		link_to(out.last, NULL);
		list = out.first;
	}
	return list;
}

static bool holds(const struct mem_chunk *c, const struct mem_block *b)
{
	return (const uint8_t *)b >= c->blocks &&
	       (const uint8_t *)b < (const uint8_t *)c + c->len;
}

/* The same of a sorted list; what is left of it. */
static struct mem_block *free_sorted(struct mem *m, uint32_t cls,
				     struct mem_block *list)
{
	struct chain left = { NULL, NULL };
	struct mem_chunk **at = &m->chunks;
	bool stays = cls == MEM_CLASS_PACKET;

	while (*at) {
		struct mem_chunk *c = *at;
		struct mem_block *first = list;
		uint32_t n = 0;

		for (; c->cls == cls && list && holds(c, list); n++)
			list = next_of(list);
		if (n == c->n && !stays) {
			*at = c->next;
			mem_return_chunk(m, c);
			continue;
		}
		stays = stays && n != c->n;
		for (; n > 0; n--) {
			struct mem_block *b = first;

			first = next_of(b);
			chain_add(&left, b);
		}
		at = &c->next;
	}
	if (left.last)
		link_to(left.last, NULL);
	return left.first;
}

void mem_return_chunk(struct mem *m, struct mem_chunk *c)
{
	m->taken -= c->len;
	unpoison(c, c->len);
	m->free(m->ctx, c, c->len);
}

void mem_free_chunks(struct mem *m, uint32_t cls)
{
	struct mem_block **list = &m->free_list[cls];
	uint32_t n = count_up_to(*list, SORT_MAX);

	if (n > 0 && n < SORT_MAX)
		*list = free_sorted(m, cls, sort(*list, n));
}

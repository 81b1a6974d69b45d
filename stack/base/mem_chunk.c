/* SPDX-License-Identifier: MIT */
/*
 * mem_chunk.c - chunks that are wholly unused go back to the embedder
 *
 *	a free list:		 b a c b a b a b b a b b
 *	a tree of chunks:	[ A   a a a a   ][ B b b b b b b b ][ C c   ]
 *
 * A block does not know its chunk.  So each is looked up in the tree by its
 * address, and put on a list there: B, all of whose blocks have come, goes.
 */

#include "mem_int.h"

#define LOOK_MAX (1u << 19) /* blocks: looking up more of them would be felt */

/* The last chunk that begins before @p, NULL = none does. */
static struct mem_chunk *chunk_before(const struct mem *m, const void *p)
{
	struct treap_node *n = m->chunks.root;
	struct mem_chunk *found = NULL;

	while (n) {
		if ((const void *)n < p) {
			found = (struct mem_chunk *)n;
			n = n->right;
		} else {
			n = n->left;
		}
	}
	return found;
}

void mem_add_chunk(struct mem *m, struct mem_chunk *c)
{
	struct mem_chunk *before = chunk_before(m, c);

	c->first = NULL;
	c->nfree = 0;
	treap_insert_after(&m->chunks, before ? &before->node : NULL, &c->node);
}

void mem_return_chunk(struct mem *m, struct mem_chunk *c)
{
	treap_remove(&m->chunks, &c->node);
	m->taken -= c->len;
	unpoison(c, c->len);
	m->free(m->ctx, c, c->len);
}

/* Each unused block to its chunk; what is left of the list. */
static struct mem_block *sort_in(const struct mem *m, struct mem_block *list)
{
	for (uint32_t i = 0; list && i < LOOK_MAX; i++) {
		struct mem_chunk *c = chunk_before(m, list);
		struct mem_block *next = next_of(list);

		link_to(list, c->first);
		if (!c->first)
			c->last = list;
		c->first = list;
		c->nfree++;
		list = next;
	}
	return list;
}

void mem_free_chunks(struct mem *m, uint32_t cls)
{
	struct mem_block *left = sort_in(m, m->free_list[cls]);
	bool stays = cls == MEM_CLASS_PACKET;
	struct treap_node *next;

	for (struct treap_node *n = treap_first(&m->chunks); n; n = next) {
		struct mem_chunk *c = (struct mem_chunk *)n;

		next = treap_next(n);
		if (!c->first)
			continue;
		if (c->nfree == c->n && !stays) {
			mem_return_chunk(m, c);
			continue;
		}
		stays = stays && c->nfree != c->n;
		link_to(c->last, left);
		left = c->first;
		c->first = NULL;
		c->nfree = 0;
	}
	m->free_list[cls] = left;
}

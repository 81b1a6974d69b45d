/* SPDX-License-Identifier: MIT */
/*
 * mem_int.h - what the parts of the pool share: blocks and chunks
 */

#ifndef STACK_BASE_MEM_INT_H
#define STACK_BASE_MEM_INT_H

#include "mem.h"
#include "poison.h"

/* An unused block: its own first bytes are the link. */
struct mem_block {
	struct mem_block *next;
};

/* Sized to 64 bytes, so that the blocks behind it keep their alignment. */
struct mem_chunk {
	struct treap_node node;	 /* first, so that they can be cast */
	size_t len;		 /* header included */
	struct mem_block *first; /* those counted in @nfree, mem_free_chunks() */
	struct mem_block *last;
	uint32_t cls;
	uint32_t n; /* blocks */
	uint32_t nfree;
	_Alignas(64) uint8_t blocks[];
};

_Static_assert(sizeof(struct mem_chunk) == 64, "a header is small");

/* Bytes of a block. */
static inline size_t class_size(uint32_t cls)
{
	if (cls == MEM_CLASS_PACKET)
		return MEM_PACKET;
	return (size_t)1 << (MEM_MIN_SHIFT + cls - (cls > MEM_CLASS_PACKET));
}

/* An unused block's link, which nobody else may touch. */
static inline struct mem_block *next_of(struct mem_block *b)
{
	struct mem_block *next;

	unpoison(b, sizeof(*b));
	next = b->next;
	poison(b, sizeof(*b));
	return next;
}

static inline void link_to(struct mem_block *b, struct mem_block *next)
{
	unpoison(b, sizeof(*b));
	b->next = next;
	poison(b, sizeof(*b));
}

/** mem_add_chunk() - Put a new one among the others */
void mem_add_chunk(struct mem *m, struct mem_chunk *c);

/**
 * mem_free_chunks() - Return the chunks of a class that are wholly unused
 * @m:		pool
 * @cls:	class
 *
 * One chunk of packets stays, so that there are always some to read into.  Of a
 * list that is very long only the blocks freed last are looked at.
 */
void mem_free_chunks(struct mem *m, uint32_t cls);

/** mem_return_chunk() - Back to the embedder */
void mem_return_chunk(struct mem *m, struct mem_chunk *c);

#endif /* STACK_BASE_MEM_INT_H */

/* SPDX-License-Identifier: MIT */
/*
 * slice.c - counted buffers: header and bytes are one block of the pool
 */

#include "slice.h"

#include "assert.h"
#include "mem.h"

struct ubuf *ubuf_new(struct mem *m, uint32_t size)
{
	struct ubuf *b;
	size_t len;

	if (size > MEM_BLOCK_MAX - sizeof(*b))
		return NULL;
	len = mem_block_size(sizeof(*b) + size);
	b = mem_alloc(m, len);
	if (!b)
		return NULL;
	b->mem = m;
	b->refs = 1;
	b->size = (uint32_t)(len - sizeof(*b));
	return b;
}

void ubuf_free(struct ubuf *b)
{
	ASSERT(b->refs == 0);
	mem_free(b->mem, b, ubuf_footprint(b));
}

uint32_t ubuf_footprint(const struct ubuf *b)
{
	return (uint32_t)sizeof(*b) + b->size;
}

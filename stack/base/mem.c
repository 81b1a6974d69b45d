/* SPDX-License-Identifier: MIT */
/*
 * mem.c - all memory of one stack: chunks from the embedder, under a budget
 *
 *	chunk:  [ header, 64 bytes | block | block | block | ... ]
 *
 * All blocks of a chunk belong to one class and are put on its free list when
 * the chunk arrives.  Chunks stay until mem_fini().  A chunk has CHUNK_BLOCKS
 * blocks within CHUNK_MIN and CHUNK_MAX, so that a class of which one block
 * is wanted does not eat up a small budget, or as many as its rest allows.
 */

#include "mem.h"

#include <stdbool.h>

#include "assert.h"
#include "bytes.h"
#include "poison.h"

#define CLASS_PACKET (MEM_CLASSES - 2) /* the one that is no power of two */
#define CHUNK_BLOCKS 16u
#define CHUNK_MIN    ((uint64_t)64 << 10)
#define CHUNK_MAX    ((uint64_t)1 << 20)

/* An unused block: its own first bytes are the link. */
struct mem_block {
	struct mem_block *next;
};

/* Sized to 64 bytes, so that the blocks behind it keep their alignment. */
struct mem_chunk {
	struct mem_chunk *next;
	size_t len; /* header included */
	_Alignas(64) uint8_t blocks[];
};

/*
 * Number of the class whose blocks hold @len bytes.
 *
 *	64  128  ...  32 K  64 K | 68 K | 128 K
 *
 * The odd one is for what a device reads: 64 KB and a little.
 */
static inline uint32_t class_of(size_t len)
{
	unsigned long long top = (len - 1) | ((1u << MEM_MIN_SHIFT) - 1);
	uint32_t power = 63 - (uint32_t)__builtin_clzll(top) -
			 (MEM_MIN_SHIFT - 1);

	return power + (len > MEM_PACKET);
}

static inline size_t class_size(uint32_t cls)
{
	if (cls == CLASS_PACKET)
		return MEM_PACKET;
	return (size_t)1 << (MEM_MIN_SHIFT + cls - (cls > CLASS_PACKET));
}

static inline void note_used(struct mem *m, size_t len)
{
	m->used += len;
	m->peak = max_u64(m->peak, m->used);
}

/* Bytes of the budget not yet taken; a budget may have been cut below @taken */
static uint64_t budget_left(const struct mem *m)
{
	return m->budget > m->taken ? m->budget - m->taken : 0;
}

/* Carve from the end, so that blocks are handed out in ascending order. */
static void carve(struct mem *m, struct mem_chunk *c, uint32_t cls, size_t n)
{
	size_t size = class_size(cls);

	for (size_t i = n; i-- > 0;) {
		struct mem_block *b = (void *)(c->blocks + i * size);

		b->next = m->free_list[cls];
		m->free_list[cls] = b;
		poison(b, size);
	}
}

/* Take a chunk for a class; false when it cannot hold even one block. */
static bool grow(struct mem *m, uint32_t cls)
{
	size_t size = class_size(cls);
	uint64_t want = min_u64(max_u64(CHUNK_BLOCKS * size, CHUNK_MIN),
				CHUNK_MAX);
	uint64_t left = budget_left(m);
	struct mem_chunk *c;
	size_t n, len;

	if (left < sizeof(*c) + size)
		return false;
	n = (size_t)min_u64(want, left - sizeof(*c)) / size;
	len = sizeof(*c) + n * size;
	c = m->alloc(m->ctx, len);
	if (!c)
		return false;

	c->len = len;
	c->next = m->chunks;
	m->chunks = c;
	m->taken += len;
	carve(m, c, cls, n);
	return true;
}

/* Take the first block of a class that has one, for @len bytes. */
static inline void *pop(struct mem *m, uint32_t cls, size_t len)
{
	struct mem_block *b = m->free_list[cls];

	unpoison(b, sizeof(*b));
	m->free_list[cls] = b->next;
	poison(b, sizeof(*b));
	unpoison(b, len);
	note_used(m, class_size(cls));
	return b;
}

/* Kept apart, so that the usual path of mem_alloc() saves no registers. */
static __attribute__((noinline, cold)) void *pop_after_growing(struct mem *m,
							       uint32_t cls,
							       size_t len)
{
	return grow(m, cls) ? pop(m, cls, len) : NULL;
}

void mem_init(struct mem *m, uint64_t budget,
	      void *(*alloc)(void *ctx, size_t len),
	      void (*free)(void *ctx, void *p, size_t len), void *ctx)
{
	*m = (struct mem){
		.alloc = alloc,
		.free = free,
		.ctx = ctx,
		.budget = budget,
	};
}

void mem_fini(struct mem *m)
{
	while (m->chunks) {
		struct mem_chunk *c = m->chunks;

		m->chunks = c->next;
		m->taken -= c->len;
		unpoison(c, c->len);
		m->free(m->ctx, c, c->len);
	}
	memset(m->free_list, 0, sizeof(m->free_list));
	m->used = 0;
}

void *mem_alloc(struct mem *m, size_t len)
{
	uint32_t cls = class_of(len);

	ASSERT(cls < MEM_CLASSES);
	if (__builtin_expect(!m->free_list[cls], 0))
		return pop_after_growing(m, cls, len);
	return pop(m, cls, len);
}

void mem_free(struct mem *m, void *p, size_t len)
{
	uint32_t cls = class_of(len);
	struct mem_block *b = p;

	if (!p)
		return;
	ASSERT(cls < MEM_CLASSES);
	ASSERT(m->used >= class_size(cls));
	unpoison(b, sizeof(*b));
	b->next = m->free_list[cls];
	m->free_list[cls] = b;
	poison(b, class_size(cls));
	m->used -= class_size(cls);
}

bool mem_has(const struct mem *m, size_t len)
{
	uint32_t cls = class_of(len);

	return m->free_list[cls] ||
	       budget_left(m) >= sizeof(struct mem_chunk) + class_size(cls);
}

size_t mem_block_size(size_t len)
{
	return class_size(class_of(len));
}

void *mem_alloc_big(struct mem *m, size_t len)
{
	void *p;

	if (len > budget_left(m))
		return NULL;
	p = m->alloc(m->ctx, len);
	if (!p)
		return NULL;
	m->taken += len;
	note_used(m, len);
	return p;
}

void mem_free_big(struct mem *m, void *p, size_t len)
{
	if (!p)
		return;
	ASSERT(m->used >= len);
	m->taken -= len;
	m->used -= len;
	m->free(m->ctx, p, len);
}

/* SPDX-License-Identifier: MIT */
/*
 * mem.h - all memory of one stack: chunks from the embedder, under a budget
 *
 *	host.alloc --> chunk (64 KB and more) --> size classes --> blocks
 *
 * Everything an instance holds comes from here.  Small blocks are carved from
 * chunks by size class and recycled through a last-in-first-out list each, so
 * that the few blocks in use stay warm in the cache.  mem_alloc() costs a pop,
 * mem_free() a push; neither calls the embedder once the pool is warm.
 * The budget bounds what is taken from the embedder; @used counts what is
 * handed out, by the size that a block really occupies.
 */

#ifndef STACK_BASE_MEM_H
#define STACK_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define MEM_CLASSES   13u /* powers of two from 64 bytes to 128 KB, and 68 KB */
#define MEM_MIN_SHIFT 6u
#define MEM_PACKET    ((size_t)68 << 10)
#define MEM_BLOCK_MAX ((size_t)128 << 10)

struct mem_block;
struct mem_chunk;

/**
 * struct mem - a pool
 * @alloc:	embedder's allocator: returns @len zeroed or dirty bytes, aligned
 *		to 64, or NULL
 * @free:	its counterpart
 * @ctx:	passed to both
 * @budget:	most bytes to take from the embedder
 * @taken:	bytes taken so far
 * @used:	bytes in blocks handed out, by size class
 * @peak:	highest @used so far
 * @free_list:	unused blocks per class
 * @chunks:	all chunks carved into classes
 */
struct mem {
	void *(*alloc)(void *ctx, size_t len);
	void (*free)(void *ctx, void *p, size_t len);
	void *ctx;
	uint64_t budget;
	uint64_t taken;
	uint64_t used;
	uint64_t peak;
	struct mem_block *free_list[MEM_CLASSES];
	struct mem_chunk *chunks;
};

/** mem_init() - Start an empty pool; @m is the caller's, taken from nothing */
void mem_init(struct mem *m, uint64_t budget,
	      void *(*alloc)(void *ctx, size_t len),
	      void (*free)(void *ctx, void *p, size_t len), void *ctx);

/** mem_fini() - Return every chunk; blocks still out die with them */
void mem_fini(struct mem *m);

/**
 * mem_alloc() - Get a block
 * @m:		pool
 * @len:	bytes wanted, 1 .. MEM_BLOCK_MAX
 *
 * Return: a block aligned to 64 bytes with undefined contents, or NULL when
 * the budget is spent.  Give it back by mem_free() with the same @len.  Only
 * @len bytes are the caller's (AddressSanitizer sees the rest as out of bounds):
 * whoever wants the whole block asks for mem_block_size().
 */
void *mem_alloc(struct mem *m, size_t len);

/** mem_free() - Give back a block of mem_alloc(@len); NULL is ignored */
void mem_free(struct mem *m, void *p, size_t len);

/** mem_has() - Would mem_alloc(@len) succeed now, the embedder permitting? */
bool mem_has(const struct mem *m, size_t len);

/** mem_block_size() - Bytes that a block of @len really occupies */
size_t mem_block_size(size_t len);

/**
 * mem_alloc_big() - Get a large area straight from the embedder (tables)
 * @m:		pool
 * @len:	bytes
 *
 * Return: area, or NULL when the budget or the embedder refuses; counted in
 * @used and @taken until mem_free_big() with the same @len
 */
void *mem_alloc_big(struct mem *m, size_t len);

/** mem_free_big() - Give back an area of mem_alloc_big(@len) */
void mem_free_big(struct mem *m, void *p, size_t len);

#endif /* STACK_BASE_MEM_H */

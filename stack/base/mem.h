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
 *
 * A promise is a handful of blocks (mem_promises()) that its holder can have
 * whatever the rest went to.  What is promised and not made yet is withheld from
 * the rest of the budget; it is made when first claimed, and kept from then on:
 *
 *	mem_alloc()	free list -> new chunk, of what is not withheld
 *	with a claim	free list -> kept list -> new chunk, of what is withheld
 *	mem_free()	kept list while it lacks what was claimed, else free list
 *
 * Blocks stay in their class.  Where a class finds neither a block nor budget,
 * chunks of other classes that are wholly unused go back to the embedder first.
 */

#ifndef STACK_BASE_MEM_H
#define STACK_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "treap.h"

#define MEM_CLASSES   13u /* powers of two from 64 bytes to 128 KB, and 68 KB */
#define MEM_MIN_SHIFT 6u
#define MEM_CLASS_PACKET                                                       \
	(MEM_CLASSES - 2u) /* the one that is no power of two */
#define MEM_PACKET     ((size_t)68 << 10)
#define MEM_SHARES_MAX 4u
#define MEM_BLOCK_MAX  ((size_t)128 << 10)

struct mem_block;

/**
 * struct mem_share - what a promise has of one class
 * @len:	bytes, of a block
 * @n:		blocks
 */
struct mem_share {
	uint32_t len;
	uint32_t n;
};

/**
 * struct mem_kept - what is set aside of one class
 * @list:	blocks for those who claim
 * @cls:	the class
 * @share:	blocks that belong to a promise
 * @made:	promises whose blocks of this class were made
 */
struct mem_kept {
	struct mem_block *list;
	uint32_t cls;
	uint32_t share;
	uint32_t made;
};

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
 * @owed:	blocks per class that were claimed and not given back yet
 * @nowed:	their sum
 * @claimed:	mem_alloc() is for the holder of a promise
 * @promises:	promises made
 * @unit:	bytes that making one takes, 0 = none can be made
 * @foreseen:	promises that budget is withheld for at least
 * @covered:	promises that @withheld is for
 * @withheld:	bytes of @budget for what is promised, or soon may be, and not made
 * @reserve:	bytes of @budget that mem_low() keeps beyond that
 * @enough:	while @used is not more than this, memory is not low
 * @kept:	what is set aside, of each class that a promise has
 * @nkept:	entries
 * @tried:	highest @used with which chunks were looked for in vain
 * @denied:	the embedder has refused a chunk: memory is low, and none is asked
 *		for, until mem_retry()
 * @chunks:	all chunks carved into classes, by address
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
	uint32_t owed[MEM_CLASSES];
	uint32_t nowed;
	bool claimed;
	uint32_t promises;
	uint64_t unit;
	uint32_t foreseen;
	uint32_t covered;
	uint64_t withheld;
	uint64_t reserve;
	uint64_t enough;
	struct mem_kept kept[MEM_SHARES_MAX];
	uint32_t nkept;
	uint64_t tried;
	bool denied;
	struct treap chunks;
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

/** mem_ensure() - See to it that mem_alloc(@len) will succeed, without a claim; false
 * when it cannot
 */
bool mem_ensure(struct mem *m, size_t len);

/**
 * mem_promises() - Say what a promise consists of, before the first one
 * @m:		pool
 * @share:	the blocks, each class once; read in this call only
 * @n:		entries, at most MEM_SHARES_MAX
 */
void mem_promises(struct mem *m, const struct mem_share *share, uint32_t n);

/** mem_set_budget() - Another budget from now on; what is taken beyond it stays */
void mem_set_budget(struct mem *m, uint64_t budget);

/** mem_least_budget() - Bytes that are taken, or must be for promises to be kept */
uint64_t mem_least_budget(const struct mem *m);

/** mem_set_reserve() - Have mem_low() keep so many bytes beyond all promises */
void mem_set_reserve(struct mem *m, uint64_t bytes);

/**
 * mem_low() - Must what is left be kept for promises and for the reserve?
 *
 * As long as anything is claimed nobody should get more than was promised.
 */
static inline bool mem_low(const struct mem *m)
{
	return m->used > m->enough;
}

/**
 * mem_promise() - Make a promise
 * @m:		pool
 *
 * Return: true, and what it takes can be had until mem_unpromise(), the
 * embedder permitting; false when what is left does not allow for it
 */
bool mem_promise(struct mem *m) MUST_USE;

/** mem_may_promise() - Would mem_promise() succeed now? */
bool mem_may_promise(const struct mem *m);

/** mem_unpromise() - The holder of a promise has given back all its blocks */
void mem_unpromise(struct mem *m);

/**
 * mem_claim() - From here to mem_claim(@m, false) mem_alloc() is for the holder of
 *		 a promise: it gets what belongs to it when there is nothing else
 *
 * It must have fewer blocks of the class, claimed or not, than it was promised.
 * What a holder begins with may be of a class that the promise does not have: it
 * comes from what is withheld for promises to come.
 */
static inline void mem_claim(struct mem *m, bool on)
{
	m->claimed = on;
}

/** mem_repay() - Where there is memory again, make up for what was claimed */
void mem_repay(struct mem *m);

/** mem_retry() - The embedder may have memory again */
void mem_retry(struct mem *m);

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

/* SPDX-License-Identifier: MIT */
/*
 * htab.h - intrusive chained hash table that grows without a pause
 *
 *	buckets:  old [0 .. mask_old]  -- a few buckets per insertion -->  new
 *
 * The caller supplies 64-bit hashes (keyed ones where an attacker chooses the
 * keys) and compares keys itself while walking a chain, so that one table can
 * hold several kinds of object.  When the load exceeds one node per bucket the
 * table doubles, and each later insertion moves a few old buckets over: no
 * single call costs more than O(1) plus one allocation.
 */

#ifndef STACK_BASE_HTAB_H
#define STACK_BASE_HTAB_H

#include <stdint.h>

#include "err.h"
#include "mem.h"

/**
 * struct hnode - link of an object that is in a table
 * @next:	next in the chain, NULL at its end
 * @hash:	the object's hash, set by htab_insert()
 */
struct hnode {
	struct hnode *next;
	uint64_t hash;
};

/**
 * struct htab - the table
 * @mem:	where bucket arrays come from; borrowed
 * @bucket:	current array of @mask + 1 chains
 * @mask:	its size less one
 * @old:	array being emptied, NULL when none is
 * @old_mask:	its size less one
 * @moved:	buckets of @old already moved
 * @count:	nodes in the table
 */
struct htab {
	struct mem *mem;
	struct hnode **bucket;
	uint32_t mask;
	struct hnode **old;
	uint32_t old_mask;
	uint32_t moved;
	uint32_t count;
};

/**
 * htab_init() - Make an empty table
 * @t:		table, storage owned by the caller
 * @mem:	budget for its arrays, outlives the table
 *
 * Return: 0, or -ERR_NOMEM
 */
int htab_init(struct htab *t, struct mem *mem) MUST_USE;

/** htab_fini() - Give back the arrays; nodes still inside are forgotten */
void htab_fini(struct htab *t);

/**
 * htab_insert() - Add a node; never fails (a table that cannot grow gets
 *		   longer chains)
 * @t:		table
 * @n:		node in no table; the object keeps ownership
 * @hash:	its hash
 */
void htab_insert(struct htab *t, struct hnode *n, uint64_t hash);

/** htab_remove() - Take out a node that is in the table */
void htab_remove(struct htab *t, struct hnode *n);

/**
 * htab_first() - First node with a hash
 * @t:		table
 * @hash:	hash looked for
 *
 * Return: a node whose @hash is equal, or NULL.  The caller compares the key
 * and goes on with htab_next().
 */
struct hnode *htab_first(const struct htab *t, uint64_t hash);

/** htab_next() - Next node with the same hash as @n, or NULL */
struct hnode *htab_next(const struct hnode *n);

#endif /* STACK_BASE_HTAB_H */

/* SPDX-License-Identifier: MIT */
/*
 * testmem.h - a pool over malloc() that knows what it was asked for
 *
 * Each chunk is an allocation of its own, dirty, and exactly as long as asked,
 * so that the address sanitizer sees its edges.
 */

#ifndef TESTS_UNIT_BASE_TESTMEM_H
#define TESTS_UNIT_BASE_TESTMEM_H

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/mem.h"
#include "tests/unit/expect.h"

/**
 * struct testmem - pool and its host
 * @mem:	the pool
 * @live:	bytes that the host has handed out and not got back
 * @calls:	allocations asked for
 * @refuse:	the host has no memory
 */
struct testmem {
	struct mem mem;
	uint64_t live;
	uint64_t calls;
	bool refuse;
};

static inline void *testmem_alloc(void *ctx, size_t len)
{
	struct testmem *t = ctx;
	void *p = NULL;

	t->calls++;
	if (t->refuse || posix_memalign(&p, 64, len))
		return NULL;
	memset(p, 0xa5, len);
	t->live += len;
	return p;
}

static inline void testmem_free(void *ctx, void *p, size_t len)
{
	struct testmem *t = ctx;

	EXPECT_LE(len, t->live);
	t->live -= len;
	free(p);
}

/** testmem_init() - Start a pool that may take @budget bytes */
static inline void testmem_init(struct testmem *t, uint64_t budget)
{
	*t = (struct testmem){ 0 };
	mem_init(&t->mem, budget, testmem_alloc, testmem_free, t);
}

/** testmem_fini() - End it; fails the test unless all blocks were given back */
static inline void testmem_fini(struct testmem *t)
{
	EXPECT_EQ(t->mem.used, 0);
	mem_fini(&t->mem);
	EXPECT_EQ(t->mem.taken, 0);
	EXPECT_EQ(t->live, 0);
}

#endif /* TESTS_UNIT_BASE_TESTMEM_H */

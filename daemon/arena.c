/* SPDX-License-Identifier: MIT */
/*
 * arena.c - memory for the stack's chunks, cut from large areas
 *
 * Chunks come from areas of AREA bytes that huge pages may back: payload is
 * copied by the kernel, and with small pages a good part of that is waiting
 * for the TLB.  A chunk is given back by itself; address space is not reused.
 *
 * System calls: mmap, madvise, munmap.
 */

#include "arena.h"

#include <stdbool.h>
#include <sys/mman.h>

#define AREA ((size_t)64 << 20)
#define PAGE 4096u

static size_t whole_pages(size_t len)
{
	return (len + PAGE - 1) & ~(size_t)(PAGE - 1);
}

static bool area_new(struct arena *a)
{
	void *p = mmap(NULL, AREA, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return false;
	if (a->left)
		munmap(a->at, a->left);
	madvise(p, AREA, MADV_HUGEPAGE);
	a->at = p;
	a->left = AREA;
	return true;
}

void *arena_alloc(struct arena *a, size_t len)
{
	size_t size = whole_pages(len);
	uint8_t *p;

	if (size > AREA)
		return NULL;
	if (size > a->left && !area_new(a))
		return NULL;
	p = a->at;
	a->at += size;
	a->left -= size;
	return p;
}

void arena_free(void *p, size_t len)
{
	munmap(p, whole_pages(len));
}

void arena_fini(struct arena *a)
{
	if (a->left)
		munmap(a->at, a->left);
	a->left = 0;
}

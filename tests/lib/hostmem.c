/* SPDX-License-Identifier: MIT */
/*
 * hostmem.c - memory that an embedder gives to the stack
 */

#include "hostmem.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/poison.h"

#define ALIGNMENT 64u
#define FILL	  0xa5
#define KEPT_MAX  64u /* chunks */

static struct kept {
	void *p;
	size_t len;
} kept[KEPT_MAX];

static uint32_t nkept;
static bool keep;

/* A chunk of just that size, or NULL. */
static void *take_kept(size_t len)
{
	for (uint32_t i = nkept; i-- > 0;) {
		void *p = kept[i].p;

		if (kept[i].len != len)
			continue;
		kept[i] = kept[--nkept];
		unpoison(p, len);
		return p;
	}
	return NULL;
}

void *hostmem_alloc(size_t len)
{
	void *p = take_kept(len);

	if (!p && posix_memalign(&p, ALIGNMENT, len))
		return NULL;
	memset(p, FILL, len);
	return p;
}

void hostmem_free(void *p, size_t len)
{
	if (!keep || nkept == KEPT_MAX) {
		free(p);
		return;
	}
	poison(p, len);
	kept[nkept++] = (struct kept){ p, len };
}

void hostmem_keep(void)
{
	keep = true;
}

/* SPDX-License-Identifier: MIT */
/*
 * ustack_hosted.h - what most programs give the library, from the C library
 *
 *	struct ustack_host host = { .output = output, USTACK_HOSTED };
 *
 * Random bytes from the system, memory from the heap, and failed assertions told
 * on standard error.  It stands beside the library, which does none of this, and is
 * installed with it.  ustack.h does not need it: a program that has its own ways
 * leaves it out, or names other functions for some of these.
 */

#ifndef EMBED_USTACK_HOSTED_H
#define EMBED_USTACK_HOSTED_H

#include <base/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <ustack.h>

/** USTACK_HOSTED - Initialisers of struct ustack_host: all but @output and @ctx */
#define USTACK_HOSTED                                                          \
	.random = ustack_hosted_random, .alloc = ustack_hosted_alloc,          \
	.free = ustack_hosted_free

/** ustack_hosted_random() - Bytes of getrandom(); aborts where there are none */
static inline void ustack_hosted_random(void *ctx, void *buf, size_t len)
{
	unsigned char *at = buf;

	(void)ctx;
	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno != EINTR)
			abort();
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
}

/** ustack_hosted_alloc() - A chunk of the heap, aligned as it must be, or NULL */
static inline void *ustack_hosted_alloc(void *ctx, size_t len)
{
	(void)ctx;
	return aligned_alloc(64, (len + 63) / 64 * 64);
}

/** ustack_hosted_free() - Its counterpart */
static inline void ustack_hosted_free(void *ctx, void *p, size_t len)
{
	(void)ctx;
	(void)len;
	free(p);
}

/* Gives way to a definition of the program's own. */
__attribute__((weak)) void ustack_assert_failed(const char *what,
						const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, what);
	abort();
}

#endif /* EMBED_USTACK_HOSTED_H */

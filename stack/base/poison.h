/* SPDX-License-Identifier: MIT */
/*
 * poison.h - tell AddressSanitizer which bytes of a chunk are out of bounds
 *
 * Blocks of mem.h are recycled without the sanitizer's knowledge.  With it,
 * these calls make a use after mem_free() and a run past the bytes asked for
 * reports; without it they are nothing.
 */

#ifndef STACK_BASE_POISON_H
#define STACK_BASE_POISON_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_ENABLED 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
#define POISON_ENABLED 1
#endif

#if defined(POISON_ENABLED)

#include <sanitizer/asan_interface.h>

static inline void poison(const void *p, size_t len)
{
	ASAN_POISON_MEMORY_REGION(p, len);
}

static inline void unpoison(const void *p, size_t len)
{
	ASAN_UNPOISON_MEMORY_REGION(p, len);
}

#else

static inline void poison(const void *p, size_t len)
{
	(void)p;
	(void)len;
}

static inline void unpoison(const void *p, size_t len)
{
	(void)p;
	(void)len;
}

#endif

#endif /* STACK_BASE_POISON_H */

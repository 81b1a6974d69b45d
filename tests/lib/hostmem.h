/* SPDX-License-Identifier: MIT */
/*
 * hostmem.h - memory that an embedder gives to the stack
 *
 * From malloc(), one allocation a chunk, so that the address sanitizer sees its
 * edges, and filled with what is no zero.  A process that makes thousands of
 * instances can keep what comes back for the next one: a chunk fresh from the
 * kernel has to be faulted in page by page, which took most of the time.  What is
 * kept is poisoned, so that its use is seen as it would be after free().
 */

#ifndef TESTS_LIB_HOSTMEM_H
#define TESTS_LIB_HOSTMEM_H

#include <stddef.h>

/** hostmem_alloc() - @len bytes, or NULL */
void *hostmem_alloc(size_t len);

/** hostmem_free() - Give them back; @len as it was */
void hostmem_free(void *p, size_t len);

/** hostmem_keep() - From here on, keep what is given back for whoever asks next */
void hostmem_keep(void);

#endif /* TESTS_LIB_HOSTMEM_H */

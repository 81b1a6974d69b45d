/* SPDX-License-Identifier: MIT */
/*
 * arena.h - memory for the stack's chunks, cut from large areas
 */

#ifndef DAEMON_ARENA_H
#define DAEMON_ARENA_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct arena - where the next chunk is cut; zero-initialized
 * @at:		memory that no chunk was made of yet
 * @left:	its bytes
 */
struct arena {
	uint8_t *at;
	size_t left;
};

/** arena_alloc() - A chunk of @len bytes, zeroed and page-aligned; NULL = no memory */
void *arena_alloc(struct arena *a, size_t len);

/** arena_free() - Give back a chunk of @len bytes */
void arena_free(void *p, size_t len);

/** arena_fini() - Give back what is left of the last area; no more is taken */
void arena_fini(struct arena *a);

#endif /* DAEMON_ARENA_H */

/* SPDX-License-Identifier: MIT */
/*
 * slice.h - payload: counted buffers and the slices that look into them
 *
 *	struct ubuf   [ refs size | data ............................ ]
 *	struct slice        off --->[ len ]
 *
 * A buffer's bytes are immutable once a slice of it has been handed on; only
 * the sole holder may append behind the last slice.  Counts are plain: slices
 * never cross threads.
 */

#ifndef STACK_BASE_SLICE_H
#define STACK_BASE_SLICE_H

#include <stdint.h>

struct mem;

/**
 * struct ubuf - counted block of payload
 * @mem:	pool it returns to; borrowed
 * @refs:	holders, > 0 while alive
 * @size:	bytes at @data
 * @data:	the bytes, 16-byte aligned
 */
struct ubuf {
	struct mem *mem;
	uint32_t refs;
	uint32_t size;
	_Alignas(16) uint8_t data[];
};

/**
 * struct slice - part of a buffer
 * @buf:	buffer; whoever stores the slice holds one reference
 * @off:	first byte in @buf->data
 * @len:	bytes
 */
struct slice {
	struct ubuf *buf;
	uint32_t off;
	uint32_t len;
};

/**
 * ubuf_new() - Make a buffer
 * @m:		pool
 * @size:	least number of bytes wanted; the block's rest is added to it
 *
 * Return: a buffer with one reference, or NULL when memory is spent
 */
struct ubuf *ubuf_new(struct mem *m, uint32_t size);

/** ubuf_free() - Called by slice_put() for the last reference */
void ubuf_free(struct ubuf *b);

/** ubuf_footprint() - Bytes that a buffer really occupies in its pool */
uint32_t ubuf_footprint(const struct ubuf *b);

static inline const uint8_t *slice_data(const struct slice *s)
{
	return s->buf->data + s->off;
}

static inline void ubuf_get(struct ubuf *b)
{
	b->refs++;
}

static inline void ubuf_put(struct ubuf *b)
{
	if (--b->refs == 0)
		ubuf_free(b);
}

#endif /* STACK_BASE_SLICE_H */

/* SPDX-License-Identifier: MIT */
/*
 * sliceq.h - a byte stream held as slices: receive queue and send queue
 *
 *	start                                              start + bytes
 *	  v                                                      v
 *	  [ slice ][ slice ][ slice ][ slice ]  ............ append
 *	  ^ consume
 *
 * The slices stand in a ring that grows by doubling and vanishes when the
 * queue is empty, so that an idle connection owns nothing.  Each entry knows
 * its position in the stream: any offset is found by binary search.
 * Appending keeps the number of slices and the memory behind them in
 * proportion to the bytes: neighbours in one buffer are joined, and small
 * slices that would pile up are copied together into a common buffer.
 */

#ifndef STACK_BASE_SLICEQ_H
#define STACK_BASE_SLICEQ_H

#include <stdint.h>

#include "mem.h"
#include "slice.h"

struct sliceq_entry;

/**
 * struct sliceq - the queue
 * @ring:	entries, NULL while empty
 * @cap:	size of @ring, a power of two; 0 while empty
 * @head:	index of the first entry
 * @count:	entries in use
 * @start:	stream position of the first byte, modulo 2^32
 * @bytes:	bytes queued
 * @footprint:	memory that the buffers behind them occupy, in bytes; a buffer
 *		that stands behind several entries in a row counts once
 */
struct sliceq {
	struct sliceq_entry *ring;
	uint32_t cap;
	uint32_t head;
	uint32_t count;
	uint32_t start;
	uint32_t bytes;
	uint32_t footprint;
};

/** sliceq_init() - Start an empty queue whose first byte is at @start */
void sliceq_init(struct sliceq *q, uint32_t start);

/** sliceq_clear() - Drop everything; @start moves to the end */
void sliceq_clear(struct sliceq *q, struct mem *m);

/**
 * sliceq_append() - Add a slice at the end
 * @q:		queue
 * @m:		pool for the ring and for merged buffers
 * @s:		slice with @len > 0; on success the queue holds a reference of its
 *		own, the caller keeps the one it has
 *
 * Return: 0, or -ERR_NOMEM (nothing changed)
 */
int sliceq_append(struct sliceq *q, struct mem *m, struct slice s) MUST_USE;

/**
 * sliceq_prepend() - Add a slice in front; @start moves left by its length
 * @q:		queue
 * @m:		pool for the ring
 * @s:		slice with @len > 0, as for sliceq_append()
 *
 * Return: 0, or -ERR_NOMEM (nothing changed)
 */
int sliceq_prepend(struct sliceq *q, struct mem *m, struct slice s) MUST_USE;

/**
 * sliceq_write_front() - The same by copying
 * @q:		queue
 * @m:		pool
 * @data:	bytes, the caller's
 * @len:	their number, > 0, at most what a buffer holds
 *
 * Return: 0, or -ERR_NOMEM (nothing changed)
 */
int sliceq_write_front(struct sliceq *q, struct mem *m, const void *data,
		       uint32_t len) MUST_USE;

/**
 * sliceq_write() - Append by copying
 * @q:		queue
 * @m:		pool
 * @data:	bytes, the caller's
 * @len:	their number
 *
 * Return: bytes taken, which is less than @len only when memory is spent
 */
uint32_t sliceq_write(struct sliceq *q, struct mem *m, const void *data,
		      uint32_t len);

/** sliceq_tail_room() - Bytes that sliceq_write() takes without new memory */
uint32_t sliceq_tail_room(const struct sliceq *q);

/** sliceq_consume() - Drop @len <= @q->bytes bytes from the front */
void sliceq_consume(struct sliceq *q, struct mem *m, uint32_t len);

/**
 * sliceq_peek() - Look at bytes without taking them
 * @q:		queue
 * @pos:	stream position of the first byte wanted
 * @len:	most bytes wanted
 * @out:	slices found; borrowed, valid until the queue changes
 * @max:	room in @out
 *
 * Return: slices written.  Together they cover @len bytes, or fewer where the
 * queue or @max ends first; 0 if @pos is outside the queue.
 */
uint32_t sliceq_peek(const struct sliceq *q, uint32_t pos, uint32_t len,
		     struct slice *out, uint32_t max);

/**
 * sliceq_move() - Move bytes from the front of one queue to the end of another
 * @to:		receiver
 * @from:	giver
 * @m:		pool of both
 * @max:	most bytes to move
 *
 * Return: bytes moved, less than asked when @from ends or memory is spent.
 * Payload is not copied, but for small slices that sliceq_append() merges.
 */
uint32_t sliceq_move(struct sliceq *to, struct sliceq *from, struct mem *m,
		     uint32_t max);

/**
 * sliceq_move_front() - Move all of one queue to the front of another
 * @to:		receiver, which goes on where @from ends
 * @from:	giver; it is emptied from its end
 * @m:		pool of both
 *
 * Return: bytes moved, less than all of @from when memory is spent.  It takes
 * as many steps as @from has slices, however long @to is.
 */
uint32_t sliceq_move_front(struct sliceq *to, struct sliceq *from,
			   struct mem *m);

#endif /* STACK_BASE_SLICEQ_H */

/* SPDX-License-Identifier: MIT */
/*
 * sliceq.c - a byte stream held as slices: receive queue and send queue
 *
 * What happens to a slice that is appended, first rule that fits:
 *
 *	joined:  it goes on where the last slice ends, in the same buffer
 *	copied:  it is small, and the last slice's buffer, held by nobody else,
 *		 has room behind that slice
 *	merged:  it is small like the one before it, and there are MERGE_ENTRIES
 *		 already: it is copied to a new, roomy buffer, where the small
 *		 ones after it will be "copied"
 *	held:	 it gets an entry of its own
 *
 * Each entry holds one reference, so a count of one on the last buffer proves
 * that no other entry and nobody outside looks into it: all bytes behind the
 * last slice are free to write.  A packet being sent may borrow bytes before
 * that point meanwhile; they do not change.
 */

#include "sliceq.h"

#include <stdbool.h>

#include "assert.h"
#include "bytes.h"

#define RING_INITIAL	2u    /* entries: one 64-byte block */
#define SMALL_MAX	2048u /* slices up to this may be copied */
#define MERGE_ENTRIES	8u
#define MERGE_SIZE	(32u << 10)
#define MERGE_SIZE_POOR (4u << 10) /* while footprint exceeds bytes */
#define POOR_RATIO	4u	   /* ... this many times */
#define WRITE_SIZE_MIN	512u
#define WRITE_SIZE_MAX	(64u << 10)

/**
 * struct sliceq_entry - one slice of the stream
 * @buf:	buffer, one reference of it is ours
 * @off:	first byte in it
 * @len:	bytes, > 0
 * @pos:	stream position of the first byte
 */
struct sliceq_entry {
	struct ubuf *buf;
	uint32_t off;
	uint32_t len;
	uint32_t pos;
};

static inline struct sliceq_entry *entry_at(const struct sliceq *q, uint32_t i)
{
	return &q->ring[(q->head + i) & (q->cap - 1)];
}

static inline struct sliceq_entry *tail_of(const struct sliceq *q)
{
	return q->count ? entry_at(q, q->count - 1) : NULL;
}

/* Largest data size of a buffer that occupies @block bytes. */
static inline uint32_t data_size(uint32_t block)
{
	return block - (uint32_t)sizeof(struct ubuf);
}

static inline size_t ring_size(uint32_t cap)
{
	return cap * sizeof(struct sliceq_entry);
}

static void ring_drop_if_empty(struct sliceq *q, struct mem *m)
{
	if (q->count || !q->ring)
		return;
	mem_free(m, q->ring, ring_size(q->cap));
	q->ring = NULL;
	q->cap = 0;
	q->head = 0;
}

/* Make room for one more entry; false when memory is spent. */
static bool ring_reserve(struct sliceq *q, struct mem *m)
{
	uint32_t cap = q->cap ? q->cap * 2 : RING_INITIAL;
	struct sliceq_entry *ring;

	if (q->count < q->cap)
		return true;
	if (ring_size(cap) > MEM_BLOCK_MAX)
		return false;
	ring = mem_alloc(m, ring_size(cap));
	if (!ring)
		return false;
	for (uint32_t i = 0; i < q->count; i++)
		ring[i] = *entry_at(q, i);
	mem_free(m, q->ring, ring_size(q->cap));
	q->ring = ring;
	q->cap = cap;
	q->head = 0;
	return true;
}

/* Add an entry, room reserved; takes the reference that comes with @s. */
static void push(struct sliceq *q, struct slice s)
{
	struct sliceq_entry *tail = tail_of(q);

	if (!tail || tail->buf != s.buf)
		q->footprint += ubuf_footprint(s.buf);
	*entry_at(q, q->count) = (struct sliceq_entry){
		.buf = s.buf,
		.off = s.off,
		.len = s.len,
		.pos = q->start + q->bytes,
	};
	q->count++;
	q->bytes += s.len;
}

/* Remove the first entry, its bytes already taken off @q->bytes. */
static void pop(struct sliceq *q)
{
	struct sliceq_entry *e = entry_at(q, 0);

	if (q->count == 1 || entry_at(q, 1)->buf != e->buf)
		q->footprint -= ubuf_footprint(e->buf);
	ubuf_put(e->buf);
	q->head = (q->head + 1) & (q->cap - 1);
	q->count--;
}

/* Remove the last entry, its bytes with it. */
static void pop_tail(struct sliceq *q)
{
	struct sliceq_entry *e = tail_of(q);

	if (q->count == 1 || entry_at(q, q->count - 2)->buf != e->buf)
		q->footprint -= ubuf_footprint(e->buf);
	q->bytes -= e->len;
	ubuf_put(e->buf);
	q->count--;
}

uint32_t sliceq_tail_room(const struct sliceq *q)
{
	const struct sliceq_entry *tail = tail_of(q);

	if (!tail || tail->buf->refs != 1)
		return 0;
	return tail->buf->size - tail->off - tail->len;
}

/* Copy bytes behind the last slice, within sliceq_tail_room(). */
static void tail_write(struct sliceq *q, const void *data, uint32_t len)
{
	struct sliceq_entry *tail = tail_of(q);

	memcpy(tail->buf->data + tail->off + tail->len, data, len);
	tail->len += len;
	q->bytes += len;
}

/* Do small slices pile up, @len being the next one's length? */
static bool should_merge(const struct sliceq *q, uint32_t len)
{
	return len <= SMALL_MAX && q->count >= MERGE_ENTRIES &&
	       tail_of(q)->len <= SMALL_MAX;
}

/*
 * Give a buffer for slices to merge in, with room for @len bytes or more.
 * Where big and tiny slices alternate, each pair costs such a buffer: a peer
 * must not be able to pin 32 KB by every few bytes, so it is small while the
 * queue already occupies much more than it holds.
 */
static struct ubuf *merge_buf(const struct sliceq *q, struct mem *m,
			      uint32_t len)
{
	uint32_t size = MERGE_SIZE;

	if (q->footprint / POOR_RATIO > q->bytes)
		size = MERGE_SIZE_POOR;
	return ubuf_new(m, max_u32(len, data_size(size)));
}

void sliceq_init(struct sliceq *q, uint32_t start)
{
	*q = (struct sliceq){ .start = start };
}

void sliceq_clear(struct sliceq *q, struct mem *m)
{
	sliceq_consume(q, m, q->bytes);
}

int sliceq_append(struct sliceq *q, struct mem *m, struct slice s)
{
	struct sliceq_entry *tail = tail_of(q);
	struct ubuf *merged = NULL;

	ASSERT(s.len > 0);
	if (tail && tail->buf == s.buf && tail->off + tail->len == s.off) {
		tail->len += s.len;
		q->bytes += s.len;
		return 0;
	}
	if (s.len <= SMALL_MAX && s.len <= sliceq_tail_room(q)) {
		tail_write(q, slice_data(&s), s.len);
		return 0;
	}
	if (!ring_reserve(q, m))
		return -ERR_NOMEM;
	if (should_merge(q, s.len))
		merged = merge_buf(q, m, s.len);
	if (!merged) {
		ubuf_get(s.buf);
		push(q, s);
		return 0;
	}
	memcpy(merged->data, slice_data(&s), s.len);
	push(q, (struct slice){ .buf = merged, .len = s.len });
	return 0;
}

/* Bytes that may be written before the first slice. */
static uint32_t head_room(const struct sliceq *q)
{
	const struct sliceq_entry *first = q->count ? entry_at(q, 0) : NULL;

	return first && first->buf->refs == 1 ? first->off : 0;
}

static void head_write(struct sliceq *q, const void *data, uint32_t len)
{
	struct sliceq_entry *first = entry_at(q, 0);

	first->off -= len;
	first->len += len;
	first->pos -= len;
	memcpy(first->buf->data + first->off, data, len);
	q->start -= len;
	q->bytes += len;
}

/* The same as push(), in front. */
static void push_front(struct sliceq *q, struct slice s)
{
	struct sliceq_entry *first = q->count ? entry_at(q, 0) : NULL;

	if (!first || first->buf != s.buf)
		q->footprint += ubuf_footprint(s.buf);
	q->head = (q->head - 1) & (q->cap - 1);
	q->count++;
	q->start -= s.len;
	q->bytes += s.len;
	*entry_at(q, 0) = (struct sliceq_entry){
		.buf = s.buf,
		.off = s.off,
		.len = s.len,
		.pos = q->start,
	};
}

int sliceq_prepend(struct sliceq *q, struct mem *m, struct slice s)
{
	struct ubuf *merged = NULL;
	uint32_t at;

	ASSERT(s.len > 0);
	if (s.len <= SMALL_MAX && s.len <= head_room(q)) {
		head_write(q, slice_data(&s), s.len);
		return 0;
	}
	if (!ring_reserve(q, m))
		return -ERR_NOMEM;
	if (s.len <= SMALL_MAX && q->count >= MERGE_ENTRIES &&
	    entry_at(q, 0)->len <= SMALL_MAX)
		merged = merge_buf(q, m, s.len);
	if (!merged) {
		ubuf_get(s.buf);
		push_front(q, s);
		return 0;
	}
	at = merged->size - s.len;
	memcpy(merged->data + at, slice_data(&s), s.len);
	push_front(q, (struct slice){ .buf = merged, .off = at, .len = s.len });
	return 0;
}

int sliceq_write_front(struct sliceq *q, struct mem *m, const void *data,
		       uint32_t len)
{
	uint32_t size = min_u32(q->bytes, data_size(WRITE_SIZE_MAX));
	struct slice s = { .len = len };

	ASSERT(len > 0);
	if (len <= head_room(q)) {
		head_write(q, data, len);
		return 0;
	}
	if (!ring_reserve(q, m))
		return -ERR_NOMEM;
	size = max_u32(size, data_size(WRITE_SIZE_MIN));
	s.buf = ubuf_new(m, max_u32(len, size));
	if (!s.buf) {
		ring_drop_if_empty(q, m);
		return -ERR_NOMEM;
	}
	s.off = s.buf->size - len;
	memcpy(s.buf->data + s.off, data, len);
	push_front(q, s);
	return 0;
}

/*
 * Start a new last buffer for sliceq_write() and fill it.  It is at least as
 * large as what is queued already, so that many short writes end up in few
 * buffers.  Returns the bytes taken, 0 when memory is spent.
 */
static uint32_t write_new_buf(struct sliceq *q, struct mem *m, const void *data,
			      uint32_t len)
{
	uint32_t size = min_u32(max_u32(len, q->bytes),
				data_size(WRITE_SIZE_MAX));
	struct ubuf *b;

	if (!ring_reserve(q, m))
		return 0;
	b = ubuf_new(m, max_u32(size, data_size(WRITE_SIZE_MIN)));
	if (!b) {
		ring_drop_if_empty(q, m);
		return 0;
	}
	len = min_u32(len, b->size);
	memcpy(b->data, data, len);
	push(q, (struct slice){ .buf = b, .len = len });
	return len;
}

uint32_t sliceq_write(struct sliceq *q, struct mem *m, const void *data,
		      uint32_t len)
{
	const uint8_t *p = data;
	uint32_t done = min_u32(len, sliceq_tail_room(q));

	if (done)
		tail_write(q, p, done);
	while (done < len) {
		uint32_t n = write_new_buf(q, m, p + done, len - done);

		if (!n)
			break;
		done += n;
	}
	return done;
}

void sliceq_consume(struct sliceq *q, struct mem *m, uint32_t len)
{
	ASSERT(len <= q->bytes);
	q->bytes -= len;
	q->start += len;
	while (q->count) {
		struct sliceq_entry *e = entry_at(q, 0);
		uint32_t n = min_u32(len, e->len);

		if (n < e->len) {
			e->off += n;
			e->len -= n;
			e->pos += n;
			return;
		}
		len -= n;
		pop(q);
	}
	ring_drop_if_empty(q, m);
}

/* Index of the entry that holds the byte @at bytes after the first one. */
static uint32_t find(const struct sliceq *q, uint32_t at)
{
	uint32_t lo = 0;
	uint32_t hi = q->count;

	/* The byte is in [lo, hi): entry lo starts at or before it. */
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (entry_at(q, mid)->pos - q->start <= at)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

uint32_t sliceq_peek(const struct sliceq *q, uint32_t pos, uint32_t len,
		     struct slice *out, uint32_t max)
{
	uint32_t at = pos - q->start;
	uint32_t done = 0;
	uint32_t n = 0;
	uint32_t skip;

	if (at >= q->bytes)
		return 0;
	len = min_u32(len, q->bytes - at);
	for (uint32_t i = find(q, at); done < len && n < max; i++) {
		const struct sliceq_entry *e = entry_at(q, i);
		struct slice *s = &out[n++];

		skip = pos + done - e->pos;
		s->buf = e->buf;
		s->off = e->off + skip;
		s->len = min_u32(e->len - skip, len - done);
		done += s->len;
	}
	return n;
}

uint32_t sliceq_move(struct sliceq *to, struct sliceq *from, struct mem *m,
		     uint32_t max)
{
	uint32_t len = min_u32(max, from->bytes);
	uint32_t done = 0;

	ASSERT(to != from);
	while (done < len) {
		const struct sliceq_entry *e = entry_at(from, 0);
		struct slice s = { .buf = e->buf, .off = e->off };

		s.len = min_u32(e->len, len - done);
		if (sliceq_append(to, m, s))
			break;
		sliceq_consume(from, m, s.len);
		done += s.len;
	}
	return done;
}

uint32_t sliceq_move_front(struct sliceq *to, struct sliceq *from,
			   struct mem *m)
{
	uint32_t done = 0;

	ASSERT(to != from);
	while (from->count) {
		const struct sliceq_entry *e = tail_of(from);
		struct slice s = { .buf = e->buf,
				   .off = e->off,
				   .len = e->len };

		if (sliceq_prepend(to, m, s))
			break;
		pop_tail(from);
		done += s.len;
	}
	ring_drop_if_empty(from, m);
	return done;
}

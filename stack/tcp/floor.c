/* SPDX-License-Identifier: MIT */
/*
 * floor.c - what a connection can hold whatever all others hold
 */

#include "floor.h"

#include "sendq.h"

#define RING_BLOCK 64u /* of a queue of one or two slices */
#define RINGS	   2u

/* Of those whose split is tried at the head, one more is in flight. */
#define RECS (TCP_FLOOR_RECS + 1u)

_Static_assert(sizeof(struct tcp_rec) == RING_BLOCK,
	       "rings and records: one class");

void tcp_floor_init(struct mem *m)
{
	static const struct mem_share share[] = {
		{ TCP_FLOOR_BLOCK, 2 },
		{ sizeof(struct tcp_flight), 1 },
		{ RING_BLOCK, RINGS + RECS },
	};

	mem_promises(m, share, ARRAY_LEN(share));
}

uint32_t tcp_floor_room(const struct sliceq *q)
{
	return q->bytes ? sliceq_tail_room(q) : TCP_FLOOR_BYTES;
}

/* The one buffer that an empty queue may have. */
static uint32_t start(struct tcp_conn *c, struct sliceq *q, const void *data,
		      uint32_t len)
{
	struct mem *m = &c->t->s->mem;
	struct slice s = { .len = min_u32(len, TCP_FLOOR_BYTES) };
	int err = -ERR_NOMEM;

	mem_claim(m, true);
	s.buf = ubuf_new(m, TCP_FLOOR_BYTES);
	if (s.buf) {
		memcpy(s.buf->data, data, s.len);
		err = sliceq_append(q, m, s);
		ubuf_put(s.buf);
	}
	mem_claim(m, false);
	return err ? 0 : s.len;
}

uint32_t tcp_floor_write(struct tcp_conn *c, struct sliceq *q, const void *data,
			 uint32_t len)
{
	if (q->bytes == 0)
		return start(c, q, data, len);
	return sliceq_write(q, &c->t->s->mem, data,
			    min_u32(len, sliceq_tail_room(q)));
}

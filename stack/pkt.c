/* SPDX-License-Identifier: MIT */
/*
 * pkt.c - packets that belong to an embedder: to read into, or kept for later
 *
 * A packet to read into is large and short-lived: a few are recycled, so that
 * they stay warm in the cache.  One that waits between a device and the stack
 * takes only the slices that it has, and leaves the reserve for packets in
 * transit alone.
 */

#include "stack_int.h"

#include "stack/base/bytes.h"

/* In max_slices: room for all there may be, and ready for use again when freed.
 * A kept packet may have as many, and is not.
 */
#define RECYCLED UINT8_MAX

static size_t pkt_size(uint32_t nslices)
{
	return offsetof(struct ustack_pkt, slice) +
	       nslices * sizeof(struct slice);
}

static void pkt_init(struct ustack_pkt *p, uint32_t max_slices)
{
	p->next = NULL;
	p->len = 0;
	p->head_len = 0;
	p->gso_size = 0;
	p->l4_off = 0;
	p->csum_off = 0;
	p->flags = 0;
	p->nslices = 0;
	p->max_slices = (uint8_t)max_slices;
}

/* Give it the buffer that is read into; false when memory is spent. */
static bool pkt_buffer(struct ustack *s, struct ustack_pkt *p, uint32_t len)
{
	p->slice[0].buf = ubuf_new(&s->mem, USTACK_PKT_HEADROOM + len);
	if (!p->slice[0].buf)
		return false;
	p->slice[0].off = USTACK_PKT_HEADROOM;
	p->slice[0].len = len;
	p->nslices = 1;
	return true;
}

struct ustack_pkt *ustack_pkt_new(struct ustack *s)
{
	struct ustack_pkt *p = s->spare;

	if (p)
		s->spare = p->next;
	else
		p = mem_alloc(&s->mem, sizeof(*p));
	if (!p)
		return NULL;
	pkt_init(p, RECYCLED);
	if (!pkt_buffer(s, p, USTACK_PKT_ROOM)) {
		ustack_pkt_free(s, p);
		return NULL;
	}
	return p;
}

struct ustack_pkt *ustack_pkt_sized(struct ustack *s, uint32_t len)
{
	struct ustack_pkt *p = NULL;

	if (!stack_mem_low(s))
		p = mem_alloc(&s->mem, pkt_size(1));
	if (!p)
		return NULL;
	pkt_init(p, 1);
	if (!pkt_buffer(s, p, len)) {
		ustack_pkt_free(s, p);
		return NULL;
	}
	return p;
}

struct ustack_pkt *ustack_pkt_copy(struct ustack *s, const struct ustack_pkt *p)
{
	struct ustack_pkt *q = ustack_pkt_sized(s, p->len);
	uint8_t *at;

	if (!q)
		return NULL;
	at = q->slice[0].buf->data + q->slice[0].off;
	memcpy(at, p->head, p->head_len);
	at += p->head_len;
	for (uint32_t i = 0; i < p->nslices; at += p->slice[i++].len)
		memcpy(at, slice_data(&p->slice[i]), p->slice[i].len);
	q->len = p->len;
	q->gso_size = p->gso_size;
	q->l4_off = p->l4_off;
	q->csum_off = p->csum_off;
	q->flags = p->flags;
	return q;
}

struct ustack_pkt *ustack_pkt_keep(struct ustack *s, const struct ustack_pkt *p)
{
	struct ustack_pkt *k = NULL;

	if (!stack_mem_low(s))
		k = mem_alloc(&s->mem, pkt_size(p->nslices));
	if (!k)
		return NULL;
	memcpy(k, p, offsetof(struct ustack_pkt, room));
	memcpy(k->head, p->head, p->head_len);
	memcpy(k->slice, p->slice, p->nslices * sizeof(p->slice[0]));
	k->next = NULL;
	k->max_slices = p->nslices;
	for (uint32_t i = 0; i < k->nslices; i++)
		ubuf_get(k->slice[i].buf);
	return k;
}

void ustack_pkt_free(struct ustack *s, struct ustack_pkt *p)
{
	for (uint32_t i = 0; i < p->nslices; i++)
		ubuf_put(p->slice[i].buf);
	if (p->max_slices != RECYCLED) {
		mem_free(&s->mem, p, pkt_size(p->max_slices));
		return;
	}
	p->next = s->spare;
	s->spare = p;
}

void stack_pkt_fini(struct ustack *s)
{
	while (s->spare) {
		struct ustack_pkt *p = s->spare;

		s->spare = p->next;
		mem_free(&s->mem, p, sizeof(*p));
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * queue.c - packets that wait, by time
 *
 * Room in a heap for what is held is made when it is held, so that letting it
 * go cannot fail.
 */

#include "queue.h"

#include "stack/base/assert.h"
#include "stack/base/bytes.h"

#define HEAP_MIN 256u /* entries of the first heap */

/* A buffer of which at least one slice waits. */
struct held_buf {
	struct hnode node;
	const struct ubuf *buf;
	uint32_t refs;
};

struct held_pkt {
	struct list link;
	struct queue_item it;
	uint64_t flow;
	uint8_t dir;
};

/* ---------------------------------------------------------------- memory */

/* What a packet's own block takes out of a pool. */
static uint64_t block_of(const struct ustack_pkt *p)
{
	uint32_t slices = min_u32(max_u32(p->max_slices, p->nslices),
				  USTACK_PKT_SLICES);

	return mem_block_size(offsetof(struct ustack_pkt, slice) +
			      slices * sizeof(p->slice[0])) +
	       sizeof(struct queue_item);
}

static uint64_t hash_buf(const struct ubuf *b)
{
	uint64_t h = (uint64_t)(uintptr_t)b * 0x9e3779b97f4a7c15u;

	return h ^ h >> 32;
}

static struct held_buf *find_buf(const struct queue *q, const struct ubuf *b)
{
	struct hnode *n;

	for (n = htab_first(&q->bufs, hash_buf(b)); n; n = htab_next(n)) {
		struct held_buf *h = container_of(n, struct held_buf, node);

		if (h->buf == b)
			return h;
	}
	return NULL;
}

/* One more slice of a buffer waits. */
static bool charge_buf(struct queue *q, const struct ubuf *b)
{
	struct held_buf *h = find_buf(q, b);

	if (h) {
		h->refs++;
		return true;
	}
	if (q->bytes + ubuf_footprint(b) > q->max_bytes)
		return false;
	h = mem_alloc(q->mem, sizeof(*h));
	if (!h)
		return false;
	h->buf = b;
	h->refs = 1;
	htab_insert(&q->bufs, &h->node, hash_buf(b));
	q->bytes += ubuf_footprint(b);
	return true;
}

static void release_buf(struct queue *q, const struct ubuf *b)
{
	struct held_buf *h = find_buf(q, b);

	ASSERT(h != NULL);
	if (--h->refs > 0)
		return;
	htab_remove(&q->bufs, &h->node);
	mem_free(q->mem, h, sizeof(*h));
	q->bytes -= ubuf_footprint(b);
}

static bool charge(struct queue *q, const struct ustack_pkt *p)
{
	uint64_t block = block_of(p);
	uint32_t i;

	if (q->bytes + block > q->max_bytes)
		return false;
	q->bytes += block;
	for (i = 0; i < p->nslices; i++)
		if (!charge_buf(q, p->slice[i].buf))
			break;
	if (i == p->nslices)
		return true;
	while (i-- > 0)
		release_buf(q, p->slice[i].buf);
	q->bytes -= block;
	return false;
}

void queue_gone(struct queue *q, const struct ustack_pkt *p)
{
	for (uint32_t i = 0; i < p->nslices; i++)
		release_buf(q, p->slice[i].buf);
	q->bytes -= block_of(p);
}

/* ------------------------------------------------------------------ heap */

static bool before(const struct queue_item *a, const struct queue_item *b)
{
	if (a->due_us != b->due_us)
		return a->due_us < b->due_us;
	return a->order < b->order;
}

static void sift_up(struct queue_heap *h, uint32_t i)
{
	struct queue_item it = h->item[i];

	while (i > 0 && before(&it, &h->item[(i - 1) / 2])) {
		h->item[i] = h->item[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	h->item[i] = it;
}

static void sift_down(struct queue_heap *h, uint32_t i)
{
	struct queue_item it = h->item[i];

	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child >= h->n)
			break;
		if (child + 1 < h->n &&
		    before(&h->item[child + 1], &h->item[child]))
			child++;
		if (!before(&h->item[child], &it))
			break;
		h->item[i] = h->item[child];
		i = child;
	}
	h->item[i] = it;
}

/* Room for one more, and for all that is held, whatever their direction. */
static bool make_room(struct queue *q, struct queue_heap *h)
{
	uint32_t room = max_u32(2 * h->room, HEAP_MIN);
	struct queue_item *item;

	if (h->n + q->nheld < h->room)
		return true;
	item = mem_alloc_big(q->mem, room * sizeof(*item));
	if (!item)
		return false;
	if (h->n > 0)
		memcpy(item, h->item, h->n * sizeof(*item));
	mem_free_big(q->mem, h->item, h->room * sizeof(*item));
	h->item = item;
	h->room = room;
	return true;
}

static void put(struct queue_heap *h, const struct queue_item *it)
{
	ASSERT(h->n < h->room);
	h->item[h->n] = *it;
	sift_up(h, h->n++);
}

int queue_init(struct queue *q, struct mem *mem, uint64_t max_bytes)
{
	*q = (struct queue){ .mem = mem, .max_bytes = max_bytes };
	list_init(&q->held);
	for (uint32_t i = 0; i < IMPAIR_DIRS; i++)
		if (!make_room(q, &q->heap[i]))
			return -ERR_NOMEM;
	return htab_init(&q->bufs, mem);
}

void queue_fini(struct queue *q)
{
	ASSERT(queue_pkts(q) == 0);
	for (uint32_t i = 0; i < IMPAIR_DIRS; i++)
		mem_free_big(q->mem, q->heap[i].item,
			     q->heap[i].room * sizeof(q->heap[i].item[0]));
	htab_fini(&q->bufs);
}

bool queue_push(struct queue *q, enum impair_dir dir, struct queue_item *it)
{
	if (!make_room(q, &q->heap[dir]) || !charge(q, it->p))
		return false;
	it->order = ++q->order;
	put(&q->heap[dir], it);
	return true;
}

void queue_again(struct queue *q, enum impair_dir dir,
		 const struct queue_item *it)
{
	ASSERT(charge(q, it->p));
	put(&q->heap[dir], it);
}

bool queue_pop(struct queue *q, enum impair_dir dir, uint64_t now_us,
	       struct queue_item *it)
{
	struct queue_heap *h = &q->heap[dir];

	if (h->n == 0 || h->item[0].due_us > now_us)
		return false;
	*it = h->item[0];
	h->item[0] = h->item[--h->n];
	if (h->n > 0)
		sift_down(h, 0);
	return true;
}

/* ------------------------------------------------------------------ held */

/* Rules delay differently: what is held last may have to go first. */
static void insert_held(struct queue *q, struct held_pkt *h)
{
	struct list *l = q->held.prev;

	while (l != &q->held &&
	       list_entry(l, struct held_pkt, link)->it.due_us > h->it.due_us)
		l = l->prev;
	list_insert(l->next, &h->link);
}

bool queue_hold(struct queue *q, enum impair_dir dir, struct queue_item *it,
		uint64_t flow)
{
	struct held_pkt *h;

	if (!make_room(q, &q->heap[dir]))
		return false;
	h = mem_alloc(q->mem, sizeof(*h));
	if (h && !charge(q, it->p)) {
		mem_free(q->mem, h, sizeof(*h));
		h = NULL;
	}
	if (!h)
		return false;
	h->it = *it;
	h->flow = flow;
	h->dir = (uint8_t)dir;
	insert_held(q, h);
	q->nheld++;
	return true;
}

static void let_go(struct queue *q, struct held_pkt *h, uint64_t due_us)
{
	h->it.due_us = due_us;
	h->it.order = ++q->order;
	list_del(&h->link);
	q->nheld--;
	put(&q->heap[h->dir], &h->it);
	mem_free(q->mem, h, sizeof(*h));
}

void queue_follow(struct queue *q, enum impair_dir dir, uint64_t flow,
		  uint64_t due_us)
{
	struct list *l = q->held.next;

	while (l != &q->held) {
		struct held_pkt *h = list_entry(l, struct held_pkt, link);

		l = l->next;
		if (h->flow == flow && h->dir == dir)
			let_go(q, h, due_us);
	}
}

void queue_unhold(struct queue *q, uint64_t now_us)
{
	struct held_pkt *h = list_first(&q->held, struct held_pkt, link);

	while (h && h->it.due_us <= now_us) {
		let_go(q, h, h->it.due_us);
		h = list_first(&q->held, struct held_pkt, link);
	}
}

uint64_t queue_next_us(const struct queue *q)
{
	const struct held_pkt *h;
	uint64_t next = IMPAIR_NEVER;

	for (uint32_t i = 0; i < IMPAIR_DIRS; i++)
		if (q->heap[i].n > 0)
			next = min_u64(next, q->heap[i].item[0].due_us);
	h = list_first(&q->held, struct held_pkt, link);
	return h ? min_u64(next, h->it.due_us) : next;
}

uint32_t queue_pkts(const struct queue *q)
{
	return q->heap[IMPAIR_IN].n + q->heap[IMPAIR_OUT].n + q->nheld;
}

/* SPDX-License-Identifier: MIT */
/*
 * backlog.c - connections that @accept left for later
 */

#include "backlog.h"

#include "conn.h"

#define RING_FIRST 16u

static struct ustack_conn *ring_new(struct mem *m, uint32_t size)
{
	size_t len = size * sizeof(struct ustack_conn);

	return len <= MEM_BLOCK_MAX ? mem_alloc(m, len) : mem_alloc_big(m, len);
}

static void ring_free(struct mem *m, struct ustack_conn *ring, uint32_t size)
{
	size_t len = size * sizeof(struct ustack_conn);

	if (len <= MEM_BLOCK_MAX)
		mem_free(m, ring, len);
	else
		mem_free_big(m, ring, len);
}

void backlog_fini(struct tcp *t, struct tcp_listener *l)
{
	if (l->parked.ring)
		ring_free(&t->s->mem, l->parked.ring, l->parked.size);
	l->parked = (struct tcp_backlog){ .ring = NULL };
}

/* Connection of a handle that is still parked, else NULL. */
static struct tcp_conn *still_parked(const struct tcp *t, struct ustack_conn h)
{
	struct tcp_conn *c = tcp_conn_get(t, h);

	return c && c->flags & CF_PARKED ? c : NULL;
}

/* Copy those that are still there to @to; returns their number. */
static uint32_t sweep(const struct tcp *t, struct tcp_backlog *b,
		      struct ustack_conn *to)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		struct ustack_conn h = b->ring[(b->head + i) & (b->size - 1)];

		if (still_parked(t, h))
			to[kept++] = h;
	}
	return kept;
}

/*
 * The ring is full: one of the size that what is left in it needs, at most half
 * full, so that it is full again only after as many more.
 */
static bool make_room(struct tcp *t, struct tcp_listener *l)
{
	struct tcp_backlog *b = &l->parked;
	uint32_t size = RING_FIRST;
	struct ustack_conn *ring;
	uint32_t n = 0;

	while (size / 2 <= l->waiting)
		size *= 2;
	ring = ring_new(&t->s->mem, size);
	if (!ring)
		return false;
	if (b->ring) {
		n = sweep(t, b, ring);
		ring_free(&t->s->mem, b->ring, b->size);
	}
	b->ring = ring;
	b->size = size;
	b->head = 0;
	b->n = n;
	return true;
}

bool backlog_park(struct tcp_listener *l, struct tcp_conn *c, bool front)
{
	struct tcp_backlog *b = &l->parked;
	uint32_t at;

	if (b->n == b->size && !make_room(c->t, l))
		return false;
	if (front)
		b->head--;
	at = front ? b->head : b->head + b->n;
	b->ring[at & (b->size - 1)] = tcp_conn_handle(c);
	b->n++;
	c->flags |= CF_QUEUED | CF_PARKED;
	l->waiting++;
	return true;
}

bool backlog_take(struct tcp_listener *l, const struct tcp_conn *c)
{
	struct ustack_conn *o = &l->parked.offered;

	if (o->gen != c->gen || o->index != c->index)
		return false;
	o->gen = 0;
	return true;
}

/* Take the first out; NULL when none is left. */
static struct tcp_conn *first(struct tcp *t, struct tcp_backlog *b)
{
	struct tcp_conn *c = NULL;

	while (b->n > 0 && !c) {
		c = still_parked(t, b->ring[b->head++ & (b->size - 1)]);
		b->n--;
	}
	return c;
}

struct tcp_conn *backlog_pop(struct tcp *t, struct tcp_listener *l)
{
	struct tcp_conn *c = first(t, &l->parked);

	if (!c)
		return NULL;
	c->flags &= ~(CF_PARKED | CF_QUEUED);
	l->waiting--;
	return c;
}

bool backlog_waits(struct tcp *t, struct tcp_listener *l)
{
	struct tcp_backlog *b = &l->parked;

	while (b->n > 0 && !still_parked(t, b->ring[b->head & (b->size - 1)])) {
		b->head++;
		b->n--;
	}
	return b->n > 0;
}

void backlog_offer(struct tcp *t, struct tcp_listener *l)
{
	struct tcp_conn *c;

	if (l->parked.offered.gen)
		return;
	c = first(t, &l->parked);
	if (!c)
		return;
	l->parked.offered = tcp_conn_handle(c);
	c->flags &= ~CF_PARKED;
	c->flags |= CF_EV_ACCEPT | CF_EV_READABLE;
	tcp_mark_ready(c);
}

void backlog_reset(struct tcp *t, struct tcp_listener *l)
{
	struct tcp_conn *c;

	while ((c = first(t, &l->parked))) {
		tcp_reset(c, USTACK_END_ABORTED);
		tcp_mark_ready(c);
	}
	backlog_fini(t, l);
}

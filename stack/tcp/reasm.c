/* SPDX-License-Identifier: MIT */
/*
 * reasm.c - data that came out of order
 */

#include "reasm.h"

#define COPYBREAK 2048u

/**
 * struct tcp_reasm - one range
 * @next:	later range
 * @q:		its bytes; @q.start is its first sequence number
 */
struct tcp_reasm {
	struct tcp_reasm *next;
	struct sliceq q;
};

static uint32_t range_end(const struct tcp_reasm *r)
{
	return r->q.start + r->q.bytes;
}

int tcp_rcv_append(struct tcp_conn *c, struct sliceq *q, struct slice s)
{
	struct mem *m = &c->t->s->mem;
	bool loose = s.len < s.buf->size / 2;
	bool sparse = loose && (q != &c->rcvq ||
				q->footprint > 2 * q->bytes + c->rcv.buf / 2);
	uint32_t got;

	if (s.len > COPYBREAK && !sparse)
		return sliceq_append(q, m, s);
	got = sliceq_write(q, m, slice_data(&s), s.len);
	if (got == s.len)
		return 0;
	s.off += got; /* no memory for a copy: keep the buffer */
	s.len -= got;
	return sliceq_append(q, m, s);
}

/* Make an empty range at @seq in front of *@link. */
static struct tcp_reasm *range_new(struct tcp_conn *c, struct tcp_reasm **link,
				   uint32_t seq)
{
	struct tcp_reasm *r = mem_alloc(&c->t->s->mem, sizeof(*r));

	if (!r)
		return NULL;
	sliceq_init(&r->q, seq);
	r->next = *link;
	*link = r;
	return r;
}

static void range_drop(struct tcp_conn *c, struct tcp_reasm **link)
{
	struct tcp_reasm *r = *link;

	*link = r->next;
	sliceq_clear(&r->q, &c->t->s->mem);
	mem_free(&c->t->s->mem, r, sizeof(*r));
}

static uint32_t count_ranges(const struct tcp_conn *c)
{
	uint32_t n = 0;

	for (const struct tcp_reasm *r = c->reasm; r; r = r->next)
		n++;
	return n;
}

/* If @r now touches its successor, take that one in. */
static void join_next(struct tcp_conn *c, struct tcp_reasm *r)
{
	struct tcp_reasm *n = r->next;

	if (!n || range_end(r) != n->q.start)
		return;
	sliceq_move(&r->q, &n->q, &c->t->s->mem, n->q.bytes);
	if (n->q.bytes == 0)
		range_drop(c, &r->next);
}

/*
 * Add [seq, seq + s.len), which overlaps no range:
 *
 *	*link's predecessor ends <= seq,   *link starts >= seq + s.len
 *
 * @prev is that predecessor, NULL at the front.
 */
static int add_piece(struct tcp_conn *c, struct tcp_reasm *prev,
		     struct tcp_reasm **link, struct slice s, uint32_t seq)
{
	struct tcp_reasm *r = prev;
	int err;

	if (!prev || range_end(prev) != seq) {
		if (count_ranges(c) >= REASM_RANGES_MAX)
			return -ERR_LIMIT;
		r = range_new(c, link, seq);
		if (!r)
			return -ERR_NOMEM;
	}
	err = tcp_rcv_append(c, &r->q, s);
	if (r->q.bytes == 0) {
		range_drop(c, link);
		return err;
	}
	if (err == 0)
		join_next(c, r);
	return err;
}

/*
 * Walk the ranges once, adding what lies in the holes between them:
 *
 *	segment     [----------------------------)
 *	ranges         [ held )      [ held )
 *	added       [--)      [------)      [---)
 */
int reasm_add(struct tcp_conn *c, const struct tcp_seg *seg)
{
	struct tcp_reasm **link = &c->reasm;
	struct tcp_reasm *prev = NULL;
	uint32_t seq = seg->seq;
	uint32_t end = seg->seq + seg->len;
	int err = 0;

	while (err == 0 && seq_lt(seq, end)) {
		struct slice s = { .buf = seg->buf,
				   .off = seg->off + (seq - seg->seq) };
		struct tcp_reasm *r = *link;
		uint32_t stop = r ? seq_min(end, r->q.start) : end;

		if (seq_lt(seq, stop)) {
			s.len = stop - seq;
			err = add_piece(c, prev, link, s, seq);
			seq = stop;
			/* The list has changed around us: find our place anew. */
			link = &c->reasm;
			prev = NULL;
			continue;
		}
		seq = seq_max(seq, range_end(r));
		prev = r;
		link = &r->next;
	}
	return err;
}

uint32_t reasm_deliver(struct tcp_conn *c)
{
	struct tcp_reasm *r;
	uint32_t total = 0;

	while ((r = c->reasm) != NULL && seq_leq(r->q.start, c->rcv.nxt)) {
		uint32_t old = min_u32(c->rcv.nxt - r->q.start, r->q.bytes);
		uint32_t n;

		sliceq_consume(&r->q, &c->t->s->mem, old);
		n = sliceq_move(&c->rcvq, &r->q, &c->t->s->mem, r->q.bytes);
		c->rcv.nxt += n;
		total += n;
		if (r->q.bytes > 0) /* no memory: the rest stays for later */
			break;
		range_drop(c, &c->reasm);
	}
	return total;
}

bool reasm_beyond(const struct tcp_conn *c, uint32_t seq)
{
	for (const struct tcp_reasm *r = c->reasm; r; r = r->next)
		if (seq_gt(range_end(r), seq))
			return true;
	return false;
}

uint32_t reasm_footprint(const struct tcp_conn *c)
{
	uint32_t n = 0;

	for (const struct tcp_reasm *r = c->reasm; r; r = r->next)
		n += (uint32_t)mem_block_size(sizeof(*r)) + r->q.footprint;
	return n;
}

uint32_t reasm_bytes(const struct tcp_conn *c)
{
	uint32_t n = 0;

	for (const struct tcp_reasm *r = c->reasm; r; r = r->next)
		n += r->q.bytes;
	return n;
}

void reasm_clear(struct tcp_conn *c)
{
	while (c->reasm)
		range_drop(c, &c->reasm);
}

/* SPDX-License-Identifier: MIT */
/*
 * reasm.c - data that came out of order, and its SACK blocks
 *
 * RFC 2018 sections 3 and 4, RFC 2883 section 4.
 */

#include "reasm.h"

#define COPYBREAK 2048u
#define SLICES_MANY                                                            \
	1024u	      /* a queue's: from there on they are copied together */
#define RING_COST 64u /* a short queue's ring */

/**
 * struct reasm_range - bytes without a hole
 * @node:	place among the others; first
 * @q:		the bytes; @q.start is its first sequence number
 * @recent:	link in order of the last segment's time
 */
struct reasm_range {
	struct treap_node node;
	struct sliceq q;
	struct list recent;
};

static uint32_t range_end(const struct reasm_range *r)
{
	return r->q.start + r->q.bytes;
}

static uint32_t range_cost(void)
{
	return (uint32_t)mem_block_size(sizeof(struct reasm_range)) + RING_COST;
}

static struct mem *pool(const struct tcp_conn *c)
{
	return &c->t->s->mem;
}

/* ------------------------------------------------------- state and ranges */

static struct tcp_reasm *state_get(struct tcp_conn *c)
{
	struct tcp_reasm *ra = c->reasm;

	if (ra)
		return ra;
	ra = mem_alloc(pool(c), sizeof(*ra));
	if (!ra)
		return NULL;
	*ra = (struct tcp_reasm){ .end = c->rcv.nxt };
	list_init(&ra->recent);
	c->reasm = ra;
	return ra;
}

static void state_rest(struct tcp_conn *c)
{
	if (!c->reasm || c->reasm->nranges > 0 || c->reasm->ndup > 0)
		return;
	mem_free(pool(c), c->reasm, sizeof(*c->reasm));
	c->reasm = NULL;
}

/* The last range that starts at or before @seq, NULL = none. */
static struct reasm_range *find(const struct tcp_reasm *ra, uint32_t seq)
{
	struct treap_node *n = ra->ranges.root;
	struct reasm_range *found = NULL;

	while (n) {
		struct reasm_range *r = (struct reasm_range *)n;

		if (seq_leq(r->q.start, seq)) {
			found = r;
			n = n->right;
		} else {
			n = n->left;
		}
	}
	return found;
}

static struct reasm_range *first_range(const struct tcp_reasm *ra)
{
	return (struct reasm_range *)treap_first(&ra->ranges);
}

/* The range behind @r, or the first one. */
static struct reasm_range *next_range(const struct tcp_reasm *ra,
				      const struct reasm_range *r)
{
	if (!r)
		return first_range(ra);
	return (struct reasm_range *)treap_next(&r->node);
}

/* Make an empty range at @seq behind @prev, NULL = in front. */
static struct reasm_range *range_new(struct tcp_conn *c,
				     struct reasm_range *prev, uint32_t seq)
{
	struct tcp_reasm *ra = c->reasm;
	struct reasm_range *r = mem_alloc(pool(c), sizeof(*r));

	if (!r)
		return NULL;
	sliceq_init(&r->q, seq);
	list_init(&r->recent);
	treap_insert_after(&ra->ranges, prev ? &prev->node : NULL, &r->node);
	ra->nranges++;
	ra->footprint += range_cost();
	return r;
}

static void range_drop(struct tcp_conn *c, struct reasm_range *r)
{
	struct tcp_reasm *ra = c->reasm;

	treap_remove(&ra->ranges, &r->node);
	list_del(&r->recent);
	ra->nranges--;
	ra->bytes -= r->q.bytes;
	ra->footprint -= r->q.footprint + range_cost();
	sliceq_clear(&r->q, pool(c));
	mem_free(pool(c), r, sizeof(*r));
}

/* Around a change of a range's queue: off the sums, and back. */
static void uncount(struct tcp_reasm *ra, const struct reasm_range *r)
{
	ra->bytes -= r->q.bytes;
	ra->footprint -= r->q.footprint;
}

static void count(struct tcp_reasm *ra, const struct reasm_range *r)
{
	ra->bytes += r->q.bytes;
	ra->footprint += r->q.footprint;
}

/* It has the latest segment: first among the SACK blocks (2018-4). */
static void touch(struct tcp_reasm *ra, struct reasm_range *r)
{
	list_del(&r->recent);
	list_insert(ra->recent.next, &r->recent);
}

/* ------------------------------------------------------------------ adding */

/* Would the queue, holding @s as it is, occupy much more than it says? */
static bool mostly_air(const struct tcp_conn *c, const struct sliceq *q,
		       struct slice s)
{
	uint32_t footprint = q->footprint + ubuf_footprint(s.buf);

	return q != &c->rcvq ||
	       footprint > q->bytes + s.len + c->rcv.charge / 2;
}

static bool worth_a_copy(const struct tcp_conn *c, const struct sliceq *q,
			 struct slice s)
{
	if (s.len <= COPYBREAK || q->count >= SLICES_MANY)
		return true;
	return s.len < s.buf->size / 2 && mostly_air(c, q, s);
}

int tcp_rcv_append(struct tcp_conn *c, struct sliceq *q, struct slice s)
{
	struct mem *m = pool(c);
	uint32_t got;

	if (!worth_a_copy(c, q, s))
		return sliceq_append(q, m, s);
	got = sliceq_write(q, m, slice_data(&s), s.len);
	if (got == s.len)
		return 0;
	s.off += got; /* no memory for a copy: keep the buffer */
	s.len -= got;
	return sliceq_append(q, m, s);
}

/* The same in front of a range. */
static int prepend(struct tcp_conn *c, struct sliceq *q, struct slice s)
{
	if (worth_a_copy(c, q, s) &&
	    sliceq_write_front(q, pool(c), slice_data(&s), s.len) == 0)
		return 0;
	return sliceq_prepend(q, pool(c), s);
}

/* @r may touch its successor now: the one with fewer slices goes over. */
static void join_next(struct tcp_conn *c, struct reasm_range *r)
{
	struct tcp_reasm *ra = c->reasm;
	struct reasm_range *n = next_range(ra, r);

	if (!n || range_end(r) != n->q.start)
		return;
	uncount(ra, r);
	uncount(ra, n);
	if (r->q.count < n->q.count)
		sliceq_move_front(&n->q, &r->q, pool(c));
	else
		sliceq_move(&r->q, &n->q, pool(c), n->q.bytes);
	count(ra, r);
	count(ra, n);
	/* Out of memory, both stay, side by side. */
	if (n->q.bytes == 0)
		range_drop(c, n);
	else if (r->q.bytes == 0)
		range_drop(c, r);
}

/* May one more range be made?  What ranges occupy counts, not what they say. */
static bool may_grow(const struct tcp_conn *c)
{
	const struct tcp_reasm *ra = c->reasm;

	return ra->nranges < REASM_RANGES_MAX &&
	       (ra->footprint + c->rcvq.footprint) / 2 <= c->rcv.charge;
}

static int add_range(struct tcp_conn *c, struct reasm_range *prev,
		     struct slice s, uint32_t seq)
{
	struct reasm_range *r;
	int err;

	if (!may_grow(c))
		return -ERR_LIMIT;
	r = range_new(c, prev, seq);
	if (!r)
		return -ERR_NOMEM;
	err = tcp_rcv_append(c, &r->q, s);
	count(c->reasm, r);
	if (r->q.bytes == 0)
		range_drop(c, r);
	return err;
}

/*
 * Add [seq, seq + s.len), which overlaps no range:
 *
 *	@prev ends <= seq,   the range behind it starts >= seq + s.len
 */
static int add_piece(struct tcp_conn *c, struct reasm_range *prev,
		     struct slice s, uint32_t seq)
{
	struct reasm_range *next = next_range(c->reasm, prev);
	int err;

	if (prev && range_end(prev) == seq) {
		uncount(c->reasm, prev);
		err = tcp_rcv_append(c, &prev->q, s);
		count(c->reasm, prev);
		join_next(c, prev);
		return err;
	}
	if (next && next->q.start == seq + s.len) {
		uncount(c->reasm, next);
		err = prepend(c, &next->q, s);
		count(c->reasm, next);
		return err;
	}
	return add_range(c, prev, s, seq);
}

/*
 * Go through the segment, adding what lies in the holes between ranges:
 *
 *	segment     [----------------------------)
 *	ranges         [ held )      [ held )
 *	added       [--)      [------)      [---)
 *	reported       [ dup  )
 */
static int add_text(struct tcp_conn *c, const struct tcp_seg *seg)
{
	uint32_t seq = seg->seq;
	uint32_t end = seg->seq + seg->len;
	bool told = false;
	int err = 0;

	while (err == 0 && seq_lt(seq, end)) {
		struct slice s = { .buf = seg->buf,
				   .off = seg->off + (seq - seg->seq) };
		struct reasm_range *prev = find(c->reasm, seq);
		struct reasm_range *next;
		uint32_t stop;

		if (prev && seq_lt(seq, range_end(prev))) {
			stop = seq_min(end, range_end(prev));
			if (!told) /* the first one only, 2883 section 4.2.3 */
				reasm_dup(c, seq, stop);
			told = true;
			seq = stop;
			continue;
		}
		next = next_range(c->reasm, prev);
		stop = next ? seq_min(end, next->q.start) : end;
		s.len = stop - seq;
		err = add_piece(c, prev, s, seq);
		seq = stop;
	}
	return err;
}

int reasm_add(struct tcp_conn *c, const struct tcp_seg *seg)
{
	struct tcp_reasm *ra = state_get(c);
	struct reasm_range *r;
	int err;

	if (!ra)
		return -ERR_NOMEM;
	err = add_text(c, seg);
	r = find(ra, seg->seq);
	if (r && seq_gt(range_end(r), seg->seq)) {
		touch(ra, r);
		if (ra->nranges == 1 || seq_gt(range_end(r), ra->end))
			ra->end = range_end(r);
	}
	state_rest(c);
	return err;
}

/* ---------------------------------------------------------------- the rest */

uint32_t reasm_deliver(struct tcp_conn *c)
{
	struct tcp_reasm *ra = c->reasm;
	struct reasm_range *r;
	uint32_t total = 0;

	if (!ra)
		return 0;
	while ((r = first_range(ra)) != NULL &&
	       seq_leq(r->q.start, c->rcv.nxt)) {
		uint32_t old = min_u32(c->rcv.nxt - r->q.start, r->q.bytes);
		uint32_t n;

		if (old > 0 && total == 0)
			reasm_dup(c, r->q.start, r->q.start + old);
		uncount(ra, r);
		sliceq_consume(&r->q, pool(c), old);
		n = sliceq_move(&c->rcvq, &r->q, pool(c), r->q.bytes);
		count(ra, r);
		c->rcv.nxt += n;
		total += n;
		if (r->q.bytes > 0) {
			/* No memory to move it: all of it comes again, lest the
			 * peer waits for us to take what it knows we have
			 * (2018 section 8). */
			tcp_count(c, USTACK_C_TCP_OOO_PRUNED);
			reasm_clear(c);
			return total;
		}
		range_drop(c, r);
	}
	state_rest(c);
	return total;
}

bool reasm_beyond(const struct tcp_conn *c, uint32_t seq)
{
	return reasm_holes(c) && seq_gt(c->reasm->end, seq);
}

uint32_t reasm_footprint(const struct tcp_conn *c)
{
	if (!c->reasm)
		return 0;
	return (uint32_t)mem_block_size(sizeof(*c->reasm)) +
	       c->reasm->footprint;
}

uint32_t reasm_bytes(const struct tcp_conn *c)
{
	return c->reasm ? c->reasm->bytes : 0;
}

void reasm_clear(struct tcp_conn *c)
{
	if (!c->reasm)
		return;
	while (c->reasm->nranges > 0)
		range_drop(c, first_range(c->reasm));
	c->reasm->ndup = 0;
	state_rest(c);
}

/* -------------------------------------------------------------------- SACK */

void reasm_dup(struct tcp_conn *c, uint32_t start, uint32_t end)
{
	/* A FIN is no byte, and before the first one nothing was received. */
	uint64_t known = c->st.bytes_in + ((c->flags & CF_FIN_RCVD) != 0);
	struct tcp_reasm *ra;

	if (!(c->flags & CF_SACK) || !c->t->s->cfg.dsack || start == end)
		return;
	if (seq_lt(start, c->rcv.nxt) && c->rcv.nxt - start > known)
		return;
	ra = state_get(c);
	if (!ra)
		return;
	c->flags |= CF_ACK_NOW;
	if (ra->ndup > 0 && ra->dup[ra->ndup - 1].end == start)
		ra->dup[ra->ndup - 1].end = end;
	else if (ra->ndup < REASM_DUPS_MAX)
		ra->dup[ra->ndup++] = (struct tcp_sack){ start, end };
}

uint32_t reasm_sack_blocks(const struct tcp_conn *c)
{
	uint32_t most = c->flags & CF_TS ? TCP_SACK_MAX - 1 : TCP_SACK_MAX;

	if (!c->reasm || !(c->flags & CF_SACK))
		return 0;
	return min_u32(c->reasm->nranges + (c->reasm->ndup > 0), most);
}

static void put_block(struct tcp_opts *o, const struct reasm_range *r)
{
	o->sack[o->nsack++] = (struct tcp_sack){ r->q.start, range_end(r) };
}

/* A duplicate, and the range around it if it is not acknowledged (2883-2). */
static struct reasm_range *put_dup(const struct tcp_conn *c, struct tcp_opts *o)
{
	struct tcp_sack dup = c->reasm->dup[0];
	struct reasm_range *r = find(c->reasm, dup.start);

	o->sack[o->nsack++] = dup;
	if (!r || seq_geq(dup.start, range_end(r)))
		return NULL;
	put_block(o, r);
	return r;
}

void reasm_sack_fill(const struct tcp_conn *c, struct tcp_opts *o)
{
	uint32_t n = reasm_sack_blocks(c);
	struct reasm_range *around = NULL;
	struct list *l;

	o->nsack = 0;
	if (n == 0)
		return;
	o->has |= TCP_OPT_HAS_SACK;
	if (c->reasm->ndup > 0)
		around = put_dup(c, o);
	for (l = c->reasm->recent.next; l != &c->reasm->recent && o->nsack < n;
	     l = l->next) {
		const struct reasm_range *r = list_entry(l, struct reasm_range,
							 recent);

		if (r != around)
			put_block(o, r);
	}
}

void reasm_sack_sent(struct tcp_conn *c)
{
	struct tcp_reasm *ra = c->reasm;

	if (!ra || ra->ndup == 0)
		return;
	tcp_count(c, USTACK_C_TCP_DSACKS_SENT);
	ra->ndup--;
	for (uint32_t i = 0; i < ra->ndup; i++)
		ra->dup[i] = ra->dup[i + 1];
	if (ra->ndup > 0)
		c->flags |= CF_ACK_NOW;
	state_rest(c);
}

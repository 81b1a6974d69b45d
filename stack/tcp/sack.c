/* SPDX-License-Identifier: MIT */
/*
 * sack.c - what the peer's SACK blocks say about the send records
 */

#include "sack.h"

#include "rack.h"

#define BLOCKS_MAX 4u

struct block {
	uint32_t start;
	uint32_t end;
};

/* Is this, the first block, about data that had arrived before (2883-1)? */
static bool is_dsack(const struct tcp_seg *seg, const struct block *b,
		     uint32_t ack)
{
	if (seq_leq(b->end, ack))
		return true;
	return seg->opt.nsack > 1 &&
	       seq_geq(b->start, seg->opt.sack[1].start) &&
	       seq_leq(b->end, seg->opt.sack[1].end);
}

static void take_dsack(struct tcp_conn *c, const struct block *b,
		       struct tcp_acked *a)
{
	uint32_t len = b->end - b->start;

	/* Of what no window ever held it says nothing. */
	if (len == 0 || len > c->snd.max_wnd) {
		tcp_count(c, USTACK_C_TCP_SACK_DISCARD);
		return;
	}
	a->dsack = true;
	a->dsack_end = b->end;
	a->dsack_segs = (len + c->snd.mss - 1) / c->snd.mss;
	tcp_count(c, USTACK_C_TCP_DSACK_RECV);
}

/*
 * The part of [@b->start, @b->end) in @r, to whole wire segments:
 *
 *	r:	|------|------|------|--|	r->mss apart
 *	block:	    [-------------------)
 *	part:	       [-------------)		or to the end of the text
 */
static struct block part_of(const struct tcp_rec *r, const struct block *b)
{
	uint32_t text = r->len - !!(r->flags & REC_FIN);
	uint32_t lo = seq_gt(b->start, r->seq) ? b->start - r->seq : 0;
	uint32_t hi = seq_lt(b->end, rec_end(r)) ? b->end - r->seq : r->len;

	lo = (lo + r->mss - 1) / r->mss * r->mss;
	if (hi != r->len && hi != text)
		hi -= hi % r->mss;
	return (struct block){ .start = lo, .end = hi };
}

/* Take from @r what the block covers; returns the record to go on from. */
static struct tcp_rec *take_part(struct tcp_conn *c, struct tcp_rec *r,
				 const struct block *b, struct tcp_acked *a)
{
	struct block part = part_of(r, b);

	if (part.start >= part.end)
		return r;
	if (part.start > 0) {
		if (rec_split(c, r, part.start) < 0)
			return r;
		r = rec_next(r);
		part.end -= part.start;
	}
	if (part.end < r->len && rec_split(c, r, part.end) < 0)
		return r;
	return rec_sack(c, r, a);
}

static void take_block(struct tcp_conn *c, const struct block *b,
		       struct tcp_acked *a)
{
	struct tcp_rec *r = rec_find(c, b->start);

	while (r && seq_lt(r->seq, b->end)) {
		if (!(r->flags & REC_SACKED))
			r = take_part(c, r, b, a);
		r = rec_next(r);
	}
}

/* In order of sequence, so that blocks look like what arrived in that order. */
static void sort(struct block *b, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		struct block x = b[i];
		uint32_t k = i;

		for (; k > 0 && seq_gt(b[k - 1].start, x.start); k--)
			b[k] = b[k - 1];
		b[k] = x;
	}
}

void sack_input(struct tcp_conn *c, const struct tcp_seg *seg,
		struct tcp_acked *a)
{
	struct block blocks[BLOCKS_MAX];
	uint32_t n = 0;

	a->has_sack = true;
	for (uint32_t i = 0; i < min_u32(seg->opt.nsack, BLOCKS_MAX); i++) {
		struct block b = { .start = seg->opt.sack[i].start,
				   .end = seg->opt.sack[i].end };

		if (i == 0 && is_dsack(seg, &b, a->ack)) {
			take_dsack(c, &b, a);
		} else if (seq_lt(b.start, b.end) && seq_geq(b.start, a->ack) &&
			   seq_leq(b.end, c->snd.nxt)) {
			blocks[n++] = b;
		} else { /* never sent, or out of date */
			tcp_count(c, USTACK_C_TCP_SACK_DISCARD);
		}
	}
	sort(blocks, n);
	for (uint32_t i = 0; i < n; i++)
		take_block(c, &blocks[i], a);
}

void sack_input_idle(struct tcp_conn *c, const struct tcp_seg *seg)
{
	struct tcp_acked a = { .ack = seg->ack };
	struct block b = { .start = seg->opt.sack[0].start,
			   .end = seg->opt.sack[0].end };

	if (!is_dsack(seg, &b, seg->ack)) {
		tcp_count(c, USTACK_C_TCP_SACK_DISCARD);
		return;
	}
	take_dsack(c, &b, &a);
	if (a.dsack)
		rack_on_dsack(c);
}

void sack_lost_6675(struct tcp_conn *c)
{
	struct tcp_flight *fl = c->fl;
	uint32_t above = fl->sacked_segs;
	struct tcp_rec *r = fl->first;

	/* Segments SACKed above @r, while there are enough of them. */
	while (r && above >= TCP_DUPACK_THRESH) {
		struct tcp_rec *next = rec_next(r);

		if (r->flags & REC_SACKED)
			above -= r->segs;
		else if (!(r->flags & REC_RETX))
			rec_mark_lost(c, r, USTACK_CAUSE_SACK);
		r = next;
	}
}

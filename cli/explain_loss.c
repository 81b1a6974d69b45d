/* SPDX-License-Identifier: MIT */
/*
 * explain_loss.c - sequence space that did not come when it should have
 *
 * A hole is begun by whatever tells of it first: a rule that lost the packet,
 * a SACK block behind it, the stack that holds it for lost, a retransmission;
 * of what the peer sends, data behind it.  All that happens to these numbers
 * afterwards is noted with it, until they are acknowledged or have come.  Only
 * then is it known what it was: a loss, something late, or nothing.
 */

#include <string.h>

#include "explain_int.h"

bool explain_loss_open(const struct explain_ep *e)
{
	return e->kind == EXPLAIN_LOSS && e->loss.done_us == EXPLAIN_NONE;
}

/* The next open hole of a direction from @i on, or EXPLAIN_NO_EP. */
static size_t next_hole(const struct explain_scan *s, size_t i, bool in)
{
	const struct explain *x = s->x;

	for (i = i < s->open_from ? s->open_from : i; i < x->n; i++)
		if (explain_loss_open(&x->ep[i]) && x->ep[i].in == in)
			return i;
	return EXPLAIN_NO_EP;
}

static bool overlaps(const struct explain_loss *h, uint64_t seq, uint64_t end)
{
	return h->seq < end && seq < h->end;
}

/* When a byte of ours was sent first, and what befell it. */
static void trace_back(struct explain_scan *s, struct explain_loss *h)
{
	const struct explain_tx *tx = explain_tx_find(s, h->seq);
	const struct life_seg *seg;
	uint32_t into;

	if (!tx)
		return;
	seg = &s->x->life->rec[tx->rec].seg;
	into = seg->seg_len ? (uint32_t)((h->seq - tx->seq) / seg->seg_len) : 0;
	h->sent_us = s->x->life->rec[tx->rec].t_us;
	h->dated = true;
	h->hit = seg->hit;
	h->nth = s->counted && tx->nth ? tx->nth + into : 0;
	h->flags = seg->flags;
	if (seg->seg_len)
		h->segs = (h->end - h->seq + seg->seg_len - 1) / seg->seg_len;
}

static struct explain_loss *hole_new(struct explain_scan *s, bool in,
				     uint64_t seq, uint64_t end)
{
	struct explain_ep *e = explain_ep_new(s, EXPLAIN_LOSS, in);

	if (!e)
		return NULL;
	e->loss = (struct explain_loss){ .seq = seq,
					 .end = end,
					 .segs = 1,
					 .vague = s->missed,
					 .sent_us = s->t_us,
					 .sign_us = EXPLAIN_NONE,
					 .found_us = EXPLAIN_NONE,
					 .left_us = EXPLAIN_NONE,
					 .probe_us = EXPLAIN_NONE,
					 .again_us = EXPLAIN_NONE,
					 .last_us = EXPLAIN_NONE,
					 .done_us = EXPLAIN_NONE };
	e->loss.cut.undone_us = EXPLAIN_NONE;
	if (!in)
		trace_back(s, &e->loss);
	return &e->loss;
}

/* ------------------------------------------------------------- lost by a rule */

/* The hole that ends where this one begins, by the same fate, unseen yet. */
static struct explain_loss *neighbour(struct explain_scan *s,
				      const struct life_seg *seg)
{
	size_t i = next_hole(s, 0, !seg->out);

	for (; i != EXPLAIN_NO_EP; i = next_hole(s, i + 1, !seg->out)) {
		struct explain_loss *h = &s->x->ep[i].loss;

		if (h->end == seg->seq && h->gone && !h->tries &&
		    h->found_us == EXPLAIN_NONE && !h->signs &&
		    h->hit.rule == seg->hit.rule &&
		    h->hit.step == seg->hit.step &&
		    h->hit.faults == seg->hit.faults && h->seq > 0)
			return h;
	}
	return NULL;
}

bool explain_loss_gone(struct explain_scan *s, const struct life_seg *seg)
{
	size_t i = next_hole(s, 0, !seg->out);
	struct explain_loss *h;

	for (; i != EXPLAIN_NO_EP; i = next_hole(s, i + 1, !seg->out)) {
		h = &s->x->ep[i].loss;
		if (!overlaps(h, seg->seq, seg->end))
			continue;
		h->gone_again++;
		if (!seg->out) {
			h->tries++;
			h->last_us = s->t_us;
		}
		return false;
	}
	h = neighbour(s, seg);
	if (h) {
		h->end = seg->end;
		h->segs += seg->segs;
		h->flags |= seg->flags;
		return true;
	}
	h = hole_new(s, !seg->out, seg->seq, seg->end);
	if (!h)
		return true;
	h->gone = true;
	h->hit = seg->hit;
	h->segs = seg->segs;
	h->flags = seg->flags;
	h->sent_us = s->t_us;
	h->dated = true;
	if (!seg->out && seg->len && s->counted_in)
		h->nth = s->nth[1] + 1;
	return true;
}

/* -------------------------------------------------------------- how it is found */

/* What the retransmission timer would have done. */
static void note_found(struct explain_scan *s, struct explain_loss *h,
		       uint8_t cause, uint64_t rto_us)
{
	uint64_t due;

	/* A probe without effect has found nothing. */
	if (h->found_us != EXPLAIN_NONE &&
	    (h->cause != LIFE_CAUSE_TLP || cause == LIFE_CAUSE_TLP))
		return;
	h->found_us = s->t_us;
	h->cause = cause;
	h->prompted = cause == LIFE_CAUSE_SYN && s->heard_syn_us == s->t_us;
	h->rto_us = rto_us ? rto_us : s->known ? s->metrics.rto_us : 0;
	h->shared = s->recover != 0;
	if (s->probe_us != EXPLAIN_NONE && s->probe_us >= h->sent_us)
		h->probe_us = s->probe_us;
	due = s->timer_us + h->rto_us;
	h->left_us = h->rto_us && due > s->t_us ? due - s->t_us : EXPLAIN_NONE;
}

/* Behind holes that are known already; returns the rest of [seq, end). */
static struct explain_loss *cover(struct explain_scan *s, uint64_t seq,
				  uint64_t end)
{
	size_t i = next_hole(s, 0, false);

	for (; i != EXPLAIN_NO_EP; i = next_hole(s, i + 1, false)) {
		const struct explain_loss *h = &s->x->ep[i].loss;

		if (overlaps(h, seq, end))
			return NULL;
	}
	return hole_new(s, false, seq, end);
}

/* A neighbour that is held for lost in the same breath. */
static bool joins(struct explain_scan *s, const struct life_lost *lost)
{
	struct explain_loss *h;

	if (!s->x->n || !explain_loss_open(&s->x->ep[s->x->n - 1]))
		return false;
	h = &s->x->ep[s->x->n - 1].loss;
	if (s->x->ep[s->x->n - 1].in || h->gone || h->end != lost->seq ||
	    h->found_us != s->t_us || h->cause != lost->cause || h->tries)
		return false;
	h->end = lost->end;
	trace_back(s, h);
	return true;
}

void explain_loss_held(struct explain_scan *s, const struct life_lost *lost)
{
	size_t i = next_hole(s, 0, false);
	bool found = false;
	struct explain_loss *h;

	s->lost_us = s->t_us;
	for (; i != EXPLAIN_NO_EP; i = next_hole(s, i + 1, false)) {
		h = &s->x->ep[i].loss;
		if (!overlaps(h, lost->seq, lost->end))
			continue;
		note_found(s, h, lost->cause, lost->rto_us);
		found = true;
	}
	if (found || joins(s, lost))
		return;
	h = hole_new(s, false, lost->seq, lost->end);
	if (h)
		note_found(s, h, lost->cause, lost->rto_us);
}

static void note_again(struct explain_scan *s, struct explain_loss *h,
		       const struct life_seg *seg)
{
	if (seg->cause == LIFE_CAUSE_TLP && seg->seq > h->seq)
		return; /* what is in front of it is still to be found */
	note_found(s, h, seg->cause, seg->rto_us);
	if (!h->dated && seg->since_us && seg->since_us <= s->t_us) {
		h->sent_us = s->t_us - seg->since_us;
		h->dated = true;
	}
	if (seg->seq > h->seq)
		return; /* more of the same hole */
	h->tries++;
	h->last_us = s->t_us;
	if (h->again_us == EXPLAIN_NONE)
		h->again_us = s->t_us;
}

static void mark_again(struct explain_scan *s, uint64_t seq, uint64_t end)
{
	for (size_t i = s->ntx; i > s->tx_una; i--)
		if (s->tx[i - 1].seq < end && seq < s->tx[i - 1].end)
			s->tx[i - 1].again = true;
}

void explain_loss_again(struct explain_scan *s, const struct life_seg *seg)
{
	size_t i = next_hole(s, 0, false);
	bool found = false;
	struct explain_loss *h;

	mark_again(s, seg->seq, seg->end);
	for (; i != EXPLAIN_NO_EP; i = next_hole(s, i + 1, false)) {
		h = &s->x->ep[i].loss;
		if (!overlaps(h, seg->seq, seg->end))
			continue;
		note_again(s, h, seg);
		found = true;
	}
	if (!found) {
		h = cover(s, seg->seq, seg->end);
		if (h)
			note_again(s, h, seg);
	}
	if (seg->cause == LIFE_CAUSE_TLP)
		s->probe_us = s->t_us;
	if (seg->cause == LIFE_CAUSE_TLP || seg->cause == LIFE_CAUSE_RTO)
		s->timer_us = s->t_us;
}

/* ------------------------------------------------------------ acknowledgements */

static void done(struct explain_scan *s, size_t i)
{
	struct explain_loss *h = &s->x->ep[i].loss;
	uint64_t rtt = s->x->sums.rtt_min_us;
	uint64_t usual = h->sent_us + (rtt != EXPLAIN_NONE ? rtt : 0);
	uint64_t from = s->una_us > usual ? s->una_us : usual;

	h->done_us = s->t_us;
	s->x->ep[i].end_us = s->t_us;
	if (s->una >= h->seq && s->una < h->end && s->t_us > from)
		h->stall_us = s->t_us - from;
}

/* Does it say that something behind the first byte of @h has come? */
static bool shows(const struct life_seg *seg, const struct explain_loss *h)
{
	for (uint32_t i = seg->dsack ? 1 : 0; i < seg->nsack; i++)
		if (seg->sack[i][0] > h->seq)
			return true;
	return seg->nsack == 0 && seg->dup > 0 && seg->ack == h->seq;
}

static void note_signs(struct explain_scan *s, const struct life_seg *seg)
{
	size_t i = next_hole(s, 0, false);

	for (; i != EXPLAIN_NO_EP; i = next_hole(s, i + 1, false)) {
		struct explain_loss *h = &s->x->ep[i].loss;

		if (seg->ack >= h->end || !shows(seg, h))
			continue;
		h->signs++;
		if (h->sign_us == EXPLAIN_NONE)
			h->sign_us = s->t_us;
	}
}

/* What lies between the acknowledgement and the first block is missing. */
static void find_late(struct explain_scan *s, const struct life_seg *seg)
{
	uint64_t first = EXPLAIN_NONE;
	struct explain_loss *h;

	for (uint32_t i = seg->dsack ? 1 : 0; i < seg->nsack; i++)
		if (seg->sack[i][0] < first)
			first = seg->sack[i][0];
	if (first == EXPLAIN_NONE || first <= seg->ack || first > s->nxt)
		return;
	h = cover(s, seg->ack, first);
	if (!h)
		return;
	h->sign_us = s->t_us;
	h->signs = 1;
}

/* The peer says what it got twice: what was sent again for nothing. */
static void note_dsack(struct explain_scan *s, const struct life_seg *seg)
{
	for (size_t i = s->x->n; i > 0; i--) {
		struct explain_ep *e = &s->x->ep[i - 1];

		if (e->kind != EXPLAIN_LOSS || e->in || !e->loss.tries ||
		    !overlaps(&e->loss, seg->sack[0][0], seg->sack[0][1]))
			continue;
		e->loss.needless = true;
		return;
	}
}

void explain_loss_acked(struct explain_scan *s, const struct life_seg *seg)
{
	size_t i;

	if (seg->dsack)
		note_dsack(s, seg);
	if (seg->ack < s->una)
		return; /* overtaken on its way */
	find_late(s, seg);
	note_signs(s, seg);
	if (seg->ack <= s->una)
		return;
	for (i = next_hole(s, 0, false); i != EXPLAIN_NO_EP;
	     i = next_hole(s, i + 1, false))
		if (s->x->ep[i].loss.end <= seg->ack)
			done(s, i);
	while (s->open_from < s->x->n &&
	       !explain_loss_open(&s->x->ep[s->open_from]))
		s->open_from++;
	if (s->recover && seg->ack >= s->recover)
		s->recover = 0;
}

/* ------------------------------------------------------------ the peer's losses */

static void arrived_in(struct explain_scan *s, size_t i,
		       const struct life_seg *seg)
{
	struct explain_loss *h = &s->x->ep[i].loss;

	if (!h->gone) {
		h->hit = seg->hit;
		h->flags = seg->flags;
		h->segs += seg->segs;
	} else if (seg->seq <= h->seq) {
		h->tries++;
		h->last_us = s->t_us;
		if (h->again_us == EXPLAIN_NONE)
			h->again_us = s->t_us;
	}
	if (seg->end < h->end)
		return;
	h->done_us = s->t_us;
	s->x->ep[i].end_us = s->t_us;
	if (h->sign_us != EXPLAIN_NONE && s->t_us > h->sign_us)
		h->stall_us = s->t_us - h->sign_us;
}

/* What is known to be missing from @at on ends there; @stop where nothing is. */
static uint64_t known_until(const struct explain_scan *s, uint64_t at,
			    uint64_t *stop)
{
	size_t i = next_hole(s, 0, true);

	for (; i != EXPLAIN_NO_EP; i = next_hole(s, i + 1, true)) {
		const struct explain_loss *h = &s->x->ep[i].loss;

		if (h->seq <= at && at < h->end)
			return h->end;
		if (h->seq > at && h->seq < *stop)
			*stop = h->seq;
	}
	return at;
}

/* What lies between the highest byte so far and @seq has not come. */
static void find_gap(struct explain_scan *s, uint64_t seq)
{
	uint64_t at = s->in_max;

	while (at < seq) {
		uint64_t stop = seq;
		uint64_t known = known_until(s, at, &stop);
		struct explain_loss *h;

		if (known == at) {
			h = hole_new(s, true, at, stop);
			if (!h)
				return;
			h->segs = 0;
			known = stop;
		}
		at = known;
	}
}

bool explain_loss_arrived(struct explain_scan *s, const struct life_seg *seg)
{
	struct explain_loss *h;
	bool mends = false;
	size_t i;

	if (s->in_max != EXPLAIN_NONE)
		find_gap(s, seg->seq);
	for (i = next_hole(s, 0, true); i != EXPLAIN_NO_EP;
	     i = next_hole(s, i + 1, true)) {
		h = &s->x->ep[i].loss;
		if (overlaps(h, seg->seq, seg->end)) {
			mends |= h->gone;
			arrived_in(s, i, seg);
			continue;
		}
		if (seg->seq < h->end)
			continue;
		h->signs += seg->segs;
		if (h->sign_us == EXPLAIN_NONE)
			h->sign_us = s->t_us;
	}
	return mends;
}

void explain_loss_told(struct explain_scan *s, const struct life_seg *seg)
{
	size_t i = next_hole(s, 0, true);

	/* It has come, and was not looked at. */
	for (; i != EXPLAIN_NO_EP; i = next_hole(s, i + 1, true)) {
		struct explain_loss *h = &s->x->ep[i].loss;

		if (seg->ack < h->end)
			continue;
		h->done_us = s->t_us;
		s->x->ep[i].end_us = s->t_us;
	}
}

void explain_loss_missed(struct explain_scan *s)
{
	for (size_t i = s->open_from; i < s->x->n; i++)
		if (explain_loss_open(&s->x->ep[i]))
			s->x->ep[i].loss.vague = true;
}

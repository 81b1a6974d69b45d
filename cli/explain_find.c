/* SPDX-License-Identifier: MIT */
/*
 * explain_find.c - from records to episodes
 *
 * One walk over the records; explain_loss.c and explain_odd.c look at each
 * segment for what is theirs.  Here are the begin, the data that flows, and
 * what is summed up on the way.
 */

#include <stdlib.h>
#include <string.h>

#include "explain_int.h"

struct explain_ep *explain_ep_new(struct explain_scan *s, uint8_t kind, bool in)
{
	struct explain *x = s->x;
	struct explain_ep *e;

	if (x->n == x->room) {
		size_t room = x->room ? 2 * x->room : 64;

		e = realloc(x->ep, room * sizeof(*e));
		if (!e) {
			x->failed = true;
			return NULL;
		}
		x->ep = e;
		x->room = room;
	}
	e = &x->ep[x->n++];
	*e = (struct explain_ep){ .kind = kind,
				  .in = in,
				  .at_us = s->t_us,
				  .end_us = EXPLAIN_NONE };
	return e;
}

struct explain_tx *explain_tx_find(const struct explain_scan *s, uint64_t seq)
{
	size_t lo = 0;
	size_t hi = s->ntx;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->tx[mid].end <= seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->ntx && s->tx[lo].seq <= seq ? &s->tx[lo] : NULL;
}

/* --------------------------------------------------------------- data that flows */

/* New payload: a turn goes on, or another one begins. */
static void flow(struct explain_scan *s, const struct life_seg *seg)
{
	bool in = !seg->out;
	struct explain_ep *e = NULL;

	if (s->flow != EXPLAIN_NO_EP)
		e = &s->x->ep[s->flow];
	if (!e || (!e->flow.both && e->in != in)) {
		e = explain_ep_new(s, EXPLAIN_FLOW, in);
		if (!e)
			return;
		e->flow.both = ++s->flows > EXPLAIN_FLOWS;
		s->flow = s->x->n - 1;
	}
	e->flow.vague = s->missed;
	e->flow.bytes[in] += seg->len;
	e->flow.segs[in] += seg->segs;
	e->end_us = s->t_us;
}

static void tx_new(struct explain_scan *s, const struct life_seg *seg)
{
	if (s->ntx == s->room_tx) {
		size_t room = s->room_tx ? 2 * s->room_tx : 256;
		struct explain_tx *tx = realloc(s->tx, room * sizeof(*tx));

		if (!tx) {
			s->x->failed = true;
			return;
		}
		s->tx = tx;
		s->room_tx = room;
	}
	s->tx[s->ntx++] = (struct explain_tx){
		.seq = seg->seq,
		.end = seg->end,
		.nth = seg->len ? s->nth[0] + 1 : 0,
		.rec = s->i,
	};
	s->nth[0] += seg->len ? seg->segs : 0;
}

static void sent_new(struct explain_scan *s, const struct life_seg *seg)
{
	struct explain_sums *sums = &s->x->sums;

	if (s->una == s->nxt)
		s->timer_us = s->t_us;
	if (s->una == s->nxt)
		s->una_us = s->t_us;
	tx_new(s, seg);
	s->nxt = seg->end;
	if (seg->cause == LIFE_CAUSE_TLP) {
		s->probe_us = s->t_us;
		s->timer_us = s->t_us;
	}
	if (!seg->len)
		return;
	if (sums->first_us[0] == EXPLAIN_NONE)
		sums->first_us[0] = s->t_us;
	if (s->x->close.fin_in_us < s->t_us)
		s->x->close.half_out += seg->len;
	flow(s, seg);
}

/* ------------------------------------------------------------------- our segments */

static void note_fins(struct explain_scan *s, const struct life_seg *seg)
{
	struct explain_close *c = &s->x->close;

	if (seg->flags & LIFE_FIN && seg->out && c->fin_out_us == EXPLAIN_NONE)
		c->fin_out_us = s->t_us;
	if (seg->flags & LIFE_FIN && !seg->out && c->fin_in_us == EXPLAIN_NONE)
		c->fin_in_us = s->t_us;
	if (seg->flags & LIFE_RST && c->rst_us == EXPLAIN_NONE) {
		c->rst_us = s->t_us;
		c->rst_in = !seg->out;
	}
}

static void note_syns(struct explain_scan *s, const struct life_seg *seg)
{
	struct explain_open *o = &s->x->open;

	if (!(seg->flags & LIFE_SYN))
		return;
	if (seg->flags & LIFE_ACK) {
		if (o->synack_us == EXPLAIN_NONE)
			o->synack_us = s->t_us;
	} else if (o->syn_us == EXPLAIN_NONE) {
		o->syn_us = s->t_us;
		o->active = seg->out;
	} else if (o->active != seg->out) {
		o->crossed = true;
	}
}

static bool is_again(const struct life_seg *seg)
{
	return seg->end > seg->seq && (seg->again || seg->since_us);
}

static void sent_again(struct explain_scan *s, const struct life_seg *seg)
{
	if (seg->end > s->nxt)
		s->nxt = seg->end;
	if (seg->cause != LIFE_CAUSE_WND_PROBE &&
	    seg->cause != LIFE_CAUSE_KEEPALIVE)
		explain_loss_again(s, seg);
}

/* Each segment tells how the window stood when it passed. */
static void note_window(struct explain_scan *s, const struct life_seg *seg)
{
	struct explain_sums *sums = &s->x->sums;

	if (!seg->cwnd)
		return;
	if (!s->known) {
		s->metrics.ssthresh = seg->ssthresh;
		explain_loss_first(s, seg->cwnd);
	}
	s->known = true;
	s->metrics.cwnd = seg->cwnd;
	if (seg->rto_us)
		s->metrics.rto_us = seg->rto_us;
	sums->cwnd = s->metrics.cwnd;
	sums->ssthresh = s->metrics.ssthresh;
	sums->rto_us = s->metrics.rto_us;
	if (sums->cwnd > sums->cwnd_max)
		sums->cwnd_max = sums->cwnd;
}

static void on_sent(struct explain_scan *s, const struct life_seg *seg)
{
	bool gone = (seg->hit.faults & EXPLAIN_F_GONE) != 0;

	note_syns(s, seg);
	note_window(s, seg);
	s->x->sums.segs[0] += seg->segs;
	if (gone)
		s->x->sums.gone[0] += seg->segs;
	if (is_again(seg) && seg->cause != LIFE_CAUSE_KEEPALIVE) {
		s->x->sums.retrans += seg->segs;
		s->x->sums.by[seg->cause] += seg->segs;
	}
	if (seg->flags & LIFE_RST) {
		note_fins(s, seg);
		return;
	}
	if (is_again(seg))
		sent_again(s, seg);
	else if (seg->end > s->nxt)
		sent_new(s, seg);
	note_fins(s, seg);
	if (gone && seg->end > seg->seq)
		explain_loss_gone(s, seg);
	if (seg->ack != LIFE_NONE && seg->seen)
		explain_loss_told(s, seg);
	explain_odd_sent(s, seg);
}

/* --------------------------------------------------------------- the peer's segments */

static void note_rtt(struct explain_scan *s, uint64_t ack)
{
	struct explain_sums *sums = &s->x->sums;
	const struct explain_tx *last = NULL;
	uint64_t rtt;

	for (; s->tx_una < s->ntx && s->tx[s->tx_una].end <= ack; s->tx_una++)
		last = &s->tx[s->tx_una];
	if (!last || last->again)
		return;
	rtt = s->t_us - s->x->life->rec[last->rec].t_us;
	if (rtt < sums->rtt_min_us)
		sums->rtt_min_us = rtt;
	if (rtt > sums->rtt_max_us)
		sums->rtt_max_us = rtt;
}

static void on_ack(struct explain_scan *s, const struct life_seg *seg)
{
	struct explain_close *c = &s->x->close;

	explain_loss_acked(s, seg);
	if (seg->ack <= s->una)
		return;
	note_rtt(s, seg->ack);
	s->una = seg->ack;
	s->una_us = s->t_us;
	s->timer_us = s->t_us;
	if (s->una > s->nxt)
		s->nxt = s->una;
	s->x->sums.last_us[0] = s->t_us;
	if (c->fin_out_us != EXPLAIN_NONE && c->acked_us == EXPLAIN_NONE &&
	    s->una == s->nxt)
		c->acked_us = s->t_us;
}

static void on_data(struct explain_scan *s, const struct life_seg *seg)
{
	struct explain_sums *sums = &s->x->sums;
	bool fresh = s->in_max == EXPLAIN_NONE || seg->end > s->in_max;
	bool mends;

	if (seg->copy)
		return;
	mends = explain_loss_arrived(s, seg);
	if (seg->len && !mends && (fresh || seg->late))
		s->nth[1] += seg->segs; /* what was lost was counted then */
	if (fresh)
		s->in_max = seg->end;
	if (!seg->len || (!fresh && !seg->late))
		return;
	if (sums->first_us[1] == EXPLAIN_NONE)
		sums->first_us[1] = s->t_us;
	sums->last_us[1] = s->t_us;
	if (s->x->close.fin_out_us < s->t_us)
		s->x->close.half_in += seg->len;
	flow(s, seg);
}

static void on_received(struct explain_scan *s, const struct life_seg *seg)
{
	note_syns(s, seg);
	if (seg->hit.faults & (LIFE_F_DELAYED | LIFE_F_HELD))
		s->counted_in = false; /* the order of coming is another one */
	if (seg->hit.faults & EXPLAIN_F_GONE) {
		s->x->sums.gone[1] += seg->segs;
		if (seg->end > seg->seq && explain_loss_gone(s, seg) &&
		    seg->len)
			s->nth[1] += seg->segs;
		explain_odd_received(s, seg);
		return;
	}
	s->x->sums.segs[1] += seg->segs;
	note_window(s, seg);
	s->lost_us = EXPLAIN_NONE; /* what is held for lost by this comes next */
	s->ece_now = (seg->flags & (LIFE_ECE | LIFE_SYN)) == LIFE_ECE;
	s->dsack_now = seg->dsack;
	explain_odd_received(s, seg);
	s->heard_us = s->t_us;
	if (seg->flags & LIFE_SYN)
		s->heard_syn_us = s->t_us;
	/* A reset acknowledges the SYN that it refuses. */
	if (seg->ack != LIFE_NONE && (!(seg->flags & LIFE_RST) || !s->una))
		on_ack(s, seg);
	if (seg->end > seg->seq && !(seg->flags & LIFE_RST))
		on_data(s, seg);
	note_fins(s, seg);
}

/* ------------------------------------------------------------------- other records */

static void on_state(struct explain_scan *s)
{
	const char *to = s->rec->state.to;
	struct explain *x = s->x;

	if (!strcmp(to, "ESTABLISHED"))
		x->open.done_us = s->t_us;
	else if (!strcmp(to, "SYN-SENT"))
		x->open.active = true;
	else if (!strcmp(to, "CLOSING"))
		x->close.way = EXPLAIN_WAY_SIMULTANEOUS;
	else if (!strcmp(to, "TIME-WAIT"))
		x->close.time_wait_us = s->t_us;
	else if (!strcmp(to, "FIN-WAIT-1"))
		x->close.way = EXPLAIN_WAY_ACTIVE;
	else if (!strcmp(to, "LAST-ACK"))
		x->close.way = EXPLAIN_WAY_PASSIVE;
	else if (!strcmp(to, "CLOSED"))
		x->close.closed_us = s->t_us;
}

static void on_metrics(struct explain_scan *s)
{
	const struct life_metrics *now = &s->rec->metrics;
	struct explain_sums *sums = &s->x->sums;

	explain_loss_metrics(s, now);
	s->metrics = *now;
	s->known = true;
	sums->cwnd = now->cwnd;
	sums->ssthresh = now->ssthresh;
	sums->rto_us = now->rto_us;
	if (now->srtt_us)
		sums->srtt_us = now->srtt_us;
	if (now->cwnd > sums->cwnd_max)
		sums->cwnd_max = now->cwnd;
}

static void on_closed(struct explain_scan *s)
{
	const struct life_closed *c = &s->rec->closed;
	struct explain *x = s->x;

	memcpy(x->close.reason, c->reason, sizeof(x->close.reason));
	if (x->close.closed_us == EXPLAIN_NONE)
		x->close.closed_us = s->t_us;
	x->sums.bytes[0] = c->bytes_out;
	x->sums.bytes[1] = c->bytes_in;
	/* It leaves SYN-ACKs out, that no connection was there for. */
	if (c->retrans > x->sums.retrans)
		x->sums.retrans = c->retrans;
	x->sums.age_us = c->age_us;
	if (c->srtt_us)
		x->sums.srtt_us = c->srtt_us;
}

/* What was not kept may be anything: what is missing is not missed. */
static void on_missed(struct explain_scan *s)
{
	s->counted = false;
	s->counted_in = false;
	s->missed = true;
	s->in_max = EXPLAIN_NONE;
	s->x->sums.exact = false;
	explain_loss_missed(s);
}

static void on_skipped(struct explain_scan *s)
{
	on_missed(s);
	s->x->skipped += s->rec->skipped;
	explain_odd_gap(s, s->rec->skipped);
}

static void on_record(struct explain_scan *s)
{
	switch (s->rec->kind) {
	case LIFE_OPENED:
		s->x->open.active = s->rec->active;
		break;
	case LIFE_STATE:
		on_state(s);
		break;
	case LIFE_SEGMENT:
		if (s->rec->seg.out)
			on_sent(s, &s->rec->seg);
		else
			on_received(s, &s->rec->seg);
		break;
	case LIFE_LOST:
		explain_loss_held(s, &s->rec->lost);
		break;
	case LIFE_METRICS:
		on_metrics(s);
		break;
	case LIFE_DROPPED:
		explain_odd_word(s, EXPLAIN_REFUSED, s->rec->word);
		break;
	case LIFE_ERROR:
		explain_odd_word(s, EXPLAIN_ERROR, s->rec->word);
		break;
	case LIFE_SKIPPED:
		on_skipped(s);
		break;
	case LIFE_UNWATCHED:
		on_missed(s);
		break;
	case LIFE_CLOSED:
		on_closed(s);
		break;
	}
}

/* ------------------------------------------------------------------------ the walk */

/* Where the walk begins: what is not known is learnt from the first segment. */
static void begin(struct explain_scan *s, struct explain *x)
{
	*s = (struct explain_scan){
		.x = x,
		.in_max = x->life->irs_known ? 0 : EXPLAIN_NONE,
		.counted = x->life->irs_known && x->life->iss_known,
		.lost_us = EXPLAIN_NONE,
		.heard_syn_us = EXPLAIN_NONE,
		.counted_in = x->life->irs_known,
		.cut_ep = EXPLAIN_NO_EP,
		.probe_us = EXPLAIN_NONE,
		.flow = EXPLAIN_NO_EP,
		.window = { EXPLAIN_NO_EP, EXPLAIN_NO_EP },
		.alive = EXPLAIN_NO_EP,
		.gap = EXPLAIN_NO_EP
	};
	x->open = (struct explain_open){ .syn_us = EXPLAIN_NONE,
					 .synack_us = EXPLAIN_NONE,
					 .done_us = EXPLAIN_NONE };
	x->close = (struct explain_close){ .fin_out_us = EXPLAIN_NONE,
					   .fin_in_us = EXPLAIN_NONE,
					   .acked_us = EXPLAIN_NONE,
					   .rst_us = EXPLAIN_NONE,
					   .time_wait_us = EXPLAIN_NONE,
					   .closed_us = EXPLAIN_NONE };
	x->sums = (struct explain_sums){
		.exact = true,
		.ssthresh = LIFE_NONE,
		.rtt_min_us = EXPLAIN_NONE,
		.first_us = { EXPLAIN_NONE, EXPLAIN_NONE },
		.last_us = { EXPLAIN_NONE, EXPLAIN_NONE }
	};
}

static void walk(struct explain_scan *s)
{
	const struct life *l = s->x->life;

	(void)explain_ep_new(s, EXPLAIN_OPEN, false);
	for (s->i = 0; s->i < l->n; s->i++) {
		s->rec = &l->rec[s->i];
		s->t_us = s->rec->t_us;
		on_record(s);
	}
	if (l->open && l->n && !s->x->sums.age_us)
		s->x->sums.age_us = l->rec[l->n - 1].t_us;
}

struct explain *explain_new(const struct life *l, const cJSON *trace)
{
	struct explain *x = calloc(1, sizeof(*x));
	struct explain_scan s;

	if (!x)
		return NULL;
	x->life = l;
	begin(&s, x);
	walk(&s);
	explain_end(&s, trace);
	free(s.tx);
	if (x->failed) {
		explain_free(x);
		return NULL;
	}
	return x;
}

void explain_free(struct explain *x)
{
	if (!x)
		return;
	free(x->ep);
	free(x);
}

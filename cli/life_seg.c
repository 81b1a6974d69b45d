/* SPDX-License-Identifier: MIT */
/*
 * life_seg.c - segments: relative numbers, what is new, what befell them
 *
 * The runs of the packet that was sent last are the records from @cut on.  An
 * impaired wire segment is cut out of the run that it lies in:
 *
 *	run	|--------------------------------|
 *	hit		     |-----|
 *	-->	|- before --|-----|---- after ---|
 *
 * and joined with the run before it when the same befell both.  What befell a
 * packet may also be told in front of it: those records are taken back.
 */

#include <stdlib.h>
#include <string.h>

#include "life_int.h"

#define NO_DATA (LIFE_SYN | LIFE_FIN | LIFE_RST)

/* These leave no chance to arrive, or to be taken by the stack. */
#define RUINED (LIFE_F_LOST | LIFE_F_CORRUPTED | LIFE_F_TRUNCATED)

/* ---------------------------------------------------------------- numbers */

static void learn(struct life_side *side, uint32_t initial)
{
	if (!initial || side->known)
		return;
	side->initial = initial;
	side->known = true;
	side->high = 0;
}

void life_seg_known(struct life *l, uint32_t iss, uint32_t irs)
{
	learn(&l->priv->us, iss);
	learn(&l->priv->peer, irs);
	l->iss_known = l->priv->us.known;
	l->irs_known = l->priv->peer.known;
}

/* Without a beginning, what comes first is taken for the first byte of data. */
static void guess(struct life_side *side, uint32_t raw)
{
	if (side->known || side->guessed)
		return;
	side->initial = raw - 1;
	side->guessed = true;
}

/* The 64-bit number nearest to the highest one known. */
uint64_t life_seg_rel(struct life_side *side, uint32_t raw)
{
	int64_t rel;

	guess(side, raw);
	rel = (int64_t)side->high +
	      (int32_t)(raw - side->initial - (uint32_t)side->high);
	return rel < 0 ? 0 : (uint64_t)rel;
}

/* ---------------------------------------------------- seen on the wire yet? */

/* How much of [@seq, @end) the peer's side has carried before. */
static uint64_t seen_of(const struct life_in *in, uint64_t seq, uint64_t end)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < in->nseen; i++) {
		uint64_t a = in->seen[i][0] > seq ? in->seen[i][0] : seq;
		uint64_t b = in->seen[i][1] < end ? in->seen[i][1] : end;

		if (a < b)
			sum += b - a;
	}
	return sum;
}

/* Too many holes: the lowest one is taken as filled. */
static void seen_make_room(struct life_in *in)
{
	if (in->nseen < LIFE_SEEN_MAX)
		return;
	in->seen[1][0] = in->seen[0][0];
	in->nseen--;
	memmove(in->seen, in->seen + 1, in->nseen * sizeof(in->seen[0]));
}

/*
 *	have	 |---|     |---|   |---|        |--|
 *	add		 |--------------|
 *	first		   ^ (touches)    ^ last (does not)
 */
static void seen_add(struct life_in *in, uint64_t seq, uint64_t end)
{
	uint32_t first = 0;
	uint32_t last;

	seen_make_room(in);
	while (first < in->nseen && in->seen[first][1] < seq)
		first++;
	for (last = first; last < in->nseen && in->seen[last][0] <= end;
	     last++) {
		if (in->seen[last][0] < seq)
			seq = in->seen[last][0];
		if (in->seen[last][1] > end)
			end = in->seen[last][1];
	}
	memmove(in->seen + first + 1, in->seen + last,
		(in->nseen - last) * sizeof(in->seen[0]));
	in->nseen = in->nseen - (last - first) + 1;
	in->seen[first][0] = seq;
	in->seen[first][1] = end;
}

/* Is what came in new, and in order? */
static void judge_in(struct life_in *in, struct life_seg *s)
{
	if (s->end == s->seq)
		return;
	s->again = s->hit.tx > 1 ||
		   seen_of(in, s->seq, s->end) == s->end - s->seq;
	s->late = !s->again && s->seq < in->peer.arrived;
	seen_add(in, s->seq, s->end);
}

/* --------------------------------------------------------------- segments */

/* Is a pure ACK's number the one before, while more is under way? */
static void count_dups(struct life_side *from, const struct life_side *to,
		       struct life_seg *s)
{
	bool pure = !s->len && !(s->flags & NO_DATA);

	if (s->ack == LIFE_NONE || !s->seen)
		return;
	if (pure && s->ack == from->acked && s->ack < to->high &&
	    (s->wnd == from->wnd || s->nsack))
		s->dup = ++from->dups;
	else if (s->ack != from->acked)
		from->dups = 0;
	from->acked = s->ack;
	from->wnd = s->wnd;
}

/* SACK blocks, and whether the first one reports what came twice (RFC 2883). */
static void read_sacks(struct life_side *acked, const struct life_wire *w,
		       struct life_seg *s)
{
	s->nsack = w->nsack;
	for (uint32_t i = 0; i < w->nsack; i++)
		for (uint32_t k = 0; k < 2; k++)
			s->sack[i][k] = life_seg_rel(acked, w->sack[i][k]);
	if (!s->nsack)
		return;
	s->dsack = s->sack[0][0] < s->ack ||
		   (s->nsack > 1 && s->sack[0][0] >= s->sack[1][0] &&
		    s->sack[0][1] <= s->sack[1][1]);
}

/* Wire segments that so many bytes are. */
static uint32_t count_segs(uint32_t len, uint32_t seg_len)
{
	return len ? (len - 1) / seg_len + 1 : 1;
}

/* From the wire's numbers to relative ones. */
static void fill(struct life *l, const struct life_wire *w, struct life_seg *s)
{
	struct life_side *from = w->out ? &l->priv->us : &l->priv->peer;
	struct life_side *to = w->out ? &l->priv->peer : &l->priv->us;

	if (w->flags & LIFE_SYN) /* a number of 0 is as good as any */
		life_seg_known(l, w->out ? w->seq : w->iss,
			       w->out ? w->irs : w->seq);
	else
		life_seg_known(l, w->iss, w->irs);
	s->out = w->out;
	s->ecn = w->ecn;
	s->cause = w->cause;
	s->flags = w->flags;
	s->len = w->len;
	s->seg_len = w->gso && w->gso < w->len ? w->gso : w->len;
	s->segs = count_segs(s->len, s->seg_len);
	s->wnd = w->wnd;
	s->since_us = w->since_us;
	s->cwnd = w->cwnd;
	s->ssthresh = w->ssthresh;
	s->rto_us = w->rto_us;
	s->seq = life_seg_rel(from, w->seq);
	s->end = s->seq + w->len + !!(w->flags & LIFE_SYN) +
		 !!(w->flags & LIFE_FIN);
	s->ack = w->flags & LIFE_ACK ? life_seg_rel(to, w->ack) : LIFE_NONE;
	read_sacks(to, w, s);
}

/* Did we send these bytes before?  What was not kept is known by its cause. */
static bool is_again(const struct life_in *in, const struct life_seg *s)
{
	switch (s->cause) {
	case LIFE_CAUSE_NONE:
	case LIFE_CAUSE_WND_PROBE:
	case LIFE_CAUSE_TLP:
		return s->hit.tx > 1 ||
		       (s->end > s->seq && s->seq < in->us.high);
	case LIFE_CAUSE_KEEPALIVE:
		return false;
	default:
		return true;
	}
}

/* Give a new record its place among what its sender has sent. */
static void place(struct life *l, struct life_seg *s)
{
	struct life_side *from = s->out ? &l->priv->us : &l->priv->peer;
	struct life_side *to = s->out ? &l->priv->peer : &l->priv->us;

	if (s->out)
		s->again = is_again(l->priv, s);
	else if (!s->copy)
		judge_in(l->priv, s);
	if (s->end > from->high && (s->seen || !s->out))
		from->high = s->end; /* what we send is told once more */
	if (s->end > from->arrived && s->seen)
		from->arrived = s->end;
	count_dups(from, to, s);
}

/* ------------------------------------------------------------ on its way in */

static struct life_waiting *waiting_at(const struct life_in *in, size_t i)
{
	return &in->waiting[(in->wait_first + i) % LIFE_WAITING_MAX];
}

/* The oldest one goes when there is no more room. */
static void wait_add(struct life *l, const struct life_waiting *w)
{
	struct life_in *in = l->priv;

	if (!in->waiting)
		in->waiting = calloc(LIFE_WAITING_MAX, sizeof(*in->waiting));
	if (!in->waiting) {
		l->dropped++;
		return;
	}
	if (in->wait_n == LIFE_WAITING_MAX) {
		in->wait_first++;
		in->wait_n--;
		l->dropped++;
	}
	*waiting_at(in, in->wait_n++) = *w;
}

static void wait_remove(struct life_in *in, size_t i)
{
	for (; i + 1 < in->wait_n; i++)
		*waiting_at(in, i) = *waiting_at(in, i + 1);
	in->wait_n--;
}

static bool same_segment(const struct life_wire *a, const struct life_wire *b)
{
	return a->seq == b->seq && a->len == b->len && a->flags == b->flags &&
	       (!(a->flags & LIFE_ACK) || a->ack == b->ack);
}

/* Something came in: what befell it on the way?  True: it is a second copy. */
static bool wait_take(struct life_in *in, const struct life_wire *w,
		      struct life_hit *hit)
{
	for (size_t i = 0; i < in->wait_n; i++) {
		struct life_waiting *p = waiting_at(in, i);
		bool copy;

		if (!same_segment(&p->w, w))
			continue;
		*hit = p->hit;
		copy = p->hit.faults & LIFE_F_DUPLICATED && p->left == 1;
		if (!--p->left)
			wait_remove(in, i);
		return copy;
	}
	return false;
}

/* A record of what only impairment has told of. */
static void push_unseen(struct life *l, const struct life_wire *w,
			const struct life_hit *hit, uint64_t t_us)
{
	struct life_rec *r = life_push(l, LIFE_SEGMENT, t_us);

	if (!r)
		return;
	fill(l, w, &r->seg);
	r->seg.hit = *hit;
	place(l, &r->seg);
}

void life_seg_stranded(struct life *l)
{
	struct life_in *in = l->priv;

	for (size_t i = 0; i < in->wait_n; i++) {
		const struct life_waiting *p = waiting_at(in, i);

		push_unseen(l, &p->w, &p->hit, p->t_us);
	}
	in->wait_n = 0;
}

/* ----------------------------------------------------------------- cutting */

static bool same_hit(const struct life_hit *a, const struct life_hit *b)
{
	return a->faults == b->faults && a->rule == b->rule &&
	       a->step == b->step && a->tx == b->tx &&
	       !strcmp(a->knob, b->knob);
}

/* Room for a record in front of index @i. */
static bool insert(struct life *l, size_t i)
{
	if (!life_push(l, LIFE_SEGMENT, l->rec[i].t_us))
		return false;
	memmove(l->rec + i + 1, l->rec + i, (l->n - 1 - i) * sizeof(l->rec[0]));
	return true;
}

/* Shorten a run to [@seq, @seq + @len). */
static void trim(struct life_seg *s, uint64_t seq, uint32_t len)
{
	if (seq > s->seq)
		s->flags &= (uint8_t)~LIFE_CWR;
	if (seq + len < s->seq + s->len)
		s->flags &= (uint8_t) ~(LIFE_FIN | LIFE_PSH);
	s->seq = seq;
	s->len = len;
	s->end = seq + len + !!(s->flags & LIFE_FIN);
	s->segs = count_segs(len, s->seg_len);
	if (s->seg_len > len)
		s->seg_len = len;
}

/* Cut record @i in two at @at, which lies inside. */
static bool cut_at(struct life *l, size_t i, uint64_t at)
{
	struct life_seg *s = &l->rec[i].seg;
	uint64_t end = s->seq + s->len;

	if (at <= s->seq || at >= end)
		return true;
	if (!insert(l, i))
		return false;
	s = &l->rec[i].seg;
	trim(s, s->seq, (uint32_t)(at - s->seq));
	trim(&l->rec[i + 1].seg, at, (uint32_t)(end - at));
	return true;
}

/* Join run @i with the one before it if the same befell both. */
static void join(struct life *l, size_t i)
{
	struct life_seg *a = &l->rec[i - 1].seg;
	const struct life_seg *b = &l->rec[i].seg;

	if (i <= l->priv->cut || !a->len || !same_hit(&a->hit, &b->hit) ||
	    a->end != b->seq)
		return;
	if (b->hit.delay_us < a->hit.delay_us)
		a->hit.delay_us = b->hit.delay_us;
	if (b->hit.delay_max_us > a->hit.delay_max_us)
		a->hit.delay_max_us = b->hit.delay_max_us;
	a->segs += b->segs;
	a->len += b->len;
	a->end = b->end;
	a->flags |= b->flags;
	memmove(l->rec + i, l->rec + i + 1, (l->n - i - 1) * sizeof(l->rec[0]));
	l->n--;
}

/* Say of each run which one it is. */
static void number_parts(struct life *l)
{
	size_t runs = l->n - l->priv->cut;

	for (size_t i = 0; i < runs; i++)
		l->rec[l->priv->cut + i].seg.part = runs > 1 ? (uint32_t)i + 1
							     : 0;
}

/* The run of the last packet sent that a segment lies in; @n = none. */
static size_t find_run(const struct life *l, uint64_t seq, uint32_t len,
		       uint64_t t_us)
{
	for (size_t i = l->priv->cut; i < l->n; i++) {
		const struct life_seg *s = &l->rec[i].seg;

		if (s->seen && !s->hit.faults && l->rec[i].t_us == t_us &&
		    !len == !s->len && s->seq <= seq && seq + len <= s->end)
			return i;
	}
	return l->n;
}

/* Tell a run of the last packet sent what befell it; false: it is not there. */
static bool hit_run(struct life *l, uint64_t seq, uint32_t len, uint64_t t_us,
		    const struct life_hit *hit)
{
	size_t i = find_run(l, seq, len, t_us);

	if (i == l->n)
		return false;
	if (len && !cut_at(l, i, seq))
		return true;
	if (l->rec[i].seg.seq < seq)
		i++;
	if (len && !cut_at(l, i, seq + len))
		return true;
	l->rec[i].seg.hit = *hit;
	l->rec[i].seg.again |= hit->tx > 1 && len;
	join(l, i);
	number_parts(l);
	return true;
}

/* ------------------------------------------- told in front of the packet sent */

/* How many of the last records are hits within @w, of the same moment. */
static size_t count_told(struct life *l, const struct life_wire *w,
			 uint64_t t_us)
{
	uint64_t seq = life_seg_rel(&l->priv->us, w->seq);
	size_t n = 0;

	while (l->priv->cut + n < l->n) {
		const struct life_rec *r = &l->rec[l->n - 1 - n];

		if (r->seg.seen || r->t_us != t_us || r->seg.seq < seq ||
		    r->seg.seq + r->seg.len > seq + w->len)
			break;
		n++;
	}
	return n;
}

static void push_seen(struct life *l, const struct life_wire *w, uint64_t t_us)
{
	struct life_rec *r = life_push(l, LIFE_SEGMENT, t_us);

	if (!r)
		return;
	if (!w->out)
		r->seg.copy = wait_take(l->priv, w, &r->seg.hit);
	r->seg.seen = true;
	fill(l, w, &r->seg);
	place(l, &r->seg);
}

/* Take back the last @n records, push the packet, and cut it. */
static void push_told(struct life *l, const struct life_wire *w, uint64_t t_us,
		      size_t n)
{
	struct life_rec *told = malloc(n * sizeof(*told));

	if (!told) {
		l->dropped++;
		return;
	}
	l->n -= n;
	memcpy(told, l->rec + l->n, n * sizeof(*told));
	life_settle(l);
	push_seen(l, w, t_us);
	for (size_t i = 0; i < n; i++)
		(void)hit_run(l, told[i].seg.seq, told[i].seg.len, t_us,
			      &told[i].seg.hit);
	free(told);
}

/* ------------------------------------------------------------------ events */

void life_seg_passed(struct life *l, const struct life_wire *w, uint64_t t_us)
{
	size_t told = w->out ? count_told(l, w, t_us) : 0;

	if (told) {
		push_told(l, w, t_us, told);
		return;
	}
	if (w->out)
		life_settle(l);
	push_seen(l, w, t_us);
}

void life_seg_hit(struct life *l, const struct life_wire *w,
		  const struct life_hit *hit, uint64_t t_us)
{
	struct life_waiting p = { .w = *w, .hit = *hit, .t_us = t_us };
	uint64_t seq;

	if (w->out) {
		seq = life_seg_rel(&l->priv->us, w->seq);
		if (!hit_run(l, seq, w->len, t_us, hit))
			push_unseen(l, w, hit, t_us);
	} else if (hit->faults & RUINED) {
		push_unseen(l, w, hit, t_us);
	} else {
		p.left = hit->faults & LIFE_F_DUPLICATED ? 2 : 1;
		wait_add(l, &p);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * sendq.c - send records
 */

#include "sendq.h"

#include "state.h"
#include "timers.h"

static struct tcp_flight *flight_get(struct tcp_conn *c)
{
	if (c->fl)
		return c->fl;
	c->fl = mem_alloc(&c->t->s->mem, sizeof(*c->fl));
	if (c->fl)
		*c->fl = (struct tcp_flight){ 0 };
	return c->fl;
}

struct tcp_rec *rec_new(struct tcp_conn *c)
{
	return flight_get(c) ? mem_alloc(&c->t->s->mem, sizeof(struct tcp_rec))
			     : NULL;
}

void rec_rest(struct tcp_conn *c)
{
	if (!c->fl || c->fl->first || c->rec.state != CA_OPEN)
		return;
	mem_free(&c->t->s->mem, c->fl, sizeof(*c->fl));
	c->fl = NULL;
}

void rec_drop(struct tcp_conn *c, struct tcp_rec *r)
{
	mem_free(&c->t->s->mem, r, sizeof(*r));
}

static void link_after(struct tcp_conn *c, struct tcp_rec *at,
		       struct tcp_rec *r)
{
	r->prev = at;
	r->next = at ? at->next : NULL;
	if (r->next)
		r->next->prev = r;
	else
		c->fl->last = r;
	if (at)
		at->next = r;
	else
		c->fl->first = r;
}

void rec_append(struct tcp_conn *c, struct tcp_rec *r, uint32_t len, bool fin)
{
	*r = (struct tcp_rec){ .seq = c->snd.nxt,
			       .len = len,
			       .flags = fin ? REC_FIN : 0,
			       .sent_us = tcp_now(c),
			       .first_us = tcp_now(c) };
	link_after(c, c->fl->last, r);
	c->snd.nxt += len;
}

int rec_split(struct tcp_conn *c, struct tcp_rec *r, uint32_t len)
{
	struct tcp_rec *tail = rec_new(c);

	ASSERT(len > 0);
	ASSERT(len < r->len);
	if (!tail)
		return -ERR_NOMEM;
	*tail = *r;
	tail->seq += len;
	tail->len -= len;
	r->len = len;
	r->flags &= (uint8_t)~REC_FIN;
	link_after(c, r, tail);
	return 0;
}

static void pop_first(struct tcp_conn *c)
{
	struct tcp_rec *r = c->fl->first;

	c->fl->first = r->next;
	if (r->next)
		r->next->prev = NULL;
	else
		c->fl->last = NULL;
	rec_drop(c, r);
}

struct tcp_acked rec_ack(struct tcp_conn *c, uint32_t ack)
{
	struct tcp_acked out = { .sent_us = TIME_NEVER };

	while (rec_first(c) && seq_lt(c->fl->first->seq, ack)) {
		struct tcp_rec *r = c->fl->first;
		uint32_t covered = min_u32(ack - r->seq, r->len);

		if (r->flags & REC_LOST)
			c->fl->lost -= covered;
		if (r->flags & REC_RETX)
			out.retx = true;
		else if (covered == r->len && out.sent_us == TIME_NEVER)
			out.sent_us = r->sent_us;
		if (covered < r->len) {
			r->seq += covered;
			r->len -= covered;
			break;
		}
		pop_first(c);
	}
	return out;
}

static void report_lost(const struct tcp_conn *c, const struct tcp_rec *r)
{
	struct ustack_event ev;

	if (!stack_wants(c->t->s, USTACK_EV_LOST))
		return;
	tcp_event_init(c, &ev, USTACK_EV_LOST);
	ev.cause = r->cause;
	ev.seq = r->seq;
	ev.len = r->len;
	ev.rto_us = tcp_rto_us(c);
	tcp_event_emit(c, &ev);
}

void rec_mark_lost(struct tcp_conn *c, struct tcp_rec *r, enum ustack_cause why)
{
	if (r->flags & REC_LOST)
		return;
	r->flags |= REC_LOST;
	r->cause = (uint8_t)why;
	c->fl->lost += r->len;
	report_lost(c, r);
}

void rec_mark_head_lost(struct tcp_conn *c, enum ustack_cause why)
{
	struct tcp_rec *r = rec_first(c);

	if (!r)
		return;
	if (r->len > c->snd.mss && rec_split(c, r, c->snd.mss) < 0)
		return; /* no memory: the timer will try again */
	rec_mark_lost(c, r, why);
}

void rec_mark_all_lost(struct tcp_conn *c, enum ustack_cause why)
{
	for (struct tcp_rec *r = rec_first(c); r; r = r->next)
		rec_mark_lost(c, r, why);
}

struct tcp_rec *rec_first_lost(const struct tcp_conn *c)
{
	struct tcp_rec *r;

	if (!c->fl || c->fl->lost == 0)
		return NULL;
	for (r = c->fl->first; r && !(r->flags & REC_LOST); r = r->next)
		;
	return r;
}

void rec_resent(struct tcp_conn *c, struct tcp_rec *r)
{
	r->flags = (uint8_t)((r->flags & ~REC_LOST) | REC_RETX);
	r->sent_us = tcp_now(c);
	c->fl->lost -= r->len;
}

uint32_t rec_footprint(const struct tcp_conn *c)
{
	uint32_t n = 0;

	for (const struct tcp_rec *r = rec_first(c); r; r = r->next)
		n += (uint32_t)mem_block_size(sizeof(*r));
	return n + (c->fl ? (uint32_t)mem_block_size(sizeof(*c->fl)) : 0);
}

void rec_clear(struct tcp_conn *c)
{
	while (rec_first(c))
		pop_first(c);
	c->rec.state = CA_OPEN;
	if (c->fl)
		c->fl->lost = 0;
	rec_rest(c);
}

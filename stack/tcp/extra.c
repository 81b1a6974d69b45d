/* SPDX-License-Identifier: MIT */
/*
 * extra.c - options and timers of the rarer kind
 */

#include "extra.h"

#include "cc.h"
#include "conn.h"
#include "keepalive.h"
#include "pace.h"
#include "state.h"
#include "timers.h"
#include "watch.h"

struct tcp_extra *tcp_extra_get(struct tcp_conn *c)
{
	if (c->x || stack_mem_low(c->t->s)) /* a peer can ask for one */
		return c->x;
	c->x = mem_alloc(&c->t->s->mem, sizeof(*c->x));
	if (c->x)
		*c->x = (struct tcp_extra){ .cork_at = TIME_NEVER,
					    .linger_at = TIME_NEVER };
	return c->x;
}

void tcp_inherit_listener(struct tcp_conn *c, const struct tcp_listener *l)
{
	if (l->cc != TCP_CC_ANY)
		c->cc.id = l->cc;
	if (l->ttl)
		c->ttl = l->ttl;
	c->tos = l->tos;
	if (l->maxseg == 0)
		return;
	c->rec.adv_mss = (uint16_t)min_u32(c->rec.adv_mss, l->maxseg);
	if (tcp_extra_get(c))
		c->x->maxseg = l->maxseg;
}

void tcp_extra_free(struct tcp_conn *c)
{
	if (!c->x)
		return;
	mem_free(&c->t->s->mem, c->x, sizeof(*c->x));
	c->x = NULL;
}

uint32_t tcp_extra_footprint(const struct tcp_conn *c)
{
	return c->x ? (uint32_t)mem_block_size(sizeof(*c->x)) : 0;
}

uint64_t tcp_extra_deadline(const struct tcp_conn *c)
{
	uint64_t at = TIME_NEVER;

	if (c->flags & CF_DETACHED)
		return TIME_NEVER;
	if (c->opts & OF_KEEPALIVE)
		at = tcp_keepalive_at(c);
	if (c->x)
		at = min_u64(at, min_u64(c->x->cork_at, c->x->linger_at));
	if (c->x)
		at = min_u64(at, pace_deadline(c));
	return at;
}

void tcp_extra_on_timer(struct tcp_conn *c)
{
	struct tcp_extra *x = c->x;
	uint64_t now = tcp_now(c);

	if (x && x->cork_at <= now) {
		x->cork_at = TIME_NEVER;
		c->opts |= OF_UNCORK;
	}
	if (pace_deadline(c) <= now)
		x->pace_held = false; /* the next run looks */
	if (x && x->linger_at <= now) {
		x->linger_at = TIME_NEVER;
		tcp_count(c, USTACK_C_TCP_ABORT_ON_LINGER);
		tcp_reset(c, USTACK_END_TIMEOUT);
		return;
	}
	if (c->opts & OF_KEEPALIVE && tcp_keepalive_at(c) <= now)
		tcp_keepalive_on_timer(c);
}

void tcp_extra_stop(struct tcp_conn *c)
{
	c->opts &= (uint16_t) ~(OF_KEEPALIVE | OF_KEEP_NOW);
	if (!c->x)
		return;
	c->x->cork_at = TIME_NEVER;
	c->x->linger_at = TIME_NEVER;
}

bool tcp_corked(const struct tcp_conn *c)
{
	return (c->opts & (OF_CORK | OF_UNCORK)) == OF_CORK &&
	       !(c->flags & CF_SHUT);
}

void tcp_extra_after_output(struct tcp_conn *c)
{
	struct tcp_extra *x = c->x;

	c->opts &= (uint16_t)~OF_UNCORK;
	if (!x)
		return;
	if (!tcp_corked(c) || tcp_unsent(c) == 0 || tcp_unsent(c) >= c->snd.mss)
		x->cork_at = TIME_NEVER;
	else if (x->cork_at == TIME_NEVER)
		x->cork_at = tcp_now(c) + CORK_MAX_US;
	if (c->flags & CF_ORPHAN && c->opts & OF_LINGER &&
	    x->linger_at == TIME_NEVER && c->state != USTACK_FIN_WAIT_2)
		x->linger_at = tcp_now(c) + (uint64_t)x->linger_ms * 1000u;
	/* All that lingering was for is delivered. */
	if (c->state == USTACK_FIN_WAIT_2)
		x->linger_at = TIME_NEVER;
}

uint64_t tcp_fin_wait2_us(const struct tcp_conn *c)
{
	if (c->x && c->x->fin_wait2_ms)
		return (uint64_t)c->x->fin_wait2_ms * 1000u;
	return c->t->s->cfg.fin_wait2_us;
}

bool tcp_syn_spent(const struct tcp_conn *c)
{
	return c->x && c->x->syn_cnt && c->rtt.backoff >= c->x->syn_cnt;
}

static void report_soft_error(struct tcp_conn *c, enum err why)
{
	struct ustack_event ev;

	if (!tcp_tells(c, USTACK_EV_SOFT_ERROR))
		return;
	tcp_event_init(c, &ev, USTACK_EV_SOFT_ERROR);
	ev.err = (uint8_t)why;
	tcp_event_emit(c, &ev);
}

void tcp_soft_error(struct tcp_conn *c, enum err why)
{
	if (c->flags & CF_DETACHED)
		return;
	c->soft_err = (uint8_t)why;
	report_soft_error(c, why);
	if (c->opts & OF_SOFT_OFF)
		return;
	c->flags |= CF_EV_ERROR;
	tcp_mark_ready(c);
}

void tcp_soft_error_r1(struct tcp_conn *c)
{
	/* What ICMP has said is nearer to the cause. */
	tcp_soft_error(c, c->soft_err ? (enum err)c->soft_err : ERR_TIMEDOUT);
}

/* SPDX-License-Identifier: MIT */
/*
 * conn.c - the life of a TCB
 */

#include "conn.h"

#include "backlog.h"
#include "cc.h"
#include "extra.h"
#include "floor.h"
#include "isn.h"
#include "pmtu.h"
#include "reasm.h"
#include "segment.h"
#include "sendq.h"
#include "state.h"
#include "syncache.h"
#include "timers.h"
#include "timewait.h"
#include "urgent.h"
#include "window.h"

#define NO_SLOT UINT32_MAX

static struct tcp_slot *slot_at(const struct tcp *t, uint32_t index)
{
	return &t->slots[index >> TCP_SLOT_SHIFT][index & (TCP_SLOTS - 1)];
}

/* A free handle, at the expense of promises to come, as the TCB; its generation
 * says how often the place was used before.
 */
static uint32_t slot_take(struct tcp *t)
{
	uint32_t index = t->free_slot;

	if (index != NO_SLOT) {
		t->free_slot = slot_at(t, index)->next;
		return index;
	}
	index = t->nslots;
	if ((index & (TCP_SLOTS - 1)) == 0) {
		size_t size = TCP_SLOTS * sizeof(struct tcp_slot);
		struct tcp_slot *chunk;

		mem_claim(&t->s->mem, true);
		chunk = mem_alloc(&t->s->mem, size);
		mem_claim(&t->s->mem, false);
		if (!chunk)
			return NO_SLOT;
		memset(chunk, 0, size);
		t->slots[index >> TCP_SLOT_SHIFT] = chunk;
	}
	t->nslots++;
	slot_at(t, index)->gen = 1;
	return index;
}

static void slot_give(struct tcp *t, uint32_t index)
{
	struct tcp_slot *slot = slot_at(t, index);

	slot->c = NULL;
	if (++slot->gen == 0)
		slot->gen = 1;
	slot->next = t->free_slot;
	t->free_slot = index;
}

static void conn_defaults(struct tcp_conn *c)
{
	const struct ustack_config *cfg = &c->t->s->cfg;

	c->state = USTACK_CLOSED;
	c->cc.id = c->t->cc;
	c->snd.offers = syncache_agreed(c->t, UINT8_MAX);
	c->ttl = cfg->ttl;
	c->listener = -1;
	c->flags = cfg->nodelay ? CF_NODELAY : 0;
	c->rtx_at = TIME_NEVER;
	c->delack_at = TIME_NEVER;
	c->life_at = TIME_NEVER;
	tcp_snd_open(c);
	c->opened_us = tcp_now(c);
	c->heard_us = tcp_now(c);
	c->spoke_us = tcp_now(c);
	c->user_timeout_ms = (uint32_t)min_u64(cfg->r2_us / 1000u, UINT32_MAX);
	c->opts = cfg->keepalive ? OF_KEEPALIVE : 0;
	c->rec.adv_mss = tcp_link_mss(c->t->s, &c->flow.remote);
	c->rec.peer_mss = ip_is4(&c->flow.remote) ? TCP_MSS_DEFAULT4
						  : TCP_MSS_DEFAULT6;
	c->snd.mss = c->rec.peer_mss;
	list_init(&c->ready);
	timer_init(&c->timer);
	rtt_init(&c->rtt);
	tcp_wnd_open(c);
}

uint64_t tcp_next_id(struct tcp *t)
{
	return t->next_id++;
}

/* With a promise of what it may hold, or not at all. */
static struct tcp_conn *tcb_new(struct tcp *t)
{
	struct mem *m = &t->s->mem;
	struct tcp_conn *c;

	if (!mem_promise(m))
		return NULL;
	mem_claim(m, true);
	c = mem_alloc(m, sizeof(*c));
	mem_claim(m, false);
	if (!c)
		mem_unpromise(m);
	return c;
}

static void tcb_free(struct tcp *t, struct tcp_conn *c)
{
	mem_free(&t->s->mem, c, sizeof(*c));
	mem_unpromise(&t->s->mem);
}

struct tcp_conn *tcp_conn_new(struct tcp *t, const struct tcp_flow_args *a,
			      uint64_t id)
{
	struct tcp_conn *c;
	uint32_t index;

	if (t->nconns >= t->s->cfg.max_conns)
		return NULL;
	c = tcb_new(t);
	if (!c)
		return NULL;
	index = slot_take(t);
	if (index == NO_SLOT) {
		tcb_free(t, c);
		return NULL;
	}
	memset(c, 0, sizeof(*c));
	c->t = t;
	c->index = index;
	c->gen = slot_at(t, index)->gen;
	slot_at(t, index)->c = c;
	t->nconns++;
	t->states[USTACK_CLOSED]++;
	tcp_flow_init(&c->flow, FLOW_CONN, a);
	tcp_flow_insert(t, &c->flow);
	htab_insert(&t->ids, &c->idnode, id);
	conn_defaults(c);
	return c;
}

static void drop_queues(struct tcp_conn *c)
{
	struct mem *m = &c->t->s->mem;

	sliceq_clear(&c->sndq, m);
	sliceq_clear(&c->rcvq, m);
	rec_clear(c);
	reasm_clear(c);
}

void tcp_conn_free(struct tcp_conn *c)
{
	struct tcp *t = c->t;

	if (!(c->flags & CF_DETACHED))
		tcp_flow_remove(t, &c->flow);
	tcp_timers_stop(c);
	list_del(&c->ready);
	drop_queues(c);
	tcp_wnd_close(c);
	tcp_extra_free(c);
	htab_remove(&t->ids, &c->idnode);
	t->states[c->state]--;
	t->nconns--;
	slot_give(t, c->index);
	tcb_free(t, c);
}

struct tcp_conn *tcp_conn_get(const struct tcp *t, struct ustack_conn h)
{
	const struct tcp_slot *slot;

	if (h.index >= t->nslots)
		return NULL;
	slot = slot_at(t, h.index);
	return slot->gen == h.gen ? slot->c : NULL;
}

struct ustack_conn tcp_conn_handle(const struct tcp_conn *c)
{
	return (struct ustack_conn){ .index = c->index, .gen = c->gen };
}

/* It ended before the service took it: the service never hears of it. */
static void leave_backlog(struct tcp_conn *c)
{
	struct tcp_listener *l;

	if (!(c->flags & CF_QUEUED))
		return;
	l = &c->t->listener[c->listener];
	c->flags &= ~(CF_QUEUED | CF_PARKED);
	l->waiting--;
	c->ops_id = -1;
	if (backlog_take(l, c) && l->used)
		backlog_offer(c->t, l); /* the turn is the next one's */
}

/* A timeout is told by what ICMP had to say about it (SHLD-25). */
static enum err pending_error(const struct tcp_conn *c, enum ustack_reason why)
{
	if ((why == USTACK_END_TIMEOUT || why == USTACK_END_UNREACH) &&
	    c->soft_err)
		return (enum err)c->soft_err;
	return ustack_reason_err(why);
}

/* Off the wire: the 4-tuple is free, nothing is sent or received any more. */
static void detach(struct tcp_conn *c, enum ustack_reason why)
{
	tcp_flow_remove(c->t, &c->flow);
	tcp_timers_stop(c);
	leave_backlog(c);
	c->reason = (uint8_t)why;
	c->err = (uint8_t)pending_error(c, why);
	tcp_extra_stop(c);
	c->flags |= CF_DETACHED | CF_EV_CLOSED;
	c->flags &= ~(CF_SYN_NOW | CF_PROBE_NOW);
	tcp_event_closed(c);
	tcp_mark_ready(c);
}

static void count_end(const struct tcp_conn *c)
{
	if (c->state == USTACK_SYN_SENT || c->state == USTACK_SYN_RCVD)
		tcp_count(c, USTACK_C_TCP_ATTEMPT_FAILS);
	else if (c->state == USTACK_ESTABLISHED ||
		 c->state == USTACK_CLOSE_WAIT)
		tcp_count(c, USTACK_C_TCP_ESTAB_RESETS);
}

void tcp_kill(struct tcp_conn *c, enum ustack_reason why)
{
	if (c->flags & CF_DETACHED)
		return;
	count_end(c);
	tcp_set_state(c, USTACK_CLOSED);
	detach(c, why);
	c->flags &= ~(CF_EV_ALL | CF_ACK_NOW) | CF_EV_CLOSED;
	drop_queues(c);
}

void tcp_finish(struct tcp_conn *c)
{
	bool wait = c->state != USTACK_LAST_ACK;

	if (wait)
		tcp_set_state(c, USTACK_TIME_WAIT);
	else
		tcp_set_state(c, USTACK_CLOSED);
	detach(c, USTACK_END_NORMAL);
	if (wait) {
		timewait_enter(c);
		tcp_set_state(c, USTACK_CLOSED);
	}
}

void tcp_reset(struct tcp_conn *c, enum ustack_reason why)
{
	if (c->flags & CF_DETACHED)
		return;
	if (c->state != USTACK_SYN_SENT)
		c->flags |= CF_RST_NOW;
	tcp_kill(c, why);
}

void tcp_established(struct tcp_conn *c)
{
	tcp_set_state(c, USTACK_ESTABLISHED);
	c->heard_us = tcp_now(c);
	c->rtx_at = TIME_NEVER;
	c->rtt.backoff = 0;
	if (c->flags & CF_SYN_REXMIT)
		c->rtt.floor_ms = 3000; /* (6298-10) */
	c->rec.recover = c->snd.iss;
	c->snd.sml = c->snd.una;
	if (!(c->flags & CF_FIN_SEEN))
		tcp_wnd_begin(c);
	tcp_cc_start(c);
	if (c->flags & CF_ACTIVE)
		c->flags |= CF_EV_CONNECTED;
	if (c->flags & CF_SYN_NOW) { /* a SYN-ACK that came too late to leave */
		c->flags &= ~CF_SYN_NOW;
		c->flags |= CF_ACK_NOW;
	}
	if (c->flags & CF_SHUT)
		tcp_set_state(c, USTACK_FIN_WAIT_1);
	tcp_mark_ready(c);
}

void tcp_mss_update(struct tcp_conn *c)
{
	uint32_t link = tcp_link_mss(c->t->s, &c->flow.remote);
	uint32_t mss;

	if (c->x && c->x->maxseg)
		link = min_u32(link, c->x->maxseg);
	if (c->state == USTACK_SYN_SENT && c->flags & CF_SYN_NOW)
		c->rec.adv_mss = (uint16_t)link; /* not announced yet */
	mss = tcp_pmtu_mss(c, min_u32(c->rec.peer_mss, link)); /* (MUST-16) */
	if (c->flags & CF_TS)
		mss -= TCP_OPT_TS_LEN; /* (6691-2, 7323-18) */
	c->snd.mss = (uint16_t)mss;
}

void tcp_discard_received(struct tcp_conn *c)
{
	uint32_t n = c->rcvq.bytes;

	sliceq_consume(&c->rcvq, &c->t->s->mem, n);
	tcp_urgent_read(c);
	if (n > 0 && !(c->flags & CF_DETACHED))
		tcp_wnd_consumed(c, n);
}

void tcp_set_peer_opts(struct tcp_conn *c, const struct tcp_opts *o)
{
	/* What is configured may have changed since our SYN left. */
	c->snd.offers &= o->has;
	if (c->snd.offers & TCP_OPT_HAS_TS) {
		c->flags |= CF_TS;
		c->ts.recent = o->tsval;
		c->ts.recent_s = tcp_now_s(c);
	}
	if (c->snd.offers & TCP_OPT_HAS_WSCALE) {
		c->flags |= CF_WSCALE;
		c->snd.wscale = o->wscale;
		c->rcv.wscale = tcp_wnd_shift(c->t->s);
	}
	if (c->snd.offers & TCP_OPT_HAS_SACK_OK)
		c->flags |= CF_SACK;
	if (o->has & TCP_OPT_HAS_MSS)
		c->rec.peer_mss = (uint16_t)max_u32(o->mss, TCP_MSS_MIN);
	tcp_mss_update(c);
}

/* Room within @limit: of tiny segments the records are what takes memory. */
static uint32_t room_within(const struct tcp_conn *c, uint32_t limit)
{
	uint32_t used = max_u32(c->sndq.bytes, rec_footprint(c));

	return limit > used ? limit - used : 0;
}

uint32_t tcp_send_space(const struct tcp_conn *c)
{
	if (stack_mem_low(c->t->s))
		return tcp_floor_room(&c->sndq);
	return room_within(c, tcp_snd_limit(c));
}

bool tcp_worth_writing(const struct tcp_conn *c)
{
	uint32_t limit;

	if (stack_mem_low(c->t->s))
		return tcp_floor_room(&c->sndq) > 0;
	limit = tcp_snd_limit(c);
	return room_within(c, limit) >= limit / 3;
}

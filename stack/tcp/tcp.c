/* SPDX-License-Identifier: MIT */
/*
 * tcp.c - TCP of one instance: made, freed, run over what is ready
 *
 *	tcp_run:  each ready connection once:
 *		  callbacks that are due -> tcp_output -> back in line if
 *		  something is left
 */

#include "tcp.h"

#include "backlog.h"
#include "bind.h"
#include "cc.h"
#include "conn.h"
#include "floor.h"
#include "output.h"
#include "syncache.h"
#include "timers.h"
#include "timewait.h"
#include "urgent.h"
#include "window.h"

_Static_assert(TCP_SYNACK_RETRIES_LIMIT == TCP_SYNACK_RETRIES_MAX, "one limit");

/* Room for the chunks of so many handles; what there is stays. */
static int slots_grow(struct tcp *t, uint32_t conns)
{
	uint32_t chunks = (conns + TCP_SLOTS - 1) / TCP_SLOTS;
	size_t had = t->slots_max * sizeof(struct tcp_slot *);
	struct tcp_slot **slots;

	if (chunks <= t->slots_max)
		return 0;
	slots = mem_alloc(&t->s->mem, chunks * sizeof(struct tcp_slot *));
	if (!slots)
		return -ERR_NOMEM;
	if (t->slots) {
		memcpy(slots, t->slots, had);
		mem_free(&t->s->mem, t->slots, had);
	}
	t->slots = slots;
	t->slots_max = chunks;
	return 0;
}

static int init_tables(struct tcp *t)
{
	struct mem *m = &t->s->mem;

	if (slots_grow(t, t->s->cfg.max_conns) < 0 ||
	    syncache_grow(t, t->s->cfg.syn_backlog) < 0 ||
	    htab_init(&t->flows, m) < 0)
		return -ERR_NOMEM;
	if (htab_init(&t->ids, m) < 0)
		return -ERR_NOMEM;
	return htab_init(&t->bound, m);
}

struct tcp *tcp_new(struct ustack *s)
{
	struct tcp *t = mem_alloc(&s->mem, sizeof(*t));

	if (!t)
		return NULL;
	memset(t, 0, sizeof(*t));
	t->s = s;
	tcp_floor_init(&s->mem);
	t->free_slot = UINT32_MAX;
	t->next_id = 1;
	t->cc = (uint8_t)tcp_cc_find(s->cfg.cc);
	t->wscale = tcp_wnd_scale(&s->cfg);
	s->host.random(s->host.ctx, &t->key, sizeof(t->key));
	list_init(&t->ready);
	timewait_init(t);
	syncache_init(t);
	if (init_tables(t) < 0)
		return NULL; /* what was taken goes with the pool */
	return t;
}

static void free_compact(struct tcp *t)
{
	for (uint32_t i = 0; i < TCP_LISTENERS_MAX; i++)
		backlog_fini(t, &t->listener[i]);
	syncache_fini(t);
	while (!list_empty(&t->tw_list))
		timewait_drop(t,
			      list_first(&t->tw_list, struct tw_entry, link));
	timer_cancel(&t->s->wheel, &t->tw_timer);
}

void tcp_free(struct tcp *t)
{
	struct mem *m = &t->s->mem;

	for (uint32_t i = 0; i < t->nslots; i++) {
		struct tcp_conn *c =
			t->slots[i >> TCP_SLOT_SHIFT][i & (TCP_SLOTS - 1)].c;

		if (c)
			tcp_conn_free(c);
	}
	free_compact(t);
	for (uint32_t i = 0; i < t->nslots; i += TCP_SLOTS)
		mem_free(m, t->slots[i >> TCP_SLOT_SHIFT],
			 TCP_SLOTS * sizeof(struct tcp_slot));
	tcp_bind_free(t);
	htab_fini(&t->flows);
	htab_fini(&t->ids);
	mem_free(m, t->slots, t->slots_max * sizeof(struct tcp_slot *));
	mem_free(m, t, sizeof(*t));
}

/* A cookie says neither which options it agreed to, nor does its ACK. */
static bool agrees_otherwise(const struct ustack_config *a,
			     const struct ustack_config *b)
{
	return a->timestamps != b->timestamps || a->wscale != b->wscale ||
	       a->sack != b->sack;
}

const char *tcp_reconfigure(struct tcp *t, const struct ustack_config *cfg)
{
	struct ustack *s = t->s;

	if (cfg->wscale_shift != s->cfg.wscale_shift)
		return "wscale_shift: is for life";
	if (tcp_wnd_scale(cfg) > t->wscale)
		return "rcvbuf_max: more than the window scale in use can tell of";
	if (slots_grow(t, cfg->max_conns) < 0)
		return "max_conns: no memory for their table";
	if (syncache_grow(t, cfg->syn_backlog) < 0)
		return "syn_backlog: no memory for its table";
	syncache_shrink(t, cfg->syn_backlog);
	if (agrees_otherwise(cfg, &s->cfg))
		s->host.random(s->host.ctx, &t->key.cookie,
			       sizeof(t->key.cookie));
	t->cc = (uint8_t)tcp_cc_find(cfg->cc);
	return NULL;
}

void tcp_on_timer(struct tcp *t, struct timer *timer)
{
	if (timer == &t->syn_timer)
		syncache_on_timer(t);
	else if (timer == &t->tw_timer)
		timewait_on_timer(t);
	else
		tcp_conn_on_timer(container_of(timer, struct tcp_conn, timer));
}

/* Take a due callback's flag; false if it is not due. */
static bool due(struct tcp_conn *c, uint32_t flag)
{
	if (!(c->flags & flag))
		return false;
	c->flags &= ~flag;
	return true;
}

/* Return: what @accept said; an error if the listener has gone */
static int ask(struct tcp_conn *c, const struct ustack_ops *ops,
	       const struct tcp_listener *l)
{
	if (!l->used)
		return -ERR_CONNABORTED;
	if (!ops->accept)
		return 0;
	return ops->accept(c->t->s, tcp_conn_handle(c), c->ctx);
}

static void offer(struct tcp_conn *c, const struct ustack_ops *ops)
{
	struct tcp_listener *l = &c->t->listener[c->listener];
	bool again = backlog_take(l, c);
	int r;

	c->flags &= ~CF_QUEUED;
	r = ask(c, ops, l);
	l->waiting--;
	if (r == -ERR_AGAIN && l->used && !(c->flags & CF_DETACHED) &&
	    backlog_park(l, c, again))
		return;
	if (r != 0) {
		c->ops_id = -1; /* refused: no more callbacks */
		tcp_reset(c, USTACK_END_ABORTED);
	}
	if (again && l->used)
		backlog_offer(c->t, l);
}

/* The same, for a callback that nobody wants after ustack_close(). */
static bool wanted(struct tcp_conn *c, uint32_t flag)
{
	return !(c->flags & CF_ORPHAN) && due(c, flag);
}

static void call_back(struct tcp_conn *c, const struct ustack_ops *ops)
{
	struct ustack *s = c->t->s;
	struct ustack_conn h = tcp_conn_handle(c);

	if (due(c, CF_EV_ACCEPT))
		offer(c, ops);
	if (c->flags & CF_PARKED)
		return;
	if (wanted(c, CF_EV_CONNECTED) && ops->connected)
		ops->connected(s, h, c->ctx);
	if (wanted(c, CF_EV_READABLE) && c->rcvq.bytes > 0 && ops->readable)
		ops->readable(s, h, c->ctx);
	if (wanted(c, CF_EV_WRITABLE) && c->flags & CF_WANT_WRITE) {
		c->flags &= ~CF_WANT_WRITE;
		if (ops->writable)
			ops->writable(s, h, c->ctx);
	}
	if (wanted(c, CF_EV_ERROR) && c->soft_err && ops->soft_error)
		ops->soft_error(s, h, c->ctx, (enum err)c->soft_err);
	if (wanted(c, CF_EV_URGENT) && tcp_urgent_left(c) > 0 && ops->urgent)
		ops->urgent(s, h, c->ctx, tcp_urgent_left(c));
	if (c->rcvq.bytes == 0 && wanted(c, CF_EV_PEER_CLOSED) &&
	    ops->peer_closed)
		ops->peer_closed(s, h, c->ctx);
}

/* Over on the wire: may the service be told, or does it still read? */
static bool may_end(const struct tcp_conn *c)
{
	return c->reason != USTACK_END_NORMAL || c->flags & CF_ORPHAN ||
	       (c->rcvq.bytes == 0 && !(c->flags & CF_EV_PEER_CLOSED));
}

static const struct ustack_ops *ops_of(const struct tcp_conn *c)
{
	static const struct ustack_ops none;

	return c->ops_id >= 0 ? c->t->ops[c->ops_id] : &none;
}

/* Return: true if the connection must be looked at again in the next run */
static bool run_conn(struct tcp_conn *c)
{
	const struct ustack_ops *ops = ops_of(c);

	if (c->flags & CF_EV_ALL & ~CF_EV_CLOSED && !(c->flags & CF_ORPHAN))
		call_back(c, ops);
	if (!(c->flags & CF_DETACHED))
		return tcp_output(c);
	if (tcp_output_last(c))
		return true;
	if (!may_end(c))
		return false;
	ops = ops_of(c); /* accept may have refused it */
	if (due(c, CF_EV_CLOSED) && ops->closed)
		ops->closed(c->t->s, tcp_conn_handle(c), c->ctx, c->reason);
	if (!ops->hold || c->flags & CF_ORPHAN)
		tcp_conn_free(c);
	return false;
}

bool tcp_run(struct tcp *t)
{
	struct list batch;

	list_take(&batch, &t->ready);
	while (!list_empty(&batch) && t->s->tx_left > 0) {
		struct tcp_conn *c = list_first(&batch, struct tcp_conn, ready);

		list_del(&c->ready);
		if (run_conn(c))
			tcp_mark_ready(c);
	}
	/* Out of budget: those not served come first next time. */
	while (!list_empty(&batch)) {
		struct list *last = batch.prev;

		list_del(last);
		list_insert(t->ready.next, last);
	}
	return !list_empty(&t->ready);
}

void tcp_gauges(const struct tcp *t, struct ustack_gauges *g)
{
	for (uint32_t i = 0; i < USTACK_STATES; i++)
		g->states[i] = t->states[i];
	for (uint32_t i = 0; i < TCP_LISTENERS_MAX; i++)
		g->states[USTACK_LISTEN] += t->listener[i].used;
	g->tcb_bytes = (uint32_t)(mem_block_size(sizeof(struct tcp_conn)) +
				  sizeof(struct tcp_slot));
}

/* SPDX-License-Identifier: MIT */
/*
 * syncache.c - half-open connections
 */

#include "syncache.h"

#include "conn.h"
#include "isn.h"
#include "reply.h"
#include "segment.h"
#include "state.h"
#include "window.h"

#define ISS_MARGIN 65537u /* beyond an old unscaled window, as Linux */

void syncache_init(struct tcp *t)
{
	for (uint32_t i = 0; i < ARRAY_LEN(t->syn_list); i++)
		list_init(&t->syn_list[i]);
	timer_init(&t->syn_timer);
}

static void arm(struct tcp *t)
{
	uint64_t at = TIME_NEVER;

	for (uint32_t i = 0; i < ARRAY_LEN(t->syn_list); i++) {
		struct syn_entry *e = list_first(&t->syn_list[i],
						 struct syn_entry, link);

		if (e)
			at = min_u64(at, e->due_us);
	}
	timer_arm(&t->s->wheel, &t->syn_timer, at);
}

void syncache_drop(struct tcp *t, struct syn_entry *e)
{
	tcp_flow_remove(t, &e->flow);
	list_del(&e->link);
	t->nsyn--;
	t->states[USTACK_SYN_RCVD]--;
	t->listener[e->listener].half_open--;
	mem_free(&t->s->mem, e, sizeof(*e));
}

void syncache_drop_listener(struct tcp *t, int listener)
{
	for (uint32_t i = 0; i < ARRAY_LEN(t->syn_list); i++) {
		struct list *n = t->syn_list[i].next;

		while (n != &t->syn_list[i]) {
			struct syn_entry *e = list_entry(n, struct syn_entry,
							 link);

			n = n->next;
			if (e->listener == listener)
				syncache_drop(t, e);
		}
	}
}

/* An ACK, or with @flags SYN a SYN-ACK, from an entry. */
static void reply(struct tcp *t, struct syn_entry *e, uint8_t flags)
{
	const struct tcp_flow_args a = { .local = &e->flow.local,
					 .remote = &e->flow.remote };
	bool syn = (flags & TCP_SYN) != 0;
	struct tcp_out o = { .flow = &e->flow,
			     .id = e->id,
			     .seq = syn ? e->iss : e->iss + 1,
			     .ack = e->irs + 1,
			     .flags = flags,
			     .ttl = t->s->cfg.ttl,
			     .mss = UINT16_MAX,
			     .wnd = (uint16_t)e->adv,
			     .wnd_bytes = e->adv };

	if (!syn && e->has & TCP_OPT_HAS_WSCALE)
		o.wnd = (uint16_t)(e->adv >> tcp_wnd_shift(t->s));
	o.opt.has = e->has & TCP_OPT_HAS_TS;
	if (syn) {
		o.opt.has = e->has | TCP_OPT_HAS_MSS;
		o.opt.mss = tcp_link_mss(t->s, &e->flow.remote);
		o.opt.wscale = tcp_wnd_shift(t->s);
	}
	o.opt.tsval = tcp_ts_now(t) + tcp_ts_offset(t, &a);
	o.opt.tsecr = e->ts_recent;
	if (syn && e->sent > 0) {
		o.cause = USTACK_CAUSE_SYN;
		stack_count(t->s, USTACK_C_TCP_RETRANS_SYNACK);
		stack_count(t->s, USTACK_C_TCP_RETRANS_SEGS);
	}
	tcp_emit(t->s, &o); /* what finds no room is repeated like a lost one */
}

/* Send the SYN-ACK (again) and queue the entry behind its like. */
static void send_synack(struct tcp *t, struct syn_entry *e)
{
	uint64_t wait = (uint64_t)t->s->cfg.rto_init_us << e->sent;

	reply(t, e, TCP_SYN | TCP_ACK);
	e->sent_us = t->s->now_us;
	e->due_us = t->s->now_us + min_u64(wait, t->s->cfg.rto_max_us);
	list_del(&e->link);
	list_insert(&t->syn_list[e->sent], &e->link);
	e->sent++;
	arm(t);
}

static void evict_oldest(struct tcp *t)
{
	for (uint32_t i = ARRAY_LEN(t->syn_list); i-- > 0;) {
		struct syn_entry *e = list_first(&t->syn_list[i],
						 struct syn_entry, link);

		if (e) {
			syncache_drop(t, e);
			stack_count(t->s, USTACK_C_TCP_SYN_EVICTED);
			stack_count(t->s, USTACK_C_TCP_ATTEMPT_FAILS);
			return;
		}
	}
}

/* LISTEN -> SYN-RECEIVED: of the connection that this will become. */
static void report_listen(const struct tcp *t, const struct syn_entry *e)
{
	struct ustack_event ev = { .time_us = t->s->now_us,
				   .kind = USTACK_EV_STATE,
				   .id = e->id,
				   .local = e->flow.local,
				   .remote = e->flow.remote,
				   .lport = e->flow.lport,
				   .rport = e->flow.rport,
				   .from = USTACK_LISTEN,
				   .to = USTACK_SYN_RCVD };

	t->s->host.event(t->s->host.ctx, &ev);
}

/* A fast transfer can have outrun the ISN clock: stay ahead of what an old
 * duplicate might carry.
 */
static uint32_t choose_iss(const struct tcp *t, const struct tcp_flow_args *a,
			   const struct tcp_seg *seg)
{
	uint32_t iss = tcp_isn(t, a);

	if (seg->reuses && seq_leq(iss, seg->iss_above))
		iss = seg->iss_above + ISS_MARGIN;
	return iss;
}

static uint8_t agreed(const struct tcp *t, uint8_t offered)
{
	uint8_t ours = 0;

	if (t->s->cfg.timestamps)
		ours |= TCP_OPT_HAS_TS;
	if (t->s->cfg.wscale)
		ours |= TCP_OPT_HAS_WSCALE;
	if (t->s->cfg.sack)
		ours |= TCP_OPT_HAS_SACK_OK;
	return offered & ours;
}

void syncache_add(struct tcp *t, const struct tcp_flow_args *a,
		  const struct tcp_seg *seg, int listener)
{
	struct syn_entry *e;

	if (t->nsyn >= t->s->cfg.syn_backlog)
		evict_oldest(t);
	e = stack_mem_low(t->s) ? NULL : mem_alloc(&t->s->mem, sizeof(*e));
	if (!e) {
		stack_drop(t->s, USTACK_C_DROP_NO_MEMORY);
		return;
	}
	*e = (struct syn_entry){
		.iss = choose_iss(t, a, seg),
		.irs = seg->seq,
		.ts_recent = seg->opt.tsval,
		.wnd = seg->wnd,
		.adv = min_u32(tcp_wnd_initial(t), UINT16_MAX),
		.mss = seg->opt.has & TCP_OPT_HAS_MSS ? seg->opt.mss : 0,
		.listener = (int16_t)listener,
		.wscale = seg->opt.has & TCP_OPT_HAS_WSCALE ? seg->opt.wscale
							    : 0,
		.has = agreed(t, seg->opt.has),
		.born_us = t->s->now_us,
		.id = tcp_next_id(t),
	};
	tcp_flow_init(&e->flow, FLOW_SYN, a);
	tcp_flow_insert(t, &e->flow);
	list_init(&e->link);
	t->nsyn++;
	t->states[USTACK_SYN_RCVD]++;
	t->listener[listener].half_open++;
	stack_count(t->s, USTACK_C_TCP_PASSIVE_OPENS);
	tcp_event_received(t, &e->flow, e->id, seg, 0);
	if (stack_wants(t->s, USTACK_EV_STATE))
		report_listen(t, e);
	send_synack(t, e);
}

/* What the half-open connection knew becomes the TCB's. */
static void inherit(struct tcp_conn *c, const struct syn_entry *e)
{
	const struct tcp_flow_args a = tcp_flow_tuple(&c->flow);
	const struct tcp_opts opt = {
		.has = (uint8_t)(e->has | (e->mss ? TCP_OPT_HAS_MSS : 0)),
		.mss = e->mss,
		.wscale = e->wscale,
		.tsval = e->ts_recent,
	};

	c->opened_us = e->born_us;
	c->snd.iss = e->iss;
	c->snd.una = e->iss + 1;
	c->snd.nxt = e->iss + 1;
	c->snd.wnd = e->wnd; /* a SYN's window is not scaled */
	c->snd.max_wnd = e->wnd;
	c->snd.wl1 = e->irs;
	c->snd.wl2 = e->iss;
	c->rcv.nxt = e->irs + 1;
	c->rcv.acked = c->rcv.nxt;
	c->rcv.adv = c->rcv.nxt + e->adv;
	c->rcv.edge = c->rcv.adv;
	c->ts.offset = tcp_ts_offset(c->t, &a);
	sliceq_init(&c->sndq, c->snd.una);
	sliceq_init(&c->rcvq, c->rcv.nxt);
	tcp_set_peer_opts(c, &opt);
	if (e->sent > 1)
		c->flags |= CF_SYN_REXMIT;
}

/* The handshake is complete: a TCB takes the entry's place. */
static struct tcp_conn *complete(struct tcp *t, struct syn_entry *e)
{
	const struct syn_entry old = *e;
	const struct tcp_flow_args a = tcp_flow_tuple(&old.flow);
	struct tcp_listener *l = &t->listener[old.listener];
	struct tcp_conn *c;

	syncache_drop(t, e);
	c = tcp_conn_new(t, &a, old.id);
	if (!c) {
		stack_drop(t->s, USTACK_C_DROP_TCP_CONN_LIMIT);
		stack_count(t->s, USTACK_C_TCP_ATTEMPT_FAILS);
		return NULL;
	}
	t->states[USTACK_CLOSED]--;
	t->states[USTACK_SYN_RCVD]++;
	c->state = USTACK_SYN_RCVD;
	c->listener = old.listener;
	c->ops_id = l->ops_id;
	c->ctx = l->ctx;
	inherit(c, &old);
	tcp_established(c);
	if (old.sent == 1 && !old.resent) /* Karn */
		rtt_sample(&c->rtt, (uint32_t)(t->s->now_us - old.sent_us));
	c->flags |= CF_EV_ACCEPT | CF_QUEUED;
	l->waiting++;
	tcp_event_opened(c);
	return c;
}

static bool in_window(const struct syn_entry *e, const struct tcp_seg *seg)
{
	uint32_t len = tcp_seg_space(seg);
	uint32_t nxt = e->irs + 1;

	return seq_in(seg->seq, nxt, e->adv) ||
	       (len > 0 && seq_in(seg->seq + len - 1, nxt, e->adv));
}

static bool paws_ok(const struct syn_entry *e, const struct tcp_seg *seg)
{
	return !(e->has & TCP_OPT_HAS_TS) ||
	       seq_geq(seg->opt.tsval, e->ts_recent);
}

/* Timestamps were agreed, and it has none (7323-9). */
static bool lacks_ts(const struct syn_entry *e, const struct tcp_seg *seg)
{
	return e->has & TCP_OPT_HAS_TS && !(seg->opt.has & TCP_OPT_HAS_TS);
}

static void on_rst(struct tcp *t, struct syn_entry *e,
		   const struct tcp_seg *seg)
{
	if (seg->seq == e->irs + 1) { /* (5961-7, 9293-a18) */
		syncache_drop(t, e);
		stack_count(t->s, USTACK_C_TCP_ATTEMPT_FAILS);
		return;
	}
	stack_drop(t->s, USTACK_C_DROP_TCP_RST);
	if (in_window(e, seg) && tcp_chal_ok(t, &e->chal))
		reply(t, e, TCP_ACK);
}

/* The checks before the ACK; false if the segment is done with. */
static bool may_ack(struct tcp *t, struct syn_entry *e,
		    const struct tcp_seg *seg)
{
	const uint8_t syn_only = TCP_SYN | TCP_ACK | TCP_RST;

	if (seg->flags & TCP_RST) {
		on_rst(t, e, seg);
		return false;
	}
	if ((seg->flags & syn_only) == TCP_SYN && seg->seq == e->irs) {
		e->resent = true; /* the other one was lost */
		if (tcp_chal_ok(t, &e->chal))
			reply(t, e, TCP_SYN | TCP_ACK);
		return false;
	}
	if (lacks_ts(e, seg)) {
		stack_drop(t->s, USTACK_C_DROP_TCP_NO_TS);
		return false;
	}
	if (!in_window(e, seg) || !paws_ok(e, seg)) {
		stack_drop(t->s, USTACK_C_DROP_TCP_SEQ);
		if (tcp_chal_ok(t, &e->chal)) /* (res-3) */
			reply(t, e, TCP_ACK);
		return false;
	}
	if (seg->flags & TCP_SYN) { /* fourth check: back to LISTEN */
		stack_drop(t->s, USTACK_C_DROP_TCP_SYN);
		stack_count(t->s, USTACK_C_TCP_ATTEMPT_FAILS);
		syncache_drop(t, e);
		return false;
	}
	if (!(seg->flags & TCP_ACK)) {
		stack_drop(t->s, USTACK_C_DROP_TCP_NO_ACK);
		return false;
	}
	return true;
}

struct tcp_conn *syncache_input(struct tcp *t, struct syn_entry *e,
				const struct tcp_seg *seg)
{
	const struct tcp_flow_args a = tcp_flow_tuple(&e->flow);
	const struct tcp_listener *l = &t->listener[e->listener];

	if (!may_ack(t, e, seg))
		return NULL;
	if (seg->ack != e->iss + 1) { /* (9293-a17) */
		stack_drop(t->s, USTACK_C_DROP_TCP_ACK);
		tcp_reply_rst(t, &a, seg);
		return NULL;
	}
	if (l->waiting >= l->backlog) {
		stack_count(t->s, USTACK_C_TCP_ACCEPT_OVERFLOWS);
		return NULL; /* (4987-6): its data will come again */
	}
	return complete(t, e);
}

void syncache_on_timer(struct tcp *t)
{
	for (uint32_t i = 0; i < ARRAY_LEN(t->syn_list); i++) {
		struct syn_entry *e;

		while ((e = list_first(&t->syn_list[i], struct syn_entry,
				       link)) &&
		       e->due_us <= t->s->now_us) {
			if (e->sent <= t->s->cfg.synack_retries) {
				send_synack(t, e);
				continue;
			}
			syncache_drop(t, e); /* (4987-5) */
			stack_count(t->s, USTACK_C_TCP_ATTEMPT_FAILS);
		}
	}
	arm(t);
}

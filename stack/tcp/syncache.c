/* SPDX-License-Identifier: MIT */
/*
 * syncache.c - half-open connections
 */

#include "syncache.h"

#include "conn.h"
#include "ecn.h"
#include "extra.h"
#include "isn.h"
#include "reply.h"
#include "segment.h"
#include "state.h"
#include "syncookie.h"
#include "watch.h"
#include "window.h"

#define ISS_MARGIN   65537u /* beyond an old unscaled window, as Linux */
#define SHARE	     3u	    /* entries of a listener for each that is free */
#define VICTIM_LOOK  16u    /* entries looked at to find one that makes room */
#define LOW_ENTRIES  64u /* while memory is low; a cookie promises more window */
#define RUN_MAX	     256u  /* entries served in one run of the timer */
#define FULL_LINK_US 1000u /* until the next try when the link is full */

void syncache_init(struct tcp *t)
{
	for (uint32_t i = 0; i < ARRAY_LEN(t->syn_list); i++)
		list_init(&t->syn_list[i]);
	timer_init(&t->syn_timer);
}

static void table_free(struct tcp *t)
{
	size_t size = t->syn_max * sizeof(struct syn_entry *);

	if (!t->syn_table)
		return;
	if (size <= MEM_BLOCK_MAX)
		mem_free(&t->s->mem, t->syn_table, size);
	else
		mem_free_big(&t->s->mem, t->syn_table, size);
}

int syncache_grow(struct tcp *t, uint32_t entries)
{
	size_t size = entries * sizeof(struct syn_entry *);
	struct syn_entry **table;

	if (entries <= t->syn_max)
		return 0;
	table = size <= MEM_BLOCK_MAX ? mem_alloc(&t->s->mem, size)
				      : mem_alloc_big(&t->s->mem, size);
	if (!table)
		return -ERR_NOMEM;
	if (t->nsyn > 0)
		memcpy(table, t->syn_table,
		       t->nsyn * sizeof(struct syn_entry *));
	table_free(t);
	t->syn_table = table;
	t->syn_max = entries;
	return 0;
}

void syncache_shrink(struct tcp *t, uint32_t entries)
{
	while (t->nsyn > entries)
		syncache_drop(t, t->syn_table[t->nsyn - 1]);
}

void syncache_fini(struct tcp *t)
{
	syncache_shrink(t, 0);
	timer_cancel(&t->s->wheel, &t->syn_timer);
	table_free(t);
}

static uint64_t wait_us(const struct tcp *t, uint8_t sent)
{
	return min_u64((uint64_t)t->s->cfg.rto_init_us << (sent - 1),
		       t->s->cfg.rto_max_us);
}

/* When to send the SYN-ACK again, or forget. */
static uint64_t due_us(const struct tcp *t, const struct syn_entry *e)
{
	return e->sent_us + wait_us(t, e->sent);
}

/* Entries that left may make the timer run early, which does no harm. */
static void arm_by(struct tcp *t, uint64_t at)
{
	if (!timer_armed(&t->syn_timer) || t->syn_timer.expires_us > at)
		timer_arm(&t->s->wheel, &t->syn_timer, at);
}

void syncache_drop(struct tcp *t, struct syn_entry *e)
{
	struct syn_entry *last = t->syn_table[--t->nsyn];

	t->syn_table[e->place] = last;
	last->place = e->place;
	tcp_flow_remove(t, &e->flow);
	list_del(&e->link);
	t->states[USTACK_SYN_RCVD]--;
	t->listener[e->listener].half_open--;
	mem_free(&t->s->mem, e, sizeof(*e));
}

/* From the end, where the last one takes the place of one that goes. */
void syncache_drop_listener(struct tcp *t, int listener)
{
	for (uint32_t i = t->nsyn; i-- > 0;)
		if (t->syn_table[i]->listener == listener)
			syncache_drop(t, t->syn_table[i]);
}

void syncache_segment(const struct tcp *t, const struct syn_entry *e,
		      uint8_t flags, struct tcp_out *o)
{
	const struct tcp_flow_args a = tcp_flow_tuple(&e->flow);
	const struct tcp_listener *l = &t->listener[e->listener];
	bool syn = (flags & TCP_SYN) != 0;

	*o = (struct tcp_out){ .flow = &e->flow,
			       .id = e->id,
			       .seq = syn ? e->iss : e->iss + 1,
			       .ack = e->irs + 1,
			       .flags = flags,
			       .ttl = l->ttl ? l->ttl : t->s->cfg.ttl,
			       .tos = l->tos,
			       .mss = UINT16_MAX,
			       .wnd = e->adv,
			       .wnd_bytes = e->adv };
	if (!syn && e->has & TCP_OPT_HAS_WSCALE)
		o->wnd = (uint16_t)(e->adv >> tcp_wnd_shift(t->s));
	o->opt.has = e->has & TCP_OPT_HAS_TS;
	if (syn) {
		o->flags |= e->flags & SYN_ECN ? TCP_ECE : 0;
		o->opt.has = e->has | TCP_OPT_HAS_MSS;
		o->opt.mss = tcp_link_mss(t->s, &e->flow.remote);
		if (l->maxseg)
			o->opt.mss = (uint16_t)min_u32(o->opt.mss, l->maxseg);
		o->opt.wscale = tcp_wnd_shift(t->s);
	}
	if (e->has & TCP_OPT_HAS_TS) {
		o->opt.tsval = tcp_ts_now(t) + tcp_ts_offset(t, &a);
		o->opt.tsecr = e->ts_recent;
	}
}

static int reply(struct tcp *t, const struct syn_entry *e, uint8_t flags)
{
	struct tcp_out o;
	bool again = flags & TCP_SYN && e->sent > 0;
	int r;

	syncache_segment(t, e, flags, &o);
	if (again)
		o.cause = USTACK_CAUSE_SYN;
	r = tcp_emit(t->s, &o);
	if (again && r != -ERR_AGAIN) {
		stack_count(t->s, USTACK_C_TCP_RETRANS_SYNACK);
		stack_count(t->s, USTACK_C_TCP_RETRANS_SEGS);
	}
	return r;
}

/* The SYN-ACK has left (again): queue the entry behind its like. */
static void on_sent(struct tcp *t, struct syn_entry *e)
{
	e->sent_us = t->s->now_us;
	list_del(&e->link);
	list_insert(&t->syn_list[e->sent], &e->link);
	e->sent++;
	arm_by(t, due_us(t, e));
}

static bool has_room(const struct tcp *t, const struct tcp_listener *l)
{
	uint32_t left = t->s->cfg.syn_backlog - t->nsyn;

	return l->half_open < SHARE * left;
}

/* One of the listener's own entries, or anybody's if it has none. */
static struct syn_entry *choose_victim(struct tcp *t, int listener)
{
	bool own = t->listener[listener].half_open > 0;
	uint32_t look = min_u32(t->nsyn, VICTIM_LOOK);
	struct syn_entry *found = NULL;
	uint32_t at;

	if (t->nsyn == 0)
		return NULL;
	at = (uint32_t)(stack_random(t->s) % t->nsyn);
	for (uint32_t i = 0; i < look; i++) {
		struct syn_entry *e = t->syn_table[(at + i) % t->nsyn];

		if (own && e->listener != listener)
			continue;
		if (!found || e->sent > found->sent)
			found = e;
		if (e->sent > 1)
			break;
	}
	return found;
}

/* Have one of its entries make room for a listener's new one. */
static bool make_room(struct tcp *t, int listener)
{
	struct syn_entry *e = choose_victim(t, listener);

	if (!e)
		return false;
	syncache_drop(t, e);
	stack_count(t->s, USTACK_C_TCP_SYN_EVICTED);
	stack_count(t->s, USTACK_C_TCP_ATTEMPT_FAILS);
	return true;
}

void syncache_opened(const struct tcp *t, const struct syn_entry *e)
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

	stack_count(t->s, USTACK_C_TCP_PASSIVE_OPENS);
	if (stack_tells(t->s, e->flow.watch, USTACK_EV_STATE))
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

uint8_t syncache_agreed(const struct tcp *t, uint8_t offered)
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

void syncache_fill(const struct tcp *t, struct syn_entry *e,
		   const struct tcp_flow_args *a, const struct tcp_seg *seg,
		   int listener)
{
	*e = (struct syn_entry){
		.irs = seg->seq,
		.ts_recent = seg->opt.has & TCP_OPT_HAS_TS ? seg->opt.tsval : 0,
		.wnd = seg->wnd,
		.adv = (uint16_t)min_u32(tcp_wnd_initial(t), UINT16_MAX),
		.mss = seg->opt.has & TCP_OPT_HAS_MSS ? seg->opt.mss : 0,
		.listener = (int16_t)listener,
		.wscale = seg->opt.has & TCP_OPT_HAS_WSCALE ? seg->opt.wscale
							    : 0,
		.has = syncache_agreed(t, seg->opt.has),
		.flags = ecn_offered(t, seg) ? SYN_ECN : 0,
		.born_us = t->s->now_us,
	};
	tcp_flow_init(&e->flow, FLOW_SYN, a);
	list_init(&e->link);
}

/* Is there no room, or shall there be no state anyhow?  A cookie's number does
 * not follow the ISN clock: not for a SYN that takes over from TIME-WAIT.
 */
static bool wants_cookie(const struct tcp *t, const struct tcp_seg *seg,
			 int listener)
{
	uint8_t mode = t->s->cfg.syn_cookies;

	if (mode == USTACK_COOKIES_NEVER || seg->reuses)
		return false;
	return mode == USTACK_COOKIES_ALWAYS ||
	       (stack_mem_low(t->s) && t->nsyn >= LOW_ENTRIES) ||
	       !has_room(t, &t->listener[listener]);
}

static void insert(struct tcp *t, struct syn_entry *e)
{
	tcp_flow_insert(t, &e->flow);
	e->place = t->nsyn;
	t->syn_table[t->nsyn++] = e;
	t->states[USTACK_SYN_RCVD]++;
	t->listener[e->listener].half_open++;
}

/* It goes before a connection's promise, and like the TCB at its expense. */
static struct syn_entry *entry_new(struct tcp *t)
{
	struct mem *m = &t->s->mem;
	struct syn_entry *e;

	mem_claim(m, true);
	e = mem_alloc(m, sizeof(*e));
	mem_claim(m, false);
	return e;
}

void syncache_add(struct tcp *t, const struct tcp_flow_args *a,
		  const struct tcp_seg *seg, int listener)
{
	struct syn_entry *e = NULL;

	if (!mem_may_promise(&t->s->mem)) {
		stack_drop(t->s, USTACK_C_DROP_TCP_MEM_LIMIT);
		return;
	}
	if (wants_cookie(t, seg, listener)) {
		syncookie_send(t, a, seg, listener);
		return;
	}
	if (!has_room(t, &t->listener[listener]) && !make_room(t, listener)) {
		stack_drop(t->s, USTACK_C_DROP_TCP_SYN_BACKLOG);
		return;
	}
	if (!stack_mem_low(t->s) || t->nsyn < LOW_ENTRIES)
		e = entry_new(t);
	if (!e) {
		stack_drop(t->s, USTACK_C_DROP_NO_MEMORY);
		return;
	}
	syncache_fill(t, e, a, seg, listener);
	e->iss = choose_iss(t, a, seg);
	e->id = tcp_next_id(t);
	insert(t, e);
	e->flow.watch = tcp_watch_new(t);
	tcp_event_received(t, &e->flow, seg);
	syncache_opened(t, e);
	reply(t, e, TCP_SYN | TCP_ACK); /* without room: as if it were lost */
	on_sent(t, e);
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
	c->snd.offers = e->has;
	tcp_set_peer_opts(c, &opt);
	if (e->flags & SYN_ECN)
		ecn_agreed(c);
	if (e->sent > 1) {
		c->flags |= CF_SYN_REXMIT;
		c->st.retrans = e->sent - 1u;
	}
}

struct tcp_conn *syncache_promote(struct tcp *t, const struct syn_entry *e)
{
	const struct tcp_flow_args a = tcp_flow_tuple(&e->flow);
	struct tcp_listener *l = &t->listener[e->listener];
	struct tcp_conn *c = tcp_conn_new(t, &a, e->id);

	if (!c) {
		stack_drop(t->s, t->nconns >= t->s->cfg.max_conns
					 ? USTACK_C_DROP_TCP_CONN_LIMIT
					 : USTACK_C_DROP_TCP_MEM_LIMIT);
		stack_count(t->s, USTACK_C_TCP_ATTEMPT_FAILS);
		return NULL;
	}
	t->states[USTACK_CLOSED]--;
	t->states[USTACK_SYN_RCVD]++;
	c->state = USTACK_SYN_RCVD;
	c->flow.watch = e->flow.watch;
	c->listener = e->listener;
	c->ops_id = l->ops_id;
	c->ctx = l->ctx;
	tcp_inherit_listener(c, l);
	inherit(c, e);
	tcp_established(c);
	if (e->sent == 1 && !(e->flags & SYN_RESENT)) /* Karn */
		rtt_sample(&c->rtt, (uint32_t)(t->s->now_us - e->sent_us));
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

static void challenge(struct tcp *t, struct syn_entry *e)
{
	if (!tcp_chal_ok(t, &e->chal))
		return;
	stack_count(t->s, USTACK_C_TCP_CHALLENGE_ACKS);
	reply(t, e, TCP_ACK);
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
	if (in_window(e, seg))
		challenge(t, e);
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
		e->flags |= SYN_RESENT;	  /* the other one was lost */
		if (!ecn_offered(t, seg)) /* it has fallen back */
			e->flags &= (uint8_t)~SYN_ECN;
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
		challenge(t, e); /* (res-3) */
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

bool syncache_backlog_full(const struct tcp *t, int listener)
{
	const struct tcp_listener *l = &t->listener[listener];

	if (l->waiting < l->backlog)
		return false;
	stack_count(t->s, USTACK_C_TCP_ACCEPT_OVERFLOWS);
	return true;
}

struct tcp_conn *syncache_input(struct tcp *t, struct syn_entry *e,
				const struct tcp_seg *seg)
{
	const struct tcp_flow_args a = tcp_flow_tuple(&e->flow);
	struct syn_entry old;

	if (!may_ack(t, e, seg))
		return NULL;
	if (seg->ack != e->iss + 1) { /* (9293-a17) */
		stack_drop(t->s, USTACK_C_DROP_TCP_ACK);
		tcp_reply_rst(t, &a, seg);
		return NULL;
	}
	if (syncache_backlog_full(t, e->listener))
		return NULL; /* (4987-6): its data will come again */
	old = *e;
	syncache_drop(t, e);
	return syncache_promote(t, &old);
}

/*
 * serve() - Repeat or forget what is due in one list
 *
 * Return: false if the run must end here: it has done enough, or the link has
 * no room; its entries keep their turn
 */
static bool serve(struct tcp *t, struct list *l, uint32_t *left)
{
	struct syn_entry *e;

	while ((e = list_first(l, struct syn_entry, link)) &&
	       due_us(t, e) <= t->s->now_us) {
		if (*left == 0)
			return false;
		(*left)--;
		if (e->sent > t->s->cfg.synack_retries) { /* (4987-5) */
			syncache_drop(t, e);
			stack_count(t->s, USTACK_C_TCP_ATTEMPT_FAILS);
		} else if (reply(t, e, TCP_SYN | TCP_ACK) == -ERR_AGAIN) {
			return false;
		} else {
			on_sent(t, e);
		}
	}
	if (e)
		arm_by(t, due_us(t, e));
	return true;
}

void syncache_on_timer(struct tcp *t)
{
	uint32_t left = min_u32((t->s->tx_left + 1) / 2, RUN_MAX);
	bool done = left > 0;

	for (uint32_t i = 0; done && i < ARRAY_LEN(t->syn_list); i++)
		done = serve(t, &t->syn_list[i], &left);
	if (!done)
		timer_arm(&t->s->wheel, &t->syn_timer,
			  t->s->now_us + (left ? FULL_LINK_US : 1));
}

/* SPDX-License-Identifier: MIT */
/*
 * timewait.c - connections in TIME-WAIT
 */

#include "timewait.h"

#include "isn.h"
#include "reply.h"
#include "segment.h"
#include "window.h"

#define RUN_MAX 1024u /* entries forgotten in one run of the timer */

void timewait_init(struct tcp *t)
{
	list_init(&t->tw_list);
	timer_init(&t->tw_timer);
}

static void arm(struct tcp *t)
{
	struct tw_entry *e = list_first(&t->tw_list, struct tw_entry, link);

	timer_arm(&t->s->wheel, &t->tw_timer, e ? e->due_us : TIME_NEVER);
}

void timewait_drop(struct tcp *t, struct tw_entry *e)
{
	tcp_flow_remove(t, &e->flow);
	list_del(&e->link);
	t->ntw--;
	t->states[USTACK_TIME_WAIT]--;
	mem_free(&t->s->mem, e, sizeof(*e));
}

/* (Re)start the 2 MSL wait; the entry goes to the FIFO's end. */
static void restart(struct tcp *t, struct tw_entry *e)
{
	e->due_us = t->s->now_us + 2 * t->s->cfg.msl_us;
	list_del(&e->link);
	list_insert(&t->tw_list, &e->link);
	arm(t);
}

void timewait_enter(struct tcp_conn *c)
{
	struct tcp *t = c->t;
	struct tcp_flow_args a = tcp_flow_tuple(&c->flow);
	struct tw_entry *e;

	stack_count(t->s, USTACK_C_TCP_TIME_WAITS);
	if (t->ntw > 0 &&
	    (t->ntw >= t->s->cfg.max_time_wait || stack_mem_low(t->s))) {
		timewait_drop(t,
			      list_first(&t->tw_list, struct tw_entry, link));
		stack_count(t->s, USTACK_C_TCP_TIME_WAIT_EVICTED);
	}
	e = t->s->cfg.max_time_wait ? mem_alloc(&t->s->mem, sizeof(*e)) : NULL;
	if (!e) {
		stack_count(t->s, USTACK_C_TCP_TIME_WAIT_EVICTED);
		return;
	}
	*e = (struct tw_entry){ .id = tcp_id(c),
				.snd_nxt = c->snd.nxt,
				.rcv_nxt = c->rcv.nxt,
				.wnd = tcp_wnd_announce(c),
				.ts_recent = c->ts.recent,
				.ts_offset = c->ts.offset,
				.ttl = c->ttl,
				.tos = c->tos,
				.ts_on = (c->flags & CF_TS) != 0 };
	tcp_flow_init(&e->flow, FLOW_TIME_WAIT, &a);
	e->flow.watch = c->flow.watch;
	tcp_flow_insert(t, &e->flow);
	list_init(&e->link);
	t->ntw++;
	t->states[USTACK_TIME_WAIT]++;
	restart(t, e);
}

static void send_ack(struct tcp *t, struct tw_entry *e)
{
	struct tcp_out o = { .flow = &e->flow,
			     .id = e->id,
			     .seq = e->snd_nxt,
			     .ack = e->rcv_nxt,
			     .flags = TCP_ACK,
			     .ttl = e->ttl,
			     .tos = e->tos,
			     .mss = UINT16_MAX,
			     .wnd = e->wnd };

	if (e->ts_on) {
		o.opt.has = TCP_OPT_HAS_TS;
		o.opt.tsval = tcp_ts_now(t) + e->ts_offset;
		o.opt.tsecr = e->ts_recent;
	}
	tcp_emit(t->s, &o);
}

static bool has_ts(const struct tw_entry *e, const struct tcp_seg *seg)
{
	return e->ts_on && seg->opt.has & TCP_OPT_HAS_TS;
}

/*
 * RFC 6191 section 2: a SYN that cannot be an old duplicate, and that somebody
 * listens for: where nobody does, a forged one would end TIME-WAIT for nothing.
 */
static bool is_new_syn(const struct tcp *t, const struct tw_entry *e,
		       const struct tcp_seg *seg)
{
	bool ts = has_ts(e, seg);

	if ((seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN ||
	    tcp_listener_find(t, &e->flow.local, e->flow.lport) < 0)
		return false;
	if (ts && seg->opt.tsval != e->ts_recent)
		return seq_gt(seg->opt.tsval, e->ts_recent);
	return seq_gt(seg->seq, e->rcv_nxt);
}

/* The peer's FIN again, and not one that PAWS would drop. */
static bool repeats_fin(const struct tw_entry *e, const struct tcp_seg *seg)
{
	return seg->flags & TCP_FIN &&
	       seg->seq + tcp_seg_space(seg) == e->rcv_nxt &&
	       (!has_ts(e, seg) || seq_geq(seg->opt.tsval, e->ts_recent));
}

bool timewait_input(struct tcp *t, struct tw_entry *e, struct tcp_seg *seg)
{
	bool old;

	if (is_new_syn(t, e, seg)) {
		stack_count(t->s, USTACK_C_TCP_TIME_WAIT_REUSED);
		seg->reuses = true;
		seg->iss_above = e->snd_nxt;
		timewait_drop(t, e);
		return true;
	}
	if (seg->flags & TCP_RST) { /* (1337-1) */
		stack_drop(t->s, USTACK_C_DROP_TCP_TIME_WAIT);
		return false;
	}
	old = seg->seq != e->rcv_nxt || tcp_seg_space(seg) > 0;
	if (repeats_fin(e, seg))
		restart(t, e); /* (9293-a26) */
	if (!old)
		return false; /* an ACK in order: nothing to say */
	if (!(seg->flags & TCP_FIN))
		stack_drop(t->s, USTACK_C_DROP_TCP_TIME_WAIT);
	if (tcp_chal_ok(t, &e->chal)) /* (res-3) */
		send_ack(t, e);
	return false;
}

void timewait_on_timer(struct tcp *t)
{
	uint32_t left = RUN_MAX;
	struct tw_entry *e;

	while ((e = list_first(&t->tw_list, struct tw_entry, link)) &&
	       e->due_us <= t->s->now_us && left-- > 0)
		timewait_drop(t, e);
	if (e && e->due_us <= t->s->now_us)
		timer_arm(&t->s->wheel, &t->tw_timer, t->s->now_us + 1);
	else
		arm(t);
}

/* SPDX-License-Identifier: MIT */
/*
 * state.c - state transitions and the events about connections
 */

#include "state.h"

#include "stack/base/bytes.h"

#include "cc.h"
#include "ecn.h"
#include "syncache.h"
#include "timers.h"
#include "watch.h"

#define TO(st) (1u << USTACK_##st)

static const uint16_t legal[USTACK_STATES] = {
	[USTACK_CLOSED] = TO(SYN_SENT) | TO(SYN_RCVD),
	[USTACK_LISTEN] = TO(SYN_RCVD),
	[USTACK_SYN_SENT] = TO(SYN_RCVD) | TO(ESTABLISHED) | TO(CLOSED),
	[USTACK_SYN_RCVD] = TO(ESTABLISHED) | TO(FIN_WAIT_1) | TO(CLOSED),
	[USTACK_ESTABLISHED] = TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED),
	[USTACK_FIN_WAIT_1] = TO(FIN_WAIT_2) | TO(CLOSING) | TO(TIME_WAIT) |
			      TO(CLOSED),
	[USTACK_FIN_WAIT_2] = TO(TIME_WAIT) | TO(CLOSED),
	[USTACK_CLOSE_WAIT] = TO(LAST_ACK) | TO(CLOSED),
	[USTACK_CLOSING] = TO(TIME_WAIT) | TO(CLOSED),
	[USTACK_LAST_ACK] = TO(CLOSED),
	[USTACK_TIME_WAIT] = TO(CLOSED),
};

bool tcp_state_legal(enum ustack_state from, enum ustack_state to)
{
	return (legal[from] & (1u << to)) != 0;
}

void tcp_event_init(const struct tcp_conn *c, struct ustack_event *ev,
		    enum ustack_event_kind kind)
{
	*ev = (struct ustack_event){
		.time_us = tcp_now(c),
		.kind = (uint8_t)kind,
		.id = tcp_id(c),
		.local = c->flow.local,
		.remote = c->flow.remote,
		.lport = c->flow.lport,
		.rport = c->flow.rport,
		.active = (c->flags & CF_ACTIVE) != 0,
	};
}

void tcp_event_emit(const struct tcp_conn *c, const struct ustack_event *ev)
{
	struct ustack *s = c->t->s;

	s->host.event(s->host.ctx, ev);
}

void tcp_set_state(struct tcp_conn *c, enum ustack_state to)
{
	enum ustack_state from = c->state;
	struct ustack_event ev;

	ASSERT(tcp_state_legal(from, to));
	c->t->states[from]--;
	c->t->states[to]++;
	c->state = (uint8_t)to;
	if (!tcp_tells(c, USTACK_EV_STATE))
		return;

	tcp_event_init(c, &ev, USTACK_EV_STATE);
	ev.from = (uint8_t)from;
	ev.to = (uint8_t)to;
	tcp_event_emit(c, &ev);
}

void tcp_event_sack(struct ustack_event *ev, const struct tcp_opts *opt)
{
	uint32_t n = opt->has & TCP_OPT_HAS_SACK ? opt->nsack : 0;

	ev->nsack = (uint8_t)min_u32(n, USTACK_SACK_BLOCKS);
	for (uint32_t i = 0; i < ev->nsack; i++) {
		ev->sack[i][0] = opt->sack[i].start;
		ev->sack[i][1] = opt->sack[i].end;
	}
}

void tcp_event_flow(const struct tcp_flow *f, struct ustack_event *ev)
{
	const struct tcp_conn *c = container_of(f, struct tcp_conn, flow);
	const struct syn_entry *e = container_of(f, struct syn_entry, flow);

	ev->id = tcp_flow_id(f);
	if (f->kind == FLOW_CONN) {
		ev->iss = c->snd.iss;
		ev->irs = tcp_irs(c);
		ev->cwnd = c->cc.cwnd;
		ev->ssthresh = c->cc.ssthresh;
		ev->rto_us = tcp_rto_us(c);
	} else if (f->kind == FLOW_SYN) {
		ev->iss = e->iss;
		ev->irs = e->irs;
	}
}

/* Shift of the windows that come. */
static uint8_t flow_wscale(const struct tcp_flow *f)
{
	if (f->kind == FLOW_CONN)
		return container_of(f, struct tcp_conn, flow)->snd.wscale;
	if (f->kind == FLOW_SYN)
		return container_of(f, struct syn_entry, flow)->wscale;
	return 0;
}

void tcp_event_received(const struct tcp *t, const struct tcp_flow *f,
			const struct tcp_seg *seg)
{
	uint8_t shift = seg->flags & TCP_SYN ? 0 : flow_wscale(f);
	struct ustack *s = t->s;
	struct ustack_event ev;

	if (!tcp_tells_seg(s, f->watch, USTACK_EV_RECEIVED, seg->flags))
		return;
	ev = (struct ustack_event){ .time_us = s->now_us,
				    .kind = USTACK_EV_RECEIVED,
				    .local = f->local,
				    .remote = f->remote,
				    .lport = f->lport,
				    .rport = f->rport,
				    .flags = seg->flags,
				    .seq = seg->seq,
				    .ack = seg->ack,
				    .len = seg->len,
				    .gso = seg->gso,
				    .ecn = seg->ecn,
				    .wnd = (uint32_t)seg->wnd << shift };
	tcp_event_flow(f, &ev);
	tcp_event_sack(&ev, &seg->opt);
	s->host.event(s->host.ctx, &ev);
}

static uint8_t agreed(const struct tcp_conn *c)
{
	uint32_t bits = 0;

	if (c->flags & CF_WSCALE)
		bits |= USTACK_AGREED_WSCALE;
	if (c->flags & CF_TS)
		bits |= USTACK_AGREED_TIMESTAMPS;
	if (c->flags & CF_SACK)
		bits |= USTACK_AGREED_SACK;
	if (c->cc.ecn & ECN_OK)
		bits |= USTACK_AGREED_ECN;
	return (uint8_t)bits;
}

void tcp_event_opened(const struct tcp_conn *c)
{
	struct ustack_event ev;

	if (!tcp_tells(c, USTACK_EV_OPENED))
		return;
	tcp_event_init(c, &ev, USTACK_EV_OPENED);
	ev.agreed = agreed(c);
	ev.scale_in = c->snd.wscale;
	ev.scale_out = c->rcv.wscale;
	ev.mss = c->snd.mss;
	ev.cc = tcp_cc(c)->name;
	tcp_event_emit(c, &ev);
}

void tcp_event_closed(const struct tcp_conn *c)
{
	struct ustack_event ev;

	if (!tcp_tells(c, USTACK_EV_CLOSED))
		return;
	tcp_event_init(c, &ev, USTACK_EV_CLOSED);
	ev.reason = c->reason;
	ev.bytes_in = c->st.bytes_in;
	ev.bytes_out = c->st.bytes_acked;
	ev.retrans = c->st.retrans;
	ev.segs_in = c->st.segs_in;
	ev.segs_out = c->st.segs_out;
	ev.minrtt_us = c->rtt.min_us == UINT32_MAX ? 0 : c->rtt.min_us;
	ev.srtt_us = c->rtt.srtt_us;
	ev.age_us = tcp_now(c) - c->opened_us;
	tcp_event_emit(c, &ev);
}

void tcp_event_metrics(const struct tcp_conn *c)
{
	struct ustack_event ev;

	if (!tcp_tells(c, USTACK_EV_METRICS))
		return;
	tcp_event_init(c, &ev, USTACK_EV_METRICS);
	ev.cwnd = c->cc.cwnd;
	ev.ssthresh = c->cc.ssthresh;
	ev.srtt_us = c->rtt.srtt_us;
	ev.rto_us = tcp_rto_us(c);
	tcp_event_emit(c, &ev);
}

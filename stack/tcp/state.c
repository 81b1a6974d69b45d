/* SPDX-License-Identifier: MIT */
/*
 * state.c - state transitions and the events about connections
 */

#include "state.h"

#include "timers.h"

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
	if (!stack_wants(c->t->s, USTACK_EV_STATE))
		return;

	tcp_event_init(c, &ev, USTACK_EV_STATE);
	ev.from = (uint8_t)from;
	ev.to = (uint8_t)to;
	tcp_event_emit(c, &ev);
}

void tcp_event_received(const struct tcp *t, const struct tcp_flow *f,
			uint64_t id, const struct tcp_seg *seg, uint8_t wscale)
{
	struct ustack *s = t->s;
	uint8_t shift = seg->flags & TCP_SYN ? 0 : wscale;
	struct ustack_event ev;

	if (!stack_wants(s, USTACK_EV_RECEIVED))
		return;
	ev = (struct ustack_event){ .time_us = s->now_us,
				    .kind = USTACK_EV_RECEIVED,
				    .id = id,
				    .local = f->local,
				    .remote = f->remote,
				    .lport = f->lport,
				    .rport = f->rport,
				    .flags = seg->flags,
				    .seq = seg->seq,
				    .ack = seg->ack,
				    .len = seg->len,
				    .wnd = (uint32_t)seg->wnd << shift };
	s->host.event(s->host.ctx, &ev);
}

void tcp_event_opened(const struct tcp_conn *c)
{
	struct ustack_event ev;

	if (!stack_wants(c->t->s, USTACK_EV_OPENED))
		return;
	tcp_event_init(c, &ev, USTACK_EV_OPENED);
	tcp_event_emit(c, &ev);
}

void tcp_event_closed(const struct tcp_conn *c)
{
	struct ustack_event ev;

	if (!stack_wants(c->t->s, USTACK_EV_CLOSED))
		return;
	tcp_event_init(c, &ev, USTACK_EV_CLOSED);
	ev.reason = c->reason;
	ev.bytes_in = c->st.bytes_in;
	ev.bytes_out = c->st.bytes_acked;
	ev.retrans = c->st.retrans;
	ev.srtt_us = c->rtt.srtt_us;
	ev.age_us = tcp_now(c) - c->opened_us;
	tcp_event_emit(c, &ev);
}

void tcp_event_metrics(const struct tcp_conn *c)
{
	struct ustack_event ev;

	if (!stack_wants(c->t->s, USTACK_EV_METRICS))
		return;
	tcp_event_init(c, &ev, USTACK_EV_METRICS);
	ev.cwnd = c->cc.cwnd;
	ev.ssthresh = c->cc.ssthresh;
	ev.srtt_us = c->rtt.srtt_us;
	ev.rto_us = tcp_rto_us(c);
	tcp_event_emit(c, &ev);
}

/* SPDX-License-Identifier: MIT */
/*
 * segment.c - from a decision to a packet (RFC 9293 section 3.1)
 *
 *	head:   [ IP | TCP | options ]     slices: payload, not copied
 */

#include "segment.h"

#include "ecn.h"
#include "isn.h"
#include "reasm.h"
#include "state.h"
#include "urgent.h"
#include "watch.h"
#include "window.h"

#define IP_LEN_MAX 65535u

uint16_t tcp_link_mss(const struct ustack *s, const struct ustack_addr *remote)
{
	return (uint16_t)(s->cfg.mtu - ip_hdr_len(remote) - TCP_HDR_MIN);
}

uint16_t tcp_cur_mss(const struct tcp_conn *c)
{
	uint32_t n = reasm_sack_blocks(c);

	if (n == 0)
		return c->snd.mss;
	return (uint16_t)(c->snd.mss - tcp_opt_sack_len(n)); /* (6691-2) */
}

static bool can_segment(const struct tcp_conn *c)
{
	const struct ustack_config *cfg = &c->t->s->cfg;

	if (c->opts & OF_MAY_FRAG) /* each needs an ID of its own (RFC 6864) */
		return false;
	return ip_is4(&c->flow.remote) ? cfg->tx_tso4 : cfg->tx_tso6;
}

uint32_t tcp_gso_max(const struct tcp_conn *c)
{
	uint32_t mss = tcp_cur_mss(c);
	uint32_t room;

	if (!can_segment(c) || tcp_urgent_due(c))
		return mss;
	room = IP_LEN_MAX - ip_hdr_len(&c->flow.remote) - TCP_HDR_MAX;
	return room < mss ? mss : room - room % mss;
}

/* Slices of the payload from @o->seq on; returns the bytes they cover. */
static uint32_t collect(struct ustack_pkt *p, const struct tcp_out *o)
{
	uint32_t n = sliceq_peek(o->q, o->seq, o->len, p->slice,
				 USTACK_PKT_SLICES);
	uint32_t bytes = 0;

	for (uint32_t i = 0; i < n; i++)
		bytes += p->slice[i].len;
	p->nslices = (uint8_t)n;
	return bytes;
}

/* Payload; a packet that would need too many slices is made shorter. */
static void attach(struct ustack_pkt *p, struct tcp_out *o)
{
	uint32_t got;

	p->nslices = 0;
	if (o->len == 0)
		return;
	got = collect(p, o);
	if (got == o->len)
		return;
	o->flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	o->len = got > o->mss ? got - got % o->mss : got;
	got = collect(p, o);
	ASSERT(got == o->len);
}

static void report_sent(struct ustack *s, const struct tcp_out *o)
{
	struct ustack_event ev = { .kind = USTACK_EV_SENT,
				   .time_us = s->now_us,
				   .local = o->flow->local,
				   .remote = o->flow->remote,
				   .lport = o->flow->lport,
				   .rport = o->flow->rport,
				   .flags = o->flags,
				   .cause = o->cause,
				   .seq = o->seq,
				   .ack = o->ack,
				   .len = o->len,
				   .wnd = o->wnd_bytes,
				   .gso = o->len > o->mss ? o->mss : 0,
				   .ecn = o->tos & ECN_MASK,
				   .since_us = o->since_us };

	if (o->id)
		tcp_event_flow(o->flow, &ev);
	tcp_event_sack(&ev, &o->opt);
	s->host.event(s->host.ctx, &ev);
}

/* Bits of the flow's keyed hash that choose no bucket (6437-1). */
static uint32_t flow_label(const struct tcp_flow *f)
{
	return (uint32_t)(f->node.hash >> 44);
}

int tcp_emit(struct ustack *s, struct tcp_out *o)
{
	struct ustack_pkt p;
	struct ip_args a = { .src = &o->flow->local,
			     .dst = &o->flow->remote,
			     .proto = IP_PROTO_TCP,
			     .tos = o->tos,
			     .ttl = o->ttl,
			     .may_frag = o->may_frag,
			     .flow_label = flow_label(o->flow),
			     .csum_off = TCP_CSUM_OFF };
	uint8_t *h = p.head + ip_hdr_len(a.dst);
	uint32_t opt_len = tcp_opt_build(h + TCP_HDR_MIN, &o->opt);
	struct tcp_hdr hdr;
	int r;

	p.next = NULL;
	p.gso_size = 0;
	p.head_len = (uint16_t)(TCP_HDR_MIN + opt_len);
	attach(&p, o);
	if (o->len > o->mss)
		p.gso_size = o->mss;

	hdr = (struct tcp_hdr){ .seq = o->seq,
				.ack = o->ack,
				.sport = o->flow->lport,
				.dport = o->flow->rport,
				.wnd = o->wnd,
				.urg = o->urg,
				.flags = o->flags,
				.hdr_len = (uint8_t)p.head_len };
	tcp_hdr_build(h, &hdr);
	r = ip_output(s, &p, &a);
	if (r == -ERR_AGAIN)
		return r;

	if (s->tx_left > 0)
		s->tx_left--;
	if (o->flags & TCP_RST)
		stack_count(s, USTACK_C_TCP_OUT_RSTS);
	if (o->cause == USTACK_CAUSE_NONE || o->cause == USTACK_CAUSE_KEEPALIVE)
		stack_count_n(s, USTACK_C_TCP_OUT_SEGS,
			      p.gso_size ? (o->len + o->mss - 1) / o->mss : 1);
	if (tcp_tells_seg(s, o->flow->watch, USTACK_EV_SENT, o->flags) ||
	    (o->cause && o->flow->watch))
		report_sent(s, o);
	return r;
}

/*
 * bare_seq() - Sequence number of a segment without data
 *
 * Normally snd.nxt (RFC 9293 section 3.4).  A probe of a closed window, or a
 * window taken back, leaves snd.nxt beyond what the peer takes; it would drop the
 * segment and the acknowledgement in it (RFC 9293 section 3.10.7.4, first check),
 * and two ends that both wait for room would wait for ever.
 */
static uint32_t bare_seq(const struct tcp_conn *c)
{
	uint32_t edge = c->snd.una + c->snd.wnd;

	if (c->snd.una != c->snd.iss && seq_gt(c->snd.nxt, edge))
		return edge;
	return c->snd.nxt;
}

void tcp_out_init(struct tcp_conn *c, struct tcp_out *o, uint8_t flags)
{
	*o = (struct tcp_out){ .flow = &c->flow,
			       .id = tcp_id(c),
			       .seq = bare_seq(c),
			       .flags = flags,
			       .ttl = c->ttl,
			       .tos = c->tos,
			       .may_frag = (c->opts & OF_MAY_FRAG) != 0,
			       .mss = c->snd.mss };
	if (flags & TCP_ACK) {
		o->flags |= flags & TCP_RST ? 0 : ecn_ack_flags(c);
		o->ack = c->rcv.nxt;
		o->wnd = tcp_wnd_announce(c);
		o->wnd_bytes = tcp_rcv_wnd(c);
	}
	if (c->flags & CF_TS && !(flags & TCP_RST)) {
		o->opt.has = TCP_OPT_HAS_TS;
		o->opt.tsval = tcp_ts_now(c->t) + c->ts.offset;
		o->opt.tsecr = flags & TCP_ACK ? c->ts.recent : 0;
	}
	if (c->reasm && (flags & (TCP_ACK | TCP_RST)) == TCP_ACK) {
		o->mss = tcp_cur_mss(c);
		reasm_sack_fill(c, &o->opt);
	}
}

/* A full segment from before blocks were due, sent again, goes without them:
 * an acknowledgement of its own carries them.
 */
static void fit_blocks(const struct tcp_conn *c, struct tcp_out *o)
{
	if (o->len <= o->mss || (can_segment(c) && o->len <= tcp_gso_max(c)))
		return;
	o->opt.has &= (uint8_t)~TCP_OPT_HAS_SACK;
	o->mss = c->snd.mss;
}

/* What was due to be acknowledged is, by a segment that has left. */
static void acknowledged(struct tcp_conn *c, const struct tcp_out *o)
{
	if (c->flags & CF_ACK_LATE)
		tcp_count(c, USTACK_C_TCP_DELAYED_ACKS);
	c->flags &= ~CF_ACK_LATE;
	c->delack_at = TIME_NEVER;
	c->rcv.acked = c->rcv.nxt;
	if (!c->reasm) {
		c->flags &= ~CF_ACK_NOW;
	} else if (o->opt.has & TCP_OPT_HAS_SACK || !(c->flags & CF_SACK)) {
		c->flags &= ~CF_ACK_NOW;
		reasm_sack_sent(c);
	}
}

int tcp_emit_conn(struct tcp_conn *c, struct tcp_out *o)
{
	int r;

	tcp_urgent_mark(c, o);
	if (o->opt.has & TCP_OPT_HAS_SACK)
		fit_blocks(c, o);
	r = tcp_emit(c->t->s, o);
	if (r == -ERR_AGAIN)
		return r;
	if (o->flags & TCP_ACK)
		acknowledged(c, o);
	c->st.segs_out += o->len > o->mss ? (o->len + o->mss - 1) / o->mss : 1;
	return r;
}

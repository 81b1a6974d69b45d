/* SPDX-License-Identifier: MIT */
/*
 * input.c - a segment arrives: from the IP layer's view to the state's steps
 *
 *	tcp_input --> flow table --> tcp_conn   --> steps 1 to 8
 *	                         --> syn_entry  --> syncache.c
 *	                         --> tw_entry   --> timewait.c
 *	          --> listener   --> SYN cache, SYN cookies
 *	          --> nobody     --> reset
 *
 * RFC 9293 section 3.10.7.
 */

#include "input.h"
#include "conn.h"
#include "demux.h"
#include "ecn.h"
#include "isn.h"
#include "reply.h"
#include "state.h"
#include "syncache.h"
#include "syncookie.h"
#include "tcp.h"
#include "timewait.h"
#include "urgent.h"
#include "uto.h"
#include "watch.h"

/* Read and check the header (MUST-3, 9293-a35). */
static bool parse(struct ustack *s, const struct ustack_pkt *p,
		  const struct ip_view *v, struct tcp_seg *seg,
		  struct tcp_hdr *h)
{
	const struct slice *sl = &p->slice[0];
	int r = tcp_hdr_parse(h, v->l4, v->l4_len);

	stack_count(s, USTACK_C_TCP_IN_SEGS);
	if (r < 0) {
		stack_count(s, USTACK_C_TCP_IN_ERRS);
		stack_drop(s, r == -1 ? USTACK_C_DROP_TCP_TRUNCATED
				      : USTACK_C_DROP_TCP_HDR_LEN);
		return false;
	}
	if (!ip_l4_csum_ok(v)) {
		stack_count(s, USTACK_C_TCP_IN_ERRS);
		stack_drop(s, USTACK_C_DROP_TCP_CSUM);
		return false;
	}
	seg->reuses = false;
	seg->seq = h->seq;
	seg->ack = h->ack;
	seg->wnd = h->wnd;
	seg->flags = h->flags;
	seg->ecn = v->tos & ECN_MASK;
	seg->ce = seg->ecn == ECN_CE;
	seg->gso = p->gso_size;
	seg->urg = h->urg;
	seg->len = v->l4_len - h->hdr_len;
	seg->buf = sl->buf;
	seg->off = (uint32_t)(v->l4 - sl->buf->data) + h->hdr_len;
	tcp_opt_parse(&seg->opt, v->l4 + TCP_HDR_MIN, h->hdr_len - TCP_HDR_MIN);
	return true;
}

static void in_synchronized(struct tcp_conn *c, struct tcp_seg *seg)
{
	if (!tcp_in_seq(c, seg)) /* first:   PAWS, window, trimming */
		return;
	if (!tcp_in_rst(c, seg)) /* second:  reset */
		return;
	if (!tcp_in_syn(c, seg)) /* fourth:  SYN */
		return;
	if (!tcp_in_ack(c, seg)) /* fifth:   acknowledgement */
		return;
	tcp_note_timestamp(c, seg);
	ecn_in_data(c, seg);
	tcp_in_uto(c, seg);
	tcp_in_urg(c, seg);  /* sixth:   urgent pointer */
	tcp_in_data(c, seg); /* seventh: text */
	tcp_in_fin(c, seg);  /* eighth:  FIN */
}

/*
 * Simultaneous open: the peer's SYN comes again in its SYN-ACK, whose ACK is
 * what we wait for (RFC 9293 figure 8).  Its window is not scaled (7323-2).
 */
static void strip_known_syn(const struct tcp_conn *c, struct tcp_seg *seg)
{
	if (c->state != USTACK_SYN_RCVD || seg->seq + 1 != c->rcv.nxt ||
	    (seg->flags & (TCP_SYN | TCP_ACK)) != (TCP_SYN | TCP_ACK))
		return;
	seg->seq++;
	seg->flags &= (uint8_t)~TCP_SYN;
	seg->wnd = (uint16_t)(seg->wnd >> c->snd.wscale);
}

static void conn_input(struct tcp_conn *c, struct tcp_seg *seg)
{
	c->st.segs_in++;
	if (c->state == USTACK_SYN_SENT) {
		tcp_in_syn_sent(c, seg);
	} else {
		strip_known_syn(c, seg);
		in_synchronized(c, seg);
	}
	tcp_mark_ready(c);
}

/* An ACK at a listener: the answer to a SYN cookie, or none of ours. */
static struct tcp_conn *listen_ack(struct tcp *t, const struct tcp_flow_args *a,
				   const struct tcp_seg *seg, int listener)
{
	struct syn_entry e = { .listener = (int16_t)listener };

	tcp_flow_init(&e.flow, FLOW_SYN, a);
	if (!syncookie_input(t, seg, &e)) { /* (9293-a5) */
		stack_drop(t->s, USTACK_C_DROP_TCP_LISTEN);
		tcp_reply_rst(t, a, seg);
		return NULL;
	}
	if (syncache_backlog_full(t, listener))
		return NULL; /* (4987-6): its data will come again */
	stack_count(t->s, USTACK_C_TCP_SYN_COOKIES_RECV);
	e.id = tcp_next_id(t);
	e.flow.watch = tcp_watch_new(t);
	syncache_opened(t, &e);
	return syncache_promote(t, &e);
}

/* 3.10.7.2, LISTEN. */
static struct tcp_conn *listen_input(struct tcp *t,
				     const struct tcp_flow_args *a,
				     struct tcp_seg *seg, int listener)
{
	if (seg->flags & TCP_RST) { /* (9293-a4) */
		stack_drop(t->s, USTACK_C_DROP_TCP_RST);
	} else if ((seg->flags & (TCP_ACK | TCP_SYN)) == TCP_ACK) {
		return listen_ack(t, a, seg, listener);
	} else if (seg->flags & TCP_ACK) { /* (9293-a5) */
		stack_drop(t->s, USTACK_C_DROP_TCP_LISTEN);
		tcp_reply_rst(t, a, seg);
	} else if (seg->flags & TCP_SYN) { /* data in it comes again */
		syncache_add(t, a, seg, listener);
	} else { /* (9293-a7) */
		stack_drop(t->s, USTACK_C_DROP_TCP_LISTEN);
	}
	return NULL;
}

/* No connection: a listener's, or nobody's (3.10.7.1). */
static void stray_input(struct tcp *t, const struct tcp_flow_args *a,
			struct tcp_seg *seg)
{
	int listener = tcp_listener_find(t, a->local, a->lport);
	struct tcp_conn *c;

	if (listener >= 0) {
		c = listen_input(t, a, seg, listener);
		if (!c)
			return;
		tcp_event_received(t, &c->flow, seg);
		conn_input(c, seg);
		return;
	}
	stack_drop(t->s, seg->flags & TCP_RST ? USTACK_C_DROP_TCP_RST
					      : USTACK_C_DROP_TCP_NO_PORT);
	tcp_reply_rst(t, a, seg);
}

static void conn_or_compact_input(struct tcp *t, struct tcp_flow *f,
				  struct tcp_seg *seg)
{
	struct tcp_conn *c;

	if (f->kind == FLOW_CONN)
		c = container_of(f, struct tcp_conn, flow);
	else
		c = syncache_input(t, container_of(f, struct syn_entry, flow),
				   seg);
	if (c)
		conn_input(c, seg);
}

void tcp_input(struct tcp *t, struct ustack_pkt *p, const struct ip_view *v)
{
	struct tcp_flow_args a = { .local = &v->dst, .remote = &v->src };
	struct tcp_seg seg;
	struct tcp_hdr h;
	struct tcp_flow *f;

	if (!parse(t->s, p, v, &seg, &h))
		return;
	a.lport = h.dport;
	a.rport = h.sport;
	a.hash = tcp_flow_hash(&t->key.flow, &a);
	f = tcp_flow_find(t, &a);
	if (f && tcp_tells_seg(t->s, f->watch, USTACK_EV_RECEIVED, seg.flags))
		tcp_event_received(t, f, &seg);
	t->s->about = f && f->watch ? tcp_flow_id(f) : 0;
	if (f && f->kind != FLOW_TIME_WAIT)
		conn_or_compact_input(t, f, &seg);
	else if (!f || timewait_input(t, container_of(f, struct tw_entry, flow),
				      &seg))
		stray_input(t, &a, &seg);
	t->s->about = 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * output.c - what do I send now?
 *
 *	snd.una        snd.nxt          una + wnd      end of queue
 *	   |--- in flight --|--- usable ---|--- waits ---|
 *
 * Each step below sends one kind of thing and returns -ERR_AGAIN when the
 * run's budget or the link's room is spent; the connection then stays ready.
 * RFC 9293 sections 3.7.4 (Nagle), 3.8.6.1 (probes), 3.8.6.2.1 (silly
 * windows); RFC 5681 (window); RFC 6298 (timer).
 */

#include "output.h"

#include "cc.h"
#include "ecn.h"
#include "extra.h"
#include "isn.h"
#include "keepalive.h"
#include "pace.h"
#include "pmtu.h"
#include "recovery.h"
#include "segment.h"
#include "sendq.h"
#include "timers.h"
#include "tlp.h"
#include "undo.h"
#include "urgent.h"
#include "uto.h"
#include "window.h"

static bool fin_due(const struct tcp_conn *c)
{
	return (c->flags & (CF_SHUT | CF_FIN_SENT)) == CF_SHUT;
}

static void count_cause(struct tcp_conn *c, enum ustack_cause why, uint32_t len,
			uint32_t segs)
{
	static const enum ustack_counter ctr[USTACK_CAUSES] = {
		[USTACK_CAUSE_RTO] = USTACK_C_TCP_RETRANS_RTO,
		[USTACK_CAUSE_FAST] = USTACK_C_TCP_RETRANS_FAST,
		[USTACK_CAUSE_PARTIAL_ACK] = USTACK_C_TCP_RETRANS_PARTIAL,
		[USTACK_CAUSE_RACK] = USTACK_C_TCP_RETRANS_RACK,
		[USTACK_CAUSE_SACK] = USTACK_C_TCP_RETRANS_SACK,
		[USTACK_CAUSE_TLP] = USTACK_C_TCP_RETRANS_TLP,
		[USTACK_CAUSE_WND_PROBE] = USTACK_C_TCP_WND_PROBES,
		[USTACK_CAUSE_SYN] = USTACK_C_TCP_RETRANS_SYN,
		[USTACK_CAUSE_MTU] = USTACK_C_TCP_RETRANS_MTU,
	};
	struct ustack *s = c->t->s;

	stack_count_n(s,
		      len == 0 && why == USTACK_CAUSE_RTO
			      ? USTACK_C_TCP_RETRANS_FIN
			      : ctr[why],
		      segs);
	stack_count_n(s, USTACK_C_TCP_RETRANS_SEGS, segs);
	stack_count_n(s, USTACK_C_TCP_RETRANS_BYTES, len);
	c->st.retrans += segs;
	c->st.bytes_retrans += len;
}

static uint32_t wire_segs(const struct tcp_conn *c, uint32_t len)
{
	return len > c->snd.mss ? (len + c->snd.mss - 1) / c->snd.mss : 1;
}

/* SYN of an active open, or SYN-ACK of a simultaneous one. */
static int send_syn(struct tcp_conn *c)
{
	bool synack = c->state == USTACK_SYN_RCVD;
	struct tcp_out o = { .flow = &c->flow,
			     .id = tcp_id(c),
			     .seq = c->snd.iss,
			     .ack = synack ? c->rcv.nxt : 0,
			     .flags = synack ? TCP_SYN | TCP_ACK : TCP_SYN,
			     .ttl = c->ttl,
			     .tos = c->tos,
			     .mss = UINT16_MAX };
	int r;

	if (!(c->flags & CF_SYN_NOW))
		return 0;
	o.flags |= ecn_syn_flags(c);
	if (c->flags & CF_SYN_REXMIT)
		o.cause = USTACK_CAUSE_SYN;
	else
		c->opened_us = tcp_now(c); /* the connect call had no time */
	o.wnd = (uint16_t)min_u32(c->rcv.buf, UINT16_MAX); /* (7323-2) */
	o.wnd_bytes = o.wnd;
	o.opt.has = TCP_OPT_HAS_MSS | c->snd.offers;
	o.opt.mss = c->rec.adv_mss;
	o.opt.wscale = tcp_wnd_shift(c->t->s);
	o.opt.tsval = tcp_ts_now(c->t) + c->ts.offset;
	o.opt.tsecr = synack ? c->ts.recent : 0; /* (7323-8) */
	tcp_uto_add(c, &o.opt);
	c->rcv.adv = c->rcv.nxt + o.wnd;
	c->rcv.edge = c->rcv.adv;
	r = tcp_emit_conn(c, &o);
	if (r == -ERR_AGAIN)
		return r;
	c->flags &= ~CF_SYN_NOW;
	if (o.cause != USTACK_CAUSE_NONE)
		count_cause(c, USTACK_CAUSE_SYN, 0, 1);
	tcp_rtx_start(c);
	return 0;
}

/* How much of a lost record may leave now; 0 = wait. */
static uint32_t resend_len(const struct tcp_conn *c, const struct tcp_rec *r)
{
	uint32_t gso = max_u32(tcp_gso_max(c), c->snd.mss);
	uint32_t flight = tcp_inflight(c);
	uint32_t mss = rec_mss(c, r);
	uint32_t room = c->cc.cwnd > flight ? c->cc.cwnd - flight : 0;
	bool head = r == c->fl->first &&
		    (c->snd.wnd == 0 || c->rec.state == CA_LOSS);

	/*
	 * What recovery asks for leaves at once (5681-8, 6582-2), where no PRR
	 * has a say, and so does what probes a shut window, and the head after
	 * a timeout (RFC 6298 (5.4)), whatever younger data is in flight; an
	 * empty network always takes a segment.
	 */
	if (flight == 0 || head || c->rec.state == CA_OPEN ||
	    (c->rec.state == CA_RECOVERY && !(c->flags & CF_SACK)))
		room = max_u32(room, mss);
	if (c->snd.wnd == 0)
		room = min_u32(room, mss);
	room = min_u32(room, gso);
	if (room >= r->len)
		return r->len;
	return room - room % mss;
}

static int resend(struct tcp_conn *c, struct tcp_rec *r, enum ustack_cause why)
{
	bool fin = (r->flags & REC_FIN) != 0;
	struct tcp_out o;
	uint32_t sent;
	int err;

	tcp_out_init(c, &o, TCP_ACK);
	o.seq = r->seq;
	o.q = &c->sndq;
	o.len = r->len - fin;
	o.cause = (uint8_t)why;
	o.since_us = tcp_now(c) - r->sent_us;
	if (fin)
		o.flags |= TCP_FIN;
	if (r == c->fl->last && o.len > 0)
		o.flags |= TCP_PSH;
	err = tcp_emit_conn(c, &o);
	if (err == -ERR_AGAIN)
		return err;
	/* What was SACKed, and so merged, may have too many slices for one. */
	sent = o.len + !!(o.flags & TCP_FIN);
	if (sent < r->len && rec_split_to_send(c, r, sent) < 0)
		return -ERR_NOMEM; /* the timer will try again */
	count_cause(c, why, o.len, wire_segs(c, o.len));
	undo_on_resent(c, wire_segs(c, o.len));
	tcp_recovery_on_sent(c, r->len);
	pace_sent(c, o.len);
	rec_resent(c, r);
	r->mss = o.mss;
	c->spoke_us = tcp_now(c);
	if (r == c->fl->first) /* give the copy its time, as Linux */
		c->rtx_at = TIME_NEVER;
	tcp_rtx_start(c);
	return 0;
}

static int send_lost(struct tcp_conn *c)
{
	struct tcp_rec *r;

	if (tcp_recovery_holds(c))
		return 0;
	while ((r = rec_first_lost(c)) != NULL) {
		uint32_t len = resend_len(c, r);
		int err;

		if (len == 0)
			return 0;
		if (c->t->s->tx_left == 0)
			return -ERR_AGAIN;
		if (len < r->len && rec_split_to_send(c, r, len) < 0)
			return 0;
		err = resend(c, r, r->cause);
		if (err < 0)
			return err;
	}
	return 0;
}

/* Bytes that the peer's window still takes. */
static uint32_t wnd_room(const struct tcp_conn *c)
{
	uint32_t used = tcp_unacked(c);

	return c->snd.wnd > used ? c->snd.wnd - used : 0;
}

/* A path that takes longer packets again can leave cwnd below one of them: one
 * may always be in flight. */
static uint32_t cwnd_room(const struct tcp_conn *c)
{
	uint32_t flight = tcp_inflight(c);
	uint32_t cwnd = max_u32(c->cc.cwnd, c->snd.mss) +
			tcp_recovery_allowance(c);

	return cwnd > flight ? cwnd - flight : 0;
}

/* May a segment that is not full leave while others are in flight?  Nagle's
 * rule in Minshall's form: one short segment in the network at a time. */
static bool nagle_allows(const struct tcp_conn *c)
{
	if (tcp_urgent_due(c))
		return true;
	if (tcp_corked(c))
		return false;
	return c->flags & (CF_NODELAY | CF_SHUT) || !rec_first(c) ||
	       seq_leq(c->snd.sml, c->snd.una);
}

/* Most that one packet of new data may carry; CWR leaves in a small one. */
static uint32_t packet_max(const struct tcp_conn *c)
{
	if (c->cc.ecn & ECN_CWR)
		return tcp_cur_mss(c);
	return min_u32(tcp_gso_max(c), pace_quantum(c));
}

/*
 * Length of the next segment of new data, 0 = nothing should leave now.
 * Silly windows (MUST-38): short of a full segment only all that is queued,
 * or half of the largest window ever offered, or when the timer says so.
 */
static uint32_t new_len(const struct tcp_conn *c, uint32_t unsent)
{
	uint32_t mss = tcp_cur_mss(c);
	uint32_t wnd = wnd_room(c);
	uint32_t len = min_u32(min_u32(unsent, wnd),
			       min_u32(cwnd_room(c), packet_max(c)));

	if (len == unsent) {
		if (len % mss == 0 || nagle_allows(c))
			return len;
		return len - len % mss;
	}
	if (len >= mss)
		return len - len % mss;
	if (len < wnd) /* the congestion window's doing */
		return 0;
	if (wnd >= c->snd.max_wnd / 2 || c->flags & CF_PROBE_NOW)
		return len;
	return 0;
}

/* What can leave at snd.nxt: data, FIN, or both.  false = nothing now. */
static bool next_new(const struct tcp_conn *c, uint32_t *len, bool *fin)
{
	uint32_t unsent = tcp_unsent(c);

	*len = unsent ? new_len(c, unsent) : 0;
	*fin = fin_due(c) && *len == unsent && wnd_room(c) > *len;
	if (*len > 0 || *fin)
		return true;
	if (!(c->flags & CF_PROBE_NOW) || rec_first(c) || wnd_room(c) > 0)
		return false;
	/* A closed window is probed with one octet (MUST-36). */
	*len = unsent > 0;
	*fin = unsent == 0 && fin_due(c);
	return *len > 0 || *fin;
}

/* Book what has left at snd.nxt. */
static void note_sent(struct tcp_conn *c, struct tcp_rec *rec,
		      const struct tcp_out *o)
{
	bool fin = (o->flags & TCP_FIN) != 0;
	uint32_t len = o->len;

	if (fin)
		c->flags |= CF_FIN_SENT;
	if (c->snd.wnd == 0)
		tcp_count(c, USTACK_C_TCP_WND_PROBES);
	rec_append(c, rec, len + fin, fin);
	rec->mss = o->mss;
	if (len % o->mss != 0)
		c->snd.sml = c->snd.nxt;
	c->st.bytes_out += len;
	stack_count_n(c->t->s, USTACK_C_TCP_OUT_BYTES, len);
	c->spoke_us = tcp_now(c);
	tcp_recovery_on_sent(c, len);
	pace_sent(c, len);
	tcp_rtx_start(c);
	tlp_schedule(c);
}

static int send_one_new(struct tcp_conn *c, uint32_t len, bool fin)
{
	struct tcp_rec *rec = rec_new(c);
	struct tcp_out o;
	int r;

	if (!rec)
		return 0; /* the ACKs of others will free memory */
	tcp_out_init(c, &o, TCP_ACK);
	o.seq = c->snd.nxt;
	o.q = &c->sndq;
	o.len = len;
	if (len > 0 && len == tcp_unsent(c))
		o.flags |= TCP_PSH; /* (MUST-61) */
	if (fin)
		o.flags |= TCP_FIN;
	if (c->snd.wnd == 0)
		o.cause = USTACK_CAUSE_WND_PROBE;
	ecn_mark(c, &o);
	r = tcp_emit_conn(c, &o);
	if (r == -ERR_AGAIN) {
		rec_drop(c, rec);
		return r;
	}
	ecn_on_sent(c, &o);
	note_sent(c, rec, &o);
	return 0;
}

/*
 * A loss probe (RFC 8985 section 7.3): one segment of new data if there is any
 * that the peer takes, whatever cwnd and Nagle say, else the last one again.
 */
static int send_probe(struct tcp_conn *c)
{
	uint32_t len = min_u32(min_u32(tcp_unsent(c), wnd_room(c)),
			       tcp_cur_mss(c));
	uint32_t before = c->snd.nxt;
	struct tcp_rec *last;
	uint32_t mss;
	int r;

	if (!tlp_due(c))
		return 0;
	if (c->t->s->tx_left == 0)
		return -ERR_AGAIN;
	if (len > 0) {
		r = send_one_new(c, len, false);
		if (r == 0 && c->snd.nxt != before)
			tlp_sent(c, false);
		return r;
	}
	last = c->fl->last;
	mss = rec_mss(c, last);
	if (last->len > mss &&
	    rec_split(c, last, (last->len - 1) / mss * mss) < 0)
		return 0;
	r = resend(c, c->fl->last, USTACK_CAUSE_TLP);
	if (r == 0)
		tlp_sent(c, true);
	return r;
}

/* Data and the peer's window would allow more: it is for cwnd to grow. */
static void note_blocked(struct tcp_conn *c)
{
	uint32_t want = min_u32(tcp_unsent(c), c->snd.mss);

	if (c->fl && want > 0 && cwnd_room(c) < want && wnd_room(c) >= want)
		c->fl->blocked = true;
}

static int send_new(struct tcp_conn *c)
{
	uint32_t len;
	bool fin;

	if (!rec_first(c) && tcp_unsent(c))
		tcp_cc_after_idle(c);
	while (!pace_holds(c) && next_new(c, &len, &fin)) {
		uint32_t before = c->snd.nxt;
		int r;

		if (c->t->s->tx_left == 0)
			return -ERR_AGAIN;
		r = send_one_new(c, len, fin);
		if (r < 0)
			return r;
		if (c->snd.nxt == before) /* no memory for a record */
			break;
	}
	note_blocked(c);
	return 0;
}

/* One, or as many as there are duplicates to report: one each (2883-1). */
static int send_ack(struct tcp_conn *c)
{
	while (c->flags & CF_ACK_NOW) {
		struct tcp_out o;

		if (c->t->s->tx_left == 0)
			return -ERR_AGAIN;
		tcp_out_init(c, &o, TCP_ACK);
		if (tcp_emit_conn(c, &o) == -ERR_AGAIN)
			return -ERR_AGAIN;
	}
	return 0;
}

/* Data waits, nothing is in flight, and nothing may leave: wait to override. */
static void persist(struct tcp_conn *c)
{
	if (tcp_corked(c) && tcp_unsent(c) < c->snd.mss &&
	    wnd_room(c) >= tcp_unsent(c))
		return;
	if (pace_deadline(c) != TIME_NEVER)
		return;
	if (!rec_first(c) && (tcp_unsent(c) || fin_due(c)))
		tcp_rtx_start(c);
}

static int send_data(struct tcp_conn *c)
{
	int r = send_lost(c);

	if (r == 0)
		r = send_probe(c);
	if (r == 0)
		r = send_new(c);
	if (r == 0 && tcp_recovery_untried(c))
		r = send_lost(c);
	return r;
}

/* Nobody but us waits for the peer any more: bound the wait (res-2, 6429-1). */
static void limit_orphan(struct tcp_conn *c)
{
	if (!(c->flags & CF_ORPHAN))
		return;
	if (c->state != USTACK_FIN_WAIT_2 && !tcp_starves(c))
		c->life_at = TIME_NEVER;
	else if (c->life_at == TIME_NEVER)
		c->life_at = tcp_now(c) + tcp_fin_wait2_us(c);
}

bool tcp_output(struct tcp_conn *c)
{
	int r = send_syn(c);

	tcp_pmtu_refresh(c);
	if (r == 0 && c->state >= USTACK_ESTABLISHED) {
		r = send_data(c);
		tcp_cc_sent(c);
		if (r == 0)
			c->flags &= ~CF_PROBE_NOW;
		persist(c);
	}
	if (r == 0 && c->state >= USTACK_ESTABLISHED)
		r = tcp_uto_send(c);
	if (r == 0 && c->state >= USTACK_SYN_RCVD)
		r = send_ack(c);
	if (r == 0)
		r = tcp_keepalive_send(c);
	limit_orphan(c);
	if (c->x)
		tcp_extra_after_output(c);
	rec_rest(c);
	tcp_timers_arm(c);
	return r == -ERR_AGAIN;
}

bool tcp_output_last(struct tcp_conn *c)
{
	bool rst = (c->flags & CF_RST_NOW) != 0;
	struct tcp_out o;

	if (!(c->flags & (CF_RST_NOW | CF_ACK_NOW)))
		return false;
	if (c->t->s->tx_left == 0)
		return true;
	tcp_out_init(c, &o, rst ? TCP_RST | TCP_ACK : TCP_ACK);
	if (tcp_emit_conn(c, &o) == -ERR_AGAIN)
		return true;
	c->flags &= ~(CF_RST_NOW | CF_ACK_NOW);
	return false;
}

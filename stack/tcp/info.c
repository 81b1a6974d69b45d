/* SPDX-License-Identifier: MIT */
/*
 * info.c - connections described for people and tools
 */

#include "cc.h"
#include "conn.h"
#include "ecn.h"
#include "extra.h"
#include "rack.h"
#include "reasm.h"
#include "recovery.h"
#include "sendq.h"
#include "syncache.h"
#include "timers.h"
#include "timewait.h"
#include "urgent.h"

static void describe_flow(const struct tcp_flow *f, struct ustack_info *info)
{
	info->local = f->local;
	info->remote = f->remote;
	info->lport = f->lport;
	info->rport = f->rport;
}

static void describe_sending(const struct tcp_conn *c, struct ustack_info *info)
{
	info->snd_wscale = c->snd.wscale;
	info->mss = c->snd.mss;
	info->adv_mss = c->rec.adv_mss;
	info->pmtu = ip_path_mtu(c->t->s, &c->flow.remote);
	if (info->pmtu == 0)
		info->pmtu = c->t->s->cfg.mtu;
	info->cwnd = c->cc.cwnd;
	info->ssthresh = c->cc.ssthresh;
	info->snd_wnd = c->snd.wnd;
	info->unacked = tcp_unacked(c);
	info->inflight = tcp_inflight(c);
	info->unsent = tcp_unsent(c);
	info->sacked = c->fl ? c->fl->sacked : 0;
	info->lost = c->fl ? c->fl->lost : 0;
	info->reordering = c->rec.reordered;
	info->reo_wnd_us = c->fl ? rack_reo_wnd_us(c) : 0;
	info->rcv_mss = c->rcv.mss;
	info->user_timeout_us = (uint64_t)c->user_timeout_ms * 1000u;
	info->cc = tcp_cc(c)->name;
	info->cc_state = tcp_recovery_name(c);
	info->rto_us = tcp_rto_us(c);
	info->srtt_us = c->rtt.srtt_us;
	info->rttvar_us = c->rtt.var_us;
	info->rtt_min_us = c->rtt.min_us == UINT32_MAX ? 0 : c->rtt.min_us;
	info->backoff = c->rtt.backoff;
	info->soft_err = c->soft_err;
	info->probes = c->keep_sent;
}

static void describe_totals(const struct tcp_conn *c, struct ustack_info *info)
{
	info->bytes_in = c->st.bytes_in;
	info->bytes_out = c->st.bytes_out;
	info->bytes_acked = c->st.bytes_acked;
	info->bytes_retrans = c->st.bytes_retrans;
	info->segs_in = c->st.segs_in;
	info->segs_out = c->st.segs_out;
	info->retrans = c->st.retrans;
	info->age_us = tcp_now(c) - c->opened_us;
	info->idle_us = tcp_now(c) - c->heard_us;
	info->last_sent_us = tcp_now(c) - c->spoke_us;
}

static void describe(const struct tcp_conn *c, struct ustack_info *info)
{
	memset(info, 0, sizeof(*info));
	describe_flow(&c->flow, info);
	describe_sending(c, info);
	describe_totals(c, info);
	info->conn = tcp_conn_handle(c);
	info->id = tcp_id(c);
	info->state = c->state;
	info->active = (c->flags & CF_ACTIVE) != 0;
	info->peer_closed = (c->flags & CF_FIN_RCVD) != 0;
	info->timestamps = (c->flags & CF_TS) != 0;
	info->wscale_ok = (c->flags & CF_WSCALE) != 0;
	info->ecn = (c->cc.ecn & ECN_OK) != 0;
	info->sack = (c->flags & CF_SACK) != 0;
	info->ops_id = c->ops_id;
	info->listener = c->listener;
	info->rcv_wscale = c->rcv.wscale;
	info->rcv_wnd = tcp_rcv_wnd(c);
	info->rcvbuf = c->rcv.buf;
	info->rcvq = c->rcvq.bytes;
	info->sndq = c->sndq.bytes;
	info->urgent = tcp_urgent_left(c);
	info->ooo = reasm_bytes(c);
	info->mem = mem_block_size(sizeof(*c)) + sizeof(struct tcp_slot) +
		    c->rcvq.footprint + c->sndq.footprint + reasm_footprint(c) +
		    rec_footprint(c) + tcp_extra_footprint(c);
}

int ustack_info(struct ustack *s, struct ustack_conn h,
		struct ustack_info *info)
{
	struct tcp_conn *c = tcp_conn_get(s->tcp, h);

	if (!c)
		return -ERR_NOENT;
	describe(c, info);
	return 0;
}

int ustack_find(struct ustack *s, uint64_t id, struct ustack_conn *h)
{
	struct hnode *n = htab_first(&s->tcp->ids, id);

	if (!n)
		return -ERR_NOENT;
	*h = tcp_conn_handle(container_of(n, struct tcp_conn, idnode));
	return 0;
}

static void describe_half_open(const struct tcp *t, const struct syn_entry *e,
			       struct ustack_info *info)
{
	memset(info, 0, sizeof(*info));
	describe_flow(&e->flow, info);
	info->id = e->id;
	info->state = USTACK_SYN_RCVD;
	info->ops_id = t->listener[e->listener].ops_id;
	info->listener = e->listener;
	info->snd_wnd = e->wnd;
	info->rcv_wnd = e->adv;
	info->backoff = e->sent - 1u;
	info->cc = tcp_cc_ops(t->cc)->name;
	info->cc_state = "open";
	info->age_us = t->s->now_us - e->born_us;
	info->mem = mem_block_size(sizeof(*e));
}

static void describe_time_wait(const struct tcp *t, const struct tw_entry *e,
			       struct ustack_info *info)
{
	memset(info, 0, sizeof(*info));
	describe_flow(&e->flow, info);
	info->id = e->id;
	info->state = USTACK_TIME_WAIT;
	info->ops_id = -1;
	info->listener = -1;
	info->cc = tcp_cc_ops(t->cc)->name;
	info->cc_state = "open";
	info->idle_us = 2 * t->s->cfg.msl_us - (e->due_us - t->s->now_us);
	info->mem = mem_block_size(sizeof(*e));
}

/*
 * The cursor: below @nslots a slot; behind that, how many compact entries
 * have been shown.
 */
#define CURSOR_COMPACT ((uint64_t)1 << 32)

static uint32_t walk_conns(struct tcp *t, uint64_t *cursor,
			   struct ustack_info *info, uint32_t n)
{
	uint32_t filled = 0;

	while (*cursor < t->nslots && filled < n) {
		uint32_t i = (uint32_t)(*cursor)++;
		struct tcp_conn *c =
			t->slots[i >> TCP_SLOT_SHIFT][i & (TCP_SLOTS - 1)].c;

		if (c && !(c->flags & CF_DETACHED))
			describe(c, &info[filled++]);
	}
	if (*cursor >= t->nslots)
		*cursor = CURSOR_COMPACT;
	return filled;
}

static uint32_t walk_compact(struct tcp *t, uint64_t *cursor,
			     struct ustack_info *info, uint32_t n)
{
	uint64_t skip = *cursor - CURSOR_COMPACT;
	uint32_t filled = 0;

	for (uint32_t i = 0; i < ARRAY_LEN(t->syn_list); i++) {
		struct list *l;

		for (l = t->syn_list[i].next;
		     l != &t->syn_list[i] && filled < n; l = l->next) {
			if (skip > 0)
				skip--;
			else
				describe_half_open(
					t,
					list_entry(l, struct syn_entry, link),
					&info[filled++]);
		}
	}
	for (struct list *l = t->tw_list.next; l != &t->tw_list && filled < n;
	     l = l->next) {
		if (skip > 0)
			skip--;
		else
			describe_time_wait(t,
					   list_entry(l, struct tw_entry, link),
					   &info[filled++]);
	}
	*cursor += filled;
	return filled;
}

uint32_t ustack_walk(struct ustack *s, uint64_t *cursor,
		     struct ustack_info *info, uint32_t n)
{
	uint32_t filled = 0;

	if (*cursor < CURSOR_COMPACT)
		filled = walk_conns(s->tcp, cursor, info, n);
	if (*cursor >= CURSOR_COMPACT && filled < n)
		filled += walk_compact(s->tcp, cursor, info + filled,
				       n - filled);
	return filled;
}

/* SPDX-License-Identifier: MIT */
/*
 * invariants.c - what must hold after every step, whatever happened
 *
 *	snd.una [ rec ][ rec ][ rec ] snd.nxt     no gap, no overlap
 *	rcv.nxt   [ range ]   [ range ]           beyond rcv.nxt, in order, apart
 */

#include "sim.h"
#include "stack/base/bytes.h"
#include "stack/tcp/sendq.h"
#include "stack/tcp/tcb.h"
#include "stack/wire/tcp_opt.h"

static void check_records(struct sim *sim, const struct tcp_conn *c)
{
	uint32_t at = c->snd.una;
	uint32_t lost = 0;
	const struct tcp_rec *prev = NULL;

	for (const struct tcp_rec *r = rec_first(c); r; r = rec_next(r)) {
		if (r->seq != at || r->len == 0)
			sim_fail(sim, "send records leave a gap");
		at += r->len;
		if (r->flags & REC_LOST)
			lost += r->len;
		prev = r;
	}
	if (at != c->snd.nxt || (c->fl && prev != c->fl->last))
		sim_fail(sim, "send records do not end at snd.nxt");
	if (c->fl && lost != c->fl->lost)
		sim_fail(sim, "snd.lost is %u, records say %u", c->fl->lost,
			 lost);
}

static void check_sending(struct sim *sim, const struct tcp_conn *c)
{
	if (seq_gt(c->snd.una, c->snd.nxt))
		sim_fail(sim, "snd.una is beyond snd.nxt");
	if (c->state <= USTACK_SYN_RCVD)
		return;
	check_records(sim, c);
	if (rec_first(c) && c->rtx_at == TIME_NEVER)
		sim_fail(sim, "data in flight and no timer");
	if (c->sndq.bytes > 0 && c->rtx_at == TIME_NEVER &&
	    list_empty(&c->ready))
		sim_fail(sim, "data waits and no timer");
	if (!seq_leq(c->sndq.start, c->snd.una))
		sim_fail(sim, "acknowledged bytes are still queued");
}

static void check_receiving(struct sim *sim, const struct tcp_conn *c)
{
	/* Rounding announces up to a unit more, a FIN may lie beyond. */
	if (seq_gt(c->rcv.nxt, c->rcv.adv + (1u << c->rcv.wscale)))
		sim_fail(sim, "rcv.nxt is beyond the announced edge");
	/* A buffer may have shrunk below what was announced of it before. */
	if (c->rcvq.bytes > c->rcv.charge + (1u << c->rcv.wscale))
		sim_fail(sim, "%u bytes wait, %u are counted", c->rcvq.bytes,
			 c->rcv.charge);
}

/* What one may still send and what waits to be read is counted, but a FIN. */
static void check_promise(struct sim *sim, const struct tcp_conn *c)
{
	uint32_t fin = (c->flags & CF_FIN_RCVD) != 0;

	if (c->rcv.charge < c->rcv.buf)
		sim_fail(sim, "a buffer of %u counts for %u", c->rcv.buf,
			 c->rcv.charge);
	if (c->state >= USTACK_ESTABLISHED &&
	    seq_gt(c->rcv.adv, c->rcvq.start + c->rcv.charge + fin))
		sim_fail(sim, "%u announced or unread, %u counted",
			 c->rcv.adv - c->rcvq.start, c->rcv.charge);
}

static void check_timer(struct sim *sim, const struct tcp_conn *c)
{
	uint64_t at = min_u64(c->rtx_at, min_u64(c->delack_at, c->life_at));

	if (at != TIME_NEVER && c->timer.expires_us > at &&
	    list_empty(&c->ready))
		sim_fail(sim, "the wheel wakes after a deadline");
}

void sim_check(struct sim *sim)
{
	for (int i = 0; i < 2; i++) {
		const struct tcp *t = sim->w.host[i].s->tcp;
		uint64_t promised = 0;

		for (uint32_t k = 0; k < t->nslots; k++) {
			const struct tcp_conn *c = t->slots[0][k].c;

			promised += c ? c->rcv.charge : 0;
			if (!c || c->flags & CF_DETACHED)
				continue;
			check_sending(sim, c);
			if (c->state > USTACK_SYN_SENT)
				check_receiving(sim, c);
			check_promise(sim, c);
			check_timer(sim, c);
		}
		if (promised != t->promised)
			sim_fail(sim, "promises do not add up");
	}
}

static struct sim_edge *edge_of(struct sim *sim, int from, const uint8_t *tcp)
{
	uint16_t lport = be16_load(tcp);
	uint16_t rport = be16_load(tcp + 2);
	uint32_t k = (from == 0 ? lport : rport) - 50000u;

	(void)lport;
	return k < SIM_CONNS_MAX ? &sim->edges[from][k] : NULL;
}

static void watch_syn(struct sim *sim, struct sim_edge *e,
		      struct sim_edge *back, const uint8_t *tcp,
		      const struct tcp_hdr *h)
{
	struct tcp_opts o;

	(void)sim;
	tcp_opt_parse(&o, tcp + TCP_HDR_MIN, h->hdr_len - TCP_HDR_MIN);
	e->offered = (o.has & TCP_OPT_HAS_WSCALE) != 0;
	e->shift = e->offered ? o.wscale : 0;
	e->edge_known = false;
	if (h->flags & TCP_ACK) {
		e->edge = h->ack + h->wnd; /* not scaled in a SYN */
		e->edge_known = true;
		if (!e->offered)
			back->shift = 0;
	}
}

/* The announced edge never moves left, but for the rounding at a buffer's end. */
void sim_watch(void *ctx, int from, const struct vpkt *p, enum path_fate fate)
{
	struct sim *sim = ctx;
	const uint8_t *tcp = vpkt_tcp(p, NULL);
	struct sim_edge *e = tcp ? edge_of(sim, from, tcp) : NULL;
	struct tcp_hdr h;
	uint32_t edge;

	(void)fate;
	if (!e || tcp_hdr_parse(&h, tcp, p->len - p->l4_off) < 0)
		return;
	if (h.flags & TCP_SYN) {
		watch_syn(sim, e, &sim->edges[!from][e - sim->edges[from]], tcp,
			  &h);
		return;
	}
	if (!(h.flags & TCP_ACK) || h.flags & TCP_RST)
		return;
	edge = h.ack + ((uint32_t)h.wnd << e->shift);
	if (e->edge_known && seq_lt(edge, e->edge) &&
	    e->edge - edge >= 1u << e->shift)
		sim_fail(sim,
			 "host %d: window edge moved left by %u (shift %u)",
			 from, e->edge - edge, e->shift);
	if (!e->edge_known || seq_gt(edge, e->edge))
		e->edge = edge;
	e->edge_known = true;
}

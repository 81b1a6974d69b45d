/* SPDX-License-Identifier: MIT */
/*
 * invariants.c - what must hold after every step, and of every packet
 */

#include "sim.h"
#include "stack/base/bytes.h"
#include "stack/base/seq.h"
#include "stack/wire/tcp_opt.h"
#include "tests/lib/tcp_invariants.h"

void sim_check(struct sim *sim)
{
	char why[INVARIANT_TEXT];

	for (int i = 0; i < 2; i++)
		if (!invariants_hold(sim->w.host[i].s, why))
			sim_fail(sim, "host %d: %s", i, why);
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

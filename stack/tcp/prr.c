/* SPDX-License-Identifier: MIT */
/*
 * prr.c - proportional rate reduction (RFC 9937 section 6)
 */

#include "prr.h"

void prr_begin(struct tcp_conn *c, const struct tcp_acked *a)
{
	struct tcp_flight *fl = c->fl;
	/* What this acknowledgement delivered is part of the recovery. */
	uint32_t before = tcp_unacked(c) - (fl->sacked - a->sacked) +
			  (a->delivered - a->sacked);

	/*
	 * So is what others of the same batch delivered: nothing has left in
	 * their place yet, and were it forgotten, a retransmission alone would
	 * be in flight, whose loss only the timer sees.
	 */
	fl->prr.flight = max_u32(before, fl->cc.pipe);
	fl->prr.delivered = fl->prr.flight - before;
	fl->prr.out = 0;
}

static uint32_t credit(uint32_t gained, uint32_t spent)
{
	return gained > spent ? gained - spent : 0;
}

void prr_on_ack(struct tcp_conn *c, const struct tcp_acked *a, bool safe)
{
	struct tcp_flight *fl = c->fl;
	uint32_t pipe = tcp_inflight(c);
	uint32_t ssthresh = c->cc.ssthresh;
	uint32_t snd;

	fl->prr.delivered += a->delivered;
	if (a->delivered == 0 && fl->prr.out > 0)
		return;
	if (pipe > ssthresh) { /* (9937-1) */
		uint64_t share = (uint64_t)fl->prr.delivered * ssthresh +
				 max_u32(fl->prr.flight, 1) - 1;

		snd = credit((uint32_t)(share / max_u32(fl->prr.flight, 1)),
			     fl->prr.out);
	} else { /* (9937-2) */
		snd = max_u32(credit(fl->prr.delivered, fl->prr.out),
			      a->delivered);
		if (safe)
			snd += c->snd.mss;
		snd = min_u32(ssthresh - pipe, snd);
	}
	if (fl->prr.out == 0) /* the fast retransmit leaves (9937-3) */
		snd = max_u32(snd, c->snd.mss);
	c->cc.cwnd = pipe + snd;
}

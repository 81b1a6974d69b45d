/* SPDX-License-Identifier: MIT */
/*
 * tlp.c - tail loss probe (RFC 8985 section 7)
 */

#include "tlp.h"

#include "timers.h"

#define WORST_DELACK_US 200000u /* of a peer that holds back its only ACK */
#define PTO_MIN_US	500u	/* to wake and be woken; Linux has 2 ms */
#define PTO_INITIAL_US	1000000u

static bool may_probe(const struct tcp_conn *c)
{
	const struct tcp_flight *fl = c->fl;

	return c->flags & CF_SACK && fl && fl->first && !fl->tlp.out &&
	       c->rec.state == CA_OPEN && c->rtt.backoff == 0 &&
	       fl->sacked == 0 && fl->lost == 0 && c->snd.wnd > 0;
}

static uint64_t pto_us(const struct tcp_conn *c)
{
	uint64_t pto = PTO_INITIAL_US;

	if (c->rtt.srtt_us > 0) {
		pto = 2 * (uint64_t)c->rtt.srtt_us;
		pto += tcp_unacked(c) <= c->snd.mss ? WORST_DELACK_US
						    : PTO_MIN_US;
	}
	return pto;
}

void tlp_schedule(struct tcp_conn *c)
{
	if (!c->fl)
		return;
	c->fl->tlp.at = TIME_NEVER;
	if (may_probe(c))
		c->fl->tlp.at = min_u64(tcp_now(c) + pto_us(c), c->rtx_at);
}

void tlp_on_timer(struct tcp_conn *c)
{
	c->fl->tlp.at = TIME_NEVER;
	if (!may_probe(c))
		return;
	c->fl->tlp.due = true;
	c->rtx_at = tcp_now(c) + tcp_rto_us(c);
}

bool tlp_due(struct tcp_conn *c)
{
	if (!c->fl || !c->fl->tlp.due)
		return false;
	c->fl->tlp.due = may_probe(c); /* an ACK may have been faster */
	return c->fl->tlp.due;
}

void tlp_sent(struct tcp_conn *c, bool retx)
{
	struct tcp_flight *fl = c->fl;

	fl->tlp.due = false;
	fl->tlp.at = TIME_NEVER;
	fl->tlp.out = true;
	fl->tlp.retx = retx;
	fl->tlp.end_seq = c->snd.nxt;
	c->rtx_at = tcp_now(c) + tcp_rto_us(c);
	tcp_count(c, USTACK_C_TCP_LOSS_PROBES);
}

bool tlp_on_ack(struct tcp_conn *c, const struct tcp_acked *a)
{
	struct tcp_flight *fl = c->fl;

	if (!fl->tlp.out || seq_lt(a->ack, fl->tlp.end_seq))
		return false;
	if (!fl->tlp.retx || (a->dsack && a->dsack_end == fl->tlp.end_seq)) {
		fl->tlp.out = false; /* new data, or both copies came */
		return false;
	}
	if (seq_gt(a->ack, fl->tlp.end_seq)) {
		fl->tlp.out = false;
		tcp_count(c, USTACK_C_TCP_LOSS_PROBE_RECOVERIES);
		return true;
	}
	if (a->dup && !a->has_sack) /* an answer to the second copy */
		fl->tlp.out = false;
	return false;
}

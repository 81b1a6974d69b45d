/* SPDX-License-Identifier: MIT */
/*
 * ecn.c - explicit congestion notification (RFC 3168 section 6.1)
 */

#include "ecn.h"

#include "cc.h"
#include "sendq.h"
#include "state.h"

#define SETUP (TCP_ECE | TCP_CWR)

bool ecn_offered(const struct tcp *t, const struct tcp_seg *seg)
{
	return t->s->cfg.ecn != USTACK_ECN_OFF &&
	       (seg->flags & (SETUP | TCP_ACK)) == SETUP;
}

void ecn_agreed(struct tcp_conn *c)
{
	c->cc.ecn = ECN_OK;
	tcp_count(c, USTACK_C_TCP_ECN_CONNS);
}

/* Go on without it. */
static void fall_back(struct tcp_conn *c)
{
	c->cc.ecn &= (uint8_t)~ECN_TRIED;
	tcp_count(c, USTACK_C_TCP_ECN_FALLBACKS);
}

uint8_t ecn_syn_flags(struct tcp_conn *c)
{
	if (c->state == USTACK_SYN_RCVD)
		return c->cc.ecn & ECN_OK ? TCP_ECE : 0;
	if (c->flags & CF_SYN_REXMIT) {
		if (c->cc.ecn & ECN_TRIED)
			fall_back(c);
		return 0;
	}
	if (c->t->s->cfg.ecn != USTACK_ECN_ACTIVE || c->cc.ecn & ECN_REFUSED)
		return 0;
	c->cc.ecn |= ECN_TRIED;
	return SETUP;
}

void ecn_in_syn(struct tcp_conn *c, const struct tcp_seg *seg)
{
	bool tried = (c->cc.ecn & ECN_TRIED) != 0;

	c->cc.ecn &= (uint8_t)~ECN_TRIED;
	if (seg->flags & TCP_ACK ? tried && (seg->flags & SETUP) == TCP_ECE
				 : ecn_offered(c->t, seg))
		ecn_agreed(c);
}

bool ecn_on_refused(struct tcp_conn *c)
{
	if (!(c->cc.ecn & ECN_TRIED))
		return false;
	fall_back(c);
	c->cc.ecn |= ECN_REFUSED;
	c->flags |= CF_SYN_NOW;
	return true;
}

/* One cut for each window of data; loss and marks in it are one event. */
static void cut(struct tcp_conn *c)
{
	struct tcp_flight *fl = c->fl;

	c->cc.ssthresh = tcp_cc_congested(c);
	c->cc.cwnd = min_u32(c->cc.cwnd, c->cc.ssthresh);
	fl->undo_valid = false; /* a mark is never spurious */
	fl->cc.cut = true;
	fl->cc.cut_end = c->snd.nxt;
	tcp_count(c, USTACK_C_TCP_ECN_CUTS);
	tcp_event_metrics(c);
}

void ecn_in_ack(struct tcp_conn *c, const struct tcp_seg *seg)
{
	struct cc_flight *f = &c->fl->cc;

	if (!(c->cc.ecn & ECN_OK) || seq_lt(seg->ack, c->snd.una))
		return;
	/* Beyond it lies what left after the cut. */
	if (f->cut && seq_gt(seg->ack, f->cut_end))
		f->cut = false;
	if (!(seg->flags & TCP_ECE))
		return;
	tcp_count(c, USTACK_C_TCP_IN_ECES);
	if (c->rec.state != CA_OPEN)
		c->fl->undo_valid = false; /* the cut is the mark's as well */
	else if (!f->cut && !(c->cc.ecn & ECN_CWR))
		cut(c);
}

void ecn_in_data(struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (!(c->cc.ecn & ECN_OK) || seg->len == 0)
		return;
	if (seg->flags & TCP_CWR)
		c->cc.ecn &= (uint8_t)~ECN_ECHO;
	if (!seg->ce)
		return;
	tcp_count(c, USTACK_C_TCP_IN_CES);
	if (!(c->cc.ecn & ECN_ECHO))
		c->flags |= CF_ACK_NOW; /* the sooner the better, as Linux */
	c->cc.ecn |= ECN_ECHO;
}

void ecn_mark(const struct tcp_conn *c, struct tcp_out *o)
{
	if (!(c->cc.ecn & ECN_OK) || o->len == 0 ||
	    o->cause != USTACK_CAUSE_NONE)
		return;
	o->tos |= ECN_ECT0;
	if (c->cc.ecn & ECN_CWR)
		o->flags |= TCP_CWR;
}

void ecn_on_sent(struct tcp_conn *c, const struct tcp_out *o)
{
	if (o->flags & TCP_CWR)
		c->cc.ecn &= (uint8_t)~ECN_CWR;
}

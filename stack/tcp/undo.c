/* SPDX-License-Identifier: MIT */
/*
 * undo.c - a recovery that should not have been
 */

#include "undo.h"

#include "isn.h"
#include "timers.h"

void undo_save(struct tcp_conn *c)
{
	struct tcp_flight *fl = c->fl;

	fl->undo.at_us = tcp_now(c);
	fl->undo.una = c->snd.una;
	fl->undo.retx = 0;
	fl->undo.cwnd = c->cc.cwnd;
	fl->undo.ssthresh = c->cc.ssthresh;
	memcpy(fl->undo.priv, c->cc.priv, sizeof(fl->undo.priv));
	fl->undo_valid = true;
	fl->undo_resent = false;
}

void undo_on_resent(struct tcp_conn *c, uint32_t segs)
{
	struct tcp_flight *fl = c->fl;

	if (!fl->undo_valid)
		return;
	fl->undo.retx += segs;
	if (fl->undo_resent)
		return;
	fl->undo_resent = true;
	fl->undo.tsval = tcp_ts_now(c->t) + c->ts.offset;
}

static void take_back(struct tcp_conn *c)
{
	struct tcp_flight *fl = c->fl;

	c->cc.cwnd = max_u32(c->cc.cwnd, fl->undo.cwnd);
	c->cc.ssthresh = max_u32(c->cc.ssthresh, fl->undo.ssthresh);
	memcpy(c->cc.priv, fl->undo.priv, sizeof(fl->undo.priv));
	fl->undo_valid = false;
	fl->frto = 0;
	if (c->rec.state == CA_OPEN)
		return;
	if (c->rec.state == CA_RECOVERY)
		c->rec.reordered = true; /* what else took so long? */
	rec_unmark_lost(c);
	c->rec.state = CA_OPEN;
}

/*
 * The original had come: what was echoed is older than the copy.  A copy that
 * an earlier recovery has sent proves nothing about this one.
 */
static bool echo_is_older(const struct tcp_conn *c, const struct tcp_acked *a)
{
	const struct tcp_flight *fl = c->fl;

	return fl->undo_resent && a->retx && a->retx_us >= fl->undo.at_us &&
	       a->has_ts && seq_lt(a->tsecr, fl->undo.tsval);
}

static bool all_were_duplicates(struct tcp_conn *c, const struct tcp_acked *a)
{
	struct tcp_flight *fl = c->fl;

	if (!a->dsack || fl->undo.retx == 0 ||
	    seq_leq(a->dsack_end, fl->undo.una) ||
	    seq_gt(a->dsack_end, c->rec.recover))
		return false;
	fl->undo.retx -= min_u32(fl->undo.retx, a->dsack_segs);
	return fl->undo.retx == 0;
}

bool undo_on_ack(struct tcp_conn *c, const struct tcp_acked *a)
{
	struct tcp_flight *fl = c->fl;
	bool timeout = c->rec.state == CA_LOSS;

	if (!fl->undo_valid)
		return false;
	if (c->rec.state != CA_OPEN && echo_is_older(c, a))
		tcp_count(c, USTACK_C_TCP_UNDO_TIMESTAMP);
	else if (all_were_duplicates(c, a))
		tcp_count(c, USTACK_C_TCP_UNDO_DSACK);
	else
		return false;
	take_back(c);
	if (timeout)
		rtt_spurious(&c->rtt, a->rtt_us);
	return true;
}

/* New data can be tried instead of sending again what may not be lost. */
static bool can_try_new(const struct tcp_conn *c)
{
	return tcp_unsent(c) > 0 && c->snd.wnd > tcp_unacked(c);
}

bool undo_frto(struct tcp_conn *c, const struct tcp_acked *a)
{
	struct tcp_flight *fl = c->fl;

	if (fl->frto == 2 && a->orig && fl->undo_valid) { /* step 3b */
		tcp_count(c, USTACK_C_TCP_SPURIOUS_RTOS);
		take_back(c);
		rtt_spurious(&c->rtt, a->rtt_us);
		return true;
	}
	if (fl->frto == 1 && a->acked > 0 &&
	    seq_lt(c->snd.una, c->rec.recover) && can_try_new(c))
		fl->frto = 2; /* step 2b */
	else if (a->acked > 0 || a->dup || a->sacked > 0)
		fl->frto = 0; /* steps 2a and 3a: the loss was real */
	return false;
}

/* SPDX-License-Identifier: MIT */
/*
 * recovery.c - from a loss to its end: RACK-TLP with PRR, or NewReno; timeout
 */

#include "recovery.h"

#include "cc.h"
#include "prr.h"
#include "rack.h"
#include "sendq.h"
#include "state.h"
#include "tlp.h"
#include "undo.h"

static void enter_recovery(struct tcp_conn *c)
{
	undo_save(c);
	c->cc.ssthresh = tcp_cc_congested(c); /* while still open */
	c->rec.state = CA_RECOVERY;
	c->rec.recover = c->snd.nxt;
	c->fl->tlp.at = TIME_NEVER;
	c->fl->tlp.due = false;
	tcp_count(c, USTACK_C_TCP_FAST_RECOVERIES);
}

static bool recovered(const struct tcp_conn *c)
{
	return seq_geq(c->snd.una, c->rec.recover);
}

/* ----------------------------------------------------- with SACK: RACK, PRR */

static void leave_recovery(struct tcp_conn *c)
{
	if (c->rec.state == CA_RECOVERY)
		c->cc.cwnd = c->cc.ssthresh; /* (9937-4) */
	rack_on_recovered(c);
	c->rec.state = CA_OPEN;
	c->fl->frto = 0;
	tcp_event_metrics(c);
}

/* A loss that a probe has mended is one all the same (8985-13). */
static void react_to_probe(struct tcp_conn *c)
{
	if (c->rec.state != CA_OPEN)
		return;
	c->cc.ssthresh = tcp_cc_congested(c);
	c->cc.cwnd = min_u32(c->cc.cwnd, c->cc.ssthresh);
	tcp_event_metrics(c);
}

static void begin_sack_recovery(struct tcp_conn *c, const struct tcp_acked *a)
{
	enter_recovery(c);
	prr_begin(c, a);
	tcp_event_metrics(c);
}

static void grow(struct tcp_conn *c, const struct tcp_acked *a)
{
	if (a->acked > 0 && (a->limited || c->rec.state == CA_LOSS))
		tcp_cc(c)->on_ack(c, a->acked);
}

static void on_sack_ack(struct tcp_conn *c, const struct tcp_acked *a)
{
	bool was_open = c->rec.state == CA_OPEN;
	uint32_t lost;

	if (a->dsack)
		rack_on_dsack(c);
	if (tlp_on_ack(c, a))
		react_to_probe(c);
	if (c->rec.state != CA_OPEN && recovered(c))
		leave_recovery(c);
	lost = rack_detect(c);
	if (c->rec.state == CA_LOSS) {
		grow(c, a);
	} else if (c->rec.state == CA_RECOVERY) {
		prr_on_ack(c, a, a->acked > 0 && lost == 0);
	} else if (lost > 0 || (!was_open && c->fl->lost > 0)) {
		begin_sack_recovery(c, a);
		prr_on_ack(c, a, false);
	} else if (was_open) {
		grow(c, a);
	}
}

void tcp_recovery_on_reorder_timer(struct tcp_conn *c)
{
	struct tcp_acked none = { .ack = c->snd.una };
	uint32_t lost = rack_detect(c);

	if (lost == 0 || c->rec.state != CA_OPEN)
		return;
	begin_sack_recovery(c, &none);
	prr_on_ack(c, &none, false);
}

/* ------------------------------------------------------ without it: NewReno */

/* RFC 6582 section 3.2 step 2. */
static void begin_reno_recovery(struct tcp_conn *c)
{
	enter_recovery(c);
	c->cc.cwnd = c->cc.ssthresh + TCP_DUPACK_THRESH * c->snd.mss;
	rec_mark_head_lost(c, USTACK_CAUSE_FAST);
	tcp_event_metrics(c);
}

/* Bytes of what was in flight when recovery began, and still is. */
static uint32_t recovery_flight(const struct tcp_conn *c)
{
	return seq_gt(c->rec.recover, c->snd.una) ? c->rec.recover - c->snd.una
						  : 0;
}

static void on_reno_dupack(struct tcp_conn *c)
{
	struct tcp_flight *fl = c->fl;

	if (fl->dupacks < UINT8_MAX)
		fl->dupacks++;
	if (c->rec.state == CA_RECOVERY) {
		/* Each one says that a segment has left the network; more of
		 * them than there were segments is somebody's trick.
		 */
		if (c->cc.cwnd < c->cc.ssthresh + recovery_flight(c))
			c->cc.cwnd += c->snd.mss;
		return;
	}
	/* After a timeout, duplicates of old data say nothing (6582-6). */
	if (c->rec.state == CA_OPEN && fl->dupacks >= TCP_DUPACK_THRESH &&
	    seq_gt(c->snd.una, c->rec.recover))
		begin_reno_recovery(c);
}

static void leave_reno_recovery(struct tcp_conn *c)
{
	uint32_t flight = max_u32(tcp_inflight(c), c->snd.mss);

	/* The burst-avoiding choice of RFC 6582 section 3.2 step 3. */
	if (c->rec.state == CA_RECOVERY)
		c->cc.cwnd = min_u32(c->cc.ssthresh, flight + c->snd.mss);
	c->rec.state = CA_OPEN;
	c->fl->dupacks = 0;
	c->fl->frto = 0;
	tcp_event_metrics(c);
}

static void on_partial_ack(struct tcp_conn *c, uint32_t acked)
{
	uint32_t mss = c->snd.mss;

	/* Deflate by what left, add back one segment (6582-4). */
	c->cc.cwnd -= min_u32(acked, c->cc.cwnd - min_u32(c->cc.cwnd, mss));
	if (acked >= mss)
		c->cc.cwnd += mss;
	rec_mark_head_lost(c, USTACK_CAUSE_PARTIAL_ACK);
}

/* Numbers compare within 2 GB: @recover must not fall that far behind. */
static void drag_recover(struct tcp_conn *c, uint32_t acked)
{
	uint32_t before = c->snd.una - acked;

	if (c->rec.state == CA_OPEN && seq_gt(before, c->rec.recover))
		c->rec.recover = before - 1;
}

static void on_reno_ack(struct tcp_conn *c, const struct tcp_acked *a)
{
	if (a->acked == 0) {
		if (a->dup)
			on_reno_dupack(c);
		return;
	}
	if (c->rec.state == CA_RECOVERY && !recovered(c)) {
		on_partial_ack(c, a->acked);
		return;
	}
	if (c->rec.state == CA_RECOVERY) {
		leave_reno_recovery(c);
		return;
	}
	c->fl->dupacks = 0;
	drag_recover(c, a->acked);
	if (c->rec.state == CA_LOSS && recovered(c))
		leave_reno_recovery(c);
	grow(c, a);
}

/* -------------------------------------------------------------------- both */

void tcp_recovery_on_ack(struct tcp_conn *c, const struct tcp_acked *a)
{
	bool undone = undo_on_ack(c, a);

	if (c->rec.state == CA_LOSS && c->fl->frto && undo_frto(c, a))
		undone = true;
	if (undone)
		tcp_event_metrics(c);
	if (c->flags & CF_SACK)
		on_sack_ack(c, a);
	else
		on_reno_ack(c, a);
}

/* The peer dropped what it had SACKed: its acknowledgement stops there. */
static bool reneged(const struct tcp_conn *c)
{
	return (c->fl->first->flags & REC_SACKED) != 0;
}

static void forget_sacks(struct tcp_conn *c)
{
	tcp_count(c, USTACK_C_TCP_SACK_RENEGING);
	rec_forget_sacks(c);
}

void tcp_recovery_on_persist(struct tcp_conn *c)
{
	if (reneged(c))
		forget_sacks(c);
	c->fl->frto = 0; /* no new data can leave that would tell (5682-2) */
	rec_mark_head_lost(c, USTACK_CAUSE_WND_PROBE);
}

void tcp_recovery_on_timeout(struct tcp_conn *c)
{
	bool again = c->rec.state == CA_LOSS && c->rtt.backoff > 0;

	/* A second expiry for the same data keeps the threshold (5681-7). */
	if (!again) {
		undo_save(c);
		c->cc.ssthresh = tcp_cc_congested(c);
	}
	tcp_cc(c)->on_timeout(c);
	c->cc.cwnd = c->snd.mss;
	c->cc.acked = 0;
	c->fl->frto = again ? 0 : 1;
	c->fl->dupacks = 0;
	c->fl->tlp.at = TIME_NEVER;
	c->fl->tlp.due = false;
	c->fl->tlp.out = false;
	c->rec.state = CA_LOSS;
	c->rec.recover = c->snd.nxt;
	if (reneged(c)) {
		forget_sacks(c);
		rec_mark_all_lost(c, USTACK_CAUSE_RTO);
	} else if (c->flags & CF_SACK) {
		rack_mark_on_timeout(c); /* (8985-9) */
	} else {
		rec_mark_all_lost(c, USTACK_CAUSE_RTO);
	}
	tcp_event_metrics(c);
}

void tcp_recovery_on_sent(struct tcp_conn *c, uint32_t len)
{
	if (c->rec.state == CA_RECOVERY && c->flags & CF_SACK)
		c->fl->prr.out += len;
}

bool tcp_recovery_holds(const struct tcp_conn *c)
{
	return c->fl && c->fl->frto == 2;
}

bool tcp_recovery_untried(struct tcp_conn *c)
{
	if (!tcp_recovery_holds(c) || c->snd.nxt != c->rec.recover)
		return false;
	c->fl->frto = 0;
	return true;
}

uint32_t tcp_recovery_allowance(const struct tcp_conn *c)
{
	/* A SACKed segment has left the network as it is (3042 by 6675). */
	if (c->rec.state != CA_OPEN || !c->fl || c->flags & CF_SACK)
		return 0;
	return min_u32(c->fl->dupacks, TCP_DUPACK_THRESH - 1) * c->snd.mss;
}

const char *tcp_recovery_name(const struct tcp_conn *c)
{
	static const char *const name[] = { [CA_OPEN] = "open",
					    [CA_RECOVERY] = "recovery",
					    [CA_LOSS] = "loss" };

	return name[c->rec.state];
}

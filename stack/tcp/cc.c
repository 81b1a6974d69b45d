/* SPDX-License-Identifier: MIT */
/*
 * cc.c - what all congestion control algorithms share
 *
 * What a peer gains by lying about what it got: splitting an ACK, nothing, since
 * bytes are counted (RFC 3465).  Acknowledging ahead of time, as much as if its
 * path were shorter, and no more: what was not sent cannot be acknowledged, each
 * byte counts once and a segment's worth of them at a time for no more than
 * CC_ABC_LIMIT segments, and the send buffer bounds the flight.  What it lost
 * it never gets again.
 */

#include "cc.h"

#include "conn.h"
#include "ecn.h"
#include "hystart.h"
#include "pace.h"
#include "sendq.h"
#include "tcp.h"
#include "timers.h"

#define IW_BYTES 14600u /* RFC 6928 section 2 */
#define UNUSED_S 300u	/* RFC 7661 section 4.4.3: five minutes */

static const struct tcp_cc_ops *const algorithms[TCP_CC_IDS] = {
	[TCP_CC_CUBIC] = &tcp_cc_cubic,
	[TCP_CC_RENO] = &tcp_cc_reno,
};

const struct tcp_cc_ops *tcp_cc_ops(enum tcp_cc_id id)
{
	return algorithms[id];
}

int tcp_cc_find(const char *name)
{
	for (int i = 0; i < (int)TCP_CC_IDS; i++) {
		const char *a = algorithms[i]->name;
		const char *b = name;

		while (*a && *a == *b) {
			a++;
			b++;
		}
		if (*a == *b)
			return i;
	}
	return -ERR_NOENT;
}

bool tcp_cc_known(const char *name)
{
	return tcp_cc_find(name) >= 0;
}

int tcp_cc_choose(const struct tcp *t, const char *name)
{
	int id = name ? tcp_cc_find(name) : t->cc;

	return id < 0 ? -ERR_INVAL : id;
}

int ustack_setopt_cc(struct ustack *s, struct ustack_conn h, const char *name)
{
	struct tcp_conn *c = tcp_conn_get(s->tcp, h);
	int id = tcp_cc_choose(s->tcp, name);

	if (!c)
		return -ERR_NOENT;
	if (id < 0)
		return id;
	if (c->cc.id == id)
		return 0;
	c->cc.id = (uint8_t)id;
	tcp_cc(c)->init(c);
	if (c->fl)
		c->fl->undo_valid = false; /* it holds the other's words */
	return 0;
}

uint32_t tcp_cc_initial_window(const struct tcp_conn *c)
{
	uint32_t mss = c->snd.mss;

	if (c->flags & CF_SYN_REXMIT)
		return mss; /* (5681-2) */
	return min_u32(c->t->s->cfg.init_cwnd * mss,
		       max_u32(2 * mss, IW_BYTES));
}

void tcp_cc_start(struct tcp_conn *c)
{
	c->cc.cwnd = tcp_cc_initial_window(c);
	c->cc.ssthresh = CC_SSTHRESH_NONE;
	c->cc.full_s = (uint16_t)tcp_now_s(c);
	tcp_cc(c)->init(c);
}

/* RFC 7661 section 4.4.3: what was not used for so long is known no more. */
static void decay(struct tcp_conn *c)
{
	c->cc.ssthresh = max_u32(c->cc.ssthresh, c->cc.cwnd / 4 * 3);
	c->cc.cwnd = max_u32(c->cc.cwnd / 2, tcp_cc_initial_window(c));
	c->cc.full_s = (uint16_t)tcp_now_s(c);
}

/*
 * The window is forgotten, what it was is not: slow start leads back to three
 * quarters of it (RFC 2861 section 3.2, as Linux).
 */
void tcp_cc_after_idle(struct tcp_conn *c)
{
	uint32_t restart = tcp_cc_initial_window(c);

	if (tcp_now(c) - c->spoke_us <= tcp_rto_us(c) || c->cc.cwnd <= restart)
		return;
	c->cc.ssthresh = max_u32(c->cc.ssthresh, c->cc.cwnd / 4 * 3);
	c->cc.cwnd = restart;
	tcp_cc(c)->on_idle(c);
}

/* Growing a window that is not used would make it meaningless (5681-16). */
void tcp_cc_sent(struct tcp_conn *c)
{
	uint32_t flight = tcp_inflight(c);
	bool full = c->cc.cwnd < c->cc.ssthresh
			    ? flight >= c->cc.cwnd / 2
			    : flight + c->snd.mss > c->cc.cwnd;

	if (!c->fl)
		return;
	full |= c->fl->blocked;
	c->fl->cc.flight = tcp_unacked(c);
	c->fl->cc.pipe = flight;
	c->fl->cc.full = full;
	if (full)
		c->cc.full_s = (uint16_t)tcp_now_s(c);
	else if ((uint16_t)(tcp_now_s(c) - c->cc.full_s) >= UNUSED_S &&
		 c->rec.state == CA_OPEN)
		decay(c);
}

bool tcp_cc_clock(struct tcp_conn *c)
{
	struct cc_flight *f = &c->fl->cc;

	if (f->full)
		f->busy_us += tcp_now(c) - f->last_us;
	f->last_us = tcp_now(c);
	return f->full && !f->cut;
}

void tcp_cc_slow_start(struct tcp_conn *c, uint32_t acked)
{
	uint32_t limit = c->rec.state == CA_LOSS ? 1 : CC_ABC_LIMIT;
	uint32_t gain = min_u32(acked, limit * c->snd.mss);

	if (c->rec.state != CA_LOSS && pace_rate(c) != 0)
		gain = acked; /* no burst to fear (RFC 9406 section 4.3) */
	gain = hystart_gain(c, gain);
	tcp_cc_grow(c, min_u32(gain, c->cc.ssthresh - c->cc.cwnd));
}

/* ACKs of one batch count as one: what they covered was in flight too. */
uint32_t tcp_cc_flight(const struct tcp_conn *c)
{
	uint32_t flight = tcp_unacked(c);

	if (c->fl)
		flight = max_u32(flight, c->fl->cc.flight);
	return c->rec.state == CA_OPEN ? min_u32(flight, c->cc.cwnd) : flight;
}

uint32_t tcp_cc_congested(struct tcp_conn *c)
{
	if (c->cc.ecn & ECN_OK)
		c->cc.ecn |= ECN_CWR; /* whatever the reason (RFC 3168 6.1.2) */
	if (c->fl && c->fl->cc.cut)
		return c->cc.ssthresh;
	return tcp_cc(c)->ssthresh(c);
}

uint64_t tcp_cc_window_rate(const struct tcp_conn *c)
{
	uint32_t percent = c->cc.cwnd < c->cc.ssthresh / 2 ? 200 : 120;

	if (c->rtt.srtt_us == 0)
		return 0;
	return max_u64((uint64_t)c->cc.cwnd * percent * 10000 / c->rtt.srtt_us,
		       1);
}

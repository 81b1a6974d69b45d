/* SPDX-License-Identifier: MIT */
/*
 * syncookie.c - handshakes without state
 */

#include "syncookie.h"

#include "conn.h"
#include "isn.h"
#include "segment.h"
#include "stack/base/bytes.h"

#define TIME_SHIFT 31u /* in the ISN: lowest bit of the period */
#define MSS_SHIFT  28u
#define MSS_MASK   7u
#define HASH_MASK  0x0fffffffu
#define MASK_SHIFT 32u /* in the hash: what hides the MSS index */

#define TS_WSCALE  0x0fu /* in TSval: the shift, or no window scaling */
#define TS_SACK	   0x10u
#define TS_ECN	   0x20u
#define TS_MASK	   0x3fu

/* A window that is kept whatever happens to memory until the ACK comes. */
#define COOKIE_WND 16384u

/*
 * The least that we let a peer force on us, the defaults, tunnels and DSL,
 * Ethernet, whose value is the most frequent by far, jumbo frames.
 */
static const uint16_t mss4[MSS_MASK + 1] = {
	TCP_MSS_MIN, TCP_MSS_DEFAULT4, 1220, 1360, 1400, 1440, 1460, 8960
};
static const uint16_t mss6[MSS_MASK + 1] = {
	TCP_MSS_MIN, 536, TCP_MSS_DEFAULT6, 1360, 1400, 1420, 1440, 8940
};

static const uint16_t *mss_table(const struct syn_entry *e)
{
	return ip_is4(&e->flow.remote) ? mss4 : mss6;
}

/* The largest that is not more than what the peer takes (MUST-15). */
static uint32_t mss_index(const struct syn_entry *e)
{
	const uint16_t *table = mss_table(e);
	uint32_t mss = e->mss;
	uint32_t i = MSS_MASK;

	if (mss == 0)
		mss = ip_is4(&e->flow.remote) ? TCP_MSS_DEFAULT4
					      : TCP_MSS_DEFAULT6;
	while (i > 0 && table[i] > mss)
		i--;
	return i;
}

static uint32_t period(const struct tcp *t)
{
	return (uint32_t)(t->s->now_us >> SYNCOOKIE_PERIOD_SHIFT);
}

static uint64_t hash(const struct tcp *t, const struct syn_entry *e,
		     uint32_t when)
{
	const struct tcp_flow *f = &e->flow;
	uint64_t w[6] = { (uint64_t)f->lport << 48 | (uint64_t)f->rport << 32 |
				  e->irs,
			  (uint64_t)when << 1 | !!(e->has & TCP_OPT_HAS_TS) };
	uint32_t n = 2;

	if (ip_is4(&f->remote)) {
		memcpy((uint8_t *)&w[2], f->local.b + 12, 4);
		memcpy((uint8_t *)&w[2] + 4, f->remote.b + 12, 4);
		n = 3;
	} else {
		memcpy(&w[2], f->local.b, 16);
		memcpy(&w[4], f->remote.b, 16);
		n = 6;
	}
	return siphash_words(&t->key.cookie, w, n);
}

uint32_t syncookie_make(const struct tcp *t, const struct syn_entry *e)
{
	uint32_t when = period(t);
	uint64_t h = hash(t, e, when);
	uint32_t mss = mss_index(e) ^ ((uint32_t)(h >> MASK_SHIFT) & MSS_MASK);

	return when << TIME_SHIFT | mss << MSS_SHIFT |
	       ((uint32_t)h & HASH_MASK);
}

bool syncookie_read(const struct tcp *t, struct syn_entry *e)
{
	uint32_t now = period(t);
	uint32_t when = (now & 1) == e->iss >> TIME_SHIFT ? now : now - 1;
	uint64_t h = hash(t, e, when);
	uint32_t mss = e->iss >> MSS_SHIFT ^ (uint32_t)(h >> MASK_SHIFT);

	e->mss = mss_table(e)[mss & MSS_MASK];
	return (((uint32_t)h ^ e->iss) & HASH_MASK) == 0;
}

/* The last value of the clock that has these options in its low bits. */
static uint32_t ts_put(const struct syn_entry *e, uint32_t now)
{
	uint32_t bits = e->has & TCP_OPT_HAS_WSCALE ? e->wscale : TS_WSCALE;
	uint32_t ts;

	if (e->has & TCP_OPT_HAS_SACK_OK)
		bits |= TS_SACK;
	if (e->flags & SYN_ECN)
		bits |= TS_ECN;
	ts = (now & ~TS_MASK) | bits;
	return seq_gt(ts, now) ? ts - (TS_MASK + 1) : ts;
}

/* Return: false if no cookie of ours ever said that */
static bool ts_get(const struct tcp *t, struct syn_entry *e, uint32_t tsecr)
{
	uint32_t wscale = tsecr & TS_WSCALE;

	if (wscale != TS_WSCALE) {
		if (wscale > TCP_WSCALE_MAX)
			return false;
		e->has |= TCP_OPT_HAS_WSCALE;
		e->wscale = (uint8_t)wscale;
	}
	if (tsecr & TS_SACK)
		e->has |= TCP_OPT_HAS_SACK_OK;
	if (tsecr & TS_ECN && t->s->cfg.ecn != USTACK_ECN_OFF)
		e->flags |= SYN_ECN;
	e->has = syncache_agreed(t, e->has);
	return true;
}

static uint16_t window(const struct tcp *t)
{
	return (uint16_t)min_u32(t->s->cfg.rcvbuf_init, COOKIE_WND);
}

void syncookie_send(struct tcp *t, const struct tcp_flow_args *a,
		    const struct tcp_seg *seg, int listener)
{
	struct syn_entry e;
	struct tcp_out o;

	/* What cannot be taken now shall come again as a SYN (4987-6). */
	if (syncache_backlog_full(t, listener))
		return;
	syncache_fill(t, &e, a, seg, listener);
	if (!(e.has & TCP_OPT_HAS_TS)) {
		e.has = 0;
		e.flags = 0;
	}
	e.adv = window(t);
	e.iss = syncookie_make(t, &e);
	syncache_segment(t, &e, TCP_SYN | TCP_ACK, &o);
	o.opt.tsval = ts_put(&e, o.opt.tsval);
	t->listener[listener].cookies_until_us = t->s->now_us +
						 (2ull
						  << SYNCOOKIE_PERIOD_SHIFT);
	stack_count(t->s, USTACK_C_TCP_SYN_COOKIES_SENT);
	tcp_emit(t->s, &o); /* without room: as if it were lost */
}

bool syncookie_input(struct tcp *t, const struct tcp_seg *seg,
		     struct syn_entry *e)
{
	if (t->s->now_us >= t->listener[e->listener].cookies_until_us)
		return false;
	e->irs = seg->seq - 1;
	e->iss = seg->ack - 1;
	e->has = syncache_agreed(t, seg->opt.has & TCP_OPT_HAS_TS);
	e->flags = SYN_RESENT; /* when it left is not known: no sample */
	if (!syncookie_read(t, e) ||
	    (e->has && !ts_get(t, e, seg->opt.tsecr))) {
		stack_count(t->s, USTACK_C_TCP_SYN_COOKIES_FAILED);
		return false;
	}
	e->ts_recent = seg->opt.tsval;
	e->wnd = seg->wnd;
	e->adv = window(t);
	e->born_us = t->s->now_us;
	e->sent = 1;
	return true;
}

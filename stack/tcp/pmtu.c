/* SPDX-License-Identifier: MIT */
/*
 * pmtu.c - segments that fit the path
 */

#include "pmtu.h"

#include "conn.h"
#include "extra.h"
#include "sendq.h"
#include "timers.h"

#define HOLE_TIMEOUTS 3u    /* in a row, before it is held for one */
#define HOLE_FAR      5u    /* and before the last resort */
#define HOLE_MTU      1280u /* what tunnels leave, and IPv6's least */
#define HOLE_MTU4     576u  /* what every host takes (RFC 1122) */

static uint32_t headers(const struct tcp_conn *c)
{
	return ip_hdr_len(&c->flow.remote) + TCP_HDR_MIN;
}

static uint32_t options(const struct tcp_conn *c)
{
	return c->flags & CF_TS ? TCP_OPT_TS_LEN : 0;
}

/* Bytes of the largest packet that the connection sends now. */
static uint32_t packet_size(const struct tcp_conn *c)
{
	return c->snd.mss + options(c) + headers(c);
}

/* Bytes of the largest packet that carries a part of @r. */
static uint32_t sent_size(const struct tcp_conn *c, const struct tcp_rec *r)
{
	return min_u32(r->len, c->snd.mss) + options(c) + headers(c);
}

static enum ustack_pmtu mode(const struct tcp_conn *c)
{
	return c->x ? (enum ustack_pmtu)c->x->pmtu_mode : USTACK_PMTU_WANT;
}

/* What ICMP says is not heeded; IPv6 has nobody else to cut packets. */
static bool blind(const struct tcp_conn *c)
{
	return mode(c) == USTACK_PMTU_PROBE ||
	       (mode(c) == USTACK_PMTU_DONT && ip_is4(&c->flow.remote));
}

uint32_t tcp_pmtu_mss(struct tcp_conn *c, uint32_t most)
{
	struct ustack *s = c->t->s;
	uint32_t mtu = ip_path_mtu(s, &c->flow.remote);
	uint32_t mss = most;

	if (blind(c)) {
		c->opts &= (uint16_t) ~(OF_PMTU | OF_MAY_FRAG);
		c->opts |= mode(c) == USTACK_PMTU_DONT ? OF_MAY_FRAG : 0;
		return most;
	}
	if (mtu != 0)
		mss = min_u32(mtu - headers(c), most);
	else if (c->opts & OF_PMTU) /* forgotten early: stay small */
		mss = min_u32(c->snd.mss + options(c), most);
	c->opts &= (uint16_t) ~(OF_PMTU | OF_MAY_FRAG);
	if (mss < most)
		c->opts |= OF_PMTU;
	if (mode(c) != USTACK_PMTU_DO && ip_path_small(s, &c->flow.remote))
		c->opts |= OF_MAY_FRAG;
	return mss;
}

/* What left in segments of more than @fits bytes did not get through. */
static void hold_lost(struct tcp_conn *c, uint32_t fits)
{
	if (!rec_first(c))
		return; /* a SYN is short enough for any path */
	for (struct tcp_rec *r = rec_first(c); r; r = rec_next(r))
		if (min_u32(r->mss, r->len) > fits)
			rec_mark_lost(c, r, USTACK_CAUSE_MTU);
	tcp_rtx_restart(c);
	tcp_mark_ready(c);
}

/* RFC 5927 section 7.2: what is said must be possible. */
static bool plausible(const struct tcp_conn *c, const struct ip_error *e,
		      uint32_t mtu)
{
	return mtu < e->quoted_len && mtu < packet_size(c);
}

void tcp_pmtu_too_big(struct tcp_conn *c, const struct ip_error *e)
{
	uint32_t before = packet_size(c);
	uint16_t opts = c->opts;
	uint32_t mtu = e->mtu;

	if (blind(c)) {
		stack_drop(c->t->s, USTACK_C_DROP_ICMP_MTU);
		return;
	}
	if (mtu == 0 && ip_is4(&e->remote)) /* a router of old (1191-3) */
		mtu = ip_plateau(min_u32(e->quoted_len, before));
	if (plausible(c, e, mtu)) {
		ip_path_lower(c->t->s, &e->remote, mtu);
		tcp_mss_update(c);
	}
	if (packet_size(c) == before &&
	    (c->opts & OF_MAY_FRAG) == (opts & OF_MAY_FRAG)) {
		stack_drop(c->t->s, USTACK_C_DROP_ICMP_MTU); /* (1191-4) */
		return;
	}
	tcp_count(c, USTACK_C_TCP_PMTU_LOWERED);
	hold_lost(c, min_u32(c->snd.mss, mtu - headers(c)));
}

/*
 * Full segments go unanswered, one timeout after another: a router on the way
 * may drop what is too big and not say so.  The sizes tried are safe ones.
 */
void tcp_pmtu_on_timeout(struct tcp_conn *c)
{
	uint32_t row = c->rtt.backoff + 1u;
	const struct tcp_rec *r = rec_first(c);
	uint32_t mtu = HOLE_MTU;

	if (row >= HOLE_FAR && ip_is4(&c->flow.remote))
		mtu = HOLE_MTU4;
	if (blind(c) || row < HOLE_TIMEOUTS || !r || sent_size(c, r) <= mtu)
		return;
	ip_path_lower(c->t->s, &c->flow.remote, mtu);
	tcp_mss_update(c);
	tcp_count(c, USTACK_C_TCP_BLACK_HOLES);
}

void tcp_pmtu_refresh(struct tcp_conn *c)
{
	if (c->opts & OF_PMTU)
		tcp_mss_update(c);
}

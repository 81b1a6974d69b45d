/* SPDX-License-Identifier: MIT */
/*
 * keepalive.c - probes of an idle connection
 */

#include "keepalive.h"

#include "conn.h"
#include "extra.h"
#include "segment.h"
#include "sendq.h"

uint64_t tcp_keepalive_idle_us(const struct tcp_conn *c)
{
	if (c->x && c->x->keep_idle_ms)
		return (uint64_t)c->x->keep_idle_ms * 1000u;
	return c->t->s->cfg.keepalive_idle_us;
}

uint64_t tcp_keepalive_intvl_us(const struct tcp_conn *c)
{
	if (c->x && c->x->keep_intvl_ms)
		return (uint64_t)c->x->keep_intvl_ms * 1000u;
	return c->t->s->cfg.keepalive_intvl_us;
}

uint32_t tcp_keepalive_cnt(const struct tcp_conn *c)
{
	if (c->x && c->x->keep_cnt)
		return c->x->keep_cnt;
	return c->t->s->cfg.keepalive_probes;
}

uint64_t tcp_keepalive_at(const struct tcp_conn *c)
{
	if (c->state < USTACK_ESTABLISHED || rec_first(c) || tcp_unsent(c))
		return TIME_NEVER;
	return c->heard_us + tcp_keepalive_idle_us(c) +
	       c->keep_sent * tcp_keepalive_intvl_us(c);
}

/* A user timeout that was set bounds this wait as well, as in Linux. */
static bool spent(const struct tcp_conn *c)
{
	uint64_t silent_us = tcp_now(c) - c->heard_us;

	if (c->opts & OF_USER_TIMEOUT)
		return c->keep_sent > 0 &&
		       silent_us >= (uint64_t)c->user_timeout_ms * 1000u;
	return c->keep_sent >= tcp_keepalive_cnt(c);
}

void tcp_keepalive_on_timer(struct tcp_conn *c)
{
	if (spent(c)) {
		tcp_count(c, USTACK_C_TCP_ABORT_ON_KEEPALIVE);
		tcp_kill(c, USTACK_END_TIMEOUT);
		return;
	}
	if (c->keep_sent < UINT8_MAX)
		c->keep_sent++;
	c->opts |= OF_KEEP_NOW;
}

/* <SEQ=SND.NXT-1><ACK=RCV.NXT><CTL=ACK>, no data: old to the peer, which has
 * to say where it stands (SHLD-12).
 */
int tcp_keepalive_send(struct tcp_conn *c)
{
	struct tcp_out o;
	int r;

	if (!(c->opts & OF_KEEP_NOW))
		return 0;
	if (c->t->s->tx_left == 0)
		return -ERR_AGAIN;
	tcp_out_init(c, &o, TCP_ACK);
	o.seq = c->snd.nxt - 1;
	o.cause = USTACK_CAUSE_KEEPALIVE;
	r = tcp_emit_conn(c, &o);
	if (r == -ERR_AGAIN)
		return r;
	c->opts &= (uint16_t)~OF_KEEP_NOW;
	tcp_count(c, USTACK_C_TCP_KEEPALIVES);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * uto.c - user timeout option
 */

#include "uto.h"

#include "extra.h"
#include "segment.h"

#define MINUTES	    0x8000u /* G */
#define SECONDS_MAX 32767u

static uint64_t seconds_of(uint16_t field)
{
	uint64_t n = field & ~MINUTES;

	return field & MINUTES ? n * 60u : n;
}

int tcp_uto_set(struct tcp_conn *c, uint64_t us)
{
	uint64_t s = us / 1000000u;
	struct tcp_extra *x;

	if (us != 0 && s == 0)
		return -ERR_INVAL;
	x = tcp_extra_get(c);
	if (!x)
		return -ERR_NOMEM;
	x->adv_uto = (uint16_t)(s <= SECONDS_MAX ? s : MINUTES | s / 60u);
	c->opts = (uint16_t)(s ? c->opts | OF_UTO_NOW : c->opts & ~OF_UTO_NOW);
	return 0;
}

uint64_t tcp_uto_get(const struct tcp_conn *c)
{
	return c->x ? seconds_of(c->x->adv_uto) * 1000000u : 0;
}

void tcp_uto_add(const struct tcp_conn *c, struct tcp_opts *o)
{
	if (!c->x || c->x->adv_uto == 0)
		return;
	o->has |= TCP_OPT_HAS_UTO;
	o->uto = c->x->adv_uto;
}

int tcp_uto_send(struct tcp_conn *c)
{
	struct tcp_out o;
	int r;

	if (!(c->opts & OF_UTO_NOW))
		return 0;
	if (c->t->s->tx_left == 0)
		return -ERR_AGAIN;
	tcp_out_init(c, &o, TCP_ACK);
	tcp_uto_add(c, &o.opt);
	r = tcp_emit_conn(c, &o);
	if (r == -ERR_AGAIN)
		return r;
	c->opts &= (uint16_t)~OF_UTO_NOW;
	tcp_count(c, USTACK_C_TCP_OUT_UTO);
	return 0;
}

/* USER_TIMEOUT = min(U_LIMIT, max(ADV_UTO, REMOTE_UTO, L_LIMIT)). */
static void adopt(struct tcp_conn *c, uint64_t remote_s)
{
	uint64_t s = max_u64(remote_s, UTO_LEAST_S);

	if (c->x)
		s = max_u64(s, seconds_of(c->x->adv_uto));
	c->user_timeout_ms = (uint32_t)min_u64(s, UTO_LIMIT_S) * 1000u;
}

void tcp_in_uto(struct tcp_conn *c, const struct tcp_seg *seg)
{
	uint64_t s;

	if (!(seg->opt.has & TCP_OPT_HAS_UTO))
		return;
	s = seconds_of(seg->opt.uto);
	if (!(c->opts & OF_UTO_ACCEPT) || s == 0) {
		tcp_count(c, USTACK_C_TCP_IN_UTO_IGNORED);
		return;
	}
	tcp_count(c, USTACK_C_TCP_IN_UTO);
	adopt(c, s);
}

/* SPDX-License-Identifier: MIT */
/*
 * opt.c - the options of a connection: one line of the table each
 */

#include "conn.h"
#include "ecn.h"
#include "extra.h"
#include "keepalive.h"
#include "segment.h"
#include "timers.h"
#include "uto.h"
#include "window.h"

#define BUF_LEAST  2048u
#define BUF_MOST   (1u << 30)
#define MSS_MOST   65495u /* of IPv4's largest packet */
#define COUNT_MOST 127u
#define MS_MOST	   ((uint64_t)UINT32_MAX)

/**
 * struct opt_row - one option
 * @set:	take a value that is at most @most; 0 or -ERR_*
 * @get:	what is in force
 * @most:	largest value
 */
struct opt_row {
	int (*set)(struct tcp_conn *c, uint64_t v);
	uint64_t (*get)(const struct tcp_conn *c);
	uint64_t most;
};

static int set_switch(struct tcp_conn *c, uint16_t bit, bool on)
{
	c->opts = (uint16_t)(on ? c->opts | bit : c->opts & ~bit);
	return 0;
}

/* Milliseconds kept in @c->x; what is not 0 stays so. */
static int set_ms(struct tcp_conn *c, size_t field, uint64_t us)
{
	struct tcp_extra *x = tcp_extra_get(c);
	uint32_t ms = (uint32_t)min_u64((us + 999u) / 1000u, MS_MOST);

	if (!x)
		return -ERR_NOMEM;
	memcpy((uint8_t *)x + field, &ms, sizeof(ms));
	return 0;
}

static int set_byte(struct tcp_conn *c, size_t field, uint64_t v)
{
	struct tcp_extra *x = tcp_extra_get(c);

	if (!x)
		return -ERR_NOMEM;
	((uint8_t *)x)[field] = (uint8_t)v;
	return 0;
}

static int set_nodelay(struct tcp_conn *c, uint64_t v)
{
	c->flags = v ? c->flags | CF_NODELAY : c->flags & ~CF_NODELAY;
	return 0;
}

static uint64_t get_nodelay(const struct tcp_conn *c)
{
	return (c->flags & CF_NODELAY) != 0;
}

static int set_cork(struct tcp_conn *c, uint64_t v)
{
	if (v && !tcp_extra_get(c))
		return -ERR_NOMEM;
	return set_switch(c, OF_CORK, v != 0);
}

static uint64_t get_cork(const struct tcp_conn *c)
{
	return (c->opts & OF_CORK) != 0;
}

static int set_sndbuf(struct tcp_conn *c, uint64_t v)
{
	if (v < BUF_LEAST)
		return -ERR_INVAL;
	c->snd.buf = (uint32_t)v;
	c->opts |= OF_SNDBUF;
	if (c->flags & CF_WANT_WRITE && tcp_send_space(c) > 0)
		c->flags |= CF_EV_WRITABLE;
	return 0;
}

static uint64_t get_sndbuf(const struct tcp_conn *c)
{
	return c->snd.buf;
}

static int set_rcvbuf(struct tcp_conn *c, uint64_t v)
{
	if (v < BUF_LEAST)
		return -ERR_INVAL;
	if (c->flags & CF_DETACHED)
		return 0; /* nothing is promised any more */
	tcp_wnd_set_buf(c, (uint32_t)v);
	c->flags |= c->state >= USTACK_ESTABLISHED ? CF_ACK_NOW : 0;
	return 0;
}

static uint64_t get_rcvbuf(const struct tcp_conn *c)
{
	return c->rcv.buf;
}

static int set_maxseg(struct tcp_conn *c, uint64_t v)
{
	struct tcp_extra *x;

	if (v != 0 && v < TCP_MSS_MIN)
		return -ERR_INVAL;
	x = tcp_extra_get(c);
	if (!x)
		return -ERR_NOMEM;
	x->maxseg = (uint16_t)v;
	tcp_mss_update(c);
	return 0;
}

static uint64_t get_maxseg(const struct tcp_conn *c)
{
	if (c->state < USTACK_ESTABLISHED && c->x && c->x->maxseg)
		return c->x->maxseg;
	return c->snd.mss;
}

static int set_user_timeout(struct tcp_conn *c, uint64_t us)
{
	if (us != 0 && us < 1000)
		return -ERR_INVAL;
	set_switch(c, OF_USER_TIMEOUT, us != 0);
	set_switch(c, OF_UTO_ACCEPT, false);
	if (us == 0)
		us = c->t->s->cfg.r2_us;
	c->user_timeout_ms = (uint32_t)min_u64(us / 1000u, MS_MOST);
	return 0;
}

static uint64_t get_user_timeout(const struct tcp_conn *c)
{
	return (uint64_t)c->user_timeout_ms * 1000u;
}

static int set_keepalive(struct tcp_conn *c, uint64_t v)
{
	c->keep_sent = 0;
	return set_switch(c, OF_KEEPALIVE, v && !(c->flags & CF_DETACHED));
}

static uint64_t get_keepalive(const struct tcp_conn *c)
{
	return (c->opts & OF_KEEPALIVE) != 0;
}

static int set_keepidle(struct tcp_conn *c, uint64_t us)
{
	return set_ms(c, offsetof(struct tcp_extra, keep_idle_ms), us);
}

static int set_keepintvl(struct tcp_conn *c, uint64_t us)
{
	return set_ms(c, offsetof(struct tcp_extra, keep_intvl_ms), us);
}

static int set_keepcnt(struct tcp_conn *c, uint64_t v)
{
	return set_byte(c, offsetof(struct tcp_extra, keep_cnt), v);
}

static uint64_t get_keepcnt(const struct tcp_conn *c)
{
	return tcp_keepalive_cnt(c);
}

static int set_syncnt(struct tcp_conn *c, uint64_t v)
{
	return set_byte(c, offsetof(struct tcp_extra, syn_cnt), v);
}

static uint64_t get_syncnt(const struct tcp_conn *c)
{
	return c->x ? c->x->syn_cnt : 0;
}

static int set_linger(struct tcp_conn *c, uint64_t us)
{
	int r = 0;

	if (us != USTACK_LINGER_OFF)
		r = set_ms(c, offsetof(struct tcp_extra, linger_ms), us);
	if (r == 0)
		set_switch(c, OF_LINGER, us != USTACK_LINGER_OFF);
	return r;
}

static uint64_t get_linger(const struct tcp_conn *c)
{
	return c->opts & OF_LINGER ? (uint64_t)c->x->linger_ms * 1000u
				   : USTACK_LINGER_OFF;
}

static int set_linger2(struct tcp_conn *c, uint64_t us)
{
	return set_ms(c, offsetof(struct tcp_extra, fin_wait2_ms), us);
}

static int set_ttl(struct tcp_conn *c, uint64_t v)
{
	if (v == 0)
		return -ERR_INVAL;
	c->ttl = (uint8_t)v;
	return 0;
}

static uint64_t get_ttl(const struct tcp_conn *c)
{
	return c->ttl;
}

static int set_tos(struct tcp_conn *c, uint64_t v)
{
	c->tos = (uint8_t)(v & ~(uint64_t)ECN_MASK); /* ECN is the stack's */
	return 0;
}

static uint64_t get_tos(const struct tcp_conn *c)
{
	return c->tos;
}

static int set_pacing(struct tcp_conn *c, uint64_t v)
{
	struct tcp_extra *x = tcp_extra_get(c);

	if (!x)
		return -ERR_NOMEM;
	x->pace_rate = v;
	x->pace_at = 0;
	return 0;
}

static uint64_t get_pacing(const struct tcp_conn *c)
{
	return c->x ? c->x->pace_rate : 0;
}

static int set_pmtu(struct tcp_conn *c, uint64_t v)
{
	int r = set_byte(c, offsetof(struct tcp_extra, pmtu_mode), v);

	tcp_mss_update(c);
	return r;
}

static uint64_t get_pmtu(const struct tcp_conn *c)
{
	return c->x ? c->x->pmtu_mode : USTACK_PMTU_WANT;
}

static int set_soft_errors(struct tcp_conn *c, uint64_t v)
{
	return set_switch(c, OF_SOFT_OFF, v == 0);
}

static uint64_t get_soft_errors(const struct tcp_conn *c)
{
	return !(c->opts & OF_SOFT_OFF);
}

static int set_uto_accept(struct tcp_conn *c, uint64_t v)
{
	return set_switch(c, OF_UTO_ACCEPT, v != 0);
}

static uint64_t get_uto_accept(const struct tcp_conn *c)
{
	return (c->opts & OF_UTO_ACCEPT) != 0;
}

#define ANY UINT64_MAX

static const struct opt_row rows[USTACK_OPTS] = {
	[USTACK_OPT_NODELAY] = { set_nodelay, get_nodelay, ANY },
	[USTACK_OPT_CORK] = { set_cork, get_cork, ANY },
	[USTACK_OPT_SNDBUF] = { set_sndbuf, get_sndbuf, BUF_MOST },
	[USTACK_OPT_RCVBUF] = { set_rcvbuf, get_rcvbuf, BUF_MOST },
	[USTACK_OPT_MAXSEG] = { set_maxseg, get_maxseg, MSS_MOST },
	[USTACK_OPT_USER_TIMEOUT] = { set_user_timeout, get_user_timeout, ANY },
	[USTACK_OPT_KEEPALIVE] = { set_keepalive, get_keepalive, ANY },
	[USTACK_OPT_KEEPIDLE] = { set_keepidle, tcp_keepalive_idle_us, ANY },
	[USTACK_OPT_KEEPINTVL] = { set_keepintvl, tcp_keepalive_intvl_us, ANY },
	[USTACK_OPT_KEEPCNT] = { set_keepcnt, get_keepcnt, COUNT_MOST },
	[USTACK_OPT_SYNCNT] = { set_syncnt, get_syncnt, COUNT_MOST },
	[USTACK_OPT_LINGER] = { set_linger, get_linger, ANY },
	[USTACK_OPT_LINGER2] = { set_linger2, tcp_fin_wait2_us, ANY },
	[USTACK_OPT_TTL] = { set_ttl, get_ttl, UINT8_MAX },
	[USTACK_OPT_TOS] = { set_tos, get_tos, UINT8_MAX },
	[USTACK_OPT_PMTU] = { set_pmtu, get_pmtu, USTACK_PMTU_MODES - 1 },
	[USTACK_OPT_PACING] = { set_pacing, get_pacing, ANY },
	[USTACK_OPT_SOFT_ERRORS] = { set_soft_errors, get_soft_errors, ANY },
	[USTACK_OPT_UTO_SEND] = { tcp_uto_set, tcp_uto_get, UTO_MOST_US },
	[USTACK_OPT_UTO_ACCEPT] = { set_uto_accept, get_uto_accept, ANY },
};

int ustack_setopt(struct ustack *s, struct ustack_conn h, enum ustack_opt opt,
		  uint64_t value)
{
	struct tcp_conn *c = tcp_conn_get(s->tcp, h);

	if (!c)
		return -ERR_NOENT;
	if ((uint32_t)opt >= USTACK_OPTS || value > rows[opt].most)
		return -ERR_INVAL;
	tcp_mark_ready(c);
	return rows[opt].set(c, value);
}

int ustack_getopt(struct ustack *s, struct ustack_conn h, enum ustack_opt opt,
		  uint64_t *value)
{
	const struct tcp_conn *c = tcp_conn_get(s->tcp, h);

	if (!c)
		return -ERR_NOENT;
	if ((uint32_t)opt >= USTACK_OPTS)
		return -ERR_INVAL;
	*value = rows[opt].get(c);
	return 0;
}

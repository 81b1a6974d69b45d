/* SPDX-License-Identifier: MIT */
/*
 * timers.c - what happens when time passes (RFC 6298 section 5, RFC 9293
 *	      sections 3.8.3 and 3.8.6.1)
 */

#include "timers.h"

#include "conn.h"
#include "extra.h"
#include "pmtu.h"
#include "recovery.h"
#include "sendq.h"
#include "state.h"
#include "tlp.h"

#define MEMORY_POLL_US	   100000u
#define ORPHAN_TRIES	   8u /* 102 s at least (SHLD-11), as Linux */
#define ORPHAN_TRIES_SHORT 3u

uint32_t tcp_rto_us(const struct tcp_conn *c)
{
	const struct ustack_config *cfg = &c->t->s->cfg;
	struct rtt_limits l = { .init_us = cfg->rto_init_us,
				.min_us = cfg->rto_min_us,
				.max_us = cfg->rto_max_us };

	return rtt_rto_us(&c->rtt, &l);
}

void tcp_timers_arm(struct tcp_conn *c)
{
	uint64_t at = min_u64(c->rtx_at, min_u64(c->delack_at, c->life_at));

	if (c->fl)
		at = min_u64(at, min_u64(c->fl->reo_at, c->fl->tlp.at));
	if (c->x || c->opts & OF_KEEPALIVE)
		at = min_u64(at, tcp_extra_deadline(c));

	/* Waking early is legal: a deadline that moved away costs nothing. */
	if (at < c->timer.expires_us)
		timer_arm(&c->t->s->wheel, &c->timer, at);
}

void tcp_timers_stop(struct tcp_conn *c)
{
	c->rtx_at = TIME_NEVER;
	c->delack_at = TIME_NEVER;
	c->life_at = TIME_NEVER;
	timer_cancel(&c->t->s->wheel, &c->timer);
}

void tcp_rtx_start(struct tcp_conn *c)
{
	if (c->rtx_at == TIME_NEVER)
		c->rtx_at = tcp_now(c) + tcp_rto_us(c);
}

void tcp_rtx_restart(struct tcp_conn *c)
{
	c->rtx_at = TIME_NEVER;
	if (rec_first(c))
		tcp_rtx_start(c);
}

static void give_up(struct tcp_conn *c)
{
	tcp_count(c, USTACK_C_TCP_ABORT_ON_TIMEOUT);
	/* Its time is not over: a peer that is there must not wait for the rest. */
	if (c->flags & CF_ORPHAN && stack_mem_short(c->t->s))
		tcp_reset(c, USTACK_END_TIMEOUT);
	else
		tcp_kill(c, USTACK_END_TIMEOUT);
}

static void give_up_orphan(struct tcp_conn *c)
{
	if (c->state != USTACK_FIN_WAIT_2)
		tcp_count(c, USTACK_C_TCP_ABORT_ON_TIMEOUT);
	tcp_kill(c, USTACK_END_TIMEOUT);
}

/* Back-off outlives an acknowledgement that gives no sample (Karn). */
static uint32_t tries(const struct tcp_conn *c)
{
	return c->fl ? c->fl->tries : c->rtt.backoff;
}

/*
 * The timer of a connection that nobody has any more: is it time to give it
 * up?  After so many expiries, unless the application has set a time of its own
 * (MUST-21); and after a few when memory is short, which such connections hold for
 * peers that may be gone (6429-1): one that is there, and slow, has the rest.
 */
static bool orphan_spent(const struct tcp_conn *c)
{
	uint64_t r2_ms = min_u64(c->t->s->cfg.r2_us / 1000u, UINT32_MAX);

	if (!(c->flags & CF_ORPHAN))
		return false;
	return (tries(c) >= ORPHAN_TRIES_SHORT && stack_mem_short(c->t->s)) ||
	       (tries(c) >= ORPHAN_TRIES && c->user_timeout_ms == r2_ms);
}

static void backoff(struct tcp_conn *c)
{
	rtt_backoff(&c->rtt);
	if (c->fl && c->fl->tries < UINT8_MAX)
		c->fl->tries++;
}

/* Once more without answer: at R1 somebody should know (MUST-20). */
static void backoff_unanswered(struct tcp_conn *c)
{
	backoff(c);
	if (c->rtt.backoff == c->t->s->cfg.r1_retries)
		tcp_soft_error_r1(c);
}

/* SYN, or SYN-ACK of a simultaneous open, without answer (MUST-22, MUST-23). */
static void on_syn_timeout(struct tcp_conn *c)
{
	uint64_t limit_us = min_u64(c->t->s->cfg.syn_r2_us,
				    (uint64_t)c->user_timeout_ms * 1000u);

	if (tcp_now(c) - c->opened_us >= limit_us || tcp_syn_spent(c)) {
		give_up(c);
		return;
	}
	backoff_unanswered(c);
	c->flags |= CF_SYN_NOW | CF_SYN_REXMIT;
	c->rtx_at = tcp_now(c) + tcp_rto_us(c);
}

/* When the probing of a shut window began: an idle time before says nothing. */
static uint64_t probing_since(struct tcp_conn *c)
{
	struct tcp_extra *x = tcp_extra_get(c);

	if (!x)
		return c->heard_us;
	if (c->rtt.backoff == 0)
		x->probe_us = tcp_now(c);
	return max_u64(x->probe_us, c->heard_us);
}

/*
 * The window is shut.  As long as the peer answers probes the connection
 * lives (MUST-37); silence counts from the last segment heard.
 */
static void on_persist_timeout(struct tcp_conn *c)
{
	uint64_t silent_us = tcp_now(c) - probing_since(c);

	if (silent_us >= (uint64_t)c->user_timeout_ms * 1000u ||
	    orphan_spent(c)) {
		give_up(c);
		return;
	}
	backoff(c); /* (SHLD-30); a shut window is no trouble on the way */
	if (rec_first(c))
		tcp_recovery_on_persist(c);
	c->flags |= CF_PROBE_NOW;
	c->rtx_at = tcp_now(c) + tcp_rto_us(c);
}

/* RFC 6298 (5.4) to (5.6); R2 counts from the first transmission (MUST-20). */
static void on_rtx_timeout(struct tcp_conn *c)
{
	uint64_t stalled_us = tcp_now(c) - c->fl->since_us;

	if (stalled_us >= (uint64_t)c->user_timeout_ms * 1000u ||
	    orphan_spent(c)) {
		give_up(c);
		return;
	}
	tcp_count(c, USTACK_C_TCP_TIMEOUTS);
	tcp_pmtu_on_timeout(c);
	tcp_recovery_on_timeout(c);
	backoff_unanswered(c);
	c->rtx_at = tcp_now(c) + tcp_rto_us(c);
}

static void on_rtx(struct tcp_conn *c)
{
	c->rtx_at = TIME_NEVER;
	if (c->state == USTACK_SYN_SENT || c->state == USTACK_SYN_RCVD)
		on_syn_timeout(c);
	else if (!rec_first(c) || c->snd.wnd == 0)
		on_persist_timeout(c);
	else
		on_rtx_timeout(c);
}

void tcp_memory_wait(struct tcp_conn *c)
{
	c->life_at = tcp_now(c) + MEMORY_POLL_US;
}

bool tcp_starves(const struct tcp_conn *c)
{
	return (tcp_unsent(c) > 0 || rec_first(c)) &&
	       c->snd.wnd < min_u32(c->snd.mss, TCP_MSS_DEFAULT4);
}

static void on_life(struct tcp_conn *c)
{
	c->life_at = TIME_NEVER;
	if (c->flags & CF_ORPHAN &&
	    (c->state == USTACK_FIN_WAIT_2 || tcp_starves(c)))
		give_up_orphan(c);
	else if (c->flags & CF_WANT_WRITE && stack_mem_low(c->t->s))
		tcp_memory_wait(c);
	else
		c->flags |= CF_EV_WRITABLE;
}

void tcp_conn_on_timer(struct tcp_conn *c)
{
	uint64_t now = tcp_now(c);

	if (c->fl && c->fl->reo_at <= now)
		tcp_recovery_on_reorder_timer(c);
	if (c->fl && c->fl->tlp.at <= now)
		tlp_on_timer(c); /* in place of the one it was due before */
	if (c->rtx_at <= now)
		on_rtx(c);
	if (c->delack_at <= now) {
		c->delack_at = TIME_NEVER;
		c->flags |= CF_ACK_NOW | CF_ACK_LATE;
	}
	if (c->life_at <= now)
		on_life(c);
	if (tcp_extra_deadline(c) <= now)
		tcp_extra_on_timer(c);
	tcp_timers_arm(c);
	tcp_mark_ready(c);
}

/* SPDX-License-Identifier: MIT */
/*
 * icmp.c - what ICMP errors do to connections
 *
 *		       SYN-SENT, SYN-RECEIVED	 synchronized
 *	soft error	remembered		 remembered
 *	hard error	the attempt ends	 remembered (5927-2)
 *	too big		-			 smaller segments (pmtu.h)
 *
 * Only an error that quotes a sequence number in flight is believed: one must
 * have seen our segment, or guess (5927-1).  What it may cost is limited.
 *
 * RFC 9293 section 3.9.2.2, RFC 5927, RFC 5461.
 */

#include "tcp.h"

#include "conn.h"
#include "demux.h"
#include "extra.h"
#include "pmtu.h"
#include "syncache.h"

#include "stack/base/bytes.h"

/* Kept with the connection: the reason, should it time out (SHLD-25). */
static void on_soft(struct tcp_conn *c, const struct ip_error *e)
{
	tcp_soft_error(c, e->err); /* (MUST-47) */
	tcp_count(c, USTACK_C_TCP_ICMP_SOFT);
}

/* Nobody answers there, or nobody may (SHLD-26). */
static void on_hard(struct tcp_conn *c, const struct ip_error *e)
{
	tcp_count(c, USTACK_C_TCP_ICMP_HARD);
	c->soft_err = (uint8_t)e->err; /* the reason in full */
	tcp_kill(c, e->kind == IP_ERR_PORT ? USTACK_END_REFUSED
					   : USTACK_END_UNREACH);
}

static bool is_hard(const struct ip_error *e)
{
	return e->kind == IP_ERR_PORT || e->kind == IP_ERR_HARD;
}

/* [SND.UNA, SND.NXT): what is acknowledged cannot have been lost (5927-1). */
static bool is_in_flight(const struct tcp_conn *c, uint32_t seq)
{
	return seq_geq(seq, c->snd.una) && seq_lt(seq, c->snd.nxt);
}

static void on_conn(struct tcp_conn *c, const struct ip_error *e, uint32_t seq)
{
	struct ustack *s = c->t->s;

	if (!is_in_flight(c, seq))
		stack_drop(s, USTACK_C_DROP_ICMP_SEQ);
	else if (!stack_limit_ok(s, LIMIT_ICMP_IN))
		return;
	else if (e->kind == IP_ERR_TOO_BIG)
		tcp_pmtu_too_big(c, e);
	else if (is_hard(e) && c->state < USTACK_ESTABLISHED)
		on_hard(c, e);
	else
		on_soft(c, e);
}

/* Whose SYN-ACK goes nowhere may be forgotten before its time. */
static void on_half_open(struct tcp *t, struct syn_entry *entry,
			 const struct ip_error *e, uint32_t seq)
{
	if (seq != entry->iss) {
		stack_drop(t->s, USTACK_C_DROP_ICMP_SEQ);
		return;
	}
	if (!is_hard(e) || !stack_limit_ok(t->s, LIMIT_ICMP_IN))
		return;
	stack_count(t->s, USTACK_C_TCP_ICMP_HARD);
	stack_count(t->s, USTACK_C_TCP_ATTEMPT_FAILS);
	syncache_drop(t, entry);
}

void tcp_icmp(struct tcp *t, const struct ip_error *e)
{
	const struct tcp_flow_args a = { .local = &e->local,
					 .remote = &e->remote,
					 .lport = be16_load(e->l4),
					 .rport = be16_load(e->l4 + 2) };
	uint32_t seq = be32_load(e->l4 + 4);
	struct tcp_flow *f = tcp_flow_find(t, &a);

	if (f && f->kind == FLOW_CONN)
		on_conn(container_of(f, struct tcp_conn, flow), e, seq);
	else if (f && f->kind == FLOW_SYN)
		on_half_open(t, container_of(f, struct syn_entry, flow), e,
			     seq);
	else
		stack_drop(t->s, USTACK_C_DROP_ICMP_NO_CONN); /* (8201-2) */
}

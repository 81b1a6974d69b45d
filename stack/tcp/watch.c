/* SPDX-License-Identifier: MIT */
/*
 * watch.c - whose events are told whatever the event mask, and whose a segment is
 */

#include "watch.h"

#include "conn.h"
#include "demux.h"
#include "syncache.h"
#include "timewait.h"

uint8_t tcp_watch_new(struct tcp *t)
{
	struct limit_price one = { .now_us = t->s->now_us,
				   .rate = t->s->cfg.watch_rate,
				   .cost = 1 };

	return one.rate > 0 && limit_take(&t->watch, &one) ? USTACK_WATCH_ALL
							   : USTACK_WATCH_OFF;
}

uint64_t tcp_flow_id(const struct tcp_flow *f)
{
	if (f->kind == FLOW_CONN)
		return tcp_id(container_of(f, struct tcp_conn, flow));
	if (f->kind == FLOW_SYN)
		return container_of(f, struct syn_entry, flow)->id;
	return container_of(f, struct tw_entry, flow)->id;
}

uint64_t ustack_classify(const struct ustack *s, const struct ustack_tuple *u)
{
	struct tcp_flow_args a = { .local = &u->local,
				   .remote = &u->remote,
				   .lport = u->lport,
				   .rport = u->rport };
	const struct tcp_flow *f;

	a.hash = tcp_flow_hash(&s->tcp->key.flow, &a);
	f = tcp_flow_find(s->tcp, &a);
	return f ? tcp_flow_id(f) : 0;
}

int ustack_watch(struct ustack *s, uint64_t id, enum ustack_watch how)
{
	struct hnode *n = htab_first(&s->tcp->ids, id);

	if (!n)
		return -ERR_NOENT;
	container_of(n, struct tcp_conn, idnode)->flow.watch = (uint8_t)how;
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * readdress.c - addresses and MTU that change under living connections
 */

#include "conn.h"
#include "syncache.h"
#include "tcp.h"
#include "timewait.h"

/* Call @fn for each connection that is not over. */
static void for_each(struct tcp *t, void (*fn)(struct tcp_conn *c))
{
	for (uint32_t i = 0; i < t->nslots; i++) {
		struct tcp_conn *c =
			t->slots[i >> TCP_SLOT_SHIFT][i & (TCP_SLOTS - 1)].c;

		if (c && !(c->flags & CF_DETACHED))
			fn(c);
	}
}

static void resize(struct tcp_conn *c)
{
	tcp_mss_update(c);
	tcp_mark_ready(c);
}

void tcp_on_mtu(struct tcp *t)
{
	for_each(t, resize);
}

static void end_if_gone(struct tcp_conn *c)
{
	if (!stack_is_ours(c->t->s, &c->flow.local))
		tcp_kill(c, USTACK_END_NO_ADDR);
}

static void drop_half_open(struct tcp *t, struct list *list)
{
	struct list *l = list->next;

	while (l != list) {
		struct syn_entry *e = list_entry(l, struct syn_entry, link);

		l = l->next;
		if (!stack_is_ours(t->s, &e->flow.local))
			syncache_drop(t, e);
	}
}

static void drop_time_wait(struct tcp *t)
{
	struct list *l = t->tw_list.next;

	while (l != &t->tw_list) {
		struct tw_entry *e = list_entry(l, struct tw_entry, link);

		l = l->next;
		if (!stack_is_ours(t->s, &e->flow.local))
			timewait_drop(t, e);
	}
}

void tcp_on_addrs(struct tcp *t)
{
	for_each(t, end_if_gone);
	for (uint32_t i = 0; i < ARRAY_LEN(t->syn_list); i++)
		drop_half_open(t, &t->syn_list[i]);
	drop_time_wait(t);
}

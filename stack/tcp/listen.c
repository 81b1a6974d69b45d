/* SPDX-License-Identifier: MIT */
/*
 * listen.c - passive opens: the listener table (RFC 9293 section 3.10.1)
 */

#include "conn.h"
#include "syncache.h"

static bool addr_ok(const struct ustack *s, const struct ustack_addr *a)
{
	return ip_is_any(a) || stack_is_ours(s, a);
}

/* Two listeners may share a port only with different addresses. */
static bool taken(const struct tcp *t, const struct ustack_addr *addr,
		  uint16_t port)
{
	for (uint32_t i = 0; i < TCP_LISTENERS_MAX; i++) {
		const struct tcp_listener *l = &t->listener[i];

		if (l->used && l->port == port && ip_addr_eq(&l->addr, addr))
			return true;
	}
	return false;
}

int ustack_listen(struct ustack *s, const struct ustack_listen_args *a)
{
	struct tcp *t = s->tcp;

	if (a->port == 0 || a->backlog == 0 || a->ops_id < 0 ||
	    a->ops_id >= (int)t->nops)
		return -ERR_INVAL;
	if (!addr_ok(s, &a->addr))
		return -ERR_ADDRNOTAVAIL;
	if (taken(t, &a->addr, a->port))
		return -ERR_ADDRINUSE;
	for (uint32_t i = 0; i < TCP_LISTENERS_MAX; i++) {
		struct tcp_listener *l = &t->listener[i];

		if (l->used || l->waiting > 0)
			continue;
		*l = (struct tcp_listener){ .addr = a->addr,
					    .ctx = a->ctx,
					    .backlog = a->backlog,
					    .port = a->port,
					    .ops_id = (int16_t)a->ops_id,
					    .used = true };
		return (int)i;
	}
	return -ERR_LIMIT;
}

static struct tcp_listener *listener_get(struct ustack *s, int listener)
{
	if (listener < 0 || listener >= (int)TCP_LISTENERS_MAX ||
	    !s->tcp->listener[listener].used)
		return NULL;
	return &s->tcp->listener[listener];
}

/* Call @fn for each connection in a listener's backlog. */
static void for_waiting(struct tcp *t, int listener,
			void (*fn)(struct tcp_conn *c))
{
	for (uint32_t i = 0; i < t->nslots; i++) {
		struct tcp_conn *c =
			t->slots[i >> TCP_SLOT_SHIFT][i & (TCP_SLOTS - 1)].c;

		if (c && c->listener == listener && c->flags & CF_QUEUED)
			fn(c);
	}
}

static void reset_waiting(struct tcp_conn *c)
{
	tcp_reset(c, USTACK_END_ABORTED);
	tcp_mark_ready(c);
}

void ustack_unlisten(struct ustack *s, int listener)
{
	struct tcp_listener *l = listener_get(s, listener);

	if (!l)
		return;
	for_waiting(s->tcp, listener, reset_waiting);
	syncache_drop_listener(s->tcp, listener);
	l->used = false;
}

static void offer_again(struct tcp_conn *c)
{
	if (!(c->flags & CF_PARKED))
		return;
	c->flags &= ~CF_PARKED;
	c->flags |= CF_EV_ACCEPT | CF_EV_READABLE;
	tcp_mark_ready(c);
}

void ustack_accept_ready(struct ustack *s, int listener)
{
	struct tcp_listener *l = listener_get(s, listener);

	if (l && l->waiting > 0)
		for_waiting(s->tcp, listener, offer_again);
}

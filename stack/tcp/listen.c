/* SPDX-License-Identifier: MIT */
/*
 * listen.c - passive opens: the listener table (RFC 9293 section 3.10.1)
 */

#include "backlog.h"
#include "bind.h"
#include "cc.h"
#include "conn.h"
#include "syncache.h"

static bool addr_ok(const struct ustack *s, const struct ustack_addr *a)
{
	return ip_is_any(a) || stack_is_ours(s, a);
}

/* Two listeners may share a port only with different addresses, those of
 * reservations not even if one is "any", as sockets have it.
 */
static bool taken(const struct tcp *t, const struct ustack_listen_args *a)
{
	int i = tcp_listener_find(t, &a->addr, a->port);

	if (a->bound)
		return tcp_port_listens(t, &a->addr, a->port);
	if (tcp_port_bound(t, &a->addr, a->port))
		return true;
	return i >= 0 && ip_addr_eq(&t->listener[i].addr, &a->addr);
}

int ustack_listen(struct ustack *s, const struct ustack_listen_args *a)
{
	struct tcp *t = s->tcp;
	int cc = a->cc ? tcp_cc_choose(t, a->cc) : (int)TCP_CC_ANY;

	if (cc < 0 || a->port == 0 || a->backlog == 0 || a->ops_id < 0 ||
	    a->ops_id >= (int)t->nops)
		return -ERR_INVAL;
	if (a->maxseg != 0 && a->maxseg < TCP_MSS_MIN)
		return -ERR_INVAL;
	if (!addr_ok(s, &a->addr))
		return -ERR_ADDRNOTAVAIL;
	if (taken(t, a))
		return -ERR_ADDRINUSE;
	for (uint32_t i = 0; i < TCP_LISTENERS_MAX; i++) {
		struct tcp_listener *l = &t->listener[i];

		if (l->used || l->waiting > 0)
			continue;
		*l = (struct tcp_listener){ .addr = a->addr,
					    .ctx = a->ctx,
					    .backlog = a->backlog,
					    .port = a->port,
					    .maxseg = a->maxseg,
					    .ttl = a->ttl,
					    .tos = a->tos,
					    .ops_id = (int16_t)a->ops_id,
					    .cc = (uint8_t)cc,
					    .used = true };
		tcp_listener_add(t, l);
		return (int)i;
	}
	return -ERR_LIMIT;
}

static struct tcp_listener *listener_get(const struct ustack *s, int listener)
{
	if (listener < 0 || listener >= (int)TCP_LISTENERS_MAX ||
	    !s->tcp->listener[listener].used)
		return NULL;
	return &s->tcp->listener[listener];
}

void ustack_unlisten(struct ustack *s, int listener)
{
	struct tcp_listener *l = listener_get(s, listener);

	if (!l)
		return;
	tcp_listener_remove(s->tcp, l);
	l->used = false; /* those not offered yet are reset by the next run */
	backlog_reset(s->tcp, l);
	syncache_drop_listener(s->tcp, listener);
}

void ustack_accept_ready(struct ustack *s, int listener)
{
	struct tcp_listener *l = listener_get(s, listener);

	if (l)
		backlog_offer(s->tcp, l);
}

int ustack_listener_info(const struct ustack *s, int listener,
			 struct ustack_listener_info *info)
{
	const struct tcp_listener *l = listener_get(s, listener);

	if (!l)
		return -ERR_NOENT;
	*info = (struct ustack_listener_info){
		.addr = l->addr,
		.port = l->port,
		.ops_id = l->ops_id,
		.backlog = l->backlog,
		.waiting = l->waiting,
		.half_open = l->half_open,
		.cookies = s->now_us < l->cookies_until_us,
	};
	return 0;
}

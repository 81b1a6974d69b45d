/* SPDX-License-Identifier: MIT */
/*
 * demux.c - the flow table, keyed so that nobody outside can aim at a bucket
 */

#include "demux.h"

#include "stack/base/bytes.h"

#define PORT_FIRST 16384u
#define PORT_COUNT (65536u - PORT_FIRST)

uint64_t tcp_flow_hash(const struct siphash_key *key,
		       const struct tcp_flow_args *a)
{
	uint64_t w[5];

	w[0] = (uint64_t)a->lport << 16 | a->rport;
	if (ip_is4(a->remote)) {
		uint32_t l, r;

		memcpy(&l, a->local->b + 12, 4);
		memcpy(&r, a->remote->b + 12, 4);
		w[1] = (uint64_t)l << 32 | r;
		return siphash_words(key, w, 2);
	}
	memcpy(w + 1, a->local->b, 16);
	memcpy(w + 3, a->remote->b, 16);
	return siphash_words(key, w, 5);
}

void tcp_flow_init(struct tcp_flow *f, enum tcp_flow_kind kind,
		   const struct tcp_flow_args *a)
{
	f->kind = (uint8_t)kind;
	f->local = *a->local;
	f->remote = *a->remote;
	f->lport = a->lport;
	f->rport = a->rport;
}

void tcp_flow_insert(struct tcp *t, struct tcp_flow *f)
{
	struct tcp_flow_args a = tcp_flow_tuple(f);

	htab_insert(&t->flows, &f->node, tcp_flow_hash(&t->key.flow, &a));
}

void tcp_flow_remove(struct tcp *t, struct tcp_flow *f)
{
	htab_remove(&t->flows, &f->node);
}

static bool flow_is(const struct tcp_flow *f, const struct tcp_flow_args *a)
{
	return f->lport == a->lport && f->rport == a->rport &&
	       ip_addr_eq(&f->remote, a->remote) &&
	       ip_addr_eq(&f->local, a->local);
}

struct tcp_flow *tcp_flow_find(const struct tcp *t,
			       const struct tcp_flow_args *a)
{
	uint64_t hash = tcp_flow_hash(&t->key.flow, a);
	struct hnode *n;

	for (n = htab_first(&t->flows, hash); n; n = htab_next(n)) {
		struct tcp_flow *f = container_of(n, struct tcp_flow, node);

		if (flow_is(f, a))
			return f;
	}
	return NULL;
}

/* "any" of either family, or any IPv4 address for ::ffff:0.0.0.0 */
static bool wildcard_holds(const struct ustack_addr *l,
			   const struct ustack_addr *a)
{
	return ip_is_any(l) && (!ip_is4(l) || ip_is4(a));
}

int tcp_listener_find(const struct tcp *t, const struct ustack_addr *addr,
		      uint16_t port)
{
	int found = -1;

	for (uint32_t i = 0; i < TCP_LISTENERS_MAX; i++) {
		const struct tcp_listener *l = &t->listener[i];

		if (!l->used || l->port != port)
			continue;
		if (ip_addr_eq(&l->addr, addr))
			return (int)i;
		if (found < 0 && wildcard_holds(&l->addr, addr))
			found = (int)i;
	}
	return found;
}

uint16_t tcp_port_pick(struct tcp *t, const struct tcp_flow_args *a)
{
	uint64_t base = tcp_flow_hash(&t->key.port, a) % PORT_COUNT;

	for (uint32_t i = 0; i < PORT_COUNT; i++) {
		struct tcp_flow_args try = *a;
		uint64_t n = base + t->port_offset++ % PORT_COUNT;

		try.lport = (uint16_t)(PORT_FIRST + n % PORT_COUNT);
		if (tcp_listener_find(t, a->local, try.lport) < 0 &&
		    !tcp_flow_find(t, &try))
			return try.lport;
	}
	return 0;
}

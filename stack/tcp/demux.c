/* SPDX-License-Identifier: MIT */
/*
 * demux.c - the flow table, keyed so that nobody outside can aim at a bucket
 */

#include "demux.h"

#include "stack/base/bytes.h"

#include "bind.h"

#define PORT_FIRST 16384u
#define PORT_COUNT (65536u - PORT_FIRST)
#define TRIES_ROW  64u
#define TRIES_LOT  1024u

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
	f->node.hash = 0;
	f->kind = (uint8_t)kind;
	f->watch = USTACK_WATCH_OFF;
	f->local = *a->local;
	f->remote = *a->remote;
	f->lport = a->lport;
	f->rport = a->rport;
	f->node.hash = a->hash;
}

/* A segment's 4-tuple is hashed once, whatever comes of it. */
static uint64_t table_hash(const struct tcp *t, const struct tcp_flow_args *a)
{
	return a->hash ? a->hash : tcp_flow_hash(&t->key.flow, a);
}

void tcp_flow_insert(struct tcp *t, struct tcp_flow *f)
{
	struct tcp_flow_args a = tcp_flow_tuple(f);

	htab_insert(&t->flows, &f->node, table_hash(t, &a));
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
	uint64_t hash = table_hash(t, a);
	struct hnode *n;

	for (n = htab_first(&t->flows, hash); n; n = htab_next(n)) {
		struct tcp_flow *f = container_of(n, struct tcp_flow, node);

		if (flow_is(f, a))
			return f;
	}
	return NULL;
}

static uint32_t chain_of(uint16_t port)
{
	return (port ^ port >> 6u) % TCP_PORT_CHAINS;
}

void tcp_listener_add(struct tcp *t, struct tcp_listener *l)
{
	uint8_t *chain = &t->port_chain[chain_of(l->port)];

	l->next = *chain;
	*chain = (uint8_t)(l - t->listener + 1);
}

void tcp_listener_remove(struct tcp *t, struct tcp_listener *l)
{
	uint8_t me = (uint8_t)(l - t->listener + 1);
	uint8_t *link = &t->port_chain[chain_of(l->port)];

	while (*link != me)
		link = &t->listener[*link - 1].next;
	*link = l->next;
}

/* How closely a listener is meant; 0 = not at all. */
static uint32_t rank(const struct tcp_listener *l, const struct ustack_addr *a)
{
	if (ip_addr_eq(&l->addr, a))
		return 3;
	if (!ip_is_any(&l->addr) || (ip_is4(&l->addr) && !ip_is4(a)))
		return 0;
	return ip_is4(&l->addr) ? 2 : 1; /* ::ffff:0.0.0.0 before :: */
}

int tcp_listener_find(const struct tcp *t, const struct ustack_addr *addr,
		      uint16_t port)
{
	uint32_t best = 0;
	int found = -1;

	for (uint8_t i = t->port_chain[chain_of(port)]; i;
	     i = t->listener[i - 1].next) {
		const struct tcp_listener *l = &t->listener[i - 1];
		uint32_t r = l->port == port ? rank(l, addr) : 0;

		if (r > best) {
			best = r;
			found = i - 1;
		}
	}
	return found;
}

static bool port_is_free(const struct tcp *t, const struct tcp_flow_args *a,
			 uint16_t port)
{
	struct tcp_flow_args try = *a;

	try.lport = port;
	try.hash = 0;
	return tcp_listener_find(t, a->local, port) < 0 &&
	       !tcp_port_bound(t, a->local, port) && !tcp_flow_find(t, &try);
}

uint16_t tcp_port_pick(struct tcp *t, const struct tcp_flow_args *a)
{
	uint64_t h = tcp_flow_hash(&t->key.port, a);
	uint32_t *next = &t->port_next[(h >> 32) % TCP_PORT_COUNTERS];
	uint32_t port;

	for (uint32_t i = 0; i < TRIES_ROW; i++) {
		port = ((uint32_t)h % PORT_COUNT + (*next)++) % PORT_COUNT;
		if (port_is_free(t, a, (uint16_t)(PORT_FIRST + port)))
			return (uint16_t)(PORT_FIRST + port);
	}
	for (uint32_t i = 0; i < TRIES_LOT; i++) {
		port = (uint32_t)(stack_random(t->s) % PORT_COUNT);
		if (port_is_free(t, a, (uint16_t)(PORT_FIRST + port)))
			return (uint16_t)(PORT_FIRST + port);
	}
	return 0;
}

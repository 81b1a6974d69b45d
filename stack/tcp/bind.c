/* SPDX-License-Identifier: MIT */
/*
 * bind.c - reserving a local port before it listens or connects
 *
 * The rules are those of sockets.  A port is taken at an address when a
 * reservation, a listener or a connection has it at an address that overlaps;
 * with @reuse connections do not count, nor do reservations that said so too.
 * Ephemeral ports that ustack_connect() picks keep clear of reservations.
 */

#include "bind.h"

#include "conn.h"
#include "syncache.h"
#include "timewait.h"

#define PORT_FIRST 16384u
#define PORT_COUNT (65536u - PORT_FIRST)
#define BOUND_MAX  65536u
#define MAP_WORDS  (65536u / 64u)

/* "any" holds both families, ::ffff:0.0.0.0 all of IPv4. */
static bool holds(const struct ustack_addr *any, const struct ustack_addr *a)
{
	return ip_is_any(any) && (!ip_is4(any) || ip_is4(a) || ip_is_any(a));
}

/* Can a segment be for both local addresses? */
static bool addr_overlap(const struct ustack_addr *a,
			 const struct ustack_addr *b)
{
	return ip_addr_eq(a, b) || holds(a, b) || holds(b, a);
}

static struct tcp_bound *bound_of(struct hnode *n)
{
	return container_of(n, struct tcp_bound, node);
}

static struct tcp_bound *find(const struct tcp *t,
			      const struct ustack_addr *addr, uint16_t port)
{
	struct hnode *n;

	for (n = htab_first(&t->bound, port); n; n = htab_next(n))
		if (ip_addr_eq(&bound_of(n)->addr, addr))
			return bound_of(n);
	return NULL;
}

bool tcp_port_bound(const struct tcp *t, const struct ustack_addr *addr,
		    uint16_t port)
{
	struct hnode *n;

	for (n = htab_first(&t->bound, port); n; n = htab_next(n))
		if (addr_overlap(&bound_of(n)->addr, addr))
			return true;
	return false;
}

bool tcp_port_listens(const struct tcp *t, const struct ustack_addr *addr,
		      uint16_t port)
{
	for (uint32_t i = 0; i < TCP_LISTENERS_MAX; i++) {
		const struct tcp_listener *l = &t->listener[i];

		if (l->used && l->port == port && addr_overlap(&l->addr, addr))
			return true;
	}
	return false;
}

/* A reservation that does not share, or a listener. */
static bool refused(const struct tcp *t, const struct ustack_bind *b)
{
	struct hnode *n;

	for (n = htab_first(&t->bound, b->port); n; n = htab_next(n))
		if (addr_overlap(&bound_of(n)->addr, &b->addr) &&
		    !(b->reuse && bound_of(n)->reuse))
			return true;
	return tcp_port_listens(t, &b->addr, b->port);
}

static void mark(uint64_t *map, const struct tcp_flow *f,
		 const struct ustack_addr *addr)
{
	if (addr_overlap(&f->local, addr))
		map[f->lport / 64u] |= (uint64_t)1 << (f->lport % 64u);
}

/* The ports that connections have at an address, one pass for all of them. */
static void map_flows(const struct tcp *t, const struct ustack_addr *addr,
		      uint64_t *map)
{
	const struct list *l;

	memset(map, 0, MAP_WORDS * sizeof(*map));
	for (uint32_t i = 0; i < t->nslots; i++) {
		const struct tcp_conn *c =
			t->slots[i >> TCP_SLOT_SHIFT][i & (TCP_SLOTS - 1)].c;

		if (c && !(c->flags & CF_DETACHED))
			mark(map, &c->flow, addr);
	}
	for (l = t->tw_list.next; l != &t->tw_list; l = l->next)
		mark(map, &list_entry(l, struct tw_entry, link)->flow, addr);
}

static bool in_map(const uint64_t *map, uint32_t port)
{
	return map[port / 64u] >> (port % 64u) & 1u;
}

/* An unpredictable port that nobody has (RFC 6056), 0 = there is none. */
static uint16_t pick(struct tcp *t, const struct ustack_bind *b,
		     const uint64_t *map)
{
	struct ustack_bind try = *b;
	uint16_t start;

	t->s->host.random(t->s->host.ctx, &start, sizeof(start));
	for (uint32_t i = 0; i < PORT_COUNT; i++) {
		uint32_t port = PORT_FIRST + (start + i) % PORT_COUNT;

		try.port = (uint16_t)port;
		if (!in_map(map, port) && !refused(t, &try))
			return try.port;
	}
	return 0;
}

static int choose_port(struct tcp *t, struct ustack_bind *b)
{
	size_t size = MAP_WORDS * sizeof(uint64_t);
	uint64_t *map;
	bool taken;

	if (b->port && (b->reuse || refused(t, b)))
		return refused(t, b) ? -ERR_ADDRINUSE : 0;
	map = mem_alloc(&t->s->mem, size);
	if (!map)
		return -ERR_NOMEM;
	map_flows(t, &b->addr, map);
	if (b->port == 0)
		b->port = pick(t, b, map);
	taken = b->port == 0 || in_map(map, b->port);
	mem_free(&t->s->mem, map, size);
	return taken ? -ERR_ADDRINUSE : 0;
}

int ustack_bind(struct ustack *s, struct ustack_bind *b)
{
	struct tcp *t = s->tcp;
	struct tcp_bound *e;
	int r;

	if (!ip_is_any(&b->addr) && !stack_is_ours(s, &b->addr))
		return -ERR_ADDRNOTAVAIL;
	if (t->bound.count >= BOUND_MAX)
		return -ERR_LIMIT;
	r = choose_port(t, b);
	if (r < 0)
		return r;
	e = find(t, &b->addr, b->port);
	if (e) {
		e->holders++;
		return 0;
	}
	e = stack_mem_low(s) ? NULL : mem_alloc(&s->mem, sizeof(*e));
	if (!e)
		return -ERR_NOMEM;
	*e = (struct tcp_bound){ .addr = b->addr,
				 .holders = 1,
				 .reuse = b->reuse };
	htab_insert(&t->bound, &e->node, b->port);
	return 0;
}

void ustack_unbind(struct ustack *s, const struct ustack_bind *b)
{
	struct tcp *t = s->tcp;
	struct tcp_bound *e = find(t, &b->addr, b->port);

	if (!e || --e->holders > 0)
		return;
	htab_remove(&t->bound, &e->node);
	mem_free(&s->mem, e, sizeof(*e));
}

void tcp_bind_free(struct tcp *t)
{
	for (uint32_t port = 0; port < BOUND_MAX && t->bound.count > 0;
	     port++) {
		struct hnode *n;

		while ((n = htab_first(&t->bound, port)) != NULL) {
			htab_remove(&t->bound, n);
			mem_free(&t->s->mem, bound_of(n),
				 sizeof(struct tcp_bound));
		}
	}
	htab_fini(&t->bound);
}

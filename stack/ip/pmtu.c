/* SPDX-License-Identifier: MIT */
/*
 * pmtu.c - how large a packet the path to a host takes
 *
 *	bucket = keyed hash of the address:  [ path ][ path ][ path ][ path ]
 *
 * A path is remembered from the first packet that was too big for it until
 * AGE_US later; then the link's MTU is tried again (1191-5).  The table is
 * small and made when it is first needed: the oldest path of a bucket makes
 * room.  What is forgotten early is only found out once more: a connection
 * keeps its smaller segments until the table says that they may grow.
 *
 * Least sizes: IPv6 guarantees 1280 bytes (8201-1).  IPv4 guarantees 68, and
 * segments as small as that would only serve an attacker: below FLOOR4 bytes
 * the estimate stays there, and packets may be fragmented on their way (as
 * Linux does by its min_pmtu).
 *
 * RFC 1191, RFC 8201, RFC 4821 section 7.7 (fallback).
 */

#include "ip.h"

#include "stack/base/bytes.h"

#define BUCKETS	   64u
#define WAYS	   4u
#define AGE_US	   600000000u /* ten minutes (1191-5) */
#define FLOOR4	   552u
#define FLOOR6	   1280u
#define MTU4_LEAST 68u

/**
 * struct path - what is known about the path to one host
 * @dst:	the host
 * @mtu:	estimate, 0 = the entry is free
 * @small:	IPv4: even the least estimate is too big for it
 * @since_us:	when it was last lowered
 */
struct path {
	struct ustack_addr dst;
	uint32_t mtu;
	bool small;
	uint64_t since_us;
};

struct path_tab {
	struct siphash_key key;
	struct path path[BUCKETS][WAYS];
};

static struct path *bucket_of(struct path_tab *t, const struct ustack_addr *dst)
{
	return t->path[siphash(&t->key, dst, sizeof(*dst)) % BUCKETS];
}

static struct path *find(struct ustack *s, const struct ustack_addr *dst)
{
	struct path *p;

	if (!s->paths)
		return NULL;
	p = bucket_of(s->paths, dst);
	for (uint32_t i = 0; i < WAYS; i++)
		if (p[i].mtu != 0 && ip_addr_eq(&p[i].dst, dst))
			return &p[i];
	return NULL;
}

/* The entry to overwrite: a free one, else the oldest. */
static struct path *victim(struct path *p)
{
	struct path *v = p;

	for (uint32_t i = 0; i < WAYS; i++) {
		if (p[i].mtu == 0)
			return &p[i];
		if (p[i].since_us < v->since_us)
			v = &p[i];
	}
	return v;
}

static struct path_tab *table(struct ustack *s)
{
	if (!s->paths) {
		mem_claim(&s->mem, true);
		s->paths = mem_alloc(&s->mem, sizeof(*s->paths));
		mem_claim(&s->mem, false);
		if (!s->paths)
			return NULL;
		memset(s->paths, 0, sizeof(*s->paths));
		s->host.random(s->host.ctx, &s->paths->key,
			       sizeof(s->paths->key));
	}
	return s->paths;
}

void ip_path_free(struct ustack *s)
{
	mem_free(&s->mem, s->paths, sizeof(*s->paths));
	s->paths = NULL;
}

/* Its time is over: the link's MTU is tried again. */
static void age(const struct ustack *s, struct path *p)
{
	if (s->now_us - p->since_us < AGE_US)
		return;
	p->mtu = s->cfg.mtu;
	p->small = false;
}

uint32_t ip_path_mtu(struct ustack *s, const struct ustack_addr *dst)
{
	struct path *p = find(s, dst);

	if (!p)
		return 0;
	age(s, p);
	return min_u32(p->mtu, s->cfg.mtu);
}

bool ip_path_small(struct ustack *s, const struct ustack_addr *dst)
{
	const struct path *p = find(s, dst);

	return p && p->small;
}

void ip_path_lower(struct ustack *s, const struct ustack_addr *dst,
		   uint32_t mtu)
{
	bool v4 = ip_is4(dst);
	uint32_t floor = v4 ? FLOOR4 : FLOOR6;
	bool small = v4 && mtu < FLOOR4;
	struct path *p = find(s, dst);

	if (mtu < (v4 ? MTU4_LEAST : FLOOR6) || mtu >= s->cfg.mtu)
		return; /* (1191-4, 8201-1) */
	if (p)
		age(s, p);
	else if (table(s))
		p = victim(bucket_of(s->paths, dst));
	if (!p)
		return;
	mtu = max_u32(mtu, floor);
	if (p->mtu != 0 && ip_addr_eq(&p->dst, dst) && p->mtu <= mtu &&
	    p->small >= small)
		return;
	*p = (struct path){ .dst = *dst,
			    .mtu = mtu,
			    .small = small,
			    .since_us = s->now_us };
}

/* RFC 1191 section 7.1: sizes that links have had. */
uint32_t ip_plateau(uint32_t len)
{
	static const uint16_t plateau[] = { 65535, 32000, 17914, 8166,
					    4352,  2002,  1492,	 1006,
					    508,   296,	  68 };

	for (uint32_t i = 0; i < ARRAY_LEN(plateau); i++)
		if (plateau[i] < len)
			return plateau[i];
	return MTU4_LEAST;
}

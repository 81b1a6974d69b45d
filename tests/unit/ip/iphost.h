/* SPDX-License-Identifier: MIT */
/*
 * iphost.h - a stack that takes raw IP packets and keeps its last answer
 */

#ifndef TESTS_UNIT_IP_IPHOST_H
#define TESTS_UNIT_IP_IPHOST_H

#include <stdlib.h>

#include "stack/base/bytes.h"
#include "stack/ip/ip.h"
#include "stack/wire/csum.h"
#include "stack/wire/icmp.h"
#include "stack/wire/ip4.h"
#include "stack/wire/ip6.h"
#include "tests/lib/vhost.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define IPHOST_MAX 65536u

/**
 * struct iphost - the stack and a packet under construction
 * @h:		the stack's host
 * @b:		packet to send
 * @len:	its bytes
 * @out:	last packet that came out
 * @out_len:	its bytes
 * @sent:	packets that came out
 * @pong:	end of the last echo request
 * @pongs:	echo requests that have ended
 */
struct iphost {
	struct vhost h;
	uint8_t b[IPHOST_MAX];
	uint32_t len;
	uint8_t out[IPHOST_MAX];
	uint32_t out_len;
	uint32_t sent;
	struct ustack_pong pong;
	uint32_t pongs;
};

static inline int iphost_take(void *ctx, struct vpkt *v)
{
	struct iphost *t = ctx;

	memcpy(t->out, v->data, v->len);
	t->out_len = v->len;
	t->sent++;
	free(v);
	return 0;
}

static inline void iphost_pong(void *ctx, const struct ustack_pong *p)
{
	struct iphost *t = ctx;

	t->pong = *p;
	t->pongs++;
}

static inline struct iphost *iphost_new(void (*tweak)(struct ustack_config *cfg))
{
	struct iphost *t = calloc(1, sizeof(*t));
	struct ustack_config cfg;

	t->h.out = iphost_take;
	t->h.pong = iphost_pong;
	t->h.ctx = t;
	vhost_config(&cfg);
	if (tweak)
		tweak(&cfg);
	vhost_init(&t->h, &cfg, 1);
	return t;
}

static inline void iphost_free(struct iphost *t)
{
	ck_assert_ptr_null(vhost_fini(&t->h));
	free(t);
}

/** iphost_build4() - Start an IPv4 packet from 10.7.0.1; returns its body */
static inline uint8_t *iphost_build4(struct iphost *t, uint8_t proto,
				     uint32_t len)
{
	struct ip4_hdr h = { .src = { 10, 7, 0, 1 },
			     .dst = { 10, 7, 0, 2 },
			     .total_len = 20 + len,
			     .ttl = 9,
			     .proto = proto };

	ip4_build(t->b, &h);
	t->len = 20 + len;
	return t->b + 20;
}

/** iphost_build6() - The same for IPv6, from fd07::1 */
static inline uint8_t *iphost_build6(struct iphost *t, uint8_t proto,
				     uint32_t len)
{
	struct ip6_hdr h = { .payload_len = len,
			     .hop_limit = 9,
			     .proto = proto };

	memcpy(h.src, vhost_addr("fd07::1").b, 16);
	memcpy(h.dst, vhost_addr("fd07::2").b, 16);
	ip6_build(t->b, &h);
	t->len = 40 + len;
	return t->b + 40;
}

/** iphost_fix4() - Make the IPv4 header's checksum right again */
static inline void iphost_fix4(struct iphost *t)
{
	uint16_t csum;

	memset(t->b + 10, 0, 2);
	csum = csum_finish(csum_add(0, t->b, (t->b[0] & 15u) * 4u));
	memcpy(t->b + 10, &csum, 2);
}

/** iphost_send() - Hand the packet in */
static inline void iphost_send(struct iphost *t)
{
	struct vpkt *v = vpkt_new(t->len);

	memcpy(v->data, t->b, t->len);
	vhost_input(&t->h, v);
	vhost_run(&t->h);
}

static inline uint64_t iphost_count(struct iphost *t, enum ustack_counter c)
{
	return ustack_counters(t->h.s)[c];
}

/** iphost_csum6() - Set an ICMPv6 checksum of the body */
static inline void iphost_csum6(uint8_t *pkt, uint32_t len)
{
	uint16_t csum;

	memset(pkt + 42, 0, 2);
	csum = csum_finish(
		csum_add(csum_pseudo6(pkt + 8, pkt + 24, 58, len - 40),
			 pkt + 40, len - 40));
	memcpy(pkt + 42, &csum, 2);
}

#endif /* TESTS_UNIT_IP_IPHOST_H */

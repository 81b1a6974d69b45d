/* SPDX-License-Identifier: MIT */
/*
 * icmp_err.c - ICMP and ICMPv6 errors about what we have sent
 *
 * What the message says is put into one small struct for both families; what
 * it is worth is for the protocol to decide whose datagram it quotes.
 *
 * RFC 792, RFC 1122 sections 3.2.2 and 4.2.3.9, RFC 1812 section 5.2.7.1,
 * RFC 4443 section 3, RFC 9293 section 3.9.2.2 (soft and hard errors).
 */

#include "ip.h"

#include "stack/base/bytes.h"
#include "stack/wire/icmp.h"
#include "stack/wire/icmp_quote.h"

struct meaning {
	uint8_t kind;
	uint8_t err;
};

/* By code.  Prohibitions (9, 10, 13) are what firewalls answer with: final. */
static const struct meaning unreach4[] = {
	{ IP_ERR_SOFT, ERR_NETUNREACH },  /* net */
	{ IP_ERR_SOFT, ERR_HOSTUNREACH }, /* host */
	{ IP_ERR_HARD, ERR_HOSTUNREACH }, /* protocol */
	{ IP_ERR_PORT, ERR_CONNREFUSED }, /* port */
	{ IP_ERR_TOO_BIG, ERR_MSGSIZE },  /* fragmentation needed */
	{ IP_ERR_SOFT, ERR_HOSTUNREACH }, /* source route failed */
	{ IP_ERR_SOFT, ERR_NETUNREACH },  /* net unknown */
	{ IP_ERR_SOFT, ERR_HOSTUNREACH }, /* host unknown */
	{ IP_ERR_SOFT, ERR_HOSTUNREACH }, /* source host isolated */
	{ IP_ERR_HARD, ERR_NETUNREACH },  /* net prohibited */
	{ IP_ERR_HARD, ERR_HOSTUNREACH }, /* host prohibited */
	{ IP_ERR_SOFT, ERR_NETUNREACH },  /* net, for this type of service */
	{ IP_ERR_SOFT, ERR_HOSTUNREACH }, /* host, the same */
	{ IP_ERR_HARD, ERR_HOSTUNREACH }, /* communication prohibited */
	{ IP_ERR_SOFT, ERR_HOSTUNREACH }, /* host precedence violation */
	{ IP_ERR_SOFT, ERR_HOSTUNREACH }, /* precedence cutoff */
};

static const struct meaning unreach6[] = {
	{ IP_ERR_SOFT, ERR_NETUNREACH },  /* no route */
	{ IP_ERR_HARD, ERR_HOSTUNREACH }, /* prohibited */
	{ IP_ERR_SOFT, ERR_HOSTUNREACH }, /* beyond scope of source address */
	{ IP_ERR_SOFT, ERR_HOSTUNREACH }, /* address */
	{ IP_ERR_PORT, ERR_CONNREFUSED }, /* port */
	{ IP_ERR_HARD, ERR_HOSTUNREACH }, /* source address failed policy */
	{ IP_ERR_HARD, ERR_HOSTUNREACH }, /* reject route */
};

static const struct meaning other = { IP_ERR_SOFT, ERR_HOSTUNREACH };

static struct meaning of_code(const struct meaning *table, size_t n,
			      uint8_t code)
{
	return code < n ? table[code] : other;
}

static struct meaning meaning4(const struct icmp_hdr *h)
{
	if (h->type == ICMP4_UNREACH)
		return of_code(unreach4, ARRAY_LEN(unreach4), h->code);
	if (h->type == ICMP4_SOURCE_QUENCH)
		return (struct meaning){ IP_ERR_NONE, ERR_NONE };
	return other;
}

static struct meaning meaning6(const struct icmp_hdr *h)
{
	if (h->type == ICMP6_UNREACH)
		return of_code(unreach6, ARRAY_LEN(unreach6), h->code);
	if (h->type == ICMP6_TOO_BIG)
		return (struct meaning){ IP_ERR_TOO_BIG, ERR_MSGSIZE };
	return other;
}

/* It was sent to the sender of what it quotes, and that was us (5927-4). */
static bool take_quote(struct ustack *s, const struct ip_view *v,
		       struct ip_error *e)
{
	const uint8_t *p = v->l4 + ICMP_HDR_LEN;
	uint32_t len = v->l4_len - ICMP_HDR_LEN;
	struct icmp_quote q;

	if (v->v6 ? !icmp_quote6(&q, p, len) : !icmp_quote4(&q, p, len)) {
		stack_drop(s, USTACK_C_DROP_ICMP_QUOTE);
		return false;
	}
	if (v->v6) {
		memcpy(e->local.b, q.src, 16);
		memcpy(e->remote.b, q.dst, 16);
	} else {
		e->local = ustack_addr4(q.src);
		e->remote = ustack_addr4(q.dst);
	}
	if (!ip_addr_eq(&e->local, &v->dst) || stack_is_ours(s, &e->remote)) {
		stack_drop(s, USTACK_C_DROP_ICMP_QUOTE);
		return false;
	}
	e->l4 = p + q.l4_off;
	e->l4_len = q.l4_len;
	e->quoted_len = q.len;
	e->label = q.label;
	e->proto = q.proto;
	return true;
}

bool icmp_error(struct ustack *s, const struct ip_view *v,
		const struct icmp_hdr *h, struct ip_error *e)
{
	struct meaning m = v->v6 ? meaning6(h) : meaning4(h);

	if (m.kind == IP_ERR_NONE) {
		stack_drop(s, USTACK_C_DROP_ICMP_QUENCH); /* (MUST-55) */
		return false;
	}
	e->kind = m.kind;
	e->err = m.err;
	e->from = v->src;
	e->expired = h->type ==
		     (v->v6 ? ICMP6_TIME_EXCEEDED : ICMP4_TIME_EXCEEDED);
	e->mtu = v->v6 ? h->rest : h->rest & 0xffffu; /* RFC 1191 section 4 */
	return take_quote(s, v, e);
}

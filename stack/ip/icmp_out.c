/* SPDX-License-Identifier: MIT */
/*
 * icmp_out.c - an ICMP or ICMPv6 message in answer to a packet
 */

#include "ip.h"

#include "stack/base/bytes.h"
#include "stack/wire/icmp.h"

static enum limit_kind kind_of4(uint8_t type)
{
	if (type == ICMP4_TIME_EXCEEDED)
		return LIMIT_TIME;
	return type == ICMP4_PARAM_PROBLEM ? LIMIT_PARAM : LIMIT_UNREACH;
}

static enum limit_kind kind_of6(uint8_t type)
{
	if (type == ICMP6_TIME_EXCEEDED)
		return LIMIT_TIME;
	return type == ICMP6_PARAM_PROBLEM ? LIMIT_PARAM : LIMIT_UNREACH;
}

bool icmp_limit_ok(struct ustack *s, const struct ip_view *v,
		   const struct icmp_hdr *h)
{
	return stack_limit_ok(s, v->v6 ? kind_of6(h->type) : kind_of4(h->type));
}

int icmp_answer(struct ustack *s, const struct ip_view *v,
		const struct icmp_hdr *h, const uint8_t *body, uint32_t len)
{
	struct ip_args a = { .src = &v->dst,
			     .dst = &v->src,
			     .proto = v->v6 ? IP_PROTO_ICMP6 : IP_PROTO_ICMP,
			     .ttl = s->cfg.ttl,
			     .csum_off = 2 };
	struct ustack_pkt p = { .head_len = ICMP_HDR_LEN };
	struct ubuf *b;
	int r;

	if (ip_hdr_len(a.dst) + ICMP_HDR_LEN + len > s->cfg.mtu) {
		stack_drop(s, USTACK_C_DROP_ICMP_SIZE); /* no fragments */
		return -ERR_MSGSIZE;
	}
	icmp_build(p.head + ip_hdr_len(a.dst), h);
	b = ubuf_new(&s->mem, max_u32(len, 1));
	if (!b) {
		stack_drop(s, USTACK_C_DROP_NO_MEMORY);
		return -ERR_NOMEM;
	}
	memcpy(b->data, body, len);
	p.slice[0] = (struct slice){ .buf = b, .len = len };
	p.nslices = len > 0;
	r = ip_output(s, &p, &a);
	ubuf_put(b);
	if (r == 0)
		stack_count(s, v->v6 ? USTACK_C_ICMP6_OUT_MSGS
				     : USTACK_C_ICMP_OUT_MSGS);
	return r;
}

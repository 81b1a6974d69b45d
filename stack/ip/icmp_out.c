/* SPDX-License-Identifier: MIT */
/*
 * icmp_out.c - an ICMP or ICMPv6 message leaves, in answer to a packet or not
 *
 * Routers may fragment an answer, and what is longer than the path takes leaves
 * in fragments: an echo's answer is as long as the question.
 */

#include "ip.h"

#include "stack/base/bytes.h"
#include "stack/wire/icmp.h"

#define CSUM_OFF    2u
#define DATA_MAX    (65535u - 20u)
#define LABEL_SHIFT 44u /* of 64 bits, to 20 */
#define LEAST6                                                                 \
	1280u /* who takes fragments takes them everywhere in this size */

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

uint32_t icmp_path_mtu(struct ustack *s, const struct ustack_addr *dst)
{
	uint32_t mtu = ip_path_mtu(s, dst);

	return mtu ? mtu : s->cfg.mtu;
}

uint32_t icmp_label(const struct ustack *s, const struct ustack_addr *dst)
{
	if (ip_is4(dst))
		return 0;
	return (uint32_t)(siphash(&s->frag_id.key, dst, sizeof(*dst)) >>
			  LABEL_SHIFT);
}

void icmp_answer_error(struct ustack *s, const struct ip_error *e)
{
	if (e->proto != IP_PROTO_ICMP6 || e->kind != IP_ERR_TOO_BIG ||
	    e->label != icmp_label(s, &e->remote))
		stack_drop(s, USTACK_C_DROP_ICMP_NO_CONN);
	else if (e->mtu >= e->quoted_len)
		stack_drop(s, USTACK_C_DROP_ICMP_MTU);
	else if (stack_limit_ok(s, LIMIT_ICMP_IN))
		ip_path_lower(s, &e->remote, e->mtu);
}

static int send(struct ustack *s, const struct ip_args *a, struct ubuf *b,
		uint32_t len)
{
	struct ustack_pkt p = { .head_len = ICMP_HDR_LEN };
	uint32_t mtu = icmp_path_mtu(s, a->dst);

	if (ip_hdr_len(a->dst) + len > mtu)
		return ip_output_cut(s, a, b, len,
				     ip_is4(a->dst) ? mtu : LEAST6);

	memcpy(p.head + ip_hdr_len(a->dst), b->data, ICMP_HDR_LEN);
	p.slice[0] = (struct slice){ .buf = b,
				     .off = ICMP_HDR_LEN,
				     .len = len - ICMP_HDR_LEN };
	p.nslices = len > ICMP_HDR_LEN;
	return ip_output(s, &p, a);
}

int icmp_emit(struct ustack *s, const struct ip_args *a, struct ubuf *b,
	      uint32_t len)
{
	int r;

	icmp_set_csum(b->data, ip_l4_csum(a, b->data, len));
	r = send(s, a, b, len);
	if (r == 0)
		stack_count(s, ip_is4(a->dst) ? USTACK_C_ICMP_OUT_MSGS
					      : USTACK_C_ICMP6_OUT_MSGS);
	return r;
}

int icmp_answer(struct ustack *s, const struct ip_view *v,
		const struct icmp_hdr *h, const uint8_t *body, uint32_t len)
{
	struct ip_args a = { .src = &v->dst,
			     .dst = &v->src,
			     .proto = v->v6 ? IP_PROTO_ICMP6 : IP_PROTO_ICMP,
			     .ttl = s->cfg.ttl,
			     .csum_off = CSUM_OFF,
			     .flow_label = icmp_label(s, &v->src),
			     .may_frag = true };
	uint32_t total = ICMP_HDR_LEN + len;
	struct ubuf *b;
	int r;

	if (total > DATA_MAX) {
		stack_drop(s, USTACK_C_DROP_ICMP_SIZE);
		return -ERR_MSGSIZE;
	}
	b = ubuf_new(&s->mem, total);
	if (!b) {
		stack_drop(s, USTACK_C_DROP_NO_MEMORY);
		return -ERR_NOMEM;
	}
	icmp_build(b->data, h);
	memcpy(b->data + ICMP_HDR_LEN, body, len);
	r = icmp_emit(s, &a, b, total);
	ubuf_put(b);
	return r;
}

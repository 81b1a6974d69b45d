/* SPDX-License-Identifier: MIT */
/*
 * ip_out.c - IP output: header, checksum, out
 *
 *	head:  [ IP header | transport header ]   slices: payload
 *
 * When the link completes checksums, the transport checksum holds the
 * pseudo-header's sum alone, not complemented, with the length of the whole
 * super-packet.
 */

#include "ip.h"

#include "stack/base/assert.h"
#include "stack/base/bytes.h"
#include "stack/wire/csum.h"
#include "stack/wire/ip4.h"
#include "stack/wire/ip6.h"

static uint64_t pseudo_sum(const struct ip_args *a, bool v4, uint32_t l4_len)
{
	if (v4)
		return csum_pseudo4(a->src->b + 12, a->dst->b + 12, a->proto,
				    l4_len);
	return csum_pseudo6(a->src->b, a->dst->b, a->proto, l4_len);
}

static void set_l4_csum(const struct ustack *s, struct ustack_pkt *p,
			const struct ip_args *a, uint32_t l4_len)
{
	bool v4 = !(p->flags & USTACK_PKT_IPV6);
	uint8_t *l4 = p->head + p->l4_off;
	uint64_t sum = 0;
	uint16_t csum;

	if (!v4 || a->proto != IP_PROTO_ICMP)
		sum = pseudo_sum(a, v4, l4_len);
	if (s->cfg.tx_csum && a->proto == IP_PROTO_TCP) {
		p->flags |= USTACK_PKT_CSUM_PARTIAL;
		csum = csum_fold(sum);
	} else {
		memset(l4 + a->csum_off, 0, 2);
		sum = csum_add(sum, l4, p->head_len - p->l4_off);
		csum = csum_finish(csum_add_slices(sum, p->slice, p->nslices,
						   (p->head_len & 1u) != 0));
	}
	memcpy(l4 + a->csum_off, &csum, sizeof(csum));
}

/* With DF set no fragment needs an ID to be told by (1122-15, RFC 6864). */
static void build4(struct ustack *s, struct ustack_pkt *p,
		   const struct ip_args *a)
{
	uint32_t id = a->may_frag ? ip_frag_id(s, 16) : 0;
	struct ip4_hdr h = { .total_len = p->len,
			     .df = !a->may_frag,
			     .id = (uint16_t)id,
			     .tos = a->tos,
			     .ttl = a->ttl,
			     .proto = a->proto };

	memcpy(h.src, a->src->b + 12, 4);
	memcpy(h.dst, a->dst->b + 12, 4);
	ip4_build(p->head, &h);
}

static void build6(struct ustack_pkt *p, const struct ip_args *a)
{
	struct ip6_hdr h = { .payload_len = p->len - IP6_HDR_LEN,
			     .tclass = a->tos,
			     .flow_label = a->flow_label,
			     .hop_limit = a->ttl,
			     .proto = a->proto };

	memcpy(h.src, a->src->b, 16);
	memcpy(h.dst, a->dst->b, 16);
	ip6_build(p->head, &h);
}

int ip_transmit(struct ustack *s, struct ustack_pkt *p)
{
	bool v4 = !(p->flags & USTACK_PKT_IPV6);
	int r = s->host.output(s->host.ctx, p);

	if (r == 0) {
		stack_count(s, v4 ? USTACK_C_IP_OUT_TRANSMITS
				  : USTACK_C_IP6_OUT_TRANSMITS);
		stack_count_n(s,
			      v4 ? USTACK_C_IP_OUT_OCTETS
				 : USTACK_C_IP6_OUT_OCTETS,
			      p->len);
	} else if (r != -ERR_AGAIN) {
		stack_drop(s, USTACK_C_DROP_OUTPUT);
	}
	return r;
}

int ip_output(struct ustack *s, struct ustack_pkt *p, const struct ip_args *a)
{
	bool v4 = ip_is4(a->dst);
	uint32_t hdr_len = v4 ? IP4_HDR_MIN : IP6_HDR_LEN;
	uint32_t l4_len = p->head_len;

	for (uint32_t i = 0; i < p->nslices; i++)
		l4_len += p->slice[i].len;
	p->head_len = (uint16_t)(p->head_len + hdr_len);
	p->len = hdr_len + l4_len;
	p->l4_off = (uint16_t)hdr_len;
	p->csum_off = a->csum_off;
	p->flags = v4 ? 0 : USTACK_PKT_IPV6;
	ASSERT(p->len <= 65535);

	set_l4_csum(s, p, a, l4_len);
	if (v4)
		build4(s, p, a);
	else
		build6(p, a);

	stack_count(s,
		    v4 ? USTACK_C_IP_OUT_REQUESTS : USTACK_C_IP6_OUT_REQUESTS);
	return ip_transmit(s, p);
}

uint16_t ip_l4_csum(const struct ip_args *a, const uint8_t *l4, uint32_t len)
{
	uint64_t sum = 0;

	if (a->proto != IP_PROTO_ICMP)
		sum = pseudo_sum(a, ip_is4(a->dst), len);
	return csum_finish(csum_add(sum, l4, len));
}

bool ip_l4_csum_ok(const struct ip_view *v)
{
	struct ip_args a = { .src = &v->src,
			     .dst = &v->dst,
			     .proto = v->proto };

	return v->csum_ok || ip_l4_csum(&a, v->l4, v->l4_len) == 0;
}

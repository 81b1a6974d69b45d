/* SPDX-License-Identifier: MIT */
/*
 * frag_out.c - a datagram leaves in fragments
 *
 *	[ IPv4 | data ]  or  [ IPv6 | fragment header | data ], each
 *	data a multiple of 8 bytes long, but the last
 *
 * Only answers that are as long as what was asked need it: TCP never does
 * (8201-3).
 */

#include "ip.h"

#include "stack/base/assert.h"
#include "stack/base/bytes.h"
#include "stack/wire/ip4.h"
#include "stack/wire/ip6.h"

#define FRAG_HDR_LEN 8u
#define ROUNDS	     4u

/*
 * Numbers in turn, put through a permutation under a secret: a Feistel network
 * over the two halves.
 */
uint32_t ip_frag_id(struct ustack *s, uint32_t bits)
{
	uint32_t half = bits / 2;
	uint32_t mask = (1u << half) - 1u;
	uint32_t n = s->frag_id.n++;
	uint32_t left = n >> half & mask;
	uint32_t right = n & mask;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		uint64_t w = i << 32 | right;
		uint32_t f = (uint32_t)siphash_words(&s->frag_id.key, &w, 1);
		uint32_t next = (left ^ f) & mask;

		left = right;
		right = next;
	}
	return left << half | right;
}

/* A fragment: @off and @len of the datagram's data, the M flag, the ID. */
struct piece {
	uint32_t off;
	uint32_t len;
	uint32_t id;
	bool more;
};

static void head4(struct ustack_pkt *p, const struct ip_args *a,
		  const struct piece *f)
{
	struct ip4_hdr h = { .total_len = p->len,
			     .id = (uint16_t)f->id,
			     .frag_off = (uint16_t)f->off,
			     .mf = f->more,
			     .tos = a->tos,
			     .ttl = a->ttl,
			     .proto = a->proto };

	memcpy(h.src, a->src->b + 12, 4);
	memcpy(h.dst, a->dst->b + 12, 4);
	ip4_build(p->head, &h);
}

static void head6(struct ustack_pkt *p, const struct ip_args *a,
		  const struct piece *f)
{
	struct ip6_hdr h = { .payload_len = p->len - IP6_HDR_LEN,
			     .tclass = a->tos,
			     .hop_limit = a->ttl,
			     .flow_label = a->flow_label,
			     .proto = IP_PROTO_FRAG };
	uint8_t *ext = p->head + IP6_HDR_LEN;

	memcpy(h.src, a->src->b, 16);
	memcpy(h.dst, a->dst->b, 16);
	ip6_build(p->head, &h);
	ext[0] = a->proto;
	ext[1] = 0;
	be16_store(ext + 2, (uint16_t)(f->off | f->more));
	be32_store(ext + 4, f->id);
}

static int send_piece(struct ustack *s, const struct ip_args *a, struct ubuf *b,
		      const struct piece *f)
{
	bool v4 = ip_is4(a->dst);
	struct ustack_pkt p = { .nslices = 1 };

	p.slice[0] = (struct slice){ .buf = b, .off = f->off, .len = f->len };
	p.flags = v4 ? 0 : USTACK_PKT_IPV6;
	p.head_len = v4 ? IP4_HDR_MIN : IP6_HDR_LEN + FRAG_HDR_LEN;
	p.l4_off = p.head_len;
	p.len = p.head_len + f->len;
	if (v4)
		head4(&p, a, f);
	else
		head6(&p, a, f);
	stack_count(s,
		    v4 ? USTACK_C_IP_FRAG_CREATES : USTACK_C_IP6_FRAG_CREATES);
	return ip_transmit(s, &p);
}

int ip_output_cut(struct ustack *s, const struct ip_args *a, struct ubuf *b,
		  uint32_t len, uint32_t mtu)
{
	bool v4 = ip_is4(a->dst);
	uint32_t hdr = v4 ? IP4_HDR_MIN : IP6_HDR_LEN + FRAG_HDR_LEN;
	uint32_t room = (mtu - hdr) & ~7u;
	struct piece f = { .id = ip_frag_id(s, v4 ? 16 : 32) };

	ASSERT(len <= 65535 - IP4_HDR_MIN);
	stack_count(s,
		    v4 ? USTACK_C_IP_OUT_REQUESTS : USTACK_C_IP6_OUT_REQUESTS);
	for (; f.off < len; f.off += f.len) {
		int r;

		f.len = min_u32(room, len - f.off);
		f.more = f.off + f.len < len;
		r = send_piece(s, a, b, &f);
		if (r < 0)
			return r; /* the rest would be no use */
	}
	stack_count(s, v4 ? USTACK_C_IP_FRAG_OKS : USTACK_C_IP6_FRAG_OKS);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * frag.c - datagrams in fragments, for the wire tests
 */

#include "frag.h"

#define FRAG_HDR 8u

struct vpkt *frag_request(struct peer *p, uint32_t body)
{
	struct vpkt *v = wire_ip(p, p->v6 ? 58 : 1, 8 + body);
	uint8_t *m = v->data + v->l4_off;

	m[0] = p->v6 ? 128 : 8;
	be32_store(m + 4, ECHO);
	for (uint32_t i = 0; i < body; i++)
		m[8 + i] = peer_byte(i);
	wire_icmp_csum(v);
	return v;
}

static void frag_header(uint8_t *h, uint8_t next, const struct cut *c)
{
	h[0] = next;
	h[1] = 0;
	be16_store(h + 2, (uint16_t)(c->off | c->more));
	be32_store(h + 4, c->id);
}

struct vpkt *frag_cut(struct peer *p, const struct vpkt *v, struct cut c)
{
	uint8_t proto = p->v6 ? v->data[6] : v->data[9];
	uint32_t ext = p->v6 ? FRAG_HDR : 0;
	struct vpkt *f = wire_ip(p, p->v6 ? 44 : proto, ext + c.len);
	uint8_t *data = f->data + f->l4_off + ext;
	uint32_t from = v->l4_off + c.off;

	if (p->v6) {
		frag_header(f->data + 40, c.next ? c.next : proto, &c);
		f->data[1] |= (uint8_t)(c.tos << 4);
	} else {
		f->data[1] = c.tos;
		be16_store(f->data + 4, (uint16_t)c.id);
		be16_store(f->data + 6,
			   (uint16_t)(c.off / 8 | (c.more ? 0x2000u : 0)));
		wire_ip4_csum(f);
	}
	if (from < v->len)
		memcpy(data, v->data + from, min_u32(c.len, v->len - from));
	if (c.len > 0)
		data[c.len - 1] ^= c.flip;
	return f;
}

void frag_give(struct peer *p, const struct vpkt *v, struct cut c)
{
	wire_hand(p, frag_cut(p, v, c));
}

void frag_check_echo(struct peer *p, uint32_t n, uint32_t body)
{
	uint32_t hdr = p->v6 ? 40 : 20;

	ck_assert_uint_eq(p->icmp_out, n);
	ck_assert_uint_eq(p->icmp_len, hdr + 8 + body);
	ck_assert_uint_eq(p->icmp[hdr], p->v6 ? 129 : 0);
	ck_assert_uint_eq(be32_load(p->icmp + hdr + 4), ECHO);
	for (uint32_t i = 0; i < body; i++)
		if (p->icmp[hdr + 8 + i] != peer_byte(i))
			ck_abort_msg("byte %u is wrong", i);
}

uint64_t frag_oks(struct peer *p)
{
	return peer_counter(p, p->v6 ? USTACK_C_IP6_REASM_OKS
				     : USTACK_C_IP_REASM_OKS);
}

uint64_t frag_fails(struct peer *p)
{
	return peer_counter(p, p->v6 ? USTACK_C_IP6_REASM_FAILS
				     : USTACK_C_IP_REASM_FAILS);
}

uint32_t frag_waiting(struct peer *p)
{
	struct ustack_gauges g;

	ustack_gauges(p->h.s, &g);
	return g.frags;
}

const struct cut three[3] = {
	{ .off = 0, .len = 400, .more = true, .id = 9 },
	{ .off = 400, .len = 8, .more = true, .id = 9 },
	{ .off = 408, .len = WHOLE - 408, .id = 9 },
};

void frag_small(struct ustack_config *cfg)
{
	cfg->frag_max = 16;
	cfg->frag_mem_bytes = 1u << 20;
}

/* SPDX-License-Identifier: MIT */
/*
 * quote.c - ICMP errors that quote a segment of the stack's
 */

#include "quote.h"

/* The quoted header: that of a packet to the stack, turned round. */
static void put_header(const struct peer *p, uint8_t *q, uint32_t total)
{
	struct vpkt *ip = wire_ip(p, 6, 0);
	uint32_t alen = p->v6 ? 16 : 4;
	uint32_t src = p->v6 ? 8 : 12;

	memcpy(q, ip->data, ip->l4_off);
	memcpy(q + src, ip->data + src + alen, alen);
	memcpy(q + src + alen, ip->data + src, alen);
	if (p->v6)
		be16_store(q + 4, (uint16_t)(total - 40));
	else
		be16_store(q + 2, (uint16_t)total);
	free(ip);
}

struct vpkt *quote_build(const struct peer *p, struct quote q)
{
	uint32_t hdr = p->v6 ? 40 : 20;
	uint32_t l4_len = q.l4_len ? q.l4_len : 20;
	struct vpkt *v = wire_ip(p, p->v6 ? 58 : 1, 8 + hdr + l4_len);
	uint8_t *m = v->data + v->l4_off;
	uint8_t l4[20] = { 0 };

	m[0] = q.type;
	m[1] = q.code;
	be32_store(m + 4, q.mtu);
	put_header(p, m + 8, q.total ? q.total : 1500);
	be16_store(l4, q.lport ? q.lport : STACK_PORT);
	be16_store(l4 + 2, q.rport ? q.rport : PEER_PORT);
	be32_store(l4 + 4, p->stack_isn + q.seq);
	memcpy(m + 8 + hdr, l4, min_u32(l4_len, sizeof(l4)));
	wire_icmp_csum(v);
	return v;
}

void quote_give(struct peer *p, struct quote q)
{
	wire_hand(p, quote_build(p, q));
}

void quote_too_big(struct peer *p, uint32_t seq, uint32_t mtu)
{
	quote_give(p, (struct quote){ .type = p->v6 ? 2 : 3,
				      .code = p->v6 ? 0 : 4,
				      .seq = seq,
				      .mtu = mtu });
}

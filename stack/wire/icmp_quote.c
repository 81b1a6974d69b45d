/* SPDX-License-Identifier: MIT */
/*
 * icmp_quote.c - the datagram that an ICMP error shows the beginning of
 */

#include "icmp_quote.h"

#include <string.h>

#include "ip4.h"
#include "ip6.h"
#include "stack/base/bytes.h"

#define FRAG_OFF_MASK 0x1fffu
#define LABEL_MASK    0xfffffu

bool icmp_quote4(struct icmp_quote *q, const uint8_t *p, uint32_t len)
{
	uint32_t hdr_len;

	if (len < IP4_HDR_MIN || p[0] >> 4 != 4)
		return false;
	hdr_len = (p[0] & 15u) * 4;
	q->len = be16_load(p + 2);
	if (hdr_len < IP4_HDR_MIN || hdr_len + ICMP_QUOTE_L4_MIN > len ||
	    hdr_len + ICMP_QUOTE_L4_MIN > q->len)
		return false;
	if ((be16_load(p + 6) & FRAG_OFF_MASK) != 0)
		return false; /* its ports are elsewhere */
	memcpy(q->src, p + 12, 4);
	memcpy(q->dst, p + 16, 4);
	q->label = 0;
	q->l4_off = hdr_len;
	q->l4_len = min_u32(len, q->len) - hdr_len;
	q->proto = p[9];
	return true;
}

bool icmp_quote6(struct icmp_quote *q, const uint8_t *p, uint32_t len)
{
	uint32_t end;

	if (len < IP6_HDR_LEN || p[0] >> 4 != 6)
		return false;
	q->len = IP6_HDR_LEN + be16_load(p + 4);
	end = min_u32(len, q->len);
	q->l4_off = ip6_upper(p, end, &q->proto);
	if (q->l4_off == 0 || end - q->l4_off < ICMP_QUOTE_L4_MIN)
		return false;
	memcpy(q->src, p + 8, sizeof(q->src));
	memcpy(q->dst, p + 24, sizeof(q->dst));
	q->label = be32_load(p) & LABEL_MASK;
	q->l4_len = end - q->l4_off;
	return true;
}

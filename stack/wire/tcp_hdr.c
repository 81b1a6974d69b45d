/* SPDX-License-Identifier: MIT */
/*
 * tcp_hdr.c - TCP header: bytes <-> struct (RFC 9293 section 3.1)
 */

#include "tcp_hdr.h"

#include "stack/base/bytes.h"

int tcp_hdr_parse(struct tcp_hdr *h, const uint8_t *p, uint32_t len)
{
	if (len < TCP_HDR_MIN)
		return -1;
	h->hdr_len = (uint8_t)((p[12] >> 4) * 4);
	if (h->hdr_len < TCP_HDR_MIN || h->hdr_len > len)
		return -2;
	h->sport = be16_load(p);
	h->dport = be16_load(p + 2);
	h->seq = be32_load(p + 4);
	h->ack = be32_load(p + 8);
	h->flags = p[13];
	h->wnd = be16_load(p + 14);
	h->urg = be16_load(p + 18);
	return 0;
}

void tcp_hdr_build(uint8_t *p, const struct tcp_hdr *h)
{
	be16_store(p, h->sport);
	be16_store(p + 2, h->dport);
	be32_store(p + 4, h->seq);
	be32_store(p + 8, h->ack);
	p[12] = (uint8_t)(h->hdr_len / 4 << 4);
	p[13] = h->flags;
	be16_store(p + 14, h->wnd);
	be16_store(p + TCP_CSUM_OFF, 0);
	be16_store(p + 18, h->urg);
}

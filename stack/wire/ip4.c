/* SPDX-License-Identifier: MIT */
/*
 * ip4.c - IPv4 header: bytes <-> struct (RFC 791 section 3.1)
 */

#include "ip4.h"

#include <string.h>

#include "csum.h"
#include "stack/base/bytes.h"

#define FLAG_DF	  0x4000u
#define FLAG_MF	  0x2000u
#define FRAG_MASK 0x1fffu /* in units of 8 bytes */

#define OPT_END	  0u
#define OPT_NOP	  1u
#define OPT_LSRR  131u
#define OPT_SSRR  137u

/* Do all options stay inside the header?  Their meaning is ignored, but that
 * a sender who names the way is one who wants the answers to pass by him.
 */
static enum ip4_verdict check_options(const uint8_t *p, uint32_t len)
{
	enum ip4_verdict verdict = IP4_OK;
	uint32_t i = 0;

	while (i < len && p[i] != OPT_END) {
		uint32_t opt_len = 1;

		if (p[i] != OPT_NOP) {
			if (len - i < 2 || p[i + 1] < 2)
				return IP4_BAD_OPTION;
			opt_len = p[i + 1];
		}
		if (opt_len > len - i)
			return IP4_BAD_OPTION;
		if (p[i] == OPT_LSRR || p[i] == OPT_SSRR)
			verdict = IP4_SOURCE_ROUTE;
		i += opt_len;
	}
	return verdict;
}

/* The checks that need no more than the two lengths and the checksum. */
static enum ip4_verdict check(struct ip4_hdr *h, const uint8_t *p, uint32_t len)
{
	if (len < IP4_HDR_MIN)
		return IP4_TRUNCATED;
	if (p[0] >> 4 != 4)
		return IP4_BAD_VERSION;

	h->hdr_len = (p[0] & 15u) * 4;
	if (h->hdr_len < IP4_HDR_MIN)
		return IP4_BAD_HDR_LEN;
	if (h->hdr_len > len)
		return IP4_TRUNCATED;

	h->total_len = be16_load(p + 2);
	if (h->total_len == 0 && len > UINT16_MAX)
		h->total_len = len;
	if (h->hdr_len > h->total_len)
		return IP4_BAD_HDR_LEN;
	if (h->total_len > len)
		return IP4_BAD_TOTAL_LEN;

	if (csum_finish(csum_add(0, p, h->hdr_len)) != 0)
		return IP4_BAD_CSUM;
	return check_options(p + IP4_HDR_MIN, h->hdr_len - IP4_HDR_MIN);
}

enum ip4_verdict ip4_parse(struct ip4_hdr *h, const uint8_t *p, uint32_t len)
{
	enum ip4_verdict verdict = check(h, p, len);
	uint32_t frag;

	if (verdict != IP4_OK)
		return verdict;
	frag = be16_load(p + 6);
	h->tos = p[1];
	h->id = be16_load(p + 4);
	h->df = frag & FLAG_DF;
	h->mf = frag & FLAG_MF;
	h->frag_off = (uint16_t)((frag & FRAG_MASK) * 8);
	h->ttl = p[8];
	h->proto = p[9];
	memcpy(h->src, p + 12, sizeof(h->src));
	memcpy(h->dst, p + 16, sizeof(h->dst));
	return IP4_OK;
}

void ip4_build(uint8_t *p, const struct ip4_hdr *h)
{
	uint32_t frag = h->frag_off / 8u;
	uint16_t csum;

	if (h->df)
		frag |= FLAG_DF;
	if (h->mf)
		frag |= FLAG_MF;
	p[0] = 4 << 4 | IP4_HDR_MIN / 4;
	p[1] = h->tos;
	be16_store(p + 2,
		   h->total_len > UINT16_MAX ? 0 : (uint16_t)h->total_len);
	be16_store(p + 4, h->id);
	be16_store(p + 6, (uint16_t)frag);
	p[8] = h->ttl;
	p[9] = h->proto;
	be16_store(p + 10, 0);
	memcpy(p + 12, h->src, sizeof(h->src));
	memcpy(p + 16, h->dst, sizeof(h->dst));
	csum = csum_finish(csum_add(0, p, IP4_HDR_MIN));
	memcpy(p + 10, &csum, sizeof(csum));
}

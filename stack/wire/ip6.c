/* SPDX-License-Identifier: MIT */
/*
 * ip6.c - IPv6 header and extension headers: bytes <-> struct (RFC 8200)
 *
 *	+----- 40 -----+-- 8 * n --+-- 8 * n --+------------------
 *	| fixed header | hop-by-hop| dest. opt.| TCP ...
 *	+--next--------+next-------+next-------+------------------
 *	    '-----names-^   '-names-^   '-names-^ l4_off
 *
 * Each header names the one behind it.  The walk keeps two offsets: the header
 * it stands at, and the byte that named it, which is what an ICMPv6 error
 * about an unwanted header must point at.
 *
 * RFC 8200 sections 3, 4.1 to 4.7; RFC 5095 (routing headers); RFC 6946
 * (atomic fragments); RFC 7112 (the whole chain in the first fragment).
 */

#include "ip6.h"

#include <string.h>

#include "icmp.h"
#include "stack/base/bytes.h"

#define NEXT_OFF      6u /* of the next header field */
#define EXT_MIN	      8u
#define FRAG_OFF_MASK 0xfff8u
#define FRAG_MORE     1u
#define TCP_MIN	      20u
#define UDP_MIN	      8u /* and ICMPv6 */

#define NEXT_HOPOPT   0u
#define NEXT_TCP      6u
#define NEXT_UDP      17u
#define NEXT_ROUTING  43u
#define NEXT_FRAGMENT 44u
#define NEXT_ICMP6    58u
#define NEXT_DSTOPT   60u

#define OPT_PAD1      0u
#define OPT_PADN      1u

/* Verdict on an option unknown to us, by its two top bits (8200-5). */
static const enum ip6_verdict unknown_option[4] = {
	IP6_OK,
	IP6_BAD_OPTION,
	IP6_OPTION_REPORT,
	IP6_OPTION_REPORT_UNICAST,
};

/* Walk the options of a hop-by-hop or destination header at [@off, @end). */
static enum ip6_verdict walk_options(struct ip6_hdr *h, const uint8_t *p,
				     uint32_t off, uint32_t end)
{
	off += 2;
	while (off < end) {
		enum ip6_verdict verdict = IP6_OK;

		h->bad_off = off;
		if (p[off] == OPT_PAD1) {
			off++;
			continue;
		}
		if (end - off < 2 || p[off + 1] > end - off - 2)
			return IP6_BAD_EXT;
		if (p[off] != OPT_PADN)
			verdict = unknown_option[p[off] >> 6];
		if (verdict != IP6_OK)
			return verdict;
		off += 2u + p[off + 1];
	}
	return IP6_OK;
}

static bool is_extension(uint8_t next)
{
	return next == NEXT_HOPOPT || next == NEXT_ROUTING ||
	       next == NEXT_FRAGMENT || next == NEXT_DSTOPT;
}

/* Bytes of the extension header of kind @next at @p; the second byte counts
 * units of eight, but in a fragment header, where it is reserved.
 */
static uint32_t ext_len(uint8_t next, const uint8_t *p)
{
	return next == NEXT_FRAGMENT ? EXT_MIN : EXT_MIN + p[1] * 8u;
}

static bool ext_fits(uint8_t next, const uint8_t *p, uint32_t off, uint32_t end)
{
	return end - off >= EXT_MIN && end - off >= ext_len(next, p + off);
}

/* A second fragment header, atomic or not, is somebody's trick. */
static enum ip6_verdict check_frag(struct ip6_hdr *h, const uint8_t *p,
				   uint32_t off)
{
	uint32_t word = be16_load(p + off + 2);

	if (h->frag_seen)
		return IP6_BAD_EXT;
	h->frag_seen = true;
	h->frag_next = p[off];
	h->frag_off = (uint16_t)(word & FRAG_OFF_MASK);
	h->frag_more = word & FRAG_MORE;
	h->frag_id = be32_load(p + off + 4);
	h->frag = h->frag_off != 0 || h->frag_more;
	return IP6_OK;
}

/* Look into the extension header at [@off, @end), which @h->proto names. */
static enum ip6_verdict check_ext(struct ip6_hdr *h, const uint8_t *p,
				  uint32_t off, uint32_t end)
{
	if (h->proto == NEXT_FRAGMENT)
		return check_frag(h, p, off);
	if (h->proto != NEXT_ROUTING)
		return walk_options(h, p, off, end);
	if (p[off + 3] == 0) /* no segments left: ignored */
		return IP6_OK;
	h->bad_off = off + 2; /* its routing type (8200-7) */
	return IP6_ROUTING;
}

/* Go from header to header until one is not ours to look into. */
static enum ip6_verdict walk(struct ip6_hdr *h, const uint8_t *p, uint32_t end)
{
	uint32_t named_at = NEXT_OFF;
	uint32_t off = IP6_HDR_LEN;
	enum ip6_verdict verdict;
	uint32_t ext_end;

	h->proto = p[NEXT_OFF];
	h->frag = false;
	h->frag_seen = false;
	for (uint32_t count = 0; is_extension(h->proto); count++) {
		h->bad_off = named_at;
		if (count == IP6_EXT_MAX)
			return IP6_TOO_MANY_EXT;
		if (h->proto == NEXT_HOPOPT && count > 0)
			return IP6_HOPOPT_NOT_FIRST;
		h->bad_off = off;
		if (!ext_fits(h->proto, p, off, end))
			return IP6_BAD_EXT;
		ext_end = off + ext_len(h->proto, p + off);
		verdict = check_ext(h, p, off, ext_end);
		if (verdict != IP6_OK)
			return verdict;
		if (h->frag)
			break;
		h->proto = p[off];
		named_at = off;
		off = ext_end;
	}
	h->l4_off = off;
	h->bad_off = named_at;
	return IP6_OK;
}

/*
 * Follow the chain from the header of kind *@next at @off, judging nothing.
 *
 * Return: offset of the upper-layer header, *@next its kind; 0 if the chain
 * leads out of bounds, or out of this fragment, *@next then what it stopped at
 */
static uint32_t follow(const uint8_t *p, uint32_t end, uint8_t *next,
		       uint32_t off)
{
	for (uint32_t i = 0; is_extension(*next); i++) {
		uint8_t kind = *next;

		if (i == IP6_EXT_MAX || !ext_fits(kind, p, off, end))
			return 0;
		*next = p[off];
		if (kind == NEXT_FRAGMENT &&
		    (be16_load(p + off + 2) & FRAG_OFF_MASK) != 0)
			return 0;
		off += ext_len(kind, p + off);
	}
	return off;
}

uint32_t ip6_upper(const uint8_t *p, uint32_t len, uint8_t *proto)
{
	if (len < IP6_HDR_LEN)
		return 0;
	*proto = p[NEXT_OFF];
	return follow(p, len, proto, IP6_HDR_LEN);
}

bool ip6_is_icmp_error(const uint8_t *p, uint32_t len)
{
	uint8_t next = NEXT_ICMP6;
	uint32_t off = ip6_upper(p, len, &next);

	if (off == 0) /* what kind of message it is cannot be seen */
		return next == NEXT_ICMP6 || is_extension(next);
	if (next != NEXT_ICMP6)
		return false;
	return len == off || p[off] <= ICMP6_ERROR_MAX;
}

bool ip6_chain_whole(const uint8_t *p, const struct ip6_hdr *h)
{
	uint32_t end = IP6_HDR_LEN + h->payload_len;
	uint8_t next = NEXT_FRAGMENT;
	uint32_t off = follow(p, end, &next, h->l4_off);

	if (off == 0)
		return false;
	if (next == NEXT_TCP)
		return end - off >= TCP_MIN;
	if (next == NEXT_UDP || next == NEXT_ICMP6)
		return end - off >= UDP_MIN;
	return true;
}

enum ip6_verdict ip6_parse(struct ip6_hdr *h, const uint8_t *p, uint32_t len)
{
	uint32_t first;

	if (len < IP6_HDR_LEN)
		return IP6_TRUNCATED;
	first = be32_load(p);
	if (first >> 28 != 6)
		return IP6_BAD_VERSION;
	h->payload_len = be16_load(p + 4);
	if (h->payload_len == 0 && len > IP6_HDR_LEN + UINT16_MAX)
		h->payload_len = len - IP6_HDR_LEN;
	if (h->payload_len > len - IP6_HDR_LEN)
		return IP6_BAD_LEN;

	h->tclass = (uint8_t)(first >> 20);
	h->flow_label = first & 0xfffff;
	h->hop_limit = p[7];
	memcpy(h->src, p + 8, sizeof(h->src));
	memcpy(h->dst, p + 24, sizeof(h->dst));
	return walk(h, p, IP6_HDR_LEN + h->payload_len);
}

void ip6_build(uint8_t *p, const struct ip6_hdr *h)
{
	be32_store(p, 6u << 28 | (uint32_t)h->tclass << 20 |
			      (h->flow_label & 0xfffff));
	be16_store(p + 4,
		   h->payload_len > UINT16_MAX ? 0 : (uint16_t)h->payload_len);
	p[6] = h->proto;
	p[7] = h->hop_limit;
	memcpy(p + 8, h->src, sizeof(h->src));
	memcpy(p + 24, h->dst, sizeof(h->dst));
}

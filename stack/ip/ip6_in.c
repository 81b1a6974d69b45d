/* SPDX-License-Identifier: MIT */
/*
 * ip6_in.c - IPv6 input: from bytes to a view that TCP and ICMPv6 can trust
 *
 * RFC 8200; RFC 4443 section 3.4 for what is answered.  On a TUN there are no
 * neighbours to discover: multicast is dropped as not ours (8504-4).
 */

#include "frag.h"

#include "stack/base/bytes.h"
#include "stack/wire/icmp.h"
#include "stack/wire/ip6.h"

#define PAYLOAD_LEN_OFF 4u /* in the fixed header */
#define FRAG_OFF_OFF	2u /* in the fragment header */
#define FRAG_HDR_LEN	8u

static enum ustack_counter drop_reason(enum ip6_verdict v)
{
	switch (v) {
	case IP6_TRUNCATED:
		return USTACK_C_DROP_IP6_TRUNCATED;
	case IP6_BAD_VERSION:
		return USTACK_C_DROP_NOT_IP;
	case IP6_BAD_LEN:
		return USTACK_C_DROP_IP6_LEN;
	case IP6_BAD_OPTION:
	case IP6_OPTION_REPORT:
	case IP6_OPTION_REPORT_UNICAST:
		return USTACK_C_DROP_IP6_OPTION;
	default:
		return USTACK_C_DROP_IP6_EXT;
	}
}

/* An IPv4-mapped address on the wire is somebody's trick (RFC 4942 s. 2.2). */
static bool addresses_ok(struct ustack *s, const struct ip_view *v)
{
	if (ip_is4(&v->src) || !ip_is_unicast(&v->src) ||
	    stack_is_ours(s, &v->src)) {
		stack_drop(s, USTACK_C_DROP_IP6_SRC); /* (8504-2) */
		return false;
	}
	if (ip_is4(&v->dst) || !stack_is_ours(s, &v->dst)) {
		stack_drop(s, USTACK_C_DROP_IP6_DST);
		return false;
	}
	return true;
}

/* The addresses are known to be good: say what was wrong, where one should. */
static void report(struct ustack *s, const struct ip_view *v, uint8_t code,
		   uint32_t off)
{
	uint32_t len = (uint32_t)(v->l4 - v->hdr) + v->l4_len;

	if (!ip6_is_icmp_error(v->hdr, len)) /* (4443-2) */
		icmp6_param_problem(s, v, code, off);
}

static void refuse(struct ustack *s, const struct ip_view *v,
		   enum ip6_verdict verdict, uint32_t off)
{
	stack_drop(s, drop_reason(verdict));
	if (verdict == IP6_OPTION_REPORT ||
	    verdict == IP6_OPTION_REPORT_UNICAST)
		report(s, v, ICMP6_PARAM_OPTION, off);
	else if (verdict == IP6_ROUTING)
		report(s, v, ICMP6_PARAM_FIELD, off);
	else if (verdict == IP6_HOPOPT_NOT_FIRST)
		report(s, v, ICMP6_PARAM_NEXT_HEADER, off);
}

static bool read_header(struct ustack *s, const struct ustack_pkt *p,
			struct ip6_hdr *h, struct ip_view *v)
{
	const uint8_t *data = slice_data(&p->slice[0]);
	enum ip6_verdict verdict = ip6_parse(h, data, p->slice[0].len);

	if (verdict != IP6_OK && verdict < IP6_BAD_EXT) {
		stack_drop(s, drop_reason(verdict));
		return false;
	}
	memcpy(v->src.b, h->src, sizeof(h->src));
	memcpy(v->dst.b, h->dst, sizeof(h->dst));
	v->hdr = data;
	v->v6 = true;
	v->l4 = data + IP6_HDR_LEN;
	v->l4_len = h->payload_len;
	v->tos = h->tclass;
	v->ttl = h->hop_limit;
	v->csum_ok = p->flags & (USTACK_PKT_CSUM_PARTIAL | USTACK_PKT_CSUM_OK);
	if (!addresses_ok(s, v))
		return false;
	if (verdict != IP6_OK) {
		refuse(s, v, verdict, h->bad_off);
		return false;
	}
	return true;
}

/* Is it a fragment that may be kept?  Each fault has its reason. */
static bool fragment_ok(struct ustack *s, const struct ip6_hdr *h,
			const struct ip_view *v, uint32_t len)
{
	if (len == 0) {
		stack_drop(s, USTACK_C_DROP_FRAG_LEN);
	} else if (h->frag_more && len % 8 != 0) { /* (8200-2) */
		stack_drop(s, USTACK_C_DROP_FRAG_LEN);
		report(s, v, ICMP6_PARAM_FIELD, PAYLOAD_LEN_OFF);
	} else if (h->frag_off + len > UINT16_MAX) {
		stack_drop(s, USTACK_C_DROP_FRAG_SIZE);
		report(s, v, ICMP6_PARAM_FIELD, h->l4_off + FRAG_OFF_OFF);
	} else if (h->frag_off == 0 && !ip6_chain_whole(v->hdr, h)) {
		stack_drop(s, USTACK_C_DROP_FRAG_TINY); /* (8200-3) */
		report(s, v, ICMP6_PARAM_CHAIN, 0);
	} else {
		return true;
	}
	return false;
}

static struct ustack_pkt *reassemble(struct ustack *s, const struct ip6_hdr *h,
				     const struct ip_view *v)
{
	uint32_t hdr_len = h->l4_off + FRAG_HDR_LEN;
	const struct ip_frag f = { .v = v,
				   .id = h->frag_id,
				   .off = h->frag_off,
				   .hdr_len = hdr_len,
				   .len = IP6_HDR_LEN + h->payload_len -
					  hdr_len,
				   .named_at = h->bad_off,
				   .proto = h->frag_next,
				   .more = h->frag_more };

	return fragment_ok(s, h, v, f.len) ? frag_input(s, &f) : NULL;
}

/* What was in fragments may not be one itself: no end of that could be seen. */
static bool read_whole(struct ustack *s, const struct ustack_pkt *p,
		       struct ip6_hdr *h, struct ip_view *v)
{
	if (!read_header(s, p, h, v))
		return false;
	if (h->frag)
		stack_drop(s, USTACK_C_DROP_IP6_EXT);
	return !h->frag;
}

bool ip6_input(struct ustack *s, struct ustack_pkt **p, struct ip_view *v)
{
	struct ustack_pkt *whole;
	struct ip6_hdr h;

	stack_count(s, USTACK_C_IP6_IN_RECEIVES);
	stack_count_n(s, USTACK_C_IP6_IN_OCTETS, (*p)->slice[0].len);
	if (!read_header(s, *p, &h, v))
		return false;
	if (h.frag) {
		whole = reassemble(s, &h, v);
		if (!whole)
			return false;
		ustack_pkt_free(s, *p);
		*p = whole;
		if (!read_whole(s, whole, &h, v))
			return false;
	}
	v->l4 = v->hdr + h.l4_off;
	v->l4_len = IP6_HDR_LEN + h.payload_len - h.l4_off;
	v->next_off = h.bad_off;
	v->proto = h.proto;
	stack_count(s, USTACK_C_IP6_IN_DELIVERS);
	return true;
}

/* SPDX-License-Identifier: MIT */
/*
 * ip4_in.c - IPv4 input: from bytes to a view that TCP and ICMP can trust
 *
 * RFC 791, RFC 1122 section 3.2.1, RFC 1858.  What is wrong is dropped in
 * silence and counted; nothing is forwarded.
 */

#include "frag.h"

#include "stack/base/bytes.h"
#include "stack/wire/ip4.h"

#define TCP_MIN 20u

static enum ustack_counter drop_reason(enum ip4_verdict v)
{
	static const enum ustack_counter reason[] = {
		[IP4_TRUNCATED] = USTACK_C_DROP_IP_TRUNCATED,
		[IP4_BAD_VERSION] = USTACK_C_DROP_NOT_IP,
		[IP4_BAD_HDR_LEN] = USTACK_C_DROP_IP_HDR_LEN,
		[IP4_BAD_TOTAL_LEN] = USTACK_C_DROP_IP_TOTAL_LEN,
		[IP4_BAD_CSUM] = USTACK_C_DROP_IP_CSUM,
		[IP4_BAD_OPTION] = USTACK_C_DROP_IP_OPTION,
		[IP4_SOURCE_ROUTE] = USTACK_C_DROP_IP_SOURCE_ROUTE,
	};

	return reason[v];
}

/* Limited and subnet broadcasts and multicast are among what is not ours. */
static bool addresses_ok(struct ustack *s, const struct ip_view *v)
{
	if (!ip_is_unicast(&v->src) || stack_is_ours(s, &v->src)) {
		stack_drop(s, USTACK_C_DROP_IP_SRC); /* (1122-6, MUST-63) */
		return false;
	}
	if (!stack_is_ours(s, &v->dst)) {
		stack_drop(s, USTACK_C_DROP_IP_DST); /* (1122-4, MUST-57) */
		return false;
	}
	return true;
}

static bool is_fragment(const struct ip4_hdr *h)
{
	return h->mf || h->frag_off != 0;
}

static bool read_header(struct ustack *s, const struct ustack_pkt *p,
			struct ip4_hdr *h, struct ip_view *v)
{
	const uint8_t *data = slice_data(&p->slice[0]);
	enum ip4_verdict verdict = ip4_parse(h, data, p->slice[0].len);

	if (verdict != IP4_OK) {
		stack_drop(s, drop_reason(verdict));
		return false;
	}
	v->src = ustack_addr4(h->src);
	v->dst = ustack_addr4(h->dst);
	v->hdr = data;
	v->l4 = data + h->hdr_len;
	v->l4_len = h->total_len - h->hdr_len;
	v->next_off = 0;
	v->proto = h->proto;
	v->tos = h->tos;
	v->ttl = h->ttl;
	v->v6 = false;
	v->csum_ok = p->flags & (USTACK_PKT_CSUM_PARTIAL | USTACK_PKT_CSUM_OK);
	return addresses_ok(s, v);
}

/*
 * A first fragment of TCP must hold the whole header, so that none can begin
 * inside it: else what a filter saw is not what we would see (1858-1).
 */
static bool is_tiny(const struct ip4_hdr *h, uint32_t len)
{
	if (h->proto != IP_PROTO_TCP)
		return false;
	return h->frag_off == 0 ? len < TCP_MIN : h->frag_off < TCP_MIN;
}

/* Is it a fragment that may be kept?  Each fault has its reason. */
static bool fragment_ok(struct ustack *s, const struct ip4_hdr *h, uint32_t len)
{
	if (len == 0 || (h->mf && len % 8 != 0)) /* (791-4) */
		stack_drop(s, USTACK_C_DROP_FRAG_LEN);
	else if (h->hdr_len + h->frag_off + len > UINT16_MAX) /* (791-3) */
		stack_drop(s, USTACK_C_DROP_FRAG_SIZE);
	else if (is_tiny(h, len))
		stack_drop(s, USTACK_C_DROP_FRAG_TINY);
	else
		return true;
	return false;
}

static struct ustack_pkt *reassemble(struct ustack *s, const struct ip4_hdr *h,
				     const struct ip_view *v)
{
	const struct ip_frag f = { .v = v,
				   .id = h->id,
				   .off = h->frag_off,
				   .hdr_len = h->hdr_len,
				   .len = v->l4_len,
				   .proto = h->proto,
				   .more = h->mf };

	return fragment_ok(s, h, v->l4_len) ? frag_input(s, &f) : NULL;
}

bool ip4_input(struct ustack *s, struct ustack_pkt **p, struct ip_view *v)
{
	struct ustack_pkt *whole;
	struct ip4_hdr h;

	stack_count(s, USTACK_C_IP_IN_RECEIVES);
	stack_count_n(s, USTACK_C_IP_IN_OCTETS, (*p)->slice[0].len);
	if (!read_header(s, *p, &h, v))
		return false;
	if (is_fragment(&h)) {
		whole = reassemble(s, &h, v);
		if (!whole)
			return false;
		ustack_pkt_free(s, *p);
		*p = whole;
		if (!read_header(s, whole, &h, v))
			return false;
	}
	stack_count(s, USTACK_C_IP_IN_DELIVERS);
	return true;
}

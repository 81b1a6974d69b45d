/* SPDX-License-Identifier: MIT */
/*
 * ip4_in.c - IPv4 input: from bytes to a view that TCP and ICMP can trust
 *
 * RFC 791, RFC 1122 section 3.2.1.  What is wrong is dropped in silence and
 * counted; nothing is forwarded.
 */

#include "ip.h"

#include "stack/base/bytes.h"
#include "stack/wire/ip4.h"

static enum ustack_counter drop_reason(enum ip4_verdict v)
{
	static const enum ustack_counter reason[] = {
		[IP4_TRUNCATED] = USTACK_C_DROP_IP_TRUNCATED,
		[IP4_BAD_VERSION] = USTACK_C_DROP_NOT_IP,
		[IP4_BAD_HDR_LEN] = USTACK_C_DROP_IP_HDR_LEN,
		[IP4_BAD_TOTAL_LEN] = USTACK_C_DROP_IP_TOTAL_LEN,
		[IP4_BAD_CSUM] = USTACK_C_DROP_IP_CSUM,
		[IP4_BAD_OPTION] = USTACK_C_DROP_IP_OPTION,
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

bool ip4_input(struct ustack *s, const struct ustack_pkt *p, struct ip_view *v)
{
	const uint8_t *data = slice_data(&p->slice[0]);
	struct ip4_hdr h;
	enum ip4_verdict verdict;

	stack_count(s, USTACK_C_IP_IN_RECEIVES);
	stack_count_n(s, USTACK_C_IP_IN_OCTETS, p->slice[0].len);
	verdict = ip4_parse(&h, data, p->slice[0].len);
	if (verdict != IP4_OK) {
		stack_drop(s, drop_reason(verdict));
		return false;
	}
	v->src = ustack_addr4(h.src);
	v->dst = ustack_addr4(h.dst);
	v->hdr = data;
	v->l4 = data + h.hdr_len;
	v->l4_len = h.total_len - h.hdr_len;
	v->next_off = 0;
	v->proto = h.proto;
	v->tos = h.tos;
	v->v6 = false;
	v->csum_ok = p->flags & (USTACK_PKT_CSUM_PARTIAL | USTACK_PKT_CSUM_OK);
	if (!addresses_ok(s, v))
		return false;
	if (h.mf || h.frag_off != 0) {
		stack_drop(s, USTACK_C_DROP_IP_FRAGMENT);
		return false;
	}
	stack_count(s, USTACK_C_IP_IN_DELIVERS);
	return true;
}

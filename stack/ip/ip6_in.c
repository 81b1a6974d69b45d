/* SPDX-License-Identifier: MIT */
/*
 * ip6_in.c - IPv6 input: from bytes to a view that TCP and ICMPv6 can trust
 *
 * RFC 8200; RFC 4443 section 3.4 for what is answered.  On a TUN there are no
 * neighbours to discover: multicast is dropped as not ours (8504-4).
 */

#include "ip.h"

#include "stack/base/bytes.h"
#include "stack/wire/icmp.h"
#include "stack/wire/ip6.h"

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
static void report(struct ustack *s, const struct ip_view *v,
		   enum ip6_verdict verdict, uint32_t off)
{
	if (ip6_is_icmp_error(v->hdr, (uint32_t)(v->l4 - v->hdr) + v->l4_len))
		return; /* (4443-2) */
	if (verdict == IP6_OPTION_REPORT ||
	    verdict == IP6_OPTION_REPORT_UNICAST)
		icmp6_param_problem(s, v, ICMP6_PARAM_OPTION, off);
	else if (verdict == IP6_ROUTING)
		icmp6_param_problem(s, v, 0, off);
	else if (verdict == IP6_HOPOPT_NOT_FIRST)
		icmp6_param_problem(s, v, ICMP6_PARAM_NEXT_HEADER, off);
}

bool ip6_input(struct ustack *s, const struct ustack_pkt *p, struct ip_view *v)
{
	const uint8_t *data = slice_data(&p->slice[0]);
	struct ip6_hdr h;
	enum ip6_verdict verdict;

	stack_count(s, USTACK_C_IP6_IN_RECEIVES);
	stack_count_n(s, USTACK_C_IP6_IN_OCTETS, p->slice[0].len);
	verdict = ip6_parse(&h, data, p->slice[0].len);
	if (verdict != IP6_OK && verdict < IP6_BAD_EXT) {
		stack_drop(s, drop_reason(verdict));
		return false;
	}
	memcpy(v->src.b, h.src, sizeof(h.src));
	memcpy(v->dst.b, h.dst, sizeof(h.dst));
	v->hdr = data;
	v->v6 = true;
	v->l4 = data + IP6_HDR_LEN;
	v->l4_len = min_u32(be16_load(data + 4), p->slice[0].len - IP6_HDR_LEN);
	if (!addresses_ok(s, v))
		return false;
	if (verdict != IP6_OK) {
		stack_drop(s, drop_reason(verdict));
		report(s, v, verdict, h.bad_off);
		return false;
	}
	if (h.frag) {
		stack_drop(s, USTACK_C_DROP_IP6_FRAGMENT);
		return false;
	}
	v->l4 = data + h.l4_off;
	v->l4_len = IP6_HDR_LEN + h.payload_len - h.l4_off;
	v->next_off = h.bad_off;
	v->proto = h.proto;
	v->tos = h.tclass;
	v->csum_ok = p->flags & (USTACK_PKT_CSUM_PARTIAL | USTACK_PKT_CSUM_OK);
	stack_count(s, USTACK_C_IP6_IN_DELIVERS);
	return true;
}

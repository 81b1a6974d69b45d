/* SPDX-License-Identifier: MIT */
/*
 * icmp6.c - ICMPv6: echo is answered, what cannot be delivered is reported
 *
 * RFC 4443.  Errors fit in 1280 bytes and quote as much as fits (4443-1).
 */

#include "ip.h"
#include "ping.h"

#include "stack/base/bytes.h"
#include "stack/wire/icmp.h"
#include "stack/wire/ip6.h"

#define QUOTE_MAX (1280u - IP6_HDR_LEN - ICMP_HDR_LEN)

static void on_echo(struct ustack *s, const struct ip_view *v,
		    const struct icmp_hdr *in)
{
	struct icmp_hdr h = { .type = ICMP6_ECHO_REPLY, .rest = in->rest };

	stack_count(s, USTACK_C_ICMP6_IN_ECHOS);
	if (icmp_answer(s, v, &h, v->l4 + ICMP_HDR_LEN,
			v->l4_len - ICMP_HDR_LEN) == 0)
		stack_count(s, USTACK_C_ICMP6_OUT_ECHO_REPS);
}

static void on_echo_reply(struct ustack *s, const struct ip_view *v)
{
	stack_count(s, USTACK_C_ICMP6_IN_ECHO_REPS);
	ping_reply(s, v);
}

/* Errors by type, and where they are counted. */
static enum ustack_counter error_counter(uint8_t type)
{
	switch (type) {
	case ICMP6_UNREACH:
		return USTACK_C_ICMP6_IN_DEST_UNREACHS;
	case ICMP6_TOO_BIG:
		return USTACK_C_ICMP6_IN_PKT_TOO_BIGS;
	case ICMP6_TIME_EXCEEDED:
		return USTACK_C_ICMP6_IN_TIME_EXCDS;
	case ICMP6_PARAM_PROBLEM:
		return USTACK_C_ICMP6_IN_PARM_PROBS;
	default:
		return USTACK_COUNTERS_MAX;
	}
}

bool icmp6_input(struct ustack *s, const struct ip_view *v, struct ip_error *e)
{
	enum ustack_counter ctr;
	struct icmp_hdr h;

	stack_count(s, USTACK_C_ICMP6_IN_MSGS);
	if (icmp_parse(&h, v->l4, v->l4_len) < 0) {
		stack_drop(s, USTACK_C_DROP_ICMP_TRUNCATED);
		return false;
	}
	if (!ip_l4_csum_ok(v)) {
		stack_drop(s, USTACK_C_DROP_ICMP_CSUM);
		return false;
	}
	ctr = error_counter(h.type);
	if (ctr != USTACK_COUNTERS_MAX) {
		stack_count(s, ctr);
		return icmp_error(s, v, &h, e);
	}
	if (h.type == ICMP6_ECHO)
		on_echo(s, v, &h);
	else if (h.type == ICMP6_ECHO_REPLY)
		on_echo_reply(s, v);
	else
		stack_drop(s, USTACK_C_DROP_ICMP_TYPE);
	return false;
}

static int report(struct ustack *s, const struct ip_view *v,
		  const struct icmp_hdr *h)
{
	uint32_t len = (uint32_t)(v->l4 - v->hdr) + v->l4_len;

	if (!icmp_limit_ok(s, v, h))
		return -ERR_AGAIN;
	return icmp_answer(s, v, h, v->hdr, min_u32(len, QUOTE_MAX));
}

void icmp6_unreach(struct ustack *s, const struct ip_view *v, uint8_t code)
{
	struct icmp_hdr h = { .type = ICMP6_UNREACH, .code = code };

	if (report(s, v, &h) == 0)
		stack_count(s, USTACK_C_ICMP6_OUT_DEST_UNREACHS);
}

void icmp6_time_exceeded(struct ustack *s, const struct ip_view *v)
{
	struct icmp_hdr h = { .type = ICMP6_TIME_EXCEEDED,
			      .code = ICMP_TIME_REASSEMBLY };
	uint32_t len = (uint32_t)(v->l4 - v->hdr) + v->l4_len;

	if (!ip6_is_icmp_error(v->hdr, len) && report(s, v, &h) == 0)
		stack_count(s, USTACK_C_ICMP6_OUT_TIME_EXCDS);
}

void icmp6_param_problem(struct ustack *s, const struct ip_view *v,
			 uint8_t code, uint32_t off)
{
	struct icmp_hdr h = { .type = ICMP6_PARAM_PROBLEM,
			      .code = code,
			      .rest = off };

	if (report(s, v, &h) == 0)
		stack_count(s, USTACK_C_ICMP6_OUT_PARM_PROBS);
}

/* SPDX-License-Identifier: MIT */
/*
 * icmp4.c - ICMP: echo is answered, what cannot be delivered is reported
 *
 * RFC 792, RFC 1122 section 3.2.2, RFC 1812 section 4.3.2.3 (quote).
 */

#include "ip.h"
#include "ping.h"

#include "stack/base/bytes.h"
#include "stack/wire/csum.h"
#include "stack/wire/icmp.h"

#define QUOTE_MAX (576u - 20u - ICMP_HDR_LEN) /* (1122-13) */

static void on_echo(struct ustack *s, const struct ip_view *v,
		    const struct icmp_hdr *in)
{
	struct icmp_hdr h = { .type = ICMP4_ECHO_REPLY, .rest = in->rest };

	stack_count(s, USTACK_C_ICMP_IN_ECHOS);
	if (icmp_answer(s, v, &h, v->l4 + ICMP_HDR_LEN,
			v->l4_len - ICMP_HDR_LEN) == 0)
		stack_count(s, USTACK_C_ICMP_OUT_ECHO_REPS);
}

static void on_echo_reply(struct ustack *s, const struct ip_view *v)
{
	stack_count(s, USTACK_C_ICMP_IN_ECHO_REPS);
	ping_reply(s, v);
}

/* Errors by type, and where they are counted. */
static enum ustack_counter error_counter(uint8_t type)
{
	switch (type) {
	case ICMP4_UNREACH:
		return USTACK_C_ICMP_IN_DEST_UNREACHS;
	case ICMP4_SOURCE_QUENCH:
		return USTACK_C_ICMP_IN_SRC_QUENCHS;
	case ICMP4_TIME_EXCEEDED:
		return USTACK_C_ICMP_IN_TIME_EXCDS;
	case ICMP4_PARAM_PROBLEM:
		return USTACK_C_ICMP_IN_PARM_PROBS;
	default:
		return USTACK_COUNTERS_MAX;
	}
}

bool icmp4_input(struct ustack *s, const struct ip_view *v, struct ip_error *e)
{
	enum ustack_counter ctr;
	struct icmp_hdr h;

	stack_count(s, USTACK_C_ICMP_IN_MSGS);
	if (icmp_parse(&h, v->l4, v->l4_len) < 0) {
		stack_drop(s, USTACK_C_DROP_ICMP_TRUNCATED);
		return false;
	}
	if (csum_finish(csum_add(0, v->l4, v->l4_len)) != 0) {
		stack_drop(s, USTACK_C_DROP_ICMP_CSUM); /* (1122-12) */
		return false;
	}
	ctr = error_counter(h.type);
	if (ctr != USTACK_COUNTERS_MAX) {
		stack_count(s, ctr);
		return icmp_error(s, v, &h, e);
	}
	if (h.type == ICMP4_ECHO)
		on_echo(s, v, &h);
	else if (h.type == ICMP4_ECHO_REPLY)
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

void icmp4_unreach(struct ustack *s, const struct ip_view *v, uint8_t code)
{
	struct icmp_hdr h = { .type = ICMP4_UNREACH, .code = code };

	if (report(s, v, &h) == 0)
		stack_count(s, USTACK_C_ICMP_OUT_DEST_UNREACHS);
}

/* Is it a message that must not be answered by an error (1122-10)? */
static bool is_error(const struct ip_view *v)
{
	return v->proto == IP_PROTO_ICMP &&
	       (v->l4_len == 0 ||
		(v->l4[0] != ICMP4_ECHO && v->l4[0] != ICMP4_ECHO_REPLY));
}

void icmp4_time_exceeded(struct ustack *s, const struct ip_view *v)
{
	struct icmp_hdr h = { .type = ICMP4_TIME_EXCEEDED,
			      .code = ICMP_TIME_REASSEMBLY };

	if (!is_error(v) && report(s, v, &h) == 0)
		stack_count(s, USTACK_C_ICMP_OUT_TIME_EXCDS);
}

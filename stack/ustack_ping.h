/* SPDX-License-Identifier: MIT */
/*
 * ustack_ping.h - is a host there?  Echo requests of our own
 *
 *	ustack_ping() --> sent by ustack_run() --> host.pong(): a reply, an ICMP
 *						   error, or none in time
 *
 * RFC 792, RFC 1122 section 3.2.2.6, RFC 4443 sections 4.1 and 4.2.
 */

#ifndef STACK_USTACK_PING_H
#define STACK_USTACK_PING_H

#include <stdbool.h>
#include <stdint.h>

#include "ustack_types.h"

#define USTACK_PINGS_MAX     64u    /* under way at once */
#define USTACK_PING_DATA_MAX 65507u /* bytes behind the headers */

/**
 * struct ustack_ping_args - an echo request
 * @remote:	where to
 * @local:	address to use, or any
 * @ctx:	comes back in the answer
 * @timeout_us:	how long to wait, > 0
 * @len:	bytes behind the ICMP header, at most USTACK_PING_DATA_MAX
 * @seq:	sequence number
 * @ttl:	TTL or hop limit, 0 = as configured
 * @tos:	traffic class
 * @dont_frag:	let nobody cut it, us included
 */
struct ustack_ping_args {
	struct ustack_addr remote;
	struct ustack_addr local;
	uint64_t ctx;
	uint64_t timeout_us;
	uint32_t len;
	uint16_t seq;
	uint8_t ttl;
	uint8_t tos;
	bool dont_frag;
};

/* How an echo request ended. */
enum ustack_pong_kind {
	USTACK_PONG_REPLY,	   /* it came back */
	USTACK_PONG_TIMEOUT,	   /* nothing came */
	USTACK_PONG_UNREACHABLE,   /* somebody on the way said so, see @err */
	USTACK_PONG_TIME_EXCEEDED, /* its TTL was used up, or a part lost */
	USTACK_PONG_TOO_BIG,	   /* @mtu bytes would have passed */
	USTACK_PONG_FAILED,	   /* it never left, see @err */
	USTACK_PONGS,
};

/** ustack_pong_name() - "reply", "timeout", "unreachable", ... */
const char *ustack_pong_name(enum ustack_pong_kind k);

/**
 * struct ustack_pong - the end of an echo request
 * @ctx:	of the request
 * @from:	REPLY, UNREACHABLE, TIME_EXCEEDED, TOO_BIG: who says so; our own
 *		address where it was us
 * @rtt_us:	from sending to now; 0 = it never left
 * @len:	REPLY: bytes behind the ICMP header
 * @mtu:	TOO_BIG: bytes of the largest packet that passes, 0 = not told
 * @seq:	of the request
 * @ttl:	REPLY: TTL or hop limit that it came with
 * @kind:	enum ustack_pong_kind
 * @err:	enum err: what an application would be told, 0 for a reply
 */
struct ustack_pong {
	uint64_t ctx;
	struct ustack_addr from;
	uint64_t rtt_us;
	uint32_t len;
	uint32_t mtu;
	uint16_t seq;
	uint8_t ttl;
	uint8_t kind;
	uint8_t err;
};

/**
 * ustack_ping() - Send an echo request
 * @s:		instance, whose host has @pong
 * @a:		arguments
 *
 * Identifier and data are ours to choose: they are such that nobody who has not
 * seen the request can forge its reply.
 *
 * Return: 0 (host.pong() follows, once), -ERR_INVAL (broadcast, multicast, our
 * own address, arguments out of range, or no @pong), -ERR_ADDRNOTAVAIL (no
 * address of ours for it), -ERR_LIMIT (too many under way) or -ERR_NOMEM
 */
int ustack_ping(struct ustack *s, const struct ustack_ping_args *a) MUST_USE;

/** ustack_ping_abort() - Wait no more: all that are under way end by the next
 * ustack_run(), as failed with ERR_CONNABORTED
 */
void ustack_ping_abort(struct ustack *s);

#endif /* STACK_USTACK_PING_H */

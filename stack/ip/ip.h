/* SPDX-License-Identifier: MIT */
/*
 * ip.h - the narrow interface of the IP layer
 *
 *	ip4_input()/ip6_input():  packet -> validated view, or dropped
 *	ip_output():		  transport header + slices -> packet to the host
 *
 * ip/ never calls tcp/: it returns what it found.
 */

#ifndef STACK_IP_IP_H
#define STACK_IP_IP_H

#include "stack/stack_int.h"

#define IP_PROTO_ICMP  1u
#define IP_PROTO_TCP   6u
#define IP_PROTO_UDP   17u
#define IP_PROTO_FRAG  44u
#define IP_PROTO_ICMP6 58u
#define IP_PROTO_NONE  59u

/**
 * struct ip_view - a packet that passed the IP layer
 * @src:	sender
 * @dst:	one of our addresses
 * @hdr:	IP header; borrowed from the packet
 * @l4:		transport header, in the same packet
 * @l4_len:	bytes from there to the end of the datagram
 * @next_off:	IPv6: offset of the byte that holds @proto
 * @proto:	what @l4 is
 * @tos:	traffic class
 * @v6:		IPv6
 * @csum_ok:	the transport checksum needs no look
 */
struct ip_view {
	struct ustack_addr src;
	struct ustack_addr dst;
	const uint8_t *hdr;
	const uint8_t *l4;
	uint32_t l4_len;
	uint32_t next_off;
	uint8_t proto;
	uint8_t tos;
	bool v6;
	bool csum_ok;
};

/**
 * struct ip_args - what ip_output() puts into the IP header
 * @src:	our address; borrowed for the call
 * @dst:	the peer's; borrowed for the call
 * @proto:	protocol
 * @tos:	traffic class
 * @ttl:	TTL or hop limit, > 0
 * @csum_off:	offset of the checksum field in the transport header
 */
struct ip_args {
	const struct ustack_addr *src;
	const struct ustack_addr *dst;
	uint8_t proto;
	uint8_t tos;
	uint8_t ttl;
	uint8_t csum_off;
};

/** ip_is4() - Is the address an IPv4 one? */
static inline bool ip_is4(const struct ustack_addr *a)
{
	uint64_t hi;
	uint32_t mid;

	memcpy(&hi, a->b, sizeof(hi));
	memcpy(&mid, a->b + 8, sizeof(mid));
	return hi == 0 && mid == __builtin_bswap32(0x0000ffffu);
}

static inline bool ip_addr_eq(const struct ustack_addr *a,
			      const struct ustack_addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/** ip_is_any() - Is it :: or ::ffff:0.0.0.0? */
bool ip_is_any(const struct ustack_addr *a);

/** ip_is_unicast() - May it stand for one host in a packet from outside?  Not
 * unspecified, loopback, multicast, broadcast, nor IPv4-mapped in IPv6.
 */
bool ip_is_unicast(const struct ustack_addr *a);

/** ip_hdr_len() - Bytes of the IP header we send to an address */
static inline uint32_t ip_hdr_len(const struct ustack_addr *a)
{
	return ip_is4(a) ? 20u : 40u;
}

/**
 * ip4_input() - Validate an IPv4 packet (RFC 1122 section 3.2.1)
 * @s:		instance
 * @p:		packet, one slice; a fragment that completes a datagram is freed
 *		and the whole datagram, the caller's too, takes its place
 * @v:		filled in on success, from the packet that *@p then is
 *
 * Return: true, or false if it was dropped and counted, or kept as a fragment
 */
bool ip4_input(struct ustack *s, struct ustack_pkt **p, struct ip_view *v);

/** ip6_input() - The same for IPv6 (RFC 8200); may answer with a parameter problem */
bool ip6_input(struct ustack *s, struct ustack_pkt **p, struct ip_view *v);

/** ip_l4_csum_ok() - Check a transport checksum that has a pseudo-header */
bool ip_l4_csum_ok(const struct ip_view *v);

/**
 * ip_output() - Finish a packet and hand it to the host
 * @s:		instance
 * @p:		packet: the transport header stands at @p->head + ip_hdr_len(),
 *		its bytes counted in @p->head_len; slices and @p->gso_size set
 * @a:		the rest of the header
 *
 * Fills in the IP header and the transport checksum: only the pseudo-header's
 * part when the link completes it (RFC 9293 section 3.1).
 *
 * Return: what host.output() said
 */
int ip_output(struct ustack *s, struct ustack_pkt *p, const struct ip_args *a);

struct icmp_hdr;

/**
 * icmp_answer() - Send an ICMP or ICMPv6 message to the sender of a packet
 * @s:		instance
 * @v:		the packet; source and destination are swapped
 * @h:		message header
 * @body:	what follows it, copied
 * @len:	bytes of @body
 *
 * Return: what host.output() said, -ERR_NOMEM, or -ERR_MSGSIZE if it would
 * not fit in the MTU
 */
int icmp_answer(struct ustack *s, const struct ip_view *v,
		const struct icmp_hdr *h, const uint8_t *body, uint32_t len);

/** icmp_limit_ok() - May an ICMP or ICMPv6 error in answer to @v leave now? */
bool icmp_limit_ok(struct ustack *s, const struct ip_view *v,
		   const struct icmp_hdr *h);

/** icmp4_input() - An ICMP message for us: echo is answered (1122-9) */
void icmp4_input(struct ustack *s, const struct ip_view *v);

/** icmp6_input() - An ICMPv6 message for us: echo is answered (4443-1) */
void icmp6_input(struct ustack *s, const struct ip_view *v);

/** icmp4_unreach() - Answer with destination unreachable, within limits (1122-10, -11) */
void icmp4_unreach(struct ustack *s, const struct ip_view *v, uint8_t code);

/** icmp4_time_exceeded() - Answer a first fragment: the rest never came (1122-18) */
void icmp4_time_exceeded(struct ustack *s, const struct ip_view *v);

/** icmp6_time_exceeded() - The same for IPv6 (8200-1) */
void icmp6_time_exceeded(struct ustack *s, const struct ip_view *v);

/** icmp6_unreach() - The same for IPv6 (4443-4) */
void icmp6_unreach(struct ustack *s, const struct ip_view *v, uint8_t code);

/** icmp6_param_problem() - Answer with parameter problem at byte @off (RFC 4443 section 3.4) */
void icmp6_param_problem(struct ustack *s, const struct ip_view *v,
			 uint8_t code, uint32_t off);

#endif /* STACK_IP_IP_H */

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
 * @ttl:	TTL or hop limit
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
	uint8_t ttl;
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
 * @may_frag:	IPv4: routers may fragment it
 * @flow_label:	IPv6: 20 bits, 0 = none
 */
struct ip_args {
	const struct ustack_addr *src;
	const struct ustack_addr *dst;
	uint32_t flow_label;
	bool may_frag;
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

/**
 * ip_local_for() - Our address towards a host
 * @s:		instance
 * @remote:	the host
 * @wanted:	address to use, or any
 * @local:	set to that, or to our first one of the host's family
 *
 * Return: 0, -ERR_INVAL (no single host, our own address, another family) or
 * -ERR_ADDRNOTAVAIL
 */
int ip_local_for(const struct ustack *s, const struct ustack_addr *remote,
		 const struct ustack_addr *wanted, struct ustack_addr *local);

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

/* What an ICMP error about something of ours amounts to. */
enum ip_error_kind {
	IP_ERR_NONE,	/* nothing */
	IP_ERR_SOFT,	/* it may pass */
	IP_ERR_HARD,	/* it will not */
	IP_ERR_PORT,	/* nobody listens there */
	IP_ERR_TOO_BIG, /* smaller packets would get through */
};

/**
 * struct ip_error - an ICMP error about a datagram that we are said to have sent
 * @local:	its source: one of our addresses
 * @remote:	its destination
 * @from:	who says so
 * @l4:		what is quoted of it from its transport header on; borrowed
 * @l4_len:	bytes there, at least 8
 * @quoted_len:	bytes the whole datagram had
 * @label:	the flow label it had, 0 for IPv4
 * @mtu:	IP_ERR_TOO_BIG: what the next link takes, 0 = it does not say
 * @proto:	its protocol
 * @kind:	enum ip_error_kind
 * @err:	enum err: what an application would be told
 * @expired:	its time was exceeded
 */
struct ip_error {
	struct ustack_addr local;
	struct ustack_addr remote;
	struct ustack_addr from;
	const uint8_t *l4;
	uint32_t l4_len;
	uint32_t quoted_len;
	uint32_t label;
	uint32_t mtu;
	uint8_t proto;
	uint8_t kind;
	uint8_t err;
	bool expired;
};

/** ip_transmit() - Hand a finished packet to the host, and count it */
int ip_transmit(struct ustack *s, struct ustack_pkt *p);

/** ip_l4_csum() - Checksum of a whole transport message, pseudo-header included */
uint16_t ip_l4_csum(const struct ip_args *a, const uint8_t *l4, uint32_t len);

/**
 * ip_output_cut() - Send a datagram in fragments
 * @s:		instance
 * @a:		its header's fields; @may_frag is true
 * @b:		its data, transport header and checksum complete
 * @len:	bytes of them, at most 65535 less an IPv4 header
 * @mtu:	bytes of the largest fragment, at least 576
 *
 * RFC 791 section 2.3, RFC 8200 section 4.5.
 *
 * Return: 0, or what host.output() said to the first that it did not take
 */
int ip_output_cut(struct ustack *s, const struct ip_args *a, struct ubuf *b,
		  uint32_t len, uint32_t mtu);

/**
 * ip_frag_id() - Identification of the next datagram that may be in fragments
 * @s:		instance
 * @bits:	16 or 32
 *
 * Return: a number that comes again only when all others were used (RFC 6864)
 * and tells nobody how many there were, or which is next (RFC 7739)
 */
uint32_t ip_frag_id(struct ustack *s, uint32_t bits);

struct icmp_hdr;

/**
 * icmp_answer() - Send an ICMP or ICMPv6 message to the sender of a packet
 * @s:		instance
 * @v:		the packet; source and destination are swapped
 * @h:		message header
 * @body:	what follows it, copied
 * @len:	bytes of @body
 *
 * Return: what host.output() said, -ERR_NOMEM, or -ERR_MSGSIZE if no datagram
 * holds it
 */
int icmp_answer(struct ustack *s, const struct ip_view *v,
		const struct icmp_hdr *h, const uint8_t *body, uint32_t len);

/**
 * icmp_emit() - Send an ICMP or ICMPv6 message, in fragments if it must and may
 * @s:		instance
 * @a:		its header's fields
 * @b:		the message, but for its checksum
 * @len:	bytes of it, at most 65535 less an IPv4 header
 *
 * Return: what host.output() said
 */
int icmp_emit(struct ustack *s, const struct ip_args *a, struct ubuf *b,
	      uint32_t len);

/** icmp_label() - The flow label of messages to a host, which only whoever has
 * seen one knows (RFC 6437 section 3); 0 for IPv4
 */
uint32_t icmp_label(const struct ustack *s, const struct ustack_addr *dst);

/** icmp_path_mtu() - Bytes of the largest packet to a host, as far as is known */
uint32_t icmp_path_mtu(struct ustack *s, const struct ustack_addr *dst);

/** icmp_limit_ok() - May an ICMP or ICMPv6 error in answer to @v leave now? */
bool icmp_limit_ok(struct ustack *s, const struct ip_view *v,
		   const struct icmp_hdr *h);

/**
 * icmp4_input() - An ICMP message for us: echo is answered (1122-9), and who waits
 *		   for an answer gets it
 * @s:		instance
 * @v:		the message
 * @e:		filled in if the message is an error
 *
 * Return: true if it is an error that the protocol of @e should hear of
 */
bool icmp4_input(struct ustack *s, const struct ip_view *v, struct ip_error *e);

/** icmp6_input() - The same for ICMPv6 (4443-1) */
bool icmp6_input(struct ustack *s, const struct ip_view *v, struct ip_error *e);

/**
 * icmp_error() - Read an ICMP or ICMPv6 error about something of ours
 * @s:		instance
 * @v:		the message, its checksum verified
 * @h:		its header
 * @e:		filled in
 *
 * Return: true, or false if it is dropped and counted (5927-4)
 */
bool icmp_error(struct ustack *s, const struct ip_view *v,
		const struct icmp_hdr *h, struct ip_error *e);

/**
 * icmp_answer_error() - An error about an answer of ours
 * @s:		instance
 * @e:		what it says; its @proto is ICMP or ICMPv6
 *
 * Nothing is remembered of answers, but their flow label tells whether one was
 * really sent: then later ones fit the path.
 */
void icmp_answer_error(struct ustack *s, const struct ip_error *e);

/**
 * ip_path_mtu() - What is known of the path to a host (pmtu.c)
 * @s:		instance
 * @dst:	the host
 *
 * Return: bytes of the largest packet that it takes, at most the link's MTU;
 * 0 = nothing is known
 */
uint32_t ip_path_mtu(struct ustack *s, const struct ustack_addr *dst);

/** ip_path_small() - Is the path narrower than what we stop at?  Then packets
 * may be fragmented on their way (IPv4)
 */
bool ip_path_small(struct ustack *s, const struct ustack_addr *dst);

/**
 * ip_path_lower() - Something was too big for the path to a host
 * @s:		instance
 * @dst:	the host
 * @mtu:	what would not have been; ignored if impossible, or no news
 */
void ip_path_lower(struct ustack *s, const struct ustack_addr *dst,
		   uint32_t mtu);

/** ip_path_free() - Forget all paths */
void ip_path_free(struct ustack *s);

/** ip_plateau() - The next smaller of the sizes that links have (RFC 1191) */
uint32_t ip_plateau(uint32_t len);

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

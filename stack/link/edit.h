/* SPDX-License-Identifier: MIT */
/*
 * edit.h - change a packet that waits: corrupt, truncate, tamper, mark
 *
 * The packet is one of gso_keep(), owned by the caller, a wire segment; the
 * view is that of its piece.  Its payload may be shared with the send queue or
 * a duplicate, and is never written then: the slice that a byte lies in is
 * replaced by a copy of its own first.
 *
 * A receiver must notice what was done, but for what is tampered with.
 *   - One bit flipped behind the IP header: the TCP or ICMP checksum is computed
 *     before, so that offload mends nothing; a flipped bit changes a one's
 *     complement sum by a power of two, which is never 0 modulo 65535, so any
 *     checksum finds any single bit, its own ones included.
 *   - Truncated: the IP header tells more bytes than there are.  The stack drops
 *     that as a bad total length, Linux too (InTruncatedPkts); lengths and sums
 *     are left as they were.
 *   - Tampered with: one bit of TCP's payload flips, and its checksum is patched,
 *     as somebody on the way would do it.  TCP cannot tell.
 *   - CE: the IPv4 header's checksum is made right; no other sum covers it.
 */

#ifndef STACK_LINK_EDIT_H
#define STACK_LINK_EDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/link/impair.h"
#include "stack/link/view.h"
#include "stack/ustack_types.h"

/**
 * edit_finish() - Do in software what was left to the device
 * @h:		host, for memory
 * @p:		packet, owned
 * @v:		its view
 *
 * Afterwards the transport checksum is complete, and no metadata vouches for
 * it or asks for it: the receiver will look at it.  A packet whose checksum was
 * complete already keeps it, right or wrong.  (Of protocols other than TCP, UDP
 * and ICMP nobody here knows the sum: they stay as they are.)
 *
 * Return: 0, or -ERR_NOMEM, then nothing has changed
 */
int edit_finish(const struct impair_host *h, struct ustack_pkt *p,
		const struct link_view *v) MUST_USE;

/**
 * struct edit_flip - which bit
 * @part:	enum impair_part of TCP or ICMP; PAYLOAD means the header where
 *		there is none.  Of other packets all parts are what is behind
 *		IP's headers.
 * @draw:	any number: the bit is this modulo the bits that the part has
 * @off:	result: offset of the byte that was changed, from the IP header
 * @mask:	result: the bit in it
 */
struct edit_flip {
	uint8_t part;
	uint64_t draw;
	uint32_t off;
	uint8_t mask;
};

/**
 * edit_flip() - Finish offload, then flip one bit
 * @h:		host, for memory
 * @p:		packet, owned
 * @v:		its view; not changed, so it tells what was sent
 * @f:		which bit, and what became of it
 *
 * Return: 0; -ERR_NOENT, there is no byte behind the IP headers; -ERR_NOMEM,
 * then no bit has changed
 */
int edit_flip(const struct impair_host *h, struct ustack_pkt *p,
	      const struct link_view *v, struct edit_flip *f) MUST_USE;

/**
 * edit_truncate() - Finish offload, then cut the packet's end off
 * @h:		host, for memory
 * @p:		packet, owned
 * @v:		its view
 * @left:	bytes of payload that are left
 *
 * Return: 0; -ERR_NOENT, it has no more than @left; -ERR_NOMEM, then it is as
 * long as it was
 */
int edit_truncate(const struct impair_host *h, struct ustack_pkt *p,
		  const struct link_view *v, uint32_t left) MUST_USE;

/**
 * edit_tamper() - Finish offload, flip one bit of payload, hide it from TCP
 * @h:		host, for memory
 * @p:		packet, owned
 * @v:		its view
 * @draw:	any number: the bit is this modulo the bits of the payload
 *
 * A checksum that was wrong stays wrong.
 *
 * Return: 0; -ERR_NOENT, it is no TCP or has no payload; -ERR_NOMEM, then no
 * bit has changed
 */
int edit_tamper(const struct impair_host *h, struct ustack_pkt *p,
		const struct link_view *v, uint64_t draw) MUST_USE;

/**
 * edit_mark_ce() - Set "congestion experienced" (RFC 3168 section 5)
 * @h:		host, for memory
 * @p:		packet, owned
 * @v:		its view; @ecn becomes 3
 *
 * Return: 0; -ERR_NOENT, the packet is not ECN-capable, or marked already;
 * -ERR_NOMEM, then nothing has changed
 */
int edit_mark_ce(const struct impair_host *h, struct ustack_pkt *p,
		 struct link_view *v) MUST_USE;

#endif /* STACK_LINK_EDIT_H */

/* SPDX-License-Identifier: MIT */
/*
 * frag.h - fragments become datagrams again
 *
 *	key: (source, destination, identification; for IPv4 the protocol too)
 *
 *	dgram --> [ 0 .. 1480 ) [ 1480 .. 2960 )   gap   [ 4440 .. 5000 ) end
 *
 * A fragment is copied into a piece of its own; pieces hang off their datagram
 * in order and never overlap.  The piece at offset 0 keeps the headers in front
 * of it as well.  When the last gap is closed the whole is put together in one
 * packet that looks as if it had never been cut, and takes the usual way.
 *
 *	age:   datagrams in the order of their first fragment: all wait equally
 *	       long, so that one timer stands at the first one's deadline
 *	from:  the same, for the sources that share a bucket of a keyed hash
 *
 * Bounds: memory and number of datagrams, of which the sources of one bucket
 * have a quarter, so that one host cannot crowd out the others; what is over
 * pushes out the oldest.  Pieces of one datagram: FRAG_PIECES_MAX.
 *
 * An overlap is never resolved: the datagram is dropped whole, and for IPv6
 * its key stays barred until the time is over (RFC 5722).  An exact copy of a
 * fragment is harmless.
 *
 * RFC 791, RFC 815, RFC 1122 section 3.3.2, RFC 1858, RFC 3168 section 5.3,
 * RFC 8200 section 4.5, RFC 5722.
 */

#ifndef STACK_IP_FRAG_H
#define STACK_IP_FRAG_H

#include "ip.h"

#define FRAG_PIECES_MAX 256u /* 1500 bytes in pieces of 8, 64 KB in 576 */

/**
 * struct ip_frag - a fragment that ip4_in.c or ip6_in.c found well-formed
 * @v:		its addresses, headers, traffic class; borrowed
 * @id:		identification
 * @off:	offset of its data in the datagram's, a multiple of 8
 * @hdr_len:	bytes of headers at @v->hdr; the data follows
 * @len:	bytes of data, > 0; @off + @len <= 65535
 * @named_at:	IPv6: offset of the byte that names the fragment header
 * @proto:	protocol of the datagram
 * @more:	it is not the last one
 */
struct ip_frag {
	const struct ip_view *v;
	uint32_t id;
	uint32_t off;
	uint32_t hdr_len;
	uint32_t len;
	uint32_t named_at;
	uint8_t proto;
	bool more;
};

/** frag_new() - Make an instance's table; 0, or -ERR_NOMEM */
int frag_new(struct ustack *s) MUST_USE;

/** frag_free() - Forget all that waits, and the table */
void frag_free(struct ustack *s);

/**
 * frag_input() - Keep a fragment
 * @s:		instance
 * @f:		fragment; its bytes are copied
 *
 * What cannot be kept is dropped and counted.
 *
 * Return: the datagram that it completed, owned by the caller; else NULL
 */
struct ustack_pkt *frag_input(struct ustack *s, const struct ip_frag *f);

/** frag_is_timer() - Is it the table's timer? */
bool frag_is_timer(const struct ustack *s, const struct timer *t);

/** frag_on_timer() - Drop what has waited too long (1122-18, 8200-1) */
void frag_on_timer(struct ustack *s);

/** frag_gauges() - Fill in datagrams that wait, and their bytes */
void frag_gauges(const struct ustack *s, struct ustack_gauges *g);

#endif /* STACK_IP_FRAG_H */

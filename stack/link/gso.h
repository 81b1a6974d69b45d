/* SPDX-License-Identifier: MIT */
/*
 * gso.h - a super-packet becomes wire segments, in either direction
 *
 *	super-packet   [ headers | payload, up to 64 KB, in slices ........ ]
 *	piece 1        [ headers | gso_size ]
 *	piece 2                             [ headers | gso_size ]  ...
 *	last piece                                      [ headers | the rest ]
 *
 * The cut is that of the kernel's TSO (tcp_gso_segment(), inet_gso_segment()):
 * each piece has its own length and sequence number, IPv4 identifications
 * count up, FIN and PSH are the last piece's, CWR the first one's, all else is
 * copied, options too.  A checksum left to the device stays so, with the
 * piece's length in its pseudo-header; one that was complete is computed anew.
 *
 * A piece is lent: headers in @head, payload as borrowed slices of the packet
 * it was cut from, nothing allocated, nothing copied but headers.  That is
 * enough to look at it, to capture it and to decide; gso_keep() makes a packet
 * of its own of what shall wait.  A packet that stands for itself gives one
 * piece, which is the packet as it is.
 *
 *	gso_begin(&g, dir, p);
 *	while (gso_next(&g, &piece))
 *		... g.view tells of the piece ...
 */

#ifndef STACK_LINK_GSO_H
#define STACK_LINK_GSO_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/link/impair.h"
#include "stack/link/view.h"
#include "stack/ustack_types.h"

/**
 * struct gso - a packet that is being cut
 * @p:		it; borrowed until the last piece has been used
 * @view:	of the whole packet at first, then of the piece last given
 * @count:	pieces in all
 * @given:	of them given so far
 * @data:	bytes of payload in all
 * @done:	of them given so far
 * @slice:	slice that the next piece begins in
 * @slice_off:	bytes of that slice in front of it
 */
struct gso {
	const struct ustack_pkt *p;
	struct link_view view;
	uint32_t count;
	uint32_t given;
	uint32_t data;
	uint32_t done;
	uint32_t slice;
	uint32_t slice_off;
};

/**
 * gso_begin() - Start to cut a packet
 * @g:		storage of the caller
 * @dir:	where the packet goes
 * @p:		packet, IN or OUT; must not change until all is done
 *
 * What claims to be a super-packet but cannot be cut (not TCP, malformed, or
 * headers longer than USTACK_PKT_HEAD) counts as one piece.
 */
void gso_begin(struct gso *g, enum impair_dir dir, const struct ustack_pkt *p);

/**
 * gso_next() - Give the next piece
 * @g:		packet that is being cut
 * @piece:	storage of the caller: filled in, lent, holds no reference, valid
 *		as long as the packet it comes from.  Of a cut packet the headers
 *		are in @head, in both directions.
 *
 * Return: false when there is none left; @piece and the view are as they were
 */
bool gso_next(struct gso *g, struct ustack_pkt *piece) MUST_USE;

/**
 * gso_keep() - Make a packet of its own of a piece, or of any lent packet
 * @h:		host for memory
 * @dir:	OUT: payload is shared by references; IN: all is copied into the
 *		one slice of a packet that is just long enough
 * @piece:	packet
 *
 * Return: a packet that the caller owns, for which host.pkt_free() is the end;
 * NULL when memory is spent
 */
struct ustack_pkt *gso_keep(const struct impair_host *h, enum impair_dir dir,
			    const struct ustack_pkt *piece) MUST_USE;

#endif /* STACK_LINK_GSO_H */

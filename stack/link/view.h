/* SPDX-License-Identifier: MIT */
/*
 * view.h - what impairment has to know of a packet
 *
 *	IN:	slice[0]: [ IP header | TCP header | payload ........... ]
 *	OUT:	head:     [ IP header | TCP header ]   slices: [ payload ]
 *
 * Offsets count from the first byte of the IP header, over head and slices as
 * if they were one, whatever the direction.  Addresses and ports are named
 * from the stack's point of view: on the way in the source is remote.
 *
 * No length in a packet is trusted: what the wire's parsers refuse is
 * malformed, and only what was checked is shown.  Checksums of transport are
 * not looked at, since most are not computed yet.
 */

#ifndef STACK_LINK_VIEW_H
#define STACK_LINK_VIEW_H

#include <stdint.h>

#include "stack/link/impair.h"
#include "stack/ustack_types.h"

enum link_kind {
	LINK_TCP,
	LINK_ICMP,	/* ICMP on IPv4, ICMPv6 on IPv6 */
	LINK_FRAGMENT,	/* of whatever protocol, the first one included */
	LINK_OTHER,	/* another protocol */
	LINK_MALFORMED, /* the stack or the host will drop it */
};

/**
 * struct link_view - a packet's fields in host order
 * @local:	the stack's address; zero if @version is
 * @remote:	the host's
 * @ip_len:	bytes of the IP packet as its header tells, what follows is
 *		padding; of a malformed packet all bytes there are
 * @data_off:	offset of the payload: TCP's data, behind ICMP's 8 bytes, all
 *		behind the IP headers for other kinds
 * @data_len:	bytes of payload
 * @seq:	TCP: sequence number
 * @ack:	TCP: acknowledgement number
 * @lport:	TCP: the stack's port
 * @rport:	TCP: the host's
 * @wnd:	TCP: window field, not scaled
 * @l4_off:	offset behind the IP headers; 0 if they are malformed
 * @dir:	enum impair_dir
 * @kind:	enum link_kind
 * @version:	4 or 6; 0 if not even the fixed IP header can be read
 * @proto:	protocol number of what is at @l4_off, 0 if that is 0
 * @ecn:	ECN field of the IP header: 0 not capable, 1 or 2 capable, 3 CE
 * @flags:	TCP: TCP_FIN ... TCP_CWR
 * @hdr_len:	TCP, ICMP: bytes of that header, else 0
 */
struct link_view {
	struct ustack_addr local;
	struct ustack_addr remote;
	uint32_t ip_len;
	uint32_t data_off;
	uint32_t data_len;
	uint32_t seq;
	uint32_t ack;
	uint16_t lport;
	uint16_t rport;
	uint16_t wnd;
	uint16_t l4_off;
	uint8_t dir;
	uint8_t kind;
	uint8_t version;
	uint8_t proto;
	uint8_t ecn;
	uint8_t flags;
	uint8_t hdr_len;
};

/**
 * view_parse() - Read a packet
 * @v:		result, all of it set
 * @dir:	where the packet goes
 * @p:		packet, with its headers in @head or at the start of its only
 *		slice
 */
void view_parse(struct link_view *v, enum impair_dir dir,
		const struct ustack_pkt *p);

#endif /* STACK_LINK_VIEW_H */

/* SPDX-License-Identifier: MIT */
/*
 * pcapng.h - packets and what is known of them, as a pcapng file has it
 *
 *	section header				once, at the start
 *	interface description ...		their order gives their numbers
 *	enhanced packet ...
 *	interface statistics ...		one each, at the end
 *
 * A pure encoder: each function writes one block into the caller's buffer and
 * says how long it is, or 0 when there is no room for it; then nothing that
 * counts was written.  Blocks are in the machine's byte order, which the
 * section header tells.  Packets begin with their IP header (LINKTYPE_RAW),
 * times are nanoseconds since 1970.
 *
 * draft-ietf-opsawg-pcapng sections 3, 4.1 to 4.3, 4.6.
 */

#ifndef STACK_LINK_PCAPNG_H
#define STACK_LINK_PCAPNG_H

#include <stddef.h>
#include <stdint.h>

#include "stack/link/view.h"
#include "stack/ustack_types.h"

#define PCAPNG_TEXT_MAX 255u /* longer texts are cut */

/* The most that a block takes, all options included. */
#define PCAPNG_SECTION_MAX (28u + 2u * (4u + 256u) + 4u)
#define PCAPNG_IFACE_MAX   (20u + 3u * (4u + 256u) + 8u + 4u)
#define PCAPNG_STATS_MAX   (24u + 4u * 12u + 4u)
#define PCAPNG_PACKET_MAX(cap_len)                                             \
	(32u + (((cap_len) + 3u) & ~3u) + (4u + 256u) + 8u + 12u + 4u)

/**
 * pcapng_section() - Write the section header
 * @buf:	where to
 * @room:	bytes there
 * @os:		operating system
 * @program:	who writes
 *
 * Return: bytes written, 0 = no room
 */
size_t pcapng_section(uint8_t *buf, size_t room, const char *os,
		      const char *program);

/**
 * struct pcapng_iface - an interface
 * @name:	its name
 * @descr:	what it is, in words
 * @filter:	what was asked for, in libpcap's language; NULL = everything
 * @snaplen:	most bytes of a packet that are kept
 */
struct pcapng_iface {
	const char *name;
	const char *descr;
	const char *filter;
	uint32_t snaplen;
};

/** pcapng_iface() - Describe an interface; answers as pcapng_section() */
size_t pcapng_iface(uint8_t *buf, size_t room, const struct pcapng_iface *i);

enum pcapng_dir {
	PCAPNG_IN = 1,
	PCAPNG_OUT = 2,
};

/**
 * struct pcapng_packet - a packet
 * @iface:	number of the interface, from 0
 * @time_ns:	when it was seen
 * @data:	its first @cap_len bytes
 * @cap_len:	bytes that there are
 * @orig_len:	bytes that it has
 * @dir:	enum pcapng_dir
 * @lost:	packets of that interface lost right before it
 * @comment:	what there is to say of it, NULL = nothing
 */
struct pcapng_packet {
	uint32_t iface;
	uint64_t time_ns;
	const uint8_t *data;
	uint32_t cap_len;
	uint32_t orig_len;
	uint8_t dir;
	uint64_t lost;
	const char *comment;
};

/** pcapng_packet() - Write a packet; answers as pcapng_section() */
size_t pcapng_packet(uint8_t *buf, size_t room, const struct pcapng_packet *p);

/**
 * struct pcapng_stats - an interface, at the end
 * @iface:	its number
 * @start_ns:	when capturing began
 * @end_ns:	when it ended
 * @received:	packets that were to be captured
 * @dropped:	those of them that were not, for want of room
 */
struct pcapng_stats {
	uint32_t iface;
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t received;
	uint64_t dropped;
};

/** pcapng_stats() - Write statistics; answers as pcapng_section() */
size_t pcapng_stats(uint8_t *buf, size_t room, const struct pcapng_stats *s);

/**
 * pcapng_snap() - Copy a packet as it would be on the wire
 * @out:	where to
 * @room:	bytes there; the rest of the packet is left out
 * @p:		packet or piece of one, IN or OUT
 * @v:		its view
 *
 * A checksum that was left to the device is filled in, over the whole packet
 * even when not all of it is copied.  The packet itself stays as it is.
 *
 * Return: bytes copied
 */
uint32_t pcapng_snap(uint8_t *out, uint32_t room, const struct ustack_pkt *p,
		     const struct link_view *v);

#endif /* STACK_LINK_PCAPNG_H */

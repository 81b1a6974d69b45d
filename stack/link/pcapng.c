/* SPDX-License-Identifier: MIT */
/*
 * pcapng.c - packets and what is known of them, as a pcapng file has it
 *
 *	+------+--------+---------------+----------------------+--------+
 *	| type | length | fixed part    | options, end of them | length |
 *	+------+--------+---------------+----------------------+--------+
 *	option: | code (2) | length (2) | value, padded to 4 |
 *
 * Lengths are multiples of 4, and the length of a block stands at both ends.
 *
 * draft-ietf-opsawg-pcapng sections 3, 4.1 to 4.3, 4.6.
 */

#include "stack/link/pcapng.h"

#include <stdbool.h>
#include <string.h>

#include "stack/base/bytes.h"
#include "stack/wire/csum.h"
#include "stack/wire/tcp_hdr.h"

#define BLOCK_SECTION	0x0a0d0d0au
#define BLOCK_IFACE	1u
#define BLOCK_STATS	5u
#define BLOCK_PACKET	6u

#define BYTE_ORDER_MARK 0x1a2b3c4du
#define LINKTYPE_RAW	101u /* begins with an IPv4 or IPv6 header */
#define TSRESOL_NS	9u   /* 10^-9 s */
#define FILTER_LIBPCAP	0u   /* if_filter's first byte: a text for libpcap */

#define OPT_END		0u
#define OPT_COMMENT	1u
#define SHB_OS		3u
#define SHB_USERAPPL	4u
#define IF_NAME		2u
#define IF_DESCRIPTION	3u
#define IF_TSRESOL	9u
#define IF_FILTER	11u
#define EPB_FLAGS	2u
#define EPB_DROPCOUNT	4u
#define ISB_STARTTIME	2u
#define ISB_ENDTIME	3u
#define ISB_IFRECV	4u
#define ISB_IFDROP	5u

#define PROTO_UDP	17u
#define UDP_CSUM_OFF	6u
#define ICMP_CSUM_OFF	2u

/**
 * struct out - a block being written
 * @buf:	where to
 * @room:	bytes there
 * @len:	bytes written
 * @full:	something did not fit
 */
struct out {
	uint8_t *buf;
	size_t room;
	size_t len;
	bool full;
};

/* Bytes, and zeros up to the next multiple of 4. */
static void put(struct out *o, const void *p, size_t len)
{
	size_t padded = (len + 3u) & ~(size_t)3u;

	if (o->full || padded > o->room - o->len) {
		o->full = true;
		return;
	}
	memcpy(o->buf + o->len, p, len);
	memset(o->buf + o->len + len, 0, padded - len);
	o->len += padded;
}

static void put_u32(struct out *o, uint32_t v)
{
	put(o, &v, sizeof(v));
}

static void put_u16x2(struct out *o, uint16_t a, uint16_t b)
{
	const uint16_t v[2] = { a, b };

	put(o, v, sizeof(v));
}

/* Times, here and in options, have their upper half first. */
static void put_time(struct out *o, uint64_t ns)
{
	put_u32(o, (uint32_t)(ns >> 32));
	put_u32(o, (uint32_t)ns);
}

static void put_text(struct out *o, uint16_t code, const char *text)
{
	uint16_t len = 0;

	while (len < PCAPNG_TEXT_MAX && text[len])
		len++;
	put_u16x2(o, code, len);
	put(o, text, len);
}

static void put_u64_option(struct out *o, uint16_t code, uint64_t v)
{
	put_u16x2(o, code, sizeof(v));
	put(o, &v, sizeof(v));
}

static void put_time_option(struct out *o, uint16_t code, uint64_t ns)
{
	put_u16x2(o, code, sizeof(ns));
	put_time(o, ns);
}

/* A filter's text behind the byte that says what kind of filter it is. */
static void put_filter(struct out *o, const char *text)
{
	uint8_t value[1 + PCAPNG_TEXT_MAX] = { FILTER_LIBPCAP };
	uint16_t len = 1;

	while (len < PCAPNG_TEXT_MAX && text[len - 1]) {
		value[len] = (uint8_t)text[len - 1];
		len++;
	}
	put_u16x2(o, IF_FILTER, len);
	put(o, value, len);
}

static void begin(struct out *o, uint32_t type)
{
	put_u32(o, type);
	put_u32(o, 0); /* the length, once it is known */
}

/* End the options, and the block. */
static size_t end(struct out *o)
{
	uint32_t len;

	put_u16x2(o, OPT_END, 0);
	len = (uint32_t)o->len + sizeof(len);
	put_u32(o, len);
	if (o->full)
		return 0;
	memcpy(o->buf + sizeof(len), &len, sizeof(len));
	return o->len;
}

size_t pcapng_section(uint8_t *buf, size_t room, const char *os,
		      const char *program)
{
	static const uint64_t length_unknown = UINT64_MAX;
	struct out o = { .buf = buf, .room = room };

	begin(&o, BLOCK_SECTION);
	put_u32(&o, BYTE_ORDER_MARK);
	put_u16x2(&o, 1, 0); /* version */
	put(&o, &length_unknown, sizeof(length_unknown));
	put_text(&o, SHB_OS, os);
	put_text(&o, SHB_USERAPPL, program);
	return end(&o);
}

size_t pcapng_iface(uint8_t *buf, size_t room, const struct pcapng_iface *i)
{
	static const uint8_t tsresol = TSRESOL_NS;
	struct out o = { .buf = buf, .room = room };

	begin(&o, BLOCK_IFACE);
	put_u16x2(&o, LINKTYPE_RAW, 0);
	put_u32(&o, i->snaplen);
	put_text(&o, IF_NAME, i->name);
	put_text(&o, IF_DESCRIPTION, i->descr);
	put_u16x2(&o, IF_TSRESOL, sizeof(tsresol));
	put(&o, &tsresol, sizeof(tsresol));
	if (i->filter)
		put_filter(&o, i->filter);
	return end(&o);
}

size_t pcapng_packet(uint8_t *buf, size_t room, const struct pcapng_packet *p)
{
	struct out o = { .buf = buf, .room = room };

	begin(&o, BLOCK_PACKET);
	put_u32(&o, p->iface);
	put_time(&o, p->time_ns);
	put_u32(&o, p->cap_len);
	put_u32(&o, p->orig_len);
	if (p->cap_len)
		put(&o, p->data, p->cap_len);
	if (p->comment)
		put_text(&o, OPT_COMMENT, p->comment);
	put_u16x2(&o, EPB_FLAGS, sizeof(uint32_t));
	put_u32(&o, p->dir);
	if (p->lost)
		put_u64_option(&o, EPB_DROPCOUNT, p->lost);
	return end(&o);
}

size_t pcapng_stats(uint8_t *buf, size_t room, const struct pcapng_stats *s)
{
	struct out o = { .buf = buf, .room = room };

	begin(&o, BLOCK_STATS);
	put_u32(&o, s->iface);
	put_time(&o, s->end_ns);
	put_time_option(&o, ISB_STARTTIME, s->start_ns);
	put_time_option(&o, ISB_ENDTIME, s->end_ns);
	put_u64_option(&o, ISB_IFRECV, s->received);
	put_u64_option(&o, ISB_IFDROP, s->dropped);
	return end(&o);
}

/* --------------------------------------------------------- a packet's bytes */

/* Where the checksum stands from the IP header on, 0 = nowhere known. */
static uint32_t csum_place(const struct link_view *v)
{
	if (!v->l4_off)
		return 0;
	if (v->kind == LINK_TCP)
		return v->l4_off + TCP_CSUM_OFF;
	if (v->kind == LINK_ICMP)
		return v->l4_off + ICMP_CSUM_OFF;
	if (v->kind == LINK_OTHER && v->proto == PROTO_UDP)
		return v->l4_off + UDP_CSUM_OFF;
	return 0;
}

/**
 * struct sum - a checksum over parts
 * @sum:	so far
 * @skip:	bytes that do not belong to it are still to come
 * @odd:	the next byte is at an odd offset
 */
struct sum {
	uint64_t sum;
	uint32_t skip;
	bool odd;
};

static void sum_part(struct sum *s, const uint8_t *p, uint32_t len)
{
	uint32_t skip = min_u32(s->skip, len);

	s->skip -= skip;
	p += skip;
	len -= skip;
	s->sum = s->odd ? csum_add_odd(s->sum, p, len)
			: csum_add(s->sum, p, len);
	s->odd ^= len & 1u;
}

/* The field holds the pseudo-header's sum: adding it up with the rest is all. */
static uint16_t sum_packet(const struct ustack_pkt *p, uint32_t l4_off)
{
	struct sum s = { .skip = l4_off };

	sum_part(&s, p->head, p->head_len);
	for (uint32_t i = 0; i < p->nslices; i++)
		sum_part(&s, slice_data(&p->slice[i]), p->slice[i].len);
	return csum_finish(s.sum);
}

static uint32_t copy_part(uint8_t *out, uint32_t room, const uint8_t *p,
			  uint32_t len)
{
	len = min_u32(len, room);
	memcpy(out, p, len);
	return len;
}

uint32_t pcapng_snap(uint8_t *out, uint32_t room, const struct ustack_pkt *p,
		     const struct link_view *v)
{
	uint32_t n = copy_part(out, room, p->head, p->head_len);
	uint32_t at = csum_place(v);
	uint16_t csum;

	for (uint32_t i = 0; i < p->nslices; i++)
		n += copy_part(out + n, room - n, slice_data(&p->slice[i]),
			       p->slice[i].len);
	if (!(p->flags & USTACK_PKT_CSUM_PARTIAL) || !at ||
	    at + sizeof(csum) > n)
		return n;
	csum = sum_packet(p, v->l4_off);
	if (!csum && v->kind == LINK_OTHER)
		csum = 0xffff; /* UDP's 0 means that there is none */
	memcpy(out + at, &csum, sizeof(csum));
	return n;
}

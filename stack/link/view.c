/* SPDX-License-Identifier: MIT */
/*
 * view.c - what impairment has to know of a packet
 *
 * The wire's parsers want bytes that follow each other.  On the way in all of
 * them do; on the way out only the headers, so the parsers are shown no more
 * than those, and the lengths in them are judged against the whole packet.
 */

#include "view.h"

#include "stack/base/bytes.h"
#include "stack/wire/icmp.h"
#include "stack/wire/ip4.h"
#include "stack/wire/ip6.h"
#include "stack/wire/tcp_hdr.h"

#define PROTO_ICMP   1u
#define PROTO_TCP    6u
#define PROTO_ICMP6  58u
#define FRAG_HDR_LEN 8u

/* Bytes at the front of a packet that follow each other, of @total. */
struct front {
	const uint8_t *p;
	uint32_t len;
	uint32_t total;
};

static struct front front_of(const struct ustack_pkt *p)
{
	struct front f = { .total = p->len };

	if (p->head_len) {
		f.p = p->head;
		f.len = p->head_len;
	} else if (p->nslices) {
		f.p = slice_data(p->slice);
		f.len = p->slice[0].len;
	}
	f.len = min_u32(f.len, f.total);
	return f;
}

/* @src and @dst: @len bytes each, as on the wire. */
static void set_addrs(struct link_view *v, const uint8_t *src,
		      const uint8_t *dst, uint32_t len)
{
	bool in = v->dir == IMPAIR_IN;
	const uint8_t *local = in ? dst : src;
	const uint8_t *remote = in ? src : dst;

	if (len == 4) {
		memset(v->local.b + 10, 0xff, 2);
		memset(v->remote.b + 10, 0xff, 2);
	}
	memcpy(v->local.b + 16 - len, local, len);
	memcpy(v->remote.b + 16 - len, remote, len);
}

/* Until more is known, all behind the IP headers is payload of a kind. */
static void set_upper(struct link_view *v, enum link_kind kind, uint8_t proto,
		      uint32_t off)
{
	v->kind = (uint8_t)kind;
	v->proto = proto;
	v->l4_off = (uint16_t)off;
	v->data_off = off;
	v->data_len = v->ip_len - off;
}

static void parse4(struct link_view *v, const struct front *f)
{
	struct ip4_hdr h;

	if (f->len < IP4_HDR_MIN)
		return;
	v->version = 4;
	set_addrs(v, f->p + 12, f->p + 16, 4);
	if ((f->p[0] & 15u) * 4 > f->len)
		return;
	if (ip4_parse(&h, f->p, f->total) != IP4_OK)
		return;
	v->ip_len = h.total_len;
	v->ecn = h.tos & 3u;
	set_upper(v, h.mf || h.frag_off ? LINK_FRAGMENT : LINK_OTHER, h.proto,
		  h.hdr_len);
}

/*
 * Show the parser the headers alone: a copy whose payload length says so.  What
 * the true one says must fit in the packet.
 */
static enum ip6_verdict parse6_front(struct ip6_hdr *h, const struct front *f)
{
	uint8_t copy[USTACK_PKT_HEAD];
	uint32_t len = min_u32(f->len, sizeof(copy));
	uint32_t payload_len = be16_load(f->p + 4);
	enum ip6_verdict verdict;

	if (payload_len == 0 && f->total > IP6_HDR_LEN + UINT16_MAX)
		payload_len = f->total - IP6_HDR_LEN;
	if (payload_len > f->total - IP6_HDR_LEN)
		return IP6_BAD_LEN;
	len = min_u32(len, IP6_HDR_LEN + payload_len);
	memcpy(copy, f->p, len);
	be16_store(copy + 4, (uint16_t)(len - IP6_HDR_LEN));
	verdict = ip6_parse(h, copy, len);
	h->payload_len = payload_len;
	return verdict;
}

static void parse6(struct link_view *v, const struct front *f)
{
	enum ip6_verdict verdict;
	struct ip6_hdr h;

	if (f->len < IP6_HDR_LEN)
		return;
	v->version = 6;
	set_addrs(v, f->p + 8, f->p + 24, 16);
	if (f->len == f->total)
		verdict = ip6_parse(&h, f->p, f->len);
	else
		verdict = parse6_front(&h, f);
	if (verdict != IP6_OK)
		return;
	v->ip_len = IP6_HDR_LEN + h.payload_len;
	v->ecn = h.tclass & 3u;
	if (h.frag)
		set_upper(v, LINK_FRAGMENT, h.frag_next,
			  h.l4_off + FRAG_HDR_LEN);
	else
		set_upper(v, LINK_OTHER, h.proto, h.l4_off);
}

static void parse_tcp(struct link_view *v, const uint8_t *l4, uint32_t len)
{
	bool in = v->dir == IMPAIR_IN;
	struct tcp_hdr h;

	v->kind = LINK_MALFORMED;
	if (tcp_hdr_parse(&h, l4, len))
		return;
	v->kind = LINK_TCP;
	v->lport = in ? h.dport : h.sport;
	v->rport = in ? h.sport : h.dport;
	v->seq = h.seq;
	v->ack = h.ack;
	v->wnd = h.wnd;
	v->flags = h.flags;
	v->hdr_len = h.hdr_len;
	v->data_off += h.hdr_len;
	v->data_len -= h.hdr_len;
}

static void parse_icmp(struct link_view *v)
{
	v->kind = LINK_MALFORMED;
	if (v->data_len < ICMP_HDR_LEN)
		return;
	v->kind = LINK_ICMP;
	v->hdr_len = ICMP_HDR_LEN;
	v->data_off += ICMP_HDR_LEN;
	v->data_len -= ICMP_HDR_LEN;
}

void view_parse(struct link_view *v, enum impair_dir dir,
		const struct ustack_pkt *p)
{
	struct front f = front_of(p);
	uint32_t whole;

	*v = (struct link_view){ .dir = (uint8_t)dir,
				 .kind = LINK_MALFORMED,
				 .ip_len = p->len };
	if (f.len == 0)
		return;
	if (f.p[0] >> 4 == 4)
		parse4(v, &f);
	else if (f.p[0] >> 4 == 6)
		parse6(v, &f);
	if (v->kind != LINK_OTHER)
		return;

	whole = min_u32(f.len, v->ip_len);
	if (v->proto == PROTO_TCP)
		parse_tcp(v, f.p + v->l4_off, whole - v->l4_off);
	else if (v->proto == (v->version == 4 ? PROTO_ICMP : PROTO_ICMP6))
		parse_icmp(v);
}

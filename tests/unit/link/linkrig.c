/* SPDX-License-Identifier: MIT */
/*
 * linkrig.c - packets to cut and to damage, a host that owns them, and a judge
 */

#include "linkrig.h"

#include <stddef.h>

#include "stack/base/bytes.h"
#include "stack/base/slice.h"
#include "stack/wire/ip4.h"
#include "stack/wire/ip6.h"
#include "stack/wire/tcp_hdr.h"

#define BUDGET	    ((uint64_t)8 << 20)
#define PROTO_TCP   6u
#define PROTO_UDP   17u
#define PROTO_ICMP6 58u
#define DSTOPT	    60u

/* ------------------------------------------------------------------- host */

static size_t pkt_bytes(uint32_t slices)
{
	return offsetof(struct ustack_pkt, slice) +
	       slices * sizeof(struct slice);
}

/* A packet in a block that ends behind its last slice. */
static struct ustack_pkt *pkt_alloc(struct rig *r, uint32_t slices)
{
	struct ustack_pkt *p = mem_alloc(&r->mem.mem, pkt_bytes(slices));

	ck_assert_ptr_nonnull(p);
	memset(p, 0, pkt_bytes(slices));
	p->max_slices = (uint8_t)slices;
	r->pkts++;
	return p;
}

static void add_slice(struct rig *r, struct ustack_pkt *p, uint32_t len)
{
	struct ubuf *b = ubuf_new(&r->mem.mem, len + USTACK_PKT_HEADROOM);

	ck_assert_ptr_nonnull(b);
	p->slice[p->nslices++] = (struct slice){ .buf = b,
						 .off = USTACK_PKT_HEADROOM,
						 .len = len };
}

static struct ustack_pkt *rig_sized(void *ctx, uint32_t len)
{
	struct rig *r = ctx;
	struct ustack_pkt *p;

	if (r->refuse)
		return NULL;
	p = pkt_alloc(r, 1);
	add_slice(r, p, len);
	p->len = len;
	return p;
}

static struct ustack_pkt *rig_keep(void *ctx, const struct ustack_pkt *p)
{
	struct rig *r = ctx;
	struct ustack_pkt *q;

	if (r->refuse)
		return NULL;
	q = pkt_alloc(r, p->nslices);
	memcpy(q, p, pkt_bytes(p->nslices));
	q->max_slices = p->nslices;
	for (uint32_t i = 0; i < q->nslices; i++)
		ubuf_get(q->slice[i].buf);
	return q;
}

static void rig_put(void *ctx, struct ustack_pkt *p)
{
	rig_free(ctx, p);
}

void rig_init(struct rig *r)
{
	*r = (struct rig){ .host = { .ctx = r,
				     .pkt_sized = rig_sized,
				     .pkt_keep = rig_keep,
				     .pkt_free = rig_put } };
	testmem_init(&r->mem, BUDGET);
}

void rig_fini(struct rig *r)
{
	EXPECT_EQ(r->pkts, 0);
	testmem_fini(&r->mem);
}

void rig_free(struct rig *r, struct ustack_pkt *p)
{
	for (uint32_t i = 0; i < p->nslices; i++)
		ubuf_put(p->slice[i].buf);
	mem_free(&r->mem.mem, p, pkt_bytes(p->max_slices));
	r->pkts--;
}

/* ---------------------------------------------------------------- packets */

uint8_t rig_data(uint32_t i)
{
	return (uint8_t)(i * 7 + (i >> 8) * 31 + 1);
}

/* Sum of 16-bit words, RFC 1071 section 4.1 to the letter. */
static uint32_t sum16(uint32_t sum, const uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	if (len & 1)
		sum += (uint32_t)p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static bool is6(const uint8_t *p)
{
	return p[0] >> 4 == 6;
}

/* Offset of what is behind the headers that rig_make() writes. */
static uint32_t upper(const uint8_t *p, uint8_t *proto)
{
	uint32_t off = 40;

	if (!is6(p)) {
		*proto = p[9];
		return (p[0] & 15u) * 4;
	}
	*proto = p[6];
	for (; *proto == DSTOPT; off += 8)
		*proto = p[off];
	return off;
}

uint16_t rig_pseudo(const uint8_t *p, uint32_t l4_len)
{
	uint8_t tail[8] = { 0 };
	uint32_t sum;

	upper(p, tail + 7);
	be32_store(tail, l4_len);
	sum = is6(p) ? sum16(0, p + 8, 32) : sum16(0, p + 12, 8);
	return (uint16_t)sum16(sum, tail, sizeof(tail));
}

/* Write the IP headers for @len bytes in all; returns their length. */
static uint32_t write_ip(uint8_t *p, const struct rig_pkt *a, uint32_t len)
{
	static const uint8_t stack4[4] = { 10, 7, 0, 2 };
	static const uint8_t host4[4] = { 10, 7, 0, 1 };
	bool in = a->dir == IMPAIR_IN;
	uint8_t proto = a->proto ? a->proto : PROTO_TCP;
	struct ip4_hdr h4 = { .total_len = len,
			      .id = RIG_ID,
			      .df = true,
			      .tos = a->tos,
			      .ttl = 64,
			      .proto = proto };
	struct ip6_hdr h6 = { .payload_len = len - 40,
			      .tclass = a->tos,
			      .hop_limit = 64,
			      .flow_label = 0xabcde,
			      .proto = a->ip_opts ? DSTOPT : proto };

	if (a->v6) {
		h6.src[0] = h6.dst[0] = 0xfd;
		h6.src[15] = in ? 1 : 2;
		h6.dst[15] = in ? 2 : 1;
		ip6_build(p, &h6);
		for (uint32_t off = 0; off < a->ip_opts; off += 8) {
			const uint8_t ext[8] = { DSTOPT, 0, 1, 4 };

			memcpy(p + 40 + off, ext, 8);
			if (off + 8 == a->ip_opts)
				p[40 + off] = proto;
		}
		return 40 + a->ip_opts;
	}
	memcpy(h4.src, in ? host4 : stack4, 4);
	memcpy(h4.dst, in ? stack4 : host4, 4);
	ip4_build(p, &h4);
	memset(p + 20, 1, a->ip_opts); /* NOPs */
	p[0] = (uint8_t)(0x40 | (5 + a->ip_opts / 4));
	be16_store(p + 10, 0);
	be16_store(p + 10, (uint16_t)~sum16(0, p, 20 + a->ip_opts));
	return 20 + a->ip_opts;
}

static uint32_t write_tcp(uint8_t *p, const struct rig_pkt *a)
{
	bool in = a->dir == IMPAIR_IN;
	const struct tcp_hdr h = { .seq = RIG_SEQ,
				   .ack = RIG_ACK,
				   .sport = in ? RIG_RPORT : RIG_LPORT,
				   .dport = in ? RIG_LPORT : RIG_RPORT,
				   .wnd = RIG_WND,
				   .hdr_len = (uint8_t)(20 + a->tcp_opts),
				   .flags = a->flags };

	tcp_hdr_build(p, &h);
	for (uint32_t i = 0; i < a->tcp_opts; i++)
		p[20 + i] = (uint8_t)(0xc0 + i);
	if (a->tcp_opts == 12) /* timestamps, as hosts write them */
		memcpy(p + 20, (uint8_t[]){ 1, 1, 8, 10 }, 4);
	return h.hdr_len;
}

static uint32_t csum_off_of(uint8_t proto)
{
	if (proto == PROTO_UDP)
		return 6;
	return proto == PROTO_TCP ? TCP_CSUM_OFF : 2;
}

/* The packet in one piece, all but its padding; returns its length. */
static uint32_t write_all(uint8_t *p, const struct rig_pkt *a, uint32_t *hdr)
{
	bool tcp = !a->proto || a->proto == PROTO_TCP;
	uint32_t ip_len = (a->v6 ? 40 : 20) + a->ip_opts;
	uint32_t l4_len = (tcp ? 20 + a->tcp_opts : 8) + a->data_len;
	uint8_t *field = p + ip_len + csum_off_of(tcp ? PROTO_TCP : a->proto);
	bool bare = !a->v6 && a->proto == 1; /* ICMPv4: no pseudo-header */
	uint32_t sum;

	memset(p, 0, ip_len + l4_len);
	write_ip(p, a, ip_len + l4_len);
	*hdr = ip_len + (tcp ? write_tcp(p + ip_len, a) : 8);
	for (uint32_t i = 0; i < a->data_len; i++)
		p[*hdr + i] = rig_data(i);
	sum = bare ? 0 : rig_pseudo(p, l4_len);
	if (a->csum != RIG_PARTIAL)
		sum = 0xffffu - sum16(sum, p + ip_len, l4_len);
	be16_store(field, (uint16_t)sum);
	return ip_len + l4_len;
}

static void fill(struct ustack_pkt *p, uint32_t i, const uint8_t *from)
{
	memcpy(p->slice[i].buf->data + p->slice[i].off, from, p->slice[i].len);
}

/* Payload in slices of uneven length. */
static void spread(struct rig *r, struct ustack_pkt *p, const uint8_t *data,
		   uint32_t len)
{
	uint32_t n = p->max_slices;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t part = len / (n - i);

		if (part > 2 && i + 1 < n)
			part += i % 3 - 1u;
		add_slice(r, p, part);
		fill(p, i, data);
		data += part;
		len -= part;
	}
}

struct ustack_pkt *rig_make(struct rig *r, const struct rig_pkt *a)
{
	static const uint8_t flags[] = {
		[RIG_PARTIAL] = USTACK_PKT_CSUM_PARTIAL,
		[RIG_FULL] = 0,
		[RIG_VERIFIED] = USTACK_PKT_CSUM_OK,
	};
	uint8_t *bytes = calloc(1, USTACK_PKT_ROOM + a->padding);
	struct ustack_pkt *p;
	uint32_t hdr;
	uint32_t len = write_all(bytes, a, &hdr);

	if (a->dir == IMPAIR_IN) {
		p = rig_wrap(r, bytes, len + a->padding);
	} else {
		p = pkt_alloc(r, a->data_len ? max_u32(a->nslices, 1) : 0);
		p->len = len;
		p->head_len = (uint16_t)hdr;
		p->l4_off = (uint16_t)((a->v6 ? 40 : 20) + a->ip_opts);
		p->csum_off = (uint16_t)csum_off_of(a->proto ? a->proto : 6);
		memcpy(p->head, bytes, hdr);
		spread(r, p, bytes + hdr, a->data_len);
	}
	p->gso_size = a->gso_size;
	p->flags = flags[a->csum];
	if (a->v6 && a->dir == IMPAIR_OUT)
		p->flags |= USTACK_PKT_IPV6;
	free(bytes);
	return p;
}

struct ustack_pkt *rig_wrap(struct rig *r, const uint8_t *bytes, uint32_t len)
{
	struct ustack_pkt *p = pkt_alloc(r, 1);

	add_slice(r, p, len);
	p->len = len;
	if (len)
		fill(p, 0, bytes);
	return p;
}

uint8_t *rig_flat(const struct ustack_pkt *p)
{
	uint8_t *flat = malloc(p->len + !p->len);
	uint32_t at = p->head_len;

	memcpy(flat, p->head, p->head_len);
	for (uint32_t i = 0; i < p->nslices; i++) {
		EXPECT_LE(at + p->slice[i].len, p->len);
		memcpy(flat + at, slice_data(&p->slice[i]), p->slice[i].len);
		at += p->slice[i].len;
	}
	EXPECT_EQ(at, p->len);
	return flat;
}

/* ------------------------------------------------------------------ judge */

static const char *receive_upper(const uint8_t *p, uint32_t ip_len)
{
	uint8_t proto;
	uint32_t off = upper(p, &proto);
	uint32_t len = ip_len - off;
	uint32_t least = proto == PROTO_TCP ? 20 : 8;
	uint32_t sum = 0;

	if (ip_len < off + least)
		return "shorter than the transport's header";
	if (proto != 1)
		sum = rig_pseudo(p, len);
	if (sum16(sum, p + off, len) != 0xffff)
		return "checksum of transport";
	if (proto == PROTO_TCP &&
	    ((p[off + 12] >> 4) < 5 || (p[off + 12] >> 4) * 4u > len))
		return "data offset";
	return NULL;
}

const char *rig_receive(const uint8_t *p, uint32_t len)
{
	uint32_t ip_len;

	if (is6(p)) {
		ip_len = 40u + be16_load(p + 4);
	} else {
		if (sum16(0, p, (p[0] & 15u) * 4) != 0xffff)
			return "checksum of IP";
		ip_len = be16_load(p + 2);
	}
	if (ip_len > len)
		return "truncated";
	return receive_upper(p, ip_len);
}

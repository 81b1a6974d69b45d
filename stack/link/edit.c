/* SPDX-License-Identifier: MIT */
/*
 * edit.c - change a packet that waits: corrupt, truncate, tamper, mark
 */

#include "edit.h"

#include "stack/base/assert.h"
#include "stack/base/bytes.h"
#include "stack/wire/csum.h"
#include "stack/wire/tcp_hdr.h"

#define PROTO_ICMP   1u
#define PROTO_TCP    6u
#define PROTO_UDP    17u
#define PROTO_ICMP6  58u
#define ICMP_CSUM    2u
#define UDP_CSUM     6u
#define NO_CSUM	     UINT32_MAX

#define IP4_CSUM_OFF 10u
#define IP4_ADDR_OFF 12u
#define IP6_ADDR_OFF 8u
#define ECN_CE	     3u

/*
 * Give a slice a buffer of its own.  The two are swapped, so that the packet
 * the new one came with returns the reference to the old one.
 */
static bool own_slice(const struct impair_host *h, struct slice *sl)
{
	struct ustack_pkt *q = h->pkt_sized(h->ctx, sl->len);
	struct slice mine;

	if (!q)
		return false;
	mine = q->slice[0];
	mine.len = sl->len;
	memcpy(mine.buf->data + mine.off, slice_data(sl), sl->len);
	q->slice[0] = *sl;
	*sl = mine;
	h->pkt_free(h->ctx, q);
	return true;
}

/* The slice that byte @off is in, made relative to it; NULL = in none. */
static struct slice *find_slice(struct ustack_pkt *p, uint32_t *off)
{
	*off -= p->head_len;
	for (uint32_t i = 0; i < p->nslices; i++) {
		if (*off < p->slice[i].len)
			return &p->slice[i];
		*off -= p->slice[i].len;
	}
	return NULL;
}

/*
 * writable() - A byte of the packet that nobody else will see change
 *
 * Return: where it is, with the bytes that follow it in head or slice; NULL
 * when there is no memory, or no such byte
 */
static uint8_t *writable(const struct impair_host *h, struct ustack_pkt *p,
			 uint32_t off)
{
	struct slice *sl;

	if (off < p->head_len)
		return p->head + off;
	sl = find_slice(p, &off);
	if (!sl)
		return NULL;
	if (sl->buf->refs > 1 && !own_slice(h, sl))
		return NULL;
	return sl->buf->data + sl->off + off;
}

static const uint8_t *readable(const struct ustack_pkt *p, uint32_t off)
{
	return off < p->head_len ? p->head + off
				 : slice_data(p->slice) + off - p->head_len;
}

/* Add bytes [@from, @end) of head and slices; @from is even. */
static uint64_t sum_range(uint64_t sum, const struct ustack_pkt *p,
			  uint32_t from, uint32_t end)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i <= p->nslices && at < end; i++) {
		const uint8_t *b = i ? slice_data(&p->slice[i - 1]) : p->head;
		uint32_t len = i ? p->slice[i - 1].len : p->head_len;
		uint32_t lo = max_u32(from, at);
		uint32_t hi = min_u32(end, at + len);

		if (lo < hi && (lo & 1u) != 0)
			sum = csum_add_odd(sum, b + (lo - at), hi - lo);
		else if (lo < hi)
			sum = csum_add(sum, b + (lo - at), hi - lo);
		at += len;
	}
	return sum;
}

/* Offset of the checksum in the transport header, or NO_CSUM. */
static uint32_t csum_place(const struct link_view *v)
{
	uint32_t place = NO_CSUM;

	if (v->kind == LINK_TCP)
		place = TCP_CSUM_OFF;
	else if (v->kind == LINK_ICMP)
		place = ICMP_CSUM;
	else if (v->kind == LINK_OTHER && v->proto == PROTO_UDP &&
		 v->data_len >= UDP_CSUM + 2)
		place = UDP_CSUM;
	return place;
}

static uint16_t full_csum(const struct ustack_pkt *p, const struct link_view *v)
{
	uint32_t len = v->ip_len - v->l4_off;
	const uint8_t *ip = readable(p, 0);
	uint64_t sum = 0;
	uint16_t csum;

	if (v->version == 6)
		sum = csum_pseudo6(ip + IP6_ADDR_OFF, ip + IP6_ADDR_OFF + 16,
				   v->proto, len);
	else if (v->proto != PROTO_ICMP)
		sum = csum_pseudo4(ip + IP4_ADDR_OFF, ip + IP4_ADDR_OFF + 4,
				   v->proto, len);
	csum = csum_finish(sum_range(sum, p, v->l4_off, v->ip_len));
	if (csum == 0 && v->proto == PROTO_UDP)
		csum = UINT16_MAX; /* 0 means none (RFC 768) */
	return csum;
}

int edit_finish(const struct impair_host *h, struct ustack_pkt *p,
		const struct link_view *v)
{
	uint32_t place = csum_place(v);

	if (p->flags & USTACK_PKT_CSUM_PARTIAL && place != NO_CSUM) {
		uint8_t *field = writable(h, p, v->l4_off + place);
		uint16_t csum;

		if (!field)
			return -ERR_NOMEM;
		memset(field, 0, sizeof(csum));
		csum = full_csum(p, v);
		memcpy(field, &csum, sizeof(csum));
		p->flags &= (uint8_t)~USTACK_PKT_CSUM_PARTIAL;
	}
	p->flags &= (uint8_t)~USTACK_PKT_CSUM_OK;
	p->gso_size = 0;
	return 0;
}

/* Bytes [*@off, *@off + result) of the part; none where there is no such. */
static uint32_t part_of(const struct link_view *v, uint8_t part, uint32_t *off)
{
	uint32_t place = csum_place(v);

	*off = v->l4_off;
	if (v->l4_off == 0)
		return 0;
	if (v->hdr_len == 0)
		return v->ip_len - v->l4_off;
	if (part == IMPAIR_PART_CHECKSUM) {
		*off += place;
		return 2;
	}
	if (part == IMPAIR_PART_HEADER || v->data_len == 0)
		return v->hdr_len;
	*off = v->data_off;
	return v->data_len;
}

int edit_flip(const struct impair_host *h, struct ustack_pkt *p,
	      const struct link_view *v, struct edit_flip *f)
{
	uint32_t off;
	uint32_t len = part_of(v, f->part, &off);
	uint8_t *byte;
	uint64_t bit;

	if (len == 0)
		return -ERR_NOENT;
	if (edit_finish(h, p, v))
		return -ERR_NOMEM;
	bit = f->draw % (len * 8u);
	byte = writable(h, p, off + (uint32_t)(bit / 8));
	if (!byte)
		return -ERR_NOMEM;
	f->off = off + (uint32_t)(bit / 8);
	f->mask = (uint8_t)(1u << bit % 8);
	*byte ^= f->mask;
	return 0;
}

/* The packet ends after @len bytes. */
static void cut_off(struct ustack_pkt *p, uint32_t len)
{
	uint32_t left = len;

	p->len = len;
	p->head_len = (uint16_t)min_u32(p->head_len, left);
	left -= p->head_len;
	for (uint32_t i = 0; i < p->nslices; i++) {
		p->slice[i].len = min_u32(p->slice[i].len, left);
		left -= p->slice[i].len;
	}
	while (p->nslices > 0 && p->slice[p->nslices - 1].len == 0)
		ubuf_put(p->slice[--p->nslices].buf);
}

int edit_truncate(const struct impair_host *h, struct ustack_pkt *p,
		  const struct link_view *v, uint32_t left)
{
	if (v->l4_off == 0 || v->data_len <= left)
		return -ERR_NOENT;
	if (edit_finish(h, p, v))
		return -ERR_NOMEM;
	cut_off(p, v->data_off + left);
	return 0;
}

/*
 * Patch the sum for a word that has changed instead of computing it: one that
 * was wrong stays wrong.  RFC 1624 section 3, equation 3.
 */
static void patch_csum(uint8_t *field, uint16_t before, uint16_t after)
{
	uint16_t csum;

	memcpy(&csum, field, sizeof(csum));
	csum = csum_finish((uint64_t)(uint16_t)~csum + (uint16_t)~before +
			   after);
	memcpy(field, &csum, sizeof(csum));
}

int edit_tamper(const struct impair_host *h, struct ustack_pkt *p,
		const struct link_view *v, uint64_t draw)
{
	struct edit_flip f = { .part = IMPAIR_PART_PAYLOAD, .draw = draw };
	uint8_t pair[2] = { 0 }; /* the word; its other byte does not matter */
	uint8_t *field;
	uint16_t before;
	uint16_t after;
	uint8_t *byte;
	int r;

	if (v->kind != LINK_TCP || v->data_len == 0)
		return -ERR_NOENT;
	field = writable(h, p, v->l4_off + TCP_CSUM_OFF);
	r = field ? edit_flip(h, p, v, &f) : -ERR_NOMEM;
	if (r)
		return r;
	byte = writable(h, p, f.off); /* ours already */
	ASSERT(byte);
	pair[(f.off - v->l4_off) & 1u] = *byte;
	memcpy(&after, pair, sizeof(after));
	pair[(f.off - v->l4_off) & 1u] = *byte ^ f.mask;
	memcpy(&before, pair, sizeof(before));
	patch_csum(field, before, after);
	return 0;
}

static void mark4(uint8_t *ip)
{
	uint16_t before;
	uint16_t after;

	memcpy(&before, ip, sizeof(before));
	ip[1] |= ECN_CE;
	memcpy(&after, ip, sizeof(after));
	patch_csum(ip + IP4_CSUM_OFF, before, after);
}

int edit_mark_ce(const struct impair_host *h, struct ustack_pkt *p,
		 struct link_view *v)
{
	uint8_t *ip;

	if (v->ecn == 0 || v->ecn == ECN_CE)
		return -ERR_NOENT;
	ip = writable(h, p, 0);
	if (!ip)
		return -ERR_NOMEM;
	if (v->version == 4)
		mark4(ip);
	else
		ip[1] |= ECN_CE << 4;
	v->ecn = ECN_CE;
	return 0;
}

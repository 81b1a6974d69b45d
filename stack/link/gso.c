/* SPDX-License-Identifier: MIT */
/*
 * gso.c - a super-packet becomes wire segments, in either direction
 */

#include "gso.h"

#include <stddef.h>

#include "stack/base/bytes.h"
#include "stack/wire/csum.h"
#include "stack/wire/ip4.h"
#include "stack/wire/ip6.h"
#include "stack/wire/tcp_hdr.h"

#define TCP_SEQ_OFF   4u
#define TCP_FLAGS_OFF 13u
#define IP4_LEN_OFF   2u
#define IP4_ID_OFF    4u
#define IP4_CSUM_OFF  10u
#define IP4_ADDR_OFF  12u
#define IP6_LEN_OFF   4u
#define IP6_ADDR_OFF  8u

/* Slices of zero length may stand anywhere. */
static void skip_data(struct gso *g, uint32_t len)
{
	g->slice_off += len;
	while (g->slice < g->p->nslices &&
	       g->slice_off >= g->p->slice[g->slice].len) {
		g->slice_off -= g->p->slice[g->slice].len;
		g->slice++;
	}
}

static bool can_cut(const struct gso *g)
{
	return g->view.kind == LINK_TCP && g->p->gso_size > 0 &&
	       g->view.data_len > g->p->gso_size &&
	       g->view.data_off >= g->p->head_len &&
	       g->view.data_off <= USTACK_PKT_HEAD;
}

void gso_begin(struct gso *g, enum impair_dir dir, const struct ustack_pkt *p)
{
	*g = (struct gso){ .p = p, .count = 1 };
	view_parse(&g->view, dir, p);
	if (!can_cut(g))
		return;
	g->data = g->view.data_len;
	g->count = (g->data + p->gso_size - 1) / p->gso_size;
	skip_data(g, g->view.data_off - p->head_len);
}

/* The packet as it is; a stranger's slices behind the last are not read. */
static void give_whole(const struct gso *g, struct ustack_pkt *piece)
{
	size_t used = offsetof(struct ustack_pkt, slice) +
		      g->p->nslices * sizeof(struct slice);

	memcpy(piece, g->p, used);
	piece->next = NULL;
	piece->max_slices = USTACK_PKT_SLICES;
	if (g->view.kind == LINK_TCP && g->view.data_len <= piece->gso_size)
		piece->gso_size = 0;
}

/* Lend the next @len bytes of payload. */
static void give_data(struct gso *g, struct ustack_pkt *piece, uint32_t len)
{
	piece->nslices = 0;
	while (len > 0 && g->slice < g->p->nslices) {
		const struct slice *from = &g->p->slice[g->slice];
		struct slice *to = &piece->slice[piece->nslices++];

		to->buf = from->buf;
		to->off = from->off + g->slice_off;
		to->len = min_u32(from->len - g->slice_off, len);
		len -= to->len;
		skip_data(g, to->len);
	}
}

static void set_ip4(uint8_t *ip, const struct gso *g)
{
	uint16_t id = be16_load(ip + IP4_ID_OFF);
	uint16_t csum;

	be16_store(ip + IP4_LEN_OFF, (uint16_t)g->view.ip_len);
	be16_store(ip + IP4_ID_OFF, (uint16_t)(id + g->given));
	memset(ip + IP4_CSUM_OFF, 0, 2);
	csum = csum_finish(csum_add(0, ip, g->view.l4_off));
	memcpy(ip + IP4_CSUM_OFF, &csum, sizeof(csum));
}

static uint64_t pseudo_sum(const uint8_t *ip, const struct link_view *v)
{
	uint32_t len = v->ip_len - v->l4_off;

	if (v->version == 4)
		return csum_pseudo4(ip + IP4_ADDR_OFF, ip + IP4_ADDR_OFF + 4,
				    v->proto, len);
	return csum_pseudo6(ip + IP6_ADDR_OFF, ip + IP6_ADDR_OFF + 16, v->proto,
			    len);
}

static void set_tcp(struct ustack_pkt *piece, const struct gso *g)
{
	const struct link_view *v = &g->view;
	uint8_t *tcp = piece->head + v->l4_off;
	uint64_t sum = pseudo_sum(piece->head, v);
	uint16_t csum = csum_fold(sum);

	be32_store(tcp + TCP_SEQ_OFF, v->seq);
	tcp[TCP_FLAGS_OFF] = v->flags;
	if (!(piece->flags & USTACK_PKT_CSUM_PARTIAL)) {
		memset(tcp + TCP_CSUM_OFF, 0, 2);
		sum = csum_add(sum, tcp, v->hdr_len);
		csum = csum_finish(csum_add_slices(sum, piece->slice,
						   piece->nslices, false));
	}
	memcpy(tcp + TCP_CSUM_OFF, &csum, sizeof(csum));
}

/* Fit the view to the piece that begins at @g->done. */
static void turn_view(struct gso *g, uint8_t all_flags, uint32_t len)
{
	uint8_t gone = 0;

	if (g->given > 0)
		gone |= TCP_CWR;
	if (g->given + 1 < g->count)
		gone |= TCP_FIN | TCP_PSH;
	g->view.flags = all_flags & (uint8_t)~gone;
	g->view.seq += g->given > 0 ? g->p->gso_size : 0;
	g->view.data_len = len;
	g->view.ip_len = g->view.data_off + len;
}

static void give_piece(struct gso *g, struct ustack_pkt *piece)
{
	const struct ustack_pkt *p = g->p;
	const uint8_t *hdr = p->head_len ? p->head : slice_data(p->slice);
	uint32_t len = min_u32(p->gso_size, g->data - g->done);

	turn_view(g, hdr[g->view.l4_off + TCP_FLAGS_OFF], len);
	piece->next = NULL;
	piece->len = g->view.ip_len;
	piece->head_len = (uint16_t)g->view.data_off;
	piece->gso_size = 0;
	piece->l4_off = g->view.l4_off;
	piece->csum_off = TCP_CSUM_OFF;
	piece->flags = p->flags;
	piece->max_slices = USTACK_PKT_SLICES;
	memcpy(piece->head, hdr, g->view.data_off);
	give_data(g, piece, len);
	if (g->view.version == 4)
		set_ip4(piece->head, g);
	else
		be16_store(piece->head + IP6_LEN_OFF,
			   (uint16_t)(piece->len - IP6_HDR_LEN));
	set_tcp(piece, g);
	g->done += len;
}

bool gso_next(struct gso *g, struct ustack_pkt *piece)
{
	if (g->given == g->count)
		return false;
	if (g->count == 1)
		give_whole(g, piece);
	else
		give_piece(g, piece);
	g->given++;
	return true;
}

static struct ustack_pkt *copy_in(const struct impair_host *h,
				  const struct ustack_pkt *p)
{
	struct ustack_pkt *q = h->pkt_sized(h->ctx, p->len);
	uint8_t *to;

	if (!q)
		return NULL;
	to = q->slice[0].buf->data + q->slice[0].off;
	memcpy(to, p->head, p->head_len);
	to += p->head_len;
	for (uint32_t i = 0; i < p->nslices; i++) {
		memcpy(to, slice_data(&p->slice[i]), p->slice[i].len);
		to += p->slice[i].len;
	}
	q->len = p->len;
	q->slice[0].len = p->len;
	q->head_len = 0;
	q->gso_size = p->gso_size;
	q->flags = p->flags;
	return q;
}

struct ustack_pkt *gso_keep(const struct impair_host *h, enum impair_dir dir,
			    const struct ustack_pkt *piece)
{
	if (dir == IMPAIR_OUT)
		return h->pkt_keep(h->ctx, piece);
	return copy_in(h, piece);
}

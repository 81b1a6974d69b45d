/* SPDX-License-Identifier: MIT */
/*
 * test_gso.c - super-packets become wire segments
 *
 * Method: cut, then look at each piece as a receiver would: by RFC arithmetic
 * against the packet it was cut from, its checksum by a loop of the test's own.
 */

#include "linkrig.h"
#include "stack/base/bytes.h"
#include "stack/base/rng.h"
#include "stack/base/slice.h"
#include "stack/link/gso.h"
#include "stack/wire/tcp_hdr.h"
#include "tests/unit/suites.h"

#define DATA_FLAGS (TCP_ACK | TCP_PSH | TCP_FIN | TCP_CWR | TCP_ECE)

static const struct {
	const char *name;
	struct rig_pkt a;
	uint32_t want; /* pieces */
} cuts[] = {
	{ "out",
	  { .dir = IMPAIR_OUT, .data_len = 14600, .gso_size = 1460 },
	  10 },
	{ "in", { .dir = IMPAIR_IN, .data_len = 14600, .gso_size = 1460 }, 10 },
	{ "out, 6",
	  { .dir = IMPAIR_OUT,
	    .v6 = true,
	    .data_len = 14280,
	    .gso_size = 1428,
	    .tcp_opts = 12 },
	  10 },
	{ "in, 6",
	  { .dir = IMPAIR_IN,
	    .v6 = true,
	    .data_len = 14280,
	    .gso_size = 1428,
	    .tcp_opts = 12 },
	  10 },
	{ "one byte over",
	  { .dir = IMPAIR_OUT,
	    .data_len = 2897,
	    .gso_size = 1448,
	    .tcp_opts = 12 },
	  3 },
	{ "one byte over the first",
	  { .dir = IMPAIR_IN,
	    .data_len = 1449,
	    .gso_size = 1448,
	    .tcp_opts = 12 },
	  2 },
	{ "odd sizes, 64 slices",
	  { .dir = IMPAIR_OUT,
	    .data_len = 30001,
	    .gso_size = 1447,
	    .tcp_opts = 12,
	    .nslices = 64 },
	  21 },
	{ "slices of a few bytes",
	  { .dir = IMPAIR_OUT, .data_len = 100, .gso_size = 33, .nslices = 64 },
	  4 },
	{ "empty slices between",
	  { .dir = IMPAIR_OUT, .data_len = 20, .gso_size = 7, .nslices = 64 },
	  3 },
	{ "full sum, odd slices",
	  { .dir = IMPAIR_OUT,
	    .data_len = 9999,
	    .gso_size = 1449,
	    .nslices = 17,
	    .csum = RIG_FULL },
	  7 },
	{ "full sum, 6",
	  { .dir = IMPAIR_OUT,
	    .v6 = true,
	    .data_len = 9999,
	    .gso_size = 1001,
	    .nslices = 9,
	    .csum = RIG_FULL },
	  10 },
	{ "verified",
	  { .dir = IMPAIR_IN,
	    .data_len = 9999,
	    .gso_size = 1449,
	    .csum = RIG_VERIFIED },
	  7 },
	{ "full sum in, 6",
	  { .dir = IMPAIR_IN,
	    .v6 = true,
	    .data_len = 9999,
	    .gso_size = 1449,
	    .csum = RIG_FULL },
	  7 },
	{ "all options",
	  { .dir = IMPAIR_IN,
	    .ip_opts = 40,
	    .tcp_opts = 40,
	    .data_len = 5000,
	    .gso_size = 536 },
	  10 },
	{ "extension headers",
	  { .dir = IMPAIR_IN,
	    .v6 = true,
	    .ip_opts = 16,
	    .tcp_opts = 12,
	    .data_len = 5000,
	    .gso_size = 1220 },
	  5 },
	{ "padding",
	  { .dir = IMPAIR_IN, .data_len = 2000, .gso_size = 1460, .padding = 6 },
	  2 },
	{ "the longest",
	  { .dir = IMPAIR_IN, .data_len = 65535 - 40, .gso_size = 1460 },
	  45 },
	{ "one byte each",
	  { .dir = IMPAIR_OUT, .data_len = 300, .gso_size = 1, .nslices = 5 },
	  300 },
	{ "ECN",
	  { .dir = IMPAIR_OUT, .tos = 0xb9, .data_len = 5000, .gso_size = 1460 },
	  4 },
};

/* A header without what TSO changes: lengths, ID, sums, sequence, flags. */
static void blank(uint8_t *hdr, const struct link_view *v)
{
	uint8_t *tcp = hdr + v->l4_off;

	if (v->version == 4) {
		memset(hdr + 2, 0, 4);
		memset(hdr + 10, 0, 2);
	} else {
		memset(hdr + 4, 0, 2);
	}
	memset(tcp + 4, 0, 4);
	tcp[13] = 0;
	memset(tcp + TCP_CSUM_OFF, 0, 2);
}

static void same_otherwise(const struct ustack_pkt *whole,
			   const struct link_view *v, const uint8_t *piece)
{
	uint8_t *all = rig_flat(whole);
	uint8_t a[USTACK_PKT_HEAD];
	uint8_t b[USTACK_PKT_HEAD];

	memcpy(a, all, v->data_off);
	memcpy(b, piece, v->data_off);
	blank(a, v);
	blank(b, v);
	EXPECT_MEM_EQ(a, b, v->data_off);
	free(all);
}

static uint8_t flags_of(uint32_t i, uint32_t n)
{
	uint8_t flags = DATA_FLAGS;

	if (i > 0)
		flags &= (uint8_t)~TCP_CWR;
	if (i + 1 < n)
		flags &= (uint8_t) ~(TCP_PSH | TCP_FIN);
	return flags;
}

/* Finish the sum as a device does: what stands there is the pseudo-header's. */
static void complete(uint8_t *flat, const struct link_view *v, uint32_t len)
{
	uint32_t l4_len = len - v->l4_off;
	uint8_t *field = flat + v->l4_off + TCP_CSUM_OFF;
	uint32_t sum = 0;

	EXPECT_EQ(be16_load(field), rig_pseudo(flat, l4_len));
	for (uint32_t i = 0; i < l4_len; i++)
		sum += (uint32_t)flat[v->l4_off + i] << (i & 1 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	be16_store(field, (uint16_t)~sum);
}

/* Piece @i of @n, as it is on the wire. */
static void judge(const struct rig_pkt *a, const struct gso *g,
		  const struct ustack_pkt *piece, uint32_t i)
{
	uint8_t *flat = rig_flat(piece);
	const struct link_view *v = &g->view;
	const uint8_t *tcp = flat + v->l4_off;
	uint32_t off = i * a->gso_size;
	uint32_t len = min_u32(a->gso_size, a->data_len - off);

	EXPECT_EQ(piece->gso_size, 0);
	EXPECT_EQ(piece->len, v->data_off + len);
	EXPECT_EQ(be32_load(tcp + 4), (uint32_t)(RIG_SEQ + off));
	EXPECT_EQ(tcp[13], flags_of(i, g->count));
	if (!a->v6)
		EXPECT_EQ(be16_load(flat + 4), (uint16_t)(RIG_ID + i));
	for (uint32_t k = 0; k < len; k++)
		EXPECT_EQ(flat[v->data_off + k], rig_data(off + k));
	same_otherwise(g->p, v, flat);

	EXPECT_EQ(piece->flags & USTACK_PKT_CSUM_PARTIAL,
		  a->csum == RIG_PARTIAL ? USTACK_PKT_CSUM_PARTIAL : 0);
	EXPECT_EQ(piece->flags & USTACK_PKT_CSUM_OK,
		  a->csum == RIG_VERIFIED ? USTACK_PKT_CSUM_OK : 0);
	if (a->csum == RIG_PARTIAL)
		complete(flat, v, piece->len);
	ck_assert_msg(!rig_receive(flat, piece->len), "piece %u: %s", i,
		      rig_receive(flat, piece->len));
	free(flat);
}

/* tcp_gso_segment() and inet_gso_segment() of Linux; RFC 9293 section 3.1. */
START_TEST(each_piece_is_what_tso_would_send)
{
	struct rig_pkt a = cuts[_i].a;
	struct ustack_pkt piece;
	struct ustack_pkt *p;
	uint32_t n = 0;
	struct rig r;
	struct gso g;

	a.flags = DATA_FLAGS;
	rig_init(&r);
	p = rig_make(&r, &a);
	gso_begin(&g, a.dir, p);
	ck_assert_msg(g.count == cuts[_i].want, "%s: %u pieces", cuts[_i].name,
		      g.count);
	while (gso_next(&g, &piece))
		judge(&a, &g, &piece, n++);
	EXPECT_EQ(n, cuts[_i].want);
	EXPECT(!gso_next(&g, &piece));
	rig_free(&r, p);
	rig_fini(&r);
}
END_TEST

static void same_view(const struct link_view *a, const struct link_view *b)
{
	EXPECT_MEM_EQ(&a->local, &b->local, 16);
	EXPECT_MEM_EQ(&a->remote, &b->remote, 16);
	EXPECT_EQ(a->ip_len, b->ip_len);
	EXPECT_EQ(a->data_off, b->data_off);
	EXPECT_EQ(a->data_len, b->data_len);
	EXPECT_EQ(a->seq, b->seq);
	EXPECT_EQ(a->ack, b->ack);
	EXPECT_EQ(a->lport, b->lport);
	EXPECT_EQ(a->rport, b->rport);
	EXPECT_EQ(a->wnd, b->wnd);
	EXPECT_EQ(a->l4_off, b->l4_off);
	EXPECT_EQ(a->kind, b->kind);
	EXPECT_EQ(a->flags, b->flags);
	EXPECT_EQ(a->hdr_len, b->hdr_len);
	EXPECT_EQ(a->ecn, b->ecn);
}

static void check_kept(const struct ustack_pkt *q,
		       const struct ustack_pkt *lent, enum impair_dir dir)
{
	uint8_t *a = rig_flat(q);
	uint8_t *b = rig_flat(lent);

	EXPECT_EQ(q->len, lent->len);
	EXPECT_MEM_EQ(a, b, q->len);
	EXPECT_EQ(q->flags, lent->flags);
	if (dir == IMPAIR_IN) {
		EXPECT_EQ(q->head_len, 0);
		EXPECT_EQ(q->nslices, 1);
		EXPECT_EQ(q->slice[0].len, q->len);
		EXPECT_EQ(q->slice[0].buf->refs, 1);
		EXPECT_LT(q->slice[0].buf->size, 2 * (q->len + 64));
	} else {
		EXPECT_EQ(q->l4_off, lent->l4_off);
		EXPECT_EQ(q->csum_off, lent->csum_off);
		EXPECT_EQ(q->nslices, lent->nslices);
		for (uint32_t i = 0; i < q->nslices; i++)
			EXPECT(q->slice[i].buf == lent->slice[i].buf);
	}
	free(a);
	free(b);
}

/* Out: references, no bytes.  In: one copy, no longer than it must be. */
START_TEST(kept_pieces_outlive_their_packet)
{
	const struct rig_pkt *a = &cuts[_i].a;
	struct ustack_pkt *kept[300];
	struct ustack_pkt piece;
	struct link_view v;
	struct ustack_pkt *p;
	uint32_t n = 0;
	struct rig r;
	struct gso g;

	rig_init(&r);
	p = rig_make(&r, a);
	gso_begin(&g, a->dir, p);
	while (gso_next(&g, &piece)) {
		kept[n] = gso_keep(&r.host, a->dir, &piece);
		view_parse(&v, a->dir, kept[n]);
		same_view(&v, &g.view);
		check_kept(kept[n++], &piece, a->dir);
	}
	rig_free(&r, p);
	for (uint32_t i = 0; i < n; i++)
		rig_free(&r, kept[i]);
	rig_fini(&r);
}
END_TEST

/* What is given is lent: no memory, no reference. */
START_TEST(cutting_takes_no_memory)
{
	const struct rig_pkt *a = &cuts[_i].a;
	struct ustack_pkt piece;
	struct ustack_pkt *p;
	uint64_t calls;
	struct rig r;
	struct gso g;

	rig_init(&r);
	p = rig_make(&r, a);
	calls = r.mem.calls;
	r.refuse = true;
	gso_begin(&g, a->dir, p);
	while (gso_next(&g, &piece)) {
		EXPECT_EQ(r.pkts, 1);
		for (uint32_t i = 0; i < p->nslices; i++)
			EXPECT_EQ(p->slice[i].buf->refs, 1);
	}
	EXPECT_EQ(r.mem.calls, calls);
	EXPECT(!gso_keep(&r.host, a->dir, &piece));
	rig_free(&r, p);
	rig_fini(&r);
}
END_TEST

static const struct {
	const char *name;
	struct rig_pkt a;
	uint16_t want_gso_size;
} wholes[] = {
	{ "no super-packet", { .dir = IMPAIR_OUT, .data_len = 1000 }, 0 },
	{ "the same in", { .dir = IMPAIR_IN, .data_len = 1000 }, 0 },
	{ "no payload", { .dir = IMPAIR_OUT, .gso_size = 1460 }, 0 },
	{ "just one segment",
	  { .dir = IMPAIR_OUT,
	    .data_len = 1460,
	    .gso_size = 1460,
	    .nslices = 3 },
	  0 },
	{ "just one, padded",
	  { .dir = IMPAIR_IN, .data_len = 1460, .gso_size = 1460, .padding = 6 },
	  0 },
	{ "UDP that says it is",
	  { .dir = IMPAIR_IN, .proto = 17, .data_len = 3000, .gso_size = 1000 },
	  1000 },
	{ "ICMP",
	  { .dir = IMPAIR_OUT,
	    .proto = 1,
	    .csum = RIG_FULL,
	    .data_len = 1000,
	    .nslices = 1 },
	  0 },
	{ "headers beyond all room",
	  { .dir = IMPAIR_IN,
	    .v6 = true,
	    .ip_opts = 24,
	    .tcp_opts = 40,
	    .data_len = 3000,
	    .gso_size = 1000 },
	  1000 },
};

START_TEST(what_cannot_be_cut_is_one_piece)
{
	const struct rig_pkt *a = &wholes[_i].a;
	struct ustack_pkt piece;
	struct ustack_pkt *p;
	struct ustack_pkt *q;
	struct rig r;
	struct gso g;

	rig_init(&r);
	p = rig_make(&r, a);
	gso_begin(&g, a->dir, p);
	EXPECT_EQ(g.count, 1);
	EXPECT(gso_next(&g, &piece));
	ck_assert_msg(piece.gso_size == wholes[_i].want_gso_size,
		      "%s: gso_size %u", wholes[_i].name, piece.gso_size);
	EXPECT_EQ(piece.flags, p->flags);
	check_kept(&piece, p, IMPAIR_DIRS);
	q = gso_keep(&r.host, a->dir, &piece);
	check_kept(q, &piece, a->dir);
	EXPECT_EQ(q->gso_size, piece.gso_size);
	EXPECT(!gso_next(&g, &piece));
	rig_free(&r, q);
	rig_free(&r, p);
	rig_fini(&r);
}
END_TEST

/* Any bytes may claim to be a super-packet; all of them come out again. */
START_TEST(random_packets_are_cut_without_harm)
{
	uint8_t bytes[400];
	struct rng rnd;
	struct rig r;

	rng_init(&rnd, test_seed());
	rig_init(&r);
	for (int i = 0; i < 20000; i++) {
		uint32_t len = 1 + rng_below(&rnd, sizeof(bytes));
		struct ustack_pkt piece;
		struct ustack_pkt *p;
		uint32_t data = 0;
		struct gso g;

		for (uint32_t k = 0; k < len; k++)
			bytes[k] = (uint8_t)rng_u64(&rnd);
		bytes[0] = i & 1 ? 0x45 : 0x60;
		bytes[i & 1 ? 9 : 6] = 6;
		be16_store(bytes + (i & 1 ? 2 : 4), (uint16_t)len);
		p = rig_wrap(&r, bytes, len);
		p->gso_size = (uint16_t)rng_below(&rnd, 50);
		gso_begin(&g, IMPAIR_IN, p);
		while (gso_next(&g, &piece))
			data += g.view.data_len;
		EXPECT(g.count == 1 || data == g.data);
		rig_free(&r, p);
	}
	rig_fini(&r);
}
END_TEST

Suite *suite_link_gso(void)
{
	Suite *s = suite_create("link/gso");
	TCase *tc = tcase_create("cut");

	tcase_add_loop_test(tc, each_piece_is_what_tso_would_send, 0,
			    ARRAY_LEN(cuts));
	tcase_add_loop_test(tc, kept_pieces_outlive_their_packet, 0,
			    ARRAY_LEN(cuts));
	tcase_add_loop_test(tc, cutting_takes_no_memory, 0, ARRAY_LEN(cuts));
	tcase_add_loop_test(tc, what_cannot_be_cut_is_one_piece, 0,
			    ARRAY_LEN(wholes));
	tcase_add_test(tc, random_packets_are_cut_without_harm);
	suite_add_tcase(s, tc);
	return s;
}

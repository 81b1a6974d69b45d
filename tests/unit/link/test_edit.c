/* SPDX-License-Identifier: MIT */
/*
 * test_edit.c - what is done to a packet is noticed, and to no other one
 *
 * Method: damage a kept segment, then ask a receiver that was written for the
 * test whether it takes it; compare all bytes with those from before.
 */

#include "linkrig.h"
#include "stack/base/bytes.h"
#include "stack/base/slice.h"
#include "stack/link/edit.h"
#include "stack/link/gso.h"
#include "stack/wire/tcp_hdr.h"
#include "tests/unit/suites.h"

static const struct {
	const char *name;
	struct rig_pkt a;
} segments[] = {
	{ "out", { .dir = IMPAIR_OUT, .data_len = 61, .nslices = 1 } },
	{ "out, odd slices",
	  { .dir = IMPAIR_OUT, .data_len = 61, .nslices = 9, .tcp_opts = 12 } },
	{ "out, 6",
	  { .dir = IMPAIR_OUT,
	    .v6 = true,
	    .data_len = 60,
	    .nslices = 2,
	    .tcp_opts = 12 } },
	{ "out, full sum",
	  { .dir = IMPAIR_OUT,
	    .data_len = 61,
	    .nslices = 3,
	    .csum = RIG_FULL } },
	{ "out, no payload", { .dir = IMPAIR_OUT, .tcp_opts = 12 } },
	{ "in", { .dir = IMPAIR_IN, .data_len = 61, .tcp_opts = 12 } },
	{ "in, 6", { .dir = IMPAIR_IN, .v6 = true, .data_len = 61 } },
	{ "in, verified",
	  { .dir = IMPAIR_IN, .data_len = 61, .csum = RIG_VERIFIED } },
	{ "in, options",
	  { .dir = IMPAIR_IN, .ip_opts = 8, .data_len = 61, .padding = 3 } },
	{ "in, extension",
	  { .dir = IMPAIR_IN,
	    .v6 = true,
	    .ip_opts = 8,
	    .data_len = 61,
	    .padding = 3 } },
	{ "in, no payload", { .dir = IMPAIR_IN } },
	{ "UDP", { .dir = IMPAIR_IN, .proto = 17, .data_len = 33 } },
	{ "UDP, 6",
	  { .dir = IMPAIR_IN, .v6 = true, .proto = 17, .data_len = 33 } },
	{ "ICMP",
	  { .dir = IMPAIR_OUT, .proto = 1, .data_len = 33, .csum = RIG_FULL } },
	{ "ICMPv6",
	  { .dir = IMPAIR_IN, .v6 = true, .proto = 58, .data_len = 33 } },
};

/* A kept segment, and all that is needed to look at it. */
struct bench {
	struct rig r;
	struct ustack_pkt *orig; /* stands for the send queue's references */
	struct ustack_pkt *p;
	struct link_view v;
};

static void bench_open(struct bench *b, const struct rig_pkt *a)
{
	rig_init(&b->r);
	b->orig = rig_make(&b->r, a);
	b->p = gso_keep(&b->r.host, a->dir, b->orig);
	view_parse(&b->v, a->dir, b->p);
}

static void bench_close(struct bench *b)
{
	rig_free(&b->r, b->p);
	rig_free(&b->r, b->orig);
	rig_fini(&b->r);
}

static const char *receive(const struct ustack_pkt *p)
{
	uint8_t *flat = rig_flat(p);
	const char *wrong = rig_receive(flat, p->len);

	if (p->flags & (USTACK_PKT_CSUM_PARTIAL | USTACK_PKT_CSUM_OK))
		wrong = "still has metadata";
	free(flat);
	return wrong;
}

START_TEST(finished_packets_need_no_offload)
{
	struct bench b;

	bench_open(&b, &segments[_i].a);
	ck_assert_int_eq(edit_finish(&b.r.host, b.p, &b.v), 0);
	ck_assert_msg(!receive(b.p), "%s: %s", segments[_i].name, receive(b.p));
	EXPECT_EQ(b.p->gso_size, 0);
	bench_close(&b);
}
END_TEST

/* RFC 768: a sum of zero is sent as all ones. */
START_TEST(sum_of_udp_is_never_zero)
{
	const struct rig_pkt a = { .dir = IMPAIR_IN,
				   .proto = 17,
				   .data_len = 2 };
	struct bench b;
	uint8_t *data;
	uint16_t sum;

	bench_open(&b, &a);
	/* Payload that brings the sum of all else to 0xffff. */
	data = b.p->slice[0].buf->data + b.p->slice[0].off + 28;
	memset(data, 0, 2);
	ck_assert_int_eq(edit_finish(&b.r.host, b.p, &b.v), 0);
	memcpy(&sum, data - 2, 2);
	memcpy(data, &sum, 2);
	b.p->flags |= USTACK_PKT_CSUM_PARTIAL;
	ck_assert_int_eq(edit_finish(&b.r.host, b.p, &b.v), 0);
	EXPECT_EQ(be16_load(data - 2), 0xffff);
	bench_close(&b);
}
END_TEST

/* A sum that the sender got wrong is not mended on the way. */
START_TEST(wrong_sum_stays_wrong)
{
	const struct rig_pkt a = { .dir = IMPAIR_IN,
				   .data_len = 10,
				   .csum = RIG_FULL };
	struct bench b;

	bench_open(&b, &a);
	b.p->slice[0].buf->data[b.p->slice[0].off + 36] ^= 4;
	ck_assert_int_eq(edit_finish(&b.r.host, b.p, &b.v), 0);
	ck_assert_str_eq(receive(b.p), "checksum of transport");
	bench_close(&b);
}
END_TEST

/* Bits in which two packets of equal length differ; @where: the last byte. */
static uint32_t differ(const uint8_t *a, const uint8_t *b, uint32_t len,
		       uint32_t *where)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < len; i++) {
		if (a[i] == b[i])
			continue;
		bits += (uint32_t)__builtin_popcount(a[i] ^ b[i]);
		*where = i;
	}
	return bits;
}

/* Where part @part of the segment is, by what the test asked for. */
static uint32_t part_len(const struct rig_pkt *a, uint8_t part, uint32_t *off)
{
	uint32_t ip = (a->v6 ? 40 : 20) + a->ip_opts;
	uint32_t hdr = a->proto ? 8 : 20 + a->tcp_opts;

	*off = ip;
	if (a->proto == 17)
		return hdr + a->data_len;
	if (part == IMPAIR_PART_CHECKSUM) {
		*off += a->proto ? 2 : 16;
		return 2;
	}
	if (part == IMPAIR_PART_HEADER || a->data_len == 0)
		return hdr;
	*off += hdr;
	return a->data_len;
}

static void flip_one(const struct rig_pkt *a, uint8_t part, uint64_t draw)
{
	struct edit_flip f = { .part = part, .draw = draw };
	uint32_t where = 0;
	uint8_t *before;
	uint8_t *after;
	uint8_t *orig;
	struct bench b;
	uint32_t off;
	uint32_t len = part_len(a, part, &off);

	bench_open(&b, a);
	orig = rig_flat(b.orig);
	ck_assert_int_eq(edit_finish(&b.r.host, b.p, &b.v), 0);
	before = rig_flat(b.p);
	ck_assert_int_eq(edit_flip(&b.r.host, b.p, &b.v, &f), 0);
	after = rig_flat(b.p);
	EXPECT_EQ(differ(before, after, b.p->len, &where), 1);
	EXPECT_EQ(where, f.off);
	EXPECT_EQ(before[where] ^ after[where], f.mask);
	EXPECT_EQ(where - off, draw / 8 % len);
	EXPECT(receive(b.p));
	free(after);
	after = rig_flat(b.orig); /* what the sender holds is untouched */
	EXPECT_MEM_EQ(orig, after, b.orig->len);
	free(after);
	free(before);
	free(orig);
	bench_close(&b);
}

/* RFC 1071: no single bit escapes; every bit of every part. */
START_TEST(every_flipped_bit_is_caught)
{
	const struct rig_pkt *a = &segments[_i].a;

	for (uint8_t part = 0; part <= IMPAIR_PART_CHECKSUM; part++) {
		uint32_t off;
		uint32_t bits = part_len(a, part, &off) * 8;

		for (uint32_t bit = 0; bit < bits; bit++)
			flip_one(a, part, bit);
		flip_one(a, part, UINT64_MAX / bits * bits + bits - 1);
	}
}
END_TEST

/* One bit of payload and the sum are others: what checks sums is content. */
static void tamper_one(const struct rig_pkt *a, uint64_t draw)
{
	uint32_t sum_at;
	uint32_t where = 0;
	uint8_t *before;
	uint8_t *after;
	struct bench b;
	uint32_t off;
	uint32_t len = part_len(a, IMPAIR_PART_PAYLOAD, &off);

	(void)part_len(a, IMPAIR_PART_CHECKSUM, &sum_at);
	bench_open(&b, a);
	before = rig_flat(b.orig);
	ck_assert_int_eq(edit_tamper(&b.r.host, b.p, &b.v, draw), 0);
	ck_assert_ptr_null(receive(b.p));
	after = rig_flat(b.p);
	memcpy(after + sum_at, before + sum_at, 2);
	EXPECT_EQ(differ(before, after, b.p->len, &where), 1);
	EXPECT_EQ(where - off, draw / 8 % len);
	free(after);
	free(before);
	bench_close(&b);
}

/* RFC 1624: whatever bit of the payload, TCP takes the segment. */
START_TEST(what_is_tampered_with_is_not_caught)
{
	const struct rig_pkt *a = &segments[_i].a;
	struct bench b;

	if (a->proto == 0 && a->data_len) {
		for (uint32_t bit = 0; bit < a->data_len * 8; bit++)
			tamper_one(a, bit);
		return;
	}
	bench_open(&b, a);
	ck_assert_int_eq(edit_tamper(&b.r.host, b.p, &b.v, 0), -ERR_NOENT);
	bench_close(&b);
}
END_TEST

/* The same without finishing first: flipping does it. */
START_TEST(flipping_finishes_offload)
{
	const struct rig_pkt a = { .dir = IMPAIR_OUT,
				   .data_len = 100,
				   .nslices = 3 };
	struct edit_flip f = { .part = IMPAIR_PART_PAYLOAD, .draw = 777 };
	struct bench b;

	bench_open(&b, &a);
	ck_assert_int_eq(edit_flip(&b.r.host, b.p, &b.v, &f), 0);
	ck_assert_str_eq(receive(b.p), "checksum of transport");
	bench_close(&b);
}
END_TEST

/* Only the slice that changes is copied, and that one just once. */
START_TEST(shared_payload_is_copied_before_it_changes)
{
	const struct rig_pkt a = { .dir = IMPAIR_OUT,
				   .data_len = 300,
				   .nslices = 3 };
	struct edit_flip f = { .part = IMPAIR_PART_PAYLOAD, .draw = 150 * 8 };
	struct bench b;
	struct ubuf *own;

	bench_open(&b, &a);
	ck_assert_int_eq(edit_flip(&b.r.host, b.p, &b.v, &f), 0);
	EXPECT(b.p->slice[0].buf == b.orig->slice[0].buf);
	EXPECT(b.p->slice[1].buf != b.orig->slice[1].buf);
	EXPECT(b.p->slice[2].buf == b.orig->slice[2].buf);
	EXPECT_EQ(b.orig->slice[1].buf->refs, 1);
	own = b.p->slice[1].buf;
	ck_assert_int_eq(edit_flip(&b.r.host, b.p, &b.v, &f), 0);
	EXPECT(b.p->slice[1].buf == own);
	ck_assert_ptr_null(receive(b.p)); /* twice is not at all */
	bench_close(&b);
}
END_TEST

/* A duplicate shares its bytes with the first copy, on the way in too. */
START_TEST(duplicate_is_not_damaged_with_its_twin)
{
	const struct rig_pkt a = { .dir = IMPAIR_IN, .data_len = 300 };
	struct edit_flip f = { .part = IMPAIR_PART_PAYLOAD, .draw = 99 };
	struct ustack_pkt *twin;
	struct bench b;

	bench_open(&b, &a);
	twin = b.r.host.pkt_keep(b.r.host.ctx, b.p);
	ck_assert_int_eq(edit_flip(&b.r.host, b.p, &b.v, &f), 0);
	EXPECT_EQ(twin->slice[0].buf->refs, 1);
	ck_assert_int_eq(edit_finish(&b.r.host, twin, &b.v), 0);
	ck_assert_ptr_null(receive(twin));
	rig_free(&b.r, twin);
	bench_close(&b);
}
END_TEST

START_TEST(truncated_packets_are_short_of_their_header)
{
	const struct rig_pkt *a = &segments[_i].a;

	for (uint32_t left = 0; left <= a->data_len + 1; left++) {
		struct bench b;
		uint32_t off;
		uint8_t *before;
		uint8_t *after;
		int want = left < a->data_len ? 0 : -ERR_NOENT;

		if (a->proto == 17)
			break; /* payload is all behind IP */
		part_len(a, IMPAIR_PART_PAYLOAD, &off);
		bench_open(&b, a);
		ck_assert_int_eq(edit_finish(&b.r.host, b.p, &b.v), 0);
		before = rig_flat(b.p);
		ck_assert_int_eq(edit_truncate(&b.r.host, b.p, &b.v, left),
				 want);
		after = rig_flat(b.p);
		EXPECT_MEM_EQ(before, after, b.p->len);
		if (want == 0) {
			EXPECT_EQ(b.p->len, off + left);
			ck_assert_str_eq(receive(b.p), "truncated");
		}
		free(before);
		free(after);
		bench_close(&b);
	}
}
END_TEST

START_TEST(truncating_returns_buffers)
{
	const struct rig_pkt a = { .dir = IMPAIR_OUT,
				   .data_len = 300,
				   .nslices = 3 };
	struct bench b;

	bench_open(&b, &a);
	ck_assert_int_eq(edit_truncate(&b.r.host, b.p, &b.v, 100), 0);
	EXPECT_EQ(b.p->nslices, 2); /* the first has a byte less */
	EXPECT_EQ(b.orig->slice[1].buf->refs, 2);
	EXPECT_EQ(b.orig->slice[2].buf->refs, 1);
	ck_assert_int_eq(edit_truncate(&b.r.host, b.p, &b.v, 0), 0);
	EXPECT_EQ(b.p->nslices, 0);
	bench_close(&b);
}
END_TEST

/* RFC 3168 section 5: 01 and 10 are capable, 00 is not, 11 is CE already. */
START_TEST(only_capable_packets_are_marked)
{
	for (int i = 0; i < 16; i++) {
		struct rig_pkt a = { .data_len = 20,
				     .csum = RIG_FULL,
				     .dir = i & 4 ? IMPAIR_IN : IMPAIR_OUT,
				     .v6 = (i & 8) != 0,
				     .tos = (uint8_t)(0xb8 | (i & 3)) };
		bool capable = (i & 3) == 1 || (i & 3) == 2;
		struct ustack_pkt *twin;
		struct bench b;

		bench_open(&b, &a);
		twin = b.r.host.pkt_keep(b.r.host.ctx, b.p);
		ck_assert_int_eq(edit_mark_ce(&b.r.host, b.p, &b.v),
				 capable ? 0 : -ERR_NOENT);
		EXPECT_EQ(b.v.ecn, capable ? 3 : i & 3);
		view_parse(&b.v, a.dir, b.p);
		EXPECT_EQ(b.v.kind, LINK_TCP); /* with a valid IP checksum */
		EXPECT_EQ(b.v.ecn, capable ? 3 : i & 3);
		ck_assert_ptr_null(receive(b.p));
		view_parse(&b.v, a.dir, twin);
		EXPECT_EQ(b.v.ecn, i & 3);
		rig_free(&b.r, twin);
		bench_close(&b);
	}
}
END_TEST

/* A mark costs no more than two bits and the IPv4 header's sum. */
START_TEST(marking_changes_nothing_else)
{
	const struct rig_pkt a = { .dir = IMPAIR_IN,
				   .v6 = true,
				   .tos = 0xba,
				   .data_len = 20 };
	uint32_t where = 0;
	uint8_t *before;
	uint8_t *after;
	struct bench b;

	bench_open(&b, &a);
	before = rig_flat(b.p);
	ck_assert_int_eq(edit_mark_ce(&b.r.host, b.p, &b.v), 0);
	after = rig_flat(b.p);
	EXPECT_EQ(differ(before, after, b.p->len, &where), 1);
	EXPECT_EQ(where, 1);
	EXPECT_EQ(be32_load(after) >> 20 & 0xff, 0xbb);
	free(before);
	free(after);
	bench_close(&b);
}
END_TEST

/* No memory: nothing has changed, and the caller is told. */
START_TEST(without_memory_nothing_changes)
{
	const struct rig_pkt a = { .dir = IMPAIR_OUT,
				   .data_len = 50,
				   .nslices = 1,
				   .csum = RIG_FULL,
				   .tos = 2 };
	const struct rig_pkt in = { .dir = IMPAIR_IN,
				    .data_len = 50,
				    .tos = 2 };
	struct edit_flip f = { .part = IMPAIR_PART_PAYLOAD };
	struct ustack_pkt *twin;
	struct bench b;

	bench_open(&b, &a);
	b.r.refuse = true;
	ck_assert_int_eq(edit_flip(&b.r.host, b.p, &b.v, &f), -ERR_NOMEM);
	ck_assert_ptr_null(receive(b.p));
	bench_close(&b);

	bench_open(&b, &in);
	twin = b.r.host.pkt_keep(b.r.host.ctx, b.p);
	b.r.refuse = true;
	ck_assert_int_eq(edit_finish(&b.r.host, b.p, &b.v), -ERR_NOMEM);
	ck_assert_int_eq(edit_flip(&b.r.host, b.p, &b.v, &f), -ERR_NOMEM);
	ck_assert_int_eq(edit_truncate(&b.r.host, b.p, &b.v, 1), -ERR_NOMEM);
	ck_assert_int_eq(edit_tamper(&b.r.host, b.p, &b.v, 1), -ERR_NOMEM);
	ck_assert_int_eq(edit_mark_ce(&b.r.host, b.p, &b.v), -ERR_NOMEM);
	EXPECT_EQ(b.v.ecn, 2);
	EXPECT_EQ(b.p->flags, USTACK_PKT_CSUM_PARTIAL);
	EXPECT(b.p->slice[0].buf == twin->slice[0].buf);
	b.r.refuse = false;
	ck_assert_int_eq(edit_finish(&b.r.host, b.p, &b.v), 0);
	ck_assert_ptr_null(receive(b.p));
	rig_free(&b.r, twin);
	bench_close(&b);
}
END_TEST

/* Nothing is known of it, so nothing in it is moved. */
START_TEST(malformed_packets_are_left_alone)
{
	const uint8_t bytes[] = { 0x45, 0, 0, 99, 1, 2, 3, 4, 5, 6 };
	struct edit_flip f = { .part = IMPAIR_PART_PAYLOAD };
	struct ustack_pkt *p;
	struct link_view v;
	struct rig r;

	rig_init(&r);
	p = rig_wrap(&r, bytes, sizeof(bytes));
	view_parse(&v, IMPAIR_IN, p);
	ck_assert_int_eq(edit_finish(&r.host, p, &v), 0);
	ck_assert_int_eq(edit_flip(&r.host, p, &v, &f), -ERR_NOENT);
	ck_assert_int_eq(edit_truncate(&r.host, p, &v, 0), -ERR_NOENT);
	ck_assert_int_eq(edit_tamper(&r.host, p, &v, 0), -ERR_NOENT);
	ck_assert_int_eq(edit_mark_ce(&r.host, p, &v), -ERR_NOENT);
	EXPECT_MEM_EQ(slice_data(p->slice), bytes, sizeof(bytes));
	rig_free(&r, p);
	rig_fini(&r);
}
END_TEST

Suite *suite_link_edit(void)
{
	Suite *s = suite_create("link/edit");
	TCase *tc = tcase_create("edit");

	tcase_add_loop_test(tc, finished_packets_need_no_offload, 0,
			    ARRAY_LEN(segments));
	tcase_add_test(tc, sum_of_udp_is_never_zero);
	tcase_add_test(tc, wrong_sum_stays_wrong);
	tcase_add_loop_test(tc, every_flipped_bit_is_caught, 0,
			    ARRAY_LEN(segments));
	tcase_add_loop_test(tc, what_is_tampered_with_is_not_caught, 0,
			    ARRAY_LEN(segments));
	tcase_add_test(tc, flipping_finishes_offload);
	tcase_add_test(tc, shared_payload_is_copied_before_it_changes);
	tcase_add_test(tc, duplicate_is_not_damaged_with_its_twin);
	tcase_add_loop_test(tc, truncated_packets_are_short_of_their_header, 0,
			    ARRAY_LEN(segments));
	tcase_add_test(tc, truncating_returns_buffers);
	tcase_add_test(tc, only_capable_packets_are_marked);
	tcase_add_test(tc, marking_changes_nothing_else);
	tcase_add_test(tc, without_memory_nothing_changes);
	tcase_add_test(tc, malformed_packets_are_left_alone);
	suite_add_tcase(s, tc);
	return s;
}

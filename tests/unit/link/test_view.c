/* SPDX-License-Identifier: MIT */
/*
 * test_view.c - what impairment sees of a packet, good or bad
 */

#include "linkrig.h"
#include "stack/base/bytes.h"
#include "stack/base/rng.h"
#include "stack/base/slice.h"
#include "stack/link/view.h"
#include "stack/wire/tcp_hdr.h"
#include "tests/unit/suites.h"

static const struct {
	const char *name;
	struct rig_pkt a;
	uint8_t kind;
	uint32_t hdrs; /* bytes before the payload */
	uint8_t hdr_len;
} good[] = {
	{ "out",
	  { .dir = IMPAIR_OUT, .data_len = 100, .nslices = 3 },
	  LINK_TCP,
	  40,
	  20 },
	{ "in", { .dir = IMPAIR_IN, .data_len = 100 }, LINK_TCP, 40, 20 },
	{ "out, 6",
	  { .dir = IMPAIR_OUT, .v6 = true, .tcp_opts = 12 },
	  LINK_TCP,
	  72,
	  32 },
	{ "in, 6",
	  { .dir = IMPAIR_IN, .v6 = true, .data_len = 1 },
	  LINK_TCP,
	  60,
	  20 },
	{ "all options",
	  { .dir = IMPAIR_IN, .ip_opts = 40, .tcp_opts = 40, .data_len = 5 },
	  LINK_TCP,
	  120,
	  60 },
	{ "extensions",
	  { .dir = IMPAIR_IN, .v6 = true, .ip_opts = 64, .data_len = 5 },
	  LINK_TCP,
	  124,
	  20 },
	{ "extensions out",
	  { .dir = IMPAIR_OUT, .v6 = true, .ip_opts = 16, .data_len = 5 },
	  LINK_TCP,
	  76,
	  20 },
	{ "padding",
	  { .dir = IMPAIR_IN, .data_len = 1, .padding = 5 },
	  LINK_TCP,
	  40,
	  20 },
	{ "padding, 6",
	  { .dir = IMPAIR_IN, .v6 = true, .padding = 5 },
	  LINK_TCP,
	  60,
	  20 },
	{ "super",
	  { .dir = IMPAIR_OUT, .data_len = 60000, .gso_size = 1460 },
	  LINK_TCP,
	  40,
	  20 },
	{ "ICMP",
	  { .dir = IMPAIR_OUT, .proto = 1, .data_len = 56 },
	  LINK_ICMP,
	  28,
	  8 },
	{ "ICMPv6",
	  { .dir = IMPAIR_IN, .v6 = true, .proto = 58, .data_len = 56 },
	  LINK_ICMP,
	  48,
	  8 },
	{ "UDP",
	  { .dir = IMPAIR_IN, .proto = 17, .data_len = 92 },
	  LINK_OTHER,
	  20,
	  0 },
	{ "ICMPv6 on IPv4",
	  { .dir = IMPAIR_IN, .proto = 58, .data_len = 92 },
	  LINK_OTHER,
	  20,
	  0 },
	{ "ICMP on IPv6",
	  { .dir = IMPAIR_IN, .v6 = true, .proto = 1 },
	  LINK_OTHER,
	  40,
	  0 },
};

static void check_addrs(const struct link_view *v, bool v6)
{
	const uint8_t stack4[4] = { 10, 7, 0, 2 };
	const uint8_t host4[4] = { 10, 7, 0, 1 };
	uint8_t want[12] = { [10] = 0xff, [11] = 0xff };

	if (v6) {
		EXPECT_EQ(v->local.b[0], 0xfd);
		EXPECT_EQ(v->local.b[15], 2);
		EXPECT_EQ(v->remote.b[15], 1);
		return;
	}
	EXPECT_MEM_EQ(v->local.b, want, 12);
	EXPECT_MEM_EQ(v->local.b + 12, stack4, 4);
	EXPECT_MEM_EQ(v->remote.b, want, 12);
	EXPECT_MEM_EQ(v->remote.b + 12, host4, 4);
}

static void check_tcp(const struct link_view *v)
{
	EXPECT_EQ(v->lport, RIG_LPORT);
	EXPECT_EQ(v->rport, RIG_RPORT);
	EXPECT_EQ(v->seq, RIG_SEQ);
	EXPECT_EQ(v->ack, RIG_ACK);
	EXPECT_EQ(v->wnd, RIG_WND);
	EXPECT_EQ(v->flags, TCP_ACK | TCP_CWR);
}

/* The local end is the stack's whichever way the packet goes. */
START_TEST(good_packets_are_seen_from_the_stack)
{
	struct rig_pkt a = good[_i].a;
	struct ustack_pkt *p;
	struct link_view v;
	struct rig r;

	a.flags = TCP_ACK | TCP_CWR;
	a.tos = 0xb9;
	rig_init(&r);
	p = rig_make(&r, &a);
	view_parse(&v, a.dir, p);
	ck_assert_msg(v.kind == good[_i].kind, "%s: kind %u", good[_i].name,
		      v.kind);
	EXPECT_EQ(v.dir, a.dir);
	EXPECT_EQ(v.version, a.v6 ? 6 : 4);
	EXPECT_EQ(v.ecn, 1);
	EXPECT_EQ(v.proto, a.proto ? a.proto : 6);
	EXPECT_EQ(v.hdr_len, good[_i].hdr_len);
	EXPECT_EQ(v.data_off, good[_i].hdrs);
	EXPECT_EQ(v.l4_off, v.data_off - v.hdr_len);
	EXPECT_EQ(v.ip_len, p->len - a.padding);
	EXPECT_EQ(v.data_len, v.ip_len - v.data_off);
	check_addrs(&v, a.v6);
	if (v.kind == LINK_TCP)
		check_tcp(&v);
	rig_free(&r, p);
	rig_fini(&r);
}
END_TEST

/* What holds of every view, whatever the bytes were. */
static void check_bounds(const struct link_view *v, const struct ustack_pkt *p)
{
	EXPECT_LE(v->ip_len, p->len);
	EXPECT_LE(v->l4_off + v->hdr_len, v->ip_len);
	if (v->l4_off) {
		EXPECT_NE(v->version, 0);
		EXPECT_EQ(v->data_off, v->l4_off + v->hdr_len);
		EXPECT_EQ(v->data_off + v->data_len, v->ip_len);
	} else {
		EXPECT_EQ(v->kind, LINK_MALFORMED);
		EXPECT_EQ(v->data_len, 0);
		EXPECT_EQ(v->ecn, 0);
	}
}

static void expect_kind(const uint8_t *bytes, uint32_t len, uint8_t kind)
{
	struct ustack_pkt *p;
	struct link_view v;
	struct rig r;

	rig_init(&r);
	p = rig_wrap(&r, bytes, len);
	view_parse(&v, IMPAIR_IN, p);
	check_bounds(&v, p);
	ck_assert_msg(v.kind == kind, "kind %u with %u bytes", v.kind, len);
	rig_free(&r, p);
	rig_fini(&r);
}

/* A length in the header that is longer than the packet is a lie. */
START_TEST(truncated_packets_are_malformed)
{
	const struct rig_pkt *a = &good[_i].a;
	struct ustack_pkt *p;
	uint8_t *flat;
	struct rig r;

	if (a->dir == IMPAIR_OUT)
		return;
	rig_init(&r);
	p = rig_make(&r, a);
	flat = rig_flat(p);
	for (uint32_t len = 0; len < p->len - a->padding; len++)
		expect_kind(flat, len, LINK_MALFORMED);
	rig_free(&r, p);
	rig_fini(&r);
	free(flat);
}
END_TEST

/* On the way out only the headers follow each other. */
START_TEST(headers_that_are_cut_short_out_are_malformed)
{
	const struct rig_pkt *a = &good[_i].a;
	struct ustack_pkt *p;
	struct link_view v;
	uint16_t hdrs;
	struct rig r;

	if (a->dir == IMPAIR_IN || a->data_len == 0)
		return;
	rig_init(&r);
	p = rig_make(&r, a);
	hdrs = p->head_len;
	for (p->head_len = 1; p->head_len < hdrs; p->head_len++) {
		view_parse(&v, a->dir, p);
		EXPECT_NE(v.kind, LINK_TCP);
	}
	rig_free(&r, p);
	rig_fini(&r);
}
END_TEST

/* A byte of an otherwise good packet, IPv4 checksum made right again. */
static const struct {
	const char *name;
	bool v6;
	uint8_t at;
	uint8_t value;
	uint8_t kind;
} bytes_changed[] = {
	{ "nothing", false, 0, 0x45, LINK_TCP },
	{ "version 5", false, 0, 0x55, LINK_MALFORMED },
	{ "version 6 on IPv4", false, 0, 0x65, LINK_MALFORMED },
	{ "header of 16 bytes", false, 0, 0x44, LINK_MALFORMED },
	{ "total length too long", false, 3, 141, LINK_MALFORMED },
	{ "total length within the header", false, 3, 19, LINK_MALFORMED },
	{ "total length within TCP", false, 3, 39, LINK_MALFORMED },
	{ "total length shorter", false, 3, 41, LINK_TCP },
	{ "more fragments", false, 6, 0x20, LINK_FRAGMENT },
	{ "fragment offset", false, 7, 1, LINK_FRAGMENT },
	{ "data offset 4", false, 32, 0x40, LINK_MALFORMED },
	{ "data offset 15", false, 32, 0xf0, LINK_TCP },
	{ "no next header", true, 6, 59, LINK_OTHER },
	{ "next header is fragment", true, 6, 44, LINK_FRAGMENT },
	{ "payload length too long", true, 5, 121, LINK_MALFORMED },
	{ "payload length within TCP", true, 5, 19, LINK_MALFORMED },
	{ "payload length of zero", true, 5, 0, LINK_MALFORMED },
	{ "data offset 4, 6", true, 52, 0x40, LINK_MALFORMED },
};

static void fix_ip_sum(uint8_t *p)
{
	uint32_t sum = 0;

	be16_store(p + 10, 0);
	for (uint32_t i = 0; i < 20; i += 2)
		sum += be16_load(p + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	be16_store(p + 10, (uint16_t)~sum);
}

START_TEST(each_lie_is_seen)
{
	const struct rig_pkt a = { .dir = IMPAIR_IN,
				   .data_len = 100,
				   .v6 = bytes_changed[_i].v6 };
	struct ustack_pkt *p;
	uint8_t *flat;
	struct rig r;

	rig_init(&r);
	p = rig_make(&r, &a);
	flat = rig_flat(p);
	flat[bytes_changed[_i].at] = bytes_changed[_i].value;
	if (!a.v6)
		fix_ip_sum(flat);
	expect_kind(flat, p->len, bytes_changed[_i].kind);
	free(flat);
	rig_free(&r, p);
	rig_fini(&r);
}
END_TEST

START_TEST(wrong_sum_of_ip_is_malformed_but_has_addresses)
{
	const struct rig_pkt a = { .dir = IMPAIR_IN, .data_len = 100 };
	struct ustack_pkt *p;
	struct link_view v;
	struct rig r;

	rig_init(&r);
	p = rig_make(&r, &a);
	p->slice[0].buf->data[p->slice[0].off + 10] ^= 1;
	view_parse(&v, IMPAIR_IN, p);
	EXPECT_EQ(v.kind, LINK_MALFORMED);
	EXPECT_EQ(v.version, 4);
	check_addrs(&v, false);
	rig_free(&r, p);
	rig_fini(&r);
}
END_TEST

/* Headers that are there, but behind the packet's own end. */
START_TEST(length_out_is_held_against_the_headers)
{
	const struct rig_pkt a = { .dir = IMPAIR_OUT,
				   .v6 = true,
				   .ip_opts = 16,
				   .data_len = 100 };
	struct ustack_pkt *p;
	struct link_view v;
	struct rig r;

	rig_init(&r);
	p = rig_make(&r, &a);
	for (uint16_t len = 0; len < 16 + 20; len++) {
		be16_store(p->head + 4, len);
		view_parse(&v, a.dir, p);
		check_bounds(&v, p);
		EXPECT_EQ(v.kind, LINK_MALFORMED);
	}
	rig_free(&r, p);
	rig_fini(&r);
}
END_TEST

/* Bytes that look like IP for long enough to get at the parsers. */
static void random_bytes(struct rng *rnd, uint8_t *p, uint32_t len)
{
	static const uint8_t protos[] = { 6, 6, 1, 58, 17, 0, 43, 44, 60 };

	for (uint32_t i = 0; i < len; i++)
		p[i] = (uint8_t)rng_u64(rnd);
	if (rng_below(rnd, 8) == 0 || len < 40)
		return;
	if (rng_below(rnd, 2)) {
		p[0] = 0x45;
		be16_store(p + 2, (uint16_t)(len - rng_below(rnd, 3)));
		p[6] &= 0x40;
		p[7] = 0;
		p[9] = protos[rng_below(rnd, sizeof(protos))];
		fix_ip_sum(p);
	} else {
		p[0] = 0x60;
		be16_store(p + 4, (uint16_t)(len - 40 - rng_below(rnd, 3)));
		p[6] = protos[rng_below(rnd, sizeof(protos))];
		for (uint32_t i = 40; i + 8 < len && i < 72; i += 8) {
			p[i] = protos[rng_below(rnd, sizeof(protos))];
			p[i + 1] &= 1;
		}
	}
}

/* In, and out with the headers cut anywhere; the sanitizers watch. */
START_TEST(random_bytes_never_lead_out_of_bounds)
{
	uint32_t seen[LINK_MALFORMED + 1] = { 0 };
	uint8_t bytes[200];
	struct rng rnd;
	struct rig r;

	rng_init(&rnd, test_seed());
	rig_init(&r);
	for (int i = 0; i < 50000; i++) {
		uint32_t len = rng_below(&rnd, sizeof(bytes));
		struct ustack_pkt *p;
		struct link_view v;

		random_bytes(&rnd, bytes, len);
		p = rig_wrap(&r, bytes, len);
		if (i & 1) {
			uint32_t head = min_u32(rng_below(&rnd, 121), len);

			memcpy(p->head, bytes, head);
			p->head_len = (uint16_t)head;
			p->slice[0].off += head;
			p->slice[0].len -= head;
		}
		view_parse(&v, i & 1 ? IMPAIR_OUT : IMPAIR_IN, p);
		check_bounds(&v, p);
		seen[v.kind]++;
		rig_free(&r, p);
	}
	for (uint32_t k = 0; k < ARRAY_LEN(seen); k++)
		ck_assert_msg(seen[k] > 0, "kind %u never came", k);
	rig_fini(&r);
}
END_TEST

Suite *suite_link_view(void)
{
	Suite *s = suite_create("link/view");
	TCase *tc = tcase_create("view");

	tcase_add_loop_test(tc, good_packets_are_seen_from_the_stack, 0,
			    ARRAY_LEN(good));
	tcase_add_loop_test(tc, truncated_packets_are_malformed, 0,
			    ARRAY_LEN(good));
	tcase_add_loop_test(tc, headers_that_are_cut_short_out_are_malformed, 0,
			    ARRAY_LEN(good));
	tcase_add_loop_test(tc, each_lie_is_seen, 0, ARRAY_LEN(bytes_changed));
	tcase_add_test(tc, wrong_sum_of_ip_is_malformed_but_has_addresses);
	tcase_add_test(tc, length_out_is_held_against_the_headers);
	tcase_add_test(tc, random_bytes_never_lead_out_of_bounds);
	suite_add_tcase(s, tc);
	return s;
}

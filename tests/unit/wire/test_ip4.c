/* SPDX-License-Identifier: MIT */
/*
 * test_ip4.c - IPv4 header
 *
 * Method: take a good header, change what a case names, make the checksum
 * right again, and look at the verdict.
 */

#include "exact.h"
#include "stack/base/bytes.h"
#include "stack/wire/csum.h"
#include "stack/wire/ip4.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define PAYLOAD 40u

static void set_csum(uint8_t *p, uint32_t hdr_len)
{
	uint16_t csum;

	memset(p + 10, 0, 2);
	csum = csum_finish(csum_add(0, p, hdr_len));
	memcpy(p + 10, &csum, 2);
}

/* A header with @opt_len bytes of options and PAYLOAD bytes behind it. */
static uint32_t make(uint8_t *p, const void *opts, uint32_t opt_len)
{
	uint32_t hdr_len = IP4_HDR_MIN + opt_len;
	struct ip4_hdr h = {
		.src = { 10, 7, 0, 1 },
		.dst = { 10, 7, 0, 2 },
		.total_len = hdr_len + PAYLOAD,
		.ttl = 64,
		.proto = 6,
	};

	memset(p, 0, hdr_len + PAYLOAD);
	ip4_build(p, &h);
	p[0] = (uint8_t)(0x40 | hdr_len / 4);
	if (opt_len)
		memcpy(p + IP4_HDR_MIN, opts, opt_len);
	set_csum(p, hdr_len);
	return hdr_len + PAYLOAD;
}

static enum ip4_verdict parse(struct ip4_hdr *h, const uint8_t *p, uint32_t len)
{
	uint8_t *copy = exact_copy(p, len);
	enum ip4_verdict verdict = ip4_parse(h, copy, len);

	free(copy);
	return verdict;
}

/* RFC 791, and the example header of RFC 1071's many retellings. */
START_TEST(header_is_laid_out_as_in_rfc_791)
{
	const uint8_t want[] = {
		0x45, 0x00, 0x00, 0x73, 0x12, 0x34, 0x40, 0x00, 0x40, 0x11,
		0xa6, 0x2d, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7,
	};
	const struct ip4_hdr h = {
		.src = { 192, 168, 0, 1 },
		.dst = { 192, 168, 0, 199 },
		.total_len = 0x73,
		.id = 0x1234,
		.df = true,
		.ttl = 64,
		.proto = 17,
	};
	uint8_t p[IP4_HDR_MIN];

	memset(p, 0xff, sizeof(p));
	ip4_build(p, &h);
	EXPECT_MEM_EQ(p, want, sizeof(p));
}
END_TEST

START_TEST(what_was_built_is_parsed)
{
	uint8_t *p = calloc(1, 70000);
	struct rng r;

	rng_init(&r, test_seed());
	for (int i = 0; i < 2000; i++) {
		struct ip4_hdr h = { .hdr_len = IP4_HDR_MIN };
		struct ip4_hdr got;

		for (int k = 0; k < 4; k++) {
			h.src[k] = (uint8_t)rng_u64(&r);
			h.dst[k] = (uint8_t)rng_u64(&r);
		}
		h.total_len = 20 + rng_below(&r, 69980);
		h.id = (uint16_t)rng_u64(&r);
		h.frag_off = (uint16_t)(rng_below(&r, 8192) * 8);
		h.df = rng_below(&r, 2);
		h.mf = rng_below(&r, 2);
		h.tos = (uint8_t)rng_u64(&r);
		h.ttl = (uint8_t)rng_u64(&r);
		h.proto = (uint8_t)rng_u64(&r);
		ip4_build(p, &h);
		ck_assert_int_eq(ip4_parse(&got, p, h.total_len), IP4_OK);
		EXPECT_MEM_EQ(got.src, h.src, 4);
		EXPECT_MEM_EQ(got.dst, h.dst, 4);
		EXPECT_EQ(got.hdr_len, 20);
		EXPECT_EQ(got.total_len, h.total_len);
		EXPECT_EQ(got.id, h.id);
		EXPECT_EQ(got.frag_off, h.frag_off);
		ck_assert_int_eq(got.df, h.df);
		ck_assert_int_eq(got.mf, h.mf);
		EXPECT_EQ(got.tos, h.tos);
		EXPECT_EQ(got.ttl, h.ttl);
		EXPECT_EQ(got.proto, h.proto);
	}
	free(p);
}
END_TEST

/* clang-format off */
static const struct {
	const char *name;
	uint32_t off;		/* byte that is changed ... */
	uint8_t value;		/* ... to this */
	uint32_t len;		/* bytes received, of 60 */
	enum ip4_verdict want;
} bad_cases[] = {
	{ "unchanged",			0, 0x45, 60, IP4_OK },
	{ "trailing bytes (1122-3)",	3, 50,	 60, IP4_OK },
	{ "header only",		3, 20,	 60, IP4_OK },
	{ "version 6 (1122-1)",		0, 0x65, 60, IP4_BAD_VERSION },
	{ "version 0",			0, 0x05, 60, IP4_BAD_VERSION },
	{ "header of 16 (1122-3)",	0, 0x44, 60, IP4_BAD_HDR_LEN },
	{ "header of 0",		0, 0x40, 60, IP4_BAD_HDR_LEN },
	{ "header beyond the packet",	0, 0x4f, 59, IP4_TRUNCATED },
	{ "total below header",		3, 19,	 60, IP4_BAD_HDR_LEN },
	{ "total zero",			3, 0,	 60, IP4_BAD_HDR_LEN },
	{ "total beyond the packet",	3, 61,	 60, IP4_BAD_TOTAL_LEN },
	{ "total far beyond",		2, 0xff, 60, IP4_BAD_TOTAL_LEN },
	{ "cut by one",			0, 0x45, 59, IP4_BAD_TOTAL_LEN },
	{ "cut in the header",		0, 0x45, 19, IP4_TRUNCATED },
	{ "nothing at all",		0, 0x45, 0,  IP4_TRUNCATED },
};
/* clang-format on */

START_TEST(bad_header_is_refused)
{
	uint8_t p[64] = { 0 };
	struct ip4_hdr h;
	uint32_t hdr_len;

	make(p, NULL, 0);
	p[bad_cases[_i].off] = bad_cases[_i].value;
	hdr_len = (p[0] & 15u) * 4;
	set_csum(p, hdr_len > 60 ? 60 : hdr_len);
	ck_assert_msg(parse(&h, p, bad_cases[_i].len) == bad_cases[_i].want,
		      "%s", bad_cases[_i].name);
}
END_TEST

/* (1122-2): any flipped bit of the header is noticed. */
START_TEST(bad_checksum_is_refused)
{
	uint8_t p[64];
	struct ip4_hdr h;
	uint32_t len = make(p, NULL, 0);

	for (uint32_t bit = 8; bit < IP4_HDR_MIN * 8; bit++) {
		if (bit / 8 == 2 || bit / 8 == 3)
			continue; /* total length is seen before */
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(parse(&h, p, len), IP4_BAD_CSUM);
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ck_assert_int_eq(parse(&h, p, len), IP4_OK);
}
END_TEST

/* clang-format off */
static const struct {
	const char *name;
	uint8_t opts[8];
	enum ip4_verdict want;
} option_cases[] = {
	{ "no-operations",	{ 1, 1, 1, 1, 1, 1, 1, 1 },    IP4_OK },
	{ "end, then garbage",	{ 0, 7, 0, 99, 9, 9, 9, 9 },   IP4_OK },
	{ "unknown (1122-8)",	{ 99, 6, 1, 2, 3, 4, 1, 0 },   IP4_OK },
	{ "fills the header",	{ 99, 8, 1, 2, 3, 4, 5, 6 },   IP4_OK },
	{ "length 0",		{ 99, 0, 0, 0, 0, 0, 0, 0 },   IP4_BAD_OPTION },
	{ "length 1",		{ 99, 1, 0, 0, 0, 0, 0, 0 },   IP4_BAD_OPTION },
	{ "one too long",	{ 99, 9, 0, 0, 0, 0, 0, 0 },   IP4_BAD_OPTION },
	{ "no length byte",	{ 1, 1, 1, 1, 1, 1, 1, 99 },   IP4_BAD_OPTION },
	{ "second too long",	{ 99, 4, 0, 0, 99, 5, 0, 0 },  IP4_BAD_OPTION },
};
/* clang-format on */

START_TEST(options_are_walked_in_bounds)
{
	uint8_t p[80];
	struct ip4_hdr h;
	uint32_t len = make(p, option_cases[_i].opts, 8);

	ck_assert_msg(parse(&h, p, len) == option_cases[_i].want, "%s",
		      option_cases[_i].name);
	if (option_cases[_i].want == IP4_OK)
		EXPECT_EQ(h.hdr_len, 28);
}
END_TEST

/* A super-packet beyond 64 KB has a total length of 0. */
START_TEST(zero_total_length_stands_for_a_super_packet)
{
	uint8_t *p = calloc(1, 65536);
	struct ip4_hdr h;

	make(p, NULL, 0);
	be16_store(p + 2, 0);
	set_csum(p, IP4_HDR_MIN);
	ck_assert_int_eq(ip4_parse(&h, p, 65536), IP4_OK);
	EXPECT_EQ(h.total_len, 65536);
	ck_assert_int_eq(ip4_parse(&h, p, 65535), IP4_BAD_HDR_LEN);
	free(p);
}
END_TEST

/* What passes must be consistent; what does not must not read outside. */
START_TEST(random_bytes_are_survived)
{
	struct rng r;
	uint32_t passed = 0;

	rng_init(&r, test_seed());
	for (int i = 0; i < 100000; i++) {
		uint32_t len = rng_below(&r, 90);
		uint8_t *p = exact_random(&r, len);
		struct ip4_hdr h;

		if (len >= IP4_HDR_MAX) {
			p[0] = (uint8_t)(0x40 | (p[0] & 15));
			be16_store(p + 2, (uint16_t)rng_below(&r, 100));
			set_csum(p, (p[0] & 15u) * 4);
		}
		if (ip4_parse(&h, p, len) == IP4_OK) {
			passed++;
			EXPECT_GE(h.hdr_len, IP4_HDR_MIN);
			EXPECT_LE(h.hdr_len, h.total_len);
			EXPECT_LE(h.total_len, len);
			EXPECT_EQ(h.frag_off % 8, 0);
		}
		free(p);
	}
	EXPECT_GT(passed, 500);
}
END_TEST

Suite *suite_wire_ip4(void)
{
	Suite *s = suite_create("wire/ip4");
	TCase *tc = tcase_create("header");

	tcase_add_test(tc, header_is_laid_out_as_in_rfc_791);
	tcase_add_test(tc, what_was_built_is_parsed);
	tcase_add_loop_test(tc, bad_header_is_refused, 0,
			    sizeof(bad_cases) / sizeof(bad_cases[0]));
	tcase_add_test(tc, bad_checksum_is_refused);
	tcase_add_loop_test(tc, options_are_walked_in_bounds, 0,
			    sizeof(option_cases) / sizeof(option_cases[0]));
	tcase_add_test(tc, zero_total_length_stands_for_a_super_packet);
	tcase_add_test(tc, random_bytes_are_survived);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_ip6.c - IPv6 header and extension headers
 *
 * Method: put the bytes of a case behind a good fixed header, with the first
 * next header value it names, and look at verdict, protocol and offset.
 */

#include "exact.h"
#include "stack/base/bytes.h"
#include "stack/wire/ip6.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define HOPOPT	0
#define TCP	6
#define ROUTING 43
#define FRAG	44
#define NONE	59
#define DSTOPT	60

static enum ip6_verdict parse(struct ip6_hdr *h, const uint8_t *p, uint32_t len)
{
	uint8_t *copy = exact_copy(p, len);
	enum ip6_verdict verdict = ip6_parse(h, copy, len);

	free(copy);
	return verdict;
}

static uint32_t make(uint8_t *p, uint8_t next, const void *payload,
		     uint32_t len)
{
	const struct ip6_hdr h = {
		.src = { 0xfd, 7, [15] = 1 },
		.dst = { 0xfd, 7, [15] = 2 },
		.payload_len = len,
		.proto = next,
		.hop_limit = 64,
	};

	ip6_build(p, &h);
	memcpy(p + IP6_HDR_LEN, payload, len);
	return IP6_HDR_LEN + len;
}

/* RFC 8200 section 3. */
START_TEST(header_is_laid_out_as_in_rfc_8200)
{
	const uint8_t want[IP6_HDR_LEN] = {
		0x6a, 0xbc, 0xde, 0xf1, 0x12, 0x34, 6, 64, 0xfd, 7,
		0,    0,    0,	  0,	0,    0,    0, 0,  0,	 0,
		0,    0,    0,	  1,	0xfd, 7,    0, 0,  0,	 0,
		0,    0,    0,	  0,	0,    0,    0, 0,  0,	 2,
	};
	const struct ip6_hdr h = {
		.src = { 0xfd, 7, [15] = 1 },
		.dst = { 0xfd, 7, [15] = 2 },
		.payload_len = 0x1234,
		.proto = 6,
		.tclass = 0xab,
		.hop_limit = 64,
		.flow_label = 0xcdef1,
	};
	uint8_t p[IP6_HDR_LEN];

	ip6_build(p, &h);
	EXPECT_MEM_EQ(p, want, sizeof(p));
}
END_TEST

START_TEST(what_was_built_is_parsed)
{
	uint8_t *p = calloc(1, 80000);
	struct rng r;

	rng_init(&r, test_seed());
	for (int i = 0; i < 2000; i++) {
		struct ip6_hdr h = { .proto = TCP };
		struct ip6_hdr got;
		uint32_t len;

		for (int k = 0; k < 16; k++) {
			h.src[k] = (uint8_t)rng_u64(&r);
			h.dst[k] = (uint8_t)rng_u64(&r);
		}
		h.payload_len = rng_below(&r, 75000);
		h.tclass = (uint8_t)rng_u64(&r);
		h.hop_limit = (uint8_t)rng_u64(&r);
		h.flow_label = rng_below(&r, 1u << 20);
		len = IP6_HDR_LEN + h.payload_len;
		ip6_build(p, &h);
		ck_assert_int_eq(ip6_parse(&got, p, len), IP6_OK);
		EXPECT_MEM_EQ(got.src, h.src, 16);
		EXPECT_MEM_EQ(got.dst, h.dst, 16);
		EXPECT_EQ(got.payload_len, h.payload_len);
		EXPECT_EQ(got.l4_off, IP6_HDR_LEN);
		EXPECT_EQ(got.proto, TCP);
		EXPECT(!got.frag);
		EXPECT_EQ(got.tclass, h.tclass);
		EXPECT_EQ(got.hop_limit, h.hop_limit);
		EXPECT_EQ(got.flow_label, h.flow_label);
	}
	free(p);
}
END_TEST

/* clang-format off */
static const struct {
	const char *name;
	uint8_t version;
	uint16_t payload_len;
	uint32_t len;		/* bytes received */
	enum ip6_verdict want;
} fixed_cases[] = {
	{ "exact",			6, 24, 64, IP6_OK },
	{ "surplus (8504-3)",		6, 20, 64, IP6_OK },
	{ "no payload",			6, 0,  40, IP6_OK },
	{ "one too long (8504-3)",	6, 25, 64, IP6_BAD_LEN },
	{ "far too long",		6, 65535, 64, IP6_BAD_LEN },
	{ "version 4 (1122-1)",		4, 24, 64, IP6_BAD_VERSION },
	{ "version 7",			7, 24, 64, IP6_BAD_VERSION },
	{ "cut in the header",		6, 0,  39, IP6_TRUNCATED },
	{ "nothing at all",		6, 0,  0,  IP6_TRUNCATED },
};
/* clang-format on */

START_TEST(fixed_header_is_checked)
{
	uint8_t p[64] = { 0 };
	struct ip6_hdr h;

	p[0] = (uint8_t)(fixed_cases[_i].version << 4);
	p[6] = TCP;
	be16_store(p + 4, fixed_cases[_i].payload_len);
	ck_assert_msg(parse(&h, p, fixed_cases[_i].len) == fixed_cases[_i].want,
		      "%s", fixed_cases[_i].name);
}
END_TEST

START_TEST(zero_payload_length_stands_for_a_super_packet)
{
	uint8_t *p = calloc(1, 65576);
	struct ip6_hdr h;

	make(p, TCP, "", 0);
	ck_assert_int_eq(ip6_parse(&h, p, 65576), IP6_OK);
	EXPECT_EQ(h.payload_len, 65536);
	ck_assert_int_eq(ip6_parse(&h, p, 65575), IP6_OK);
	EXPECT_EQ(h.payload_len, 0);
	free(p);
}
END_TEST

/* @off: of the upper layer for IP6_OK, otherwise of the offending byte. */
/* clang-format off */
static const struct {
	const char *name;
	uint8_t next;
	uint8_t payload[32];
	uint32_t len;
	enum ip6_verdict want;
	uint8_t proto;
	uint32_t off;
} ext_cases[] = {
	{ "no next header", NONE, { 0 }, 0, IP6_OK, NONE, 40 },
	{ "unknown value", 200, { 0 }, 8, IP6_OK, 200, 40 },
	{ "hop-by-hop of PADN", HOPOPT,
	  { TCP, 0, 1, 4 }, 28, IP6_OK, TCP, 48 },
	{ "six PAD1", DSTOPT, { TCP, 0 }, 28, IP6_OK, TCP, 48 },
	{ "hop-by-hop of 16", HOPOPT,
	  { TCP, 1, 1, 12 }, 28, IP6_OK, TCP, 56 },
	{ "hop-by-hop, dest., dest.", HOPOPT,
	  { DSTOPT, 0, 1, 4, 0, 0, 0, 0, DSTOPT, 0, 1, 4, 0, 0, 0, 0, TCP },
	  32, IP6_OK, TCP, 64 },
	{ "dest. before hop-by-hop (8200-4)", DSTOPT,
	  { HOPOPT, 0, 1, 4, 0, 0, 0, 0, TCP, 0, 1, 4 }, 32,
	  IP6_HOPOPT_NOT_FIRST, 0, 40 },
	{ "extension cut", DSTOPT, { TCP, 0 }, 7, IP6_BAD_EXT, 0, 40 },
	{ "extension missing", HOPOPT, { 0 }, 0, IP6_BAD_EXT, 0, 40 },
	{ "extension too long", DSTOPT, { TCP, 4 }, 32, IP6_BAD_EXT, 0, 40 },
	{ "extension just fits", DSTOPT,
	  { TCP, 3, 1, 28 }, 32, IP6_OK, TCP, 72 },
	{ "second extension cut", HOPOPT,
	  { DSTOPT, 0, 1, 4, 0, 0, 0, 0, TCP, 1 }, 16, IP6_BAD_EXT, 0, 48 },
	{ "option too long", DSTOPT,
	  { TCP, 0, 1, 5 }, 32, IP6_BAD_EXT, 0, 42 },
	{ "option without length", DSTOPT,
	  { TCP, 0, 1, 3, 0, 0, 0, 1 }, 32, IP6_BAD_EXT, 0, 47 },
	{ "unknown option, skip (8200-5)", DSTOPT,
	  { TCP, 0, 0x3e, 4 }, 28, IP6_OK, TCP, 48 },
	{ "unknown option, drop (8200-5)", HOPOPT,
	  { TCP, 0, 0x7e, 4 }, 28, IP6_BAD_OPTION, 0, 42 },
	{ "unknown option, report (8200-5)", DSTOPT,
	  { TCP, 0, 0, 0xbe, 3 }, 28, IP6_OPTION_REPORT, 0, 43 },
	{ "unknown option, report unicast (8200-5)", HOPOPT,
	  { TCP, 0, 1, 1, 0, 0xfe, 1 }, 28, IP6_OPTION_REPORT_UNICAST, 0, 45 },
	{ "routing, none left (8200-7)", ROUTING,
	  { TCP, 0, 0, 0 }, 28, IP6_OK, TCP, 48 },
	{ "routing, some left (8200-7)", ROUTING,
	  { TCP, 0, 0, 1 }, 28, IP6_ROUTING, 0, 42 },
	{ "fragment", FRAG, { TCP, 0, 0, 1 }, 28, IP6_OK, FRAG, 40 },
	{ "fragment behind dest.", DSTOPT,
	  { FRAG, 0, 1, 4, 0, 0, 0, 0, TCP, 0, 0, 8 }, 16, IP6_OK, FRAG, 48 },
	{ "fragment header cut", FRAG, { TCP }, 7, IP6_BAD_EXT, 0, 40 },
	{ "atomic fragment (6946-1)", FRAG,
	  { TCP, 99, 0, 6, 1, 2, 3, 4 }, 28, IP6_OK, TCP, 48 },
	{ "dest. behind an atomic fragment", FRAG,
	  { DSTOPT, 0, 0, 0, 1, 2, 3, 4, TCP, 0, 1, 4 }, 32, IP6_OK, TCP, 56 },
	{ "fragment behind an atomic one", FRAG,
	  { FRAG, 0, 0, 0, 1, 2, 3, 4, TCP, 0, 0, 1 }, 32, IP6_BAD_EXT, 0, 48 },
};
/* clang-format on */

START_TEST(extension_headers_are_walked)
{
	uint8_t p[72];
	struct ip6_hdr h;
	uint32_t len = make(p, ext_cases[_i].next, ext_cases[_i].payload,
			    ext_cases[_i].len);
	enum ip6_verdict verdict = parse(&h, p, len);

	ck_assert_msg(verdict == ext_cases[_i].want, "%s: verdict %d",
		      ext_cases[_i].name, (int)verdict);
	EXPECT_EQ(h.dst[15], 2);
	if (verdict != IP6_OK) {
		ck_assert_msg(h.bad_off == ext_cases[_i].off, "%s: byte %u",
			      ext_cases[_i].name, h.bad_off);
		return;
	}
	ck_assert_msg(h.l4_off == ext_cases[_i].off, "%s: offset %u",
		      ext_cases[_i].name, h.l4_off);
	EXPECT_EQ(h.proto, ext_cases[_i].proto);
	ck_assert_int_eq(h.frag, ext_cases[_i].proto == FRAG);
	EXPECT_EQ(p[h.bad_off], h.proto);
	EXPECT(h.bad_off == 6 || h.bad_off < h.l4_off);
}
END_TEST

/* Surplus bytes are no part of the packet: a header may not reach into them. */
START_TEST(extension_beyond_the_payload_is_refused)
{
	const uint8_t ext[16] = { TCP, 1, 1, 12 };
	uint8_t p[56];
	struct ip6_hdr h;

	make(p, DSTOPT, ext, 16);
	ck_assert_int_eq(parse(&h, p, 56), IP6_OK);
	be16_store(p + 4, 15);
	ck_assert_int_eq(parse(&h, p, 56), IP6_BAD_EXT);
}
END_TEST

START_TEST(number_of_extension_headers_is_bounded)
{
	uint8_t payload[8 * (IP6_EXT_MAX + 1)];
	uint8_t p[IP6_HDR_LEN + sizeof(payload)];
	struct ip6_hdr h;

	for (uint32_t n = 1; n <= IP6_EXT_MAX + 1; n++) {
		bool fits = n <= IP6_EXT_MAX;

		memset(payload, 0, sizeof(payload));
		for (uint32_t i = 0; i < n; i++)
			payload[8 * i] = i + 1 < n ? DSTOPT : TCP;
		make(p, DSTOPT, payload, 8 * n);
		ck_assert_int_eq(parse(&h, p, IP6_HDR_LEN + 8 * n),
				 fits ? IP6_OK : IP6_TOO_MANY_EXT);
		if (fits)
			EXPECT_EQ(h.l4_off, IP6_HDR_LEN + 8 * n);
	}
}
END_TEST

/* Random chains, biased towards values that lead on. */
START_TEST(random_bytes_are_survived)
{
	static const uint8_t nexts[] = { HOPOPT, ROUTING, FRAG, DSTOPT, TCP };
	uint32_t passed = 0;
	struct rng r;

	rng_init(&r, test_seed());
	for (int i = 0; i < 100000; i++) {
		uint32_t len = rng_below(&r, 200);
		uint8_t *p = exact_random(&r, len);
		struct ip6_hdr h;

		if (len >= IP6_HDR_LEN) {
			p[0] = (uint8_t)(0x60 | (p[0] & 15));
			be16_store(p + 4, (uint16_t)rng_below(&r, len - 38));
			p[6] = nexts[rng_below(&r, 5)];
		}
		for (uint32_t k = IP6_HDR_LEN; k + 4 <= len; k += 8) {
			p[k] = nexts[rng_below(&r, 5)];
			p[k + 1] = (uint8_t)rng_below(&r, 3);
			p[k + 2] = (uint8_t)rng_below(&r, 3);
			p[k + 3] = (uint8_t)rng_below(&r, 8);
		}
		if (ip6_parse(&h, p, len) == IP6_OK) {
			passed++;
			EXPECT_LE(h.payload_len, len - IP6_HDR_LEN);
			EXPECT_GE(h.l4_off, IP6_HDR_LEN);
			EXPECT_LE(h.l4_off + (h.frag ? 8 : 0),
				  IP6_HDR_LEN + h.payload_len);
			EXPECT_EQ(p[h.bad_off], h.proto);
		}
		free(p);
	}
	EXPECT_GT(passed, 500);
}
END_TEST

Suite *suite_wire_ip6(void)
{
	Suite *s = suite_create("wire/ip6");
	TCase *tc = tcase_create("header");
	TCase *ext = tcase_create("extension headers");

	tcase_add_test(tc, header_is_laid_out_as_in_rfc_8200);
	tcase_add_test(tc, what_was_built_is_parsed);
	tcase_add_loop_test(tc, fixed_header_is_checked, 0,
			    sizeof(fixed_cases) / sizeof(fixed_cases[0]));
	tcase_add_test(tc, zero_payload_length_stands_for_a_super_packet);
	suite_add_tcase(s, tc);
	tcase_add_loop_test(ext, extension_headers_are_walked, 0,
			    sizeof(ext_cases) / sizeof(ext_cases[0]));
	tcase_add_test(ext, extension_beyond_the_payload_is_refused);
	tcase_add_test(ext, number_of_extension_headers_is_bounded);
	tcase_add_test(ext, random_bytes_are_survived);
	suite_add_tcase(s, ext);
	return s;
}

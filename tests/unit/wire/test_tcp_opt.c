/* SPDX-License-Identifier: MIT */
/*
 * test_tcp_opt.c - TCP options
 */

#include "exact.h"
#include "stack/wire/tcp_opt.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define MSS TCP_OPT_HAS_MSS
#define WS  TCP_OPT_HAS_WSCALE
#define TS  TCP_OPT_HAS_TS
#define SOK TCP_OPT_HAS_SACK_OK
#define SAK TCP_OPT_HAS_SACK
#define UTO TCP_OPT_HAS_UTO

/* Values that all good options of the cases below carry. */
#define B_MSS 2, 4, 0x05, 0xb4
#define B_WS  3, 3, 7
#define B_TS  8, 10, 1, 2, 3, 4, 5, 6, 7, 8
#define B_SOK 4, 2
#define B_UTO 28, 4, 0x81, 0x02
#define B_B1  0, 0, 1, 0, 0, 0, 1, 9
#define B_B2  0, 0, 2, 0, 0, 0, 2, 9
#define B_B3  0, 0, 3, 0, 0, 0, 3, 9
#define B_B4  0, 0, 4, 0, 0, 0, 4, 9

/* clang-format off */
static const struct {
	const char *name;
	uint8_t bytes[40];
	uint32_t len;
	bool well_formed;
	uint8_t has;
} parse_cases[] = {
	{ "none",			{ 0 }, 0, true, 0 },
	{ "usual layout",		{ 1, 1, B_TS }, 12, true, TS },
	{ "timestamps first",		{ B_TS, 0, 0 }, 12, true, TS },
	{ "timestamps, unpadded",	{ B_TS }, 10, true, TS },
	{ "all of a SYN",		{ B_MSS, 1, 1, B_TS, 1, B_WS }, 20,
	  true, MSS | TS | WS },
	{ "as Linux sends",		{ B_MSS, 4, 2, B_TS, 1, B_WS }, 20,
	  true, MSS | TS | WS | SOK },
	{ "SACK-permitted, padded",	{ 1, 1, B_SOK }, 4, true, SOK },
	{ "SACK-permitted of 3 bytes",	{ 4, 3, 0, B_WS }, 6, true, WS },
	{ "SACK-permitted cut",		{ B_WS, 4 }, 4, false, WS },
	{ "one block",			{ 1, 1, 5, 10, B_B1 }, 12, true, SAK },
	{ "a block at an odd offset",	{ 1, 5, 10, B_B1, 0 }, 12, true, SAK },
	{ "three, timestamps",		{ 1, 1, B_TS, 1, 1, 5, 26, B_B1, B_B2, B_B3 },
	  40, true, TS | SAK },
	{ "three before timestamps",	{ 5, 26, B_B1, B_B2, B_B3, B_TS, 1, 1 }, 38,
	  true, TS | SAK },
	{ "four blocks",		{ 1, 1, 5, 34, B_B1, B_B2, B_B3, B_B4 }, 36,
	  true, SAK },
	{ "no block",			{ 5, 2, B_WS }, 5, true, WS },
	{ "half a block",		{ 5, 6, 0, 0, 1, 0, B_WS }, 9, true, WS },
	{ "a block and a byte",		{ 5, 11, B_B1, 0, B_WS }, 14, true, WS },
	{ "a block cut",		{ B_WS, 5, 10, 0, 0, 1, 0, 0, 0, 1 }, 12,
	  false, WS },
	{ "user timeout",		{ B_UTO }, 4, true, UTO },
	{ "user timeout, odd offset",	{ 1, B_UTO, B_WS }, 8, true, UTO | WS },
	{ "user timeout of 3 bytes",	{ 28, 3, 1, B_WS }, 6, true, WS },
	{ "user timeout of 5 bytes",	{ 28, 5, 1, 1, 1, B_WS }, 8, true, WS },
	{ "user timeout cut",		{ B_WS, 28, 4, 1 }, 6, false, WS },
	{ "behind the end",		{ B_MSS, 0, B_WS, 1 }, 8, true, MSS },
	{ "unknown kind (MUST-6)",	{ 200, 6, 0, 0, 0, 0, B_MSS, 1, 1 },
	  12, true, MSS },
	{ "unknown kind of two bytes",	{ 200, 2, B_WS }, 5, true, WS },
	{ "length 0 (MUST-7)",		{ B_MSS, 200, 0, B_WS, 0 }, 10,
	  false, MSS },
	{ "length 1 (MUST-7)",		{ B_MSS, 200, 1, B_WS, 0 }, 10,
	  false, MSS },
	{ "beyond the header (MUST-7)", { B_MSS, 200, 5, 0, 0 }, 8,
	  false, MSS },
	{ "up to the header's end",	{ B_MSS, 200, 4, 0, 0 }, 8, true, MSS },
	{ "no length byte",		{ B_MSS, 1, 1, 1, 200 }, 8, false, MSS },
	{ "known kind, length 0",	{ B_WS, 2, 0 }, 5, false, WS },
	{ "MSS cut",			{ 2, 4, 5 }, 3, false, 0 },
	{ "timestamps cut",		{ 1, 1, B_TS }, 11, false, 0 },
	{ "MSS too long",		{ 2, 5, 5, 0xb4, 0, B_WS }, 8, true, WS },
	{ "MSS too short",		{ 2, 3, 5, B_WS }, 6, true, WS },
	{ "window scale too long",	{ 3, 4, 7, 7, B_MSS }, 8, true, MSS },
	{ "window scale too short",	{ 3, 2, B_MSS }, 6, true, MSS },
	{ "timestamps too short",	{ 8, 9, 0, 0, 0, 0, 0, 0, 0, B_WS },
	  12, true, WS },
	{ "usual start, wrong length",	{ 1, 1, 8, 6, 0, 0, 0, 0, B_MSS }, 12,
	  true, MSS },
};
/* clang-format on */

START_TEST(options_are_parsed)
{
	const char *name = parse_cases[_i].name;
	uint32_t len = parse_cases[_i].len;
	uint8_t *p = exact_copy(parse_cases[_i].bytes, len);
	struct tcp_opts o;

	memset(&o, 0xee, sizeof(o));
	ck_assert_msg(tcp_opt_parse(&o, p, len) == parse_cases[_i].well_formed,
		      "%s: well formed?", name);
	ck_assert_msg(o.has == parse_cases[_i].has, "%s: has %x", name, o.has);
	if (o.has & MSS)
		EXPECT_EQ(o.mss, 1460);
	if (o.has & WS)
		EXPECT_EQ(o.wscale, 7);
	if (o.has & UTO)
		EXPECT_EQ(o.uto, 0x8102);
	if (o.has & TS) {
		EXPECT_EQ(o.tsval, 0x01020304);
		EXPECT_EQ(o.tsecr, 0x05060708);
	}
	for (uint32_t i = 0; o.has & SAK && i < o.nsack; i++) {
		EXPECT_EQ(o.sack[i].start, (i + 1) << 8);
		EXPECT_EQ(o.sack[i].end, ((i + 1) << 8) + 9);
	}
	free(p);
}
END_TEST

/* RFC 7323 section 2.3 (7323-4). */
START_TEST(shift_is_cut_to_14)
{
	for (uint32_t shift = 0; shift < 256; shift++) {
		const uint8_t p[3] = { 3, 3, (uint8_t)shift };
		struct tcp_opts o;

		EXPECT(tcp_opt_parse(&o, p, 3));
		EXPECT_EQ(o.wscale, shift < 14 ? shift : 14);
	}
}
END_TEST

/* MUST-64: at any offset, in any number. */
START_TEST(blocks_are_counted)
{
	const uint8_t p[] = { 5, 34, B_B1, B_B2, B_B3, B_B4 };
	const uint8_t five[] = { 5, 42, B_B1, B_B2, B_B3, B_B4, B_B1 };

	for (uint32_t n = 1; n <= TCP_SACK_MAX; n++) {
		uint8_t opt[34];
		struct tcp_opts o;

		memcpy(opt, p, sizeof(p));
		opt[1] = (uint8_t)(2 + 8 * n);
		EXPECT(tcp_opt_parse(&o, opt, opt[1]));
		EXPECT_EQ(o.nsack, n);
	}
	for (uint32_t len = 40; len <= 42; len++) {
		struct tcp_opts o;

		/* More than a header can hold is no SACK. */
		tcp_opt_parse(&o, five, len);
		EXPECT_EQ(o.has, 0);
	}
}
END_TEST

/* clang-format off */
static const struct {
	uint8_t has;
	uint8_t bytes[40];
	uint32_t len;
} build_cases[] = {
	{ 0,		 { 0 }, 0 },
	{ MSS,		 { B_MSS }, 4 },
	{ WS,		 { 1, B_WS }, 4 },
	{ MSS | WS,	 { B_MSS, 1, B_WS }, 8 },
	{ TS,		 { 1, 1, B_TS }, 12 },
	{ MSS | TS,	 { B_MSS, 1, 1, B_TS }, 16 },
	{ MSS | TS | WS, { B_MSS, 1, 1, B_TS, 1, B_WS }, 20 },
	{ SOK,		 { 1, 1, B_SOK }, 4 },
	{ MSS | SOK,	 { B_MSS, 1, 1, B_SOK }, 8 },
	{ MSS | WS | SOK, { B_MSS, 1, 1, B_SOK, 1, B_WS }, 12 },
	{ MSS | TS | WS | SOK, { B_MSS, B_SOK, B_TS, 1, B_WS }, 20 },
	{ SAK,		 { 1, 1, 5, 34, B_B1, B_B2, B_B3, B_B4 }, 36 },
	{ TS | SAK,	 { 1, 1, B_TS, 1, 1, 5, 26, B_B1, B_B2, B_B3 }, 40 },
};
/* clang-format on */

START_TEST(options_are_laid_out_in_whole_words)
{
	const struct tcp_opts o = {
		.has = build_cases[_i].has,
		.wscale = 7,
		.mss = 1460,
		.tsval = 0x01020304,
		.tsecr = 0x05060708,
		.nsack = 4,
		.sack = { { 0x100, 0x109 },
			  { 0x200, 0x209 },
			  { 0x300, 0x309 },
			  { 0x400, 0x409 } },
	};
	uint8_t p[TCP_OPT_MAX];

	EXPECT_EQ(tcp_opt_build(p, &o), build_cases[_i].len);
	EXPECT_MEM_EQ(p, build_cases[_i].bytes, build_cases[_i].len);
}
END_TEST

/* Without the options of a SYN, the blocks that fit beside the timestamps. */
static void random_blocks(struct tcp_opts *o, struct rng *r)
{
	if (o->has & ~TS)
		return;
	o->nsack = (uint8_t)rng_below(r, o->has & TS ? 4 : 5);
	if (o->nsack > 0)
		o->has |= SAK;
	for (uint32_t i = 0; i < o->nsack; i++) {
		o->sack[i].start = (uint32_t)rng_u64(r);
		o->sack[i].end = (uint32_t)rng_u64(r);
	}
}

START_TEST(what_was_built_is_parsed)
{
	struct rng r;

	rng_init(&r, test_seed());
	for (int i = 0; i < 5000; i++) {
		struct tcp_opts o = {
			.has = (uint8_t)rng_below(&r, 16),
			.wscale = (uint8_t)rng_below(&r, 15),
			.mss = (uint16_t)rng_u64(&r),
			.tsval = (uint32_t)rng_u64(&r),
			.tsecr = (uint32_t)rng_u64(&r),
		};
		struct tcp_opts got;
		uint8_t p[TCP_OPT_MAX];
		uint8_t *copy;
		uint32_t len;

		random_blocks(&o, &r);
		len = tcp_opt_build(p, &o);
		copy = exact_copy(p, len);
		got = o;
		got.has = 0xff;
		EXPECT(tcp_opt_parse(&got, copy, len));
		EXPECT_MEM_EQ(&got, &o, sizeof(o));
		free(copy);
	}
}
END_TEST

/* Any order of pieces, any cut, any flipped byte: no read outside. */
START_TEST(random_bytes_are_survived)
{
	static const uint8_t kinds[] = { 0, 1, 2, 3, 4, 5, 8, 28, 200 };
	uint32_t stopped = 0;
	struct rng r;

	rng_init(&r, test_seed());
	for (int i = 0; i < 100000; i++) {
		uint32_t len = rng_below(&r, TCP_OPT_MAX + 1);
		uint8_t *p = exact_random(&r, len);
		struct tcp_opts o = { .nsack = 0 };

		for (uint32_t k = 0; k + 1 < len; k += 1 + p[k + 1]) {
			p[k] = kinds[rng_below(&r, 9)];
			p[k + 1] = (uint8_t)rng_below(&r, 12);
		}
		stopped += !tcp_opt_parse(&o, p, len);
		EXPECT_LE(o.has, MSS | WS | TS | SOK | SAK | UTO);
		EXPECT_LE(o.nsack, TCP_SACK_MAX);
		EXPECT_LE(o.wscale, TCP_WSCALE_MAX);
		free(p);
	}
	EXPECT_GT(stopped, 1000);
	EXPECT_LT(stopped, 99000);
}
END_TEST

Suite *suite_wire_tcp_opt(void)
{
	Suite *s = suite_create("wire/tcp_opt");
	TCase *tc = tcase_create("options");

	tcase_add_loop_test(tc, options_are_parsed, 0,
			    sizeof(parse_cases) / sizeof(parse_cases[0]));
	tcase_add_test(tc, shift_is_cut_to_14);
	tcase_add_test(tc, blocks_are_counted);
	tcase_add_loop_test(tc, options_are_laid_out_in_whole_words, 0,
			    sizeof(build_cases) / sizeof(build_cases[0]));
	tcase_add_test(tc, what_was_built_is_parsed);
	tcase_add_test(tc, random_bytes_are_survived);
	suite_add_tcase(s, tc);
	return s;
}

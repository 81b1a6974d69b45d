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

/* Values that all good options of the cases below carry. */
#define B_MSS 2, 4, 0x05, 0xb4
#define B_WS  3, 3, 7
#define B_TS  8, 10, 1, 2, 3, 4, 5, 6, 7, 8

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
	  true, MSS | TS | WS },
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
	if (o.has & TS) {
		EXPECT_EQ(o.tsval, 0x01020304);
		EXPECT_EQ(o.tsecr, 0x05060708);
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

/* clang-format off */
static const struct {
	uint8_t has;
	uint8_t bytes[20];
	uint32_t len;
} build_cases[] = {
	{ 0,		 { 0 }, 0 },
	{ MSS,		 { B_MSS }, 4 },
	{ WS,		 { 1, B_WS }, 4 },
	{ MSS | WS,	 { B_MSS, 1, B_WS }, 8 },
	{ TS,		 { 1, 1, B_TS }, 12 },
	{ MSS | TS,	 { B_MSS, 1, 1, B_TS }, 16 },
	{ MSS | TS | WS, { B_MSS, 1, 1, B_TS, 1, B_WS }, 20 },
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
	};
	uint8_t p[TCP_OPT_MAX];

	EXPECT_EQ(tcp_opt_build(p, &o), build_cases[_i].len);
	EXPECT_MEM_EQ(p, build_cases[_i].bytes, build_cases[_i].len);
}
END_TEST

START_TEST(what_was_built_is_parsed)
{
	struct rng r;

	rng_init(&r, test_seed());
	for (int i = 0; i < 5000; i++) {
		struct tcp_opts o = {
			.has = (uint8_t)rng_below(&r, 8),
			.wscale = (uint8_t)rng_below(&r, 15),
			.mss = (uint16_t)rng_u64(&r),
			.tsval = (uint32_t)rng_u64(&r),
			.tsecr = (uint32_t)rng_u64(&r),
		};
		struct tcp_opts got = o;
		uint8_t p[TCP_OPT_MAX];
		uint32_t len = tcp_opt_build(p, &o);
		uint8_t *copy = exact_copy(p, len);

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
	static const uint8_t kinds[] = { 0, 1, 2, 3, 4, 5, 8, 200 };
	uint32_t stopped = 0;
	struct rng r;

	rng_init(&r, test_seed());
	for (int i = 0; i < 100000; i++) {
		uint32_t len = rng_below(&r, TCP_OPT_MAX + 1);
		uint8_t *p = exact_random(&r, len);
		struct tcp_opts o = { .wscale = 0 };

		for (uint32_t k = 0; k + 1 < len; k += 1 + p[k + 1]) {
			p[k] = kinds[rng_below(&r, 8)];
			p[k + 1] = (uint8_t)rng_below(&r, 12);
		}
		stopped += !tcp_opt_parse(&o, p, len);
		EXPECT_LE(o.has, MSS | WS | TS);
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
	tcase_add_loop_test(tc, options_are_laid_out_in_whole_words, 0,
			    sizeof(build_cases) / sizeof(build_cases[0]));
	tcase_add_test(tc, what_was_built_is_parsed);
	tcase_add_test(tc, random_bytes_are_survived);
	suite_add_tcase(s, tc);
	return s;
}

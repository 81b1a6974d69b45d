/* SPDX-License-Identifier: MIT */
/*
 * test_icmp.c - ICMP header
 */

#include "exact.h"
#include "stack/wire/icmp.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

/* RFC 792, echo: id 0x1234, sequence 0x5678. */
START_TEST(header_is_laid_out_as_in_rfc_792)
{
	const uint8_t want[ICMP_HDR_LEN] = {
		8, 1, 0, 0, 0x12, 0x34, 0x56, 0x78
	};
	const struct icmp_hdr h = { ICMP4_ECHO, 1, 0x12345678 };
	const uint16_t csum = 0xbbaa; /* bytes aa bb */
	uint8_t p[ICMP_HDR_LEN];

	memset(p, 0xff, sizeof(p));
	icmp_build(p, &h);
	EXPECT_MEM_EQ(p, want, sizeof(p));
	icmp_set_csum(p, csum);
	EXPECT_EQ(p[2], 0xaa);
	EXPECT_EQ(p[3], 0xbb);
}
END_TEST

START_TEST(what_was_built_is_parsed)
{
	struct rng r;

	rng_init(&r, test_seed());
	for (int i = 0; i < 1000; i++) {
		uint8_t *p = exact_random(&r, ICMP_HDR_LEN);
		uint8_t again[ICMP_HDR_LEN];
		struct icmp_hdr h;

		memset(p + 2, 0, 2);
		ck_assert_int_eq(icmp_parse(&h, p, ICMP_HDR_LEN), 0);
		icmp_build(again, &h);
		EXPECT_MEM_EQ(again, p, ICMP_HDR_LEN);
		free(p);
	}
}
END_TEST

START_TEST(truncated_header_is_refused)
{
	for (uint32_t len = 0; len < ICMP_HDR_LEN; len++) {
		uint8_t *p = exact_copy("\x08\0\0\0\0\0\0", len);
		struct icmp_hdr h;

		ck_assert_int_eq(icmp_parse(&h, p, len), -1);
		free(p);
	}
}
END_TEST

Suite *suite_wire_icmp(void)
{
	Suite *s = suite_create("wire/icmp");
	TCase *tc = tcase_create("header");

	tcase_add_test(tc, header_is_laid_out_as_in_rfc_792);
	tcase_add_test(tc, what_was_built_is_parsed);
	tcase_add_test(tc, truncated_header_is_refused);
	suite_add_tcase(s, tc);
	return s;
}

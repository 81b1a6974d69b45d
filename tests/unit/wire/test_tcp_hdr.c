/* SPDX-License-Identifier: MIT */
/*
 * test_tcp_hdr.c - TCP header
 */

#include "exact.h"
#include "stack/wire/tcp_hdr.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

/* RFC 9293 section 3.1. */
START_TEST(header_is_laid_out_as_in_rfc_9293)
{
	const uint8_t want[TCP_HDR_MIN] = {
		0x12, 0x34, 0x56, 0x78, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
		0x07, 0x08, 0x80, 0x12, 0xab, 0xcd, 0x00, 0x00, 0xef, 0x01,
	};
	const struct tcp_hdr h = {
		.seq = 0x01020304,
		.ack = 0x05060708,
		.sport = 0x1234,
		.dport = 0x5678,
		.wnd = 0xabcd,
		.urg = 0xef01,
		.hdr_len = 32,
		.flags = TCP_SYN | TCP_ACK,
	};
	uint8_t p[TCP_HDR_MIN];

	memset(p, 0xff, sizeof(p));
	tcp_hdr_build(p, &h);
	EXPECT_MEM_EQ(p, want, sizeof(p));
}
END_TEST

/* The four reserved bits and the checksum are not in the struct. */
START_TEST(what_was_parsed_is_built)
{
	struct rng r;

	rng_init(&r, test_seed());
	for (int i = 0; i < 5000; i++) {
		uint8_t *p = exact_random(&r, TCP_HDR_MAX);
		uint8_t again[TCP_HDR_MIN];
		struct tcp_hdr h;

		p[12] = (uint8_t)((5 + rng_below(&r, 11)) << 4);
		memset(p + TCP_CSUM_OFF, 0, 2);
		ck_assert_int_eq(tcp_hdr_parse(&h, p, TCP_HDR_MAX), 0);
		tcp_hdr_build(again, &h);
		EXPECT_MEM_EQ(again, p, TCP_HDR_MIN);
		free(p);
	}
}
END_TEST

START_TEST(reserved_bits_are_ignored)
{
	uint8_t p[TCP_HDR_MIN] = { [12] = 0x5f, [13] = 0xff };
	struct tcp_hdr h;

	ck_assert_int_eq(tcp_hdr_parse(&h, p, sizeof(p)), 0);
	EXPECT_EQ(h.hdr_len, 20);
	EXPECT_EQ(h.flags, 0xff);
}
END_TEST

/* (9293-a35), every data offset against every length. */
START_TEST(bad_lengths_are_refused)
{
	for (uint32_t len = 0; len <= TCP_HDR_MAX + 4; len++) {
		uint8_t *p = calloc(1, len);

		for (uint32_t words = 0; words < 16; words++) {
			int want = 0;
			struct tcp_hdr h;

			if (words < 5 || words * 4 > len)
				want = -2;
			if (len < TCP_HDR_MIN)
				want = -1;
			else
				p[12] = (uint8_t)(words << 4);
			ck_assert_int_eq(tcp_hdr_parse(&h, p, len), want);
			if (!want)
				EXPECT_EQ(h.hdr_len, words * 4);
		}
		free(p);
	}
}
END_TEST

Suite *suite_wire_tcp_hdr(void)
{
	Suite *s = suite_create("wire/tcp_hdr");
	TCase *tc = tcase_create("header");

	tcase_add_test(tc, header_is_laid_out_as_in_rfc_9293);
	tcase_add_test(tc, what_was_parsed_is_built);
	tcase_add_test(tc, reserved_bits_are_ignored);
	tcase_add_test(tc, bad_lengths_are_refused);
	suite_add_tcase(s, tc);
	return s;
}

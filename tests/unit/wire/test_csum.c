/* SPDX-License-Identifier: MIT */
/*
 * test_csum.c - Internet checksum against RFC 1071 and a naive sum
 */

#include "exact.h"
#include "stack/base/bytes.h"
#include "stack/wire/csum.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

/* Sum of big-endian words, as section 4.1 of RFC 1071 writes it. */
static uint16_t naive(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

/* The value that stands on the wire when @csum is stored. */
static uint16_t wire(uint16_t csum)
{
	return be16_load(&csum);
}

/* RFC 1071 section 3. */
START_TEST(example_of_rfc_1071)
{
	const uint8_t data[] = {
		0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7
	};
	uint64_t sum = csum_add(0, data, sizeof(data));

	EXPECT_EQ(wire(csum_fold(sum)), 0xddf2);
	EXPECT_EQ(wire(csum_finish(sum)), 0x220d);
}
END_TEST

START_TEST(nothing_sums_to_zero)
{
	EXPECT_EQ(csum_fold(csum_add(0, "", 0)), 0);
	EXPECT_EQ(csum_finish(0), 0xffff);
}
END_TEST

/* Every length up to a few blocks, at every alignment. */
START_TEST(any_length_and_alignment_is_as_naive)
{
	struct rng r;

	rng_init(&r, test_seed());
	for (size_t len = 0; len <= 300; len++) {
		for (size_t off = 0; off < 17; off++) {
			uint8_t *p = exact_random(&r, off + len);

			ck_assert_msg(
				wire(csum_fold(csum_add(0, p + off, len))) ==
					naive(0, p + off, len),
				"offset %zu length %zu", off, len);
			free(p);
		}
	}
}
END_TEST

START_TEST(long_inputs_are_as_naive)
{
	struct rng r;

	rng_init(&r, test_seed());
	for (int i = 0; i < 50; i++) {
		size_t len = 60000 + rng_below(&r, 10000);
		uint8_t *p = exact_random(&r, len);

		EXPECT_EQ(wire(csum_fold(csum_add(0, p, len))),
			  naive(0, p, len));
		free(p);
	}
}
END_TEST

/* All ones is the largest sum: carries must not be lost. */
START_TEST(carries_are_kept)
{
	size_t len = 1 << 20;
	uint8_t *p = malloc(len);
	uint64_t sum = 0;

	memset(p, 0xff, len);
	for (int i = 0; i < 64; i++)
		sum = csum_add(sum, p, len);
	EXPECT_EQ(csum_fold(sum), 0xffff);
	EXPECT_EQ(csum_fold(UINT64_MAX), 0xffff);
	EXPECT_EQ(csum_fold(0xffffffff00000001), 1);
	EXPECT_EQ(csum_fold(0x1fffe), 0xffff);
	free(p);
}
END_TEST

/* Folding is the remainder by 65535, except that 0xffff may stand for 0. */
START_TEST(fold_is_a_remainder)
{
	struct rng r;

	ck_assert_uint_eq(csum_fold(0xffffffff00010000), 1);
	rng_init(&r, test_seed());
	for (int i = 0; i < 100000; i++) {
		uint64_t sum = rng_u64(&r) >> rng_below(&r, 64);

		EXPECT_EQ(csum_fold(sum) % 65535u, sum % 65535);
		EXPECT((csum_fold(sum) == 0) == (sum == 0));
	}
}
END_TEST

/* RFC 1071 section 2 (A), (B): parts may be summed apart. */
START_TEST(parts_sum_to_the_whole)
{
	struct rng r;

	rng_init(&r, test_seed());
	for (int i = 0; i < 3000; i++) {
		uint32_t len = 1 + rng_below(&r, 400);
		uint32_t cut = rng_below(&r, len + 1);
		uint8_t *p = exact_random(&r, len);
		uint64_t sum = csum_add(0, p, cut);

		if (cut & 1)
			sum = csum_add_odd(sum, p + cut, len - cut);
		else
			sum = csum_add(sum, p + cut, len - cut);
		ck_assert_msg(wire(csum_fold(sum)) == naive(0, p, len),
			      "length %u cut at %u", len, cut);
		free(p);
	}
}
END_TEST

START_TEST(pseudo_headers_are_as_laid_out)
{
	struct rng r;

	rng_init(&r, test_seed());
	for (int i = 0; i < 1000; i++) {
		uint8_t *addr = exact_random(&r, 32);
		uint8_t proto = (uint8_t)rng_u64(&r);
		uint32_t len = (uint32_t)rng_u64(&r) >> rng_below(&r, 32);
		uint8_t tail[8] = { [7] = proto };

		be32_store(tail, len);
		EXPECT_EQ(wire(csum_fold(
				  csum_pseudo4(addr, addr + 4, proto, len))),
			  naive(naive(0, addr, 8), tail, 8));
		EXPECT_EQ(wire(csum_fold(
				  csum_pseudo6(addr, addr + 16, proto, len))),
			  naive(naive(0, addr, 32), tail, 8));
		free(addr);
	}
}
END_TEST

/* A whole segment sums to ones once its checksum is in place. */
START_TEST(checksummed_bytes_verify)
{
	struct rng r;

	rng_init(&r, test_seed());
	for (int i = 0; i < 1000; i++) {
		uint32_t len = 20 + rng_below(&r, 100);
		uint8_t *p = exact_random(&r, len);
		uint16_t csum;

		memset(p + 16, 0, 2);
		csum = csum_finish(csum_add(0, p, len));
		memcpy(p + 16, &csum, 2);
		EXPECT_EQ(csum_finish(csum_add(0, p, len)), 0);
		p[rng_below(&r, len)] ^= (uint8_t)(1u << rng_below(&r, 8));
		EXPECT_NE(csum_finish(csum_add(0, p, len)), 0);
		free(p);
	}
}
END_TEST

Suite *suite_wire_csum(void)
{
	Suite *s = suite_create("wire/csum");
	TCase *tc = tcase_create("sum");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, example_of_rfc_1071);
	tcase_add_test(tc, nothing_sums_to_zero);
	tcase_add_test(tc, any_length_and_alignment_is_as_naive);
	tcase_add_test(tc, long_inputs_are_as_naive);
	tcase_add_test(tc, carries_are_kept);
	tcase_add_test(tc, fold_is_a_remainder);
	tcase_add_test(tc, parts_sum_to_the_whole);
	tcase_add_test(tc, pseudo_headers_are_as_laid_out);
	tcase_add_test(tc, checksummed_bytes_verify);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_icmp_quote.c - quoted datagrams taken apart, within their bounds
 */

#include "exact.h"
#include "stack/base/bytes.h"
#include "stack/base/rng.h"
#include "stack/wire/icmp_quote.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define TCP 6u

/* A TCP packet of 1500 bytes; its first 20 + @opt, or 40, + 20 are there. */
static uint32_t quote4(uint8_t *p, uint32_t opt)
{
	memset(p, 0, 60 + opt);
	p[0] = (uint8_t)(0x45 + opt / 4);
	be16_store(p + 2, 1500);
	p[9] = TCP;
	p[12] = 10;
	p[16] = 192;
	return 40 + opt;
}

static uint32_t quote6(uint8_t *p)
{
	memset(p, 0, 60);
	p[0] = 0x60;
	be16_store(p + 4, 1460);
	p[6] = TCP;
	p[8] = 0xfd;
	p[24] = 0xfe;
	return 60;
}

/* RFC 1122 section 3.2.2 */
START_TEST(ipv4_quote_is_read)
{
	uint32_t opt = _i ? 40 : 0;
	struct icmp_quote q;
	uint8_t p[100];
	uint32_t len = quote4(p, opt);

	ck_assert(icmp_quote4(&q, p, len));
	EXPECT_EQ(q.proto, TCP);
	EXPECT_EQ(q.len, 1500);
	EXPECT_EQ(q.l4_off, 20 + opt);
	EXPECT_EQ(q.l4_len, 20);
	EXPECT_EQ(q.src[0], 10);
	EXPECT_EQ(q.dst[0], 192);
	be16_store(p + 2,
		   (uint16_t)(28 + opt)); /* bytes behind it are not its own */
	ck_assert(icmp_quote4(&q, p, len));
	EXPECT_EQ(q.l4_len, 8);
}
END_TEST

/* RFC 4443 section 3; headers that RFC 8200 allows are walked over. */
START_TEST(ipv6_quote_is_read)
{
	struct icmp_quote q;
	uint8_t p[100];
	uint32_t len = quote6(p);

	ck_assert(icmp_quote6(&q, p, len));
	EXPECT_EQ(q.proto, TCP);
	EXPECT_EQ(q.len, 1500);
	EXPECT_EQ(q.l4_off, 40);
	EXPECT_EQ(q.l4_len, 20);
	EXPECT_EQ(q.src[0], 0xfd);
	EXPECT_EQ(q.dst[0], 0xfe);
	p[6] = _i ? 44 : 60; /* an atomic fragment, an empty option header */
	p[40] = TCP;
	ck_assert(icmp_quote6(&q, p, len));
	EXPECT_EQ(q.l4_off, 48);
	EXPECT_EQ(q.l4_len, 12);
	p[43] = 8; /* a later fragment: no ports */
	ck_assert(icmp_quote6(&q, p, len) == !_i);
}
END_TEST

/* RFC 5927 section 4 (5927-4): every length, in memory of just that length. */
START_TEST(short_quote_is_refused)
{
	struct icmp_quote q;
	uint8_t p[100];
	uint32_t full = _i ? quote6(p) : quote4(p, 0);
	uint32_t least = _i ? 48 : 28;

	for (uint32_t len = 0; len <= full; len++) {
		uint8_t *e = exact_copy(p, len);
		bool ok = _i ? icmp_quote6(&q, e, len)
			     : icmp_quote4(&q, e, len);

		ck_assert_msg(ok == (len >= least), "%u bytes", len);
		if (ok)
			EXPECT_EQ(q.l4_off + q.l4_len, len);
		free(e);
	}
}
END_TEST

START_TEST(malformed_quote_is_refused)
{
	static const struct {
		uint32_t off;
		uint8_t b;
	} bad[] = { { 0, 0x65 }, { 0, 0x44 }, { 0, 0x4f },
		    { 2, 0 },	 { 7, 1 },    { 6, 0x1f } };
	struct icmp_quote q;
	uint8_t p[100];
	uint32_t len = quote4(p, 0);

	be16_store(p + 2, 27 + 0x100);
	p[bad[_i].off] = bad[_i].b;
	ck_assert(!icmp_quote4(&q, p, len));
}
END_TEST

/* More extension headers than we walk, and one that claims too much. */
START_TEST(endless_chain_is_refused)
{
	struct icmp_quote q;
	uint8_t p[200];

	quote6(p);
	memset(p + 40, 0, sizeof(p) - 40);
	p[6] = 60;
	for (uint32_t i = 0; i < 9; i++)
		p[40 + 8 * i] = i < 8 ? 60 : TCP;
	ck_assert(!icmp_quote6(&q, p, sizeof(p)));
	p[40] = TCP;
	ck_assert(icmp_quote6(&q, p, sizeof(p)));
	p[41] = 200;
	ck_assert(!icmp_quote6(&q, p, sizeof(p)));
}
END_TEST

START_TEST(noise_is_survived)
{
	struct rng rng;

	rng_init(&rng, test_seed());
	for (uint32_t n = 0; n < 100000; n++) {
		uint32_t len = rng_below(&rng, 120);
		struct icmp_quote q;
		uint8_t p[120];
		uint8_t *e;
		bool ok;

		for (uint32_t i = 0; i < len; i++)
			p[i] = (uint8_t)rng_u64(&rng);
		if (len > 0)
			p[0] = (uint8_t)(_i ? 0x60 : 0x40 | (p[0] & 15));
		e = exact_copy(p, len);
		ok = _i ? icmp_quote6(&q, e, len) : icmp_quote4(&q, e, len);
		if (ok)
			EXPECT(q.l4_off + q.l4_len <= len && q.l4_len >= 8);
		free(e);
	}
}
END_TEST

Suite *suite_wire_icmp_quote(void)
{
	Suite *s = suite_create("wire/icmp_quote");
	TCase *tc = tcase_create("quotes");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, ipv4_quote_is_read, 0, 2);
	tcase_add_loop_test(tc, ipv6_quote_is_read, 0, 2);
	tcase_add_loop_test(tc, short_quote_is_refused, 0, 2);
	tcase_add_loop_test(tc, malformed_quote_is_refused, 0, 6);
	tcase_add_test(tc, endless_chain_is_refused);
	tcase_add_loop_test(tc, noise_is_survived, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}

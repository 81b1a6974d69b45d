/* SPDX-License-Identifier: MIT */
/*
 * test_icmp.c - echo, unreachable messages, and how many of them
 */

#include "iphost.h"

static void echo_request(struct iphost *t, bool v6, uint32_t len)
{
	uint8_t *b = v6 ? iphost_build6(t, 58, 8 + len)
			: iphost_build4(t, 1, 8 + len);
	struct icmp_hdr h = { .type = v6 ? ICMP6_ECHO : ICMP4_ECHO,
			      .rest = 0x12345678 };

	icmp_build(b, &h);
	for (uint32_t i = 0; i < len; i++)
		b[8 + i] = (uint8_t)(i * 7);
	if (v6) {
		iphost_csum6(t->b, t->len);
	} else {
		uint16_t csum = csum_finish(csum_add(0, b, 8 + len));

		icmp_set_csum(b, csum);
	}
}

static uint64_t pseudo_of(const struct iphost *t, bool v6)
{
	return v6 ? csum_pseudo6(t->out + 8, t->out + 24, 58, t->out_len - 40)
		  : 0;
}

static const uint32_t echo_lens[] = { 0, 1, 56, 57, 1400 };

/* RFC 1122 section 3.2.2.6, RFC 4443 section 4.2 */
START_TEST(echo_comes_back_with_the_same_bytes)
{
	bool v6 = _i & 1;
	uint32_t len = echo_lens[_i / 2];
	uint32_t hdr = v6 ? 40 : 20;
	struct iphost *t = iphost_new(NULL);

	echo_request(t, v6, len);
	iphost_send(t);
	EXPECT_EQ(t->sent, 1);
	EXPECT_EQ(t->out_len, t->len);
	EXPECT_EQ(t->out[hdr], v6 ? ICMP6_ECHO_REPLY : ICMP4_ECHO_REPLY);
	EXPECT_EQ(be32_load(t->out + hdr + 4), 0x12345678);
	EXPECT_MEM_EQ(t->out + hdr + 8, t->b + hdr + 8, len);
	EXPECT_EQ(
		csum_finish(csum_add(pseudo_of(t, v6), t->out + hdr, 8 + len)),
		0);
	EXPECT_EQ(iphost_count(t, v6 ? USTACK_C_ICMP6_OUT_ECHO_REPS
				     : USTACK_C_ICMP_OUT_ECHO_REPS),
		  1);
	/* Source and destination are swapped. */
	EXPECT_MEM_EQ(t->out + hdr - (v6 ? 16 : 4), t->b + (v6 ? 8 : 12),
		      v6 ? 16 : 4);
	EXPECT_MEM_EQ(t->out + (v6 ? 8 : 12), t->b + hdr - (v6 ? 16 : 4),
		      v6 ? 16 : 4);
	iphost_free(t);
}
END_TEST

START_TEST(bad_message_is_dropped_with_its_reason)
{
	bool v6 = _i;
	struct iphost *t = iphost_new(NULL);
	uint32_t hdr = v6 ? 40 : 20;

	echo_request(t, v6, 10);
	t->b[hdr + 12] ^= 1;
	iphost_send(t);
	EXPECT_EQ(iphost_count(t, USTACK_C_DROP_ICMP_CSUM), 1);

	echo_request(t, v6, 10);
	t->b[hdr] = v6 ? 135 : 13; /* neighbours; timestamp */
	if (v6)
		iphost_csum6(t->b, t->len);
	else
		icmp_set_csum(t->b + 20,
			      csum_finish(csum_add(0, t->b + 20, 2) +
					  csum_add(0, t->b + 24, 14)));
	iphost_send(t);
	EXPECT_EQ(iphost_count(t, USTACK_C_DROP_ICMP_TYPE), 1);

	if (v6)
		iphost_build6(t, 58, 7);
	else
		iphost_build4(t, 1, 7);
	iphost_send(t);
	EXPECT_EQ(iphost_count(t, USTACK_C_DROP_ICMP_TRUNCATED), 1);
	EXPECT_EQ(t->sent, 0);
	iphost_free(t);
}
END_TEST

static const struct {
	bool v6;
	uint8_t proto;
	uint32_t len; /* of the offending packet */
	uint8_t type;
	uint8_t code;
	uint32_t want_len; /* of our answer */
} errors[] = {
	{ false, 17, 100, ICMP4_UNREACH, ICMP4_UNREACH_PORT, 128 },
	{ false, 47, 100, ICMP4_UNREACH, ICMP4_UNREACH_PROTO, 128 },
	{ false, 17, 548, ICMP4_UNREACH, ICMP4_UNREACH_PORT, 576 },
	{ false, 17, 1500, ICMP4_UNREACH, ICMP4_UNREACH_PORT, 576 },
	{ true, 17, 100, ICMP6_UNREACH, ICMP6_UNREACH_PORT, 148 },
	{ true, 47, 100, ICMP6_PARAM_PROBLEM, ICMP6_PARAM_NEXT_HEADER, 148 },
	{ true, 17, 1232, ICMP6_UNREACH, ICMP6_UNREACH_PORT, 1280 },
	{ true, 17, 1500, ICMP6_UNREACH, ICMP6_UNREACH_PORT, 1280 },
};

/* RFC 1812 section 4.3.2.3, RFC 4443 section 2.4 (c): as much as fits. */
START_TEST(error_quotes_the_packet_up_to_576_or_1280_bytes)
{
	bool v6 = errors[_i].v6;
	struct iphost *t = iphost_new(NULL);
	uint32_t hdr = v6 ? 40 : 20;

	memset(t->b, 0x5a, sizeof(t->b));
	if (v6)
		iphost_build6(t, errors[_i].proto, errors[_i].len - 40);
	else
		iphost_build4(t, errors[_i].proto, errors[_i].len - 20);
	iphost_send(t);
	EXPECT_EQ(t->sent, 1);
	EXPECT_EQ(t->out_len, errors[_i].want_len);
	EXPECT_EQ(t->out[hdr], errors[_i].type);
	EXPECT_EQ(t->out[hdr + 1], errors[_i].code);
	EXPECT_EQ(be32_load(t->out + hdr + 4),
		  errors[_i].type == ICMP6_PARAM_PROBLEM && v6 ? 6 : 0);
	EXPECT_MEM_EQ(t->out + hdr + 8, t->b, t->out_len - hdr - 8);
	EXPECT_EQ(csum_finish(csum_add(pseudo_of(t, v6), t->out + hdr,
				       t->out_len - hdr)),
		  0);
	iphost_free(t);
}
END_TEST

static void ten(struct ustack_config *cfg)
{
	cfg->icmp_rate = 10;
}

static void unlimited(struct ustack_config *cfg)
{
	cfg->icmp_rate = 0;
}

static uint32_t burst(struct iphost *t, uint32_t n)
{
	uint32_t before = t->sent;

	while (n-- > 0) {
		iphost_build4(t, 17, 10);
		iphost_send(t);
	}
	return t->sent - before;
}

/* RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 (f): a token bucket, in which
 * an answer costs one token on average.
 */
START_TEST(errors_are_limited_to_a_burst_and_a_rate)
{
	struct iphost *t = iphost_new(ten);
	uint32_t n = burst(t, 200);

	EXPECT_GE(n, LIMIT_BURST / 2);
	EXPECT_LE(n, LIMIT_BURST * 2);
	EXPECT_EQ(iphost_count(t, USTACK_C_DROP_ICMP_LIMIT), 200 - n);
	vhost_advance(&t->h, t->h.now_us + 99999);
	EXPECT_EQ(burst(t, 5), 0);
	vhost_advance(&t->h, t->h.now_us + 1);
	EXPECT_GE(burst(t, 20), 1);
	n = 0;
	for (uint32_t i = 0; i < 30; i++) {
		vhost_advance(&t->h, t->h.now_us + 1000000);
		n += burst(t, 60);
	}
	EXPECT_GE(n, 240); /* ten a second, half of one as deviation */
	EXPECT_LE(n, 390);
	vhost_advance(&t->h, t->h.now_us + 3600000000ull);
	n = burst(t, 200);
	EXPECT_GE(n, LIMIT_BURST / 2);
	EXPECT_LE(n, LIMIT_BURST * 2);
	iphost_free(t);
}
END_TEST

/* SAD DNS (CVE-2020-25705): from what is left of the burst an attacker must not
 * learn whether a packet that he forged drew an error.
 */
START_TEST(what_is_left_of_a_burst_does_not_count_the_errors_sent)
{
	struct iphost *t = iphost_new(ten);
	uint32_t n, least = UINT32_MAX, most = 0;

	for (uint32_t i = 0; i < 20; i++) {
		vhost_advance(&t->h, t->h.now_us + 3600000000ull);
		n = burst(t, 200);
		least = min_u32(least, n);
		most = max_u32(most, n);
	}
	EXPECT_GE(most - least, 8); /* of a deviation of 6 each way */
	iphost_free(t);
}
END_TEST

/* One type's errors do not use up another's share. */
START_TEST(each_type_has_a_bucket_of_its_own)
{
	struct iphost *t = iphost_new(ten);
	uint32_t before;

	burst(t, 500);
	EXPECT_EQ(burst(t, 5), 0);
	before = t->sent;
	iphost_build6(t, 255, 4); /* parameter problem */
	iphost_send(t);
	EXPECT_EQ(t->sent, before + 1);
	iphost_free(t);
}
END_TEST

START_TEST(rate_of_zero_is_no_limit)
{
	struct iphost *t = iphost_new(unlimited);

	EXPECT_EQ(burst(t, 1000), 1000);
	iphost_free(t);
}
END_TEST

/* "No next header" asks for nothing; 59 is a packet that ends there. */
START_TEST(no_next_header_is_not_answered)
{
	struct iphost *t = iphost_new(NULL);

	iphost_build6(t, 59, 0);
	iphost_send(t);
	EXPECT_EQ(t->sent, 0);
	EXPECT_EQ(iphost_count(t, USTACK_C_DROP_IP6_PROTO), 1);
	iphost_free(t);
}
END_TEST

Suite *suite_ip_icmp(void)
{
	Suite *s = suite_create("ip/icmp");
	TCase *tc = tcase_create("answers");

	tcase_add_loop_test(tc, echo_comes_back_with_the_same_bytes, 0,
			    2 * ARRAY_LEN(echo_lens));
	tcase_add_loop_test(tc, bad_message_is_dropped_with_its_reason, 0, 2);
	tcase_add_loop_test(tc, error_quotes_the_packet_up_to_576_or_1280_bytes,
			    0, ARRAY_LEN(errors));
	tcase_add_test(tc, errors_are_limited_to_a_burst_and_a_rate);
	tcase_add_test(tc,
		       what_is_left_of_a_burst_does_not_count_the_errors_sent);
	tcase_add_test(tc, each_type_has_a_bucket_of_its_own);
	tcase_add_test(tc, rate_of_zero_is_no_limit);
	tcase_add_test(tc, no_next_header_is_not_answered);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_pmtu.c - what is remembered of paths, and IDs of what may be cut
 */

#include "iphost.h"

#define MINUTE 60000000ull

static struct ustack_addr host(bool v6, uint32_t n)
{
	struct ustack_addr a = vhost_addr(v6 ? "fd08::1" : "10.8.0.1");

	be16_store(a.b + 14, (uint16_t)n);
	return a;
}

static uint32_t mtu_of(struct iphost *t, uint32_t n, bool v6)
{
	struct ustack_addr a = host(v6, n);

	return ip_path_mtu(t->h.s, &a);
}

static void lower(struct iphost *t, uint32_t n, bool v6, uint32_t mtu)
{
	struct ustack_addr a = host(v6, n);

	t->h.s->now_us = t->h.now_us;
	ip_path_lower(t->h.s, &a, mtu);
}

/* RFC 1191 section 3, RFC 8201 section 4 (1191-4, 8201-1). */
START_TEST(estimate_only_goes_down_and_not_too_far)
{
	struct iphost *t = iphost_new(NULL);
	bool v6 = _i;

	EXPECT_EQ(mtu_of(t, 1, v6), 0);
	lower(t, 1, v6, 1500);
	lower(t, 1, v6, 9000);
	lower(t, 1, v6, 67);
	lower(t, 1, v6, v6 ? 1279 : 0);
	EXPECT_EQ(mtu_of(t, 1, v6), 0);
	lower(t, 1, v6, 1400);
	EXPECT_EQ(mtu_of(t, 1, v6), 1400);
	lower(t, 1, v6, 1450);
	EXPECT_EQ(mtu_of(t, 1, v6), 1400);
	lower(t, 1, v6, 1280);
	EXPECT_EQ(mtu_of(t, 1, v6), 1280);
	EXPECT_EQ(mtu_of(t, 2, v6), 0);
	if (!v6) {
		struct ustack_addr a = host(false, 1);

		EXPECT(!ip_path_small(t->h.s, &a));
		lower(t, 1, v6, 552);
		EXPECT(!ip_path_small(t->h.s, &a));
		lower(t, 1, v6, 551);
		EXPECT_EQ(mtu_of(t, 1, v6), 552);
		EXPECT(ip_path_small(t->h.s, &a));
	}
	iphost_free(t);
}
END_TEST

/* 1191-5: ten minutes after it was last lowered, the link's MTU. */
START_TEST(estimate_ages_in_ten_minutes)
{
	struct iphost *t = iphost_new(NULL);

	lower(t, 1, _i, 1400);
	vhost_advance(&t->h, t->h.now_us + 9 * MINUTE);
	lower(t, 1, _i, 1300);
	vhost_advance(&t->h, t->h.now_us + 10 * MINUTE - 1);
	EXPECT_EQ(mtu_of(t, 1, _i), 1300);
	vhost_advance(&t->h, t->h.now_us + 1);
	EXPECT_EQ(mtu_of(t, 1, _i), 1500);
	lower(t, 1, _i, 1400);
	EXPECT_EQ(mtu_of(t, 1, _i), 1400);
	iphost_free(t);
}
END_TEST

/* The table is bounded; the newest path is always in it. */
START_TEST(table_is_bounded_and_keeps_the_newest)
{
	struct iphost *t = iphost_new(NULL);
	uint64_t used;
	uint32_t known = 0;

	lower(t, 0, false, 1400);
	used = t->h.s->mem.used;
	for (uint32_t n = 1; n < 5000; n++) {
		vhost_advance(&t->h, t->h.now_us + 1000);
		lower(t, n, n & 1, 1400);
		EXPECT_EQ(mtu_of(t, n, n & 1), 1400);
	}
	EXPECT_EQ(t->h.s->mem.used, used);
	for (uint32_t n = 0; n < 5000; n++)
		known += mtu_of(t, n, n & 1) != 0;
	EXPECT_LE(known, 256);
	EXPECT(known > 200);
	iphost_free(t);
}
END_TEST

/* RFC 1191 section 7.1 (1191-3). */
START_TEST(plateau_is_the_next_smaller_size)
{
	EXPECT_EQ(ip_plateau(65536), 65535);
	EXPECT_EQ(ip_plateau(1501), 1492);
	EXPECT_EQ(ip_plateau(1500), 1492);
	EXPECT_EQ(ip_plateau(1492), 1006);
	EXPECT_EQ(ip_plateau(297), 296);
	EXPECT_EQ(ip_plateau(68), 68);
	EXPECT_EQ(ip_plateau(0), 68);
}
END_TEST

/* RFC 6864 section 5.2, RFC 7739 (1122-15): each once in a round, in no order. */
START_TEST(ids_are_a_permutation_in_no_order)
{
	static uint8_t seen[65536];
	struct iphost *t = iphost_new(NULL);
	uint32_t last = 0, next = 0;

	for (uint32_t i = 0; i < 65536; i++) {
		uint32_t id = ip_frag_id(t->h.s, 16);

		ck_assert_uint_lt(id, 65536);
		if (seen[id]++)
			ck_abort_msg("ID %u twice", id);
		next += id == last + 1;
		last = id;
	}
	EXPECT_LE(next, 20);
	EXPECT(ip_frag_id(t->h.s, 32) > 65536 ||
	       ip_frag_id(t->h.s, 32) > 65536);
	iphost_free(t);
}
END_TEST

Suite *suite_ip_pmtu(void)
{
	Suite *s = suite_create("ip/pmtu");
	TCase *tc = tcase_create("paths");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, estimate_only_goes_down_and_not_too_far, 0, 2);
	tcase_add_loop_test(tc, estimate_ages_in_ten_minutes, 0, 2);
	tcase_add_test(tc, table_is_bounded_and_keeps_the_newest);
	tcase_add_test(tc, plateau_is_the_next_smaller_size);
	tcase_add_test(tc, ids_are_a_permutation_in_no_order);
	suite_add_tcase(s, tc);
	return s;
}

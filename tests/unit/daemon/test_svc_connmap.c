/* SPDX-License-Identifier: MIT */
/*
 * test_svc_connmap.c - what is kept for connections, against a plain table
 */

#include <stdlib.h>

#include "daemon/svc/connmap.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define KEYS  3000u
#define STEPS 200000u

START_TEST(empty_map_has_nothing)
{
	struct connmap m = { 0 };

	ck_assert_ptr_null(connmap_get(&m, 0));
	ck_assert_ptr_null(connmap_any(&m));
	connmap_del(&m, 7);
	connmap_fini(&m);
}
END_TEST

/* As handles are: an index below, and a generation above. */
static uint64_t key(uint32_t i)
{
	return i % 1000 | (uint64_t)(i / 1000) << 32;
}

static void check_all(const struct connmap *m, char *const *kept, char *base)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < KEYS; i++) {
		EXPECT(connmap_get(m, key(i)) == kept[i]);
		n += kept[i] != NULL;
	}
	EXPECT_EQ(m->n, n);
	if (n)
		EXPECT(kept[(char *)connmap_any(m) - base] != NULL);
	else
		EXPECT(connmap_any(m) == NULL);
}

/* Waves of more and of fewer entries, so that it grows and shrinks. */
START_TEST(map_keeps_what_is_put_until_it_is_deleted)
{
	static char base[KEYS];
	static char *kept[KEYS];
	struct connmap m = { 0 };
	uint32_t x = (uint32_t)_i + 1;

	for (uint32_t step = 0; step < STEPS; step++) {
		uint32_t i = (x = x * 1664525u + 1013904223u) >> 8;
		uint32_t most = step / 20000 % 2 ? 100 : KEYS;

		i %= KEYS;
		if (kept[i]) {
			connmap_del(&m, key(i));
			kept[i] = NULL;
		} else if (i < most) {
			ck_assert_int_eq(connmap_put(&m, key(i), &base[i]), 0);
			kept[i] = &base[i];
		}
		EXPECT_LE(2 * m.n, (uint64_t)m.mask + 1);
		if (step % 5000 == 4999)
			check_all(&m, kept, base);
	}
	for (uint32_t i = 0; i < KEYS; i++) {
		connmap_del(&m, key(i));
		kept[i] = NULL;
	}
	check_all(&m, kept, base);
	EXPECT_LE(m.mask, 15);
	connmap_fini(&m);
}
END_TEST

Suite *suite_daemon_svc_connmap(void)
{
	Suite *s = suite_create("daemon/svc/connmap");
	TCase *tc = tcase_create("connmap");

	tcase_add_test(tc, empty_map_has_nothing);
	tcase_add_loop_test(tc, map_keeps_what_is_put_until_it_is_deleted, 0,
			    3);
	suite_add_tcase(s, tc);
	return s;
}

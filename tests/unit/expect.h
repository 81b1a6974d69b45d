/* SPDX-License-Identifier: MIT */
/*
 * expect.h - assertions for loops that run a hundred thousand times
 *
 * Check writes to a pipe for each ck_assert() that holds.  These call it only
 * when one does not.
 */

#ifndef TESTS_UNIT_EXPECT_H
#define TESTS_UNIT_EXPECT_H

#include <check.h>
#include <inttypes.h>
#include <string.h>

#define EXPECT(cond)                                                           \
	do {                                                                   \
		if (!(cond))                                                   \
			ck_abort_msg("expected %s", #cond);                    \
	} while (0)

/* Unsigned numbers; each is evaluated once. */
#define EXPECT_OP(a, op, b)                                                    \
	do {                                                                   \
		uint64_t expect_a = (a);                                       \
		uint64_t expect_b = (b);                                       \
		if (!(expect_a op expect_b))                                   \
			ck_abort_msg("expected %s %s %s: %" PRIu64             \
				     " and %" PRIu64,                          \
				     #a, #op, #b, expect_a, expect_b);         \
	} while (0)

#define EXPECT_EQ(a, b)		 EXPECT_OP(a, ==, b)
#define EXPECT_NE(a, b)		 EXPECT_OP(a, !=, b)
#define EXPECT_LT(a, b)		 EXPECT_OP(a, <, b)
#define EXPECT_LE(a, b)		 EXPECT_OP(a, <=, b)
#define EXPECT_GT(a, b)		 EXPECT_OP(a, >, b)
#define EXPECT_GE(a, b)		 EXPECT_OP(a, >=, b)

#define EXPECT_MEM_EQ(a, b, len) EXPECT(memcmp(a, b, len) == 0)

#endif /* TESTS_UNIT_EXPECT_H */

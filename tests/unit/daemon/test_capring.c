/* SPDX-License-Identifier: MIT */
/*
 * test_capring.c - the ring of captured packets
 */

#include <check.h>
#include <pthread.h>
#include <string.h>

#include "daemon/capring.h"
#include "stack/base/rng.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define LEN	100u
#define BIG	65535u
#define RECORDS 30000u
#define HELD	7u

static struct capring ring;

static void setup(void)
{
	ck_assert_int_eq(capring_init(&ring), 0);
}

static void teardown(void)
{
	capring_fini(&ring);
}

/* A record numbered @n; false, no room. */
static bool put(uint64_t n, uint32_t len)
{
	struct caprec *rec = capring_put(&ring, len);

	if (!rec)
		return false;
	rec->time_ns = n;
	memset(rec->data, (int)(n & 0xff), len);
	return true;
}

/* The oldest one is number @n, as it was put. */
static void expect(uint64_t n, uint32_t len)
{
	const struct caprec *rec = capring_first(&ring);

	ck_assert_ptr_nonnull(rec);
	ck_assert_uint_eq(rec->time_ns, n);
	ck_assert_uint_eq(rec->cap_len, len);
	if (len) {
		ck_assert_uint_eq(rec->data[0], n & 0xff);
		ck_assert_uint_eq(rec->data[len - 1], n & 0xff);
	}
	capring_done(&ring, rec);
}

START_TEST(record_is_read_when_it_was_told_of)
{
	ck_assert_ptr_null(capring_first(&ring));
	ck_assert(!capring_tell(&ring));
	ck_assert(put(1, LEN));
	ck_assert(put(2, 0));
	ck_assert_ptr_null(capring_first(&ring));
	ck_assert(capring_tell(&ring));
	expect(1, LEN);
	expect(2, 0);
	ck_assert_ptr_null(capring_first(&ring));
}
END_TEST

START_TEST(record_taken_back_was_never_there)
{
	ck_assert(put(1, LEN));
	ck_assert(capring_tell(&ring));
	ck_assert(put(2, LEN));
	capring_take_back(&ring);
	ck_assert_ptr_null(capring_held(&ring));
	ck_assert(put(3, LEN));
	ck_assert(capring_tell(&ring));
	expect(1, LEN);
	expect(3, LEN);
}
END_TEST

/* Wherever the ring's end lies among them. */
START_TEST(held_records_are_walked_in_order)
{
	for (uint64_t n = 0; n < 3 * CAPRING_BYTES / BIG; n++) {
		struct caprec *rec;
		uint64_t seen = 0;

		for (uint64_t i = 0; i < HELD; i++)
			ck_assert(put(i, BIG - (uint32_t)n));
		for (rec = capring_held(&ring); rec;
		     rec = capring_next(&ring, rec))
			ck_assert_uint_eq(rec->time_ns, seen++);
		ck_assert_uint_eq(seen, HELD);
		ck_assert(capring_tell(&ring));
		ck_assert_ptr_null(capring_held(&ring));
		for (uint64_t i = 0; i < HELD; i++)
			expect(i, BIG - (uint32_t)n);
	}
}
END_TEST

START_TEST(full_ring_refuses_until_something_was_read)
{
	uint64_t n = 0;

	while (put(n, BIG)) {
		ck_assert(capring_tell(&ring));
		n++;
	}
	ck_assert_uint_ge(n, CAPRING_BYTES / BIG - 2);
	ck_assert(!put(n, BIG));
	expect(0, BIG);
	expect(1, BIG);
	ck_assert(put(n, BIG));
	ck_assert(capring_tell(&ring));
	for (uint64_t i = 2; i <= n; i++)
		expect(i, BIG);
	ck_assert_ptr_null(capring_first(&ring));
}
END_TEST

/* A packet that the reader could not have yet must not fill the ring. */
START_TEST(what_is_held_back_is_bounded)
{
	uint64_t n = 0;

	while (put(n, 0))
		n++;
	ck_assert_uint_le(ring.head - ring.told, CAPRING_BYTES / 2);
	ck_assert(capring_tell(&ring));
	ck_assert(put(n, 0));
}
END_TEST

static void *write_all(void *arg)
{
	struct rng *rng = arg;
	uint64_t n = 0;

	while (n < RECORDS) {
		if (put(n, rng_below(rng, 4000)))
			n++;
		if (rng_below(rng, 8) == 0 || n == RECORDS)
			capring_tell(&ring);
	}
	return NULL;
}

/* Two threads: nothing is lost, doubled, or read half. */
START_TEST(reader_sees_what_the_writer_wrote)
{
	pthread_t writer;
	struct rng rng;
	uint64_t n = 0;

	rng_init(&rng, test_seed());
	EXPECT(pthread_create(&writer, NULL, write_all, &rng) == 0);
	while (n < RECORDS) {
		const struct caprec *rec = capring_first(&ring);

		if (!rec)
			continue;
		EXPECT(rec->time_ns == n);
		if (rec->cap_len) {
			EXPECT(rec->data[0] == (n & 0xff));
			EXPECT(rec->data[rec->cap_len - 1] == (n & 0xff));
		}
		n++;
		capring_done(&ring, rec);
	}
	EXPECT(pthread_join(writer, NULL) == 0);
	EXPECT(!capring_first(&ring));
}
END_TEST

Suite *suite_daemon_capring(void)
{
	Suite *s = suite_create("daemon/capring");
	TCase *tc = tcase_create("ring");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, record_is_read_when_it_was_told_of);
	tcase_add_test(tc, record_taken_back_was_never_there);
	tcase_add_test(tc, held_records_are_walked_in_order);
	tcase_add_test(tc, full_ring_refuses_until_something_was_read);
	tcase_add_test(tc, what_is_held_back_is_bounded);
	tcase_add_test(tc, reader_sees_what_the_writer_wrote);
	suite_add_tcase(s, tc);
	return s;
}

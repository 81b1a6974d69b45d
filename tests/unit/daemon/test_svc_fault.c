/* SPDX-License-Identifier: MIT */
/*
 * test_svc_fault.c - services that stop reading, or read slowly
 *
 * Method: services over a stream in memory, with faults whose time the test
 * tells.
 */

#include <string.h>

#include "daemon/svc/fault.h"
#include "fakestream.h"
#include "tests/unit/suites.h"

#define PORT 7

static uint8_t bytes[10000];

/* An open connection of @svc on PORT that has faults. */
static struct fake *fake_faulty(const struct svc *svc)
{
	struct fake *f = fake_new(svc, FAKE_BYTES / 4);

	f->service.port = PORT;
	f->service.faults = faults_new();
	ck_assert_ptr_nonnull(f->service.faults);
	return f;
}

static void fake_end(struct fake *f)
{
	struct faults *faults = f->service.faults;

	fake_free(f);
	faults_free(faults);
}

static void add(struct fake *f, uint64_t id, uint64_t bytes_per_s)
{
	const struct svc_fault fault = { .id = id,
					 .conn = id ? f->st.conn : 0,
					 .port = id ? 0 : PORT,
					 .bytes_per_s = bytes_per_s };

	ck_assert_int_eq(faults_add(f->service.faults, &fault), 0);
}

static const struct svc *const readers[] = { &svc_echo, &svc_discard,
					     &svc_chargen };

START_TEST(stalled_service_reads_nothing_until_it_is_let_go)
{
	struct fake *f = fake_faulty(readers[_i]);
	struct svc_fault list[SVC_FAULTS_MAX];

	add(f, 0, 0);
	fake_send(f, bytes, 5000);
	faults_tick(f->service.faults, 1000000);
	faults_tick(f->service.faults, 2000000);
	ck_assert_uint_eq(fake_waiting(f), 5000);
	ck_assert_uint_eq(faults_list(f->service.faults, list), 1);
	ck_assert_uint_eq(list[0].held, 1);
	ck_assert(!faults_slow(f->service.faults));

	ck_assert_uint_eq(faults_remove(f->service.faults, 0, PORT), 1);
	ck_assert_uint_eq(fake_waiting(f), 0);
	ck_assert_uint_eq(faults_list(f->service.faults, list), 0);
	fake_end(f);
}
END_TEST

/* What a service writes by itself goes on: only its reading stops. */
START_TEST(stalled_chargen_still_writes)
{
	struct fake *f = fake_faulty(&svc_chargen);
	size_t before;

	add(f, 0, 0);
	before = f->out_len;
	fake_ack(f, before);
	ck_assert_uint_gt(f->out_len, before);
	fake_end(f);
}
END_TEST

START_TEST(slow_reader_reads_as_much_as_its_rate_tells)
{
	struct fake *f = fake_faulty(readers[_i]);
	uint64_t now_us = 5000000;

	add(f, 0, 1000);
	ck_assert(faults_slow(f->service.faults));
	fake_send(f, bytes, sizeof(bytes));
	ck_assert_uint_eq(fake_waiting(f), sizeof(bytes));
	faults_tick(f->service.faults, now_us);
	for (uint32_t i = 1; i <= 200; i++) {
		now_us += SVC_FAULT_TICK_US;
		faults_tick(f->service.faults, now_us);
		ck_assert_uint_eq(fake_waiting(f), sizeof(bytes) - 10 * i);
	}
	ck_assert_uint_eq(f->service.bytes_in, 2000);
	fake_end(f);
}
END_TEST

/* A byte every two seconds takes more than one tick to save up for. */
START_TEST(rates_below_a_byte_a_tick_add_up)
{
	struct fake *f = fake_faulty(&svc_discard);
	uint64_t now_us = 1;

	add(f, 0, 1);
	fake_send(f, bytes, 100);
	for (uint32_t i = 0; i <= 500; i++, now_us += SVC_FAULT_TICK_US)
		faults_tick(f->service.faults, now_us);
	ck_assert_uint_eq(fake_waiting(f), 95);
	fake_end(f);
}
END_TEST

START_TEST(idle_time_is_not_saved_up)
{
	struct fake *f = fake_faulty(&svc_discard);
	uint64_t now_us = 1;

	add(f, 0, 1000);
	fake_send(f, bytes, 1);
	for (uint32_t i = 0; i < 1000; i++, now_us += SVC_FAULT_TICK_US)
		faults_tick(f->service.faults, now_us);
	ck_assert_uint_eq(fake_waiting(f), 0);
	fake_send(f, bytes, 5000);
	ck_assert_uint_ge(fake_waiting(f), 5000 - 100);
	fake_end(f);
}
END_TEST

START_TEST(fault_of_a_connection_comes_before_that_of_its_port)
{
	struct fake *f = fake_faulty(&svc_discard);

	add(f, 0, 0);
	add(f, 5, 1000);
	fake_send(f, bytes, 1000);
	faults_tick(f->service.faults, 1);
	faults_tick(f->service.faults, 1 + SVC_FAULT_TICK_US);
	ck_assert_uint_eq(fake_waiting(f), 990);
	ck_assert_uint_eq(faults_remove(f->service.faults, 5, 0), 1);
	faults_tick(f->service.faults, 1 + 2 * SVC_FAULT_TICK_US);
	ck_assert_uint_eq(fake_waiting(f), 990); /* its port stalls still */
	ck_assert_uint_eq(faults_remove(f->service.faults, 0, PORT), 1);
	ck_assert_uint_eq(fake_waiting(f), 0);
	fake_end(f);
}
END_TEST

START_TEST(other_ports_are_read_as_ever)
{
	struct fake *f = fake_faulty(&svc_echo);

	add(f, 0, 0);
	f->service.port = PORT + 1;
	fake_send(f, bytes, 1000);
	ck_assert_uint_eq(fake_waiting(f), 0);
	fake_end(f);
}
END_TEST

/* http asks to be called again as long as there is something unread. */
START_TEST(unread_is_only_what_may_be_read)
{
	struct fake *f = fake_faulty(&svc_discard);
	struct stream_info info;

	add(f, 0, 0);
	fake_send(f, bytes, 1000);
	ck_assert_int_eq(stream_info(&f->st, &info), 0);
	ck_assert_uint_eq(info.unread, 0);
	add(f, 0, 1000);
	faults_tick(f->service.faults, 1);
	f->service.port = PORT + 1;
	ck_assert_int_eq(stream_info(&f->st, &info), 0);
	ck_assert_uint_eq(info.unread, 1000);
	fake_end(f);
}
END_TEST

/* The fault of a connection, and what is known of it, go when it is over. */
START_TEST(closed_connection_is_forgotten)
{
	struct fake *f = fake_faulty(&svc_discard);
	struct svc_fault list[SVC_FAULTS_MAX];

	add(f, 5, 0);
	fake_send(f, bytes, 10);
	service_closed(&f->st);
	ck_assert_uint_eq(faults_list(f->service.faults, list), 0);
	fake_end(f);
}
END_TEST

START_TEST(faults_are_replaced_and_bounded)
{
	struct fake *f = fake_faulty(&svc_discard);
	struct svc_fault fault = { 0 };

	for (uint16_t i = 0; i < SVC_FAULTS_MAX; i++) {
		fault.port = (uint16_t)(100 + i);
		ck_assert_int_eq(faults_add(f->service.faults, &fault), 0);
		ck_assert_int_eq(faults_add(f->service.faults, &fault), 0);
	}
	fault.port = 99;
	ck_assert_int_eq(faults_add(f->service.faults, &fault), -ERR_LIMIT);
	fake_end(f);
}
END_TEST

Suite *suite_daemon_svc_fault(void)
{
	Suite *s = suite_create("daemon/svc fault");
	TCase *tc = tcase_create("reading");

	tcase_add_loop_test(
		tc, stalled_service_reads_nothing_until_it_is_let_go, 0, 3);
	tcase_add_test(tc, stalled_chargen_still_writes);
	tcase_add_loop_test(tc, slow_reader_reads_as_much_as_its_rate_tells, 0,
			    3);
	tcase_add_test(tc, rates_below_a_byte_a_tick_add_up);
	tcase_add_test(tc, idle_time_is_not_saved_up);
	tcase_add_test(tc, fault_of_a_connection_comes_before_that_of_its_port);
	tcase_add_test(tc, other_ports_are_read_as_ever);
	tcase_add_test(tc, unread_is_only_what_may_be_read);
	tcase_add_test(tc, closed_connection_is_forgotten);
	tcase_add_test(tc, faults_are_replaced_and_bounded);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_svc_echo.c - echo and discard over a stream in memory
 */

#include "fakestream.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define TEXT "what comes in goes out"
#define LEN  (sizeof(TEXT) - 1)

/* RFC 862. */
START_TEST(echo_returns_what_it_gets)
{
	struct fake *f = fake_new(&svc_echo, 1000);

	fake_send(f, TEXT, LEN);
	ck_assert_uint_eq(f->out_len, LEN);
	ck_assert_mem_eq(f->out, TEXT, LEN);
	ck_assert_uint_eq(f->service.bytes_in, LEN);
	ck_assert_uint_eq(f->service.bytes_out, LEN);
	ck_assert_uint_eq(f->service.accepted, 1);
	ck_assert_uint_eq(f->service.open, 1);
	fake_free(f);
}
END_TEST

/* A peer that does not read: echo leaves the rest unread, and asks to be woken. */
START_TEST(echo_stops_reading_when_the_peer_does)
{
	struct fake *f = fake_new(&svc_echo, 10);

	fake_send(f, TEXT, LEN);
	ck_assert_uint_eq(f->out_len, 10);
	ck_assert_uint_eq(fake_waiting(f), LEN - 10);
	ck_assert(f->want_write);
	fake_send(f, TEXT, LEN);
	ck_assert_uint_eq(f->out_len, 10);
	while (f->acked < f->out_len)
		fake_ack(f, 1);
	ck_assert_uint_eq(fake_waiting(f), 0);
	ck_assert_uint_eq(f->out_len, 2 * LEN);
	ck_assert_mem_eq(f->out + LEN, TEXT, LEN);
	fake_free(f);
}
END_TEST

START_TEST(echo_closes_behind_what_it_owes)
{
	struct fake *f = fake_new(&svc_echo, 1000);

	fake_send(f, TEXT, LEN);
	ck_assert(!f->closed);
	fake_fin(f);
	ck_assert(f->closed);
	ck_assert_uint_eq(f->out_len, LEN);
	fake_free(f);
}
END_TEST

START_TEST(echo_survives_a_stream_that_takes_nothing)
{
	struct fake *f = fake_new(&svc_echo, 1000);

	f->broken = true;
	fake_send(f, TEXT, LEN);
	ck_assert_uint_eq(f->out_len, 0);
	ck_assert_uint_eq(f->service.bytes_out, 0);
	fake_free(f);
}
END_TEST

START_TEST(echo_keeps_no_state)
{
	struct fake *f = fake_new(&svc_echo, 10);

	fake_send(f, TEXT, LEN);
	ck_assert_uint_eq(f->st.state, 0);
	fake_free(f);
}
END_TEST

/* RFC 863; more than one look shows at a time. */
START_TEST(discard_reads_all_and_says_nothing)
{
	static uint8_t bytes[100000];
	struct fake *f = fake_new(&svc_discard, 1000);

	fake_send(f, bytes, sizeof(bytes));
	ck_assert_uint_eq(fake_waiting(f), 0);
	ck_assert_uint_eq(f->out_len, 0);
	ck_assert_uint_eq(f->service.bytes_in, sizeof(bytes));
	ck_assert_uint_eq(f->service.bytes_out, 0);
	ck_assert(!f->closed);
	fake_fin(f);
	ck_assert(f->closed);
	fake_free(f);
}
END_TEST

START_TEST(types_are_found_by_name)
{
	ck_assert_ptr_eq(svc_find("echo"), &svc_echo);
	ck_assert_ptr_eq(svc_find("discard"), &svc_discard);
	ck_assert_ptr_eq(svc_find("chargen"), &svc_chargen);
	ck_assert_ptr_null(svc_find("Echo"));
	ck_assert_ptr_null(svc_find(""));
}
END_TEST

Suite *suite_daemon_svc_echo(void)
{
	Suite *s = suite_create("daemon/svc/echo");
	TCase *tc = tcase_create("echo and discard");

	tcase_add_test(tc, echo_returns_what_it_gets);
	tcase_add_test(tc, echo_stops_reading_when_the_peer_does);
	tcase_add_test(tc, echo_closes_behind_what_it_owes);
	tcase_add_test(tc, echo_survives_a_stream_that_takes_nothing);
	tcase_add_test(tc, echo_keeps_no_state);
	tcase_add_test(tc, discard_reads_all_and_says_nothing);
	tcase_add_test(tc, types_are_found_by_name);
	suite_add_tcase(s, tc);
	return s;
}

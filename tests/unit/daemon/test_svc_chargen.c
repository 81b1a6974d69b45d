/* SPDX-License-Identifier: MIT */
/*
 * test_svc_chargen.c - the rotating pattern of RFC 864
 *
 * The model is the text computed line by line; acknowledgements of random size
 * must never make it skip or repeat a character.
 */

#include "fakestream.h"
#include "stack/base/rng.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define LINE  74u
#define CHARS 95u
#define FIRST                                                                  \
	"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefgh\r\n"
#define SNDBUF (200u * 1024u)
#define ENOUGH (800u * 1024u)

static uint8_t expected(size_t at)
{
	size_t column = at % LINE;

	if (column == LINE - 2)
		return '\r';
	if (column == LINE - 1)
		return '\n';
	return (uint8_t)(' ' + (at / LINE + column) % CHARS);
}

static void check_text(const struct fake *f)
{
	for (size_t i = 0; i < f->out_len; i++)
		EXPECT_EQ(f->out[i], expected(i));
}

/* RFC 864: the lines that its example shows. */
START_TEST(text_is_that_of_the_rfc)
{
	struct fake *f = fake_new(&svc_chargen, SNDBUF);

	ck_assert_mem_eq(f->out, " !\"#$%&'()", 10);
	ck_assert_mem_eq(f->out + LINE, FIRST, LINE);
	check_text(f);
	fake_free(f);
}
END_TEST

START_TEST(queue_is_filled_and_no_further)
{
	struct fake *f = fake_new(&svc_chargen, SNDBUF);

	ck_assert_uint_le(f->out_len, SNDBUF);
	ck_assert_uint_ge(f->out_len, SNDBUF - CHARS * LINE);
	ck_assert(f->want_write);
	fake_free(f);
}
END_TEST

START_TEST(text_goes_on_whatever_is_acknowledged)
{
	struct fake *f = fake_new(&svc_chargen, SNDBUF);
	struct rng rng;

	rng_init(&rng, test_seed());
	while (f->out_len < ENOUGH) {
		size_t queued = f->out_len - f->acked;

		ck_assert_uint_gt(queued, 0);
		fake_ack(f, 1 + rng_below(&rng, (uint32_t)queued));
	}
	check_text(f);
	ck_assert_uint_eq(f->service.bytes_out, f->out_len);
	fake_free(f);
}
END_TEST

/* Pieces of a few bytes would become as many small packets. */
START_TEST(room_is_not_used_in_crumbs)
{
	struct fake *f = fake_new(&svc_chargen, SNDBUF);
	uint32_t writes = f->writes;

	for (int i = 0; i < 100; i++)
		fake_ack(f, LINE);
	ck_assert_uint_le(f->writes, writes + 2);
	fake_free(f);
}
END_TEST

static const size_t small_rooms[] = { LINE, 100, 1000, CHARS *LINE - 1 };

/* A send buffer smaller than a piece worth sending must not stop the text. */
START_TEST(small_buffers_work)
{
	struct fake *f = fake_new(&svc_chargen, small_rooms[_i]);

	for (int i = 0; i < 100; i++) {
		ck_assert_uint_gt(f->out_len, f->acked);
		fake_ack(f, f->out_len - f->acked);
	}
	check_text(f);
	fake_free(f);
}
END_TEST

START_TEST(input_is_thrown_away)
{
	struct fake *f = fake_new(&svc_chargen, SNDBUF);
	size_t before = f->out_len;

	fake_send(f, "stop it", 7);
	ck_assert_uint_eq(fake_waiting(f), 0);
	ck_assert_uint_eq(f->out_len, before);
	ck_assert(!f->closed);
	fake_free(f);
}
END_TEST

START_TEST(fin_ends_the_text)
{
	struct fake *f = fake_new(&svc_chargen, SNDBUF);
	size_t before;

	fake_fin(f);
	ck_assert(f->closed);
	before = f->out_len;
	fake_ack(f, f->out_len);
	ck_assert_uint_eq(f->out_len, before);
	fake_free(f);
}
END_TEST

START_TEST(start_without_memory_is_refused)
{
	struct fake *f = fake_service(&svc_chargen);

	f->no_memory = true;
	ck_assert_int_eq(svc_chargen.start(&f->service), -ERR_NOMEM);
	fake_free(f);
}
END_TEST

Suite *suite_daemon_svc_chargen(void)
{
	Suite *s = suite_create("daemon/svc/chargen");
	TCase *tc = tcase_create("chargen");

	tcase_add_test(tc, text_is_that_of_the_rfc);
	tcase_add_test(tc, queue_is_filled_and_no_further);
	tcase_add_test(tc, text_goes_on_whatever_is_acknowledged);
	tcase_add_test(tc, room_is_not_used_in_crumbs);
	tcase_add_loop_test(tc, small_buffers_work, 0,
			    sizeof(small_rooms) / sizeof(small_rooms[0]));
	tcase_add_test(tc, input_is_thrown_away);
	tcase_add_test(tc, fin_ends_the_text);
	tcase_add_test(tc, start_without_memory_is_refused);
	suite_add_tcase(s, tc);
	return s;
}

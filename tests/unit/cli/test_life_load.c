/* SPDX-License-Identifier: MIT */
/*
 * test_life_load.c - a life from trace.get, and what bounds it
 */

#include <check.h>
#include <string.h>

#include "lifefeed.h"

/* ----------------------------------------------------------------- trace.get */

static void load(const char *text)
{
	cJSON *trace = cJSON_Parse(text);

	ck_assert_ptr_nonnull(trace);
	life_load(l, trace);
	cJSON_Delete(trace);
}

#define ACK(n, t)                                                                \
	"{\"n\":" #n ",\"time_us\":" #t                                          \
	",\"event\":\"transport:packet_received\",\"flags\":\".\",\"seq\":9001," \
	"\"ack\":5001,\"wnd\":1,\"len\":0}"

START_TEST(jump_in_the_numbers_is_what_was_not_kept)
{
	load("{\"id\":8,\"conn\":null,\"open\":false,\"service\":\"echo\","
	     "\"local\":\"fd07::2\",\"lport\":7,\"remote\":\"fd07::1\","
	     "\"rport\":40000,\"wall_offset_us\":1700000000000000,"
	     "\"iss\":5000,\"irs\":9000,\"skipped\":40,\"events\":[" ACK(
		     1, 10) "," ACK(2, 20) "," ACK(43, 30) "]}");
	life_end(l);

	ck_assert_uint_eq(l->n, 4);
	ck_assert_int_eq(l->rec[2].kind, LIFE_SKIPPED);
	ck_assert_uint_eq(l->rec[2].skipped, 40);
	ck_assert_uint_eq(l->rec[2].t_us, 10);
	ck_assert_str_eq(l->local, "[fd07::2]:7");
	ck_assert_str_eq(l->service, "echo");
	ck_assert_uint_eq(l->wall_us, 1700000000000000u);
	ck_assert_uint_eq(seg(0)->ack, 1);
}
END_TEST

/* History first, then what happens meanwhile: the two overlap. */
START_TEST(event_is_taken_once)
{
	load("{\"id\":8,\"iss\":5000,\"irs\":9000,\"skipped\":0,\"events\":[" ACK(
		1, 10) "," ACK(2, 20) "]}");
	feed_text(ACK(1, 10));
	feed_text(ACK(2, 20));
	feed_text(ACK(3, 30));
	ck_assert_uint_eq(l->n, 3);
	ck_assert_uint_eq(l->rec[2].t_us, 20);
}
END_TEST

START_TEST(unwatched_time_is_told_where_it_began)
{
	load("{\"id\":8,\"iss\":5000,\"irs\":9000,\"skipped\":0,"
	     "\"unwatched\":{\"from_us\":15,\"to_us\":25},\"events\":[" ACK(
		     1, 10) "," ACK(2, 20) "]}");
	ck_assert_uint_eq(l->n, 3);
	ck_assert_int_eq(l->rec[1].kind, LIFE_UNWATCHED);
	ck_assert_uint_eq(l->rec[1].t_us, 5);
	ck_assert_uint_eq(l->rec[1].until_us, 15);
}
END_TEST

START_TEST(unwatched_until_now_is_told_at_the_end)
{
	load("{\"id\":8,\"skipped\":0,\"unwatched\":{\"from_us\":25},"
	     "\"events\":[" ACK(1, 10) "," ACK(2, 20) "]}");
	ck_assert_uint_eq(l->n, 3);
	ck_assert_int_eq(l->rec[2].kind, LIFE_UNWATCHED);
	ck_assert_uint_eq(l->rec[2].until_us, LIFE_NONE);
}
END_TEST

/* -------------------------------------------------------------------- bounds */

START_TEST(records_are_bounded)
{
	cJSON *event = cJSON_Parse(
		"{\"time_us\":1,\"event\":\"recovery:metrics_updated\"}");

	for (uint32_t i = 0; i < LIFE_RECS_MAX + 5; i++)
		life_feed(l, event);
	cJSON_Delete(event);
	ck_assert_uint_eq(l->n, LIFE_RECS_MAX);
	ck_assert_uint_eq(l->dropped, 5);
	life_forget(l, l->n);
	feed(1, "recovery:metrics_updated", "\"cwnd\":1");
	ck_assert_uint_eq(l->n, 1);
}
END_TEST

START_TEST(packets_on_their_way_are_bounded)
{
	for (uint32_t i = 0; i < LIFE_WAITING_MAX + 5; i++)
		hit(false, "\"delayed\"", 1 + i, 1, "");
	ck_assert_uint_eq(l->dropped, 5);
	received(1, 6, 1);
	ck_assert_uint_eq(seg(0)->hit.faults, LIFE_F_DELAYED);
	life_end(l);
	ck_assert_uint_eq(l->n, LIFE_WAITING_MAX);
}
END_TEST

static const char *const odd[] = {
	"{}",
	"[]",
	"null",
	"\"x\"",
	"{\"event\":7}",
	"{\"event\":\"transport:packet_sent\"}",
	"{\"event\":\"transport:packet_sent\",\"seq\":\"x\",\"len\":-1,"
	"\"sack\":[[1],[2,3,4],7],\"flags\":[]}",
	"{\"event\":\"transport:packet_sent\",\"len\":1e300,\"seq\":1e18,"
	"\"gso\":1,\"sack\":[[1,2],[1,2],[1,2],[1,2],[1,2],[1,2]]}",
	"{\"event\":\"transport:packet_received\",\"time_us\":null}",
	"{\"event\":\"impairment:applied\",\"faults\":7,\"dir\":null}",
	"{\"event\":\"impairment:applied\",\"faults\":[7,\"lost\",\"x\"],"
	"\"dir\":\"out\",\"len\":4294967295}",
	"{\"event\":\"connectivity:connection_state_updated\",\"old\":\"\\u001b[2J"
	"averyveryverylongnamethatnostatehaseverhad\"}",
	"{\"event\":\"recovery:packet_lost\",\"len\":1e15,\"cause\":{}}",
};

START_TEST(odd_events_do_no_harm)
{
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		feed_text(
			odd[(i + (size_t)_i) % (sizeof(odd) / sizeof(odd[0]))]);
	life_end(l);
	for (size_t i = 0; i < l->n; i++) {
		if (l->rec[i].kind != LIFE_STATE)
			continue;
		ck_assert_ptr_null(strchr(l->rec[i].state.from, '\033'));
		ck_assert_uint_lt(strlen(l->rec[i].state.from), LIFE_WORD);
	}
}
END_TEST

Suite *suite_cli_life_load(void)
{
	Suite *s = suite_create("cli/life_load");
	TCase *tc = tcase_create("load");

	tcase_add_checked_fixture(tc, life_setup, life_teardown);
	tcase_add_test(tc, jump_in_the_numbers_is_what_was_not_kept);
	tcase_add_test(tc, event_is_taken_once);
	tcase_add_test(tc, unwatched_time_is_told_where_it_began);
	tcase_add_test(tc, unwatched_until_now_is_told_at_the_end);
	tcase_add_test(tc, records_are_bounded);
	tcase_add_test(tc, packets_on_their_way_are_bounded);
	tcase_add_loop_test(tc, odd_events_do_no_harm, 0,
			    (int)(sizeof(odd) / sizeof(odd[0])));
	suite_add_tcase(s, tc);
	return s;
}

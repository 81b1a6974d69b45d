/* SPDX-License-Identifier: MIT */
/*
 * test_life.c - what a connection's events become
 *
 * Method: feed events as the daemon writes them, look at the records.  Our
 * initial sequence number is 5000, the peer's 9000, unless a test says
 * otherwise.
 */

#include <check.h>

#include "lifefeed.h"

/* ------------------------------------------------------------------ numbers */

START_TEST(handshake_counts_from_zero)
{
	feed(1000, "transport:packet_received",
	     "\"flags\":\"S\",\"seq\":%u,\"ack\":0,\"wnd\":64240,\"len\":0",
	     IRS);
	feed(1010, "connectivity:connection_state_updated",
	     "\"old\":\"LISTEN\",\"new\":\"SYN-RECEIVED\"");
	feed(1020, "transport:packet_sent",
	     "\"flags\":\"S.\",\"seq\":%u,\"ack\":%u,\"wnd\":65535,\"len\":0",
	     ISS, IRS + 1);
	acked(1050, 1, "");
	life_end(l);

	ck_assert_uint_eq(l->n, 4);
	ck_assert_uint_eq(l->id, 3);
	ck_assert_str_eq(l->local, "10.7.0.2:7");
	ck_assert_str_eq(l->remote, "10.7.0.1:40000");
	ck_assert(l->iss_known && l->irs_known);
	ck_assert_uint_eq(l->begin_us, 1000);
	ck_assert_uint_eq(seg(0)->seq, 0);
	ck_assert_uint_eq(seg(0)->end, 1);
	ck_assert_uint_eq(seg(0)->ack, LIFE_NONE);
	ck_assert_str_eq(l->rec[1].state.to, "SYN-RECEIVED");
	ck_assert(seg(2)->out);
	ck_assert_uint_eq(seg(2)->ack, 1);
	ck_assert_uint_eq(l->rec[2].t_us, 20);
	ck_assert_uint_eq(seg(3)->ack, 1);
}
END_TEST

START_TEST(numbers_do_not_wrap)
{
	uint32_t seq = 1;

	for (int i = 0; i < 6; i++, seq += 0x40000000u)
		sent(10, seq, 1000, 0);
	life_end(l);

	ck_assert_uint_eq(seg(4)->seq, 0x100000001u);
	ck_assert_uint_eq(seg(5)->seq, 0x140000001u);
}
END_TEST

/* A window probe below the first byte is no number near 2^64. */
START_TEST(nothing_is_below_zero)
{
	sent(10, (uint32_t)-5, 1, 0);
	ck_assert_uint_eq(seg(0)->seq, 0);
}
END_TEST

START_TEST(without_a_beginning_the_first_byte_is_one)
{
	feed_text(
		"{\"time_us\":1,\"event\":\"transport:packet_sent\",\"flags\":\".\","
		"\"seq\":777,\"ack\":888,\"wnd\":9,\"len\":10,\"iss\":0,\"irs\":0}");
	ck_assert_uint_eq(seg(0)->seq, 1);
	ck_assert_uint_eq(seg(0)->ack, 1);
	ck_assert(!l->iss_known && !l->irs_known);
}
END_TEST

/* ------------------------------------------------------------------ cutting */

START_TEST(lost_segment_is_cut_out_of_its_packet)
{
	sent(10, 1, 14480, 1448);
	hit(true, "\"lost\"", 2897, 1448, ",\"tx\":1");
	life_end(l);

	ck_assert_uint_eq(l->n, 3);
	is_run(0, 1, 2897, 0);
	is_run(1, 2897, 4345, LIFE_F_LOST);
	is_run(2, 4345, 14481, 0);
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_eq(seg(i)->part, i + 1);
	ck_assert_uint_eq(seg(0)->segs, 2);
	ck_assert_uint_eq(seg(1)->segs, 1);
	ck_assert_uint_eq(seg(2)->segs, 7);
	ck_assert_uint_eq(seg(0)->flags, LIFE_ACK);
	ck_assert_uint_eq(seg(1)->flags, LIFE_ACK);
	ck_assert_uint_eq(seg(2)->flags, LIFE_ACK | LIFE_PSH);
	ck_assert_str_eq(seg(1)->hit.knob, "script");
	ck_assert_uint_eq(seg(1)->hit.rule, 1);
	ck_assert_uint_eq(seg(1)->hit.step, 1);
	ck_assert(!seg(1)->again);
}
END_TEST

static const struct {
	const char *name;
	uint32_t first; /* segment that is lost, from 0 */
	size_t want_runs;
	size_t want_at;
} edges[] = {
	{ "first", 0, 2, 0 },
	{ "middle", 1, 3, 1 },
	{ "last, short", 3, 2, 1 },
};

START_TEST(cut_at_an_edge_leaves_nothing_empty)
{
	uint32_t seq = 1 + edges[_i].first * 100;
	uint32_t len = edges[_i].first == 3 ? 50 : 100;

	sent(10, 1, 350, 100);
	hit(true, "\"lost\"", seq, len, "");
	life_end(l);

	ck_assert_msg(l->n == edges[_i].want_runs, "%s: %zu runs",
		      edges[_i].name, l->n);
	is_run(edges[_i].want_at, seq, seq + len, LIFE_F_LOST);
	for (size_t i = 0; i < l->n; i++)
		ck_assert_uint_gt(seg(i)->len, 0);
}
END_TEST

START_TEST(neighbours_of_one_fate_are_one_run)
{
	sent(10, 1, 500, 100);
	hit(true, "\"delayed\"", 1, 100, ",\"delay_us\":300");
	hit(true, "\"delayed\"", 101, 100, ",\"delay_us\":200");
	hit(true, "\"lost\"", 201, 100, "");
	hit(true, "\"delayed\"", 301, 100, ",\"delay_us\":400");
	hit(true, "\"delayed\"", 401, 100, ",\"delay_us\":400");
	life_end(l);

	ck_assert_uint_eq(l->n, 3);
	is_run(0, 1, 201, LIFE_F_DELAYED);
	is_run(1, 201, 301, LIFE_F_LOST);
	is_run(2, 301, 501, LIFE_F_DELAYED);
	ck_assert_uint_eq(seg(0)->segs, 2);
	ck_assert_uint_eq(seg(0)->hit.delay_us, 200);
	ck_assert_uint_eq(seg(0)->hit.delay_max_us, 300);
	ck_assert_uint_eq(seg(2)->flags, LIFE_ACK | LIFE_PSH);
}
END_TEST

START_TEST(whole_packet_and_bare_ack_are_not_cut)
{
	sent(10, 1, 100, 0);
	hit(true, "\"corrupted\"", 1, 100, "");
	sent(10, 101, 0, 0);
	hit(true, "\"duplicated\"", 101, 0, "");
	life_end(l);

	ck_assert_uint_eq(l->n, 2);
	is_run(0, 1, 101, LIFE_F_CORRUPTED);
	is_run(1, 101, 101, LIFE_F_DUPLICATED);
	ck_assert_uint_eq(seg(0)->part, 0);
}
END_TEST

START_TEST(last_packet_is_not_settled)
{
	sent(10, 1, 100, 0);
	ck_assert_uint_eq(l->settled, 0);
	hit(true, "\"lost\"", 1, 100, "");
	ck_assert_uint_eq(l->settled, 0);
	sent(10, 101, 100, 0);
	ck_assert_uint_eq(l->settled, 1);
	acked(30, 1, "");
	ck_assert_uint_eq(l->settled, 3);

	life_forget(l, 2);
	ck_assert_uint_eq(l->n, 1);
	ck_assert_uint_eq(l->settled, 1);
	sent(10, 201, 300, 100);
	hit(true, "\"lost\"", 301, 100, "");
	ck_assert_uint_eq(l->n, 4);
	is_run(2, 301, 401, LIFE_F_LOST);
}
END_TEST

START_TEST(what_befell_a_packet_may_be_told_first)
{
	sent(10, 1, 100, 0);
	hit(true, "\"lost\"", 201, 100, ",\"tx\":1");
	hit(true, "\"delayed\"", 301, 50, ",\"tx\":1");
	sent(10, 101, 250, 100);
	sent(10, 351, 100, 0);
	life_end(l);

	ck_assert_uint_eq(l->n, 5);
	is_run(0, 1, 101, 0);
	is_run(1, 101, 201, 0);
	is_run(2, 201, 301, LIFE_F_LOST);
	is_run(3, 301, 351, LIFE_F_DELAYED);
	is_run(4, 351, 451, 0);
	for (size_t i = 0; i < l->n; i++)
		ck_assert(seg(i)->seen && !seg(i)->again);
	ck_assert_uint_eq(seg(3)->part, 3);
}
END_TEST

/* The packet itself was not kept, or came in a batch that was. */
START_TEST(impairment_alone_is_a_segment)
{
	hit(true, "\"lost\"", 301, 100, "");
	life_end(l);

	ck_assert_uint_eq(l->n, 1);
	is_run(0, 301, 401, LIFE_F_LOST);
	ck_assert(seg(0)->out && !seg(0)->seen);
}
END_TEST

/* -------------------------------------------------------------- on its way in */

START_TEST(delay_on_the_way_in_is_told_on_arrival)
{
	hit(false, "\"delayed\"", 1, 100, ",\"delay_us\":5000");
	ck_assert_uint_eq(l->n, 0);
	received(200, 101, 100);
	received(5100, 1, 100);
	life_end(l);

	ck_assert_uint_eq(l->n, 2);
	is_run(0, 101, 201, 0);
	is_run(1, 1, 101, LIFE_F_DELAYED);
	ck_assert_uint_eq(seg(1)->hit.delay_us, 5000);
	ck_assert(seg(1)->late && !seg(1)->again);
	ck_assert(!seg(0)->late);
}
END_TEST

START_TEST(second_copy_is_known_as_one)
{
	hit(false, "\"duplicated\"", 1, 100, "");
	received(200, 1, 100);
	received(201, 1, 100);
	received(300, 1, 100);
	life_end(l);

	ck_assert(!seg(0)->copy && !seg(0)->again);
	ck_assert_uint_eq(seg(0)->hit.faults, LIFE_F_DUPLICATED);
	ck_assert(seg(1)->copy && !seg(1)->again);
	ck_assert(!seg(2)->copy && seg(2)->again);
	ck_assert_uint_eq(seg(2)->hit.faults, 0);
}
END_TEST

START_TEST(what_was_lost_on_the_way_in_comes_again)
{
	hit(false, "\"lost\"", 1, 100, "");
	received(200, 101, 100);
	received(300, 1, 100);
	life_end(l);

	ck_assert_uint_eq(l->n, 3);
	is_run(0, 1, 101, LIFE_F_LOST);
	ck_assert(!seg(0)->out && !seg(0)->seen && !seg(0)->again);
	ck_assert(!seg(1)->again && !seg(1)->late);
	ck_assert(seg(2)->again && seg(2)->seen);
}
END_TEST

START_TEST(what_was_lost_makes_nothing_late)
{
	hit(false, "\"lost\"", 201, 100, "");
	received(200, 1, 100);
	received(200, 301, 100);
	received(300, 101, 100);
	life_end(l);

	ck_assert(!seg(1)->late && !seg(2)->late);
	ck_assert(seg(3)->late);
}
END_TEST

START_TEST(what_never_arrives_is_told_at_the_end)
{
	hit(false, "\"held\"", 1, 100, "");
	received(200, 101, 100);
	life_end(l);

	ck_assert_uint_eq(l->n, 2);
	is_run(1, 1, 101, LIFE_F_HELD);
	ck_assert(!seg(1)->seen);
}
END_TEST

/* Holes beyond what is remembered are forgotten, not written behind the end. */
START_TEST(many_holes_do_no_harm)
{
	for (uint32_t i = 0; i < 500; i++)
		received(10, 1 + 200 * i, 100);
	for (uint32_t i = 0; i < 500; i++)
		received(10, 101 + 200 * i, 100);
	received(10, 1, 100000);
	life_end(l);
	ck_assert(seg(1000)->again);
	ck_assert(seg(998)->late);
}
END_TEST

/* --------------------------------------------------------------------- acks */

START_TEST(duplicate_acks_are_counted)
{
	sent(10, 1, 5000, 1000);
	acked(20, 1, "");
	acked(21, 1, ",\"sack\":[[6001,7001]]");
	acked(22, 1, ",\"sack\":[[6001,8001]]");
	acked(23, 5001, "");
	acked(24, 5001, "");
	life_end(l);

	ck_assert_uint_eq(seg(1)->dup, 0);
	ck_assert_uint_eq(seg(2)->dup, 1);
	ck_assert_uint_eq(seg(3)->dup, 2);
	ck_assert_uint_eq(seg(4)->dup, 0);
	ck_assert_uint_eq(seg(5)->dup, 0); /* nothing is under way */
	ck_assert_uint_eq(seg(3)->nsack, 1);
	ck_assert_uint_eq(seg(3)->sack[0][0], 1001);
	ck_assert_uint_eq(seg(3)->sack[0][1], 3001);
	ck_assert(!seg(3)->dsack);
}
END_TEST

/* RFC 2883: the first block is below the ACK, or inside the second. */
START_TEST(dsack_is_told_from_sack)
{
	sent(10, 1, 5000, 1000);
	acked(21, 1001, ",\"sack\":[[5501,6001],[7001,8001]]");
	acked(22, 1001, ",\"sack\":[[7001,7501],[7001,8001]]");
	acked(23, 1001, ",\"sack\":[[8501,9001],[7001,8001]]");
	life_end(l);

	ck_assert(seg(1)->dsack);
	ck_assert(seg(2)->dsack);
	ck_assert(!seg(3)->dsack);
}
END_TEST

/* --------------------------------------------------------- what else happens */

START_TEST(loss_tells_cause_and_bytes)
{
	sent(10, 1, 1000, 0);
	feed(20, "recovery:packet_lost",
	     "\"cause\":\"rack\",\"seq\":%u,\"len\":1000,\"rto_us\":200000",
	     ISS + 1);
	feed(30, "transport:packet_sent",
	     "\"flags\":\"P.\",\"seq\":%u,\"ack\":%u,\"wnd\":9,\"len\":1000,"
	     "\"cause\":\"rack\",\"since_us\":20,\"cwnd\":7000,\"ssthresh\":7000,"
	     "\"rto_us\":200000",
	     ISS + 1, IRS + 1);
	life_end(l);

	ck_assert_int_eq(l->rec[1].kind, LIFE_LOST);
	ck_assert_int_eq(l->rec[1].lost.cause, LIFE_CAUSE_RACK);
	ck_assert_uint_eq(l->rec[1].lost.seq, 1);
	ck_assert_uint_eq(l->rec[1].lost.end, 1001);
	ck_assert(seg(2)->again);
	ck_assert_int_eq(seg(2)->cause, LIFE_CAUSE_RACK);
	ck_assert_uint_eq(seg(2)->since_us, 20);
	ck_assert_uint_eq(seg(2)->cwnd, 7000);
	ck_assert_uint_eq(seg(2)->rto_us, 200000);
	ck_assert_uint_eq(life_last_sent(l, 500, 1), 0);
	ck_assert_uint_eq(life_last_sent(l, 500, l->n), 2);
	ck_assert_uint_eq(life_last_sent(l, 1001, l->n), l->n);
}
END_TEST

START_TEST(metrics_without_a_threshold_say_so)
{
	feed(1, "recovery:metrics_updated",
	     "\"cwnd\":14480,\"srtt_us\":0,\"rto_us\":1000000");
	feed(2, "recovery:metrics_updated",
	     "\"cwnd\":7240,\"ssthresh\":7240,\"srtt_us\":9,\"rto_us\":200000");
	ck_assert_uint_eq(l->rec[0].metrics.ssthresh, LIFE_NONE);
	ck_assert_uint_eq(l->rec[1].metrics.ssthresh, 7240);
}
END_TEST

START_TEST(end_is_told)
{
	ck_assert(l->open);
	feed(1, "connectivity:connection_closed",
	     "\"reason\":\"reset\",\"bytes_in\":1,\"bytes_out\":2,\"retrans\":3,"
	     "\"age_us\":4");
	ck_assert(!l->open);
	ck_assert_str_eq(l->rec[0].closed.reason, "reset");
	ck_assert_uint_eq(l->rec[0].closed.retrans, 3);
}
END_TEST

Suite *suite_cli_life(void)
{
	Suite *s = suite_create("cli/life");
	TCase *tc = tcase_create("life");

	tcase_add_checked_fixture(tc, life_setup, life_teardown);
	tcase_add_test(tc, handshake_counts_from_zero);
	tcase_add_test(tc, numbers_do_not_wrap);
	tcase_add_test(tc, nothing_is_below_zero);
	tcase_add_test(tc, without_a_beginning_the_first_byte_is_one);
	tcase_add_test(tc, lost_segment_is_cut_out_of_its_packet);
	tcase_add_loop_test(tc, cut_at_an_edge_leaves_nothing_empty, 0, 3);
	tcase_add_test(tc, neighbours_of_one_fate_are_one_run);
	tcase_add_test(tc, whole_packet_and_bare_ack_are_not_cut);
	tcase_add_test(tc, last_packet_is_not_settled);
	tcase_add_test(tc, what_befell_a_packet_may_be_told_first);
	tcase_add_test(tc, impairment_alone_is_a_segment);
	tcase_add_test(tc, delay_on_the_way_in_is_told_on_arrival);
	tcase_add_test(tc, second_copy_is_known_as_one);
	tcase_add_test(tc, what_was_lost_on_the_way_in_comes_again);
	tcase_add_test(tc, what_was_lost_makes_nothing_late);
	tcase_add_test(tc, what_never_arrives_is_told_at_the_end);
	tcase_add_test(tc, many_holes_do_no_harm);
	tcase_add_test(tc, duplicate_acks_are_counted);
	tcase_add_test(tc, dsack_is_told_from_sack);
	tcase_add_test(tc, loss_tells_cause_and_bytes);
	tcase_add_test(tc, metrics_without_a_threshold_say_so);
	tcase_add_test(tc, end_is_told);
	suite_add_tcase(s, tc);
	return s;
}

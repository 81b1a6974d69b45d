/* SPDX-License-Identifier: MIT */
/*
 * test_stream_tls.c - secure channels between two stacks, in virtual time
 *
 * Method: services with tls=yes on one stack, connections opened by the other.
 * Handshakes that fail are in test_tls_handshake.c.
 */

#include "daemon/svc/fault.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"
#include "tlsworld.h"

#define TEXT "nobody else can read this"
#define LEN  (sizeof(TEXT) - 1)

/* -------------------------------------------------------------------- data */

START_TEST(echo_comes_back_through_the_channel)
{
	struct tlsworld r;
	struct probe *p;

	tlsworld_init(&r);
	p = tlsworld_up(&r, ECHO_PORT);
	ck_assert_uint_eq(tlsworld_stats(&r, 0).open, 1);
	probe_send(p, TEXT, LEN);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert_uint_eq(p->in_len, LEN);
	ck_assert_mem_eq(p->in, TEXT, LEN);
	ck_assert_uint_eq(tlsworld_counter(&r, SVC_C_TLS_HANDSHAKES), 1);
	ck_assert_uint_eq(tlsworld_counter(&r, SVC_C_TLS_BYTES_IN), LEN);
	ck_assert_uint_eq(tlsworld_counter(&r, SVC_C_TLS_BYTES_OUT), LEN);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

START_TEST(long_streams_arrive_whole_and_in_order)
{
	struct tlsworld r;
	struct probe *p;

	tlsworld_init(&r);
	p = tlsworld_up(&r, ECHO_PORT);
	probe_send(p, r.bytes, BIG);
	svcworld_run(&r.sw, 10 * SECOND_US);
	ck_assert_uint_eq(p->in_len, BIG);
	EXPECT_MEM_EQ(p->in, r.bytes, BIG);
	ck_assert_uint_eq(tlsworld_stats(&r, 0).bytes_in, BIG);
	ck_assert_uint_eq(tlsworld_stats(&r, 0).bytes_out, BIG);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

/* chargen writes a buffer of 63 KB as a whole, whatever room there is. */
START_TEST(buffers_are_written_as_a_whole)
{
	struct tlsworld r;
	struct probe *p;

	tlsworld_init(&r);
	p = tlsworld_up(&r, CHARGEN_PORT);
	while (p->in_len < BIG)
		svcworld_run(&r.sw, SECOND_US / 100);
	for (uint32_t i = 0; i < BIG; i++) {
		uint32_t line = i / 74;
		uint32_t column = i % 74;
		uint32_t want = column == 72   ? '\r'
				: column == 73 ? '\n'
					       : ' ' + (line + column) % 95;

		EXPECT_EQ(p->in[i], want);
	}
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

/* ----------------------------------------------------------------- the end */

START_TEST(end_goes_both_ways_by_close_notify)
{
	struct tlsworld r;
	struct probe *p;

	tlsworld_init(&r);
	p = tlsworld_up(&r, ECHO_PORT);
	probe_send(p, r.bytes, 100000);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert_int_eq(stream_shutdown(&p->st), 0);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert(p->peer_closed);
	ck_assert_uint_eq(p->in_len, 100000);
	ck_assert_uint_eq(tlsworld_stats(&r, 0).open, 0);
	ck_assert_uint_eq(tlsworld_counter(&r, SVC_C_TLS_CLOSE_NOTIFY_IN), 1);
	ck_assert_uint_eq(tlsworld_counter(&r, SVC_C_TLS_CLOSE_NOTIFY_OUT), 1);
	ck_assert_uint_eq(tlsworld_counter(&r, SVC_C_TLS_CUT), 0);
	ck_assert_uint_eq(r.notes, 0);
	stream_close(&p->st);
	svcworld_run(&r.sw, 10 * SECOND_US);
	ck_assert(p->closed);
	ck_assert_int_eq(p->end, 0);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

/* What the service has written still goes out, but it is told of the cut. */
START_TEST(fin_without_close_notify_is_a_cut)
{
	struct ustack_conn c;
	struct probe *p;
	struct tlsworld r;

	tlsworld_init(&r);
	p = tlsworld_up(&r, ECHO_PORT);
	probe_send(p, r.bytes, 10000);
	c = (struct ustack_conn){ .index = (uint32_t)p->st.conn,
				  .gen = (uint32_t)(p->st.conn >> 32) };
	ustack_shutdown(r.sw.w.host[0].s, c);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert_uint_eq(p->in_len, 10000);
	ck_assert_uint_eq(tlsworld_counter(&r, SVC_C_TLS_CUT), 1);
	ck_assert_uint_eq(tlsworld_counter(&r, SVC_C_TLS_CLOSE_NOTIFY_OUT), 1);
	ck_assert_uint_eq(tlsworld_stats(&r, 0).open, 0);
	ck_assert_ptr_nonnull(strstr(r.said, "service echo-tls: conn="));
	ck_assert_ptr_nonnull(strstr(r.said, "10.7.0.1:"));
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

START_TEST(reset_is_a_cut)
{
	struct probe *p;
	struct tlsworld r;

	tlsworld_init(&r);
	p = tlsworld_up(&r, ECHO_PORT);
	probe_free(&r.sw, p);
	ck_assert_uint_eq(tlsworld_counter(&r, SVC_C_TLS_CUT), 1);
	ck_assert_uint_eq(tlsworld_stats(&r, 0).open, 0);
	tlsworld_fini(&r);
}
END_TEST

/* As ustack_close(): nobody has read it, and the peer has to know. */
START_TEST(close_with_unread_data_resets)
{
	struct probe *p;
	struct tlsworld r;

	tlsworld_init(&r);
	p = tlsworld_up(&r, ECHO_PORT);
	p->deaf = true;
	probe_send(p, TEXT, LEN);
	svcworld_run(&r.sw, SECOND_US);
	stream_close(&p->st);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert(p->closed);
	ck_assert_uint_eq(tlsworld_stats(&r, 0).open, 0);
	ck_assert_uint_eq(tlsworld_counter(&r, SVC_C_TLS_CUT), 1);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

/* A peer that says nothing after our end holds nothing for long. */
START_TEST(silent_peer_is_waited_for_a_bounded_time)
{
	struct stream_tls_info info;
	struct probe *p;
	struct tlsworld r;

	tlsworld_init(&r);
	p = tlsworld_up(&r, ECHO_PORT);
	tls_set_close(svc_secure(r.sw.set[1]));
	svcworld_run(&r.sw, SECOND_US);
	ck_assert(p->peer_closed);
	ck_assert(!p->closed);
	ck_assert(stream_tls_info(svc_secure(r.sw.set[0]), p->st.conn, &info));
	ck_assert_int_eq(info.phase, STREAM_TLS_OPEN);
	probe_send(p, TEXT, LEN);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert(p->closed);
	ck_assert_int_eq(p->end, -ERR_CONNRESET);
	probe_free(&r.sw, p);

	p = tlsworld_up(&r, ECHO_PORT);
	tls_set_close(svc_secure(r.sw.set[1]));
	svcworld_run(&r.sw, 200 * SECOND_US);
	ck_assert_uint_eq(tlsworld_stats(&r, 0).open, 0);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

/* --------------------------------------------------------------- back-pressure */

/* A peer that does not read stops the service, which stops the peer. */
START_TEST(bytes_wait_where_they_are_if_nobody_reads)
{
	struct probe *p;
	struct tlsworld r;
	size_t sent;

	tlsworld_init(&r);
	p = tlsworld_up(&r, ECHO_PORT);
	p->deaf = true;
	for (sent = 0; p->out_off == p->out_len; sent += BIG) {
		EXPECT_LT(sent, 100 * BIG);
		probe_send(p, r.bytes, BIG);
		svcworld_run(&r.sw, SECOND_US);
	}
	sent = p->out_off;
	svcworld_run(&r.sw, SECOND_US);
	ck_assert_uint_eq(p->out_off, sent);
	p->deaf = false;
	ck_assert_int_eq(p->st.ops->poke(p->st.host, p->st.conn), 0);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert_uint_gt(p->out_off, sent);
	ck_assert_uint_gt(p->in_len, BIG);
	EXPECT_MEM_EQ(p->in, r.bytes, BIG);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

static void fault(struct tlsworld *r, uint64_t bytes_per_s)
{
	const struct svc_fault f = { .port = ECHO_PORT,
				     .bytes_per_s = bytes_per_s };

	ck_assert_int_eq(svc_fault_set(r->sw.set[1], &f), 0);
}

START_TEST(stalled_service_reads_on_when_it_is_let_go)
{
	struct probe *p;
	struct tlsworld r;

	tlsworld_init(&r);
	p = tlsworld_up(&r, ECHO_PORT);
	fault(&r, 0);
	probe_send(p, r.bytes, 200000);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert_uint_eq(p->in_len, 0);
	ck_assert_uint_eq(svc_fault_off(r.sw.set[1], 0, ECHO_PORT), 1);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert_uint_eq(p->in_len, 200000);
	EXPECT_MEM_EQ(p->in, r.bytes, 200000);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

/*
 * Cryptography takes time: others have a turn before a long queue is done.  One
 * record was read before; eight are a turn, and what is left of a ninth, for those
 * of TLS 1.3 are a byte short of 16 KB.
 */
START_TEST(long_queue_takes_more_than_a_turn)
{
	struct tlsworld r;
	struct probe *p;
	const struct svc_fault stall = { .port = DISCARD_PORT };
	uint64_t first;

	tlsworld_init(&r);
	p = tlsworld_up(&r, DISCARD_PORT);
	ck_assert_int_eq(svc_fault_set(r.sw.set[1], &stall), 0);
	probe_send(p, r.bytes, 200000);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert_uint_eq(svc_fault_off(r.sw.set[1], 0, DISCARD_PORT), 1);
	fakeloop_advance(&r.sw.loop, 0);
	first = tlsworld_stats(&r, 1).bytes_in;
	ck_assert_uint_gt(first, 0);
	ck_assert_uint_le(first, 10 * TLS_PLAIN_MAX);
	svcworld_run(&r.sw, SECOND_US);
	ck_assert_uint_eq(tlsworld_stats(&r, 1).bytes_in, 200000);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

START_TEST(slow_reader_reads_by_its_rate)
{
	struct probe *p;
	struct tlsworld r;

	tlsworld_init(&r);
	p = tlsworld_up(&r, ECHO_PORT);
	fault(&r, 10000);
	probe_send(p, r.bytes, 50000);
	for (int i = 0; i <= 100; i++) {
		svc_set_tick(r.sw.set[1], r.sw.w.now_us);
		svcworld_run(&r.sw, SVC_FAULT_TICK_US);
	}
	ck_assert_uint_ge(p->in_len, 9500);
	ck_assert_uint_le(p->in_len, 10500);
	EXPECT_MEM_EQ(p->in, r.bytes, p->in_len);
	probe_free(&r.sw, p);
	tlsworld_fini(&r);
}
END_TEST

Suite *suite_daemon_stream_tls(void)
{
	Suite *s = suite_create("daemon/svc/stream_tls");
	TCase *tc = tcase_create("data");

	tcase_add_test(tc, echo_comes_back_through_the_channel);
	tcase_add_test(tc, long_streams_arrive_whole_and_in_order);
	tcase_add_test(tc, buffers_are_written_as_a_whole);
	suite_add_tcase(s, tc);
	tc = tcase_create("end");
	tcase_add_test(tc, end_goes_both_ways_by_close_notify);
	tcase_add_test(tc, fin_without_close_notify_is_a_cut);
	tcase_add_test(tc, reset_is_a_cut);
	tcase_add_test(tc, close_with_unread_data_resets);
	tcase_add_test(tc, silent_peer_is_waited_for_a_bounded_time);
	suite_add_tcase(s, tc);
	tc = tcase_create("back-pressure");
	tcase_add_test(tc, bytes_wait_where_they_are_if_nobody_reads);
	tcase_add_test(tc, stalled_service_reads_on_when_it_is_let_go);
	tcase_add_test(tc, long_queue_takes_more_than_a_turn);
	tcase_add_test(tc, slow_reader_reads_by_its_rate);
	suite_add_tcase(s, tc);
	return s;
}

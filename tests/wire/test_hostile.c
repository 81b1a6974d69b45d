/* SPDX-License-Identifier: MIT */
/*
 * test_hostile.c - peers that make sending dear: tiny segments, tiny windows,
 *		    windows that never open ("sockstress")
 */

#include "suites.h"
#include "wire.h"

#define QUEUED 200000u

static uint64_t mem_used(struct peer *p)
{
	struct ustack_gauges g;

	ustack_gauges(p->h.s, &g);
	return g.mem_used;
}

/* Answer all that was sent, by an ACK each; returns the segments. */
static uint32_t ack_each(struct peer *p, uint32_t *una, uint16_t wnd,
			 uint32_t *longest)
{
	uint32_t n = 0;
	struct pseg s;

	while (peer_rx(p, &s)) {
		*longest = max_u32(*longest, s.len);
		if (s.len > 0 && s.seq == *una)
			*una += s.len;
		n++;
	}
	for (uint32_t i = 0; i < n; i++)
		peer_tx(p, seg_wnd(1, *una, wnd));
	return n;
}

/* MUST-16 and a floor as Linux has one: an MSS of 1 makes segments of 88 bytes,
 * and what stands behind the data sent stays in proportion to it.
 */
START_TEST(tiny_mss_costs_a_bounded_number_of_segments)
{
	uint32_t una = 1, segs = 0, longest = 0;
	uint64_t before, most = 0;
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_open_with(&p, (struct pseg){ .mss = 1 });
	before = mem_used(&p);
	ck_assert_int_eq(peer_send(&p, QUEUED), QUEUED);
	while (una < QUEUED + 1) {
		uint32_t n = ack_each(&p, &una, 65535, &longest);

		ck_assert_uint_gt(n, 0);
		segs += n;
		most = max_u64(most, mem_used(&p) - before);
	}
	ck_assert_uint_eq(longest, 88);
	ck_assert_uint_le(segs, QUEUED / 88 + QUEUED / 440);
	ck_assert_uint_le(most, 3 * QUEUED);
	peer_fini(&p);
}
END_TEST

/* The same with a hole behind each of them: a record for every segment that is
 * in flight is the worst (CVE-2019-11478).
 */
START_TEST(holes_between_tiny_segments_cost_memory_in_proportion)
{
	uint32_t una = 1, flight;
	uint64_t before;
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_open_with(&p,
		       (struct pseg){ .mss = 1, .has = TCP_OPT_HAS_SACK_OK });
	ck_assert_int_eq(peer_send(&p, 2 * QUEUED), 2 * QUEUED);
	for (uint32_t i = 0; i < 400 && peer_info(&p).unacked < 30000; i++) {
		una += 88;
		peer_tx(&p, seg_ack(1, una));
		peer_drain(&p);
	}
	ck_assert_uint_ge(peer_info(&p).unacked, 30000);
	peer_drain(&p);
	before = mem_used(&p);
	flight = peer_info(&p).unacked;
	for (uint32_t off = 88; off + 88 <= flight; off += 2 * 88) {
		struct pseg s = seg_ack(1, una);

		s.has = TCP_OPT_HAS_SACK;
		s.nsack = 1;
		s.sack[0].start = una + off;
		s.sack[0].end = una + off + 88;
		peer_tx(&p, s);
		peer_drain(&p);
	}
	flight = peer_info(&p).unacked; /* each let some more leave */
	ck_assert_uint_le(mem_used(&p) - before, 2 * flight);
	peer_advance(&p, SEC(1));
	peer_drain(&p);
	peer_fini(&p);
}
END_TEST

/* MUST-38: a window of one byte draws one byte an ACK, never a stream; memory
 * does not grow, be it for 10000 of them.
 */
START_TEST(window_of_one_byte_costs_a_segment_an_ack)
{
	uint32_t una = 1, segs = 0, longest = 0;
	uint64_t before;
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_open_with(&p, (struct pseg){ .mss = 1460, .wnd = 1 });
	ck_assert_int_eq(peer_send(&p, QUEUED), QUEUED);
	before = mem_used(&p);
	for (uint32_t i = 0; i < 10000; i++) {
		segs += ack_each(&p, &una, 1, &longest);
		ck_assert_uint_le(mem_used(&p), before + 8192);
	}
	ck_assert_uint_eq(longest, 1);
	ck_assert_uint_le(segs, 10001);
	ck_assert_uint_eq(una, segs + 1);
	peer_fini(&p);
}
END_TEST

/* The same after a window that was large: nothing leaves but by the timer. */
START_TEST(window_that_became_tiny_is_used_by_the_timer_alone)
{
	uint32_t una = 1, segs = 0, longest = 0;
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_wnd(1, 1, 1));
	ck_assert_int_eq(peer_send(&p, QUEUED), QUEUED);
	for (uint32_t i = 0; i < 1000; i++) {
		peer_advance(&p, MS(1));
		segs += ack_each(&p, &una, 1, &longest);
	}
	ck_assert_uint_le(segs, 6); /* in a second: each 200 ms */
	peer_fini(&p);
}
END_TEST

static const struct {
	const char *name;
	uint16_t wnd;
	bool drip; /* opens by @wnd for each byte, else stays shut */
	bool answers;
} sinks[] = {
	{ "never answers", 0, false, false },
	{ "answers probes with a shut window", 0, false, true },
	{ "opens by one byte at a time", 1, true, true },
	{ "opens by a hundred", 100, true, true },
};

#define SINKS ((int)WIRE_ROWS(sinks))

/* res-2, 6429-1: "sockstress": the peer asks for much, shuts its window, and we
 * close: within two minutes nothing of it is left, whatever it answers.
 */
START_TEST(data_for_a_peer_that_takes_none_is_given_up)
{
	uint16_t wnd = sinks[_i / 2].wnd;
	uint64_t before;
	struct peer p;
	struct pseg s;
	uint32_t una;

	wire_init(&p, _i % 2, NULL);
	peer_open_with(&p, (struct pseg){ .mss = 1460 });
	before = mem_used(&p);
	peer_tx(&p, seg_wnd(1, 1, 0));
	ck_assert_int_eq(peer_send(&p, QUEUED), QUEUED);
	wire_close(&p);
	una = 1;
	for (uint32_t i = 0; i < 1200 && peer_states(&p, USTACK_FIN_WAIT_1);
	     i++) {
		peer_advance(&p, MS(100));
		while (peer_rx(&p, &s)) {
			if (!sinks[_i / 2].answers)
				continue;
			if (sinks[_i / 2].drip && s.seq == una)
				una += s.len;
			peer_tx(&p, seg_wnd(1, una, 0));
			if (sinks[_i / 2].drip)
				peer_tx(&p, seg_wnd(1, una, wnd));
		}
	}
	wire_check_state(&p, USTACK_CLOSED);
	ck_assert_int_eq(p.reason, USTACK_END_TIMEOUT);
	ck_assert_uint_le(mem_used(&p), before);
	peer_fini(&p);
}
END_TEST

/* SHLD-11, res-2: who vanishes after we closed is given up after 100 s, or when
 * the time is over that the application has set (MUST-21).
 */
START_TEST(data_for_a_peer_that_vanished_is_given_up)
{
	uint32_t own_s = _i / 2 ? 300 : 0;
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	if (own_s)
		ck_assert_int_eq(ustack_setopt(p.h.s, p.conn,
					       USTACK_OPT_USER_TIMEOUT,
					       SEC(own_s)),
				 0);
	peer_send(&p, QUEUED);
	wire_close(&p);
	peer_advance(&p, SEC(own_s ? own_s - 1 : 100));
	wire_check_state(&p, USTACK_FIN_WAIT_1);
	peer_advance(&p, SEC(60));
	wire_check_state(&p, USTACK_CLOSED);
	ck_assert_int_eq(p.reason, USTACK_END_TIMEOUT);
	peer_fini(&p);
}
END_TEST

static void little_memory(struct ustack_config *cfg)
{
	cfg->mem_limit_bytes = 8u << 20;
	cfg->sndbuf_max = 1u << 20;
}

static uint32_t open_and_fill(struct peer *p, uint16_t sport)
{
	ptrdiff_t n, total = 0;

	p->isn_known = false;
	peer_tx(p, (struct pseg){ .flags = TCP_SYN, .sport = sport });
	peer_drain(p);
	peer_tx(p, (struct pseg){ .flags = TCP_ACK,
				  .seq = 1,
				  .ack = 1,
				  .wnd0 = true,
				  .sport = sport });
	do {
		n = peer_send(p, 65536);
		total += n > 0 ? n : 0;
	} while (n > 0);
	wire_close(p);
	peer_drain(p);
	return (uint32_t)total;
}

/* SHLD-11: what counts is what was tried since the peer last took something. */
START_TEST(orphan_that_made_progress_is_not_given_up)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_open(&p);
	peer_send(&p, 5000);
	ustack_close(p.h.s, p.conn);
	while (peer_counter(&p, USTACK_C_TCP_TIMEOUTS) < 8)
		peer_advance(&p, SEC(1));
	peer_drain(&p);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK, .seq = 1, .ack = 501 });
	peer_advance(&p, SEC(400)); /* a sample it was not: still backed off */
	ck_assert_int_eq(peer_state(&p), USTACK_FIN_WAIT_1);
	peer_advance(&p, SEC(200));
	ck_assert_int_eq(peer_state(&p), USTACK_CLOSED);
	peer_fini(&p);
}
END_TEST

/* A byte in a segment of its own (no Nagle) costs a record of many bytes: that is
 * what the send buffer bounds, and a peer that lets us send such segments and
 * acknowledges none pins no more.
 */
START_TEST(records_of_tiny_segments_fill_the_send_buffer)
{
	const uint32_t buf = 100000;
	struct peer p;
	uint64_t before;
	uint32_t n = 0;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	ustack_setopt(p.h.s, p.conn, USTACK_OPT_NODELAY, 1);
	ustack_setopt(p.h.s, p.conn, USTACK_OPT_SNDBUF, buf);
	before = mem_used(&p);
	while (n < 5000 && peer_send(&p, 1) == 1) {
		n++;
		peer_drain(&p);
	}
	ck_assert_uint_ge(n, 1000);
	ck_assert_uint_le(mem_used(&p) - before, buf + buf / 4);
	peer_tx(&p, seg_ack(1, 1 + n));
	ck_assert_int_eq(peer_send(&p, 1000), 1000);
	peer_fini(&p);
}
END_TEST

/* All memory that others can have; the number of buffers. */
static uint32_t take_memory(struct peer *p, struct ubuf *others[200])
{
	uint32_t n = 0;

	while (n < 200 && (others[n] = ustack_buf_new(p->h.s, 60000)) != NULL)
		n++;
	ck_assert_uint_lt(n, 200);
	return n;
}

/* 6429-1: memory is short, and orphans hold it: they go after a few
 * probes.
 */
START_TEST(orphans_make_room_when_memory_is_short)
{
	struct ubuf *others[200];
	uint32_t n;
	struct peer p;

	wire_init(&p, _i, little_memory);
	for (uint16_t i = 0; i < 8; i++)
		ck_assert_uint_ge(open_and_fill(&p, (uint16_t)(1000 + i)),
				  100000);
	peer_advance(&p, MS(100));
	ck_assert_uint_eq(peer_states(&p, USTACK_FIN_WAIT_1), 8);
	n = take_memory(&p, others);
	peer_advance(&p, SEC(20));
	peer_drain(&p);
	ck_assert_uint_lt(peer_states(&p, USTACK_FIN_WAIT_1), 8);
	ck_assert_uint_gt(peer_counter(&p, USTACK_C_TCP_OUT_RSTS), 0);
	ck_assert_uint_gt(peer_counter(&p, USTACK_C_TCP_ABORT_ON_TIMEOUT), 0);
	while (n > 0)
		ubuf_put(others[--n]);
	wire_check_listener(&p);
	peer_advance(&p, SEC(200));
	peer_drain(&p);
	peer_fini(&p);
}
END_TEST

/* Not at once: the peer may be there, and a segment be lost. */
START_TEST(orphans_send_again_when_memory_is_short)
{
	struct ubuf *others[200];
	uint32_t n;
	struct peer p;

	wire_init(&p, _i, little_memory);
	peer_open(&p);
	ck_assert_int_eq(peer_send(&p, 1000), 1000);
	wire_close(&p);
	peer_drain(&p);
	n = take_memory(&p, others);
	peer_advance(&p, MS(700));
	peer_drain(&p);
	wire_check_state(&p, USTACK_FIN_WAIT_1);
	peer_tx(&p, seg_ack(1, 1002));
	wire_check_state(&p, USTACK_FIN_WAIT_2);
	while (n > 0)
		ubuf_put(others[--n]);
	peer_fini(&p);
}
END_TEST

/* A slow reader is no attacker: as long as its window opens by what a segment
 * is worth, all that was written arrives.
 */
START_TEST(slow_reader_of_a_closed_connection_gets_everything)
{
	uint32_t una = 1;
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	peer_open_with(&p, (struct pseg){ .mss = 1000 });
	peer_tx(&p, seg_wnd(1, 1, 0));
	ck_assert_int_eq(peer_send(&p, 20000), 20000);
	wire_close(&p);
	while (una <= 20000) { /* a segment in 40 s */
		peer_tx(&p, seg_wnd(1, una, 0));
		peer_advance(&p, SEC(40));
		peer_drain(&p);
		wire_check_state(&p, USTACK_FIN_WAIT_1);
		peer_tx(&p, seg_wnd(1, una, 1000));
		while (peer_rx(&p, &s))
			una = max_u32(una, s.seq + s.len);
	}
	peer_tx(&p, seg_wnd(1, una, 1000));
	peer_advance(&p, SEC(1));
	ck_assert_uint_ge(una, 20001);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_hostile(void)
{
	Suite *s = suite_create("hostile");
	TCase *tc = wire_case(s, "peers");

	tcase_add_loop_test(tc, tiny_mss_costs_a_bounded_number_of_segments, 0,
			    2);
	tcase_add_loop_test(
		tc, holes_between_tiny_segments_cost_memory_in_proportion, 0,
		2);
	tcase_add_loop_test(tc, window_of_one_byte_costs_a_segment_an_ack, 0,
			    2);
	tcase_add_loop_test(
		tc, window_that_became_tiny_is_used_by_the_timer_alone, 0, 2);
	tcase_add_loop_test(tc, data_for_a_peer_that_takes_none_is_given_up, 0,
			    2 * SINKS);
	tcase_add_loop_test(tc, data_for_a_peer_that_vanished_is_given_up, 0,
			    4);
	tcase_add_loop_test(tc, orphan_that_made_progress_is_not_given_up, 0,
			    2);
	tcase_add_loop_test(tc, records_of_tiny_segments_fill_the_send_buffer,
			    0, 2);
	tcase_add_loop_test(tc, orphans_make_room_when_memory_is_short, 0, 2);
	tcase_add_loop_test(tc, orphans_send_again_when_memory_is_short, 0, 2);
	tcase_add_loop_test(
		tc, slow_reader_of_a_closed_connection_gets_everything, 0, 2);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_pmtu.c - segments follow what the path takes (RFC 1191, 8201, 5927
 *		 section 7, 4821 section 7.7)
 */

#include "lossy.h"
#include "quote.h"
#include "suites.h"

#define FULL4 1460u
#define FULL6 1440u

static uint32_t hdrs(const struct peer *p)
{
	return p->v6 ? 60 : 40;
}

static uint32_t full(const struct peer *p)
{
	return p->v6 ? FULL6 : FULL4;
}

/* Five full segments are in flight, numbers 1 and on; nothing waits. */
static void five_in_flight(struct peer *p, int v6)
{
	uint32_t bytes;

	wire_init(p, v6, NULL);
	peer_open(p);
	ck_assert_int_eq(peer_send(p, 5 * full(p)), 5 * full(p));
	ck_assert_uint_eq(wire_take(p, &bytes), 5);
	ck_assert_uint_eq(bytes, 5 * full(p));
}

/* What was sent since, without a gap from @seq on, is @bytes in segments of
 * at most @mss, full but the last of each @stretch. */
static void check_sent(struct peer *p, uint32_t seq, uint32_t bytes,
		       uint32_t mss)
{
	struct pseg s;
	uint32_t got = 0, largest = 0;

	while (peer_rx(p, &s)) {
		ck_assert_uint_eq(s.seq, seq + got);
		ck_assert_uint_le(s.len, mss);
		largest = largest > s.len ? largest : s.len;
		got += s.len;
	}
	ck_assert_uint_eq(got, bytes);
	ck_assert_uint_eq(largest, mss);
}

/* 1191-2, 8201-1, 1191-1: smaller segments, and all that was lost again. */
START_TEST(smaller_mtu_is_followed)
{
	static const uint32_t mtus[] = { 1499, 1300, 1280 };
	uint32_t mtu = mtus[_i / 2], mss, n;
	struct peer p;

	five_in_flight(&p, _i % 2);
	n = 5 * full(&p);
	mss = mtu - hdrs(&p);
	quote_too_big(&p, 1, mtu);
	check_sent(&p, 1, n, mss);
	ck_assert_uint_eq(peer_info(&p).mss, mss);
	ck_assert_uint_eq(peer_info(&p).pmtu, mtu);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_PMTU_LOWERED), 1);
	peer_tx(&p, seg_ack(1, 1 + n));
	peer_send(&p, 3000);
	peer_tx(&p, seg_ack(1, 1 + n + 2 * mss));
	check_sent(&p, 1 + n, 3000, mss);
	peer_fini(&p);
}
END_TEST

/* 1191-6: a smaller MTU is no congestion: cwnd and ssthresh stay as they were,
 * and saying it twice changes nothing. */
START_TEST(smaller_mtu_is_no_congestion)
{
	struct ustack_info before;
	struct peer p;

	five_in_flight(&p, _i);
	before = peer_info(&p);
	quote_too_big(&p, 1, 1300);
	ck_assert_uint_eq(peer_info(&p).cwnd, before.cwnd);
	ck_assert_uint_eq(peer_info(&p).ssthresh, before.ssthresh);
	ck_assert_str_eq(peer_info(&p).cc_state, "open");
	ck_assert_uint_gt(peer_drain(&p), 0);
	ck_assert_uint_gt(peer_counter(&p, USTACK_C_TCP_RETRANS_MTU), 4);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_RETRANS_SEGS),
			  peer_counter(&p, USTACK_C_TCP_RETRANS_MTU));
	quote_too_big(&p, 1, 1300);
	quote_too_big(&p, 1, 1400);
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_ICMP_MTU), 2);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_PMTU_LOWERED), 1);
	peer_tx(&p, seg_ack(1, 1 + 5 * full(&p)));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_TIMEOUTS), 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_FAST_RECOVERIES), 0);
	peer_fini(&p);
}
END_TEST

/* 1191-2: what was short enough has arrived and is not sent again. */
START_TEST(what_fits_is_not_sent_again)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_open(&p);
	ustack_setopt(p.h.s, p.conn, USTACK_OPT_NODELAY, 1);
	peer_send(&p, 100);
	peer_send(&p, full(&p));
	peer_send(&p, 200);
	ck_assert_uint_eq(peer_drain(&p), 3);
	quote_too_big(&p, 101, 1300);
	check_sent(&p, 101, full(&p), 1300 - hdrs(&p));
	peer_fini(&p);
}
END_TEST

static const struct {
	bool v6;
	uint32_t mtu, total;
} nonsense[] = {
	{ false, 9000, 1500 }, { false, 1500, 1500 },
	{ false, 20, 1500 },   { false, 67, 1500 },
	{ false, 1, 1500 },    { false, 1300, 1300 },
	{ false, 1300, 576 },  { true, 9000, 1500 },
	{ true, 1500, 1500 },  { true, 1279, 1500 },
	{ true, 0, 1500 },     { true, 68, 1500 },
	{ true, 1300, 1300 },  { true, 65536 + 1300, 1500 },
};

/* 1191-4, 8201-1, RFC 5927 section 7.2: what cannot be is not followed. */
START_TEST(impossible_mtu_is_ignored)
{
	bool v6 = nonsense[_i].v6;
	struct peer p;

	five_in_flight(&p, v6);
	quote_give(&p, (struct quote){ .type = v6 ? 2 : 3,
				       .code = v6 ? 0 : 4,
				       .seq = 1,
				       .mtu = nonsense[_i].mtu,
				       .total = nonsense[_i].total });
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_info(&p).mss, full(&p));
	ck_assert_uint_eq(peer_info(&p).pmtu, 1500);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_ICMP_MTU), 1);
	peer_fini(&p);
}
END_TEST

/* 1191-4: 552 bytes is the least; below, the packets may be cut on their way,
 * each with an ID of its own then. */
START_TEST(tiny_mtu_stops_at_the_floor_and_clears_df)
{
	static const uint32_t mtus[] = { 68, 296, 551 };
	struct pseg s;
	struct peer p;

	five_in_flight(&p, 0);
	p.df_clear = true;
	quote_too_big(&p, 1, mtus[_i]);
	ck_assert_uint_eq(peer_info(&p).mss, 512);
	for (uint32_t got = 0; got < 5 * FULL4; got += s.len) {
		ck_assert(peer_rx(&p, &s));
		ck_assert(!s.df);
		ck_assert_uint_le(s.len, 512);
	}
	quote_too_big(&p, 1, 68);
	peer_expect_none(&p);
	peer_fini(&p);
}
END_TEST

static const struct {
	uint32_t total, want;
} plateaus[] = {
	{ 1500, 1492 },
	{ 1492, 1006 },
	{ 1400, 1006 },
	{ 20000, 1492 },
};

/* 1191-3, RFC 1191 section 7.1: no MTU in the message: the next plateau. */
START_TEST(mtu_of_zero_is_guessed)
{
	struct peer p;

	five_in_flight(&p, 0);
	quote_give(&p, (struct quote){ .type = 3,
				       .code = 4,
				       .seq = 1,
				       .total = plateaus[_i].total });
	ck_assert_uint_eq(peer_info(&p).pmtu, plateaus[_i].want);
	check_sent(&p, 1, 5 * FULL4, plateaus[_i].want - 40);
	peer_fini(&p);
}
END_TEST

/* 1191-5: ten minutes, counted from the last decrease; nothing is probed
 * meanwhile (4821-1, 4821-2). */
START_TEST(larger_size_is_tried_after_ten_minutes)
{
	uint32_t n, small;
	struct peer p;

	five_in_flight(&p, _i);
	n = 1 + 5 * full(&p);
	small = 1300 - hdrs(&p);
	quote_too_big(&p, 1, 1400);
	peer_drain(&p);
	peer_advance(&p, MS(100));
	quote_too_big(&p, 1, 1300);
	peer_drain(&p);
	peer_tx(&p, seg_ack(1, n));
	peer_advance(&p, SEC(599));
	peer_send(&p, 2 * small);
	check_sent(&p, n, 2 * small, small);
	peer_tx(&p, seg_ack(1, n + 2 * small));
	peer_advance(&p, SEC(2));
	ck_assert_uint_eq(peer_info(&p).pmtu, 1500);
	peer_send(&p, 2 * full(&p));
	check_sent(&p, n + 2 * small, 2 * full(&p), full(&p));
	peer_fini(&p);
}
END_TEST

/* RFC 1191 section 5: the path is the host's: others to it start right, and
 * those that are open follow when they send. */
START_TEST(other_connections_share_the_path)
{
	struct ustack_conn first;
	struct pseg s;
	struct peer p;

	five_in_flight(&p, _i);
	quote_too_big(&p, 1, 1300);
	peer_drain(&p);
	first = p.conn;
	p.isn_known = false;
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .sport = 5, .mss = 1460 });
	s = peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	ck_assert_uint_eq(s.mss, full(&p)); /* what we take is as ever */
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 1,
				   .ack = 1,
				   .sport = 5 });
	ck_assert_uint_ne(p.conn.index, first.index);
	ck_assert_uint_eq(peer_info(&p).mss, 1300 - hdrs(&p));
	peer_fini(&p);
}
END_TEST

/* 8201-2, 5927-3: quotes that are not in flight lower nothing. */
START_TEST(path_is_lowered_only_by_what_is_in_flight)
{
	struct peer p;

	five_in_flight(&p, _i);
	peer_tx(&p, seg_ack(1, 1 + full(&p)));
	quote_too_big(&p, 1, 1300);
	quote_too_big(&p, 1 + 5 * full(&p), 1300);
	ck_assert_uint_eq(peer_info(&p).pmtu, 1500);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_ICMP_SEQ), 2);
	peer_fini(&p);
}
END_TEST

/* MUST-23: whatever is said of a SYN, it is sent again. */
START_TEST(too_big_does_not_stop_an_attempt)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_connect(&p);
	peer_expect(&p, TCP_SYN, 0, 0, 0);
	quote_too_big(&p, 0, _i ? 1280 : 296);
	peer_advance(&p, SEC(1) + MS(1));
	peer_expect(&p, TCP_SYN, 0, 0, 0);
	peer_fini(&p);
}
END_TEST

/* Timeouts until the next segment leaves; it begins at 1. */
static uint32_t next_timeout(struct peer *p)
{
	struct pseg s;

	do
		peer_advance(p, MS(100));
	while (!peer_rx(p, &s));
	ck_assert_uint_eq(s.seq, 1);
	peer_drain(p);
	return s.len;
}

/* 4821-3: three timeouts of a full segment, and nobody says a word. */
START_TEST(black_hole_is_got_round)
{
	struct peer p;

	five_in_flight(&p, _i);
	ck_assert_uint_eq(next_timeout(&p), full(&p));
	ck_assert_uint_eq(next_timeout(&p), full(&p));
	ck_assert_uint_eq(next_timeout(&p), 1280 - hdrs(&p));
	ck_assert_uint_eq(next_timeout(&p), 1280 - hdrs(&p));
	ck_assert_uint_eq(next_timeout(&p), p.v6 ? 1220 : 536);
	ck_assert_uint_eq(next_timeout(&p), p.v6 ? 1220 : 536);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_BLACK_HOLES),
			  p.v6 ? 1 : 2);
	peer_fini(&p);
}
END_TEST

static void jumbo(struct ustack_config *cfg)
{
	cfg->mtu = 9000;
}

/* 4821-3: not full, but more than a usual path takes. */
START_TEST(short_segment_of_a_big_mss_is_cut_in_a_black_hole)
{
	struct peer p;

	wire_init(&p, _i, jumbo);
	peer_open_with(&p, (struct pseg){ .mss = 8940 });
	peer_send(&p, 3000);
	peer_drain(&p);
	ck_assert_uint_eq(next_timeout(&p), 3000);
	ck_assert_uint_eq(next_timeout(&p), 3000);
	ck_assert_uint_eq(next_timeout(&p), 1280 - hdrs(&p));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_BLACK_HOLES), 1);
	peer_fini(&p);
}
END_TEST

/* A window of some small segments is less than one of the size tried again. */
START_TEST(larger_size_is_tried_with_a_small_window)
{
	struct pseg s;
	struct peer p;

	wire_init(&p, _i, jumbo);
	peer_open_with(&p, (struct pseg){ .mss = 8940 });
	peer_send(&p, 3000);
	peer_drain(&p);
	while (peer_counter(&p, USTACK_C_TCP_BLACK_HOLES) == 0)
		peer_advance(&p, MS(100));
	peer_tx(&p, seg_ack(1, 3001));
	peer_advance(&p, SEC(700));
	peer_drain(&p);
	peer_send(&p, 20000);
	ck_assert(peer_rx(&p, &s));
	ck_assert_uint_eq(s.seq, 3001);
	ck_assert_uint_gt(s.len, peer_info(&p).cwnd);
	peer_fini(&p);
}
END_TEST

/* 4821-3: short segments that are lost say nothing about sizes. */
START_TEST(short_segments_find_no_black_hole)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_open(&p);
	peer_send(&p, 500);
	peer_drain(&p);
	for (uint32_t i = 0; i < 6; i++)
		ck_assert_uint_eq(next_timeout(&p), 500);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_BLACK_HOLES), 0);
	ck_assert_uint_eq(peer_info(&p).mss, full(&p));
	peer_fini(&p);
}
END_TEST

static void mtu_1280(struct ustack_config *cfg)
{
	cfg->mtu = 1280;
}

/* 8201-3, 8504-1: on a link of 1280 bytes nothing is longer, or in fragments. */
START_TEST(least_ipv6_mtu_works)
{
	struct pseg s;
	struct peer p;
	uint32_t got = 0;

	peer_init6(&p, mtu_1280);
	s = peer_open_with(&p, (struct pseg){ .mss = 1460 });
	ck_assert_uint_eq(s.mss, 1220);
	peer_send(&p, 10000);
	while (peer_rx(&p, &s)) {
		ck_assert_uint_le(s.len, 1220);
		got += s.len;
	}
	ck_assert_uint_eq(got, 10000);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_IP6_FRAG_CREATES), 0);
	peer_fini(&p);
}
END_TEST

/* "Too big" about the answer to an echo that came out last. */
static void answer_too_big(struct peer *p, uint32_t mtu, uint32_t label_xor)
{
	struct vpkt *v = wire_ip(p, 58, 8 + 60);
	uint8_t *m = v->data + 40;

	m[0] = 2;
	be32_store(m + 4, mtu);
	memcpy(m + 8, p->icmp, 60);
	m[11] ^= (uint8_t)label_xor;
	wire_icmp_csum(v);
	wire_hand(p, v);
}

static void ping(struct peer *p, uint32_t body)
{
	struct vpkt *v = wire_ip(p, 58, 8 + body);

	v->data[40] = 128;
	wire_icmp_csum(v);
	wire_hand(p, v);
}

/* 8201-1, 8201-2: answers to echoes fit the path too, if the quote has the
 * label that ours had, which tells that it was seen on its way. */
START_TEST(long_echo_answers_follow_the_path)
{
	struct peer p;

	peer_init6(&p, NULL);
	ping(&p, 1400);
	ck_assert_uint_eq(p.icmp_out, 1);
	ck_assert_uint_ne(be32_load(p.icmp) & 0xfffff, 0);
	answer_too_big(&p, 1300, 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_ICMP_NO_CONN), 1);
	answer_too_big(&p, 1448, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_ICMP_MTU), 1);
	ping(&p, 1400);
	ck_assert_uint_eq(p.icmp_out, 2);
	answer_too_big(&p, 1300, 0);
	ping(&p, 1400);
	ck_assert_uint_eq(p.icmp_out, 4);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_IP6_FRAG_OKS), 1);
	ck_assert_uint_eq(wire_drops(&p), 2);
	peer_fini(&p);
}
END_TEST

/* Slow start to a window of @segs segments of LOSSY_MSS. */
static uint32_t open_wide(struct peer *p, uint32_t segs)
{
	uint32_t n = 1;

	peer_init(p, lossy_tweak);
	peer_open_with(p, (struct pseg){ .mss = LOSSY_MSS,
					 .has = TCP_OPT_HAS_WSCALE,
					 .wscale = 4,
					 .sack_ok = true });
	while (peer_info(p).cwnd < segs * LOSSY_MSS) {
		uint32_t sent = peer_info(p).cwnd / LOSSY_MSS;

		peer_send(p, sent * LOSSY_MSS);
		peer_advance(p, LOSSY_RTT);
		while (sent-- > 0)
			peer_tx(p, lossy_ack(++n));
		peer_drain(p);
	}
	return n;
}

/* @pairs of a slice of 2049 bytes and one of 1, which are never merged. */
static void send_odd_slices(struct peer *p, uint32_t pairs)
{
	struct ubuf *bufs[200];

	ck_assert_uint_le(2 * pairs, WIRE_ROWS(bufs));
	for (uint32_t i = 0; i < 2 * pairs; i++) {
		uint32_t len = i % 2 ? 1 : 2049;

		bufs[i] = ustack_buf_new(p->h.s, len);
		ck_assert_ptr_nonnull(bufs[i]);
		memset(bufs[i]->data, 0, len);
		ck_assert_int_eq(
			ustack_send_buf(p->h.s, p->conn,
					(struct slice){ bufs[i], 0, len }),
			len);
	}
	vhost_run(&p->h);
	for (uint32_t i = 0; i < 2 * pairs; i++)
		ubuf_put(bufs[i]);
}

/*
 * 2018-7, 1191-1: what was SACKed as one and then dropped is one long record;
 * sent again from an odd place, it needs more slices than a packet has.
 */
START_TEST(reneged_data_of_many_slices_fits_a_smaller_path)
{
	struct peer p;
	struct pseg s;
	uint32_t n, bytes;

	n = open_wide(&p, 120);
	send_odd_slices(&p, 80);
	bytes = peer_info(&p).unacked;
	ck_assert_uint_eq(bytes, 80 * 2050);
	peer_drain(&p);
	s = lossy_ack(n);
	s.wnd0 = true;
	s.nsack = 1;
	s.sack[0] = (struct tcp_sack){ SEG(n), SEG(n) + bytes };
	peer_tx(&p, s);
	peer_advance(&p, SEC(1));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_SACK_RENEGING), 1);
	peer_tx(&p, lossy_ack(n));
	peer_drain(&p);
	quote_too_big(&p, SEG(n), 1400);
	wire_take(&p, &bytes);
	ck_assert_uint_ge(bytes, 79 * 2050);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_pmtu(void)
{
	Suite *s = suite_create("path MTU");
	TCase *tc = wire_case(s, "too big");

	tcase_add_loop_test(tc, smaller_mtu_is_followed, 0, 6);
	tcase_add_loop_test(tc, smaller_mtu_is_no_congestion, 0, 2);
	tcase_add_loop_test(tc, what_fits_is_not_sent_again, 0, 2);
	tcase_add_loop_test(tc, impossible_mtu_is_ignored, 0,
			    (int)WIRE_ROWS(nonsense));
	tcase_add_loop_test(tc, tiny_mtu_stops_at_the_floor_and_clears_df, 0,
			    3);
	tcase_add_loop_test(tc, mtu_of_zero_is_guessed, 0,
			    (int)WIRE_ROWS(plateaus));
	tcase_add_loop_test(tc, larger_size_is_tried_after_ten_minutes, 0, 2);
	tcase_add_test(tc, reneged_data_of_many_slices_fits_a_smaller_path);
	tcase_add_loop_test(tc, other_connections_share_the_path, 0, 2);
	tcase_add_loop_test(tc, path_is_lowered_only_by_what_is_in_flight, 0,
			    2);
	tcase_add_loop_test(tc, too_big_does_not_stop_an_attempt, 0, 2);
	tc = wire_case(s, "silence");
	tcase_add_loop_test(tc, black_hole_is_got_round, 0, 2);
	tcase_add_loop_test(tc, short_segments_find_no_black_hole, 0, 2);
	tcase_add_loop_test(
		tc, short_segment_of_a_big_mss_is_cut_in_a_black_hole, 0, 2);
	tcase_add_loop_test(tc, larger_size_is_tried_with_a_small_window, 0, 2);
	tcase_add_test(tc, least_ipv6_mtu_works);
	tcase_add_test(tc, long_echo_answers_follow_the_path);
	return s;
}

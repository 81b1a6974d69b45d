/* SPDX-License-Identifier: MIT */
/*
 * test_pacing.c - data that leaves evenly (RFC 9438 and 9406 allow it, none asks)
 */

#include "suites.h"
#include "wire.h"

#define MSS  1460u
#define LOTS 400000u

static void pace(struct peer *p, uint64_t rate)
{
	uint64_t got;

	ck_assert_int_eq(
		ustack_setopt(p->h.s, p->conn, USTACK_OPT_PACING, rate), 0);
	ck_assert_int_eq(
		ustack_getopt(p->h.s, p->conn, USTACK_OPT_PACING, &got), 0);
	ck_assert_uint_eq(got, rate);
	vhost_run(&p->h);
}

/* A connection whose handshake took @rtt_us, and what it wants to send. */
static void begin(struct peer *p, uint64_t rate, uint64_t rtt_us)
{
	wire_init(p, 0, NULL);
	peer_tx(p, (struct pseg){ .flags = TCP_SYN, .mss = MSS });
	peer_expect(p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_advance(p, rtt_us);
	peer_tx(p, seg_ack(1, 1));
	pace(p, rate);
	peer_send(p, LOTS);
}

/**
 * struct pattern - how data left
 * @bytes:	in all
 * @most:	in a tenth of a millisecond
 * @times:	tenths of a millisecond in which some did
 */
struct pattern {
	uint32_t bytes;
	uint32_t most;
	uint32_t times;
};

/* Watch for @ms milliseconds; with @ack everything is acknowledged at once. */
static struct pattern watch(struct peer *p, uint32_t ms, bool ack)
{
	struct pattern w = { 0 };
	uint32_t bytes = 0;

	for (uint32_t i = 0; i < 10 * ms; i++) {
		wire_take(p, &bytes);
		w.bytes += bytes;
		w.times += bytes > 0;
		w.most = max_u32(w.most, bytes);
		if (bytes > 0 && ack)
			peer_tx(p,
				seg_ack(1,
					1 + (uint32_t)peer_info(p).bytes_out));
		else
			peer_advance(p, 100);
	}
	return w;
}

/* 1 MB/s: two segments, then 2.9 ms of silence, and so on. */
START_TEST(paced_data_leaves_evenly)
{
	struct pattern w;
	struct peer p;

	begin(&p, 1000000, 0);
	w = watch(&p, 100, true);
	ck_assert_uint_le(w.most, 2 * MSS);
	ck_assert_uint_ge(w.times, 30);
	ck_assert_uint_ge(w.bytes, 90000);
	ck_assert_uint_le(w.bytes, 100000 + 2 * MSS);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_WND_PROBES), 0);
	peer_fini(&p);
}
END_TEST

/* Off by default: the whole window at once. */
START_TEST(unpaced_data_leaves_at_once)
{
	struct pattern w;
	struct peer p;

	begin(&p, 0, 0);
	w = watch(&p, 1, false);
	ck_assert_uint_eq(w.bytes, 10 * MSS);
	ck_assert_uint_eq(w.times, 1);
	peer_fini(&p);
}
END_TEST

/* RFC 9406 section 4.2: twice the window in a round-trip time, in slow start. */
START_TEST(congestion_control_gives_the_rate)
{
	struct pattern w;
	struct peer p;

	begin(&p, USTACK_PACING_AUTO, MS(100));
	w = watch(&p, 60, false);
	ck_assert_uint_eq(w.bytes, 10 * MSS);
	ck_assert_uint_le(w.most, 2 * MSS);
	ck_assert_uint_ge(w.times, 5);
	peer_fini(&p);
}
END_TEST

/* At a high rate a quantum is as large as a packet can be. */
START_TEST(super_packets_stay_whole)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, 0, NULL);
	p.whole = true;
	peer_open(&p);
	pace(&p, 1000000000);
	peer_send(&p, LOTS);
	ck_assert(peer_rx(&p, &s));
	ck_assert_uint_eq(s.len, 10 * MSS);
	peer_fini(&p);
}
END_TEST

/* 5681-8: what was lost is sent again at once. */
START_TEST(retransmission_does_not_wait)
{
	struct peer p;
	struct pseg s;

	begin(&p, 0, 0);
	ck_assert_uint_eq(peer_drain(&p), 10);
	pace(&p, 1000);
	for (uint32_t i = 0; i < 3; i++)
		peer_tx(&p, seg_ack(1, 1));
	do
		ck_assert(peer_rx(&p, &s));
	while (s.seq != 1);
	peer_fini(&p);
}
END_TEST

/* Slower than the timer of a shut window: that timer is not meant. */
START_TEST(held_data_is_no_shut_window)
{
	struct pattern w;
	struct peer p;

	begin(&p, 2920, 0); /* two segments a second */
	w = watch(&p, 5000, true);
	ck_assert_uint_le(w.bytes, 6 * 2920);
	ck_assert_uint_ge(w.bytes, 4 * 2920);
	ck_assert_uint_eq(peer_info(&p).backoff, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_WND_PROBES), 0);
	pace(&p, 0); /* and what was held may go */
	w = watch(&p, 1, false);
	ck_assert_uint_ge(w.bytes, 10 * MSS);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_pacing(void)
{
	Suite *s = suite_create("pacing");
	TCase *tc = wire_case(s, "rate");

	tcase_add_test(tc, paced_data_leaves_evenly);
	tcase_add_test(tc, unpaced_data_leaves_at_once);
	tcase_add_test(tc, congestion_control_gives_the_rate);
	tcase_add_test(tc, super_packets_stay_whole);
	tcase_add_test(tc, retransmission_does_not_wait);
	tcase_add_test(tc, held_data_is_no_shut_window);
	return s;
}

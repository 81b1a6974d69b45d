/* SPDX-License-Identifier: MIT */
/*
 * test_samples.c - how often, and from what, the round trip is measured
 *		    (RFC 6298 section 3, RFC 7323 section 4)
 */

#include "suites.h"
#include "wire.h"

#define TS 7000u

/*
 * RFC 6298 section 3 (6298-7, MUST-18): without timestamps one sample a round
 * trip, so that the estimate follows it from round to round.
 */
START_TEST(each_round_trip_gives_a_sample)
{
	static const uint32_t rtt_ms[] = { 100, 140, 60, 150, 20, 120 };
	uint32_t srtt = 0, seq = 1;
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	for (uint32_t i = 0; i < WIRE_ROWS(rtt_ms); i++) {
		uint32_t before = srtt, bytes;

		ck_assert_int_eq(peer_send(&p, 6000), 6000);
		peer_advance(&p, MS(rtt_ms[i]));
		wire_take(&p, &bytes);
		seq += 6000;
		peer_tx(&p, seg_ack(1, seq));
		srtt = peer_info(&p).srtt_us;
		ck_assert_uint_ne(srtt, before);
		if (i > 0)
			ck_assert((srtt > before) == (MS(rtt_ms[i]) > before));
	}
	peer_fini(&p);
}
END_TEST

static struct pseg with_ts(struct pseg s, uint32_t tsecr)
{
	s.has = TCP_OPT_HAS_TS;
	s.tsval = TS;
	s.tsecr = tsecr;
	return s;
}

/*
 * RFC 7323 section 4.1 (7323-15): only an ACK of new data measures; an old echo
 * in a duplicate, or in data of the peer's own, says when the peer last heard
 * of us.
 */
START_TEST(echo_without_new_data_gives_no_sample)
{
	uint32_t tsval, srtt, var;
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_open_with(&p, (struct pseg){ .mss = 1460,
					  .has = TCP_OPT_HAS_TS,
					  .tsval = TS });
	peer_send(&p, 100);
	tsval = peer_expect(&p, TCP_ACK, 1, 1, 100).tsval;
	peer_advance(&p, MS(50));
	peer_tx(&p, with_ts(seg_ack(1, 101), tsval));
	srtt = peer_info(&p).srtt_us;
	var = peer_info(&p).rttvar_us;
	peer_advance(&p, SEC(5));
	peer_tx(&p, with_ts(seg_ack(1, 101), tsval));
	peer_tx(&p, with_ts(seg_data(1, 101, 10), tsval));
	peer_tx(&p, with_ts(seg_data(100, 101, 10), tsval));
	ck_assert_uint_eq(peer_info(&p).srtt_us, srtt);
	ck_assert_uint_eq(peer_info(&p).rttvar_us, var);
	peer_fini(&p);
}
END_TEST

/*
 * RFC 7323 section 4.1 (7323-15): the clock of timestamps ticks once a
 * millisecond; on a faster path its difference is 0 and says nothing about the
 * least round trip.
 */
START_TEST(echo_of_this_very_millisecond_is_no_sample_of_zero)
{
	struct peer p;
	uint32_t tsval;

	wire_init(&p, _i, NULL);
	peer_tx(&p, with_ts((struct pseg){ .flags = TCP_SYN, .mss = 1460 }, 0));
	tsval = peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0).tsval;
	peer_advance(&p, 400);
	peer_tx(&p, with_ts(seg_ack(1, 1), tsval));
	peer_advance(&p, 1000 - p.h.now_us % 1000);
	peer_send(&p, 5000);
	tsval = p.out[p.head % PEER_OUT_MAX].tsval;
	peer_drain(&p);
	peer_advance(&p, 400);
	peer_tx(&p, with_ts(seg_ack(1, 1001), tsval)); /* of a super-packet */
	ck_assert_uint_eq(peer_info(&p).rtt_min_us, 400);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_samples(void)
{
	Suite *s = suite_create("samples");
	TCase *tc = wire_case(s, "round trip");

	tcase_add_loop_test(tc, each_round_trip_gives_a_sample, 0, 2);
	tcase_add_loop_test(tc, echo_without_new_data_gives_no_sample, 0, 2);
	tcase_add_loop_test(
		tc, echo_of_this_very_millisecond_is_no_sample_of_zero, 0, 2);
	return s;
}

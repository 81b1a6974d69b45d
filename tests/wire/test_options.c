/* SPDX-License-Identifier: MIT */
/*
 * test_options.c - options: MSS, window scale, timestamps, and nonsense (RFC
 *		    9293 section 3.2, RFC 7323)
 */

#include "suites.h"
#include "wire.h"

#define TS 1000000u

/* clang-format off */
static const struct {
	const char *name;
	uint32_t mss;		/* 0 = the default of 536 */
	uint8_t len, opt[16];
} raw[] = {
	{ "EOL",		 0,   4, { 0, 0, 0, 0 } },
	{ "NOPs",		 0,   4, { 1, 1, 1, 1 } },
	{ "MSS",		 700, 4, { 2, 4, 0x02, 0xbc } },
	{ "NOP, MSS, EOL",	 700, 8, { 1, 2, 4, 0x02, 0xbc, 0, 0, 0 } },
	{ "MSS behind EOL",	 0,   8, { 0, 2, 4, 0x02, 0xbc, 0, 0, 0 } },
	{ "unknown, MSS",	 700, 12, { 200, 6, 9, 9, 9, 9, 2, 4, 0x02, 0xbc, 0, 0 } },
	{ "unknown of 2, MSS",	 700, 8, { 253, 2, 2, 4, 0x02, 0xbc, 1, 0 } },
	{ "length 0, MSS",	 0,   8, { 200, 0, 2, 4, 0x02, 0xbc, 0, 0 } },
	{ "length 1, MSS",	 0,   8, { 200, 1, 2, 4, 0x02, 0xbc, 0, 0 } },
	{ "length beyond",	 0,   4, { 200, 40, 0, 0 } },
	{ "kind without length", 0,   4, { 1, 1, 1, 200 } },
	{ "MSS of 3 bytes",	 0,   4, { 2, 3, 2, 1 } },
	{ "MSS cut off",	 0,   4, { 1, 1, 2, 4 } },
	{ "MSS, then nonsense",	 700, 8, { 2, 4, 0x02, 0xbc, 200, 99, 0, 0 } },
};
/* clang-format on */

/* MUST-4, MUST-6, MUST-7, MUST-64, MUST-15: in a SYN. */
START_TEST(syn_with_any_options_connects)
{
	int i = _i / 2;
	struct pseg syn = { .raw_opt = raw[i].opt, .raw_len = raw[i].len };
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	peer_open_with(&p, syn);
	ck_assert_uint_eq(peer_info(&p).mss,
			  raw[i].mss ? raw[i].mss : (_i % 2 ? 1220u : 536u));
	peer_fini(&p);
}
END_TEST

/* MUST-5, MUST-6, MUST-7: and in any other segment. */
START_TEST(segment_with_any_options_is_processed)
{
	int i = _i / 2;
	struct pseg s;
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	s = seg_data(1, 1, 10);
	s.raw_opt = raw[i].opt;
	s.raw_len = raw[i].len;
	peer_tx(&p, s);
	ck_assert_uint_eq(p.received, 10);
	s = seg_fin(11, 1);
	s.raw_opt = raw[i].opt;
	s.raw_len = raw[i].len;
	peer_tx(&p, s);
	wire_check_state(&p, USTACK_CLOSE_WAIT);
	s = seg_rst(12);
	s.raw_opt = raw[i].opt;
	s.raw_len = raw[i].len;
	peer_tx(&p, s);
	wire_check_state(&p, USTACK_CLOSED);
	peer_fini(&p);
}
END_TEST

/* MUST-16, 6691-2, 7323-18: MSS 700 with timestamps: 688 bytes of data. */
START_TEST(options_are_taken_off_the_segment_size)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_open_with(&p, (struct pseg){ .mss = 700,
					  .has = TCP_OPT_HAS_TS,
					  .tsval = TS });
	peer_send(&p, 2000);
	peer_expect(&p, TCP_ACK, 1, 1, 688);
	peer_expect(&p, TCP_ACK, 689, 1, 688);
	peer_fini(&p);
}
END_TEST

/* MUST-16, SHLD-6: a peer's MSS above our MTU is cut to it. */
START_TEST(segments_fit_our_own_mtu)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_open_with(&p, (struct pseg){ .mss = 9000 });
	peer_send(&p, 5000);
	peer_expect(&p, TCP_ACK, 1, 1, _i ? 1440 : 1460);
	peer_fini(&p);
}
END_TEST

/* 2018-1, 7323-1, 7323-3, 7323-7: each option is answered only if it was offered. */
START_TEST(only_offered_options_are_answered)
{
	uint8_t has = (uint8_t)((_i & 1 ? TCP_OPT_HAS_TS : 0) |
				(_i & 2 ? TCP_OPT_HAS_WSCALE : 0) |
				(_i & 4 ? TCP_OPT_HAS_SACK_OK : 0));
	struct peer p;
	struct pseg s;

	peer_init(&p, NULL);
	s = peer_open_with(
		&p, (struct pseg){ .has = has, .wscale = 2, .tsval = TS });
	ck_assert_uint_eq(s.has, has | TCP_OPT_HAS_MSS);
	ck_assert_uint_eq(s.wnd, 65535); /* (7323-2) */
	peer_send(&p, 10);
	s = peer_expect(&p, TCP_ACK, 1, 1, 10);
	ck_assert_uint_eq(s.has, has & TCP_OPT_HAS_TS);
	ck_assert_uint_eq(peer_info(&p).snd_wnd, _i & 2 ? 65535 * 4 : 65535);
	ck_assert_int_eq(peer_info(&p).sack, (_i & 4) != 0);
	peer_fini(&p);
}
END_TEST

static void plain(struct ustack_config *cfg)
{
	cfg->timestamps = false;
	cfg->wscale = false;
	cfg->sack = false;
}

/* 2018-1, 7323-1, 7323-7: switched off, they are neither offered nor agreed to. */
START_TEST(options_can_be_switched_off)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, plain);
	s = peer_open_with(&p, (struct pseg){ .has = TCP_OPT_HAS_TS |
						     TCP_OPT_HAS_WSCALE,
					      .sack_ok = true,
					      .wscale = 2,
					      .tsval = TS });
	ck_assert_uint_eq(s.has, TCP_OPT_HAS_MSS);
	ck_assert_uint_eq(peer_info(&p).snd_wnd, 65535);
	ck_assert(!peer_info(&p).sack);
	peer_fini(&p);
}
END_TEST

/* 7323-4: a shift of 15 and more is 14; REC-1, MUST-1: windows of 32 bits. */
START_TEST(shift_is_limited_to_14)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_open_with(&p, (struct pseg){ .has = TCP_OPT_HAS_WSCALE,
					  .wscale = (uint8_t)(_i ? 15 : 255) });
	ck_assert_uint_eq(peer_info(&p).snd_wscale, 14);
	ck_assert_uint_eq(peer_info(&p).snd_wnd, 65535u << 14);
	peer_fini(&p);
}
END_TEST

/* A connection with timestamps; the peer's clock stands at TS. */
static struct pseg open_ts(struct peer *p, int v6)
{
	wire_init(p, v6, NULL);
	return peer_open_with(p, (struct pseg){ .mss = 1460,
						.has = TCP_OPT_HAS_TS,
						.tsval = TS });
}

static struct pseg with_ts(struct pseg s, uint32_t tsval)
{
	s.has = TCP_OPT_HAS_TS;
	s.tsval = tsval;
	return s;
}

/* 7323-12, 7323-14: older than TS.Recent: ACK, dropped. */
START_TEST(older_timestamp_is_dropped_and_acknowledged)
{
	struct peer p;
	struct pseg s;

	open_ts(&p, _i);
	peer_tx(&p, with_ts(seg_data(1, 1, 10), TS - 1));
	s = peer_expect(&p, TCP_ACK, 1, 1, 0);
	ck_assert_uint_eq(s.tsecr, TS);
	ck_assert_uint_eq(p.received, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_PAWS), 1);
	peer_tx(&p, with_ts(seg_data(1, 1, 10), TS + 1));
	ck_assert_uint_eq(p.received, 10);
	peer_fini(&p);
}
END_TEST

/* 7323-14: PAWS does not protect against resets. */
START_TEST(reset_is_not_checked_by_paws)
{
	struct peer p;

	open_ts(&p, _i % 2);
	peer_tx(&p, _i / 2 ? with_ts(seg_rst(1), TS - 1000) : seg_rst(1));
	ck_assert_int_eq(p.reason, USTACK_END_RESET);
	peer_fini(&p);
}
END_TEST

/* 7323-9: without its timestamp: dropped in silence, nothing ends. */
START_TEST(missing_timestamp_is_dropped_in_silence)
{
	struct peer p;

	open_ts(&p, _i);
	peer_tx(&p, seg_data(1, 1, 10));
	peer_tx(&p, seg_fin(1, 1));
	peer_expect_none(&p);
	ck_assert_uint_eq(p.received, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_NO_TS), 2);
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_fini(&p);
}
END_TEST

/* 7323-13: after 24 idle days TS.Recent says nothing any more. */
START_TEST(timestamp_is_forgotten_after_24_days)
{
	struct peer p;

	open_ts(&p, _i);
	peer_advance(&p, SEC(23 * 86400));
	peer_tx(&p, with_ts(seg_data(1, 1, 10), TS - 1));
	ck_assert_uint_eq(p.received, 0);
	peer_advance(&p, SEC(86400) + SEC(1));
	peer_tx(&p, with_ts(seg_data(1, 1, 10), TS - 1));
	ck_assert_uint_eq(p.received, 10);
	peer_fini(&p);
}
END_TEST

/* 7323-11: the echo is that of the earliest segment that the ACK answers. */
START_TEST(delayed_ack_echoes_the_earliest)
{
	struct peer p;
	struct pseg s;

	open_ts(&p, _i);
	peer_tx(&p, with_ts(seg_data(1, 1, 1000), TS + 5));
	peer_tx(&p, with_ts(seg_data(1001, 1, 100), TS + 6));
	s = wire_expect_after(&p, 40);
	ck_assert_uint_eq(s.ack, 1101);
	ck_assert_uint_eq(s.tsecr, TS + 5);
	peer_tx(&p, with_ts(seg_data(1301, 1, 100), TS + 9)); /* a hole */
	s = peer_expect(&p, TCP_ACK, 1, 1101, 0);
	ck_assert_uint_eq(s.tsecr, TS + 5);
	peer_tx(&p, with_ts(seg_data(1101, 1, 200), TS + 8));
	s = peer_expect(&p, TCP_ACK, 1, 1401, 0);
	ck_assert_uint_eq(s.tsecr, TS + 8);
	peer_fini(&p);
}
END_TEST

/* 7323-10: a tick is 1 ms to 1 s, and the clock never goes back. */
START_TEST(timestamp_clock_ticks)
{
	struct peer p;
	struct pseg s = open_ts(&p, _i);
	uint32_t first = s.tsval;

	peer_advance(&p, SEC(1));
	peer_send(&p, 10);
	s = peer_expect(&p, TCP_ACK, 1, 1, 10);
	ck_assert_uint_ge(s.tsval - first, 1);
	ck_assert_uint_le(s.tsval - first, 1000);
	peer_fini(&p);
}
END_TEST

/* 6298-6, 7323-15: an echo tells which copy was acknowledged. */
START_TEST(echo_gives_a_sample_from_a_retransmission)
{
	struct peer p;
	struct pseg s;

	open_ts(&p, _i);
	peer_send(&p, 100);
	peer_drain(&p);
	s = wire_expect_after(&p, 200);
	peer_advance(&p, MS(80));
	s = (struct pseg){ .flags = TCP_ACK,
			   .seq = 1,
			   .ack = 101,
			   .has = TCP_OPT_HAS_TS,
			   .tsval = TS,
			   .tsecr = s.tsval };
	peer_tx(&p, s);
	ck_assert_uint_eq(peer_info(&p).backoff, 0);
	ck_assert_uint_ge(peer_info(&p).srtt_us, 80000 / 8);
	ck_assert_uint_le(peer_info(&p).srtt_us, 82000 / 8);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_options(void)
{
	Suite *s = suite_create("options");
	TCase *tc = wire_case(s, "layout");

	tcase_add_loop_test(tc, syn_with_any_options_connects, 0,
			    2 * (int)WIRE_ROWS(raw));
	tcase_add_loop_test(tc, segment_with_any_options_is_processed, 0,
			    2 * (int)WIRE_ROWS(raw));
	tcase_add_loop_test(tc, options_are_taken_off_the_segment_size, 0, 2);
	tcase_add_loop_test(tc, segments_fit_our_own_mtu, 0, 2);
	tc = wire_case(s, "agreement");
	tcase_add_loop_test(tc, only_offered_options_are_answered, 0, 8);
	tcase_add_loop_test(tc, options_can_be_switched_off, 0, 2);
	tcase_add_loop_test(tc, shift_is_limited_to_14, 0, 2);
	tc = wire_case(s, "timestamps");
	tcase_add_loop_test(tc, older_timestamp_is_dropped_and_acknowledged, 0,
			    2);
	tcase_add_loop_test(tc, reset_is_not_checked_by_paws, 0, 4);
	tcase_add_loop_test(tc, missing_timestamp_is_dropped_in_silence, 0, 2);
	tcase_add_loop_test(tc, timestamp_is_forgotten_after_24_days, 0, 2);
	tcase_add_loop_test(tc, delayed_ack_echoes_the_earliest, 0, 2);
	tcase_add_loop_test(tc, timestamp_clock_ticks, 0, 2);
	tcase_add_loop_test(tc, echo_gives_a_sample_from_a_retransmission, 0,
			    2);
	return s;
}

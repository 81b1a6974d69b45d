/* SPDX-License-Identifier: MIT */
/*
 * test_scaling.c - the peer's window: 16 bits in a SYN, up to 30 behind it
 *		    (RFC 9293 section 3.1, RFC 7323 section 2)
 */

#include "suites.h"
#include "wire.h"

static const uint16_t wide[] = { 0x7fff, 0x8000, 0xffff };

/* RFC 9293 section 3.1 (MUST-1): the sixteenth bit is no sign. */
START_TEST(window_field_is_unsigned)
{
	struct peer p;

	peer_init(&p, NULL);
	peer_open_with(&p, (struct pseg){ .mss = 1460, .wnd = wide[_i] });
	ck_assert_uint_eq(peer_info(&p).snd_wnd, wide[_i]);
	peer_send(&p, 10000);
	ck_assert_uint_ge(peer_info(&p).unacked, 6 * 1460);
	peer_fini(&p);
}
END_TEST

static void big_buffer(struct ustack_config *cfg)
{
	cfg->sndbuf_max = 64u << 20;
}

/* RFC 9293 section 3.1 (REC-1): more than 16 bits of window are used. */
START_TEST(window_of_32_bits_is_used)
{
	uint32_t acked = 0, unacked = 0;
	struct peer p;

	wire_init(&p, _i, big_buffer);
	p.whole = true;
	peer_open_with(&p, (struct pseg){ .mss = 1460,
					  .has = TCP_OPT_HAS_WSCALE,
					  .wscale = 14 });
	for (uint32_t i = 0; i < 20 && unacked < 200000; i++) {
		ck_assert_int_gt(peer_send(&p, 4u << 20), 0);
		unacked = peer_info(&p).unacked;
		acked += unacked;
		peer_advance(&p, MS(10));
		peer_drain(&p);
		peer_tx(&p, seg_ack(1, 1 + acked));
	}
	ck_assert_uint_ge(unacked, 200000);
	peer_drain(&p);
	peer_fini(&p);
}
END_TEST

/* RFC 7323 section 2.2 (7323-2, 7323-5): that of a SYN is not shifted, the
 * others are: 500 << 3. */
START_TEST(windows_behind_the_syn_are_shifted)
{
	struct pseg syn = { .flags = TCP_SYN,
			    .mss = 1460,
			    .has = TCP_OPT_HAS_WSCALE,
			    .wscale = 3,
			    .wnd = 1000 };
	uint32_t bytes;
	struct peer p;

	wire_init(&p, _i & 1, NULL);
	if (_i & 2) {
		peer_connect(&p);
		peer_expect(&p, TCP_SYN, 0, 0, 0);
		syn.flags |= TCP_ACK;
		syn.ack = 1;
		peer_tx(&p, syn);
		ck_assert_uint_eq(peer_info(&p).snd_wnd, 1000);
	} else {
		peer_tx(&p, syn);
	}
	peer_drain(&p);
	peer_tx(&p, seg_wnd(1, 1, 500));
	ck_assert_uint_eq(peer_info(&p).snd_wnd, 4000);
	peer_send(&p, 10000);
	wire_take(&p, &bytes);
	ck_assert_uint_gt(bytes, 1000);
	ck_assert_uint_le(bytes, 4000);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.8.6 (MAY-7): what was sent into a larger window is sent
 * again whole, though the window shrank meanwhile. */
START_TEST(old_data_beyond_the_new_edge_is_repeated)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 1000);
	peer_expect(&p, TCP_ACK, 1, 1, 1000);
	peer_tx(&p, seg_wnd(1, 1, 100));
	s = wire_expect_after(&p, 200);
	ck_assert_uint_eq(s.seq, 1);
	ck_assert_uint_eq(s.len, 1000);
	peer_fini(&p);
}
END_TEST

/* RFC 6429 section 4 (6429-1): who has closed does not wait for ever for a
 * window, though each probe is answered. */
START_TEST(closed_window_does_not_hold_an_orphan)
{
	struct pseg s;
	struct peer p;
	uint32_t probes = 0;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_wnd(1, 1, 0));
	peer_send(&p, 5000);
	wire_close(&p);
	while (p.c.closed == 0 && probes < 100) {
		peer_advance(&p, SEC(1));
		while (peer_rx(&p, &s)) {
			probes++;
			peer_tx(&p, seg_wnd(1, 1, 0));
		}
	}
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_TIMEOUT);
	ck_assert_uint_ge(probes, 5);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.8.6.1 (MUST-37): answers count, forgeries do not; with
 * them alone a peer behind a closed window is as silent as without. */
START_TEST(forgeries_do_not_keep_a_dead_peer_alive)
{
	static const struct {
		uint32_t seq;
		uint32_t ack;
	} forged[] = { { 1000000, 1 }, { 1, 70000 }, { 1, 0u - 90000 } };
	struct peer p;

	wire_init(&p, _i & 1, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_wnd(1, 1, 0));
	peer_send(&p, 5000);
	for (uint32_t i = 0; i < 110; i++) {
		peer_tx(&p, seg_ack(forged[_i / 2].seq, forged[_i / 2].ack));
		peer_advance(&p, SEC(10));
		peer_drain(&p);
	}
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_TIMEOUT);
	peer_fini(&p);
}
END_TEST

static void huge_mtu(struct ustack_config *cfg)
{
	cfg->mtu = 65535;
}

/*
 * MUST-39: half of what a field can tell of is step enough.  A link takes
 * segments almost as large, without scaling, and the peer's path does not: the
 * window must open again all the same.
 */
START_TEST(window_opens_by_half_of_what_its_field_can_tell)
{
	uint32_t seq = 1, least = 65535;
	struct pseg s;
	struct peer p;

	peer_init(&p, huge_mtu);
	peer_open(&p);
	for (uint32_t i = 0; i < 300; i++, seq += 524) {
		peer_tx(&p, seg_data(seq, 1, 524));
		while (peer_rx(&p, &s))
			least = s.wnd < least ? s.wnd : least;
	}
	ck_assert_uint_eq(p.received, 300 * 524);
	ck_assert_uint_ge(least, 65535 / 2 - 2 * 524);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_scaling(void)
{
	Suite *s = suite_create("scaling");
	TCase *tc = wire_case(s, "field");

	tcase_add_loop_test(tc, window_field_is_unsigned, 0,
			    (int)WIRE_ROWS(wide));
	tcase_add_loop_test(tc, window_of_32_bits_is_used, 0, 2);
	tcase_add_loop_test(tc, windows_behind_the_syn_are_shifted, 0, 4);
	tc = wire_case(s, "shrunk and shut");
	tcase_add_loop_test(tc, old_data_beyond_the_new_edge_is_repeated, 0, 2);
	tcase_add_loop_test(tc, closed_window_does_not_hold_an_orphan, 0, 2);
	tcase_add_loop_test(tc, forgeries_do_not_keep_a_dead_peer_alive, 0, 6);
	tcase_add_test(tc, window_opens_by_half_of_what_its_field_can_tell);
	return s;
}

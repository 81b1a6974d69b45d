/* SPDX-License-Identifier: MIT */
/*
 * test_corners.c - what is easily forgotten behind an option, a limit, a state
 */

#include <string.h>

#include "suites.h"
#include "wire.h"

/* RFC 5681 section 3.2 step 2: limited transmit does not count for ssthresh. */
START_TEST(limited_transmit_does_not_raise_ssthresh)
{
	struct peer p;

	wire_init(&p, 0, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 100000);
	ck_assert_uint_eq(peer_drain(&p), 10);
	for (uint32_t i = 0; i < 3; i++)
		peer_tx(&p, seg_ack(1, 1));
	ck_assert_uint_eq(peer_info(&p).ssthresh, 7 * 1460);
	peer_fini(&p);
}
END_TEST

/* 4443-2 (e.1): an ICMPv6 error is never answered, whatever is in front of it */
START_TEST(icmp6_error_behind_a_bad_header_is_not_answered)
{
	struct peer p;
	struct vpkt *v;

	peer_init6(&p, NULL);
	v = wire_ip(&p, _i ? 43 : 60, 8 + 8);
	v->data[40] = 58;
	v->data[42] = _i ? 0 : 0x9e;
	v->data[43] = _i ? 1 : 4;
	v->data[48] = 1; /* destination unreachable */
	wire_hand(&p, v);
	ck_assert_uint_eq(p.icmp_out, 0);
	peer_fini(&p);
}
END_TEST

/* RFC 8200 section 4 (should): next header 0 elsewhere: parameter problem 1 */
START_TEST(late_hop_by_hop_is_refused)
{
	struct peer p;
	struct vpkt *v;

	peer_init6(&p, NULL);
	v = wire_ip(&p, 60, 16 + 20);
	memcpy(v->data + 40, (uint8_t[]){ 0, 0, 1, 4 }, 4);
	memcpy(v->data + 48, (uint8_t[]){ 6, 0, 1, 4 }, 4);
	wire_hand(&p, v);
	ck_assert_uint_eq(p.icmp_out, 1);
	peer_fini(&p);
}
END_TEST

/* MUST-48, 49: the ACK in TIME-WAIT is still the connection's */
START_TEST(time_wait_keeps_tos_and_ttl)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_FIN_WAIT_2);
	ustack_setopt(p.h.s, p.conn, USTACK_OPT_TOS, 0xb8);
	ustack_setopt(p.h.s, p.conn, USTACK_OPT_TTL, 17);
	peer_tx(&p, seg_fin(1, 2));
	s = peer_expect(&p, TCP_ACK, 2, 2, 0);
	ck_assert_uint_eq(s.tos, 0xb8);
	peer_tx(&p, seg_fin(1, 2));
	s = peer_expect(&p, TCP_ACK, 2, 2, 0);
	ck_assert_uint_eq(s.tos, 0xb8);
	ck_assert_uint_eq(s.ttl, 17);
	peer_fini(&p);
}
END_TEST

/* MUST-21/22: the user's R2 in SYN-SENT */
START_TEST(user_timeout_bounds_the_syn)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_connect(&p);
	ustack_setopt(p.h.s, p.conn, USTACK_OPT_USER_TIMEOUT, SEC(5));
	peer_advance(&p, SEC(20));
	ck_assert_uint_eq(p.c.closed, 1);
	peer_fini(&p);
}
END_TEST

/* MUST-21: 0 stands for the configured R2 */
START_TEST(user_timeout_of_nothing_does_not_kill)
{
	struct peer p;

	wire_init(&p, 0, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	if (ustack_setopt(p.h.s, p.conn, USTACK_OPT_USER_TIMEOUT, 0) == 0) {
		peer_send(&p, 100);
		peer_advance(&p, MS(300));
		ck_assert_uint_eq(p.c.closed, 0);
	}
	peer_fini(&p);
}
END_TEST

/* RFC 5961 section 5: a blind segment with a bad ACK leaves TS.Recent alone. */
START_TEST(refused_ack_does_not_set_ts_recent)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	s = peer_open_with(&p, (struct pseg){ .mss = 1460,
					      .has = TCP_OPT_HAS_TS,
					      .tsval = 1000 });
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 1,
				   .ack = 1000000,
				   .has = TCP_OPT_HAS_TS,
				   .tsval = 1000 + 0x7ffffff0u,
				   .tsecr = s.tsval });
	peer_drain(&p);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 1,
				   .ack = 1,
				   .len = 10,
				   .has = TCP_OPT_HAS_TS,
				   .tsval = 1001,
				   .tsecr = s.tsval });
	ck_assert_uint_eq(p.received, 10);
	peer_fini(&p);
}
END_TEST

/* RFC 6582 section 3.2 step 3: no more inflation than there were segments. */
START_TEST(duplicate_acks_inflate_by_what_was_in_flight)
{
	struct peer p;
	struct ustack_info info;

	wire_init(&p, 0, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 1000000);
	peer_drain(&p);
	for (uint32_t i = 0; i < 400; i++) {
		peer_tx(&p, seg_ack(1, 1));
		peer_drain(&p);
	}
	info = peer_info(&p);
	ck_assert_uint_le(info.cwnd, info.ssthresh + 14 * 1460);
	peer_fini(&p);
}
END_TEST

/* What lies in holes costs memory in proportion, whatever its segments' size. */
START_TEST(holes_do_not_pin_big_buffers)
{
	struct peer p;
	struct ustack_info info;

	wire_init(&p, 0, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	for (uint32_t i = 0; i < 25; i++)
		peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
					   .seq = 2 + i * 2050,
					   .ack = 1,
					   .len = 2049 });
	info = peer_info(&p);
	ck_assert_uint_eq(info.ooo, 25 * 2049);
	ck_assert_uint_le(info.mem, 3 * info.ooo);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_corners(void)
{
	Suite *s = suite_create("corners");
	TCase *tc = wire_case(s, "forgotten");

	tcase_add_test(tc, limited_transmit_does_not_raise_ssthresh);
	tcase_add_loop_test(tc, icmp6_error_behind_a_bad_header_is_not_answered,
			    0, 2);
	tcase_add_test(tc, late_hop_by_hop_is_refused);
	tcase_add_loop_test(tc, time_wait_keeps_tos_and_ttl, 0, 2);
	tcase_add_loop_test(tc, user_timeout_bounds_the_syn, 0, 2);
	tcase_add_test(tc, user_timeout_of_nothing_does_not_kill);
	tcase_add_loop_test(tc, refused_ack_does_not_set_ts_recent, 0, 2);
	tcase_add_test(tc, duplicate_acks_inflate_by_what_was_in_flight);
	tcase_add_test(tc, holes_do_not_pin_big_buffers);
	return s;
}

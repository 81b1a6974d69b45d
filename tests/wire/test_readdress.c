/* SPDX-License-Identifier: MIT */
/*
 * test_readdress.c - addresses, MTU and window shift that an embedder chooses
 */

#include "suites.h"
#include "wire.h"

static void set_mtu(struct peer *p, uint32_t mtu)
{
	ck_assert_int_eq(ustack_set_mtu(p->h.s, mtu), 0);
	vhost_run(&p->h);
}

/* MUST-16: segments of a living connection shrink at once, and grow again. */
START_TEST(segments_follow_the_mtu)
{
	uint32_t hdr = _i ? 60 : 40;
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	set_mtu(&p, 1300);
	peer_send(&p, 1400);
	peer_expect(&p, TCP_ACK, 1, 1, 1300 - hdr);
	peer_tx(&p, seg_ack(1, 1301 - hdr));
	peer_expect(&p, TCP_ACK, 1301 - hdr, 1, 100 + hdr);
	peer_tx(&p, seg_ack(1, 1401));
	set_mtu(&p, 9000);
	peer_send(&p, 1400); /* no more than the peer takes */
	peer_expect(&p, TCP_ACK, 1401, 1, 1400);
	ck_assert_uint_le(peer_info(&p).mss, 1460);
	peer_fini(&p);
}
END_TEST

/* MUST-16: what was sent before is sent again in pieces that fit. */
START_TEST(repetitions_follow_the_mtu)
{
	uint32_t hdr = _i ? 60 : 40;
	uint32_t seen = 0;
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 5000);
	peer_drain(&p);
	set_mtu(&p, 1300);
	for (int i = 0; i < 100 && seen < 5001; i++) {
		peer_advance(&p, MS(100));
		while (peer_rx(&p, &s)) {
			ck_assert_uint_le(s.len, 1300 - hdr);
			seen = max_u32(seen, s.seq + s.len);
			peer_tx(&p, seg_ack(1, s.seq + s.len));
		}
	}
	ck_assert_uint_eq(seen, 5001);
	peer_fini(&p);
}
END_TEST

/* MUST-67: a new connection announces what the link takes now. */
START_TEST(new_connection_announces_the_new_mtu)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	set_mtu(&p, 1400);
	s = peer_open_with(&p, seg(TCP_SYN, 0, 0, 0));
	ck_assert_uint_eq(s.mss, 1400 - (_i ? 60 : 40));
	ck_assert_int_eq(ustack_set_mtu(p.h.s, 1279), -ERR_INVAL); /* IPv6 */
	ck_assert_int_eq(ustack_set_mtu(p.h.s, 70000), -ERR_INVAL);
	peer_fini(&p);
}
END_TEST

static struct ustack_addrs only(const char *addr)
{
	struct ustack_addrs a = { .naddrs = 1 };

	a.addr[0].addr = vhost_addr(addr);
	a.addr[0].len = 128;
	return a;
}

/* MUST-45: who has lost its address cannot speak any more. */
START_TEST(connection_ends_when_its_address_goes)
{
	struct ustack_addrs a = only(_i ? "fd07::9" : "10.7.0.9");
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 100);
	peer_drain(&p);
	ck_assert_int_eq(ustack_set_addrs(p.h.s, &a), 0);
	vhost_run(&p.h);
	peer_expect_none(&p);
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_NO_ADDR);
	ck_assert_int_eq(ustack_reason_err(p.reason), ERR_ADDRNOTAVAIL);
	peer_tx(&p, seg_ack(1, 101)); /* nobody's */
	peer_expect_none(&p);
	peer_fini(&p);
}
END_TEST

/* The compact entries go too, and the others stay. */
START_TEST(half_open_and_time_wait_end_with_their_address)
{
	struct ustack_addrs gone = only("10.7.0.9");
	struct ustack_addrs same = only(_i % 2 ? "fd07::2" : "10.7.0.2");
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	wire_goto(&p, _i / 2 ? USTACK_TIME_WAIT : USTACK_SYN_RCVD);
	ck_assert_int_eq(ustack_set_addrs(p.h.s, &same), 0);
	wire_check_state(&p, _i / 2 ? USTACK_TIME_WAIT : USTACK_SYN_RCVD);
	ck_assert_int_eq(ustack_set_addrs(p.h.s, &gone), 0);
	wire_check_state(&p, USTACK_CLOSED);
	ck_assert_int_eq(ustack_set_addrs(p.h.s, &same), 0);
	wire_check_listener(&p);
	peer_fini(&p);
}
END_TEST

static void shift_of_3(struct ustack_config *cfg)
{
	cfg->wscale_shift = 3;
}

/* 7323-1: the shift that is configured. */
START_TEST(window_shift_can_be_chosen)
{
	struct pseg s = seg(TCP_SYN, 0, 0, 0);
	struct peer p;

	wire_init(&p, _i, shift_of_3);
	s.has = TCP_OPT_HAS_WSCALE;
	s = peer_open_with(&p, s);
	ck_assert_uint_eq(s.wscale, 3);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_readdress(void)
{
	Suite *s = suite_create("at run time");
	TCase *tc = wire_case(s, "changes");

	tcase_add_loop_test(tc, segments_follow_the_mtu, 0, 2);
	tcase_add_loop_test(tc, repetitions_follow_the_mtu, 0, 2);
	tcase_add_loop_test(tc, new_connection_announces_the_new_mtu, 0, 2);
	tcase_add_loop_test(tc, connection_ends_when_its_address_goes, 0, 2);
	tcase_add_loop_test(tc, half_open_and_time_wait_end_with_their_address,
			    0, 4);
	tcase_add_loop_test(tc, window_shift_can_be_chosen, 0, 2);
	return s;
}

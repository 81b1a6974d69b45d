/* SPDX-License-Identifier: MIT */
/*
 * test_ip_fields.c - what a connection chooses below TCP: TTL, traffic class,
 *		      segment size by the link's MTU (RFC 9293 sections 3.7.1,
 *		      3.9.2)
 */

#include "suites.h"
#include "wire.h"

#define TOS 0xb8u /* DSCP EF */
#define TTL 17u

static void setopt(struct peer *p, enum ustack_opt opt, uint64_t value)
{
	ck_assert_int_eq(ustack_setopt(p->h.s, p->conn, opt, value), 0);
}

static void check_fields(struct pseg s, uint8_t tos, uint8_t ttl)
{
	ck_assert_uint_eq(s.tos, tos);
	ck_assert_uint_eq(s.ttl, ttl);
}

/* MUST-48, MUST-49, SHLD-22: data, its copy, ACK, FIN and RST carry them. */
START_TEST(fields_are_in_every_segment)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	setopt(&p, USTACK_OPT_TOS, TOS);
	setopt(&p, USTACK_OPT_TTL, TTL);
	peer_send(&p, 100);
	check_fields(peer_expect(&p, TCP_ACK, 1, 1, 100), TOS, TTL);
	check_fields(wire_expect_after(&p, 200), TOS, TTL);
	peer_tx(&p, seg_data(2, 101, 10)); /* a hole */
	check_fields(peer_expect(&p, TCP_ACK, 101, 1, 0), TOS, TTL);
	wire_shutdown(&p);
	check_fields(peer_expect(&p, TCP_FIN | TCP_ACK, 101, 1, 0), TOS, TTL);
	wire_abort(&p);
	check_fields(peer_expect(&p, TCP_RST | TCP_ACK, 102, 1, 0), TOS, TTL);
	peer_fini(&p);
}
END_TEST

/* SHLD-21: they can be changed while the connection lives. */
START_TEST(fields_can_be_changed)
{
	uint32_t seq = 1;
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	for (uint8_t i = 1; i < 5; i++) {
		setopt(&p, USTACK_OPT_TOS, i * 32u);
		setopt(&p, USTACK_OPT_TTL, i * 50u);
		peer_send(&p, 10);
		check_fields(peer_expect(&p, TCP_ACK, seq, 1, 10),
			     (uint8_t)(i * 32), (uint8_t)(i * 50));
		seq += 10;
		peer_tx(&p, seg_ack(1, seq));
	}
	peer_fini(&p);
}
END_TEST

/* MUST-48, MUST-49: the SYN too, when they are set before it leaves. */
START_TEST(fields_are_in_the_syn)
{
	struct ustack_connect_args a = { .rport = PEER_PORT,
					 .lport = STACK_PORT };
	struct peer p;

	wire_init(&p, _i, NULL);
	a.remote = vhost_addr(_i ? "fd07::1" : "10.7.0.1");
	a.ops_id = p.ops_id;
	a.ctx = (uint64_t)(uintptr_t)&p;
	ck_assert_int_eq(ustack_connect(p.h.s, &a, &p.conn), 0);
	setopt(&p, USTACK_OPT_TOS, TOS);
	setopt(&p, USTACK_OPT_TTL, TTL);
	vhost_run(&p.h);
	check_fields(peer_expect(&p, TCP_SYN, 0, 0, 0), TOS, TTL);
	check_fields(wire_expect_after(&p, 1000), TOS, TTL);
	peer_fini(&p);
}
END_TEST

/* MUST-49: neither 0 nor what does not fit; the old value stays. */
START_TEST(impossible_value_is_refused)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	ck_assert_int_eq(ustack_setopt(p.h.s, p.conn, USTACK_OPT_TTL, 0),
			 -ERR_INVAL);
	ck_assert_int_eq(ustack_setopt(p.h.s, p.conn, USTACK_OPT_TTL, 256),
			 -ERR_INVAL);
	ck_assert_int_eq(ustack_setopt(p.h.s, p.conn, USTACK_OPT_TOS, 256),
			 -ERR_INVAL);
	ck_assert_int_eq(ustack_setopt(p.h.s, p.conn, (enum ustack_opt)99, 1),
			 -ERR_INVAL);
	peer_send(&p, 10);
	check_fields(peer_expect(&p, TCP_ACK, 1, 1, 10), 0, 64);
	setopt(&p, USTACK_OPT_TTL, 255);
	peer_fini(&p);
}
END_TEST

static void ttl_99(struct ustack_config *cfg)
{
	cfg->ttl = 99;
}

/* 1122-16: the configuration's TTL is that of all that nobody set. */
START_TEST(configured_ttl_is_used)
{
	struct peer p;

	wire_init(&p, _i, ttl_99);
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .dport = 9 });
	ck_assert_uint_eq(peer_expect(&p, TCP_RST | TCP_ACK, 0, 1, 0).ttl, 99);
	peer_tx(&p, seg(TCP_SYN, 0, 0, 0));
	ck_assert_uint_eq(peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0).ttl, 99);
	peer_tx(&p, seg_ack(1, 1));
	peer_send(&p, 10);
	ck_assert_uint_eq(peer_expect(&p, TCP_ACK, 1, 1, 10).ttl, 99);
	peer_fini(&p);
}
END_TEST

static const uint32_t mtus[] = { 576, 1280, 1500, 9000, 65535 };

static void set_mtu(struct ustack_config *cfg, uint32_t mtu)
{
	cfg->mtu = mtu;
	if (mtu < 1280)
		cfg->naddrs = 1; /* IPv4 alone */
}

/* One function a row, since a tweak has no argument. */
#define MTU_TWEAK(n)                                                           \
	static void mtu_##n(struct ustack_config *cfg)                         \
	{                                                                      \
		set_mtu(cfg, n);                                               \
	}
MTU_TWEAK(576)
MTU_TWEAK(1280)
MTU_TWEAK(1500)
MTU_TWEAK(9000)
MTU_TWEAK(65535)

static void (*const mtu_tweak[])(struct ustack_config *) = { mtu_576, mtu_1280,
							     mtu_1500, mtu_9000,
							     mtu_65535 };

/* MUST-14, MUST-67, SHLD-6, 6691-1: MTU less headers, whatever the options. */
START_TEST(announced_mss_follows_the_mtu)
{
	uint32_t mtu = mtus[_i / 2], mss = mtu - (_i % 2 ? 60 : 40);
	struct pseg s;
	struct peer p;

	if (_i % 2 && mtu < 1280)
		return;
	wire_init(&p, _i % 2, mtu_tweak[_i / 2]);
	s = peer_open_with(&p,
			   (struct pseg){ .mss = 1460, .has = TCP_OPT_HAS_TS });
	ck_assert_uint_eq(s.mss, mss);
	p.isn_known = false;
	p.conn = (struct ustack_conn){ 0 };
	ck_assert_int_eq(
		ustack_connect(p.h.s,
			       &(struct ustack_connect_args){
				       .remote = vhost_addr(p.v6 ? "fd07::1"
								 : "10.7.0.1"),
				       .rport = 9,
				       .ops_id = p.ops_id,
				       .ctx = (uint64_t)(uintptr_t)&p },
			       &p.conn),
		0);
	vhost_run(&p.h);
	ck_assert_uint_eq(peer_expect(&p, TCP_SYN, 0, 0, 0).mss, mss);
	peer_fini(&p);
}
END_TEST

/* MUST-16, 6691-2, 8504-1: no packet exceeds the MTU, nor the peer's MSS. */
START_TEST(segments_fit_the_mtu)
{
	uint32_t mtu = mtus[_i / 2];
	uint32_t mss = mtu - (_i % 2 ? 60 : 40) - 12, rest = 200000, most = 0;
	struct pseg s;
	struct peer p;

	if (_i % 2 && mtu < 1280)
		return;
	wire_init(&p, _i % 2, mtu_tweak[_i / 2]);
	peer_open_with(&p, (struct pseg){ .mss = 65495,
					  .has = TCP_OPT_HAS_TS,
					  .tsval = 1 });
	peer_send(&p, rest);
	while (peer_rx(&p, &s)) {
		most = max_u32(most, s.len);
		peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
					   .seq = 1,
					   .ack = s.seq + s.len,
					   .has = TCP_OPT_HAS_TS,
					   .tsval = 1,
					   .tsecr = s.tsval });
	}
	ck_assert_uint_eq(peer_info(&p).unacked + peer_info(&p).unsent, 0);
	ck_assert_uint_eq(most, min_u32(mss, rest));
	ck_assert_uint_eq(peer_info(&p).pmtu, mtu);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_ip_fields(void)
{
	Suite *s = suite_create("IP fields");
	TCase *tc = wire_case(s, "TTL and class");

	tcase_add_loop_test(tc, fields_are_in_every_segment, 0, 2);
	tcase_add_loop_test(tc, fields_can_be_changed, 0, 2);
	tcase_add_loop_test(tc, fields_are_in_the_syn, 0, 2);
	tcase_add_loop_test(tc, impossible_value_is_refused, 0, 2);
	tcase_add_loop_test(tc, configured_ttl_is_used, 0, 2);
	tc = wire_case(s, "size");
	tcase_add_loop_test(tc, announced_mss_follows_the_mtu, 0,
			    2 * (int)WIRE_ROWS(mtus));
	tcase_add_loop_test(tc, segments_fit_the_mtu, 0,
			    2 * (int)WIRE_ROWS(mtus));
	return s;
}

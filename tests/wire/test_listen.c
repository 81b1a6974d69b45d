/* SPDX-License-Identifier: MIT */
/*
 * test_listen.c - segments to a listening port (RFC 9293 section 3.10.7.2)
 */

#include "suites.h"
#include "wire.h"

/* 9293-a4: a reset finds nothing to reset. */
START_TEST(reset_is_ignored)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_tx(&p, seg_rst(0));
	peer_tx(&p, seg(TCP_RST | TCP_ACK, 0, 1000, 0));
	peer_tx(&p, seg(TCP_RST | TCP_SYN, 0, 0, 0));
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_RST), 3);
	peer_open(&p);
	peer_fini(&p);
}
END_TEST

static const uint8_t ack_flags[] = { TCP_ACK, TCP_SYN | TCP_ACK,
				     TCP_FIN | TCP_ACK };

/* 9293-a5: whatever acknowledges is an old duplicate; <SEQ=SEG.ACK><CTL=RST>. */
START_TEST(acknowledgement_draws_a_reset)
{
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	peer_tx(&p, seg(ack_flags[_i / 2], 5, 1000, 0));
	peer_expect(&p, TCP_RST, 1000, 0, 0);
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_LISTEN), 1);
	wire_check_listener(&p);
	peer_fini(&p);
}
END_TEST

/* 9293-a6, SHLD-5, MUST-67: the SYN-ACK acknowledges the SYN and offers an MSS. */
START_TEST(syn_draws_a_syn_ack)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	peer_tx(&p, seg(TCP_SYN, 0, 0, 0));
	s = peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	ck_assert_uint_eq(s.mss, _i ? 1440 : 1460);
	ck_assert_uint_eq(s.sport, STACK_PORT);
	ck_assert_uint_eq(s.ttl, 64);
	ck_assert_uint_eq(s.has, TCP_OPT_HAS_MSS);
	wire_check_state(&p, USTACK_SYN_RCVD);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_PASSIVE_OPENS), 1);
	peer_fini(&p);
}
END_TEST

/* 9293-a6: data in a SYN may be dropped, but then it must not be acknowledged. */
START_TEST(data_in_a_syn_does_no_harm)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_tx(&p, seg(TCP_SYN, 0, 0, 10));
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_tx(&p, seg_ack(1, 1));
	ck_assert_uint_eq(p.received, 0);
	peer_tx(&p, seg_data(1, 1, 10));
	ck_assert_uint_eq(p.received, 10);
	peer_fini(&p);
}
END_TEST

/* 9293-a6: a FIN in a SYN is not acted on; it comes again. */
START_TEST(fin_in_a_syn_does_no_harm)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_tx(&p, seg(TCP_SYN | TCP_FIN, 0, 0, 0));
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_tx(&p, seg_ack(1, 1));
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_fin(1, 1));
	wire_check_state(&p, USTACK_CLOSE_WAIT);
	peer_fini(&p);
}
END_TEST

/* clang-format off */
static const struct {
	const char *name;
	uint8_t flags;
	uint32_t len;
} nonsense[] = {
	{ "FIN", TCP_FIN, 0 },	{ "FIN and data", TCP_FIN, 5 },	{ "data", 0, 5 },
	{ "nothing", 0, 0 },	{ "URG", TCP_URG, 5 },		{ "PSH", TCP_PSH, 5 },
};
/* clang-format on */

/* 9293-a7: neither SYN nor ACK nor RST: dropped. */
START_TEST(segment_without_syn_and_ack_is_dropped)
{
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	peer_tx(&p, seg(nonsense[_i / 2].flags, 5, 0, nonsense[_i / 2].len));
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_LISTEN), 1);
	wire_check_listener(&p);
	peer_fini(&p);
}
END_TEST

/* MUST-42: the listener goes on while its connections live. */
START_TEST(connections_from_other_ports_are_independent)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_open(&p);
	for (uint32_t i = 0; i < 5; i++)
		wire_check_listener(&p);
	peer_tx(&p, seg_data(1, 1, 10));
	ck_assert_uint_eq(p.c.accepted, 6);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_listen(void)
{
	Suite *s = suite_create("listen");
	TCase *tc = wire_case(s, "segments");

	tcase_add_loop_test(tc, reset_is_ignored, 0, 2);
	tcase_add_loop_test(tc, acknowledgement_draws_a_reset, 0,
			    2 * (int)WIRE_ROWS(ack_flags));
	tcase_add_loop_test(tc, syn_draws_a_syn_ack, 0, 2);
	tcase_add_loop_test(tc, data_in_a_syn_does_no_harm, 0, 2);
	tcase_add_loop_test(tc, fin_in_a_syn_does_no_harm, 0, 2);
	tcase_add_loop_test(tc, segment_without_syn_and_ack_is_dropped, 0,
			    2 * (int)WIRE_ROWS(nonsense));
	tcase_add_loop_test(tc, connections_from_other_ports_are_independent, 0,
			    2);
	return s;
}

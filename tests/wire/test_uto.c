/* SPDX-License-Identifier: MIT */
/*
 * test_uto.c - the user timeout option (RFC 5482)
 */

#include "suites.h"
#include "wire.h"

#define MINUTES 0x8000u

static void set(struct peer *p, enum ustack_opt opt, uint64_t value)
{
	ck_assert_int_eq(ustack_setopt(p->h.s, p->conn, opt, value), 0);
	vhost_run(&p->h);
}

static uint64_t user_timeout(struct peer *p)
{
	return peer_info(p).user_timeout_us;
}

static struct pseg with_uto(struct pseg s, uint16_t uto)
{
	s.has |= TCP_OPT_HAS_UTO;
	s.uto = uto;
	return s;
}

/* 5482-1: nobody asked, nothing is sent. */
START_TEST(option_is_off_by_default)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_connect(&p);
	ck_assert_uint_eq(
		peer_expect(&p, TCP_SYN, 0, 0, 0).has & TCP_OPT_HAS_UTO, 0);
	peer_fini(&p);
}
END_TEST

static const struct {
	uint64_t us;
	uint16_t field;
} values[] = {
	{ SEC(1), 1 },
	{ SEC(90), 90 },
	{ SEC(32767), 32767 },
	{ SEC(32768), MINUTES | 546 },
	{ SEC(60) * 32767, MINUTES | 32767 },
};

/* RFC 5482 section 3 (5482-1): seconds, or minutes where they do not reach. */
START_TEST(timeout_is_announced_in_an_ack_of_its_own)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, 0, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	set(&p, USTACK_OPT_UTO_SEND, values[_i].us);
	s = peer_expect(&p, TCP_ACK, 1, 1, 0);
	ck_assert_uint_eq(s.has & TCP_OPT_HAS_UTO, TCP_OPT_HAS_UTO);
	ck_assert_uint_eq(s.uto, values[_i].field);
	peer_send(&p, 10); /* data is not shortened by it */
	s = peer_expect(&p, TCP_ACK, 1, 1, 10);
	ck_assert_uint_eq(s.has & TCP_OPT_HAS_UTO, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_OUT_UTO), 1);
	peer_fini(&p);
}
END_TEST

/* RFC 5482 section 3.2 (5482-1): in the SYN, and again behind the handshake. */
START_TEST(active_open_announces_in_the_syn)
{
	struct ustack_connect_args a = { .rport = PEER_PORT };
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	a.remote = vhost_addr(_i ? "fd07::1" : "10.7.0.1");
	a.ops_id = p.ops_id;
	a.ctx = (uint64_t)(uintptr_t)&p;
	ck_assert_int_eq(ustack_connect(p.h.s, &a, &p.conn), 0);
	set(&p, USTACK_OPT_UTO_SEND, SEC(300));
	s = peer_expect(&p, TCP_SYN, 0, 0, 0);
	ck_assert_uint_eq(s.uto, 300);
	s = seg(TCP_SYN | TCP_ACK, 0, 1, 0);
	s.dport = peer_info(&p).lport;
	peer_tx(&p, s);
	s = peer_expect(&p, TCP_ACK, 1, 1, 0);
	ck_assert_uint_eq(s.has & TCP_OPT_HAS_UTO, TCP_OPT_HAS_UTO);
	peer_expect_none(&p);
	peer_fini(&p);
}
END_TEST

/* 5482-2: only if the application lets it. */
START_TEST(received_option_is_ignored_unless_allowed)
{
	struct peer p;
	uint64_t before;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	before = user_timeout(&p);
	peer_tx(&p, with_uto(seg_ack(1, 1), 200));
	ck_assert_uint_eq(user_timeout(&p), before);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_IN_UTO_IGNORED), 1);
	set(&p, USTACK_OPT_UTO_ACCEPT, 1);
	peer_tx(&p, with_uto(seg_ack(1, 1), 200));
	ck_assert_uint_eq(user_timeout(&p), SEC(200));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_IN_UTO), 1);
	/* The application's own word ends that. */
	set(&p, USTACK_OPT_USER_TIMEOUT, SEC(50));
	peer_tx(&p, with_uto(seg_ack(1, 1), 300));
	ck_assert_uint_eq(user_timeout(&p), SEC(50));
	peer_fini(&p);
}
END_TEST

static const struct {
	uint16_t field;
	uint64_t ours; /* ADV_UTO */
	uint64_t want;
} limits[] = {
	{ 1, 0, SEC(120) }, /* L_LIMIT */
	{ 119, 0, SEC(120) },
	{ 121, 0, SEC(121) },
	{ MINUTES | 5, 0, SEC(300) },
	{ MINUTES | 32767, 0, SEC(86400) }, /* U_LIMIT */
	{ 130, SEC(500), SEC(500) },	    /* the larger of the two */
	{ 0, SEC(500), SEC(924) },	    /* reserved: ignored */
};

/* 5482-2: min(U_LIMIT, max(ADV_UTO, REMOTE_UTO, L_LIMIT)). */
START_TEST(received_timeout_is_kept_between_limits)
{
	struct peer p;

	wire_init(&p, 0, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	set(&p, USTACK_OPT_UTO_ACCEPT, 1);
	set(&p, USTACK_OPT_UTO_SEND, limits[_i].ours);
	peer_tx(&p, with_uto(seg_ack(1, 1), limits[_i].field));
	ck_assert_uint_eq(user_timeout(&p), limits[_i].want);
	peer_fini(&p);
}
END_TEST

/* 5482-2, 5482-3: and it is what ends the connection. */
START_TEST(received_timeout_moves_the_end)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	set(&p, USTACK_OPT_UTO_ACCEPT, 1);
	peer_tx(&p, with_uto(seg_ack(1, 1), 150));
	peer_send(&p, 100);
	peer_advance(&p, SEC(140));
	ck_assert_uint_eq(p.c.closed, 0);
	peer_advance(&p, SEC(80));
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_TIMEOUT);
	peer_fini(&p);
}
END_TEST

/* 5961-5: blind segments do not move it. */
START_TEST(option_of_an_unacceptable_segment_is_ignored)
{
	struct peer p;
	uint64_t before;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	set(&p, USTACK_OPT_UTO_ACCEPT, 1);
	before = user_timeout(&p);
	peer_tx(&p, with_uto(seg_ack(1u << 22, 1), 200));
	peer_tx(&p, with_uto(seg_ack(1, 5000), 200));
	ck_assert_uint_eq(user_timeout(&p), before);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_uto(void)
{
	Suite *s = suite_create("user timeout option");
	TCase *tc = wire_case(s, "option");

	tcase_add_loop_test(tc, option_is_off_by_default, 0, 2);
	tcase_add_loop_test(tc, timeout_is_announced_in_an_ack_of_its_own, 0,
			    WIRE_ROWS(values));
	tcase_add_loop_test(tc, active_open_announces_in_the_syn, 0, 2);
	tcase_add_loop_test(tc, received_option_is_ignored_unless_allowed, 0,
			    2);
	tcase_add_loop_test(tc, received_timeout_is_kept_between_limits, 0,
			    WIRE_ROWS(limits));
	tcase_add_loop_test(tc, received_timeout_moves_the_end, 0, 2);
	tcase_add_loop_test(tc, option_of_an_unacceptable_segment_is_ignored, 0,
			    2);
	return s;
}

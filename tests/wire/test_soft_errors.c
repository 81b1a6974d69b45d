/* SPDX-License-Identifier: MIT */
/*
 * test_soft_errors.c - what the application learns of ICMP errors, and what
 *			it lets them do (RFC 9293 section 3.9.2.2)
 */

#include "quote.h"
#include "suites.h"

static void set(struct peer *p, enum ustack_opt opt, uint64_t value)
{
	ck_assert_int_eq(ustack_setopt(p->h.s, p->conn, opt, value), 0);
	vhost_run(&p->h);
}

/* Net unreachable; of IPv6: no route. */
static void net_unreachable(struct peer *p, uint32_t seq)
{
	quote_give(p, (struct quote){ .type = p->v6 ? 1 : 3, .seq = seq });
}

static void send_one(struct peer *p, int v6)
{
	wire_init(p, v6, NULL);
	wire_goto(p, USTACK_ESTABLISHED);
	peer_send(p, 100);
	peer_drain(p);
}

/* MUST-47: told at once, and the connection lives. */
START_TEST(soft_error_is_reported)
{
	struct peer p;

	send_one(&p, _i);
	net_unreachable(&p, 1);
	ck_assert_uint_eq(p.c.soft_error, 1);
	ck_assert_int_eq(p.soft_error, ERR_NETUNREACH);
	ck_assert_int_eq(peer_info(&p).soft_err, ERR_NETUNREACH);
	ck_assert_int_eq(ustack_error(p.h.s, p.conn), 0); /* none is pending */
	peer_tx(&p, seg_ack(1, 101));
	ck_assert_int_eq(peer_info(&p).soft_err, ERR_NONE);
	peer_fini(&p);
}
END_TEST

/* SHLD-20: but not to who does not care. */
START_TEST(reports_can_be_turned_off)
{
	struct peer p;

	send_one(&p, _i);
	set(&p, USTACK_OPT_SOFT_ERRORS, 0);
	net_unreachable(&p, 1);
	ck_assert_uint_eq(p.c.soft_error, 0);
	set(&p, USTACK_OPT_SOFT_ERRORS, 1);
	net_unreachable(&p, 1);
	ck_assert_uint_eq(p.c.soft_error, 1);
	peer_fini(&p);
}
END_TEST

/* SHLD-25, MUST-12: the last of them is why an attempt failed. */
START_TEST(timeout_is_told_by_the_last_soft_error)
{
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	peer_connect(&p);
	peer_drain(&p);
	if (_i / 2)
		net_unreachable(&p, 0);
	peer_advance(&p, SEC(300));
	ck_assert_int_eq(p.reason, USTACK_END_TIMEOUT);
	ck_assert_int_eq(p.error, _i / 2 ? ERR_NETUNREACH : ERR_TIMEDOUT);
	peer_drain(&p);
	peer_fini(&p);
}
END_TEST

static const struct {
	enum ustack_pmtu mode;
	bool heeds4;
	bool heeds6;
	bool df; /* of IPv4 */
} modes[] = {
	{ USTACK_PMTU_WANT, true, true, true },
	{ USTACK_PMTU_DO, true, true, true },
	{ USTACK_PMTU_DONT, false, true, false },
	{ USTACK_PMTU_PROBE, false, false, true },
};

/* 1191-1, 1191-2: discovery as the application wants it, as IP_MTU_DISCOVER. */
START_TEST(path_mtu_is_discovered_as_asked)
{
	uint32_t row = (uint32_t)_i / 2;
	struct peer p;
	struct pseg s;
	bool heeds;

	wire_init(&p, _i % 2, NULL);
	heeds = p.v6 ? modes[row].heeds6 : modes[row].heeds4;
	peer_open(&p);
	p.df_clear = !modes[row].df;
	set(&p, USTACK_OPT_PMTU, modes[row].mode);
	peer_send(&p, 1440);
	ck_assert(peer_rx(&p, &s));
	ck_assert_uint_eq(s.df, p.v6 || modes[row].df);
	peer_drain(&p);
	quote_too_big(&p, 1, 1300);
	ck_assert_uint_eq(peer_info(&p).mss,
			  heeds ? (p.v6 ? 1240 : 1260) : (p.v6 ? 1440 : 1460));
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_soft_errors(void)
{
	Suite *s = suite_create("soft errors");
	TCase *tc = wire_case(s, "reports");

	tcase_add_loop_test(tc, soft_error_is_reported, 0, 2);
	tcase_add_loop_test(tc, reports_can_be_turned_off, 0, 2);
	tcase_add_loop_test(tc, timeout_is_told_by_the_last_soft_error, 0, 4);
	tcase_add_loop_test(tc, path_mtu_is_discovered_as_asked, 0,
			    2 * (int)WIRE_ROWS(modes));
	return s;
}

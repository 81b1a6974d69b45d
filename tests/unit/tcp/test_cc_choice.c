/* SPDX-License-Identifier: MIT */
/*
 * test_cc_choice.c - which congestion control a connection gets, and its name
 */

#include "inner.h"
#include "stack/tcp/cc.h"
#include "stack/tcp/sendq.h"

#define MSS 1460u

static void reno(struct ustack_config *cfg)
{
	memcpy(cfg->cc, "reno", sizeof("reno"));
}

/* RFC 9438 by default (9438-8 lets it begin with HyStart++). */
START_TEST(configured_one_is_the_default)
{
	struct peer p;

	peer_init(&p, _i ? reno : NULL);
	peer_open(&p);
	ck_assert_str_eq(peer_info(&p).cc, _i ? "reno" : "cubic");
	peer_fini(&p);
}
END_TEST

START_TEST(listener_gives_its_own)
{
	struct ustack_listen_args a = { .port = 9, .backlog = 4, .cc = "reno" };
	struct peer p;

	peer_init(&p, NULL);
	a.ops_id = p.ops_id;
	a.ctx = (uint64_t)(uintptr_t)&p;
	ck_assert_int_ge(ustack_listen(p.h.s, &a), 0);
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .dport = 9 });
	peer_drain(&p);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 1,
				   .ack = 1,
				   .dport = 9 });
	EXPECT_EQ(p.c.accepted, 1);
	ck_assert_str_eq(peer_info(&p).cc, "reno");
	a.port = 10;
	a.cc = "vegas";
	ck_assert_int_eq(ustack_listen(p.h.s, &a), -ERR_INVAL);
	peer_fini(&p);
}
END_TEST

START_TEST(connect_call_gives_its_own)
{
	struct ustack_connect_args a = { .rport = 9, .cc = "reno" };
	struct peer p;

	peer_init(&p, NULL);
	a.remote = vhost_addr("10.7.0.1");
	a.ops_id = p.ops_id;
	a.ctx = (uint64_t)(uintptr_t)&p;
	ck_assert_int_eq(ustack_connect(p.h.s, &a, &p.conn), 0);
	ck_assert_str_eq(peer_info(&p).cc, "reno");
	a.cc = "";
	ck_assert_int_eq(ustack_connect(p.h.s, &a, &p.conn), -ERR_INVAL);
	peer_fini(&p);
}
END_TEST

/* In the middle of things: the window stays, the other's notes do not. */
START_TEST(connection_can_change_it)
{
	uint32_t cwnd;
	struct peer p;
	struct tcp_conn *c;

	peer_init(&p, NULL);
	peer_open(&p);
	peer_send(&p, 100 * MSS);
	c = inner_conn(&p);
	cwnd = c->cc.cwnd;
	c->fl->undo_valid = true;
	ck_assert_int_eq(ustack_setopt_cc(p.h.s, p.conn, "reno"), 0);
	ck_assert_str_eq(peer_info(&p).cc, "reno");
	EXPECT_EQ(c->cc.cwnd, cwnd);
	EXPECT(!c->fl->undo_valid);
	ck_assert_int_eq(ustack_setopt_cc(p.h.s, p.conn, "vegas"), -ERR_INVAL);
	ck_assert_str_eq(peer_info(&p).cc, "reno");
	ck_assert_int_eq(ustack_setopt_cc(p.h.s, p.conn, NULL), 0);
	ck_assert_str_eq(peer_info(&p).cc, "cubic");
	p.conn.gen++;
	ck_assert_int_eq(ustack_setopt_cc(p.h.s, p.conn, "reno"), -ERR_NOENT);
	p.conn.gen--;
	peer_fini(&p);
}
END_TEST

Suite *suite_tcp_cc_choice(void)
{
	Suite *s = suite_create("tcp/cc choice");
	TCase *tc = tcase_create("names");

	tcase_add_loop_test(tc, configured_one_is_the_default, 0, 2);
	tcase_add_test(tc, listener_gives_its_own);
	tcase_add_test(tc, connect_call_gives_its_own);
	tcase_add_test(tc, connection_can_change_it);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_backlog.c - more connections than the service takes (RFC 4987)
 */

#include "suites.h"
#include "wire.h"

#define PORT	8u
#define BACKLOG 2u
#define RETRIES 5u

/**
 * struct shop - a peer, and a listener of its own that serves nobody yet
 * @p:		the peer
 * @listener:	on PORT, with room for BACKLOG connections
 */
struct shop {
	struct peer p;
	int listener;
};

static struct pseg client(uint32_t i, uint8_t flags, uint32_t len)
{
	return (struct pseg){ .flags = flags,
			      .seq = flags & TCP_SYN ? 0 : 1,
			      .ack = 1,
			      .len = len,
			      .sport = (uint16_t)(30000 + i),
			      .dport = PORT };
}

/* SYN and SYN-ACK of client @i. */
static void knock(struct shop *sh, uint32_t i)
{
	sh->p.isn_known = false;
	peer_tx(&sh->p, client(i, TCP_SYN, 0));
	peer_expect(&sh->p, TCP_SYN | TCP_ACK, 0, 1, 0);
}

static void enter(struct shop *sh, uint32_t i)
{
	knock(sh, i);
	peer_tx(&sh->p, client(i, TCP_ACK, 0));
	peer_expect_none(&sh->p);
}

/* The backlog is full, nobody has been taken. */
static void open_shop(struct shop *sh, int v6)
{
	struct ustack_listen_args l = { .port = PORT, .backlog = BACKLOG };

	wire_init(&sh->p, v6, NULL);
	l.ops_id = sh->p.ops_id;
	l.ctx = (uint64_t)(uintptr_t)&sh->p;
	sh->listener = ustack_listen(sh->p.h.s, &l);
	ck_assert_int_ge(sh->listener, 0);
	sh->p.refuse_accept = -ERR_AGAIN;
	for (uint32_t i = 0; i < BACKLOG; i++)
		enter(sh, i);
	ck_assert_uint_eq(peer_states(&sh->p, USTACK_ESTABLISHED), BACKLOG);
}

static void serve(struct shop *sh)
{
	sh->p.refuse_accept = 0;
	ustack_accept_ready(sh->p.h.s, sh->listener);
	vhost_run(&sh->p.h);
}

/* 4987-6: the last ACK is ignored, no reset; the repeated SYN-ACK gives a turn. */
START_TEST(full_backlog_ignores_the_last_ack)
{
	struct shop sh;

	open_shop(&sh, _i);
	enter(&sh, BACKLOG);
	ck_assert_uint_eq(peer_counter(&sh.p, USTACK_C_TCP_ACCEPT_OVERFLOWS),
			  1);
	wire_expect_after(&sh.p, 1000);
	serve(&sh);
	ck_assert_uint_eq(sh.p.c.accepted, BACKLOG);
	peer_tx(&sh.p, client(BACKLOG, TCP_ACK, 0));
	ck_assert_uint_eq(sh.p.c.accepted, BACKLOG + 1);
	peer_expect_none(&sh.p);
	peer_fini(&sh.p);
}
END_TEST

/* 4987-6: nor is its data acknowledged; it is taken when it comes again. */
START_TEST(data_of_an_ignored_client_comes_again)
{
	struct shop sh;

	open_shop(&sh, _i);
	knock(&sh, BACKLOG);
	peer_tx(&sh.p, client(BACKLOG, TCP_ACK, 100));
	peer_expect_none(&sh.p);
	serve(&sh);
	peer_tx(&sh.p, client(BACKLOG, TCP_ACK, 100));
	ck_assert_uint_eq(sh.p.c.accepted, BACKLOG + 1);
	ck_assert_uint_eq(sh.p.received, 100);
	peer_fini(&sh.p);
}
END_TEST

/* 4987-5: an ignored client costs as many SYN-ACKs as a silent one. */
START_TEST(ignored_client_is_given_up)
{
	struct shop sh;
	uint32_t n = 0;

	open_shop(&sh, _i);
	knock(&sh, BACKLOG);
	for (uint32_t s = 0; s < 200; s++) {
		peer_tx(&sh.p, client(BACKLOG, TCP_ACK, 0));
		peer_advance(&sh.p, SEC(1));
		if (peer_states(&sh.p, USTACK_SYN_RCVD) == 0)
			break;
		n += peer_drain(&sh.p);
	}
	ck_assert_uint_eq(peer_states(&sh.p, USTACK_SYN_RCVD), 0);
	ck_assert_uint_eq(n, RETRIES);
	ck_assert_uint_eq(peer_counter(&sh.p, USTACK_C_TCP_RETRANS_SYNACK),
			  RETRIES);
	peer_fini(&sh.p);
}
END_TEST

/* 4987-6: a full backlog is its listener's own. */
START_TEST(full_backlog_stops_nobody_else)
{
	struct shop sh;

	open_shop(&sh, _i);
	sh.p.refuse_accept = 0;
	wire_check_listener(&sh.p); /* the one on STACK_PORT */
	ck_assert_uint_eq(peer_states(&sh.p, USTACK_ESTABLISHED), BACKLOG);
	peer_fini(&sh.p);
}
END_TEST

/* What waits in the backlog receives, and shows it when it is taken. */
START_TEST(waiting_connection_receives)
{
	struct shop sh;
	struct pseg s;

	open_shop(&sh, _i);
	s = client(1, TCP_ACK, 500);
	sh.p.conn = (struct ustack_conn){ 0 };
	peer_tx(&sh.p, s);
	peer_advance(&sh.p, MS(50));
	ck_assert_uint_eq(peer_drain(&sh.p), 1);
	ck_assert_uint_eq(sh.p.c.readable, 0);
	serve(&sh);
	ck_assert_uint_eq(sh.p.c.accepted, BACKLOG);
	ck_assert_uint_eq(sh.p.received, 500);
	peer_fini(&sh.p);
}
END_TEST

/* A client that resets before its turn leaves room for the next. */
START_TEST(reset_in_the_backlog_leaves_room)
{
	struct shop sh;

	open_shop(&sh, _i);
	peer_tx(&sh.p, client(0, TCP_RST, 0));
	peer_expect_none(&sh.p);
	ck_assert_uint_eq(sh.p.c.closed, 0); /* the service never heard of it */
	enter(&sh, BACKLOG);
	ck_assert_uint_eq(peer_counter(&sh.p, USTACK_C_TCP_ACCEPT_OVERFLOWS),
			  0);
	ck_assert_uint_eq(peer_states(&sh.p, USTACK_ESTABLISHED), BACKLOG);
	peer_fini(&sh.p);
}
END_TEST

/* RFC 9293 section 3.10.4: who closes the shop sends those in line away. */
START_TEST(unlisten_resets_those_that_wait)
{
	struct shop sh;
	struct pseg s = { 0 };

	open_shop(&sh, _i);
	knock(&sh, BACKLOG);
	ustack_unlisten(sh.p.h.s, sh.listener);
	vhost_run(&sh.p.h);
	for (uint32_t i = 0; i < BACKLOG; i++) {
		ck_assert(peer_rx(&sh.p, &s));
		ck_assert_uint_eq(s.flags & TCP_RST, TCP_RST);
	}
	peer_expect_none(&sh.p);
	ck_assert_uint_eq(peer_states(&sh.p, USTACK_ESTABLISHED), 0);
	ck_assert_uint_eq(peer_states(&sh.p, USTACK_SYN_RCVD), 0);
	peer_tx(&sh.p, client(BACKLOG, TCP_ACK, 0)); /* it is nobody now */
	ck_assert(peer_rx(&sh.p, &s));
	ck_assert_uint_eq(s.flags, TCP_RST);
	peer_fini(&sh.p);
}
END_TEST

static int takes_one(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct peer *p = (struct peer *)(uintptr_t)ctx;

	(void)s;
	if (p->c.connected == 0) /* here: how many it may take */
		return -ERR_AGAIN;
	p->c.connected--;
	p->c.accepted++;
	p->conn = c;
	return 0;
}

/* The service takes one at a time: in the order of their coming, each once. */
START_TEST(backlog_is_offered_in_order)
{
	static const struct ustack_ops ops = { .accept = takes_one };
	struct ustack_listen_args l = { .port = 9, .backlog = 1000 };
	struct ustack_listener_info info;
	struct peer p;
	int listener;

	wire_init(&p, _i, NULL);
	l.ops_id = ustack_ops_register(p.h.s, &ops);
	l.ctx = (uint64_t)(uintptr_t)&p;
	listener = ustack_listen(p.h.s, &l);
	for (uint16_t i = 0; i < 300; i++) {
		p.isn_known = false;
		peer_tx(&p, (struct pseg){ .flags = TCP_SYN,
					   .sport = (uint16_t)(1000 + i),
					   .dport = 9 });
		peer_drain(&p);
		peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
					   .seq = 1,
					   .ack = 1,
					   .sport = (uint16_t)(1000 + i),
					   .dport = 9 });
		if (i % 3 == 2) /* gone before its turn */
			peer_tx(&p,
				(struct pseg){ .flags = TCP_RST,
					       .seq = 1,
					       .sport = (uint16_t)(1000 + i),
					       .dport = 9 });
	}
	ck_assert_int_eq(ustack_listener_info(p.h.s, listener, &info), 0);
	ck_assert_uint_eq(info.waiting, 200);
	ck_assert_uint_eq(info.port, 9);
	for (uint16_t i = 0; i < 300; i++) {
		if (i % 3 == 2)
			continue;
		p.c.connected = 1;
		ustack_accept_ready(p.h.s, listener);
		ustack_accept_ready(p.h.s, listener); /* twice is once */
		vhost_run(&p.h);
		ck_assert_uint_eq(p.c.connected, 0);
		ck_assert_uint_eq(peer_info(&p).rport, 1000u + i);
		ustack_abort(p.h.s, p.conn);
		vhost_run(&p.h);
		peer_drain(&p);
	}
	ck_assert_uint_eq(p.c.accepted, 200);
	ck_assert_int_eq(ustack_listener_info(p.h.s, listener, &info), 0);
	ck_assert_uint_eq(info.waiting, 0);
	peer_fini(&p);
}
END_TEST

/* The one whose turn it is goes away: the turn is the next one's. */
START_TEST(turn_of_one_that_is_reset_passes_on)
{
	struct shop sh;
	struct pseg s;

	open_shop(&sh, _i);
	sh.p.refuse_accept = 0;
	ustack_accept_ready(sh.p.h.s, sh.listener);
	s = client(0, TCP_RST, 0);
	peer_tx(&sh.p, s);
	ck_assert_uint_eq(sh.p.c.accepted, 1);
	ck_assert_uint_eq(peer_info(&sh.p).rport, 30001);
	peer_fini(&sh.p);
}
END_TEST

/* Before the run that would offer it: nobody is asked any more. */
START_TEST(connection_of_a_closed_shop_is_reset)
{
	struct shop sh;
	struct pseg s = { 0 };

	open_shop(&sh, _i);
	ustack_accept_ready(sh.p.h.s, sh.listener);
	sh.p.refuse_accept = 0;
	ustack_unlisten(sh.p.h.s, sh.listener);
	vhost_run(&sh.p.h);
	ck_assert_uint_eq(sh.p.c.accepted, 0);
	for (uint32_t i = 0; i < BACKLOG; i++) {
		ck_assert(peer_rx(&sh.p, &s));
		ck_assert_uint_eq(s.flags & TCP_RST, TCP_RST);
	}
	peer_fini(&sh.p);
}
END_TEST

static bool listener_is(struct peer *p, uint32_t half_open, bool cookies)
{
	struct ustack_listener_info info;

	ck_assert_int_eq(ustack_listener_info(p->h.s, p->listener, &info), 0);
	return info.half_open == half_open && info.cookies == cookies;
}

/* Design section 4: half-open counts per port. */
START_TEST(half_open_count_of_a_port_can_be_seen)
{
	struct ustack_listener_info info;
	struct peer p;

	wire_init(&p, _i, NULL);
	for (uint16_t i = 0; i < 3072; i++) {
		ck_assert(listener_is(&p, i, false));
		peer_tx(&p, (struct pseg){ .flags = TCP_SYN,
					   .sport = (uint16_t)(1000 + i) });
		peer_drain(&p);
	}
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN });
	ck_assert(listener_is(&p, 3072, true));
	ck_assert_int_eq(ustack_listener_info(p.h.s, 63, &info), -ERR_NOENT);
	ustack_unlisten(p.h.s, p.listener);
	ck_assert_int_eq(ustack_listener_info(p.h.s, p.listener, &info),
			 -ERR_NOENT);
	peer_fini(&p);
}
END_TEST

/* 4987-2: half-open connections take little, and no more than the limit. */
START_TEST(half_open_memory_is_bounded)
{
	struct ustack_gauges before, g;
	struct peer p;

	wire_init(&p, _i, NULL);
	ustack_gauges(p.h.s, &before);
	for (uint32_t i = 0; i < 5000; i++) {
		peer_tx(&p, (struct pseg){ .flags = TCP_SYN,
					   .sport = (uint16_t)(1000 + i) });
		peer_drain(&p);
	}
	ustack_gauges(p.h.s, &g);
	ck_assert_uint_eq(g.states[USTACK_SYN_RCVD], 3072); /* of 4096 */
	ck_assert_uint_lt(g.mem_used - before.mem_used, 3072 * 150);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_SYN_COOKIES_SENT),
			  5000 - 3072);
	ustack_unlisten(p.h.s, p.listener);
	peer_fini(&p);
}
END_TEST

/* 4987-4: a forged last ACK makes no connection. */
START_TEST(forged_ack_makes_no_connection)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	for (uint32_t i = 0; i < 20; i++) {
		peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
					   .seq = 1,
					   .ack = i * 0x07654321u,
					   .sport = (uint16_t)(1000 + i) });
		peer_expect(&p, TCP_RST, i * 0x07654321u, 0, 0);
	}
	ck_assert_uint_eq(p.c.accepted, 0);
	wire_check_state(&p, USTACK_CLOSED);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_backlog(void)
{
	Suite *s = suite_create("backlog");
	TCase *tc = wire_case(s, "accept");

	tcase_add_loop_test(tc, full_backlog_ignores_the_last_ack, 0, 2);
	tcase_add_loop_test(tc, data_of_an_ignored_client_comes_again, 0, 2);
	tcase_add_loop_test(tc, ignored_client_is_given_up, 0, 2);
	tcase_add_loop_test(tc, full_backlog_stops_nobody_else, 0, 2);
	tcase_add_loop_test(tc, waiting_connection_receives, 0, 2);
	tcase_add_loop_test(tc, reset_in_the_backlog_leaves_room, 0, 2);
	tcase_add_loop_test(tc, unlisten_resets_those_that_wait, 0, 2);
	tc = wire_case(s, "half-open");
	tcase_add_loop_test(tc, backlog_is_offered_in_order, 0, 2);
	tcase_add_loop_test(tc, turn_of_one_that_is_reset_passes_on, 0, 2);
	tcase_add_loop_test(tc, connection_of_a_closed_shop_is_reset, 0, 2);
	tcase_add_loop_test(tc, half_open_count_of_a_port_can_be_seen, 0, 2);
	tcase_add_loop_test(tc, half_open_memory_is_bounded, 0, 2);
	tcase_add_loop_test(tc, forged_ack_makes_no_connection, 0, 2);
	return s;
}

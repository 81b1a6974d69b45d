/* SPDX-License-Identifier: MIT */
/*
 * test_open_api.c - what the OPEN calls refuse, and which addresses they choose
 *		     (RFC 9293 section 3.10.1)
 */

#include "suites.h"
#include "wire.h"

/* clang-format off */
static const struct {
	const char *remote, *local;
	uint16_t rport;
	int ops_id, want;
} connects[] = {
	{ "255.255.255.255", "::", 80, 0, -ERR_INVAL },
	{ "224.0.0.1", "::", 80, 0, -ERR_INVAL },
	{ "239.255.255.255", "::", 80, 0, -ERR_INVAL },
	{ "240.0.0.1", "::", 80, 0, -ERR_INVAL },
	{ "127.0.0.1", "::", 80, 0, -ERR_INVAL },
	{ "0.0.0.0", "::", 80, 0, -ERR_INVAL },
	{ "ff02::1", "::", 80, 0, -ERR_INVAL },
	{ "ff0e::1", "::", 80, 0, -ERR_INVAL },
	{ "::1", "::", 80, 0, -ERR_INVAL },
	{ "::", "::", 80, 0, -ERR_INVAL },
	{ "10.7.0.2", "::", 80, 0, -ERR_INVAL },
	{ "fd07::2", "::", 80, 0, -ERR_INVAL },
	{ "10.7.0.1", "::", 0, 0, -ERR_INVAL },
	{ "10.7.0.1", "::", 80, -1, -ERR_INVAL },
	{ "10.7.0.1", "::", 80, 31, -ERR_INVAL },
	{ "10.7.0.1", "fd07::2", 80, 0, -ERR_INVAL },
	{ "fd07::1", "10.7.0.2", 80, 0, -ERR_INVAL },
	{ "10.7.0.1", "10.7.0.3", 80, 0, -ERR_ADDRNOTAVAIL },
	{ "fd07::1", "fd07::3", 80, 0, -ERR_ADDRNOTAVAIL },
};

static const struct {
	const char *addr;
	uint16_t port;
	uint32_t backlog;
	int ops_id, want;
} listens[] = {
	{ "::", 0, 1, 0, -ERR_INVAL },
	{ "::", 80, 0, 0, -ERR_INVAL },
	{ "::", 80, 1, -1, -ERR_INVAL },
	{ "::", 80, 1, 31, -ERR_INVAL },
	{ "10.7.0.1", 80, 1, 0, -ERR_ADDRNOTAVAIL },
	{ "224.0.0.1", 80, 1, 0, -ERR_ADDRNOTAVAIL },
	{ "fd07::1", 80, 1, 0, -ERR_ADDRNOTAVAIL },
	{ "::", STACK_PORT, 1, 0, -ERR_ADDRINUSE },
};
/* clang-format on */

static int try_connect(struct peer *p, struct ustack_connect_args a)
{
	struct ustack_conn c;
	int r;

	a.ctx = (uint64_t)(uintptr_t)p;
	r = ustack_connect(p->h.s, &a, &c);
	vhost_run(&p->h);
	return r;
}

/* MUST-46: at once, and nothing reaches the wire. */
START_TEST(impossible_connect_is_refused)
{
	struct peer p;

	peer_init(&p, NULL);
	ck_assert_int_eq(
		try_connect(&p,
			    (struct ustack_connect_args){
				    .remote = vhost_addr(connects[_i].remote),
				    .local = vhost_addr(connects[_i].local),
				    .rport = connects[_i].rport,
				    .ops_id = connects[_i].ops_id }),
		connects[_i].want);
	peer_advance(&p, SEC(10));
	peer_expect_none(&p);
	wire_check_state(&p, USTACK_CLOSED);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ACTIVE_OPENS), 0);
	ck_assert_uint_eq(p.c.closed, 0);
	peer_fini(&p);
}
END_TEST

START_TEST(impossible_listen_is_refused)
{
	struct ustack_listen_args l = { .addr = vhost_addr(listens[_i].addr),
					.port = listens[_i].port,
					.backlog = listens[_i].backlog,
					.ops_id = listens[_i].ops_id };
	struct peer p;

	peer_init(&p, NULL);
	ck_assert_int_eq(ustack_listen(p.h.s, &l), listens[_i].want);
	ck_assert_uint_eq(peer_states(&p, USTACK_LISTEN), 1);
	wire_check_listener(&p);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.10.1: "error: connection already exists". */
START_TEST(pair_in_use_is_refused)
{
	struct ustack_connect_args a = { .rport = PEER_PORT,
					 .lport = STACK_PORT };
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	a.remote = vhost_addr(_i % 2 ? "fd07::1" : "10.7.0.1");
	if (_i / 2 == 0)
		peer_connect(&p);
	else if (_i / 2 == 1)
		peer_tx(&p, seg(TCP_SYN, 0, 0, 0)); /* half-open */
	else
		wire_goto(&p, USTACK_ESTABLISHED);
	ck_assert_int_eq(try_connect(&p, a), -ERR_ADDRINUSE);
	a.rport++;
	ck_assert_int_eq(try_connect(&p, a), 0);
	peer_fini(&p);
}
END_TEST

static void two_conns(struct ustack_config *cfg)
{
	cfg->max_conns = 2;
}

/* No more connections than the limit, and again when one is gone. */
START_TEST(connection_limit_is_reported)
{
	struct ustack_connect_args a = { .rport = 1000 };
	struct peer p;

	wire_init(&p, _i, two_conns);
	a.remote = vhost_addr(_i ? "fd07::1" : "10.7.0.1");
	ck_assert_int_eq(try_connect(&p, a), 0);
	peer_connect(&p);
	ck_assert_int_eq(try_connect(&p, a), -ERR_LIMIT);
	wire_abort(&p);
	ck_assert_int_eq(try_connect(&p, a), 0);
	peer_fini(&p);
}
END_TEST

static void second_address(struct ustack_config *cfg)
{
	cfg->addr[2] = (struct ustack_prefix){ vhost_addr("10.7.0.9"), 128 };
	cfg->naddrs = 3;
}

/* MUST-43, MUST-44: the address asked for, else the first of the family. */
START_TEST(local_address_is_chosen)
{
	struct ustack_connect_args a = { .remote = vhost_addr("10.7.0.1"),
					 .rport = PEER_PORT };
	struct ustack_info info[4];
	uint64_t cursor = 0;
	struct peer p;

	peer_init(&p, second_address);
	if (_i)
		a.local = vhost_addr("10.7.0.9");
	ck_assert_int_eq(try_connect(&p, a), 0);
	ck_assert_uint_eq(ustack_walk(p.h.s, &cursor, info, 4), 1);
	a.local = vhost_addr(_i ? "10.7.0.9" : "10.7.0.2");
	ck_assert(ustack_addr_eq(&info[0].local, &a.local));
	peer_fini(&p);
}
END_TEST

/* MUST-41, MUST-42: a listener more disturbs nobody, and can go again. */
START_TEST(listeners_are_independent)
{
	struct ustack_listen_args l = { .port = 80, .backlog = 1 };
	struct peer p;
	int n;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	l.ops_id = p.ops_id;
	l.ctx = (uint64_t)(uintptr_t)&p;
	n = ustack_listen(p.h.s, &l);
	ck_assert_int_ge(n, 0);
	ck_assert_int_eq(ustack_listen(p.h.s, &l), -ERR_ADDRINUSE);
	ustack_unlisten(p.h.s, n);
	ustack_unlisten(p.h.s, n); /* harmless */
	ustack_unlisten(p.h.s, -1);
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .dport = 80 });
	peer_expect(&p, TCP_RST | TCP_ACK, 0u - p.stack_isn, 1, 0); /* SEQ 0 */
	n = ustack_listen(p.h.s, &l);
	ck_assert_int_ge(n, 0);
	peer_tx(&p, seg_data(1, 1, 10));
	ck_assert_uint_eq(p.received, 10);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_open_api(void)
{
	Suite *s = suite_create("open");
	TCase *tc = wire_case(s, "calls");

	tcase_add_loop_test(tc, impossible_connect_is_refused, 0,
			    (int)WIRE_ROWS(connects));
	tcase_add_loop_test(tc, impossible_listen_is_refused, 0,
			    (int)WIRE_ROWS(listens));
	tcase_add_loop_test(tc, pair_in_use_is_refused, 0, 6);
	tcase_add_loop_test(tc, connection_limit_is_reported, 0, 2);
	tcase_add_loop_test(tc, local_address_is_chosen, 0, 2);
	tcase_add_loop_test(tc, listeners_are_independent, 0, 2);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_ready.c - asking instead of being called: poll, recv, accept, bind
 *
 * What these answer beside the kernel's sockets is tests/unit/lib/test_vsock.c's
 * to show; here are the corners of the calls themselves.
 */

#include <stdlib.h>

#include "inner.h"
#include "stack/tcp/bind.h"

static struct peer *begin(void)
{
	struct peer *p = calloc(1, sizeof(*p));

	peer_init(p, NULL);
	return p;
}

static void finish(struct peer *p)
{
	peer_fini(p);
	free(p);
}

static struct ustack_bind name(const char *addr, uint16_t port, bool reuse)
{
	return (struct ustack_bind){ .addr = vhost_addr(addr),
				     .port = port,
				     .reuse = reuse };
}

static const struct {
	const char *first;
	const char *second;
	bool reuse; /* both */
	int want;
} binds[] = {
	{ "::", "::", false, -ERR_ADDRINUSE },
	{ "::", "10.7.0.2", false, -ERR_ADDRINUSE },
	{ "10.7.0.2", "::", false, -ERR_ADDRINUSE },
	{ "0.0.0.0", "fd07::2", false, 0 },
	{ "fd07::2", "0.0.0.0", false, 0 },
	{ "0.0.0.0", "::", false, -ERR_ADDRINUSE },
	{ "10.7.0.2", "fd07::2", false, 0 },
	{ "10.7.0.2", "10.7.0.2", true, 0 },
	{ "::", "10.7.0.2", true, 0 },
};

/* MUST-43: addresses that overlap exclude each other, unless both share. */
START_TEST(reservation_excludes_what_overlaps)
{
	struct peer *p = begin();
	struct ustack_bind a = name(binds[_i].first, 500, binds[_i].reuse);
	struct ustack_bind b = name(binds[_i].second, 500, binds[_i].reuse);

	ck_assert_int_eq(ustack_bind(p->h.s, &a), 0);
	ck_assert_int_eq(ustack_bind(p->h.s, &b), binds[_i].want);
	ustack_unbind(p->h.s, &a);
	if (binds[_i].want < 0)
		ck_assert_int_eq(ustack_bind(p->h.s, &b), 0);
	ustack_unbind(p->h.s, &b);
	ck_assert_int_eq(ustack_bind(p->h.s, &a), 0); /* left to the end */
	finish(p);
}
END_TEST

/* A shared reservation lasts until the last of its holders is gone. */
START_TEST(shared_reservation_is_counted)
{
	struct peer *p = begin();
	struct ustack_bind a = name("::", 500, true);
	struct ustack_bind lone = name("::", 500, false);

	ck_assert_int_eq(ustack_bind(p->h.s, &a), 0);
	ck_assert_int_eq(ustack_bind(p->h.s, &a), 0);
	ustack_unbind(p->h.s, &a);
	ck_assert_int_eq(ustack_bind(p->h.s, &lone), -ERR_ADDRINUSE);
	ustack_unbind(p->h.s, &a);
	ck_assert_int_eq(ustack_bind(p->h.s, &lone), 0);
	ustack_unbind(p->h.s, &lone);
	ustack_unbind(p->h.s, &lone); /* harmless */
	finish(p);
}
END_TEST

/* MUST-42: others keep clear of it; its holder says that it is one. */
START_TEST(reserved_port_is_its_holders)
{
	struct peer *p = begin();
	struct ustack_bind b = name("::", 0, false);
	struct ustack_connect_args c = { .remote = vhost_addr("10.7.0.1"),
					 .rport = 80,
					 .ctx = (uint64_t)(uintptr_t)p };
	struct ustack_listen_args l = { .backlog = 1, .bound = false };
	struct ustack_conn h;
	int id;

	ck_assert_int_eq(ustack_bind(p->h.s, &b), 0);
	ck_assert_uint_ge(b.port, 16384);
	c.lport = l.port = b.port;
	ck_assert_int_eq(ustack_connect(p->h.s, &c, &h), -ERR_ADDRINUSE);
	ck_assert_int_eq(ustack_listen(p->h.s, &l), -ERR_ADDRINUSE);
	l.bound = true;
	id = ustack_listen(p->h.s, &l);
	ck_assert_int_ge(id, 0);
	ck_assert_int_eq(ustack_listen(p->h.s, &l), -ERR_ADDRINUSE);
	ustack_unlisten(p->h.s, id);
	c.bound = true;
	ck_assert_int_eq(ustack_connect(p->h.s, &c, &h), 0);
	ustack_unbind(p->h.s, &b);
	ck_assert_int_eq(ustack_bind(p->h.s, &b), -ERR_ADDRINUSE);
	b.reuse = true; /* a connection does not stand in its way */
	ck_assert_int_eq(ustack_bind(p->h.s, &b), 0);
	finish(p);
}
END_TEST

/* RFC 6056: an ephemeral port is never one that somebody has reserved. */
START_TEST(ephemeral_ports_avoid_reservations)
{
	struct peer *p = begin();
	struct ustack_addr local = vhost_addr("10.7.0.2");
	struct ustack_addr remote = vhost_addr("10.7.0.1");
	struct tcp_flow_args f = { .local = &local,
				   .remote = &remote,
				   .rport = 80 };

	for (uint32_t port = 16384; port < 65536; port += 2) {
		struct ustack_bind b = name("::", (uint16_t)port, true);

		ck_assert_int_eq(ustack_bind(p->h.s, &b), 0);
	}
	for (int i = 0; i < 100; i++)
		EXPECT_EQ(tcp_port_pick(inner_tcp(p), &f) % 2, 1);
	finish(p);
}
END_TEST

START_TEST(impossible_reservation_is_refused)
{
	struct peer *p = begin();
	struct ustack_bind b = name("10.7.0.9", 500, false);

	ck_assert_int_eq(ustack_bind(p->h.s, &b), -ERR_ADDRNOTAVAIL);
	b = name("::", STACK_PORT, true);
	ck_assert_int_eq(ustack_bind(p->h.s, &b), -ERR_ADDRINUSE);
	finish(p);
}
END_TEST

/* 4987-6: in order of arrival, from the middle when one is reset. */
START_TEST(accept_takes_who_waits_longest)
{
	struct peer *p = begin();
	struct ustack_listener_info li;
	struct ustack_conn h;
	struct ustack_info info;

	p->refuse_accept = -ERR_AGAIN;
	ck_assert_int_eq(ustack_accept(p->h.s, p->listener, &h), -ERR_AGAIN);
	ck_assert_uint_eq(ustack_poll_listener(p->h.s, p->listener), 0);
	for (uint16_t i = 0; i < 4; i++) {
		peer_tx(p, (struct pseg){ .flags = TCP_SYN,
					  .sport = (uint16_t)(600 + i) });
		peer_drain(p);
		peer_tx(p, (struct pseg){ .flags = TCP_ACK,
					  .seq = 1,
					  .ack = 1,
					  .sport = (uint16_t)(600 + i) });
		p->isn_known = false;
	}
	ck_assert_int_eq(ustack_listener_info(p->h.s, p->listener, &li), 0);
	EXPECT_EQ(li.waiting, 4);
	EXPECT_EQ(li.half_open, 0);
	EXPECT_EQ(li.port, STACK_PORT);
	ck_assert_uint_eq(ustack_poll_listener(p->h.s, p->listener),
			  USTACK_POLL_READABLE);
	peer_tx(p, (struct pseg){ .flags = TCP_RST, .seq = 1, .sport = 601 });
	for (uint16_t i = 0; i < 4; i++) {
		if (i == 1)
			continue;
		ck_assert_int_eq(ustack_accept(p->h.s, p->listener, &h), 0);
		ck_assert_int_eq(ustack_info(p->h.s, h, &info), 0);
		EXPECT_EQ(info.rport, 600 + i);
	}
	ck_assert_int_eq(ustack_accept(p->h.s, p->listener, &h), -ERR_AGAIN);
	ck_assert_int_eq(ustack_accept(p->h.s, 63, &h), -ERR_NOENT);
	ck_assert_int_eq(ustack_accept(p->h.s, -1, &h), -ERR_NOENT);
	ck_assert_uint_eq(ustack_poll_listener(p->h.s, 64),
			  USTACK_POLL_INVALID);
	ck_assert_int_eq(ustack_listener_info(p->h.s, 63, &li), -ERR_NOENT);
	finish(p);
}
END_TEST

/* MUST-33: gathered and scattered, peeked at, and not across the mark. */
START_TEST(recv_scatters_peeks_and_stops_at_the_mark)
{
	struct peer *p = begin();
	uint8_t a[3], b[100];
	struct ustack_iov iov[2] = { { a, sizeof(a) }, { b, sizeof(b) } };
	struct pseg urg = { .flags = TCP_ACK | TCP_URG,
			    .seq = 11,
			    .ack = 1,
			    .len = 10,
			    .urg = 5 };

	p->no_auto_read = true;
	peer_open(p);
	ck_assert_int_eq((int)ustack_recv(p->h.s, p->conn, iov, 2, 0),
			 -ERR_AGAIN);
	peer_tx(p, (struct pseg){ .flags = TCP_ACK,
				  .seq = 1,
				  .ack = 1,
				  .len = 10 });
	peer_tx(p, urg);
	for (int i = 0; i < 2; i++) {
		memset(b, 0, sizeof(b));
		ck_assert_int_eq((int)ustack_recv(p->h.s, p->conn, iov, 2,
						  i ? 0 : USTACK_PEEK),
				 14);
		for (uint32_t k = 0; k < 14; k++)
			EXPECT_EQ(k < 3 ? a[k] : b[k - 3], peer_byte(k + 1));
	}
	ck_assert_uint_ne(ustack_poll(p->h.s, p->conn) & USTACK_POLL_PRIORITY,
			  0);
	ck_assert_int_eq((int)ustack_recv(p->h.s, p->conn, iov, 2, 0), 1);
	ck_assert_int_eq((int)ustack_recv(p->h.s, p->conn, iov, 2, 0), 5);
	finish(p);
}
END_TEST

/* A service that does not hold: the handle is dead when it was told. */
START_TEST(dead_handle_is_invalid)
{
	struct peer *p = begin();
	struct ustack_iov iov = { NULL, 0 };

	peer_open(p);
	ustack_abort(p->h.s, p->conn);
	vhost_run(&p->h);
	ck_assert_uint_eq(ustack_poll(p->h.s, p->conn), USTACK_POLL_INVALID);
	ck_assert_int_eq((int)ustack_recv(p->h.s, p->conn, &iov, 1, 0),
			 -ERR_NOENT);
	ck_assert_int_eq(ustack_error(p->h.s, p->conn), -ERR_NOENT);
	ck_assert_int_eq(ustack_shutdown_read(p->h.s, p->conn), -ERR_NOENT);
	finish(p);
}
END_TEST

Suite *suite_tcp_ready(void)
{
	Suite *s = suite_create("tcp/ready");
	TCase *tc = tcase_create("asking");

	tcase_add_loop_test(tc, reservation_excludes_what_overlaps, 0,
			    ARRAY_LEN(binds));
	tcase_add_test(tc, shared_reservation_is_counted);
	tcase_add_test(tc, reserved_port_is_its_holders);
	tcase_add_test(tc, ephemeral_ports_avoid_reservations);
	tcase_add_test(tc, impossible_reservation_is_refused);
	tcase_add_test(tc, accept_takes_who_waits_longest);
	tcase_add_test(tc, recv_scatters_peeks_and_stops_at_the_mark);
	tcase_add_test(tc, dead_handle_is_invalid);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_api.c - the calls of ustack.h: what they return and what they refuse
 */

#include <stdlib.h>

#include "inner.h"

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

static int listen_at(struct peer *p, const char *addr, uint16_t port,
		     uint32_t backlog, int ops)
{
	struct ustack_listen_args a = { .addr = vhost_addr(addr),
					.port = port,
					.backlog = backlog,
					.ops_id = ops,
					.ctx = (uint64_t)(uintptr_t)p };

	return ustack_listen(p->h.s, &a);
}

START_TEST(listen_refuses_what_makes_no_sense)
{
	struct peer *p = begin();
	int id;

	ck_assert_int_eq(listen_at(p, "::", 0, 1, p->ops_id), -ERR_INVAL);
	ck_assert_int_eq(listen_at(p, "::", 80, 0, p->ops_id), -ERR_INVAL);
	ck_assert_int_eq(listen_at(p, "::", 80, 1, -1), -ERR_INVAL);
	ck_assert_int_eq(listen_at(p, "::", 80, 1, p->ops_id + 1), -ERR_INVAL);
	ck_assert_int_eq(listen_at(p, "10.7.0.3", 80, 1, p->ops_id),
			 -ERR_ADDRNOTAVAIL);
	id = listen_at(p, "10.7.0.2", 80, 1, p->ops_id);
	ck_assert_int_ge(id, 0);
	ck_assert_int_eq(listen_at(p, "10.7.0.2", 80, 1, p->ops_id),
			 -ERR_ADDRINUSE);
	ck_assert_int_ge(listen_at(p, "::", 80, 1, p->ops_id), 0);
	ustack_unlisten(p->h.s, id);
	ck_assert_int_eq(listen_at(p, "10.7.0.2", 80, 1, p->ops_id), id);
	ustack_unlisten(p->h.s, -1);
	ustack_unlisten(p->h.s, 1000);
	ustack_accept_ready(p->h.s, 1000);
	finish(p);
}
END_TEST

START_TEST(tables_of_listeners_and_services_are_bounded)
{
	static const struct ustack_ops ops;
	struct peer *p = begin();

	for (uint16_t i = 1; i < TCP_LISTENERS_MAX; i++)
		ck_assert_int_ge(listen_at(p, "::", (uint16_t)(100 + i), 1, 0),
				 0);
	ck_assert_int_eq(listen_at(p, "::", 99, 1, 0), -ERR_LIMIT);
	for (uint32_t i = 1; i < USTACK_OPS_MAX; i++)
		ck_assert_int_eq(ustack_ops_register(p->h.s, &ops), (int)i);
	ck_assert_int_eq(ustack_ops_register(p->h.s, &ops), -ERR_LIMIT);
	finish(p);
}
END_TEST

static const struct {
	const char *remote;
	const char *local;
	uint16_t rport;
	int ops_id;
	int want;
} dials[] = {
	{ "10.7.0.1", "::", 80, 0, 0 },
	{ "fd07::1", "::", 80, 0, 0 },
	{ "10.7.0.1", "10.7.0.2", 80, 0, 0 },
	{ "10.7.0.1", "::", 0, 0, -ERR_INVAL },
	{ "10.7.0.1", "::", 80, 1, -ERR_INVAL },
	{ "10.7.0.2", "::", 80, 0, -ERR_INVAL }, /* ourselves	 */
	{ "fd07::2", "::", 80, 0, -ERR_INVAL },
	{ "255.255.255.255", "::", 80, 0, -ERR_INVAL }, /* (MUST-46)	 */
	{ "224.0.0.1", "::", 80, 0, -ERR_INVAL },
	{ "ff02::1", "::", 80, 0, -ERR_INVAL },
	{ "0.0.0.0", "::", 80, 0, -ERR_INVAL },
	{ "::", "::", 80, 0, -ERR_INVAL },
	{ "::1", "::", 80, 0, -ERR_INVAL },
	{ "10.7.0.1", "fd07::2", 80, 0, -ERR_INVAL }, /* two families	 */
	{ "10.7.0.1", "10.7.0.9", 80, 0, -ERR_ADDRNOTAVAIL },
};

START_TEST(connect_refuses_what_is_no_peer)
{
	struct peer *p = begin();
	struct ustack_connect_args a = { .remote = vhost_addr(dials[_i].remote),
					 .local = vhost_addr(dials[_i].local),
					 .rport = dials[_i].rport,
					 .ops_id = dials[_i].ops_id,
					 .ctx = (uint64_t)(uintptr_t)p };
	struct ustack_conn h;

	ck_assert_msg(ustack_connect(p->h.s, &a, &h) == dials[_i].want,
		      "%s, %s", dials[_i].remote, dials[_i].local);
	EXPECT_EQ(inner_tcp(p)->nconns, dials[_i].want == 0);
	finish(p);
}
END_TEST

START_TEST(connect_refuses_a_four_tuple_in_use)
{
	struct peer *p = begin();
	struct ustack_connect_args a = { .remote = vhost_addr("10.7.0.1"),
					 .rport = 80,
					 .lport = 1234,
					 .ctx = (uint64_t)(uintptr_t)p };
	struct ustack_conn h;

	ck_assert_int_eq(ustack_connect(p->h.s, &a, &h), 0);
	ck_assert_int_eq(ustack_connect(p->h.s, &a, &h), -ERR_ADDRINUSE);
	a.rport = 81;
	ck_assert_int_eq(ustack_connect(p->h.s, &a, &h), 0);
	finish(p);
}
END_TEST

static ptrdiff_t send_n(struct peer *p, size_t len)
{
	static uint8_t zero[1 << 20];
	struct ustack_iov iov = { zero, len };

	return ustack_send(p->h.s, p->conn, &iov, 1);
}

static void ack(struct peer *p, uint32_t upto)
{
	peer_drain(p);
	peer_tx(p, (struct pseg){ .flags = TCP_ACK, .seq = 1, .ack = upto });
}

/* RFC 9293 section 3.9.1.2: what does not fit is refused, and room is told. */
START_TEST(send_takes_what_fits_and_tells_when_there_is_room)
{
	struct peer *p = begin();
	uint8_t b[8000] = { 0 };
	struct ustack_iov iov[3] = { { b, 3000 }, { b, 0 }, { b, 8000 } };

	peer_open(p);
	ck_assert_int_eq(
		ustack_setopt(p->h.s, p->conn, USTACK_OPT_SNDBUF, 9000), 0);
	EXPECT_EQ(ustack_send_room(p->h.s, p->conn), 9000);
	ck_assert_int_eq(ustack_send(p->h.s, p->conn, iov, 0), 0);
	ck_assert_int_eq(ustack_send(p->h.s, p->conn, iov, 2), 3000);
	ck_assert_int_eq(ustack_send(p->h.s, p->conn, iov, 3), 6000);
	ck_assert_int_eq(send_n(p, 1), -ERR_AGAIN);
	EXPECT_EQ(ustack_send_room(p->h.s, p->conn), 0);
	vhost_run(&p->h);
	ack(p, 2001); /* less than a third is free */
	EXPECT_EQ(p->c.writable, 0);
	ck_assert_int_eq(send_n(p, 2001), 2000);
	ack(p, 5001);
	EXPECT_EQ(p->c.writable, 1);
	ack(p, 9001); /* nobody asked again */
	EXPECT_EQ(p->c.writable, 1);
	EXPECT_EQ(peer_info(p).bytes_acked, 9000);
	finish(p);
}
END_TEST

/* Once for each time of asking, whatever room there is. */
START_TEST(wake_calls_writable_in_the_next_run)
{
	struct peer *p = begin();
	struct ustack_conn none = { .index = 1000, .gen = 1 };

	peer_open(p);
	ck_assert_int_eq(ustack_wake(p->h.s, p->conn), 0);
	ck_assert_int_eq(ustack_wake(p->h.s, p->conn), 0);
	EXPECT_EQ(p->c.writable, 0);
	vhost_run(&p->h);
	EXPECT_EQ(p->c.writable, 1);
	vhost_run(&p->h);
	EXPECT_EQ(p->c.writable, 1);
	ck_assert_int_eq(ustack_wake(p->h.s, none), -ERR_NOENT);
	ustack_shutdown(p->h.s, p->conn);
	ck_assert_int_eq(ustack_wake(p->h.s, p->conn), -ERR_PIPE);
	finish(p);
}
END_TEST

START_TEST(send_after_shutdown_is_a_broken_pipe)
{
	struct peer *p = begin();
	struct slice sl = { .len = 1 };

	peer_open(p);
	ck_assert_int_eq(ustack_shutdown(p->h.s, p->conn), 0);
	ck_assert_int_eq(ustack_shutdown(p->h.s, p->conn), 0);
	ck_assert_int_eq(send_n(p, 1), -ERR_PIPE);
	ck_assert_int_eq(ustack_send_buf(p->h.s, p->conn, sl), -ERR_PIPE);
	ck_assert_int_eq(ustack_splice(p->h.s, p->conn, p->conn, 1), -ERR_PIPE);
	EXPECT_EQ(ustack_send_room(p->h.s, p->conn), 0);
	vhost_run(&p->h);
	peer_expect(p, TCP_FIN | TCP_ACK, 1, 1, 0);
	finish(p);
}
END_TEST

/* Between the end on the wire and the callback that tells of it. */
START_TEST(connection_that_is_over_is_not_connected)
{
	struct peer *p = begin();

	peer_open(p);
	ck_assert_int_eq(ustack_abort(p->h.s, p->conn), 0);
	ck_assert_int_eq(send_n(p, 1), -ERR_NOTCONN);
	ck_assert_int_eq(ustack_shutdown(p->h.s, p->conn), -ERR_NOTCONN);
	ck_assert_int_eq(ustack_splice(p->h.s, p->conn, p->conn, 1),
			 -ERR_NOTCONN);
	ck_assert_int_eq(ustack_abort(p->h.s, p->conn), 0);
	vhost_run(&p->h);
	peer_expect(p, TCP_RST | TCP_ACK, 1, 1, 0);
	peer_expect_none(p);
	EXPECT_EQ(p->c.closed, 1);
	EXPECT_EQ(p->reason, USTACK_END_ABORTED);
	finish(p);
}
END_TEST

START_TEST(shutdown_needs_an_answer_to_our_syn)
{
	struct peer *p = begin();

	peer_connect(p);
	ck_assert_int_eq(ustack_shutdown(p->h.s, p->conn), -ERR_NOTCONN);
	ck_assert_int_eq(send_n(p, 10), 10); /* queued until then */
	ck_assert_int_eq(ustack_close(p->h.s, p->conn), 0);
	vhost_run(&p->h);
	EXPECT_EQ(p->c.closed, 1);
	EXPECT_EQ(p->reason, USTACK_END_ABORTED);
	finish(p);
}
END_TEST

START_TEST(peek_shows_what_waits_and_consume_drops_it)
{
	struct peer *p = begin();
	struct ustack_iov iov[4];

	p->no_auto_read = true;
	peer_open(p);
	ck_assert_int_eq(ustack_peek(p->h.s, p->conn, iov, 4), 0);
	peer_tx(p, (struct pseg){ .flags = TCP_ACK,
				  .seq = 1,
				  .ack = 1,
				  .len = 1000 });
	ck_assert_int_eq(ustack_peek(p->h.s, p->conn, iov, 0), 0);
	ck_assert_int_eq(ustack_peek(p->h.s, p->conn, iov, 4), 1);
	EXPECT_EQ(iov[0].len, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		EXPECT_EQ(((uint8_t *)iov[0].base)[i], peer_byte(1 + i));
	ustack_consume(p->h.s, p->conn, 300);
	ck_assert_int_eq(ustack_peek(p->h.s, p->conn, iov, 1), 1);
	EXPECT_EQ(iov[0].len, 700);
	EXPECT_EQ(((uint8_t *)iov[0].base)[0], peer_byte(301));
	ustack_consume(p->h.s, p->conn, SIZE_MAX);
	ck_assert_int_eq(ustack_peek(p->h.s, p->conn, iov, 4), 0);
	EXPECT_EQ(peer_info(p).rcvq, 0);
	finish(p);
}
END_TEST

START_TEST(buffer_is_sent_where_it_stands_and_whole)
{
	struct peer *p = begin();
	struct ubuf *b;
	struct slice sl = { .len = 5000, .off = 7 };

	peer_open(p);
	sl.buf = b = ustack_buf_new(p->h.s, 6000);
	ck_assert_int_eq(
		ustack_setopt(p->h.s, p->conn, USTACK_OPT_SNDBUF, 8000), 0);
	ck_assert_int_eq(ustack_send_buf(p->h.s, p->conn, sl), 5000);
	EXPECT_EQ(b->refs, 2);
	ck_assert_int_eq(ustack_send_buf(p->h.s, p->conn, sl), -ERR_AGAIN);
	EXPECT_EQ(b->refs, 2);
	sl.len = 0;
	ck_assert_int_eq(ustack_send_buf(p->h.s, p->conn, sl), 0);
	vhost_run(&p->h);
	ack(p, 5001);
	EXPECT_EQ(p->c.writable, 1);
	EXPECT_EQ(b->refs, 1);
	ubuf_put(b);
	finish(p);
}
END_TEST

/* First slice of a queue. */
static struct slice front(const struct sliceq *q)
{
	struct slice sl = { 0 };

	EXPECT_EQ(sliceq_peek(q, q->start, q->bytes, &sl, 1), 1);
	return sl;
}

/* Section 6 of the design: what echo sends is what came, not a copy. */
START_TEST(splice_moves_big_slices_by_reference)
{
	struct peer *p = begin();
	struct tcp_conn *c;
	struct slice got, sent;

	p->no_auto_read = true;
	peer_open(p);
	c = inner_conn(p);
	ck_assert_int_eq(ustack_splice(p->h.s, p->conn, p->conn, 10), 0);
	peer_tx(p, (struct pseg){ .flags = TCP_ACK,
				  .seq = 1,
				  .ack = 1,
				  .len = 30000 });
	got = front(&c->rcvq);
	EXPECT_EQ(got.len, 30000);
	ck_assert_int_eq(ustack_splice(p->h.s, p->conn, p->conn, 20000), 20000);
	sent = front(&c->sndq);
	EXPECT(slice_data(&sent) == slice_data(&got));
	EXPECT_EQ(sent.len, 20000);
	EXPECT_EQ(c->rcvq.bytes, 10000);
	ck_assert_int_eq(ustack_splice(p->h.s, p->conn, p->conn, SIZE_MAX),
			 10000);
	EXPECT_EQ(c->sndq.bytes, 30000);
	EXPECT_EQ(c->rcvq.bytes, 0);
	finish(p);
}
END_TEST

START_TEST(splice_stops_at_the_takers_room_and_tells_when_there_is_more)
{
	struct peer *p = begin();

	p->no_auto_read = true;
	peer_open(p);
	ck_assert_int_eq(
		ustack_setopt(p->h.s, p->conn, USTACK_OPT_SNDBUF, 4000), 0);
	peer_tx(p, (struct pseg){ .flags = TCP_ACK,
				  .seq = 1,
				  .ack = 1,
				  .len = 9000 });
	ck_assert_int_eq(ustack_splice(p->h.s, p->conn, p->conn, 9000), 4000);
	ck_assert_int_eq(ustack_splice(p->h.s, p->conn, p->conn, 9000),
			 -ERR_AGAIN);
	vhost_run(&p->h);
	peer_drain(p);
	peer_tx(p, (struct pseg){ .flags = TCP_ACK, .seq = 9001, .ack = 4001 });
	EXPECT_EQ(p->c.writable, 1);
	ck_assert_int_eq(ustack_splice(p->h.s, p->conn, p->conn, 9000), 4000);
	finish(p);
}
END_TEST

/* SHLD-3: unread data, or data after close, makes a reset. */
START_TEST(close_with_unread_data_resets)
{
	struct peer *p = begin();

	p->no_auto_read = true;
	peer_open(p);
	peer_tx(p,
		(struct pseg){ .flags = TCP_ACK, .seq = 1, .ack = 1, .len = 1 });
	peer_drain(p);
	ck_assert_int_eq(ustack_close(p->h.s, p->conn), 0);
	vhost_run(&p->h);
	peer_expect(p, TCP_RST | TCP_ACK, 1, 2, 0);
	EXPECT_EQ(p->c.closed, 1);
	EXPECT_EQ(p->reason, USTACK_END_ABORTED);
	EXPECT_EQ(peer_counter(p, USTACK_C_TCP_ABORT_ON_DATA), 1);
	finish(p);
}
END_TEST

static const struct {
	enum ustack_opt opt;
	uint64_t value;
	int want;
} opts[] = {
	{ USTACK_OPT_NODELAY, 1, 0 },
	{ USTACK_OPT_NODELAY, 0, 0 },
	{ USTACK_OPT_SNDBUF, 2048, 0 },
	{ USTACK_OPT_SNDBUF, 2047, -ERR_INVAL },
	{ USTACK_OPT_SNDBUF, 1u << 30, 0 },
	{ USTACK_OPT_SNDBUF, (1u << 30) + 1, -ERR_INVAL },
	{ USTACK_OPT_SNDBUF, UINT64_MAX, -ERR_INVAL },
	{ USTACK_OPT_RCVBUF, 2048, 0 },
	{ USTACK_OPT_RCVBUF, 2047, -ERR_INVAL },
	{ USTACK_OPT_RCVBUF, ((uint64_t)1 << 32) + 4096, -ERR_INVAL },
	{ USTACK_OPT_USER_TIMEOUT, UINT64_MAX, 0 },
	{ USTACK_OPT_USER_TIMEOUT, 999, -ERR_INVAL },
	{ USTACK_OPT_CORK, 1, 0 },
	{ USTACK_OPT_MAXSEG, 0, 0 },
	{ USTACK_OPT_MAXSEG, 87, -ERR_INVAL },
	{ USTACK_OPT_MAXSEG, 88, 0 },
	{ USTACK_OPT_MAXSEG, 65496, -ERR_INVAL },
	{ USTACK_OPT_KEEPALIVE, 2, 0 },
	{ USTACK_OPT_KEEPIDLE, UINT64_MAX, 0 },
	{ USTACK_OPT_KEEPINTVL, 1, 0 },
	{ USTACK_OPT_KEEPCNT, 127, 0 },
	{ USTACK_OPT_KEEPCNT, 128, -ERR_INVAL },
	{ USTACK_OPT_SYNCNT, 127, 0 },
	{ USTACK_OPT_SYNCNT, 128, -ERR_INVAL },
	{ USTACK_OPT_LINGER, USTACK_LINGER_OFF, 0 },
	{ USTACK_OPT_LINGER, 0, 0 },
	{ USTACK_OPT_LINGER2, 1, 0 },
	{ USTACK_OPT_PMTU, USTACK_PMTU_PROBE, 0 },
	{ USTACK_OPT_PMTU, USTACK_PMTU_MODES, -ERR_INVAL },
	{ USTACK_OPT_SOFT_ERRORS, 0, 0 },
	{ USTACK_OPT_UTO_SEND, 999999, -ERR_INVAL },
	{ USTACK_OPT_UTO_SEND, SEC(32767) * 60 + 1, -ERR_INVAL },
	{ USTACK_OPTS, 0, -ERR_INVAL },
	{ USTACK_OPT_TTL, 1, 0 },
	{ USTACK_OPT_TTL, 255, 0 },
	{ USTACK_OPT_TTL, 0, -ERR_INVAL },
	{ USTACK_OPT_TTL, 256, -ERR_INVAL },
	{ USTACK_OPT_TOS, 0, 0 },
	{ USTACK_OPT_TOS, 255, 0 },
	{ USTACK_OPT_TOS, 256, -ERR_INVAL },
	{ (enum ustack_opt)99, 1, -ERR_INVAL },
};

START_TEST(option_is_taken_within_its_bounds_only)
{
	struct peer *p = begin();

	peer_open(p);
	ck_assert_int_eq(ustack_setopt(p->h.s, p->conn, opts[_i].opt,
				       opts[_i].value),
			 opts[_i].want);
	finish(p);
}
END_TEST

static const struct {
	enum ustack_opt opt;
	uint64_t first; /* as a new connection has it */
	uint64_t set;
	uint64_t then; /* what it reads as afterwards */
} reads[] = {
	{ USTACK_OPT_NODELAY, 0, 1, 1 },
	{ USTACK_OPT_CORK, 0, 7, 1 },
	{ USTACK_OPT_SNDBUF, 32u << 20, 30000, 30000 },
	{ USTACK_OPT_RCVBUF, 256u << 10, 30000, 30000 },
	{ USTACK_OPT_MAXSEG, 1460, 1000, 1000 },
	{ USTACK_OPT_USER_TIMEOUT, SEC(924), SEC(5), SEC(5) },
	{ USTACK_OPT_USER_TIMEOUT, SEC(924), 0, SEC(924) },
	{ USTACK_OPT_KEEPALIVE, 0, 1, 1 },
	{ USTACK_OPT_KEEPIDLE, SEC(7200), SEC(5), SEC(5) },
	{ USTACK_OPT_KEEPIDLE, SEC(7200), 0, SEC(7200) },
	{ USTACK_OPT_KEEPINTVL, SEC(75), 1, MS(1) },
	{ USTACK_OPT_KEEPCNT, 9, 3, 3 },
	{ USTACK_OPT_KEEPCNT, 9, 0, 9 },
	{ USTACK_OPT_SYNCNT, 0, 6, 6 },
	{ USTACK_OPT_LINGER, USTACK_LINGER_OFF, 0, 0 },
	{ USTACK_OPT_LINGER, USTACK_LINGER_OFF, SEC(3), SEC(3) },
	{ USTACK_OPT_LINGER2, SEC(60), SEC(5), SEC(5) },
	{ USTACK_OPT_TTL, 64, 9, 9 },
	{ USTACK_OPT_TOS, 0, 0xb8, 0xb8 },
	{ USTACK_OPT_PMTU, USTACK_PMTU_WANT, USTACK_PMTU_DO, USTACK_PMTU_DO },
	{ USTACK_OPT_SOFT_ERRORS, 1, 0, 0 },
	{ USTACK_OPT_UTO_SEND, 0, SEC(300), SEC(300) },
	{ USTACK_OPT_UTO_ACCEPT, 0, 1, 1 },
};

/* MUST-21, MUST-27, MUST-48, MUST-49: every option can be read. */
START_TEST(option_reads_as_it_was_set)
{
	struct peer *p = begin();
	uint64_t v = 99;

	peer_open(p);
	ck_assert_int_eq(ustack_getopt(p->h.s, p->conn, reads[_i].opt, &v), 0);
	ck_assert_uint_eq(v, reads[_i].first);
	ck_assert_int_eq(ustack_setopt(p->h.s, p->conn, reads[_i].opt,
				       reads[_i].set),
			 0);
	ck_assert_int_eq(ustack_getopt(p->h.s, p->conn, reads[_i].opt, &v), 0);
	ck_assert_uint_eq(v, reads[_i].then);
	ck_assert_int_eq(ustack_getopt(p->h.s, p->conn, USTACK_OPTS, &v),
			 -ERR_INVAL);
	finish(p);
}
END_TEST

/* MUST-48, MUST-49 */
START_TEST(ttl_and_tos_are_in_what_is_sent)
{
	struct peer *p = begin();
	struct pseg s;

	peer_open(p);
	ck_assert_int_eq(ustack_setopt(p->h.s, p->conn, USTACK_OPT_TTL, 3), 0);
	ck_assert_int_eq(ustack_setopt(p->h.s, p->conn, USTACK_OPT_TOS, 0xb8),
			 0);
	peer_send(p, 10);
	s = peer_expect(p, TCP_ACK, 1, 1, 10);
	EXPECT_EQ(s.ttl, 3);
	EXPECT_EQ(s.tos, 0xb8);
	finish(p);
}
END_TEST

static void add_opening(Suite *s)
{
	TCase *tc = tcase_create("opening");

	tcase_add_test(tc, listen_refuses_what_makes_no_sense);
	tcase_add_test(tc, tables_of_listeners_and_services_are_bounded);
	tcase_add_loop_test(tc, connect_refuses_what_is_no_peer, 0,
			    ARRAY_LEN(dials));
	tcase_add_test(tc, connect_refuses_a_four_tuple_in_use);
	tcase_add_test(tc, shutdown_needs_an_answer_to_our_syn);
	tcase_add_test(tc, connection_that_is_over_is_not_connected);
	tcase_add_test(tc, close_with_unread_data_resets);
	suite_add_tcase(s, tc);
}

static void add_streams(Suite *s)
{
	TCase *tc = tcase_create("streams");

	tcase_add_test(tc, send_takes_what_fits_and_tells_when_there_is_room);
	tcase_add_test(tc, wake_calls_writable_in_the_next_run);
	tcase_add_test(tc, send_after_shutdown_is_a_broken_pipe);
	tcase_add_test(tc, peek_shows_what_waits_and_consume_drops_it);
	tcase_add_test(tc, buffer_is_sent_where_it_stands_and_whole);
	tcase_add_test(tc, splice_moves_big_slices_by_reference);
	tcase_add_test(
		tc,
		splice_stops_at_the_takers_room_and_tells_when_there_is_more);
	suite_add_tcase(s, tc);
}

Suite *suite_tcp_api(void)
{
	Suite *s = suite_create("tcp/api");
	TCase *tc = tcase_create("options");

	add_opening(s);
	add_streams(s);
	tcase_add_loop_test(tc, option_is_taken_within_its_bounds_only, 0,
			    ARRAY_LEN(opts));
	tcase_add_loop_test(tc, option_reads_as_it_was_set, 0,
			    ARRAY_LEN(reads));
	tcase_add_test(tc, ttl_and_tos_are_in_what_is_sent);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_conn.c - handles, their generations, and the limit on connections
 */

#include "inner.h"

static void end(struct peer *p)
{
	ck_assert_int_eq(ustack_abort(p->h.s, p->conn), 0);
	vhost_run(&p->h);
	peer_drain(p);
}

/* Every call that takes a handle. */
static void expect_refused(struct peer *p, struct ustack_conn h)
{
	struct ustack *s = p->h.s;
	uint8_t byte = 0;
	struct ustack_iov iov = { &byte, 1 };
	struct ubuf *b = ustack_buf_new(s, 1);
	struct slice sl = { b, 0, 1 };
	struct ustack_info info;

	ck_assert_int_eq(ustack_send(s, h, &iov, 1), -ERR_NOENT);
	ck_assert_int_eq(ustack_send_buf(s, h, sl), -ERR_NOENT);
	ck_assert_int_eq(ustack_peek(s, h, &iov, 1), -ERR_NOENT);
	ck_assert_int_eq(ustack_splice(s, h, h, 1), -ERR_NOENT);
	ck_assert_int_eq(ustack_shutdown(s, h), -ERR_NOENT);
	ck_assert_int_eq(ustack_abort(s, h), -ERR_NOENT);
	ck_assert_int_eq(ustack_close(s, h), -ERR_NOENT);
	ck_assert_int_eq(ustack_setopt(s, h, USTACK_OPT_TTL, 9), -ERR_NOENT);
	ck_assert_int_eq(ustack_info(s, h, &info), -ERR_NOENT);
	ck_assert_uint_eq(ustack_send_room(s, h), 0);
	ustack_consume(s, h, 1);
	ustack_set_ctx(s, h, 0);
	ubuf_put(b);
}

START_TEST(stale_handle_is_refused_after_the_place_was_used_again)
{
	struct peer p;
	struct ustack_conn old;

	peer_init(&p, NULL);
	inner_open(&p, 41000);
	old = p.conn;
	end(&p);
	expect_refused(&p, old);
	inner_open(&p, 41001);
	EXPECT_EQ(p.conn.index, old.index);
	EXPECT_NE(p.conn.gen, old.gen);
	expect_refused(&p, old);
	ck_assert_int_eq(peer_state(&p), USTACK_ESTABLISHED);
	EXPECT_EQ(peer_info(&p).rport, 41001);
	peer_fini(&p);
}
END_TEST

START_TEST(handles_nobody_gave_out_are_refused)
{
	struct peer p;

	peer_init(&p, NULL);
	expect_refused(&p, (struct ustack_conn){ 0, 0 });
	inner_open(&p, 41000);
	expect_refused(&p, (struct ustack_conn){ 0, 0 });
	expect_refused(&p,
		       (struct ustack_conn){ p.conn.index, p.conn.gen + 1 });
	expect_refused(&p, (struct ustack_conn){ p.conn.index + 1, 1 });
	expect_refused(&p, (struct ustack_conn){ UINT32_MAX, 1 });
	end(&p); /* the next user's generation */
	expect_refused(&p,
		       (struct ustack_conn){ p.conn.index, p.conn.gen + 1 });
	peer_fini(&p);
}
END_TEST

/* 0 stands for "no connection" and is never given out. */
START_TEST(generation_skips_zero_when_it_wraps)
{
	struct peer p;

	peer_init(&p, NULL);
	inner_open(&p, 41000);
	end(&p);
	inner_tcp(&p)->slots[0][0].gen = UINT32_MAX;
	inner_open(&p, 41001);
	EXPECT_EQ(p.conn.gen, UINT32_MAX);
	end(&p);
	inner_open(&p, 41002);
	EXPECT_EQ(p.conn.index, 0);
	EXPECT_EQ(p.conn.gen, 1);
	peer_fini(&p);
}
END_TEST

static void few(struct ustack_config *cfg)
{
	cfg->max_conns = 3;
}

START_TEST(limit_on_connections_holds_and_places_are_used_again)
{
	struct ustack_connect_args a = { .remote = vhost_addr("10.7.0.1"),
					 .rport = 80 };
	struct ustack_conn h[4];
	struct peer p;

	a.ctx = (uint64_t)(uintptr_t)&p;
	peer_init(&p, few);
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 3; i++)
			ck_assert_int_eq(ustack_connect(p.h.s, &a, &h[i]), 0);
		ck_assert_int_eq(ustack_connect(p.h.s, &a, &h[3]), -ERR_LIMIT);
		for (int i = 0; i < 3; i++)
			ck_assert_int_eq(ustack_abort(p.h.s, h[i]), 0);
		vhost_run(&p.h);
		EXPECT_EQ(inner_tcp(&p)->nconns, 0);
		EXPECT_EQ(inner_tcp(&p)->nslots, 3);
	}
	peer_fini(&p);
}
END_TEST

START_TEST(number_is_never_given_twice_and_finds_its_connection)
{
	struct peer p;
	struct ustack_conn h;
	uint64_t last = 0;

	peer_init(&p, NULL);
	for (uint16_t i = 0; i < 50; i++) {
		uint64_t id;

		inner_open(&p, (uint16_t)(41000 + i));
		id = peer_info(&p).id;
		EXPECT_GT(id, last);
		ck_assert_int_eq(ustack_find(p.h.s, id, &h), 0);
		EXPECT(h.index == p.conn.index && h.gen == p.conn.gen);
		ck_assert_int_eq(ustack_find(p.h.s, id + 1, &h), -ERR_NOENT);
		last = id;
		end(&p);
		ck_assert_int_eq(ustack_find(p.h.s, id, &h), -ERR_NOENT);
	}
	peer_fini(&p);
}
END_TEST

/* An idle connection owns nothing but its TCB: 512 bytes. */
START_TEST(idle_connection_holds_no_buffer)
{
	struct peer p;
	uint64_t used;

	peer_init(&p, NULL);
	inner_open(&p, 41000);
	used = p.h.s->mem.used;
	inner_open(&p, 41001);
	EXPECT_EQ(p.h.s->mem.used, used + 512);
	EXPECT_EQ(peer_info(&p).mem, 512 + sizeof(struct tcp_slot));
	peer_send(&p, 5000);
	EXPECT_GT(p.h.s->mem.used, used + 5512);
	peer_drain(&p);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 1,
				   .ack = 5001,
				   .sport = 41001 });
	EXPECT_EQ(p.h.s->mem.used, used + 512);
	peer_fini(&p);
}
END_TEST

Suite *suite_tcp_conn(void)
{
	Suite *s = suite_create("tcp/conn");
	TCase *tc = tcase_create("handles");

	tcase_add_test(tc,
		       stale_handle_is_refused_after_the_place_was_used_again);
	tcase_add_test(tc, handles_nobody_gave_out_are_refused);
	tcase_add_test(tc, generation_skips_zero_when_it_wraps);
	tcase_add_test(tc,
		       limit_on_connections_holds_and_places_are_used_again);
	tcase_add_test(tc,
		       number_is_never_given_twice_and_finds_its_connection);
	tcase_add_test(tc, idle_connection_holds_no_buffer);
	suite_add_tcase(s, tc);
	return s;
}

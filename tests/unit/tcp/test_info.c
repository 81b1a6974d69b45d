/* SPDX-License-Identifier: MIT */
/*
 * test_info.c - walking over all connections a page at a time
 */

#include <stdlib.h>

#include "inner.h"

#define CONNS 60u

struct scene {
	struct peer p;
	struct rng rng;
	struct ustack_conn conn[CONNS];
	uint64_t id[CONNS];
	bool through[CONNS]; /* lives since the walk began */
};

static void dial(struct scene *sc, uint32_t i)
{
	struct ustack_connect_args a = { .remote = vhost_addr("10.7.0.1"),
					 .rport = 80,
					 .ctx = (uint64_t)(uintptr_t)&sc->p };
	struct ustack_info info;

	ck_assert_int_eq(ustack_connect(sc->p.h.s, &a, &sc->conn[i]), 0);
	ck_assert_int_eq(ustack_info(sc->p.h.s, sc->conn[i], &info), 0);
	sc->id[i] = info.id;
	sc->through[i] = false;
}

static void scene_init(struct scene *sc)
{
	rng_init(&sc->rng, test_seed());
	peer_init(&sc->p, NULL);
	for (uint32_t i = 0; i < CONNS; i++)
		dial(sc, i);
	vhost_run(&sc->p.h);
	peer_drain(&sc->p);
}

/* Some end and others come in their places. */
static void change(struct scene *sc)
{
	for (uint32_t n = rng_below(&sc->rng, 4); n > 0; n--) {
		uint32_t i = rng_below(&sc->rng, CONNS);

		ck_assert_int_eq(ustack_abort(sc->p.h.s, sc->conn[i]), 0);
		if (rng_below(&sc->rng, 2))
			vhost_run(&sc->p.h);
		dial(sc, i);
	}
	vhost_run(&sc->p.h);
	peer_drain(&sc->p);
}

static void count_page(struct scene *sc, const struct ustack_info *info,
		       uint32_t n, uint32_t *seen)
{
	for (uint32_t k = 0; k < n; k++)
		for (uint32_t i = 0; i < CONNS; i++)
			seen[i] += info[k].id == sc->id[i];
}

static void walk(struct scene *sc, uint32_t page, bool changing)
{
	struct ustack_info *info = calloc(page, sizeof(*info));
	uint32_t seen[CONNS] = { 0 };
	uint64_t cursor = 0;
	uint32_t n;

	for (uint32_t i = 0; i < CONNS; i++)
		sc->through[i] = true;
	while ((n = ustack_walk(sc->p.h.s, &cursor, info, page)) > 0) {
		EXPECT_LE(n, page);
		count_page(sc, info, n, seen);
		if (changing)
			change(sc);
	}
	EXPECT_EQ(ustack_walk(sc->p.h.s, &cursor, info, page), 0);
	for (uint32_t i = 0; i < CONNS; i++)
		EXPECT(!sc->through[i] || seen[i] == 1);
	free(info);
}

START_TEST(walk_sees_each_connection_once_whatever_the_page)
{
	struct scene sc;

	scene_init(&sc);
	for (uint32_t page = 1; page <= CONNS + 1; page++)
		walk(&sc, page, false);
	peer_fini(&sc.p);
}
END_TEST

START_TEST(walk_sees_survivors_once_while_others_come_and_go)
{
	struct scene sc;

	scene_init(&sc);
	for (uint32_t page = 1; page <= CONNS; page++)
		walk(&sc, page, true);
	peer_fini(&sc.p);
}
END_TEST

/* Compact entries follow the full connections, each once, handle 0. */
START_TEST(walk_ends_with_half_open_and_time_wait_entries)
{
	struct ustack_info info[16];
	struct peer p;

	peer_init(&p, NULL);
	for (uint16_t i = 0; i < 3; i++) {
		inner_open(&p, (uint16_t)(41000 + i));
		ck_assert_int_eq(ustack_close(p.h.s, p.conn), 0);
		vhost_run(&p.h);
		peer_tx(&p, (struct pseg){ .flags = TCP_FIN | TCP_ACK,
					   .seq = 1,
					   .ack = 2,
					   .sport = (uint16_t)(41000 + i) });
		peer_drain(&p);
	}
	for (uint16_t i = 0; i < 5; i++)
		peer_tx(&p, (struct pseg){ .flags = TCP_SYN,
					   .sport = (uint16_t)(42000 + i) });
	peer_drain(&p);
	inner_open(&p, 43000);
	for (uint32_t page = 1; page <= 10; page++) {
		uint32_t got = 0, n, seen[3] = { 0 };
		uint64_t cursor = 0;

		while ((n = ustack_walk(p.h.s, &cursor, info, page)) > 0)
			for (uint32_t i = 0; i < n; i++, got++) {
				seen[info[i].rport / 1000 - 41]++;
				EXPECT_EQ(info[i].conn.gen != 0, got == 0);
				EXPECT_EQ(info[i].state,
					  got == 0   ? USTACK_ESTABLISHED
					  : got <= 5 ? USTACK_SYN_RCVD
						     : USTACK_TIME_WAIT);
			}
		EXPECT_EQ(seen[0], 3);
		EXPECT_EQ(seen[1], 5);
		EXPECT_EQ(seen[2], 1);
	}
	peer_fini(&p);
}
END_TEST

START_TEST(info_counts_what_was_sent_and_received)
{
	struct ustack_info i;
	struct peer p;

	peer_init(&p, NULL);
	p.no_auto_read = true;
	peer_open(&p);
	peer_send(&p, 20000);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 1,
				   .ack = 1461,
				   .len = 100 });
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 201,
				   .ack = 1461,
				   .len = 50 });
	i = peer_info(&p);
	EXPECT_EQ(i.bytes_in, 100);
	EXPECT_EQ(i.rcvq, 100);
	EXPECT_EQ(i.ooo, 50);
	EXPECT_EQ(i.bytes_acked, 1460);
	EXPECT_EQ(i.bytes_out, 1460 + i.unacked);
	EXPECT_EQ(i.unacked + i.unsent, 20000 - 1460);
	EXPECT_EQ(i.inflight, i.unacked);
	EXPECT_EQ(i.segs_in, 3);
	EXPECT_EQ(i.mss, 1460);
	EXPECT_EQ(i.snd_wnd, 65535);
	EXPECT(!i.active);
	ck_assert_int_eq(i.listener, p.listener);
	ck_assert_str_eq(i.cc, "cubic");
	ck_assert_str_eq(i.cc_state, "open");
	p.no_auto_read = false;
	peer_fini(&p);
}
END_TEST

Suite *suite_tcp_info(void)
{
	Suite *s = suite_create("tcp/info");
	TCase *tc = tcase_create("walk");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, walk_sees_each_connection_once_whatever_the_page);
	tcase_add_test(tc, walk_sees_survivors_once_while_others_come_and_go);
	tcase_add_test(tc, walk_ends_with_half_open_and_time_wait_entries);
	tcase_add_test(tc, info_counts_what_was_sent_and_received);
	suite_add_tcase(s, tc);
	return s;
}

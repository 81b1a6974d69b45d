/* SPDX-License-Identifier: MIT */
/*
 * test_isn.c - numbers that nobody off the path may guess: ISNs (RFC 9293
 *		section 3.4.1, RFC 6528) and ephemeral ports (RFC 6056)
 */

#include "suites.h"
#include "wire.h"

#define N 64u

/* ISN of a SYN-ACK to @sport; the entry is reset again. */
static uint32_t isn_for(struct peer *p, uint16_t sport)
{
	struct pseg s;

	p->isn_known = false;
	peer_tx(p, (struct pseg){ .flags = TCP_SYN, .sport = sport });
	s = peer_expect(p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_tx(p, (struct pseg){ .flags = TCP_RST, .seq = 1, .sport = sport });
	return s.abs_seq;
}

/* MUST-8: one pair, later: above by a tick every 4 us. */
START_TEST(isn_follows_the_clock)
{
	uint32_t first, gap;
	struct peer p;

	wire_init(&p, _i, NULL);
	first = isn_for(&p, PEER_PORT);
	for (uint32_t i = 1; i <= 10; i++) {
		peer_advance(&p, SEC(100));
		gap = isn_for(&p, PEER_PORT) - first;
		ck_assert_uint_eq(gap, i * 25000000u);
	}
	peer_fini(&p);
}
END_TEST

/* SHLD-1, 6528-1: at one instant the ISNs of neighbours look unrelated. */
START_TEST(isns_of_neighbours_are_unrelated)
{
	uint32_t isn[N], close = 0, ones = 0;
	struct peer p;

	wire_init(&p, _i, NULL);
	for (uint32_t i = 0; i < N; i++) {
		isn[i] = isn_for(&p, (uint16_t)(40000 + i));
		if (i > 0) {
			ones += (uint32_t)__builtin_popcount(isn[i] ^
							     isn[i - 1]);
			close += isn[i] - isn[i - 1] + (1u << 23) < 1u << 24;
		}
	}
	/* Of 63 * 32 bits half differ, within five deviations of 22 bits. */
	ck_assert_uint_gt(ones, 1008 - 112);
	ck_assert_uint_lt(ones, 1008 + 112);
	ck_assert_uint_le(close, 3);
	peer_fini(&p);
}
END_TEST

/* Timestamp of a SYN-ACK to @sport; the entry is reset again. */
static uint32_t tsval_for(struct peer *p, uint16_t sport)
{
	struct pseg s = { .flags = TCP_SYN,
			  .sport = sport,
			  .has = TCP_OPT_HAS_TS,
			  .tsval = 1 };

	p->isn_known = false;
	peer_tx(p, s);
	s = peer_expect(p, TCP_SYN | TCP_ACK, 0, 1, 0);
	ck_assert(s.has & TCP_OPT_HAS_TS);
	peer_tx(p, (struct pseg){ .flags = TCP_RST, .seq = 1, .sport = sport });
	return s.tsval;
}

/* RFC 7323 section 5.4 (7323-17): at one instant the clocks of neighbours look
 * unrelated; a new connection of the same pair goes on where the old one was.
 */
START_TEST(timestamps_of_neighbours_are_unrelated)
{
	uint32_t first, last, close = 0;
	struct peer p;

	wire_init(&p, _i, NULL);
	first = tsval_for(&p, 40000);
	last = first;
	for (uint32_t i = 1; i < N; i++) {
		uint32_t ts = tsval_for(&p, (uint16_t)(40000 + i));

		close += ts - last + (1u << 23) < 1u << 24;
		last = ts;
	}
	ck_assert_uint_le(close, 3);
	peer_advance(&p, SEC(100));
	ck_assert_uint_eq(tsval_for(&p, 40000) - first, 100000);
	peer_fini(&p);
}
END_TEST

/* Another instance at the same time; its SYN is the first of @p->out. */
static void restart(struct peer *p, uint64_t seed)
{
	static const struct ustack_ops none;
	struct ustack_config cfg;

	ustack_free(p->h.s);
	vhost_config(&cfg);
	vhost_init(&p->h, &cfg, seed);
	p->ops_id = ustack_ops_register(p->h.s, &none);
	p->head = 0;
	p->tail = 0;
	peer_connect(p);
	ck_assert_uint_eq(p->tail, 1);
}

/* MUST-9, 6528-3: another secret, other numbers. */
START_TEST(isn_differs_after_a_restart)
{
	uint32_t old, isn;
	struct peer p;

	peer_init(&p, NULL);
	peer_connect(&p);
	old = peer_expect(&p, TCP_SYN, 0, 0, 0).abs_seq;
	restart(&p, PEER_SEED); /* the same randomness: only the clock counts */
	isn = p.out[0].abs_seq;
	ck_assert_uint_eq(isn, old);
	restart(&p, PEER_SEED + 1);
	isn = p.out[0].abs_seq;
	ck_assert_uint_ne(isn, old);
	peer_fini(&p);
}
END_TEST

static struct ustack_connect_args to_peer(struct peer *p)
{
	return (struct ustack_connect_args){
		.remote = vhost_addr(p->v6 ? "fd07::1" : "10.7.0.1"),
		.rport = PEER_PORT,
		.ops_id = p->ops_id,
		.ctx = (uint64_t)(uintptr_t)p
	};
}

/* Source port of a SYN to @a; the connection stays. */
static uint16_t port_for(struct peer *p, const struct ustack_connect_args *a)
{
	struct pseg s = { 0 };

	ck_assert_int_eq(ustack_connect(p->h.s, a, &p->conn), 0);
	vhost_run(&p->h);
	ck_assert(peer_rx(p, &s));
	ck_assert_uint_eq(s.flags, TCP_SYN);
	return s.sport;
}

/* 6056-1: to one peer no port comes twice, and none is below 16384. */
START_TEST(ephemeral_ports_differ)
{
	uint16_t port[N];
	struct ustack_connect_args a;
	struct peer p;

	wire_init(&p, _i, NULL);
	a = to_peer(&p);
	for (uint32_t i = 0; i < N; i++) {
		port[i] = port_for(&p, &a);
		ck_assert_uint_ge(port[i], 16384);
		for (uint32_t k = 0; k < i; k++)
			if (port[k] == port[i])
				ck_abort_msg("port %u twice", port[i]);
		wire_abort(&p);
	}
	peer_fini(&p);
}
END_TEST

/* 6056-1: to other peers they are spread over the range, and not in a row. */
START_TEST(ephemeral_ports_to_others_are_unrelated)
{
	uint32_t near = 0, quarter[4] = { 0 };
	struct ustack_connect_args a;
	uint16_t last = 0, port;
	struct peer p;

	wire_init(&p, _i, NULL);
	a = to_peer(&p);
	for (uint32_t i = 0; i < N; i++) {
		a.remote.b[15] = (uint8_t)(100 + i);
		port = port_for(&p, &a);
		near += (uint16_t)(port - last + 64) < 128;
		quarter[(port - 16384u) / 12288u]++;
		last = port;
		wire_abort(&p);
	}
	ck_assert_uint_le(near, 3);
	for (uint32_t i = 0; i < 4; i++)
		ck_assert_uint_ge(quarter[i], 4);
	peer_fini(&p);
}
END_TEST

/* RFC 6056 section 3.2: a port that is listened on is not taken. */
START_TEST(listening_port_is_not_picked)
{
	struct ustack_listen_args l = { .backlog = 1 };
	struct ustack_connect_args a;
	struct peer p;
	uint16_t next;

	wire_init(&p, _i, NULL);
	a = to_peer(&p);
	next = (uint16_t)(port_for(&p, &a) + 1);
	if (next == 0)
		next = 16384;
	l.port = next;
	l.ops_id = p.ops_id;
	ck_assert_int_ge(ustack_listen(p.h.s, &l), 0);
	ck_assert_uint_ne(port_for(&p, &a), next);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_isn(void)
{
	Suite *s = suite_create("unpredictable numbers");
	TCase *tc = wire_case(s, "ISN");

	tcase_add_loop_test(tc, isn_follows_the_clock, 0, 2);
	tcase_add_loop_test(tc, isns_of_neighbours_are_unrelated, 0, 2);
	tcase_add_test(tc, isn_differs_after_a_restart);
	tc = wire_case(s, "timestamps");
	tcase_add_loop_test(tc, timestamps_of_neighbours_are_unrelated, 0, 2);
	tc = wire_case(s, "ports");
	tcase_add_loop_test(tc, ephemeral_ports_differ, 0, 2);
	tcase_add_loop_test(tc, ephemeral_ports_to_others_are_unrelated, 0, 2);
	tcase_add_loop_test(tc, listening_port_is_not_picked, 0, 2);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_window.c - the receive window over random arrivals and reads
 */

#include "inner.h"
#include "stack/tcp/window.h"

static struct tcp_conn *begin(struct peer *p, bool scaled)
{
	peer_init(p, NULL);
	peer_open_with(p,
		       (struct pseg){ .mss = 1460,
				      .wscale = 7,
				      .has = scaled ? TCP_OPT_HAS_WSCALE : 0 });
	return inner_conn(p);
}

static void arrive(struct tcp_conn *c, uint32_t len)
{
	static const uint8_t zero[1u << 20];

	while (len > 0) {
		uint32_t n = min_u32(len, sizeof(zero));

		EXPECT_EQ(sliceq_write(&c->rcvq, &c->t->s->mem, zero, n), n);
		c->rcv.nxt += n;
		len -= n;
	}
}

static void consume(struct tcp_conn *c, uint32_t len)
{
	sliceq_consume(&c->rcvq, &c->t->s->mem, len);
	tcp_wnd_consumed(c, len);
}

static uint32_t space_of(const struct tcp_conn *c)
{
	return c->rcv.buf > c->rcvq.bytes ? c->rcv.buf - c->rcvq.bytes : 0;
}

/* What holds for each announcement: the promise is exact, the field rounded. */
static void announce(struct tcp_conn *c)
{
	uint32_t unit = c->flags & CF_WSCALE ? 1u << c->rcv.wscale : 1;
	uint32_t step = min_u32(c->rcv.buf / 2, c->rec.adv_mss);
	uint32_t before = c->rcv.adv;
	uint32_t edge = c->rcv.edge;
	uint32_t said = c->rcv.nxt + (uint32_t)tcp_wnd_announce(c) * unit;

	EXPECT(seq_geq(c->rcv.adv, before));
	EXPECT(seq_geq(said, c->rcv.adv));
	EXPECT(seq_leq(said, seq_max(c->rcv.adv, c->rcv.nxt) + unit - 1));
	EXPECT_EQ(c->rcv.edge, seq_max(edge, said));
	EXPECT(seq_leq(c->rcv.edge,
		       seq_max(c->rcv.adv, c->rcv.nxt) + unit - 1));
	EXPECT_EQ(tcp_wnd_accept(c), c->rcv.edge - c->rcv.nxt);
	if (c->rcv.adv != before) { /* silly windows (MUST-39) */
		EXPECT_GE(c->rcv.adv - seq_max(before, c->rcv.nxt), step);
		EXPECT_LE(c->rcv.adv - c->rcv.nxt, space_of(c));
	}
}

/* RFC 9293 section 3.8.6 (SHLD-14), RFC 7323 section 2.4 */
START_TEST(promised_edge_never_moves_left)
{
	struct peer p;
	struct tcp_conn *c = begin(&p, _i & 1);
	struct rng rng;

	rng_init(&rng, test_seed() + (uint64_t)_i);
	for (uint32_t i = 0; i < 30000; i++) {
		uint32_t most = 1u << rng_below(&rng, 18);

		if (rng_below(&rng, 2))
			arrive(c, min_u32(rng_below(&rng, most + 1),
					  tcp_wnd_accept(c)));
		if (rng_below(&rng, 2))
			consume(c, min_u32(rng_below(&rng, most + 1),
					   c->rcvq.bytes));
		if (rng_below(&rng, 2))
			announce(c);
		EXPECT_LE(c->rcv.buf, p.h.s->cfg.rcvbuf_max);
		EXPECT_EQ(inner_tcp(&p)->promised, c->rcv.buf);
		c->flags &= ~CF_ACK_NOW;
	}
	if (_i & 1)
		EXPECT_GT(c->rcv.buf, p.h.s->cfg.rcvbuf_init);
	peer_fini(&p);
}
END_TEST

/* MUST-39: the edge waits for a segment or half the buffer. */
START_TEST(closed_window_opens_by_a_segment_or_not_at_all)
{
	struct peer p;
	struct tcp_conn *c = begin(&p, false);

	tcp_wnd_set_buf(c, 65535);
	arrive(c, tcp_rcv_wnd(c));
	EXPECT_EQ(tcp_wnd_announce(c), 0);
	consume(c, 1459);
	EXPECT_EQ(tcp_wnd_announce(c), 0);
	EXPECT(!(c->flags & CF_ACK_NOW));
	consume(c, 1);
	EXPECT(c->flags & CF_ACK_NOW);
	EXPECT_EQ(tcp_wnd_announce(c), 1460);
	peer_fini(&p);
}
END_TEST

/* The smaller of the two counts where a buffer is tiny. */
START_TEST(tiny_buffer_opens_by_half_of_itself)
{
	struct peer p;
	struct tcp_conn *c = begin(&p, false);

	tcp_wnd_set_buf(c, 2048);
	arrive(c, tcp_rcv_wnd(c));
	consume(c, c->rcvq.bytes - 2048);
	EXPECT_EQ(tcp_wnd_announce(c), 0);
	consume(c, 1023);
	EXPECT_EQ(tcp_wnd_announce(c), 0);
	consume(c, 1);
	EXPECT_EQ(tcp_wnd_announce(c), 1024);
	peer_fini(&p);
}
END_TEST

/* RFC 7323 section 2.3: enough for the largest buffer, 14 at most. */
START_TEST(shift_covers_the_largest_buffer)
{
	static const struct {
		uint32_t max;
		uint8_t shift;
	} cases[] = {
		{ 65535, 0 },	  { 65536, 1 },		  { 131071, 1 },
		{ 16u << 20, 9 }, { (16u << 20) - 1, 8 }, { 1u << 30, 14 }
	};
	struct peer p;

	peer_init(&p, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		p.h.s->cfg.rcvbuf_max = cases[i].max;
		EXPECT_EQ(tcp_wnd_shift(p.h.s), cases[i].shift);
	}
	peer_fini(&p);
}
END_TEST

static void small_budget(struct ustack_config *cfg)
{
	cfg->mem_limit_bytes = 32u << 20;
	cfg->rcvbuf_max = 1u << 30;
}

/* Buffers may promise half of the memory, however fast the peers are. */
START_TEST(growth_is_bounded_by_half_of_the_budget)
{
	struct peer p;
	struct tcp_conn *c[40];
	uint64_t sum = 0;

	peer_init(&p, small_budget);
	for (uint32_t i = 0; i < ARRAY_LEN(c); i++) {
		inner_open(&p, (uint16_t)(41000 + i));
		c[i] = inner_conn(&p);
	}
	for (uint32_t n = 0; n < 30 * ARRAY_LEN(c); n++) {
		struct tcp_conn *one = c[n % ARRAY_LEN(c)];

		one->rcv.nxt += one->rcv.buf; /* a window came and was read */
		one->rcvq.start = one->rcv.nxt;
		one->rcv.adv = one->rcv.nxt;
		tcp_wnd_consumed(one, one->rcv.buf);
	}
	for (uint32_t i = 0; i < ARRAY_LEN(c); i++)
		sum += c[i]->rcv.buf;
	EXPECT_EQ(inner_tcp(&p)->promised, sum);
	EXPECT_LE(sum, 16u << 20);
	EXPECT_GT(sum, 8u << 20);
	EXPECT_GE(tcp_wnd_initial(inner_tcp(&p)), 4096);
	while (inner_tcp(&p)->nconns > 0) {
		uint64_t cursor = 0;
		struct ustack_info info;

		ck_assert_uint_eq(ustack_walk(p.h.s, &cursor, &info, 1), 1);
		ustack_abort(p.h.s, info.conn);
		vhost_run(&p.h);
	}
	EXPECT_EQ(inner_tcp(&p)->promised, 0);
	peer_fini(&p);
}
END_TEST

START_TEST(buffer_that_the_application_fixed_does_not_grow)
{
	struct peer p;
	struct tcp_conn *c = begin(&p, true);

	ck_assert_int_eq(ustack_setopt(p.h.s, p.conn, USTACK_OPT_RCVBUF, 10000),
			 0);
	EXPECT_EQ(inner_tcp(&p)->promised, 10000);
	for (uint32_t i = 0; i < 100; i++) {
		c->rcv.nxt += 10000;
		c->rcvq.start = c->rcv.nxt;
		c->rcv.adv = c->rcv.nxt;
		tcp_wnd_consumed(c, 10000);
	}
	EXPECT_EQ(c->rcv.buf, 10000);
	peer_fini(&p);
}
END_TEST

Suite *suite_tcp_window(void)
{
	Suite *s = suite_create("tcp/window");
	TCase *tc = tcase_create("window");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, promised_edge_never_moves_left, 0, 6);
	tcase_add_test(tc, closed_window_opens_by_a_segment_or_not_at_all);
	tcase_add_test(tc, tiny_buffer_opens_by_half_of_itself);
	tcase_add_test(tc, shift_covers_the_largest_buffer);
	tcase_add_test(tc, growth_is_bounded_by_half_of_the_budget);
	tcase_add_test(tc, buffer_that_the_application_fixed_does_not_grow);
	suite_add_tcase(s, tc);
	return s;
}

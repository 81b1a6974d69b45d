/* SPDX-License-Identifier: MIT */
/*
 * test_window.c - the receive window over random arrivals and reads
 */

#include "inner.h"
#include "stack/tcp/isn.h"
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
		EXPECT_EQ(inner_tcp(&p)->promised, c->rcv.charge);
		EXPECT_GE(c->rcv.charge, c->rcv.buf);
		EXPECT(seq_leq(c->rcv.adv, c->rcvq.start + c->rcv.charge));
		c->flags &= ~CF_ACK_NOW;
	}
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
		EXPECT_EQ(tcp_wnd_scale(&p.h.s->cfg), cases[i].shift);
	}
	peer_fini(&p);
}
END_TEST

/* ------------------------------------------------------------ its growth */

#define SPARE (16u * 1460u) /* beyond twice what a round read */

/* A round in which @len bytes came and were read, and which took @us. */
static void round_of(struct peer *p, struct tcp_conn *c, uint32_t len,
		     uint64_t us)
{
	struct tcp_opts o = { .has = TCP_OPT_HAS_TS };

	peer_advance(p, us);
	while (len > 0) {
		uint32_t n = min_u32(len, tcp_wnd_accept(c));

		arrive(c, n);
		consume(c, n);
		announce(c);
		len -= n;
	}
	o.tsecr = c->rcv.round + (uint32_t)(us / 1000u);
	tcp_wnd_round(c, &o);
	announce(c);
	c->flags &= ~CF_ACK_NOW;
}

static struct tcp_conn *begin_ts(struct peer *p, bool ts)
{
	peer_init(p, NULL);
	peer_open_with(p, (struct pseg){ .mss = 1460,
					 .wscale = 7,
					 .tsval = 1,
					 .has = (uint8_t)(TCP_OPT_HAS_WSCALE |
							  (ts ? TCP_OPT_HAS_TS
							      : 0)) });
	return inner_conn(p);
}

/* Twice what was read in a round trip, by timestamps or by the handshake's. */
START_TEST(buffer_follows_what_a_round_trip_brings)
{
	struct peer p;
	struct tcp_conn *c = begin_ts(&p, _i == 0);

	c->rtt.srtt_us = 40000;
	round_of(&p, c, 100000, MS(40)); /* less than there is */
	EXPECT_EQ(c->rcv.buf, p.h.s->cfg.rcvbuf_init);
	round_of(&p, c, 500000, MS(40));
	EXPECT_EQ(c->rcv.buf, 1000000 + SPARE);
	round_of(&p, c, 400000, MS(40)); /* no pause: it stays */
	EXPECT_EQ(c->rcv.buf, 1000000 + SPARE);
	EXPECT_GE(tcp_rcv_wnd(c), 1000000);
	round_of(&p, c, 20u << 20, MS(40));
	EXPECT_EQ(c->rcv.buf, p.h.s->cfg.rcvbuf_max);
	peer_fini(&p);
}
END_TEST

/* An echo of what left before the round began does not end it. */
START_TEST(round_lasts_a_round_trip)
{
	struct peer p;
	struct tcp_conn *c = begin_ts(&p, true);
	struct tcp_opts o = { .has = TCP_OPT_HAS_TS };

	peer_advance(&p, MS(10));
	c->rcv.read = 1u << 20;
	o.tsecr = c->rcv.round;
	tcp_wnd_round(c, &o);
	EXPECT_EQ(c->rcv.buf, p.h.s->cfg.rcvbuf_init);
	o.tsecr = c->rcv.round + 1;
	tcp_wnd_round(c, &o);
	EXPECT_EQ(c->rcv.buf, (2u << 20) + SPARE);
	peer_fini(&p);

	c = begin_ts(&p, false);
	c->rtt.srtt_us = 40000;
	peer_advance(&p, 39999);
	c->rcv.read = 1u << 20;
	tcp_wnd_round(c, &o);
	EXPECT_EQ(c->rcv.buf, p.h.s->cfg.rcvbuf_init);
	peer_advance(&p, 1);
	tcp_wnd_round(c, &o);
	EXPECT_EQ(c->rcv.buf, (2u << 20) + SPARE);
	peer_fini(&p);
}
END_TEST

/* SHLD-14: after a pause the buffer is small again; what was announced before
 * stays announced, counts, and is given back as it is used.
 */
START_TEST(pause_gives_the_promise_back_without_shrinking_the_window)
{
	struct peer p;
	struct tcp_conn *c = begin_ts(&p, _i == 0);
	uint32_t edge;

	c->rtt.srtt_us = 40000;
	round_of(&p, c, 2u << 20, MS(40));
	round_of(&p, c, 2u << 20, MS(40));
	EXPECT_GT(tcp_rcv_wnd(c), 3u << 20);
	edge = c->rcv.adv;
	round_of(&p, c, 1000, SEC(5));
	EXPECT_EQ(c->rcv.buf, p.h.s->cfg.rcvbuf_init);
	EXPECT_EQ(c->rcv.adv, edge);
	EXPECT_EQ(inner_tcp(&p)->promised, edge - c->rcv.nxt);
	while (tcp_rcv_wnd(c) > c->rcv.buf) {
		round_of(&p, c, 100000, SEC(5));
		EXPECT(seq_geq(c->rcv.adv, edge));
		EXPECT_EQ(inner_tcp(&p)->promised,
			  max_u32(c->rcv.buf, c->rcv.adv - c->rcv.nxt));
	}
	EXPECT_LE(inner_tcp(&p)->promised, 300000);
	peer_fini(&p);
}
END_TEST

static void small_budget(struct ustack_config *cfg)
{
	cfg->mem_limit_bytes = 64u << 20;
	cfg->rcvbuf_max = 1u << 30;
}

static void abort_all(struct peer *p)
{
	while (inner_tcp(p)->nconns > 0) {
		uint64_t cursor = 0;
		struct ustack_info info;

		ck_assert_uint_eq(ustack_walk(p->h.s, &cursor, &info, 1), 1);
		ustack_abort(p->h.s, info.conn);
		vhost_run(&p->h);
		peer_drain(p);
	}
}

/* The first may have half of what may be promised; then others want as much. */
START_TEST(those_who_want_everything_end_with_equal_shares)
{
	struct tcp_conn *c[15];
	struct peer p;

	peer_init(&p, small_budget);
	for (uint32_t i = 0; i < ARRAY_LEN(c); i++) {
		inner_open(&p, (uint16_t)(41000 + i));
		c[i] = inner_conn(&p);
		c[i]->rtt.srtt_us = 1000;
		for (uint32_t n = 0; n < 30 * (i + 1); n++) {
			struct tcp_conn *one = c[n % (i + 1)];

			peer_advance(&p, MS(1));
			one->rcv.nxt += one->rcv.buf;
			one->rcvq.start = one->rcv.nxt;
			one->rcv.adv = one->rcv.nxt;
			tcp_wnd_consumed(one, 1u << 30);
			tcp_wnd_round(one, &(struct tcp_opts){ .has = 0 });
			EXPECT_LE(inner_tcp(&p)->promised, 32u << 20);
		}
		if (i == 0)
			EXPECT_EQ(c[0]->rcv.buf, 16u << 20);
	}
	for (uint32_t i = 0; i < ARRAY_LEN(c); i++) {
		EXPECT_GE(c[i]->rcv.buf, 19u << 16); /* a 16th is 2 MiB */
		EXPECT_LE(c[i]->rcv.buf, 45u << 16);
	}
	abort_all(&p);
	EXPECT_EQ(inner_tcp(&p)->promised, 0);
	peer_fini(&p);
}
END_TEST

static void least_budget(struct ustack_config *cfg)
{
	cfg->mem_limit_bytes = 4u << 20;
}

/* What can be promised ends before memory does: then nobody is let in. */
START_TEST(windows_of_all_connections_stay_within_memory)
{
	struct peer p;
	uint32_t n = 0;

	peer_init(&p, least_budget);
	for (;;) {
		p.isn_known = false;
		peer_tx(&p, (struct pseg){ .flags = TCP_SYN,
					   .mss = 1460,
					   .sport = (uint16_t)(1024 + n) });
		if (peer_counter(&p, USTACK_C_DROP_TCP_MEM_LIMIT) > 0)
			break;
		peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
		peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
					   .seq = 1,
					   .ack = 1,
					   .sport = (uint16_t)(1024 + n) });
		EXPECT_LE(inner_tcp(&p)->promised, 4u << 20);
		n++;
	}
	EXPECT_GT(n, 200);
	abort_all(&p);
	EXPECT_EQ(inner_tcp(&p)->promised, 0);
	peer_fini(&p);
}
END_TEST

START_TEST(buffer_that_the_application_fixed_does_not_grow)
{
	struct peer p;
	struct tcp_conn *c = begin_ts(&p, true);

	ck_assert_int_eq(ustack_setopt(p.h.s, p.conn, USTACK_OPT_RCVBUF, 10000),
			 0);
	for (uint32_t i = 0; i < 10; i++)
		round_of(&p, c, 100000, MS(40));
	EXPECT_EQ(c->rcv.buf, 10000);
	EXPECT_EQ(inner_tcp(&p)->promised, 10000);
	peer_fini(&p);
}
END_TEST

/* ------------------------------------------------------------ send buffer */

static void small_send_buffer(struct ustack_config *cfg)
{
	cfg->sndbuf_init = 64u << 10;
}

START_TEST(send_buffer_follows_the_congestion_window)
{
	struct tcp_conn *c;
	struct peer p;

	peer_init(&p, small_send_buffer);
	peer_open(&p);
	c = inner_conn(&p);
	EXPECT_EQ(c->snd.buf, p.h.s->cfg.sndbuf_init);
	c->cc.cwnd = 20000;
	tcp_snd_grow(c);
	EXPECT_EQ(c->snd.buf, p.h.s->cfg.sndbuf_init);
	c->cc.cwnd = 200000;
	tcp_snd_grow(c);
	EXPECT_EQ(c->snd.buf, 400000);
	c->cc.cwnd = 1u << 30;
	tcp_snd_grow(c);
	EXPECT_EQ(c->snd.buf, p.h.s->cfg.sndbuf_max);
	ck_assert_int_eq(ustack_setopt(p.h.s, p.conn, USTACK_OPT_SNDBUF, 5000),
			 0);
	tcp_snd_grow(c);
	EXPECT_EQ(c->snd.buf, 5000);
	peer_fini(&p);
}
END_TEST

/* Many who send all they can leave room for those who receive. */
START_TEST(send_buffers_of_all_leave_a_quarter_of_memory)
{
	struct peer p;
	uint64_t sent = 0;

	peer_init(&p, small_budget);
	for (uint32_t i = 0; i < 200; i++) {
		struct tcp_conn *c;
		ptrdiff_t n;

		inner_open(&p, (uint16_t)(41000 + i));
		c = inner_conn(&p);
		c->cc.cwnd = 1u << 30; /* so that it would have everything */
		tcp_snd_grow(c);
		EXPECT_EQ(c->snd.buf, p.h.s->cfg.sndbuf_max);
		n = peer_send(&p, 8u << 20);
		EXPECT(n >= 4096);
		sent += (uint64_t)n;
		peer_drain(&p);
		EXPECT_LE(p.h.s->mem.used, 50u << 20);
	}
	EXPECT_GT(sent, 30u << 20);
	EXPECT(!stack_mem_low(p.h.s));
	abort_all(&p);
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
	suite_add_tcase(s, tc);
	tc = tcase_create("growth");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, buffer_follows_what_a_round_trip_brings, 0, 2);
	tcase_add_test(tc, round_lasts_a_round_trip);
	tcase_add_loop_test(
		tc, pause_gives_the_promise_back_without_shrinking_the_window,
		0, 2);
	tcase_add_test(tc, those_who_want_everything_end_with_equal_shares);
	tcase_add_test(tc, windows_of_all_connections_stay_within_memory);
	tcase_add_test(tc, buffer_that_the_application_fixed_does_not_grow);
	suite_add_tcase(s, tc);
	tc = tcase_create("send buffer");
	tcase_add_test(tc, send_buffer_follows_the_congestion_window);
	tcase_add_test(tc, send_buffers_of_all_leave_a_quarter_of_memory);
	suite_add_tcase(s, tc);
	return s;
}

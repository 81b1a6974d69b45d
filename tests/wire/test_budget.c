/* SPDX-License-Identifier: MIT */
/*
 * test_budget.c - what many connections may cost together (RFC 9293 section
 *		   3.8.6, RFC 6429)
 */

#include "suites.h"
#include "wire.h"

#define LIMIT  (64u << 20)
#define CONNS  2000u
#define SPORT  2000u /* of the first */
#define STRIDE 16000u
#define FLOOR  1460u /* window of one who comes when all is promised */

static void small_memory(struct ustack_config *cfg)
{
	cfg->mem_limit_bytes = LIMIT;
}

static struct pseg from(uint32_t i, struct pseg s)
{
	s.sport = (uint16_t)(SPORT + i);
	return s;
}

/* A connection whose window is full, as nobody reads. */
static void stall(struct peer *p, uint32_t i)
{
	struct pseg syn = { .flags = TCP_SYN,
			    .mss = 1460,
			    .has = TCP_OPT_HAS_WSCALE };
	uint32_t seq = 1;

	p->isn_known = false;
	peer_tx(p, from(i, syn));
	peer_drain(p);
	peer_tx(p, from(i, seg_ack(1, 1)));
	for (;;) {
		uint32_t len = min_u32(peer_info(p).rcv_wnd, STRIDE);

		if (len == 0)
			break;
		peer_tx(p, from(i, seg_data(seq, 1, len)));
		seq += len;
		peer_drain(p);
	}
}

static void check_sums(struct peer *p)
{
	static struct ustack_info info[CONNS + 64];
	struct ustack_gauges g;
	uint64_t cursor = 0;
	uint64_t sum = 0;
	uint32_t n = ustack_walk(p->h.s, &cursor, info, CONNS + 64);

	for (uint32_t i = 0; i < n; i++)
		sum += info[i].rcv_wnd + info[i].rcvq;
	ustack_gauges(p->h.s, &g);
	ck_assert_uint_le(sum, LIMIT / 2 + CONNS * FLOOR);
	ck_assert_uint_le(g.mem_used, LIMIT);
	ck_assert_uint_le(g.mem_peak, LIMIT);
}

/* MAY-8, res-1: two thousand readers that stall cost what the budget says, and
 * a connection that comes then still has a window.
 */
START_TEST(stalled_readers_cost_a_bounded_amount)
{
	struct peer p;

	wire_init(&p, _i, small_memory);
	p.no_auto_read = true;
	for (uint32_t i = 0; i < CONNS; i++) {
		stall(&p, i);
		if (i % 100 == 99)
			check_sums(&p);
	}
	ck_assert_uint_eq(peer_states(&p, USTACK_ESTABLISHED), CONNS);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_NO_MEMORY), 0);
	p.no_auto_read = false;
	p.isn_known = false;
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .mss = 1460 });
	ck_assert_uint_ge(peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0).wnd,
			  1460);
	peer_tx(&p, seg_ack(1, 1));
	peer_tx(&p, seg_data(1, 1, 1000));
	ck_assert_uint_eq(p.received, 1000);
	for (uint32_t n = CONNS; n > 0;) { /* peer_fini() expects few */
		struct ustack_info info[64];
		uint64_t cursor = 0;
		uint32_t k = ustack_walk(p.h.s, &cursor, info, 64);

		for (uint32_t i = 0; i < k; i++)
			ustack_abort(p.h.s, info[i].conn);
		vhost_run(&p.h);
		peer_drain(&p);
		n = n > k ? n - k : 0;
	}
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_budget(void)
{
	Suite *s = suite_create("budget");
	TCase *tc = wire_case(s, "receiving");

	tcase_add_loop_test(tc, stalled_readers_cost_a_bounded_amount, 0, 2);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_stack.c - an instance as a whole: memory, events, fairness, deadlines,
 *		  determinism
 */

#include <stdlib.h>

#include "stack/wire/csum.h"
#include "tests/unit/tcp/inner.h"

static void tiny(struct ustack_config *cfg)
{
	cfg->mem_limit_bytes = 4u << 20;
	cfg->tx_tso4 = false;
}

#define PORTS 200u

/* The stack's ISN towards each port of the peer's. */
static uint32_t isn[PORTS];

static void knock(struct peer *p, uint32_t port)
{
	p->isn_known = false;
	peer_tx(p, (struct pseg){ .sport = (uint16_t)(41000 + port),
				  .flags = TCP_SYN,
				  .mss = 1460 });
	if (p->isn_known)
		isn[port] = p->stack_isn;
	p->isn_known = true;
	p->stack_isn = isn[port];
}

/* One random thing that happens to a connection. */
static void disturb(struct peer *p, struct rng *rng, uint32_t i)
{
	uint32_t port = i % PORTS;
	uint16_t sport = (uint16_t)(41000 + port);
	struct pseg seg = { .sport = sport,
			    .flags = TCP_ACK,
			    .ack = 1,
			    .seq = 1 + 1460 * rng_below(rng, 30),
			    .len = rng_below(rng, 1461) };

	p->stack_isn = isn[port];
	if (i < PORTS || rng_below(rng, 20) == 0) {
		knock(p, port);
		peer_tx(p, (struct pseg){ .sport = sport,
					  .flags = TCP_ACK,
					  .seq = 1,
					  .ack = 1 });
	}
	if (rng_below(rng, 100) == 0)
		seg.flags |= TCP_FIN;
	peer_tx(p, seg);
	peer_send(p, rng_below(rng, 60000));
	if (rng_below(rng, 30) == 0)
		peer_advance(p, rng_below(rng, 2000000));
	peer_drain(p);
}

/* A budget that is spent costs service, never the stack. */
START_TEST(spent_budget_breaks_nothing_and_is_returned)
{
	struct ustack_gauges g;
	struct peer p;
	struct rng rng;

	rng_init(&rng, test_seed());
	peer_init(&p, tiny);
	p.no_auto_read = true;
	for (uint32_t i = 0; i < 4000; i++)
		disturb(&p, &rng, i);
	ustack_gauges(p.h.s, &g);
	EXPECT_LE(g.mem_taken, g.mem_limit);
	EXPECT_GT(peer_counter(&p, USTACK_C_DROP_NO_MEMORY), 0);
	EXPECT_GT(g.mem_peak, 2u << 20);
	p.no_auto_read = false;
	peer_fini(&p);
}
END_TEST

/* What a quiet instance holds is what it held at the start. */
START_TEST(memory_in_use_returns_to_its_start)
{
	struct ustack_info info;
	struct peer p;
	struct rng rng;
	uint64_t used, cursor = 0;

	rng_init(&rng, test_seed());
	peer_init(&p, NULL);
	inner_open(&p, 41000); /* slots and a spare packet */
	ck_assert_int_eq(ustack_abort(p.h.s, p.conn), 0);
	vhost_run(&p.h);
	used = p.h.s->mem.used;
	p.no_auto_read = true;
	for (uint32_t i = 0; i < 2000; i++)
		disturb(&p, &rng, i);
	EXPECT_GT(p.h.s->mem.used, used);
	while (ustack_walk(p.h.s, &cursor, &info, 1) > 0)
		if (info.conn.gen)
			ck_assert_int_eq(ustack_abort(p.h.s, info.conn), 0);
	peer_advance(&p, SEC(400));
	/* The flow table keeps its size. */
	EXPECT_LE(p.h.s->mem.used, used + 16384);
	EXPECT_EQ(inner_tcp(&p)->promised, 0);
	p.no_auto_read = false;
	peer_fini(&p);
}
END_TEST

static uint32_t seen[USTACK_EVENTS];
static uint64_t last_event_us;

static void note_event(void *ctx, const struct ustack_event *ev)
{
	(void)ctx;
	EXPECT_LT(ev->kind, USTACK_EVENTS);
	EXPECT_GE(ev->time_us, last_event_us);
	last_event_us = ev->time_us;
	seen[ev->kind]++;
}

/* A life with a loss and a dropped segment in it. */
static void live(uint32_t mask)
{
	struct peer p;

	memset(seen, 0, sizeof(seen));
	last_event_us = 0;
	peer_init(&p, NULL);
	p.h.event = note_event;
	ustack_set_event_mask(p.h.s, mask);
	peer_open(&p);
	peer_send(&p, 5000);
	peer_advance(&p, SEC(2));
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 1,
				   .ack = 5001,
				   .len = 5 });
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK, .bad_csum = true });
	peer_fini(&p);
}

START_TEST(each_event_comes_exactly_when_its_bit_is_set)
{
	live(0);
	for (uint32_t k = 0; k < USTACK_EVENTS; k++)
		EXPECT_EQ(seen[k], 0);
	for (uint32_t bit = 0; bit < USTACK_EVENTS; bit++) {
		live(1u << bit);
		for (uint32_t k = 0; k < USTACK_EVENTS; k++)
			ck_assert_msg((seen[k] > 0) ==
					      (k == bit &&
					       k != USTACK_EV_IMPAIRED &&
					       k != USTACK_EV_MEMORY),
				      "%s with mask %x", ustack_event_name(k),
				      1u << bit);
	}
}
END_TEST

#define MANY 50u

/* Wire packets that each connection has sent, by port. */
static uint32_t sent_by[MANY];

static int count_port(void *ctx, struct vpkt *v)
{
	uint16_t port = be16_load(v->data + v->l4_off + 2);

	(void)ctx;
	if (port >= 41000 && port < 41000 + MANY)
		sent_by[port - 41000]++;
	free(v);
	return 0;
}

static void plain(struct ustack_config *cfg)
{
	cfg->tx_tso4 = false;
}

/* Section 4 of the design: fairly over the ready list. */
START_TEST(budget_goes_round_the_connections)
{
	static uint8_t data[14600];
	struct ustack_iov iov = { data, sizeof(data) };
	struct ustack_conn conn[MANY];
	struct peer p;
	uint32_t runs = 0, total = 0;

	peer_init(&p, plain);
	for (uint16_t i = 0; i < MANY; i++) {
		inner_open(&p, (uint16_t)(41000 + i));
		conn[i] = p.conn;
	}
	for (uint32_t i = 0; i < MANY; i++)
		ck_assert_int_eq(ustack_send(p.h.s, conn[i], &iov, 1), 14600);
	p.h.out = count_port;
	memset(sent_by, 0, sizeof(sent_by));
	while (ustack_run(p.h.s, p.h.now_us, 1) == p.h.now_us) {
		uint32_t least = UINT32_MAX, most = 0, sum = 0;

		runs++;
		for (uint32_t i = 0; i < MANY; i++) {
			least = min_u32(least, sent_by[i]);
			most = max_u32(most, sent_by[i]);
			sum += sent_by[i];
		}
		EXPECT_LE(most - least, 1);
		EXPECT_LE(sum - total, 1); /* and no more than the budget */
		total = sum;
	}
	EXPECT_GE(runs, MANY * 10 - 1);
	for (uint32_t i = 0; i < MANY; i++)
		EXPECT_EQ(sent_by[i], 10);
	peer_fini(&p);
}
END_TEST

/* A caller that sleeps until the deadline never comes too often or too late. */
START_TEST(deadline_is_ahead_and_never_missed)
{
	struct peer p;
	uint64_t last;
	uint32_t wakeups = 0;

	peer_init(&p, NULL);
	peer_open(&p);
	peer_send(&p, 1000);
	last = p.h.now_us;
	while (p.h.deadline_us != USTACK_NEVER) {
		EXPECT_GT(p.h.deadline_us, last);
		p.h.now_us = p.h.deadline_us;
		last = p.h.now_us;
		vhost_run(&p.h);
		EXPECT_LT(++wakeups, 2000);
		peer_drain(&p);
	}
	EXPECT_EQ(p.c.closed, 1);
	EXPECT_EQ(p.reason, USTACK_END_TIMEOUT);
	EXPECT_EQ(ustack_run(p.h.s, p.h.now_us + SEC(1000), 64), USTACK_NEVER);
	peer_fini(&p);
}
END_TEST

static int digest_out(void *ctx, struct vpkt *v)
{
	uint64_t *d = ctx;

	for (uint32_t i = 0; i < v->len; i++)
		*d = (*d ^ v->data[i]) * 0x100000001b3ull;
	free(v);
	return 0;
}

static void complete_ip4(uint8_t *h)
{
	uint16_t csum = csum_finish(csum_add(0, h, 20));

	memcpy(h + 10, &csum, 2);
}

/* Connections opened, segments of noise, time passing: all from one seed. */
static uint64_t session(uint64_t seed, uint64_t secrets)
{
	struct ustack_connect_args a = { .remote = vhost_addr("10.7.0.1"),
					 .rport = 80 };
	static const struct ustack_ops none;
	uint64_t digest = 0xcbf29ce484222325ull;
	struct vhost h = { .out = digest_out, .ctx = &digest };
	struct ustack_config cfg;
	struct ustack_conn c;
	struct rng rng;

	vhost_config(&cfg);
	vhost_init(&h, &cfg, secrets);
	a.ops_id = ustack_ops_register(h.s, &none);
	rng_init(&rng, seed);
	for (uint32_t i = 0; i < 300; i++) {
		struct vpkt *v = vpkt_new(40 + rng_below(&rng, 100));

		for (uint32_t k = 0; k < v->len; k++)
			v->data[k] = (uint8_t)rng_u64(&rng);
		v->csum_ok = true;
		memcpy(v->data, (uint8_t[]){ 0x45, 0, 0, (uint8_t)v->len,
					     0,	   0, 0, 0,
					     9,	   6, 0, 0,
					     10,   7, 0, 1,
					     10,   7, 0, 2 },
		       20);
		complete_ip4(v->data);
		vhost_input(&h, v);
		if (rng_below(&rng, 3) == 0)
			ck_assert_int_eq(ustack_connect(h.s, &a, &c), 0);
		vhost_advance(&h, h.now_us + rng_below(&rng, 300000));
	}
	ck_assert_ptr_null(vhost_fini(&h));
	return digest;
}

START_TEST(same_seed_gives_the_same_bytes)
{
	uint64_t seed = test_seed();

	EXPECT_EQ(session(seed, 1), session(seed, 1));
	EXPECT_NE(session(seed, 1), session(seed + 1, 1));
	EXPECT_NE(session(seed, 1), session(seed, 2));
}
END_TEST

Suite *suite_stack_stack(void)
{
	Suite *s = suite_create("stack/stack");
	TCase *tc = tcase_create("instance");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, spent_budget_breaks_nothing_and_is_returned);
	tcase_add_test(tc, memory_in_use_returns_to_its_start);
	tcase_add_test(tc, each_event_comes_exactly_when_its_bit_is_set);
	tcase_add_test(tc, budget_goes_round_the_connections);
	tcase_add_test(tc, deadline_is_ahead_and_never_missed);
	tcase_add_test(tc, same_seed_gives_the_same_bytes);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_impair.c - a real stack behind the impairment engine, in virtual time
 *
 *	client (a stack) --- link --- engine --- server (a stack): echo
 *
 * The client sends a stream whose every byte follows from its place, and
 * compares what comes back.
 */

#include <math.h>

#include "stack/base/siphash.h"
#include "wire.h"
#include "world.h"

#define PORT	 7u
#define PATIENCE 900000000u		 /* us without an answer */
#define LIFE	 (4ull * 3600 * 1000000) /* a transfer that lasts longer hangs */

/* Fates by place: (direction, offset, length, transmission). */
#define FATES 65536u

struct fate {
	uint64_t place;
	bool lost;
};

struct echo {
	struct world w;
	struct ustack_conn client;
	struct ustack_conn server;
	uint32_t bytes;
	uint32_t sent;
	uint32_t received;
	bool shut;
	bool over;
	enum ustack_reason reason;
	struct fate fate[FATES];
	uint32_t nlost;
	uint32_t ncorrupt_in;
	uint32_t nevents;
};

static struct echo *echo_of(uint64_t ctx)
{
	return (struct echo *)(uintptr_t)ctx;
}

/* ----------------------------------------------------------------- client */

static void client_write(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct echo *e = echo_of(ctx);
	uint8_t buf[8192];

	while (e->sent < e->bytes) {
		uint32_t n = min_u32(e->bytes - e->sent, sizeof(buf));
		struct ustack_iov iov = { .base = buf, .len = n };
		ptrdiff_t got;

		for (uint32_t i = 0; i < n; i++)
			buf[i] = peer_byte(e->sent + i);
		got = ustack_send(s, c, &iov, 1);
		if (got <= 0)
			return;
		e->sent += (uint32_t)got;
	}
	if (!e->shut)
		ck_assert_int_eq(ustack_shutdown(s, c), 0);
	e->shut = true;
}

static void client_read(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct echo *e = echo_of(ctx);
	struct ustack_iov iov;

	while (ustack_peek(s, c, &iov, 1) > 0) {
		const uint8_t *b = iov.base;

		for (size_t i = 0; i < iov.len; i++)
			if (b[i] != peer_byte(e->received++))
				ck_abort_msg("byte %u is wrong",
					     e->received - 1);
		ustack_consume(s, c, iov.len);
	}
}

static void client_eof(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)ctx;
	ustack_close(s, c);
}

static void client_closed(struct ustack *s, struct ustack_conn c, uint64_t ctx,
			  enum ustack_reason why)
{
	(void)s;
	(void)c;
	echo_of(ctx)->over = true;
	echo_of(ctx)->reason = why;
}

static const struct ustack_ops client_ops = {
	.connected = client_write,
	.writable = client_write,
	.readable = client_read,
	.peer_closed = client_eof,
	.closed = client_closed,
};

/* ----------------------------------------------------------------- server */

static int server_accept(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	echo_of(ctx)->server = c;
	return ustack_setopt(s, c, USTACK_OPT_USER_TIMEOUT, PATIENCE);
}

static void server_echo(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)ctx;
	while (ustack_splice(s, c, c, UINT32_MAX) > 0)
		;
}

static void server_eof(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)ctx;
	ustack_close(s, c);
}

static const struct ustack_ops server_ops = {
	.accept = server_accept,
	.readable = server_echo,
	.writable = server_echo,
	.peer_closed = server_eof,
};

/* ------------------------------------------------------------------- both */

/* Remember a fate; one that is remembered already must be the same. */
static void note(struct echo *e, const struct ustack_event *ev)
{
	const struct siphash_key key = { { 1, 2 } };
	const uint64_t w[2] = { ev->offset | (uint64_t)ev->len << 32,
				ev->tx | (uint64_t)ev->in << 32 |
					(uint64_t)(ev->len == 0) << 40 };
	uint64_t place = siphash_words(&key, w, 2) | 1;
	uint32_t i = (uint32_t)(place >> 40) % FATES;

	while (e->fate[i].place && e->fate[i].place != place)
		i = (i + 1) % FATES;
	e->fate[i].place = place;
	e->fate[i].lost = ev->faults & 1u << USTACK_FAULT_LOST;
}

static void on_event(void *ctx, const struct ustack_event *ev)
{
	struct world_side *side = ctx;
	struct echo *e = container_of(side->w, struct echo, w);

	if (ev->kind != USTACK_EV_IMPAIRED)
		return;
	e->nevents++;
	e->nlost += (ev->faults >> USTACK_FAULT_LOST) & 1;
	e->ncorrupt_in += ev->in && (ev->faults >> USTACK_FAULT_CORRUPTED & 1);
	note(e, ev);
}

static void start(struct echo *e)
{
	struct ustack *client = e->w.host[0].s, *server = e->w.host[1].s;
	struct ustack_listen_args l = { .port = PORT,
					.backlog = 4,
					.ctx = (uint64_t)(uintptr_t)e };
	struct ustack_connect_args c = { .remote = vhost_addr("10.7.0.2"),
					 .rport = PORT,
					 .lport = 40000,
					 .ctx = (uint64_t)(uintptr_t)e };

	l.ops_id = ustack_ops_register(server, &server_ops);
	c.ops_id = ustack_ops_register(client, &client_ops);
	ck_assert_int_ge(ustack_listen(server, &l), 0);
	ck_assert_int_eq(ustack_connect(client, &c, &e->client), 0);
	ck_assert_int_eq(ustack_setopt(client, e->client,
				       USTACK_OPT_USER_TIMEOUT, PATIENCE),
			 0);
}

static void echo_init(struct echo *e, const struct impair_rule *rule,
		      uint64_t seed)
{
	struct ustack_config cfg[2];
	uint32_t id;

	memset(e, 0, sizeof(*e));
	vhost_config(&cfg[0]);
	vhost_config(&cfg[1]);
	world_init(&e->w, cfg, seed);
	for (int i = 0; i < 2; i++)
		e->w.path[i].delay_us = 500;
	e->w.host[1].event = on_event;
	vhost_impair(&e->w.host[1], seed);
	ck_assert_int_eq(impair_set(e->w.host[1].im, rule, e->w.now_us, &id),
			 0);
}

static void echo_run(struct echo *e, uint32_t bytes)
{
	uint64_t end = e->w.now_us + LIFE;

	e->bytes = bytes;
	start(e);
	while (!e->over && world_step(&e->w, end))
		;
	ck_assert(e->over);
	ck_assert_uint_eq(e->received, bytes);
	ck_assert_int_eq(e->reason, USTACK_END_NORMAL);
}

/* All is over: nothing waits, nothing is kept. */
static void echo_fini(struct echo *e)
{
	uint64_t end = e->w.now_us + 400000000;
	struct impair_gauges g;

	while (world_step(&e->w, end))
		;
	impair_gauges(e->w.host[1].im, &g);
	ck_assert_uint_eq(g.queued_pkts, 0);
	ck_assert_uint_eq(g.queued_bytes, 0);
	ck_assert_ptr_null(world_fini(&e->w));
	free(e);
}

static struct echo *echo_new(const struct impair_rule *rule, uint64_t seed)
{
	struct echo *e = malloc(sizeof(*e));

	echo_init(e, rule, seed);
	return e;
}

/* All at once, both ways: TCP mends what happens below it. */
START_TEST(bytes_arrive_intact_through_everything)
{
	const struct impair_rule rule = { .knobs = { .delay_us = 5000,
						     .jitter_us = 2000,
						     .loss = UINT32_MAX / 4,
						     .corrupt = UINT32_MAX / 20,
						     .duplicate = UINT32_MAX /
								  10,
						     .reorder = UINT32_MAX / 4,
						     .seed = 42,
						     .seed_set = true } };
	struct echo *e = echo_new(&rule, 1);
	struct impair_counts c;

	echo_run(e, 300000);
	impair_totals(e->w.host[1].im, &c);
	for (enum ustack_knob k = USTACK_KNOB_LOSS; k < USTACK_KNOBS; k++) {
		bool used = k == USTACK_KNOB_LOSS || k == USTACK_KNOB_DELAY ||
			    k == USTACK_KNOB_DUPLICATE ||
			    k == USTACK_KNOB_CORRUPT ||
			    k == USTACK_KNOB_REORDER;

		ck_assert_msg((c.by[k] > 0) == used, "%s: %lu",
			      ustack_knob_name(k), (unsigned long)c.by[k]);
	}
	ck_assert_uint_eq(c.by[USTACK_KNOB_LOSS], e->nlost);
	echo_fini(e);
}
END_TEST

/* Each packet that was corrupted on its way in, the stack has dropped. */
START_TEST(stack_drops_what_was_corrupted)
{
	const struct impair_rule rule = { .knobs = { .corrupt = UINT32_MAX /
								20 } };
	struct echo *e = echo_new(&rule, 2);
	const uint64_t *mib = ustack_counters(e->w.host[1].s);

	echo_run(e, 1000000);
	ck_assert_uint_gt(e->ncorrupt_in, 10);
	ck_assert_uint_eq(mib[USTACK_C_DROP_TCP_CSUM] +
				  mib[USTACK_C_DROP_TCP_HDR_LEN],
			  e->ncorrupt_in);
	echo_fini(e);
}
END_TEST

/* Within the binomial's bounds, and all of them retransmitted. */
START_TEST(loss_is_what_was_asked_for)
{
	const struct impair_rule rule = { .knobs = { .loss = UINT32_MAX / 20,
						     .seed = 42,
						     .seed_set = true } };
	struct echo *e = echo_new(&rule, 3);
	struct impair_counts c;
	double want, sigma;

	echo_run(e, 8000000);
	impair_totals(e->w.host[1].im, &c);
	want = (double)c.matched / 20;
	sigma = sqrt(want * 0.95);
	ck_assert(fabs((double)c.by[USTACK_KNOB_LOSS] - want) < 3.3 * sigma);
	echo_fini(e);
}
END_TEST

/* Another delay, another ISN, other ports' draws: the same bytes are lost. */
START_TEST(same_seed_loses_the_same_bytes)
{
	struct impair_rule rule = { .knobs = { .loss = UINT32_MAX / 10,
					       .delay_us = 1000,
					       .seed = 42,
					       .seed_set = true } };
	struct echo *a = echo_new(&rule, 4), *b;
	uint32_t both = 0, lost = 0;

	echo_run(a, 2000000);
	rule.knobs.delay_us = 7000;
	b = echo_new(&rule, 5);
	echo_run(b, 2000000);
	for (uint32_t i = 0; i < FATES; i++) {
		uint32_t k = (uint32_t)(a->fate[i].place >> 40) % FATES;

		if (a->fate[i].place == 0)
			continue;
		while (b->fate[k].place && b->fate[k].place != a->fate[i].place)
			k = (k + 1) % FATES;
		if (b->fate[k].place == 0)
			continue;
		both++;
		lost += a->fate[i].lost;
		ck_assert(a->fate[i].lost == b->fate[k].lost);
	}
	ck_assert_uint_gt(both, 100);
	ck_assert_uint_gt(lost, 10);
	echo_fini(a);
	echo_fini(b);
}
END_TEST

/* What waits holds little more memory than its bytes, whatever it came in. */
START_TEST(waiting_packets_do_not_pin_big_buffers)
{
	const struct impair_rule rule = { .knobs.delay_us = 50000,
					  .match.dirs = 1 << IMPAIR_IN };
	struct echo *e = echo_new(&rule, 6);
	uint64_t end = e->w.now_us + 1000000;
	struct impair_gauges g;
	uint32_t most = 0;

	e->bytes = 4000000;
	start(e);
	while (world_step(&e->w, end) && !e->over) {
		impair_gauges(e->w.host[1].im, &g);
		ck_assert_uint_le(g.queued_bytes, g.queued_pkts * 4096ull);
		most = max_u32(most, g.queued_pkts);
	}
	ck_assert_uint_gt(most, 50);
	ck_assert_uint_gt(e->received, 0);
	ck_assert_ptr_null(world_fini(&e->w)); /* in the middle */
	free(e);
}
END_TEST

/* A link of 10 Mbit/s and 20 ms is filled, neither more nor less. */
START_TEST(rate_is_reached)
{
	const struct impair_rule rule = { .knobs = { .delay_us = 10000,
						     .rate_bps = 10000000 } };
	struct echo *e = echo_new(&rule, 7);
	uint64_t began = e->w.now_us;
	double bps;

	echo_run(e, 8000000);
	bps = 8e6 * 8 / (double)(e->w.now_us - began) * 1e6;
	ck_assert_msg(bps > 8.8e6 && bps < 1e7, "%.0f bit/s", bps);
	echo_fini(e);
}
END_TEST

Suite *suite_wire_impair(void)
{
	Suite *s = suite_create("impair");
	TCase *tc = tcase_create("echo");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, bytes_arrive_intact_through_everything);
	tcase_add_test(tc, stack_drops_what_was_corrupted);
	tcase_add_test(tc, loss_is_what_was_asked_for);
	tcase_add_test(tc, same_seed_loses_the_same_bytes);
	tcase_add_test(tc, waiting_packets_do_not_pin_big_buffers);
	tcase_add_test(tc, rate_is_reached);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_cost.c - what an acknowledgement costs in a big window
 *
 * A peer fills a window of N segments and then sends N acknowledgements of one
 * kind.  Ten times the window may cost each of them no more than a few times as
 * much: caches grow cold, searches take a step or two more.  A list walked per
 * acknowledgement would take ten times, a patient attacker's pattern included.
 * The least of several runs counts, so that a busy machine does not.
 */

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "path.h"
#include "stack/base/bytes.h"
#include "stack/base/seq.h"
#include "suites.h"

#define MSS    1460u
#define SMALL  1000u
#define BIG    10000u
#define RUNS   3u
#define FACTOR 4.0
#define FLOOR  300.0 /* ns: below is noise */
#define SHIFT  10u
#define ISN    1000u
#define ROUND  10000u /* us */
#define BLOCKS 4u
#define CHUNK  65536u

/**
 * struct rig - a stack that sends to a peer without manners
 * @h:		the stack
 * @conn:	its connection
 * @iss:	of the stack
 * @high:	end of what it has sent, sequence number
 * @una:	acknowledged
 * @n:		segments in the window
 * @opt:	options of the next acknowledgement
 * @blocks:	SACK blocks in there
 */
struct rig {
	struct vhost h;
	struct ustack_conn conn;
	uint32_t iss;
	uint32_t high;
	uint32_t una;
	uint32_t n;
	uint8_t opt[40];
	uint32_t blocks;
	struct rng rng;
};

static int on_out(void *ctx, struct vpkt *p)
{
	struct rig *r = ctx;
	uint32_t len = 0;
	const uint8_t *tcp = vpkt_tcp(p, &len);
	uint32_t seq = be32_load(tcp + 4);

	if (tcp[13] & TCP_SYN) {
		r->iss = seq;
		r->high = r->una = seq + 1;
	} else if (seq_gt(seq + len, r->high)) {
		r->high = seq + len;
	}
	free(p);
	return 0;
}

static void write_some(struct rig *r)
{
	static uint8_t zeros[CHUNK];
	struct ustack_iov iov = { .base = zeros, .len = CHUNK };

	while (ustack_send(r->h.s, r->conn, &iov, 1) > 0)
		;
}

static int on_accept(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct rig *r = (struct rig *)(uintptr_t)ctx;

	(void)s;
	r->conn = c;
	write_some(r);
	return 0;
}

static void on_writable(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)s;
	(void)c;
	write_some((struct rig *)(uintptr_t)ctx);
}

static const struct ustack_ops ops = {
	.accept = on_accept,
	.writable = on_writable,
};

static void segment(struct rig *r, uint8_t flags, const uint8_t *opt,
		    uint32_t len)
{
	struct tcp_hdr h = { .sport = 40000,
			     .dport = 7,
			     .seq = ISN + !(flags & TCP_SYN),
			     .ack = r->una,
			     .wnd = (uint16_t)(r->n * MSS >> SHIFT),
			     .flags = flags };

	vhost_input(&r->h, vpkt_segment(0, h, opt, len));
	vhost_run(&r->h);
}

static void acknowledge(struct rig *r)
{
	uint32_t len = r->blocks ? 4 + 8 * r->blocks : 0;

	r->opt[0] = r->opt[1] = 1;
	r->opt[2] = 5;
	r->opt[3] = (uint8_t)(2 + 8 * r->blocks);
	segment(r, TCP_ACK, r->opt, len);
	r->blocks = 0;
}

/* Report segments @from up to but without @to of the window. */
static void report(struct rig *r, uint32_t from, uint32_t to)
{
	if (r->blocks == BLOCKS)
		return;
	be32_store(r->opt + 4 + 8 * r->blocks, r->una + from * MSS);
	be32_store(r->opt + 8 + 8 * r->blocks, r->una + to * MSS);
	r->blocks++;
}

static void open_window(struct rig *r)
{
	static const uint8_t opt[12] = { 2, 4,	   MSS >> 8, MSS & 255, 1, 3,
					 3, SHIFT, 1,	     1,		4, 2 };

	segment(r, TCP_SYN, opt, sizeof(opt));
	acknowledge(r);
	for (uint32_t i = 0; r->high - r->una < (r->n - 2) * MSS; i++) {
		uint32_t end = r->high;

		ck_assert_msg(i < 500, "the window never fills: %u of %u",
			      (r->high - r->una) / MSS, r->n);
		vhost_advance(&r->h, r->h.now_us + ROUND);
		while (r->una != end) {
			r->una += min_u32(end - r->una, MSS);
			acknowledge(r);
		}
	}
	vhost_advance(&r->h, r->h.now_us + ROUND);
}

static void rig_init(struct rig *r, uint32_t n)
{
	struct ustack_listen_args l = { .port = 7,
					.backlog = 1,
					.ctx = (uint64_t)(uintptr_t)r };
	struct ustack_config cfg;

	memset(r, 0, sizeof(*r));
	r->n = n;
	rng_init(&r->rng, 7);
	vhost_config(&cfg);
	cfg.mem_limit_bytes = 256u << 20;
	cfg.sndbuf_max = 2 * n * MSS;
	r->h.out = on_out;
	r->h.ctx = r;
	vhost_init(&r->h, &cfg, 1);
	l.ops_id = ustack_ops_register(r->h.s, &ops);
	ck_assert_int_ge(ustack_listen(r->h.s, &l), 0);
	open_window(r);
}

/* ---------------------------------------------------------------- patterns */

static void no_loss(struct rig *r, uint32_t i)
{
	(void)i;
	r->una += MSS;
}

/* The first is lost, the rest comes in order. */
static void one_hole(struct rig *r, uint32_t i)
{
	report(r, 1, 2 + i);
}

/* Every other one is lost; the last four that came are reported. */
static void many_holes(struct rig *r, uint32_t i)
{
	uint32_t k = i / 2;

	for (uint32_t b = 0; b < BLOCKS && b <= k; b++)
		report(r, 2 * (k - b) + 1, 2 * (k - b) + 2);
}

/* From the far end to the near one. */
static void backwards(struct rig *r, uint32_t i)
{
	report(r, r->n - 3 - min_u32(i, r->n - 5), r->n - 2);
}

/* Single segments, anywhere. */
static void scattered(struct rig *r, uint32_t i)
{
	(void)i;
	for (uint32_t b = 0; b < BLOCKS; b++) {
		uint32_t k = 1 + rng_below(&r->rng, r->n - 4);

		report(r, k, k + 1);
	}
}

/* The same again and again, far apart. */
static void repeated(struct rig *r, uint32_t i)
{
	(void)i;
	for (uint32_t b = 1; b <= BLOCKS; b++)
		report(r, b * r->n / 5, b * r->n / 5 + 1);
}

/* Never sent, and single bytes of what was. */
static void absurd(struct rig *r, uint32_t i)
{
	report(r, r->n + i, r->n + i + 1);
	report(r, 0x100000, 1);
	if (i % 2)
		return;
	be32_store(r->opt + 4 + 8 * r->blocks, r->una + MSS + i);
	be32_store(r->opt + 8 + 8 * r->blocks, r->una + MSS + i + 1);
	r->blocks++;
}

static const struct {
	const char *name;
	void (*prepare)(struct rig *r, uint32_t i);
} patterns[] = {
	{ "no loss", no_loss },	      { "one hole", one_hole },
	{ "many holes", many_holes }, { "backwards", backwards },
	{ "scattered", scattered },   { "repeated", repeated },
	{ "absurd", absurd },
};

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double ns_per_ack(uint32_t pattern, uint32_t n)
{
	double best = 1e12;

	for (uint32_t run = 0; run < RUNS; run++) {
		struct rig r;
		double began;

		rig_init(&r, n);
		began = now_ns();
		for (uint32_t i = 0; i < n - 4; i++) {
			patterns[pattern].prepare(&r, i);
			acknowledge(&r);
		}
		best = fmin(best, (now_ns() - began) / (n - 4));
		ck_assert_ptr_null(vhost_fini(&r.h));
	}
	return best;
}

/* RFC 8985 section 6, RFC 6675: whatever is reported, no list is walked whole. */
START_TEST(ack_costs_about_the_same_in_any_window)
{
	double small = ns_per_ack((uint32_t)_i, SMALL);
	double big = ns_per_ack((uint32_t)_i, BIG);

	ck_assert_msg(big < FACTOR * small + FLOOR,
		      "%s: %.0f ns in a window of %u, %.0f ns of %u",
		      patterns[_i].name, small, SMALL, big, BIG);
}
END_TEST

Suite *suite_tcp_cost(void)
{
	Suite *s = suite_create("tcp/cost");
	TCase *tc = tcase_create("window");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, ack_costs_about_the_same_in_any_window, 0,
			    sizeof(patterns) / sizeof(patterns[0]));
	suite_add_tcase(s, tc);
	return s;
}

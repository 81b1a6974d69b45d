/* SPDX-License-Identifier: MIT */
/*
 * figures.c - what recovery and congestion control must achieve
 *
 * A path of 100 Mbit/s and 40 ms whose queue holds one bandwidth-delay product
 * (500 KB), and what is asked of each algorithm on it.  Every figure is a few
 * bulk runs and a judge; virtual time makes the numbers exact, so that a bound
 * that holds today holds until the code changes.
 */

#include "figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs.h"
#include "stack/base/bytes.h"

#define RATE	      100000000.0
#define RTT_US	      40000u
#define RTT_S	      0.040
#define MSS	      1448u /* 1500 less 20, 20 and timestamps */
#define WIRE	      1500u
#define SEGMENTS      100u
#define SECONDS	      1000000ull
#define RUNS_MAX      SEGMENTS
#define NO_QUEUE_LOSS (700u << 10) /* bytes in flight, less than two BDP */
#define DELACK_US     200000u
#define SLACK_US      5000u /* segments take time to leave */

/**
 * struct figure - something that must hold for each algorithm
 * @name:	for people
 * @runs:	bulk runs it takes
 * @plan:	what the @i-th does; path and algorithm are set
 * @judge:	says whether it holds, and prints the measure and the bound
 */
struct figure {
	const char *name;
	uint32_t runs;
	void (*plan)(struct bulk_args *a, uint32_t i);
	bool (*judge)(const struct bulk_args *a, const struct bulk_result *r);
};

/* ------------------------------------------------------------ utilisation */

static void plan_fill(struct bulk_args *a, uint32_t i)
{
	(void)i;
	a->end_us = 30 * SECONDS;
}

/* Slow start is in it; headers are not held against the algorithm. */
static bool judge_fill(const struct bulk_args *a, const struct bulk_result *r)
{
	double share = bulk_bps(r) * WIRE / MSS / RATE;

	(void)a;
	printf("%5.1f %% in 30 s, %5llu sent again   bound 95 %%", share * 100,
	       (unsigned long long)r->rtx);
	return share >= 0.95;
}

/* Buffers that follow the path, where the other figures have large ones. */
static void as_shipped(struct ustack_config *cfg)
{
	struct ustack_config shipped;

	ustack_config_init(&shipped);
	cfg->rcvbuf_init = shipped.rcvbuf_init;
	cfg->rcvbuf_max = shipped.rcvbuf_max;
	cfg->sndbuf_init = shipped.sndbuf_init;
	cfg->sndbuf_max = shipped.sndbuf_max;
}

static void plan_shipped(struct bulk_args *a, uint32_t i)
{
	plan_fill(a, i);
	a->tweak = as_shipped;
}

#define FAT_RATE   1000000000.0
#define FAT_RTT_US 100000u

/* 12.5 MB fit in this path: what we send from may grow to twice that. */
static void plan_fat(struct bulk_args *a, uint32_t i)
{
	(void)i;
	bulk_path(a->path, (uint64_t)FAT_RATE, FAT_RTT_US);
	a->tweak = as_shipped;
	a->warm_us = 2 * SECONDS;
	a->end_us = 4 * SECONDS;
}

static bool judge_fat(const struct bulk_args *a, const struct bulk_result *r)
{
	double share = bulk_bps(r) * WIRE / MSS / FAT_RATE;

	(void)a;
	printf("%5.1f %% of 1 Gbit/s at 100 ms   bound 95 %%", share * 100);
	return share >= 0.95;
}

static void with_ecn(struct ustack_config *cfg)
{
	cfg->ecn = USTACK_ECN_ACTIVE;
}

static void plan_marks(struct bulk_args *a, uint32_t i)
{
	(void)i;
	a->tweak = with_ecn;
	a->path[0].mark_bytes = a->path[0].limit_bytes / 2;
	a->warm_us = 3 * SECONDS;
	a->end_us = 30 * SECONDS;
}

/* RFC 3168: the router's marks do what losses did, and nothing is lost. */
static bool judge_marks(const struct bulk_args *a, const struct bulk_result *r)
{
	double share = bulk_bps(r) * WIRE / MSS / RATE;

	(void)a;
	printf("%5.1f %%, %llu marks, %llu sent again   bound 90 %%, 1, 0",
	       share * 100, (unsigned long long)r->marked,
	       (unsigned long long)r->rtx);
	return share >= 0.90 && r->marked > 0 && r->rtx == 0;
}

/* ------------------------------------------------------------ random loss */

static void plan_loss(struct bulk_args *a, double loss)
{
	a->path[0].loss = loss;
	a->warm_us = 5 * SECONDS;
	a->end_us = 125 * SECONDS;
}

static void plan_loss_01(struct bulk_args *a, uint32_t i)
{
	(void)i;
	plan_loss(a, 0.001);
}

static void plan_loss_1(struct bulk_args *a, uint32_t i)
{
	(void)i;
	plan_loss(a, 0.01);
}

static void plan_loss_3(struct bulk_args *a, uint32_t i)
{
	(void)i;
	plan_loss(a, 0.03);
}

/* Segments in flight on average (Mathis et al. 1997, one ACK counted a segment). */
static double reno_window(double p)
{
	return sqrt(1.5 / p);
}

/* RFC 9438 section 5.1, C = 0.4, beta = 0.7; at least what Reno would have. */
static double cubic_window(double p)
{
	double w = pow(0.4 * 3.7 / (4 * 0.3), 0.25) * pow(RTT_S / p, 0.75);

	return fmax(w, reno_window(p));
}

static bool judge_loss(const struct bulk_args *a, const struct bulk_result *r)
{
	double p = a->path[0].loss;
	double w = strcmp(a->cc, "cubic") == 0 ? cubic_window(p)
					       : reno_window(p);
	double want = fmin(w * MSS * 8 / RTT_S, RATE * MSS / WIRE);
	double ratio = bulk_bps(r) / want;

	printf("%6.2f Mbit/s, formula %6.2f, ratio %.2f, %llu timeouts, "
	       "%llu spurious   bound 0.75 to 1.35",
	       bulk_bps(r) / 1e6, want / 1e6, ratio,
	       (unsigned long long)r->timeouts,
	       (unsigned long long)r->spurious);
	return ratio >= 0.75 && ratio <= 1.35;
}

/* --------------------------------------------------------------- fairness */

/* The second has to win its share from the first: that takes a while. */
static void plan_fair(struct bulk_args *a, uint32_t i)
{
	(void)i;
	a->flows = 2;
	a->gap_us = SECONDS;
	a->warm_us = 60 * SECONDS;
	a->end_us = 180 * SECONDS;
}

static bool judge_fair(const struct bulk_args *a, const struct bulk_result *r)
{
	double x = (double)r->bytes[0], y = (double)r->bytes[1];
	double jain = (x + y) * (x + y) / (2 * (x * x + y * y));

	(void)a;
	printf("Jain %.3f, %.1f and %.1f Mbit/s   bound 0.95", jain,
	       x * 8 / (double)r->us, y * 8 / (double)r->us);
	return jain >= 0.95;
}

/* ------------------------------------------------------- a single segment */

static void plan_single(struct bulk_args *a, uint32_t i)
{
	a->bytes = (uint64_t)SEGMENTS * MSS;
	a->path[0].drop[0] = (struct path_drop){ .offset = i * MSS,
						 .times = 1 };
}

/*
 * The loss can be known once what was sent behind it is acknowledged, and the
 * copy sets out then, or as much later as RACK waits for reordering.  Behind
 * the last segment there is nothing: the probe leaves after twice the RTT and
 * the longest delay of an acknowledgement (RFC 8985 section 7.2).
 */
static uint64_t repair_us(const struct bulk_result *r)
{
	return r->repaired_us - (r->behind_us ? r->behind_us : r->dropped_us);
}

static bool judge_single(const struct bulk_args *a, const struct bulk_result *r)
{
	const uint64_t most = RTT_US + RTT_US / 4 + SLACK_US;
	const uint64_t last_most = 2 * RTT_US + DELACK_US + SLACK_US;
	uint64_t worst = 0, timeouts = 0, last;
	bool all = true;

	(void)a;
	for (uint32_t i = 0; i < SEGMENTS; i++) {
		all = all && r[i].dropped_us && r[i].repaired_us;
		timeouts += r[i].timeouts;
		if (i < SEGMENTS - 1)
			worst = max_u64(worst, repair_us(&r[i]));
	}
	last = repair_us(&r[SEGMENTS - 1]);
	printf("worst %.1f ms, last segment %.1f ms, %llu timeouts   "
	       "bound %.0f, %.0f, 0",
	       (double)worst / 1e3, (double)last / 1e3,
	       (unsigned long long)timeouts, (double)most / 1e3,
	       (double)last_most / 1e3);
	return all && worst <= most && last <= last_most && timeouts == 0;
}

static void plan_twice(struct bulk_args *a, uint32_t i)
{
	a->bytes = (uint64_t)SEGMENTS * 20 * MSS;
	a->path[0].drop[0] = (struct path_drop){ .offset = 4 * i * MSS,
						 .times = 2 };
}

/* What leaves after the copy, a round trip later at worst, tells of its loss. */
static bool judge_twice(const struct bulk_args *a, const struct bulk_result *r)
{
	const uint64_t most = 3 * RTT_US + SLACK_US;
	uint64_t worst = 0, timeouts = 0;

	(void)a;
	for (uint32_t i = 0; i < SEGMENTS / 2; i++) {
		worst = max_u64(worst, repair_us(&r[i]));
		timeouts += r[i].timeouts;
	}
	printf("worst %.1f ms, %llu timeouts   bound %.0f, 0",
	       (double)worst / 1e3, (unsigned long long)timeouts,
	       (double)most / 1e3);
	return timeouts == 0 && worst <= most;
}

/* ------------------------------------------------------------- reordering */

static void fits_the_path(struct ustack_config *cfg)
{
	cfg->rcvbuf_init = cfg->rcvbuf_max = NO_QUEUE_LOSS;
}

/* The receive window keeps the queue from overflowing: nothing is ever lost. */
static void plan_reorder(struct bulk_args *a, uint32_t i)
{
	static const uint32_t late_us[] = { RTT_US / 8, RTT_US / 2 };

	a->tweak = fits_the_path;
	a->path[0].reorder = 0.03;
	a->path[0].reorder_us = late_us[i];
	a->warm_us = 5 * SECONDS;
	a->end_us = 20 * SECONDS;
}

static bool judge_reorder(const struct bulk_args *a,
			  const struct bulk_result *r)
{
	(void)a;
	printf("%llu (late by 1/8 RTT) and %llu (1/2) of %llu segments, at "
	       "%.1f and %.1f Mbit/s   bound 0",
	       (unsigned long long)r[0].rtx, (unsigned long long)r[1].rtx,
	       (unsigned long long)r[0].segs, bulk_bps(&r[0]) / 1e6,
	       bulk_bps(&r[1]) / 1e6);
	return r[0].rtx == 0 && r[1].rtx == 0;
}

static const struct figure figures[] = {
	{ "utilisation, no random loss", 1, plan_fill, judge_fill },
	{ "utilisation, marks for losses", 1, plan_marks, judge_marks },
	{ "utilisation, growing buffers", 1, plan_shipped, judge_fill },
	{ "utilisation, long fat path", 1, plan_fat, judge_fat },
	{ "goodput at 0.1 % loss", 1, plan_loss_01, judge_loss },
	{ "goodput at 1 % loss", 1, plan_loss_1, judge_loss },
	{ "goodput at 3 % loss", 1, plan_loss_3, judge_loss },
	{ "fairness of two flows", 1, plan_fair, judge_fair },
	{ "repair of any one lost segment", SEGMENTS, plan_single,
	  judge_single },
	{ "repair of a lost retransmission", SEGMENTS / 2, plan_twice,
	  judge_twice },
	{ "spurious under pure reordering", 2, plan_reorder, judge_reorder },
};

#define NFIGURES (sizeof(figures) / sizeof(figures[0]))

static const char *const algorithms[] = { "cubic", "reno" };

#define NALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

static uint32_t plan_all(struct bulk_args *a, uint64_t seed)
{
	uint32_t n = 0;

	for (size_t k = 0; k < NALGORITHMS * NFIGURES; k++) {
		const struct figure *f = &figures[k % NFIGURES];

		for (uint32_t i = 0; i < f->runs; i++, n++) {
			a[n] = (struct bulk_args){
				.cc = algorithms[k / NFIGURES],
				.seed = seed + i
			};
			bulk_path(a[n].path, (uint64_t)RATE, RTT_US);
			f->plan(&a[n], i);
		}
	}
	return n;
}

static bool judge(const struct figure *f, const struct bulk_args *a,
		  const struct bulk_result *r)
{
	bool ok;

	printf("%-5s  %-32s ", a->cc, f->name);
	for (uint32_t i = 0; i < f->runs; i++) {
		if (!r[i].failure[0])
			continue;
		printf("run %u: %s: FAILED\n", i, r[i].failure);
		return false;
	}
	ok = f->judge(a, r);
	printf(": %s\n", ok ? "ok" : "FAILED");
	return ok;
}

int figures_run(uint64_t seed, uint32_t jobs)
{
	size_t max = NALGORITHMS * NFIGURES * RUNS_MAX;
	struct bulk_args *a = calloc(max, sizeof(*a));
	struct bulk_result *r = calloc(max, sizeof(*r));
	uint32_t at = 0, failed = 0, n;

	if (!a || !r)
		abort();
	n = plan_all(a, seed);
	jobs_bulk(a, r, n, jobs);
	printf("100 Mbit/s, 40 ms, queue of 500 KB, seed %llu:\n",
	       (unsigned long long)seed);
	for (size_t k = 0; k < NALGORITHMS * NFIGURES; k++) {
		const struct figure *f = &figures[k % NFIGURES];

		failed += !judge(f, &a[at], &r[at]);
		at += f->runs;
	}
	free(a);
	free(r);
	printf("%zu passed, %u failed\n", NALGORITHMS * NFIGURES - failed,
	       failed);
	return failed ? 1 : 0;
}

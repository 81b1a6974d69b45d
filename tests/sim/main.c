/* SPDX-License-Identifier: MIT */
/*
 * main.c - ustack-sim: many transfers under mixed faults, from one seed
 *
 * Transfer i of seed S has the seed S + i, so that one that fails is run alone
 * by --seed with its number and --n 1; --trace shows its packets.  Every 64th
 * runs twice and must give the same history.
 *
 * --figures and --golden FILE measure instead (figures.h, golden.h).
 */

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "figures.h"
#include "golden.h"
#include "jobs.h"
#include "sim.h"
#include "tests/lib/hostmem.h"

#define FIGURES_SEED 1u
#define TWICE_EVERY  64u
#define FAILURES_MAX 10u

struct args {
	uint64_t seed;
	uint64_t n;
	uint32_t jobs;
	bool trace;
	bool figures;
	const char *golden;
	bool write;
};

struct result {
	uint64_t passed;
	uint64_t failed;
};

void ustack_assert_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, what);
	abort();
}

static bool run_one(struct sim *sim, uint64_t seed, const struct args *a)
{
	uint64_t digest;

	if (!sim_run(sim, seed, a->trace ? stdout : NULL))
		return false;
	if (seed % TWICE_EVERY != 0)
		return true;
	digest = sim->w.digest;
	if (sim_run(sim, seed, NULL) && sim->w.digest != digest)
		sim_fail(sim, "two runs of one seed differ");
	return !sim->failure[0];
}

/* Every @a->jobs-th transfer, from @first on. */
static struct result run_share(const struct args *a, uint64_t first)
{
	struct sim *sim = malloc(sizeof(*sim));
	struct result r = { 0 };

	for (uint64_t i = first; i < a->n && r.failed < FAILURES_MAX;
	     i += a->jobs) {
		if (run_one(sim, a->seed + i, a)) {
			r.passed++;
			continue;
		}
		r.failed++;
		fprintf(stderr, "seed %" PRIu64 ": %s\n", a->seed + i,
			sim->failure);
	}
	free(sim);
	return r;
}

/* A child for each job; one that dies fails. */
static struct result run_jobs(const struct args *a)
{
	struct result sum = { 0 };
	int out[2];

	if (pipe(out) < 0)
		abort();
	for (uint32_t j = 0; j < a->jobs; j++) {
		pid_t pid = fork();

		if (pid < 0)
			abort();
		if (pid == 0) {
			struct result r = run_share(a, j);
			bool told = write(out[1], &r, sizeof(r)) == sizeof(r);

			exit(told ? 0 : 1);
		}
	}
	close(out[1]);
	for (struct result r; read(out[0], &r, sizeof(r)) == sizeof(r);) {
		sum.passed += r.passed;
		sum.failed += r.failed;
	}
	for (int status; wait(&status) > 0;)
		if (status != 0)
			sum.failed++;
	return sum;
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t v = strtoull(text, &end, 0);

	if (*text == '\0' || *end != '\0') {
		fprintf(stderr, "ustack-sim: '%s' is no number\n", text);
		exit(2);
	}
	return v;
}

static void set(struct args *a, int c)
{
	switch (c) {
	case 's':
		a->seed = number(optarg);
		break;
	case 'n':
		a->n = number(optarg);
		break;
	case 'j':
		a->jobs = (uint32_t)number(optarg);
		break;
	case 't':
		a->trace = true;
		break;
	case 'f':
		a->figures = true;
		break;
	case 'g':
		a->golden = optarg;
		break;
	case 'w':
		a->write = true;
		break;
	default:
		fprintf(stderr,
			"usage: ustack-sim [--seed S] [--n N] [--jobs J]"
			" [--trace]\n"
			"       ustack-sim --figures\n"
			"       ustack-sim --golden FILE [--write]\n");
		exit(2);
	}
}

static void parse(struct args *a, int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "n", required_argument, NULL, 'n' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "figures", no_argument, NULL, 'f' },
		{ "golden", required_argument, NULL, 'g' },
		{ "write", no_argument, NULL, 'w' },
		{ "trace", no_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		set(a, c);
	if (a->jobs == 0 || a->jobs > JOBS_MAX || a->trace)
		a->jobs = 1;
}

static int run_transfers(const struct args *a)
{
	struct result r;

	printf("sim: %" PRIu64 " transfers from seed %" PRIu64 "\n", a->n,
	       a->seed);
	fflush(stdout);
	r = run_jobs(a);
	printf("%" PRIu64 " passed, %" PRIu64 " failed\n", r.passed, r.failed);
	return r.failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args a = { .seed = (uint64_t)time(NULL) << 20,
			  .n = 1000,
			  .jobs = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN) };

	parse(&a, argc, argv);
	hostmem_keep();
	if (a.golden)
		return golden_run(a.golden, a.write, a.jobs);
	if (a.figures)
		return figures_run(FIGURES_SEED, a.jobs);
	return run_transfers(&a);
}

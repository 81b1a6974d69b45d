/* SPDX-License-Identifier: MIT */
/*
 * golden.c - a small table of what each algorithm does on each kind of path
 *
 *	algorithm x loss x round-trip time x reordering
 *	  -> goodput, segments, retransmissions, needless ones, timeouts
 *
 * 4 MB over 100 Mbit/s with a queue of one bandwidth-delay product, at least
 * 64 KB.  A reordered packet is late by a quarter of the round-trip time.
 */

#include "golden.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs.h"
#include "stack/base/bytes.h"

#define RATE	   100000000ull
#define BYTES	   (4u << 20)
#define QUEUE_MIN  65536u
#define SEED	   3u
#define LINE_MAX_  160u
#define MISSES_MAX 100u

static const char *const algorithms[] = { "cubic", "reno" };
static const double losses[] = { 0, 0.001, 0.01, 0.05 };
static const uint32_t rtts_us[] = { 2000, 40000, 200000 };
static const double reorders[] = { 0, 0.02 };

#define COUNT(a) ((uint32_t)(sizeof(a) / sizeof((a)[0])))
#define NCELLS                                                                 \
	(COUNT(algorithms) * COUNT(losses) * COUNT(rtts_us) * COUNT(reorders))

static const char head[] = "# cc\tloss\trtt_ms\treorder\tkbit/s\tsegs\t"
			   "retrans\tspurious\ttimeouts\n";

/* The cell's number in mixed radix, reordering fastest. */
static void plan(struct bulk_args *a, uint32_t cell)
{
	uint32_t i = cell;
	double reorder = reorders[i % COUNT(reorders)];
	uint32_t rtt_us = rtts_us[(i /= COUNT(reorders)) % COUNT(rtts_us)];
	double loss = losses[(i /= COUNT(rtts_us)) % COUNT(losses)];

	*a = (struct bulk_args){ .cc = algorithms[i / COUNT(losses)],
				 .bytes = BYTES,
				 .seed = SEED };
	bulk_path(a->path, RATE, rtt_us);
	a->path[0].limit_bytes = max_u32(a->path[0].limit_bytes, QUEUE_MIN);
	a->path[0].loss = loss;
	a->path[0].reorder = reorder;
	a->path[0].reorder_us = rtt_us / 4;
}

static void describe(char line[LINE_MAX_], const struct bulk_args *a,
		     const struct bulk_result *r)
{
	int n = snprintf(line, LINE_MAX_, "%s\t%g\t%g\t%g\t", a->cc,
			 a->path[0].loss, (double)a->path[0].delay_us / 500,
			 a->path[0].reorder);
	char *rest = line + n;
	size_t room = LINE_MAX_ - (size_t)n;

	if (r->failure[0])
		snprintf(rest, room, "%s\n", r->failure);
	else
		snprintf(rest, room,
			 "%.0f\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64
			 "\n",
			 bulk_bps(r) / 1e3, r->segs, r->rtx, r->spurious,
			 r->timeouts);
}

/* Next line that is no comment; empty at the end. */
static void next_line(FILE *f, char line[LINE_MAX_])
{
	do {
		if (!fgets(line, (int)LINE_MAX_, f)) {
			line[0] = '\0';
			return;
		}
	} while (line[0] == '#');
}

static uint32_t compare(const char *file, char (*lines)[LINE_MAX_])
{
	FILE *f = fopen(file, "r");
	uint32_t differ = 0;
	char want[LINE_MAX_];

	if (!f) {
		fprintf(stderr, "ustack-sim: %s: %m\n", file);
		return NCELLS;
	}
	for (uint32_t i = 0; i < NCELLS; i++) {
		next_line(f, want);
		if (strcmp(want, lines[i]) == 0)
			continue;
		if (differ++ == 0)
			printf("%s", head);
		printf("-%s%s+%s", want, want[0] ? "" : "\n", lines[i]);
	}
	next_line(f, want);
	if (want[0]) {
		printf("-%s", want);
		differ++;
	}
	fclose(f);
	return differ;
}

static int store(const char *file, char (*lines)[LINE_MAX_])
{
	FILE *f = fopen(file, "w");

	if (!f) {
		fprintf(stderr, "ustack-sim: %s: %m\n", file);
		return 1;
	}
	fprintf(f,
		"# %u bytes at %llu Mbit/s, seed %u; rewritten by"
		" `make golden`\n%s",
		BYTES, RATE / 1000000, SEED, head);
	for (uint32_t i = 0; i < NCELLS; i++)
		fputs(lines[i], f);
	return fclose(f) == 0 ? 0 : 1;
}

int golden_run(const char *file, bool write, uint32_t jobs)
{
	struct bulk_args *a = calloc(NCELLS, sizeof(*a));
	struct bulk_result *r = calloc(NCELLS, sizeof(*r));
	char(*lines)[LINE_MAX_] = calloc(NCELLS, LINE_MAX_);
	uint32_t differ = 0;
	int rc;

	if (!a || !r || !lines)
		abort();
	for (uint32_t i = 0; i < NCELLS; i++)
		plan(&a[i], i);
	jobs_bulk(a, r, NCELLS, jobs);
	for (uint32_t i = 0; i < NCELLS; i++)
		describe(lines[i], &a[i], &r[i]);
	if (write) {
		rc = store(file, lines);
	} else {
		differ = compare(file, lines);
		if (differ)
			printf("behaviour has changed: if it should, `make"
			       " golden` and say why\n");
		printf("%u passed, %u failed\n",
		       NCELLS - min_u32(differ, NCELLS), differ);
		rc = differ ? 1 : 0;
	}
	free(lines);
	free(r);
	free(a);
	return rc;
}

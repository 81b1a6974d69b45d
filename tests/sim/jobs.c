/* SPDX-License-Identifier: MIT */
/*
 * jobs.c - independent runs, spread over processes
 *
 * Each child takes every @jobs-th run and writes whole results to one pipe;
 * they are short enough (PIPE_BUF) not to mix.
 */

#include "jobs.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct told {
	uint32_t index;
	struct bulk_result r;
};

_Static_assert(sizeof(struct told) <= PIPE_BUF, "writes must be atomic");

static void share(const struct bulk_args *a, uint32_t n, uint32_t first,
		  uint32_t jobs, int out)
{
	for (uint32_t i = first; i < n; i += jobs) {
		struct told t = { .index = i, .r = bulk_run(&a[i]) };

		if (write(out, &t, sizeof(t)) != (ssize_t)sizeof(t))
			exit(1);
	}
}

void jobs_bulk(const struct bulk_args *a, struct bulk_result *r, uint32_t n,
	       uint32_t jobs)
{
	int out[2];

	if (pipe(out) < 0)
		abort();
	fflush(stdout);
	for (uint32_t i = 0; i < n; i++)
		r[i] = (struct bulk_result){ .failure = "its process died" };
	for (uint32_t j = 0; j < jobs; j++) {
		pid_t pid = fork();

		if (pid < 0)
			abort();
		if (pid == 0) {
			share(a, n, j, jobs, out[1]);
			exit(0);
		}
	}
	close(out[1]);
	for (struct told t; read(out[0], &t, sizeof(t)) == sizeof(t);)
		r[t.index] = t.r;
	close(out[0]);
	while (wait(NULL) > 0)
		;
}

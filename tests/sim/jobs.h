/* SPDX-License-Identifier: MIT */
/*
 * jobs.h - independent runs, spread over processes
 */

#ifndef TESTS_SIM_JOBS_H
#define TESTS_SIM_JOBS_H

#include <stdbool.h>

#include "bulk.h"

#define JOBS_MAX 64u

/**
 * jobs_bulk() - Do bulk runs, each in one of several child processes
 * @a:		plans
 * @r:		results, in the same order
 * @n:		their number
 * @jobs:	processes at a time, 1 to JOBS_MAX
 *
 * A run whose process died has a @failure that says so.
 */
void jobs_bulk(const struct bulk_args *a, struct bulk_result *r, uint32_t n,
	       uint32_t jobs);

#endif /* TESTS_SIM_JOBS_H */

/* SPDX-License-Identifier: MIT */
/*
 * main.c - runs all unit test suites with Check
 *
 * Environment: USTACK_SEED repeats a run, CK_RUN_SUITE and CK_RUN_CASE choose,
 * CK_FORK=no keeps everything in one process for a debugger.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "leaks.h"
#include "stack/base/assert.h"
#include "suites.h"

#define SEED_VARIABLE	    "USTACK_SEED"

#define SUITE_CREATE(suite) suite,

static Suite *(*const suites[])(void) = { SUITES(SUITE_CREATE) };

void ustack_assert_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, what);
	abort();
}

uint64_t test_seed(void)
{
	const char *text = getenv(SEED_VARIABLE);

	return text ? strtoull(text, NULL, 0) : 0;
}

/* The environment carries the seed into the process of each test. */
static void choose_seed(void)
{
	struct timespec now;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(text, sizeof(text), "%" PRIu64,
		 (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	setenv(SEED_VARIABLE, text, 0);
	printf("%s=%" PRIu64 "\n", SEED_VARIABLE, test_seed());
	fflush(stdout);
}

int main(void)
{
	SRunner *runner = srunner_create(NULL);
	int failed;

	leaks_watch();
	choose_seed();
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		srunner_add_suite(runner, suites[i]());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

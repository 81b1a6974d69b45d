/* SPDX-License-Identifier: MIT */
/*
 * main.c - runs all wire test suites with Check
 *
 * Nothing here is random: the stack under test draws from one fixed seed.
 * CK_RUN_SUITE and CK_RUN_CASE choose, CK_FORK=no keeps everything in one
 * process for a debugger.
 */

#include <stdio.h>
#include <stdlib.h>

#include "leaks.h"
#include "peer.h"
#include "stack/base/assert.h"
#include "suites.h"

#define SUITE_CREATE(suite) suite,

static Suite *(*const suites[])(void) = { SUITES(SUITE_CREATE) };

void ustack_assert_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, what);
	abort();
}

int main(void)
{
	SRunner *runner = srunner_create(NULL);
	int failed, run;

	leaks_watch();
	printf("seed: %u\n", PEER_SEED);
	fflush(stdout);
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		srunner_add_suite(runner, suites[i]());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	run = srunner_ntests_run(runner);
	srunner_free(runner);
	printf("%d passed, %d failed\n", run - failed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/*
 * leaks.c - leak detection in a runner of which each test is a fork
 */

#include "leaks.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The one thing that each test leaves: the buffer of Check's stream to the
 * runner, of a block of the temporary file's.  Where that is of another size,
 * the leak checker just looks each time.
 */
#define STREAM_BYTES 4096u

/* Of the sanitizer's run-time library: NULL without one. */
extern size_t __sanitizer_get_current_allocated_bytes(void)
	__attribute__((weak));
extern void __lsan_do_leak_check(void) __attribute__((weak));

static bool is_test;
static size_t before_bytes;

static void on_fork(void)
{
	is_test = true;
	before_bytes = __sanitizer_get_current_allocated_bytes();
}

static void on_end(int status, void *arg)
{
	(void)arg;
	if (!is_test)
		return;
	(void)fflush(NULL);
	if (__sanitizer_get_current_allocated_bytes() !=
	    before_bytes + STREAM_BYTES)
		__lsan_do_leak_check(); /* ends it if there is a leak */
	_exit(status);
}

void leaks_watch(void)
{
	if (!__sanitizer_get_current_allocated_bytes || !__lsan_do_leak_check)
		return;
	if (pthread_atfork(NULL, NULL, on_fork) || on_exit(on_end, NULL))
		abort();
}

/* SPDX-License-Identifier: MIT */
/*
 * meter.h - clocks of the benchmarks: time, and what CPUs were busy with
 */

#ifndef PERF_METER_H
#define PERF_METER_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/** now_ns() - The monotonic clock */
static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/** cpu_of() - CPU seconds used by a process, 0 = this one */
static inline double cpu_of(int pid)
{
	clockid_t c = CLOCK_PROCESS_CPUTIME_ID;
	struct timespec t;

	if (pid && clock_getcpuclockid(pid, &c))
		return 0;
	if (clock_gettime(c, &t))
		return 0;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/** machine_busy() - CPU seconds that the machine was not idle, since boot */
static inline double machine_busy(void)
{
	unsigned long long v[8] = { 0 };
	FILE *f = fopen("/proc/stat", "r");
	int n = 0;

	if (f) {
		n = fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", v,
			   v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7);
		fclose(f);
	}
	if (n != 8)
		return 0;
	return (double)(v[0] + v[1] + v[2] + v[5] + v[6] + v[7]) /
	       (double)sysconf(_SC_CLK_TCK);
}

#endif /* PERF_METER_H */

/* SPDX-License-Identifier: MIT */
/*
 * figures.h - what recovery and congestion control must achieve
 */

#ifndef TESTS_SIM_FIGURES_H
#define TESTS_SIM_FIGURES_H

#include <stdint.h>

/**
 * figures_run() - Measure all, print each beside its bound
 * @seed:	of all runs
 * @jobs:	processes
 *
 * Return: 0 if all hold, else 1
 */
int figures_run(uint64_t seed, uint32_t jobs);

#endif /* TESTS_SIM_FIGURES_H */

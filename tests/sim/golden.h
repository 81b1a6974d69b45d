/* SPDX-License-Identifier: MIT */
/*
 * golden.h - a small table of what each algorithm does on each kind of path
 */

#ifndef TESTS_SIM_GOLDEN_H
#define TESTS_SIM_GOLDEN_H

#include <stdbool.h>
#include <stdint.h>

/**
 * golden_run() - Measure the table and compare it with what is stored, or
 *		  store it
 * @file:	the table: a line a cell, columns set apart by tabs
 * @write:	store it
 * @jobs:	processes
 *
 * Virtual time makes every number exact: a change of any is a change of
 * behaviour, and the commit that makes it says why.
 *
 * Return: 0 if all is as stored, else 1
 */
int golden_run(const char *file, bool write, uint32_t jobs);

#endif /* TESTS_SIM_GOLDEN_H */

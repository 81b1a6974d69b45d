/* SPDX-License-Identifier: MIT */
/*
 * tcp_invariants.h - what must hold of a stack's connections after every step
 */

#ifndef TESTS_LIB_TCP_INVARIANTS_H
#define TESTS_LIB_TCP_INVARIANTS_H

#include <stdbool.h>

#include "stack/ustack.h"

#define INVARIANT_TEXT 120u

/**
 * invariants_hold() - Look at every connection
 * @s:		instance, outside of any call of its
 * @why:	set to the first thing that is wrong, or made empty
 *
 * Return: all is well
 */
bool invariants_hold(const struct ustack *s, char why[INVARIANT_TEXT]);

#endif /* TESTS_LIB_TCP_INVARIANTS_H */

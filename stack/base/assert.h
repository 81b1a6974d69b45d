/* SPDX-License-Identifier: MIT */
/*
 * assert.h - assertions about our own bugs, kept in release builds
 *
 * Input from outside is never asserted on; it is dropped and counted.
 */

#ifndef STACK_BASE_ASSERT_H
#define STACK_BASE_ASSERT_H

/**
 * ustack_assert_failed() - Called when an ASSERT does not hold
 * @what:	the condition's text
 * @file:	source file
 * @line:	line in it
 *
 * Supplied by the embedder, since the library may not print or exit.
 * It must not return.
 */
__attribute__((noreturn, cold)) void ustack_assert_failed(const char *what,
							  const char *file,
							  int line);

#define ASSERT(cond)                                                           \
	do {                                                                   \
		if (__builtin_expect(!(cond), 0))                              \
			ustack_assert_failed(#cond, __FILE__, __LINE__);       \
	} while (0)

#endif /* STACK_BASE_ASSERT_H */

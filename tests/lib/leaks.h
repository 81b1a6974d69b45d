/* SPDX-License-Identifier: MIT */
/*
 * leaks.h - leak detection in a runner of which each test is a fork
 *
 * The leak checker of the address sanitizer reads all memory of the process, and
 * in a fork copies much of it on the way: for a test of a hundred microseconds
 * that takes ten milliseconds.  What a test has left on the heap is known
 * without: if that is no more than there was before it, nothing can have leaked,
 * and the process may end at once.  If there is more, the checker looks.
 */

#ifndef TESTS_LIB_LEAKS_H
#define TESTS_LIB_LEAKS_H

/**
 * leaks_watch() - Check processes forked from here on as they exit()
 *
 * To be called by main(), once.  Without a sanitizer it does nothing.
 */
void leaks_watch(void);

#endif /* TESTS_LIB_LEAKS_H */

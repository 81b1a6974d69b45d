/* SPDX-License-Identifier: MIT */
/*
 * ladder.h - the life of a connection as a ladder diagram
 *
 *	 time ms  10.7.0.1:41464                         10.7.0.2:7
 *		  peer                                       ustack  state
 *	   0.000  |--- SYN seq 0 win 64240 ---------------------->| SYN-RECEIVED
 *		  |<-- SYN,ACK seq 0 ack 1 win 65535 -------------|
 *	   0.052  |--- ACK 1 win 64256 -------------------------->| ESTABLISHED
 *
 * One record after the other, each line written once, so that the same code
 * draws a history and what happens right now.  A line waits until the record
 * behind it is known: a change of state belongs into its margin.
 *
 * No line is longer than FMT_WIDTH.  Without times two runs can be compared.
 */

#ifndef CLI_LADDER_H
#define CLI_LADDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "life.h"

struct ladder;

/**
 * struct ladder_args - how to draw
 * @out:	where to
 * @colour:	with colours
 * @bare:	without what differs from run to run: times, the connection's number,
 *		the peer's port
 * @fold:	runs of ordinary segments in one line
 */
struct ladder_args {
	FILE *out;
	bool colour;
	bool bare;
	bool fold;
};

/** ladder_new() - Start; NULL = out of memory, else to be freed by ladder_free() */
struct ladder *ladder_new(const struct ladder_args *a);

/** ladder_free() - Forget what was not written yet; NULL is fine */
void ladder_free(struct ladder *d);

/** ladder_head() - Write the heading, once both endpoints are known */
void ladder_head(struct ladder *d, const struct life *l);

/** ladder_add() - Draw a record, one that does not change any more */
void ladder_add(struct ladder *d, const struct life_rec *r);

/** ladder_flush() - Write what waits for the record behind it */
void ladder_flush(struct ladder *d);

/** ladder_foot() - Write what waits, how it ended, and what the signs mean */
void ladder_foot(struct ladder *d, const struct life *l);

#endif /* CLI_LADDER_H */

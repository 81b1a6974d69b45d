/* SPDX-License-Identifier: MIT */
/*
 * pressure.h - tells when memory gets short, and when it is enough again
 *
 *	low, or a packet lost for want of memory --> begins: counted, an event
 *	none of it for PRESSURE_QUIET_US         --> ends: an event
 *
 * So whoever goes to and fro across the edge makes few words.
 */

#ifndef STACK_PRESSURE_H
#define STACK_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

#define PRESSURE_QUIET_US 5000000u

struct ustack;

/**
 * struct pressure - what was seen of it
 * @on:		it has begun and not ended
 * @since_us:	when it began, with @on
 * @seen_us:	when it was last seen, with @on
 * @asked_us:	when the embedder was last asked again for what it refused
 * @drops:	packets lost for want of memory, as last seen
 * @told:	the same when it began
 */
struct pressure {
	bool on;
	uint64_t since_us;
	uint64_t seen_us;
	uint64_t asked_us;
	uint64_t drops;
	uint64_t told;
};

/** pressure_run() - Look once a run; returns when to look again, or never */
uint64_t pressure_run(struct ustack *s);

#endif /* STACK_PRESSURE_H */

/* SPDX-License-Identifier: MIT */
/*
 * script.h - a script at run time: which step acts on a packet
 *
 * Pure matching and counting: no clock, no memory, no packet.  The engine finds
 * the scripts whose match fits, keeps one struct script_flow for each script
 * and connection, tells what it knows of the packet, and does what the step
 * says.
 *
 * Each step counts the packets of its own kind and direction, whether or not a
 * step above it has acted on them; the first step whose range holds the number
 * acts.  So "drop out data nth 3" is the third data packet whatever else the
 * script does.
 *
 * A packet is of several kinds at once: a FIN with payload, sent again, is FIN,
 * DATA, RETRANSMIT and ANY.  ICMP belongs to no connection: it is counted in a
 * struct script_flow that is the script's own, and ANY does not mean it.
 */

#ifndef STACK_LINK_SCRIPT_H
#define STACK_LINK_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/link/impair.h"
#include "stack/link/view.h"

#define SCRIPT_NO_STEP UINT32_MAX

/**
 * struct script_flow - what a script has seen of one connection; zero at first
 * @start_us:	time of the first packet
 * @started:	there was one
 * @seen:	per step: packets of its kind and direction; stays at UINT32_MAX
 */
struct script_flow {
	uint64_t start_us;
	bool started;
	uint32_t seen[IMPAIR_STEPS_MAX];
};

/**
 * script_check() - Can a script be run?
 * @sc:		script
 *
 * Return: 0, or -ERR_INVAL: no steps or too many, a value outside its enum, a
 * range that is empty or begins at 0, a delay without a time, or ICMP held
 * until the next packet of a connection that it has not
 */
int script_check(const struct impair_script *sc) MUST_USE;

/**
 * script_kinds() - Which kinds is a packet of?
 * @v:		packet
 * @again:	its sequence space, or part of it, was seen before in this
 *		direction
 *
 * Return: bits (1 << enum impair_kind); 0 for what is neither TCP nor ICMP
 */
uint32_t script_kinds(const struct link_view *v, bool again);

/**
 * script_wants_icmp() - Is there a step for packets that belong to no
 * connection?
 */
bool script_wants_icmp(const struct impair_script *sc);

/**
 * script_ask() - Count a packet and find the step that acts on it
 * @sc:		script
 * @f:		what it has seen of the connection
 * @dir:	where the packet goes
 * @kinds:	as script_kinds() says
 * @now_us:	the time
 *
 * Return: index of the step, or SCRIPT_NO_STEP: the packet goes on to the rules
 */
uint32_t script_ask(const struct impair_script *sc, struct script_flow *f,
		    enum impair_dir dir, uint32_t kinds, uint64_t now_us);

/**
 * script_done() - Can a step not act any more on that connection?
 * @sc:		script
 * @f:		what it has seen of the connection
 * @step:	index of the step
 * @now_us:	the time, for steps that act only until then
 */
bool script_done(const struct impair_script *sc, const struct script_flow *f,
		 uint32_t step, uint64_t now_us);

#endif /* STACK_LINK_SCRIPT_H */

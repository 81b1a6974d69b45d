/* SPDX-License-Identifier: MIT */
/*
 * lab.h - the laboratory between device and stack: faults on packets, captures
 *
 *	device -> lab_input()  -> impair in  -> ustack_input()
 *	device <- impair out <- lab_output() <- host.output()
 *
 * While nothing is asked of it, a packet costs one look.  Everything here is
 * the worker's thread's.
 */

#ifndef DAEMON_LAB_H
#define DAEMON_LAB_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/capture.h"
#include "stack/link/impair.h"
#include "stack/ustack.h"

struct arena;
struct tun;

#define LAB_LATE_MAX 64u /* wire segments of a super-packet, and some */
#define LAB_SYNS_MAX 32u /* SYNs of which no connection is known yet */

/**
 * struct lab - faults, and what they work on
 * @im:		rules, scripts, and packets that wait
 * @capture:	what is captured on either side of that
 * @stack:	the stack; borrowed
 * @tun:	the device; borrowed
 * @arena:	where tables come from; borrowed
 * @event:	told of each packet that is impaired
 * @arg:	its argument
 * @now_us:	time of the call being served
 * @blocked:	the device had no room in the last lab_run()
 * @sending:	the stack is handing out a packet, of which it has not told yet
 * @nlate:	events in @late
 * @late:	what has befallen it: told once the stack has told of it
 * @nsyns:	events in @syns so far, modulo LAB_SYNS_MAX the next place
 * @syns:	what has befallen SYNs on their way in, the last ones
 */
struct lab {
	struct impair *im;
	struct capture capture;
	struct ustack *stack;
	struct tun *tun;
	struct arena *arena;
	void (*event)(void *arg, const struct ustack_event *ev);
	void *arg;
	uint64_t now_us;
	bool blocked;
	bool sending;
	uint32_t nlate;
	struct ustack_event late[LAB_LATE_MAX];
	uint64_t nsyns;
	struct ustack_event syns[LAB_SYNS_MAX];
};

/**
 * lab_init() - Make the engine, without a rule
 * @lab:	storage of the caller, who must not move it; @stack, @tun, @arena,
 *		@event and @arg are set, the rest is filled in
 * @seed:	of the seeds of rules that come without one
 *
 * Return: 0 or -ERR_NOMEM
 */
int lab_init(struct lab *lab, uint64_t seed) MUST_USE;

/** lab_fini() - Drop what waits; before the stack and the device go */
void lab_fini(struct lab *lab);

/** lab_busy() - Is there anything for it to do? */
static inline bool lab_busy(const struct lab *lab)
{
	return impair_active(lab->im) || capture_on(&lab->capture);
}

/** lab_input() - A packet has come from the device; takes it */
void lab_input(struct lab *lab, struct ustack_pkt *p, uint64_t now_us);

/**
 * lab_output() - A packet goes to the device
 * @lab:	laboratory
 * @p:		packet, lent
 * @now_us:	the time
 *
 * Return: as tun_write(); 0 also if it waits, or is lost by intent
 */
int lab_output(struct lab *lab, struct ustack_pkt *p, uint64_t now_us);

/** lab_tell() - The stack has told of the packet: tell what has befallen it */
void lab_tell(struct lab *lab);

/**
 * lab_adopt() - A SYN has reached the stack: what has befallen it, and its like
 *		 that got lost before, is told as its connection's
 * @lab:	laboratory
 * @ev:		packet_received of the SYN, not told yet
 */
void lab_adopt(struct lab *lab, const struct ustack_event *ev);

/**
 * lab_run() - Let on their way what is due, in both directions
 * @lab:	laboratory
 * @now_us:	the time
 *
 * Return: when to call again, USTACK_NEVER = there is nothing to wait for
 */
uint64_t lab_run(struct lab *lab, uint64_t now_us);

#endif /* DAEMON_LAB_H */

/* SPDX-License-Identifier: MIT */
/*
 * watchdog.h - telling systemd that packets are still being handled
 *
 *	main thread  -- job -->  worker  -- job is done -->  main thread
 *	     ^                                                   | WATCHDOG=1
 *	     +---------------- half the period later ------------+
 *
 * Only a job that went through the worker's thread and came back is a sign of
 * life: while either thread is stuck there is none, and systemd acts.  It asks for
 * this by WatchdogSec= of the unit (sd_watchdog_enabled(3)'s protocol).
 */

#ifndef DAEMON_WATCHDOG_H
#define DAEMON_WATCHDOG_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "worker.h"

/**
 * struct watchdog - the one watchdog of this process
 * @job:	on its way, or waiting for @timer; must be the first member
 * @timer:	runs when the next job is due
 * @loop:	the main thread's; borrowed; NULL = not wanted, or stopped
 * @worker:	who is watched; borrowed
 */
struct watchdog {
	struct job job;
	struct ev_timer timer;
	struct ev_loop *loop;
	struct worker *worker;
};

/**
 * watchdog_period_us() - How often systemd wants to hear of us
 *
 * Return: microseconds, from WATCHDOG_USEC; 0 = not at all: there is no such
 * variable, or WATCHDOG_PID says that another process is meant
 */
uint64_t watchdog_period_us(void);

/**
 * watchdog_start() - Give signs of life from now on, if somebody wants them
 * @wd:		storage of the caller, which must outlive the worker
 * @loop:	the main thread's loop
 * @worker:	worker, started
 */
void watchdog_start(struct watchdog *wd, struct ev_loop *loop,
		    struct worker *worker);

/** watchdog_stop() - Give no more; before worker_free(), also if never started */
void watchdog_stop(struct watchdog *wd);

#endif /* DAEMON_WATCHDOG_H */

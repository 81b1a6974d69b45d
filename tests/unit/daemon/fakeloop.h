/* SPDX-License-Identifier: MIT */
/*
 * fakeloop.h - a loop for services under test: real descriptors, virtual time
 *
 * Nothing happens but in fakeloop_run() and fakeloop_advance().
 */

#ifndef TESTS_UNIT_DAEMON_FAKELOOP_H
#define TESTS_UNIT_DAEMON_FAKELOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/svc/svc_loop.h"

#define FAKELOOP_MAX 64u

/**
 * struct fakeloop - a loop
 * @loop:	what services are given
 * @now_us:	its time
 * @watch:	the watches, NULL = free place
 * @timer:	the timers, the same
 * @no_memory:	neither can be made
 */
struct fakeloop {
	struct svc_loop loop;
	uint64_t now_us;
	struct svc_watch *watch[FAKELOOP_MAX];
	struct svc_timer *timer[FAKELOOP_MAX];
	bool no_memory;
};

/** fakeloop_init() - Start a loop without watches */
void fakeloop_init(struct fakeloop *f);

/** fakeloop_fini() - Check that all watches and timers were given up */
void fakeloop_fini(struct fakeloop *f);

/**
 * fakeloop_turn() - Make the callbacks of descriptors that are ready
 *
 * Return: callbacks made
 */
uint32_t fakeloop_turn(struct fakeloop *f);

/** fakeloop_run() - Turn until nothing is ready; how often */
uint32_t fakeloop_run(struct fakeloop *f);

/** fakeloop_advance() - Let time pass, and timers fire */
void fakeloop_advance(struct fakeloop *f, uint64_t us);

/** fakeloop_due_us() - When the next timer fires, UINT64_MAX = none is set */
uint64_t fakeloop_due_us(const struct fakeloop *f);

/** fakeloop_wanted() - What @fd is watched for, SVC_* */
uint32_t fakeloop_wanted(const struct fakeloop *f, int fd);

/** fakeloop_watches() - Watches there are */
uint32_t fakeloop_watches(const struct fakeloop *f);

/** fakeloop_timers() - Timers that are set */
uint32_t fakeloop_timers(const struct fakeloop *f);

#endif /* TESTS_UNIT_DAEMON_FAKELOOP_H */

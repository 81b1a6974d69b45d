/* SPDX-License-Identifier: MIT */
/*
 * counters.h - every counter there is: the stack's, the services' and the
 *		device's
 */

#ifndef DAEMON_COUNTERS_H
#define DAEMON_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/svc/svc_mib.h"
#include "daemon/tun.h"
#include "stack/ustack.h"

/**
 * struct counters - a reading of all counters
 * @stack:	the stack's
 * @svc:	the services'
 * @tun:	the device's, by tun_info()
 */
struct counters {
	uint64_t stack[USTACK_COUNTERS_MAX];
	uint64_t svc[SVC_COUNTERS_MAX];
	struct tun_info tun;
};

/**
 * struct counter_info - what a counter is, and where
 * @name:	its name
 * @unit:	what it counts
 * @help:	one line
 * @off:	its place in struct counters
 */
struct counter_info {
	const char *name;
	const char *unit;
	const char *help;
	size_t off;
};

/** counters_table() - All counters; @n is set to their number */
const struct counter_info *counters_table(size_t *n);

/** counters_load() - Read the stack's and the services', any thread: see worker.h */
void counters_load(struct counters *c, const uint64_t *stack,
		   const uint64_t *svc);

/** counters_at() - One of a reading */
uint64_t counters_at(const struct counters *c, const struct counter_info *ci);

#endif /* DAEMON_COUNTERS_H */

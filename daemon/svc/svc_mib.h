/* SPDX-License-Identifier: MIT */
/*
 * svc_mib.h - every counter of the services, one line each
 *
 * As stack/ustack_mib.h: X(CONSTANT, "Name", "unit", "help").
 */

#ifndef DAEMON_SVC_SVC_MIB_H
#define DAEMON_SVC_SVC_MIB_H

#include "tls_mib.h"

/* clang-format off */
#define SVC_COUNTERS(X)                                                                           \
	X(FORWARD_CONNECTS, "ForwardConnects", "connections",                                     \
	  "connections joined with their target on the host")                                     \
	X(FORWARD_REFUSED, "ForwardRefused", "connections",                                       \
	  "reset because the target refused them")                                                \
	X(FORWARD_TIMEOUTS, "ForwardTimeouts", "connections",                                     \
	  "reset because the target did not answer in time")                                      \
	X(FORWARD_FAILED, "ForwardFailed", "connections",                                         \
	  "reset because the target could not be reached, or for want of descriptors or memory")   \
	TLS_COUNTERS(X)
/* clang-format on */

/**
 * enum svc_counter - number of a counter
 */
enum svc_counter {
#define SVC_COUNTER(c, name, unit, help) SVC_C_##c,
	SVC_COUNTERS(SVC_COUNTER)
#undef SVC_COUNTER
		SVC_COUNTERS_MAX
};

#endif /* DAEMON_SVC_SVC_MIB_H */

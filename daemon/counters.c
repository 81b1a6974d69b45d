/* SPDX-License-Identifier: MIT */
/*
 * counters.c - every counter there is: the stack's, the services' and the
 *		device's
 *
 * The table is made from the X-macros, so that stats.get, /metrics and their
 * tests see the same counters.
 */

#include "daemon/counters.h"

#include <string.h>

/* name, unit, help and field of struct tun_info */
#define TUN_COUNTERS(X)                                                        \
	X("TunRxPackets", "packets", "packets read from the device",           \
	  rx_packets)                                                          \
	X("TunRxBytes", "bytes", "bytes read from the device", rx_bytes)       \
	X("TunTxPackets", "packets", "packets written to the device",          \
	  tx_packets)                                                          \
	X("TunTxBytes", "bytes", "bytes written to the device", tx_bytes)      \
	X("TunRxErrors", "reads", "reads that gave no packet", rx_errors)      \
	X("TunTxErrors", "packets", "packets that the device refused",         \
	  tx_errors)                                                           \
	X("TunBadVnetHeader", "packets",                                       \
	  "frames with a malformed virtio header", bad_vnet)                   \
	X("TunDeviceDrops", "packets",                                         \
	  "dropped by the kernel because its queue was full", dev_drops)

static const struct counter_info counters[] = {
#define STACK_COUNTER(c, name, unit, help)                                     \
	{ name, unit, help,                                                    \
	  offsetof(struct counters, stack) +                                   \
		  USTACK_C_##c * sizeof(uint64_t) },
	USTACK_COUNTERS(STACK_COUNTER)
#undef STACK_COUNTER
#define SVC_COUNTER(c, name, unit, help)                                       \
	{ name, unit, help,                                                    \
	  offsetof(struct counters, svc) + SVC_C_##c * sizeof(uint64_t) },
		SVC_COUNTERS(SVC_COUNTER)
#undef SVC_COUNTER
#define TUN_COUNTER(name, unit, help, field)                                   \
	{ name, unit, help, offsetof(struct counters, tun.field) },
			TUN_COUNTERS(TUN_COUNTER)
#undef TUN_COUNTER
};

const struct counter_info *counters_table(size_t *n)
{
	*n = sizeof(counters) / sizeof(counters[0]);
	return counters;
}

static void load(uint64_t *to, const uint64_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

void counters_load(struct counters *c, const uint64_t *stack,
		   const uint64_t *svc)
{
	load(c->stack, stack, USTACK_COUNTERS_MAX);
	load(c->svc, svc, SVC_COUNTERS_MAX);
}

uint64_t counters_at(const struct counters *c, const struct counter_info *ci)
{
	uint64_t v;

	memcpy(&v, (const char *)c + ci->off, sizeof(v));
	return v;
}

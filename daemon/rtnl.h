/* SPDX-License-Identifier: MIT */
/*
 * rtnl.h - interfaces, addresses and routes of the host, by rtnetlink
 *
 * Each call opens a netlink socket of its own and closes it again, so that any
 * thread may make it; none is on the path of packets.
 */

#ifndef DAEMON_RTNL_H
#define DAEMON_RTNL_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"

/**
 * struct rtnl_link - how an interface shall be
 * @ifname:	its name
 * @mtu:	bytes
 * @txqueuelen:	packets
 * @addr:	addresses with prefix length, borrowed
 * @naddrs:	entries in @addr
 */
struct rtnl_link {
	const char *ifname;
	uint32_t mtu;
	uint32_t txqueuelen;
	const struct config_addr *addr;
	uint32_t naddrs;
};

/**
 * rtnl_link_setup() - Set MTU, queue and addresses, and bring it up
 * @link:	interface and settings
 * @err:	on failure: what was refused, and why
 * @errlen:	room in @err
 *
 * IPv6 addresses are usable at once (no duplicate address detection), and no
 * link-local address is made: the interface stays silent.  Where the host has
 * IPv6 switched off, its addresses are left out with a warning.
 *
 * Return: 0 or -errno
 */
int rtnl_link_setup(const struct rtnl_link *link, char *err,
		    size_t errlen) MUST_USE;

/**
 * rtnl_check_free() - Is a subnet unused on this host?
 * @subnet:	any address in it, with its length; length 0 is always free
 * @err:	when it is not, or cannot be told: the route and its device
 * @errlen:	room in @err
 *
 * Default routes overlap with nothing, nor do their halves (0.0.0.0/1).
 *
 * Return: 0 when it is free, else -errno (-EEXIST: it is not)
 */
int rtnl_check_free(const struct config_addr *subnet, char *err,
		    size_t errlen) MUST_USE;

/**
 * rtnl_link_drops() - Packets for the device that the kernel dropped
 * @ifname:	name
 * @drops:	set to its tx_dropped, left alone where that cannot be read
 */
void rtnl_link_drops(const char *ifname, uint64_t *drops);

#endif /* DAEMON_RTNL_H */

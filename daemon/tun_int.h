/* SPDX-License-Identifier: MIT */
/*
 * tun_int.h - what opening a TUN and using it share
 */

#ifndef DAEMON_TUN_INT_H
#define DAEMON_TUN_INT_H

#include <net/if.h>

#include "tun.h"

enum tun_mode { MODE_TSO, MODE_CSUM, MODE_PLAIN, MODE_RAW };

/** tun_mode_name - "csum+tso" and so on, by mode */
extern const char *const tun_mode_name[];

/**
 * struct tun - a device
 * @fd:		descriptor, non-blocking
 * @mode:	what it became
 * @vnet_len:	bytes of virtio header in front of each packet, 0 = none
 * @seqpacket:	a SEQPACKET socket: an empty read is the other side's end
 * @mtu:	the configured one, or that of the interface if it is smaller
 * @managed:	we made the interface
 * @ours:	it is in our network namespace: @ifname can be looked up
 * @ifname:	name, "-" for a descriptor that is no TUN
 * @dev_drops:	as last read; any thread
 * @count:	as in struct tun_info; written by the reader's thread alone
 */
struct tun {
	int fd;
	enum tun_mode mode;
	uint32_t vnet_len;
	bool seqpacket;
	uint32_t mtu;
	bool managed;
	bool ours;
	char ifname[IF_NAMESIZE];
	uint64_t dev_drops;
	struct {
		uint64_t rx_packets;
		uint64_t rx_bytes;
		uint64_t tx_packets;
		uint64_t tx_bytes;
		uint64_t rx_errors;
		uint64_t tx_errors;
		uint64_t bad_vnet;
	} count;
};

#endif /* DAEMON_TUN_INT_H */

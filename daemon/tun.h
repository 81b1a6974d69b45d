/* SPDX-License-Identifier: MIT */
/*
 * tun.h - the TUN device: opening it, reading and writing packets
 *
 * Offloads are tried from the best down: virtio header with checksum and TSO,
 * with checksum only, plain packets; tun_info() says which it became.  A
 * descriptor that is handed over may also be anything that carries one raw IP
 * packet per read and write.
 */

#ifndef DAEMON_TUN_H
#define DAEMON_TUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/ustack.h"

struct config;
struct tun;

/**
 * tun_open() - Open, or take over, the device and set it up as configured
 * @cfg:	configuration: name, addresses, MTU, offload, manage, tun_fd
 * @err:	on failure: what failed, on what, why, and what to do about it
 * @errlen:	room in @err
 *
 * Return: a device in non-blocking mode, or NULL.  Close it by tun_close().
 */
struct tun *tun_open(const struct config *cfg, char *err, size_t errlen);

/** tun_close() - Close the device; an interface that we made goes with it */
void tun_close(struct tun *t);

/** tun_fd() - Descriptor to watch for reading */
int tun_fd(const struct tun *t);

/** tun_caps() - Fill in tx_csum, tx_tso4, tx_tso6 and mtu of a stack configuration */
void tun_caps(const struct tun *t, struct ustack_config *cfg);

/**
 * tun_read() - Read one packet
 * @t:		device
 * @p:		packet of ustack_pkt_new(), filled in with offload metadata
 *
 * Return: 1 a packet, 0 nothing waits, -errno the device failed.  A frame
 * whose virtio header is malformed is counted and reads as an empty packet.
 */
int tun_read(struct tun *t, struct ustack_pkt *p);

/** tun_write() - Write one packet by one writev: 0, -ERR_AGAIN, or -ERR_INVAL (lost, counted) */
int tun_write(struct tun *t, struct ustack_pkt *p);

/**
 * struct tun_info - the device for people
 * @ifname:	name, "-" for a descriptor that is no TUN
 * @mode:	"csum+tso", "csum", "plain", or "raw" (no TUN)
 * @managed:	we made it
 * @mtu:	the one in force, bytes
 * @rx_packets:	packets read;  @rx_bytes: their bytes
 * @tx_packets:	packets written;  @tx_bytes: their bytes
 * @rx_errors:	reads that gave no packet
 * @tx_errors:	writes refused
 * @bad_vnet:	frames with a malformed virtio header
 * @dev_drops:	packets that the kernel dropped because its queue was full
 *		(rtnetlink tx_dropped), as last read, 0 where it cannot be
 */
struct tun_info {
	char ifname[16];
	const char *mode;
	bool managed;
	uint32_t mtu;
	uint64_t rx_packets;
	uint64_t rx_bytes;
	uint64_t tx_packets;
	uint64_t tx_bytes;
	uint64_t rx_errors;
	uint64_t tx_errors;
	uint64_t bad_vnet;
	uint64_t dev_drops;
};

/** tun_info() - Describe the device, any thread */
void tun_info(struct tun *t, struct tun_info *info);

#endif /* DAEMON_TUN_H */

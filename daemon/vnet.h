/* SPDX-License-Identifier: MIT */
/*
 * vnet.h - the virtio header in front of a TUN's packets
 *
 *	 0       1          2         4          6            8             10
 *	+-------+----------+---------+----------+------------+--------------+
 *	| flags | gso_type | hdr_len | gso_size | csum_start | csum_offset  |
 *	+-------+----------+---------+----------+------------+--------------+
 *
 * Pure functions between its bytes and the offload fields of a packet.  The
 * 16-bit fields are in the machine's own byte order; offsets count from the IP
 * header (Virtual I/O Device 1.1, section 5.1.6).
 */

#ifndef DAEMON_VNET_H
#define DAEMON_VNET_H

#include <stdint.h>

#include "stack/ustack.h"

#define VNET_LEN 10u

/**
 * vnet_encode() - Describe a packet that goes to the host
 * @hdr:	filled in
 * @p:		packet of the stack
 */
void vnet_encode(uint8_t hdr[VNET_LEN], const struct ustack_pkt *p);

/**
 * vnet_decode() - Take over what the host says about a packet
 * @hdr:	header as it was read
 * @p:		packet that follows it: @len and the slice are set, the slice
 *		holds all of it; @gso_size and @flags are filled in
 *
 * Return: 0, or -ERR_INVAL when the header makes no sense for this packet
 */
int vnet_decode(const uint8_t hdr[VNET_LEN], struct ustack_pkt *p) MUST_USE;

#endif /* DAEMON_VNET_H */

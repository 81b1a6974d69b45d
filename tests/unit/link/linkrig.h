/* SPDX-License-Identifier: MIT */
/*
 * linkrig.h - packets to cut and to damage, a host that owns them, and a judge
 *
 * The judge is a receiver written from the RFCs, with a checksum loop of its
 * own: what it says does not depend on the code under test.
 */

#ifndef TESTS_UNIT_LINK_LINKRIG_H
#define TESTS_UNIT_LINK_LINKRIG_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/link/impair.h"
#include "stack/link/view.h"
#include "tests/unit/base/testmem.h"

#define RIG_LPORT 7u
#define RIG_RPORT 40000u
#define RIG_SEQ	  0xfffffc00u /* a super-packet straddles the wrap */
#define RIG_ACK	  0x01020304u
#define RIG_WND	  0x2345u
#define RIG_ID	  0xfffeu /* and the identification wraps too */

/**
 * struct rig - host with memory of its own
 * @mem:	pool of payload buffers
 * @host:	callbacks for the code under test
 * @pkts:	packets that somebody owns
 * @refuse:	pkt_sized() and pkt_keep() have no memory
 */
struct rig {
	struct testmem mem;
	struct impair_host host;
	uint32_t pkts;
	bool refuse;
};

enum rig_csum {
	RIG_PARTIAL, /* left to the device */
	RIG_FULL,
	RIG_VERIFIED, /* full, and the device says so */
};

/**
 * struct rig_pkt - a packet as it is asked for
 * @dir:	where it goes
 * @v6:		IPv6
 * @proto:	6 = TCP unless set: protocol number behind the IP header
 * @tos:	traffic class
 * @ip_opts:	bytes of IPv4 options, of IPv6 extension headers
 * @tcp_opts:	bytes of TCP options
 * @flags:	TCP flags
 * @csum:	enum rig_csum
 * @data_len:	bytes of payload
 * @gso_size:	payload of one wire segment, 0 = it stands for itself
 * @nslices:	OUT: slices that the payload is spread over
 * @padding:	IN: bytes behind the packet
 */
struct rig_pkt {
	enum impair_dir dir;
	bool v6;
	uint8_t proto;
	uint8_t tos;
	uint32_t ip_opts;
	uint32_t tcp_opts;
	uint8_t flags;
	uint8_t csum;
	uint32_t data_len;
	uint16_t gso_size;
	uint32_t nslices;
	uint32_t padding;
};

void rig_init(struct rig *r);

/** rig_fini() - Fails the test unless every packet and buffer came back */
void rig_fini(struct rig *r);

/** rig_make() - Gives a packet; rig_free() it */
struct ustack_pkt *rig_make(struct rig *r, const struct rig_pkt *a);

/** rig_wrap() - Gives an IN packet of @len bytes as they are */
struct ustack_pkt *rig_wrap(struct rig *r, const uint8_t *bytes, uint32_t len);

void rig_free(struct rig *r, struct ustack_pkt *p);

/** rig_data() - Byte @i of every payload */
uint8_t rig_data(uint32_t i);

/** rig_flat() - Gives a packet's bytes, exactly as many; free() them */
uint8_t *rig_flat(const struct ustack_pkt *p);

/**
 * rig_receive() - Would a host that computes every checksum take the packet?
 * @p:		bytes
 * @len:	their number
 *
 * Return: NULL, or what is wrong with it
 */
const char *rig_receive(const uint8_t *p, uint32_t len);

/** rig_pseudo() - Sum over the pseudo-header of @p with @l4_len, folded */
uint16_t rig_pseudo(const uint8_t *p, uint32_t l4_len);

#endif /* TESTS_UNIT_LINK_LINKRIG_H */

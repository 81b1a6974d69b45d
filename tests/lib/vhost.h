/* SPDX-License-Identifier: MIT */
/*
 * vhost.h - an instance of the stack in virtual time
 *
 * Memory comes from hostmem.h; randomness from a seed; packets go out through
 * a callback as flat bytes, with the checksum that offload left open completed
 * in software, so that a wrong partial sum is seen.
 */

#ifndef TESTS_LIB_VHOST_H
#define TESTS_LIB_VHOST_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/rng.h"
#include "stack/link/impair.h"
#include "stack/ustack.h"

/**
 * struct vpkt - a packet in flight, flat
 * @len:	bytes at @data
 * @gso_size:	as in struct ustack_pkt
 * @l4_off:	offset of the transport header
 * @csum_ok:	hand it in as USTACK_PKT_CSUM_OK
 * @data:	the bytes, checksums complete
 */
struct vpkt {
	uint32_t len;
	uint16_t gso_size;
	uint16_t l4_off;
	bool csum_ok;
	uint8_t data[];
};

/**
 * struct vhost - the embedder
 * @s:		the instance
 * @rng:	its randomness
 * @now_us:	virtual time
 * @deadline_us: what ustack_run() returned last
 * @live:	bytes of memory handed out
 * @out:	called for each packet; takes it.  Returns what host.output() returns
 * @event:	called for each event, or NULL
 * @pong:	called at the end of each echo request; NULL = there can be none
 * @ctx:	passed to the three
 * @budget:	packets a run
 * @im:		impairment between stack and link, see vhost_impair(); its
 *		events go to @event too
 */
struct vhost {
	struct ustack *s;
	struct rng rng;
	uint64_t now_us;
	uint64_t deadline_us;
	uint64_t live;
	int (*out)(void *ctx, struct vpkt *p);
	void (*event)(void *ctx, const struct ustack_event *ev);
	void (*pong)(void *ctx, const struct ustack_pong *p);
	void *ctx;
	uint32_t budget;
	struct impair *im;
};

#define VHOST_START_US 1000000000ull

/**
 * vhost_init() - Make an instance
 * @h:		storage; @out, @event, @pong and @ctx are set already
 * @cfg:	settings
 * @seed:	for everything random
 */
void vhost_init(struct vhost *h, const struct ustack_config *cfg,
		uint64_t seed);

/** vhost_impair() - Put an impairment engine in front, without rules */
void vhost_impair(struct vhost *h, uint64_t seed);

/**
 * vhost_fini() - Free it
 *
 * Return: NULL, or what was left behind: "memory"
 */
const char *vhost_fini(struct vhost *h);

/** vhost_config() - Defaults for tests: address 10.7.0.2 and fd07::2, full offload */
void vhost_config(struct ustack_config *cfg);

/** vhost_addr() - Address from text, as "10.7.0.1" or "fd07::1"; aborts on nonsense */
struct ustack_addr vhost_addr(const char *text);

/** vhost_input() - Hand in a packet; it is copied and freed */
void vhost_input(struct vhost *h, struct vpkt *p);

/** vhost_run() - Run until nothing is left to do now */
void vhost_run(struct vhost *h);

/** vhost_advance() - Move time to @now_us, running at each deadline on the way */
void vhost_advance(struct vhost *h, uint64_t now_us);

/** vpkt_new() - A packet of @len bytes, zeroed; free() it */
struct vpkt *vpkt_new(uint32_t len);

/** vpkt_split() - Cut a super-packet into wire segments, as a device would.
 * @p is taken; each piece goes to @sink, which takes it
 */
void vpkt_split(struct vpkt *p, void (*sink)(void *ctx, struct vpkt *p),
		void *ctx);

#endif /* TESTS_LIB_VHOST_H */

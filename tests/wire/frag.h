/* SPDX-License-Identifier: MIT */
/*
 * frag.h - datagrams in fragments, for the wire tests
 *
 * The datagram is mostly an echo request, cut by frag_cut() as a test likes it:
 * its answer shows that it arrived whole and right.
 */

#ifndef TESTS_WIRE_FRAG_H
#define TESTS_WIRE_FRAG_H

#include "wire.h"

#define ECHO	  0x12345678u
#define BODY	  1000u /* of the request, behind ICMP's header */
#define WHOLE	  (8u + BODY)
#define TIMEOUT_S 60u

/**
 * struct cut - a fragment
 * @off:	offset of its data in the datagram's
 * @len:	bytes of data
 * @more:	M flag
 * @id:		identification
 * @tos:	traffic class
 * @flip:	xor into its last byte
 * @next:	IPv6: next header field, 0 = as it should be
 */
struct cut {
	uint32_t off;
	uint32_t len;
	bool more;
	uint32_t id;
	uint8_t tos;
	uint8_t flip;
	uint8_t next;
};

/* An echo request of WHOLE bytes in three. */
extern const struct cut three[3];

/** frag_request() - An echo request with @body bytes, in one piece */
struct vpkt *frag_request(struct peer *p, uint32_t body);

/** frag_cut() - A fragment of the datagram @v; data beyond it is zero */
struct vpkt *frag_cut(struct peer *p, const struct vpkt *v, struct cut c);

/** frag_give() - Hand in a fragment of @v */
void frag_give(struct peer *p, const struct vpkt *v, struct cut c);

/** frag_check_echo() - The @n-th answer is that to @body bytes */
void frag_check_echo(struct peer *p, uint32_t n, uint32_t body);

/** frag_oks() - Datagrams put together */
uint64_t frag_oks(struct peer *p);

/** frag_fails() - Datagrams that were not */
uint64_t frag_fails(struct peer *p);

/** frag_waiting() - Datagrams that wait for more */
uint32_t frag_waiting(struct peer *p);

/** frag_small() - Bounds of 16 datagrams and 1 MiB */
void frag_small(struct ustack_config *cfg);

#endif /* TESTS_WIRE_FRAG_H */

/* SPDX-License-Identifier: MIT */
/*
 * input_rig.h - between fuzz_input.c and what knows the bytes of packets
 */

#ifndef TESTS_FUZZ_INPUT_RIG_H
#define TESTS_FUZZ_INPUT_RIG_H

#include "fuzz.h"
#include "tests/lib/vhost.h"

#define FLOWS	  6u /* of them two active ones */
#define CONNS	  8u
#define LAST_MAX  2048u
#define ECHO_PORT 7u
#define MUTE_PORT 9u
#define PEER_PORT 40000u
#define WEB_PORT  80u
#define OWN_PORT  50000u

/**
 * struct flow - a connection as its peer sees it
 * @v6:		over IPv6
 * @lport:	the stack's port
 * @rport:	the peer's
 * @next:	the peer's next sequence number
 * @theirs:	the stack's
 * @tsval:	the stack's last timestamp
 */
struct flow {
	bool v6;
	uint16_t lport;
	uint16_t rport;
	uint32_t next;
	uint32_t theirs;
	uint32_t tsval;
};

/**
 * struct rig - the stack, its application and its peer
 * @h:		the stack's host
 * @in:		the input
 * @flow:	connections there may be
 * @conn:	connections that the application has
 * @nconns:	their number
 * @active:	what it opens connections by
 * @blocked:	what host.output() says, 0 = it takes packets
 * @last:	the last packet that the stack sent, or its beginning
 * @last_len:	bytes there
 */
struct rig {
	struct vhost h;
	struct fuzz_in *in;
	struct flow flow[FLOWS];
	struct ustack_conn conn[CONNS];
	uint32_t nconns;
	int active;
	int blocked;
	uint8_t last[LAST_MAX];
	uint32_t last_len;
};

/** input_check() - What the stack sends is well-formed; a peer learns from it */
void input_check(struct rig *r, const struct vpkt *v);

/* Packets from the peer, as the input has them. */
void op_raw(struct rig *r);	   /* any bytes */
void op_segment(struct rig *r);	   /* a TCP segment, nearly right */
void op_icmp_error(struct rig *r); /* about what the stack sent last */
void op_turn_round(struct rig *r); /* that, an echo as its reply */
void op_fragment(struct rig *r);   /* of a datagram */

#endif /* TESTS_FUZZ_INPUT_RIG_H */

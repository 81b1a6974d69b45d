/* SPDX-License-Identifier: MIT */
/*
 * tlsworld.h - secure services on a stack, clients on another, in virtual time
 */

#ifndef TESTS_UNIT_DAEMON_TLSWORLD_H
#define TESTS_UNIT_DAEMON_TLSWORLD_H

#include "daemon/svc/note.h"
#include "daemon/svc/stream_tls.h"
#include "daemon/svc/svc_mib.h"
#include "svcworld.h"
#include "tests/unit/crypto/tlsrig.h"

#define ECHO_PORT    7007 /* the first service */
#define DISCARD_PORT 9009
#define CHARGEN_PORT 1919
#define SECOND_US    1000000u
#define BIG	     1000000u
#define CONNS	     8u
#define HANDSHAKES   4u

/**
 * struct tlsworld - the world, contexts for both ends, and what was said
 * @sw:		stacks and services
 * @keys:	where randomness comes from
 * @server:	context of the services; the rig's reference
 * @client:	one for clients, that trusts it
 * @said:	last note
 * @notes:	their number
 * @bytes:	BIG random ones
 */
struct tlsworld {
	struct svcworld sw;
	struct tls_rig keys;
	struct tls_context *server;
	struct tls_context *client;
	char said[SVC_NOTE_MAX];
	uint32_t notes;
	uint8_t *bytes;
};

/** tlsworld_wanted() - The services; @n is set to their number */
const struct svc_wanted *tlsworld_wanted(uint32_t *n);

/** tlsworld_init() - Services up, nobody connected */
void tlsworld_init(struct tlsworld *r);

/** tlsworld_fini() - End it; nothing may be left behind */
void tlsworld_fini(struct tlsworld *r);

/** tlsworld_counter() - A counter of the services */
uint64_t tlsworld_counter(const struct tlsworld *r, enum svc_counter c);

/** tlsworld_stats() - What service @i has done */
struct svc_stats tlsworld_stats(const struct tlsworld *r, uint32_t i);

/** tlsworld_up() - A client with an established channel to @port */
struct probe *tlsworld_up(struct tlsworld *r, uint16_t port);

#endif /* TESTS_UNIT_DAEMON_TLSWORLD_H */

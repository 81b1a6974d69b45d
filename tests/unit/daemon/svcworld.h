/* SPDX-License-Identifier: MIT */
/*
 * svcworld.h - services on two stacks in virtual time, and a link between them
 *
 *	host[0], 10.7.0.1	probes: connections opened by the test
 *	host[1], 10.7.0.2	the services under test
 */

#ifndef TESTS_UNIT_DAEMON_SVCWORLD_H
#define TESTS_UNIT_DAEMON_SVCWORLD_H

#include "daemon/svc/svc.h"
#include "fakeloop.h"
#include "world.h"

#define PROBE_BYTES (1u << 21)

/**
 * struct svcworld - the two
 * @w:		stacks and link
 * @loop:	of the services; its time is the world's
 * @set:	services of each stack
 */
struct svcworld {
	struct world w;
	struct fakeloop loop;
	struct svc_set *set[2];
};

/**
 * struct probe - a connection that the test has opened
 * @service:	it alone
 * @st:		its stream
 * @opened:	it was established
 * @peer_closed: the peer has ended its direction
 * @closed:	it is over
 * @end:	why
 * @problem:	what TLS says of it, a tls_kind
 * @deaf:	reads nothing
 * @in:		what came, as far as there is room: more stays unread
 * @in_len:	bytes of it
 * @out:	what is to be sent; borrowed
 * @out_len:	bytes of it
 * @out_off:	bytes of it that were taken
 */
struct probe {
	struct service service;
	struct stream st;
	bool opened;
	bool peer_closed;
	bool closed;
	int end;
	int problem;
	bool deaf;
	uint8_t *in;
	size_t in_len;
	const uint8_t *out;
	size_t out_len;
	size_t out_off;
};

/** svcworld_init() - Two stacks; @wanted run on the second, with @limits and @tls */
void svcworld_init(struct svcworld *sw, const struct svc_args *a,
		   const struct svc_wanted *wanted, uint32_t n);

/** svcworld_fini() - End it; nothing may be left behind */
void svcworld_fini(struct svcworld *sw);

/** svcworld_run() - Let @us pass */
void svcworld_run(struct svcworld *sw, uint64_t us);

/** probe_open() - Open a connection to @port, by TLS if there is a context */
struct probe *probe_open(struct svcworld *sw, uint16_t port,
			 struct tls_context *tls);

/** probe_free() - Cut it if it is not over, and let the world see */
void probe_free(struct svcworld *sw, struct probe *p);

/** probe_send() - Write bytes as there is room; they stay the caller's */
void probe_send(struct probe *p, const void *bytes, size_t len);

#endif /* TESTS_UNIT_DAEMON_SVCWORLD_H */

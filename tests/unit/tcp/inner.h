/* SPDX-License-Identifier: MIT */
/*
 * inner.h - reach behind the public interface of a stack under test
 */

#ifndef TESTS_UNIT_TCP_INNER_H
#define TESTS_UNIT_TCP_INNER_H

#include "stack/base/bytes.h"
#include "stack/tcp/conn.h"
#include "tests/lib/peer.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

static inline struct tcp *inner_tcp(struct peer *p)
{
	return p->h.s->tcp;
}

/** inner_conn() - TCB of the peer's connection; fails the test if it is gone */
static inline struct tcp_conn *inner_conn(struct peer *p)
{
	struct tcp_conn *c = tcp_conn_get(inner_tcp(p), p->conn);

	EXPECT(c != NULL);
	return c;
}

/** inner_open() - Bring a connection up from a port of the peer's */
static inline void inner_open(struct peer *p, uint16_t sport)
{
	p->isn_known = false;
	peer_tx(p,
		(struct pseg){ .flags = TCP_SYN, .mss = 1460, .sport = sport });
	peer_expect(p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_tx(p, (struct pseg){ .flags = TCP_ACK,
				  .seq = 1,
				  .ack = 1,
				  .sport = sport });
	ck_assert_int_eq(peer_state(p), USTACK_ESTABLISHED);
}

/** inner_flow() - Flow between STACK_PORT and a port of the peer's, or NULL */
static inline struct tcp_flow *inner_flow(struct peer *p, uint16_t sport)
{
	struct ustack_addr local = vhost_addr(p->v6 ? "fd07::2" : "10.7.0.2");
	struct ustack_addr remote = vhost_addr(p->v6 ? "fd07::1" : "10.7.0.1");
	struct tcp_flow_args a = { .local = &local,
				   .remote = &remote,
				   .lport = STACK_PORT,
				   .rport = sport };

	return tcp_flow_find(inner_tcp(p), &a);
}

#endif /* TESTS_UNIT_TCP_INNER_H */

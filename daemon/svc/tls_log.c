/* SPDX-License-Identifier: MIT */
/*
 * tls_log.c - what is counted, and said, when something goes wrong in TLS
 */

#include <arpa/inet.h>
#include <string.h>

#include "note.h"
#include "tls_int.h"

#define PEER_MAX 80u

/* Counters are in the order of what can go wrong. */
static enum svc_counter counter_of(enum tls_kind k)
{
	static const enum svc_counter counters[TLS_KINDS] = {
		[TLS_OK] = SVC_C_TLS_FAIL_INTERNAL,
		[TLS_NOT_TLS] = SVC_C_TLS_FAIL_NOT_TLS,
		[TLS_GARBAGE] = SVC_C_TLS_FAIL_GARBAGE,
		[TLS_BAD_HANDSHAKE] = SVC_C_TLS_FAIL_BAD_HANDSHAKE,
		[TLS_OLD_VERSION] = SVC_C_TLS_FAIL_OLD_VERSION,
		[TLS_NO_SUITE] = SVC_C_TLS_FAIL_NO_SUITE,
		[TLS_NO_CERT] = SVC_C_TLS_FAIL_NO_CERT,
		[TLS_UNTRUSTED] = SVC_C_TLS_FAIL_UNTRUSTED,
		[TLS_EXPIRED] = SVC_C_TLS_FAIL_EXPIRED,
		[TLS_WRONG_NAME] = SVC_C_TLS_FAIL_WRONG_NAME,
		[TLS_NOT_PINNED] = SVC_C_TLS_FAIL_NOT_PINNED,
		[TLS_BAD_PSK] = SVC_C_TLS_FAIL_BAD_PSK,
		[TLS_BAD_MAC] = SVC_C_TLS_BAD_MAC,
		[TLS_ALERT] = SVC_C_TLS_ALERTS,
		[TLS_CUT] = SVC_C_TLS_CUT,
		[TLS_TIMEOUT] = SVC_C_TLS_TIMEOUTS,
		[TLS_MEMORY] = SVC_C_TLS_FAIL_MEMORY,
		[TLS_INTERNAL] = SVC_C_TLS_FAIL_INTERNAL,
	};

	return counters[k];
}

/* The connection's number, and "conn=12 10.7.0.1:4711", as the lines on TCP have it. */
static uint64_t peer_of(const struct tls_conn *tc, char buf[PEER_MAX])
{
	static const uint8_t v4[12] = { [10] = 0xff, [11] = 0xff };
	struct svc_text t = { .buf = buf, .cap = PEER_MAX };
	char addr[INET6_ADDRSTRLEN];
	struct ustack_info in;
	bool is_v4;

	buf[0] = '\0';
	if (ustack_info(tc->set->stack, tc->conn, &in))
		return 0;
	is_v4 = memcmp(in.remote.b, v4, sizeof(v4)) == 0;
	if (!inet_ntop(is_v4 ? AF_INET : AF_INET6,
		       is_v4 ? in.remote.b + sizeof(v4) : in.remote.b, addr,
		       sizeof(addr)))
		return in.id;
	svc_text_add(&t, "conn=%llu %s%s%s:%u", (unsigned long long)in.id,
		     is_v4 ? "" : "[", addr, is_v4 ? "" : "]", in.rport);
	return in.id;
}

/* Who connects and leaves without a byte has only looked at the port. */
static bool was_silent(const struct tls_conn *tc)
{
	struct ustack_info in;

	return tc->phase == STREAM_TLS_HANDSHAKE && !tc->active &&
	       ustack_info(tc->set->stack, tc->conn, &in) == 0 && !in.bytes_in;
}

void tls_log_failed(const struct tls_conn *tc)
{
	static const struct tls_problem reset = {
		.kind = TLS_CUT,
		.text = "the connection was reset",
		.advice = "nothing, unless data is missing",
	};
	static const struct tls_problem no_memory = {
		.kind = TLS_MEMORY,
		.text = "out of memory",
		.advice = "allow fewer secure channels at once",
	};
	const struct tls_problem *p = tls_problem(tc->ch);
	char peer[PEER_MAX];
	uint64_t id;

	if (p->kind == TLS_OK)
		p = tc->err == -ERR_NOMEM ? &no_memory : &reset;
	if (p->kind == TLS_CUT && was_silent(tc))
		return;
	tls_count(tc->set, counter_of(p->kind), 1);
	id = peer_of(tc, peer);
	svc_note(tc->service, id, "%s: %s%s: %s; %s", peer,
		 tc->phase == STREAM_TLS_HANDSHAKE ? "handshake failed: " : "",
		 tls_kind_name(p->kind), p->text, p->advice);
}

void tls_log_opened(const struct tls_conn *tc)
{
	struct tls_info info;

	tls_count(tc->set, SVC_C_TLS_HANDSHAKES, 1);
	if (tls_info(tc->ch, &info) && info.resumed)
		tls_count(tc->set, SVC_C_TLS_RESUMED, 1);
}

void tls_log_evicted(const struct tls_conn *tc)
{
	char peer[PEER_MAX];
	uint64_t id;

	tls_count(tc->set, SVC_C_TLS_EVICTED, 1);
	id = peer_of(tc, peer);
	svc_note(tc->service, id,
		 "%s: handshake makes room for others; more than %u at once",
		 peer, tc->set->limits.handshakes);
}

void tls_log_over_limit(struct tls_set *set, struct service *sv)
{
	tls_count(set, SVC_C_TLS_OVER_LIMIT, 1);
	svc_note(sv, 0, "connection reset: %u secure channels are the limit",
		 set->limits.conns);
}

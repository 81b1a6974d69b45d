/* SPDX-License-Identifier: MIT */
/*
 * tlsworld.c - secure services on a stack, clients on another, in virtual time
 */

#include "tlsworld.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/expect.h"

static const struct svc_wanted wanted[] = {
	{ .name = "echo-tls",
	  .type = "echo",
	  .port = ECHO_PORT,
	  .backlog = 64,
	  .tls = true },
	{ .name = "discard-tls",
	  .type = "discard",
	  .port = DISCARD_PORT,
	  .backlog = 64,
	  .tls = true },
	{ .name = "chargen-tls",
	  .type = "chargen",
	  .port = CHARGEN_PORT,
	  .backlog = 64,
	  .tls = true },
};

static void on_note(void *arg, uint64_t conn, const char *text)
{
	struct tlsworld *r = arg;

	(void)conn;
	snprintf(r->said, sizeof(r->said), "%s", text);
	r->notes++;
}

void tlsworld_init(struct tlsworld *r)
{
	struct svc_args a = { .limits = { .conns = CONNS,
					  .handshakes = HANDSHAKES,
					  .handshake_us = 10 * SECOND_US },
			      .tell = on_note,
			      .arg = r };
	struct tls_context_args server;
	struct tls_context_args client;

	memset(r, 0, sizeof(*r));
	tr_init(&r->keys, 0);
	server = tr_server(&r->keys);
	client = tr_client(&r->keys);
	r->server = tr_raw_context(&server);
	r->client = tr_raw_context(&client);
	a.tls = r->server;
	svcworld_init(&r->sw, &a, wanted, sizeof(wanted) / sizeof(wanted[0]));
	r->bytes = malloc(BIG);
	for (uint32_t i = 0; i < BIG; i++)
		r->bytes[i] = (uint8_t)tr_random(&r->keys, 256);
}

void tlsworld_fini(struct tlsworld *r)
{
	svcworld_fini(&r->sw);
	tls_context_put(r->server);
	tls_context_put(r->client);
	tr_fini(&r->keys);
	free(r->bytes);
}

uint64_t tlsworld_counter(const struct tlsworld *r, enum svc_counter c)
{
	return svc_set_counters(r->sw.set[1])[c];
}

struct svc_stats tlsworld_stats(const struct tlsworld *r, uint32_t i)
{
	struct svc_stats st;

	svc_set_stats(r->sw.set[1], i, &st);
	return st;
}

struct probe *tlsworld_up(struct tlsworld *r, uint16_t port)
{
	struct probe *p = probe_open(&r->sw, port, r->client);

	svcworld_run(&r->sw, SECOND_US / 10);
	ck_assert_msg(p->opened, "no channel: %s", r->said);
	return p;
}

const struct svc_wanted *tlsworld_wanted(uint32_t *n)
{
	*n = sizeof(wanted) / sizeof(wanted[0]);
	return wanted;
}

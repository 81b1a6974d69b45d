/* SPDX-License-Identifier: MIT */
/*
 * svcworld.c - services on two stacks in virtual time, and a link between them
 */

#include "svcworld.h"

#include <stdlib.h>

#include "daemon/svc/stream_tls.h"
#include "tests/unit/expect.h"

#define DELAY_US  1000u
#define SEED	  7u
#define TURNS_MAX 100000u

/* ------------------------------------------------------------------- probes */

static struct probe *probe_of(struct stream *st)
{
	return (struct probe *)st->service;
}

static void on_opened(struct stream *st)
{
	probe_of(st)->opened = true;
}

static void on_readable(struct stream *st)
{
	struct probe *p = probe_of(st);
	struct stream_iov iov;

	while (!p->deaf && p->in_len < PROBE_BYTES &&
	       stream_peek(st, &iov, 1) > 0) {
		if (iov.len > PROBE_BYTES - p->in_len)
			iov.len = PROBE_BYTES - p->in_len;
		memcpy(p->in + p->in_len, iov.base, iov.len);
		p->in_len += iov.len;
		stream_consume(st, iov.len);
	}
}

static void on_writable(struct stream *st)
{
	struct probe *p = probe_of(st);

	while (p->out_off < p->out_len) {
		struct stream_iov iov = { (void *)(p->out + p->out_off),
					  p->out_len - p->out_off };
		ptrdiff_t n = stream_write(st, &iov, 1);

		if (n < 0)
			break;
		p->out_off += (size_t)n;
	}
}

static void on_peer_closed(struct stream *st)
{
	probe_of(st)->peer_closed = true;
}

static void on_closed(struct stream *st)
{
	const struct tls_problem *problem = stream_tls_problem(st);

	probe_of(st)->closed = true;
	probe_of(st)->problem = problem ? (int)problem->kind : TLS_OK;
	probe_of(st)->end = st->end;
}

static const struct svc svc_probe = {
	.name = "probe",
	.opened = on_opened,
	.readable = on_readable,
	.writable = on_writable,
	.peer_closed = on_peer_closed,
	.closed = on_closed,
};

struct probe *probe_open(struct svcworld *sw, uint16_t port,
			 struct tls_context *tls)
{
	struct probe *p = aligned_alloc(_Alignof(struct probe), sizeof(*p));
	struct stream_connect_args a = { .rport = port,
					 .tls = tls,
					 .servername = "server.test" };
	const struct ustack_addr to = vhost_addr("10.7.0.2");

	memset(p, 0, sizeof(*p));
	p->in = malloc(PROBE_BYTES);
	p->service.svc = &svc_probe;
	memcpy(a.remote, to.b, sizeof(a.remote));
	ck_assert_int_eq(svc_connect(sw->set[0], &p->service, &a, &p->st), 0);
	vhost_run(&sw->w.host[0]);
	return p;
}

void probe_free(struct svcworld *sw, struct probe *p)
{
	if (!p->closed) {
		stream_abort(&p->st);
		svcworld_run(sw, 10 * DELAY_US);
	}
	ck_assert(p->closed);
	ck_assert_uint_eq(p->service.open, 0);
	free(p->in);
	free(p);
}

void probe_send(struct probe *p, const void *bytes, size_t len)
{
	p->out = bytes;
	p->out_len = len;
	p->out_off = 0;
	on_writable(&p->st);
}

/* -------------------------------------------------------------------- world */

void svcworld_init(struct svcworld *sw, const struct svc_args *a,
		   const struct svc_wanted *wanted, uint32_t n)
{
	struct ustack_config cfg[2];
	char err[256] = "";

	memset(sw, 0, sizeof(*sw));
	vhost_config(&cfg[0]);
	vhost_config(&cfg[1]);
	world_init(&sw->w, cfg, SEED);
	fakeloop_init(&sw->loop);
	sw->loop.now_us = sw->w.now_us;
	for (uint32_t i = 0; i < 2; i++) {
		struct svc_args args = *a;

		sw->w.path[i].delay_us = DELAY_US;
		args.stack = sw->w.host[i].s;
		args.loop = &sw->loop.loop;
		sw->set[i] = svc_set_new(&args, wanted, i ? n : 0, err,
					 sizeof(err));
		ck_assert_msg(sw->set[i] != NULL, "%s", err);
	}
}

void svcworld_fini(struct svcworld *sw)
{
	const char *left;

	svc_set_free(sw->set[0]);
	svc_set_free(sw->set[1]);
	fakeloop_fini(&sw->loop);
	left = world_fini(&sw->w);
	ck_assert_msg(!left, "left behind: %s", left);
}

/* Stacks and timers, until neither has anything to do now. */
static void run_now(struct svcworld *sw)
{
	uint32_t turns = 0;

	do {
		vhost_run(&sw->w.host[0]);
		vhost_run(&sw->w.host[1]);
		fakeloop_advance(&sw->loop, sw->w.now_us - sw->loop.now_us);
		EXPECT_LT(turns++, TURNS_MAX);
	} while (fakeloop_due_us(&sw->loop) <= sw->loop.now_us);
	vhost_run(&sw->w.host[0]);
	vhost_run(&sw->w.host[1]);
}

void svcworld_run(struct svcworld *sw, uint64_t us)
{
	uint64_t until_us = sw->w.now_us + us;

	do {
		uint64_t due_us;

		run_now(sw);
		due_us = fakeloop_due_us(&sw->loop);
		world_step(&sw->w, due_us < until_us ? due_us : until_us);
	} while (sw->w.now_us < until_us);
	run_now(sw);
}

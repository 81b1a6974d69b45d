/* SPDX-License-Identifier: MIT */
/*
 * bulk.c - bulk transfers over a known path, measured in virtual time
 */

#include "bulk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/bytes.h"

#define PORT	   7u
#define LPORT	   50000u
#define PERIOD	   65521u /* of the bytes sent: no power of two divides it */
#define BUFFER	   (16u << 20) /* windows are not what is measured here */
#define CHUNK	   65536u
#define LIFE_US	   (3600ull * 1000000)
#define TEST_BYTES (PERIOD + CHUNK)

struct bulk;

/**
 * struct flow - one connection, both of its ends
 * @b:		the run
 * @conn:	at either host, gen 0 until it stands
 * @sent:	bytes handed to the stack
 * @received:	bytes read
 * @at_warm:	@received when measuring began
 * @led:	what was on the wire
 */
struct flow {
	struct bulk *b;
	struct ustack_conn conn[2];
	uint64_t sent;
	uint64_t received;
	uint64_t at_warm;
	struct ledger led;
};

struct counts {
	uint64_t segs;
	uint64_t rtx;
	uint64_t spurious;
	uint64_t timeouts;
};

struct bulk {
	struct world w;
	const struct bulk_args *a;
	struct bulk_result r;
	struct flow flow[BULK_FLOWS_MAX];
	uint32_t nflows;
	uint32_t started;
	struct counts at_warm;
	uint64_t warm_us;
	int ops_id;
	uint8_t data[TEST_BYTES];
};

__attribute__((format(printf, 2, 3))) static void fail(struct bulk *b,
						       const char *fmt, ...)
{
	va_list ap;

	if (b->r.failure[0])
		return;
	va_start(ap, fmt);
	vsnprintf(b->r.failure, sizeof(b->r.failure), fmt, ap);
	va_end(ap);
}

static struct flow *flow_at(uint64_t ctx)
{
	return (struct flow *)(uintptr_t)ctx;
}

static void fill(struct flow *f)
{
	struct bulk *b = f->b;
	uint64_t end = b->a->bytes ? b->a->bytes : UINT64_MAX;

	while (f->sent < end) {
		struct ustack_iov iov = { .base = b->data + f->sent % PERIOD,
					  .len = min_u64(end - f->sent,
							 CHUNK) };
		ptrdiff_t n = ustack_send(b->w.host[0].s, f->conn[0], &iov, 1);

		if (n <= 0)
			return;
		f->sent += (uint64_t)n;
	}
}

/* The world as planned, from the first connection on. */
static void on_connected(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct flow *f = flow_at(ctx);
	struct bulk *b = f->b;

	(void)s;
	(void)c;
	for (int i = 0; i < 2 && f == &b->flow[0]; i++) {
		struct path_state st = b->w.path[i].st;

		b->w.path[i] = b->a->path[i];
		b->w.path[i].st = st;
	}
	fill(f);
}

static void on_writable(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)s;
	(void)c;
	fill(flow_at(ctx));
}

static int on_accept(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct flow *f = flow_at(ctx);
	struct ustack_info info;

	if (ustack_info(s, c, &info) < 0)
		return -ERR_INVAL;
	f += info.rport - LPORT;
	f->conn[1] = c;
	ustack_set_ctx(s, c, (uint64_t)(uintptr_t)f);
	return 0;
}

static void on_readable(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct flow *f = flow_at(ctx);
	struct ustack_iov iov;

	while (ustack_peek(s, c, &iov, 1) > 0) {
		size_t n = min_u64(iov.len, CHUNK);

		if (memcmp(iov.base, f->b->data + f->received % PERIOD, n) != 0)
			fail(f->b, "wrong bytes near %llu",
			     (unsigned long long)f->received);
		ustack_consume(s, c, n);
		f->received += n;
	}
}

static void on_closed(struct ustack *s, struct ustack_conn c, uint64_t ctx,
		      enum ustack_reason why)
{
	(void)s;
	(void)c;
	fail(flow_at(ctx)->b, "a connection ended: %s",
	     ustack_reason_name(why));
}

static const struct ustack_ops ops = {
	.accept = on_accept,
	.connected = on_connected,
	.readable = on_readable,
	.writable = on_writable,
	.closed = on_closed,
};

static void on_seen(void *ctx, int from, const struct vpkt *p,
		    enum path_fate fate)
{
	struct bulk *b = ctx;
	const uint8_t *tcp = vpkt_tcp(p, NULL);
	uint32_t k = tcp ? be16_load(tcp) - LPORT : UINT32_MAX;

	if (from == 0 && k < b->nflows)
		ledger_note(&b->flow[k].led, p, fate, b->w.now_us);
}

static struct counts count(const struct bulk *b)
{
	struct counts c = { .timeouts = ustack_counters(
				    b->w.host[0].s)[USTACK_C_TCP_TIMEOUTS] };

	for (uint32_t k = 0; k < b->nflows; k++) {
		c.segs += b->flow[k].led.segs;
		c.rtx += b->flow[k].led.rtx;
		c.spurious += b->flow[k].led.spurious;
	}
	return c;
}

static void configure(const struct bulk_args *a, struct ustack_config *cfg)
{
	vhost_config(cfg);
	cfg->mem_limit_bytes = 256u << 20;
	cfg->rcvbuf_init = cfg->rcvbuf_max = BUFFER;
	cfg->sndbuf_max = BUFFER;
	cfg->nodelay = true;
	snprintf(cfg->cc, sizeof(cfg->cc), "%s", a->cc);
	if (a->tweak)
		a->tweak(cfg);
}

static void set_up(struct bulk *b, const struct bulk_args *a)
{
	struct ustack_config cfg[2];
	struct ustack_listen_args l = {
		.port = PORT,
		.backlog = BULK_FLOWS_MAX,
		.ctx = (uint64_t)(uintptr_t)&b->flow[0]
	};

	b->a = a;
	b->nflows = max_u32(1, min_u32(a->flows, BULK_FLOWS_MAX));
	for (uint32_t i = 0; i < TEST_BYTES; i++)
		b->data[i] = (uint8_t)(i % PERIOD * 2654435761u >> 24);
	for (uint32_t k = 0; k < b->nflows; k++)
		b->flow[k].b = b;
	for (int i = 0; i < 2; i++)
		configure(a, &cfg[i]);
	world_init(&b->w, cfg, a->seed);
	for (int i = 0; i < 2; i++) {
		b->w.path[i].delay_us = a->path[i].delay_us;
		b->w.path[i].split = true;
	}
	b->w.seen = on_seen;
	b->w.ctx = b;
	b->w.trace = a->trace;
	b->ops_id = ustack_ops_register(b->w.host[0].s, &ops);
	l.ops_id = ustack_ops_register(b->w.host[1].s, &ops);
	if (ustack_listen(b->w.host[1].s, &l) < 0)
		fail(b, "listen refused");
}

static uint64_t start_flows(struct bulk *b)
{
	uint64_t at = VHOST_START_US;

	for (; b->started < b->nflows; b->started++) {
		struct flow *f = &b->flow[b->started];
		struct ustack_connect_args c = {
			.remote = vhost_addr("10.7.0.2"),
			.rport = PORT,
			.lport = (uint16_t)(LPORT + b->started),
			.ops_id = b->ops_id,
			.ctx = (uint64_t)(uintptr_t)f
		};

		at = VHOST_START_US + b->started * b->a->gap_us;
		if (at > b->w.now_us)
			return at;
		if (ustack_connect(b->w.host[0].s, &c, &f->conn[0]) < 0)
			fail(b, "connect refused");
	}
	return USTACK_NEVER;
}

static bool all_read(const struct bulk *b)
{
	for (uint32_t k = 0; k < b->nflows; k++)
		if (!b->a->bytes || b->flow[k].received < b->a->bytes)
			return false;
	return true;
}

static void warm(struct bulk *b)
{
	b->warm_us = b->w.now_us;
	b->at_warm = count(b);
	for (uint32_t k = 0; k < b->nflows; k++)
		b->flow[k].at_warm = b->flow[k].received;
}

static void live(struct bulk *b)
{
	uint64_t warm_us = VHOST_START_US + b->a->warm_us;
	uint64_t end_us = VHOST_START_US +
			  (b->a->end_us ? b->a->end_us : LIFE_US);

	while (!b->r.failure[0] && b->w.now_us < end_us && !all_read(b)) {
		uint64_t next = min_u64(start_flows(b), end_us);

		if (b->w.now_us < warm_us)
			next = min_u64(next, warm_us);
		else if (!b->warm_us)
			warm(b);
		world_step(&b->w, next);
	}
	if (b->a->bytes && !all_read(b))
		fail(b, "not over in time");
}

static void sum_up(struct bulk *b)
{
	const struct ledger *l = &b->flow[0].led;
	struct counts c = count(b);

	b->r.us = b->w.now_us - b->warm_us;
	for (uint32_t k = 0; k < b->nflows; k++)
		b->r.bytes[k] = b->flow[k].received - b->flow[k].at_warm;
	b->r.segs = c.segs - b->at_warm.segs;
	b->r.rtx = c.rtx - b->at_warm.rtx;
	b->r.spurious = c.spurious - b->at_warm.spurious;
	b->r.timeouts = c.timeouts - b->at_warm.timeouts;
	b->r.marked = b->w.path[0].st.marked;
	b->r.dropped_us = l->dropped_us;
	b->r.behind_us = l->behind_us;
	b->r.repaired_us = l->repaired_us;
	b->r.digest = b->w.digest;
}

struct bulk_result bulk_run(const struct bulk_args *a)
{
	struct bulk *b = calloc(1, sizeof(*b));
	struct bulk_result r;
	const char *left;

	if (!b)
		abort();
	set_up(b, a);
	live(b);
	sum_up(b);
	left = world_fini(&b->w);
	if (left)
		fail(b, "%s is left", left);
	for (uint32_t k = 0; k < b->nflows; k++)
		ledger_fini(&b->flow[k].led);
	r = b->r;
	free(b);
	return r;
}

double bulk_bps(const struct bulk_result *r)
{
	uint64_t bytes = 0;

	for (uint32_t k = 0; k < BULK_FLOWS_MAX; k++)
		bytes += r->bytes[k];
	return r->us ? (double)bytes * 8e6 / (double)r->us : 0;
}

void bulk_path(struct path path[2], uint64_t rate_bps, uint64_t rtt_us)
{
	for (int i = 0; i < 2; i++)
		path[i] = (struct path){ .delay_us = rtt_us / 2,
					 .split = true };
	path[0].rate_bps = rate_bps;
	path[0].limit_bytes = (uint32_t)(rate_bps / 8 * rtt_us / 1000000);
}

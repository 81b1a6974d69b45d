/* SPDX-License-Identifier: MIT */
/*
 * transfer.c - applications at both ends, and the oracle over their bytes
 *
 * Each end writes a stream whose every byte follows from its position, reads
 * the other's, shuts down, and closes when it has seen the other's end.  Both
 * must end in order, with every byte read once and right.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim.h"
#include "stack/base/bytes.h"
#include "stack/stack_int.h"

#define PORT	    7u
#define PATIENCE_US 900000000u		    /* as R2, but by the application */
#define LIFE_US	    (4ull * 3600 * 1000000) /* a transfer that lasts longer hangs */
#define QUIET_US    (400ull * 1000000) /* TIME-WAIT and the like are over then */
#define STEPS_MAX   4000000u

void sim_fail(struct sim *sim, const char *fmt, ...)
{
	va_list ap;

	if (sim->failure[0])
		return;
	va_start(ap, fmt);
	vsnprintf(sim->failure, sizeof(sim->failure), fmt, ap);
	va_end(ap);
}

static struct ustack *stack_of(const struct sim_app *a)
{
	return a->sim->w.host[a->host].s;
}

static struct sim_app *app_of(uint64_t ctx)
{
	return (struct sim_app *)(uintptr_t)ctx;
}

/*
 * The application goes, its last bytes are still to be delivered.  It sets a
 * time for that: what nobody has set one for is given up after eight expiries
 * in silence, and here eight packets in a row may well be lost.
 */
static void leave(struct sim_app *a)
{
	if (ustack_setopt(stack_of(a), a->conn, USTACK_OPT_USER_TIMEOUT,
			  PATIENCE_US) < 0)
		sim_fail(a->sim, "user timeout refused");
	ustack_close(stack_of(a), a->conn);
}

static void finish_if_done(struct sim_app *a)
{
	bool all_sent = a->sent == a->to_send;

	if (!a->shut && all_sent && (a->early_shut || a->eof)) {
		a->shut = true;
		if (ustack_shutdown(stack_of(a), a->conn) < 0)
			sim_fail(a->sim, "shutdown refused");
	}
	if (a->shut && a->eof)
		leave(a);
}

static void write_some(struct sim_app *a)
{
	uint8_t buf[8192];

	while (a->sent < a->to_send) {
		uint32_t n = min_u32(a->to_send - a->sent,
				     min_u32(a->chunk, sizeof(buf)));
		struct ustack_iov iov = { .base = buf, .len = n };
		ptrdiff_t got;

		for (uint32_t i = 0; i < n; i++)
			buf[i] = sim_byte(a->stream, a->sent + i);
		got = ustack_send(stack_of(a), a->conn, &iov, 1);
		if (got <= 0)
			break;
		a->sent += (uint32_t)got;
	}
	finish_if_done(a);
}

static void judge(struct sim_app *a, const uint8_t *b, size_t len)
{
	const struct sim_app *other =
		&a->sim->app[a->stream / 2][!(a->stream % 2)];

	for (size_t i = 0; i < len; i++) {
		if (b[i] != sim_byte(other->stream, a->received))
			sim_fail(a->sim, "stream %u: byte %u is wrong",
				 other->stream, a->received);
		a->received++;
	}
	if (a->received > a->expect)
		sim_fail(a->sim, "stream %u: more bytes than were sent",
			 other->stream);
}

static void read_some(struct sim_app *a)
{
	uint32_t left = a->read_gap_us ? a->chunk : UINT32_MAX;
	struct ustack_iov iov;

	while (left > 0 && ustack_peek(stack_of(a), a->conn, &iov, 1) > 0) {
		size_t n = min_u64(iov.len, left);

		judge(a, iov.base, n);
		ustack_consume(stack_of(a), a->conn, n);
		left -= (uint32_t)n;
	}
	a->read_at_us = a->sim->w.now_us + a->read_gap_us;
}

static void on_readable(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct sim_app *a = app_of(ctx);

	(void)s;
	(void)c;
	if (a->read_gap_us == 0)
		read_some(a);
}

static void on_writable(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)s;
	(void)c;
	write_some(app_of(ctx));
}

static void on_peer_closed(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct sim_app *a = app_of(ctx);

	(void)s;
	(void)c;
	a->eof = true;
	finish_if_done(a);
}

static void on_connected(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)s;
	(void)c;
	write_some(app_of(ctx));
}

/* The listener's context is the first passive end; the port tells which one. */
static int on_accept(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct sim *sim = app_of(ctx)->sim;
	struct ustack_info info;
	struct sim_app *a;

	if (ustack_info(s, c, &info) < 0)
		return -ERR_INVAL;
	a = &sim->app[info.rport - 50000u][1];
	if (a->conn.gen) /* a second life of the same 4-tuple */
		return -ERR_INVAL;
	a->conn = c;
	ustack_set_ctx(s, c, (uint64_t)(uintptr_t)a);
	write_some(a);
	return 0;
}

static void on_closed(struct ustack *s, struct ustack_conn c, uint64_t ctx,
		      enum ustack_reason why)
{
	struct sim_app *a = app_of(ctx);

	(void)s;
	if (a->conn.index != c.index || a->conn.gen != c.gen)
		return;
	a->closed = true;
	a->reason = why;
}

static const struct ustack_ops ops = {
	.accept = on_accept,
	.connected = on_connected,
	.readable = on_readable,
	.writable = on_writable,
	.peer_closed = on_peer_closed,
	.closed = on_closed,
};

static void start(struct sim *sim)
{
	struct ustack_listen_args l = {
		.port = PORT,
		.backlog = 16,
		.ctx = (uint64_t)(uintptr_t)&sim->app[0][1]
	};
	int id[2];

	for (int i = 0; i < 2; i++)
		id[i] = ustack_ops_register(sim->w.host[i].s, &ops);
	l.ops_id = id[1];
	if (ustack_listen(sim->w.host[1].s, &l) < 0)
		sim_fail(sim, "listen refused");
	for (uint32_t k = 0; k < sim->nconns; k++) {
		struct sim_app *a = &sim->app[k][0];
		struct ustack_connect_args args = {
			.remote = vhost_addr(sim->v6 ? "fd07::2" : "10.7.0.2"),
			.rport = PORT,
			.lport = (uint16_t)(50000 + k),
			.ops_id = id[0],
			.ctx = (uint64_t)(uintptr_t)a
		};

		if (ustack_connect(sim->w.host[0].s, &args, &a->conn) < 0)
			sim_fail(sim, "connect refused");
	}
}

/* Slow readers read when their time has come; returns the next such time. */
static uint64_t slow_reads(struct sim *sim)
{
	uint64_t next = USTACK_NEVER;

	for (uint32_t k = 0; k < sim->nconns; k++) {
		for (int i = 0; i < 2; i++) {
			struct sim_app *a = &sim->app[k][i];

			if (a->read_gap_us == 0 || a->closed || !a->conn.gen ||
			    a->eof)
				continue;
			if (a->read_at_us <= sim->w.now_us)
				read_some(a);
			next = min_u64(next, a->read_at_us);
		}
	}
	return next;
}

/*
 * Every final ACK was lost, and the passive side gave up repeating its SYN-ACK
 * (4987-5).  The active side is then alone, as RFC 9293 section 3.5.1 has it,
 * and notices only when it sends.
 */
static bool never_met(const struct sim *sim, uint32_t k)
{
	return sim->app[k][1].conn.gen == 0;
}

static bool all_closed(const struct sim *sim)
{
	for (uint32_t k = 0; k < sim->nconns; k++)
		if (!sim->app[k][0].closed ||
		    (!sim->app[k][1].closed && !never_met(sim, k)))
			return false;
	return true;
}

/* Nothing will happen any more: those that are alone give up. */
static void abort_lonely(struct sim *sim)
{
	for (uint32_t k = 0; k < sim->nconns; k++) {
		struct sim_app *a = &sim->app[k][0];

		if (never_met(sim, k) && !a->closed)
			ustack_abort(stack_of(a), a->conn);
	}
	world_step(&sim->w, sim->w.now_us);
}

static void live(struct sim *sim)
{
	uint64_t end = sim->w.now_us + LIFE_US;
	uint32_t steps = 0;

	while (!sim->failure[0] && !all_closed(sim)) {
		uint64_t next = slow_reads(sim);

		world_step(&sim->w, min_u64(next, end));
		sim_check(sim);
		if (++steps > STEPS_MAX)
			sim_fail(sim, "not over after %u steps", steps);
		if (sim->w.now_us < end)
			continue;
		abort_lonely(sim);
		if (!all_closed(sim))
			sim_fail(sim, "not over after four hours");
	}
}

/*
 * Both ends closed in order.  One end is excused: its FIN was acknowledged
 * again and again by TIME-WAIT, all of that was lost, TIME-WAIT ran out, and
 * what answers now is a reset; its bytes have all arrived by then.
 */
static void judge_end(struct sim *sim, const struct sim_app *a)
{
	const struct sim_app *other = &sim->app[a->stream / 2][!(a->stream % 2)];
	bool excused = a->reason == USTACK_END_RESET && a->shut && a->eof &&
		       other->reason == USTACK_END_NORMAL;

	if (a->reason != USTACK_END_NORMAL && !excused)
		sim_fail(sim, "stream %u ended: %s", a->stream,
			 ustack_reason_name(a->reason));
	if (a->received != a->expect)
		sim_fail(sim, "stream %u: %u of %u bytes came", other->stream,
			 a->received, a->expect);
	if (a->sent != a->to_send)
		sim_fail(sim, "stream %u: %u of %u bytes were written",
			 a->stream, a->sent, a->to_send);
}

/* Let TIME-WAIT pass: then nothing may be left, neither timer nor memory. */
static void judge_rest(struct sim *sim)
{
	uint64_t end = sim->w.now_us + QUIET_US;

	while (!sim->failure[0] && world_step(&sim->w, end))
		;
	for (int i = 0; i < 2; i++) {
		struct ustack_gauges g;

		ustack_gauges(sim->w.host[i].s, &g);
		if (g.timers)
			sim_fail(sim, "host %d: %u timers are left", i,
				 g.timers);
		for (uint32_t st = 0; st < USTACK_STATES; st++)
			if (st != USTACK_LISTEN && g.states[st])
				sim_fail(sim, "host %d: %u left in %s", i,
					 g.states[st], ustack_state_name(st));
	}
}

static void set_up(struct sim *sim, uint64_t seed, void *trace)
{
	struct ustack_config cfg[2];
	struct path path[2];

	memset(sim, 0, sizeof(*sim));
	sim->seed = seed;
	rng_init(&sim->plan, seed ^ 0x9e3779b97f4a7c15u);
	sim_plan(sim, cfg, path);
	for (uint32_t k = 0; k < sim->nconns; k++) {
		for (int i = 0; i < 2; i++) {
			struct sim_app *a = &sim->app[k][i];

			a->sim = sim;
			a->host = i;
			a->stream = 2 * k + (uint32_t)i;
			a->expect = sim->app[k][!i].to_send;
		}
	}
	world_init(&sim->w, cfg, seed);
	memcpy(sim->w.path, path, sizeof(path));
	sim->w.trace = trace;
	sim->w.seen = sim_watch;
	sim->w.ctx = sim;
}

bool sim_run(struct sim *sim, uint64_t seed, void *trace)
{
	const char *left;

	set_up(sim, seed, trace);
	start(sim);
	live(sim);
	for (uint32_t k = 0; k < sim->nconns && !sim->failure[0]; k++)
		for (int i = 0; i < 2 && !never_met(sim, k); i++)
			judge_end(sim, &sim->app[k][i]);
	judge_rest(sim);
	left = world_fini(&sim->w);
	if (left)
		sim_fail(sim, "%s is left", left);
	return !sim->failure[0];
}

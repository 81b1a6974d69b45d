/* SPDX-License-Identifier: MIT */
/*
 * fuzz_input.c - the stack under whatever may befall it
 *
 *	[ settings, 4 bytes ] [ operation, its arguments ] ...
 *
 * An operation is a packet (any bytes; a TCP segment near what the stack waits
 * for; an ICMP error about what it sent last; that itself, turned round; a
 * fragment), the passing of time, a call of the application's, or a change of
 * the link.  Ports, numbers and timestamps of segments are near the right ones,
 * so that the input need not guess them: it says how far off they are.
 *
 * What the stack sends is well-formed, its connections are consistent after each
 * operation, and all memory is back in the end.
 */

#include "input_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/link/impair_lang.h"
#include "tests/lib/tcp_invariants.h"

#define OPS_MAX	 400u
#define RUNS_MAX 64u
#define SEG_MAX	 20000u

static int take_out(void *ctx, struct vpkt *v)
{
	struct rig *r = ctx;

	input_check(r, v);
	r->last_len = v->len < LAST_MAX ? v->len : LAST_MAX;
	memcpy(r->last, v->data, r->last_len);
	free(v);
	return r->blocked;
}

static void on_pong(void *ctx, const struct ustack_pong *p)
{
	(void)ctx;
	FUZZ_CHECK(p->ctx == 77, "a stranger's pong");
}

/* -------------------------------------------------------- the application */

static struct rig *rig_of(uint64_t ctx)
{
	return (struct rig *)(uintptr_t)ctx;
}

static int on_accept(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct rig *r = rig_of(ctx);

	(void)s;
	if (r->nconns == CONNS)
		return -ERR_LIMIT;
	r->conn[r->nconns++] = c;
	return 0;
}

static void on_echo(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)ctx;
	if (ustack_splice(s, c, c, SIZE_MAX) == -ERR_PIPE)
		ustack_consume(s, c, SIZE_MAX);
}

static void on_end(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)ctx;
	(void)ustack_shutdown(s, c);
}

static void on_closed(struct ustack *s, struct ustack_conn c, uint64_t ctx,
		      enum ustack_reason why)
{
	struct rig *r = rig_of(ctx);

	(void)s;
	(void)why;
	for (uint32_t i = 0; i < r->nconns; i++)
		if (!memcmp(&r->conn[i], &c, sizeof(c)))
			r->conn[i--] = r->conn[--r->nconns];
}

static const struct ustack_ops echo_ops = { .accept = on_accept,
					    .readable = on_echo,
					    .writable = on_echo,
					    .peer_closed = on_end,
					    .closed = on_closed };
static const struct ustack_ops mute_ops = { .accept = on_accept,
					    .closed = on_closed };

static void listen_at(struct rig *r, uint16_t port, int ops_id)
{
	const struct ustack_listen_args a = { .port = port,
					      .backlog = 2,
					      .ops_id = ops_id,
					      .ctx = (uintptr_t)r };

	FUZZ_CHECK(ustack_listen(r->h.s, &a) >= 0, "listen refused");
}

/* ----------------------------------------------------------------- set-up */

static void configure(struct fuzz_in *in, struct ustack_config *cfg)
{
	uint8_t a = fuzz_u8(in);
	uint8_t b = fuzz_u8(in);

	vhost_config(cfg);
	cfg->syn_cookies = (uint8_t)(a % 3);
	cfg->ecn = (uint8_t)((a >> 2) % 3);
	cfg->sack = !(a & 0x10);
	cfg->timestamps = !(a & 0x20);
	cfg->wscale = !(a & 0x40);
	cfg->nodelay = a & 0x80;
	cfg->mem_limit_bytes = (uint64_t)(b & 0x0f ? 6 : 4) << 20;
	cfg->max_conns = b & 0x10 ? 2 : 16;
	cfg->syn_backlog = b & 0x20 ? 1 : 4;
	cfg->max_time_wait = b & 0x40 ? 1 : 8;
	cfg->frag_max = b & 0x80 ? 0 : 4;
	cfg->frag_mem_bytes = 1u << 20;
	cfg->rcvbuf_max = 1u << 20;
	cfg->sndbuf_max = 1u << 20;
	cfg->rcvbuf_init = b & 0x01 ? 4096 : 65536;
	cfg->keepalive = b & 0x02;
}

static void set_up(struct rig *r, struct fuzz_in *in)
{
	struct ustack_config cfg;

	r->in = in;
	r->h = (struct vhost){ .out = take_out, .pong = on_pong, .ctx = r };
	for (uint32_t i = 0; i < FLOWS; i++)
		r->flow[i] = (struct flow){
			.v6 = i & 1,
			.lport = (uint16_t)(i < 2   ? ECHO_PORT
					    : i < 4 ? MUTE_PORT
						    : OWN_PORT),
			.rport = i < 4 ? (uint16_t)(PEER_PORT + i) : WEB_PORT,
			.next = 0xfffff000u,
		};
	configure(in, &cfg);
	vhost_init(&r->h, &cfg, fuzz_u8(in));
	if (fuzz_u8(in) & 1)
		vhost_impair(&r->h, 1);
	listen_at(r, ECHO_PORT, ustack_ops_register(r->h.s, &echo_ops));
	r->active = ustack_ops_register(r->h.s, &mute_ops);
	listen_at(r, MUTE_PORT, r->active);
}

static void run(struct rig *r)
{
	char why[INVARIANT_TEXT];
	uint64_t due_us = 0;

	for (uint32_t i = 0; i < RUNS_MAX && due_us <= r->h.now_us; i++) {
		if (r->h.im)
			impair_run(r->h.im, r->h.now_us);
		due_us = ustack_run(r->h.s, r->h.now_us, 16);
		if (r->h.im)
			impair_run(r->h.im, r->h.now_us);
	}
	FUZZ_CHECK(invariants_hold(r->h.s, why), "%s", why);
}

/* ------------------------------------------------------------ other things */

static void op_time(struct rig *r)
{
	uint8_t much = fuzz_u8(r->in);

	/* from 64 us to 18 h */
	r->h.now_us += (uint64_t)(1 + (much & 7)) << (6 + (much >> 3));
}

static struct ustack_addr peer_addr(bool v6)
{
	return vhost_addr(v6 ? "fd07::1" : "10.7.0.1");
}

static void op_connect(struct rig *r)
{
	uint8_t what = fuzz_u8(r->in);
	struct ustack_connect_args a = { .remote = peer_addr(what & 1),
					 .rport = WEB_PORT,
					 .lport = OWN_PORT,
					 .ops_id = r->active,
					 .ctx = (uintptr_t)r,
					 .cc = what & 2 ? "reno" : NULL };
	struct ustack_conn c;

	if (r->nconns < CONNS && ustack_connect(r->h.s, &a, &c) == 0)
		r->conn[r->nconns++] = c;
}

static void op_ping(struct rig *r)
{
	uint8_t what = fuzz_u8(r->in);
	const struct ustack_ping_args a = { .remote = peer_addr(what & 1),
					    .ctx = 77,
					    .timeout_us = 1000000,
					    .len = (what >> 2) * 40u,
					    .seq = what,
					    .dont_frag = what & 2 };

	(void)!ustack_ping(r->h.s, &a);
}

static void op_app(struct rig *r)
{
	static uint8_t buf[SEG_MAX];
	uint8_t what = fuzz_u8(r->in);
	uint8_t much = fuzz_u8(r->in);
	struct ustack_iov iov = { buf, 1u + much * 64u };
	struct ustack *s = r->h.s;
	struct ustack_conn c = { 0 };
	uint64_t value;

	if (r->nconns)
		c = r->conn[(what >> 4) % r->nconns];
	switch (what & 15) {
	case 0:
	case 1:
		(void)!ustack_send(s, c, &iov, 1);
		break;
	case 2:
		(void)!ustack_send_urgent(s, c, &iov, 1);
		break;
	case 3:
		(void)!ustack_recv(s, c, &iov, 1, much & 1 ? USTACK_PEEK : 0);
		break;
	case 4:
		(void)ustack_shutdown(s, c);
		break;
	case 5:
		(void)ustack_shutdown_read(s, c);
		break;
	case 6:
		(void)ustack_close(s, c);
		break;
	case 7:
		(void)ustack_abort(s, c);
		break;
	case 8:
		(void)!ustack_splice(s, c, r->conn[0], 1u + much * 64u);
		break;
	case 9:
		ustack_consume(s, c, much);
		break;
	default:
		value = (uint64_t)fuzz_u16(r->in) << (fuzz_u8(r->in) & 31);
		(void)ustack_setopt(s, c, (enum ustack_opt)(much % USTACK_OPTS),
				    value);
		(void)!ustack_getopt(
			s, c, (enum ustack_opt)(much % USTACK_OPTS), &value);
		break;
	}
}

/* Other settings under whatever there is; most are refused by their sums. */
static void reconfigure(struct rig *r)
{
	struct ustack_config cfg = *ustack_settings(r->h.s);

	cfg.syn_backlog = 1u << (fuzz_u8(r->in) & 15);
	cfg.max_conns = 1u + fuzz_u8(r->in);
	cfg.rcvbuf_max = 4096u << (fuzz_u8(r->in) & 15);
	cfg.mem_limit_bytes = (uint64_t)fuzz_u8(r->in) << 20;
	cfg.sack = fuzz_u8(r->in) & 1;
	cfg.max_time_wait = fuzz_u8(r->in) & 3;
	(void)!ustack_reconfigure(r->h.s, &cfg);
}

/* The link: full or not, broken, of another size, under other addresses. */
static void op_link(struct rig *r)
{
	uint8_t what = fuzz_u8(r->in);
	struct ustack_addrs a = { .naddrs = 0 };
	struct ustack_config cfg;

	switch (what & 3) {
	case 0:
		r->blocked = 0;
		break;
	case 1:
		r->blocked = what & 4 ? -ERR_AGAIN : -ERR_NOBUFS;
		break;
	case 2:
		if (what & 4)
			reconfigure(r);
		else
			(void)!ustack_set_mtu(r->h.s, 1280u + what);
		break;
	default:
		vhost_config(&cfg);
		a.naddrs = what & 4 ? cfg.naddrs : 0;
		memcpy(a.addr, cfg.addr, sizeof(a.addr));
		(void)!ustack_set_addrs(r->h.s, &a);
		break;
	}
}

static void op_impair(struct rig *r)
{
	static const char *const rules[] = {
		"loss 30%",
		"delay 30ms 20ms",
		"out duplicate 50%",
		"in corrupt 20%",
		"reorder 40% delay 10ms",
		"loss 20% ecn rate 1mbit limit 5",
		"both port 7 silent for 1s",
		"in loss gemodel 10% 30% 70% 1%",
	};
	uint8_t what = fuzz_u8(r->in);
	struct impair_lang_err err;
	struct impair_rule rule;
	uint32_t id;

	if (!r->h.im)
		return;
	if (what & 0x80) {
		(void)impair_clear(r->h.im, 1u + (what & 7u));
		return;
	}
	FUZZ_CHECK(!impair_rule_parse(rules[what & 7], &rule, &err),
		   "a rule of ours is refused");
	(void)!impair_set(r->h.im, &rule, r->h.now_us, &id);
}

static void look(struct rig *r)
{
	struct ustack_info info[4];
	struct ustack_gauges g;
	uint64_t cursor = 0;

	for (uint32_t i = 0; i < 64; i++)
		if (ustack_walk(r->h.s, &cursor, info, 4) == 0)
			break;
	ustack_gauges(r->h.s, &g);
	FUZZ_CHECK(g.mem_used <= g.mem_limit, "over budget");
}

static void (*const ops[16])(struct rig *r) = {
	op_raw,	     op_segment, op_segment,	op_segment,
	op_segment,  op_time,	 op_time,	op_app,
	op_app,	     op_connect, op_icmp_error, op_turn_round,
	op_fragment, op_ping,	 op_link,	op_impair,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	struct rig *r = calloc(1, sizeof(*r));
	const char *left;

	FUZZ_CHECK(r, "out of memory");
	set_up(r, &in);
	for (uint32_t i = 0; i < OPS_MAX && in.left > 0; i++) {
		uint8_t op = fuzz_u8(&in);

		ops[op & 15](r);
		if (!(op & 0x80)) /* several before the stack acts */
			run(r);
	}
	look(r);
	left = vhost_fini(&r->h);
	FUZZ_CHECK(!left, "%s is left", left);
	free(r);
	return 0;
}

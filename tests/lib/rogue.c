/* SPDX-License-Identifier: MIT */
/*
 * rogue.c - a receiver with bad habits
 *
 * It is as small as a receiver can be: it opens, keeps a set of the bytes it
 * has, and answers each segment.  Positions are those of the stack's stream,
 * 0 being the byte behind its SYN.
 */

#include "rogue.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ranges.h"
#include "stack/base/bytes.h"
#include "stack/base/seq.h"
#include "stack/wire/tcp_opt.h"
#include "world.h"

#define PORT	    7u
#define ISN	    0x10203040u
#define WINDOW	    (15u << 20)
#define SHIFT	    8u
#define SYN_GAP_US  1000000u
#define DELACK_US   50000u
#define PERIOD	    65521u
#define CHUNK	    16384u
#define PHANTOM_LEN 3000u

/**
 * struct rogue - the receiver and the service it is served by
 * @w:		the world; host[0] has the stack
 * @a:		arguments
 * @r:		result
 * @open:	the SYN-ACK came
 * @irs:	the stack's ISN
 * @got:	what it has
 * @high:	end of what ever came
 * @sent_high:	end of what was ever sent
 * @acked:	furthest byte acknowledged
 * @edge:	window announced last, as a position
 * @recent:	a byte of each block reported lately
 * @ts_recent:	timestamp to echo
 * @fin:	the stack's FIN was taken
 * @news:	segments since the last acknowledgement
 * @answers:	acknowledgements sent
 * @wake_us:	it wants to act then
 * @conn:	the service's
 * @sent:	bytes the service has written
 * @over:	its connection has ended
 */
struct rogue {
	struct world w;
	struct world_foreign me;
	const struct rogue_args *a;
	struct rogue_result r;
	bool open;
	uint32_t irs;
	struct ranges got;
	uint64_t high;
	uint64_t sent_high;
	uint64_t acked;
	uint64_t edge;
	uint64_t recent[TCP_SACK_MAX];
	uint32_t ts_recent;
	bool fin;
	uint32_t news;
	uint32_t answers;
	uint64_t wake_us;
	struct ustack_conn conn;
	uint32_t sent;
	bool over;
};

__attribute__((format(printf, 2, 3))) static void fail(struct rogue *g,
						       const char *fmt, ...)
{
	va_list ap;

	if (g->r.failure[0])
		return;
	va_start(ap, fmt);
	vsnprintf(g->r.failure, sizeof(g->r.failure), fmt, ap);
	va_end(ap);
}

static uint8_t byte_at(uint64_t pos)
{
	return (uint8_t)((uint32_t)(pos % PERIOD) * 2654435761u >> 24);
}

/* ---------------------------------------------------------------- sending */

static void transmit(struct rogue *g, struct tcp_hdr h, struct tcp_opts *o)
{
	uint8_t opt[TCP_OPT_MAX];

	if (!g->a->habits.no_ts) {
		o->has |= TCP_OPT_HAS_TS;
		o->tsval = (uint32_t)(g->w.now_us / 1000);
		o->tsecr = g->ts_recent;
	}
	h.sport = 40000;
	h.dport = PORT;
	world_send(&g->w, 1, vpkt_segment(1, h, opt, tcp_opt_build(opt, o)));
}

static uint8_t shift_of(const struct rogue *g)
{
	return g->a->habits.window && g->a->habits.window < 65536 ? 0 : SHIFT;
}

static void send_syn(struct rogue *g)
{
	struct tcp_opts o = { .mss = ROGUE_MSS, .wscale = shift_of(g) };

	o.has = TCP_OPT_HAS_MSS | TCP_OPT_HAS_WSCALE;
	if (!g->a->habits.no_sack)
		o.has |= TCP_OPT_HAS_SACK_OK;
	transmit(g,
		 (struct tcp_hdr){ .seq = ISN, .flags = TCP_SYN, .wnd = 8192 },
		 &o);
}

static uint32_t seq_at(const struct rogue *g, uint64_t pos)
{
	return g->irs + 1 + (uint32_t)pos;
}

static uint64_t position(const struct rogue *g, uint32_t seq)
{
	return g->got.floor +
	       (uint64_t)(int64_t)(int32_t)(seq - seq_at(g, g->got.floor));
}

static void put_block(struct tcp_opts *o, uint32_t start, uint32_t end)
{
	if (o->nsack < TCP_SACK_MAX)
		o->sack[o->nsack++] = (struct tcp_sack){ start, end };
}

/* The latest first (RFC 2018 section 4), each block once. */
static void put_honest(const struct rogue *g, struct tcp_opts *o)
{
	uint32_t seen[TCP_SACK_MAX];
	uint32_t nseen = 0;

	for (uint32_t k = 0; k < TCP_SACK_MAX; k++) {
		uint32_t i = ranges_find(&g->got, g->recent[k] + 1);
		bool again = i >= g->got.n ||
			     g->got.range[i].from > g->recent[k];

		for (uint32_t j = 0; j < nseen; j++)
			again = again || seen[j] == i;
		if (again)
			continue;
		seen[nseen++] = i;
		put_block(o, seq_at(g, g->got.range[i].from),
			  seq_at(g, g->got.range[i].to));
	}
}

static void put_junk(const struct rogue *g, struct tcp_opts *o)
{
	uint32_t una = seq_at(g, g->acked);

	switch (g->answers % 5) {
	case 0: /* inverted */
		put_block(o, una + 5000, una + 2000);
		break;
	case 1: /* empty */
		put_block(o, una + 1460, una + 1460);
		break;
	case 2: /* half of the sequence space */
		put_block(o, una + 1, una + 0x7fffffff);
		break;
	case 3: /* from before to beyond */
		put_block(o, una - 100000, una + 100000);
		break;
	default: /* old: reads as DSACK */
		put_block(o, una - 1460, una);
		break;
	}
}

static void put_sack(const struct rogue *g, struct tcp_opts *o)
{
	if (g->a->habits.no_sack)
		return;
	if (g->a->habits.junk)
		put_junk(g, o);
	if (g->a->habits.phantom)
		put_block(o, seq_at(g, g->sent_high + 1),
			  seq_at(g, g->sent_high + 1 + PHANTOM_LEN));
	put_honest(g, o);
	if (o->nsack > 0)
		o->has |= TCP_OPT_HAS_SACK;
}

static uint32_t window_now(const struct rogue *g)
{
	const struct rogue_habits *h = &g->a->habits;

	if (h->shrinks && g->answers % 2)
		return h->shrink_to;
	return h->window ? h->window : WINDOW;
}

static void send_ack(struct rogue *g, uint64_t pos, uint8_t flags)
{
	uint32_t window = window_now(g) >> shift_of(g);
	struct tcp_opts o = { 0 };

	put_sack(g, &o);
	transmit(g,
		 (struct tcp_hdr){ .seq = ISN + 1,
				   .ack = seq_at(g, pos) + g->fin,
				   .wnd = (uint16_t)min_u32(window, 65535),
				   .flags = (uint8_t)(TCP_ACK | flags) },
		 &o);
	if (pos > g->high)
		return;
	g->answers++;
	g->edge = pos + (window << shift_of(g));
	g->acked = max_u64(g->acked, pos);
}

static void answer(struct rogue *g)
{
	const struct rogue_habits *h = &g->a->habits;
	uint64_t to = min_u64(g->got.floor + h->ahead,
			      max_u64(g->high, g->got.floor));

	if (h->unsent && g->high > 0)
		send_ack(g, g->sent_high + h->unsent, 0);
	for (uint64_t at = g->acked + h->piece; h->piece && at < to;
	     at += h->piece)
		send_ack(g, at, 0);
	send_ack(g, to, g->fin ? TCP_FIN : 0);
	g->news = 0;
	g->wake_us = USTACK_NEVER;
}

/* -------------------------------------------------------------- receiving */

static bool refuses(const struct rogue *g, uint64_t pos, uint32_t len)
{
	const struct rogue_habits *h = &g->a->habits;

	if (h->shrinks && pos + len > g->edge)
		return true;
	return h->skip_every && pos >= h->skip_from && pos < h->skip_to &&
	       pos >= g->high && g->r.segs % h->skip_every == 0;
}

static void remember(struct rogue *g, uint64_t pos)
{
	memmove(g->recent + 1, g->recent,
		(TCP_SACK_MAX - 1) * sizeof(g->recent[0]));
	g->recent[0] = pos;
}

static void take(struct rogue *g, uint64_t pos, const uint8_t *b, uint32_t len)
{
	const struct rogue_habits *h = &g->a->habits;
	bool takes = !refuses(g, pos, len);
	struct ustack_info info;

	g->r.segs++;
	g->high = max_u64(g->high, pos + len);
	if (ustack_info(g->w.host[0].s, g->conn, &info) == 0)
		g->r.flight_max = max_u64(g->r.flight_max, info.unacked);
	for (uint32_t i = 0; i < len; i++)
		if (b[i] != byte_at(pos + i))
			fail(g, "byte %llu is wrong",
			     (unsigned long long)(pos + i));
	if (takes) {
		ranges_add(&g->got, pos, pos + len);
		remember(g, pos);
	}
	if (h->renege_every && g->r.segs % h->renege_every == 0)
		g->got.n = 0;
	if (++g->news >= h->ack_every || g->got.n > 0)
		answer(g);
	else if (g->wake_us == USTACK_NEVER)
		g->wake_us = g->w.now_us + DELACK_US;
}

static void on_synack(struct rogue *g, const struct tcp_hdr *h)
{
	if (!g->open) {
		g->open = true;
		g->irs = h->seq;
	}
	answer(g);
}

/* RFC 7323 section 4.3, but for the delayed acknowledgement: the last in order. */
static void note_ts(struct rogue *g, const struct tcp_hdr *h,
		    const uint8_t *tcp)
{
	struct tcp_opts o;

	tcp_opt_parse(&o, tcp + TCP_HDR_MIN, h->hdr_len - TCP_HDR_MIN);
	if (!(o.has & TCP_OPT_HAS_TS))
		return;
	if (!g->open || seq_leq(h->seq, seq_at(g, g->got.floor)))
		g->ts_recent = o.tsval;
}

static void segment(struct rogue *g, const struct vpkt *p)
{
	uint32_t len = 0;
	const uint8_t *tcp = vpkt_tcp(p, &len);
	struct tcp_hdr h;
	uint64_t pos;

	if (!tcp || tcp_hdr_parse(&h, tcp, p->len - p->l4_off) < 0)
		return;
	note_ts(g, &h, tcp);
	if (h.flags & TCP_RST)
		fail(g, "it was reset");
	if (h.flags & TCP_SYN) {
		on_synack(g, &h);
		return;
	}
	if (!g->open)
		return;
	pos = position(g, h.seq);
	if (len > 0 && !g->fin)
		take(g, pos, tcp + h.hdr_len, len);
	if (h.flags & TCP_FIN && pos + len == g->got.floor) {
		g->fin = true;
		answer(g);
	} else if (len == 0 && seq_gt(seq_at(g, g->got.floor), h.seq)) {
		answer(g); /* a probe for a sign of life */
	}
}

static void on_input(void *ctx, struct vpkt *p)
{
	segment(ctx, p);
	free(p);
}

/* What lies beyond is certain not to have been sent. */
static void on_seen(void *ctx, int from, const struct vpkt *p,
		    enum path_fate fate)
{
	struct rogue *g = ctx;
	uint32_t len = 0;
	const uint8_t *tcp = vpkt_tcp(p, &len);
	uint64_t end;

	(void)fate;
	if (from == 1 || !tcp || !g->open)
		return;
	end = position(g, be32_load(tcp + 4)) + len + !!(tcp[13] & TCP_FIN);
	g->sent_high = max_u64(g->sent_high, end);
}

static uint64_t on_run(void *ctx, uint64_t now_us)
{
	struct rogue *g = ctx;

	if (now_us < g->wake_us)
		return g->wake_us;
	if (g->open) {
		answer(g);
	} else {
		send_syn(g);
		g->wake_us = now_us + SYN_GAP_US;
	}
	return g->wake_us;
}

/* ---------------------------------------------------------------- service */

static struct rogue *rogue_of(uint64_t ctx)
{
	return (struct rogue *)(uintptr_t)ctx;
}

static void write_some(struct rogue *g)
{
	struct ustack *s = g->w.host[0].s;
	uint8_t buf[CHUNK];

	while (g->sent < g->a->bytes) {
		struct ustack_iov iov = { .base = buf,
					  .len = min_u32(g->a->bytes - g->sent,
							 CHUNK) };
		ptrdiff_t n;

		for (uint32_t i = 0; i < iov.len; i++)
			buf[i] = byte_at(g->sent + i);
		n = ustack_send(s, g->conn, &iov, 1);
		if (n <= 0)
			return;
		g->sent += (uint32_t)n;
	}
	if (ustack_shutdown(s, g->conn) < 0)
		fail(g, "shutdown refused");
}

static int on_accept(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)s;
	rogue_of(ctx)->conn = c;
	write_some(rogue_of(ctx));
	return 0;
}

static void on_writable(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)s;
	(void)c;
	write_some(rogue_of(ctx));
}

/* It waits for the rogue's end: nobody may call it an orphan (6429-1). */
static void on_peer_closed(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)ctx;
	ustack_close(s, c);
}

static void on_closed(struct ustack *s, struct ustack_conn c, uint64_t ctx,
		      enum ustack_reason why)
{
	struct rogue *g = rogue_of(ctx);

	(void)s;
	(void)c;
	g->over = true;
	if (why != USTACK_END_NORMAL)
		fail(g, "it ended: %s", ustack_reason_name(why));
}

static const struct ustack_ops ops = {
	.accept = on_accept,
	.writable = on_writable,
	.peer_closed = on_peer_closed,
	.closed = on_closed,
};

static void set_up(struct rogue *g, const struct rogue_args *a)
{
	struct ustack_listen_args l = { .port = PORT,
					.backlog = 1,
					.ctx = (uint64_t)(uintptr_t)g };
	struct ustack_config cfg[2];

	g->a = a;
	g->me = (struct world_foreign){ .input = on_input,
					.run = on_run,
					.ctx = g };
	vhost_config(&cfg[0]);
	cfg[0].mem_limit_bytes = 64u << 20;
	cfg[0].sndbuf_max = 32u << 20;
	cfg[0].nodelay = true;
	if (a->tweak)
		a->tweak(&cfg[0]);
	cfg[1] = cfg[0];
	world_init(&g->w, cfg, a->seed);
	memcpy(g->w.path, a->path, sizeof(g->w.path));
	for (int i = 0; i < 2; i++)
		g->w.path[i].split = true; /* the rogue has no offload */
	g->w.foreign = &g->me;
	g->w.trace = a->trace;
	g->w.seen = on_seen;
	g->w.ctx = g;
	l.ops_id = ustack_ops_register(g->w.host[0].s, &ops);
	if (ustack_listen(g->w.host[0].s, &l) < 0)
		fail(g, "listen refused");
}

static void live(struct rogue *g)
{
	uint64_t end = VHOST_START_US + g->a->limit_us;

	while (!g->over && !g->r.failure[0])
		if (!world_step(&g->w, end))
			break;
	g->r.us = g->w.now_us - VHOST_START_US;
	g->r.timeouts = ustack_counters(g->w.host[0].s)[USTACK_C_TCP_TIMEOUTS];
	if (g->got.floor != g->a->bytes)
		fail(g, "%llu of %u bytes came",
		     (unsigned long long)g->got.floor, g->a->bytes);
	else if (!g->over)
		fail(g, "it did not end");
}

struct rogue_result rogue_run(const struct rogue_args *a)
{
	struct rogue *g = calloc(1, sizeof(*g));
	struct rogue_result r;
	const char *left;

	if (!g)
		abort();
	set_up(g, a);
	live(g);
	left = world_fini(&g->w);
	if (left)
		fail(g, "%s is left", left);
	ranges_fini(&g->got);
	r = g->r;
	free(g);
	return r;
}

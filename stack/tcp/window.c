/* SPDX-License-Identifier: MIT */
/*
 * window.c - receive window (RFC 9293 sections 3.8.6 and 3.8.6.2.2) and the
 *	      size of both buffers
 */

#include "window.h"

#include "isn.h"

#define WND_FIELD_MAX 65535u
#define RCVBUF_LEAST  4096u
#define RCVBUF_FLOOR  1460u    /* a segment: once all else is promised */
#define ROUND_SPARE   16u      /* segments beyond twice a round's, as Linux */
#define PAUSE_US      1000000u /* a round this long was no round trip */
#define SNDBUF_LEAST  4096u

static uint64_t promise_limit(const struct tcp *t)
{
	return t->s->cfg.mem_limit_bytes / 2;
}

uint32_t tcp_wnd_initial(const struct tcp *t)
{
	uint64_t limit = promise_limit(t);
	uint64_t rest = limit > t->promised ? limit - t->promised : 0;
	uint32_t least = rest ? RCVBUF_LEAST : RCVBUF_FLOOR;

	if (t->s->pressure.on)
		return RCVBUF_FLOOR;
	/* A share of what is left: many connections get small buffers. */
	return (uint32_t)min_u64(max_u64(rest / 64, least),
				 t->s->cfg.rcvbuf_init);
}

/* Bytes that the peer may still send, and those that wait to be read. */
static uint32_t announced(const struct tcp_conn *c)
{
	return seq_gt(c->rcv.adv, c->rcvq.start) ? c->rcv.adv - c->rcvq.start
						 : 0;
}

static void charge(struct tcp_conn *c, uint32_t bytes)
{
	c->t->promised += bytes;
	c->t->promised -= c->rcv.charge;
	c->rcv.charge = bytes;
}

static void cover(struct tcp_conn *c)
{
	charge(c, max_u32(c->rcv.buf, announced(c)));
}

void tcp_wnd_open(struct tcp_conn *c)
{
	c->rcv.buf = tcp_wnd_initial(c->t);
	charge(c, c->rcv.buf);
}

void tcp_wnd_close(struct tcp_conn *c)
{
	charge(c, 0);
	c->rcv.buf = 0;
}

uint8_t tcp_wnd_shift(const struct ustack *s)
{
	return s->tcp->wscale;
}

uint8_t tcp_wnd_scale(const struct ustack_config *cfg)
{
	uint8_t shift = 0;

	if (cfg->wscale_shift != USTACK_WSCALE_AUTO)
		return cfg->wscale_shift;
	while (shift < TCP_WSCALE_MAX &&
	       cfg->rcvbuf_max >> shift > WND_FIELD_MAX)
		shift++;
	return shift;
}

static uint8_t shift_in_use(const struct tcp_conn *c)
{
	return c->flags & CF_WSCALE ? c->rcv.wscale : 0;
}

/* The buffer, or what there is for sure while memory is short.  Not only while
 * it is low: what is announced in a better moment would be dropped in the next.
 */
static uint32_t buffer_now(const struct tcp_conn *c)
{
	if (__builtin_expect(c->t->s->pressure.on, 0))
		return min_u32(c->rcv.buf, RCVBUF_FLOOR);
	return c->rcv.buf;
}

/* Room in the buffer, as far as a window field can say it. */
static uint32_t free_space(const struct tcp_conn *c)
{
	uint32_t held = c->rcvq.bytes;
	uint32_t buf = buffer_now(c);
	uint32_t room = buf > held ? buf - held : 0;

	return min_u32(room, WND_FIELD_MAX << shift_in_use(c));
}

/* Step by which the edge may move: a segment, or half of the buffer that a
 * window field can tell of, on a link whose segments are larger (MUST-39).
 */
static uint32_t least_step(const struct tcp_conn *c)
{
	uint32_t most = min_u32(buffer_now(c),
				WND_FIELD_MAX << shift_in_use(c));

	return min_u32(most / 2, max_u32(c->rec.adv_mss, 1));
}

uint16_t tcp_wnd_announce(struct tcp_conn *c)
{
	uint8_t shift = shift_in_use(c);
	uint32_t wnd = tcp_rcv_wnd(c);
	uint32_t space = free_space(c);
	uint32_t field;

	/* TIME-WAIT repeats what the connection's last ACK said. */
	if (!(c->flags & CF_DETACHED) && space > wnd &&
	    space - wnd >= least_step(c)) {
		c->rcv.adv = c->rcv.nxt + space;
		wnd = space;
	}
	if (c->rcv.charge !=
	    c->rcv.buf) /* it shrank: give back what is used up */
		cover(c);
	field = (wnd + (1u << shift) - 1) >> shift;
	c->rcv.edge = seq_max(c->rcv.edge, c->rcv.nxt + (field << shift));
	return (uint16_t)field;
}

uint32_t tcp_wnd_accept(const struct tcp_conn *c)
{
	return seq_gt(c->rcv.edge, c->rcv.nxt) ? c->rcv.edge - c->rcv.nxt : 0;
}

/* Half of what the others leave. */
static uint32_t fair_share(const struct tcp_conn *c)
{
	uint64_t others = c->t->promised - c->rcv.charge;
	uint64_t limit = promise_limit(c->t);
	uint64_t rest = limit > others ? limit - others : 0;

	if (c->t->s->pressure.on)
		return RCVBUF_FLOOR;
	return (uint32_t)min_u64(rest / 2, UINT32_MAX);
}

static uint32_t round_clock(const struct tcp_conn *c)
{
	if (c->flags & CF_TS)
		return tcp_ts_now(c->t) + c->ts.offset;
	return (uint32_t)tcp_now(c);
}

/* Microseconds since the round began, if it is over; else 0. */
static uint64_t round_us(const struct tcp_conn *c, const struct tcp_opts *o)
{
	uint32_t gone = round_clock(c) - c->rcv.round;
	uint32_t rtt_us = c->rtt.srtt_us ? c->rtt.srtt_us
					 : c->t->s->cfg.rto_init_us;

	if (!(c->flags & CF_TS))
		return gone >= rtt_us ? gone : 0;
	if (!(o->has & TCP_OPT_HAS_TS) || !seq_gt(o->tsecr, c->rcv.round))
		return 0;
	return gone * (uint64_t)1000;
}

void tcp_wnd_begin(struct tcp_conn *c)
{
	c->rcv.round = round_clock(c);
	c->rcv.read = 0;
	cover(c);
}

void tcp_wnd_round(struct tcp_conn *c, const struct tcp_opts *o)
{
	uint32_t first;
	uint64_t took_us;
	uint64_t want;

	if (c->flags & (CF_RCVBUF_LOCK | CF_FIN_SEEN))
		return;
	took_us = round_us(c, o);
	if (took_us == 0)
		return;
	want = 2 * (uint64_t)c->rcv.read + ROUND_SPARE * c->rec.adv_mss;
	want = min_u64(want, c->t->s->cfg.rcvbuf_max);
	if (want < c->rcv.buf && took_us < PAUSE_US)
		want = c->rcv.buf;
	first = tcp_wnd_initial(c->t);
	c->rcv.buf = (uint32_t)min_u64(max_u64(want, first),
				       max_u32(fair_share(c), first));
	tcp_wnd_begin(c);
}

void tcp_wnd_consumed(struct tcp_conn *c, uint32_t len)
{
	uint32_t wnd = tcp_rcv_wnd(c);
	uint32_t space;

	c->rcv.read += len;
	cover(c);
	space = free_space(c);
	/* Worth a segment of its own: the window doubles (as Linux). */
	if (space > wnd && space - wnd >= max_u32(least_step(c), wnd))
		c->flags |= CF_ACK_NOW;
}

void tcp_wnd_set_buf(struct tcp_conn *c, uint32_t bytes)
{
	c->rcv.buf = min_u32(bytes, max_u32(fair_share(c), RCVBUF_LEAST));
	c->flags |= CF_RCVBUF_LOCK;
	cover(c);
}

void tcp_snd_open(struct tcp_conn *c)
{
	const struct ustack_config *cfg = &c->t->s->cfg;

	c->snd.buf = min_u32(cfg->sndbuf_init, cfg->sndbuf_max);
}

uint32_t tcp_snd_most(const struct tcp_conn *c)
{
	return c->opts & OF_SNDBUF ? c->snd.buf : c->t->s->cfg.sndbuf_max;
}

void tcp_snd_grow(struct tcp_conn *c)
{
	uint64_t want = min_u64(2 * (uint64_t)c->cc.cwnd, tcp_snd_most(c));

	if (want > c->snd.buf)
		c->snd.buf = (uint32_t)want;
}

uint32_t tcp_snd_limit(const struct tcp_conn *c)
{
	const struct mem *m = &c->t->s->mem;
	uint64_t most = m->budget / 4 * 3;
	uint64_t rest = most > m->used ? most - m->used : 0;

	/* An eighth of what is left, so that many end up with little each. */
	return (uint32_t)min_u64(c->snd.buf, max_u64(rest / 8, SNDBUF_LEAST));
}

/* SPDX-License-Identifier: MIT */
/*
 * window.c - receive window (RFC 9293 sections 3.8.6 and 3.8.6.2.2)
 */

#include "window.h"

#define WND_FIELD_MAX 65535u
#define RCVBUF_LEAST  4096u

static uint64_t promise_limit(const struct tcp *t)
{
	return t->s->cfg.mem_limit_bytes / 2;
}

uint32_t tcp_wnd_initial(const struct tcp *t)
{
	uint64_t limit = promise_limit(t);
	uint64_t rest = limit > t->promised ? limit - t->promised : 0;

	/* A share of what is left: many connections get small buffers. */
	rest = max_u64(rest / 64, RCVBUF_LEAST);
	return (uint32_t)min_u64(rest, t->s->cfg.rcvbuf_init);
}

void tcp_wnd_open(struct tcp_conn *c)
{
	c->rcv.buf = tcp_wnd_initial(c->t);
	c->t->promised += c->rcv.buf;
}

void tcp_wnd_close(struct tcp_conn *c)
{
	c->t->promised -= c->rcv.buf;
	c->rcv.buf = 0;
}

uint8_t tcp_wnd_shift(const struct ustack *s)
{
	uint8_t shift = 0;

	while (shift < TCP_WSCALE_MAX &&
	       s->cfg.rcvbuf_max >> shift > WND_FIELD_MAX)
		shift++;
	return shift;
}

static uint8_t shift_in_use(const struct tcp_conn *c)
{
	return c->flags & CF_WSCALE ? c->rcv.wscale : 0;
}

/* Room in the buffer, as far as a window field can say it. */
static uint32_t free_space(const struct tcp_conn *c)
{
	uint32_t held = c->rcvq.bytes;
	uint32_t room = c->rcv.buf > held ? c->rcv.buf - held : 0;

	return min_u32(room, WND_FIELD_MAX << shift_in_use(c));
}

/* Step by which the edge may move (MUST-39). */
static uint32_t least_step(const struct tcp_conn *c)
{
	return min_u32(c->rcv.buf / 2, max_u32(c->rec.adv_mss, 1));
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
	field = (wnd + (1u << shift) - 1) >> shift;
	c->rcv.edge = seq_max(c->rcv.edge, c->rcv.nxt + (field << shift));
	return (uint16_t)field;
}

uint32_t tcp_wnd_accept(const struct tcp_conn *c)
{
	return seq_gt(c->rcv.edge, c->rcv.nxt) ? c->rcv.edge - c->rcv.nxt : 0;
}

/* A window's worth came and was read while the round lasted: double. */
static void grow(struct tcp_conn *c)
{
	struct tcp *t = c->t;
	uint32_t more = c->rcv.buf;

	if (seq_lt(c->rcv.nxt, c->rcv.round))
		return;
	if (c->rcv.read >= c->rcv.buf / 2 && !(c->flags & CF_RCVBUF_LOCK) &&
	    c->rcv.buf < t->s->cfg.rcvbuf_max) {
		more = min_u32(more, t->s->cfg.rcvbuf_max - c->rcv.buf);
		if (t->promised + more <= promise_limit(t)) {
			c->rcv.buf += more;
			t->promised += more;
		}
	}
	c->rcv.read = 0;
	c->rcv.round = c->rcv.nxt + c->rcv.buf / 2;
}

void tcp_wnd_consumed(struct tcp_conn *c, uint32_t len)
{
	uint32_t wnd = tcp_rcv_wnd(c);
	uint32_t space;

	c->rcv.read += len;
	grow(c);
	space = free_space(c);
	/* Worth a segment of its own: the window doubles (as Linux). */
	if (space > wnd && space - wnd >= max_u32(least_step(c), wnd))
		c->flags |= CF_ACK_NOW;
}

void tcp_wnd_set_buf(struct tcp_conn *c, uint32_t bytes)
{
	c->t->promised -= c->rcv.buf;
	c->rcv.buf = bytes;
	c->t->promised += c->rcv.buf;
	c->flags |= CF_RCVBUF_LOCK;
}

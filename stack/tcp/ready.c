/* SPDX-License-Identifier: MIT */
/*
 * ready.c - asking instead of being called: readiness, reading by copy,
 *	     accepting by hand
 *
 * What a socket layer needs beside the callbacks.
 */

#include "backlog.h"
#include "conn.h"
#include "extra.h"
#include "urgent.h"
#include "window.h"

/* ---------------------------------------------------------------- reading */

/* The stream has ended for the reader. */
static bool at_end(const struct tcp_conn *c)
{
	return c->flags & (CF_FIN_RCVD | CF_DETACHED) || c->opts & OF_SHUT_RD;
}

/* Room enough to be worth a wake-up: a third of the buffer, as Linux, or all
 * that there can be while memory is low.
 */
static bool may_write(const struct tcp_conn *c)
{
	uint32_t worth = stack_mem_low(c->t->s) ? 1 : c->snd.buf / 3;

	return c->state >= USTACK_ESTABLISHED && tcp_send_space(c) >= worth;
}

static uint32_t poll_bits(const struct tcp_conn *c)
{
	bool over = (c->flags & CF_DETACHED) != 0;
	uint32_t bits = 0;

	if (c->rcvq.bytes > 0 || at_end(c))
		bits |= USTACK_POLL_READABLE;
	if (over || c->flags & CF_SHUT || may_write(c))
		bits |= USTACK_POLL_WRITABLE;
	if (over || (c->flags & CF_SHUT && at_end(c)))
		bits |= USTACK_POLL_HUP;
	if (at_end(c))
		bits |= USTACK_POLL_PEER_CLOSED;
	if (c->err)
		bits |= USTACK_POLL_ERROR;
	if (tcp_urgent_left(c))
		bits |= USTACK_POLL_PRIORITY;
	return bits;
}

uint32_t ustack_poll(struct ustack *s, struct ustack_conn h)
{
	const struct tcp_conn *c = tcp_conn_get(s->tcp, h);

	return c ? poll_bits(c) : USTACK_POLL_INVALID;
}

/* Copy from stream position @pos on, at most up to @end. */
static uint32_t copy_out(const struct tcp_conn *c, uint32_t pos, uint32_t end,
			 const struct ustack_iov *iov)
{
	uint32_t want = (uint32_t)min_u64(iov->len, end - pos);
	uint32_t done = 0;
	struct slice sl;

	while (done < want &&
	       sliceq_peek(&c->rcvq, pos + done, want - done, &sl, 1) > 0) {
		memcpy((uint8_t *)iov->base + done, sl.buf->data + sl.off,
		       sl.len);
		done += sl.len;
	}
	return done;
}

/* A read stops in front of the last urgent byte, and behind it. */
static uint32_t read_end(const struct tcp_conn *c)
{
	uint32_t left = tcp_urgent_left(c);
	uint32_t n = c->rcvq.bytes;

	if (left > 0)
		n = min_u32(n, left > 1 ? left - 1 : 1);
	return c->rcvq.start + n;
}

static ptrdiff_t nothing_to_read(struct tcp_conn *c)
{
	int err = c->err;

	c->err = ERR_NONE;
	if (err)
		return -err;
	return at_end(c) ? 0 : -ERR_AGAIN;
}

ptrdiff_t ustack_recv(struct ustack *s, struct ustack_conn h,
		      const struct ustack_iov *iov, uint32_t n, uint32_t flags)
{
	struct tcp_conn *c = tcp_conn_get(s->tcp, h);
	uint32_t pos, end;

	if (!c)
		return -ERR_NOENT;
	if (c->rcvq.bytes == 0)
		return nothing_to_read(c);
	pos = c->rcvq.start;
	end = read_end(c);
	for (uint32_t i = 0; i < n && pos != end; i++)
		pos += copy_out(c, pos, end, &iov[i]);
	n = pos - c->rcvq.start;
	if (!(flags & USTACK_PEEK))
		ustack_consume(s, h, n);
	return (ptrdiff_t)n;
}

/* -------------------------------------------------------------- accepting */

static struct tcp_listener *listener_of(const struct ustack *s, int listener)
{
	if (listener < 0 || listener >= (int)TCP_LISTENERS_MAX ||
	    !s->tcp->listener[listener].used)
		return NULL;
	return &s->tcp->listener[listener];
}

int ustack_accept(struct ustack *s, int listener, struct ustack_conn *h)
{
	struct tcp_listener *l = listener_of(s, listener);
	struct tcp_conn *c;

	if (!l)
		return -ERR_NOENT;
	c = backlog_pop(s->tcp, l);
	if (!c)
		return -ERR_AGAIN;
	c->flags |= CF_EV_READABLE;
	tcp_mark_ready(c);
	*h = tcp_conn_handle(c);
	return 0;
}

uint32_t ustack_poll_listener(struct ustack *s, int listener)
{
	struct tcp_listener *l = listener_of(s, listener);

	if (!l)
		return USTACK_POLL_INVALID;
	return backlog_waits(s->tcp, l) ? USTACK_POLL_READABLE : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * api.c - the calls of ustack.h about connections
 *
 * They mark; ustack_run() acts.  RFC 9293 section 3.10.1 to 3.10.6.
 */

#include "bind.h"
#include "cc.h"
#include "conn.h"
#include "demux.h"
#include "extra.h"
#include "floor.h"
#include "isn.h"
#include "state.h"
#include "tcp.h"
#include "timers.h"
#include "urgent.h"
#include "watch.h"
#include "window.h"

static struct tcp_conn *get(struct ustack *s, struct ustack_conn h)
{
	return tcp_conn_get(s->tcp, h);
}

int ustack_ops_register(struct ustack *s, const struct ustack_ops *ops)
{
	struct tcp *t = s->tcp;

	if (t->nops == USTACK_OPS_MAX)
		return -ERR_LIMIT;
	t->ops[t->nops] = ops;
	return (int)t->nops++;
}

static void start_active(struct tcp_conn *c, const struct tcp_flow_args *f)
{
	struct tcp *t = c->t;

	c->flags |= CF_ACTIVE | CF_SYN_NOW;
	c->snd.iss = tcp_isn(t, f);
	c->snd.una = c->snd.iss;
	c->snd.nxt = c->snd.iss + 1;
	c->ts.offset = tcp_ts_offset(t, f);
	sliceq_init(&c->sndq, c->snd.iss + 1);
	tcp_set_state(c, USTACK_SYN_SENT);
	stack_count(t->s, USTACK_C_TCP_ACTIVE_OPENS);
	tcp_mark_ready(c);
}

int ustack_connect(struct ustack *s, const struct ustack_connect_args *a,
		   struct ustack_conn *h)
{
	struct tcp *t = s->tcp;
	struct ustack_addr local;
	struct tcp_flow_args f = { .local = &local,
				   .remote = &a->remote,
				   .lport = a->lport,
				   .rport = a->rport };
	struct tcp_conn *c;
	int cc = tcp_cc_choose(t, a->cc);
	int r = ip_local_for(s, &a->remote, &a->local, &local);

	if (r < 0)
		return r;
	if (cc < 0 || a->rport == 0 || a->ops_id < 0 ||
	    a->ops_id >= (int)t->nops)
		return -ERR_INVAL;
	if (f.lport == 0)
		f.lport = tcp_port_pick(t, &f);
	else if (!a->bound && tcp_port_bound(t, &local, f.lport))
		return -ERR_ADDRINUSE;
	if (f.lport == 0 || tcp_flow_find(t, &f))
		return -ERR_ADDRINUSE;
	if (t->nconns >= s->cfg.max_conns)
		return -ERR_LIMIT;
	c = tcp_conn_new(t, &f, tcp_next_id(t));
	if (!c)
		return -ERR_NOMEM;
	c->ops_id = (int16_t)a->ops_id;
	c->ctx = a->ctx;
	c->cc.id = (uint8_t)cc;
	c->flow.watch = tcp_watch_new(t);
	start_active(c, &f);
	*h = tcp_conn_handle(c);
	return 0;
}

int ustack_ctx(struct ustack *s, struct ustack_conn h, uint64_t *ctx)
{
	const struct tcp_conn *c = get(s, h);

	if (!c)
		return -ERR_NOENT;
	*ctx = c->ctx;
	return 0;
}

void ustack_set_ctx(struct ustack *s, struct ustack_conn h, uint64_t ctx)
{
	struct tcp_conn *c = get(s, h);

	if (c)
		c->ctx = ctx;
}

/* Why nothing can be sent on @c, 0 = it can. */
static int send_refusal(const struct tcp_conn *c)
{
	if (!c)
		return -ERR_NOENT;
	if (c->flags & CF_DETACHED)
		return -ERR_NOTCONN;
	if (c->flags & CF_SHUT)
		return -ERR_PIPE;
	return 0;
}

/* Nothing was taken: say when there is room.  Where memory is what lacks, no
 * acknowledgement may come to say so; then the timer looks.
 */
static ptrdiff_t no_room(struct tcp_conn *c)
{
	c->flags |= CF_WANT_WRITE;
	if (stack_mem_low(c->t->s) || tcp_send_space(c) > 0) {
		tcp_memory_wait(c);
		tcp_mark_ready(c);
	}
	return -ERR_AGAIN;
}

/* To the send queue, within tcp_send_space(); bytes taken. */
static uint32_t queue_bytes(struct tcp_conn *c, const void *data, uint32_t len)
{
	uint32_t got = 0;

	if (!stack_mem_low(c->t->s))
		got = sliceq_write(&c->sndq, &c->t->s->mem, data, len);
	return got ? got : tcp_floor_write(c, &c->sndq, data, len);
}

/* The same by reference.  An empty queue has its first ring whatever happens,
 * for the first slice; what it grows to is of sizes that others were promised.
 */
static uint32_t queue_moved(struct tcp_conn *c, struct sliceq *from,
			    uint32_t len)
{
	struct mem *m = &c->t->s->mem;
	uint32_t n = 0;
	struct slice first;

	if (c->sndq.bytes == 0) {
		(void)sliceq_peek(from, from->start, len, &first, 1);
		mem_claim(m, true);
		n = sliceq_move(&c->sndq, from, m, first.len);
		mem_claim(m, false);
	}
	return n + sliceq_move(&c->sndq, from, m, len - n);
}

static int queue_slice(struct tcp_conn *c, struct slice sl)
{
	struct mem *m = &c->t->s->mem;
	int r;

	if (c->sndq.bytes > 0 && stack_mem_low(c->t->s))
		return -ERR_NOMEM;
	mem_claim(m, c->sndq.bytes == 0);
	r = sliceq_append(&c->sndq, m, sl);
	mem_claim(m, false);
	return r;
}

ptrdiff_t ustack_send(struct ustack *s, struct ustack_conn h,
		      const struct ustack_iov *iov, uint32_t n)
{
	struct tcp_conn *c = get(s, h);
	int refusal = send_refusal(c);
	bool cut = false;
	ptrdiff_t total = 0;

	if (refusal < 0)
		return refusal;
	for (uint32_t i = 0; i < n && !cut; i++) {
		uint32_t want = (uint32_t)min_u64(iov[i].len,
						  tcp_send_space(c));
		uint32_t got = 0;

		if (want > 0)
			got = queue_bytes(c, iov[i].base, want);
		total += got;
		cut = got < iov[i].len;
	}
	if (total > 0)
		tcp_mark_ready(c);
	if (cut)
		no_room(c);
	return total == 0 && cut ? -ERR_AGAIN : total;
}

/* A slice is taken whole; an empty queue takes any that the buffer could. */
static bool slice_fits(const struct tcp_conn *c, uint32_t len)
{
	return c->sndq.bytes == 0 || len <= tcp_send_space(c);
}

ptrdiff_t ustack_send_buf(struct ustack *s, struct ustack_conn h,
			  struct slice sl)
{
	struct tcp_conn *c = get(s, h);
	int refusal = send_refusal(c);

	if (refusal < 0)
		return refusal;
	if (sl.len == 0)
		return 0;
	if (sl.len > tcp_snd_most(c))
		return -ERR_MSGSIZE;
	if (!slice_fits(c, sl.len) || queue_slice(c, sl) < 0)
		return no_room(c);
	tcp_mark_ready(c);
	return (ptrdiff_t)sl.len;
}

int ustack_peek(struct ustack *s, struct ustack_conn h, struct ustack_iov *iov,
		uint32_t n)
{
	struct tcp_conn *c = get(s, h);
	uint32_t pos, filled = 0;

	if (!c)
		return -ERR_NOENT;
	pos = c->rcvq.start;
	while (filled < n) {
		struct slice sl;

		if (sliceq_peek(&c->rcvq, pos, UINT32_MAX, &sl, 1) == 0)
			break;
		iov[filled].base = sl.buf->data + sl.off;
		iov[filled].len = sl.len;
		filled++;
		pos += sl.len;
	}
	return (int)filled;
}

/* Bytes left the receive queue: the window may open, the end may be near. */
static void consumed(struct tcp_conn *c, uint32_t len)
{
	tcp_urgent_read(c);
	if (!(c->flags & CF_DETACHED))
		tcp_wnd_consumed(c, len);
	if (c->rcvq.bytes == 0 || c->flags & CF_ACK_NOW)
		tcp_mark_ready(c);
}

void ustack_consume(struct ustack *s, struct ustack_conn h, size_t len)
{
	struct tcp_conn *c = get(s, h);
	uint32_t n;

	if (!c)
		return;
	n = (uint32_t)min_u64(len, c->rcvq.bytes);
	sliceq_consume(&c->rcvq, &s->mem, n);
	consumed(c, n);
}

ptrdiff_t ustack_splice(struct ustack *s, struct ustack_conn from,
			struct ustack_conn to, size_t max)
{
	struct tcp_conn *in = get(s, from);
	struct tcp_conn *out = get(s, to);
	int refusal = send_refusal(out);
	uint32_t n;

	if (!in)
		return -ERR_NOENT;
	if (refusal < 0)
		return refusal;
	n = (uint32_t)min_u64(max, in->rcvq.bytes);
	if (n == 0)
		return 0;
	n = min_u32(n, tcp_send_space(out));
	if (n > 0)
		n = queue_moved(out, &in->rcvq, n);
	if (n == 0)
		return no_room(out);
	tcp_mark_ready(out);
	consumed(in, n);
	return (ptrdiff_t)n;
}

size_t ustack_send_room(struct ustack *s, struct ustack_conn h)
{
	struct tcp_conn *c = get(s, h);

	return send_refusal(c) < 0 ? 0 : tcp_send_space(c);
}

int ustack_wake(struct ustack *s, struct ustack_conn h)
{
	struct tcp_conn *c = get(s, h);
	int refusal = send_refusal(c);

	if (refusal < 0)
		return refusal;
	c->flags |= CF_WANT_WRITE | CF_EV_WRITABLE;
	tcp_mark_ready(c);
	return 0;
}

/* No more data from us: the states that CLOSE leads to (3.10.4). */
static void shut(struct tcp_conn *c)
{
	c->flags |= CF_SHUT;
	if (c->state == USTACK_ESTABLISHED)
		tcp_set_state(c, USTACK_FIN_WAIT_1);
	else if (c->state == USTACK_CLOSE_WAIT)
		tcp_set_state(c, USTACK_LAST_ACK);
	tcp_mark_ready(c);
}

int ustack_shutdown(struct ustack *s, struct ustack_conn h)
{
	struct tcp_conn *c = get(s, h);

	if (!c)
		return -ERR_NOENT;
	if (c->flags & CF_DETACHED || c->state == USTACK_SYN_SENT)
		return -ERR_NOTCONN;
	if (!(c->flags & CF_SHUT))
		shut(c);
	return 0;
}

int ustack_shutdown_read(struct ustack *s, struct ustack_conn h)
{
	struct tcp_conn *c = get(s, h);

	if (!c)
		return -ERR_NOENT;
	if (c->flags & CF_DETACHED || c->state == USTACK_SYN_SENT)
		return -ERR_NOTCONN;
	c->opts |= OF_SHUT_RD;
	tcp_discard_received(c);
	tcp_mark_ready(c);
	return 0;
}

int ustack_error(struct ustack *s, struct ustack_conn h)
{
	struct tcp_conn *c = get(s, h);
	int err;

	if (!c)
		return -ERR_NOENT;
	err = c->err;
	c->err = ERR_NONE;
	return -err;
}

int ustack_abort(struct ustack *s, struct ustack_conn h)
{
	struct tcp_conn *c = get(s, h);

	if (!c)
		return -ERR_NOENT;
	c->flags |= c->flags & CF_DETACHED ? CF_ORPHAN : 0;
	tcp_reset(c, USTACK_END_ABORTED);
	tcp_mark_ready(c);
	return 0;
}

int ustack_close(struct ustack *s, struct ustack_conn h)
{
	struct tcp_conn *c = get(s, h);

	if (!c)
		return -ERR_NOENT;
	c->flags |= CF_ORPHAN;
	c->life_at = TIME_NEVER; /* no more waiting to send */
	tcp_mark_ready(c);
	if (c->flags & CF_DETACHED)
		return 0;
	if (c->state == USTACK_SYN_SENT) { /* (9293-a32) */
		tcp_kill(c, USTACK_END_ABORTED);
	} else if (c->rcvq.bytes > 0) { /* (SHLD-3) */
		tcp_count(c, USTACK_C_TCP_ABORT_ON_DATA);
		tcp_reset(c, USTACK_END_ABORTED);
	} else if (c->opts & OF_LINGER && c->x->linger_ms == 0) {
		tcp_count(c, USTACK_C_TCP_ABORT_ON_LINGER);
		tcp_reset(c, USTACK_END_ABORTED);
	} else if (!(c->flags & CF_SHUT)) {
		shut(c);
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * input_data.c - text and FIN of a segment (RFC 9293 section 3.10.7.4, seventh
 *		  and eighth)
 *
 * In order it goes to the receive queue as slices, out of order to the
 * reassembly.  An acknowledgement is due at once for what is out of order or
 * fills a hole (5681-13) and for every second full segment (SHLD-19), else
 * when the delayed-ACK timer says so.
 */

#include "conn.h"
#include "floor.h"
#include "input.h"
#include "reasm.h"
#include "state.h"
#include "window.h"

static bool may_receive(const struct tcp_conn *c)
{
	return c->state == USTACK_ESTABLISHED ||
	       c->state == USTACK_FIN_WAIT_1 || c->state == USTACK_FIN_WAIT_2;
}

/* Nothing counts beyond the peer's FIN (9293-a27). */
static void trim_at_fin(struct tcp_conn *c, struct tcp_seg *seg)
{
	if (!(c->flags & CF_FIN_SEEN) ||
	    seq_leq(seg->seq + seg->len, c->rcv.fin_seq))
		return;
	stack_drop(c->t->s, USTACK_C_DROP_TCP_AFTER_FIN);
	seg->len = seq_lt(seg->seq, c->rcv.fin_seq) ? c->rcv.fin_seq - seg->seq
						    : 0;
}

/* @len bytes came in order: acknowledge now, or soon? */
static void schedule_ack(struct tcp_conn *c, uint32_t len)
{
	uint32_t mss = c->rec.adv_mss;

	if (c->flags & CF_TS)
		mss -= TCP_OPT_TS_LEN;
	if (len > 0 && c->rcv.mss < len)
		c->rcv.mss = (uint16_t)min_u32(len, mss);
	if (c->rcv.nxt - c->rcv.acked >= 2u * c->rcv.mss)
		c->flags |= CF_ACK_NOW;
	else if (c->delack_at == TIME_NEVER)
		c->delack_at = tcp_now(c) + c->t->s->cfg.delack_us;
}

static void received(struct tcp_conn *c, uint32_t len)
{
	c->st.bytes_in += len;
	stack_count_n(c->t->s, USTACK_C_TCP_IN_BYTES, len);
	if (c->opts & OF_SHUT_RD)
		tcp_discard_received(c); /* as BSD; Linux would keep it */
	else if (len > 0)
		c->flags |= CF_EV_READABLE;
}

/* To the receive queue; bytes taken, fewer where memory lacks. */
static uint32_t append(struct tcp_conn *c, struct slice s)
{
	uint32_t before = c->rcvq.bytes;
	uint32_t got;

	if (!stack_mem_low(c->t->s) && tcp_rcv_append(c, &c->rcvq, s) == 0)
		return s.len;
	got = c->rcvq.bytes - before;
	if (got == 0)
		got = tcp_floor_write(c, &c->rcvq, slice_data(&s), s.len);
	if (got < s.len) {
		c->flags |= CF_ACK_NOW;
		stack_drop(c->t->s, USTACK_C_DROP_NO_MEMORY);
	}
	return got;
}

static void take_in_order(struct tcp_conn *c, const struct tcp_seg *seg)
{
	struct slice s = { .buf = seg->buf, .off = seg->off, .len = seg->len };
	bool hole = reasm_holes(c);
	uint32_t got = append(c, s);

	c->rcv.nxt += got;
	if (hole) {
		got += reasm_deliver(c);
		c->flags |= CF_ACK_NOW;
	}
	received(c, got);
	tcp_wnd_round(c, &seg->opt);
	schedule_ack(c, seg->len);
}

static void take_out_of_order(struct tcp_conn *c, const struct tcp_seg *seg)
{
	c->flags |= CF_ACK_NOW;
	tcp_count(c, USTACK_C_TCP_IN_OOO);
	if (reasm_add(c, seg) < 0)
		stack_drop(c->t->s, USTACK_C_DROP_TCP_REASM);
}

/* While memory is low only what comes in order is taken (floor.h). */
static bool has_memory(struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (seg->seq == c->rcv.nxt || !stack_mem_low(c->t->s))
		return true;
	c->flags |= CF_ACK_NOW;
	stack_drop(c->t->s, USTACK_C_DROP_NO_MEMORY);
	return false;
}

void tcp_in_data(struct tcp_conn *c, struct tcp_seg *seg)
{
	if (seg->len == 0)
		return;
	if (!may_receive(c)) {
		stack_drop(c->t->s, USTACK_C_DROP_TCP_AFTER_FIN);
		seg->len = 0;
		return;
	}
	trim_at_fin(c, seg);
	if (seg->len == 0)
		return;
	if (c->flags & CF_ORPHAN) { /* nobody will read it (SHLD-3) */
		tcp_count(c, USTACK_C_TCP_ABORT_ON_DATA);
		tcp_reset(c, USTACK_END_ABORTED);
		return;
	}
	if (!has_memory(c, seg))
		return;
	if (seg->seq == c->rcv.nxt)
		take_in_order(c, seg);
	else
		take_out_of_order(c, seg);
}

static void on_fin(struct tcp_conn *c)
{
	c->rcv.nxt++;
	c->flags |= CF_FIN_RCVD | CF_ACK_NOW | CF_EV_PEER_CLOSED;
	switch (c->state) {
	case USTACK_ESTABLISHED:
		tcp_set_state(c, USTACK_CLOSE_WAIT);
		break;
	case USTACK_FIN_WAIT_1: /* our FIN is not acked (9293-a22) */
		tcp_set_state(c, USTACK_CLOSING);
		break;
	case USTACK_FIN_WAIT_2:
		tcp_finish(c);
		break;
	default:
		break;
	}
}

void tcp_in_fin(struct tcp_conn *c, const struct tcp_seg *seg)
{
	if (!may_receive(c))
		return;
	if (seg->flags & TCP_FIN && !(c->flags & CF_FIN_SEEN) &&
	    !reasm_beyond(c, seg->seq + seg->len)) {
		c->rcv.fin_seq = seg->seq + seg->len;
		c->flags |= CF_FIN_SEEN;
		if (c->rcv.fin_seq != c->rcv.nxt)
			c->flags |=
				CF_ACK_NOW; /* it waits for a hole (9293-a28) */
	}
	if (c->flags & CF_FIN_SEEN && seq_leq(c->rcv.fin_seq, c->rcv.nxt))
		on_fin(c);
}

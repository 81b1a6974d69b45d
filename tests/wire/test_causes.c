/* SPDX-License-Identifier: MIT */
/*
 * test_causes.c - why a segment was sent again: the SENT event's cause, and the
 *		   LOST event before it
 */

#include "suites.h"
#include "wire.h"

#define EV_MAX 256u

/**
 * struct tape - a peer, and what the stack said while it ran
 * @p:		the peer; first, so that a callback's context is both
 * @ev:		SENT and LOST events, in order
 * @n:		their number
 */
struct tape {
	struct peer p;
	struct ustack_event ev[EV_MAX];
	uint32_t n;
};

static void on_event(void *ctx, const struct ustack_event *ev)
{
	struct tape *t = ctx;

	if (t->n < EV_MAX)
		t->ev[t->n++] = *ev;
}

static void begin(struct tape *t, int v6)
{
	wire_init(&t->p, v6, NULL);
	t->n = 0;
	t->p.h.event = on_event;
	ustack_set_event_mask(t->p.h.s,
			      1u << USTACK_EV_SENT | 1u << USTACK_EV_LOST);
}

static uint32_t count(const struct tape *t, uint8_t kind, uint8_t cause)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->n; i++)
		n += t->ev[i].kind == kind && t->ev[i].cause == cause;
	return n;
}

/* Each cause but @cause is without events; @cause has @sent and @lost. */
static void check_only(const struct tape *t, uint8_t cause, uint32_t sent,
		       uint32_t lost)
{
	for (uint8_t i = USTACK_CAUSE_RTO; i < USTACK_CAUSES; i++) {
		uint32_t s = count(t, USTACK_EV_SENT, i);
		uint32_t l = count(t, USTACK_EV_LOST, i);

		if (s != (i == cause ? sent : 0) ||
		    l != (i == cause ? lost : 0))
			ck_abort_msg("%s: %u sent, %u lost",
				     ustack_cause_name(i), s, l);
	}
}

/* The last event is SENT, of these bytes, for this cause. */
static void check_last_sent(const struct tape *t, uint8_t cause, uint32_t seq,
			    uint32_t len)
{
	const struct ustack_event *ev = &t->ev[t->n - 1];

	ck_assert_uint_eq(ev->kind, USTACK_EV_SENT);
	ck_assert_uint_eq(ev->cause, cause);
	ck_assert_uint_eq(ev->seq - t->p.stack_isn, seq);
	ck_assert_uint_eq(ev->len, len);
	ck_assert_uint_ne(ev->id, 0);
	ck_assert_uint_eq(ev->rport, PEER_PORT);
}

/* The first transmission of anything has no cause. */
START_TEST(first_transmission_has_no_cause)
{
	struct tape t;

	begin(&t, _i);
	wire_goto(&t.p, USTACK_ESTABLISHED);
	peer_send(&t.p, 100);
	check_last_sent(&t, USTACK_CAUSE_NONE, 1, 100);
	wire_shutdown(&t.p);
	check_last_sent(&t, USTACK_CAUSE_NONE, 101, 0);
	check_only(&t, USTACK_CAUSE_NONE, 0, 0);
	ck_assert_uint_eq(count(&t, USTACK_EV_LOST, USTACK_CAUSE_NONE), 0);
	peer_fini(&t.p);
}
END_TEST

/* 6298-9: the timer: LOST says so, and which timeout it was. */
START_TEST(timer_is_the_cause)
{
	const struct ustack_event *lost;
	struct tape t;

	begin(&t, _i);
	wire_goto(&t.p, USTACK_ESTABLISHED);
	peer_send(&t.p, 100);
	peer_drain(&t.p);
	wire_expect_after(&t.p, 200);
	check_last_sent(&t, USTACK_CAUSE_RTO, 1, 100);
	lost = &t.ev[t.n - 2];
	ck_assert_uint_eq(lost->kind, USTACK_EV_LOST);
	ck_assert_uint_eq(lost->seq, t.p.stack_isn + 1);
	ck_assert_uint_eq(lost->len, 100);
	ck_assert_uint_ge(lost->rto_us, 200000);
	check_only(&t, USTACK_CAUSE_RTO, 1, 1);
	ck_assert_uint_eq(peer_counter(&t.p, USTACK_C_TCP_RETRANS_RTO), 1);
	peer_fini(&t.p);
}
END_TEST

/* The same for a FIN. */
START_TEST(timer_is_the_cause_of_a_second_fin)
{
	struct tape t;

	begin(&t, _i);
	wire_goto(&t.p, USTACK_FIN_WAIT_1);
	wire_expect_after(&t.p, 200);
	check_last_sent(&t, USTACK_CAUSE_RTO, 1, 0);
	check_only(&t, USTACK_CAUSE_RTO, 1, 1);
	ck_assert_uint_eq(peer_counter(&t.p, USTACK_C_TCP_RETRANS_FIN), 1);
	peer_fini(&t.p);
}
END_TEST

/* 5681-8, 6582-2: the third duplicate, then a partial acknowledgement. */
START_TEST(duplicates_and_partial_ack_are_the_cause)
{
	struct tape t;
	uint32_t mss;

	begin(&t, _i);
	wire_goto(&t.p, USTACK_ESTABLISHED);
	mss = peer_info(&t.p).mss;
	peer_send(&t.p, 10 * mss);
	for (uint32_t i = 0; i < 3; i++)
		peer_tx(&t.p, seg_ack(1, 1));
	check_last_sent(&t, USTACK_CAUSE_FAST, 1, mss);
	check_only(&t, USTACK_CAUSE_FAST, 1, 1);
	t.n = 0;
	peer_tx(&t.p, seg_ack(1, 1 + 4 * mss));
	ck_assert_uint_eq(t.ev[0].kind, USTACK_EV_LOST);
	ck_assert_uint_eq(t.ev[0].seq, t.p.stack_isn + 1 + 4 * mss);
	check_only(&t, USTACK_CAUSE_PARTIAL_ACK, 1, 1);
	ck_assert_uint_eq(peer_counter(&t.p, USTACK_C_TCP_RETRANS_FAST), 1);
	ck_assert_uint_eq(peer_counter(&t.p, USTACK_C_TCP_RETRANS_PARTIAL), 1);
	peer_fini(&t.p);
}
END_TEST

/* MUST-36: against a closed window: the first probe, and those after it. */
START_TEST(closed_window_is_the_cause)
{
	struct tape t;

	begin(&t, _i);
	wire_goto(&t.p, USTACK_ESTABLISHED);
	peer_tx(&t.p, seg_wnd(1, 1, 0));
	peer_send(&t.p, 100);
	wire_expect_after(&t.p, 200);
	check_last_sent(&t, USTACK_CAUSE_WND_PROBE, 1, 1);
	wire_expect_after(&t.p, 400);
	check_last_sent(&t, USTACK_CAUSE_WND_PROBE, 1, 1);
	check_only(&t, USTACK_CAUSE_WND_PROBE, 2, 1);
	ck_assert_uint_eq(peer_counter(&t.p, USTACK_C_TCP_WND_PROBES), 2);
	peer_fini(&t.p);
}
END_TEST

/* MUST-22: SYN, SYN-ACK of either kind: no answer came. */
START_TEST(missing_answer_is_the_cause)
{
	struct tape t;

	begin(&t, _i % 2);
	if (_i / 2 == 0) {
		peer_connect(&t.p);
		peer_drain(&t.p);
	} else if (_i / 2 == 1) {
		peer_tx(&t.p, seg(TCP_SYN, 0, 0, 0));
		peer_drain(&t.p);
	} else {
		wire_goto(&t.p, USTACK_SYN_RCVD);
	}
	check_only(&t, USTACK_CAUSE_NONE, 0, 0);
	wire_expect_after(&t.p, 1000);
	check_last_sent(&t, USTACK_CAUSE_SYN, 0, 0);
	check_only(&t, USTACK_CAUSE_SYN, 1, 0);
	ck_assert_uint_eq(peer_counter(&t.p,
				       _i / 2 == 1 ? USTACK_C_TCP_RETRANS_SYNACK
						   : USTACK_C_TCP_RETRANS_SYN),
			  1);
	peer_fini(&t.p);
}
END_TEST

/* All counters of causes together are what was sent again. */
START_TEST(counters_agree_with_the_events)
{
	uint32_t sent = 0, mss;
	struct tape t;

	begin(&t, _i);
	wire_goto(&t.p, USTACK_ESTABLISHED);
	mss = peer_info(&t.p).mss;
	peer_send(&t.p, 4 * mss + 10);
	for (uint32_t i = 0; i < 3; i++)
		peer_tx(&t.p, seg_ack(1, 1));
	peer_tx(&t.p, seg_ack(1, 1 + mss));
	peer_advance(&t.p, SEC(5));
	for (uint32_t i = 0; i < t.n; i++)
		if (t.ev[i].kind == USTACK_EV_SENT && t.ev[i].cause)
			sent += (t.ev[i].len + mss - 1) / mss;
	ck_assert_uint_eq(peer_counter(&t.p, USTACK_C_TCP_RETRANS_SEGS), sent);
	ck_assert_uint_eq(
		peer_counter(&t.p, USTACK_C_TCP_RETRANS_RTO) +
			peer_counter(&t.p, USTACK_C_TCP_RETRANS_FAST) +
			peer_counter(&t.p, USTACK_C_TCP_RETRANS_PARTIAL),
		sent);
	ck_assert_uint_eq(peer_info(&t.p).retrans, sent);
	peer_fini(&t.p);
}
END_TEST

Suite *suite_wire_causes(void)
{
	Suite *s = suite_create("causes");
	TCase *tc = wire_case(s, "events");

	tcase_add_loop_test(tc, first_transmission_has_no_cause, 0, 2);
	tcase_add_loop_test(tc, timer_is_the_cause, 0, 2);
	tcase_add_loop_test(tc, timer_is_the_cause_of_a_second_fin, 0, 2);
	tcase_add_loop_test(tc, duplicates_and_partial_ack_are_the_cause, 0, 2);
	tcase_add_loop_test(tc, closed_window_is_the_cause, 0, 2);
	tcase_add_loop_test(tc, missing_answer_is_the_cause, 0, 6);
	tcase_add_loop_test(tc, counters_agree_with_the_events, 0, 2);
	return s;
}

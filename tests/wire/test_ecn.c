/* SPDX-License-Identifier: MIT */
/*
 * test_ecn.c - explicit congestion notification (RFC 3168)
 */

#include "suites.h"
#include "wire.h"

#define MSS   1460u
#define IW    (10 * MSS)
#define LOTS  400000u
#define SETUP (TCP_ECE | TCP_CWR)
#define ECT0  0x02u
#define CE    0x03u

static void off(struct ustack_config *cfg)
{
	cfg->ecn = USTACK_ECN_OFF;
}

static void active(struct ustack_config *cfg)
{
	cfg->ecn = USTACK_ECN_ACTIVE;
}

static struct pseg marked(struct pseg s)
{
	s.tos = CE;
	return s;
}

static struct pseg echo(uint32_t ack)
{
	return seg(TCP_ACK | TCP_ECE, 1, ack, 0);
}

/* A connection by the peer on which ECN is agreed. */
static void open_ecn(struct peer *p, int v6)
{
	wire_init(p, v6, NULL);
	peer_tx(p, (struct pseg){ .flags = TCP_SYN | SETUP, .mss = MSS });
	peer_expect(p, TCP_SYN | TCP_ACK | TCP_ECE, 0, 1, 0);
	peer_tx(p, seg_ack(1, 1));
	ck_assert_int_eq(peer_state(p), USTACK_ESTABLISHED);
	ck_assert(peer_info(p).ecn);
}

/* The same with the initial window in flight. */
static void begin(struct peer *p)
{
	open_ecn(p, 0);
	peer_send(p, LOTS);
	ck_assert_uint_eq(peer_drain(p), 10);
}

/* 3168-1, SHLD-8: ECE and CWR in the SYN, ECE alone in the SYN-ACK. */
START_TEST(ecn_setup_syn_is_agreed_to)
{
	struct peer p;

	open_ecn(&p, _i);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ECN_CONNS), 1);
	peer_fini(&p);
}
END_TEST

static const struct {
	uint8_t flags;
	void (*tweak)(struct ustack_config *cfg);
} no_setups[] = {
	{ 0, NULL },	{ TCP_ECE, NULL }, { TCP_CWR, NULL },
	{ SETUP, off }, { 0, active },	   { TCP_ECE, active },
};

/* 3168-2: what is no offer, or none that we take, gets a plain SYN-ACK. */
START_TEST(other_syns_get_a_plain_syn_ack)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, 0, no_setups[_i].tweak);
	peer_tx(&p, seg(TCP_SYN | no_setups[_i].flags, 0, 0, 0));
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_tx(&p, seg_ack(1, 1));
	ck_assert(!peer_info(&p).ecn);
	peer_send(&p, 100);
	s = peer_expect(&p, TCP_ACK, 1, 1, 100);
	ck_assert_uint_eq(s.tos, 0);
	peer_tx(&p, marked(seg_data(1, 101, 100)));
	peer_advance(&p, MS(40));
	peer_expect(&p, TCP_ACK, 101, 101, 0);
	peer_fini(&p);
}
END_TEST

/* 3168-2: a repeated SYN without it takes the offer back. */
START_TEST(repeated_plain_syn_takes_the_offer_back)
{
	struct peer p;

	wire_init(&p, 0, NULL);
	peer_tx(&p, seg(TCP_SYN | SETUP, 0, 0, 0));
	peer_expect(&p, TCP_SYN | TCP_ACK | TCP_ECE, 0, 1, 0);
	peer_tx(&p, seg(TCP_SYN, 0, 0, 0));
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_tx(&p, seg_ack(1, 1));
	ck_assert(!peer_info(&p).ecn);
	peer_fini(&p);
}
END_TEST

static const struct {
	uint8_t flags;
	bool agreed;
} answers[] = { { TCP_ECE, true },
		{ 0, false },
		{ TCP_CWR, false },
		{ SETUP, false } };

/* 3168-1: our own offer, and the answers to it. */
START_TEST(own_syn_offers_ecn_when_asked_to)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, 0, active);
	peer_connect(&p);
	peer_expect(&p, TCP_SYN | SETUP, 0, 0, 0);
	s = seg(TCP_SYN | TCP_ACK | answers[_i].flags, 0, 1, 0);
	s.mss = MSS;
	peer_tx(&p, s);
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	ck_assert(peer_info(&p).ecn == answers[_i].agreed);
	peer_send(&p, 100);
	s = peer_expect(&p, TCP_ACK, 1, 1, 100);
	ck_assert_uint_eq(s.tos, answers[_i].agreed ? ECT0 : 0);
	peer_fini(&p);
}
END_TEST

/* 3168-1: passive does not offer. */
START_TEST(own_syn_is_plain_by_default)
{
	struct peer p;

	wire_init(&p, 0, NULL);
	peer_open_active(&p);
	ck_assert(!peer_info(&p).ecn);
	peer_fini(&p);
}
END_TEST

/* 3168-1: SYNs cross. */
START_TEST(crossing_offers_are_agreed_to)
{
	struct peer p;

	wire_init(&p, 0, active);
	peer_connect(&p);
	peer_expect(&p, TCP_SYN | SETUP, 0, 0, 0);
	peer_tx(&p, seg(TCP_SYN | SETUP, 0, 0, 0));
	peer_expect(&p, TCP_SYN | TCP_ACK | TCP_ECE, 0, 1, 0);
	peer_tx(&p, seg_ack(1, 1));
	ck_assert(peer_info(&p).ecn);
	peer_fini(&p);
}
END_TEST

/* 3168-4, 3168-3: new data is ECT(0); handshake and bare ACKs are not. */
START_TEST(new_data_alone_is_ect)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, _i, NULL);
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN | SETUP, .mss = 1220 });
	s = peer_expect(&p, TCP_SYN | TCP_ACK | TCP_ECE, 0, 1, 0);
	ck_assert_uint_eq(s.tos, 0);
	peer_tx(&p, seg_ack(1, 1));
	peer_tx(&p, seg_data(1, 1, 100));
	peer_advance(&p, MS(40));
	s = peer_expect(&p, TCP_ACK, 1, 101, 0);
	ck_assert_uint_eq(s.tos, 0);
	peer_send(&p, 100);
	s = peer_expect(&p, TCP_ACK, 1, 101, 100);
	ck_assert_uint_eq(s.tos, ECT0);
	peer_tx(&p, seg_ack(101, 101));
	wire_shutdown(&p);
	s = peer_expect(&p, TCP_FIN | TCP_ACK, 101, 101, 0);
	ck_assert_uint_eq(s.tos, 0);
	peer_fini(&p);
}
END_TEST

/* 3168-4, MUST-48: an application sets the DSCP, not these bits. */
START_TEST(applications_leave_the_ecn_bits_alone)
{
	struct peer p;
	struct pseg s;

	open_ecn(&p, 0);
	ck_assert_int_eq(ustack_setopt(p.h.s, p.conn, USTACK_OPT_TOS, 0xbb), 0);
	peer_send(&p, 100);
	s = peer_expect(&p, TCP_ACK, 1, 1, 100);
	ck_assert_uint_eq(s.tos, 0xb8 | ECT0);
	peer_tx(&p, seg_data(1, 101, 100));
	peer_advance(&p, MS(40));
	s = peer_expect(&p, TCP_ACK, 101, 101, 0);
	ck_assert_uint_eq(s.tos, 0xb8);
	peer_fini(&p);
}
END_TEST

/* 3168-3: what is sent again is not ECT, neither by duplicates nor by timer. */
START_TEST(retransmission_is_not_ect)
{
	struct peer p;
	struct pseg s;

	begin(&p);
	for (uint32_t i = 0; i < 3; i++)
		peer_tx(&p, seg_ack(1, 1));
	do
		ck_assert(peer_rx(&p, &s));
	while (s.seq != 1);
	ck_assert_uint_eq(s.tos, 0);
	peer_drain(&p);
	do
		s = wire_expect_after(&p, 200);
	while (s.seq != 1);
	ck_assert_uint_eq(s.tos, 0);
	peer_fini(&p);
}
END_TEST

/* 3168-3: nor is a probe of a closed window. */
START_TEST(window_probe_is_not_ect)
{
	struct peer p;
	struct pseg s;

	open_ecn(&p, 0);
	peer_tx(&p, seg_wnd(1, 1, 0));
	peer_send(&p, 1000);
	s = wire_expect_after(&p, 200);
	ck_assert_uint_eq(s.len, 1);
	ck_assert_uint_eq(s.tos, 0);
	peer_fini(&p);
}
END_TEST

/* 3168-5: ECE on every ACK, bare or with data, until CWR. */
START_TEST(mark_is_echoed_until_cwr)
{
	struct peer p;

	open_ecn(&p, 0);
	peer_tx(&p, marked(seg_data(1, 1, 100)));
	peer_expect(&p, TCP_ACK | TCP_ECE, 1, 101, 0);
	peer_tx(&p, seg_data(101, 1, 100));
	peer_advance(&p, MS(40));
	peer_expect(&p, TCP_ACK | TCP_ECE, 1, 201, 0);
	peer_send(&p, 10);
	peer_expect(&p, TCP_ACK | TCP_ECE, 1, 201, 10);
	peer_tx(&p, seg(TCP_ACK | TCP_CWR, 201, 11, 100));
	peer_advance(&p, MS(40));
	peer_expect(&p, TCP_ACK, 11, 301, 0);
	/* Marked itself, it starts anew. */
	peer_tx(&p, marked(seg(TCP_ACK | TCP_CWR, 301, 11, 100)));
	peer_expect(&p, TCP_ACK | TCP_ECE, 11, 401, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_IN_CES), 2);
	peer_fini(&p);
}
END_TEST

/* 3168-7: marks on bare ACKs, and on what is outside the window, say nothing. */
START_TEST(mark_without_new_data_is_ignored)
{
	struct peer p;

	open_ecn(&p, 0);
	peer_tx(&p, marked(seg_ack(1, 1)));
	peer_expect_none(&p);
	peer_tx(&p, seg_data(1, 1, 100));
	peer_advance(&p, MS(40));
	peer_expect(&p, TCP_ACK, 1, 101, 0);
	peer_tx(&p, marked(seg_data(1, 1, 100))); /* old */
	peer_expect(&p, TCP_ACK, 1, 101, 0);
	peer_tx(&p, marked(seg_data(101 + (32u << 20), 1, 100))); /* beyond */
	peer_expect(&p, TCP_ACK, 1, 101, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_IN_CES), 0);
	peer_fini(&p);
}
END_TEST

/* 3168-6: one cut, no retransmission; CWR on the next new data, once. */
START_TEST(echo_cuts_the_window_and_is_answered_by_cwr)
{
	uint32_t ack = 1 + MSS;
	struct peer p;
	struct pseg s;

	begin(&p);
	peer_tx(&p, echo(ack));
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_info(&p).cwnd, IW / 10 * 7);
	ck_assert_uint_eq(peer_info(&p).ssthresh, IW / 10 * 7);
	while (!peer_rx(&p, &s)) {
		ack += MSS;
		peer_tx(&p, echo(ack));
		ck_assert_uint_eq(peer_info(&p).cwnd, IW / 10 * 7);
	}
	ck_assert_uint_eq(s.seq, 1 + IW);
	ck_assert_uint_eq(s.flags & SETUP, TCP_CWR);
	ck_assert_uint_eq(s.tos, ECT0);
	while (ack < 1 + IW) {
		ack += MSS;
		peer_tx(&p, seg_ack(1, ack));
	}
	while (peer_rx(&p, &s))
		ck_assert_uint_eq(s.flags & SETUP, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ECN_CUTS), 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_RETRANS_SEGS), 0);
	peer_fini(&p);
}
END_TEST

/* 3168-6: the next round may cut again, not before. */
START_TEST(echo_cuts_once_a_round)
{
	uint32_t ack, cwnd;
	struct peer p;

	begin(&p);
	for (ack = 1 + MSS; ack <= 1 + IW; ack += MSS)
		peer_tx(&p, echo(ack)); /* the last at the edge of the round */
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ECN_CUTS), 1);
	cwnd = peer_info(&p).cwnd;
	peer_tx(&p, echo(ack));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ECN_CUTS), 2);
	ck_assert_uint_lt(peer_info(&p).cwnd, cwnd);
	peer_fini(&p);
}
END_TEST

/* 3168-6: a loss in the same window is the same event, whichever came first. */
START_TEST(loss_and_mark_are_one_event)
{
	struct peer p;

	begin(&p);
	peer_tx(&p, echo(1 + MSS));
	for (uint32_t i = 0; i < 3; i++)
		peer_tx(&p, seg_ack(1, 1 + MSS));
	ck_assert_str_eq(peer_info(&p).cc_state, "recovery");
	ck_assert_uint_eq(peer_info(&p).ssthresh, IW / 10 * 7);
	peer_fini(&p);

	begin(&p);
	for (uint32_t i = 0; i < 3; i++)
		peer_tx(&p, seg_ack(1, 1));
	ck_assert_str_eq(peer_info(&p).cc_state, "recovery");
	peer_tx(&p, echo(1 + MSS));
	ck_assert_uint_eq(peer_info(&p).ssthresh, IW / 10 * 7);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ECN_CUTS), 0);
	peer_fini(&p);
}
END_TEST

/* 3168-6: who cut because of a loss says so as well. */
START_TEST(loss_is_told_by_cwr)
{
	struct peer p;
	struct pseg s;

	begin(&p);
	for (uint32_t i = 0; i < 3; i++)
		peer_tx(&p, seg_ack(1, 1));
	peer_tx(&p, seg_ack(1, 1 + IW + 2 * MSS));
	do
		ck_assert(peer_rx(&p, &s));
	while (s.seq < 1 + IW + 2 * MSS); /* limited transmit */
	ck_assert_uint_eq(s.flags & SETUP, TCP_CWR);
	peer_fini(&p);
}
END_TEST

/* 3168-6: of a super-packet each segment would say CWR: it leaves alone. */
START_TEST(cwr_leaves_on_a_segment_of_its_own)
{
	uint32_t ack = 1;
	struct peer p;
	struct pseg s;

	open_ecn(&p, 0);
	p.whole = true;
	peer_send(&p, LOTS);
	while (peer_rx(&p, &s))
		;
	peer_tx(&p, echo(ack += MSS));
	peer_tx(&p, seg_ack(1, ack += 8 * MSS));
	ck_assert(peer_rx(&p, &s));
	ck_assert_uint_eq(s.flags & SETUP, TCP_CWR);
	ck_assert_uint_eq(s.len, MSS);
	ck_assert(peer_rx(&p, &s));
	ck_assert_uint_eq(s.flags & SETUP, 0);
	ck_assert_uint_gt(s.len, MSS);
	peer_fini(&p);
}
END_TEST

/* 3168-8: no answer to the SYN: the next one is plain, and so is the rest. */
START_TEST(unanswered_offer_is_not_repeated)
{
	struct peer p;
	struct pseg s;

	wire_init(&p, 0, active);
	peer_connect(&p);
	peer_expect(&p, TCP_SYN | SETUP, 0, 0, 0);
	s = wire_expect_after(&p, 1000);
	ck_assert_uint_eq(s.flags, TCP_SYN);
	/* The first was only late. */
	peer_tx(&p, seg(TCP_SYN | TCP_ACK | TCP_ECE, 0, 1, 0));
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	ck_assert(!peer_info(&p).ecn);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ECN_FALLBACKS), 1);
	peer_fini(&p);
}
END_TEST

/* 3168-8: refused: once more without it, then it is refused indeed. */
START_TEST(refused_offer_is_tried_without)
{
	struct peer p;

	wire_init(&p, 0, active);
	peer_connect(&p);
	peer_expect(&p, TCP_SYN | SETUP, 0, 0, 0);
	peer_tx(&p, seg(TCP_RST | TCP_ACK, 0, 1, 0));
	peer_expect(&p, TCP_SYN, 0, 0, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ECN_FALLBACKS), 1);
	if (_i) {
		peer_tx(&p, seg(TCP_SYN | TCP_ACK, 0, 1, 0));
		peer_expect(&p, TCP_ACK, 1, 1, 0);
	} else {
		peer_tx(&p, seg(TCP_RST | TCP_ACK, 0, 1, 0));
		ck_assert_uint_eq(p.c.closed, 1);
		ck_assert_int_eq(p.reason, USTACK_END_REFUSED);
	}
	peer_fini(&p);
}
END_TEST

/* RFC 4015 section 3, step 1: what was marked too was no spurious recovery (3168-3). */
START_TEST(mark_during_recovery_stands_when_the_loss_does_not)
{
	struct pseg s = seg(TCP_SYN | SETUP, 0, 0, 0);
	uint32_t cwnd, old;
	struct peer p;

	wire_init(&p, 0, NULL);
	s.mss = MSS;
	s.has = TCP_OPT_HAS_TS;
	s.tsval = 1;
	peer_tx(&p, s);
	old = peer_expect(&p, TCP_SYN | TCP_ACK | TCP_ECE, 0, 1, 0).tsval;
	s = seg_ack(1, 1);
	s.has = TCP_OPT_HAS_TS;
	s.tsval = 1;
	s.tsecr = old;
	peer_tx(&p, s);
	peer_send(&p, LOTS);
	peer_drain(&p);
	cwnd = peer_info(&p).cwnd;
	peer_advance(&p, MS(20));
	for (uint32_t i = 0; i < 3; i++)
		peer_tx(&p, s);
	ck_assert_str_eq(peer_info(&p).cc_state, "recovery");
	s.flags |= TCP_ECE;
	peer_tx(&p, s);
	peer_advance(&p, MS(20));
	s.flags = TCP_ACK;
	s.ack = 1 + MSS; /* for the original, which was late */
	peer_tx(&p, s);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_UNDO_TIMESTAMP), 0);
	ck_assert_uint_lt(peer_info(&p).ssthresh, cwnd);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_ecn(void)
{
	Suite *s = suite_create("ECN");
	TCase *tc = wire_case(s, "handshake");

	tcase_add_loop_test(tc, ecn_setup_syn_is_agreed_to, 0, 2);
	tcase_add_loop_test(tc, other_syns_get_a_plain_syn_ack, 0,
			    (int)WIRE_ROWS(no_setups));
	tcase_add_test(tc, repeated_plain_syn_takes_the_offer_back);
	tcase_add_loop_test(tc, own_syn_offers_ecn_when_asked_to, 0,
			    (int)WIRE_ROWS(answers));
	tcase_add_test(tc, own_syn_is_plain_by_default);
	tcase_add_test(tc, crossing_offers_are_agreed_to);
	tcase_add_test(tc, unanswered_offer_is_not_repeated);
	tcase_add_loop_test(tc, refused_offer_is_tried_without, 0, 2);
	tc = wire_case(s, "marks");
	tcase_add_loop_test(tc, new_data_alone_is_ect, 0, 2);
	tcase_add_test(tc, applications_leave_the_ecn_bits_alone);
	tcase_add_test(tc, retransmission_is_not_ect);
	tcase_add_test(tc, window_probe_is_not_ect);
	tcase_add_test(tc, mark_is_echoed_until_cwr);
	tcase_add_test(tc, mark_without_new_data_is_ignored);
	tc = wire_case(s, "window");
	tcase_add_test(tc, echo_cuts_the_window_and_is_answered_by_cwr);
	tcase_add_test(tc, echo_cuts_once_a_round);
	tcase_add_test(tc, loss_and_mark_are_one_event);
	tcase_add_test(tc, loss_is_told_by_cwr);
	tcase_add_test(tc, cwr_leaves_on_a_segment_of_its_own);
	tcase_add_test(tc, mark_during_recovery_stands_when_the_loss_does_not);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_flood.c - more connection requests than there is room for: SYN cookies
 *		  and the SYN cache's limits (RFC 4987)
 */

#include "suites.h"
#include "wire.h"

static void always(struct ustack_config *cfg)
{
	cfg->syn_cookies = USTACK_COOKIES_ALWAYS;
}

/* Six entries for one port. */
static void eight(struct ustack_config *cfg)
{
	cfg->syn_backlog = 8;
}

static void eight_never(struct ustack_config *cfg)
{
	cfg->syn_backlog = 8;
	cfg->syn_cookies = USTACK_COOKIES_NEVER;
}

/* SYNs from ports that will never answer. */
static void flood(struct peer *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		peer_tx(p,
			(struct pseg){ .flags = TCP_SYN,
				       .seq = i * 7919u,
				       .mss = 1460,
				       .sport = (uint16_t)(1024 + i % 30000) });
		peer_drain(p);
	}
	p->isn_known = false;
}

/* Bytes go both ways. */
static void check_works(struct peer *p, const struct pseg *like)
{
	uint64_t before = p->received;
	struct pseg s = seg_data(1, 1, 100);

	s.has = like->has & TCP_OPT_HAS_TS;
	s.tsval = like->tsval;
	peer_tx(p, s);
	ck_assert_uint_eq(p->received, before + 100);
	peer_drain(p);
	peer_send(p, 500);
	peer_expect(p, TCP_ACK, 1, 101, 500);
	wire_check_state(p, USTACK_ESTABLISHED);
	ck_assert_uint_eq(p->c.accepted, 1);
}

/* 4987-1: no state before the ACK, and then a connection like any other. */
START_TEST(cookie_makes_a_connection)
{
	struct pseg syn = { .mss = 1460 };
	struct peer p;

	wire_init(&p, _i, always);
	syn.flags = TCP_SYN;
	peer_tx(&p, syn);
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	wire_check_state(&p, USTACK_CLOSED);
	peer_advance(&p, SEC(50)); /* nobody repeats it */
	peer_expect_none(&p);
	peer_tx(&p, seg_ack(1, 1));
	check_works(&p, &syn);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_SYN_COOKIES_SENT), 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_SYN_COOKIES_RECV), 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_PASSIVE_OPENS), 1);
	peer_fini(&p);
}
END_TEST

/* 4987-2: a SYN costs no memory and no timer. */
START_TEST(cookie_leaves_no_state)
{
	struct ustack_gauges before, after;
	struct peer p;

	wire_init(&p, _i, always);
	flood(&p, 1);
	ustack_gauges(p.h.s, &before);
	flood(&p, 1000);
	ustack_gauges(p.h.s, &after);
	ck_assert_uint_eq(after.mem_used, before.mem_used);
	ck_assert_uint_eq(after.timers, 0);
	ck_assert_uint_eq(after.states[USTACK_SYN_RCVD], 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_SYN_COOKIES_SENT),
			  1001);
	peer_fini(&p);
}
END_TEST

static const struct {
	const char *name;
	uint8_t has;
	uint8_t wscale;
	uint8_t kept;
} offers[] = {
	/* clang-format off */
	{ "all",	   TCP_OPT_HAS_TS | TCP_OPT_HAS_WSCALE | TCP_OPT_HAS_SACK_OK, 7,
			   TCP_OPT_HAS_TS | TCP_OPT_HAS_WSCALE | TCP_OPT_HAS_SACK_OK },
	{ "largest shift", TCP_OPT_HAS_TS | TCP_OPT_HAS_WSCALE, 14,
			   TCP_OPT_HAS_TS | TCP_OPT_HAS_WSCALE },
	{ "shift of 0",	   TCP_OPT_HAS_TS | TCP_OPT_HAS_WSCALE, 0,
			   TCP_OPT_HAS_TS | TCP_OPT_HAS_WSCALE },
	{ "no scaling",	   TCP_OPT_HAS_TS | TCP_OPT_HAS_SACK_OK, 0,
			   TCP_OPT_HAS_TS | TCP_OPT_HAS_SACK_OK },
	{ "timestamps",	   TCP_OPT_HAS_TS, 0, TCP_OPT_HAS_TS },
	{ "no timestamps", TCP_OPT_HAS_WSCALE | TCP_OPT_HAS_SACK_OK, 7, 0 },
	{ "nothing",	   0, 0, 0 },
	/* clang-format on */
};

#define OFFERS ((int)WIRE_ROWS(offers))

/* 4987-3: what the SYN-ACK agrees to holds afterwards; timestamps carry it. */
START_TEST(options_are_kept_if_there_are_timestamps)
{
	uint8_t want = offers[_i / 2].kept;
	struct pseg syn = { .mss = 1400,
			    .wnd = 1000,
			    .has = offers[_i / 2].has,
			    .wscale = offers[_i / 2].wscale,
			    .tsval = 1000 };
	struct ustack_info info;
	struct pseg s;
	struct peer p;

	wire_init(&p, _i % 2, always);
	peer_advance(&p, MS(17 * _i));
	s = peer_open_with(&p, syn);
	ck_assert_uint_eq(s.has, want | TCP_OPT_HAS_MSS);
	info = peer_info(&p);
	ck_assert_uint_eq(info.timestamps, !!(want & TCP_OPT_HAS_TS));
	ck_assert_uint_eq(info.wscale_ok, !!(want & TCP_OPT_HAS_WSCALE));
	ck_assert_uint_eq(info.sack, !!(want & TCP_OPT_HAS_SACK_OK));
	ck_assert_uint_eq(info.snd_wnd, 1000u << info.snd_wscale);
	if (want & TCP_OPT_HAS_WSCALE)
		ck_assert_uint_eq(info.snd_wscale, offers[_i / 2].wscale);
	ck_assert_uint_eq(info.mss,
			  1400 - (want & TCP_OPT_HAS_TS ? TCP_OPT_TS_LEN : 0));
	check_works(&p, &syn);
	peer_fini(&p);
}
END_TEST

/* 3168-1, 4987-3: ECN is kept like the rest, and not agreed to without. */
START_TEST(ecn_is_kept_if_there_are_timestamps)
{
	bool ts = _i / 2;
	struct pseg syn = { .flags = TCP_SYN | TCP_ECE | TCP_CWR,
			    .has = ts ? TCP_OPT_HAS_TS : 0,
			    .tsval = 9 };
	struct peer p;
	struct pseg s;

	wire_init(&p, _i % 2, always);
	peer_tx(&p, syn);
	s = peer_expect(&p, TCP_SYN | TCP_ACK | (ts ? TCP_ECE : 0), 0, 1, 0);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 1,
				   .ack = 1,
				   .has = syn.has,
				   .tsval = 9,
				   .tsecr = s.tsval });
	peer_send(&p, 100);
	s = peer_expect(&p, TCP_ACK, 1, 1, 100);
	ck_assert_uint_eq(s.tos & 3, ts ? 2 : 0); /* ECT(0) */
	peer_fini(&p);
}
END_TEST

static const struct {
	uint16_t mss;
	uint16_t want4; /* 0 = the least we accept */
	uint16_t want6;
} sizes[] = { { 0, 536, 1220 },	    { 1, 88, 88 },	  { 100, 88, 88 },
	      { 536, 536, 536 },    { 1219, 536, 536 },	  { 1220, 1220, 1220 },
	      { 1380, 1360, 1360 }, { 1440, 1440, 1440 }, { 1460, 1460, 1440 },
	      { 9000, 1460, 1440 }, { 65535, 1460, 1440 } };

/* 4987-3, MUST-14: never more than the peer takes; what is usual, exactly. */
START_TEST(mss_is_rounded_down_to_one_of_eight)
{
	struct peer p;

	wire_init(&p, _i % 2, always);
	peer_open_with(&p, (struct pseg){ .mss = sizes[_i / 2].mss });
	ck_assert_uint_eq(peer_info(&p).mss,
			  _i % 2 ? sizes[_i / 2].want6 : sizes[_i / 2].want4);
	peer_fini(&p);
}
END_TEST

/* 7323-17, 7323-12: the same offset, and never backwards, or PAWS at the peer
 * would drop what follows.
 */
START_TEST(timestamps_go_on_from_the_cookie)
{
	struct pseg syn = { .has = TCP_OPT_HAS_TS | TCP_OPT_HAS_WSCALE,
			    .wscale = 13,
			    .tsval = 5 };
	struct pseg a, b;
	struct peer p;

	wire_init(&p, _i % 2, always);
	peer_advance(&p, MS(_i));
	a = peer_open_with(&p, syn);
	peer_send(&p, 100);
	b = peer_expect(&p, TCP_ACK, 1, 1, 100);
	ck_assert_uint_lt(b.tsval - a.tsval, 64);
	ck_assert_uint_eq(b.tsecr, 5);
	peer_fini(&p);
}
END_TEST

/* 4987-4, 9293-a5: <SEQ=SEG.ACK><CTL=RST>, no connection. */
START_TEST(forged_ack_makes_no_connection)
{
	struct pseg s = { 0 };
	uint32_t x = 1;
	struct peer p;

	wire_init(&p, _i, always);
	flood(&p, 1);
	for (uint32_t i = 0; i < 2000; i++) {
		x = x * 1664525u + 1013904223u;
		p.isn_known = true;
		p.stack_isn = 0;
		peer_tx(&p, seg_data(x >> 3, x, 10));
		if (peer_rx(&p, &s)) {
			ck_assert_uint_eq(s.flags, TCP_RST);
			ck_assert_uint_eq(s.seq, x);
		}
		peer_advance(&p, MS(2)); /* resets have their limit */
	}
	ck_assert_uint_eq(p.c.accepted, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_SYN_COOKIES_FAILED),
			  2000);
	ck_assert_uint_ge(peer_counter(&p, USTACK_C_TCP_OUT_RSTS), 1900);
	peer_fini(&p);
}
END_TEST

static const struct {
	const char *name;
	struct pseg s;
} wrong[] = {
	{ "ack below", { .flags = TCP_ACK, .seq = 1, .ack = 0 } },
	{ "ack above", { .flags = TCP_ACK, .seq = 1, .ack = 2 } },
	{ "other period", { .flags = TCP_ACK, .seq = 1, .ack = 0x80000001u } },
	{ "seq below", { .flags = TCP_ACK, .seq = 0, .ack = 1 } },
	{ "seq above", { .flags = TCP_ACK, .seq = 2, .ack = 1 } },
	{ "other port",
	  { .flags = TCP_ACK, .seq = 1, .ack = 1, .sport = PEER_PORT + 1 } },
	{ "timestamps that the SYN did not offer",
	  { .flags = TCP_ACK, .seq = 1, .ack = 1, .has = TCP_OPT_HAS_TS } },
	{ "SYN-ACK", { .flags = TCP_SYN | TCP_ACK, .seq = 1, .ack = 1 } },
};

#define WRONG ((int)WIRE_ROWS(wrong))

/* 4987-4: the cookie holds for one handshake, in each of its parts. */
START_TEST(cookie_of_another_handshake_is_refused)
{
	struct pseg s = wrong[_i / 2].s;
	struct peer p;

	wire_init(&p, _i % 2, always);
	peer_tx(&p, seg(TCP_SYN, 0, 0, 0));
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_tx(&p, s);
	peer_expect(&p, TCP_RST, s.ack, 0, 0);
	wire_check_state(&p, USTACK_CLOSED);
	peer_tx(&p, seg_ack(1, 1)); /* the right one still does */
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_fini(&p);
}
END_TEST

/* 4987-4: a cookie is good for a period of 67 s and what is left of its own. */
START_TEST(cookie_expires)
{
	struct peer p;
	uint32_t isn;

	wire_init(&p, _i % 2, always);
	peer_advance(&p, SEC(7 * (_i / 2)));
	peer_tx(&p, seg(TCP_SYN, 0, 0, 0));
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_advance(&p, SEC(67));
	isn = p.stack_isn;
	flood(&p, 1); /* the listener still sends them */
	peer_advance(&p, SEC(68));
	flood(&p, 1);
	p.stack_isn = isn;
	peer_tx(&p, seg_ack(1, 1));
	peer_expect(&p, TCP_RST, 1, 0, 0);
	ck_assert_uint_eq(p.c.accepted, 0);
	peer_fini(&p);
}
END_TEST

/* The same: 67 s after it was sent a cookie is still good. */
START_TEST(cookie_lasts_a_period)
{
	struct peer p;

	wire_init(&p, _i % 2, always);
	peer_advance(&p, SEC(7 * (_i / 2)));
	peer_tx(&p, seg(TCP_SYN, 0, 0, 0));
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_advance(&p, SEC(67));
	peer_tx(&p, seg_ack(1, 1));
	wire_check_state(&p, USTACK_ESTABLISHED);
	peer_fini(&p);
}
END_TEST

/* 4987-3: cookies begin when the cache is full; what is in it stays. */
START_TEST(full_cache_turns_to_cookies_and_keeps_its_entries)
{
	struct peer p;
	uint32_t isn;

	wire_init(&p, _i, eight);
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .sport = 50000 });
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	isn = p.stack_isn;
	flood(&p, 5);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_SYN_COOKIES_SENT), 0);
	flood(&p, 1000);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_SYN_COOKIES_SENT), 995);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_SYN_EVICTED), 0);
	ck_assert_uint_eq(peer_states(&p, USTACK_SYN_RCVD), 6);
	p.stack_isn = isn;
	p.isn_known = true;
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 1,
				   .ack = 1,
				   .sport = 50000 });
	ck_assert_uint_eq(p.c.accepted, 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_SYN_COOKIES_RECV), 0);
	p.isn_known = false; /* the place that came free */
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .sport = 50001 });
	ck_assert_uint_eq(peer_states(&p, USTACK_SYN_RCVD), 6);
	peer_fini(&p);
}
END_TEST

/* 4987-1: 100000 SYNs, and who comes then gets in at once, with his options. */
START_TEST(connect_during_a_flood)
{
	struct pseg syn = { .mss = 1460,
			    .has = TCP_OPT_HAS_TS | TCP_OPT_HAS_WSCALE |
				   TCP_OPT_HAS_SACK_OK,
			    .wscale = 7,
			    .tsval = 77 };
	struct ustack_gauges g;
	struct peer p;

	wire_init(&p, _i, NULL);
	flood(&p, 100000);
	ustack_gauges(p.h.s, &g);
	ck_assert_uint_le(g.states[USTACK_SYN_RCVD], 4096);
	ck_assert_uint_ge(peer_counter(&p, USTACK_C_TCP_SYN_COOKIES_SENT),
			  80000);
	peer_open_with(&p, syn);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_SYN_COOKIES_RECV), 1);
	ck_assert_uint_eq(peer_info(&p).snd_wscale, 7);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 1,
				   .ack = 1,
				   .len = 100,
				   .has = TCP_OPT_HAS_TS,
				   .tsval = 77 });
	ck_assert_uint_eq(p.received, 100);
	ustack_unlisten(p.h.s, p.listener);
	peer_fini(&p);
}
END_TEST

/* 4987-1, 4987-2: without cookies, who tries again gets in. */
START_TEST(without_cookies_memory_is_bounded_and_new_ones_get_their_turn)
{
	struct peer p;

	wire_init(&p, _i, eight_never);
	for (uint32_t i = 0; i < 20; i++) {
		flood(&p, 100);
		ck_assert_uint_le(peer_states(&p, USTACK_SYN_RCVD), 6);
	}
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_SYN_COOKIES_SENT), 0);
	ck_assert_uint_ge(peer_counter(&p, USTACK_C_TCP_SYN_EVICTED), 1900);
	wire_check_listener(&p);
	peer_fini(&p);
}
END_TEST

/* No cookie was sent: an ACK is not even looked at. */
START_TEST(listener_that_sent_no_cookie_takes_none)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	p.isn_known = true;
	peer_tx(&p, seg_ack(1, 1));
	peer_expect(&p, TCP_RST, 1, 0, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_SYN_COOKIES_FAILED), 0);
	peer_fini(&p);
}
END_TEST

/* Ask for a connection to port 8; returns the stack's ISN. */
static uint32_t ask(struct peer *p, uint16_t sport)
{
	p->isn_known = false;
	peer_tx(p,
		(struct pseg){ .flags = TCP_SYN, .sport = sport, .dport = 8 });
	peer_expect(p, TCP_SYN | TCP_ACK, 0, 1, 0);
	return p->stack_isn;
}

/* Complete it. */
static void answer(struct peer *p, uint16_t sport, uint32_t isn, uint32_t len)
{
	p->stack_isn = isn;
	peer_tx(p, (struct pseg){ .flags = TCP_ACK,
				  .seq = 1,
				  .ack = 1,
				  .len = len,
				  .sport = sport,
				  .dport = 8 });
}

/* 4987-6: the backlog is full: SYNs and good ACKs are ignored, and do later. */
START_TEST(full_backlog_makes_cookies_wait)
{
	struct ustack_listen_args l = { .port = 8, .backlog = 1 };
	struct peer p;
	uint32_t a, b;
	int listener;

	wire_init(&p, _i, always);
	l.ops_id = p.ops_id;
	l.ctx = (uint64_t)(uintptr_t)&p;
	listener = ustack_listen(p.h.s, &l);
	ck_assert_int_ge(listener, 0);
	p.refuse_accept = -ERR_AGAIN;
	a = ask(&p, 2001);
	b = ask(&p, 2002);
	answer(&p, 2001, a, 0);
	wire_check_state(&p, USTACK_ESTABLISHED);
	answer(&p, 2002, b, 0);
	peer_tx(&p,
		(struct pseg){ .flags = TCP_SYN, .sport = 2003, .dport = 8 });
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ACCEPT_OVERFLOWS), 2);
	wire_check_state(&p, USTACK_ESTABLISHED);

	p.refuse_accept = 0;
	ustack_accept_ready(p.h.s, listener);
	vhost_run(&p.h);
	ck_assert_uint_eq(p.c.accepted, 1);
	answer(&p, 2002, b, 10); /* the peer's first data */
	ck_assert_uint_eq(p.c.accepted, 2);
	ck_assert_uint_eq(p.received, 10);
	peer_drain(&p);
	ask(&p, 2003);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.10.7.4: what else the completing segment has is taken. */
START_TEST(data_and_fin_with_the_cookie_are_taken)
{
	struct peer p;

	wire_init(&p, _i, always);
	peer_tx(&p, seg(TCP_SYN, 0, 0, 0));
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_tx(&p, seg(TCP_FIN | TCP_ACK, 1, 1, 10));
	peer_expect(&p, TCP_ACK, 1, 12, 0);
	wire_check_state(&p, USTACK_CLOSE_WAIT);
	ck_assert_uint_eq(p.received, 10);
	peer_fini(&p);
}
END_TEST

/* 6191-5, MUST-8: a SYN that takes over from TIME-WAIT gets a number above. */
START_TEST(takeover_from_time_wait_gets_no_cookie)
{
	struct peer p;
	uint32_t old;

	wire_init(&p, _i, always);
	wire_goto(&p, USTACK_TIME_WAIT);
	old = p.stack_isn;
	p.isn_known = false;
	peer_tx(&p, seg(TCP_SYN, 1000, 0, 0));
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1001, 0);
	ck_assert_int_gt((int32_t)(p.stack_isn - old), 0);
	wire_check_state(&p, USTACK_SYN_RCVD);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_flood(void)
{
	Suite *s = suite_create("flood");
	TCase *tc = wire_case(s, "cookies");

	tcase_add_loop_test(tc, cookie_makes_a_connection, 0, 2);
	tcase_add_loop_test(tc, cookie_leaves_no_state, 0, 2);
	tcase_add_loop_test(tc, options_are_kept_if_there_are_timestamps, 0,
			    2 * OFFERS);
	tcase_add_loop_test(tc, ecn_is_kept_if_there_are_timestamps, 0, 4);
	tcase_add_loop_test(tc, mss_is_rounded_down_to_one_of_eight, 0,
			    2 * (int)WIRE_ROWS(sizes));
	tcase_add_loop_test(tc, timestamps_go_on_from_the_cookie, 0, 128);
	tcase_add_loop_test(tc, forged_ack_makes_no_connection, 0, 2);
	tcase_add_loop_test(tc, cookie_of_another_handshake_is_refused, 0,
			    2 * WRONG);
	tcase_add_loop_test(tc, cookie_expires, 0, 20);
	tcase_add_loop_test(tc, cookie_lasts_a_period, 0, 20);
	tcase_add_loop_test(tc, full_backlog_makes_cookies_wait, 0, 2);
	tcase_add_loop_test(tc, listener_that_sent_no_cookie_takes_none, 0, 2);
	tcase_add_loop_test(tc, data_and_fin_with_the_cookie_are_taken, 0, 2);
	tcase_add_loop_test(tc, takeover_from_time_wait_gets_no_cookie, 0, 2);
	tc = wire_case(s, "cache");
	tcase_add_loop_test(
		tc, full_cache_turns_to_cookies_and_keeps_its_entries, 0, 2);
	tcase_add_loop_test(tc, connect_during_a_flood, 0, 2);
	tcase_add_loop_test(
		tc,
		without_cookies_memory_is_bounded_and_new_ones_get_their_turn,
		0, 2);
	return s;
}

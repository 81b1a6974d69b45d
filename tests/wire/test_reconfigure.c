/* SPDX-License-Identifier: MIT */
/*
 * test_reconfigure.c - other settings under living connections
 */

#include "suites.h"
#include "wire.h"

/* The settings in force, to be changed. */
static struct ustack_config in_force(const struct peer *p)
{
	return *ustack_settings(p->h.s);
}

static void change(struct peer *p, const struct ustack_config *cfg)
{
	const char *why = ustack_reconfigure(p->h.s, cfg);

	ck_assert_msg(!why, "%s", why);
	vhost_run(&p->h);
}

/* Refused for @why, and all is as it was. */
static void check_refused(struct peer *p, const struct ustack_config *cfg,
			  const char *why)
{
	struct ustack_config before = in_force(p);

	ck_assert_pstr_eq(ustack_reconfigure(p->h.s, cfg), why);
	ck_assert_mem_eq(ustack_settings(p->h.s), &before, sizeof(before));
}

static uint32_t in_state(struct peer *p, enum ustack_state st)
{
	struct ustack_gauges g;

	ustack_gauges(p->h.s, &g);
	return g.states[st];
}

static uint32_t half_open(struct peer *p)
{
	return in_state(p, USTACK_SYN_RCVD);
}

static uint32_t established(struct peer *p)
{
	return in_state(p, USTACK_ESTABLISHED);
}

static void knock(struct peer *p, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		peer_tx(p, (struct pseg){ .flags = TCP_SYN,
					  .sport = (uint16_t)(1024 + i) });
		peer_drain(p);
	}
	p->isn_known = false;
}

/* End in silence what would say more at its end than a test can hold. */
static void fini(struct peer *p)
{
	const struct ustack_addrs none = { .naddrs = 0 };

	ck_assert_int_eq(ustack_set_addrs(p->h.s, &none), 0);
	vhost_run(&p->h);
	peer_fini(p);
}

/* A whole connection from another port; false if it gets no answer. */
static bool another(struct peer *p, uint16_t sport)
{
	struct pseg s;

	p->isn_known = false;
	peer_tx(p, (struct pseg){ .flags = TCP_SYN, .sport = sport });
	if (!peer_rx(p, &s))
		return false;
	ck_assert_uint_eq(s.flags, TCP_SYN | TCP_ACK);
	peer_tx(p, (struct pseg){ .flags = TCP_ACK,
				  .seq = 1,
				  .ack = 1,
				  .sport = sport });
	return !peer_rx(p, &s);
}

START_TEST(new_connections_begin_as_it_says)
{
	struct ustack_config cfg;
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_open(&p);
	ck_assert_str_eq(peer_info(&p).cc, "cubic");
	cfg = in_force(&p);
	memcpy(cfg.cc, "reno", 5);
	cfg.ttl = 17;
	change(&p, &cfg);
	ck_assert_str_eq(peer_info(&p).cc, "cubic"); /* it goes on */
	wire_abort(&p);
	peer_drain(&p);
	p.isn_known = false;
	ck_assert_uint_eq(peer_open_with(&p, seg(TCP_SYN, 0, 0, 0)).ttl, 17);
	ck_assert_str_eq(peer_info(&p).cc, "reno");
	peer_fini(&p);
}
END_TEST

/* MUST-40: the delay of acknowledgements, of a connection that is there. */
START_TEST(times_hold_for_all)
{
	struct ustack_config cfg;
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	cfg = in_force(&p);
	cfg.delack_us = MS(300);
	change(&p, &cfg);
	peer_tx(&p, seg_data(1, 1, 100));
	wire_expect_after(&p, 300);
	peer_fini(&p);
}
END_TEST

START_TEST(link_and_addresses_are_not_looked_at)
{
	struct ustack_config cfg, before;
	struct peer p;

	wire_init(&p, _i, NULL);
	before = cfg = in_force(&p);
	cfg.mtu = 9000;
	cfg.naddrs = 0;
	cfg.nnot_ours = 3;
	cfg.tx_csum = !cfg.tx_csum;
	change(&p, &cfg);
	ck_assert_mem_eq(ustack_settings(p.h.s), &before, sizeof(before));
	wire_check_listener(&p);
	peer_fini(&p);
}
END_TEST

START_TEST(half_open_ones_that_are_too_many_are_forgotten)
{
	struct ustack_config cfg;
	struct peer p;

	wire_init(&p, _i, NULL);
	knock(&p, 0, 100);
	ck_assert_uint_eq(half_open(&p), 100);
	cfg = in_force(&p);
	cfg.syn_backlog = 8;
	cfg.syn_cookies = USTACK_COOKIES_NEVER;
	change(&p, &cfg);
	ck_assert_uint_eq(half_open(&p), 8);
	knock(&p, 100, 100); /* three quarters are for one port */
	ck_assert_uint_le(half_open(&p), 8);
	ck_assert_uint_ge(half_open(&p), 6);
	wire_check_listener(&p);
	peer_fini(&p);
}
END_TEST

static void tiny(struct ustack_config *cfg)
{
	cfg->syn_backlog = 8;
	cfg->max_conns = 1;
}

/* Up to a table that does not come from the pool's size classes. */
START_TEST(more_half_open_ones_find_room)
{
	struct ustack_config cfg;
	struct peer p;

	wire_init(&p, _i, tiny);
	knock(&p, 0, 100);
	ck_assert_uint_eq(half_open(&p), 6);
	cfg = in_force(&p);
	cfg.syn_backlog = 20000;
	change(&p, &cfg);
	ck_assert_uint_eq(half_open(&p), 6);
	knock(&p, 100, 5000);
	ck_assert_uint_eq(half_open(&p), 5006);
	fini(&p);
}
END_TEST

START_TEST(more_connections_find_room)
{
	struct ustack_config cfg;
	struct peer p;

	wire_init(&p, _i, tiny);
	ck_assert(another(&p, 1024));
	(void)another(&p, 1025);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_TCP_CONN_LIMIT), 1);
	cfg = in_force(&p);
	cfg.max_conns = 3000;
	cfg.syn_backlog = 100;
	change(&p, &cfg);
	for (uint16_t i = 2000; i < 4999; i++)
		ck_assert(another(&p, i));
	ck_assert_uint_eq(established(&p), 3000);
	(void)another(&p, 5000);
	ck_assert_uint_eq(established(&p), 3000);
	fini(&p);
}
END_TEST

START_TEST(lower_limit_ends_no_connection)
{
	struct ustack_config cfg;
	struct peer p;

	wire_init(&p, _i, NULL);
	ck_assert(another(&p, 1024));
	ck_assert(another(&p, 1025));
	cfg = in_force(&p);
	cfg.max_conns = 1;
	change(&p, &cfg);
	ck_assert_uint_eq(established(&p), 2);
	(void)another(&p, 1026);
	ck_assert_uint_eq(established(&p), 2);
	peer_fini(&p);
}
END_TEST

START_TEST(memory_limit_stays_above_what_is_taken)
{
	struct ustack_config cfg;
	struct ustack_gauges g;
	struct peer p;

	wire_init(&p, _i, NULL);
	knock(&p, 0, 3000);
	cfg = in_force(&p);
	cfg.syn_backlog = 1u << 20; /* 8 MiB of table */
	change(&p, &cfg);
	ustack_gauges(p.h.s, &g);
	ck_assert_uint_gt(g.mem_taken, 8u << 20);
	cfg.mem_limit_bytes = g.mem_taken - 1;
	check_refused(&p, &cfg,
		      "mem_limit_bytes: more is taken or promised already");
	cfg.mem_limit_bytes = g.mem_taken;
	change(&p, &cfg);
	ustack_gauges(p.h.s, &g);
	ck_assert_uint_eq(g.mem_limit, cfg.mem_limit_bytes);
	cfg.mem_limit_bytes = (uint64_t)1 << 30;
	change(&p, &cfg);
	wire_check_listener(&p);
	fini(&p);
}
END_TEST

/* It is looked at first, but does not hold if something else is wrong. */
START_TEST(memory_limit_of_a_refusal_does_not_hold)
{
	struct ustack_config cfg;
	struct ustack_gauges g;
	struct peer p;

	wire_init(&p, _i, NULL);
	cfg = in_force(&p);
	cfg.syn_backlog = 1u << 20;
	change(&p, &cfg);
	ustack_gauges(p.h.s, &g);
	cfg.mem_limit_bytes = g.mem_taken;
	cfg.wscale_shift = 3;
	check_refused(&p, &cfg, "wscale_shift: is for life");
	knock(&p, 0, 3000);
	ck_assert_uint_eq(half_open(&p), 3000);
	fini(&p);
}
END_TEST

/* 7323-2: who was told a shift counts on it. */
START_TEST(window_scale_is_for_life)
{
	struct ustack_config cfg;
	struct peer p;

	wire_init(&p, _i, NULL);
	cfg = in_force(&p);
	cfg.rcvbuf_max = (65536u << 9) - 1;
	change(&p, &cfg);
	cfg.rcvbuf_max++;
	check_refused(
		&p, &cfg,
		"rcvbuf_max: more than the window scale in use can tell of");
	cfg = in_force(&p);
	cfg.rcvbuf_init = cfg.rcvbuf_max = 65535;
	change(&p, &cfg);
	ck_assert_uint_eq(
		peer_open_with(&p, (struct pseg){ .flags = TCP_SYN,
						  .has = TCP_OPT_HAS_WSCALE })
			.wscale,
		9);
	cfg.wscale_shift = 3;
	check_refused(&p, &cfg, "wscale_shift: is for life");
	peer_fini(&p);
}
END_TEST

START_TEST(what_is_no_setting_is_refused)
{
	struct ustack_config cfg;
	struct peer p;

	wire_init(&p, _i, NULL);
	cfg = in_force(&p);
	cfg.ttl = 0;
	check_refused(&p, &cfg, "ttl: must not be 0");
	peer_fini(&p);
}
END_TEST

static void always(struct ustack_config *cfg)
{
	cfg->syn_cookies = USTACK_COOKIES_ALWAYS;
}

/* 4987-3: a cookie that agreed to what does not hold any more is no good. */
START_TEST(cookies_end_with_what_they_agreed_to)
{
	struct pseg syn = { .flags = TCP_SYN, .mss = 1460 };
	struct ustack_config cfg;
	struct peer p;
	struct pseg s;

	wire_init(&p, _i % 2, always);
	peer_tx(&p, syn);
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	cfg = in_force(&p);
	if (_i / 2)
		cfg.sack = false;
	else
		cfg.dsack = false; /* no SYN-ACK speaks of that */
	change(&p, &cfg);
	peer_tx(&p, seg_ack(1, 1));
	ck_assert(peer_rx(&p, &s) == (_i / 2 != 0));
	if (_i / 2)
		ck_assert_uint_eq(s.flags, TCP_RST);
	ck_assert_uint_eq(p.c.accepted, _i / 2 == 0);
	peer_fini(&p);
}
END_TEST

static void no_options(struct ustack_config *cfg)
{
	cfg->timestamps = cfg->wscale = cfg->sack = false;
}

static void switch_options(struct peer *p, bool on)
{
	struct ustack_config cfg = in_force(p);

	cfg.timestamps = cfg.wscale = cfg.sack = on;
	change(p, &cfg);
}

static const uint8_t all_options = TCP_OPT_HAS_TS | TCP_OPT_HAS_WSCALE |
				   TCP_OPT_HAS_SACK_OK;

static void check_agreed(struct peer *p, bool agreed)
{
	struct ustack_info info = peer_info(p);

	wire_check_state(p, USTACK_ESTABLISHED);
	ck_assert_int_eq(info.timestamps, agreed);
	ck_assert_int_eq(info.wscale_ok, agreed);
	ck_assert_int_eq(info.sack, agreed);
}

/* 7323-2: what a SYN-ACK has agreed to holds, whatever comes before its ACK. */
START_TEST(what_a_syn_ack_agreed_to_holds)
{
	bool agreed = _i / 2;
	struct pseg syn = { .flags = TCP_SYN,
			    .has = all_options,
			    .wscale = 7,
			    .tsval = 100 };
	struct pseg ack = seg_ack(1, 1);
	struct peer p;
	struct pseg s;

	wire_init(&p, _i % 2, agreed ? NULL : no_options);
	peer_tx(&p, syn);
	s = peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	ck_assert_int_eq((s.has & all_options) == all_options, agreed);
	switch_options(&p, !agreed);
	ack.has = agreed ? TCP_OPT_HAS_TS : 0;
	ack.tsval = 101;
	ack.tsecr = s.tsval;
	peer_tx(&p, ack);
	check_agreed(&p, agreed);
	peer_fini(&p);
}
END_TEST

/* The same of a SYN that has left. */
START_TEST(what_a_syn_has_offered_holds)
{
	bool agreed = _i / 2;
	struct pseg s, answer = { .flags = TCP_SYN | TCP_ACK,
				  .has = all_options,
				  .ack = 1,
				  .wscale = 7,
				  .tsval = 100 };
	struct peer p;

	wire_init(&p, _i % 2, agreed ? NULL : no_options);
	peer_connect(&p);
	s = peer_expect(&p, TCP_SYN, 0, 0, 0);
	switch_options(&p, !agreed);
	s = wire_expect_after(&p, 1000); /* it is repeated as it was */
	ck_assert_int_eq((s.has & all_options) == all_options, agreed);
	answer.tsecr = s.tsval;
	peer_tx(&p, answer);
	peer_drain(&p);
	check_agreed(&p, agreed);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_reconfigure(void)
{
	Suite *s = suite_create("reconfigure");
	TCase *tc = wire_case(s, "reconfigure");

	tcase_add_loop_test(tc, new_connections_begin_as_it_says, 0, 2);
	tcase_add_loop_test(tc, times_hold_for_all, 0, 2);
	tcase_add_loop_test(tc, link_and_addresses_are_not_looked_at, 0, 2);
	tcase_add_loop_test(tc, half_open_ones_that_are_too_many_are_forgotten,
			    0, 2);
	tcase_add_loop_test(tc, more_half_open_ones_find_room, 0, 2);
	tcase_add_loop_test(tc, more_connections_find_room, 0, 2);
	tcase_add_loop_test(tc, lower_limit_ends_no_connection, 0, 2);
	tcase_add_loop_test(tc, memory_limit_stays_above_what_is_taken, 0, 2);
	tcase_add_loop_test(tc, memory_limit_of_a_refusal_does_not_hold, 0, 2);
	tcase_add_loop_test(tc, window_scale_is_for_life, 0, 2);
	tcase_add_loop_test(tc, what_is_no_setting_is_refused, 0, 2);
	tcase_add_loop_test(tc, cookies_end_with_what_they_agreed_to, 0, 4);
	tcase_add_loop_test(tc, what_a_syn_ack_agreed_to_holds, 0, 4);
	tcase_add_loop_test(tc, what_a_syn_has_offered_holds, 0, 4);
	return s;
}

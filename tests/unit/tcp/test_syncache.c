/* SPDX-License-Identifier: MIT */
/*
 * test_syncache.c - half-open connections: limits, eviction, repetition
 */

#include <stdlib.h>

#include "inner.h"
#include "stack/tcp/syncache.h"

static void four(struct ustack_config *cfg)
{
	cfg->syn_backlog = 4;
	cfg->syn_cookies = USTACK_COOKIES_NEVER;
}

static void sixty_four(struct ustack_config *cfg)
{
	four(cfg);
	cfg->syn_backlog = 64;
}

static void syn(struct peer *p, uint16_t sport)
{
	p->isn_known = false;
	peer_tx(p,
		(struct pseg){ .flags = TCP_SYN, .mss = 1460, .sport = sport });
	peer_expect(p, TCP_SYN | TCP_ACK, 0, 1, 0);
}

static bool half_open(struct peer *p, uint16_t sport)
{
	struct tcp_flow *f = inner_flow(p, sport);

	return f && f->kind == FLOW_SYN;
}

/* RFC 4987 section 3.3: three for each that is free, then one makes room. */
START_TEST(listener_that_has_its_share_gives_up_one_of_its_own)
{
	struct peer p;
	uint32_t left = 0;

	peer_init(&p, four);
	for (uint16_t i = 0; i < 6; i++)
		syn(&p, (uint16_t)(41000 + i));
	EXPECT_EQ(inner_tcp(&p)->nsyn, 3);
	EXPECT_EQ(peer_states(&p, USTACK_SYN_RCVD), 3);
	EXPECT_EQ(inner_tcp(&p)->listener[p.listener].half_open, 3);
	EXPECT_EQ(peer_counter(&p, USTACK_C_TCP_SYN_EVICTED), 3);
	for (uint16_t i = 0; i < 6; i++)
		left += half_open(&p, (uint16_t)(41000 + i));
	EXPECT_EQ(left, 3);
	EXPECT(half_open(&p, 41005));
	peer_fini(&p);
}
END_TEST

/* What answers within a second goes after what did not. */
START_TEST(entries_that_were_repeated_go_before_fresh_ones)
{
	struct peer p;

	peer_init(&p, sixty_four);
	for (uint16_t i = 0; i < 48; i++)
		syn(&p, (uint16_t)(41000 + i));
	peer_advance(&p, SEC(1) + MS(1));
	peer_drain(&p);
	for (uint16_t i = 0; i < 16; i++)
		syn(&p, (uint16_t)(42000 + i));
	EXPECT_EQ(peer_counter(&p, USTACK_C_TCP_SYN_EVICTED), 16);
	for (uint16_t i = 0; i < 16; i++)
		EXPECT(half_open(&p, (uint16_t)(42000 + i)));
	peer_fini(&p);
}
END_TEST

/* 4987-1: as many new ones as there is room for pass, and an entry is still
 * there once in e times.  The oldest would never be.
 */
START_TEST(flood_cannot_aim_at_an_entry)
{
	uint32_t kept = 0;
	struct peer p;

	peer_init(&p, sixty_four);
	for (uint32_t n = 0; n < 100; n++) {
		uint16_t port = (uint16_t)(60000 + n);

		syn(&p, port);
		for (uint16_t i = 0; i < 48; i++)
			syn(&p, (uint16_t)(1000 + 48 * n + i));
		kept += half_open(&p, port);
	}
	EXPECT_GE(kept, 20);
	EXPECT_LE(kept, 60);
	peer_fini(&p);
}
END_TEST

/* 4987-2: every port has room, whatever is done to others. */
START_TEST(flooded_port_leaves_room_for_others)
{
	struct ustack_listen_args l = { .port = 8, .backlog = 1 };
	struct peer p;
	int other;

	peer_init(&p, sixty_four);
	l.ops_id = p.ops_id;
	other = ustack_listen(p.h.s, &l);
	EXPECT(other >= 0);
	for (uint16_t i = 0; i < 1000; i++)
		syn(&p, (uint16_t)(1000 + i));
	EXPECT_EQ(inner_tcp(&p)->listener[p.listener].half_open, 48);
	for (uint16_t i = 0; i < 12; i++) {
		p.isn_known = false;
		peer_tx(&p, (struct pseg){ .flags = TCP_SYN,
					   .dport = 8,
					   .sport = (uint16_t)(50000 + i) });
		peer_drain(&p);
	}
	EXPECT_EQ(inner_tcp(&p)->listener[other].half_open, 12);
	EXPECT_EQ(inner_tcp(&p)->listener[p.listener].half_open, 48);
	for (uint16_t i = 0; i < 1000; i++)
		syn(&p, (uint16_t)(3000 + i));
	EXPECT_EQ(inner_tcp(&p)->listener[other].half_open, 12);
	EXPECT_LE(inner_tcp(&p)->nsyn, 64);
	peer_fini(&p);
}
END_TEST

/* Many SYN-ACKs are due at once: a run sends half of its budget, no more. */
START_TEST(timer_serves_a_bounded_number_in_a_run)
{
	struct peer p;
	uint32_t n, total = 0;

	peer_init(&p, NULL);
	for (uint16_t i = 0; i < 40; i++)
		syn(&p, (uint16_t)(1000 + i));
	p.h.now_us += SEC(1);
	for (uint32_t i = 0; i < 20 && total < 40; i++) {
		p.h.now_us += 64;
		ustack_run(p.h.s, p.h.now_us, 8);
		n = peer_drain(&p);
		EXPECT_LE(n, 4);
		total += n;
	}
	EXPECT_EQ(total, 40);
	EXPECT_EQ(peer_counter(&p, USTACK_C_TCP_RETRANS_SYNACK), 40);
	peer_fini(&p);
}
END_TEST

/* A run that may send but one packet is no standstill; one that may send none
 * sends none.
 */
START_TEST(timer_lives_on_the_smallest_budget)
{
	struct peer p;

	peer_init(&p, NULL);
	syn(&p, 41000);
	syn(&p, 41001);
	p.h.now_us += SEC(1);
	ustack_run(p.h.s, p.h.now_us, 0);
	peer_expect_none(&p);
	for (uint32_t i = 0; i < 2; i++) {
		p.h.now_us += 64;
		EXPECT_LE(ustack_run(p.h.s, p.h.now_us, 1),
			  p.h.now_us + SEC(2));
		peer_drain(&p);
	}
	EXPECT_EQ(peer_counter(&p, USTACK_C_TCP_RETRANS_SYNACK), 2);
	peer_fini(&p);
}
END_TEST

static int link_is_full(void *ctx, struct vpkt *v)
{
	(void)ctx;
	free(v);
	return -ERR_AGAIN;
}

/* What the link had no room for was not sent: it keeps its turn. */
START_TEST(full_link_costs_no_transmission)
{
	int (*out)(void *ctx, struct vpkt *v);
	struct peer p;

	peer_init(&p, NULL);
	syn(&p, 41000);
	out = p.h.out;
	p.h.out = link_is_full;
	peer_advance(&p, SEC(5));
	EXPECT_EQ(peer_counter(&p, USTACK_C_TCP_RETRANS_SYNACK), 0);
	p.h.out = out;
	peer_advance(&p, MS(2));
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_expect_none(&p);
	EXPECT_EQ(peer_counter(&p, USTACK_C_TCP_RETRANS_SYNACK), 1);
	peer_fini(&p);
}
END_TEST

static void capped(struct ustack_config *cfg)
{
	cfg->rto_max_us = 4000000;
}

static void once(struct ustack_config *cfg)
{
	cfg->synack_retries = 0;
}

static const struct {
	void (*tweak)(struct ustack_config *cfg);
	uint32_t at_s[8]; /* SYN-ACKs; the last is the end */
	uint32_t n;
} schedules[] = {
	{ NULL, { 0, 1, 3, 7, 15, 31, 63 }, 7 },
	{ capped, { 0, 1, 3, 7, 11, 15, 19 }, 7 },
	{ once, { 0, 1 }, 2 },
};

/* RFC 6298 (5.5) */
START_TEST(synack_is_repeated_at_doubling_distances_then_forgotten)
{
	struct peer p;
	uint64_t start;

	peer_init(&p, schedules[_i].tweak);
	start = p.h.now_us;
	syn(&p, 41000);
	for (uint32_t i = 1; i < schedules[_i].n; i++) {
		uint64_t due = start + SEC(schedules[_i].at_s[i]);

		vhost_advance(&p.h, due - 1);
		peer_expect_none(&p);
		EXPECT(half_open(&p, 41000));
		vhost_advance(&p.h, due + 64);
		if (i + 1 < schedules[_i].n)
			peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	}
	peer_expect_none(&p);
	EXPECT(inner_flow(&p, 41000) == NULL);
	EXPECT_EQ(inner_tcp(&p)->nsyn, 0);
	EXPECT_EQ(peer_states(&p, USTACK_SYN_RCVD), 0);
	EXPECT_EQ(peer_counter(&p, USTACK_C_TCP_RETRANS_SYNACK),
		  schedules[_i].n - 2);
	EXPECT_EQ(peer_counter(&p, USTACK_C_TCP_ATTEMPT_FAILS), 1);
	EXPECT_EQ(p.h.deadline_us, USTACK_NEVER);
	peer_fini(&p);
}
END_TEST

START_TEST(completed_entry_becomes_a_connection_and_is_gone)
{
	struct peer p;

	peer_init(&p, NULL);
	inner_open(&p, 41000);
	EXPECT_EQ(inner_tcp(&p)->nsyn, 0);
	EXPECT_EQ(inner_tcp(&p)->listener[p.listener].half_open, 0);
	EXPECT(inner_flow(&p, 41000) == &inner_conn(&p)->flow);
	EXPECT_EQ(p.c.accepted, 1);
	peer_fini(&p);
}
END_TEST

START_TEST(listener_takes_its_half_open_connections_along)
{
	struct ustack_addr any = { { 0 } };
	struct peer p;
	int other;

	peer_init(&p, NULL);
	other = ustack_listen(
		p.h.s, &(struct ustack_listen_args){ .addr = any,
						     .port = 8,
						     .backlog = 1,
						     .ops_id = p.ops_id });
	EXPECT(other >= 0);
	syn(&p, 41000);
	p.isn_known = false;
	peer_tx(&p,
		(struct pseg){ .flags = TCP_SYN, .dport = 8, .sport = 41001 });
	EXPECT_EQ(inner_tcp(&p)->nsyn, 2);
	ustack_unlisten(p.h.s, p.listener);
	EXPECT_EQ(inner_tcp(&p)->nsyn, 1);
	EXPECT(inner_flow(&p, 41000) == NULL);
	EXPECT_EQ(inner_tcp(&p)->listener[other].half_open, 1);
	peer_fini(&p);
}
END_TEST

/* A full backlog leaves the entry: the final ACK will come again. */
START_TEST(entry_waits_while_the_backlog_is_full)
{
	struct peer p;

	peer_init(&p, NULL);
	p.refuse_accept = -ERR_AGAIN;
	inner_tcp(&p)->listener[p.listener].backlog = 1;
	syn(&p, 41000);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 1,
				   .ack = 1,
				   .sport = 41000 });
	syn(&p, 41001);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 1,
				   .ack = 1,
				   .sport = 41001 });
	EXPECT(half_open(&p, 41001));
	EXPECT_EQ(peer_counter(&p, USTACK_C_TCP_ACCEPT_OVERFLOWS), 1);
	EXPECT_EQ(inner_tcp(&p)->listener[p.listener].waiting, 1);
	p.refuse_accept = 0;
	ustack_accept_ready(p.h.s, p.listener);
	vhost_run(&p.h);
	EXPECT_EQ(p.c.accepted, 1);
	EXPECT_EQ(inner_tcp(&p)->listener[p.listener].waiting, 0);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 1,
				   .ack = 1,
				   .sport = 41001 });
	EXPECT_EQ(p.c.accepted, 2);
	peer_fini(&p);
}
END_TEST

static void one_conn(struct ustack_config *cfg)
{
	cfg->max_conns = 1;
}

START_TEST(entry_that_finds_no_room_for_a_connection_is_counted)
{
	struct peer p;

	peer_init(&p, one_conn);
	inner_open(&p, 41000);
	syn(&p, 41001);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 1,
				   .ack = 1,
				   .sport = 41001 });
	EXPECT_EQ(peer_counter(&p, USTACK_C_DROP_TCP_CONN_LIMIT), 1);
	EXPECT_EQ(inner_tcp(&p)->nsyn, 0);
	EXPECT_EQ(inner_tcp(&p)->nconns, 1);
	peer_fini(&p);
}
END_TEST

Suite *suite_tcp_syncache(void)
{
	Suite *s = suite_create("tcp/syncache");
	TCase *tc = tcase_create("half-open");

	tcase_add_test(tc, listener_that_has_its_share_gives_up_one_of_its_own);
	tcase_add_test(tc, flood_cannot_aim_at_an_entry);
	tcase_add_test(tc, flooded_port_leaves_room_for_others);
	tcase_add_test(tc, timer_serves_a_bounded_number_in_a_run);
	tcase_add_test(tc, timer_lives_on_the_smallest_budget);
	tcase_add_test(tc, full_link_costs_no_transmission);
	tcase_add_test(tc, entries_that_were_repeated_go_before_fresh_ones);
	tcase_add_loop_test(
		tc, synack_is_repeated_at_doubling_distances_then_forgotten, 0,
		ARRAY_LEN(schedules));
	tcase_add_test(tc, completed_entry_becomes_a_connection_and_is_gone);
	tcase_add_test(tc, listener_takes_its_half_open_connections_along);
	tcase_add_test(tc, entry_waits_while_the_backlog_is_full);
	tcase_add_test(tc,
		       entry_that_finds_no_room_for_a_connection_is_counted);
	suite_add_tcase(s, tc);
	return s;
}

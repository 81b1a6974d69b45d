/* SPDX-License-Identifier: MIT */
/*
 * test_syncache.c - half-open connections: limits, eviction, repetition
 */

#include "inner.h"
#include "stack/tcp/syncache.h"

static void four(struct ustack_config *cfg)
{
	cfg->syn_backlog = 4;
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

/* RFC 4987 section 3.3 */
START_TEST(full_cache_gives_up_its_oldest_entry)
{
	struct peer p;

	peer_init(&p, four);
	for (uint16_t i = 0; i < 6; i++)
		syn(&p, (uint16_t)(41000 + i));
	EXPECT_EQ(inner_tcp(&p)->nsyn, 4);
	EXPECT_EQ(peer_states(&p, USTACK_SYN_RCVD), 4);
	EXPECT_EQ(inner_tcp(&p)->listener[p.listener].half_open, 4);
	EXPECT_EQ(peer_counter(&p, USTACK_C_TCP_SYN_EVICTED), 2);
	for (uint16_t i = 0; i < 6; i++)
		EXPECT_EQ(half_open(&p, (uint16_t)(41000 + i)), i >= 2);
	peer_fini(&p);
}
END_TEST

/* Those that have been repeated most are the oldest. */
START_TEST(entries_that_were_repeated_go_before_fresh_ones)
{
	struct peer p;

	peer_init(&p, four);
	syn(&p, 41000);
	syn(&p, 41001);
	peer_advance(&p, SEC(1) + MS(1));
	peer_drain(&p);
	syn(&p, 41002);
	syn(&p, 41003);
	syn(&p, 41004);
	EXPECT(!half_open(&p, 41000));
	syn(&p, 41005);
	EXPECT(!half_open(&p, 41001));
	EXPECT(half_open(&p, 41002));
	syn(&p, 41006);
	EXPECT(!half_open(&p, 41002));
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

	tcase_add_test(tc, full_cache_gives_up_its_oldest_entry);
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

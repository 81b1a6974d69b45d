/* SPDX-License-Identifier: MIT */
/*
 * test_timewait.c - connections that are remembered: limits, order, end
 */

#include "inner.h"
#include "stack/tcp/timewait.h"

#define MSL SEC(30) /* the default */

/* Open from @sport, and close from our side first. */
static void close_first(struct peer *p, uint16_t sport)
{
	inner_open(p, sport);
	ck_assert_int_eq(ustack_close(p->h.s, p->conn), 0);
	vhost_run(&p->h);
	peer_expect(p, TCP_FIN | TCP_ACK, 1, 1, 0);
	peer_tx(p, (struct pseg){ .flags = TCP_FIN | TCP_ACK,
				  .seq = 1,
				  .ack = 2,
				  .sport = sport });
	peer_expect(p, TCP_ACK, 2, 2, 0);
}

static struct tw_entry *remembered(struct peer *p, uint16_t sport)
{
	struct tcp_flow *f = inner_flow(p, sport);

	if (!f || f->kind != FLOW_TIME_WAIT)
		return NULL;
	return container_of(f, struct tw_entry, flow);
}

static void three(struct ustack_config *cfg)
{
	cfg->max_time_wait = 3;
}

static void none(struct ustack_config *cfg)
{
	cfg->max_time_wait = 0;
}

/* MUST-13: 2 MSL, and not a tick longer than it takes. */
START_TEST(entry_lasts_two_msl)
{
	struct peer p;
	uint64_t start;

	peer_init(&p, NULL);
	start = p.h.now_us;
	close_first(&p, 41000);
	EXPECT(remembered(&p, 41000) != NULL);
	EXPECT_EQ(p.c.closed, 1);
	EXPECT_EQ(p.reason, USTACK_END_NORMAL);
	EXPECT_EQ(peer_states(&p, USTACK_TIME_WAIT), 1);
	EXPECT_EQ(inner_tcp(&p)->nconns, 0);
	vhost_advance(&p.h, start + 2 * MSL - 1);
	EXPECT(remembered(&p, 41000) != NULL);
	vhost_advance(&p.h, start + 2 * MSL + 64);
	EXPECT(inner_flow(&p, 41000) == NULL);
	EXPECT_EQ(peer_states(&p, USTACK_TIME_WAIT), 0);
	peer_fini(&p);
}
END_TEST

START_TEST(full_table_forgets_the_oldest)
{
	struct peer p;

	peer_init(&p, three);
	for (uint16_t i = 0; i < 5; i++) {
		close_first(&p, (uint16_t)(41000 + i));
		peer_advance(&p, SEC(1));
	}
	EXPECT_EQ(inner_tcp(&p)->ntw, 3);
	EXPECT_EQ(peer_counter(&p, USTACK_C_TCP_TIME_WAITS), 5);
	EXPECT_EQ(peer_counter(&p, USTACK_C_TCP_TIME_WAIT_EVICTED), 2);
	for (uint16_t i = 0; i < 5; i++)
		EXPECT_EQ(remembered(&p, (uint16_t)(41000 + i)) != NULL,
			  i >= 2);
	peer_fini(&p);
}
END_TEST

START_TEST(table_of_no_entries_remembers_nothing)
{
	struct peer p;

	peer_init(&p, none);
	close_first(&p, 41000);
	EXPECT(inner_flow(&p, 41000) == NULL);
	EXPECT_EQ(peer_states(&p, USTACK_TIME_WAIT), 0);
	EXPECT_EQ(peer_counter(&p, USTACK_C_TCP_TIME_WAIT_EVICTED), 1);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.10.7.4: the FIN again restarts the wait; order holds. */
START_TEST(repeated_fin_moves_the_entry_to_the_end)
{
	struct peer p;
	uint64_t start;

	peer_init(&p, NULL);
	start = p.h.now_us;
	close_first(&p, 41000);
	close_first(&p, 41001);
	vhost_advance(&p.h, start + SEC(10));
	peer_tx(&p, (struct pseg){ .flags = TCP_FIN | TCP_ACK,
				   .seq = 1,
				   .ack = 2,
				   .sport = 41000 });
	EXPECT_EQ(peer_drain(&p), 1);
	EXPECT_EQ(remembered(&p, 41000)->due_us, start + SEC(10) + 2 * MSL);
	EXPECT(list_first(&inner_tcp(&p)->tw_list, struct tw_entry, link) ==
	       remembered(&p, 41001));
	vhost_advance(&p.h, start + 2 * MSL + 64);
	EXPECT(remembered(&p, 41001) == NULL);
	EXPECT(remembered(&p, 41000) != NULL);
	vhost_advance(&p.h, start + SEC(10) + 2 * MSL + 64);
	EXPECT(remembered(&p, 41000) == NULL);
	EXPECT_EQ(p.h.deadline_us, USTACK_NEVER);
	peer_fini(&p);
}
END_TEST

static const struct {
	const char *name;
	uint8_t flags;
	uint32_t seq; /* rcv.nxt is 2 */
	bool reused;
} syns[] = {
	{ "newer SYN", TCP_SYN, 3, true },
	{ "SYN at the next number", TCP_SYN, 2, false },
	{ "older SYN", TCP_SYN, 0, false },
	{ "SYN-ACK", TCP_SYN | TCP_ACK, 3, false },
	{ "SYN-RST", TCP_SYN | TCP_RST, 3, false },
	{ "RST (RFC 1337)", TCP_RST, 2, false },
};

/* RFC 9293 section 3.6.1 (MAY-2), RFC 1337 */
START_TEST(only_a_newer_syn_takes_the_entrys_place)
{
	struct peer p;

	peer_init(&p, NULL);
	close_first(&p, 41000);
	peer_tx(&p, (struct pseg){ .flags = syns[_i].flags,
				   .seq = syns[_i].seq,
				   .ack = 2,
				   .sport = 41000 });
	ck_assert_msg((remembered(&p, 41000) == NULL) == syns[_i].reused, "%s",
		      syns[_i].name);
	EXPECT_EQ(peer_states(&p, USTACK_SYN_RCVD), syns[_i].reused);
	EXPECT_EQ(peer_counter(&p, USTACK_C_TCP_TIME_WAIT_REUSED),
		  syns[_i].reused);
	peer_fini(&p);
}
END_TEST

Suite *suite_tcp_timewait(void)
{
	Suite *s = suite_create("tcp/timewait");
	TCase *tc = tcase_create("table");

	tcase_add_test(tc, entry_lasts_two_msl);
	tcase_add_test(tc, full_table_forgets_the_oldest);
	tcase_add_test(tc, table_of_no_entries_remembers_nothing);
	tcase_add_test(tc, repeated_fin_moves_the_entry_to_the_end);
	tcase_add_loop_test(tc, only_a_newer_syn_takes_the_entrys_place, 0,
			    ARRAY_LEN(syns));
	suite_add_tcase(s, tc);
	return s;
}

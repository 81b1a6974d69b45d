/* SPDX-License-Identifier: MIT */
/*
 * test_closed.c - segments to a port where nobody listens (RFC 9293 section
 *		   3.10.7.1)
 *
 * The stack's ISN is unknown here, so that its numbers are absolute.
 */

#include "stack/limit.h"
#include "suites.h"
#include "wire.h"

#define CLOSED_PORT 9u

/* clang-format off */
static const struct {
	const char *name;
	uint8_t flags;
	uint32_t seq, ack, len;
	uint8_t want;			/* flags of the answer, 0 = none */
	uint32_t want_seq, want_ack;
} cases[] = {
	{ "SYN",	  TCP_SYN,		0, 0,	 0,  TCP_RST | TCP_ACK, 0, 1 },
	{ "SYN and data", TCP_SYN,		0, 0,	 10, TCP_RST | TCP_ACK, 0, 11 },
	{ "SYN and FIN",  TCP_SYN | TCP_FIN,	0, 0,	 0,  TCP_RST | TCP_ACK, 0, 2 },
	{ "FIN",	  TCP_FIN,		5, 0,	 0,  TCP_RST | TCP_ACK, 0, 6 },
	{ "FIN and data", TCP_FIN,		5, 0,	 3,  TCP_RST | TCP_ACK, 0, 9 },
	{ "data",	  0,			5, 0,	 10, TCP_RST | TCP_ACK, 0, 15 },
	{ "nothing",	  0,			5, 0,	 0,  TCP_RST | TCP_ACK, 0, 5 },
	{ "ACK",	  TCP_ACK,		5, 1000, 0,  TCP_RST, 1000, 0 },
	{ "ACK and data", TCP_ACK,		5, 1000, 7,  TCP_RST, 1000, 0 },
	{ "SYN-ACK",	  TCP_SYN | TCP_ACK,	0, 1000, 0,  TCP_RST, 1000, 0 },
	{ "FIN-ACK",	  TCP_FIN | TCP_ACK,	5, 1000, 0,  TCP_RST, 1000, 0 },
	{ "RST",	  TCP_RST,		5, 0,	 0,  0, 0, 0 },
	{ "RST-ACK",	  TCP_RST | TCP_ACK,	5, 1000, 0,  0, 0, 0 },
	{ "RST and data", TCP_RST,		5, 0,	 10, 0, 0, 0 },
	{ "RST and SYN",  TCP_RST | TCP_SYN,	5, 0,	 0,  0, 0, 0 },
};
/* clang-format on */

/* 9293-a1, a2, a3: the answers of CLOSED, each over IPv4 and IPv6. */
START_TEST(closed_port_answers_by_the_table)
{
	int i = _i / 2;
	struct pseg in = seg(cases[i].flags, cases[i].seq, cases[i].ack,
			     cases[i].len);
	struct peer p;
	struct pseg s;

	wire_init(&p, _i % 2, NULL);
	in.dport = CLOSED_PORT;
	peer_tx(&p, in);
	if (cases[i].want) {
		s = peer_expect(&p, cases[i].want, cases[i].want_seq,
				cases[i].want_ack, 0);
		ck_assert_uint_eq(s.sport, CLOSED_PORT);
		ck_assert_uint_eq(s.dport, PEER_PORT);
		ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_OUT_RSTS), 1);
	}
	peer_expect_none(&p);
	ck_assert_uint_eq(peer_counter(&p, cases[i].want
						   ? USTACK_C_DROP_TCP_NO_PORT
						   : USTACK_C_DROP_TCP_RST),
			  1);
	peer_fini(&p);
}
END_TEST

static void ten_a_second(struct ustack_config *cfg)
{
	cfg->rst_rate = 10;
}

static uint32_t scan(struct peer *p, uint16_t ports)
{
	for (uint16_t i = 0; i < ports; i++)
		peer_tx(p, (struct pseg){ .flags = TCP_SYN,
					  .dport = CLOSED_PORT,
					  .sport = (uint16_t)(1000 + i) });
	return peer_drain(p);
}

/* 1122-14, res-3: a scan cannot make us send without limit. */
START_TEST(resets_to_strangers_are_rate_limited)
{
	struct peer p;
	uint32_t sent;

	peer_init(&p, ten_a_second);
	sent = scan(&p, 300);
	ck_assert_uint_le(sent, 2 * LIMIT_BURST);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_RSTS_HELD), 300 - sent);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_ICMP_LIMIT), 0);

	peer_advance(&p, SEC(1)); /* the bucket fills again */
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .dport = CLOSED_PORT });
	peer_expect(&p, TCP_RST | TCP_ACK, 0, 1, 0);
	peer_fini(&p);
}
END_TEST

static void no_limit(struct ustack_config *cfg)
{
	cfg->rst_rate = 0;
}

/* Design section 4: the limit can be switched off. */
START_TEST(reset_limit_can_be_switched_off)
{
	struct peer p;

	peer_init(&p, no_limit);
	for (uint32_t i = 0; i < 20; i++)
		ck_assert_uint_eq(scan(&p, 100), 100);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_RSTS_HELD), 0);
	peer_fini(&p);
}
END_TEST

/* 5961-6: what resets to strangers use up is not what connections live on. */
START_TEST(scan_does_not_silence_a_connection)
{
	struct peer p;

	peer_init(&p, ten_a_second);
	wire_goto(&p, USTACK_ESTABLISHED);
	scan(&p, 300);
	peer_tx(&p, seg_rst(2));
	peer_expect(&p, TCP_ACK, 1, 1, 0);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_closed(void)
{
	Suite *s = suite_create("closed");
	TCase *tc = wire_case(s, "answers");

	tcase_add_loop_test(tc, closed_port_answers_by_the_table, 0,
			    2 * (int)WIRE_ROWS(cases));
	tcase_add_test(tc, resets_to_strangers_are_rate_limited);
	tcase_add_test(tc, reset_limit_can_be_switched_off);
	tcase_add_test(tc, scan_does_not_silence_a_connection);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_closed.c - segments to a port where nobody listens (RFC 9293 section
 *		   3.10.7.1)
 *
 * The stack's ISN is unknown here, so that its numbers are absolute.
 */

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
	cfg->icmp_rate = 10;
}

/* 1122-14, res-3: a scan cannot make us send without limit. */
START_TEST(resets_to_strangers_are_rate_limited)
{
	struct peer p;
	uint64_t held;

	peer_init(&p, ten_a_second);
	for (uint16_t i = 0; i < 100; i++)
		peer_tx(&p, (struct pseg){ .flags = TCP_SYN,
					   .dport = CLOSED_PORT,
					   .sport = (uint16_t)(1000 + i) });
	held = peer_counter(&p, USTACK_C_DROP_ICMP_LIMIT);
	ck_assert_uint_ge(held, 50);
	ck_assert_uint_eq(peer_drain(&p) + held, 100);

	peer_advance(&p, SEC(1)); /* the bucket fills again */
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .dport = CLOSED_PORT });
	peer_expect(&p, TCP_RST | TCP_ACK, 0, 1, 0);
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
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_icmp_errors.c - what ICMP errors do to connections, and which ones are
 *			believed (RFC 9293 section 3.9.2.2, RFC 5927, RFC 5461)
 */

#include "quote.h"
#include "stack/base/rng.h"
#include "suites.h"

/* Type and code, and what they are: soft, hard, or "refused". */
struct error {
	bool v6;
	uint8_t type, code;
	enum { SOFT, HARD, REFUSED } want;
	enum err err;
};

static const struct error errors[] = {
	{ false, 3, 0, SOFT, ERR_NETUNREACH },
	{ false, 3, 1, SOFT, ERR_HOSTUNREACH },
	{ false, 3, 2, HARD, ERR_HOSTUNREACH },
	{ false, 3, 3, REFUSED, ERR_CONNREFUSED },
	{ false, 3, 5, SOFT, ERR_HOSTUNREACH },
	{ false, 3, 6, SOFT, ERR_NETUNREACH },
	{ false, 3, 9, HARD, ERR_NETUNREACH },
	{ false, 3, 10, HARD, ERR_HOSTUNREACH },
	{ false, 3, 13, HARD, ERR_HOSTUNREACH },
	{ false, 3, 200, SOFT, ERR_HOSTUNREACH },
	{ false, 11, 0, SOFT, ERR_HOSTUNREACH },
	{ false, 12, 0, SOFT, ERR_HOSTUNREACH },
	{ true, 1, 0, SOFT, ERR_NETUNREACH },
	{ true, 1, 1, HARD, ERR_HOSTUNREACH },
	{ true, 1, 3, SOFT, ERR_HOSTUNREACH },
	{ true, 1, 4, REFUSED, ERR_CONNREFUSED },
	{ true, 1, 5, HARD, ERR_HOSTUNREACH },
	{ true, 1, 6, HARD, ERR_HOSTUNREACH },
	{ true, 3, 0, SOFT, ERR_HOSTUNREACH },
	{ true, 4, 1, SOFT, ERR_HOSTUNREACH },
};

static struct quote of(const struct error *e, uint32_t seq)
{
	return (struct quote){ .type = e->type, .code = e->code, .seq = seq };
}

/* MUST-54, SHLD-26, MUST-56: while connecting, hard errors end it at once. */
START_TEST(hard_errors_end_an_attempt_soft_ones_do_not)
{
	const struct error *e = &errors[_i];
	struct peer p;

	wire_init(&p, e->v6, NULL);
	peer_connect(&p);
	peer_expect(&p, TCP_SYN, 0, 0, 0);
	quote_give(&p, of(e, 0));
	peer_expect_none(&p);
	ck_assert_uint_eq(p.c.closed, e->want != SOFT);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ICMP_HARD),
			  e->want != SOFT);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ICMP_SOFT),
			  e->want == SOFT);
	if (e->want == HARD)
		ck_assert_int_eq(p.reason, USTACK_END_UNREACH);
	if (e->want == REFUSED)
		ck_assert_int_eq(p.reason, USTACK_END_REFUSED);
	if (e->want == SOFT) {
		peer_tx(&p,
			(struct pseg){ .flags = TCP_SYN | TCP_ACK, .ack = 1 });
		peer_expect(&p, TCP_ACK, 1, 1, 0);
		wire_check_state(&p, USTACK_ESTABLISHED);
	}
	peer_fini(&p);
}
END_TEST

/* 5927-2, MUST-56: once connected, in any state, all errors are soft. */
START_TEST(no_error_ends_a_synchronized_connection)
{
	static const enum ustack_state states[] = { USTACK_ESTABLISHED,
						    USTACK_CLOSE_WAIT,
						    USTACK_FIN_WAIT_1,
						    USTACK_LAST_ACK };
	const struct error *e = &errors[_i / 4];
	enum ustack_state st = states[_i % 4];
	struct wire_pos pos;
	struct peer p;
	uint32_t seq;

	wire_init(&p, e->v6, NULL);
	pos = wire_goto(&p, st);
	seq = pos.snd - 1; /* of the FIN */
	if (st == USTACK_ESTABLISHED || st == USTACK_CLOSE_WAIT) {
		seq = pos.snd;
		peer_send(&p, 100);
		peer_expect(&p, TCP_ACK, seq, pos.rcv, 100);
	}
	quote_give(&p, of(e, seq));
	peer_expect_none(&p);
	wire_check_state(&p, st);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ICMP_SOFT), 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ICMP_HARD), 0);
	peer_fini(&p);
}
END_TEST

/* MUST-11, SHLD-26: a simultaneous open is an attempt still. */
START_TEST(hard_error_ends_a_simultaneous_open)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_SYN_RCVD);
	quote_give(&p, (struct quote){ .type = _i ? 1 : 3,
				       .code = _i ? 4 : 3,
				       .seq = 0 });
	ck_assert_uint_eq(p.c.closed, 1);
	ck_assert_int_eq(p.reason, USTACK_END_REFUSED);
	peer_fini(&p);
}
END_TEST

static const int32_t stale[] = { -1000, -1, 100, 1000, INT32_MIN };

/* 5927-1: neither what is acknowledged nor what was never sent; 0 bytes of data
 * in flight have no number at all. */
START_TEST(quote_of_what_is_not_in_flight_is_ignored)
{
	uint32_t seq = 51u + (uint32_t)stale[_i / 2];
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 150);
	peer_expect(&p, TCP_ACK, 1, 1, 150);
	peer_tx(&p, seg_ack(1, 51));
	quote_give(&p, (struct quote){ .type = p.v6 ? 1 : 3, .seq = seq });
	quote_too_big(&p, seq, 1300);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_ICMP_SEQ), 2);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ICMP_SOFT), 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_PMTU_LOWERED), 0);
	peer_tx(&p, seg_ack(1, 151));
	quote_give(&p, (struct quote){ .type = p.v6 ? 1 : 3, .seq = 151 });
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_ICMP_SEQ), 3);
	peer_fini(&p);
}
END_TEST

/* 5927-1 while connecting: only the SYN's own number. */
START_TEST(attempt_ends_only_by_a_quote_of_its_syn)
{
	static const uint32_t seq[] = { 1, 2, UINT32_MAX, 1u << 31 };
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	peer_connect(&p);
	peer_expect(&p, TCP_SYN, 0, 0, 0);
	quote_give(&p, (struct quote){ .type = p.v6 ? 1 : 3,
				       .code = p.v6 ? 4 : 3,
				       .seq = seq[_i / 2] });
	ck_assert_uint_eq(p.c.closed, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_ICMP_SEQ), 1);
	peer_fini(&p);
}
END_TEST

/* A half-open entry goes with the proof that its SYN-ACK leads nowhere. */
START_TEST(hard_error_forgets_a_half_open_connection)
{
	static const uint32_t seq[] = { 0, 1, UINT32_MAX };
	bool gone = seq[_i / 2] == 0;
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN });
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	quote_give(&p, (struct quote){ .type = p.v6 ? 1 : 3, .seq = 0 });
	ck_assert_uint_eq(peer_states(&p, USTACK_SYN_RCVD), 1); /* soft */
	quote_too_big(&p, 0, 1300);
	ck_assert_uint_eq(peer_states(&p, USTACK_SYN_RCVD), 1);
	quote_give(&p, (struct quote){ .type = p.v6 ? 1 : 3,
				       .code = p.v6 ? 4 : 3,
				       .seq = seq[_i / 2] });
	ck_assert_uint_eq(peer_states(&p, USTACK_SYN_RCVD), !gone);
	peer_expect_none(&p);
	p.isn_known = false;
	if (gone)
		peer_open(&p);
	peer_fini(&p);
}
END_TEST

/* MUST-54: other ports, another protocol: somebody else's. */
START_TEST(quote_of_another_connection_is_dropped)
{
	struct peer p;
	struct vpkt *v;

	wire_init(&p, _i, NULL);
	peer_connect(&p);
	peer_expect(&p, TCP_SYN, 0, 0, 0);
	quote_give(&p, (struct quote){ .type = _i ? 1 : 3,
				       .code = _i ? 4 : 3,
				       .rport = 1 });
	quote_give(&p, (struct quote){ .type = _i ? 1 : 3,
				       .code = _i ? 4 : 3,
				       .lport = 1 });
	v = quote_build(&p, (struct quote){ .type = _i ? 1 : 3,
					    .code = _i ? 4 : 3 });
	v->data[v->l4_off + 8 + (_i ? 6 : 9)] = 17;
	wire_icmp_csum(v);
	wire_hand(&p, v);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_ICMP_NO_CONN), 3);
	ck_assert_uint_eq(p.c.closed, 0);
	peer_fini(&p);
}
END_TEST

/* 5927-4: too short to name a connection, or quoting what we cannot have sent. */
START_TEST(bad_quotes_are_dropped)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_connect(&p);
	peer_expect(&p, TCP_SYN, 0, 0, 0);
	for (uint32_t cut = 1; cut <= 12 + (p.v6 ? 40u : 20u); cut++) {
		struct vpkt *v = quote_build(
			&p, (struct quote){ .type = p.v6 ? 1 : 3,
					    .code = p.v6 ? 4 : 3 });

		v->len -= cut;
		if (p.v6)
			be16_store(v->data + 4, (uint16_t)(v->len - 40));
		else
			be16_store(v->data + 2, (uint16_t)v->len);
		if (!p.v6)
			wire_ip4_csum(v);
		wire_icmp_csum(v);
		if (cut == 12) { /* eight bytes are enough */
			free(v);
			continue;
		}
		if (cut > 12) {
			wire_hand(&p, v);
			ck_assert_uint_eq(p.c.closed, 0);
		} else {
			free(v);
		}
	}
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_ICMP_QUOTE),
			  p.v6 ? 40 : 20);
	quote_give(&p, (struct quote){ .type = p.v6 ? 1 : 3,
				       .code = p.v6 ? 4 : 3,
				       .l4_len = 8 });
	ck_assert_uint_eq(p.c.closed, 1);
	peer_fini(&p);
}
END_TEST

/* Offset in the quote, and what is written there. */
static const struct {
	const char *name;
	bool v6;
	uint32_t off;
	uint8_t b;
} damages[] = {
	{ "version", false, 0, 0x65 },
	{ "header of 16", false, 0, 0x44 },
	{ "header of 60", false, 0, 0x4f },
	{ "total length 27", false, 2, 0 },
	{ "later fragment", false, 7, 1 },
	{ "source not ours", false, 15, 9 },
	{ "to ourselves", false, 19, 2 },
	{ "version", true, 0, 0x40 },
	{ "endless extension headers", true, 6, 60 },
	{ "later fragment", true, 6, 44 },
	{ "source not ours", true, 23, 9 },
	{ "to ourselves", true, 39, 2 },
};

/* 5927-4: the quoted header must be one that we could have sent. */
START_TEST(quotes_of_what_we_did_not_send_are_dropped)
{
	bool v6 = damages[_i].v6;
	struct peer p;
	struct vpkt *v;
	uint8_t *q;

	wire_init(&p, v6, NULL);
	peer_connect(&p);
	peer_expect(&p, TCP_SYN, 0, 0, 0);
	v = quote_build(&p, (struct quote){ .type = v6 ? 1 : 3,
					    .code = v6 ? 4 : 3,
					    .total = 27 + 40 });
	q = v->data + v->l4_off + 8;
	if (!strcmp(damages[_i].name, "total length 27"))
		q[3] = 27;
	q[damages[_i].off] = damages[_i].b;
	wire_icmp_csum(v);
	wire_hand(&p, v);
	ck_assert_msg(peer_counter(&p, USTACK_C_DROP_ICMP_QUOTE) == 1, "%s",
		      damages[_i].name);
	ck_assert_uint_eq(p.c.closed, 0);
	peer_fini(&p);
}
END_TEST

/* MUST-55: source quench does nothing, and has a counter of its own. */
START_TEST(source_quench_is_dropped_in_silence)
{
	struct peer p;
	uint32_t cwnd;

	peer_init(&p, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 100);
	peer_expect(&p, TCP_ACK, 1, 1, 100);
	cwnd = peer_info(&p).cwnd;
	quote_give(&p, (struct quote){ .type = 4, .seq = 1 });
	ck_assert_uint_eq(peer_info(&p).cwnd, cwnd);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_ICMP_QUENCH), 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_ICMP_IN_SRC_QUENCHS), 1);
	ck_assert_uint_eq(p.icmp_out, 0);
	peer_fini(&p);
}
END_TEST

/* SHLD-25, MUST-56, 5461-1: a soft error does not hasten the end of an attempt. */
START_TEST(soft_errors_leave_the_attempt_its_time)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_connect(&p);
	for (uint32_t i = 0; i < 5; i++) {
		quote_give(&p, (struct quote){ .type = _i ? 1 : 3, .seq = 0 });
		peer_advance(&p, SEC(10));
	}
	ck_assert_uint_eq(p.c.closed, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_ICMP_SOFT), 5);
	peer_advance(&p, SEC(200));
	ck_assert_uint_eq(p.c.closed, 1);
	peer_drain(&p);
	peer_fini(&p);
}
END_TEST

/* res-4: quotes of noise are survived, whatever they claim. */
START_TEST(random_quotes_are_survived)
{
	struct rng rng;
	struct peer p;

	wire_init(&p, _i, NULL);
	p.df_clear = true;
	rng_init(&rng, PEER_SEED);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 100000);
	peer_drain(&p);
	for (uint32_t i = 0; i < 20000; i++) {
		struct quote c = { .type = (uint8_t)(1 + rng_below(&rng, 12)),
				   .code = (uint8_t)rng_below(&rng, 16),
				   .seq = rng_below(&rng, 30000),
				   .mtu = rng_below(&rng, 2000),
				   .total = 60 + rng_below(&rng, 1500),
				   .l4_len = 1 + rng_below(&rng, 40) };
		struct vpkt *v = quote_build(&p, c);
		uint32_t hdr = v->l4_off + 8;

		for (uint32_t n = rng_below(&rng, 4); n > 0; n--)
			v->data[hdr + rng_below(&rng, v->len - hdr)] = (uint8_t)
				rng_u64(&rng);
		wire_icmp_csum(v);
		wire_hand(&p, v);
		peer_drain(&p);
		if (i % 100 == 0)
			peer_advance(&p, MS(100));
		peer_drain(&p);
	}
	wire_check_state(&p, USTACK_ESTABLISHED);
	ck_assert_uint_ge(peer_info(&p).mss, 500);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_icmp_errors(void)
{
	Suite *s = suite_create("ICMP errors");
	TCase *tc = wire_case(s, "meaning");

	tcase_add_loop_test(tc, hard_errors_end_an_attempt_soft_ones_do_not, 0,
			    (int)WIRE_ROWS(errors));
	tcase_add_loop_test(tc, no_error_ends_a_synchronized_connection, 0,
			    4 * (int)WIRE_ROWS(errors));
	tcase_add_loop_test(tc, hard_error_ends_a_simultaneous_open, 0, 2);
	tcase_add_loop_test(tc, hard_error_forgets_a_half_open_connection, 0,
			    6);
	tcase_add_test(tc, source_quench_is_dropped_in_silence);
	tcase_add_loop_test(tc, soft_errors_leave_the_attempt_its_time, 0, 2);
	tc = wire_case(s, "belief");
	tcase_add_loop_test(tc, quote_of_what_is_not_in_flight_is_ignored, 0,
			    2 * (int)WIRE_ROWS(stale));
	tcase_add_loop_test(tc, attempt_ends_only_by_a_quote_of_its_syn, 0, 8);
	tcase_add_loop_test(tc, quote_of_another_connection_is_dropped, 0, 2);
	tcase_add_loop_test(tc, bad_quotes_are_dropped, 0, 2);
	tcase_add_loop_test(tc, quotes_of_what_we_did_not_send_are_dropped, 0,
			    (int)WIRE_ROWS(damages));
	tcase_add_loop_test(tc, random_quotes_are_survived, 0, 2);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_frag_faults.c - fragments that are wrong, or too many (RFC 1122 section
 *			3.3.2, 1858, 5722, 7112, 8200 section 4.5)
 */

#include "frag.h"
#include "stack/base/rng.h"
#include "suites.h"

static const struct {
	const char *name;
	struct cut a, b;
} overlaps[] = {
	{ "same place, other bytes",
	  { 8, 400, true, .id = 3 },
	  { 8, 400, true, .id = 3, .flip = 1 } },
	{ "overlaps its end",
	  { 8, 400, true, .id = 3 },
	  { 400, 80, true, .id = 3 } },
	{ "overlaps its beginning",
	  { 408, 400, true, .id = 3 },
	  { 8, 408, true, .id = 3 } },
	{ "is inside", { 8, 400, true, .id = 3 }, { 16, 8, true, .id = 3 } },
	{ "is around", { 16, 8, true, .id = 3 }, { 8, 400, true, .id = 3 } },
	{ "same bytes, another end",
	  { 8, 400, true, .id = 3 },
	  { 8, 400, false, .id = 3 } },
	{ "beyond the end",
	  { 600, 8, false, .id = 3 },
	  { 608, 8, true, .id = 3 } },
	{ "two ends", { 600, 8, false, .id = 3 }, { 608, 8, false, .id = 3 } },
	{ "end before what is there",
	  { 600, 8, true, .id = 3 },
	  { 400, 8, false, .id = 3 } },
};

/* 791-5, 5722-1: all is dropped, in silence; for IPv6 what follows too. */
START_TEST(overlap_drops_the_whole_datagram)
{
	bool v6 = _i % 2;
	struct peer p;
	struct vpkt *v;

	wire_init(&p, v6, NULL);
	v = frag_request(&p, BODY);
	frag_give(&p, v, overlaps[_i / 2].a);
	frag_give(&p, v, overlaps[_i / 2].b);
	ck_assert_msg(peer_counter(&p, USTACK_C_DROP_FRAG_OVERLAP) == 1, "%s",
		      overlaps[_i / 2].name);
	ck_assert_uint_eq(frag_fails(&p), 1);
	ck_assert_uint_eq(frag_waiting(&p), v6);
	for (uint32_t i = 0; i < 3; i++) {
		struct cut c = three[i];

		c.id = 3;
		frag_give(&p, v, c);
	}
	if (v6)
		ck_assert_uint_eq(p.icmp_out, 0);
	else
		frag_check_echo(&p, 1, BODY); /* a datagram of its own */
	peer_advance(&p, SEC(TIMEOUT_S));
	ck_assert_uint_eq(p.icmp_out, !v6);
	ck_assert_uint_eq(frag_waiting(&p), 0);
	ck_assert_uint_eq(frag_fails(&p), 1);
	free(v);
	peer_fini(&p);
}
END_TEST

/* The last ICMPv6 answer is a parameter problem. */
static void check_problem(const struct peer *p, uint8_t code, uint32_t pointer)
{
	ck_assert_uint_eq(p->icmp_out, 1);
	ck_assert_uint_eq(p->icmp[40], 4);
	ck_assert_uint_eq(p->icmp[41], code);
	ck_assert_uint_eq(be32_load(p->icmp + 44), pointer);
}

/* 791-3, 8200-2: the shape of the "ping of death". */
START_TEST(end_beyond_65535_is_dropped)
{
	static const uint32_t off[] = { 65528, 65520 };
	struct peer p;
	struct vpkt *v;

	wire_init(&p, _i % 2, NULL);
	v = wire_ip(&p, 17, WHOLE);
	frag_give(&p, v, three[0]);
	frag_give(&p, v, (struct cut){ off[_i / 2], 16, false, .id = 9 });
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_FRAG_SIZE), 1);
	if (p.v6)
		check_problem(&p, 0, 42);
	else
		ck_assert_uint_eq(p.icmp_out, 0);
	free(v);
	peer_fini(&p);
}
END_TEST

/* 791-4, 8200-2: not the last one, and no multiple of 8; or no data at all. */
START_TEST(ragged_fragment_is_dropped)
{
	static const uint32_t lens[] = { 1, 15, 401, 0 };
	uint32_t len = lens[_i / 2];
	struct peer p;
	struct vpkt *v;

	wire_init(&p, _i % 2, NULL);
	v = wire_ip(&p, 17, BODY);
	frag_give(&p, v, (struct cut){ 8, len, true, .id = 9 });
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_FRAG_LEN), 1);
	ck_assert_uint_eq(frag_waiting(&p), 0);
	if (p.v6 && len)
		check_problem(&p, 0, 4);
	else
		ck_assert_uint_eq(p.icmp_out, 0);
	free(v);
	peer_fini(&p);
}
END_TEST

/* 4443-2: nor is a fault answered that may be in an ICMPv6 error's fragment. */
START_TEST(fault_in_a_later_fragment_of_icmp_is_not_answered)
{
	struct peer p;
	struct vpkt *v;

	peer_init6(&p, NULL);
	v = frag_request(&p, BODY);
	frag_give(&p, v, (struct cut){ 8, 15, true, .id = 9 });
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_FRAG_LEN), 1);
	ck_assert_uint_eq(p.icmp_out, 0);
	free(v);
	peer_fini(&p);
}
END_TEST

/* 1858-1: what a filter needs to see is in the first fragment, or it is lost. */
START_TEST(tiny_first_fragment_of_tcp_is_dropped)
{
	static const struct cut tiny[] = { { 0, 8, true, .id = 1 },
					   { 0, 16, true, .id = 1 },
					   { 8, 16, false, .id = 1 },
					   { 16, 8, false, .id = 1 } };
	struct pseg syn = { .flags = TCP_SYN, .mss = 1460 };
	struct peer p;
	struct vpkt *v;

	peer_init(&p, NULL);
	v = peer_build(&p, &syn);
	frag_give(&p, v, tiny[_i]);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_FRAG_TINY), 1);
	ck_assert_uint_eq(frag_waiting(&p), 0);
	free(v);
	peer_open(&p);
	peer_fini(&p);
}
END_TEST

static const struct {
	uint8_t proto;
	uint32_t len;
	bool tiny;
} chains[] = {
	{ 6, 16, true },  { 6, 24, false },  { 17, 8, false },
	{ 58, 8, false }, { 60, 8, true },   { 60, 16, true },
	{ 60, 24, true }, { 60, 32, false }, { 43, 8, true },
};

/* 8200-3, RFC 7112: the whole header chain is in the first fragment. */
START_TEST(first_fragment_without_the_whole_chain_is_refused)
{
	struct peer p;
	struct vpkt *v;

	peer_init6(&p, NULL);
	v = wire_ip(&p, chains[_i].proto, 64);
	v->data[40] = chains[_i].proto == 58 ? 128 : 6; /* echo; before TCP */
	if (chains[_i].proto == 60)			/* padding */
		memcpy(v->data + 42, (uint8_t[]){ 1, 4 }, 2);
	frag_give(&p, v, (struct cut){ 0, chains[_i].len, true, .id = 1 });
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_FRAG_TINY),
			  chains[_i].tiny);
	if (chains[_i].tiny)
		check_problem(&p, 3, 0);
	ck_assert_uint_eq(frag_waiting(&p), !chains[_i].tiny);
	free(v);
	peer_fini(&p);
}
END_TEST

/* 8200-2: a fragment in a fragment, or two headers, would have no end. */
START_TEST(nested_fragments_are_dropped)
{
	struct peer p;
	struct vpkt *inner, *f;

	peer_init6(&p, NULL);
	inner = frag_request(&p, BODY);
	f = frag_cut(&p, inner, three[0]);
	f->l4_off = 40;
	if (_i) {
		frag_give(&p, f, (struct cut){ 0, 408, false, .id = 2 });
	} else {
		frag_give(&p, f, (struct cut){ 0, 200, true, .id = 2 });
		frag_give(&p, f, (struct cut){ 200, 208, false, .id = 2 });
	}
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_IP6_EXT), 1);
	ck_assert_uint_eq(p.icmp_out, 0);
	ck_assert_uint_eq(frag_waiting(&p), 0);
	free(f);
	free(inner);
	peer_fini(&p);
}
END_TEST

/* 1122-18, 8200-1: sixty seconds from the first that came, however it goes on. */
START_TEST(incomplete_datagram_is_dropped_in_time)
{
	bool has_first = _i / 2;
	struct peer p;
	struct vpkt *v;

	wire_init(&p, _i % 2, NULL);
	v = frag_request(&p, BODY);
	frag_give(&p, v, three[has_first ? 0 : 2]);
	peer_advance(&p, SEC(TIMEOUT_S - 1));
	frag_give(&p, v, three[1]);
	ck_assert_uint_eq(frag_waiting(&p), 1);
	ck_assert_uint_eq(p.icmp_out, 0);
	peer_advance(&p, SEC(1) + MS(1));
	ck_assert_uint_eq(frag_waiting(&p), 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_FRAG_TIMEOUT), 1);
	ck_assert_uint_eq(frag_fails(&p), 1);
	ck_assert_uint_eq(p.icmp_out, has_first);
	frag_give(&p, v, three[has_first ? 2 : 0]); /* too late */
	ck_assert_uint_eq(p.icmp_out, has_first);
	free(v);
	peer_fini(&p);
}
END_TEST

/* 1122-18, 8200-1: the message quotes the first fragment, as it came. */
START_TEST(time_exceeded_quotes_the_first_fragment)
{
	struct peer p;
	struct vpkt *v, *f;
	uint32_t hdr;

	wire_init(&p, _i % 2, NULL);
	hdr = p.v6 ? 40 : 20;
	v = frag_request(&p, BODY);
	f = frag_cut(&p, v, three[0]);
	frag_give(&p, v, three[1]);
	frag_give(&p, v, three[0]);
	peer_advance(&p, SEC(TIMEOUT_S) + MS(1));
	ck_assert_uint_eq(p.icmp_out, 1);
	ck_assert_uint_eq(p.icmp[hdr], p.v6 ? 3 : 11);
	ck_assert_uint_eq(p.icmp[hdr + 1], 1);
	ck_assert_uint_eq(p.icmp_len, hdr + 8 + f->len);
	ck_assert_mem_eq(p.icmp + hdr + 8, f->data, f->len);
	ck_assert_uint_eq(peer_counter(&p, p.v6 ? USTACK_C_ICMP6_OUT_TIME_EXCDS
						: USTACK_C_ICMP_OUT_TIME_EXCDS),
			  1);
	free(f);
	free(v);
	peer_fini(&p);
}
END_TEST

/* 1122-10, 4443-2: but not if it is an error message itself. */
START_TEST(time_exceeded_does_not_answer_an_error)
{
	struct peer p;
	struct vpkt *v;

	wire_init(&p, _i % 2, NULL);
	v = frag_request(&p, BODY);
	v->data[v->l4_off] = p.v6 ? 1 : 3;
	frag_give(&p, v, three[0]);
	peer_advance(&p, SEC(TIMEOUT_S) + MS(1));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_FRAG_TIMEOUT), 1);
	ck_assert_uint_eq(p.icmp_out, 0);
	free(v);
	peer_fini(&p);
}
END_TEST

/* 1122-19: beginnings that never end push out the oldest, not the newest. */
START_TEST(flood_of_beginnings_does_not_stop_a_good_one)
{
	struct ustack_gauges g;
	struct peer p;
	struct vpkt *v;

	wire_init(&p, _i % 2, frag_small);
	v = frag_request(&p, BODY);
	for (uint32_t id = 0; id < 2000; id++) {
		struct cut c = { 0, 1000, true, .id = id };

		frag_give(&p, v, c);
	}
	ustack_gauges(p.h.s, &g);
	ck_assert_uint_le(g.frags, 16);
	ck_assert_uint_le(g.frag_bytes, 1u << 20);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_FRAG_EVICTED),
			  2000 - g.frags);
	for (uint32_t i = 0; i < 3; i++) {
		struct cut c = three[i];

		c.id = 60000;
		frag_give(&p, v, c);
	}
	frag_check_echo(&p, 1, BODY);
	free(v);
	peer_fini(&p);
}
END_TEST

/* 1122-19: one source has its share, and cannot push out those of others. */
START_TEST(flood_from_one_source_leaves_the_others_alone)
{
	struct peer p;
	struct vpkt *v, *f;

	peer_init(&p, frag_small);
	v = frag_request(&p, BODY);
	frag_give(&p, v, three[0]);
	for (uint32_t id = 0; id < 1000; id++) {
		struct cut c = { 0, 1000, true, .id = id };

		f = frag_cut(&p, v, c);
		f->data[15] = 77;
		wire_ip4_csum(f);
		wire_hand(&p, f);
	}
	ck_assert_uint_eq(frag_waiting(&p), 1 + 16 / 4);
	frag_give(&p, v, three[1]);
	frag_give(&p, v, three[2]);
	frag_check_echo(&p, 1, BODY);
	free(v);
	peer_fini(&p);
}
END_TEST

/* 1122-19: memory is bounded too; large ones count for more. */
START_TEST(memory_for_fragments_is_bounded)
{
	struct ustack_gauges g;
	struct peer p;
	struct vpkt *v;

	wire_init(&p, _i % 2, frag_small);
	v = wire_ip(&p, 17, 8);
	for (uint32_t id = 0; id < 40; id++) {
		struct cut c = { 0, 60000, true, .id = id };

		frag_give(&p, v, c);
		ustack_gauges(p.h.s, &g);
		ck_assert_uint_le(g.frag_bytes, (1u << 20) / 4);
		ck_assert_uint_ge(g.frags, 1);
	}
	free(v);
	peer_fini(&p);
}
END_TEST

/* 1122-19: so is the number of pieces, and with it the work to find a place. */
START_TEST(pieces_of_a_datagram_are_bounded)
{
	struct peer p;
	struct vpkt *v;

	wire_init(&p, _i % 2, NULL);
	v = frag_request(&p, 8);
	for (uint32_t i = 0; i < 300; i++)
		frag_give(&p, v,
			  (struct cut){ 16 + 16 * (300 - i), 8, true,
					.id = 7 });
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_FRAG_PIECES), 1);
	ck_assert_uint_eq(frag_fails(&p), 1);
	free(v);
	peer_fini(&p);
}
END_TEST

static void none(struct ustack_config *cfg)
{
	cfg->frag_max = 0;
}

START_TEST(fragments_can_be_refused_altogether)
{
	struct peer p;
	struct vpkt *v;

	wire_init(&p, _i % 2, none);
	v = frag_request(&p, BODY);
	for (uint32_t i = 0; i < 3; i++)
		frag_give(&p, v, three[i]);
	ck_assert_uint_eq(p.icmp_out, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_FRAG_REFUSED), 3);
	free(v);
	peer_fini(&p);
}
END_TEST

/* res-4: fragments at random never crash it, and what is kept is bounded. */
START_TEST(random_fragments_are_survived)
{
	struct ustack_gauges g;
	struct rng rng;
	struct peer p;

	wire_init(&p, _i, frag_small);
	rng_init(&rng, PEER_SEED);
	for (uint32_t n = 0; n < 20000; n++) {
		static const uint8_t protos[] = { 6, 17, 58, 1, 60, 44, 0 };
		uint8_t proto = protos[rng_below(&rng, WIRE_ROWS(protos))];
		struct vpkt *v = wire_ip(&p, proto, 64);
		struct cut c = { .off = 8 * rng_below(&rng, 12),
				 .len = rng_below(&rng, 120),
				 .more = rng_below(&rng, 3) > 0,
				 .id = rng_below(&rng, 6),
				 .tos = (uint8_t)rng_below(&rng, 4) };

		if (rng_below(&rng, 3) > 0)
			c.len &= ~7u;
		if (rng_below(&rng, 50) == 0)
			c.off = 8 * rng_below(&rng, 8192);
		for (uint32_t i = v->l4_off; i < v->len; i++)
			v->data[i] = (uint8_t)rng_u64(&rng);
		frag_give(&p, v, c);
		free(v);
		if (rng_below(&rng, 1000) == 0)
			peer_advance(&p, SEC(30));
		ustack_gauges(p.h.s, &g);
		ck_assert_uint_le(g.frags, 16);
	}
	peer_drain(&p);
	peer_fini(&p);
}
END_TEST

static void add_faults(Suite *s)
{
	TCase *tc = wire_case(s, "faults");

	tcase_add_loop_test(tc, overlap_drops_the_whole_datagram, 0,
			    2 * (int)WIRE_ROWS(overlaps));
	tcase_add_loop_test(tc, end_beyond_65535_is_dropped, 0, 4);
	tcase_add_loop_test(tc, ragged_fragment_is_dropped, 0, 8);
	tcase_add_test(tc, fault_in_a_later_fragment_of_icmp_is_not_answered);
	tcase_add_loop_test(tc, tiny_first_fragment_of_tcp_is_dropped, 0, 4);
	tcase_add_loop_test(tc,
			    first_fragment_without_the_whole_chain_is_refused,
			    0, (int)WIRE_ROWS(chains));
	tcase_add_loop_test(tc, nested_fragments_are_dropped, 0, 2);
	tcase_add_loop_test(tc, random_fragments_are_survived, 0, 2);
}

static void add_bounds(Suite *s)
{
	TCase *tc = wire_case(s, "bounds");

	tcase_add_loop_test(tc, incomplete_datagram_is_dropped_in_time, 0, 4);
	tcase_add_loop_test(tc, time_exceeded_quotes_the_first_fragment, 0, 2);
	tcase_add_loop_test(tc, time_exceeded_does_not_answer_an_error, 0, 2);
	tcase_add_loop_test(tc, flood_of_beginnings_does_not_stop_a_good_one, 0,
			    2);
	tcase_add_test(tc, flood_from_one_source_leaves_the_others_alone);
	tcase_add_loop_test(tc, memory_for_fragments_is_bounded, 0, 2);
	tcase_add_loop_test(tc, pieces_of_a_datagram_are_bounded, 0, 2);
	tcase_add_loop_test(tc, fragments_can_be_refused_altogether, 0, 2);
}

Suite *suite_wire_frag_faults(void)
{
	Suite *s = suite_create("fragment faults");

	add_faults(s);
	add_bounds(s);
	return s;
}

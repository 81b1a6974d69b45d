/* SPDX-License-Identifier: MIT */
/*
 * test_frag.c - datagrams in fragments that become whole (RFC 791, 815, 3168
 *		 section 5.3, 6946, 8200 section 4.5)
 */

#include "frag.h"
#include "stack/base/rng.h"
#include "suites.h"

static const uint8_t orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
				     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

/* 791-2, 8200-4: in any order. */
START_TEST(any_order_makes_the_datagram)
{
	struct peer p;
	struct vpkt *v;

	wire_init(&p, _i % 2, NULL);
	v = frag_request(&p, BODY);
	for (uint32_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(p.icmp_out, 0);
		frag_give(&p, v, three[orders[_i / 2][i]]);
	}
	frag_check_echo(&p, 1, BODY);
	ck_assert_uint_eq(wire_drops(&p), 0);
	ck_assert_uint_eq(frag_oks(&p), 1);
	ck_assert_uint_eq(frag_waiting(&p), 0);
	free(v);
	peer_fini(&p);
}
END_TEST

/* 791-2: any legal sizes, the smallest for a datagram of a whole MTU. */
START_TEST(smallest_fragments_make_the_datagram)
{
	struct peer p;
	struct vpkt *v;

	wire_init(&p, _i % 2, NULL);
	v = frag_request(&p, 1432);
	for (uint32_t off = 1440; off > 0; off -= 8)
		frag_give(&p, v,
			  (struct cut){ off - 8, 8, off < 1440, .id = 1 });
	frag_check_echo(&p, 1, 1432);
	free(v);
	peer_fini(&p);
}
END_TEST

/* 791-1: two datagrams whose fragments come mixed. */
START_TEST(key_tells_datagrams_apart)
{
	struct peer p;
	struct vpkt *v;

	wire_init(&p, _i, NULL);
	v = frag_request(&p, BODY);
	for (uint32_t i = 0; i < 3; i++)
		for (uint32_t id = 0; id < 40; id++) {
			struct cut c = three[i];

			c.id = id * 1000;
			frag_give(&p, v, c);
		}
	frag_check_echo(&p, 40, BODY);
	free(v);
	peer_fini(&p);
}
END_TEST

/* 791-1: the same ID of another protocol, or to another address, is another. */
START_TEST(protocol_and_addresses_are_in_the_key)
{
	struct peer p;
	struct vpkt *v, *f;

	peer_init(&p, NULL);
	v = frag_request(&p, BODY);
	frag_give(&p, v, three[0]);
	frag_give(&p, v, three[1]);
	f = frag_cut(&p, v, three[2]);
	f->data[9] = 17;
	wire_ip4_csum(f);
	wire_hand(&p, f);
	f = frag_cut(&p, v, three[2]);
	f->data[15] = 9;
	wire_ip4_csum(f);
	wire_hand(&p, f);
	ck_assert_uint_eq(p.icmp_out, 0);
	ck_assert_uint_eq(frag_waiting(&p), 3);
	frag_give(&p, v, three[2]);
	frag_check_echo(&p, 1, BODY);
	free(v);
	peer_fini(&p);
}
END_TEST

/* RFC 8200 section 4.5: only the first fragment's next header counts. */
START_TEST(next_header_of_later_fragments_is_ignored)
{
	struct cut odd = three[2];
	struct peer p;
	struct vpkt *v;

	peer_init6(&p, NULL);
	v = frag_request(&p, BODY);
	odd.next = 200;
	frag_give(&p, v, odd);
	frag_give(&p, v, three[0]);
	frag_give(&p, v, three[1]);
	frag_check_echo(&p, 1, BODY);
	free(v);
	peer_fini(&p);
}
END_TEST

/* 815-1: a copy changes nothing, whichever it is of. */
START_TEST(copies_are_harmless)
{
	struct peer p;
	struct vpkt *v;

	wire_init(&p, _i % 2, NULL);
	v = frag_request(&p, BODY);
	for (uint32_t i = 0; i < 3; i++) {
		frag_give(&p, v, three[orders[_i / 2][i]]);
		if (i < 2)
			frag_give(&p, v, three[orders[_i / 2][i]]);
	}
	frag_check_echo(&p, 1, BODY);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_FRAG_COPY), 2);
	free(v);
	peer_fini(&p);
}
END_TEST

/* 6946-1: an atomic fragment is whole, and meets no queue of the same ID. */
START_TEST(atomic_fragment_is_handled_alone)
{
	struct peer p;
	struct vpkt *v;

	peer_init6(&p, NULL);
	v = frag_request(&p, BODY);
	frag_give(&p, v, three[0]);
	frag_give(&p, v, three[2]);
	frag_give(&p, v, (struct cut){ 0, WHOLE, false, .id = 9 });
	frag_check_echo(&p, 1, BODY);
	ck_assert_uint_eq(frag_waiting(&p), 1);
	frag_give(&p, v, three[1]);
	frag_check_echo(&p, 2, BODY);
	ck_assert_uint_eq(wire_drops(&p), 0);
	free(v);
	peer_fini(&p);
}
END_TEST

/* 791-2, 791-3: the longest datagram there can be, and a byte more. */
START_TEST(longest_datagram_is_put_together)
{
	uint32_t max = _i % 2 ? 65535 : 65515;
	struct peer p;
	struct vpkt *v;

	wire_init(&p, _i % 2, NULL);
	v = frag_request(&p, 0);
	frag_give(&p, v, (struct cut){ 0, 32000, true, .id = 5 });
	frag_give(&p, v, (struct cut){ 32000, max - 32000, false, .id = 5 });
	ck_assert_uint_eq(frag_oks(&p), 1);
	ck_assert_uint_eq(wire_drops(&p), p.v6); /* its checksum */
	if (_i % 2 == 0) {
		frag_give(&p, v,
			  (struct cut){ 32000, max - 31999, false, .id = 6 });
		ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_FRAG_SIZE), 1);
	}
	free(v);
	peer_fini(&p);
}
END_TEST

#define NOT_ECT 0u
#define ECT1	1u
#define ECT0	2u
#define CE	3u
#define DROPPED 4u

static const uint8_t marks[][4] = {
	{ NOT_ECT, NOT_ECT, NOT_ECT, NOT_ECT },
	{ ECT0, ECT0, ECT0, ECT0 },
	{ ECT0, CE, ECT0, CE },
	{ CE, ECT1, ECT1, CE },
	{ ECT0, ECT0, CE, CE },
	{ CE, CE, CE, CE },
	{ NOT_ECT, CE, NOT_ECT, DROPPED },
	{ CE, NOT_ECT, ECT0, DROPPED },
	{ ECT0, NOT_ECT, CE, DROPPED },
};

/* 3168-9: with Not-ECT beside it, CE is a forgery; else it is on all. */
START_TEST(congestion_marks_are_merged)
{
	const uint8_t *m = marks[_i / 2];
	struct peer p;
	struct vpkt *v;

	wire_init(&p, _i % 2, NULL);
	v = frag_request(&p, BODY);
	for (uint32_t i = 0; i < 3; i++) {
		struct cut c = three[i];

		c.tos = m[i];
		frag_give(&p, v, c);
	}
	ck_assert_uint_eq(p.icmp_out, m[3] != DROPPED);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_FRAG_ECN),
			  m[3] == DROPPED);
	ck_assert_uint_eq(frag_waiting(&p), 0);
	free(v);
	peer_fini(&p);
}
END_TEST

/**
 * struct pieces - the fragments that came out
 * @p:		the peer, first, so that its context is ours
 * @data:	their data, put together
 * @n:		their number
 * @end:	bytes of the whole, once the last one is seen
 * @id:		of them all
 */
struct pieces {
	struct peer p;
	uint8_t data[65536];
	uint32_t n;
	uint32_t end;
	uint32_t id;
};

static int collect(void *ctx, struct vpkt *v)
{
	struct pieces *t = ctx;
	bool v6 = v->data[0] >> 4 == 6;
	uint32_t hdr = v6 ? 48 : 20;
	uint32_t word = be16_load(v->data + (v6 ? 42 : 6));
	uint32_t off = v6 ? word & 0xfff8 : (word & 0x1fff) * 8;
	uint32_t id = v6 ? be32_load(v->data + 44) : be16_load(v->data + 4);
	bool more = v6 ? word & 1 : word & 0x2000;

	ck_assert_uint_le(v->len, 1500);
	ck_assert_uint_eq(v->data[v6 ? 40 : 9], v6 ? 58 : 1);
	ck_assert_uint_eq(word & (v6 ? 6 : 0xc000), 0); /* no DF */
	ck_assert(t->n == 0 || id == t->id);
	ck_assert(!more || (v->len - hdr) % 8 == 0);
	memcpy(t->data + off, v->data + hdr, v->len - hdr);
	if (!more)
		t->end = off + v->len - hdr;
	t->id = id;
	t->n++;
	free(v);
	return 0;
}

static const uint32_t long_echoes[] = { 1473, 4000, 30000, 65507 };

/* 1122-9, 4443-1, RFC 791 section 2.3, RFC 8200 section 4.5: an echo's answer
 * is as long as the question, and leaves in as many pieces as it takes. */
START_TEST(long_echo_is_answered_in_fragments)
{
	uint32_t body = long_echoes[_i / 2], len = 8 + body;
	uint32_t room = _i % 2 ? 1232 : 1480, first_id = 0;
	static struct pieces t;
	struct vpkt *v;

	memset(&t, 0, sizeof(t));
	wire_init(&t.p, _i % 2, NULL);
	t.p.h.out = collect;
	v = frag_request(&t.p, body);
	for (uint32_t k = 0; k < 2; k++) {
		for (uint32_t off = 0; off < len; off += 1400)
			frag_give(&t.p, v,
				  (struct cut){ off, min_u32(1400, len - off),
						off + 1400 < len, .id = k });
		ck_assert_uint_eq(t.n, (len + room - 1) / room);
		ck_assert_uint_eq(t.end, len);
		ck_assert_uint_eq(t.data[0], t.p.v6 ? 129 : 0);
		for (uint32_t i = 0; i < body; i++)
			if (t.data[8 + i] != peer_byte(i))
				ck_abort_msg("byte %u is wrong", i);
		memcpy(v->data + v->l4_off, t.data, 4);
		wire_icmp_csum(v);
		ck_assert_mem_eq(t.data, v->data + v->l4_off, 8);
		v->data[v->l4_off] = t.p.v6 ? 128 : 8;
		wire_icmp_csum(v);
		if (k == 1)
			ck_assert_uint_ne(first_id, t.id); /* (1122-15) */
		first_id = t.id;
		t.n = 0;
	}
	ck_assert_uint_eq(wire_drops(&t.p), 0);
	ck_assert_uint_eq(peer_counter(&t.p, t.p.v6 ? USTACK_C_IP6_FRAG_OKS
						    : USTACK_C_IP_FRAG_OKS),
			  2);
	free(v);
	peer_fini(&t.p);
}
END_TEST

/* TCP's road is the same: a handshake and data in pieces, payload kept. */
START_TEST(segments_in_fragments_are_taken)
{
	struct pseg syn = { .flags = TCP_SYN, .mss = 1460 };
	struct pseg data;
	struct peer p;
	struct vpkt *v;

	wire_init(&p, _i, NULL);
	v = peer_build(&p, &syn);
	frag_give(&p, v, (struct cut){ 0, 24, false, .id = 1 });
	free(v);
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_tx(&p, seg_ack(1, 1));
	data = seg_data(1, 1, 4000);
	v = peer_build(&p, &data);
	for (uint32_t off = 0; off < 4020; off += 800)
		frag_give(&p, v,
			  (struct cut){ off, min_u32(800, 4020 - off),
					off + 800 < 4020, .id = 2 });
	free(v);
	ck_assert_uint_eq(p.received, 4000);
	ck_assert_uint_eq(frag_oks(&p), p.v6 ? 1 : 1);
	peer_fini(&p);
}
END_TEST

/* Any cut of any datagram, any order, copies among them: it arrives. */
START_TEST(random_cuts_make_the_datagram)
{
	struct rng rng;
	struct peer p;

	wire_init(&p, _i, NULL);
	rng_init(&rng, PEER_SEED);
	for (uint32_t n = 1; n <= 300; n++) {
		uint32_t body = rng_below(&rng, 1400);
		struct vpkt *v = frag_request(&p, body);
		struct cut c[64];
		uint32_t k = 0, off = 0;

		while (off < 8 + body) {
			uint32_t len = 8 * (1 + rng_below(&rng, 60));

			if (8 + body - off < len || k == 63)
				len = 8 + body - off;
			c[k++] = (struct cut){ off, len, off + len < 8 + body,
					       .id = n };
			off += len;
		}
		for (uint32_t i = k; i > 1; i--) { /* shuffle */
			uint32_t j = rng_below(&rng, i);
			struct cut t = c[i - 1];

			c[i - 1] = c[j];
			c[j] = t;
		}
		for (uint32_t i = 0; i < k; i++) {
			if (i > 0 && rng_below(&rng, 4) == 0)
				frag_give(&p, v, c[rng_below(&rng, i)]);
			frag_give(&p, v, c[i]);
		}
		frag_check_echo(&p, n, body);
		free(v);
	}
	ck_assert_uint_eq(frag_waiting(&p), 0);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_frag(void)
{
	Suite *s = suite_create("fragments");
	TCase *tc = wire_case(s, "whole");

	tcase_add_loop_test(tc, any_order_makes_the_datagram, 0, 12);
	tcase_add_loop_test(tc, smallest_fragments_make_the_datagram, 0, 2);
	tcase_add_loop_test(tc, key_tells_datagrams_apart, 0, 2);
	tcase_add_test(tc, protocol_and_addresses_are_in_the_key);
	tcase_add_test(tc, next_header_of_later_fragments_is_ignored);
	tcase_add_loop_test(tc, copies_are_harmless, 0, 12);
	tcase_add_test(tc, atomic_fragment_is_handled_alone);
	tcase_add_loop_test(tc, longest_datagram_is_put_together, 0, 2);
	tcase_add_loop_test(tc, congestion_marks_are_merged, 0,
			    2 * (int)WIRE_ROWS(marks));
	tcase_add_loop_test(tc, segments_in_fragments_are_taken, 0, 2);
	tcase_add_loop_test(tc, long_echo_is_answered_in_fragments, 0,
			    2 * (int)WIRE_ROWS(long_echoes));
	tcase_add_loop_test(tc, random_cuts_make_the_datagram, 0, 2);
	return s;
}

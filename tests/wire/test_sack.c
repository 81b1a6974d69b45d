/* SPDX-License-Identifier: MIT */
/*
 * test_sack.c - selective acknowledgements that we send (RFC 2018 section 4,
 *		 RFC 2883 section 4)
 *
 * The buffer is one that the plain window field can announce whole, so that no
 * window update mixes with the acknowledgements looked at here.
 */

#include "suites.h"
#include "wire.h"

#define TS   1000000u
#define STEP 100u /* segments are this long, and begin at 1, 101, 201 ... */

static void buffer_32k(struct ustack_config *cfg)
{
	cfg->rcvbuf_init = 32768;
	cfg->rcvbuf_max = 32768;
}

static void no_dsack(struct ustack_config *cfg)
{
	buffer_32k(cfg);
	cfg->dsack = false;
}

static void begin(struct peer *p, int v6)
{
	wire_init(p, v6, buffer_32k);
	peer_open_with(p, (struct pseg){ .mss = 1460, .sack_ok = true });
}

/* The @i-th segment of STEP bytes. */
static struct pseg nth(uint32_t i)
{
	return seg_data(1 + i * STEP, 1, STEP);
}

/* The next segment acknowledges @ack and has exactly these blocks. */
static void expect_sack(struct peer *p, uint32_t ack, uint32_t n,
			const struct tcp_sack *want)
{
	struct pseg s = peer_expect(p, TCP_ACK, 1, ack, 0);

	ck_assert_uint_eq(s.nsack, n);
	for (uint32_t i = 0; i < n; i++) {
		ck_assert_uint_eq(s.sack[i].start, want[i].start);
		ck_assert_uint_eq(s.sack[i].end, want[i].end);
	}
}

#define BLOCKS(...)                                                            \
	sizeof((struct tcp_sack[]){ __VA_ARGS__ }) / sizeof(struct tcp_sack),  \
		(struct tcp_sack[])                                            \
	{                                                                      \
		__VA_ARGS__                                                    \
	}

/* RFC 2018 section 2 (2018-1): never without the peer's SACK-permitted. */
START_TEST(no_block_unless_permitted)
{
	struct peer p;

	wire_init(&p, _i, buffer_32k);
	peer_open(&p);
	peer_tx(&p, nth(1));
	expect_sack(&p, 1, 0, NULL);
	peer_tx(&p, nth(1));
	expect_sack(&p, 1, 0, NULL);
	peer_fini(&p);
}
END_TEST

/* RFC 2018 section 4 (2018-3, 2018-4, 2018-6): the example of section 7, case
 * 3: segments 2, 4, 6 and 8 are lost, 4 comes at last, then 2.
 */
START_TEST(blocks_tell_what_is_held)
{
	struct peer p;

	begin(&p, _i);
	peer_tx(&p, nth(0));
	peer_expect_none(&p);
	peer_tx(&p, nth(2));
	expect_sack(&p, 101, BLOCKS({ 201, 301 }));
	peer_tx(&p, nth(4));
	expect_sack(&p, 101, BLOCKS({ 401, 501 }, { 201, 301 }));
	peer_tx(&p, nth(6));
	expect_sack(&p, 101, BLOCKS({ 601, 701 }, { 401, 501 }, { 201, 301 }));
	peer_tx(&p, nth(3));
	expect_sack(&p, 101, BLOCKS({ 201, 501 }, { 601, 701 }));
	peer_tx(&p, nth(1));
	expect_sack(&p, 501, BLOCKS({ 601, 701 }));
	peer_tx(&p, nth(5));
	expect_sack(&p, 701, 0, NULL);
	ck_assert_uint_eq(p.received, 700);
	peer_fini(&p);
}
END_TEST

/* RFC 2018 section 4 (2018-4): a block that grows comes to the front. */
START_TEST(block_of_the_latest_segment_is_first)
{
	struct peer p;

	begin(&p, _i);
	for (uint32_t i = 1; i < 8; i += 2)
		peer_tx(&p, nth(i));
	peer_drain(&p);
	peer_tx(&p, nth(2)); /* joins the first two */
	expect_sack(&p, 1, BLOCKS({ 101, 401 }, { 701, 801 }, { 501, 601 }));
	peer_tx(&p, nth(6));
	expect_sack(&p, 1, BLOCKS({ 501, 801 }, { 101, 401 }));
	peer_fini(&p);
}
END_TEST

/* RFC 2018 section 3 (2018-5): four blocks, or three beside timestamps. */
START_TEST(as_many_blocks_as_fit)
{
	bool ts = _i / 2;
	struct pseg s;
	struct peer p;

	wire_init(&p, _i % 2, buffer_32k);
	peer_open_with(&p, (struct pseg){ .mss = 1460,
					  .sack_ok = true,
					  .has = ts ? TCP_OPT_HAS_TS : 0,
					  .tsval = TS });
	for (uint32_t i = 1; i <= 11; i += 2) {
		peer_drain(&p);
		s = nth(i);
		s.has = ts ? TCP_OPT_HAS_TS : 0;
		s.tsval = TS;
		peer_tx(&p, s);
	}
	s = peer_expect(&p, TCP_ACK, 1, 1, 0);
	ck_assert_uint_eq(s.nsack, ts ? 3 : 4);
	for (uint32_t i = 0; i < s.nsack; i++)
		ck_assert_uint_eq(s.sack[i].start, 1 + (11 - 2 * i) * STEP);
	peer_fini(&p);
}
END_TEST

/* RFC 2018 section 4 (2018-3, 6691-2): data carries the blocks too, and is the
 * shorter for it.
 */
START_TEST(data_segments_carry_blocks_and_fit)
{
	struct pseg s;
	struct peer p;

	begin(&p, _i);
	peer_tx(&p, nth(1));
	peer_drain(&p);
	peer_send(&p, 5000);
	s = peer_expect(&p, TCP_ACK, 1, 1, (_i ? 1440 : 1460) - 12);
	ck_assert_uint_eq(s.nsack, 1);
	ck_assert_uint_eq(s.sack[0].start, 101);
	s = peer_expect(&p, TCP_ACK, 1 + s.len, 1, s.len);
	ck_assert_uint_eq(s.nsack, 1);
	peer_fini(&p);
}
END_TEST

static void no_tso(struct ustack_config *cfg)
{
	buffer_32k(cfg);
	cfg->tx_tso4 = false;
	cfg->tx_tso6 = false;
}

/* 2018-3, 6691-2: a full segment from before, sent again, has no room for
 * blocks; an acknowledgement beside it has.
 */
START_TEST(full_retransmission_leaves_blocks_to_an_ack)
{
	uint32_t mss = _i ? 1440 : 1460;
	struct pseg s;
	struct peer p;

	wire_init(&p, _i, no_tso);
	peer_open_with(&p, (struct pseg){ .mss = 1460, .sack_ok = true });
	peer_send(&p, mss);
	peer_expect(&p, TCP_ACK, 1, 1, mss);
	peer_tx(&p, nth(1));
	s = peer_expect(&p, TCP_ACK, 1 + mss, 1, 0);
	ck_assert_uint_eq(s.nsack, 1);
	peer_advance(&p, SEC(1));
	ck_assert(peer_rx(&p, &s));
	ck_assert_uint_le(s.len + (s.nsack ? 4u + 8u * s.nsack : 0u), mss);
	peer_fini(&p);
}
END_TEST

static void jumbo(struct ustack_config *cfg)
{
	buffer_32k(cfg);
	cfg->mtu = 65535;
}

/* The same where offload could cut the segment, but no packet is that long. */
START_TEST(longest_segment_sent_again_leaves_blocks_to_an_ack)
{
	uint32_t mss = _i ? 65475 : 65495;
	struct pseg s;
	struct peer p;

	wire_init(&p, _i, jumbo);
	peer_open_with(&p,
		       (struct pseg){ .mss = (uint16_t)mss, .sack_ok = true });
	peer_send(&p, mss);
	peer_expect(&p, TCP_ACK, 1, 1, mss);
	peer_tx(&p, nth(1));
	s = peer_expect(&p, TCP_ACK, 1 + mss, 1, 0);
	ck_assert_uint_eq(s.nsack, 1);
	peer_advance(&p, SEC(1));
	s = peer_expect(&p, TCP_ACK, 1, 1, mss);
	ck_assert_uint_eq(s.nsack, 0);
	peer_fini(&p);
}
END_TEST

/* RFC 2883 section 4.1.1 (2883-1): below the acknowledgement, whole. */
START_TEST(old_duplicate_is_reported)
{
	struct peer p;

	begin(&p, _i);
	peer_tx(&p, nth(0));
	peer_tx(&p, nth(1));
	peer_tx(&p, nth(2));
	peer_drain(&p);
	peer_advance(&p, MS(100));
	peer_drain(&p);
	peer_tx(&p, nth(1));
	expect_sack(&p, 301, BLOCKS({ 101, 201 }));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_DSACKS_SENT), 1);
	peer_tx(&p, nth(3)); /* and only once */
	peer_advance(&p, MS(100));
	expect_sack(&p, 401, 0, NULL);
	peer_fini(&p);
}
END_TEST

/* RFC 2883 section 4.1.2 (2883-1): with other data held. */
START_TEST(old_duplicate_stands_before_what_is_held)
{
	struct peer p;

	begin(&p, _i);
	peer_tx(&p, nth(0));
	peer_tx(&p, nth(2));
	peer_drain(&p);
	peer_tx(&p, nth(0));
	expect_sack(&p, 101, BLOCKS({ 1, 101 }, { 201, 301 }));
	peer_tx(&p, nth(3));
	expect_sack(&p, 101, BLOCKS({ 201, 401 }));
	peer_fini(&p);
}
END_TEST

/* RFC 2883 section 4.1.3 (2883-2): inside a block: that one comes second. */
START_TEST(duplicate_of_held_data_is_followed_by_its_block)
{
	struct peer p;

	begin(&p, _i);
	for (uint32_t i = 1; i < 4; i++)
		peer_tx(&p, nth(i));
	peer_tx(&p, nth(6));
	peer_drain(&p);
	peer_tx(&p, nth(2));
	expect_sack(&p, 1, BLOCKS({ 201, 301 }, { 101, 401 }, { 601, 701 }));
	peer_tx(&p, nth(1));
	expect_sack(&p, 1, BLOCKS({ 101, 201 }, { 101, 401 }, { 601, 701 }));
	peer_fini(&p);
}
END_TEST

/* RFC 2883 section 4.2.1 (2883-1): only the part that came before. */
START_TEST(duplicate_part_is_reported)
{
	struct peer p;

	begin(&p, _i);
	peer_tx(&p, seg_data(1, 1, 500));
	peer_advance(&p, MS(100));
	peer_drain(&p);
	peer_tx(&p, seg_data(1, 1, 1000));
	expect_sack(&p, 1001, BLOCKS({ 1, 501 }));
	peer_tx(&p, seg_data(1501, 1, 500));
	peer_drain(&p);
	peer_tx(&p, seg_data(1401, 1, 200)); /* one old half, one new */
	expect_sack(&p, 1001, BLOCKS({ 1501, 1601 }, { 1401, 2001 }));
	peer_tx(&p, seg_data(1001, 1, 600)); /* fills the hole and more */
	expect_sack(&p, 2001, BLOCKS({ 1401, 1601 }));
	peer_fini(&p);
}
END_TEST

/* RFC 2883 section 4.2.3 (2883-1): of several parts the first. */
START_TEST(first_of_several_duplicate_parts_is_reported)
{
	struct peer p;

	begin(&p, _i);
	peer_tx(&p, nth(1));
	peer_tx(&p, nth(3));
	peer_drain(&p);
	peer_tx(&p, seg_data(101, 1, 400));
	expect_sack(&p, 1, BLOCKS({ 101, 201 }, { 101, 501 }));
	peer_fini(&p);
}
END_TEST

/* 2883-1: a batch has one acknowledgement, but for each duplicate one. */
START_TEST(each_duplicate_of_a_batch_is_reported)
{
	struct pseg batch[3];
	struct peer p;

	begin(&p, _i);
	for (uint32_t i = 0; i < 6; i++)
		peer_tx(&p, nth(i));
	peer_advance(&p, MS(100));
	peer_drain(&p);
	batch[0] = nth(0);
	batch[1] = nth(2);
	batch[2] = nth(4);
	peer_tx_batch(&p, batch, 3);
	expect_sack(&p, 601, BLOCKS({ 1, 101 }));
	expect_sack(&p, 601, BLOCKS({ 201, 301 }));
	expect_sack(&p, 601, BLOCKS({ 401, 501 }));
	peer_expect_none(&p);
	batch[1] = nth(1); /* 0, 1, 4: neighbours are one */
	peer_tx_batch(&p, batch, 3);
	expect_sack(&p, 601, BLOCKS({ 1, 201 }));
	expect_sack(&p, 601, BLOCKS({ 401, 501 }));
	peer_expect_none(&p);
	peer_fini(&p);
}
END_TEST

/* 2883-1, 7323-12: an original overtaken by its copy fails PAWS, and that it
 * came tells the sender that the copy was not needed.
 */
START_TEST(duplicate_with_an_old_timestamp_is_reported)
{
	struct pseg s = nth(0);
	struct peer p;

	wire_init(&p, _i, buffer_32k);
	peer_open_with(&p, (struct pseg){ .mss = 1460,
					  .sack_ok = true,
					  .has = TCP_OPT_HAS_TS,
					  .tsval = TS });
	s.has = TCP_OPT_HAS_TS;
	s.tsval = TS + 5;
	peer_tx(&p, s);
	peer_advance(&p, MS(100));
	peer_drain(&p);
	s.tsval = TS + 1;
	peer_tx(&p, s);
	expect_sack(&p, 101, BLOCKS({ 1, 101 }));
	peer_fini(&p);
}
END_TEST

/* 2018-6: what lies before the stream's first byte was never received. */
START_TEST(garbage_below_the_stream_is_not_reported)
{
	struct peer p;

	begin(&p, _i);
	peer_tx(&p, seg_data(0, 1, 1)); /* a probe, as of old keepalives */
	expect_sack(&p, 1, 0, NULL);
	peer_tx(&p, nth(0));
	peer_advance(&p, MS(100));
	peer_drain(&p);
	peer_tx(&p, seg_data(0u - 50000u, 1, 100));
	expect_sack(&p, 101, 0, NULL);
	peer_fini(&p);
}
END_TEST

/* 2883-1: switched off, duplicates are acknowledged, and that is all. */
START_TEST(dsack_can_be_switched_off)
{
	struct peer p;

	wire_init(&p, _i, no_dsack);
	peer_open_with(&p, (struct pseg){ .mss = 1460, .sack_ok = true });
	peer_tx(&p, nth(0));
	peer_advance(&p, MS(100));
	peer_tx(&p, nth(2));
	peer_drain(&p);
	peer_tx(&p, nth(0));
	expect_sack(&p, 101, BLOCKS({ 201, 301 }));
	peer_fini(&p);
}
END_TEST

/* 2018-6: what found no room is not reported. */
START_TEST(refused_data_is_not_in_a_block)
{
	struct pseg s;
	struct peer p;
	uint32_t n = 0;

	begin(&p, _i);
	while (peer_counter(&p, USTACK_C_DROP_TCP_REASM) == 0) {
		peer_drain(&p);
		peer_tx(&p, seg_data(2 + 2 * n++, 1, 1));
	}
	s = peer_expect(&p, TCP_ACK, 1, 1, 0);
	ck_assert_uint_gt(n, 40);
	ck_assert_uint_eq(s.sack[0].end, 1 + 2 * (n - 1));
	peer_fini(&p);
}
END_TEST

static void little_memory(struct ustack_config *cfg)
{
	buffer_32k(cfg);
	cfg->mem_limit_bytes = 8u << 20;
}

/* Take all that the budget allows, but for what receiving a packet needs. */
static uint32_t exhaust(struct peer *p, struct ubuf **hog, uint32_t max)
{
	struct ubuf *spare[2] = { ustack_buf_new(p->h.s, 68000),
				  ustack_buf_new(p->h.s, 68000) };
	uint32_t n = 0;

	for (uint32_t size = 68000; size > 500; size /= 2)
		while (n < max &&
		       (hog[n] = ustack_buf_new(p->h.s, size)) != NULL)
			n++;
	ubuf_put(spare[0]);
	ubuf_put(spare[1]);
	return n;
}

/* 2018-6, section 8: out of memory we drop what comes out of order, not what we
 * told of; and what fills the hole has its place.
 */
START_TEST(short_memory_does_not_renege)
{
	struct ubuf *hog[4000];
	struct peer p;
	uint32_t n;

	wire_init(&p, _i, little_memory);
	peer_open_with(&p, (struct pseg){ .mss = 1460, .sack_ok = true });
	peer_tx(&p, nth(2));
	expect_sack(&p, 1, BLOCKS({ 201, 301 }));
	n = exhaust(&p, hog, 4000);
	peer_tx(&p, nth(4));
	expect_sack(&p, 1, BLOCKS({ 201, 301 }));
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_OOO_PRUNED), 0);
	peer_tx(&p, nth(0));
	expect_sack(&p, 101, BLOCKS({ 201, 301 }));
	peer_tx(&p, nth(1));
	expect_sack(&p, 301, 0, NULL);
	ck_assert_uint_eq(p.received, 300);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_TCP_OOO_PRUNED), 0);
	while (n > 0)
		ubuf_put(hog[--n]);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_sack(void)
{
	Suite *s = suite_create("SACK");
	TCase *tc = wire_case(s, "blocks");

	tcase_add_loop_test(tc, no_block_unless_permitted, 0, 2);
	tcase_add_loop_test(tc, blocks_tell_what_is_held, 0, 2);
	tcase_add_loop_test(tc, block_of_the_latest_segment_is_first, 0, 2);
	tcase_add_loop_test(tc, as_many_blocks_as_fit, 0, 4);
	tcase_add_loop_test(tc, data_segments_carry_blocks_and_fit, 0, 2);
	tcase_add_loop_test(tc, full_retransmission_leaves_blocks_to_an_ack, 0,
			    2);
	tcase_add_loop_test(
		tc, longest_segment_sent_again_leaves_blocks_to_an_ack, 0, 2);
	tcase_add_loop_test(tc, refused_data_is_not_in_a_block, 0, 2);
	tcase_add_loop_test(tc, short_memory_does_not_renege, 0, 2);
	tc = wire_case(s, "duplicates");
	tcase_add_loop_test(tc, old_duplicate_is_reported, 0, 2);
	tcase_add_loop_test(tc, old_duplicate_stands_before_what_is_held, 0, 2);
	tcase_add_loop_test(tc, duplicate_of_held_data_is_followed_by_its_block,
			    0, 2);
	tcase_add_loop_test(tc, duplicate_part_is_reported, 0, 2);
	tcase_add_loop_test(tc, first_of_several_duplicate_parts_is_reported, 0,
			    2);
	tcase_add_loop_test(tc, each_duplicate_of_a_batch_is_reported, 0, 2);
	tcase_add_loop_test(tc, duplicate_with_an_old_timestamp_is_reported, 0,
			    2);
	tcase_add_loop_test(tc, garbage_below_the_stream_is_not_reported, 0, 2);
	tcase_add_loop_test(tc, dsack_can_be_switched_off, 0, 2);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_watch.c - connections whose events come whatever the mask, whose a
 * segment is, and packets that an embedder keeps
 */

#include <check.h>
#include <string.h>

#include "expect.h"
#include "peer.h"
#include "stack/stack_int.h"

#define LOG_MAX 256u

/* What came, in order. */
static struct ustack_event log_of[LOG_MAX];
static uint32_t nlog;

static void note(void *ctx, const struct ustack_event *ev)
{
	(void)ctx;
	if (nlog < LOG_MAX)
		log_of[nlog++] = *ev;
}

static uint32_t count(enum ustack_event_kind k)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < nlog; i++)
		n += log_of[i].kind == k;
	return n;
}

static const struct ustack_event *find(enum ustack_event_kind k, uint32_t nth)
{
	for (uint32_t i = 0; i < nlog; i++)
		if (log_of[i].kind == k && nth-- == 0)
			return &log_of[i];
	ck_abort_msg("there is no such event");
	return NULL;
}

static void watch_all(struct ustack_config *cfg)
{
	cfg->watch_rate = 1000;
}

static void watch_some(struct ustack_config *cfg)
{
	cfg->watch_rate = 100;
}

static void begin(struct peer *p, void (*tweak)(struct ustack_config *))
{
	nlog = 0;
	peer_init(p, tweak);
	p->h.event = note;
}

START_TEST(a_watched_connection_is_told_without_a_mask)
{
	struct peer p;

	begin(&p, watch_all);
	peer_open(&p);
	EXPECT_EQ(count(USTACK_EV_RECEIVED), 2);
	EXPECT_EQ(count(USTACK_EV_SENT), 1);
	EXPECT_EQ(count(USTACK_EV_OPENED), 1);
	peer_fini(&p);
	EXPECT_EQ(count(USTACK_EV_CLOSED), 1);
}
END_TEST

/* What the handshake agreed on, and what the end has counted. */
START_TEST(begin_and_end_tell_what_was_agreed_and_counted)
{
	const struct ustack_event *ev;
	uint32_t rtt_us;
	struct peer p;

	begin(&p, watch_all);
	peer_open_with(&p, (struct pseg){ .mss = 1000, .sack_ok = true });
	ev = find(USTACK_EV_OPENED, 0);
	EXPECT_EQ(ev->mss, 1000);
	EXPECT_EQ(ev->agreed, USTACK_AGREED_SACK);
	ck_assert_str_eq(ev->cc, "cubic");
	peer_send(&p, 1500);
	rtt_us = peer_info(&p).rtt_min_us;
	peer_tx(&p, (struct pseg){ .flags = TCP_RST, .seq = 1 });
	ev = find(USTACK_EV_CLOSED, 0);
	EXPECT_EQ(ev->segs_in, 2);
	EXPECT_EQ(ev->segs_out, 2);
	EXPECT_EQ(ev->minrtt_us, rtt_us);
	peer_fini(&p);
}
END_TEST

START_TEST(without_a_rate_nothing_is_told)
{
	struct peer p;

	begin(&p, NULL);
	peer_open(&p);
	peer_fini(&p);
	EXPECT_EQ(nlog, 0);
}
END_TEST

START_TEST(the_rate_bounds_how_many_are_watched)
{
	struct peer p;

	begin(&p, watch_some);
	for (uint16_t i = 0; i < 150; i++) {
		peer_tx(&p, (struct pseg){ .flags = TCP_SYN,
					   .sport = (uint16_t)(1024 + i) });
		peer_drain(&p);
		nlog = i < 100 ? 0 : nlog;
	}
	EXPECT_EQ(nlog, 0);
	peer_advance(&p, SEC(1));
	peer_drain(&p);
	nlog = 0;
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .sport = 9999 });
	EXPECT_GT(nlog, 0);
	peer_fini(&p);
}
END_TEST

START_TEST(segments_carry_initial_numbers_and_window)
{
	const struct ustack_event *ev;
	struct peer p;

	begin(&p, watch_all);
	peer_open(&p);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK | TCP_PSH,
				   .seq = 1,
				   .ack = 1,
				   .len = 3000 });
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK | TCP_FIN,
				   .seq = 3001,
				   .ack = 1 });
	peer_send(&p, 100);
	ev = find(USTACK_EV_SENT, 0);
	EXPECT_EQ(ev->iss, p.stack_isn);
	EXPECT_EQ(ev->irs, PEER_ISN);
	EXPECT_EQ(ev->seq - ev->iss, 0);
	ev = find(USTACK_EV_SENT, count(USTACK_EV_SENT) - 1);
	EXPECT_EQ(ev->len, 100);
	EXPECT_EQ(ev->iss, p.stack_isn);
	EXPECT_EQ(ev->irs, PEER_ISN); /* behind data and FIN */
	EXPECT_EQ(ev->ack - ev->irs, 3002);
	EXPECT_EQ(ev->cwnd, peer_info(&p).cwnd);
	peer_fini(&p);
}
END_TEST

START_TEST(segments_carry_their_sack_blocks)
{
	const struct ustack_event *ev;
	struct peer p;

	begin(&p, watch_all);
	peer_open_with(&p, (struct pseg){ .mss = 1000, .sack_ok = true });
	peer_send(&p, 3000);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 1,
				   .ack = 1,
				   .nsack = 1,
				   .sack = { { 1001, 3001 } } });
	ev = find(USTACK_EV_RECEIVED, count(USTACK_EV_RECEIVED) - 1);
	EXPECT_EQ(ev->nsack, 1);
	EXPECT_EQ(ev->sack[0][0] - ev->iss, 1001);
	EXPECT_EQ(ev->sack[0][1] - ev->iss, 3001);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 11,
				   .ack = 1,
				   .len = 5 });
	ev = find(USTACK_EV_SENT, count(USTACK_EV_SENT) - 1);
	EXPECT_EQ(ev->nsack, 1);
	EXPECT_EQ(ev->sack[0][0] - ev->irs, 11);
	EXPECT_EQ(ev->sack[0][1] - ev->irs, 16);
	peer_fini(&p);
}
END_TEST

/* In the life of a connection only what is rare is told: a retransmission is. */
START_TEST(watching_the_life_leaves_ordinary_segments_out)
{
	const struct ustack_event *ev;
	struct peer p;

	begin(&p, watch_all);
	peer_open(&p);
	ck_assert_int_eq(
		ustack_watch(p.h.s, peer_info(&p).id, USTACK_WATCH_LIFE), 0);
	nlog = 0;
	peer_send(&p, 500);
	EXPECT_EQ(nlog, 0);
	peer_advance(&p, SEC(2));
	EXPECT_EQ(count(USTACK_EV_SENT), peer_drain(&p) - 1);
	ev = find(USTACK_EV_SENT, 0);
	EXPECT_NE(ev->cause, USTACK_CAUSE_NONE);
	EXPECT_GE(ev->since_us, MS(200));
	EXPECT_LE(ev->since_us, SEC(1));
	EXPECT_GT(count(USTACK_EV_LOST), 0);
	nlog = 0;
	peer_tx(&p, (struct pseg){ .flags = TCP_FIN | TCP_ACK,
				   .seq = 1,
				   .ack = 501 });
	EXPECT_EQ(count(USTACK_EV_RECEIVED), 1);
	ck_assert_int_eq(
		ustack_watch(p.h.s, peer_info(&p).id, USTACK_WATCH_OFF), 0);
	nlog = 0;
	peer_fini(&p);
	EXPECT_EQ(nlog, 0);
}
END_TEST

START_TEST(a_stranger_cannot_be_watched)
{
	struct peer p;

	begin(&p, NULL);
	ck_assert_int_eq(ustack_watch(p.h.s, 77, USTACK_WATCH_ALL), -ERR_NOENT);
	peer_fini(&p);
}
END_TEST

START_TEST(what_a_watched_connection_drops_names_it)
{
	const struct ustack_event *ev;
	struct peer p;

	begin(&p, watch_all);
	peer_open(&p);
	nlog = 0;
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK,
				   .seq = 900000,
				   .ack = 1,
				   .len = 5 });
	ev = find(USTACK_EV_DROPPED, 0);
	EXPECT_EQ(ev->id, peer_info(&p).id);
	EXPECT_EQ(ev->drop, USTACK_C_DROP_TCP_SEQ);
	nlog = 0;
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK, .sport = 1234 });
	EXPECT_EQ(count(USTACK_EV_DROPPED), 0); /* nobody's */
	peer_fini(&p);
}
END_TEST

static struct ustack_tuple tuple(uint16_t rport)
{
	return (struct ustack_tuple){ .local = vhost_addr("10.7.0.2"),
				      .remote = vhost_addr("10.7.0.1"),
				      .lport = STACK_PORT,
				      .rport = rport };
}

START_TEST(a_segment_is_classified_in_each_stage_of_life)
{
	struct ustack_tuple u = tuple(PEER_PORT);
	struct ustack_tuple other = tuple(PEER_PORT + 1);
	struct peer p;
	uint64_t id;

	begin(&p, NULL);
	EXPECT_EQ(ustack_classify(p.h.s, &u), 0);
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN });
	id = ustack_classify(p.h.s, &u);
	EXPECT_GT(id, 0);
	peer_drain(&p);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK, .seq = 1, .ack = 1 });
	EXPECT_EQ(peer_info(&p).id, id);
	EXPECT_EQ(ustack_classify(p.h.s, &u), id);
	EXPECT_EQ(ustack_classify(p.h.s, &other), 0);
	ck_assert_int_eq(ustack_close(p.h.s, p.conn), 0);
	vhost_run(&p.h);
	peer_drain(&p);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK | TCP_FIN,
				   .seq = 1,
				   .ack = 2 });
	EXPECT_EQ(peer_states(&p, USTACK_TIME_WAIT), 1);
	EXPECT_EQ(ustack_classify(p.h.s, &u), id);
	peer_fini(&p);
}
END_TEST

START_TEST(a_sized_packet_holds_what_it_needs)
{
	struct ustack_pkt *pkt;
	struct peer p;
	uint64_t used;

	begin(&p, NULL);
	used = p.h.s->mem.used;
	pkt = ustack_pkt_sized(p.h.s, 100);
	ck_assert_ptr_nonnull(pkt);
	EXPECT_EQ(pkt->slice[0].len, 100);
	EXPECT_EQ(pkt->slice[0].off, USTACK_PKT_HEADROOM);
	EXPECT_LE(p.h.s->mem.used, used + 512);
	ustack_pkt_free(p.h.s, pkt);
	EXPECT_EQ(p.h.s->mem.used, used);
	peer_fini(&p);
}
END_TEST

START_TEST(a_kept_packet_shares_its_payload)
{
	struct ustack_pkt lent = { .len = 60,
				   .head_len = 40,
				   .gso_size = 10,
				   .nslices = 2,
				   .flags = USTACK_PKT_CSUM_PARTIAL };
	struct ustack_pkt *kept;
	struct peer p;
	struct ubuf *b;
	uint64_t used;

	begin(&p, NULL);
	used = p.h.s->mem.used;
	b = ustack_buf_new(p.h.s, 64);
	memset(lent.head, 0x45, sizeof(lent.head));
	lent.slice[0] = (struct slice){ .buf = b, .off = 0, .len = 10 };
	lent.slice[1] = (struct slice){ .buf = b, .off = 20, .len = 10 };
	kept = ustack_pkt_keep(p.h.s, &lent);
	ck_assert_ptr_nonnull(kept);
	EXPECT_EQ(b->refs, 3);
	EXPECT_EQ(kept->len, 60);
	EXPECT_EQ(kept->gso_size, 10);
	EXPECT_EQ(kept->flags, USTACK_PKT_CSUM_PARTIAL);
	ck_assert_int_eq(memcmp(kept->head, lent.head, 40), 0);
	EXPECT_EQ(kept->slice[1].off, 20);
	EXPECT_EQ(kept->max_slices, 2);
	ubuf_put(b);
	ustack_pkt_free(p.h.s, kept);
	EXPECT_EQ(p.h.s->mem.used, used);
	peer_fini(&p);
}
END_TEST

/* However many slices it has, its memory goes back. */
START_TEST(a_kept_packet_of_all_slices_is_given_back)
{
	struct ustack_pkt lent = { .nslices = USTACK_PKT_SLICES };
	struct ustack_pkt *kept;
	struct peer p;
	struct ubuf *b;
	uint64_t used;

	begin(&p, NULL);
	b = ustack_buf_new(p.h.s, 64);
	for (uint32_t i = 0; i < USTACK_PKT_SLICES; i++)
		lent.slice[i] = (struct slice){ .buf = b, .off = i, .len = 1 };
	used = p.h.s->mem.used;
	kept = ustack_pkt_keep(p.h.s, &lent);
	ck_assert_ptr_nonnull(kept);
	ustack_pkt_free(p.h.s, kept);
	EXPECT_EQ(p.h.s->mem.used, used);
	ubuf_put(b);
	peer_fini(&p);
}
END_TEST

/* Its bytes in a row, for another instance, and what offload needs to know. */
START_TEST(a_copied_packet_has_its_bytes_in_a_row)
{
	struct ustack_pkt lent = { .len = 46,
				   .head_len = 40,
				   .gso_size = 10,
				   .nslices = 2,
				   .flags = USTACK_PKT_CSUM_PARTIAL };
	struct ustack_pkt *copy;
	struct peer p, other;
	struct ubuf *b;
	uint64_t used;

	begin(&p, NULL);
	begin(&other, NULL);
	used = other.h.s->mem.used;
	b = ustack_buf_new(p.h.s, 64);
	memset(lent.head, 0x45, sizeof(lent.head));
	memcpy(b->data, "onetwothree", 11);
	lent.slice[0] = (struct slice){ .buf = b, .off = 3, .len = 3 };
	lent.slice[1] = (struct slice){ .buf = b, .off = 0, .len = 3 };
	copy = ustack_pkt_copy(other.h.s, &lent);
	ck_assert_ptr_nonnull(copy);
	EXPECT_EQ(b->refs, 1);
	EXPECT_EQ(copy->len, 46);
	EXPECT_EQ(copy->gso_size, 10);
	EXPECT_EQ(copy->flags, USTACK_PKT_CSUM_PARTIAL);
	EXPECT_EQ(copy->head_len, 0);
	EXPECT_EQ(copy->slice[0].len, 46);
	ck_assert_int_eq(memcmp(slice_data(&copy->slice[0]), lent.head, 40), 0);
	ck_assert_int_eq(memcmp(slice_data(&copy->slice[0]) + 40, "twoone", 6),
			 0);
	ubuf_put(b);
	ustack_pkt_free(other.h.s, copy);
	EXPECT_EQ(other.h.s->mem.used, used);
	peer_fini(&other);
	peer_fini(&p);
}
END_TEST

Suite *suite_stack_watch(void)
{
	Suite *s = suite_create("stack/watch");
	TCase *tc = tcase_create("watch");

	tcase_add_test(tc, a_watched_connection_is_told_without_a_mask);
	tcase_add_test(tc, begin_and_end_tell_what_was_agreed_and_counted);
	tcase_add_test(tc, without_a_rate_nothing_is_told);
	tcase_add_test(tc, the_rate_bounds_how_many_are_watched);
	tcase_add_test(tc, segments_carry_initial_numbers_and_window);
	tcase_add_test(tc, segments_carry_their_sack_blocks);
	tcase_add_test(tc, watching_the_life_leaves_ordinary_segments_out);
	tcase_add_test(tc, a_stranger_cannot_be_watched);
	tcase_add_test(tc, what_a_watched_connection_drops_names_it);
	tcase_add_test(tc, a_segment_is_classified_in_each_stage_of_life);
	suite_add_tcase(s, tc);
	tc = tcase_create("packets");
	tcase_add_test(tc, a_copied_packet_has_its_bytes_in_a_row);
	tcase_add_test(tc, a_sized_packet_holds_what_it_needs);
	tcase_add_test(tc, a_kept_packet_shares_its_payload);
	tcase_add_test(tc, a_kept_packet_of_all_slices_is_given_back);
	suite_add_tcase(s, tc);
	return s;
}

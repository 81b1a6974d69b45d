/* SPDX-License-Identifier: MIT */
/*
 * test_sendq.c - send records against an array with one entry a sequence
 *		  number
 */

#include <stdlib.h>

#include "inner.h"
#include "stack/tcp/sendq.h"

#define ISS    0xffff0000u /* the wrap comes early */
#define LENGTH 400000u
#define STEPS  40000u

struct number {
	uint8_t flags;
	uint64_t sent_us;
};

/* @num[i] is what became of sequence number ISS + i */
struct model {
	struct peer p;
	struct tcp_conn *c;
	struct rng rng;
	struct number *num;
	bool fin;
};

static struct number *at(struct model *m, uint32_t seq)
{
	return &m->num[seq - ISS];
}

static void model_init(struct model *m)
{
	rng_init(&m->rng, test_seed());
	peer_init(&m->p, NULL);
	peer_open(&m->p);
	m->c = inner_conn(&m->p);
	m->c->snd.una = ISS;
	m->c->snd.nxt = ISS;
	m->num = calloc(LENGTH, sizeof(*m->num));
	m->fin = false;
}

/* Of what was SACKed nobody asks any more when it left. */
static void check_rec(struct model *m, const struct tcp_rec *r)
{
	for (uint32_t i = 0; i < r->len; i += 1 + r->len / 7) {
		const struct number *n = at(m, r->seq + i);

		EXPECT_EQ(r->flags & (REC_LOST | REC_SACKED),
			  n->flags & (REC_LOST | REC_SACKED));
		if (r->flags & REC_SACKED)
			continue;
		EXPECT_EQ(r->flags & REC_RETX, n->flags & REC_RETX);
		EXPECT_EQ(r->sent_us, n->sent_us);
	}
}

/* The records cover [una, nxt) and say of each number what the model says. */
static void check(struct model *m)
{
	uint32_t seq = m->c->snd.una;
	uint32_t lost = 0;
	uint32_t sacked = 0;
	struct tcp_rec *prev = NULL;

	for (struct tcp_rec *r = rec_first(m->c); r; r = rec_next(r)) {
		EXPECT(treap_prev(&r->node) == (prev ? &prev->node : NULL));
		EXPECT_EQ(r->seq, seq);
		EXPECT_GT(r->len, 0);
		EXPECT(rec_find(m->c, r->seq) == r);
		EXPECT(rec_find(m->c, rec_end(r) - 1) == r);
		check_rec(m, r);
		if (r->flags & REC_LOST)
			lost += r->len;
		if (r->flags & REC_SACKED)
			sacked += r->len;
		seq += r->len;
		EXPECT_EQ((r->flags & REC_FIN) != 0, m->fin && !rec_next(r));
		prev = r;
	}
	EXPECT_EQ(seq, m->c->snd.nxt);
	EXPECT((m->c->fl ? m->c->fl->last : NULL) == prev);
	EXPECT_EQ(m->c->fl ? m->c->fl->lost : 0, lost);
	EXPECT_EQ(m->c->fl ? m->c->fl->sacked : 0, sacked);
	EXPECT(sacked || !m->c->fl || m->c->fl->sacked_segs == 0);
	EXPECT_EQ(tcp_inflight(m->c),
		  m->c->snd.nxt - m->c->snd.una - lost - sacked);
}

static void do_append(struct model *m)
{
	uint32_t len = 1 + rng_below(&m->rng, 5000);
	bool fin = rng_below(&m->rng, 4000) == 0;
	uint32_t seq = m->c->snd.nxt;

	if (m->fin || seq + len - ISS > LENGTH || tcp_unacked(m->c) > 60000)
		return;
	rec_append(m->c, rec_new(m->c), len, fin);
	m->fin = fin;
	for (uint32_t i = 0; i < len; i++)
		*at(m, seq + i) = (struct number){ .sent_us = tcp_now(m->c) };
}

static struct tcp_rec *any(struct model *m)
{
	struct tcp_rec *r = rec_first(m->c);

	for (uint32_t n = rng_below(&m->rng, 20); r && rec_next(r) && n > 0;
	     n--)
		r = rec_next(r);
	return r;
}

static void do_split(struct model *m)
{
	struct tcp_rec *r = any(m);

	if (r && r->len > 1 && !(r->flags & REC_SACKED))
		EXPECT(rec_split(m->c, r, 1 + rng_below(&m->rng, r->len - 1)) ==
		       0);
}

static void note_lost(struct model *m, uint32_t seq, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		if (!(at(m, seq + i)->flags & REC_SACKED))
			at(m, seq + i)->flags |= REC_LOST;
}

static void do_lose(struct model *m)
{
	struct tcp_rec *r = any(m);
	uint32_t una = m->c->snd.una;

	if (!r)
		return;
	if (rng_below(&m->rng, 20) == 0) {
		rec_mark_all_lost(m->c, USTACK_CAUSE_RTO);
		note_lost(m, una, tcp_unacked(m->c));
	} else if (rng_below(&m->rng, 3) == 0) {
		uint32_t head = min_u32(rec_first(m->c)->len, m->c->snd.mss);

		rec_mark_head_lost(m->c, USTACK_CAUSE_FAST);
		note_lost(m, una, head);
	} else {
		rec_mark_lost(m->c, r, USTACK_CAUSE_FAST);
		note_lost(m, r->seq, r->len);
	}
}

static void do_sack(struct model *m)
{
	struct tcp_acked a = { .ack = m->c->snd.una,
			       .first_us = TIME_NEVER,
			       .last_us = TIME_NEVER };
	struct tcp_rec *r = any(m);
	uint32_t seq, len;

	if (!r || r->flags & REC_SACKED)
		return;
	seq = r->seq;
	len = r->len;
	for (uint32_t i = 0; i < len; i++) {
		at(m, seq + i)->flags &= (uint8_t)~REC_LOST;
		at(m, seq + i)->flags |= REC_SACKED;
	}
	r = rec_sack(m->c, r, &a);
	EXPECT(seq_leq(r->seq, seq));
	EXPECT(seq_geq(rec_end(r), seq + len));
	EXPECT_EQ(a.sacked, len);
	EXPECT_EQ(a.delivered, len);
}

/* Something to send again is found as long as there is any. */
static void do_resend(struct model *m)
{
	struct tcp_rec *r = rec_first_lost(m->c);
	uint32_t first = m->c->snd.una;

	while (first != m->c->snd.nxt && !(at(m, first)->flags & REC_LOST))
		first++;
	EXPECT_EQ(r == NULL, first == m->c->snd.nxt);
	if (!r)
		return;
	EXPECT(r->flags & REC_LOST);
	rec_resent(m->c, r);
	for (uint32_t i = 0; i < r->len; i++)
		*at(m,
		    r->seq + i) = (struct number){ .flags = REC_RETX,
						   .sent_us = tcp_now(m->c) };
}

/*
 * Karn: the oldest whole record sent once; and was anything sent twice?  What
 * was SACKed has been delivered before.
 */
static void do_ack(struct model *m)
{
	uint32_t ack = m->c->snd.una + rng_below(&m->rng, 4000);
	struct tcp_acked want = { .first_us = TIME_NEVER };
	struct tcp_acked got = { .first_us = TIME_NEVER,
				 .last_us = TIME_NEVER };

	ack = seq_min(ack, m->c->snd.nxt);
	for (struct tcp_rec *r = rec_first(m->c); r && seq_lt(r->seq, ack);
	     r = rec_next(r)) {
		if (r->flags & REC_SACKED)
			continue;
		want.delivered += seq_min(ack, rec_end(r)) - r->seq;
		if (r->flags & REC_RETX)
			want.retx = true;
		else if (seq_leq(rec_end(r), ack) &&
			 want.first_us == TIME_NEVER)
			want.first_us = r->sent_us;
	}
	got.ack = ack;
	rec_ack(m->c, &got);
	EXPECT_EQ(got.retx, want.retx);
	EXPECT_EQ(got.first_us, want.first_us);
	EXPECT_EQ(got.delivered, want.delivered);
	m->c->snd.una = ack;
	if (ack == m->c->snd.nxt)
		m->fin = false;
}

START_TEST(records_say_what_became_of_each_number)
{
	void (*const step[])(struct model *
			     m) = { do_append, do_append, do_split,  do_lose,
				    do_sack,   do_resend, do_resend, do_ack };
	struct model m;
	uint64_t used;

	model_init(&m);
	used = m.p.h.s->mem.used;
	for (uint32_t i = 0; i < STEPS; i++) {
		m.p.h.s->now_us += rng_below(&m.rng, 50);
		step[rng_below(&m.rng, ARRAY_LEN(step))](&m);
		check(&m);
	}
	EXPECT_GT(m.c->snd.una - ISS, LENGTH / 2);
	if (m.c->fl) {
		rec_forget_sacks(m.c);
		EXPECT_EQ(m.c->fl->sacked, 0);
		rec_unmark_lost(m.c);
		EXPECT_EQ(tcp_inflight(m.c), tcp_unacked(m.c));
	}
	rec_clear(m.c);
	m.c->snd.una = m.c->snd.nxt;
	check(&m);
	EXPECT_EQ(m.p.h.s->mem.used, used);
	peer_fini(&m.p);
	free(m.num);
}
END_TEST

/* The FIN's number stays with the last piece. */
START_TEST(split_leaves_the_fin_to_the_tail)
{
	struct peer p;
	struct tcp_conn *c;

	peer_init(&p, NULL);
	peer_open(&p);
	c = inner_conn(&p);
	rec_append(c, rec_new(c), 1001, true);
	EXPECT(rec_split(c, c->fl->first, 1000) == 0);
	EXPECT_EQ(c->fl->first->flags, 0);
	EXPECT_EQ(c->fl->last->flags, REC_FIN);
	EXPECT_EQ(c->fl->last->len, 1);
	rec_clear(c);
	peer_fini(&p);
}
END_TEST

/* What is marked twice is counted once. */
START_TEST(mark_counts_a_record_once_and_keeps_its_cause)
{
	struct peer p;
	struct tcp_conn *c;

	peer_init(&p, NULL);
	peer_open(&p);
	c = inner_conn(&p);
	rec_append(c, rec_new(c), 3000, false);
	rec_mark_head_lost(c, USTACK_CAUSE_FAST);
	EXPECT_EQ(c->fl->first->len, 1460);
	rec_mark_all_lost(c, USTACK_CAUSE_RTO);
	EXPECT_EQ(c->fl->lost, 3000);
	EXPECT_EQ(c->fl->first->cause, USTACK_CAUSE_FAST);
	EXPECT_EQ(c->fl->last->cause, USTACK_CAUSE_RTO);
	rec_ack(c, &(struct tcp_acked){ .ack = c->snd.una + 460 });
	EXPECT_EQ(c->fl->lost, 2540);
	rec_clear(c);
	EXPECT(c->fl == NULL);
	peer_fini(&p);
}
END_TEST

Suite *suite_tcp_sendq(void)
{
	Suite *s = suite_create("tcp/sendq");
	TCase *tc = tcase_create("records");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, records_say_what_became_of_each_number);
	tcase_add_test(tc, split_leaves_the_fin_to_the_tail);
	tcase_add_test(tc, mark_counts_a_record_once_and_keeps_its_cause);
	suite_add_tcase(s, tc);
	return s;
}

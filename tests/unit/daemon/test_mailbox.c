/* SPDX-License-Identifier: MIT */
/*
 * test_mailbox.c - jobs and events between two threads
 *
 * Two threads with a loop each send one job to and fro; then one floods the
 * other.  The ring is checked against the order and the number of what was put
 * into it.
 */

#include <stdlib.h>

#include "daemon/mailbox.h"
#include "daemon/worker.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define ROUNDS 20000u
#define FLOOD  50000u

/* One thread: where it receives, and where it sends what it received. */
struct side {
	struct ev_loop *loop;
	struct mailbox in;
	struct mailbox *to;
	uint64_t seen;
};

struct numbered {
	struct job job;
	uint64_t n;
};

static void side_init(struct side *s, struct mailbox *to,
		      void (*on_wake)(struct ev_loop *, struct ev_async *, int))
{
	*s = (struct side){ .loop = ev_loop_new(EVFLAG_AUTO), .to = to };
	mailbox_init(&s->in, s->loop, on_wake, s);
}

static void side_fini(struct side *s)
{
	ck_assert_ptr_null(mailbox_take(&s->in));
	mailbox_fini(&s->in);
	ev_loop_destroy(s->loop);
}

static void *side_run(void *arg)
{
	struct side *s = arg;

	ev_run(s->loop, 0);
	return NULL;
}

static void on_ball(struct ev_loop *loop, struct ev_async *a, int revents)
{
	struct side *s = a->data;
	struct job *j = mailbox_take(&s->in);

	(void)revents;
	if (!j)
		return;
	EXPECT(!j->next);
	if (++s->seen == ROUNDS)
		ev_break(loop, EVBREAK_ALL);
	mailbox_put(s->to, j);
}

START_TEST(ball_goes_to_and_fro)
{
	struct job ball = { 0 };
	struct side a;
	struct side b;
	pthread_t thread;

	side_init(&a, &b.in, on_ball);
	side_init(&b, &a.in, on_ball);
	mailbox_put(&a.in, &ball);
	pthread_create(&thread, NULL, side_run, &b);
	side_run(&a);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(a.seen, ROUNDS);
	ck_assert_uint_eq(b.seen, ROUNDS);
	ck_assert_ptr_eq(mailbox_take(&a.in), &ball);
	side_fini(&a);
	side_fini(&b);
}
END_TEST

static void on_flood(struct ev_loop *loop, struct ev_async *a, int revents)
{
	struct side *s = a->data;
	struct job *j = mailbox_take(&s->in);

	(void)revents;
	while (j) {
		struct numbered *n = (struct numbered *)j;

		j = j->next;
		EXPECT_EQ(n->n, s->seen);
		s->seen++;
		free(n);
	}
	if (s->seen == FLOOD)
		ev_break(loop, EVBREAK_ALL);
}

START_TEST(jobs_keep_their_order_and_none_is_lost)
{
	struct side a;
	pthread_t thread;

	side_init(&a, NULL, on_flood);
	pthread_create(&thread, NULL, side_run, &a);
	for (uint64_t i = 0; i < FLOOD; i++) {
		struct numbered *n = calloc(1, sizeof(*n));

		n->n = i;
		mailbox_put(&a.in, &n->job);
	}
	pthread_join(thread, NULL);
	ck_assert_uint_eq(a.seen, FLOOD);
	side_fini(&a);
}
END_TEST

START_TEST(list_is_hung_behind_what_waits)
{
	struct job j[4] = { { .next = &j[1] },
			    { .next = NULL },
			    { .next = NULL },
			    { .next = NULL } };
	struct side a;

	side_init(&a, NULL, on_flood);
	mailbox_put_list(&a.in, NULL);
	mailbox_put(&a.in, &j[2]);
	mailbox_put_list(&a.in, &j[0]);
	mailbox_put(&a.in, &j[3]);
	ck_assert_ptr_eq(mailbox_take(&a.in), &j[2]);
	ck_assert_ptr_eq(j[2].next, &j[0]);
	ck_assert_ptr_eq(j[0].next, &j[1]);
	ck_assert_ptr_eq(j[1].next, &j[3]);
	ck_assert_ptr_null(j[3].next);
	side_fini(&a);
}
END_TEST

static struct evring *ring_new(void)
{
	struct evring *r = aligned_alloc(_Alignof(struct evring), sizeof(*r));

	memset(r, 0, sizeof(*r));
	return r;
}

START_TEST(full_ring_loses_the_newest_and_counts_them)
{
	struct evring *r = ring_new();
	struct ustack_event ev = { 0 };

	for (ev.id = 0; ev.id < EVRING_SIZE; ev.id++)
		ck_assert(evring_put(r, &ev));
	for (int i = 0; i < 3; i++)
		ck_assert(!evring_put(r, &ev));
	ck_assert_uint_eq(evring_lost(r), 3);
	for (uint64_t i = 0; i < EVRING_SIZE; i++) {
		EXPECT(evring_get(r, &ev));
		EXPECT_EQ(ev.id, i);
	}
	ck_assert(!evring_get(r, &ev));
	free(r);
}
END_TEST

static void *put_events(void *arg)
{
	struct ustack_event ev = { 0 };

	for (ev.id = 1; ev.id <= FLOOD; ev.id++) {
		ev.bytes_in = ~ev.id;
		evring_put(arg, &ev);
	}
	return NULL;
}

/* What comes through is whole and in order; the rest is counted. */
START_TEST(ring_works_between_threads)
{
	struct evring *r = ring_new();
	struct ustack_event ev;
	uint64_t last = 0;
	uint64_t got = 0;
	pthread_t thread;

	pthread_create(&thread, NULL, put_events, r);
	while (got + evring_lost(r) < FLOOD) {
		if (!evring_get(r, &ev))
			continue;
		EXPECT_GT(ev.id, last);
		EXPECT_EQ(ev.bytes_in, ~ev.id);
		last = ev.id;
		got++;
	}
	pthread_join(thread, NULL);
	ck_assert(!evring_get(r, &ev));
	free(r);
}
END_TEST

Suite *suite_daemon_mailbox(void)
{
	Suite *s = suite_create("daemon/mailbox");
	TCase *tc = tcase_create("threads");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, ball_goes_to_and_fro);
	tcase_add_test(tc, jobs_keep_their_order_and_none_is_lost);
	tcase_add_test(tc, list_is_hung_behind_what_waits);
	tcase_add_test(tc, full_ring_loses_the_newest_and_counts_them);
	tcase_add_test(tc, ring_works_between_threads);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_history.c - what is remembered of connections, and how they are watched
 *
 * Method: tell a history the events of made-up connections, then look at its
 * copies, and at what it would have the stack watch.
 */

#include <stdlib.h>

#include "daemon/history.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define CONNS	  8u
#define SYN	  0x02u
#define FIN	  0x01u
#define ACK	  0x10u
#define PUSH_ACK  0x18u
#define WATCH_MAX 512u

static struct history *h;
static uint64_t now_us;

/* What the stack was asked for. */
static struct {
	uint64_t id[WATCH_MAX];
	enum ustack_watch how[WATCH_MAX];
	uint32_t n;
} watched;

static int on_watch(struct ustack *s, uint64_t id, enum ustack_watch how)
{
	(void)s;
	ck_assert_uint_lt(watched.n, WATCH_MAX);
	watched.id[watched.n] = id;
	watched.how[watched.n++] = how;
	return 0;
}

/* How the stack watches a connection now; new ones are watched in full. */
static enum ustack_watch watch_of(uint64_t id)
{
	enum ustack_watch how = USTACK_WATCH_ALL;

	history_settle(h, on_watch, NULL);
	for (uint32_t i = 0; i < watched.n; i++)
		if (watched.id[i] == id)
			how = watched.how[i];
	return how;
}

static void setup(void)
{
	h = history_new(CONNS);
	ck_assert_ptr_nonnull(h);
	now_us = 1000000;
	watched.n = 0;
}

static void teardown(void)
{
	history_free(h);
}

/* ------------------------------------------------------- made-up connections */

static struct ustack_event event(uint64_t id, enum ustack_event_kind kind)
{
	return (struct ustack_event){
		.time_us = ++now_us,
		.kind = (uint8_t)kind,
		.id = id,
		.local = ustack_addr4((const uint8_t[4]){ 10, 7, 0, 2 }),
		.remote = ustack_addr4((const uint8_t[4]){ 10, 7, 0, 1 }),
		.lport = 7,
		.rport = (uint16_t)(40000 + id),
	};
}

static bool put(uint64_t id, enum ustack_event_kind kind)
{
	struct ustack_event ev = event(id, kind);

	return history_put(h, &ev);
}

static bool put_segment(uint64_t id, enum ustack_event_kind kind, uint8_t flags)
{
	struct ustack_event ev = event(id, kind);

	ev.flags = flags;
	ev.iss = 1000;
	ev.irs = 2000;
	return history_put(h, &ev);
}

static void put_data(uint64_t id, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		put_segment(id, USTACK_EV_SENT, PUSH_ACK);
}

/* A handshake: five events. */
static void begin(uint64_t id)
{
	struct ustack_event ev = event(id, USTACK_EV_STATE);

	put_segment(id, USTACK_EV_RECEIVED, SYN);
	ev.from = USTACK_LISTEN;
	ev.to = USTACK_SYN_RCVD;
	history_put(h, &ev);
	put_segment(id, USTACK_EV_SENT, SYN | ACK);
	put_segment(id, USTACK_EV_RECEIVED, ACK);
	put(id, USTACK_EV_OPENED);
}

static void put_fault(uint64_t id, enum ustack_fault fault)
{
	struct ustack_event ev = event(id, USTACK_EV_IMPAIRED);

	ev.faults = (uint16_t)(1u << fault);
	history_put(h, &ev);
}

static const struct history_view *copy(uint64_t id)
{
	static struct history_view v;

	ck_assert_int_eq(history_copy(h, id, &v), 0);
	return &v;
}

static bool known(uint64_t id)
{
	static struct history_view v;

	return history_copy(h, id, &v) == 0;
}

static uint32_t count_kind(const struct history_view *v,
			   enum ustack_event_kind kind)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < v->info.events; i++)
		n += v->rec[i].kind == kind;
	return n;
}

/* -------------------------------------------------------------------- events */

/* Every field that a kind of event has, by kind. */
/* clang-format off */
static const struct ustack_event samples[USTACK_EVENTS] = {
	[USTACK_EV_OPENED] = { .active = true, .agreed = 15, .scale_in = 7,
		.scale_out = 10, .mss = 1448, .cc = "cubic" },
	[USTACK_EV_STATE] = { .from = USTACK_CLOSE_WAIT, .to = USTACK_LAST_ACK },
	[USTACK_EV_CLOSED] = { .reason = USTACK_END_TIMEOUT, .srtt_us = 555,
		.bytes_in = 1ull << 40, .bytes_out = 1ull << 41, .retrans = 77,
		.segs_in = 11, .segs_out = 12, .minrtt_us = 13,
		.age_us = 1ull << 42 },
	[USTACK_EV_SENT] = { .flags = SYN, .seq = 1000, .ack = UINT32_MAX,
		.len = 65160, .wnd = 1u << 30, .cwnd = 14480,
		.ssthresh = UINT32_MAX, .rto_us = 200000, .since_us = 1000000,
		.gso = 1448, .cause = USTACK_CAUSE_KEEPALIVE, .ecn = 3,
		.nsack = 4, .sack = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 } } },
	[USTACK_EV_RECEIVED] = { .seq = 2001 },
	[USTACK_EV_DROPPED] = { .drop = 5 },
	[USTACK_EV_LOST] = { .seq = 1001, .len = 1448, .rto_us = 210000,
		.cause = USTACK_CAUSE_RACK },
	[USTACK_EV_METRICS] = { .cwnd = 2896, .ssthresh = 5792,
		.srtt_us = 40000, .rto_us = 240000 },
	[USTACK_EV_SOFT_ERROR] = { .err = ERR_TIMEDOUT },
	[USTACK_EV_IMPAIRED] = { .in = true, .knob = USTACK_KNOB_SCRIPT,
		.faults = 3, .rule = UINT32_MAX, .step = 32, .tx = 2,
		.offset = 1449, .delay_us = 1ull << 33, .seq = 3450,
		.ack = 1001, .len = 1448, .flags = PUSH_ACK },
};
/* clang-format on */

/* An event comes back with every field that its kind has. */
START_TEST(event_comes_back_as_it_was)
{
	struct ustack_event want;
	struct ustack_event ev;
	const struct history_view *v;

	begin(3);
	for (uint32_t k = 0; k < USTACK_EVENTS; k++) {
		if (k == USTACK_EV_MEMORY) /* of no connection */
			continue;
		want = event(3, (enum ustack_event_kind)k);
		ev = samples[k];
		ev.time_us = want.time_us;
		ev.kind = want.kind;
		ev.id = want.id;
		ev.local = want.local;
		ev.remote = want.remote;
		ev.lport = want.lport;
		ev.rport = want.rport;
		ev.iss = 1000;
		ev.irs = 2000;
		history_put(h, &ev);
		v = copy(3);
		history_event(v, v->info.events - 1, &want);
		ck_assert_msg(!memcmp(&want, &ev, sizeof(ev)), "%s",
			      ustack_event_name((enum ustack_event_kind)k));
	}
}
END_TEST

/* A short life is kept whole. */
START_TEST(short_life_is_kept_whole)
{
	const struct history_view *v;

	put_segment(1, USTACK_EV_IMPAIRED, SYN); /* a lost one begins it */
	begin(1);
	put_data(1, HISTORY_EVENTS - 7);
	put(1, USTACK_EV_CLOSED);
	v = copy(1);
	ck_assert_uint_eq(v->info.events, HISTORY_EVENTS);
	ck_assert_uint_eq(v->info.skipped, 0);
	ck_assert_uint_eq(v->info.iss, 1000);
	ck_assert_uint_eq(v->info.irs, 2000);
	ck_assert(!v->info.open);
	ck_assert_uint_eq(v->info.unwatched_from_us, USTACK_NEVER);
	for (uint32_t i = 0; i < v->info.events; i++)
		EXPECT_EQ(v->rec[i].n, i + 1);
}
END_TEST

/* Of a long one beginning and end, in order, and the count of what is missing. */
START_TEST(long_life_keeps_beginning_and_end)
{
	const struct history_view *v;
	const uint32_t total = 5 + 10000 + 1;

	begin(1);
	put_data(1, 10000);
	put(1, USTACK_EV_CLOSED);
	v = copy(1);
	ck_assert_uint_eq(v->info.events, HISTORY_EVENTS);
	ck_assert_uint_eq(v->info.skipped, total - HISTORY_EVENTS);
	for (uint32_t i = 0; i < HISTORY_HEAD; i++)
		EXPECT_EQ(v->rec[i].n, i + 1);
	for (uint32_t i = 0; i < HISTORY_TAIL; i++)
		EXPECT_EQ(v->rec[HISTORY_HEAD + i].n,
			  total - HISTORY_TAIL + 1 + i);
}
END_TEST

/* What is rare outlives ordinary segments that come after it. */
START_TEST(rare_events_outlive_ordinary_ones)
{
	const struct history_view *v;

	begin(1);
	put_data(1, 1000);
	for (uint32_t i = 0; i < 100; i++)
		put(1, USTACK_EV_LOST);
	put_data(1, 5000);
	v = copy(1);
	ck_assert_uint_eq(count_kind(v, USTACK_EV_LOST), 100);
	for (uint32_t i = 1; i < v->info.events; i++)
		EXPECT_LT(v->rec[i - 1].n, v->rec[i].n);
}
END_TEST

/* And still leaves them a share, at whose end stand the latest. */
START_TEST(ordinary_ones_keep_their_share)
{
	const struct history_view *v;

	begin(1);
	for (uint32_t i = 0; i < 3000; i++) {
		put(1, USTACK_EV_LOST);
		put_data(1, 1);
		put(1, USTACK_EV_METRICS);
	}
	v = copy(1);
	ck_assert_uint_eq(v->info.events, HISTORY_EVENTS);
	ck_assert_uint_ge(count_kind(v, USTACK_EV_SENT), HISTORY_ORDINARY);
	ck_assert_uint_eq(v->rec[v->info.events - 1].n, 5 + 9000);
	ck_assert_uint_eq(v->rec[v->info.events - 2].n, 5 + 8999);
}
END_TEST

/* A drop names the connection and no addresses: they are the connection's. */
START_TEST(drop_without_addresses_is_the_connections)
{
	struct ustack_event drop = { .kind = USTACK_EV_DROPPED, .id = 1 };
	struct ustack_event out;
	const struct history_view *v;

	history_put(h, &drop);
	ck_assert(!known(1));
	begin(1);
	history_put(h, &drop);
	v = copy(1);
	history_event(v, v->info.events - 1, &out);
	ck_assert_uint_eq(out.kind, USTACK_EV_DROPPED);
	ck_assert_uint_eq(out.rport, 40001);
}
END_TEST

/* --------------------------------------------------------------- connections */

/* The last one is the one opened last, whatever happens to the others. */
START_TEST(last_is_the_one_opened_last)
{
	struct history_view v;

	ck_assert_int_eq(history_copy(h, 0, &v), -ERR_NOENT);
	begin(1);
	begin(2);
	put_data(1, 10);
	ck_assert_uint_eq(copy(0)->info.id, 2);
	put(2, USTACK_EV_CLOSED);
	ck_assert_uint_eq(copy(0)->info.id, 2);
	ck_assert_uint_eq(history_newest(h), 2);
}
END_TEST

/* The one that closed first makes room, then the one opened first. */
START_TEST(oldest_closed_makes_room_then_oldest)
{
	for (uint64_t id = 1; id <= CONNS; id++)
		begin(id);
	put(5, USTACK_EV_CLOSED);
	put(3, USTACK_EV_CLOSED);
	begin(100);
	ck_assert(!known(5) && known(3));
	begin(101);
	ck_assert(!known(3) && known(1));
	begin(102);
	ck_assert(!known(1) && known(2));
	ck_assert_int_eq(watch_of(1), USTACK_WATCH_OFF); /* it costs no more */
	ck_assert_int_eq(watch_of(5), USTACK_WATCH_ALL); /* it is over */
	ck_assert_uint_eq(copy(102)->info.events, 5);
}
END_TEST

/* What was forgotten does not come back by an ordinary event. */
START_TEST(forgotten_one_pushes_nobody_out)
{
	for (uint64_t id = 1; id <= CONNS + 1; id++)
		begin(id);
	put_data(1, 5);
	put(1, USTACK_EV_OPENED);
	ck_assert(!known(1) && known(2));
	put(2, USTACK_EV_CLOSED);
	put_data(1, 5);
	ck_assert(!known(1));
	put_fault(1, USTACK_FAULT_LOST); /* but what matters does */
	ck_assert(known(1) && !known(2));
	ck_assert_int_eq(watch_of(1), USTACK_WATCH_ALL);
	ck_assert_uint_eq(copy(0)->info.id, CONNS + 1);
}
END_TEST

/* A flood of SYNs takes a part of the places from the others, no more. */
START_TEST(half_open_ones_take_a_part)
{
	for (uint64_t id = 1; id <= CONNS; id++) {
		begin(id);
		put(id, USTACK_EV_CLOSED);
	}
	for (uint64_t id = 100; id < 200; id++)
		put_segment(id, USTACK_EV_RECEIVED, SYN);
	for (uint64_t id = 4; id <= CONNS; id++)
		ck_assert_msg(known(id), "%u is forgotten", (unsigned int)id);
	for (uint64_t id = 197; id < 200; id++)
		ck_assert(known(id));
}
END_TEST

/* Its list has everyone who has a history, with the same figures. */
START_TEST(list_has_them_all)
{
	struct history_info info[CONNS];

	ck_assert_uint_eq(history_list(h, info, CONNS), 0);
	begin(1);
	begin(2);
	put(2, USTACK_EV_CLOSED);
	ck_assert_uint_eq(history_list(h, info, CONNS), 2);
	for (uint32_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(info[i].events, info[i].id == 1 ? 5 : 6);
		ck_assert_int_eq(info[i].open, info[i].id == 1);
	}
	ck_assert_uint_eq(history_list(h, info, 1), 1);
}
END_TEST

/* Bounded, whoever comes, and the same as a model that keeps everything. */
START_TEST(random_lives_end_in_order)
{
	uint64_t newest = 1;

	srand48((long)test_seed());
	for (uint32_t i = 0; i < 200000; i++) {
		uint64_t id = newest - (uint64_t)lrand48() % 12;

		if (lrand48() % 64 == 0)
			begin(++newest);
		else if (id - 1 < newest)
			put_segment(id,
				    lrand48() % 50 ? USTACK_EV_SENT
						   : USTACK_EV_CLOSED,
				    lrand48() % 9 ? PUSH_ACK : FIN | ACK);
		if (i % 1000 == 0)
			history_settle(h, on_watch, NULL);
		watched.n = 0;
	}
	for (uint64_t id = 1; id <= newest; id++) {
		static struct history_view v;

		if (history_copy(h, id, &v))
			continue;
		for (uint32_t i = 1; i < v.info.events; i++)
			EXPECT_LT(v.rec[i - 1].n, v.rec[i].n);
		EXPECT_LE(v.info.events, HISTORY_EVENTS);
	}
}
END_TEST

/* ----------------------------------------------------------------- attention */

/* Bulk is watched until its history is full, then only its rare events. */
START_TEST(bulk_is_watched_no_more)
{
	begin(1);
	put_data(1, 100);
	ck_assert_int_eq(watch_of(1), USTACK_WATCH_ALL);
	put_data(1, 500);
	ck_assert_int_eq(watch_of(1), USTACK_WATCH_LIFE);
	ck_assert_uint_ne(copy(1)->info.unwatched_from_us, USTACK_NEVER);
	ck_assert_uint_eq(copy(1)->info.unwatched_to_us, USTACK_NEVER);
	watched.n = 0;
	put_data(1, 10); /* what was on its way */
	ck_assert_int_eq(watch_of(1), USTACK_WATCH_ALL);
	ck_assert_uint_eq(watched.n, 0);
	ck_assert_uint_eq(copy(1)->info.unwatched_from_us, now_us);
}
END_TEST

static void lose(void)
{
	put(1, USTACK_EV_LOST);
}

static void impair(void)
{
	put_fault(1, USTACK_FAULT_CORRUPTED);
}

static void end(void)
{
	struct ustack_event ev = event(1, USTACK_EV_STATE);

	ev.from = USTACK_ESTABLISHED;
	ev.to = USTACK_CLOSE_WAIT;
	history_put(h, &ev);
}

static void follow(void)
{
	history_follow(h, &(struct history_follow){ .id = 1, .mask = 1 }, 1);
}

static void (*const remarkable[])(void) = { lose, impair, end, follow };

/* A loss, a fault, an end, a follower: it is looked at closely for a while. */
START_TEST(something_remarkable_brings_attention)
{
	begin(1);
	put_data(1, 2000);
	ck_assert_int_eq(watch_of(1), USTACK_WATCH_LIFE);
	remarkable[_i]();
	ck_assert_int_eq(watch_of(1), USTACK_WATCH_ALL);
	ck_assert_uint_eq(copy(1)->info.unwatched_to_us, now_us);
	put_data(1, 60);
	ck_assert_int_eq(watch_of(1), USTACK_WATCH_ALL);
	put_data(1, 2000);
	ck_assert_int_eq(watch_of(1), remarkable[_i] == follow
					      ? USTACK_WATCH_ALL
					      : USTACK_WATCH_LIFE);
}
END_TEST

/* That all packets are late is nothing remarkable. */
START_TEST(delay_alone_brings_none)
{
	begin(1);
	put_data(1, 2000);
	put_fault(1, USTACK_FAULT_DELAYED);
	ck_assert_int_eq(watch_of(1), USTACK_WATCH_LIFE);
}
END_TEST

/* ----------------------------------------------------------------- followers */

/* A follower gets the kinds it wants, of its connection and no other. */
START_TEST(follower_gets_its_kinds)
{
	const struct history_follow f[] = {
		{ .id = 1, .mask = 1u << USTACK_EV_LOST },
		{ .id = 1, .mask = 1u << USTACK_EV_METRICS },
	};

	begin(1);
	begin(2);
	ck_assert(!put(1, USTACK_EV_LOST));
	history_follow(h, f, 2);
	ck_assert(put(1, USTACK_EV_LOST));
	ck_assert(put(1, USTACK_EV_METRICS));
	ck_assert(!put(1, USTACK_EV_SOFT_ERROR));
	ck_assert(!put(2, USTACK_EV_LOST));
	history_follow(h, NULL, 0);
	ck_assert(!put(1, USTACK_EV_LOST));
}
END_TEST

/* One for the next connection on a port gets it from its first event on. */
START_TEST(next_is_followed_from_its_first_event)
{
	struct history_follow f = { .port = 7,
				    .mask = 1u << USTACK_EV_RECEIVED };
	struct ustack_event other = event(3, USTACK_EV_RECEIVED);

	other.flags = SYN;
	other.lport = 9;
	begin(1);
	history_follow(h, &f, 1);
	ck_assert(!put_segment(1, USTACK_EV_RECEIVED, ACK));
	ck_assert(!history_put(h, &other));
	ck_assert(put_segment(2, USTACK_EV_RECEIVED, SYN));
	history_follow(h, &f, 1); /* somebody else came or went */
	ck_assert(put_segment(2, USTACK_EV_RECEIVED, ACK));
	f.id = 2; /* it is known by its number now */
	history_follow(h, &f, 1);
	ck_assert(put_segment(2, USTACK_EV_RECEIVED, ACK));
	history_follow(h, NULL, 0);
	ck_assert(!put_segment(2, USTACK_EV_RECEIVED, ACK));
}
END_TEST

/* Who is followed is not forgotten for a newcomer, and met if he was. */
START_TEST(followed_one_stays)
{
	struct history_follow f = { .id = 1, .mask = 1u << USTACK_EV_SENT };

	begin(1);
	history_follow(h, &f, 1);
	for (uint64_t id = 2; id <= 50; id++)
		begin(id);
	ck_assert(known(1));
	f.id = 2;
	history_follow(h, &f, 1);
	ck_assert_int_eq(watch_of(2), USTACK_WATCH_ALL);
	put(50, USTACK_EV_CLOSED);
	ck_assert(put_segment(2, USTACK_EV_SENT, ACK));
	ck_assert(known(2));
}
END_TEST

Suite *suite_daemon_history(void)
{
	Suite *s = suite_create("daemon/history");
	TCase *tc = tcase_create("history");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, event_comes_back_as_it_was);
	tcase_add_test(tc, short_life_is_kept_whole);
	tcase_add_test(tc, long_life_keeps_beginning_and_end);
	tcase_add_test(tc, rare_events_outlive_ordinary_ones);
	tcase_add_test(tc, ordinary_ones_keep_their_share);
	tcase_add_test(tc, drop_without_addresses_is_the_connections);
	tcase_add_test(tc, last_is_the_one_opened_last);
	tcase_add_test(tc, oldest_closed_makes_room_then_oldest);
	tcase_add_test(tc, forgotten_one_pushes_nobody_out);
	tcase_add_test(tc, half_open_ones_take_a_part);
	tcase_add_test(tc, list_has_them_all);
	tcase_add_test(tc, random_lives_end_in_order);
	tcase_add_test(tc, bulk_is_watched_no_more);
	tcase_add_loop_test(tc, something_remarkable_brings_attention, 0,
			    sizeof(remarkable) / sizeof(remarkable[0]));
	tcase_add_test(tc, delay_alone_brings_none);
	tcase_add_test(tc, follower_gets_its_kinds);
	tcase_add_test(tc, next_is_followed_from_its_first_event);
	tcase_add_test(tc, followed_one_stays);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_pressure.c - many who do not read what they asked for, and one who does
 *
 *	host[0]: 16 MiB, echo on port 7, text without end on port 19
 *	host[1]: hogs, which send, or ask, and never read
 *		 one that sends BYTES to the echo and reads them all
 *
 * The others may slow it down, never stop it; and host[0] stays within its limit.
 */

#include "suites.h"
#include "wire.h"
#include "world.h"

#define LIMIT	(16u << 20)
#define BYTES	(1u << 20)
#define PIECE	16384u
#define RTT_US	MS(2)
#define ECHO	7u
#define CHARGEN 19u

/**
 * struct flow - the one that reads
 * @c:		its connection
 * @go:		it may send
 * @sent:	bytes queued
 * @got:	bytes that came back, each as peer_byte() says
 * @over:	it has ended
 */
static struct flow {
	struct ustack_conn c;
	bool go;
	uint32_t sent;
	uint32_t got;
	bool over;
} flow;

static uint8_t piece[PIECE];

/* What was told of memory, and what last: begun or ended. */
static uint32_t ntold;
static struct ustack_event told;

static void on_event(void *ctx, const struct ustack_event *ev)
{
	(void)ctx;
	ck_assert_uint_eq(ev->kind, USTACK_EV_MEMORY);
	ck_assert_int_ne(ev->active, ntold > 0 && told.active);
	told = *ev;
	ntold++;
}

/* ------------------------------------------------------- services of host[0] */

static void echo_move(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)ctx;
	while (ustack_splice(s, c, c, SIZE_MAX) > 0)
		;
}

static void finish(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)ctx;
	(void)ustack_close(s, c);
}

static const struct ustack_ops echo_ops = { .readable = echo_move,
					    .writable = echo_move,
					    .peer_closed = finish };

static void pour(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)ctx;
	struct ustack_iov iov = { piece, PIECE };

	while (ustack_send(s, c, &iov, 1) > 0)
		;
}

static int pour_first(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	pour(s, c, ctx);
	return 0;
}

static const struct ustack_ops chargen_ops = { .accept = pour_first,
					       .writable = pour };

/* -------------------------------------------------------- clients on host[1] */

static const struct ustack_ops sends_ops = { .connected = pour,
					     .writable = pour };
static const struct ustack_ops asks_ops;

static void flow_send(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)ctx;
	if (!flow.go)
		return;
	while (flow.sent < BYTES) {
		uint8_t buf[PIECE];
		struct ustack_iov iov = { buf,
					  min_u32(PIECE, BYTES - flow.sent) };
		ptrdiff_t n;

		for (uint32_t i = 0; i < iov.len; i++)
			buf[i] = peer_byte(flow.sent + i);
		n = ustack_send(s, c, &iov, 1);
		if (n <= 0)
			return;
		flow.sent += (uint32_t)n;
	}
	(void)ustack_shutdown(s, c);
}

static void flow_recv(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)ctx;
	uint8_t buf[PIECE];
	struct ustack_iov iov = { buf, PIECE };
	ptrdiff_t n;

	while ((n = ustack_recv(s, c, &iov, 1, 0)) > 0)
		for (ptrdiff_t i = 0; i < n; i++, flow.got++)
			if (buf[i] != peer_byte(flow.got)) /* check is slow */
				ck_abort_msg("another byte at %u", flow.got);
}

static void flow_closed(struct ustack *s, struct ustack_conn c, uint64_t ctx,
			enum ustack_reason why)
{
	(void)s;
	(void)c;
	(void)ctx;
	(void)why;
	flow.over = true;
}

static const struct ustack_ops flow_ops = { .connected = flow_send,
					    .writable = flow_send,
					    .readable = flow_recv,
					    .closed = flow_closed };

/* ------------------------------------------------------------------ the play */

/**
 * struct play - a case
 * @name:	of it
 * @hogs:	those who do not read
 * @first:	the one who reads comes before them
 * @v6:		over IPv6
 */
static const struct play {
	const char *name;
	uint16_t hogs;
	bool first;
	bool v6;
} plays[] = {
	{ "comes before 300", 300, true, false },
	{ "comes after 300", 300, false, false },
	{ "comes before 300, IPv6", 300, true, true },
	{ "comes before more than are let in", 3000, true, false },
};

/**
 * struct stage - both hosts, and the services on them
 * @w:		world
 * @play:	the case
 * @ops:	service numbers on host[1]
 */
struct stage {
	struct world w;
	const struct play *play;
	int ops[3]; /* by enum client */
};

enum client { HOG_SENDS, HOG_ASKS, READER };

static void listen_on(struct world *w, uint16_t port,
		      const struct ustack_ops *ops)
{
	struct ustack_listen_args l = { .port = port, .backlog = 4096 };

	l.ops_id = ustack_ops_register(w->host[0].s, ops);
	ck_assert_int_ge(ustack_listen(w->host[0].s, &l), 0);
}

static void setup(struct stage *st, const struct play *play)
{
	struct ustack_config cfg[2];

	st->play = play;
	vhost_config(&cfg[0]);
	cfg[1] = cfg[0];
	cfg[0].mem_limit_bytes = LIMIT;
	cfg[1].rcvbuf_init = 65536;
	cfg[1].rcvbuf_max = 65536;
	world_init(&st->w, cfg, PEER_SEED);
	st->w.path[0].delay_us = st->w.path[1].delay_us = RTT_US / 2;
	listen_on(&st->w, ECHO, &echo_ops);
	listen_on(&st->w, CHARGEN, &chargen_ops);
	st->ops[HOG_SENDS] = ustack_ops_register(st->w.host[1].s, &sends_ops);
	st->ops[HOG_ASKS] = ustack_ops_register(st->w.host[1].s, &asks_ops);
	st->ops[READER] = ustack_ops_register(st->w.host[1].s, &flow_ops);
	flow = (struct flow){ .over = false };
	ntold = 0;
	st->w.host[0].event = on_event;
	ustack_set_event_mask(st->w.host[0].s, 1u << USTACK_EV_MEMORY);
}

static struct ustack_conn dial(struct stage *st, enum client who)
{
	struct ustack_connect_args a = {
		.remote = vhost_addr(st->play->v6 ? "fd07::1" : "10.7.0.1"),
		.rport = who == HOG_ASKS ? CHARGEN : ECHO,
		.ops_id = st->ops[who],
	};
	struct ustack_conn c;

	ck_assert_int_eq(ustack_connect(st->w.host[1].s, &a, &c), 0);
	return c;
}

static struct ustack_gauges gauges(const struct stage *st)
{
	struct ustack_gauges g;

	ustack_gauges(st->w.host[0].s, &g);
	return g;
}

static uint64_t counter(const struct stage *st, enum ustack_counter c)
{
	return ustack_counters(st->w.host[0].s)[c];
}

static void wait(struct stage *st, uint64_t us)
{
	uint64_t end = st->w.now_us + us;
	struct ustack_gauges g;

	while (world_step(&st->w, end))
		;
	g = gauges(st);
	ck_assert_uint_le(g.mem_peak, LIMIT);
	ck_assert_uint_le(g.mem_taken, LIMIT);
	ck_assert_uint_le(st->w.host[0].live, LIMIT + 65536);
}

/* Microseconds until the reader has all of its bytes. */
static uint64_t finish_in(struct stage *st, uint64_t most_us)
{
	uint64_t start = st->w.now_us;

	flow.go = true;
	ck_assert_int_eq(ustack_wake(st->w.host[1].s, flow.c), 0);
	while (!flow.over && st->w.now_us < start + most_us)
		wait(st, MS(10));
	ck_assert_msg(flow.got == BYTES, "%s: %u of %u bytes in %u ms",
		      st->play->name, flow.got, BYTES,
		      (uint32_t)(most_us / 1000));
	return st->w.now_us - start;
}

static void abort_all(struct stage *st)
{
	for (int i = 0; i < 2; i++) {
		struct ustack *s = st->w.host[i].s;
		struct ustack_info info[64];
		uint64_t cursor = 0;
		uint32_t n;

		while ((n = ustack_walk(s, &cursor, info, 64)) > 0)
			while (n-- > 0)
				if (info[n].conn.gen)
					ck_assert_int_eq(
						ustack_abort(s, info[n].conn),
						0);
	}
}

static void check_told(const struct stage *st, bool is_short)
{
	ck_assert_int_eq(gauges(st).mem_short, is_short);
	ck_assert_int_eq(told.active, is_short);
	ck_assert_uint_eq(ntold, is_short ? 1 : 2);
	ck_assert_uint_eq(told.mem_limit, LIMIT);
	ck_assert_uint_eq(counter(st, USTACK_C_MEM_PRESSURES), 1);
	if (is_short)
		return;
	ck_assert_uint_ge(told.age_us, SEC(5));
	ck_assert_uint_eq(told.drops,
			  counter(st, USTACK_C_DROP_NO_MEMORY) +
				  counter(st, USTACK_C_DROP_TCP_MEM_LIMIT));
}

/* The reader goes on, slower; when the others are gone it is as fast as ever. */
START_TEST(who_reads_goes_on_among_those_who_do_not)
{
	const struct play *play = &plays[_i];
	struct stage st;

	setup(&st, play);
	if (play->first)
		flow.c = dial(&st, READER);
	for (uint32_t i = 0; i < play->hogs; i++) {
		dial(&st, i % 2 ? HOG_ASKS : HOG_SENDS);
		if (i % 10 == 9)
			wait(&st, MS(1));
	}
	wait(&st, SEC(5));
	ck_assert_uint_gt(counter(&st, USTACK_C_DROP_NO_MEMORY), 0);
	if (!play->first)
		flow.c = dial(&st, READER);
	if (play->hogs <= 300)
		ck_assert_uint_ge(gauges(&st).states[USTACK_ESTABLISHED],
				  play->hogs);
	finish_in(&st, SEC(8));
	check_told(&st, true);
	ck_assert_uint_gt(gauges(&st).mem_peak, LIMIT / 2);
	ck_assert_int_eq(play->hogs > 300,
			 counter(&st, USTACK_C_DROP_TCP_MEM_LIMIT) > 0);
	abort_all(&st);
	wait(&st, SEC(8));
	check_told(&st, false);
	flow = (struct flow){ .over = false };
	flow.c = dial(&st, READER);
	finish_in(&st, MS(300));
	abort_all(&st);
	wait(&st, SEC(1));
	ck_assert_ptr_null(world_fini(&st.w));
}
END_TEST

Suite *suite_wire_pressure(void)
{
	Suite *s = suite_create("pressure");
	TCase *tc = wire_case(s, "memory");

	tcase_add_loop_test(tc, who_reads_goes_on_among_those_who_do_not, 0,
			    WIRE_ROWS(plays));
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_corners.c - corners between modules, where something once went wrong
 */

#include "inner.h"
#include "stack/ip/ip.h"
#include "stack/tcp/floor.h"
#include "stack/tcp/sendq.h"
#include "stack/tcp/window.h"
#include "stack/wire/icmp.h"
#include "stack/wire/ip6.h"

/* an API call carries no time, yet the SYN's round trip is measured from it. */
START_TEST(round_trip_of_a_syn_starts_when_it_leaves)
{
	struct peer p;

	peer_init(&p, NULL);
	vhost_run(&p.h);
	p.h.now_us += SEC(10); /* the loop slept */
	peer_connect(&p);
	peer_expect(&p, TCP_SYN, 0, 0, 0);
	p.h.now_us += MS(10);
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN | TCP_ACK,
				   .ack = 1,
				   .mss = 1460 });
	EXPECT_LE(peer_info(&p).srtt_us, MS(11));
	peer_fini(&p);
}
END_TEST

/* the same for the time that FIN-WAIT-2 may last. */
START_TEST(fin_wait_2_lasts_its_time_from_close_on)
{
	struct peer p;

	peer_init(&p, NULL);
	peer_open(&p);
	ck_assert_int_eq(ustack_shutdown(p.h.s, p.conn), 0);
	vhost_run(&p.h);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK, .seq = 1, .ack = 2 });
	ck_assert_int_eq(peer_state(&p), USTACK_FIN_WAIT_2);
	p.h.now_us += SEC(120); /* nothing is due: the loop slept */
	ck_assert_int_eq(ustack_close(p.h.s, p.conn), 0);
	vhost_run(&p.h);
	ck_assert_int_eq(peer_state(&p), USTACK_FIN_WAIT_2);
	peer_fini(&p);
}
END_TEST

/* An echo request with so much behind its IPv6 header comes in. */
static void echo_comes(struct peer *p, uint16_t payload_len)
{
	struct ip6_hdr ip = { .payload_len = payload_len,
			      .hop_limit = 9,
			      .proto = 58 };
	struct icmp_hdr icmp = { .type = ICMP6_ECHO };
	struct vpkt *v = vpkt_new(40u + payload_len);

	peer_init6(p, NULL);
	memcpy(ip.src, vhost_addr("fd07::1").b, 16);
	memcpy(ip.dst, vhost_addr("fd07::2").b, 16);
	ip6_build(v->data, &ip);
	icmp_build(v->data + 40, &icmp);
	v->csum_ok = true;
	vhost_input(&p->h, v);
}

/* 65535 bytes behind an IPv6 header are legal input; ASSERT in ip_output(). */
START_TEST(echo_of_the_longest_ipv6_packet_is_no_bug_of_ours)
{
	struct peer p;

	echo_comes(&p, 65535);
	peer_fini(&p);
}
END_TEST

/* icmp_out.c says that an answer longer than the MTU leaves in fragments. */
START_TEST(echo_longer_than_the_mtu_is_cut)
{
	struct peer p;

	echo_comes(&p, 3000);
	EXPECT_EQ(p.icmp_out, 3);
	peer_fini(&p);
}
END_TEST

static void least_memory(struct ustack_config *cfg)
{
	cfg->mem_limit_bytes = 4u << 20;
}

/* a sender that was refused for want of memory is told when there is some, and
 * what it was given beyond that is made up for.
 */
START_TEST(writable_comes_when_memory_is_back)
{
	struct ubuf *hog[2000];
	uint32_t n = 0;
	struct peer p;

	peer_init(&p, least_memory);
	peer_open(&p);
	for (uint32_t size = 60000; size > 500; size /= 2)
		while (n < ARRAY_LEN(hog) &&
		       (hog[n] = ustack_buf_new(p.h.s, size)) != NULL)
			n++;
	EXPECT(n < ARRAY_LEN(hog));
	ck_assert_int_eq(peer_send(&p, 5000), TCP_FLOOR_BYTES);
	EXPECT(stack_mem_low(p.h.s));
	ck_assert_int_eq(peer_send(&p, 1000), -ERR_AGAIN);
	while (n > 0)
		ubuf_put(hog[--n]);
	peer_advance(&p, SEC(60));
	EXPECT(!stack_mem_low(p.h.s));
	EXPECT_EQ(p.c.writable, 1);
	peer_fini(&p);
}
END_TEST

/**
 * struct spent - who has all memory but what is promised
 * @p:		blocks, those of BIGGEST bytes first
 * @n:		their number by size
 */
struct spent {
	void *p[65536];
	uint32_t n[12];
};

#define BIGGEST 65000u

static void spend(struct peer *p, struct spent *sp)
{
	uint32_t all = 0;

	memset(sp->n, 0, sizeof(sp->n));
	for (uint32_t i = 0; i < ARRAY_LEN(sp->n); i++)
		while (all < ARRAY_LEN(sp->p) &&
		       (sp->p[all] = mem_alloc(&p->h.s->mem, BIGGEST >> i)))
			sp->n[i]++, all++;
	EXPECT_LT(all, ARRAY_LEN(sp->p));
}

static void spend_no_more(struct peer *p, struct spent *sp)
{
	void **at = sp->p;

	for (uint32_t i = 0; i < ARRAY_LEN(sp->n); i++)
		while (sp->n[i]-- > 0)
			mem_free(&p->h.s->mem, *at++, BIGGEST >> i);
}

/* A peer that has a record cut by SACK bit by bit gets nothing that others were
 * promised; and what must be sent again can be cut once more.
 */
START_TEST(records_that_are_cut_stay_within_the_promise)
{
	static struct spent sp;
	struct tcp_conn *c;
	struct peer p;

	peer_init(&p, least_memory);
	peer_open(&p);
	c = inner_conn(&p);
	spend(&p, &sp);
	rec_append(c, rec_new(c), 60000, false);
	for (uint32_t i = 1; i < TCP_FLOOR_RECS; i++)
		ck_assert_int_eq(rec_split(c, rec_first(c), 60000 - 100 * i),
				 0);
	ck_assert_int_eq(rec_split(c, rec_first(c), 50000), -ERR_NOMEM);
	ck_assert_int_eq(rec_split_to_send(c, rec_first(c), 1460), 0);
	ck_assert_int_eq(rec_split_to_send(c, rec_first(c), 730), -ERR_NOMEM);
	spend_no_more(&p, &sp);
	ustack_abort(p.h.s, p.conn);
	peer_fini(&p);
}
END_TEST

/* Nor does one whose ring grows over many small slices. */
START_TEST(moved_slices_stay_within_the_promise)
{
	static struct spent sp;
	struct ubuf *b[8];
	struct tcp_conn *c;
	struct peer p;

	peer_init(&p, least_memory);
	peer_open(&p);
	c = inner_conn(&p);
	for (uint32_t i = 0; i < ARRAY_LEN(b); i++) {
		struct slice s = { .len = 200 };

		s.buf = b[i] = ustack_buf_new(p.h.s, s.len);
		ck_assert_int_eq(sliceq_append(&c->rcvq, &p.h.s->mem, s), 0);
	}
	spend(&p, &sp);
	ck_assert_int_gt(ustack_splice(p.h.s, p.conn, p.conn, 1200), 0);
	EXPECT_EQ(p.h.s->mem.nowed, 1);
	EXPECT_EQ(p.h.s->mem.owed[0], 1); /* the first ring */
	spend_no_more(&p, &sp);
	for (uint32_t i = 0; i < ARRAY_LEN(b); i++)
		ubuf_put(b[i]);
	ustack_abort(p.h.s, p.conn);
	peer_fini(&p);
}
END_TEST

/* Who can be promised something is let in, though there is no room for its handle
 * but in what is withheld; and that takes no more of it than it must.
 */
START_TEST(handles_come_of_what_is_withheld)
{
	static struct spent sp;
	uint32_t most;
	struct peer p;

	peer_init(&p, least_memory);
	spend(&p, &sp);
	most = p.h.s->mem.covered;
	peer_open(&p);
	while (mem_promise(&p.h.s->mem))
		;
	EXPECT_GT(p.h.s->mem.promises, most / 2);
	while (p.h.s->mem.promises > 1)
		mem_unpromise(&p.h.s->mem);
	spend_no_more(&p, &sp);
	ustack_abort(p.h.s, p.conn);
	peer_fini(&p);
}
END_TEST

/* A path that takes less is a path to whom goes on with what was promised, too. */
START_TEST(path_is_known_when_memory_is_spent)
{
	struct ustack_addr far = vhost_addr("10.9.9.9");
	static struct spent sp;
	struct peer p;

	peer_init(&p, least_memory);
	spend(&p, &sp);
	ip_path_lower(p.h.s, &far, 1300);
	EXPECT_EQ(ip_path_mtu(p.h.s, &far), 1300);
	spend_no_more(&p, &sp);
	peer_fini(&p);
}
END_TEST

/* What was claimed is made up for as soon as there is memory, whoever frees none. */
START_TEST(a_higher_limit_ends_the_shortage)
{
	static struct spent sp;
	struct ustack_config cfg;
	struct peer p;

	peer_init(&p, least_memory);
	peer_open(&p);
	spend(&p, &sp);
	ck_assert_int_eq(peer_send(&p, 5000), TCP_FLOOR_BYTES);
	EXPECT_GT(p.h.s->mem.nowed, 0);
	cfg = *ustack_settings(p.h.s);
	cfg.mem_limit_bytes *= 2;
	ck_assert_ptr_null(ustack_reconfigure(p.h.s, &cfg));
	peer_advance(&p, MS(1));
	EXPECT_EQ(p.h.s->mem.nowed, 0);
	EXPECT(!stack_mem_low(p.h.s));
	spend_no_more(&p, &sp);
	ustack_abort(p.h.s, p.conn);
	peer_fini(&p);
}
END_TEST

/* However large a buffer the application has set: what is announced is there. */
START_TEST(window_is_a_segment_while_memory_is_short)
{
	struct tcp_conn *c;
	struct peer p;

	peer_init(&p, NULL);
	peer_open(&p);
	c = inner_conn(&p);
	tcp_wnd_set_buf(c, 30000);
	c->rcv.adv = c->rcv.nxt;
	p.h.s->pressure.on = true;
	EXPECT_EQ(tcp_wnd_announce(c), 1460);
	p.h.s->pressure.on = false;
	EXPECT_EQ(tcp_wnd_announce(c), 30000);
	peer_fini(&p);
}
END_TEST

/* "Reset; queues are dropped, @closed(ABORTED) follows". */
START_TEST(abort_ends_a_connection_that_is_over_but_unread)
{
	struct peer p;

	peer_init(&p, NULL);
	p.no_auto_read = true;
	peer_open(&p);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK | TCP_FIN,
				   .seq = 1,
				   .ack = 1,
				   .len = 10 });
	ck_assert_int_eq(ustack_shutdown(p.h.s, p.conn), 0);
	vhost_run(&p.h);
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK, .seq = 12, .ack = 2 });
	ck_assert_int_eq(ustack_abort(p.h.s, p.conn), 0);
	peer_advance(&p, SEC(10));
	EXPECT_EQ(p.c.closed, 1);
	EXPECT_EQ(inner_tcp(&p)->nconns, 0);
	p.no_auto_read = false;
	peer_fini(&p);
}
END_TEST

static uint32_t calls_after_close;

static void close_on_readable(struct ustack *s, struct ustack_conn c,
			      uint64_t ctx)
{
	(void)ctx;
	ustack_consume(s, c, SIZE_MAX);
	ck_assert_int_eq(ustack_close(s, c), 0);
}

static void note_peer_closed(struct ustack *s, struct ustack_conn c,
			     uint64_t ctx)
{
	(void)s;
	(void)c;
	(void)ctx;
	calls_after_close++;
}

/* "@closed is its only callback from now on". */
START_TEST(nothing_but_closed_is_called_after_close)
{
	static const struct ustack_ops ops = { .readable = close_on_readable,
					       .peer_closed = note_peer_closed };
	struct ustack_listen_args a = { .port = 8, .backlog = 1 };
	struct peer p;

	peer_init(&p, NULL);
	a.ops_id = ustack_ops_register(p.h.s, &ops);
	ck_assert_int_ge(ustack_listen(p.h.s, &a), 0);
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .dport = 8 });
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK | TCP_FIN,
				   .dport = 8,
				   .seq = 1,
				   .ack = 1,
				   .len = 10 });
	EXPECT_EQ(calls_after_close, 0);
	peer_fini(&p);
}
END_TEST

/* Karn (RFC 6298 section 3): a SYN-ACK that a second SYN drew is ambiguous. */
START_TEST(repeated_synack_gives_no_sample)
{
	struct peer p;

	peer_init(&p, NULL);
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .mss = 1460 });
	peer_advance(&p, MS(900));
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN, .mss = 1460 });
	peer_advance(&p, MS(10));
	peer_tx(&p, (struct pseg){ .flags = TCP_ACK, .seq = 1, .ack = 1 });
	EXPECT_LE(peer_info(&p).srtt_us, MS(10));
	peer_fini(&p);
}
END_TEST

/* with no initial window a connection would never send. */
START_TEST(initial_window_of_nothing_is_refused)
{
	struct ustack_config cfg;

	ustack_config_init(&cfg);
	cfg.init_cwnd = 0;
	ck_assert_ptr_nonnull(ustack_config_check(&cfg));
}
END_TEST

/* all SYN-ACKs of an entry leave at once then. */
START_TEST(initial_timeout_of_nothing_is_refused)
{
	struct ustack_config cfg;

	ustack_config_init(&cfg);
	cfg.rto_init_us = 0;
	ck_assert_ptr_nonnull(ustack_config_check(&cfg));
}
END_TEST

/* a service number that listen refuses; below -32768 it indexes wild. */
START_TEST(connect_refuses_a_negative_service)
{
	struct ustack_connect_args a = { .remote = vhost_addr("10.7.0.1"),
					 .rport = 80,
					 .ops_id = -32769 };
	struct ustack_conn c;
	struct peer p;

	peer_init(&p, NULL);
	ck_assert_int_eq(ustack_connect(p.h.s, &a, &c), -ERR_INVAL);
	peer_fini(&p);
}
END_TEST

/* The offset of RFC 6056 algorithm 4 wraps where the range does not. */
START_TEST(free_port_is_found_wherever_the_offset_stands)
{
	static struct tcp_flow flow[200];
	struct ustack_addr local = vhost_addr("10.7.0.2");
	struct ustack_addr remote = vhost_addr("10.7.0.1");
	struct tcp_flow_args a = { .local = &local,
				   .remote = &remote,
				   .rport = 80 };
	struct tcp *t;
	struct peer p;

	peer_init(&p, NULL);
	t = inner_tcp(&p);
	for (uint32_t i = 0; i < ARRAY_LEN(t->port_next); i++)
		t->port_next[i] = 0u - 100u;
	for (uint32_t i = 0; i < 200; i++) {
		a.lport = 0;
		a.lport = tcp_port_pick(t, &a);
		EXPECT_GE(a.lport, 16384);
		EXPECT(tcp_flow_find(t, &a) == NULL);
		tcp_flow_init(&flow[i], FLOW_CONN, &a);
		tcp_flow_insert(t, &flow[i]);
	}
	for (uint32_t i = 0; i < 200; i++)
		tcp_flow_remove(t, &flow[i]);
	peer_fini(&p);
}
END_TEST

/* 4 * RTTVAR is computed in 32 bits. */
START_TEST(timeout_does_not_wrap_with_huge_bounds)
{
	const struct rtt_limits l = { 1, 1, UINT32_MAX };
	struct rtt r;

	rtt_init(&r);
	rtt_sample(&r, 0x80000000u);
	EXPECT_EQ(rtt_rto_us(&r, &l), UINT32_MAX);
}
END_TEST

Suite *suite_tcp_corners(void)
{
	Suite *s = suite_create("tcp/corners");
	TCase *tc = tcase_create("not mended");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, round_trip_of_a_syn_starts_when_it_leaves);
	tcase_add_test(tc, fin_wait_2_lasts_its_time_from_close_on);
	tcase_add_test(tc, echo_of_the_longest_ipv6_packet_is_no_bug_of_ours);
	tcase_add_test(tc, echo_longer_than_the_mtu_is_cut);
	tcase_add_test(tc, writable_comes_when_memory_is_back);
	tcase_add_test(tc, records_that_are_cut_stay_within_the_promise);
	tcase_add_test(tc, path_is_known_when_memory_is_spent);
	tcase_add_test(tc, a_higher_limit_ends_the_shortage);
	tcase_add_test(tc, window_is_a_segment_while_memory_is_short);
	tcase_add_test(tc, handles_come_of_what_is_withheld);
	tcase_add_test(tc, moved_slices_stay_within_the_promise);
	tcase_add_test(tc, abort_ends_a_connection_that_is_over_but_unread);
	tcase_add_test(tc, nothing_but_closed_is_called_after_close);
	tcase_add_test(tc, repeated_synack_gives_no_sample);
	tcase_add_test(tc, initial_window_of_nothing_is_refused);
	tcase_add_test(tc, initial_timeout_of_nothing_is_refused);
	tcase_add_test(tc, connect_refuses_a_negative_service);
	tcase_add_test(tc, free_port_is_found_wherever_the_offset_stands);
	tcase_add_test(tc, timeout_does_not_wrap_with_huge_bounds);
	suite_add_tcase(s, tc);
	return s;
}

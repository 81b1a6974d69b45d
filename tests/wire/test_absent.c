/* SPDX-License-Identifier: MIT */
/*
 * test_absent.c - what others may ask for and is not built does no harm
 */

#include "suites.h"
#include "wire.h"

#define DATA 100u

/* Kind 34 and its experimental form; cookies of all kinds of length. */
static const struct {
	const char *name;
	uint8_t opt[20];
	uint32_t len;
} fast_open[] = {
	{ "request", { 34, 2, 1, 1 }, 4 },
	{ "cookie of 8", { 34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1 }, 12 },
	{ "cookie of 16",
	  { 34, 18, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 1, 1 },
	  20 },
	{ "odd cookie", { 34, 7, 1, 2, 3, 4, 5, 1 }, 8 },
	{ "experimental", { 254, 4, 0xf9, 0x89 }, 4 },
};

/*
 * RFC 7413 (7413-1 to 7413-6): a cookie is neither given nor taken.  Data of
 * the SYN is not delivered before the handshake ends, and not acknowledged by
 * the SYN-ACK; it comes again, as after a cookie that is no longer good.
 */
START_TEST(fast_open_falls_back_to_three_ways)
{
	struct pseg syn = { .flags = TCP_SYN,
			    .len = DATA,
			    .raw_opt = fast_open[_i / 2].opt,
			    .raw_len = fast_open[_i / 2].len };
	struct peer p;
	struct pseg s;

	wire_init(&p, _i & 1, NULL);
	peer_tx(&p, syn);
	s = peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	ck_assert_msg(s.has == TCP_OPT_HAS_MSS, "%s: answered",
		      fast_open[_i / 2].name);
	ck_assert_uint_eq(p.c.accepted, 0);
	ck_assert_uint_eq(p.received, 0);
	peer_tx(&p, seg_data(1, 1, DATA));
	ck_assert_uint_eq(p.c.accepted, 1);
	ck_assert_uint_eq(p.received, DATA);
	peer_fini(&p);
}
END_TEST

/* RFC 7413 section 4.1.3 (7413-7): our own SYN carries neither cookie nor data,
 * though data is queued. */
START_TEST(own_syn_carries_no_data)
{
	struct ustack_connect_args a = { .rport = PEER_PORT,
					 .lport = STACK_PORT };
	uint8_t b[DATA] = { 0 };
	struct ustack_iov iov = { b, sizeof(b) };
	struct peer p;

	wire_init(&p, _i, NULL);
	a.remote = vhost_addr(_i ? "fd07::1" : "10.7.0.1");
	a.ops_id = p.ops_id;
	a.ctx = (uint64_t)(uintptr_t)&p;
	ck_assert_int_eq(ustack_connect(p.h.s, &a, &p.conn), 0);
	ck_assert_int_eq(ustack_send(p.h.s, p.conn, &iov, 1), DATA);
	vhost_run(&p.h);
	peer_expect(&p, TCP_SYN, 0, 0, 0);
	peer_tx(&p, seg(TCP_SYN | TCP_ACK, 0, 1, 0));
	peer_expect(&p, TCP_ACK, 1, 1, DATA);
	peer_fini(&p);
}
END_TEST

/*
 * RFC 9293 section 3.9.1.2 (MAY-14, MAY-15, MAY-17): neither a push flag nor a
 * flush call is needed, both ways: what is written leaves, what comes is told.
 */
START_TEST(data_needs_no_push)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_tx(&p, seg_data(1, 1, 10));
	ck_assert_uint_eq(p.c.readable, 1);
	ck_assert_uint_eq(p.received, 10);
	peer_send(&p, 10);
	ck_assert_uint_eq(peer_expect(&p, TCP_ACK, 1, 11, 10).flags,
			  TCP_PSH | TCP_ACK);
	peer_fini(&p);
}
END_TEST

/* RFC 9293 section 3.9.2 (MAY-9): the peer's class is its own; it is neither
 * shown nor copied. */
START_TEST(class_of_the_peer_is_not_copied)
{
	struct pseg s = seg_data(1, 1, 10);
	struct peer p;

	wire_init(&p, _i, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	s.tos = 0xb8;
	peer_tx(&p, s);
	ck_assert_uint_eq(p.received, 10);
	peer_send(&p, 10);
	ck_assert_uint_eq(peer_expect(&p, TCP_ACK, 1, 11, 10).tos, 0);
	peer_fini(&p);
}
END_TEST

/* RFC 6298 section 5 (6298-11): the estimate outlives backoffs. */
START_TEST(estimate_outlives_backoffs)
{
	uint32_t srtt, var;
	struct peer p;

	wire_init(&p, _i, NULL);
	peer_tx(&p, (struct pseg){ .flags = TCP_SYN });
	peer_drain(&p);
	peer_advance(&p, MS(400));
	peer_tx(&p, seg_ack(1, 1));
	srtt = peer_info(&p).srtt_us;
	var = peer_info(&p).rttvar_us;
	ck_assert_uint_eq(srtt, 400000);
	peer_send(&p, 100);
	peer_advance(&p, SEC(100));
	ck_assert_uint_ge(peer_info(&p).backoff, 5);
	ck_assert_uint_eq(peer_info(&p).srtt_us, srtt);
	ck_assert_uint_eq(peer_info(&p).rttvar_us, var);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_absent(void)
{
	Suite *s = suite_create("absent");
	TCase *tc = wire_case(s, "fast open");

	tcase_add_loop_test(tc, fast_open_falls_back_to_three_ways, 0,
			    2 * (int)WIRE_ROWS(fast_open));
	tcase_add_loop_test(tc, own_syn_carries_no_data, 0, 2);
	tc = wire_case(s, "others");
	tcase_add_loop_test(tc, data_needs_no_push, 0, 2);
	tcase_add_loop_test(tc, class_of_the_peer_is_not_copied, 0, 2);
	tcase_add_loop_test(tc, estimate_outlives_backoffs, 0, 2);
	return s;
}

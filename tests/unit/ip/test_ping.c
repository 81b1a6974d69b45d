/* SPDX-License-Identifier: MIT */
/*
 * test_ping.c - echo requests of our own: what they are, and what ends them
 *
 * Method: the request that came out is turned round, as the host that was asked
 * would do it, or quoted, as a router would; then one thing is changed.
 * RFC 1122 section 3.2.2.6, RFC 4443 sections 3 and 4.
 */

#include "iphost.h"

#define SEQ	0x1234u
#define CTX	0xfeedface12345678ull
#define WAIT_US 2000000u
#define RTT_US	1500u

/* RFC 1122 section 3.2.2: 8 bytes of data at least; RFC 4443 section 3: all. */
#define QUOTE_LEAST 8u

static struct ustack_ping_args to_peer(bool v6, uint32_t len)
{
	return (struct ustack_ping_args){
		.remote = vhost_addr(v6 ? "fd07::1" : "10.7.0.1"),
		.ctx = CTX,
		.timeout_us = WAIT_US,
		.len = len,
		.seq = SEQ,
	};
}

static int ping(struct iphost *t, const struct ustack_ping_args *a)
{
	int r = ustack_ping(t->h.s, a);

	vhost_run(&t->h);
	return r;
}

static uint32_t hdr_len(bool v6)
{
	return v6 ? 40 : 20;
}

/* The ICMP message in t->b has changed. */
static void fix_csum(struct iphost *t, bool v6)
{
	if (v6) {
		iphost_csum6(t->b, t->len);
		return;
	}
	icmp_set_csum(t->b + 20, 0);
	icmp_set_csum(t->b + 20,
		      csum_finish(csum_add(0, t->b + 20, t->len - 20)));
	iphost_fix4(t);
}

/* The reply to what came out, in t->b. */
static void build_reply(struct iphost *t, bool v6)
{
	uint32_t hdr = hdr_len(v6);
	uint32_t len = t->out_len - hdr;
	uint8_t *b = v6 ? iphost_build6(t, 58, len) : iphost_build4(t, 1, len);

	memcpy(b, t->out + hdr, len);
	b[0] = v6 ? ICMP6_ECHO_REPLY : ICMP4_ECHO_REPLY;
	fix_csum(t, v6);
}

/* An error about what came out, with @len bytes of it behind its IP header. */
static void build_error(struct iphost *t, bool v6, const struct icmp_hdr *h,
			uint32_t len)
{
	uint32_t hdr = hdr_len(v6);
	uint8_t *b = v6 ? iphost_build6(t, 58, 8 + hdr + len)
			: iphost_build4(t, 1, 8 + hdr + len);

	icmp_build(b, h);
	memcpy(b + 8, t->out, hdr + len);
	fix_csum(t, v6);
}

static enum ustack_counter out_echos(bool v6)
{
	return v6 ? USTACK_C_ICMP6_OUT_ECHOS : USTACK_C_ICMP_OUT_ECHOS;
}

static const uint32_t lens[] = { 0, 1, 8, 56, 57, 1400 };

START_TEST(request_is_well_formed)
{
	bool v6 = _i & 1;
	uint32_t hdr = hdr_len(v6);
	struct iphost *t = iphost_new(NULL);
	struct ustack_ping_args a = to_peer(v6, lens[_i / 2]);

	a.ttl = 3;
	a.tos = 0x28;
	ck_assert_int_eq(ping(t, &a), 0);
	EXPECT_EQ(t->sent, 1);
	EXPECT_EQ(t->out_len, hdr + 8 + a.len);
	EXPECT_EQ(t->out[hdr], v6 ? ICMP6_ECHO : ICMP4_ECHO);
	EXPECT_EQ(t->out[hdr + 1], 0);
	EXPECT_EQ(be16_load(t->out + hdr + 6), SEQ);
	EXPECT_EQ(t->out[v6 ? 7 : 8], 3);
	EXPECT_EQ(v6 ? (be16_load(t->out) >> 4 & 0xffu) : t->out[1], 0x28);
	EXPECT_EQ(
		csum_finish(csum_add(v6 ? csum_pseudo6(t->out + 8, t->out + 24,
						       58, 8 + a.len)
					: 0,
				     t->out + hdr, 8 + a.len)),
		0);
	EXPECT_EQ(iphost_count(t, out_echos(v6)), 1);
	EXPECT_EQ(t->pongs, 0);
	iphost_free(t);
}
END_TEST

START_TEST(reply_ends_it_with_its_time)
{
	bool v6 = _i & 1;
	struct iphost *t = iphost_new(NULL);
	struct ustack_ping_args a = to_peer(v6, lens[_i / 2]);

	ck_assert_int_eq(ping(t, &a), 0);
	vhost_advance(&t->h, t->h.now_us + RTT_US);
	build_reply(t, v6);
	iphost_send(t);
	EXPECT_EQ(t->pongs, 1);
	EXPECT_EQ(t->pong.kind, USTACK_PONG_REPLY);
	EXPECT_EQ(t->pong.err, 0);
	EXPECT_EQ(t->pong.ctx, CTX);
	EXPECT_EQ(t->pong.seq, SEQ);
	EXPECT_EQ(t->pong.rtt_us, RTT_US);
	EXPECT_EQ(t->pong.len, a.len);
	EXPECT_EQ(t->pong.ttl, 9);
	EXPECT(ustack_addr_eq(&t->pong.from, &a.remote));
	EXPECT_EQ(iphost_count(t, v6 ? USTACK_C_ICMP6_IN_ECHO_REPS
				     : USTACK_C_ICMP_IN_ECHO_REPS),
		  1);
	iphost_send(t); /* a copy of it answers nothing */
	EXPECT_EQ(t->pongs, 1);
	EXPECT_EQ(iphost_count(t, USTACK_C_DROP_ICMP_REPLY), 1);
	iphost_free(t);
}
END_TEST

/* Who has not seen the request cannot answer it; the true reply still counts. */
START_TEST(forged_reply_does_not_count)
{
	static const struct {
		uint32_t off; /* of the byte changed, from the IP header */
		int more;     /* bytes longer */
	} forged[] = { { 15, 0 }, { 24, 0 }, { 27, 0 }, { 28, 0 },
		       { 83, 0 }, { 0, 1 },  { 0, -1 } };
	struct iphost *t = iphost_new(NULL);
	struct ustack_ping_args a = to_peer(false, 56);

	ck_assert_int_eq(ping(t, &a), 0);
	build_reply(t, false);
	if (forged[_i].off)
		t->b[forged[_i].off] ^= 4;
	t->len = (uint32_t)((int)t->len + forged[_i].more);
	be16_store(t->b + 2, (uint16_t)t->len);
	fix_csum(t, false);
	iphost_send(t);
	EXPECT_EQ(t->pongs, 0);
	EXPECT_EQ(iphost_count(t, USTACK_C_DROP_ICMP_REPLY), 1);
	build_reply(t, false);
	iphost_send(t);
	EXPECT_EQ(t->pongs, 1);
	EXPECT_EQ(t->pong.kind, USTACK_PONG_REPLY);
	iphost_free(t);
}
END_TEST

START_TEST(silence_ends_it_in_time)
{
	struct iphost *t = iphost_new(NULL);
	struct ustack_ping_args a = to_peer(_i, 56);
	uint64_t end_us = t->h.now_us + WAIT_US;

	ck_assert_int_eq(ping(t, &a), 0);
	vhost_advance(&t->h, end_us - 1);
	EXPECT_EQ(t->pongs, 0);
	vhost_advance(&t->h, end_us + 100);
	EXPECT_EQ(t->pongs, 1);
	EXPECT_EQ(t->pong.kind, USTACK_PONG_TIMEOUT);
	EXPECT_EQ(t->pong.err, ERR_TIMEDOUT);
	build_reply(t, _i);
	iphost_send(t);
	EXPECT_EQ(t->pongs, 1);
	EXPECT_EQ(iphost_count(t, USTACK_C_DROP_ICMP_REPLY), 1);
	iphost_free(t);
}
END_TEST

static const struct {
	bool v6;
	uint8_t type, code;
	uint32_t rest;
	enum ustack_pong_kind kind;
	enum err err;
} errors[] = {
	{ false, 3, 0, 0, USTACK_PONG_UNREACHABLE, ERR_NETUNREACH },
	{ false, 3, 1, 0, USTACK_PONG_UNREACHABLE, ERR_HOSTUNREACH },
	{ false, 3, 2, 0, USTACK_PONG_UNREACHABLE, ERR_HOSTUNREACH },
	{ false, 3, 13, 0, USTACK_PONG_UNREACHABLE, ERR_HOSTUNREACH },
	{ false, 3, 4, 600, USTACK_PONG_TOO_BIG, ERR_MSGSIZE },
	{ false, 11, 0, 0, USTACK_PONG_TIME_EXCEEDED, ERR_HOSTUNREACH },
	{ false, 11, 1, 0, USTACK_PONG_TIME_EXCEEDED, ERR_HOSTUNREACH },
	{ false, 12, 0, 0, USTACK_PONG_UNREACHABLE, ERR_HOSTUNREACH },
	{ true, 1, 0, 0, USTACK_PONG_UNREACHABLE, ERR_NETUNREACH },
	{ true, 1, 3, 0, USTACK_PONG_UNREACHABLE, ERR_HOSTUNREACH },
	{ true, 2, 0, 1300, USTACK_PONG_TOO_BIG, ERR_MSGSIZE },
	{ true, 3, 0, 0, USTACK_PONG_TIME_EXCEEDED, ERR_HOSTUNREACH },
	{ true, 4, 1, 0, USTACK_PONG_UNREACHABLE, ERR_HOSTUNREACH },
};

START_TEST(error_about_it_ends_it_with_the_reason)
{
	bool v6 = errors[_i].v6;
	const struct icmp_hdr h = { .type = errors[_i].type,
				    .code = errors[_i].code,
				    .rest = errors[_i].rest };
	struct iphost *t = iphost_new(NULL);
	struct ustack_ping_args a = to_peer(v6, 1400);

	ck_assert_int_eq(ping(t, &a), 0);
	vhost_advance(&t->h, t->h.now_us + RTT_US);
	build_error(t, v6, &h, v6 ? 1000 : QUOTE_LEAST);
	t->b[v6 ? 23 : 15] = 77; /* a router says so */
	fix_csum(t, v6);
	iphost_send(t);
	EXPECT_EQ(t->pongs, 1);
	EXPECT_EQ(t->pong.kind, errors[_i].kind);
	EXPECT_EQ(t->pong.err, errors[_i].err);
	EXPECT_EQ(t->pong.rtt_us, RTT_US);
	EXPECT_EQ(t->pong.mtu, errors[_i].rest);
	a.remote.b[15] = 77;
	EXPECT(ustack_addr_eq(&t->pong.from, &a.remote));
	EXPECT_EQ(iphost_count(t, USTACK_C_DROP_ICMP_NO_CONN), 0);
	iphost_free(t);
}
END_TEST

START_TEST(error_about_something_else_does_not_end_it)
{
	static const uint32_t off[] = { 47, 52, 55, 56, 71 };
	const struct icmp_hdr h = { .type = 3, .code = 1 };
	struct iphost *t = iphost_new(NULL);
	struct ustack_ping_args a = to_peer(false, 56);

	ck_assert_int_eq(ping(t, &a), 0);
	build_error(t, false, &h, 64);
	t->b[off[_i]] ^= 8; /* destination, id, sequence number, data */
	fix_csum(t, false);
	iphost_send(t);
	EXPECT_EQ(t->pongs, 0);
	EXPECT_EQ(iphost_count(t, USTACK_C_DROP_ICMP_NO_CONN), 1);
	iphost_free(t);
}
END_TEST

/* RFC 8201 section 4: a path is narrowed by who has seen the packet, not by who
 * has guessed its identifier.
 */
START_TEST(too_big_narrows_the_path_if_data_is_quoted)
{
	bool v6 = _i & 1;
	uint32_t quoted = _i / 2 ? 8 + 16 : 8 + 7;
	const struct icmp_hdr h = { .type = v6 ? 2 : 3,
				    .code = v6 ? 0 : 4,
				    .rest = 1400 };
	struct iphost *t = iphost_new(NULL);
	struct ustack_ping_args a = to_peer(v6, 1440);

	a.dont_frag = true;
	ck_assert_int_eq(ping(t, &a), 0);
	EXPECT_EQ(t->sent, 1);
	build_error(t, v6, &h, quoted);
	iphost_send(t);
	EXPECT_EQ(t->pongs, 1);
	EXPECT_EQ(t->pong.kind, USTACK_PONG_TOO_BIG);
	EXPECT_EQ(t->pong.mtu, 1400);
	EXPECT_EQ(ip_path_mtu(t->h.s, &a.remote), _i / 2 ? 1400 : 0);
	ck_assert_int_eq(ping(t, &a), 0);
	EXPECT_EQ(t->sent, _i / 2 ? 1 : 2);
	EXPECT_EQ(t->pongs, _i / 2 ? 2 : 1);
	iphost_free(t);
}
END_TEST

/* Larger than the link: in fragments, unless that is forbidden. */
START_TEST(large_request_leaves_in_fragments)
{
	bool v6 = _i;
	struct iphost *t = iphost_new(NULL);
	struct ustack_ping_args a = to_peer(v6, 4000);

	ck_assert_int_eq(ping(t, &a), 0);
	EXPECT_EQ(t->sent, v6 ? 4 : 3);
	EXPECT_EQ(iphost_count(t, out_echos(v6)), 1);
	a.dont_frag = true;
	ck_assert_int_eq(ping(t, &a), 0);
	EXPECT_EQ(t->sent, v6 ? 4 : 3);
	EXPECT_EQ(t->pongs, 1);
	EXPECT_EQ(t->pong.kind, USTACK_PONG_TOO_BIG);
	EXPECT_EQ(t->pong.mtu, 1500);
	EXPECT_EQ(t->pong.rtt_us, 0);
	a.len = 100;
	ck_assert_int_eq(ping(t, &a), 0);
	if (!v6)
		EXPECT_EQ(be16_load(t->out + 6), 0x4000); /* DF */
	iphost_free(t);
}
END_TEST

static void no_v6(struct ustack_config *cfg)
{
	cfg->naddrs = 1;
}

static const struct {
	const char *remote;
	const char *local;
	uint32_t len;
	uint64_t timeout_us;
	int want;
} refused[] = {
	{ "224.0.0.1", "::", 56, 1, -ERR_INVAL },
	{ "255.255.255.255", "::", 56, 1, -ERR_INVAL },
	{ "127.0.0.1", "::", 56, 1, -ERR_INVAL },
	{ "10.7.0.2", "::", 56, 1, -ERR_INVAL },
	{ "::", "::", 56, 1, -ERR_INVAL },
	{ "ff02::1", "::", 56, 1, -ERR_INVAL },
	{ "10.7.0.1", "fd07::2", 56, 1, -ERR_INVAL },
	{ "10.7.0.1", "10.7.0.3", 56, 1, -ERR_ADDRNOTAVAIL },
	{ "fd07::1", "::", 56, 1, -ERR_ADDRNOTAVAIL },
	{ "10.7.0.1", "::", USTACK_PING_DATA_MAX + 1, 1, -ERR_INVAL },
	{ "10.7.0.1", "::", 56, 0, -ERR_INVAL },
	{ "10.7.0.1", "10.7.0.2", USTACK_PING_DATA_MAX, 1, 0 },
};

/* RFC 1122 section 3.2.2.6: no broadcast, no multicast; and not ourselves. */
START_TEST(impossible_request_is_refused)
{
	const struct ustack_ping_args a = {
		.remote = vhost_addr(refused[_i].remote),
		.local = vhost_addr(refused[_i].local),
		.len = refused[_i].len,
		.timeout_us = refused[_i].timeout_us,
	};
	struct iphost *t = iphost_new(no_v6);

	ck_assert_int_eq(ping(t, &a), refused[_i].want);
	EXPECT_EQ(t->sent > 0, refused[_i].want == 0);
	EXPECT_EQ(t->pongs, 0);
	iphost_free(t);
}
END_TEST

static int swallow(void *ctx, struct vpkt *v)
{
	(void)ctx;
	free(v);
	return 0;
}

START_TEST(without_a_callback_there_are_no_requests)
{
	const struct ustack_ping_args a = to_peer(false, 56);
	struct vhost h = { .out = swallow };
	struct ustack_config cfg;

	vhost_config(&cfg);
	vhost_init(&h, &cfg, 1);
	ck_assert_int_eq(ustack_ping(h.s, &a), -ERR_INVAL);
	ck_assert_ptr_null(vhost_fini(&h));
}
END_TEST

START_TEST(requests_under_way_are_bounded)
{
	struct iphost *t = iphost_new(NULL);
	const struct ustack_ping_args a = to_peer(false, 0);
	uint16_t id[USTACK_PINGS_MAX];

	for (uint32_t i = 0; i < USTACK_PINGS_MAX; i++) {
		ck_assert_int_eq(ping(t, &a), 0);
		id[i] = be16_load(t->out + 24);
		for (uint32_t j = 0; j < i; j++)
			EXPECT_NE(id[i], id[j]);
	}
	ck_assert_int_eq(ping(t, &a), -ERR_LIMIT);
	build_reply(t, false);
	iphost_send(t);
	EXPECT_EQ(t->pongs, 1);
	ck_assert_int_eq(ping(t, &a), 0);
	ck_assert_int_eq(ping(t, &a), -ERR_LIMIT);
	vhost_advance(&t->h, t->h.now_us + WAIT_US + 100);
	EXPECT_EQ(t->pongs, 1 + USTACK_PINGS_MAX);
	ck_assert_int_eq(ping(t, &a), 0);
	iphost_free(t);
}
END_TEST

static int refuse(void *ctx, struct vpkt *v)
{
	struct iphost *t = ctx;

	t->sent++;
	free(v);
	return -ERR_AGAIN;
}

/* A link without room is tried again; the time to wait runs meanwhile. */
START_TEST(request_waits_for_the_link)
{
	struct iphost *t = iphost_new(NULL);
	const struct ustack_ping_args a = to_peer(false, 56);
	uint64_t asked_us = t->h.now_us;

	t->h.out = refuse;
	ck_assert_int_eq(ustack_ping(t->h.s, &a), 0);
	EXPECT_EQ(ustack_run(t->h.s, asked_us, 64), asked_us);
	EXPECT_EQ(t->sent, 1);
	EXPECT_EQ(ustack_run(t->h.s, asked_us, 0), asked_us); /* no budget */
	EXPECT_EQ(t->sent, 1);
	EXPECT_EQ(iphost_count(t, USTACK_C_ICMP_OUT_ECHOS), 0);
	if (_i) {
		t->h.out = iphost_take;
		EXPECT_GT(ustack_run(t->h.s, asked_us, 64), asked_us);
		EXPECT_EQ(iphost_count(t, USTACK_C_ICMP_OUT_ECHOS), 1);
		build_reply(t, false);
		iphost_send(t);
		EXPECT_EQ(t->pong.kind, USTACK_PONG_REPLY);
	} else {
		t->h.now_us += WAIT_US + 100;
		ustack_run(t->h.s, t->h.now_us, 64);
		EXPECT_EQ(t->pong.kind, USTACK_PONG_TIMEOUT);
		EXPECT_EQ(t->pong.rtt_us, 0);
	}
	EXPECT_EQ(t->pongs, 1);
	iphost_free(t);
}
END_TEST

START_TEST(request_fails_when_its_address_is_gone)
{
	struct iphost *t = iphost_new(NULL);
	const struct ustack_ping_args a = to_peer(false, 56);
	const struct ustack_addrs none = { .naddrs = 0 };

	ck_assert_int_eq(ustack_ping(t->h.s, &a), 0);
	ck_assert_int_eq(ustack_set_addrs(t->h.s, &none), 0);
	vhost_run(&t->h);
	EXPECT_EQ(t->sent, 0);
	EXPECT_EQ(t->pongs, 1);
	EXPECT_EQ(t->pong.kind, USTACK_PONG_FAILED);
	EXPECT_EQ(t->pong.err, ERR_ADDRNOTAVAIL);
	iphost_free(t);
}
END_TEST

START_TEST(abort_ends_all_of_them_once)
{
	struct iphost *t = iphost_new(NULL);
	struct ustack_ping_args a = to_peer(false, 56);

	ustack_ping_abort(t->h.s); /* there is none */
	ck_assert_int_eq(ping(t, &a), 0);
	ck_assert_int_eq(ustack_ping(t->h.s, &a), 0);
	ustack_ping_abort(t->h.s);
	ustack_ping_abort(t->h.s);
	EXPECT_EQ(t->pongs, 0);
	ustack_run(t->h.s, t->h.now_us, 0);
	EXPECT_EQ(t->pongs, 2);
	EXPECT_EQ(t->pong.kind, USTACK_PONG_FAILED);
	EXPECT_EQ(t->pong.err, ERR_CONNABORTED);
	EXPECT_EQ(t->sent, 1);
	vhost_advance(&t->h, t->h.now_us + 2 * WAIT_US);
	EXPECT_EQ(t->pongs, 2);
	iphost_free(t);
}
END_TEST

static void ping_again(void *ctx, const struct ustack_pong *p)
{
	struct iphost *t = ctx;
	const struct ustack_ping_args a = to_peer(false, 56);

	iphost_pong(ctx, p);
	if (t->pongs < 3)
		ck_assert_int_eq(ustack_ping(t->h.s, &a), 0);
}

START_TEST(callback_may_ask_again)
{
	struct iphost *t = iphost_new(NULL);
	const struct ustack_ping_args a = to_peer(false, 56);

	t->h.pong = ping_again;
	ck_assert_int_eq(ping(t, &a), 0);
	vhost_advance(&t->h, t->h.now_us + 4 * WAIT_US);
	EXPECT_EQ(t->pongs, 3);
	EXPECT_EQ(t->sent, 3);
	iphost_free(t);
}
END_TEST

/* Nobody is told of what is under way when the instance goes. */
START_TEST(instance_may_go_meanwhile)
{
	struct iphost *t = iphost_new(NULL);
	const struct ustack_ping_args a = to_peer(false, 56);

	ck_assert_int_eq(ping(t, &a), 0);
	iphost_free(t);
}
END_TEST

START_TEST(each_waits_its_own_time)
{
	struct iphost *t = iphost_new(NULL);
	struct ustack_ping_args a = to_peer(false, 56);

	for (a.seq = 1; a.seq <= 3; a.seq++) {
		a.timeout_us = (4u - a.seq) * WAIT_US;
		ck_assert_int_eq(ping(t, &a), 0);
	}
	for (uint32_t i = 1; i <= 3; i++) {
		vhost_advance(&t->h, t->h.now_us + WAIT_US);
		EXPECT_EQ(t->pongs, i);
		EXPECT_EQ(t->pong.seq, 4 - i);
	}
	iphost_free(t);
}
END_TEST

Suite *suite_ip_ping(void)
{
	Suite *s = suite_create("ip/ping");
	TCase *tc = tcase_create("requests");

	tcase_add_loop_test(tc, request_is_well_formed, 0, 2 * ARRAY_LEN(lens));
	tcase_add_loop_test(tc, large_request_leaves_in_fragments, 0, 2);
	tcase_add_loop_test(tc, impossible_request_is_refused, 0,
			    ARRAY_LEN(refused));
	tcase_add_test(tc, without_a_callback_there_are_no_requests);
	tcase_add_test(tc, requests_under_way_are_bounded);
	tcase_add_loop_test(tc, request_waits_for_the_link, 0, 2);
	suite_add_tcase(s, tc);
	tc = tcase_create("ends");
	tcase_add_loop_test(tc, reply_ends_it_with_its_time, 0,
			    2 * ARRAY_LEN(lens));
	tcase_add_loop_test(tc, forged_reply_does_not_count, 0, 7);
	tcase_add_loop_test(tc, silence_ends_it_in_time, 0, 2);
	tcase_add_test(tc, each_waits_its_own_time);
	tcase_add_loop_test(tc, error_about_it_ends_it_with_the_reason, 0,
			    ARRAY_LEN(errors));
	tcase_add_loop_test(tc, error_about_something_else_does_not_end_it, 0,
			    5);
	tcase_add_loop_test(tc, too_big_narrows_the_path_if_data_is_quoted, 0,
			    4);
	tcase_add_test(tc, request_fails_when_its_address_is_gone);
	tcase_add_test(tc, abort_ends_all_of_them_once);
	tcase_add_test(tc, callback_may_ask_again);
	tcase_add_test(tc, instance_may_go_meanwhile);
	suite_add_tcase(s, tc);
	return s;
}

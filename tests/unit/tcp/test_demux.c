/* SPDX-License-Identifier: MIT */
/*
 * test_demux.c - flow table against a flat array; listeners; ephemeral ports
 */

#include <stdlib.h>

#include "inner.h"

#define FLOWS	   4000u
#define PORT_FIRST 16384u
#define PORT_COUNT 49152u

static struct tcp_flow_args args_of(const struct tcp_flow *f)
{
	return (struct tcp_flow_args){ .local = &f->local,
				       .remote = &f->remote,
				       .lport = f->lport,
				       .rport = f->rport };
}

/* Few values a field, so that flows differ in one field only. */
static void draw(struct rng *rng, struct tcp_flow *f, uint32_t i)
{
	bool v6 = rng_below(rng, 2);
	struct ustack_addr local = vhost_addr(v6 ? "fd07::2" : "10.7.0.2");
	struct ustack_addr remote = vhost_addr(v6 ? "fd07::1" : "10.7.0.1");
	struct tcp_flow_args a = { .local = &local, .remote = &remote };

	local.b[15] = (uint8_t)(i & 7);
	remote.b[v6 ? 3 : 12] = (uint8_t)(i >> 3 & 7);
	a.lport = (uint16_t)(1000 + (i >> 6 & 7));
	a.rport = (uint16_t)(1000 + (i >> 9 & 7));
	tcp_flow_init(f, FLOW_CONN, &a);
}

START_TEST(flow_is_found_exactly_while_it_is_in_the_table)
{
	struct tcp_flow *f = calloc(FLOWS, sizeof(*f));
	bool *in = calloc(FLOWS, sizeof(*in));
	struct peer p;
	struct rng rng;

	rng_init(&rng, test_seed());
	peer_init(&p, NULL);
	for (uint32_t i = 0; i < FLOWS; i++)
		draw(&rng, &f[i], i);
	for (uint32_t n = 0; n < 60000; n++) {
		uint32_t i = rng_below(&rng, FLOWS);
		struct tcp_flow_args a = args_of(&f[i]);

		EXPECT(tcp_flow_find(inner_tcp(&p), &a) ==
		       (in[i] ? &f[i] : NULL));
		if (rng_below(&rng, 3) == 0)
			continue;
		if (in[i])
			tcp_flow_remove(inner_tcp(&p), &f[i]);
		else
			tcp_flow_insert(inner_tcp(&p), &f[i]);
		in[i] = !in[i];
	}
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct tcp_flow_args a = args_of(&f[i]);

		EXPECT(tcp_flow_find(inner_tcp(&p), &a) ==
		       (in[i] ? &f[i] : NULL));
		if (in[i])
			tcp_flow_remove(inner_tcp(&p), &f[i]);
	}
	peer_fini(&p);
	free(f);
	free(in);
}
END_TEST

START_TEST(flow_hash_depends_on_every_field_and_on_the_key)
{
	struct siphash_key k1 = { { 1, 2 } }, k2 = { { 1, 3 } };
	const char *family[][2] = { { "10.7.0.2", "10.7.0.1" },
				    { "fd07::2", "fd07::1" } };
	struct ustack_addr local = vhost_addr(family[_i][0]);
	struct ustack_addr remote = vhost_addr(family[_i][1]);
	struct tcp_flow_args a = { &local, &remote, 7, 9, 0 };
	struct tcp_flow_args swapped = { &remote, &local, 7, 9, 0 };
	struct tcp_flow_args lport = { &local, &remote, 8, 9, 0 };
	struct tcp_flow_args rport = { &local, &remote, 7, 10, 0 };
	struct tcp_flow_args ports = { &local, &remote, 9, 7, 0 };
	uint64_t h = tcp_flow_hash(&k1, &a);

	EXPECT_EQ(tcp_flow_hash(&k1, &a), h);
	EXPECT_NE(tcp_flow_hash(&k2, &a), h);
	EXPECT_NE(tcp_flow_hash(&k1, &swapped), h);
	EXPECT_NE(tcp_flow_hash(&k1, &lport), h);
	EXPECT_NE(tcp_flow_hash(&k1, &rport), h);
	EXPECT_NE(tcp_flow_hash(&k1, &ports), h);
}
END_TEST

/* Two flows in one chain with one hash differ by their 4-tuple alone. */
START_TEST(equal_hashes_do_not_confuse_flows)
{
	struct tcp_flow other, wanted;
	struct ustack_addr local = vhost_addr("10.7.0.2");
	struct ustack_addr remote = vhost_addr("10.7.0.1");
	struct tcp_flow_args a = { &local, &remote, 7, 9, 0 };
	struct tcp_flow_args b = a;
	struct ustack_addr next = _i == 2 ? local : remote;
	struct peer p;
	struct htab *t;

	next.b[15]++;
	b.lport = (uint16_t)(7 + (_i == 0));
	b.rport = (uint16_t)(9 + (_i == 1));
	b.local = _i == 2 ? &next : &local;
	b.remote = _i == 3 ? &next : &remote;
	peer_init(&p, NULL);
	t = &inner_tcp(&p)->flows;
	tcp_flow_init(&wanted, FLOW_CONN, &a);
	tcp_flow_init(&other, FLOW_CONN, &b);
	tcp_flow_insert(inner_tcp(&p), &wanted);
	htab_insert(t, &other.node, wanted.node.hash);
	EXPECT(tcp_flow_find(inner_tcp(&p), &a) == &wanted);
	htab_remove(t, &wanted.node);
	EXPECT(tcp_flow_find(inner_tcp(&p), &a) == NULL);
	htab_remove(t, &other.node);
	peer_fini(&p);
}
END_TEST

static int listen_on(struct peer *p, const char *addr, uint16_t port)
{
	struct ustack_addr a = vhost_addr(addr);

	return ustack_listen(
		p->h.s, &(struct ustack_listen_args){ .addr = a,
						      .port = port,
						      .backlog = 1,
						      .ops_id = p->ops_id });
}

static int found(struct peer *p, const char *addr, uint16_t port)
{
	struct ustack_addr a = vhost_addr(addr);

	return tcp_listener_find(inner_tcp(p), &a, port);
}

/* Whichever was made first. */
START_TEST(bound_listener_comes_before_one_for_any_address)
{
	struct peer p;
	int any, any4, bound;

	peer_init(&p, NULL);
	any = listen_on(&p, "::", 80);
	bound = listen_on(&p, "10.7.0.2", 80);
	ck_assert_int_eq(found(&p, "10.7.0.2", 80), bound);
	ck_assert_int_eq(found(&p, "fd07::2", 80), any);
	ck_assert_int_eq(found(&p, "10.7.0.2", 81), -1);

	bound = listen_on(&p, "fd07::2", 90);
	any4 = listen_on(&p, "0.0.0.0", 90);
	ck_assert_int_eq(found(&p, "fd07::2", 90), bound);
	ck_assert_int_eq(found(&p, "10.7.0.2", 90), any4);

	any4 = listen_on(&p, "0.0.0.0", 92); /* before one for both families */
	any = listen_on(&p, "::", 92);
	ck_assert_int_eq(found(&p, "10.7.0.2", 92), any4);
	ck_assert_int_eq(found(&p, "fd07::2", 92), any);
	ustack_unlisten(p.h.s, any4);
	ck_assert_int_eq(found(&p, "10.7.0.2", 92), any);

	any4 = listen_on(&p, "0.0.0.0", 91);
	ck_assert_int_eq(found(&p, "fd07::2", 91), -1);
	ustack_unlisten(p.h.s, any4);
	ck_assert_int_eq(found(&p, "10.7.0.2", 91), -1);
	peer_fini(&p);
}
END_TEST

/* Every port's chain, whatever order they come and go in. */
START_TEST(listeners_are_found_while_they_listen)
{
	int id[60];
	struct peer p;

	peer_init(&p, NULL);
	for (uint32_t round = 0; round < 20; round++) {
		for (uint32_t i = 0; i < 60; i++)
			id[i] = listen_on(
				&p, "::", (uint16_t)(100 + i * (round + 1)));
		for (uint32_t i = 0; i < 60; i++) {
			uint32_t k = (i * 37 + round) % 60;
			uint16_t port = (uint16_t)(100 + k * (round + 1));

			EXPECT(found(&p, "10.7.0.2", port) == id[k]);
			ustack_unlisten(p.h.s, id[k]);
			EXPECT(found(&p, "10.7.0.2", port) == -1);
		}
	}
	peer_fini(&p);
}
END_TEST

/* RFC 6056: all ports of the range, each once; then none. */
START_TEST(ports_to_one_peer_never_collide_until_all_are_taken)
{
	struct tcp_flow *f = calloc(PORT_COUNT, sizeof(*f));
	struct ustack_addr local = vhost_addr("10.7.0.2");
	struct ustack_addr remote = vhost_addr("10.7.0.1");
	struct tcp_flow_args a = { .local = &local,
				   .remote = &remote,
				   .rport = 80 };
	struct peer p;
	uint32_t n = 0;

	peer_init(&p, NULL);
	EXPECT(listen_on(&p, "::", 20000) >= 0);
	while ((a.lport = 0, a.lport = tcp_port_pick(inner_tcp(&p), &a)) != 0) {
		EXPECT_LT(n, PORT_COUNT);
		EXPECT_GE(a.lport, PORT_FIRST);
		EXPECT_NE(a.lport, 20000);
		EXPECT(tcp_flow_find(inner_tcp(&p), &a) == NULL);
		tcp_flow_init(&f[n], FLOW_CONN, &a);
		tcp_flow_insert(inner_tcp(&p), &f[n++]);
	}
	EXPECT_EQ(n, PORT_COUNT - 1); /* one is a listener's */
	a.rport = 81;		      /* another peer has its own */
	EXPECT_NE(tcp_port_pick(inner_tcp(&p), &a), 0);
	for (n = PORT_COUNT - 1; n > 0; n--)
		tcp_flow_remove(inner_tcp(&p), &f[n - 1]);
	peer_fini(&p);
	free(f);
}
END_TEST

/* A table that is nearly full costs a bounded search, which then succeeds. */
START_TEST(port_is_found_while_one_in_a_hundred_is_free)
{
	struct tcp_flow *f = calloc(PORT_COUNT, sizeof(*f));
	struct ustack_addr local = vhost_addr("10.7.0.2");
	struct ustack_addr remote = vhost_addr("10.7.0.1");
	struct tcp_flow_args a = { .local = &local,
				   .remote = &remote,
				   .rport = 80 };
	struct peer p;

	peer_init(&p, NULL);
	for (uint32_t i = 0; i < PORT_COUNT; i++) {
		a.lport = (uint16_t)(PORT_FIRST + i);
		tcp_flow_init(&f[i], FLOW_CONN, &a);
		if (i % 100 != 0)
			tcp_flow_insert(inner_tcp(&p), &f[i]);
	}
	for (uint32_t i = 0; i < 1000; i++) {
		a.lport = 0;
		EXPECT_EQ((tcp_port_pick(inner_tcp(&p), &a) - PORT_FIRST) % 100,
			  0);
	}
	for (uint32_t i = 0; i < PORT_COUNT; i++)
		if (i % 100 != 0)
			tcp_flow_remove(inner_tcp(&p), &f[i]);
	peer_fini(&p);
	free(f);
}
END_TEST

/* RFC 6056 section 3.3.3: where it starts depends on the peer, by a secret. */
START_TEST(first_port_differs_from_peer_to_peer)
{
	struct ustack_addr local = vhost_addr("10.7.0.2");
	struct ustack_addr remote = vhost_addr("10.7.0.1");
	struct tcp_flow_args a = { .local = &local, .remote = &remote };
	uint32_t start[64];
	uint32_t equal = 0;
	struct peer p;

	peer_init(&p, NULL);
	for (uint32_t i = 0; i < ARRAY_LEN(start); i++) {
		a.rport = (uint16_t)(80 + i);
		a.lport = 0;
		start[i] = tcp_port_pick(inner_tcp(&p), &a);
		for (uint32_t k = 0; k < i; k++)
			equal += start[k] == start[i];
	}
	ck_assert_uint_le(equal, 3);
	inner_tcp(&p)->key.port.k[0] ^= 1;
	a.rport = 80;
	memset(inner_tcp(&p)->port_next, 0, sizeof(inner_tcp(&p)->port_next));
	EXPECT_NE(tcp_port_pick(inner_tcp(&p), &a), start[0]);
	peer_fini(&p);
}
END_TEST

/* A reset to a stranger belongs to no connection that could be watched. */
START_TEST(answers_to_strangers_are_not_told)
{
	struct tcp_flow_args a;
	struct ustack_addr any = { .b = { 0 } };
	struct tcp_flow f;

	memset(&f, 0xff, sizeof(f));
	a = (struct tcp_flow_args){ .local = &any, .remote = &any };
	tcp_flow_init(&f, FLOW_CONN, &a);
	EXPECT_EQ(f.watch, USTACK_WATCH_OFF);
}
END_TEST

Suite *suite_tcp_demux(void)
{
	Suite *s = suite_create("tcp/demux");
	TCase *tc = tcase_create("lookup");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, answers_to_strangers_are_not_told);
	tcase_add_test(tc, flow_is_found_exactly_while_it_is_in_the_table);
	tcase_add_loop_test(tc, flow_hash_depends_on_every_field_and_on_the_key,
			    0, 2);
	tcase_add_loop_test(tc, equal_hashes_do_not_confuse_flows, 0, 4);
	tcase_add_test(tc, bound_listener_comes_before_one_for_any_address);
	tcase_add_test(tc, listeners_are_found_while_they_listen);
	tcase_add_test(tc, port_is_found_while_one_in_a_hundred_is_free);
	tcase_add_test(tc, ports_to_one_peer_never_collide_until_all_are_taken);
	tcase_add_test(tc, first_port_differs_from_peer_to_peer);
	suite_add_tcase(s, tc);
	return s;
}

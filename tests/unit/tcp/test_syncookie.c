/* SPDX-License-Identifier: MIT */
/*
 * test_syncookie.c - what a SYN cookie is made of
 */

#include "inner.h"
#include "stack/tcp/syncookie.h"

static struct syn_entry entry(const char *remote)
{
	bool v4 = remote[0] != 'f';
	struct ustack_addr l = vhost_addr(v4 ? "10.7.0.2" : "fd07::2");
	struct ustack_addr r = vhost_addr(remote);
	const struct tcp_flow_args a = { .local = &l,
					 .remote = &r,
					 .lport = 7,
					 .rport = 40000 };
	struct syn_entry e = { .irs = 1000, .mss = 1460 };

	tcp_flow_init(&e.flow, FLOW_SYN, &a);
	return e;
}

static const char *const remotes[] = { "10.7.0.1", "fd07::1" };

/* 4987-4: 28 bits of hash: no bit of the number is free to choose but one of
 * time and three of MSS.
 */
START_TEST(every_bit_of_the_hash_counts)
{
	struct syn_entry e = entry(remotes[_i]);
	struct peer p;
	uint32_t isn;

	peer_init(&p, NULL);
	isn = syncookie_make(inner_tcp(&p), &e);
	for (uint32_t bit = 0; bit < 32; bit++) {
		e.iss = isn ^ 1u << bit;
		EXPECT_EQ(syncookie_read(inner_tcp(&p), &e),
			  bit >= 28 && bit < 31);
	}
	e.iss = isn;
	EXPECT(syncookie_read(inner_tcp(&p), &e));
	EXPECT_EQ(e.mss, _i ? 1440 : 1460);
	peer_fini(&p);
}
END_TEST

/* It holds for one 4-tuple, one ISN of the peer's, and one secret. */
START_TEST(every_part_of_the_handshake_counts)
{
	struct syn_entry e = entry(remotes[_i]), x;
	struct peer p;

	peer_init(&p, NULL);
	e.iss = syncookie_make(inner_tcp(&p), &e);
	for (uint32_t i = 0; i < 16 * 8; i++) {
		if (!_i && i < 12 * 8)
			continue; /* the same in every IPv4 address */
		x = e;
		x.flow.remote.b[i / 8] ^= (uint8_t)(1u << i % 8);
		EXPECT(!syncookie_read(inner_tcp(&p), &x));
		x = e;
		x.flow.local.b[i / 8] ^= (uint8_t)(1u << i % 8);
		EXPECT(!syncookie_read(inner_tcp(&p), &x));
	}
	for (uint32_t i = 0; i < 32; i++) {
		x = e;
		x.irs ^= 1u << i;
		EXPECT(!syncookie_read(inner_tcp(&p), &x));
		x = e;
		x.flow.lport ^= (uint16_t)(1u << i % 16);
		EXPECT(!syncookie_read(inner_tcp(&p), &x));
		x = e;
		x.flow.rport ^= (uint16_t)(1u << i % 16);
		EXPECT(!syncookie_read(inner_tcp(&p), &x));
	}
	x = e;
	x.has = TCP_OPT_HAS_TS;
	EXPECT(!syncookie_read(inner_tcp(&p), &x));
	inner_tcp(&p)->key.cookie.k[1] ^= 1;
	EXPECT(!syncookie_read(inner_tcp(&p), &e));
	peer_fini(&p);
}
END_TEST

/* Good in its own period and the next, and never again. */
START_TEST(time_counts)
{
	struct syn_entry e = entry(remotes[_i]);
	struct peer p;

	peer_init(&p, NULL);
	for (uint32_t n = 0; n < 8; n++) {
		e.iss = syncookie_make(inner_tcp(&p), &e);
		for (uint32_t k = 0; k < 12; k++) {
			EXPECT_EQ(syncookie_read(inner_tcp(&p), &e), k < 2);
			p.h.s->now_us += 1ull << SYNCOOKIE_PERIOD_SHIFT;
		}
	}
	p.h.now_us = p.h.s->now_us;
	peer_fini(&p);
}
END_TEST

/* 4987-3: all sizes: never above, and never more than a step below. */
START_TEST(mss_is_the_next_one_below)
{
	struct syn_entry e = entry(remotes[_i]);
	struct peer p;
	uint32_t last = 0;

	peer_init(&p, NULL);
	for (uint32_t mss = 1; mss <= UINT16_MAX; mss++) {
		e.mss = (uint16_t)mss;
		e.iss = syncookie_make(inner_tcp(&p), &e);
		EXPECT(syncookie_read(inner_tcp(&p), &e));
		EXPECT(e.mss <= mss || e.mss == TCP_MSS_MIN);
		EXPECT(e.mss == last || e.mss == mss || mss == 1);
		last = e.mss;
	}
	peer_fini(&p);
}
END_TEST

Suite *suite_tcp_syncookie(void)
{
	Suite *s = suite_create("tcp/syncookie");
	TCase *tc = tcase_create("cookies");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, every_bit_of_the_hash_counts, 0, 2);
	tcase_add_loop_test(tc, every_part_of_the_handshake_counts, 0, 2);
	tcase_add_loop_test(tc, time_counts, 0, 2);
	tcase_add_loop_test(tc, mss_is_the_next_one_below, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}

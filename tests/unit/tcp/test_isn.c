/* SPDX-License-Identifier: MIT */
/*
 * test_isn.c - initial sequence numbers and timestamp offsets (RFC 6528, 7323)
 */

#include "inner.h"
#include "stack/tcp/isn.h"

static struct ustack_addr local, remote;
static struct tcp_flow_args flow = { &local, &remote, 7, 40000, 0 };

static void begin(struct peer *p)
{
	local = vhost_addr("10.7.0.2");
	remote = vhost_addr("10.7.0.1");
	peer_init(p, NULL);
}

/* MUST-8: a tick every 4 us, wrapping after about 4.8 hours. */
START_TEST(clock_ticks_every_four_microseconds)
{
	struct peer p;
	uint32_t isn;

	begin(&p);
	p.h.s->now_us = 4000000;
	isn = tcp_isn(inner_tcp(&p), &flow);
	p.h.s->now_us += 3;
	EXPECT_EQ(tcp_isn(inner_tcp(&p), &flow), isn);
	p.h.s->now_us += 1;
	EXPECT_EQ(tcp_isn(inner_tcp(&p), &flow), isn + 1);
	p.h.s->now_us += 999996;
	EXPECT_EQ(tcp_isn(inner_tcp(&p), &flow), isn + 250000);
	p.h.s->now_us = 4000000 + (4ull << 32);
	EXPECT_EQ(tcp_isn(inner_tcp(&p), &flow), isn);
	peer_fini(&p);
}
END_TEST

/* RFC 6528 section 3 (6528-1, 6528-2): F depends on 4-tuple and secret. */
START_TEST(numbers_of_different_flows_are_unrelated)
{
	uint32_t seen[256];
	struct peer p;

	begin(&p);
	for (uint32_t i = 0; i < ARRAY_LEN(seen); i++) {
		flow.rport = (uint16_t)(40000 + i);
		seen[i] = tcp_isn(inner_tcp(&p), &flow);
		for (uint32_t k = 0; k < i; k++)
			EXPECT_NE(seen[k], seen[i]);
	}
	/* No constant step from one port to the next. */
	EXPECT_NE(seen[2] - seen[1], seen[1] - seen[0]);
	flow.rport = 40000;
	inner_tcp(&p)->key.isn.k[1] ^= 1;
	EXPECT_NE(tcp_isn(inner_tcp(&p), &flow), seen[0]);
	peer_fini(&p);
}
END_TEST

/* RFC 7323 section 5.4 (7323-17): one a flow, by a secret; it does not age. */
START_TEST(timestamp_offset_depends_on_the_whole_flow)
{
	struct peer p;
	uint32_t off;

	begin(&p);
	off = tcp_ts_offset(inner_tcp(&p), &flow);
	flow.rport++;
	EXPECT_NE(tcp_ts_offset(inner_tcp(&p), &flow), off);
	flow.rport--;
	flow.lport++;
	EXPECT_NE(tcp_ts_offset(inner_tcp(&p), &flow), off);
	flow.lport--;
	remote.b[15]++;
	EXPECT_NE(tcp_ts_offset(inner_tcp(&p), &flow), off);
	remote.b[15]--;
	EXPECT_EQ(tcp_ts_offset(inner_tcp(&p), &flow), off);
	inner_tcp(&p)->key.ts.k[0] ^= 1;
	EXPECT_NE(tcp_ts_offset(inner_tcp(&p), &flow), off);
	p.h.s->now_us = 5000999;
	EXPECT_EQ(tcp_ts_now(inner_tcp(&p)), 5000);
	peer_fini(&p);
}
END_TEST

/* RFC 6528 section 3 (6528-3): secrets are drawn when an instance starts. */
START_TEST(instances_have_secrets_of_their_own)
{
	struct ustack_config cfg;
	struct vhost a = { 0 }, b = { 0 };

	vhost_config(&cfg);
	vhost_init(&a, &cfg, 1);
	vhost_init(&b, &cfg, 2);
	EXPECT(memcmp(&a.s->tcp->key, &b.s->tcp->key, sizeof(a.s->tcp->key)) !=
	       0);
	EXPECT_NE(a.s->tcp->key.flow.k[0], a.s->tcp->key.isn.k[0]);
	EXPECT_NE(a.s->tcp->key.isn.k[0], a.s->tcp->key.port.k[0]);
	EXPECT_NE(a.s->tcp->key.isn.k[0], a.s->tcp->key.ts.k[0]);
	EXPECT(vhost_fini(&a) == NULL);
	EXPECT(vhost_fini(&b) == NULL);
}
END_TEST

Suite *suite_tcp_isn(void)
{
	Suite *s = suite_create("tcp/isn");
	TCase *tc = tcase_create("numbers");

	tcase_add_test(tc, clock_ticks_every_four_microseconds);
	tcase_add_test(tc, numbers_of_different_flows_are_unrelated);
	tcase_add_test(tc, timestamp_offset_depends_on_the_whole_flow);
	tcase_add_test(tc, instances_have_secrets_of_their_own);
	suite_add_tcase(s, tc);
	return s;
}

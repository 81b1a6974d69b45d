/* SPDX-License-Identifier: MIT */
/*
 * test_config.c - settings: each bound is refused with a sentence, its edge is
 *		   not
 */

#include <stdlib.h>
#include <string.h>

#include "stack/base/bytes.h"
#include "tests/lib/vhost.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define BOUND(member, edge, beyond_, names_)                                   \
	{                                                                      \
#member, offsetof(struct ustack_config, member),               \
			sizeof(((struct ustack_config *)0)->member), edge,     \
			beyond_, names_                                        \
	}

static const struct {
	const char *name;
	size_t at;
	size_t size;
	uint64_t edge; /* still fine */
	uint64_t beyond;
	const char *field; /* what the sentence begins with */
} bounds[] = {
	BOUND(naddrs, 16, 17, "naddrs"),
	BOUND(nnot_ours, 16, 17, "naddrs"),
	BOUND(addr[0].len, 128, 129, "addr"),
	BOUND(mtu, 1280, 1279, "mtu"),
	BOUND(mtu, 65535, 65536, "mtu"),
	BOUND(mem_limit_bytes, 4u << 20, (4u << 20) - 1, "mem_limit_bytes"),
	BOUND(max_conns, 1, 0, "max_conns"),
	BOUND(max_conns, 1u << 24, (1u << 24) + 1, "max_conns"),
	BOUND(rcvbuf_init, 4096, 4095, "rcvbuf"),
	BOUND(rcvbuf_max, 256u << 10, (256u << 10) - 1, "rcvbuf"),
	BOUND(rcvbuf_max, 1u << 30, (1u << 30) + 1, "rcvbuf"),
	BOUND(sndbuf_init, 4096, 4095, "sndbuf_init"),
	BOUND(sndbuf_max, 4096, 4095, "sndbuf_max"),
	BOUND(sndbuf_max, 1u << 30, (1u << 30) + 1, "sndbuf_max"),
	BOUND(delack_us, 499999, 500000, "delack_us"),
	BOUND(rto_min_us, 1, 0, "rto"),
	BOUND(rto_init_us, 200000, 199999, "rto"),
	BOUND(rto_max_us, 1000000, 999999, "rto"),
	BOUND(init_cwnd, 1, 0, "init_cwnd"),
	BOUND(init_cwnd, 1000, 1001, "init_cwnd"),
	BOUND(ttl, 1, 0, "ttl"),
	BOUND(synack_retries, 8, 9, "synack_retries"),
	BOUND(r1_retries, 3, 2, "r1_retries"), /* (SHLD-10) */
	BOUND(r1_retries, 255, 256, "r1_retries"),
	BOUND(keepalive_idle_us, 1000000, 999999, "keepalive"),
	BOUND(keepalive_intvl_us, 1000000, 999999, "keepalive"),
	BOUND(keepalive_probes, 1, 0, "keepalive"),
	BOUND(keepalive_probes, 127, 128, "keepalive"),
	BOUND(wscale_shift, 14, 15, "wscale_shift"),
};

static void set(struct ustack_config *cfg, int i, uint64_t value)
{
	memcpy((uint8_t *)cfg + bounds[i].at, &value, bounds[i].size);
}

START_TEST(defaults_are_accepted)
{
	struct ustack_config cfg;

	ustack_config_init(&cfg);
	ck_assert_ptr_null(ustack_config_check(&cfg));
	EXPECT_EQ(cfg.mtu, 1500);
	EXPECT_EQ(cfg.naddrs, 0);
	vhost_config(&cfg);
	ck_assert_ptr_null(ustack_config_check(&cfg));
}
END_TEST

static int no_output(void *ctx, struct ustack_pkt *p)
{
	(void)ctx;
	(void)p;
	return 0;
}

START_TEST(bound_is_refused_by_name_and_its_edge_accepted)
{
	struct ustack_host host = { .output = no_output };
	struct ustack_config cfg;
	const char *why;

	vhost_config(&cfg);
	set(&cfg, _i, bounds[_i].edge);
	ck_assert_msg(!ustack_config_check(&cfg), "%s", bounds[_i].name);
	set(&cfg, _i, bounds[_i].beyond);
	why = ustack_config_check(&cfg);
	ck_assert_msg(why != NULL, "%s", bounds[_i].name);
	ck_assert_msg(!strncmp(why, bounds[_i].field, strlen(bounds[_i].field)),
		      "%s: %s", bounds[_i].name, why);
	ck_assert_ptr_null(ustack_new(&cfg, &host, 0));
}
END_TEST

START_TEST(unknown_congestion_control_is_refused)
{
	struct ustack_config cfg;

	vhost_config(&cfg);
	memcpy(cfg.cc, "vegas", 6);
	ck_assert_str_eq(ustack_config_check(&cfg),
			 "cc: no such congestion control");
}
END_TEST

/* RFC 791 asks for 576, RFC 8200 for 1280. */
START_TEST(ipv4_alone_may_have_a_smaller_mtu)
{
	struct ustack_config cfg;

	vhost_config(&cfg);
	cfg.naddrs = 1;
	cfg.mtu = 576;
	ck_assert_ptr_null(ustack_config_check(&cfg));
	cfg.mtu = 575;
	ck_assert_ptr_nonnull(ustack_config_check(&cfg));
}
END_TEST

struct miser {
	uint64_t live;
	uint32_t left;
};

static void *give(void *ctx, size_t len)
{
	struct miser *m = ctx;
	void *p = NULL;

	if (m->left == 0)
		return NULL;
	m->left--;
	if (posix_memalign(&p, 64, len))
		abort();
	m->live += len;
	return p;
}

static void take_back(void *ctx, void *p, size_t len)
{
	struct miser *m = ctx;

	m->live -= len;
	free(p);
}

static void no_random(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	memset(buf, 1, len);
}

/* Whichever allocation fails, nothing stays behind. */
START_TEST(instance_that_finds_no_memory_leaves_none)
{
	struct miser m = { 0 };
	struct ustack_host host = { .ctx = &m,
				    .output = no_output,
				    .random = no_random,
				    .alloc = give,
				    .free = take_back };
	struct ustack_config cfg;
	struct ustack *s = NULL;

	vhost_config(&cfg);
	for (uint32_t n = 0; !s; n++) {
		EXPECT_LT(n, 50);
		m.left = n;
		s = ustack_new(&cfg, &host, 0);
		if (!s)
			EXPECT_EQ(m.live, 0);
	}
	ustack_free(s);
	EXPECT_EQ(m.live, 0);
}
END_TEST

Suite *suite_stack_config(void)
{
	Suite *s = suite_create("stack/config");
	TCase *tc = tcase_create("check");

	tcase_add_test(tc, defaults_are_accepted);
	tcase_add_loop_test(tc, bound_is_refused_by_name_and_its_edge_accepted,
			    0, ARRAY_LEN(bounds));
	tcase_add_test(tc, unknown_congestion_control_is_refused);
	tcase_add_test(tc, ipv4_alone_may_have_a_smaller_mtu);
	tcase_add_test(tc, instance_that_finds_no_memory_leaves_none);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_output.c - headers and checksums of what leaves: in software, and
 *		   completed by a device, they are the same
 */

#include "iphost.h"
#include "stack/base/rng.h"
#include "stack/wire/tcp_hdr.h"

static void software(struct ustack_config *cfg)
{
	cfg->tx_csum = cfg->tx_tso4 = cfg->tx_tso6 = false;
}

static uint32_t random_slices(struct iphost *t, struct ustack_pkt *p,
			      struct rng *rng)
{
	uint32_t total = 0;

	p->nslices = (uint8_t)rng_below(rng, 8);
	for (uint32_t i = 0; i < p->nslices; i++) {
		uint32_t len = 1 + rng_below(rng, 700);
		struct ubuf *b = ustack_buf_new(t->h.s, len + 3);

		p->slice[i] = (struct slice){ b, rng_below(rng, 4), len };
		for (uint32_t k = 0; k < len; k++)
			b->data[p->slice[i].off + k] = (uint8_t)rng_u64(rng);
		total += len;
	}
	return total;
}

/* Send the segment that @seed describes; returns its payload bytes. */
static uint32_t send_segment(struct iphost *t, bool v6, uint64_t seed)
{
	struct ustack_addr us = vhost_addr(v6 ? "fd07::2" : "10.7.0.2");
	struct ustack_addr peer = vhost_addr(v6 ? "fd07::1" : "10.7.0.1");
	struct ip_args a = { .src = &us,
			     .dst = &peer,
			     .proto = IP_PROTO_TCP,
			     .tos = 0x28,
			     .ttl = 77,
			     .csum_off = TCP_CSUM_OFF };
	struct ustack_pkt p = { .head_len = 20 };
	struct tcp_hdr h = { .sport = 7, .dport = 9, .hdr_len = 20 };
	struct rng rng;
	uint32_t len;

	rng_init(&rng, seed);
	len = random_slices(t, &p, &rng);
	h.seq = (uint32_t)rng_u64(&rng);
	tcp_hdr_build(p.head + ip_hdr_len(&peer), &h);
	ck_assert_int_eq(ip_output(t->h.s, &p, &a), 0);
	EXPECT_EQ(p.l4_off, v6 ? 40 : 20);
	EXPECT_EQ((p.flags & USTACK_PKT_IPV6) != 0, v6);
	EXPECT_EQ((p.flags & USTACK_PKT_CSUM_PARTIAL) != 0,
		  t->h.s->cfg.tx_csum);
	for (uint32_t i = 0; i < p.nslices; i++)
		ubuf_put(p.slice[i].buf);
	return len;
}

/* RFC 9293 section 3.1, RFC 8200 section 8.1 */
static void check_packet(const struct iphost *t, bool v6, uint32_t len)
{
	uint32_t hdr = v6 ? 40 : 20;
	uint32_t l4_len = 20 + len;
	uint64_t sum = v6 ? csum_pseudo6(t->out + 8, t->out + 24, 6, l4_len)
			  : csum_pseudo4(t->out + 12, t->out + 16, 6, l4_len);
	struct ip4_hdr h4;
	struct ip6_hdr h6;

	EXPECT_EQ(t->out_len, hdr + l4_len);
	EXPECT_EQ(csum_finish(csum_add(sum, t->out + hdr, l4_len)), 0);
	if (v6) {
		EXPECT_EQ(ip6_parse(&h6, t->out, t->out_len), IP6_OK);
		EXPECT_EQ(h6.hop_limit, 77);
		EXPECT_EQ(h6.tclass, 0x28);
		return;
	}
	EXPECT_EQ(ip4_parse(&h4, t->out, t->out_len), IP4_OK);
	EXPECT_EQ(h4.ttl, 77);
	EXPECT_EQ(h4.tos, 0x28);
	EXPECT(h4.df);
}

START_TEST(partial_checksum_completed_equals_the_full_one)
{
	struct iphost *full = iphost_new(software);
	struct iphost *part = iphost_new(NULL);
	bool v6 = _i & 1;

	for (uint32_t n = 0; n < 1000; n++) {
		uint64_t seed = test_seed() + n;
		uint32_t len = send_segment(full, v6, seed);

		EXPECT_EQ(send_segment(part, v6, seed), len);
		check_packet(full, v6, len);
		EXPECT_EQ(part->out_len, full->out_len);
		EXPECT_MEM_EQ(part->out, full->out, full->out_len);
	}
	EXPECT_EQ(iphost_count(full, v6 ? USTACK_C_IP6_OUT_TRANSMITS
					: USTACK_C_IP_OUT_TRANSMITS),
		  1000);
	iphost_free(full);
	iphost_free(part);
}
END_TEST

static int verdict;

static int refuse(void *ctx, struct vpkt *v)
{
	(void)ctx;
	free(v);
	return verdict;
}

START_TEST(refused_packet_is_lost_but_a_full_link_is_not_a_loss)
{
	struct iphost *t = iphost_new(NULL);
	struct ustack_addr us = vhost_addr("10.7.0.2");
	struct ustack_addr peer = vhost_addr("10.7.0.1");
	struct ip_args a = { .src = &us,
			     .dst = &peer,
			     .proto = 6,
			     .ttl = 1,
			     .csum_off = TCP_CSUM_OFF };
	struct ustack_pkt p = { .head_len = 20 };

	t->h.out = refuse;
	verdict = -ERR_AGAIN;
	ck_assert_int_eq(ip_output(t->h.s, &p, &a), -ERR_AGAIN);
	EXPECT_EQ(iphost_count(t, USTACK_C_DROP_OUTPUT), 0);
	verdict = -ERR_INVAL;
	p.head_len = 20;
	ck_assert_int_eq(ip_output(t->h.s, &p, &a), -ERR_INVAL);
	EXPECT_EQ(iphost_count(t, USTACK_C_DROP_OUTPUT), 1);
	EXPECT_EQ(iphost_count(t, USTACK_C_IP_OUT_REQUESTS), 2);
	EXPECT_EQ(iphost_count(t, USTACK_C_IP_OUT_TRANSMITS), 0);
	iphost_free(t);
}
END_TEST

Suite *suite_ip_output(void)
{
	Suite *s = suite_create("ip/output");
	TCase *tc = tcase_create("checksums");

	tcase_add_loop_test(tc, partial_checksum_completed_equals_the_full_one,
			    0, 2);
	tcase_add_test(tc,
		       refused_packet_is_lost_but_a_full_link_is_not_a_loss);
	suite_add_tcase(s, tc);
	return s;
}

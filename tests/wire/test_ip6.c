/* SPDX-License-Identifier: MIT */
/*
 * test_ip6.c - IPv6 packets that are wrong, or only odd (RFC 8200)
 *
 * Each damage is done to a good SYN: one counter must tell why it was dropped,
 * and the next good SYN must work.
 */

#include "suites.h"
#include "wire.h"

#define HOPOPT	0u
#define ROUTING 43u
#define DSTOPT	60u

/* clang-format off */
static const struct {
	const char *name;
	uint32_t off, n;
	uint8_t b[2];
	uint32_t cut;
	enum ustack_counter why;
} damages[] = {
	{ "version 7", 0, 1, { 0x70 }, 0, USTACK_C_DROP_NOT_IP },
	{ "39 bytes", 0, 0, { 0 }, 39, USTACK_C_DROP_IP6_TRUNCATED },
	{ "1 byte", 0, 0, { 0 }, 1, USTACK_C_DROP_IP6_TRUNCATED },
	{ "payload length 21", 4, 2, { 0, 21 }, 0, USTACK_C_DROP_IP6_LEN },
	{ "payload length 65535", 4, 2, { 255, 255 }, 0, USTACK_C_DROP_IP6_LEN },
	{ "TCP of 19 bytes", 4, 2, { 0, 19 }, 0, USTACK_C_DROP_TCP_TRUNCATED },
	{ "TCP of 0 bytes", 4, 2, { 0, 0 }, 0, USTACK_C_DROP_TCP_TRUNCATED },
	{ "broken hop-by-hop", 6, 1, { HOPOPT }, 0, USTACK_C_DROP_IP6_EXT },
	{ "broken destination options", 6, 1, { DSTOPT }, 0, USTACK_C_DROP_IP6_EXT },
	{ "broken routing header", 6, 1, { ROUTING }, 0, USTACK_C_DROP_IP6_EXT },
	{ "no next header", 6, 1, { 59 }, 0, USTACK_C_DROP_IP6_PROTO },
	{ "data offset 4", 52, 1, { 0x40 }, 0, USTACK_C_DROP_TCP_HDR_LEN },
	{ "data offset 6", 52, 1, { 0x60 }, 0, USTACK_C_DROP_TCP_HDR_LEN },
	{ "TCP checksum", 55, 1, { 1 }, 0, USTACK_C_DROP_TCP_CSUM },
};

static const struct {
	const char *addr;
	uint32_t off;
	enum ustack_counter why;
} addrs[] = {
	{ "::", 8, USTACK_C_DROP_IP6_SRC },
	{ "::1", 8, USTACK_C_DROP_IP6_SRC },
	{ "ff02::1", 8, USTACK_C_DROP_IP6_SRC },
	{ "::ffff:10.7.0.1", 8, USTACK_C_DROP_IP6_SRC },
	{ "fd07::2", 8, USTACK_C_DROP_IP6_SRC },
	{ "::", 24, USTACK_C_DROP_IP6_DST },
	{ "::1", 24, USTACK_C_DROP_IP6_DST },
	{ "ff02::1", 24, USTACK_C_DROP_IP6_DST },
	{ "::ffff:10.7.0.2", 24, USTACK_C_DROP_IP6_DST },
	{ "fd07::3", 24, USTACK_C_DROP_IP6_DST },
};
/* clang-format on */

static void check_dropped(struct peer *p, struct vpkt *v,
			  enum ustack_counter why, const char *name)
{
	wire_hand(p, v);
	peer_expect_none(p);
	ck_assert_uint_eq(p->icmp_out, 0);
	ck_assert_msg(peer_counter(p, why) == 1, "%s: not counted", name);
	ck_assert_msg(wire_drops(p) == 1, "%s: counted twice", name);
	peer_open(p);
}

/* MUST-3, 9293-a35, 1122-1, 8200-4, 8504-3. */
START_TEST(wrong_packet_is_dropped_and_counted)
{
	struct pseg syn = { .flags = TCP_SYN };
	struct peer p;
	struct vpkt *v;

	peer_init6(&p, NULL);
	v = peer_build(&p, &syn);
	memcpy(v->data + damages[_i].off, damages[_i].b, damages[_i].n);
	if (damages[_i].cut)
		v->len = damages[_i].cut;
	check_dropped(&p, v, damages[_i].why, damages[_i].name);
	peer_fini(&p);
}
END_TEST

/* MUST-57, MUST-63, 8504-2. */
START_TEST(impossible_address_is_dropped)
{
	struct pseg syn = { .flags = TCP_SYN };
	struct peer p;
	struct vpkt *v;

	peer_init6(&p, NULL);
	v = peer_build(&p, &syn);
	memcpy(v->data + addrs[_i].off, vhost_addr(addrs[_i].addr).b, 16);
	check_dropped(&p, v, addrs[_i].why, addrs[_i].addr);
	peer_fini(&p);
}
END_TEST

/* 8504-3: bytes behind the payload length are cut off. */
START_TEST(trailing_bytes_are_cut_off)
{
	struct pseg s = seg_data(1, 1, 100);
	struct vpkt *v, *longer;
	struct peer p;

	peer_init6(&p, NULL);
	peer_open(&p);
	v = peer_build(&p, &s);
	longer = vpkt_new(v->len + 50);
	memcpy(longer->data, v->data, v->len);
	free(v);
	wire_hand(&p, longer);
	ck_assert_uint_eq(p.received, 100);
	ck_assert_uint_eq(wire_drops(&p), 0);
	peer_fini(&p);
}
END_TEST

/* RFC 8200 section 3: the last hop's limit does not matter at the end. */
START_TEST(small_hop_limit_is_taken)
{
	struct pseg syn = { .flags = TCP_SYN };
	struct peer p;
	struct vpkt *v;

	peer_init6(&p, NULL);
	v = peer_build(&p, &syn);
	v->data[7] = (uint8_t)_i;
	wire_hand(&p, v);
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_fini(&p);
}
END_TEST

/* A SYN behind @n extension headers of 8 bytes each; @kind names them. */
static struct vpkt *syn_behind(struct peer *p, const uint8_t (*ext)[8],
			       const uint8_t *kind, uint32_t n)
{
	struct pseg s = { .flags = TCP_SYN };
	struct vpkt *syn = peer_build(p, &s);
	struct vpkt *v = wire_ip(p, kind[0], 8 * n + syn->len - 40);

	for (uint32_t i = 0; i < n; i++) {
		memcpy(v->data + 40 + 8 * i, ext[i], 8);
		v->data[40 + 8 * i] = i + 1 < n ? kind[i + 1] : 6;
	}
	memcpy(v->data + 40 + 8 * n, syn->data + 40, syn->len - 40);
	free(syn);
	return v;
}

/* 8200-4, 8200-7: padding, and a routing header that has done its work. */
START_TEST(extension_headers_are_skipped)
{
	static const uint8_t ext[][8] = { { 0, 0, 1, 4, 0, 0, 0, 0 },
					  { 0, 0, 0, 0, 0, 0, 0, 0 },
					  { 0, 0, 0, 0, 0, 0, 0, 0 },
					  { 0, 0, 0x1e, 4, 1, 2, 3, 4 } };
	static const uint8_t kind[] = { HOPOPT, DSTOPT, ROUTING, DSTOPT };
	struct peer p;

	peer_init6(&p, NULL);
	wire_hand(&p, syn_behind(&p, ext + _i, kind + _i,
				 (uint32_t)WIRE_ROWS(kind) - (uint32_t)_i));
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	ck_assert_uint_eq(wire_drops(&p), 0);
	peer_fini(&p);
}
END_TEST

static void check_param_problem(const struct peer *p, uint8_t code,
				uint32_t pointer)
{
	ck_assert_uint_eq(p->icmp_out, 1);
	ck_assert_uint_eq(p->icmp[40], 4);
	ck_assert_uint_eq(p->icmp[41], code);
	ck_assert_uint_eq(be32_load(p->icmp + 44), pointer);
}

/* 8200-5: an unknown option says by its two top bits what is to be done. */
START_TEST(unknown_option_is_dealt_with_as_it_asks)
{
	uint8_t ext[1][8] = { { 0, 0, 0x1e, 4, 0, 0, 0, 0 } };
	uint8_t kind[1] = { _i / 4 ? DSTOPT : HOPOPT };
	uint32_t class = (uint32_t)_i % 4;
	struct peer p;

	peer_init6(&p, NULL);
	ext[0][2] = (uint8_t)(class << 6 | 0x1e);
	wire_hand(&p, syn_behind(&p, ext, kind, 1));
	if (class == 0)
		peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_expect_none(&p);
	if (class >= 2)
		check_param_problem(&p, 2, 42);
	else
		ck_assert_uint_eq(p.icmp_out, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_IP6_OPTION),
			  class > 0);
	ck_assert_uint_eq(wire_drops(&p), class > 0);
	peer_fini(&p);
}
END_TEST

/* 8200-7, RFC 5095: a route through us is refused. */
START_TEST(routing_header_with_segments_left_is_refused)
{
	static const uint8_t ext[1][8] = { { 0, 0, 0, 1 } };
	static const uint8_t kind[1] = { ROUTING };
	struct peer p;

	peer_init6(&p, NULL);
	wire_hand(&p, syn_behind(&p, ext, kind, 1));
	peer_expect_none(&p);
	check_param_problem(&p, 0, 42);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_IP6_EXT), 1);
	peer_fini(&p);
}
END_TEST

/* 8200-6: the pointer names the field that named the unknown header. */
START_TEST(unknown_next_header_is_refused)
{
	static const uint8_t ext[1][8] = { { 0, 0, 1, 4 } };
	static const uint8_t kind[1] = { DSTOPT };
	struct peer p;
	struct vpkt *v;

	peer_init6(&p, NULL);
	v = syn_behind(&p, ext, kind, 1);
	v->data[_i ? 40 : 6] = 200;
	wire_hand(&p, v);
	peer_expect_none(&p);
	check_param_problem(&p, 1, _i ? 40 : 6);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_IP6_PROTO), 1);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_ICMP6_OUT_PARM_PROBS), 1);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_ip6(void)
{
	Suite *s = suite_create("IPv6");
	TCase *tc = wire_case(s, "input");

	tcase_add_loop_test(tc, wrong_packet_is_dropped_and_counted, 0,
			    (int)WIRE_ROWS(damages));
	tcase_add_loop_test(tc, impossible_address_is_dropped, 0,
			    (int)WIRE_ROWS(addrs));
	tcase_add_test(tc, trailing_bytes_are_cut_off);
	tcase_add_loop_test(tc, small_hop_limit_is_taken, 0, 2);
	tc = wire_case(s, "extension headers");
	tcase_add_loop_test(tc, extension_headers_are_skipped, 0, 4);
	tcase_add_loop_test(tc, unknown_option_is_dealt_with_as_it_asks, 0, 8);
	tcase_add_test(tc, routing_header_with_segments_left_is_refused);
	tcase_add_loop_test(tc, unknown_next_header_is_refused, 0, 2);
	return s;
}

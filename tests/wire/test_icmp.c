/* SPDX-License-Identifier: MIT */
/*
 * test_icmp.c - echo, unreachables, what must not be answered, and what ICMP
 *		 may do to a connection (RFC 792, 1122 section 3.2.2, 4443)
 */

#include "quote.h"
#include "stack/limit.h"
#include "suites.h"
#include "wire.h"

#define UDP  17u
#define ECHO 0x12345678u /* id and sequence number */

static uint8_t icmp_proto(const struct peer *p)
{
	return p->v6 ? 58 : 1;
}

/* An ICMP message with @len bytes behind its header. */
static struct vpkt *message(struct peer *p, uint8_t type, uint8_t code,
			    uint32_t len)
{
	struct vpkt *v = wire_ip(p, icmp_proto(p), 8 + len);
	uint8_t *m = v->data + v->l4_off;

	m[0] = type;
	m[1] = code;
	be32_store(m + 4, ECHO);
	for (uint32_t i = 0; i < len; i++)
		m[8 + i] = peer_byte(i);
	wire_icmp_csum(v);
	return v;
}

static struct vpkt *echo(struct peer *p, uint32_t len)
{
	return message(p, p->v6 ? 128 : 8, 0, len);
}

static void udp(struct peer *p, uint32_t len)
{
	struct vpkt *v = wire_ip(p, UDP, len);

	for (uint32_t i = v->l4_off; i < v->len; i++)
		v->data[i] = peer_byte(i);
	wire_hand(p, v);
}

static const uint32_t echo_lens[] = { 0, 1, 57, 1000, 1452 };

/* 1122-9, 4443-1: same id, same data, addresses swapped, a right checksum. */
START_TEST(echo_is_answered)
{
	uint32_t len = echo_lens[_i / 2];
	struct peer p;
	struct vpkt *v, *copy;

	wire_init(&p, _i % 2, NULL);
	v = echo(&p, len);
	copy = vpkt_new(v->len);
	copy->l4_off = v->l4_off;
	wire_hand(&p, v);
	ck_assert_uint_eq(p.icmp_out, 1);
	ck_assert_uint_eq(p.icmp_len, copy->len);
	memcpy(copy->data, p.icmp, p.icmp_len);
	ck_assert_uint_eq(copy->data[copy->l4_off], p.v6 ? 129 : 0);
	ck_assert_uint_eq(be32_load(copy->data + copy->l4_off + 4), ECHO);
	for (uint32_t i = 0; i < len; i++)
		if (copy->data[copy->l4_off + 8 + i] != peer_byte(i))
			ck_abort_msg("byte %u is wrong", i);
	wire_icmp_csum(copy);
	ck_assert_mem_eq(copy->data, p.icmp, p.icmp_len);
	v = wire_ip(&p, 0, 0);
	if (p.v6) {
		ck_assert_mem_eq(p.icmp + 8, v->data + 24, 16);
		ck_assert_mem_eq(p.icmp + 24, v->data + 8, 16);
	} else {
		ck_assert_mem_eq(p.icmp + 12, v->data + 16, 4);
		ck_assert_mem_eq(p.icmp + 16, v->data + 12, 4);
	}
	free(v);
	free(copy);
	ck_assert_uint_eq(wire_drops(&p), 0);
	ck_assert_uint_eq(peer_counter(&p, p.v6 ? USTACK_C_ICMP6_OUT_ECHO_REPS
						: USTACK_C_ICMP_OUT_ECHO_REPS),
			  1);
	peer_fini(&p);
}
END_TEST

/* 1122-12: wrong checksum, too short, unknown type: dropped, and why. */
START_TEST(bad_message_is_dropped_and_counted)
{
	static const enum ustack_counter why[] = { USTACK_C_DROP_ICMP_CSUM,
						   USTACK_C_DROP_ICMP_TRUNCATED,
						   USTACK_C_DROP_ICMP_TYPE };
	struct peer p;
	struct vpkt *v;

	wire_init(&p, _i % 2, NULL);
	if (_i / 2 == 0) {
		v = echo(&p, 10);
		v->data[v->len - 1] ^= 1;
	} else if (_i / 2 == 1) {
		v = wire_ip(&p, icmp_proto(&p), 7);
	} else {
		v = message(&p, p.v6 ? 200 : 42, 0, 10);
	}
	wire_hand(&p, v);
	ck_assert_uint_eq(p.icmp_out, 0);
	ck_assert_uint_eq(peer_counter(&p, why[_i / 2]), 1);
	ck_assert_uint_eq(wire_drops(&p), 1);
	peer_fini(&p);
}
END_TEST

/* 1122-11, 1122-13, 4443-1, 4443-4: UDP: port unreachable, as much as fits. */
START_TEST(udp_is_unreachable)
{
	static const uint32_t lens[] = { 8, 100, 1400 };
	uint32_t len = lens[_i / 2], hdr, max;
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	hdr = p.v6 ? 40 : 20;
	max = p.v6 ? 1280 : 576;
	udp(&p, len);
	ck_assert_uint_eq(p.icmp_out, 1);
	ck_assert_uint_eq(p.icmp[hdr], p.v6 ? 1 : 3);
	ck_assert_uint_eq(p.icmp[hdr + 1], p.v6 ? 4 : 3);
	ck_assert_uint_eq(be32_load(p.icmp + hdr + 4), 0);
	ck_assert_uint_eq(p.icmp_len, min_u32(hdr + 8 + hdr + len, max));
	/* The quote: its first and its last byte. */
	ck_assert_uint_eq(p.icmp[hdr + 8], p.v6 ? 0x60 : 0x45);
	ck_assert_uint_eq(p.icmp[p.icmp_len - 1],
			  peer_byte(p.icmp_len - 1 - hdr - 8));
	ck_assert_uint_eq(peer_counter(&p, p.v6 ? USTACK_C_DROP_IP6_PROTO
						: USTACK_C_DROP_IP_PROTO),
			  1);
	peer_fini(&p);
}
END_TEST

/* 1122-11: any other protocol: protocol unreachable. */
START_TEST(unknown_protocol_is_unreachable)
{
	struct peer p;

	peer_init(&p, NULL);
	wire_hand(&p, wire_ip(&p, 47, 100));
	ck_assert_uint_eq(p.icmp_out, 1);
	ck_assert_uint_eq(p.icmp[20], 3);
	ck_assert_uint_eq(p.icmp[21], 2);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_ICMP_OUT_DEST_UNREACHS), 1);
	peer_fini(&p);
}
END_TEST

static const uint8_t error_types[][2] = { { 3, 1 },
					  { 4, 2 },
					  { 5, 3 },
					  { 11, 4 },
					  { 12, 127 } };

/* 1122-10, 4443-2: an error, whatever it says, is not answered. */
START_TEST(errors_are_not_answered)
{
	struct peer p;

	wire_init(&p, _i % 2, NULL);
	wire_hand(&p, message(&p, error_types[_i / 2][p.v6], 9, 40));
	ck_assert_uint_eq(p.icmp_out, 0);
	ck_assert_uint_eq(wire_drops(&p), 1);
	peer_fini(&p);
}
END_TEST

/* clang-format off */
static const struct {
	const char *name, *addr;
	bool src;
} unanswered[] = {
	{ "to broadcast", "255.255.255.255", false },
	{ "to multicast", "224.0.0.1", false },
	{ "to another", "10.7.0.9", false },
	{ "from broadcast", "255.255.255.255", true },
	{ "from multicast", "224.0.0.1", true },
	{ "from loopback", "127.0.0.1", true },
	{ "from nobody", "0.0.0.0", true },
	{ "to multicast", "ff02::1", false },
	{ "to another", "fd07::9", false },
	{ "from multicast", "ff02::1", true },
	{ "from loopback", "::1", true },
	{ "from nobody", "::", true },
};
/* clang-format on */

/* 1122-10, 4443-2: neither echo nor UDP nor a segment to a closed port. */
START_TEST(impossible_addresses_are_not_answered)
{
	static const uint8_t proto[] = { 0, UDP, 6 };
	struct ustack_addr a = vhost_addr(unanswered[_i].addr);
	struct peer p;

	wire_init(&p, !ustack_addr_is4(&a), NULL);
	for (uint32_t i = 0; i < WIRE_ROWS(proto); i++) {
		struct vpkt *v = i ? wire_ip(&p, proto[i], 40) : echo(&p, 40);

		if (p.v6)
			memcpy(v->data + (unanswered[_i].src ? 8 : 24), a.b,
			       16);
		else
			memcpy(v->data + (unanswered[_i].src ? 12 : 16),
			       a.b + 12, 4);
		if (p.v6 && i == 0)
			wire_icmp_csum(v);
		if (!p.v6)
			wire_ip4_csum(v);
		wire_hand(&p, v);
	}
	peer_expect_none(&p);
	ck_assert_uint_eq(p.icmp_out, 0);
	ck_assert_uint_eq(wire_drops(&p), WIRE_ROWS(proto));
	peer_fini(&p);
}
END_TEST

/* 1122-10: no piece of a datagram is answered, only the whole. */
START_TEST(fragments_are_not_answered)
{
	struct peer p;
	struct vpkt *v;

	peer_init(&p, NULL);
	v = wire_ip(&p, UDP, 64);
	be16_store(v->data + 6, (uint16_t)(_i ? 0x2000 : 8));
	wire_ip4_csum(v);
	wire_hand(&p, v);
	ck_assert_uint_eq(p.icmp_out, 0);
	ck_assert_uint_eq(wire_drops(&p), 0);
	peer_fini(&p);
}
END_TEST

/* 1122-14, 4443-3: a burst, then so many a second; what was held back counts. */
START_TEST(errors_are_rate_limited)
{
	struct peer p;
	uint32_t sent;

	wire_init(&p, _i, NULL);
	for (uint32_t i = 0; i < 200; i++)
		udp(&p, 20);
	sent = p.icmp_out; /* each costs one token on average */
	ck_assert_uint_ge(sent, LIMIT_BURST / 2);
	ck_assert_uint_le(sent, LIMIT_BURST * 2);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_ICMP_LIMIT),
			  200 - sent);
	peer_advance(&p, MS(100)); /* at 1000 a second */
	for (uint32_t i = 0; i < 300; i++)
		udp(&p, 20);
	ck_assert_uint_ge(p.icmp_out - sent, 60);
	ck_assert_uint_le(p.icmp_out - sent, 140);
	peer_fini(&p);
}
END_TEST

/* RFC 1122 section 3.2.2.6: echo is no error, and is not limited. */
START_TEST(echo_is_not_rate_limited)
{
	struct peer p;

	wire_init(&p, _i, NULL);
	for (uint32_t i = 0; i < 200; i++)
		wire_hand(&p, echo(&p, 8));
	ck_assert_uint_eq(p.icmp_out, 200);
	peer_fini(&p);
}
END_TEST

/* clang-format off */
static const struct {
	uint8_t type, code;
	bool v6;
} errors[] = {
	{ 3, 0, false }, { 3, 1, false }, { 3, 2, false }, { 3, 3, false },
	{ 3, 5, false }, { 4, 0, false }, { 11, 0, false }, { 11, 1, false },
	{ 12, 0, false }, { 1, 0, true }, { 1, 1, true }, { 1, 4, true },
	{ 3, 0, true }, { 4, 0, true },
};
/* clang-format on */

/* MUST-55, MUST-56, 5927-2: no error ends a connection or slows it down. */
START_TEST(errors_do_not_end_a_connection)
{
	struct peer p;
	uint32_t cwnd;

	wire_init(&p, errors[_i].v6, NULL);
	wire_goto(&p, USTACK_ESTABLISHED);
	peer_send(&p, 100);
	peer_expect(&p, TCP_ACK, 1, 1, 100);
	cwnd = peer_info(&p).cwnd;
	quote_give(&p, (struct quote){ .type = errors[_i].type,
				       .code = errors[_i].code,
				       .seq = 1 });
	peer_expect_none(&p);
	wire_check_state(&p, USTACK_ESTABLISHED);
	ck_assert_uint_eq(peer_info(&p).cwnd, cwnd);
	peer_tx(&p, seg_ack(1, 101));
	peer_send(&p, 100);
	peer_expect(&p, TCP_ACK, 101, 1, 100);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_icmp(void)
{
	Suite *s = suite_create("ICMP");
	TCase *tc = wire_case(s, "answers");

	tcase_add_loop_test(tc, echo_is_answered, 0,
			    2 * (int)WIRE_ROWS(echo_lens));
	tcase_add_loop_test(tc, bad_message_is_dropped_and_counted, 0, 6);
	tcase_add_loop_test(tc, udp_is_unreachable, 0, 6);
	tcase_add_test(tc, unknown_protocol_is_unreachable);
	tcase_add_loop_test(tc, errors_are_not_answered, 0,
			    2 * (int)WIRE_ROWS(error_types));
	tcase_add_loop_test(tc, impossible_addresses_are_not_answered, 0,
			    (int)WIRE_ROWS(unanswered));
	tcase_add_loop_test(tc, fragments_are_not_answered, 0, 2);
	tc = wire_case(s, "rate");
	tcase_add_loop_test(tc, errors_are_rate_limited, 0, 2);
	tcase_add_loop_test(tc, echo_is_not_rate_limited, 0, 2);
	tc = wire_case(s, "connections");
	tcase_add_loop_test(tc, errors_do_not_end_a_connection, 0,
			    (int)WIRE_ROWS(errors));
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_ip4.c - IPv4 packets that are wrong, or only odd (RFC 791, RFC 1122
 *		section 3.2.1)
 *
 * Each damage is done to a good SYN: nothing must come back, one counter must
 * tell why, and the next good SYN must work.
 */

#include "suites.h"
#include "wire.h"

/**
 * struct damage - what is done to a packet
 * @name:	for messages
 * @off:	where it is overwritten
 * @n:		with so many bytes
 * @b:		of these
 * @cut:	it is cut to so many bytes, 0 = not
 * @stale:	the header's checksum is left as it was
 * @why:	the counter
 */
struct damage {
	const char *name;
	uint32_t off, n;
	uint8_t b[4];
	uint32_t cut;
	bool stale;
	enum ustack_counter why;
};

/* clang-format off */
static const struct damage damages[] = {
	{ .name = "version 5", .n = 1, .b = { 0x55 }, .why = USTACK_C_DROP_NOT_IP },
	{ .name = "version 0", .n = 1, .b = { 0x05 }, .why = USTACK_C_DROP_NOT_IP },
	{ .name = "19 bytes", .cut = 19, .why = USTACK_C_DROP_IP_TRUNCATED },
	{ .name = "1 byte", .cut = 1, .stale = true, .why = USTACK_C_DROP_IP_TRUNCATED },
	{ .name = "header of 16", .n = 1, .b = { 0x44 }, .why = USTACK_C_DROP_IP_HDR_LEN },
	{ .name = "header of 60", .n = 1, .b = { 0x4f }, .stale = true,
	  .why = USTACK_C_DROP_IP_TRUNCATED },
	{ .name = "total length 19", .off = 2, .n = 2, .b = { 0, 19 },
	  .why = USTACK_C_DROP_IP_HDR_LEN },
	{ .name = "total length 0", .off = 2, .n = 2, .b = { 0, 0 },
	  .why = USTACK_C_DROP_IP_HDR_LEN },
	{ .name = "total length 41", .off = 2, .n = 2, .b = { 0, 41 },
	  .why = USTACK_C_DROP_IP_TOTAL_LEN },
	{ .name = "total length 65535", .off = 2, .n = 2, .b = { 255, 255 },
	  .why = USTACK_C_DROP_IP_TOTAL_LEN },
	{ .name = "checksum", .off = 8, .n = 1, .b = { 63 }, .stale = true,
	  .why = USTACK_C_DROP_IP_CSUM },
	{ .name = "option of length 0", .n = 1, .b = { 0x46 }, .why = USTACK_C_DROP_IP_OPTION },
	{ .name = "from 0.0.0.0", .off = 12, .n = 4, .b = { 0 }, .why = USTACK_C_DROP_IP_SRC },
	{ .name = "from 127.0.0.1", .off = 12, .n = 4, .b = { 127, 0, 0, 1 },
	  .why = USTACK_C_DROP_IP_SRC },
	{ .name = "from 224.0.0.1", .off = 12, .n = 4, .b = { 224, 0, 0, 1 },
	  .why = USTACK_C_DROP_IP_SRC },
	{ .name = "from 240.0.0.1", .off = 12, .n = 4, .b = { 240, 0, 0, 1 },
	  .why = USTACK_C_DROP_IP_SRC },
	{ .name = "from broadcast", .off = 12, .n = 4, .b = { 255, 255, 255, 255 },
	  .why = USTACK_C_DROP_IP_SRC },
	{ .name = "from ourselves", .off = 12, .n = 4, .b = { 10, 7, 0, 2 },
	  .why = USTACK_C_DROP_IP_SRC },
	{ .name = "to broadcast", .off = 16, .n = 4, .b = { 255, 255, 255, 255 },
	  .why = USTACK_C_DROP_IP_DST },
	{ .name = "to 224.0.0.1", .off = 16, .n = 4, .b = { 224, 0, 0, 1 },
	  .why = USTACK_C_DROP_IP_DST },
	{ .name = "to 127.0.0.1", .off = 16, .n = 4, .b = { 127, 0, 0, 1 },
	  .why = USTACK_C_DROP_IP_DST },
	{ .name = "to a neighbour", .off = 16, .n = 4, .b = { 10, 7, 0, 3 },
	  .why = USTACK_C_DROP_IP_DST },
	{ .name = "fragment of 20 bytes", .off = 6, .n = 2, .b = { 0x20, 0 },
	  .why = USTACK_C_DROP_FRAG_LEN },
	{ .name = "fragment inside TCP's header", .off = 6, .n = 2, .b = { 0, 1 },
	  .why = USTACK_C_DROP_FRAG_TINY },
	{ .name = "TCP of 19 bytes", .off = 2, .n = 2, .b = { 0, 39 },
	  .why = USTACK_C_DROP_TCP_TRUNCATED },
	{ .name = "TCP of 0 bytes", .off = 2, .n = 2, .b = { 0, 20 },
	  .why = USTACK_C_DROP_TCP_TRUNCATED },
	{ .name = "data offset 4", .off = 32, .n = 1, .b = { 0x40 },
	  .why = USTACK_C_DROP_TCP_HDR_LEN },
	{ .name = "data offset 6", .off = 32, .n = 1, .b = { 0x60 },
	  .why = USTACK_C_DROP_TCP_HDR_LEN },
	{ .name = "TCP checksum", .off = 35, .n = 1, .b = { 1 }, .why = USTACK_C_DROP_TCP_CSUM },
};
/* clang-format on */

/* MUST-3, MUST-57, MUST-63, 9293-a35, 1122-1 to 1122-6, 1122-17. */
START_TEST(wrong_packet_is_dropped_and_counted)
{
	const struct damage *d = &damages[_i];
	struct pseg syn = { .flags = TCP_SYN };
	struct peer p;
	struct vpkt *v;

	peer_init(&p, NULL);
	v = peer_build(&p, &syn);
	memcpy(v->data + d->off, d->b, d->n);
	if (d->cut)
		v->len = d->cut;
	if (!d->stale && v->len >= 20)
		wire_ip4_csum(v);
	if (d->why == USTACK_C_DROP_IP_OPTION) {
		v->data[21] = 0; /* the source port's second byte */
		wire_ip4_csum(v);
	}
	wire_hand(&p, v);
	peer_expect_none(&p);
	ck_assert_uint_eq(p.icmp_out, 0);
	ck_assert_msg(peer_counter(&p, d->why) == 1, "%s: not counted",
		      d->name);
	ck_assert_msg(wire_drops(&p) == 1, "%s: counted twice", d->name);
	peer_open(&p);
	peer_fini(&p);
}
END_TEST

/* 1122-1: an empty packet is none. */
START_TEST(empty_packet_is_dropped)
{
	struct peer p;

	peer_init(&p, NULL);
	peer_raw(&p, "", 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_NOT_IP), 1);
	peer_open(&p);
	peer_fini(&p);
}
END_TEST

/* 1122-3: bytes behind the total length are cut off. */
START_TEST(trailing_bytes_are_cut_off)
{
	struct pseg s = seg_data(1, 1, 100);
	struct vpkt *v, *longer;
	struct peer p;

	peer_init(&p, NULL);
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

/* 1122-7, RFC 1122 section 3.2.1.7: a small TTL does not matter at the end. */
START_TEST(small_ttl_is_taken)
{
	struct pseg syn = { .flags = TCP_SYN };
	struct peer p;
	struct vpkt *v;

	peer_init(&p, NULL);
	v = peer_build(&p, &syn);
	v->data[8] = (uint8_t)_i;
	wire_ip4_csum(v);
	wire_hand(&p, v);
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_fini(&p);
}
END_TEST

static const uint8_t ip_options[][8] = {
	{ 1, 1, 1, 1, 1, 1, 1, 1 },	  /* NOP */
	{ 0, 0, 0, 0, 0, 0, 0, 0 },	  /* EOL */
	{ 0x9e, 8, 1, 2, 3, 4, 5, 6 },	  /* unknown */
	{ 1, 0x5e, 2, 1, 0x94, 4, 0, 0 }, /* unknown, then router alert */
	{ 0x07, 7, 4, 0, 0, 0, 0, 0 },	  /* record route */
	{ 0x44, 8, 5, 0, 0, 0, 0, 0 },	  /* timestamp */
	{ 0, 0x5e, 0, 0, 0, 0, 0, 0 },	  /* what follows EOL is nothing */
};

static const uint8_t routes[][8] = {
	{ 0x83, 7, 4, 10, 7, 0, 1, 0 },	  /* loose, to go */
	{ 0x83, 7, 8, 10, 7, 0, 1, 0 },	  /* loose, at its end */
	{ 1, 0x89, 7, 4, 10, 7, 0, 1 },	  /* strict */
	{ 0x5e, 4, 0, 0, 0x83, 3, 4, 0 }, /* empty, behind another */
};

/* RFC 6274 sections 3.13.2.3 and 3.13.2.4, RFC 7126: no source routes, neither
 * taken nor returned (MUST-51 to 53, SHLD-24). */
START_TEST(source_routes_are_dropped)
{
	struct pseg syn = { .flags = TCP_SYN };
	struct peer p;
	struct vpkt *v, *o;

	peer_init(&p, NULL);
	v = peer_build(&p, &syn);
	o = vpkt_new(v->len + 8);
	memcpy(o->data, v->data, 20);
	memcpy(o->data + 20, routes[_i], 8);
	memcpy(o->data + 28, v->data + 20, v->len - 20);
	free(v);
	o->data[0] = 0x47;
	be16_store(o->data + 2, (uint16_t)o->len);
	wire_ip4_csum(o);
	wire_hand(&p, o);
	peer_expect_none(&p);
	ck_assert_uint_eq(p.icmp_out, 0);
	ck_assert_uint_eq(peer_counter(&p, USTACK_C_DROP_IP_SOURCE_ROUTE), 1);
	ck_assert_uint_eq(wire_drops(&p), 1);
	peer_open(&p);
	peer_fini(&p);
}
END_TEST

/* MUST-50, 1122-8: IP options are skipped, those that would have us record
 * something as well (MAY-10, MAY-11). */
START_TEST(ip_options_are_skipped)
{
	struct pseg syn = { .flags = TCP_SYN };
	struct peer p;
	struct vpkt *v, *o;

	peer_init(&p, NULL);
	v = peer_build(&p, &syn);
	o = vpkt_new(v->len + 8);
	memcpy(o->data, v->data, 20);
	memcpy(o->data + 20, ip_options[_i], 8);
	memcpy(o->data + 28, v->data + 20, v->len - 20);
	free(v);
	o->data[0] = 0x47;
	be16_store(o->data + 2, (uint16_t)o->len);
	wire_ip4_csum(o);
	wire_hand(&p, o);
	peer_expect(&p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_ip4(void)
{
	Suite *s = suite_create("IPv4");
	TCase *tc = wire_case(s, "input");

	tcase_add_loop_test(tc, wrong_packet_is_dropped_and_counted, 0,
			    (int)WIRE_ROWS(damages));
	tcase_add_test(tc, empty_packet_is_dropped);
	tcase_add_test(tc, trailing_bytes_are_cut_off);
	tcase_add_loop_test(tc, small_ttl_is_taken, 0, 2);
	tcase_add_loop_test(tc, source_routes_are_dropped, 0,
			    (int)WIRE_ROWS(routes));
	tcase_add_loop_test(tc, ip_options_are_skipped, 0,
			    (int)WIRE_ROWS(ip_options));
	return s;
}

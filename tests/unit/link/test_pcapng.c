/* SPDX-License-Identifier: MIT */
/*
 * test_pcapng.c - blocks against the format's text
 *
 * Method: each block is read back by the rules of draft-ietf-opsawg-pcapng
 * alone: lengths at both ends, options found by walking.
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "stack/link/pcapng.h"
#include "stack/wire/csum.h"
#include "tests/unit/suites.h"

#define ROOM	 2048u
#define OPTS_SHB 24u /* where the options of a block begin */
#define OPTS_IDB 16u
#define OPTS_ISB 20u
#define NOW_NS	 0x1122334455667788u

static uint16_t u16_at(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t u64_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Type, and the length at both ends. */
static void expect_block(const uint8_t *b, size_t len, uint32_t type)
{
	ck_assert_uint_ge(len, 12);
	ck_assert_uint_eq(len % 4, 0);
	ck_assert_uint_eq(u32_at(b), type);
	ck_assert_uint_eq(u32_at(b + 4), len);
	ck_assert_uint_eq(u32_at(b + len - 4), len);
}

/* The value of option @code, options beginning at @off; NULL = there is none. */
static const uint8_t *option(const uint8_t *b, size_t len, size_t off,
			     uint16_t code, uint16_t *vlen)
{
	const uint8_t *found = NULL;

	while (u16_at(b + off)) {
		*vlen = u16_at(b + off + 2);
		found = b + off + 4;
		if (u16_at(b + off) == code)
			return found;
		off += 4 + ((*vlen + 3u) & ~3u);
		ck_assert_uint_le(off + 8, len);
	}
	ck_assert_uint_eq(off, len - 8); /* opt_endofopt is the last */
	return NULL;
}

static void expect_text(const uint8_t *b, size_t len, size_t off, uint16_t code,
			const char *text)
{
	uint16_t n = 0;
	const uint8_t *v = option(b, len, off, code, &n);

	ck_assert_ptr_nonnull(v);
	ck_assert_uint_eq(n, strlen(text));
	ck_assert_mem_eq(v, text, n);
}

/* Section 4.1 */
START_TEST(section_header_tells_byte_order_and_version)
{
	uint8_t b[ROOM];
	size_t len = pcapng_section(b, sizeof(b), "Linux", "ustackd 1");

	expect_block(b, len, 0x0a0d0d0a);
	ck_assert_uint_eq(u32_at(b + 8), 0x1a2b3c4d);
	ck_assert_uint_eq(u16_at(b + 12), 1);
	ck_assert_uint_eq(u16_at(b + 14), 0);
	ck_assert_uint_eq(u64_at(b + 16), UINT64_MAX); /* length not known */
	expect_text(b, len, OPTS_SHB, 3, "Linux");
	expect_text(b, len, OPTS_SHB, 4, "ustackd 1");
	ck_assert_uint_le(len, PCAPNG_SECTION_MAX);
}
END_TEST

/* Section 4.2 */
START_TEST(interface_has_name_resolution_and_filter)
{
	uint8_t b[ROOM];
	uint16_t n = 0;
	const uint8_t *v;
	size_t len = pcapng_iface(b, sizeof(b),
				  &(struct pcapng_iface){ "wire",
							  "what the host saw",
							  "tcp port 7", 96 });

	expect_block(b, len, 1);
	ck_assert_uint_eq(u16_at(b + 8), 101); /* LINKTYPE_RAW */
	ck_assert_uint_eq(u16_at(b + 10), 0);
	ck_assert_uint_eq(u32_at(b + 12), 96);
	expect_text(b, len, OPTS_IDB, 2, "wire");
	expect_text(b, len, OPTS_IDB, 3, "what the host saw");
	v = option(b, len, OPTS_IDB, 9, &n);
	ck_assert_ptr_nonnull(v);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(*v, 9);
	v = option(b, len, OPTS_IDB, 11, &n);
	ck_assert_ptr_nonnull(v);
	ck_assert_uint_eq(n, 1 + strlen("tcp port 7"));
	ck_assert_uint_eq(*v, 0); /* a text for libpcap */
	ck_assert_mem_eq(v + 1, "tcp port 7", n - 1);
}
END_TEST

START_TEST(interface_without_filter_has_none)
{
	uint8_t b[ROOM];
	uint16_t n = 0;
	size_t len = pcapng_iface(
		b, sizeof(b), &(struct pcapng_iface){ "stack", "", NULL, 1 });

	ck_assert_ptr_null(option(b, len, OPTS_IDB, 11, &n));
}
END_TEST

/* Section 4.3, for every length modulo 4 */
START_TEST(packet_has_time_lengths_data_direction_and_comment)
{
	static const uint8_t data[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	const uint32_t cap_len = 1 + (uint32_t)_i;
	const size_t opts = 28 + ((cap_len + 3u) & ~3u);
	uint8_t b[ROOM];
	uint16_t n = 0;
	size_t len;

	memset(b, 0xee, sizeof(b));
	len = pcapng_packet(b, sizeof(b),
			    &(struct pcapng_packet){ .iface = 1,
						     .time_ns = NOW_NS,
						     .data = data,
						     .cap_len = cap_len,
						     .orig_len = 1500,
						     .dir = PCAPNG_OUT,
						     .lost = 7,
						     .comment = "why" });
	expect_block(b, len, 6);
	ck_assert_uint_le(len, PCAPNG_PACKET_MAX(cap_len));
	ck_assert_uint_eq(u32_at(b + 8), 1);
	ck_assert_uint_eq(u32_at(b + 12), NOW_NS >> 32); /* upper half first */
	ck_assert_uint_eq(u32_at(b + 16), NOW_NS & UINT32_MAX);
	ck_assert_uint_eq(u32_at(b + 20), cap_len);
	ck_assert_uint_eq(u32_at(b + 24), 1500);
	ck_assert_mem_eq(b + 28, data, cap_len);
	for (size_t i = 28 + cap_len; i < opts; i++)
		ck_assert_uint_eq(b[i], 0);
	expect_text(b, len, opts, 1, "why");
	ck_assert_uint_eq(u32_at(option(b, len, opts, 2, &n)), PCAPNG_OUT);
	ck_assert_uint_eq(u64_at(option(b, len, opts, 4, &n)), 7);
}
END_TEST

START_TEST(packet_without_anything_to_say_has_only_its_direction)
{
	uint8_t b[ROOM];
	uint16_t n = 0;
	size_t len = pcapng_packet(b, sizeof(b),
				   &(struct pcapng_packet){ .dir = PCAPNG_IN });

	expect_block(b, len, 6);
	ck_assert_ptr_null(option(b, len, 28, 1, &n));
	ck_assert_ptr_null(option(b, len, 28, 4, &n));
	ck_assert_uint_eq(u32_at(option(b, len, 28, 2, &n)), PCAPNG_IN);
}
END_TEST

/* Section 4.6 */
START_TEST(statistics_tell_received_and_dropped)
{
	uint8_t b[ROOM];
	uint16_t n = 0;
	const uint8_t *v;
	size_t len = pcapng_stats(b, sizeof(b),
				  &(struct pcapng_stats){ .iface = 1,
							  .start_ns = 5,
							  .end_ns = NOW_NS,
							  .received = 1000,
							  .dropped = 10 });

	expect_block(b, len, 5);
	ck_assert_uint_le(len, PCAPNG_STATS_MAX);
	ck_assert_uint_eq(u32_at(b + 8), 1);
	ck_assert_uint_eq(u32_at(b + 12), NOW_NS >> 32);
	v = option(b, len, OPTS_ISB, 2, &n);
	ck_assert_uint_eq(u32_at(v), 0);
	ck_assert_uint_eq(u32_at(v + 4), 5);
	v = option(b, len, OPTS_ISB, 3, &n);
	ck_assert_uint_eq(u32_at(v), NOW_NS >> 32);
	ck_assert_uint_eq(u64_at(option(b, len, OPTS_ISB, 4, &n)), 1000);
	ck_assert_uint_eq(u64_at(option(b, len, OPTS_ISB, 5, &n)), 10);
}
END_TEST

/* Whatever the room, nothing is written behind it. */
START_TEST(block_without_room_is_refused)
{
	static const uint8_t data[5] = { 0 };
	const struct pcapng_packet p = { .data = data,
					 .cap_len = sizeof(data),
					 .dir = PCAPNG_IN,
					 .comment = "some words" };
	uint8_t b[ROOM];
	size_t len = pcapng_packet(b, sizeof(b), &p);

	for (size_t room = 0; room < len; room++) {
		memset(b, 0xee, sizeof(b));
		ck_assert_uint_eq(pcapng_packet(b, room, &p), 0);
		for (size_t i = room; i < len; i++)
			ck_assert_uint_eq(b[i], 0xee);
	}
	ck_assert_uint_eq(pcapng_packet(b, len, &p), len);
}
END_TEST

START_TEST(long_texts_are_cut)
{
	char text[1000];
	uint8_t b[ROOM];
	uint16_t n = 0;
	size_t len;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	len = pcapng_section(b, sizeof(b), text, text);
	ck_assert_uint_le(len, PCAPNG_SECTION_MAX);
	(void)option(b, len, OPTS_SHB, 3, &n);
	ck_assert_uint_eq(n, PCAPNG_TEXT_MAX);
	len = pcapng_iface(b, sizeof(b),
			   &(struct pcapng_iface){ text, text, text, 1 });
	ck_assert_uint_le(len, PCAPNG_IFACE_MAX);
	(void)option(b, len, OPTS_IDB, 11, &n);
	ck_assert_uint_eq(n, PCAPNG_TEXT_MAX);
	len = pcapng_packet(b, sizeof(b),
			    &(struct pcapng_packet){ .comment = text });
	ck_assert_uint_le(len, PCAPNG_PACKET_MAX(0));
	(void)option(b, len, 28, 1, &n);
	ck_assert_uint_eq(n, PCAPNG_TEXT_MAX);
}
END_TEST

/* ------------------------------------------------------------ packet's bytes */

#define HEAD	40u
#define L4	20u
#define PAYLOAD 101u

static const uint8_t src[4] = { 10, 7, 0, 2 };
static const uint8_t dst[4] = { 10, 7, 0, 1 };

/* A buffer with PAYLOAD bytes. */
static struct ubuf *payload_new(void)
{
	struct ubuf *b = malloc(sizeof(*b) + PAYLOAD);

	ck_assert_ptr_nonnull(b);
	b->refs = 1;
	b->size = PAYLOAD;
	for (uint32_t i = 0; i < PAYLOAD; i++)
		b->data[i] = (uint8_t)(i * 7 + 1);
	return b;
}

/* An outgoing segment whose checksum is left to the device, in slices of @cut. */
static void make_partial(struct ustack_pkt *p, struct link_view *v,
			 struct ubuf *b, uint32_t cut)
{
	uint16_t pseudo;

	memset(p, 0, sizeof(*p));
	for (uint32_t i = 0; i < HEAD; i++)
		p->head[i] = (uint8_t)(i + 3);
	pseudo = csum_fold(csum_pseudo4(src, dst, 6, HEAD - L4 + PAYLOAD));
	memcpy(p->head + L4 + 16, &pseudo, sizeof(pseudo));
	p->head_len = HEAD;
	p->len = HEAD + PAYLOAD;
	p->flags = USTACK_PKT_CSUM_PARTIAL;
	for (uint32_t off = 0; off < PAYLOAD; off += cut)
		p->slice[p->nslices++] = (struct slice){
			b, off, off + cut < PAYLOAD ? cut : PAYLOAD - off
		};
	*v = (struct link_view){ .kind = LINK_TCP, .proto = 6, .l4_off = L4 };
}

/* What a receiver does: the sum over everything comes to zero. */
static void expect_good_sum(const uint8_t *packet, uint8_t proto)
{
	uint64_t sum = csum_pseudo4(src, dst, proto, HEAD - L4 + PAYLOAD);

	sum = csum_add(sum, packet + L4, HEAD - L4 + PAYLOAD);
	ck_assert_uint_eq(csum_finish(sum), 0);
}

/* Odd slices: parts of the sum begin at odd offsets. */
START_TEST(partial_checksum_is_filled_in)
{
	static const uint32_t cuts[] = { PAYLOAD, 33, 7, 2 };
	struct ubuf *b = payload_new();
	struct ustack_pkt p;
	struct link_view v;
	uint8_t out[ROOM];

	make_partial(&p, &v, b, cuts[_i]);
	ck_assert_uint_eq(pcapng_snap(out, sizeof(out), &p, &v),
			  HEAD + PAYLOAD);
	expect_good_sum(out, 6);
	ck_assert_mem_eq(out + HEAD, b->data, PAYLOAD);
	ck_assert_mem_eq(out, p.head, L4 + 16); /* nothing else has changed */
	ck_assert_mem_ne(out + L4 + 16, p.head + L4 + 16, 2);
	free(b);
}
END_TEST

START_TEST(checksum_of_a_cut_packet_is_that_of_the_whole)
{
	struct ubuf *b = payload_new();
	struct ustack_pkt p;
	struct link_view v;
	uint8_t whole[ROOM];
	uint8_t out[ROOM];

	make_partial(&p, &v, b, 33);
	(void)pcapng_snap(whole, sizeof(whole), &p, &v);
	memset(out, 0xee, sizeof(out));
	ck_assert_uint_eq(pcapng_snap(out, HEAD + 5, &p, &v), HEAD + 5);
	ck_assert_mem_eq(out, whole, HEAD + 5);
	ck_assert_uint_eq(out[HEAD + 5], 0xee);
	ck_assert_uint_eq(pcapng_snap(out, L4 + 17, &p, &v), L4 + 17);
	ck_assert_mem_eq(out, p.head, L4 + 17); /* half a field stays */
	free(b);
}
END_TEST

START_TEST(complete_checksum_is_left_alone)
{
	struct ubuf *b = payload_new();
	struct ustack_pkt p;
	struct link_view v;
	uint8_t out[ROOM];

	make_partial(&p, &v, b, 33);
	p.flags = 0;
	(void)pcapng_snap(out, sizeof(out), &p, &v);
	ck_assert_mem_eq(out, p.head, HEAD);
	free(b);
}
END_TEST

/* On the way in all of a packet is one slice; UDP has its sum elsewhere. */
START_TEST(partial_checksum_of_incoming_udp_is_filled_in)
{
	struct ubuf *b = malloc(sizeof(*b) + HEAD + PAYLOAD);
	struct ustack_pkt p = { .len = HEAD + PAYLOAD,
				.flags = USTACK_PKT_CSUM_PARTIAL,
				.nslices = 1 };
	const struct link_view v = { .kind = LINK_OTHER,
				     .proto = 17,
				     .l4_off = L4 };
	uint16_t pseudo = csum_fold(
		csum_pseudo4(src, dst, 17, HEAD - L4 + PAYLOAD));
	uint8_t out[ROOM];

	ck_assert_ptr_nonnull(b);
	b->refs = 1;
	memset(b->data, 0x5a, HEAD + PAYLOAD);
	memcpy(b->data + L4 + 6, &pseudo, sizeof(pseudo));
	p.slice[0] = (struct slice){ b, 0, HEAD + PAYLOAD };
	ck_assert_uint_eq(pcapng_snap(out, sizeof(out), &p, &v),
			  HEAD + PAYLOAD);
	expect_good_sum(out, 17);
	free(b);
}
END_TEST

Suite *suite_link_pcapng(void)
{
	Suite *s = suite_create("link/pcapng");
	TCase *tc = tcase_create("blocks");

	tcase_add_test(tc, section_header_tells_byte_order_and_version);
	tcase_add_test(tc, interface_has_name_resolution_and_filter);
	tcase_add_test(tc, interface_without_filter_has_none);
	tcase_add_loop_test(
		tc, packet_has_time_lengths_data_direction_and_comment, 0, 8);
	tcase_add_test(tc,
		       packet_without_anything_to_say_has_only_its_direction);
	tcase_add_test(tc, statistics_tell_received_and_dropped);
	tcase_add_test(tc, block_without_room_is_refused);
	tcase_add_test(tc, long_texts_are_cut);
	suite_add_tcase(s, tc);
	tc = tcase_create("bytes");
	tcase_add_loop_test(tc, partial_checksum_is_filled_in, 0, 4);
	tcase_add_test(tc, checksum_of_a_cut_packet_is_that_of_the_whole);
	tcase_add_test(tc, complete_checksum_is_left_alone);
	tcase_add_test(tc, partial_checksum_of_incoming_udp_is_filled_in);
	suite_add_tcase(s, tc);
	return s;
}

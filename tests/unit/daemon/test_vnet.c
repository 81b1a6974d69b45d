/* SPDX-License-Identifier: MIT */
/*
 * test_vnet.c - the virtio header, as bytes
 *
 * Headers are written out as the kernel has them, little-endian machines being
 * the only ones tested here; a random header may be refused, but never makes a
 * packet that contradicts itself.
 */

#include <linux/virtio_net.h>
#include <stdlib.h>

#include "daemon/vnet.h"
#include "stack/base/rng.h"
#include "tests/unit/expect.h"
#include "tests/unit/suites.h"

#define BUFFER 2048u

static const struct {
	const char *name;
	uint8_t flags;
	uint16_t gso_size;
	uint16_t head_len;
	uint16_t l4_off;
	struct virtio_net_hdr want;
} encode_cases[] = {
	{ "complete packet", 0, 0, 28, 20, { 0 } },
	{ "complete IPv6 packet", USTACK_PKT_IPV6, 0, 48, 40, { 0 } },
	{ "partial checksum, IPv4 with TCP options",
	  USTACK_PKT_CSUM_PARTIAL,
	  0,
	  52,
	  20,
	  { .flags = 1, .hdr_len = 52, .csum_start = 20, .csum_offset = 16 } },
	{ "super-packet, IPv4",
	  USTACK_PKT_CSUM_PARTIAL,
	  1448,
	  52,
	  20,
	  { .flags = 1,
	    .gso_type = 1,
	    .hdr_len = 52,
	    .gso_size = 1448,
	    .csum_start = 20,
	    .csum_offset = 16 } },
	{ "super-packet, IPv6",
	  USTACK_PKT_CSUM_PARTIAL | USTACK_PKT_IPV6,
	  1428,
	  72,
	  40,
	  { .flags = 1,
	    .gso_type = 4,
	    .hdr_len = 72,
	    .gso_size = 1428,
	    .csum_start = 40,
	    .csum_offset = 16 } },
};

/* Offsets count from the IP header; hdr_len covers all headers. */
START_TEST(packet_is_described)
{
	struct ustack_pkt p = { .len = 3000,
				.flags = encode_cases[_i].flags,
				.gso_size = encode_cases[_i].gso_size,
				.head_len = encode_cases[_i].head_len,
				.l4_off = encode_cases[_i].l4_off,
				.csum_off = 16 };
	uint8_t hdr[VNET_LEN];

	vnet_encode(hdr, &p);
	ck_assert_msg(memcmp(hdr, &encode_cases[_i].want, VNET_LEN) == 0, "%s",
		      encode_cases[_i].name);
}
END_TEST

struct frame {
	struct ustack_pkt p;
	struct ubuf *buf;
};

static void frame_init(struct frame *f, uint8_t version, uint32_t len)
{
	*f = (struct frame){ 0 };
	f->buf = calloc(1, sizeof(*f->buf) + BUFFER);
	f->buf->data[0] = (uint8_t)(version << 4);
	f->p.slice[0] = (struct slice){ .buf = f->buf, .off = 0, .len = len };
	f->p.nslices = 1;
	f->p.len = len;
	f->p.flags = 0xff; /* decoding must not leave this */
	f->p.gso_size = 77;
}

static void frame_fini(struct frame *f)
{
	free(f->buf);
}

#define PARTIAL USTACK_PKT_CSUM_PARTIAL
#define REFUSED 0xffu

static const struct {
	const char *name;
	uint8_t version;
	uint32_t len;
	struct virtio_net_hdr hdr;
	uint8_t want_flags;
	uint16_t want_gso_size;
} decode_cases[] = {
	{ "nothing said", 4, 40, { 0 }, 0, 0 },
	{ "checksum left to us",
	  4,
	  1500,
	  { .flags = 1, .csum_start = 20, .csum_offset = 16, .hdr_len = 40 },
	  PARTIAL,
	  0 },
	{ "checksum verified", 6, 1500, { .flags = 2 }, USTACK_PKT_CSUM_OK, 0 },
	{ "IPv4 super-packet",
	  4,
	  1500,
	  { .flags = 1,
	    .gso_type = 1,
	    .gso_size = 600,
	    .csum_start = 20,
	    .csum_offset = 16 },
	  PARTIAL,
	  600 },
	{ "IPv6 super-packet",
	  6,
	  1500,
	  { .flags = 1,
	    .gso_type = 4,
	    .gso_size = 600,
	    .csum_start = 40,
	    .csum_offset = 16 },
	  PARTIAL,
	  600 },
	{ "super-packet with the ECN bit",
	  4,
	  1500,
	  { .flags = 1,
	    .gso_type = 0x81,
	    .gso_size = 600,
	    .csum_start = 20,
	    .csum_offset = 16 },
	  PARTIAL,
	  600 },
	{ "size without a type is nothing", 4, 1500, { .gso_size = 600 }, 0, 0 },
	{ "checksum ends with the packet",
	  4,
	  38,
	  { .flags = 1, .csum_start = 20, .csum_offset = 16 },
	  PARTIAL,
	  0 },
	{ "checksum ends behind it",
	  4,
	  37,
	  { .flags = 1, .csum_start = 20, .csum_offset = 16 },
	  REFUSED,
	  0 },
	{ "offsets that overflow 16 bits",
	  4,
	  1500,
	  { .flags = 1, .csum_start = 0xffff, .csum_offset = 0xffff },
	  REFUSED,
	  0 },
	{ "headers longer than the packet",
	  4,
	  40,
	  { .hdr_len = 41 },
	  REFUSED,
	  0 },
	{ "type without a size", 4, 1500, { .gso_type = 1 }, REFUSED, 0 },
	{ "TCPv6 on IPv4",
	  4,
	  1500,
	  { .gso_type = 4, .gso_size = 600 },
	  REFUSED,
	  0 },
	{ "TCPv4 on IPv6",
	  6,
	  1500,
	  { .gso_type = 1, .gso_size = 600 },
	  REFUSED,
	  0 },
	{ "TCPv4 on neither",
	  0,
	  1500,
	  { .gso_type = 1, .gso_size = 600 },
	  REFUSED,
	  0 },
	{ "UDP fragmentation",
	  4,
	  1500,
	  { .gso_type = 3, .gso_size = 600 },
	  REFUSED,
	  0 },
	{ "UDP segmentation",
	  4,
	  1500,
	  { .gso_type = 5, .gso_size = 600 },
	  REFUSED,
	  0 },
	{ "ECN alone",
	  4,
	  1500,
	  { .gso_type = 0x80, .gso_size = 600 },
	  REFUSED,
	  0 },
	{ "no packet", 4, 0, { 0 }, REFUSED, 0 },
};

START_TEST(header_is_checked_and_taken_over)
{
	const char *name = decode_cases[_i].name;
	uint8_t hdr[VNET_LEN];
	struct frame f;
	int rc;

	memcpy(hdr, &decode_cases[_i].hdr, sizeof(hdr));
	frame_init(&f, decode_cases[_i].version, decode_cases[_i].len);
	rc = vnet_decode(hdr, &f.p);
	if (decode_cases[_i].want_flags == REFUSED) {
		ck_assert_msg(rc == -ERR_INVAL, "%s: accepted", name);
	} else {
		ck_assert_msg(rc == 0, "%s: refused", name);
		ck_assert_msg(f.p.flags == decode_cases[_i].want_flags,
			      "%s: flags", name);
		ck_assert_msg(f.p.gso_size == decode_cases[_i].want_gso_size,
			      "%s: gso_size", name);
	}
	frame_fini(&f);
}
END_TEST

/* Whatever the bytes, what is accepted makes sense. */
START_TEST(random_headers_do_no_harm)
{
	struct rng rng;
	struct frame f;

	rng_init(&rng, test_seed());
	frame_init(&f, 4, BUFFER);
	for (uint32_t i = 0; i < 100000; i++) {
		uint8_t hdr[VNET_LEN];

		for (uint32_t k = 0; k < VNET_LEN; k++)
			hdr[k] = (uint8_t)rng_below(&rng, 256);
		hdr[1] &= 0x87;
		f.p.len = 1 + rng_below(&rng, BUFFER);
		if (vnet_decode(hdr, &f.p))
			continue;
		EXPECT((f.p.gso_size != 0) == (hdr[1] != 0));
		EXPECT_LE(f.p.flags, PARTIAL | USTACK_PKT_CSUM_OK);
	}
	frame_fini(&f);
}
END_TEST

Suite *suite_daemon_vnet(void)
{
	Suite *s = suite_create("daemon/vnet");
	TCase *tc = tcase_create("header");

	tcase_add_loop_test(tc, packet_is_described, 0,
			    sizeof(encode_cases) / sizeof(encode_cases[0]));
	tcase_add_loop_test(tc, header_is_checked_and_taken_over, 0,
			    sizeof(decode_cases) / sizeof(decode_cases[0]));
	tcase_add_test(tc, random_headers_do_no_harm);
	suite_add_tcase(s, tc);
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * test_output.c - the form of all that is sent
 *
 * Method: a life with every kind of segment in it, read as bytes by code that
 * shares nothing with the stack's.  Each test looks at all packets for one
 * thing.
 */

#include "suites.h"
#include "wire.h"

#define TS 5000u

enum option_kind {
	KIND_EOL,
	KIND_NOP,
	KIND_MSS,
	KIND_WSCALE,
	KIND_SACK_PERMITTED,
	KIND_SACK,
	KIND_TS = 8,
};

struct tap;

/**
 * struct tap - a peer whose packets are looked at first
 * @p:		the peer, first, so that its context is ours
 * @out:	what it does with them
 * @look:	looks at one
 * @seen:	packets looked at
 * @bits:	flags of all TCP segments so far
 * @odd:	segments with an odd number of bytes
 * @label:	the connection's flow label, -1 = none yet
 */
struct tap {
	struct peer p;
	int (*out)(void *ctx, struct vpkt *v);
	void (*look)(struct tap *t, const struct vpkt *v);
	uint32_t seen;
	uint32_t bits;
	uint32_t odd;
	int64_t label;
};

static bool is4(const struct vpkt *v)
{
	return v->data[0] >> 4 == 4;
}

static uint8_t proto(const struct vpkt *v)
{
	return is4(v) ? v->data[9] : v->data[6];
}

static const uint8_t *tcp(const struct vpkt *v)
{
	return v->data + (is4(v) ? 20 : 40);
}

static uint32_t tcp_hdr_len(const struct vpkt *v)
{
	return (uint32_t)(tcp(v)[12] >> 4) * 4u;
}

static int tap_out(void *ctx, struct vpkt *v)
{
	struct tap *t = ctx;

	t->seen++;
	if (proto(v) == 6) {
		t->bits |= tcp(v)[13];
		t->odd += v->len & 1u;
	}
	t->look(t, v);
	return t->out(ctx, v);
}

static void no_offload(struct ustack_config *cfg)
{
	cfg->tx_csum = false;
	cfg->tx_tso4 = false;
	cfg->tx_tso6 = false;
}

static struct pseg ts(struct pseg s)
{
	s.has |= TCP_OPT_HAS_TS;
	s.tsval = TS;
	return s;
}

/* Somebody else's segment, and a connection that is refused. */
static void live_without_success(struct peer *p)
{
	struct pseg s = { .flags = TCP_ACK, .seq = 7, .dport = 9 };

	peer_tx(p, s);
	s.flags = TCP_SYN;
	peer_tx(p, s);
	peer_drain(p);
	peer_connect(p);
	peer_expect(p, TCP_SYN, 0, 0, 0);
	peer_tx(p, seg(TCP_RST | TCP_ACK, 0, 1, 0));
	ck_assert_uint_eq(p->c.closed, 1);
	p->isn_known = false;
}

/* Segments from slices that meet at odd places; too big to be merged. */
static uint32_t send_slices(struct peer *p)
{
	uint32_t sent = 0;

	for (uint32_t len = 2051; len < 2057; len += 2) {
		struct slice sl = { ustack_buf_new(p->h.s, len), 0, len };

		ck_assert_ptr_nonnull(sl.buf);
		memset(sl.buf->data, (int)(len & 0xff), len);
		ck_assert_int_eq(ustack_send_buf(p->h.s, p->conn, sl), len);
		ubuf_put(sl.buf);
		sent += len;
	}
	vhost_run(&p->h);
	return sent;
}

/* Data of all parities both ways, a loss, a hole; ends in TIME-WAIT. */
static void live_long(struct peer *p)
{
	static const uint32_t len[] = { 1, 2, 3, 535, 1448, 1449, 2897, 7 };
	uint32_t sent = 0;

	peer_open_with(p, (struct pseg){ .mss = 1460,
					 .has = TCP_OPT_HAS_TS |
						TCP_OPT_HAS_WSCALE,
					 .wscale = 3,
					 .tsval = TS });
	ustack_setopt(p->h.s, p->conn, USTACK_OPT_NODELAY, 1);
	for (uint32_t i = 0; i < WIRE_ROWS(len); i++) {
		ck_assert_int_eq(peer_send(p, len[i]), len[i]);
		sent += len[i];
	}
	sent += send_slices(p);
	peer_advance(p, SEC(2)); /* repeated, some */
	peer_tx(p, ts(seg_ack(1, 1 + sent)));
	peer_tx(p, ts(seg_data(11, 1 + sent, 10)));
	peer_tx(p, ts(seg_data(1, 1 + sent, 10)));
	wire_shutdown(p);
	peer_tx(p, ts(seg_fin(21, 2 + sent)));
	wire_check_state(p, USTACK_TIME_WAIT);
	peer_tx(p, ts(seg_fin(21, 2 + sent)));
	peer_drain(p);
	p->isn_known = false;
}

static void live_short(struct peer *p)
{
	struct pseg s = { .flags = TCP_SYN, .sport = 40001 };

	peer_tx(p, s);
	peer_expect(p, TCP_SYN | TCP_ACK, 0, 1, 0);
	s = (struct pseg){ .flags = TCP_ACK,
			   .seq = 1,
			   .ack = 1,
			   .sport = 40001 };
	peer_tx(p, s);
	peer_send(p, 77);
	wire_abort(p);
	peer_drain(p);
}

/* @variant: bit 0 IPv6, bit 1 no offload */
static void live(struct tap *t, int variant,
		 void (*look)(struct tap *t, const struct vpkt *v))
{
	wire_init(&t->p, variant & 1, variant & 2 ? no_offload : NULL);
	t->out = t->p.h.out;
	t->p.h.out = tap_out;
	t->look = look;
	t->label = -1;
	live_without_success(&t->p);
	live_long(&t->p);
	live_short(&t->p);
	ck_assert_uint_gt(t->seen, 20);
	ck_assert_uint_gt(t->odd, 3);
	ck_assert_uint_eq(t->bits,
			  TCP_FIN | TCP_SYN | TCP_RST | TCP_PSH | TCP_ACK);
	peer_fini(&t->p);
}

/* RFC 1071 by the letter. */
static uint32_t sum_bytes(uint32_t sum, const uint8_t *b, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		sum += i & 1 ? b[i] : (uint32_t)b[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void look_at_checksum(struct tap *t, const struct vpkt *v)
{
	uint32_t off = is4(v) ? 20 : 40;
	uint32_t addrs = is4(v) ? 12 : 8;
	uint32_t sum = (v->len - off) + proto(v);

	(void)t;
	sum = sum_bytes(sum, v->data + addrs, off - addrs);
	sum = sum_bytes(sum, v->data + off, v->len - off);
	ck_assert_msg(sum == 0xffff, "sum is %04x", sum);
}

/* RFC 9293 section 3.1 (MUST-2): by the device, or without one. */
START_TEST(checksum_is_right_whatever_the_length)
{
	struct tap t = { 0 };

	live(&t, _i, look_at_checksum);
}
END_TEST

/* Bit n stands for an option of kind n. */
static uint32_t kinds(const struct vpkt *v)
{
	const uint8_t *o = tcp(v) + 20;
	const uint8_t *end = tcp(v) + tcp_hdr_len(v);
	uint32_t found = 0;

	while (o < end && *o != KIND_EOL) {
		if (*o == KIND_NOP) {
			o++;
			continue;
		}
		ck_assert(end - o >= 2 && o[1] >= 2 && o[1] <= end - o);
		ck_assert_uint_lt(o[0], 32);
		found |= 1u << o[0];
		o += o[1];
	}
	for (; o < end; o++)
		ck_assert_uint_eq(*o, 0);
	return found;
}

static void look_at_options(struct tap *t, const struct vpkt *v)
{
	uint32_t syn = 1u << KIND_MSS | 1u << KIND_WSCALE |
		       1u << KIND_SACK_PERMITTED;

	(void)t;
	if (tcp(v)[13] & TCP_SYN)
		ck_assert_uint_eq(kinds(v) & 1u << KIND_SACK, 0);
	else
		ck_assert_uint_eq(kinds(v) & syn, 0);
}

/* RFC 9293 section 3.1 (MUST-65, MUST-68, MUST-69), RFC 2018 (2018-2), RFC
 * 7323 (7323-1): lengths, padding, and what only a SYN may carry. */
START_TEST(options_are_well_formed)
{
	struct tap t = { 0 };

	live(&t, _i, look_at_options);
}
END_TEST

static void look_for_mss(struct tap *t, const struct vpkt *v)
{
	if (!(tcp(v)[13] & TCP_SYN))
		return;
	ck_assert_uint_eq(tcp(v)[20], KIND_MSS);
	ck_assert_uint_eq(be16_load(tcp(v) + 22), t->p.v6 ? 1440 : 1460);
}

/* RFC 9293 section 3.7.1 (MUST-14, MAY-3): every SYN and SYN-ACK has one. */
START_TEST(mss_is_in_every_syn)
{
	struct tap t = { 0 };

	live(&t, _i, look_for_mss);
}
END_TEST

static void look_at_reserved(struct tap *t, const struct vpkt *v)
{
	(void)t;
	ck_assert_uint_eq(tcp(v)[12] & 0x0f, 0);
}

/* RFC 9293 section 3.1 (9293-a36): sent as 0. */
START_TEST(reserved_bits_are_zero)
{
	struct tap t = { 0 };

	live(&t, _i, look_at_reserved);
}
END_TEST

/* The same (9293-a36): and not looked at, neither in a SYN nor behind it. */
START_TEST(reserved_bits_are_ignored)
{
	struct pseg script[] = { seg(TCP_SYN, 0, 0, 0), seg_ack(1, 1),
				 seg_data(1, 1, 10), seg_fin(11, 1) };
	struct peer p;

	wire_init(&p, _i, NULL);
	for (uint32_t i = 0; i < WIRE_ROWS(script); i++) {
		struct vpkt *v = peer_build(&p, &script[i]);

		v->data[v->l4_off + 12] |= 0x0f;
		v->csum_ok = true;
		wire_hand(&p, v);
		peer_drain(&p);
	}
	ck_assert_uint_eq(p.received, 10);
	wire_check_state(&p, USTACK_CLOSE_WAIT);
	peer_fini(&p);
}
END_TEST

static void look_at_ip4(struct tap *t, const struct vpkt *v)
{
	(void)t;
	ck_assert_uint_eq(v->data[0], 0x45);
	ck_assert_uint_eq(be16_load(v->data + 6), 0x4000); /* DF, no offset */
}

/* RFC 1191 section 3 (1191-1), RFC 6864 section 4.1 (1122-15, MAY-4): what
 * cannot be fragmented needs no ID, a copy of it as little as the first. */
START_TEST(segments_are_atomic_datagrams)
{
	struct tap t = { 0 };

	live(&t, _i * 2, look_at_ip4);
}
END_TEST

static void look_at_label(struct tap *t, const struct vpkt *v)
{
	int64_t label = be32_load(v->data) & 0xfffff;

	if (tcp(v)[13] & TCP_SYN || tcp(v)[13] & TCP_RST)
		return; /* of this life or of the next */
	if (be16_load(tcp(v) + 2) != PEER_PORT)
		return; /* another flow */
	if (t->label < 0)
		t->label = label;
	ck_assert_int_eq(label, t->label);
}

/* RFC 6437 section 3 (6437-1): one label, or none, for all that a flow sends. */
START_TEST(flow_label_does_not_change)
{
	struct tap t = { 0 };

	live(&t, 1 + _i * 2, look_at_label);
}
END_TEST

static void look_at_timestamp(struct tap *t, const struct vpkt *v)
{
	bool agreed = be16_load(tcp(v) + 2) == PEER_PORT;

	(void)t;
	if (agreed && !(tcp(v)[13] & TCP_RST))
		ck_assert_uint_ne(kinds(v) & 1u << KIND_TS, 0);
}

/* RFC 7323 section 3.2 (7323-7): once agreed, in all but a reset. */
START_TEST(timestamp_is_in_every_segment)
{
	struct tap t = { 0 };

	live(&t, _i, look_at_timestamp);
}
END_TEST

Suite *suite_wire_output(void)
{
	Suite *s = suite_create("output");
	TCase *tc = wire_case(s, "form");

	tcase_add_loop_test(tc, checksum_is_right_whatever_the_length, 0, 4);
	tcase_add_loop_test(tc, options_are_well_formed, 0, 4);
	tcase_add_loop_test(tc, mss_is_in_every_syn, 0, 4);
	tcase_add_loop_test(tc, reserved_bits_are_zero, 0, 4);
	tcase_add_loop_test(tc, reserved_bits_are_ignored, 0, 2);
	tcase_add_loop_test(tc, segments_are_atomic_datagrams, 0, 2);
	tcase_add_loop_test(tc, flow_label_does_not_change, 0, 2);
	tcase_add_loop_test(tc, timestamp_is_in_every_segment, 0, 4);
	return s;
}

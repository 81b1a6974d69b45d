/* SPDX-License-Identifier: MIT */
/*
 * test_damage.c - malformed input of any kind, in any state
 *
 * Method: a good segment is damaged in a few bytes, its IPv4 checksum made
 * right again and its TCP checksum not looked at, so that the damage gets past
 * both.  The sanitizers watch; the peer reads all answers strictly; at the end
 * the instance must work, and hold nothing.
 */

#include "stack/base/rng.h"
#include "suites.h"
#include "wire.h"

#define ROUNDS 1500u

static const uint8_t all_options[] = {
	2, 4, 5,  180, 1, 3, 3, 7, 4, 2, 8, 10, 0,  0, 0,    99, 0, 0, 0,
	0, 5, 10, 0,   0, 0, 1, 0, 0, 0, 2, 1,	28, 4, 0x80, 1,	 1, 1, 0x22,
};

static uint32_t any_seq(struct rng *r, uint32_t near)
{
	if (rng_below(r, 4) == 0)
		return (uint32_t)rng_u64(r);
	return near + rng_below(r, 40) - 20;
}

static struct pseg any_segment(struct rng *r, struct wire_pos at)
{
	struct pseg s = { .seq = any_seq(r, at.rcv),
			  .ack = any_seq(r, at.snd),
			  .flags = (uint8_t)rng_below(r, 256),
			  .len = rng_below(r, 4) ? 0 : rng_below(r, 2000),
			  .wnd = (uint16_t)rng_u64(r),
			  .urg = (uint16_t)rng_below(r, 3000),
			  .tos = (uint8_t)rng_below(r, 256) };

	if (rng_below(r, 2)) {
		s.raw_opt = all_options + rng_below(r, 8) * 4;
		s.raw_len = 4u * rng_below(r, 2);
	}
	if (rng_below(r, 3) == 0) {
		s.raw_opt = all_options;
		s.raw_len = sizeof(all_options);
	}
	if (rng_below(r, 2))
		s.flags |= TCP_ACK;
	return s;
}

/* The headers suffer most; now and then the packet is cut short. */
static void damage(struct vpkt *v, struct rng *r)
{
	uint32_t head = min_u32(v->len, v->l4_off + 60u);

	for (uint32_t n = rng_below(r, 5); n > 0; n--)
		v->data[rng_below(r, rng_below(r, 4) ? head : v->len)] ^=
			(uint8_t)(1u << rng_below(r, 8));
	if (rng_below(r, 16) == 0)
		v->len = rng_below(r, v->len + 1);
	if (v->len >= 60 && v->data[0] >> 4 == 4)
		wire_ip4_csum(v);
	v->csum_ok = true;
}

static void batter(struct peer *p, struct rng *r, struct wire_pos at)
{
	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct pseg s = any_segment(r, at);
		struct vpkt *v = peer_build(p, &s);

		damage(v, r);
		vhost_input(&p->h, v);
		if (rng_below(r, 3) == 0)
			vhost_run(&p->h);
		if (rng_below(r, 50) == 0)
			peer_advance(p, MS(rng_below(r, 2000)));
		peer_drain(p);
	}
	vhost_run(&p->h);
	peer_drain(p);
}

static const enum ustack_state battered[] = {
	USTACK_SYN_RCVD,   USTACK_ESTABLISHED, USTACK_FIN_WAIT_1,
	USTACK_FIN_WAIT_2, USTACK_CLOSE_WAIT,  USTACK_CLOSING,
	USTACK_LAST_ACK,   USTACK_TIME_WAIT,
};

/* Malformed input of any kind neither crashes, leaks nor hangs (res-4). */
START_TEST(damaged_segments_do_no_harm)
{
	struct wire_pos at;
	struct peer p;
	struct rng r;

	rng_init(&r, PEER_SEED + (uint64_t)_i);
	wire_init(&p, _i & 1, NULL);
	p.no_auto_read = true; /* damaged payload is no defect */
	at = wire_goto(&p, battered[_i / 2]);
	batter(&p, &r, at);
	ustack_abort(p.h.s, p.conn); /* it may be over, but not read */
	vhost_run(&p.h);
	wire_check_listener(&p);
	peer_fini(&p);
}
END_TEST

/* An acknowledgement with blocks near what is in flight, or far from it. */
static struct pseg any_sack(struct rng *r, const struct ustack_info *info,
			    struct wire_pos at)
{
	uint32_t una = at.snd - info->unacked;
	uint32_t span = info->unacked + 3000;
	struct pseg s = { .flags = TCP_ACK,
			  .seq = at.rcv + rng_below(r, 2),
			  .ack = una,
			  .len = rng_below(r, 16) ? 0 : rng_below(r, 1400),
			  .wnd = (uint16_t)(1 + rng_below(r, 65535)),
			  .has = rng_below(r, 16) ? TCP_OPT_HAS_TS : 0,
			  .tsval = 1000 + (uint32_t)(info->age_us / 1000),
			  .tsecr = (uint32_t)rng_u64(r),
			  .nsack = (uint8_t)rng_below(r, TCP_SACK_MAX) };

	if (rng_below(r, 3) == 0)
		s.ack += rng_below(r, 2 + info->unacked / 2);
	if (rng_below(r, 16) == 0)
		s.flags |= TCP_ECE | TCP_CWR;
	for (uint32_t i = 0; i < s.nsack; i++) {
		s.sack[i].start = una - 1500 + rng_below(r, span);
		s.sack[i].end = s.sack[i].start + rng_below(r, 5000);
		if (rng_below(r, 16) == 0)
			s.sack[i].end = (uint32_t)rng_u64(r);
	}
	return s;
}

/*
 * A sender's scoreboard under blocks, timestamps and windows that no receiver
 * would send (res-4): the instance works on, and nothing is left behind.
 */
START_TEST(impossible_acknowledgements_do_no_harm)
{
	struct wire_pos at = { 1, 1 };
	struct peer p;
	struct rng r;

	rng_init(&r, PEER_SEED + (uint64_t)_i);
	wire_init(&p, _i & 1, NULL);
	p.whole = true;
	p.no_auto_read = true;
	peer_open_with(&p, (struct pseg){ .mss = 1460,
					  .has = TCP_OPT_HAS_TS |
						 TCP_OPT_HAS_WSCALE,
					  .wscale = 7,
					  .tsval = 1000,
					  .sack_ok = true });
	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct ustack_info info;

		if (ustack_info(p.h.s, p.conn, &info) < 0)
			break;
		at.snd = (uint32_t)info.bytes_out + 1;
		at.rcv = (uint32_t)info.bytes_in + 1;
		if (rng_below(&r, 4) == 0 && peer_send(&p, 20000) < 0)
			peer_advance(&p, MS(1));
		peer_tx(&p, any_sack(&r, &info, at));
		if (rng_below(&r, 3) == 0)
			peer_advance(&p, MS(rng_below(&r, _i % 3 ? 30 : 400)));
		peer_drain(&p);
	}
	ustack_abort(p.h.s, p.conn);
	vhost_run(&p.h);
	p.whole = false;
	p.no_auto_read = false;
	wire_check_listener(&p);
	peer_fini(&p);
}
END_TEST

/* Bytes that were never a packet (res-4). */
START_TEST(noise_does_no_harm)
{
	struct peer p;
	struct rng r;

	rng_init(&r, PEER_SEED + (uint64_t)_i);
	wire_init(&p, _i & 1, NULL);
	for (uint32_t i = 0; i < 2 * ROUNDS; i++) {
		uint8_t b[200];
		uint32_t len = rng_below(&r, sizeof(b));

		for (uint32_t k = 0; k < len; k++)
			b[k] = (uint8_t)rng_u64(&r);
		if (len > 0)
			b[0] = _i & 1 ? 0x60 : 0x45;
		peer_raw(&p, b, len);
		peer_drain(&p);
	}
	wire_check_listener(&p);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_damage(void)
{
	Suite *s = suite_create("damage");
	TCase *tc = wire_case(s, "segments");

	tcase_add_loop_test(tc, damaged_segments_do_no_harm, 0,
			    2 * (int)WIRE_ROWS(battered));
	tcase_add_loop_test(tc, impossible_acknowledgements_do_no_harm, 0, 16);
	tcase_add_loop_test(tc, noise_does_no_harm, 0, 2);
	return s;
}

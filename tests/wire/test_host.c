/* SPDX-License-Identifier: MIT */
/*
 * test_host.c - the host behind the TUN: whose address answers, and what a
 *		 link without neighbours does with their discovery
 */

#include "stack/wire/icmp.h"
#include "suites.h"
#include "wire.h"

#define ASKED 77u /* last byte of the address that the peer speaks to */

/**
 * struct watch - a peer, and where its stack's packets come from
 * @p:		the peer, first, so that its context is ours
 * @out:	what it does with packets
 * @seen:	packets so far
 * @others:	those from another address than the one asked
 */
struct watch {
	struct peer p;
	int (*out)(void *ctx, struct vpkt *v);
	uint32_t seen;
	uint32_t others;
};

/* Last byte of an address. */
static uint8_t *src_of(struct vpkt *v)
{
	return v->data + (v->data[0] >> 4 == 4 ? 15 : 23);
}

static uint8_t *dst_of(struct vpkt *v)
{
	return v->data + (v->data[0] >> 4 == 4 ? 19 : 39);
}

static int watch_out(void *ctx, struct vpkt *v)
{
	struct watch *w = ctx;

	w->seen++;
	w->others += *src_of(v) != ASKED;
	return w->out(ctx, v);
}

/* All of 10.7.0.0/24 and fd07::/112 is ours, the peer's address is not. */
static void whole_net(struct ustack_config *cfg)
{
	cfg->addr[0] = (struct ustack_prefix){ vhost_addr("10.7.0.0"), 120 };
	cfg->addr[1] = (struct ustack_prefix){ vhost_addr("fd07::"), 112 };
	cfg->naddrs = 2;
	cfg->not_ours[0] = vhost_addr("10.7.0.1");
	cfg->not_ours[1] = vhost_addr("fd07::1");
	cfg->nnot_ours = 2;
}

static void hand_to_asked(struct peer *p, struct vpkt *v)
{
	*dst_of(v) = ASKED;
	v->csum_ok = true;
	if (v->data[0] >> 4 == 4)
		wire_ip4_csum(v);
	if (v->data[v->data[0] >> 4 == 4 ? 9 : 6] != 6)
		wire_icmp_csum(v);
	wire_hand(p, v);
}

static void tx_to_asked(struct peer *p, struct pseg s)
{
	hand_to_asked(p, peer_build(p, &s));
}

static void ask_without_tcp(struct peer *p)
{
	struct vpkt *v = wire_ip(p, p->v6 ? 58 : 1, 64);

	v->data[v->l4_off] = p->v6 ? ICMP6_ECHO : ICMP4_ECHO;
	hand_to_asked(p, v);
	hand_to_asked(p, wire_ip(p, 17, 64));
	ck_assert_uint_eq(p->icmp_out, 2);
}

/*
 * RFC 9293 section 3.9.1.1 (MUST-45), RFC 1122 section 3.2.1.3 (1122-5): the
 * address that was asked answers, from the first segment to the last.
 */
START_TEST(answers_come_from_the_address_asked)
{
	struct pseg stray = { .flags = TCP_SYN, .dport = 9 };
	struct watch w = { 0 };
	struct peer *p = &w.p;

	wire_init(p, _i, whole_net);
	w.out = p->h.out;
	p->h.out = watch_out;
	ask_without_tcp(p);
	tx_to_asked(p, stray);
	tx_to_asked(p, seg(TCP_SYN, 0, 0, 0));
	tx_to_asked(p, seg_ack(1, 1));
	ck_assert_uint_eq(p->c.accepted, 1);
	peer_send(p, 100);
	peer_advance(p, SEC(1)); /* repeated */
	tx_to_asked(p, seg_data(2, 101, 9));
	tx_to_asked(p, seg_data(1, 101, 1));
	wire_shutdown(p);
	tx_to_asked(p, seg_fin(11, 102));
	wire_check_state(p, USTACK_TIME_WAIT);
	tx_to_asked(p, seg_fin(11, 102));
	ck_assert_uint_ge(w.seen, 10);
	ck_assert_uint_eq(w.others, 0);
	peer_fini(p);
}
END_TEST

/* Router and neighbour discovery, redirect, multicast listeners. */
static const uint8_t discovery[] = { 133, 134, 135, 136, 137, 130, 131, 143 };

static struct vpkt *discovery_packet(const struct peer *p, uint8_t type,
				     bool multicast)
{
	struct vpkt *v = wire_ip(p, 58, 32);

	v->data[7] = 255;
	if (multicast)
		memcpy(v->data + 24, vhost_addr("ff02::1").b, 16);
	v->data[v->l4_off] = type;
	memcpy(v->data + v->l4_off + 8, vhost_addr("fd07::2").b, 16);
	v->data[v->l4_off + 24] = 1; /* source link-layer address */
	v->data[v->l4_off + 25] = 1;
	wire_icmp_csum(v);
	return v;
}

/* RFC 8504 section 5.4 (8504-4): a TUN has no neighbours to discover. */
START_TEST(neighbour_discovery_is_ignored)
{
	uint64_t dropped;
	struct peer p;

	peer_init6(&p, NULL);
	peer_open(&p);
	dropped = wire_drops(&p);
	wire_hand(&p, discovery_packet(&p, discovery[_i], false));
	wire_hand(&p, discovery_packet(&p, discovery[_i], true));
	ck_assert_uint_eq(wire_drops(&p), dropped + 2);
	ck_assert_uint_eq(p.icmp_out, 0);
	peer_expect_none(&p);
	peer_tx(&p, seg_data(1, 1, 10));
	ck_assert_uint_eq(p.received, 10);
	peer_fini(&p);
}
END_TEST

Suite *suite_wire_host(void)
{
	Suite *s = suite_create("host");
	TCase *tc = wire_case(s, "addresses");

	tcase_add_loop_test(tc, answers_come_from_the_address_asked, 0, 2);
	tc = wire_case(s, "link");
	tcase_add_loop_test(tc, neighbour_discovery_is_ignored, 0,
			    (int)WIRE_ROWS(discovery));
	return s;
}

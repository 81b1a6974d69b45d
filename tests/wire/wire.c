/* SPDX-License-Identifier: MIT */
/*
 * wire.c - what the wire tests share
 */

#include "wire.h"

#include "stack/wire/csum.h"
#include "stack/wire/ip4.h"
#include "stack/wire/ip6.h"

#define TEST_TIMEOUT_S 60
#define LATE_US	       200u /* the timer wheel ticks every 64 us */

TCase *wire_case(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, TEST_TIMEOUT_S);
	suite_add_tcase(s, tc);
	return tc;
}

void wire_init(struct peer *p, int v6, void (*tweak)(struct ustack_config *cfg))
{
	if (v6)
		peer_init6(p, tweak);
	else
		peer_init(p, tweak);
}

void wire_small_window(struct ustack_config *cfg)
{
	cfg->rcvbuf_init = 4096;
	cfg->rcvbuf_max = 4096;
}

void wire_shutdown(struct peer *p)
{
	ck_assert_int_eq(ustack_shutdown(p->h.s, p->conn), 0);
	vhost_run(&p->h);
}

void wire_close(struct peer *p)
{
	ck_assert_int_eq(ustack_close(p->h.s, p->conn), 0);
	vhost_run(&p->h);
}

void wire_abort(struct peer *p)
{
	ck_assert_int_eq(ustack_abort(p->h.s, p->conn), 0);
	vhost_run(&p->h);
}

uint32_t wire_take(struct peer *p, uint32_t *bytes)
{
	struct pseg s;
	uint32_t n = 0;

	*bytes = 0;
	while (peer_rx(p, &s)) {
		*bytes += s.len;
		n++;
	}
	return n;
}

/* From deadline to deadline, so that time stops where the segment left. */
struct pseg wire_expect_after_at(struct peer *p, uint64_t ms, const char *file,
				 int line)
{
	uint64_t start_us = p->h.now_us;
	uint64_t end_us = start_us + MS(ms) + LATE_US;
	struct pseg s = { 0 };

	vhost_run(&p->h);
	while (p->head == p->tail && p->h.deadline_us <= end_us)
		vhost_advance(&p->h, p->h.deadline_us);
	ck_assert_msg(peer_rx(p, &s), "%s:%d: nothing after %u ms", file, line,
		      (unsigned int)ms);
	ck_assert_msg(p->h.now_us - start_us >= MS(ms),
		      "%s:%d: after %u us, want %u ms", file, line,
		      (unsigned int)(p->h.now_us - start_us), (unsigned int)ms);
	return s;
}

void wire_check_state(struct peer *p, enum ustack_state st)
{
	for (uint32_t i = USTACK_SYN_SENT; i < USTACK_STATES; i++)
		if (peer_states(p, i) != (i == st))
			ck_abort_msg("%u connections in %s, want one in %s",
				     peer_states(p, i), ustack_state_name(i),
				     ustack_state_name(st));
}

void wire_check_listener(struct peer *p)
{
	uint32_t isn = p->stack_isn;
	uint32_t accepted = p->c.accepted;
	struct pseg s;

	peer_drain(p);
	p->isn_known = false;
	peer_tx(p, (struct pseg){ .flags = TCP_SYN, .sport = 50000 });
	s = peer_expect(p, TCP_SYN | TCP_ACK, 0, 1, 0);
	ck_assert_uint_eq(s.dport, 50000);
	peer_tx(p, (struct pseg){ .flags = TCP_ACK,
				  .seq = 1,
				  .ack = 1,
				  .sport = 50000 });
	ck_assert_uint_eq(p->c.accepted, accepted + 1);
	peer_tx(p, (struct pseg){ .flags = TCP_RST, .seq = 1, .sport = 50000 });
	p->stack_isn = isn;
}

uint32_t wire_worst_shrink(struct peer *p)
{
	uint32_t shift = peer_info(p).rcv_wscale;
	uint32_t seq = 1, edge = 0, worst = 0;
	struct pseg s;

	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t len = 1 + (i * 7919u) % 1400;

		len = min_u32(len, peer_info(p).rcv_wnd);
		peer_tx(p, seg_data(seq, 1, len));
		seq += len;
		if (i % 3 == 0)
			peer_read(p, (i * 104729u) % 4000);
		vhost_run(&p->h);
		while (peer_rx(p, &s)) {
			uint32_t e = s.ack + ((uint32_t)s.wnd << shift);

			if ((int32_t)(edge - e) > 0)
				worst = max_u32(worst, edge - e);
			edge = e;
		}
	}
	return worst;
}

struct vpkt *wire_ip(const struct peer *p, uint8_t proto, uint32_t len)
{
	uint32_t hdr = p->v6 ? IP6_HDR_LEN : IP4_HDR_MIN;
	struct vpkt *v = vpkt_new(hdr + len);
	struct ip4_hdr h4 = { .src = { 10, 7, 0, 1 },
			      .dst = { 10, 7, 0, 2 },
			      .total_len = v->len,
			      .ttl = 64,
			      .proto = proto };
	struct ip6_hdr h6 = { .payload_len = len,
			      .hop_limit = 64,
			      .proto = proto };

	v->l4_off = (uint16_t)hdr;
	memcpy(h6.src, vhost_addr("fd07::1").b, 16);
	memcpy(h6.dst, vhost_addr("fd07::2").b, 16);
	if (p->v6)
		ip6_build(v->data, &h6);
	else
		ip4_build(v->data, &h4);
	return v;
}

void wire_ip4_csum(struct vpkt *v)
{
	uint16_t csum;

	memset(v->data + 10, 0, 2);
	csum = csum_finish(csum_add(0, v->data, (v->data[0] & 15u) * 4));
	memcpy(v->data + 10, &csum, 2);
}

void wire_icmp_csum(struct vpkt *v)
{
	uint32_t len = v->len - v->l4_off;
	uint8_t *icmp = v->data + v->l4_off;
	uint64_t sum = 0;
	uint16_t csum;

	if (v->data[0] >> 4 == 6)
		sum = csum_pseudo6(v->data + 8, v->data + 24, 58, len);
	memset(icmp + 2, 0, 2);
	csum = csum_finish(csum_add(sum, icmp, len));
	memcpy(icmp + 2, &csum, 2);
}

void wire_hand(struct peer *p, struct vpkt *v)
{
	vhost_input(&p->h, v);
	vhost_run(&p->h);
}

uint64_t wire_drops(struct peer *p)
{
	uint64_t n = 0;

	for (uint32_t i = USTACK_C_DROP_NOT_IP; i < USTACK_COUNTERS_MAX; i++)
		n += peer_counter(p, i);
	return n;
}

static struct wire_pos go_open(struct peer *p)
{
	peer_open(p);
	return (struct wire_pos){ 1, 1 };
}

static struct wire_pos go_syn_rcvd(struct peer *p)
{
	peer_connect(p);
	peer_expect(p, TCP_SYN, 0, 0, 0);
	peer_tx(p, (struct pseg){ .flags = TCP_SYN, .mss = 1460 });
	peer_expect(p, TCP_SYN | TCP_ACK, 0, 1, 0);
	return (struct wire_pos){ 1, 1 };
}

static struct wire_pos go_fin_wait_1(struct peer *p)
{
	go_open(p);
	wire_shutdown(p);
	peer_expect(p, TCP_FIN | TCP_ACK, 1, 1, 0);
	return (struct wire_pos){ 1, 2 };
}

static struct wire_pos go_fin_wait_2(struct peer *p)
{
	go_fin_wait_1(p);
	peer_tx(p, seg_ack(1, 2));
	return (struct wire_pos){ 1, 2 };
}

static struct wire_pos go_close_wait(struct peer *p)
{
	go_open(p);
	peer_tx(p, seg_fin(1, 1));
	peer_expect(p, TCP_ACK, 1, 2, 0);
	return (struct wire_pos){ 2, 1 };
}

static struct wire_pos go_closing(struct peer *p)
{
	go_fin_wait_1(p);
	peer_tx(p, seg_fin(1, 1));
	peer_expect(p, TCP_ACK, 2, 2, 0);
	return (struct wire_pos){ 2, 2 };
}

static struct wire_pos go_last_ack(struct peer *p)
{
	go_close_wait(p);
	wire_shutdown(p);
	peer_expect(p, TCP_FIN | TCP_ACK, 1, 2, 0);
	return (struct wire_pos){ 2, 2 };
}

static struct wire_pos go_time_wait(struct peer *p)
{
	go_fin_wait_2(p);
	peer_tx(p, seg_fin(1, 2));
	peer_expect(p, TCP_ACK, 2, 2, 0);
	return (struct wire_pos){ 2, 2 };
}

struct wire_pos wire_goto(struct peer *p, enum ustack_state st)
{
	static struct wire_pos (*const go[])(struct peer *) = {
		[USTACK_SYN_RCVD] = go_syn_rcvd,
		[USTACK_ESTABLISHED] = go_open,
		[USTACK_FIN_WAIT_1] = go_fin_wait_1,
		[USTACK_FIN_WAIT_2] = go_fin_wait_2,
		[USTACK_CLOSE_WAIT] = go_close_wait,
		[USTACK_CLOSING] = go_closing,
		[USTACK_LAST_ACK] = go_last_ack,
		[USTACK_TIME_WAIT] = go_time_wait,
	};
	struct wire_pos pos = go[st](p);

	peer_expect_none(p);
	wire_check_state(p, st);
	return pos;
}

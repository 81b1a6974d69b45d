/* SPDX-License-Identifier: MIT */
/*
 * input_pkt.c - packets that the stack gets, and those it sends
 */

#include "input_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/bytes.h"
#include "stack/base/seq.h"
#include "stack/wire/csum.h"
#include "stack/wire/icmp.h"
#include "stack/wire/ip4.h"
#include "stack/wire/ip6.h"
#include "stack/wire/tcp_hdr.h"
#include "stack/wire/tcp_opt.h"

/* ---------------------------------------------------------- what is sent */

static uint64_t pseudo(const uint8_t *p, bool v6, uint32_t len)
{
	return v6 ? csum_pseudo6(p + 8, p + 24, 6, len)
		  : csum_pseudo4(p + 12, p + 16, 6, len);
}

static struct flow *flow_of(struct rig *r, bool v6, const struct tcp_hdr *h)
{
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct flow *f = &r->flow[i];

		if (f->v6 == v6 && f->lport == h->sport && f->rport == h->dport)
			return f;
	}
	return NULL;
}

/* A peer learns where the stack's stream stands. */
static void learn(struct flow *f, const struct tcp_hdr *h,
		  const struct tcp_opts *o, uint32_t len)
{
	uint32_t end = h->seq + len + ((h->flags & TCP_SYN) != 0) +
		       ((h->flags & TCP_FIN) != 0);

	if (h->flags & TCP_SYN || seq_gt(end, f->theirs))
		f->theirs = end;
	if (o->has & TCP_OPT_HAS_TS)
		f->tsval = o->tsval;
}

static void check_tcp(struct rig *r, const struct vpkt *v, bool v6)
{
	const uint8_t *tcp = v->data + v->l4_off;
	uint32_t len = v->len - v->l4_off;
	struct tcp_hdr h;
	struct tcp_opts o;
	struct flow *f;

	FUZZ_CHECK(tcp_hdr_parse(&h, tcp, len) == 0, "bad TCP header sent");
	FUZZ_CHECK(csum_finish(csum_add(pseudo(v->data, v6, len), tcp, len)) ==
			   0,
		   "wrong TCP checksum sent");
	FUZZ_CHECK(tcp_opt_parse(&o, tcp + TCP_HDR_MIN,
				 h.hdr_len - TCP_HDR_MIN),
		   "bad TCP options sent");
	FUZZ_CHECK(!(h.flags & TCP_SYN) || !(h.flags & (TCP_FIN | TCP_RST)),
		   "flags 0x%02x sent", h.flags);
	f = flow_of(r, v6, &h);
	if (f)
		learn(f, &h, &o, len - h.hdr_len);
}

void input_check(struct rig *r, const struct vpkt *v)
{
	bool v6 = v->data[0] >> 4 == 6;
	struct ip4_hdr h4;
	struct ip6_hdr h6;

	if (v6) {
		FUZZ_CHECK(ip6_parse(&h6, v->data, v->len) == IP6_OK,
			   "bad IPv6 header sent");
		FUZZ_CHECK(h6.payload_len + IP6_HDR_LEN == v->len,
			   "bad payload length sent");
		if (h6.proto == 6 && !h6.frag)
			check_tcp(r, v, true);
		return;
	}
	FUZZ_CHECK(ip4_parse(&h4, v->data, v->len) == IP4_OK,
		   "bad IPv4 header sent");
	FUZZ_CHECK(h4.total_len == v->len, "bad total length sent");
	if (h4.proto == 6)
		check_tcp(r, v, false);
}

/* ---------------------------------------------------------------- packets */

/* A packet from the peer with @len bytes behind the IP header. */
static struct vpkt *ip_packet(bool v6, uint8_t proto, uint32_t len)
{
	uint32_t hdr = v6 ? IP6_HDR_LEN : IP4_HDR_MIN;
	struct vpkt *v = vpkt_new(hdr + len);
	struct ip4_hdr h4 = { .src = { 10, 7, 0, 1 },
			      .dst = { 10, 7, 0, 2 },
			      .total_len = hdr + len,
			      .ttl = 64,
			      .proto = proto };
	struct ip6_hdr h6 = { .payload_len = len,
			      .hop_limit = 64,
			      .proto = proto };

	memcpy(h6.src, vhost_addr("fd07::1").b, 16);
	memcpy(h6.dst, vhost_addr("fd07::2").b, 16);
	if (v6)
		ip6_build(v->data, &h6);
	else
		ip4_build(v->data, &h4);
	v->l4_off = (uint16_t)hdr;
	v->csum_ok = true;
	return v;
}

static void fix_icmp(struct vpkt *v, bool v6)
{
	uint8_t *m = v->data + v->l4_off;
	uint32_t len = v->len - v->l4_off;
	uint64_t sum = v6 ? csum_pseudo6(v->data + 8, v->data + 24, 58, len)
			  : 0;

	icmp_set_csum(m, 0);
	icmp_set_csum(m, csum_finish(csum_add(sum, m, len)));
}

void op_raw(struct rig *r)
{
	size_t len = fuzz_u16(r->in) % LAST_MAX;
	const uint8_t *p = fuzz_take(r->in, &len);
	struct vpkt *v = vpkt_new((uint32_t)len);

	memcpy(v->data, p, len);
	v->csum_ok = true;
	vhost_input(&r->h, v);
}

static uint32_t near(struct rig *r, uint32_t at)
{
	int off = (int8_t)fuzz_u8(r->in);

	/* small steps, then about as many segments */
	return at + (uint32_t)(abs(off) < 32 ? off : 1448 * off);
}

static void read_sacks(struct rig *r, const struct flow *f, struct tcp_opts *o)
{
	for (uint8_t i = 0; i < o->nsack; i++) {
		o->sack[i].start = near(r, f->theirs);
		o->sack[i].end = near(r, f->theirs);
	}
	if (o->nsack)
		o->has |= TCP_OPT_HAS_SACK;
}

/* Options as the input has them; the bytes are written to @opt. */
static uint32_t read_options(struct rig *r, const struct flow *f, uint8_t *opt)
{
	uint8_t which = fuzz_u8(r->in);
	struct tcp_opts o = { .nsack = (which >> 4) & 3 };
	size_t len;

	if (which & 0x40) {
		len = (fuzz_u8(r->in) & 0x24u) + 4u;
		memset(opt, 0, len);
		memcpy(opt, r->in->p,
		       min_u32((uint32_t)len, (uint32_t)r->in->left));
		(void)fuzz_take(r->in, &len);
		return (uint32_t)(len + 3) & ~3u;
	}
	if (which & 1)
		o.has |= TCP_OPT_HAS_TS;
	if (which & 2)
		o.has |= TCP_OPT_HAS_MSS | TCP_OPT_HAS_WSCALE;
	if (which & 4)
		o.has |= TCP_OPT_HAS_SACK_OK;
	if (which & 8)
		o.has |= TCP_OPT_HAS_UTO;
	o.tsval = (uint32_t)(r->h.now_us / 1000) +
		  (which & 0x80 ? (uint32_t)(int8_t)fuzz_u8(r->in) : 0);
	o.tsecr = f->tsval;
	o.mss = which & 2 ? (uint16_t)(fuzz_u8(r->in) * 8u) : 0;
	o.wscale = which & 2 ? fuzz_u8(r->in) & 15 : 0;
	o.uto = which & 8 ? fuzz_u16(r->in) : 0;
	read_sacks(r, f, &o);
	return tcp_opt_build(opt, &o);
}

void op_segment(struct rig *r)
{
	uint8_t first = fuzz_u8(r->in);
	struct flow *f = &r->flow[first % FLOWS];
	struct tcp_hdr h = { .sport = f->rport, .dport = f->lport };
	uint8_t opt[TCP_OPT_MAX + 4];
	uint32_t opt_len, len;
	struct vpkt *v;

	h.flags = fuzz_u8(r->in);
	h.seq = near(r, f->next);
	h.ack = h.flags & TCP_ACK ? near(r, f->theirs) : 0;
	h.wnd = (uint16_t)(fuzz_u8(r->in) << 8 | 0xff);
	h.urg = h.flags & TCP_URG ? fuzz_u8(r->in) : 0;
	if (first & 0x80)
		h.wnd = 0;
	opt_len = read_options(r, f, opt);
	len = fuzz_u8(r->in) * (first & 0x40 ? 79u : 6u);
	h.hdr_len = (uint8_t)(TCP_HDR_MIN + opt_len);
	v = ip_packet(f->v6, 6, h.hdr_len + len);
	if (len > 1448)
		v->gso_size = 1448;
	tcp_hdr_build(v->data + v->l4_off, &h);
	memcpy(v->data + v->l4_off + TCP_HDR_MIN, opt, opt_len);
	if (h.flags & TCP_SYN)
		f->next = h.seq;
	if (h.seq == f->next)
		f->next += len + ((h.flags & TCP_SYN) != 0) +
			   ((h.flags & TCP_FIN) != 0);
	vhost_input(&r->h, v);
}

/* An error about what the stack sent last. */
void op_icmp_error(struct rig *r)
{
	bool v6 = r->last[0] >> 4 == 6;
	uint32_t len = min_u32(r->last_len, 28u + fuzz_u8(r->in));
	struct vpkt *v = ip_packet(v6, v6 ? 58 : 1, ICMP_HDR_LEN + len);
	struct icmp_hdr h = { .type = fuzz_u8(r->in) };
	uint32_t at;

	h.code = fuzz_u8(r->in) & 15;
	h.rest = fuzz_u16(r->in);
	icmp_build(v->data + v->l4_off, &h);
	memcpy(v->data + v->l4_off + ICMP_HDR_LEN, r->last, len);
	at = v->l4_off + ICMP_HDR_LEN + fuzz_u8(r->in);
	if (at < v->len)
		v->data[at] ^= fuzz_u8(r->in);
	fix_icmp(v, v6);
	vhost_input(&r->h, v);
}

/* What it sent last comes back: an echo becomes its reply. */
void op_turn_round(struct rig *r)
{
	bool v6 = r->last[0] >> 4 == 6;
	uint32_t hdr = v6 ? IP6_HDR_LEN : IP4_HDR_MIN;
	uint32_t len = r->last_len > hdr ? r->last_len - hdr : 0;
	uint8_t proto = v6 ? r->last[6] : r->last[9];
	struct vpkt *v = ip_packet(v6, proto, len);
	uint32_t at = v->l4_off + fuzz_u8(r->in);

	memcpy(v->data + hdr, r->last + hdr, len);
	if (len > ICMP_HDR_LEN && (proto == 1 || proto == 58)) {
		v->data[hdr] = v6 ? ICMP6_ECHO_REPLY : ICMP4_ECHO_REPLY;
		if (at < v->len)
			v->data[at] ^= fuzz_u8(r->in);
		fix_icmp(v, v6);
	}
	vhost_input(&r->h, v);
}

void op_fragment(struct rig *r)
{
	uint8_t what = fuzz_u8(r->in);
	bool v6 = what & 1;
	bool more = what & 2;
	uint32_t off = (what >> 3) * 8u;
	uint32_t len = fuzz_u8(r->in) * 8u + (more ? 0 : what & 7u);
	uint8_t id = fuzz_u8(r->in) & 7;
	struct vpkt *v = ip_packet(v6, v6 ? 44 : (what & 4 ? 1 : 6),
				   len + (v6 ? 8 : 0));
	uint8_t *l4 = v->data + v->l4_off;
	uint16_t csum;

	if (v6) {
		l4[0] = what & 4 ? 58 : 6;
		be16_store(l4 + 2, (uint16_t)(off | more));
		be32_store(l4 + 4, id);
	} else {
		be16_store(v->data + 4, id);
		be16_store(v->data + 6,
			   (uint16_t)(off / 8 | (more ? 0x2000 : 0)));
		be16_store(v->data + 10, 0);
		csum = csum_finish(csum_add(0, v->data, IP4_HDR_MIN));
		memcpy(v->data + 10, &csum, 2);
	}
	vhost_input(&r->h, v);
}

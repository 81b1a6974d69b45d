/* SPDX-License-Identifier: MIT */
/*
 * path.c - one direction of a link
 */

#include "path.h"

#include <stdlib.h>
#include <string.h>

#include "stack/base/bytes.h"
#include "stack/wire/csum.h"
#include "stack/wire/icmp.h"
#include "stack/wire/ip4.h"

#define IP4_DF	    0x4000u
#define IP4_MF	    0x2000u
#define PROTO_TCP   6u
#define PROTO_ICMP  1u
#define PROTO_ICMP6 58u
#define IP6_HDR	    40u
#define QUOTE4	    576u  /* an error's size at most (1812 4.3.2.3) */
#define QUOTE6	    1280u /* (4443 3.2) */
#define ECN_MASK    3u
#define NS	    1000000000ull

static const uint8_t router4[4] = { 10, 7, 0, 254 };
static const uint8_t router6[16] = { 0xfd, 0x07, [15] = 0xfe };

static bool chance(struct rng *rng, double p)
{
	return p > 0 && rng_unit(rng) < p;
}

static bool is_v4(const struct vpkt *p)
{
	return p->data[0] >> 4 == 4;
}

const uint8_t *vpkt_tcp(const struct vpkt *p, uint32_t *payload)
{
	uint8_t proto = p->data[is_v4(p) ? 9 : 6];
	const uint8_t *tcp = p->data + p->l4_off;
	uint32_t hdr;

	if (proto != PROTO_TCP || p->l4_off + TCP_HDR_MIN > p->len)
		return NULL;
	if (is_v4(p) && (be16_load(p->data + 6) & 0x1fff) != 0)
		return NULL; /* a later fragment has no header */
	hdr = (uint32_t)(tcp[12] >> 4) * 4u;
	if (payload)
		*payload = p->len - min_u32(p->len, p->l4_off + hdr);
	return tcp;
}

struct vpkt *vpkt_segment(int from, struct tcp_hdr h, const uint8_t *opt,
			  uint32_t opt_len)
{
	uint32_t len = TCP_HDR_MIN + opt_len;
	struct vpkt *p = vpkt_new(IP4_HDR_MIN + len);
	struct ip4_hdr ip = { .src = { 10, 7, 0, (uint8_t)(1 + from) },
			      .dst = { 10, 7, 0, (uint8_t)(2 - from) },
			      .total_len = p->len,
			      .ttl = 64,
			      .proto = PROTO_TCP };
	uint8_t *tcp = p->data + IP4_HDR_MIN;
	uint64_t sum = csum_pseudo4(ip.src, ip.dst, PROTO_TCP, len);
	uint16_t csum;

	p->l4_off = IP4_HDR_MIN;
	h.hdr_len = (uint8_t)len;
	ip4_build(p->data, &ip);
	tcp_hdr_build(tcp, &h);
	memcpy(tcp + TCP_HDR_MIN, opt, opt_len);
	csum = csum_finish(csum_add(sum, tcp, len));
	memcpy(tcp + TCP_CSUM_OFF, &csum, 2);
	return p;
}

bool path_cuts(const struct path *path)
{
	return path->split || path->rate_bps || path->mtu || path->nturns;
}

const char *path_fate_name(enum path_fate fate)
{
	static const char *const names[] = {
		[PATH_PASS] = "",
		[PATH_CORRUPT] = " CORRUPTED",
		[PATH_LOST] = " LOST",
		[PATH_SCRIPTED] = " DROPPED",
		[PATH_QUEUE_FULL] = " QUEUE FULL",
		[PATH_TOO_BIG] = " TOO BIG",
	};

	return names[fate];
}

static void turn(struct path *path, uint64_t now_us)
{
	while (path->st.turned < path->nturns &&
	       path->turn[path->st.turned].at_us <= now_us)
		path->mtu = path->turn[path->st.turned++].mtu;
}

/* ---------------------------------------------------------------- scripts */

static struct path_flow *flow_of(struct path_state *st, const uint8_t *tcp)
{
	uint16_t sport = be16_load(tcp);
	struct path_flow *f;

	for (uint32_t i = 0; i < st->nflows; i++)
		if (st->flow[i].sport == sport)
			return &st->flow[i];
	if (st->nflows == PATH_FLOWS_MAX)
		return NULL;
	f = &st->flow[st->nflows++];
	*f = (struct path_flow){ .sport = sport };
	return f;
}

static bool fits(const struct path_drop *d, const struct path_flow *f,
		 uint32_t seq, uint32_t len)
{
	if (d->times == 0 || (d->sport && d->sport != f->sport))
		return false;
	if (d->nth)
		return f->ndata == d->nth;
	return d->offset - (seq - f->iss - 1) < len;
}

/* True if the script wants this packet lost. */
static bool scripted(struct path *path, const struct vpkt *p)
{
	uint32_t len = 0;
	const uint8_t *tcp = vpkt_tcp(p, &len);
	struct path_flow *f = tcp ? flow_of(&path->st, tcp) : NULL;
	uint32_t seq;

	if (!f)
		return false;
	seq = be32_load(tcp + 4);
	if (tcp[13] & TCP_SYN)
		f->iss = seq;
	if (len == 0)
		return false;
	f->ndata++;
	for (uint32_t i = 0; i < PATH_DROPS_MAX; i++) {
		if (!fits(&path->drop[i], f, seq, len))
			continue;
		path->drop[i].times--;
		return true;
	}
	return false;
}

/* ------------------------------------------------------------- bottleneck */

static uint64_t backlog(const struct path *path, uint64_t now_ns)
{
	uint64_t wait_ns = path->st.free_ns > now_ns ? path->st.free_ns - now_ns
						     : 0;

	return wait_ns / 1000 * path->rate_bps / (8 * NS / 1000);
}

static void refresh_csum(struct vpkt *p)
{
	uint16_t csum;

	memset(p->data + 10, 0, 2);
	csum = csum_finish(csum_add(0, p->data, IP4_HDR_MIN));
	memcpy(p->data + 10, &csum, 2);
}

static void mark_ce(struct path *path, struct vpkt *p)
{
	if (is_v4(p)) {
		if ((p->data[1] & ECN_MASK) == 0)
			return;
		p->data[1] |= ECN_MASK;
		refresh_csum(p);
	} else {
		if ((p->data[1] >> 4 & ECN_MASK) == 0)
			return;
		p->data[1] |= (uint8_t)(ECN_MASK << 4);
	}
	path->st.marked++;
}

/* False if there is no room. */
static bool queue(struct path *path, uint64_t now_us, struct vpkt *p)
{
	uint64_t now_ns = now_us * 1000;
	uint64_t waiting;

	if (!path->rate_bps) {
		path->st.free_ns = now_ns;
		return true;
	}
	waiting = backlog(path, now_ns);
	/* An empty queue takes any packet. */
	if (path->limit_bytes && waiting > 0 &&
	    waiting + p->len > path->limit_bytes)
		return false;
	if (path->mark_bytes && waiting > path->mark_bytes)
		mark_ce(path, p);
	path->st.queue_max = max_u32(path->st.queue_max,
				     (uint32_t)waiting + p->len);
	path->st.free_ns = max_u64(path->st.free_ns, now_ns) +
			   (uint64_t)p->len * 8 * NS / path->rate_bps;
	return true;
}

/* ------------------------------------------------------------------- fate */

void path_corrupt(struct rng *rng, struct vpkt *p)
{
	uint32_t bit = rng_below(rng, p->len * 8);

	p->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static enum path_fate judge(struct path *path, struct rng *rng, uint64_t now_us,
			    struct vpkt *p)
{
	turn(path, now_us);
	if (scripted(path, p)) {
		path->st.lost++;
		return PATH_SCRIPTED;
	}
	if (chance(rng, path->loss)) {
		path->st.lost++;
		return PATH_LOST;
	}
	if (path->mtu && p->len > path->mtu) {
		path->st.too_big++;
		return PATH_TOO_BIG;
	}
	if (!queue(path, now_us, p)) {
		path->st.overflows++;
		return PATH_QUEUE_FULL;
	}
	path->st.passed++;
	path->st.bytes += p->len;
	return PATH_PASS;
}

enum path_fate path_admit(struct path *path, struct rng *rng, uint64_t now_us,
			  struct vpkt *p)
{
	enum path_fate fate = judge(path, rng, now_us, p);

	return fate == PATH_PASS && chance(rng, path->corrupt) ? PATH_CORRUPT
							       : fate;
}

uint64_t path_arrival(const struct path *path, struct rng *rng, uint64_t now_us)
{
	uint64_t at = max_u64(now_us, (path->st.free_ns + 999) / 1000);

	at += path->delay_us;
	if (path->jitter_us)
		at += rng_below(rng, (uint32_t)path->jitter_us);
	if (chance(rng, path->hold))
		at += 10 * path->delay_us;
	if (chance(rng, path->reorder))
		at += path->reorder_us;
	return at;
}

/* ----------------------------------------------------------------- router */

static struct vpkt *frag_needed(const struct path *path, const struct vpkt *p)
{
	uint32_t quote = min_u32(p->len, QUOTE4 - IP4_HDR_MIN - ICMP_HDR_LEN);
	struct vpkt *v = vpkt_new(IP4_HDR_MIN + ICMP_HDR_LEN + quote);
	struct ip4_hdr ip = { .total_len = v->len,
			      .ttl = 64,
			      .proto = PROTO_ICMP };
	struct icmp_hdr icmp = { .type = ICMP4_UNREACH,
				 .code = ICMP4_UNREACH_NEEDFRAG,
				 .rest = path->mtu };

	v->l4_off = IP4_HDR_MIN;
	memcpy(ip.src, router4, 4);
	memcpy(ip.dst, p->data + 12, 4);
	ip4_build(v->data, &ip);
	icmp_build(v->data + v->l4_off, &icmp);
	memcpy(v->data + v->l4_off + ICMP_HDR_LEN, p->data, quote);
	icmp_set_csum(v->data + v->l4_off,
		      csum_finish(csum_add(0, v->data + v->l4_off,
					   v->len - v->l4_off)));
	return v;
}

static struct vpkt *packet_too_big(const struct path *path,
				   const struct vpkt *p)
{
	uint32_t quote = min_u32(p->len, QUOTE6 - IP6_HDR - ICMP_HDR_LEN);
	struct vpkt *v = vpkt_new(IP6_HDR + ICMP_HDR_LEN + quote);
	struct icmp_hdr icmp = { .type = ICMP6_TOO_BIG, .rest = path->mtu };
	uint8_t *at = v->data + IP6_HDR;
	uint64_t sum;

	v->l4_off = IP6_HDR;
	v->data[0] = 0x60;
	be16_store(v->data + 4, (uint16_t)(v->len - IP6_HDR));
	v->data[6] = PROTO_ICMP6;
	v->data[7] = 64;
	memcpy(v->data + 8, router6, 16);
	memcpy(v->data + 24, p->data + 8, 16);
	icmp_build(at, &icmp);
	memcpy(at + ICMP_HDR_LEN, p->data, quote);
	sum = csum_pseudo6(v->data + 8, v->data + 24, PROTO_ICMP6,
			   v->len - IP6_HDR);
	icmp_set_csum(at, csum_finish(csum_add(sum, at, v->len - IP6_HDR)));
	return v;
}

/* @len bytes of payload from @off on; the packet may be a fragment itself. */
static struct vpkt *fragment(const struct vpkt *p, uint32_t off, uint32_t len)
{
	struct vpkt *v = vpkt_new(IP4_HDR_MIN + len);
	uint32_t field = be16_load(p->data + 6) + off / 8;

	v->l4_off = IP4_HDR_MIN;
	memcpy(v->data, p->data, IP4_HDR_MIN);
	memcpy(v->data + IP4_HDR_MIN, p->data + IP4_HDR_MIN + off, len);
	if (IP4_HDR_MIN + off + len < p->len)
		field |= IP4_MF;
	be16_store(v->data + 2, (uint16_t)v->len);
	be16_store(v->data + 6, (uint16_t)field);
	refresh_csum(v);
	return v;
}

bool path_fragment(struct path *path, uint64_t now_us, struct vpkt *p,
		   void (*sink)(void *ctx, struct vpkt *p), void *ctx)
{
	uint32_t total = p->len - IP4_HDR_MIN;
	uint32_t each;

	turn(path, now_us);
	if (!path->mtu || p->len <= path->mtu || !is_v4(p) ||
	    be16_load(p->data + 6) & IP4_DF)
		return false;
	each = (path->mtu - IP4_HDR_MIN) & ~7u;
	for (uint32_t off = 0; off < total; off += each)
		sink(ctx, fragment(p, off, min_u32(each, total - off)));
	free(p);
	return true;
}

struct vpkt *path_too_big(const struct path *path, const struct vpkt *p)
{
	if (!is_v4(p))
		return packet_too_big(path, p);
	return be16_load(p->data + 6) & IP4_DF ? frag_needed(path, p) : NULL;
}

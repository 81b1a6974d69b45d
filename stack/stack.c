/* SPDX-License-Identifier: MIT */
/*
 * stack.c - an instance: made, fed, run, freed
 *
 *	ustack_input:  link -> ip4_input / ip6_input -> tcp | icmp | unreachable
 *	ustack_run:    timers -> echo requests -> ready connections: callbacks,
 *		       then tcp_output
 *
 * Input marks and sends nothing of TCP; what leaves, leaves in ustack_run().
 * (Answers that need no connection, such as echo replies, leave at once.)
 */

#include "stack_int.h"

#include "stack/base/bytes.h"
#include "stack/ip/frag.h"
#include "stack/ip/ping.h"
#include "stack/tcp/tcp.h"
#include "stack/wire/icmp.h"

#define RX_BUF_SIZE  (USTACK_PKT_HEADROOM + USTACK_PKT_ROOM)
#define ADDR_MIN_MTU 1280u
#define FRAG_MEM_MIN (1u << 20) /* a quarter of it holds any datagram */

struct ustack_addr ustack_addr4(const uint8_t b[4])
{
	struct ustack_addr a = { .b = { [10] = 0xff, [11] = 0xff } };

	memcpy(a.b + 12, b, 4);
	return a;
}

bool ustack_addr_is4(const struct ustack_addr *a)
{
	return ip_is4(a);
}

bool ustack_addr_eq(const struct ustack_addr *a, const struct ustack_addr *b)
{
	return ip_addr_eq(a, b);
}

void stack_drop(struct ustack *s, enum ustack_counter reason)
{
	struct ustack_event ev;

	stack_count(s, reason);
	if (!stack_wants(s, USTACK_EV_DROPPED) && s->about == 0)
		return;

	ev = (struct ustack_event){ .kind = USTACK_EV_DROPPED,
				    .time_us = s->now_us,
				    .id = s->about,
				    .drop = (uint16_t)reason };
	s->host.event(s->host.ctx, &ev);
}

uint64_t stack_random(struct ustack *s)
{
	s->rand.n++;
	return siphash_words(&s->rand.key, &s->rand.n, 1);
}

bool stack_limit_ok(struct ustack *s, enum limit_kind kind)
{
	uint32_t rate = kind == LIMIT_RST ? s->cfg.rst_rate : s->cfg.icmp_rate;
	struct limit_price p = { .rate = rate, .now_us = s->now_us };

	if (rate == 0)
		return true;
	p.cost = (uint32_t)(stack_random(s) % (LIMIT_COST_MAX + 1));
	if (limit_take(&s->limit[kind], &p))
		return true;
	stack_count(s, kind == LIMIT_RST ? USTACK_C_TCP_RSTS_HELD
					 : USTACK_C_DROP_ICMP_LIMIT);
	return false;
}

static bool prefix_holds(const struct ustack_prefix *p,
			 const struct ustack_addr *a)
{
	uint32_t whole = p->len / 8u;
	uint32_t rest = p->len % 8u;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	if (memcmp(p->addr.b, a->b, whole) != 0)
		return false;
	return rest == 0 || ((p->addr.b[whole] ^ a->b[whole]) & mask) == 0;
}

bool stack_is_ours(const struct ustack *s, const struct ustack_addr *a)
{
	bool in = false;

	for (uint32_t i = 0; i < s->cfg.naddrs && !in; i++)
		in = prefix_holds(&s->cfg.addr[i], a);
	for (uint32_t i = 0; i < s->cfg.nnot_ours && in; i++)
		in = !ip_addr_eq(&s->cfg.not_ours[i], a);
	return in;
}

bool stack_mem_no_packet(struct ustack *s)
{
	return !mem_ensure(&s->mem, sizeof(struct ubuf) + RX_BUF_SIZE);
}

bool stack_mem_short(struct ustack *s)
{
	return stack_mem_low(s) ||
	       s->mem.used + s->mem.budget / 8 > s->mem.enough;
}

void ustack_config_init(struct ustack_config *cfg)
{
	*cfg = (struct ustack_config){
		.mtu = 1500,
		.mem_limit_bytes = (uint64_t)1 << 30,
		.max_conns = 1000000,
		.syn_backlog = 4096,
		.max_time_wait = 65536,
		.rcvbuf_init = 256u << 10,
		.rcvbuf_max = 16u << 20,
		.sndbuf_init = 64u << 10,
		.sndbuf_max = 32u << 20,
		.cc = "cubic",
		.ecn = USTACK_ECN_PASSIVE,
		.init_cwnd = 10,
		.timestamps = true,
		.wscale = true,
		.wscale_shift = USTACK_WSCALE_AUTO,
		.sack = true,
		.dsack = true,
		.ttl = 64,
		.rto_init_us = 1000000,
		.rto_min_us = 200000,
		.rto_max_us = 60000000,
		.delack_us = 40000,
		.msl_us = 30000000,
		.fin_wait2_us = 60000000,
		.r2_us = 924000000,
		.syn_r2_us = 180000000,
		.r1_retries = 3,
		.keepalive_idle_us = 7200000000,
		.keepalive_intvl_us = 75000000,
		.keepalive_probes = 9,
		.synack_retries = 5,
		.frag_max = 1024,
		.frag_mem_bytes = 4u << 20,
		.frag_timeout_us = 60000000,
		.syn_cookies = USTACK_COOKIES_AUTO,
		.icmp_rate = 1000,
		.rst_rate = 1000,
		.challenge_rate = 10,
	};
}

const char *ustack_config_check(const struct ustack_config *cfg)
{
	if (cfg->naddrs > USTACK_ADDRS_MAX || cfg->nnot_ours > USTACK_ADDRS_MAX)
		return "naddrs: more addresses than an instance can have";
	for (uint32_t i = 0; i < cfg->naddrs; i++)
		if (cfg->addr[i].len > 128)
			return "addr: a prefix is at most 128 bits long";
	if (cfg->mtu < 576 || cfg->mtu > 65535)
		return "mtu: must be 576 to 65535 bytes";
	for (uint32_t i = 0; i < cfg->naddrs; i++)
		if (!ip_is4(&cfg->addr[i].addr) && cfg->mtu < ADDR_MIN_MTU)
			return "mtu: IPv6 needs at least 1280 bytes";
	if (cfg->mem_limit_bytes < 4u * STACK_MEM_RESERVE)
		return "mem_limit_bytes: at least 4 MiB";
	if (cfg->max_conns == 0 || cfg->max_conns > 1u << 24)
		return "max_conns: must be 1 to 16777216";
	if (cfg->rcvbuf_init < 4096 || cfg->rcvbuf_max < cfg->rcvbuf_init ||
	    cfg->rcvbuf_max > 1u << 30)
		return "rcvbuf: need 4096 <= rcvbuf_init <= rcvbuf_max <= 1 GiB";
	if (cfg->sndbuf_init < 4096)
		return "sndbuf_init: at least 4096 bytes";
	if (cfg->sndbuf_max < 4096 || cfg->sndbuf_max > 1u << 30)
		return "sndbuf_max: must be 4096 bytes to 1 GiB";
	if (!tcp_cc_known(cfg->cc))
		return "cc: no such congestion control";
	if (cfg->ecn > USTACK_ECN_ACTIVE)
		return "ecn: must be one of enum ustack_ecn";
	if (cfg->wscale_shift > 14 && cfg->wscale_shift != USTACK_WSCALE_AUTO)
		return "wscale_shift: at most 14 (RFC 7323 section 2.3)";
	if (cfg->delack_us >= 500000)
		return "delack_us: must be below 500 ms (RFC 9293 MUST-40)";
	if (cfg->rto_min_us == 0 || cfg->rto_init_us < cfg->rto_min_us ||
	    cfg->rto_max_us < cfg->rto_init_us)
		return "rto: need 0 < rto_min_us <= rto_init_us <= rto_max_us";
	if (cfg->init_cwnd == 0 || cfg->init_cwnd > 1000)
		return "init_cwnd: must be 1 to 1000 segments";
	if (cfg->r1_retries < 3 || cfg->r1_retries > UINT8_MAX)
		return "r1_retries: must be 3 to 255 (RFC 9293 SHLD-10)";
	if (cfg->keepalive_idle_us < 1000000 ||
	    cfg->keepalive_intvl_us < 1000000 || cfg->keepalive_probes == 0 ||
	    cfg->keepalive_probes > 127)
		return "keepalive: need at least 1 s each, and 1 to 127 probes";
	if ((cfg->tx_tso4 || cfg->tx_tso6) && !cfg->tx_csum)
		return "tx_tso: needs tx_csum";
	if (cfg->frag_max > 0 && cfg->frag_mem_bytes < FRAG_MEM_MIN)
		return "frag_mem_bytes: at least 1 MiB, or frag_max 0";
	if (cfg->ttl == 0)
		return "ttl: must not be 0";
	if (cfg->syn_backlog == 0 || cfg->syn_backlog > 1u << 20)
		return "syn_backlog: must be 1 to 1048576";
	if (cfg->syn_cookies > USTACK_COOKIES_ALWAYS)
		return "syn_cookies: never, auto or always";
	if (cfg->synack_retries > TCP_SYNACK_RETRIES_LIMIT)
		return "synack_retries: at most 8";
	return NULL;
}

/*
 * Blocks stay in their size class.  With one chunk for packets from the start,
 * and nothing retained of a packet that took the last of them, there is always
 * one to read into, whatever else the budget went to.
 */
static bool reserve_packets(struct ustack *s)
{
	struct ustack_pkt *p = ustack_pkt_new(s);

	if (p)
		ustack_pkt_free(s, p);
	return p != NULL;
}

struct ustack *ustack_new(const struct ustack_config *cfg,
			  const struct ustack_host *host, uint64_t now_us)
{
	struct ustack *s;

	if (ustack_config_check(cfg))
		return NULL;
	s = host->alloc(host->ctx, sizeof(*s));
	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->cfg = *cfg;
	s->host = *host;
	s->now_us = now_us;
	for (uint32_t i = 0; i < LIMITS; i++)
		limit_init(&s->limit[i], now_us);
	mem_init(&s->mem, cfg->mem_limit_bytes, host->alloc, host->free,
		 host->ctx);
	mem_set_reserve(&s->mem, STACK_MEM_RESERVE);
	timer_wheel_init(&s->wheel, now_us);
	s->tcp = tcp_new(s);
	host->random(host->ctx, &s->rand.key, sizeof(s->rand.key));
	host->random(host->ctx, &s->frag_id, sizeof(s->frag_id));
	if (!s->tcp || frag_new(s) < 0 || !reserve_packets(s)) {
		ustack_free(s);
		return NULL;
	}
	return s;
}

void ustack_free(struct ustack *s)
{
	void *ctx = s->host.ctx;
	void (*release)(void *, void *, size_t) = s->host.free;

	stack_pkt_fini(s);
	if (s->tcp)
		tcp_free(s->tcp);
	frag_free(s);
	ip_path_free(s);
	ping_free(s);
	mem_fini(&s->mem);
	release(ctx, s, sizeof(*s));
}

/* Whoever sent the quoted datagram is told: TCP, or what speaks ICMP. */
static void on_error(struct ustack *s, const struct ip_error *e)
{
	if (e->proto == IP_PROTO_TCP)
		tcp_icmp(s->tcp, e);
	else if (!ping_error(s, e))
		icmp_answer_error(s, e);
}

static void input4(struct ustack *s, struct ustack_pkt **p)
{
	struct ip_error e;
	struct ip_view v;

	if (!ip4_input(s, p, &v))
		return;
	if (v.proto == IP_PROTO_TCP) {
		tcp_input(s->tcp, *p, &v);
	} else if (v.proto == IP_PROTO_ICMP) {
		if (icmp4_input(s, &v, &e))
			on_error(s, &e);
	} else {
		stack_drop(s, USTACK_C_DROP_IP_PROTO);
		icmp4_unreach(s, &v,
			      v.proto == IP_PROTO_UDP ? ICMP4_UNREACH_PORT
						      : ICMP4_UNREACH_PROTO);
	}
}

static void input6(struct ustack *s, struct ustack_pkt **p)
{
	struct ip_error e;
	struct ip_view v;

	if (!ip6_input(s, p, &v))
		return;
	if (v.proto == IP_PROTO_TCP) {
		tcp_input(s->tcp, *p, &v);
	} else if (v.proto == IP_PROTO_ICMP6) {
		if (icmp6_input(s, &v, &e))
			on_error(s, &e);
	} else if (v.proto == IP_PROTO_UDP) {
		stack_drop(s, USTACK_C_DROP_IP6_PROTO);
		icmp6_unreach(s, &v, ICMP6_UNREACH_PORT);
	} else {
		stack_drop(s, USTACK_C_DROP_IP6_PROTO);
		if (v.proto != IP_PROTO_NONE)
			icmp6_param_problem(s, &v, ICMP6_PARAM_NEXT_HEADER,
					    v.next_off);
	}
}

void ustack_input(struct ustack *s, struct ustack_pkt *p, uint64_t now_us)
{
	uint8_t version = 0;

	s->now_us = max_u64(s->now_us, now_us);
	if (p->slice[0].len > 0)
		version = slice_data(&p->slice[0])[0] >> 4;

	if (version == 4)
		input4(s, &p);
	else if (version == 6)
		input6(s, &p);
	else
		stack_drop(s, USTACK_C_DROP_NOT_IP);
	ustack_pkt_free(s, p);
}

int ustack_set_mtu(struct ustack *s, uint32_t mtu)
{
	struct ustack_config cfg = s->cfg;

	cfg.mtu = mtu;
	if (ustack_config_check(&cfg))
		return -ERR_INVAL;
	s->cfg.mtu = mtu;
	tcp_on_mtu(s->tcp);
	return 0;
}

int ustack_set_addrs(struct ustack *s, const struct ustack_addrs *a)
{
	struct ustack_config cfg = s->cfg;

	memcpy(cfg.addr, a->addr, sizeof(cfg.addr));
	memcpy(cfg.not_ours, a->not_ours, sizeof(cfg.not_ours));
	cfg.naddrs = a->naddrs;
	cfg.nnot_ours = a->nnot_ours;
	if (ustack_config_check(&cfg))
		return -ERR_INVAL;
	s->cfg = cfg;
	tcp_on_addrs(s->tcp);
	return 0;
}

const struct ustack_config *ustack_settings(const struct ustack *s)
{
	return &s->cfg;
}

const char *ustack_reconfigure(struct ustack *s,
			       const struct ustack_config *wanted)
{
	const struct ustack_config *was = &s->cfg;
	struct ustack_config cfg = *wanted;
	const char *why;

	memcpy(cfg.addr, was->addr, sizeof(cfg.addr));
	memcpy(cfg.not_ours, was->not_ours, sizeof(cfg.not_ours));
	cfg.naddrs = was->naddrs;
	cfg.nnot_ours = was->nnot_ours;
	cfg.mtu = was->mtu;
	cfg.tx_csum = was->tx_csum;
	cfg.tx_tso4 = was->tx_tso4;
	cfg.tx_tso6 = was->tx_tso6;
	why = ustack_config_check(&cfg);
	if (!why && cfg.mem_limit_bytes < mem_least_budget(&s->mem))
		why = "mem_limit_bytes: more is taken or promised already";
	if (why)
		return why;
	/* Tables that grow are under it. */
	mem_set_budget(&s->mem, cfg.mem_limit_bytes);
	why = tcp_reconfigure(s->tcp, &cfg);
	if (why)
		mem_set_budget(&s->mem, was->mem_limit_bytes);
	else
		s->cfg = cfg;
	return why;
}

uint64_t ustack_run(struct ustack *s, uint64_t now_us, uint32_t budget_pkts)
{
	uint64_t look_us;
	bool more;

	s->now_us = max_u64(s->now_us, now_us);
	s->tx_left = budget_pkts;
	if (s->mem.nowed)
		mem_repay(&s->mem);
	timer_advance(&s->wheel, s->now_us);
	for (struct timer *t = timer_next_due(&s->wheel); t;
	     t = timer_next_due(&s->wheel)) {
		if (frag_is_timer(s, t))
			frag_on_timer(s);
		else if (ping_is_timer(s, t))
			ping_on_timer(s);
		else
			tcp_on_timer(s->tcp, t);
	}
	more = ping_run(s);
	more |= tcp_run(s->tcp);
	look_us = pressure_run(s);
	return more ? s->now_us
		    : min_u64(timer_deadline_us(&s->wheel), look_us);
}

const uint64_t *ustack_counters(const struct ustack *s)
{
	return s->mib;
}

void ustack_gauges(const struct ustack *s, struct ustack_gauges *g)
{
	*g = (struct ustack_gauges){
		.mem_used = s->mem.used,
		.mem_peak = s->mem.peak,
		.mem_taken = s->mem.taken,
		.mem_limit = s->mem.budget,
		.mem_short = s->pressure.on,
		.timers = s->wheel.armed,
	};
	frag_gauges(s, g);
	tcp_gauges(s->tcp, g);
}

void ustack_set_event_mask(struct ustack *s, uint32_t mask)
{
	s->event_mask = s->host.event ? mask : 0;
}

struct ubuf *ustack_buf_new(struct ustack *s, uint32_t size)
{
	return ubuf_new(&s->mem, size);
}

/* SPDX-License-Identifier: MIT */
/*
 * peer.c - a scripted peer
 */

#include "peer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/bytes.h"
#include "stack/wire/csum.h"
#include "stack/wire/ip4.h"
#include "stack/wire/ip6.h"

/* A passed assertion of Check costs a write(), which a packet should not. */
#define EXPECT(cond, ...)                                                      \
	do {                                                                   \
		if (!(cond))                                                   \
			ck_abort_msg(__VA_ARGS__);                             \
	} while (0)

uint8_t peer_byte(uint32_t pos)
{
	return (uint8_t)(pos * 2654435761u >> 24);
}

/* ------------------------------------------------- what the stack sends */

/* Options by the letter: every one with its length, zeroes behind EOL. */
static void check_options(const uint8_t *p, uint32_t len)
{
	uint32_t i = 0;

	while (i < len) {
		if (p[i] == 0) {
			for (; i < len; i++)
				EXPECT(p[i] == 0, "padding is not zero");
			return;
		}
		if (p[i] == 1) {
			i++;
			continue;
		}
		EXPECT(i + 1 < len && p[i + 1] >= 2 && i + p[i + 1] <= len,
		       "option %u has no legal length", p[i]);
		i += p[i + 1];
	}
}

static void check_ip4(const struct peer *p, const struct vpkt *v)
{
	struct ip4_hdr h;

	EXPECT(ip4_parse(&h, v->data, v->len) == IP4_OK,
	       "bad IPv4 header sent");
	EXPECT(h.total_len == v->len, "bad total length sent");
	if (h.proto == 6 && !p->df_clear)
		EXPECT(h.df, "DF is not set"); /* (1191-1) */
}

static void check_ip6(const struct vpkt *v)
{
	struct ip6_hdr h;

	EXPECT(ip6_parse(&h, v->data, v->len) == IP6_OK,
	       "bad IPv6 header sent");
	EXPECT(h.payload_len + IP6_HDR_LEN == v->len,
	       "bad payload length sent");
}

static uint64_t pseudo(const struct vpkt *v, uint8_t proto)
{
	uint32_t len = v->len - v->l4_off;

	return v->data[0] >> 4 == 4
		       ? csum_pseudo4(v->data + 12, v->data + 16, proto, len)
		       : csum_pseudo6(v->data + 8, v->data + 24, proto, len);
}

/* Relative numbers: the stack's own by its ISN, its ACK by ours. */
static void parse_out(struct peer *p, const struct vpkt *v, struct pseg *s)
{
	const uint8_t *tcp = v->data + v->l4_off;
	struct tcp_hdr h;
	struct tcp_opts o;

	EXPECT(tcp_hdr_parse(&h, tcp, v->len - v->l4_off) == 0,
	       "bad TCP header sent");
	EXPECT(csum_finish(csum_add(pseudo(v, 6), tcp, v->len - v->l4_off)) ==
		       0,
	       "wrong checksum sent"); /* (MUST-2) */
	check_options(tcp + TCP_HDR_MIN, h.hdr_len - TCP_HDR_MIN);
	EXPECT(tcp_opt_parse(&o, tcp + TCP_HDR_MIN, h.hdr_len - TCP_HDR_MIN),
	       "bad TCP options sent");
	if (!(h.flags & TCP_SYN))
		EXPECT(!(o.has & (TCP_OPT_HAS_MSS | TCP_OPT_HAS_WSCALE)),
		       "MSS or window scale outside a SYN"); /* (MUST-65, 7323-1) */
	EXPECT(!(o.has &
		 (h.flags & TCP_SYN ? TCP_OPT_HAS_SACK : TCP_OPT_HAS_SACK_OK)),
	       "SACK-permitted outside a SYN, or SACK in one"); /* (2018-2) */
	EXPECT((tcp[12] & 0x0f) == 0, "reserved bits set");	/* (9293-a36) */
	if (h.flags & TCP_SYN && !p->isn_known) {
		p->stack_isn = h.seq;
		p->isn_known = true;
	}
	*s = (struct pseg){
		.seq = h.seq - p->stack_isn,
		.ack = h.flags & TCP_ACK ? h.ack - PEER_ISN : h.ack,
		.len = v->len - v->l4_off - h.hdr_len,
		.abs_seq = h.seq,
		.flags = h.flags,
		.wnd = h.wnd,
		.wnd0 = h.wnd == 0,
		.urg = h.urg,
		.has = o.has,
		.mss = o.has & TCP_OPT_HAS_MSS ? o.mss : 0,
		.wscale = o.wscale,
		.uto = o.uto,
		.tsval = o.tsval,
		.tsecr = o.tsecr,
		.sack_ok = (o.has & TCP_OPT_HAS_SACK_OK) != 0,
		.sport = h.sport,
		.dport = h.dport,
		.tos = v->data[0] >> 4 == 4
			       ? v->data[1]
			       : (uint8_t)(be16_load(v->data) >> 4),
		.ttl = v->data[0] >> 4 == 4 ? v->data[8] : v->data[7],
		.df = v->data[0] >> 4 == 6 || v->data[6] & 0x40,
		.label = v->data[0] >> 4 == 4 ? 0 : be32_load(v->data) & 0xfffff
	};
	if (o.has & TCP_OPT_HAS_SACK)
		s->nsack = o.nsack;
	for (uint32_t i = 0; i < s->nsack; i++)
		s->sack[i] = (struct tcp_sack){ o.sack[i].start - PEER_ISN,
						o.sack[i].end - PEER_ISN };
}

static void take_out(void *ctx, struct vpkt *v)
{
	struct peer *p = ctx;
	bool v4 = v->data[0] >> 4 == 4;
	uint8_t proto = v4 ? v->data[9] : v->data[6];

	if (v4)
		check_ip4(p, v);
	else
		check_ip6(v);
	if (proto != 6) {
		p->icmp_out++;
		p->icmp_len = min_u32(v->len, sizeof(p->icmp));
		memcpy(p->icmp, v->data, p->icmp_len);
	} else {
		EXPECT(p->tail - p->head < PEER_OUT_MAX, "too many segments");
		parse_out(p, v, &p->out[p->tail++ % PEER_OUT_MAX]);
	}
	free(v);
}

static int on_out(void *ctx, struct vpkt *v)
{
	struct peer *p = ctx;

	if (p->whole)
		take_out(p, v);
	else
		vpkt_split(v, take_out, p);
	return 0;
}

/* ------------------------------------------------------------- a service */

static struct peer *peer_of(uint64_t ctx)
{
	return (struct peer *)(uintptr_t)ctx;
}

static int on_accept(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct peer *p = peer_of(ctx);

	(void)s;
	if (p->refuse_accept == 0) {
		p->c.accepted++;
		p->conn = c;
	}
	return p->refuse_accept;
}

static void on_connected(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)s;
	peer_of(ctx)->c.connected++;
	peer_of(ctx)->conn = c;
}

uint32_t peer_read(struct peer *p, uint32_t len)
{
	struct ustack_iov iov[8];
	uint32_t total = 0;
	int n;

	while (total < len && (n = ustack_peek(p->h.s, p->conn, iov, 8)) > 0) {
		for (int i = 0; i < n && total < len; i++) {
			const uint8_t *b = iov[i].base;
			uint32_t take = min_u32((uint32_t)iov[i].len,
						len - total);

			for (uint32_t k = 0; k < take; k++) {
				uint32_t pos = (uint32_t)p->received + 1;

				EXPECT(b[k] == peer_byte(pos),
				       "byte %u is wrong", pos);
				p->received++;
			}
			total += take;
			ustack_consume(p->h.s, p->conn, take);
			if (take < iov[i].len)
				break;
		}
	}
	return total;
}

static void on_readable(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	struct peer *p = peer_of(ctx);

	(void)s;
	(void)c;
	p->c.readable++;
	if (!p->no_auto_read)
		peer_read(p, UINT32_MAX);
}

static void on_writable(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)s;
	(void)c;
	peer_of(ctx)->c.writable++;
}

static void on_peer_closed(struct ustack *s, struct ustack_conn c, uint64_t ctx)
{
	(void)s;
	(void)c;
	peer_of(ctx)->c.peer_closed++;
}

static void on_closed(struct ustack *s, struct ustack_conn c, uint64_t ctx,
		      enum ustack_reason why)
{
	peer_of(ctx)->c.closed++;
	peer_of(ctx)->reason = why;
	peer_of(ctx)->error = (enum err) - ustack_error(s, c);
	EXPECT(ustack_error(s, c) == 0, "an error is read once");
}

static void on_soft_error(struct ustack *s, struct ustack_conn c, uint64_t ctx,
			  enum err why)
{
	(void)s;
	(void)c;
	peer_of(ctx)->c.soft_error++;
	peer_of(ctx)->soft_error = why;
}

static void on_urgent(struct ustack *s, struct ustack_conn c, uint64_t ctx,
		      uint32_t left)
{
	(void)s;
	(void)c;
	peer_of(ctx)->c.urgent++;
	peer_of(ctx)->urgent_left = left;
}

static const struct ustack_ops ops = {
	.accept = on_accept,
	.connected = on_connected,
	.readable = on_readable,
	.writable = on_writable,
	.peer_closed = on_peer_closed,
	.closed = on_closed,
	.soft_error = on_soft_error,
	.urgent = on_urgent,
};

static void init(struct peer *p, void (*tweak)(struct ustack_config *cfg),
		 bool v6)
{
	struct ustack_listen_args l = { .port = STACK_PORT,
					.backlog = 64,
					.ctx = (uint64_t)(uintptr_t)p };
	struct ustack_config cfg;

	memset(p, 0, sizeof(*p));
	p->v6 = v6;
	p->h.out = on_out;
	p->h.ctx = p;
	vhost_config(&cfg);
	cfg.sndbuf_init = cfg.sndbuf_max; /* tests queue what they like */
	if (tweak)
		tweak(&cfg);
	vhost_init(&p->h, &cfg, PEER_SEED);
	p->ops_id = ustack_ops_register(p->h.s, &ops);
	l.ops_id = p->ops_id;
	p->listener = ustack_listen(p->h.s, &l);
	ck_assert_int_ge(p->listener, 0);
}

void peer_init(struct peer *p, void (*tweak)(struct ustack_config *cfg))
{
	init(p, tweak, false);
}

void peer_init6(struct peer *p, void (*tweak)(struct ustack_config *cfg))
{
	init(p, tweak, true);
}

/* Abort what lives, let TIME-WAIT run out: no timer, no packet must be left. */
void peer_fini(struct peer *p)
{
	struct ustack_gauges g;
	struct ustack_info info[16];
	uint64_t cursor = 0;
	uint32_t n;

	while ((n = ustack_walk(p->h.s, &cursor, info, 16)) > 0)
		for (uint32_t i = 0; i < n; i++)
			if (info[i].conn.gen)
				ustack_abort(p->h.s, info[i].conn);
	peer_advance(p, SEC(400));
	ustack_gauges(p->h.s, &g);
	EXPECT(g.timers == 0, "%u timers are left", g.timers);
	EXPECT(g.frags == 0, "%u datagrams are left incomplete", g.frags);
	EXPECT(g.frag_bytes == 0, "fragments hold %u bytes", g.frag_bytes);
	for (uint32_t i = 0; i < USTACK_STATES; i++)
		EXPECT(i == USTACK_LISTEN || g.states[i] == 0,
		       "%u connections are left in %s", g.states[i],
		       ustack_state_name(i));
	EXPECT(vhost_fini(&p->h) == NULL, "memory is left");
}

/* ---------------------------------------------------- what the peer sends */

static uint32_t put_options(const struct peer *p, uint8_t *o,
			    const struct pseg *s)
{
	struct tcp_opts opt = { .has = s->has,
				.mss = s->mss,
				.wscale = s->wscale,
				.uto = s->uto,
				.tsval = s->tsval,
				.tsecr = s->tsecr,
				.nsack = s->nsack };

	if (s->raw_opt) {
		memcpy(o, s->raw_opt, s->raw_len);
		return s->raw_len;
	}
	if (s->mss)
		opt.has |= TCP_OPT_HAS_MSS;
	if (s->sack_ok)
		opt.has |= TCP_OPT_HAS_SACK_OK;
	if (s->nsack)
		opt.has |= TCP_OPT_HAS_SACK;
	for (uint32_t i = 0; i < s->nsack; i++)
		opt.sack[i] = (struct tcp_sack){
			s->sack[i].start + p->stack_isn,
			s->sack[i].end + p->stack_isn
		};
	return tcp_opt_build(o, &opt);
}

struct vpkt *peer_build(struct peer *p, const struct pseg *s)
{
	uint32_t ip_len = p->v6 ? IP6_HDR_LEN : IP4_HDR_MIN;
	uint8_t opt[TCP_OPT_MAX + 4];
	uint32_t opt_len = put_options(p, opt, s);
	uint32_t l4_len = TCP_HDR_MIN + opt_len + s->len;
	struct vpkt *v = vpkt_new(ip_len + l4_len);
	uint8_t *tcp = v->data + ip_len;
	struct tcp_hdr h = { .seq = s->seq + PEER_ISN,
			     .ack = s->abs_ack ? s->ack : s->ack + p->stack_isn,
			     .sport = s->sport ? s->sport : PEER_PORT,
			     .dport = s->dport ? s->dport : STACK_PORT,
			     .wnd = s->wnd || s->wnd0 ? s->wnd : 65535,
			     .urg = s->urg,
			     .flags = s->flags,
			     .hdr_len = (uint8_t)(TCP_HDR_MIN + opt_len) };
	uint16_t csum;

	v->l4_off = (uint16_t)ip_len;
	if (!(s->flags & TCP_ACK))
		h.ack = 0;
	if (p->v6) {
		struct ip6_hdr ip = { .payload_len = l4_len,
				      .hop_limit = 64,
				      .proto = 6,
				      .tclass = s->tos };

		memcpy(ip.src, vhost_addr("fd07::1").b, 16);
		memcpy(ip.dst, vhost_addr("fd07::2").b, 16);
		ip6_build(v->data, &ip);
	} else {
		struct ip4_hdr ip = { .src = { 10, 7, 0, 1 },
				      .dst = { 10, 7, 0, 2 },
				      .total_len = v->len,
				      .df = true,
				      .ttl = 64,
				      .proto = 6,
				      .tos = s->tos };

		ip4_build(v->data, &ip);
	}
	tcp_hdr_build(tcp, &h);
	memcpy(tcp + TCP_HDR_MIN, opt, opt_len);
	for (uint32_t i = 0; i < s->len; i++)
		tcp[TCP_HDR_MIN + opt_len + i] = peer_byte(
			s->seq + i + !!(s->flags & TCP_SYN));
	csum = csum_finish(csum_add(pseudo(v, 6), tcp, l4_len));
	csum ^= s->bad_csum;
	memcpy(tcp + TCP_CSUM_OFF, &csum, 2);
	return v;
}

void peer_tx_batch(struct peer *p, const struct pseg *seg, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		vhost_input(&p->h, peer_build(p, &seg[i]));
	vhost_run(&p->h);
}

void peer_tx(struct peer *p, struct pseg seg)
{
	peer_tx_batch(p, &seg, 1);
}

void peer_raw(struct peer *p, const void *data, uint32_t len)
{
	struct vpkt *v = vpkt_new(len);

	memcpy(v->data, data, len);
	vhost_input(&p->h, v);
	vhost_run(&p->h);
}

void peer_advance(struct peer *p, uint64_t us)
{
	vhost_advance(&p->h, p->h.now_us + us);
}

/* --------------------------------------------------------- expectations */

bool peer_rx(struct peer *p, struct pseg *seg)
{
	if (p->head == p->tail)
		return false;
	*seg = p->out[p->head++ % PEER_OUT_MAX];
	return true;
}

uint32_t peer_drain(struct peer *p)
{
	uint32_t n = p->tail - p->head;

	p->head = p->tail;
	return n;
}

void peer_at(struct peer *p, const char *file, int line)
{
	p->file = file;
	p->line = line;
}

struct pseg peer_expect_next(struct peer *p, uint8_t flags, uint32_t seq,
			     uint32_t ack, uint32_t len)
{
	struct pseg s = { 0 };

	EXPECT(peer_rx(p, &s), "%s:%d: nothing was sent", p->file, p->line);
	EXPECT((s.flags & ~TCP_PSH) == (flags & ~TCP_PSH) && s.seq == seq &&
		       s.ack == ack && s.len == len,
	       "%s:%d: got flags %02x seq %u ack %u len %u,"
	       " want %02x %u %u %u",
	       p->file, p->line, s.flags, s.seq, s.ack, s.len, flags, seq, ack,
	       len);
	return s;
}

void peer_expect_nothing(struct peer *p)
{
	struct pseg s;

	EXPECT(!peer_rx(p, &s),
	       "%s:%d: sent flags %02x seq %u ack %u len %u, want nothing",
	       p->file, p->line, s.flags, s.seq, s.ack, s.len);
}

struct pseg peer_open_with(struct peer *p, struct pseg syn)
{
	struct pseg s;

	syn.flags = TCP_SYN;
	peer_tx(p, syn);
	s = peer_expect(p, TCP_SYN | TCP_ACK, 0, 1, 0);
	peer_tx(p, (struct pseg){ .flags = TCP_ACK,
				  .seq = 1,
				  .ack = 1,
				  .wnd = syn.wnd,
				  .has = syn.has & TCP_OPT_HAS_TS,
				  .tsval = syn.tsval,
				  .tsecr = s.tsval });
	ck_assert_int_eq(peer_state(p), USTACK_ESTABLISHED);
	peer_expect_none(p);
	return s;
}

void peer_open(struct peer *p)
{
	peer_open_with(p, (struct pseg){ .mss = 1460 });
}

void peer_connect(struct peer *p)
{
	struct ustack_connect_args a = {
		.remote = vhost_addr(p->v6 ? "fd07::1" : "10.7.0.1"),
		.rport = PEER_PORT,
		.lport = STACK_PORT,
		.ops_id = p->ops_id,
		.ctx = (uint64_t)(uintptr_t)p
	};

	ck_assert_int_eq(ustack_connect(p->h.s, &a, &p->conn), 0);
	vhost_run(&p->h);
}

void peer_open_active(struct peer *p)
{
	peer_connect(p);
	peer_expect(p, TCP_SYN, 0, 0, 0);
	peer_tx(p, (struct pseg){ .flags = TCP_SYN | TCP_ACK,
				  .ack = 1,
				  .mss = 1460 });
	peer_expect(p, TCP_ACK, 1, 1, 0);
	ck_assert_int_eq(peer_state(p), USTACK_ESTABLISHED);
}

ptrdiff_t peer_send(struct peer *p, uint32_t len)
{
	uint8_t *b = calloc(1, len + 1);
	struct ustack_iov iov = { .base = b, .len = len };
	ptrdiff_t n = ustack_send(p->h.s, p->conn, &iov, 1);

	free(b);
	vhost_run(&p->h);
	return n;
}

enum ustack_state peer_state(struct peer *p)
{
	struct ustack_info info;

	if (ustack_info(p->h.s, p->conn, &info) < 0)
		return USTACK_CLOSED;
	return info.state;
}

struct ustack_info peer_info(struct peer *p)
{
	struct ustack_info info;

	ck_assert_int_eq(ustack_info(p->h.s, p->conn, &info), 0);
	return info;
}

uint64_t peer_counter(struct peer *p, enum ustack_counter c)
{
	return ustack_counters(p->h.s)[c];
}

uint32_t peer_states(struct peer *p, enum ustack_state st)
{
	struct ustack_gauges g;

	ustack_gauges(p->h.s, &g);
	return g.states[st];
}

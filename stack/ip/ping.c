/* SPDX-License-Identifier: MIT */
/*
 * ping.c - echo requests of our own, and who answers them
 *
 *	FREE --ustack_ping()--> QUEUED --ping_run()--> SENT
 *	  ^			   |			 | reply, ICMP error,
 *	  |			   v			 v or time is up
 *	  +---- host.pong() ---- OVER <------------------+
 *
 * The table is small, bounded, and made when it is first needed.  A reply
 * counts if it comes from the host that was asked, to the address that asked,
 * with the identifier, sequence number and length of the request, and with its
 * data, which a keyed hash makes anew for the comparison:
 *
 *	[ type, code, checksum | id | seq | H(nonce, 0) | H(nonce, 8) | ... ]
 *
 * An ICMP error quotes the beginning of that; as much as is quoted of the
 * first QUOTED_DATA bytes must be the same.
 *
 * RFC 792, RFC 1122 section 3.2.2.6, RFC 4443 sections 3 and 4.
 */

#include "ping.h"

#include "ip.h"

#include "stack/base/bytes.h"
#include "stack/wire/icmp.h"

#define CSUM_OFF    2u
#define WORD	    8u
#define QUOTED_DATA 16u /* behind 128 bytes of quote may stand something else */
#define ID_SHIFT    16u

enum ping_state { PING_FREE, PING_QUEUED, PING_SENT, PING_OVER };

/**
 * struct ping - a request
 * @a:		what was asked; @a.local is the address used
 * @due_us:	when nobody waits for an answer any more
 * @sent_us:	when it left; 0 = not yet
 * @nonce:	what its data is made of
 * @id:		its identifier; no other one of the table has it
 * @state:	enum ping_state
 * @end:	PING_OVER: how it ended
 */
struct ping {
	struct ustack_ping_args a;
	uint64_t due_us;
	uint64_t sent_us;
	uint64_t nonce;
	uint16_t id;
	uint8_t state;
	struct ustack_pong end;
};

/**
 * struct ping_tab - requests under way
 * @key:	secret
 * @timer:	at the earliest @due_us
 * @work:	ping_run() has something to do
 * @ping:	the requests
 */
struct ping_tab {
	struct siphash_key key;
	struct timer timer;
	bool work;
	struct ping ping[USTACK_PINGS_MAX];
};

/* Of a datagram that may be ours: its addresses, and what it has behind them. */
struct echo {
	const struct ustack_addr *local;
	const struct ustack_addr *remote;
	const uint8_t *l4;
	uint32_t l4_len;
};

/* ------------------------------------------------------------------- table */

static struct ping_tab *table(struct ustack *s)
{
	if (!s->pings && !stack_mem_low(s)) {
		s->pings = mem_alloc(&s->mem, sizeof(*s->pings));
		if (!s->pings)
			return NULL;
		memset(s->pings, 0, sizeof(*s->pings));
		timer_init(&s->pings->timer);
		s->host.random(s->host.ctx, &s->pings->key,
			       sizeof(s->pings->key));
	}
	return s->pings;
}

void ping_free(struct ustack *s)
{
	if (!s->pings)
		return;
	timer_cancel(&s->wheel, &s->pings->timer);
	mem_free(&s->mem, s->pings, sizeof(*s->pings));
	s->pings = NULL;
}

static bool waits(const struct ping *p)
{
	return p->state == PING_QUEUED || p->state == PING_SENT;
}

static void arm(struct ustack *s, struct ping_tab *t)
{
	uint64_t due_us = TIME_NEVER;

	for (uint32_t i = 0; i < USTACK_PINGS_MAX; i++)
		if (waits(&t->ping[i]))
			due_us = min_u64(due_us, t->ping[i].due_us);
	timer_arm(&s->wheel, &t->timer, due_us);
}

static struct ping *free_place(struct ping_tab *t)
{
	for (uint32_t i = 0; i < USTACK_PINGS_MAX; i++)
		if (t->ping[i].state == PING_FREE)
			return &t->ping[i];
	return NULL;
}

static bool id_taken(const struct ping_tab *t, uint16_t id)
{
	for (uint32_t i = 0; i < USTACK_PINGS_MAX; i++)
		if (t->ping[i].state != PING_FREE && t->ping[i].id == id)
			return true;
	return false;
}

static uint16_t new_id(struct ustack *s, const struct ping_tab *t)
{
	uint16_t id;

	do
		id = (uint16_t)stack_random(s);
	while (id_taken(t, id));
	return id;
}

/* ---------------------------------------------------------------- its data */

static uint64_t data_word(const struct ping_tab *t, const struct ping *p,
			  uint64_t off)
{
	const uint64_t w[] = { p->nonce, off };

	return siphash_words(&t->key, w, ARRAY_LEN(w));
}

static void data_fill(const struct ping_tab *t, const struct ping *p,
		      uint8_t *b)
{
	for (uint32_t off = 0; off < p->a.len; off += WORD) {
		uint64_t w = data_word(t, p, off);

		memcpy(b + off, &w, min_u32(WORD, p->a.len - off));
	}
}

/* Are these the first bytes of its data? */
static bool data_is(const struct ping_tab *t, const struct ping *p,
		    const uint8_t *b, uint32_t len)
{
	for (uint32_t off = 0; off < len; off += WORD) {
		uint64_t w = data_word(t, p, off);

		if (memcmp(b + off, &w, min_u32(WORD, len - off)) != 0)
			return false;
	}
	return true;
}

static uint32_t id_and_seq(const struct ping *p)
{
	return (uint32_t)p->id << ID_SHIFT | p->a.seq;
}

/* The request that was sent with these addresses and numbers, or NULL. */
static struct ping *find(struct ping_tab *t, const struct echo *e)
{
	uint32_t rest = be32_load(e->l4 + 4);

	for (uint32_t i = 0; t && i < USTACK_PINGS_MAX; i++) {
		struct ping *p = &t->ping[i];

		if (p->state == PING_SENT && id_and_seq(p) == rest &&
		    ip_addr_eq(&p->a.remote, e->remote) &&
		    ip_addr_eq(&p->a.local, e->local))
			return p;
	}
	return NULL;
}

/* --------------------------------------------------------------------- end */

/* It is over; @p->end.from and what belongs to @kind are set. */
static void end(struct ustack *s, struct ping *p, enum ustack_pong_kind kind,
		enum err err)
{
	p->end.ctx = p->a.ctx;
	p->end.seq = p->a.seq;
	p->end.kind = (uint8_t)kind;
	p->end.err = (uint8_t)err;
	if (p->state == PING_SENT)
		p->end.rtt_us = s->now_us - p->sent_us;
	p->state = PING_OVER;
	s->pings->work = true;
}

bool ping_is_timer(const struct ustack *s, const struct timer *t)
{
	return s->pings && t == &s->pings->timer;
}

void ping_on_timer(struct ustack *s)
{
	struct ping_tab *t = s->pings;

	for (uint32_t i = 0; i < USTACK_PINGS_MAX; i++)
		if (waits(&t->ping[i]) && t->ping[i].due_us <= s->now_us)
			end(s, &t->ping[i], USTACK_PONG_TIMEOUT, ERR_TIMEDOUT);
	arm(s, t);
}

void ping_reply(struct ustack *s, const struct ip_view *v)
{
	const struct echo e = { &v->dst, &v->src, v->l4, v->l4_len };
	const uint8_t *data = v->l4 + ICMP_HDR_LEN;
	uint32_t len = v->l4_len - ICMP_HDR_LEN;
	struct ping *p = find(s->pings, &e);

	if (!p || p->a.len != len || !data_is(s->pings, p, data, len)) {
		stack_drop(s, USTACK_C_DROP_ICMP_REPLY);
		return;
	}
	p->end.from = v->src;
	p->end.ttl = v->ttl;
	p->end.len = len;
	end(s, p, USTACK_PONG_REPLY, ERR_NONE);
}

static bool is_request(const struct ip_error *e)
{
	if (ip_is4(&e->remote))
		return e->proto == IP_PROTO_ICMP && e->l4[0] == ICMP4_ECHO;
	return e->proto == IP_PROTO_ICMP6 && e->l4[0] == ICMP6_ECHO;
}

/* Later packets fit the path, if the error was drawn by the request for certain. */
static void on_too_big(struct ustack *s, struct ping *p,
		       const struct ip_error *e, uint32_t proven)
{
	p->end.mtu = e->mtu;
	end(s, p, USTACK_PONG_TOO_BIG, ERR_MSGSIZE);
	if (proven >= WORD && e->mtu < e->quoted_len &&
	    stack_limit_ok(s, LIMIT_ICMP_IN))
		ip_path_lower(s, &e->remote, e->mtu);
}

bool ping_error(struct ustack *s, const struct ip_error *e)
{
	const struct echo quoted = { &e->local, &e->remote, e->l4, e->l4_len };
	struct ping *p = is_request(e) ? find(s->pings, &quoted) : NULL;
	uint32_t len;

	if (!p)
		return false;
	len = min_u32(e->l4_len - ICMP_HDR_LEN, min_u32(p->a.len, QUOTED_DATA));
	if (!data_is(s->pings, p, e->l4 + ICMP_HDR_LEN, len))
		return false;
	p->end.from = e->from;
	if (e->kind == IP_ERR_TOO_BIG)
		on_too_big(s, p, e, len);
	else if (e->expired)
		end(s, p, USTACK_PONG_TIME_EXCEEDED, ERR_HOSTUNREACH);
	else
		end(s, p, USTACK_PONG_UNREACHABLE, (enum err)e->err);
	return true;
}

void ustack_ping_abort(struct ustack *s)
{
	for (uint32_t i = 0; s->pings && i < USTACK_PINGS_MAX; i++)
		if (waits(&s->pings->ping[i]))
			end(s, &s->pings->ping[i], USTACK_PONG_FAILED,
			    ERR_CONNABORTED);
}

/* ------------------------------------------------------------------- start */

static bool args_ok(const struct ustack *s, const struct ustack_ping_args *a)
{
	return s->host.pong && a->len <= USTACK_PING_DATA_MAX &&
	       a->timeout_us > 0;
}

int ustack_ping(struct ustack *s, const struct ustack_ping_args *a)
{
	struct ping_tab *t;
	struct ustack_addr local;
	struct ping *p;
	int r = ip_local_for(s, &a->remote, &a->local, &local);

	if (r < 0)
		return r;
	if (!args_ok(s, a))
		return -ERR_INVAL;
	t = table(s);
	if (!t)
		return -ERR_NOMEM;
	p = free_place(t);
	if (!p)
		return -ERR_LIMIT;
	*p = (struct ping){ .a = *a,
			    .due_us = s->now_us +
				      min_u64(a->timeout_us,
					      TIME_NEVER - s->now_us),
			    .nonce = stack_random(s),
			    .id = new_id(s, t),
			    .state = PING_QUEUED };
	p->a.local = local;
	t->work = true;
	arm(s, t);
	return 0;
}

/* ------------------------------------------------------------------ output */

static int emit(struct ustack *s, const struct ping *p)
{
	bool v4 = ip_is4(&p->a.remote);
	struct icmp_hdr h = { .type = v4 ? ICMP4_ECHO : ICMP6_ECHO,
			      .rest = id_and_seq(p) };
	struct ip_args ia = { .src = &p->a.local,
			      .dst = &p->a.remote,
			      .proto = v4 ? IP_PROTO_ICMP : IP_PROTO_ICMP6,
			      .tos = p->a.tos,
			      .ttl = p->a.ttl ? p->a.ttl : s->cfg.ttl,
			      .csum_off = CSUM_OFF,
			      .flow_label = icmp_label(s, &p->a.remote),
			      .may_frag = !p->a.dont_frag };
	struct ubuf *b = NULL;
	int r;

	if (!stack_mem_low(s))
		b = ubuf_new(&s->mem, ICMP_HDR_LEN + p->a.len);
	if (!b)
		return -ERR_NOMEM;
	icmp_build(b->data, &h);
	data_fill(s->pings, p, b->data + ICMP_HDR_LEN);
	r = icmp_emit(s, &ia, b, ICMP_HDR_LEN + p->a.len);
	ubuf_put(b);
	if (r == 0)
		stack_count(s, v4 ? USTACK_C_ICMP_OUT_ECHOS
				  : USTACK_C_ICMP6_OUT_ECHOS);
	return r;
}

static bool fits(const struct ping *p, uint32_t mtu)
{
	return ip_hdr_len(&p->a.remote) + ICMP_HDR_LEN + p->a.len <= mtu;
}

/* Send it now, if it can be; what cannot is over. */
static void send_one(struct ustack *s, struct ping *p)
{
	uint32_t mtu = icmp_path_mtu(s, &p->a.remote);
	int r;

	if (!stack_is_ours(s, &p->a.local)) {
		end(s, p, USTACK_PONG_FAILED, ERR_ADDRNOTAVAIL);
		return;
	}
	if (p->a.dont_frag && !fits(p, mtu)) {
		p->end.from = p->a.local;
		p->end.mtu = mtu;
		end(s, p, USTACK_PONG_TOO_BIG, ERR_MSGSIZE);
		return;
	}
	r = emit(s, p);
	if (r == -ERR_AGAIN)
		return;
	if (r < 0) {
		end(s, p, USTACK_PONG_FAILED, (enum err) - r);
		return;
	}
	p->state = PING_SENT;
	p->sent_us = s->now_us;
}

static void tell(struct ustack *s, struct ping *p)
{
	const struct ustack_pong pong = p->end;

	p->state = PING_FREE;
	s->host.pong(s->host.ctx, &pong);
}

static bool has_work(const struct ping_tab *t)
{
	for (uint32_t i = 0; i < USTACK_PINGS_MAX; i++)
		if (t->ping[i].state == PING_QUEUED ||
		    t->ping[i].state == PING_OVER)
			return true;
	return false;
}

bool ping_run(struct ustack *s)
{
	struct ping_tab *t = s->pings;

	if (!t || !t->work)
		return false;
	for (uint32_t i = 0; i < USTACK_PINGS_MAX; i++) {
		struct ping *p = &t->ping[i];

		if (p->state == PING_QUEUED && s->tx_left > 0) {
			s->tx_left--;
			send_one(s, p);
		}
		if (p->state == PING_OVER)
			tell(s, p);
	}
	arm(s, t);
	t->work = has_work(t);
	return t->work;
}

/* SPDX-License-Identifier: MIT */
/*
 * tlsrig.c - two channels and the bytes between them, in memory
 */

#include "tlsrig.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/compat.h"
#include "pki.h"
#include "tests/unit/suites.h"

#define ROOM  (1u << 20) /* bytes that may wait, unless a test says otherwise */
#define MOVES 200000 /* calls after which a handshake will not end any more */

uint32_t tr_random(struct tls_rig *rig, uint32_t below)
{
	rig->random ^= rig->random << 13;
	rig->random ^= rig->random >> 7;
	rig->random ^= rig->random << 17;
	return (uint32_t)(rig->random >> 32) % below;
}

int tr_bytes(void *arg, void *buf, size_t len)
{
	uint8_t *p = buf;

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)tr_random(arg, 256);
	return 0;
}

struct tls_bytes tr_pem(const char *text)
{
	return (struct tls_bytes){ text, strlen(text) };
}

struct tls_context_args tr_server(struct tls_rig *rig)
{
	return (struct tls_context_args){
		.cert = tr_pem(pki_ec_cert),
		.key = tr_pem(pki_ec_key),
		.random = tr_bytes,
		.random_arg = rig,
	};
}

struct tls_context_args tr_client(struct tls_rig *rig)
{
	return (struct tls_context_args){
		.client = true,
		.ca = tr_pem(pki_ca_cert),
		.random = tr_bytes,
		.random_arg = rig,
	};
}

static void queue_init(struct tr_queue *q)
{
	free(q->buf);
	memset(q, 0, sizeof(*q));
	q->room = ROOM;
	q->flip = SIZE_MAX;
	q->cut = SIZE_MAX;
}

void tr_init(struct tls_rig *rig, uint64_t salt)
{
	memset(rig, 0, sizeof(*rig));
	rig->random = (test_seed() + salt) * 0x9e3779b97f4a7c15u | 1;
	for (int i = 0; i < 2; i++) {
		rig->side[i].rig = rig;
		queue_init(&rig->side[i].out);
	}
}

static int fill_certificates(struct tls_context *ctx,
			     const struct tls_context_args *a)
{
	int err = 0;

	if (a->cert.p) {
		err = mbedtls_x509_crt_parse(&ctx->cert, a->cert.p,
					     a->cert.len + 1);
		if (!err)
			err = compat_pk_parse(&ctx->key, a->key.p,
					      a->key.len + 1,
					      mbedtls_ctr_drbg_random,
					      &ctx->drbg);
		if (!err)
			err = mbedtls_ssl_conf_own_cert(&ctx->conf, &ctx->cert,
							&ctx->key);
		ctx->has_cert = true;
	}
	if (a->ca.p && !err) {
		err = mbedtls_x509_crt_parse(&ctx->ca, a->ca.p, a->ca.len + 1);
		mbedtls_ssl_conf_ca_chain(&ctx->conf, &ctx->ca, NULL);
		ctx->has_ca = true;
	}
	return err;
}

static int on_entropy(void *arg, unsigned char *buf, size_t len)
{
	return tr_bytes(arg, buf, len);
}

struct tls_context *tr_raw_context(const struct tls_context_args *a)
{
	struct tls_context *ctx = tls_context_alloc();

	ck_assert_ptr_nonnull(ctx);
	ck_assert_int_eq(compat_init(), 0);
	ctx->client = a->client;
	ctx->pinned = a->pinned;
	ctx->insecure = a->insecure;
	memcpy(ctx->fingerprint, a->fingerprint, sizeof(ctx->fingerprint));
	ck_assert_int_eq(mbedtls_ctr_drbg_seed(&ctx->drbg, on_entropy,
					       a->random_arg, NULL, 0),
			 0);
	ck_assert_int_eq(tls_policy_apply(&ctx->policy, &ctx->conf, a), 0);
	mbedtls_ssl_conf_rng(&ctx->conf, mbedtls_ctr_drbg_random, &ctx->drbg);
	ck_assert_int_eq(fill_certificates(ctx, a), 0);
	tls_channel_hooks(ctx);
	return ctx;
}

static struct tls_context *make_context(const struct tls_context_args *a)
{
	struct tls_problem p;
	struct tls_context *ctx = tls_context_new(a, &p);

	ck_assert_msg(ctx != NULL, "%s", p.text);
	return ctx;
}

void tr_contexts(struct tls_rig *rig, const struct tls_context_args *client,
		 const struct tls_context_args *server)
{
	rig->side[CLIENT].ctx = make_context(client);
	rig->side[SERVER].ctx = make_context(server);
}

void tr_suite(struct tls_rig *rig, int id)
{
	struct tls_context *ctx = rig->side[CLIENT].ctx;

	ctx->policy.suites[0] = id;
	ctx->policy.suites[1] = 0;
	compat_conf_only(&ctx->conf, tls_suite_by_id(id)->v13);
}

static size_t paced(struct tls_rig *rig, size_t n)
{
	size_t most = n;

	if (rig->pace == PACE_ONE)
		most = 1;
	else if (rig->pace == PACE_RANDOM)
		most = tr_random(rig, 2000);
	return n < most ? n : most;
}

static ptrdiff_t on_recv(void *arg, void *buf, size_t len)
{
	struct tr_side *side = arg;
	struct tr_side *peer = &side->rig->side[side == side->rig->side];
	struct tr_queue *q = &peer->out;
	size_t n = q->len - q->off;

	if (side->io_err)
		return side->io_err;
	if (!n)
		return q->ended ? 0 : -ERR_AGAIN;
	n = paced(side->rig, n < len ? n : len);
	if (!n)
		return -ERR_AGAIN;
	memcpy(buf, q->buf + q->off, n);
	q->off += n;
	if (q->off == q->len)
		q->off = q->len = 0;
	return (ptrdiff_t)n;
}

static void append(struct tr_queue *q, const void *bytes, size_t len)
{
	if (len >= q->cut - q->total) {
		len = q->cut - q->total;
		q->ended = true;
	}
	if (!len)
		return;
	if (q->len + len > q->cap) {
		q->cap = 2 * (q->len + len);
		q->buf = realloc(q->buf, q->cap);
		ck_assert_ptr_nonnull(q->buf);
	}
	memcpy(q->buf + q->len, bytes, len);
	if (q->flip >= q->total && q->flip < q->total + len)
		q->buf[q->len + (q->flip - q->total)] ^= 1;
	q->len += len;
	q->total += len;
}

static ptrdiff_t on_send(void *arg, const void *buf, size_t len)
{
	struct tr_side *side = arg;
	struct tr_queue *q = &side->out;
	size_t room = q->room - (q->len - q->off);
	size_t n = paced(side->rig, len < room ? len : room);

	if (side->io_err)
		return side->io_err;
	if (!n)
		return -ERR_AGAIN;
	append(q, buf, n);
	return (ptrdiff_t)n;
}

void tr_put(struct tls_rig *rig, enum tr_end to, const void *bytes, size_t len)
{
	append(&rig->side[!to].out, bytes, len);
}

void tr_open_side(struct tls_rig *rig, enum tr_end end, const char *name,
		  const char *address)
{
	struct tr_side *side = &rig->side[end];

	side->ch = tls_channel_new(side->ctx,
				   &(struct tls_channel_args){
					   .io = { side, on_recv, on_send },
					   .servername = name,
					   .address = address,
					   .deadline_us = 1000000,
				   });
	ck_assert_ptr_nonnull(side->ch);
	side->result = -ERR_AGAIN;
}

void tr_open(struct tls_rig *rig, const char *name, const char *address)
{
	if (!name && !address)
		name = "server.test";
	tr_open_side(rig, CLIENT, name, address);
	tr_open_side(rig, SERVER, NULL, NULL);
}

int tr_step(struct tls_rig *rig, enum tr_end end)
{
	struct tr_side *side = &rig->side[end];

	side->result = tls_handshake(side->ch);
	(void)!tls_flush(side->ch);
	return side->result;
}

static bool waits(const struct tr_side *s)
{
	return s->result == -ERR_AGAIN || s->result == -ERR_INPROGRESS;
}

/* Nobody moved, nothing is on its way: the handshake is stuck. */
static bool stuck(const struct tls_rig *rig)
{
	for (int i = 0; i < 2; i++) {
		if (rig->side[i].result == -ERR_INPROGRESS ||
		    rig->side[i].out.len || rig->side[i].out.ended ||
		    tls_unsent(rig->side[i].ch))
			return false;
	}
	return true;
}

void tr_shake(struct tls_rig *rig)
{
	struct tr_side *s = rig->side;

	for (int i = 0; i < MOVES; i++) {
		for (int e = 0; e < 2; e++) {
			if (waits(&s[e]))
				tr_step(rig, (enum tr_end)e);
			else
				(void)!tls_flush(s[e].ch);
		}
		if ((!waits(&s[0]) && !waits(&s[1])) || stuck(rig))
			return;
		/* who waits for one that has failed waits for ever */
		if ((s[0].result < 0 && !waits(&s[0]) && !s[0].out.len) ||
		    (s[1].result < 0 && !waits(&s[1]) && !s[1].out.len))
			return;
	}
	ck_abort_msg("the handshake does not end");
}

void tr_up(struct tls_rig *rig)
{
	struct tls_context_args client = tr_client(rig);
	struct tls_context_args server = tr_server(rig);

	if (!rig->side[CLIENT].ctx)
		tr_contexts(rig, &client, &server);
	tr_open(rig, NULL, NULL);
	tr_shake(rig);
	for (int i = 0; i < 2; i++)
		ck_assert_msg(rig->side[i].result == 0, "%s: %s",
			      i == CLIENT ? "client" : "server",
			      tls_problem(rig->side[i].ch)->text);
}

void tr_write(struct tls_rig *rig, enum tr_end end, const void *bytes,
	      size_t len)
{
	struct tls_channel *ch = rig->side[end].ch;
	const char *p = bytes;
	ptrdiff_t n;

	while (len) {
		n = tls_write(ch, p, len);
		if (n == -ERR_AGAIN)
			continue;
		ck_assert_int_gt(n, 0);
		p += n;
		len -= (size_t)n;
	}
	while (tls_flush(ch))
		;
}

ptrdiff_t tr_read(struct tls_rig *rig, enum tr_end end, void *buf, size_t len)
{
	char *p = buf;
	size_t have = 0;
	ptrdiff_t n;

	while (have < len) {
		n = tls_read(rig->side[end].ch, p + have, len - have);
		if (n == -ERR_AGAIN && rig->side[!end].out.len)
			continue;
		if (n <= 0)
			return have ? (ptrdiff_t)have : n;
		have += (size_t)n;
	}
	return (ptrdiff_t)have;
}

void tr_cut(struct tls_rig *rig, enum tr_end end)
{
	rig->side[end].out.ended = true;
}

enum tls_kind tr_kind(const struct tls_rig *rig, enum tr_end end)
{
	return tls_problem(rig->side[end].ch)->kind;
}

void tr_close(struct tls_rig *rig)
{
	for (int i = 0; i < 2; i++) {
		tls_channel_free(rig->side[i].ch);
		rig->side[i].ch = NULL;
		queue_init(&rig->side[i].out);
	}
}

void tr_fini(struct tls_rig *rig)
{
	tr_close(rig);
	for (int i = 0; i < 2; i++) {
		free(rig->side[i].out.buf);
		tls_context_put(rig->side[i].ctx);
	}
}

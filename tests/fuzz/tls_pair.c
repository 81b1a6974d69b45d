/* SPDX-License-Identifier: MIT */
/*
 * tls_pair.c - a channel under test, and somebody at the other end
 *
 * Contexts are made once; their random bytes begin anew with each input, and the
 * clock stands still, so that an input is all that decides.  mbedTLS is not
 * instrumented: where it has come to is told to the fuzzer by counters of our
 * own.
 */

#define MBEDTLS_ALLOW_PRIVATE_ACCESS /* how far a handshake has come */

#include "tls_pair.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/channel_int.h"
#include "crypto/creds.h"
#include "fuzz.h"
#include "tests/unit/crypto/pki.h"

#define KINDS	   4u
#define STEPS_MAX  4000u
#define TAMPER_MAX 8u
#define QUEUE_MAX  (256u << 10)
#define SAY_MAX	   3000u
#define NOW	   1800000000 /* January 2027; certificates are good then */

#define PSK_TEXT   "alice:000102030405060708090a0b0c0d0e0f"
#define WRONG_PSK  "alice:0f0e0d0c0b0a09080706050403020100"

enum { US, PEER };

/* How a piece of what the peer sends is changed. */
enum how { XOR, SET, DROP, TWICE, INSERT, CUT, STALL, HOWS };

/**
 * struct tamper - a change
 * @how:	enum how
 * @at:		which byte of all that the peer sends
 * @what:	with what, or of how many bytes
 */
struct tamper {
	uint8_t how;
	uint16_t at;
	uint8_t what;
};

/**
 * struct end - one end
 * @ch:		its channel
 * @out:	what it has sent and the other has not read
 * @len:	bytes there
 * @sent:	bytes it has ever sent
 * @piece:	most bytes that the other end's io.recv gives at once, 0 = all
 * @over:	it sends no more
 * @said:	plaintext that it has written
 */
struct end {
	struct tls_channel *ch;
	uint8_t out[QUEUE_MAX];
	size_t len;
	size_t sent;
	size_t piece;
	bool over;
	size_t said;
};

/**
 * struct pair - both, and what happens in between
 * @end:	by US and PEER
 * @ntampers:	entries in @tamper
 * @tamper:	in the order of the input
 * @heard:	plaintext that we have read
 */
struct pair {
	struct end end[2];
	uint32_t ntampers;
	struct tamper tamper[TAMPER_MAX];
	size_t heard;
};

/* libFuzzer takes them for edges of the program. */
__attribute__((section("__libfuzzer_extra_counters"),
	       used)) static uint8_t reached[4096];

static void reach(uint32_t what)
{
	reached[what % sizeof(reached)]++;
}

/* ------------------------------------------------------ time and randomness */

/* The C library's, for mbedTLS. */
time_t time(time_t *t)
{
	if (t)
		*t = NOW;
	return NOW;
}

static uint64_t state;

static int next_random(void *arg, unsigned char *buf, size_t len)
{
	(void)arg;
	for (size_t i = 0; i < len; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		buf[i] = (unsigned char)(state >> 32);
	}
	return 0;
}

static int random_bytes(void *arg, void *buf, size_t len)
{
	return next_random(arg, buf, len);
}

static void begin_anew(struct tls_context *ctx)
{
	mbedtls_ctr_drbg_free(&ctx->drbg);
	mbedtls_ctr_drbg_init(&ctx->drbg);
	FUZZ_CHECK(!mbedtls_ctr_drbg_seed(&ctx->drbg, next_random, NULL, NULL,
					  0),
		   "no random bytes");
}

/* ----------------------------------------------------------------- contexts */

static struct tls_bytes text(const char *s)
{
	return (struct tls_bytes){ s, s ? strlen(s) : 0 };
}

static const struct {
	const char *cert, *key, *ca, *psk;
	bool insecure, pinned, tickets;
} servers[KINDS] = {
	{ .cert = pki_ec_cert, .key = pki_ec_key, .tickets = true },
	{ .cert = pki_ec_cert, .key = pki_ec_key, .ca = pki_ca_cert },
	{ .psk = PSK_TEXT },
	{ .cert = pki_rsa_cert, .key = pki_rsa_key, .psk = PSK_TEXT },
}, clients[KINDS] = {
	{ .ca = pki_ca_cert },
	{ .cert = pki_client_cert, .key = pki_client_key, .insecure = true },
	{ .psk = PSK_TEXT },
	{ .psk = WRONG_PSK },
};

static struct tls_context *context(bool client, uint8_t kind)
{
	static struct tls_context *made[2][KINDS];
	struct tls_context_args a = { .client = client,
				      .random = random_bytes };
	struct tls_problem why = { 0 };
	struct tls_context **ctx = &made[client][kind % KINDS];

	if (*ctx)
		return *ctx;
	a.cert = text((client ? clients : servers)[kind % KINDS].cert);
	a.key = text((client ? clients : servers)[kind % KINDS].key);
	a.ca = text((client ? clients : servers)[kind % KINDS].ca);
	a.psk = text((client ? clients : servers)[kind % KINDS].psk);
	a.insecure = (client ? clients : servers)[kind % KINDS].insecure;
	a.tickets = (client ? clients : servers)[kind % KINDS].tickets;
	*ctx = tls_context_new(&a, &why);
	FUZZ_CHECK(*ctx, "context: %s", why.text);
	return *ctx;
}

/* --------------------------------------------------------------- ciphertext */

static struct pair *the_pair;

static bool is_peer(const struct end *e)
{
	return e == &the_pair->end[PEER];
}

static void append(struct end *e, const void *p, size_t len)
{
	if (len > QUEUE_MAX - e->len)
		len = QUEUE_MAX - e->len;
	memcpy(e->out + e->len, p, len);
	e->len += len;
}

/* A byte of the peer's passes, and with it what happens to it. */
static void pass(struct pair *p, struct end *e, uint8_t b)
{
	size_t copies = 1;

	for (uint32_t i = 0; i < p->ntampers; i++) {
		const struct tamper *t = &p->tamper[i];

		if (t->how == DROP && e->sent >= t->at &&
		    e->sent - t->at <= t->what)
			copies = 0;
		if (t->at != e->sent)
			continue;
		if (t->how == XOR)
			b ^= t->what;
		else if (t->how == SET)
			b = t->what;
		else if (t->how == TWICE)
			copies = 2;
		else if (t->how == INSERT)
			append(e, &t->what, 1);
		else if (t->how == CUT)
			e->over = true;
		else if (t->how == STALL)
			e->piece = 1u + t->what;
	}
	e->sent++;
	while (copies-- > 0 && !e->over)
		append(e, &b, 1);
}

static ptrdiff_t on_send(void *arg, const void *buf, size_t len)
{
	struct end *e = arg;
	const uint8_t *p = buf;

	if (e->len == QUEUE_MAX)
		return -ERR_AGAIN;
	for (size_t i = 0; i < len; i++)
		pass(the_pair, e, p[i]);
	return (ptrdiff_t)len;
}

static ptrdiff_t on_recv(void *arg, void *buf, size_t len)
{
	struct end *to = arg;
	struct end *from = &the_pair->end[is_peer(to) ? US : PEER];

	if (from->len == 0)
		return from->over ? 0 : -ERR_AGAIN;
	if (len > from->len)
		len = from->len;
	if (from->piece && len > from->piece)
		len = from->piece;
	memcpy(buf, from->out, len);
	from->len -= len;
	memmove(from->out, from->out + len, from->len);
	return (ptrdiff_t)len;
}

/* ----------------------------------------------------------------- channels */

static void dial(struct end *e, struct tls_context *ctx)
{
	const struct tls_channel_args a = {
		.io = { e, on_recv, on_send },
		.servername = ctx->client ? "server.test" : NULL,
		.deadline_us = 1000,
	};

	begin_anew(ctx);
	e->ch = tls_channel_new(ctx, &a);
	FUZZ_CHECK(e->ch, "out of memory");
}

static bool is_text(const char *s, size_t size)
{
	if (!memchr(s, '\0', size))
		return false;
	for (; *s; s++)
		if (!isprint((unsigned char)*s))
			return false;
	return true;
}

static void check_problem(const struct tls_channel *ch)
{
	const struct tls_problem *p = tls_problem(ch);

	reach(0x100u + p->kind);
	reach(0x200u + (uint32_t)-p->code * 31u);
	FUZZ_CHECK(p->kind < TLS_KINDS, "kind %d", p->kind);
	FUZZ_CHECK(is_text(p->text, sizeof(p->text)) &&
			   is_text(p->advice, sizeof(p->advice)),
		   "a problem that is no text");
	FUZZ_CHECK((p->kind == TLS_OK) == !p->text[0], "kind %d: \"%s\"",
		   p->kind, p->text);
}

static void check_info(const struct tls_channel *ch)
{
	struct tls_info info;

	FUZZ_CHECK(tls_info(ch, &info) == tls_established(ch),
		   "information before the handshake is over, or none after");
	if (!tls_established(ch))
		return;
	FUZZ_CHECK(is_text(info.peer, sizeof(info.peer)) &&
			   is_text(info.servername, sizeof(info.servername)),
		   "names that are no text");
	FUZZ_CHECK(info.version && info.suite && info.kx && info.cipher &&
			   info.mac,
		   "a suite without a name");
}

static uint8_t said_at(size_t pos)
{
	return (uint8_t)(pos * 167u + 13u);
}

/* Read all there is; what the true peer has written, or nothing. */
static void hear(struct pair *p)
{
	struct end *us = &p->end[US];
	uint8_t buf[SAY_MAX];
	ptrdiff_t n = 1;

	for (uint32_t i = 0; i < STEPS_MAX && n > 0; i++) {
		n = tls_read(us->ch, buf, sizeof(buf));
		FUZZ_CHECK(n <= (ptrdiff_t)sizeof(buf), "%td bytes", n);
		for (ptrdiff_t k = 0; k < n; k++)
			FUZZ_CHECK(buf[k] == said_at(p->heard + (size_t)k) &&
					   p->heard + (size_t)k <
						   p->end[PEER].said,
				   "byte %zu was never written",
				   p->heard + (size_t)k);
		p->heard += n > 0 ? (size_t)n : 0;
	}
	reach(0x300u + (uint32_t)(n < 0 ? -n : n));
}

static void say(struct end *e, size_t len)
{
	uint8_t buf[SAY_MAX];
	ptrdiff_t n;

	if (len > sizeof(buf))
		len = sizeof(buf);
	for (size_t i = 0; i < len; i++)
		buf[i] = said_at(e->said + i);
	n = len ? tls_write(e->ch, buf, len) : 0;
	e->said += n > 0 ? (size_t)n : 0;
}

/* Go on with an end's handshake: it may move. */
static bool step(struct end *e)
{
	int r = tls_handshake(e->ch);

	if (e->ch->core)
		reach((is_peer(e) ? 0x80u : 0u) +
		      (uint32_t)e->ch->core->ssl.state);
	FUZZ_CHECK(r == 0 || r == -ERR_AGAIN || r == -ERR_INPROGRESS ||
			   r == -ERR_PERM || r == -ERR_PROTO,
		   "tls_handshake() says %d", r);
	if (r < 0 && r != -ERR_AGAIN && r != -ERR_INPROGRESS) {
		FUZZ_CHECK(tls_problem(e->ch)->kind != TLS_OK,
			   "failed without a reason");
		FUZZ_CHECK(tls_handshake(e->ch) == r, "dead, and not");
	}
	(void)!tls_flush(e->ch);
	return r == -ERR_INPROGRESS;
}

/* Until nothing moves any more. */
static void shake(struct pair *p, bool both)
{
	struct end *us = &p->end[US];
	struct end *peer = &p->end[PEER];
	size_t before = 1;
	bool moves = true;

	for (uint32_t i = 0; moves; i++) {
		FUZZ_CHECK(i < STEPS_MAX, "the handshake does not end");
		before = us->len + peer->len + us->sent + peer->sent;
		moves = step(us);
		if (both && step(peer))
			moves = true;
		if (before != us->len + peer->len + us->sent + peer->sent)
			moves = true;
	}
}

static void look(const struct pair *p)
{
	struct tls_channel *ch = p->end[US].ch;

	check_info(ch);
	(void)tls_expired(ch, 2000);
	check_problem(ch);
	FUZZ_CHECK(tls_pending(ch) <= TLS_PLAIN_MAX, "%zu bytes pending",
		   tls_pending(ch));
}

static void hang_up(struct pair *p)
{
	tls_channel_free(p->end[US].ch);
	tls_channel_free(p->end[PEER].ch);
	free(p);
	the_pair = NULL;
}

/* ---------------------------------------------------------------- scenarios */

static void run_raw(struct pair *p, struct fuzz_in *in)
{
	struct end *us = &p->end[US];

	while (in->left > 0) {
		size_t len = fuzz_u8(in);
		const uint8_t *piece = fuzz_take(in, &len);

		append(&p->end[PEER], piece, len);
		shake(p, false);
		us->len = 0; /* nobody reads what we say */
		if (tls_established(us->ch))
			hear(p);
	}
	p->end[PEER].over = true;
	shake(p, false);
}

static void read_tampers(struct pair *p, struct fuzz_in *in)
{
	while (in->left >= 4 && p->ntampers < TAMPER_MAX) {
		struct tamper *t = &p->tamper[p->ntampers++];

		t->how = fuzz_u8(in) % HOWS;
		t->at = fuzz_u16(in);
		t->what = fuzz_u8(in);
	}
}

static void run_tamper(struct pair *p, struct fuzz_in *in)
{
	struct end *us = &p->end[US];
	struct end *peer = &p->end[PEER];

	peer->piece = fuzz_u8(in);
	read_tampers(p, in);
	shake(p, true);
	for (uint32_t i = 0; i < 3 && tls_established(peer->ch); i++) {
		say(peer, 1u + i * 1000u);
		if (tls_established(us->ch)) {
			hear(p);
			say(us, 10);
		}
		(void)!tls_flush(peer->ch);
	}
	if (p->ntampers == 0 && tls_established(us->ch))
		FUZZ_CHECK(p->heard == peer->said, "%zu of %zu bytes came",
			   p->heard, peer->said);
	(void)!tls_shutdown(peer->ch);
	peer->over = true;
	if (tls_established(us->ch)) {
		hear(p);
		(void)!tls_shutdown(us->ch);
		(void)!tls_flush(us->ch);
	} else {
		shake(p, false);
	}
}

void tls_pair_fuzz(bool client, const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	uint8_t ours = fuzz_u8(&in);
	uint8_t theirs = fuzz_u8(&in);
	struct pair *p = calloc(1, sizeof(*p));

	FUZZ_CHECK(p, "out of memory");
	the_pair = p;
	state = 0x9e3779b97f4a7c15u;
	dial(&p->end[US], context(client, ours));
	if (ours & 0x80) {
		run_raw(p, &in);
	} else {
		dial(&p->end[PEER], context(!client, theirs));
		run_tamper(p, &in);
	}
	look(p);
	hang_up(p);
}

/* SPDX-License-Identifier: MIT */
/*
 * channel.c - one end of a TLS connection, without I/O of its own
 *
 *	        first bytes          records                last record
 *	(none) -------------> core ---------> established -------------> ended
 *	   |  no record         |  mbedTLS's      |  cut, changed, alert
 *	   +--------------------+-- objects ------+------> dead
 *
 * A server's channel is small until a client has sent the header of a record:
 * the two buffers of mbedTLS, 33 KB, come then.  mbedTLS never waits for room:
 * what io.send does not take is kept in @pending, and no new record is made
 * while there is any, alerts excepted.  So a record that mbedTLS has made is
 * never made twice, and tls_flush() needs no mbedTLS.
 *
 * One call of tls_handshake() is one state of mbedTLS's machine; each has one
 * signature or key exchange at most.
 */

#include <stdlib.h>
#include <string.h>

#include <mbedtls/platform_util.h>

#include "channel_int.h"
#include "compat.h"

#define REC_ALERT	 21
#define REC_DATA	 23
#define SEALED_ALERT_MAX 37u /* TLS 1.3: header, alert padded to 16, tag */

struct tls_core *tls_core_of(mbedtls_ssl_context *ssl)
{
	return (struct tls_core *)((char *)ssl -
				   offsetof(struct tls_core, ssl));
}

struct tls_channel *tls_channel_new(struct tls_context *ctx,
				    const struct tls_channel_args *a)
{
	struct tls_channel *ch = calloc(1, sizeof(*ch));

	if (!ch)
		return NULL;
	ch->io = a->io;
	ch->deadline_us = a->deadline_us;
	if (ctx->client) {
		ch->target = tls_target_new(a);
		if (!ch->target) {
			free(ch);
			return NULL;
		}
	}
	ch->ctx = tls_context_ref(ctx);
	return ch;
}

static void core_free(struct tls_core *core)
{
	if (!core)
		return;
	mbedtls_ssl_free(&core->ssl);
	free(core->pending);
	mbedtls_platform_zeroize(core, sizeof(*core));
	free(core);
}

void tls_channel_free(struct tls_channel *ch)
{
	if (!ch)
		return;
	core_free(ch->core);
	tls_context_put(ch->ctx);
	free(ch->target);
	free(ch->problem);
	mbedtls_platform_zeroize(ch, sizeof(*ch));
	free(ch);
}

bool tls_expired(struct tls_channel *ch, uint64_t now_us)
{
	if (ch->established || ch->dead || now_us < ch->deadline_us)
		return false;
	tls_give_up(ch, TLS_TIMEOUT, 0,
		    ch->nfirst || ch->ctx->client
			    ? "the handshake took too long"
			    : "the client never began a handshake");
	return true;
}

/* -------------------------------------------------------- ciphertext */

/* Hand on what is pending: 0 = all of it. */
static int flush(struct tls_channel *ch)
{
	struct tls_core *core = ch->core;
	ptrdiff_t n;

	while (core->pending) {
		n = ch->io.send(ch->io.arg, core->pending + core->pending_off,
				core->pending_len - core->pending_off);
		if (!n || n == -ERR_AGAIN)
			return -ERR_AGAIN;
		if (n < 0) {
			ch->io_err = (int)n;
			return ch->io_err;
		}
		core->pending_off += (size_t)n;
		if (core->pending_off < core->pending_len)
			continue;
		free(core->pending);
		core->pending = NULL;
	}
	return 0;
}

/* Keep bytes for later: 0, or mbedTLS's code. */
static int keep(struct tls_core *core, const unsigned char *buf, size_t len)
{
	size_t have = 0;
	uint8_t *p;

	if (core->pending)
		have = core->pending_len - core->pending_off;
	if (have + len > TLS_PENDING_MAX)
		return MBEDTLS_ERR_SSL_WANT_WRITE;
	p = malloc(have + len);
	if (!p)
		return MBEDTLS_ERR_SSL_ALLOC_FAILED;
	if (have)
		memcpy(p, core->pending + core->pending_off, have);
	memcpy(p + have, buf, len);
	free(core->pending);
	core->pending = p;
	core->pending_off = 0;
	core->pending_len = have + len;
	return 0;
}

/* mbedTLS has made a record; we have it now. */
static void on_record(struct tls_core *core, const unsigned char *buf,
		      size_t len)
{
	if (!core->ch->ctx->client)
		tls_watch_feed(&core->watch, buf, len);
	if (buf[0] == REC_ALERT ||
	    (core->watch.v13 && buf[0] == REC_DATA && len <= SEALED_ALERT_MAX))
		core->alerted = true;
}

static int on_send(void *arg, const unsigned char *buf, size_t len)
{
	struct tls_core *core = arg;
	struct tls_channel *ch = core->ch;
	ptrdiff_t n = 0;
	int err;

	err = flush(ch);
	if (!err)
		n = ch->io.send(ch->io.arg, buf, len);
	else if (err != -ERR_AGAIN)
		return MBEDTLS_ERR_SSL_CONN_EOF;
	if (n == -ERR_AGAIN)
		n = 0;
	if (n < 0) {
		ch->io_err = (int)n;
		return MBEDTLS_ERR_SSL_CONN_EOF;
	}
	if ((size_t)n < len) {
		err = keep(core, buf + n, len - (size_t)n);
		if (err)
			return err;
	}
	on_record(core, buf, len);
	return (int)len;
}

static ptrdiff_t recv_first(struct tls_channel *ch, void *buf, size_t len)
{
	size_t n = (size_t)(ch->nfirst - ch->first_off);

	if (n > len)
		n = len;
	memcpy(buf, ch->first + ch->first_off, n);
	ch->first_off = (uint8_t)(ch->first_off + n);
	return (ptrdiff_t)n;
}

static int on_recv(void *arg, unsigned char *buf, size_t len)
{
	struct tls_core *core = arg;
	struct tls_channel *ch = core->ch;
	ptrdiff_t n;

	if (ch->first_off < ch->nfirst)
		return (int)recv_first(ch, buf, len);
	n = ch->io.recv(ch->io.arg, buf, len);
	if (n == -ERR_AGAIN) {
		ch->starved = true;
		return MBEDTLS_ERR_SSL_WANT_READ;
	}
	if (n < 0) {
		ch->io_err = (int)n;
		return MBEDTLS_ERR_SSL_CONN_EOF;
	}
	if (ch->ctx->client)
		tls_watch_feed(&core->watch, buf, (size_t)n);
	/* warnings without end would keep mbedTLS busy, and us with it */
	ch->barren += (uint32_t)n;
	if (ch->barren > TLS_BARREN_MAX)
		return MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE;
	return (int)n;
}

/* ---------------------------------------------------------- handshake */

static int on_server_name(void *arg, mbedtls_ssl_context *ssl,
			  const unsigned char *name, size_t len)
{
	struct tls_core *core = tls_core_of(ssl);

	(void)arg;
	tls_printable(core->servername, sizeof(core->servername), name, len);
	return 0;
}

static int on_psk(void *arg, mbedtls_ssl_context *ssl, const unsigned char *id,
		  size_t len)
{
	const struct tls_context *ctx = arg;
	struct tls_core *core = tls_core_of(ssl);
	const struct tls_psk *psk = NULL;

	for (uint32_t i = 0; i < ctx->npsk && !psk; i++) {
		if (ctx->psk[i].id_len == len &&
		    !memcmp(ctx->psk[i].id, id, len))
			psk = &ctx->psk[i];
	}
	tls_printable(core->psk, sizeof(core->psk), id, len);
	core->psk_known = psk != NULL;
	if (!psk)
		return MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY;
	return mbedtls_ssl_set_hs_psk(ssl, psk->key, psk->key_len);
}

void tls_channel_hooks(struct tls_context *ctx)
{
	if (ctx->client)
		return;
	mbedtls_ssl_conf_sni(&ctx->conf, on_server_name, NULL);
	if (ctx->npsk)
		mbedtls_ssl_conf_psk_cb(&ctx->conf, on_psk, ctx);
}

/* The big part; from here on mbedTLS can send alerts. */
static int make_core(struct tls_channel *ch)
{
	struct tls_core *core = calloc(1, sizeof(*core));
	int code;

	if (!core)
		return tls_give_up(ch, TLS_MEMORY, 0, "handshake");
	mbedtls_ssl_init(&core->ssl);
	core->ch = ch;
	code = mbedtls_ssl_setup(&core->ssl, &ch->ctx->conf);
	if (!code)
		code = tls_verify_setup(core, ch->target);
	if (code) {
		core_free(core);
		return tls_give_up(ch, tls_kind_of(code, false), code,
				   "handshake");
	}
	mbedtls_ssl_set_bio(&core->ssl, core, on_send, on_recv, NULL);
	ch->core = core;
	return 0;
}

static int refuse(struct tls_channel *ch, enum tls_kind kind)
{
	tls_send_alert(ch->core, tls_kind_alert(kind));
	tls_give_up(ch, kind, 0,
		    kind == TLS_NOT_PINNED
			    ? "the peer's certificate is another one"
			    : "no encrypt-then-MAC");
	return kind == TLS_NOT_PINNED ? tls_verify_tell(ch) : ch->dead;
}

static int step(struct tls_channel *ch)
{
	struct tls_core *core = ch->core;
	enum tls_kind kind;
	int code;

	ch->starved = false;
	core->alerted = false;
	code = mbedtls_ssl_handshake_step(&core->ssl);
	if (core->refused)
		return refuse(ch, TLS_NOT_PINNED);
	if (code == MBEDTLS_ERR_SSL_WANT_READ)
		return ch->starved ? -ERR_AGAIN : -ERR_INPROGRESS;
	if (code == MBEDTLS_ERR_SSL_WANT_WRITE)
		return -ERR_AGAIN;
	if (code && !compat_is_ticket(code))
		return tls_fail(ch, code);
	if (!compat_handshake_over(&core->ssl))
		return -ERR_INPROGRESS;
	kind = tls_verify_over(core);
	if (kind != TLS_OK)
		return refuse(ch, kind);
	ch->established = true;
	ch->barren = 0;
	return 0;
}

int tls_handshake(struct tls_channel *ch)
{
	int err;

	if (ch->dead)
		return ch->dead;
	if (ch->established)
		return 0;
	if (!ch->core) {
		err = ch->ctx->client ? 0 : tls_first_bytes(ch);
		if (!err)
			err = make_core(ch);
		if (err)
			return err;
	}
	err = flush(ch);
	if (err == -ERR_AGAIN)
		return err;
	return err ? tls_fail(ch, MBEDTLS_ERR_SSL_CONN_EOF) : step(ch);
}

bool tls_established(const struct tls_channel *ch)
{
	return ch->established;
}

/* --------------------------------------------------------------- data */

/* A read that gave no data: -ERR_INPROGRESS = try once more. */
static int on_no_data(struct tls_channel *ch, int code)
{
	switch (code) {
	case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
		ch->ended = true;
		return 0;
	case MBEDTLS_ERR_SSL_WANT_READ:
		return ch->starved ? -ERR_AGAIN : -ERR_INPROGRESS;
	case MBEDTLS_ERR_SSL_WANT_WRITE:
		return -ERR_AGAIN;
	case 0:
	case MBEDTLS_ERR_SSL_CONN_EOF:
		/* what we have to say may still reach the peer */
		tls_fail(ch, MBEDTLS_ERR_SSL_CONN_EOF);
		ch->dead = 0;
		ch->cut = -ERR_CONNABORTED;
		return ch->cut;
	default:
		return compat_is_ticket(code) ? -ERR_INPROGRESS
					      : tls_fail(ch, code);
	}
}

ptrdiff_t tls_read(struct tls_channel *ch, void *buf, size_t len)
{
	int n;

	if (ch->dead)
		return ch->dead;
	if (!ch->established)
		return -ERR_NOTCONN;
	if (ch->ended || ch->cut)
		return ch->cut;
	do {
		ch->starved = false;
		ch->core->alerted = false;
		n = mbedtls_ssl_read(&ch->core->ssl, buf, len);
		if (n > 0) {
			ch->barren = 0;
			return n;
		}
		n = on_no_data(ch, n);
	} while (n == -ERR_INPROGRESS);
	return n;
}

size_t tls_pending(const struct tls_channel *ch)
{
	return ch->established ? mbedtls_ssl_get_bytes_avail(&ch->core->ssl)
			       : 0;
}

ptrdiff_t tls_write(struct tls_channel *ch, const void *buf, size_t len)
{
	const unsigned char *p = buf;
	size_t done = 0;
	int n = 0;

	if (ch->dead)
		return ch->dead;
	if (!ch->established)
		return -ERR_NOTCONN;
	if (ch->shut)
		return -ERR_PIPE;
	while (done < len) {
		n = tls_flush(ch);
		if (n)
			break;
		ch->core->alerted = false;
		n = mbedtls_ssl_write(&ch->core->ssl, p + done, len - done);
		if (n == MBEDTLS_ERR_SSL_WANT_WRITE ||
		    n == MBEDTLS_ERR_SSL_WANT_READ)
			n = -ERR_AGAIN;
		else if (n < 0)
			n = tls_fail(ch, n);
		if (n < 0)
			break;
		done += (size_t)n;
	}
	return done ? (ptrdiff_t)done : n;
}

int tls_flush(struct tls_channel *ch)
{
	int err;

	if (!ch->core || !ch->core->pending)
		return 0;
	err = flush(ch);
	if (err && err != -ERR_AGAIN && !ch->dead)
		tls_fail(ch, MBEDTLS_ERR_SSL_CONN_EOF);
	return err;
}

bool tls_unsent(const struct tls_channel *ch)
{
	return ch->core && ch->core->pending;
}

int tls_shutdown(struct tls_channel *ch)
{
	int code;

	if (ch->dead)
		return ch->dead;
	if (!ch->established)
		return -ERR_NOTCONN;
	if (!ch->shut) {
		code = mbedtls_ssl_close_notify(&ch->core->ssl);
		if (code == MBEDTLS_ERR_SSL_WANT_WRITE)
			return -ERR_AGAIN;
		if (code)
			return tls_fail(ch, code);
		ch->shut = true;
	}
	return tls_flush(ch);
}

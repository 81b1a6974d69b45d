/* SPDX-License-Identifier: MIT */
/*
 * fail.c - the end of a channel that has failed: what it was, and who is told
 *
 * A code of mbedTLS is only half of it.  The other half is what the channel
 * knows: what the peer's alert said, in which ways its certificate was not good
 * enough, which PSK identity it named.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel_int.h"
#include "compat.h"

static const struct tls_problem no_problem = { .kind = TLS_OK };
static const struct tls_problem no_memory = {
	.kind = TLS_MEMORY,
	.text = "no memory",
	.advice = "allow fewer secure connections at once, or give the machine "
		  "more memory",
};

int tls_give_up(struct tls_channel *ch, enum tls_kind kind, int code,
		const char *what)
{
	bool policy = kind >= TLS_OLD_VERSION && kind <= TLS_BAD_PSK;

	if (!ch->problem)
		ch->problem = calloc(1, sizeof(*ch->problem));
	tls_problem_set(ch->problem, kind, code, "%s", what);
	ch->dead = policy ? -ERR_PERM : -ERR_PROTO;
	return ch->dead;
}

void tls_send_alert(struct tls_core *core, unsigned char alert)
{
	if (!core->alerted && alert)
		mbedtls_ssl_send_alert_message(
			&core->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, alert);
}

/* The alert that the peer has sent, if that is what went wrong; else -1. */
static int alert_of(const struct tls_channel *ch, int code)
{
	switch (code) {
	case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
		return MBEDTLS_SSL_ALERT_MSG_CLOSE_NOTIFY;
	case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
		return compat_alert(&ch->core->ssl);
	case MBEDTLS_ERR_SSL_INVALID_MAC:
		return ch->core->watch.v13 && !ch->established
			       ? compat_open_alert(&ch->core->ssl)
			       : -1;
	default:
		return -1;
	}
}

/* A client with a PSK knows what some alerts mean. */
static bool about_psk(const struct tls_channel *ch, int alert)
{
	return ch->ctx->client && ch->ctx->npsk && !ch->established &&
	       (alert == MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC ||
		alert == MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR ||
		alert == MBEDTLS_SSL_ALERT_MSG_UNKNOWN_PSK_IDENTITY);
}

static int on_alert(struct tls_channel *ch, int code, int alert)
{
	char what[96];
	int err;

	snprintf(what, sizeof(what), "the peer sent alert %s (%d)",
		 tls_alert_name(alert), alert);
	err = tls_give_up(ch, about_psk(ch, alert) ? TLS_BAD_PSK : TLS_ALERT,
			  code, what);
	if (tls_alert_advice(alert))
		tls_problem_advise(ch->problem, "%s", tls_alert_advice(alert));
	return err;
}

/* The peer's certificate was not good enough: say in which ways. */
static int on_untrusted(struct tls_channel *ch, int code)
{
	uint32_t flags = mbedtls_ssl_get_verify_result(&ch->core->ssl);
	enum tls_kind kind = tls_verify_kind(flags);
	char reasons[200] = "";
	char what[240];
	size_t len;

	if (flags != UINT32_MAX)
		mbedtls_x509_crt_verify_info(reasons, sizeof(reasons), "",
					     flags);
	for (char *p = reasons; *p; p++)
		*p = *p == '\n' ? ' ' : *p;
	len = strlen(reasons);
	if (len)
		reasons[len - 1] = '\0';
	snprintf(what, sizeof(what), "the peer's certificate is refused%s%s",
		 len ? ": " : "", reasons);
	tls_send_alert(ch->core, tls_kind_alert(kind));
	tls_give_up(ch, kind, code, what);
	return tls_verify_tell(ch);
}

static int on_bad_psk(struct tls_channel *ch, int code)
{
	char what[TLS_NAME_MAX + 48];

	snprintf(what, sizeof(what), "%s PSK identity \"%.200s\"",
		 ch->core->psk_known ? "another key for" : "unknown",
		 ch->core->psk);
	tls_send_alert(ch->core, tls_kind_alert(TLS_BAD_PSK));
	return tls_give_up(ch, TLS_BAD_PSK, code, what);
}

/* Did the handshake end because of the PSK that the client named? */
static bool is_bad_psk(const struct tls_channel *ch, enum tls_kind kind)
{
	if (kind == TLS_BAD_PSK)
		return true;
	if (ch->established || !ch->core->psk[0])
		return false;
	return kind == TLS_NO_SUITE ||
	       (kind == TLS_BAD_MAC && ch->core->psk_known);
}

int tls_fail(struct tls_channel *ch, int code)
{
	enum tls_kind kind = tls_kind_of(code, ch->established);
	const char *what = ch->established ? "record" : "handshake";
	int alert = alert_of(ch, code);
	char text[80];

	if (ch->io_err) {
		snprintf(text, sizeof(text), "%s: %s", what,
			 err_str(ch->io_err));
		return tls_give_up(ch, TLS_CUT, 0, text);
	}
	if (alert >= 0)
		return on_alert(ch, code, alert);
	if (kind == TLS_UNTRUSTED)
		return on_untrusted(ch, code);
	if (is_bad_psk(ch, kind))
		return on_bad_psk(ch, code);
	tls_send_alert(ch->core, tls_kind_alert(kind));
	return tls_give_up(ch, kind, code, what);
}

const struct tls_problem *tls_problem(const struct tls_channel *ch)
{
	if (ch->problem)
		return ch->problem;
	return ch->dead ? &no_memory : &no_problem;
}

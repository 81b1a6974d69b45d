/* SPDX-License-Identifier: MIT */
/*
 * info.c - what two ends have agreed on
 *
 * TLS 1.3's suites do not say how the ends know each other; the handshake does:
 * a pre-shared key, or the key of the server's certificate.
 */

#include <stdio.h>
#include <string.h>

#include "channel_int.h"
#include "compat.h"

#define DN_MAX 1024u /* text of a subject */

/* Is it an identity of a PSK file that was proved, not a ticket? */
static bool by_psk(const struct tls_channel *ch, const struct tls_suite *s)
{
	if (s->auth == TLS_AUTH_PSK)
		return true;
	if (!s->v13 || !ch->core->watch.psk)
		return false;
	return ch->ctx->client ? ch->ctx->npsk > 0 : ch->core->psk_known;
}

static const char *kx13(const struct tls_channel *ch, const struct tls_suite *s)
{
	const mbedtls_x509_crt *crt = mbedtls_ssl_get_peer_cert(&ch->core->ssl);
	const mbedtls_pk_context *pk = NULL;

	if (by_psk(ch, s))
		return "ECDHE-PSK";
	if (ch->core->watch.psk)
		return s->kx;
	if (!ch->ctx->client)
		pk = &ch->ctx->key;
	else if (crt)
		pk = compat_crt_pk(crt);
	if (!pk)
		return s->kx;
	return mbedtls_pk_can_do(pk, MBEDTLS_PK_RSA) ? "ECDHE-RSA"
						     : "ECDHE-ECDSA";
}

static void peer_of(const struct tls_channel *ch, const struct tls_suite *s,
		    struct tls_info *info)
{
	const mbedtls_x509_crt *crt = mbedtls_ssl_get_peer_cert(&ch->core->ssl);
	const struct tls_psk *psk = ch->ctx->psk;
	char dn[DN_MAX];
	int n;

	if (by_psk(ch, s)) {
		if (ch->ctx->client)
			tls_printable(info->peer, sizeof(info->peer), psk->id,
				      psk->id_len);
		else
			memcpy(info->peer, ch->core->psk, sizeof(info->peer));
		return;
	}
	if (!crt)
		return;
	compat_sha256(crt->raw.p, crt->raw.len, info->fingerprint);
	n = mbedtls_x509_dn_gets(dn, sizeof(dn), &crt->subject);
	if (n > 0)
		tls_printable(info->peer, sizeof(info->peer), dn, (size_t)n);
	else
		snprintf(info->peer, sizeof(info->peer), "(no subject)");
}

bool tls_info(const struct tls_channel *ch, struct tls_info *info)
{
	const struct tls_suite *s;
	const struct tls_group *g;
	const struct tls_core *core = ch->core;
	bool no_kx;

	memset(info, 0, sizeof(*info));
	if (!ch->established)
		return false;
	s = tls_suite_by_id(mbedtls_ssl_get_ciphersuite_id(
		mbedtls_ssl_get_ciphersuite(&core->ssl)));
	if (!s)
		return false;
	g = tls_group_by_id(core->watch.group);
	no_kx = !core->watch.group;
	info->version = mbedtls_ssl_get_version(&core->ssl);
	info->suite = s->name;
	info->group = g ? g->name : no_kx ? "none" : "unknown";
	info->kx = s->v13 ? kx13(ch, s) : s->kx;
	info->cipher = s->cipher;
	info->mac = s->mac;
	info->etm = s->cbc && compat_etm(&core->ssl);
	info->resumed = s->v13 ? core->watch.psk && !by_psk(ch, s) : no_kx;
	peer_of(ch, s, info);
	if (!ch->ctx->client)
		memcpy(info->servername, core->servername,
		       sizeof(info->servername));
	return true;
}

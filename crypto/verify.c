/* SPDX-License-Identifier: MIT */
/*
 * verify.c - is the peer who it should be
 *
 * mbedTLS checks the chain, the times and DNS names.  What it does not do in
 * both versions is done here, in its callback, which is called for each
 * certificate of the chain, the leaf (depth 0) last: IP addresses, against
 * iPAddress of subjectAltName as RFC 9110 section 4.3.5 wants it; a pinned
 * fingerprint, which replaces all other checks.  With tls_context_args' insecure
 * mbedTLS finds what is wrong and goes on (MBEDTLS_SSL_VERIFY_OPTIONAL).
 *
 * A client that was told neither a name nor an address trusts nobody.
 */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel_int.h"
#include "compat.h"

#define SAN_IP 7 /* iPAddress [7], RFC 5280 section 4.2.1.6 */

static bool parse_address(struct tls_target *t, const char *text)
{
	t->address_len = 0;
	if (inet_pton(AF_INET, text, t->address) == 1)
		t->address_len = 4;
	else if (inet_pton(AF_INET6, text, t->address) == 1)
		t->address_len = 16;
	return t->address_len != 0;
}

struct tls_target *tls_target_new(const struct tls_channel_args *a)
{
	struct tls_target *t = calloc(1, sizeof(*t));
	size_t len;

	if (!t)
		return NULL;
	if (!a->servername) {
		if (a->address)
			parse_address(t, a->address);
		return t;
	}
	/* an address is never sent as SNI, RFC 6066 section 3 */
	len = strlen(a->servername);
	if (!parse_address(t, a->servername) && len < sizeof(t->name))
		memcpy(t->name, a->servername, len);
	return t;
}

static bool names_address(const mbedtls_x509_crt *crt,
			  const struct tls_target *t)
{
	const mbedtls_x509_sequence *san = &crt->subject_alt_names;

	for (; san; san = san->next) {
		if ((san->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) == SAN_IP &&
		    san->buf.len == t->address_len &&
		    !memcmp(san->buf.p, t->address, t->address_len))
			return true;
	}
	return false;
}

static bool has_fingerprint(const mbedtls_x509_crt *crt, const uint8_t *want)
{
	uint8_t have[TLS_FINGERPRINT];

	compat_sha256(crt->raw.p, crt->raw.len, have);
	return !memcmp(have, want, sizeof(have));
}

static int on_certificate(void *arg, mbedtls_x509_crt *crt, int depth,
			  uint32_t *flags)
{
	struct tls_core *core = arg;
	const struct tls_context *ctx = core->ch->ctx;
	const struct tls_target *t = core->ch->target;

	if (!depth) {
		compat_sha256(crt->raw.p, crt->raw.len, core->met);
		core->has_met = true;
	}
	if (ctx->pinned) {
		*flags = 0;
		if (!depth)
			core->refused = memcmp(core->met, ctx->fingerprint,
					       sizeof(core->met)) != 0;
		return 0;
	}
	if (!depth && !t->name[0] && !(t->address_len && names_address(crt, t)))
		*flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
	return 0;
}

int tls_verify_setup(struct tls_core *core, const struct tls_target *t)
{
	if (!t)
		return 0;
	mbedtls_ssl_set_verify(&core->ssl, on_certificate, core);
	/* 3.6 wants to be told that there is none */
	return mbedtls_ssl_set_hostname(&core->ssl,
					t->name[0] ? t->name : NULL);
}

/*
 * A resumed session never showed its certificate to the callback; what mbedTLS
 * kept of it must still be the pinned one.
 */
enum tls_kind tls_verify_over(struct tls_core *core)
{
	const struct tls_context *ctx = core->ch->ctx;
	const mbedtls_x509_crt *crt = mbedtls_ssl_get_peer_cert(&core->ssl);
	const struct tls_suite *s = tls_suite_by_id(
		mbedtls_ssl_get_ciphersuite_id(
			mbedtls_ssl_get_ciphersuite(&core->ssl)));

	if (!s || (s->cbc && !compat_etm(&core->ssl)))
		return TLS_NO_SUITE;
	if (ctx->pinned && s->auth != TLS_AUTH_PSK &&
	    (!crt || !has_fingerprint(crt, ctx->fingerprint)))
		return TLS_NOT_PINNED;
	return TLS_OK;
}

int tls_verify_tell(const struct tls_channel *ch)
{
	struct tls_problem *p = ch->problem;
	char fp[TLS_FINGERPRINT_TEXT];
	size_t len;

	if (!p || !ch->core->has_met)
		return ch->dead;
	len = strlen(p->text);
	(void)snprintf(p->text + len, sizeof(p->text) - len,
		       "; it has SHA-256 %s",
		       tls_fingerprint_text(ch->core->met, fp));
	return ch->dead;
}

enum tls_kind tls_verify_kind(uint32_t flags)
{
	const uint32_t times = MBEDTLS_X509_BADCERT_EXPIRED |
			       MBEDTLS_X509_BADCERT_FUTURE;

	/* all of them: mbedTLS has no result */
	if (flags == UINT32_MAX)
		return TLS_UNTRUSTED;
	if (flags & MBEDTLS_X509_BADCERT_MISSING)
		return TLS_NO_CERT;
	if (flags & ~(times | MBEDTLS_X509_BADCERT_CN_MISMATCH))
		return TLS_UNTRUSTED;
	if (flags & times)
		return TLS_EXPIRED;
	return flags ? TLS_WRONG_NAME : TLS_UNTRUSTED;
}

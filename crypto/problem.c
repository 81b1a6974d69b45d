/* SPDX-License-Identifier: MIT */
/*
 * problem.c - words for what went wrong
 *
 * Each problem has a kind, mbedTLS's words and number where there are any, and
 * one line that says what to do about it.  Codes of mbedTLS are a high-level
 * part (bits 7 to 15) and a low-level one added together; the high-level part
 * names the place, the low-level one the cause.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <mbedtls/asn1.h>
#include <mbedtls/bignum.h>
#include <mbedtls/cipher.h>
#include <mbedtls/ecp.h>
#include <mbedtls/error.h>
#include <mbedtls/md.h>
#include <mbedtls/pem.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509.h>

#include "channel_int.h"
#include "compat.h"

#define HIGH(code) (-(int)((unsigned int)-(code)&0xff80u))
#define LOW(code)  (-(int)((unsigned int)-(code)&0x7fu))

static const struct {
	const char *name;
	unsigned char alert;
	const char *advice;
} kinds[TLS_KINDS] = {
	[TLS_OK] = { "ok", 0, "" },
	[TLS_NOT_TLS] = { "not-tls", MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE,
			  "the client speaks plain text: let it use TLS, or a "
			  "port without tls=yes" },
	[TLS_GARBAGE] = { "garbage", MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE,
			  "the peer does not speak TLS: see what it is, and "
			  "whether it means this port" },
	[TLS_BAD_HANDSHAKE] = { "bad-handshake",
				MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR,
				"the peer's handshake is broken, or something "
				"on the way changes it: try another client" },
	[TLS_OLD_VERSION] = { "old-version",
			      MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION,
			      "the peer does not speak TLS 1.2 or later: renew "
			      "it; older versions are not secure" },
	[TLS_NO_SUITE] = { "no-suite", MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE,
			   "the peer must offer ECDHE with AES-GCM, or AES-CBC "
			   "with encrypt-then-MAC, and x25519 or P-256; with a "
			   "PSK in TLS 1.2 ECDHE-PSK with AES-CBC" },
	[TLS_NO_CERT] = { "no-cert", MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE,
			  "the peer must show a certificate: give the client "
			  "one (--cert, --key), or take client-ca away" },
	[TLS_UNTRUSTED] = { "untrusted", MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA,
			    "trust its issuer (--ca), or this one certificate "
			    "(--fingerprint), if it really is the peer's" },
	[TLS_EXPIRED] = { "expired", MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED,
			  "renew the peer's certificate, or set the clock" },
	[TLS_WRONG_NAME] = { "wrong-name", MBEDTLS_SSL_ALERT_MSG_BAD_CERT,
			     "use a name or address that the certificate has, "
			     "or say which one to expect (--servername)" },
	[TLS_NOT_PINNED] = { "not-pinned", MBEDTLS_SSL_ALERT_MSG_BAD_CERT,
			     "if the peer's certificate was renewed, pin the "
			     "new fingerprint; else somebody is in between" },
	[TLS_BAD_PSK] = { "bad-psk", MBEDTLS_SSL_ALERT_MSG_UNKNOWN_PSK_IDENTITY,
			  "both ends need the same identity and key: compare "
			  "their PSK files" },
	[TLS_BAD_MAC] = { "bad-mac", MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC,
			  "bytes were changed on their way, past TCP's "
			  "checksum: look for what does that" },
	[TLS_ALERT] = { "alert", 0, "see why in the peer's own log" },
	[TLS_CUT] = { "cut", 0,
		      "the peer went away without saying so: what came may be "
		      "incomplete" },
	[TLS_TIMEOUT] = { "timeout", 0,
			  "the peer is silent: is it there, and does it speak "
			  "TLS?" },
	[TLS_MEMORY] = { "memory", MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR,
			 "allow fewer secure connections at once, or give the "
			 "machine more memory" },
	[TLS_CREDENTIALS] = { "credentials",
			      MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR,
			      "give it other credentials" },
	[TLS_INTERNAL] = { "internal", MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR,
			   "this should not happen: report it with the code" },
};

const char *tls_kind_name(enum tls_kind k)
{
	return k < TLS_KINDS ? kinds[k].name : "unknown";
}

const char *tls_kind_advice(enum tls_kind k)
{
	return k < TLS_KINDS ? kinds[k].advice : "";
}

unsigned char tls_kind_alert(enum tls_kind kind)
{
	return kinds[kind].alert;
}

/* RFC 8446 section 6; RFC 5246 section 7.2 for those that are history. */
static const struct {
	unsigned char number;
	const char *name;
	const char *advice;
} alerts[] = {
	{ 0, "close_notify", "the peer gave up during the handshake" },
	{ 10, "unexpected_message", NULL },
	{ 20, "bad_record_mac", NULL },
	{ 21, "decryption_failed", NULL },
	{ 22, "record_overflow", NULL },
	{ 30, "decompression_failure", NULL },
	{ 40, "handshake_failure",
	  "nothing in common: the peer may want other suites, groups, or a "
	  "certificate" },
	{ 41, "no_certificate", "the peer wants a certificate: --cert, --key" },
	{ 42, "bad_certificate", "the peer cannot accept our certificate" },
	{ 43, "unsupported_certificate",
	  "the peer does not know this kind of certificate" },
	{ 44, "certificate_revoked",
	  "our certificate is revoked: get another" },
	{ 45, "certificate_expired",
	  "renew our certificate, or set the clock" },
	{ 46, "certificate_unknown",
	  "the peer does not accept our certificate: let it trust our issuer "
	  "or fingerprint" },
	{ 47, "illegal_parameter", NULL },
	{ 48, "unknown_ca",
	  "the peer does not know our certificate's issuer: let it trust it" },
	{ 49, "access_denied", "the peer knows us, and does not let us in" },
	{ 50, "decode_error", NULL },
	{ 51, "decrypt_error", NULL },
	{ 60, "export_restriction", NULL },
	{ 70, "protocol_version",
	  "no version in common: TLS 1.2 is the least here" },
	{ 71, "insufficient_security", "the peer wants stronger suites" },
	{ 80, "internal_error", NULL },
	{ 86, "inappropriate_fallback", NULL },
	{ 90, "user_canceled", "the peer's user changed his mind" },
	{ 100, "no_renegotiation", NULL },
	{ 109, "missing_extension", NULL },
	{ 110, "unsupported_extension", NULL },
	{ 112, "unrecognized_name",
	  "the peer has nothing by that name: see --servername" },
	{ 113, "bad_certificate_status_response", NULL },
	{ 115, "unknown_psk_identity",
	  "the peer does not know our PSK identity: compare the PSK files" },
	{ 116, "certificate_required",
	  "the peer wants a certificate: --cert, --key" },
	{ 120, "no_application_protocol", NULL },
};

#define N_ALERTS (sizeof(alerts) / sizeof(alerts[0]))

const char *tls_alert_name(int alert)
{
	for (size_t i = 0; i < N_ALERTS; i++) {
		if (alerts[i].number == alert)
			return alerts[i].name;
	}
	return "unknown";
}

const char *tls_alert_advice(int alert)
{
	for (size_t i = 0; i < N_ALERTS; i++) {
		if (alerts[i].number == alert)
			return alerts[i].advice;
	}
	return NULL;
}

static bool is_memory(int code)
{
	switch (HIGH(code)) {
	case MBEDTLS_ERR_SSL_ALLOC_FAILED:
	case MBEDTLS_ERR_X509_ALLOC_FAILED:
	case MBEDTLS_ERR_PK_ALLOC_FAILED:
	case MBEDTLS_ERR_ECP_ALLOC_FAILED:
	case MBEDTLS_ERR_MD_ALLOC_FAILED:
	case MBEDTLS_ERR_CIPHER_ALLOC_FAILED:
	case MBEDTLS_ERR_PEM_ALLOC_FAILED:
		return true;
	default:
		return LOW(code) == MBEDTLS_ERR_MPI_ALLOC_FAILED ||
		       LOW(code) == MBEDTLS_ERR_ASN1_ALLOC_FAILED;
	}
}

/* Codes that can only be our own fault, or our random bytes'. */
static bool is_internal(int code)
{
	switch (HIGH(code)) {
	case MBEDTLS_ERR_SSL_INTERNAL_ERROR:
	case MBEDTLS_ERR_SSL_BAD_INPUT_DATA:
	case MBEDTLS_ERR_SSL_FEATURE_UNAVAILABLE:
	case MBEDTLS_ERR_SSL_NO_RNG:
	case MBEDTLS_ERR_SSL_PRIVATE_KEY_REQUIRED:
	case MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED:
	case MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL:
	case MBEDTLS_ERR_SSL_COUNTER_WRAPPING:
		return true;
	default:
		return LOW(code) == MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
	}
}

enum tls_kind tls_kind_of(int code, bool established)
{
	switch (compat_code(code)) {
	case COMPAT_VERSION:
		return TLS_OLD_VERSION;
	case COMPAT_SUITE:
		return TLS_NO_SUITE;
	case COMPAT_NO_CERT:
		return TLS_NO_CERT;
	case COMPAT_UNTRUSTED:
		return TLS_UNTRUSTED;
	case COMPAT_IDENTITY:
		return TLS_BAD_PSK;
	case COMPAT_OTHER:
		break;
	}
	if (code == MBEDTLS_ERR_SSL_CONN_EOF)
		return TLS_CUT;
	if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE ||
	    code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
		return TLS_ALERT;
	if (code == MBEDTLS_ERR_SSL_INVALID_MAC)
		return TLS_BAD_MAC;
	if (is_memory(code))
		return TLS_MEMORY;
	if (is_internal(code))
		return TLS_INTERNAL;
	if (code == MBEDTLS_ERR_SSL_INVALID_RECORD && established)
		return TLS_GARBAGE;
	return established && code != MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE
		       ? TLS_INTERNAL
		       : TLS_BAD_HANDSHAKE;
}

void tls_problem_set(struct tls_problem *p, enum tls_kind kind, int code,
		     const char *fmt, ...)
{
	char words[160];
	va_list ap;
	size_t len;

	if (!p || p->kind != TLS_OK)
		return;
	p->kind = kind;
	p->code = code;
	va_start(ap, fmt);
	vsnprintf(p->text, sizeof(p->text), fmt, ap);
	va_end(ap);
	len = strlen(p->text);
	if (code) {
		mbedtls_strerror(code, words, sizeof(words));
		snprintf(p->text + len, sizeof(p->text) - len, ": %s (-0x%04x)",
			 words, (unsigned int)-code);
	}
	snprintf(p->advice, sizeof(p->advice), "%s", tls_kind_advice(kind));
}

void tls_problem_advise(struct tls_problem *p, const char *fmt, ...)
{
	va_list ap;

	if (!p)
		return;
	va_start(ap, fmt);
	vsnprintf(p->advice, sizeof(p->advice), fmt, ap);
	va_end(ap);
}

void tls_printable(char *out, size_t size, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	size_t n = 0;
	bool plain;

	for (size_t i = 0; i < len; i++) {
		plain = p[i] >= ' ' && p[i] < 0x7f && p[i] != '\\';
		if (n + (plain ? 1u : 4u) >= size)
			break;
		if (plain)
			out[n++] = (char)p[i];
		else
			n += (size_t)snprintf(out + n, size - n, "\\x%02x",
					      p[i]);
	}
	out[n] = '\0';
}

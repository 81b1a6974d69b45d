/* SPDX-License-Identifier: MIT */
/*
 * policy.c - what two ends may agree on: the one table
 *
 * The order is that of preference.  With GCM 128-bit keys come first: nobody
 * breaks either, the ephemeral keys have no more strength than that, and they
 * are faster (echo by mbedTLS 2.28 on one core: 120 against 112 MB/s).  With CBC
 * the hash costs most, and SHA-384 is the faster one on 64 bits (138 against 108
 * MB/s).  GCM is before CBC although it is no faster: it has fewer parts that
 * could be put together wrongly.  What there is no credential for is left out of
 * a context's list.
 */

#include <string.h>

#include <mbedtls/ssl_ciphersuites.h>

#include "compat.h"
#include "creds.h"
#include "policy.h"

#define ECDSA TLS_AUTH_ECDSA
#define RSA   TLS_AUTH_RSA
#define PSK   TLS_AUTH_PSK

#define GCM(num, a, bits, hash)                                                \
	{                                                                      \
		.id = (num), .auth = (a),                                      \
		.name = "TLS-ECDHE-" #a "-WITH-AES-" #bits "-GCM-SHA" #hash,   \
		.kx = "ECDHE-" #a, .cipher = "AES-" #bits "-GCM",              \
		.mac = "AEAD",                                                 \
	}

#define CBC(num, a, bits, hash)                                                \
	{                                                                      \
		.id = (num), .auth = (a), .cbc = true,                         \
		.name = "TLS-ECDHE-" #a "-WITH-AES-" #bits "-CBC-SHA" #hash,   \
		.kx = "ECDHE-" #a, .cipher = "AES-" #bits "-CBC",              \
		.mac = "HMAC-SHA" #hash,                                       \
	}

#define V13(num, bits, hash)                                                   \
	{                                                                      \
		.id = (num), .v13 = true, .auth = TLS_AUTH_ANY,                \
		.name = "TLS-AES-" #bits "-GCM-SHA" #hash, .kx = "ECDHE",      \
		.cipher = "AES-" #bits "-GCM", .mac = "AEAD",                  \
	}

/* Numbers: IANA's registry of TLS cipher suites. */
static const struct tls_suite suites[] = {
	V13(0x1301, 128, 256),	      V13(0x1302, 256, 384),
	GCM(0xc02b, ECDSA, 128, 256), GCM(0xc02f, RSA, 128, 256),
	GCM(0xc02c, ECDSA, 256, 384), GCM(0xc030, RSA, 256, 384),
	CBC(0xc024, ECDSA, 256, 384), CBC(0xc028, RSA, 256, 384),
	CBC(0xc023, ECDSA, 128, 256), CBC(0xc027, RSA, 128, 256),
	CBC(0xc038, PSK, 256, 384),   CBC(0xc037, PSK, 128, 256),
};

static const struct tls_group groups[] = {
	{ 0x001d, MBEDTLS_ECP_DP_CURVE25519, "x25519" },
	{ 0x0017, MBEDTLS_ECP_DP_SECP256R1, "secp256r1" },
	{ 0x0018, MBEDTLS_ECP_DP_SECP384R1, "secp384r1" },
};

#define N_SUITES (sizeof(suites) / sizeof(suites[0]))
#define N_GROUPS (sizeof(groups) / sizeof(groups[0]))

_Static_assert(N_SUITES <= TLS_SUITES_MAX, "room in struct tls_policy");
_Static_assert(N_GROUPS <= TLS_GROUPS_MAX, "room in struct tls_policy");

static const mbedtls_x509_crt_profile profile = {
	.allowed_mds = MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
	.allowed_pks = MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_RSA) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_RSASSA_PSS) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA),
	.allowed_curves = MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) |
			  MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1),
	.rsa_min_bitlen = 2048,
};

const struct tls_suite *tls_suite_at(size_t i)
{
	return i < N_SUITES ? &suites[i] : NULL;
}

const struct tls_suite *tls_suite_by_id(int id)
{
	for (size_t i = 0; i < N_SUITES; i++) {
		if (suites[i].id == id)
			return &suites[i];
	}
	return NULL;
}

const struct tls_group *tls_group_at(size_t i)
{
	return i < N_GROUPS ? &groups[i] : NULL;
}

const struct tls_group *tls_group_by_id(uint16_t id)
{
	for (size_t i = 0; i < N_GROUPS; i++) {
		if (groups[i].id == id)
			return &groups[i];
	}
	return NULL;
}

const mbedtls_x509_crt_profile *tls_cert_profile(void)
{
	return &profile;
}

/* Is there something to prove oneself by, or to check the peer by? */
static bool certificates(const struct tls_context_args *a)
{
	if (!a->client)
		return a->cert.p != NULL;
	return a->ca.p || a->pinned || a->insecure;
}

static bool wanted(const struct tls_suite *s, const struct tls_context_args *a)
{
	if (s->v13)
		return compat_has_v13();
	if (a->min_version > TLS_V1_2)
		return false;
	return s->auth == TLS_AUTH_PSK ? a->psk.p != NULL : certificates(a);
}

static void make_lists(struct tls_policy *p, const struct tls_context_args *a)
{
	size_t n = 0;

	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < N_SUITES; i++) {
		if (wanted(&suites[i], a))
			p->suites[n++] = suites[i].id;
	}
	for (size_t i = 0; i < N_GROUPS; i++) {
		p->groups[i] = groups[i].id;
		p->curves[i] = groups[i].ecp;
	}
	p->curves[N_GROUPS] = MBEDTLS_ECP_DP_NONE;
}

/*
 * With a pinned certificate, or with any at all, mbedTLS's own opinion must not
 * end the handshake: the channel's callback decides, before the next step.
 */
static int authmode(const struct tls_context_args *a)
{
	if (a->client)
		return a->pinned || a->insecure ? MBEDTLS_SSL_VERIFY_OPTIONAL
						: MBEDTLS_SSL_VERIFY_REQUIRED;
	return a->ca.p ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_NONE;
}

int tls_policy_apply(struct tls_policy *p, mbedtls_ssl_config *conf,
		     const struct tls_context_args *a)
{
	int err;

	if (a->min_version > TLS_V1_2 && !compat_has_v13())
		return MBEDTLS_ERR_SSL_FEATURE_UNAVAILABLE;
	err = mbedtls_ssl_config_defaults(
		conf, a->client ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER,
		MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
	if (err)
		return err;
	make_lists(p, a);
	mbedtls_ssl_conf_ciphersuites(conf, p->suites);
	compat_conf_policy(conf, p, a->min_version > TLS_V1_2);
	mbedtls_ssl_conf_cert_profile(conf, &profile);
	mbedtls_ssl_conf_authmode(conf, authmode(a));
	mbedtls_ssl_conf_encrypt_then_mac(conf, MBEDTLS_SSL_ETM_ENABLED);
	mbedtls_ssl_conf_extended_master_secret(
		conf, MBEDTLS_SSL_EXTENDED_MS_ENABLED);
	mbedtls_ssl_conf_renegotiation(conf,
				       MBEDTLS_SSL_RENEGOTIATION_DISABLED);
	mbedtls_ssl_conf_legacy_renegotiation(
		conf, MBEDTLS_SSL_LEGACY_NO_RENEGOTIATION);
	if (a->client)
		compat_conf_tickets(conf, a->tickets);
	return 0;
}

bool tls_policy_tickets(const struct tls_context_args *a)
{
	return a->tickets && !a->client && !a->ca.p && !a->psk.p;
}

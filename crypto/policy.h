/* SPDX-License-Identifier: MIT */
/*
 * policy.h - what two ends may agree on: the one table
 *
 * Ephemeral ECDH always; AES-GCM, or AES-CBC with HMAC and encrypt-then-MAC;
 * with a pre-shared key in TLS 1.2 the latter alone, as mbedTLS 2.28 has no
 * ECDHE-PSK with GCM.  TLS 1.2 at least.  No SHA-1, no RSA key below 2048 bits,
 * no renegotiation, no compression; the server's order counts.
 */

#ifndef CRYPTO_POLICY_H
#define CRYPTO_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mbedtls/ecp.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "stack/base/err.h"

struct tls_context_args;

#define TLS_SUITES_MAX 16u
#define TLS_GROUPS_MAX 4u

/* How the two ends know each other, with a suite. */
enum tls_auth {
	TLS_AUTH_ANY, /* TLS 1.3: the suite does not say */
	TLS_AUTH_ECDSA,
	TLS_AUTH_RSA,
	TLS_AUTH_PSK,
};

/**
 * struct tls_suite - a cipher suite of the policy
 * @id:		IANA's number
 * @v13:	of TLS 1.3, else of TLS 1.2
 * @auth:	whom it is for
 * @cbc:	needs encrypt-then-MAC
 * @name:	IANA's name, with dashes
 * @kx:		key exchange, "ECDHE-ECDSA"; TLS 1.3: "ECDHE", what follows depends
 *		on the handshake
 * @cipher:	"AES-128-GCM"
 * @mac:	"AEAD", "HMAC-SHA256"
 */
struct tls_suite {
	uint16_t id;
	bool v13;
	enum tls_auth auth;
	bool cbc;
	const char *name;
	const char *kx;
	const char *cipher;
	const char *mac;
};

/**
 * struct tls_group - a group for the ephemeral keys
 * @id:		IANA's number
 * @ecp:	mbedTLS's
 * @name:	"x25519"
 */
struct tls_group {
	uint16_t id;
	mbedtls_ecp_group_id ecp;
	const char *name;
};

/**
 * struct tls_policy - lists made for one context; mbedtls_ssl_config points here
 * @suites:	numbers in order, 0 at the end
 * @groups:	IANA's numbers in order, 0 at the end
 * @curves:	the same for mbedTLS, MBEDTLS_ECP_DP_NONE at the end
 */
struct tls_policy {
	int suites[TLS_SUITES_MAX + 1];
	uint16_t groups[TLS_GROUPS_MAX + 1];
	mbedtls_ecp_group_id curves[TLS_GROUPS_MAX + 1];
};

/** tls_suite_at() - The suite at a place of the table, the best first; NULL behind it */
const struct tls_suite *tls_suite_at(size_t i);

/** tls_suite_by_id() - The suite with IANA's number; NULL = not in the policy */
const struct tls_suite *tls_suite_by_id(int id);

/** tls_group_at() - The group at a place of the table, the best first; NULL behind it */
const struct tls_group *tls_group_at(size_t i);

/** tls_group_by_id() - The group with IANA's number; NULL = not in the policy */
const struct tls_group *tls_group_by_id(uint16_t id);

/** tls_cert_profile() - What a certificate must be like, own ones and others' */
const mbedtls_x509_crt_profile *tls_cert_profile(void);

/**
 * tls_policy_apply() - Configure mbedTLS by the policy
 * @p:		lists to make; they must live as long as @conf
 * @conf:	initialised and zero: this calls mbedtls_ssl_config_defaults()
 * @a:		endpoint, least version, and what there is to prove oneself by: PSK
 *		suites with @a->psk, others with a certificate (server) or somebody
 *		to trust (client).  Whether the peer must show a certificate, and
 *		whether a client asks for tickets, is set as well
 *
 * Left to the caller: random bytes, certificates, keys, CA, ticket keys.
 *
 * Return: 0, or mbedTLS's code: no memory, or a version that it does not speak
 */
int tls_policy_apply(struct tls_policy *p, mbedtls_ssl_config *conf,
		     const struct tls_context_args *a) MUST_USE;

/**
 * tls_policy_tickets() - May a server with these arguments give tickets?
 *
 * Only if it asks nobody who they are: what a ticket keeps of a client's
 * identity differs between versions, and of a PSK's it keeps nothing.
 */
bool tls_policy_tickets(const struct tls_context_args *a);

#endif /* CRYPTO_POLICY_H */

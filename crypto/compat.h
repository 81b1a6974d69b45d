/* SPDX-License-Identifier: MIT */
/*
 * compat.h - the whole difference between mbedTLS 2.28 and 3.6
 *
 * What has the same name and meaning in both is used directly elsewhere.
 */

#ifndef CRYPTO_COMPAT_H
#define CRYPTO_COMPAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crt.h>

#include "policy.h"
#include "stack/base/err.h"

/* As mbedTLS wants it: mbedtls_ctr_drbg_random() is one. */
typedef int (*compat_rng)(void *arg, unsigned char *buf, size_t len);

/**
 * compat_init() - Make the library ready; before anything else, any number of
 * times, one thread at a time
 *
 * Return: 0, or mbedTLS's code
 */
int compat_init(void) MUST_USE;

/** compat_has_v13() - Does the library speak TLS 1.3? */
bool compat_has_v13(void);

/**
 * compat_conf_policy() - Set versions, groups and signature algorithms
 * @conf:	with defaults
 * @p:		lists, which @conf keeps a pointer to
 * @v13_least:	nothing below TLS 1.3
 */
void compat_conf_policy(mbedtls_ssl_config *conf, const struct tls_policy *p,
			bool v13_least);

/** compat_conf_tickets() - Client: ask for tickets, or not */
void compat_conf_tickets(mbedtls_ssl_config *conf, bool on);

/** compat_conf_only() - One version alone, TLS 1.2 or 1.3; for tests */
void compat_conf_only(mbedtls_ssl_config *conf, bool v13);

/**
 * struct compat_lists - what is configured, read back
 * @suites:	numbers, 0 at the end
 * @groups:	IANA's numbers, @ngroups of them
 * @ngroups:	their number
 * @min_version: 0x0303 = TLS 1.2
 * @max_version: likewise
 * @sha1:	SHA-1 or weaker is accepted in signatures of handshakes
 * @etm:	encrypt-then-MAC is offered
 * @ems:	the extended master secret is offered
 * @renegotiation: a second handshake is possible, secure or not
 * @server_order: the server's order of suites counts
 * @authmode:	MBEDTLS_SSL_VERIFY_*
 * @profile:	of certificates
 */
struct compat_lists {
	const int *suites;
	uint16_t groups[TLS_GROUPS_MAX];
	size_t ngroups;
	uint16_t min_version;
	uint16_t max_version;
	bool sha1;
	bool etm;
	bool ems;
	bool renegotiation;
	bool server_order;
	int authmode;
	const mbedtls_x509_crt_profile *profile;
};

/** compat_conf_lists() - Read back what is configured, for tests of the policy */
void compat_conf_lists(const mbedtls_ssl_config *conf, struct compat_lists *l);

/** compat_ticket_setup() - mbedtls_ssl_ticket_setup() with AES-256-GCM; 0 or its code */
int compat_ticket_setup(mbedtls_ssl_ticket_context *t, compat_rng rng,
			void *rng_arg, uint32_t lifetime_s) MUST_USE;

/** compat_pk_parse() - mbedtls_pk_parse_key() of PEM without passphrase, NUL included */
int compat_pk_parse(mbedtls_pk_context *pk, const unsigned char *pem,
		    size_t size, compat_rng rng, void *rng_arg) MUST_USE;

/** compat_pk_check_pair() - Is @key the private half of @pub?  0 or mbedTLS's code */
int compat_pk_check_pair(const mbedtls_pk_context *pub,
			 const mbedtls_pk_context *key, compat_rng rng,
			 void *rng_arg) MUST_USE;

/** compat_pk_group() - The curve of an EC key */
mbedtls_ecp_group_id compat_pk_group(const mbedtls_pk_context *pk);

/** compat_crt_is_ca() - May it sign others, by its basicConstraints? */
bool compat_crt_is_ca(const mbedtls_x509_crt *crt);

/** compat_crt_serial() - Set a serial number, big endian; 0 or mbedTLS's code */
int compat_crt_serial(mbedtls_x509write_cert *crt, const uint8_t *serial,
		      size_t len) MUST_USE;

/** compat_crt_pk() - A certificate's public key */
const mbedtls_pk_context *compat_crt_pk(const mbedtls_x509_crt *crt);

/** compat_sha256() - SHA-256 of bytes */
void compat_sha256(const void *bytes, size_t len, uint8_t out[static 32]);

/** compat_etm() - Is encrypt-then-MAC in force on an established connection? */
bool compat_etm(const mbedtls_ssl_context *ssl);

/** compat_alert() - The alert that mbedTLS has just read: its number */
int compat_alert(const mbedtls_ssl_context *ssl);

/**
 * compat_open_alert() - Was the record that could not be decrypted an open alert?
 *
 * In TLS 1.3 a peer that fails early may not have its keys yet; mbedTLS calls
 * its alert a bad record.
 *
 * Return: the alert's number, -1 = it was none
 */
int compat_open_alert(const mbedtls_ssl_context *ssl);

/** compat_handshake_over() - Is it done? */
bool compat_handshake_over(const mbedtls_ssl_context *ssl);

/** compat_is_ticket() - Is a code of mbedtls_ssl_read() only news of a ticket? */
bool compat_is_ticket(int code);

/* What a code of the handshake says, where the libraries differ in numbers. */
enum compat_code {
	COMPAT_OTHER,
	COMPAT_VERSION,	  /* no version in common */
	COMPAT_SUITE,	  /* no suite, group or signature algorithm in common */
	COMPAT_NO_CERT,	  /* a certificate was needed */
	COMPAT_UNTRUSTED, /* the certificate was not verified */
	COMPAT_IDENTITY,  /* unknown PSK identity */
};

/** compat_code() - Which of them is it? */
enum compat_code compat_code(int code);

#endif /* CRYPTO_COMPAT_H */

/* SPDX-License-Identifier: MIT */
/*
 * crypto_int.h - what the files of crypto/ share with each other
 *
 *	context.c  makes and frees struct tls_context, empty
 *	creds.c    fills it in, from bytes
 *	certs.c      its certificates and keys
 *	psk.c        its pre-shared keys
 *	entropy.c    its random bytes
 *	identity.c makes a key and a certificate
 *	policy.c   says what may be negotiated
 *	channel.c  runs connections by it
 *	fingerprint.c reads and writes them
 *	problem.c  finds words for what went wrong
 *	compat.c   knows which mbedTLS it is
 *
 * A context is written while it is made, by one thread, and only read later.
 * The exceptions are @refs, @drbg and @ticket; the last two belong to the
 * thread that the channels belong to.
 */

#ifndef CRYPTO_CRYPTO_INT_H
#define CRYPTO_CRYPTO_INT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crt.h>

#include "channel.h"
#include "creds.h"
#include "policy.h"

#define TLS_PSK_KEY_MIN 16u /* bytes */
#define TLS_PSK_KEY_MAX 64u

/**
 * struct tls_random - where random bytes come from; see struct tls_context_args
 */
struct tls_random {
	int (*bytes)(void *arg, void *buf, size_t len);
	void *arg;
};

/**
 * struct tls_psk - one identity and its key
 * @id:		as it goes over the wire, any bytes but NUL, a NUL behind it
 * @id_len:	its bytes, at least 1
 * @key_len:	bytes of @key
 * @key:	wiped with the context
 */
struct tls_psk {
	char id[TLS_NAME_MAX];
	size_t id_len;
	size_t key_len;
	uint8_t key[TLS_PSK_KEY_MAX];
};

/**
 * struct tls_context - what the channels of a kind share
 * @refs:	who holds it
 * @client:	it opens connections
 * @has_cert:	@cert and @key are ours, and in @conf
 * @has_ca:	@ca is whom we trust, and in @conf
 * @tickets:	server: @ticket is in @conf
 * @pinned:	client: the peer's certificate must have @fingerprint, nothing
 *		else about it counts
 * @insecure:	client: any certificate will do
 * @fingerprint: SHA-256 of a DER certificate, with @pinned
 * @policy:	lists that @conf points into
 * @conf:	for mbedTLS
 * @cert:	our chain, the leaf first
 * @key:	its private key
 * @ca:		chain of trusted certificates
 * @psk:	identities, @npsk of them, NULL = none; a client's first is in @conf
 * @npsk:	their number
 * @ticket:	keys of tickets
 * @drbg:	random bytes for everything, seeded by @random
 * @random:	of struct tls_context_args
 */
struct tls_context {
	atomic_uint refs;
	bool client;
	bool has_cert;
	bool has_ca;
	bool tickets;
	bool pinned;
	bool insecure;
	uint8_t fingerprint[TLS_FINGERPRINT];
	struct tls_policy policy;
	mbedtls_ssl_config conf;
	mbedtls_x509_crt cert;
	mbedtls_pk_context key;
	mbedtls_x509_crt ca;
	struct tls_psk *psk;
	uint32_t npsk;
	mbedtls_ssl_ticket_context ticket;
	mbedtls_ctr_drbg_context drbg;
	struct tls_random random;
};

/**
 * tls_context_alloc() - A context with nothing in it, one reference
 *
 * Every part of mbedTLS is initialised, so that tls_context_put() may free it at
 * any stage of being filled in.
 *
 * Return: the context, or NULL
 */
struct tls_context *tls_context_alloc(void);

/**
 * tls_channel_hooks() - Have mbedTLS ask the channels
 * @ctx:	context whose @conf is otherwise complete; the last thing before it
 *		is used: callbacks for server names and PSK identities
 */
void tls_channel_hooks(struct tls_context *ctx);

/**
 * tls_problem_set() - Say what went wrong; only the first time counts
 * @p:		problem whose kind is TLS_OK, else nothing is done; NULL is fine
 * @kind:	the short of it
 * @code:	mbedTLS's code, 0 = none; its words are added to the text
 * @fmt:	what failed, on what: "certificate", "handshake"
 *
 * The advice becomes what @kind usually calls for; see tls_problem_advise().
 */
void tls_problem_set(struct tls_problem *p, enum tls_kind kind, int code,
		     const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/** tls_problem_advise() - Replace the advice by a better one; NULL is fine */
void tls_problem_advise(struct tls_problem *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * tls_printable() - Copy bytes of a stranger for people to read
 * @out:	text with a NUL; printable ASCII stays, other bytes become \xNN
 * @size:	room at @out, at least 1; what does not fit is left out
 * @bytes:	what to copy
 * @len:	their number
 *
 * A backslash becomes \x5c, so that two inputs never look the same.
 */
void tls_printable(char *out, size_t size, const void *bytes, size_t len);

/** tls_hex_digit() - Its value, of either case, or -1 */
int tls_hex_digit(char c);

#endif /* CRYPTO_CRYPTO_INT_H */

/* SPDX-License-Identifier: MIT */
/*
 * creds_int.h - between creds.c and what reads the parts of a context
 *
 * Each function fills its share of a context in, and says what is wrong with
 * what it was given.
 */

#ifndef CRYPTO_CREDS_INT_H
#define CRYPTO_CREDS_INT_H

#include "crypto_int.h"

/**
 * tls_refuse() - A part of a context is no good
 * @p:		problem
 * @part:	which
 * @code:	mbedTLS's code, 0 = none
 * @fmt:	what is wrong with it
 *
 * Return: -ERR_INVAL, or -ERR_NOMEM where @code says so
 */
int tls_refuse(struct tls_problem *p, enum tls_part part, int code,
	       const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** tls_out_of_memory() - There is no memory for a context; -ERR_NOMEM */
int tls_out_of_memory(struct tls_problem *p);

/**
 * tls_drbg_seed() - Seed a generator
 * @drbg:	initialised
 * @from:	where it gets more now and then; must live as long as @drbg
 *
 * Return: 0, or mbedTLS's code
 */
int tls_drbg_seed(mbedtls_ctr_drbg_context *drbg,
		  struct tls_random *from) MUST_USE;

/** tls_own_cert() - Read and check @a's cert and key; 0 or -ERR_* */
int tls_own_cert(struct tls_context *ctx, const struct tls_context_args *a,
		 struct tls_problem *p) MUST_USE;

/** tls_authorities() - Read @a's ca; 0 or -ERR_* */
int tls_authorities(struct tls_context *ctx, const struct tls_context_args *a,
		    struct tls_problem *p) MUST_USE;

/** tls_psk_read() - Read @a's psk; 0 or -ERR_* */
int tls_psk_read(struct tls_context *ctx, const struct tls_context_args *a,
		 struct tls_problem *p) MUST_USE;

/** tls_key_name() - "ECDSA P-256", "RSA 2048" */
void tls_key_name(const mbedtls_pk_context *pk, char *buf, size_t size);

#endif /* CRYPTO_CREDS_INT_H */

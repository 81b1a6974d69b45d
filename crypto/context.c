/* SPDX-License-Identifier: MIT */
/*
 * context.c - the life of a context; creds.c fills it in
 */

#include <stdlib.h>

#include <mbedtls/platform_util.h>

#include "crypto_int.h"

struct tls_context *tls_context_alloc(void)
{
	struct tls_context *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return NULL;
	atomic_init(&ctx->refs, 1);
	mbedtls_ssl_config_init(&ctx->conf);
	mbedtls_x509_crt_init(&ctx->cert);
	mbedtls_pk_init(&ctx->key);
	mbedtls_x509_crt_init(&ctx->ca);
	mbedtls_ssl_ticket_init(&ctx->ticket);
	mbedtls_ctr_drbg_init(&ctx->drbg);
	return ctx;
}

struct tls_context *tls_context_ref(struct tls_context *ctx)
{
	atomic_fetch_add_explicit(&ctx->refs, 1, memory_order_relaxed);
	return ctx;
}

void tls_context_put(struct tls_context *ctx)
{
	if (!ctx ||
	    atomic_fetch_sub_explicit(&ctx->refs, 1, memory_order_acq_rel) > 1)
		return;
	mbedtls_ssl_config_free(&ctx->conf);
	mbedtls_x509_crt_free(&ctx->cert);
	mbedtls_pk_free(&ctx->key);
	mbedtls_x509_crt_free(&ctx->ca);
	mbedtls_ssl_ticket_free(&ctx->ticket);
	mbedtls_ctr_drbg_free(&ctx->drbg);
	if (ctx->psk)
		mbedtls_platform_zeroize(ctx->psk,
					 ctx->npsk * sizeof(*ctx->psk));
	free(ctx->psk);
	mbedtls_platform_zeroize(ctx, sizeof(*ctx));
	free(ctx);
}

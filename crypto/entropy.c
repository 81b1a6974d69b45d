/* SPDX-License-Identifier: MIT */
/*
 * entropy.c - random bytes: the embedder's seed mbedTLS's generator
 *
 * CTR_DRBG with AES-256 (NIST SP 800-90A) makes them, and asks for new seed
 * every 10000 calls.  Nothing here opens a file or asks the kernel.
 */

#include "creds_int.h"

static int on_entropy(void *arg, unsigned char *buf, size_t len)
{
	struct tls_random *from = arg;

	if (from->bytes(from->arg, buf, len))
		return MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
	return 0;
}

int tls_drbg_seed(mbedtls_ctr_drbg_context *drbg, struct tls_random *from)
{
	return mbedtls_ctr_drbg_seed(drbg, on_entropy, from, NULL, 0);
}

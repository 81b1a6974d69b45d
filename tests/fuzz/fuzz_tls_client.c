/* SPDX-License-Identifier: MIT */
/*
 * fuzz_tls_client.c - the client's channel, see tls_pair.h
 */

#include "fuzz.h"
#include "tls_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	tls_pair_fuzz(true, data, size);
	return 0;
}

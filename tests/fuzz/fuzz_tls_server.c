/* SPDX-License-Identifier: MIT */
/*
 * fuzz_tls_server.c - the server's channel, see tls_pair.h
 */

#include "fuzz.h"
#include "tls_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	tls_pair_fuzz(false, data, size);
	return 0;
}

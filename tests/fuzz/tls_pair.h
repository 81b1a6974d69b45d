/* SPDX-License-Identifier: MIT */
/*
 * tls_pair.h - a channel under test, and somebody at the other end
 *
 *	[ kind, 1 byte ][ of the peer, 1 byte ] then
 *	raw:	[ length, bytes ] ...		what comes, in these pieces
 *	tamper:	[ how, where, what ] ...	a true peer talks, and on its way to
 *						us something is changed
 *
 * A raw input reaches what a stranger can reach.  The true peer leads behind the
 * cryptography: to the Finished messages, and to records.  What it wrote must
 * come out as it was, or not at all.
 */

#ifndef TESTS_FUZZ_TLS_PAIR_H
#define TESTS_FUZZ_TLS_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** tls_pair_fuzz() - Do what the input says to a client's or a server's channel */
void tls_pair_fuzz(bool client, const uint8_t *data, size_t size);

#endif /* TESTS_FUZZ_TLS_PAIR_H */

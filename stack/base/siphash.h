/* SPDX-License-Identifier: MIT */
/*
 * siphash.h - SipHash-2-4, a keyed hash that cannot be predicted without key
 *
 * Used where an attacker chooses the input: the flow table, initial sequence
 * numbers, port selection.  (Aumasson and Bernstein, "SipHash: a fast
 * short-input PRF", 2012.)
 */

#ifndef STACK_BASE_SIPHASH_H
#define STACK_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct siphash_key - 128 secret bits
 * @k:	the two halves, as little-endian words
 */
struct siphash_key {
	uint64_t k[2];
};

/**
 * siphash() - Hash a byte string
 * @key:	secret
 * @data:	bytes, any alignment
 * @len:	their number
 *
 * Return: 64 bits that look random to whoever lacks the key
 */
uint64_t siphash(const struct siphash_key *key, const void *data, size_t len);

/**
 * siphash_words() - Hash whole 64-bit words, the fast path for flow keys
 * @key:	secret
 * @w:		words
 * @n:		their number
 *
 * Return: the same as siphash() over the words' little-endian bytes
 */
uint64_t siphash_words(const struct siphash_key *key, const uint64_t *w,
		       size_t n);

#endif /* STACK_BASE_SIPHASH_H */

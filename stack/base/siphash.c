/* SPDX-License-Identifier: MIT */
/*
 * siphash.c - SipHash-2-4: two rounds a word, four at the end
 *
 * Four 64-bit words of state; a message word is mixed in before and after its
 * rounds.  The last word carries the length in its top byte.
 */

#include "siphash.h"

#include <string.h>

struct sip_state {
	uint64_t v0;
	uint64_t v1;
	uint64_t v2;
	uint64_t v3;
};

static inline uint64_t rotl(uint64_t x, unsigned int n)
{
	return (x << n) | (x >> (64 - n));
}

static inline void sip_round(struct sip_state *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static inline void sip_start(struct sip_state *s, const struct siphash_key *key)
{
	s->v0 = key->k[0] ^ 0x736f6d6570736575u;
	s->v1 = key->k[1] ^ 0x646f72616e646f6du;
	s->v2 = key->k[0] ^ 0x6c7967656e657261u;
	s->v3 = key->k[1] ^ 0x7465646279746573u;
}

static inline void sip_word(struct sip_state *s, uint64_t w)
{
	s->v3 ^= w;
	sip_round(s);
	sip_round(s);
	s->v0 ^= w;
}

static inline uint64_t sip_end(struct sip_state *s, uint64_t last)
{
	sip_word(s, last);
	s->v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t siphash(const struct siphash_key *key, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t rest = len & 7;
	const uint8_t *end = p + (len - rest);
	uint64_t last = (uint64_t)len << 56;
	struct sip_state s;

	sip_start(&s, key);
	for (; p < end; p += 8) {
		uint64_t w;

		memcpy(&w, p, sizeof(w));
		sip_word(&s, w);
	}
	for (size_t i = 0; i < rest; i++)
		last |= (uint64_t)p[i] << (8 * i);
	return sip_end(&s, last);
}

uint64_t siphash_words(const struct siphash_key *key, const uint64_t *w,
		       size_t n)
{
	struct sip_state s;

	sip_start(&s, key);
	for (size_t i = 0; i < n; i++)
		sip_word(&s, w[i]);
	return sip_end(&s, (uint64_t)(n * 8) << 56);
}

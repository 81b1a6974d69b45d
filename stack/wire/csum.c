/* SPDX-License-Identifier: MIT */
/*
 * csum.c - the Internet checksum (RFC 1071, 1624)
 *
 * The checksum is a sum modulo 65535, and 2^16, 2^32 and so on are all 1
 * there.  So it does not matter how wide the words are that are added, nor
 * (but for a final swap) in which byte order they are read: we add 32-bit
 * halves of native 64-bit words into 64-bit lanes, which have room for the
 * carries of 2^32 additions, and fold once at the end.
 *
 *	64 bytes:  | w0 w1 | w2 w3 | w4 w5 | w6 w7 |	four vectors of two
 *	low halves:   a0 a1, high halves: b0 b1		lane by lane
 *
 * The loop is written with the compiler's vector type, so that it becomes SIMD
 * (SSE2 on any x86-64) at any level of optimisation.  That is fast enough for
 * data in the second-level cache, about 20 GB/s; an AVX2 version chosen at run
 * time is twice as fast, but would bind the library to the loader (ifunc).
 *
 * RFC 1071 section 2, RFC 1624 (for why 0xffff and 0 are both zero).
 */

#include "csum.h"

#include "stack/base/bytes.h"

/* Two 64-bit lanes; the attribute is what makes it a vector. */
typedef uint64_t lanes __attribute__((vector_size(16)));

#define BLOCK (4 * sizeof(lanes))

/* Sum of whole blocks of 64 bytes. */
static uint64_t add_blocks(const uint8_t *p, const uint8_t *end)
{
	const lanes low = { UINT32_MAX, UINT32_MAX };
	lanes a = { 0 };
	lanes b = { 0 };
	lanes v[4];

	for (; p < end; p += BLOCK) {
		memcpy(v, p, sizeof(v));
		a += (v[0] & low) + (v[1] & low);
		b += (v[0] >> 32) + (v[1] >> 32);
		a += (v[2] & low) + (v[3] & low);
		b += (v[2] >> 32) + (v[3] >> 32);
	}
	a += b;
	return a[0] + a[1];
}

static inline uint64_t add_u64(uint64_t sum, const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return sum + (uint32_t)w + (w >> 32);
}

/* Sum of the last bytes, less than eight; a fixed-size copy costs no call. */
static inline uint64_t add_tail(uint64_t sum, const uint8_t *p, size_t len)
{
	uint32_t w32;
	uint16_t w16;

	if (len & 4) {
		memcpy(&w32, p, sizeof(w32));
		sum += w32;
		p += 4;
	}
	if (len & 2) {
		memcpy(&w16, p, sizeof(w16));
		sum += w16;
		p += 2;
	}
	if (len & 1)
		sum += *p; /* the low half of a little-endian word */
	return sum;
}

uint64_t csum_add(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t in_blocks = len & ~(BLOCK - 1);

	if (in_blocks) {
		sum += add_blocks(p, p + in_blocks);
		p += in_blocks;
		len -= in_blocks;
	}
	for (; len >= 8; p += 8, len -= 8)
		sum = add_u64(sum, p);
	return add_tail(sum, p, len);
}

uint64_t csum_add_odd(uint64_t sum, const void *p, size_t len)
{
	/* RFC 1071 section 2 (B): swapped bytes give the swapped sum. */
	return sum + __builtin_bswap16(csum_fold(csum_add(0, p, len)));
}

uint64_t csum_add_slices(uint64_t sum, const struct slice *sl, uint32_t n,
			 bool odd)
{
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *p = slice_data(&sl[i]);

		sum = odd ? csum_add_odd(sum, p, sl[i].len)
			  : csum_add(sum, p, sl[i].len);
		odd ^= (sl[i].len & 1u) != 0;
	}
	return sum;
}

uint16_t csum_fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32); /* 33 bits */
	sum = (sum & UINT16_MAX) + (sum >> 16); /* 18 bits */
	sum = (sum & UINT16_MAX) + (sum >> 16); /* 17 bits */
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)sum;
}

/* The words of a pseudo-header that follow its addresses. */
static uint64_t add_proto_len(uint64_t sum, uint8_t proto, uint32_t len)
{
	uint8_t tail[8] = { [7] = proto };

	be32_store(tail, len);
	return add_u64(sum, tail);
}

uint64_t csum_pseudo4(const uint8_t *src, const uint8_t *dst, uint8_t proto,
		      uint32_t len)
{
	uint8_t addrs[8];

	memcpy(addrs, src, 4);
	memcpy(addrs + 4, dst, 4);
	return add_proto_len(add_u64(0, addrs), proto, len);
}

uint64_t csum_pseudo6(const uint8_t *src, const uint8_t *dst, uint8_t proto,
		      uint32_t len)
{
	uint64_t sum = add_u64(add_u64(0, src), src + 8);

	sum = add_u64(add_u64(sum, dst), dst + 8);
	return add_proto_len(sum, proto, len);
}

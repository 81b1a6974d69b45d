/* SPDX-License-Identifier: MIT */
/*
 * addr_text.c - addresses and prefixes as people write them
 */

#include "stack/link/addr_text.h"

#include "stack/base/bytes.h"

#define BITS_ALL    128u
#define BITS_MAPPED 96u /* in front of an IPv4 address */
#define GROUPS	    8u	/* of an IPv6 address */
#define NO_GAP	    UINT32_MAX

/* Four decimal numbers over all of @len bytes. */
static bool ip4_of(const char *p, uint32_t len, uint8_t b[4])
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < 4; i++) {
		uint64_t v;
		uint32_t n;

		if (i && (at == len || p[at++] != '.'))
			return false;
		n = words_uint_of(p + at, len - at, 255, &v);
		if (!n || n > 3 || (n > 1 && p[at] == '0'))
			return false;
		b[i] = (uint8_t)v;
		at += n;
	}
	return at == len;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Up to four hexadecimal digits; bytes used, 0 = none or too many. */
static uint32_t group_of(const char *p, uint32_t len, uint8_t b[2])
{
	uint32_t v = 0;
	uint32_t n = 0;

	for (; n < len && hex_digit(p[n]) >= 0; n++)
		v = v << 4 | (uint32_t)hex_digit(p[n]);
	if (n > 4)
		return 0;
	be16_store(b, (uint16_t)v);
	return n;
}

/* Offset of the first @c, or @len. */
static uint32_t find_byte(const char *p, uint32_t len, char c)
{
	uint32_t at = 0;

	while (at < len && p[at] != c)
		at++;
	return at;
}

/**
 * struct groups - an IPv6 address being read
 * @b:		its bytes, as far as there are any
 * @n:		bytes
 * @gap:	where "::" stands, NO_GAP = nowhere yet
 */
struct groups {
	uint8_t b[2 * GROUPS];
	uint32_t n;
	uint32_t gap;
};

/* One group, or at the end an IPv4 address; bytes used, 0 = neither. */
static uint32_t take_group(struct groups *g, const char *p, uint32_t len)
{
	uint32_t n = group_of(p, len, g->b + g->n);

	if (n && (n == len || p[n] == ':')) {
		g->n += 2;
		return n;
	}
	if (g->n + 4 > sizeof(g->b) || !ip4_of(p, len, g->b + g->n))
		return 0;
	g->n += 4;
	return len;
}

static bool groups_of(struct groups *g, const char *p, uint32_t len)
{
	uint32_t at = 0;

	if (len && p[0] == ':') {
		if (len == 1 || p[1] != ':')
			return false;
		at = 1; /* the second one stands for the gap */
	}
	while (at < len) {
		uint32_t n;

		if (p[at] == ':' && g->gap == NO_GAP) {
			g->gap = g->n;
			if (++at == len)
				return true;
		}
		if (g->n == sizeof(g->b))
			return false;
		n = take_group(g, p + at, len - at);
		at += n;
		if (!n || (at < len && p[at++] != ':'))
			return false;
		if (at == len && p[at - 1] == ':')
			return false;
	}
	return at;
}

static bool ip6_of(const char *p, uint32_t len, uint8_t b[16])
{
	struct groups g = { .gap = NO_GAP };
	uint32_t tail;

	if (!groups_of(&g, p, len))
		return false;
	if (g.gap == NO_GAP) {
		memcpy(b, g.b, sizeof(g.b));
		return g.n == sizeof(g.b);
	}
	tail = g.n - g.gap;
	memset(b, 0, sizeof(g.b));
	memcpy(b, g.b, g.gap);
	memcpy(b + sizeof(g.b) - tail, g.b + g.gap, tail);
	return g.n < sizeof(g.b);
}

static void clear_behind(struct ustack_prefix *p)
{
	for (uint32_t i = p->len; i < BITS_ALL; i++)
		p->addr.b[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
}

bool addr_prefix_of(const char *p, uint32_t len, struct ustack_prefix *out)
{
	uint32_t n = find_byte(p, len, '/');
	uint32_t base = find_byte(p, n, ':') == n ? BITS_MAPPED : 0;
	uint64_t bits = BITS_ALL - base;
	uint32_t used = 0;

	memset(out, 0, sizeof(*out));
	if (base) {
		out->addr.b[10] = 0xff;
		out->addr.b[11] = 0xff;
	}
	if (base ? !ip4_of(p, n, out->addr.b + 12) : !ip6_of(p, n, out->addr.b))
		return false;
	if (n < len)
		used = words_uint_of(p + n + 1, len - n - 1, bits, &bits);
	if (n < len && (!used || n + 1 + used != len))
		return false;
	out->len = (uint8_t)(base + bits);
	clear_behind(out);
	return true;
}

/* ----------------------------------------------------------------- writing */

static bool is_mapped(const struct ustack_prefix *p)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return p->len >= BITS_MAPPED &&
	       memcmp(p->addr.b, mapped, sizeof(mapped)) == 0;
}

static void write_ip4(struct text_out *t, const uint8_t *b)
{
	for (uint32_t i = 0; i < 4; i++) {
		text_add(t, i ? "." : "");
		text_uint(t, b[i]);
	}
}

static void write_group(struct text_out *t, uint32_t v)
{
	static const char hex[] = "0123456789abcdef";
	uint32_t shift = 12;

	while (shift && !(v >> shift))
		shift -= 4;
	for (;; shift -= 4) {
		text_bytes(t, &hex[v >> shift & 15], 1);
		if (!shift)
			return;
	}
}

/* Zero groups from @at on. */
static uint32_t zero_run(const uint8_t *b, uint32_t at)
{
	uint32_t n = 0;

	while (at + n < GROUPS && be16_load(b + 2 * (at + n)) == 0)
		n++;
	return n;
}

/* RFC 5952 section 4.2: "::" is the longest run, the first of equal ones. */
static void write_ip6(struct text_out *t, const uint8_t *b)
{
	uint32_t gap = 0;
	uint32_t gap_len = 1; /* one group alone is written as 0 */
	uint32_t i;

	for (i = 0; i < GROUPS; i++)
		if (zero_run(b, i) > gap_len) {
			gap = i;
			gap_len = zero_run(b, i);
		}
	for (i = 0; i < GROUPS; i++) {
		if (gap_len > 1 && i == gap) {
			text_add(t, i ? ":" : "::");
			i += gap_len - 1;
			continue;
		}
		write_group(t, be16_load(b + 2 * i));
		text_add(t, i + 1 < GROUPS ? ":" : "");
	}
}

void text_prefix(struct text_out *t, const struct ustack_prefix *p)
{
	uint32_t base = is_mapped(p) ? BITS_MAPPED : 0;

	text_word(t, "");
	if (base)
		write_ip4(t, p->addr.b + 12);
	else
		write_ip6(t, p->addr.b);
	if (p->len < BITS_ALL) {
		text_add(t, "/");
		text_uint(t, p->len - base);
	}
}

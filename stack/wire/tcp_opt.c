/* SPDX-License-Identifier: MIT */
/*
 * tcp_opt.c - TCP options: bytes <-> struct
 *
 *	in a SYN:  MSS(4)  SACK-permitted(2) timestamps(10)  NOP window scale(3)
 *	later:	   NOP NOP timestamps(10)  NOP NOP SACK(2 + 8 n)
 *
 * Every group is a whole number of words, so that none depends on which others
 * are there, and the 32-bit values in them are aligned.  SACK-permitted stands
 * where the timestamps' NOPs would, or behind two of its own.
 *
 * RFC 9293 section 3.2, RFC 7323 sections 2.2 and 3.2, RFC 2018 sections 2 and
 * 3.
 */

#include "tcp_opt.h"

#include "stack/base/bytes.h"

#define KIND_END	0u
#define KIND_NOP	1u
#define KIND_MSS	2u
#define KIND_WSCALE	3u
#define KIND_SACK_OK	4u
#define KIND_SACK	5u
#define KIND_TS		8u
#define KIND_UTO	28u

#define LEN_MSS		4u
#define LEN_WSCALE	3u
#define LEN_SACK_OK	2u
#define LEN_SACK	2u /* and a block's 8 for each */
#define LEN_BLOCK	8u
#define LEN_TS		10u
#define LEN_UTO		4u

#define NOP_NOP_TS	0x0101080au /* start of TCP_OPT_TS_LEN bytes */
#define SACK_OK_TS	0x0402080au /* the same in a SYN */
#define NOP_NOP_SACK_OK 0x01010402u
#define NOP_NOP_SACK	0x01010500u

static inline void read_ts(struct tcp_opts *o, const uint8_t *values)
{
	o->has |= TCP_OPT_HAS_TS;
	o->tsval = be32_load(values);
	o->tsecr = be32_load(values + 4);
}

/* One to four blocks, nothing else. */
static void read_sack(struct tcp_opts *o, const uint8_t *p, uint32_t len)
{
	uint32_t n = (len - LEN_SACK) / LEN_BLOCK;

	if (n == 0 || n > TCP_SACK_MAX || (len - LEN_SACK) % LEN_BLOCK != 0)
		return;
	o->has |= TCP_OPT_HAS_SACK;
	o->nsack = (uint8_t)n;
	for (uint32_t i = 0; i < n; i++, p += LEN_BLOCK) {
		o->sack[i].start = be32_load(p + LEN_SACK);
		o->sack[i].end = be32_load(p + LEN_SACK + 4);
	}
}

/* Take one option of legal length; what is not known is left alone. */
static void read_option(struct tcp_opts *o, const uint8_t *p)
{
	uint32_t kind = p[0];
	uint32_t len = p[1];

	if (kind == KIND_MSS && len == LEN_MSS) {
		o->has |= TCP_OPT_HAS_MSS;
		o->mss = be16_load(p + 2);
	} else if (kind == KIND_WSCALE && len == LEN_WSCALE) {
		o->has |= TCP_OPT_HAS_WSCALE;
		o->wscale = p[2] < TCP_WSCALE_MAX ? p[2] : TCP_WSCALE_MAX;
	} else if (kind == KIND_TS && len == LEN_TS) {
		read_ts(o, p + 2);
	} else if (kind == KIND_SACK) {
		read_sack(o, p, len);
	} else if (kind == KIND_UTO && len == LEN_UTO) {
		o->has |= TCP_OPT_HAS_UTO;
		o->uto = be16_load(p + 2);
	} else if (kind == KIND_SACK_OK && len == LEN_SACK_OK) {
		o->has |= TCP_OPT_HAS_SACK_OK;
	}
}

bool tcp_opt_parse(struct tcp_opts *o, const uint8_t *p, uint32_t len)
{
	uint32_t i = 0;

	o->has = 0;
	if (len == TCP_OPT_TS_LEN && be32_load(p) == NOP_NOP_TS) {
		read_ts(o, p + 4);
		return true;
	}
	while (i < len && p[i] != KIND_END) {
		if (p[i] == KIND_NOP) {
			i++;
			continue;
		}
		if (len - i < 2 || p[i + 1] < 2 || p[i + 1] > len - i)
			return false;
		read_option(o, p + i);
		i += p[i + 1];
	}
	return true;
}

/* As many blocks as fit behind @used bytes. */
static uint32_t build_sack(uint8_t *p, const struct tcp_opts *o, uint32_t used)
{
	uint32_t room = TCP_OPT_MAX - used - tcp_opt_sack_len(0);
	uint32_t n = min_u32(min_u32(o->nsack, TCP_SACK_MAX), room / LEN_BLOCK);

	if (n == 0)
		return 0;
	be32_store(p, NOP_NOP_SACK | (LEN_SACK + n * LEN_BLOCK));
	p += tcp_opt_sack_len(0);
	for (uint32_t i = 0; i < n; i++, p += LEN_BLOCK) {
		be32_store(p, o->sack[i].start);
		be32_store(p + 4, o->sack[i].end);
	}
	return tcp_opt_sack_len(n);
}

uint32_t tcp_opt_build(uint8_t *p, const struct tcp_opts *o)
{
	uint32_t len = 0;

	if (o->has & TCP_OPT_HAS_MSS) {
		p[0] = KIND_MSS;
		p[1] = LEN_MSS;
		be16_store(p + 2, o->mss);
		len += LEN_MSS;
	}
	if (o->has & TCP_OPT_HAS_TS) {
		be32_store(p + len, o->has & TCP_OPT_HAS_SACK_OK ? SACK_OK_TS
								 : NOP_NOP_TS);
		be32_store(p + len + 4, o->tsval);
		be32_store(p + len + 8, o->tsecr);
		len += TCP_OPT_TS_LEN;
	} else if (o->has & TCP_OPT_HAS_SACK_OK) {
		be32_store(p + len, NOP_NOP_SACK_OK);
		len += 2 + LEN_SACK_OK;
	}
	if (o->has & TCP_OPT_HAS_WSCALE) {
		p[len] = KIND_NOP;
		p[len + 1] = KIND_WSCALE;
		p[len + 2] = LEN_WSCALE;
		p[len + 3] = o->wscale;
		len += 1 + LEN_WSCALE;
	}
	if (o->has & TCP_OPT_HAS_UTO) {
		p[len] = KIND_UTO;
		p[len + 1] = LEN_UTO;
		be16_store(p + len + 2, o->uto);
		len += LEN_UTO;
	}
	if (o->has & TCP_OPT_HAS_SACK)
		len += build_sack(p + len, o, len);
	return len;
}

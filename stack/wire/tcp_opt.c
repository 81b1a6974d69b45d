/* SPDX-License-Identifier: MIT */
/*
 * tcp_opt.c - TCP options: bytes <-> struct
 *
 *	in a SYN:  MSS(4)  NOP NOP timestamps(10)  NOP window scale(3)
 *	later:	   NOP NOP timestamps(10)
 *
 * Every group is a whole number of words, so that none depends on which others
 * are there, and the 32-bit values in them are aligned.
 *
 * RFC 9293 section 3.2, RFC 7323 sections 2.2 and 3.2.
 */

#include "tcp_opt.h"

#include "stack/base/bytes.h"

#define KIND_END    0u
#define KIND_NOP    1u
#define KIND_MSS    2u
#define KIND_WSCALE 3u
#define KIND_TS	    8u

#define LEN_MSS	    4u
#define LEN_WSCALE  3u
#define LEN_TS	    10u

#define NOP_NOP_TS  0x0101080au /* start of TCP_OPT_TS_LEN bytes */

static inline void read_ts(struct tcp_opts *o, const uint8_t *values)
{
	o->has |= TCP_OPT_HAS_TS;
	o->tsval = be32_load(values);
	o->tsecr = be32_load(values + 4);
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
		be32_store(p + len, NOP_NOP_TS);
		be32_store(p + len + 4, o->tsval);
		be32_store(p + len + 8, o->tsecr);
		len += TCP_OPT_TS_LEN;
	}
	if (o->has & TCP_OPT_HAS_WSCALE) {
		p[len] = KIND_NOP;
		p[len + 1] = KIND_WSCALE;
		p[len + 2] = LEN_WSCALE;
		p[len + 3] = o->wscale;
		len += 1 + LEN_WSCALE;
	}
	return len;
}

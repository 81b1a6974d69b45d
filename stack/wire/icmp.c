/* SPDX-License-Identifier: MIT */
/*
 * icmp.c - ICMP and ICMPv6 messages: bytes <-> struct (RFC 792, RFC 4443)
 */

#include "icmp.h"

#include <string.h>

#include "stack/base/bytes.h"

#define CSUM_OFF 2u

int icmp_parse(struct icmp_hdr *h, const uint8_t *p, uint32_t len)
{
	if (len < ICMP_HDR_LEN)
		return -1;
	h->type = p[0];
	h->code = p[1];
	h->rest = be32_load(p + 4);
	return 0;
}

void icmp_build(uint8_t *p, const struct icmp_hdr *h)
{
	p[0] = h->type;
	p[1] = h->code;
	be16_store(p + CSUM_OFF, 0);
	be32_store(p + 4, h->rest);
}

void icmp_set_csum(uint8_t *p, uint16_t csum)
{
	memcpy(p + CSUM_OFF, &csum, sizeof(csum));
}

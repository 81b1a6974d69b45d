/* SPDX-License-Identifier: MIT */
/*
 * lossy.c - a connection over a path of 20 ms whose peer SACKs by hand
 */

#include "lossy.h"

#include <stdio.h>

void lossy_tweak(struct ustack_config *cfg)
{
	snprintf(cfg->cc, sizeof(cfg->cc), "reno");
}

void lossy_open(struct peer *p, bool ts)
{
	struct pseg s;

	peer_init(p, lossy_tweak);
	peer_tx(p, (struct pseg){ .flags = TCP_SYN,
				  .mss = LOSSY_MSS + (ts ? TCP_OPT_TS_LEN : 0),
				  .sack_ok = true,
				  .has = ts ? TCP_OPT_HAS_TS : 0,
				  .tsval = 1 });
	s = peer_expect(p, TCP_SYN | TCP_ACK, 0, 1, 0);
	ck_assert(s.sack_ok);
	peer_advance(p, LOSSY_RTT);
	peer_tx(p, (struct pseg){ .flags = TCP_ACK,
				  .seq = 1,
				  .ack = 1,
				  .has = ts ? TCP_OPT_HAS_TS : 0,
				  .tsval = 2,
				  .tsecr = s.tsval });
	ck_assert_int_eq(peer_state(p), USTACK_ESTABLISHED);
	peer_drain(p);
}

uint32_t lossy_send(struct peer *p, uint32_t segs)
{
	uint32_t n;

	ck_assert_int_eq(peer_send(p, segs * LOSSY_MSS), segs * LOSSY_MSS);
	n = peer_drain(p);
	peer_advance(p, LOSSY_RTT);
	return n;
}

struct pseg lossy_ack(uint32_t n)
{
	return seg_ack(1, SEG(n));
}

struct pseg lossy_sack(uint32_t n, uint32_t from, uint32_t to)
{
	struct pseg s = lossy_ack(n);

	s.nsack = 1;
	s.sack[0] = (struct tcp_sack){ .start = SEG(from), .end = SEG(to) };
	return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * limit.h - how much we say to strangers (1122-14, 4443-3, res-3)
 *
 * A token bucket for each kind of answer, so that one kind cannot use up
 * another's share.  An answer costs nothing, one token or two, by lot, one on
 * average: who sends probes and counts the answers cannot tell from what is
 * left whether somebody else's packets, forged ones perhaps, drew any.  (A
 * bucket that all share and that counts exactly gave away UDP ports, "SAD DNS"
 * 2020, and TCP's 4-tuples, CVE-2016-5696; Linux answers with the same lot.)
 * What belongs to a connection is not counted here: tcp_chal_ok().
 */

#ifndef STACK_LIMIT_H
#define STACK_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LIMIT_BURST    50u /* answers that may leave back to back, at least */
#define LIMIT_COST_MAX 2u

/* Errors of ICMP and ICMPv6 by type; TCP; errors that we act on. */
enum limit_kind {
	LIMIT_UNREACH,
	LIMIT_TIME,
	LIMIT_PARAM,
	LIMIT_RST,
	LIMIT_ICMP_IN,
	LIMITS
};

/**
 * struct limit - a token bucket
 * @filled_us:	when it was last filled
 * @tokens:	what is in it
 */
struct limit {
	uint64_t filled_us;
	uint32_t tokens;
};

/**
 * struct limit_price - what an answer costs, and how the bucket fills
 * @now_us:	the time
 * @rate:	tokens per second, > 0; a second's worth is kept, or LIMIT_BURST
 * @cost:	0 to LIMIT_COST_MAX, by lot
 */
struct limit_price {
	uint64_t now_us;
	uint32_t rate;
	uint32_t cost;
};

/** limit_init() - Start with LIMIT_BURST tokens */
void limit_init(struct limit *l, uint64_t now_us);

/**
 * limit_take() - May one answer leave?
 * @l:		bucket
 * @p:		its price
 *
 * Return: true and it is paid for; false when the bucket is empty
 */
bool limit_take(struct limit *l, const struct limit_price *p);

#endif /* STACK_LIMIT_H */

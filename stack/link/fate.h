/* SPDX-License-Identifier: MIT */
/*
 * fate.h - what chance does to a packet: keyed draws and chains
 *
 * A draw is a keyed hash of what the packet is, so the same packet of the same
 * connection meets the same fate whenever it comes and whatever else passes.
 *
 * Chains remember.  A knob with correlation C repeats its last number with
 * probability C and draws anew otherwise: both the probability asked for and
 * the correlation hold exactly.  (netem mixes the two numbers, which narrows
 * their range: its "loss 1% 25%" loses a third of that.)  The Gilbert-Elliott
 * and the four-state chains step as in netem, once a packet.
 *
 * Where netem lets a packet that is both lost and duplicated pass once, here
 * loss decides first: "loss 5%" loses 5 %.
 */

#ifndef STACK_LINK_FATE_H
#define STACK_LINK_FATE_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/link/impair.h"

/* What a number is drawn for; part of the key. */
enum fate_draw {
	FATE_LOSS,
	FATE_CHAIN,	 /* step of a loss chain */
	FATE_CHAIN_LOSS, /* loss in the chain's state */
	FATE_DUPLICATE,
	FATE_CORRUPT,
	FATE_CORRUPT_BIT,
	FATE_REORDER,
	FATE_DELAY,
	FATE_DRAWS,
};

/**
 * struct fate_key - what a packet is
 * @seed:	of the rule
 * @rule:	stands for the rule's match
 * @ordinal:	of the connection under the rule, from 1; 0 = no connection
 * @offset:	sequence offset; of a pure ACK acknowledgement offset; without
 *		a connection the packet's number
 * @tx:		transmission or repetition, from 1
 * @dir:	enum impair_dir
 * @ack:	it is a pure ACK
 */
struct fate_key {
	uint64_t seed;
	uint64_t rule;
	uint64_t ordinal;
	uint64_t offset;
	uint32_t tx;
	uint8_t dir;
	bool ack;
};

/**
 * struct fate_chain - memory of one direction of a connection; zero at first
 * @last:	number last used, by enum fate_draw
 * @known:	bits (1 << enum fate_draw): @last is set
 * @state:	of the loss chain
 * @passed:	packets since the last one that was reordered
 */
struct fate_chain {
	uint32_t last[FATE_DRAWS];
	uint16_t known;
	uint8_t state;
	uint32_t passed;
};

/**
 * struct fate - what becomes of a packet
 * @lost:	it vanishes; nothing else is set then but @by
 * @by:		enum ustack_knob that lost it
 * @duplicate:	it passes twice
 * @corrupt:	a bit flips
 * @bit:	random number that says which
 * @reorder:	it goes at once
 * @delay_us:	how long it is kept
 */
struct fate {
	bool lost;
	uint8_t by;
	bool duplicate;
	bool corrupt;
	uint64_t bit;
	bool reorder;
	uint64_t delay_us;
};

/** fate_number() - Draw 64 bits for a packet */
uint64_t fate_number(const struct fate_key *key, enum fate_draw what);

/**
 * fate_loss() - Is a packet lost?
 * @k:		knobs
 * @key:	packet
 * @c:		chain, stepped
 * @f:		@lost and @by are set
 */
void fate_loss(const struct impair_knobs *k, const struct fate_key *key,
	       struct fate_chain *c, struct fate *f);

/**
 * fate_rest() - What else befalls a packet that is not lost?
 * @k:		knobs
 * @key:	packet
 * @c:		chain, stepped
 * @f:		all but @lost and @by is set
 */
void fate_rest(const struct impair_knobs *k, const struct fate_key *key,
	       struct fate_chain *c, struct fate *f);

/** fate_delay() - Only its delay, which jitter draws; chance in all else is off */
void fate_delay(const struct impair_knobs *k, const struct fate_key *key,
		struct fate_chain *c, struct fate *f);

#endif /* STACK_LINK_FATE_H */

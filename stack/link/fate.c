/* SPDX-License-Identifier: MIT */
/*
 * fate.c - what chance does to a packet: keyed draws and chains
 */

#include "fate.h"

#include "stack/base/siphash.h"
#include "stack/link/dist.h"

#define FATE_SALT 0x696d70616972u /* other users of the seed draw otherwise */

/* States of IMPAIR_LOSS_STATE, in netem's numbers less one: zero is state 1. */
enum {
	GAP_PASS,   /* 1: received within a gap */
	BURST_PASS, /* 2: received within a burst */
	BURST_LOSS, /* 3: lost within a burst */
	GAP_LOSS,   /* 4: lost alone within a gap */
};

/* States of IMPAIR_LOSS_GEMODEL. */
enum {
	GOOD,
	BAD,
};

uint64_t fate_number(const struct fate_key *key, enum fate_draw what)
{
	const struct siphash_key k = { { key->seed, FATE_SALT } };
	const uint64_t w[4] = {
		key->rule,
		key->ordinal,
		key->offset,
		key->tx | (uint64_t)what << 32 | (uint64_t)key->dir << 40 |
			(uint64_t)key->ack << 48,
	};

	return siphash_words(&k, w, 4);
}

/* One number is as likely as any other, and @corr of them repeat the last. */
static uint32_t correlated(const struct fate_key *key, struct fate_chain *c,
			   enum fate_draw what, impair_prob corr)
{
	uint64_t n = fate_number(key, what);
	uint32_t value = (uint32_t)n;

	if (corr == 0)
		return value;
	if ((c->known & (1u << what)) && (uint32_t)(n >> 32) <= corr)
		value = c->last[what];
	c->last[what] = value;
	c->known |= (uint16_t)(1u << what);
	return value;
}

static bool hits(uint32_t number, impair_prob p)
{
	return p > 0 && number <= p;
}

/* Loss is drawn in the state that the packet finds, then netem's next one. */
static bool lost_gemodel(const struct impair_knobs *k,
			 const struct fate_key *key, struct fate_chain *c)
{
	uint32_t step = (uint32_t)fate_number(key, FATE_CHAIN);
	uint32_t loss = (uint32_t)fate_number(key, FATE_CHAIN_LOSS);

	if (c->state == GOOD) {
		c->state = hits(step, k->ge.p) ? BAD : GOOD;
		return hits(loss, k->ge.k1);
	}
	c->state = hits(step, k->ge.r) ? GOOD : BAD;
	return hits(loss, k->ge.h1);
}

/* The packet is what the state says that the chain steps into. */
static bool lost_state(const struct impair_knobs *k, const struct fate_key *key,
		       struct fate_chain *c)
{
	uint64_t n = (uint32_t)fate_number(key, FATE_CHAIN);

	switch (c->state) {
	case GAP_PASS:
		if (n < k->state.p14)
			c->state = GAP_LOSS;
		else if (n < (uint64_t)k->state.p14 + k->state.p13)
			c->state = BURST_LOSS;
		break;
	case BURST_PASS:
		if (hits((uint32_t)n, k->state.p23))
			c->state = BURST_LOSS;
		break;
	case BURST_LOSS:
		if (n < k->state.p32)
			c->state = BURST_PASS;
		else if (n < (uint64_t)k->state.p32 + k->state.p31)
			c->state = GAP_PASS;
		break;
	default:
		c->state = GAP_PASS;
		break;
	}
	return c->state == BURST_LOSS || c->state == GAP_LOSS;
}

void fate_loss(const struct impair_knobs *k, const struct fate_key *key,
	       struct fate_chain *c, struct fate *f)
{
	f->by = USTACK_KNOB_GEMODEL;
	switch (k->loss_model) {
	case IMPAIR_LOSS_GEMODEL:
		f->lost = lost_gemodel(k, key, c);
		break;
	case IMPAIR_LOSS_STATE:
		f->lost = lost_state(k, key, c);
		break;
	default:
		f->by = USTACK_KNOB_LOSS;
		f->lost = k->loss > 0 &&
			  hits(correlated(key, c, FATE_LOSS, k->loss_corr),
			       k->loss);
		break;
	}
}

/* With a gap, the packet that ends it may go at once: one of @gap at most. */
static bool reordered(const struct impair_knobs *k, const struct fate_key *key,
		      struct fate_chain *c)
{
	if (k->reorder == 0)
		return false;
	if (k->gap > 1 && c->passed < k->gap - 1) {
		c->passed++;
		return false;
	}
	if (!hits(correlated(key, c, FATE_REORDER, k->reorder_corr),
		  k->reorder)) {
		c->passed++;
		return false;
	}
	c->passed = 0;
	return true;
}

void fate_delay(const struct impair_knobs *k, const struct fate_key *key,
		struct fate_chain *c, struct fate *f)
{
	uint32_t n = 0;

	if (k->jitter_us > 0)
		n = correlated(key, c, FATE_DELAY, k->delay_corr);
	f->delay_us = dist_delay_us(k, n);
}

void fate_rest(const struct impair_knobs *k, const struct fate_key *key,
	       struct fate_chain *c, struct fate *f)
{
	f->duplicate = k->duplicate > 0 &&
		       hits(correlated(key, c, FATE_DUPLICATE, k->dup_corr),
			    k->duplicate);
	f->corrupt = k->corrupt > 0 &&
		     hits(correlated(key, c, FATE_CORRUPT, k->corrupt_corr),
			  k->corrupt);
	if (f->corrupt)
		f->bit = fate_number(key, FATE_CORRUPT_BIT);
	f->reorder = reordered(k, key, c);
	if (!f->reorder)
		fate_delay(k, key, c, f);
}

/* SPDX-License-Identifier: MIT */
/*
 * impair_int.h - the inside of the impairment engine
 *
 *	rules.c		the table: made, replaced, cleared, undone, shown
 *	impair.c	life, exemption, and what is due
 *	take.c		a packet comes: which rule and scripts, its wire segments
 *	apply.c		what is done to one of them
 *
 * A rule or script is an object that is counted: the table holds it, snapshots
 * of the table for undo do, and so do packets that wait because of it.  So a
 * rule that comes back by undo is the same, with its number and its counts.
 */

#ifndef STACK_LINK_IMPAIR_INT_H
#define STACK_LINK_IMPAIR_INT_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/mem.h"
#include "stack/base/rng.h"
#include "stack/link/fate.h"
#include "stack/link/flow.h"
#include "stack/link/gso.h"
#include "stack/link/impair.h"
#include "stack/link/queue.h"
#include "stack/link/script.h"

#define IMPAIR_PORTS 65536u

/**
 * struct bound - the connection that `next` has found
 * @flow:	serial of its flow, 0 = none yet
 * @conn:	its number, 0 = not known yet
 * @lport:	port
 * @rport:	port
 */
struct bound {
	uint64_t flow;
	uint64_t conn;
	uint16_t lport;
	uint16_t rport;
};

/**
 * struct rule_dir - one direction of a rule
 * @waiting:	packets that were not due at once and have not left
 * @free_ns:	when the bottleneck of @rate_bps has sent all it was given
 * @others:	packets of no connection
 * @chain:	for them
 */
struct rule_dir {
	uint32_t waiting;
	uint64_t free_ns;
	uint64_t others;
	struct fate_chain chain;
};

/**
 * struct rule - a rule that was made
 * @refs:	holders
 * @id:		number as people see it
 * @gen:	never the same twice, as each setting counts connections anew
 * @fate_id:	stands for the match in draws
 * @expire_us:	when it ends, IMPAIR_NEVER = never
 * @r:		as asked for
 * @bound:	by `next`
 * @conns:	connections so far: the last ordinal given
 * @d:		directions
 * @counts:	what it did
 * @hit_us:	when last
 * @hit:	on what
 */
struct rule {
	uint32_t refs;
	uint32_t id;
	uint64_t gen;
	uint64_t fate_id;
	uint64_t expire_us;
	struct impair_rule r;
	struct bound bound;
	uint64_t conns;
	struct rule_dir d[IMPAIR_DIRS];
	struct impair_counts counts;
	uint64_t hit_us;
	struct ustack_event hit;
};

/**
 * struct script - a script that was made
 * @refs:	holders
 * @id:		number as people see it
 * @gen:	never the same twice
 * @sc:		as asked for
 * @icmp:	it has a step for ICMP
 * @bound:	by `next`
 * @one:	what it counted, if it is for one connection
 * @none:	what it counted of ICMP
 * @fired:	per step
 * @hit_us:	when it last acted
 * @hit:	on what
 */
struct script {
	uint32_t refs;
	uint32_t id;
	uint64_t gen;
	struct impair_script sc;
	bool icmp;
	struct bound bound;
	struct script_flow one;
	struct script_flow none;
	uint64_t fired[IMPAIR_STEPS_MAX];
	uint64_t hit_us;
	struct ustack_event hit;
};

/**
 * struct table - rules in order of matching, scripts in order of making
 */
struct table {
	struct rule *rule[IMPAIR_RULES_MAX];
	struct script *script[IMPAIR_SCRIPTS_MAX];
	uint32_t nrules;
	uint32_t nscripts;
};

/**
 * struct impair - an engine
 * @host:	callbacks
 * @mem:	for tables
 * @rng:	seeds of rules that come without
 * @tab:	rules and scripts in force
 * @undo:	tables before the last changes, the oldest first
 * @nundo:	their number
 * @saved:	table before impair_begin()
 * @batch:	between that and impair_end()
 * @changed:	something was changed there
 * @last_id:	number given last
 * @gen:	generation given last
 * @epoch:	times that there was something to do after there was nothing
 * @unbound:	rules and scripts whose `next` waits for a SYN
 * @expire_us:	when the first rule ends
 * @now_us:	latest time seen
 * @flows:	connections
 * @queue:	packets
 * @totals:	what all did
 * @exempt:	a bit for each local port that is let alone
 */
struct impair {
	struct impair_host host;
	struct mem mem;
	struct rng rng;
	struct table tab;
	struct table undo[IMPAIR_UNDO_MAX];
	uint32_t nundo;
	struct table saved;
	bool batch;
	bool changed;
	uint32_t last_id;
	uint64_t gen;
	uint64_t epoch;
	uint32_t unbound;
	uint64_t expire_us;
	uint64_t now_us;
	struct flows flows;
	struct queue queue;
	struct impair_counts totals;
	uint8_t exempt[IMPAIR_PORTS / 8];
};

/**
 * struct take - a packet that is being looked at
 * @im:		engine
 * @p:		packet; of IN NULL once it was handed on as it is
 * @now_us:	the time
 * @dir:	enum impair_dir
 * @looked:	@flow was looked for
 * @asked:	@conn was asked for
 * @gso:	cuts it; its view is the packet's, then the piece's
 * @flow:	its connection, NULL = none, or not known
 * @conn:	number of its connection, 0 = none
 * @rule:	first that matches, NULL = none
 * @nscripts:	entries in @script
 * @script:	those that match
 */
struct take {
	struct impair *im;
	struct ustack_pkt *p;
	uint64_t now_us;
	uint8_t dir;
	bool looked;
	bool asked;
	struct gso gso;
	struct flow *flow;
	uint64_t conn;
	struct rule *rule;
	uint32_t nscripts;
	struct script *script[IMPAIR_SCRIPTS_MAX];
};

/** take_conn() - Number of the packet's connection, 0 = none or not known yet */
uint64_t take_conn(struct take *t);

/** apply_piece() - Do to a wire segment what scripts and rule say
 * @t:		packet it comes from, matched
 * @piece:	segment, lent; @t->gso.view tells of it
 */
void apply_piece(struct take *t, const struct ustack_pkt *piece);

/** rules_expire() - Take rules out whose time is over */
void rules_expire(struct impair *im, uint64_t now_us);

/** rules_recount() - The table has changed: see what it waits for */
void rules_recount(struct impair *im);

/** rules_pinned() - Is a rule or script bound to that flow? */
bool rules_pinned(void *ctx, uint64_t serial);

/** rules_free() - Forget all tables */
void rules_free(struct impair *im);

/** rule_put() - One holder less; NULL is ignored */
void rule_put(struct impair *im, struct rule *r);

#endif /* STACK_LINK_IMPAIR_INT_H */

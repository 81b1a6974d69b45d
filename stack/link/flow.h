/* SPDX-License-Identifier: MIT */
/*
 * flow.h - connections as impairment remembers them
 *
 *	(addresses, ports) --> flow: ISN, number, per direction
 *		high	offset behind the highest sequence number seen
 *		resent	[offset: transmissions], of what was seen below that
 *		ack	last acknowledgement offset and its repetition
 *		rules it came under: ordinal, chains; scripts: what they counted
 *
 * Known by its first SYN's sequence number: a SYN that is sent again is the
 * same flow's, one with another number begins a new flow.  A flow first seen in
 * the middle counts from there.  Offsets have 64 bits, so that fates do not
 * come round again with the sequence numbers.
 *
 * What lies at or above the highest number so far is sent for the first time.
 * Only what lies below is looked up and counted: a table of a few hundred
 * offsets that comes with the first retransmission, in which the lowest offset
 * of a set makes way (it is the one most likely to be acknowledged).
 *
 * Bounded: IMPAIR_FLOWS_MAX, of which the one not seen for longest makes way,
 * and of each the FLOW_UNDER_MAX rules that asked last and as many scripts as
 * there can be, since all that match ask for every packet.
 */

#ifndef STACK_LINK_FLOW_H
#define STACK_LINK_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/htab.h"
#include "stack/base/list.h"
#include "stack/base/mem.h"
#include "stack/base/siphash.h"
#include "stack/link/fate.h"
#include "stack/link/impair.h"
#include "stack/link/script.h"
#include "stack/link/view.h"

#define FLOW_UNDER_MAX	 8u
#define FLOW_WATCHED_MAX IMPAIR_SCRIPTS_MAX

struct flow_resent;

/**
 * struct flow_dir - one direction
 * @known:	@isn is known
 * @exact:	it is really that of the SYN, else it was made up in the middle
 * @isn:	offset 0
 * @high:	offset behind the highest sequence number seen
 * @ack_off:	acknowledgement offset of the last pure ACK
 * @ack_rep:	how often it was sent, 0 = none yet
 * @resets:	RSTs seen
 * @unknown:	retransmissions that found no memory to be counted in
 * @resent:	counts of them, NULL = none yet
 */
struct flow_dir {
	bool known;
	bool exact;
	uint32_t isn;
	uint64_t high;
	uint64_t ack_off;
	uint32_t ack_rep;
	uint32_t resets;
	uint32_t unknown;
	struct flow_resent *resent;
};

/**
 * struct flow_under - a flow under a rule
 * @next:	next one of the flow
 * @gen:	generation of the rule
 * @ordinal:	the flow is the rule's so manieth, from 1; 0 = not counted yet
 * @chain:	per direction
 */
struct flow_under {
	struct flow_under *next;
	uint64_t gen;
	uint64_t ordinal;
	struct fate_chain chain[IMPAIR_DIRS];
};

/**
 * struct flow_watched - a flow under a script that is not for one alone
 * @next:	next one of the flow
 * @gen:	generation of the script
 * @seen:	what it has counted
 */
struct flow_watched {
	struct flow_watched *next;
	uint64_t gen;
	struct script_flow seen;
};

/**
 * struct flow - a connection
 * @node:	in the table
 * @lru:	by when it was seen last
 * @serial:	never the same twice, from 1
 * @conn:	its number as the stack has it, 0 = not known yet
 * @epoch:	caller's: when @conn was last found true
 * @local:	address
 * @remote:	address
 * @lport:	port
 * @rport:	port
 * @whole:	seen from its SYN or SYN-ACK on
 * @d:		its directions
 * @under:	rules it came under
 * @watched:	scripts it came under
 */
struct flow {
	struct hnode node;
	struct list lru;
	uint64_t serial;
	uint64_t conn;
	uint64_t epoch;
	struct ustack_addr local;
	struct ustack_addr remote;
	uint16_t lport;
	uint16_t rport;
	bool whole;
	struct flow_dir d[IMPAIR_DIRS];
	struct flow_under *under;
	struct flow_watched *watched;
};

/**
 * struct flows - the table
 * @mem:	pool; borrowed
 * @tab:	by addresses and ports
 * @lru:	longest not seen first
 * @key:	of its hash
 * @serial:	last one given
 * @count:	flows
 * @pinned:	must that one stay?
 * @ctx:	passed to it
 */
struct flows {
	struct mem *mem;
	struct htab tab;
	struct list lru;
	struct siphash_key key;
	uint64_t serial;
	uint32_t count;
	bool (*pinned)(void *ctx, uint64_t serial);
	void *ctx;
};

/**
 * flows_init() - Make an empty table; @pinned and @ctx are set by the caller
 * @t:		storage of the caller
 * @mem:	pool that outlives it
 * @seed:	for its hash
 *
 * Return: 0 or -ERR_NOMEM
 */
int flows_init(struct flows *t, struct mem *mem, uint64_t seed) MUST_USE;

/** flows_fini() - Forget all */
void flows_fini(struct flows *t);

/** flow_find() - The flow that a TCP packet belongs to, or NULL.  One whose
 * addresses the packet shows to be another connection's now is forgotten
 */
struct flow *flow_find(struct flows *t, const struct link_view *v);

/** flow_get() - The same, made if need be; NULL when memory is spent */
struct flow *flow_get(struct flows *t, const struct link_view *v);

/** flow_forget() - It was another connection that used these addresses before */
void flow_forget(struct flows *t, struct flow *fl);

/**
 * struct flow_place - where in its flow a packet stands
 * @offset:	sequence offset; of a pure ACK acknowledgement offset
 * @tx:		transmission; of a pure ACK repetition; from 1
 * @ack:	it is a pure ACK
 * @again:	its sequence space, or part of it, was seen before
 */
struct flow_place {
	uint64_t offset;
	uint32_t tx;
	bool ack;
	bool again;
};

/**
 * flow_note() - Count a packet
 * @t:		table
 * @fl:		its flow
 * @v:		the packet, a wire segment
 * @pl:		result
 */
void flow_note(struct flows *t, struct flow *fl, const struct link_view *v,
	       struct flow_place *pl);

/** flow_under() - A flow's record under the rule of a generation, made if need
 * be, with an @ordinal of 0; NULL when memory is spent
 */
struct flow_under *flow_under(struct flows *t, struct flow *fl, uint64_t gen);

/** flow_watched() - The same for a script's */
struct script_flow *flow_watched(struct flows *t, struct flow *fl,
				 uint64_t gen);

#endif /* STACK_LINK_FLOW_H */

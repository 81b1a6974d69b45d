/* SPDX-License-Identifier: MIT */
/*
 * impair.h - deliberate faults on packets, between a device and a stack
 *
 *	device --> impair_take(IN)  --> [queue] --> host.forward(IN)  --> stack
 *	device <-- host.forward(OUT) <-- [queue] <-- impair_take(OUT) <-- stack
 *
 * A *rule* has a match and knobs, which are those of `tc netem`, by the same
 * names and in the same units.  The first rule that matches decides.  A
 * *script* names exact packets; it comes before the rules, and what it leaves
 * alone goes on to them.  A packet that a script acts on is spared the rule's
 * chance, but takes the rule's way: its delay and rate hold for it as for the
 * others.  Packets that nothing matches pass untouched and whole; of what
 * matches, super-packets are cut into wire segments first.
 *
 * Honest fate.  What a memoryless knob does to a packet is a keyed function of
 * (seed, rule, the connection's ordinal under the rule, direction, sequence
 * offset, transmission number); for pure ACKs of the acknowledgement offset and
 * its repetition.  So neither time nor other traffic changes which bytes are
 * lost, and a retransmission is a new draw.  Chains (correlation, gemodel, gap)
 * advance per connection and direction.  Rate and limit depend on time.
 *
 * Time comes in, packets go out by the host's callbacks; nothing here reads a
 * clock.  All is bounded: rules, scripts, flows remembered, packets and bytes
 * queued.
 */

#ifndef STACK_LINK_IMPAIR_H
#define STACK_LINK_IMPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/err.h"
#include "stack/ustack_types.h"

struct impair;

#define IMPAIR_RULES_MAX   64u	   /* rules */
#define IMPAIR_SCRIPTS_MAX 64u	   /* scripts */
#define IMPAIR_STEPS_MAX   32u	   /* steps of a script */
#define IMPAIR_FLOWS_MAX   4096u   /* connections remembered */
#define IMPAIR_UNDO_MAX	   8u	   /* changes that can be taken back */
#define IMPAIR_NAME_MAX	   32u	   /* a service's or preset's name, with NUL */
#define IMPAIR_LIMIT_DEF   100000u /* packets queued by a rule without limit */
#define IMPAIR_QUEUE_BYTES 67108864u /* memory of all that is queued */
#define IMPAIR_RUN_PKTS	   64u	    /* forwarded each way by one impair_run() */
#define IMPAIR_HOLD_US	   1000000u /* longest wait of a held packet */
#define IMPAIR_DELAY_MAX   3600000000u /* longest delay, jitter: an hour in us */
#define IMPAIR_NEVER	   UINT64_MAX

enum impair_dir {
	IMPAIR_IN,  /* host to stack */
	IMPAIR_OUT, /* stack to host */
	IMPAIR_DIRS,
};

/* A probability: 0 to 2^32 - 1 stands for 0 to 1, as in netem. */
typedef uint32_t impair_prob;
#define IMPAIR_PROB_ONE UINT32_MAX

/**
 * struct impair_match - which packets
 * @dirs:	bits (1 << enum impair_dir); 0 is read as both
 * @conn:	the connection's number, 0 = any
 * @port:	port at either end, 0 = any; of a service, the local one
 * @peer:	the peer's address; a @len of 0 = any
 * @service:	name that @port stands for, for display; empty = none
 * @next:	only the first connection (that the rest of the match fits) whose
 *		SYN is seen after the rule was made
 */
struct impair_match {
	uint8_t dirs;
	uint64_t conn;
	uint16_t port;
	struct ustack_prefix peer;
	char service[IMPAIR_NAME_MAX];
	bool next;
};

enum impair_dist {
	IMPAIR_DIST_UNIFORM,
	IMPAIR_DIST_NORMAL,
	IMPAIR_DIST_PARETO,
	IMPAIR_DIST_PARETONORMAL,
};

enum impair_loss {
	IMPAIR_LOSS_RANDOM,  /* @loss, @loss_corr */
	IMPAIR_LOSS_GEMODEL, /* @ge: Gilbert-Elliott, two states */
	IMPAIR_LOSS_STATE,   /* @state: four states */
};

/**
 * struct impair_knobs - what happens to them; all zero = nothing
 * @delay_us:	each packet is kept that long
 * @jitter_us:	more or less by up to that (uniform), or by that standard deviation
 * @delay_corr:	correlation of one packet's delay with the one before: so likely
 *		is it the same.  (fate.h says how that differs from netem's.)
 * @dist:	enum impair_dist of the jitter
 * @loss_model:	enum impair_loss
 * @loss:	probability of loss
 * @loss_corr:	its correlation
 * @ge:		p: good to bad, r: bad to good, h1: 1-h, loss in bad, k1: 1-k, loss
 *		in good
 * @state:	p13, p31, p32, p23, p14 of netem's four states
 * @duplicate:	probability that a packet passes twice
 * @dup_corr:	its correlation
 * @corrupt:	probability that one bit flips
 * @corrupt_corr: its correlation
 * @reorder:	probability that a packet goes at once while others are delayed
 * @reorder_corr: its correlation
 * @gap:	with @reorder: only every @gap-th packet; 0 = 1
 * @rate_bps:	bits per second, 0 = no limit
 * @overhead:	bytes added to each packet's length when @rate_bps counts it
 * @cell_size:	lengths are rounded up to cells of so many bytes, 0 = none
 * @cell_overhead: bytes that each cell costs beyond that
 * @limit_pkts:	packets that may wait in a direction, 0 = IMPAIR_LIMIT_DEF
 * @ecn:	what loss would drop is marked CE if the packet is ECN-capable
 * @seed:	of all draws
 * @seed_set:	@seed was given; else impair_set() draws one, shown by
 *		impair_rules()
 */
struct impair_knobs {
	uint64_t delay_us;
	uint64_t jitter_us;
	impair_prob delay_corr;
	uint8_t dist;
	uint8_t loss_model;
	impair_prob loss;
	impair_prob loss_corr;
	struct {
		impair_prob p, r, h1, k1;
	} ge;
	struct {
		impair_prob p13, p31, p32, p23, p14;
	} state;
	impair_prob duplicate;
	impair_prob dup_corr;
	impair_prob corrupt;
	impair_prob corrupt_corr;
	impair_prob reorder;
	impair_prob reorder_corr;
	uint32_t gap;
	uint64_t rate_bps;
	int32_t overhead;
	uint32_t cell_size;
	int32_t cell_overhead;
	uint32_t limit_pkts;
	bool ecn;
	uint64_t seed;
	bool seed_set;
};

/**
 * struct impair_rule - a rule as it is asked for
 * @match:	which packets
 * @knobs:	what happens to them
 * @for_us:	it expires after that, 0 = never
 * @preset:	name of the preset that it came from, for display; empty = none
 * @silent:	half-open: nothing passes in either direction, and no knob counts
 * @standing:	it is of the embedder's settings: new rules go in front of those
 *		like it, and so behind all others
 */
struct impair_rule {
	struct impair_match match;
	struct impair_knobs knobs;
	uint64_t for_us;
	char preset[IMPAIR_NAME_MAX];
	bool silent;
	bool standing;
};

/* ------------------------------------------------------------------ scripts */

enum impair_kind {
	IMPAIR_KIND_ANY,
	IMPAIR_KIND_SYN, /* SYN without ACK */
	IMPAIR_KIND_SYNACK,
	IMPAIR_KIND_ACK,	/* pure: no payload, SYN, FIN or RST */
	IMPAIR_KIND_DATA,	/* payload, whatever the transmission */
	IMPAIR_KIND_RETRANSMIT, /* sequence space that was seen before */
	IMPAIR_KIND_FIN,
	IMPAIR_KIND_RST,
	IMPAIR_KIND_ICMP, /* ICMP or ICMPv6; belongs to no connection */
};

enum impair_action {
	IMPAIR_ACT_DROP,
	IMPAIR_ACT_DELAY, /* by @arg_us */
	IMPAIR_ACT_DUPLICATE,
	IMPAIR_ACT_CORRUPT, /* one bit of @part */
	IMPAIR_ACT_MARK,    /* CE */
	IMPAIR_ACT_TRUNCATE, /* to @arg bytes of payload; lengths and sums as before */
	IMPAIR_ACT_TAMPER, /* one bit of payload, the checksum made good again */
	IMPAIR_ACT_HOLD,   /* until the next packet of the connection, same
			       * direction, has passed; at most IMPAIR_HOLD_US */
};

enum impair_part {
	IMPAIR_PART_PAYLOAD, /* the header where there is none */
	IMPAIR_PART_HEADER,  /* of TCP */
	IMPAIR_PART_CHECKSUM,
};

/**
 * struct impair_step - one line of a script
 * @action:	enum impair_action
 * @kind:	enum impair_kind
 * @part:	enum impair_part of CORRUPT
 * @dirs:	bits (1 << enum impair_dir)
 * @first:	first packet of that kind and direction, from 1
 * @last:	last one, UINT32_MAX = all from @first on
 * @until_us:	acts only for so long after the script has got its first packet
 *		of the connection, 0 = no such bound
 * @arg:	TRUNCATE: bytes of payload left
 * @arg_us:	DELAY: how long
 */
struct impair_step {
	uint8_t action;
	uint8_t kind;
	uint8_t part;
	uint8_t dirs;
	uint32_t first;
	uint32_t last;
	uint64_t until_us;
	uint32_t arg;
	uint64_t arg_us;
};

/**
 * struct impair_script - steps for one connection, or for each of a port
 * @match:	which connections; @dirs is not used.  Packets are counted for
 *		each connection apart, from its first packet after the script
 *		was made.
 * @standing:	it is of the embedder's settings; a mark, not looked at
 * @nsteps:	steps
 * @step:	each is asked for every packet, in order; the first that acts
 *		decides
 */
struct impair_script {
	struct impair_match match;
	bool standing;
	uint32_t nsteps;
	struct impair_step step[IMPAIR_STEPS_MAX];
};

/* -------------------------------------------------------------- the engine */

/**
 * struct impair_host - what impairment asks of its embedder
 * @ctx:	passed to each call
 * @forward:	a packet goes on; takes @p.  Only for OUT it may answer
 *		-ERR_AGAIN: then @p is not taken and is tried at the next
 *		impair_run().
 * @pkt_sized:	as ustack_pkt_sized()
 * @pkt_keep:	as ustack_pkt_keep()
 * @pkt_free:	as ustack_pkt_free()
 * @alloc:	@len bytes aligned to 64, or NULL; called for tables only
 * @free:	its counterpart
 * @classify:	as ustack_classify()
 * @event:	a packet was impaired (USTACK_EV_IMPAIRED)
 */
struct impair_host {
	void *ctx;
	int (*forward)(void *ctx, enum impair_dir dir, struct ustack_pkt *p);
	struct ustack_pkt *(*pkt_sized)(void *ctx, uint32_t len);
	struct ustack_pkt *(*pkt_keep)(void *ctx, const struct ustack_pkt *p);
	void (*pkt_free)(void *ctx, struct ustack_pkt *p);
	void *(*alloc)(void *ctx, size_t len);
	void (*free)(void *ctx, void *p, size_t len);
	uint64_t (*classify)(void *ctx, const struct ustack_addr *local,
			     uint16_t lport, const struct ustack_addr *remote,
			     uint16_t rport);
	void (*event)(void *ctx, const struct ustack_event *ev);
};

/**
 * struct impair_args - settings for life
 * @host:	callbacks, copied
 * @seed:	of the seeds of rules that come without one
 * @queue_bytes: memory of all that is queued, 0 = IMPAIR_QUEUE_BYTES
 */
struct impair_args {
	struct impair_host host;
	uint64_t seed;
	uint64_t queue_bytes;
};

/** impair_new() - Make an engine without rules, or NULL when memory is spent */
struct impair *impair_new(const struct impair_args *a);

/** impair_free() - Drop what is queued, and the engine */
void impair_free(struct impair *im);

/** impair_active() - Is there a rule or a script, or a packet queued?  While there
 * is none, impair_take() need not be called
 */
bool impair_active(const struct impair *im);

/** impair_exempt() - Never impair this local port, or do again */
int impair_exempt(struct impair *im, uint16_t port, bool exempt);

/**
 * impair_take() - Show it a packet
 * @im:		engine
 * @dir:	where it goes
 * @p:		packet.  IN: given away if the answer is true.  OUT: only lent,
 *		as host.output() gets it; what is kept of it is kept by
 *		references.
 * @now_us:	the time
 *
 * Return: true, it was taken: it will come by host.forward() from impair_run(),
 * or never; false, nothing matches it: it is untouched and goes on as it is
 */
bool impair_take(struct impair *im, enum impair_dir dir, struct ustack_pkt *p,
		 uint64_t now_us) MUST_USE;

/**
 * impair_run() - Forward what is due
 * @im:		engine
 * @now_us:	the time
 *
 * A burst of a whole window is due at once: it goes on in pieces, so that what
 * comes in meanwhile does not wait for its end, and is not late because of it.
 *
 * Return: when to call again, now_us or earlier when forward() had no room or
 * more is due; IMPAIR_NEVER when nothing waits, not even a rule to expire
 */
uint64_t impair_run(struct impair *im, uint64_t now_us);

/**
 * impair_set() - Make a rule
 * @im:		engine
 * @r:		rule, copied
 * @now_us:	the time
 * @id:		set to its number
 *
 * A rule with the same match is replaced where it stands, and keeps its
 * number; a new one goes in front of the others, a standing one in front of the
 * others that stand, in place of one that does not, too.  Rules that silence are
 * apart from those that do not.  Either way the rule begins anew: counts are zero,
 * the next connection is its first, `next` looks for one.  Connections are not
 * disturbed; packets that wait keep their fate.
 *
 * Return: 0, -ERR_LIMIT (too many), -ERR_INVAL, -ERR_NOMEM
 */
int impair_set(struct impair *im, const struct impair_rule *r, uint64_t now_us,
	       uint32_t *id) MUST_USE;

/** impair_run_script() - Make a script; answers as impair_set(), never replaces */
int impair_run_script(struct impair *im, const struct impair_script *sc,
		      uint64_t now_us, uint32_t *id) MUST_USE;

/** impair_clear() - Remove a rule or script by number, 0 = all: 0 or -ERR_NOENT */
int impair_clear(struct impair *im, uint32_t id);

/**
 * impair_settle() - Forget the last @n steps of undo: what they changed stays
 *
 * A change that was made in several calls, like a preset of two rules, is thus
 * taken back as one: all steps but the first are forgotten.
 */
void impair_settle(struct impair *im, uint32_t n);

/** impair_undo() - Take the last change (set, script, clear) back: 0 or -ERR_NOENT */
int impair_undo(struct impair *im);

/**
 * impair_begin() - Begin changes that are kept or taken back as one
 * @im:		engine, not between impair_begin() and impair_end() already
 *
 * What undo goes back to is left alone meanwhile; impair_end() must follow, with
 * no packet in between.
 */
void impair_begin(struct impair *im);

/**
 * impair_end() - That is all
 * @im:		engine
 * @keep:	it holds, and if something has changed there is nothing to undo;
 *		false: all is as it was, cannot fail
 */
void impair_end(struct impair *im, bool keep);

/**
 * impair_move() - A rule or script goes where its service has gone
 * @im:		engine, between impair_begin() and impair_end()
 * @id:		its number
 * @port:	port of its match from now on
 *
 * It stands where it stood, with what it has counted.
 *
 * Return: 0, -ERR_NOENT, -ERR_NOMEM
 */
int impair_move(struct impair *im, uint32_t id, uint16_t port) MUST_USE;

/**
 * struct impair_counts - what a rule, a script or all have done, in packets
 * @matched:	wire segments that matched
 * @by:		of them, those on which the knob acted
 * @bytes:	bytes matched
 */
struct impair_counts {
	uint64_t matched;
	uint64_t by[USTACK_KNOBS];
	uint64_t bytes;
};

/**
 * struct impair_rule_info - a rule as it stands
 * @id:		its number
 * @rule:	as asked for, with the seed in use
 * @left_us:	until it expires, IMPAIR_NEVER = never
 * @queued:	packets that wait because of it
 * @bound:	connection that `next` has found, 0 = none yet
 * @conns:	connections under it so far
 * @counts:	what it has done
 * @hit_us:	when it last acted, 0 = never
 * @hit:	on what it did
 */
struct impair_rule_info {
	uint32_t id;
	struct impair_rule rule;
	uint64_t left_us;
	uint32_t queued;
	uint64_t bound;
	uint64_t conns;
	struct impair_counts counts;
	uint64_t hit_us;
	struct ustack_event hit;
};

/**
 * struct impair_script_info - a script as it stands
 * @fired:	per step: packets it has acted on
 * @done:	per step: it cannot act any more on the connection that it is
 *		bound to (port scripts: never)
 */
struct impair_script_info {
	uint32_t id;
	struct impair_script script;
	uint64_t bound;
	uint64_t fired[IMPAIR_STEPS_MAX];
	bool done[IMPAIR_STEPS_MAX];
	uint64_t hit_us;
	struct ustack_event hit;
};

/** impair_rule_at() - Rule @i from the front: 0, or -ERR_NOENT behind the last */
int impair_rule_at(const struct impair *im, uint32_t i, uint64_t now_us,
		   struct impair_rule_info *info);

/** impair_script_at() - Script @i in order of making: the same */
int impair_script_at(const struct impair *im, uint32_t i,
		     struct impair_script_info *info);

/** impair_totals() - What all have done since the start */
void impair_totals(const struct impair *im, struct impair_counts *c);

/**
 * struct impair_gauges - what there is at the moment
 */
struct impair_gauges {
	uint32_t rules;
	uint32_t scripts;
	uint32_t flows;
	uint32_t queued_pkts;
	uint64_t queued_bytes;
	uint32_t undo; /* changes that can be taken back */
};

void impair_gauges(const struct impair *im, struct impair_gauges *g);

#endif /* STACK_LINK_IMPAIR_H */

/* SPDX-License-Identifier: MIT */
/*
 * explain.h - a connection's life in words
 *
 * Two passes.  The first goes over the records of a life once and finds what a
 * teller would tell: a loss from its transmission to its repair, a window that
 * was closed for a while, the way the connection ended.  Each is an episode,
 * plain numbers.  The second writes them, in order of time, for people or as
 * JSON.
 *
 *	struct life --> explain_new() --> struct explain --> explain_say()
 *	                (find, loss,      episodes, sums --> explain_json()
 *	                 odd)
 *
 * Times are microseconds since the life's first event, sequence numbers are
 * relative as in life.h; of a time and of a number EXPLAIN_NONE = none.
 */

#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "life.h"

#define EXPLAIN_NONE	  LIFE_NONE
#define EXPLAIN_FULL	  3u /* of a sort told in full, the others summed up */
#define EXPLAIN_FLOWS	  6u /* turns of who sends that are told one by one */
#define EXPLAIN_RULES_MAX 128u /* rules and scripts whose text is known */
#define EXPLAIN_RULE_TEXT 160u

enum explain_kind {
	EXPLAIN_OPEN,	   /* the handshake; numbers in explain.open */
	EXPLAIN_FLOW,	   /* data sent without trouble: @flow */
	EXPLAIN_LOSS,	   /* sequence space was lost, or held for it: @loss */
	EXPLAIN_ACK_LOSS,  /* acknowledgements were: @many */
	EXPLAIN_LATE,	   /* it came out of order, and was not lost: @loss */
	EXPLAIN_TWICE,	   /* it came twice: @twice */
	EXPLAIN_DELAY,	   /* packets were kept for a while: @many */
	EXPLAIN_MARK,	   /* packets were marked CE: @mark */
	EXPLAIN_WINDOW,	   /* a window was closed: @window */
	EXPLAIN_KEEPALIVE, /* an idle peer was asked whether it lives: @alive */
	EXPLAIN_ERROR,	   /* bad news that did not end it: @error */
	EXPLAIN_REFUSED,   /* the stack dropped packets of it: @error */
	EXPLAIN_GAP,	   /* events were not kept: @gap */
	EXPLAIN_CLOSE,	   /* the end; numbers in explain.close */
	EXPLAIN_KINDS,
};

enum explain_undo {
	EXPLAIN_UNDO_NOT,
	EXPLAIN_UNDO_DSACK,	/* the peer had got both copies */
	EXPLAIN_UNDO_TIMEOUT,	/* what was sent before the timeout came */
	EXPLAIN_UNDO_TIMESTAMP, /* the echo was of the first copy */
};

/**
 * struct explain_cut - what an event cost of the congestion window
 * @cut:	it was cut at all
 * @cwnd_before: bytes just before
 * @cwnd_after:	bytes then; in a fast recovery it goes on to @ssthresh
 * @ssthresh:	bytes, the new one
 * @undone_us:	when it was taken back, EXPLAIN_NONE = never
 * @cwnd_undone: bytes after that
 */
struct explain_cut {
	bool cut;
	uint64_t cwnd_before;
	uint64_t cwnd_after;
	uint64_t ssthresh;
	uint64_t undone_us;
	uint64_t cwnd_undone;
};

/**
 * struct explain_loss - sequence space with a fate of its own
 * @seq:	first number
 * @end:	behind the last one
 * @segs:	wire segments
 * @nth:	the first of them is that data segment of its sender, 0 = unknown
 * @flags:	enum life_flag of the (last) segment
 * @hit:	what befell it, @hit.faults 0 = nothing of ours
 * @gone:	so it never arrived
 * @vague:	not all acknowledgements were kept: @done_us is not known
 * @dated:	@sent_us is known, else it is when something told of the loss
 * @sent_us:	first transmission
 * @sign_us:	when the receiver first showed, or saw, that it is missing
 * @signs:	segments that did
 * @cause:	enum life_cause: how the stack found out
 * @found_us:	when
 * @prompted:	the peer's SYN came again, before our timer ran out
 * @rto_us:	retransmission timeout in force then, 0 = unknown
 * @left_us:	after which the timer would have found it, too
 * @probe_us:	a tail loss probe went out in between
 * @tries:	times that it was sent again
 * @again_us:	first time
 * @last_us:	last time
 * @gone_again:	of @tries, those that were lost by a rule
 * @done_us:	acknowledged; of the peer's: it arrived
 * @stall_us:	the stream stood still for its sake, 0 = it did not
 * @shared:	found while an earlier loss was being mended
 * @needless:	the peer said that it had got it already
 * @undo:	enum explain_undo
 * @cut:	what it cost
 */
struct explain_loss {
	uint64_t seq;
	uint64_t end;
	uint64_t segs;
	uint64_t nth;
	uint8_t flags;
	struct life_hit hit;
	bool gone;
	bool vague;
	bool dated;
	uint64_t sent_us;
	uint64_t sign_us;
	uint64_t signs;
	uint8_t cause;
	uint64_t found_us;
	bool prompted;
	uint64_t rto_us;
	uint64_t left_us;
	uint64_t probe_us;
	uint64_t tries;
	uint64_t again_us;
	uint64_t last_us;
	uint64_t gone_again;
	uint64_t done_us;
	uint64_t stall_us;
	bool shared;
	bool needless;
	uint8_t undo;
	struct explain_cut cut;
};

/**
 * struct explain_flow - data that went one way, or both in turns
 * @both:	both ways
 * @vague:	there was more of it, which was not kept
 * @bytes:	of new payload by direction, [0] out, [1] in
 * @segs:	wire segments that carried them
 */
struct explain_flow {
	bool both;
	bool vague;
	uint64_t bytes[2];
	uint64_t segs[2];
};

/**
 * struct explain_many - the same thing done to packets by one rule
 * @hit:	by which, and what
 * @n:		packets
 * @min_us:	least delay
 * @max_us:	greatest
 * @sum_us:	all of them
 * @seq:	of the first one
 * @ack:	of the first one
 * @len:	of the first one
 * @healed_us:	when a later acknowledgement has stood for the first one
 */
struct explain_many {
	struct life_hit hit;
	uint64_t n;
	uint64_t min_us;
	uint64_t max_us;
	uint64_t sum_us;
	uint64_t seq;
	uint64_t ack;
	uint64_t len;
	uint64_t healed_us;
};

/**
 * struct explain_twice - a segment that came twice
 * @hit:	what did it; @hit.faults 0 = the sender, or the network
 * @seq:	first number
 * @end:	behind the last one
 * @told_us:	the peer told us by DSACK
 */
struct explain_twice {
	struct life_hit hit;
	uint64_t seq;
	uint64_t end;
	uint64_t told_us;
};

/**
 * struct explain_mark - marks instead of losses
 * @hit:	what did it, @hit.faults 0 = a router
 * @n:		packets
 * @told_us:	when the receiver told the sender first
 * @cuts:	times that our window was cut
 * @cut:	the first time
 */
struct explain_mark {
	struct life_hit hit;
	uint64_t n;
	uint64_t told_us;
	uint64_t cuts;
	struct explain_cut cut;
};

/** struct explain_window - a closed window; probes were sent by the other side */
struct explain_window {
	uint64_t probes;
};

/**
 * struct explain_alive - questions to an idle peer
 * @idle_us:	nothing was heard from it for so long
 * @probes:	asked so often
 * @answer_us:	when it answered
 */
struct explain_alive {
	uint64_t idle_us;
	uint64_t probes;
	uint64_t answer_us;
};

/** struct explain_error - @what happened @n times */
struct explain_error {
	char what[LIFE_WORD];
	uint64_t n;
};

/** struct explain_gap - @skipped events were not kept, at so many @places */
struct explain_gap {
	uint64_t skipped;
	uint64_t places;
};

/**
 * struct explain_ep - an episode
 * @kind:	enum explain_kind; says which member is set
 * @in:		of what the peer sends; of a window: the peer's
 * @at_us:	when it began
 * @end_us:	when it was over, EXPLAIN_NONE = never
 */
struct explain_ep {
	uint8_t kind;
	bool in;
	uint64_t at_us;
	uint64_t end_us;
	union {
		struct explain_flow flow;
		struct explain_loss loss;
		struct explain_many many;
		struct explain_twice twice;
		struct explain_mark mark;
		struct explain_window window;
		struct explain_alive alive;
		struct explain_error error;
		struct explain_gap gap;
	};
};

/**
 * struct explain_open - how it was opened, and what was agreed
 * @active:	we sent the SYN
 * @crossed:	both did: a simultaneous open
 * @syn_us:	first SYN seen
 * @synack_us:	first SYN-ACK seen
 * @done_us:	established, EXPLAIN_NONE = never, or not known
 * @known:	what follows is known
 * @timestamps:	RFC 7323
 * @sack:	RFC 2018
 * @ecn:	RFC 3168
 * @scaled:	window scaling is in use
 * @scale_in:	shift of the peer's windows
 * @scale_out:	shift of ours
 * @mss:	largest payload of a segment of ours, 0 = not known
 * @cc:		congestion control, empty = not known
 */
struct explain_open {
	bool active;
	bool crossed;
	uint64_t syn_us;
	uint64_t synack_us;
	uint64_t done_us;
	bool known;
	bool timestamps;
	bool sack;
	bool ecn;
	bool scaled;
	uint64_t scale_in;
	uint64_t scale_out;
	uint64_t mss;
	char cc[LIFE_WORD];
};

enum explain_way {
	EXPLAIN_WAY_NONE,	  /* it has not been closed */
	EXPLAIN_WAY_ACTIVE,	  /* our FIN came first */
	EXPLAIN_WAY_PASSIVE,	  /* the peer's did */
	EXPLAIN_WAY_SIMULTANEOUS, /* they crossed */
	EXPLAIN_WAY_RESET,	  /* by the peer */
	EXPLAIN_WAY_ABORT,	  /* we reset it */
	EXPLAIN_WAY_REFUSED,	  /* RST in answer to the SYN */
	EXPLAIN_WAY_TIMEOUT,	  /* the peer stopped answering */
	EXPLAIN_WAY_OTHER,	  /* see the reason */
};

/**
 * struct explain_close - how it ended
 * @way:	enum explain_way
 * @fin_out_us:	our first FIN
 * @fin_in_us:	the peer's first FIN
 * @acked_us:	our FIN was acknowledged
 * @rst_us:	first reset, either way
 * @rst_in:	it was the peer's
 * @time_wait_us: TIME-WAIT was entered
 * @closed_us:	it was over
 * @state:	state of a connection that lives, empty = it does not
 * @half_out:	bytes that we sent behind the peer's FIN
 * @half_in:	bytes that came behind our FIN
 * @reason:	what the stack calls it, empty = it is open
 */
struct explain_close {
	uint8_t way;
	uint64_t fin_out_us;
	uint64_t fin_in_us;
	uint64_t acked_us;
	uint64_t rst_us;
	bool rst_in;
	uint64_t time_wait_us;
	uint64_t closed_us;
	uint64_t half_out;
	uint64_t half_in;
	char state[LIFE_WORD];
	char reason[LIFE_WORD];
};

/**
 * struct explain_sums - totals
 * @exact:	@segs are known; else they are what was seen of them
 * @all_seen:	so is @gone
 * @bytes:	payload by direction, [0] out and acknowledged, [1] in
 * @segs:	wire segments
 * @gone:	of them, lost, corrupted or truncated by rules
 * @retrans:	segments that we sent again
 * @by:		of what was seen of them, by enum life_cause
 * @first_us:	first data by direction
 * @last_us:	out: last time that data was acknowledged; in: that it came
 * @rtt_min_us:	smallest round-trip time, EXPLAIN_NONE = none
 * @rtt_max_us:	largest
 * @srtt_us:	smoothed, at the end
 * @rto_us:	timeout at the end
 * @cwnd:	at the end, 0 = not known
 * @cwnd_max:	largest seen
 * @ssthresh:	at the end
 * @age_us:	how long it has lived
 */
struct explain_sums {
	bool exact;
	bool all_seen;
	uint64_t bytes[2];
	uint64_t segs[2];
	uint64_t gone[2];
	uint64_t retrans;
	uint64_t by[LIFE_CAUSES];
	uint64_t first_us[2];
	uint64_t last_us[2];
	uint64_t rtt_min_us;
	uint64_t rtt_max_us;
	uint64_t srtt_us;
	uint64_t rto_us;
	uint64_t cwnd;
	uint64_t cwnd_max;
	uint64_t ssthresh;
	uint64_t age_us;
};

/**
 * struct explain_rules - how rules and scripts were asked for
 * @n:		their number
 * @rule:	number, step (0 = a rule) and text of each
 */
struct explain_rules {
	size_t n;
	struct {
		uint64_t id;
		uint64_t step;
		char text[EXPLAIN_RULE_TEXT];
	} rule[EXPLAIN_RULES_MAX];
};

/**
 * struct explain - what there is to tell
 * @life:	the life; borrowed
 * @open:	its begin
 * @close:	its end
 * @sums:	totals
 * @skipped:	events that were not kept
 * @ep:		episodes, in order of @at_us
 * @n:		their number
 * @room:	that there is room for
 * @failed:	memory was spent
 */
struct explain {
	const struct life *life;
	struct explain_open open;
	struct explain_close close;
	struct explain_sums sums;
	uint64_t skipped;
	struct explain_ep *ep;
	size_t n;
	size_t room;
	bool failed;
};

/**
 * explain_new() - Find what there is to tell
 * @l:		life, loaded and ended; must outlive the answer
 * @trace:	the answer of trace.get that it came from
 *
 * Return: to be freed by explain_free(); NULL = out of memory
 */
struct explain *explain_new(const struct life *l, const cJSON *trace);

/** explain_free() - Forget it; NULL is fine */
void explain_free(struct explain *x);

/**
 * explain_rules_load() - Take the answer of impair.get
 * @r:		set to the rules and scripts in it
 * @impair:	the answer, NULL = none
 */
void explain_rules_load(struct explain_rules *r, const cJSON *impair);

/** explain_rules_find() - Index of a rule, or of a step; @r->n = not known */
size_t explain_rules_find(const struct explain_rules *r, uint64_t id,
			  uint64_t step);

/**
 * explain_say() - Tell it to people
 * @x:		what to tell
 * @r:		how rules were asked for
 * @out:	where to
 * @colour:	times and heads stand out
 */
void explain_say(const struct explain *x, const struct explain_rules *r,
		 FILE *out, bool colour);

/** explain_json() - The same as JSON, to be freed; NULL = out of memory */
cJSON *explain_json(const struct explain *x, const struct explain_rules *r);

/** explain_way_name() - "active", "passive", ... */
const char *explain_way_name(uint8_t way);

#endif /* CLI_EXPLAIN_H */

/* SPDX-License-Identifier: MIT */
/*
 * life_int.h - what the parts of a life share
 *
 *	life.c		storage, and which event becomes which record
 *	life_json.c	an event's fields
 *	life_seg.c	segments: relative numbers, what is new and what is not,
 *			what befell them
 */

#ifndef CLI_LIFE_INT_H
#define CLI_LIFE_INT_H

#include "life.h"

#define LIFE_SEEN_MAX 64u /* holes in what the peer sent; more: forgotten */

/**
 * struct life_wire - a segment as an event tells it, numbers as on the wire
 * @out:	we sent it
 * @nsack:	blocks in @sack
 * @ecn:	of the IP header
 * @cause:	enum life_cause
 * @flags:	enum life_flag
 * @seq:	sequence number
 * @ack:	acknowledgement number
 * @wnd:	bytes
 * @len:	payload
 * @gso:	payload of each wire segment, 0 = it is one
 * @iss:	our initial sequence number, 0 = not known
 * @irs:	the peer's
 * @since_us:	time since it was sent before, or 0
 * @cwnd:	congestion window, or 0
 * @ssthresh:	slow start threshold, or LIFE_NONE
 * @rto_us:	timeout in force, or 0
 * @sack:	SACK blocks
 */
struct life_wire {
	bool out;
	uint8_t nsack;
	uint8_t ecn;
	uint8_t cause;
	uint8_t flags;
	uint32_t seq;
	uint32_t ack;
	uint32_t wnd;
	uint32_t len;
	uint32_t gso;
	uint32_t iss;
	uint32_t irs;
	uint64_t since_us;
	uint64_t cwnd;
	uint64_t ssthresh;
	uint64_t rto_us;
	uint32_t sack[LIFE_SACKS][2];
};

/**
 * struct life_side - one of the two senders
 * @initial:	its initial sequence number
 * @known:	it is known
 * @guessed:	it is not, but some number was taken for it
 * @high:	behind the highest relative number it has sent
 * @arrived:	of that, what was seen to arrive
 * @acked:	what it acknowledged last, relative, LIFE_NONE = nothing yet
 * @wnd:	what it announced with that
 * @dups:	how often it has repeated that
 */
struct life_side {
	uint32_t initial;
	bool known;
	bool guessed;
	uint64_t high;
	uint64_t arrived;
	uint64_t acked;
	uint32_t wnd;
	uint32_t dups;
};

/**
 * struct life_waiting - a packet on its way in, kept back
 * @w:		its segment
 * @hit:	what befell it
 * @t_us:	when
 * @left:	how many of it are still to come
 */
struct life_waiting {
	struct life_wire w;
	struct life_hit hit;
	uint64_t t_us;
	uint32_t left;
};

/**
 * struct life_in - how it works
 * @cap:	records that there is room for
 * @us:		our side
 * @peer:	the peer's
 * @begun:	@begin_us of the life is set
 * @last_n:	number of the last event
 * @away_us:	daemon's clock from which on only rare events were looked for,
 *		LIFE_NONE = no such time is to come
 * @back_us:	and until then, LIFE_NONE = until now
 * @cut:	index of the first run of the last packet sent, if nothing has
 *		happened since; else the number of records
 * @nseen:	ranges in @seen
 * @seen:	what the peer's side of the wire has carried, sorted, apart
 * @waiting:	ring of what is on its way in
 * @wait_first:	its first
 * @wait_n:	and their number
 */
struct life_in {
	size_t cap;
	struct life_side us;
	struct life_side peer;
	bool begun;
	uint64_t last_n;
	uint64_t away_us;
	uint64_t back_us;
	size_t cut;
	uint32_t nseen;
	uint64_t seen[LIFE_SEEN_MAX][2];
	struct life_waiting *waiting;
	size_t wait_first;
	size_t wait_n;
};

/* ------------------------------------------------------------- life_json.c */

/** life_u64() - A number of an object, 0 if it is not there or no such number */
uint64_t life_u64(const cJSON *obj, const char *key);

/** life_u64_or() - The same, @absent if it is not there */
uint64_t life_u64_or(const cJSON *obj, const char *key, uint64_t absent);

/** life_text() - Copy a text of an object, printable characters only */
void life_text(const cJSON *obj, const char *key, char *to, size_t size);

/** life_cause() - The cause that an object names */
uint8_t life_cause(const cJSON *obj);

/** life_wire_read() - The segment that an event is about; @out is not set */
void life_wire_read(const cJSON *event, struct life_wire *w);

/** life_hit_read() - What impairment:applied says */
void life_hit_read(const cJSON *event, struct life_hit *hit);

/* ------------------------------------------------------------------ life.c */

/** life_push() - A new record, all zero; NULL = there is no more room */
struct life_rec *life_push(struct life *l, enum life_kind kind, uint64_t t_us);

/* -------------------------------------------------------------- life_seg.c */

/** life_seg_known() - Learn initial sequence numbers, 0 = not told */
void life_seg_known(struct life *l, uint32_t iss, uint32_t irs);

/** life_seg_rel() - A number on the wire as a relative one of a side */
uint64_t life_seg_rel(struct life_side *side, uint32_t raw);

/** life_seg_passed() - packet_sent, packet_received */
void life_seg_passed(struct life *l, const struct life_wire *w, uint64_t t_us);

/** life_seg_hit() - impairment:applied */
void life_seg_hit(struct life *l, const struct life_wire *w,
		  const struct life_hit *hit, uint64_t t_us);

/** life_seg_stranded() - What never arrived becomes records, too */
void life_seg_stranded(struct life *l);

#endif /* CLI_LIFE_INT_H */

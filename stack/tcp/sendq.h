/* SPDX-License-Identifier: MIT */
/*
 * sendq.h - send records: what is in flight, when it left, what became of it
 *
 *	snd.una                                          snd.nxt
 *	   [ rec ][ lost ][ rec ][ sacked     ][ sent again ]
 *
 * The records cover [snd.una, snd.nxt) without a gap, once the SYN is
 * acknowledged, in sequence order; the FIN's number is part of the last one.
 * A record is what left in one packet (a super-packet is one record); it is
 * split where a part of it meets another fate, and what was SACKed side by side
 * is one record again.
 *
 * Three orders are kept, none of them needs a walk:
 *	by sequence	a tree: what does this SACK block cover?
 *	by time		a list of what is in the network: RACK looks at its head
 *	to send again	a list of what is held for lost
 */

#ifndef STACK_TCP_SENDQ_H
#define STACK_TCP_SENDQ_H

#include "stack/base/treap.h"

#include "cc_flight.h"
#include "tcb.h"

#define REC_LOST   0x01u /* held for lost and not sent again since */
#define REC_RETX   0x02u /* sent more than once */
#define REC_FIN	   0x04u /* its last sequence number is the FIN */
#define REC_SACKED 0x08u /* the peer says it has it */

/**
 * struct tcp_rec - a stretch of sequence space that was sent together
 * @node:	in the tree by sequence; first
 * @link:	in the list by time, or with REC_LOST in that of the lost
 * @sent_us:	when it was last sent
 * @seq:	first sequence number
 * @len:	sequence numbers covered, FIN included
 * @mss:	payload of its wire segments, but for the last one
 * @segs:	REC_SACKED: wire segments that it counts for
 * @flags:	REC_*
 * @cause:	enum ustack_cause: why it was last held for lost
 */
struct tcp_rec {
	struct treap_node node;
	struct list link;
	uint64_t sent_us;
	uint32_t seq;
	uint32_t len;
	uint16_t mss;
	uint16_t segs;
	uint8_t flags;
	uint8_t cause;
};

/**
 * struct tcp_flight - what a connection has in flight, and recovery's notes on it
 * @tree:	records by sequence
 * @first:	the first of them
 * @last:	the last of them
 * @sent:	those in the network, by time of sending
 * @lost_list:	those to be sent again, first things first
 * @nrecs:	number of records
 * @lost:	bytes of records held for lost and not sent again
 * @sacked:	bytes of records that were SACKed
 * @sacked_segs: wire segments in them
 * @since_us:	when snd.una last moved, the flight began, or the window opened (R2)
 * @tries:	expiries of the timer since then
 * @dupacks:	duplicate ACKs in a row
 * @blocked:	data waited for the congestion window since the last ACK
 * @frto:	RFC 5682: 1 = the timer ran out, 2 = new data was tried, 0 = no
 * @dsack_round: a DSACK has widened RACK's window in this round
 * @undo_valid:	@undo holds what the recovery under way began with
 * @undo_resent: it has sent something again: @undo.tsval is set
 * @rack:	RFC 8985 section 5: the most recently sent of what was delivered
 * @reo_at:	reordering timer, TIME_NEVER = off
 * @tlp:	RFC 8985 section 7: loss probe
 * @prr:	RFC 9937: state of the recovery under way
 * @undo:	what a recovery changed, for when it proves spurious
 * @cc:	congestion control's notes
 *
 * Made with the first record, dropped when nothing is in flight any more.
 */
struct tcp_flight {
	struct treap tree;
	struct tcp_rec *first;
	struct tcp_rec *last;
	struct list sent;
	struct list lost_list;
	uint32_t nrecs;
	uint32_t lost;
	uint32_t sacked;
	uint32_t sacked_segs;
	uint64_t since_us;
	uint8_t tries;
	uint8_t dupacks;
	bool blocked;
	uint8_t frto;
	bool dsack_round;
	bool undo_valid;
	bool undo_resent;
	bool cut; /* the first record has the block that is for a part of it */
	struct {
		uint64_t sent_us; /* RACK.xmit_ts, 0 = nothing delivered yet */
		uint32_t end_seq; /* RACK.end_seq */
		uint32_t rtt_us;  /* RACK.rtt */
		uint32_t fack;	  /* RACK.fack: highest number delivered */
		uint32_t round; /* RACK.dsack_round, valid with @dsack_round */
	} rack;
	uint64_t reo_at;
	struct {
		uint64_t at;	  /* PTO, TIME_NEVER = off */
		uint32_t end_seq; /* valid with @out */
		bool due;	  /* the next run sends a probe */
		bool out;	  /* a probe is in flight */
		bool retx;	  /* it repeated old data */
	} tlp;
	struct {
		uint32_t delivered;
		uint32_t out;
		uint32_t flight; /* RecoverFS */
	} prr;
	struct {
		uint64_t at_us; /* when it began */
		uint32_t una;	/* SND.UNA then */
		uint32_t retx;	/* segments sent again that no DSACK named */
		uint32_t tsval; /* of the first retransmission */
		uint32_t cwnd;
		uint32_t ssthresh;
		uint32_t priv[5];
	} undo;
	struct cc_flight cc;
};

/* Oldest record in flight, NULL = none. */
static inline struct tcp_rec *rec_first(const struct tcp_conn *c)
{
	return c->fl ? c->fl->first : NULL;
}

static inline struct tcp_rec *rec_next(const struct tcp_rec *r)
{
	return (struct tcp_rec *)treap_next(&r->node);
}

static inline uint32_t rec_end(const struct tcp_rec *r)
{
	return r->seq + r->len;
}

/* Payload of a wire segment when @r is sent again: as it was cut, if that fits. */
static inline uint32_t rec_mss(const struct tcp_conn *c,
			       const struct tcp_rec *r)
{
	return min_u32(r->mss, c->snd.mss);
}

/* Bytes held to be in the network: sent, not acknowledged in any way, not given up. */
static inline uint32_t tcp_inflight(const struct tcp_conn *c)
{
	return c->fl ? tcp_unacked(c) - c->fl->lost - c->fl->sacked
		     : tcp_unacked(c);
}

/**
 * struct tcp_acked - what an acknowledgement told
 * @ack:	its acknowledgement number
 * @acked:	numbers newly covered by it
 * @sacked:	bytes newly SACKed
 * @delivered:	bytes that were not known to have arrived (DeliveredData)
 * @first_us:	when the oldest of what it newly covers left, of what was sent
 *		only once; TIME_NEVER = none (Karn)
 * @last_us:	when the newest of what was delivered left, likewise
 * @rtt_us:	sample that was taken from it, 0 = none
 * @tsecr:	echoed timestamp, valid with @has_ts
 * @has_ts:	there was one that is ours
 * @retx:	a byte that was sent again is among what it covers
 * @retx_us:	when the first record of such left last
 * @orig:	data sent once, before recovery.recover, was delivered (F-RTO)
 * @has_sack:	the segment carried a SACK option
 * @dsack:	its first block named data that had arrived before (RFC 2883)
 * @dsack_end:	end of that block
 * @dsack_segs:	wire segments in it
 * @limited:	the congestion window was what limited sending
 * @dup:	it looks like a duplicate (5681-9)
 */
struct tcp_acked {
	uint32_t ack;
	uint32_t acked;
	uint32_t sacked;
	uint32_t delivered;
	uint64_t first_us;
	uint64_t last_us;
	uint64_t retx_us;
	uint32_t rtt_us;
	uint32_t tsecr;
	uint32_t dsack_end;
	uint32_t dsack_segs;
	bool has_ts;
	bool retx;
	bool orig;
	bool has_sack;
	bool dsack;
	bool limited;
	bool dup;
};

/** rec_rest() - Drop @c->fl when nothing is in flight and nothing is amiss */
void rec_rest(struct tcp_conn *c);

/**
 * rec_append() - Record what was sent at snd.nxt, and move snd.nxt
 * @c:		connection
 * @r:		storage of rec_new(), taken
 * @len:	sequence numbers
 * @fin:	the last of them is the FIN
 */
void rec_append(struct tcp_conn *c, struct tcp_rec *r, uint32_t len, bool fin);

/** rec_new() - Storage for a record, or NULL when memory is spent */
struct tcp_rec *rec_new(struct tcp_conn *c);

/** rec_drop() - Give back a record of rec_new() that was not appended */
void rec_drop(struct tcp_conn *c, struct tcp_rec *r);

/**
 * rec_split() - Cut a record in two
 * @c:		connection
 * @r:		record; keeps the first @len numbers
 * @len:	0 < @len < @r->len
 *
 * Return: 0, or -ERR_NOMEM
 */
int rec_split(struct tcp_conn *c, struct tcp_rec *r, uint32_t len) MUST_USE;

/**
 * rec_split_to_send() - The same of what is to be sent again
 *
 * Without a part of the first record nothing goes on: there is memory for that,
 * once until a record goes.
 */
int rec_split_to_send(struct tcp_conn *c, struct tcp_rec *r,
		      uint32_t len) MUST_USE;

/** rec_moved_on() - There was progress: time and tries (R2) count from now */
void rec_moved_on(struct tcp_conn *c);

/** rec_find() - The record that holds a number, NULL = none does */
struct tcp_rec *rec_find(const struct tcp_conn *c, uint32_t seq);

/**
 * rec_ack() - Drop what lies before @a->ack
 * @c:		connection; snd.una is still the old one
 * @a:		gets what was learnt
 */
void rec_ack(struct tcp_conn *c, struct tcp_acked *a);

/**
 * rec_sack() - Note that a record has arrived
 * @c:		connection
 * @r:		record, not SACKed yet; merged with neighbours that are
 * @a:		gets what was learnt
 *
 * Return: the record that covers @r now
 */
struct tcp_rec *rec_sack(struct tcp_conn *c, struct tcp_rec *r,
			 struct tcp_acked *a);

/** rec_forget_sacks() - The peer has reneged: nothing counts as SACKed (2018-5) */
void rec_forget_sacks(struct tcp_conn *c);

/** rec_mark_lost() - Hold a record for lost; harmless if it is already, or SACKed */
void rec_mark_lost(struct tcp_conn *c, struct tcp_rec *r,
		   enum ustack_cause why);

/** rec_mark_head_lost() - Hold the first segment's worth for lost */
void rec_mark_head_lost(struct tcp_conn *c, enum ustack_cause why);

/** rec_mark_all_lost() - Hold everything in flight for lost */
void rec_mark_all_lost(struct tcp_conn *c, enum ustack_cause why);

/** rec_unmark_lost() - Nothing was lost after all */
void rec_unmark_lost(struct tcp_conn *c);

/** rec_first_lost() - Record to send again: the oldest of all, else the one held
 * for lost the longest; NULL = none
 */
struct tcp_rec *rec_first_lost(const struct tcp_conn *c);

/** rec_resent() - Note that a record left once more */
void rec_resent(struct tcp_conn *c, struct tcp_rec *r);

/** rec_footprint() - Memory that the records hold, in bytes */
uint32_t rec_footprint(const struct tcp_conn *c);

/** rec_clear() - Drop all records */
void rec_clear(struct tcp_conn *c);

#endif /* STACK_TCP_SENDQ_H */

/* SPDX-License-Identifier: MIT */
/*
 * sendq.h - send records: what is in flight, when it left, what became of it
 *
 *	snd.una                                        snd.nxt
 *	   [ rec ][ rec, lost ][ rec ][ rec, sent again ]
 *
 * The records cover [snd.una, snd.nxt) without a gap, once the SYN is
 * acknowledged, in sequence order; the FIN's number is part of the last one.
 * A record is what left in one packet (a super-packet is one record); it is
 * split where a part of it meets another fate.
 */

#ifndef STACK_TCP_SENDQ_H
#define STACK_TCP_SENDQ_H

#include "tcb.h"

#define REC_LOST 0x01u /* held for lost and not sent again since */
#define REC_RETX 0x02u /* sent more than once */
#define REC_FIN	 0x04u /* its last sequence number is the FIN */

/**
 * struct tcp_rec - a stretch of sequence space that was sent together
 * @next:	later record
 * @prev:	earlier record
 * @seq:	first sequence number
 * @len:	sequence numbers covered, FIN included
 * @flags:	REC_*
 * @cause:	enum ustack_cause: why it was last held for lost
 * @sent_us:	when it was last sent
 * @first_us:	when it was first sent
 */
struct tcp_rec {
	struct tcp_rec *next;
	struct tcp_rec *prev;
	uint32_t seq;
	uint32_t len;
	uint8_t flags;
	uint8_t cause;
	uint64_t sent_us;
	uint64_t first_us;
};

/**
 * struct tcp_flight - what a connection has in flight, and recovery's notes on it
 * @first:	records in sequence order
 * @last:	the last of them
 * @lost:	bytes of records held for lost and not sent again
 * @dupacks:	duplicate ACKs in a row
 *
 * Made with the first record, dropped when nothing is in flight any more.
 */
struct tcp_flight {
	struct tcp_rec *first;
	struct tcp_rec *last;
	uint32_t lost;
	uint8_t dupacks;
};

/* Oldest record in flight, NULL = none. */
static inline struct tcp_rec *rec_first(const struct tcp_conn *c)
{
	return c->fl ? c->fl->first : NULL;
}

/* Bytes held to be in the network: sent, not acknowledged, not given up. */
static inline uint32_t tcp_inflight(const struct tcp_conn *c)
{
	return c->fl ? tcp_unacked(c) - c->fl->lost : tcp_unacked(c);
}

/** rec_rest() - Drop @c->fl when nothing is in flight and nothing is amiss */
void rec_rest(struct tcp_conn *c);

/**
 * struct tcp_acked - what an acknowledgement covered
 * @sent_us:	when the oldest record that it covered whole, and that was sent
 *		only once, left; TIME_NEVER = none (Karn)
 * @retx:	a byte that was sent again is among what it covered
 */
struct tcp_acked {
	uint64_t sent_us;
	bool retx;
};

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

/** rec_ack() - Drop what lies before @ack, telling what it was */
struct tcp_acked rec_ack(struct tcp_conn *c, uint32_t ack);

/** rec_mark_lost() - Hold a record for lost; harmless if it is already */
void rec_mark_lost(struct tcp_conn *c, struct tcp_rec *r,
		   enum ustack_cause why);

/** rec_mark_head_lost() - Hold the first segment's worth for lost */
void rec_mark_head_lost(struct tcp_conn *c, enum ustack_cause why);

/** rec_mark_all_lost() - Hold everything in flight for lost (timeout) */
void rec_mark_all_lost(struct tcp_conn *c, enum ustack_cause why);

/** rec_first_lost() - First record to send again, or NULL */
struct tcp_rec *rec_first_lost(const struct tcp_conn *c);

/** rec_resent() - Note that a lost record left once more */
void rec_resent(struct tcp_conn *c, struct tcp_rec *r);

/** rec_footprint() - Memory that the records hold, in bytes */
uint32_t rec_footprint(const struct tcp_conn *c);

/** rec_clear() - Drop all records */
void rec_clear(struct tcp_conn *c);

#endif /* STACK_TCP_SENDQ_H */

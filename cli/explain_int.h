/* SPDX-License-Identifier: MIT */
/*
 * explain_int.h - the pass that finds episodes, between its files
 *
 * explain_find.c walks over the records and asks each part in turn; what has
 * happened so far is in struct explain_scan.
 */

#ifndef CLI_EXPLAIN_INT_H
#define CLI_EXPLAIN_INT_H

#include "explain.h"

/* Such a packet does not arrive: where it is not lost, a checksum or a length
 * is wrong.
 */
#define EXPLAIN_F_GONE (LIFE_F_LOST | LIFE_F_CORRUPTED | LIFE_F_TRUNCATED)

#define EXPLAIN_NO_EP  SIZE_MAX

/**
 * struct explain_tx - new data, or SYN or FIN, that we have sent
 * @seq:	first number
 * @end:	behind the last one
 * @nth:	its first data segment is the nth of ours, from 1; 0 = no data
 * @rec:	its record
 * @again:	some of it was sent again: no round-trip time can be had
 */
struct explain_tx {
	uint64_t seq;
	uint64_t end;
	uint64_t nth;
	size_t rec;
	bool again;
};

/**
 * struct explain_scan - one walk over the records
 * @x:		what is found
 * @rec:	the record under way, and
 * @i:		its index
 * @t_us:	its time
 * @una:	the peer has acknowledged up to there
 * @una_us:	since when
 * @nxt:	we have sent up to there
 * @in_max:	the peer has sent up to there, EXPLAIN_NONE = not known
 * @acked_in:	we have acknowledged up to there
 * @timer_us:	when the retransmission timer was started
 * @nth:	data segments by direction so far
 * @counted:	@nth[0] is right: nothing of them was missed
 * @counted_in:	so is @nth[1]
 * @missed:	so not all acknowledgements are known
 * @lost_us:	last time that something was held for lost
 * @ece_now:	the last one that came in said ECE
 * @dsack_now:	the last one that came in reported a duplicate
 * @recover:	recovery ends when this is acknowledged, 0 = none
 * @timeout:	it came by the timer
 * @cut_ep:	loss that the last cut belongs to
 * @metrics:	last state of congestion control
 * @known:	there is one
 * @probe_us:	last tail loss probe, EXPLAIN_NONE = none
 * @tx:		what we have sent, in order of sequence
 * @ntx:	its number
 * @room_tx:	that there is room for
 * @tx_una:	first of them that is not acknowledged
 * @flow:	episode of the data that flows, EXPLAIN_NO_EP = none
 * @flows:	turns so far
 * @window:	closed window by direction of the data it stops
 * @alive:	question without answer
 * @gap:	episode of events that are missing
 * @heard_us:	last segment of the peer
 * @heard_syn_us: its last SYN
 * @open_from:	losses in front of it are all done
 */
struct explain_scan {
	struct explain *x;
	const struct life_rec *rec;
	size_t i;
	uint64_t t_us;
	uint64_t una;
	uint64_t una_us;
	uint64_t nxt;
	uint64_t in_max;
	uint64_t acked_in;
	uint64_t timer_us;
	uint64_t nth[2];
	bool counted;
	bool counted_in;
	bool missed;
	uint64_t lost_us;
	bool ece_now;
	bool dsack_now;
	uint64_t recover;
	bool timeout;
	size_t cut_ep;
	struct life_metrics metrics;
	bool known;
	uint64_t probe_us;
	struct explain_tx *tx;
	size_t ntx;
	size_t room_tx;
	size_t tx_una;
	size_t flow;
	uint32_t flows;
	size_t window[2];
	size_t alive;
	size_t gap;
	uint64_t heard_us;
	uint64_t heard_syn_us;
	size_t open_from;
};

/** explain_ep_new() - A new episode that begins now; NULL = out of memory */
struct explain_ep *explain_ep_new(struct explain_scan *s, uint8_t kind,
				  bool in);

/** explain_tx_find() - What we sent first with this number in it, or NULL */
struct explain_tx *explain_tx_find(const struct explain_scan *s, uint64_t seq);

/* ------------------------------------------------------------ explain_loss.c */

/** explain_loss_gone() - A segment will never arrive; is that news? */
bool explain_loss_gone(struct explain_scan *s, const struct life_seg *seg);

/** explain_loss_held() - The stack holds something for lost */
void explain_loss_held(struct explain_scan *s, const struct life_lost *lost);

/** explain_loss_again() - We send something again */
void explain_loss_again(struct explain_scan *s, const struct life_seg *seg);

/** explain_loss_acked() - The peer acknowledges, before @s->una is raised */
void explain_loss_acked(struct explain_scan *s, const struct life_seg *seg);

/** explain_loss_arrived() - Data came in, before @s->in_max is raised; does it
 * mend what a rule had lost?
 */
bool explain_loss_arrived(struct explain_scan *s, const struct life_seg *seg);

/** explain_loss_told() - We acknowledge: what is missing is told again */
void explain_loss_told(struct explain_scan *s, const struct life_seg *seg);

/** explain_loss_missed() - From now on not all is seen */
void explain_loss_missed(struct explain_scan *s);

/** explain_loss_open() - Is it a loss that is not mended yet? */
bool explain_loss_open(const struct explain_ep *e);

/* ------------------------------------------------------------- explain_cut.c */

/** explain_loss_first() - The congestion window begins: was a SYN lost? */
void explain_loss_first(struct explain_scan *s, uint64_t cwnd);

/** explain_loss_metrics() - The window changes; @s->metrics is the one before */
void explain_loss_metrics(struct explain_scan *s,
			  const struct life_metrics *now);

/** explain_loss_sort() - All is known: what was late, what never was lost */
void explain_loss_sort(struct explain *x);

/* ------------------------------------------------------------- explain_end.c */

/** explain_end() - The walk is over: what only @trace knows, and the order */
void explain_end(struct explain_scan *s, const cJSON *trace);

/* ------------------------------------------------------------- explain_odd.c */

/** explain_odd_sent() - What else there is to see in a segment of ours */
void explain_odd_sent(struct explain_scan *s, const struct life_seg *seg);

/** explain_odd_received() - The same of one of the peer's */
void explain_odd_received(struct explain_scan *s, const struct life_seg *seg);

/** explain_odd_mark() - Find the marks of a direction, or begin with them */
struct explain_ep *explain_odd_mark(struct explain_scan *s, bool in,
				    const struct life_hit *hit);

/** explain_odd_word() - An error or a refused packet */
void explain_odd_word(struct explain_scan *s, uint8_t kind, const char *what);

/** explain_odd_gap() - Events are missing here */
void explain_odd_gap(struct explain_scan *s, uint64_t skipped);

#endif /* CLI_EXPLAIN_INT_H */

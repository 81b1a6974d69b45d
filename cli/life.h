/* SPDX-License-Identifier: MIT */
/*
 * life.h - the life of one connection, from the daemon's events
 *
 * What `trace` draws and `explain` tells.  Events come as JSON, all at once
 * (the answer of trace.get) or one by one while they happen, and become
 * records: typed, in order of time, with sequence numbers counted from 0.
 *
 *	trace.get --> life_load() \                    / rec[0 .. settled)
 *	                           >-- events, folded <     will not change
 *	a stream --> life_feed()  /                    \ rec[settled .. n)
 *
 * Folding.  What befell a packet (impairment:applied) becomes part of its
 * record.  A super-packet of which some wire segments are impaired is cut into
 * runs, a record each: those before, the impaired ones, those behind.
 *
 *	sent 1:11585 (8 x 1448), 2897:4345 lost
 *	--> 1:2897 | 2897:4345 lost | 4345:11585
 *
 * What is impaired on its way in becomes a record when it arrives, and at once
 * when it never will (lost, corrupted, truncated).
 *
 * Relative numbers.  A SYN is 0, the first byte of data 1.  They are 64 bits
 * wide and do not wrap, unless 2 GB in between were not kept.  Those of a
 * direction count from the sender's initial sequence number: in a segment
 * received, seq is of the peer's, ack and SACK are of ours.  Where the initial
 * number is not known (the beginning was not kept) it is guessed, and iss_known
 * or irs_known is false.
 *
 * Everything is bounded, by LIFE_RECS_MAX records and LIFE_WAITING_MAX packets
 * on their way in; what does not fit is counted in @dropped.
 */

#ifndef CLI_LIFE_H
#define CLI_LIFE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIFE_RECS_MAX	 131072u
#define LIFE_WAITING_MAX 4096u
#define LIFE_TEXT	 64u /* endpoints, with NUL */
#define LIFE_WORD	 32u /* any other name, with NUL */
#define LIFE_SACKS	 4u
#define LIFE_NONE	 UINT64_MAX /* no number, no time */

enum life_kind {
	LIFE_OPENED,  /* @opened */
	LIFE_STATE,   /* @state */
	LIFE_SEGMENT, /* @seg: a segment, or several in one packet */
	LIFE_LOST,    /* @lost: we hold something for lost */
	LIFE_METRICS, /* @metrics */
	LIFE_DROPPED, /* @word: the counter; the stack refused a packet */
	LIFE_ERROR,   /* @word: a soft error */
	LIFE_SKIPPED, /* @skipped: so many events were not kept */
	LIFE_UNWATCHED, /* @until_us: till then only rare events were looked for */
	LIFE_CLOSED,	/* @closed */
};

/* TCP flags, as on the wire. */
enum life_flag {
	LIFE_FIN = 0x01,
	LIFE_SYN = 0x02,
	LIFE_RST = 0x04,
	LIFE_PSH = 0x08,
	LIFE_ACK = 0x10,
	LIFE_URG = 0x20,
	LIFE_ECE = 0x40,
	LIFE_CWR = 0x80,
};

/* Why something was sent again, or held for lost. */
enum life_cause {
	LIFE_CAUSE_NONE,
	LIFE_CAUSE_RTO,
	LIFE_CAUSE_DUPACK,
	LIFE_CAUSE_PARTIAL_ACK,
	LIFE_CAUSE_WND_PROBE,
	LIFE_CAUSE_SYN,
	LIFE_CAUSE_RACK,
	LIFE_CAUSE_SACK,
	LIFE_CAUSE_TLP,
	LIFE_CAUSE_MTU,
	LIFE_CAUSE_KEEPALIVE,
	LIFE_CAUSE_OTHER, /* a name that we do not know */
	LIFE_CAUSES,
};

/* What befell a packet. */
enum life_fault {
	LIFE_F_LOST = 0x01,
	LIFE_F_DELAYED = 0x02,
	LIFE_F_DUPLICATED = 0x04,
	LIFE_F_CORRUPTED = 0x08,
	LIFE_F_REORDERED = 0x10,
	LIFE_F_MARKED = 0x20,
	LIFE_F_TRUNCATED = 0x40,
	LIFE_F_HELD = 0x80,
	LIFE_F_TAMPERED = 0x100,
};
#define LIFE_FAULTS 9u

/**
 * struct life_hit - what impairment did to a segment, or to a run of them
 * @faults:	enum life_fault, 0 = untouched
 * @rule:	number of the rule or script
 * @step:	step of the script, 0 = a rule
 * @tx:		how often these bytes were sent, this time included; 0 = unknown
 * @delay_us:	least delay
 * @delay_max_us: greatest of the run
 * @knob:	what did it: "loss", "delay", "script", ...
 */
struct life_hit {
	uint32_t faults;
	uint32_t rule;
	uint32_t step;
	uint32_t tx;
	uint64_t delay_us;
	uint64_t delay_max_us;
	char knob[LIFE_WORD];
};

/**
 * struct life_seg - a segment, or a run of them that is one packet or part of one
 * @out:	we sent it
 * @again:	these bytes passed before (or were lost on the way); of ours
 *		@cause tells why
 * @late:	in: below what was seen before, but new: it fills a hole
 * @part:	0 = a packet of its own, else run 1, 2, ... of a super-packet
 * @copy:	in: second copy of a duplicated packet
 * @seen:	packet_sent or packet_received was there; false: only what
 *		impairment said is known, @wnd and @sack are not
 * @dsack:	@sack[0] reports what arrived twice
 * @nsack:	blocks in @sack
 * @ecn:	of the IP header, 3 = CE
 * @cause:	enum life_cause
 * @flags:	enum life_flag
 * @segs:	wire segments, at least 1
 * @seg_len:	payload of each, the last may have less
 * @len:	payload of all
 * @dup:	a pure ACK without news: how often this number was repeated, else 0
 * @wnd:	bytes
 * @since_us:	out, again: time since it was sent before, 0 = not told
 * @cwnd:	congestion window then, bytes, 0 = not told
 * @ssthresh:	slow start threshold, LIFE_NONE = none yet
 * @rto_us:	retransmission timeout in force, 0 = not told
 * @seq:	first sequence number, relative
 * @end:	behind the last one, SYN and FIN counted
 * @ack:	relative; LIFE_NONE without the flag
 * @sack:	first, and behind the last
 * @hit:	what befell it
 */
struct life_seg {
	bool out;
	bool again;
	bool late;
	bool copy;
	bool seen;
	bool dsack;
	uint8_t nsack;
	uint8_t ecn;
	uint8_t cause;
	uint8_t flags;
	uint32_t part;
	uint32_t segs;
	uint32_t seg_len;
	uint32_t len;
	uint32_t dup;
	uint32_t wnd;
	uint64_t since_us;
	uint64_t cwnd;
	uint64_t ssthresh;
	uint64_t rto_us;
	uint64_t seq;
	uint64_t end;
	uint64_t ack;
	uint64_t sack[LIFE_SACKS][2];
	struct life_hit hit;
};

/**
 * struct life_lost - something of ours is held for lost
 * @cause:	enum life_cause: how it was found out
 * @seq:	first byte, relative; a SYN is 0
 * @end:	behind the last one
 * @rto_us:	the timeout in force
 */
struct life_lost {
	uint8_t cause;
	uint64_t seq;
	uint64_t end;
	uint64_t rto_us;
};

/**
 * struct life_metrics - state of congestion control
 * @cwnd:	congestion window, bytes
 * @ssthresh:	slow start threshold, bytes, LIFE_NONE = none yet
 * @srtt_us:	smoothed round-trip time, 0 = none yet
 * @rto_us:	retransmission timeout
 */
struct life_metrics {
	uint64_t cwnd;
	uint64_t ssthresh;
	uint64_t srtt_us;
	uint64_t rto_us;
};

/**
 * struct life_opened - how it began, and what was agreed on
 * @active:	we sent the SYN; first, as in struct life_rec
 * @timestamps:	both send timestamps
 * @sack:	both understand selective acknowledgements
 * @ecn:	both react to marks of congestion
 * @wscale:	windows are scaled
 * @scale_in:	shift of the peer's windows
 * @scale_out:	shift of ours
 * @mss:	payload of a full segment of ours, 0 = not told
 * @cc:		congestion control; empty = not told
 */
struct life_opened {
	bool active;
	bool timestamps;
	bool sack;
	bool ecn;
	bool wscale;
	uint32_t scale_in;
	uint32_t scale_out;
	uint32_t mss;
	char cc[LIFE_WORD];
};

/**
 * struct life_closed - how it ended
 * @reason:	"normal", "reset", ...
 * @bytes_in:	payload received in order
 * @bytes_out:	payload sent and acknowledged
 * @retrans:	segments sent again
 * @segs_in:	segments received
 * @segs_out:	segments sent
 * @srtt_us:	smoothed round-trip time, 0 = none
 * @minrtt_us:	smallest round-trip time, 0 = none
 * @age_us:	time since it was opened
 */
struct life_closed {
	char reason[LIFE_WORD];
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t retrans;
	uint64_t segs_in;
	uint64_t segs_out;
	uint64_t srtt_us;
	uint64_t minrtt_us;
	uint64_t age_us;
};

/**
 * struct life_rec - one thing that happened
 * @kind:	enum life_kind; says which member is set
 * @t_us:	time since the first event of the life
 * @seg:	SEGMENT
 * @lost:	LOST
 * @metrics:	METRICS
 * @closed:	CLOSED
 * @state:	STATE: names as RFC 9293 writes them
 * @opened:	OPENED
 * @active:	OPENED: the same as @opened.active
 * @skipped:	SKIPPED: events
 * @until_us:	UNWATCHED: since the first event, LIFE_NONE = until now
 * @word:	DROPPED, ERROR
 */
struct life_rec {
	enum life_kind kind;
	uint64_t t_us;
	union {
		struct life_seg seg;
		struct life_lost lost;
		struct life_metrics metrics;
		struct life_closed closed;
		struct {
			char from[LIFE_WORD];
			char to[LIFE_WORD];
		} state;
		struct life_opened opened;
		bool active;
		uint64_t skipped;
		uint64_t until_us;
		char word[LIFE_WORD];
	};
};

struct life_in;

/**
 * struct life - the life of one connection
 * @id:		its number, 0 = none yet
 * @local:	our endpoint, "10.7.0.2:7"; empty = not known yet
 * @remote:	the peer's
 * @service:	name of the service, empty = none, or not known
 * @open:	it has not ended
 * @iss_known:	our initial sequence number is known
 * @irs_known:	the peer's is
 * @begin_us:	daemon's clock at the first event
 * @wall_us:	what to add to the daemon's clock for the time of day since 1970,
 *		in microseconds; 0 = not known
 * @rec:	records
 * @n:		their number
 * @settled:	of them, those that no further event can change
 * @dropped:	events that did not fit, or made no sense
 * @priv:	how it works
 */
struct life {
	uint64_t id;
	char local[LIFE_TEXT];
	char remote[LIFE_TEXT];
	char service[LIFE_WORD];
	bool open;
	bool iss_known;
	bool irs_known;
	uint64_t begin_us;
	uint64_t wall_us;
	struct life_rec *rec;
	size_t n;
	size_t settled;
	uint64_t dropped;
	struct life_in *priv;
};

/**
 * life_new() - A life of which nothing is known yet
 *
 * Return: to be freed by life_free(); NULL = out of memory
 */
struct life *life_new(void);

/** life_free() - Forget it; NULL is fine */
void life_free(struct life *l);

/**
 * life_load() - Take the answer of trace.get
 * @l:		life, new
 * @trace:	the answer; lent for the call
 *
 * What follows may be fed.  If nothing follows, call life_end().  Where events
 * were not kept (their numbers jump) there is a LIFE_SKIPPED.
 */
void life_load(struct life *l, const cJSON *trace);

/**
 * life_feed() - Take one event
 * @l:		life
 * @event:	the event; lent for the call
 *
 * An event that was taken before (its number is not above the last one's) is
 * left out.  Records may move: pointers into @l->rec are void afterwards.
 */
void life_feed(struct life *l, const cJSON *event);

/** life_skip() - @events of the stream were lost at this point */
void life_skip(struct life *l, uint64_t events);

/** life_settle() - For now nothing more comes about the last packet sent */
void life_settle(struct life *l);

/** life_end() - Nothing more comes: settle all, what is on its way in too */
void life_end(struct life *l);

/** life_forget() - Drop the first @n records, which must be settled */
void life_forget(struct life *l, size_t n);

/**
 * life_last_sent() - The last time that we sent a byte, before a moment
 * @l:		life
 * @seq:	the byte, relative
 * @before:	index of a record, only those in front of it count
 *
 * Return: index of that LIFE_SEGMENT, or @l->n if there is none
 */
size_t life_last_sent(const struct life *l, uint64_t seq, size_t before);

/** life_cause_name() - "rto", "rack", ...; "none" */
const char *life_cause_name(uint8_t cause);

/** life_fault_name() - "lost", "delayed", ... of one bit of enum life_fault */
const char *life_fault_name(uint32_t fault);

#endif /* CLI_LIFE_H */

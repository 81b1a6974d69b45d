/* SPDX-License-Identifier: MIT */
/*
 * capring.h - captured packets on their way from a worker to the main thread
 *
 *	tail ......... told ......... head
 *	 |  may be read  |  held back   |  free ...
 *
 * One writer, one reader, a ring of bytes without locks.  A record lies in one
 * piece: what is left at the end of the ring and is too short is skipped.  The
 * writer holds its last records back until it tells of them, so that it can
 * still change them (what befell a packet is known only after it was seen), or
 * take them back.
 */

#ifndef DAEMON_CAPRING_H
#define DAEMON_CAPRING_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/ustack.h"

#define CAPRING_BYTES (8u << 20) /* memory of a ring; a power of two */

/**
 * struct capfate - what befell a packet; of a struct ustack_event
 * @delay_us:	how long it is kept
 * @rule:	number of the rule or script
 * @tx:		how often its first byte was sent, from 1
 * @faults:	bits (1 << enum ustack_fault), 0 = nothing befell it
 * @step:	step of the script, from 1; 0 = a rule
 * @knob:	enum ustack_knob
 */
struct capfate {
	uint64_t delay_us;
	uint32_t rule;
	uint32_t tx;
	uint16_t faults;
	uint16_t step;
	uint8_t knob;
};

/**
 * struct caprec - a captured packet
 * @size:	bytes of the whole record
 * @cap_len:	bytes at @data
 * @orig_len:	bytes of the packet
 * @skip:	no packet, only the unused end of the ring
 * @side:	enum capture_side
 * @dir:	enum impair_dir
 * @time_ns:	when it was seen, CLOCK_MONOTONIC
 * @lost:	packets of that side lost right before it
 * @seq:	sequence number of a TCP segment, else 0
 * @len:	its payload, else 0
 * @fate:	what befell it
 * @data:	the packet from its IP header on
 */
struct caprec {
	uint32_t size;
	uint32_t cap_len;
	uint32_t orig_len;
	bool skip;
	uint8_t side;
	uint8_t dir;
	uint64_t time_ns;
	uint64_t lost;
	uint32_t seq;
	uint32_t len;
	struct capfate fate;
	_Alignas(8) uint8_t data[];
};

/**
 * struct capring - the ring; counts only grow
 * @mem:	its bytes
 * @head:	end of what was written; the writer's own
 * @room_to:	@head must not pass that, as far as the writer knows; its own
 * @told:	end of what may be read; the writer's
 * @tail:	end of what was read; the reader's
 */
struct capring {
	uint8_t *mem;
	_Alignas(64) uint64_t head;
	uint64_t room_to;
	uint64_t told;
	_Alignas(64) uint64_t tail;
};

/** capring_init() - Make it empty; 0, or -ERR_NOMEM */
int capring_init(struct capring *r) MUST_USE;

/** capring_fini() - Give its memory back */
void capring_fini(struct capring *r);

/* The writer's. */

/**
 * capring_put() - Make a record for a packet
 * @r:		ring
 * @cap_len:	bytes that @data has to hold
 *
 * Return: the record, held back, with @size and @cap_len set; NULL = no room
 */
struct caprec *capring_put(struct capring *r, uint32_t cap_len);

/** capring_held() - The first record held back, NULL = none */
struct caprec *capring_held(struct capring *r);

/** capring_next() - The one behind a record held back, NULL = none */
struct caprec *capring_next(struct capring *r, struct caprec *rec);

/** capring_tell() - Let the reader have what is held back; true if there was any */
bool capring_tell(struct capring *r);

/** capring_take_back() - Forget what is held back */
void capring_take_back(struct capring *r);

/* The reader's. */

/** capring_first() - The oldest record, NULL = none */
const struct caprec *capring_first(struct capring *r);

/** capring_done() - It is no longer needed; @rec is that of capring_first() */
void capring_done(struct capring *r, const struct caprec *rec);

#endif /* DAEMON_CAPRING_H */

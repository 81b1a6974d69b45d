/* SPDX-License-Identifier: MIT */
/*
 * queue.h - packets that wait, by time
 *
 * A heap for each direction, ordered by due time; packets due at the same time
 * keep the order in which they came.  Held packets wait aside, without a place
 * in time, until another packet of their connection and direction lets them
 * follow it, or IMPAIR_HOLD_US are over.
 *
 * Memory is counted by what is really kept from being used again: a packet's
 * own block, and each buffer once, by its whole size, however many slices of it
 * wait: the pieces of a super-packet share theirs.
 */

#ifndef STACK_LINK_QUEUE_H
#define STACK_LINK_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/htab.h"
#include "stack/base/list.h"
#include "stack/base/mem.h"
#include "stack/link/impair.h"

struct rule;

/**
 * struct queue_item - a packet that waits
 * @due_us:	when it goes
 * @order:	among those due at the same time
 * @p:		packet, owned
 * @rule:	that it waits because of, NULL = none; counted
 * @waits:	it was not due at once: counted in the rule's queue
 */
struct queue_item {
	uint64_t due_us;
	uint64_t order;
	struct ustack_pkt *p;
	struct rule *rule;
	bool waits;
};

/**
 * struct queue_heap - packets of one direction
 * @item:	heap, the first is due first
 * @n:		packets
 * @room:	entries there is room for
 */
struct queue_heap {
	struct queue_item *item;
	uint32_t n;
	uint32_t room;
};

/**
 * struct queue - all that wait
 * @mem:	pool for tables; borrowed
 * @heap:	per direction
 * @held:	held ones, by their latest time
 * @nheld:	their number
 * @bufs:	buffers that are held by packets, and how often
 * @order:	last one given
 * @bytes:	memory held
 * @max_bytes:	most it may be
 */
struct queue {
	struct mem *mem;
	struct queue_heap heap[IMPAIR_DIRS];
	struct list held;
	uint32_t nheld;
	struct htab bufs;
	uint64_t order;
	uint64_t bytes;
	uint64_t max_bytes;
};

/**
 * queue_init() - Make an empty queue
 * @q:		storage of the caller
 * @mem:	pool that outlives it
 * @max_bytes:	most memory that packets may hold
 *
 * Return: 0 or -ERR_NOMEM
 */
int queue_init(struct queue *q, struct mem *mem, uint64_t max_bytes) MUST_USE;

/** queue_fini() - Give back the tables of a queue that is empty */
void queue_fini(struct queue *q);

/**
 * queue_push() - Let a packet wait
 * @q:		queue
 * @dir:	where it goes
 * @it:		packet, due time, rule; @order is set here.  Taken, unless the
 *		answer is no.
 *
 * Return: false when there is no memory for it
 */
bool queue_push(struct queue *q, enum impair_dir dir,
		struct queue_item *it) MUST_USE;

/** queue_again() - Put back what queue_pop() gave and queue_gone() was told of, at
 * its old place.  Cannot fail: the memory that it had is free
 */
void queue_again(struct queue *q, enum impair_dir dir,
		 const struct queue_item *it);

/**
 * queue_pop() - Take the packet that is due first
 * @q:		queue
 * @dir:	direction
 * @now_us:	the time
 * @it:		set to it
 *
 * The caller says queue_gone() when the packet has left for good.
 *
 * Return: false when none is due
 */
bool queue_pop(struct queue *q, enum impair_dir dir, uint64_t now_us,
	       struct queue_item *it) MUST_USE;

/** queue_gone() - A packet that was popped leaves: its memory counts no more.
 * To be called while the packet is still the caller's
 */
void queue_gone(struct queue *q, const struct ustack_pkt *p);

/**
 * queue_hold() - Hold a packet until another one lets it follow
 * @q:		queue
 * @dir:	where it goes
 * @it:		packet, taken unless the answer is no; @due_us is the latest time
 * @flow:	serial of its connection
 *
 * Return: false when there is no memory for it
 */
bool queue_hold(struct queue *q, enum impair_dir dir, struct queue_item *it,
		uint64_t flow) MUST_USE;

/** queue_follow() - A packet of a connection is due: those held go behind it */
void queue_follow(struct queue *q, enum impair_dir dir, uint64_t flow,
		  uint64_t due_us);

/** queue_unhold() - Let those go whose latest time has come */
void queue_unhold(struct queue *q, uint64_t now_us);

/** queue_next_us() - When the next packet is due, IMPAIR_NEVER = none waits */
uint64_t queue_next_us(const struct queue *q);

/** queue_pkts() - Packets that wait, held ones included */
uint32_t queue_pkts(const struct queue *q);

#endif /* STACK_LINK_QUEUE_H */

/* SPDX-License-Identifier: MIT */
/*
 * floor.h - what a connection can hold whatever all others hold
 *
 * A budget that is spent by connections whose peers do not read would stop all
 * others: what they send is dropped, what they should send has no room.  So each
 * connection is promised a little (mem_promise()) before it is made:
 *
 *	receive queue: a ring and a buffer | send queue: the same |
 *	notes on what is in flight | some send records
 *
 * While memory is low (stack_mem_low()) each queue takes TCP_FLOOR_BYTES when it
 * is empty, or what fits behind its last slice without new memory, and windows
 * are announced accordingly.  Whoever reads, and whose peer does, goes on at that
 * pace: a segment a round trip.  Linux does likewise: each socket gets one
 * packet, and tcp_rmem[0] and tcp_wmem[0], beyond tcp_mem.
 *
 * What cannot be promised to one more is refused to it, not taken from the others.
 */

#ifndef STACK_TCP_FLOOR_H
#define STACK_TCP_FLOOR_H

#include "tcb.h"

#define TCP_FLOOR_BLOCK 2048u
#define TCP_FLOOR_BYTES (TCP_FLOOR_BLOCK - (uint32_t)sizeof(struct ubuf))
#define TCP_FLOOR_RECS	4u /* records in flight that one more is promised to */

/** tcp_floor_init() - Tell the pool what a connection is promised */
void tcp_floor_init(struct mem *m);

/** tcp_floor_room() - Bytes that may be added to a queue while memory is low */
uint32_t tcp_floor_room(const struct sliceq *q);

/**
 * tcp_floor_write() - Add bytes to a connection's queue while memory is low
 * @c:		connection
 * @q:		its receive or send queue
 * @data:	the bytes, which are copied
 * @len:	their number, > 0
 *
 * Return: bytes taken, at most tcp_floor_room()
 */
uint32_t tcp_floor_write(struct tcp_conn *c, struct sliceq *q, const void *data,
			 uint32_t len);

#endif /* STACK_TCP_FLOOR_H */

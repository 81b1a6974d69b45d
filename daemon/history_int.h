/* SPDX-License-Identifier: MIT */
/*
 * history_int.h - between history.c (connections) and history_rec.c (events)
 */

#ifndef DAEMON_HISTORY_INT_H
#define DAEMON_HISTORY_INT_H

#include "daemon/history.h"

#define HISTORY_NONE UINT16_MAX

/**
 * struct history_chain - records in order, linked by their @next
 * @first:	the oldest, HISTORY_NONE = none
 * @last:	the youngest
 * @n:		their number
 */
struct history_chain {
	uint16_t first;
	uint16_t last;
	uint16_t n;
};

/**
 * struct history_store - events of one connection
 * @head:	the first HISTORY_HEAD, NULL = no memory was taken yet
 * @tail:	room for HISTORY_TAIL more, NULL the same
 * @nhead:	in use
 * @ntail:	in use
 * @count:	events so far
 * @skipped:	of them, dropped
 * @ordinary:	ordinary events in @tail
 * @rare:	the others there
 */
struct history_store {
	struct history_rec *head;
	struct history_rec *tail;
	uint16_t nhead;
	uint16_t ntail;
	uint32_t count;
	uint32_t skipped;
	struct history_chain ordinary;
	struct history_chain rare;
};

/** history_store_init() - Forget the events, keep the memory */
void history_store_init(struct history_store *st);

/** history_store_put() - Add an event, in the place of another if need be */
void history_store_put(struct history_store *st, const struct ustack_event *ev,
		       bool ordinary);

/** history_store_copy() - Copy all events in order; their number */
uint32_t history_store_copy(const struct history_store *st,
			    struct history_rec rec[HISTORY_EVENTS]);

#endif /* DAEMON_HISTORY_INT_H */
